"""The Hypothesis strategies: what each promises, and that examples shrink to small integers."""

import math

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

from theory import Domain, InvalidInput, Model, Pair, kl_divergence, squared_logit_distance, top_label_agreement
from theory.pairs import strategies as ours

ALL_PAIRS = {
    "pairs": ours.pairs,
    "tau_bounded_pairs": ours.tau_bounded_pairs,
    "gauge_related_pairs": ours.gauge_related_pairs,
    "nearly_equal_pairs": ours.nearly_equal_pairs,
    "near_rank_loss_pairs": ours.near_rank_loss_pairs,
    "clustered_pairs": ours.clustered_pairs,
    "permuted_label_pairs": ours.permuted_label_pairs,
    "one_hot_pairs": ours.one_hot_pairs,
    "spectrum_pairs": ours.spectrum_pairs,
    "any_pairs": ours.any_pairs,
}
SMALL = Domain(dimensions=(1, 2), labels=(2, 5), inputs=(3, 6))


def found(strategy, condition=None):
    """The simplest example (that meets a condition), without a database and from a fixed seed."""
    examples = 30 if condition is None else 300
    phases = (Phase.generate, Phase.shrink)  # not the explanation, which costs more than the search
    calm = settings(database=None, derandomize=True, max_examples=examples, phases=phases)
    return find(strategy, condition or (lambda _: True), settings=calm)


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
        assert pair.a.diversity > 1e-10
        assert pair.b.diversity > 1e-10

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
    assert pair.a.probabilities.min() >= 0.01
    assert pair.b.probabilities.min() >= 0.01


@pytest.mark.parametrize("tau", [1e-300, 1e-12, 0.1249, (1 - 1e-11) / 8])
def test_extreme_floors_are_kept_and_reached(tau):
    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(ours.tau_bounded_pairs(tau=tau))
    def check(pair):
        assert pair.a.probabilities.min() >= tau
        assert pair.b.probabilities.min() >= tau

    check()
    close = found(ours.tau_bounded_pairs(tau=tau), lambda p: p.a.probabilities.min() < tau * (1 + 1e-6))
    assert close.a.probabilities.min() >= tau


def test_floors_are_drawn_where_none_is_given():
    pair = found(ours.tau_bounded_pairs(), lambda p: p.log_min_probability < math.log(1e-5))
    assert pair.log_min_probability >= math.log(1e-6)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.gauge_related_pairs())
def test_gauge_related_pairs_have_one_distribution(pair):
    size = np.mean(np.sum(pair.a.centred_logits**2, axis=1))
    assert squared_logit_distance(pair.a, pair.b) <= 1e-20 * (1 + size)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.gauge_related_pairs())
def test_integer_gauges_are_exact(pair):
    """Up to the second kind every number here is a small dyadic, so that even float64 makes no error."""
    values = entries(pair)
    if np.array_equal(values * 2**8, np.round(values * 2**8)):
        logits = [model.embeddings @ (model.unembeddings - model.unembeddings[:1]).T for model in (pair.a, pair.b)]
        assert np.array_equal(*logits)


@pytest.mark.parametrize("condition", [lambda gap: gap == 0, lambda gap: gap > 0])
def test_gauges_other_than_multiples_of_the_identity_are_drawn(condition):
    """The shears are exact, the general maps are not."""

    def sheared(pair):
        a, b = pair.a, pair.b
        turned = np.linalg.lstsq(a.embeddings, b.embeddings, rcond=None)[0]
        off = np.abs(turned - np.diag(np.diag(turned))).max()
        logits = [model.embeddings @ (model.unembeddings - model.unembeddings[:1]).T for model in (a, b)]
        return off > 0.5 and condition(np.abs(logits[0] - logits[1]).max())

    pair = found(ours.gauge_related_pairs(domain=Domain(dimensions=(2, 2))), sheared)
    assert squared_logit_distance(pair.a, pair.b) < 1e-20


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.nearly_equal_pairs(up_to_gauge=True))
def test_nearly_equal_pairs_are_near_in_other_coordinates(pair):
    sizes = [np.abs(array).max() for array in (pair.a.embeddings, pair.a.unembeddings)]
    bound = 4 * pair.k * (pair.m * 2.0**-2 * max(1.0, sizes[0]) * max(1.0, sizes[1])) ** 2
    assert squared_logit_distance(pair.a, pair.b) <= bound


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.nearly_equal_pairs())
def test_nearly_equal_pairs_are_near(pair):
    for x, y in ((pair.a.embeddings, pair.b.embeddings), (pair.a.unembeddings, pair.b.unembeddings)):
        assert np.max(np.abs(x - y)) <= 3 * 2.0**-4 * max(1.0, np.max(np.abs(x)))


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.one_hot_pairs())
def test_one_hot_pairs_agree_on_top_labels(pair):
    assert top_label_agreement(pair.a, pair.b) == 1.0


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.one_hot_pairs(domain=Domain(dimensions=(1, 3), equal_dimensions=False)))
def test_one_hot_pairs_agree_on_top_labels_also_on_a_line(pair):
    assert top_label_agreement(pair.a, pair.b) == 1.0


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.clustered_pairs())
def test_clustered_inputs_are_nearest_to_the_direction_of_their_top_label(pair):
    assert top_label_agreement(pair.a, pair.b) == 1.0
    for model in (pair.a, pair.b):
        top = model.unembeddings[np.argmax(model.centred_logits, axis=1)]
        cosines = np.sum(model.embeddings * top, axis=1) / np.linalg.norm(model.embeddings, axis=1)
        assert np.all(cosines / np.linalg.norm(top, axis=1) > 0.8)


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


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(ours.spectrum_pairs())
def test_spectrum_pairs_have_geometric_spectra(pair):
    for model in (pair.a, pair.b):
        values = np.log2(model.unembedding_singular_values)
        assert values[0] == pytest.approx(0.0, abs=1e-12)
        assert np.allclose(np.diff(values), np.diff(values)[:1], atol=1e-6)
        assert values[-1] == pytest.approx(round(values[-1]), abs=1e-6)


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
    assert np.array_equal(values, np.round(values))
    assert np.max(np.abs(values)) <= 3


def test_a_wide_failure_keeps_only_the_width_it_needs():
    pair = found(ours.pairs(), lambda p: p.k >= 5)
    assert (pair.n, pair.k, pair.m) == (2, 5, 1)


def test_a_drawn_pair_is_plain_at_its_simplest():
    pair = found(ours.any_pairs())
    assert (pair.k, pair.m) == (2, 1)


@pytest.mark.parametrize(
    "condition",
    [
        lambda p: kl_divergence(p.a, p.b) > 3,
        lambda p: squared_logit_distance(p.a, p.b) > 100,
        lambda p: p.a.probabilities.max() > 0.99,
    ],
    ids=["kl", "distance", "probability"],
)
def test_failures_that_need_larger_entries_keep_the_smallest_shape(condition):
    pair = found(ours.pairs(), condition)
    assert (pair.n, pair.k, pair.m) == (2, 2, 1)
    values = entries(pair)
    assert np.array_equal(values, np.round(values))
    assert np.max(np.abs(values)) <= 12


@pytest.mark.parametrize("name", ALL_PAIRS)
def test_the_simplest_example_of_a_kind_has_the_smallest_shape(name):
    pair = found(ALL_PAIRS[name](domain=Domain(inputs=(3, 6))))
    assert (pair.n, pair.k, pair.m, pair.b.m) == (3, 2, 1, 1)
    values = entries(pair)
    assert name == "spectrum_pairs" or np.array_equal(values * 16, np.round(values * 16))


def test_a_failure_in_the_plane_shrinks_to_integers():
    pair = found(ours.any_pairs(), lambda p: p.m == 2 and kl_divergence(p.a, p.b) > 1)
    assert (pair.n, pair.k) == (2, 3)
    values = entries(pair)
    assert np.array_equal(values * 8, np.round(values * 8))


def test_clusters_stand_on_small_integers_at_their_simplest():
    for k, m in ((2, 1), (8, 1), (3, 2), (8, 2), (5, 3), (8, 4)):
        domain = Domain(dimensions=(m, m), labels=(k, k), inputs=(k, k))
        values = entries(found(ours.clustered_pairs(domain=domain)))
        assert np.array_equal(values, np.round(values))
        assert np.abs(values).max() <= 3


def test_a_smaller_shape_is_a_corner_of_a_larger_one():
    def of_size(n, k):
        return found(ours.models(domain=Domain(dimensions=(1, 1), labels=(k, k), inputs=(n, n))))

    small, large = of_size(2, 2), of_size(12, 8)
    assert np.array_equal(small.embeddings, large.embeddings[:2])
    assert np.array_equal(small.unembeddings, large.unembeddings[:2])


def test_the_same_run_draws_the_same_pairs():
    def drawn():
        seen = []

        @settings(max_examples=30, deadline=None, database=None, derandomize=True)
        @given(ours.any_pairs())
        def collect(pair):
            seen.append(entries(pair))

        collect()
        return seen

    one, other = drawn(), drawn()
    assert len(one) == len(other) >= 30
    assert all(np.array_equal(x, y) for x, y in zip(one, other, strict=True))


def test_drawing_prints_nothing(capsys):
    found(ours.any_pairs())
    assert capsys.readouterr() == ("", "")


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


def test_unequal_dimensions_are_drawn_where_the_domain_lets_them():
    pair = found(ours.pairs(domain=Domain(equal_dimensions=False)), lambda p: p.b.m != p.a.m)
    assert pair.b.m != pair.a.m


@pytest.mark.parametrize("name", ALL_PAIRS)
def test_kinds_stay_in_a_domain_with_few_labels(name):
    """Where the domain admits labels too few for its dimensions, the dimensions give way."""
    domain = Domain(dimensions=(1, 4), labels=(2, 3), equal_dimensions=False, diverse=False)

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(ALL_PAIRS[name](domain=domain))
    def check(pair):
        assert pair.k <= 3
        assert pair.a.m <= 2
        assert pair.b.m <= 2

    check()


def test_a_domain_without_diverse_models_is_refused():
    with pytest.raises(InvalidInput, match="domain: diverse models of dimension 4 need at least 5 labels"):
        found(ours.pairs(domain=Domain(dimensions=(4, 5), labels=(2, 4), diverse=False)))


@pytest.mark.parametrize("values", [(1.0, -1.0), (math.inf,), (math.nan,)])
def test_singular_values_that_are_none_are_refused(values):
    with pytest.raises(InvalidInput, match="singular_values: expected positive finite numbers"):
        found(ours.models_with_spectrum(values))


def test_more_singular_values_than_labels_allow_are_refused():
    with pytest.raises(InvalidInput, match="domain: diverse models of dimension 9 need at least 10 labels"):
        found(ours.models_with_spectrum((1.0,) * 9))


@pytest.mark.parametrize("tau", [0.0, 0.125, -1.0, math.nan])
def test_floors_that_no_pair_keeps_are_refused(tau):
    with pytest.raises(InvalidInput, match=r"tau: expected a number in \(0, 1/8\)"):
        found(ours.tau_bounded_pairs(tau=tau))
