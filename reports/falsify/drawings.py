"""Small pictures of counterexamples: both sides, both models, and how the search got there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reports.shared import svg
from reports.shared.svg import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY
from theory.models import Model, Pair
from theory.search.outcome import Progress, Witness

_MARKED = (BLUE, ORANGE, GREEN, PURPLE, "#000000", "#8a6d00", SKY)
_LOG_FROM = 50.0  # spread of ratios from which their axis is logarithmic


# --------------------------------------------------------------------------- both sides


def sides(named: Sequence[tuple[str, Witness]]) -> str:
    """Draw both sides of each witness with their error bars, each on a scale of its own that shows the margin."""
    parts, width, height = [], 620.0, 66.0
    rows = [(name, w) for name, w in named if math.isfinite(w.lhs) and math.isfinite(w.rhs)]
    for i, (name, witness) in enumerate(rows):
        y = height * i + 34
        errors = [e if math.isfinite(e) else 0.0 for e in (witness.lhs_error, witness.rhs_error)]
        lows = witness.lhs - errors[0], witness.rhs - errors[1]
        highs = witness.lhs + errors[0], witness.rhs + errors[1]
        spread = max(highs) - min(lows) or abs(witness.lhs) or 1.0
        low, high = min(lows) - 0.35 * spread, max(highs) + 0.35 * spread
        if not math.isfinite(high - low) or high <= low:
            continue
        axis = svg.Axis(low, high, 90, width - 20)
        violated = witness.margin > 0
        parts.append(svg.text(0, y + 4, name, 12, "start"))
        parts.append(svg.line(axis.start, y, axis.end, y, "#d8d8d8"))
        left, right = sorted((axis(witness.lhs), axis(witness.rhs)))
        band = "#f3c9b0" if violated else "#bfe0d4"
        parts.append(
            f"<rect x='{svg.coordinate(left)}' y='{y - 5}' width='{svg.coordinate(right - left)}' height='10' "
            f"fill='{band}'/>"
        )
        for value, error, colour, shape, label, above in (
            (witness.rhs, errors[1], BLUE, 1, "rhs", False),
            (witness.lhs, errors[0], ORANGE, 0, "lhs", True),
        ):
            x, reach = axis(value), axis(value + error) - axis(value)
            if reach > 1:
                parts += [svg.line(x - reach, y, x + reach, y, colour, 2)]
                parts += [svg.line(at, y - 5, at, y + 5, colour, 2) for at in (x - reach, x + reach)]
            parts.append(svg.marker(x, y, shape, colour, 5))
            words = f"{label} = {value:.6g}" + (f" ± {error:.1e}" if error else "")
            anchor = "start" if x < 180 else "end" if x > width - 110 else "middle"
            parts.append(svg.text(x, y - 12 if above else y + 22, words, 11, anchor, colour))
    return svg.picture(width, max(height * len(rows), 1), "Both sides of the claim", parts)


# --------------------------------------------------------------------------- the search


def history(steps: Sequence[Progress], evaluations: int) -> str:
    """Draw the best ratio against the number of evaluations, marked by the regime or climber that raised it."""
    steps = [step for step in steps if math.isfinite(step.ratio)]
    if not steps:
        return ""
    width, height, right = 620.0, 260.0, 440.0
    ratios = [step.ratio for step in steps]
    shown = [ratio for ratio in ratios if ratio > 0] or [1.0]
    log = min(ratios) > 0 and max(*shown, 1.0) / min(*shown, 1.0) > _LOG_FROM
    if log:
        lowest = max(min(*shown, 1.0), max(*shown, 1.0) * 1e-12)
        y = svg.Axis(lowest / 1.5, max(*shown, 1.0) * 1.5, height - 40, 14, log=True)
    else:
        span = max(*ratios, 1.0) - min(*ratios, 0.0)
        y = svg.Axis(min(*ratios, 0.0) - 0.02 * span, max(*ratios, 1.0) + 0.06 * span, height - 40, 14)
    x = svg.Axis(0.9, 1.1 * max(evaluations, steps[-1].evaluations, 10), 58, right, log=True)
    parts = [svg.line(x.start, y.start, x.end, y.start), svg.line(x.start, y.start, x.start, y.end)]
    for value, label in x.ticks():
        parts += [svg.line(x(value), y.start, x(value), y.start + 4), svg.text(x(value), y.start + 16, label, 10)]
    for value, label in y.ticks():
        parts += [
            svg.line(x.start - 4, y(value), x.start, y(value)),
            svg.text(x.start - 7, y(value) + 3.5, label, 10, "end"),
        ]
    parts += [
        svg.line(x.start, y(1), x.end, y(1), "#000000", 1, "5 3"),
        svg.text(x.end + 4, y(1) + 4, "1", 10, "start"),
    ]
    parts.append(svg.text((x.start + x.end) / 2, height - 6, "evaluations"))
    places = [(x(max(step.evaluations, 1)), y(max(step.ratio, y.low))) for step in steps]
    path = [f"M{svg.coordinate(places[0][0])},{svg.coordinate(places[0][1])}"]
    path += [f"H{svg.coordinate(px)}V{svg.coordinate(py)}" for px, py in places[1:]]
    path += [f"H{svg.coordinate(x(max(evaluations, steps[-1].evaluations, 1)))}"]
    parts.append(f"<path d='{''.join(path)}' fill='none' stroke='#9a9a9a' stroke-width='1.2'/>")
    names = list(dict.fromkeys(step.found_in for step in reversed(steps)))  # the last ones matter most
    for step, (px, py) in reversed(list(zip(steps, places, strict=True))):
        i = names.index(step.found_in)
        parts.append(svg.marker(px, py, i, _MARKED[i]) if i < len(_MARKED) else svg.marker(px, py, 0, "#b5b5b5", 2.5))
    for i, name in enumerate(names[: len(_MARKED)]):
        parts += [
            svg.marker(right + 30, 24 + 20 * i, i, _MARKED[i]),
            svg.text(right + 40, 28 + 20 * i, name, 11, "start"),
        ]
    if len(names) > len(_MARKED):
        at = 24 + 20 * len(_MARKED)
        parts += [svg.marker(right + 30, at, 0, "#b5b5b5", 2.5), svg.text(right + 40, at + 4, "others", 11, "start")]
    return svg.picture(width, height, "Best ratio against evaluations", parts)


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
        f"<path d='M0,0.5L8,4L0,7.5z' fill='{colour}'/></marker>"
        for i, colour in enumerate(_MARKED)
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
    colour = _MARKED[i % len(_MARKED)]
    if math.hypot(x2 - x, y2 - y) < 2:
        return svg.marker(x2, y2, 3, colour, 3)
    return svg.line(x, y, x2, y2, colour, 1.6).replace("/>", f" marker-end='url(#{name}-tip{i % len(_MARKED)})'/>")


def _caption(size: float, below: float, model: Model, notes: Sequence[str]) -> str:
    words = [f"● inputs 1 to {model.n}", f"→ labels 1 to {model.k}", *(note for note in notes if note)]
    return svg.text(size / 2, below + 16, ", ".join(words[:2]), 10, colour="#555555") + svg.text(
        size / 2, below + 30, ", ".join(words[2:]), 10, colour="#555555"
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
        f"<rect x='0' y='20' width='{size}' height='{size - 10}' fill='none' stroke='#d8d8d8'/>",
        svg.line(across.start, up(0), across.end, up(0), "#e4e4e4"),
        svg.line(across(0), up.start, across(0), up.end, "#e4e4e4"),
        svg.text(across.end - 4, up(0) - 4, f"{1.18 * reach:.3g}", 9, "end", "#777777"),
    ]
    for i, row in enumerate(factor * g):
        x, y = across(float(row[0])), up(float(row[1]))
        parts.append(_arrow(name, across(0), up(0), x, y, i))
        length = math.hypot(x - across(0), y - up(0)) or 1.0
        away = 9 / length
        place = x + away * (x - across(0)), y + away * (y - up(0)) + 3.5
        parts.append(svg.text(*place, f"{i + 1}", 10, colour=_MARKED[i % len(_MARKED)]))
    for i, row in enumerate(f):
        x, y = across(float(row[0])), up(float(row[1]))
        parts.append(
            f"<circle cx='{svg.coordinate(x)}' cy='{svg.coordinate(y)}' r='3.2' fill='#1a1a1a' fill-opacity='0.75'/>"
        )
        if len(f) <= 12:
            parts.append(svg.text(x + 4.5, y - 4.5, f"{i + 1}", 9, "start"))
    return [*parts, _caption(size, size + 10, model, [*notes, note])], size + 46


def _dot(x: float, y: float, size: float) -> str:
    """Draw an input, through which what lies below can be seen."""
    place = f"cx='{svg.coordinate(x)}' cy='{svg.coordinate(y)}'"
    return f"<circle {place} r='{size}' fill='#1a1a1a' fill-opacity='0.75'/>"


def _on_a_line(model: Model, name: str, size: float) -> tuple[list[str], float]:
    reach, factor, note = _scales(model)
    across = svg.Axis(-1.18 * reach, 1.18 * reach, 0, size)
    rows = _spread_out([across(float(x)) for x in model.embeddings[:, 0]])
    line = 48.0 + 9 * max(rows)
    step = 24.0 if model.k <= 9 else 216.0 / model.k
    below = line + 32 + step * (model.k - 1) + 16
    parts = [
        f"<rect x='0' y='20' width='{size}' height='{svg.coordinate(below - 20)}' fill='none' stroke='#d8d8d8'/>",
        svg.line(across(0), 20, across(0), below, "#e4e4e4"),
        svg.line(0, line, size, line, GREY),
        svg.text(across.end - 4, line + 12, f"{1.18 * reach:.3g}", 9, "end", "#777777"),
        svg.text(across(0), line + 12, "0", 9, colour="#777777"),
    ]
    for value, row, label in zip(model.embeddings[:, 0], rows, range(1, model.n + 1), strict=True):
        x = across(float(value))
        parts.append(
            f"<circle cx='{svg.coordinate(x)}' cy='{svg.coordinate(line)}' r='3.6' fill='#1a1a1a' fill-opacity='0.75'/>"
        )
        if len(rows) <= 12:
            parts.append(svg.text(x, line - 8 - 9 * row, f"{label}", 9))
    for i, value in enumerate(factor * model.unembeddings[:, 0]):
        y = line + 32 + step * i
        parts.append(_arrow(name, across(0), y, across(float(value)), y, i))
        parts.append(svg.text(8, y + 3.5, f"{i + 1}", 10, "start", _MARKED[i % len(_MARKED)]))
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
