r"""Proofs of T14: tangents at the tie, one other label at a time, and the cheapest inputs first.

Label 1 is the teacher's top label, of probability a, and j one that the student finds no less probable, of probability
b <= p_2; x <= y are what the student gives them. The other labels enter through sums, so that everything holds for
every k; inputs are averaged at the end.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t05_kl_bounds_logit_distance_under_tau.proof import label_sum
from theory.proofs.extremal import Limit
from theory.proofs.identity import Algebra, Expression, Identity, WordIdentity, letters
from theory.proofs.psd import Consequence, PositiveCoefficients, SumOfSquares
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs
from theory.proofs.steps import Obligation, Proof, Step

_THEOREM = "T14"
_ALL = "all k and m"
_HALF, _ONE = sp.Rational(1, 2), sp.Integer(1)

t, z, w, v, u = sp.symbols("t z w v u", real=True)
a, b, x, y, s, r = sp.symbols("a b x y s r", real=True)
d, e, c, g = sp.symbols("d e c g", nonnegative=True)
h, M, Z, A, B = sp.symbols("h M Z A B", positive=True)
eps = sp.Symbol("epsilon", positive=True)
# Totals of an input: the divergence, the threshold at j and at the runner-up.
value, at_j, theta = sp.symbols("value theta_j theta", real=True)


def _step(name: str, statement: str, obligation: Obligation, *uses: str, covers: str = _ALL, remark: str = "") -> Step:
    return Step(name, statement, obligation, uses, covers, remark)


def _proof(statement: str, claim: str, *steps: Step) -> Proof:
    """Return a proof in which a step that several parts share stands once."""
    return Proof(_THEOREM, statement, claim, tuple({step.name: step for step in steps}.values()))


def _averaged(*uses: str) -> Step:
    total, paid, flipped, kept = sp.symbols("E_D E_theta D_flipped D_kept", nonnegative=True)
    return _step(
        "mean over inputs",
        r"E D - E[\theta;\ \text{top labels differ}] \ge 0",
        Consequence(total - paid, ((1, flipped - paid), (1, kept)), ((1, total - flipped - kept),)),
        *uses,
        covers="all distributions of inputs",
        remark="Inputs that are flipped cost their threshold at least, the others nothing less than zero.",
    )


# --------------------------------------------------------------------------- KL(p || p')


def _no_label_below_zero() -> tuple[Step, Step]:
    excess = sp.exp(t) - 1 - t
    return (
        _step("a label that gains", r"e^t - 1 - t \ge 0,\ t \ge 0",
              Scalar(excess, sp.Integer(0), (Range(t, 0),), DerivativeChain(t))),
        _step("a label that loses", r"e^t - 1 - t \ge 0,\ t \le 0",
              Scalar(excess, sp.Integer(0), (Range(t, -sp.oo, 0),), DerivativeChain(t))),
    )  # fmt: skip


def _tangent_at_the_middle() -> tuple[Step, ...]:
    log_ratio = sp.Symbol("L", real=True)  # log(p/h)
    cost = v * (log_ratio - t) - v + h * sp.exp(t)
    tangent = v * log_ratio - v + h + (1 - v / h) * (h * sp.exp(t) - h)
    middle = (A + B) / 2
    slopes = (1 - A / middle) * (x - middle) + (1 - B / middle) * (y - middle)
    return (
        _step(
            "tangent at the middle",
            r"p \log\tfrac p{x} - p + x = p \log\tfrac ph - p + h + (1 - \tfrac ph)(x - h) + p (e^t - 1 - t),\ x = h e^t",
            Identity(cost, tangent + v * (sp.exp(t) - 1 - t)),
            "sum over labels", "a label that gains", "a label that loses",
            remark="For p = a and for p = b, with h = (a + b)/2: the last term is not negative.",
        ),
        _step(
            "the slopes are opposite",
            r"(1 - \tfrac ah)(x - h) + (1 - \tfrac bh)(y - h) = \tfrac{(a - b)(y - x)}{a + b},\ h = \tfrac{a + b}2",
            Identity(slopes, (A - B) * (y - x) / (A + B)),
            "tangent at the middle",
        ),
        _step(
            "what a flip adds",
            r"\tfrac{(a - b)(y - x)}{a + b} \ge 0,\ a = b + d,\ y = x + e",
            PositiveCoefficients(d * e / (2 * u + d), (d, e, u)),
            "the slopes are opposite",
            remark="u stands for b: a + b = 2b + d.",
        ),
    )  # fmt: skip


def _two_labels(factor: sp.Expr = _ONE) -> Step:
    rest, first, second, slope = sp.symbols("rest cost_a cost_b slope", real=True)
    tangent_a, tangent_b = sp.symbols("tangent_a tangent_b", real=True)
    return _step(
        "two labels pay for the flip",
        r"\mathrm{KL} - \big(a \log\tfrac{2a}{a + b} + b \log\tfrac{2b}{a + b}\big) \ge 0",
        Consequence(
            value - factor * at_j,
            ((1, rest), (1, first - tangent_a), (1, second - tangent_b), (1, slope)),
            ((1, value - rest - first - second), (1, tangent_a + tangent_b - at_j - slope)),
        ),
        "sum over labels", "a label that gains", "a label that loses", "tangent at the middle", "what a flip adds",
        remark="The constant parts of both tangents, a log(a/h) - a + h and the same for b, sum to the threshold at j.",
    )  # fmt: skip


def _kl_runner_up() -> tuple[Step, Step]:
    price = A * sp.log(2 * A / (A + B)) + B * sp.log(2 * B / (A + B))
    return (
        _step(
            "the price as b rises",
            r"\tfrac{\partial}{\partial b} \big(a \log\tfrac{2a}{a + b} + b \log\tfrac{2b}{a + b}\big)"
            r" = -\log\tfrac{a + b}{2b}",
            Identity(sp.expand_log(sp.diff(price, B)), sp.expand_log(-sp.log((A + B) / (2 * B)))),
        ),
        _step(
            "the runner-up is the cheapest",
            r"\log\tfrac{a + b}{2b} \ge 0,\ b \le a",
            Scalar(sp.log((a + b) / (2 * b)), sp.Integer(0), (Range(b, 0), Range(a, b)), DerivativeChain(a)),
            "two labels pay for the flip",
            "the price as b rises",
            remark="The price falls as b rises to p_2, the most that a label other than the top one has.",
        ),
    )


def _kl_steps() -> tuple[Step, ...]:
    return (label_sum(), *_no_label_below_zero(), *_tangent_at_the_middle(), _two_labels(), *_kl_runner_up())


_KL = "the runner-up is the cheapest"


# --------------------------------------------------------------------------- KL(p' || p)


def _reversed_steps() -> tuple[Step, ...]:
    gibbs, tilt, log_mass = sp.symbols("gibbs tilt log_Z", real=True)
    root_a, root_b = sp.symbols("r_a r_b", positive=True)
    mass = root_a**2 * (root_b / root_a) + root_b**2 * (root_a / root_b) + 1 - root_a**2 - root_b**2
    return (
        label_sum(),
        *_no_label_below_zero(),
        _step(
            "tilting",
            r"p' \log\tfrac{p'}p = p' \log\tfrac{p'}q + p' (h - \log Z),\ q = p\, e^h/Z",
            Identity(w * (v - u), w * (v - (u + tilt - log_mass)) + w * (tilt - log_mass)),
            "sum over labels", "a label that gains", "a label that loses",
            remark="Summed over labels the first term is KL(p' || q) >= 0, a sum of terms that are not negative.",
        ),
        _step(
            "the tilt favours the flip",
            r"\tfrac g2 (y - x) \ge 0,\ h_1 = -\tfrac g2,\ h_j = \tfrac g2,\ g = \log\tfrac ab,\ y = x + e",
            PositiveCoefficients(g * e / 2, (g, e)),
            "tilting",
        ),
        _step(
            "the mass after tilting",
            r"Z = a \sqrt{b/a} + b \sqrt{a/b} + 1 - a - b = 1 - (\sqrt a - \sqrt b)^2",
            Identity(mass, 1 - (root_a - root_b) ** 2),
            "tilting",
        ),
        _step(
            "two labels pay for the flip, reversed",
            r"\mathrm{KL}(p' \| p) + \log Z \ge 0",
            Consequence(value + log_mass, ((1, gibbs), (1, tilt)), ((1, value - gibbs - tilt + log_mass),)),
            "tilting", "the tilt favours the flip", "the mass after tilting",
        ),
        _step(
            "roots closer together",
            r"(\sqrt a - \sqrt b)^2 \ge (\sqrt a - \sqrt{p_2})^2,\ \sqrt b + d = \sqrt{p_2} = \sqrt a - e",
            PositiveCoefficients((d + e) ** 2 - e**2, (d, e)),
        ),
        _log_rises(),
        _step(
            "the runner-up is the cheapest, reversed",
            r"-\log\big(1 - (\sqrt a - \sqrt b)^2\big) \ge -\log\big(1 - (\sqrt a - \sqrt{p_2})^2\big)",
            Consequence(at_j - theta, ((1, c),), ((1, at_j - theta - c),)),
            "two labels pay for the flip, reversed", "roots closer together", "the logarithm rises",
            remark="c is what the logarithm rises by.",
        ),
    )  # fmt: skip


def _log_rises() -> Step:
    return _step(
        "the logarithm rises",
        r"\log(z + w) \ge \log z,\ z > 0,\ w \ge 0",
        Scalar(sp.log(z + w), sp.log(z), (Range(z, 0), Range(w, 0)), DerivativeChain(w)),
    )


_REVERSED = "the runner-up is the cheapest, reversed"


# --------------------------------------------------------------------------- Renyi divergences of order alpha


def _renyi_steps(alpha: sp.Rational) -> tuple[Step, ...]:
    """The sum of p^alpha p'^(1 - alpha) is at most (at least, for alpha > 1) Z^alpha, Z = 1 - s + 2 M."""
    theta_, order = 1 - alpha, sp.latex(alpha)
    sign = 1 if alpha < 1 else -1
    line, power = alpha + theta_ * sp.exp(t), sp.exp(theta_ * t)
    sides = (line, power) if alpha < 1 else (power, line)
    relation, other = (r"\le", r"\ge") if alpha < 1 else (r"\ge", r"\le")
    weights = (sp.Integer(1), sp.exp(-theta_ * t)) if alpha < 1 else (sp.Integer(1), sp.exp(-t))
    down = (sp.Integer(1), sp.exp(-t)) if alpha < 1 else (sp.Integer(1), sp.exp(-theta_ * t))
    share = A * (M / Z) ** theta_ * (alpha + theta_ * x * Z / M)
    share += (2 * M**alpha - A) * (M / Z) ** theta_ * (alpha + theta_ * y * Z / M)
    excess = theta_ * Z ** (1 - theta_) * (A - (2 * M**alpha - A)) * (y - x) / (2 * M**alpha)
    total, tangent, mass = sp.symbols("S T Z^alpha", real=True)
    penalty = sp.Symbol("penalty", nonnegative=True)
    conclusion, premise = (mass - total, tangent - total) if alpha < 1 else (total - mass, total - tangent)
    return (
        _step("the power lies on one side of its tangent, above one",
              rf"r^{{1 - \alpha}} {relation} \alpha + (1 - \alpha) r,\ r = e^t \ge 1,\ \alpha = {order}",
              Scalar(*sides, (Range(t, 0),), DerivativeChain(t, weights))),
        _step("the power lies on one side of its tangent, below one",
              rf"r^{{1 - \alpha}} {relation} \alpha + (1 - \alpha) r,\ r = e^t \le 1,\ \alpha = {order}",
              Scalar(*sides, (Range(t, -sp.oo, 0),), DerivativeChain(t, down))),
        _step("the other labels",
              r"p^\alpha (\tfrac pZ)^{1 - \alpha} (\alpha + (1 - \alpha) \tfrac{p' Z}p)"
              r" = Z^{\alpha - 1} (\alpha p + (1 - \alpha) Z p')",
              Identity(A**alpha * (A / Z) ** theta_ * (alpha + theta_ * w * Z / A),
                       Z ** (alpha - 1) * (alpha * A + theta_ * Z * w)),
              "the power lies on one side of its tangent, above one",
              "the power lies on one side of its tangent, below one",
              remark="The tangent at p' = p/Z."),
        _step("the two labels",
              r"\text{the tangents at } M/Z \text{ sum to } Z^{\alpha - 1} (2 \alpha M + (1 - \alpha) Z (x + y))"
              r" - \tfrac{(1 - \alpha) Z^\alpha}{2 M^\alpha} (a^\alpha - b^\alpha)(y - x)",
              Identity(share, Z ** (alpha - 1) * (2 * alpha * M + theta_ * Z * (x + y)) - excess),
              "the power lies on one side of its tangent, above one",
              "the power lies on one side of its tangent, below one",
              remark="A stands for a^alpha, and a^alpha + b^alpha = 2 M^alpha."),
        _step("what a flip adds to the sum",
              r"\tfrac{|1 - \alpha| Z^\alpha}{2 M^\alpha} (a^\alpha - b^\alpha)(y - x) \ge 0",
              PositiveCoefficients(abs(theta_) * c * d * e / 2, (c, d, e)), "the two labels",
              remark="c = Z^alpha/M^alpha, d = a^alpha - b^alpha, e = y - x."),
        _step("all labels together",
              r"Z^{\alpha - 1} (\alpha (1 - s + 2M) + (1 - \alpha) Z) = Z^\alpha,\ Z = 1 - s + 2M",
              Identity(Z ** (alpha - 1) * (alpha * Z + theta_ * Z), Z**alpha), "the other labels", "the two labels",
              remark="The student's probabilities sum to one, the teacher's others to 1 - s."),
        _step("the sum at a flip",
              rf"\sum_y p_y^\alpha p_y'^{{1 - \alpha}} {relation} Z^\alpha",
              Consequence(conclusion, ((1, premise), (1, penalty)), ((1, sign * (mass - tangent - sign * penalty)),)),
              "what a flip adds to the sum", "all labels together",
              remark="The tangents sum to Z^alpha, less the penalty for alpha < 1 and more for alpha > 1."),
        _step("exchange with the runner-up",
              r"(p_2^\alpha q_j + p_j^\alpha q_2) - (p_2^\alpha q_2 + p_j^\alpha q_j)"
              r" = (p_2^\alpha - p_j^\alpha)(q_j - q_2),\ q = p'^{1 - \alpha}",
              Identity(a * y + b * x - (a * x + b * y), (a - b) * (y - x)),
              remark="If j is not the runner-up and p'_j > p'_2, exchanging the two makes the sum larger for alpha < 1"
              " and smaller for alpha > 1: the divergence does not rise, and the runner-up then is at least as probable"
              rf" as label 1. Here q {other} in p' as alpha is below or above one."),
        _step("the exchange costs nothing", r"(p_2^\alpha - p_j^\alpha)\, |q_j - q_2| \ge 0",
              PositiveCoefficients(d * e, (d, e)), "exchange with the runner-up"),
    )  # fmt: skip


def _hellinger_steps() -> tuple[Step, ...]:
    root_a, root_b = sp.symbols("r_a r_b", positive=True)
    overlap, root_mass = sp.symbols("overlap root_Z", real=True)
    return (
        *_renyi_steps(_HALF),
        _step("the mass at order one half",
              r"1 - s + 2 \big(\tfrac{\sqrt{p_1} + \sqrt{p_2}}2\big)^2 = 1 - \tfrac12 (\sqrt{p_1} - \sqrt{p_2})^2",
              Identity(1 - root_a**2 - root_b**2 + 2 * ((root_a + root_b) / 2) ** 2, 1 - (root_a - root_b) ** 2 / 2)),
        _step("threshold of H^2", r"H^2 = 1 - \sum_y \sqrt{p_y p'_y} \ge 1 - \sqrt Z",
              Consequence(value - theta, ((1, root_mass - overlap),),
                          ((1, value - 1 + overlap), (1, 1 - root_mass - theta))),
              "the sum at a flip", "the exchange costs nothing", "the mass at order one half"),
    )  # fmt: skip


def _order_two_steps() -> tuple[Step, ...]:
    return (
        *_renyi_steps(sp.Integer(2)),
        _log_rises(),
        _step("threshold of D_2", r"D_2 = \log \sum_y p_y^2/p'_y \ge \log Z^2 = 2 \log Z",
              Identity(sp.log(Z**2), 2 * sp.log(Z)),
              "the sum at a flip", "the exchange costs nothing", "the logarithm rises",
              remark="Z = 1 - s + 2 M_2 and 2 M_2 = sqrt(2 (p_1^2 + p_2^2))."),
    )  # fmt: skip


def _largest_ratio_steps() -> tuple[Step, ...]:
    most = sp.Symbol("e^D", nonnegative=True)
    second = sp.Symbol("p_2", real=True)
    return (
        _step("every label within the ratio",
              r"e^D - (1 + p_1 - p_2) \ge 0,\ p \le e^D p',\ x \le y,\ b \le p_2",
              Consequence(most - (1 + a - second),
                          ((1, most * (1 - x - y) - (1 - a - b)), (2, most * x - a), (most, y - x), (1, second - b))),
              remark="p <= e^D p' summed over the other labels, and twice for label 1."),
        _log_rises(),
        _step("threshold of the largest ratio", r"D = \log e^D \ge \log(1 + p_1 - p_2)",
              Identity(sp.log(sp.exp(t)), t), "every label within the ratio", "the logarithm rises"),
    )  # fmt: skip


# --------------------------------------------------------------------------- total variation, logits


def _variation_steps() -> tuple[Step, ...]:
    second, loss, gain, rest = sp.symbols("p_2 |a-x| |y-b| rest", real=True)
    return (
        _step("threshold of TV", r"2\,\mathrm{TV} - (p_1 - p_2) \ge 0",
              Consequence(2 * value - (a - second),
                          ((1, loss - (a - x)), (1, gain - (y - b)), (1, y - x), (1, second - b), (1, rest)),
                          ((1, 2 * value - loss - gain - rest),)),
              remark="2 TV is the sum of |p - p'|, which is at least p - p' and p' - p; x <= y and b <= p_2."),
    )  # fmt: skip


_first, _second, _others = letters("e_i e_j e_rest")
_k = sp.Symbol("k", positive=True)
_ENTRIES = Algebra({_first: (1, 1), _second: (1, 1), _others: (_k - 2, 1)}, symmetric=(_first, _second))


def _logit_steps(halves: int = 2) -> tuple[Step, ...]:
    size = halves * (_ENTRIES.square(_first) + _ENTRIES.square(_second) + _ENTRIES.square(_others))
    return (
        _step("a flip moves two logits by the margin",
              r"(\Delta_1 - \Delta_j)^2 \ge g^2,\ u_1 - u_j = g + d,\ u'_1 - u'_j = -e,\ d, e \ge 0",
              PositiveCoefficients((g + d + e) ** 2 - g**2, (g, d, e)),
              remark="g is the margin over the runner-up."),
        _step("two entries of a vector",
              rf"{halves} \|\Delta\|^2 - (\Delta_1 - \Delta_j)^2 = (\Delta_1 + \Delta_j)^2 + \dots \ge 0",
              SumOfSquares(size - _ENTRIES.square(_first - _second), ((1, _first + _second), (halves, _others)),
                           _ENTRIES)),
        _step("threshold of the logit distance", r"\|\Delta\|^2 - \tfrac12 g^2 \ge 0",
              Consequence(value - theta, ((_HALF, 2 * value - u), (_HALF, u - v)), ((_HALF, v - 2 * theta),)),
              "a flip moves two logits by the margin", "two entries of a vector",
              remark="u = (Delta_1 - Delta_j)^2 and v = g^2."),
    )  # fmt: skip


# --------------------------------------------------------------------------- from a mean, and what it is compared with


def _knapsack_steps(*uses: str) -> tuple[Step, ...]:
    budget, cheapest, flipped, kept = sp.symbols("budget cheapest flipped kept", nonnegative=True)
    return (
        _step("the cheapest come first", r"(c + d) - c \ge 0",
              PositiveCoefficients((c + d) - c, (c, d)),
              remark="Exchanging one of N inputs for a cheaper one does not raise their sum; so any N cost no less than"
              " the N cheapest."),
        _step("what is spent", r"n\, E D - \sum_{i \le N} \theta_{(i)} \ge 0",
              Consequence(budget - cheapest, ((1, flipped - cheapest), (1, kept), (1, g)),
                          ((1, budget - flipped - kept - g),)),
              "the cheapest come first", *uses, covers="all numbers of inputs",
              remark="The N inputs that differ cost their thresholds at least, by g more; the others are not negative."
              " So N is one of the numbers over which the maximum runs."),
    )  # fmt: skip


def _tail_steps() -> tuple[Step, ...]:
    budget, spent, number, before, cost = sp.symbols("budget spent N i theta", positive=True)
    return (
        _step("the dearer ones of those that are paid",
              r"\sum_{i < l \le N} \theta_{(l)} \ge (N - i)\, \theta_{(i + 1)}",
              PositiveCoefficients((c + d) - c, (c, d)),
              remark="Each of the N - i terms is at least the first of them, since they are sorted."),
        _step("no more than a tail",
              r"\tfrac in + \tfrac{E D}{\theta_{(i + 1)}} \ge \tfrac Nn",
              Consequence(before + budget / cost - number,
                          ((1 / cost, budget - spent), (1 / cost, spent - (number - before) * cost))),
              "the dearer ones of those that are paid", covers="all numbers of inputs",
              remark="budget = n E D, times 1/n. For i >= N there is nothing to show. For gamma between two costs P(cost"
              " <= gamma) is constant and E D/gamma falls: the least over gamma is met just below a cost."),
    )  # fmt: skip


def _certified_steps() -> tuple[Step, ...]:
    missed, flipped, others = sp.symbols("not_certified flipped others", nonnegative=True)
    return (
        *_kl_steps(),
        *_reversed_steps(),
        _step("either model may be the teacher",
              r"\text{top labels differ} \Rightarrow \mathrm{KL}(p \| p') \ge \max(\kappa(p), \rho(p'))",
              Consequence(missed - flipped, ((1, others),), ((1, missed - flipped - others),)), _KL, _REVERSED,
              remark="KL(p || p') is the reversed divergence of p from the teacher p'. So what is flipped is not certified,"
              " and others may not be either."),
    )  # fmt: skip


# --------------------------------------------------------------------------- probes

G, P, G_other, f, f_other, probe, direction, delta = letters("G P G' f f' w c D")
_m, _m_other = sp.symbols("m m'", positive=True)
_size, _length = sp.Symbol("|c|", positive=True), sp.Symbol("|D|", nonnegative=True)
_product = sp.Symbol("c.D", real=True)
_PROBES = Algebra(
    {G: (_k, _m), P: (_m, _k), G_other: (_k, _m_other), f: (_m, 1), f_other: (_m_other, 1), probe: (_m, 1)},
    rules=((P * G, 1),),
)


def _transposed(letter: Expression) -> Expression:
    return sp.Symbol(letter.name + "^T", commutative=False)


_SCHWARZ = Algebra(
    {direction: (_k, 1), delta: (_k, 1)},
    rules=(
        (_transposed(direction) * direction, _size**2),
        (_transposed(delta) * delta, _length**2),
        (_transposed(direction) * delta, _product),
    ),
)


def _probe_steps() -> tuple[Step, ...]:
    return (
        _step("transported probe", r"w \cdot f - w' \cdot f' = c \cdot \Delta,\ w' = A^{*\top} w,\ c = (G_c^+)^\top w",
              WordIdentity(
                  _transposed(probe) * f
                  - _PROBES.transposed(_PROBES.transposed(P * G_other) * probe) * f_other,
                  _PROBES.transposed(_transposed(P) * probe) * (G * f - G_other * f_other), _PROBES)),
        _step("Cauchy-Schwarz", r"\|c\|^2 \|\Delta\|^2 - (c \cdot \Delta)^2 \ge 0",
              SumOfSquares(_size**2 * _length**2 - _product**2,
                           ((1, _size * delta - _product * direction / _size),), _SCHWARZ),
              remark="c is zero only if w is."),
        _step("a flip of sign moves the value by all of it",
              r"(w \cdot f - w' \cdot f')^2 \ge (w \cdot f)^2,\ w \cdot f = d \ge 0 \ge w' \cdot f' = -e",
              PositiveCoefficients((d + e) ** 2 - d**2, (d, e)), remark="The other sign is the same with -w."),
        _step("price of a flip of sign", r"\|c\|^2 \|\Delta\|^2 - (w \cdot f)^2 \ge 0",
              Consequence(value - theta, ((1, value - u), (1, u - theta))),
              "transported probe", "Cauchy-Schwarz", "a flip of sign moves the value by all of it",
              remark="u = (c . Delta)^2."),
    )  # fmt: skip


# --------------------------------------------------------------------------- comparisons of thresholds


def _price(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    return first * sp.log(2 * first / (first + second)) + second * sp.log(2 * second / (first + second))


def _scaled() -> Step:
    return _step("the price is homogeneous", r"\kappa(p_2 r, p_2) = p_2\, \kappa(r, 1)",
                 Identity(sp.expand_log(_price(A * B, B)), sp.expand_log(B * _price(A, sp.Integer(1)))))  # fmt: skip


def _pinsker_steps(factor: sp.Expr = _HALF) -> tuple[Step, ...]:
    return (
        _scaled(),
        _step("the price of a ratio of probabilities",
              r"\kappa(r, 1) \ge \tfrac{(r - 1)^2}{2 (r + 1)},\ r = p_1/p_2 \ge 1",
              Scalar(_price(r, sp.Integer(1)), factor * (r - 1) ** 2 / (r + 1), (Range(r, 1),), DerivativeChain(r)),
              "the price is homogeneous"),
        _step("both make no more than one", r"\tfrac{(p_1 - p_2)^2}{2 s} \ge \tfrac{(p_1 - p_2)^2}2,\ s \le 1",
              Scalar((x - y) ** 2 / (2 * s), (x - y) ** 2 / 2, (Range(s, 0, 1), Range(x), Range(y)), Signs()),
              "the price of a ratio of probabilities", remark="s = p_1 + p_2; averaged over inputs."),
    )  # fmt: skip


def _dearer_steps(sign: int = 1) -> tuple[Step, ...]:
    gap = (A - 1) ** 2 - _price(A**2, _ONE)
    slope = A * (1 - 1 / A - sp.log(2 * A**2 / (1 + A**2)))
    return (
        _scaled(),
        _step("the slope of the gap",
              r"\tfrac{d}{dv} \big((v - 1)^2 - \kappa(v^2, 1)\big) = 2 v \big(1 - \tfrac1v - \log\tfrac{2 v^2}{1 + v^2}\big)",
              Identity(sp.expand_log(sp.diff(gap, A)), sp.expand_log(2 * slope)), "the price is homogeneous",
              remark="The gap is zero at v = 1; v = sqrt(p_1/p_2)."),
        _step("the slope is not negative", r"1 - \tfrac1v \ge \log\tfrac{2 v^2}{1 + v^2},\ v \ge 1",
              Scalar(sign * (1 - 1 / v), sign * sp.log(2 * v**2 / (1 + v**2)), (Range(v, 1),), DerivativeChain(v)),
              "the slope of the gap", remark="Times p_2: (sqrt p_1 - sqrt p_2)^2 >= kappa."),
        _step("the logarithm of what is left", r"-\log(1 - x) \ge x,\ e^{-t} = 1 - x",
              Scalar(t, 1 - sp.exp(-t), (Range(t, 0),), DerivativeChain(t)), "the slope is not negative",
              remark="With x = (sqrt p_1 - sqrt p_2)^2: rho >= x >= kappa, averaged over inputs."),
    )  # fmt: skip


# --------------------------------------------------------------------------- sharpness

_ROOTS = tuple(sp.Rational(part, 14) for part in (9, 4, 1))  # roots, their mean and geometric mean are rational
_SQUARES = tuple(sp.Rational(part, 9) for part in (7, 1, 1))  # and here the mean of order two


def _student(teacher: tuple[sp.Expr, ...], middle: sp.Expr) -> tuple[sp.Expr, ...]:
    parts = (middle, middle * (1 + eps), teacher[2])
    return tuple(part / sp.factor(sum(parts)) for part in parts)


def _log(expression: sp.Expr) -> sp.Expr:
    """Return the logarithm of a positive expression in logarithms of primes and of what is left."""
    total = sp.Integer(0)
    for part, sign in zip(sp.fraction(sp.factor(sp.together(expression))), (1, -1), strict=True):
        number, factors = sp.factor_list(part)
        total += sign * sp.expand_log(sp.log(number), force=True, factor=True)
        total += sign * sum(power * sp.log(factor) for factor, power in factors)
    return total


def _kl(first: tuple[sp.Expr, ...], second: tuple[sp.Expr, ...]) -> sp.Expr:
    return sum(one * (_log(one) - _log(two)) for one, two in zip(first, second, strict=True))


def _attained(statement: str, teacher: tuple[sp.Expr, ...], threshold: sp.Expr, divergence: sp.Expr) -> Proof:
    return _proof(
        f"{statement}: sharp",
        r"\text{the threshold is attained in the limit of a tie}",
        _step("the teacher with its top two tied", r"\lim_{\varepsilon \to 0} \theta/D = 1",
              Limit(threshold / divergence, eps, sp.Integer(0), sp.Integer(1)), covers="k = 3, all m",
              remark=f"p = {teacher}; both at their mean of the order, the runner-up ahead by a factor 1 + eps."),
    )  # fmt: skip


def _sharp_thresholds() -> tuple[Proof, ...]:
    first, second, _ = p = _ROOTS
    gap, middle = (sp.sqrt(first) - sp.sqrt(second)) ** 2, (first + second) / 2
    at_mean, at_geometric = _student(p, middle), _student(p, sp.sqrt(first * second))
    logs = [_log(one) - _log(two) for one, two in zip(p, at_geometric, strict=True)]
    squared = sum((one - sum(logs) / 3) ** 2 for one in logs)
    at_halves = _student(p, ((sp.sqrt(first) + sp.sqrt(second)) / 2) ** 2)
    overlap = sum(sp.sqrt(one * two) for one, two in zip(p, at_halves, strict=True))
    twos = sp.sqrt((_SQUARES[0] ** 2 + _SQUARES[1] ** 2) / 2)
    chi = sum(one**2 / two for one, two in zip(_SQUARES, _student(_SQUARES, twos), strict=True))
    price = first * _log(first / middle) + second * _log(second / middle)
    return (
        _attained("kl", p, price, _kl(p, at_mean)),
        _attained("reversed_kl", p, -_log(1 - gap), _kl(at_geometric, p)),
        _attained("squared_hellinger", p, 1 - sp.sqrt(1 - gap / 2), 1 - overlap),
        _attained("total_variation", p, (first - second) / 2, at_mean[1] - second),
        _attained("squared_logit", p, _log(first / second) ** 2 / 2, squared),
        _attained("renyi_two", _SQUARES, 2 * _log(1 - _SQUARES[0] - _SQUARES[1] + 2 * twos), _log(chi)),
        _attained("largest_log_ratio", p, _log(1 + first - second), _log(first / _student(p, first)[0])),
    )


def _two_coins(statement: str, latex: str, spent: sp.Expr, prices: sp.Expr) -> Proof:
    return _proof(
        f"{statement}: sharp",
        r"\text{attained for every teacher: the N cheapest inputs are flipped}",
        _step("two of four coins", latex, Limit(spent / prices, eps, sp.Integer(0), sp.Integer(1)), covers="k = 2, n = 4",
              remark="Coins of log-odds 1, 2, 3, 4; the first two are brought to -eps, the others left alone: what is"
              " spent pays for two and falls short of three."),
    )  # fmt: skip


def _sharp_shares() -> tuple[Proof, ...]:
    def coin(odds: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        return 1 / (1 + sp.exp(-odds)), 1 / (1 + sp.exp(odds))

    def kl(odds: sp.Expr) -> sp.Expr:
        there = coin(-eps)
        return sum(one * (sp.log(one) - sp.log(two)) for one, two in zip(coin(odds), there, strict=True))

    margins = (sp.Integer(1), sp.Integer(2))
    return (
        _two_coins("from_mean_kl", r"\lim n\, E\,\mathrm{KL}/(\kappa_{(1)} + \kappa_{(2)}) = 1",
                   sum(kl(odds) for odds in margins), sum(_price(*coin(odds)) for odds in margins)),
        _two_coins("from_logit_distance", r"\lim n\, d_\mathrm{logit}^2/(\tfrac12 g_{(1)}^2 + \tfrac12 g_{(2)}^2) = 1",
                   sum((odds + eps) ** 2 / 2 for odds in margins), sum(odds**2 / 2 for odds in margins)),
        _proof("sign_flips_cost: sharp", r"\text{equality for every } G_c \text{ and } w",
               _step("difference along c", r"\lim (w \cdot f)^2/(\|c\|^2 \|\Delta\|^2) = 1",
                     Limit(_size**2 / ((1 + eps) * _size) ** 2, eps, sp.Integer(0), sp.Integer(1),
                           sample={_size: sp.Integer(3)}),
                     remark="Delta = (1 + eps) (w.f) c/|c|^2 takes w.f to -eps w.f; divided by (w.f)^2/|c|^2.")),
        _proof("pinsker: sharp", r"\text{attained in the limit of a fair coin}",
               _step("a nearly fair coin", r"\lim (p_1 - p_2)^2/(2 \kappa) = 1,\ p_1 - p_2 = \varepsilon",
                     Limit(eps**2 / (2 * _price((1 + eps) / 2, (1 - eps) / 2)), eps, sp.Integer(0), sp.Integer(1)),
                     covers="k = 2, all m")),
        _proof("reversed_is_dearer: sharp", r"\text{attained in the limit of a fair coin}",
               _step("a nearly fair coin", r"\lim \kappa/\rho = 1",
                     Limit(_price((1 + eps) / 2, (1 - eps) / 2) / -sp.log(sp.sqrt(1 - eps**2)), eps, sp.Integer(0),
                           sp.Integer(1)),
                     covers="k = 2, all m",
                     remark="1 - (sqrt p_1 - sqrt p_2)^2 = 2 sqrt(p_1 p_2) = sqrt(1 - eps^2).")),
    )  # fmt: skip


def _every_temperature_steps() -> tuple[Step, ...]:
    heat = sp.Symbol("T", positive=True)
    return (
        _step("the order of labels stays", r"\tfrac{u + d}T - \tfrac uT \ge 0,\ d \ge 0",
              PositiveCoefficients((u + d) / heat - u / heat, (u, d, heat)),
              remark="Both models keep their top label at every temperature, and p_T is a distribution like any other."),
        *_kl_steps(),
    )  # fmt: skip


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, and of sharpness."""
    flipped = r"E[\theta;\ \text{top labels differ}] \le "
    largest = r"\tfrac1n \max\{N : \dots\}"
    return (
        _proof("kl", flipped + r"E\,\mathrm{KL}(p \| p')", *_kl_steps(), _averaged(_KL)),
        _proof("reversed_kl", flipped + r"E\,\mathrm{KL}(p' \| p)", *_reversed_steps(), _averaged(_REVERSED)),
        _proof("squared_hellinger", flipped + "E H^2", *_hellinger_steps(), _averaged("threshold of H^2")),
        _proof("total_variation", flipped + r"E\,\mathrm{TV}", *_variation_steps(), _averaged("threshold of TV")),
        _proof("squared_logit", flipped + r"d_\mathrm{logit}^2", *_logit_steps(),
               _averaged("threshold of the logit distance")),
        _proof("renyi_two", flipped + "E D_2", *_order_two_steps(), _averaged("threshold of D_2")),
        _proof("largest_log_ratio", flipped + r"E \max \log\tfrac p{p'}", *_largest_ratio_steps(),
               _averaged("threshold of the largest ratio")),
        _proof("certified", r"P(\text{top labels differ}) \le P(\mathrm{KL} \ge \max(\kappa(p), \rho(p')))",
               *_certified_steps()),
        _proof("from_mean_kl", rf"P(\text{{top labels differ}}) \le {largest}", *_kl_steps(), *_knapsack_steps(_KL)),
        _proof("from_logit_distance", rf"P(\text{{top labels differ}}) \le {largest}", *_logit_steps(),
               *_knapsack_steps("threshold of the logit distance")),
        _proof("never_worse_than_a_margin", largest + r"\le \min_\gamma \dots", *_tail_steps()),
        _proof("sign_flips_cost", r"E[(w \cdot f)^2;\ \text{sign flips}] \le \|c\|^2 d_\mathrm{logit}^2",
               *_probe_steps(), _averaged("price of a flip of sign")),
        _proof("sign_flips", rf"P(\text{{sign flips}}) \le {largest}", *_probe_steps(),
               *_knapsack_steps("price of a flip of sign")),
        _proof("sign_flips_never_worse_than_a_band", largest + r"\le \min_\gamma \dots", *_tail_steps()),
        _proof("every_temperature", r"E[\kappa(p_T);\ \text{top labels differ}] \le E\,\mathrm{KL}_T",
               *_every_temperature_steps(), _averaged(_KL, "the order of labels stays")),
        _proof("pinsker", r"\tfrac12 E (p_1 - p_2)^2 \le E \kappa", *_pinsker_steps()),
        _proof("reversed_is_dearer", r"E \kappa \le E \rho", *_dearer_steps()),
        *_sharp_thresholds(),
        *_sharp_shares(),
    )  # fmt: skip


def _attempt(statement: str, claim: str, step: Step) -> Proof:
    return _proof(statement, claim, step)


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins."""
    budget, dearest, flipped, kept = sp.symbols("budget dearest flipped kept", nonnegative=True)
    twice = sp.log(1 - 1 - r + sp.sqrt(2 * (1 + r**2)))  # less than log Z at s = 1, for p_2/p_1 = r
    return (
        _proof("reversed_threshold", r"\kappa \ge \rho", *_dearer_steps(-1)),
        _attempt("mean_below_the_mean_threshold", r"N > 0 \Rightarrow n\, E\,\mathrm{KL} \ge \sum \kappa",
                 _step("one flip pays for all", r"\text{budget} - \sum \kappa \ge 0",
                       Consequence(budget - flipped - kept, ((1, budget - flipped),)))),
        _attempt("from_the_dearest", r"n\, E\,\mathrm{KL} \ge \text{the N largest thresholds}",
                 _step("the dearest come first", r"\text{budget} - \text{dearest} \ge 0",
                       Consequence(budget - dearest, ((1, budget - flipped), (1, dearest - flipped))))),
        _proof("five_percent_more", r"1.05\, \kappa \le \mathrm{KL}", *_kl_steps()[:-3],
               _two_labels(sp.Rational(21, 20))),
        _proof("whole_squared_margin", r"g^2 \le \|\Delta\|^2", *_logit_steps(1)),
        _attempt("renyi_two_at_twice_kl", r"2 \kappa \le 2 \log Z",
                 _step("the thresholds compared", r"\log Z \ge \kappa,\ s = 1 + r",
                       Scalar(twice, _price(sp.Integer(1), r), (Range(r, 0, 1),), DerivativeChain(r)))),
    )  # fmt: skip
