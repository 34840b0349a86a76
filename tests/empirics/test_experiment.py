import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch

from empirics import checkpoints, experiment
from empirics.data.dataset import Part
from empirics.experiment import Grid, Plan, Row, following, run
from empirics.losses import Loss, loss_named
from empirics.losses.registry import Loss as LossClass
from empirics.measures import CONCEPT_MEASURES, MEASURES, measure
from empirics.networks import Perceptron, ResidualNetwork, evaluate
from empirics.presets import PRESETS, PROFILES, preset_named
from empirics.probes import direction_r2
from empirics.training import Recipe, distil, train
from tests.empirics.tiny import TINY, losses_named
from theory import InvalidInput, Pair
from theory.guarantees import guarantees
from theory.workers import Board

PLAN = Plan("digits", "tiny", TINY, losses_named("kl", "l2"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the networks of `grid` are kept."""
    return tmp_path_factory.mktemp("grid")


@pytest.fixture(scope="module")
def grid(folder: Path) -> Grid:
    return run(PLAN, folder, workers=1)


@pytest.fixture
def trained(grid: Grid, folder: Path, tmp_path: Path) -> Path:
    """A folder of its own with the networks of `grid`."""
    return copytree(folder, tmp_path / "trained")


def place(row: Row) -> tuple[object, ...]:
    return row["teacher_seed"], row["student_seed"], row["loss"], row["split"]


class TestGrid:
    def test_every_teacher_meets_every_student_seed(self, grid: Grid) -> None:
        places = [place(row) for row in grid.rows]
        assert len(set(places)) == len(places)
        assert set(places) == {
            (t, s, loss, split)
            for t in range(2)
            for s in range(2)
            for loss in ("kl", "l2")
            for split in ("train", "test")
        }
        assert [teacher.seed for teacher in grid.teachers] == [0, 1]

    def test_rows_have_every_measure_and_no_nan(self, grid: Grid) -> None:
        for row in grid.rows:
            assert set(MEASURES) <= row.keys()
            if row["split"] == "test":
                assert {*CONCEPT_MEASURES, "direction_r2", "probe_accuracy"} <= row.keys()
                assert row["probe_accuracy"] == row["concept_accuracy"]
            json.dumps(row, allow_nan=False)

    def test_what_is_none_has_a_reason(self, grid: Grid) -> None:
        for student in grid.students:
            for row in student.rows:
                missing = {name for name in MEASURES if row[name] is None}
                assert missing <= student.reasons[row["split"]].keys()

    def test_the_teacher_s_accuracy_is_its_own(self, grid: Grid) -> None:
        for row in grid.rows:
            if row["split"] == "test":
                assert row["teacher_accuracy"] == pytest.approx(grid.teachers[row["teacher_seed"]].accuracy["test"])

    def test_no_theorem_is_violated(self, grid: Grid) -> None:
        found = [guarantee for student in grid.students for guarantee in student.guarantees]
        assert sum(guarantee.applies for guarantee in found) > 100
        assert not [guarantee for guarantee in found if guarantee.holds is False]

    def test_rows_are_those_of_the_networks_they_name(self, grid: Grid) -> None:
        data, loss = PLAN.dataset(), loss_named("l2")
        master = train(data, TINY.teacher, TINY.teacher_recipe, [PLAN.seeds("teacher")[1]]).network
        pupils = distil(master, loss, data, TINY.student, TINY.student_recipe, PLAN.seeds("student")).network
        teacher, student = (
            {name: evaluate(network, torch.tensor(part.inputs))[copy] for name, part in data.parts.items()}
            for network, copy in ((master, 0), (pupils, 1))
        )
        found = {split: row for row in grid.rows if place(row)[:3] == (1, 1, "l2") for split in [row["split"]]}
        for split in ("train", "test"):
            for name, value in measure(teacher[split], student[split], data.parts[split].labels).values.items():
                assert found[split][name] == value, name
        assert found["test"]["direction_r2"] == direction_r2(
            *(model[split].embeddings for split in ("train", "test") for model in (teacher, student))
        )
        (kept,) = (s for s in grid.students if (s.teacher_seed, s.seed, s.loss) == (1, 1, "l2"))
        assert [g.truth for g in kept.guarantees] == [
            g.truth for g in guarantees(Pair(teacher["test"], student["test"]))
        ]

    def test_costs(self, grid: Grid) -> None:
        assert 0 < grid.training_core_seconds < grid.core_seconds
        parts = [network.core_seconds for network in (*grid.teachers, *grid.students)]
        assert grid.training_core_seconds == pytest.approx(sum(parts))
        # Two students trained side by side share their time.
        assert grid.students[0].core_seconds == grid.students[1].core_seconds

    def test_facts(self, grid: Grid) -> None:
        assert grid.facts["parts"]["train"] + grid.facts["parts"]["validation"] + grid.facts["parts"]["test"] == 1797
        assert grid.facts["labels"] == 10

    def test_pictures_show_the_same_inputs_of_teachers_and_students(self, grid: Grid) -> None:
        for student in grid.students:
            assert student.embeddings.shape == grid.teachers[student.teacher_seed].embeddings.shape
            assert len(student.embeddings) == len(grid.teachers[student.teacher_seed].predicted)


class TestReproducible:
    @pytest.mark.slow  # two workers load torch
    def test_does_not_depend_on_the_number_of_workers(self, grid: Grid, tmp_path: Path) -> None:
        assert run(PLAN, tmp_path, workers=2).rows == grid.rows

    def test_a_loss_added_changes_nothing_else_and_trains_only_its_own(self, grid: Grid, trained: Path) -> None:
        files = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
        more = run(replace(PLAN, losses=losses_named("kl", "l2", "l1")), trained, workers=1)
        assert [row for row in more.rows if row["loss"] != "l1"] == grid.rows
        after = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
        assert {name: after[name] for name in files} == files
        assert len(after) == len(files) + 2
        assert all("l1" in name for name in after.keys() - files.keys())

    @pytest.mark.parametrize(
        ("change", "retrained"),
        [
            ({"student_recipe": Recipe(3, 128, 2e-2)}, 4),
            ({"student": Perceptron((8,), 1)}, 4),
            ({"teacher_recipe": Recipe(3, 128, 2e-2)}, 6),
        ],
    )
    @pytest.mark.slow  # trains four to six networks anew
    def test_other_settings_do_not_share_a_checkpoint(
        self, trained: Path, change: dict[str, object], retrained: int
    ) -> None:
        before = set(trained.iterdir())
        run(replace(PLAN, preset=replace(TINY, **change)), trained, workers=1)
        assert len(set(trained.iterdir()) - before) == retrained

    def test_a_changed_loss_does_not_share_a_checkpoint(self, grid: Grid, tmp_path: Path) -> None:
        data = PLAN.dataset()
        task = experiment._Task(PLAN, data.fingerprint, tmp_path, 0, PLAN.losses[0])
        path = experiment._checkpoint(task, data)
        assert path == experiment._checkpoint(replace(task), data)
        changed = LossClass(lambda teacher, student: (teacher - student).abs().mean(), "kl")
        assert path != experiment._checkpoint(replace(task, loss=changed), data)

    def test_teachers_learn_concepts_where_the_preset_says_so(self, grid: Grid, tmp_path: Path) -> None:
        preset = replace(TINY, concept_weight=1.0, teachers=1, students=1)
        (teacher,) = run(replace(PLAN, preset=preset, losses=losses_named("l2")), tmp_path, workers=1).teachers
        assert not np.allclose(teacher.embeddings, grid.teachers[0].embeddings)

    def test_losses_of_one_source_that_differ_do_not_share_a_checkpoint(self, tmp_path: Path) -> None:
        def heated(temperature: float) -> Loss:
            return LossClass(lambda teacher, student: ((teacher - student) / temperature).abs().sum(-1).mean(), "mine")

        data = PLAN.dataset()
        cool, again, hot = (
            experiment._checkpoint(experiment._Task(PLAN, data.fingerprint, tmp_path, 0, loss), data)
            for loss in (heated(1.0), heated(1.0), heated(50.0))
        )
        assert cool == again != hot

    def test_data_that_have_changed_are_read_anew(self, tmp_path: Path) -> None:
        preset = replace(TINY, dataset="features", teachers=1, students=1, concept_weight=1.0)
        plan = Plan("features", "tiny", preset, losses_named("l2"), folder=tmp_path / "features.npz")
        found = []
        for seed in (0, 1, 0):
            rng = np.random.default_rng(seed)
            arrays = {f"{part}_inputs": rng.standard_normal((40, 3)) for part in ("train", "test")}
            np.savez(tmp_path / "features.npz", **arrays, train_labels=np.arange(40) % 2, test_labels=np.arange(40) % 2)
            found.append(run(plan, tmp_path / str(len(found)), workers=1))
        assert found[0].rows == found[2].rows != found[1].rows
        # Without concepts no probe reads one, and R^2 of directions is no accuracy.
        (student,) = found[0].students
        row = next(row for row in student.rows if row["split"] == "test")
        assert row["probe_accuracy"] is None
        assert row["direction_r2"] is not None
        assert "no concepts" in student.reasons["test"]["probe_accuracy"]

    def test_sorted_parts_are_looked_at_evenly(self) -> None:
        inputs, labels = np.zeros((900, 1)), np.repeat(np.arange(9), 100)
        chosen = Part(inputs, labels).spread(50)
        assert len(set(chosen)) == 50
        assert np.bincount(labels[chosen]).min() >= 5
        assert Part(inputs, labels).spread(5000).tolist() == list(range(900))

    def test_larger_grids_begin_with_smaller_ones(self) -> None:
        more = replace(PLAN, preset=replace(TINY, teachers=5, students=4))
        assert more.seeds("teacher")[:2] == PLAN.seeds("teacher")
        assert more.seeds("student")[:2] == PLAN.seeds("student")
        assert len({*more.seeds("teacher"), *more.seeds("student")}) == 9
        assert not set(PLAN.seeds("teacher")) & set(replace(PLAN, seed=1).seeds("teacher"))


def test_narrow_students_have_reasons_for_what_they_lack(tmp_path: Path) -> None:
    plan = replace(
        PLAN, preset=replace(TINY, student=Perceptron((4,), 1), teachers=1, students=1), losses=losses_named("l2")
    )
    (student,) = run(plan, tmp_path, workers=1).students
    row = next(row for row in student.rows if row["split"] == "test")
    assert row["guaranteed_mean_cca"] is None
    assert "dimension" in student.reasons["test"]["guaranteed_mean_cca"]
    assert 0 <= row["mean_cca"] <= 0.5 + 1e-9


def test_held_out_parts_are_measured_with_probes_of_the_training_part(tmp_path: Path) -> None:
    preset = replace(
        preset_named("rendered", "quick"),
        options={"count": 480},
        teacher=ResidualNetwork((8,), 3),
        student=ResidualNetwork((8,), 3),
        teacher_recipe=Recipe(2, 64, 5e-3),
        student_recipe=Recipe(2, 64, 5e-3),
        teachers=1,
        students=1,
    )
    (student,) = run(Plan("rendered", "tiny", preset, losses_named("l2")), tmp_path, workers=1).students
    assert [row["split"] for row in student.rows] == ["train", "test", "held_out"]
    assert set(student.concepts) == {"test", "held_out"}
    assert len(student.concepts["held_out"]["concept_accuracy"] or ()) == 6


class TestPresets:
    def test_every_experiment_has_every_profile(self) -> None:
        for name, profiles in PRESETS.items():
            assert tuple(profiles) == PROFILES
            for preset in profiles.values():
                assert preset.dataset == name
                assert all(loss_named(loss) for loss in preset.losses)

    def test_standard_crosses_at_least_three_teachers(self) -> None:
        # Two tell next to nothing of the spread between teachers.
        assert all(profiles["standard"].teachers >= 3 for profiles in PRESETS.values())

    @pytest.mark.parametrize(("name", "profile"), [("spiral", "quick"), ("spirals", "fast")])
    def test_unknown(self, name: str, profile: str) -> None:
        with pytest.raises(InvalidInput, match=r"expected one of .*, saw '(spiral|fast)'"):
            preset_named(name, profile)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: replace(PLAN, losses=()), "losses"),
        (lambda: replace(PLAN, preset=replace(TINY, teachers=0)), "teachers"),
        (lambda: replace(PLAN, preset=replace(TINY, students=True)), "students"),
        (lambda: run(replace(PLAN, folder=Path("here")), Path("nowhere")), "--data-dir"),
        (lambda: run(replace(PLAN, seed=-1), Path("nowhere")), "seed"),
    ],
)
def test_refuses(make: Callable[[], object], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        make()
    assert not Path("nowhere").exists()


class TestBoard:
    def test_tells_what_workers_note(self, tmp_path: Path) -> None:
        told: list[tuple[str, int, int]] = []
        with following(tmp_path / "new", [3, 5], lambda *call: told.append(call)) as board:
            again = Board(board.path, 2, 2)
            again.note(0, 3, 3)
            again.note(1, 2, 5)
            while not told or told[-1][1] < 5:
                pass
        assert told[-1] == ("1 of 2 tasks trained", 5, 8)
        assert list((tmp_path / "new").iterdir()) == []

    def test_cleans_up_after_a_failure(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt), following(tmp_path, [1], None):
            raise KeyboardInterrupt
        assert list(tmp_path.iterdir()) == []


def test_checkpoints_are_read_back_to_the_same_figures(grid: Grid, trained: Path) -> None:
    again = run(PLAN, trained, workers=1)
    assert again.rows == grid.rows
    kept = [checkpoints.load(path) for path in trained.glob("*.safetensors")]
    assert len(kept) == 6
    assert again.training_core_seconds == pytest.approx(sum(float(k["core_seconds"]) for k in kept if k), rel=0.2)
    for one, other in zip(grid.students, again.students, strict=True):
        np.testing.assert_array_equal(one.embeddings, other.embeddings)
        np.testing.assert_array_equal(one.curves.losses, other.curves.losses)
