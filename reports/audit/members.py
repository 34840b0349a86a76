"""Implementations that go by one name, grouped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from reports.audit.adapters import Adapter, Package
from reports.audit.packages import all_adapters

OURS = Package("logitbounds", "theory")


@dataclass(frozen=True)
class Member:
    """One implementation in a group.

    Attributes
    ----------
    package, name
        Where it is from, and the call.
    function
        Of two embeddings or models.
    formula
        What it computes, in a few words; members of one formula must agree to rounding.
    """

    package: Package
    name: str
    function: Callable[[Any, Any], Any]
    formula: str

    @property
    def label(self) -> str:
        """Package and name."""
        return f"{self.package.name}: {self.name}"


@dataclass(frozen=True)
class Group:
    """Implementations that go by one name.

    Attributes
    ----------
    name
        Of the measure.
    on
        What it compares.
    members
        The implementations.
    why
        The differences between their formulas, in words; what was read in the installed sources.
    """

    name: str
    on: Literal["embeddings", "models"]
    members: tuple[Member, ...]
    why: str


def ours(name: str, function: Callable[[Any, Any], Any], formula: str) -> Member:
    """Return a measure of this library as a member."""
    return Member(OURS, name, function, formula)


def adapted(key: str, formula: str) -> Member:
    """Return an audited measure as a member, by the key of its adapter."""
    found = _by_key()[key]
    return Member(found.package, found.name, found.function, formula)


@cache
def _by_key() -> Mapping[str, Adapter]:
    return {adapter.key: adapter for adapter in all_adapters()}
