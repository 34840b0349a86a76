r"""Proof of T6: KL is an integral of variances of Delta, and a variance is at most half of ||Delta||^2.

The log-partition along the segment of logits, phi(s) = log sum_y exp(u_y - s Delta_y), has Var_{p_s}(Delta) as its
second derivative, and KL is the remainder of its first-order expansion. The steps are shared with T11 and T13.
"""

from __future__ import annotations

import sympy as sp

from theory.proofs.extremal import Limit
from theory.proofs.identity import Identity
from theory.proofs.scalar import Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T6"
_ALL = "all k and m"

s, a, b, c, x = sp.symbols("s a b c x", real=True)
phi = sp.Function("phi")
Z = sp.Symbol("Z", positive=True)  # the partition


def log_partition() -> Step:
    """The second derivative of the log-partition is a variance."""
    first, second = sp.symbols("E1 E2", real=True)
    partition = sp.Function("Z")
    derivatives = [
        (sp.diff(partition(s), s, 2), Z * second),
        (sp.diff(partition(s), s), -Z * first),
        (partition(s), Z),
    ]
    return Step(
        "log-partition",
        r"\phi''(s) = E_{p_s} \Delta^2 - (E_{p_s} \Delta)^2 = \operatorname{Var}_{p_s}(\Delta),\ "
        r"\phi(s) = \log \sum_y e^{u_y - s \Delta_y}",
        Identity(sp.diff(sp.log(partition(s)), s, 2).subs(derivatives), second - first**2),
        covers=_ALL,
        remark="Of a sum Z of exponentials, Z' = -Z E Delta and Z'' = Z E Delta^2, whatever the number of labels.",
    )


def kl_remainder() -> Step:
    """KL is a first-order remainder of the log-partition."""
    p, u, d, here, there, mean = sp.symbols("p u D phi0 phi1 mean", real=True)
    term = p * ((u - here) - (u - d - there))
    return Step(
        "KL is a remainder",
        r"\mathrm{KL} = \phi(1) - \phi(0) - \phi'(0),\ \phi'(0) = -E_p \Delta",
        Identity(over_labels(sp.expand(term), {p: sp.Integer(1), p * d: mean}), there - here + mean),
        covers=_ALL,
        remark="log p = u - phi(0), log p' = u - Delta - phi(1); the sum over labels is linear.",
    )


def taylor() -> Step:
    """Taylor's formula with the remainder as an integral."""
    return Step(
        "integral remainder",
        r"\phi(1) - \phi(0) - \phi'(0) = \int_0^1 (1 - s)\,\phi''(s)\,ds",
        Identity(sp.diff((1 - s) * sp.diff(phi(s), s) + phi(s), s), (1 - s) * sp.diff(phi(s), s, 2)),
        covers=_ALL,
        remark="An antiderivative of the integrand, by differentiation.",
    )


def variance_by_oscillation() -> tuple[Step, ...]:
    """Return the steps to Var(Delta) <= osc^2/4 <= |Delta|^2/2 for every distribution."""
    weight, mean, square = sp.symbols("w mean square", real=True)
    moments = {weight: sp.Integer(1), weight * x: mean, weight * x**2: square}
    return (
        Step(
            "variance is least about the mean",
            r"E (X - c)^2 = \operatorname{Var} X + (E X - c)^2",
            Identity(over_labels(sp.expand(weight * (x - c) ** 2), moments), square - mean**2 + (mean - c) ** 2),
            covers=_ALL,
        ),
        Step(
            "distance from the middle",
            r"\big(x - \tfrac{a + b}2\big)^2 \le \tfrac14 (b - a)^2,\ a \le x \le b",
            Scalar((b - a) ** 2 / 4, (x - (a + b) / 2) ** 2, (Range(a), Range(b, a), Range(x, a, b)), Signs()),
            uses=("variance is least about the mean",),
            covers=_ALL,
            remark="With a, b the least and the largest entry and c their middle: Var X <= osc^2/4.",
        ),
        oscillation(),
        Step(
            "variance by norm",
            r"\operatorname{Var}_p(\Delta) \le \tfrac14 \operatorname{osc}(\Delta)^2 \le \tfrac12 \|\Delta\|^2",
            Identity(sp.Rational(1, 4) * 2 * c, c / 2),
            uses=("distance from the middle", "oscillation by norm"),
            covers=_ALL,
            remark="The product of both constants: the covariance of a categorical distribution has norm at most 1/2.",
        ),
    )


def oscillation() -> Step:
    """The squared oscillation is at most twice the squared norm."""
    return Step(
        "oscillation by norm",
        r"(b - a)^2 \le 2 (a^2 + b^2) \le 2 \|\Delta\|^2",
        Scalar(2 * (a**2 + b**2), (b - a) ** 2, (Range(a), Range(b)), Signs()),
        covers=_ALL,
        remark="The least and the largest entry are two of the k entries; if they are one, the oscillation is zero.",
    )


def _bound(denominator: sp.Expr, statement: str, claim: str) -> Proof:
    return Proof(
        _THEOREM,
        statement,
        claim,
        (
            log_partition(),
            kl_remainder(),
            taylor(),
            *variance_by_oscillation(),
            Step(
                "conclusion",
                r"\mathrm{KL} = \int_0^1 (1 - s) \operatorname{Var}_{p_s}(\Delta)\,ds \le \tfrac12 \|\Delta\|^2"
                r" \int_0^1 (1 - s)\,ds",
                Identity(sp.integrate((1 - s) / 2, (s, 0, 1)), 1 / denominator),
                uses=("log-partition", "KL is a remainder", "integral remainder", "variance by norm"),
                covers=_ALL,
                remark="Pointwise in x, then averaged over inputs.",
            ),
        ),
    )


def _sharp() -> Proof:
    eps, share = sp.Symbol("epsilon", positive=True), sp.Symbol("q", positive=True)
    ratio = 4 * eps * sp.tanh(eps / 2) / (2 * eps**2)
    return Proof(
        _THEOREM,
        "upper_bound: sharp",
        r"\sup \frac{4\,\mathrm{KL}}{d_\mathrm{logit}^2} = 1",
        (
            Step(
                "coins",
                r"\lim_{\varepsilon \to 0} \frac{4\,\varepsilon \tanh(\varepsilon/2)}{2 \varepsilon^2} = 1",
                Limit(ratio, eps, sp.Integer(0), sp.Integer(1)),
                covers="k = 2, all m",
                remark="p = sigma(eps) against 1 - p: KL = eps tanh(eps/2), Delta = (eps, -eps).",
            ),
            Step(
                "further labels",
                r"\lim_{q \to 0} \frac{4\,(1 - q)\,\varepsilon \tanh(\varepsilon/2)}{2\varepsilon^2}"
                r" = \frac{4\,\varepsilon \tanh(\varepsilon/2)}{2\varepsilon^2}",
                Limit((1 - share) * ratio, share, sp.Integer(0), ratio, sample={eps: sp.Rational(1, 3)}),
                uses=("coins",),
                covers="all k and m",
                remark="Further labels of mass q in all, whose logits do not move: the partition is the same on both"
                " sides, KL is that of the coins times 1 - q.",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proof of the bound and of its sharpness."""
    return (_bound(sp.Integer(4), "upper_bound", r"\mathrm{KL} \le \tfrac14 d_\mathrm{logit}^2"), _sharp())


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins: the same steps do not end at a better constant."""
    large = sp.Symbol("d", real=True)
    unsquared = Step(
        "unsquared",
        r"\tfrac14 d \ge \tfrac14 d^2",
        Scalar(large / 4, large**2 / 4, (Range(large, 0),), Signs()),
        covers=_ALL,
    )
    both = Step(
        "both directions",
        r"\int_0^1 \tfrac12\,ds = \tfrac14",
        Identity(sp.integrate(sp.Rational(1, 2), (s, 0, 1)), sp.Rational(1, 4)),
        covers=_ALL,
    )
    return (
        _bound(sp.Integer(8), "eighth", r"\mathrm{KL} \le \tfrac18 d_\mathrm{logit}^2"),
        _bound(sp.Rational(80, 19), "five_percent_less", r"\mathrm{KL} \le 0.95 \cdot \tfrac14 d_\mathrm{logit}^2"),
        Proof(_THEOREM, "unsquared", r"\mathrm{KL} \le \tfrac14 d_\mathrm{logit}", (unsquared,)),
        Proof(_THEOREM, "symmetrised", r"\mathrm{KL} + \mathrm{KL}' \le \tfrac14 d_\mathrm{logit}^2", (both,)),
    )
