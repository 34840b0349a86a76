from pathlib import Path
from types import ModuleType

import pytest

from theory import InvalidInput
from theory.python_files import execute, module_name, read_source


def ran(path: Path, text: str) -> ModuleType:
    module = ModuleType("mine")
    execute(path, text, module)
    return module


def test_names_are_those_of_files_unless_taken() -> None:
    assert module_name(Path("my-bounds.py")) == "my_bounds"
    assert module_name(Path("theory.py")) == "theory_file"
    assert module_name(Path("json.py")) == "json_file"


def test_source_is_read_in_its_declared_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    assert ran(path, read_source(path)).x == "é"


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [("a.txt", b"", "expected a Python file"), ("b.py", None, "no such file"), ("c.py", b"\xff", "not readable")],
)
def test_what_is_no_source_is_refused_by_name(tmp_path: Path, name: str, content: bytes | None, named: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=f"{name}: {named}"):
        read_source(tmp_path / name)
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(InvalidInput, match="a folder"):
        read_source(tmp_path / "folder.py")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x = 1\nx = (", "not valid Python .line 2"),
        ("x = 1\n1 / 0", "raised ZeroDivisionError on line 2 while it was loaded: division by zero"),
        ("raise SystemExit(3)", "asked to exit .status 3"),
    ],
)
def test_what_goes_wrong_is_one_line(text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as found:
        ran(Path("mine.py"), text)
    assert "\n" not in str(found.value)


def test_interrupts_pass() -> None:
    with pytest.raises(KeyboardInterrupt):
        ran(Path("mine.py"), "raise KeyboardInterrupt")
