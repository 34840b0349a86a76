"""Pictures of an experiment, as SVG with real text: every loss of the grid is named in each of them.

They are written element by element, so that thousands of points stay small and drawing takes no plotting library.
A loss keeps its colour and its shape through all of them; no picture needs colour to be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float, Int

from empirics.experiment import Student, Teacher
from empirics.statistics import Interval, interval
from reports.distill.run import Report
from reports.shared.svg import GREY, Axis, coordinate, line, marker, picture, text
from theory.guarantees import Guarantee

# Okabe and Ito's colours without yellow, which vanishes on white paper. Violations are a red of their own, and crosses.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LABELS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#B8A800", "#0072B2", "#D55E00", "#CC79A7", "#999999", "#6A3D9A")
_RED, _FAINT, _PAPER = "#c00000", "#dddddd", "#ffffff"
_SHAPES = 7
_SMALL = 11.0  # size of letters
_LONGEST = 22  # letters of a loss's name that a picture shows
_FLOOR, _CEILING = 1e-6, 1e15  # beyond, a point says "nothing to see" and "vacuous" whatever its place
_CERTAIN = 1e-9  # 1 - m_CCA that rounding leaves where it is zero


@dataclass(frozen=True)
class Style:
    """How a loss is drawn in every picture."""

    colour: str
    shape: int

    @classmethod
    def of(cls, index: int) -> Style:
        """Return that of the loss at this place: as many as 49 differ in colour or in shape."""
        return cls(_COLOURS[index % len(_COLOURS)], (index + index // len(_COLOURS)) % _SHAPES)

    def mark(self, x: float, y: float, size: float = 4.0, hollow: bool = False) -> str:
        """Draw a point."""
        drawn = marker(x, y, self.shape, self.colour, size)
        if not hollow:
            return drawn
        outline = f"fill='{_PAPER}' stroke='{self.colour}' stroke-width='1.1'"
        return drawn.replace(f"fill='{self.colour}'", outline)


def styles(report: Report) -> dict[str, Style]:
    """Return how each loss is drawn."""
    return {loss: Style.of(i) for i, loss in enumerate(report.losses)}


def short(name: str) -> str:
    """Return a name that is short enough to stand beside its points."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _width(words: str, size: float = _SMALL) -> float:
    return 0.56 * size * len(words)


def _widest(names: Iterable[str]) -> float:
    return max((_width(short(name)) for name in names), default=0.0)


def _cross(x: float, y: float, size: float = 5.0) -> str:
    return line(x - size, y - size, x + size, y + size, _RED, 2) + line(x - size, y + size, x + size, y - size, _RED, 2)


# --------------------------------------------------------------------------- frames and keys


@dataclass(frozen=True)
class Frame:
    """Two axes.

    Attributes
    ----------
    x, y
        The axes; y grows upwards.
    """

    x: Axis
    y: Axis

    def draw(self, horizontal: str, vertical: str, title: str = "") -> list[str]:
        """Draw both axes with their ticks and what they measure."""
        left, right, bottom, top = self.x.start, self.x.end, self.y.start, self.y.end
        parts = [line(left, bottom, right, bottom), line(left, bottom, left, top)]
        for value, words in self.x.ticks():
            at = self.x(value)
            parts += [line(at, bottom, at, bottom + 4), text(at, bottom + 16, words, _SMALL - 1)]
        for value, words in self.y.ticks():
            at = self.y(value)
            parts += [line(left - 4, at, left, at), text(left - 7, at + 3.5, words, _SMALL - 1, "end")]
        parts.append(text((left + right) / 2, bottom + 33, horizontal, _SMALL))
        parts.append(text(left - 30, top - 9, vertical, _SMALL, "start"))
        if title:
            parts.append(text((left + right) / 2, top - 26, title, _SMALL + 1))
        return parts


def _padded(values: Iterable[float], log: bool = False, share: float = 0.06) -> tuple[float, float]:
    """Return a range with some air around its values."""
    found = sorted(values)
    low, high = (math.log10(v) if log else v for v in (found[0], found[-1]))
    room = max((high - low) * share, 0.15 if log else 1e-3 * max(abs(low), abs(high), 1e-6))
    return (10 ** (low - room), 10 ** (high + room)) if log else (low - room, high + room)


def _decades(values: Iterable[float]) -> tuple[float, float]:
    """Return a padded range that has two powers of ten to be marked."""
    low, high = (math.log10(end) for end in _padded(values, log=True))
    if math.floor(high) - math.ceil(low) < 1:
        low, high = math.floor(low), math.ceil(high)
    return 10.0**low, 10.0**high


def _key(report: Report, x: float, y: float, more: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Draw which mark is which loss, downwards from a place; then other marks, drawn about (0, 0), and their words."""
    parts = []
    for i, (name, style) in enumerate(styles(report).items()):
        parts += [style.mark(x, y + 18 * i), text(x + 11, y + 18 * i + 4, short(name), _SMALL, "start")]
    start = y + 18 * len(report.losses) + 8
    for i, (drawn, words) in enumerate(more):
        at = start + 18 * i
        parts += [_moved(drawn, x, at), text(x + 11, at + 4, words, _SMALL, "start")]
    return parts


def _moved(drawn: str, x: float, y: float) -> str:
    return f"<g transform='translate({coordinate(x)} {coordinate(y)})'>{drawn}</g>"


def _apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places as little as a simple pass does until any two are a gap apart, within a range where it has room."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved: list[float] = []
    for i in order:
        moved.append(max(places[i], moved[-1] + gap) if moved else max(places[i], low))
    for j in reversed(range(len(moved))):
        most = high if j == len(moved) - 1 else moved[j + 1] - gap
        moved[j] = min(moved[j], most)
    result = [0.0] * len(places)
    for i, place in zip(order, moved, strict=True):
        result[i] = place
    return result


# --------------------------------------------------------------------------- embeddings

_WIDEST_CELL, _ACROSS, _GUTTER, _PAGE = 178.0, 6, 14.0, 976.0


def embeddings(report: Report) -> str:
    """Draw the first teacher's embeddings of test inputs and those of its first student by each loss.

    In the plane students are shown as they are and after the affine map that brings them closest to their teacher in
    squared error; in more dimensions only the latter, all in the two principal components of the teacher. Colours are
    the teacher's labels.
    """
    teacher = report.grid.teachers[0]
    students = [_first(report, loss) for loss in report.losses]
    planar = teacher.embeddings.shape[1] <= 2
    to_plane = _principal(teacher.embeddings)
    target = to_plane(teacher.embeddings)
    box = _bounds(target)
    rows = -(-(len(students) + 1) // _ACROSS)
    across = -(-(len(students) + 1) // rows)
    cell = min(_WIDEST_CELL, (_PAGE + _GUTTER) / across - _GUTTER)
    block = (2 if planar else 1) * (cell + 20) + 36
    parts: list[str] = []
    for place in range(len(students) + 1):
        x = 4 + (place % across) * (cell + _GUTTER)
        y = 18 + (place // across) * block
        if place == 0:
            parts.append(text(x + cell / 2, y - 5, "teacher", _SMALL))
            parts += _cloud(target, teacher.predicted, box, x, y, cell, named=True)
            parts.append(text(x + cell / 2, y + cell + 13, f"accuracy {_share(teacher.accuracy['test'])}", 9.5))
            if planar:
                below = y + 1.5 * cell + 14
                parts.append(text(x + cell / 2, below, "upper rows: as they are", 9.5, "middle", GREY))
                parts.append(text(x + cell / 2, below + 15, "lower rows: mapped onto this", 9.5, "middle", GREY))
            continue
        student, loss = students[place - 1], report.losses[place - 1]
        row = next(row for row in student.rows if row["split"] == "test")
        parts.append(text(x + cell / 2, y - 5, short(loss), _SMALL))
        if planar:
            own = _principal(student.embeddings)(student.embeddings)
            parts += _cloud(own, teacher.predicted, _bounds(own), x, y, cell)
            parts.append(text(x + cell / 2, y + cell + 13, f"as it is, accuracy {_share(row['accuracy'])}", 9.5))
            y += cell + 20
        fitted, explained = _mapped(student.embeddings, teacher.embeddings)
        parts += _cloud(to_plane(fitted), teacher.predicted, box, x, y, cell)
        words = f"mapped, R² {explained:.3f}" if planar else f"accuracy {_share(row['accuracy'])}, R² {explained:.3f}"
        parts.append(text(x + cell / 2, y + cell + 13, words, 9.5))
    width = 8 + across * (cell + _GUTTER) - _GUTTER
    return picture(width, 6 + rows * block, "Embeddings of a teacher and of its students", parts)


def _first(report: Report, loss: str) -> Student:
    return next(s for s in report.grid.students if s.loss == loss and s.teacher_seed == report.grid.teachers[0].seed)


def _share(value: float) -> str:
    return f"{value:.4f}".rstrip("0") if value > 0.99 else f"{value:.3f}"


def _principal(
    points: Float[np.ndarray, "n m"],
) -> Callable[[Float[np.ndarray, "n m"]], Float[np.ndarray, "n 2"]]:
    """Return the map to a plane: none from a plane, a column of zeros beside a line, else two principal components."""
    dimension = points.shape[1]
    if dimension == 2:
        return lambda values: values
    if dimension == 1:
        return lambda values: np.hstack([values, np.zeros_like(values)])
    centre = points.mean(axis=0)
    axes = np.linalg.svd(points - centre, full_matrices=False)[2][:2].T
    return lambda values: (values - centre) @ axes


def _mapped(
    student: Float[np.ndarray, "n d"], teacher: Float[np.ndarray, "n m"]
) -> tuple[Float[np.ndarray, "n m"], float]:
    """Return the affine image of the student closest to the teacher, and the share of variance that it explains."""
    source = np.hstack([student, np.ones((len(student), 1))])
    fitted = source @ np.linalg.lstsq(source, teacher, rcond=None)[0]
    whole = float(np.square(teacher - teacher.mean(axis=0)).sum())
    left = float(np.square(teacher - fitted).sum())
    return fitted, 1 - left / whole if whole > 0 else 0.0


def _bounds(points: Float[np.ndarray, "n 2"]) -> tuple[float, float, float]:
    """Return the centre and half the side of a square around points."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.54 * float((high - low).max()) or 1.0
    return float((low + high)[0]) / 2, float((low + high)[1]) / 2, half


def _cloud(
    points: Float[np.ndarray, "n 2"],
    labels: Int[np.ndarray, " n"],
    box: tuple[float, float, float],
    x: float,
    y: float,
    side: float,
    named: bool = False,
) -> list[str]:
    """Draw points in a square: one path for each label, of lines without length whose round caps are the points."""
    frame = f"<rect x='{coordinate(x)}' y='{coordinate(y)}' width='{side:g}' height='{side:g}' fill='none' "
    parts = [f"{frame}stroke='{_FAINT}'/>"]
    centre_x, centre_y, half = box
    across = x + side / 2 * (1 + (points[:, 0] - centre_x) / half)
    down = y + side / 2 * (1 - (points[:, 1] - centre_y) / half)
    inside = (np.abs(points[:, 0] - centre_x) <= half) & (np.abs(points[:, 1] - centre_y) <= half)
    for label in np.unique(labels):
        chosen = inside & (labels == label)
        path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(across[chosen], down[chosen], strict=True))
        colour = _LABELS[int(label) % len(_LABELS)]
        parts.append(f"<path d='{path}' stroke='{colour}' stroke-width='2.6' stroke-linecap='round' fill='none'/>")
    if named and len(np.unique(labels)) <= len(_LABELS):
        for label in np.unique(labels):
            chosen = np.flatnonzero(labels == label)
            # The point nearest to the middle: the middle itself may be among points of another label.
            middle = np.median(points[chosen], axis=0)
            near = chosen[np.argmin(np.square(points[chosen] - middle).sum(axis=1))]
            parts.append(_haloed(float(across[near]), float(down[near]) + 4, str(int(label))))
    return parts


def _haloed(x: float, y: float, words: str) -> str:
    place = f"x='{coordinate(x)}' y='{coordinate(y)}' text-anchor='middle' font-size='{_SMALL}' font-weight='bold'"
    halo = f"fill='#1a1a1a' stroke='{_PAPER}' stroke-width='3' paint-order='stroke'"
    return f"<text {place} {halo} font-family='system-ui, sans-serif'>{escape(words)}</text>"


# --------------------------------------------------------------------------- measures against each other


def _points(report: Report, across: str, up: str) -> dict[str, list[tuple[float, float]]]:
    """Return two measures of every student on the test part, by loss, where both exist."""
    found: dict[str, list[tuple[float, float]]] = {loss: [] for loss in report.losses}
    for row in report.grid.rows:
        if row["split"] == "test" and row.get(across) is not None and row.get(up) is not None:
            found[row["loss"]].append((row[across], row[up]))
    return found


def _scatter(report: Report, frame: Frame, points: Mapping[str, Sequence[tuple[float, float]]]) -> list[str]:
    return [style.mark(frame.x(a), frame.y(b), 3.6) for loss, style in styles(report).items() for a, b in points[loss]]


def _all(points: Mapping[str, Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    return [point for each in points.values() for point in each]


def correlation_against_kl(report: Report) -> str:
    """Draw m_CCA, and 1 - m_CCA on a logarithmic axis, against KL on the test part: a mark for each student."""
    measured = _points(report, "kl", "mean_cca")
    points = {loss: [(a, b) for a, b in each if a > 0] for loss, each in measured.items()}
    if not _all(points):
        return ""
    lacking = {loss: [(a, max(1 - b, _CERTAIN)) for a, b in each] for loss, each in points.items()}
    x = _decades(a for a, _ in _all(points))
    bottom = 0.0 if min(b for _, b in _all(points)) < 0.6 else _padded(b for _, b in _all(points))[0]
    height = max(330.0, 70 + 18.0 * len(report.losses) + 30)
    first = Frame(Axis(*x, 58, 388, log=True), Axis(bottom, 1.0 + 0.02 * (1 - bottom), height - 46, 46))
    second = Frame(
        Axis(*x, 460, 790, log=True), Axis(*_decades(b for _, b in _all(lacking)), height - 46, 46, log=True)
    )
    parts = first.draw("KL(teacher ‖ student)", "m_CCA with the teacher")
    parts += second.draw("KL(teacher ‖ student)", "1 - m_CCA")
    parts += _scatter(report, first, points) + _scatter(report, second, lacking)
    parts += _key(report, 818, 56)
    return picture(838 + _widest(report.losses), height, "Mean canonical correlation against KL", parts)


@dataclass(frozen=True)
class _Bounded:
    """A distance that a theorem bounds by a number of the teacher times the logit distance."""

    theorem: str
    statement: str
    measure: str
    words: str


_BOUNDED = (
    _Bounded("T2", "upper_bound", "identifiability_dissimilarity", "d_rep"),
    _Bounded("T3", "upper_bound", "alignment_error", "alignment error"),
)


def distances(report: Report) -> str:
    """Draw d_rep (T2) and the alignment error (T3) against d_logit, with the line that no student may be above.

    The line of a theorem has the teacher's number as its factor, so that every teacher has one of its own.
    """
    panels = []
    for bounded in _BOUNDED:
        measured = _points(report, "logit_distance", bounded.measure)
        points = {loss: [(a, b) for a, b in each if a > 0 and b > 0] for loss, each in measured.items()}
        if _all(points):
            panels.append((bounded, points, _slopes(report, bounded)))
    if not panels:
        return ""
    height = max(340.0, 120 + 18.0 * len(report.losses))
    parts: list[str] = []
    for i, (bounded, points, slopes) in enumerate(panels):
        start = 58 + 402 * i
        x = _decades(a for a, _ in _all(points))
        lines = [slope * a for slope in slopes.values() for a in (min(_all(points))[0], max(_all(points))[0])]
        y = _decades([b for _, b in _all(points)] + lines)
        frame = Frame(Axis(*x, start, start + 330, log=True), Axis(*y, height - 46, 46, log=True))
        parts += frame.draw("d_logit", bounded.words)
        parts += [_clipped(frame, slope) for slope in slopes.values()]
        if slopes:
            steepest = max(slopes.values())
            at = _visible(frame, steepest)
            parts.append(text(at[0] - 4, at[1] - 6, f"{bounded.theorem}, each teacher", _SMALL, "end", GREY))
        parts += _scatter(report, frame, points)
    right = 58 + 402 * len(panels) - 44
    parts += _key(report, right, 56, [(line(-7, 0, 7, 0, GREY, 1, "4 3"), "the bound")])
    title = "Distances of representations against the logit distance"
    return picture(right + 20 + _widest([*report.losses, "the bound"]), height, title, parts)


def _slopes(report: Report, bounded: _Bounded) -> dict[int, float]:
    """Return, for each teacher, the factor of the logit distance in a theorem's bound; none where it does not apply."""
    found: dict[int, float] = {}
    for student in report.grid.students:
        distance = next(row["logit_distance"] for row in student.rows if row["split"] == "test")
        for g in student.guarantees:
            if (g.theorem, g.statement) == (bounded.theorem, bounded.statement) and g.bound and distance:
                found.setdefault(student.teacher_seed, math.sqrt(g.bound) / distance)
    return found


def _segment(frame: Frame, slope: float) -> tuple[float, float] | None:
    """Return the logit distances between which a line through the origin is inside a frame."""
    low = max(frame.x.low, frame.y.low / slope)
    high = min(frame.x.high, frame.y.high / slope)
    return (low, high) if low < high else None


def _clipped(frame: Frame, slope: float) -> str:
    ends = _segment(frame, slope)
    if ends is None:
        return ""
    (a, b) = ends
    return line(frame.x(a), frame.y(slope * a), frame.x(b), frame.y(slope * b), GREY, 1, "4 3")


def _visible(frame: Frame, slope: float) -> tuple[float, float]:
    """Return a place above a line at which it can be named."""
    a, b = _segment(frame, slope) or (frame.x.low, frame.x.high)
    value = math.exp(0.45 * math.log(a) + 0.55 * math.log(b))
    return frame.x(value), frame.y(slope * value)


# --------------------------------------------------------------------------- bounds


def bounds_against_truth(report: Report) -> str:
    """Draw each statement's bound against the truth on the test part, logarithmically: medians over a loss's students.

    Violations are drawn one by one.
    """
    marks: list[tuple[str, float, float, bool]] = []
    crosses: list[tuple[float, float]] = []
    for loss in report.losses:
        students = [student for student in report.grid.students if student.loss == loss]
        for column in zip(*(student.guarantees for student in students), strict=True):
            seen = [g for g in column if g.applies and g.truth and g.truth > _FLOOR]
            crosses += [_sides(g) for g in seen if g.holds is False]
            if seen:
                truth, bound = np.median([_sides(g) for g in seen], axis=0)
                marks.append((loss, float(truth), float(bound), 2 * sum(bool(g.vacuous) for g in seen) > len(seen)))
    if not marks and not crosses:
        return ""
    every = [(t, b) for _, t, b, _ in marks] + crosses
    x = _decades(t for t, _ in every)
    y = _decades([side for point in every for side in point])
    height = max(460.0, 170 + 18.0 * len(report.losses))
    frame = Frame(Axis(*x, 70, 600, log=True), Axis(*y, height - 46, 46, log=True))
    parts = frame.draw("truth", f"bound (at the top: {_power_of(_CEILING)} and beyond)")
    low, high = max(x[0], y[0]), min(x[1], y[1])
    parts.append(line(frame.x(low), frame.y(low), frame.x(high), frame.y(high), "#1a1a1a", 1))
    look = styles(report)
    # Hollow ones last: they do not hide what is inside them.
    for loss, truth, bound, vacuous in sorted(marks, key=lambda mark: mark[3]):
        parts.append(look[loss].mark(frame.x(truth), frame.y(bound), 3.4, hollow=vacuous))
    parts += [_cross(frame.x(truth), frame.y(bound)) for truth, bound in crosses]
    other = [
        (marker(0, 0, 0, GREY), "informative"),
        (Style(GREY, 0).mark(0, 0, hollow=True), "vacuous"),
        (line(-7, 0, 7, 0, "#1a1a1a"), "bound = truth"),
        *([(_cross(0, 0), "violated")] if crosses else []),
    ]
    parts += _key(report, 628, 56, other)
    width = 650 + _widest([*report.losses, "informative"])
    return picture(width, height, "Bounds against truth on the trained pairs", parts)


def _sides(g: Guarantee) -> tuple[float, float]:
    bound = _CEILING if g.bound is None else min(max(g.bound, _FLOOR), _CEILING)
    return min(g.truth or 0.0, _CEILING), bound


def _power_of(value: float) -> str:
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(round(math.log10(value))))


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
        return (
            [Read("R² of the teacher's directions", nothing, own, nothing, nothing, None)] if any(own.values()) else []
        )
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


_PANELS = 3  # side by side
_ROW = 28.0  # height of a loss


def probes(report: Report, split: str = "test") -> str:
    """Draw, for each concept and loss, what a probe reads: of the teacher, of the student, moved, and guaranteed."""
    found = reads(report, split)
    if not found:
        return ""
    names = _widest(report.losses) + 24
    rows = -(-len(found) // _PANELS)
    across = -(-len(found) // rows)
    wide = (900 - names) / across - 26
    tall = _ROW * len(report.losses) + 74
    parts: list[str] = []
    for i, read in enumerate(found):
        left = names + (i % across) * (wide + 26)
        top = 34 + (i // across) * tall
        parts += _read(report, read, left, left + wide, top, labelled=i % across == 0)
    bottom = 10 + rows * tall
    if report.grid.facts["concepts"]:
        parts += _probe_key(names, bottom + 8)
        bottom += 22
    return picture(names + across * (wide + 26), bottom, f"What linear probes read ({split})", parts)


def _read(report: Report, read: Read, left: float, right: float, top: float, labelled: bool) -> list[str]:
    sides = (read.teacher, read.student, read.moved)
    shown = [
        end for side in sides for got in side.values() if got is not None for end in (*(got.ends or ()), got.mean)
    ] + ([] if read.chance is None else [read.chance])
    # What is guaranteed is shown at its place if it is not so far off that it would squeeze all the rest.
    reach = min(shown) - (max(shown) - min(shown))
    shown += [got.mean for got in read.guaranteed.values() if got is not None and got.mean > max(reach, 0.0)]
    low, high = _padded(shown)
    if high - low < 0.05:
        low, high = (low + high) / 2 - 0.025, (low + high) / 2 + 0.025
    if any(got is not None and got.mean < low for got in read.guaranteed.values()):
        low -= 0.22 * (high - low)  # room for arrows with their values
    # Intervals may leave the range of the measure where it crowds at its end; accuracies do not.
    ceiling = 1.0 + 0.02 * (1.0 - low)
    axis = Axis(max(low, -1.0), min(high, ceiling), left, right)
    bottom = top + _ROW * len(report.losses)
    parts = [line(left, bottom, right, bottom), text((left + right) / 2, top - 10, read.name, _SMALL + 1)]
    for value, words in axis.ticks():
        parts += [line(axis(value), bottom, axis(value), bottom + 4), text(axis(value), bottom + 16, words, 10)]
    if read.chance is not None:
        at = axis(read.chance)
        parts += [line(at, top, at, bottom, GREY, 1, "2 3"), text(at, bottom + 28, "chance", 9, "middle", GREY)]
    for i, (loss, style) in enumerate(styles(report).items()):
        y = top + _ROW * i + _ROW / 2
        if labelled:
            parts.append(text(left - 16, y + 4, short(loss), _SMALL, "end"))
        parts.append(line(left, y, right, y, "#eeeeee", 1))
        parts += _row_of_probes(axis, style, y, [side[loss] for side in (*sides, read.guaranteed)])
    return parts


def _row_of_probes(axis: Axis, style: Style, y: float, found: Sequence[Interval | None]) -> list[str]:
    teacher, student, moved, guaranteed = found
    parts = []
    if teacher is not None:
        parts.append(line(axis(teacher.mean), y - 12, axis(teacher.mean), y + 12, "#1a1a1a", 1.6))
        parts.append(_whisker(axis, teacher, y - 9, "#888888"))
    if moved is not None:
        parts += [_whisker(axis, moved, y + 7, style.colour, "3 2"), style.mark(axis(moved.mean), y + 7, 3.2, True)]
    if student is not None:
        parts += [_whisker(axis, student, y - 1, style.colour), style.mark(axis(student.mean), y - 1, 4)]
    if guaranteed is not None:
        if guaranteed.mean >= axis.low:
            at = axis(guaranteed.mean)
            parts.append(line(at, y - 5, at, y + 5, style.colour, 3))
        else:  # below all that is shown: an arrow at the edge
            parts.append(_arrow(axis.start - 2, y, style.colour))
            parts.append(text(axis.start + 7, y + 3.5, f"{max(guaranteed.mean, 0.0):.2g}", 9, "start", GREY))
    return parts


def _arrow(x: float, y: float, colour: str) -> str:
    at = coordinate
    return f"<path d='M{at(x + 6)} {at(y - 4)}L{at(x)} {at(y)}L{at(x + 6)} {at(y + 4)}' stroke='{colour}' fill='none'/>"


def _whisker(axis: Axis, found: Interval, y: float, colour: str, dash: str = "") -> str:
    if found.ends is None:
        return ""
    low, high = (min(max(end, axis.low), axis.high) for end in found.ends)
    return line(axis(low), y, axis(high), y, colour, 1.4, dash)


def _probe_key(x: float, y: float) -> list[str]:
    style = Style(GREY, 0)
    items = (
        (line(0, -8, 0, 8, "#1a1a1a", 1.6), "teacher's probe"),
        (style.mark(0, 0), "student's own probe"),
        (style.mark(0, 0, 3.2, True), "teacher's probe moved by A*"),
        (line(0, -5, 0, 5, GREY, 3), "guaranteed by the logits"),
        (_arrow(-3, 0, GREY), "guaranteed, further left"),
    )
    parts = []
    for drawn, words in items:
        parts += [_moved(drawn, x, y), text(x + 9, y + 4, words, _SMALL - 0.5, "start")]
        x += 30 + _width(words, _SMALL - 0.5)
    return parts


# --------------------------------------------------------------------------- training


def training(report: Report) -> str:
    """Draw accuracy, and m_CCA with the teacher, on validation inputs over training: mean and range over students."""
    curves: dict[str, tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p 2 s"]]] = {}
    for loss in report.losses:
        students = [s for s in report.grid.students if s.loss == loss]
        seen = np.stack([s.curves.sightings[:, :, s.copy] for s in students], axis=-1)
        curves[loss] = (students[0].curves.points.astype(np.float64), seen)
    teachers = _teacher_curves(report.grid.teachers)
    epochs = max(points[-1] for points, _ in curves.values())
    room = _widest([*report.losses, "teacher"]) + 26
    height = max(340.0, 100 + 15.0 * (len(report.losses) + 1))
    parts: list[str] = []
    start = 52.0
    for side, words in ((0, "accuracy (validation)"), (1, "m_CCA with the teacher (validation)")):
        drawn = {loss: (points, seen[:, side]) for loss, (points, seen) in curves.items()}
        drawn = {loss: each for loss, each in drawn.items() if np.isfinite(each[1]).any()}
        if not drawn:
            continue
        bottom = _bottom_of_curves([seen for _, seen in drawn.values()])
        last = max(epochs, teachers[0][-1]) if side == 0 else epochs
        axis = Axis(0, last, start, start + 300)
        frame = Frame(axis, Axis(bottom, 1.0 + 0.01 * (1 - bottom), height - 46, 46))
        parts += frame.draw("epochs", words)
        parts += _lines(report, frame, drawn, teachers if side == 0 else None, f"clip-training-{side}")
        start += 300 + room + 52
    if not parts:
        return ""
    return picture(start - 40, height, "Validation accuracy and mean canonical correlation over training", parts)


def _teacher_curves(teachers: Sequence[Teacher]) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p s"]]:
    seen = np.concatenate([teacher.curves.sightings[:, 0] for teacher in teachers], axis=-1)
    return teachers[0].curves.points.astype(np.float64), seen


def _bottom_of_curves(seen: Sequence[Float[np.ndarray, "p s"]]) -> float:
    """Return a lower end that shows how training ends, not how it begins."""
    means = [values.mean(axis=1)[len(values) // 3 :] for values in seen]
    lowest = min(float(np.nanmin(values)) for values in (*means, *(values[-1] for values in seen)))
    return max(0.0, lowest - 0.08 * (1 - lowest)) if lowest < 0.999 else 0.99


def _lines(
    report: Report,
    frame: Frame,
    curves: Mapping[str, tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p s"]]],
    teachers: tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p s"]] | None,
    clip: str,
) -> list[str]:
    left, top = frame.x.start, frame.y.end
    size = f"width='{coordinate(frame.x.end - left)}' height='{coordinate(frame.y.start - top)}'"
    parts = [f"<clipPath id='{clip}'><rect x='{coordinate(left)}' y='{coordinate(top)}' {size}/></clipPath>"]
    parts.append(f"<g clip-path='url(#{clip})'>")
    ends: list[tuple[str, float, str]] = []
    look = styles(report)
    for loss, (points, seen) in curves.items():
        kept = np.isfinite(seen).all(axis=1)
        if not kept.any():
            continue
        x = [frame.x(value) for value in points[kept]]
        low, high, mean = ([frame.y(v) for v in of(seen[kept], axis=1)] for of in (np.min, np.max, np.mean))
        outline = [*zip(x, low, strict=True), *reversed(list(zip(x, high, strict=True)))]
        band = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
        parts.append(f"<polygon points='{band}' fill='{look[loss].colour}' opacity='.08'/>")
        parts.append(_polyline(zip(x, mean, strict=True), look[loss].colour))
        parts += [look[loss].mark(a, b, 2.6) for a, b in list(zip(x, mean, strict=True))[::4]]
        ends.append((short(loss), min(mean[-1], frame.y.start), look[loss].colour))
    if teachers is not None:
        points, seen = teachers
        kept = np.isfinite(seen).all(axis=1)
        place = [(frame.x(a), frame.y(b)) for a, b in zip(points[kept], seen[kept].mean(axis=1), strict=True)]
        if place:
            parts.append(_polyline(place, "#1a1a1a", "5 3"))
            ends.append(("teacher", min(place[-1][1], frame.y.start), "#1a1a1a"))
    parts.append("</g>")
    places = _apart([end for _, end, _ in ends], 14, top, frame.y.start)
    for (name, end, colour), label in zip(ends, places, strict=True):
        parts.append(line(frame.x.end + 2, end, frame.x.end + 12, label, colour, 1))
        parts.append(text(frame.x.end + 15, label + 4, name, _SMALL, "start"))
    return parts


def _polyline(points: Iterable[tuple[float, float]], colour: str, dash: str = "") -> str:
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    dashes = f" stroke-dasharray='{dash}'" if dash else ""
    return f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.6'{dashes}/>"


# --------------------------------------------------------------------------- how far bounds are from the truth


def orders(report: Report) -> str:
    """Draw by how many orders of magnitude each statement's bound exceeds the truth: a mark for each loss's median."""
    rows = list(dict.fromkeys((t.theorem, t.statement) for t in report.theorems if t.orders is not None))
    if not rows:
        return ""
    found = {(t.theorem, t.statement, t.loss): t for t in report.theorems}
    most = max(t.orders for t in report.theorems if t.orders is not None)
    # Linear to one order, logarithmic beyond: from a factor of two to hundreds of orders.
    scale = Axis(0.0, _bent(max(most, 1.0)) * 1.03, 250, 800)
    height = 60 + 14.0 * len(rows)
    parts = []
    for value in (0, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000):
        if _bent(value) <= scale.high:
            at = scale(_bent(value))
            parts += [line(at, 30, at, height - 24, _FAINT, 1), text(at, 22, f"{value:g}", 10)]
    parts.append(text((scale.start + scale.end) / 2, 9, "log₁₀(bound / truth)", _SMALL))
    look = styles(report)
    for i, (theorem, statement) in enumerate(rows):
        y = 40 + 14.0 * i
        parts.append(text(242, y + 3.5, f"{theorem}  {statement.replace('_', ' ')}", 10, "end"))
        for loss in report.losses:
            entry = found[theorem, statement, loss]
            if entry.orders is not None:
                at = scale(_bent(max(entry.orders, 0.0)))
                parts.append(look[loss].mark(at, y, 3.2, hollow=2 * entry.vacuous > entry.applies))
                if entry.violated:
                    parts.append(_cross(at, y))
    other = [(marker(0, 0, 0, GREY), "informative"), (Style(GREY, 0).mark(0, 0, hollow=True), "vacuous")]
    parts += _key(report, 822, 44, other)
    width = 842 + _widest([*report.losses, "informative"])
    return picture(width, max(height, 110 + 18.0 * len(report.losses)), "Orders of magnitude", parts)


def _bent(value: float) -> float:
    return value if value <= 1 else 1 + math.log10(value)
