"""What is recorded as proved in Coq is believed only while it fits the catalogue, and notices when that moves."""

import functools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from theory.catalogue import theorem, theorems
from theory.catalogue.quantities import rational
from theory.errors import InvalidInput
from theory.formal import formal_statements, formal_statements_of_theorem, outdated_statements, record
from theory.formal.counterparts import COUNTERPARTS

PROOFS = sorted(record.HERE.glob("*.v"))
SCREEN, WIDTH = 40, 120  # lines of a script, and columns
IDS = [each.definition for each in COUNTERPARTS]


def with_statement(counterpart, **changes):
    """Return the theorem with one of its statements changed."""
    known = theorem(counterpart.theorem)
    changed = tuple(
        replace(each, **changes) if each.name == counterpart.statement else each for each in known.statements
    )
    return replace(known, statements=changed)


def scaled(side, factor):
    """Return a side times a factor, under the side's own name."""

    @functools.wraps(side)
    def moved(pair):
        return factor * side(pair)

    return moved


def test_the_record_is_that_of_the_catalogue():
    assert {name: outdated_statements(known) for name, known in theorems().items() if outdated_statements(known)} == {}


@pytest.mark.parametrize("identifier", ["T1", "T3", "T5", "T6", "T8", "T14", "T15", "T16"])
def test_main_statements_are_formal(identifier):
    assert theorem(identifier).main.name in formal_statements(identifier)


def test_every_counterpart_is_recorded():
    found = {(proof.theorem, name) for known in theorems() for name, proof in formal_statements(known).items()}
    assert found == {(each.theorem, each.statement) for each in COUNTERPARTS}


def test_a_proof_says_what_it_rests_on():
    found = formal_statements("T6")["upper_bound"]
    assert (found.proof, found.sharp) == ("T6.logit_distance_bounds_kl", "T6.quarter_is_sharp")
    assert "T6_upper_bound_with (1 / 4)" in found.definition
    assert set(found.axioms) == {
        "ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec", "Classical_Prop.classic",
        "FunctionalExtensionality.functional_extensionality_dep",
    }  # fmt: skip


class TestWhatMovesIsNoticed:
    @pytest.mark.parametrize("factor", [(19, 20), (21, 20)], ids=["less", "more"])
    @pytest.mark.parametrize("counterpart", COUNTERPARTS, ids=IDS)
    def test_five_per_cent_of_the_constant(self, counterpart, factor):
        constant = theorem(counterpart.theorem).statement(counterpart.statement).constant
        times = rational(*factor)
        moved = with_statement(counterpart, constant=lambda pair: times(pair) * constant(pair))
        assert counterpart.statement not in formal_statements_of_theorem(moved)
        assert outdated_statements(moved) == (counterpart.statement,)

    @pytest.mark.parametrize("side", ["lhs", "envelope"])
    @pytest.mark.parametrize("counterpart", COUNTERPARTS, ids=IDS)
    def test_five_per_cent_of_a_side_under_its_own_name(self, counterpart, side):
        of = getattr(theorem(counterpart.theorem).statement(counterpart.statement), side)
        assert outdated_statements(with_statement(counterpart, **{side: scaled(of, 0.95)})) == (counterpart.statement,)

    @pytest.mark.parametrize("counterpart", COUNTERPARTS, ids=IDS)
    def test_the_relation(self, counterpart):
        relation = theorem(counterpart.theorem).statement(counterpart.statement).relation
        other = {"<=": "=", "=": "<="}[relation]
        assert outdated_statements(with_statement(counterpart, relation=other)) == (counterpart.statement,)

    @pytest.mark.parametrize(
        "counterpart", [each for each in COUNTERPARTS if theorem(each.theorem).statement(each.statement).hypotheses],
        ids=lambda each: each.definition,
    )  # fmt: skip
    def test_a_hypothesis_that_is_dropped(self, counterpart):
        assert outdated_statements(with_statement(counterpart, hypotheses=())) == (counterpart.statement,)

    def test_a_side_without_a_name_in_coq(self):
        counterpart = COUNTERPARTS[0]
        moved = with_statement(counterpart, envelope=lambda pair: theorem("T1").main.envelope(pair))
        assert outdated_statements(moved) == (counterpart.statement,)

    def test_sharpness_that_is_no_longer_claimed(self):
        (counterpart,) = (each for each in COUNTERPARTS if each.theorem == "T6")
        assert outdated_statements(with_statement(counterpart, sharp=())) == ("upper_bound",)

    def test_a_proof_that_was_edited(self, tmp_path):
        for path in PROOFS:
            shutil.copy(path, tmp_path)
        assert record.sources_digest(tmp_path) == record.sources_digest()
        with (tmp_path / "T6.v").open("a") as edited:
            edited.write("(* a comment *)\n")
        assert record.sources_digest.__wrapped__(tmp_path) != record.sources_digest()


class TestTheFile:
    def test_there_is_nothing_formal_without_it(self, tmp_path):
        assert record.read(tmp_path / "record.json") == {}

    def test_another_schema_is_refused(self, tmp_path):
        path = tmp_path / "record.json"
        path.write_text(json.dumps({"schema": "logitbounds/other/1"}))
        with pytest.raises(InvalidInput, match="expected schema logitbounds/formal/1, saw 'logitbounds/other/1'"):
            record.read(path)

    def test_an_unknown_theorem_is_refused(self):
        with pytest.raises(InvalidInput, match="identifier"):
            formal_statements("T99")

    def test_line_ends_do_not_matter(self, tmp_path):
        for folder, ends in (("unix", b"\n"), ("dos", b"\r\n")):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "A.v").write_bytes(b"one" + ends + b"two" + ends)
        assert record.sources_digest(tmp_path / "unix") == record.sources_digest(tmp_path / "dos")


class TestProofsAreWhole:
    FORBIDDEN = re.compile(
        r"\b(Admitted|admit|give_up|Axioms?|Conjecture|Parameters?|bypass_check|Unset\s+(Guard|Positivity|Universe)\s+Checking)\b"
    )

    @staticmethod
    def without_comments(path: Path) -> str:
        return re.sub(r"\(\*.*?\*\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)

    @pytest.mark.parametrize("path", PROOFS, ids=lambda path: path.stem)
    def test_nothing_is_left_out_or_assumed(self, path):
        assert self.FORBIDDEN.findall(self.without_comments(path)) == []

    @pytest.mark.parametrize(
        "text", ["Proof. Admitted.", "Axiom cheat : False.", "Parameter p : R.", "Unset Guard Checking."]
    )
    def test_the_check_can_fail(self, text):
        assert self.FORBIDDEN.search(text)

    @pytest.mark.parametrize("path", PROOFS, ids=lambda path: path.stem)
    def test_a_script_fits_a_screen(self, path):
        scripts = re.findall(r"Proof\.(.*?)Qed\.", self.without_comments(path), flags=re.DOTALL)
        assert max((script.count("\n") for script in scripts), default=0) <= SCREEN
        assert max(len(line) for line in path.read_text(encoding="utf-8").splitlines()) <= WIDTH
