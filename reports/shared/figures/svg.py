"""Elements of small drawings, written as SVG without a plotting library: any installation can draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reports.shared.figures.palette import GREY, INK, paint

_FONT = "font-family='system-ui, sans-serif'"


def coordinate(value: float) -> str:
    """Return a coordinate to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: str, size: float = 11, anchor: str = "middle", colour: str = INK) -> str:
    """Draw words at a place."""
    place = f"x='{coordinate(x)}' y='{coordinate(y)}' text-anchor='{anchor}'"
    return f"<text {place} font-size='{size}' fill='{paint(colour)}' {_FONT}>{escape(words)}</text>"


def line(x: float, y: float, x2: float, y2: float, colour: str = GREY, width: float = 1.0, dash: str = "") -> str:
    """Draw a straight line."""
    ends = f"x1='{coordinate(x)}' y1='{coordinate(y)}' x2='{coordinate(x2)}' y2='{coordinate(y2)}'"
    dashes = f" stroke-dasharray='{dash}'" if dash else ""
    return f"<line {ends} stroke='{paint(colour)}' stroke-width='{width}'{dashes}/>"


def path(points: Sequence[tuple[float, float]], colour: str = GREY, width: float = 1.0, steps: bool = False) -> str:
    """Draw lines from point to point, straight ones or, in steps, across and then up or down."""
    places = [f"{coordinate(x)},{coordinate(y)}" for x, y in points]
    if steps:
        onwards = "".join(f"H{coordinate(x)}V{coordinate(y)}" for x, y in points[1:])
        drawn = f"M{places[0]}{onwards}"
    else:
        drawn = f"M{'L'.join(places)}"
    return f"<path d='{drawn}' fill='none' stroke='{paint(colour)}' stroke-width='{width}'/>"


def box(x: float, y: float, width: float, height: float, colour: str, filled: bool = False) -> str:
    """Draw a rectangle: its outline, or a pale area."""
    place = f"x='{coordinate(x)}' y='{coordinate(y)}' width='{coordinate(width)}' height='{coordinate(height)}'"
    look = f"fill='{paint(colour)}' fill-opacity='0.3'" if filled else f"fill='none' stroke='{paint(colour)}'"
    return f"<rect {place} {look}/>"


def dot(x: float, y: float, size: float) -> str:
    """Draw a dot through which what lies below can be seen."""
    place = f"cx='{coordinate(x)}' cy='{coordinate(y)}'"
    return f"<circle {place} r='{size}' fill='{paint(INK)}' fill-opacity='0.75'/>"


def marker(x: float, y: float, shape: int, colour: str, size: float = 4.0) -> str:
    """Draw one of seven shapes."""
    if shape % 7 == 0:
        return f"<circle cx='{coordinate(x)}' cy='{coordinate(y)}' r='{size}' fill='{paint(colour)}'/>"
    corners = (
        [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        [(0, -1.3), (1.2, 0.9), (-1.2, 0.9)],
        [(0, -1.4), (1.2, 0), (0, 1.4), (-1.2, 0)],
        [(0, 1.3), (1.2, -0.9), (-1.2, -0.9)],
        [(-1.3, -0.45), (1.3, -0.45), (1.3, 0.45), (-1.3, 0.45)],
        [(-0.45, -1.3), (0.45, -1.3), (0.45, 1.3), (-0.45, 1.3)],
    )[shape % 7 - 1]
    points = " ".join(f"{coordinate(x + 0.9 * size * dx)},{coordinate(y + 0.9 * size * dy)}" for dx, dy in corners)
    return f"<polygon points='{points}' fill='{paint(colour)}'/>"


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return a picture of its parts, with a title for those who do not see it."""
    w, h = coordinate(width), coordinate(height)
    view = f"viewBox='0 0 {w} {h}' width='{w}' height='{h}'"
    name = escape(title)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {view} role='img' aria-label='{name}'>"
    return f"{head}<title>{name}</title>{''.join(parts)}</svg>"


@dataclass(frozen=True)
class Axis:
    """Maps values to places on paper.

    Attributes
    ----------
    low, high
        Range of values.
    start, end
        Where it lies on paper.
    log
        Whether equal ratios have equal lengths.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return round values within the range, with their labels."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            stride = max(1, math.ceil((last - first + 1) / 7))
            return [(10.0**i, power_of_ten(i)) for i in range(first, last + 1, stride)]
        power = 10.0 ** math.floor(math.log10((self.high - self.low) / 2))
        step = next(power * f for f in (0.2, 0.5, 1, 2, 5) if (self.high - self.low) / (power * f) <= 6)
        places = range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return [(i * step, f"{i * step:.6g}") for i in places]


def power_of_ten(exponent: int) -> str:
    """Return a power of ten as an axis shows it: in full where that is short."""
    if -3 <= exponent <= 4:
        return f"{10.0**exponent:,.10g}"
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(d)] if d != "-" else "⁻" for d in str(exponent))


@dataclass(frozen=True)
class Frame:
    """Two axes; y grows upwards."""

    x: Axis
    y: Axis

    def draw(self, across: str, up: str = "") -> list[str]:
        """Draw both axes with their ticks and what they measure, the second in words turned upwards."""
        left, right, bottom, top = self.x.start, self.x.end, self.y.start, self.y.end
        parts = [line(left, bottom, right, bottom), line(left, bottom, left, top)]
        for value, words in self.x.ticks():
            at = self.x(value)
            parts += [line(at, bottom, at, bottom + 4), text(at, bottom + 16, words, 10)]
        for value, words in self.y.ticks():
            at = self.y(value)
            parts += [line(left - 4, at, left, at), text(left - 7, at + 3.5, words, 10, "end")]
        parts.append(text((left + right) / 2, bottom + 35, across))
        if up:
            middle = (bottom + top) / 2
            turned = f"<g transform='rotate(-90 12 {coordinate(middle)})'>"
            parts.append(f"{turned}{text(12, middle + 4, up)}</g>")
        return parts
