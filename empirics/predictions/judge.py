"""Judging predictions by intervals, and the table of means they stand in."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from empirics.predictions.register import TEACHER, Prediction
from empirics.statistics import Grid, Interval, Scale, interval, paired_difference
from theory.errors import InvalidInput

Row: TypeAlias = Mapping[str, Any]
"""What was measured on one student and split: teacher_seed, student_seed, loss, split, and measures by name."""

Grids: TypeAlias = Callable[[str, str, str], Grid | None]
"""From a loss, a measure and a split to the values, or None if they were not all measured."""

_UNIT = (0.0, 1.0)  # of shares and correlations
_BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "accuracy": _UNIT,
        "teacher_accuracy": _UNIT,
        "agreement": _UNIT,
        "certified_agreement": _UNIT,
        "flipped": _UNIT,
        "disagreement_bound": _UNIT,
        "certified_embeddings": _UNIT,
        "near_embeddings": _UNIT,
        "acceptance_rate": _UNIT,
        "rms_probability_change": _UNIT,
        "mean_cca": _UNIT,
        "guaranteed_mean_cca": _UNIT,
        "concept_accuracy": _UNIT,
        "concept_f1": _UNIT,
        "teacher_concept_accuracy": _UNIT,
        "teacher_concept_f1": _UNIT,
        "transferred_concept_accuracy": _UNIT,
        "guaranteed_concept_accuracy": _UNIT,
        "probe_accuracy": _UNIT,
        "mean_cca_bound": _UNIT,
        "identifiability_tail_share": _UNIT,
        "negative_log_likelihood": (0.0, math.inf),
        "log_min_probability": (-math.inf, 0.0),
        "direction_r2": (-math.inf, 1.0),
        "expected_calibration_error": _UNIT,
        "brier_score": (0.0, 2.0),
    }
)

OVER_MAGNITUDES = frozenset(
    {
        "kl",
        "kl_reversed",
        "logit_distance",
        "whitened_logit_distance",
        "identifiability_dissimilarity",
        "identifiability_dissimilarity_median",
        "volume_dissimilarity",
        "alignment_error",
        "squared_fisher_distance",
        "fisher_bound",
        "squared_clipped_distance_1e-2",
        "squared_clipped_distance_1e-4",
        "squared_clipped_distance_1e-6",
    }
)


class Ruling(enum.StrEnum):
    """What an interval says to a prediction."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Part:
    """One loss, or one comparison, of those a prediction is made of.

    Attributes
    ----------
    loss, reference
        What is compared; `reference` is None for a threshold.
    verdict
        On this part alone.
    evidence
        The interval in words, or why there is none.
    interval
        Of the mean, difference or ratio; None where not run.
    """

    loss: str
    reference: str | None
    verdict: Ruling
    evidence: str
    interval: Interval | None


@dataclass(frozen=True)
class Judged:
    """A prediction with its verdict.

    Attributes
    ----------
    prediction
        What was judged.
    verdict
        "confirmed" if all parts are, "refuted" if one is, else "undecided".
    parts
        In the order of `prediction.comparisons`.
    """

    prediction: Prediction
    verdict: Ruling
    parts: tuple[Part, ...]

    @property
    def evidence(self) -> str:
        """The evidence of every part, and what was predicted."""
        return f"{'; '.join(part.evidence for part in self.parts)}; predicted {self.prediction.in_words}"

    @property
    def interval(self) -> Interval | None:
        """The interval of the first part that has the verdict of the whole."""
        return next(part.interval for part in self.parts if part.verdict is self.verdict)


def judge(prediction: Prediction, grid: Grids, level: float = 0.95, seed: int = 0) -> Judged:
    """Hold a prediction against the grids of an experiment.

    A part is confirmed if the interval for the mean over new teachers and new students lies wholly in the predicted
    region, refuted if wholly outside, and undecided if it holds a margin, if there is only one teacher or student
    seed, or if the values were not measured.

    Parameters
    ----------
    prediction
        What is judged.
    grid
        Returns the values (T, S) for a loss, measure and split, or None; the same teachers and student seeds, in the
        same order, for every loss. The teacher's own value of a measure is asked for as "teacher_" + measure, with
        the loss it is compared with.
    level, seed
        Of the intervals.

    Notes
    -----
    Parts are not corrected for their number. A conjunction is confirmed only if each part is, at no more than its
    own risk (intersection-union test); the risk that one of p true parts is refuted by chance is up to p (1 - level)/2
    for one-sided parts.

    Raises
    ------
    InvalidInput
        If a grid is not a complete array of finite numbers, or two do not have the same shape.
    """
    parts = tuple(
        _judge_part(prediction, loss, reference, grid, level, seed) for loss, reference in prediction.comparisons
    )
    verdicts = {part.verdict for part in parts}
    if verdicts == {Ruling.CONFIRMED}:
        return Judged(prediction, Ruling.CONFIRMED, parts)
    return Judged(
        prediction,
        Ruling.REFUTED if Ruling.REFUTED in verdicts else Ruling.UNDECIDED,
        parts,
    )


def _judge_part(prediction: Prediction, loss: str, reference: str | None, grid: Grids, level: float, seed: int) -> Part:
    def undecided(reason: str, found: Interval | None = None) -> Part:
        return Part(loss, reference, Ruling.UNDECIDED, f"{label}: {reason}", found)

    label = _label(loss, reference, prediction.scale)
    measure, split = prediction.measure, prediction.split
    grids = {name: _values(name, loss, reference, measure, split, grid) for name in (loss, reference) if name}
    if missing := [name for name, values in grids.items() if values is None]:
        return undecided(f"{measure} of {' and '.join(missing)} on {split} not run")
    values = [np.asarray(each) for each in grids.values()]
    if prediction.scale == "log" and not all((each > 0).all() for each in values):
        return undecided(f"{measure} has values that are not positive, of which there is no geometric mean")
    found = (
        interval(values[0], prediction.scale, _bounds(measure, values[0]), level, seed=seed)
        if len(values) == 1
        else paired_difference(values[0], values[1], prediction.scale, level, seed=seed)
    )
    if found.ends is None:
        return undecided(f"{found.mean:.4g}, {found.reason}", found)
    verdict = _verdict(prediction, *found.ends)
    return Part(loss, reference, verdict, f"{label}: {found.mean:.4g} [{found.low:.4g}, {found.high:.4g}]", found)


def _values(name: str, loss: str, reference: str | None, measure: str, split: str, grid: Grids) -> Grid | None:
    """Return the values of one side; the teacher's are written beside those of the student on the other side."""
    if name != TEACHER:
        return grid(name, measure, split)
    student = reference if loss == TEACHER else loss
    assert student is not None
    return grid(student, f"{TEACHER}_{measure}", split)


def _verdict(prediction: Prediction, low: float, high: float) -> Ruling:
    lowest, highest = prediction.predicted
    # Thresholds are strict, margins are not; it matters for intervals that are one point.
    strict = prediction.kind in ("below", "above")
    inside = lowest < low and high < highest if strict else lowest <= low and high <= highest
    outside = high <= lowest or low >= highest if strict else high < lowest or low > highest
    return Ruling.CONFIRMED if inside else Ruling.REFUTED if outside else Ruling.UNDECIDED


def _bounds(measure: str, values: Grid) -> tuple[float, float] | None:
    """Return the bounds of a measure, wide enough for values that rounding has put beyond them."""
    if measure not in _BOUNDS:
        return None
    lowest, highest = _BOUNDS[measure]
    return min(lowest, float(values.min())), max(highest, float(values.max()))


def _label(loss: str, reference: str | None, scale: Scale) -> str:
    return loss if reference is None else f"{loss} {'/' if scale == 'log' else '-'} {reference}"


def grid_of(rows: Iterable[Row], loss: str, measure: str, split: str) -> Grid | None:
    """Return the values of a measure as an array (T, S), teachers and student seeds ascending.

    The teachers and student seeds are those of all `rows`, of whatever loss, so that grids of different losses are
    paired entry by entry.

    Returns
    -------
    ndarray or None
        None if a pair of seeds is missing or its value is missing, None, nan or infinite: an incomplete grid would
        give the wrong weight to teachers and students.

    Raises
    ------
    InvalidInput
        If a row lacks one of teacher_seed, student_seed, loss and split, or there are two for the same pair.
    """
    table = list(rows)
    for row in table:
        if absent := {"teacher_seed", "student_seed", "loss", "split"} - set(row):
            raise InvalidInput(f"rows: expected {min(absent)} in every row, saw {sorted(row)}")
    teachers, students = (sorted({row[key] for row in table}) for key in ("teacher_seed", "student_seed"))
    found: dict[tuple[Any, Any], Any] = {}
    for row in table:
        if (row["loss"], row["split"]) == (loss, split):
            pair = row["teacher_seed"], row["student_seed"]
            if pair in found:
                raise InvalidInput(f"rows: expected one of loss {loss} on {split} for seeds {pair}, saw two")
            found[pair] = row.get(measure)
    if not found or not all(_is_finite(found.get((t, s))) for t in teachers for s in students):
        return None
    return np.array([[float(found[t, s]) for s in students] for t in teachers])


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and math.isfinite(value)


def summary(
    rows: Iterable[Row], measures: Sequence[str], level: float = 0.95, seed: int = 0
) -> list[dict[str, str | float | None]]:
    """Return the mean of each measure for each loss and split, with its interval.

    Parameters
    ----------
    rows
        As for `grid_of`.
    measures
        Names; those that span magnitudes are averaged by their logarithms, unless a value is not positive.
    level, seed
        Of the intervals.

    Returns
    -------
    list of dict
        Keys loss, split, measure, mean, low, high and scale, in the order in which losses and splits occur in `rows`
        and measures in `measures`. What was not measured on all pairs is left out; low and high are None where there
        is only one teacher or student seed.
    """
    table = list(rows)
    entries: list[dict[str, str | float | None]] = []
    for loss, split in dict.fromkeys((row["loss"], row["split"]) for row in table):
        for measure in measures:
            values = grid_of(table, loss, measure, split)
            if values is None:
                continue
            scale: Scale = "log" if measure in OVER_MAGNITUDES and (values > 0).all() else "linear"
            found = interval(values, scale, _bounds(measure, values), level, seed=seed)
            entries.append(
                {"loss": loss, "split": split, "measure": measure}
                | {"mean": found.mean, "low": found.low, "high": found.high, "scale": scale}
            )
    return entries
