"""Theorems without a hypothesis: statements as claims, what falls, what survives, and the command that shows it."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from reports.cli import main
from reports.falsify.catalogue_claims import Selection, is_theorem, load_theorems, theorems_with_nothing_to_drop
from reports.falsify.page import render_claim, render_index, write_report
from reports.falsify.run import Settings, run_falsification
from tests.reports.attacks import never
from tests.theory.catalogue.known import known
from theory import Budget, InvalidInput, Model, NotApplicable, Pair, falsify
from theory.catalogue import examples, theorem, theorems
from theory.evidence import Evidence, as_balls
from theory.search.statement_claims import Assertion, claim_of, claim_without, claims_of, claims_without
from theory.statements import Ablation, FalseTwin, drops, evaluate, without

THEOREMS = list(theorems().values())
ABLATIONS = [(t, ablation) for t in THEOREMS for ablation in drops(t)]
FALLING = [(t, a) for t, a in ABLATIONS if not a.why.startswith("Known to survive")]
SURVIVING = [(t, a) for t, a in ABLATIONS if a.why.startswith("Known to survive")]

KNOWN = known()
LAST = THEOREMS[-1].identifier

PROOFS = (Evidence.EXACT, Evidence.BALL)


def ids(pairs):
    return [f"{t.identifier}-{a.hypothesis}" for t, a in pairs]


def random_pair(seed=0, n=6, k=4, m=2, m2=2):
    rng = np.random.default_rng(seed)
    return Pair(*(Model(rng.standard_normal((n, d)), rng.standard_normal((k, d))) for d in (m, m2)))


# --------------------------------------------------------------------------- statements as claims


@pytest.mark.parametrize("entry", THEOREMS, ids=lambda t: t.identifier)
def test_a_claim_has_the_statement_s_sides(entry):
    for statement in (s for s in entry.statements if not s.specimens):
        claim = claim_of(statement)
        assert (claim.name, claim.domain) == (statement.name, statement.domain)
        m = min(2, statement.domain.dimensions[1])
        pair = random_pair(m=m, m2=m)
        expected = evaluate(statement, pair)
        if not expected.applies:
            with pytest.raises(NotApplicable, match="hypothesis fails"):
                claim(pair)
        elif statement.relation == "<=":
            assert claim(pair) == (float(expected.lhs), float(expected.rhs))
        else:
            lhs, rhs = map(float, claim(pair))
            assert lhs == abs(float(expected.lhs) - float(expected.rhs))
            assert lhs <= rhs
            assert rhs >= 1e-9 * float(expected.lhs + expected.rhs)


def test_known_sides():
    """The pentagon at r = 10: KL = .0223 against d^2/4 = 125, and E||f - A* f'||^2 = 1 against 500 / (5/2 100)."""
    pair = examples.pentagon(10.0)
    lhs, rhs = claim_of(theorem("T6").main)(pair)
    assert (float(lhs), float(rhs)) == pytest.approx((0.02227, 125.0), rel=1e-3)
    lhs, rhs = claim_of(theorem("T3").main)(pair)
    assert (float(lhs), float(rhs)) == pytest.approx((1.0, 2.0))


def test_a_claim_runs_in_balls_and_encloses_the_floats():
    for statement in (theorem("T6").main, theorem("T3").statement("residual_is_the_inverted_difference")):
        claim, pair = claim_of(statement), random_pair(3)
        for ball, few in zip(claim(as_balls(pair)), claim(pair), strict=True):
            assert float(abs(ball - float(few)).upper()) <= 1e-11 * (1 + abs(float(few)))


def test_a_hypothesis_can_be_left_out_and_only_one_that_is_there():
    main = theorem("T5").main
    binary = Pair(Model([[1.0]], [[0.0], [1.0]]), Model([[0.0]], [[0.0], [1.0]]))
    with pytest.raises(NotApplicable, match="hypothesis fails: k >= 3"):
        claim_of(main)(binary)
    weakened = claim_of(main, without="k >= 3")
    assert weakened.name == "upper_bound without k >= 3"
    assert weakened.function.dropped.name == "k >= 3"
    assert weakened(binary)[0] == pytest.approx(0.5)
    with pytest.raises(InvalidInput, match=r"without: expected a hypothesis of upper_bound \(k >= 3\), saw 'tau'"):
        claim_of(main, without="tau")
    with pytest.raises(InvalidInput, match="it has none"):
        without(theorem("T6").main, "tau")


def test_a_statement_about_specimens_is_no_claim_about_pairs():
    with pytest.raises(InvalidInput, match="expected one about every pair of a domain, saw pentagon_kl"):
        claim_of(theorem("T7").main)


def test_specimens_are_decided_in_balls():
    for claim in claims_of(theorem("T7")).values():
        outcome = falsify(claim, Budget(seconds=1.0))
        assert outcome.verdict == "survived"
        assert "specimens that the statement is about" in outcome.message
        assert outcome.worst.ratio < 1
    statement = theorem("T7").statement("square_distance")
    wrong = replace(statement, constant=lambda pair: 19 / 10)
    claim = replace(claims_of(theorem("T7"))["T7 square_distance"], function=Assertion(wrong))
    outcome = falsify(claim, Budget(seconds=1.0))
    assert outcome.verdict == "refuted"
    assert outcome.evidence in PROOFS
    assert outcome.simplest.lhs > outcome.simplest.rhs


def test_a_hypothesis_that_balls_cannot_tell_is_no_refutation():
    from theory.arithmetic.balls import Undecidable, precision

    unsure = replace(
        theorem("T3").main,
        hypotheses=(replace(theorem("T3").main.hypotheses[0], margin=lambda p: p.a.diversity - p.a.diversity),),
    )
    with pytest.raises(NotApplicable):
        claim_of(unsure)(random_pair())
    with precision(64), pytest.raises(Undecidable):
        claim_of(unsure)(as_balls(random_pair()))


@pytest.mark.slow  # three attacks of 3,000 pairs
def test_twins_are_refuted_by_balls():
    for name in ("T1 raw_logits", "T6 eighth", "T13 hotter_is_larger"):
        identifier, _, twin = name.partition(" ")
        statement = theorem(identifier).statement(twin)
        outcome = falsify(claim_of(statement), Budget(seconds=None, evaluations=3000))
        assert outcome.verdict == "refuted", name
        assert outcome.evidence in PROOFS, name


# --------------------------------------------------------------------------- the catalogue's ablations


def test_the_names_are_unique_and_the_remarks_are_sentences():
    for entry in THEOREMS:
        names = [ablation.hypothesis for ablation in drops(entry)]
        assert len(names) == len(set(names))
        assert all(ablation.why.endswith(".") for ablation in drops(entry))
        assert all(name == name.strip() and name.isprintable() and "::" not in name for name in names)


def test_hypotheses_of_the_main_statement_are_all_dropped():
    for entry in THEOREMS:
        assert {h.name for h in entry.main.hypotheses} <= {a.hypothesis for a in drops(entry)}
    bare = replace(theorem("T4"), ablations=())
    (generic,) = drops(bare)
    assert generic.hypothesis == "full-rank embeddings"
    assert generic.statement.hypotheses == ()
    assert generic.statement.lhs is bare.main.lhs
    assert drops(theorem("T6")) == ()


@pytest.mark.parametrize("identifier", KNOWN)
def test_what_each_theorem_needs_is_listed(identifier):
    assert KNOWN[identifier].needs <= {ablation.hypothesis for ablation in drops(theorem(identifier))}


@pytest.mark.parametrize(("entry", "ablation"), FALLING, ids=ids(FALLING))
@pytest.mark.slow  # every hypothesis is dropped and the rest attacked
def test_a_theorem_falls_without_what_it_needs(entry, ablation):
    outcome = falsify(claim_without(entry, ablation), Budget(seconds=None, evaluations=4000))
    assert outcome.verdict == "refuted"
    assert outcome.evidence in PROOFS
    assert outcome.simplest.lhs > outcome.simplest.rhs
    if ablation.hypothesis in {h.name for s in entry.statements for h in s.hypotheses}:
        assert outcome.hypotheses[ablation.hypothesis] <= 0 or ablation.hypothesis == "regular subsets"
    assert all(outcome.hypotheses[h.name] > 0 for h in ablation.statement.hypotheses)


@pytest.mark.parametrize(("entry", "ablation"), SURVIVING, ids=ids(SURVIVING))
@pytest.mark.slow  # attacked to the end of the budget
def test_what_is_known_to_survive_does(entry, ablation):
    outcome = falsify(claim_without(entry, ablation), Budget(seconds=None, evaluations=450))
    assert outcome.verdict == "survived", outcome.message


def test_regular_subsets_are_not_needed_where_weights_vanish():
    """T10 on labels of which two coincide, where L_S is singular: pinv(Gc) G'c all the same."""
    statement = next(a.statement for a in drops(theorem("T10")) if a.hypothesis == "regular subsets")
    labels = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    pair = Pair(Model(np.eye(2), labels), random_pair(1, n=2, k=5).b)
    got = evaluate(statement, pair)
    assert got.applies
    assert float(got.lhs) == pytest.approx(float(got.rhs), rel=1e-12)
    assert not evaluate(theorem("T10").statement("volume_average_is_least_squares"), pair).applies


def test_the_statement_without_diversity_is_the_theorem_where_there_is_diversity():
    pair = random_pair(5, n=5, k=6, m=3, m2=2)
    for identifier in ("T2", "T3", "T8"):
        entry = theorem(identifier)
        weakened = next(a.statement for a in drops(entry) if a.hypothesis == "diversity")
        whole, left = evaluate(entry.main, pair), evaluate(weakened, pair)
        assert float(left.lhs) == pytest.approx(float(whole.lhs), rel=1e-9)
        assert float(left.rhs) == pytest.approx(float(whole.rhs), rel=1e-9)


def test_a_theorem_knows_its_statements_by_name():
    entry = theorem("T3")
    assert entry.statement("upper_bound") is entry.main
    twin: FalseTwin = entry.twins[0]
    assert entry.ablation_by_twin("x", twin.name) == Ablation("x", twin.statement, twin.why)
    with pytest.raises(InvalidInput, match=r"name: expected a statement of T3 .*saw 'nothing'"):
        entry.statement("nothing")
    with pytest.raises(InvalidInput, match=r"name: expected a false twin of T3 .*saw 'upper_bound'"):
        entry.ablation_by_twin("x", "upper_bound")


# --------------------------------------------------------------------------- the report


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    file = load_theorems(Selection("t5", drop=True))
    return run_falsification(file, Settings(tmp_path_factory.mktemp("out"), seconds=None, evaluations=1300))


@pytest.mark.slow  # seven hypotheses of T5 are dropped and the rest attacked
def test_the_json_names_the_hypothesis(run, tmp_path):
    write_report(run, tmp_path / "x.json")
    data = json.loads((tmp_path / "x.json").read_text())
    assert data["schema"] == "logitbounds/falsify/1"
    found = {claim["hypothesis"]: claim for claim in data["claims"]}
    assert list(found) == [ablation.hypothesis for ablation in drops(theorem("T5"))]
    assert found["tau"]["name"] == "T5 without tau"
    assert found["tau"]["verdict"] == "refuted"
    assert found["tau"]["evidence"] == "ball"
    assert found["tau"]["hypotheses"] == {"k >= 3": found["tau"]["hypotheses"]["k >= 3"]}
    assert found["k >= 3"]["verdict"] == "survived"
    assert found["small KL, first tau"]["hypotheses"]["small KL, first tau"] < 0
    assert not run.failed


@pytest.mark.slow  # as above
def test_the_pages_say_needed_and_survived(run):
    page = render_index(run)
    for words in ("T5, KL bounds the logit distance", "6 of 7 hypotheses are needed", "survived without", "Needed?"):
        assert words in page
    judged = next(j for j in run.claims if j.outcome.name == "T5 without small KL, first tau")
    page = render_claim(judged)
    assert "KL grows only linearly" in page
    assert "hypothesis: small KL, first tau" in page
    assert "<math" in page


@pytest.mark.slow  # as above, and two workers start
def test_a_rerun_resumes_and_processes_agree(run, tmp_path):
    again = run_falsification(run.file, run.settings, attack=never)
    assert all(judged.resumed for judged in again.claims)
    file = load_theorems(Selection("T5", drop=True, name="tau of a"))
    assert [j.resumed for j in run_falsification(file, run.settings, attack=never).claims] == [True]
    both = load_theorems(Selection("T9", drop=True))
    parallel = run_falsification(both, Settings(tmp_path, seconds=None, evaluations=2500, jobs=2))
    assert [j.outcome.verdict for j in parallel.claims] == ["refuted", "refuted"]


ALONE = """import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("theory", "reports", "flint", "mpmath", "scipy", "torch", "jaxtyping", "array_api_compat"):
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Refuse())
import runpy
runpy.run_path(sys.argv[1], run_name="__main__")
"""  # noqa: E501


@pytest.mark.slow  # as above, and runs pytest in a process of its own
def test_the_script_needs_numpy_alone_and_the_test_fails(run, tmp_path):
    judged = next(j for j in run.claims if j.outcome.name == "T5 without tau")
    script = tmp_path / "elsewhere.py"
    script.write_text((judged.finding / "repro.py").read_text())
    result = subprocess.run(
        [sys.executable, "-c", ALONE, script], capture_output=True, text=True, cwd="/", check=False, env={"PATH": ""}
    )
    assert result.stderr == ""
    assert result.returncode == 1
    assert "the violation stands (simplest and worst)" in result.stdout
    printed = [float(line.split("=")[1]) for line in result.stdout.splitlines() if line.startswith("  lhs")]
    assert printed == pytest.approx([judged.outcome.simplest.lhs, judged.outcome.worst.lhs], rel=1e-9)
    assert "is not an independent computation" in " ".join(script.read_text()[:2000].split())
    test = tmp_path / "test_example.py"
    test.write_text((judged.finding / "example.py").read_text())
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", f"--rootdir={tmp_path}")
    result = subprocess.run([sys.executable, *options, test], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 1, result.stdout
    assert "AssertionError: lhs = " in result.stdout


# --------------------------------------------------------------------------- the command


def status_of(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["falsify", *map(str, arguments)])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_dropping_is_no_failure_and_the_table_says_what_is_needed(capsys, tmp_path):
    status, out, _ = status_of(
        capsys, "T9", "--drop", "--evaluations", 2500, "--out", tmp_path / "o", "--json", tmp_path / "x.json"
    )
    assert status == 0
    assert out.count("needed") >= 2
    assert "T9 centring" in out
    assert "T9 without centring: A shift of all unembeddings" in out
    assert "Pair(Model([[" in out
    assert {claim["verdict"] for claim in json.loads((tmp_path / "x.json").read_text())["claims"]} == {"refuted"}


def test_a_theorem_that_has_no_hypothesis_says_so(capsys, tmp_path):
    status, out, _ = status_of(capsys, "T6", "--drop", "--out", tmp_path)
    assert status == 0
    assert "T6: nothing to drop" in out
    assert theorems_with_nothing_to_drop(Selection("all", True)) == [t.identifier for t in THEOREMS if not drops(t)]


def test_a_theorem_as_it_stands_survives_or_fails(capsys, tmp_path, monkeypatch):
    status, out, _ = status_of(capsys, "T6::upper_bound", "--evaluations", 300, "--out", tmp_path / "o")
    assert status == 0
    assert "survived" in out
    broken = replace(theorem("T6"), statements=(theorem("T6").twins[0].statement,))
    broken_catalogue = MappingProxyType({**theorems(), "T6": broken})
    monkeypatch.setattr("reports.falsify.catalogue_claims.theorems", lambda: broken_catalogue)
    monkeypatch.setattr("reports.falsify.catalogue_claims.theorem_called", broken_catalogue.__getitem__)
    status, out, _ = status_of(capsys, "T6", "--evaluations", 2000, "--jobs", 1, "--out", tmp_path / "p")
    assert status == 1
    assert "refuted" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("T99", "--drop"), rf"target: expected the identifier of a theorem \(T1 to {LAST}\) or 'all', saw 'T99'"),
        (("T99",), "target: expected the identifier of a theorem"),
        (("mine.py", "--drop"), r"--drop: expected a theorem of the catalogue \(T1, T2, ...\) or 'all', saw 'mine.py'"),
        (("T5::nothing", "--drop"), r"T5: expected the name of a hypothesis after '::' \(tau, .*saw 'nothing'"),
        (("T5::nothing",), r"T5: expected the name of a statement after '::' \(upper_bound, .*saw 'nothing'"),
        (("T6::x", "--drop"), "there is none"),
        (("T5::",), "expected the name of a claim after"),
    ],
)
def test_unusable_input_is_one_line_and_status_two(capsys, tmp_path, arguments, complaint):
    status, out, err = status_of(capsys, *arguments, "--out", tmp_path / "o")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert re.search(complaint, err), err
    assert not (tmp_path / "o").exists()


def test_a_file_called_like_a_theorem_wins(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_theorem("T5")
    assert is_theorem("t5::tau")
    assert is_theorem("all")
    assert not is_theorem("T5.py")
    assert not is_theorem("theorem")
    (tmp_path / "T5").write_text("")
    assert not is_theorem("T5")
    status, _, err = status_of(capsys, "T5", "--drop")
    assert status == 2
    assert "--drop: expected a theorem" in err


def test_all_theorems_have_claims_under_unique_names():
    for drop in (False, True):
        file = load_theorems(Selection("all", drop))
        count = sum(len(claims_without(t) if drop else claims_of(t)) for t in THEOREMS)
        assert len(file.claims) == count
        assert file.digest != load_theorems(Selection("T1", drop)).digest
    assert "theory.catalogue.t06_logit_distance_bounds_kl.statement" in file.texts_of("T11 without tau (Hellinger)")
    assert not any(
        name.startswith(("theory.search.engine", "theory.arithmetic.balls"))
        for name in file.texts_of("T1 without centring")
    )
