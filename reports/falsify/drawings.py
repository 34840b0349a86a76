"""Small pictures of counterexamples: both sides, both models, and how the search got there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reports.shared.figures import svg
from reports.shared.figures.palette import BLUE, FAINT, GREEN, GREY, INK, SERIES, VERMILION, paint
from theory.models import Model, Pair
from theory.search.outcome import Progress, Witness

_LOG_FROM = 50.0  # spread of ratios from which their axis is logarithmic


# --------------------------------------------------------------------------- both sides


def sides(named: Sequence[tuple[str, Witness]]) -> str:
    """Draw both sides of each witness with their error bars, each on a scale of its own that shows the margin."""
    width, height = 620.0, 66.0
    rows = [(name, w) for name, w in named if math.isfinite(w.lhs) and math.isfinite(w.rhs)]
    parts = [part for i, row in enumerate(rows) for part in _both_sides(*row, height * i + 34, width)]
    return svg.picture(width, max(height * len(rows), 1), "Both sides of the claim", parts)


def _both_sides(name: str, witness: Witness, y: float, width: float) -> list[str]:
    errors = [e if math.isfinite(e) else 0.0 for e in (witness.lhs_error, witness.rhs_error)]
    lows = witness.lhs - errors[0], witness.rhs - errors[1]
    highs = witness.lhs + errors[0], witness.rhs + errors[1]
    spread = max(highs) - min(lows) or abs(witness.lhs) or 1.0
    low, high = min(lows) - 0.35 * spread, max(highs) + 0.35 * spread  # room for words beside the marks
    if not math.isfinite(high - low) or high <= low:
        return []
    axis = svg.Axis(low, high, 90, width - 20)
    left, right = sorted((axis(witness.lhs), axis(witness.rhs)))
    band = svg.box(left, y - 5, right - left, 10, VERMILION if witness.margin > 0 else GREEN, filled=True)
    parts = [svg.text(0, y + 4, name, 12, "start"), svg.line(axis.start, y, axis.end, y, FAINT), band]
    for value, error, colour, shape, label, above in (
        (witness.rhs, errors[1], BLUE, 1, "rhs", False),
        (witness.lhs, errors[0], VERMILION, 0, "lhs", True),
    ):
        x, reach = axis(value), axis(value + error) - axis(value)
        if reach > 1:
            parts += [svg.line(x - reach, y, x + reach, y, colour, 2)]
            parts += [svg.line(at, y - 5, at, y + 5, colour, 2) for at in (x - reach, x + reach)]
        parts.append(svg.marker(x, y, shape, colour, 5))
        words = f"{label} = {value:.6g}" + (f" ± {error:.1e}" if error else "")
        anchor = "start" if x < 180 else "end" if x > width - 110 else "middle"
        parts.append(svg.text(x, y - 12 if above else y + 22, words, 11, anchor))
    return parts


# --------------------------------------------------------------------------- the search


def history(steps: Sequence[Progress], evaluations: int) -> str:
    """Draw the best ratio against the number of evaluations, marked by the regime or climber that raised it."""
    steps = [step for step in steps if math.isfinite(step.ratio)]
    if not steps:
        return ""
    width, height, right = 620.0, 260.0, 440.0
    x = svg.Axis(0.9, 1.1 * max(evaluations, steps[-1].evaluations, 10), 66, right, log=True)
    y = _axis_of_ratios([step.ratio for step in steps], height - 40, 14)
    parts = svg.Frame(x, y).draw("evaluations", "best lhs / rhs")
    parts += [svg.line(x.start, y(1), x.end, y(1), INK, 1, "5 3"), svg.text(x.end + 4, y(1) + 4, "1", 10, "start")]
    places = [(x(max(step.evaluations, 1)), y(max(step.ratio, y.low))) for step in steps]
    end = x(max(evaluations, steps[-1].evaluations, 1)), places[-1][1]
    parts.append(svg.path([*places, end], GREY, 1.2, steps=True))
    names = list(dict.fromkeys(step.found_in for step in reversed(steps)))  # the last ones matter most
    for step, place in reversed(list(zip(steps, places, strict=True))):
        parts.append(_mark_of_regime(*place, names.index(step.found_in)))
    named = [*names[: len(SERIES)], *(["others"] if len(names) > len(SERIES) else [])]
    for i, name in enumerate(named):
        at = 24.0 + 20 * i
        parts += [_mark_of_regime(right + 30, at, i), svg.text(right + 40, at + 4, name, 11, "start")]
    return svg.picture(width, height, "Best ratio against evaluations", parts)


def _axis_of_ratios(ratios: Sequence[float], bottom: float, top: float) -> svg.Axis:
    """Return an axis that shows 1 and every ratio; logarithmic where they span magnitudes, to twelve of them."""
    shown = [ratio for ratio in ratios if ratio > 0] or [1.0]
    least, most = min(*shown, 1.0), max(*shown, 1.0)
    if min(ratios) > 0 and most / least > _LOG_FROM:
        return svg.Axis(max(least, most * 1e-12) / 1.5, most * 1.5, bottom, top, log=True)
    low, high = min(*ratios, 0.0), max(*ratios, 1.0)
    return svg.Axis(low - 0.02 * (high - low), high + 0.06 * (high - low), bottom, top)


def _mark_of_regime(x: float, y: float, i: int) -> str:
    """Draw a mark of a regime; those beyond the colours share one."""
    return svg.marker(x, y, i, SERIES[i]) if i < len(SERIES) else svg.marker(x, y, 0, GREY, 2.5)


# --------------------------------------------------------------------------- the pair


def models(pair: Pair, name: str) -> str:
    """Draw both models: embeddings as numbered dots, unembeddings as arrows, in two dimensions at most.

    On a line, arrows stand below each other. Beyond two dimensions both are projected on the plane that holds most of
    them. Arrows are drawn to the size of the dots' cloud where the two differ much; the caption says by how much. The
    name tells several such pictures of one page apart.
    """
    parts, size, gap = [], 290.0, 40.0
    height = 0.0
    for i, (which, model) in enumerate((("a", pair.a), ("b", pair.b))):
        inner, below = _on_a_line(model, name, size) if model.m == 1 else _in_the_plane(model, name, size)
        title, height = svg.text(size / 2, 14, f"model {which}", 12), max(height, below)
        parts.append(f"<g transform='translate({svg.coordinate(i * (size + gap))},0)'>{title}{''.join(inner)}</g>")
    arrow = "".join(
        f"<marker id='{name}-tip{i}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' "
        f"orient='auto'>"
        f"<path d='M0,0.5L8,4L0,7.5z' fill='{paint(colour)}'/></marker>"
        for i, colour in enumerate(SERIES)
    )
    return svg.picture(2 * size + gap, height, "Both models of the pair", [f"<defs>{arrow}</defs>", *parts])


def _scales(model: Model) -> tuple[float, float, str]:
    """Return the reach of the picture, the factor that arrows are drawn with, and what to say about it."""
    dots, arrows = float(np.max(np.abs(model.embeddings))), float(np.max(np.abs(model.unembeddings)))
    if dots == 0 or arrows == 0:
        return (dots or arrows or 1.0), 1.0, ""
    if 1 / 3 <= arrows / dots <= 3:
        return max(dots, arrows), 1.0, ""
    return dots, dots / arrows, f"arrows drawn × {dots / arrows:.3g}"


def _arrow(name: str, x: float, y: float, x2: float, y2: float, i: int) -> str:
    colour = SERIES[i % len(SERIES)]
    if math.hypot(x2 - x, y2 - y) < 2:
        return svg.marker(x2, y2, 3, colour, 3)
    return svg.line(x, y, x2, y2, colour, 1.6).replace("/>", f" marker-end='url(#{name}-tip{i % len(SERIES)})'/>")


def _caption(size: float, below: float, model: Model, notes: Sequence[str]) -> str:
    words = [f"● inputs 1 to {model.n}", f"→ labels 1 to {model.k}", *(note for note in notes if note)]
    return svg.text(size / 2, below + 16, ", ".join(words[:2]), 10, colour=GREY) + svg.text(
        size / 2, below + 30, ", ".join(words[2:]), 10, colour=GREY
    )


def _in_the_plane(model: Model, name: str, size: float) -> tuple[list[str], float]:
    f, g = np.asarray(model.embeddings), np.asarray(model.unembeddings)
    notes = []
    if model.m > 2:
        rows = np.vstack([block / (np.linalg.norm(block) or 1.0) for block in (f, g)])
        _, values, axes = np.linalg.svd(rows, full_matrices=False)
        f, g = f @ axes[:2].T, g @ axes[:2].T
        held = 100 * float(np.sum(values[:2] ** 2) / max(float(np.sum(values**2)), 1e-300))
        notes.append(f"principal plane ({held:.0f} % of it)")
    reach, factor, note = _scales(Model(f, g))
    across, up = svg.Axis(-1.18 * reach, 1.18 * reach, 0, size), svg.Axis(-1.18 * reach, 1.18 * reach, size + 10, 20)
    parts = [
        svg.box(0, 20, size, size - 10, FAINT),
        svg.line(across.start, up(0), across.end, up(0), FAINT),
        svg.line(across(0), up.start, across(0), up.end, FAINT),
        svg.text(across.end - 4, up(0) - 4, f"{1.18 * reach:.3g}", 9, "end", GREY),
    ]
    for i, row in enumerate(factor * g):
        x, y = across(float(row[0])), up(float(row[1]))
        parts.append(_arrow(name, across(0), up(0), x, y, i))
        length = math.hypot(x - across(0), y - up(0)) or 1.0
        away = 9 / length
        place = x + away * (x - across(0)), y + away * (y - up(0)) + 3.5
        parts.append(svg.text(*place, f"{i + 1}", 10))
    for i, row in enumerate(f):
        x, y = across(float(row[0])), up(float(row[1]))
        parts.append(svg.dot(x, y, 3.2))
        if len(f) <= 12:
            parts.append(svg.text(x + 4.5, y - 4.5, f"{i + 1}", 9, "start"))
    return [*parts, _caption(size, size + 10, model, [*notes, note])], size + 46


def _on_a_line(model: Model, name: str, size: float) -> tuple[list[str], float]:
    reach, factor, note = _scales(model)
    across = svg.Axis(-1.18 * reach, 1.18 * reach, 0, size)
    rows = _spread_out([across(float(x)) for x in model.embeddings[:, 0]])
    line = 48.0 + 9 * max(rows)
    step = 24.0 if model.k <= 9 else 216.0 / model.k
    below = line + 32 + step * (model.k - 1) + 16
    parts = [
        svg.box(0, 20, size, below - 20, FAINT),
        svg.line(across(0), 20, across(0), below, FAINT),
        svg.line(0, line, size, line, GREY),
        svg.text(across.end - 4, line + 12, f"{1.18 * reach:.3g}", 9, "end", GREY),
        svg.text(across(0), line + 12, "0", 9, colour=GREY),
    ]
    for value, row, label in zip(model.embeddings[:, 0], rows, range(1, model.n + 1), strict=True):
        x = across(float(value))
        parts.append(svg.dot(x, line, 3.6))
        if len(rows) <= 12:
            parts.append(svg.text(x, line - 8 - 9 * row, f"{label}", 9))
    for i, value in enumerate(factor * model.unembeddings[:, 0]):
        y = line + 32 + step * i
        parts.append(_arrow(name, across(0), y, across(float(value)), y, i))
        parts.append(svg.text(8, y + 3.5, f"{i + 1}", 10, "start"))
    return [*parts, _caption(size, below, model, [note])], below + 36


def _spread_out(places: Sequence[float]) -> list[int]:
    """Return a row for each label, so that labels of neighbouring dots do not cover each other."""
    rows: list[int] = [0] * len(places)
    ends: list[float] = []
    for i in sorted(range(len(places)), key=lambda j: places[j]):
        row = next((r for r, end in enumerate(ends) if places[i] - end > 11), len(ends))
        ends[row : row + 1] = [places[i]]
        rows[i] = row
    return rows
