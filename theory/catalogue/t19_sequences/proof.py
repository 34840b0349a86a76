r"""Proofs of T19: the chain rule, a telescoping sum, Pinsker's inequality by one scalar, and the cheapest flip of a top label.

Two positions are enough: the first stands for a whole prefix, the second for the token after it, and what holds of them
holds of any number of positions by induction. Sums over tokens are linear, so that a step on one token holds for all k.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t18_part_of_the_labels.proof import gibbs_steps
from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Expression, Identity
from theory.proofs.psd import Consequence
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T19"
_ALL = "all k and L"

p, q, a, b, x, z, t, c, lam = sp.symbols("p q a b x z t c lambda", real=True)
P, Q, A, B, C, D = sp.symbols("P P' A B C D", nonnegative=True)
eps = sp.Symbol("epsilon", positive=True)

# --------------------------------------------------------------------------- sums along a sequence


def _chain_steps(weight: Expression) -> tuple[Step, ...]:
    """Return the chain rule for two positions; `weight` is the probability of the prefix that is summed with."""
    first, second, later, summed = sp.symbols("d1 d2 KL_y S", real=True)
    return (
        Step(
            "after a prefix",
            r"\textstyle\sum_y p(y) \big[d_1 + d_2(y)\big] = d_1 + \mathrm{KL}(p \| p')",
            Identity(over_labels(sp.expand(p * (first + second)), {p: 1, p * second: later}), first + later),
            covers=_ALL,
            remark="d_1 is the log-ratio of the prefix, d_2 that of the token after it; p sums to one.",
        ),
        Step(
            "over prefixes",
            r"\mathrm{KL}(P \| P') = \textstyle\sum P\,\big[d_1 + \mathrm{KL}(p \| p')\big] = \mathrm{KL}_{<t}"
            r" + E_{y_{<t} \sim P}\,\mathrm{KL}(p \| p')",
            Identity(
                over_labels(sp.expand(a * (first + later)), {a * first: A, a * later: summed}),
                A + over_labels(sp.expand(weight * later), {a * later: summed, b * later: sp.Symbol("S'")}),
            ),
            uses=("after a prefix",),
            covers=_ALL,
            remark="a is the probability of a prefix under P, and b that under P'. By induction over the positions.",
        ),
    )  # fmt: skip


def _variation_steps() -> tuple[Step, ...]:
    return (
        Step(
            "telescoping",
            r"P p - P' p' = P\,(p - p') + (P - P')\,p'",
            Identity(A * p - B * q, A * (p - q) + (A - B) * q),
            covers=_ALL,
        ),
        Step(
            "triangle",
            r"|x + z| \le |x| + |z|",
            Consequence(C + D - (x + z), ((1, C - x), (1, D - z))),
            covers=_ALL,
            remark="C and D are |x| and |z|; for -x - z the same.",
        ),
        Step(
            "summed over the last token",
            r"\textstyle\sum_y |P p - P' p'| \le P \sum_y |p - p'| + |P - P'|",
            Identity(over_labels(sp.expand(A * p + C * q), {p: D, q: 1}), A * D + C),
            uses=("telescoping", "triangle"),
            covers=_ALL,
            remark="p stands for |p - p'|, whose sum is D, and C for |P - P'|; p' sums to one. With half of both sides "
            "summed over prefixes: TV(P, P') <= E TV(p, p') + TV of prefixes. By induction over positions.",
        ),
    )


def _chain_rule() -> Proof:
    claim = r"\mathrm{KL}(P \| P') = \sum_t E_{y_{<t} \sim P}\,\mathrm{KL}(p \| p')"
    return Proof(_THEOREM, "chain_rule", claim, _chain_steps(a))


def _variations_add_up() -> Proof:
    claim = r"\mathrm{TV}(P, P') \le \sum_t E_{y_{<t} \sim P}\,\mathrm{TV}(p, p')"
    return Proof(_THEOREM, "variations_add_up", claim, _variation_steps())


# The models of `_last_position`: the first token with probabilities (3, 1)/4, then (1, 1)/2 against (3, 1)/4 or (1, 2)/3.
_FIRST = (sp.Rational(3, 4), sp.Rational(1, 4))
_AFTER = ((sp.Rational(1, 2),) * 2, (sp.Rational(1, 2),) * 2)
_OTHER = ((sp.Rational(3, 4), sp.Rational(1, 4)), (sp.Rational(1, 3), sp.Rational(2, 3)))


def _gap(first: tuple[Expression, ...], second: tuple[Expression, ...]) -> Expression:
    return sum(sp.Abs(u - v) for u, v in zip(first, second, strict=True)) / 2


def _whole(after: tuple[tuple[Expression, ...], ...]) -> tuple[Expression, ...]:
    return tuple(w * u for w, row in zip(_FIRST, after, strict=True) for u in row)


def _variations_add_up_sharp() -> Proof:
    def share() -> Expression:
        summed = sum(w * _gap(u, v) for w, u, v in zip(_FIRST, _AFTER, _OTHER, strict=True))
        return _gap(_whole(_AFTER), _whole(_OTHER)) / summed

    step = Step(
        "a worked example",
        r"\mathrm{TV}(P, P') / \textstyle\sum_t E\,\mathrm{TV} = 1",
        Value(share, sp.Integer(1)),
        covers="k = 2, L = 2",
        remark="The models differ after the first token only.",
    )
    claim = r"\text{equality where models differ at the last position only}"
    return Proof(_THEOREM, "variations_add_up: sharp", claim, (step,))


# --------------------------------------------------------------------------- Pinsker


def _pinsker_steps() -> tuple[Step, ...]:
    kl = sp.Symbol("KL", positive=True)
    cubic = (4 * sp.exp(x) + 2) * (sp.exp(x) - 1 - x)  # times e^-2x, at r = e^-x
    return (
        Step(
            "ratios above one",
            r"\tfrac{4 + 2r}{3} (r \log r - r + 1) \ge (r - 1)^2,\ r \ge 1",
            Scalar((4 + 2 * x) * (x * sp.log(x) - x + 1) / 3, (x - 1) ** 2, (Range(x, 1),), DerivativeChain(x)),
            covers=_ALL,
        ),
        Step(
            "ratios below one",
            r"(4 e^x + 2)(e^x - 1 - x) \ge 3 (e^x - 1)^2,\ r = e^{-x},\ x \ge 0",
            Scalar(cubic, 3 * (sp.exp(x) - 1) ** 2, (Range(x, 0),), DerivativeChain(x, (1, 1, sp.exp(-x)))),
            covers=_ALL,
            remark="The same inequality times 3 e^{2x}: r log r - r + 1 = e^{-x} (e^x - 1 - x).",
        ),
        Step(
            "means",
            r"\tfrac\lambda2 c + \tfrac{z^2}{2 \lambda c} \ge z,\ c = \tfrac{4 + 2r}{3},\ z = |r - 1|",
            Scalar(
                lam * c / 2 + z**2 / (2 * lam * c), z, (Range(lam, 0), Range(c, sp.Rational(4, 3)), Range(z, 0)), Signs()
            ),
            uses=("ratios above one", "ratios below one"),
            covers=_ALL,
            remark="r = p/p'. By the first two steps z^2/c is at most r log r - r + 1.",
        ),
        Step(
            "sums",
            r"\textstyle\sum p' c = 2,\quad \sum p' (r \log r - r + 1) = \mathrm{KL}",
            Identity(
                sp.Matrix([
                    over_labels(sp.expand((4 * q + 2 * p) / 3), {p: 1, q: 1}),
                    over_labels(sp.expand(p * t - p + q), {p: 1, q: 1, p * t: kl}),
                ]),
                sp.Matrix([2, kl]),
            ),
            covers=_ALL,
            remark="p' r = p, and t = log r.",
        ),
        Step(
            "conclusion",
            r"2\,\mathrm{TV} \le \lambda + \tfrac{\mathrm{KL}}{2 \lambda} = \sqrt{2\,\mathrm{KL}},"
            r"\ \lambda = \sqrt{\mathrm{KL}/2}",
            Identity(sp.sqrt(kl / 2) + kl / (2 * sp.sqrt(kl / 2)), sp.sqrt(2 * kl)),
            uses=("means", "sums"),
            covers=_ALL,
            remark="Of the distributions of whole sequences; where KL is zero let lambda go to zero.",
        ),
    )  # fmt: skip


def _variation_by_divergence() -> Proof:
    claim = r"\mathrm{TV}(P, P')^2 \le \tfrac12 \mathrm{KL}(P \| P')"
    return Proof(_THEOREM, "variation_by_divergence", claim, _pinsker_steps())


def _variation_by_divergence_sharp() -> Proof:
    divergence = -(sp.log(1 + eps) + sp.log(1 - eps)) / 2
    step = Step(
        "nearly even coins",
        r"\lim_{\varepsilon \to 0} \frac{2\,(\varepsilon/2)^2}{-\frac12 \log(1 - \varepsilon^2)} = 1",
        Limit(2 * (eps / 2) ** 2 / divergence, eps, sp.Integer(0), sp.Integer(1)),
        covers="k = 2, every L",
        remark="p' = (1 + epsilon, 1 - epsilon)/2 at the first position; TV = epsilon/2.",
    )
    claim = r"\sup 2\,\mathrm{TV}^2/\mathrm{KL} = 1"
    return Proof(_THEOREM, "variation_by_divergence: sharp", claim, (step,))


# --------------------------------------------------------------------------- speculative sampling


def _minimum_step() -> Step:
    return Step(
        "the smaller of two",
        r"p' \min(1, p/p') = \min(p, p') = \tfrac12 (p + p' - |p - p'|)",
        Identity(sp.Matrix([q * (p / q), q * 1]), sp.Matrix([(p + q - (q - p)) / 2, (p + q - (p - q)) / 2])),
        covers=_ALL,
        remark="Where p <= p', and where p > p'.",
    )


def _taken_steps(total: Expression) -> tuple[Step, ...]:
    gap = sp.Symbol("g", real=True)
    return (
        _minimum_step(),
        Step(
            "conclusion",
            r"\textstyle\sum_y \min(p, p') = \tfrac12 (1 + 1 - 2\,\mathrm{TV}) = 1 - \mathrm{TV}",
            Identity(over_labels((p + q - gap) / 2, {p: 1, q: 1, gap: 2 * D}), total - D),
            uses=("the smaller of two",),
            covers=_ALL,
            remark="g = |p - p'| sums to twice the total variation D.",
        ),
    )


def _acceptance() -> Proof:
    claim = r"\textstyle\sum_y p'_y \min(1, p_y/p'_y) = 1 - \mathrm{TV}(p, p')"
    return Proof(_THEOREM, "acceptance", claim, _taken_steps(sp.Integer(1)))


def _product_step() -> Step:
    u, v = sp.symbols("m1 m2", nonnegative=True)
    return Step(
        "product of minima",
        r"a c - m_1 m_2 = c\,(a - m_1) + m_1 (c - m_2) \ge 0,\quad m_1 = \min(a, b),\ m_2 = \min(c, d)",
        Consequence(A * C - u * v, ((C, A - u), (u, C - v))),
        covers=_ALL,
        remark="The same with b and d: the product of the minima is at most the minimum of the products, a prefix's "
        "probabilities times a token's. By induction over positions, for every sequence.",
    )


def _whole_sequences_pass() -> Proof:
    claim = r"\textstyle\sum_y \prod_t \min(p, p') \le \sum_y \min(P, P') = 1 - \mathrm{TV}(P, P')"
    return Proof(_THEOREM, "whole_sequences_pass", claim, (_product_step(), *_taken_steps(sp.Integer(1))))


def _whole_sequences_pass_sharp() -> Proof:
    def share() -> Expression:
        rows = zip(_FIRST, _AFTER, _OTHER, strict=True)
        passing = sum(w * sp.Min(u, v) for w, row, other in rows for u, v in zip(row, other, strict=True))
        return passing / (1 - _gap(_whole(_AFTER), _whole(_OTHER)))

    step = Step(
        "a worked example",
        r"\textstyle\sum_y \prod_t \min(p, p') / (1 - \mathrm{TV}(P, P')) = 1",
        Value(share, sp.Integer(1)),
        covers="k = 2, L = 2",
        remark="The models differ after the first token only.",
    )
    claim = r"\text{equality where models differ at one position only}"
    return Proof(_THEOREM, "whole_sequences_pass: sharp", claim, (step,))


# --------------------------------------------------------------------------- greedy output

_p1, _py, _q1, _qy = sp.symbols("p1 py q1 qy", positive=True)
_MIDDLE = (_p1 + _py) / 2


def _kappa(top: Expression, other: Expression) -> Expression:
    return top * sp.log(2 * top / (top + other)) + other * sp.log(2 * other / (top + other))


def _flip_steps() -> tuple[Step, ...]:
    rest, rest_q = 1 - _p1 - _py, 1 - _q1 - _qy
    # What Gibbs' inequality leaves with log(q/c) <= q/c - 1 at c = M, M and p(R).
    left = -_p1 * (_q1 / _MIDDLE - 1) - _py * (_qy / _MIDDLE - 1) - (rest_q - rest)
    kl, threshold, log1, logy = sp.symbols("KL kappa l1 ly", real=True)
    remainder = sp.Symbol("rho", nonnegative=True)
    return (
        *gibbs_steps()[:2],
        Step(
            "Gibbs about the middle",
            r"-p_1 \big(\tfrac{q_1}{M} - 1\big) - p_y \big(\tfrac{q_y}{M} - 1\big) - (q(R) - p(R))"
            r" = \tfrac{1}{2M} (p_1 - p_y)(q_y - q_1),\ M = \tfrac12 (p_1 + p_y)",
            Identity(left, (_p1 - _py) * (_qy - _q1) / (2 * _MIDDLE)),
            uses=("exponential above its tangent", "exponential above its tangent, to the left"),
            covers="all k",
            remark="e^t >= 1 + t with t = log(q/c) is log(q/c) <= q/c - 1: of each label's p log(p/q), at least "
            "p log(p/c) - p (q/c - 1) is left, with c = M for the labels 1 and y, and c = p for all others.",
        ),
        Step(
            "two labels meet",
            r"\mathrm{KL}(p \| q) \ge p_1 \log\tfrac{p_1}{M} + p_y \log\tfrac{p_y}{M} = \kappa(p_1, p_y)"
            r" \text{ if } q_y \ge q_1,\ p_1 \ge p_y",
            Consequence(
                kl - threshold,
                ((1, kl - _p1 * log1 - _py * logy - remainder), (1, remainder)),
                ((1, _p1 * log1 + _py * logy - threshold),),
            ),
            uses=("Gibbs about the middle",),
            covers="all k",
            remark="rho is the right side of the step before, which is not negative; l_1 and l_y are log p_1/M and "
            "log p_y/M.",
        ),
        Step(
            "slope of the threshold",
            r"\partial \kappa / \partial p_y = \log \tfrac{2 p_y}{p_1 + p_y}",
            Identity(sp.diff(_kappa(_p1, _py), _py), sp.log(2 * _py / (_p1 + _py))),
            covers="all k",
        ),
        Step(
            "the runner-up is the cheapest",
            r"p_1 + p_y \ge 2 p_y,\ p_y \le p_1",
            Scalar(x + z, 2 * z, (Range(z, 0), Range(x, z)), Signs()),
            uses=("slope of the threshold",),
            covers="all k",
            remark="So the slope is not positive: kappa(p_1, p_y) >= kappa(p_1, p_2) = kappa(p).",
        ),
    )


def _greedy_output() -> Proof:
    top, ratio = sp.symbols("T s", nonnegative=True)
    return Proof(
        _THEOREM,
        "greedy_output",
        r"\text{greedy outputs differ} \Rightarrow \max_t \mathrm{KL}(p \| p')/\kappa(p) \ge 1 \text{ on the path}",
        (
            *_flip_steps(),
            Step(
                "conclusion",
                r"T - 1 = (T - s) + (s - 1) \ge 0",
                Consequence(top - 1, ((1, top - ratio), (1, ratio - 1))),
                uses=("two labels meet", "the runner-up is the cheapest"),
                covers=_ALL,
                remark="As long as the top tokens agree, both models go on from the same prefix. At the first position "
                "where they do not s = KL/kappa is at least one, and T is the largest such ratio on the path.",
            ),
        ),
    )


def _greedy_output_sharp() -> Proof:
    half, third, fifth = sp.Rational(1, 2), sp.Rational(3, 10), sp.Rational(2, 5)
    divergence = half * sp.log(half / (fifth - eps)) + third * sp.log(third / (fifth + eps))
    step = Step(
        "just beyond a tie",
        r"\lim_{\varepsilon \to 0} \kappa/\mathrm{KL} = 1,\ p = (5, 3, 2)/10,"
        r"\ p' = (0.4 - \varepsilon, 0.4 + \varepsilon, 0.2)",
        Limit(_kappa(half, third) / divergence, eps, sp.Integer(0), sp.Integer(1)),
        covers="k = 3, at any position",
    )
    claim = r"\sup 1[\text{differ}] / \max_t (\mathrm{KL}/\kappa) = 1"
    return Proof(_THEOREM, "greedy_output: sharp", claim, (step,))


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T19."""
    return (
        _chain_rule(),
        _variations_add_up(),
        _variations_add_up_sharp(),
        _variation_by_divergence(),
        _variation_by_divergence_sharp(),
        _acceptance(),
        _whole_sequences_pass(),
        _whole_sequences_pass_sharp(),
        _greedy_output(),
        _greedy_output_sharp(),
    )


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T19."""
    one, other, need, spare = sp.symbols("KL1 KL2 kappa1 kappa2", nonnegative=True)
    length = sp.Symbol("L", positive=True)
    u, v = sp.symbols("m1 m2", nonnegative=True)
    return (
        Proof(_THEOREM, "student_prefixes", r"\mathrm{KL} = \sum_t E_{y_{<t} \sim P'} \mathrm{KL}(p \| p')",
              _chain_steps(b)),
        Proof(_THEOREM, "mean_of_variations", r"\mathrm{TV}(P, P') = \tfrac1L \sum_t E\,\mathrm{TV}(p, p')", (
            *_variation_steps()[:2],
            Step("summed over the last token", r"\textstyle\sum_y |P p - P' p'| = \tfrac1L (P \sum |p - p'| + |P - P'|)",
                 Identity(over_labels(sp.expand(A * p + C * q), {p: D, q: 1}), (A * D + C) / length)),
        )),
        Proof(_THEOREM, "whole_sequences_pass_exactly", r"m_1 m_2 = \min(a c, b d)", (
            Step("product of minima", r"m_1 m_2 = a c", Identity(u * v, A * C)),
        )),
        Proof(_THEOREM, "mean_below_the_mean_threshold", r"\sum_t \mathrm{KL} / \sum_t \kappa \ge 1", (
            *_flip_steps(),
            Step("conclusion", r"\mathrm{KL}_1 + \mathrm{KL}_2 \ge \kappa_1 + \kappa_2 \text{ if } \mathrm{KL}_1 \ge \kappa_1",
                 Consequence(one + other - need - spare, ((1, one - need), (1, other)))),
        )),
        Proof(_THEOREM, "likeliest_sequence", r"P_1 > P_2 \text{ and kept on the path, so } P'_1 > P'_2", (
            Step("conclusion", r"P'_1 - P'_2 = (P_1 - P_2) + (P'_1 - P_1)", Consequence(
                C - D, ((1, A - B), (1, C - A)))),
        )),
    )  # fmt: skip
