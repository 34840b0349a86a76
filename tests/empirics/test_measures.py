"""All measures of one pair: each against its definition, what does not exist, and concepts read by linear probes."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given

import empirics.measures
from empirics.measures import (
    CONCEPT_MEASURES,
    MEASURES,
    Concepts,
    Splits,
    concept_measures,
    fit_concept_probes,
    mean_cca_bound,
    measure,
)
from empirics.probes import Probe
from theory import (
    DegenerateInput,
    InvalidInput,
    Model,
    NotApplicable,
    RankDeficient,
    identifiability_dissimilarity,
    identifiability_profile,
    kl_divergence,
    mean_cca,
)
from theory.catalogue.examples import rotation, small_kl
from theory.measures.registry import CERTIFYING
from theory.measures.registry import MEASURES as REGISTERED
from theory.pairs.strategies import any_pairs

RNG = np.random.default_rng(0)
F, G = RNG.standard_normal((40, 2)), RNG.standard_normal((5, 2))
TEACHER = Model(F, G)
STUDENT = Model(F + 0.1 * RNG.standard_normal(F.shape), G + 0.1 * RNG.standard_normal(G.shape))
TOP = np.argmax(TEACHER.probabilities, axis=1)
LABELS = np.where(np.arange(40) < 30, TOP, (TOP + 1) % 5)  # the teacher is right on three in four


def random_model(n, k, m, seed):
    rng = np.random.default_rng(seed)
    return Model(rng.standard_normal((n, m)), rng.standard_normal((k, m)))


# --------------------------------------------------------------------------- one pair


def test_it_measures_what_its_names_say():
    found = measure(TEACHER, STUDENT, LABELS)
    assert tuple(found.values) == MEASURES
    assert found.reasons == {}
    values = found.values
    assert values["kl"] == kl_divergence(TEACHER, STUDENT)
    assert values["kl_reversed"] == kl_divergence(STUDENT, TEACHER) != values["kl"]
    d_rep, median = (identifiability_dissimilarity(TEACHER, STUDENT, statistic=s) for s in ("mean", "median"))
    assert values["identifiability_dissimilarity"] == pytest.approx(d_rep)
    assert values["identifiability_dissimilarity_median"] == pytest.approx(median)
    assert values["identifiability_tail_share"] == identifiability_profile(TEACHER, STUDENT).tail_share
    tops = [np.argmax(model.probabilities, axis=1) for model in (TEACHER, STUDENT)]
    assert values["teacher_accuracy"] == 0.75 != values["accuracy"]
    assert values["accuracy"] == np.mean(tops[1] == LABELS)
    assert values["agreement"] == np.mean(tops[0] == tops[1])
    smallest = min(model.probabilities.min() for model in (TEACHER, STUDENT))
    assert values["log_min_probability"] == pytest.approx(math.log(smallest))
    assert values["negative_log_likelihood"] == pytest.approx(
        -np.mean(np.log(STUDENT.probabilities)[range(40), LABELS])
    )


def test_the_published_examples_come_out():
    pair = rotation()
    found = measure(pair.a, pair.b, np.repeat(np.arange(5), 100)).values
    assert found["kl"] == pytest.approx(36.11, abs=0.005)
    assert found["kl_reversed"] == pytest.approx(38.33, abs=0.005)
    assert (found["agreement"], found["accuracy"]) == (0.0, 0.0)
    assert found["teacher_accuracy"] > 0.99
    assert found["mean_cca"] == pytest.approx(1.0)
    assert found["logit_distance"] ** 2 == pytest.approx(8084.2, abs=0.05)
    pair = small_kl()
    found = measure(pair.a, pair.b, np.zeros(pair.n, dtype=int)).values
    assert found["log_min_probability"] == pytest.approx(math.log(2.7e-25), abs=0.02)
    assert found["identifiability_dissimilarity"] ** 2 == pytest.approx(10.17, abs=0.005)


def test_the_subsets_are_run_through_once(monkeypatch):
    calls = []

    def counted(*arguments, **named):
        calls.append(named)
        return identifiability_profile(*arguments, **named)

    monkeypatch.setattr(empirics.measures, "identifiability_profile", counted)
    measure(TEACHER, STUDENT, LABELS)
    assert calls == [{"subsets": "all", "seed": 0}]
    monkeypatch.setattr(empirics.measures, "DRAWS", 9)  # C(5, 3) = 10
    first, second = (measure(TEACHER, STUDENT, LABELS).values for _ in range(2))
    assert calls[-1] == {"subsets": 9, "seed": 0}
    assert first == second


def test_identical_models_differ_by_nothing():
    values = measure(TEACHER, TEACHER, LABELS).values
    for name in ("kl", "logit_distance", "whitened_logit_distance", "volume_dissimilarity", "alignment_error"):
        assert values[name] == 0.0
    for name in ("agreement", "mean_cca_bound", "guaranteed_mean_cca"):
        assert values[name] == 1.0


@given(any_pairs())
def test_the_measures_obey_the_theorems(pair):
    values = measure(pair.a, pair.b, np.zeros(pair.n, dtype=int)).values
    if values["mean_cca_bound"] is not None and values["guaranteed_mean_cca"] is not None:
        assert values["mean_cca_bound"] <= values["guaranteed_mean_cca"] + 1e-6 <= values["mean_cca"] + 2e-6
    if values["mean_cca_bound"] is not None:
        assert values["mean_cca_bound"] <= values["mean_cca"] + 1e-6
    assert values["kl"] <= values["logit_distance"] ** 2 / 4 * (1 + 1e-9)
    if values["volume_dissimilarity"] is not None:
        assert values["alignment_error"] <= values["volume_dissimilarity"] * (1 + 1e-9) + 1e-12


# --------------------------------------------------------------------------- what does not exist


def test_a_narrower_student_lacks_only_what_it_must():
    found = measure(random_model(60, 7, 3, 1), random_model(60, 7, 2, 2), np.zeros(60, dtype=int))
    assert set(found.reasons) == {"guaranteed_mean_cca"}
    assert found.reasons["guaranteed_mean_cca"].startswith("student: expected dimension 3")
    assert found.values["mean_cca"] <= 2 / 3  # one of three directions is missing
    assert found.values["identifiability_dissimilarity"] > 0


def test_a_wider_student_has_no_bound():
    found = measure(random_model(60, 7, 2, 1), random_model(60, 7, 3, 2), np.zeros(60, dtype=int))
    assert set(found.reasons) == {"guaranteed_mean_cca", "mean_cca", "mean_cca_bound"}
    assert "at most 2" in found.reasons["mean_cca_bound"]


def test_certificates_are_those_of_the_registry_and_below_the_truth():
    found = measure(TEACHER, STUDENT, LABELS).values
    for name in CERTIFYING:
        assert found[name] == REGISTERED[name].number(TEACHER, STUDENT)
    assert 0 < found["certified_agreement"] <= found["agreement"] == 1 - found["flipped"]
    assert found["flipped"] <= found["disagreement_bound"]
    assert found["certified_embeddings"] <= found["near_embeddings"]
    assert found["squared_fisher_distance"] <= found["fisher_bound"]
    assert found["squared_clipped_distance_1e-2"] <= 200 * found["kl"]


def test_a_teacher_without_diversity_is_told_so():
    found = measure(random_model(30, 3, 4, 1), random_model(30, 3, 4, 2), np.zeros(30, dtype=int))
    missing = {name for name, value in found.values.items() if value is None}
    assert missing == set(found.reasons)
    subsets = {name for name in MEASURES if name.startswith("identifiability")}
    alignments = {"whitened_logit_distance", "volume_dissimilarity", "alignment_error"}
    alignments |= {"certified_embeddings", "near_embeddings"}
    assert missing == subsets | alignments | {"mean_cca_bound", "guaranteed_mean_cca"}
    assert "m + 1" in found.reasons["identifiability_dissimilarity"]
    assert found.reasons["volume_dissimilarity"].startswith("teacher: ")


def test_singular_subsets_take_the_mean_and_leave_the_median():
    labels = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [1.0, 3.0]])  # the first three on a line
    found = measure(Model(F, labels), STUDENT, LABELS)
    assert found.values["identifiability_dissimilarity"] is None
    assert "1 of 10 subsets" in found.reasons["identifiability_dissimilarity"]
    assert "(0, 1, 2)" in found.reasons["identifiability_dissimilarity"]
    assert found.values["identifiability_dissimilarity_median"] > 0
    # All on a line: nothing is left.
    line = measure(Model(F, labels[:, :1] @ [[1.0, 0.0]]), STUDENT, LABELS)
    for name in ("identifiability_dissimilarity", "identifiability_dissimilarity_median", "identifiability_tail_share"):
        assert "10 of 10 subsets" in line.reasons[name]


def test_what_floats_cannot_hold_is_none():
    # pinv(Gc) of size 1e100 times differences of size 1e130, squared.
    found = measure(Model(F, 1e-100 * G), Model(1e30 * F, 1e100 * G[::-1]), LABELS)
    assert found.values["alignment_error"] is None
    assert found.reasons["alignment_error"] == "exceeds the range of float64"
    assert all(value is None or math.isfinite(value) for value in found.values.values())
    assert found.values["logit_distance"] > 1e129


def test_pairs_and_labels_are_checked():
    with pytest.raises(InvalidInput, match="labels: expected 40 integers"):
        measure(TEACHER, STUDENT, LABELS[:3])
    with pytest.raises(InvalidInput, match=r"labels: expected labels in \[0, 5\)"):
        measure(TEACHER, STUDENT, LABELS + 3)
    with pytest.raises(InvalidInput, match="rows \\(labels\\) of a"):
        measure(TEACHER, Model(F, G[:4]), LABELS % 4)
    with pytest.raises(InvalidInput, match="model: expected one model of NumPy arrays"):
        measure(TEACHER, Model(torch.tensor(F), torch.tensor(G)), LABELS)


# --------------------------------------------------------------------------- the bound of T4

LINE = Model([[1.0], [-1.0]], [[1.0], [-1.0]])  # Cov u has the eigenvalue 2


def test_the_bound_by_hand():
    # u' = 3/4 u: d^2 = 2/16 and s = 1/16, so 1 - (1 - sqrt(1 - 1/16)).
    assert mean_cca_bound(LINE, Model([[0.75], [-0.75]], LINE.unembeddings)) == pytest.approx(math.sqrt(15) / 4)
    # s = 4 pays for more directions than there are.
    assert mean_cca_bound(LINE, Model([[-1.0], [1.0]], LINE.unembeddings)) == 0.0


def test_eigenvalues_are_centred_as_the_correlations_are():
    """u = (1 + a/8) v, u' = (1 + b/8) v, uncorrelated signs: E[u u^T] = 65/64 ||v||^2 would promise a correlation."""
    labels = np.array([[0.5], [-0.5]])
    a, b = (np.array([[1.0], [s], [-s], [-1.0]]) for s in (1.0, -1.0))
    teacher, student = (Model(1 + signs / 8, labels) for signs in (a, b))
    assert mean_cca(teacher.embeddings, student.embeddings) == pytest.approx(0.0, abs=1e-12)
    assert mean_cca_bound(teacher, student) == 0.0
    mixed = 1 - 2 / 64 * 0.5 / (65 / 64 * 0.5)
    assert mixed > 0.96


def test_a_bound_that_does_not_exist_says_why():
    with pytest.raises(NotApplicable, match="student: expected a dimension of at most 1"):
        mean_cca_bound(LINE, Model(np.ones((2, 2)), [[1.0, 0.0], [-1.0, 0.0]]))
    with pytest.raises(RankDeficient, match="teacher: "):
        mean_cca_bound(Model([[1.0], [-1.0]], [[1.0], [1.0]]), LINE)
    with pytest.raises(DegenerateInput, match="teacher: 1 inputs"):
        mean_cca_bound(LINE.select_rows(slice(0, 1)), LINE.select_rows(slice(0, 1)))
    with pytest.raises(DegenerateInput, match="zero eigenvalue"):
        mean_cca_bound(Model([[1.0], [1.0]], LINE.unembeddings), LINE)


# --------------------------------------------------------------------------- concepts

SIZES = (600, 200, 300)


def scene(seed=0):
    """Embeddings of independent attributes, and two concepts: a sign of the first, a third of the second direction."""
    rng = np.random.default_rng(seed)
    parts = [rng.uniform(-1, 1, (n, 3)) for n in SIZES]
    concepts = Concepts(*(np.column_stack([f[:, 0] > 0, np.digitize(f[:, 1], [-1 / 3, 1 / 3])]) for f in parts))
    return parts, concepts, rng.standard_normal((8, 3))


def splits(parts, unembeddings):
    return Splits(parts[0], parts[1], Model(parts[2], unembeddings))


def changed(teacher, transform):
    """The same distribution from embeddings mapped by a matrix."""
    inputs = [teacher.train @ transform.T, teacher.validation @ transform.T]
    return Splits(*inputs, teacher.test.gauged(transform))


@pytest.fixture(scope="module")
def taught():
    parts, concepts, unembeddings = scene()
    teacher = splits(parts, unembeddings)
    return teacher, concepts, fit_concept_probes(teacher, concepts)


@pytest.mark.parametrize(
    "transform", [0.01 * np.eye(3), 1e6 * np.eye(3), np.array([[1.0, 2, 0], [0, 1, -3], [1, 0, 1]])]
)
def test_an_equivalent_student_reads_what_its_teacher_reads(taught, transform):
    """An accuracy that falls when embeddings are a hundredth of their size is the probe's fault, not the student's."""
    teacher, concepts, probes = taught
    found = concept_measures(probes, teacher.test, changed(teacher, transform), concepts).mean.values
    assert tuple(found) == CONCEPT_MEASURES
    assert found["teacher_concept_accuracy"] > 0.95
    for name in ("concept_accuracy", "transferred_concept_accuracy", "guaranteed_concept_accuracy"):
        assert found[name] == pytest.approx(found["teacher_concept_accuracy"], abs=0.004)
    assert found["concept_f1"] == pytest.approx(found["teacher_concept_f1"], abs=0.005)


def test_a_student_that_lost_a_direction_lost_its_concept(taught):
    teacher, concepts, probes = taught
    keep = np.array([0, 2])
    student = Splits(
        teacher.train[:, keep],
        teacher.validation[:, keep],
        Model(teacher.test.embeddings[:, keep], teacher.test.unembeddings[:, keep]),
    )
    found = concept_measures(probes, teacher.test, student, concepts)
    first, second = found.each["concept_accuracy"]
    assert first > 0.95
    assert second < 0.45  # a third by chance
    assert found.mean.values["concept_accuracy"] == pytest.approx((first + second) / 2)
    assert found.each["teacher_concept_accuracy"][1] > 0.9
    for guaranteed, moved in zip(
        found.each["guaranteed_concept_accuracy"], found.each["transferred_concept_accuracy"], strict=True
    ):
        assert guaranteed <= moved


def test_the_teacher_s_probes_are_those_handed_in(taught):
    teacher, concepts, probes = taught
    blind = tuple(Probe(0 * probe.weights, 0 * probe.intercepts, probe.classes) for probe in probes)
    found = concept_measures(blind, teacher.test, teacher, concepts)
    assert found.each["teacher_concept_accuracy"][0] == np.mean(concepts.test[:, 0] == 0)
    assert found.mean.values["concept_accuracy"] > 0.95
    assert found.mean.values["guaranteed_concept_accuracy"] == 0.0  # no margin, no guarantee


def test_without_diversity_nothing_transfers(taught):
    teacher, concepts, probes = taught
    flat = Model(teacher.test.embeddings, teacher.test.unembeddings[:3])
    found = concept_measures(probes, flat, Splits(teacher.train, teacher.validation, flat), concepts)
    assert set(found.mean.reasons) == {"transferred_concept_accuracy", "guaranteed_concept_accuracy"}
    assert "diversity fails" in found.mean.reasons["transferred_concept_accuracy"]
    assert found.each["guaranteed_concept_accuracy"] is None
    assert found.mean.values["concept_accuracy"] > 0.95


def test_concepts_are_checked(taught):
    teacher, concepts, probes = taught
    with pytest.raises(InvalidInput, match="teacher_probes: expected 2, one per concept, saw 1"):
        concept_measures(probes[:1], teacher.test, teacher, concepts)
    short = Concepts(concepts.train, concepts.validation, concepts.test[:-1])
    with pytest.raises(InvalidInput, match=r"concepts.test: expected 300 rows"):
        concept_measures(probes, teacher.test, teacher, short)
    with pytest.raises(InvalidInput, match="train_y: expected 600 integers"):
        fit_concept_probes(teacher, Concepts(concepts.train[:-1], concepts.validation, concepts.test))
    with pytest.raises(InvalidInput, match=r"train: expected integers of shape \(n, c\)"):
        Concepts(concepts.train[:, 0], concepts.validation, concepts.test)
    with pytest.raises(InvalidInput, match="test: expected integers"):
        Concepts(concepts.train, concepts.validation, concepts.test + 0.5)
    with pytest.raises(InvalidInput, match="expected the 2 columns of train"):
        Concepts(concepts.train, concepts.validation, concepts.test[:, :1])
    with pytest.raises(InvalidInput, match="validation: expected 3 columns"):
        Splits(teacher.train, teacher.validation[:, :2], teacher.test)
