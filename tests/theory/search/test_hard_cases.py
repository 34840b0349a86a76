"""Inputs chosen to break the numerics: cancellation inside products, offsets, scales, rank lost to rounding."""

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
import theory.arithmetic.balls as balls
from tests.theory.arithmetic.arithmetics import first_float, in_arithmetic, models
from tests.theory.measures import oracles
from theory import DegenerateInput, InvalidInput, Model, Pair, SingularSubset

RNG = np.random.default_rng(0)
F, G, F2, G2 = (RNG.standard_normal(shape) for shape in ((4, 2), (5, 2), (4, 2), (5, 2)))
X, Y = RNG.standard_normal((30, 3)), RNG.standard_normal((30, 3))

MEASURES = {
    "squared_logit_distance": (theory.squared_logit_distance, oracles.squared_logit_distance),
    "kl_divergence": (theory.kl_divergence, oracles.kl_divergence),
    "squared_hellinger": (theory.squared_hellinger, oracles.squared_hellinger),
    "total_variation": (theory.total_variation, oracles.total_variation),
    "jensen_shannon": (theory.jensen_shannon, oracles.jensen_shannon),
    "chi_squared": (theory.chi_squared, oracles.chi_squared),
    "renyi_0.3": (lambda a, b: theory.renyi(a, b, 0.3), lambda a, b: oracles.renyi(a, b, 0.3)),
    "renyi_0.9": (lambda a, b: theory.renyi(a, b, 0.9), lambda a, b: oracles.renyi(a, b, 0.9)),
    "renyi_5": (lambda a, b: theory.renyi(a, b, 5.0), lambda a, b: oracles.renyi(a, b, 5.0)),
    "temperature_kl": (lambda a, b: theory.temperature_kl(a, b, 3.0), lambda a, b: oracles.temperature_kl(a, b, 3.0)),
}
DISSIMILARITIES = {
    "identifiability": (theory.identifiability_dissimilarity, oracles.squared_identifiability_dissimilarity),
    "volume": (theory.volume_dissimilarity, oracles.squared_volume_dissimilarity),
    "alignment": (theory.alignment_error, oracles.squared_alignment_error),
}


def relative_error(value, truth):
    return float(abs(mp.mpf(float(value)) - truth) / truth)


def gauged(transform, f=F, g=G):
    return f @ transform.T, np.linalg.solve(transform.T, g.T).T


# --------------------------------------------------------------------------- what averages can hide

SKEW = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-6]])  # the second model's logits are differences of terms 1e6 times larger
SKEWED_F, SKEWED_G = gauged(SKEW)
MAPPED_F, MAPPED_G = gauged(np.array([[1.3, 0.4], [-0.2, 0.8]]))
LOUD = np.array([[300.0, 0.0, 0.0], [0.3, 0.2, 0.1]])  # a sure input, and one on which KL rests
PAIRS = {
    "logits that cancel within themselves": ((F, G), (SKEWED_F, SKEWED_G + 1e-3 * G2)),
    "labels shifted, all else the same": ((F, G), (F, G + 1000.1)),
    "labels gauged and shifted": ((F, G), (MAPPED_F, MAPPED_G + 7.3)),
    "one sure input and one that nearly agrees": (
        (LOUD, np.eye(3)),
        (LOUD + np.array([[0.0, 0.0, -200.0], [0.0, 1e-11, 0.0]]), np.eye(3)),
    ),
    "a common offset a hundred million times the differences": ((F, G + 1e8), (F * (1 + 1e-5), G + 1e8)),
    "equal to 1e-12 at low temperature": ((30 * F, G), (30 * F * (1 + 1e-12), G)),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("measure", MEASURES)
def test_nine_digits(measure, pair):
    ours, truth = MEASURES[measure]
    a, b = PAIRS[pair]
    assert relative_error(ours(Model(*a), Model(*b)), truth(a, b)) < 1e-9


SEEDS = st.integers(0, 2**32 - 1)
EXPONENTS = st.floats(-15, -1)


def hard_pair(seed, exponent):
    """Draw a pair that nearly agrees in one of six ways, at any scale of logits up to a few hundred."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 4, size=2)
    k = m + rng.integers(1, 4)
    size = 10.0**exponent
    f, g = rng.standard_normal((n, m)) * 10.0 ** rng.uniform(-2, 1.5), rng.standard_normal((k, m))
    kind = rng.integers(6)
    if kind == 0:
        other = f + size * rng.standard_normal((n, m)), g
    elif kind == 1:
        other = gauged(rng.standard_normal((m, m)), f, g)
    elif kind == 2:
        other = gauged(1 + 10.0 ** rng.uniform(-5, -1) * rng.standard_normal((m, m)), f, g)
    elif kind == 3:
        other = f, g + 10.0 ** rng.uniform(-3, 6) * rng.standard_normal(m)
    elif kind == 4:
        g = g + 10.0 ** rng.uniform(0, 8)
        other = f, g + size * rng.standard_normal((k, m))
    else:
        other = rng.standard_normal((n, m)), rng.standard_normal((k, m))
    return (f, g), other


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=SEEDS, exponent=EXPONENTS)
def test_no_pair_costs_the_distances_nine_digits(seed, exponent):
    a, b = hard_pair(seed, exponent)
    for ours, truth in (MEASURES[name] for name in ("squared_logit_distance", "kl_divergence", "chi_squared")):
        expected = truth(a, b)
        if expected > 1e-60:  # smaller ones are rounding of the compensated products
            assert relative_error(ours(Model(*a), Model(*b)), expected) < 1e-9


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=SEEDS, exponent=EXPONENTS)
def test_no_pair_costs_the_dissimilarities_more_than_conditioning_does(seed, exponent):
    a, b = hard_pair(seed, exponent)
    condition = max(np.linalg.cond(a[1][list(s[1:])] - a[1][s[0]]) for s in oracles.subsets_of(a))
    for ours, truth in DISSIMILARITIES.values():
        expected = truth(a, b)
        if condition < 1e7 and expected > 1e-60:
            assert relative_error(ours(Model(*a), Model(*b)) ** 2, expected) < 1e-10 * condition


@pytest.mark.parametrize("measure", DISSIMILARITIES)
def test_dissimilarities_see_what_a_shift_of_labels_rounds_away(measure):
    ours, truth = DISSIMILARITIES[measure]
    a, b = (F, G), (F, G + 1000.1)
    assert relative_error(ours(Model(*a), Model(*b)) ** 2, truth(a, b)) < 1e-9


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_scales_that_cancel_between_factors_change_nothing(scale):
    a, b = Model(F / scale, G * scale), Model(F2, G2)
    assert theory.squared_logit_distance(a, b) == pytest.approx(
        theory.squared_logit_distance(Model(F, G), b), rel=1e-12
    )
    unscaled = theory.identifiability_dissimilarity(Model(F, G), b)
    assert theory.identifiability_dissimilarity(a, b) * scale == pytest.approx(unscaled, rel=1e-12)


def test_logits_whose_squares_would_overflow_are_refused():
    for f, g in ((1e160 * F, G), (F, 1e160 * G), (1e100 * F, 1e100 * G)):
        with pytest.raises(InvalidInput, match=r"embeddings and unembeddings: .*below 1e\+140.*saw entries up to"):
            Model(f, g)


# --------------------------------------------------------------------------- singular to rounding


@pytest.mark.parametrize("arithmetic", ["numpy", "batch", "torch"])
@pytest.mark.parametrize("offset", [0.0, 7.3, 1e4, 1e8])
def test_dependence_that_an_offset_rounds_is_still_dependence(arithmetic, offset):
    labels = G.copy()
    labels[2] = labels[0] + 0.3 * (labels[1] - labels[0])
    with pytest.raises(SingularSubset) as caught:
        theory.identifiability_dissimilarity(*models(arithmetic, (F, labels + offset), (F2, G2)))
    assert caught.value.subset == (0, 1, 2)


def test_an_offset_alone_makes_nothing_singular():
    shifted = theory.identifiability_dissimilarity(Model(F, np.round(G, 3) + 2.0**20), Model(F2, G2))
    assert shifted == pytest.approx(
        theory.identifiability_dissimilarity(Model(F, np.round(G, 3)), Model(F2, G2)), rel=1e-6
    )


@pytest.mark.parametrize("arithmetic", ["batch", "torch", "torch batch", "balls"])
def test_the_median_exists_beside_singular_subsets_in_every_arithmetic(arithmetic):
    labels = G.copy()
    labels[1] = labels[0]
    expected = theory.identifiability_dissimilarity(Model(F, labels), Model(F2, G2), statistic="median")
    a, b = models(arithmetic, (F, labels), (F2, G2))
    assert first_float(theory.identifiability_dissimilarity(a, b, statistic="median")) == pytest.approx(expected)
    with pytest.raises(SingularSubset, match=r"\(0, 1, 2\)"):
        theory.identifiability_dissimilarity(a, b)


def test_the_singular_element_of_a_batch_is_the_one_named():
    singular = G.copy()
    singular[4] = singular[2]
    a = Model(np.stack([F, F]), np.stack([G, singular]))
    with pytest.raises(SingularSubset, match=r"\(0, 2, 4\)"):
        theory.identifiability_dissimilarity(a, Model(np.stack([F2, F2]), np.stack([G2, G2])))


def test_ratios_that_vary_by_rounding_alone_are_not_standardised():
    across = np.array([-0.6, 0.8])
    labels = np.outer([0.1, 0.7, -0.3], [0.8, 0.6])
    inputs = 3.0 * np.array([0.8, 0.6]) + np.outer(RNG.standard_normal(7), across)
    with pytest.raises(DegenerateInput, match="does not vary"):
        theory.llv_distance(Model(inputs, labels), Model(F2[[0, 1, 2, 3, 0, 1, 2]], G2[:3]))


# --------------------------------------------------------------------------- correlations


def test_correlations_ignore_the_units_of_columns():
    expected = theory.canonical_correlations(X, Y)
    assert np.allclose(theory.canonical_correlations(X * [1.0, 1e-20, 1e20], Y), expected, rtol=1e-10)
    assert np.allclose(theory.canonical_correlations(X, Y * [1e-150, 1.0, 1e100]), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "measure",
    [theory.mean_cca, theory.svcca, theory.pwcca, theory.linear_cka, theory.procrustes, theory.svd_dissimilarity],
)
def test_likeness_has_no_unit(measure):
    assert measure(1e-200 * X, Y) == pytest.approx(measure(X, Y), rel=1e-12)


@pytest.mark.parametrize("rows", [100, 5_000, 100_000])
def test_rank_is_lost_to_rounding_however_many_rows_there_are(rows):
    rng = np.random.default_rng(rows)
    plane, other = rng.standard_normal((rows, 2)), rng.standard_normal((rows, 3))
    third = np.column_stack([plane, plane @ rng.standard_normal(2)]) @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    assert np.allclose(theory.canonical_correlations(third, third), [1.0, 1.0, 0.0], atol=1e-12)
    expected = theory.canonical_correlations(plane, other)
    assert np.allclose(theory.canonical_correlations(third, other), expected, atol=1e-10)


@pytest.mark.parametrize("rows", [10, 1_000, 99_999])
def test_constant_columns_are_no_direction(rows):
    varying = np.random.default_rng(rows).standard_normal(rows)
    for constant in (0.1, 1000.1, 7.3e-9):
        columns = np.column_stack([np.full(rows, constant), varying])
        assert np.allclose(theory.canonical_correlations(columns, columns), [1.0, 0.0], atol=1e-12)


def test_pwcca_of_a_repeated_column_is_a_number_that_bases_do_not_change():
    deficient = np.column_stack([X[:, 0], X[:, 1], X[:, 0] - X[:, 1]])
    rank_one = np.outer(Y[:, 0], [1.0, 2.0, 3.0])
    assert theory.pwcca(deficient, rank_one) == pytest.approx(theory.pwcca(deficient, Y[:, :1]), rel=1e-12)


def test_gradients_of_procrustes_between_unequal_widths():
    x = torch.tensor(X[:8, :2], requires_grad=True)
    wide = torch.tensor(np.column_stack([Y[:8], X[:8, 2]]))
    assert torch.autograd.gradcheck(lambda x: theory.procrustes(x, wide), x)


@pytest.mark.parametrize("measure", [theory.canonical_correlations, theory.linear_cka, theory.procrustes])
@pytest.mark.parametrize("bad", [np.array([[1, 2]] * 30, dtype=object), np.array([["a", None]] * 30, dtype=object)])
def test_object_arrays_are_not_mistaken_for_balls(measure, bad):
    with pytest.raises(InvalidInput, match=r"X: expected real numbers of shape \(n, p\), saw shape \(30, 2\)"):
        measure(bad, Y)


# --------------------------------------------------------------------------- balls


@pytest.mark.parametrize(
    "measure",
    [
        theory.identifiability_dissimilarity,
        theory.volume_dissimilarity,
        theory.alignment_error,
        theory.llv_distance,
        lambda a, b: theory.logit_distance(a, b, 3),
        lambda a, b: theory.logit_distance(a, b, math.inf),
    ],
)
def test_balls_enclose_what_floats_compute(measure):
    a, b = (F, G), (F2, G2)
    with balls.precision(120):
        ball = balls.asarray(measure(*models("balls", a, b)))[()]
    low, high = balls.to_float(ball)
    assert high - low < 1e-12
    assert low * (1 - 1e-12) <= measure(Model(*a), Model(*b)) <= high * (1 + 1e-12)


@pytest.mark.parametrize("measure", [theory.linear_cka, theory.svd_dissimilarity, theory.mean_cca])
def test_balls_of_likeness(measure):
    with balls.precision(120):
        ball = balls.asarray(measure(*in_arithmetic("balls", X, Y)))[()]
    assert float(ball.rad()) < 1e-25
    assert float(ball.mid()) == pytest.approx(measure(X, Y), rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_distance_that_balls_cannot_tell_from_zero_is_enclosed_and_not_zero(order):
    labels = np.array([[1.0], [0.1], [0.3]])
    a, b = (np.array([[1.0]]), labels), (np.array([[1.0]]), labels + 2.0)
    truth = oracles.logit_distance(a, b, order)
    with balls.precision(53):
        ball = balls.asarray(theory.logit_distance(*models("balls", a, b), order))[()]
    low, high = balls.to_float(ball)
    assert low <= 0 < truth < high


def test_balls_are_validated_like_arrays_and_do_not_mix_with_them():
    f, g = in_arithmetic("balls", F, G)
    with pytest.raises(InvalidInput, match=r"as many columns as embeddings have \(2\), saw shape \(5, 1\)"):
        Model(f, g[:, :1])
    with pytest.raises(InvalidInput, match="one of each"):
        Model(f, G)
    with pytest.raises(InvalidInput, match="one of each"):
        Pair(Model(f, g), Model(F, G))
    with pytest.raises(InvalidInput, match="one of each"):
        theory.canonical_correlations(f, F)


# --------------------------------------------------------------------------- the door


def test_sparse_tensors_of_any_layout_are_refused():
    sparse = torch.eye(3).to_sparse()
    with pytest.raises(InvalidInput, match="embeddings: expected dense real numbers"):
        Model(sparse, torch.eye(3))


def test_numbers_of_numpy_are_numbers():
    a, b = Model(F, G), Model(F2, G2)
    assert theory.logit_distance(a, b, np.int64(2)) == theory.logit_distance(a, b)
    assert theory.logit_distance(a, b, np.float32(3)) == theory.logit_distance(a, b, 3)
    assert theory.renyi(a, b, np.float64(2)) == theory.renyi(a, b, 2)
    assert theory.temperature_kl(a, b, np.float32(2)) == theory.temperature_kl(a, b, 2)


def test_floats_too_wide_for_float64_are_named():
    with pytest.raises(InvalidInput, match="embeddings: expected finite numbers, saw inf"):
        Model(np.array([[np.longdouble("1e400")]]), [[1.0], [2.0]])


@pytest.mark.parametrize(
    ("transform", "complaint"),
    [
        (np.zeros((2, 2)), "transform: expected an invertible matrix"),
        (np.eye(3), r"transform: expected shape \(2, 2\)"),
    ],
)
def test_what_is_no_gauge_is_refused(transform, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Model(F, G).gauged(transform)


@pytest.mark.parametrize("word", ["title", "source"])
def test_words_about_a_claim_are_strings(word):
    with pytest.raises(InvalidInput, match=f"{word}: expected a string, saw 3"):
        theory.claim(**{word: 3})


@pytest.mark.parametrize("labels", [("x",), (1.0,), (0, 1), (-1,)])
def test_labels_of_the_llv_distance_are_whole_numbers_in_range(labels):
    with pytest.raises(InvalidInput, match="labels: expected indices below 5"):
        theory.llv_distance(Model(F, G), Model(F2, G2), labels=labels)


def test_a_threshold_is_a_number():
    with pytest.raises(InvalidInput, match="threshold: expected a number in"):
        theory.svcca(X, Y, "most")
