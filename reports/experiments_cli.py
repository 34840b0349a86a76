"""The command ``logitbounds distill``."""

from __future__ import annotations

import contextlib
import enum
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reports.files import require_file, require_folder, sweep, write_json, write_whole
from reports.rendering import number
from theory.errors import InvalidInput

if TYPE_CHECKING:
    from empirics.experiment import Plan
    from reports.experiments import Report

_OK, _FAILED, _INTERRUPTED = 0, 1, 130
_WIDE = 110


class Extent(enum.StrEnum):
    """How much `distill` trains."""

    quick = "quick"
    standard = "standard"
    paper = "paper"


def distill(
    experiment: Annotated[str, typer.Argument(help="spirals, digits, rendered, ...: see `logitbounds list datasets`.")],
    losses: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Losses, as in kl,centred_l2,my_losses.py::mine.  [default: the profile's]"),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Teachers, and students of each.  [default: profile's]")
    ] = None,
    profile: Annotated[Extent, typer.Option(help="How much to train.")] = Extent.quick,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Same seed, same results.")] = 0,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the data are, if they do not come with a package.")
    ] = None,
    student_width: Annotated[float | None, typer.Option(help="Factor of the widths of students' layers.")] = None,
    student_dimension: Annotated[int | None, typer.Option(help="Dimension of students' embeddings.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes.  [default: the number of cores]")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all results to this file.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for index.html and checkpoints.  [default: runs/distill/EXPERIMENT]")
    ] = None,
) -> int:
    """Distil students by several losses, measure what they keep of their teachers, and hold predictions against it.

    Every teacher is paired with every student seed and every loss. What was trained is kept in the folder: the same
    command goes on where it was interrupted, and a loss that is added trains its own students alone.
    """
    _require_extra()
    from empirics.experiment import Plan, run
    from empirics.loss_files import parse_losses
    from empirics.presets import preset_named
    from reports.experiments import as_json, remarks_on, report_on, with_student
    from reports.experiments_page import render

    preset = preset_named(experiment, profile.value)
    if seeds is not None:
        preset = replace(preset, teachers=seeds, students=seeds)
    chosen = parse_losses(losses if losses is not None else ",".join(preset.losses))
    folder = None if data_dir is None else data_dir.absolute()
    plan = with_student(Plan(experiment, profile.value, preset, chosen, seed, folder), student_width, student_dimension)
    place = out or Path("runs/distill") / experiment
    if json is not None:
        require_file(json)
    require_folder(place)
    remarks = remarks_on(chosen)
    sweep(place / "checkpoints")
    try:
        with _bar(plan) as progress:
            grid = run(plan, place / "checkpoints", progress, jobs)
    except KeyboardInterrupt:
        typer.echo("logitbounds: interrupted; the same command goes on where it stopped", err=True)
        return _INTERRUPTED
    options = {
        "--losses": losses, "--seeds": seeds, "--profile": profile.value, "--seed": seed, "--data-dir": data_dir,
        "--student-width": student_width, "--student-dimension": student_dimension,
    }  # fmt: skip
    words = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    report = report_on(grid, shlex.join(["logitbounds", "distill", experiment, *words]), remarks)
    write_json(place / "report.json", as_json(report))
    if json is not None and json.resolve() != (place / "report.json").resolve():
        write_json(json, as_json(report))
    write_whole(place / "index.html", render(report))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    _print(console, report)
    console.print(
        f"report: {place / 'index.html'}   data: {json or place / 'report.json'}",
        soft_wrap=True, highlight=False, markup=False,
    )  # fmt: skip
    return _FAILED if report.violations else _OK


def _require_extra() -> None:
    missing = [name for name in ("torch", "sklearn", "matplotlib") if find_spec(name) is None]
    if missing:
        raise InvalidInput(f"this command needs {', '.join(missing)}: pip install 'logitbounds[verify]'")


@contextlib.contextmanager
def _bar(plan: Plan) -> Iterator[Callable[[str, int, int], None]]:
    """Show how many epochs of all networks are done, on stderr."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{plan.experiment}: preparing", total=None)
        yield lambda words, done, total: bar.update(
            task, description=f"{plan.experiment}: {words}", completed=done, total=total
        )


_SHOWN = {
    "accuracy": "accuracy",
    "mean_cca": "m_CCA",
    "logit_distance": "d_logit",
    "kl": "KL",
    "direction_r2": "R² of directions",
    "concept_accuracy": "concepts",
}


def _print(console: Console, report: Report) -> None:
    plan = report.grid.plan
    preset = plan.preset
    title = (
        f"{plan.experiment}, test part: {preset.teachers} teachers x {preset.students} students x "
        f"{len(plan.losses)} losses (profile {plan.profile}, seed {plan.seed}, {report.grid.seconds:.0f} s)"
    )
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("loss", no_wrap=True)
    measures = [name for name in _SHOWN if any(report.cell(loss, name) for loss in report.losses)]
    for name in measures:
        table.add_column(_SHOWN[name], justify="right", no_wrap=True)
    teacher = {"accuracy": "teacher_accuracy", "concept_accuracy": "teacher_concept_accuracy"}
    table.add_row("teacher", *(_cell(report, report.losses[0], teacher.get(name, "")) for name in measures))
    for loss in report.losses:
        table.add_row(escape(loss), *(_cell(report, loss, name) for name in measures))
    console.print(table)
    console.print("mean [95 % interval for new teachers and new students]; chance: " + number(1 / _labels(report)))
    colours = {"confirmed": "green", "refuted": "red", "undecided": "yellow"}
    for judged in report.judged:
        verdict = str(judged.verdict)
        words = " ".join(judged.prediction.statement.split())
        console.print(f"[{colours[verdict]}]{verdict:9}[/] {escape(words)}", highlight=False, soft_wrap=True)
        console.print(f"          {escape(judged.evidence)}", style="dim", highlight=False, soft_wrap=True)
    for name, lines in report.remarks.items():
        for line in lines:
            console.print(f"[yellow]remark[/] {escape(name)}: {escape(line)}", highlight=False, soft_wrap=True)
    applies, vacuous = (sum(getattr(line, key) for line in report.theorems) for key in ("applies", "vacuous"))
    console.print(
        f"theorems on trained pairs: {applies:,} statements apply, {len(report.violations)} violated, "
        f"{vacuous:,} vacuous",
        highlight=False,
    )
    for line in report.violations:
        console.print(f"[red]VIOLATED[/] {escape(line)}", highlight=False, soft_wrap=True)
    training, whole = report.grid.training_core_seconds, report.grid.core_seconds
    cost = f"training: {training:.0f} core-seconds, measuring included {whole:.0f}"
    if report.peer is not None:
        cost += f"; the authors' code on the same grid: {report.peer.core_seconds:,.0f}, {report.peer.factor:.0f}x"
    console.print(cost, highlight=False)


def _labels(report: Report) -> int:
    return int(report.grid.facts["labels"])


def _cell(report: Report, loss: str, measure: str) -> str:
    found = report.cell(loss, measure) if measure else None
    if found is None:
        return ""
    ends = "" if found["low"] is None else f"\n[dim]\\[{found['low']:.3g}, {found['high']:.3g}][/dim]"
    return f"{number(found['mean'])}{ends}"
