"""Conformal ranks, tolerance limits and intervals of shares: exact numbers, coverage by simulation, and what fails."""

import math
from fractions import Fraction

import numpy as np
import pytest

from theory import InvalidInput, clopper_pearson, conformal_quantile, conformal_rank
from theory.measures.conformal import binomial_tail


@pytest.mark.parametrize(
    ("n", "alpha", "rank"),
    [(19, 0.1, 18), (9, 0.1, 9), (8, 0.1, 9), (9, 0.3, 7), (1, 0.5, 1), (99, Fraction(1, 100), 99), (2, 1 / 3, 3)],
)
def test_ranks_worked_out_by_hand(n, alpha, rank):
    """(n + 1)(1 - alpha), rounded up: 10 * .7 is 7, although the float .3 is below three tenths; 1/3 as a float is."""
    assert conformal_rank(n, alpha) == rank


@pytest.mark.parametrize(
    ("n", "alpha", "delta", "rank"),
    [
        (59, 0.05, 0.05, 59),  # Wilks: .95^59 = .0485
        (58, 0.05, 0.05, 59),  # .95^58 = .0510: too few
        (93, 0.05, 0.05, 92),  # .95^93 + 93 .05 .95^92 = .0500: from 93 draws on the second largest serves
        (92, 0.05, 0.05, 92),
        (4, 0.5, Fraction(1, 16), 4),  # (1/2)^4 equals delta
        (4, 0.5, Fraction(1, 17), 5),
        (20, 0.25, Fraction(1, 16), 19),
    ],
)
def test_ranks_with_confidence_worked_out_by_hand(n, alpha, delta, rank):
    assert conformal_rank(n, alpha, delta) == rank


def test_a_rank_with_confidence_is_the_least():
    for n in (5, 17, 60, 200):
        for alpha, delta in ((0.1, 0.05), (0.5, 0.3), (0.01, 0.5)):
            rank, share = conformal_rank(n, alpha, delta), 1 - Fraction(str(alpha))
            assert binomial_tail(n, rank, share) <= Fraction(str(delta))
            assert binomial_tail(n, rank - 1, share) > Fraction(str(delta))


def test_binomial_tails_are_exact():
    assert binomial_tail(3, 2, Fraction(1, 3)) == Fraction(7, 27)  # 3 (1/3)^2 (2/3) + (1/3)^3
    assert [binomial_tail(2, j, Fraction(1, 2)) for j in (-1, 0, 1, 2, 3)] == [1, 1, Fraction(3, 4), Fraction(1, 4), 0]
    assert binomial_tail(5, 3, Fraction(0)) == 0
    assert binomial_tail(5, 5, Fraction(1)) == 1


def test_large_samples_take_no_time_and_agree_with_scipy():
    from scipy.stats import binom

    n = 1_000_000
    rank = conformal_rank(n, 0.1, 0.05)
    assert binom.sf(rank - 1, n, 0.9) <= 0.05 < binom.sf(rank - 2, n, 0.9)


def test_quantiles_are_order_statistics():
    scores = np.arange(19.0)[::-1]
    assert conformal_quantile(scores, 0.1) == 17.0  # the 18th of 0, ..., 18
    assert conformal_quantile(np.arange(9), 0.1) == 8.0
    assert conformal_quantile(np.arange(8), 0.1) == math.inf
    assert conformal_quantile(np.append(np.zeros(8), np.inf), 0.1) == math.inf
    assert conformal_quantile([1.0, 1.0, 1.0], 0.5) == 1.0


def test_intervals_of_shares():
    """By hand: none of n seen leaves 1 - (delta/2)^(1/n); scipy has the rest by inverse beta functions."""
    from scipy.stats import beta

    assert clopper_pearson(0, 20, 0.05) == pytest.approx((0.0, 1 - 0.025**0.05), rel=1e-11)
    assert clopper_pearson(20, 20, 0.05) == pytest.approx((0.025**0.05, 1.0), rel=1e-11)
    for count, n in ((3, 20), (700, 1000), (5, 1_000_000), (999_999, 1_000_000)):
        low, high = clopper_pearson(count, n, 0.1)
        expected = beta.ppf(0.05, count, n - count + 1), beta.ppf(0.95, count + 1, n - count)
        assert (low, high) == pytest.approx(expected, rel=1e-9)
        half = Fraction(1, 20)
        if n <= 1000:  # rounded outwards, exactly
            assert binomial_tail(n, count, Fraction(low)) <= half
            assert binomial_tail(n, n - count, 1 - Fraction(high)) <= half


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: conformal_quantile([], 0.1), r"scores: expected real numbers of shape \(n,\), saw shape \(0,\)"),
        (lambda: conformal_quantile([[1.0]], 0.1), r"saw shape \(1, 1\)"),
        (lambda: conformal_quantile([[1.0], [1.0, 2.0]], 0.1), "rows of different lengths"),
        (lambda: conformal_quantile(["a"], 0.1), "real numbers"),
        (lambda: conformal_quantile([1.0, math.nan], 0.1), "saw nan at index 1"),
        (lambda: conformal_quantile([1.0], 0.0), "alpha: expected a number strictly between 0 and 1, saw 0.0"),
        (lambda: conformal_quantile([1.0], math.nan), "alpha: expected"),
        (lambda: conformal_quantile([1.0], True), "alpha: expected"),
        (lambda: conformal_quantile([1.0], 0.1, 1), "delta: expected"),
        (lambda: conformal_quantile([1.0], 0.1, "x"), "delta: expected"),
        (lambda: conformal_rank(0, 0.1), "n: expected a positive number of scores, saw 0"),
        (lambda: conformal_rank(2.5, 0.1), "n: expected"),
        (lambda: clopper_pearson(3, 2, 0.1), "count: expected whole numbers 0 <= count <= n"),
        (lambda: clopper_pearson(0, 0, 0.1), "with n >= 1"),
        (lambda: clopper_pearson(True, 2, 0.1), "count: expected"),
        (lambda: clopper_pearson(1, 2, 2.0), "delta: expected"),
    ],
)
def test_unusable_arguments_are_named(call, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        call()


# --------------------------------------------------------------------------- coverage

TRIALS = 4000  # a standard error of .5 points at a coverage of .9
ALLOWED = 3  # standard errors by which a simulated share may miss: one false alarm in seven hundred


def error(share):
    return ALLOWED * math.sqrt(share * (1 - share) / TRIALS)


def heavy(rng, shape):
    return np.exp(3 * rng.standard_normal(shape)) / rng.random(shape)  # no mean


@pytest.mark.parametrize(("n", "alpha"), [(19, 0.1), (50, 0.1), (200, 0.01)])
def test_marginal_coverage_on_heavy_tails(n, alpha):
    rng = np.random.default_rng(0)
    seen, new = heavy(rng, (TRIALS, n)), heavy(rng, TRIALS)
    covered = np.mean([new[i] <= conformal_quantile(seen[i], alpha) for i in range(TRIALS)])
    assert covered >= 1 - alpha - error(alpha)
    assert covered <= 1 - alpha + 1 / (n + 1) + error(alpha)


def test_without_the_plus_one_coverage_fails():
    rng = np.random.default_rng(1)
    n, alpha = 20, 0.1
    seen, new = heavy(rng, (TRIALS, n)), heavy(rng, TRIALS)
    naive = np.sort(seen, axis=1)[:, math.ceil(n * (1 - alpha)) - 1]  # the 18th of 20: covers 18/21
    assert np.mean(new <= naive) == pytest.approx(18 / 21, abs=error(18 / 21))
    assert np.mean(new <= naive) < 1 - alpha - error(alpha)


def test_coverage_with_confidence_on_heavy_tails():
    """The share of the population below the limit is known: scores are uniform up to an increasing map."""
    rng = np.random.default_rng(2)
    n, alpha, delta = 100, 0.1, 0.05
    seen = rng.random((TRIALS, n))
    limits = np.sort(seen, axis=1)[:, conformal_rank(n, alpha, delta) - 1]
    marginal = np.sort(seen, axis=1)[:, conformal_rank(n, alpha) - 1]
    assert np.mean(limits < 1 - alpha) <= delta + error(delta)
    assert np.mean(marginal < 1 - alpha) > 0.3  # what holds on average does not hold with confidence


def test_tokens_of_few_documents_are_no_independent_inputs():
    """Ten documents with levels of their own: tokens of a new one are not covered by theirs, and by groups they are."""
    rng = np.random.default_rng(3)
    documents, tokens, alpha, trials = 10, 50, 0.1, 1000
    by_token, by_group = [], []
    for _ in range(trials):
        levels = np.exp(2 * rng.standard_normal((documents + 1, 1)))
        scores = levels * rng.exponential(size=(documents + 1, tokens))
        seen, new = scores[:-1], scores[-1]
        by_token.append(np.mean(new <= conformal_quantile(seen.ravel(), alpha)))
        by_group.append(np.max(new) <= conformal_quantile(seen.max(axis=1), alpha))
    assert np.mean(by_group) >= 1 - alpha - ALLOWED * math.sqrt(alpha * (1 - alpha) / trials)
    # Nine tenths of the tokens of a new document: kept for fewer documents than nine in ten.
    assert np.mean(np.array(by_token) >= 1 - alpha) < 0.85


def test_an_alignment_fitted_to_the_same_inputs_does_not_cover():
    """n = 30 inputs in m = 25 dimensions: least squares leaves little of them, and much of a new one."""
    rng = np.random.default_rng(4)
    n, m, alpha, trials = 30, 25, 0.1, 400
    fitted, fixed = [], []
    for _ in range(trials):
        first, second = rng.standard_normal((2, n + 1, m))
        first += second  # A* = 1 of models with one head: known without any input
        mapping = np.linalg.lstsq(second[:-1], first[:-1], rcond=None)[0]
        for results, aligned in ((fitted, second @ mapping), (fixed, second)):
            scores = np.sum((first - aligned) ** 2, axis=1)
            results.append(scores[-1] <= conformal_quantile(scores[:-1], alpha))
    assert np.mean(fixed) >= 1 - alpha - ALLOWED * math.sqrt(alpha * (1 - alpha) / trials)
    assert np.mean(fitted) < 0.2


def test_intervals_of_shares_cover():
    rng = np.random.default_rng(5)
    for share in (0.003, 0.2, 0.5):
        counts = rng.binomial(40, share, TRIALS)
        covered = [low <= share <= high for low, high in (clopper_pearson(int(c), 40, 0.05) for c in counts)]
        assert np.mean(covered) >= 0.95 - error(0.05)
        if share < 0.01:  # the normal interval of nothing seen is a point
            width = 1.96 * np.sqrt(counts / 40 * (1 - counts / 40) / 40)
            assert np.mean(np.abs(counts / 40 - share) <= width) < 0.2
