r"""Non-negative: quotients of polynomials, sums of squares of words, and what follows from premises.

Each obligation proves an inequality by an identity and signs that can be read off: a difference equal to
sum c_i ||W_i||^2 with c_i >= 0, for matrices of any size; a conclusion equal to a combination of premises with
non-negative multipliers; a quotient of polynomials without a negative coefficient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from theory.proofs.identity import Algebra, Expression, WordIdentity, combination, is_exact, is_zero
from theory.proofs.steps import Discharge, Method, Status

_TWENTIETH = sp.Rational(1, 20)  # five per cent, as in `theory.proofs.identity`


# --------------------------------------------------------------------------- signs by coefficients


def has_no_negative_coefficient(expression: Expression, variables: tuple[Expression, ...]) -> bool:
    """Whether numerator and denominator, expanded, have no negative coefficient: then it is >= 0 for variables >= 0."""
    numerator, denominator = sp.fraction(sp.cancel(sp.together(sp.sympify(expression))))
    if not numerator.free_symbols | denominator.free_symbols <= set(variables) or not is_exact(expression):
        return False
    if denominator.subs(dict.fromkeys(variables, 1)) < 0:
        numerator, denominator = -numerator, -denominator
    below = sp.Poly(denominator, *variables).coeffs()
    return all(c >= 0 for c in sp.Poly(numerator, *variables).coeffs()) and all(c > 0 for c in below)


@dataclass(frozen=True)
class PositiveCoefficients:
    """A quotient of polynomials is >= 0 for all values >= 0 of its variables, since no coefficient is negative.

    Attributes
    ----------
    expression
        The quotient; rational coefficients.
    variables
        Its variables, of which every value from zero on is meant (where the denominator is not zero).
    """

    expression: Expression
    variables: tuple[Expression, ...]

    @property
    def method(self) -> Method:
        """Return "psd"."""
        return "psd"

    def discharged(self) -> Discharge:
        """Expand and look at the coefficients."""
        try:
            if has_no_negative_coefficient(sp.sympify(self.expression), self.variables):
                return Discharge(Status.PROVED, "no coefficient is negative")
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the coefficients could not be read: {failure}")
        return Discharge(Status.NOT_PROVED, "a coefficient is negative, or is none")

    def perturbed(self) -> Iterator[tuple[str, PositiveCoefficients]]:
        """Yield the reversed inequality, and the expression lowered below zero at one point."""
        if not is_zero(self.expression):
            yield "inequality reversed", replace(self, expression=-self.expression)
        there = sp.sympify(self.expression).subs(dict.fromkeys(self.variables, 1))
        yield "lowered below zero where all variables are one", replace(self, expression=self.expression - there - 1)


@dataclass(frozen=True)
class TwoEigenspaces:
    """The family a I + b J, J all ones, is positive semidefinite for all k from some size on.

    Its eigenvalues are a, on vectors of sum zero, and a + k b, on constant vectors.

    Attributes
    ----------
    a, b
        Coefficients, rational functions of `size`.
    size, least
        The symbol k, and from which k on.
    """

    a: Expression
    b: Expression
    size: Expression
    least: int = 1

    @property
    def method(self) -> Method:
        """Return "psd"."""
        return "psd"

    def discharged(self) -> Discharge:
        """Write k as the least size plus t and look at the signs of coefficients in t."""
        try:
            t = sp.Dummy("t")
            for name, value in (("a", self.a), ("a + k b", self.a + self.size * self.b)):
                shifted = sp.sympify(value).subs(self.size, self.least + t)
                if not has_no_negative_coefficient(shifted, (t,)):
                    return Discharge(Status.NOT_PROVED, f"{name} may be negative")
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the eigenvalues could not be read: {failure}")
        return Discharge(Status.PROVED, f"both eigenvalues are >= 0 for every {self.size} >= {self.least}")

    def perturbed(self) -> Iterator[tuple[str, TwoEigenspaces]]:
        """Yield families with an eigenvalue that is negative at the least size, or everywhere."""
        a, b = (sp.sympify(each).subs(self.size, self.least) for each in (self.a, self.b))
        yield "a lowered below zero at the least size", replace(self, a=self.a - a - 1)
        lowered = self.b - (a + self.least * b + 1) / self.least
        yield "a + k b lowered below zero at the least size", replace(self, b=lowered)


# --------------------------------------------------------------------------- squares of words, premises


def _is_non_negative(coefficient: Expression) -> bool:
    return bool(sp.sympify(coefficient).is_nonnegative)


@dataclass(frozen=True)
class SumOfSquares:
    """A scalar is >= 0, since it is a sum of squared norms, for matrices of any size.

    Attributes
    ----------
    difference
        What is claimed to be non-negative: words of shape 1 x 1, or their trace.
    squares
        Pairs (c, W): the difference is the sum of c tr W^T W. Each c is a number >= 0 or a symbol declared so.
    algebra
        The letters and their rules.
    """

    difference: Expression
    squares: tuple[tuple[Expression, Expression], ...]
    algebra: Algebra

    @property
    def method(self) -> Method:
        """Return "psd"."""
        return "psd"

    def discharged(self) -> Discharge:
        """Check the signs, and the identity of traces."""
        try:
            if not is_exact(self.difference, *(part for pair in self.squares for part in pair)):
                return Discharge(Status.NOT_PROVED, "a number is not exact")
            for coefficient, _ in self.squares:
                if not _is_non_negative(coefficient):
                    return Discharge(Status.NOT_PROVED, f"{coefficient} is not known to be non-negative")
            for _, word in self.squares:
                if not all(value.is_real for value in combination(word).values()):
                    return Discharge(Status.NOT_PROVED, f"a coefficient of {word} is not known to be real")
                problem = self.algebra.misfit(word)
                if problem:
                    return Discharge(Status.NOT_PROVED, f"matrices that do not fit: {problem}")
            total = sp.Add(*(c * self._traced_square(word) for c, word in self.squares))
            found = WordIdentity(self.difference, total, self.algebra, trace=True).discharged()
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the squares could not be expanded: {failure}")
        if found.status is not Status.PROVED:
            return found
        return Discharge(Status.PROVED, f"a sum of {len(self.squares)} squared norm(s), for matrices of any size")

    def _traced_square(self, expression: Expression) -> Expression:
        """Return W^T W as it stands in a trace, where a number left of multiples of the identity counts once a row."""
        square = self.algebra.square(expression)
        words = [word for word in combination(expression) if word]
        number = combination(square).get((), sp.Integer(0))
        if not words or number == 0:
            return square
        return sp.expand(square - number + number * self.algebra.shape(words[0][0])[0])

    def perturbed(self) -> Iterator[tuple[str, SumOfSquares]]:
        """Yield the reversed inequality, changed coefficients, and squares with a negative weight."""
        yield "inequality reversed", replace(self, difference=-self.difference)
        reversed_squares = tuple((-c, word) for c, word in self.squares)
        negative = replace(self, difference=-self.difference, squares=reversed_squares)
        yield "inequality reversed, with negative weights", negative
        for word, coefficient in combination(self.difference).items():
            term = coefficient * sp.Mul(*word)
            if self.algebra.traced_form(term):
                changed = replace(self, difference=self.difference + term * _TWENTIETH)
                yield f"coefficient of {term} five percent larger", changed


@dataclass(frozen=True)
class Consequence:
    """An inequality follows from others: it is a combination of them with non-negative multipliers.

    Attributes
    ----------
    conclusion
        An expression in commuting symbols, claimed to be >= 0.
    premises
        Pairs (multiplier >= 0, expression >= 0 by an earlier step).
    equalities
        Pairs (multiplier of any sign, expression = 0 by an earlier step).
    """

    conclusion: Expression
    premises: tuple[tuple[Expression, Expression], ...]
    equalities: tuple[tuple[Expression, Expression], ...] = ()

    @property
    def method(self) -> Method:
        """Return "psd"."""
        return "psd"

    def _premises(self) -> tuple[tuple[Expression, Expression], ...]:
        return tuple((sp.sympify(factor), sp.sympify(each)) for factor, each in self.premises)

    def discharged(self) -> Discharge:
        """Check the signs of the multipliers, that no premise is the conclusion, and the identity."""
        try:
            for multiplier, _ in self.premises:
                if not _is_non_negative(multiplier):
                    return Discharge(Status.NOT_PROVED, f"the multiplier {multiplier} is not known to be non-negative")
            if not is_exact(self.conclusion, *(part for pair in (*self.premises, *self.equalities) for part in pair)):
                return Discharge(Status.NOT_PROVED, "a number is not exact")
            if any(is_zero(factor * each - self.conclusion) and factor.is_number for factor, each in self._premises()):
                return Discharge(Status.NOT_PROVED, "a premise is the conclusion itself")
            total = sp.Add(*(factor * each for factor, each in (*self.premises, *self.equalities)))
            if not is_zero(self.conclusion - total):
                return Discharge(Status.NOT_PROVED, "the conclusion is not that combination of the premises")
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the combination could not be compared: {failure}")
        return Discharge(Status.PROVED, f"a combination of {len(self.premises)} premise(s), multipliers non-negative")

    def perturbed(self) -> Iterator[tuple[str, Consequence]]:
        """Yield the reversed conclusion, also with negative multipliers, and conclusions with a changed coefficient."""
        if not self.premises:
            return  # what follows from equalities alone is an equality, and stays true when reversed
        yield "conclusion reversed", replace(self, conclusion=-self.conclusion)
        yield (
            "conclusion reversed, with negative multipliers",
            replace(
                self,
                conclusion=-self.conclusion,
                premises=tuple((-multiplier, each) for multiplier, each in self.premises),
                equalities=tuple((-multiplier, each) for multiplier, each in self.equalities),
            ),
        )
        for term in sp.Add.make_args(sp.expand(self.conclusion)):
            changed = self.conclusion + term * _TWENTIETH
            yield f"coefficient of {term} five percent larger", replace(self, conclusion=changed)
