"""The source that computes a loss, read without running it, and its fingerprint."""

from __future__ import annotations

import ast
import hashlib
import inspect
import marshal
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from theory.python_files import OURS

_HERE = Path(__file__).resolve().parent
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
    """Return SHA-256 of a file and of the modules beside it that it imports, directly or not.

    What is installed is left out, and so is what the file reads when it runs.
    """
    found = hashlib.sha256()
    path = path.resolve()
    seen, waiting = {path}, [path]
    while waiting:
        for file in sorted(_imports(waiting.pop(), path.parent) - seen):
            seen.add(file)
            waiting.append(file)
    for file in (path, *sorted(seen - {path})):
        text = file.read_bytes()
        # By name, not by place: a folder that has moved says what it said.
        name = file.relative_to(path.parent).as_posix() if file != path else ""
        found.update(f"{name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()


def _bare(code: CodeType) -> CodeType:
    """Drop where the code was written, so that the same code is the same."""
    constants = tuple(_bare(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_filename="", co_firstlineno=1, co_linetable=b"", co_consts=constants)


def _imports(path: Path, folder: Path) -> set[Path]:
    """Return the files in a folder, or in its packages, that the import statements of a file name."""
    try:
        with tokenize.open(path) as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError, LookupError):
        return set()
    return {file.resolve() for name in _names(tree) for file in _files(name, folder)}


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _files(name: str, folder: Path) -> list[Path]:
    """Return what a module's name stands for in a folder: its file, or all files of its package."""
    if folder == _HERE:  # losses of this library: the modules they share, but not what only lists them
        beside = folder / f"{name.rpartition('.')[2]}.py"
        own = name.startswith("empirics.losses.") and beside.is_file() and beside.name not in _NO_ARITHMETIC
        return [beside] if own else []
    top = name.partition(".")[0]
    if top in OURS:
        return []
    if (folder / f"{top}.py").is_file() and not (folder / top / "__init__.py").is_file():
        return [folder / f"{top}.py"]
    # A package, with a file of its own or without; relative imports inside it need not be followed.
    return sorted((folder / top).rglob("*.py")) if (folder / top).is_dir() else []
