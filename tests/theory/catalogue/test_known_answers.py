"""Numbers of the literature and of worked examples, from pairs built independently of the package."""

import math

import numpy as np
import pytest

import theory
from tests.theory.measures import oracles
from theory import Model
from theory.catalogue import examples
from theory.catalogue.t12_llv_bounds_d_svd.statement import embedding_part, mean_dissimilarity
from theory.models import Pair


def as_models(pair):
    return Model(*pair[0]), Model(*pair[1])


def printed(value, digits):
    """Whether a value rounds to the digits printed."""
    mantissa, _, exponent = digits.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(value - float(digits)) <= 0.5000001 * unit


ROTATION, SMALL_KL = as_models(oracles.rotation_example()), as_models(oracles.small_kl_example())


@pytest.mark.parametrize(
    ("name", "digits", "value"),
    [
        ("m_CCA of f", "1.000000", lambda a, b: theory.mean_cca(a.embeddings, b.embeddings)),
        ("m_CCA of g", "1.000000", lambda a, b: theory.mean_cca(a.unembeddings, b.unembeddings)),
        ("KL", "36.11", theory.kl_divergence),
        ("KL reversed", "38.33", lambda a, b: theory.kl_divergence(b, a)),
        ("agreement", "0", theory.top_label_agreement),
        ("d_logit^2", "8084.2", theory.squared_logit_distance),
        ("d_rep^2", "50.88", lambda a, b: theory.identifiability_dissimilarity(a, b) ** 2),
        ("smallest subset error", "50.88", lambda a, b: theory.identifiability_profile(a, b).smallest),
        ("largest subset error", "50.88", lambda a, b: theory.identifiability_profile(a, b).largest),
    ],
)
def test_rotation_example(name, digits, value):
    assert printed(value(*ROTATION), digits), name


@pytest.mark.parametrize(
    ("name", "digits", "value"),
    [
        ("KL", ".004549", theory.kl_divergence),
        ("KL reversed", ".004549", lambda a, b: theory.kl_divergence(b, a)),
        ("m_CCA of g", ".674", lambda a, b: theory.mean_cca(a.unembeddings, b.unembeddings)),
        ("d_logit^2", "672.6", theory.squared_logit_distance),
        ("d_rep^2", "10.17", lambda a, b: theory.identifiability_dissimilarity(a, b) ** 2),
        ("largest subset error", "49.9", lambda a, b: theory.identifiability_profile(a, b).largest),
        ("smallest subset error", "0", lambda a, b: theory.identifiability_profile(a, b).smallest),
        ("tau", "2.7e-25", lambda a, b: math.exp(Pair(a, b).log_min_probability)),
    ],
)
def test_small_kl_example(name, digits, value):
    assert printed(value(*SMALL_KL), digits), name


def test_small_kl_example_has_168_pivoted_subsets():
    assert math.comb(8, 3) * 3 == 168
    assert SMALL_KL[0].pivoted_singular_values.shape[:2] == (56, 3)


@pytest.mark.parametrize(("r", "digits"), [(10.0, ".0223"), (20.0, "4.45e-5"), (40.0, "8.9e-11")])
def test_pentagon(r, digits):
    a, b = as_models(oracles.pentagon(r))
    c1, c2 = (math.sqrt(5) - 1) / 4, -(math.sqrt(5) + 1) / 4
    e, e1, e2 = (math.exp(r * (c - 1)) for c in (1.0, c1, c2))
    assert printed(theory.kl_divergence(a, b), digits)
    assert theory.kl_divergence(a, b) == pytest.approx(math.sqrt(5) * r * (e1 - e2) / (e + 2 * e1 + 2 * e2), rel=1e-11)
    assert theory.top_label_agreement(a, b) == 1.0
    assert np.allclose(theory.canonical_correlations(a.embeddings, b.embeddings), 0.0, atol=1e-14)
    assert np.allclose(theory.alignment(a, b), 0.0, atol=1e-14)
    assert theory.alignment_error(a, b) ** 2 == pytest.approx(1.0)
    assert theory.identifiability_dissimilarity(a, b) ** 2 == pytest.approx(3.5)
    assert theory.volume_dissimilarity(a, b) ** 2 == pytest.approx(3.0)
    assert theory.squared_logit_distance(a, b) == pytest.approx(5 * r * r)


@pytest.mark.parametrize("r", [1.0, 10.0, 30.0])
def test_square(r):
    a, b = as_models(oracles.square(r))
    t = math.exp(r)
    assert theory.kl_divergence(a, b) == pytest.approx(r * (t - 1) / (t + 1) ** 2, rel=1e-12)
    assert theory.squared_logit_distance(a, b) == pytest.approx(2 * r * r)
    assert np.allclose(theory.canonical_correlations(a.embeddings, b.embeddings, centred=False), [1.0, 0.0], atol=1e-14)
    assert theory.identifiability_dissimilarity(a, b) ** 2 == pytest.approx(1.5)


@pytest.mark.parametrize("r", [1.0, 5.0, 10.0])
@pytest.mark.parametrize("c", [2.0, 3.0])
def test_smallest(r, c):
    a, b = as_models(oracles.smallest(r, c))
    # sigma(cr) - sigma(r) without cancellation, from the complements
    gap = 1 / (1 + math.exp(r)) - 1 / (1 + math.exp(c * r))
    assert theory.kl_divergence(a, b) == pytest.approx((c - 1) / 2 * r * gap, rel=1e-12)
    assert theory.canonical_correlations(a.embeddings, b.embeddings)[0] == pytest.approx(2 * c / (1 + c * c))


@pytest.mark.parametrize(("rho", "digits"), [(3.0, ".887"), (8.0, ".069"), (14.0, ".0015"), (18.0, "1e-4")])
def test_permuted_clusters(rho, digits):
    """Table 1 of arXiv 2506.03784: KL vanishes while the other measures do not move."""
    pair = examples.permuted_clusters(rho)
    assert printed(theory.kl_divergence(pair.a, pair.b), digits)
    assert printed(float(embedding_part(pair)), "1.317")
    assert printed(float(mean_dissimilarity(pair)), ".9995")


def test_student_equal_to_teacher_plus_a_constant():
    """The known answer that catches a double normalisation: every subset error is |c|^2 = 25, exactly."""
    pair = examples.shifted_teacher(np.array([3.0, 4.0]))
    profile = theory.identifiability_profile(pair.a, pair.b)
    for value in (profile.mean, profile.smallest, profile.largest, profile.median):
        assert value == pytest.approx(25.0, rel=1e-13)


@pytest.mark.parametrize("name", ["rotation", "small_kl"])
def test_the_package_s_own_examples_are_these(name):
    ours = getattr(examples, name)()
    theirs = {"rotation": ROTATION, "small_kl": SMALL_KL}[name]
    for mine, other in ((ours.a, theirs[0]), (ours.b, theirs[1])):
        assert np.allclose(mine.embeddings, other.embeddings, atol=1e-12)
        assert np.allclose(mine.unembeddings, other.unembeddings, atol=1e-12)
