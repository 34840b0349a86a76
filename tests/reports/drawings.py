"""What stands in a drawing as a page carries it: its words and marks, where they are, and what they look like."""

import re
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"-?[\d.]+"
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


class Word(NamedTuple):
    """A line of words, and the box that their ink fills."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Word") -> bool:
        """Return whether the boxes have a point in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Mark(NamedTuple):
    """A mark of a series."""

    x: float
    y: float
    shape: str
    fill: str
    stroke: str

    @property
    def hollow(self) -> bool:
        """Whether it shows the paper inside."""
        return "--paper" in self.fill


class Drawing:
    """A drawing of matplotlib, read from its SVG."""

    def __init__(self, svg: str) -> None:
        root = ElementTree.fromstring(svg)
        self.width, self.height = map(float, root.attrib["viewBox"].split()[2:])
        shapes = {path.get("id"): path.attrib["d"] for path in root.iter(f"{SVG}path") if path.get("id")}
        self.words = [_word(one) for one in root.iter(f"{SVG}text") if "".join(one.itertext()).strip()]
        placed = [_mark(one, shapes) for one in root.iter(f"{SVG}use")]
        self.marks = [mark for mark in placed if mark.stroke]  # areas have no outline

    def off_the_paper(self) -> list[Word | Mark]:
        """Return words that are not whole, and marks whose middle is not on the paper."""
        cut = [w for w in self.words if not (w.left >= 0 and w.top >= 0 and w.right <= self.width)]
        cut += [w for w in self.words if w.bottom > self.height and w not in cut]
        lost = [m for m in self.marks if not (0 <= m.x <= self.width and 0 <= m.y <= self.height)]
        return [*cut, *lost]

    def meeting(self) -> list[tuple[str, str]]:
        """Return words that run into each other."""
        return [(a.text, b.text) for a, b in combinations(self.words, 2) if a.meets(b)]


def _style(element: ElementTree.Element) -> dict[str, str]:
    pairs = (one.partition(":") for one in element.get("style", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _word(element: ElementTree.Element) -> Word:
    words, style = "".join(element.itertext()), _style(element)
    size = float(style["font-size"].removesuffix("px"))
    font = FontProperties(family="DejaVu Sans", weight=int(style.get("font-weight", 400)))
    ink = TextPath((0, 0), words, size=size, prop=font).get_extents()
    moved = ANCHORS[style.get("text-anchor", "start")] * ink.width
    left, right, up, down = ink.x0 - moved, ink.x1 - moved, ink.y1, ink.y0
    place = element.attrib["transform"]
    turned = re.search(rf"rotate\(({NUMBER})", place)
    translated = re.search(rf"translate\(({NUMBER})[ ,]+({NUMBER})\)", place)
    x, y = (float(translated[i]) for i in (1, 2)) if translated else (float(element.attrib[i]) for i in "xy")
    if turned is not None and float(turned[1]) == -90:
        return Word(words, x - up, y - right, x - down, y - left)
    assert turned is None or float(turned[1]) == 0, place
    return Word(words, x + left, y - up, x + right, y - down)


def _mark(element: ElementTree.Element, shapes: dict[str | None, str]) -> Mark:
    style = _style(element)
    shape = shapes[element.attrib["href"].removeprefix("#")]
    place = float(element.attrib["x"]), float(element.attrib["y"])
    return Mark(*place, shape, style.get("fill", ""), style.get("stroke", ""))
