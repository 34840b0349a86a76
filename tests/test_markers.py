"""What is slow is slow for a reason, which stands beside the marker."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def markers_without_reason(text):
    """Return the lines on which ``pytest.mark.slow`` stands without a comment."""
    comments = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and len(token.string.split()) > 2
    }
    marked = {
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr == "slow" and ast.unparse(node) == "pytest.mark.slow"
    }
    return sorted(marked - comments)


def test_every_slow_marker_has_its_reason():
    bare = {path.name: lines for path in TESTS.rglob("*.py") if (lines := markers_without_reason(path.read_text()))}
    assert bare == {}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("@pytest.mark.slow  # two workers start", []),
        ("@pytest.mark.slow", [1]),
        ("@pytest.mark.slow  # noqa", [1]),
        ("# two workers start\n@pytest.mark.slow", [2]),
        ("@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.slow)])", [1]),
    ],
)
def test_a_marker_without_reason_is_found(line, expected):
    assert markers_without_reason(f"{line}\ndef test():\n    pass\n") == expected
