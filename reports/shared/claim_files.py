"""The files in which users write claims or measures: loaded, named, and read with what they import of their own."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from theory.claims import Claim, Metric
from theory.errors import InvalidInput
from theory.python_files import OURS, execute, module_name, read_source

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_loaded_before: set[str] = set()  # modules of the file loaded last, which are no modules of the next one
Marked = TypeVar("Marked", Claim, Metric)


@dataclass(frozen=True, eq=False, kw_only=True)
class UserFile:
    """A Python file that a user has written.

    Attributes
    ----------
    path
        Of the file, absolute.
    module
        What the file is called as a module.
    sources
        The text of the file and of the modules of its own that it imports, by module name; the file comes first.
    packages
        Which of the sources are packages.
    search_path
        Folders from which its own modules are imported.
    """

    path: Path
    module: str
    sources: Mapping[str, str]
    packages: frozenset[str]
    search_path: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all sources: what the file says is known to be the same where this is."""
        found = hashlib.sha256()
        for name, text in sorted(self.sources.items()):
            found.update(f"{name}\0{len(text)}\0{text}\0".encode())
        return found.hexdigest()

    @contextlib.contextmanager
    def importable(self) -> Iterator[None]:
        """Let what the file defines import modules of its own while it runs."""
        before = list(sys.path)
        sys.path[:0] = [folder for folder in self.search_path if folder not in before]
        try:
            yield
        finally:
            sys.path[:] = before


@dataclass(frozen=True, eq=False, kw_only=True)
class ClaimFile(UserFile):
    """A file of claims.

    Attributes
    ----------
    claims
        By name, in the order of their definition; the names are unique.
    attributes
        Under which attribute of the module each claim is found, by name.
    """

    claims: Mapping[str, Claim]
    attributes: Mapping[str, str]

    @property
    def heading(self) -> str:
        """What the claims are, for a title."""
        return f"Claims of {self.path.name}"

    @property
    def drops(self) -> bool:
        """Whether the claims are theorems without one of their hypotheses, so that a counterexample is expected."""
        return False

    def hypothesis_of(self, name: str) -> str | None:
        """Return the hypothesis that a claim goes without; those of a file are no theorem's."""
        return None

    def module_of(self, name: str) -> str:
        """Return the module that a script finds a claim in."""
        return self.module

    def texts_of(self, name: str) -> Mapping[str, str]:
        """Return the texts that a script needs for one claim, by module name."""
        return self.sources


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


def load_claims(path: Path, name: str | None = None) -> ClaimFile:
    """Load the claims of a file, or one of them.

    Parameters
    ----------
    path
        A Python file. It is run, so it is trusted as much as the one who runs it. Its folder is importable meanwhile.
    name
        Of the claim, or of the attribute that holds it; by default all claims are loaded.

    Raises
    ------
    InvalidInput
        If there is no such file, it is no Python, it fails to load, or it has no claims or none of that name.
    """
    file, namespace = load_file(path)
    claims, attributes = named(namespace, Claim)
    if not claims:
        raise InvalidInput(f"{file.path}: expected functions marked with @claim, saw none")
    if name is not None:
        chosen = chosen_name(claims, attributes, name)
        if chosen is None:
            raise InvalidInput(f"{file.path}: no claim is called {name!r}; there are {', '.join(claims)}")
        claims, attributes = {chosen: claims[chosen]}, {chosen: attributes[chosen]}
    return ClaimFile(**vars(file), claims=claims, attributes=attributes)


def load_file(path: Path) -> tuple[UserFile, Mapping[str, Any]]:
    """Run a file, and return it with what its global names stand for.

    Parameters
    ----------
    path
        A Python file. It is run, so it is trusted as much as the one who runs it. Its folder is importable meanwhile.

    Raises
    ------
    InvalidInput
        If there is no such file, it is no Python, or it fails to load.
    """
    text = read_source(path)
    path = path.resolve()
    _forget_the_last_file()
    known, before = set(sys.modules), list(sys.path)
    module = ModuleType(module_name(path))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent))
    importlib.invalidate_caches()
    try:
        execute(path, text, module)
        search_path = _search_path(path, before)
    except BaseException:
        own = (str(path.parent),)
        _loaded_before.update(name for name in set(sys.modules) - known if _is_own_module(name, own))
        raise
    finally:
        sys.path[:] = before
    sources, packages = _own_sources(path, text, module.__name__, set(sys.modules) - known, search_path)
    _loaded_before.update(set(sys.modules) & set(sources))
    file = UserFile(path=path, module=module.__name__, sources=sources, packages=packages, search_path=search_path)
    return file, vars(module)


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


# --------------------------------------------------------------------------- running the file


def _forget_the_last_file() -> None:
    for name in _loaded_before:
        sys.modules.pop(name, None)
    _loaded_before.clear()


# --------------------------------------------------------------------------- what the file imports of its own


def _search_path(path: Path, before: Iterable[str]) -> tuple[str, ...]:
    """Return the file's folder and the folders it has put on the path itself."""
    known = {str(Path(folder).resolve()) for folder in before}
    added = [str(Path(folder).resolve()) for folder in sys.path if isinstance(folder, str)]
    folders = [str(path.parent), *(folder for folder in added if folder not in known)]
    return tuple(dict.fromkeys(folders))


def _own_sources(
    path: Path, text: str, module: str, new: set[str], search_path: tuple[str, ...]
) -> tuple[dict[str, str], frozenset[str]]:
    """Return the texts of the file and of its own modules: those it has loaded and those its functions will."""
    sources, packages = {module: text}, set()
    loaded = [name for name in sorted(new - {module}) if _is_own_module(name, search_path)]
    waiting = [(name, Path(str(sys.modules[name].__file__))) for name in loaded]
    waiting += _imported(module, text, False, search_path)
    while waiting:
        name, file = waiting.pop()
        if name in sources or file.resolve() == path:
            continue
        try:
            sources[name] = read_source(file)
        except InvalidInput:
            continue
        is_package = file.name == "__init__.py"
        packages |= {name} if is_package else set()
        waiting += _imported(name, sources[name], is_package, search_path)
    first, *others = sources
    return {name: sources[name] for name in (first, *sorted(others))}, frozenset(packages)


def _is_own_module(name: str, search_path: tuple[str, ...]) -> bool:
    file = getattr(sys.modules[name], "__file__", None)
    return file is not None and _is_own(Path(file), name, search_path)


def _is_own(file: Path, name: str, search_path: tuple[str, ...]) -> bool:
    if file.suffix != ".py" or name.partition(".")[0] in OURS:
        return False
    file = file.resolve()
    standard = Path(sysconfig.get_path("stdlib")).resolve()
    if file.is_relative_to(standard):
        return False
    return any(file.is_relative_to(folder) for folder in search_path) and not _INSTALLED & set(file.parts)


def _imported(module: str, text: str, is_package: bool, search_path: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Return the own modules that import statements anywhere in a text name, with their files."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: None if is_package and node.level == 1 else -(node.level - is_package)]
            base = ".".join([*(parents if node.level else []), *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    found = []
    prefixes = {".".join(full.split(".")[: i + 1]) for full in names if full for i in range(full.count(".") + 1)}
    for name in sorted(prefixes):
        file = _file_of(name, search_path)
        if file is not None and _is_own(file, name, search_path):
            found.append((name, file))
    return found


def _file_of(name: str, search_path: tuple[str, ...]) -> Path | None:
    """Return the file that a module name stands for, where it is no module known otherwise."""
    loaded = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None)
    if name.partition(".")[0] in sys.stdlib_module_names:
        return None
    if loaded is not None and not _is_own(Path(loaded), name, search_path):
        return None
    for folder in search_path:
        stem = Path(folder, *name.split("."))
        for file in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            if file.is_file():
                return file
    return None
