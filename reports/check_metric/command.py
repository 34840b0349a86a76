"""The command ``logitbounds check-metric``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from reports.shared.files import require_file, require_folder
from reports.shared.terminal import WIDE, ExitStatus, complain, interrupted, progress, table, wide_console
from theory.errors import InvalidInput
from theory.files import write_whole

if TYPE_CHECKING:
    from rich.table import Table

    from reports.check_metric.metric_files import MetricFile
    from reports.check_metric.run import ConformanceRun
    from theory.conformance import Conformance

_COLOURS = {"holds": "green", "fails": "red", "inconclusive": "yellow", "not_applicable": "dim"}
_MARKS = {"over-claim": "[bold red]over-claim", "under-claim": "[cyan]under-claim"}


def check_metric(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py[::NAME]|MEASURE",
            help="A file of measures, one measure of it, or a measure of this library (mean_cca, hellinger, ...).",
        ),
    ],
    budget: Annotated[float, typer.Option(help="Seconds for each measure.")] = 20.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the search.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write all results to this file.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for index.html and report.json.")] = Path("runs/check-metric"),
    write_test: Annotated[
        Path | None, typer.Option(help="Write a pytest file that pins the properties down.", metavar="FILE.py")
    ] = None,
) -> int:
    """Find out which properties a measure has: axioms, invariances, behaviour, and what controls it.

    A measure is a function of two embeddings, or of two models, marked with @metric(on="embeddings") or
    @metric(on="models"). What fails comes with a counterexample. The exit status is 1 where a property fails that the
    measure declares, or any property where it declares none, and where there was no time for some property.
    """
    _require_usable(budget, json, out, write_test)
    from reports.check_metric.metric_files import load_target
    from reports.check_metric.page import write_report
    from reports.check_metric.run import pytest_file, run_checks

    try:
        file = load_target(target)
        with _bar(file) as report:
            run = run_checks(file, budget, seed, report)
    except KeyboardInterrupt:
        return interrupted()
    page = write_report(run, out, json)
    if write_test is not None:
        write_whole(write_test, pytest_file(run, write_test))
    console = wide_console()
    _print(console, run)
    test = f"   test: {write_test}" if write_test is not None else ""
    console.print(
        f"report: {page}   data: {json or out / 'report.json'}{test}", soft_wrap=True, markup=False, highlight=False
    )
    if run.unusable:
        return complain("; ".join(f"{name}: {why}" for name, why in run.unusable.items()))
    return ExitStatus.FAILED if run.failed else ExitStatus.OK


def _require_usable(budget: float, json: Path | None, out: Path, write_test: Path | None) -> None:
    """Make sure that there is time, and that all files can be written, before any work is done."""
    if not 0 < budget < float("inf"):
        raise InvalidInput(f"--budget: expected a positive number, saw {budget}")
    if write_test is not None:
        from reports.check_metric.run import require_overwritable

        require_overwritable(write_test)
        require_file(write_test, "--write-test")
        if json is not None and json.resolve() == write_test.resolve():
            raise InvalidInput(f"--json and --write-test: expected two files, saw '{json}' for both")
    if json is not None:
        require_file(json)
    require_folder(out)


@contextlib.contextmanager
def _bar(file: MetricFile) -> Iterator[Callable[[str, str, int, int], None]]:
    """Show how many properties of all measures are done, on stderr."""
    from theory.conformance import PROPERTIES

    names = list(file.metrics)
    with progress() as bar:
        task = bar.add_task(f"{escape(names[0])}: looking at it", total=len(names) * len(PROPERTIES))

        def report(metric: str, name: str, done: int, planned: int) -> None:
            before = names.index(metric) * len(PROPERTIES)
            bar.update(task, description=f"{escape(metric)}: {name} done", completed=before + done)

        yield report


def _print(console: Console, run: ConformanceRun) -> None:
    """Print a card for each measure."""
    for found in run.results.values():
        _print_card(console, found)
    for name, why in run.unusable.items():
        console.print(f"[red]not checked[/red] {escape(name)}: {escape(why)}", soft_wrap=True, highlight=False)


def _print_card(console: Console, found: Conformance) -> None:
    from reports.check_metric.page import summary

    # On a narrow terminal what was seen stands below the table, where there is more to say than that nothing was.
    wide = console.width >= WIDE
    console.print(_card(found, wide))
    for name in () if wide else found.ran:
        if found[name].verdict in ("fails", "inconclusive"):
            colour = _COLOURS[found[name].verdict]
            console.print(f"[{colour}]{name}[/{colour}] {escape(found[name].message)}", highlight=False)
    planned, ran = len(found.planned), len(found.ran)
    console.print(f"planned {planned}, ran {ran}: {summary(found)}", highlight=False)
    if ran != planned:
        left = ", ".join(name for name in found.planned if name not in found.properties)
        console.print(f"[red]no time for[/red] {left}", soft_wrap=True, highlight=False)
    if found.overclaims:
        console.print(f"[bold red]over-claims[/bold red] {', '.join(found.overclaims)}", soft_wrap=True)
    if found.underclaims:
        console.print(f"[cyan]under-claims[/cyan] {', '.join(found.underclaims)}", soft_wrap=True)


def _card(found: Conformance, wide: bool) -> Table:
    """Return the table of properties, with what was seen where there is room for it."""
    from reports.check_metric.page import WORDS, kind_of, mark_of

    title = f"{escape(found.metric)}, {kind_of(found)} ({found.seconds:.1f} s, {found.evaluations:,} calls)"
    card = table(title, collapse_padding=True)
    card.add_column("property", no_wrap=True)
    card.add_column("verdict", no_wrap=True)
    if found.declared is not None:
        card.add_column("declared", no_wrap=True)
    card.add_column("evidence", no_wrap=True)
    card.add_column("trials", justify="right", no_wrap=True)
    if wide:
        card.add_column("what was seen", overflow="fold")
    for name in found.ran:
        result = found[name]
        mark = mark_of(found, name)
        card.add_row(
            name, f"[{_COLOURS[result.verdict]}]{WORDS[result.verdict]}",
            *([_MARKS.get(mark, mark)] if found.declared is not None else []),
            str(result.evidence or ""), f"{result.trials:,}", *([escape(result.message)] if wide else []),
        )  # fmt: skip
    return card
