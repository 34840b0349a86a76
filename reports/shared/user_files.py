"""What users call the claims and the measures of their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from theory.claims import Claim, Metric
from theory.errors import InvalidInput

Marked = TypeVar("Marked", Claim, Metric)


def parse_target(target: str, what: str = "claim") -> tuple[Path, str | None]:
    """Split ``FILE.py[::NAME]``.

    Parameters
    ----------
    target
        What the user has typed.
    what
        NAME names, for the error.

    Raises
    ------
    InvalidInput
        If a name is announced but missing.
    """
    file, separator, name = target.partition("::")
    if separator and not name:
        raise InvalidInput(f"{target}: expected the name of a {what} after '::', saw none")
    return Path(file), name or None


def named(namespace: Mapping[str, Any], kind: type[Marked]) -> tuple[dict[str, Marked], dict[str, str]]:
    """Return the claims, or the measures, of a module and their attributes by unique names.

    Parameters
    ----------
    namespace
        What the module's global names stand for.
    kind
        `Claim` or `Metric`.

    Returns
    -------
    found, attributes
        Each one once, however often it is bound, in the order of their definition, and the first attribute of each.
    """
    bound: dict[int, tuple[str, Marked]] = {}
    for attribute, value in namespace.items():
        if isinstance(value, kind):
            bound.setdefault(id(value), (attribute, value))
    names = [value.name for _, value in bound.values()]
    found: dict[str, Marked] = {}
    attributes: dict[str, str] = {}
    for attribute, value in bound.values():
        speaks = bool(value.name.strip()) and value.name.isprintable() and not value.name.startswith("<")  # <lambda>
        usable = speaks and names.count(value.name) == 1
        name = value.name if usable else attribute
        while name in found or (not usable and name in names):
            name += "_"
        found[name], attributes[name] = (value if value.name == name else replace(value, name=name)), attribute
    return found, attributes


def chosen_name(found: Mapping[str, object], attributes: Mapping[str, str], name: str) -> str | None:
    """Return the name of what the user calls by its name or by its attribute, or None where there is no such thing."""
    return name if name in found else next((n for n, attribute in attributes.items() if attribute == name), None)
