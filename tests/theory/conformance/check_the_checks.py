"""Print what `check_metric` says of measures whose properties are known: ``make check-the-checks``.

Four tables: every known measure against the verdicts that are proved for it; for each property a measure that must
fail it and one that must pass; planted faults and the property that must catch each; clean measures that lose digits
and must not be failed for it. The exit status is 1 where anything disagrees.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.theory.conformance.faulty_metrics import FAILS, GAPS, PASSES, PLANTED, TRICKY
from tests.theory.conformance.known_metrics import KNOWN
from theory import Metric
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, PropertyResult, PropertyVerdict, check_metric

BUDGET = 2.0
"""Seconds for one measure. What stays undecided for want of time, on a busy machine, is asked again by itself."""
_TRICKY_SHARE = 0.75
_MORE = 30  # times as long, when asked again: a dozen processes a core leave two seconds of a minute

_MARKS = {
    PropertyVerdict.HOLDS: "[green]+[/]",
    PropertyVerdict.FAILS: "[blue]-[/]",
    PropertyVerdict.INCONCLUSIVE: "[yellow]?[/]",
    PropertyVerdict.NOT_APPLICABLE: "[dim].[/]",
}
_KNOWN_MEASURES = frozenset(entry.metric for entry in KNOWN.values())


@functools.cache
def examination(
    measure: Metric, properties: tuple[str, ...] | None = None, budget: float = BUDGET, seed: int = 0
) -> Conformance:
    """Return what is found out about a measure; asked once for the same."""
    return check_metric(measure, properties=properties, budget=budget, seed=seed)


def result_of(measure: Metric, name: str, budget: float = BUDGET, seed: int = 0) -> PropertyResult:
    """Return the result of one property: of a known measure, from the examination of all of them."""
    asked = None if measure in _KNOWN_MEASURES else (name,)
    found = examination(measure, asked, budget, seed).properties.get(name)
    if found is None or found.verdict is PropertyVerdict.INCONCLUSIVE:
        found = examination(measure, (name,), _MORE * budget, seed).properties.get(name)
    return found or PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, 0, "there was no time for it")


@dataclass(frozen=True)
class Disagreement:
    """What was expected of a measure and what was seen."""

    measure: str
    name: str
    expected: str
    seen: PropertyResult

    def __str__(self) -> str:
        return f"{self.measure}: {self.name}: expected {self.expected}, saw {self.seen.verdict}: {self.seen.message}"


def disagreements(
    measure: str, expected: Mapping[str, PropertyVerdict], seen: Mapping[str, PropertyResult]
) -> Iterator[Disagreement]:
    """Yield the properties whose verdict is not the one expected."""
    for name, verdict in expected.items():
        result = seen[name]
        if result.verdict is not verdict:
            yield Disagreement(measure, name, str(verdict), result)


def _of_known(names: Sequence[str], budget: float, seed: int, console: Console) -> Iterator[Disagreement]:
    """Compare the known measures with their verdicts."""
    table = Table(title="Known measures (+ holds, - fails, ? inconclusive, . not applicable; red: not as proved)")
    table.add_column("measure", no_wrap=True, min_width=max(map(len, names)))
    for number in range(1, len(PROPERTY_NAMES) + 1):
        table.add_column(str(number), justify="right", min_width=2)
    for name in names:
        entry = KNOWN[name]
        seen = {prop: result_of(entry.metric, prop, budget, seed) for prop in PROPERTY_NAMES}
        found = list(disagreements(name, entry.expected, seen))
        wrong = {disagreement.name for disagreement in found}
        marks = [_MARKS[seen[prop].verdict] for prop in PROPERTY_NAMES]
        cells = [f"[reverse red]{m}[/]" if p in wrong else m for m, p in zip(marks, PROPERTY_NAMES, strict=True)]
        table.add_row(name, *cells)
        yield from found
    console.print(table)
    legend = [f"{number:2} {name}" for number, name in enumerate(PROPERTY_NAMES, 1)]
    for row in zip(legend[:7], legend[7:14], legend[14:], strict=True):
        console.print("".join(f"{text:38}" for text in row), style="dim", highlight=False)


def _of_properties(budget: float, seed: int, console: Console) -> Iterator[Disagreement]:
    """Ask for each property the measure that must fail it and the one that must pass it."""
    table = Table(title="For each property, a measure that must fail it and one that must pass it")
    for heading in ("property", "must fail", "seen", "must pass", "seen"):
        table.add_column(heading)
    for name in PROPERTY_NAMES:
        row = [name]
        for side, verdict in ((FAILS, PropertyVerdict.FAILS), (PASSES, PropertyVerdict.HOLDS)):
            result = result_of(side[name], name, budget, seed)
            row += [side[name].name, _seen(result, result.verdict is verdict)]
            yield from disagreements(side[name].name, {name: verdict}, {name: result})
        table.add_row(*row)
    console.print(table)


def _of_faults(budget: float, seed: int, console: Console) -> Iterator[Disagreement]:
    """Ask each faulty measure, and its clean version, the property that must tell them apart.

    Those known to be missed are shown in yellow, with the reason, and not counted.
    """
    table = Table(title="Planted faults")
    for heading in ("fault", "caught by", "faulty", "clean"):
        table.add_column(heading)
    for name, pair in PLANTED.items():
        faulty = result_of(pair.faulty, pair.caught_by, budget, seed)
        clean = result_of(pair.clean, pair.caught_by, budget, seed)
        missed = faulty.verdict is not PropertyVerdict.FAILS
        told = f"[yellow]{faulty.verdict}: {GAPS[name]}[/]" if missed and name in GAPS else _seen(faulty, not missed)
        table.add_row(name, pair.caught_by, told, _seen(clean, clean.verdict is PropertyVerdict.HOLDS))
        if name not in GAPS:
            yield from disagreements(name, {pair.caught_by: PropertyVerdict.FAILS}, {pair.caught_by: faulty})
        yield from disagreements(pair.clean.name, {pair.caught_by: PropertyVerdict.HOLDS}, {pair.caught_by: clean})
    console.print(table)


def false_failures(name: str, budget: float = BUDGET, seed: int = 0) -> list[Disagreement]:
    """Return the properties that a tricky measure has and is said to lack."""
    measure, holds = TRICKY[name]
    found = examination(measure, holds, _TRICKY_SHARE * budget, seed)
    return [Disagreement(name, prop, "no failure", found[prop]) for prop in found.of_verdict(PropertyVerdict.FAILS)]


def _of_tricky(budget: float, seed: int, console: Console) -> Iterator[Disagreement]:
    """Ask clean measures that lose digits what they have in exact arithmetic."""
    table = Table(title="Clean measures that lose digits or jump: none of their properties may be failed")
    for heading in ("measure", "asked", "hold", "inconclusive", "failed"):
        table.add_column(heading)
    for name, (measure, holds) in TRICKY.items():
        found = examination(measure, holds, _TRICKY_SHARE * budget, seed)
        wrong = false_failures(name, budget, seed)
        counts = [len(found.of_verdict(v)) for v in (PropertyVerdict.HOLDS, PropertyVerdict.INCONCLUSIVE)]
        failed = f"[reverse red]{len(wrong)}[/]" if wrong else "0"
        table.add_row(name, str(len(holds)), *map(str, counts), failed)
        yield from wrong
    console.print(table)


def _seen(result: PropertyResult, agrees: bool) -> str:
    return str(result.verdict) if agrees else f"[reverse red]{result.verdict}[/]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 where a verdict is not the one that is proved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "measures", nargs="*", metavar="NAME", help="known measures; all of them, and the rest, if none"
    )
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for one measure")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    unknown = [name for name in given.measures if name not in KNOWN]
    if unknown:
        parser.error(f"expected names among {', '.join(KNOWN)}, saw {unknown[0]!r}")
    # Wide enough for the first table wherever it is printed to.
    console = Console(width=None if sys.stdout.isatty() else 140)
    found = list(_of_known(given.measures or list(KNOWN), given.budget, given.seed, console))
    if not given.measures:
        for part in (_of_properties, _of_faults, _of_tricky):
            found += part(given.budget, given.seed, console)
    distinct = list(dict.fromkeys(map(str, found)))
    for line in distinct:
        console.print(line, style="red", markup=False)
    console.print(
        f"{len(distinct)} disagreement{'' if len(distinct) == 1 else 's'}; {len(GAPS)} faults known to be missed"
    )
    return 1 if distinct else 0


if __name__ == "__main__":
    sys.exit(main())
