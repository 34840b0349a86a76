"""Certificates of embeddings: their definition in many digits, every arithmetic, and where they say nothing."""

import math

import mpmath as mp
import numpy as np
import pytest

from tests.theory.arithmetic.arithmetics import ARITHMETICS, first_float, models
from tests.theory.measures import oracles
from theory import (
    InvalidInput,
    Model,
    Pair,
    RankDeficient,
    certified_embeddings,
    embedding_bounds,
    embedding_certificates,
    kl_divergence,
    probe_bounds,
)
from theory.arithmetic.balls import precision
from theory.catalogue import examples
from theory.evidence import as_balls
from theory.measures.embedding_certificates import fisher_geometry, log_common_mass, residual_after_alignment

RNG = np.random.default_rng(0)
F1, G1, F2, G2 = (RNG.standard_normal(shape) for shape in ((5, 2), (5, 2), (5, 2), (5, 2)))
PAIRS = {
    "independent": ((F1, G1), (F2, G2)),
    "one head": ((F1, G1), (F1 + 0.1 * F2, G1)),
    "equal to 1e-7": ((F1, G1), (F1 + 1e-7 * F2, G1 + 1e-7 * G2)),
    "large logits": ((10 * F1, G1), (10 * F1 + F2, G1 + 0.1 * G2)),
    "common offset": ((F1, G1 + 1e4), (F1 + 1e-3 * F2, G1 + 1e4)),
    "second dimension 1": ((F1, G1), (F2[:, :1], G2[:, :1])),
    "k = m + 1": ((F1, G1[:3]), (F2, G2[:3])),
}
PROBE = np.array([1.0, -2.0])


def by_definition(a, b, i):
    """2 KL/lambda_min(I_w), ||(A_w - A*) f'||^2, their sum of roots squared, and the probe's bound, in 60 digits."""
    with mp.workdps(90):
        p, q = ([mp.exp(x) for x in oracles.log_probabilities(model)[i]] for model in (a, b))
        k = len(p)
        w = [min(x, y) for x, y in zip(p, q, strict=True)]
        sigma = mp.matrix(k, k)
        for y in range(k):
            for z in range(k):
                sigma[y, z] = (w[y] if y == z else 0) - w[y] * w[z] / mp.fsum(w)
        centring = mp.eye(k) - mp.ones(k) / k
        g, h = (centring * mp.matrix(oracles.exact(model[1])) for model in (a, b))
        form = g.T * sigma * g
        own = mp.inverse(form) * (g.T * sigma * h)
        single = mp.inverse(g.T * g) * (g.T * h)
        kl = mp.fsum(x * mp.log(x / y) for x, y in zip(p, q, strict=True))
        least = min(mp.eigsy(form, eigvals_only=True))
        f2 = mp.matrix(oracles.exact(b[0])[i])
        difference = (own - single) * f2
        first, second = 2 * kl / least, mp.fsum(x * x for x in difference)
        v = mp.matrix([mp.mpf(x) for x in PROBE])
        read = mp.sqrt(2 * kl * (v.T * mp.inverse(form) * v)[0]) + abs((v.T * difference)[0])
        return first, second, (mp.sqrt(first) + mp.sqrt(second)) ** 2, read**2


@pytest.mark.parametrize("name", PAIRS)
def test_the_definition_in_many_digits(name):
    a, b = PAIRS[name]
    first, second = models("numpy", a, b)
    found, probes = embedding_certificates(first, second), probe_bounds(first, second, PROBE[None])
    for i in range(len(F1)):
        own, apart, single, read = map(float, by_definition(a, b, i))
        assert found.per_input_map[i] == pytest.approx(own, rel=1e-8)
        assert found.map_difference[i] == pytest.approx(apart, rel=1e-6, abs=1e-9 * single)
        assert found.single_map[i] == pytest.approx(single, rel=1e-6)
        assert probes[i, 0] == pytest.approx(read, rel=1e-6)
        # What rounding may have done is added: a certificate is never too small by more than KL's own rounding.
        assert found.single_map[i] >= single * (1 - 1e-9)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("name", PAIRS)
def test_every_arithmetic_agrees(arithmetic, name):
    expected = embedding_bounds(*models("numpy", *PAIRS[name]))[0]
    with precision(200):
        a, b = models(arithmetic, *PAIRS[name])
        assert first_float(embedding_bounds(a, b)) == pytest.approx(expected, rel=1e-7)
        probes = np.stack([PROBE, PROBE])
        probes = a.xp.asarray(probes) if "torch" in arithmetic else probes
        found = first_float(probe_bounds(a, b, probes))
    assert found == pytest.approx(probe_bounds(*models("numpy", *PAIRS[name]), PROBE[None])[0, 0], rel=1e-6)


def test_worked_out_by_hand():
    """A fair coin against three to one: w = (1/2, 1/4), I_w = 1/6, KL = log(4/3)/2; r = log 3."""
    labels = [[0.5], [-0.5]]
    a, b = Model([[0.0]], labels), Model([[math.log(3.0)]], labels)
    assert embedding_bounds(a, b) == pytest.approx([6 * math.log(4 / 3)], rel=1e-12)
    geometry = fisher_geometry(Pair(a, b))
    assert float(geometry.smallest_eigenvalue[0]) == pytest.approx(1 / 6)
    assert float(geometry.squared_length[0]) == pytest.approx(math.log(3) ** 2 / 6)
    assert float(geometry.squared_dual_length(np.array([2.0]))[0]) == pytest.approx(24.0)
    assert probe_bounds(a, b, np.array([[2.0]])) == pytest.approx(4 * 6 * math.log(4 / 3), rel=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_the_truth_is_below_every_bound(name):
    a, b = models("numpy", *PAIRS[name])
    residual = residual_after_alignment(Pair(a, b))
    assert (np.sum(residual**2, axis=1) <= embedding_bounds(a, b) * (1 + 1e-9)).all()
    assert ((residual @ PROBE) ** 2 <= probe_bounds(a, b, PROBE[None])[:, 0] * (1 + 1e-9)).all()
    assert (probe_bounds(a, b, PROBE[None])[:, 0] <= PROBE @ PROBE * embedding_bounds(a, b) * (1 + 1e-9)).all()


def test_weights_are_those_of_both_models():
    pair = Pair(*models("numpy", *PAIRS["independent"]))
    w = np.exp(log_common_mass(pair))
    assert (w <= pair.a.probabilities).all()
    assert (w <= pair.b.probabilities).all()
    assert (np.isclose(w, pair.a.probabilities) | np.isclose(w, pair.b.probabilities)).all()


def test_a_shared_head_costs_no_second_map():
    found = embedding_certificates(*models("numpy", *PAIRS["one head"]))
    assert (found.map_difference <= 1e-20 * found.single_map).all()


def test_a_model_certifies_itself():
    a, _ = models("numpy", *PAIRS["independent"])
    assert (embedding_bounds(a, a) == 0).all()
    assert certified_embeddings(a, a) == 1.0


def test_the_pentagon_is_not_certified_though_its_kl_vanishes():
    """KL = 8.9e-11 and every correlation is lost: the bound must be above ||f - A* f'||^2 = 1, and says nothing."""
    pair = examples.pentagon(40.0)
    assert kl_divergence(pair.a, pair.b) < 1e-10
    assert (embedding_bounds(pair.a, pair.b) > 1.0).all()
    assert certified_embeddings(pair.a, pair.b) == 0.0


def test_some_inputs_are_certified_and_some_are_not():
    """Two coins: one fair in both models, one sure in both and twice as sure in the second."""
    labels = np.array([[0.5], [-0.5]])
    a, b = Model(np.array([[1.0], [12.0]]), labels), Model(np.array([[1.1], [24.0]]), labels)
    bounds = embedding_bounds(a, b)
    assert bounds[0] < 0.1 * 1.0
    assert bounds[1] > 0.1 * 144.0
    assert certified_embeddings(a, b) == 0.5


def test_a_bound_is_infinite_where_too_few_labels_have_mass_and_never_nan():
    """m = 2: two labels with mass tell one direction apart; at logits of 1e6 none has but one."""
    labels = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    for first, second in (((1e6, 0.0), (-1e6, 0.0)), ((1e6, 0.0), (1e6, 0.0)), ((500.0, 500.0), (500.0, 500.0))):
        a, b = Model(np.array([first]), labels), Model(np.array([second]), labels)
        found = embedding_certificates(a, b)
        assert found.single_map[0] == math.inf
        assert found.smallest_eigenvalue[0] == 0.0
        assert not any(np.isnan(part).any() for part in vars(found).values())
        assert certified_embeddings(a, b) == 0.0
        assert probe_bounds(a, b, np.eye(2)).tolist() == [[math.inf, math.inf]]


def test_an_eigenvalue_that_rounding_made_up_certifies_nothing():
    """lambda_min / lambda_max is 1e-40: computed from I_w it would be 1e-17, and the bound 1e23 times too small."""
    labels = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    a = Model(np.array([[0.0, -92.0]]), labels)
    b = Model(np.array([[1e-3, -92.0]]), labels)
    with precision(400):
        pair = as_balls(Pair(a, b))
        exact = float(embedding_bounds(pair.a, pair.b)[0])
    assert exact > 1e30
    assert embedding_bounds(a, b)[0] >= exact * (1 - 1e-6)


def test_blocks_change_nothing(monkeypatch):
    a, b = models("numpy", *PAIRS["independent"])
    whole, probes = embedding_bounds(a, b), RNG.standard_normal((5, 3, 2))
    read = probe_bounds(a, b, probes)
    monkeypatch.setattr("theory.measures.embedding_certificates._BLOCK", 20)  # two inputs of five labels in a plane
    assert np.array_equal(embedding_bounds(a, b), whole)
    assert np.array_equal(probe_bounds(a, b, probes), read)
    for i in range(5):
        own = probe_bounds(a.select_rows(slice(i, i + 1)), b.select_rows(slice(i, i + 1)), probes[i])
        assert own[0] == pytest.approx(read[i], rel=1e-12)


def test_gradients_are_finite():
    torch = pytest.importorskip("torch")
    f = torch.tensor(F2, requires_grad=True)
    bounds = embedding_bounds(Model(torch.tensor(F1), torch.tensor(G1)), Model(f, torch.tensor(G2)))
    bounds.sum().backward()
    assert bool(torch.isfinite(f.grad).all())


def test_unusable_arguments_are_named():
    a, b = models("numpy", *PAIRS["independent"])
    flat = Model(F1, np.outer(np.arange(5.0), [1.0, 2.0]))
    for call in (embedding_bounds, embedding_certificates, certified_embeddings):
        with pytest.raises(RankDeficient, match="a: its 5 centred unembeddings"):
            call(flat, b)
        with pytest.raises(InvalidInput, match=r"b\.embeddings: expected the 5 rows"):
            call(a, Model(F2[:3], G2))
    with pytest.raises(RankDeficient):
        probe_bounds(flat, b, PROBE[None])
    for probes in (np.ones((1, 3)), np.ones((4, 1, 2)), np.ones(2), np.array([[math.nan, 1.0]])):
        with pytest.raises(InvalidInput, match="probes: expected"):
            probe_bounds(a, b, probes)
