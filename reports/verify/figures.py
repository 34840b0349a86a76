"""Figures of a verification, as SVG that stands in the page itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports.shared.figures import plots
from reports.shared.figures.palette import BLUE, FAINT, INK, PAPER, VERMILION
from reports.shared.figures.plots import PAGE_WIDTH, Sides, inline_svg
from reports.verify.run import RealModel, VerificationRun, worst_ratio
from theory import alignment, mean_cca, squared_logit_distance

_FLOOR, _CEILING = 1e-6, 1e15  # beyond, a point says "nothing to see" and "vacuous" whatever its place
_FURTHEST = 1.25  # ratios beyond it are drawn at it: a bound that is exceeded by a quarter is refuted clearly enough

# --------------------------------------------------------------------------- the search


def attained(run: VerificationRun) -> str:
    """Draw how close the search came to each inequality: one dot a statement, filled where the constant is sharp."""
    rows = [
        (report.theorem.identifier, statement)
        for report in run.theorems
        for statement in report.statements
        if statement.statement.relation == "<=" and worst_ratio(statement.outcome) is not None
    ]

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        axis.axvline(1.0, color=INK, linewidth=0.9)
        for y, (_, found) in enumerate(rows):
            _ratio(
                axis, y, min(worst_ratio(found.outcome) or 0.0, _FURTHEST), bool(found.statement.sharp), not found.held
            )
        names = [f"{name}  {found.statement.name.replace('_', ' ')}" for name, found in rows]
        axis.set_yticks(range(len(rows)), names)
        beyond = any((worst_ratio(found.outcome) or 0) > 1.001 for _, found in rows)  # by more than rounding
        axis.set(xlim=(0, 1.28 if beyond else 1.06), ylim=(len(rows) - 0.4, -0.6))  # room for a whole dot at the end
        axis.set_xlabel("largest lhs / rhs met (1 is the bound; filled: the constant is sharp)")
        axis.grid(visible=False, axis="y")

    height = 0.18 * len(rows) + 0.7  # inches: 13 points a statement, and the axis
    return inline_svg("How close the search came to each bound", (0.9 * PAGE_WIDTH, height), draw)


def _ratio(axis: Any, y: float, ratio: float, sharp: bool, bad: bool) -> None:
    colour = VERMILION if bad else BLUE
    axis.plot([0, ratio], [y, y], color=colour, linewidth=0.8, alpha=0.35)
    shape = {"marker": "X" if bad else "o", "markersize": 5, "markeredgecolor": colour}
    axis.plot(ratio, y, clip_on=False, markerfacecolor=colour if sharp or bad else PAPER, **shape)


# --------------------------------------------------------------------------- trained models


def embeddings(real: tuple[RealModel, ...]) -> str:
    """Draw the teacher's embeddings and each student's, mapped onto the teacher's plane by A*.

    Equal distributions would give equal pictures. One colour a label, as the teacher predicts it.
    """
    if not real or any(model.pair.a.m != 2 or model.pair.b.m != 2 for model in real):
        return ""
    teacher = real[0].pair.a
    labels = np.argmax(teacher.centred_logits, axis=-1)
    reach = 1.1 * float(np.max(np.abs(teacher.embeddings)))  # some air
    panels = [("teacher", f"accuracy {real[0].teacher_accuracy:.3f}", teacher.embeddings)]
    panels += [(_short(model), _caption(model), _aligned(model)) for model in real]

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for i, (axis, (title, caption, points)) in enumerate(zip(axes, panels, strict=True)):
            plots.cloud(axis, points, labels, named=i == 0)
            axis.set(title=title, xlabel=caption, xlim=(-reach, reach), ylim=(-reach, reach))
            axis.spines[:].set(visible=True, color=FAINT)

    side = min(2.5, PAGE_WIDTH / len(panels))  # inches of a model
    title = "Embeddings of the teacher, and of the students after the best linear map"
    return inline_svg(title, (side * len(panels), side + 0.5), draw)


def _short(model: RealModel) -> str:
    return plots.short(model.name.removeprefix("digits: "))


def _aligned(model: RealModel) -> np.ndarray:
    a, b = model.pair.a, model.pair.b
    return np.asarray(b.embeddings @ alignment(a, b).T)


def _caption(model: RealModel) -> str:
    a, b = model.pair.a, model.pair.b
    distance, correlation = squared_logit_distance(a, b), mean_cca(a.embeddings, b.embeddings)
    return f"accuracy {model.student_accuracy:.3f}\nd_logit² = {distance:,.0f}, m_CCA = {correlation:.3f}"


def bounds_against_truth(real: tuple[RealModel, ...]) -> str:
    """Draw every guarantee on the trained pairs: its bound against the truth on logarithmic axes."""
    names = [model.name.removeprefix("digits: ") for model in real]
    sides: list[Sides] = []
    violations: list[tuple[float, float]] = []
    for name, model in zip(names, real, strict=True):
        for g in model.guarantees:
            if g.applies and g.truth and g.bound and g.truth > _FLOOR:
                sides.append(Sides(name, g.truth, min(g.bound, _CEILING), bool(g.vacuous)))
                violations += [(g.truth, min(g.bound, _CEILING))] if g.holds is False else []
    if not sides:
        return ""

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        plots.legend(figure, names, plots.bounds_against_truths(axis, names, sides, violations))

    return inline_svg("Bounds against truth on trained models", (0.75 * PAGE_WIDTH, 4.4), draw)
