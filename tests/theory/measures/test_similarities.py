"""Measures between embeddings: canonical correlations exact in every degenerate case, the others by formula."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import orthogonal_procrustes, subspace_angles

from tests.theory.arithmetic.arithmetics import ARITHMETICS, first_float, in_arithmetic
from tests.theory.measures import oracles
from theory import (
    DegenerateInput,
    InvalidInput,
    canonical_correlations,
    linear_cka,
    mean_cca,
    procrustes,
    pwcca,
    svcca,
    svd_dissimilarity,
)
from theory.measures import similarities
from theory.measures.registry import MEASURES
from theory.measures.similarities import principal_angles

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)), RNG.standard_normal((12, 4))
MIX = RNG.standard_normal((12, 3)) + X @ RNG.standard_normal((3, 3))
OURS = [
    measure
    for measure in MEASURES.values()
    if measure.function.__module__ == similarities.__name__ and measure.kind == "embeddings"
]
ALL = [*dict.fromkeys(measure.function for measure in OURS)]
SCALARS = [*dict.fromkeys(measure.function for measure in OURS if not measure.shape)]


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("other", [Y, MIX, X + 1e-6 * MIX, Y[:, :1], X[:, :2]])
def test_canonical_correlations_against_an_eigenproblem(other, centred):
    truth = [float(value) for value in oracles.canonical_correlations(X, other, centred)]
    got = canonical_correlations(X, other, centred)
    assert got.shape == (max(3, other.shape[1]),)
    assert np.allclose(got[: len(truth)], truth, rtol=0, atol=1e-12)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_canonical_correlations_in_every_arithmetic(arithmetic):
    x, y = in_arithmetic(arithmetic, X, MIX)
    expected = canonical_correlations(X, MIX)[0]
    assert first_float(canonical_correlations(x, y)) == pytest.approx(expected, rel=1e-12)


def test_a_dependent_column_changes_nothing():
    wider = np.column_stack([X, X[:, 0] + 2 * X[:, 1]])
    assert np.allclose(canonical_correlations(wider, MIX)[:3], canonical_correlations(X, MIX), atol=1e-13)
    assert canonical_correlations(wider, wider).tolist() == pytest.approx([1.0, 1.0, 1.0, 0.0], abs=1e-14)


def test_correlations_ignore_affine_maps():
    gauge = RNG.standard_normal((3, 3)) + 3 * np.eye(3)
    expected = canonical_correlations(X, MIX)
    assert np.allclose(canonical_correlations(X @ gauge + 100.0, MIX), expected, atol=1e-11)
    assert np.allclose(canonical_correlations(X, MIX @ gauge - 7.0), expected, atol=1e-11)


def test_centring_is_part_of_the_name():
    shifted = X + 10.0
    assert np.allclose(canonical_correlations(shifted, MIX), canonical_correlations(X, MIX), atol=1e-12)
    assert not np.allclose(
        canonical_correlations(shifted, MIX, centred=False), canonical_correlations(X, MIX), atol=1e-2
    )


def test_sines_keep_their_digits_where_cosines_cannot():
    near = X + 1e-9 * MIX
    angles = np.sort(subspace_angles(X, near))
    assert np.allclose(principal_angles(X, near).sines, np.sin(angles), rtol=1e-6)
    assert np.all(principal_angles(X, near).sines < 1e-7)


def test_sines_and_cosines_of_deficient_and_unequal_spaces_are_of_one_angle():
    for first, second in ((np.column_stack([X, X[:, 0]]), Y), (X, np.column_stack([Y, Y])), (X[:2], Y[:2])):
        found = principal_angles(first, second)
        assert np.allclose(found.cosines**2 + found.sines**2, 1.0, atol=1e-12)


def test_a_constant_representation_correlates_with_nothing():
    assert mean_cca(np.ones((5, 2)), X[:5]) == 0.0
    assert canonical_correlations(X, np.full((12, 3), 0.1)).tolist() == [0.0, 0.0, 0.0]


def test_one_row_and_fewer_rows_than_columns():
    assert canonical_correlations(X[:1], Y[:1], centred=False).tolist() == pytest.approx([1.0, 0, 0, 0])
    assert canonical_correlations(X[:2], MIX[:2], centred=False).tolist() == pytest.approx([1.0, 1.0, 0.0])


def test_mean_cca_divides_by_the_wider():
    assert mean_cca(X, X[:, :1]) == pytest.approx(1 / 3)
    assert mean_cca(X[:, :1], X) == pytest.approx(1 / 3)


def test_linear_cka_against_hsic():
    assert linear_cka(X, MIX) == pytest.approx(float(oracles.linear_cka(X, MIX)), rel=1e-12)


def test_svd_dissimilarity_against_its_definition():
    assert svd_dissimilarity(X, MIX) == pytest.approx(float(oracles.svd_dissimilarity(X, MIX)), rel=1e-12)


def test_procrustes_against_scipy():
    x, y = X - X.mean(axis=0), MIX - MIX.mean(axis=0)
    rotation, _ = orthogonal_procrustes(y, x)
    assert procrustes(X, MIX, normalised=False) == pytest.approx(np.linalg.norm(x - y @ rotation), rel=1e-12)
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    nuclear = np.linalg.svd(x.T @ y, compute_uv=False).sum()
    assert procrustes(X, MIX) == pytest.approx(math.sqrt(2 - 2 * nuclear), rel=1e-12)


def test_procrustes_near_zero_keeps_its_digits():
    turned = X @ np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    assert procrustes(X, turned) < 1e-14
    assert procrustes(X, turned + 1e-9 * MIX) == pytest.approx(procrustes(X, turned + 1e-8 * MIX) / 10, rel=1e-3)


def test_procrustes_pads_the_narrower():
    assert procrustes(X, X[:, :1]) == pytest.approx(procrustes(X, np.column_stack([X[:, :1], 0 * X[:, :2]])))


def test_svcca_keeps_what_explains_the_variance():
    loud = np.column_stack([100 * X[:, 0], X[:, 1], 1e-6 * X[:, 2]])
    both = [loud[:, :1] - loud[:, :1].mean(), MIX]
    assert svcca(loud, MIX, threshold=0.9) == pytest.approx(canonical_correlations(*both)[0], rel=1e-2)
    assert svcca(X, MIX, threshold=1.0) == pytest.approx(mean_cca(X, MIX), rel=1e-12)


def test_pwcca_by_hand_on_one_direction():
    x = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    y = np.array([[1.0], [-1.0], [-1.0], [1.0]]) + 2 * x
    assert pwcca(x, y) == pytest.approx(canonical_correlations(x, y)[0])


@pytest.mark.parametrize("measure", SCALARS)
def test_a_representation_is_as_like_itself_as_can_be(measure):
    best = float(any(one.similarity for one in OURS if one.function is measure))
    # One minus a nuclear norm: a matrix is its own best match only if its columns are uncorrelated.
    columns = np.linalg.qr(X - X.mean(axis=0))[0] if measure is svd_dissimilarity else X
    assert measure(columns, columns) == pytest.approx(best, abs=1e-14)


@pytest.mark.parametrize("measure", SCALARS)
def test_tensors_and_arrays_agree_and_gradients_flow(measure):
    x, y = torch.tensor(X, requires_grad=True), torch.tensor(MIX)
    value = measure(x, y)
    assert value.item() == pytest.approx(measure(X, MIX), rel=1e-12)
    value.backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().max() > 0


@pytest.mark.parametrize("measure", [linear_cka, procrustes, mean_cca, svd_dissimilarity])
def test_batches_act_on_each(measure):
    got = measure(np.stack([X, MIX]), np.stack([MIX, X]))
    assert got.tolist() == pytest.approx([measure(X, MIX), measure(MIX, X)], rel=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
@pytest.mark.parametrize("measure", [linear_cka, procrustes, mean_cca])
def test_scales_neither_over_nor_underflow(measure, scale):
    assert measure(scale * X, MIX) == pytest.approx(measure(X, MIX), rel=1e-12)


@pytest.mark.parametrize("measure", [svcca, pwcca, linear_cka, procrustes, svd_dissimilarity])
def test_representations_without_spread_are_degenerate(measure):
    for constant in (np.zeros((12, 3)), np.full((12, 3), 0.1)):
        with pytest.raises(DegenerateInput, match="X"):
            measure(constant, MIX)
        with pytest.raises(DegenerateInput, match="Y"):
            measure(MIX, constant)


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize(
    ("x", "y", "complaint"),
    [
        (X, Y[:5], "Y: expected the rows of X, saw shapes"),
        (X[:, 0], Y, "X: expected shape"),
        (np.full((12, 3), np.nan), Y, "X: expected finite"),
        (X, np.array([["a"]] * 12), "Y: expected real"),
        (X, torch.tensor(Y), "one of each"),
    ],
)
def test_bad_arrays_are_named(measure, x, y, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        measure(x, y)


@pytest.mark.parametrize("threshold", [0, 1.5, -1])
def test_a_threshold_that_is_no_share_is_refused(threshold):
    with pytest.raises(InvalidInput, match="threshold"):
        svcca(X, Y, threshold)


@pytest.mark.parametrize("measure", [svcca, pwcca])
def test_measures_without_batches_say_so(measure):
    with pytest.raises(InvalidInput, match="without a batch axis"):
        measure(X[None], Y[None])


def test_inputs_are_not_changed():
    x, y = X.copy(), MIX.copy()
    for measure in ALL:
        measure(x, y)
    assert np.array_equal(x, X)
    assert np.array_equal(y, MIX)


def test_many_rows_are_rotated_into_few_without_loss():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2000, 3))
    y = x @ rng.standard_normal((3, 4)) + 1e-3 * rng.standard_normal((2000, 4))
    angles = np.sort(subspace_angles(x - x.mean(axis=0), y - y.mean(axis=0)))
    got = canonical_correlations(x, y)
    assert np.allclose(got[:3], np.cos(angles), rtol=1e-13)
    assert np.allclose(principal_angles(x - x.mean(axis=0), y - y.mean(axis=0)).sines[:3], np.sin(angles), rtol=1e-10)
    assert canonical_correlations(x, np.column_stack([x, x[:, 0]]))[3] == 0.0
