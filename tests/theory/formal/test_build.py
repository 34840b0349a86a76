"""Coq checks that each proof is of exactly its statement; what is left out, assumed or moved is refused."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from theory.formal import build, record
from theory.formal.statements import examples_file, formal_statements_of

PRINTED = """Axioms:
ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}
ClassicalDedekindReals.sig_forall_dec
  : forall P : nat -> Prop,
    (forall n : nat, {P n} + {~ P n}) ->
    {n : nat | ~ P n} + {forall n : nat, P n}
Closed under the global context
"""

with_coq = pytest.mark.skipif(
    bool(build.missing_tools()), reason=f"{', '.join(build.missing_tools())} not found: install {build.TO_INSTALL}"
)


def coqc(folder: Path, name: str, text: str = "") -> subprocess.CompletedProcess:
    if text:
        (folder / f"{name}.v").write_text(text)
    command = ["coqc", "-w", "-ambiguous-paths", "-Q", ".", "Formal", f"{name}.v"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


class TestWhatIsPrinted:
    def test_axioms_of_each_theorem(self):
        assert build.axioms_in(PRINTED, ("A", "B")) == {
            "A": ("ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec"),
            "B": (),
        }

    def test_a_theorem_that_did_not_answer(self):
        with pytest.raises(build.Refused, match="3 theorems were asked for what they rest on, 2 answered"):
            build.axioms_in(PRINTED, ("A", "B", "C"))

    def test_axioms_of_the_real_numbers_are_known_by_short_and_long_names(self):
        build.check_axioms({"ClassicalDedekindReals.sig_not_dec", "Coq.Logic.Classical_Prop.classic"})

    @pytest.mark.parametrize("axiom", ["T6.cheat", "Formal.T6.logit_distance_bounds_kl", "NotClassical_Prop.classic"])
    def test_any_other_is_refused(self, axiom):
        with pytest.raises(
            build.Refused, match=f"more is assumed than the axioms of the real numbers: {re.escape(axiom)}"
        ):
            build.check_axioms({axiom, "Classical_Prop.classic"})


def test_where_coq_is_missing_one_line_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.main(["--out", str(tmp_path / "build"), "--record", str(tmp_path / "record.json")]) == 2
    said = capsys.readouterr().err
    assert said == f"formal: coqc, coqchk, coq_makefile, make not found: install {build.TO_INSTALL}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder with every proof compiled, and no examples."""
    folder = tmp_path_factory.mktemp("formal")
    statements = formal_statements_of()
    build.write_sources(folder, statements)
    wanted = [f"{each.counterpart.theorem}.vo" for each in statements]
    subprocess.run(["coq_makefile", "-f", "_CoqProject", "-o", "Makefile"], cwd=folder, check=True, capture_output=True)
    subprocess.run(
        ["make", "-j2", *dict.fromkeys([*wanted, "Evaluation.vo"])], cwd=folder, check=True, capture_output=True
    )
    return folder


@with_coq
@pytest.mark.slow  # all proofs are compiled
class TestCoq:
    def test_it_accepts_each_proof_of_its_statement_and_of_no_other(self, compiled):
        """One file: no proof is one of its statement with five per cent less, or more, and each is one as it stands."""
        statements = formal_statements_of()
        lines = ["From Coq Require Import Reals.", "From Formal Require Import Sums Softmax Scalars."]
        lines += [f"From Formal Require Statements {' '.join({each.counterpart.theorem for each in statements})}."]
        lines += ["Open Scope R_scope."]
        for factor in ("19 / 20", "21 / 20"):
            for each in statements:
                name, proof = each.counterpart.definition, each.counterpart.full_proof
                moved = f"Moved_{name}_{factor[:2]}"
                lines += [f"Module {moved}.", scaled(each.definition, factor), f"End {moved}."]
                lines += [f"Fail Definition proved : {moved}.{name} := {proof}."]
                lines += [f"Definition proved_{moved} : Statements.{name} := {proof}."]
        done = coqc(compiled, "Moved", "\n".join(lines))
        assert done.returncode == 0, done.stderr

    def test_a_theorem_whose_constant_moved_is_not_compiled(self, compiled, tmp_path):
        (each,) = (each for each in formal_statements_of() if each.counterpart.theorem == "T6")
        for name in ("Sums", "Softmax", "Scalars"):
            for path in compiled.glob(f"{name}.v*"):
                (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "T6.v").write_text((record.HERE / "T6.v").read_text())
        header = (
            "From Coq Require Import Reals.\nFrom Formal Require Import Sums Softmax Scalars.\nOpen Scope R_scope.\n"
        )
        for constant, status in (("1 / 4", 0), ("19 / 80", 1), ("21 / 80", 1)):
            assert coqc(tmp_path, "Statements", header + each.definition.replace("1 / 4", constant)).returncode == 0
            assert coqc(tmp_path, "T6").returncode == status, constant

    def test_a_side_that_moved_by_a_millionth_is_not_what_coq_finds(self, compiled):
        (each,) = (each for each in formal_statements_of() if each.counterpart.theorem == "T6")
        assert coqc(compiled, "Right", examples_file([each])).returncode == 0
        for left, right in ((1 + 1e-6, 1), (1, 1 - 1e-6)):
            moved = replace(each, values=(left * each.values[0], right * each.values[1]))
            assert coqc(compiled, "Wrong", examples_file([moved])).returncode == 1

    def test_what_was_left_out_is_an_axiom(self, compiled):
        printed = coqc(compiled, "Cheat", "Lemma cheat : 1 = 2. Admitted.\nPrint Assumptions cheat.\n")
        axioms = build.axioms_in(printed.stdout, ("cheat",))
        with pytest.raises(build.Refused, match="cheat"):
            build.check_axioms(set(axioms["cheat"]))

    def test_theorems_are_accepted_and_rest_on_the_real_numbers(self, compiled):
        statements = formal_statements_of()
        printed = coqc(compiled, "Theorems")
        assert printed.returncode == 0, printed.stderr
        axioms = build.axioms_in(printed.stdout, tuple(build.claims(statements)))
        build.check_axioms({axiom for found in axioms.values() for axiom in found})
        assert set(axioms) >= {each.counterpart.definition for each in statements}


def scaled(definition: str, factor: str) -> str:
    """Return a definition with the right side of its claim times a factor."""
    main, end, rest = definition.partition(".\n")
    claim = max(main.rfind("\n  <= "), main.rfind("\n  = "))
    start = main.index("= ", claim) + 2
    return f"{main[:start]}{factor} * ({main[start:]}){end}{rest}"
