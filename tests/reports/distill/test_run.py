"""What a report says of a grid: known answers by hand, and JSON that keeps its contract."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from empirics.experiment import Grid, Plan, Row, Student, Teacher, run
from empirics.losses import loss_named
from empirics.losses.registry import Loss as LossClass
from empirics.networks import Perceptron, ResidualNetwork
from empirics.presets import preset_named
from empirics.training import Curves, Recipe
from reports.distill.run import (
    SCHEMA,
    SUMMARISED,
    TIMINGS,
    Report,
    TheoremLine,
    _comparisons,
    _theorems,
    as_json,
    remarks_on,
    report_on,
    settings,
    with_student,
)
from reports.shared.files import jsonable, write_json
from tests.empirics.tiny import TINY, losses_named
from theory import InvalidInput
from theory.guarantees import Guarantee

CURVES = Curves.blank(1, 1)
EMBEDDINGS = np.zeros((3, 2))
CONTRACT = (
    *("teacher_seed", "student_seed", "loss", "split", "accuracy", "agreement", "kl", "logit_distance"),
    *("identifiability_dissimilarity", "volume_dissimilarity", "alignment_error", "mean_cca", "log_min_probability"),
    "probe_accuracy",
)


def guarantee(
    statement: str,
    truth: float | None = None,
    bound: float | None = None,
    *,
    applies: bool = True,
    holds: bool | None = True,
    vacuous: bool | None = False,
    orders: float | None = None,
    reason: str = "",
) -> Guarantee:
    return Guarantee("T1", statement, "a \\le b", applies, reason, bound, truth, vacuous, holds, orders)


def student(
    loss: str, found: Sequence[Guarantee] = (), teacher: int = 0, seed: int = 0, rows: Sequence[Row] = ()
) -> Student:
    return Student(teacher, seed, loss, tuple(rows), {}, {}, tuple(found), CURVES, 0, EMBEDDINGS, 1.0)


def grid_with(
    students: Sequence[Student], experiment: str = "digits", teachers: int = 1, training: float = 10.0, **options: int
) -> Grid:
    preset = replace(preset_named(experiment, "quick"), predictions="", options=options)
    plan = Plan(experiment, "quick", preset, losses_named(*dict.fromkeys(s.loss for s in students)))
    masters = tuple(
        Teacher(seed, {"test": 1.0}, CURVES, EMBEDDINGS, np.zeros(3, dtype=np.int64), 1.0) for seed in range(teachers)
    )
    return Grid(plan, {"labels": 10}, masters, tuple(students), training, training + 1, 5.0)


class TestTheorems:
    def test_counts_ratios_and_orders_by_hand(self) -> None:
        grid = grid_with(
            [
                student("kl", [guarantee("upper", 1.0, 2.0, orders=0.3)]),
                student("kl", [guarantee("upper", 3.0, 4.0, vacuous=True, orders=0.1)], seed=1),
                student("kl", [guarantee("upper", 5.0, 4.0, holds=False, orders=-0.1)], seed=2),
                student("kl", [guarantee("upper", 1.0, None, holds=None, orders=200.0, vacuous=True)], seed=3),
                student("kl", [guarantee("upper", 0.0, 0.0, vacuous=None)], seed=4),
                student("kl", [guarantee("upper", applies=False, holds=None, vacuous=None, reason="no")], seed=5),
            ]
        )
        (line,) = _theorems(grid)
        assert line == TheoremLine(
            theorem="T1",
            statement="upper",
            latex="a \\le b",
            loss="kl",
            pairs=6,
            applies=5,
            violated=1,
            undecided=1,
            informative=2,  # the first, and the one that fails
            vacuous=2,
            worst=1.25,
            orders=pytest.approx(0.2),  # of -.1, .1, .3 and 200, not of the pair without
            reason="",
        )

    def test_what_applies_to_none_says_why(self) -> None:
        (line,) = _theorems(grid_with([student("kl", [guarantee("upper", applies=False, reason="needs m = 1")])]))
        assert (line.applies, line.worst, line.orders, line.reason) == (0, None, None, "needs m = 1")

    def test_every_loss_and_statement_has_its_line(self) -> None:
        both = [guarantee("lower", 1.0, 2.0), guarantee("upper", 1.0, 4.0)]
        lines = _theorems(grid_with([student("kl", both), student("l2", [*both[:1], guarantee("upper", 1.0, 1.0)])]))
        assert [(line.loss, line.statement, line.worst) for line in lines] == [
            ("kl", "lower", 0.5), ("kl", "upper", 0.25), ("l2", "lower", 0.5), ("l2", "upper", 1.0),
        ]  # fmt: skip

    def test_violations_name_the_pair(self) -> None:
        grid = grid_with(
            [
                student("kl", [guarantee("upper", 1.0, 2.0)]),
                student("l2", [guarantee("upper", 3.0, 2.0, holds=False)], 1, 2),
            ]
        )
        report = report_on(grid, "command")
        assert report.violations == ["T1 upper: violated by l2, teacher 1, student 2 (3 > 2.0)"]
        assert as_json(report)["violations"] == report.violations

    def test_undecided_is_no_violation(self) -> None:
        assert report_on(grid_with([student("kl", [guarantee("upper", 3.0, 2.0, holds=None)])]), "c").violations == []


def rows_of(measure: str, **values: Sequence[Sequence[float]]) -> list[Row]:
    return [
        {"teacher_seed": t, "student_seed": s, "loss": loss, "split": split, measure: value}
        for loss, table in values.items()
        for t, own in enumerate(table)
        for s, value in enumerate(own)
        for split in ("train", "test")
    ]


class TestComparisons:
    def test_differences_by_hand(self) -> None:
        rows = rows_of("accuracy", kl=[[0.5, 0.6], [0.7, 0.8]], l2=[[0.6, 0.6], [0.9, 0.9]])
        (found,) = _comparisons(rows, ["kl", "l2"])  # none for the part trained on
        assert (found.measure, found.split, found.loss, found.reference) == ("accuracy", "test", "l2", "kl")
        assert found.difference.scale == "linear"
        assert found.difference.mean == pytest.approx((0.1 + 0 + 0.2 + 0.1) / 4)
        assert found.difference.low is not None
        assert found.difference.low < 0.1 < (found.difference.high or 0)
        assert found.effect.superiority == pytest.approx(3.5 / 4)
        assert found.effect.standardised > 0

    def test_ratios_of_what_spans_magnitudes(self) -> None:
        rows = rows_of("kl", kl=[[1.0, 2.0], [4.0, 1.0]], l2=[[10.0, 20.0], [4.0, 100.0]])
        (found,) = _comparisons(rows, ["kl", "l2"])
        assert found.difference.scale == "log"
        assert found.difference.mean == pytest.approx((10 * 10 * 1 * 100) ** 0.25)

    def test_no_ratios_of_what_is_zero_somewhere(self) -> None:
        (found,) = _comparisons(rows_of("kl", kl=[[1.0, 0.0], [4.0, 1.0]], l2=[[1.0, 2.0], [4.0, 1.0]]), ["kl", "l2"])
        assert found.difference.scale == "linear"
        assert found.difference.mean == pytest.approx(0.5)

    @pytest.mark.parametrize("table", [[[0.5]], [[0.5, 0.7]], [[0.5], [0.7]]])
    def test_a_single_teacher_or_student_has_a_mean_and_no_spread(self, table: list[list[float]]) -> None:
        (found,) = _comparisons(rows_of("accuracy", kl=table, l2=[[0.9 for _ in own] for own in table]), ["kl", "l2"])
        assert found.difference.mean == pytest.approx(0.9 - np.mean(table))
        assert found.difference.ends is None
        assert math.isnan(found.effect.standardised)
        assert found.effect.superiority == 1

    def test_what_was_not_measured_on_all_pairs_is_left_out(self) -> None:
        rows = rows_of("accuracy", kl=[[0.5, 0.6], [0.7, 0.8]], l2=[[0.6, math.nan], [0.9, 0.9]])
        assert _comparisons(rows, ["kl", "l2"]) == []


class TestPeer:
    def test_cost_by_hand(self) -> None:
        names = ("kl", "l1", "l2", "centred_l2")
        students = [student(loss, teacher=t, seed=s) for t in range(3) for loss in names for s in range(3)]
        peer = report_on(grid_with(students, "spirals", teachers=3, training=100.0), "c").peer
        assert peer is not None
        assert peer.core_seconds == pytest.approx(9534)  # (3 * 500 + 36 * 250) * .908
        assert peer.factor == pytest.approx(95.34)

    def test_none_but_for_the_spirals_with_all_their_points(self) -> None:
        assert report_on(grid_with([student("kl")], "spirals"), "c").peer is not None
        assert report_on(grid_with([student("kl")], "spirals", radii=250), "c").peer is None
        assert report_on(grid_with([student("kl")]), "c").peer is None
        assert report_on(grid_with([student("kl")], "spirals", training=0.0), "c").peer is None


class TestStudents:
    def plan(self, experiment: str = "digits") -> Plan:
        return Plan(experiment, "quick", preset_named(experiment, "quick"), losses_named("kl"))

    def test_widths_and_dimension_are_the_student_s(self) -> None:
        found = with_student(self.plan(), 0.5, 1).preset
        assert found.student == Perceptron((64, 64), 1)
        assert found.teacher == Perceptron((128, 128), 2)

    def test_channels_stay_multiples_of_eight(self) -> None:
        found = with_student(self.plan("rendered"), 0.3).preset.student
        assert isinstance(found, ResidualNetwork)
        assert found.widths == (8, 8, 16)

    def test_nothing_asked_for_changes_nothing(self) -> None:
        assert with_student(self.plan()).preset == self.plan().preset

    @pytest.mark.parametrize("width", [0.0, -1.0, math.nan, math.inf, 101.0])
    def test_refuses_widths(self, width: float) -> None:
        with pytest.raises(InvalidInput, match="--student-width: expected a positive factor"):
            with_student(self.plan(), width)

    @pytest.mark.parametrize("dimension", [0, -1, 10_001])
    def test_refuses_dimensions(self, dimension: int) -> None:
        with pytest.raises(InvalidInput, match="--student-dimension: expected a positive integer"):
            with_student(self.plan(), None, dimension)


class TestRemarks:
    def test_none_on_our_own(self) -> None:
        assert remarks_on(losses_named("kl", "l2", "standardised")) == {}

    def test_a_blemish(self) -> None:
        total = LossClass(lambda teacher, student: ((teacher - student) ** 2).sum(), "total")
        found = remarks_on((*losses_named("kl"), total))
        assert list(found) == ["total"]
        assert any(line.startswith("mean over inputs") for line in found["total"])

    def test_none_on_a_sound_one(self) -> None:
        assert remarks_on([LossClass(lambda teacher, student: (teacher - student).abs().mean(), "mine")]) == {}

    @pytest.mark.parametrize(
        ("function", "complaint"),
        [
            (lambda teacher, student: (teacher - student).abs(), "mine: scalar"),
            (lambda teacher, student: 1.0, "mine: scalar: expected a tensor, saw float"),
            (lambda teacher, student: teacher.sum(), "mine: differentiable"),
            (lambda teacher, student: 1 / 0, "mine: scalar: raised ZeroDivisionError"),
            (lambda teacher, student: exit(3), r"mine: asked to exit \(status 3\)"),
        ],
    )
    def test_what_cannot_be_trained_with_is_refused(self, function: Any, complaint: str) -> None:
        with pytest.raises(InvalidInput, match=complaint):
            remarks_on([LossClass(function, "mine")])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    preset = replace(
        TINY, teacher_recipe=Recipe(3, 128, 2e-2), student_recipe=Recipe(3, 128, 2e-2), predictions="digits",
    )  # fmt: skip
    own = LossClass(lambda teacher, student: (teacher - student).abs().mean(), "mine", "My own.")
    plan = Plan("digits", "tiny", preset, (*losses_named("kl", "l2"), own))
    return report_on(run(plan, tmp_path_factory.mktemp("grid"), workers=1), "a command", {"mine": ("a blemish",)})


class TestJson:
    def test_contract(self, report: Report) -> None:
        data = json.loads(json.dumps(jsonable(as_json(report)), allow_nan=False))
        assert (data["schema"], data["experiment"], data["profile"]) == (SCHEMA, "digits", "tiny")
        for row in data["rows"]:
            assert set(CONTRACT) <= row.keys()
            assert isinstance(row["teacher_seed"], int)
            assert isinstance(row["student_seed"], int)
            assert {type(row[name]) for name in ("loss", "split")} == {str}
            assert all(
                value is None or isinstance(value, float) for name, value in row.items() if name not in CONTRACT[:4]
            )
        for entry in data["summary"]:
            assert {"loss", "measure", "mean", "low", "high", "split"} <= entry.keys()
            assert entry["measure"] in SUMMARISED
            assert entry["low"] <= entry["mean"] <= entry["high"] or entry["low"] == pytest.approx(entry["high"])
        assert data["predictions"]
        for judged in data["predictions"]:
            assert {"statement", "verdict", "evidence"} <= judged.keys()
            assert judged["verdict"] in ("confirmed", "refuted", "undecided")
        assert data["core_seconds"] > 0
        assert set(TIMINGS) <= data.keys()
        assert data["command"] == "a command"

    def test_every_pair_and_part_has_a_row(self, report: Report) -> None:
        places = {(r["teacher_seed"], r["student_seed"], r["loss"], r["split"]) for r in as_json(report)["rows"]}
        expected = {
            (t, s, loss, split)
            for t in (0, 1)
            for s in (0, 1)
            for loss in ("kl", "l2", "mine")
            for split in ("train", "test")
        }
        assert places == expected

    def test_what_is_null_has_a_reason(self, report: Report) -> None:
        data = as_json(report)
        reasons = {
            (entry["teacher_seed"], entry["student_seed"], entry["loss"], entry["split"], name)
            for entry in data["undefined"]
            for name, why in entry.items()
            if isinstance(why, str) and why
        }
        for row in data["rows"]:
            for name, value in row.items():
                place = (row["teacher_seed"], row["student_seed"], row["loss"], row["split"], name)
                assert (value is None) == (place in reasons) or name in ("loss", "split"), place

    def test_written_file_is_what_is_said(self, report: Report, tmp_path: Path) -> None:
        write_json(tmp_path / "report.json", as_json(report))
        data = json.loads((tmp_path / "report.json").read_text())
        assert data == json.loads(json.dumps(jsonable(as_json(report))))
        assert data["rows"] == report.grid.rows  # floats come back to the last bit

    def test_a_loss_of_the_user_s_is_everywhere(self, report: Report) -> None:
        data = as_json(report)
        for part in ("rows", "summary", "comparisons", "theorems"):
            assert "mine" in {entry["loss"] for entry in data[part]}
        assert data["settings"]["losses"][2]["title"] == "My own."
        assert data["remarks"] == {"mine": ["a blemish"]}

    def test_settings_hold_every_constant(self, report: Report) -> None:
        found = settings(report.grid.plan)
        assert found["teacher"] == {"kind": "Perceptron", "hidden": (8,), "dimension": 2}
        assert found["student_recipe"]["epochs"] == 3
        assert [loss["name"] for loss in found["losses"]] == ["kl", "l2", "mine"]
        assert all(len(loss["fingerprint"]) == 64 for loss in found["losses"])

    def test_an_infinite_effect_is_null_with_a_reason(self, report: Report) -> None:
        first, *others = report.comparisons
        endless = replace(first, effect=first.effect._replace(standardised=math.inf))
        found, *_ = as_json(replace(report, comparisons=(endless, *others)))["comparisons"]
        assert found["standardised"] is None
        assert "nothing varies" in found["standardised_reason"]

    def test_cells_are_those_of_the_summary(self, report: Report) -> None:
        values = [r["accuracy"] for r in report.grid.rows if (r["loss"], r["split"]) == ("mine", "test")]
        found = report.cell("mine", "accuracy")
        assert found is not None
        assert found["mean"] == pytest.approx(np.mean(values))
        assert report.cell("mine", "accuracy", "held_out") is None
        assert report.losses == ("kl", "l2", "mine")
        assert report.splits == ("train", "test")

    def test_theorems_add_up(self, report: Report) -> None:
        for line in report.theorems:
            assert line.pairs == 4
            assert 0 <= line.violated + line.undecided <= line.applies <= line.pairs
            assert line.vacuous <= line.applies
            assert bool(line.reason) == (line.applies == 0)
        assert not report.violations


def test_predictions_are_of_the_preset_s_students_and_of_losses_that_were_run(tmp_path: Path) -> None:
    preset = replace(TINY, teachers=1, students=1, predictions="digits")
    plan = Plan("digits", "quick", preset, (loss_named("kl"),))
    assert with_student(plan, width=1.0).preset.predictions == "digits"
    for changed in (with_student(plan, width=0.5), with_student(plan, dimension=7)):
        assert changed.preset.predictions == ""
    report = report_on(run(plan, tmp_path, workers=1), "command")
    assert report.registration is not None
    assert report.judged
    assert len(report.judged) + report.not_judged == len(report.registration.predictions)
    names = {"teacher", *report.losses}
    assert all({*j.prediction.losses, *j.prediction.references} <= names for j in report.judged)
    assert report.not_judged > 0
