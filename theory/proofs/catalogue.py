"""Which proofs there are: by theorem, and the attempts at false twins, which must come to nothing."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType

import theory.proofs
from theory.catalogue import theorem, theorems
from theory.proofs.steps import Proof

_FILE = re.compile(r"t(\d\d)_\w+")


@cache
def _modules() -> Mapping[str, ModuleType]:
    names = sorted(info.name for info in pkgutil.iter_modules(theory.proofs.__path__) if _FILE.fullmatch(info.name))
    return MappingProxyType({f"T{int(name[1:3])}": importlib.import_module(f"theory.proofs.{name}") for name in names})


def proofs_of(identifier: str) -> tuple[Proof, ...]:
    """Return the proofs of a theorem's statements; none where nobody has written one down.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    theorem(identifier)
    module = _modules().get(identifier)
    return () if module is None else tuple(module.proofs())


def attempts_at(identifier: str) -> tuple[Proof, ...]:
    """Return attempts at a theorem's false twins, none of which may be accepted.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    theorem(identifier)
    module = _modules().get(identifier)
    return () if module is None else tuple(module.false())


def proved_theorems() -> tuple[str, ...]:
    """Return the identifiers of the theorems with proofs, in order."""
    return tuple(identifier for identifier in theorems() if proofs_of(identifier))
