"""Ball arithmetic: every result encloses the exact one, tightly where it can and not at all where it cannot."""

import math

import mpmath as mp
import numpy as np
import pytest
from flint import arb

import theory.arithmetic.balls as balls

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _bits():
    with balls.precision(160):
        yield


def encloses(ball, value, radius=1e-30):
    return ball.contains(arb(str(value))) or (
        abs(float(ball.mid()) - float(value)) <= 1e-15 * abs(float(value)) and (float(ball.rad()) < radius)
    )


def test_floats_are_exact():
    array = balls.asarray(np.array([[0.1, 1e300], [-0.0, 5.0]]))
    assert balls.all_balls(array)
    assert all(x.rad() == 0 for x in array.flat)
    assert float(array[0, 0].mid()) == 0.1
    assert balls.asarray(2.0)[()] == 2
    assert balls.asarray(arb(3))[()] == 3


@pytest.mark.parametrize(
    ("ours", "truth"),
    [(balls.exp, mp.exp), (balls.expm1, mp.expm1), (balls.log, mp.log), (balls.log1p, mp.log1p), (balls.tanh, mp.tanh),
     (balls.sqrt, mp.sqrt), (balls.abs, abs)],
)  # fmt: skip
def test_functions_enclose(ours, truth):
    with mp.workdps(60):
        for x in (0.1, 1.0, 3.7):
            ball = ours(balls.asarray(x))[()]
            assert (ball - arb(mp.nstr(truth(mp.mpf(x)), 55))).abs_upper() < 1e-40


def test_a_ball_around_zero_has_an_absolute_value_and_a_root():
    around = arb(0, 0.5)
    assert balls.abs(balls.asarray(around))[()].contains(0.4)
    assert not balls.abs(balls.asarray(around))[()].contains(-0.4)
    assert balls.sqrt(balls.asarray(around))[()].contains(0.6)
    assert balls.sqrt(balls.asarray(arb.nan()))[()].is_nan()


def test_reductions_and_axes():
    array = balls.asarray(np.arange(6.0).reshape(2, 3))
    assert [float(x.mid()) for x in balls.sum(array, axis=1)] == [3.0, 12.0]
    assert [float(x.mid()) for x in balls.mean(array, axis=0)] == [1.5, 2.5, 3.5]
    assert balls.max(array, axis=(-2, -1))[()] == 5
    assert balls.min(array)[()] == 0
    assert balls.sum(array, axis=-1, keepdims=True).shape == (2, 1)


def test_the_larger_of_overlapping_balls_is_enclosed():
    found = balls.maximum(balls.asarray(arb(1, 0.5)), balls.asarray(arb(1.2, 0.1)))[()]
    assert found.contains(1.1)
    assert found.contains(1.5)
    assert not found.contains(1.0)


def test_sorting_encloses_order_statistics_of_overlapping_balls():
    array = np.array([arb(1, 0.5), arb(1.2, 0.1), arb(5)], dtype=object)
    low, middle, high = balls.sort(array)
    assert low.contains(0.5)
    assert low.contains(1.29)
    assert middle.contains(1.1)
    assert middle.contains(1.5)
    assert high == 5
    assert all(x.is_nan() for x in balls.sort(np.array([arb.nan(), arb(1)], dtype=object)))


def test_an_indicator_that_cannot_tell_is_an_interval():
    values = balls.indicator(np.array([arb(1), arb(-1), arb(0), arb(0, 1)], dtype=object))
    assert values[0] == 1
    assert values[1] == 0
    assert values[2] == 0
    assert values[3].contains(0)
    assert values[3].contains(1)


def test_clipping():
    values = balls.clip(balls.asarray(np.array([-1.0, 0.5, 2.0])), 0.0, 1.0)
    assert [float(x.mid()) for x in values] == [0.0, 0.5, 1.0]


# --------------------------------------------------------------------------- linear algebra


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_eigenvalues_are_enclosed(size):
    half = RNG.standard_normal((size, size))
    matrix = half + half.T
    found = balls.linalg.eigvalsh(balls.asarray(matrix))
    with mp.workdps(50):
        truth = sorted(mp.eigsy(mp.matrix(matrix.tolist()), eigvals_only=True))
        for ball, value in zip(found, truth, strict=True):
            assert (ball - arb(mp.nstr(value, 45))).abs_upper() < 1e-38
            assert ball.rad() < 1e-38


def test_multiple_and_zero_eigenvalues_are_enclosed():
    turn = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    exact = balls.asarray(turn)
    matrix = exact @ balls.asarray(np.diag([2.0, 2.0, 0.0])) @ exact.T
    found = balls.linalg.eigvalsh(matrix)
    assert [round(float(x.mid()), 12) for x in found] == [0.0, 2.0, 2.0]
    assert all(x.rad() < 1e-30 for x in found)
    assert found[0].contains(0)


def test_an_uncertain_matrix_widens_its_eigenvalues():
    wide = np.array([[arb(2, 0.125), arb(0)], [arb(0), arb(1, 0.125)]], dtype=object)
    low, high = balls.linalg.eigvalsh(wide)
    for ball, ends in ((low, (0.875, 1.125)), (high, (1.875, 2.125))):
        assert all(ball.contains(end) for end in ends)


def test_singular_values_pseudo_inverse_and_determinant():
    matrix = RNG.standard_normal((2, 4, 3))
    array = balls.asarray(matrix)
    assert np.allclose(balls.linalg.svdvals(array).astype(float), np.linalg.svd(matrix, compute_uv=False), rtol=1e-13)
    assert np.allclose(balls.linalg.pinv(array).astype(float), np.linalg.pinv(matrix), rtol=1e-10)
    wide = balls.linalg.pinv(np.swapaxes(array, -1, -2))
    assert np.allclose(wide.astype(float), np.linalg.pinv(np.swapaxes(matrix, -1, -2)), rtol=1e-10)
    square = matrix[:, :3]
    assert np.allclose(balls.linalg.det(balls.asarray(square)).astype(float), np.linalg.det(square), rtol=1e-12)
    assert balls.linalg.vector_norm(array, axis=(-2, -1)).astype(float) == pytest.approx(
        np.linalg.norm(matrix, axis=(-2, -1))
    )


def test_systems_are_solved_and_singular_ones_are_nan():
    left, right = RNG.standard_normal((3, 3)), RNG.standard_normal((3, 2))
    found = balls.linalg.solve(balls.asarray(left), balls.asarray(right))
    assert np.allclose(found.astype(float), np.linalg.solve(left, right), rtol=1e-12)
    singular = balls.linalg.solve(balls.asarray(np.ones((2, 2))), balls.asarray(np.eye(2)))
    assert all(x.is_nan() for x in singular.flat)
    assert balls.isnan(singular).all()
    assert not balls.isfinite(singular).any()


def test_eigenvalues_of_what_is_not_known_are_nan():
    unknown = np.array([[arb.nan(), arb(0)], [arb(0), arb(1)]], dtype=object)
    assert balls.isnan(balls.linalg.eigvalsh(unknown)).all()


def test_canonical_correlations_of_deficient_spaces_are_not_enclosed():
    x = balls.asarray(RNG.standard_normal((5, 2)))
    deficient = np.concatenate([x[:, :1], x[:, :1]], axis=1)
    assert balls.isnan(balls.canonical_correlations(deficient, x)).any()
    assert balls.isnan(balls.canonical_correlations(x[:1], x[:1])).all()


def test_floats_enclose_the_ball():
    third = balls.asarray(1.0) / 3
    low, high = balls.to_float(third)
    assert low < 1 / 3 < high
    assert high - low < 1e-15
    assert balls.to_float(balls.asarray(arb.nan())) == (-math.inf, math.inf)


def test_precision_is_restored():
    from flint import ctx

    with balls.precision(300):
        assert ctx.prec == 300
    assert ctx.prec == 160
