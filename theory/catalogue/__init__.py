"""The theorem catalogue: one file per theorem, found by its name.

Adding a theorem is adding one file ``tNN_what_it_says.py`` with a ``THEOREM`` in it; nothing else changes.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from theory.errors import InvalidInput
from theory.statements import Theorem

_FILE = re.compile(r"t\d\d_\w+")


@cache
def theorems() -> Mapping[str, Theorem]:
    """Return the catalogue in order, by identifier ("T1", "T2", ...)."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if _FILE.fullmatch(info.name))
    found = [importlib.import_module(f"{__name__}.{name}").THEOREM for name in names]
    return MappingProxyType({theorem.identifier: theorem for theorem in found})


def theorem(identifier: str) -> Theorem:
    """Return one theorem.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    catalogue = theorems()
    if identifier not in catalogue:
        raise InvalidInput(f"identifier: expected one of {', '.join(catalogue)}, saw {identifier!r}")
    return catalogue[identifier]


__all__ = ["theorem", "theorems"]
