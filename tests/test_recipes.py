"""The recipes of CONTRIBUTING.md, followed in a copy of the house: what each names is all that is touched, and enough.

A theorem is one folder. A loss is one function. A data set is one file and its registration, a command one folder and
two lines. Each is found by all that ought to find it.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests import house

RUN = "import sys; from reports.cli import main; main(sys.argv[1:])"

STATEMENT = r'''"""T97: the logit distance is symmetric. Proof: so is a square of differences."""

from theory.catalogue.quantities import rational, squared_distance
from theory.models import Model, Pair
from theory.statements import ExtremalFamily, FalseTwin, Hypothesis, KnownAnswer, Statement, Theorem


def _swapped(pair):
    return squared_distance(pair.swapped)


def _coins(eps):
    return Pair(Model([[1.0]], [[eps], [0.0]]), Model([[1.0]], [[0.0], [eps]]))


_APART = Hypothesis("apart", r"d > 0", squared_distance)
_HALF = Statement("half", r"d^2 \le \tfrac12 d'^2", squared_distance, _swapped, rational(1, 2), hypotheses=(_APART,))

THEOREM = Theorem(
    identifier="T97",
    title="No side is preferred",
    source="by hand",
    summary="Either model may come first.",
    statements=(
        Statement("symmetric", r"d^2 \le d'^2", squared_distance, _swapped, hypotheses=(_APART,),
                  sharp=(ExtremalFamily("any", "any pair", _coins, 1.0),)),
    ),
    twins=(FalseTwin(_HALF, "Nothing is lost by the exchange."),),
    known_answers=(KnownAnswer("two coins", "1.000", lambda: float(squared_distance(_coins(1.0))), "by hand"),),
)
'''
PROOF = r'''"""T97, step by step."""

import sympy as sp

from theory.proofs.identity import Identity
from theory.proofs.steps import Proof, Step

x, y = sp.symbols("x y", real=True)


def proofs():
    step = Step("square", "(x-y)^2 = (y-x)^2", Identity((x - y) ** 2, (y - x) ** 2))
    return (Proof("T97", "symmetric", "d = d'", (step,)),)


def false():
    return (Proof("T97", "half", "d = d'/2", (Step("half", "1 = 2", Identity(sp.Integer(1), sp.Integer(2))),)),)
'''
CONCLUSION = '''"""What the proof of T97 concludes."""

from theory.proofs.conclusion import concludes

CONCLUSIONS = {"symmetric": concludes("d2 <= d2_swapped", {"d2": "lhs", "d2_swapped": "rhs"}, ("apart",))}
'''
LOSS = '''

@distillation_loss(zero_set="logits", shift_invariant=False)
def half_l2(teacher: Logits, student: Logits) -> Scalar:
    """Half the squared difference of raw logits, summed over labels, mean over inputs."""
    return (teacher - student).square().sum(-1).mean() / 2
'''
DATA_SET = '''"""Points of a line, labelled by the third they lie in."""

import numpy as np

from empirics.data.dataset import Dataset, Part


def thirds_of_a_line(seed: int = 0) -> Dataset:
    """Draw the points."""
    stream = np.random.default_rng(seed)
    points = [stream.uniform(-3, 3, (count, 1)) for count in (300, 100, 100)]
    return Dataset("thirds", *(Part(part, ((part[:, 0] + 3) // 2).astype(int)) for part in points))
'''
COMMAND = '''"""The command ``logitbounds greet``."""

import typer


def greet() -> int:
    """Greet."""
    typer.echo("hello")
    return 0
'''


class Copy:
    """A copy of the three floors, and a command line that runs it."""

    def __init__(self, place):
        self.place = place
        for floor in house.FLOORS:
            shutil.copytree(house.ROOT / floor, place / floor, ignore=shutil.ignore_patterns("__pycache__"))

    def add(self, name, text):
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def insert(self, name, before, line):
        path = self.place / name
        text = path.read_text()
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, line + before))

    def run(self, *arguments, status=0):
        environment = {**os.environ, "PYTHONPATH": str(self.place)}
        done = subprocess.run(
            [sys.executable, "-c", RUN, *map(str, arguments)],
            capture_output=True, text=True, cwd=self.place, env=environment, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.mark.slow  # five commands in processes of their own
def test_a_theorem_is_one_folder(copy):
    folder = "theory/catalogue/t97_no_side_is_preferred"
    texts = {"__init__": "", "statement": STATEMENT, "proof": PROOF, "conclusion": CONCLUSION}
    for name, text in texts.items():
        copy.add(f"{folder}/{name}.py", text)
    assert "T97  No side is preferred\n    symmetric\n    half  (false twin)" in copy.run("list", "claims")
    assert "proved" in copy.run("prove", "T97")
    assert "not proved" in copy.run("prove", "T97::half", status=1)
    assert "survived" in copy.run("falsify", "T97", "--evaluations", 200)
    copy.run("falsify", "T97", "--drop", "--evaluations", 200, "--json", "found.json")
    (dropped,) = json.loads((copy.place / "found.json").read_text())["claims"]
    assert (dropped["name"], dropped["hypothesis"]) == ("T97 without apart", "apart")
    assert "T97" in copy.run("falsify", "T98", status=2)  # T1 to T97


@pytest.mark.slow  # trains networks, in processes of their own
def test_a_loss_is_one_function_and_a_data_set_one_file_and_its_registration(copy):
    losses = copy.place / "empirics/losses/raw_logits.py"
    losses.write_text(losses.read_text() + LOSS)
    copy.add("empirics/data/thirds.py", DATA_SET)
    registry = "empirics/data/registry.py"
    copy.insert(registry, "from empirics.data.digits import", "from empirics.data.thirds import thirds_of_a_line\n")
    copy.insert(registry, '    Source("digits",', '    Source("thirds", "thirds of a line", thirds_of_a_line),\n')
    assert "half_l2  Half the squared difference" in copy.run("list", "losses")
    assert "thirds  thirds of a line" in copy.run("list", "datasets")
    said = copy.run("distill", "thirds", "--losses", "kl,half_l2", "--seeds", 1, "--jobs", 1, "--json", "found.json")
    assert "half_l2" in said
    rows = json.loads((copy.place / "found.json").read_text())["rows"]
    assert {row["loss"] for row in rows} == {"kl", "half_l2"}


@pytest.mark.slow  # two commands in processes of their own
def test_a_command_is_one_folder_and_two_lines(copy):
    copy.add("reports/greet/__init__.py", "")
    copy.add("reports/greet/command.py", COMMAND)
    copy.insert("reports/cli.py", "from reports.listing.command", "from reports.greet.command import greet\n")
    copy.insert("reports/cli.py", "app.command()(prove)", "app.command()(greet)\n")
    assert "greet" in copy.run("--help")
    assert copy.run("greet") == "hello\n"
