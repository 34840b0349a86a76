"""The audit: every measure examined, and implementations of one name compared."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reports.audit.adapters import EXTRA, Adapter, Package, Range
from reports.audit.differential import Answer, Case, GroupComparison, ask, embedding_cases, model_cases, summarised
from reports.audit.groups import all_groups
from reports.audit.members import Group
from reports.audit.packages import all_adapters
from reports.audit.results import Audited, AuditRun, RangeFound
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, Counterexample, PropertyResult, PropertyVerdict, check_metric
from theory.conformance.inputs import pairs
from theory.conformance.results import Thing
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.workers import Lost, Pool

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""

_FATAL = frozenset({"rejects_nan", "handles_degenerate"})
_RANGE_PAIRS = 60  # of equal widths, and as many of any: a range that one input in ten leaves is seen to be left
_SCALE_PAIRS = 12  # for a median, which need be right to a factor of two or so only
_ONE_CALL = 60.0  # seconds for one value: some packages compile when they are first called


def _patience(budget: float) -> float:
    """Seconds after which a process that checks a measure is given up: imports and compilers take two minutes."""
    return 4 * budget + 120


def run_audit(
    budget: float = 10.0,
    seed: int = 0,
    only: str | None = None,
    tell: Tell | None = None,
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
    tell
        Told at each step.
    adapters, compared
        What to audit in place of the whole catalogue.

    Raises
    ------
    InvalidInput
        If `only` is no audited package, or nothing that is to be audited is installed.
    """
    began = time.monotonic()
    available = all_adapters() if adapters is None else adapters
    chosen, missing = _chosen(available, only)
    selected = [
        group
        for group in (all_groups() if compared is None else compared)
        if only is None or any(member.package.name == only for member in group.members)
    ]
    steps = len(chosen) + len(selected)
    tell = tell or (lambda name, done, steps: None)
    measures, comparisons = [], []
    with Pool(1, silent=True) as room:
        for done, adapter in enumerate(chosen):
            tell(adapter.key, done, steps)
            measures.append(examine(adapter, budget, seed, room))
        cases = {"embeddings": embedding_cases(seed), "models": model_cases(seed)}
        for done, group in enumerate(selected):
            tell(group.name, len(chosen) + done, steps)
            comparisons.append(compare(group, cases[group.on], room))
    tell("", steps, steps)
    return AuditRun(tuple(measures), tuple(comparisons), missing, budget, seed, only, time.monotonic() - began)


def _chosen(adapters: Sequence[Adapter], only: str | None) -> tuple[list[Adapter], tuple[Package, ...]]:
    """Return the adapters of packages that are installed, and the packages that are not."""
    known = {adapter.package.name: adapter.package for adapter in adapters}
    if only is not None and only not in known:
        raise InvalidInput(f"--only: expected one of {', '.join(known)}, saw '{only}'")
    chosen = [one for one in adapters if only in (None, one.package.name) and one.package.installed]
    missing = tuple(package for name, package in known.items() if only in (None, name) and not package.installed)
    if not chosen:
        install = missing[0].install if only is not None else EXTRA
        raise InvalidInput(f"nothing to audit is installed ({', '.join(p.name for p in missing)}): {install}")
    return chosen, missing


def examine(adapter: Adapter, budget: float, seed: int, room: Pool) -> Audited:
    """Check one measure; what kills the process is found out property by property."""
    version = adapter.package.version
    try:
        found, seen, scale = room.call(_examine, adapter, budget, seed, None, seconds=_patience(budget))
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
    values = [ask(adapter.function, X, Y).value for X, Y in pairs(adapter.on, seed, _SCALE_PAIRS, equal=True)]
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
            base, _, scale = room.call(_examine, adapter, budget / 2, seed, [name], seconds=_patience(budget))
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
            room.call(ask, adapter.function, X, Y, seconds=_ONE_CALL)
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


def compare(group: Group, cases: Sequence[Case], room: Pool) -> GroupComparison:
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
        found: Answer = room.call(ask, function, case.first, case.second, seconds=_ONE_CALL)
    except Lost as error:
        return Answer(None, str(error))
    return found
