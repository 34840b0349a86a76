"""T14 against T8, whose tail statements it supersedes: never worse, at any gamma, and the same flips."""

import numpy as np
import pytest

from theory import Model, Pair
from theory.arithmetic.arrays import square
from theory.catalogue import theorem
from theory.catalogue.t08_linear_probes_transfer import statement as t08
from theory.catalogue.t14_flip_thresholds import statement as t14
from theory.evidence import Verdict, decide
from theory.measures.certificates import affordable_share, flip_threshold
from theory.pairs.constructions import Shape
from theory.pairs.strata import STRATA, draw
from theory.statements import as_floats, evaluate

PAIRS = {
    name: draw(name, np.random.default_rng(5), Shape(n=9, k=5, m=2, batch=(12,)))
    for name in STRATA
}  # fmt: skip
SUPERSEDED = {"top_label": "from_logit_distance", "sign_flips": "sign_flips"}
COMPARED = {"top_label": "never_worse_than_a_margin", "sign_flips": "sign_flips_never_worse_than_a_band"}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("old", SUPERSEDED)
def test_never_worse_than_t8(old, name):
    """Where both apply, to rounding; the comparison with the best gamma lies between the two."""
    pair = PAIRS[name]
    before = evaluate(theorem("T8").statement(old), pair)
    after = evaluate(theorem("T14").statement(SUPERSEDED[old]), pair)
    best = evaluate(theorem("T14").statement(COMPARED[old]), pair)
    both = before.applies & after.applies
    assert (after.rhs[both] <= np.minimum(before.rhs[both], 1) + 1e-9).all()
    both = both & best.applies
    assert np.allclose(best.lhs[both], after.rhs[both])
    assert (best.rhs[both] <= before.rhs[both] + 1e-9).all()
    assert np.allclose(after.lhs[both], before.lhs[both])


def test_thresholds_of_half_the_size_are_not_to_be_never_worse():
    """Thresholds of half the size give a knapsack that a margin beats: the comparison can fail."""
    worse = 0
    for pair in PAIRS.values():
        costs, mean = as_floats(flip_threshold(pair.a, "squared_logit")), t14.squared_distance(pair)
        usable = costs.min(axis=-1) > 1e-9
        half = affordable_share(costs / 2, mean)
        with np.errstate(divide="ignore"):
            worse += int(np.sum((half > t14.tail_bound(costs, mean) + 1e-9) & usable))
    assert worse > 0


@pytest.mark.parametrize("seed", range(3))
def test_the_least_over_gamma(seed):
    """Against a grid of gamma: nothing on it is below, and just below a margin it is met."""
    rng = np.random.default_rng(seed)
    margins, mean = rng.exponential(size=7), 0.3 * rng.random()
    got = float(t14.tail_bound(square(margins) / 2, np.asarray(mean)))
    grid = np.concatenate([margins * (1 - 1e-9), np.linspace(0.01, 10, 2000), [1e6]])
    bounds = [np.mean(margins <= gamma) + 2 * mean / gamma**2 for gamma in grid]
    assert got <= min(bounds) + 1e-12
    assert got == pytest.approx(min(bounds), abs=1e-6)


def test_the_same_flips_as_t8():
    for pair in PAIRS.values():
        assert np.allclose(t14.disagreement(pair), t08.disagreement(pair))
        assert np.allclose(t14.sign_flips(pair), t08.sign_flips(pair))


def test_counts_are_enclosed_by_balls_where_the_knapsack_is_exactly_full():
    """Two coins of margins 2 and 4, d^2 = 1: n d^2 = 2 pays for the first exactly, and a ball cannot tell."""
    labels = np.array([[0.5], [-0.5]])
    pair = Pair(Model([[2.0], [4.0]], labels), Model([[2.0], [2.0]], labels))
    decision = decide(theorem("T14").statement("from_logit_distance"), pair)
    assert decision.verdict is Verdict.HOLDS
    assert decision.rhs[1] >= 0.5


def test_renyi_thresholds_of_false_orders_are_refuted():
    """The threshold of order three is no threshold of order two: the ladder rises."""
    from dataclasses import replace

    from theory.measures.certificates import pointwise_disagreement, renyi_flip_threshold

    right = theorem("T14").statement("renyi_two")
    wrong = replace(
        right,
        lhs=lambda pair: pair.xp.mean(pointwise_disagreement(pair) * renyi_flip_threshold(pair.a, 3.0), axis=-1),
    )
    family = right.sharp[0]
    assert decide(right, family.pair(family.parameter)).verdict is Verdict.HOLDS
    assert decide(wrong, family.pair(family.parameter)).verdict is Verdict.REFUTED
