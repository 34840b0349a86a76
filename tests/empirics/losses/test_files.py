import hashlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from empirics.losses import Loss, loss_named, losses
from empirics.losses.files import load_loss, load_losses, loss_from_spec, parse_losses
from empirics.losses.properties import check_loss
from tests.processes import python
from theory import InvalidInput

Write = Callable[..., Path]

FILE = '''
"""Losses of a user."""
from functools import partial

import torch
from empirics.losses import distillation_loss, loss_named


def plain(teacher, student):
    """Plain squares.

    More.
    """
    return (teacher - student).square().sum(-1).mean()


@distillation_loss
def marked(teacher, student):
    """Marked."""
    return (teacher - student).abs().sum(-1).mean()


@distillation_loss(zero_set="logits", shift_invariant=False, prepare=lambda teacher: 1 + teacher.var(0, correction=0))
def fitted(teacher, student, variances):
    return ((teacher - student).square() / variances).sum(-1).mean()


def power(teacher, student, exponent):
    return (teacher - student).abs().pow(exponent).sum(-1).mean()


cubes = partial(power, exponent=3)
again = marked
kl = loss_named("kl")
number = 3


class Group:
    pass


def one(logits):
    return logits.sum()


async def later(teacher, student):
    return teacher
'''


@pytest.fixture
def write(write: Callable[[str, str], Path]) -> Write:
    return lambda text=FILE, name="my_losses.py": write(name, text)


def value(loss: Loss) -> float:
    teacher, student = torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    return float(loss.fitted(teacher)(teacher, student))


class TestLoading:
    def test_plain_functions(self, write: Write) -> None:
        path = write()
        loss = load_loss(f"{path}::plain")
        assert (loss.name, loss.title, loss.spec) == ("plain", "Plain squares.", f"{path}::plain")
        assert (loss.zero_set, loss.shift_invariant, loss.built_in) == ("none", None, False)
        assert value(loss) == 2.5
        assert check_loss(loss) == []

    def test_decorated_functions(self, write: Write) -> None:
        loss = load_loss(f"{write()}::marked")
        assert (loss.name, loss.title, value(loss)) == ("marked", "Marked.", 1.5)

    def test_fitted_functions(self, write: Write) -> None:
        loss = load_loss(f"{write()}::fitted")
        assert (loss.zero_set, loss.shift_invariant) == ("logits", False)
        assert value(loss) == pytest.approx(1.25)  # (1/2 + 4/2)/2: the variance of (0, 2) is 1
        assert check_loss(loss) == []

    def test_other_callables(self, write: Write) -> None:
        loss = load_loss(f"{write()}::cubes")
        assert (loss.name, loss.title, value(loss)) == ("cubes", "", 4.5)

    def test_all_decorated_losses_of_a_file(self, write: Write) -> None:
        path = write()
        assert [loss.name for loss in load_losses(path)] == ["marked", "fitted"]
        assert [loss.spec for loss in load_losses(path)] == [f"{path}::marked", f"{path}::fitted"]

    def test_a_file_with_one_needs_no_name(self, write: Write) -> None:
        path = write(
            "from empirics.losses import distillation_loss\n@distillation_loss\ndef a(t, s):\n    return t.sum()"
        )
        assert load_loss(str(path)).spec == f"{path}::a"
        with pytest.raises(InvalidInput, match=r"expected '::NAME' after it, one of marked, fitted"):
            load_loss(str(write()))

    def test_leaves_the_interpreter_as_it_was(self, write: Write) -> None:
        write("base = 2.0", "helper_of_mine.py")
        path = write("import helper_of_mine\ndef mine(t, s):\n    return helper_of_mine.base * (t - s).sum()")
        modules, folders, registered = set(sys.modules), list(sys.path), dict(losses())
        for _ in range(2):
            assert value(load_loss(f"{path}::mine")) == 2.0
            assert value(load_loss(f"{write(FILE, 'other.py')}::marked")) == 1.5
        assert (set(sys.modules), sys.path, dict(losses())) == (modules, folders, registered)

    def test_sees_what_has_changed(self, write: Write) -> None:
        path = write("base = 2.0", "helper_of_mine.py").with_name("mine.py")
        write("import helper_of_mine\ndef mine(t, s):\n    return helper_of_mine.base * (t - s).sum()", "mine.py")
        first = load_loss(f"{path}::mine")
        write("base = -30.0", "helper_of_mine.py")
        second = load_loss(f"{path}::mine")
        assert (value(first), value(second)) == (2.0, -30.0)
        assert first.fingerprint != second.fingerprint

    def test_relative_paths(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write()
        monkeypatch.chdir(path.parent)
        assert load_loss("my_losses.py::plain").spec == f"{path}::plain"

    def test_dataclasses_with_postponed_annotations(self, write: Write) -> None:
        text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Scaled:\n"
        text += "    by: float\n    def __call__(self, t, s):\n        return self.by * (t - s).sum()\n"
        assert value(load_loss(f"{write(text + 'mine = Scaled(3.0)')}::mine")) == 3.0


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "name", "message"),
        [
            (FILE, "nothing", "no loss is called 'nothing'; there are marked, fitted"),
            ("x = 1", "mine", "no loss is called 'mine'"),
            (FILE, "__name__", "no loss is called '__name__'"),
            (FILE, "number", r"expected number to be a function.*of type int"),
            (FILE, "Group", r"expected Group to be a function.*a class"),
            (FILE, "torch", r"expected torch to be a function.*of type module"),
            (FILE, "one", r"one: expected a function of \(teacher, student\), saw \(logits\)"),
            (FILE, "later", r"expected later to return a tensor, saw a coroutine"),
            (FILE, "kl", r"kl is 'kl' of this library: ask for it by that name"),
            ("def l1(t, s):\n    return t", "l1", "'l1' is the name of a loss of this library: choose another"),
            (
                "from empirics.losses import distillation_loss\n\n@distillation_loss\ndef l1(t, s):\n    return t",
                "l1",
                r"raised InvalidInput on line \d.*l1: a loss of this name is registered already",
            ),
            ("def mine(:\n    pass", "mine", r"not valid Python \(line 1"),
            ("x = 1\ny = 1 / 0", "mine", "raised ZeroDivisionError on line 2 while it was loaded: division by zero"),
            ("raise ValueError('two\\nlines')", "mine", "raised ValueError on line 1 while it was loaded: two lines"),
            ("import sys\nsys.exit(3)", "mine", r"asked to exit \(status 3\) while it was loaded"),
            ("import no_such_module_at_all", "mine", "raised ModuleNotFoundError on line 1"),
            ("# coding: no-such\n", "mine", "not readable as Python source"),
        ],
    )
    def test_name_the_file_in_one_line(self, write: Write, text: str, name: str, message: str) -> None:
        path = write(text)
        with pytest.raises(InvalidInput, match=message) as caught:
            load_loss(f"{path}::{name}")
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("missing.py::mine", r"missing\.py: no such file"),
            ("folder.py::mine", r"folder\.py: a folder, not a file"),
            ("losses.txt::mine", r"losses\.txt: expected a Python file \(\.py\), saw '\.txt'"),
            ("my_losses.py::", r"expected the name of a loss after '::', saw none"),
        ],
    )
    def test_files(self, write: Write, target: str, message: str) -> None:
        folder = write().parent
        (folder / "folder.py").mkdir()
        (folder / "losses.txt").write_text(FILE)
        with pytest.raises(InvalidInput, match=message):
            load_loss(str(folder / target))

    def test_a_file_without_losses_says_how_to_mark_them(self, write: Write) -> None:
        with pytest.raises(InvalidInput, match=r"expected losses.*saw none.*@distillation_loss"):
            load_losses(write("def plain(t, s):\n    return t.sum()"))

    def test_two_losses_of_one_name(self, write: Write) -> None:
        text = "from empirics.losses import Loss\na, b = (Loss(lambda t, s: t.sum(), 'mine') for _ in range(2))"
        with pytest.raises(InvalidInput, match=r"expected every loss to have a name of its own, saw 'mine' again"):
            load_losses(write(text))

    def test_a_failed_file_can_be_repaired(self, write: Write) -> None:
        with pytest.raises(InvalidInput):
            load_loss(f"{write('import nothing_here')}::plain")
        assert value(load_loss(f"{write()}::plain")) == 2.5


class TestLists:
    def test_of_names_and_files(self, write: Write) -> None:
        path = write()
        found = parse_losses(f"kl, l1,{path}::plain,{path}")
        assert [loss.name for loss in found] == ["kl", "l1", "plain", "marked", "fitted"]
        assert found[0] is loss_named("kl")

    @pytest.mark.parametrize("text", ["", ",", "kl,", "kl,,l1"])
    def test_empty(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="expected names separated by commas"):
            parse_losses(text)

    def test_unknown(self) -> None:
        with pytest.raises(InvalidInput, match=r"'centered_l2'; did you mean centred_l2\? there are .*FILE\.py::NAME"):
            parse_losses("kl,centered_l2")
        with pytest.raises(InvalidInput, match=r"no such file"):
            parse_losses("kl,missing.py")

    def test_duplicates(self, write: Write) -> None:
        with pytest.raises(InvalidInput, match=r"saw 'kl' again; it is listed twice"):
            parse_losses("kl,l1,kl")
        one, other = write(), write(FILE, "other.py")
        with pytest.raises(InvalidInput, match=r"saw 'plain' again; it is .*my_losses\.py::plain and .*rename one"):
            parse_losses(f"{one}::plain,{other}::plain")


class TestSpecifications:
    def test_find_the_loss_again(self, write: Write) -> None:
        loss = load_loss(f"{write()}::again")
        assert loss_from_spec(loss.spec).spec == loss.spec
        assert loss_from_spec(loss.spec).name == "marked"
        assert all(loss_from_spec(loss.spec) is loss for loss in losses().values())

    def test_pickles_travel_to_another_process(self, write: Write, tmp_path: Path) -> None:
        teacher, student = torch.tensor([[0.0, 1.0], [2.0, 0.0]]), torch.tensor([[1.0, 1.0], [0.0, 0.0]])
        path = write()
        carried = [load_loss(f"{path}::{name}").fitted(teacher) for name in ("plain", "marked", "fitted", "cubes")]
        (tmp_path / "carried").write_bytes(pickle.dumps((carried, teacher, student)))
        script = "import pickle, sys; losses, t, s = pickle.load(open(sys.argv[1], 'rb'))\n"
        script += "print(*(float(loss(t, s)) for loss in losses))"
        done = python(script, tmp_path / "carried")
        assert [float(word) for word in done.stdout.split()] == [float(loss(teacher, student)) for loss in carried]

    def test_pickles_of_a_changed_file_are_refused(self, write: Write) -> None:
        data = pickle.dumps(load_loss(f"{write()}::plain"))
        assert pickle.loads(data).name == "plain"
        write(FILE + "\n# changed\n")
        with pytest.raises(InvalidInput, match=r"my_losses\.py::plain: the source has changed"):
            pickle.loads(data)


class TestFingerprints:
    def test_is_a_function_of_what_the_file_says(self, write: Write) -> None:
        first, again, elsewhere = (
            load_loss(f"{write(FILE, name)}::plain").fingerprint for name in ("a.py", "a.py", "deep/b.py")
        )
        assert first == again == elsewhere
        assert len(first) == 64
        assert load_loss(f"{write(FILE + '#', 'a.py')}::plain").fingerprint != first

    @pytest.mark.parametrize(
        ("imports", "helper"),
        [
            ("import own", "own.py"),
            ("from own import base", "own.py"),
            ("import own.inner", "own/inner.py"),
            ("from own.inner import base", "own/inner.py"),
            ("import first", "own.py"),
        ],
    )
    def test_sees_the_modules_beside_the_file(self, write: Write, imports: str, helper: str) -> None:
        if "/" in helper:
            write("", "own/__init__.py")
        write("import own", "first.py")

        def fingerprint(text: str) -> str:
            write(text, helper)
            return load_loss(f"{write(imports + chr(10) + 'def mine(t, s): return t.sum()')}::mine").fingerprint

        assert fingerprint("base = 1") == fingerprint("base = 1") != fingerprint("base = 2")

    def test_sees_modules_wherever_the_file_finds_them(self, write: Write) -> None:
        text = "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent / 'lib'))\n"
        text += "import own\ndef mine(t, s): return own.base * t.sum()"
        found = []
        for base in (1, 1, 2):
            write(f"base = {base}", "lib/own.py")
            found.append(load_loss(f"{write(text)}::mine").fingerprint)
        assert found[0] == found[1] != found[2]

    def test_is_the_one_of_the_text_for_a_file_that_imports_nothing_of_its_own(self, write: Write) -> None:
        # Checkpoints are named by it.
        expected = hashlib.sha256(f"\0{len(FILE)}\0{FILE}".encode()).hexdigest()
        assert load_loss(f"{write()}::plain").fingerprint == expected

    def test_does_not_see_other_files(self, write: Write) -> None:
        before = load_loss(f"{write()}::plain").fingerprint
        write("base = 1", "unrelated.py")
        assert load_loss(f"{write()}::plain").fingerprint == before

    def test_of_this_library_cover_what_a_loss_is_made_of(self) -> None:
        from empirics.losses import guaranteed, softmax
        from empirics.losses.sources import shared_modules

        assert shared_modules(Path(guaranteed.__file__)) == [Path(softmax.__file__)]
        assert shared_modules(Path(softmax.__file__)) == []
        assert len({losses()[name].fingerprint for name in ("kl", "l1", "standardised", "guaranteed_cca")}) == 4
        assert losses()["kl"].fingerprint == losses()["dkd"].fingerprint

    def test_of_functions_without_a_file(self) -> None:
        def made(text: str) -> str:
            namespace: dict[str, Callable[..., torch.Tensor]] = {}
            exec(f"def mine(t, s):\n    return {text}", namespace)
            return Loss(namespace["mine"], "mine").fingerprint

        assert made("t.sum()") == made("t.sum()") != made("t.mean()")
