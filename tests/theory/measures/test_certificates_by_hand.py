"""What closeness in KL certifies: values worked out by hand, every arithmetic, and what must never be certified."""

import math

import numpy as np
import pytest

from tests.theory.arithmetic.arithmetics import ARITHMETICS, first_float, models
from theory import (
    InvalidInput,
    Model,
    certified_agreement,
    disagreement_bound,
    flip_threshold,
    kl_divergence,
    squared_clipped_distance,
    squared_fisher_distance,
    top_label_agreement,
)
from theory.arithmetic.balls import precision
from theory.measures.certificates import disagreement_bound_from_kl, fisher_bound, rms_probability_change
from theory.measures.distances import acceptance_rate, flipped

LABELS = [[0.5], [-0.5]]


def coins(*odds):
    """A model of two labels; the odds of the first on each input."""
    return Model(np.log(odds)[:, None], LABELS)


BIASED, FAIR = coins(3.0), coins(1.0)
KL = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)  # of (3/4, 1/4) from (1/2, 1/2)


@pytest.mark.parametrize(
    ("divergence", "value"),
    [
        ("kl", KL),
        ("reversed_kl", -math.log(1 - (math.sqrt(0.75) - 0.5) ** 2)),
        ("squared_hellinger", 1 - math.sqrt(1 - (math.sqrt(0.75) - 0.5) ** 2 / 2)),
        ("total_variation", 0.25),
        ("squared_logit", math.log(3) ** 2 / 2),
    ],
)
def test_it_costs_as_much_to_flip_a_biased_coin_as_to_make_it_fair(divergence, value):
    assert flip_threshold(BIASED, divergence) == pytest.approx([value], rel=1e-12)
    assert flip_threshold(FAIR, divergence).tolist() == [0.0]


def test_values_worked_out_by_hand():
    # Delta = (log 3, -log 3)/2, of variance p_1 p_2 log(3)^2 and range log 3.
    assert squared_fisher_distance(BIASED, FAIR) == pytest.approx(3 / 16 * math.log(3) ** 2, rel=1e-12)
    assert squared_fisher_distance(FAIR, BIASED) == pytest.approx(1 / 4 * math.log(3) ** 2, rel=1e-12)
    assert fisher_bound(BIASED, FAIR) == pytest.approx((2 + math.log(3)) * KL, rel=1e-12)
    # 1/4 counts as the floor of .3.
    clipped = math.log(0.75 / 0.5) ** 2 + math.log(0.3 / 0.5) ** 2
    assert squared_clipped_distance(BIASED, FAIR, 0.3) == pytest.approx(clipped, rel=1e-12)
    assert squared_clipped_distance(BIASED, FAIR, 1e-6) == pytest.approx(
        math.log(1.5) ** 2 + math.log(0.5) ** 2, rel=1e-12
    )
    assert acceptance_rate(BIASED, FAIR) == pytest.approx(0.75, rel=1e-12)
    # From 3/4 to 1/2, and not at all: the root of the mean square.
    assert rms_probability_change(coins(3.0, 3.0), coins(1.0, 3.0)) == pytest.approx(math.sqrt(1 / 32), rel=1e-12)
    assert flipped(coins(3.0, 3.0, 3.0), coins(2.0, 0.5, 4.0)) == pytest.approx(1 / 3)


def test_the_mean_pays_for_the_cheapest_flips_first():
    teacher = coins(3.0, 9.0, 0.9)
    cheap, dear = KL, 0.9 * math.log(1.8) + 0.1 * math.log(0.2)
    cheapest = float(flip_threshold(coins(0.9))[0])
    enough = (cheapest + cheap) / 3
    assert disagreement_bound(teacher, enough) == pytest.approx(2 / 3)
    assert disagreement_bound(teacher, enough * 0.999) == pytest.approx(1 / 3)
    assert disagreement_bound(teacher, (cheapest + cheap + dear) / 3) == 1.0
    # A student that makes the first coin fair has spent all that flipping it costs.
    assert disagreement_bound_from_kl(coins(3.0, 9.0), coins(1.0, 9.0)) == 0.5
    assert disagreement_bound_from_kl(teacher, teacher) == 0.0


def test_what_is_certified_agrees_and_a_flip_never_is():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        a = Model(rng.standard_normal((20, 2)) * 2, rng.standard_normal((5, 2)))
        b = Model(a.embeddings + 0.3 * rng.standard_normal((20, 2)), a.unembeddings)
        assert certified_agreement(a, b) <= top_label_agreement(a, b) + 1e-12
        assert flipped(a, b) <= disagreement_bound_from_kl(a, b) + 1e-12
        assert squared_fisher_distance(a, b) <= fisher_bound(a, b) * (1 + 1e-12)
    # KL of the reversed direction certifies what that of the first does not: kappa(p) < KL < rho(p').
    teacher, student = coins(1.5), coins(12.0)
    divergence = kl_divergence(teacher, student)
    assert flip_threshold(teacher)[0] < divergence < flip_threshold(student, "reversed_kl")[0]
    assert certified_agreement(teacher, student) == 1.0
    assert certified_agreement(teacher, coins(0.99)) == 0.0


MEASURES = {
    "certified_agreement": certified_agreement, "disagreement_bound": disagreement_bound_from_kl,
    "squared_fisher_distance": squared_fisher_distance, "fisher_bound": fisher_bound, "flipped": flipped,
    "acceptance_rate": acceptance_rate, "rms_probability_change": rms_probability_change,
    "squared_clipped_distance": lambda a, b: squared_clipped_distance(a, b, 1e-2),
}  # fmt: skip


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("name", MEASURES)
def test_every_arithmetic_agrees(arithmetic, name):
    if (arithmetic, name) == ("balls", "flipped"):
        pytest.skip("which label is the first among equals is not for balls to say")
    rng = np.random.default_rng(0)
    f, g, f2 = rng.standard_normal((6, 2)), rng.standard_normal((4, 2)), rng.standard_normal((6, 2))
    pair = (f, g), (f + 0.2 * f2, g)
    expected = MEASURES[name](*models("numpy", *pair))
    assert isinstance(expected, float)
    with precision(200):
        found = MEASURES[name](*models(arithmetic, *pair))
        assert first_float(found) == pytest.approx(expected, rel=1e-12)


def test_digits_are_kept_where_probabilities_are_within_rounding_of_one():
    # e^-50 of the other label, and 2 % less or more of it: a change of 2e-2 e^-50.
    a, b = coins(math.exp(50)), coins(math.exp(50) / 1.02)
    assert rms_probability_change(a, b) == pytest.approx(0.02 * math.exp(-50), rel=1e-10)
    assert squared_fisher_distance(a, b) == pytest.approx(math.exp(-50) * math.log(1.02) ** 2, rel=1e-10)
    assert certified_agreement(a, b) == 1.0


def test_what_is_not_a_number_or_no_pair_is_refused():
    with pytest.raises(InvalidInput, match="mean: expected numbers >= 0"):
        disagreement_bound(BIASED, -1.0)
    with pytest.raises(InvalidInput, match="mean: expected numbers >= 0"):
        disagreement_bound(BIASED, math.nan)
    with pytest.raises(InvalidInput, match="divergence: expected one of kl,"):
        flip_threshold(BIASED, "reverse_kl")
    with pytest.raises(InvalidInput, match="floor: expected a number between 0 and 1"):
        squared_clipped_distance(BIASED, FAIR, 1.0)
    for measure in MEASURES.values():
        with pytest.raises(InvalidInput, match="expected the 1 rows"):
            measure(BIASED, coins(1.0, 2.0))
