import inspect
import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

import theory
from empirics.losses import Loss, distillation_loss, loss_named, losses, registering_aside
from empirics.losses.guaranteed import logit_directions, whitening
from empirics.losses.properties import CHECKS, check_loss
from empirics.losses.scale_free import spread
from empirics.losses.softmax import decoupled_kl, heated_kl
from theory import InvalidInput, Model
from theory.measures.variants import guaranteed_mean_cca, whitened_logit_distance

ALL = tuple(sorted(losses()))
DOUBLE = torch.float64


def tensor(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=DOUBLE)


def log(*rows: list[float]) -> Tensor:
    return torch.log(tensor(*rows))


def logits(n: int, k: int, seed: int, scale: float = 1.0) -> Tensor:
    return torch.tensor(scale * np.random.default_rng(seed).standard_normal((n, k)))


def softmax_models(seed: int, n: int = 60, k: int = 7, m: int = 3, near: float = 0.1) -> tuple[Model, Model]:
    """Two diverse models, the second near the first."""
    rng = np.random.default_rng(seed)
    f, g = rng.standard_normal((n, m)) + 1, rng.standard_normal((k, m))
    return Model(f, g), Model(f + near * rng.standard_normal((n, m)), g + near * rng.standard_normal((k, m)))


def logits_of(model: Model) -> Tensor:
    return torch.tensor(model.embeddings @ model.unembeddings.T)


# --------------------------------------------------------------------------- known answers

HALVES, EIGHTHS = log([1, 1]), log([1, 7])
FORWARD = math.log(4 / math.sqrt(7))  # KL(p || q) with p = (1/2, 1/2), q = (1/8, 7/8)
BACKWARD = math.log(2) - math.log(8) / 8 + 7 / 8 * math.log(7 / 8)
FIRST, LAST = log([2, 1, 1]), log([1, 1, 6])
BENT = tensor([1, 1, -2])  # of standard deviation sqrt 2


def bent_kl(a: float) -> float:
    """KL of softmax(a, a, -2a) from softmax(-a, -a, 2a)."""
    there, back = (2 * math.exp(x) + math.exp(-2 * x) for x in (a, -a))
    return math.log(back / there) + (4 * a * math.exp(a) - 4 * a * math.exp(-2 * a)) / there


A = 1 / (2 * math.sqrt(2))

# Teacher, student, the loss, and the loss with the two exchanged; for a fitted one the population is +-(1, -1, 0),
# of covariance 2 along (1, -1, 0)/sqrt 2.
TWINS = tensor([1, -1, 0], [-1, 1, 0])
KNOWN: dict[str, tuple[Tensor, Tensor, float, float]] = {
    "kl": (HALVES, EIGHTHS, FORWARD, BACKWARD),
    "kl_t4": (4 * HALVES, 4 * EIGHTHS, 16 * FORWARD, 16 * BACKWARD),
    "kl_t1000": (1000 * HALVES, 1000 * EIGHTHS, 1e6 * FORWARD, 1e6 * BACKWARD),
    # p = (1, 1)/2 against the rest, (1, 1)/2 within: from (1, 7)/8 and (1, 6)/7. Exchanged the target is the last
    # label: (3, 1)/4 from (1, 3)/4, and (1, 1)/2 from (2, 1)/3.
    "dkd": (
        FIRST,
        LAST,
        FORWARD + 4 * math.log(49 / 24),
        math.log(3) / 2 + 4 * math.log(9 / 8),
    ),
    "standardised": (1e4 * BENT, -3e4 * BENT + 5, 4 * bent_kl(A), 4 * bent_kl(-A)),
    "normkd": (1e4 * BENT, -3e4 * BENT + 5, 8e8 * bent_kl(A), 72e8 * bent_kl(-A)),
    "l1": (tensor([1, 2, 3], [0, 0, 0]), tensor([3, 2, 0], [0, 1, 0]), 1.0, 1.0),
    "l2": (tensor([1, 2, 3], [0, 0, 0]), tensor([3, 2, 0], [1, 1, 1]), 8.0, 8.0),
    "centred_l2": (tensor([1, 2, 3], [0, 0, 0]), tensor([3, 2, 0], [1, 1, 1]), (13 - 1 / 3) / 2, (13 - 1 / 3) / 2),
    # Delta = log 2 (1, -1, 0): d_w^2 = 2 log(2)^2/2; KL = (log 2)/4.
    "guaranteed_cca": (
        log([2, 1, 1]),
        log([1, 2, 1]),
        math.log(2) / 4 + math.log(2) ** 2,
        math.log(2) / 4 + math.log(2) ** 2,
    ),
    # Delta = log 2 ((1, -1, 0) + (1, 1, -2)), the second outside: 2/2 + 6/2 times log(2)^2; KL = (4 - 1)/6 log 4.
    "guaranteed_logits": (log([4, 1, 1]), log([1, 1, 4]), *2 * (math.log(2) + 40 * math.log(2) ** 2,)),
}


def misses(loss: Loss, name: str) -> bool:
    """Whether a loss gets the known answer of a name wrong, in either direction."""
    teacher, student, there, back = KNOWN[name]
    fitted = loss.fitted(TWINS if loss.prepare is not None else teacher)
    values = float(fitted(teacher, student)), float(fitted(student, teacher))
    return values != (pytest.approx(there, rel=1e-9), pytest.approx(back, rel=1e-9))


class TestKnownAnswers:
    @pytest.mark.parametrize("name", ALL)
    def test_by_hand(self, name: str) -> None:
        assert not misses(losses()[name], name)

    def test_asymmetric_losses_have_two_answers(self) -> None:
        symmetric = {name for name in KNOWN if "Symmetric." in inspect.getdoc(losses()[name].function)}
        symmetric |= {"guaranteed_logits", "guaranteed_cca"}  # where p and p' mirror each other
        for name, (_, _, there, back) in KNOWN.items():
            assert (there == back) == (name in symmetric)

    @pytest.mark.parametrize("name", ["kl", "kl_t4", "kl_t1000", "dkd", "standardised", "normkd"])
    def test_swapped_direction_is_caught(self, name: str) -> None:
        right = losses()[name]
        assert misses(replace(right, function=lambda teacher, student: right.function(student, teacher)), name)

    def test_direction_of_the_kl_in_ours(self) -> None:
        right = losses()["guaranteed_cca"]
        p, q = log([9, 1, 2]), log([1, 1, 1])
        values = [float(right.fitted(TWINS)(*pair)) for pair in ((p, q), (q, p))]
        difference = float(losses()["kl"](p, q) - losses()["kl"](q, p))
        assert abs(difference) > 0.01
        assert values[0] - values[1] == pytest.approx(difference, rel=1e-9)

    @pytest.mark.parametrize("seed", range(3))
    def test_agree_with_the_theory(self, seed: int) -> None:
        a, b = softmax_models(seed, near=1.0)
        z, w = logits_of(a), logits_of(b)
        kl, squared = theory.kl_divergence(a, b), theory.squared_logit_distance(a, b)
        assert float(losses()["kl"](z, w)) == pytest.approx(kl, rel=1e-12)
        assert float(losses()["centred_l2"](z, w)) == pytest.approx(squared, rel=1e-12)
        assert float(losses()["kl_t4"](z, w)) == pytest.approx(theory.temperature_kl(a, b, 4.0), rel=1e-10)
        whitened = whitened_logit_distance(a, b) ** 2
        assert float(losses()["guaranteed_cca"].fitted(z)(z, w)) == pytest.approx(kl + whitened, rel=1e-9)


# --------------------------------------------------------------------------- every loss of the registry


@pytest.mark.parametrize("name", ALL)
class TestEveryLoss:
    @pytest.mark.parametrize("seed", range(3))
    def test_is_what_it_declares(self, name: str, seed: int) -> None:
        assert check_loss(losses()[name], seed) == []

    def test_says_what_it_is(self, name: str) -> None:
        loss = losses()[name]
        assert loss.name == loss.spec == name
        assert loss.title.endswith(".") or "`" in loss.title
        assert loss.zero_set != "none"
        assert loss.shift_invariant is not None
        assert loss.built_in

    @pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
    def test_gradient(self, name: str, scale: float) -> None:
        z, w = logits(4, 5, 0, scale), logits(4, 5, 1, scale).requires_grad_()
        loss = losses()[name].fitted(torch.cat([z, logits(30, 5, 2, scale)]))
        # A value of order 1e6 times a rounded divergence needs longer steps, and bends less.
        step = 1e-3 * scale if name == "kl_t1000" else 1e-6 * scale
        assert torch.autograd.gradcheck(lambda student: loss(z, student), (w,), eps=step)

    @pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2, 1e4])
    def test_single_precision(self, name: str, scale: float) -> None:
        z, w = logits(64, 10, 0, scale).float(), logits(64, 10, 1, scale).float().requires_grad_()
        loss = losses()[name].fitted(z)
        value = loss(z, w)
        value.backward()
        exact_w = w.detach().double().requires_grad_()
        exact = loss(z.double(), exact_w)
        exact.backward()
        # The rounding of a KL is that of the log-probabilities it subtracts, about 1e-7, however small it is; DKD
        # multiplies it by 8.
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(exact.item(), rel=1e-5, abs=3e-6)
        assert w.grad is not None
        assert exact_w.grad is not None
        # Subtracting equal logits rounds each by 6e-8 of its size; softmax turns that into relative error.
        tolerance = 1e-6 * max(1.0, scale) * float(exact_w.grad.abs().max())
        torch.testing.assert_close(w.grad.double(), exact_w.grad, rtol=0, atol=max(tolerance, 1e-6 / len(z)))

    @given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
    @settings(max_examples=15, deadline=None)
    def test_whatever_the_shape(self, name: str, n: int, k: int, seed: int) -> None:
        loss = losses()[name].fitted(logits(20, k, seed + 2))
        z, w = logits(n, k, seed), logits(n, k, seed + 1)
        # Two standardised logits are 1 and -1, in one order or the other.
        assert float(loss(z, w)) > 0 or (k == 2 and losses()[name].zero_set == "scale")
        assert float(loss(z, z)) == pytest.approx(0, abs=1e-12)
        whole = float(loss(torch.cat([z, w, z]), torch.cat([w, z, w])))
        parts = (2 * n * float(loss(z, w)) + n * float(loss(w, z))) / (3 * n)
        assert whole == pytest.approx(parts, rel=1e-9, abs=1e-12)

    def test_refuses_what_is_no_pair_of_logits(self, name: str) -> None:
        loss = losses()[name].fitted(logits(9, 5, 3))
        with pytest.raises(InvalidInput, match=r"student.*\(4, 5\).*\(1, 5\)"):
            loss(logits(4, 5, 0), logits(1, 5, 0))
        with pytest.raises(InvalidInput, match=r"student.*float64.*float32"):
            loss(logits(4, 5, 0), logits(4, 5, 0).float())
        with pytest.raises(InvalidInput, match=r"teacher.*float16"):
            loss(logits(4, 5, 0).half(), logits(4, 5, 0).half())
        for shape in ((5,), (1, 4, 5), (0, 5)):
            with pytest.raises(InvalidInput, match=r"teacher.*\(n, k\)"):
                loss(torch.zeros(shape), torch.zeros(shape))

    @pytest.mark.parametrize(
        "teacher",
        [torch.zeros(5), torch.zeros(0, 5), torch.zeros(4, 1), torch.full((4, 5), math.nan), np.zeros((4, 5))],
    )
    def test_is_fitted_to_logits_only(self, name: str, teacher: Tensor) -> None:
        with pytest.raises(InvalidInput, match="teacher"):
            losses()[name].fitted(teacher)

    def test_travels_between_processes(self, name: str) -> None:
        loss = pickle.loads(pickle.dumps(losses()[name]))
        assert loss is losses()[name]
        z, w = logits(4, 5, 0), logits(4, 5, 1)
        fitted = losses()[name].fitted(z)
        assert float(pickle.loads(pickle.dumps(fitted))(z, w)) == float(fitted(z, w))


# --------------------------------------------------------------------------- what losses say of the logit distance


def _bounds(name: str, z: Tensor, w: Tensor) -> tuple[float, float]:
    """What a loss declares to be bounded, and the bound."""
    loss = float(losses()[name].fitted(z)(z, w))
    delta = (z - w) - (z - w).mean(-1, keepdim=True)
    squared, k = float(delta.square().sum(-1).mean()), z.shape[1]
    if name == "l1":
        return float(delta.norm(dim=-1).mean()), k * loss
    if name == "kl_t1000":
        spread = max(float((x.amax(-1) - x.amin(-1)).max()) for x in (z, w))
        return squared, 2 * k * math.exp(spread / 1000) * loss
    if name == "guaranteed_logits":
        deviations = logit_directions(z).deviations
        return squared, len(deviations) * float(deviations[0]) ** 2 * loss / 10
    return squared, {"l2": loss, "centred_l2": loss}[name]


class TestLogitDistance:
    @pytest.mark.parametrize("name", [name for name in ALL if losses()[name].bounds_logit_distance])
    @given(seed=st.integers(0, 1000), scale=st.sampled_from([0.01, 1.0, 30.0]))
    @settings(max_examples=20, deadline=None)
    def test_declared_bounds(self, name: str, seed: int, scale: float) -> None:
        distance, bound = _bounds(name, logits(8, 5, seed, scale), logits(8, 5, seed + 1, scale))
        assert distance <= bound * (1 + 1e-9)

    def test_guaranteed_logits_attains_its_bounds(self) -> None:
        # Delta along the largest direction: d_logit^2 = m lambda_1 loss; outside all: d_logit^2 = m lambda_m loss.
        z = logits(50, 6, 0) @ torch.diag(torch.tensor([3.0, 2, 1, 0, 0, 0], dtype=DOUBLE))
        deviations, axes = logit_directions(z)
        loss = losses()["guaranteed_logits"].fitted(z)
        m = len(deviations)
        outside = torch.linalg.svd(torch.cat([axes, torch.ones(6, 1, dtype=DOUBLE)], dim=1)).U[:, -1]
        assert m == 3
        for direction, deviation in ((axes[:, 0], deviations[0]), (outside, deviations[-1])):
            w = z + 0.1 * direction
            value = float(loss(z, w) - losses()["kl"](z, w)) / 10
            assert value == pytest.approx(0.01 / (m * float(deviation) ** 2), rel=1e-9)

    @given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
    @settings(max_examples=25, deadline=None)
    def test_l2_is_centred_l2_plus_a_gauge_penalty(self, n: int, k: int, seed: int) -> None:
        z, w = logits(n, k, seed), logits(n, k, seed + 1)
        penalty = k * float((z - w).mean(-1).square().mean())
        assert float(losses()["l2"](z, w)) == pytest.approx(float(losses()["centred_l2"](z, w)) + penalty, rel=1e-12)

    @pytest.mark.parametrize("name", ["kl", "kl_t4", "kl_t1000"])
    @given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
    @settings(max_examples=15, deadline=None)
    def test_kl_is_at_most_a_quarter_of_centred_l2(self, name: str, n: int, k: int, seed: int) -> None:
        z, w = logits(n, k, seed, 3.0), logits(n, k, seed + 1, 3.0)
        assert float(losses()[name](z, w)) <= float(losses()["centred_l2"](z, w)) / 4

    def test_hot_kl_tends_to_half_the_mean_square(self) -> None:
        z, w = logits(20, 7, 0, 3.0), logits(20, 7, 1, 3.0)
        limit = float(losses()["centred_l2"](z, w)) / (2 * 7)
        errors = [abs(float(heated_kl(z, w, t)) / limit - 1) for t in (100.0, 1000.0, 10_000.0)]
        assert errors[0] < 0.1
        assert errors[1] < 0.2 * errors[0]
        assert errors[2] < 0.2 * errors[1]
        assert float(losses()["kl_t1000"](z, w)) == pytest.approx(limit, rel=errors[1] * 1.01)

    def test_hot_kl_keeps_its_digits_in_single_precision(self) -> None:
        z, w = logits(64, 7, 0, 5.0).float(), logits(64, 7, 1, 5.0).float()
        w = z + 0.01 * w
        exact = float(losses()["kl_t1000"](z.double(), w.double()))
        assert float(losses()["kl_t1000"](z, w)) == pytest.approx(exact, rel=1e-5)
        naive = 1e6 * losses()["kl"](z / 1000, w / 1000)
        assert float(naive) != pytest.approx(exact, rel=0.5)  # what single precision makes of it

    @pytest.mark.parametrize("name", ["standardised", "normkd"])
    def test_scale_free_losses_bound_nothing(self, name: str) -> None:
        z = logits(9, 6, 0)
        w = 5 * z + 7
        assert float(losses()[name](z, w)) == pytest.approx(0, abs=1e-12)
        assert float(losses()["centred_l2"](z, w)) > 50
        assert float(losses()["kl"](z, w)) > 0.5
        assert losses()[name].bounds_logit_distance is None

    @given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000), scale=st.sampled_from([1.0, 10.0]))
    @settings(max_examples=25, deadline=None)
    def test_decoupled_parts_make_up_kl(self, n: int, k: int, seed: int, scale: float) -> None:
        z, w = logits(n, k, seed, scale), logits(n, k, seed + 1, scale)
        target, rest = decoupled_kl(z, w)
        doubt = 1 - z.softmax(-1).amax(-1)
        assert float((target + doubt * rest).mean()) == pytest.approx(float(losses()["kl"](z, w)), rel=1e-9, abs=1e-12)
        assert float(losses()["dkd"](z, w)) >= float(losses()["kl"](z, w)) * (1 - 1e-9)

    def test_a_sure_teacher_still_teaches_the_rest(self) -> None:
        z, w = tensor([300, 1, 0]), tensor([300, 0, 1])
        assert float(losses()["kl"](z, w)) < 1e-100
        assert float(losses()["dkd"](z, w)) == pytest.approx(8 * math.tanh(0.5), rel=1e-9)

    def test_spread_of_constant_logits_is_small_and_smooth(self) -> None:
        z = torch.zeros(2, 3, dtype=DOUBLE, requires_grad=True)
        spread(z).sum().backward()
        assert z.grad is not None
        assert float(z.grad.abs().max()) == 0
        assert float(spread(z.detach()).max()) < 1e-3


# --------------------------------------------------------------------------- canonical correlations


def rounded_teacher(m: int, k: int, ratio: float, offset: float, seed: int, n: int = 1500) -> tuple[Tensor, Tensor]:
    """Logits of a network in single precision, and exact ones, with m eigenvalues from 1 to 1/ratio."""
    rng = np.random.default_rng(seed)
    deviations = 10 * np.geomspace(1, ratio**-0.5, m)
    turn, axes = (np.linalg.qr(rng.standard_normal(shape))[0] for shape in ((m, m), (k, m)))
    axes -= axes.mean(axis=0)
    f, g = (rng.standard_normal((n, m)) * deviations) @ turn, axes @ turn
    single = torch.tensor(f).float() @ torch.tensor(g).float().T + offset
    return single, torch.tensor(f @ g.T)


class TestDirections:
    @pytest.mark.parametrize(("m", "k"), [(2, 7), (2, 33), (2, 100), (10, 33), (10, 100), (50, 100), (6, 7)])
    @pytest.mark.parametrize("ratio", [1.0, 1e3, 1e6])
    def test_counts_those_of_a_teacher_in_single_precision(self, m: int, k: int, ratio: float) -> None:
        single, exact = rounded_teacher(m, k, ratio, 20.0, seed=k + m)
        for teacher in (single, single.double(), exact, 1e-3 * single, 1e3 * exact):
            assert len(logit_directions(teacher).deviations) == m

    def test_single_precision_gives_the_same_whitening(self) -> None:
        single, exact = rounded_teacher(10, 33, 1e6, 0.0, seed=0)
        rows = 0.1 * logits(5, 33, 1)
        a, b = (((rows - rows.mean(-1, keepdim=True)) @ whitening(z)).square().sum(-1) for z in (single, exact))
        torch.testing.assert_close(a, b, rtol=1e-3, atol=0)

    def test_a_tolerance_of_double_precision_would_count_rounding(self) -> None:
        single, _ = rounded_teacher(2, 7, 1.0, 0.0, seed=0)
        centred = single.double() - single.double().mean(-1, keepdim=True)
        assert int(torch.linalg.matrix_rank(centred - centred.mean(0))) > 2  # why eps of float64 will not do

    def test_few_inputs_and_none_that_vary(self) -> None:
        assert len(logit_directions(logits(3, 6, 0)).deviations) == 2
        assert logit_directions(torch.full((4, 3), 7.0)).axes.shape == (3, 0)
        assert logit_directions(torch.zeros(1, 3)).axes.shape == (3, 0)

    def test_constant_teacher_leaves_kl_and_the_plain_distance(self) -> None:
        z, w = logits(4, 5, 0), logits(4, 5, 1)
        constant = torch.zeros(9, 5, dtype=DOUBLE)
        assert float(losses()["guaranteed_cca"].fitted(constant)(z, w)) == float(losses()["kl"](z, w))
        plain = float(losses()["kl"](z, w) + 10 * losses()["centred_l2"](z, w))
        assert float(losses()["guaranteed_logits"].fitted(constant)(z, w)) == pytest.approx(plain, rel=1e-12)


class TestGuarantee:
    @given(seed=st.integers(0, 1000), m=st.integers(1, 4), near=st.sampled_from([0.01, 0.1, 1.0]))
    @settings(max_examples=30, deadline=None)
    def test_bounds_what_canonical_correlation_is_lost(self, seed: int, m: int, near: float) -> None:
        a, b = softmax_models(seed, m=m, near=near)
        z, w = logits_of(a), logits_of(b)
        kl = theory.kl_divergence(a, b)
        d_w, extended = (
            (float(losses()[name].fitted(z)(z, w)) - kl) / weight
            for name, weight in (("guaranteed_cca", 1), ("guaranteed_logits", 10))
        )
        lost = 1 - theory.mean_cca(a.embeddings, b.embeddings)
        assert lost <= 1 - guaranteed_mean_cca(a, b) + 1e-9
        assert d_w == pytest.approx(whitened_logit_distance(a, b) ** 2, rel=1e-7)
        assert lost - 1e-9 <= d_w <= extended * (1 + 1e-7)
        # Both bounds of the whitened squared distance: m lambda_m and m lambda_1 of the teacher.
        distance = theory.squared_logit_distance(a, b)
        deviations = logit_directions(z).deviations
        assert len(deviations) == m
        assert distance / (m * float(deviations[0]) ** 2) <= extended * (1 + 1e-7)
        assert extended <= distance / (m * float(deviations[-1]) ** 2) * (1 + 1e-7)
        assert 4 * kl <= m * float(deviations[0]) ** 2 * extended * (1 + 1e-7)

    def test_losing_a_small_direction_costs_its_share(self) -> None:
        # The second direction has a millionth of the variance: the logit distance hardly sees it go.
        rng = np.random.default_rng(0)
        f, g = rng.standard_normal((2000, 2)), np.array([[10.0, 0], [-10, 0], [0, 0.01], [0, -0.01]])
        z, w = torch.tensor(f @ g.T), torch.tensor(f[:, :1] @ g.T[:1])
        assert float(losses()["centred_l2"](z, w)) < 1e-3
        for name, share in (("guaranteed_cca", 0.5), ("guaranteed_logits", 5.0)):
            assert float(losses()[name].fitted(z)(z, w)) == pytest.approx(share, rel=0.05)

    @pytest.mark.parametrize("name", ["guaranteed_cca", "guaranteed_logits"])
    def test_has_no_units(self, name: str) -> None:
        z, w = (logits_of(model) for model in softmax_models(0))
        kl = losses()["kl"]
        terms = [float(losses()[name].fitted(s * z)(s * z, s * w) - kl(s * z, s * w)) for s in (1.0, 100.0)]
        assert terms[0] == pytest.approx(terms[1], rel=1e-9)

    @pytest.mark.parametrize("name", ["guaranteed_cca", "guaranteed_logits"])
    def test_shifts_are_not_seen_in_single_precision(self, name: str) -> None:
        # Integers, so that the shift itself is exact; the rounded axes do not sum to zero.
        z = torch.tensor([[1.0, 2.0, -3.0], [-1.0, -2.0, 3.0]])
        assert float(losses()[name].fitted(z)(z, z + 2**20)) < 1e-12


# --------------------------------------------------------------------------- fitting


class TestFitted:
    def test_ordinary_losses_are_fitted_already(self) -> None:
        assert losses()["kl"].fitted(logits(4, 5, 0)) is losses()["kl"]

    @pytest.mark.parametrize("name", [name for name in ALL if losses()[name].prepare is not None])
    def test_refuses_unfitted(self, name: str) -> None:
        with pytest.raises(InvalidInput, match=rf"{name}: needs its teacher.*fitted"):
            losses()[name](logits(4, 5, 0), logits(4, 5, 1))

    def test_refuses_another_number_of_labels(self) -> None:
        with pytest.raises(InvalidInput, match="expected 6 labels, as in the fit, saw 5"):
            losses()["guaranteed_logits"].fitted(logits(9, 6, 0))(logits(4, 5, 0), logits(4, 5, 1))

    def test_prepares_in_double_and_uses_in_single(self) -> None:
        seen = []

        def prepare(teacher: Tensor) -> dict[str, tuple[Tensor, int]]:
            seen.append((teacher.dtype, teacher.requires_grad))
            return {"all": (teacher.mean(0), 3)}

        def function(teacher: Tensor, student: Tensor, prepared: dict[str, tuple[Tensor, int]]) -> Tensor:
            mean, count = prepared["all"]
            seen.append((mean.dtype, count))
            return (teacher - student - mean).square().mean()

        fitted = Loss(function, "mine", prepare=prepare).fitted(logits(9, 5, 0).float().requires_grad_())
        assert fitted(logits(4, 5, 0).float(), logits(4, 5, 1).float()).dtype == torch.float32
        assert seen == [(DOUBLE, False), (torch.float32, 3)]


# --------------------------------------------------------------------------- what the checks must catch


def mean_square(teacher: Tensor, student: Tensor) -> Tensor:
    return (teacher - student).square().sum(-1).mean()


def _noisy(teacher: Tensor, student: Tensor) -> Tensor:
    return mean_square(teacher, student + 0.01 * torch.randn_like(student))


def _in_place(teacher: Tensor, student: Tensor) -> Tensor:
    value = mean_square(teacher, student)
    teacher -= teacher.mean(-1, keepdim=True)
    return value


def _ascends(teacher: Tensor, student: Tensor) -> Tensor:
    value = mean_square(teacher, student)
    return 2 * value.detach() - value


def _refuses_one(teacher: Tensor, student: Tensor) -> Tensor:
    if len(teacher) < 2:
        raise ValueError("one input\nis no batch")
    return mean_square(teacher, student)


def _coupled(teacher: Tensor, student: Tensor) -> Tensor:
    difference = teacher - student
    return (difference - difference.mean(0)).square().sum(-1).mean()


def _no_root_at_zero(teacher: Tensor, student: Tensor) -> Tensor:
    return (teacher - student).square().sum(-1).sqrt().mean()


def _kl_of_probabilities(teacher: Tensor, student: Tensor) -> Tensor:
    p, q = teacher.softmax(-1), student.softmax(-1)
    return (p * (p / q).log()).sum(-1).mean()


def _z_scores(teacher: Tensor, student: Tensor) -> Tensor:
    z, w = ((x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True) for x in (teacher, student))
    return mean_square(z, w)


WRONG: dict[str, tuple[str, Callable[[Tensor, Tensor], object], dict[str, object]]] = {
    "sum over the batch": ("mean over inputs", lambda z, w: (z - w).square().sum(), {}),
    "mean over the batch subtracted": ("mean over inputs", _coupled, {}),
    "random": ("deterministic", _noisy, {}),
    "one value for each input": ("scalar", lambda z, w: (z - w).square().sum(-1), {}),
    "a number": ("scalar", lambda z, w: float(mean_square(z, w)), {}),
    "nothing": ("scalar", lambda z, w: None, {}),
    "always single": ("scalar", lambda z, w: mean_square(z, w).float(), {}),
    "fails": ("scalar", lambda z, w: z @ w, {}),
    "detached": ("differentiable", lambda z, w: mean_square(z, w).detach(), {}),
    "accuracy": ("differentiable", lambda z, w: (z - torch.sign(w)).square().sum(-1).mean(), {}),
    "gradient of the wrong sign": ("differentiable", _ascends, {}),
    "nan gradient at equal logits": ("finite", _no_root_at_zero, {}),
    "overflow": ("finite", lambda z, w: (z.exp() - w.exp()).square().sum(-1).mean(), {}),
    "logarithm of zero": ("finite", _kl_of_probabilities, {}),
    "zero deviation": ("finite", _z_scores, {}),
    "one input": ("finite", _refuses_one, {}),
    "writes to the teacher": ("arguments", _in_place, {}),
    "not shift invariant": ("shift invariance", mean_square, {"shift_invariant": True}),
    "shift invariant": ("shift invariance", losses()["centred_l2"].function, {"shift_invariant": False}),
    "raw, not distribution": ("zero set", mean_square, {"zero_set": "distribution"}),
    "distribution, not raw": ("zero set", losses()["kl"].function, {"zero_set": "logits"}),
    "distribution, not scale": ("zero set", losses()["kl"].function, {"zero_set": "scale"}),
    "scale, not distribution": ("zero set", losses()["standardised"].function, {"zero_set": "distribution"}),
    "cross-entropy": (
        "zero set",
        lambda z, w: functional.cross_entropy(w, z.softmax(-1)),
        {"zero_set": "distribution"},
    ),
    "forgets a label": ("zero set", lambda z, w: mean_square(z[:, 1:], w[:, 1:]), {"zero_set": "logits"}),
    "steep at its zero": (
        "zero set",
        lambda z, w: mean_square(z, w) + (w - w.detach()).sum(-1).mean(),
        {"zero_set": "logits"},
    ),
    "top label only": (
        "zero set",
        lambda z, w: mean_square(z.amax(-1, keepdim=True), w.amax(-1, keepdim=True)),
        {"zero_set": "logits"},
    ),
}


class TestChecks:
    @pytest.mark.parametrize("what", WRONG)
    def test_wrong_losses_are_caught(self, what: str) -> None:
        check, function, declared = WRONG[what]
        problems = check_loss(Loss(function, "wrong", **declared))
        assert any(problem.startswith(f"{check}: ") for problem in problems)
        assert all("\n" not in problem for problem in problems)

    def test_every_check_catches_something(self) -> None:
        assert {check for check, _, _ in WRONG.values()} == set(CHECKS)

    def test_undeclared_losses_are_held_to_nothing_more(self) -> None:
        assert check_loss(Loss(mean_square, "mine")) == []
        assert check_loss(Loss(lambda z, w: functional.cross_entropy(w, z.softmax(-1)), "mine")) == []

    def test_preparations_that_fail(self) -> None:
        loss = Loss(lambda z, w, p: mean_square(z, w), "mine", prepare=lambda z: torch.linalg.inv(z))
        assert check_loss(loss)[0].startswith("scalar: raised ")

    def test_is_a_function_of_the_seed_and_leaves_random_states_alone(self) -> None:
        before = torch.random.get_rng_state()
        loss = Loss(lambda z, w: (z - w).square().sum(), "mine")
        assert check_loss(loss, 1) == check_loss(loss, 1) != check_loss(loss, 2)
        assert torch.equal(before, torch.random.get_rng_state())


# --------------------------------------------------------------------------- registry


class TestRegistry:
    def test_has_an_answer_for_every_loss(self) -> None:
        assert set(ALL) == set(KNOWN)
        assert {"kl", "l1", "l2", "centred_l2", "guaranteed_cca"} <= set(ALL)

    def test_is_read_only(self) -> None:
        with pytest.raises(TypeError):
            losses()["kl"] = losses()["l1"]  # type: ignore[index]
        with pytest.raises(FrozenInstanceError):
            losses()["kl"].name = "other"  # type: ignore[misc]

    def test_unknown_name_lists_the_known(self) -> None:
        with pytest.raises(InvalidInput, match=r"centred_l2, dkd, .*'l3'"):
            loss_named("l3")

    def test_registers_by_decorator(self) -> None:
        with registering_aside() as found:

            @distillation_loss
            def largest(teacher: Tensor, student: Tensor) -> Tensor:
                """Largest absolute difference.

                More.
                """
                return (teacher - student).abs().amax(-1).mean()

            @distillation_loss(zero_set="logits", shift_invariant=False, bounds_logit_distance="d_logit^2 <= loss")
            def declared(teacher: Tensor, student: Tensor) -> Tensor:
                return mean_square(teacher, student)

            @distillation_loss(prepare=lambda teacher: 1 + teacher.std(0, correction=0))
            def fitted(teacher: Tensor, student: Tensor, deviations: Tensor) -> Tensor:
                return mean_square(teacher / deviations, student / deviations)

            with pytest.raises(InvalidInput, match=r"largest.*registered already"):
                distillation_loss(largest.function)
            with pytest.raises(InvalidInput, match=r"kl.*registered already"):
                distillation_loss(losses()["kl"].function)
        assert dict(found) == {"largest": largest, "declared": declared, "fitted": fitted}
        assert not set(found) & set(losses())
        assert (largest.title, declared.title) == ("Largest absolute difference.", "")
        assert (largest.zero_set, largest.shift_invariant, largest.bounds_logit_distance) == ("none", None, None)
        assert (declared.zero_set, declared.shift_invariant) == ("logits", False)
        assert [problem for loss in found.values() for problem in check_loss(loss)] == []
        assert largest.fingerprint == declared.fingerprint != losses()["kl"].fingerprint

    @pytest.mark.parametrize(
        ("message", "make"),
        [
            (r"mine: expected a function of \(teacher, student\)", lambda: Loss(lambda logits: logits, "mine")),
            (
                r"mine: expected a function of \(teacher, student, prepared\)",
                lambda: Loss(mean_square, "mine", prepare=torch.cov),
            ),
            (r"mine: zero_set.*'nowhere'", lambda: Loss(mean_square, "mine", zero_set="nowhere")),  # type: ignore[arg-type]
            (r"mine: prepare.*int", lambda: Loss(mean_square, "mine", prepare=3)),  # type: ignore[arg-type]
            (r"mine: expected a function, saw str", lambda: Loss("kl", "mine")),  # type: ignore[arg-type]
            (r"name.*'a,b'", lambda: Loss(mean_square, "a,b")),
            (r"name.*'<lambda>'", lambda: distillation_loss(lambda teacher, student: teacher)),
        ],
    )
    def test_refuses(self, message: str, make: Callable[[], Loss]) -> None:
        with pytest.raises(InvalidInput, match=message):
            make()
