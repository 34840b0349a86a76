"""What counts as an answer, and that a statement says of a batch what it says of each pair."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from theory import Claim
from theory.catalogue import theorems
from theory.pairs.constructions import Shape
from theory.pairs.strata import STRATA, draw
from theory.search.arrays import arrays_of, each_of
from theory.search.evaluators import BatchByBatch, Malformed, PairByPair, evaluator_of, number, two_numbers
from theory.search.statement_claims import Assertion, claim_of


@pytest.mark.parametrize(
    ("side", "value"),
    [(1, 1.0), (-0.5, -0.5), (np.float32(2), 2.0), (np.int64(-3), -3.0), (np.array(2.5), 2.5), (np.array(7), 7.0),
     (torch.tensor(2.0), 2.0), (torch.tensor(3), 3.0), (10**400, math.inf), (-(10**400), -math.inf),
     (math.inf, math.inf)],
)  # fmt: skip
def test_numbers(side, value):
    found = number(side)
    assert type(found) is float
    assert found == value
    assert two_numbers((side, 0)) == (value, 0.0)
    assert two_numbers([0, side]) == (0.0, value)


@pytest.mark.parametrize(
    ("side", "described"),
    [("1", "str: '1'"), (None, "NoneType"), (1j, "complex"), (np.complex128(1), "complex128"), (True, "bool: True"),
     (np.array(1j), "ndarray"), (torch.tensor(1j), "Tensor"), (np.True_, "bool"), ([1.0], "list"), ({}, "dict"),
     (np.array([1.0]), r"an array of shape \(1,\): array\(\[1\.\]\)"), (torch.zeros(1), r"an array of shape \(1,\)"),
     (np.zeros((0, 2)), r"an array of shape \(0, 2\)"), (np.datetime64("2020"), "datetime64"), (math.sin, "builtin")],
)  # fmt: skip
def test_what_is_no_number_is_malformed(side, described):
    for answer in ((side, 1.0), (1.0, side)):
        with pytest.raises(Malformed, match=rf"returns two numbers \(lhs, rhs\); one of them was .*{described}"):
            two_numbers(answer)


@pytest.mark.parametrize("answer", [None, 1.0, "ab", "a", (), (1.0,), (1.0, 2.0, 3.0), np.zeros(3), iter((1.0, 2.0))])
def test_what_is_not_two_is_malformed(answer):
    with pytest.raises(Malformed, match=r"a claim returns two numbers \(lhs, rhs\); this one returned"):
        two_numbers(answer)


def test_two_numbers_may_come_in_any_sequence():
    for answer in ((1.0, 2.0), [1.0, 2.0], np.array([1.0, 2.0]), torch.tensor([1.0, 2.0])):
        assert two_numbers(answer) == (1.0, 2.0)


class Unprintable:
    def __repr__(self):
        raise RuntimeError


def test_what_is_shown_of_an_answer_is_short():
    with pytest.raises(Malformed) as caught:
        two_numbers("x" * 1000)
    assert len(str(caught.value)) < 130
    assert str(caught.value).endswith("...")
    with pytest.raises(Malformed, match=r"\(no repr\)"):
        two_numbers(Unprintable())
    with pytest.raises(Malformed, match=r"returned array\(\[\[1\], \[2\], \[3\]\]\)$"):
        two_numbers(np.array([[1], [2], [3]]))


@pytest.mark.parametrize("answer", [np.array(1.0), torch.tensor(1.0), {1.0, 2.0}, {"lhs": 1.0, "rhs": 2.0}], ids=repr)
def test_answers_that_only_look_like_two_numbers_are_malformed(answer):
    with pytest.raises(Malformed, match="this one returned"):
        two_numbers(answer)


@pytest.mark.parametrize("side", [np.str_("1"), np.array("1"), np.array(True)], ids=repr)
def test_arrays_of_strings_and_booleans_are_malformed(side):
    with pytest.raises(Malformed, match="one of them was"):
        number(side)


# --------------------------------------------------------------------------- pair by pair, and batch by batch


STATEMENTS = {
    f"{theorem.identifier} {statement.name}": statement
    for theorem in theorems().values()
    for statement in (*theorem.statements, *(twin.statement for twin in theorem.twins))
    if not statement.specimens
}


def batch_for(statement, regime="independent", seed=0, count=6):
    (m, k), n = statement.domain.shapes()[-1], max(4, statement.domain.inputs[0])
    return draw(regime, np.random.default_rng(seed), Shape(n=n, k=k, m=m, batch=(count,)))


def test_a_claim_is_asked_by_its_kind():
    assert isinstance(evaluator_of(Claim(lambda pair: (0.0, 1.0), "user's")), PairByPair)
    assert isinstance(evaluator_of(claim_of(theorems()["T6"].main)), BatchByBatch)
    with pytest.raises(NotImplementedError):
        PairByPair(Claim(lambda pair: (0.0, 1.0), "user's")).answers(batch_for(theorems()["T6"].main))


@pytest.mark.parametrize("regime", ["independent", "small integers"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_batch_is_answered_as_its_pairs_are(name, regime):
    """The batch against the statement as a claim about one pair, which evaluates it in another way."""
    assertion = Assertion(STATEMENTS[name])
    evaluator, batch = BatchByBatch(assertion), batch_for(STATEMENTS[name], regime)
    together = evaluator.answers(batch)
    for i, arrays in enumerate(each_of(arrays_of(batch))):
        alone, by_hand = evaluator.answer(arrays), PairByPair(Claim(assertion, name)).answer(arrays)
        assert (alone.fate == "value") == (by_hand.fate == "value") == bool(together.valued[i])
        if alone.fate != "value":
            continue
        size = max(abs(alone.lhs), abs(alone.rhs)) if STATEMENTS[name].relation == "<=" else 1.0
        for sides in ((alone.lhs, alone.rhs), (by_hand.lhs, by_hand.rhs)):
            assert (together.lhs[i], together.rhs[i]) == pytest.approx(sides, rel=1e-9, abs=1e-9 * size)


def test_one_pair_that_breaks_a_batch_does_not_take_the_others_along():
    statement = theorems()["T6"].main

    def breaks(pair):
        if (pair.a.embeddings[..., 0, 0] > 0).any():
            raise np.linalg.LinAlgError("one of them")
        return statement.lhs(pair)

    batch = batch_for(statement)
    answers = BatchByBatch(Assertion(replace(statement, lhs=breaks))).answers(batch)
    expected = batch.a.embeddings[:, 0, 0] <= 0
    assert 0 < expected.sum() < len(expected)
    assert np.array_equal(answers.valued, expected)


def test_sides_that_rounding_leaves_incomparable_have_no_value():
    """An identity whose terms have no size where they all vanish: nothing is known there, and nothing fails."""
    main = theorems()["T6"].main
    sizes = np.array([np.nan, 1.0, 1.0, 1.0, 1.0, 1.0])
    statement = replace(main, relation="=", lhs=main.envelope, constant=lambda pair: 1.0, cancelled=lambda pair: sizes)
    answers = BatchByBatch(Assertion(statement)).answers(batch_for(main))
    assert answers.valued.tolist() == [False, True, True, True, True, True]
    assert np.isnan([answers.lhs[0], answers.rhs[0]]).all()


@pytest.mark.parametrize("regime", STRATA)
def test_rounding_raises_no_suspicion(regime):
    """A side against itself is an equality in every regime; a constant that is too small by 1e-8 is none."""
    statement = replace(theorems()["T6"].main, lhs=theorems()["T6"].main.envelope, constant=lambda pair: 1.0)
    answers = BatchByBatch(Assertion(statement)).answers(batch_for(statement, regime, count=24))
    assert not answers.suspect.any()
    beyond = replace(statement, constant=lambda pair: 1 - 1e-8)
    assert BatchByBatch(Assertion(beyond)).answers(batch_for(statement, regime, count=24)).suspect.any()


def test_a_twin_is_suspected():
    twin = next(t for t in theorems()["T6"].twins if t.name == "eighth")
    answers = BatchByBatch(Assertion(twin.statement)).answers(batch_for(twin.statement, "merged labels"))
    assert answers.suspect.any()
    assert np.array_equal(answers.suspect, answers.lhs > answers.rhs)
