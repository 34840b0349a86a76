"""The command ``logitbounds falsify``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from reports.shared.files import require_file, require_folder
from reports.shared.terminal import WIDE, ExitStatus, interrupted, progress, table, wide_console
from theory.errors import InvalidInput

if TYPE_CHECKING:
    from reports.falsify.catalogue_claims import CatalogueClaims
    from reports.falsify.run import FalsificationRun, Settings, Update
    from theory.search.outcome import Outcome, Witness

_SECONDS = 10.0  # for each claim where nothing is said: with shrinking and re-checking an answer well within a minute


def falsify(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py|THEOREM[::NAME]",
            help="A file of claims, a theorem (T1, T2, ...) or 'all' theorems; or one claim of them.",
        ),
    ],
    drop: Annotated[
        bool, typer.Option("--drop", help="Attack a theorem with each of its hypotheses dropped in turn.")
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(help="Seconds for each claim.  [default: 10, or no limit where --evaluations is given]"),
    ] = None,
    evaluations: Annotated[int | None, typer.Option(help="Evaluations for each claim at most.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the search.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(help="Claims attacked at the same time.  [default: the number of cores]")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all results to this file.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for index.html, findings and results.")] = Path("runs/falsify"),
) -> int:
    """Attack the claims of a file: search for pairs of models that violate them, and show the simplest and the worst.

    A claim is a function of a pair of models marked with @claim that returns (lhs, rhs) and says lhs <= rhs. What an
    earlier run with the same file and settings has found in the folder is not searched for again.

    A theorem of the catalogue is attacked statement by statement; with --drop it is attacked without each hypothesis in
    turn, which shows what each is for. Then a counterexample is what one expects, and the exit status is 0 once every
    hypothesis has been judged. A file that is called like a theorem is taken for the file.
    """
    from reports.falsify.catalogue_claims import theorems_with_nothing_to_drop
    from reports.falsify.claim_files import load_claims
    from reports.falsify.page import write_report
    from reports.falsify.run import run_falsification
    from reports.shared.user_files import parse_target

    settings = _settings(out, budget, evaluations, seed, jobs)
    catalogued = _catalogued(target, drop)
    if json is not None:
        require_file(json)
    require_folder(out)
    file = load_claims(*parse_target(target)) if catalogued is None else catalogued
    with _bars(len(file.claims)) as report:
        run = run_falsification(file, settings, report)
    page = write_report(run, json)
    console = wide_console()
    if catalogued is not None and drop:
        _print_ablation(console, run, theorems_with_nothing_to_drop(catalogued.selection))
    else:
        _print(console, run)
    console.print(f"report: {page}   data: {json or out / 'report.json'}", soft_wrap=True, highlight=False)
    if run.interrupted:
        return interrupted(f"{len(run.claims)} of {len(file.claims)} claims are in the report")
    return ExitStatus.FAILED if run.failed else ExitStatus.OK


def _settings(out: Path, budget: float | None, evaluations: int | None, seed: int, jobs: int | None) -> Settings:
    """Return how claims are attacked, with what is taken where an option is left out."""
    from reports.falsify.run import Settings

    for name, value in (("budget", budget), ("evaluations", evaluations), ("jobs", jobs)):
        if value is not None and not 0 < value < float("inf"):
            raise InvalidInput(f"--{name}: expected a positive number, saw {value}")
    seconds = _SECONDS if budget is None and evaluations is None else budget
    return Settings(out, seconds, evaluations, seed, jobs or os.cpu_count() or 1)


def _catalogued(target: str, drop: bool) -> CatalogueClaims | None:
    """Return the claims of the catalogue that are meant, or None where it is a file that is."""
    from reports.falsify.catalogue_claims import Selection, is_theorem, load_theorems
    from reports.shared.user_files import parse_target

    path, chosen = parse_target(target)
    if is_theorem(target):
        return load_theorems(Selection(str(path), drop, chosen))
    if drop:
        raise InvalidInput(f"--drop: expected a theorem of the catalogue (T1, T2, ...) or 'all', saw '{target}'")
    return None


@contextlib.contextmanager
def _bars(count: int) -> Iterator[Callable[[Update], None]]:
    """Show how far all claims are, and the best ratio of each that is being attacked, on stderr."""
    with progress(counted=False) as bar:
        shares: dict[str, float] = {}
        rows: dict[str, Any] = {}
        refuted = 0
        overall = bar.add_task("claims", total=count)

        def report(update: Update) -> None:
            nonlocal refuted
            name, over = update.name, update.outcome is not None
            shares[name] = 1.0 if over else min(update.fraction, 1.0)
            if over:
                refuted += update.outcome is not None and update.outcome.verdict == "refuted"
                if name in rows:
                    bar.remove_task(rows.pop(name))
            else:
                if name not in rows:
                    rows[name] = bar.add_task("", total=1.0)
                ratio = "" if update.ratio is None else f"  best ratio {update.ratio:.6g}"
                bar.update(rows[name], completed=shares[name], description=f"  {escape(name)}{ratio}")
            done = len(shares) - len(rows)
            words = f"{done} of {count} claims, {refuted} refuted"
            bar.update(overall, completed=sum(shares.values()), description=words)

        yield report


def _print(console: Console, run: FalsificationRun) -> None:
    from reports.shared.rendering import number
    from theory.search.notation import expression

    resumed = sum(judged.resumed for judged in run.claims)
    note = f", {resumed} from an earlier run" if resumed else ""
    claims = table(f"{escape(run.file.heading)} ({run.seconds:.1f} s{note})")
    # The sides give way on a narrow terminal: they stand beside the counterexamples too. Names are folded, but not to
    # less than can be read.
    sides = ("lhs", "rhs") if console.width >= WIDE else ()
    claims.add_column("claim", overflow="fold", min_width=10)
    claims.add_column("verdict", no_wrap=True)
    for heading in (*sides, "ratio", "evidence", "n k m", "calls", "s"):
        claims.add_column(heading, justify="left" if heading == "evidence" else "right", no_wrap=True)
    colours = {"refuted": "red", "survived": "green", "inconclusive": "yellow", "error": "red"}
    for outcome in (judged.outcome for judged in run.claims):
        worst, small = outcome.worst, outcome.simplest.pair if outcome.simplest else None
        claims.add_row(
            escape(outcome.name), f"[{colours[outcome.verdict]}]{outcome.verdict}",
            *(number(getattr(worst, side) if worst else None) for side in sides),
            number(worst.ratio if worst else None), str(outcome.evidence or ""),
            f"{small.n} {small.k} {small.m}" if small else "", f"{outcome.evaluations:,}", f"{outcome.seconds:.2f}",
        )  # fmt: skip
    console.print(claims)
    for outcome in (judged.outcome for judged in run.claims):
        shown = outcome.simplest or (outcome.worst if outcome.verdict == "refuted" else None)
        if outcome.verdict == "error":
            console.print(f"[red]error[/red] {escape(outcome.name)}: {escape(outcome.message)}", soft_wrap=True)
        elif shown is not None:
            name = run.file.attributes[outcome.name]
            named = name if name.isidentifier() else f"globals()[{name!r}]"
            _print_violation(console, f"{named}({expression(shown.pair)})", shown)


def _print_ablation(console: Console, run: FalsificationRun, without: list[str]) -> None:
    """Print a table of what each hypothesis is needed for, and the simplest counterexamples below it."""
    from reports.shared.rendering import number
    from theory.search.notation import expression

    hypotheses = table(f"{escape(run.file.heading)} ({run.seconds:.1f} s)")
    hypotheses.add_column("hypothesis", overflow="fold", min_width=14)
    hypotheses.add_column("needed?", overflow="fold", min_width=8)
    for heading in ("ratio", "evidence", "n k m", "calls", "s"):
        hypotheses.add_column(heading, justify="left" if heading == "evidence" else "right", no_wrap=True)
    words = {"refuted": "[green]needed", "survived": "[yellow]survived without", "inconclusive": "[yellow]inconclusive"}
    for judged in run.claims:
        outcome, small = judged.outcome, judged.outcome.simplest.pair if judged.outcome.simplest else None
        theorem = outcome.name.partition(" ")[0]
        hypotheses.add_row(
            f"{theorem} {escape(run.file.hypothesis_of(outcome.name) or '')}", words.get(outcome.verdict, "[red]error"),
            number(_ratio(outcome)), str(outcome.evidence or ""), f"{small.n} {small.k} {small.m}" if small else "",
            f"{outcome.evaluations:,}", f"{outcome.seconds:.2f}",
        )  # fmt: skip
    if run.claims:
        console.print(hypotheses)
    for identifier in without:
        console.print(f"{identifier}: nothing to drop, it has no hypothesis")
    for judged in run.claims:
        outcome, shown = judged.outcome, judged.outcome.simplest
        if outcome.verdict == "error":
            console.print(f"[red]error[/red] {escape(outcome.name)}: {escape(outcome.message)}", soft_wrap=True)
        elif shown is None:
            console.print(f"{escape(outcome.name)}: {escape(judged.why)}", soft_wrap=True, highlight=False)
        else:
            console.print(f"{escape(outcome.name)}: {escape(judged.why)}", soft_wrap=True, highlight=False)
            _print_violation(console, f"  {expression(shown.pair)}", shown)


def _print_violation(console: Console, call: str, shown: Witness) -> None:
    """Print a call, or the pair for one, that Python reads back, and its two sides behind it."""
    console.print(call, soft_wrap=True, markup=False, highlight=False, end="")
    console.print(f"  # {shown.lhs:.6g} > {shown.rhs:.6g}", soft_wrap=True, style="dim", highlight=False)


def _ratio(outcome: Outcome) -> float | None:
    """Return lhs / rhs of the worst violation (or the closest pair), infinite where the right side vanishes."""
    if outcome.worst is None:
        return None
    return float("inf") if outcome.worst.ratio is None and outcome.verdict == "refuted" else outcome.worst.ratio
