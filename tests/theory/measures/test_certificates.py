"""Certificates: thresholds against their definition in many digits, what a mean pays for, and distances KL bounds."""

import math

import mpmath as mp
import numpy as np
import pytest
import torch

import theory
from tests.theory.arithmetic.arithmetics import ARITHMETICS, first_float, models
from tests.theory.measures import oracles
from theory import InvalidInput, Model, Pair
from theory.measures import certificates
from theory.measures.certificates import (
    affordable_share,
    disagreement_bound,
    flip_threshold,
    logit_falls,
    pointwise_certified,
    pointwise_disagreement,
    renyi_flip_threshold,
    top_probability_lead,
)

DIVERGENCES = ("kl", "reversed_kl", "squared_hellinger", "total_variation", "squared_logit")
ORDERS = (0.1, 0.5, 1.0, 2.0, 3.0, math.inf)
RNG = np.random.default_rng(0)
F1, G1, F2, G2 = (RNG.standard_normal(shape) for shape in ((6, 2), (4, 2), (6, 2), (4, 2)))
CLOSE = np.array([[1.0, 0.5], [1.0 + 1e-13, 0.5], [-1.0, 2.0], [0.0, -3.0]])  # the first two labels all but tie
TEACHERS = {
    "plain": (F1, G1),
    "near one-hot": (40 * F1, G1),
    "logits of ten thousand": (np.array([[2e3, 500.0], [-1e3, 3e3]]), G1),
    "nearly uniform": (1e-7 * F1, G1),
    "top labels within 1e-13": (np.array([[3.0, 1.0], [2.0, 0.5], [1e3, 10.0]]), CLOSE),
    "two labels": (F1, G1[:2]),
}
PAIRS = {
    "independent": ((F1, G1), (F2, G2)),
    "equal to 1e-7": ((F1, G1), (F1 + 1e-7 * F2, G1 + 1e-7 * G2)),
    "gauge related": ((F1, G1), (F1 @ np.array([[2.0, 1.0], [0.5, 3.0]]).T + 1e-7 * F2,
                                 G1 @ np.linalg.inv(np.array([[2.0, 1.0], [0.5, 3.0]])))),
    "near one-hot": ((30 * F1, G1), (30 * F2, G2)),
    "other dimension": ((F1, G1), (RNG.standard_normal((6, 3)), RNG.standard_normal((4, 3)))),
}  # fmt: skip


# --------------------------------------------------------------------------- definitions in many digits


def top_two(log_p):
    """The largest two probabilities of a row, in as many digits as the context has."""
    first, second = sorted((mp.exp(x) for x in log_p), reverse=True)[:2]
    return first, second


def threshold_of_row(log_p, divergence):
    a, b = top_two(log_p)
    gap = (mp.sqrt(a) - mp.sqrt(b)) ** 2
    return {
        "kl": lambda: a * mp.log(2 * a / (a + b)) + b * mp.log(2 * b / (a + b)),
        "reversed_kl": lambda: -mp.log(1 - gap),
        "squared_hellinger": lambda: 1 - mp.sqrt(1 - gap / 2),
        "total_variation": lambda: (a - b) / 2,
        "squared_logit": lambda: mp.log(a / b) ** 2 / 2,
    }[divergence]()


def renyi_threshold_of_row(log_p, alpha):
    a, b = top_two(log_p)
    if alpha == 1:
        return threshold_of_row(log_p, "kl")
    if alpha == math.inf:
        return mp.log(1 + a - b)
    order = mp.mpf(alpha)
    mean = ((a**order + b**order) / 2) ** (1 / order)
    return order / (order - 1) * mp.log(1 - a - b + 2 * mean)


def by_rows(model, of_row, *arguments):
    """Evaluate a function of a row of log-probabilities in enough digits for logits of ten thousand."""
    reach = int(np.ptp(model[0] @ model[1].T, axis=1).max())
    with mp.workdps(60 + reach // 2):  # e^-reach has reach/2.3 zeros behind the point
        return [float(of_row(row, *arguments)) for row in oracles.log_probabilities(model)]


def divergence_of(p, q, name):
    """The divergence that a threshold is about, of two distributions as they stand."""
    t = np.log(p / q)
    return {
        "kl": lambda: np.sum(p * t),
        "reversed_kl": lambda: np.sum(-q * t),
        "squared_hellinger": lambda: 1 - np.sum(np.sqrt(p * q)),
        "total_variation": lambda: np.sum(np.abs(p - q)) / 2,
        "squared_logit": lambda: np.sum((t - t.mean()) ** 2),
    }[name]()


def renyi_of(p, q, alpha):
    if alpha == math.inf:
        return np.max(np.log(p / q))
    return np.sum(p * np.log(p / q)) if alpha == 1 else np.log(np.sum(p**alpha * q ** (1 - alpha))) / (alpha - 1)


def of_distribution(p):
    return Model([[1.0]], np.log(p)[:, None])


def flipped(rng, p):
    """A distribution near p, or far, whose top label is not p's; often tied, where divergences are least."""
    top = int(np.argmax(p))
    q = p * np.exp(rng.choice([0.0, 0.01, 0.3, 2.0]) * rng.standard_normal(len(p)))
    other = int(rng.choice([y for y in range(len(p)) if y != top]))
    level = max(q[top], q[other]) if rng.random() < 0.5 else math.sqrt(q[top] * q[other])
    q[[top, other]] = min(level, q[top]), level
    return q / q.sum()


# --------------------------------------------------------------------------- thresholds


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize("teacher", TEACHERS)
def test_thresholds_have_nine_digits(divergence, teacher):
    expected = by_rows(TEACHERS[teacher], threshold_of_row, divergence)
    assert flip_threshold(Model(*TEACHERS[teacher]), divergence) == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("alpha", ORDERS)
@pytest.mark.parametrize("teacher", TEACHERS)
def test_renyi_thresholds_have_nine_digits(alpha, teacher):
    expected = by_rows(TEACHERS[teacher], renyi_threshold_of_row, alpha)
    assert renyi_flip_threshold(Model(*TEACHERS[teacher]), alpha) == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_arithmetics_agree_on_thresholds(arithmetic, divergence):
    model = models(arithmetic, (F1, G1), (F2, G2))[0]
    got = flip_threshold(model, divergence)
    assert got.shape == ((2, 6) if "batch" in arithmetic else (6,))
    assert first_float(got) == pytest.approx(by_rows((F1, G1), threshold_of_row, divergence)[0], rel=1e-12)


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize("seed", range(4))
def test_no_flip_is_cheaper_than_the_threshold(divergence, seed):
    rng = np.random.default_rng(seed)
    for _ in range(200):
        p = rng.dirichlet(np.full(int(rng.integers(2, 6)), rng.choice([0.3, 1.0, 5.0])))
        cost = divergence_of(p, flipped(rng, p), divergence)
        assert cost >= flip_threshold(of_distribution(p), divergence)[0] * (1 - 1e-9) - 1e-13


@pytest.mark.parametrize("alpha", ORDERS)
def test_no_flip_is_cheaper_than_the_threshold_of_any_order(alpha):
    rng = np.random.default_rng(7)
    for _ in range(300):
        p = rng.dirichlet(np.full(int(rng.integers(2, 6)), rng.choice([0.5, 2.0])))
        cost = renyi_of(p, flipped(rng, p), alpha)
        assert cost >= renyi_flip_threshold(of_distribution(p), alpha)[0] * (1 - 1e-9) - 1e-13


def at_the_tie(p, alpha):
    """The minimiser: both top labels at their power mean of order alpha (geometric at 0), the others as they are."""
    order = np.argsort(p)[::-1]
    top, q = p[order[:2]], p.copy()
    if alpha in (0.0, math.inf):
        q[order[:2]] = top[0] if alpha else math.sqrt(top.prod())
    else:
        q[order[:2]] = np.mean(top**alpha) ** (1 / alpha)
    return q / q.sum()


TIED_AT = {"kl": 1.0, "reversed_kl": 0.0, "squared_hellinger": 0.5, "total_variation": 1.0, "squared_logit": 0.0}
UNEQUAL = np.array([0.1, 0.45, 0.3, 0.15])


def is_attained(threshold, divergence):
    """Whether a threshold, as a function of p, is the divergence of the minimiser."""
    least = divergence_of(UNEQUAL, at_the_tie(UNEQUAL, TIED_AT[divergence]), divergence)
    return threshold(UNEQUAL) == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_thresholds_are_attained(divergence):
    assert is_attained(lambda p: flip_threshold(of_distribution(p), divergence)[0], divergence)


WRONG = {
    "kl": lambda p: flip_threshold(of_distribution(p), "reversed_kl")[0],
    "reversed_kl": lambda p: flip_threshold(of_distribution(p), "kl")[0],
    "squared_hellinger": lambda p: 1 - math.sqrt(1 - (math.sqrt(0.45) - math.sqrt(0.3)) ** 2),  # without the half
    "total_variation": lambda p: np.sort(p)[-1] - np.sort(p)[-2],
    "squared_logit": lambda p: math.log(np.sort(p)[-1] / np.sort(p)[-3]) ** 2 / 2,  # the third label
}


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_a_wrong_threshold_is_not_attained(divergence):
    assert not is_attained(WRONG[divergence], divergence)


@pytest.mark.parametrize("alpha", ORDERS)
def test_thresholds_of_every_order_are_attained(alpha):
    expected = renyi_of(UNEQUAL, at_the_tie(UNEQUAL, alpha), alpha)
    assert renyi_flip_threshold(of_distribution(UNEQUAL), alpha)[0] == pytest.approx(expected, rel=1e-12)


def test_the_ladder_of_orders():
    """Order one half is Hellinger, the first is KL, and the limit at zero, per order, is the reversed KL."""
    model = Model(F1, G1)
    hellinger = -np.expm1(-renyi_flip_threshold(model, 0.5) / 2)
    assert hellinger == pytest.approx(flip_threshold(model, "squared_hellinger"), rel=1e-12)
    assert np.array_equal(renyi_flip_threshold(model, 1), flip_threshold(model))
    assert renyi_flip_threshold(model, 1 + 1e-6) == pytest.approx(flip_threshold(model), rel=1e-5)
    assert renyi_flip_threshold(model, 1e-7) / 1e-7 == pytest.approx(flip_threshold(model, "reversed_kl"), rel=1e-5)
    assert renyi_flip_threshold(model, 1e6) == pytest.approx(renyi_flip_threshold(model, math.inf), rel=1e-3)
    values = np.stack([renyi_flip_threshold(model, alpha) for alpha in ORDERS])
    assert (np.diff(values, axis=0) > 0).all()
    assert (flip_threshold(model, "reversed_kl") >= flip_threshold(model)).all()


def test_a_sure_teacher_with_a_margin_of_ten_thousand():
    """p_2/p_1 = e^-10000: by hand, in the limit of p_2 -> 0 with p_1 = 1."""
    sure = Model([[1.0]], [[1e4], [0.0]])
    expected = (math.log(2), 5000 - math.log(2), 1 - math.sqrt(0.5), 0.5, 5e7)
    got = [flip_threshold(sure, divergence)[0] for divergence in DIVERGENCES]
    assert got == pytest.approx(expected, rel=1e-14)
    assert [renyi_flip_threshold(sure, alpha)[0] for alpha in ORDERS] == pytest.approx([math.log(2)] * 6, rel=1e-12)


def test_a_tie_is_flipped_for_nothing():
    tied = Model([[1.0]], [[1.0], [1.0], [0.0]])
    for divergence in DIVERGENCES:
        assert flip_threshold(tied, divergence)[0] == 0.0


def test_the_gap_is_formed_in_twice_the_precision():
    """f = (1, 1) against rows that differ by (1, -1) + (0, 2^-60): plain products see a tie."""
    labels = np.array([[1.0, 2.0**-60], [2.0, -1.0 + 2.0**-53], [-5.0, 0.0]])
    expected = float(mp.mpf(2) ** -53 - mp.mpf(2) ** -60)
    falls = logit_falls(Model([[1.0, 1.0]], labels))
    assert falls[0, 1] == pytest.approx(-expected, rel=1e-12)


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_gradients_are_those_of_the_formula(divergence):
    """At plain models against differences, and finite at ties, at near ties and near one-hot."""
    logits = torch.tensor([[1.0], [0.2], [-0.7]], dtype=torch.float64, requires_grad=True)
    flip_threshold(Model(torch.ones(1, 1), logits), divergence).sum().backward()
    step = 1e-6
    for i in range(3):
        shifted = [logits.detach().clone() for _ in range(2)]
        shifted[0][i] += step
        shifted[1][i] -= step
        up, down = (float(flip_threshold(Model(torch.ones(1, 1), one), divergence)) for one in shifted)
        assert float(logits.grad[i]) == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-9)
    for values in ([1.0, 1.0, 0.0], [1.0 + 1e-14, 1.0, 0.0], [900.0, 0.0, -900.0]):
        hard = torch.tensor(values, dtype=torch.float64)[:, None].requires_grad_()
        flip_threshold(Model(torch.ones(1, 1), hard), divergence).sum().backward()
        assert torch.isfinite(hard.grad).all()


def test_what_is_no_model_or_divergence_is_refused():
    model = Model(F1, G1)
    with pytest.raises(InvalidInput, match=r"divergence: expected one of kl, .*saw 'js'"):
        flip_threshold(model, "js")
    with pytest.raises(InvalidInput, match="model: expected a Model, saw ndarray"):
        flip_threshold(F1)
    with pytest.raises(InvalidInput, match="model: expected a Model, saw list"):
        renyi_flip_threshold([], 2.0)
    for alpha in (0, -1.0, True, "2", math.nan):
        with pytest.raises(InvalidInput, match="alpha: expected a positive number"):
            renyi_flip_threshold(model, alpha)


def test_the_lead_of_the_top_label():
    p = np.array([0.1, 0.45, 0.3, 0.15])
    assert top_probability_lead(of_distribution(p))[0] == pytest.approx(0.15, rel=1e-12)


# --------------------------------------------------------------------------- certificates


def near_pairs(seed, count=200):
    """Pairs of all distances, most of them close to a flip."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        p = rng.dirichlet(np.full(int(rng.integers(2, 6)), rng.choice([0.3, 1.0, 5.0])))
        q = flipped(rng, p) if rng.random() < 0.7 else p * np.exp(0.3 * rng.standard_normal(len(p)))
        yield Pair(of_distribution(p), of_distribution(q / q.sum()))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_certified_agrees(seed):
    certified = 0
    for pair in near_pairs(seed):
        if pointwise_certified(pair)[0]:
            certified += 1
            assert pointwise_disagreement(pair)[0] == 0
    assert certified > 20


def test_thresholds_exchanged_would_certify_what_disagrees():
    """The larger threshold with the wrong direction of KL: caught on a sure teacher that is flipped for log 2."""
    teacher = of_distribution(np.array([0.998, 0.001, 0.001]))
    pair = Pair(teacher, of_distribution(np.array([0.4994, 0.4996, 0.001])))
    cost = theory.kl_divergence(pair.a, pair.b)
    assert cost < flip_threshold(teacher, "reversed_kl")[0]
    assert pointwise_disagreement(pair)[0] == 1
    assert pointwise_certified(pair)[0] == 0


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_certified_agreement_of_a_hand_made_pair(arithmetic):
    """Coins of log-odds 1, 2, 3: one left alone, one halved, one reversed; the last has KL above every threshold."""
    labels = np.array([[0.5], [-0.5]])
    first, second = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [1.0], [-3.0]])
    a, b = models(arithmetic, (first, labels), (second, labels))
    got = theory.certified_agreement(a, b)
    assert first_float(got) == pytest.approx(2 / 3)
    if arithmetic == "numpy":
        assert isinstance(got, float)
        assert theory.certified_agreement(a, a) == 1.0


def test_certified_agreement_is_below_agreement_and_zero_on_ties():
    a, b = (Model(*part) for part in PAIRS["independent"])
    assert theory.certified_agreement(a, b) <= theory.top_label_agreement(a, b)
    tied = Model([[1.0]], [[1.0], [1.0]])
    assert theory.certified_agreement(tied, tied) == 0.0
    with pytest.raises(InvalidInput, match="rows"):
        theory.certified_agreement(a, Model(F1[:2], G1))


def test_a_tie_at_the_threshold_is_not_certified_by_rounding():
    for p in np.random.default_rng(3).dirichlet(np.ones(4), 100):
        pair = Pair(of_distribution(p), of_distribution(at_the_tie(p, 1.0)))
        assert pointwise_certified(pair)[0] == 0


def test_ties_are_disagreements_and_others_are_not():
    a = Model([[1.0], [1.0], [-1.0]], [[1.0], [0.0], [-1.0]])
    b = Model([[1.0], [0.0], [-2.0]], [[1.0], [0.0], [-1.0]])
    assert list(pointwise_disagreement(Pair(a, b))) == [0.0, 1.0, 0.0]


# --------------------------------------------------------------------------- from a mean


def test_the_cheapest_are_paid_first():
    costs = np.array([4.0, 0.5, 2.0, 3.0])
    assert affordable_share(costs, 0.12) == 0.0
    assert affordable_share(costs, 0.125) == 0.25
    assert affordable_share(costs, 1.4) == 0.75  # .5 + 2 + 3 = 5.5 <= 5.6
    assert affordable_share(costs, 100.0) == 1.0
    dearest_first = np.cumsum(np.sort(costs)[::-1])
    assert np.mean(dearest_first <= 4 * 1.4) == 0.25  # what the false twin would promise


def test_affordable_share_in_batches_tensors_and_balls():
    import theory.arithmetic.balls as balls

    costs = np.array([[4.0, 0.5, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0]])
    means = np.array([1.4, 0.5])
    assert list(affordable_share(costs, means)) == [0.75, 0.5]
    assert affordable_share(torch.tensor(costs), torch.tensor(means)).tolist() == [0.75, 0.5]
    assert affordable_share(torch.tensor(costs), 1.4).dtype == torch.float64
    assert first_float(affordable_share(balls.asarray(costs[0]), balls.asarray(1.4)[()])) == 0.75
    third = balls.asarray(1.0)[()] / 3  # a ball around what pays for one of three and no more: it cannot tell
    unsure = affordable_share(balls.asarray(np.ones(3)), third)
    assert unsure.contains(third)
    assert unsure.contains(0)
    for mean in (-1.0, math.nan, np.array([1.0, -1.0])):
        with pytest.raises(InvalidInput, match="mean: expected numbers >= 0"):
            affordable_share(costs, mean)


@pytest.mark.parametrize("divergence", ["kl", "squared_logit"])
@pytest.mark.parametrize("seed", range(5))
def test_disagreement_stays_below_the_bound_from_the_mean(divergence, seed):
    rng = np.random.default_rng(seed)
    a = Model(F1, G1)
    for scale in (0.01, 0.1, 0.5, 2.0):
        b = Model(F1 + scale * rng.standard_normal(F1.shape), G1 + scale * rng.standard_normal(G1.shape))
        mean = theory.kl_divergence(a, b) if divergence == "kl" else theory.squared_logit_distance(a, b)
        bound = disagreement_bound(a, mean, divergence)
        assert isinstance(bound, float)
        assert 1 - theory.top_label_agreement(a, b) <= bound


def test_the_bound_is_sharp_for_every_number_of_flips():
    """A student that flips the N cheapest of six inputs, at their thresholds, is told N/6."""
    teacher = Model(F1, G1)
    thresholds = np.sort(flip_threshold(teacher, "squared_logit"))
    for count in range(7):
        assert disagreement_bound(teacher, thresholds[:count].sum() / 6, "squared_logit") == pytest.approx(count / 6)
    assert disagreement_bound(teacher, 0.0) == 0.0


def test_a_bound_of_no_model_is_refused():
    with pytest.raises(InvalidInput, match="model: expected a Model"):
        disagreement_bound(None, 0.1)
    with pytest.raises(InvalidInput, match="mean: expected numbers >= 0"):
        disagreement_bound(Model(F1, G1), -0.1)


# --------------------------------------------------------------------------- two distances


def fisher_oracle(a, b):
    rows = zip(oracles.log_probabilities(a), oracles.log_probabilities(b), strict=True)
    found = []
    for p, q in rows:
        t, w = [y - x for x, y in zip(p, q, strict=True)], [mp.exp(x) for x in p]
        mean = mp.fdot(w, t)
        found.append(mp.fsum(x * (y - mean) ** 2 for x, y in zip(w, t, strict=True)))
    return oracles.mean(found)


def clipped_oracle(a, b, floor):
    low = mp.log(mp.mpf(floor))
    rows = zip(oracles.log_probabilities(a), oracles.log_probabilities(b), strict=True)
    return oracles.mean([mp.fsum((max(x, low) - max(y, low)) ** 2 for x, y in zip(p, q, strict=True)) for p, q in rows])


DISTANCES = {
    "fisher": (theory.squared_fisher_distance, fisher_oracle, ()),
    "clipped .05": (theory.squared_clipped_distance, clipped_oracle, (0.05,)),
    "clipped .25": (theory.squared_clipped_distance, clipped_oracle, (0.25,)),
    "clipped 1e-9": (theory.squared_clipped_distance, clipped_oracle, (1e-9,)),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("measure", DISTANCES)
def test_distances_have_nine_digits(measure, pair):
    ours, truth, arguments = DISTANCES[measure]
    a, b = PAIRS[pair]
    got = ours(Model(*a), Model(*b), *arguments)
    assert isinstance(got, float)
    with mp.workdps(150):
        assert got == pytest.approx(float(truth(a, b, *arguments)), rel=1e-9, abs=0)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("measure", DISTANCES)
def test_arithmetics_agree_on_distances(measure, arithmetic):
    ours, truth, arguments = DISTANCES[measure]
    a, b = PAIRS["independent"]
    got = ours(*models(arithmetic, a, b), *arguments)
    with mp.workdps(60):
        assert first_float(got) == pytest.approx(float(truth(a, b, *arguments)), rel=1e-12)


@pytest.mark.parametrize("measure", DISTANCES)
def test_distances_at_the_ends(measure):
    ours, _, arguments = DISTANCES[measure]
    assert ours(Model(50 * F1, G1), Model(50 * F1, G1), *arguments) == 0.0
    assert math.isfinite(ours(Model(1e4 * F1, G1), Model(1e4 * F2, G2), *arguments))


def test_labels_below_the_floor_are_not_seen():
    a, b = of_distribution(np.array([0.98, 0.01, 0.01])), of_distribution(np.array([0.98, 0.0199, 0.0001]))
    assert theory.squared_clipped_distance(a, b, 0.05) == pytest.approx(0.0, abs=1e-28)
    assert theory.squared_clipped_distance(a, b, 0.005) > 0.4
    assert theory.squared_clipped_distance(a, b, 0.005) <= 2 / 0.005 * theory.kl_divergence(a, b)


@pytest.mark.parametrize("floor", [0.0, 1.0, -0.1, math.nan, True, "0.1", 2])
def test_a_floor_lies_between_nought_and_one(floor):
    with pytest.raises(InvalidInput, match="floor: expected a number between 0 and 1"):
        theory.squared_clipped_distance(Model(F1, G1), Model(F2, G2), floor)


def test_measures_of_models_that_do_not_match_are_refused():
    for measure in (theory.squared_fisher_distance, lambda a, b: theory.squared_clipped_distance(a, b, 0.1)):
        with pytest.raises(InvalidInput, match="labels"):
            measure(Model(F1, G1), Model(F1, G1[:3]))


def test_many_rows_are_streamed_to_the_same_mean(monkeypatch):
    a, b = (Model(*part) for part in PAIRS["independent"])
    whole = [theory.certified_agreement(a, b), theory.squared_fisher_distance(a, b)]
    monkeypatch.setattr("theory.measures.distances._BLOCK", 8)
    assert [theory.certified_agreement(a, b), theory.squared_fisher_distance(a, b)] == pytest.approx(whole, rel=1e-14)


def test_variance_of_one_label_is_that_of_a_coin():
    p = np.array([0.2, 0.5, 0.3])
    values = np.array([[1.0, 0.0, 0.0]])
    assert certificates.pointwise_variance(of_distribution(p), values)[0] == pytest.approx(0.16, rel=1e-12)
