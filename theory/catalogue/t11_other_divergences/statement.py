r"""T11: the other divergences, bounded by the logit distance and, under a floor, bounding it.

Upper, with no hypothesis: KL + KL' <= |D|^2/2; H^2 <= |D|^2/16; TV <= tanh(osc/4) <= |D|/(2 sqrt2);
Renyi_a <= a |D|^2/4; log(1 + chi^2) <= |D|^2/2; D_inf <= osc <= sqrt2 |D|. Here D = Delta(x), osc = max - min.
Lower, for k >= 3 and every probability at least tau: |D|^2 <= (KL + KL')/tau, <= 8 H^2/tau, <= chi^2/tau, and
|D| <= sqrt2 TV/tau. Norms of sum-zero vectors: ||v||_1 <= sqrt(k) ||v||_2 (k even), sqrt(k - 1/k) (k odd);
||v||_inf <= sqrt((k-1)/k) ||v||_2; ||v||_2 <= ||v||_1 / sqrt2.

All hold pointwise, hence for averages of both sides; replacing (E|D|)^2 by E|D|^2 on the wrong side is the trap.

Proof. Along the exponential path every divergence is an integral of variances of D, each at most |D|^2/2 (the
norm of a categorical covariance) and, under the floor, at least tau |D|^2 on sum-zero D. The total variation of two
distributions with log-ratio in an interval of length osc is largest for coins.

References
----------
Derived here from standard scalar inequalities; D_inf and norm comparisons are standard.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, square
from theory.catalogue.quantities import FLOOR, at_least, distance, ratio, rational, root, squared_distance, tau
from theory.catalogue.t05_kl_bounds_logit_distance_under_tau.statement import largest_distance_given_tau
from theory.catalogue.t06_logit_distance_bounds_kl.statement import coin
from theory.claims import Domain
from theory.measures.distances import (
    mean_over_inputs,
    pointwise_chi_squared,
    pointwise_kl_divergence,
    pointwise_renyi,
    pointwise_squared_hellinger,
    pointwise_squared_logit_distance,
    pointwise_total_variation,
)
from theory.models import Model, Pair
from theory.statements import (
    Ablation,
    ExtremalFamily,
    FalseTwin,
    Hypothesis,
    KnownAnswer,
    Side,
    Statement,
    Theorem,
    without,
)


def _symmetrised_kl(pair: Pair) -> Array:
    return mean_over_inputs(lambda p: pointwise_kl_divergence(p) + pointwise_kl_divergence(p.swapped), pair)


def _squared_hellinger(pair: Pair) -> Array:
    return mean_over_inputs(pointwise_squared_hellinger, pair)


def _total_variation(pair: Pair) -> Array:
    return mean_over_inputs(pointwise_total_variation, pair)


def _root_mean_square_variation(pair: Pair) -> Array:
    return root(mean_over_inputs(lambda p: square(pointwise_total_variation(p)), pair))


def _chi_squared(pair: Pair) -> Array:
    return mean_over_inputs(pointwise_chi_squared, pair)


def _renyi(alpha: float) -> Side:
    return lambda pair: mean_over_inputs(lambda p: pointwise_renyi(p, alpha), pair)


def _oscillation(pair: Pair) -> Array:
    return pair.xp.max(pair.logit_difference, axis=-1) - pair.xp.min(pair.logit_difference, axis=-1)


def _mean_tanh(pair: Pair) -> Array:
    return pair.xp.mean(pair.xp.tanh(_oscillation(pair) / 4), axis=-1)


def _squared_norm_one(pair: Pair) -> Array:
    """E ||D||_1^2."""
    return pair.xp.mean(square(pair.xp.sum(pair.xp.abs(pair.logit_difference), axis=-1)), axis=-1)


def _squared_norm_infinity(pair: Pair) -> Array:
    """E ||D||_inf^2."""
    return pair.xp.mean(square(pair.xp.max(pair.xp.abs(pair.logit_difference), axis=-1)), axis=-1)


def _mean_norm(pair: Pair) -> Array:
    return mean_over_inputs(lambda p: root(pointwise_squared_logit_distance(p)), pair)


def _mean_norm_one(pair: Pair) -> Array:
    return pair.xp.mean(pair.xp.sum(pair.xp.abs(pair.logit_difference), axis=-1), axis=-1)


def _over_tau(side: Side) -> Side:
    return lambda pair: side(pair) / tau(pair)


def _exponential(pair: Pair) -> Array:
    return pair.xp.exp(squared_distance(pair) / 2) - 1


def _norm_one_constant(pair: Pair) -> Array | float:
    """k for k even, k - 1/k for k odd: the best split of +-1 over labels."""
    k = pair.k
    return ratio(pair, k, 1) if k % 2 == 0 else ratio(pair, k * k - 1, k)


def _root_two(pair: Pair) -> Array | float:
    """sqrt 2 in the arithmetic of the pair."""
    return pair.xp.sqrt(pair.xp.asarray(2.0))[()] if not hasattr(pair.a.embeddings, "detach") else math.sqrt(2.0)


def _raw_difference(pair: Pair) -> Array:
    """Difference of logits that are not centred, and need not sum to zero."""
    return pair.a.embeddings @ pair.a.unembeddings.mT - pair.b.embeddings @ pair.b.unembeddings.mT


def _raw_squared_norm(pair: Pair) -> Array:
    return pair.xp.mean(pair.xp.sum(square(_raw_difference(pair)), axis=-1), axis=-1)


def _raw_squared_norm_one(pair: Pair) -> Array:
    return pair.xp.mean(square(pair.xp.sum(pair.xp.abs(_raw_difference(pair)), axis=-1)), axis=-1)


def _raw_squared_norm_infinity(pair: Pair) -> Array:
    return pair.xp.mean(square(pair.xp.max(pair.xp.abs(_raw_difference(pair)), axis=-1)), axis=-1)


def _over_floor_of(which: str, side: Side) -> Side:
    """Divide by the floor of one model only."""
    return lambda pair: side(pair) / pair.xp.exp(getattr(pair, which).log_min_probability)


# --------------------------------------------------------------------------- extremal families


def _rare(eps: float) -> Pair:
    """k = 3, one input: two labels of probability near 1/100 move apart by +-eps."""
    base = np.array([0.0, 0.0, math.log(98.0)])
    return Pair(
        Model([[1.0]], base[:, None]),
        Model([[1.0]], (base + eps * np.array([1.0, -1.0, 0.0]))[:, None]),
    )


def _one_hot_coin(r: float) -> Pair:
    """k = 2: the second model all but excludes the label, the first is a coin that moved by 4."""
    return Pair(Model([[1.0]], [[4.0 - r], [r - 4.0]]), Model([[1.0]], [[-r], [r]]))


def _split(k: int) -> ExtremalFamily:
    signs = np.where(np.arange(k) < (k + 1) // 2, 1.0, -1.0)

    def member(_: float) -> Pair:
        return Pair(Model([[1.0]], signs[:, None]), Model([[1.0]], np.zeros((k, 1))))

    return ExtremalFamily(f"k={k}", "Delta = +-1 on two halves of the labels", member, 1.0)


def _spike(_: float) -> Pair:
    return Pair(Model([[1.0]], [[3.0], [0.0], [0.0], [0.0]]), Model([[1.0]], np.zeros((4, 1))))


def _dipole(_: float) -> Pair:
    return Pair(Model([[1.0]], [[1.0], [-1.0], [0.0], [0.0]]), Model([[1.0]], np.zeros((4, 1))))


# Families that reach their constants as they shrink, and how far is enough for 99.9 %.
_COINS = ExtremalFamily("k=2", "coins with logits +-eps/2 against -+eps/2", coin, 2.0**-7)
_RARE = ExtremalFamily("k=3", "two labels of probability tau move by +-eps", _rare, 1e-5)
_ANY = Domain(inputs=(1, 12), equal_dimensions=False)  # a single input will do
_MANY = Domain(labels=(3, 8), inputs=(1, 12), equal_dimensions=False)
_THREE = at_least("k >= 3", r"k \ge 3", 3, "k")
_ONE = Domain(inputs=(1, 12))


def _one(pair: Pair) -> Array:
    return 0.0 * squared_distance(pair) + 1.0


def _upper(name: str, latex: str, lhs: Side, numerator: int, denominator: int, envelope: Side = squared_distance,
           sharp: ExtremalFamily | None = _COINS, trivial: Side | None = None) -> Statement:  # fmt: skip
    return Statement(
        name, latex, lhs=lhs, constant=rational(numerator, denominator), envelope=envelope, domain=_ANY,
        sharp=(sharp,) if sharp else (), trivial=trivial,
    )  # fmt: skip


def _lower(name: str, latex: str, divergence: Side, factor: int) -> Statement:
    return Statement(
        name, latex, lhs=squared_distance, constant=rational(factor), envelope=_over_tau(divergence), domain=_MANY,
        hypotheses=(_THREE,), sharp=(_RARE,), trivial=largest_distance_given_tau,
    )  # fmt: skip


def _twin(
    name: str, latex: str, why: str, lhs: Side, envelope: Side, *hypotheses: Hypothesis, **parts: object
) -> FalseTwin:
    settings = {"domain": _ANY, "hypotheses": hypotheses, **parts}
    return FalseTwin(Statement(name, latex, lhs=lhs, envelope=envelope, **settings), why)  # type: ignore[arg-type]


THEOREM = Theorem(
    identifier="T11",
    title="The other divergences and the norms of the logit difference",
    source="derived here",
    summary="Every usual divergence is bounded by the logit distance, and bounds it under a floor on probabilities.",
    statements=(
        _upper("symmetrised_kl", r"\mathrm{KL} + \mathrm{KL}' \le \tfrac12 d_\mathrm{logit}^2", _symmetrised_kl, 1, 2),
        _upper("hellinger", r"E H^2 \le \tfrac1{16} d_\mathrm{logit}^2", _squared_hellinger, 1, 16, trivial=_one),
        Statement(
            "total_variation_by_oscillation", r"E\,\mathrm{TV} \le E \tanh(\operatorname{osc}(\Delta)/4)",
            lhs=_total_variation, envelope=_mean_tanh, domain=_ANY, sharp=(_COINS,), trivial=_one,
        ),
        Statement(
            "total_variation", r"E\,\mathrm{TV} \le d_\mathrm{logit} / (2\sqrt2)",
            lhs=_total_variation, constant=lambda pair: _root_two(pair) / 4, envelope=distance, domain=_ANY,
            sharp=(_COINS,), trivial=_one,
        ),
        _upper("renyi_half", r"D_{1/2} \le \tfrac18 d_\mathrm{logit}^2", _renyi(0.5), 1, 8),
        _upper("renyi_three", r"D_3 \le \tfrac34 d_\mathrm{logit}^2", _renyi(3.0), 3, 4),
        _upper("log_chi_squared", r"E \log(1 + \chi^2) \le \tfrac12 d_\mathrm{logit}^2", _renyi(2.0), 1, 2),
        Statement(
            "largest_log_ratio", r"E \max_y \log\tfrac{p}{p'} \le \sqrt2\, d_\mathrm{logit}",
            lhs=_renyi(math.inf), constant=_root_two, envelope=distance, domain=_ANY,
            sharp=(ExtremalFamily("k=2", "a coin against a nearly excluded label", _one_hot_coin, 40.0),),
        ),
        _lower("floor_symmetrised_kl", r"d_\mathrm{logit}^2 \le (\mathrm{KL} + \mathrm{KL}')/\tau,\ k \ge 3",
               _symmetrised_kl, 1),
        _lower("floor_hellinger", r"d_\mathrm{logit}^2 \le 8\, E H^2/\tau,\ k \ge 3", _squared_hellinger, 8),
        _lower("floor_chi_squared", r"d_\mathrm{logit}^2 \le E \chi^2/\tau,\ k \ge 3", _chi_squared, 1),
        Statement(
            "floor_total_variation", r"d_\mathrm{logit} \le \tfrac{\sqrt2}{\tau} (E\,\mathrm{TV}^2)^{1/2},\ k \ge 3",
            lhs=distance, constant=_root_two, envelope=_over_tau(_root_mean_square_variation), domain=_MANY,
            hypotheses=(_THREE,), sharp=(_RARE,), trivial=lambda pair: root(largest_distance_given_tau(pair)),
        ),
        Statement(
            "norm_one", r"E \|\Delta\|_1^2 \le (k \text{ or } k - \tfrac1k)\, d_\mathrm{logit}^2",
            lhs=_squared_norm_one, constant=_norm_one_constant, envelope=squared_distance, domain=_ANY,
            sharp=(_split(4), _split(5)),
        ),
        Statement(
            "norm_infinity", r"E \|\Delta\|_\infty^2 \le \tfrac{k-1}{k}\, d_\mathrm{logit}^2",
            lhs=_squared_norm_infinity, constant=lambda pair: ratio(pair, pair.k - 1, pair.k), envelope=squared_distance,
            domain=_ANY, sharp=(ExtremalFamily("k=4", "one label moves", _spike, 1.0),),
        ),
        Statement(
            "norm_two_by_one", r"d_\mathrm{logit}^2 \le \tfrac12 E \|\Delta\|_1^2",
            lhs=squared_distance, constant=rational(1, 2), envelope=_squared_norm_one, domain=_ANY,
            sharp=(ExtremalFamily("k=4", "two labels move apart", _dipole, 1.0),),
        ),
    ),
    twins=(
        _twin("hellinger_half", r"E H^2 \le \tfrac1{32} d_\mathrm{logit}^2", "One sixteenth is sharp.",
              _squared_hellinger, squared_distance, constant=rational(1, 32)),
        _twin("symmetrised_quarter", r"\mathrm{KL} + \mathrm{KL}' \le \tfrac14 d_\mathrm{logit}^2",
              "Each direction alone can reach one quarter.", _symmetrised_kl, squared_distance, constant=rational(1, 4)),
        _twin("variation_squared", r"E\,\mathrm{TV} \le \tfrac18 d_\mathrm{logit}^2",
              "Total variation is linear in small differences, not quadratic.", _total_variation, squared_distance,
              constant=rational(1, 8)),
        _twin("variation_mean_for_root_mean_square",
              r"d_\mathrm{logit} \le \tfrac{\sqrt2}{\tau} E\,\mathrm{TV},\ k \ge 3",
              "Jensen: the root mean square of the distance is not bounded by a mean.", distance,
              _over_tau(_total_variation), _THREE, constant=_root_two, domain=_MANY),
        _twin("chi_squared_outside_the_mean", r"E \chi^2 \le \exp(\tfrac12 d_\mathrm{logit}^2) - 1",
              "Jensen the wrong way: the exponential is convex.", _chi_squared, _exponential, domain=_ONE),
        _twin("hellinger_floor_four", r"d_\mathrm{logit}^2 \le 4\, E H^2/\tau,\ k \ge 3", "Eight is sharp.",
              squared_distance, _over_tau(_squared_hellinger), _THREE, constant=rational(4), domain=_MANY),
        _twin("norm_infinity_half", r"E \|\Delta\|_\infty^2 \le \tfrac12 d_\mathrm{logit}^2,\ k \ge 3",
              "One label can move against all others, which then move little each.", _squared_norm_infinity,
              squared_distance, _THREE, constant=rational(1, 2), domain=_MANY),
        _twin("norm_two_by_half_of_one", r"E \|\Delta\|_2 \le \tfrac12 E \|\Delta\|_1",
              "Two labels that move apart have norms sqrt2 and 2.", _mean_norm, _mean_norm_one, constant=rational(1, 2)),
    ),
    known_answers=(
        KnownAnswer("coin with log-ratio 1: total variation tanh(1/2)", ".46211716",
                    lambda: float(_total_variation(coin(1.0))), "by hand"),
        KnownAnswer("coin with log-ratio 1: symmetrised KL 2 tanh(1/2)", ".92423431",
                    lambda: float(_symmetrised_kl(coin(1.0))), "by hand"),
        KnownAnswer("coin with log-ratio 1: H^2 = 1 - 1/cosh(1/2)", "0.11318112",
                    lambda: float(_squared_hellinger(coin(1.0))), "by hand"),
        KnownAnswer("coin with log-ratio 1: chi^2 = 4 sinh(1/2)^2", "1.08616127",
                    lambda: float(_chi_squared(coin(1.0))), "by hand"),
    ),
)  # fmt: skip


_BELOW = {  # the bounds from below: words, the statement, the divergence, its constant, both sides in LaTeX
    "symmetrised KL": ("floor_symmetrised_kl", _symmetrised_kl, 1, r"d_\mathrm{logit}^2", r"(\mathrm{KL} + \mathrm{KL}')"),
    "Hellinger": ("floor_hellinger", _squared_hellinger, 8, r"d_\mathrm{logit}^2", r"8\, E H^2"),
    "chi squared": ("floor_chi_squared", _chi_squared, 1, r"d_\mathrm{logit}^2", r"E \chi^2"),
    "total variation": (
        "floor_total_variation", _root_mean_square_variation, None, r"d_\mathrm{logit}",
        r"\sqrt2\, (E\,\mathrm{TV}^2)^{1/2}",
    ),
}  # fmt: skip


def _fixed_floor(words: str) -> Ablation:
    name, divergence, factor, left, right = _BELOW[words]
    constant: Side = (lambda pair: FLOOR * _root_two(pair)) if factor is None else rational(FLOOR * factor)
    statement = replace(
        THEOREM.statement(name), name=f"{name}_fixed", latex=rf"{left} \le {FLOOR}\, {right},\ k \ge 3",
        constant=constant, envelope=divergence, sharp=(), trivial=None,
    )  # fmt: skip
    why = "With 1/20 in place of the floor: labels that neither model gives any probability differ at no cost."
    return Ablation(f"tau ({words})", statement, why)


def _one_floor(words: str, dropped: str, why: str) -> Ablation:
    name, divergence, _, left, right = _BELOW[words]
    kept = "b" if dropped == "a" else "a"
    symbol = r"\tau_1" if kept == "a" else r"\tau_2"
    statement = replace(
        THEOREM.statement(name), name=f"{name}_of_{kept}_only", latex=rf"{left} \le {right} / {symbol},\ k \ge 3",
        envelope=_over_floor_of(kept, divergence), sharp=(), trivial=None,
    )  # fmt: skip
    return Ablation(f"tau of {dropped} ({words})", statement, why)


def _binary(words: str) -> Ablation:
    statement = replace(without(THEOREM.statement(_BELOW[words][0]), "k >= 3"), domain=_ANY, sharp=())
    why = "Known to survive: two labels leave a factor 2 (1 - tau) >= 1 to spare; it only makes the constant sharp."
    return Ablation(f"k >= 3 ({words})", statement, why)


def _any_sum(words: str, name: str, lhs: Side, envelope: Side, latex: str, why: str) -> Ablation:
    statement = replace(
        THEOREM.statement(name), name=f"{name}_of_raw_logits", latex=latex, lhs=lhs, envelope=envelope, sharp=()
    )
    return Ablation(f"sum zero ({words})", statement, why)


THEOREM = replace(
    THEOREM,
    ablations=(
        *(_fixed_floor(words) for words in _BELOW),
        _one_floor("symmetrised KL", "a", "The symmetrised KL is linear in a large log-ratio, the square is not."),
        _one_floor("symmetrised KL", "b", "The symmetrised KL is linear in a large log-ratio, the square is not."),
        _one_floor("chi squared", "a", "A label that the first model excludes costs chi squared no more than p'."),
        _one_floor(
            "chi squared", "b",
            "Known to survive, for every k: with t = p/p', p (1 - 1/t)^2 t = p (t - 1)^2 / t >= tau_1 (log t)^2. "
            "Only chi^2(p || p') has this.",
        ),
        *(_binary(words) for words in _BELOW),
        _any_sum(
            "norm infinity", "norm_infinity", _raw_squared_norm_infinity, _raw_squared_norm,
            r"E \|v\|_\infty^2 \le \tfrac{k-1}{k}\, E \|v\|_2^2,\ v = F G^\top - F' G'^\top",
            "One entry alone has all of the norm; the others must answer for it only where they sum to zero.",
        ),
        _any_sum(
            "norm two by one", "norm_two_by_one", _raw_squared_norm, _raw_squared_norm_one,
            r"E \|v\|_2^2 \le \tfrac12 E \|v\|_1^2,\ v = F G^\top - F' G'^\top",
            "One entry alone has the same norms.",
        ),
        _any_sum(
            "norm one", "norm_one", _raw_squared_norm_one, _raw_squared_norm,
            r"E \|v\|_1^2 \le (k \text{ or } k - \tfrac1k)\, E \|v\|_2^2,\ v = F G^\top - F' G'^\top",
            "For k odd only: k - 1/k is less than the k of Cauchy and Schwarz, which a constant vector reaches.",
        ),
    ),
)  # fmt: skip
