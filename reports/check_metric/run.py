"""Checks of measures run one by one, their results as JSON, and the pytest files that pin them down."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
import numpy as np

from reports.check_metric.metric_files import MetricFile
from reports.shared.versions import schema, versions
from theory.conformance import Conformance, Counterexample, PropertyResult, PropertyVerdict, Step, check_metric
from theory.conformance.results import Thing
from theory.errors import InvalidInput
from theory.models import Model

SCHEMA = schema("check-metric", 1)
SCHEMA_OF_SEVERAL = schema("check-metrics", 1)
MARKER = "# Written by `logitbounds check-metric --write-test`"
"""How a pytest file begins that may be written over."""

_TEMPLATES = Path(__file__).parent
_WIDTH = 120  # of the lines of a pytest file
Report = Callable[[str, str, int, int], None]
"""Told the measure, the property that is done, how many of its properties are, and how many were planned."""


@dataclass(frozen=True, eq=False)
class ConformanceRun:
    """Everything that was found out about the measures of a file.

    Attributes
    ----------
    file
        Where they are defined.
    results
        By name, in the order of the file.
    unusable
        Why a measure could not be checked at all, by name.
    budget, seed
        Seconds for each measure, and of the search.
    """

    file: MetricFile
    results: Mapping[str, Conformance]
    unusable: Mapping[str, str]
    budget: float
    seed: int

    @property
    def failed(self) -> bool:
        """Whether some measure has not the properties that it should have, or was not checked to the end."""
        return any(found.failed for found in self.results.values())


def run_checks(file: MetricFile, budget: float = 20.0, seed: int = 0, report: Report | None = None) -> ConformanceRun:
    """Check every measure of a file, one after the other.

    Parameters
    ----------
    file
        The measures.
    budget
        Seconds for each.
    seed
        Of the search.
    report
        Told after each property.

    Raises
    ------
    InvalidInput
        If no measure can be checked: none returns a number on ordinary input.
    """
    results: dict[str, Conformance] = {}
    unusable: dict[str, str] = {}
    for name, metric in file.metrics.items():

        def progress(check: str, done: int, planned: int, name: str = name) -> None:
            if report is not None:
                report(name, check, done, planned)

        try:
            with file.importable():
                results[name] = _printable(check_metric(metric, budget=budget, seed=seed, progress=progress))
        except InvalidInput as error:
            unusable[name] = _plain(str(error))
    if not results:
        raise InvalidInput("; ".join(f"{name}: {why}" for name, why in unusable.items()))
    return ConformanceRun(file, results, unusable, budget, seed)


def _printable(found: Conformance) -> Conformance:
    """Return the same result without what no file and no terminal should get from a measure's own messages."""

    def without(result: PropertyResult) -> PropertyResult:
        example = result.counterexample
        if example is not None:
            values = {
                name: _plain(value) if isinstance(value, str) else value for name, value in example.values.items()
            }
            example = replace(example, values=values)
        return replace(result, message=_plain(result.message), counterexample=example)

    return replace(found, properties={name: without(result) for name, result in found.properties.items()})


def _plain(text: str) -> str:
    """Return text on one line, with an escape for each character that cannot be printed."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))


# --------------------------------------------------------------------------- JSON


def as_json(run: ConformanceRun) -> dict[str, object]:
    """Return the contents of report.json: the object of one measure, or a list of them under "metrics"."""
    about = {"budget": run.budget, "versions": versions()}
    if len(run.file.metrics) == 1:
        (found,) = run.results.values()
        return conformance_json(found) | about
    return {
        "schema": SCHEMA_OF_SEVERAL,
        "metrics": [conformance_json(found) for found in run.results.values()],
        "unusable": dict(run.unusable),
        "failed": run.failed,
        **about,
    }


def conformance_json(found: Conformance) -> dict[str, object]:
    """Return what was found out about one measure; `jsonable` turns what JSON has no word for to null."""
    declared = None if found.declared is None else [name for name in found.planned if name in found.declared]
    return {
        "schema": SCHEMA,
        "metric": found.metric,
        "planned": len(found.planned),
        "ran": len(found.ran),
        "properties": {name: _property_json(found[name]) for name in found.ran},
        "not_run": [name for name in found.planned if name not in found.properties],
        "on": found.on,
        "similarity": found.similarity,
        "declared": declared,
        "overclaims": list(found.overclaims),
        "underclaims": list(found.underclaims),
        "failed": found.failed,
        "seed": found.seed,
        "seconds": round(found.seconds, 3),
        "evaluations": found.evaluations,
    }


def _property_json(result: PropertyResult) -> dict[str, object]:
    return {
        "verdict": str(result.verdict),
        "evidence": None if result.evidence is None else str(result.evidence),
        "trials": result.trials,
        "counterexample": None if result.counterexample is None else _counterexample_json(result.counterexample),
        "message": result.message,
    }


def _counterexample_json(found: Counterexample) -> dict[str, object]:
    return {
        "statement": found.statement,
        "inputs": {name: _thing_json(thing) for name, thing in found.inputs.items()},
        "values": {name: _value_json(value) for name, value in found.values.items()},
        "sequence": [_step_json(step) for step in found.sequence],
        # JSON has no word for these entries, which stand as null among the inputs.
        "not_finite": {name: places for name, thing in found.inputs.items() if (places := _not_finite(thing))},
    }


def _thing_json(thing: Thing) -> object:
    if isinstance(thing, Model):
        return {"embeddings": np.asarray(thing.embeddings), "unembeddings": np.asarray(thing.unembeddings)}
    return np.asarray(thing)


def _not_finite(thing: Thing) -> list[list[object]]:
    """Return the entries of an embedding that are nan or infinite, by their indices; a model has none."""
    if isinstance(thing, Model):
        return []
    array = np.asarray(thing)
    return [[*map(int, place), str(float(array[tuple(place)]))] for place in np.argwhere(~np.isfinite(array))]


def _value_json(value: float | str) -> float | str:
    """Return a number that JSON has a word for, or its name."""
    if isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else str(float(value))


def _step_json(step: Step) -> dict[str, object]:
    return {
        "distance": float(step.distance),
        "value": float(step.value),
        "teacher": _thing_json(step.teacher),
        "student": _thing_json(step.student),
    }


# --------------------------------------------------------------------------- a pytest file


def require_overwritable(path: Path) -> None:
    """Make sure that a pytest file may be written to a path.

    Raises
    ------
    InvalidInput
        If it is not called like a Python file, or something is there that was not written by `pytest_file`.
    """
    if path.suffix != ".py":
        raise InvalidInput(f"--write-test: expected the name of a Python file (.py), saw '{path}'")
    if not path.exists():
        return
    if not path.is_file():
        raise InvalidInput(f"--write-test: '{path}' is not a file")
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            first = stream.readline()
    except OSError as error:
        raise InvalidInput(f"--write-test: '{path}' cannot be read ({error.strerror})") from None
    if not first.startswith(MARKER):
        raise InvalidInput(f"--write-test: '{path}' is there already and was not written by this option; it is kept")


def pytest_file(run: ConformanceRun, path: Path) -> str:
    """Return a pytest file in which what holds is asserted, and what fails is expected to.

    Parameters
    ----------
    run
        What was found out. Properties that are inconclusive, say nothing or were not checked are left out.
    path
        Where the file will be: it loads the measures by their path from there.
    """
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    # No escaping: this is Python, and every value is a literal, a name or a comment by the time it gets there.
    environment = jinja2.Environment(
        loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    cases = [_Pinned.of(name, found) for name, found in run.results.items()]
    return environment.get_template("metric_test.py.txt").render(
        marker=MARKER,
        built_in=run.file.built_in,
        place=_relative(run.file.path, path),
        own_modules=len(run.file.sources) > 1,
        cases=[(case, name) for case, name in zip(cases, _test_names(list(run.results)), strict=True)],
        unusable=[_comment(f"{name} could not be checked: {why}") for name, why in run.unusable.items()],
        budget=repr(run.budget),
        seed=repr(run.seed),
    )


@dataclass(frozen=True)
class _Pinned:
    """What a pytest file says of one measure, in Python.

    Attributes
    ----------
    name
        A literal.
    holds
        Names of the properties that hold or fail.
    expected
        A line for each one that fails, with the reason.
    comments
        On what is left out.
    """

    name: str
    properties: tuple[str, ...]
    expected: tuple[str, ...]
    comments: tuple[str, ...]

    @classmethod
    def of(cls, name: str, found: Conformance) -> _Pinned:
        verdicts = PropertyVerdict
        decided = [p for p in found.ran if found[p].verdict in (verdicts.HOLDS, verdicts.FAILS)]
        left_out = [
            f"{p}, {str(found[p].verdict).replace('_', ' ')}: {found[p].message}" for p in found.ran if p not in decided
        ]
        left_out += [f"{p}, for which there was no time" for p in found.planned if p not in found.properties]
        return cls(
            _literal(name),
            tuple(decided),
            tuple(_entry(p, found[p].message) for p in found.of_verdict(verdicts.FAILS)),
            tuple(_comment(f"Left out: {line}") for line in left_out),
        )


def _entry(name: str, reason: str) -> str:
    """Return an item of a dictionary, on several lines where the reason is long."""
    text = " ".join(reason.split())
    line = f"        {_literal(name)}: {_literal(text)},"
    if len(line) <= _WIDTH:
        return line
    pieces = textwrap.wrap(text, _WIDTH - 16, drop_whitespace=False, break_on_hyphens=False)
    return "\n".join([f"        {_literal(name)}: (", *(f"            {_literal(p)}" for p in pieces), "        ),"])


def _literal(text: str) -> str:
    """Return a string in double quotes where that takes no escapes."""
    found = repr(text)
    return f'"{found[1:-1]}"' if found[0] == "'" and '"' not in found and "\\'" not in found else found


def _comment(text: str) -> str:
    """Return text as comments, whatever is in it."""
    return "\n".join(f"# {line}" for line in textwrap.wrap(_plain(text), _WIDTH - 2, subsequent_indent="  "))


def _test_names(names: list[str]) -> list[str]:
    """Return a name of a test function for each measure, all different."""
    found: list[str] = []
    for name in names:
        candidate = f"test_{re.sub(r'[^A-Za-z0-9_]+', '_', name)}"
        while candidate in found:
            candidate += "_"
        found.append(candidate)
    return found


def _relative(path: Path, test: Path) -> str:
    """Return the expression for a file's path from a test file, which moves with both where that is possible."""
    try:
        beside = Path(os.path.relpath(path, test.resolve().parent)).as_posix()
    except ValueError:  # on different drives
        return f"Path({_literal(str(path))})"
    return f"Path(__file__).resolve().parent / {_literal(beside)}"
