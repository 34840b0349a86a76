"""Extremal families: the exact limit of both sides' ratio is the constant, and exact values of worked examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from theory.errors import InvalidInput
from theory.proofs.steps import Discharge, Method, Status

Expression = Any  # a sympy expression: the package has no types of its own

_DIGITS = 60  # of the second opinion: differences of order _NEAR^-4 are still seen to 28 digits
_NEAR = 10**8  # how far along the family the second opinion looks
_TOLERANCE = sp.Rational(
    1, 100
)  # relative: at 1000 what closes like 1/r is 1e-3 away; the nearest wrong limits tried are 5 % off


@dataclass(frozen=True)
class Limit:
    """The limit of an expression along a family of one parameter, exact, and symbolic in all other symbols.

    The limit is sympy's. Since a computer algebra system has been wrong about limits before, the expression is also
    evaluated far along the family, to 60 digits: that can only refute.

    Attributes
    ----------
    expression, variable, point, value
        ``expression -> value`` as ``variable -> point``, a number or infinity.
    side
        From which side: ``"+"`` or ``"-"``.
    sample
        Values of the other symbols for the second opinion.

    Raises
    ------
    InvalidInput
        If a symbol of the expression besides the variable has no sample.
    """

    expression: Expression
    variable: Expression
    point: Expression
    value: Expression
    side: str = "+"
    sample: Mapping[Expression, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        free = (sp.sympify(self.expression).free_symbols | sp.sympify(self.value).free_symbols) - {self.variable}
        missing = sorted(str(symbol) for symbol in free - set(self.sample))
        if missing:
            raise InvalidInput(f"sample: expected a value for each other symbol, saw none for {', '.join(missing)}")

    @property
    def method(self) -> Method:
        """Return "extremal"."""
        return "extremal"

    def _near(self) -> Expression:
        if self.point == sp.oo:
            return sp.Integer(1000)
        step = sp.Rational(1, _NEAR)
        return self.point + step if self.side == "+" else self.point - step

    def contradicted(self) -> bool:
        """Whether the family, followed far, is far from the limit that is claimed."""
        there = {**self.sample, self.variable: self._near()}
        got = sp.N(sp.sympify(self.expression).subs(there), _DIGITS)
        claimed = sp.N(sp.sympify(self.value).subs(dict(self.sample)), _DIGITS)
        return not bool(abs(got - claimed) <= _TOLERANCE * (1 + abs(claimed)))

    def discharged(self) -> Discharge:
        """Compute the limit and compare."""
        try:
            if _inexact(self.expression, self.point, self.value):
                return Discharge(Status.NOT_PROVED, "a number is not exact")
            found = sp.limit(sp.sympify(self.expression), self.variable, self.point, self.side)
            if found.has(sp.Limit) or found.has(sp.nan):
                return Discharge(Status.NOT_PROVED, "the limit could not be determined")
            if sp.simplify(found - self.value) != 0:
                return Discharge(Status.NOT_PROVED, f"the limit is {found}, not {self.value}")
            if self.contradicted():
                return Discharge(Status.NOT_PROVED, f"evaluation near {self.point} contradicts the limit {self.value}")
        except Exception as failure:  # an obligation never raises: beyond the method is not proved
            return Discharge(Status.NOT_PROVED, f"the limit could not be determined: {failure}")
        return Discharge(Status.PROVED, f"exact limit {self.value} as {self.variable} -> {self.point}")

    def perturbed(self) -> Iterator[tuple[str, Limit]]:
        """Yield wrong limits."""
        yield from ((what, replace(self, value=value)) for what, value in _wrong(self.value))


@dataclass(frozen=True)
class Value:
    """An exact closed form of a worked example: what is computed simplifies to what is claimed.

    Attributes
    ----------
    compute
        The exact computation, a sympy expression; it may be costly, and runs only when the obligation is discharged.
    value
        The closed form.
    """

    compute: Callable[[], Expression]
    value: Expression

    @property
    def method(self) -> Method:
        """Return "extremal"."""
        return "extremal"

    def discharged(self) -> Discharge:
        """Compute and compare."""
        try:
            found = self.compute()
            if _inexact(found, self.value):
                return Discharge(Status.NOT_PROVED, "a number is not exact")
            if sp.simplify(found - self.value) != 0:
                return Discharge(Status.NOT_PROVED, f"the exact value differs from {self.value}")
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the value could not be computed: {failure}")
        return Discharge(Status.PROVED, f"exact value {self.value}")

    def perturbed(self) -> Iterator[tuple[str, Value]]:
        """Yield wrong values."""
        yield from ((what, replace(self, value=value)) for what, value in _wrong(self.value))


def _wrong(value: Expression) -> tuple[tuple[str, Expression], ...]:
    """Return values that differ from the one given."""
    one_more = ("value raised by one", value + 1)
    if value == 0:
        return (one_more, ("value lowered by one", sp.Integer(-1)))
    return (("value five percent larger", value * sp.Rational(21, 20)), ("sign reversed", -value), one_more)


def _inexact(*expressions: Expression) -> bool:
    """Whether a floating-point number occurs: it may cancel, and leave a difference that looks exact."""
    return any(sp.sympify(expression).has(sp.Float) for expression in expressions)
