"""Implementations of one name on the same inputs: how far apart their numbers are, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from reports.audit.members import Group
from theory.models import Model
from theory.pairs.constructions import Shape
from theory.pairs.strata import draw
from theory.silence import quietly

_NOTHING = 1e-16  # below the rounding error of a sum of numbers of size one: what is smaller may be a computed zero
AGREEMENT = 1e-6
"""Relative difference between implementations of one formula that rounding explains on ordinary input."""


@dataclass(frozen=True)
class Answer:
    """What a member said on an input: a finite number, or what happened instead."""

    value: float | None
    seen: str


@dataclass(frozen=True)
class Spread:
    """The largest relative difference, |u - v| / max(|u|, |v|), between two members on one input.

    Two values below 1e-16 are both taken for zero.
    """

    difference: float
    case: str
    first: str
    second: str
    values: tuple[float, float]


@dataclass(frozen=True)
class GroupComparison:
    """A group on all inputs.

    Attributes
    ----------
    group
        As it was run: without members whose package is not installed.
    answers
        Case -> member's label -> what it said.
    widest
        Over members of any formula, on ordinary inputs; None if there are no two numbers to compare.
    within
        Formula -> the widest over its members, on ordinary inputs.
    degenerate
        Formula -> the widest over its members on the other inputs, if any two gave numbers.
    missing
        Packages that are not installed.
    """

    group: Group
    answers: Mapping[str, Mapping[str, Answer]]
    widest: Spread | None
    within: Mapping[str, Spread]
    degenerate: Mapping[str, Spread]
    missing: tuple[str, ...] = ()

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Formulas whose implementations are further apart on ordinary input than rounding explains."""
        return tuple(formula for formula, spread in self.within.items() if spread.difference > AGREEMENT)


@dataclass(frozen=True)
class Case:
    """An input of the differential runs, and whether every implementation ought to manage it."""

    name: str
    first: Any
    second: Any
    ordinary: bool = True


# --------------------------------------------------------------------------- inputs


def embedding_cases(seed: int) -> tuple[Case, ...]:
    """Return pairs of embeddings: ordinary and correlated, off centre, uneven, wide, of low rank, tiny and huge."""
    rng = np.random.default_rng([seed, 41])
    X = rng.standard_normal((40, 6))
    Y = X @ rng.standard_normal((6, 6)) / 2 + rng.standard_normal((40, 6))
    Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    wide, repeated, constant = rng.standard_normal((8, 20)), X.copy(), X.copy()
    repeated[:, 5] = repeated[:, 0]
    constant[:, 3] = 2.0
    narrow = X @ rng.standard_normal((6, 3)) + rng.standard_normal((40, 3))
    return (
        Case("correlated, 40 x 6", X, Y),
        Case("unrelated, 40 x 6", X, rng.standard_normal((40, 6))),
        Case("off centre by 100", X + 100.0, Y),
        Case("columns of scales 1 to 1000", X * np.geomspace(1, 1e3, 6), Y),
        Case("6 and 3 columns", X, narrow),
        Case("one a rotation of the other", X, X @ Q, False),
        Case("n = 200", *(lambda A: (A, np.tanh(A @ Q)))(rng.standard_normal((200, 6)))),
        Case("scales 1e-3", X * 1e-3, Y * 1e-3),
        Case("scale 1e-6", X * 1e-6, Y * 1e-6, False),
        Case("scale 1e6", X * 1e6, Y * 1e6, False),
        Case("off centre by 1e6", X + 1e6, Y, False),
        Case("n = 8 < p = 20", wide, rng.standard_normal((8, 20)), False),
        Case("a repeated column", repeated, Y, False),
        Case("a constant column", constant, Y, False),
        Case("four rows, two columns", X[:4, :2], Y[:4, :2], False),
        Case("zeros", np.zeros((40, 6)), Y, False),
    )


def model_cases(seed: int) -> tuple[Case, ...]:
    """Return pairs of models: ordinary, sharp, nearly equal, and with probabilities that underflow."""

    def pair(number: int, scale: float = 1.0) -> tuple[Model, Model]:
        found = draw("independent", np.random.default_rng([seed, 42, number]), Shape(n=30, k=6, m=3, m2=3))
        return tuple(Model(one.embeddings * scale, one.unembeddings) for one in (found.a, found.b))  # type: ignore[return-value]

    a, b = pair(1)
    near = Model(a.embeddings * (1 + 1e-4), a.unembeddings)
    nearer = Model(a.embeddings * (1 + 1e-7), a.unembeddings)
    return (
        Case("independent", a, b),
        Case("independent, 30 x 6", *pair(2)),
        Case("nearly uniform", *pair(3, 0.01)),
        Case("apart by 1e-4", a, near, False),
        Case("apart by 1e-7", a, nearer, False),
        Case("equal", a, a, False),
        Case("sharp: logits times 30", *pair(4, 30.0), False),
        Case("probabilities that underflow: logits times 1000", *pair(5, 1000.0), False),
    )


# --------------------------------------------------------------------------- running


def summarised(group: Group, cases: Sequence[Case], answers: Mapping[str, Mapping[str, Answer]]) -> GroupComparison:
    """Return how far apart the answers of a group are, on ordinary input and on the rest.

    Parameters
    ----------
    group
        Whose members are kept if they gave an answer.
    cases
        The inputs.
    answers
        By case and member.
    """
    asked = {label for row in answers.values() for label in row}
    members = tuple(member for member in group.members if member.label in asked)
    missing = {member.package.name for member in group.members if member.label not in asked}
    ordinary = [case.name for case in cases if case.ordinary]
    other = [case.name for case in cases if not case.ordinary]
    formulas: dict[str, list[str]] = {}
    for member in members:
        formulas.setdefault(member.formula, []).append(member.label)
    within = {formula: _widest(answers, ordinary, names) for formula, names in formulas.items()}
    degenerate = {formula: _widest(answers, other, names) for formula, names in formulas.items()}
    return GroupComparison(
        Group(group.name, group.on, members, group.why),
        answers,
        _widest(answers, ordinary, [member.label for member in members]),
        {formula: spread for formula, spread in within.items() if spread},
        {formula: spread for formula, spread in degenerate.items() if spread},
        tuple(sorted(missing)),
    )


def ask(function: Callable[[Any, Any], Any], first: Any, second: Any) -> Answer:
    """Call a measure on copies and return its value, or what happened instead."""
    copies = [
        Model(np.array(x.embeddings), np.array(x.unembeddings)) if isinstance(x, Model) else np.array(x)
        for x in (first, second)
    ]
    try:
        with quietly(errors_too=True):
            value = float(function(*copies))
    except Exception as error:  # whatever a package raises is what it says
        return Answer(None, type(error).__name__)
    return Answer(value, f"{value:.6g}") if math.isfinite(value) else Answer(None, str(value))


def _widest(answers: Mapping[str, Mapping[str, Answer]], cases: Sequence[str], labels: Sequence[str]) -> Spread | None:
    found: Spread | None = None
    for case in cases:
        for first, second in combinations(labels, 2):
            u, v = answers[case][first].value, answers[case][second].value
            if u is None or v is None:
                continue
            size = max(abs(u), abs(v))
            difference = abs(u - v) / size if size > _NOTHING else 0.0
            # The first of equals: of two that differ by rounding alone the one is no further apart than the other.
            if found is None or difference > found.difference * (1 + 1e-9):
                found = Spread(difference, case, first, second, (u, v))
    return found
