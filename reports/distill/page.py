"""The page of an experiment: one file, no scripts, nothing fetched; no number without its interval."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from empirics.predictions import Judged
from empirics.statistics import Interval
from reports.distill import figures
from reports.distill.run import PACKAGES, SUMMARISED, LossComparison, Report, TheoremLine, settings
from reports.shared.certificates import magnitudes, percent
from reports.shared.rendering import environment, number
from reports.shared.versions import versions

TITLES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "teacher_accuracy": "accuracy of the teacher",
    "agreement": "agreement",
    "kl": "KL",
    "kl_reversed": "KL(student ‖ teacher)",
    "logit_distance": "d_logit",
    "whitened_logit_distance": "whitened d_logit",
    "identifiability_dissimilarity": "d_rep",
    "identifiability_dissimilarity_median": "d_rep, median over label subsets",
    "identifiability_tail_share": "share of d_rep² in 1 % of subsets",
    "volume_dissimilarity": "volume dissimilarity",
    "alignment_error": "alignment error",
    "mean_cca": "m_CCA",
    "mean_cca_bound": "m_CCA guaranteed by d_logit",
    "guaranteed_mean_cca": "m_CCA guaranteed by whitened d_logit",
    "certified_agreement": "same top label, certified",
    "flipped": "another top label",
    "disagreement_bound": "another top label at most, by mean KL",
    "squared_fisher_distance": "Fisher distance, squared",
    "fisher_bound": "Fisher distance at most, (2 + R) KL",
    "squared_clipped_distance_1e-2": "clipped at 1e-2, squared",
    "squared_clipped_distance_1e-4": "clipped at 1e-4, squared",
    "squared_clipped_distance_1e-6": "clipped at 1e-6, squared",
    "certified_embeddings": "near embeddings, certified",
    "near_embeddings": "near embeddings",
    "acceptance_rate": "acceptance rate, 1 − E TV",
    "rms_probability_change": "change of the top probability, rms",
    "log_min_probability": "log of the least probability",
    "expected_calibration_error": "expected calibration error",
    "negative_log_likelihood": "negative log-likelihood",
    "brier_score": "Brier score",
    "direction_r2": "R² of directions",
    "concept_accuracy": "concepts, student's probe",
    "concept_f1": "concepts, student's probe, F1",
    "teacher_concept_accuracy": "concepts, teacher's probe",
    "teacher_concept_f1": "concepts, teacher's probe, F1",
    "transferred_concept_accuracy": "concepts, teacher's probe moved",
    "guaranteed_concept_accuracy": "concepts, guaranteed",
}
"""What tables call measures."""

_MAIN = (
    "accuracy", "kl", "logit_distance", "identifiability_dissimilarity", "mean_cca", "direction_r2", "concept_accuracy",
)  # fmt: skip
_OF_TEACHERS = {"accuracy": "teacher_accuracy", "concept_accuracy": "teacher_concept_accuracy"}
_TOLD = ("accuracy", "mean_cca", "logit_distance", "direction_r2")  # in the verdict in words
_COLOURS = {"confirmed": "ok", "refuted": "bad", "undecided": "unsure"}
_DIGITS = 6  # after the point at most
_LARGE = 1e5  # from where on numbers are written as powers of ten, as `number` does


@dataclass(frozen=True)
class Cell:
    """A mean and its interval, as text; the latter says why where there is none."""

    mean: str
    ends: str

    def __str__(self) -> str:
        return f"{self.mean} {self.ends}".strip()


_EMPTY = Cell("–", "")


def cell(mean: float, low: float | None, high: float | None, scale: str = "linear", signed: bool = False) -> Cell:
    """Return a mean with its interval, to two digits of the interval's width, or three of each number for ratios."""
    if low is None or high is None:
        return Cell(_signed(number(mean), mean, signed), "[no interval]")
    width = high - low
    largest = max(abs(low), abs(high), abs(mean))
    if scale == "log" or not width > 0 or largest >= _LARGE or largest < 10.0 ** -(_DIGITS - 1):
        words = [_three(value) if width > 0 else number(value) for value in (mean, low, high)]
    else:
        places = min(max(0, 1 - math.floor(math.log10(width * (1 + 1e-9)))), _DIGITS)
        words = [f"{value + 0.0:.{places}f}" for value in (mean, low, high)]
    return Cell(_signed(words[0], mean, signed), f"[{words[1]}, {words[2]}]")


def _three(value: float) -> str:
    if value == 0 or not 1e-4 <= abs(value) < _LARGE:
        return f"{value:.2e}" if value else "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")


def _signed(words: str, value: float, signed: bool) -> str:
    return f"+{words}" if signed and value > 0 else words


def _entry(report: Report, loss: str, measure: str, split: str = "test") -> Cell | None:
    found = report.cell(loss, measure, split)
    return None if found is None else cell(found["mean"], found["low"], found["high"], found["scale"])


# --------------------------------------------------------------------------- the verdict in words


@dataclass(frozen=True)
class Sentence:
    """What is said of one loss: what is certain, its numbers, and how they differ from those of the first loss."""

    loss: str
    certain: str
    numbers: str
    against: str


def sentences(report: Report) -> list[Sentence]:
    """Return what the numbers say of each loss on the test part."""
    found = []
    for loss in report.losses:
        told = [(TITLES[measure], _entry(report, loss, measure)) for measure in _TOLD]
        numbers = ", ".join(f"{name} {entry}" for name, entry in told if entry is not None)
        own = [c for c in report.comparisons if c.loss == loss and c.split == "test" and c.measure in _TOLD]
        words = numbers or "nothing was measured on every pair"
        found.append(Sentence(loss, certain(report, loss), words, "; ".join(map(_contrast, own))))
    return found


def certain(report: Report, loss: str) -> str:
    """Say what KL certifies of a loss's students, and plainly where nothing certifies an embedding."""
    labels, embeddings = (report.cell(loss, name) for name in ("certified_agreement", "certified_embeddings"))
    lost, count = report.without_certificate(loss)
    line = "" if labels is None else f"KL certifies {percent(labels['mean'])} of top labels"
    share = "" if embeddings is None else f" and {percent(embeddings['mean'])} of embeddings"
    if not lost:
        return f"{line}{share}"
    where = "" if lost == count else f" on {lost} of {count} pairs"
    return f"{line}{', but ' if line else ''}nothing certifies this embedding{where}"


def _contrast(comparison: LossComparison) -> str:
    name, found = TITLES[comparison.measure], comparison.difference
    ratio = found.scale == "log"
    words = cell(found.mean, found.low, found.high, found.scale, signed=not ratio)
    if found.ends is None:
        return f"{name} {'×' if ratio else ''}{words}"
    tail = "" if _apart(found) else ", not told apart"
    return f"{name} {'×' if ratio else ''}{words}{tail}"


def _apart(found: Interval) -> bool:
    """Whether an interval excludes that there is no effect."""
    nothing = 1.0 if found.scale == "log" else 0.0
    return found.ends is not None and not found.ends[0] <= nothing <= found.ends[1]


# --------------------------------------------------------------------------- tables


def main_table(report: Report) -> dict[str, Any]:
    """Return the table of means on the test part: the teacher, each loss, and what guessing gets right."""
    measures = [name for name in _MAIN if any(report.cell(loss, name) for loss in report.losses)]
    first = report.losses[0]
    teacher = [_entry(report, first, _OF_TEACHERS[m]) if m in _OF_TEACHERS else None for m in measures]
    return {
        "heads": ["concepts" if name == "concept_accuracy" else TITLES[name] for name in measures],
        "rows": [
            ("teacher", [entry or _EMPTY for entry in teacher], ()),
            *(
                (loss, [_entry(report, loss, m) or _EMPTY for m in measures], report.remarks.get(loss, ()))
                for loss in report.losses
            ),
        ],
        "chance": [_chance(report, m) for m in measures],
    }


def _chance(report: Report, measure: str) -> str:
    if measure == "accuracy":
        return number(1 / report.grid.facts["labels"])
    concepts = report.grid.facts["concepts"]
    if measure == "concept_accuracy" and concepts:
        return number(math.fsum(1 / len(values) for values in concepts.values()) / len(concepts))
    return ""


_CERTAIN = (  # what KL makes certain, above the truth that it is certain of
    "certified_agreement", "agreement", "disagreement_bound", "flipped", "fisher_bound", "squared_fisher_distance",
    "squared_clipped_distance_1e-2", "squared_clipped_distance_1e-4", "squared_clipped_distance_1e-6",
    "certified_embeddings", "near_embeddings",
)  # fmt: skip


def certain_rows(report: Report) -> list[tuple[str, list[Cell]]]:
    """Return what is certain of each loss's students (columns), beside the truth; last, how far off T5 is."""
    rows = []
    for name in _CERTAIN:
        if name.startswith("squared_clipped"):
            floor = name.rpartition("_")[2]
            bounds = [_of_kl(report, loss, 2 / float(floor)) for loss in report.losses]
            rows.append((f"clipped at {floor} at most, 2 KL/{floor}", [entry or _EMPTY for entry in bounds]))
        cells = [_entry(report, loss, name) for loss in report.losses]
        if any(cells):
            rows.append((TITLES[name], [entry or _EMPTY for entry in cells]))
    lines = {line.loss: line for line in report.theorems if (line.theorem, line.statement) == ("T5", "upper_bound")}
    off = [lines[loss].orders if loss in lines else None for loss in report.losses]
    words = [_EMPTY if o is None else Cell(f"too large by {o:.0f} orders of magnitude", "") for o in off]
    rows.append(("T5: d_logit² at most, 2 KL/τ", words))
    return rows


def _of_kl(report: Report, loss: str, factor: float) -> Cell | None:
    """Return a multiple of KL, with the multiple of its interval."""
    found = report.cell(loss, "kl")
    if found is None:
        return None
    low, high = (None if found[end] is None else factor * found[end] for end in ("low", "high"))
    return cell(factor * found["mean"], low, high, found["scale"])


def heavy_tails(report: Report) -> list[str]:
    """Return the losses for which one label subset in a hundred carries over half of the mean of d_rep²."""
    cells = ((loss, report.cell(loss, "identifiability_tail_share")) for loss in report.losses)
    return [loss for loss, found in cells if found is not None and found["mean"] > 0.5]


def split_tables(report: Report) -> list[dict[str, Any]]:
    """Return, for each part of the data, every measure (rows) for every loss (columns)."""
    tables = []
    for split in report.splits:
        rows = []
        for measure in (name for name in SUMMARISED if name in TITLES):
            cells = [_entry(report, loss, measure, split) for loss in report.losses]
            if any(cells):
                rows.append((TITLES[measure], [entry or _EMPTY for entry in cells]))
        tables.append({"split": split, "rows": rows})
    return tables


def comparison_rows(report: Report) -> list[dict[str, Any]]:
    """Return every comparison with the first loss."""
    rows = []
    for c in report.comparisons:
        found, ratio = c.difference, c.difference.scale == "log"
        size = c.effect.standardised
        rows.append(
            {
                "split": c.split,
                "measure": TITLES[c.measure],
                "loss": c.loss,
                "kind": "ratio" if ratio else "difference",
                "cell": cell(found.mean, found.low, found.high, found.scale, signed=not ratio),
                "apart": _apart(found),
                "standardised": f"{size:+.2f}" if math.isfinite(size) else ("–" if math.isnan(size) else "∞"),
                "superiority": f"{c.effect.superiority:.2f}",
            }
        )
    return rows


def prediction_rows(report: Report) -> list[dict[str, Any]]:
    """Return every prediction with the numbers that decided it."""
    return [
        {
            "id": judged.prediction.identifier,
            "statement": judged.prediction.statement,
            "why": judged.prediction.why,
            "verdict": str(judged.verdict),
            "colour": _COLOURS[str(judged.verdict)],
            "predicted": judged.prediction.in_words,
            "measure": _measured(judged),
            "parts": [
                {
                    "words": part.evidence,
                    "verdict": str(part.verdict),
                    "colour": _COLOURS[str(part.verdict)],
                }
                for part in judged.parts
            ],
        }
        for judged in report.judged
    ]


def _measured(judged: Judged) -> str:
    return f"{TITLES.get(judged.prediction.measure, judged.prediction.measure)}, {judged.prediction.split}"


@dataclass(frozen=True)
class TheoremSummary:
    """The theorems on all pairs of one loss.

    Attributes
    ----------
    loss
        Its name.
    applies, violated, undecided, vacuous
        Numbers of (statement, pair).
    worst
        Largest truth over bound, and the statement where that is.
    largest
        The largest median number of orders of magnitude by which a bound exceeds the truth, and its statement.
    """

    loss: str
    applies: int
    violated: int
    undecided: int
    vacuous: int
    worst: tuple[float, str] | None
    largest: tuple[float, str] | None


def theorem_summaries(report: Report) -> list[TheoremSummary]:
    """Return what became of the theorems, by loss."""
    found = []
    for loss in report.losses:
        lines = [line for line in report.theorems if line.loss == loss]
        worst = [(line.worst, _name(line)) for line in lines if line.worst is not None]
        orders = [(line.orders, _name(line)) for line in lines if line.orders is not None and line.vacuous]
        found.append(
            TheoremSummary(
                loss=loss,
                applies=sum(line.applies for line in lines),
                violated=sum(line.violated for line in lines),
                undecided=sum(line.undecided for line in lines),
                vacuous=sum(line.vacuous for line in lines),
                worst=max(worst, default=None),
                largest=max(orders, default=None),
            )
        )
    return found


def _name(line: TheoremLine) -> str:
    return f"{line.theorem} {line.statement.replace('_', ' ')}"


def theorem_rows(report: Report) -> list[dict[str, Any]]:
    """Return every statement of the catalogue (rows) on the students of every loss (columns)."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for line in report.theorems:
        key = (line.theorem, line.statement)
        row = rows.setdefault(key, {"name": _name(line), "latex": line.latex, "cells": {}})
        row["cells"][line.loss] = _told(line)
        row["vacuous"] = row.get("vacuous", True) and 0 < line.applies == line.vacuous
    return list(rows.values())


def vacuous_in_words(report: Report) -> str:
    """Say in one line how many statements say nothing on any pair, and by how many orders they are off."""
    hollow = {row["name"] for row in theorem_rows(report) if row["vacuous"]}
    if not hollow:
        return ""
    orders = [line.orders for line in report.theorems if _name(line) in hollow and line.orders is not None]
    far = f", too large by {magnitudes(min(orders), max(orders))} (medians over pairs)" if orders else ""
    return f"{len(hollow)} statement{'s are' if len(hollow) > 1 else ' is'} vacuous on every pair{far}."


def _told(line: TheoremLine) -> dict[str, Any]:
    """Return in words what a statement says of one loss's students."""
    if not line.applies:
        return {"colour": "muted", "words": f"does not apply: {line.reason}"}
    held = line.applies - line.violated - line.undecided
    words = [f"holds on {held} of {line.applies}"]
    words += [f"{line.violated} VIOLATED"] if line.violated else []
    words += [f"{line.undecided} not decided"] if line.undecided else []
    words += [f"vacuous on {line.vacuous}"] if line.vacuous else []
    if line.orders is not None:
        words.append(f"{times_too_large(line.orders)} the truth")
    colour = "bad" if line.violated else "unsure" if line.undecided else "muted" if line.vacuous else ""
    return {"colour": colour, "words": "; ".join(words)}


def times_too_large(orders: float) -> str:
    """Return a power of ten as a factor that is easily read."""
    return f"{10**orders:.3g} times" if orders < 3 else f"10^{orders:.0f} times"


def missing(report: Report) -> list[tuple[str, str, str, str, int]]:
    """Return what was not measured, and why: part, measure, loss, reason, and on how many students."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for student in report.grid.students:
        for split, reasons in student.reasons.items():
            for measure, why in reasons.items():
                if measure != "probe_accuracy":  # a second name of another measure
                    counts[split, TITLES.get(measure, measure), student.loss, why] += 1
    return [(*place, count) for place, count in counts.items()]


# --------------------------------------------------------------------------- the page


@dataclass(frozen=True)
class Figure:
    """A picture and what it shows; none where there is nothing to draw."""

    picture: Markup
    caption: str


def pictures(report: Report) -> list[Figure]:
    """Return the pictures that there is something to see in."""
    parts = [split for split in report.splits if split != "train"]
    drawn = [
        (figures.embeddings(report), caption_of_embeddings(report)),
        (
            figures.correlation_against_kl(report),
            "Mean canonical correlation with the teacher against KL from it, test part, one mark a student; on the "
            "right what it lacks to 1, where students near 1 are told apart.",
        ),
        (
            figures.distances(report),
            "The distances of representations that theorems T2 and T3 bound, against the logit distance, test part, "
            "one mark a student. The factor in a bound depends on the teacher: each has its dashed line, and no "
            "student may be above its teacher's. Where there is no line, the theorem does not apply or runs over too "
            "many subsets of labels.",
        ),
        (
            figures.bounds_against_truth(report),
            "Every statement of the catalogue: its bound against the truth, test part, medians over a loss's students. "
            "No mark may be below the line. Hollow: vacuous on most pairs, no better than what is known without the "
            "theorem. Each violation would be a red cross of its own.",
        ),
        *((figures.probes(report, split), _caption_of_probes(report, split)) for split in parts),
        (
            figures.training(report),
            "Over training, on at most a thousand validation inputs: mean over all students of a loss, and the range "
            "from the least to the greatest. Teachers dashed, over their own epochs.",
        ),
    ]
    return [Figure(Markup(drawing), caption) for drawing, caption in drawn if drawing]


def caption_of_embeddings(report: Report) -> str:
    """Return what the picture of the embeddings shows: whose they are, and in which plane."""
    shown, m = report.grid.teachers[0].embeddings.shape
    above = "Above each student as it is, below it"
    alone = f"All in the two principal components of the teacher's {m} dimensions, students"
    return (
        f"Embeddings of {shown} test inputs by the first teacher and its first student of each loss (the first, not "
        f"chosen), coloured by the teacher's label. {above if m <= 2 else alone} after the affine map of least squares "
        "onto the teacher; R² is the share of the teacher's variance that it recovers. A student that kept every "
        "direction gives the teacher's picture." + (" Colours repeat." if int(report.grid.facts["labels"]) > 10 else "")
    )


def _caption_of_probes(report: Report, split: str) -> str:
    part = split.replace("_", " ")
    if not report.grid.facts["concepts"]:
        return (
            f"What a linear read-out recovers of the teacher's principal directions from the student, {part} part, "
            "with 95 % intervals: R², 1 if everything."
        )
    return (
        f"What linear probes read of each concept, {part} part, with 95 % intervals: the teacher's probe on the "
        "teacher (bar), a probe fitted to the student (filled), the teacher's probe moved to the student without any "
        "label (hollow), and what the logits alone guarantee of that (thick; an arrow with its value where it is "
        "further left than all that is shown). Dotted: guessing."
    )


def render(report: Report) -> str:
    """Return index.html of an experiment."""
    plan, verdicts = report.grid.plan, Counter(str(judged.verdict) for judged in report.judged)
    found = environment(Path(__file__).parent)
    found.filters["titled"] = lambda name: TITLES.get(name, name)
    few = next((c.difference.reason for c in report.comparisons if c.difference.reason), "")
    return found.get_template("page.html").render(
        report=report,
        grid=report.grid,
        plan=plan,
        preset=plan.preset,
        facts=report.grid.facts,
        verdicts=verdicts,
        sentences=sentences(report),
        main=main_table(report),
        heavy=heavy_tails(report),
        predictions=prediction_rows(report),
        figures=pictures(report),
        comparisons=comparison_rows(report),
        splits=split_tables(report),
        summaries=theorem_summaries(report),
        theorems=[row for row in theorem_rows(report) if not row["vacuous"]],
        hollow=[row for row in theorem_rows(report) if row["vacuous"]],
        vacuous=vacuous_in_words(report),
        certain=certain_rows(report),
        orders=Markup(figures.orders(report)),
        missing=missing(report),
        reference=report.losses[0],
        few=few or _too_few(plan.preset.teachers, plan.preset.students),
        settings=json.dumps(settings(plan), ensure_ascii=False, indent=1),
        versions=versions(*PACKAGES),
    )


def _too_few(teachers: int, students: int) -> str:
    counts: Sequence[tuple[str, int]] = (("teacher", teachers), ("student seed", students))
    alone = [name for name, count in counts if count < 2]
    return f"no intervals from one {' and one '.join(alone)}" if alone else ""
