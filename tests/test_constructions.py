"""The builders of structured pairs and the regimes that searches draw from."""

import numpy as np
import pytest

from theory import InvalidInput, Model, Pair, kl_divergence, squared_logit_distance
from theory.constructions import (
    Shape,
    conditioned_map,
    gauged,
    gaussian,
    integer_labels,
    log_uniform,
    made_diverse,
    near_labels,
    on_regular_polygon,
    orthogonal,
    pair_of,
    scaled_to_floor,
    small_integers,
    with_spectrum,
)
from theory.search.strata import STRATA, draw

SHAPE = Shape(n=6, k=5, m=3, batch=(40,))


def rng():
    return np.random.default_rng(0)


def test_numbers_are_uniform_in_their_logarithm():
    values = log_uniform(rng(), Shape(n=1, k=2, m=1, batch=(4000,)), 1e-4, 1e4)
    assert values.shape == (4000, 1, 1)
    assert values.min() > 1e-4
    assert values.max() < 1e4
    assert abs(np.mean(np.log10(values))) < 0.2


def test_orthogonal_matrices_are():
    q = orthogonal(rng(), SHAPE, 4)
    assert np.allclose(q @ np.swapaxes(q, -1, -2), np.eye(4), atol=1e-13)


def test_spectra_are_as_asked():
    values = np.array([5.0, 1.0, 1e-3]) * np.ones((40, 1))
    labels = with_spectrum(rng(), SHAPE, 5, values)
    assert np.allclose(labels.mean(axis=-2), 0, atol=1e-13)
    assert np.allclose(np.linalg.svd(labels, compute_uv=False), values, rtol=1e-9)
    with pytest.raises(InvalidInput, match=r"rows: .* at least 4 rows, saw 3"):
        with_spectrum(rng(), SHAPE, 3, values)


def test_maps_have_their_condition_number():
    for size in (1, 3):
        maps = conditioned_map(rng(), SHAPE, size, np.full((40, 1, 1), 100.0))
        expected = 100.0 if size > 1 else 1.0
        assert np.allclose(np.linalg.cond(maps), expected, rtol=1e-9)


def test_a_gauge_leaves_logits_alone():
    f, g = gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3)
    f2, g2 = gauged(f, g, conditioned_map(rng(), SHAPE, 3, np.full((40, 1, 1), 10.0)))
    assert np.allclose(f @ np.swapaxes(g, -1, -2), f2 @ np.swapaxes(g2, -1, -2), atol=1e-11)


def test_integers_are_small_and_labels_diverse():
    values = small_integers(rng(), SHAPE, 6, 3)
    assert np.array_equal(values, np.round(values))
    assert np.abs(values).max() == 3
    labels = integer_labels(rng(), Shape(n=2, k=2, m=1, batch=(500,)), 1)
    assert np.array_equal(labels, np.round(labels))
    assert np.all(labels[:, 0] != labels[:, 1])


def test_parallel_labels_are_made_diverse_and_others_left_alone():
    parallel = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    assert Model(np.ones((1, 2)), made_diverse(parallel)).diversity > 0.01
    regular = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert np.array_equal(made_diverse(regular), regular)


@pytest.mark.parametrize("tau", [1e-8, 1e-3, 0.15])
def test_the_floor_is_kept_and_nearly_reached(tau):
    f, g = 100 * gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3)
    lowest = np.exp(Model(scaled_to_floor(f, g, np.full((40, 1, 1), tau)), g).log_min_probability)
    assert np.all(lowest >= tau)
    assert lowest.min() < 5 * tau


def test_a_floor_that_holds_already_changes_nothing():
    f, g = 1e-6 * gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3)
    assert np.array_equal(scaled_to_floor(f, g, np.full((40, 1, 1), 1e-3)), f)


def test_clusters_are_near_their_labels():
    labels = on_regular_polygon(5, 2)
    found = near_labels(rng(), labels, np.array([3, 3, 0]), np.full((1, 1), 1e-3))
    assert np.allclose(found, labels[[3, 3, 0]], atol=1e-2)


@pytest.mark.parametrize("m", [2, 3, 4])
@pytest.mark.parametrize("k", [5, 8])
def test_each_label_of_a_polygon_is_its_own_best(m, k):
    labels = on_regular_polygon(k, m)
    assert np.array_equal(np.argmax(labels @ labels.T, axis=1), np.arange(k))
    assert np.allclose(np.linalg.norm(labels, axis=1), 1.0)
    assert Model(labels, labels).diversity > 1e-3


def test_labels_on_a_line_are_evenly_spread():
    assert on_regular_polygon(3, 1).tolist() == [[1.0], [0.0], [-1.0]]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"n": 0, "k": 2, "m": 1}, "n: expected at least 1"),
        ({"n": 1, "k": 1, "m": 1}, "k: expected at least 2"),
        ({"n": 1, "k": 2, "m": 2}, "need at least 3 labels"),
        ({"n": 1, "k": 3, "m": 2, "m2": 3}, "need at least 4 labels"),
        ({"n": 1, "k": 3, "m": 1, "m2": 0}, "m2: expected at least 1"),
        ({"n": 1, "k": 2, "m": 1, "batch": (0,)}, "batch"),
    ],
)
def test_shapes_that_hold_no_pair_are_refused(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Shape(**arguments)


# --------------------------------------------------------------------------- strata

SHAPES = [SHAPE, Shape(n=2, k=2, m=1, batch=(16,)), Shape(n=4, k=6, m=2, m2=3, batch=(16,)), Shape(n=4, k=4, m=3, m2=1)]


@pytest.mark.parametrize("name", STRATA)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"m={s.m},m2={s.second},k={s.k}")
def test_regimes_draw_diverse_pairs_of_the_shape_asked(name, shape):
    pair = draw(name, rng(), shape)
    assert isinstance(pair, Pair)
    assert (pair.n, pair.k, pair.m, pair.b.m, pair.batch) == (shape.n, shape.k, shape.m, shape.second, shape.batch)
    assert np.mean(pair.a.diversity > 1e-9) == 1.0
    assert np.mean(pair.b.diversity > 1e-9) == 1.0


@pytest.mark.parametrize("name", STRATA)
def test_regimes_are_seeded_and_described(name):
    first, second = (draw(name, rng(), SHAPE) for _ in range(2))
    assert np.array_equal(first.b.embeddings, second.b.embeddings)
    other = draw(name, np.random.default_rng(1), SHAPE)
    assert not np.array_equal(first.a.unembeddings, other.a.unembeddings) or name == "one-hot"
    assert STRATA[name].name == name
    assert STRATA[name].description


def test_regimes_are_what_they_are_called():
    near = draw("nearly equal", rng(), SHAPE)
    far = draw("independent", rng(), SHAPE)
    assert np.median(squared_logit_distance(near.a, near.b)) < 0.1 * np.median(squared_logit_distance(far.a, far.b))
    hot = draw("one-hot", rng(), SHAPE)
    ratio = squared_logit_distance(hot.a, hot.b) / np.maximum(kl_divergence(hot.a, hot.b), 1e-300)
    assert ratio.max() > 1e6
    means = draw("large means", rng(), SHAPE)
    spread = np.std(means.a.embeddings, axis=-2).max(axis=-1)
    assert np.median(np.linalg.norm(np.mean(means.a.embeddings, axis=-2), axis=-1) / spread) > 3
    outside = draw("outside", rng(), SHAPE)
    inside = outside.a.unembedding_pseudo_inverse @ np.swapaxes(outside.logit_difference, -1, -2)
    assert np.abs(inside).max() < 1e-9


def test_an_unknown_regime_is_refused():
    with pytest.raises(InvalidInput, match="name: expected one of independent"):
        draw("sunny", rng(), SHAPE)


def test_a_pair_of_arrays():
    pair = pair_of(np.ones((1, 1)), np.eye(2, 1), np.ones((1, 1)), np.eye(2, 1))
    assert squared_logit_distance(pair.a, pair.b) == 0.0
