r"""Proofs of T5: two scalar inequalities, a sum over labels, and centring as a projection.

With t = log p'/p, KL is a sum over labels of p (e^t - 1 - t) = p' (e^T (T - 1) + 1), T = -t; each term is at least
tau t^2/2 by one form where t >= 0 and by the other where t <= 0. Everything is for one label, or linear in sums over
labels, hence for every k.
"""

from __future__ import annotations

import sympy as sp

from theory.proofs.extremal import Limit
from theory.proofs.identity import Identity
from theory.proofs.psd import Consequence
from theory.proofs.scalar import Balls, DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T5"
_ALL = "all k and m"

t, T, tau, q, s, v, p = sp.symbols("t T tau q s v p", real=True)
k, first, second = sp.symbols("k S1 S2", positive=True)
eps, floor = sp.Symbol("epsilon", positive=True), sp.Symbol("tau", positive=True)

_POSITIVE, _HALF = Range(t, 0), sp.Rational(1, 2)
_EXCESS = sp.exp(t) - 1 - t  # of a label with p'/p = e^t
_SWAPPED = sp.exp(T) * (T - 1) + 1  # the same divided by p', with T = -t


def label_sum() -> Step:
    """KL is the sum over labels of p (e^t - 1 - t)."""
    term = p * (q / p - 1 - t)
    total = over_labels(sp.expand(term), {q: 1, p: 1, p * t: -sp.Symbol("KL")})
    return Step(
        "sum over labels",
        r"\mathrm{KL} = \sum_y p_y (e^{t_y} - 1 - t_y),\ t = \log(p'/p)",
        Identity(total, sp.Symbol("KL")),
        covers=_ALL,
        remark="With p e^t = p' a term is p' - p - p t; p and p' sum to one, and sum p t = -KL.",
    )


def swap() -> Step:
    """The two forms of a term agree."""
    return Step(
        "the term seen from p'",
        r"p (e^t - 1 - t) = p' (e^T (T - 1) + 1),\ T = -t,\ p' = p e^t",
        Identity(p * (sp.exp(-T) - 1 + T), p * sp.exp(-T) * _SWAPPED),
        covers=_ALL,
    )


def centring() -> Step:
    """Centring over labels is a projection."""
    centred = over_labels((v - first / k) ** 2, {sp.Integer(1): k, v: first, v**2: second})
    return Step(
        "centring is a projection",
        r"\|\Delta\|^2 = \sum_y t_y^2 - \tfrac1k \big(\sum_y t_y\big)^2 \le \sum_y t_y^2",
        Identity(centred, second - first**2 / k),
        covers=_ALL,
        remark="Delta is minus t, centred: u and log p differ by a constant. A square is not negative.",
    )


def concluded(latex: str, constant: sp.Expr, per_square: sp.Expr, uses: tuple[str, ...], remark: str) -> Step:
    """||Delta||^2 <= constant * value, from value >= per_square * sum t^2 and the step on centring."""
    value, distance, squares, total = sp.symbols("value distance squares total", nonnegative=True)
    positive = {each: sp.Symbol(each.name, positive=True) for each in per_square.free_symbols}  # a floor is positive
    constant, per_square = (sp.sympify(each).subs(positive) for each in (constant, per_square))
    return Step(
        "conclusion",
        latex,
        Consequence(
            constant * value - distance,
            ((1 / per_square, value - per_square * squares), (sp.Integer(1), total)),
            ((sp.Integer(1), squares - total - distance),),
        ),
        uses=("centring is a projection", *uses),
        covers=_ALL,
        remark=remark,
    )


def _downward() -> Step:
    return Step(
        "where the first probability is larger",
        r"e^T (T - 1) + 1 \ge \tfrac12 T^2,\ T \ge 0",
        Scalar(_SWAPPED, T**2 / 2, (Range(T, 0),), DerivativeChain(T)),
        covers=_ALL,
    )


def _upper_bound(factor: sp.Expr, statement: str, claim: str) -> Proof:
    """Both scalar inequalities with t^2/factor: true for factor 2, and no smaller one."""
    return Proof(
        _THEOREM,
        statement,
        claim,
        (
            label_sum(),
            swap(),
            Step(
                "where the second probability is larger",
                rf"e^t - 1 - t \ge t^2/{sp.latex(factor)},\ t \ge 0",
                Scalar(_EXCESS, t**2 / factor, (_POSITIVE,), DerivativeChain(t)),
                covers=_ALL,
            ),
            Step(
                "where the first probability is larger",
                rf"e^T (T - 1) + 1 \ge T^2/{sp.latex(factor)},\ T \ge 0",
                Scalar(_SWAPPED, T**2 / factor, (Range(T, 0),), DerivativeChain(T)),
                covers=_ALL,
            ),
            Step(
                "the floor",
                r"p\,a \ge \tau\,a,\ p \ge \tau,\ a \ge 0",
                Scalar(p * s, tau * s, (Range(tau, 0, 1), Range(p, tau, 1), Range(s, 0)), Signs()),
                uses=("where the second probability is larger", "where the first probability is larger"),
                covers=_ALL,
                remark="With a = t^2/2, for p where t >= 0 and for p' where t < 0: each term is at least tau t^2/2.",
            ),
            centring(),
            concluded(
                rf"\|\Delta\|^2 \le \sum_y t_y^2 \le \tfrac{{{sp.latex(factor)}}}\tau \mathrm{{KL}}",
                factor / tau,
                tau / factor,
                ("sum over labels", "the term seen from p'", "the floor"),
                "Pointwise in x; both sides are then averaged over inputs.",
            ),
        ),
    )


def _binary() -> Proof:
    a = sp.Symbol("a", real=True)
    sigma = 1 / (1 + sp.exp(-a))
    low, high, x = sp.symbols("u0 u1 x", real=True)
    phi = sp.Function("phi")
    return Proof(
        _THEOREM,
        "upper_bound_binary",
        r"d_\mathrm{logit}^2 \le \mathrm{KL}/(\tau(1-\tau)),\ k = 2",
        (
            Step(
                "logits and distance",
                r"\|\Delta\|^2 = \tfrac12 (a - b)^2,\ a = u_1 - u_0,\ b = u'_1 - u'_0",
                Identity(sum((c - (low + high) / 2) ** 2 for c in (low, high)), (high - low) ** 2 / 2),
                covers="k = 2, all m",
            ),
            Step(
                "second derivative of the log-partition",
                r"\frac{d^2}{da^2} \log(1 + e^a) = \sigma(a) (1 - \sigma(a))",
                Identity(sp.diff(sp.log(1 + sp.exp(a)), a, 2), sigma * (1 - sigma)),
                covers="k = 2, all m",
            ),
            Step(
                "variance of a coin under the floor",
                r"s (1 - s) \ge \tau (1 - \tau),\ \tau \le s \le 1 - \tau,\ \tau \le \tfrac12",
                Scalar(s * (1 - s), tau * (1 - tau), (Range(tau, 0, _HALF), Range(s, tau, 1 - tau)), Signs()),
                covers="k = 2, all m",
                remark="sigma is increasing, so between a and b it stays between p and p', where the floor holds.",
            ),
            Step(
                "integral remainder",
                r"\phi(b) - \phi(a) - \phi'(a)(b - a) = \int_a^b (b - x)\,\phi''(x)\,dx",
                Identity(sp.diff((high - x) * sp.diff(phi(x), x) + phi(x), x), (high - x) * sp.diff(phi(x), x, 2)),
                covers="k = 2, all m",
                remark="An antiderivative of the integrand, by differentiation.",
            ),
            Step(
                "conclusion",
                r"\mathrm{KL} \ge \tau (1 - \tau) \tfrac12 (b - a)^2 = \tau (1 - \tau) \|\Delta\|^2",
                Identity(sp.integrate(high - x, (x, low, high)), (high - low) ** 2 / 2),
                uses=(
                    "logits and distance",
                    "second derivative of the log-partition",
                    "variance of a coin under the floor",
                    "integral remainder",
                ),
                covers="k = 2, all m",
                remark="KL is the remainder of phi(a) = log(1 + e^a), since phi' = sigma = p.",
            ),
        ),
    )


def _pinsker() -> Proof:
    return Proof(
        _THEOREM,
        "by_pinsker",
        r"d_\mathrm{logit}^2 \le \mathrm{KL}/\tau^2",
        (
            *_upper_bound(sp.Integer(2), "", "").steps,
            Step(
                "weaker than two over tau",
                r"\tfrac1{\tau^2} \ge \tfrac2\tau,\ \tau \le \tfrac12",
                Scalar(1 / tau**2, 2 / tau, (Range(tau, 0, _HALF),), Signs()),
                uses=("conclusion",),
                covers=_ALL,
                remark="tau is at most 1/k and k at least 2. Pinsker's inequality is not needed.",
            ),
        ),
    )


def _local_first(factor: sp.Expr = sp.E, statement: str = "local_with_first_floor") -> Proof:
    return Proof(
        _THEOREM,
        statement,
        r"p \ge \tau_1,\ \mathrm{KL} \le \tau_1/e \Rightarrow d_\mathrm{logit}^2 \le \tfrac e{\tau_1} \mathrm{KL}",
        (
            label_sum(),
            Step(
                "no log-ratio is below -1",
                r"e^t - 1 - t \ge \tfrac1e + (1 - \tfrac1e)(-1 - t),\ t \le -1",
                Scalar(_EXCESS, 1 / sp.E - (1 - 1 / sp.E) * (1 + t), (Range(t, -sp.oo, -1),), DerivativeChain(t)),
                uses=("sum over labels",),
                covers=_ALL,
                remark="A label with t < -1 would cost KL more than tau_1/e; so t >= -1 for every label.",
            ),
            Step(
                "negative log-ratios",
                r"e^{-T} - 1 + T \ge T^2/e,\ 0 \le T \le 1",
                Scalar(sp.exp(-T) - 1 + T, T**2 / factor, (Range(T, 0, 1),), Balls((sp.Integer(0), sp.Integer(1)))),
                uses=("no log-ratio is below -1",),
                covers=_ALL,
            ),
            Step(
                "positive log-ratios",
                r"e^t - 1 - t \ge t^2/e,\ t \ge 0",
                Scalar(_EXCESS, t**2 / factor, (_POSITIVE,), DerivativeChain(t)),
                covers=_ALL,
            ),
            centring(),
            concluded(
                rf"\|\Delta\|^2 \le \sum_y t_y^2 \le \tfrac{{{sp.latex(factor)}}}{{\tau_1}}\,\mathrm{{KL}}",
                factor / tau,
                tau / factor,
                ("sum over labels", "negative log-ratios", "positive log-ratios"),
                "p >= tau_1 in every term.",
            ),
        ),
    )


def _local_second() -> Proof:
    constant = 1 - 2 / sp.E
    return Proof(
        _THEOREM,
        "local_with_second_floor",
        r"p' \ge \tau_2,\ \mathrm{KL} \le \tau_2(1 - 2/e) \Rightarrow"
        r" d_\mathrm{logit}^2 \le \frac{\mathrm{KL}}{\tau_2 (1 - 2/e)}",
        (
            label_sum(),
            swap(),
            Step(
                "no log-ratio is below -1",
                r"e^T (T - 1) + 1 \ge 1 - \tfrac2e + e^T (-1 - T),\ T \le -1",
                Scalar(_SWAPPED, constant - sp.exp(T) * (1 + T), (Range(T, -sp.oo, -1),), DerivativeChain(T)),
                uses=("sum over labels", "the term seen from p'"),
                covers=_ALL,
                remark="A label with T < -1 would cost KL more than tau_2 (1 - 2/e); so T >= -1 for every label.",
            ),
            Step(
                "negative log-ratios",
                r"1 - e^{-S}(1 + S) \ge (1 - \tfrac2e) S^2,\ 0 \le S = -T \le 1",
                Scalar(
                    1 - sp.exp(-s) * (1 + s),
                    constant * s**2,
                    (Range(s, 0, 1),),
                    Balls((sp.Integer(0), sp.Integer(1))),
                ),
                uses=("no log-ratio is below -1",),
                covers=_ALL,
            ),
            _downward(),
            Step(
                "half is more",
                r"\tfrac12 T^2 \ge (1 - \tfrac2e) T^2",
                Scalar(T**2 / 2, constant * T**2, (Range(T, 0, 1),), Signs()),
                uses=("where the first probability is larger",),
                covers=_ALL,
                remark="Both sides are quadratic in T: what holds on [0, 1] holds for all T.",
            ),
            centring(),
            concluded(
                r"\|\Delta\|^2 \le \sum_y t_y^2 \le \frac{\mathrm{KL}}{\tau_2 (1 - 2/e)}",
                1 / (tau * constant),
                tau * constant,
                ("negative log-ratios", "half is more"),
                "p' >= tau_2 in every term.",
            ),
        ),
    )


def _moved(k_is_two: bool) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """KL, squared distance and the floor of a family in which labels of probability tau move by +-eps."""
    if k_is_two:  # the label of probability tau moves by eps
        partition = 1 - floor + floor * sp.exp(eps)
        return sp.log(partition) - floor * eps, eps**2 / 2, floor / partition
    partition = 1 - 2 * floor + floor * (sp.exp(eps) + sp.exp(-eps))
    return sp.log(partition), 2 * eps**2, floor * sp.exp(-eps) / partition


def _sharp_for_many() -> Proof:
    divergence, distance, lowest = _moved(False)
    return Proof(
        _THEOREM,
        "upper_bound: sharp",
        r"\sup \frac{\tau\, d_\mathrm{logit}^2}{\mathrm{KL}} = 2,\ k \ge 3",
        (
            Step(
                "the floor of the family",
                r"\min p' \to \tau,\ \varepsilon \to 0",
                Limit(lowest, eps, sp.Integer(0), floor, sample={floor: sp.Rational(1, 100)}),
                covers="all k >= 3, every tau < 1/k",
                remark="Two labels of probability tau move by +eps and -eps; the others share the rest as they like.",
            ),
            Step(
                "two labels of probability tau move apart",
                r"\lim_{\varepsilon \to 0} \frac{\tau \cdot 2 \varepsilon^2}"
                r"{\log(1 - 2\tau + \tau(e^\varepsilon + e^{-\varepsilon}))} = 2",
                Limit(
                    floor * distance / divergence,
                    eps,
                    sp.Integer(0),
                    sp.Integer(2),
                    sample={floor: sp.Rational(1, 100)},
                ),
                uses=("the floor of the family",),
                covers="all k >= 3, every tau < 1/k",
                remark="The other labels move by nothing and enter through their total mass only; sum p t = -log of the"
                " partition, since the moves +-eps cancel.",
            ),
        ),
    )


def _sharp_for_two() -> Proof:
    divergence, distance, lowest = _moved(True)
    return Proof(
        _THEOREM,
        "upper_bound_binary: sharp",
        r"\sup \frac{\tau (1 - \tau)\, d_\mathrm{logit}^2}{\mathrm{KL}} = 1,\ k = 2",
        (
            Step(
                "the floor of the family",
                r"\min p' \to \tau,\ \varepsilon \to 0",
                Limit(lowest, eps, sp.Integer(0), floor, sample={floor: sp.Rational(1, 100)}),
                covers="k = 2, every tau < 1/2",
            ),
            Step(
                "the rarer label moves",
                r"\lim_{\varepsilon \to 0} \frac{\tau (1 - \tau)\, \varepsilon^2/2}"
                r"{\log(1 - \tau + \tau e^\varepsilon) - \tau \varepsilon} = 1",
                Limit(
                    floor * (1 - floor) * distance / divergence,
                    eps,
                    sp.Integer(0),
                    sp.Integer(1),
                    sample={floor: sp.Rational(1, 100)},
                ),
                uses=("the floor of the family",),
                covers="k = 2, every tau < 1/2",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, and of sharpness."""
    claim = r"d_\mathrm{logit}^2 \le \tfrac2\tau \mathrm{KL}"
    return (
        _upper_bound(sp.Integer(2), "upper_bound", claim),
        _binary(),
        _pinsker(),
        _local_first(),
        _local_second(),
        _sharp_for_many(),
        _sharp_for_two(),
    )


def _attempt(statement: str, claim: str, step: Step) -> Proof:
    return Proof(_THEOREM, statement, claim, (label_sum(), step))


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins: each stops at a scalar inequality that fails."""
    return (
        _upper_bound(sp.Rational(19, 10), "five_percent_less", r"d_\mathrm{logit}^2 \le \tfrac{1.9}\tau \mathrm{KL}"),
        _attempt(
            "binary_without_factor",
            r"d_\mathrm{logit}^2 \le \mathrm{KL}/\tau,\ k = 2",
            Step(
                "variance of a coin under the floor",
                r"s (1 - s) \ge \tau,\ \tau \le s \le 1 - \tau",
                Scalar(s * (1 - s), tau, (Range(tau, 0, _HALF), Range(s, tau, 1 - tau)), Signs()),
            ),
        ),
        _attempt(
            "second_floor_only",
            r"p' \ge \tau_2 \Rightarrow d_\mathrm{logit}^2 \le \tfrac2{\tau_2} \mathrm{KL}",
            Step(
                "both signs of the log-ratio",
                r"e^T (T - 1) + 1 \ge \tfrac12 T^2,\ T \le 0",
                Scalar(_SWAPPED, T**2 / 2, (Range(T, -sp.oo, 0),), DerivativeChain(T)),
            ),
        ),
        _attempt(
            "first_floor_only",
            r"p \ge \tau_1 \Rightarrow d_\mathrm{logit}^2 \le \tfrac2{\tau_1} \mathrm{KL}",
            Step(
                "both signs of the log-ratio",
                r"e^t - 1 - t \ge \tfrac12 t^2,\ t \le 0",
                Scalar(_EXCESS, t**2 / 2, (Range(t, -sp.oo, 0),), DerivativeChain(t)),
            ),
        ),
        _local_first(sp.Integer(2), "local_first_floor_constant_two"),
    )
