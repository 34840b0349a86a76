"""Findings: content-addressed, whole or not there, and every script in them runs by itself."""

import ast
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.falsify.claim_files import load_claims
from reports.falsify.findings import example_script, finding_name, repro_script, text_literal, write_finding
from tests.reports.attacks import random_search, witness
from theory import InvalidInput, Model, Pair
from theory.search.notation import entry, expression

ROOT = Path(__file__).parents[3]
CLAIMS = r'''
"""Claims with everything that a script must carry: helpers, packages, quotes and a path of their own."""
import sys
from dataclasses import dataclass
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent / "more"))
import theory
from theory import NotApplicable, claim, kl_divergence, squared_logit_distance
from theory.measures.distances import total_variation
from kit.constants import EIGHTH
import beside

@dataclass
class Scale:
    by: float = 1.0

@claim
def eighth(pair):
    """$KL \\le d^2 / 8$, said with '\''' and \"\"\"."""
    if pair.n > 3:
        raise NotApplicable("too many")
    return kl_divergence(pair.a, pair.b), EIGHTH * squared_logit_distance(pair.a, pair.b) * Scale().by

def _made(name):
    @theory.claim(domain=theory.Domain(labels=(2, 2), dimensions=(3, 3), diverse=False))
    def check(pair):
        import lazily
        return total_variation(pair.a, pair.b) + lazily.ZERO, beside.TENTH
    check = __import__("dataclasses").replace(check, name=name)
    return check
globals()["from_a_factory"] = _made("from a / factory")
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    for name, text in {
        "mine.py": CLAIMS,
        "kit/__init__.py": "",
        "kit/constants.py": "from .deeper.still import ONE\nEIGHTH = ONE / 8\n",
        "kit/deeper/still.py": "ONE = 1\n",
        "more/beside.py": "TENTH = 0.1  # '''\n",
        "lazily.py": "ZERO = 0.0\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    return load_claims(folder / "mine.py")


@pytest.fixture(scope="module")
def outcomes(file):
    with file.importable():
        return {name: attack(claim) for name, claim in file.claims.items()}


def attack(claim, seed=0):
    found = random_search(claim, None, 200, seed, lambda *_: None)
    assert found.verdict == "refuted"
    return found


def run(script, *options, cwd="/"):
    # -I: neither the folder of the script nor the environment's paths; -S would leave no NumPy.
    command = [sys.executable, *options, str(script)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, env={"PATH": ""})


NO_THEORY = """import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("theory", "reports", "empirics", "scipy", "torch"):
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Refuse())
import runpy
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize("name", ["eighth", "from a / factory"])
def test_the_script_runs_alone_and_stands(file, outcomes, name, tmp_path):
    finding = write_finding(tmp_path / "findings", file, outcomes[name])
    copied = tmp_path / "copied" / "elsewhere.py"
    copied.parent.mkdir()
    copied.write_text((finding / "repro.py").read_text())
    result = subprocess.run(
        [sys.executable, "-c", NO_THEORY, copied], capture_output=True, text=True, cwd="/", check=False
    )
    assert result.stderr == ""
    assert result.returncode == 1
    worst, simplest = outcomes[name].worst, outcomes[name].simplest
    printed = [float(line.split("=")[1]) for line in result.stdout.splitlines() if line.startswith("  lhs")]
    assert printed == pytest.approx([simplest.lhs, worst.lhs], rel=1e-9)
    assert result.stdout.count("margin") == 2
    assert "the violation stands (simplest and worst)" in result.stdout


def test_the_script_uses_the_stand_in_even_where_theory_is_installed(file, outcomes, tmp_path):
    script = tmp_path / "repro.py"
    script.write_text(repro_script(file, outcomes["eighth"]) + "\n")
    spoiled = "import theory, runpy\ntheory.kl_divergence = None\nrunpy.run_path({!r}, run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", spoiled.format(str(script))], capture_output=True, cwd="/", check=False
    )
    assert result.returncode == 1
    assert b"stands (simplest and worst)" in result.stdout


def changed(script, old, new):
    text = script.read_text()
    assert text.count(old) >= 1
    script.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        ("EIGHTH = ONE / 8", "EIGHTH = ONE * 8", 0, "no violation stands"),
        ("if pair.n > 3", "if pair.n > 0", 0, "declined: too many"),
        ("EIGHTH = ONE / 8", "EIGHTH = None", 2, "could not be evaluated: TypeError"),
        ("import beside\n", "import nowhere_at_all\n", 2, "could not be loaded: ModuleNotFoundError"),
    ],
)
def test_the_script_s_status_follows_the_claim(file, outcomes, tmp_path, old, new, status, said):
    script = tmp_path / "repro.py"
    script.write_text(repro_script(file, outcomes["eighth"]))
    changed(script, old, new)
    result = run(script)
    assert (result.returncode, result.stderr) == (status, "")
    assert said in result.stdout


def test_one_standing_violation_is_enough(file, outcomes, tmp_path):
    pair = Pair(Model([[1.0]], [[0.0], [1.0]]), Model([[1.0]], [[0.0], [1.0]]))
    holds = replace(outcomes["eighth"], simplest=witness(file.claims["eighth"], pair))
    script = tmp_path / "repro.py"
    script.write_text(repro_script(file, holds))
    result = run(script)
    assert result.returncode == 1
    assert "the violation stands (worst)" in result.stdout


@pytest.mark.slow  # runs pytest in processes of its own
def test_the_example_fails_while_the_violation_stands(file, outcomes, tmp_path):
    test = tmp_path / "test_example.py"
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", f"--rootdir={tmp_path}")
    for name in file.claims:
        test.write_text(example_script(file, outcomes[name]))
        result = subprocess.run(
            [sys.executable, *options, test], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert result.returncode == 1, result.stdout
        assert "AssertionError: lhs = " in result.stdout
    # A claim that has been put right passes, also on what Hypothesis draws.
    mended = tmp_path / "mended"
    mended.mkdir()
    (mended / "mine.py").write_text("from theory import claim\neighth = claim(lambda pair: (0.0, 1.0))\n")
    test.write_text(
        example_script(file, outcomes["eighth"]).replace(repr(str(file.path)), repr(str(mended / "mine.py")))
    )
    result = subprocess.run([sys.executable, *options, test], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stdout


def test_a_finding_is_addressed_by_its_content(file, outcomes):
    outcome = outcomes["eighth"]
    name = finding_name(file, outcome)
    assert name.startswith("eighth-")
    assert len(name) == len("eighth-") + 16
    assert finding_name(file, replace(outcome, seed=5, seconds=9.0, message="x", evaluations=1)) == name
    other = attack(file.claims["eighth"], seed=1)
    assert finding_name(file, other) != name
    assert finding_name(file, replace(outcome, simplest=outcome.worst)) != name
    assert "/" not in finding_name(file, outcomes["from a / factory"])


def test_a_finding_is_never_written_twice(file, outcomes, tmp_path):
    first = write_finding(tmp_path, file, outcomes["eighth"])
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    assert set(before) == {"finding.json", "pair.npz", "repro.py", "example.py"}
    time.sleep(0.01)
    assert write_finding(tmp_path, file, replace(outcomes["eighth"], seconds=7.0)) == first
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before
    assert [child.name for child in tmp_path.iterdir()] == [first.name]


def test_a_finding_holds_the_arrays_and_the_record(file, outcomes, tmp_path):
    outcome = outcomes["eighth"]
    finding = write_finding(tmp_path, file, outcome)
    with np.load(finding / "pair.npz", allow_pickle=False) as arrays:
        assert len(arrays.files) == 8
        assert np.array_equal(arrays["a_embeddings"], outcome.simplest.pair.a.embeddings)
        assert np.array_equal(arrays["worst_b_unembeddings"], outcome.worst.pair.b.unembeddings)
    record = json.loads((finding / "finding.json").read_text())
    assert record["claim"]["verdict"] == "refuted"
    assert record["sources"] == file.digest


def test_what_is_not_refuted_is_no_finding(file, outcomes, tmp_path):
    for function in (repro_script, example_script, finding_name, lambda f, o: write_finding(tmp_path, f, o)):
        with pytest.raises(InvalidInput, match="expected a refuted claim"):
            function(file, replace(outcomes["eighth"], verdict="survived"))
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(file, outcomes, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        write_finding(tmp_path, file, outcomes["eighth"])
    assert list(tmp_path.iterdir()) == []


LOOP = """
import sys, time
from pathlib import Path
from dataclasses import replace
import numpy as np
from reports.falsify.claim_files import load_claims
from theory.files import sweep
from reports.falsify.findings import write_finding
from tests.reports.attacks import random_search, witness
from theory import Model, Pair
file = load_claims(Path(sys.argv[1]))
claim = file.claims["eighth"]
outcome = random_search(claim, None, 60, 0, lambda *_: None)
folder = Path(sys.argv[2])
sweep(folder)
for i in range(int(sys.argv[3]), int(sys.argv[4])):
    g, started = [[0.0], [1.0]], time.perf_counter()
    pair = Pair(Model([[float(i % 1000)], [0.0]], g), Model([[0.5 + i // 1000], [i / 7]], g))
    write_finding(folder, file, replace(outcome, worst=witness(claim, pair)))
    print(time.perf_counter() - started, flush=True)
"""


@pytest.mark.slow  # many processes, killed at many moments
def test_killing_at_any_moment_leaves_whole_findings(file, tmp_path):
    """Twenty runs, each killed by SIGKILL at a random moment of its writing; then one that is left to finish."""
    rng = random.Random(20260217)
    folder = tmp_path / "findings"
    command = [sys.executable, "-c", LOOP, str(file.path), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for i in range(20):
        process = subprocess.Popen(
            [*command, str(100 * i), "1000000"], stdout=subprocess.PIPE, env=environment, cwd=ROOT
        )
        process.stdout.readline()  # the first one takes longer
        time.sleep(rng.uniform(0.0, 5.0) * float(process.stdout.readline()))  # in the midst of one of the next few
        process.send_signal(signal.SIGKILL)
        process.communicate()
    left = [child for child in folder.iterdir() if child.name.startswith(".")]
    whole = [child for child in folder.iterdir() if not child.name.startswith(".")]
    assert len(left) <= 20
    assert len(whole) > 10
    for finding in whole:
        assert sorted(path.name for path in finding.iterdir()) == ["example.py", "finding.json", "pair.npz", "repro.py"]
        json.loads((finding / "finding.json").read_text())
        with np.load(finding / "pair.npz", allow_pickle=False) as arrays:
            assert all(np.isfinite(arrays[name]).all() for name in arrays.files)
        assert (finding / "repro.py").read_text().endswith("sys.exit(main())\n")
        assert (finding / "example.py").read_text().count("\n") > 30
    for finding in rng.sample(whole, 3):
        assert run(finding / "repro.py").returncode in (0, 1)
    subprocess.run([*command, "0", "3"], env=environment, cwd=ROOT, check=True, capture_output=True)
    assert not [child for child in folder.iterdir() if child.name.startswith(".")]


# --------------------------------------------------------------------------- literals


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "-0.0"), (3.0, "3"), (-2.5, "-5/2"), (1 / 3, "1/3"), (0.1, "1/10"), (0.3, "3/10"),
     (1e-9, "1e-09"), (0.1 + 0.2, "0.30000000000000004"),
     (1e300, "1e+300"), (5 / 7, "5/7"), (1 / 13, repr(1 / 13)), (1e6, "1000000.0")],
)  # fmt: skip
def test_numbers_are_written_as_small_fractions_where_they_are(value, text):
    assert entry(value) == text
    assert eval(text) == value
    assert math.copysign(1, eval(text)) == math.copysign(1, value)


def test_an_expression_is_the_pair_to_the_last_bit():
    rng = np.random.default_rng(0)
    pair = Pair(
        *(Model(rng.standard_normal((3, 2)) * 1e-8, np.round(rng.standard_normal((4, 2)) * 6) / 6) for _ in "ab")
    )
    again = eval(expression(pair), {"Pair": Pair, "Model": Model})
    for side in ("a", "b"):
        for name in ("embeddings", "unembeddings"):
            assert np.array_equal(getattr(getattr(pair, side), name), getattr(getattr(again, side), name))


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "'''", '"""', "'''\"\"\"", "a\\", "a'", 'a"', "tab\tand \x0c and \u2028 and é", "\r\n",
             "\\N{bad}", "x = '''a''' '''b'''\n", "# {{ template }} {% raw %}"],
)  # fmt: skip
def test_source_text_survives_as_a_literal(text):
    assert ast.literal_eval(text_literal(text)) == text
