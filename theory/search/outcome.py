"""What an attack on a claim brought to light, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from theory.evidence import Evidence
from theory.models import Pair

Answer = Literal["refuted", "survived", "inconclusive", "error"]


@dataclass(frozen=True, eq=False)
class Witness:
    """Both sides of a claim on one pair, with what is known of their errors.

    Attributes
    ----------
    pair
        Unbatched, of NumPy arrays.
    lhs, rhs
        Both sides in float64.
    lhs_error, rhs_error
        Bounds on the distance of each side from its true value: enclosures where the evidence is `ball` or
        `exact`, estimates from perturbed copies where it is `float64`.
    evidence
        How strongly the violation is known; None where there is no violation.
    found_in
        Regime or climber that brought it up.
    evaluation
        How many evaluations had been made by then.
    digits
        Decimal digits of the strongest arithmetic it was re-checked in (16 for float64 alone).
    """

    pair: Pair
    lhs: float
    rhs: float
    lhs_error: float
    rhs_error: float
    evidence: Evidence | None
    found_in: str
    evaluation: int
    digits: int = 16

    @property
    def ratio(self) -> float | None:
        """lhs / rhs, or None where the right side is not positive."""
        return self.lhs / self.rhs if self.rhs > 0 else None

    @property
    def margin(self) -> float:
        """lhs - rhs: positive where the claim is violated."""
        return self.lhs - self.rhs


@dataclass(frozen=True)
class Coverage:
    """How much of a regime, or of a climber's work, was seen.

    Attributes
    ----------
    evaluations, not_applicable
        Calls, and how many of them declined or gave no number.
    best
        Largest lhs / rhs, or None where there was none.
    """

    evaluations: int
    not_applicable: int
    best: float | None


@dataclass(frozen=True)
class Progress:
    """A step of the search: after so many evaluations the best ratio was this, found there.

    Attributes
    ----------
    evaluations
        Number of evaluations so far.
    ratio
        lhs / rhs of the best pair so far.
    found_in
        Regime or climber.
    """

    evaluations: int
    ratio: float
    found_in: str


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of an attack on one claim.

    Attributes
    ----------
    name, title, source
        Of the claim.
    verdict
        "refuted", "survived", "inconclusive" (violations within their error bounds only) or "error".
    evidence
        Of the verdict; None for an error.
    worst
        The violation with the largest ratio; where there is none, the pair that came closest (or None). Its sides are
        corrected by balls where it is one of a statement of the catalogue.
    simplest
        The violation shrunk to few inputs, labels and dimensions and to small numbers; None unless refuted.
    evaluations, not_applicable, nans
        Calls of the claim; declined ones; ones that gave nan or an infinite left side.
    exceptions
        Number of calls that raised, by one-line description.
    seconds
        Until a violation was confirmed, or the whole search where none was.
    total_seconds
        With the climb to the worst violation and the shrinking.
    strata
        Coverage by regime and climber.
    history
        The improvements of the best ratio.
    message
        One line for a person.
    seed
        Of the search.
    checks, undecided
        Pairs that a stronger arithmetic was asked about, and suspects of a statement of the catalogue that it could
        not clear, or that there was no turn for: while one is left, the statement does not survive.
    hypotheses
        Where the claim is a statement of the catalogue: the margin of each hypothesis on the simplest violation (or
        on the worst pair), negative where it fails.
    """

    name: str
    title: str
    source: str
    verdict: Answer
    evidence: Evidence | None
    worst: Witness | None
    simplest: Witness | None
    evaluations: int
    not_applicable: int
    nans: int
    exceptions: Mapping[str, int]
    seconds: float
    total_seconds: float
    strata: Mapping[str, Coverage]
    history: tuple[Progress, ...]
    message: str
    seed: int = 0
    checks: int = 0
    undecided: int = 0
    hypotheses: Mapping[str, float] = field(default_factory=dict)
