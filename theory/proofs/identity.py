r"""Exact algebra: commuting symbols, words in matrices of any size, and forms that permutations leave alone.

`Identity` is about commuting symbols. `WordIdentity` is about matrices and vectors of any size: letters that do not
commute stand for them, rules such as ``P G -> 1`` for what is known of them, and both sides are rewritten to a normal
form. `SymmetricForms` compares quadratic forms a sum x_i^2 + b (sum x_i)^2, the only ones that do not change when
coordinates are permuted, with a and b in symbols: so for all numbers of labels and all sizes of subsets at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, TypeAlias

import sympy as sp

from theory.errors import InvalidInput
from theory.proofs.steps import Discharge, Method, Status

Expression: TypeAlias = Any  # a sympy expression: the package has no types of its own
Letter: TypeAlias = Any  # a sympy symbol that does not commute
Word: TypeAlias = tuple[Letter, ...]
Combination: TypeAlias = dict[Word, Expression]  # coefficients of words
Shape: TypeAlias = tuple[Expression, Expression]
Rows: TypeAlias = tuple[tuple[Fraction, ...], ...]  # a matrix of exact numbers

_MOST_REWRITINGS = 20_000  # rules that go on for longer are taken not to end
_MARK = "^T"  # what the name of a transpose ends on
_LARGER = sp.Rational(21, 20)  # five per cent: as little as a wrong constant is off in the catalogue's twins


def is_exact(*expressions: Expression) -> bool:
    """Whether all numbers in the expressions are exact, finite and real: squares of others need not be positive."""
    return not any(sp.sympify(each).has(sp.Float, sp.I, sp.oo, sp.zoo, sp.nan) for each in expressions)


def is_zero(expression: Expression) -> bool:
    """Whether an expression in commuting symbols vanishes exactly; doubt, and numbers with a rounding, count as no."""
    expression = sp.sympify(expression)
    if expression.has(sp.Float, sp.nan, sp.zoo, sp.oo):
        return False
    if sp.cancel(sp.together(sp.expand(expression))) == 0:
        return True
    return bool(sp.simplify(expression) == 0)


# --------------------------------------------------------------------------- commuting symbols


@dataclass(frozen=True)
class Identity:
    """An identity of expressions in commuting symbols, or of matrices of them.

    Attributes
    ----------
    lhs, rhs
        Both sides: expressions or matrices, or functions that make them where that takes long.
    """

    lhs: Expression | Callable[[], Expression]
    rhs: Expression | Callable[[], Expression]

    @property
    def method(self) -> Method:
        """Return "identity"."""
        return "identity"

    def discharged(self) -> Discharge:
        """Expand the difference of both sides and cancel."""
        try:
            forms = [_form(_made(side)) for side in (self.lhs, self.rhs)]
            left, right = _entries(_made(self.lhs)), _entries(_made(self.rhs))
            if not is_exact(*left, *right):
                return Discharge(Status.NOT_PROVED, "a number is not exact")
            if forms[0] != forms[1] or not left:
                return Discharge(Status.NOT_PROVED, f"a {forms[0]} on the left, a {forms[1]} on the right")
            for a, b in zip(left, right, strict=True):
                if not is_zero(a - b):
                    return Discharge(Status.NOT_PROVED, f"the sides differ by {_brief(a - b)}")
        except Exception as failure:  # an obligation never raises: beyond the method is not proved
            return Discharge(Status.NOT_PROVED, f"the sides could not be compared: {failure}")
        return Discharge(Status.PROVED, "both sides agree when expanded")

    def perturbed(self) -> Iterator[tuple[str, Identity]]:
        """Yield the identity with its right side moved, enlarged or of the other sign."""
        made = _made(self.rhs)
        right = _entries(made)

        def like(entries: list[Expression]) -> Expression:
            return sp.Matrix(*made.shape, entries) if isinstance(made, sp.MatrixBase) else entries[0]

        yield "one added to the right side", replace(self, rhs=like([b + 1 for b in right]))
        if not all(is_zero(b) for b in right):
            yield "right side five percent larger", replace(self, rhs=like([_LARGER * b for b in right]))
            yield "sign of the right side reversed", replace(self, rhs=like([-b for b in right]))


def _made(side: Expression | Callable[[], Expression]) -> Expression:
    made = side if isinstance(side, sp.Basic | sp.MatrixBase) or not callable(side) else side()
    return made if isinstance(made, sp.MatrixBase) else sp.sympify(made)


def _entries(made: Expression) -> list[Expression]:
    return list(made) if isinstance(made, sp.MatrixBase) else [made]


def _form(made: Expression) -> str:
    return "matrix of {} x {}".format(*made.shape) if isinstance(made, sp.MatrixBase) else "number"


def _brief(expression: Expression) -> str:
    text = str(expression)
    return text if len(text) < 120 else text[:117] + "..."


# --------------------------------------------------------------------------- matrices of any size


def letters(names: str) -> tuple[Letter, ...]:
    """Return letters for matrices or vectors, which do not commute, from their names separated by spaces.

    Raises
    ------
    InvalidInput
        If a name ends like that of a transpose.
    """
    for name in names.split():
        if name.endswith(_MARK):
            raise InvalidInput(f"names: expected no name ending on {_MARK}, which marks transposes, saw {name!r}")
    return tuple(sp.Symbol(name, commutative=False) for name in names.split())


def transpose(letter: Letter) -> Letter:
    """Return the letter of a transpose: the name of the matrix with a mark, and without it for a transpose."""
    name = letter.name
    return sp.Symbol(name[: -len(_MARK)] if name.endswith(_MARK) else name + _MARK, commutative=False)


@dataclass(frozen=True)
class Algebra:
    """Letters for matrices, with their shapes, and the rules that hold between them.

    Numbers, and symbols that commute, stand for themselves times an identity matrix, or for a 1 x 1 matrix.

    Attributes
    ----------
    shapes
        Rows and columns of each letter, as numbers or symbols; its transpose has them exchanged.
    rules
        Pairs (word, what it equals). A rule holds for the transposes too.
    symmetric
        Letters that are their own transposes.

    Raises
    ------
    InvalidInput
        If the sides of a rule do not fit, or its left side is no word.
    """

    shapes: Mapping[Letter, Shape]
    rules: tuple[tuple[Expression, Expression], ...] = ()
    symmetric: tuple[Letter, ...] = ()

    def __post_init__(self) -> None:
        for letter in self.symmetric:
            rows, columns = self.shape(letter)
            if rows != columns:
                raise InvalidInput(f"symmetric: expected square matrices, saw {letter} of shape {rows} x {columns}")
        for left, right in self.rules:
            words = combination(left)
            if len(words) != 1 or list(words.values()) != [1] or () in words:
                raise InvalidInput(f"rules: expected a word on the left, saw {left}")
            problem = self.misfit(left - right)
            if problem:
                raise InvalidInput(f"rules: expected {left} and {right} of one shape, saw {problem}")

    def transposed(self, expression: Expression) -> Expression:
        """Return the transpose of a sum of words."""
        return sp.Add(*(
            coefficient * sp.Mul(*(self._transposed_letter(letter) for letter in reversed(word)))
            for word, coefficient in combination(expression).items()
        ))  # fmt: skip

    def square(self, expression: Expression) -> Expression:
        """Return W^T W for a sum of words W."""
        return sp.expand(self.transposed(expression) * expression)

    def _transposed_letter(self, letter: Letter) -> Letter:
        return letter if letter in self.symmetric else transpose(letter)

    def shape(self, letter: Letter) -> Shape:
        """Return rows and columns of a letter or of the transpose of one.

        Raises
        ------
        InvalidInput
            If the letter is not one of the algebra's.
        """
        if letter in self.shapes:
            return self.shapes[letter]
        other = self._transposed_letter(letter)
        if other not in self.shapes:
            raise InvalidInput(f"letter: expected one of {', '.join(map(str, self.shapes))}, saw {letter}")
        rows, columns = self.shapes[other]
        return columns, rows

    def misfit(self, expression: Expression, trace: bool = False) -> str:
        """Return in which way the matrices of a sum of words (of traces) do not fit; nothing where they do."""
        seen: set[Shape] = set()
        scalar = False
        for word in combination(expression):
            for left, right in pairwise(word):
                if self.shape(left)[1] != self.shape(right)[0]:
                    return f"{left} {right} with {self.shape(left)[1]} columns and {self.shape(right)[0]} rows"
            if word:
                seen.add((self.shape(word[0])[0], self.shape(word[-1])[1]))
            scalar = scalar or not word
        if trace:
            return "".join(f"the trace of {rows} x {columns}" for rows, columns in seen if rows != columns)
        if len(seen) > 1 or (scalar and any(rows != columns for rows, columns in seen)):
            return f"terms of shapes {sorted(map(str, seen))}" + (" and a number" if scalar else "")
        return ""

    @cached_property
    def _rewritings(self) -> tuple[tuple[Word, Combination], ...]:
        both = list(self.rules)
        for left, right in self.rules:
            turned = self.transposed(left)
            if combination(turned) != combination(right):  # else the rule, "X^T -> X", would undo itself
                both.append((turned, self.transposed(right)))
        return tuple((next(iter(combination(left))), combination(right)) for left, right in both)

    def _rewritten(self, word: Word) -> Combination | None:
        """Apply the first rule that fits, leftmost; nothing where none does."""
        for start in range(len(word)):
            for pattern, result in self._rewritings:
                if word[start : start + len(pattern)] == pattern:
                    tail = word[start + len(pattern) :]
                    return {word[:start] + middle + tail: value for middle, value in result.items()}
        return None

    def normal_form(self, expression: Expression) -> Combination:
        """Return the words that are left when no rule applies any more, with their coefficients.

        Raises
        ------
        RecursionError
            If the rules do not come to an end.
        """
        return _exhausted(combination(expression), self._rewritten)

    def traced_form(self, expression: Expression) -> Combination:
        """Return the same for the trace: words may be rotated, and numbers stand for themselves.

        Raises
        ------
        RecursionError
            If the rules do not come to an end.
        """

        def rewritten(word: Word) -> Combination | None:
            if not word:
                return None
            turns = [word[i:] + word[:i] for i in range(len(word))]
            for turn in turns:
                result = self._rewritten(turn)
                if result is not None:
                    size = self.shape(turn[0])[0]  # the trace of an identity matrix that is left
                    return {rest: value if rest else value * size for rest, value in result.items()}
            first = min(turns, key=lambda turn: [letter.name for letter in turn])
            return None if first == word else {first: sp.Integer(1)}

        return _exhausted(combination(expression), rewritten)


def _exhausted(pending: Combination, rewritten: Callable[[Word], Combination | None]) -> Combination:
    done: Combination = {}
    for _ in range(_MOST_REWRITINGS):
        if not pending:
            return {word: value for word, value in done.items() if not is_zero(value)}
        word, coefficient = pending.popitem()
        result = rewritten(word)
        if result is None:
            done[word] = done.get(word, sp.Integer(0)) + coefficient
        else:
            for part, value in result.items():
                pending[part] = pending.get(part, sp.Integer(0)) + coefficient * value
    raise RecursionError("the rules do not come to an end")


def combination(expression: Expression) -> Combination:
    """Return the words of an expression with their coefficients, unreduced."""
    words: Combination = {}
    for term in sp.Add.make_args(sp.expand(sp.sympify(expression))):
        commuting, others = term.args_cnc()
        word: list[Letter] = []
        for factor in others:
            base, exponent = factor.as_base_exp()
            if not base.is_Symbol or not exponent.is_Integer or exponent < 0:
                raise InvalidInput(f"expression: expected products of letters, saw {factor}")
            word.extend([base] * int(exponent))
        words[tuple(word)] = words.get(tuple(word), sp.Integer(0)) + sp.Mul(*commuting)
    return {word: value for word, value in words.items() if value != 0}


def _numbers_stand_alone(expression: Expression) -> bool:
    """Whether the number in an expanded sum of words is what stands beside the words before it is expanded."""
    alone = sp.Add(*(term for term in sp.Add.make_args(sp.sympify(expression)) if term.is_commutative))
    return is_zero(combination(expression).get((), sp.Integer(0)) - alone)


@dataclass(frozen=True)
class WordIdentity:
    """An identity of sums of products of matrices, whatever their sizes.

    Attributes
    ----------
    lhs, rhs
        Both sides.
    algebra
        The letters, their shapes and the rules they obey.
    trace
        Whether the identity is one of traces.
    """

    lhs: Expression
    rhs: Expression
    algebra: Algebra
    trace: bool = False

    @property
    def method(self) -> Method:
        """Return "identity"."""
        return "identity"

    def discharged(self) -> Discharge:
        """Rewrite the difference of both sides to its normal form."""
        try:
            if not is_exact(self.lhs, self.rhs):
                return Discharge(Status.NOT_PROVED, "a number is not exact")
            gap = self.lhs - self.rhs
            if self.trace and not all(_numbers_stand_alone(side) for side in (self.lhs, self.rhs)):
                # In a trace a number stands for itself; one that comes of a product would have to count once a row.
                return Discharge(Status.NOT_PROVED, "a product in a trace leaves a multiple of the identity")
            problem = self.algebra.misfit(gap, trace=self.trace)
            if problem:
                return Discharge(Status.NOT_PROVED, f"matrices that do not fit: {problem}")
            form = self.algebra.traced_form(gap) if self.trace else self.algebra.normal_form(gap)
            if form:
                left = " + ".join(f"({value}) {' '.join(map(str, word))}" for word, value in form.items())
                return Discharge(Status.NOT_PROVED, f"the sides differ by {_brief(left)}")
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the sides could not be compared: {failure}")
        return Discharge(Status.PROVED, "both sides have one normal form, for matrices of any size")

    def perturbed(self) -> Iterator[tuple[str, WordIdentity]]:
        """Yield the identity with a coefficient of either side changed, and with the right side's sign reversed."""
        form = self.algebra.traced_form if self.trace else self.algebra.normal_form
        for side, where in (("lhs", "left"), ("rhs", "right")):
            whole = getattr(self, side)
            for word, coefficient in combination(whole).items():
                term = coefficient * sp.Mul(*word)
                if form(term):  # a term that vanishes can be changed at will
                    changed = replace(self, **{side: whole + term / 20})
                    yield f"coefficient of {term} on the {where} five percent larger", changed
        if form(self.rhs):
            yield "sign of the right side reversed", replace(self, rhs=-self.rhs)


# --------------------------------------------------------------------------- forms that permutations leave alone


@dataclass(frozen=True)
class InvariantForm:
    """The quadratic form ``squares * sum x_i^2 + total * (sum x_i)^2``.

    Every quadratic form that does not change under permutations of its variables is one: its matrix has one number on
    the diagonal, squares + total, and one off it, total.

    Attributes
    ----------
    squares, total
        Coefficients, in symbols for the number of variables.
    """

    squares: Expression
    total: Expression

    def at(self, sizes: Mapping[Expression, int]) -> InvariantForm:
        """Return the form at given sizes."""
        return InvariantForm(*(sp.sympify(each).subs(dict(sizes)) for each in (self.squares, self.total)))


def centred_norm(k: Expression) -> InvariantForm:
    """Return sum_i (x_i - mean)^2, for k variables."""
    return InvariantForm(sp.Integer(1), -1 / sp.sympify(k))


def gaps(k: Expression) -> InvariantForm:
    """Return sum over i, j of (x_i - x_j)^2, for k variables: 2 k sum x_i^2 - 2 (sum x_i)^2."""
    return InvariantForm(2 * sp.sympify(k), sp.Integer(-2))


def times(factor: Expression, form: InvariantForm) -> InvariantForm:
    """Return a multiple of a form."""
    return InvariantForm(factor * form.squares, factor * form.total)


def mean_over_subsets(form: InvariantForm, n: Expression, k: Expression) -> InvariantForm:
    """Return the mean over all n-subsets of k labels of a form of the variables in the subset.

    Of the C(k, n) subsets, C(k-1, n-1) contain a given label and C(k-2, n-2) a given pair. So the matrix of the mean
    has (squares + total) C(k-1, n-1) / C(k, n) on the diagonal and total C(k-2, n-2) / C(k, n) off it.
    """
    one, two = n / k, n * (n - 1) / (k * (k - 1))  # the two quotients of binomials; `inclusion` has them as binomials
    return InvariantForm((form.squares + form.total) * one - form.total * two, form.total * two)


def inclusion(n: Expression, k: Expression) -> tuple[Identity, Identity]:
    """Return that C(k-1, n-1) / C(k, n) = n / k and C(k-2, n-2) / C(k, n) = n (n-1) / (k (k-1))."""

    def quotient(r: int) -> Expression:
        return sp.combsimp(sp.binomial(k - r, n - r) / sp.binomial(k, n))

    return (
        Identity(lambda: quotient(1), n / k),
        Identity(lambda: quotient(2), n * (n - 1) / (k * (k - 1))),
    )


@dataclass(frozen=True)
class SymmetricForms:
    """Equality of two quadratic forms that permutations leave alone, for all numbers of variables.

    The coefficients are compared in symbols. That they are those of the form in question is checked where it can be
    written out: at the sizes given, its matrix must be invariant under the two permutations that generate all others,
    and have these coefficients.

    Attributes
    ----------
    lhs, rhs
        Both sides.
    sum_zero
        Whether they are compared on vectors of sum zero only, where (sum x_i)^2 is nothing.
    explicit
        The matrix of the left side from its definition, exact, at given sizes.
    sizes
        At which sizes, by symbol.
    """

    lhs: InvariantForm
    rhs: InvariantForm
    sum_zero: bool = False
    explicit: Callable[[Mapping[str, int]], Rows] | None = None
    sizes: tuple[Mapping[Expression, int], ...] = ()

    @property
    def method(self) -> Method:
        """Return "identity"."""
        return "identity"

    def discharged(self) -> Discharge:
        """Compare coefficients in symbols, and the left side with its definition at some sizes."""
        try:
            if not is_zero(self.lhs.squares - self.rhs.squares):
                return Discharge(Status.NOT_PROVED, "the coefficients of the sum of squares differ")
            if not self.sum_zero and not is_zero(self.lhs.total - self.rhs.total):
                return Discharge(Status.NOT_PROVED, "the coefficients of the squared sum differ")
            for sizes in self.sizes:
                problem = self._problem(sizes)
                if problem:
                    at = ", ".join(f"{symbol} = {value}" for symbol, value in sizes.items())
                    return Discharge(Status.NOT_PROVED, f"{problem} at {at}")
        except Exception as failure:  # an obligation never raises
            return Discharge(Status.NOT_PROVED, f"the forms could not be compared: {failure}")
        written = f", written out at {len(self.sizes)} sizes" if self.sizes else ""
        return Discharge(Status.PROVED, f"coefficients agree in symbols{written}")

    def _problem(self, sizes: Mapping[Expression, int]) -> str:
        if self.explicit is None:
            return "no matrix to compare with"
        matrix = self.explicit({symbol.name: value for symbol, value in sizes.items()})
        if not is_invariant(matrix):
            return "the form changes under a permutation"
        form = self.lhs.at(sizes)
        diagonal, off = matrix[0][0], matrix[0][1]
        if not is_zero(form.squares - _rational(diagonal - off)) or not is_zero(form.total - _rational(off)):
            return "the form has other coefficients"
        return ""

    def perturbed(self) -> Iterator[tuple[str, SymmetricForms]]:
        """Yield the equality with a coefficient changed, and with the definition of another form."""
        right = self.rhs
        if not is_zero(right.squares):
            larger = replace(self, rhs=replace(right, squares=_LARGER * right.squares))
            yield "coefficient of the sum of squares five percent larger", larger
            yield "signs reversed", replace(self, rhs=times(-1, right))
        if not self.sum_zero:
            yield (
                "coefficient of the squared sum raised by one",
                replace(self, rhs=replace(right, total=right.total + 1)),
            )
        if self.explicit is not None and self.sizes:
            yield "one entry of the matrix changed", replace(self, explicit=_Spoilt(self.explicit))


@dataclass(frozen=True)
class _Spoilt:
    """A matrix with its first entry one larger: no longer invariant."""

    original: Callable[[Mapping[str, int]], Rows]

    def __call__(self, sizes: Mapping[str, int]) -> Rows:
        first, *others = self.original(sizes)
        return ((first[0] + 1, *first[1:]), *others)


def _rational(value: Fraction) -> Expression:
    return sp.Rational(value.numerator, value.denominator)


def is_invariant(matrix: Rows) -> bool:
    """Whether a form does not change when the first two variables, or all in a cycle, are exchanged."""
    k = len(matrix)
    swap, cycle = [1, 0, *range(2, k)], [*range(1, k), 0]
    return all(matrix[p[i]][p[j]] == matrix[i][j] for p in (swap, cycle) for i in range(k) for j in range(k))


def mean_of_squares_over_subsets(
    k: int, n: int, vectors: Callable[[tuple[int, ...]], list[dict[int, Fraction]]]
) -> Rows:
    """Return the matrix of mean_S sum_v (v.x)^2, S the n-subsets of k labels, v the vectors that belong to S."""
    total = [[Fraction(0)] * k for _ in range(k)]
    subsets = list(combinations(range(k), n))
    for subset in subsets:
        for vector in vectors(subset):
            for i, a in vector.items():
                for j, b in vector.items():
                    total[i][j] += a * b
    return tuple(tuple(entry / len(subsets) for entry in row) for row in total)
