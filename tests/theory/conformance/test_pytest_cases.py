"""`parametrize_with_checks` as its users meet it: in a test file of their own, run by pytest."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from theory import InvalidInput, metric
from theory.conformance import PropertyFails, check_metric, parametrize_with_checks


@metric(on="embeddings", declares=["symmetric", "nonnegative"])
def euclidean(X, Y):
    return float(np.linalg.norm(X - Y))


@parametrize_with_checks([euclidean])
def test_declared_properties_are_asked_by_default(check):
    check()
    assert check.name in ("symmetric", "nonnegative")


@parametrize_with_checks(
    [euclidean],
    properties=["symmetric", "invariant_to_scaling"],
    expected_failures={"invariant_to_scaling": "has units"},
)
def test_failures_can_be_expected(check):
    check()


def _run(tmp_path, text, *options):
    (tmp_path / "test_it.py").write_text(textwrap.dedent(text))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), *options]
    return subprocess.run([*command, str(tmp_path / "test_it.py")], capture_output=True, text=True, check=False)


SQUARED = """
    import numpy as np
    from theory import metric
    from theory.conformance import parametrize_with_checks

    @metric(on="embeddings")
    def squared(X, Y):
        return float(np.sum((X - Y) ** 2))

    @parametrize_with_checks([squared], properties=["symmetric", "triangle", "zero_on_self"]{more})
    def test_metric(check):
        check()
"""


def test_a_failing_property_is_a_failing_case_with_its_counterexample(tmp_path):
    result = _run(tmp_path, SQUARED.format(more=""))
    assert result.returncode == 1
    assert "2 passed" in result.stdout
    assert "1 failed" in result.stdout
    assert "test_metric[squared-triangle]" in result.stdout
    assert "D(X, Z)" in result.stdout
    assert "X = array(" in result.stdout


def test_cases_can_be_picked_by_name(tmp_path):
    result = _run(tmp_path, SQUARED.format(more=""), "-k", "squared-symmetric")
    assert result.returncode == 0
    assert "1 passed, 2 deselected" in result.stdout


@pytest.mark.slow  # two runs of pytest, each in a process of its own
def test_expected_failures_are_strict(tmp_path):
    expected = ', expected_failures={"triangle": "it is a square"}'
    assert "2 passed, 1 xfailed" in _run(tmp_path, SQUARED.format(more=expected)).stdout
    wrong = ', expected_failures={"symmetric": "it is not"}'
    result = _run(tmp_path, SQUARED.format(more=wrong))
    assert "XPASS(strict)" in result.stdout
    assert result.returncode == 1


def test_an_undecided_case_is_no_pass():
    @metric(on="embeddings")
    def slow(X, Y):
        return sum(0.0 for _ in range(300_000)) + float(np.linalg.norm(X - Y))

    mark = parametrize_with_checks([slow], budget=0.05)
    last = mark.args[1][-1].values[0]
    with pytest.raises(PropertyFails, match="there was no time for it"):
        last()


def test_a_failure_carries_its_result():
    mark = parametrize_with_checks([euclidean], properties=["bounded_by_one"])
    with pytest.raises(PropertyFails) as caught:
        mark.args[1][0].values[0]()
    assert caught.value.result.name == "bounded_by_one"
    assert str(mark.args[1][0].values[0]) == "euclidean-bounded_by_one"


def test_unusable_arguments_are_refused_by_name():
    with pytest.raises(InvalidInput, match="metrics: expected a list"):
        parametrize_with_checks(euclidean)
    with pytest.raises(InvalidInput, match="metrics: expected a list"):
        parametrize_with_checks([lambda X, Y: 0.0])
    with pytest.raises(InvalidInput, match="properties: expected names"):
        parametrize_with_checks([euclidean], properties=["round"])
    with pytest.raises(InvalidInput, match="expected_failures: expected names"):
        parametrize_with_checks([euclidean], expected_failures={"round": "it is not"})


def test_cases_agree_with_check_metric():
    found = check_metric(euclidean, properties=["triangle", "bounded_by_one"])
    for case in parametrize_with_checks([euclidean], properties=["triangle", "bounded_by_one"]).args[1]:
        (check,) = case.values
        if str(found[check.name].verdict) == "holds":
            check()
        else:
            with pytest.raises(PropertyFails):
                check()
