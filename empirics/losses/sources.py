"""The source that computes a loss, read without running it, and its fingerprint."""

from __future__ import annotations

import ast
import hashlib
import inspect
import marshal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from theory.errors import InvalidInput
from theory.python_files import module_name, own_sources, read_source

_HERE = Path(__file__).resolve().parent
_PACKAGE = __name__.rpartition(".")[0] + "."
_NO_ARITHMETIC = frozenset({"__init__.py", "files.py", "properties.py", "registry.py", "sources.py"})


def fingerprint_of(function: Callable[..., Any]) -> str:
    """Return the fingerprint of a function: that of its file, or of its code where there is no file."""
    function = inspect.unwrap(function)
    try:
        file = inspect.getsourcefile(function if inspect.isroutine(function) else type(function))
    except (TypeError, OSError):
        file = None
    if file is not None and Path(file).is_file():
        return fingerprint_of_file(Path(file))
    code = getattr(function, "__code__", None)
    text = marshal.dumps(_bare(code)) if isinstance(code, CodeType) else repr(type(function)).encode()
    return hashlib.sha256(text).hexdigest()


def fingerprint_of_file(path: Path) -> str:
    """Return the fingerprint of a file and of its own modules that it imports, directly or not.

    What is installed is left out, and so is what the file reads when it runs.
    """
    path = path.resolve()
    if path.parent == _HERE:
        return _digest({"": path.read_bytes(), **{file.name: file.read_bytes() for file in shared_modules(path)}})
    try:
        text = read_source(path)
    except InvalidInput:  # of another kind, or in an encoding of its own
        return _digest({"": path.read_bytes()})
    return fingerprint_of_sources(*own_sources(path, text, module_name(path), {}, (str(path.parent),)))


def fingerprint_of_sources(sources: Mapping[str, str], packages: frozenset[str]) -> str:
    """Return the fingerprint of a user's file, of which `theory.python_files.own_sources` says what belongs to it.

    By the names of its modules, not by its own or its place: a file that has moved says what it said.
    """
    first, *others = sources
    places = {name: name.replace(".", "/") + ("/__init__.py" if name in packages else ".py") for name in others}
    texts = {places[name]: sources[name].encode() for name in sorted(others, key=places.__getitem__)}
    return _digest({"": sources[first].encode(), **texts})


def shared_modules(path: Path) -> list[Path]:
    """Return the modules of this package that one of it imports, directly or not, but not what only lists losses."""
    seen: list[Path] = []
    waiting = [path]
    while waiting:
        tree = ast.parse(waiting.pop().read_text(encoding="utf-8"))
        modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        for name in (module.removeprefix(_PACKAGE) for module in modules if module.startswith(_PACKAGE)):
            file = _HERE / f"{name}.py"
            if file.is_file() and file.name not in _NO_ARITHMETIC and file not in (path, *seen):
                seen.append(file)
                waiting.append(file)
    return sorted(seen)


def _digest(texts: Mapping[str, bytes]) -> str:
    found = hashlib.sha256()
    for name, text in texts.items():
        found.update(f"{name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()


def _bare(code: CodeType) -> CodeType:
    """Drop where the code was written, so that the same code is the same."""
    constants = tuple(_bare(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_filename="", co_firstlineno=1, co_linetable=b"", co_consts=constants)
