"""What the checks of a measure came to: a verdict for each property, with a counterexample where one fails."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from theory.evidence import Evidence
from theory.models import Model

Thing: TypeAlias = np.ndarray | Model
"""What a measure compares: an embedding of shape (n, p), or a model."""


class PropertyVerdict(enum.StrEnum):
    """What is known of a property of a measure."""

    HOLDS = "holds"  # no counterexample was found; the evidence says how hard it was looked for
    FAILS = "fails"  # there is a counterexample
    INCONCLUSIVE = "inconclusive"  # what was seen may be rounding, or there was nothing to go by
    NOT_APPLICABLE = "not_applicable"  # the property says nothing about this measure


@dataclass(frozen=True)
class Step:
    """One pair of a sequence along which a distance goes to zero.

    Attributes
    ----------
    teacher, student
        The pair.
    distance
        Between their distributions.
    value
        Of the measure (of its maximum minus the measure, for a similarity).
    """

    teacher: Model
    student: Model
    distance: float
    value: float


@dataclass(frozen=True)
class Counterexample:
    """Inputs on which a property fails.

    Attributes
    ----------
    statement
        What the property says of them, in symbols: "f(X, Y) = f(Y, X)".
    inputs
        Embeddings and models by name, as the statement calls them; maps and shifts that were applied as well.
    values
        The numbers of the statement, or what was seen instead of one, by the expressions that stand for them.
    sequence
        For the two properties about control: pairs along which the distance falls and the measure does not.
    """

    statement: str
    inputs: Mapping[str, Thing] = field(default_factory=dict)
    values: Mapping[str, float | str] = field(default_factory=dict)
    sequence: tuple[Step, ...] = ()


@dataclass(frozen=True)
class PropertyResult:
    """What became of one property.

    Attributes
    ----------
    name
        Of the property.
    verdict, evidence
        What is known, and how well; the evidence is None where nothing is.
    trials
        How many inputs it was tried on.
    message
        One line: what was seen.
    counterexample
        Where it fails.
    """

    name: str
    verdict: PropertyVerdict
    evidence: Evidence | None
    trials: int
    message: str
    counterexample: Counterexample | None = None


@dataclass(frozen=True)
class Conformance:
    """Everything that was found out about a measure.

    Attributes
    ----------
    metric, on, similarity
        Its name and kind.
    declared
        The properties that it claims to have, or None where it claims nothing.
    planned
        Names of the properties that were to be checked.
    properties
        A result for each property that was.
    seed, seconds, evaluations
        Of the run.
    """

    metric: str
    on: str
    similarity: bool
    declared: frozenset[str] | None
    planned: tuple[str, ...]
    properties: Mapping[str, PropertyResult]
    seed: int
    seconds: float
    evaluations: int

    def __getitem__(self, name: str) -> PropertyResult:
        """Return the result of one property."""
        return self.properties[name]

    @property
    def ran(self) -> tuple[str, ...]:
        """Names of the properties that were checked: all that were planned, unless the time ran out."""
        return tuple(name for name in self.planned if name in self.properties)

    def of_verdict(self, verdict: PropertyVerdict) -> tuple[str, ...]:
        """Return the names of the properties of one verdict."""
        return tuple(name for name in self.ran if self.properties[name].verdict is verdict)

    @property
    def overclaims(self) -> tuple[str, ...]:
        """Properties that are declared and fail."""
        return tuple(name for name in self.of_verdict(PropertyVerdict.FAILS) if name in (self.declared or ()))

    @property
    def underclaims(self) -> tuple[str, ...]:
        """Properties that are not declared, although others are, and were not seen to fail."""
        if self.declared is None:
            return ()
        return tuple(name for name in self.of_verdict(PropertyVerdict.HOLDS) if name not in self.declared)

    @property
    def failed(self) -> bool:
        """Whether a property failed that should not have, or some property was not checked.

        A measure that declares properties answers for those alone; one that declares none, for all.
        """
        failing = self.of_verdict(PropertyVerdict.FAILS) if self.declared is None else self.overclaims
        return bool(failing) or self.ran != self.planned
