"""The audit: every measure examined, what is found set against what is declared, implementations compared."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from reports.audit.adapters import EXTRA, Adapter, Declaration, Package, Range
from reports.audit.differential import (
    OURS,
    Answer,
    Case,
    Comparison,
    Group,
    ask,
    embedding_cases,
    groups,
    model_cases,
    summarised,
)  # fmt: skip
from reports.audit.packages import all_adapters, all_packages
from reports.shared.versions import schema, versions
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, Counterexample, PropertyResult, PropertyVerdict, check_metric
from theory.conformance.inputs import pairs
from theory.conformance.results import Thing
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.models import Model
from theory.workers import Lost, Pool

SCHEMA = schema("audit", 1)
Standing = Literal[
    "over-claim", "within rounding", "as declared", "under-claim", "better than declared", "not settled", ""
]
"""How what is found stands to what is declared; nothing where nothing is declared and nothing holds beyond it."""

Report = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""

_OF_INTEREST = frozenset(PROPERTY_NAMES[: PROPERTY_NAMES.index("separates_distributions")])  # axioms and invariances
_FATAL = frozenset({"rejects_nan", "handles_degenerate"})
_RANGE_PAIRS = 60
SMALL = 1e-5
"""Relative violations below this are of single precision, or of the root of the rounding error of double."""


@dataclass(frozen=True)
class RangeFound:
    """Values of a measure against the interval that its documentation names.

    Attributes
    ----------
    low, high
        Of the values on ordinary input.
    trials
        How many values there were.
    outside
        How many lay outside.
    worst
        The pair whose value lies furthest outside, and the value.
    """

    low: float
    high: float
    trials: int
    outside: int
    worst: tuple[Thing, Thing, float] | None = None


@dataclass(frozen=True)
class Audited:
    """What became of one measure.

    Attributes
    ----------
    adapter, version
        The measure, and of its package.
    found
        What the checks found, or None where there was nothing to check.
    range
        Where a range is declared.
    why
        Why it could not be checked, if so.
    scale
        Median of |f| over ordinary inputs, beside which a violation is large or small.
    """

    adapter: Adapter
    version: str | None
    found: Conformance | None
    range: RangeFound | None = None
    why: str = ""
    scale: float = 0.0

    def standing(self, name: str) -> Standing:
        """Return how what was found of a property stands to what is declared of it."""
        if self.found is None or name not in self.found.properties:
            return ""
        found, size = standing(self.adapter, name, self.found[name].verdict), self.size(name)
        return "within rounding" if found == "over-claim" and size is not None and size < SMALL else found

    @property
    def overclaims(self) -> tuple[str, ...]:
        """Properties that are declared to hold and fail; not those that fail as special cases of another."""
        failing = (name for name in PROPERTY_NAMES if self.standing(name) == "over-claim")
        return tuple(name for name in failing if name in self.adapter.declared)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Properties that were planned and for which the time ran out."""
        return tuple(name for name in self.found.planned if name not in self.found.properties) if self.found else ()

    @property
    def underclaims(self) -> tuple[str, ...]:
        """Axioms and invariances that hold and are not declared, although others are; and better than declared."""
        return tuple(name for name in PROPERTY_NAMES if self.standing(name) in ("under-claim", "better than declared"))

    def size(self, name: str) -> float | None:
        """Return how large the violation of a property is, relative to the values or to the scale of the measure."""
        example = self.found[name].counterexample if self.found is not None else None
        values = example.values.values() if example else ()
        numbers = [value for value in values if isinstance(value, float | int)][:2]
        if not numbers or not all(np.isfinite(numbers)):
            return None
        if name == "bounded_by_one":
            return max(abs(numbers[0]) - 1, 0.0) / max(abs(numbers[0]), self.scale)
        if len(numbers) == 1:
            return abs(numbers[0]) / max(abs(numbers[0]), self.scale)
        return abs(numbers[0] - numbers[1]) / max(*map(abs, numbers), self.scale)

    @property
    def out_of_range(self) -> bool:
        """Whether values lie outside of the declared range."""
        return self.range is not None and self.range.outside > 0


def standing(adapter: Adapter, name: str, verdict: PropertyVerdict) -> Standing:
    """Return how a verdict on a property stands to what an adapter's package declares.

    Notes
    -----
    A property that fails and that nobody declared is no fault and has no standing. One that holds undeclared is an
    under-claim only for axioms and invariances, and only where the documentation speaks of some other property: a
    package that declares nothing has not left one out.
    """
    declared = adapter.declares(name)
    if verdict is PropertyVerdict.NOT_APPLICABLE:
        return ""
    if declared is None:
        silent = not any(said.holds for said in adapter.declared.values())
        return "under-claim" if verdict is PropertyVerdict.HOLDS and name in _OF_INTEREST and not silent else ""
    if verdict is PropertyVerdict.INCONCLUSIVE:
        return "not settled"
    if declared.holds:
        return "as declared" if verdict is PropertyVerdict.HOLDS else "over-claim"
    return "as declared" if verdict is PropertyVerdict.FAILS else "better than declared"


@dataclass(frozen=True)
class AuditRun:
    """Everything that an audit found.

    Attributes
    ----------
    measures
        Of the packages that are installed.
    comparisons
        Of implementations of one name.
    missing
        Packages that are not installed.
    budget, seed, only
        What was asked for.
    seconds, date
        Of the run.
    """

    measures: tuple[Audited, ...]
    comparisons: tuple[Comparison, ...]
    missing: tuple[Package, ...]
    budget: float
    seed: int
    only: str | None = None
    seconds: float = 0.0
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of everything that a number here depends on."""
        found = {audited.adapter.package.name: audited.version or "unknown" for audited in self.measures}
        members = (member for one in self.comparisons for member in one.group.members if member.package != OURS)
        found |= {member.package.name: member.package.version or "unknown" for member in members}
        torch = Package("torch", "torch")
        if torch.version:
            found["torch"] = torch.version
        return versions() | dict(sorted(found.items(), key=lambda item: item[0].lower()))

    @property
    def platform(self) -> str:
        """The machine, as far as numbers depend on it."""
        return f"{platform.system()} {platform.machine()}"


# --------------------------------------------------------------------------- running


def run_audit(
    budget: float = 10.0,
    seed: int = 0,
    only: str | None = None,
    report: Report | None = None,
    adapters: Sequence[Adapter] | None = None,
    compared: Sequence[Group] | None = None,
) -> AuditRun:
    """Examine every measure whose package is installed, and compare implementations of one name.

    Parameters
    ----------
    budget
        Seconds for each measure.
    seed
        Of everything drawn.
    only
        A package: its measures alone, and the groups that it has a part in.
    report
        Told at each step.
    adapters, compared
        What to audit in place of the whole catalogue.

    Raises
    ------
    InvalidInput
        If `only` is no audited package, or nothing that is to be audited is installed.
    """
    began = time.monotonic()
    known = {adapter.package.name: adapter.package for adapter in adapters or all_adapters()}
    if only is not None and only not in known:
        raise InvalidInput(f"--only: expected one of {', '.join(known)}, saw '{only}'")
    wanted = [one for one in adapters or all_adapters() if only in (None, one.package.name)]
    chosen = [one for one in wanted if one.package.installed]
    missing = tuple(package for name, package in known.items() if only in (None, name) and not package.installed)
    if not chosen:
        install = missing[0].install if only is not None else EXTRA
        raise InvalidInput(f"nothing to audit is installed ({', '.join(p.name for p in missing)}): {install}")
    selected = [
        group for group in (groups() if compared is None else compared)
        if only is None or any(member.package.name == only for member in group.members)
    ]  # fmt: skip
    steps = len(chosen) + len(selected)

    def tell(name: str, done: int) -> None:
        if report is not None:
            report(name, done, steps)

    measures, comparisons = [], []
    with Pool(1, silent=True) as room:
        for done, adapter in enumerate(chosen):
            tell(adapter.key, done)
            measures.append(examine(adapter, budget, seed, room))
        cases = {"embeddings": embedding_cases(seed), "models": model_cases(seed)}
        for done, group in enumerate(selected):
            tell(group.name, len(chosen) + done)
            comparisons.append(compare(group, cases[group.on], room))
    tell("", steps)
    return AuditRun(tuple(measures), tuple(comparisons), missing, budget, seed, only, time.monotonic() - began)


def examine(adapter: Adapter, budget: float, seed: int, room: Pool) -> Audited:
    """Check one measure; what kills the process is found out property by property."""
    version = adapter.package.version
    try:
        found, seen, scale = room.call(_examine, adapter, budget, seed, None, seconds=4 * budget + 120)
        return Audited(adapter, version, found, seen, scale=scale)
    except InvalidInput as error:
        return Audited(adapter, version, None, why=str(error))
    except ImportError as error:
        return Audited(adapter, version, None, why=f"its package does not import: {error}")
    except Lost:
        return _piecemeal(adapter, budget, seed, room)


def _examine(
    adapter: Adapter, budget: float, seed: int, properties: Sequence[str] | None
) -> tuple[Conformance, RangeFound | None, float]:
    # Imports and compilers take their time here, outside of the budget.
    values = [ask(adapter.function, X, Y).value for X, Y in pairs(adapter.on, seed, 12, equal=True)]
    scale = float(np.median([abs(value) for value in values if value is not None] or [0.0]))
    found = check_metric(adapter.metric, properties=properties, budget=budget, seed=seed)
    whole = adapter.range is not None and properties is None
    return found, _range_of(adapter, seed) if whole else None, scale


def _range_of(adapter: Adapter, seed: int) -> RangeFound | None:
    declared = adapter.range
    assert declared is not None
    values, worst, outside = [], None, 0
    drawn = [*pairs(adapter.on, seed + 2, _RANGE_PAIRS), *pairs(adapter.on, seed + 3, _RANGE_PAIRS, equal=True)]
    for X, Y in drawn:
        value = ask(adapter.function, X, Y).value
        if value is None:
            continue
        values.append(value)
        if value not in declared:
            outside += 1
            if worst is None or _excess(declared, value) > _excess(declared, worst[2]):
                worst = (X, Y, value)
    return RangeFound(min(values), max(values), len(values), outside, worst) if values else None


def _excess(declared: Range, value: float) -> float:
    return max(declared.low - value, value - declared.high)


def _piecemeal(adapter: Adapter, budget: float, seed: int, room: Pool) -> Audited:
    results: dict[str, PropertyResult] = {}
    base: Conformance | None = None
    scale = 0.0
    for name in PROPERTY_NAMES:
        try:
            base, _, scale = room.call(_examine, adapter, budget / 2, seed, [name], seconds=4 * budget + 120)
            results |= base.properties
        except Lost as error:
            results[name] = _fatal(adapter, name, str(error), room)
        except (InvalidInput, ImportError) as error:
            return Audited(adapter, adapter.package.version, None, why=str(error))
    found = replace(base, planned=PROPERTY_NAMES, properties=results) if base is not None else None
    seen = None
    if adapter.range is not None:
        with contextlib.suppress(Lost):
            seen = room.call(_range_of, adapter, seed)
    return Audited(adapter, adapter.package.version, found, seen, "" if found else "it kills the interpreter", scale)


def _fatal(adapter: Adapter, name: str, seen: str, room: Pool) -> PropertyResult:
    """Return a result for a property whose check the process did not survive, with an input that kills it if simple."""
    if name not in _FATAL:
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, 0, seen)
    example, message = Counterexample("the interpreter survives"), seen
    for label, X, Y in _deadly(adapter.on) if name == "handles_degenerate" else ():
        try:
            room.call(ask, adapter.function, X, Y, seconds=60.0)
        except Lost as error:
            message = f"{label}: {error}"
            example = Counterexample("the interpreter survives", {"X": X, "Y": Y}, {"f(X, Y)": str(error)})
            break
    return PropertyResult(name, PropertyVerdict.FAILS, Evidence.EXACT, 1, message, example)


def _deadly(on: str) -> Sequence[tuple[str, Thing, Thing]]:
    if on == "models":
        return ()
    usual = np.arange(12.0).reshape(6, 2) ** 2 % 7
    return (
        ("X of zeros", np.zeros((6, 2)), usual),
        ("X with equal rows", np.ones((6, 2)), usual),
        ("one row", np.ones((1, 2)), np.ones((1, 3))),
    )


def compare(group: Group, cases: Sequence[Case], room: Pool) -> Comparison:
    """Run every member of a group whose package is installed on every case, and survive those that do not."""
    answers: dict[str, dict[str, Answer]] = {case.name: {} for case in cases}
    for member in (member for member in group.members if member.package.installed):
        try:
            found = room.call(_ask_all, member.function, cases)
        except Lost:
            found = [_ask_alone(member.function, case, room) for case in cases]
        for case, answer in zip(cases, found, strict=True):
            answers[case.name][member.label] = answer
    return summarised(group, cases, answers)


def _ask_all(function: Callable[[Any, Any], Any], cases: Sequence[Case]) -> list[Answer]:
    return [ask(function, case.first, case.second) for case in cases]


def _ask_alone(function: Callable[[Any, Any], Any], case: Case, room: Pool) -> Answer:
    try:
        found: Answer = room.call(ask, function, case.first, case.second, seconds=60.0)
    except Lost as error:
        return Answer(None, str(error))
    return found


# --------------------------------------------------------------------------- JSON


def as_json(run: AuditRun) -> dict[str, Any]:
    """Return the contents of report.json."""
    return {
        "schema": SCHEMA,
        "date": run.date,
        "platform": run.platform,
        "versions": dict(run.versions),
        "budget": run.budget,
        "seed": run.seed,
        "only": run.only,
        "seconds": round(run.seconds, 3),
        "not_installed": [{"package": package.name, "install": package.install} for package in run.missing],
        "measures": [_measure_json(audited) for audited in run.measures],
        "differential": [_comparison_json(comparison) for comparison in run.comparisons],
        "packages": [package.name for package in all_packages()],
    }


def _measure_json(audited: Audited) -> dict[str, Any]:
    adapter, found = audited.adapter, audited.found
    return {
        "package": adapter.package.name,
        "version": audited.version,
        "measure": adapter.name,
        "on": adapter.on,
        "similarity": adapter.similarity,
        "composed": adapter.composed,
        "definition": adapter.definition,
        "note": adapter.note,
        "declared": {name: _declaration_json(said) for name, said in adapter.declared.items()},
        "range": _range_json(adapter.range, audited.range),
        "why": audited.why,
        "planned": list(found.planned) if found else [],
        "ran": list(found.ran) if found else [],
        "properties": {
            name: {
                "verdict": str(result.verdict),
                "standing": audited.standing(name),
                "evidence": str(result.evidence) if result.evidence else None,
                "trials": result.trials,
                "message": result.message,
                "counterexample": _counterexample_json(result.counterexample),
            }
            for name, result in (found.properties.items() if found else ())
        },
    }


def _declaration_json(said: Declaration) -> dict[str, Any]:
    return {"holds": said.holds, "words": said.words, "where": said.where}


def _range_json(declared: Range | None, found: RangeFound | None) -> dict[str, Any] | None:
    if declared is None:
        return None
    seen: dict[str, Any] = {}
    if found is not None:
        seen = {"seen_low": found.low, "seen_high": found.high, "trials": found.trials, "outside": found.outside}
    return {"low": declared.low, "high": declared.high, "words": declared.words, "where": declared.where} | seen


def _thing_json(thing: Thing) -> Any:
    if isinstance(thing, Model):
        return {"embeddings": np.asarray(thing.embeddings), "unembeddings": np.asarray(thing.unembeddings)}
    return np.asarray(thing)


def _counterexample_json(example: Counterexample | None) -> dict[str, Any] | None:
    if example is None:
        return None
    return {
        "statement": example.statement,
        "inputs": {name: _thing_json(thing) for name, thing in example.inputs.items()},
        "values": dict(example.values),
        "sequence": [{"distance": step.distance, "value": step.value} for step in example.sequence],
    }


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    def spread(found: Any) -> dict[str, Any] | None:
        if found is None:
            return None
        return {
            "relative_difference": found.difference, "input": found.case, "between": [found.first, found.second],
            "values": list(found.values),
        }  # fmt: skip

    return {
        "name": comparison.group.name,
        "on": comparison.group.on,
        "why": comparison.group.why,
        "members": [
            {"package": member.package.name, "version": member.package.version, "name": member.name,
             "formula": member.formula}
            for member in comparison.group.members
        ],
        "not_installed": list(comparison.missing),
        "widest": spread(comparison.widest),
        "within_formula": {formula: spread(found) for formula, found in comparison.within.items()},
        "degenerate": {formula: spread(found) for formula, found in comparison.degenerate.items()},
        "disagreements": list(comparison.disagreements),
        "answers": {
            case: {label: {"value": answer.value, "seen": answer.seen} for label, answer in row.items()}
            for case, row in comparison.answers.items()
        },
    }  # fmt: skip
