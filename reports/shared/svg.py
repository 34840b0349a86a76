"""Elements of small pictures, written as SVG without a plotting library: any installation can draw them.

Colours are Okabe and Ito's, told apart by colour-blind readers; what a colour says, a shape or a word says too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

BLUE, ORANGE, GREEN, PURPLE, GREY, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666", "#56B4E9"
_FONT = "font-family='system-ui, sans-serif'"


def coordinate(value: float) -> str:
    """Return a coordinate to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: str, size: float = 11, anchor: str = "middle", colour: str = "#1a1a1a") -> str:
    """Draw words at a place."""
    place = f"x='{coordinate(x)}' y='{coordinate(y)}' text-anchor='{anchor}'"
    return f"<text {place} font-size='{size}' fill='{colour}' {_FONT}>{escape(words)}</text>"


def line(x: float, y: float, x2: float, y2: float, colour: str = GREY, width: float = 1.0, dash: str = "") -> str:
    """Draw a straight line."""
    ends = f"x1='{coordinate(x)}' y1='{coordinate(y)}' x2='{coordinate(x2)}' y2='{coordinate(y2)}'"
    dashes = f" stroke-dasharray='{dash}'" if dash else ""
    return f"<line {ends} stroke='{colour}' stroke-width='{width}'{dashes}/>"


def marker(x: float, y: float, shape: int, colour: str, size: float = 4.0) -> str:
    """Draw one of seven shapes."""
    if shape % 7 == 0:
        return f"<circle cx='{coordinate(x)}' cy='{coordinate(y)}' r='{size}' fill='{colour}'/>"
    corners = (
        [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        [(0, -1.3), (1.2, 0.9), (-1.2, 0.9)],
        [(0, -1.4), (1.2, 0), (0, 1.4), (-1.2, 0)],
        [(0, 1.3), (1.2, -0.9), (-1.2, -0.9)],
        [(-1.3, -0.45), (1.3, -0.45), (1.3, 0.45), (-1.3, 0.45)],
        [(-0.45, -1.3), (0.45, -1.3), (0.45, 1.3), (-0.45, 1.3)],
    )[shape % 7 - 1]
    points = " ".join(f"{coordinate(x + 0.9 * size * dx)},{coordinate(y + 0.9 * size * dy)}" for dx, dy in corners)
    return f"<polygon points='{points}' fill='{colour}'/>"


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return a picture of its parts, with a title for those who do not see it."""
    w, h = coordinate(width), coordinate(height)
    box = f"viewBox='0 0 {w} {h}' width='{w}' height='{h}'"
    name = escape(title)
    return f"<svg xmlns='http://www.w3.org/2000/svg' {box} role='img'><title>{name}</title>{''.join(parts)}</svg>"


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
            return [(10.0**i, _power(i)) for i in range(first, last + 1, stride)]
        power = 10.0 ** math.floor(math.log10((self.high - self.low) / 2))
        step = next(power * f for f in (0.2, 0.5, 1, 2, 5) if (self.high - self.low) / (power * f) <= 6)
        places = range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return [(i * step, f"{i * step:.6g}") for i in places]


def _power(exponent: int) -> str:
    if -3 <= exponent <= 4:
        return f"{10.0**exponent:,.10g}"
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(d)] if d != "-" else "⁻" for d in str(exponent))
