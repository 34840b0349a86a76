"""The regimes that searches draw from: shapes, determinism, cost, and what sets each apart."""

import time
from types import MappingProxyType

import numpy as np
import pytest

from theory import InvalidInput, Pair, squared_logit_distance, top_label_agreement
from theory.pairs.constructions import Shape
from theory.pairs.strata import STRATA, Stratum, draw

BATCH = Shape(n=12, k=8, m=4, batch=(64,))
SHAPES = [
    BATCH,
    Shape(n=1, k=2, m=1, batch=(16,)),
    Shape(n=3, k=8, m=1, batch=(16,)),
    Shape(n=2, k=5, m=4, batch=(16,)),
    Shape(n=12, k=8, m=2, m2=4, batch=(16,)),
    Shape(n=12, k=8, m=4, m2=1, batch=(16,)),
    Shape(n=30, k=25, m=20, batch=(2,)),
    Shape(n=12, k=8, m=3),
]


def rng(seed=0):
    return np.random.default_rng(seed)


def arrays(pair):
    return (pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings)


def lowest_ratio(rows):
    values = np.linalg.svd(rows - rows.mean(axis=-2, keepdims=True), compute_uv=False)
    return values[..., -1] / values[..., 0]


@pytest.mark.parametrize("name", STRATA)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"n={s.n},k={s.k},m={s.m},m2={s.second},{s.batch}")
def test_every_regime_draws_finite_diverse_pairs_of_every_shape(name, shape):
    for seed in range(3):
        pair = STRATA[name].draw(rng(seed), shape)
        assert isinstance(pair, Pair)
        assert (pair.n, pair.k, pair.a.m, pair.b.m, pair.batch) == (
            shape.n,
            shape.k,
            shape.m,
            shape.second,
            shape.batch,
        )
        assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in arrays(pair))
        assert np.min(pair.a.diversity) > 1e-9
        assert np.min(pair.b.diversity) > 1e-9


@pytest.mark.parametrize("name", STRATA)
def test_the_seed_decides_every_entry(name):
    first, again, other = (draw(name, rng(seed), BATCH) for seed in (0, 0, 1))
    assert all(np.array_equal(x, y) for x, y in zip(arrays(first), arrays(again), strict=True))
    assert not all(np.array_equal(x, y) for x, y in zip(arrays(first), arrays(other), strict=True))


@pytest.mark.parametrize("name", STRATA)
def test_elements_of_a_batch_differ(name):
    pair = draw(name, rng(), BATCH)
    assert len(np.unique(np.round(squared_logit_distance(pair.a, pair.b), 30))) > 50


@pytest.mark.parametrize("name", STRATA)
def test_a_batch_is_cheap(name):
    """A few milliseconds of this thread's own, which a busy machine lengthens a little; the best of many."""
    seconds = []
    for seed in range(15):
        start = time.thread_time()
        draw(name, rng(seed), BATCH)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.01


def test_the_table_is_read_only_and_names_its_entries():
    assert isinstance(STRATA, MappingProxyType)
    for name, stratum in STRATA.items():
        assert isinstance(stratum, Stratum)
        assert stratum.name == name
        assert stratum.description
        assert "\n" not in stratum.description


# --------------------------------------------------------------------------- what sets each apart


def test_nearly_equal_pairs_reach_a_billionth():
    pair = draw("nearly equal", rng(), BATCH)
    relative = np.linalg.norm(pair.a.embeddings - pair.b.embeddings, axis=(-2, -1))
    relative = relative / np.linalg.norm(pair.a.embeddings, axis=(-2, -1))
    assert relative.min() < 1e-8
    assert relative.max() > 1e-2


def test_gauge_related_pairs_look_apart_and_are_near():
    pair = draw("gauge related", rng(), BATCH)
    apart = np.linalg.norm(pair.a.embeddings - pair.b.embeddings, axis=(-2, -1))
    assert np.median(apart / np.linalg.norm(pair.a.embeddings, axis=(-2, -1))) > 0.5
    size = np.mean(np.sum(pair.a.centred_logits**2, axis=-1), axis=-1)
    assert np.min(squared_logit_distance(pair.a, pair.b) / size) < 1e-14


@pytest.mark.parametrize(
    ("name", "shared"), [("shared embeddings", "embeddings"), ("shared unembeddings", "unembeddings")]
)
def test_one_factor_is_shared(name, shared):
    pair = draw(name, rng(), BATCH)
    assert np.array_equal(getattr(pair.a, shared), getattr(pair.b, shared))


def test_rank_is_nearly_lost_in_each_factor_of_some_pair():
    pair = draw("near rank loss", rng(), Shape(n=12, k=8, m=4, batch=(256,)))
    ratios = np.array([lowest_ratio(array) for array in arrays(pair)])
    assert np.all(ratios.min(axis=1) < 1e-5)
    assert ratios.min() > 9e-7
    assert np.all(np.sum(ratios < 1e-3, axis=0) <= 1)


def test_norms_reach_their_extremes():
    pair = draw("extreme norms", rng(), BATCH)
    for array in arrays(pair):
        sizes = np.abs(array).max(axis=(-2, -1))
        assert sizes.max() / sizes.min() > 1e4


def test_the_uniform_limit_is_near_uniform():
    pair = draw("uniform limit", rng(), BATCH)
    for model in (pair.a, pair.b):
        largest = np.abs(model.centred_logits).max(axis=(-2, -1))
        assert largest.max() < 0.11
        assert largest.min() < 1e-5


def test_the_floor_is_shared_and_often_reached():
    pair = draw("floor", rng(), BATCH)
    lowest = np.array([pair.a.log_min_probability, pair.b.log_min_probability])
    assert lowest.min() > np.log(0.99e-4)
    assert np.mean(np.abs(lowest[0] - lowest[1]) < 1e-6) > 0.3


@pytest.mark.parametrize("name", ["one-hot", "clusters", "permuted clusters"])
@pytest.mark.parametrize(
    "shape", [s for s in SHAPES if s.batch], ids=lambda s: f"n={s.n},k={s.k},m={s.m},m2={s.second}"
)
def test_clusters_keep_every_top_label(name, shape):
    pair = draw(name, rng(), shape)
    assert np.all(top_label_agreement(pair.a, pair.b) == 1.0)


def test_swapped_labels_differ_from_pair_to_pair():
    pair = draw("swapped labels", rng(), BATCH)
    moved = np.any(pair.a.unembeddings != pair.b.unembeddings, axis=-1)
    assert np.all(moved.sum(axis=-1) == 2)
    assert len({tuple(row) for row in moved}) > 15


def test_means_are_large():
    pair = draw("large means", rng(), BATCH)
    mean = np.linalg.norm(pair.a.embeddings.mean(axis=-2), axis=-1)
    assert np.all(mean / np.std(pair.a.embeddings, axis=-2).max(axis=-1) > 9)


def test_opposite_pairs_cancel():
    pair = draw("opposite", rng(), BATCH)
    assert np.array_equal(pair.a.centred_logits, -pair.b.centred_logits)


def test_outside_means_outside():
    pair = draw("outside", rng(), BATCH)
    assert np.abs(pair.logit_difference @ pair.a.centred_unembeddings).max() < 1e-9


def test_small_integers_are_small_integers():
    for array in arrays(draw("small integers", rng(), BATCH)):
        assert np.array_equal(array, np.round(array))
        assert np.abs(array).max() <= 3


def test_no_move_of_labels_is_a_mere_shift():
    pair = draw("few labels move", rng(), Shape(n=3, k=3, m=1, batch=(500,)))
    moved = pair.b.centred_unembeddings - pair.a.centred_unembeddings
    assert np.abs(moved).max(axis=(-2, -1)).min() > 1e-8


# --------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("sunny", rng(), BATCH), "name: expected one of independent.*saw 'sunny'"),
        (("independent", 0, BATCH), "rng: expected a Generator, saw int"),
        (("independent", rng(), (12, 8, 4)), "shape: expected a Shape, saw tuple"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        draw(*arguments)
