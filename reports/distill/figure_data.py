"""What the figures of an experiment show, as numbers: every loss of the grid has its part in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from empirics.experiment import Student, Teacher
from empirics.statistics import Interval, interval
from reports.distill.run import Report, TheoremLine
from reports.shared.figures.plots import Sides
from theory.guarantees import Guarantee

FLOOR, CEILING = 1e-6, 1e15
"""Beyond these a side says "nothing to see" and "vacuous" whatever its value, and is drawn at them."""

_CERTAIN = 1e-9  # 1 - m_CCA that rounding leaves where it is zero

Points = Mapping[str, Sequence[tuple[float, float]]]
"""Two measures of every student, by loss."""

Curve = tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p s"]]
"""Epochs, and what was seen after each of them on every network (nan: nothing)."""


def all_points(points: Points) -> list[tuple[float, float]]:
    """Return those of all losses."""
    return [point for each in points.values() for point in each]


# --------------------------------------------------------------------------- embeddings


@dataclass(frozen=True, eq=False)
class Drawn:
    """Embeddings of one network, in the plane.

    Attributes
    ----------
    own
        As they are; None where they have more than two dimensions, and for the teacher.
    mapped
        After the affine map that brings them closest to the teacher's; the teacher's own for the teacher.
    accuracy
        On test inputs.
    explained
        The share of the teacher's variance that the mapped ones recover; 1 for the teacher.
    """

    own: Float[np.ndarray, "n 2"] | None
    mapped: Float[np.ndarray, "n 2"]
    accuracy: float
    explained: float


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of test inputs by the first teacher, and by its first student of each loss.

    Attributes
    ----------
    labels
        The teacher's.
    planar
        Whether the teacher's embeddings have at most two dimensions.
    teacher
        In the plane: as they are, or in their two principal components.
    students
        By loss.
    """

    labels: Int[np.ndarray, " n"]
    planar: bool
    teacher: Drawn
    students: Mapping[str, Drawn]


def embeddings(report: Report) -> Embeddings:
    """Return the embeddings to be drawn, of the first teacher and its first student by each loss."""
    teacher = report.grid.teachers[0]
    planar = teacher.embeddings.shape[1] <= 2
    to_plane = principal_plane(teacher.embeddings)
    students = {}
    for loss in report.losses:
        student = _first(report, loss)
        row = next(row for row in student.rows if row["split"] == "test")
        fitted, explained = affine_image(student.embeddings, teacher.embeddings)
        own = principal_plane(student.embeddings)(student.embeddings) if planar else None
        students[loss] = Drawn(own, to_plane(fitted), row["accuracy"], explained)
    itself = Drawn(None, to_plane(teacher.embeddings), teacher.accuracy["test"], 1.0)
    return Embeddings(teacher.predicted, planar, itself, students)


def _first(report: Report, loss: str) -> Student:
    return next(s for s in report.grid.students if s.loss == loss and s.teacher_seed == report.grid.teachers[0].seed)


def principal_plane(points: Float[np.ndarray, "n m"]) -> Callable[[Float[np.ndarray, "n m"]], Float[np.ndarray, "n 2"]]:
    """Return the map to a plane: none from a plane, a column of zeros beside a line, else two principal components."""
    dimension = points.shape[1]
    if dimension == 2:
        return lambda values: values
    if dimension == 1:
        return lambda values: np.hstack([values, np.zeros_like(values)])
    centre = points.mean(axis=0)
    axes = np.linalg.svd(points - centre, full_matrices=False)[2][:2].T
    return lambda values: (values - centre) @ axes


def affine_image(
    student: Float[np.ndarray, "n d"], teacher: Float[np.ndarray, "n m"]
) -> tuple[Float[np.ndarray, "n m"], float]:
    """Return the affine image of the student closest to the teacher, and the share of variance that it explains."""
    source = np.hstack([student, np.ones((len(student), 1))])
    fitted = source @ np.linalg.lstsq(source, teacher, rcond=None)[0]
    whole = float(np.square(teacher - teacher.mean(axis=0)).sum())
    left = float(np.square(teacher - fitted).sum())
    return fitted, 1 - left / whole if whole > 0 else 0.0


# --------------------------------------------------------------------------- measures against each other


def _measured(report: Report, across: str, up: str) -> Points:
    """Return two measures of every student on the test part, by loss, where both exist."""
    found: dict[str, list[tuple[float, float]]] = {loss: [] for loss in report.losses}
    for row in report.grid.rows:
        if row["split"] == "test" and row.get(across) is not None and row.get(up) is not None:
            found[row["loss"]].append((row[across], row[up]))
    return found


def correlation_against_kl(report: Report) -> tuple[Points, Points]:
    """Return KL with m_CCA, and KL with 1 - m_CCA, of every student; both positive where an axis is logarithmic."""
    measured = _measured(report, "kl", "mean_cca")
    points = {loss: [(a, b) for a, b in each if a > 0] for loss, each in measured.items()}
    return points, {loss: [(a, max(1 - b, _CERTAIN)) for a, b in each] for loss, each in points.items()}


@dataclass(frozen=True)
class Bounded:
    """A distance that a theorem bounds by a number of the teacher times the logit distance."""

    theorem: str
    statement: str
    measure: str
    words: str


BOUNDED = (
    Bounded("T2", "upper_bound", "identifiability_dissimilarity", "d_rep"),
    Bounded("T3", "upper_bound", "alignment_error", "alignment error"),
)
"""The distances that are drawn against the logit distance."""


def distances(report: Report, bounded: Bounded) -> Points:
    """Return the logit distance with a distance that a theorem bounds by it, of every student where both are > 0."""
    measured = _measured(report, "logit_distance", bounded.measure)
    return {loss: [(a, b) for a, b in each if a > 0 and b > 0] for loss, each in measured.items()}


def slopes(report: Report, bounded: Bounded) -> dict[int, float]:
    """Return, for each teacher, the factor of the logit distance in a theorem's bound; none where it does not apply."""
    found: dict[int, float] = {}
    for student in report.grid.students:
        distance = next(row["logit_distance"] for row in student.rows if row["split"] == "test")
        for g in student.guarantees:
            if (g.theorem, g.statement) == (bounded.theorem, bounded.statement) and g.bound and distance:
                found.setdefault(student.teacher_seed, math.sqrt(g.bound) / distance)
    return found


# --------------------------------------------------------------------------- bounds


def medians_of_bounds(report: Report) -> tuple[list[Sides], list[tuple[float, float]]]:
    """Return the two sides of each statement, medians over a loss's students, and truth and bound of each violation."""
    found: list[Sides] = []
    violations: list[tuple[float, float]] = []
    for loss in report.losses:
        students = [student for student in report.grid.students if student.loss == loss]
        for column in zip(*(student.guarantees for student in students), strict=True):
            seen = [g for g in column if g.applies and g.truth and g.truth > FLOOR]
            violations += [_sides(g) for g in seen if g.holds is False]
            if seen:
                truth, bound = np.median([_sides(g) for g in seen], axis=0)
                vacuous = 2 * sum(bool(g.vacuous) for g in seen) > len(seen)
                found.append(Sides(loss, float(truth), float(bound), vacuous))
    return found, violations


def _sides(g: Guarantee) -> tuple[float, float]:
    bound = CEILING if g.bound is None else min(max(g.bound, FLOOR), CEILING)
    return min(g.truth or 0.0, CEILING), bound


def orders(report: Report) -> dict[str, list[TheoremLine | None]]:
    """Return each statement with a known distance from the truth, in words, and its findings by loss, None: unknown."""
    found = {(t.theorem, t.statement, t.loss): t for t in report.theorems if t.orders is not None}
    statements = dict.fromkeys((theorem, statement) for theorem, statement, _ in found)
    return {
        f"{theorem}  {statement.replace('_', ' ')}": [
            found.get((theorem, statement, loss)) for loss in report.losses
        ]
        for theorem, statement in statements
    }  # fmt: skip


# --------------------------------------------------------------------------- probes


@dataclass(frozen=True)
class Read:
    """What probes read of one concept, by loss: the intervals of what they get right.

    Attributes
    ----------
    name
        Of the concept.
    teacher, student, moved, guaranteed
        By loss: the teacher's probe on the teacher, a probe of the student's own, the teacher's probe moved to the
        student without labels, and what the logits guarantee of the latter; None where it was not measured.
    chance
        What guessing one of the values at random gets right.
    """

    name: str
    teacher: Mapping[str, Interval | None]
    student: Mapping[str, Interval | None]
    moved: Mapping[str, Interval | None]
    guaranteed: Mapping[str, Interval | None]
    chance: float | None

    def range(self) -> tuple[float, float]:
        """Return the least and the greatest of what is read, its intervals and chance."""
        sides = (self.teacher, self.student, self.moved)
        found = [got for side in sides for got in side.values() if got is not None]
        shown = [end for got in found for end in (*(got.ends or ()), got.mean)]
        shown += [] if self.chance is None else [self.chance]
        # What is guaranteed is shown at its place if it is not so far off that it would squeeze all the rest.
        reach = max(min(shown) - (max(shown) - min(shown)), 0.0)
        shown += [got.mean for got in self.guaranteed.values() if got is not None and got.mean > reach]
        return min(shown), max(shown)


_PROBES = {
    "teacher": "teacher_concept_accuracy",
    "student": "concept_accuracy",
    "moved": "transferred_concept_accuracy",
    "guaranteed": "guaranteed_concept_accuracy",
}


def reads(report: Report, split: str = "test") -> list[Read]:
    """Return what probes read of each concept on a part of the data; of data without concepts, the R² of directions."""
    names = report.grid.facts["concepts"]
    if not names:
        own = {loss: _of_rows(report, loss, "direction_r2", split) for loss in report.losses}
        nothing = dict.fromkeys(report.losses)
        found = [Read("R² of the teacher's directions", nothing, own, nothing, nothing, None)]
        return found if any(own.values()) else []
    return [
        Read(
            name,
            **{
                side: {loss: _of_concept(report, loss, measure, split, number) for loss in report.losses}
                for side, measure in _PROBES.items()
            },
            chance=1 / len(values),
        )
        for number, (name, values) in enumerate(names.items())
    ]


def _of_rows(report: Report, loss: str, measure: str, split: str) -> Interval | None:
    cells = [row.get(measure) for row in report.grid.rows if (row["loss"], row["split"]) == (loss, split)]
    return _interval(report, cells)


def _of_concept(report: Report, loss: str, measure: str, split: str, number: int) -> Interval | None:
    found = [s.concepts.get(split, {}).get(measure) for s in report.grid.students if s.loss == loss]
    return _interval(report, [None if each is None else each[number] for each in found])


def _interval(report: Report, cells: Sequence[float | None]) -> Interval | None:
    preset = report.grid.plan.preset
    if not cells or any(cell is None for cell in cells):
        return None
    return interval(np.array(cells, dtype=np.float64).reshape(preset.teachers, preset.students), bounds=None)


# --------------------------------------------------------------------------- training


def curves(report: Report) -> tuple[dict[str, Curve], dict[str, Curve]]:
    """Return accuracy, and m_CCA with the teacher, on validation inputs over training, of the losses where measured."""
    accuracy: dict[str, Curve] = {}
    correlation: dict[str, Curve] = {}
    for loss in report.losses:
        students = [s for s in report.grid.students if s.loss == loss]
        epochs = students[0].curves.points.astype(np.float64)
        for found, which in ((accuracy, 0), (correlation, 1)):
            seen = np.stack([s.curves.sightings[:, which, s.copy] for s in students], axis=-1)
            if np.isfinite(seen).any():
                found[loss] = _finite(epochs, seen)
    return accuracy, correlation


def curve_of_teachers(teachers: Sequence[Teacher]) -> Curve:
    """Return the teachers' accuracy on validation inputs over training."""
    seen = np.concatenate([teacher.curves.sightings[:, 0] for teacher in teachers], axis=-1)
    return _finite(teachers[0].curves.points.astype(np.float64), seen)


def _finite(epochs: Float[np.ndarray, " p"], seen: Float[np.ndarray, "p s"]) -> Curve:
    kept = np.isfinite(seen).all(axis=1)
    return epochs[kept], seen[kept]


def bottom_of_curves(seen: Sequence[Curve]) -> float:
    """Return a lower end that shows how training ends, not how it begins."""
    late = [values.mean(axis=1)[len(values) // 3 :] for _, values in seen]  # the last two thirds
    lowest = min(float(values.min()) for values in (*late, *(values[-1] for _, values in seen)) if values.size)
    return max(0.0, lowest - 0.08 * (1 - lowest)) if lowest < 0.999 else 0.99  # some air; never a range of nothing
