"""Arithmetic lies below everything but the errors: it imports nothing of this package above it."""

import ast
from pathlib import Path

import pytest

import theory.arithmetic

ROOM = Path(theory.arithmetic.__file__).parent
FILES = sorted(ROOM.rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOM)))
def test_nothing_above_is_imported(path):
    ours = {name for name in imported(path) if name.split(".")[0] == "theory"}
    below = ("theory.errors", "theory.arithmetic")
    assert all(f"{name}.".startswith(tuple(f"{room}." for room in below)) for name in ours), ours
