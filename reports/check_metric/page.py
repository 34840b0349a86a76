"""The page of `logitbounds check-metric`: every property with its verdict, and what fails with its counterexample."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from reports.check_metric.run import ConformanceRun, as_json
from reports.shared.figures import svg
from reports.shared.figures.palette import BLUE, VERMILION
from reports.shared.files import write_json
from reports.shared.rendering import environment, readable, slug
from reports.shared.versions import versions
from theory.claims import Metric
from theory.conformance import PROPERTIES, Conformance, Counterexample, PropertyResult, PropertyVerdict, Step
from theory.conformance.results import Thing
from theory.files import write_whole
from theory.models import Model

_ROWS, _COLUMNS = 12, 10  # of a matrix that the page shows
WORDS = {"holds": "holds", "fails": "fails", "inconclusive": "inconclusive", "not_applicable": "not applicable"}
_COLOURS = {"holds": "ok", "fails": "bad", "inconclusive": "unsure", "not_applicable": "muted"}
_FAMILIES = {
    "axioms": "Axioms",
    "invariances": "Invariances",
    "distributions": "Distributions, and what controls the measure",
    "behaviour": "Behaviour as a program",
}
_EXPONENTS = (-307, 308)  # powers of ten that are ordinary floats
_SECTION = re.compile(r"\n\s*\n\w+\n-{3,}")  # of a docstring: what stands above the first one says what is measured


def kind_of(found: Conformance) -> str:
    """Return what a measure is, in words."""
    return f"a {'similarity' if found.similarity else 'distance'} of {found.on}"


def mark_of(found: Conformance, name: str) -> str:
    """Return how a property stands to what the measure declares: a word or two, or none.

    The words are "over-claim" where it is declared and fails, "under-claim" where it holds and others are declared, and
    "declared" for the other properties that are declared.
    """
    if name in found.overclaims:
        return "over-claim"
    if name in found.underclaims:
        return "under-claim"
    return "declared" if name in (found.declared or ()) else ""


def summary(found: Conformance) -> str:
    """Return how many properties have which verdict, in words."""
    counts = [(len(found.of_verdict(verdict)), WORDS[verdict]) for verdict in PropertyVerdict]
    plural = {"holds": "hold", "fails": "fail"}
    return ", ".join(f"{count} {word if count == 1 else plural.get(word, word)}" for count, word in counts if count)


# --------------------------------------------------------------------------- a picture


def picture(steps: Sequence[Step], distance: str, measure: str) -> str:
    """Draw a sequence of pairs, distance against measure, both axes logarithmic.

    Parameters
    ----------
    steps
        The pairs. Those whose distance or value is not positive, or barely a float, are left out.
    distance, measure
        What the axes are called.

    Returns
    -------
    str
        An SVG, or nothing where no pair can be drawn.
    """
    points = sorted(
        (step.distance, step.value)
        for step in steps
        if all(10.0 ** _EXPONENTS[0] <= x <= 10.0 ** _EXPONENTS[1] for x in (step.distance, step.value))
    )
    if not points:
        return ""
    width, height = 620.0, 280.0
    x = svg.Axis(*_decades([point[0] for point in points]), 76, width - 20, log=True)
    y = svg.Axis(*_decades([point[1] for point in points]), height - 44, 16, log=True)
    parts = svg.Frame(x, y).draw(distance, measure)
    least = min(value for _, value in points)
    parts += [
        svg.line(x.start, y(least), x.end, y(least), VERMILION, 1, "5 3"),
        svg.text(x.end, y(least) - 7, f"least: {least:.3g}", 11, "end"),
        svg.path([(x(d), y(value)) for d, value in points]),
    ]
    parts += [svg.marker(x(d), y(value), 0, BLUE) for d, value in points]
    return svg.picture(width, height, "The measure against the distance, along the sequence", parts)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Return powers of ten around positive numbers, at least two apart."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    if high - low < 2:
        low, high = low - (high - low < 1), high + 1
    first, last = _EXPONENTS
    low = max(first, min(low, last - 2))
    return 10.0**low, 10.0 ** min(max(high, low + 2), last)


# --------------------------------------------------------------------------- counterexamples


@dataclass(frozen=True, eq=False)
class _Table:
    """A matrix as the page shows it."""

    name: str
    size: str
    rows: tuple[tuple[str, ...], ...]
    left_out: str


def _table(name: str, array: np.ndarray) -> _Table:
    array = np.asarray(array)
    size = f"{len(array)} entries" if array.ndim == 1 else " × ".join(map(str, array.shape)) or "a number"
    flat = np.atleast_2d(array) if array.ndim <= 2 else array.reshape(len(array), -1)
    shown = flat[:_ROWS, :_COLUMNS]
    words = [
        f"{total - most} more {what}"
        for total, most, what in zip(flat.shape, (_ROWS, _COLUMNS), ("rows", "columns"), strict=True)
        if total > most
    ]
    kind = "" if array.dtype == np.float64 else f", {array.dtype}"
    rows = tuple(tuple(readable(float(value)) for value in row) for row in shown)
    return _Table(name, size + kind, rows, " and ".join(words))


def _tables(name: str, thing: Thing) -> list[_Table]:
    if isinstance(thing, Model):
        return [
            _table(f"{name}, embeddings", np.asarray(thing.embeddings)),
            _table(f"{name}, unembeddings", np.asarray(thing.unembeddings)),
        ]
    return [_table(name, thing)]


@dataclass(frozen=True, eq=False)
class _Shown:
    """A property that fails, as the page shows it."""

    result: PropertyResult
    definition: str
    statement: str
    values: tuple[tuple[str, str], ...]
    tables: tuple[_Table, ...]
    steps: tuple[Step, ...]
    closeness: str
    picture: Markup


def _shown(found: Conformance, result: PropertyResult) -> _Shown:
    example = result.counterexample or Counterexample("")
    tables = [table for name, thing in example.inputs.items() for table in _tables(name, thing)]
    values = [(name, value if isinstance(value, str) else repr(float(value))) for name, value in example.values.items()]
    closeness = "KL(a ‖ b)" if result.name == "controlled_by_kl" else "logit distance of a and b"
    measure = "maximum − f(a, b)" if found.similarity else "f(a, b)"
    return _Shown(
        result, definition_of(result.name), example.statement, tuple(values), tuple(tables), example.sequence,
        closeness, Markup(picture(example.sequence, closeness, measure)),
    )  # fmt: skip


def definition_of(name: str) -> str:
    """Return what a property says, in a line or two."""
    return PROPERTIES[name].definition.split("\n\n")[0] if name in PROPERTIES else ""


# --------------------------------------------------------------------------- the page


@dataclass(frozen=True, eq=False)
class _Part:
    """What the page says of one measure."""

    found: Conformance
    anchor: str
    families: tuple[tuple[str, tuple[PropertyResult, ...]], ...]
    failures: tuple[_Shown, ...]
    described: str
    source: str


def _part(name: str, metric: Metric, found: Conformance) -> _Part:
    results = [found[each] for each in found.ran]
    families = [
        (heading, tuple(result for result in results if _family(result.name) == family))
        for family, heading in (_FAMILIES | {"": "Others"}).items()
    ]
    failures = [_shown(found, result) for result in results if result.verdict is PropertyVerdict.FAILS]
    return _Part(
        found, slug(name), tuple((heading, group) for heading, group in families if group), tuple(failures),
        _SECTION.split(inspect.getdoc(metric.function) or "")[0], _source_of(metric),
    )  # fmt: skip


def _family(name: str) -> str:
    family = PROPERTIES[name].family if name in PROPERTIES else ""
    return family if family in _FAMILIES else ""


def _source_of(metric: Metric) -> str:
    try:
        return inspect.cleandoc("\n" + inspect.getsource(metric.function))
    except (OSError, TypeError):  # made by exec, built in, or its file has gone
        return ""


def _environment() -> Any:
    found = environment(Path(__file__).parent)
    found.filters["mark"] = lambda name, conformance: mark_of(conformance, name)
    found.filters["kind"] = kind_of
    found.filters["summary"] = summary
    found.filters["definition"] = definition_of
    found.globals.update(words=WORDS, colours=_COLOURS)
    return found


def render(run: ConformanceRun) -> str:
    """Return index.html."""
    parts = [_part(name, run.file.metrics[name], found) for name, found in run.results.items()]
    page = _environment().get_template("page.html").render(run=run, parts=parts, versions=versions())
    return str(page).encode("utf-8", "backslashreplace").decode()  # names of files need be no text


def write_report(run: ConformanceRun, out: Path, extra_json: Path | None = None) -> Path:
    """Write the page and report.json, and the JSON once more where asked to; return the page."""
    data = as_json(run)
    write_json(out / "report.json", data)
    if extra_json is not None:
        write_json(extra_json, data)
    write_whole(out / "index.html", render(run))
    return out / "index.html"
