"""An audit as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports.audit.adapters import Declaration, Range
from reports.audit.differential import GroupComparison, Spread
from reports.audit.packages import all_packages
from reports.audit.results import Audited, AuditRun, RangeFound
from reports.shared.versions import schema
from theory.conformance import Counterexample
from theory.conformance.results import Thing
from theory.models import Model

SCHEMA = schema("audit", 1)


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


def _spread_json(found: Spread | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "relative_difference": found.difference,
        "input": found.case,
        "between": [found.first, found.second],
        "values": list(found.values),
    }


def _comparison_json(comparison: GroupComparison) -> dict[str, Any]:
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
        "widest": _spread_json(comparison.widest),
        "within_formula": {formula: _spread_json(found) for formula, found in comparison.within.items()},
        "degenerate": {formula: _spread_json(found) for formula, found in comparison.degenerate.items()},
        "disagreements": list(comparison.disagreements),
        "answers": {
            case: {label: {"value": answer.value, "seen": answer.seen} for label, answer in row.items()}
            for case, row in comparison.answers.items()
        },
    }  # fmt: skip
