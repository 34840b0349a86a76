"""Pictures for pages, as SVG that stands in the page itself."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from reports.verify.run import RealModel, VerificationRun
from theory import alignment, mean_cca, squared_logit_distance

# Okabe and Ito's palette: told apart by colour-blind readers, and by grey value in print.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"
_LABELS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999", "#6A3D9A")


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Any, title: str) -> str:
    import matplotlib as mpl

    buffer = io.StringIO()
    # Fixed ids and no date: the same run gives the same page.
    with mpl.rc_context({"svg.hashsalt": "logitbounds", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": title})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def attained(run: VerificationRun) -> str:
    """Draw how close the search came to each inequality: one dot a statement, filled where the constant is sharp."""
    rows = [
        (report.theorem.identifier, statement)
        for report in run.theorems
        for statement in report.statements
        if statement.statement.relation == "<=" and statement.worst_ratio is not None
    ]
    figure, (axis,) = _figure(8.5, 0.19 * len(rows) + 0.9)
    for y, (_, found) in enumerate(rows):
        ratio = min(found.worst_ratio or 0.0, 1.25)
        sharp, bad = bool(found.statement.sharp), not found.held
        colour = ORANGE if bad else BLUE
        axis.plot([0, ratio], [y, y], color=colour, linewidth=0.8, alpha=0.35)
        axis.plot(
            ratio,
            y,
            marker="X" if bad else "o",
            markersize=5.5,
            color=colour,
            markerfacecolor=colour if sharp or bad else "white",
        )
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(rows)), [f"{name}  {s.statement.name.replace('_', ' ')}" for name, s in rows], fontsize=7)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlim(0, 1.28 if any((s.worst_ratio or 0) > 1.001 for _, s in rows) else 1.06)
    axis.set_xlabel("largest lhs / rhs met (1 is the bound; filled: the constant is sharp)", fontsize=8)
    return _svg(figure, "How close the search came to each bound")


def embeddings(real: tuple[RealModel, ...]) -> str:
    """Draw the teacher's embeddings and each student's, mapped onto the teacher's plane by A*.

    Equal distributions would give equal pictures. One colour a label, as the teacher predicts it.
    """
    if not real or any(model.pair.a.m != 2 or model.pair.b.m != 2 for model in real):
        return ""
    return _svg(aligned_embeddings(real), "Embeddings of the teacher, and of the students after the best linear map")


def aligned_embeddings(real: tuple[RealModel, ...]) -> Any:
    """Return the figure of `embeddings`."""
    teacher = real[0].pair.a
    shown = [_LABELS[i % len(_LABELS)] for i in np.argmax(teacher.centred_logits, axis=-1)]
    panels = [("teacher", f"accuracy {real[0].teacher_accuracy:.3f}", teacher.embeddings)]
    for model in real:
        a, b = model.pair.a, model.pair.b
        caption = (
            f"accuracy {model.student_accuracy:.3f}, $d_{{logit}}^2$ = {squared_logit_distance(a, b):,.0f},\n"
            f"$m_{{CCA}}$ = {mean_cca(a.embeddings, b.embeddings):.3f}"
        )
        panels.append((model.name.removeprefix("digits: "), caption, b.embeddings @ alignment(a, b).T))
    figure, axes = _figure(2.6 * len(panels), 3.1, len(panels))
    reach = 1.1 * float(np.max(np.abs(teacher.embeddings)))
    for axis, (title, caption, points) in zip(axes, panels, strict=True):
        axis.scatter(points[:, 0], points[:, 1], c=shown, s=6, linewidths=0)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel(caption, fontsize=8)
        axis.set_xlim(-reach, reach)
        axis.set_ylim(-reach, reach)
        axis.set_aspect("equal")
        axis.tick_params(labelsize=6)
    return figure


def bounds_against_truth(real: tuple[RealModel, ...]) -> str:
    """Draw every guarantee on the trained pairs: its bound against the truth on logarithmic axes."""
    colours, markers = (BLUE, ORANGE, GREEN, PURPLE, GREY), ("o", "s", "^", "D", "v")
    figure, (axis,) = _figure(6.5, 4.6)
    floor, ceiling = 1e-6, 1e15  # beyond, a point says "nothing to see" and "vacuous" whatever its place
    limits = [math.inf, 0.0]
    for model, colour, marker in zip(real, colours, markers, strict=False):
        points = [
            (g.truth, min(g.bound, ceiling), g.vacuous)
            for g in model.guarantees
            if g.applies and g.truth and g.bound and g.truth > floor
        ]
        for vacuous in (False, True):
            chosen = [(t, b) for t, b, v in points if bool(v) is vacuous]
            if chosen:
                x, y = np.array(chosen).T
                limits = [min(limits[0], x.min(), y.min()), max(limits[1], x.max())]
                label = model.name.removeprefix("digits: ") if not vacuous else None
                axis.scatter(
                    x,
                    y,
                    s=22,
                    marker=marker,
                    edgecolors=colour,
                    facecolors="none" if vacuous else colour,
                    linewidths=0.9,
                    label=label,
                )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.plot(limits, limits, color="black", linewidth=0.8)
    axis.set_xlabel("truth", fontsize=9)
    axis.set_ylabel("bound (hollow: vacuous)", fontsize=9)
    axis.legend(fontsize=8, frameon=False, loc="lower right")
    return _svg(figure, "Bounds against truth on trained models")
