import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from theory import InvalidInput
from theory.python_files import execute, load_file, module_name, own_sources, read_source


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


# --------------------------------------------------------------------------- loading


def left_of(folder: Path) -> set[str]:
    """Name the modules that files of a folder have left behind."""
    known = ((name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()))
    return {name for name, file in known if file and folder in Path(file).parents}


Write = Callable[[str, str], Path]

LAZY = "import sys\nimport early_of_mine\n\n\ndef late():\n    import early_of_mine, late_of_mine\n\n"
LAZY += "    return early_of_mine, late_of_mine, sys.modules[__name__]\n"


def test_a_file_is_forgotten_when_it_is_loaded_and_known_while_it_runs(tmp_path: Path, write: Write) -> None:
    write("early_of_mine.py", "")
    write("late_of_mine.py", "VALUE = 1")
    folders = list(sys.path)
    file, names = load_file(write("mine.py", LAZY))
    assert (left_of(tmp_path), sys.path) == (set(), folders)
    assert list(file.sources) == ["mine", "early_of_mine", "late_of_mine"]
    with pytest.raises(ModuleNotFoundError):
        names["late"]()
    with file.importable():
        first = names["late"]()
        with file.importable():
            assert names["late"]() == first
    assert first[0] is names["early_of_mine"]
    assert first[2] is file.modules["mine"]
    assert (left_of(tmp_path), sys.path) == (set(), folders)
    with file.importable():
        assert names["late"]() == first  # not imported once more


def test_a_module_of_the_same_name_comes_back_after_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    write("early_of_mine.py", "")
    write("late_of_mine.py", "")
    file, names = load_file(write("mine.py", LAZY))
    other = ModuleType("early_of_mine")
    monkeypatch.setitem(sys.modules, "early_of_mine", other)
    with file.importable():
        assert names["late"]()[0] is names["early_of_mine"] is not other
    assert sys.modules["early_of_mine"] is other


def test_a_file_that_fails_leaves_nothing_behind(tmp_path: Path, write: Write) -> None:
    write("lib/helper_of_mine.py", "")
    text = "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent / 'lib'))\n"
    folders = list(sys.path)
    with pytest.raises(InvalidInput, match="raised ZeroDivisionError on line 5"):
        load_file(write("mine.py", text + "import helper_of_mine\n1 / 0"))
    assert (left_of(tmp_path), sys.path) == (set(), folders)


def test_a_file_may_load_another(tmp_path: Path, write: Write) -> None:
    write("deep/inner.py", "VALUE = 2")
    text = "from pathlib import Path\nfrom theory.python_files import load_file\n"
    text += "VALUE = load_file(Path(__file__).parent / 'deep' / 'inner.py')[1]['VALUE'] + 1\n"
    _, names = load_file(write("mine.py", text))
    assert names["VALUE"] == 3


def test_sources_are_read_without_being_run(tmp_path: Path, write: Write) -> None:
    write("kit/__init__.py", "raise SystemExit")
    write("kit/inner.py", "from . import leaf")
    write("kit/leaf.py", "x = (")
    path = write("mine.py", "import kit.inner, json, nothing_at_all")
    sources, packages = own_sources(path, path.read_text(), "mine", {}, (str(tmp_path),))
    assert list(sources) == ["mine", "kit", "kit.inner", "kit.leaf"]
    assert packages == {"kit"}
