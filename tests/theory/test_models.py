"""Models and pairs: validation at the door, cached quantities, and logit differences that keep their digits."""

import math

import numpy as np
import pytest
import torch

from tests.theory.arithmetic.arithmetics import ARITHMETICS, first_float, models
from tests.theory.measures import oracles
from theory import InvalidInput, Model, NotApplicable, Pair
from theory.evidence import as_balls
from theory.models import centre_labels, centre_rows, label_subsets, pivoted

F, G = np.arange(6.0).reshape(3, 2), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 2.0]])


def test_shapes_and_names():
    model = Model(F, G)
    assert (model.n, model.k, model.m, model.batch) == (3, 4, 2, ())
    assert repr(model) == "Model(n=3, k=4, m=2)"
    assert repr(Model(F[None], G[None])) == "Model(n=3, k=4, m=2, batch=1)"


def test_quantities_by_hand():
    model = Model([[1.0]], [[1.0], [3.0]])
    assert np.array_equal(model.centred_unembeddings, [[-1.0], [1.0]])
    assert np.array_equal(model.centred_logits, [[-1.0, 1.0]])
    assert model.probabilities[0, 1] == pytest.approx(1 / (1 + math.exp(-2)), rel=1e-15)
    assert model.log_min_probability == pytest.approx(-math.log(1 + math.exp(2)), rel=1e-15)
    assert model.unembedding_singular_values[0] == pytest.approx(math.sqrt(2))
    assert np.allclose(model.unembedding_pseudo_inverse, [[-0.5, 0.5]])
    assert model.diversity == 1.0
    assert model.top_label.tolist() == [[False, True]]


def test_probabilities_sum_to_one_at_any_scale():
    for scale in (1e-8, 1.0, 1e2, 1e4):
        model = Model(scale * F, G)
        assert np.allclose(model.probabilities.sum(axis=1), 1.0, rtol=1e-14, atol=0)
        assert np.isfinite(model.log_probabilities).all()


def test_log_probabilities_keep_their_digits_near_one():
    model = Model([[1.0]], [[0.0], [40.0]])
    assert model.log_probabilities[0, 1] == pytest.approx(-math.exp(-40), rel=1e-12)


def test_a_model_holds_copies_that_no_one_can_write_to():
    mine = F.copy()
    model = Model(mine, G)
    mine[0, 0] = 99.0
    assert model.embeddings[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        model.embeddings[0, 0] = 1.0


def test_float32_and_integers_become_float64():
    assert Model(F.astype(np.float32), G.astype(int)).unembeddings.dtype == np.float64
    assert Model(torch.ones(2, 2), torch.ones(3, 2)).embeddings.dtype == torch.float64


def test_a_gauge_moves_the_arrays_and_not_the_distribution():
    gauge, shift = np.array([[2.0, 1.0], [0.0, 0.5]]), np.array([3.0, -1.0])
    moved = Model(F, G).gauged(gauge, shift)
    assert np.allclose(moved.embeddings[1], gauge @ F[1])
    assert np.allclose(gauge.T @ (moved.unembeddings[2] - shift), G[2])
    assert np.allclose(moved.probabilities, Model(F, G).probabilities, rtol=1e-13)


def test_diversity_fails_for_parallel_labels_and_for_few():
    assert Model([[1.0, 2.0]], [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]).diversity < 1e-15
    assert Model(np.ones((2, 3)), np.eye(3)).diversity == 0.0


def test_pivoted_singular_values_by_hand():
    values = Model([[1.0]], [[0.0], [1.0], [5.0]]).pivoted_singular_values
    assert values.shape == (3, 2, 1)
    assert np.array_equal(values[:, 0, 0], [1.0, 5.0, 4.0])


def test_subsets_are_lexicographic_and_bounded():
    assert label_subsets(4, 2).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert pivoted(G, np.array([[1, 3]])).tolist() == [[[0.0, 2.0]]]
    with pytest.raises(InvalidInput, match=r"C\(100, 51\).*subsets=20000"):
        label_subsets(100, 51)
    with pytest.raises(NotApplicable, match="k >= m"):
        label_subsets(3, 4)


def test_centring():
    assert centre_labels(np.array([[1.0, 3.0]])).tolist() == [[-1.0, 1.0]]
    assert centre_rows(np.array([[1.0], [3.0]])).tolist() == [[-1.0], [1.0]]


def test_rows_can_be_selected():
    pair = Pair(Model(F, G), Model(2 * F, G)).select_rows(slice(1, 3))
    assert pair.n == 2
    assert np.array_equal(pair.b.embeddings, 2 * F[1:])


# --------------------------------------------------------------------------- logit differences

RNG = np.random.default_rng(0)
F1, G1, F2, G2 = (RNG.standard_normal(shape) for shape in ((6, 2), (4, 2), (6, 2), (4, 2)))
MAP = np.array([[2.0, 1.0], [0.5, 3.0]])
HARD = {
    "independent": (F1, G1, F2, G2),
    "equal to 1e-7": (F1, G1, F1 + 1e-7 * F2, G1 + 1e-7 * G2),
    "equal to the last bit": (F1, G1, np.nextafter(F1, 9), np.nextafter(G1, -9)),
    "gauge related": (F1, G1, F1 @ MAP.T, G1 @ np.linalg.inv(MAP)),
    "gauge related to 1e-7": (F1, G1, F1 @ MAP.T + 1e-7 * F2, G1 @ np.linalg.inv(MAP)),
    "common offset of labels": (F1, G1 + 1e6, F1 + 1e-3 * F2, G1 + 1e6),
    "shifted labels": (F1, G1, F1, G1 + np.array([[7.0, -3.0]])),
    "offset and nearly equal": (F1, G1 + 1e5, F1 + 1e-8 * F2, G1 + 1e5 + 1e-6 * G2),
}


@pytest.mark.parametrize("name", HARD)
def test_squared_differences_keep_nine_digits(name):
    f, g, f2, g2 = HARD[name]
    truth = float(oracles.squared_logit_distance((f, g), (f2, g2)))
    pair = Pair(Model(f, g), Model(f2, g2))
    assert np.mean(np.sum(pair.logit_difference**2, axis=1)) == pytest.approx(truth, rel=1e-9)


def test_identical_models_differ_by_exactly_nothing():
    assert not Pair(Model(F1, G1), Model(F1, G1)).logit_difference.any()


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("name", ["independent", "equal to 1e-7", "gauge related to 1e-7"])
def test_differences_agree_in_every_arithmetic(arithmetic, name):
    f, g, f2, g2 = HARD[name]
    expected = Pair(Model(f, g), Model(f2, g2)).logit_difference[0, 0]
    pair = Pair(*models(arithmetic, (f, g), (f2, g2)))
    assert first_float(pair.logit_difference) == pytest.approx(expected, rel=1e-9)


# --------------------------------------------------------------------------- the door

BAD = [
    (np.array([[np.nan, 1.0]]), "expected finite numbers, saw nan at index \\(0, 0\\)"),
    (np.array([[1.0, np.inf]]), "saw inf at index \\(0, 1\\)"),
    (np.ones(2), "expected shape \\(n, m\\).*saw shape \\(2,\\)"),
    (np.ones((1, 1, 1, 2)), "saw shape \\(1, 1, 1, 2\\)"),
    (np.ones((0, 2)), "n >= 1, saw shape \\(0, 2\\)"),
    (np.ones((2, 0)), "m >= 1, saw shape \\(2, 0\\)"),
    (np.array([["a", "b"]]), "expected real numbers"),
    (np.array([[None, 1]], dtype=object), "expected real numbers.*object"),
    (np.array([[1j, 1]]), "expected real numbers.*complex"),
    (np.array([[True, False]]), "expected real numbers.*bool"),
    (np.ma.masked_array([[1.0, 2.0]], [[True, False]]), "masked"),
    ([[1.0, 2.0], [3.0]], "ragged"),
    ("embeddings", "expected real numbers"),
    (None, "expected real numbers"),
    (torch.ones(1, 2, dtype=torch.complex64), "expected dense real numbers"),
    (torch.tensor([[math.nan, 1.0]]), "saw nan"),
]


@pytest.mark.parametrize(("value", "complaint"), BAD)
def test_bad_embeddings_are_named(value, complaint):
    with pytest.raises(InvalidInput, match=f"^embeddings: .*{complaint}"):
        Model(value, np.eye(3, 2))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (np.ones((1, 2)), "k >= 2, saw shape \\(1, 2\\)"),
        (np.ones((3, 5)), "as many columns as embeddings have \\(2\\), saw shape \\(3, 5\\)"),
        (np.full((3, 2), np.inf), "finite"),
        (np.ones((2, 3, 2)), "batch axis"),
        (torch.ones(3, 2), "one of each"),
    ],
)
def test_bad_unembeddings_are_named(value, complaint):
    with pytest.raises(InvalidInput, match=complaint) as caught:
        Model(np.ones((4, 2)), value)
    assert "unembeddings" in str(caught.value)


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (Model(F[:2], G), "b.embeddings: expected the 3 rows"),
        (Model(F, G[:3]), "b.unembeddings: expected the 4 rows"),
        (Model(F[None], G[None]), "b: expected the batch axis"),
        (Model(torch.tensor(F), torch.tensor(G)), "one of each"),
        ("a model", "b: expected a Model, saw str"),
    ],
)
def test_pairs_that_do_not_match_are_refused(other, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Pair(Model(F, G), other)


def test_dimensions_of_a_pair_may_differ():
    pair = Pair(Model(F, G), Model(np.ones((3, 1)), np.ones((4, 1))))
    assert (pair.m, pair.b.m, pair.swapped.m) == (2, 1, 1)


# --------------------------------------------------------------------------- from logits alone

LOGITS = F1 @ G1.T + RNG.standard_normal((6, 1))
"""Of rank 2 once they are centred, and up to a number for each row."""


def keeps_the_logits(build):
    """Whether the centred logits of what is built are those of the array, in a basis that sums to zero over labels."""
    model = build(LOGITS)
    right = np.allclose(model.centred_logits, centre_labels(LOGITS), rtol=0, atol=1e-13)
    return right and model.m == 2 and np.allclose(model.unembeddings.sum(axis=0), 0.0, atol=1e-14)


def test_a_model_of_logits_has_them():
    assert keeps_the_logits(Model.from_logits)
    model = Model.from_logits(LOGITS)
    assert np.allclose(model.unembeddings.T @ model.unembeddings, np.eye(2))
    assert np.allclose(np.linalg.norm(model.embeddings, axis=1), np.linalg.norm(centre_labels(LOGITS), axis=1))


def test_logits_that_are_not_centred_are_not_kept():
    def uncentred(logits):
        left, values, right = np.linalg.svd(logits, full_matrices=False)
        return Model(left[:, :2] * values[:2], right[:2].T)

    assert not keeps_the_logits(uncentred)
    assert not keeps_the_logits(lambda logits: Model.from_logits(logits.astype(np.float32)))  # rounded at the door


def test_log_probabilities_will_do_by_hand():
    """Probabilities (1, e^2)/(1 + e^2): centred logits (-1, 1), along (-1, 1)/sqrt 2 of either sign."""
    model = Model.from_logits(np.log([[1.0, math.exp(2.0)]]))
    assert abs(model.embeddings[0, 0]) == pytest.approx(math.sqrt(2))
    assert np.allclose(model.centred_logits, [[-1.0, 1.0]])


def test_the_rank_is_told_by_the_rounding_of_the_type():
    assert Model.from_logits(LOGITS.astype(np.float32)).m == 2
    assert Model.from_logits(torch.tensor(LOGITS).half()).m == 2
    assert Model.from_logits(np.zeros((3, 4))).m == 1
    noisy = LOGITS + 1e-9 * RNG.standard_normal(LOGITS.shape)
    assert Model.from_logits(noisy).m == 3
    assert np.allclose(Model.from_logits(noisy).centred_logits, centre_labels(noisy), atol=1e-13)
    told = Model.from_logits(noisy, dimension=2)
    assert told.m == 2
    assert 1e-11 < np.abs(told.centred_logits - centre_labels(noisy)).max() < 1e-8


@pytest.mark.parametrize("dimension", [2, 3])
def test_more_dimensions_are_filled_up_with_directions_of_labels(dimension):
    model = Model.from_logits(LOGITS[:1], dimension=dimension)
    assert model.m == dimension
    assert model.diversity == pytest.approx(1.0)
    assert np.allclose(model.centred_logits, centre_labels(LOGITS[:1]), atol=1e-13)
    assert np.array_equal(model.unembeddings, Model.from_logits(LOGITS[:1], dimension=dimension).unembeddings)


def test_batches_share_the_largest_rank_and_tensors_keep_their_gradient():
    batch = Model.from_logits(np.stack([LOGITS, np.outer(np.arange(6.0), [1.0, 0.0, 0.0, 0.0])]))
    assert (batch.batch, batch.m) == ((2,), 2)
    assert np.allclose(batch.centred_logits[0], centre_labels(LOGITS), atol=1e-13)
    logits = torch.tensor(LOGITS, requires_grad=True)
    model = Model.from_logits(logits)
    (gradient,) = torch.autograd.grad(model.centred_logits.square().sum(), logits)
    assert torch.allclose(gradient, 2 * model.centred_logits.detach(), atol=1e-12)


@pytest.mark.parametrize(
    ("logits", "dimension", "complaint"),
    [
        (LOGITS, 1, "dimension: expected at least 2, the rank of the centred logits beyond noise, saw 1"),
        (LOGITS, 4, "dimension: expected a whole number from 1 to k - 1 = 3, saw 4"),
        (LOGITS, 0, "from 1 to k - 1 = 3, saw 0"),
        (LOGITS, True, "saw True"),
        (LOGITS, 2.0, "saw 2.0"),
        (LOGITS[:, :1], None, "logits: .*k >= 2, saw shape"),
        (LOGITS[0], None, "logits: expected shape"),
        (np.full((2, 3), np.nan), None, "logits: expected finite numbers"),
        (1e200 * LOGITS, None, "logits: expected entries below 1e\\+140"),
        (as_balls(Pair(Model(F, G), Model(F, G))).a.embeddings, None, "logits: .*saw balls"),
    ],
)
def test_bad_logits_are_named(logits, dimension, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Model.from_logits(logits, dimension)
