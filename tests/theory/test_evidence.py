"""Decisions in balls: refutations are certain, equality is not, hypotheses count."""

import math

import numpy as np
import pytest

from theory import Model, Pair
from theory.arithmetic.balls import all_balls
from theory.evidence import Verdict, as_balls, decide
from theory.statements import Hypothesis, Statement

PAIR = Pair(Model([[1.0], [2.0]], [[0.0], [1.0]]), Model([[1.0], [3.0]], [[0.0], [1.0]]))


def total(pair):
    return pair.xp.sum(pair.a.embeddings)


def statement(lhs, envelope, **parts):
    return Statement("probe", "probe", lhs=lhs, envelope=envelope, **parts)


def test_a_true_inequality_holds():
    assert decide(statement(total, lambda pair: 2 * total(pair)), PAIR).verdict is Verdict.HOLDS


def test_a_false_inequality_is_refuted_by_disjoint_balls():
    decision = decide(statement(lambda pair: 2 * total(pair), total), PAIR)
    assert decision.verdict is Verdict.REFUTED
    assert decision.lhs[0] > decision.rhs[1]


def test_a_violation_by_a_hair_is_seen_at_higher_precision():
    hair = statement(lambda pair: total(pair) + total(pair) / 2**200, total)
    decision = decide(hair, PAIR)
    assert decision.verdict is Verdict.REFUTED
    assert decision.bits == 256


def test_irrational_equality_is_inconclusive_not_refuted():
    root = statement(lambda pair: pair.xp.sqrt(total(pair)), lambda pair: pair.xp.exp(pair.xp.log(total(pair)) / 2))
    assert decide(root, PAIR).verdict is Verdict.INCONCLUSIVE


def test_an_identity_holds_when_balls_overlap_tightly():
    root = statement(
        lambda pair: pair.xp.sqrt(total(pair)), lambda pair: pair.xp.exp(pair.xp.log(total(pair)) / 2), relation="="
    )
    assert decide(root, PAIR).verdict is Verdict.HOLDS


def test_an_identity_off_by_a_hair_is_refuted():
    off = statement(total, lambda pair: total(pair) + total(pair) / 2**90, relation="=")
    assert decide(off, PAIR).verdict is Verdict.REFUTED


def test_a_failing_hypothesis_makes_it_not_applicable():
    never = Hypothesis("never", "never", lambda pair: -1.0 * total(pair))
    assert decide(statement(total, total, hypotheses=(never,)), PAIR).verdict is Verdict.NOT_APPLICABLE


def test_an_undecidable_hypothesis_never_refutes():
    def nothing(pair):
        return pair.xp.sqrt(total(pair)) - pair.xp.exp(pair.xp.log(total(pair)) / 2)

    edge = statement(lambda pair: 2 * total(pair), total, hypotheses=(Hypothesis("edge", "edge", nothing),))
    assert decide(edge, PAIR).verdict is Verdict.INCONCLUSIVE


def test_a_side_that_is_nan_decides_nothing():
    broken = statement(lambda pair: pair.xp.log(-total(pair)), total)
    decision = decide(broken, PAIR)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.lhs == (-math.inf, math.inf)


def test_balls_are_exact_images_of_floats():
    balls = as_balls(PAIR)
    assert all_balls(balls.a.embeddings)
    assert float(balls.b.embeddings[1, 0].mid()) == 3.0
    assert np.all([x.rad() == 0 for x in balls.b.embeddings.flat])


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 12345.678])
def test_enclosures_contain_the_value(value):
    pair = Pair(Model([[value]], [[0.0], [1.0]]), Model([[value]], [[0.0], [1.0]]))
    decision = decide(statement(total, lambda pair: 2 * total(pair)), pair)
    assert decision.lhs[0] <= value <= decision.lhs[1]


def test_choosing_by_comparison_decides_nothing():
    """A comparison of balls is false both for no and for unknown: choosing by one never refutes."""

    def chosen(pair):
        xp = pair.xp
        return xp.sum(xp.where(pair.a.embeddings > 1.5, 1.0, 0.0))

    assert decide(statement(chosen, lambda pair: 0.0 * total(pair)), PAIR).verdict is Verdict.INCONCLUSIVE


def test_a_pair_that_the_formula_declines_is_not_applicable():
    from theory.catalogue import theorem

    few = Pair(Model(np.eye(2), np.eye(2)), Model(np.eye(2), np.eye(2)))
    assert decide(theorem("T2").main, few).verdict is Verdict.NOT_APPLICABLE
