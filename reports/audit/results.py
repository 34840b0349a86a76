"""What an audit finds, and how it stands to what is declared."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from reports.audit.adapters import Adapter, Package
from reports.audit.differential import GroupComparison
from reports.audit.members import OURS
from reports.shared.versions import versions
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, PropertyVerdict
from theory.conformance.results import Thing

Standing = Literal[
    "over-claim", "within rounding", "as declared", "under-claim", "better than declared", "not settled", ""
]
"""How what is found stands to what is declared; nothing where nothing is declared and nothing holds beyond it."""

SMALL = 1e-5
"""Relative violations below this are of single precision, or of the root of the rounding error of double."""

_OF_INTEREST = frozenset(PROPERTY_NAMES[: PROPERTY_NAMES.index("separates_distributions")])  # axioms and invariances


@dataclass(frozen=True)
class RangeFound:
    """Values of a measure against the interval that its documentation names.

    Attributes
    ----------
    low, high
        Of the values on ordinary input.
    trials
        How many values there were.
    outside
        How many lay outside.
    worst
        The pair whose value lies furthest outside, and the value.
    """

    low: float
    high: float
    trials: int
    outside: int
    worst: tuple[Thing, Thing, float] | None = None


@dataclass(frozen=True)
class Audited:
    """What became of one measure.

    Attributes
    ----------
    adapter, version
        The measure, and of its package.
    found
        What the checks found, or None where there was nothing to check.
    range
        Where a range is declared.
    why
        Why it could not be checked, if so.
    scale
        Median of |f| over ordinary inputs, beside which a violation is large or small.
    """

    adapter: Adapter
    version: str | None
    found: Conformance | None
    range: RangeFound | None = None
    why: str = ""
    scale: float = 0.0

    def standing(self, name: str) -> Standing:
        """Return how what was found of a property stands to what is declared of it."""
        if self.found is None or name not in self.found.properties:
            return ""
        found, size = standing(self.adapter, name, self.found[name].verdict), self.size(name)
        return "within rounding" if found == "over-claim" and size is not None and size < SMALL else found

    @property
    def overclaims(self) -> tuple[str, ...]:
        """Properties that are declared to hold and fail; not those that fail as special cases of another."""
        failing = (name for name in PROPERTY_NAMES if self.standing(name) == "over-claim")
        return tuple(name for name in failing if name in self.adapter.declared)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Properties that were planned and for which the time ran out."""
        return tuple(name for name in self.found.planned if name not in self.found.properties) if self.found else ()

    @property
    def underclaims(self) -> tuple[str, ...]:
        """Axioms and invariances that hold and are not declared, although others are; and better than declared."""
        return tuple(name for name in PROPERTY_NAMES if self.standing(name) in ("under-claim", "better than declared"))

    def size(self, name: str) -> float | None:
        """Return how large the violation of a property is, relative to the values or to the scale of the measure."""
        example = self.found[name].counterexample if self.found is not None else None
        values = example.values.values() if example else ()
        numbers = [value for value in values if isinstance(value, float | int)][:2]
        if not numbers or not all(np.isfinite(numbers)):
            return None
        if name == "bounded_by_one":
            return max(abs(numbers[0]) - 1, 0.0) / max(abs(numbers[0]), self.scale)
        if len(numbers) == 1:
            return abs(numbers[0]) / max(abs(numbers[0]), self.scale)
        return abs(numbers[0] - numbers[1]) / max(*map(abs, numbers), self.scale)

    @property
    def out_of_range(self) -> bool:
        """Whether values lie outside of the declared range."""
        return self.range is not None and self.range.outside > 0


def standing(adapter: Adapter, name: str, verdict: PropertyVerdict) -> Standing:
    """Return how a verdict on a property stands to what an adapter's package declares.

    Notes
    -----
    A property that fails and that nobody declared is no fault and has no standing. One that holds undeclared is an
    under-claim only for axioms and invariances, and only where the documentation speaks of some other property: a
    package that declares nothing has not left one out.
    """
    declared = adapter.declares(name)
    if verdict is PropertyVerdict.NOT_APPLICABLE:
        return ""
    if declared is None:
        silent = not any(said.holds for said in adapter.declared.values())
        return "under-claim" if verdict is PropertyVerdict.HOLDS and name in _OF_INTEREST and not silent else ""
    if verdict is PropertyVerdict.INCONCLUSIVE:
        return "not settled"
    if declared.holds:
        return "as declared" if verdict is PropertyVerdict.HOLDS else "over-claim"
    return "as declared" if verdict is PropertyVerdict.FAILS else "better than declared"


@dataclass(frozen=True)
class AuditRun:
    """Everything that an audit found.

    Attributes
    ----------
    measures
        Of the packages that are installed.
    comparisons
        Of implementations of one name.
    missing
        Packages that are not installed.
    budget, seed, only
        What was asked for.
    seconds, date
        Of the run.
    """

    measures: tuple[Audited, ...]
    comparisons: tuple[GroupComparison, ...]
    missing: tuple[Package, ...]
    budget: float
    seed: int
    only: str | None = None
    seconds: float = 0.0
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of everything that a number here depends on."""
        found = {audited.adapter.package.name: audited.version or "unknown" for audited in self.measures}
        members = (member for one in self.comparisons for member in one.group.members if member.package != OURS)
        found |= {member.package.name: member.package.version or "unknown" for member in members}
        torch = Package("torch", "torch")
        if torch.version:
            found["torch"] = torch.version
        return versions() | dict(sorted(found.items(), key=lambda item: item[0].lower()))

    @property
    def platform(self) -> str:
        """The machine, as far as numbers depend on it."""
        return f"{platform.system()} {platform.machine()}"
