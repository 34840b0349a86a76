"""Convex programmes against answers worked out by hand, and against one another."""

import math
from fractions import Fraction

import numpy as np
import pytest

from theory.errors import InvalidInput, NotApplicable
from theory.measures.variants import minimax_alignment_error
from theory.proofs.certificates import certify
from theory.proofs.convex import least_absolute_alignment, minimax_alignment
from theory.proofs.convex_worst import worst_logit_distance


def test_a_line_through_three_points():
    # f = (1, 2, 6), f' = 1: the middle of the range is 3.5, the median 2.
    x, y = [[1], [2], [6]], [[1], [1], [1]]
    worst, mean = minimax_alignment(x, y), least_absolute_alignment(x, y)
    assert worst.value == pytest.approx(2.5, rel=1e-6)
    assert mean.value == pytest.approx(5 / 3, rel=1e-6)
    assert float(mean.matrix[0, 0]) == pytest.approx(2, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_duality_gaps_of_alignments(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, 1 + seed)), rng.normal(size=(20, 2)) * 10.0 ** (seed - 2)
    worst, mean = minimax_alignment(x, y), least_absolute_alignment(x, y)
    for found in (worst, mean):
        assert 0 <= found.gap < 1e-5 * found.value
    errors = [np.linalg.norm(x - y @ found.matrix.T, axis=1) for found in (worst, mean)]
    assert worst.value == pytest.approx(errors[0].max())
    assert mean.value == pytest.approx(errors[1].mean())
    assert worst.value == pytest.approx(minimax_alignment_error(x, y), rel=1e-6)
    least_squares = x - y @ np.linalg.lstsq(y, x, rcond=None)[0]
    norms = np.linalg.norm(least_squares, axis=1)
    assert worst.lower_bound <= norms.max()
    assert mean.lower_bound <= norms.mean()


def test_alignments_of_equal_embeddings_have_no_error():
    x = np.random.default_rng(0).normal(size=(8, 2))
    for found in (minimax_alignment(x, x), least_absolute_alignment(x, x)):
        assert found.value < 1e-6
        assert found.lower_bound <= found.value


def test_alignments_say_what_is_wrong():
    with pytest.raises(NotApplicable, match="Y"):
        minimax_alignment([[1], [2]], [[1, 1], [2, 2]])
    with pytest.raises(InvalidInput, match="same number of rows"):
        least_absolute_alignment([[1], [2]], [[1]])


@pytest.mark.parametrize(
    ("eps", "tau", "k"), [(0.1, 0.1, 3), (0.1, 0.01, 3), (0.1, 0.01, 6), (1.0, 0.01, 3), (1.0, 0.1, 2)]
)
def test_worst_logit_distance_from_both_sides(eps, tau, k):
    found = worst_logit_distance(eps, tau, k)
    assert found.lower <= found.upper <= 2 * eps / tau * (1 + 1e-12)
    assert found.upper < 1.15 * found.lower
    assert sum(found.p) == sum(found.q) == 1
    assert min(*found.p, *found.q) >= Fraction(tau)
    p, q = (np.array([float(x) for x in each]) for each in (found.p, found.q))
    t = np.log(q / p)
    assert -np.sum(p * t) <= eps * (1 + 1e-12)
    assert np.sum((t - t.mean()) ** 2) == pytest.approx(found.lower, rel=1e-9)


def test_no_random_pair_beats_the_upper_bound():
    eps, tau, k = 0.3, 0.02, 4
    upper = worst_logit_distance(eps, tau, k).upper
    rng = np.random.default_rng(5)
    p, q = (tau + (1 - k * tau) * rng.dirichlet(np.full(k, 0.3), 20_000) for _ in range(2))
    t = np.log(q / p)
    close = -np.sum(p * t, axis=1) <= eps
    worst = np.max(np.sum((t - t.mean(axis=1, keepdims=True)) ** 2, axis=1)[close])
    assert close.sum() > 100
    assert worst <= upper


@pytest.mark.slow  # convex programmes near their degenerate limit
def test_small_divergences_reach_the_sharp_constants():
    # 2/tau for k >= 3, and 1/(tau (1 - tau)) for k = 2.
    three = worst_logit_distance(1e-6, 0.1, 3)
    assert three.lower > 0.99 * 2e-6 / 0.1
    assert three.upper <= 2e-6 / 0.1 * (1 + 1e-12)
    two = worst_logit_distance(1e-6, 0.1, 2)
    assert two.lower == pytest.approx(1e-6 / 0.09, rel=0.02)


def test_worst_logit_distance_says_what_is_wrong():
    for eps, tau, k in (
        (0.1, 0.1, 1),
        (0.1, 0.5, 2),
        (0.0, 0.1, 3),
        (math.nan, 0.1, 3),
        (0.1, math.nan, 3),
        (0.1, 0.1, 2.0),
    ):
        with pytest.raises(InvalidInput, match=r"eps|tau|k"):
            worst_logit_distance(eps, tau, k)


def test_large_and_small_units_are_certified():
    for scale in (1 / 1024, 1024):
        first = [[scale * x for x in row] for row in ([0, 0], [3, 1], [1, 4], [2, -1], [5, 2])]
        second = [[x * scale for x in row] for row in ([1, 2], [0, 1], [5, 1], [2, 2], [1, 1])]
        assert certify("T2", first, second).gap < 1e-6
