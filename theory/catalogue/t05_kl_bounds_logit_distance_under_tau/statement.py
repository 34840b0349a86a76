r"""T5: KL bounds the logit distance when probabilities are bounded away from zero.

.. math:: \|\Delta\|^2 \le \tfrac{2}{\tau}\,\mathrm{KL}(p\,\|\,p')\ \text{pointwise},\qquad
          d_\mathrm{logit}^2 \le \tfrac{2}{\tau}\,\mathrm{KL},

every probability of both models at least tau. The constant 2/tau is sharp for every k >= 3; for k = 2 it is
1/(tau (1 - tau)). A bound on one model alone has no global constant, only local ones.

Proof. With t = log p'/p, KL = sum p (e^t - 1 - t), and each term is at least tau t^2 / 2: for t >= 0,
e^t - 1 - t >= t^2/2 and p >= tau; for t = -T < 0, p (e^t - 1 - t) = p' (e^T (T - 1) + 1) >= tau T^2/2. Centring t is a
projection, so ||Delta||^2 <= ||t||^2. Sharp: two labels of probability tau move apart by +-eps.

Trained classifiers have tau around 1e-10 to 1e-50: the bound holds and says nothing. Knowing tau alone, every
log-ratio is below L = log((1 - (k-1) tau)/tau), hence ||Delta||^2 <= k L^2: a bound above that is vacuous.

References
----------
arXiv 2602.15438 (2026). Sharpness, the case k = 2 and the one-sided forms are derived here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, is_balls, square
from theory.catalogue import examples
from theory.catalogue.quantities import FLOOR, at_least, exactly, kl, positive, rational, squared_distance, tau
from theory.claims import Domain
from theory.measures.distances import kl_divergence, pointwise_kl_divergence
from theory.models import Model, Pair
from theory.statements import Ablation, ExtremalFamily, FalseTwin, KnownAnswer, Statement, Theorem, without


def _over_tau(pair: Pair) -> Array:
    return kl(pair) / tau(pair)


def _over_tau_squared(pair: Pair) -> Array:
    return kl(pair) / square(tau(pair))


def _first_tau(pair: Pair) -> Array:
    return pair.xp.exp(pair.a.log_min_probability)


def _second_tau(pair: Pair) -> Array:
    return pair.xp.exp(pair.b.log_min_probability)


def _worst_kl(pair: Pair) -> Array:
    return pair.xp.max(pointwise_kl_divergence(pair), axis=-1)


def largest_distance_given_tau(pair: Pair) -> Array:
    """k L^2, L = log(1/tau - (k - 1)): what ||Delta||^2 cannot exceed when every probability is at least tau."""
    xp, log_tau = pair.xp, pair.log_min_probability
    return pair.k * square(
        -log_tau + xp.log1p(-xp.minimum((pair.k - 1) * xp.exp(log_tau), 1.0 - 1e-12 + 0.0 * log_tau))
    )


def _napier(pair: Pair) -> Array | float:
    return pair.xp.exp(pair.xp.asarray(1.0))[()] if is_balls(pair.a.embeddings) else math.e


def _against_each_other(k: int) -> Callable[[float], Pair]:
    """n = 1, m = 1: two labels of probability near tau = 1/100 move by +-eps, the others share the rest."""

    def member(eps: float) -> Pair:
        base = np.array([0.0, 0.0, *[math.log(98.0 / (k - 2))] * (k - 2)])
        return _single(base, base + eps * np.array([1.0, -1.0, *[0.0] * (k - 2)]))

    return member


def _binary(eps: float) -> Pair:
    """n = 1, m = 1, k = 2: the rarer label, of probability near 1/100, moves by eps."""
    base = np.array([0.0, math.log(99.0)])
    return _single(base, base + eps * np.array([1.0, 0.0]))


def _single(first: np.ndarray, second: np.ndarray) -> Pair:
    one_input = np.ones((1, 1))
    return Pair(Model(one_input, first[:, None]), Model(one_input, second[:, None]))


_THREE = at_least("k >= 3", r"k \ge 3", 3, "k")
_TWO = exactly("k = 2", "k = 2", 2, "k")
_LOCAL_FIRST = positive(
    "small KL, first tau", r"\max_x \mathrm{KL}(x) \le \tau_1 / e",
    lambda pair: _first_tau(pair) / _napier(pair) - _worst_kl(pair),
)  # fmt: skip
_LOCAL_SECOND = positive(
    "small KL, second tau", r"\max_x \mathrm{KL}(x) \le \tau_2 (1 - 2/e)",
    lambda pair: _second_tau(pair) * (1 - 2 / _napier(pair)) - _worst_kl(pair),
)  # fmt: skip
_MANY = Domain(labels=(3, 8), inputs=(1, 12), equal_dimensions=False)
_ANY = Domain(inputs=(1, 12), equal_dimensions=False)  # a single input will do
_PAIR = Domain(dimensions=(1, 1), labels=(2, 2), inputs=(1, 12))

THEOREM = Theorem(
    identifier="T5",
    title="KL bounds the logit distance under a probability floor",
    source="arXiv 2602.15438; sharp constants and local forms derived here",
    summary="With every probability at least tau, KL controls the logit distance, at the price of 2/tau.",
    statements=(
        Statement(
            "upper_bound",
            r"d_\mathrm{logit}^2 \le \tfrac{2}{\tau} \mathrm{KL},\ k \ge 3",
            lhs=squared_distance,
            constant=rational(2),
            envelope=_over_tau,
            hypotheses=(_THREE,),
            domain=_MANY,
            sharp=tuple(
                ExtremalFamily(f"k={k}", "two labels of probability tau move by +-eps", _against_each_other(k), 1e-5)
                for k in (3, 10)
            ),
            trivial=largest_distance_given_tau,
        ),
        Statement(
            "upper_bound_binary",
            r"d_\mathrm{logit}^2 \le \frac{\mathrm{KL}}{\tau (1 - \tau)},\ k = 2",
            lhs=squared_distance,
            envelope=lambda pair: _over_tau(pair) / (1 - tau(pair)),
            hypotheses=(_TWO,),
            domain=_PAIR,
            sharp=(ExtremalFamily("k=2", "the label of probability tau moves by eps", _binary, 1e-5),),
            trivial=largest_distance_given_tau,
        ),
        Statement(
            "by_pinsker",
            r"d_\mathrm{logit}^2 \le \mathrm{KL} / \tau^2",
            lhs=squared_distance,
            envelope=_over_tau_squared,
            domain=_ANY,
            trivial=largest_distance_given_tau,
        ),
        Statement(
            "local_with_first_floor",
            r"p \ge \tau_1,\ \mathrm{KL} \le \tau_1/e \Rightarrow d_\mathrm{logit}^2 \le \tfrac{e}{\tau_1} \mathrm{KL}",
            lhs=squared_distance,
            constant=_napier,
            envelope=lambda pair: kl(pair) / _first_tau(pair),
            hypotheses=(_LOCAL_FIRST,),
            domain=_ANY,
        ),
        Statement(
            "local_with_second_floor",
            r"p' \ge \tau_2,\ \mathrm{KL} \le \tau_2 (1 - 2/e) \Rightarrow "
            r"d_\mathrm{logit}^2 \le \frac{\mathrm{KL}}{\tau_2 (1 - 2/e)}",
            lhs=squared_distance,
            constant=lambda pair: 1 / (1 - 2 / _napier(pair)),
            envelope=lambda pair: kl(pair) / _second_tau(pair),
            hypotheses=(_LOCAL_SECOND,),
            domain=_ANY,
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "five_percent_less", r"d_\mathrm{logit}^2 \le \frac{1.9}{\tau} \mathrm{KL},\ k \ge 3",
                lhs=squared_distance, constant=rational(19, 10), envelope=_over_tau, hypotheses=(_THREE,), domain=_MANY,
            ),
            "2/tau is sharp in the limit of small KL, where random pairs never are.",
        ),
        FalseTwin(
            Statement(
                "binary_without_factor", r"d_\mathrm{logit}^2 \le \mathrm{KL} / \tau,\ k = 2",
                lhs=squared_distance, envelope=_over_tau, hypotheses=(_TWO,), domain=_PAIR,
            ),
            "For two labels the constant is 1/(1 - tau), which exceeds one.",
        ),
        FalseTwin(
            Statement(
                "second_floor_only", r"p' \ge \tau_2 \Rightarrow d_\mathrm{logit}^2 \le \tfrac{2}{\tau_2} \mathrm{KL}",
                lhs=squared_distance, constant=rational(2), envelope=lambda pair: kl(pair) / _second_tau(pair), domain=_ANY,
            ),
            "A label that the first model all but excludes costs KL nothing, however far its logit is.",
        ),
        FalseTwin(
            Statement(
                "first_floor_only", r"p \ge \tau_1 \Rightarrow d_\mathrm{logit}^2 \le \tfrac{2}{\tau_1} \mathrm{KL}",
                lhs=squared_distance, constant=rational(2), envelope=lambda pair: kl(pair) / _first_tau(pair), domain=_ANY,
            ),
            "KL grows only linearly in the log-ratio of a label that the second model excludes.",
        ),
        FalseTwin(
            Statement(
                "local_first_floor_constant_two",
                r"p \ge \tau_1,\ \mathrm{KL} \le \tau_1/e \Rightarrow d_\mathrm{logit}^2 \le \tfrac{2}{\tau_1} \mathrm{KL}",
                lhs=squared_distance, constant=rational(2), envelope=lambda pair: kl(pair) / _first_tau(pair),
                hypotheses=(_LOCAL_FIRST,), domain=_ANY,
            ),
            "With one floor the scalar inequality loses e/2.",
        ),
    ),
    known_answers=(
        KnownAnswer("small-KL example, KL(a || b)", ".004549",
                    lambda: _kl(examples.small_kl()), "arXiv 2602.15438"),
        KnownAnswer("small-KL example, KL(b || a)", ".004549",
                    lambda: _kl(examples.small_kl().swapped), "arXiv 2602.15438"),
        KnownAnswer("small-KL example, tau", "2.7e-25",
                    lambda: float(tau(examples.small_kl())), "arXiv 2602.15438"),
        KnownAnswer("rotation example, KL(a || b)", "36.11",
                    lambda: _kl(examples.rotation()), "arXiv 2602.15438"),
        KnownAnswer("rotation example, KL(b || a)", "38.33",
                    lambda: _kl(examples.rotation().swapped), "arXiv 2602.15438"),
    ),
)  # fmt: skip


def _kl(pair: Pair) -> float:
    return float(kl_divergence(pair.a, pair.b))


THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "tau",
            replace(
                THEOREM.main, name="fixed_number_for_tau", latex=r"d_\mathrm{logit}^2 \le 40\, \mathrm{KL},\ k \ge 3",
                constant=rational(2 * FLOOR), envelope=kl, sharp=(), trivial=None,
            ),
            "With 1/20 in place of the floor: labels that neither model gives any probability differ at no cost in KL.",
        ),
        THEOREM.ablation_by_twin("tau of a", "second_floor_only"),
        THEOREM.ablation_by_twin("tau of b", "first_floor_only"),
        Ablation(
            "k >= 3",
            replace(without(THEOREM.main, "k >= 3"), domain=_ANY, sharp=()),
            "Known to survive: for k = 2 the sharp constant 1/(tau (1 - tau)) is at most 2/tau. It only makes 2/tau sharp.",
        ),
        Ablation(
            "k = 2",
            replace(without(THEOREM.statement("upper_bound_binary"), "k = 2"), domain=_MANY, sharp=()),
            "With a third label two of them can be as rare as tau and move apart: 2/tau is then sharp.",
        ),
        Ablation(
            "small KL, first tau",
            without(THEOREM.statement("local_with_first_floor"), "small KL, first tau"),
            "KL grows only linearly in the log-ratio of a label that the second model excludes.",
        ),
        Ablation(
            "small KL, second tau",
            without(THEOREM.statement("local_with_second_floor"), "small KL, second tau"),
            "A label that the first model all but excludes costs KL nothing, however far its logit is.",
        ),
    ),
)  # fmt: skip
