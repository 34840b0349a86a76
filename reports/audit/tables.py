"""What both the page and the markdown show: an audit arranged in rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.audit.differential import GroupComparison, Spread
from reports.audit.results import SMALL, Audited, AuditRun
from theory.claims import PROPERTY_NAMES
from theory.conformance import Counterexample, PropertyResult, PropertyVerdict
from theory.conformance.results import Thing
from theory.models import Model

MARKS: Mapping[str, str] = {"holds": "✓", "fails": "✗", "inconclusive": "?", "not_applicable": "·"}
SHORT: Mapping[str, str] = {
    "nonnegative": "≥ 0",
    "zero_on_self": "self",
    "symmetric": "sym.",
    "triangle": "triangle",
    "bounded_by_one": "≤ 1",
    "invariant_to_row_order": "rows",
    "invariant_to_permutation": "perm.",
    "invariant_to_orthogonal": "orth.",
    "invariant_to_scaling": "scale",
    "invariant_to_translation": "shift",
    "invariant_to_linear": "linear",
    "invariant_to_affine": "affine",
    "gauge_invariant": "gauge",
    "label_invariant": "labels",
    "separates_distributions": "separates",
    "controlled_by_logit_distance": "by logits",
    "controlled_by_kl": "by KL",
    "rejects_nan": "nan",
    "handles_degenerate": "degenerate",
    "deterministic": "determ.",
    "pure": "pure",
}
_ONLY: Mapping[str, frozenset[str]] = {
    "embeddings": frozenset({"gauge_invariant", "label_invariant", "separates_distributions"}),
    "models": frozenset({"rejects_nan"}),
}
"""Columns left out: they say nothing, or the same as another, of all measures of a kind."""

_MOST_ROWS = 16  # of a matrix on a page: what a reader copies; longer ones are in the JSON


def columns(on: str) -> tuple[str, ...]:
    """Return the properties that the table of measures of a kind has columns for."""
    return tuple(name for name in PROPERTY_NAMES if name not in _ONLY[on])


def mark(audited: Audited, name: str) -> str:
    """Return a cell of the table of what is found and declared.

    Notes
    -----
    The verdict, followed by "d" where it is as declared, "o" for an over-claim, "u" for an under-claim, and "r" for a
    failure by no more than single precision, or the root of rounding, explains.
    """
    if audited.found is None or name not in audited.found.properties:
        return ""
    verdict, size = audited.found[name].verdict, audited.size(name)
    if verdict is PropertyVerdict.FAILS and size is not None and size < SMALL:
        return MARKS[verdict] + "r"
    suffix = {"as declared": "d", "over-claim": "o", "under-claim": "u", "better than declared": "u"}
    return MARKS[verdict] + suffix.get(audited.standing(name), "")


def size_in_words(size: float | None) -> str:
    """Return how large a violation is, and that it is small where it is."""
    if size is None:
        return ""
    words = " (of the size of single precision, or of the root of rounding)" if size < SMALL else ""
    return f"{size:.1e}{words}"


@dataclass(frozen=True)
class Overclaim:
    """A declared property that fails."""

    audited: Audited
    name: str
    result: PropertyResult
    words: str
    where: str
    size: str
    anchor: str


def overclaims(run: AuditRun) -> list[Overclaim]:
    """Return every declared property that fails, in the order of the measures."""
    found: list[Overclaim] = []
    for audited in run.measures:
        for name in audited.overclaims:
            assert audited.found is not None
            said = audited.adapter.declares(name)
            assert said is not None
            found.append(
                Overclaim(
                    audited, name, audited.found[name], said.words, said.where, size_in_words(audited.size(name)),
                    f"counterexample-{len(found) + 1}",
                )
            )  # fmt: skip
    return found


def kills(run: AuditRun) -> list[tuple[Audited, str]]:
    """Return the measures that kill the interpreter, with what they were given."""
    found = []
    for audited in run.measures:
        results = audited.found.properties.values() if audited.found else ()
        messages = [result.message for result in results if "interpreter died" in result.message]
        told = [message for message in messages if ":" in message] or messages
        if told:
            found.append((audited, told[0]))
    return found


def failing(audited: Audited) -> Iterator[PropertyResult]:
    """Yield the results that failed or were not settled, for the page's details."""
    for result in audited.found.properties.values() if audited.found else ():
        if result.verdict in (PropertyVerdict.FAILS, PropertyVerdict.INCONCLUSIVE):
            yield result


def counts(run: AuditRun) -> dict[str, int]:
    """Return the numbers for the head of a report."""
    examined = [audited for audited in run.measures if audited.found is not None]
    return {
        "measures": len(run.measures),
        "examined": len(examined),
        "packages": len({audited.adapter.package.name for audited in run.measures}),
        "planned": sum(len(audited.found.planned) for audited in examined if audited.found),
        "ran": sum(len(audited.found.ran) for audited in examined if audited.found),
        "overclaims": sum(len(audited.overclaims) for audited in run.measures),
        "declared": sum(
            1 for audited in examined for name in audited.adapter.declared if audited.standing(name) != ""
        ),
        "out_of_range": sum(audited.out_of_range for audited in run.measures),
        "groups": len(run.comparisons),
        "implementations": sum(len(comparison.group.members) for comparison in run.comparisons),
    }  # fmt: skip


# --------------------------------------------------------------------------- counterexamples in code


def expressions(example: Counterexample) -> list[str]:
    """Return the inputs of a counterexample as assignments that Python reads back to the same floats."""
    return [line for name, thing in example.inputs.items() for line in _assigned(name, thing)]


def _assigned(name: str, thing: Thing) -> list[str]:
    if isinstance(thing, Model):
        f, g = _array(np.asarray(thing.embeddings)), _array(np.asarray(thing.unembeddings))
        return [f"{name} = Model({f}, {g})"]
    return [f"{name} = {_array(np.asarray(thing))}"]


def _array(array: np.ndarray) -> str:
    if array.ndim == 2 and len(array) > _MOST_ROWS:
        return f"...  # {' x '.join(map(str, array.shape))}, in report.json"
    return f"np.array({array.tolist()!r})"


def values_in_words(example: Counterexample) -> str:
    """Return the numbers of a counterexample."""
    return ", ".join(f"{name} = {value if isinstance(value, str) else repr(value)}"
                     for name, value in example.values.items())  # fmt: skip


# --------------------------------------------------------------------------- differential runs


def spread_in_words(spread: Spread | None) -> str:
    """Return a spread: how far, between whom, on what."""
    if spread is None:
        return "nothing to compare"
    return (
        f"{spread.difference:.2g} on “{spread.case}”: {spread.values[0]:.6g} ({spread.first}), "
        f"{spread.values[1]:.6g} ({spread.second})"
    )


def numbers_on(comparison: GroupComparison, case: str) -> list[tuple[str, str, str]]:
    """Return label, formula and answer of every member on an input."""
    row = comparison.answers.get(case, {})
    return [(member.label, member.formula, row[member.label].seen) for member in comparison.group.members]


def refusals(comparison: GroupComparison) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return, for each input on which somebody gave no number, who and what was seen."""
    found = []
    for case, row in comparison.answers.items():
        silent = [(label, answer.seen) for label, answer in row.items() if answer.value is None]
        if silent:
            found.append((case, silent))
    return found


def shown_case(comparison: GroupComparison) -> str | None:
    """Return the input whose numbers a report shows: that of the widest spread, or the first."""
    if comparison.widest is not None:
        return comparison.widest.case
    return next(iter(comparison.answers), None)


def range_in_words(low: float, high: float) -> str:
    """Return an interval."""
    return f"[{low:g}, {'∞' if math.isinf(high) else f'{high:g}'}{')' if math.isinf(high) else ']'}"


def as_context(run: AuditRun) -> dict[str, Any]:
    """Return what the template of the page is given."""
    return {"run": run, "counts": counts(run), "overclaims": overclaims(run), "kills": kills(run)}
