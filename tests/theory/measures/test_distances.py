"""Distances between conditional distributions, against definitions in many digits."""

import math

import numpy as np
import pytest
import torch

import theory
from tests.theory.arithmetic.arithmetics import ARITHMETICS, first_float, models
from tests.theory.measures import oracles
from theory import DegenerateInput, InvalidInput, Model
from theory.measures import registry
from theory.models import Pair

RNG = np.random.default_rng(0)
F1, G1, F2, G2 = (RNG.standard_normal(shape) for shape in ((5, 2), (4, 2), (5, 2), (4, 2)))
MAP = np.array([[2.0, 1.0], [0.5, 3.0]])
REGISTERED = {
    name: one
    for name, one in registry.MEASURES.items()
    if one.properties >= {"separates_distributions", "gauge_invariant"} and oracles.is_written_out(one)
}
PAIRS = {
    "independent": ((F1, G1), (F2, G2)),
    "equal to 1e-7": ((F1, G1), (F1 + 1e-7 * F2, G1 + 1e-7 * G2)),
    "equal to the last bit": ((F1, G1), (np.nextafter(F1, 9), G1)),
    "gauge related to 1e-7": ((F1, G1), (F1 @ MAP.T + 1e-7 * F2, G1 @ np.linalg.inv(MAP))),
    "near one-hot": ((30 * F1, G1), (30 * F2, G2)),
    "one-hot and nearly equal": ((100 * F1, G1), (100 * F1 + 0.1 * F2, G1)),
    "other dimension": ((F1, G1), (RNG.standard_normal((5, 3)), RNG.standard_normal((4, 3)))),
}
MEASURES = {  # of the registry, where the definition is written out, and some orders that it does not bind
    **{name: (one.number, oracles.written_out(one), ()) for name, one in REGISTERED.items()},
    "logit_distance_3": (theory.logit_distance, oracles.logit_distance, (3,)),
    "renyi_0.1": (theory.renyi, oracles.renyi, (0.1,)),
    "renyi_0.5": (theory.renyi, oracles.renyi, (0.5,)),
    "renyi_inf": (theory.renyi, oracles.renyi, (math.inf,)),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("measure", MEASURES)
def test_nine_digits_on_every_pair(measure, pair):
    ours, truth, arguments = MEASURES[measure]
    a, b = PAIRS[pair]
    got = ours(Model(*a), Model(*b), *arguments)
    assert isinstance(got, float)
    assert got == pytest.approx(float(truth(a, b, *arguments)), rel=1e-9, abs=0)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("measure", [name for name in MEASURES if not name.startswith("logit_distance")])
def test_arithmetics_agree(measure, arithmetic):
    ours, truth, arguments = MEASURES[measure]
    a, b = PAIRS["independent"]
    if arithmetic == "balls" and measure in ("hellinger", "renyi_0.1"):
        arguments = arguments if measure == "hellinger" else (0.125,)
    got = ours(*models(arithmetic, a, b), *arguments)
    assert first_float(got) == pytest.approx(float(truth(a, b, *arguments)), rel=1e-12)
    if arithmetic in ("batch", "torch batch"):
        assert got.shape == (2,)


@pytest.mark.parametrize("ord", [1, 2, 3, math.inf])
def test_logit_distance_of_a_batch_and_of_tensors(ord):
    a, b = PAIRS["independent"]
    expected = float(oracles.logit_distance(a, b, ord))
    for arithmetic in ("batch", "torch", "torch batch"):
        assert first_float(theory.logit_distance(*models(arithmetic, a, b), ord)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_identical_models_are_at_exactly_zero(measure):
    ours, _, arguments = MEASURES[measure]
    assert ours(Model(50 * F1, G1), Model(50 * F1, G1), *arguments) == 0.0


@pytest.mark.parametrize("measure", [name for name in MEASURES if name != "chi_squared"])
def test_logits_of_ten_thousand_do_not_overflow(measure):
    ours, _, arguments = MEASURES[measure]
    value = ours(Model(1e4 * F1, G1), Model(1e4 * F2, G2), *arguments)
    assert math.isfinite(value)
    assert value > 0


def test_chi_squared_overflows_to_infinity_and_not_to_nan():
    assert theory.chi_squared(Model(1e4 * F1, G1), Model(1e4 * F2, G2)) == math.inf


def test_by_hand_one_coin():
    """Logits (1/2, -1/2) against (-1/2, 1/2): p = sigma(1), log-ratio 1."""
    a, b = Model([[1.0]], [[0.5], [-0.5]]), Model([[1.0]], [[-0.5], [0.5]])
    p = 1 / (1 + math.exp(-1))
    assert theory.squared_logit_distance(a, b) == pytest.approx(2.0)
    assert theory.logit_distance(a, b) == pytest.approx(math.sqrt(2))
    assert theory.logit_distance(a, b, 1) == pytest.approx(2.0)
    assert theory.logit_distance(a, b, math.inf) == pytest.approx(1.0)
    assert theory.kl_divergence(a, b) == pytest.approx(2 * p - 1)
    assert theory.symmetrised_kl(a, b) == pytest.approx(4 * p - 2)
    assert theory.total_variation(a, b) == pytest.approx(2 * p - 1)
    assert theory.squared_hellinger(a, b) == pytest.approx(1 - 2 * math.sqrt(p * (1 - p)))
    assert theory.chi_squared(a, b) == pytest.approx((2 * p - 1) ** 2 / (p * (1 - p)))
    assert theory.renyi(a, b, math.inf) == pytest.approx(1.0)


def test_the_direction_of_kl():
    """A sure model against a coin: log 2 one way, far more the other."""
    sure, coin = Model([[1.0]], [[20.0], [-20.0]]), Model([[1.0]], [[0.0], [0.0]])
    assert theory.kl_divergence(sure, coin) == pytest.approx(math.log(2), rel=1e-12)
    assert theory.kl_divergence(coin, sure) == pytest.approx(20 - math.log(2), rel=1e-12)


def test_renyi_is_monotone_and_passes_through_kl():
    a, b = (Model(*part) for part in PAIRS["independent"])
    values = [theory.renyi(a, b, alpha) for alpha in (0.01, 0.5, 0.999999, 1, 1.000001, 2, 10, math.inf)]
    assert values == sorted(values)
    assert theory.renyi(a, b, 1) == theory.kl_divergence(a, b)
    assert values[2] == pytest.approx(values[3], rel=1e-5)


def test_high_temperature_kl_is_the_centred_squared_error():
    a, b = (Model(*part) for part in PAIRS["independent"])
    limit = theory.squared_logit_distance(a, b) / (2 * a.k)
    assert theory.temperature_kl(a, b, 1e7) == pytest.approx(limit, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_logit_distance_is_invariant_where_p_is(seed):
    rng = np.random.default_rng(seed)
    a, b = Model(F1, G1), Model(F2, G2)
    moved = a.gauged(rng.standard_normal((2, 2)) + 2 * np.eye(2), rng.standard_normal(2))
    order = rng.permutation(4)
    relabelled = [Model(m.embeddings, m.unembeddings[order]) for m in (a, b)]
    for ours in (theory.squared_logit_distance, theory.kl_divergence, theory.total_variation):
        assert ours(moved, b) == pytest.approx(ours(a, b), rel=1e-11)
        assert ours(*relabelled) == pytest.approx(ours(a, b), rel=1e-12)


def test_moments_and_the_direct_sum_agree_on_many_inputs():
    rng = np.random.default_rng(1)
    a, b = (Model(rng.standard_normal((5000, 6)), rng.standard_normal((9, 6))) for _ in range(2))
    direct = float(np.mean(np.sum(Pair(a, b).logit_difference ** 2, axis=1)))
    assert theory.squared_logit_distance(a, b) == pytest.approx(direct, rel=1e-12)


def test_moments_step_back_where_an_offset_would_cost_digits():
    rng = np.random.default_rng(1)
    f, g, f2, g2 = (rng.standard_normal(s) for s in ((50, 2), (4, 2), (50, 2), (4, 2)))
    a, b = (f, g + 1e9), (f2, g2 + 1e9)
    truth = float(oracles.squared_logit_distance(a, b))
    assert theory.squared_logit_distance(Model(*a), Model(*b)) == pytest.approx(truth, rel=1e-9)


def test_many_rows_are_streamed_to_the_same_mean(monkeypatch):
    a, b = (Model(*part) for part in PAIRS["independent"])
    whole = theory.kl_divergence(a, b)
    monkeypatch.setattr("theory.measures.distances._BLOCK", 8)
    assert theory.kl_divergence(a, b) == pytest.approx(whole, rel=1e-15)


def test_agreement_of_top_labels():
    a = Model([[1.0], [-1.0]], [[1.0], [-1.0]])
    b = Model([[1.0], [1.0]], [[1.0], [-1.0]])
    assert theory.top_label_agreement(a, b) == 0.5


# --------------------------------------------------------------------------- LLV


def test_llv_distance_against_its_definition():
    a, b = PAIRS["independent"]
    got = theory.llv_distance(Model(*a), Model(*b))
    assert got == pytest.approx(float(oracles.llv_distance(a, b, 0, (1, 2), 0, (1, 2))), rel=1e-10)


def test_llv_distance_refuses_what_does_not_vary():
    still = Model(np.ones((4, 2)), G1)
    with pytest.raises(DegenerateInput, match="does not vary"):
        theory.llv_distance(still, still)


@pytest.mark.parametrize("labels", [(0,), (9,), ()])
def test_llv_distance_refuses_labels_that_are_none(labels):
    with pytest.raises(InvalidInput, match="labels: expected indices below 4"):
        theory.llv_distance(Model(F1, G1), Model(F2, G2), labels=labels)


# --------------------------------------------------------------------------- gradients


def _tensors(requires_grad=True):
    return [torch.tensor(x, requires_grad=requires_grad) for x in (F1, G1, F2, G2)]


GRADIENTS = {
    "squared_logit_distance": theory.squared_logit_distance,
    "logit_distance": theory.logit_distance,
    "kl_divergence": theory.kl_divergence,
    "jensen_shannon": theory.jensen_shannon,
    "total_variation": theory.total_variation,
    "squared_hellinger": theory.squared_hellinger,
    "chi_squared": theory.chi_squared,
    "renyi": lambda a, b: theory.renyi(a, b, 2.0),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_flow_and_are_right(name):
    def value(*arrays):
        return GRADIENTS[name](Model(*arrays[:2]), Model(*arrays[2:]))

    assert torch.autograd.gradcheck(value, _tensors(), eps=1e-6, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_finite_at_identical_models(name):
    f, g = torch.tensor(F1, requires_grad=True), torch.tensor(G1, requires_grad=True)
    GRADIENTS[name](Model(f, g), Model(torch.tensor(F1), torch.tensor(G1))).backward()
    assert torch.isfinite(f.grad).all()
    assert torch.isfinite(g.grad).all()


def test_float32_tensors_are_measured_in_float64_with_their_gradient():
    f = torch.tensor(F1, dtype=torch.float32, requires_grad=True)
    value = theory.squared_logit_distance(Model(f, torch.tensor(G1)), Model(torch.tensor(F2), torch.tensor(G2)))
    value.backward()
    assert value.dtype == torch.float64
    assert f.grad.dtype == torch.float32


# --------------------------------------------------------------------------- errors


@pytest.mark.parametrize("ord", [0.5, -1, math.nan, "2", None, True])
def test_an_order_below_one_is_refused(ord):
    with pytest.raises(InvalidInput, match="ord: expected a number p >= 1"):
        theory.logit_distance(Model(F1, G1), Model(F2, G2), ord)


@pytest.mark.parametrize("alpha", [0, -1, math.nan, "2", True])
def test_an_alpha_that_is_not_positive_is_refused(alpha):
    with pytest.raises(InvalidInput, match="alpha: expected a positive number"):
        theory.renyi(Model(F1, G1), Model(F2, G2), alpha)


@pytest.mark.parametrize("temperature", [0, -1, math.inf, math.nan, "4"])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(InvalidInput, match="temperature: expected a positive finite number"):
        theory.temperature_kl(Model(F1, G1), Model(F2, G2), temperature)


@pytest.mark.parametrize("measure", MEASURES)
def test_models_that_do_not_match_are_refused(measure):
    ours, _, arguments = MEASURES[measure]
    with pytest.raises(InvalidInput, match=r"expected the [45] rows"):
        ours(Model(F1, G1), Model(F2[:4], G2), *arguments)
