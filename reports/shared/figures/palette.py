"""The colours of pages and of figures, each said once: templates get theirs from here as CSS custom properties.

Series of data have Okabe and Ito's colours, told apart by colour-blind readers; what a colour says, a shape or a word
says too. They stand out from white paper and from dark ground alike. Ink, paper and the greys between follow the ground
of the page: figures name them as custom properties, so that one figure is read on either.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Without Okabe and Ito's yellow, which vanishes on white paper.
BLUE, VERMILION, GREEN, PURPLE, AMBER, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
RED = "#D00000"
"""Violations alone, which are crosses too."""

LIGHT: Mapping[str, str] = MappingProxyType({
    "ink": "#1a1a1a", "paper": "#ffffff", "muted": "#636363", "line": "#d8d8d8", "soft": "#f5f5f2",
    "ok": "#00674c", "bad": "#b3430b", "unsure": "#5a4a00", "caution": "#a58300", "accent": BLUE,
})  # fmt: skip
"""Custom properties by name, on white paper."""

DARK: Mapping[str, str] = MappingProxyType({
    "ink": "#e6e6e3", "paper": "#16181b", "muted": "#a3a5a8", "line": "#3c4045", "soft": "#22262a",
    "ok": "#4fc79e", "bad": "#ff9566", "unsure": "#dcc265", "caution": "#b89520", "accent": "#3d9bd6",
})  # fmt: skip
"""The same on dark ground."""

INK, PAPER, GREY, FAINT = LIGHT["ink"], LIGHT["paper"], LIGHT["muted"], LIGHT["line"]
_FOLLOWING = {LIGHT[name]: f"var(--{name}, {LIGHT[name]})" for name in ("ink", "paper", "muted", "line")}

SERIES = (BLUE, VERMILION, GREEN, PURPLE, AMBER, SKY, INK)
"""Of losses, labels or regimes in the order of the figure."""

LABELS = (INK, AMBER, SKY, GREEN, "#A39500", BLUE, VERMILION, PURPLE, "#909090", "#8A5FC0")
"""Of the labels of data, of which ten are common; figures name each beside its points."""


def paint(colour: str) -> str:
    """Return a colour as a figure in a page writes it: ink, paper and greys follow the ground of the page."""
    return _FOLLOWING.get(colour, colour)


def following(drawing: str) -> str:
    """Return an SVG whose ink, paper and greys, written as numbers, follow the ground of the page."""
    for colour, named in _FOLLOWING.items():
        drawing = drawing.replace(f": {colour}", f": {named}")
    return drawing


def css() -> str:
    """Return the custom properties as a style sheet, for light ground and, on screens that ask for it, for dark."""
    light, dark = (" ".join(f"--{name}: {colour};" for name, colour in ground.items()) for ground in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )
