"""A run: a planted over-claim is found, dead processes are told, and the seed decides."""

import numpy as np
import pytest

from reports.audit import tables
from reports.audit.adapters import Adapter
from reports.audit.run import examine, run_audit
from tests.reports.audit.measured import (
    ADAPTERS,
    FAILS,
    HOLDS,
    NOWHERE,
    SCIPY,
    dies_of_zeros,
    disparity,
)
from theory import InvalidInput
from theory.claims import PROPERTY_NAMES
from theory.workers import Pool


def test_a_planted_overclaim_is_found_with_its_counterexample(run):
    (audited,) = run.measures
    assert audited.overclaims == ("triangle",)
    assert audited.version is not None
    assert audited.range.outside > 0
    assert audited.range.worst[2] > 0.01
    example = audited.found["triangle"].counterexample
    space = {"np": np}
    exec("\n".join(tables.expressions(example)), space)
    A, B, C = (space[name] for name in "XYZ")
    assert disparity(A, C) > disparity(A, B) + disparity(B, C)
    assert audited.size("triangle") > 0.01
    assert [package.name for package in run.missing] == ["no-such-package"]


@pytest.mark.slow  # a process for every property
def test_a_measure_that_kills_the_interpreter_is_told_from_its_other_properties():
    adapter = Adapter(SCIPY, "dies_of_zeros", dies_of_zeros, "A.")
    with Pool(1, silent=True) as room:
        audited = examine(adapter, 60.0, 0, room)
    assert audited.found is not None
    assert audited.found["handles_degenerate"].verdict is FAILS
    assert audited.found["handles_degenerate"].message == "X of zeros: the interpreter died (SIGABRT)"
    assert audited.found["symmetric"].verdict is HOLDS
    assert set(audited.found.ran) == set(PROPERTY_NAMES)


@pytest.mark.slow  # audits twice
def test_a_seed_gives_the_same_verdicts():
    adapter = ADAPTERS["scipy: spatial.procrustes(X, Y)[2]"]
    runs = [run_audit(60.0, 3, adapters=[adapter], compared=[]) for _ in range(2)]
    first, second = (
        {name: result.message for name, result in run.measures[0].found.properties.items()} for run in runs
    )
    assert first == second


def test_what_is_not_installed_is_a_message():
    with pytest.raises(InvalidInput, match=r"nothing to audit is installed \(no-such-package\).*logitbounds\[audit\]"):
        run_audit(1.0, adapters=[Adapter(NOWHERE, "f", disparity, "A.")])
    with pytest.raises(InvalidInput, match=r"pip install no-such-package"):
        run_audit(1.0, only="no-such-package", adapters=[Adapter(NOWHERE, "f", disparity, "A.")])
    with pytest.raises(InvalidInput, match=r"--only: expected one of scipy, .*, saw 'sciPie'"):
        run_audit(1.0, only="sciPie")
