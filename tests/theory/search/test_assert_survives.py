"""`assert_survives` in a test suite: what passes, what fails and with what words, and that importing stays light."""

import inspect
import re
import subprocess
import sys

import pytest

import theory
from theory import (
    Budget,
    Domain,
    InvalidInput,
    Model,
    NotApplicable,
    Pair,
    Refuted,
    assert_survives,
    claim,
    falsify,
    kl_divergence,
    logit_distance,
    squared_logit_distance,
)


@claim(domain=Domain(dimensions=(1, 2), labels=(2, 4)))
def quarter(pair):
    """The sharp constant of T6."""
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 4


@claim
def eighth(pair):
    """Half of it."""
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 8


def test_what_is_true_passes_silently(recwarn):
    assert assert_survives(quarter, budget=None, evaluations=400) is None
    assert list(recwarn) == []


def test_a_plain_function_is_taken_as_a_claim():
    def nonnegative(pair):
        return -logit_distance(pair.a, pair.b), 0.0

    assert_survives(nonnegative, budget=None, evaluations=200)
    with pytest.raises(Refuted, match="bounded is refuted"):
        assert_survives(bounded, budget=None, evaluations=300)


def bounded(pair):
    return logit_distance(pair.a, pair.b), 1.0


def test_what_is_false_fails_with_a_counterexample_that_can_be_pasted():
    with pytest.raises(AssertionError) as caught:
        assert_survives(eighth, budget=None, evaluations=2000)
    error = caught.value
    assert isinstance(error, Refuted)
    assert error.outcome.verdict == "refuted"
    first, second = str(error).splitlines()
    assert re.fullmatch(
        r"eighth is refuted: lhs \S+ > rhs \S+, ratio \S+, evidence ball, n = \d, k = 2, m = 1, \d+ evaluations",
        first,
    ), first
    assert second.startswith("eighth(Pair(Model([[")
    lhs, rhs = eval(second, {"eighth": eighth, "Pair": Pair, "Model": Model})
    assert lhs > rhs
    assert (lhs, rhs) == (error.outcome.simplest.lhs, error.outcome.simplest.rhs)


def test_the_same_seed_gives_the_same_words():
    said = []
    for seed in (3, 3):
        with pytest.raises(Refuted) as caught:
            assert_survives(eighth, budget=None, evaluations=1500, seed=seed)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda pair: 1 / 0, "could not be judged: .*ZeroDivisionError"),
        (lambda pair: (float("nan"), float("nan")), "applied to none"),
        (lambda pair: 3.0, "a claim returns two numbers"),
    ],
)
def test_what_cannot_be_judged_fails(function, said):
    with pytest.raises(AssertionError, match=said) as caught:
        assert_survives(function, budget=None, evaluations=200)
    assert not isinstance(caught.value, Refuted)


def test_what_declines_everywhere_fails():
    def never(pair):
        raise NotApplicable("not today")

    with pytest.raises(AssertionError, match="never could not be judged: the claim applied to none"):
        assert_survives(never, budget=None, evaluations=200)


def test_what_is_inconclusive_passes_with_a_warning():
    def rounding(pair):  # an equality, but for what is lost when a great number is added and taken away again
        side = logit_distance(pair.a, pair.b) + 1
        third = side / side / 3
        return third + abs(((third + 1e13) - 1e13) - third), third

    with pytest.warns(UserWarning, match="rounding is inconclusive"):
        assert_survives(rounding, budget=None, evaluations=150)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"budget": 0}, "seconds"),
        ({"budget": None}, "expected at least one limit"),
        ({"evaluations": 0}, "evaluations"),
        ({"seed": -1}, "seed"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        assert_survives(quarter, **options)


@pytest.mark.parametrize("thing", [3, "eighth", lambda: None, lambda a, b: None])
def test_what_is_no_claim_is_refused(thing):
    with pytest.raises(InvalidInput, match="claim: expected a function"):
        assert_survives(thing)


SUITE = """
from theory import assert_survives, kl_divergence

def test_tiny():
    assert_survives(lambda pair: (kl_divergence(pair.a, pair.b), 1e-6), budget=None, evaluations=300)
"""


@pytest.mark.slow  # runs pytest in a process of its own
def test_pytest_shows_the_counterexample_and_no_frame_of_ours(tmp_path):
    path = tmp_path / "test_mine.py"
    path.write_text(SUITE)
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", f"--rootdir={tmp_path}")
    result = subprocess.run([sys.executable, *options, path], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert "<lambda> is refuted: lhs" in result.stdout
    assert "claim(Pair(Model([[" in result.stdout
    assert "assertion.py" not in result.stdout


# --------------------------------------------------------------------------- names that are imported late


def test_the_search_is_not_imported_before_it_is_asked_for():
    code = (
        "import sys, theory; before = [n for n in sys.modules if n.startswith('theory.search')]; "
        "theory.Budget; from theory import falsify; print(before, 'theory.search.engine' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[] True"


def test_late_names_are_public_and_others_are_none():
    late = {"Budget": Budget, "Refuted": Refuted, "assert_survives": assert_survives, "falsify": falsify}
    for name, value in late.items():
        assert name in theory.__all__
        assert name in dir(theory)
        assert getattr(theory, name) is value
        assert inspect.getdoc(value)
    with pytest.raises(AttributeError, match="module 'theory' has no attribute 'nothing'"):
        theory.nothing  # noqa: B018
