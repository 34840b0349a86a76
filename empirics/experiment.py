"""An experiment: teachers crossed with students, every pair measured, and predictions held against the grid.

The grid is cut into tasks, one for each teacher and then one for each teacher and loss; each trains its networks side
by side, keeps its state in a checkpoint, and measures. A finished checkpoint is read back at once, so a run that was
killed goes on where it was, and a loss that is added later costs only its own students.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int

from empirics.calibration import accuracy
from empirics.data.dataset import Dataset, Part
from empirics.data.registry import dataset_named
from empirics.losses import Loss
from empirics.losses.files import restored
from empirics.losses.properties import behaviour
from empirics.measures import Concepts, Splits, concept_measures, fit_concept_probes, measure
from empirics.networks import Network, evaluate
from empirics.presets import Preset
from empirics.probes import Probe, direction_r2
from empirics.training import Curves, Trained, device, distil, train
from theory.errors import DegenerateInput, InvalidInput
from theory.guarantees import Guarantee, guarantees
from theory.models import Model, Pair
from theory.workers import Board, Lost, Spread, posted, repeating, spreading

MEASURED = 5000
"""Inputs of the training part that are measured on: as many as the largest test part has here."""

_SHOWN = 700  # test inputs whose embeddings are kept for pictures
_SCHEME = 2  # of what a checkpoint's name stands for; to be raised when training changes

Row = dict[str, Any]
"""Seeds, loss, split, and every measure: a float, or None where it does not exist."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All that determines an experiment's results.

    Attributes
    ----------
    experiment, profile
        Its name and how much is done.
    preset
        The constants.
    losses
        Those distilled by.
    seed
        Determines the data set's split and, with its number, each teacher and student.
    folder
        Where the data are, if they have to be read.
    """

    experiment: str
    profile: str
    preset: Preset
    losses: tuple[Loss, ...]
    seed: int = 0
    folder: Path | None = None

    def __post_init__(self) -> None:
        if not self.losses:
            raise InvalidInput("losses: expected at least one, saw none")
        for name, count in (("teachers", self.preset.teachers), ("students", self.preset.students)):
            if type(count) is not int or count < 1:
                raise InvalidInput(f"{name}: expected a positive integer, saw {count!r}")

    def seeds(self, kind: str) -> tuple[int, ...]:
        """Return the seeds of teachers or students: those of larger grids begin with those of smaller ones."""
        count = self.preset.teachers if kind == "teacher" else self.preset.students
        words = [
            np.random.SeedSequence([self.seed, kind == "student", i]).generate_state(1, np.uint64) for i in range(count)
        ]
        return tuple(int(word[0] >> 2) for word in words)

    def dataset(self) -> Dataset:
        """Make or read the data."""
        return dataset_named(self.preset.dataset, seed=self.seed, folder=self.folder, **self.preset.options)


@dataclass(frozen=True, eq=False)
class Teacher:
    """What is kept of a teacher.

    Attributes
    ----------
    seed
        Its number in the grid.
    accuracy
        By part of the data set.
    curves
        How its training went.
    embeddings, predicted
        Of some test inputs, shape (n, m), and its labels for them, shape (n,).
    core_seconds
        Of training.
    """

    seed: int
    accuracy: Mapping[str, float]
    curves: Curves
    embeddings: Float64[np.ndarray, "n m"]
    predicted: Int[np.ndarray, " n"]
    core_seconds: float


@dataclass(frozen=True, eq=False)
class Student:
    """What is kept of a student.

    Attributes
    ----------
    teacher_seed, seed, loss
        Its place in the grid: the numbers of its teacher and of itself, and the loss's name.
    rows
        The measures, a row for each part measured on.
    reasons
        Why measures are None, by part and measure.
    concepts
        By part, then measure: figures for each concept.
    guarantees
        Both sides of every theorem on the test part.
    curves, copy
        How training went, and which of the copies trained together it is.
    embeddings
        Of the test inputs that its teacher's are kept of.
    core_seconds
        Of its share in training.
    """

    teacher_seed: int
    seed: int
    loss: str
    rows: tuple[Row, ...]
    reasons: Mapping[str, Mapping[str, str]]
    concepts: Mapping[str, Mapping[str, tuple[float, ...] | None]]
    guarantees: tuple[Guarantee, ...]
    curves: Curves
    copy: int
    embeddings: Float64[np.ndarray, "n m"]
    core_seconds: float


@dataclass(frozen=True, eq=False)
class Grid:
    """Everything an experiment found.

    Attributes
    ----------
    plan
        What was run.
    facts
        About the data: sizes of parts, number of features and labels, names of concepts, fingerprint.
    teachers, students
        In the order of seeds; students by teacher, loss and seed.
    training_core_seconds
        Of all training, over all runs where it was resumed.
    core_seconds
        That and the processor time of all measuring in this run.
    seconds
        Of this run, by the clock.
    """

    plan: Plan
    facts: Mapping[str, Any]
    teachers: tuple[Teacher, ...]
    students: tuple[Student, ...]
    training_core_seconds: float
    core_seconds: float
    seconds: float

    @property
    def rows(self) -> list[Row]:
        """Every row of every student."""
        return [row for student in self.students for row in student.rows]


def run(
    plan: Plan,
    checkpoints: Path,
    progress: Callable[[str, int, int], None] | None = None,
    workers: int | None = None,
) -> Grid:
    """Train and measure every pair of the grid.

    Parameters
    ----------
    plan
        What to run.
    checkpoints
        Folder in which training is kept, and from which it goes on.
    progress
        Told what is going on, and epochs done and in all, several times a second.
    workers
        Processes; by default the number of cores. Results do not depend on it.

    Raises
    ------
    InvalidInput
        If the data cannot be had, a loss is not usable, or training diverges.
    """
    started = time.monotonic()
    dataset = plan.dataset()
    teachers = range(plan.preset.teachers)
    first = [_Task(plan, dataset.fingerprint, checkpoints, t) for t in teachers]
    second = [_Task(plan, dataset.fingerprint, checkpoints, t, loss) for t in teachers for loss in plan.losses]
    epochs = [plan.preset.teacher_recipe.epochs] * len(first) + [plan.preset.student_recipe.epochs] * len(second)
    count = min(workers or os.cpu_count() or 1, max(len(second), len(first)))
    with following(checkpoints, epochs, progress) as board, _workers(count, plan) as spread:
        masters = _in_order(spread, [partial(_teacher, task, board, row) for row, task in enumerate(first)])
        pupils = _in_order(spread, [
            partial(_students, task, board, len(first) + row, masters[task.teacher][1])
            for row, task in enumerate(second)
        ])  # fmt: skip
    training = sum(m.core_seconds for m, _, _ in masters) + sum(s.core_seconds for group, _ in pupils for s in group)
    measuring = sum(seconds for _, _, seconds in masters) + sum(seconds for _, seconds in pupils)
    return Grid(
        plan=plan,
        facts=facts(dataset),
        teachers=tuple(master for master, _, _ in masters),
        students=tuple(student for group, _ in pupils for student in group),
        training_core_seconds=training,
        core_seconds=training + measuring,
        seconds=time.monotonic() - started,
    )


@contextmanager
def _workers(count: int, plan: Plan) -> Iterator[Spread]:
    """Lend a way to run tasks in processes; one that dies is told in a line."""
    try:
        with spreading(count) as spread:
            yield spread
    except Lost:
        for loss in plan.losses:
            if "::" in loss.spec:
                restored(loss.spec, loss.fingerprint)  # complains of a file that is not what it was, as workers have
        raise InvalidInput(
            "a process that trained networks ended abruptly, killed or out of memory; the same command goes on from "
            "there, and takes less memory with fewer --jobs"
        ) from None


def _in_order(spread: Spread, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run tasks and return what they returned, in their order."""
    found = dict(spread(tasks))
    return [found[number] for number in range(len(tasks))]


@contextmanager
def following(folder: Path, epochs: Sequence[int], progress: Callable[[str, int, int], None] | None) -> Iterator[Board]:
    """Lend a board for the block, on which tasks note their epochs done and in all, and tell `progress` of them.

    Parameters
    ----------
    folder
        Where the board is kept meanwhile.
    epochs
        Of each task.
    progress
        Told how many tasks are through, and epochs done and in all.
    """
    with posted(folder, len(epochs), 2) as board:

        def tell() -> None:
            done = [int(own) for own, _ in board.read()]
            through = sum(own == of for own, of in zip(done, epochs, strict=True))
            if progress is not None:
                progress(f"{through} of {len(epochs)} tasks trained", sum(done), sum(epochs))

        with repeating(tell):
            yield board


def facts(dataset: Dataset) -> dict[str, Any]:
    """Return what a report says of the data."""
    return {
        "name": dataset.name,
        "parts": {name: part.n for name, part in dataset.parts.items()},
        "features": dataset.d,
        "labels": dataset.k,
        "concepts": {concept.name: list(concept.values) for concept in dataset.concepts},
        "fingerprint": dataset.fingerprint,
    }


# --------------------------------------------------------------------------- tasks, each in a process of its own


@dataclass(frozen=True, eq=False)
class _Task:
    """Train teacher number `teacher`, or its students by one loss."""

    plan: Plan
    fingerprint: str  # of the data, which may change between two runs in one process, or during one
    checkpoints: Path
    teacher: int
    loss: Loss | None = None


@lru_cache(maxsize=1)
def _loaded(name: str, seed: int, folder: Path | None, options: tuple[tuple[str, Any], ...]) -> Dataset:
    return dataset_named(name, seed=seed, folder=folder, **dict(options))


def _dataset(task: _Task) -> Dataset:
    preset = task.plan.preset
    arguments = preset.dataset, task.plan.seed, task.plan.folder, tuple(sorted(preset.options.items()))
    dataset = _loaded(*arguments)
    if dataset.fingerprint != task.fingerprint:
        _loaded.cache_clear()
        dataset = _loaded(*arguments)
    if dataset.fingerprint != task.fingerprint:
        raise InvalidInput(f"--data-dir: the data of '{preset.dataset}' changed while the experiment was running")
    return dataset


def _checkpoint(task: _Task, dataset: Dataset) -> Path:
    """Name a file after everything that determines the state in it."""
    preset = task.plan.preset
    settings: list[Any] = [
        _SCHEME, importlib.metadata.version("torch"), device().type, dataset.fingerprint, preset.teacher,
        preset.teacher_recipe, preset.concept_weight, task.plan.seeds("teacher")[task.teacher],
    ]  # fmt: skip
    name = f"teacher{task.teacher}"
    if task.loss is not None:
        settings += [preset.student, preset.student_recipe, task.plan.seeds("student"), task.loss.fingerprint]
        settings.append(behaviour(task.loss))
        name += f"-{task.loss.name}"
    digest = hashlib.sha256(repr(settings).encode()).hexdigest()
    return task.checkpoints / f"{name}-{digest[:16]}.safetensors"


def _trained_teacher(task: _Task, dataset: Dataset, note: Callable[[int, int], None] | None) -> Trained:
    preset = task.plan.preset
    # A file of features may come without concepts; its teachers then learn the labels alone.
    weight = preset.concept_weight if dataset.concepts else 0.0
    return train(
        dataset, preset.teacher, preset.teacher_recipe, [task.plan.seeds("teacher")[task.teacher]],
        concept_weight=weight, checkpoint=_checkpoint(replace(task, loss=None), dataset), progress=note,
    )  # fmt: skip


def _teacher(task: _Task, board: Board, row: int) -> tuple[Teacher, tuple[Probe, ...], float]:
    """Train a teacher; return what is kept, its probes, and the processor time of all but training."""
    began, dataset = time.process_time(), _dataset(task)
    before = time.process_time()
    master = _trained_teacher(task, dataset, partial(board.note, row))
    spent = time.process_time() - before
    board.note(row, task.plan.preset.teacher_recipe.epochs, task.plan.preset.teacher_recipe.epochs)  # also if read back
    models = {name: _model(master.network, part)[0] for name, part in dataset.parts.items()}
    shown = _shown(dataset)
    kept = Teacher(
        seed=task.teacher,
        accuracy={name: accuracy(model, dataset.parts[name].labels) for name, model in models.items()},
        curves=master.curves,
        embeddings=models["test"].embeddings[shown],
        predicted=models["test"].top_label[shown].argmax(axis=-1),
        core_seconds=master.core_seconds,
    )
    probes = fit_concept_probes(_splits(models, "test"), _concepts(dataset, "test")) if dataset.concepts else ()
    return kept, probes, time.process_time() - began - spent


def _students(task: _Task, board: Board, row: int, probes: tuple[Probe, ...]) -> tuple[tuple[Student, ...], float]:
    """Distil a teacher's students by one loss and measure them; return them, and the time of all but training."""
    plan, loss = task.plan, task.loss
    assert loss is not None
    began, dataset = time.process_time(), _dataset(task)
    teacher = _trained_teacher(task, dataset, None).network
    before = time.process_time()
    try:
        pupils = distil(
            teacher, loss, dataset, plan.preset.student, plan.preset.student_recipe, plan.seeds("student"),
            checkpoint=_checkpoint(task, dataset), progress=partial(board.note, row),
        )  # fmt: skip
    except InvalidInput as error:
        raise InvalidInput(f"{loss.name}, teacher {task.teacher}: {error}") from None
    except (Exception, SystemExit) as error:
        if loss.built_in:
            raise
        message = " ".join(str(error).split())
        raise InvalidInput(
            f"{loss.name}, teacher {task.teacher}: raised {type(error).__name__} in training"
            f"{': ' if message else ''}{message}"
        ) from None
    spent = time.process_time() - before
    board.note(row, plan.preset.student_recipe.epochs, plan.preset.student_recipe.epochs)
    bench = _Bench(dataset, {name: _model(teacher, part)[0] for name, part in dataset.parts.items()}, probes)
    models = {name: _model(pupils.network, part) for name, part in dataset.parts.items()}
    students = tuple(
        _measured(bench, task, loss, pupils, copy, {name: models[name][copy] for name in models})
        for copy in range(plan.preset.students)
    )
    return students, time.process_time() - began - spent


@dataclass(frozen=True, eq=False)
class _Bench:
    """A teacher's side of every measure of its students by one loss."""

    dataset: Dataset
    models: Mapping[str, Model]
    probes: tuple[Probe, ...]


def _measured(
    bench: _Bench, task: _Task, loss: Loss, trained: Trained, copy: int, models: Mapping[str, Model]
) -> Student:
    rows, reasons, each = [], {}, {}
    for split in ("train", *(name for name in bench.dataset.parts if name not in ("train", "validation"))):
        part = bench.dataset.parts[split]
        few = part.spread(MEASURED if split == "train" else part.n)
        master, pupil = _sliced(bench.models[split], few), _sliced(models[split], few)
        found = measure(master, pupil, part.labels[few])
        values, why = dict(found.values), dict(found.reasons)
        if split != "train":
            try:
                values["direction_r2"] = direction_r2(
                    bench.models["train"].embeddings, models["train"].embeddings, master.embeddings, pupil.embeddings
                )
            except DegenerateInput as error:
                values["direction_r2"], why["direction_r2"] = None, str(error)
            if bench.dataset.concepts:
                read = concept_measures(bench.probes, master, _splits(models, split), _concepts(bench.dataset, split))
                values |= read.mean.values
                why |= read.mean.reasons
                each[split] = read.each
        values["probe_accuracy"] = values.get("concept_accuracy")  # what the contract calls it
        if values["probe_accuracy"] is None:
            why["probe_accuracy"] = why.get("concept_accuracy", _no_probes(bench.dataset))
        reasons[split] = why
        place = {"teacher_seed": task.teacher, "student_seed": copy, "loss": loss.name, "split": split}
        rows.append(place | values)
    shown = _shown(bench.dataset)
    return Student(
        teacher_seed=task.teacher,
        seed=copy,
        loss=loss.name,
        rows=tuple(rows),
        reasons=reasons,
        concepts=each,
        guarantees=tuple(guarantees(Pair(bench.models["test"], models["test"]))),
        curves=trained.curves,
        copy=copy,
        embeddings=models["test"].embeddings[shown],
        core_seconds=trained.core_seconds / trained.network.copies,
    )


def _model(network: Network, part: Part) -> tuple[Model, ...]:
    return evaluate(network, torch.tensor(part.inputs).to(device()))


def _sliced(model: Model, rows: Int[np.ndarray, " r"]) -> Model:
    return Model(model.embeddings[rows], model.unembeddings)


def _shown(dataset: Dataset) -> Int[np.ndarray, " r"]:
    return dataset.test.spread(_SHOWN)


def _no_probes(dataset: Dataset) -> str:
    if dataset.concepts:
        return "probes are fitted to this part, and read on the others"
    return f"{dataset.name} has no concepts for a probe to read"


def _splits(models: Mapping[str, Model], scored: str) -> Splits:
    return Splits(models["train"].embeddings, models["validation"].embeddings, models[scored])


def _concepts(dataset: Dataset, scored: str) -> Concepts:
    return Concepts(dataset.train.concepts, dataset.validation.concepts, dataset.parts[scored].concepts)
