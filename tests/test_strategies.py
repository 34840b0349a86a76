"""The Hypothesis strategies: what each promises, and that examples shrink to small integers."""

import math

import numpy as np
import pytest
from hypothesis import find, given, settings

from theory import Domain, InvalidInput, Model, Pair, kl_divergence, squared_logit_distance, top_label_agreement
from theory import strategies as ours

ALL_PAIRS = {
    "pairs": ours.pairs,
    "tau_bounded_pairs": ours.tau_bounded_pairs,
    "gauge_related_pairs": ours.gauge_related_pairs,
    "nearly_equal_pairs": ours.nearly_equal_pairs,
    "near_rank_loss_pairs": ours.near_rank_loss_pairs,
    "clustered_pairs": ours.clustered_pairs,
    "permuted_label_pairs": ours.permuted_label_pairs,
    "one_hot_pairs": ours.one_hot_pairs,
    "any_pairs": ours.any_pairs,
}
SMALL = Domain(dimensions=(1, 2), labels=(2, 5), inputs=(3, 6))


def found(strategy, condition=lambda _: True):
    """The simplest example that meets a condition, without a database and from a fixed seed."""
    return find(strategy, condition, settings=settings(database=None, derandomize=True, max_examples=2000))


def entries(pair):
    arrays = (pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings)
    return np.concatenate([array.ravel() for array in arrays])


@pytest.mark.parametrize("name", ALL_PAIRS)
def test_shapes_lie_in_the_domain_and_models_are_diverse(name):
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(ALL_PAIRS[name](domain=SMALL))
    def check(pair):
        assert isinstance(pair, Pair)
        assert 1 <= pair.m <= 2
        assert pair.m + 1 <= pair.k <= 5
        assert 3 <= pair.n <= 6
        assert pair.b.m == pair.a.m
        assert pair.a.diversity > 1e-8
        assert pair.b.diversity > 1e-8

    check()


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.models())
def test_models_lie_in_the_default_domain(model):
    assert isinstance(model, Model)
    assert 1 <= model.m <= 4
    assert model.m + 1 <= model.k <= 8
    assert 2 <= model.n <= 12
    assert model.diversity > 1e-6


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.tau_bounded_pairs(tau=0.01))
def test_tau_bounded_pairs_keep_the_floor(pair):
    assert math.exp(pair.log_min_probability) >= 0.01


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.gauge_related_pairs())
def test_gauge_related_pairs_have_one_distribution(pair):
    size = np.mean(np.sum(pair.a.centred_logits**2, axis=1))
    assert squared_logit_distance(pair.a, pair.b) <= 1e-20 * (1 + size)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.nearly_equal_pairs())
def test_nearly_equal_pairs_are_near(pair):
    for x, y in ((pair.a.embeddings, pair.b.embeddings), (pair.a.unembeddings, pair.b.unembeddings)):
        assert np.max(np.abs(x - y)) <= 3 * 2.0**-4 * max(1.0, np.max(np.abs(x)))


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.one_hot_pairs())
def test_one_hot_pairs_agree_on_top_labels(pair):
    assert top_label_agreement(pair.a, pair.b) == 1.0


def test_one_hot_pairs_reach_small_kl_at_large_distance():
    pair = found(
        ours.one_hot_pairs(),
        lambda p: kl_divergence(p.a, p.b) < 1e-3 and squared_logit_distance(p.a, p.b) > 10,
    )
    assert squared_logit_distance(pair.a, pair.b) > 1e4 * kl_divergence(pair.a, pair.b)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(ours.models_with_spectrum((4.0, 0.25)))
def test_models_with_spectrum_have_it(model):
    assert model.m == 2
    np.testing.assert_allclose(model.unembedding_singular_values, [4.0, 0.25], rtol=1e-12)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(ours.permuted_label_pairs())
def test_permuted_label_pairs_hold_the_same_rows(pair):
    first, second = (sorted(map(tuple, m.unembeddings.tolist())) for m in (pair.a, pair.b))
    assert first == second


def test_near_rank_loss_reaches_a_millionth():
    pair = found(ours.near_rank_loss_pairs(domain=Domain(dimensions=(2, 2))), lambda p: p.a.diversity < 1e-5)
    assert pair.a.diversity < 1e-5


def test_clusters_are_tight_at_the_largest_knob():
    pair = found(
        ours.clustered_pairs(domain=Domain(dimensions=(2, 2), labels=(3, 3), inputs=(6, 6))),
        lambda p: np.linalg.norm(p.a.embeddings[0] - p.a.embeddings[3]) < 0.05,
    )
    assert np.linalg.norm(pair.a.embeddings[0] - pair.a.embeddings[1]) > 0.5


# --------------------------------------------------------------------------- quality of shrinking


@pytest.mark.parametrize("name", ["pairs", "permuted_label_pairs", "nearly_equal_pairs"])
def test_a_failure_shrinks_to_the_smallest_shape(name):
    pair = found(ALL_PAIRS[name](), lambda p: squared_logit_distance(p.a, p.b) > 0)
    assert (pair.n, pair.k, pair.m) == (2, 2, 1)


def test_a_failure_shrinks_to_small_integers():
    pair = found(ours.pairs(), lambda p: squared_logit_distance(p.a, p.b) > 1)
    assert (pair.n, pair.k, pair.m) == (2, 2, 1)
    values = entries(pair)
    assert np.array_equal(values * 8, np.round(values * 8))
    assert np.max(np.abs(values)) <= 99


def test_a_wide_failure_keeps_only_the_width_it_needs():
    pair = found(ours.pairs(), lambda p: p.k >= 5)
    assert (pair.n, pair.k, pair.m) == (2, 5, 1)


def test_a_drawn_pair_is_plain_at_its_simplest():
    pair = found(ours.any_pairs())
    assert (pair.k, pair.m) == (2, 1)


# --------------------------------------------------------------------------- errors


def test_a_floor_too_high_is_refused():
    with pytest.raises(InvalidInput, match=r"tau: expected a number in \(0, 1/8\).*saw 0.5"):
        found(ours.tau_bounded_pairs(tau=0.5))


def test_a_domain_of_another_type_is_refused():
    with pytest.raises(InvalidInput, match="domain: expected a Domain, saw str"):
        found(ours.pairs(domain="small"))


def test_an_empty_spectrum_is_refused():
    with pytest.raises(InvalidInput, match="singular_values"):
        found(ours.models_with_spectrum(()))


def test_a_line_has_no_one_hot_pairs():
    with pytest.raises(InvalidInput, match="dimensions of 2 or more"):
        found(ours.one_hot_pairs(domain=Domain(dimensions=(1, 1))))


def test_unequal_dimensions_are_drawn_where_the_domain_lets_them():
    pair = found(ours.pairs(domain=Domain(equal_dimensions=False)), lambda p: p.b.m != p.a.m)
    assert pair.b.m != pair.a.m
