"""The Python files in which users write claims, measures and losses: run, and read with what they import of their own.

Whatever a file defines is loaded by the same rules. It is run in a module of its own, with the folder that it lies in
importable. Afterwards neither it nor the modules beside it are known as modules, so that the next file of the same name
is not taken for it; its functions keep what they use, and what they import only when they run is found again inside
`UserFile.importable`.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import re
import sys
import sysconfig
import tokenize
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from theory.errors import InvalidInput

OURS = frozenset({"theory", "empirics", "reports"})
"""Packages that a user's file must not hide."""

_INSTALLED = frozenset({"site-packages", "dist-packages"})  # what is installed is no user's own, wherever it lies


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
    modules
        The file and its own modules as they were loaded, by name: those that are known as modules inside `importable`.
    """

    path: Path
    module: str
    sources: Mapping[str, str]
    packages: frozenset[str]
    search_path: tuple[str, ...]
    modules: dict[str, ModuleType] = field(default_factory=dict, repr=False)

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
        hidden = {name: sys.modules.get(name) for name in self.modules}
        with _importing(self.search_path):
            known = set(sys.modules) - set(self.modules)
            sys.modules.update(self.modules)
            try:
                yield
            finally:
                self.modules.update(_forgotten(known, self.search_path))
                for name, module in hidden.items():
                    sys.modules.pop(name, None)
                    if module is not None:
                        sys.modules[name] = module


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
    module = ModuleType(module_name(path))
    module.__file__ = str(path)
    known, before = set(sys.modules), list(sys.path)
    search_path: tuple[str, ...] = (str(path.parent),)
    with _importing(search_path):
        sys.modules[module.__name__] = module
        try:
            execute(path, text, module)
        finally:
            search_path = _search_path(path, before)
            modules = {module.__name__: module} | _forgotten(known, search_path)
            sys.modules.pop(module.__name__, None)
    files = {name: Path(str(own.__file__)) for name, own in modules.items() if getattr(own, "__file__", None)}
    sources, packages = own_sources(path, text, module.__name__, files, search_path)
    file = UserFile(
        path=path, module=module.__name__, sources=sources, packages=packages, search_path=search_path, modules=modules
    )
    return file, vars(module)


def read_source(path: Path) -> str:
    """Return the text of a Python file.

    Raises
    ------
    InvalidInput
        If there is no such file, it is not called .py, or it cannot be decoded.
    """
    if path.suffix != ".py":
        raise InvalidInput(f"{path}: expected a Python file (.py), saw '{path.suffix or path.name}'")
    if not path.is_file():
        raise InvalidInput(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
    try:
        with tokenize.open(path) as stream:  # in the encoding that the file declares
            return stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise InvalidInput(f"{path}: not readable as Python source ({error})") from None


def module_name(path: Path) -> str:
    """Name a module after its file, unless that would hide a module that is there already."""
    name = re.sub(r"\W", "_", path.stem)
    return f"{name}_file" if name in sys.modules or name in sys.stdlib_module_names or name in OURS else name


def execute(path: Path, text: str, module: ModuleType) -> None:
    """Run the text of a file in a module's namespace.

    Raises
    ------
    InvalidInput
        If it is no Python, raises, or asks to exit; the message has the line. Interrupts pass.
    """
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)
    except KeyboardInterrupt:
        raise
    except SyntaxError as error:
        place = f"{Path(error.filename).name}, line" if error.filename not in (None, str(path)) else "line"
        raise InvalidInput(f"{path}: not valid Python ({place} {error.lineno}: {error.msg})") from None
    except SystemExit as error:
        raise InvalidInput(f"{path}: asked to exit (status {error.code}) while it was loaded") from None
    except BaseException as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        where = f" on line {lines[-1]}" if lines else ""
        message = " ".join(str(error).split())
        raise InvalidInput(
            f"{path}: raised {type(error).__name__}{where} while it was loaded{': ' if message else ''}{message}"
        ) from None


# --------------------------------------------------------------------------- what a file imports of its own


def own_sources(
    path: Path, text: str, module: str, loaded: Mapping[str, Path], search_path: tuple[str, ...]
) -> tuple[dict[str, str], frozenset[str]]:
    """Return the texts of a file and of its own modules, by module name, and which of these are packages.

    Parameters
    ----------
    path, text, module
        The file, what it says, and what it is called as a module; it comes first.
    loaded
        Its own modules that are known to be used, however they were imported, with their files.
    search_path
        Folders in which own modules lie: those that import statements anywhere in a text name are read too, without
        being run.
    """
    sources, packages = {module: text}, set()
    waiting = [(name, file) for name, file in sorted(loaded.items()) if name != module]
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


@contextlib.contextmanager
def _importing(search_path: tuple[str, ...]) -> Iterator[None]:
    """Search some folders for modules first, inside the block."""
    before = list(sys.path)
    sys.path[:0] = [folder for folder in search_path if folder not in before]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def _forgotten(known: set[str], search_path: tuple[str, ...]) -> dict[str, ModuleType]:
    """Forget own modules that were not known before, and return them."""
    new = {name: module for name, module in list(sys.modules.items()) if name not in known}
    own = {name: module for name, module in new.items() if _is_own_module(name, module, search_path)}
    for name in own:
        del sys.modules[name]
    return own


def _search_path(path: Path, before: Iterable[str]) -> tuple[str, ...]:
    """Return the file's folder and the folders it has put on the path itself."""
    known = {str(Path(folder).resolve()) for folder in before}
    added = [str(Path(folder).resolve()) for folder in sys.path if isinstance(folder, str)]
    folders = [str(path.parent), *(folder for folder in added if folder not in known)]
    return tuple(dict.fromkeys(folders))


def _is_own_module(name: str, module: ModuleType, search_path: tuple[str, ...]) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and _is_own(Path(file), name, search_path)


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
