"""Files of claims: loaded and named, every way in which one is unusable told in a line, and its own imports read."""

import sys
from pathlib import Path

import pytest

from reports.falsify.claim_files import load_claims
from reports.shared.user_files import parse_target
from theory import InvalidInput, Model, Pair

CLAIM = """
from theory import claim
@claim
def one(pair):
    "First."
    return 0.0, 1.0
"""


def write(folder, name="mine.py", text=CLAIM):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_claims_come_in_the_order_of_their_definition(tmp_path):
    text = CLAIM + "@claim\ndef zero(p): return 0, 0\n@claim\ndef middle(p): return 0, 0\nagain = one\n"
    file = load_claims(write(tmp_path, text=text))
    assert list(file.claims) == ["one", "zero", "middle"]
    assert file.claims["one"].title == "First."
    assert file.claims["one"](None) == (0.0, 1.0)
    assert list(load_claims(file.path, "middle").claims) == ["middle"]
    assert load_claims(file.path, "one").digest == file.digest


def test_claims_of_one_name_are_called_by_their_attributes(tmp_path):
    text = "from theory import claim\na = claim(lambda p: (1, 2))\nb = claim(lambda p: (3, 4))\n" \
           "def make(i):\n    @claim\n    def check(p): return i, 0\n    return check\nx, y = make(1), make(2)\n" \
           "check = claim(lambda p: (9, 9))\n"  # fmt: skip
    file = load_claims(write(tmp_path, text=text))
    assert list(file.claims) == ["a", "b", "x", "y", "check_"]
    assert [file.claims[name].name for name in file.claims] == list(file.claims)
    assert file.claims["y"](None) == (2, 0)
    assert file.attributes["check_"] == "check"
    assert load_claims(file.path, "check").attributes == {"check_": "check"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def f(:", "not valid Python (line 1:"),
        ("x = 1\n\n1 / 0\n", "raised ZeroDivisionError on line 3 while it was loaded: division by zero"),
        ("import nothing_of_that_name", "raised ModuleNotFoundError on line 1"),
        ("import sys\nsys.exit(3)", "asked to exit (status 3)"),
        ("raise SystemExit", "asked to exit"),
        ("x = 1", "expected functions marked with @claim, saw none"),
        ("from theory import claim\n@claim\ndef f(): pass\n", "raised InvalidInput on line 2"),
        ("import helper_that_fails", "raised ValueError on line 1 while it was loaded: two lines"),
        ("raise BaseException('odd')", "raised BaseException on line 1"),
        ("import helper_that_is_no_python", "not valid Python (helper_that_is_no_python.py, line 1:"),
    ],
)
def test_an_unusable_file_is_told_in_one_line(tmp_path, text, complaint):
    write(tmp_path, "helper_that_fails.py", "raise ValueError('two\\nlines')")
    write(tmp_path, "helper_that_is_no_python.py", "x = (")
    path = write(tmp_path, text=text)
    before = list(sys.path)
    with pytest.raises(InvalidInput) as caught:
        load_claims(path)
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sys.path == before


def test_what_is_no_python_file_is_named(tmp_path):
    for path, complaint in ((tmp_path / "x.py", "no such file"), (tmp_path / "x.txt", "expected a Python file"),
                            (write(tmp_path, "folder.py/a").parent, "a folder")):  # fmt: skip
        with pytest.raises(InvalidInput, match=complaint):
            load_claims(path)
    binary = tmp_path / "binary.py"
    binary.write_bytes(b"x = '\xff\xfe'\n")
    with pytest.raises(InvalidInput, match="not readable as Python source"):
        load_claims(binary)


def test_an_unknown_name_says_which_there_are(tmp_path):
    with pytest.raises(InvalidInput, match="no claim is called 'two'; there are one"):
        load_claims(write(tmp_path), "two")


def test_a_target_is_a_file_and_perhaps_a_name():
    assert parse_target("a/b.py") == (Path("a/b.py"), None)
    assert parse_target("a/b.py::c") == (Path("a/b.py"), "c")
    with pytest.raises(InvalidInput, match="expected the name of a claim"):
        parse_target("b.py::")


def test_own_modules_are_read_and_others_are_not(tmp_path):
    write(tmp_path, "helper.py", "import json\nBOUND = 2.0\n")
    write(tmp_path, "kit/__init__.py", "from . import inner\n")
    write(tmp_path, "kit/inner.py", "from .deep import leaf\nVALUE = 3.0\n")
    write(tmp_path, "kit/deep/leaf.py", "")
    write(tmp_path, "late.py", "import later\nLATE = 4.0\n")
    write(tmp_path, "later.py", "")
    write(tmp_path, "beside/elsewhere.py", "")
    write(tmp_path, "json.py", "raise RuntimeError('not the one that is meant')")
    write(tmp_path, "unrelated.py", "")
    write(tmp_path, "lib/site-packages/installed.py", "")
    text = "import json, sys, helper, kit\nfrom pathlib import Path\nimport numpy as np\n" \
           "sys.path.insert(0, str(Path(__file__).parent / 'beside'))\n" \
           "sys.path.insert(0, str(Path(__file__).parent / 'lib' / 'site-packages'))\nimport elsewhere, installed\n" + \
           CLAIM + "@claim\ndef lazy(p):\n    import late\n    return late.LATE, 0\n"  # fmt: skip
    file = load_claims(write(tmp_path, text=text))
    assert list(file.sources) == ["mine", "elsewhere", "helper", "kit", "kit.deep.leaf", "kit.inner", "late", "later"]
    assert file.sources["mine"] == text
    assert file.packages == {"kit"}
    with file.importable():
        assert file.claims["lazy"](None) == (4.0, 0)
    changed = load_claims(write(tmp_path, text=text)).digest
    assert changed == file.digest
    write(tmp_path, "later.py", "x = 1")
    assert load_claims(file.path).digest != file.digest


def test_files_of_one_name_in_two_folders_do_not_mix(tmp_path):
    values = []
    for i in (1, 2):
        write(tmp_path / str(i), "helper_of_two.py", f"VALUE = {i}\n")
        file = load_claims(write(tmp_path / str(i), text="import helper_of_two\nfrom theory import claim\n"
                                 "f = claim(lambda p: (helper_of_two.VALUE, 0))\n"))  # fmt: skip
        values.append(file.claims["f"](None)[0])
    assert values == [1, 2]


def test_a_file_may_be_called_like_a_module(tmp_path):
    for name in ("json.py", "numpy.py", "theory.py", "my claims-v1.2.py"):
        file = load_claims(write(tmp_path, name, "import numpy\n" + CLAIM))
        assert file.claims["one"](Pair(Model([[1.0]], [[1.0], [0.0]]), Model([[1.0]], [[1.0], [0.0]]))) == (0.0, 1.0)
    import json

    assert json.dumps([]) == "[]"
