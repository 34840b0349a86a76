"""Statements.v and Examples.v, written from the catalogue: what is proved, and that both sides mean the same there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory.catalogue import theorems
from theory.errors import InvalidInput
from theory.formal import pairs
from theory.formal.counterparts import COUNTERPARTS, HYPOTHESES, SIDES, Counterpart
from theory.formal.naming import described
from theory.formal.pairs import Example
from theory.statements import Side, Statement, Theorem, as_floats

DIGITS = 8
"""To which the sides agree on their example."""

_WIDTH = 100  # of a line of premises

_STATEMENTS = """(** Written by `make formal` from the catalogue: do not edit. *)

From Coq Require Import Reals.
From Formal Require Import Sums Softmax Scalars.
Open Scope R_scope.
"""

_EXAMPLES = """(** Written by `make formal`: on a pair, each side of each statement is the number that Python finds. *)

From Coq Require Import Reals List.
From Formal Require Import Sums Softmax Scalars Evaluation.
Import ListNotations.
Open Scope R_scope.
"""


@dataclass(frozen=True)
class FormalStatement:
    """A statement of the catalogue as it stands, in Coq.

    Attributes
    ----------
    counterpart
        How it is said.
    definition
        Of the proposition, and of its sharpness where that is proved.
    models
        Of the example, defined.
    sides
        The left and the right side on the example, the latter without its constant.
    values
        What Python finds for them.
    """

    counterpart: Counterpart
    definition: str
    models: str
    sides: tuple[str, str]
    values: tuple[float, float]

    @property
    def examples(self) -> str:
        """That both sides are, on the example, what Python finds."""
        lines = [f"Module {self.counterpart.definition}.", self.models]
        for name, side, value in zip(("left", "right"), self.sides, self.values, strict=True):
            lines += [f"Example {name} :\n  Rabs ({side}\n    - {_decimal(value)}) <= 1 / 10 ^ {DIGITS}."]
            lines += ["Proof. evaluate. Qed."]
        return "\n".join([*lines, f"End {self.counterpart.definition}.", ""])


def formal_statement(theorem: Theorem, counterpart: Counterpart) -> FormalStatement:
    """Return a statement as the catalogue has it, in Coq.

    Raises
    ------
    InvalidInput
        If a side or a hypothesis has no name in Coq, or the constant is no rational.
    """
    statement, example = theorem.statement(counterpart.statement), counterpart.example()
    sides = [statement.lhs, statement.envelope]
    first, second = (_instantiated(_side(side, counterpart), example) for side in sides)
    left, right = (float(as_floats(side(example.pair))) for side in sides)
    models = "\n".join(
        f"Definition {name} : model :=\n  {pairs.model(of)}."
        for name, of in (("first", example.pair.a), ("second", example.pair.b))
    )
    return FormalStatement(counterpart, _definition(statement, counterpart), models, (first, second), (left, right))


def formal_statements_of(catalogue: Mapping[str, Theorem] | None = None) -> tuple[FormalStatement, ...]:
    """Return every statement that has a counterpart.

    Parameters
    ----------
    catalogue
        Theorems by identifier; by default those there are.

    Raises
    ------
    InvalidInput
        If one of them cannot be said in Coq.
    """
    known = theorems() if catalogue is None else catalogue
    return tuple(formal_statement(known[each.theorem], each) for each in COUNTERPARTS if each.theorem in known)


def statements_file(statements: Iterable[FormalStatement]) -> str:
    """Return Statements.v."""
    return "\n".join([_STATEMENTS, *(each.definition for each in statements)])


def examples_file(statements: Iterable[FormalStatement]) -> str:
    """Return a file of examples."""
    return "\n".join([_EXAMPLES, *(each.examples for each in statements)])


# --------------------------------------------------------------------------- definitions


def _definition(statement: Statement, counterpart: Counterpart) -> str:
    left, right = (_side(side, counterpart) for side in (statement.lhs, statement.envelope))
    constant = constant_of(statement, counterpart)
    sharp = counterpart.sharp if statement.sharp else None
    name, heading = counterpart.definition, f"(** {counterpart.theorem}, {statement.name.replace('_', ' ')} *)"
    conditions = [*counterpart.sizes, *_hypotheses(statement, counterpart), *counterpart.conditions]
    claim = f"{left}\n  {statement.relation} {_times('c' if sharp is not None else constant, right)}"
    body = f"  forall {counterpart.binders},\n  {_lines(conditions)}\n  {claim}."
    if sharp is None:
        return f"{heading}\nDefinition {name} : Prop :=\n{body}\n"
    fixed = f"{counterpart.fixed} " if counterpart.fixed else ""
    spoken = f"forall {counterpart.fixed}, " if fixed else ""
    applied = " ".join([f"{name}_with", "{}", *_names(counterpart.fixed)])
    premises = f"{_lines(sharp)}\n  " if sharp else ""
    return (
        f"{heading}\nDefinition {name}_with (c : R) {fixed}: Prop :=\n{body}\n\n"
        f"Definition {name} : Prop := {spoken}{applied.format(_factor(constant))}.\n\n"
        f"(** No smaller constant will do. *)\nDefinition {name}_sharp : Prop :=\n"
        f"  {spoken}{premises}forall c, {applied.format('c')} -> {_plain(constant)} <= c.\n"
    )


def _lines(conditions: Sequence[str]) -> str:
    """Return conditions as premises, as many on a line as fit."""
    lines = [""]
    for condition in conditions:
        start = f"{lines[-1]} " if lines[-1] else ""
        if len(start) + len(condition) > _WIDTH and start:
            lines.append(f"{condition} ->")
        else:
            lines[-1] = f"{start}{condition} ->"
    return "\n  ".join(lines)


def _side(side: Side, counterpart: Counterpart) -> str:
    name = described(side)
    found = counterpart.said.get(name, SIDES.get(name))
    if found is None:
        raise InvalidInput(f"{counterpart.definition}: expected sides that have a name in Coq, saw {name}")
    return found


def _hypotheses(statement: Statement, counterpart: Counterpart) -> list[str]:
    found = []
    for hypothesis in statement.hypotheses:
        key = (counterpart.theorem, hypothesis.name)
        if key not in HYPOTHESES:
            raise InvalidInput(f"{counterpart.definition}: expected hypotheses that have a name in Coq, saw {key[1]!r}")
        found.append(HYPOTHESES[key])
    return found


def constant_of(statement: Statement, counterpart: Counterpart) -> Fraction:
    """Return the constant of a statement, a rational number.

    Raises
    ------
    InvalidInput
        If it is none of small denominator.
    """
    value = float(statement.constant(counterpart.example().pair))
    fraction = Fraction(value).limit_denominator(10**6)  # the catalogue's have two or three digits
    if float(fraction) != value:
        raise InvalidInput(f"{counterpart.definition}: expected a rational constant, saw {value!r}")
    return fraction


def _plain(constant: Fraction) -> str:
    return pairs.rational(constant).strip("()")


def _factor(constant: Fraction) -> str:
    return str(constant) if constant.denominator == 1 else pairs.rational(constant)


def _times(constant: Fraction | str, side: str) -> str:
    if constant == 1:
        return side
    factor = constant if isinstance(constant, str) else _plain(constant)
    return f"{factor} * {side}" if re.fullmatch(r"[\w' ]+|\(.*\)", side) else f"{factor} * ({side})"


def _names(binders: str) -> list[str]:
    """Return the names in ``(n k : nat) (a : model)``."""
    return [name for group in re.findall(r"\(([^:]*):", binders) for name in group.split()]


# --------------------------------------------------------------------------- examples


def _decimal(value: float) -> str:
    places = DIGITS + 2
    return f"({round(Fraction(value) * 10**places)} / 10 ^ {places})"


def _instantiated(side: str, example: Example) -> str:
    """Put the example's values in place of the binders."""
    return re.sub(r"(?<![\w'.])[A-Za-z]\w*", lambda word: example.values.get(word[0], word[0]), side)
