r"""Proofs of T11: integrals of variances from above, one scalar inequality under the floor, sums over signs for norms.

From above, every Renyi divergence is a positive kernel integrated against the variance of Delta along the segment of
logits (T6). Under the floor each label contributes at least tau times the square of its log-ratio. Every step is about
one label, or linear in sums over labels, hence for every k.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t05_kl_bounds_logit_distance_under_tau.proof import centring, concluded
from theory.catalogue.t06_logit_distance_bounds_kl.proof import (
    kl_remainder,
    log_partition,
    oscillation,
    taylor,
    variance_by_oscillation,
)
from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Identity
from theory.proofs.psd import Consequence
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Obligation, Proof, Step

_THEOREM = "T11"
_ALL = "all k and m"

s, x, y, v, a, b, c, w, p, q, tau = sp.symbols("s x y v a b c w p q tau", real=True)
S1, S2, P = sp.symbols("S1 S2 P", real=True)
phi = sp.Function("phi")
eps, floor = sp.Symbol("epsilon", positive=True), sp.Symbol("tau", positive=True)
_SAMPLE = {floor: sp.Rational(1, 100)}
_HALF = sp.Rational(1, 2)
_ONES = (
    sp.Integer(1),
) * 3  # the third derivative is a difference of exponentials: a weight makes it a constant and one


def _step(name: str, statement: str, obligation: Obligation, *uses: str, covers: str = _ALL, remark: str = "") -> Step:
    return Step(name, statement, obligation, uses, covers, remark)


def _proof(statement: str, claim: str, *steps: Step) -> Proof:
    return Proof(_THEOREM, statement, claim, steps)


# --------------------------------------------------------------------------- from above


def _along_the_segment() -> tuple[Step, ...]:
    return (log_partition(), *variance_by_oscillation())


def _symmetrised(constant: sp.Expr, statement: str, claim: str) -> Proof:
    here, there, slope, slope_there = sp.symbols("phi0 phi1 dphi0 dphi1", real=True)
    forward, backward = there - here - slope, here - there + slope_there
    return _proof(
        statement,
        claim,
        *_along_the_segment(),
        kl_remainder(),
        taylor(),
        _step(
            "both directions",
            r"\mathrm{KL} + \mathrm{KL}' = \phi'(1) - \phi'(0) = \int_0^1 \operatorname{Var}_{p_s}(\Delta)\,ds",
            Identity(forward + backward, slope_there - slope),
            "KL is a remainder",
            remark="KL' is the remainder seen from the other end, phi(0) - phi(1) + phi'(1).",
        ),
        _step(
            "conclusion",
            r"\int_0^1 \operatorname{Var}_{p_s}(\Delta)\,ds \le \tfrac12 \|\Delta\|^2",
            Identity(sp.integrate(_HALF, (s, 0, 1)), constant),
            "log-partition",
            "variance by norm",
            "both directions",
        ),
    )


def _renyi_steps(alpha: sp.Rational) -> tuple[Step, ...]:
    """D_alpha as an integral of variances with a positive kernel, alpha not 1."""
    at, here, there, slope, slope_at = sp.symbols("phi_c phi0 phi1 dphi0 dphi_c", real=True)
    u, delta = sp.symbols("u D", real=True)
    where = 1 - alpha
    combination = at - alpha * here - where * there
    if alpha > 1:
        kernel = r"\int_{1 - \alpha}^0 (s - 1 + \alpha)\,\phi''\,ds + (\alpha - 1) \int_0^1 (1 - s)\,\phi''\,ds"
        parts = (-where * slope - here + at) + (alpha - 1) * (there - here - slope)
        mass = sp.integrate(s - where, (s, where, 0)) + (alpha - 1) * sp.integrate(1 - s, (s, 0, 1))
        sign = 1
    else:
        kernel = r"\alpha \int_0^{1 - \alpha} s\,\phi''\,ds + (1 - \alpha) \int_{1 - \alpha}^1 (1 - s)\,\phi''\,ds"
        parts = alpha * (where * slope_at - at + here) + where * (there - at - (1 - where) * slope_at)
        mass = alpha * sp.integrate(s, (s, 0, where)) + where * sp.integrate(1 - s, (s, where, 1))
        sign = -1
    value, size = sp.latex(alpha), sp.latex(abs(alpha - 1))
    return (
        _step(
            "Renyi divergence and log-partition",
            r"(\alpha - 1) D_\alpha = \phi(1 - \alpha) - \alpha \phi(0) - (1 - \alpha) \phi(1),\ \alpha = " + value,
            Identity(
                alpha * (u - here) + where * (u - delta - there),
                u - where * delta - alpha * here - where * there,
            ),
            remark="The exponents of sum p^alpha p'^(1 - alpha), label by label.",
        ),
        _step(
            "integration by parts",
            r"\frac{d}{ds}\big((s - c)\,\phi'(s) - \phi(s)\big) = (s - c)\,\phi''(s)",
            Identity(sp.diff((s - c) * sp.diff(phi(s), s) - phi(s), s), (s - c) * sp.diff(phi(s), s, 2)),
        ),
        _step(
            "positive kernel",
            rf"|\alpha - 1|\, D_\alpha = {kernel}",
            Identity(parts, sign * combination),
            "Renyi divergence and log-partition",
            "integration by parts",
            remark="The antiderivatives at the ends of both intervals; both kernels are non-negative where they stand.",
        ),
        _step(
            "mass of the kernel",
            rf"D_\alpha \le \tfrac12 \|\Delta\|^2 \cdot \text{{mass}}/{size} = \tfrac{{\alpha}}{{4}} \|\Delta\|^2",
            Identity(_HALF * mass / abs(alpha - 1), alpha / 4),
            "log-partition",
            "variance by norm",
            "positive kernel",
        ),
    )


def _renyi(alpha: sp.Rational, statement: str, claim: str) -> Proof:
    return _proof(statement, claim, *_along_the_segment(), *_renyi_steps(alpha))


def _hellinger(constant: sp.Expr, statement: str, claim: str) -> Proof:
    return _proof(
        statement,
        claim,
        *_along_the_segment(),
        *_renyi_steps(_HALF),
        _step(
            "exponential",
            r"H^2 = 1 - e^{-D_{1/2}/2} \le \tfrac12 D_{1/2}",
            Scalar(x, 1 - sp.exp(-x), (Range(x, 0),), DerivativeChain(x)),
            remark="D_{1/2} = -2 log sum sqrt(p p') = -2 log(1 - H^2).",
        ),
        _step(
            "conclusion",
            r"H^2 \le \tfrac12 \cdot \tfrac18 \|\Delta\|^2",
            Identity(_HALF * sp.Rational(1, 8), constant),
            "mass of the kernel",
            "exponential",
        ),
    )


def _variation_steps() -> tuple[Step, ...]:
    """TV <= tanh(osc/4)."""
    top = Range(b, 1)
    chord = (1 - a) + (x - a) * ((b - 1) - (1 - a)) / (b - a)
    return (
        _step(
            "chord below one",
            r"|r - 1| \le \text{chord}(r),\ a \le r \le 1 \le b",
            Scalar(chord, 1 - x, (Range(a, 0, 1), top, Range(x, a, 1)), Signs()),
            remark="r = p'/p lies between a and b; the chord joins (a, 1 - a) and (b, b - 1).",
        ),
        _step(
            "chord above one",
            r"|r - 1| \le \text{chord}(r),\ a \le 1 \le r \le b",
            Scalar(chord, x - 1, (Range(a, 0, 1), top, Range(x, 1, b)), Signs()),
        ),
        _step(
            "mean of the chord",
            r"\mathrm{TV} = \tfrac12 E_p |r - 1| \le \frac{(1 - a)(b - 1)}{b - a}",
            Identity(chord.subs(x, 1) / 2, (1 - a) * (b - 1) / (b - a)),
            "chord below one",
            "chord above one",
            remark="The chord is affine and E_p r = 1.",
        ),
        _step(
            "worst ends",
            r"\frac{(1 - a)(b - 1)}{b - a} \le \frac{w - 1}{w + 1},\ b = w^2 a,\ w > 1,\ \tfrac1{w^2} \le a \le 1",
            Scalar(
                (w - 1) / (w + 1),
                (1 - a) * (w**2 * a - 1) / (a * (w**2 - 1)),
                (Range(w, 1), Range(a, 1 / w**2, 1)),
                Signs(),
            ),
            "mean of the chord",
            remark="The difference is (a w - 1)^2 over positive terms.",
        ),
        _step(
            "hyperbolic tangent",
            r"\frac{w - 1}{w + 1} = \tanh(\operatorname{osc}/4),\ w = e^{\operatorname{osc}/2}",
            Identity((sp.exp(2 * s) - 1) / (sp.exp(2 * s) + 1), sp.tanh(s).rewrite(sp.exp)),
            "worst ends",
            remark="log b/a is the oscillation of log p'/p, which is that of Delta.",
        ),
    )


def _mean_square() -> Step:
    """The mean of a quantity is at most its root mean square."""
    weight = sp.Symbol("n_inv", real=True)
    moments = {weight: sp.Integer(1), weight * x: S1, weight * x**2: S2}
    return _step(
        "mean and root mean square",
        r"E X^2 - (E X)^2 = E (X - E X)^2 \ge 0",
        Identity(over_labels(sp.expand(weight * (x - S1) ** 2), moments), S2 - S1**2),
        covers="all numbers of inputs",
    )


def _variation(constant: sp.Expr, statement: str, claim: str) -> Proof:
    return _proof(
        statement,
        claim,
        *_variation_steps(),
        _step(
            "tangent below its argument",
            r"\tanh x \le x,\ x \ge 0",
            Scalar(x, sp.tanh(x), (Range(x, 0),), DerivativeChain(x)),
        ),
        oscillation(),
        _mean_square(),
        _step(
            "conclusion",
            r"E\,\mathrm{TV} \le \tfrac14 E \operatorname{osc} \le \tfrac{\sqrt2}4 E \|\Delta\|"
            r" \le \tfrac1{2\sqrt2} d_\mathrm{logit}",
            Identity(sp.sqrt(2) / 4, constant),
            "hyperbolic tangent",
            "tangent below its argument",
            "oscillation by norm",
            "mean and root mean square",
        ),
    )


def _largest_log_ratio() -> Proof:
    u, delta, low, here, there = sp.symbols("u D D_min phi0 phi1", real=True)
    return _proof(
        "largest_log_ratio",
        r"E \max_y \log\tfrac p{p'} \le \sqrt2\, d_\mathrm{logit}",
        _step(
            "partitions",
            r"e^{u} \ge e^{u'} e^{\min \Delta},\ u = u' + \Delta",
            Scalar(
                sp.exp(u + delta), sp.exp(u + low), (Range(u), Range(low), Range(delta, low)), DerivativeChain(delta)
            ),
            remark="Summed over labels: log Z - log Z' >= min Delta.",
        ),
        _step(
            "log-ratio",
            r"\log\tfrac{p}{p'} = \Delta_y - (\log Z - \log Z') \le \max \Delta - \min \Delta",
            Identity((u + delta - here) - (u - there), delta - (here - there)),
            "partitions",
        ),
        oscillation(),
        _mean_square(),
        _step(
            "conclusion",
            r"E \operatorname{osc} \le \sqrt2\, E \|\Delta\| \le \sqrt2\, d_\mathrm{logit}",
            Identity(sp.sqrt(2) ** 2, sp.Integer(2)),
            "log-ratio",
            "oscillation by norm",
            "mean and root mean square",
            remark="The root of the constant 2 of osc^2.",
        ),
    )


# --------------------------------------------------------------------------- under a floor


def _exponential() -> Step:
    return _step(
        "exponential",
        r"e^x - 1 \ge x,\ x \ge 0",
        Scalar(sp.exp(x) - 1, x, (Range(x, 0),), DerivativeChain(x)),
    )


def _floor() -> Step:
    return _step(
        "the floor",
        r"p\,s \ge \tau\,s,\ p \ge \tau,\ s \ge 0",
        Scalar(p * s, tau * s, (Range(tau, 0, 1), Range(p, tau, 1), Range(s, 0)), Signs()),
        remark="For p and for p' alike, with s the square of a log-ratio or its size.",
    )


def _conclude(latex: str, *uses: str) -> tuple[Step, Step]:
    """tau ||Delta||^2 <= value, from value >= tau sum t^2, value standing for what is written."""
    statement = rf"\tau \|\Delta\|^2 \le \tau \sum_y t_y^2 \le {latex}"
    return centring(), concluded(statement, 1 / tau, tau, uses, f"value stands for {latex}; pointwise in x.")


def _floor_symmetrised() -> Proof:
    t, here, there = sp.symbols("t KL1 KL2", real=True)
    total = over_labels(sp.expand((p - q) * t), {p * t: here, q * t: -there})
    return _proof(
        "floor_symmetrised_kl",
        r"d_\mathrm{logit}^2 \le (\mathrm{KL} + \mathrm{KL}')/\tau",
        _step(
            "sum over labels",
            r"\mathrm{KL} + \mathrm{KL}' = \sum_y (p_y - p'_y)\, t_y,\ t = \log p/p'",
            Identity(total, here + there),
        ),
        _exponential(),
        _step(
            "one label",
            r"(p - p')(\log p - \log p') = p' (e^x - 1) x,\ x = \log p/p' \ge 0",
            Identity((q * sp.exp(x) - q) * x, q * (sp.exp(x) - 1) * x),
            "exponential",
            remark="At least p' x^2; where p < p' the two change places.",
        ),
        _floor(),
        *_conclude(r"\mathrm{KL} + \mathrm{KL}'", "sum over labels", "one label", "the floor"),
    )


def _floor_hellinger(factor: sp.Expr, statement: str, claim: str) -> Proof:
    overlap, r1, r2 = sp.symbols("B r r2", real=True)
    total = over_labels((r1 - r2) ** 2, {r1**2: sp.Integer(1), r2**2: sp.Integer(1), r1 * r2: overlap})
    return _proof(
        statement,
        claim,
        _step(
            "sum over labels",
            r"\sum_y (\sqrt{p_y} - \sqrt{p'_y})^2 = 2 H^2",
            Identity(total, 2 * (1 - overlap)),
            remark="H^2 = 1 - sum sqrt(p p').",
        ),
        _exponential(),
        _step(
            "one label",
            rf"\tfrac{{{sp.latex(factor)}}}2 (\sqrt p - \sqrt{{p'}})^2 \ge p' x^2,\ x = \log p/p' \ge 0",
            Scalar(factor / 2 * q * (sp.exp(x / 2) - 1) ** 2, q * x**2, (Range(q, 0, 1), Range(x, 0)),
                   DerivativeChain(x, (*_ONES, sp.exp(-x / 2)))),
            "exponential",
            remark="The exponential at x/2, squared; where p < p' the two change places.",
        ),
        _floor(),
        *_conclude(rf"{sp.latex(factor)} H^2", "sum over labels", "one label", "the floor"),
    )  # fmt: skip


def _floor_chi_squared() -> Proof:
    ratio = sp.Symbol("r", real=True)
    ratio_sum = sp.Symbol("sum_p2_over_q", real=True)
    total = over_labels(sp.expand(q * (ratio - 1) ** 2),
                        {q * ratio**2: ratio_sum, q * ratio: sp.Integer(1), q: sp.Integer(1)})  # fmt: skip
    return _proof(
        "floor_chi_squared",
        r"d_\mathrm{logit}^2 \le E \chi^2/\tau",
        _step(
            "sum over labels",
            r"\chi^2 = \sum_y p_y^2/p'_y - 1 = \sum_y p'_y (r_y - 1)^2,\ r = p/p'",
            Identity(total, ratio_sum - 1),
        ),
        _step(
            "where the first probability is larger",
            r"p' (e^x - 1)^2 \ge p' x^2,\ x = \log p/p' \ge 0",
            Scalar(
                q * (sp.exp(x) - 1) ** 2,
                q * x**2,
                (Range(q, 0, 1), Range(x, 0)),
                DerivativeChain(x, (*_ONES, sp.exp(-x))),
            ),
        ),
        _step(
            "seen from p",
            r"p' (r - 1)^2 = 4 p \sinh^2(x/2),\ p' = p e^x",
            Identity(p * sp.exp(x) * (1 - sp.exp(-x)) ** 2, (4 * p * sp.sinh(x / 2) ** 2).rewrite(sp.exp)),
        ),
        _step(
            "where the second probability is larger",
            r"\sinh(x/2) \ge x/2,\ x = \log p'/p \ge 0",
            Scalar(sp.sinh(x / 2), x / 2, (Range(x, 0),), DerivativeChain(x)),
            "seen from p",
            remark="Squared: p' (r - 1)^2 >= p x^2.",
        ),
        _floor(),
        *_conclude(
            r"\chi^2",
            "sum over labels",
            "where the first probability is larger",
            "where the second probability is larger",
            "the floor",
        ),
    )


def _norm_two_by_one_steps() -> tuple[Step, ...]:
    return (
        _step(
            "one more entry of one sign",
            r"(P + v)^2 \ge P^2 + v^2,\ P, v \ge 0",
            Scalar((P + v) ** 2, P**2 + v**2, (Range(P, 0), Range(v, 0)), Signs()),
            remark="By induction over the entries: (sum v)^2 >= sum v^2 for entries of one sign.",
        ),
        _step(
            "both signs",
            r"\|v\|_2^2 \le P^2 + P^2 = \tfrac12 (2P)^2 = \tfrac12 \|v\|_1^2,\ \sum_y v_y = 0",
            Identity(P**2 + P**2, (2 * P) ** 2 / 2),
            "one more entry of one sign",
            remark="The positive entries sum to P, the negative ones to -P.",
        ),
    )


def _floor_variation() -> Proof:
    square, spread, ratios, moved = sp.symbols("V2 N2 T2 d2", nonnegative=True)
    return _proof(
        "floor_total_variation",
        r"d_\mathrm{logit} \le \tfrac{\sqrt2}\tau (E\,\mathrm{TV}^2)^{1/2}",
        _exponential(),
        _step(
            "one label",
            r"|p - p'| = p' (e^x - 1),\ x = |\log p/p'|",
            Identity(q * sp.exp(x) - q, q * (sp.exp(x) - 1)),
            "exponential",
            remark="At least p' x; where p < p' the two change places.",
        ),
        _floor(),
        *_norm_two_by_one_steps(),
        _step(
            "total variation",
            r"\|p - p'\|_2^2 \le \tfrac12 \|p - p'\|_1^2 = 2\,\mathrm{TV}^2",
            Identity((2 * P) ** 2 / 2, 2 * P**2),
            "both signs",
            remark="The entries of p - p' sum to zero, and TV is half of their 1-norm.",
        ),
        _step(
            "conclusion",
            r"\tau^2 \|\Delta\|^2 \le \tau^2 \sum_y t_y^2 \le \|p - p'\|_2^2 \le 2\,\mathrm{TV}^2",
            centring().obligation,
            "one label",
            "the floor",
            "total variation",
        ),
        _step(
            "roots",
            r"2\, E\,\mathrm{TV}^2 - \tau^2 d_\mathrm{logit}^2 \ge 0",
            Consequence(
                2 * square - floor**2 * moved,
                ((1, 2 * square - spread), (1, spread - floor**2 * ratios), (floor**2, ratios - moved)),
            ),
            "one label",
            "the floor",
            "total variation",
            "conclusion",
            remark="V2, N2, T2 and d2 are the means of TV^2, |p - p'|^2, sum t^2 and |Delta|^2 over inputs.",
        ),
    )


# --------------------------------------------------------------------------- norms


def _norm_one() -> Proof:
    count = sp.Symbol("a", positive=True)
    here, there = sp.symbols("a b", positive=True)
    share, split, squares, one = sp.symbols("share split S2 N", nonnegative=True)
    spread = over_labels((v - P / count) ** 2, {sp.Integer(1): count, v: P, v**2: S2})
    difference = sp.Symbol("d", real=True)
    return _proof(
        "norm_one",
        r"E \|\Delta\|_1^2 \le (k \text{ or } k - \tfrac1k)\, d_\mathrm{logit}^2",
        _step(
            "entries of one sign",
            r"\sum v^2 - P^2/a = \sum (v - P/a)^2 \ge 0,\ a \text{ entries of sum } P",
            Identity(spread, S2 - P**2 / count),
            remark="For the a entries that are not negative, of sum P, and for the other b, of sum -P.",
        ),
        _step(
            "both signs",
            r"\|v\|_2^2 \ge P^2/a + P^2/b = \frac{k}{4ab} \|v\|_1^2,\ k = a + b",
            Identity(P**2 / here + P**2 / there, (here + there) / (4 * here * there) * (2 * P) ** 2),
            "entries of one sign",
        ),
        _step(
            "split of the labels",
            r"\frac{4ab}k = k - \frac{(a - b)^2}k",
            Identity(4 * here * there / (here + there), here + there - (here - there) ** 2 / (here + there)),
            "both signs",
            remark="At most k; for k odd a and b differ.",
        ),
        _step(
            "an odd number of labels",
            r"k - \tfrac{1}{k} \ge k - \tfrac{d^2}{k},\ d = |a - b| \ge 1",
            Scalar(x - 1 / x, x - difference**2 / x, (Range(x, 1), Range(difference, 1)), Signs()),
            "split of the labels",
            covers="all odd k",
        ),
        _step(
            "conclusion",
            r"c \|v\|_2^2 - \|v\|_1^2 = \Big(\frac{4ab}k \|v\|_2^2 - \|v\|_1^2\Big) + \|v\|_2^2 \Big(c - \frac{4ab}k\Big)",
            Consequence(share * squares - one, ((1, split * squares - one), (squares, share - split))),
            "both signs",
            "split of the labels",
            "an odd number of labels",
            remark="The share c is k for k even and k - 1/k for k odd; the split is 4ab/k.",
        ),
    )


def _norm_infinity(factor: sp.Expr | None, statement: str, claim: str) -> Proof:
    k = sp.Symbol("k", real=True)
    constant = (k - 1) / k if factor is None else factor
    count = sp.Symbol("k", positive=True)
    spread = over_labels((v + x / (count - 1)) ** 2, {sp.Integer(1): count - 1, v: -x, v**2: S2})
    return _proof(
        statement,
        claim,
        _step(
            "the other entries",
            r"\sum_{y \ne 1} v_y^2 - \frac{x^2}{k - 1} = \sum_{y \ne 1} \Big(v_y + \frac{x}{k - 1}\Big)^2 \ge 0",
            Identity(spread, S2 - x**2 / (count - 1)),
            remark="x is the entry of largest size; the k - 1 others sum to -x.",
        ),
        _step(
            "conclusion",
            r"x^2 \le c\, \|v\|_2^2,\ \|v\|_2^2 \ge x^2 + \frac{x^2}{k - 1}",
            Scalar(constant * (x**2 + x**2 / (k - 1)), x**2, (Range(k, 2), Range(x, 0)), Signs()),
            "the other entries",
        ),
    )


def _norm_two_by_one() -> Proof:
    return _proof("norm_two_by_one", r"d_\mathrm{logit}^2 \le \tfrac12 E \|\Delta\|_1^2", *_norm_two_by_one_steps())


# --------------------------------------------------------------------------- sharpness


def _coins(statement: str, latex: str, ratio: sp.Expr) -> Proof:
    return _proof(
        f"{statement}: sharp",
        r"\text{the constant is attained in the limit of coins}",
        _step(
            "coins",
            rf"\lim_{{\varepsilon \to 0}} {latex} = 1",
            Limit(ratio, eps, sp.Integer(0), sp.Integer(1)),
            covers="k = 2, all m",
            remark="Logits +-eps/2 against -+eps/2: Delta = (eps, -eps), squared norm 2 eps^2.",
        ),
    )


def _coin_renyi(alpha: sp.Rational) -> sp.Expr:
    divergence = sp.log(sp.cosh((2 * alpha - 1) * eps / 2) / sp.cosh(eps / 2)) / (alpha - 1)
    return divergence / (alpha / 4 * 2 * eps**2)


def _rare(statement: str, latex: str, divergence: sp.Expr, distance: sp.Expr) -> Proof:
    lowest = floor * sp.exp(-eps) / _PARTITION
    return _proof(
        f"{statement}: sharp",
        r"\text{the constant is attained in the limit of two rare labels}",
        _step(
            "the floor of the family",
            r"\min p' \to \tau",
            Limit(lowest, eps, sp.Integer(0), floor, sample=_SAMPLE),
            covers="all k >= 3, every tau < 1/k",
            remark="Two labels of probability tau move by +-eps; the others share the rest and do not move.",
        ),
        _step(
            "two rare labels",
            rf"\lim_{{\varepsilon \to 0}} {latex} = 1",
            Limit(floor * distance / divergence, eps, sp.Integer(0), sp.Integer(1), sample=_SAMPLE),
            "the floor of the family",
            covers="all k >= 3, every tau < 1/k",
        ),
    )


_PARTITION = 1 - 2 * floor + floor * (sp.exp(eps) + sp.exp(-eps))


def _rare_families() -> tuple[Proof, ...]:
    symmetrised = floor * eps * (sp.exp(eps) - sp.exp(-eps)) / _PARTITION
    hellinger = 1 - (1 - 2 * floor + floor * (sp.exp(eps / 2) + sp.exp(-eps / 2))) / sp.sqrt(_PARTITION)
    variation = (floor * (sp.exp(eps) - sp.exp(-eps)) / _PARTITION + (1 - 2 * floor) * (1 - 1 / _PARTITION)) / 2
    square = 2 * eps**2
    return (
        _rare("floor_symmetrised_kl", r"\tau \|\Delta\|^2/(\mathrm{KL} + \mathrm{KL}')", symmetrised, square),
        _rare("floor_hellinger", r"\tau \|\Delta\|^2/(8 H^2)", 8 * hellinger, square),
        _rare("floor_chi_squared", r"\tau \|\Delta\|^2/\chi^2", _PARTITION**2 - 1, square),
        _rare("floor_total_variation", r"\tau \|\Delta\|/(\sqrt2\,\mathrm{TV})", sp.sqrt(2) * variation,
              sp.sqrt(2) * eps),
    )  # fmt: skip


def _attained(statement: str, latex: str, computed: sp.Expr, value: sp.Expr, covers: str) -> Proof:
    return _proof(
        f"{statement}: sharp",
        r"\text{the constant is attained}",
        _step("attained", latex, Value(lambda: computed, value), covers=covers),
    )


def _sharp() -> tuple[Proof, ...]:
    k, r = sp.symbols("k r", positive=True)
    more, less = (k + 1) / 2, (k - 1) / 2  # the positive labels share 1, the negative ones -1
    excluded = sp.log((1 + sp.exp(2 * r)) / (1 + sp.exp(2 * (r - 4))))  # sigma(2 (4 - r)) against sigma(-2 r)
    return (
        _coins("symmetrised_kl", r"2 \varepsilon \tanh(\varepsilon/2)/\varepsilon^2", 2 * sp.tanh(eps / 2) / eps),
        _coins("hellinger", r"16 (1 - 1/\cosh(\varepsilon/2))/(2 \varepsilon^2)",
               16 * (1 - 1 / sp.cosh(eps / 2)) / (2 * eps**2)),
        _coins("total_variation", r"2 \sqrt2 \tanh(\varepsilon/2)/(\sqrt2 \varepsilon)",
               2 * sp.sqrt(2) * sp.tanh(eps / 2) / (sp.sqrt(2) * eps)),
        _attained("total_variation_by_oscillation",
                  r"\mathrm{TV} = \sigma(\varepsilon) - \sigma(-\varepsilon) = \tanh(\varepsilon/2)"
                  r" = \tanh(\operatorname{osc}/4)",
                  1 / (1 + sp.exp(-eps)) - 1 / (1 + sp.exp(eps)), sp.tanh(eps / 2).rewrite(sp.exp), "k = 2, all m"),
        _coins("renyi_half", r"D_{1/2}/(2 \varepsilon^2/8)", _coin_renyi(_HALF)),
        _coins("renyi_three", r"D_3/(3 \cdot 2 \varepsilon^2/4)", _coin_renyi(sp.Integer(3))),
        _coins("log_chi_squared", r"\log(1 + \chi^2)/\varepsilon^2", _coin_renyi(sp.Integer(2))),
        _proof(
            "largest_log_ratio: sharp",
            r"\text{the constant is attained in the limit of an excluded label}",
            _step(
                "an excluded label",
                r"\lim_{r \to \infty} \log\tfrac p{p'} = 8 = \sqrt2\, \|\Delta\|,\ \Delta = (4, -4)",
                Limit(excluded, r, sp.oo, sp.Integer(8)),
                covers="k = 2, all m",
                remark="Logits (4 - r, r - 4) against (-r, r).",
            ),
        ),
        *_rare_families(),
        _attained("norm_one", r"\|v\|_1^2/\|v\|_2^2 = k - \tfrac1k,\ k \text{ odd}",
                  4 / (1 / more + 1 / less), k - 1 / k,
                  "all odd k; for k even the entries +-1 give k^2/k = k"),
        _attained("norm_infinity", r"\|v\|_\infty^2/\|v\|_2^2 = \tfrac{k - 1}k,\ v = e_1 - \tfrac1k 1",
                  (1 - 1 / k) ** 2 / ((1 - 1 / k) ** 2 + (k - 1) / k**2), (k - 1) / k, "all k and m"),
        _attained("norm_two_by_one", r"\|v\|_2^2/\|v\|_1^2 = \tfrac12,\ v = e_1 - e_2",
                  sp.Rational(1 + 1, (1 + 1) ** 2), _HALF, "all k and m"),
    )  # fmt: skip


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, and of sharpness."""
    squared = r"d_\mathrm{logit}^2"
    return (
        _symmetrised(_HALF, "symmetrised_kl", rf"\mathrm{{KL}} + \mathrm{{KL}}' \le \tfrac12 {squared}"),
        _hellinger(sp.Rational(1, 16), "hellinger", rf"E H^2 \le \tfrac1{{16}} {squared}"),
        _proof(
            "total_variation_by_oscillation",
            r"E\,\mathrm{TV} \le E \tanh(\operatorname{osc}(\Delta)/4)",
            *_variation_steps(),
        ),
        _variation(1 / (2 * sp.sqrt(2)), "total_variation", r"E\,\mathrm{TV} \le d_\mathrm{logit}/(2\sqrt2)"),
        _renyi(_HALF, "renyi_half", rf"D_{{1/2}} \le \tfrac18 {squared}"),
        _renyi(sp.Integer(3), "renyi_three", rf"D_3 \le \tfrac34 {squared}"),
        _renyi(sp.Integer(2), "log_chi_squared", rf"E \log(1 + \chi^2) \le \tfrac12 {squared}"),
        _largest_log_ratio(),
        _floor_symmetrised(),
        _floor_hellinger(sp.Integer(8), "floor_hellinger", rf"{squared} \le 8\, E H^2/\tau"),
        _floor_chi_squared(),
        _floor_variation(),
        _norm_one(),
        _norm_infinity(None, "norm_infinity", rf"E \|\Delta\|_\infty^2 \le \tfrac{{k-1}}k {squared}"),
        _norm_two_by_one(),
        *_sharp(),
    )


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins."""
    line = (Range(x, 0), Range(y, 0))
    return (
        _hellinger(sp.Rational(1, 32), "hellinger_half", r"E H^2 \le \tfrac1{32} d_\mathrm{logit}^2"),
        _symmetrised(
            sp.Rational(1, 4), "symmetrised_quarter", r"\mathrm{KL} + \mathrm{KL}' \le \tfrac14 d_\mathrm{logit}^2"
        ),
        _proof(
            "variation_squared",
            r"E\,\mathrm{TV} \le \tfrac18 d_\mathrm{logit}^2",
            *_variation_steps(),
            _step(
                "quadratic",
                r"\tanh x \le 2 x^2",
                Scalar(2 * x**2, sp.tanh(x), (Range(x, 0),), DerivativeChain(x)),
                remark="osc = 4x and osc^2 <= 2 |Delta|^2 would need no less than osc^2/8 = 2 x^2.",
            ),
        ),
        _proof(
            "variation_mean_for_root_mean_square",
            r"d_\mathrm{logit} \le \tfrac{\sqrt2}\tau E\,\mathrm{TV}",
            *_floor_variation().steps,
            _step(
                "root mean square by mean",
                r"\big(\tfrac{x + y}2\big)^2 \ge \tfrac{x^2 + y^2}2",
                Scalar(((x + y) / 2) ** 2, (x**2 + y**2) / 2, line, Signs()),
            ),
        ),
        _proof(
            "chi_squared_outside_the_mean",
            r"E \chi^2 \le \exp(\tfrac12 d_\mathrm{logit}^2) - 1",
            *_renyi(sp.Integer(2), "", "").steps,
            _step(
                "exponential outside the mean",
                r"e^{(x + y)/2} \ge \tfrac12 (e^x + e^y)",
                Scalar(sp.exp((x + y) / 2), (sp.exp(x) + sp.exp(y)) / 2, line, DerivativeChain(x)),
            ),
        ),
        _floor_hellinger(sp.Integer(4), "hellinger_floor_four", r"d_\mathrm{logit}^2 \le 4\, E H^2/\tau"),
        _norm_infinity(_HALF, "norm_infinity_half", r"E \|\Delta\|_\infty^2 \le \tfrac12 d_\mathrm{logit}^2"),
        _proof(
            "norm_two_by_half_of_one",
            r"E \|\Delta\|_2 \le \tfrac12 E \|\Delta\|_1",
            _norm_two_by_one_steps()[0],
            _step(
                "both signs",
                r"P^2 + P^2 = \tfrac14 (2P)^2",
                Identity(P**2 + P**2, (2 * P) ** 2 / 4),
                "one more entry of one sign",
            ),
        ),
    )
