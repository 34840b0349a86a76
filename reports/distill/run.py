"""An experiment's findings: intervals, verdicts on predictions, comparisons, theorems on trained pairs, and JSON."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from empirics.experiment import Grid, Plan, Row
from empirics.losses import Loss
from empirics.losses.properties import check_loss
from empirics.measures import CONCEPT_MEASURES, MEASURES
from empirics.networks import Architecture, Perceptron, ResidualNetwork
from empirics.predictions import Judged, Prediction, Registration, grid_of, judge, load_registration, summary
from empirics.predictions.judge import OVER_MAGNITUDES
from empirics.statistics import EffectSize, Interval, Scale, effect_size, interval, paired_difference
from empirics.statistics import Grid as GridOfValues
from reports.shared.versions import schema, versions
from theory.errors import InvalidInput
from theory.guarantees import embedding_is_certified

SCHEMA = schema("distill", 1)
SUMMARISED = (*MEASURES, "direction_r2", *CONCEPT_MEASURES, "probe_accuracy")
"""Measures with a mean and an interval, in the order of tables."""

COMPARED = ("accuracy", "mean_cca", "kl", "logit_distance", "direction_r2", "concept_accuracy")
"""Measures in which losses are compared with the first one of the run."""

TIMINGS = ("core_seconds", "training_core_seconds", "seconds", "peer")
"""Keys of the JSON that differ between two runs of the same experiment."""

_WIDEST, _HIGHEST = 100, 10_000  # networks that nobody means: a hundred times as wide, ten thousand dimensions
PACKAGES = ("torch", "scikit-learn")
"""What the numbers depend on beside NumPy."""

# The authors' code for the spirals takes .91 core-seconds for an epoch of one student at best, as two processes of one
# thread each on a machine with two cores; as written it takes .99 s by the clock. Teachers are trained for 500 epochs,
# students for 250.
_PUBLISHED_EPOCH, _PUBLISHED_TEACHER, _PUBLISHED_STUDENT = 0.908, 500, 250


@dataclass(frozen=True)
class LossComparison:
    """Two losses on the same teachers and student seeds.

    Attributes
    ----------
    measure, split
        What is compared.
    loss, reference
        The difference (ratio, for measures that span magnitudes) is that of the first to the second.
    difference
        With its interval.
    effect
        Beside the spread of single networks, which is nan where there is one teacher or one student seed.
    """

    measure: str
    split: str
    loss: str
    reference: str
    difference: Interval
    effect: EffectSize


@dataclass(frozen=True)
class TheoremLine:
    """A theorem's statement on all students of one loss, on the test part.

    Attributes
    ----------
    theorem, statement, latex, loss
        Which one.
    pairs, applies, violated, undecided, informative, vacuous
        Numbers of pairs: in all, where it applies, where it fails, where float64 sees a failure that could not be
        decided, and where it says more, or no more, than is known without it.
    worst
        Largest truth over bound; None where no bound is a number.
    orders
        Median over pairs of log10(bound / truth), None where unknown.
    reason
        Why it does not apply, where it applies to none.
    """

    theorem: str
    statement: str
    latex: str
    loss: str
    pairs: int
    applies: int
    violated: int
    undecided: int
    informative: int
    vacuous: int
    worst: float | None
    orders: float | None
    reason: str


@dataclass(frozen=True)
class Peer:
    """What as many networks cost in the authors' code at its settings, in core-seconds, and how many times ours."""

    core_seconds: float
    factor: float


@dataclass(frozen=True, eq=False)
class Report:
    """All that a page or a file says of an experiment.

    Attributes
    ----------
    grid
        What was trained and measured.
    command
        The exact command.
    summary
        Means with intervals; see `empirics.predictions.summary`.
    registration, judged
        The file of predictions, if the experiment has one, and the verdicts on those whose losses were all run.
    comparisons
        Every loss against the first.
    theorems
        Every inequality of the catalogue, by loss.
    remarks
        What `check_loss` found on losses of the user's.
    peer
        The authors' cost, where it was measured.
    """

    grid: Grid
    command: str
    summary: tuple[Mapping[str, Any], ...]
    registration: Registration | None
    judged: tuple[Judged, ...]
    comparisons: tuple[LossComparison, ...]
    theorems: tuple[TheoremLine, ...]
    remarks: Mapping[str, tuple[str, ...]]
    peer: Peer | None

    @property
    def losses(self) -> tuple[str, ...]:
        """Names of the losses, in the order asked for: every table and figure takes them from here."""
        return tuple(loss.name for loss in self.grid.plan.losses)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the parts measured on."""
        return tuple(dict.fromkeys(row["split"] for row in self.grid.rows))

    @property
    def not_judged(self) -> int:
        """Number of registered predictions that name a loss that was not run."""
        return len(self.registration.predictions) - len(self.judged) if self.registration else 0

    @property
    def violations(self) -> list[str]:
        """Theorems that failed on some pair, one line each."""
        return [
            f"{g.theorem} {g.statement}: violated by {s.loss}, teacher {s.teacher_seed}, student {s.seed} "
            f"({g.truth:.6g} > {g.bound})"
            for s in self.grid.students
            for g in s.guarantees
            if g.holds is False
        ]

    def without_certificate(self, loss: str) -> tuple[int, int]:
        """Return on how many students of a loss nothing certifies the embedding, on the test part, and of how many."""
        students = [s for s in self.grid.students if s.loss == loss]
        shares = [next(row for row in s.rows if row["split"] == "test")["certified_embeddings"] for s in students]
        lost = [not embedding_is_certified(s.guarantees, share) for s, share in zip(students, shares, strict=True)]
        return sum(lost), len(lost)

    def cell(self, loss: str, measure: str, split: str = "test") -> Mapping[str, Any] | None:
        """Return the summary of a measure for a loss, or None where it was not measured on every pair."""
        for entry in self.summary:
            if (entry["loss"], entry["measure"], entry["split"]) == (loss, measure, split):
                return entry
        return None


def remarks_on(losses: Sequence[Loss]) -> dict[str, tuple[str, ...]]:
    """Check the losses that are not this library's own.

    Returns
    -------
    dict
        What was found on each that something was found on. It can be trained with nevertheless.

    Raises
    ------
    InvalidInput
        If one cannot: it returns no scalar, or fails.
    """
    remarks = {}
    for loss in losses:
        try:
            found = () if loss.built_in else tuple(check_loss(loss))
        except SystemExit as error:
            raise InvalidInput(f"{loss.name}: asked to exit (status {error.code}) when it was evaluated") from None
        for line in found:
            if line.startswith(("scalar", "differentiable")) or ": raised " in line:
                raise InvalidInput(f"{loss.name}: {line}")
        if found:
            remarks[loss.name] = found
    return remarks


def with_student(plan: Plan, width: float | None = None, dimension: int | None = None) -> Plan:
    """Return a plan whose students are narrower or wider, or embed in another dimension.

    Parameters
    ----------
    width
        Factor of the widths of hidden layers, or channels; the latter stay multiples of eight.
    dimension
        m.

    Raises
    ------
    InvalidInput
        If the factor is not positive, the dimension is not a positive integer, or they are beyond all reason.
    """
    student: Architecture = plan.preset.student
    if width is not None:
        if not 0 < width <= _WIDEST:
            raise InvalidInput(f"--student-width: expected a positive factor of at most {_WIDEST}, saw {width}")
        student = _scaled(student, width)
    if dimension is not None:
        if not 1 <= dimension <= _HIGHEST:
            raise InvalidInput(
                f"--student-dimension: expected a positive integer of at most {_HIGHEST}, saw {dimension}"
            )
        student = replace(student, dimension=dimension)  # type: ignore[type-var]
    if student == plan.preset.student:
        return plan
    # What was predicted, was predicted of the preset's students.
    return replace(plan, preset=replace(plan.preset, student=student, predictions=""))


def _scaled(student: Architecture, width: float) -> Architecture:
    if isinstance(student, Perceptron):
        return replace(student, hidden=tuple(max(1, round(width * own)) for own in student.hidden))
    if isinstance(student, ResidualNetwork):
        return replace(student, widths=tuple(max(8, 8 * round(width * own / 8)) for own in student.widths))
    raise InvalidInput(f"--student-width: expected an architecture with widths, saw {type(student).__name__}")


def report_on(grid: Grid, command: str, remarks: Mapping[str, tuple[str, ...]] | None = None) -> Report:
    """Return what is to be said of an experiment.

    Parameters
    ----------
    grid
        What was trained and measured.
    command
        The command that does it again.
    remarks
        From `remarks_on`.
    """
    rows = grid.rows
    registration = load_registration(grid.plan.preset.predictions) if grid.plan.preset.predictions else None
    return Report(
        grid=grid,
        command=command,
        summary=tuple(summary(rows, SUMMARISED)),
        registration=registration,
        judged=tuple(
            judge(prediction, lambda loss, measure, split: grid_of(rows, loss, measure, split))
            for prediction in (registration.predictions if registration else ())
            if _speaks_of(prediction, grid.plan)
        ),
        comparisons=tuple(_comparisons(rows, [loss.name for loss in grid.plan.losses])),
        theorems=tuple(_theorems(grid)),
        remarks=dict(remarks or {}),
        peer=_peer(grid),
    )


def _speaks_of(prediction: Prediction, plan: Plan) -> bool:
    """Whether every loss that a prediction names was run: of others nothing is to be said."""
    return {*prediction.losses, *prediction.references} <= {"teacher", *(loss.name for loss in plan.losses)}


def _comparisons(rows: Sequence[Row], losses: Sequence[str]) -> list[LossComparison]:
    """Compare every loss with the first one on every split that is not trained on."""
    found = []
    reference = losses[0]
    for split in dict.fromkeys(row["split"] for row in rows if row["split"] != "train"):
        for measure in COMPARED:
            base = grid_of(rows, reference, measure, split)
            for loss in losses[1:]:
                values = grid_of(rows, loss, measure, split)
                if base is None or values is None:
                    continue
                magnitudes = measure in OVER_MAGNITUDES and bool((base > 0).all() and (values > 0).all())
                scale: Scale = "log" if magnitudes else "linear"
                difference, effect = paired_difference(values, base, scale), _effect(values, base, scale)
                found.append(LossComparison(measure, split, loss, reference, difference, effect))
    return found


def _effect(values: GridOfValues, base: GridOfValues, scale: Scale) -> EffectSize:
    if min(values.shape) > 1:
        return effect_size(values, base, scale)
    return EffectSize(math.nan, float(((values > base) + 0.5 * (values == base)).mean()))


def _theorems(grid: Grid) -> list[TheoremLine]:
    lines = []
    for loss in grid.plan.losses:
        students = [student for student in grid.students if student.loss == loss.name]
        for column in zip(*(student.guarantees for student in students), strict=True):
            first, applying = column[0], [g for g in column if g.applies]
            ratios = [g.truth / g.bound for g in applying if g.truth is not None and g.bound]
            orders = [g.orders for g in applying if g.orders is not None]
            lines.append(
                TheoremLine(
                    theorem=first.theorem,
                    statement=first.statement,
                    latex=first.latex,
                    loss=loss.name,
                    pairs=len(column),
                    applies=len(applying),
                    violated=sum(g.holds is False for g in applying),
                    undecided=sum(g.holds is None for g in applying),
                    informative=sum(g.vacuous is False for g in applying),
                    vacuous=sum(bool(g.vacuous) for g in applying),
                    worst=max(ratios) if ratios else None,
                    orders=statistics.median(orders) if orders else None,
                    reason="" if applying else first.reason,
                )
            )
    return lines


def _peer(grid: Grid) -> Peer | None:
    fewer_points = bool(grid.plan.preset.options)
    if grid.plan.experiment != "spirals" or fewer_points or not grid.training_core_seconds:
        return None
    epochs = len(grid.teachers) * _PUBLISHED_TEACHER + len(grid.students) * _PUBLISHED_STUDENT
    cost = epochs * _PUBLISHED_EPOCH
    return Peer(cost, cost / grid.training_core_seconds)


# --------------------------------------------------------------------------- JSON


def as_json(report: Report) -> dict[str, Any]:
    """Return the contents of report.json; all but `TIMINGS` is the same whenever the experiment is run again."""
    grid, plan = report.grid, report.grid.plan
    few = interval(np.zeros((plan.preset.teachers, plan.preset.students))).reason
    return {
        "schema": SCHEMA,
        "experiment": plan.experiment,
        "profile": plan.profile,
        "seed": plan.seed,
        "command": report.command,
        "settings": settings(plan),
        "data": grid.facts,
        "teachers": [{"seed": t.seed, "accuracy": dict(t.accuracy)} for t in grid.teachers],
        "rows": grid.rows,
        "undefined": [
            {"teacher_seed": s.teacher_seed, "student_seed": s.seed, "loss": s.loss, "split": split, **dict(why)}
            for s in grid.students
            for split, why in s.reasons.items()
            if why
        ],
        "concepts": [
            {"teacher_seed": s.teacher_seed, "student_seed": s.seed, "loss": s.loss, "split": split, **dict(each)}
            for s in grid.students
            for split, each in s.concepts.items()
        ],
        "summary": [dict(entry) | ({"reason": few} if entry["low"] is None else {}) for entry in report.summary],
        "predictions": [_judged_json(judged) for judged in report.judged],
        "predictions_not_judged": report.not_judged,
        "registration": report.registration.sha256 if report.registration else None,
        "comparisons": [
            {
                "measure": c.measure,
                "split": c.split,
                "loss": c.loss,
                "reference": c.reference,
                **_interval_json(c.difference),
                **_standardised_json(c.effect.standardised, few),
                "superiority": c.effect.superiority,
            }
            for c in report.comparisons
        ],
        "theorems": [dataclasses.asdict(line) for line in report.theorems],
        "violations": report.violations,
        "remarks": {name: list(lines) for name, lines in report.remarks.items()},
        "core_seconds": grid.core_seconds,
        "training_core_seconds": grid.training_core_seconds,
        "seconds": grid.seconds,
        "peer": dataclasses.asdict(report.peer) if report.peer else None,
        "versions": versions(*PACKAGES),
    }


def settings(plan: Plan) -> dict[str, Any]:
    """Return an experiment's constants as plain data."""
    preset = plan.preset
    return {
        "dataset": preset.dataset,
        "options": dict(preset.options),
        "teachers": preset.teachers,
        "students": preset.students,
        "teacher": _described(preset.teacher),
        "student": _described(preset.student),
        "teacher_recipe": dataclasses.asdict(preset.teacher_recipe),
        "student_recipe": dataclasses.asdict(preset.student_recipe),
        "concept_weight": preset.concept_weight,
        "losses": [
            {
                "name": loss.name,
                "title": loss.title,
                "zero_set": loss.zero_set,
                "shift_invariant": loss.shift_invariant,
                "bounds_logit_distance": loss.bounds_logit_distance,
                "fingerprint": loss.fingerprint,
            }
            for loss in plan.losses
        ],
    }


def _described(architecture: Architecture) -> dict[str, Any]:
    fields: dict[str, Any] = dataclasses.asdict(architecture) if dataclasses.is_dataclass(architecture) else {}
    return {"kind": type(architecture).__name__, **fields}


def _judged_json(judged: Judged) -> dict[str, Any]:
    return {
        "id": judged.prediction.identifier,
        "statement": judged.prediction.statement,
        "why": judged.prediction.why,
        "verdict": str(judged.verdict),
        "evidence": judged.evidence,
        "parts": [
            {
                "loss": part.loss,
                "reference": part.reference,
                "verdict": str(part.verdict),
                "evidence": part.evidence,
                **(_interval_json(part.interval) if part.interval else {}),
            }
            for part in judged.parts
        ],
    }


def _interval_json(found: Interval) -> dict[str, Any]:
    ends = {"mean": found.mean, "low": found.low, "high": found.high, "scale": found.scale}
    return ends | ({"reason": found.reason} if found.ends is None else {})


def _standardised_json(value: float, few: str) -> dict[str, Any]:
    if math.isfinite(value):
        return {"standardised": value}
    return {"standardised": None, "standardised_reason": few or "infinite: nothing varies but the loss"}
