"""What a proof concludes, as data: an inequality between named quantities, held against the step that concludes it.

A conclusion such as ``KL <= d2/4`` is checked at both ends. Here, against the obligation of the concluding step: with
each quantity read as what the step calls it, the difference of the sides is the step's. In `theory.catalogue.proofs`,
against the statement of the catalogue: on ordinary pairs of models both sides have the values of the statement's.

What a step's letters stand for is a reading, which no machine checks: it is data here, printed beside the step, and a
proof says how much of it is read. A reading under which a constant that is one per cent off would pass as well is none.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from theory.errors import InvalidInput
from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Expression, Identity, SymmetricForms, WordIdentity, is_zero
from theory.proofs.psd import Consequence, SumOfSquares
from theory.proofs.scalar import Scalar
from theory.proofs.steps import Obligation, Proof, Status, Step

_ONE_PERCENT = sp.Rational(101, 100)
_EQUALITIES = (Identity, WordIdentity, SymmetricForms, Value)


@dataclass(frozen=True)
class Conclusion:
    """An inequality, or equality, between quantities that have names.

    Attributes
    ----------
    says
        ``"left <= right"`` or ``"left = right"``, in names of quantities; what is of one input is averaged over inputs.
    step
        Name of the step that concludes it; by default the last.
    reading
        What the concluding step calls a quantity: its symbols, or ``lhs`` and ``rhs``, ``larger`` and ``smaller``.
    scale
        A positive factor by which the sides differ from the step's.
    hypotheses
        Names of the conditions under which it is proved.
    margins
        Where a condition has a number in it, by how much it holds, in names of quantities.
    """

    says: str
    step: str = ""
    reading: Mapping[str, str] = field(default_factory=dict)
    scale: str = "1"
    hypotheses: tuple[str, ...] = ()
    margins: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(re.split(r"<=|=", self.says)) != 2:
            raise InvalidInput(f"says: expected two sides and <= or = between them, saw {self.says!r}")

    @property
    def relation(self) -> Literal["<=", "="]:
        """Between the sides."""
        return "<=" if "<=" in self.says else "="

    @property
    def sides(self) -> tuple[Expression, Expression]:
        """Both sides, in symbols of the names."""
        left, right = (parsed(part) for part in self.says.split(self.relation))
        return left, right

    def untied(self, proof: Proof) -> str:
        """Return why the concluding step of a proof does not conclude this; nothing where it does."""
        try:
            obligation = self.concluding(proof).obligation
            if self.relation == "=" and not isinstance(obligation, _EQUALITIES):
                return f"an equality is concluded from {type(obligation).__name__}"
            if not self._agrees(obligation, sp.Integer(1), sp.Integer(1)):
                return "its last step concludes something else"
            if self._agrees(obligation, sp.Integer(1), _ONE_PERCENT):
                return "as its last step is read, it would conclude a constant one per cent off as well"
        except Exception as failure:  # what cannot be compared is not the same
            return f"its last step could not be compared: {failure}"
        return ""

    def concluding(self, proof: Proof) -> Step:
        """Return the step that concludes."""
        return next(step for step in reversed(proof.steps) if self.step in ("", step.name))

    def _agrees(self, obligation: Obligation, first: Expression, second: Expression) -> bool:
        names, gap = _terms(obligation)
        scale = parsed(self.scale, names)
        if not scale.is_positive:
            return False
        reading = {parsed(name): parsed(text, names) for name, text in self.reading.items()}
        left, right = (side.subs(reading, simultaneous=True) for side in self.sides)
        difference = (second * right - first * left) * scale
        signs = (1,) if isinstance(obligation, Consequence | Scalar | SumOfSquares) else (0, 1, -1)
        return any(_vanishes(difference - sign * gap) for sign in signs)


def concludes(
    says: str,
    reading: Mapping[str, str] | None = None,
    hypotheses: tuple[str, ...] = (),
    *,
    scale: str = "1",
    step: str = "",
    margins: Mapping[str, str] | None = None,
) -> Conclusion:
    """Return a conclusion, what one mostly says of it first; see `Conclusion`."""
    return Conclusion(says, step, reading or {}, scale, hypotheses, margins or {})


def parsed(text: str, names: Mapping[str, Expression] | None = None) -> Expression:
    """Return an expression of names: symbols for positive numbers, unless they are given."""
    known = dict(names or {})
    for name in re.findall(r"[A-Za-z_]\w*", text):
        if name not in ("sqrt", "exp", "log", "tanh", "E", "floor", "pi") and name not in known:
            known[name] = sp.Symbol(name, positive=True)
    return sp.sympify(text, locals=known, rational=True)


def plain_name(name: str) -> str:
    """Return a symbol's name as it may be written in a reading."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) else f"_{plain}" if plain[:1].isdigit() else plain


def _vanishes(expression: Expression) -> bool:
    expression = sp.sympify(expression)
    if expression.is_commutative:
        return is_zero(expression)
    return bool(sp.expand(expression) == 0)


def _terms(obligation: Obligation) -> tuple[dict[str, Expression], Expression]:
    """Return what a reading may refer to by name, and the difference of sides that the obligation is about."""
    sides = {name: _last_entry(getattr(obligation, name)) for name in _SIDES.get(type(obligation), ())}
    if isinstance(obligation, Consequence):
        gap = obligation.conclusion
    elif isinstance(obligation, SumOfSquares):
        gap = obligation.difference
    elif isinstance(obligation, Scalar):
        gap = obligation.gap
    else:
        gap = sides["rhs"] - sides["lhs"] if "lhs" in sides else sp.Integer(0)
    symbols = {symbol for part in (gap, *sides.values()) for symbol in sp.sympify(part).free_symbols}
    renamed = {
        symbol: sp.Symbol(plain_name(symbol.name), positive=True)
        if symbol.is_commutative
        else sp.Symbol(plain_name(symbol.name), commutative=False)
        for symbol in symbols
    }
    names = {each.name: each for each in renamed.values()}
    for name, side in sides.items():
        names[name] = sp.sympify(side).subs(renamed, simultaneous=True)
    return names, sp.sympify(gap).subs(renamed, simultaneous=True)


_SIDES: Mapping[type, tuple[str, ...]] = {
    Identity: ("lhs", "rhs"),
    WordIdentity: ("lhs", "rhs"),
    SymmetricForms: ("lhs", "rhs"),
    Scalar: ("larger", "smaller"),
    Value: ("value",),
    Limit: ("expression", "value"),
}


def _last_entry(side: object) -> Expression:
    """Return a side as an expression: of a matrix the last entry counts, of a form its squares."""
    if callable(side) and not isinstance(side, sp.Basic | sp.MatrixBase):
        side = side()
    if isinstance(side, sp.MatrixBase):
        side = side[len(side) - 1]
    return sp.sympify(getattr(side, "squares", side))


# --------------------------------------------------------------------------- premises


def foundless(concluding: Step) -> str:
    """Return whether the concluding step draws its conclusion from premises of no step; nothing where it does not."""
    if isinstance(concluding.obligation, Consequence) and not concluding.uses:
        return f"{concluding.name}: its premises come from no step"
    return ""


def read_premises(proof: Proof) -> tuple[str, ...]:
    """Return the premises that are read off a step, in other letters, rather than being what it concludes.

    A premise is checked where a step in `uses` is itself a combination of premises that concludes it, up to a factor
    that is a positive number; or where the proof says what its symbols stand for in the letters of a step in `uses`,
    and with these it is what that step has discharged. What is left is named: "conclusion: 2*KL - form >= 0".
    """
    given = {step.name: step.obligation for step in proof.steps}
    found = []
    for step in proof.steps:
        if not isinstance(step.obligation, Consequence):
            continue
        used = [given[name] for name in step.uses]
        for _, premise in step.obligation.premises:
            if not any(_concluded(premise, each) or _discharged(premise, each, proof.names) for each in used):
                found.append(f"{step.name}: {premise} >= 0")
        for _, equality in step.obligation.equalities:
            if not any(_identical(equality, each, proof.names) for each in used):
                found.append(f"{step.name}: {equality} = 0")
    return tuple(found)


def _concluded(premise: Expression, used: Obligation) -> bool:
    return isinstance(used, Consequence) and _proportional(premise, used.conclusion)


def _spelled_out(premise: Expression, names: Mapping[Expression, Expression], used: Obligation) -> Expression | None:
    """Return a premise for one input or one label, where it may be summed over them, else None.

    A sum of inequalities is one: for a premise that is linear in sums, without a constant term, with coefficients that
    do not depend on what is summed over: symbols of what the names stand for, save sizes of matrices.
    """
    premise = sp.sympify(premise)
    mine = [symbol for symbol in names if premise.has(symbol)]
    if not mine:
        return None
    varying = {each for name in names for each in sp.sympify(names[name]).free_symbols if each.is_commutative}
    if isinstance(used, SumOfSquares | WordIdentity):
        sizes = [sp.sympify(size) for shape in used.algebra.shapes.values() for size in shape]
        varying -= {symbol for size in sizes for symbol in size.free_symbols}
    polynomial = sp.Poly(premise, *mine)
    linear = all(sum(degrees) == 1 for degrees in polynomial.monoms())
    constant = all(not coefficient.free_symbols & varying for coefficient in polynomial.coeffs())
    return premise.subs(dict(names), simultaneous=True) if linear and constant else None


def _discharged(premise: Expression, used: Obligation, names: Mapping[Expression, Expression]) -> bool:
    """Whether a premise, spelled out, is what a step has discharged, times a number or a weight that is positive."""
    spelled = _spelled_out(premise, names, used)
    if spelled is None:
        return False
    if isinstance(used, SumOfSquares):
        same = WordIdentity(spelled, used.difference, used.algebra, trace=True)
        return same.discharged().status is Status.PROVED
    if isinstance(used, Scalar):
        return bool(sp.cancel(spelled / used.gap).is_positive)
    return False


def _identical(equality: Expression, used: Obligation, names: Mapping[Expression, Expression]) -> bool:
    """Whether an equality, spelled out, holds by the rules of a step that is an identity of words."""
    spelled = _spelled_out(equality, names, used)
    if spelled is None or not isinstance(used, WordIdentity):
        return False
    return WordIdentity(spelled, sp.Integer(0), used.algebra, trace=True).discharged().status is Status.PROVED


def _proportional(premise: Expression, conclusion: Expression) -> bool:
    first, second = (_bare(each) for each in (premise, conclusion))
    ratio = sp.cancel(first / second) if second != 0 else sp.Integer(0)
    return bool(ratio.is_number and ratio.is_positive)


def _bare(expression: Expression) -> Expression:
    """Return an expression in which symbols of one name are one, whatever is known of their signs."""
    expression = sp.sympify(expression)
    return expression.subs({symbol: sp.Symbol(symbol.name) for symbol in expression.free_symbols}, simultaneous=True)
