import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from empirics import statistics
from empirics.statistics import (
    EffectSize,
    MeanSquares,
    effect_size,
    half_width,
    interval,
    mean_squares,
    paired_difference,
)
from theory import InvalidInput

SMALL = np.array([[1.0, 2.0], [3.0, 6.0]])  # row means 1.5, 4.5; column means 2, 4; residuals -+1/2
GRIDS = st.integers(2, 4).flatmap(
    lambda t: st.integers(2, 4).flatmap(
        lambda s: arrays(np.float64, (t, s), elements=st.integers(-100, 100).map(float), unique=True)
    )
)

# --------------------------------------------------------------------------- coverage, by simulation

SHARES = {
    "teachers": (0.8, 0.1, 0.1),
    "students": (0.1, 0.8, 0.1),
    "residual": (0.1, 0.1, 0.8),
    "balanced": (1 / 3, 1 / 3, 1 / 3),
}
DESIGNS = ((2, 2), (3, 3), (3, 5), (5, 5))
BAND = (93.0, 97.0)
EXPERIMENTS = 4_000  # an estimated 95 % has a standard error of .35 points


def experiments(shape, shares, count=EXPERIMENTS, seed=0):
    """Simulated grids (count, T, S) with mean 0: crossed Gaussian effects whose variances add up to 1."""
    (teachers, students), (a, b, e) = shape, np.sqrt(shares)
    rng = np.random.default_rng([seed, *shape])
    return (
        a * rng.standard_normal((count, teachers, 1))
        + b * rng.standard_normal((count, 1, students))
        + e * rng.standard_normal((count, *shape))
    )


def coverage(values, low, high):
    """Per cent of the intervals that hold the true mean 0."""
    assert len(low) == len(values)
    return 100 * float(np.mean((low <= 0) & (high >= 0)))


def ours(values):
    mean, half = values.mean((1, 2)), half_width(values, replicates=4_999)
    return mean - half, mean + half


def independent_values(values, replicates=400):
    """Percentile bootstrap of the T S values as if they were independent."""
    count, size = len(values), values[0].size
    weights = np.random.default_rng(1).multinomial(size, np.full(size, 1 / size), replicates) / size
    return np.quantile(values.reshape(count, size) @ weights.T, (0.025, 0.975), axis=1)


def pigeonhole(values, replicates=400):
    """Percentile bootstrap that draws teachers and students with replacement (Owen 2007)."""
    rng = np.random.default_rng(1)
    rows, columns = (rng.multinomial(n, np.full(n, 1 / n), replicates) / n for n in values.shape[1:])
    return np.quantile(np.einsum("rt,nts,rs->nr", rows, values, columns, optimize=True), (0.025, 0.975), axis=1)


def few_teachers_as_many(values):
    """Normal interval from the spread of teacher means, as for many teachers."""
    means = values.mean(2)
    half = 1.96 * means.std(1, ddof=1) / np.sqrt(means.shape[1])
    return means.mean(1) - half, means.mean(1) + half


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("shape", DESIGNS)
@pytest.mark.slow  # thousands of simulated experiments
def test_nominal_95_per_cent_cover_93_to_97(shape, shares):
    values = experiments(shape, SHARES[shares])
    assert BAND[0] <= coverage(values, *ours(values)) <= BAND[1]


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_other_levels(level):
    values = experiments((3, 4), SHARES["balanced"])
    half = half_width(values, level, replicates=1_999)
    mean = values.mean((1, 2))
    assert coverage(values, mean - half, mean + half) == pytest.approx(100 * level, abs=200 * (1 - level) ** 0.5 / 10)


@pytest.mark.parametrize("wrong", [independent_values, pigeonhole, few_teachers_as_many])
@pytest.mark.parametrize("shape", [(3, 3), (3, 5)])
def test_coverage_catches_wrong_intervals(wrong, shape):
    covered = []
    for shares in SHARES.values():
        values = experiments(shape, shares)
        covered.append(coverage(values, *wrong(values)))
    assert min(covered) < 85
    assert not all(BAND[0] <= value <= BAND[1] for value in covered)


def test_coverage_catches_components_taken_for_the_truth(monkeypatch):
    # The textbook's parametric bootstrap: estimates, clipped at zero, for variances, and the usual standard error.
    original = statistics._draws

    def overconfident(*arguments):
        draws = original(*arguments)
        return draws._replace(fiducial=MeanSquares(*(np.ones_like(drawn) for drawn in draws.fiducial)))

    def usual(squares, _):
        a, b, e = squares
        return np.maximum(a, e) + np.maximum(b, e) - e

    monkeypatch.setattr(statistics, "_draws", overconfident)
    monkeypatch.setattr(statistics, "_studentiser", usual)
    values = experiments((3, 3), (0.5, 0.0, 0.5))
    assert coverage(values, *ours(values)) < BAND[0]


def test_lognormal_values_are_exact_on_the_log_scale():
    values = experiments((3, 3), SHARES["balanced"], count=1)[0]
    found, expected = interval(np.exp(3 * values), "log"), interval(3 * values)
    assert np.log([found.low, found.mean, found.high]) == pytest.approx(
        [expected.low, expected.mean, expected.high], rel=1e-12
    )


# --------------------------------------------------------------------------- known answers


def test_mean_squares_by_hand():
    assert mean_squares(SMALL) == (9.0, 4.0, 1.0)
    assert mean_squares(np.array([[1.0, -1.0], [-1.0, 1.0]])) == (0.0, 0.0, 4.0)


def test_mean_squares_are_those_of_a_published_formula():
    # Sums of squares by uncorrected totals, another way to the same numbers.
    values = np.random.default_rng(0).standard_normal((4, 3)) + 2
    correction = values.sum() ** 2 / 12
    rows = (values.sum(1) ** 2).sum() / 3 - correction
    columns = (values.sum(0) ** 2).sum() / 4 - correction
    rest = (values**2).sum() - correction - rows - columns
    assert mean_squares(values) == pytest.approx((rows / 3, columns / 2, rest / 6), rel=1e-12)


def test_mean_squares_have_their_expectations_on_average():
    values = experiments((3, 4), (0.5, 0.2, 0.3), 20_000)
    squares = [square.mean() for square in mean_squares(values)]
    assert squares == pytest.approx([4 * 0.5 + 0.3, 3 * 0.2 + 0.3, 0.3], rel=0.03)


@pytest.mark.parametrize(("teachers", "quantile"), [(2, 12.7062), (3, 4.30265), (5, 2.77645)])
def test_teachers_alone_give_the_t_interval(teachers, quantile):
    # Where students and residuals add nothing the T teacher means are independent: Student's interval, exactly.
    means = np.array([0.0, 1.0, 5.0, 2.0, -1.0])[:teachers]
    found = interval(np.repeat(means[:, None], 3, axis=1), replicates=99_999)
    half = quantile * means.std(ddof=1) / math.sqrt(teachers)
    assert found.high - found.mean == pytest.approx(half, rel=0.03)
    assert found.mean - found.low == pytest.approx(half, rel=0.03)
    transposed = interval(np.repeat(means[None, :], 3, axis=0), replicates=99_999)
    assert transposed.high - transposed.mean == pytest.approx(half, rel=0.03)


def test_replicates_are_drawn_as_effects_would_be():
    # The bootstrap draws means and mean squares; here teachers, students and residuals are drawn one by one.
    variances = (0.5, 0.2, 0.3)
    values = experiments((3, 4), variances, 40_000)
    theta = (4 * 0.5 + 0.3, 3 * 0.2 + 0.3, 0.3)
    draws = statistics._draws(3, 4, 40_000, 0)
    weights = statistics._weights(draws, 0.95)
    literal = np.abs(values.mean((1, 2))) / np.sqrt(statistics._studentiser(mean_squares(values), weights) / 12)
    squares = MeanSquares(*(t * drawn for t, drawn in zip(theta, draws.squares, strict=True)))
    direct = draws.mean * np.sqrt((theta[0] + theta[1] - theta[2]) / statistics._studentiser(squares, weights))
    for level in (0.5, 0.8, 0.95):
        assert np.quantile(direct, level) == pytest.approx(np.quantile(literal, level), rel=0.03)


def test_order_statistics_cover_a_further_draw():
    assert statistics._quantile(np.arange(1.0, 20.0), 0.95) == 19  # 19 of 20 intervals between order statistics
    assert statistics._quantile(np.arange(1.0, 100.0), 0.95) == 95
    assert statistics._quantile(np.arange(99.0, 0.0, -1), 0.5) == 50


def test_paired_difference_cancels_what_is_shared():
    rng = np.random.default_rng(0)
    teachers, noise = 100 * rng.standard_normal((3, 1)), rng.standard_normal((3, 3))
    found = paired_difference(teachers + noise + 2, np.broadcast_to(teachers, (3, 3)))
    expected = interval(noise + 2)
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high), rel=1e-9)
    assert expected.ends is not None
    assert found.high - found.low < interval(teachers + noise).high / 10


def test_paired_ratio():
    rng = np.random.default_rng(0)
    first, second = np.exp(rng.standard_normal((2, 3, 4)))
    found, expected = paired_difference(first, second, "log"), interval(first / second, "log")
    assert (found.scale, found.teachers, found.students) == ("log", 3, 4)
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high), rel=1e-9)


def test_effect_size_by_hand():
    # Variance of one value of SMALL: 4 + 1.5 + 1 = 6.5, of zeros 0; pooled 3.25; the difference is 3.
    assert effect_size(SMALL, np.zeros((2, 2))) == pytest.approx((3 / math.sqrt(3.25), 1.0))
    assert effect_size(SMALL, SMALL) == EffectSize(0.0, 0.5)
    assert effect_size(SMALL, SMALL[::-1]).superiority == 0.5
    assert effect_size(np.exp(SMALL), np.ones((2, 2)), "log") == pytest.approx((3 / math.sqrt(3.25), 1.0))
    assert effect_size(np.zeros((2, 2)), np.ones((2, 2))) == EffectSize(-math.inf, 0.0)


# --------------------------------------------------------------------------- properties


@given(values=GRIDS, shift=st.integers(-50, 50), factor=st.sampled_from([-4.0, 0.5, 1024.0]))
@settings(max_examples=50, deadline=None)
def test_affine_equivariance(values, shift, factor):
    plain, moved = interval(values, replicates=199), interval(factor * values + shift, replicates=199)
    ends = sorted((factor * plain.low + shift, factor * plain.high + shift))
    tolerance = 1e-9 * (abs(ends[0]) + abs(ends[1]))
    assert [moved.low, moved.high] == pytest.approx(ends, abs=tolerance)
    assert moved.mean == pytest.approx(factor * plain.mean + shift, abs=tolerance)


@given(values=GRIDS, data=st.data())
@settings(max_examples=50, deadline=None)
def test_names_of_teachers_and_students_do_not_matter(values, data):
    rows, columns = (data.draw(st.permutations(range(n))) for n in values.shape)
    plain, shuffled = interval(values, replicates=199), interval(values[rows][:, columns], replicates=199)
    assert [shuffled.low, shuffled.high] == pytest.approx([plain.low, plain.high], rel=1e-9, abs=1e-9)


@given(values=GRIDS)
@settings(max_examples=25, deadline=None)
def test_wider_for_higher_levels_and_alike_in_any_batch(values):
    batch = np.stack([values, values + values[0, 0], values * 2])
    narrow, wide = half_width(batch, 0.8, 499), half_width(batch, 0.95, 499)
    assert (narrow < wide).all()
    assert wide[1] == pytest.approx(wide[0], rel=1e-9)
    assert wide[2] == pytest.approx(2 * wide[0], rel=1e-12)
    assert half_width(values, 0.95, 499) == wide[0]


def test_equal_means_of_teachers_and_students_are_no_certainty():
    # The residual has standard deviation 2, so the mean of four has 1; a third of the normal interval is left.
    assert interval([[1.0, -1.0], [-1.0, 1.0]]).high == pytest.approx(1.96 / 3, rel=0.02)


def test_deterministic_given_the_seed():
    assert interval(SMALL, seed=3) == interval(SMALL, seed=3)
    statistics._draws.cache_clear()
    assert interval(SMALL, seed=3) == interval(SMALL, seed=3)
    assert interval(SMALL, seed=3) != interval(SMALL, seed=4)


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        interval(SMALL).low = 0.0


# --------------------------------------------------------------------------- edges


@pytest.mark.parametrize(
    ("shape", "reason"),
    [((1, 3), "one teacher:"), ((3, 1), "one student seed:"), ((1, 1), "one teacher and one student seed:")],
)
def test_one_teacher_or_student_has_no_interval(shape, reason):
    for found in (interval(np.full(shape, 2.0)), paired_difference(np.full(shape, 4.0), np.full(shape, 2.0), "log")):
        assert (found.mean, found.low, found.high, found.ends) == (pytest.approx(2.0), None, None, None)
        assert found.reason.startswith(reason)
        assert (found.teachers, found.students) == shape


@pytest.mark.parametrize("value", [0.1, 1.0, 1e300, -7.3])
def test_equal_values_have_a_degenerate_interval(value):
    found = interval(np.full((3, 3), value))
    assert (found.low, found.mean, found.high) == (value, value, value)
    if value > 0:
        assert interval(np.full((3, 3), value), "log").ends == (value, value)


def test_bounds_clip_the_ends_only():
    values = np.array([[0.4, 0.9], [0.2, 0.3]])
    free, held = interval(values), interval(values, bounds=(0.0, 1.0))
    assert free.low < 0
    assert free.high > 1
    assert (held.low, held.high, held.mean) == (0.0, 1.0, free.mean)


def test_ends_beyond_floats_are_infinite():
    found = interval([[1e-300, 1e300], [1e10, 1.0]], "log")
    assert (found.low, found.high) == (0.0, math.inf)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [1.0, 2.0]}, r"values: expected shape \(teachers, students\).*saw shape \(2,\)"),
        ({"values": np.zeros((0, 3))}, "values: expected shape"),
        ({"values": [[1.0, math.nan], [1.0, 2.0]]}, "values: expected finite numbers, saw nan at teacher 0, student 1"),
        ({"values": [[1.0, None], [1.0, 2.0]]}, "values: expected finite numbers, saw nan"),
        ({"values": [["a", 1.0]]}, "values: expected an array of numbers"),
        ({"values": [[1.0, 2.0], [0.0, 2.0]], "scale": "log"}, r"values: expected positive .*saw 0.0 at \(1, 0\)"),
        ({"values": SMALL, "scale": "cubic"}, "scale: expected 'linear' or 'log', saw 'cubic'"),
        ({"values": SMALL, "level": 95}, "level: expected a number between 0 and 1, saw 95"),
        ({"values": SMALL, "replicates": 18}, "replicates: expected an integer of at least"),
        ({"values": SMALL, "seed": -1}, "seed: expected an integer"),
        ({"values": SMALL, "bounds": (1.0, 0.0)}, "bounds: expected the lower one first"),
        ({"values": SMALL, "bounds": (0.0, 1.0)}, "bounds: expected to hold all values"),
    ],
)
def test_bad_arguments_of_interval(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        interval(**arguments)


def test_bad_arguments_of_comparisons():
    with pytest.raises(InvalidInput, match=r"second: expected the shape \(2, 2\) of first, saw \(2, 3\)"):
        paired_difference(SMALL, np.zeros((2, 3)))
    with pytest.raises(InvalidInput, match="second: expected positive"):
        paired_difference(SMALL, SMALL - 1, "log")
    with pytest.raises(InvalidInput, match="first: expected two teachers"):
        effect_size(np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(InvalidInput, match="first: expected two teachers"):
        effect_size(np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(InvalidInput, match="scale: expected"):
        effect_size(SMALL, SMALL, "cubic")
