"""Coordinates around pairs: the origin, slopes along them, and what stays as it is while they move."""

import numpy as np
import pytest

from tests.theory.search.naive import arrays
from theory import Model
from theory.search.charts import Chart, GaugeChart, chart_around

KINDS = ("free", "apart", "one factor", "gauge")


def same(first, second, tolerance=1e-15):
    return all(np.allclose(x, y, rtol=tolerance, atol=tolerance) for x, y in zip(first, second, strict=True))


def one_factor_shared(pair, factor):
    f, g, f2, g2 = pair
    return (f, g, f, g2) if factor == "embeddings" else (f, g, f2, g)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("m2", [1, 2, 3])
def test_the_pair_is_at_the_origin(kind, m2):
    pair = arrays(m2=m2)
    chart = chart_around(pair, kind)
    found = chart.at(np.zeros(chart.size))
    if kind == "one factor" and m2 == 2:  # the factor that differs less is shared from then on
        pair = one_factor_shared(pair, "embeddings" if np.array_equal(found[2], pair[0]) else "unembeddings")
    assert same(found, pair)
    assert [x.shape for x in found] == [x.shape for x in pair]


@pytest.mark.parametrize("kind", KINDS)
def test_points_do_not_move_the_chart(kind):
    pair = arrays()
    before = [array.copy() for array in pair]
    chart = chart_around(pair, kind)
    x = np.random.default_rng(1).standard_normal(chart.size)
    first, again = chart.at(x), chart.at(x)
    assert same(first, again, 0)
    assert not same(first, pair, 1e-3)
    assert same(pair, before, 0)


def test_the_number_of_coordinates():
    n, k, m = 3, 4, 2
    assert chart_around(arrays(), "free").size == 4 + 2 * (n + k) * m
    assert chart_around(arrays(), "apart").size == 4 + 2 * (n + k) * m
    assert chart_around(arrays(), "gauge").size == 2 * m * m
    assert chart_around(arrays(m2=3), "gauge").size == 2 * 2 + 3 * 3
    shared = one_factor_shared(arrays(), "embeddings")
    assert chart_around(shared, "apart").size == 3 + (n + 2 * k) * m
    assert chart_around(shared, "one factor").size == 3 + (n + 2 * k) * m


def test_known_moves():
    """Scale first, then entries, in units of the root mean square of a block."""
    f, g = np.array([[3.0], [4.0]]), np.array([[1.0], [-1.0]])
    chart = chart_around((f, g, f, g), "free")
    unit = np.sqrt(12.5)
    assert chart.units == pytest.approx((unit, 1.0, unit, 1.0))
    moved = chart.at(np.array([np.log(2), 1.0, 0.0, 0.0, 0.5, 0.0, 0, 0, 0, 0, 0, 0]))
    assert same(moved, (np.array([[2 * (3 + unit)], [8.0]]), np.array([[1.5], [-1.0]]), f, g))


def test_differences_are_scaled_as_such():
    f, g = np.array([[3.0], [4.0]]), np.array([[1.0], [-1.0]])
    chart = chart_around((f, g, f + 1e-6, g + np.array([[2e-3], [0.0]])), "apart")
    assert chart.differences
    x = np.zeros(chart.size)
    x[6] = np.log(10)  # the scale of F' - F
    _, _, f2, g2 = chart.at(x)
    assert np.allclose(f2 - f, 1e-5, rtol=1e-9)
    assert np.allclose(g2 - g, [[2e-3], [0.0]])
    x = np.zeros(chart.size)
    x[0] = np.log(10)  # the scale of F takes F' along
    f1, _, f2, _ = chart.at(x)
    assert np.allclose(f1, 10 * f)
    assert np.allclose(f2 - f1, 1e-6, rtol=1e-7)


def test_one_factor_is_the_one_that_differs_more():
    f, g, _, _ = arrays()
    by_labels = chart_around((f, g, f * (1 + 1e-6), g * 1.5), "one factor")
    by_inputs = chart_around((f, g, f * 1.5, g * (1 + 1e-6)), "one factor")
    assert by_labels.units[2] == 0
    assert by_inputs.units[3] == 0
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal(by_labels.size)
        moved = by_labels.at(x)
        assert np.array_equal(moved[0], moved[2])
        assert not np.array_equal(moved[1], moved[3])
        x = np.random.default_rng(seed).standard_normal(by_inputs.size)
        moved = by_inputs.at(x)
        assert np.array_equal(moved[1], moved[3])
        assert not np.array_equal(moved[0], moved[2])


def test_ties_of_a_factor_stay_tied():
    shared = one_factor_shared(arrays(), "unembeddings")
    chart = chart_around(shared, "apart")
    for seed in range(3):
        moved = chart.at(np.random.default_rng(seed).standard_normal(chart.size))
        assert np.array_equal(moved[1], moved[3])
    free = chart_around(shared, "free")
    moved = free.at(np.random.default_rng(0).standard_normal(free.size))
    assert not np.array_equal(moved[1], moved[3])


def test_equal_models_part_by_their_labels():
    f, g, _, _ = arrays()
    for kind in ("apart", "one factor"):
        chart = chart_around((f, g, f, g), kind)
        assert chart.units[3] > 0
        moved = chart.at(np.random.default_rng(0).standard_normal(chart.size))
        assert np.array_equal(moved[0], moved[2])
        assert not np.array_equal(moved[1], moved[3])


def test_unequal_dimensions_have_no_differences():
    pair = arrays(m2=3)
    for kind in ("apart", "one factor"):
        chart = chart_around(pair, kind)
        assert isinstance(chart, Chart)
        assert not chart.differences
        assert all(chart.units)


def test_a_factor_of_zeros_can_be_left():
    f, g, f2, g2 = arrays()
    chart = chart_around((f * 0, g, f2, g2), "free")
    assert chart.units[0] > 0
    moved = chart.at(np.ones(chart.size))
    assert np.abs(moved[0]).min() > 0


def test_scales_end_where_floats_do():
    chart = chart_around(arrays(), "free")
    x = np.zeros(chart.size)
    x[0] = 1e6
    assert all(np.isfinite(block).all() for block in chart.at(x))
    assert np.allclose(chart.at(x)[0], np.exp(200.0) * arrays()[0])
    x[0] = -1e6
    assert np.abs(chart.at(x)[0]).max() > 0


@pytest.mark.parametrize("kind", ["free", "apart", "one factor"])
@pytest.mark.parametrize("shared", ["nothing", "embeddings", "unembeddings"])
@pytest.mark.parametrize("m2", [2, 3])
def test_slopes_are_those_of_finite_differences(kind, shared, m2):
    pair = arrays(m2=m2)
    if shared != "nothing" and m2 == 2:
        pair = one_factor_shared(pair, shared)
    chart = chart_around(pair, kind)
    weights = arrays(m2=m2, seed=5)

    def value(x):  # a function of all four factors that is not linear in them
        return sum(float(np.sum(np.sin(w * block))) for w, block in zip(weights, chart.at(x), strict=True))

    for seed in range(2):
        x = 0.3 * np.random.default_rng(seed).standard_normal(chart.size)
        slopes = tuple(w * np.cos(w * block) for w, block in zip(weights, chart.at(x), strict=True))
        found = chart.pulled_back(x, slopes)
        step = 1e-6 * np.eye(chart.size)
        expected = [(value(x + e) - value(x - e)) / 2e-6 for e in step]
        assert found.shape == (chart.size,)
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-8)


# --------------------------------------------------------------------------- gauges


@pytest.mark.parametrize("m2", [1, 2, 3])
def test_gauges_leave_both_distributions_as_they_are(m2):
    pair = arrays(m2=m2)
    chart = chart_around(pair, "gauge")
    assert isinstance(chart, GaugeChart)
    for seed in range(5):
        moved = chart.at(0.4 * np.random.default_rng(seed).standard_normal(chart.size))
        for first in (0, 2):
            before, after = Model(pair[first], pair[first + 1]), Model(moved[first], moved[first + 1])
            assert np.allclose(before.log_probabilities, after.log_probabilities, rtol=1e-10, atol=1e-10)
            assert not np.allclose(pair[first], moved[first], rtol=1e-3)


def test_a_known_gauge():
    f, g = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    chart = chart_around((f, g, f, g), "gauge")
    moved = chart.at(np.array([1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]))  # A = diag(2, 1), A' = [[1, 1], [0, 1]]
    assert same(moved, (np.array([[2.0, 2.0]]), np.diag([0.5, 1.0]), np.array([[3.0, 2.0]]), [[1.0, -1.0], [0.0, 1.0]]))


def test_at_a_singular_map_is_the_origin():
    pair = arrays()
    chart = chart_around(pair, "gauge")
    x = np.zeros(chart.size)
    x[:4] = -np.eye(2).ravel()  # A = 0
    assert same(chart.at(x), pair, 0)
