"""The house as its own code draws it: rooms, arrows, and the measures of what lies in them; ``make house`` prints them.

A room is a top-level file or a folder of `theory`, `empirics` or `reports`; an arrow is an import from one room of
another, wherever in a file it stands.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("theory", "empirics", "reports")
"""From the ground up: each may import those before it."""


@dataclass(frozen=True)
class Import:
    """One name that one module imports.

    Attributes
    ----------
    module, target
        Dotted names of who imports, and of the module that is imported from.
    name
        What is imported from there; empty where the module itself is.
    line
        Where the import stands.
    """

    module: str
    target: str
    name: str
    line: int


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Return the files of the three floors by dotted name."""
    found = {}
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(files: Mapping[str, Path]) -> list[Import]:
    """Return every import of one of our modules by another, also those inside functions."""
    return [one for name, path in files.items() for one in _imports_of(name, path, files) if one.target != name]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports_of(module: str, path: Path, files: Mapping[str, Path]) -> Iterator[Import]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in files:
                    yield Import(module, alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module in files:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                target, name = (inner, "") if inner in files else (node.module, alias.name)
                yield Import(module, target, name, node.lineno)


def room(module: str) -> str:
    """Return the room that a module lies in: ``theory.search.engine`` lies in ``theory.search``."""
    return ".".join(module.split(".")[:2])


def arrows(found: list[Import]) -> dict[str, set[str]]:
    """Return, for each room, the other rooms that it imports."""
    drawn: dict[str, set[str]] = {}
    for one in found:
        if room(one.module) != room(one.target):
            drawn.setdefault(room(one.module), set()).add(room(one.target))
    return drawn


def circle(found: list[Import]) -> list[str]:
    """Return modules that import each other in a circle, or an empty list.

    A package's own face is left out of this: it gathers names from the modules below it.
    """
    graph: dict[str, set[str]] = {}
    packages = {one.rpartition(".")[0] for imported in found for one in (imported.module, imported.target)}
    for one in found:
        if one.module not in packages:
            graph.setdefault(one.module, set()).add(one.target)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def own_package(found: list[Import], files: Mapping[str, Path]) -> list[Import]:
    """Return the imports of a package by a module that lies in it: of its face, not of a module beside."""
    packages = {name for name, path in files.items() if path.name == "__init__.py"}
    return [one for one in found if one.target in packages and one.module.startswith(f"{one.target}.")]


def private(found: list[Import]) -> list[Import]:
    """Return the imports of names, or of modules, that begin with an underscore."""
    return [one for one in found if one.name.startswith("_") or one.target.rpartition(".")[2].startswith("_")]


def functions(files: Mapping[str, Path]) -> list[tuple[int, str]]:
    """Return lines and name of every function, longest first."""
    found = []
    for name, path in files.items():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                found += [(lines, f"{name}.{node.name}")]
    return sorted(found, reverse=True)


def sizes(files: Mapping[str, Path]) -> list[tuple[int, str]]:
    """Return lines and name of every file, largest first."""
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in files.items()}
    return sorted(((count, name) for name, count in lines.items()), reverse=True)


def main(root: Path = ROOT) -> None:
    """Print rooms, arrows, the longest function and the largest file."""
    files = modules(root)
    found = imports(files)
    drawn = arrows(found)
    rooms = sorted({room(name) for name in files if "." in name})
    for one in rooms:
        print(f"{one:28} -> {' '.join(sorted(drawn.get(one, ())))}")
    longest, largest = functions(files), sizes(files)
    print(f"rooms {len(rooms)}, arrows {sum(map(len, drawn.values()))}, modules {len(files)}")
    print(f"circle: {' -> '.join(circle(found)) or 'none'}")
    print(f"imports of the own package {len(own_package(found, files))}, of private names {len(private(found))}")
    print(f"longest function {longest[0][1]} ({longest[0][0]} lines); over 60 lines: {sum(n > 60 for n, _ in longest)}")
    print(f"largest file {largest[0][1]} ({largest[0][0]} lines)")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
