"""Implementations of one formula against each other: what differs is seen, what dies is an answer."""

import numpy as np
import pytest

import theory
from reports.audit.differential import AGREEMENT, Answer, Case, ask, embedding_cases, model_cases, summarised
from reports.audit.groups import all_groups
from reports.audit.run import compare
from tests.reports.audit.measured import (
    X,
    Y,
    dies_of_zeros,
    group_with,
    uncentred_cka,
)
from theory import Model
from theory.workers import Pool


def _compared(group, cases=None):
    with Pool(1, silent=True) as room:
        return compare(group, cases or embedding_cases(0), room)


def test_a_wrong_implementation_is_found():
    found = _compared(group_with(uncentred_cka))
    assert found.disagreements == ("biased HSIC",)
    spread = found.within["biased HSIC"]
    assert spread.case == "off centre by 100"
    assert spread.difference > 0.3


def test_a_right_implementation_is_not():
    found = _compared(group_with(lambda first, second: theory.linear_cka(second, first)))
    assert found.disagreements == ()
    assert found.within["biased HSIC"].difference < 1e-12


def test_other_formulas_may_differ():
    found = _compared(group_with(uncentred_cka, "nothing centred"))
    assert found.disagreements == ()
    assert found.widest.difference > AGREEMENT


def test_a_death_in_a_comparison_is_an_answer():
    group = group_with(dies_of_zeros, "none")
    found = _compared(group, [case for case in embedding_cases(0) if case.name in ("correlated, 40 x 6", "zeros")])
    label = group.members[1].label
    assert found.answers["zeros"][label].seen == "the interpreter died (SIGABRT)"
    assert found.answers["correlated, 40 x 6"][label].value is not None


def test_nan_and_exceptions_are_answers_without_a_value():
    assert ask(lambda a, b: float("nan"), X, Y).seen == "nan"
    assert ask(lambda a, b: float("-inf"), X, Y).seen == "-inf"
    assert ask(lambda a, b: 1 / 0, X, Y).seen == "ZeroDivisionError"
    assert ask(lambda a, b: 0.25, X, Y).value == 0.25


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0.0), (1e-30, 0.0), (1e-15, 1.0), (0.5, 1.0)])
def test_what_is_taken_for_zero_does_not_differ_from_zero(value, expected):
    group = group_with(lambda first, second: value)
    answers = {"one": {member.label: Answer(u, "") for member, u in zip(group.members, (0.0, value), strict=True)}}
    assert summarised(group, [Case("one", X, Y)], answers).widest.difference == expected


def test_every_group_compares_implementations_and_says_why():
    names = [group.name for group in all_groups()]
    assert len(set(names)) == len(names)
    for group in all_groups():
        labels = [member.label for member in group.members]
        assert len(set(labels)) == len(labels) >= 2, group.name
        assert group.why.endswith("."), group.name


def test_cases_depend_on_the_seed_alone():
    for cases in (embedding_cases, model_cases):
        one, same, other = cases(1), cases(1), cases(2)
        assert [case.name for case in one] == [case.name for case in other]
        first, again, different = ([_entries(case.first) for case in found] for found in (one, same, other))
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not np.array_equal(first[0], different[0])


def _entries(thing):
    return thing.embeddings if isinstance(thing, Model) else thing
