r"""Proofs of T13: at high temperature every probability is near 1/k, and variances near those of the uniform one.

T^2 KL_T is the same integral of variances as KL in T6, with p_s the distribution of logits between u/T and u'/T: both
factors T cancel. Sums over labels are linear, hence every k.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t06_logit_distance_bounds_kl.proof import (
    kl_remainder,
    log_partition,
    taylor,
    variance_by_oscillation,
)
from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Identity
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T13"
_ALL = "all k and m"
_TEMPERATURES = (1, 4, 64)
_GAPS = (sp.Integer(1), sp.Integer(1), sp.Integer(-2))  # of the logits (1, -1, 0) and (0, -2, 2)

s, v, x, c, osc = sp.symbols("s v x c osc", real=True)
k = sp.Symbol("k", positive=True)
S1, S2 = sp.symbols("S1 S2", real=True)
eps, width = sp.symbols("epsilon w", positive=True)
temperature = sp.Symbol("T", positive=True)


def _heated() -> tuple[Step, ...]:
    """T^2 KL_T as an integral of variances."""
    d = sp.Symbol("D", real=True)
    weight, mean, square = sp.symbols("w mean square", real=True)
    scaled = over_labels(sp.expand(weight * (d / temperature - mean / temperature) ** 2),
                         {weight: sp.Integer(1), weight * d: mean, weight * d**2: square})  # fmt: skip
    return (
        log_partition(),
        kl_remainder(),
        taylor(),
        Step(
            "temperature cancels",
            r"T^2 \operatorname{Var}(\Delta/T) = \operatorname{Var}(\Delta)",
            Identity(temperature**2 * scaled, square - mean**2),
            uses=("log-partition", "KL is a remainder", "integral remainder"),
            covers=_ALL,
            remark="T^2 KL_T = int_0^1 (1 - s) Var_{p_s}(Delta) ds, p_s of logits between u/T and u'/T, whose"
            " oscillation is at most w/T: that of a mean of two vectors is at most the mean of theirs.",
        ),
    )


def _above(t: int) -> Proof:
    weight, mean, square = sp.symbols("w mean square", real=True)
    moments = {weight: sp.Integer(1), weight * v: mean, weight * v**2: square}
    return Proof(
        _THEOREM,
        f"temperature_{t}_above",
        rf"T^2 \mathrm{{KL}}_T \le \tfrac1{{2k}} e^{{w/T}} d_\mathrm{{logit}}^2,\ T = {t}",
        (
            *_heated(),
            Step(
                "probabilities from above",
                r"e^{u_z - u_y} \ge e^{-w/T}",
                Scalar(sp.exp(x), sp.exp(-osc), (Range(osc, 0), Range(x, -osc)), DerivativeChain(x)),
                covers=_ALL,
                remark="1/p_y = sum_z e^{u_z - u_y} >= k e^{-w/T}, hence p_y <= e^{w/T}/k.",
            ),
            Step(
                "variance from above",
                r"\operatorname{Var}_p(\Delta) = E_p \Delta^2 - (E_p \Delta)^2 \le E_p \Delta^2"
                r" \le \tfrac1k e^{w/T} \|\Delta\|^2",
                Identity(over_labels(sp.expand(weight * (v - mean) ** 2), moments), square - mean**2),
                uses=("probabilities from above",),
                covers=_ALL,
            ),
            Step(
                "conclusion",
                r"\int_0^1 (1 - s)\,ds = \tfrac12",
                Identity(sp.integrate(1 - s, (s, 0, 1)), sp.Rational(1, 2)),
                uses=("temperature cancels", "variance from above"),
                covers=_ALL,
                remark="Pointwise in x, with w the largest oscillation over inputs and models.",
            ),
        ),
    )


def _below(name: str, claim: str) -> Proof:
    return Proof(
        _THEOREM,
        name,
        claim,
        (
            *_heated(),
            Step(
                "probabilities from below",
                r"e^{u_z - u_y} \le e^{w/T}",
                Scalar(sp.exp(osc), sp.exp(x), (Range(x), Range(osc, x)), DerivativeChain(osc)),
                covers=_ALL,
                remark="1/p_y = sum_z e^{u_z - u_y} <= k e^{w/T}, hence p_y >= e^{-w/T}/k.",
            ),
            Step(
                "uniform weights",
                r"\sum_y (\Delta_y - c)^2 = \|\Delta\|^2 + k c^2 \ge \|\Delta\|^2,\ \sum_y \Delta_y = 0",
                Identity(
                    over_labels(sp.expand((v - c) ** 2), {sp.Integer(1): k, v: sp.Integer(0), v**2: S2}), S2 + k * c**2
                ),
                uses=("probabilities from below",),
                covers=_ALL,
                remark="With c = E_p Delta: Var_p(Delta) = sum p (Delta - c)^2 >= e^{-w/T}/k times this sum.",
            ),
            Step(
                "conclusion",
                r"\int_0^1 (1 - s)\,ds = \tfrac12",
                Identity(sp.integrate(1 - s, (s, 0, 1)), sp.Rational(1, 2)),
                uses=("temperature cancels", "uniform weights"),
                covers=_ALL,
            ),
        ),
    )


def _every_temperature() -> Proof:
    return Proof(
        _THEOREM,
        "every_temperature",
        r"T^2 \mathrm{KL}_T \le \tfrac14 d_\mathrm{logit}^2,\ T = 4",
        (
            *_heated(),
            *variance_by_oscillation(),
            Step(
                "conclusion",
                r"\int_0^1 (1 - s) \tfrac12\,ds = \tfrac14",
                Identity(sp.integrate((1 - s) / 2, (s, 0, 1)), sp.Rational(1, 4)),
                uses=("temperature cancels", "variance by norm"),
                covers="all k and m, every T",
            ),
        ),
    )


def _penalty() -> Step:
    centred = over_labels((v - S1 / k) ** 2, {sp.Integer(1): k, v: S1, v**2: S2})
    return Step(
        "gauge penalty",
        r"\|\Delta\|^2 = \|Z - Z'\|^2 - \tfrac1k \big(\sum_y (Z - Z')_y\big)^2",
        Identity(centred, S2 - S1**2 / k),
        covers=_ALL,
        remark="Delta is Z - Z' centred over labels; what is subtracted is a square.",
    )


def _raw_error() -> Proof:
    return Proof(_THEOREM, "raw_error", r"d_\mathrm{logit}^2 \le E \|Z - Z'\|^2", (_penalty(),))


def _raw_error_sharp() -> Proof:
    return Proof(
        _THEOREM,
        "raw_error: sharp",
        r"\text{equality where differences of logits sum to zero}",
        (
            _penalty(),
            Step(
                "logits (1, -1, 0) and (0, -2, 2)",
                r"\|\Delta\|^2 = \|Z - Z'\|^2 = 6",
                Value(
                    lambda: sum((gap - sp.Rational(sum(_GAPS), 3)) ** 2 for gap in _GAPS), sum(gap**2 for gap in _GAPS)
                ),
                uses=("gauge penalty",),
                covers="k = 3, m = 1",
            ),
        ),
    )


def _zero_sets() -> Proof:
    scale, shift = sp.symbols("a b", positive=True)
    mean, deviation = sp.symbols("mean sd", positive=True)
    affine = scale * v + shift
    moved = over_labels((affine - (scale * mean + shift)) ** 2 / k,
                        {sp.Integer(1): k, v: k * mean, v**2: k * (mean**2 + deviation**2)})  # fmt: skip
    return Proof(
        _THEOREM,
        "raw_error: zero sets",
        r"\text{centred error: } Z' = Z + c(x);\ \text{standardised losses: every } Z' = a Z + b,\ a > 0",
        (
            Step(
                "common shifts",
                r"\|\Delta\|^2 = 0,\ Z' = Z + c \text{ with any } c(x)",
                Identity(
                    over_labels(sp.expand((v - c) ** 2), {sp.Integer(1): k, v: k * c, v**2: k * c**2}), sp.Integer(0)
                ),
                covers=_ALL,
                remark="And only then: a sum of squares of deviations from the mean vanishes for constants only.",
            ),
            Step(
                "deviation of an affine student",
                r"\operatorname{sd}(a Z + b) = a \operatorname{sd}(Z),\ a > 0",
                Identity(moved, scale**2 * deviation**2),
                covers=_ALL,
            ),
            Step(
                "standardised logits do not change",
                r"\frac{a Z + b - (a \bar Z + b)}{a \operatorname{sd} Z} = \frac{Z - \bar Z}{\operatorname{sd} Z}",
                Identity((affine - (scale * mean + shift)) / (scale * deviation), (v - mean) / deviation),
                uses=("deviation of an affine student",),
                covers=_ALL,
                remark="So standardised-logit KD is zero at 5 Z + 7. NormKD divides by the deviation without centring:"
                " the shift is left, which softmax does not see.",
            ),
            Step(
                "the logit distance of an affine student",
                r"\|\Delta\|^2 = (a - 1)^2 \|u\|^2: \text{ sixteen times at } 5 Z + 7",
                Identity(
                    over_labels(
                        sp.expand(((scale * v + shift) - v - ((scale - 1) * mean + shift)) ** 2),
                        {sp.Integer(1): k, v: k * mean, v**2: k * (mean**2 + deviation**2)},
                    ),
                    (scale - 1) ** 2 * k * deviation**2,
                ),
                uses=("common shifts", "standardised logits do not change"),
                covers=_ALL,
                remark="||u||^2 = k sd^2. The loss is zero and the distance is not: the loss bounds nothing.",
            ),
        ),
    )


def _limit() -> Step:
    return Step(
        "both sides meet",
        r"\lim_{\varepsilon \to 0} e^{-2 \varepsilon w/T} = 1,\ \text{ symbolic in } w \text{ and } T",
        Limit(
            sp.exp(-2 * eps * width / temperature),
            eps,
            sp.Integer(0),
            sp.Integer(1),
            sample={width: sp.Integer(3), temperature: sp.Integer(4)},
        ),
        covers="all k and m, every T",
        remark="Both bounds of logits eps u differ by this factor, and T^2 KL_T lies between them.",
    )


def _sharp(t: int, side: str) -> Proof:
    return Proof(
        _THEOREM,
        f"temperature_{t}_{side}: sharp",
        r"\frac{2k\,T^2 \mathrm{KL}_T}{d_\mathrm{logit}^2} \to 1 \text{ for logits } \varepsilon u,\ \varepsilon \to 0",
        (_limit(),),
    )


def _high_temperature() -> Proof:
    a, b = sp.symbols("a b", real=True)
    here, there = (sp.log(1 + sp.exp(each * eps)) for each in (a, b))
    divergence = there - here - eps * (b - a) / (1 + sp.exp(-a * eps))
    return Proof(
        _THEOREM,
        "temperature_1_above: high temperature",
        r"T^2 \mathrm{KL}_T \to \tfrac1{2k} \|\Delta\|^2,\ T \to \infty",
        (
            Step(
                "from above",
                r"\lim_{T \to \infty} e^{w/T} = 1",
                Limit(sp.exp(width / temperature), temperature, sp.oo, sp.Integer(1), sample={width: sp.Integer(1)}),
                covers="all k and m",
            ),
            Step(
                "from below",
                r"\lim_{T \to \infty} e^{-w/T} = 1",
                Limit(sp.exp(-width / temperature), temperature, sp.oo, sp.Integer(1), sample={width: sp.Integer(1)}),
                uses=("from above",),
                covers="all k and m",
                remark="T^2 KL_T lies between both times ||Delta||^2/(2k), by the statements above and below.",
            ),
            Step(
                "two labels, directly",
                r"\lim_{T \to \infty} T^2 \mathrm{KL}(\sigma(a/T) \,\|\, \sigma(b/T)) = \tfrac18 (a - b)^2"
                r" = \tfrac14 \|\Delta\|^2",
                Limit(
                    divergence / eps**2,
                    eps,
                    sp.Integer(0),
                    (a - b) ** 2 / 8,
                    sample={a: sp.Rational(3, 2), b: sp.Rational(-1, 3)},
                ),
                covers="k = 2, all m",
                remark="With eps = 1/T.",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, of sharpness, of the limit and of the zero sets."""
    return (
        *(_above(t) for t in _TEMPERATURES),
        *(
            _below(
                f"temperature_{t}_below",
                rf"\tfrac1{{2k}} e^{{-w/T}} d_\mathrm{{logit}}^2 \le T^2 \mathrm{{KL}}_T,\ T = {t}",
            )
            for t in _TEMPERATURES
        ),
        _every_temperature(),
        _raw_error(),
        *(_sharp(t, side) for side in ("above", "below") for t in _TEMPERATURES),
        _raw_error_sharp(),
        _high_temperature(),
        _zero_sets(),
    )


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins."""
    raw = Step(
        "raw differences",
        r"\sum_y (v_y - c)^2 = \|v\|^2 + k c^2 \text{ without } \sum_y v_y = 0",
        Identity(over_labels(sp.expand((v - c) ** 2), {sp.Integer(1): k, v: S1, v**2: S2}), S2 + k * c**2),
        covers=_ALL,
    )
    cold = Step(
        "without the limit",
        r"e^{-w/T} \ge 1",
        Scalar(sp.exp(-osc), sp.Integer(1), (Range(osc, 0),), DerivativeChain(osc)),
        covers=_ALL,
    )
    hotter = Step(
        "hotter is larger",
        r"e^{-w/T} \ge e^{w}",
        Scalar(sp.exp(-osc / 4), sp.exp(osc), (Range(osc, 0),), DerivativeChain(osc)),
        covers=_ALL,
        remark="Bounds of both losses by the same multiple of the logit distance do not compare them.",
    )
    standardised = Step(
        "an affine student",
        r"\|\Delta\|^2 = (a - 1)^2 \|u\|^2 \le 10^4 \cdot 0",
        Scalar(sp.Integer(0), (x - 1) ** 2, (Range(x, 0),), Signs()),
        covers=_ALL,
    )
    return (
        Proof(_THEOREM, "raw_error_in_the_limit", r"\tfrac1{2k} e^{-w/T} E\|Z - Z'\|^2 \le T^2 \mathrm{KL}_T", (raw,)),
        Proof(_THEOREM, "without_the_limit", r"\tfrac1{2k} d_\mathrm{logit}^2 \le T^2 \mathrm{KL}_T", (cold,)),
        Proof(_THEOREM, "hotter_is_larger", r"\mathrm{KL}_1 \le T^2 \mathrm{KL}_T", (hotter,)),
        Proof(_THEOREM, "standardised_kd", r"d_\mathrm{logit}^2 \le 10^4\, \mathrm{KL}", (standardised,)),
    )
