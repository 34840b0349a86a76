"""`logitbounds distill`: its files, its refusals, a loss of the user's, and what is left of a run that was killed."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from empirics import experiment
from empirics.experiment import Plan, run
from empirics.losses.files import parse_losses
from empirics.training import Recipe
from reports.distill import command as experiments_cli
from reports.distill import run as experiments
from reports.distill.run import TIMINGS, Report, report_on
from tests.empirics.tiny import TINY, losses_named
from tests.processes import alive, begun, children, needs_proc, python, until
from tests.reports.commands import PROGRAM, status
from theory.workers import Board

distill = partial(status, "distill")
PRESET = replace(TINY, losses=("kl", "l2"), predictions="digits")
LOSSES = '''import os
import torch
from empirics.losses import distillation_loss


def plain(teacher, student):
    """Mean of absolute differences."""
    return (teacher - student).abs().mean()


@distillation_loss(zero_set="logits", shift_invariant=False)
def decorated(teacher, student):
    """Squared differences, mean over inputs."""
    return ((teacher - student) ** 2).sum(dim=1).mean()


def blemished(teacher, student):
    return ((teacher - student) ** 2).sum()


def vector(teacher, student):
    return ((teacher - student) ** 2).sum(dim=1)


def failing(teacher, student):
    raise RuntimeError("no\\nsuch luck")


def exiting(teacher, student):
    raise SystemExit(0)


def unmoved(teacher, student):
    return torch.zeros((), dtype=teacher.dtype)


def late(teacher, student):
    if len(teacher) > 100:
        raise RuntimeError("too\\nmany [red]rows")
    return ((teacher - student) ** 2).sum(dim=1).mean()


def diverging(teacher, student):
    return ((teacher - student) ** 2).sum(dim=1).mean() * (float("nan") if len(teacher) > 100 else 1.0)


def deadly(teacher, student):
    if len(teacher) > 100:
        os._exit(9)
    return ((teacher - student) ** 2).sum(dim=1).mean()
'''


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make every profile of the digits tiny, and stand in an empty folder with a file of losses."""
    profiles = MappingProxyType(dict.fromkeys(("quick", "standard", "paper"), PRESET))
    known = dict.fromkeys(("digits", "spirals"), profiles)
    presets = sys.modules["empirics.presets"]
    monkeypatch.setattr(presets, "PRESETS", MappingProxyType({**presets.PRESETS, **known}))
    monkeypatch.chdir(tmp_path)
    Path("my_losses.py").write_text(LOSSES)
    return tmp_path


def untimed(path: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in JSON")

    data: dict[str, Any] = json.loads(path.read_text(), parse_constant=refuse)
    return {key: value for key, value in data.items() if key not in TIMINGS}


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file() and "__pycache__" not in path.parts)


class TestFiles:
    def test_page_data_and_checkpoints(self, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert distill("digits", "--seeds", 1, "--jobs", 1, "--json", "deep/all.json", "--out", "out") == 0
        out = capsys.readouterr()
        assert out.err == ""
        assert out.out.endswith("report: out/index.html   data: deep/all.json\n")
        assert Path("deep/all.json").read_bytes() == Path("out/report.json").read_bytes()
        assert Path("out/index.html").stat().st_size
        assert len(list(Path("out/checkpoints").iterdir())) == 1 + 2
        assert not [name for name in files() if "/." in name]

    def test_command_in_the_data_runs_as_it_stands(self, tiny: Path) -> None:
        assert distill("digits", "--losses", "my_losses.py::plain", "--seeds", 1, "--jobs", 1, "--out", "o") == 0
        command = untimed(Path("o/report.json"))["command"].split()
        assert command[:2] == ["logitbounds", "distill"]
        assert distill(*command[2:], "--out", "again") == 0
        assert untimed(Path("again/report.json")) == untimed(Path("o/report.json"))

    def test_default_folder_is_the_experiment_s_and_json_may_be_the_report_s_own(self, tiny: Path) -> None:
        own = Path("runs/distill/digits/report.json")
        assert distill("digits", "--losses", "l2", "--seeds", 1, "--jobs", 1, "--json", own) == 0
        assert untimed(own)["rows"]
        assert own.with_name("index.html").exists()


class TestOptions:
    @pytest.mark.slow  # trains three grids, one of them in two processes
    def test_results_do_not_depend_on_jobs_and_depend_on_the_seed(self, tiny: Path) -> None:
        for place, options in {"one": ("--jobs", 1), "two": ("--jobs", 2), "other": ("--jobs", 1, "--seed", 7)}.items():
            assert distill("digits", "--losses", "l2,my_losses.py::plain", "--seeds", 1, *options, "--out", place) == 0
        one, two, other = (untimed(Path(place) / "report.json") for place in ("one", "two", "other"))
        assert one == two
        assert [row["mean_cca"] for row in one["rows"]] != [row["mean_cca"] for row in other["rows"]]
        assert one["data"]["fingerprint"] != other["data"]["fingerprint"]

    @pytest.mark.slow  # trains nine students
    def test_smaller_grids_are_part_of_larger_ones(self, tiny: Path) -> None:
        for seeds in (1, 3):
            assert distill("digits", "--losses", "l2", "--seeds", seeds, "--jobs", 1, "--out", seeds) == 0
        one, three = (untimed(Path(place) / "report.json") for place in ("1", "3"))
        assert len(three["rows"]) == 2 * 9
        assert (three["settings"]["teachers"], three["settings"]["students"]) == (3, 3)
        first = [row for row in three["rows"] if row["teacher_seed"] == row["student_seed"] == 0]
        for row, same in zip(one["rows"], first, strict=True):
            for name in ("accuracy", "kl", "logit_distance", "mean_cca"):
                assert row[name] == pytest.approx(same[name], rel=1e-4)  # to the rounding of products of other shapes

    def test_one_seed_tells_no_spread_and_gives_the_reason(
        self, tiny: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert distill("digits", "--seeds", 1, "--jobs", 1, "--out", "o") == 0
        counted = "digits, test part: 1 teacher x 1 student x 2 losses (profile quick"
        assert capsys.readouterr().out.startswith(counted)
        data = untimed(Path("o/report.json"))
        assert data["comparisons"]
        for entry in (*data["summary"], *data["comparisons"]):
            assert entry["low"] is None
            assert entry["high"] is None
            assert "one teacher" in entry["reason"]
        assert all("one teacher" in entry["standardised_reason"] for entry in data["comparisons"])

    @pytest.mark.parametrize(
        ("option", "hidden", "dimension"),
        [
            (("--student-width", "1e-9", "--seed", 2**63 - 1), [1], 2),  # the smallest student, the largest seed
            (("--student-dimension", 1), [8], 1),
            (("--student-width", ".5", "--student-dimension", 30), [4], 30),
        ],
    )
    def test_other_students(self, tiny: Path, option: tuple[Any, ...], hidden: list[int], dimension: int) -> None:
        assert distill("digits", "--losses", "l2", "--seeds", 1, *option, "--jobs", 1, "--out", "o") == 0
        data = untimed(Path("o/report.json"))
        assert data["settings"]["student"] == {"kind": "Perceptron", "hidden": hidden, "dimension": dimension}
        assert data["settings"]["teacher"] == {"kind": "Perceptron", "hidden": [8], "dimension": 2}
        reasons = {(entry["split"], name) for entry in data["undefined"] for name in entry}
        missing = {(row["split"], name) for row in data["rows"] for name in row if row[name] is None}
        assert missing <= reasons
        if dimension != 2:
            assert any("dimensions" in line["reason"] for line in data["theorems"] if not line["applies"])

    @pytest.mark.slow  # trains ten networks twice
    def test_a_loss_added_trains_only_its_own(self, tiny: Path) -> None:
        assert distill("digits", "--jobs", 1, "--out", "o") == 0
        before, first = set(Path("o/checkpoints").iterdir()), untimed(Path("o/report.json"))
        assert distill("digits", "--losses", "kl,l2,l1", "--jobs", 1, "--out", "o") == 0
        assert all("l1" in path.name for path in set(Path("o/checkpoints").iterdir()) - before)
        rows = untimed(Path("o/report.json"))["rows"]
        assert [row for row in rows if row["loss"] != "l1"] == first["rows"]


class TestLossesOfTheUser:
    @pytest.mark.slow  # trains twelve students
    def test_stand_everywhere(self, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
        losses = "kl,my_losses.py::plain,my_losses.py::decorated"
        assert distill("digits", "--losses", losses, "--jobs", 1, "--out", "o") == 0
        data, shown = untimed(Path("o/report.json")), capsys.readouterr().out
        page = Path("o/index.html").read_text()
        for name in ("kl", "plain", "decorated"):
            assert re.search(rf"^ ?{name} +\d", shown, re.MULTILINE)
            assert page.count(name) > 5
            for part in ("rows", "summary", "theorems"):
                assert name in {entry["loss"] for entry in data[part]}, part
            assert name in {entry["name"] for entry in data["settings"]["losses"]}
            assert sum(row["loss"] == name for row in data["rows"]) == 2 * 4
        assert {entry["loss"] for entry in data["comparisons"]} == {"plain", "decorated"}
        assert "remark" not in shown
        assert data["remarks"] == {}
        titles = [entry["title"] for entry in data["settings"]["losses"]]
        assert titles[1:] == ["Mean of absolute differences.", "Squared differences, mean over inputs."]

    def test_a_blemish_is_remarked_on(self, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert distill("digits", "--losses", "my_losses.py::blemished", "--seeds", 1, "--jobs", 1, "--out", "o") == 0
        assert re.search(r"remark +blemished: mean over inputs: a batch of 8 costs", capsys.readouterr().out)
        assert "a batch of 8 costs" in Path("o/index.html").read_text()
        (lines,) = untimed(Path("o/report.json"))["remarks"].values()
        assert any("mean over inputs" in line for line in lines)

    @pytest.mark.parametrize(
        ("name", "complaint"),
        [
            ("vector", "vector: scalar: expected a scalar, saw shape (8,)"),
            ("failing", "failing: scalar: raised RuntimeError: no such luck"),
            ("exiting", "exiting: asked to exit (status 0)"),
            ("unmoved", "unmoved: differentiable: has no gradient"),
            ("nowhere", "no loss is called 'nowhere'"),
        ],
    )
    def test_unusable_ones_are_refused_before_anything_is_trained(
        self, tiny: Path, name: str, complaint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert distill("digits", "--losses", f"kl,my_losses.py::{name}", "--out", "o") == 2
        out = capsys.readouterr()
        assert out.err.count("\n") == 1
        assert complaint in out.err
        assert out.out == ""
        assert files() == ["my_losses.py"]

    @pytest.mark.parametrize(
        ("name", "jobs", "complaint"),
        [
            ("late", 1, "late, teacher 0: raised RuntimeError in training: too many [red]rows"),
            pytest.param(
                "late",
                2,
                "late, teacher 0: raised RuntimeError in training: too many [red]rows",
                marks=pytest.mark.slow,  # two workers load torch
            ),
            ("diverging", 1, "diverging, teacher 0: training diverged in epoch 1"),
        ],
    )
    def test_those_that_fail_in_training_are_one_line_too(
        self, tiny: Path, name: str, jobs: int, complaint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        options = ("--losses", f"my_losses.py::{name},kl", "--seeds", 1, "--jobs", jobs, "--out", "o")
        assert distill("digits", *options) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert complaint in err
        assert not Path("o/report.json").exists()

    @pytest.mark.slow  # two workers load torch
    def test_one_that_brings_its_process_down(self, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
        options = ("--losses", "my_losses.py::deadly,kl", "--seeds", 1, "--jobs", 2, "--out", "o")
        assert distill("digits", *options) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "ended abruptly, killed or out of memory" in err
        assert not [name for name in files() if name.startswith("o/checkpoints/.")]

    @pytest.mark.slow  # two workers load torch
    def test_a_file_changed_meanwhile_says_so(
        self, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        checked = experiments.remarks_on

        def edited(losses: Any) -> Any:
            found = checked(losses)
            Path("my_losses.py").write_text(LOSSES + "\n# second thoughts\n")
            return found

        monkeypatch.setattr(experiments, "remarks_on", edited)
        options = ("--losses", "my_losses.py::plain,kl", "--seeds", 1, "--jobs", 2, "--out", "o")
        assert distill("digits", *options) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "the source has changed since this loss was loaded" in err


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ((), "Missing argument"),
            (("digit",), "experiment: expected one of spirals"),
            (("digits", "--profile", "slow"), "--profile"),
            (("digits", "--seeds", 0), "--seeds"),
            (("digits", "--seeds", -1), "--seeds"),
            (("digits", "--seeds", "nan"), "--seeds"),
            (("digits", "--seeds", 10**9), "--seeds"),
            (("digits", "--seed", -1), "--seed"),
            (("digits", "--seed", "many"), "--seed"),
            (("digits", "--jobs", 0), "--jobs"),
            (("digits", "--student-width", 0), "--student-width: expected a positive factor"),
            (("digits", "--student-width", "-1"), "--student-width: expected a positive factor"),
            (("digits", "--student-width", "nan"), "--student-width: expected a positive factor"),
            (("digits", "--student-width", "inf"), "--student-width: expected a positive factor"),
            (("digits", "--student-width", "1e300"), "--student-width: expected a positive factor of at most 100"),
            (("digits", "--student-width", "wide"), "--student-width"),
            (("digits", "--student-dimension", 0), "--student-dimension: expected a positive integer"),
            (("digits", "--student-dimension", -1), "--student-dimension: expected a positive integer"),
            (("digits", "--student-dimension", 10**12), "--student-dimension: expected a positive integer of at most"),
            (("digits", "--student-dimension", "1.5"), "--student-dimension"),
            (("digits", "--losses", ""), "losses: expected names"),
            (("digits", "--losses", "kl,,l1"), "losses: expected names"),
            (("digits", "--losses", "kl,kl"), "listed twice"),
            (("digits", "--losses", "kk"), "did you mean kl?"),
            (("digits", "--losses", "none.py::mine"), "none.py: no such file"),
            (("digits", "--losses", "my_losses.py::"), "expected the name of a loss after '::'"),
            (("digits", "--data-dir", "."), "--data-dir: expected nothing"),
            (("cifar100",), "--data-dir: expected where the data of 'cifar100' are"),
            (("cifar100", "--data-dir", "nowhere"), "nowhere"),
            (("cifar100", "--data-dir", "."), "cifar"),
            (("idx", "--data-dir", "nowhere"), "nowhere"),
            (("features", "--data-dir", "nowhere.npz"), "nowhere.npz"),
            (("features", "--data-dir", "broken.npz"), "broken.npz"),
            (("digits", "--json", "."), "--json: expected the name of a file, saw the folder"),
            (("digits", "--json", "o", "--out", "o"), "--json: expected a file of its own, saw 'o'"),
            (("digits", "--json", "o/index.html", "--out", "o"), "--json: expected a file of its own"),
            (("digits", "--json", "o/checkpoints", "--out", "o"), "--json: expected a file of its own"),
            (("digits", "--json", "my_losses.py/x.json"), "not a folder"),
            (("digits", "--out", "my_losses.py"), "my_losses.py: not a folder"),
            (("digits", "--out", "/proc/nowhere"), "/proc/nowhere: not a folder"),
            (("digits", "--out", "taken"), "taken/checkpoints: not a folder"),
            (("digits", "--out", "paged"), "paged/index.html"),
        ],
    )
    def test_one_line_status_two_and_nothing_written(
        self, tiny: Path, arguments: tuple[object, ...], complaint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("taken").mkdir()
        Path("taken/checkpoints").write_text("in the way")
        Path("paged/index.html").mkdir(parents=True)
        Path("broken.npz").write_bytes(b"PK\x03\x04 no archive")
        before = files()
        assert distill(*arguments) == 2
        out = capsys.readouterr()
        assert out.out == ""
        assert out.err.startswith("logitbounds: ")
        assert out.err.count("\n") == 1
        assert complaint in out.err
        assert files() == before

    def test_a_broken_checkpoint_is_named(self, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
        options = ("digits", "--losses", "l2", "--seeds", 1, "--jobs", 1, "--out", "o")
        assert distill(*options) == 0
        student = next(Path("o/checkpoints").glob("*-l2-*"))
        whole = student.read_bytes()
        student.write_bytes(whole[: len(whole) // 2])
        capsys.readouterr()
        assert distill(*options) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert student.name in err
        assert "remove it to train anew" in err


class TestStatus:
    def test_violated_guarantees_are_status_one(
        self, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        measured = experiment._measured

        def broken(*arguments: Any) -> Any:
            student = measured(*arguments)
            first, *others = student.guarantees
            return replace(
                student, guarantees=(replace(first, applies=True, truth=2.0, bound=1.0, holds=False), *others)
            )

        monkeypatch.setattr(experiment, "_measured", broken)
        assert distill("digits", "--losses", "kl", "--seeds", 1, "--jobs", 1, "--out", "o") == 1
        assert "VIOLATED" in capsys.readouterr().out
        data = untimed(Path("o/report.json"))
        assert len(data["violations"]) == 1
        assert "violated by kl, teacher 0, student 0 (2 > 1.0)" in data["violations"][0]
        assert sum(line["violated"] for line in data["theorems"]) == 1

    @pytest.mark.slow  # trains sixteen students
    def test_refuted_predictions_are_no_failure(self, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
        # Four epochs of eight units are no students worth the name: logit losses miss what is predicted of them.
        assert distill("digits", "--losses", "kl,l1,l2,centred_l2", "--jobs", 1, "--out", "o") == 0
        verdicts = [judged["verdict"] for judged in untimed(Path("o/report.json"))["predictions"]]
        assert "refuted" in verdicts
        assert re.search("^refuted ", capsys.readouterr().out, re.MULTILINE)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Report:
    place = tmp_path_factory.mktemp("report")
    (place / "long.py").write_text(LOSSES.replace("def blemished", "def a_loss_of_an_uncommonly_long_name"))
    losses = parse_losses(f"kl,l1,l2,{place}/long.py::a_loss_of_an_uncommonly_long_name,guaranteed_logits")
    grid = run(Plan("digits", "tiny", PRESET, losses), place / "checkpoints", workers=1)
    return report_on(grid, "logitbounds distill digits", {losses[3].name: ("one [red]blemish", "another " * 20)})


def printed(report: Report, width: int, terminal: bool) -> str:
    console = Console(width=width, force_terminal=terminal, no_color=True, record=True, file=io.StringIO())
    experiments_cli._print(console, report)
    return console.export_text()


class TestConsole:
    @pytest.mark.parametrize("terminal", [True, False])
    @pytest.mark.parametrize("width", [60, 80, 110])
    def test_tables_are_whole(self, five: Report, width: int, terminal: bool) -> None:
        text = printed(five, width, terminal)
        lines = text.splitlines()
        assert "…" not in text
        for heading in ("accuracy", "m_CCA", "d_logit", "KL", "R² of directions", "concepts"):
            assert len(re.findall(rf"^ ?loss .* {heading}( |$)", text, re.MULTILINE)) == 1
        # A row's second line holds one whole interval for each number of its first.
        for i, line in enumerate(lines):
            if re.match(r" ?(kl|l1|l2) ", line):
                intervals = re.findall(r"\[-?[\d.e+-]+, -?[\d.e+-]+\]", lines[i + 1])
                assert len(intervals) == len(line.split()) - 1 > 0
        assert "one [red]blemish" in " ".join(text.split())

    @pytest.mark.parametrize("width", [60, 80, 110])
    def test_a_terminal_s_lines_are_no_longer_than_it_is_wide(self, five: Report, width: int) -> None:
        assert max(map(len, printed(five, width, True).splitlines())) <= width

    def test_a_pipe_has_a_verdict_on_one_line(self, five: Report) -> None:
        lines = printed(five, 110, False).splitlines()
        for judged in five.judged:
            assert f"{judged.verdict!s:9} {' '.join(judged.prediction.statement.split())}" in lines
            assert f"{'':10}{judged.evidence}" in lines

    @pytest.mark.parametrize(
        ("mean", "low", "high", "expected"),
        [
            (0.99931, 0.99912, 0.99951, "0.9993\n[0.9991, 0.9995]"),
            (0.47212, 0.14821, 0.79611, "0.4721\n[0.148, 0.796]"),
            (127.7, 123.4, 133.1, "127.7\n[123, 133]"),
            (0.97333, 0.97333, 0.97333, "0.9733\n[0.9733, 0.9733]"),
            (0.0, 0.0, 0.0, "0\n[0, 0]"),
            (0.5, None, None, "0.5"),
        ],
    )
    def test_ends_that_differ_are_shown_to_differ(
        self, mean: float, low: float | None, high: float | None, expected: str
    ) -> None:
        class Stub:
            def cell(self, *_: str) -> dict[str, float | None]:
                return {"mean": mean, "low": low, "high": high}

        assert experiments_cli._cell(Stub(), "kl", "mean_cca") == expected  # type: ignore[arg-type]


# --------------------------------------------------------------------------- runs that are killed

RUN = """
import os, signal, sys
from pathlib import Path

from empirics import training
from theory.workers import Board
from empirics.experiment import Plan, run
from reports.distill.run import as_json, report_on
from reports.shared.files import write_json
from theory.files import sweep
from tests.reports.distill.test_command import ENDLESS, LONGER
from tests.empirics.tiny import losses_named

training._CHECKPOINT_SECONDS = 0.0  # after every epoch
note, noted = Board.note, 0

def whole(place, workers):
    sweep(place / "checkpoints")
    preset = LONGER if workers == 1 else ENDLESS
    grid = run(Plan("digits", "tiny", preset, losses_named("kl", "l2")), place / "checkpoints", None, workers)
    write_json(place / "report.json", as_json(report_on(grid, "command")))

def killed(place, moment):
    def counting(self, *arguments):
        global noted
        note(self, *arguments)
        noted += 1
        if noted == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    Board.note = counting
    whole(place, 1)

def apart(function, *arguments):
    child = os.fork()
    if not child:
        function(*arguments)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

place = Path(sys.argv[1])
if sys.argv[2:] == ["spread"]:
    whole(place, 2)
else:
    whole(place / "whole", 1)  # here, so that what is imported on the way is not imported again and again
    for moment in map(int, sys.argv[2:]):
        apart(killed, place / "killed", moment)
        print(*sorted(path.name for path in (place / "killed").iterdir()), flush=True)
    print(len(list((place / "killed/checkpoints").glob(".*"))), flush=True)
    apart(whole, place / "killed", 1)
"""
LONGER = replace(
    PRESET, teacher_recipe=Recipe(6, 128, 2e-2), student_recipe=Recipe(9, 128, 2e-2, noise=0.1), teachers=1
)
ENDLESS = replace(LONGER, teacher_recipe=Recipe(100_000, 128, 2e-2))


@pytest.mark.slow  # six runs, five of them killed
def test_a_run_killed_again_and_again_ends_in_the_same_json(tmp_path: Path) -> None:
    # After the second epoch of the teacher, after its last, amid and after the students of the one loss and the other.
    moments = ("2", "5", "4", "8", "10")
    done = python(RUN, tmp_path, *moments)
    assert done.stderr == ""
    *deaths, leftovers, last = done.stdout.splitlines()
    assert last == "0"
    assert deaths == ["-9", "checkpoints"] * len(moments)
    assert int(leftovers) == 1  # each run has swept what the one before left
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    assert untimed(killed / "report.json") == untimed(whole / "report.json")
    names = [sorted(path.name for path in place.rglob("*")) for place in (killed, whole)]
    assert names[0] == names[1]


@needs_proc
@pytest.mark.slow  # two workers load torch
def test_workers_go_with_a_parent_that_is_killed_busy_or_idle(tmp_path: Path) -> None:
    # One teacher for two workers: the other one waits.
    process = begun([sys.executable, "-c", RUN, tmp_path, "spread"])
    busy: list[int] = []

    def working() -> bool:
        busy[:] = [pid for pid in children(process.pid) if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        boards = (tmp_path / "checkpoints").glob(".*/board")
        return len(busy) == 2 and any(any(np.fromfile(board, np.int64)) for board in boards)

    assert until(working) or process.poll() is not None
    assert len(busy) == 2
    process.kill()
    process.communicate()
    assert until(lambda: not any(map(alive, busy)), 15)


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return begun([PROGRAM, "distill", "digits", "--losses", "kl", "--seeds", 1, "--out", "o", *arguments], cwd)


@pytest.mark.slow  # trains in two processes of their own and in this one
def test_the_command_goes_on_where_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "o"
    one = start(cwd=tmp_path)
    assert until(lambda: list(place.glob("checkpoints/teacher0-*.safetensors")))  # the teacher is done
    one.kill()
    one.communicate()
    assert sorted(path.name for path in place.iterdir()) == ["checkpoints"]
    two = start("--json", "all.json", cwd=tmp_path)
    _, err = two.communicate()
    assert (two.returncode, err) == (0, "")
    assert not list(place.rglob(".*"))
    monkeypatch.chdir(tmp_path)
    assert distill("digits", "--losses", "kl", "--seeds", 1, "--out", "uninterrupted") == 0
    assert untimed(place / "report.json") == untimed(Path("uninterrupted/report.json")) == untimed(Path("all.json"))


@needs_proc
@pytest.mark.slow  # two workers load torch
def test_interrupts_from_the_keyboard_reach_workers_and_are_one_line(tmp_path: Path) -> None:
    process = start("--losses", "kl,l2", "--jobs", 2, cwd=tmp_path)
    assert until(lambda: len(children(process.pid)) >= 3)  # workers have hardly begun
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == "logitbounds: interrupted; the same command goes on where it stopped\n"
    assert [path.name for path in (tmp_path / "o").rglob("*")] == ["checkpoints"]


def test_leftovers_of_the_dead_are_swept_and_those_of_the_living_left(tiny: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (ended.pid, os.getpid()):
        Path(f"o/checkpoints/.{process}-board").mkdir(parents=True)
        Path(f"o/checkpoints/.{process}-x.safetensors.tmp").write_text("half")
    assert distill("digits", "--losses", "l2", "--seeds", 1, "--jobs", 1, "--out", "o") == 0
    left = {path.name for path in Path("o/checkpoints").glob(".*")}
    assert left == {f".{os.getpid()}-board", f".{os.getpid()}-x.safetensors.tmp"}


def test_tasks_that_are_read_back_show_as_done(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, told = Plan("digits", "tiny", PRESET, losses_named("l2")), []
    run(plan, Path("o"), None, 1)
    monkeypatch.setattr(Board, "note", lambda _, *noted: told.append(noted))
    run(plan, Path("o"), None, 1)
    assert told == [(task, 4, 4) for task in range(4)]
