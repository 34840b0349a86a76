"""What all pages share: the template environment, numbers to be read, and formulas from text that is not trusted."""

from __future__ import annotations

import hashlib
import html
import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import jinja2
import numpy as np
from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

from reports.shared.figures.palette import css
from theory.errors import InvalidInput
from theory.search.notation import entry

_SHARED = Path(__file__).parent  # base.html, which every page extends, lies here
_ROWS = 6  # rows of a counterexample's matrices that a page shows
_AS_LONG_AS_ROUNDED = 7  # characters of an exact number that is shown as it is: six digits and their point are as many
_CERTAIN = 4  # digits of a bound, the last one rounded to the side on which it stays one
_LONGEST = 80  # characters of a name in a file's: with a hash and an ending far below the 255 that file systems take
_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$(.+?)(?<!\\)\$|:math:`(.+?)`", re.DOTALL)
# Of MathML, what lays formulas out. LaTeX also knows \href and \style, which have no business in a claim.
_ATTRIBUTES = frozenset(
    (
        *("accent", "accentunder", "close", "columnalign", "columnlines", "columnspacing", "columnspan", "depth"),
        *("display", "displaystyle", "fence", "form", "height", "largeop", "linethickness", "lspace", "mathbackground"),
        *(
            "mathcolor",
            "mathsize",
            "mathvariant",
            "maxsize",
            "minsize",
            "movablelimits",
            "notation",
            "open",
            "rowlines",
        ),
        *("rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width", "xmlns"),
    )
)


def mathml(latex: str) -> str:
    """Return a formula as MathML, which browsers render without help; nothing but MathML, whatever the formula says.

    Raises
    ------
    InvalidInput
        If it is no LaTeX.
    """
    try:
        tree = convert_to_element(latex)
    except Exception as error:  # the converter raises what its parser happens to stumble over
        raise InvalidInput(f"latex: expected a formula, saw {latex!r} ({type(error).__name__})") from None
    _made_safe(tree)
    return tostring(tree, encoding="unicode")


def _made_safe(element: Element) -> None:
    for attribute in set(element.attrib) - _ATTRIBUTES:
        del element.attrib[attribute]
    # The converter writes character references as text; as characters they survive escaping.
    element.text = html.unescape(element.text) if element.text else element.text
    element.tail = html.unescape(element.tail) if element.tail else element.tail
    for child in element:
        _made_safe(child)


def prose(text: str) -> Markup:
    """Return text as paragraphs, escaped, with what stands between dollar signs as formulas where it is one."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("\n").join(Markup("<p>{}</p>").format(phrase(paragraph)) for paragraph in paragraphs)


def phrase(text: str) -> Markup:
    """Return a line of text, escaped, with its formulas."""
    found, start = Markup(""), 0
    for match in _FORMULA.finditer(text):
        try:
            formula = Markup(mathml(next(group for group in match.groups() if group is not None)))
        except InvalidInput:
            formula = Markup("<code>{}</code>").format(match[0])
        found += escape(text[start : match.start()]) + formula
        start = match.end()
    return found + escape(text[start:])


def number(value: float | None) -> str:
    """Return a number with four significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.3e}"


def at_most(value: float) -> str:
    """Return a number with four digits that is no smaller; infinity where there is none."""
    if math.isinf(value):
        return "∞"
    return f"{Context(prec=_CERTAIN, rounding=ROUND_CEILING).create_decimal_from_float(value):.{_CERTAIN}g}"


def at_least(value: float) -> str:
    """Return a number with four digits that is no larger."""
    return f"{Context(prec=_CERTAIN, rounding=ROUND_FLOOR).create_decimal_from_float(value):.{_CERTAIN}g}"


def readable(value: float) -> str:
    """Return a number as an integer or a small fraction where it is one, else with six digits."""
    exact = entry(float(value) + 0.0)  # no negative zeros
    return exact if len(exact) <= _AS_LONG_AS_ROUNDED else f"{value:.6g}"


def slug(name: str) -> str:
    """Return a name that is safe for a file and for an anchor of a page; different names stay different."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", name)
    if safe == name and 0 < len(name) <= _LONGEST:
        return name
    return f"{safe[:_LONGEST].strip('_') or 'claim'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def matrix(array: np.ndarray) -> str:
    """Return the first rows of a matrix as text."""
    rows = ["  ".join(f"{value: .4g}" for value in row) for row in array[:_ROWS]]
    return "\n".join(rows + ([f"… {len(array) - _ROWS} more rows"] if len(array) > _ROWS else []))


def environment(folder: Path) -> jinja2.Environment:
    """Return the environment of the templates in a command's folder, escaping everything that is not marked safe."""
    loader = jinja2.FileSystemLoader([folder, _SHARED])
    found = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.globals["palette"] = Markup(css())  # colours alone, which are ours
    found.filters["number"] = number
    found.filters["matrix"] = matrix
    found.filters["mathml"] = lambda latex: Markup(mathml(latex))
    found.filters["prose"] = prose
    found.filters["phrase"] = phrase
    return found
