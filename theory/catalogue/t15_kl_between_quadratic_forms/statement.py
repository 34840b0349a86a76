r"""T15: KL lies between two quadratic forms of the logit difference, without any floor.

With t = log p'/p, w = min(p, p') and Sigma_w = diag w - w w^T / sum w,

.. math:: \tfrac12 \Delta^\top \Sigma_w \Delta \le \tfrac12 \sum_y w t^2 \le \mathrm{KL}(p \| p')
          \le \tfrac12 \sum_y \max(p, p')\, t^2,

with no hypothesis and locally exact. So

(a) *clipped distance*, for every eps > 0: E sum (log max(p, eps) - log max(p', eps))^2 <= (2/eps) E KL; T5 is eps = tau,
    and 2 is sharp for k >= 3;
(b) *in the teacher's Fisher geometry*: omega(-r) Var_p(Delta) <= KL <= omega(r) Var_p(Delta), omega(s) = (e^s - 1 - s)/s^2
    and r = osc Delta; both are sharp as p_1 -> 1. So E Var_p(Delta) <= (2 + R) E KL, R = max osc. In the other direction
    (1 - (1 + r) e^-r)/r^2 Var_p(Delta) <= KL(p' || p);
(c) *floor by rank*: with V = col[Gc, G'c] and mu(x) the least eigenvalue of Sigma_w on V, d_logit^2 <= 2 E[KL/mu], and
    mu >= tau. Only dim V + 1 labels need mass; V = col Gc where the head is shared;
(d) *temperatures*: all of it for KL_T and w_T; d_logit^2 <= E[2 T^2 KL_T/tau_T], tau_T(x) the least probability on x.

The ladder: (alpha/2) E sum w t^2 <= E D_alpha for every order alpha in (0, 1], and already <= 8 E H^2 and <= E chi^2 at
orders 1/2 and 2. From order one on D_alpha is at least KL, so that 1/2 serves for alpha/2; between one and two alpha/2
itself was never seen to fail, and is not proved; at order three it is false.

Proof. KL = sum p (e^t - 1 - t) = sum p' (e^-t (-t - 1) + 1): T5's two scalars without the floor, and e^t - 1 - t <= e^t
t^2/2 (t >= 0), e^-T - 1 + T <= T^2/2 above. The first step is the best weighted constant. For (b) phi(s) = log E_p e^{s d}
has |phi'''| <= r phi''.

References
----------
Derived here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, is_balls, namespace_of, square
from theory.catalogue.quantities import at_least, kl, rational, squared_distance, tau
from theory.catalogue.t05_kl_bounds_logit_distance_under_tau.statement import largest_distance_given_tau
from theory.catalogue.t06_logit_distance_bounds_kl.statement import coin
from theory.claims import Domain
from theory.errors import NotApplicable
from theory.measures.certificates import (
    pointwise_squared_clipped_distance,
    pointwise_squared_fisher_distance,
    squared_clipped_distance,
    squared_fisher_distance,
)
from theory.measures.distances import (
    log_probability_ratio,
    mean_over_inputs,
    pointwise_chi_squared,
    pointwise_kl_divergence,
    pointwise_renyi,
    pointwise_squared_hellinger,
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

FLOOR = 2.0**-4  # eps of the clipped distance: a power of two is the same number in every arithmetic
_LOW_FLOOR = 2.0**-10
_HEAT = 4  # the temperature that stands for all
_TERMS = 20  # of a series at arguments below one: the next is below 1e-19
_MOST_WORK = 5e8  # n d^3, d = dim V: some seconds of eigenvalue problems
_LEAST_LOG = -600.0  # log of probabilities whose inverse float64 still holds
_REGULAR = 1e-11  # ratio of eigenvalues that leaves float64 four digits

# --------------------------------------------------------------------------- the quadratic forms


def smaller_weights(pair: Pair) -> Float[Array, "*batch n k"]:
    """w = min(p, p')."""
    return pair.xp.exp(pair.xp.minimum(pair.a.log_probabilities, pair.b.log_probabilities))


def larger_weights(pair: Pair) -> Float[Array, "*batch n k"]:
    """max(p, p')."""
    return pair.xp.exp(pair.xp.maximum(pair.a.log_probabilities, pair.b.log_probabilities))


def _weighted(weights: Callable[[Pair], Array]) -> Side:
    """Sum over labels of weights t^2, on each input."""
    return lambda pair: pair.xp.sum(weights(pair) * square(log_probability_ratio(pair)), axis=-1)


def quadratic_form(pair: Pair) -> Float[Array, "*batch n"]:
    """Delta^T Sigma_w Delta = min over c of sum w (t - c)^2 on each input."""
    xp, weights, ratio = pair.xp, smaller_weights(pair), log_probability_ratio(pair)
    mean = xp.sum(weights * ratio, axis=-1, keepdims=True) / xp.sum(weights, axis=-1, keepdims=True)
    return xp.sum(weights * square(ratio - mean), axis=-1)


def _mean(pointwise: Side) -> Side:
    return lambda pair: mean_over_inputs(pointwise, pair)


_FORM = _mean(quadratic_form)
_LOWER = _mean(_weighted(smaller_weights))
_UPPER = _mean(_weighted(larger_weights))


def _heated(pair: Pair) -> Pair:
    return Pair(*(Model(model.embeddings / _HEAT, model.unembeddings) for model in (pair.a, pair.b)))


def _squared_by_heat(side: Side) -> Side:
    """T^2 times a side at temperature T."""
    return lambda pair: _HEAT**2 * side(_heated(pair))


def _pointwise_over_floor(pair: Pair) -> Array:
    """KL/tau on each input, tau the least probability of either model there."""
    xp = pair.xp
    lowest = xp.min(xp.minimum(pair.a.log_probabilities, pair.b.log_probabilities), axis=-1)
    return pointwise_kl_divergence(pair) * xp.exp(-lowest)


# --------------------------------------------------------------------------- Fisher geometry


def oscillation(pair: Pair) -> Float[Array, "*batch n"]:
    """r = max Delta - min Delta on each input."""
    return pair.xp.max(pair.logit_difference, axis=-1) - pair.xp.min(pair.logit_difference, axis=-1)


def _by_series(s: Array, coefficient: Callable[[int], float], closed: Callable[[Any, Array], Array]) -> Array:
    """Sum coefficient(n) s^n where |s| < 1, else a closed form that cancels there; balls know what they lose."""
    xp = namespace_of(s)
    if is_balls(s):
        return closed(xp, s)
    near = xp.abs(s) < 1.0
    calm = xp.where(near, s, 0.0)
    series = 0.0 * calm
    for n in range(_TERMS, -1, -1):
        series = series * calm + coefficient(n)
    with np.errstate(over="ignore"):
        return xp.where(near, series, closed(xp, xp.where(near, 1.0, s)))


def omega(s: Array) -> Array:
    """omega(s) = (e^s - 1 - s)/s^2, the integral of (1 - u) e^{su} over [0, 1]; 1/2 at zero."""
    return _by_series(s, lambda n: 1.0 / math.factorial(n + 2), lambda xp, x: (xp.exp(x) - 1 - x) / square(x))


def reversed_omega(r: Array) -> Array:
    """(1 - (1 + r) e^-r)/r^2, the integral of u e^{-ru} over [0, 1]; 1/2 at zero."""
    return _by_series(
        r,
        lambda n: (-1.0) ** n / (math.factorial(n) * (n + 2)),
        lambda xp, x: (1 - (1 + x) * xp.exp(-x)) / square(x),
    )


def _fisher_below(pair: Pair) -> Array:
    return omega(-oscillation(pair)) * pointwise_squared_fisher_distance(pair)


def _fisher_above(pair: Pair) -> Array:
    return omega(oscillation(pair)) * pointwise_squared_fisher_distance(pair)


def _fisher_reversed(pair: Pair) -> Array:
    return reversed_omega(oscillation(pair)) * pointwise_squared_fisher_distance(pair)


_FISHER = _mean(pointwise_squared_fisher_distance)


def _largest_oscillation(pair: Pair) -> Array:
    return pair.xp.max(oscillation(pair), axis=-1)


def _two_and_oscillation(pair: Pair) -> Array:
    return (2 + _largest_oscillation(pair)) * kl(pair)


# --------------------------------------------------------------------------- floor by rank


def _in_units(columns: Array) -> Array:
    """Columns divided by their norms: the span is what matters."""
    xp = namespace_of(columns)
    return columns / xp.sqrt(xp.sum(square(columns), axis=-2, keepdims=True))


def spanning(pair: Pair) -> Float[Array, "*batch k d"] | None:
    """Columns that span V = col[Gc, G'c]; None where k - 1 <= m + m' and V may be all vectors of sum zero."""
    if pair.a.m + pair.b.m >= pair.k - 1:
        return None
    return _in_units(pair.xp.concat([pair.a.centred_unembeddings, pair.b.centred_unembeddings], axis=-1))


def first_head(pair: Pair) -> Float[Array, "*batch k m"] | None:
    """Columns that span col Gc; None where these may be all vectors of sum zero."""
    return None if pair.m >= pair.k - 1 else _in_units(pair.a.centred_unembeddings)


def _information(pair: Pair, columns: Float[Array, "*batch k d"]) -> Float[Array, "*batch n d d"]:
    """B^T Sigma_w B on each input, without cancellation."""
    xp, weights = pair.xp, smaller_weights(pair)[..., None]
    rows = columns[..., None, :, :]
    mean = xp.sum(weights * rows, axis=-2, keepdims=True) / xp.sum(weights, axis=-2, keepdims=True)
    return ((rows - mean) * weights).mT @ (rows - mean)


def inverse_floor(pair: Pair, columns: Float[Array, "*batch k d"] | None) -> Float[Array, "*batch n"]:
    """1/mu on each input, mu the least eigenvalue of Sigma_w on the span of the columns B.

    It is the largest eigenvalue of B (B^T Sigma_w B)^-1 B^T. On all vectors of sum zero, for which None stands, that
    matrix is diag(1/w) centred on both sides, whose largest eigenvalue keeps its digits however small w is.

    Raises
    ------
    NotApplicable
        If it would take too many eigenvalue problems that are too large.
    """
    xp, d = pair.xp, pair.k if columns is None else columns.shape[-1]
    if pair.n * d**3 > _MOST_WORK:
        raise NotApplicable(f"{pair.n} eigenvalue problems in {d} dimensions are too many")
    if columns is None:
        eye = xp.asarray(np.eye(pair.k))
        half = (eye - xp.asarray(np.ones((pair.k, pair.k))) / pair.k) / xp.sqrt(smaller_weights(pair))[..., None, :]
        outer = half @ half.mT
    else:
        rows = columns[..., None, :, :]
        spread = xp.broadcast_to(rows.mT, (*pair.batch, pair.n, d, pair.k))
        outer = rows @ xp.linalg.solve(_information(pair, columns), spread)
    return xp.linalg.eigvalsh((outer + outer.mT) / 2)[..., -1]


def shared(pair: Pair) -> Pair:
    """The pair whose second model reads its embeddings with the first one's head."""
    return Pair(pair.a, Model(pair.b.embeddings, pair.a.unembeddings))


def _over_rank_floor(columns: Callable[[Pair], Array | None]) -> Side:
    def envelope(pair: Pair) -> Array:
        return pair.xp.mean(pointwise_kl_divergence(pair) * inverse_floor(pair, columns(pair)), axis=-1)

    return envelope


def _mass_on(columns: Callable[[Pair], Array | None], of: Callable[[Pair], Pair]) -> Hypothesis:
    """Return the hypothesis that the labels with mass determine what lies in the span, beyond rounding."""

    def margin(pair: Pair) -> Array:
        pair = of(pair)
        found = columns(pair)
        if found is None or pair.n * found.shape[-1] ** 3 > _MOST_WORK:
            return pair.log_min_probability - _LEAST_LOG
        values = pair.xp.linalg.eigvalsh(_information(pair, found))
        return pair.xp.min(values[..., 0] / values[..., -1], axis=-1) - _REGULAR

    return Hypothesis("mass on dim V + 1 labels", r"\mu > 0", margin)


def _itself(pair: Pair) -> Pair:
    return pair


# --------------------------------------------------------------------------- clipped logarithms


def _clipped(floor: float) -> Side:
    return _mean(lambda pair: pointwise_squared_clipped_distance(pair, floor))


def _only_the_teacher_clipped(pair: Pair) -> Array:
    first, second = pair.a.log_probabilities, pair.b.log_probabilities
    low = math.log(FLOOR) if not is_balls(first) else pair.xp.log(pair.xp.asarray(FLOOR))
    return pair.xp.mean(pair.xp.sum(square(pair.xp.maximum(first, low + 0 * first) - second), axis=-1), axis=-1)


def _largest_clipped_distance(floor: float) -> Side:
    """k log(1/eps)^2: every clipped logarithm lies between log eps and 0."""
    return lambda pair: 0.0 * squared_distance(pair) + pair.k * math.log(floor) ** 2


def _unclipped(pair: Pair) -> Array:
    return pair.xp.mean(pair.xp.sum(square(log_probability_ratio(pair)), axis=-1), axis=-1)


# --------------------------------------------------------------------------- extremal families


def _single(first: np.ndarray, second: np.ndarray) -> Pair:
    """n = 1, m = 1, with given logits."""
    return Pair(Model([[1.0]], first[:, None]), Model([[1.0]], second[:, None]))


def _rare(mass: float, heat: int = 1) -> Callable[[float], Pair]:
    """k = 3: two labels of probability a little above `mass` move apart by +-eps."""

    def member(eps: float) -> Pair:
        low = mass * (1 + 4 * eps)
        base = np.log(np.array([low, low, 1 - 2 * low]))
        return _single(heat * base, heat * (base + eps * np.array([1.0, -1.0, 0.0])))

    return member


def _sure(move: float) -> Callable[[float], Pair]:
    """k = 2: the rarer label, of log-odds -L, moves by the given amount: p_1 tends to one with L."""
    return lambda odds: _single(np.array([odds, 0.0]), np.array([odds, move]))


_PLANE = np.array([[1.0, -4.0], [-1.0, -4.0], [0.0, 0.0]])


def _along_two_rare_labels(eps: float) -> Pair:
    """k = 3, m = 2, a shared head: embeddings differ along the difference of two rare labels."""
    return Pair(Model([[0.0, 1.0]], _PLANE), Model([[eps, 1.0]], _PLANE))


_COINS = (ExtremalFamily("k=2", "logits +-eps/2 against -+eps/2", coin, 2.0**-12),)
_RARE_PLANE = (ExtremalFamily("k=3", "two rare labels move apart by +-eps", _along_two_rare_labels, 1e-5),)
_NOT_CLIMBED = {"differentiable": False}  # follows from a statement that is: another climb would find nothing else
_ANY = Domain(inputs=(1, 12), equal_dimensions=False)
_MANY = Domain(labels=(3, 8), inputs=(1, 12), equal_dimensions=False)
_THREE = at_least("k >= 3", r"k \ge 3", 3, "k")
_ORDER_THREE = np.array([[0.0236, 0.6375, 0.2801, 0.0588], [0.0968, 0.4596, 0.2020, 0.2416]])


def _chain(name: str, latex: str, lhs: Side, envelope: Side, numerator: int = 1, **parts: object) -> Statement:
    settings = {"constant": rational(numerator), "domain": _ANY, "sharp": _COINS, **parts}
    return Statement(name, latex, lhs=lhs, envelope=envelope, **settings)  # type: ignore[arg-type]


def _of_clipped(name: str, floor: float, **parts: object) -> Statement:
    inverse = round(1 / floor)
    return Statement(
        name, rf"E \sum_y (\log \max(p, \varepsilon) - \log \max(p', \varepsilon))^2 \le \tfrac2\varepsilon E\,\mathrm{{KL}},"
        rf"\ \varepsilon = 1/{inverse},\ k \ge 3",
        lhs=_clipped(floor), constant=rational(2 * inverse), envelope=kl, hypotheses=(_THREE,), domain=_MANY,
        sharp=(ExtremalFamily("k=3", "two labels of probability eps move apart", _rare(floor), 1e-5),),
        trivial=_largest_clipped_distance(floor), **parts,  # type: ignore[arg-type]
    )  # fmt: skip


THEOREM = Theorem(
    identifier="T15",
    title="KL between two quadratic forms of the logit difference",
    source="derived here",
    summary="Without any floor KL is squeezed between two quadratic forms, and bounds what it can see of the logits.",
    statements=(
        _chain("lower_form", r"E \Delta^\top \Sigma_w \Delta \le 2\, E\,\mathrm{KL}", _FORM, kl, 2),
        _chain("best_constant", r"E \Delta^\top \Sigma_w \Delta \le E \sum_y w t^2", _FORM, _LOWER, **_NOT_CLIMBED),
        _chain("lower", r"E \sum_y w t^2 \le 2\, E\,\mathrm{KL}", _LOWER, kl, 2),
        _chain("upper", r"2\, E\,\mathrm{KL} \le E \sum_y \max(p, p')\, t^2", lambda pair: 2 * kl(pair), _UPPER),
        _of_clipped("clipped", FLOOR),
        _of_clipped("clipped_low", _LOW_FLOOR, **_NOT_CLIMBED),
        _chain(
            "fisher_below", r"E[\omega(-r) \operatorname{Var}_p(\Delta)] \le E\,\mathrm{KL}", _mean(_fisher_below), kl,
            sharp=(ExtremalFamily("k=2", "p_1 -> 1, the rare label loses a factor e^2", _sure(-2.0), 14.0),),
        ),
        _chain(
            "fisher_above", r"E\,\mathrm{KL} \le E[\omega(r) \operatorname{Var}_p(\Delta)]", kl, _mean(_fisher_above),
            sharp=(ExtremalFamily("k=2", "p_1 -> 1, the rare label gains a factor e^2", _sure(2.0), 14.0),),
        ),
        _chain(
            "fisher_reversed",
            r"E\big[\tfrac{1 - (1 + r) e^{-r}}{r^2} \operatorname{Var}_p(\Delta)\big] \le E\,\mathrm{KL}(p' \| p)",
            _mean(_fisher_reversed), lambda pair: kl(pair.swapped),
            sharp=(ExtremalFamily("k=2", "p_1 -> 1, the rare label loses a factor e^2", _sure(-2.0), 14.0),),
        ),
        _chain(
            "fisher", r"E \operatorname{Var}_p(\Delta) \le (2 + R)\, E\,\mathrm{KL}", _FISHER, _two_and_oscillation,
            trivial=lambda pair: square(_largest_oscillation(pair)) / 4,
        ),
        Statement(
            "floor_by_rank", r"d_\mathrm{logit}^2 \le 2\, E[\mathrm{KL}/\mu],\ V = \operatorname{col}[G_c, G'_c]",
            lhs=squared_distance, constant=rational(2), envelope=_over_rank_floor(spanning),
            hypotheses=(_mass_on(spanning, _itself),), domain=_ANY, sharp=_RARE_PLANE, differentiable=False,
        ),
        Statement(
            "floor_of_a_shared_head", r"d_\mathrm{logit}^2 \le 2\, E[\mathrm{KL}/\mu],\ G' = G,\ V = \operatorname{col} G_c",
            lhs=lambda pair: squared_distance(shared(pair)), constant=rational(2),
            envelope=lambda pair: _over_rank_floor(first_head)(shared(pair)), hypotheses=(_mass_on(first_head, shared),),
            domain=Domain(inputs=(1, 12)), sharp=_RARE_PLANE, differentiable=False,
        ),
        Statement(
            "floor_by_rank_never_worse", r"\max_x 1/\mu \le 1/\tau",
            lhs=lambda pair: pair.xp.max(inverse_floor(pair, spanning(pair)), axis=-1),
            envelope=lambda pair: 1 / tau(pair), hypotheses=(_mass_on(spanning, _itself),), domain=_ANY,
            differentiable=False,
        ),
        _chain(
            "every_temperature", rf"E \Delta^\top \Sigma_{{w_T}} \Delta \le 2 T^2\, E\,\mathrm{{KL}}_T,\ T = {_HEAT}",
            _squared_by_heat(_FORM), _squared_by_heat(kl), 2, **_NOT_CLIMBED,
        ),
        Statement(
            "floor_at_every_temperature",
            rf"d_\mathrm{{logit}}^2 \le E[2 T^2\, \mathrm{{KL}}_T/\tau_T(x)],\ T = {_HEAT},\ k \ge 3",
            lhs=squared_distance, constant=rational(2), envelope=_squared_by_heat(_mean(_pointwise_over_floor)),
            hypotheses=(_THREE,), domain=_MANY,
            sharp=(ExtremalFamily("k=3", "two labels of probability 1/100 at T move apart", _rare(0.01, _HEAT), 1e-5),),
            trivial=_squared_by_heat(largest_distance_given_tau), differentiable=False,
        ),
        _chain("squared_hellinger", r"E \sum_y w t^2 \le 8\, E H^2", _LOWER, _mean(pointwise_squared_hellinger), 8),
        _chain("renyi_half", r"E \sum_y w t^2 \le 4\, E D_{1/2}", _LOWER,
               _mean(lambda pair: pointwise_renyi(pair, 0.5)), 4, **_NOT_CLIMBED),
        _chain("chi_squared", r"E \sum_y w t^2 \le E \chi^2", _LOWER, _mean(pointwise_chi_squared)),
    ),
    twins=(
        FalseTwin(
            Statement(
                "clipped_five_percent_less",
                r"E \sum_y (\log \max(p, \varepsilon) - \log \max(p', \varepsilon))^2 \le \tfrac{1.9}\varepsilon E\,\mathrm{KL},"
                r"\ k \ge 3",
                lhs=_clipped(FLOOR), constant=rational(19 * 16, 10), envelope=kl, hypotheses=(_THREE,), domain=_MANY,
            ),
            "2/eps is sharp: two labels just above the floor move apart by little.",
            lambda: _rare(FLOOR)(2.0**-12),
        ),
        FalseTwin(
            Statement(
                "only_the_teacher_clipped",
                r"E \sum_y (\log \max(p, \varepsilon) - \log p')^2 \le \tfrac2\varepsilon E\,\mathrm{KL}",
                lhs=_only_the_teacher_clipped, constant=rational(32), envelope=kl, domain=_ANY,
            ),
            "A label that both models exclude costs nothing, and its logarithm is as far from log eps as it likes.",
        ),
        FalseTwin(
            Statement(
                "weights_of_the_teacher", r"E \sum_y p\, t^2 \le 2\, E\,\mathrm{KL}",
                lhs=_mean(_weighted(lambda pair: pair.a.probabilities)), constant=rational(2), envelope=kl, domain=_ANY,
            ),
            "KL is linear in the log-ratio of a label that the student excludes, not quadratic.",
        ),
        FalseTwin(
            Statement(
                "fisher_without_oscillation", r"E \operatorname{Var}_p(\Delta) \le 2\, E\,\mathrm{KL}",
                lhs=_FISHER, constant=rational(2), envelope=kl, domain=_ANY,
            ),
            "The factor is 2 + R: the variance along the way from p to p' may fall.",
        ),
        FalseTwin(
            Statement(
                "fisher_of_the_reversed", r"E[\omega(-r) \operatorname{Var}_p(\Delta)] \le E\,\mathrm{KL}(p' \| p)",
                lhs=_mean(_fisher_below), envelope=lambda pair: kl(pair.swapped), domain=_ANY,
            ),
            "Seen from p' the variance under p weighs the far end of the way: the factor is (1 - (1 + r) e^-r)/r^2.",
        ),
        FalseTwin(
            Statement(
                "renyi_three", r"E \sum_y w t^2 \le \tfrac23 E D_3",
                lhs=_LOWER, constant=rational(2, 3), envelope=_mean(lambda pair: pointwise_renyi(pair, 3.0)), domain=_ANY,
            ),
            "2/alpha does not go on for ever: a label that gains costs a large order little.",
            lambda: _single(*np.log(_ORDER_THREE)),
        ),
    ),
    known_answers=(
        KnownAnswer("coin (1/2, -1/2) against (-1/2, 1/2): Delta^T Sigma_w Delta", ".5378828427",
                    lambda: float(_FORM(coin(1.0))), "by hand: Delta = (1, -1), w = 1/(1 + e) twice: 2/(1 + e)"),
        KnownAnswer("the same, sum w t^2", ".5378828427", lambda: float(_LOWER(coin(1.0))), "by hand: t = -+1"),
        KnownAnswer("the same, 2 KL", ".9242343145", lambda: 2 * float(kl(coin(1.0))), "by hand: 2 tanh(1/2)"),
        KnownAnswer("the same, sum max(p, p') t^2", "1.4621171573", lambda: float(_UPPER(coin(1.0))),
                    "by hand: 2 e/(1 + e)"),
        KnownAnswer("the same, Var_p(Delta)", ".7864477330",
                    lambda: squared_fisher_distance(coin(1.0).a, coin(1.0).b), "by hand: 4 e/(1 + e)^2"),
        KnownAnswer("the same, clipped at 1/2", ".2886259756",
                    lambda: squared_clipped_distance(coin(1.0).a, coin(1.0).b, 0.5), "by hand: 2 log(2 e/(1 + e))^2"),
        KnownAnswer("the same, 1/mu", "3.7182818285",
                    lambda: float(inverse_floor(coin(1.0), spanning(coin(1.0)))[0]),
                    "by hand: Sigma_w = w (I - J/2), so mu = w = 1/(1 + e)"),
        KnownAnswer("omega(-1) = 1/e", ".3678794412", lambda: float(omega(np.array(-1.0))), "by hand"),
        KnownAnswer("(1 - (1 + r) e^-r)/r^2 at 1 = 1 - 2/e", ".2642411177",
                    lambda: float(reversed_omega(np.array(1.0))), "by hand"),
    ),
)  # fmt: skip


THEOREM = replace(
    THEOREM,
    ablations=(
        THEOREM.ablation_by_twin("clipping of the student", "only_the_teacher_clipped"),
        THEOREM.ablation_by_twin("the smaller of both weights", "weights_of_the_teacher"),
        THEOREM.ablation_by_twin("the oscillation", "fisher_without_oscillation"),
        THEOREM.ablation_by_twin("the direction of KL", "fisher_of_the_reversed"),
        Ablation(
            "clipping",
            Statement(
                "unclipped", r"E \sum_y (\log p - \log p')^2 \le 32\, E\,\mathrm{KL}",
                lhs=_unclipped, constant=rational(32), envelope=kl, domain=_ANY,
            ),
            "Labels that neither model gives any probability differ at no cost in KL.",
        ),
        Ablation(
            "the student's head",
            Statement(
                "floor_of_the_first_head", r"d_\mathrm{logit}^2 \le 2\, E[\mathrm{KL}/\mu],\ V = \operatorname{col} G_c",
                lhs=squared_distance, constant=rational(2), envelope=_over_rank_floor(first_head),
                hypotheses=(_mass_on(first_head, _itself),), domain=_ANY,
            ),
            "The logit difference lies in the span of both heads, and may be where the first one's span has no mass.",
        ),
        Ablation(
            "k >= 3",
            replace(without(THEOREM.statement("clipped"), "k >= 3"), domain=_ANY, sharp=()),
            "Known to survive: it only makes 2 sharp, as two labels at the floor need a third beside them.",
        ),
    ),
)  # fmt: skip
