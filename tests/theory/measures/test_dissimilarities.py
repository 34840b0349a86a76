"""Identifiability and volume dissimilarities and the alignment error, against their definitions."""

import math

import numpy as np
import pytest
import torch

from tests.theory.arithmetic.arithmetics import first_float, models
from tests.theory.measures import oracles
from theory import (
    InvalidInput,
    Model,
    NotApplicable,
    RankDeficient,
    SingularSubset,
    alignment,
    alignment_error,
    identifiability_dissimilarity,
    identifiability_profile,
    volume_dissimilarity,
)
from theory.measures.dissimilarities import squared_subset_errors_of
from theory.models import Pair, label_subsets

RNG = np.random.default_rng(0)
F1, G1, F2, G2 = (RNG.standard_normal(shape) for shape in ((8, 3), (6, 3), (8, 3), (6, 3)))
MAP = np.array([[2.0, 1.0, 0.0], [0.5, 3.0, 1.0], [1.0, 0.0, 1.0]])
PAIRS = {
    "independent": ((F1, G1), (F2, G2)),
    "equal to 1e-7": ((F1, G1), (F1 + 1e-7 * F2, G1 + 1e-7 * G2)),
    "equal to 1e-12": ((F1, G1), (F1 + 1e-12 * F2, G1)),
    "gauge related to 1e-7": ((F1, G1), (F1 @ MAP.T + 1e-7 * F2, G1 @ np.linalg.inv(MAP) + 1e-7 * G2)),
    "common offset": ((F1, G1 + 1e5), (F1 + 1e-5 * F2, G1 + 1e5)),
    "second dimension 2": ((F1, G1), (F2[:, :2], G2[:, :2])),
    "second dimension 3 under 2": ((F1[:, :2], G1[:, :2]), (F2, G2)),
    "fewer inputs than dimensions": ((F1[:2], G1), (F2[:2], G2)),
    "one input": ((F1[:1], G1), (F2[:1], G2)),
    "k = m + 1": ((F1, G1[:4]), (F2, G2[:4])),
}


@pytest.mark.parametrize("name", PAIRS)
def test_identifiability_dissimilarity_keeps_ten_digits(name):
    a, b = PAIRS[name]
    truth = math.sqrt(oracles.squared_identifiability_dissimilarity(a, b))
    assert identifiability_dissimilarity(Model(*a), Model(*b)) == pytest.approx(truth, rel=1e-10, abs=0)


@pytest.mark.parametrize("name", PAIRS)
def test_alignment_error_and_volume_dissimilarity_keep_nine_digits(name):
    a, b = PAIRS[name]
    alignment_truth = math.sqrt(oracles.squared_alignment_error(a, b))
    volume_truth = math.sqrt(oracles.squared_volume_dissimilarity(a, b))
    assert alignment_error(Model(*a), Model(*b)) == pytest.approx(alignment_truth, rel=1e-9, abs=0)
    assert volume_dissimilarity(Model(*a), Model(*b)) == pytest.approx(volume_truth, rel=1e-9, abs=0)


@pytest.mark.parametrize("measure", [identifiability_dissimilarity, alignment_error, volume_dissimilarity])
@pytest.mark.parametrize("arithmetic", ["batch", "torch", "torch batch"])
def test_arithmetics_agree(measure, arithmetic):
    a, b = PAIRS["independent"]
    expected = measure(Model(*a), Model(*b))
    got = measure(*models(arithmetic, a, b))
    assert first_float(got) == pytest.approx(expected, rel=1e-12)
    if "batch" in arithmetic:  # both factors doubled: the embeddings, and with them the error, double
        assert float(got[1]) == pytest.approx(2 * expected, rel=1e-12)


@pytest.mark.parametrize("measure", [identifiability_dissimilarity, alignment_error, volume_dissimilarity])
def test_gradients_flow(measure):
    tensors = [torch.tensor(x, requires_grad=True) for x in (F1, G1, F2, G2)]

    def value(f, g, f2, g2):
        return measure(Model(f, g), Model(f2, g2))

    assert torch.autograd.gradcheck(value, tensors, eps=1e-6, atol=1e-4, rtol=1e-4)


def test_a_constant_added_to_the_student_costs_exactly_its_norm():
    """Every A_S is the identity, so each subset error is |c|^2: dividing twice by the number of terms shows here."""
    shift = np.array([3.0, 4.0, 0.0])
    profile = identifiability_profile(Model(F1, G1), Model(F1 + shift, G1))
    for value in (profile.mean, profile.median, profile.smallest, profile.largest):
        assert value == pytest.approx(25.0, rel=1e-13)
    assert profile.tail_share == pytest.approx(1 / 15)
    for measure in (identifiability_dissimilarity, alignment_error, volume_dissimilarity):
        assert measure(Model(F1, G1), Model(F1 + shift, G1)) == pytest.approx(5.0, rel=1e-13)


@pytest.mark.parametrize("measure", [identifiability_dissimilarity, alignment_error, volume_dissimilarity])
def test_equal_distributions_are_at_zero_and_units_are_the_first_model_s(measure):
    a, b = Model(F1, G1), Model(F2, G2)
    assert measure(a, a) == 0.0
    assert measure(a, a.gauged(MAP)) < 1e-13
    assert measure(Model(7 * F1, G1 / 7), b) == pytest.approx(7 * measure(a, b), rel=1e-12)
    assert measure(a, Model(7 * F2, G2 / 7)) == pytest.approx(measure(a, b), rel=1e-12)
    assert measure(a, b) != pytest.approx(measure(b, a), rel=1e-3)


def test_alignment_is_least_squares():
    expected = np.linalg.lstsq(G1 - G1.mean(axis=0), G2 - G2.mean(axis=0), rcond=None)[0]
    assert np.allclose(alignment(Model(F1, G1), Model(F2, G2)), expected, rtol=1e-12)


def test_by_hand_on_a_line():
    """m = 1, k = 3, labels 0, 1, 3 against 0, 2, 3; f = f' = 1: errors (1-2)^2, (1-1)^2, (1-1/2)^2."""
    a, b = Model([[1.0]], [[0.0], [1.0], [3.0]]), Model([[1.0]], [[0.0], [2.0], [3.0]])
    errors = squared_subset_errors_of(Pair(a, b), label_subsets(3, 2))
    assert np.allclose(errors, [1.0, 0.0, 0.25])
    profile = identifiability_profile(a, b)
    assert profile.mean == pytest.approx(1.25 / 3)
    assert profile.median == pytest.approx(0.25)
    assert profile.tail_share == pytest.approx(0.8)
    assert profile.standard_error == 0.0
    assert (profile.evaluated, profile.singular, profile.exhaustive) == (3, 0, True)
    assert identifiability_dissimilarity(a, b, statistic="median") == pytest.approx(0.5)
    # det^2 weights 1, 9, 4
    assert volume_dissimilarity(a, b) ** 2 == pytest.approx((1 + 0 + 4 * 0.25) / 14)


# --------------------------------------------------------------------------- sampling


def test_sampling_is_unbiased():
    a, b = Model(F1, G1), Model(F2, G2)
    exact = identifiability_dissimilarity(a, b) ** 2
    profile = identifiability_profile(a, b, subsets=20_000, seed=1)
    assert abs(profile.mean - exact) < 4 * profile.standard_error
    means = [identifiability_dissimilarity(a, b, subsets=50, seed=seed) ** 2 for seed in range(400)]
    assert abs(np.mean(means) - exact) < 4 * np.std(means) / 20


def test_sampling_is_seeded_and_batches_do_not_matter(monkeypatch):
    a, b = Model(F1, G1), Model(F2, G2)
    first = identifiability_dissimilarity(a, b, subsets=300, seed=5)
    assert identifiability_dissimilarity(a, b, subsets=300, seed=5) == first
    assert identifiability_dissimilarity(a, b, subsets=300, seed=6) != first
    whole = identifiability_dissimilarity(a, b)
    monkeypatch.setattr("theory.measures.dissimilarities._BATCH_BYTES", 700)
    assert identifiability_dissimilarity(a, b) == pytest.approx(whole, rel=1e-15)
    assert identifiability_dissimilarity(a, b, subsets=300, seed=5) == pytest.approx(first, rel=1e-15)


def test_sampled_subsets_are_uniform():
    """Each of the 15 subsets of 4 out of 6 labels is drawn equally often, to five deviations."""
    a, b = Model(F1, G1), Model(F2, G2)
    errors = squared_subset_errors_of(Pair(a, b), label_subsets(6, 4))
    assert len(np.unique(np.round(errors, 9))) == 15
    profile = identifiability_profile(a, b, subsets=30_000)
    assert profile.smallest == pytest.approx(errors.min())
    assert profile.largest == pytest.approx(errors.max())
    assert profile.tail_share == pytest.approx(np.max(errors) * 0.01 / np.mean(errors), rel=0.05)


def test_a_heavy_tail_is_reported():
    """One nearly singular subset carries the mean; the median does not notice."""
    labels = np.array([[0.0], [1.0], [2.0], [2.0 + 1e-6]])
    moved = labels + np.array([[0.0], [0.1], [-0.1], [0.1]])
    profile = identifiability_profile(Model([[1.0]], labels), Model([[1.0]], moved))
    assert profile.tail_share > 0.999
    assert profile.median < 1.0 < profile.mean


# --------------------------------------------------------------------------- singular and deficient


@pytest.mark.parametrize("arithmetic", ["numpy", "batch", "torch"])
def test_a_repeated_label_is_named(arithmetic):
    labels = G1.copy()
    labels[4] = labels[1]
    with pytest.raises(SingularSubset) as caught:
        identifiability_dissimilarity(*models(arithmetic, (F1, labels), (F2, G2)))
    assert {1, 4} <= set(caught.value.subset)
    assert str(caught.value.subset) in str(caught.value)
    assert isinstance(caught.value, NotApplicable)


def test_labels_in_one_plane_to_rounding_are_named():
    labels = G1.copy()
    labels[3] = labels[0] + 0.3 * (labels[1] - labels[0]) + 0.7 * (labels[2] - labels[0])
    with pytest.raises(SingularSubset) as caught:
        identifiability_dissimilarity(Model(F1, labels), Model(F2, G2))
    assert caught.value.subset == (0, 1, 2, 3)


def test_singular_subsets_leave_the_median_and_the_profile():
    labels = G1.copy()
    labels[4] = labels[1]
    profile = identifiability_profile(Model(F1, labels), Model(F2, G2))
    assert profile.mean is None
    assert profile.standard_error is None
    assert profile.singular == 6  # subsets of 4 out of 6 that hold both labels
    assert profile.worst_condition_number == math.inf
    median = identifiability_dissimilarity(Model(F1, labels), Model(F2, G2), statistic="median")
    assert median**2 == pytest.approx(profile.median)


def test_a_median_among_singular_subsets_does_not_exist():
    labels = np.repeat(G1[:2], 3, axis=0)
    assert identifiability_profile(Model(F1, labels), Model(F2, G2)).median is None
    with pytest.raises(SingularSubset):
        identifiability_dissimilarity(Model(F1, labels), Model(F2, G2), statistic="median")


@pytest.mark.parametrize("measure", [alignment, alignment_error, volume_dissimilarity])
def test_rank_deficient_labels_are_refused(measure):
    flat = G1.copy()
    flat[:, 2] = flat[:, 0]
    with pytest.raises(RankDeficient, match="a: its 6 centred unembeddings do not span all 3 dimensions"):
        measure(Model(F1, flat), Model(F2, G2))
    with pytest.raises(RankDeficient, match="diversity"):
        measure(Model(F1, G1[:3]), Model(F2, G2[:3]))


def test_too_few_labels_are_not_applicable():
    with pytest.raises(NotApplicable, match="k >= m"):
        identifiability_dissimilarity(Model(F1, G1[:3]), Model(F2, G2[:3]))


def test_too_many_subsets_are_refused_with_a_way_out():
    rng = np.random.default_rng(0)
    a, b = (Model(rng.standard_normal((60, 50)), rng.standard_normal((100, 50))) for _ in range(2))
    with pytest.raises(InvalidInput, match="subsets=20000"):
        identifiability_dissimilarity(a, b)
    assert identifiability_dissimilarity(a, b, subsets=20, statistic="median") > 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"subsets": 0}, "subsets: expected 'all' or a positive number"),
        ({"subsets": "some"}, "subsets"),
        ({"subsets": True}, "subsets"),
        ({"subsets": 2.5}, "subsets"),
        ({"seed": -1}, "seed: expected a non-negative integer"),
        ({"statistic": "mode"}, "statistic: expected 'mean' or 'median'"),
    ],
)
def test_arguments_are_validated(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        identifiability_dissimilarity(Model(F1, G1), Model(F2, G2), **arguments)


def test_a_profile_of_a_batch_is_refused():
    with pytest.raises(InvalidInput, match="unbatched"):
        identifiability_profile(Model(F1[None], G1[None]), Model(F2[None], G2[None]))


def test_the_worst_conditioned_subset_is_named():
    """Labels 0, 1 and 2 nearly on a line: their subset has the largest condition number, and it is right."""
    labels = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 1e-12], [0.5, 1.0]])
    profile = identifiability_profile(Model(F1[:, :2], labels), Model(F2[:, :2], G2[:4, :2]))
    values = np.linalg.svd(labels[1:3] - labels[0], compute_uv=False)
    assert profile.worst_subset == (0, 1, 2)
    assert profile.worst_condition_number == pytest.approx(values[0] / values[1], rel=1e-3)
