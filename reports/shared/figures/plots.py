"""Plots of pages: one style, and one way to return them as SVG that stands in the page itself.

Words stay words in the SVG, so that they can be searched and read aloud. Matplotlib is imported when a plot is drawn,
not before: what is asked of a command line without plots does not pay for it.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from reports.shared.figures.palette import FAINT, GREY, INK, LABELS, PAPER, RED, SERIES, following
from reports.shared.figures.svg import power_of_ten

PAGE_WIDTH = 9.9
"""Inches across a page: its 62 rem are 992 px, less its margins, at the 96 px an inch of CSS."""

# Sizes in points: words of a plot are a little smaller than those of the page, whose 15 px are 11 points.
STYLE: Mapping[str, Any] = MappingProxyType({
    "font.family": ["DejaVu Sans"], "font.size": 8.5, "axes.titlesize": 9, "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "legend.fontsize": 8, "text.color": INK, "axes.labelcolor": INK,
    "axes.titlecolor": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.edgecolor": GREY,
    "xtick.color": GREY, "ytick.color": GREY, "xtick.major.size": 3, "ytick.major.size": 3, "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.5,
    "axes.axisbelow": True, "lines.linewidth": 1.3, "lines.markersize": 5, "lines.markeredgewidth": 0.9,
    "legend.frameon": False, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "figure.constrained_layout.use": True, "svg.fonttype": "none", "path.simplify": False, "text.parse_math": False,
})  # fmt: skip
"""Settings of matplotlib for all plots. No dollar sign makes a formula of a user's name."""

# Words were measured in the first of these; the second is as wide, and others are narrower: nothing is cut off.
_FONTS = "'DejaVu Sans', Verdana, system-ui, sans-serif"
_SHAPES = ("o", "s", "^", "D", "v", "P", "*")
_LARGER = {"*": 1.5, "^": 1.1, "v": 1.1, "P": 1.15, "D": 0.9}  # to look as large as a circle
_PAD = 0.03  # inches around a plot, so that no stroke is cut at its edge
_LONGEST = 22  # letters of a series' name that a plot shows
_GAP = 0.09  # of a cloud's width between the names of two labels: 11 points of 130, the room of a digit and its ground
_LEAST, _GREATEST = -307.0, 308.0  # powers of ten that are normal floats
_TICKS = 7  # powers of ten marked on an axis, at most
_TWO_STEPS = math.log10(5.01)  # wherever it lies, a range of a factor of 5 has two of 1, 2 and 5 times powers of ten

# --------------------------------------------------------------------------- the one way into a page


def inline_svg(title: str, size: tuple[float, float], draw: Callable[[Any], None]) -> str:
    """Return a plot as SVG for a page; the same drawing gives the same bytes.

    Parameters
    ----------
    title
        What it shows, for those who do not see it. No two plots of a page have one title: their ids follow from it.
    size
        Width and height in inches, which grow where words need it.
    draw
        Fills an empty matplotlib figure.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    settings: Any = {**STYLE, "svg.hashsalt": title}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # The reader's browser has the letters of a name that the font lacks which words are measured in.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=size)
        draw(figure)
        figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=_PAD, metadata=nothing)
    return _for_a_page(buffer.getvalue(), title)


def _for_a_page(drawing: str, title: str) -> str:
    """Return what matplotlib wrote without what would reach beyond it into the page, named, and shorter."""
    drawing = drawing[drawing.index("<svg") :]
    # A style sheet in an SVG is one of the whole page; what it says is said to this one alone.
    drawing = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", drawing, count=1, flags=re.DOTALL)
    drawing = re.sub(r"<g id=\"[^\"]*\"", "<g", drawing)  # numbers of axes and texts, the same in every plot
    drawing = re.sub(r"(?<= )(d|x|y|transform)=\"([^\"]*)\"", _shortened, drawing)
    drawing = re.sub(r">\s*\n\s*<", "><", drawing).replace("'DejaVu Sans'", _FONTS).replace("xlink:href", "href")
    drawing = drawing.replace('xmlns:xlink="http://www.w3.org/1999/xlink" ', "")
    name = escape(title)
    head = f'<svg role="img" aria-label="{name}" stroke-linejoin="round" stroke-linecap="butt"'
    return following(drawing.replace("<svg", head, 1).replace(">", f"><title>{name}</title>", 1).strip())


def _shortened(attribute: re.Match[str]) -> str:
    """Return an attribute with places to a hundredth of a point, and those of dots once."""
    places = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), attribute[2])
    places = re.sub(r"M (\S+ \S+) \nL \1(?= |$)", r"M\1h0", places)
    return f'{attribute[1]}="{places.replace(chr(10), "").strip()}"'


# --------------------------------------------------------------------------- marks


@dataclass(frozen=True)
class Mark:
    """How a series is drawn in every plot of a page.

    Attributes
    ----------
    colour, shape
        A colour of the palette, and a marker of matplotlib.
    """

    colour: str
    shape: str

    @classmethod
    def of(cls, index: int) -> Mark:
        """Return that of the series at this place: as many as 49 differ in colour or in shape."""
        return cls(SERIES[index % len(SERIES)], _SHAPES[(index + index // len(SERIES)) % len(_SHAPES)])

    def look(self, hollow: bool = False, size: float = 5.0) -> dict[str, Any]:
        """Return what matplotlib's `plot` is told to draw unconnected points with, `size` points across."""
        return {
            "linestyle": "none", "marker": self.shape, "markersize": size * _LARGER.get(self.shape, 1.0),
            "markeredgecolor": self.colour, "markerfacecolor": PAPER if hollow else self.colour,
        }  # fmt: skip


def short(name: str) -> str:
    """Return a name that is short enough to stand beside its points."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def marks(names: Sequence[str]) -> dict[str, Mark]:
    """Return how each of these series is drawn."""
    return {name: Mark.of(i) for i, name in enumerate(names)}


CROSS: Mapping[str, Any] = MappingProxyType(
    {"linestyle": "none", "marker": "x", "markersize": 8, "markeredgewidth": 1.8, "color": RED}
)
"""How a violation is drawn."""


def handle(label: str, **look: Any) -> Any:
    """Return an entry of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look)


def legend(figure: Any, names: Sequence[str], more: Sequence[Any] = (), connected: bool = False) -> None:
    """Say right of a plot which mark is which series, all of them, and what else is drawn."""
    line = {"linestyle": "-", "linewidth": STYLE["lines.linewidth"]} if connected else {}
    entries = [handle(short(name), color=mark.colour, **(mark.look() | line)) for name, mark in marks(names).items()]
    figure.legend(handles=[*entries, *more], loc="outside right upper")


def height_of_legend(entries: int) -> float:
    """Return how many inches a legend of so many entries takes."""
    return 0.4 + 0.185 * entries  # 8 points, and matplotlib's half a line between


# --------------------------------------------------------------------------- axes


def padded(values: Iterable[float], share: float = 0.06) -> tuple[float, float]:
    """Return a range with some air around its values."""
    low, high = _ends(values)
    room = max((high - low) * share, 1e-3 * max(abs(low), abs(high), 1e-6))  # where all are equal
    return low - room, high + room


def decades(values: Iterable[float], share: float = 0.06) -> tuple[float, float]:
    """Return a range around positive values, with some air, in which at least two of `_steps` can be marked."""
    low, high = _ends(math.log10(value) for value in values)
    room = max((high - low) * share, 0.15, (_TWO_STEPS - (high - low)) / 2)  # 0.15: a factor of 1.4
    return 10.0 ** max(low - room, _LEAST), 10.0 ** min(high + room, _GREATEST)


def _ends(values: Iterable[float]) -> tuple[float, float]:
    found = list(values)
    return min(found), max(found)


def logarithmic(axis: Any, which: str, limits: tuple[float, float]) -> None:
    """Make the "x" or "y" axis of a plot logarithmic between two positive numbers, marked at round ones."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    steps = _steps(*limits)
    axis.set(**{f"{which}scale": "log", f"{which}lim": limits})
    side = axis.xaxis if which == "x" else axis.yaxis
    side.set_major_locator(FixedLocator([value for value, _ in steps]))
    side.set_major_formatter(FixedFormatter([words for _, words in steps]))
    side.set_minor_locator(NullLocator())


def _steps(low: float, high: float) -> list[tuple[float, str]]:
    """Return powers of ten between two positive numbers with their words, or where few are, their 1, 2 and 5 times."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 1:
        found = [(factor, i) for i in range(first - 1, last + 1) for factor in (1, 2, 5)]
        return [(f * 10.0**i, _in_words(f, i)) for f, i in found if low <= f * 10.0**i <= high]
    stride = max(1, math.ceil((last - first + 1) / _TICKS))
    return [(10.0**i, power_of_ten(i)) for i in range(first, last + 1, stride)]


def _in_words(factor: int, exponent: int) -> str:
    power = power_of_ten(exponent)
    if factor == 1:
        return power
    return f"{factor * 10.0**exponent:,.10g}" if power.isascii() else f"{factor}·{power}"


# --------------------------------------------------------------------------- what several pages draw


def cloud(
    axis: Any, points: Float[np.ndarray, "n 2"], labels: Int[np.ndarray, " n"], named: bool = False, size: float = 2.2
) -> None:
    """Draw points in the plane, dots of `size` points in the colour of their label, and name labels where asked to."""
    for label in np.unique(labels):
        chosen = points[labels == label]
        # A stroke of no length with round ends is a dot, for a fifth of the bytes of a marker.
        strokes = np.stack([chosen, chosen, np.full_like(chosen, np.nan)], axis=1).reshape(-1, 2)
        colour = LABELS[int(label) % len(LABELS)]
        axis.plot(*strokes.T, color=colour, linewidth=size, solid_capstyle="round")
    if named and len(np.unique(labels)) <= len(LABELS):
        for label, place in places_of_names(points, labels).items():
            _named(axis, place, str(label))
    axis.set_aspect("equal", adjustable="box")
    axis.grid(visible=False)


def places_of_names(
    points: Float[np.ndarray, "n 2"], labels: Int[np.ndarray, " n"]
) -> dict[int, Float[np.ndarray, " 2"]]:
    """Return for each label the point of its own nearest to their median that is not too near to another's name.

    The median itself may be among points of another label. Where no point is far enough, the furthest is taken.
    """
    gap = _GAP * float(np.ptp(points, axis=0).max())
    found: dict[int, Float[np.ndarray, " 2"]] = {}
    for label in np.unique(labels):
        chosen = points[labels == label]
        off = np.linalg.norm(chosen - np.median(chosen, axis=0), axis=1)
        free = np.full(len(chosen), np.inf)
        for place in found.values():
            free = np.minimum(free, np.linalg.norm(chosen - place, axis=1))
        found[int(label)] = chosen[
            np.argmin(np.where(free >= gap, off, np.inf)) if free.max() >= gap else free.argmax()
        ]
    return found


def _named(axis: Any, place: Float[np.ndarray, " 2"], words: str) -> None:
    ground = {"boxstyle": "circle,pad=0.08", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.75}
    axis.text(*place, words, weight="bold", ha="center", va="center", bbox=ground)


@dataclass(frozen=True)
class Sides:
    """A statement's two sides, both positive.

    Attributes
    ----------
    series
        The name of the series that it belongs to.
    truth, bound
        The sides.
    vacuous
        Whether the bound says no more than is known without the theorem.
    """

    series: str
    truth: float
    bound: float
    vacuous: bool


def bounds_against_truths(
    axis: Any, names: Sequence[str], sides: Sequence[Sides], violations: Sequence[tuple[float, float]] = ()
) -> list[Any]:
    """Draw bounds against truths on logarithmic axes, and violations as crosses; return what the legend says beside.

    Below the line on which the two are equal there is nothing but violations.
    """
    every = [(one.truth, one.bound) for one in sides] + list(violations)
    x, y = decades(truth for truth, _ in every), decades(side for both in every for side in both)
    logarithmic(axis, "x", x)
    logarithmic(axis, "y", y)
    ends = max(x[0], y[0]), min(x[1], y[1])
    axis.plot(ends, ends, color=INK, linewidth=0.9)
    look = marks(names)
    for vacuous in (False, True):  # hollow ones last: they do not hide what is inside them
        for name in names:
            chosen = [(one.truth, one.bound) for one in sides if one.series == name and one.vacuous is vacuous]
            if chosen:
                axis.plot(*zip(*chosen, strict=True), **look[name].look(vacuous, 4.5))
    if violations:
        axis.plot(*zip(*violations, strict=True), **CROSS)
    axis.set(xlabel="truth", ylabel="bound")
    grey = Mark(GREY, "o")
    return [
        handle("informative", **grey.look()), handle("vacuous", **grey.look(hollow=True)),
        handle("bound = truth", color=INK, linewidth=0.9), *([handle("violated", **CROSS)] if violations else []),
    ]  # fmt: skip
