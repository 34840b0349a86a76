"""Scalar inequalities, proved on their whole domain by signs, by a chain of derivatives, or by balls.

A `Scalar` says that one expression is at least another wherever its variables lie in their ranges. Its `argument` is
how that is proved: `Signs` (a product or sum of terms of known sign), `DerivativeChain` (a function is non-negative if
it is so at the near end and its derivative is everywhere), or `Balls` (branch and bound in ball arithmetic, with
Taylor's theorem at zeros and a chain beyond the compact part).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, Protocol

import sympy as sp
from flint import arb, fmpq

from theory.arithmetic.balls import precision
from theory.errors import InvalidInput
from theory.proofs.steps import Discharge, Method, Status

Expression = Any  # a sympy expression: the package has no types of its own
Ball = Any

_BITS = 128  # of the boxes' corners and of enclosures: rounding is then nothing beside the width of a box
_REFUTATION_BITS = 400  # 120 digits: a difference of e^-200 at a far point still has a sign
_BOXES = 20_000  # a branch and bound that needs more is undecided
_LONGEST_CHAIN = 6  # derivatives; the catalogue's proofs take four at most
_HIGHEST_ZERO = 4  # order of a zero; the catalogue has simple and double ones


@dataclass(frozen=True)
class Range:
    """An interval for a variable; its ends may depend on variables listed before it.

    Attributes
    ----------
    symbol
        The variable.
    low, high
        Its ends, which may be infinite.
    """

    symbol: Expression
    low: Expression = sp.S.NegativeInfinity
    high: Expression = sp.S.Infinity

    def __str__(self) -> str:
        return f"{self.low} <= {self.symbol} <= {self.high}"


class Argument(Protocol):
    """How an expression is shown to be non-negative on ranges."""

    def proves(self, expression: Expression, ranges: tuple[Range, ...]) -> str:
        """Return how it was proved, in a line, or nothing."""
        ...


@dataclass(frozen=True)
class Scalar:
    """``larger >= smaller`` for all variables in their ranges.

    Attributes
    ----------
    larger, smaller
        The two sides.
    ranges
        One for each free symbol; a range may refer to symbols of ranges before it.
    argument
        How it is proved.

    Raises
    ------
    InvalidInput
        If a free symbol has no range, one has two, or one is declared with a sign: signs come from ranges only.
    """

    larger: Expression
    smaller: Expression
    ranges: tuple[Range, ...]
    argument: Argument

    def __post_init__(self) -> None:
        symbols = [each.symbol for each in self.ranges]
        if len(set(symbols)) != len(symbols):
            raise InvalidInput(f"ranges: expected one range for each variable, saw {', '.join(map(str, symbols))}")
        signed = [symbol for symbol in symbols if symbol.is_extended_nonnegative or symbol.is_extended_nonpositive]
        if signed:
            raise InvalidInput(f"ranges: expected symbols declared real and no more, saw a sign in that of {signed[0]}")
        missing = sp.sympify(self.larger - self.smaller).free_symbols - set(symbols)
        if missing:
            raise InvalidInput(f"ranges: expected a range for each variable, saw none for {min(map(str, missing))}")

    @property
    def method(self) -> Method:
        """Return "scalar"."""
        return "scalar"

    @property
    def gap(self) -> Expression:
        """The expression that has to be non-negative."""
        return sp.sympify(self.larger) - sp.sympify(self.smaller)

    def discharged(self) -> Discharge:
        """Decide it by its argument."""
        ends = [end for each in self.ranges for end in (each.low, each.high)]
        if any(sp.sympify(part).has(sp.Float) for part in (self.larger, self.smaller, *ends)):
            return Discharge(Status.NOT_PROVED, "a number is not exact")
        try:
            how = self.argument.proves(self.gap, self.ranges)
        except Exception as failure:  # an obligation never raises: beyond the method is not proved
            return Discharge(Status.NOT_PROVED, f"the argument breaks down: {failure}")
        return Discharge(Status.PROVED, how) if how else Discharge(Status.NOT_PROVED, "the argument does not decide it")

    def perturbed(self) -> Iterator[tuple[str, Scalar]]:
        """Yield false inequalities close to this one: each has a counterexample, enclosed in balls."""
        factors = (sp.Rational(1001, 1000), sp.Rational(21, 20), sp.Rational(3, 2), sp.Integer(4), sp.Integer(100))
        larger_constants = ((f"right side times {c}", replace(self, smaller=c * self.smaller)) for c in factors)
        less = (sp.Rational(1, 1000), sp.Rational(1, 10), sp.Integer(1), sp.Integer(100))
        lowered = ((f"left side lowered by {c}", replace(self, larger=self.larger - c)) for c in less)
        swapped = iter([("inequality reversed", replace(self, larger=self.smaller, smaller=self.larger))])
        for family in (larger_constants, lowered, swapped, self._widened()):
            yield from islice((found for found in family if refuted(found[1].gap, found[1].ranges)), 1)

    def _widened(self) -> Iterator[tuple[str, Scalar]]:
        for i, each in enumerate(self.ranges):
            for wider in (replace(each, low=each.low - 1), replace(each, high=each.high + 1)):
                if wider != each:
                    yield (
                        f"range widened to {wider}",
                        replace(self, ranges=(*self.ranges[:i], wider, *self.ranges[i + 1 :])),
                    )


def over_labels(term: Expression, moments: Mapping[Expression, Expression]) -> Expression:
    r"""Return the sum over labels of a polynomial in quantities of a label, in terms of the sums of its monomials.

    Summation is linear, so that the result holds for every number of labels.

    Parameters
    ----------
    term
        A polynomial, such as ``(v - c)**2``.
    moments
        The sum over labels of each monomial in the quantities of a label: ``{1: k, v: S1, v**2: S2}``.

    Raises
    ------
    InvalidInput
        If a monomial of the term has no sum.
    """
    varying = sorted(set().union(*(sp.sympify(m).free_symbols for m in moments)), key=str)
    total = sp.Integer(0)
    if not varying:
        return term * moments[sp.Integer(1)]
    for powers, coefficient in sp.Poly(sp.expand(term), *varying).terms():
        monomial = sp.prod(symbol**power for symbol, power in zip(varying, powers, strict=True))
        if monomial not in moments:
            raise InvalidInput(
                f"moments: expected the sum over labels of {monomial}, saw {', '.join(map(str, moments))}"
            )
        total += coefficient * moments[monomial]
    return total


# --------------------------------------------------------------------------- signs


def nonnegative(expression: Expression) -> bool:
    """Whether an expression in symbols of known sign is a sum or product of terms that are plainly non-negative."""
    forms = (lambda e: e, sp.factor_terms, sp.expand, lambda e: sp.factor(sp.together(e)))
    return any(form(expression).is_nonnegative is True for form in forms)


def _positive_coordinates(expression: Expression, ranges: tuple[Range, ...]) -> tuple[Expression, list[Expression]]:
    """Rewrite an expression in positive coordinates of the interior of the ranges; ends follow by continuity."""
    coordinates: list[Expression] = []
    known: dict[Expression, Expression] = {}
    for each in ranges:
        low, high = (sp.sympify(end).subs(known, simultaneous=True) for end in (each.low, each.high))
        y = sp.Dummy(f"y_{each.symbol}", positive=True)
        if low == -sp.oo and high == sp.oo:
            y = sp.Dummy(f"y_{each.symbol}", real=True)
            value = y
        elif high == sp.oo:
            value = low + y
        elif low == -sp.oo:
            value = high - y
        else:
            value = (low + high * y) / (1 + y)
        coordinates.append(y)
        known[each.symbol] = value
    return sp.sympify(expression).subs(known, simultaneous=True), coordinates


_ENTIRE = (sp.exp, sp.sinh, sp.cosh, sp.tanh, sp.sin, sp.cos)


def elementary(expression: Expression) -> bool:
    """Whether an expression has no function that jumps, before signs are known: sympy would evaluate it away."""
    known = (*_ENTIRE, sp.log)
    parts = sp.preorder_traversal(sp.sympify(expression))
    return all(
        part.is_Symbol or part.is_number or part.is_Add or part.is_Mul or part.func in known
        or (part.is_Pow and part.base != 0)
        for part in parts
    )  # fmt: skip


def smooth(expression: Expression) -> bool:
    """Whether an expression in symbols of known sign is plainly smooth: no denominator, root or log can vanish.

    Without it a function that jumps at a pole would rise everywhere and be negative beyond.
    """
    if expression.is_Symbol or expression.is_number:
        return True
    if not all(smooth(part) for part in expression.args):
        return False
    if expression.is_Add or expression.is_Mul or expression.func in _ENTIRE:
        return True
    if expression.is_Pow:
        whole = expression.exp.is_Integer and expression.exp.is_nonnegative
        return bool(whole or sp.factor(sp.together(expression.base)).is_positive)
    return bool(expression.func is sp.log and sp.factor(sp.together(expression.args[0])).is_positive)


@dataclass(frozen=True)
class Signs:
    """The expression, in coordinates that are positive inside the ranges, is a sum or product of non-negative terms."""

    def proves(self, expression: Expression, ranges: tuple[Range, ...]) -> str:
        """Return how it was proved, or nothing."""
        if not elementary(expression):
            return ""
        current = _positive_coordinates(expression, ranges)[0]
        # What is shown inside the ranges holds at their ends by continuity.
        return "every term is non-negative" if smooth(current) and nonnegative(current) else ""


@dataclass(frozen=True)
class DerivativeChain:
    """Non-negative at the near end of a range, and so is the derivative, for as many derivatives as it takes.

    Attributes
    ----------
    variable
        With respect to which derivatives are taken; all others are parameters. The near end is the finite one, the
        lower of two; the far end is not used.
    weights
        Positive factors, each applied before a derivative is taken; it changes no sign.
    """

    variable: Expression
    weights: tuple[Expression, ...] = ()

    def proves(self, expression: Expression, ranges: tuple[Range, ...]) -> str:
        """Return how it was proved, or nothing."""
        index = [each.symbol for each in ranges].index(self.variable)
        near = ranges[index]
        if near.low == -sp.oo and near.high == sp.oo:
            return ""  # no end to begin at
        half = replace(near, high=sp.oo) if near.low != -sp.oo else near
        half_lines = (*ranges[:index], half, *ranges[index + 1 :])
        if not elementary(expression):
            return ""
        current, coordinates = _positive_coordinates(expression, half_lines)
        y = coordinates[index]
        if not smooth(current):
            return ""
        for order in range(_LONGEST_CHAIN + 1):
            if nonnegative(current):
                return f"values at the end and derivative {order} are non-negative"
            weight = sp.Integer(1)
            if order < len(self.weights):
                weight = _positive_in(self.weights[order], half_lines, coordinates)
            current = sp.expand(current * weight)
            if not nonnegative(sp.limit(current, y, 0, "+")):
                return ""
            current = sp.diff(current, y)
        return ""


def _positive_in(weight: Expression, ranges: tuple[Range, ...], coordinates: list[Expression]) -> Expression:
    """Return a weight in the coordinates of an expression, if it is positive there."""
    rewritten, own = _positive_coordinates(weight, ranges)
    if sp.simplify(rewritten).is_positive is not True:
        raise InvalidInput(f"weights: expected factors that are positive on the range, saw {weight}")
    return rewritten.subs(dict(zip(own, coordinates, strict=True)), simultaneous=True)


# --------------------------------------------------------------------------- balls


_FUNCTIONS = {
    sp.exp: lambda x: x.exp(),
    sp.log: lambda x: x.log(),
    sp.tanh: lambda x: x.tanh(),
    sp.sinh: lambda x: x.sinh(),
    sp.cosh: lambda x: x.cosh(),
    sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(),
}


def enclose(expression: Expression, at: Mapping[Expression, Ball]) -> Ball:
    """Return a ball that contains every value of an expression whose variables lie in the given balls.

    Raises
    ------
    InvalidInput
        If the expression has a symbol or a function that balls do not know.
    """
    if expression.is_Symbol and expression in at:
        return at[expression]
    if expression.is_Rational:
        return arb(fmpq(int(expression.p), int(expression.q)))
    if expression is sp.E:
        return arb(1).exp()
    if expression is sp.pi:
        return arb.pi()
    parts = [enclose(part, at) for part in expression.args]
    if expression.is_Add:
        return sum(parts[1:], parts[0])
    if expression.is_Mul:
        found = parts[0]
        for part in parts[1:]:
            found = found * part
        return found
    if expression.is_Pow:
        exponent = expression.exp
        if exponent.is_Integer:
            return parts[0] ** int(exponent) if exponent >= 0 else 1 / parts[0] ** int(-exponent)
        if exponent == sp.Rational(1, 2):
            return parts[0].sqrt()
        return (parts[1] * (arb(1) if expression.base is sp.E else parts[0].log())).exp()
    if expression.func in _FUNCTIONS:
        return _FUNCTIONS[expression.func](parts[0])
    raise InvalidInput(f"expression: expected sums, products, powers, exp, log and hyperbolics, saw {expression}")


_INSIDE = tuple(map(sp.Rational, ("1e-6", "1e-3", "1/10", "1/3", "1/2", "3/4", "9/10", "999/1000", "999999/1000000")))
_OUTWARD = tuple(map(sp.Rational, ("1e-6", "1e-3", "1/10", "1/2", "1", "2", "5", "20")))


def _points(each: Range, known: Mapping[Expression, Expression]) -> list[Expression]:
    low, high = (sp.sympify(end).subs(dict(known)) for end in (each.low, each.high))
    if low == -sp.oo and high == sp.oo:
        return [sign * step for sign in (1, -1) for step in _OUTWARD]
    if high == sp.oo:
        return [low + step for step in _OUTWARD]
    if low == -sp.oo:
        return [high - step for step in _OUTWARD]
    return [low + part * (high - low) for part in _INSIDE] if (high - low).is_positive else []


def refuted(expression: Expression, ranges: tuple[Range, ...]) -> bool:
    """Whether an expression is negative at some point of a coarse grid of the ranges, enclosed in balls."""
    step = 1 if len(ranges) <= 2 else 2

    def descend(known: dict[Expression, Expression], left: tuple[Range, ...]) -> bool:
        if left:
            first, rest = left[0], left[1:]
            return any(descend({**known, first.symbol: x}, rest) for x in _points(first, known)[::step])
        value = enclose(expression, {symbol: enclose(sp.sympify(x), {}) for symbol, x in known.items()})
        return bool(value < 0)

    with precision(_REFUTATION_BITS):
        return descend({}, ranges)


@dataclass(frozen=True)
class Balls:
    """Branch and bound in ball arithmetic, in one or two variables.

    Near a zero of the expression balls decide nothing: there Taylor's theorem does, by the first derivative in the
    first variable that does not vanish at the zero, which must have one sign around it. Beyond `tail` the first
    variable is left to a chain of derivatives.

    Attributes
    ----------
    zeros
        Rational values of the first variable where the expression vanishes, whatever the other variable is.
    tail
        For a first variable that is unbounded above: the number from which the chain takes over.
    """

    zeros: tuple[Expression, ...] = ()
    tail: Expression | None = None

    def proves(self, expression: Expression, ranges: tuple[Range, ...]) -> str:
        """Return how it was proved, or nothing."""
        if len(ranges) > 2:
            return ""
        first, others = ranges[0], ranges[1:]
        beyond = ""
        if self.tail is not None:
            chain = DerivativeChain(first.symbol)
            if not chain.proves(expression, (replace(first, low=self.tail), *others)):
                return ""
            first, beyond = replace(first, high=self.tail), f", a chain of derivatives beyond {self.tail}"
        ends = [first.low, first.high, *(end for each in others for end in (each.low, each.high))]
        if not all(sp.sympify(end).is_Rational for end in ends):
            return ""
        free = [(sp.Rational(first.low), sp.Rational(first.high))]
        for zero in self.zeros:
            radius = self._around(sp.Rational(zero), expression, first, others)
            if radius is None:
                return ""
            free = [piece for whole in free for piece in _without(whole, zero - radius, zero + radius)]
        boxes = 0
        for low, high in free:
            needed = _boxes(expression, (replace(first, low=low, high=high), *others))
            if needed is None:
                return ""
            boxes += needed
        where = f", Taylor's theorem at {', '.join(map(str, self.zeros))}" if self.zeros else ""
        return f"positive on {boxes} boxes{where}{beyond}"

    def _around(
        self, zero: Expression, expression: Expression, first: Range, others: tuple[Range, ...]
    ) -> Expression | None:
        """Return a radius around a zero on which Taylor's theorem gives the sign."""
        derivative, order = expression, 0
        while sp.simplify(derivative.subs(first.symbol, zero)) == 0:
            derivative, order = sp.diff(derivative, first.symbol), order + 1
            if order > _HIGHEST_ZERO:
                return None
        for halvings in range(1, 12):
            radius = (first.high - first.low) * sp.Rational(1, 2**halvings)
            # expression(x) = derivative(xi) (x - zero)^order / order!; on the left the power has the sign (-1)^order
            sides = [
                (sp.Integer(1), zero, min(zero + radius, first.high)),
                (sp.Integer((-1) ** order), max(zero - radius, first.low), zero),
            ]
            pieces = [(sign, replace(first, low=low, high=high)) for sign, low, high in sides if low < high]
            if all(_boxes(sign * derivative, (piece, *others), 500) is not None for sign, piece in pieces):
                return radius
        return None


def _without(
    whole: tuple[Expression, Expression], low: Expression, high: Expression
) -> list[tuple[Expression, Expression]]:
    """Return what is left of an interval without another, as closed intervals."""
    kept = [(whole[0], min(low, whole[1])), (max(high, whole[0]), whole[1])]
    return [(a, b) for a, b in kept if a < b]


def _boxes(expression: Expression, ranges: tuple[Range, ...], most: int = _BOXES) -> int | None:
    """Return how many boxes it took to show that an expression is positive on a box, None if it was not shown."""
    start = tuple((fmpq(int(r.low.p), int(r.low.q)), fmpq(int(r.high.p), int(r.high.q))) for r in map(_exact, ranges))
    symbols, waiting, used = [each.symbol for each in ranges], [start], 0
    with precision(_BITS):
        while waiting:
            box, used = waiting.pop(), used + 1
            if used + len(waiting) > most:
                return None
            value = enclose(expression, {s: _ball(*side) for s, side in zip(symbols, box, strict=True)})
            if value > 0:
                continue
            if value < 0:
                return None
            halves = [((low, (low + high) / 2), ((low + high) / 2, high)) for low, high in box]
            waiting.extend(product(*halves))
    return used


def _exact(each: Range) -> Range:
    return replace(each, low=sp.Rational(each.low), high=sp.Rational(each.high))


def _ball(low: Any, high: Any) -> Ball:
    """Return a ball that contains an interval."""
    return arb(low).union(arb(high))
