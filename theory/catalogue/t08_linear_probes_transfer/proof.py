r"""T8: linear probes transfer, for all numbers of labels, dimensions and inputs.

A probe reads w.f in one model and w'.f' in the other, w' = A*^T w. Their difference is c.Delta with c = pinv(Gc)^T w;
the rest is the inequality of Cauchy and Schwarz, as a square, and Markov's argument, as a case distinction.
"""

from __future__ import annotations

import sympy as sp

from theory.proofs.extremal import Value
from theory.proofs.identity import (
    Algebra,
    Expression,
    WordIdentity,
    letters,
    transpose,
)
from theory.proofs.psd import Consequence, PositiveCoefficients, SumOfSquares
from theory.proofs.steps import Proof, Step

_k, _m, _m_other = sp.symbols("k m m'", positive=True)
_a = sp.Symbol("a", positive=True)  # ||c||
_d = sp.Symbol("d", nonnegative=True)  # ||Delta||
_r = sp.Symbol("r", real=True)  # c . Delta
# E(w.f - w'.f')^2, d_logit^2, tr Cov(Delta), Var(w.f - w'.f')
_error, _d2, _spread, _variance = sp.symbols("e d2 V_D V", nonnegative=True)
_norm = _a**2
_positive_variance = sp.Symbol("V_w", positive=True)  # Var(w.f)
_gamma = sp.Symbol("gamma", positive=True)
# Shares of inputs: within gamma of the boundary, flipped, moved by more than gamma.
_near, _share, _moved = sp.symbols("p_near p_flip p_moved", positive=True)

G, P, G_other, f, f_other, w, c, delta, mean = letters("G P G' f f' w c D E[D]")
first, second, others = letters("e_i e_j e_rest")


_PROBES = Algebra(
    {
        G: (_k, _m), P: (_m, _k), G_other: (_k, _m_other), f: (_m, 1), f_other: (_m_other, 1), w: (_m, 1),
        c: (_k, 1), delta: (_k, 1), mean: (_k, 1),
    },
    rules=((P * G, 1),),
)  # fmt: skip
_SCHWARZ = Algebra(
    {c: (_k, 1), delta: (_k, 1)},
    rules=((transpose(c) * c, _a**2), (transpose(delta) * delta, _d**2), (transpose(c) * delta, _r)),
)
# The entries i and j of Delta, and the vector of all others.
_PLANE = Algebra({first: (1, 1), second: (1, 1), others: (_k - 2, 1)}, symmetric=(first, second))


def _transport_step() -> Step:
    alignment = P * G_other
    return Step(
        "transported probe",
        r"w \cdot f - w' \cdot f' = c \cdot \Delta,\quad w' = A^{*\top} w,\ c = (G_c^+)^\top w",
        WordIdentity(
            transpose(w) * f - _PROBES.transposed(_PROBES.transposed(alignment) * w) * f_other,
            _PROBES.transposed(transpose(P) * w) * (G * f - G_other * f_other),
            _PROBES,
        ),
    )


def _schwarz_step(difference: str) -> Step:
    return Step(
        "Cauchy-Schwarz",
        rf"\|c\|^2 \|{difference}\|^2 - (c \cdot {difference})^2"
        rf" = \big\|\,\|c\|\, {difference} - (c \cdot {difference})\, c / \|c\|\,\big\|^2 \ge 0",
        SumOfSquares(_a**2 * _d**2 - _r**2, ((1, _a * delta - _r * c / _a),), _SCHWARZ),
        remark="c is zero only if w is.",
    )


def _flip_step(statement: str, remark: str) -> Step:
    gamma, s, t = sp.symbols("gamma s t", nonnegative=True)
    return Step(
        "a flip moves the value by more than gamma",
        statement,
        PositiveCoefficients((gamma + s + t) ** 2 - gamma**2, (gamma, s, t)),
        remark=remark,
    )


def _shares_step() -> Step:
    return Step(
        "shares",
        r"P(\text{flip}) - P(|w \cdot f| \le \gamma) \le E(w \cdot f - w' \cdot f')^2 / \gamma^2",
        Consequence(
            _near + _error / _gamma**2 - _share,
            premises=((1, _near + _moved - _share), (1 / _gamma**2, _error - _gamma**2 * _moved)),
        ),
        uses=("a flip moves the value by more than gamma",),
        covers="all distributions of inputs",
        remark="p_moved is the share of inputs on which the value moves by more than gamma: a flip lies in the band or "
        "moves that far, and each that moves adds more than gamma^2 to the mean square.",
    )


def _attained() -> Expression:
    """Return E(w.f - w'.f')^2 / (||c||^2 d_logit^2) on an example with Delta along c."""
    centred = sp.Matrix([[1, 1], [-1, 1], [1, -1], [-1, -1], [0, 0]]) * sp.Matrix([[1, 2], [0, 3]])
    pseudo_inverse = (centred.T * centred).inv() * centred.T
    probe, inputs = sp.Matrix([1, -2]), sp.Matrix([[1, 0], [0, 1], [2, -1], [3, 5]]).T
    direction = pseudo_inverse.T * probe
    other = centred - direction * sp.Matrix([[1, 3]])
    gap = probe.T * inputs - probe.T * pseudo_inverse * other * inputs
    difference = (centred - other) * inputs
    size = (direction.T * direction)[0] * (difference.T * difference).trace()
    return (gap * gap.T)[0] / size


def _squared_error() -> Proof:
    return Proof(
        "T8",
        "squared_error",
        r"E(w \cdot f - w' \cdot f')^2 \le \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2",
        (
            _transport_step(),
            _schwarz_step(r"\Delta"),
            Step(
                "mean over inputs",
                r"\|c\|^2\, d_\mathrm{logit}^2 - E(w \cdot f - w' \cdot f')^2 \ge 0",
                Consequence(_a**2 * _d2 - _error, ((1, _a**2 * _d2 - _spread),), ((1, _spread - _error),)),
                uses=("transported probe", "Cauchy-Schwarz"),
                remark="The premise is the mean of the inequality above, the equality that of the identity.",
            ),
        ),
        names={_d2: _d**2, _spread: _r**2},
    )


def _squared_error_sharp() -> Proof:
    return Proof(
        "T8",
        "squared_error: sharp",
        r"\text{equality for every } G_c \text{ and } w:\ \Delta \text{ along } c",
        (
            Step(
                "difference along c",
                r"(c \cdot t c)^2 = \|c\|^2 \|t c\|^2",
                WordIdentity(
                    (transpose(c) * _r * c) * (transpose(c) * _r * c), _a**2 * _SCHWARZ.square(_r * c), _SCHWARZ
                ),
                remark="f' = f and G'_c = G_c - c a^T have Delta = c (a.f); c has sum zero.",
            ),
            Step(
                "a worked example",
                r"E(w \cdot f - w' \cdot f')^2 / (\|c\|^2 d_\mathrm{logit}^2) = 1",
                Value(_attained, sp.Integer(1)),
                covers="k = 5, m = 2, four inputs",
                uses=("difference along c",),
            ),
        ),
    )


def _unexplained_variance() -> Proof:
    return Proof(
        "T8",
        "unexplained_variance",
        r"1 - R^2 \le \|(G_c^+)^\top w\|^2 \operatorname{tr} \operatorname{Cov}(\Delta) / \operatorname{Var}(w \cdot f)",
        (
            _transport_step(),
            Step(
                "intercept",
                r"c \cdot \Delta - E(c \cdot \Delta) = c \cdot (\Delta - E \Delta)",
                WordIdentity(transpose(c) * delta - transpose(c) * mean, transpose(c) * (delta - mean), _PROBES),
                uses=("transported probe",),
                remark="The best intercept is the mean of the gap; what is left of it is unexplained.",
            ),
            _schwarz_step(r"\Delta - E \Delta"),
            Step(
                "share of the variance",
                r"\|c\|^2 \operatorname{tr}\operatorname{Cov}(\Delta) / \operatorname{Var}(w \cdot f) - (1 - R^2) \ge 0",
                Consequence(
                    _norm * _spread / _positive_variance - _variance / _positive_variance,
                    premises=((1 / _positive_variance, _norm * _spread - _variance),),
                ),
                uses=("intercept", "Cauchy-Schwarz"),
                remark="1 - R^2 is Var(w.f - w'.f') / Var(w.f).",
            ),
        ),
        names={_spread: _d**2, _variance: _r**2},
    )


def _sign_flips() -> Proof:
    return Proof(
        "T8",
        "sign_flips",
        r"P(\operatorname{sign} \text{ flips}) \le P(|w \cdot f| \le \gamma)"
        r" + \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2 / \gamma^2",
        (
            _transport_step(),
            _schwarz_step(r"\Delta"),
            _flip_step(
                r"w \cdot f = \gamma + s > \gamma,\ w' \cdot f' = -t \le 0 \Rightarrow"
                r" (w \cdot f - w' \cdot f')^2 \ge \gamma^2",
                "s, t >= 0; the other sign is the same with -w.",
            ),
            _shares_step(),
            Step(
                "conclusion",
                r"P(|w \cdot f| \le \gamma) + \|c\|^2 d_\mathrm{logit}^2 / \gamma^2 - P(\text{flip}) \ge 0",
                Consequence(
                    _near + _norm * _d2 / _gamma**2 - _share,
                    premises=((1, _near + _error / _gamma**2 - _share), (1 / _gamma**2, _norm * _d2 - _error)),
                ),
                uses=("transported probe", "Cauchy-Schwarz", "shares"),
                covers="all k, m and distributions of inputs",
            ),
        ),
        names={_d2: _d**2, _error: _r**2},
    )


def _top_label() -> Proof:
    return Proof(
        "T8",
        "top_label",
        r"P(\text{top labels differ}) \le P(\text{margin} \le \gamma) + 2\, d_\mathrm{logit}^2 / \gamma^2",
        (
            _flip_step(
                r"u_i - u_j = \gamma + s > \gamma,\ u'_i - u'_j = -t \le 0 \Rightarrow"
                r" (\Delta_i - \Delta_j)^2 \ge \gamma^2",
                "i is the first model's top label, j the second's, or one that ties with i there.",
            ),
            Step(
                "two entries of a vector",
                r"2 \|\Delta\|^2 - (\Delta_i - \Delta_j)^2 = (\Delta_i + \Delta_j)^2"
                r" + 2 \textstyle\sum_{y \ne i, j} \Delta_y^2 \ge 0",
                SumOfSquares(
                    2 * (_PLANE.square(first) + _PLANE.square(second) + _PLANE.square(others))
                    - _PLANE.square(first - second),
                    ((1, first + second), (2, others)),
                    _PLANE,
                ),
                covers="all k",
            ),
            Step(
                "conclusion",
                r"P(\text{margin} \le \gamma) + 2 d_\mathrm{logit}^2 / \gamma^2 - P(\text{top labels differ}) \ge 0",
                Consequence(
                    _near + 2 * _d2 / _gamma**2 - _share,
                    premises=(
                        (1, _near + _moved - _share),
                        (1 / _gamma**2, _error - _gamma**2 * _moved),
                        (1 / _gamma**2, 2 * _d2 - _error),
                    ),
                ),
                uses=("a flip moves the value by more than gamma", "two entries of a vector"),
                covers="all k and distributions of inputs",
                remark="error is the mean of (Delta_i - Delta_j)^2 over inputs, i and j as above; p_moved the share "
                "of inputs with the top label changed and a margin above gamma.",
            ),
        ),
        names={
            _d2: _PLANE.square(first) + _PLANE.square(second) + _PLANE.square(others),
            _error: _PLANE.square(first - second),
        },
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T8."""
    return (
        _squared_error(),
        _squared_error_sharp(),
        _unexplained_variance(),
        _sign_flips(),
        _top_label(),
    )


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T8."""
    norm, spread, variance = sp.symbols("c2 V_D V", nonnegative=True)
    moment, probe_variance, top, least = sp.symbols("M V_w s_max s_min", positive=True)
    same = Algebra({**_PROBES.shapes, G_other: (_k, _m), f_other: (_m, 1)}, _PROBES.rules)
    probe, weak = sp.symbols("w2 N", nonnegative=True)
    return (
        Proof("T8", "second_moment_for_variance", r"1 - R^2 \le \|c\|^2 \operatorname{tr}\operatorname{Cov}(\Delta) / E(w \cdot f)^2", (
            Step("share", r"\text{dividing by } E(w \cdot f)^2", Consequence(
                norm * spread / moment - variance / probe_variance, ((1 / moment, norm * spread - variance),))),
        )),
        Proof("T8", "untransported_probe", r"w \cdot f - w \cdot f' = c \cdot \Delta", (
            Step("probe", r"w \cdot f - w \cdot f' = c \cdot \Delta", WordIdentity(
                transpose(w) * (f - f_other), same.transposed(transpose(P) * w) * (G * f - G_other * f_other), same)),
        )),
        Proof("T8", "largest_singular_value", r"\|c\|^2 \le \|w\|^2 / s_{\max}^2", (
            Step("norm", r"\|w\|^2 - s_{\max}^2 \|c\|^2 \ge 0 \text{ from } \|w\|^2 - s_{\min}^2 \|c\|^2 \ge 0",
                 Consequence(probe - top**2 * weak, ((1, probe - least**2 * weak),))),
        )),
        Proof("T8", "five_percent_less", r"(c \cdot \Delta)^2 \le 0.95 \|c\|^2 \|\Delta\|^2", (
            Step("Cauchy-Schwarz", r"0.95 \|c\|^2 \|\Delta\|^2 - (c \cdot \Delta)^2 \ge 0", SumOfSquares(
                sp.Rational(19, 20) * _a**2 * _d**2 - _r**2, ((1, _a * delta - _r * c / _a),), _SCHWARZ)),
        )),
        Proof("T8", "top_label_constant_one", r"(\Delta_i - \Delta_j)^2 \le \|\Delta\|^2", (
            Step("two entries", r"\|\Delta\|^2 - (\Delta_i - \Delta_j)^2 = (\Delta_i + \Delta_j)^2 + \dots", SumOfSquares(
                _PLANE.square(first) + _PLANE.square(second) + _PLANE.square(others) - _PLANE.square(first - second),
                ((1, first + second), (1, others)), _PLANE)),
        )),
    )  # fmt: skip
