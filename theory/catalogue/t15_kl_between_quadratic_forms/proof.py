r"""Proofs of T15: T5's scalar inequalities without the floor, a case for each side of a clip, and a Gronwall bound.

Everything is for one label, or linear in sums over labels, hence for every k; inputs are averaged at the end. t = log
p'/p, T = -t, and s is the logarithm of a probability above the floor eps over eps.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.catalogue.t05_kl_bounds_logit_distance_under_tau.proof import centring, concluded, label_sum, swap
from theory.catalogue.t06_logit_distance_bounds_kl.proof import kl_remainder, log_partition, taylor
from theory.proofs.extremal import Limit
from theory.proofs.identity import Algebra, Expression, Identity, letters
from theory.proofs.matrices import attained, largest_singular_value
from theory.proofs.psd import Consequence, SumOfSquares
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Obligation, Proof, Step

_THEOREM = "T15"
_ALL = "all k and m"
_HALF = sp.Rational(1, 2)

t, T, s, p, q, w, v, x, y, u, r, tau = sp.symbols("t T s p q w v x y u r tau", real=True)
phi = sp.Function("phi")
eps, floor, mass = (sp.Symbol(name, positive=True) for name in ("epsilon", "tau", "W"))
_EXCESS = sp.exp(t) - 1 - t  # of a label with p'/p = e^t
_SWAPPED = sp.exp(T) * (T - 1) + 1  # the same divided by p', with T = -t


_P, _Q = sp.symbols("p q", positive=True)  # probabilities of a label
_GAINS, _LOSSES = sp.symbols("gains losses", real=True)  # of KL, over labels that gain and that lose
_FORM_GAINS, _FORM_LOSSES = sp.symbols("form_gains form_losses", real=True)
#: What one label adds, from below: p is the smaller probability of one that gains, q that of one that loses.
_BELOW = {_GAINS: _P * _EXCESS, _FORM_GAINS: _P * t**2, _LOSSES: _Q * _SWAPPED, _FORM_LOSSES: _Q * T**2}
#: From above: p e^t and p are the larger ones.
_ABOVE = {
    _GAINS: _P * _EXCESS, _FORM_GAINS: _P * sp.exp(t) * t**2,
    _LOSSES: _P * (sp.exp(-T) - 1 + T), _FORM_LOSSES: _P * T**2,
}  # fmt: skip


def _step(name: str, statement: str, obligation: Obligation, *uses: str, covers: str = _ALL, remark: str = "") -> Step:
    return Step(name, statement, obligation, uses, covers, remark)


def _proof(statement: str, claim: str, *steps: Step, names: Mapping[Expression, Expression] | None = None) -> Proof:
    """Return a proof in which a step that several parts share stands once."""
    return Proof(_THEOREM, statement, claim, tuple({step.name: step for step in steps}.values()), names or {})


# --------------------------------------------------------------------------- the chain


def _both_signs() -> tuple[Step, ...]:
    return (
        label_sum(),
        swap(),
        _step("a label that gains", r"e^t - 1 - t \ge \tfrac12 t^2,\ t \ge 0",
              Scalar(_EXCESS, t**2 / 2, (Range(t, 0),), DerivativeChain(t)), "sum over labels",
              remark="Times p, which is the smaller of both where t >= 0."),
        _step("a label that loses", r"e^T (T - 1) + 1 \ge \tfrac12 T^2,\ T \ge 0",
              Scalar(_SWAPPED, T**2 / 2, (Range(T, 0),), DerivativeChain(T)), "the term seen from p'",
              remark="Times p', which is the smaller of both where T >= 0."),
    )  # fmt: skip


def _lower_steps() -> tuple[Step, ...]:
    value, gains, losses, form = sp.symbols("KL gains losses form", real=True)
    above, below = sp.symbols("form_gains form_losses", real=True)
    return (
        *_both_signs(),
        _step("lower form", r"2\,\mathrm{KL} - \sum_y w t^2 \ge 0",
              Consequence(2 * value - form, ((2, gains - above / 2), (2, losses - below / 2)),
                          ((2, value - gains - losses), (1, above + below - form))),
              "sum over labels", "a label that gains", "a label that loses",
              remark="Labels of either sign apart; averaged over inputs."),
    )  # fmt: skip


def _best_constant_steps() -> tuple[Step, ...]:
    first, second, shift = sp.symbols("S1 S2 c", real=True)
    moments = {w: mass, w * v: first, w * v**2: second}
    moved = {w: mass, w * v: first, w * v**2: second}
    translated = over_labels(sp.expand(w * (v + shift) ** 2), moved) - (
        over_labels(sp.expand(w * (v + shift)), moved) ** 2 / mass
    )
    return (
        _step("the form does not see a shift",
              r"\sum w (v + c)^2 - \tfrac{(\sum w (v + c))^2}{\sum w} = \sum w v^2 - \tfrac{(\sum w v)^2}{\sum w}",
              Identity(translated, second - first**2 / mass),
              remark="Delta is minus t up to a shift: Delta^T Sigma_w Delta is the form of t."),
        _step("the best weighted constant",
              r"\sum w t^2 - t^\top \Sigma_w t = \tfrac{(\sum w t)^2}{\sum w} \ge 0",
              Identity(over_labels(sp.expand(w * v**2), moments) - (second - first**2 / mass), first**2 / mass),
              "the form does not see a shift", remark="A square over a positive sum; averaged over inputs."),
    )  # fmt: skip


def _centred_step() -> Step:
    form, centred = sp.symbols("form centred", real=True)
    square_ = sp.Symbol("square", nonnegative=True)
    return _step("the form is smaller", r"\sum w t^2 - t^\top \Sigma_w t \ge 0",
                 Consequence(form - centred, ((1, square_),), ((1, form - centred - square_),)),
                 "the best weighted constant")  # fmt: skip


def _lower_form_steps() -> tuple[Step, ...]:
    value, form, centred = sp.symbols("KL form centred", real=True)
    square_ = sp.Symbol("square", nonnegative=True)
    return (
        *_lower_steps(),
        *_best_constant_steps(),
        _step("lower form, centred", r"2\,\mathrm{KL} - \Delta^\top \Sigma_w \Delta \ge 0",
              Consequence(2 * value - centred, ((1, 2 * value - form), (1, square_)), ((1, form - centred - square_),)),
              "lower form", "the best weighted constant"),
    )  # fmt: skip


def _upper_steps() -> tuple[Step, ...]:
    value, gains, losses, form = sp.symbols("KL gains losses form", real=True)
    above, below = sp.symbols("form_gains form_losses", real=True)
    return (
        label_sum(),
        _step("a label that gains, from above", r"e^t - 1 - t \le \tfrac12 e^t t^2,\ t \ge 0",
              Scalar(sp.exp(t) * t**2 / 2, _EXCESS, (Range(t, 0),), DerivativeChain(t)), "sum over labels",
              remark="Times p, and p e^t = p' is the larger."),
        _step("a label that loses, from above", r"e^{-T} - 1 + T \le \tfrac12 T^2,\ T \ge 0",
              Scalar(T**2 / 2, sp.exp(-T) - 1 + T, (Range(T, 0),), DerivativeChain(T)), "sum over labels",
              remark="Times p, which is the larger."),
        _step("upper form", r"\sum_y \max(p, p')\, t^2 - 2\,\mathrm{KL} \ge 0",
              Consequence(form - 2 * value, ((2, above / 2 - gains), (2, below / 2 - losses)),
                          ((-2, value - gains - losses), (-1, above + below - form))),
              "a label that gains, from above", "a label that loses, from above"),
    )  # fmt: skip


# --------------------------------------------------------------------------- the clipped distance


def _clipped_steps(factor: sp.Expr) -> tuple[Step, ...]:
    gain = sp.exp(s) - 1 - s
    loss = sp.exp(s) * (s - 1) + 1
    value, terms, form = sp.symbols("KL terms form", real=True)
    latex = sp.latex(factor)
    return (
        label_sum(),
        swap(),
        _step("gains above the floor", rf"e^s - 1 - s \ge s^2/{latex},\ s \ge 0",
              Scalar(gain, s**2 / factor, (Range(s, 0),), DerivativeChain(s)),
              remark="Both probabilities above eps: with s = t and times p >= eps."),
        _step("losses above the floor", rf"e^s (s - 1) + 1 \ge s^2/{latex},\ s \ge 0",
              Scalar(loss, s**2 / factor, (Range(s, 0),), DerivativeChain(s)),
              remark="Both above eps: with s = T and times p' >= eps."),
        _step("the floor", r"p\, c \ge \varepsilon\, c,\ p \ge \varepsilon,\ c \ge 0",
              Scalar(p * x, tau * x, (Range(tau, 0, 1), Range(p, tau, 1), Range(x, 0)), Signs()),
              "gains above the floor", "losses above the floor", remark="tau stands for eps."),
        _step("a loss through the floor",
              r"c\, y + e^{-y} \ge 1,\ c = e^s \ge 1,\ y \ge 0",
              Scalar(u * y + sp.exp(-y), sp.Integer(1), (Range(u, 1), Range(y, 0)), DerivativeChain(y)),
              "sum over labels",
              remark="u stands for c. p = eps e^s >= eps > p' = eps e^-y: divided by c, e^-(s + y) - 1 + (s + y) is at"
              " least e^-s - 1 + s. What is lost below the floor costs more."),
        _step("a loss down to the floor", r"e^s (e^{-s} - 1 + s) = e^s (s - 1) + 1",
              Identity(sp.exp(s) * (sp.exp(-s) - 1 + s), loss), "a loss through the floor", "losses above the floor",
              remark="Times eps: the term is at least eps s^2/2, with s = log(p/eps) the clipped difference."),
        _step("a gain through the floor",
              r"(1 + s)\, e^y \ge 1 + s + y,\ s, y \ge 0",
              Scalar((1 + s) * sp.exp(y), 1 + s + y, (Range(s, 0), Range(y, 0)), DerivativeChain(y)),
              "sum over labels", remark="p = eps e^-y < eps <= p' = eps e^s."),
        _step("a gain from the floor",
              r"\big(e^s - e^{-y} (1 + s + y)\big) - (e^s - 1 - s) = e^{-y} \big((1 + s)\, e^y - (1 + s + y)\big)",
              Identity(sp.exp(s) - sp.exp(-y) * (1 + s + y) - gain, sp.exp(-y) * ((1 + s) * sp.exp(y) - 1 - s - y)),
              "a gain through the floor", "gains above the floor",
              remark="The term p' - p - p t over eps is at least e^s - 1 - s, with s = log(p'/eps)."),
        _step("all labels", rf"\tfrac{{{latex}}}\varepsilon \mathrm{{KL}} - \sum_y (\dots)^2 \ge 0",
              Consequence(factor / floor * value - form, ((factor / floor, terms - floor * form / factor),),
                          ((factor / floor, value - terms),)),
              "sum over labels", "the floor", "a loss down to the floor", "a gain from the floor",
              remark="Where both lie below eps the clipped difference is zero and the term is not negative."),
    )  # fmt: skip


# --------------------------------------------------------------------------- Fisher geometry


def _third_derivative_steps() -> tuple[Step, ...]:
    weight, mean = sp.symbols("w mean", real=True)
    first, second, third = sp.symbols("E1 E2 E3", real=True)
    moments = {weight: sp.Integer(1), weight * x: first, weight * x**2: second, weight * x**3: third}
    central = over_labels(sp.expand(weight * (x - mean) ** 3), moments).subs(mean, first)
    partition, variable = sp.Function("Z"), s
    derivatives = [
        (sp.diff(partition(variable), variable, 3), mass * third), (sp.diff(partition(variable), variable, 2), mass * second),
        (sp.diff(partition(variable), variable), mass * first), (partition(variable), mass),
    ]  # fmt: skip
    derivative = sp.diff(sp.log(partition(variable)), variable, 3).subs(derivatives)
    return (
        log_partition(),
        kl_remainder(),
        taylor(),
        _step("third derivative", r"\phi''' = E_{p_s} (d - E_{p_s} d)^3,\ \phi(s) = \log E_p e^{s d},\ d = -\Delta",
              Identity(derivative, central), "log-partition",
              remark="Of a sum Z of exponentials the derivatives are Z times moments of d."),
        _step("deviations are within the oscillation", r"r \ge \pm (x - u),\ a \le x, u \le a + r",
              Scalar(r, x - u, (Range(r, 0), Range(u, 0, r), Range(x, 0, r)), Signs()),
              remark="With a = 0; the mean u of d lies between its least and its largest entry. So |phi'''| <= r phi''."),
        _step("the second derivative falls no faster",
              r"\tfrac{d}{ds} \big(e^{\pm r s} \phi''(s)\big) = e^{\pm r s} (\phi''' \pm r \phi'')",
              Identity(sp.diff(sp.exp(r * s) * sp.diff(phi(s), s, 2), s),
                       sp.exp(r * s) * (sp.diff(phi(s), s, 3) + r * sp.diff(phi(s), s, 2))),
              "third derivative", "deviations are within the oscillation",
              remark="For r and for -r: e^{-rs} phi''(0) <= phi''(s) <= e^{rs} phi''(0), and phi''(0) = Var_p(Delta)."),
    )  # fmt: skip


_GRONWALL = "the second derivative falls no faster"


def _omega_step(name: str, sign: int) -> Step:
    exponent = sign * r
    value = (sp.exp(exponent) - 1 - exponent) / exponent**2
    kernel = (1 - s) * sp.exp(exponent * s)
    primitive = ((1 - s) / exponent + 1 / exponent**2) * sp.exp(exponent * s)
    return _step(name, r"\int_0^1 (1 - s) e^{\pm r s}\,ds = \omega(\pm r)",
                 Identity(sp.Matrix([sp.diff(primitive, s), primitive.subs(s, 1) - primitive.subs(s, 0)]),
                          sp.Matrix([kernel, value])),
                 "KL is a remainder", "integral remainder", _GRONWALL,
                 remark="An antiderivative, by differentiation, and its values at both ends.")  # fmt: skip


def _fisher(statement: str, claim: str, sign: int) -> Proof:
    return _proof(statement, claim, *_third_derivative_steps(), _omega_step("omega", sign))


def _fisher_reversed() -> Proof:
    here, there, slope = sp.symbols("phi0 phi1 dphi1", real=True)
    kernel, primitive = s * sp.exp(-r * s), -(s / r + 1 / r**2) * sp.exp(-r * s)
    return _proof(
        "fisher_reversed",
        r"E\big[\tfrac{1 - (1 + r) e^{-r}}{r^2} \operatorname{Var}_p(\Delta)\big] \le E\,\mathrm{KL}(p' \| p)",
        *_third_derivative_steps(),
        _step("KL' from the other end", r"\mathrm{KL}' = \phi(0) - \phi(1) + \phi'(1) = \int_0^1 s\,\phi''(s)\,ds",
              Identity(sp.Matrix([sp.diff(s * sp.diff(phi(s), s) - phi(s), s), slope - there + here]),
                       sp.Matrix([s * sp.diff(phi(s), s, 2), here - there + slope])),
              "KL is a remainder", remark="An antiderivative of the integrand, and its values at both ends."),
        _step("the other kernel", r"\int_0^1 s e^{-r s}\,ds = \tfrac{1 - (1 + r) e^{-r}}{r^2}",
              Identity(sp.Matrix([sp.diff(primitive, s), primitive.subs(s, 1) - primitive.subs(s, 0)]),
                       sp.Matrix([kernel, (1 - (1 + r) * sp.exp(-r)) / r**2])),
              "KL' from the other end", _GRONWALL),
    )  # fmt: skip


def _two_and_oscillation(constant: sp.Expr) -> tuple[Step, ...]:
    value, variance, largest, weight = sp.symbols("KL Var R omega", nonnegative=True)
    return (
        *_third_derivative_steps(),
        _omega_step("omega", -1),
        _step("two and the oscillation", rf"({sp.latex(constant)} + r)(e^{{-r}} - 1 + r) \ge r^2,\ r \ge 0",
              Scalar((constant + r) * (sp.exp(-r) - 1 + r), r**2, (Range(r, 0),),
                     DerivativeChain(r, (sp.Integer(1), sp.exp(r)))), "omega",
              remark="(2 + r) omega(-r) >= 1."),
        _step("the largest oscillation", r"(2 + R)\,\mathrm{KL} - \operatorname{Var}_p(\Delta) \ge 0",
              Consequence((2 + largest + u) * value - variance,
                          ((2 + largest, value - weight * variance), (variance, (2 + largest) * weight - 1)),
                          ((value, u),)),
              "two and the oscillation",
              remark="R is at least r; what it exceeds r by, u, is dropped. Averaged over inputs."),
    )  # fmt: skip


# --------------------------------------------------------------------------- floor by rank

_d = sp.Symbol("d", positive=True)
_form, _square, _reach = sp.symbols("centred square reach", nonnegative=True)
_length = sp.Symbol("form_root", positive=True)


def _transposed(letter: Expression) -> Expression:
    return sp.Symbol(letter.name + "^T", commutative=False)


_first, _second = letters("a b")
_SCHWARZ = Algebra(
    {_first: (_d, 1), _second: (_d, 1)},
    rules=(
        (_transposed(_first) * _first, _length**2),
        (_transposed(_second) * _second, _reach),
        (_transposed(_first) * _second, _square),
    ),
)


def _rank_steps() -> tuple[Step, ...]:
    value, most = sp.symbols("KL 1/mu", nonnegative=True)
    positive = sp.Symbol("|D|^2", positive=True)
    return (
        *_lower_form_steps(),
        _step("Cauchy-Schwarz in the span",
              r"\|\Delta\|^4 \le (z^\top I z)(\Delta^\top B I^{-1} B^\top \Delta),\ \Delta = B z,\ I = B^\top \Sigma_w B",
              SumOfSquares(_reach - _square**2 / _length**2,
                           ((1, _second - _square / _length**2 * _first),), _SCHWARZ),
              remark="a = S z and b = S^-1 B^T Delta with S the root of I: a.b = |Delta|^2, |a|^2 = Delta^T Sigma_w Delta."),
        _step("the largest eigenvalue", r"\Delta^\top B I^{-1} B^\top \Delta \le \tfrac1\mu \|\Delta\|^2",
              largest_singular_value(), covers="all sizes",
              remark="1/mu is the largest eigenvalue of B I^-1 B^T, the square of that of S^-1 B^T."),
        _step("floor", r"\tfrac2\mu \mathrm{KL} - \|\Delta\|^2 \ge 0",
              Consequence(2 * most * value - positive,
                          ((most, 2 * value - _form), (_form / positive, most * positive - _reach),
                           (1 / positive, _form * _reach - positive**2))),
              "lower form, centred", "Cauchy-Schwarz in the span", "the largest eigenvalue",
              remark="Delta lies in the span of both heads: Delta = Gc f - G'c f'. Averaged over inputs."),
    )  # fmt: skip


def _never_worse_steps() -> tuple[Step, ...]:
    total, squares = sp.symbols("total squares", real=True)
    count = sp.Symbol("k", positive=True)
    shifted = over_labels(sp.expand((v - u) ** 2), {sp.Integer(1): count, v: sp.Integer(0), v**2: squares})
    nonneg = sp.Symbol("k u^2", nonnegative=True)
    low, form = sp.symbols("tau form", nonnegative=True)
    inverse, reach, length = sp.symbols("1/mu form squares", positive=True)
    return (
        _step("no weight is below tau", r"w\, c \ge \tau\, c,\ w \ge \tau,\ c \ge 0",
              Scalar(w * x, tau * x, (Range(tau, 0, 1), Range(w, tau, 1), Range(x, 0)), Signs()),
              remark="With c = (v - u)^2: v^T Sigma_w v = sum w (v - u)^2 >= tau sum (v - u)^2."),
        _step("vectors of sum zero", r"\sum_y (v_y - u)^2 = \|v\|^2 + k u^2,\ \sum_y v_y = 0",
              Identity(shifted, squares + count * u**2)),
        _step("the form on the span", r"v^\top \Sigma_w v - \tau \|v\|^2 \ge 0",
              Consequence(form - low * squares, ((1, form - low * total), (low, nonneg)),
                          ((low, total - squares - nonneg),)),
              "no weight is below tau", "vectors of sum zero", remark="So mu >= tau by its variational form."),
        _step("the least eigenvalue", r"\tfrac1\mu = \max_v \|v\|^2/v^\top \Sigma_w v \le \tfrac1\tau",
              attained(), "the form on the span", covers="all sizes",
              remark="1/mu is the largest eigenvalue of B I^-1 B^T, the square of the norm of B I^-1/2, which is"
              " attained; where it is, the form on the span says that it is at most 1/tau."),
        _step("floors compared", r"\tfrac1\tau - \tfrac1\mu \ge 0",
              Consequence(1 / floor - inverse, ((1 / (floor * reach), reach - floor * length),),
                          ((1 / reach, length - inverse * reach),)),
              "the form on the span", "the least eigenvalue",
              remark="Where 1/mu is attained: |v|^2 = (1/mu) v^T Sigma_w v."),
    )  # fmt: skip


# --------------------------------------------------------------------------- temperatures, other orders


def _temperature_steps() -> tuple[Step, ...]:
    heat, value, form = sp.symbols("T KL form", positive=True)
    return (
        *_lower_form_steps(),
        _step("scaled", r"2 T^2\,\mathrm{KL}_T - \Delta^\top \Sigma_{w_T} \Delta \ge 0",
              Consequence(2 * heat**2 * value - heat**2 * form, ((heat**2, 2 * value - form),)),
              "lower form, centred",
              remark="p_T is a distribution like any other, with Delta/T for Delta: the form is Delta^T Sigma Delta/T^2."),
    )  # fmt: skip


def _floor_at_temperature_steps() -> tuple[Step, ...]:
    return (
        *_both_signs(),
        _step("the floor", r"w\, c \ge \tau_T\, c,\ w \ge \tau_T,\ c \ge 0",
              Scalar(w * x, tau * x, (Range(tau, 0, 1), Range(w, tau, 1), Range(x, 0)), Signs()),
              "a label that gains", "a label that loses"),
        centring(),
        concluded(r"\|\Delta/T\|^2 \le \sum_y t_y^2 \le \tfrac2{\tau_T} \mathrm{KL}_T", 2 / tau, tau / 2,
                  ("sum over labels", "the term seen from p'", "the floor"),
                  "At temperature T, times T^2; pointwise in x, and averaged with tau_T(x)."),
    )  # fmt: skip


def _hellinger_steps() -> tuple[Step, ...]:
    overlap, r1, r2 = sp.symbols("B r r2", real=True)
    total = over_labels((r1 - r2) ** 2, {r1**2: sp.Integer(1), r2**2: sp.Integer(1), r1 * r2: overlap})
    value, form = sp.symbols("H2 form", real=True)
    return (
        _step("sum over labels", r"\sum_y (\sqrt{p_y} - \sqrt{p'_y})^2 = 2 H^2", Identity(total, 2 * (1 - overlap)),
              remark="H^2 = 1 - sum sqrt(p p')."),
        _step("exponential", r"e^x - 1 \ge x,\ x \ge 0", Scalar(sp.exp(x) - 1, x, (Range(x, 0),), DerivativeChain(x))),
        _step("one label", r"4 (e^{x/2} - 1)^2 \ge x^2,\ x = |\log p/p'|",
              Scalar(4 * (sp.exp(x / 2) - 1) ** 2, x**2, (Range(x, 0),),
                     DerivativeChain(x, (sp.Integer(1),) * 3 + (sp.exp(-x / 2),))), "exponential",
              remark="Times the smaller probability: 4 (sqrt p - sqrt p')^2 >= w t^2."),
        _step("lower form of H^2", r"8 H^2 - \sum_y w t^2 \ge 0",
              Consequence(8 * value - form, ((1, 4 * total - form),), ((4, 2 * value - total),)),
              "sum over labels", "one label"),
    )  # fmt: skip


def _renyi_steps() -> tuple[Step, ...]:
    """D_alpha >= (alpha/2) sum w t^2 for every order alpha between 0 and 1; c stands for 1 - alpha."""
    c, power, whole = sp.symbols("c X S", real=True)
    order, share = sp.symbols("alpha c", positive=True)
    divergence, form = sp.symbols("D form", real=True)
    gap = (1 - c) + c * sp.exp(t) - sp.exp(c * t) - c * (1 - c) * t**2 / 2
    second_ = c * (sp.exp(t) - c * sp.exp(c * t) - (1 - c))
    total = over_labels(sp.expand((1 - c) * p + c * q - power), {p: sp.Integer(1), q: sp.Integer(1), power: whole})
    return (
        _step("the sum and its labels", r"\sum_y \big(\alpha p + c p' - p^\alpha p'^c\big) = 1 - S,\ c = 1 - \alpha",
              Identity(total, 1 - whole), remark="S = sum p^alpha p'^c = exp(-c D_alpha)."),
        _step("value, slope and curvature of the gap",
              r"h(0) = h'(0) = 0,\ h'' = c\,(e^t - c\,e^{c t} - 1 + c),\ h = \alpha + c\,e^t - e^{c t} - \tfrac{\alpha c}2 t^2",
              Identity(sp.Matrix([gap.subs(t, 0), sp.diff(gap, t).subs(t, 0), sp.diff(gap, t, 2)]),
                       sp.Matrix([0, 0, second_]))),
        _step("the curvature is not negative", r"e^t \ge c\,e^{c t} + 1 - c,\ t \ge 0,\ 0 \le c \le 1",
              Scalar(sp.exp(t), c * sp.exp(c * t) + 1 - c, (Range(c, 0, 1), Range(t, 0)),
                     DerivativeChain(t, (sp.Integer(1), sp.exp(-c * t)))),
              "value, slope and curvature of the gap",
              remark="So h >= 0: a label that gains, p' = p e^t, costs at least p (alpha c/2) t^2."),
        _step("a label that loses, seen from p'",
              r"p\,(\alpha + c\,e^{-T} - e^{-c T}) = p' (c + \alpha e^T - e^{\alpha T}),\ p' = p\,e^{-T}",
              Identity(p * ((1 - c) + c * sp.exp(-T) - sp.exp(-c * T)),
                       p * sp.exp(-T) * (c + (1 - c) * sp.exp(T) - sp.exp((1 - c) * T))),
              "the curvature is not negative",
              remark="The same with alpha and c exchanged: at least p' (alpha c/2) T^2."),
        _step("the logarithm of the sum", r"-\log S \ge 1 - S,\ S = e^{-x}",
              Scalar(x, 1 - sp.exp(-x), (Range(x, 0),), DerivativeChain(x)), remark="x = c D_alpha >= 0."),
        _step("lower form of every order below one", r"D_\alpha - \tfrac\alpha2 \sum_y w t^2 \ge 0,\ 0 < \alpha < 1",
              Consequence(divergence - order / 2 * form,
                          ((1 / share, share * divergence - (1 - whole)),
                           (1 / share, (1 - whole) - order * share / 2 * form))),
              "the sum and its labels", "a label that loses, seen from p'", "the logarithm of the sum",
              ),
        _step("at order one half", r"4\,D_{1/2} - \sum_y w t^2 \ge 0",
              Consequence(4 * divergence - form, ((8, divergence / 2 - (1 - whole)), (8, (1 - whole) - form / 8))),
              "the sum and its labels", "a label that loses, seen from p'", "the logarithm of the sum",
              remark="alpha = c = 1/2."),
    )  # fmt: skip


def _chi_squared_steps() -> tuple[Step, ...]:
    ratio, ratio_sum = sp.symbols("r sum_p2_over_q", real=True)
    total = over_labels(sp.expand(q * (ratio - 1) ** 2),
                        {q * ratio**2: ratio_sum, q * ratio: sp.Integer(1), q: sp.Integer(1)})  # fmt: skip
    return (
        _step("sum over labels", r"\chi^2 = \sum_y p_y^2/p'_y - 1 = \sum_y p'_y (r_y - 1)^2,\ r = p/p'",
              Identity(total, ratio_sum - 1)),
        _step("a label that loses", r"(e^x - 1)^2 \ge x^2,\ x = \log p/p' \ge 0",
              Scalar((sp.exp(x) - 1) ** 2, x**2, (Range(x, 0),),
                     DerivativeChain(x, (sp.Integer(1),) * 3 + (sp.exp(-x),))), "sum over labels",
              remark="Times p', the smaller."),
        _step("a label that gains", r"e^x (1 - e^{-x})^2 \ge x^2,\ x = \log p'/p \ge 0",
              Scalar(sp.exp(x) + sp.exp(-x) - 2, x**2, (Range(x, 0),), DerivativeChain(x)), "sum over labels",
              remark="p' (r - 1)^2 = p e^x (1 - e^-x)^2 = p (e^x + e^-x - 2); times p, the smaller. Summed over labels."),
    )  # fmt: skip


# --------------------------------------------------------------------------- sharpness


def _sharp(statement: str, name: str, latex: str, ratio: sp.Expr, covers: str, remark: str, **parts: object) -> Proof:
    limit = Limit(ratio, eps, sp.Integer(0), sp.Integer(1), **parts)  # type: ignore[arg-type]
    return _proof(f"{statement}: sharp", r"\text{the constant is attained in a limit}",
                  _step(name, latex, limit, covers=covers, remark=remark))  # fmt: skip


def _coins(statement: str, latex: str, ratio: sp.Expr) -> Proof:
    return _sharp(statement, "coins", rf"\lim_{{\varepsilon \to 0}} {latex} = 1", ratio, "k = 2, all m",
                  "Logits +-eps/2 against -+eps/2: t = -+eps, w = 1/(1 + e^eps) twice, KL = eps tanh(eps/2).")  # fmt: skip


def _rare(statement: str, latex: str, heat: str = "") -> Proof:
    partition = 1 - 2 * floor + floor * (sp.exp(eps) + sp.exp(-eps))
    return _sharp(statement, "two rare labels", rf"\lim_{{\varepsilon \to 0}} {latex} = 1",
                  floor * 2 * eps**2 / (2 * sp.log(partition)), "all k >= 3",
                  "Two labels of probability tau move by +-eps; the others share the rest and do not move, so that KL is"
                  f" the logarithm of the partition. What the partition moves is of second order.{heat}",
                  sample={floor: sp.Rational(1, 100)})  # fmt: skip


def _sure(statement: str, latex: str, divergence: sp.Expr, kernel: sp.Expr) -> Proof:
    """p = (1 - eps, eps), the rare label's logit moves by `move`."""
    move = sp.Symbol("r", positive=True)
    return _sharp(statement, "a sure model", rf"\lim_{{p_1 \to 1}} {latex} = 1",
                  kernel * eps * (1 - eps) * move**2 / divergence, "k = 2, all m and r",
                  "p = (1 - eps, eps), whose second logit moves by r: Var_p(Delta) = eps (1 - eps) r^2.",
                  sample={move: sp.Integer(2)})  # fmt: skip


def _sharp_proofs() -> tuple[Proof, ...]:
    move = sp.Symbol("r", positive=True)
    weight, more, value = 1 / (1 + sp.exp(eps)), 1 / (1 + sp.exp(-eps)), eps * sp.tanh(eps / 2)
    form = 2 * weight * eps**2
    down, up = 1 - eps + eps * sp.exp(-move), 1 - eps + eps * sp.exp(move)
    falls, rises = sp.log(down) + eps * move, sp.log(up) - eps * move
    back = (
        -sp.log(down) - eps * sp.exp(-move) / down * move
    )  # KL(p' || p) = E_p' t, t = -r or 0 less log of the partition
    omegas = (sp.exp(-move) - 1 + move) / move**2, (sp.exp(move) - 1 - move) / move**2
    variance = weight * more * 4 * eps**2  # Delta = (eps, -eps)
    return (
        _coins("lower_form", r"\Delta^\top \Sigma_w \Delta/(2\,\mathrm{KL})", form / (2 * value)),
        _coins("best_constant", r"\Delta^\top \Sigma_w \Delta/\sum_y w t^2", form / (2 * weight * eps**2)),
        _coins("lower", r"\sum_y w t^2/(2\,\mathrm{KL})", form / (2 * value)),
        _coins("upper", r"2\,\mathrm{KL}/\sum_y \max(p, p') t^2", 2 * value / (2 * more * eps**2)),
        _rare("clipped", r"\varepsilon \sum_y (\dots)^2/(2\,\mathrm{KL})", " tau is a little above the floor."),
        _rare("clipped_low", r"\varepsilon \sum_y (\dots)^2/(2\,\mathrm{KL})", " tau is a little above the floor."),
        _sure("fisher_below", r"\omega(-r) \operatorname{Var}_p/\mathrm{KL}", falls, omegas[0]),
        _sure("fisher_above", r"\mathrm{KL}/(\omega(r) \operatorname{Var}_p)", rises, omegas[1]),
        _sure("fisher_reversed", r"\tfrac{1 - (1 + r) e^{-r}}{r^2} \operatorname{Var}_p/\mathrm{KL}'", back,
              (1 - (1 + move) * sp.exp(-move)) / move**2),
        _coins("fisher", r"\operatorname{Var}_p(\Delta)/((2 + R)\,\mathrm{KL})", variance / ((2 + 2 * eps) * value)),
        _rare("floor_by_rank", r"\mu \|\Delta\|^2/(2\,\mathrm{KL})", " mu tends to tau, the form on e_1 - e_2."),
        _rare("floor_of_a_shared_head", r"\mu \|\Delta\|^2/(2\,\mathrm{KL})", " mu tends to tau, the form on e_1 - e_2."),
        _coins("every_temperature", r"\Delta^\top \Sigma_w \Delta/(2\,\mathrm{KL})", form / (2 * value)),
        _rare("floor_at_every_temperature", r"\tau_T \|\Delta/T\|^2/(2\,\mathrm{KL}_T)", " At temperature T."),
        _coins("squared_hellinger", r"\sum_y w t^2/(8 H^2)", form / (8 * (1 - 1 / sp.cosh(eps / 2)))),
        _coins("renyi_half", r"\sum_y w t^2/(4 D_{1/2})", form / (8 * sp.log(sp.cosh(eps / 2)))),
        _coins("chi_squared", r"\sum_y w t^2/\chi^2", form / (4 * sp.sinh(eps / 2) ** 2)),
    )  # fmt: skip


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, and of sharpness."""
    clip = r"E \sum_y (\log \max(p, \varepsilon) - \log \max(p', \varepsilon))^2 \le \tfrac2\varepsilon E\,\mathrm{KL}"
    floors = r"d_\mathrm{logit}^2 \le 2\, E[\mathrm{KL}/\mu]"
    two = sp.Integer(2)
    return (
        _proof("lower_form", r"E \Delta^\top \Sigma_w \Delta \le 2\, E\,\mathrm{KL}", *_lower_form_steps(), names=_BELOW),
        _proof("best_constant", r"\Delta^\top \Sigma_w \Delta \le \sum_y w t^2", *_best_constant_steps(), _centred_step()),
        _proof("lower", r"E \sum_y w t^2 \le 2\, E\,\mathrm{KL}", *_lower_steps(), names=_BELOW),
        _proof("upper", r"2\, E\,\mathrm{KL} \le E \sum_y \max(p, p')\, t^2", *_upper_steps(), names=_ABOVE),
        _proof("clipped", clip, *_clipped_steps(two)),
        _proof("clipped_low", clip, *_clipped_steps(two)),
        _fisher("fisher_below", r"E[\omega(-r) \operatorname{Var}_p(\Delta)] \le E\,\mathrm{KL}", -1),
        _fisher("fisher_above", r"E\,\mathrm{KL} \le E[\omega(r) \operatorname{Var}_p(\Delta)]", 1),
        _fisher_reversed(),
        _proof("fisher", r"E \operatorname{Var}_p(\Delta) \le (2 + R)\, E\,\mathrm{KL}", *_two_and_oscillation(two)),
        _proof("floor_by_rank", floors, *_rank_steps(), names=_BELOW),
        _proof("floor_of_a_shared_head", floors, *_rank_steps(), names=_BELOW),
        _proof("floor_by_rank_never_worse", r"1/\mu \le 1/\tau", *_never_worse_steps()),
        _proof("every_temperature", r"E \Delta^\top \Sigma_{w_T} \Delta \le 2 T^2\, E\,\mathrm{KL}_T",
               *_temperature_steps(), names=_BELOW),
        _proof("floor_at_every_temperature", r"d_\mathrm{logit}^2 \le E[2 T^2\,\mathrm{KL}_T/\tau_T(x)]",
               *_floor_at_temperature_steps()),
        _proof("squared_hellinger", r"E \sum_y w t^2 \le 8\, E H^2", *_hellinger_steps()),
        _proof("renyi_half", r"E \sum_y w t^2 \le 4\, E D_{1/2}", *_renyi_steps()),
        _proof("chi_squared", r"E \sum_y w t^2 \le E \chi^2", *_chi_squared_steps()),
        *_sharp_proofs(),
    )  # fmt: skip


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins: each stops at a step that fails."""
    kernel = (1 - (1 + r) * sp.exp(-r)) / r**2
    return (
        _proof("clipped_five_percent_less", r"E \sum_y (\dots)^2 \le \tfrac{1.9}\varepsilon E\,\mathrm{KL}",
               *_clipped_steps(sp.Rational(19, 10))),
        _proof("only_the_teacher_clipped", r"\text{both below the floor}", label_sum(),
               _step("a label below the floor", r"1 - e^{-y} (1 + y) \ge \tfrac12 y^2",
                     Scalar(1 - sp.exp(-y) * (1 + y), y**2 / 2, (Range(y, 0),), DerivativeChain(y)),
                     remark="p = eps, p' = eps e^-y, and less where p is below eps too.")),
        _proof("weights_of_the_teacher", r"\sum_y p\, t^2 \le 2\,\mathrm{KL}", label_sum(),
               _step("a label that loses", r"e^{-T} - 1 + T \ge \tfrac12 T^2,\ T \ge 0",
                     Scalar(sp.exp(-T) - 1 + T, T**2 / 2, (Range(T, 0),), DerivativeChain(T)))),
        _proof("fisher_without_oscillation", r"\operatorname{Var}_p(\Delta) \le 2\,\mathrm{KL}",
               *_third_derivative_steps(),
               _step("without the oscillation", r"\omega(-r) \ge \tfrac12",
                     Scalar(sp.exp(-r) - 1 + r, r**2 / 2, (Range(r, 0),), DerivativeChain(r)))),
        _proof("fisher_of_the_reversed", r"\omega(-r) \operatorname{Var}_p(\Delta) \le \mathrm{KL}'",
               *_fisher_reversed().steps,
               _step("the kernels compared", r"1 - (1 + r) e^{-r} \ge e^{-r} - 1 + r",
                     Scalar(sp.simplify(kernel * r**2), sp.exp(-r) - 1 + r, (Range(r, 0),), DerivativeChain(r)))),
        _proof("renyi_three", r"\sum_y w t^2 \le \tfrac23 D_3",
               _step("a label that gains", r"\tfrac12 (e^{-2t} - 3 + 2 e^t) \ge \tfrac32 t^2,\ t \ge 0",
                     Scalar((sp.exp(-2 * t) - 3 + 2 * sp.exp(t)) / 2, 3 * t**2 / 2, (Range(t, 0),),
                            DerivativeChain(t)),
                     remark="The series of the left side has the negative third coefficient 2 - 2^3.")),
    )  # fmt: skip
