"""The builders of structured pairs and the regimes that searches draw from."""

import math

import numpy as np
import pytest

from theory import InvalidInput, Model, Pair, kl_divergence, squared_logit_distance
from theory.pairs import constructions as made
from theory.pairs.constructions import (
    Shape,
    conditioned_map,
    floor_scale,
    gauged,
    gaussian,
    integer_labels,
    log_uniform,
    made_diverse,
    near_labels,
    on_regular_polygon,
    orthogonal,
    pair_of,
    small_integers,
    with_spectrum,
)
from theory.pairs.strata import STRATA, draw

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
    scale = floor_scale(f, g, np.full((40, 1, 1), tau))
    lowest = np.exp(Model(np.minimum(1.0, scale) * f, g).log_min_probability)
    assert np.all(lowest >= tau)
    assert lowest.min() < 5 * tau


def test_a_floor_that_holds_already_needs_no_shrinking():
    f, g = 1e-6 * gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3)
    assert np.all(floor_scale(f, g, np.full((40, 1, 1), 1e-3)) >= 1)


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


# --------------------------------------------------------------------------- what builders promise

FLAT = Shape(n=6, k=5, m=1, batch=(40,))
WIDE = Shape(n=12, k=8, m=4, batch=(64,))
MIXED = Shape(n=5, k=6, m=2, m2=3, batch=(30,))


def centred(rows):
    return rows - rows.mean(axis=-2, keepdims=True)


def spectrum(rows):
    return np.linalg.svd(centred(rows), compute_uv=False)


def ratio_of(rows):
    values = spectrum(rows)
    return values[..., -1] / values[..., 0]


def root_mean_square(array):
    return np.sqrt(np.mean(array**2, axis=(-2, -1)))


def test_either_knob_comes_up_about_half_the_time():
    values = made.either(rng(), Shape(n=1, k=2, m=1, batch=(2000,)), 1.0, np.full((2000, 1, 1), 2.0))
    assert set(values.ravel()) == {1.0, 2.0}
    assert 0.45 < np.mean(values == 1.0) < 0.55


def test_orthogonal_matrices_have_no_preferred_sign():
    q = orthogonal(rng(), Shape(n=1, k=2, m=1, batch=(4000,)), 2)
    assert abs(np.mean(np.linalg.det(q))) < 0.05
    assert abs(np.mean(q[:, 0, 0])) < 0.05


def test_a_geometric_spectrum():
    assert made.geometric_spectrum(Shape(n=1, k=4, m=3), 3, 1e-4).tolist() == pytest.approx([1.0, 1e-2, 1e-4])
    assert made.geometric_spectrum(Shape(n=1, k=4, m=1), 1, 1e-4).tolist() == [1.0]
    with pytest.raises(InvalidInput, match=r"ratio: expected finite numbers between .* and 1, saw 2.0"):
        made.geometric_spectrum(Shape(n=1, k=4, m=3), 3, 2.0)


def test_the_smallest_singular_value_is_lowered_and_nothing_else():
    array = gaussian(rng(), WIDE, 12, 4) + 5.0
    lowered = made.with_smallest(array, 1e-6)
    assert np.allclose(spectrum(lowered)[:, :-1], spectrum(array)[:, :-1], rtol=1e-12)
    assert np.allclose(ratio_of(lowered), 1e-6, rtol=1e-6)
    assert np.allclose(lowered.mean(axis=-2), array.mean(axis=-2), atol=1e-12)
    assert np.array_equal(made.with_smallest(array, 1.0), array)
    with pytest.raises(InvalidInput, match=r"ratio: .* saw -0.1"):
        made.with_smallest(array, -0.1)


def test_a_condition_below_one_is_refused():
    with pytest.raises(InvalidInput, match=r"condition: expected finite numbers at least 1, saw 0.5"):
        conditioned_map(rng(), SHAPE, 3, 0.5)


def test_a_gauge_with_a_shift_leaves_the_distribution_alone():
    f, g = gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3)
    second = gauged(f, g, conditioned_map(rng(), SHAPE, 3, 10.0), np.array([[7.0, -3.0, 2.0]]))
    assert np.max(squared_logit_distance(Model(f, g), Model(*second))) < 1e-24


def test_noise_is_relative():
    array = 1e5 * gaussian(rng(), Shape(n=1, k=2, m=1), 400, 5)
    off = root_mean_square(made.perturbed(rng(), array, 1e-3) - array) / root_mean_square(array)
    assert off == pytest.approx(1e-3, rel=0.1)
    assert np.array_equal(made.perturbed(rng(), array, 0.0), array)
    with pytest.raises(InvalidInput, match=r"eps: .* saw nan"):
        made.perturbed(rng(), array, math.nan)


def test_the_second_dimension_cuts_or_pads():
    f = gaussian(rng(), MIXED, 5, 2)
    padded = made.in_second_dimension(rng(), MIXED, f)
    assert np.array_equal(padded[..., :2], f)
    assert np.all(root_mean_square(padded[..., 2:]) < 0.5 * root_mean_square(f))
    assert np.array_equal(made.in_second_dimension(rng(), Shape(n=5, k=6, m=2, m2=1, batch=(30,)), f), f[..., :1])


@pytest.mark.parametrize("bound", [1, 3])
@pytest.mark.parametrize("m", [1, 4])
def test_integer_labels_stay_within_their_bound(bound, m):
    labels = integer_labels(rng(), Shape(n=1, k=m + 1, m=m, batch=(500,)), m, bound)
    assert np.array_equal(labels, np.round(labels))
    assert np.abs(labels).max() <= bound
    assert ratio_of(labels).min() > 1e-3


def test_making_diverse_does_not_look_at_the_rest_of_the_batch():
    labels = small_integers(rng(), Shape(n=1, k=3, m=2, batch=(50,)), 3, 2)
    alone = [made_diverse(rows) for rows in labels]
    assert np.array_equal(made_diverse(labels), alone)


def test_labels_of_a_single_place_become_a_staircase():
    assert made_diverse(np.full((3, 2), 2.0)).tolist() == [[2.0, 2.0], [0.0, 2.0], [2.0, 0.0]]


def test_too_few_labels_cannot_be_made_diverse():
    with pytest.raises(InvalidInput, match="rows: 2 dimensions need at least 3 labels"):
        made_diverse(np.eye(2))


@pytest.mark.parametrize("bound", [0, 1.5, True])
def test_a_bound_that_is_no_positive_integer_is_refused(bound):
    with pytest.raises(InvalidInput, match="bound: expected a positive integer"):
        small_integers(rng(), SHAPE, 2, 2, bound)


def test_logits_are_scaled_to_a_size():
    f, g = gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3)
    scaled = Model(made.logit_scale(f, g, 7.0) * f, g)
    assert np.allclose(np.max(np.abs(scaled.centred_logits), axis=(-2, -1)), 7.0)
    assert made.logit_scale(np.zeros((2, 1)), np.eye(2, 1), 7.0).item() == 1.0
    with pytest.raises(InvalidInput, match="size"):
        made.logit_scale(f, g, 0.0)


# --------------------------------------------------------------------------- floors


def test_the_floor_of_two_labels_is_the_sigmoid():
    scale = made.floor_scale(np.array([[1.0]]), np.array([[0.0], [1.0]]), 0.1).item()
    assert scale == pytest.approx(math.log(9.0), rel=1e-12)


@pytest.mark.parametrize("k", [2, 8, 60])
@pytest.mark.parametrize("tau", [1e-300, 1e-20, 1e-3, 0.5, 0.999, 1 - 1e-11])
def test_the_floor_is_reached_to_rounding_and_never_crossed(k, tau):
    shape = Shape(n=7, k=k, m=1, batch=(100,))
    floor = min(tau, 1.0) / k if tau >= 1e-3 else tau
    f, g = made.gaussian_model(rng(), shape, 1, 1e-3, 1e3)
    model = Model(made.floor_scale(f, g, floor) * f, g)
    assert np.all(model.probabilities >= floor)
    assert np.all(model.log_min_probability >= math.log(floor))
    # In units of what separates the floor from the uniform distribution.
    reached = (-math.log(k) - model.log_min_probability) / (-math.log(k) - math.log(floor))
    assert reached.min() > (1 - 1e-6 if tau < 0.9999 else 0.9)


def test_constant_logits_meet_every_floor():
    assert made.floor_scale(np.zeros((3, 1)), np.eye(2, 1), 0.1).item() == 1.0


@pytest.mark.parametrize("tau", [0.0, 0.2, 0.2 - 1e-14, math.nan])
def test_a_floor_out_of_reach_is_refused(tau):
    with pytest.raises(InvalidInput, match="tau: expected finite numbers between"):
        made.floor_scale(gaussian(rng(), SHAPE, 6, 3), gaussian(rng(), SHAPE, 5, 3), tau)


# --------------------------------------------------------------------------- labels and clusters


def test_on_a_line_the_ends_own_the_inputs():
    assert made.owning_labels(FLAT).tolist() == [0, 4]
    assert made.owners_of(FLAT).tolist() == [0, 4, 0, 4, 0, 4]
    assert made.owners_of(WIDE).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3]
    assert made.owning_labels(Shape(n=6, k=5, m=3, m2=1)).tolist() == [0, 4]
    labels = made.scattered_labels(rng(), FLAT, 1)
    assert np.all(labels[:, 0] == 1.0)
    assert np.all(labels[:, -1] == -1.0)
    assert np.abs(labels[:, 1:-1]).max() < 0.9


def test_regular_labels_are_well_conditioned_in_every_dimension():
    for k in range(2, 12):
        for m in range(1, k):
            assert ratio_of(on_regular_polygon(k, m)) > 0.5
    with pytest.raises(InvalidInput, match="labels: 3 dimensions need at least 4 labels, saw 3"):
        on_regular_polygon(3, 3)


@pytest.mark.parametrize("shape", [FLAT, WIDE])
@pytest.mark.parametrize("spread", [0.0, 0.999])
def test_an_input_near_its_label_has_it_as_best(shape, spread):
    labels, owners = made.scattered_labels(rng(), shape, shape.m), made.owners_of(shape)
    f = near_labels(rng(), labels, owners, spread)
    assert np.all(np.argmax(f @ np.swapaxes(labels, -1, -2), axis=-1) == owners)
    assert spread > 0 or np.array_equal(f, labels[:, owners])


def test_a_spread_that_would_leave_the_cluster_is_refused():
    with pytest.raises(InvalidInput, match=r"spread: expected finite numbers between 0 and 0.999, saw 1.0"):
        near_labels(rng(), on_regular_polygon(5, 2), np.array([0]), 1.0)


@pytest.mark.parametrize("shape", [FLAT, WIDE, Shape(n=1, k=2, m=1, batch=(5,)), Shape(n=1, k=4, m=2)])
def test_orders_move_owners_among_themselves(shape):
    owning = made.owning_labels(shape)
    for orders in (made.label_orders(rng(), shape), made.label_swaps(rng(), shape)):
        assert orders.shape == (*shape.batch, shape.k)
        assert np.array_equal(np.sort(orders, axis=-1), np.broadcast_to(np.arange(shape.k), orders.shape))
        assert np.all(np.isin(orders[..., owning], owning))
    assert np.all(np.sum(made.label_swaps(rng(), shape) != np.arange(shape.k), axis=-1) == 2)


def test_orders_differ_across_the_batch():
    assert len({tuple(order) for order in made.label_orders(rng(), WIDE)}) > 50


def test_rows_are_reordered_one_element_at_a_time():
    labels = np.arange(6.0).reshape(2, 3, 1)
    assert made.reordered(labels, np.array([[2, 0, 1], [0, 1, 2]]))[..., 0].tolist() == [[2, 0, 1], [3, 4, 5]]


# --------------------------------------------------------------------------- pairs


def test_norms_are_uniform_in_their_logarithm():
    f, g = made.gaussian_model(rng(), Shape(n=50, k=50, m=4, batch=(500,)), 4, 1e-3, 1e3)
    for array in (f, g):
        sizes = np.log10(root_mean_square(array))
        assert abs(np.mean(sizes)) < 0.3
        assert sizes.max() > 2.5
        assert sizes.min() < -2.5


def test_pairs_of_integers():
    pair = made.of_integers(rng(), WIDE)
    for array in (pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings):
        assert np.array_equal(array, np.round(array))
        assert np.abs(array).max() == 3


def test_nearly_equal_models_are_as_near_as_asked_in_any_coordinates():
    eps = log_uniform(rng(), WIDE, 1e-9, 1e-1)
    for condition in (None, 1e3):
        pair = made.nearly_equal(rng(), WIDE, eps, condition)
        size = np.mean(np.sum(pair.a.centred_logits**2, axis=-1), axis=-1)
        relative = np.sqrt(squared_logit_distance(pair.a, pair.b) / size) / eps[:, 0, 0]
        assert relative.max() < 10
        assert relative.min() > 0.1


def test_only_the_factor_asked_for_differs():
    pair = made.one_factor_apart(rng(), SHAPE, 0.1, "embeddings")
    assert np.array_equal(pair.a.unembeddings, pair.b.unembeddings)
    assert not np.array_equal(pair.a.embeddings, pair.b.embeddings)
    pair = made.one_factor_apart(rng(), SHAPE, 0.1, "unembeddings")
    assert np.array_equal(pair.a.embeddings, pair.b.embeddings)
    assert not np.array_equal(pair.a.unembeddings, pair.b.unembeddings)
    with pytest.raises(InvalidInput, match="factor: expected 'embeddings' or 'unembeddings', saw 'f'"):
        made.one_factor_apart(rng(), SHAPE, 0.1, "f")


def test_gaps_are_those_of_the_unembeddings():
    pair = made.with_gaps(rng(), WIDE, 1e-3, 1e-1)
    assert np.allclose(pair.a.diversity, 1e-3, rtol=1e-9)
    assert np.allclose(pair.b.diversity, 1e-1, rtol=1e-9)


@pytest.mark.parametrize("where", range(4))
def test_rank_is_nearly_lost_in_the_factor_asked_for(where):
    pair = made.near_rank_loss(rng(), WIDE, tuple(1e-6 if i == where else 1.0 for i in range(4)))
    factors = (pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings)
    for i, factor in enumerate(factors):
        assert np.allclose(ratio_of(factor), 1e-6, rtol=1e-4) if i == where else ratio_of(factor).min() > 1e-4


def test_norms_are_shifted_between_the_factors_at_the_same_logits():
    plain, shifted = (made.of_norms(rng(), WIDE, (1e-3, 1e3), balances) for balances in ((1.0, 1.0), (1e3, 1e-3)))
    for pair in (plain, shifted):
        for model, size in ((pair.a, 1e-3), (pair.b, 1e3)):
            assert np.allclose(np.max(np.abs(model.centred_logits), axis=(-2, -1)), size)
    assert np.allclose(shifted.a.embeddings, 1e3 * plain.a.embeddings)
    assert np.allclose(shifted.b.unembeddings, 1e3 * plain.b.unembeddings)
    with pytest.raises(InvalidInput, match="balances"):
        made.of_norms(rng(), WIDE, (1.0, 1.0), (0.0, 1.0))


def test_pairs_above_a_floor():
    tau = log_uniform(rng(), WIDE, 1e-6, 0.99 / 8)
    pair = made.above_floor(rng(), WIDE, tau, 0.3)
    for model in (pair.a, pair.b):
        lowest = np.exp(model.log_min_probability)
        assert np.all(lowest >= tau[:, 0, 0])
        assert np.allclose(lowest, tau[:, 0, 0], rtol=1e-6)
    loose = made.above_floor(rng(), WIDE, tau, 0.3, 0.5)
    assert np.all(np.exp(loose.a.log_min_probability) > tau[:, 0, 0])
    with pytest.raises(InvalidInput, match="closeness"):
        made.above_floor(rng(), WIDE, tau, 0.3, 1.5)


@pytest.mark.parametrize("shape", [FLAT, WIDE, MIXED, Shape(n=5, k=6, m=3, m2=1)])
@pytest.mark.parametrize("regular", [False, True])
def test_clusters_keep_the_best_label_of_every_input(shape, regular):
    for order in (None, made.label_orders(rng(), shape)):
        pair = made.clustered(rng(), shape, 3.0, 0.9, order, regular)
        owners = np.broadcast_to(made.owners_of(shape), (*shape.batch, shape.n))
        for model in (pair.a, pair.b):
            assert np.array_equal(np.argmax(model.centred_logits, axis=-1), owners)


def test_permuted_clusters_hold_the_same_labels():
    order = made.label_orders(rng(), WIDE)
    pair = made.clustered(rng(), WIDE, 3.0, 0.0, order)
    assert np.array_equal(pair.b.unembeddings, made.reordered(pair.a.unembeddings, order))


def test_kl_vanishes_and_distance_grows_in_the_one_hot_limit():
    order = np.array([0, 2, 4, 1, 3])  # the pentagon of theorem T7, with doubled angles
    for r, expected in ((10.0, 0.0223), (20.0, 4.45e-5), (40.0, 8.9e-11)):
        pair = made.clustered(rng(), Shape(n=5, k=5, m=2), r, 0.0, order, regular=True)
        assert kl_divergence(pair.a, pair.b) == pytest.approx(expected, rel=2e-2)
        assert squared_logit_distance(pair.a, pair.b) == pytest.approx(5 * r * r)


def test_two_labels_change_places():
    pair = made.swapped(rng(), WIDE, 5.0)
    assert np.array_equal(pair.a.embeddings, pair.b.embeddings)
    assert np.all(np.sum(np.any(pair.a.unembeddings != pair.b.unembeddings, axis=-1), axis=-1) == 2)
    assert np.allclose(np.max(np.abs(pair.a.centred_logits), axis=(-2, -1)), 5.0)


def test_an_attenuated_student_lost_a_direction_unless_the_unembeddings_make_up():
    lost = made.attenuated(rng(), WIDE, 1e-3)
    values = np.linalg.svd(lost.b.embeddings, compute_uv=False)
    assert np.all(values[:, -1] < 1e-2 * values[:, 0])
    made_up = made.attenuated(rng(), WIDE, 1e-3, compensation=1.0)
    assert np.max(squared_logit_distance(made_up.a, made_up.b)) < 1e-18
    assert np.min(squared_logit_distance(lost.a, lost.b)) > 1e-4
    for knobs in ({"keep": 0.0}, {"keep": 2.0}, {"keep": 0.5, "compensation": 2.0}, {"keep": 0.5, "noise": -1.0}):
        with pytest.raises(InvalidInput, match=list(knobs)[-1]):
            made.attenuated(rng(), WIDE, **knobs)


def test_means_are_as_large_as_asked():
    pair = made.of_large_means(rng(), WIDE, 100.0, 0.1, 50.0)
    mean = pair.a.embeddings.mean(axis=-2)
    assert np.allclose(np.linalg.norm(mean, axis=-1), 1.0)
    assert np.allclose(np.linalg.norm(centred(pair.a.embeddings), axis=-1).max(axis=-1), 1e-2)
    assert np.allclose(centred(pair.a.unembeddings), centred(pair.b.unembeddings), atol=1e-12)
    with pytest.raises(InvalidInput, match="ratio"):
        made.of_large_means(rng(), WIDE, 0.0, 0.1)
    with pytest.raises(InvalidInput, match="offset"):
        made.of_large_means(rng(), WIDE, 1.0, 0.1, -1.0)


@pytest.mark.parametrize(("direction", "weight"), [(0, 1.0), (3, 1e-2)])
def test_labels_move_along_one_singular_direction(direction, weight):
    """Theorem T3 is attained there: E||f - A* f'||^2 = ||Delta||^2 / s^2."""
    pair = made.rank_one_apart(rng(), WIDE, 1e-2, 0.1, direction)
    aligned = np.sum(
        (pair.logit_difference @ np.swapaxes(pair.a.unembedding_pseudo_inverse, -1, -2)) ** 2, axis=(-2, -1)
    )
    assert np.allclose(aligned * weight**2, np.sum(pair.logit_difference**2, axis=(-2, -1)), rtol=1e-6)


def test_labels_move_outside_their_column_space_where_there_is_one():
    pair = made.rank_one_apart(rng(), WIDE, 0.1, 0.1, np.full(64, 4))
    assert np.abs(pair.logit_difference @ pair.a.centred_unembeddings).max() < 1e-12
    assert np.all(squared_logit_distance(pair.a, pair.b) > 0)
    with pytest.raises(InvalidInput, match=r"direction: expected finite numbers between 0 and 2, saw 3.0"):
        made.rank_one_apart(rng(), Shape(n=4, k=4, m=3), 0.1, 0.1, 3)


def test_opposite_models_have_opposite_logits():
    pair = made.opposite(rng(), WIDE, 2.0)
    assert np.array_equal(pair.a.centred_logits, -pair.b.centred_logits)
    assert np.allclose(np.max(np.abs(pair.a.centred_logits), axis=(-2, -1)), 2.0)


def test_embeddings_of_signs():
    pair = made.of_signs(rng(), WIDE, 0.25)
    assert set(pair.a.embeddings.ravel()) == {0.75, 1.25}
    assert np.array_equal(pair.a.unembeddings, pair.b.unembeddings)


def test_few_labels_move_but_never_all_alike():
    """All moved alike would be a shift, which changes no probability."""
    pair = made.few_labels_apart(rng(), Shape(n=3, k=3, m=1, batch=(500,)), 1.0, 1.0)
    moved = centred(pair.b.unembeddings - pair.a.unembeddings)
    assert np.all(np.abs(moved).max(axis=(-2, -1)) > 1e-6)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"n": 2.5, "k": 2, "m": 1}, "n: expected an integer, saw 2.5"),
        ({"n": 2, "k": True, "m": 1}, "k: expected an integer, saw True"),
        ({"n": 2, "k": 2, "m": 1, "batch": 4}, "batch"),
        ({"n": 2, "k": 2, "m": 1, "batch": (2, 3)}, "batch"),
        ({"n": 2, "k": 2, "m": 1, "batch": (2.0,)}, "batch"),
    ],
)
def test_sizes_that_are_no_integers_are_refused(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Shape(**arguments)


def test_numbers_without_a_logarithm_are_refused():
    for low, high in ((0.0, 1.0), (2.0, 1.0), (1.0, math.inf)):
        with pytest.raises(InvalidInput, match="low and high"):
            log_uniform(rng(), SHAPE, low, high)
