"""The theorems that there are, found by the names of their folders."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from theory.errors import InvalidInput
from theory.statements import Theorem

if TYPE_CHECKING:
    from theory.proofs.conclusion import Conclusion

_FOLDER = re.compile(r"t(\d\d)_\w+")
_HERE = Path(__file__).parent


@cache
def theorems() -> Mapping[str, Theorem]:
    """Return the catalogue in order, by identifier ("T1", "T2", ...)."""
    found = [importlib.import_module(f"{__package__}.{name}.statement").THEOREM for name in _folders().values()]
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


def proof_module(identifier: str) -> ModuleType | None:
    """Return the module with a theorem's proofs, or None where nobody has written one down.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    return _module(identifier, "proof")


def conclusions_of(identifier: str) -> Mapping[str, Conclusion]:
    """Return what a theorem's proofs conclude, by statement; nothing where nobody has written that down.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    module = _module(identifier, "conclusion")
    return MappingProxyType({} if module is None else dict(module.CONCLUSIONS))


def _module(identifier: str, kind: str) -> ModuleType | None:
    theorem(identifier)
    name = f"{__package__}.{_folders()[identifier]}.{kind}"
    return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None


@cache
def _folders() -> Mapping[str, str]:
    names = sorted(folder.name for folder in _HERE.iterdir() if folder.is_dir())
    found = {f"T{int(match[1])}": name for name in names if (match := _FOLDER.fullmatch(name))}
    return MappingProxyType(found)
