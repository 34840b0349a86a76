"""The command ``logitbounds``.

Exit status: 0 when all held, 1 when something was refuted or failed, 2 for unusable input, with one line on stderr.
"""

from __future__ import annotations

import contextlib
import enum
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from reports.audit.command import audit
from reports.distill.command import distill
from reports.prove.command import check_certificate, prove
from reports.shared.files import require_file, require_folder
from theory.errors import InvalidInput

if TYPE_CHECKING:
    from reports.check_metric.metric_files import MetricFile
    from reports.check_metric.run import ConformanceRun
    from reports.falsify.claim_files import ClaimFile
    from reports.falsify.run import FalsificationRun, Update
    from theory.conformance import Conformance
    from theory.search.outcome import Outcome

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What closeness in logit distance and in KL guarantees about neural representations, checked by machine.",
)
_OK, _FAILED, _UNUSABLE, _INTERRUPTED = 0, 1, 2, 130
_WIDE = 110  # columns that a table of claims takes with all it has to say


class ProfileName(enum.StrEnum):
    """How hard `verify` tries."""

    quick = "quick"
    standard = "standard"
    deep = "deep"


class Listing(enum.StrEnum):
    """What `list` can list."""

    claims = "claims"
    metrics = "metrics"
    losses = "losses"
    datasets = "datasets"


@app.command()
def verify(
    profile: Annotated[ProfileName, typer.Option(help="How hard to try.")] = ProfileName.quick,
    out: Annotated[Path, typer.Option(help="Folder for index.html and report.json.")] = Path("runs/verify"),
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Same seed, same verdicts.")] = 0,
) -> int:
    """Verify the whole theory: attack every theorem, refute every false twin, state all on trained models."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    _require("torch", "sklearn", "matplotlib")
    require_folder(out)
    from reports.shared.files import write_json
    from reports.verify.page import render
    from reports.verify.run import as_json, run_verification
    from theory.files import write_whole

    console = Console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("verifying", total=None)
        run = run_verification(
            profile.value,
            seed,
            lambda name, done, total: bar.update(task, description=f"{name} done", completed=done, total=total),
        )
    write_json(out / "report.json", as_json(run))
    write_whole(out / "index.html", render(run))
    _print_verification(console, run)
    console.print(f"report: {out / 'index.html'}   data: {out / 'report.json'}", soft_wrap=True, highlight=False)
    return _FAILED if run.failures else _OK


def _print_verification(console: Console, run: Any) -> None:
    from reports.shared.rendering import number
    from reports.verify.page import kl_bound_table
    from reports.verify.run import sharp_constant

    table = Table(title=f"Theorems (profile {run.profile}, seed {run.seed}, {run.seconds:.1f} s)", title_justify="left")
    for heading in ("", "theorem", "held", "evidence"):
        # The title gives way on a narrow terminal: the numbers are what the table is for.
        width = max(18, console.width - 68) if heading == "theorem" else None
        table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=width)
    for heading in ("worst", "sharp", "twins", "known"):
        table.add_column(heading, justify="right", no_wrap=True)
    for report in run.theorems:
        main = report.statements[0]
        table.add_row(
            report.theorem.identifier, report.theorem.title, "[green]held" if report.held else "[red]FAILED",
            str(main.evidence), number(main.worst_ratio), number(sharp_constant(report)),
            f"{sum(t.refuted for t in report.twins)}/{len(report.twins)}",
            f"{sum(a.ok for a in report.answers)}/{len(report.answers)}",
        )  # fmt: skip
    console.print(table)
    real = Table(title="Trained models: the floor tau, the KL bound and the truth", title_justify="left")
    for heading in ("digits, student", "acc.", "lg tau", "KL", "2 KL/tau", "true d²", ""):
        real.add_column(heading, justify="left" if heading in ("digits, student", "") else "right", no_wrap=True)
    for row in kl_bound_table(run.real):
        real.add_row(
            row["name"].removeprefix("digits: ").removesuffix(" student"),
            f"{row['student_accuracy']:.3f}",
            f"{row['log10_tau']:.1f}",
            f"{row['kl']:.3g}",
            "> 1e308" if row["bound"] is None else f"{row['bound']:.1e}",
            f"{row['truth']:.4g}",
            "[yellow]vacuous" if row["vacuous"] else "informative",
        )
    console.print(real)
    for line in run.failures:
        console.print(f"[red]FAILED[/red] {line}", highlight=False, soft_wrap=True)


@app.command()
def compare(
    first: Annotated[
        Path, typer.Argument(metavar="A", help="A saved model: .npz, .safetensors, or a directory of shards.")
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another, over the same inputs and labels.")],
    json: Annotated[Path | None, typer.Option(help="Write all numbers to this file.")] = None,
) -> int:
    """Compare two saved models: every distance, every guarantee with both sides, and which are vacuous."""
    from reports.compare.run import compare as compared
    from reports.shared.files import write_json
    from reports.shared.rendering import number
    from reports.shared.saved_models import load_model

    if json is not None:
        require_file(json)
    result: Any = compared(load_model(first), load_model(second), (str(first), str(second)))
    console = Console()
    table = Table(title=f"{first}  and  {second}", title_justify="left")
    table.add_column("measure")
    table.add_column("value", justify="right")
    for name, value in result["measures"].items():
        table.add_row(name, number(value) if value is not None else f"[dim]{result['undefined'][name]}")
    console.print(table)
    table = Table(title="Guarantees", title_justify="left")
    for heading, justify in (("", "left"), ("statement", "left"), ("truth", "right"), ("bound", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for g in result["guarantees"]:
        words = ["[red]VIOLATED[/red]"] if g["holds"] is False else ["[yellow]vacuous[/yellow]"] if g["vacuous"] else []
        words += [f"[dim]{g['reason']}[/dim]"] if g["reason"] else []
        table.add_row(
            g["theorem"], g["statement"].replace("_", " "), number(g["truth"]), number(g["bound"]), ": ".join(words)
        )
    console.print(table)
    if json is not None:
        write_json(json, result)
    return _FAILED if any(g["holds"] is False for g in result["guarantees"]) else _OK


@app.command()
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
    from reports.falsify.catalogue_claims import Selection, is_theorem, load_theorems, theorems_with_nothing_to_drop
    from reports.falsify.claim_files import load_claims
    from reports.falsify.run import Settings, run_falsification
    from reports.shared.user_files import parse_target

    for name, value in (("budget", budget), ("evaluations", evaluations), ("jobs", jobs)):
        if value is not None and not 0 < value < float("inf"):
            raise InvalidInput(f"--{name}: expected a positive number, saw {value}")
    seconds = 10.0 if budget is None and evaluations is None else budget
    settings = Settings(out, seconds, evaluations, seed, jobs or os.cpu_count() or 1)
    path, chosen = parse_target(target)
    selection = Selection(str(path), drop, chosen)
    catalogued = is_theorem(target)
    if drop and not catalogued:
        raise InvalidInput(f"--drop: expected a theorem of the catalogue (T1, T2, ...) or 'all', saw '{target}'")
    if catalogued:
        file: ClaimFile = load_theorems(selection)
    if json is not None:
        require_file(json)
    require_folder(out)
    if not catalogued:
        file = load_claims(path, chosen)
    with _claims_bar(len(file.claims)) as report:
        run = run_falsification(file, settings, report)
    from reports.falsify.page import write_report

    page = write_report(run, json)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    if drop:
        _print_ablation(console, run, theorems_with_nothing_to_drop(selection))
    else:
        _print_falsification(console, run)
    console.print(f"report: {page}   data: {json or out / 'report.json'}", soft_wrap=True, highlight=False)
    if run.interrupted:
        typer.echo(
            f"logitbounds: interrupted; {len(run.claims)} of {len(file.claims)} claims are in the report", err=True
        )
        return _INTERRUPTED
    return _FAILED if run.failed else _OK


@contextlib.contextmanager
def _claims_bar(count: int) -> Iterator[Callable[[Update], None]]:
    """Show how far all claims are, and the best ratio of each that is being attacked, on stderr."""
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
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


def _print_falsification(console: Console, run: FalsificationRun) -> None:
    from rich import box
    from rich.markup import escape

    from reports.shared.rendering import number
    from theory.search.notation import expression

    resumed = sum(judged.resumed for judged in run.claims)
    note = f", {resumed} from an earlier run" if resumed else ""
    title = f"{escape(run.file.heading)} ({run.seconds:.1f} s{note})"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    # The sides give way on a narrow terminal: they stand beside the counterexamples too.
    sides = ("lhs", "rhs") if console.width >= _WIDE else ()
    table.add_column("claim", overflow="fold", min_width=10)
    table.add_column("verdict", no_wrap=True)
    for heading in (*sides, "ratio", "evidence", "n k m", "calls", "s"):
        table.add_column(heading, justify="left" if heading == "evidence" else "right", no_wrap=True)
    colours = {"refuted": "red", "survived": "green", "inconclusive": "yellow", "error": "red"}
    for outcome in (judged.outcome for judged in run.claims):
        worst, small = outcome.worst, outcome.simplest.pair if outcome.simplest else None
        table.add_row(
            escape(outcome.name), f"[{colours[outcome.verdict]}]{outcome.verdict}",
            *(number(getattr(worst, side) if worst else None) for side in sides),
            number(worst.ratio if worst else None), str(outcome.evidence or ""),
            f"{small.n} {small.k} {small.m}" if small else "", f"{outcome.evaluations:,}", f"{outcome.seconds:.2f}",
        )  # fmt: skip
    console.print(table)
    for outcome in (judged.outcome for judged in run.claims):
        shown = outcome.simplest or (outcome.worst if outcome.verdict == "refuted" else None)
        if outcome.verdict == "error":
            console.print(f"[red]error[/red] {escape(outcome.name)}: {escape(outcome.message)}", soft_wrap=True)
        elif shown is not None:
            name = run.file.attributes[outcome.name]
            named = name if name.isidentifier() else f"globals()[{name!r}]"
            call = f"{named}({expression(shown.pair)})"
            console.print(call, soft_wrap=True, markup=False, highlight=False, end="")
            console.print(f"  # {shown.lhs:.6g} > {shown.rhs:.6g}", soft_wrap=True, style="dim", highlight=False)


def _print_ablation(console: Console, run: FalsificationRun, without: list[str]) -> None:
    """Print a table of what each hypothesis is needed for, and the simplest counterexamples below it."""
    from rich import box
    from rich.markup import escape

    from reports.shared.rendering import number
    from theory.search.notation import expression

    title = f"{escape(run.file.heading)} ({run.seconds:.1f} s)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("hypothesis", overflow="fold", min_width=14)
    table.add_column("needed?", overflow="fold", min_width=8)
    for heading in ("ratio", "evidence", "n k m", "calls", "s"):
        table.add_column(heading, justify="left" if heading == "evidence" else "right", no_wrap=True)
    words = {"refuted": "[green]needed", "survived": "[yellow]survived without", "inconclusive": "[yellow]inconclusive"}
    for judged in run.claims:
        outcome, small = judged.outcome, judged.outcome.simplest.pair if judged.outcome.simplest else None
        theorem = outcome.name.partition(" ")[0]
        table.add_row(
            f"{theorem} {escape(run.file.hypothesis_of(outcome.name) or '')}", words.get(outcome.verdict, "[red]error"),
            number(_ratio(outcome)), str(outcome.evidence or ""), f"{small.n} {small.k} {small.m}" if small else "",
            f"{outcome.evaluations:,}", f"{outcome.seconds:.2f}",
        )  # fmt: skip
    if run.claims:
        console.print(table)
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
            console.print(f"  {expression(shown.pair)}", soft_wrap=True, markup=False, highlight=False, end="")
            console.print(f"  # {shown.lhs:.6g} > {shown.rhs:.6g}", soft_wrap=True, style="dim", highlight=False)


def _ratio(outcome: Outcome) -> float | None:
    """Return lhs / rhs of the worst violation (or the closest pair), infinite where the right side vanishes."""
    if outcome.worst is None:
        return None
    return float("inf") if outcome.worst.ratio is None and outcome.verdict == "refuted" else outcome.worst.ratio


@app.command("check-metric")
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
    from reports.check_metric.metric_files import load_target

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
    from reports.check_metric.page import write_report
    from reports.check_metric.run import pytest_file, run_checks
    from theory.files import write_whole

    try:
        file = load_target(target)
        with _properties_bar(file) as report:
            run = run_checks(file, budget, seed, report)
    except KeyboardInterrupt:
        # Typer would make it the same status, and say nothing.
        typer.echo("logitbounds: interrupted; nothing was written", err=True)
        return _INTERRUPTED
    page = write_report(run, out, json)
    if write_test is not None:
        write_whole(write_test, pytest_file(run, write_test))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    _print_conformance(console, run)
    test = f"   test: {write_test}" if write_test is not None else ""
    console.print(
        f"report: {page}   data: {json or out / 'report.json'}{test}", soft_wrap=True, markup=False, highlight=False
    )
    if run.unusable:
        return _complaint("; ".join(f"{name}: {why}" for name, why in run.unusable.items()))
    return _FAILED if run.failed else _OK


@contextlib.contextmanager
def _properties_bar(file: MetricFile) -> Iterator[Callable[[str, str, int, int], None]]:
    """Show how many properties of all measures are done, on stderr."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from theory.conformance import PROPERTIES

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    names = list(file.metrics)
    console = Console(stderr=True)
    # Where stderr is a file or a pipe even a bar that vanishes would leave an empty line.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{escape(names[0])}: looking at it", total=len(names) * len(PROPERTIES))

        def report(metric: str, name: str, done: int, planned: int) -> None:
            before = names.index(metric) * len(PROPERTIES)
            bar.update(task, description=f"{escape(metric)}: {name} done", completed=before + done)

        yield report


def _print_conformance(console: Console, run: ConformanceRun) -> None:
    """Print a card for each measure."""
    from rich.markup import escape

    for found in run.results.values():
        _print_card(console, found)
    for name, why in run.unusable.items():
        console.print(f"[red]not checked[/red] {escape(name)}: {escape(why)}", soft_wrap=True, highlight=False)


def _print_card(console: Console, found: Conformance) -> None:
    from rich import box
    from rich.markup import escape

    from reports.check_metric.page import WORDS, kind_of, mark_of, summary

    title = f"{escape(found.metric)}, {kind_of(found)} ({found.seconds:.1f} s, {found.evaluations:,} calls)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("property", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    if found.declared is not None:
        table.add_column("declared", no_wrap=True)
    table.add_column("evidence", no_wrap=True)
    table.add_column("trials", justify="right", no_wrap=True)
    # On a narrow terminal what was seen stands below the table, where there is more to say than that nothing was.
    wide = console.width >= _WIDE
    if wide:
        table.add_column("what was seen", overflow="fold")
    colours = {"holds": "green", "fails": "red", "inconclusive": "yellow", "not_applicable": "dim"}
    marks = {"over-claim": "[bold red]over-claim", "under-claim": "[cyan]under-claim"}
    for name in found.ran:
        result = found[name]
        mark = mark_of(found, name)
        table.add_row(
            name, f"[{colours[result.verdict]}]{WORDS[result.verdict]}",
            *([marks.get(mark, mark)] if found.declared is not None else []),
            str(result.evidence or ""), f"{result.trials:,}", *([escape(result.message)] if wide else []),
        )  # fmt: skip
    console.print(table)
    for name in () if wide else found.ran:
        if found[name].verdict in ("fails", "inconclusive"):
            colour = colours[found[name].verdict]
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


@app.command("list")
def listing(what: Annotated[Listing, typer.Argument(help="What to list.")] = Listing.claims) -> int:
    """List the statements of the catalogue, the measures, the distillation losses or the datasets."""
    for line in _listed(what):
        typer.echo(line)
    return _OK


def _listed(what: Listing) -> list[str]:
    if what is Listing.claims:
        from theory.catalogue import theorems

        lines = []
        for theorem in theorems().values():
            lines.append(f"{theorem.identifier}  {theorem.title}")
            lines += [f"    {statement.name}" for statement in theorem.statements]
            lines += [f"    {twin.name}  (false twin)" for twin in theorem.twins]
        return lines
    if what is Listing.metrics:
        import theory

        names = sorted(
            name
            for name in theory.__all__
            if callable(getattr(theory, name)) and name.islower() and name not in _NOT_MEASURES
        )
        return [f"{name}  {(getattr(theory, name).__doc__ or '').splitlines()[0]}" for name in names]
    _require("torch", "sklearn")
    if what is Listing.losses:
        from empirics.losses import losses

        return [f"{name}  {loss.title}" for name, loss in sorted(losses().items())]
    from empirics.data.registry import DATASETS

    return [f"{name}  {source.title}" for name, source in DATASETS.items()]


app.command()(distill)
app.command()(audit)
app.command()(prove)
app.command()(check_certificate)

_NOT_MEASURES = frozenset({"alignment", "assert_survives", "claim", "falsify", "metric", "identifiability_profile"})


def _require(*packages: str) -> None:
    from importlib.util import find_spec

    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise InvalidInput(f"this command needs {', '.join(missing)}: pip install 'logitbounds[verify]'")


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status."""
    try:
        status = app(arguments, standalone_mode=False)
    except InvalidInput as error:
        sys.exit(_complaint(str(error)))
    except KeyboardInterrupt:
        typer.echo("logitbounds: interrupted; nothing was written", err=True)
        sys.exit(_INTERRUPTED)
    except Exception as error:
        # Typer's own complaints about options and arguments carry their message this way.
        if not hasattr(error, "format_message"):
            raise
        sys.exit(_complaint(error.format_message()))
    sys.exit(status if isinstance(status, int) else _OK)


def _complaint(message: str) -> int:
    line = " ".join(message.split())
    if line:  # Typer has already said what there was to say where there is none
        typer.echo(f"logitbounds: {line}", err=True)
    return _UNUSABLE
