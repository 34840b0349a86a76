"""The measures that are ours alone: values worked out by hand, the bounds they come with, and error paths."""

import math

import numpy as np
import pytest

from theory import (
    DegenerateInput,
    InvalidInput,
    Model,
    NotApplicable,
    RankDeficient,
    alignment_error,
    canonical_correlations,
    logit_distance,
    mean_cca,
)
from theory.conformance.inputs import model_pairs
from theory.measures.variants import (
    guaranteed_mean_cca,
    minimax_alignment_error,
    symmetrised_whitened_logit_distance,
    whitened_logit_distance,
)

# f = +-1 has variance one; labels at +-1 give centred logits +-1 on each label.
LINE = Model([[1.0], [-1.0]], [[1.0], [-1.0]])


def _line(scale):
    return Model([[scale], [-scale]], [[1.0], [-1.0]])


def test_on_a_line_it_is_the_relative_error():
    # r = f - c f = (1 - c) f, in standard deviations of f: |1 - c|.
    assert whitened_logit_distance(LINE, _line(0.75)) == pytest.approx(0.25)
    # The other way round the unit is c: |1 - c|/c.
    assert whitened_logit_distance(_line(0.75), LINE) == pytest.approx(1 / 3)
    assert symmetrised_whitened_logit_distance(LINE, _line(0.75)) == pytest.approx(math.sqrt((1 / 16 + 1 / 9) / 2))


def test_what_a_line_guarantees():
    # s = m d_w^2 = 1/16: the envelope leaves sqrt(1 - 1/16).
    assert guaranteed_mean_cca(LINE, _line(0.75)) == pytest.approx(math.sqrt(15) / 4)
    assert guaranteed_mean_cca(LINE, _line(-1.0)) == 0.0
    assert guaranteed_mean_cca(LINE, LINE) == 1.0


def test_the_guarantee_is_attained_by_a_certain_loss():
    # Two directions of f, uncorrelated and of variance one; the student has the first, and nothing but its own noise
    # in place of the second: rho = (1, 0), d_w^2 = (0 + 1 + E noise^2)/2 with vanishing noise.
    f = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    g = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    noise = 1e-6 * f[:, :1] * f[:, 1:]
    a, b = Model(f, g), Model(np.hstack([f[:, :1], noise]), g)
    assert mean_cca(a.embeddings, b.embeddings) == pytest.approx(0.5)
    assert guaranteed_mean_cca(a, b) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_hold_and_are_ordered(seed):
    seen = 0
    for a, b in model_pairs(seed, 60, equal=True):
        try:
            whitened = whitened_logit_distance(a, b)
        except DegenerateInput:
            continue
        seen += 1
        rho = canonical_correlations(a.embeddings, b.embeddings)
        slack = 1e-9 * max(1.0, whitened**2)
        assert np.mean(1 - rho**2) <= whitened**2 + slack
        assert 1 - np.mean(rho) <= np.mean(1 - rho**2) + slack
        assert guaranteed_mean_cca(a, b) <= np.mean(rho) + slack
        covariance = np.cov(a.centred_logits.T, bias=True)
        smallest = np.linalg.eigvalsh(covariance)[-a.m]
        assert whitened**2 <= logit_distance(a, b) ** 2 / (a.m * smallest) * (1 + 1e-6) + slack
    assert seen > 40


def test_gauges_and_units_do_not_matter():
    rng = np.random.default_rng(5)
    a = Model(rng.standard_normal((9, 3)), rng.standard_normal((6, 3)))
    b = Model(rng.standard_normal((9, 3)), rng.standard_normal((6, 3)))
    one, other = rng.standard_normal((2, 3, 3)) + 2 * np.eye(3)
    expected = whitened_logit_distance(a, b)
    assert whitened_logit_distance(a.gauged(one), b.gauged(other, rng.standard_normal(3))) == pytest.approx(expected)
    assert whitened_logit_distance(a.gauged(1e6 * np.eye(3)), b) == pytest.approx(expected)


def test_it_sees_the_span_of_the_labels_only_in_one_direction():
    # Student's labels off the teacher's span: r = 0, but not the other way round.
    f = np.array([[1.0], [-1.0]])
    a, b = Model(f, [[1.0], [-1.0], [0.0]]), Model(f, [[1.5], [-0.5], [-1.0]])
    assert whitened_logit_distance(a, b) == pytest.approx(0, abs=1e-15)
    assert whitened_logit_distance(b, a) > 0.1
    assert symmetrised_whitened_logit_distance(a, b) > 0.1


def test_torch_and_batches_agree_with_numpy():
    torch = pytest.importorskip("torch", reason="the tensor path needs torch")
    rng = np.random.default_rng(6)
    arrays = [rng.standard_normal((4, *shape)) for shape in ((7, 2), (5, 2), (7, 2), (5, 2))]
    batched = whitened_logit_distance(Model(*arrays[:2]), Model(*arrays[2:]))
    single = [
        whitened_logit_distance(Model(*(x[i] for x in arrays[:2])), Model(*(x[i] for x in arrays[2:])))
        for i in range(4)
    ]
    assert np.allclose(batched, single, rtol=1e-12)
    tensors = [torch.tensor(array) for array in arrays]
    from_torch = whitened_logit_distance(Model(*tensors[:2]), Model(*tensors[2:]))
    assert np.allclose(from_torch.numpy(), single, rtol=1e-12)


def test_degenerate_models_are_refused_by_name():
    with pytest.raises(RankDeficient, match="a: "):
        whitened_logit_distance(Model([[1.0], [2.0]], [[1.0], [1.0]]), LINE)
    with pytest.raises(DegenerateInput, match="a: the covariance"):
        whitened_logit_distance(Model([[1.0], [1.0]], [[1.0], [-1.0]]), LINE)
    with pytest.raises(DegenerateInput, match="singular"):
        whitened_logit_distance(Model([[1.0]], [[1.0], [-1.0]]), Model([[2.0]], [[1.0], [-1.0]]))
    wide = Model(np.eye(2), [[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(NotApplicable, match="b: expected dimension 1"):
        guaranteed_mean_cca(LINE, wide)


# --------------------------------------------------------------------------- the worst input


def test_on_one_dimension_the_worst_input_is_balanced_by_hand():
    # min_c max(|3 - c|, |1 - 2 c|): 3 - c = 2 c - 1 at c = 4/3, value 5/3.
    assert minimax_alignment_error([[3.0], [1.0]], [[1.0], [2.0]]) == pytest.approx(5 / 3, rel=1e-6)


def test_it_is_at_least_the_average_and_zero_for_linear_images():
    rng = np.random.default_rng(7)
    X, Y = rng.standard_normal((12, 3)), rng.standard_normal((12, 3))
    least_squares = X - Y @ np.linalg.lstsq(Y, X, rcond=None)[0]
    assert minimax_alignment_error(X, Y) >= np.sqrt(np.mean(np.sum(least_squares**2, axis=1))) - 1e-7
    assert minimax_alignment_error(X, Y) <= np.max(np.linalg.norm(least_squares, axis=1)) + 1e-7
    assert minimax_alignment_error(Y @ rng.standard_normal((3, 2)), Y) < 1e-6


def test_logit_distance_bounds_the_worst_input():
    for a, b in model_pairs(11, 12, equal=True):
        error = minimax_alignment_error(a.embeddings, b.embeddings)
        bound = math.sqrt(a.n) * logit_distance(a, b) / a.unembedding_singular_values[a.m - 1]
        assert error <= bound * (1 + 1e-6) + 1e-7
        if a.n == 1:
            assert error <= alignment_error(a, b) + 1e-7


def test_the_worst_case_refuses_what_it_cannot_use():
    with pytest.raises(InvalidInput, match="X: expected"):
        minimax_alignment_error([[math.nan]], [[1.0]])
    with pytest.raises(InvalidInput, match="the same rows"):
        minimax_alignment_error([[1.0], [2.0]], [[1.0]])
    assert minimax_alignment_error([[0.0], [0.0]], [[1.0], [2.0]]) == 0
    assert minimax_alignment_error([[3.0], [-4.0]], [[0.0], [0.0]]) == 4
