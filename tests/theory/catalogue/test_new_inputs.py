"""T17's sides against their definitions: leave one input out, draw samples, fit again."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from theory import Model, Pair, clopper_pearson, conformal_quantile, conformal_rank
from theory.arithmetic import balls
from theory.catalogue import theorem
from theory.catalogue.t17_new_inputs.statement import (
    ALPHA,
    DELTA,
    DRAWS,
    FEW_DRAWS,
    aligned_score,
    binomial,
    logit_score,
    share_above,
    share_low,
)
from theory.measures.conformal import binomial_tail
from theory.statements import evaluate

T17 = theorem("T17")


def random_pair(seed, n, m=2):
    rng = np.random.default_rng(seed)
    return Pair(*(Model(rng.standard_normal((n, m)), rng.standard_normal((m + 2, m))) for _ in range(2)))


def lhs(name, pair):
    return float(evaluate(T17.statement(name), pair).lhs)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 11, 12])
def test_a_new_input_is_each_one_in_turn(n):
    pair = random_pair(n, n)
    for name, score in (("new_input", logit_score), ("after_alignment", aligned_score)):
        scores = score(pair)
        above = [scores[i] > conformal_quantile(np.delete(scores, i), ALPHA) for i in range(n)]
        assert lhs(name, pair) == np.mean(above) <= ALPHA
    assert lhs("without_the_new_one", pair) >= lhs("new_input", pair)


@pytest.mark.parametrize("scores", [[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 2.0, 2.0, 2.0], [3.0]])
def test_ties_do_no_harm(scores):
    n = len(scores)
    rank = conformal_rank(max(1, n - 1), ALPHA)
    above = [scores[i] > conformal_quantile(np.delete(scores, i), ALPHA) for i in range(n)] if n > 1 else [False]
    assert share_above(np.array(scores), rank if n > 1 else 1) == np.mean(above) <= ALPHA


@pytest.mark.parametrize("scores", [[2.0, 5.0, 1.0, 4.0, 3.0], [0.0, 1.0, 1.0, 7.0], list(range(9))])
def test_low_inputs_are_those_below_too_many(scores):
    values = np.array(scores, dtype=float)
    low = [np.mean(values <= value) < 1 - ALPHA for value in values]
    assert share_low(values) == np.mean(low) < 1 - ALPHA
    if len(set(scores)) == len(scores):
        assert float(share_low(balls.asarray(values))[()]) == pytest.approx(np.mean(low))


def test_the_binomial_is_what_all_samples_say():
    """Every sample of three draws from five inputs: how often F(s_(2)) < 3/4."""
    scores, rank = [3.0, 1.0, 4.0, 1.5, 9.0], 2
    failing = 0
    for sample in product(scores, repeat=3):
        limit = sorted(sample)[rank - 1]
        failing += Fraction(sum(score <= limit for score in scores), 5) < 1 - ALPHA
    chances = binomial(Fraction(3, 5), 3)  # of five inputs the lowest three are low
    assert share_low(np.array(scores)) == 0.6
    assert sum(chances[rank:]) == Fraction(failing, 125) == binomial_tail(3, rank, Fraction(3, 5))


def test_the_rank_with_confidence_is_sharp_in_large_populations():
    """At N = 40,000 the failure is 99.9 % of P(Bin(20, 3/4) >= 19), and one rank lower it exceeds delta."""
    share = float(share_low(np.arange(40_000.0)))
    rank = conformal_rank(DRAWS, ALPHA, DELTA)
    most = float(binomial_tail(DRAWS, rank, 1 - ALPHA))
    assert 0.999 * most <= sum(binomial(share, DRAWS)[rank:]) <= most <= DELTA
    assert sum(binomial(share, DRAWS)[rank - 1 :]) > DELTA


@pytest.mark.parametrize("flips", range(9))
def test_an_interval_misses_as_often_as_its_outcomes_say(flips):
    """Eight coins of which some are turned: the statement's miss is at least that of the intervals themselves."""
    labels = np.array([[0.5], [-0.5]])
    turned = np.where(np.arange(8) < flips, -1.0, 1.0)[:, None]
    pair, share = Pair(Model(np.ones((8, 1)), labels), Model(turned, labels)), Fraction(flips, 8)
    chances = binomial(share, FEW_DRAWS)
    missed = 0.0
    for x in range(FEW_DRAWS + 1):
        low, high = clopper_pearson(x, FEW_DRAWS, 2 * DELTA)
        missed += float(chances[x]) * (not low <= share <= high)
    assert missed <= lhs("share", pair) + 1e-15
    assert lhs("share", pair) <= 2 * DELTA


def test_groups_are_seen_through_their_worst():
    pair = random_pair(3, 12)
    worst = logit_score(pair).reshape(6, 2).max(axis=1)
    above = [worst[i] > conformal_quantile(np.delete(worst, i), ALPHA) for i in range(6)]
    assert lhs("groups", pair) == np.mean(above)
    odd = random_pair(3, 9)
    assert lhs("groups", odd) <= ALPHA


@pytest.mark.parametrize(("n", "m"), [(4, 1), (6, 2), (7, 4), (9, 3)])
def test_the_fit_without_an_input_is_made_again(n, m):
    """The twin's closed form against least squares on the others."""
    pair = random_pair(n, n, m)
    f, f2 = pair.a.embeddings, pair.b.embeddings
    above = []
    for i in range(n):
        others = np.delete(np.arange(n), i)
        mapping = np.linalg.lstsq(f2[others], f[others], rcond=None)[0]
        scores = np.sum((f - f2 @ mapping) ** 2, axis=1)
        rank = math.ceil(n * (1 - ALPHA))
        above.append(rank <= n - 1 and scores[i] > np.sort(scores[others])[rank - 1])
    assert lhs("fitted_alignment", pair) == pytest.approx(np.mean(above))


def test_documents_are_the_halves():
    """Second half far off: all of it exceeds what the first half says, and none of the first."""
    labels, gaps = np.array([[0.5], [-0.5]]), np.array([[1.0], [2.0], [3.0], [7.0], [8.0], [9.0]])
    assert lhs("documents", Pair(Model(np.zeros((6, 1)), labels), Model(gaps, labels))) == 0.5
