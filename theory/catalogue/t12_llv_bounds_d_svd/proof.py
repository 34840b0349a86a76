r"""Proofs of T12: standardised variables that differ by little correlate, whatever their number.

Deviations are norms over inputs. For variables of deviation one, 1 - corr is half the variance of their difference; the
mean of m correlations is a trace, which the nuclear norm exceeds. No step depends on the dimension.
"""

from __future__ import annotations

import sympy as sp

from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Identity
from theory.proofs.matrices import trace_by_nuclear_norm, triangle
from theory.proofs.scalar import Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T12"
_ALL = "all k, m and n"

c, x, y, deviation, psi, psi2 = sp.symbols("c x y e psi psi2", real=True)


def _correlation() -> Step:
    one, other = sp.symbols("z z2", real=True)
    weight = sp.Symbol("n_inv", real=True)
    moments = {weight * one**2: sp.Integer(1), weight * other**2: sp.Integer(1), weight * one * other: c}
    return Step(
        "correlation and difference",
        r"\operatorname{Var}(z - z') = 2 (1 - \operatorname{corr}(z, z')),\ "
        r"\operatorname{sd} z = \operatorname{sd} z' = 1",
        Identity(over_labels(sp.expand(weight * (one - other) ** 2), moments), 2 * (1 - c)),
        covers=_ALL,
    )


def _nuclear() -> Step:
    return Step(
        "nuclear norm",
        r"d_\mathrm{SVD} = 1 - \tfrac1m \sum_i \sigma_i(C) \le 1 - \tfrac1m \operatorname{tr} C",
        trace_by_nuclear_norm(),
        covers=_ALL,
        remark="C is the matrix of correlations between standardised pivoted logits; its diagonal is corr(z_j, z'_j)."
        " With C = U S V^T, tr S - tr C is half of |(U - V) S^(1/2)|^2.",
    )


def _upper_bound(constant: sp.Expr, statement: str, claim: str) -> Proof:
    return Proof(
        _THEOREM,
        statement,
        claim,
        (
            Step(
                "two deviations",
                r"\operatorname{sd}(z_j - z'_j) \le \operatorname{sd}\big(\tfrac{\log p_j}{\psi_j}"
                r" - \tfrac{\log p'_j}{\psi'_j}\big) + \operatorname{sd}\big(\tfrac{\log p_0}{\psi_j}"
                r" - \tfrac{\log p'_0}{\psi'_j}\big) \le 2 \varepsilon",
                triangle(),
                covers=_ALL,
                remark="z_j = (log p_j - log p_0)/psi_j, centred over inputs; a deviation is a norm of centred values.",
            ),
            _correlation(),
            _nuclear(),
            Step(
                "conclusion",
                rf"1 - \operatorname{{corr}}(z_j, z'_j) = \tfrac12 \operatorname{{Var}}(z_j - z'_j)"
                rf" \le {sp.latex(constant)}\,\varepsilon^2",
                Identity((2 * deviation) ** 2 / 2, constant * deviation**2),
                uses=("two deviations", "correlation and difference", "nuclear norm"),
                covers=_ALL,
                remark="For every j, hence for the mean over j, which is at least d_SVD.",
            ),
        ),
    )


def _by_logit_distance(constant: sp.Expr, statement: str, claim: str) -> Proof:
    k = sp.Symbol("k", positive=True)
    v, total, squares = sp.symbols("v S1 S2", real=True)
    inner = over_labels(sp.expand((v - x) ** 2), {sp.Integer(1): k, v: total, v**2: squares})
    both = over_labels(sp.expand(inner), {sp.Integer(1): k, x: total, x**2: squares})
    return Proof(
        _THEOREM,
        statement,
        claim,
        (
            _correlation(),
            _nuclear(),
            Step(
                "standardising",
                r"(\psi + \psi')^2 \cdot \tfrac12 \operatorname{Var}(z/\psi - z'/\psi')"
                r" \le 2 \operatorname{Var}(z - z')",
                Scalar(
                    constant / 2 * (psi**2 + psi2**2 - 2 * psi * psi2 * c),
                    (psi + psi2) ** 2 * (1 - c),
                    (Range(psi, 0), Range(psi2, 0), Range(c, -1, 1)),
                    Signs(),
                ),
                uses=("correlation and difference",),
                covers=_ALL,
                remark="Var(z - z') = psi^2 + psi'^2 - 2 psi psi' c; the difference of the sides is"
                " (1 + c) (psi - psi')^2.",
            ),
            Step(
                "mean over pairs of labels",
                r"\sum_{i, j} (\Delta_i - \Delta_j)^2 = 2k \|\Delta\|^2 - 2 \big(\sum_i \Delta_i\big)^2",
                Identity(both, 2 * k * squares - 2 * total**2),
                covers=_ALL,
                remark="Delta sums to zero, and so does its deviation from the mean over inputs: over ordered pairs of"
                " different labels the mean of Var(Delta_i - Delta_j) is 2 tr Cov(Delta)/(k - 1).",
            ),
            Step(
                "variance and second moment",
                r"\operatorname{tr} \operatorname{Cov}(\Delta) = d_\mathrm{logit}^2 - \|E \Delta\|^2"
                r" \le d_\mathrm{logit}^2",
                Identity(
                    over_labels(
                        sp.expand(psi * (v - total) ** 2), {psi: sp.Integer(1), psi * v: total, psi * v**2: squares}
                    ),
                    squares - total**2,
                ),
                covers=_ALL,
                remark="psi stands for the weight 1/n of an input.",
            ),
            Step(
                "conclusion",
                r"\operatorname*{mean} d_\mathrm{SVD} \le \frac{2}{\min(\psi + \psi')^2} \cdot"
                r" \frac{2\, d_\mathrm{logit}^2}{k - 1}",
                Identity(constant / 2 * 2 * k * squares / (k * (k - 1)), constant * squares / (k - 1)),
                uses=("nuclear norm", "standardising", "mean over pairs of labels", "variance and second moment"),
                covers=_ALL,
                remark="The mean over pivots, subsets and members is one over ordered pairs, each as often as another.",
            ),
        ),
    )


_FIRST = (-2, 0, 2, 1, -1)
_SECOND = (-2, 1, 2, 0, -1)


def _deviations(sign: int, eps: sp.Expr) -> sp.Expr:
    """Squared deviation of log p_j/psi - log p'_j/psi' for coins whose logits are eps times the values above."""
    n = len(_FIRST)
    spread = eps * sp.sqrt(2)  # the deviation of both lists of values
    gaps = [
        (sign * eps * sp.Integer(u - w) / 2 - (_log_cosh(eps * u / 2) - _log_cosh(eps * w / 2))) / spread
        for u, w in zip(_FIRST, _SECOND, strict=True)
    ]
    mean = sum(gaps) / n
    return sum((gap - mean) ** 2 for gap in gaps) / n


def _log_cosh(value: sp.Expr) -> sp.Expr:
    return sp.log(sp.cosh(value)) if value != 0 else sp.Integer(0)


def _sharp() -> Proof:
    eps = sp.Symbol("epsilon", positive=True)
    share = sp.Rational(sum(u * w for u, w in zip(_FIRST, _SECOND, strict=True)), sum(u * u for u in _FIRST))
    part = Step(
        "the label's part",
        r"\lim_{\varepsilon \to 0} \operatorname{Var}\big(\tfrac{\log p_1}\psi - \tfrac{\log p'_1}{\psi'}\big)"
        r" = \tfrac1{20}",
        Limit(_deviations(1, eps), eps, sp.Integer(0), sp.Rational(1, 20)),
        covers="m = 1, k = 2",
        remark="log p_1 = u/2 - log 2 cosh(u/2), log p_0 = -u/2 - log 2 cosh(u/2): the common part is of second order.",
    )
    pivot = Step(
        "the pivot's part",
        r"\lim_{\varepsilon \to 0} \operatorname{Var}\big(\tfrac{\log p_0}\psi - \tfrac{\log p'_0}{\psi'}\big)"
        r" = \tfrac1{20}",
        Limit(_deviations(-1, eps), eps, sp.Integer(0), sp.Rational(1, 20)),
        covers="m = 1, k = 2",
    )
    return Proof(
        _THEOREM,
        "upper_bound: sharp",
        r"\sup \frac{d_\mathrm{SVD}}{\varepsilon^2} = 2",
        (
            Step(
                "the dissimilarity",
                r"d_\mathrm{SVD} = 1 - \operatorname{corr}(u, u') = \tfrac1{10},\ "
                r"u = \varepsilon(-2, 0, 2, 1, -1),\ u' = \varepsilon(-2, 1, 2, 0, -1)",
                Value(lambda: 1 - share, sp.Rational(1, 10)),
                covers="m = 1, k = 2",
            ),
            part,
            pivot,
            Step(
                "conclusion",
                r"\frac{d_\mathrm{SVD}}{\varepsilon_{\mathrm{LLV}}^2} \to \frac{1/10}{1/20} = 2",
                Limit((1 - share) / _deviations(1, eps), eps, sp.Integer(0), sp.Integer(2)),
                uses=("the dissimilarity", "the label's part", "the pivot's part"),
                covers="m = 1, k = 2",
                remark="The larger of two parts with one limit has that limit.",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, and of sharpness."""
    return (
        _upper_bound(sp.Integer(2), "upper_bound", r"d_\mathrm{SVD}(L_J f, L'_J f') \le 2\,\varepsilon^2"),
        _by_logit_distance(
            sp.Integer(4),
            "by_logit_distance",
            r"\operatorname*{mean}_{y_0, J} d_\mathrm{SVD} \le "
            r"\frac{4\, d_\mathrm{logit}^2}{(k-1)\min_{i \ne j}(\psi_{ij} + \psi'_{ij})^2}",
        ),
        _sharp(),
    )


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins."""
    return (
        _upper_bound(sp.Rational(19, 10), "five_percent_less", r"d_\mathrm{SVD} \le 1.9\,\varepsilon^2"),
        _by_logit_distance(
            sp.Integer(2),
            "half_of_the_logit_form",
            r"\operatorname*{mean}_{y_0, J} d_\mathrm{SVD} \le "
            r"\frac{2\, d_\mathrm{logit}^2}{(k-1)\min_{i \ne j}(\psi_{ij} + \psi'_{ij})^2}",
        ),
        Proof(
            _THEOREM,
            "without_the_pivot",
            r"d_\mathrm{SVD} \le 2\,\varepsilon_{\text{labels only}}^2",
            (
                Step(
                    "one deviation for two",
                    r"a \ge a + b,\ b \ge 0",
                    Scalar(x, x + y, (Range(x, 0), Range(y, 0)), Signs()),
                ),
            ),
        ),
        Proof(
            _THEOREM,
            "smallest_over_labels",
            r"d_\mathrm{SVD} \le 2 \min_j \varepsilon_j^2",
            (
                Step(
                    "smallest for mean",
                    r"x \ge \tfrac12 (x + y),\ y \ge x",
                    Scalar(x, (x + y) / 2, (Range(x, 0), Range(y, x)), Signs()),
                ),
            ),
        ),
    )
