"""Figures of an experiment: every loss of the grid is named in each of them, and looks the same in all.

Each returns SVG for the page, or nothing where there is nothing to draw. No figure needs colour to be read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from empirics.statistics import Interval
from reports.distill import figure_data as data
from reports.distill.run import Report
from reports.shared.figures import plots
from reports.shared.figures.palette import FAINT, GREY, INK
from reports.shared.figures.plots import CROSS, PAGE_WIDTH, STYLE, Mark, handle, inline_svg, marks, short
from reports.shared.figures.svg import power_of_ten

_HEIGHT = 3.6  # inches of a figure of one row, if the legend needs no more
_KL = "KL(teacher ‖ student)"

# --------------------------------------------------------------------------- embeddings

_ACROSS = 6  # networks side by side: below an inch and a half each, clouds run together
_WIDEST_CELL = 1.8  # inches of one network's plot, if there are few
_ROOMY = 15  # letters of a name that fit above a plot in the size of titles; longer ones are set smaller


def embeddings(report: Report) -> str:
    """Draw the first teacher's embeddings of test inputs and those of its first student by each loss.

    In the plane students are shown as they are and after the affine map that brings them closest to their teacher in
    squared error; in more dimensions only the latter, all in the two principal components of the teacher. Colours are
    the teacher's labels.
    """
    found = data.embeddings(report)
    rows = -(-(len(found.students) + 1) // _ACROSS)
    across = -(-(len(found.students) + 1) // rows)
    cell = min(_WIDEST_CELL, PAGE_WIDTH / across)
    deep = 2 if found.planar else 1

    def draw(figure: Any) -> None:
        axes = figure.subplots(deep * rows, across, squeeze=False)
        for axis in axes.flat:
            axis.set_axis_off()
        _teacher(axes[:deep, 0], found)
        for place, (loss, student) in enumerate(found.students.items(), start=1):
            row = deep * (place // across)
            _student(axes[row : row + deep, place % across], found, loss, student)

    height = rows * deep * (cell + (0.4 if found.planar else 0.55))  # a name above; below it a line of words, or two
    return inline_svg("Embeddings of a teacher and of its students", (across * cell, height), draw)


def _teacher(cells: Any, found: data.Embeddings) -> None:
    _cell(cells[0], found.teacher.mapped, found, f"accuracy {_share(found.teacher.accuracy)}", named=True)
    cells[0].set_title("teacher")
    if found.planar:
        words = "upper rows: students\nas they are\n\nlower rows: mapped\nonto the teacher"
        cells[1].text(0.5, 0.6, words, ha="center", va="center", color=GREY, transform=cells[1].transAxes)


def _student(cells: Any, found: data.Embeddings, loss: str, student: data.Drawn) -> None:
    name = short(loss)
    cells[0].set_title(name, fontsize=STYLE["axes.titlesize"] if len(name) <= _ROOMY else STYLE["xtick.labelsize"])
    accuracy, explained = f"accuracy {_share(student.accuracy)}", f"R² {student.explained:.3f}"
    if student.own is None:
        _cell(cells[0], student.mapped, found, f"{accuracy}\n{explained}")
    else:
        _cell(cells[0], student.own, found, accuracy, within=student.own)
        _cell(cells[1], student.mapped, found, f"mapped, {explained}")


def _cell(axis: Any, points: Any, found: data.Embeddings, words: str, within: Any = None, named: bool = False) -> None:
    """Draw a cloud in a square around given points, those of the teacher if none are given."""
    axis.set_axis_on()
    plots.cloud(axis, points, found.labels, named)
    around = found.teacher.mapped if within is None else within
    low, high = around.min(axis=0), around.max(axis=0)
    half = 0.54 * float((high - low).max()) or 1.0  # some air; a square around a single point has a side too
    middle = (low + high) / 2
    axis.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half), xticks=[], yticks=[])
    axis.spines[:].set(visible=True, color=FAINT)
    axis.set_xlabel(words)


def _share(value: float) -> str:
    return f"{value:.4f}".rstrip("0") if value > 0.99 else f"{value:.3f}"


# --------------------------------------------------------------------------- measures against each other


def _scatter(axis: Any, report: Report, points: data.Points) -> None:
    for loss, mark in marks(report.losses).items():
        if points[loss]:
            axis.plot(*zip(*points[loss], strict=True), **mark.look(size=4.5))


def _high(report: Report, more: int = 0) -> float:
    """Return the height of a figure that has room for its legend."""
    return max(_HEIGHT, plots.height_of_legend(len(report.losses) + more))


def correlation_against_kl(report: Report) -> str:
    """Draw m_CCA, and 1 - m_CCA on a logarithmic axis, against KL on the test part: a mark for each student."""
    points, lacking = data.correlation_against_kl(report)
    every = data.all_points(points)
    if not every:
        return ""

    def draw(figure: Any) -> None:
        first, second = figure.subplots(1, 2)
        for axis, shown in ((first, points), (second, lacking)):
            plots.logarithmic(axis, "x", plots.decades(kl for kl, _ in every))
            _scatter(axis, report, shown)
            axis.set_xlabel(_KL)
        # From zero where some student is far from 1; else students near 1 could not be told apart.
        bottom = 0.0 if min(b for _, b in every) < 0.6 else plots.padded(b for _, b in every)[0]
        first.set(ylabel="m_CCA with the teacher", ylim=(bottom, 1.0 + 0.02 * (1 - bottom)))
        plots.logarithmic(second, "y", plots.decades(b for _, b in data.all_points(lacking)))
        second.set_ylabel("1 - m_CCA")
        plots.legend(figure, report.losses)

    return inline_svg("Mean canonical correlation against KL", (PAGE_WIDTH, _high(report)), draw)


def distances(report: Report) -> str:
    """Draw d_rep (T2) and the alignment error (T3) against d_logit, with the line that no student may be above.

    The line of a theorem has the teacher's number as its factor, so that every teacher has one of its own.
    """
    panels = [(bounded, data.distances(report, bounded), data.slopes(report, bounded)) for bounded in data.BOUNDED]
    panels = [panel for panel in panels if data.all_points(panel[1])]
    if not panels:
        return ""

    def draw(figure: Any) -> None:
        for axis, (bounded, points, slopes) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            every = data.all_points(points)
            ends = np.array(plots.decades(a for a, _ in every))
            seen = min(every)[0], max(every)[0]
            lines = [slope * a for slope in slopes.values() for a in seen]
            plots.logarithmic(axis, "x", (ends[0], ends[1]))
            plots.logarithmic(axis, "y", plots.decades([b for _, b in every] + lines))
            for slope in slopes.values():
                axis.plot(ends, slope * ends, color=GREY, linewidth=0.9, linestyle="--")
            _scatter(axis, report, points)
            axis.set(xlabel="d_logit", ylabel=bounded.words)
            if slopes:
                axis.set_title(f"dashed: {bounded.theorem}, each teacher")
        bound = handle("the bound", color=GREY, linewidth=0.9, linestyle="--")
        plots.legend(figure, report.losses, [bound])

    size = (PAGE_WIDTH * (len(panels) + 0.4) / 2.4, _high(report, more=1))  # 0.4 of a panel for the legend
    return inline_svg("Distances of representations against the logit distance", size, draw)


# --------------------------------------------------------------------------- bounds


def bounds_against_truth(report: Report) -> str:
    """Draw each statement's bound against the truth on the test part, logarithmically: medians over a loss's students.

    Violations are drawn one by one.
    """
    sides, violations = data.medians_of_bounds(report)
    if not sides and not violations:
        return ""

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        other = plots.bounds_against_truths(axis, report.losses, sides, violations)
        axis.set_ylabel(f"bound (at the top: {power_of_ten(round(math.log10(data.CEILING)))} and beyond)")
        plots.legend(figure, report.losses, other)

    size = (0.8 * PAGE_WIDTH, max(4.8, _high(report, more=4)))  # as high as wide, but for the legend
    return inline_svg("Bounds against truth on the trained pairs", size, draw)


_ORDERS = (0, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)  # marked where they are reached


def orders(report: Report) -> str:
    """Draw by how many orders of magnitude each statement's bound exceeds the truth: a mark for each loss's median."""
    found = data.orders(report)
    if not found:
        return ""

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        largest = 1.0
        for y, findings in enumerate(found.values()):
            for mark, entry in zip(marks(report.losses).values(), findings, strict=True):
                if entry is not None and entry.orders is not None:
                    largest = max(largest, entry.orders)
                    at = max(entry.orders, 0.0)
                    axis.plot(at, y, clip_on=False, **mark.look(2 * entry.vacuous > entry.applies, 4.5))
                    if entry.violated:
                        axis.plot(at, y, clip_on=False, **CROSS)
        # Linear to one order, logarithmic beyond, from a factor of two to hundreds of orders: with this scale one order
        # is as long as a factor of ten beyond.
        axis.set_xscale("symlog", linthresh=1, linscale=0.9)
        ticks = [value for value in _ORDERS if value <= 1.1 * largest]
        axis.set_xticks(ticks, [f"{value:g}" for value in ticks])
        axis.set_xticks([], minor=True)
        axis.set(xlim=(0, 1.1 * largest), ylim=(len(found) - 0.4, -0.6), xlabel="log₁₀(bound / truth)")
        axis.set_yticks(range(len(found)), list(found))
        axis.tick_params(top=True, labeltop=True, length=0)
        grey = Mark(GREY, "o")
        other = [handle("informative", **grey.look()), handle("vacuous", **grey.look(hollow=True))]
        plots.legend(figure, report.losses, other)

    height = max(0.16 * len(found) + 0.8, plots.height_of_legend(len(report.losses) + 2))  # 11 points a statement
    return inline_svg("Orders of magnitude", (PAGE_WIDTH, height), draw)


# --------------------------------------------------------------------------- probes

_PANELS = 3  # concepts side by side
_ROW = 0.3  # inches of a loss
_CHANCE = {"color": GREY, "linewidth": 0.9, "linestyle": ":"}
_LOWER, _UPPER = 0.25, -0.25  # of a loss's row: where the moved probe and the teacher's are, around the student's own


def probes(report: Report, split: str = "test") -> str:
    """Draw, for each concept and loss, what a probe reads: of the teacher, of the student, moved, and guaranteed."""
    found = data.reads(report, split)
    if not found:
        return ""
    rows = -(-len(found) // _PANELS)
    across = -(-len(found) // rows)

    def draw(figure: Any) -> None:
        figure.get_layout_engine().set(h_pad=0.08)  # inches: twice as much as it leaves between rows by itself
        axes = figure.subplots(rows, across, squeeze=False, sharey=True)
        for axis in axes.flat[len(found) :]:
            axis.set_axis_off()
        for axis, read in zip(axes.flat, found, strict=False):
            _read(axis, report, read)
        if report.grid.facts["concepts"]:
            figure.legend(handles=_key_of_probes(), loc="outside lower center", ncols=3)

    height = rows * (_ROW * len(report.losses) + 0.75) + 0.5  # a title and an axis each; the legend
    return inline_svg(f"What linear probes read ({split.replace('_', ' ')})", (PAGE_WIDTH, height), draw)


def _read(axis: Any, report: Report, read: data.Read) -> None:
    low, high = plots.padded(read.range())
    if high - low < 0.05:  # differences below a twentieth are not blown up to the whole width
        low, high = (low + high) / 2 - 0.025, (low + high) / 2 + 0.025
    if any(got is not None and got.mean < low for got in read.guaranteed.values()):
        low -= 0.22 * (high - low)  # room for arrows with their values
    # Intervals may leave the range of the measure where it crowds at its end; accuracies do not.
    low, high = max(low, -1.0), min(high, 1.0 + 0.02 * (1.0 - low))
    if read.chance is not None:
        axis.axvline(read.chance, **_CHANCE)
    for y, (loss, mark) in enumerate(marks(report.losses).items()):
        _row_of_probes(axis, mark, y, read, loss, low)
    axis.set(xlim=(low, high), ylim=(len(report.losses) - 0.4, -0.6), title=read.name)
    axis.set_yticks(range(len(report.losses)), [short(loss) for loss in report.losses])
    axis.grid(visible=False, axis="x")


def _row_of_probes(axis: Any, mark: Mark, y: float, read: data.Read, loss: str, low: float) -> None:
    """Draw what is read with one loss; guarantees further left than `low` are arrows with their value."""
    teacher, student, moved, guaranteed = (
        side[loss] for side in (read.teacher, read.student, read.moved, read.guaranteed)
    )
    if teacher is not None:
        axis.plot(2 * [teacher.mean], [y - 0.4, y + 0.4], color=INK, linewidth=1.4)
        _whisker(axis, teacher, y + _UPPER, GREY)
    if moved is not None:
        _whisker(axis, moved, y + _LOWER, mark.colour, "--")
        axis.plot(moved.mean, y + _LOWER, **mark.look(hollow=True, size=4.5))
    if student is not None:
        _whisker(axis, student, y, mark.colour)
        axis.plot(student.mean, y, **mark.look(size=5.5))
    if guaranteed is not None and guaranteed.mean >= low:
        axis.plot(2 * [guaranteed.mean], [y - 0.18, y + 0.18], color=mark.colour, linewidth=2.6)
    elif guaranteed is not None:
        place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
        words = f"◁ {max(guaranteed.mean, 0.0):.2g}"
        axis.annotate(words, (0, y), (1, 0), fontsize=7, **place)


def _whisker(axis: Any, found: Interval, y: float, colour: str, dash: str = "-") -> None:
    if found.ends is not None:
        axis.plot(found.ends, [y, y], color=colour, linewidth=1.1, linestyle=dash)


def _key_of_probes() -> list[Any]:
    grey = Mark(GREY, "o")
    bar = {"linestyle": "none", "marker": "|"}
    return [
        handle("teacher's probe", color=INK, markersize=11, markeredgewidth=1.4, **bar),
        handle("student's own probe", **grey.look(size=5.5)),
        handle("teacher's probe moved by A*", **grey.look(hollow=True, size=4.5)),
        handle("guaranteed by the logits", color=GREY, markersize=6, markeredgewidth=2.6, **bar),
        handle("◁ guaranteed, further left", linestyle="none"),
        handle("chance", **_CHANCE),
    ]


# --------------------------------------------------------------------------- training


def training(report: Report) -> str:
    """Draw accuracy, and m_CCA with the teacher, on validation inputs over training: mean and range over students."""
    accuracy, correlation = data.curves(report)
    teacher = data.curve_of_teachers(report.grid.teachers)
    panels = [
        (accuracy, teacher, "accuracy (validation)"), (correlation, None, "m_CCA with the teacher (validation)")
    ]  # fmt: skip
    panels = [panel for panel in panels if panel[0]]
    if not panels:
        return ""

    def draw(figure: Any) -> None:
        for axis, (curves, teachers, words) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _curves(axis, report, curves)
            if teachers is not None and len(teachers[0]):
                axis.plot(teachers[0], teachers[1].mean(axis=1), color=INK, linestyle="--")
            bottom = data.bottom_of_curves(list(curves.values()))
            axis.set(xlabel="epochs", ylabel=words, ylim=(bottom, 1.0 + 0.01 * (1 - bottom)), xlim=(0, None))
            axis.xaxis.get_major_locator().set_params(integer=True)
        plots.legend(figure, report.losses, [handle("teacher", color=INK, linestyle="--")], connected=True)

    return inline_svg(
        "Validation accuracy and mean canonical correlation over training", (PAGE_WIDTH, _high(report, more=1)), draw
    )


_MARKED = 4  # a mark at every fourth point, the last among them, tells curves apart and does not hide them


def _curves(axis: Any, report: Report, curves: Mapping[str, data.Curve]) -> None:
    for loss, mark in marks(report.losses).items():
        if loss in curves:
            epochs, seen = curves[loss]
            axis.fill_between(epochs, seen.min(axis=1), seen.max(axis=1), color=mark.colour, alpha=0.1, linewidth=0)
            marked = {"markevery": ((len(epochs) - 1) % _MARKED, _MARKED)}
            look = mark.look(size=4) | {"linestyle": "-", "color": mark.colour} | marked
            axis.plot(epochs, seen.mean(axis=1), **look)
