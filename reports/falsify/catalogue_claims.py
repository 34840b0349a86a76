"""Theorems of the catalogue in the place of a file of claims: as they stand, or without each hypothesis in turn."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import theory
from reports.falsify.claim_files import ClaimFile
from theory.catalogue import theorem as theorem_called
from theory.catalogue import theorems
from theory.claims import Claim
from theory.errors import InvalidInput
from theory.search.statement_claims import Assertion, claims_of, claims_without

_PACKAGE = Path(theory.__file__).parent
_EVERY = "all"

# The two packages that the formulas import beside NumPy, as far as they are used for NumPy arrays.
_OTHERS = {
    "array_api_compat": '''"""NumPy is its own array API from version 2.0 on."""
import numpy


def array_namespace(*arrays):
    return numpy


def is_torch_array(array):
    return False


def device(array):
    return "cpu"
''',
    "array_api_compat.numpy": '''"""NumPy as it is."""
import numpy


def __getattr__(name):
    return getattr(numpy, name)
''',
    "jaxtyping": '''"""Shapes in signatures, which say something to readers only."""


class Float:
    def __class_getitem__(cls, shape):
        return cls


class Bool(Float):
    pass


class Int(Float):
    pass
''',
}


@dataclass(frozen=True)
class Selection:
    """What of the catalogue is attacked.

    Attributes
    ----------
    target
        The identifier of a theorem, or "all".
    drop
        Whether each hypothesis is dropped in turn.
    name
        Of the one claim that is wanted, with the theorem in front or without; None for all.
    """

    target: str
    drop: bool
    name: str | None = None


@dataclass(frozen=True, eq=False)
class CatalogueClaims(ClaimFile):
    """Claims of the catalogue, which serve where those of a file do.

    Attributes
    ----------
    selection
        What they are.
    theorem_of
        The identifier of each claim's theorem, by name.
    """

    selection: Selection = field(kw_only=True)
    theorem_of: Mapping[str, str] = field(kw_only=True)

    @property
    def heading(self) -> str:
        """What the claims are, for a title."""
        target = self.selection.target
        what = f"{target}, {theorem_called(target).title}" if target != _EVERY else "The theorems of the catalogue"
        return f"{what}: each hypothesis dropped in turn" if self.selection.drop else what

    @property
    def drops(self) -> bool:
        """Whether a counterexample is what one expects: the claims are weakened theorems."""
        return self.selection.drop

    def hypothesis_of(self, name: str) -> str | None:
        """Return the hypothesis that a claim goes without, or None for a statement as it stands."""
        function = self.claims[name].function
        return (function.hypothesis or None) if isinstance(function, Assertion) else None

    def module_of(self, name: str) -> str:
        """Return the module that a script finds a claim in."""
        return f"statements_of_{self.theorem_of[name]}"

    def texts_of(self, name: str) -> Mapping[str, str]:
        """Return the texts that a script needs for one claim: a few lines, and the modules of `theory` behind them."""
        return _texts(self.theorem_of[name], self.selection.drop)

    def source_of(self, name: str) -> str:
        """Return the lines by which anybody gets at a claim."""
        return _lines(self.theorem_of[name], self.selection.drop)


def is_theorem(target: str) -> bool:
    """Whether a word is meant for a theorem or all of them, and not for a file."""
    word = target.partition("::")[0]
    return bool(word == _EVERY or re.fullmatch(r"[Tt]\d+", word)) and not Path(word).exists()


def load_theorems(selection: Selection) -> CatalogueClaims:
    """Return the claims of a theorem, or of all: its statements, or what is left of it without each hypothesis.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier, or no claim of that name.
    """
    target = selection.target if selection.target == _EVERY else selection.target.upper()
    if target != _EVERY and target not in theorems():
        known = list(theorems())
        raise InvalidInput(
            f"target: expected the identifier of a theorem ({known[0]} to {known[-1]}) or 'all', "
            f"saw {selection.target!r}"
        )
    chosen = list(theorems().values()) if target == _EVERY else [theorem_called(target)]
    claims: dict[str, Claim] = {}
    theorem_of: dict[str, str] = {}
    for theorem in chosen:
        found = claims_without(theorem) if selection.drop else claims_of(theorem)
        claims |= found
        theorem_of |= dict.fromkeys(found, theorem.identifier)
    if selection.name is not None:
        claims = _the_one(claims, selection.name, target, selection.drop)
    sources = {f"statements_of_{t.identifier}": _lines(t.identifier, selection.drop) for t in chosen}
    return CatalogueClaims(
        path=Path(target), claims=claims, attributes={name: name for name in claims}, module=next(iter(sources)),
        sources=sources | {"theory": _digest()}, packages=frozenset(), search_path=(),
        selection=Selection(target, selection.drop, selection.name), theorem_of=theorem_of,
    )  # fmt: skip


def _the_one(claims: dict[str, Claim], wanted: str, target: str, drop: bool) -> dict[str, Claim]:
    for name, claim in claims.items():
        _, _, rest = name.partition(" ")
        if wanted in (name, rest, rest.removeprefix("without ")):
            return {name: claim}
    what = "hypothesis" if drop else "statement"
    known = ", ".join(name.partition(" ")[2].removeprefix("without ") for name in claims) or "there is none"
    raise InvalidInput(f"{target}: expected the name of a {what} after '::' ({known}), saw {wanted!r}")


def theorems_with_nothing_to_drop(selection: Selection) -> list[str]:
    """Return the identifiers of the chosen theorems that have no hypothesis."""
    chosen = list(theorems()) if selection.target == _EVERY else [selection.target.upper()]
    return [identifier for identifier in chosen if not claims_without(theorem_called(identifier))]


# --------------------------------------------------------------------------- texts


@cache
def _digest() -> str:
    """SHA-256 of what states the theorems."""
    found = hashlib.sha256()
    rooms = (_PACKAGE / room for room in ("", "arithmetic", "measures", "pairs", "catalogue"))
    for path in sorted([*(path for room in rooms for path in room.glob("*.py")), *_statements()]):
        found.update(path.read_bytes())
    return found.hexdigest()


def _statements(number: str = "[0-9]*") -> list[Path]:
    """Return the files that state theorems, or the one of a number."""
    return list((_PACKAGE / "catalogue").glob(f"t{number}_*/statement.py"))


def _module_stating(identifier: str) -> str:
    (path,) = _statements(f"{int(identifier[1:]):02d}")
    return f"theory.catalogue.{path.parent.name}.{path.stem}"


def _lines(identifier: str, drop: bool) -> str:
    function = "claims_without" if drop else "claims_of"
    how = "with each hypothesis dropped in turn" if drop else "statement by statement"
    return (
        f'"""{identifier}, {how}."""\n'
        f"from {_module_stating(identifier)} import THEOREM\n"
        f"from theory.search.statement_claims import {function}\n\n"
        f"globals().update({function}(THEOREM))\n"
    )


@cache
def _texts(identifier: str, drop: bool) -> Mapping[str, str]:
    """Return a theorem's lines, the modules of `theory` that they import when they are loaded, and two stand-ins."""
    texts: dict[str, str] = {}
    waiting = [_module_stating(identifier), "theory.search.statement_claims"]
    while waiting:
        name = waiting.pop()
        file = _file_of(name)
        if name in texts or file is None:
            continue
        texts[name] = file.read_text(encoding="utf-8")
        parents = [name.rsplit(".", i)[0] for i in range(1, name.count(".") + 1)]
        waiting += [*parents, *_imported_on_loading(texts[name])]
    lines = {f"statements_of_{identifier}": _lines(identifier, drop)}
    return lines | dict(sorted(texts.items())) | _OTHERS


def _file_of(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != "theory":
        return None
    stem = _PACKAGE.joinpath(*parts[1:])
    candidates = (stem / "__init__.py", stem.parent / f"{stem.name}.py")
    return next((file for file in candidates if file.is_file()), None)


def _imported_on_loading(text: str) -> list[str]:
    """Return the modules, and names that may be modules, in import statements at the top level of a module."""
    names: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
