"""The command ``logitbounds distill``."""

from __future__ import annotations

import enum
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reports.shared.files import require_file, require_folder, write_json
from reports.shared.terminal import ExitStatus, interrupted, require_packages, steps, table, wide_console
from theory.errors import InvalidInput
from theory.files import sweep, write_whole

if TYPE_CHECKING:
    from reports.distill.run import Report

_MOST_SEEDS = 1000  # a thousand teachers with a thousand students each: nobody means more, and no machine trains them


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
        int | None, typer.Option(min=1, max=_MOST_SEEDS, help="Teachers, and students of each.  [default: profile's]")
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
    try:
        return _distil(
            experiment, losses, seeds, profile, seed, data_dir, student_width, student_dimension, jobs, json,
            out or Path("runs/distill") / experiment,
        )  # fmt: skip
    except KeyboardInterrupt:
        return interrupted("the same command goes on where it stopped")


def _distil(
    experiment: str,
    losses: str | None,
    seeds: int | None,
    profile: Extent,
    seed: int,
    data_dir: Path | None,
    student_width: float | None,
    student_dimension: int | None,
    jobs: int | None,
    json: Path | None,
    place: Path,
) -> int:
    require_packages("torch", "sklearn", "matplotlib")
    from empirics.experiment import Plan, run
    from empirics.losses.files import parse_losses
    from empirics.presets import preset_named
    from reports.distill.page import render
    from reports.distill.run import as_json, remarks_on, report_on, with_student

    preset = preset_named(experiment, profile.value)
    if seeds is not None:
        preset = replace(preset, teachers=seeds, students=seeds)
    chosen = parse_losses(losses if losses is not None else ",".join(preset.losses))
    folder = None if data_dir is None else data_dir.absolute()
    plan = with_student(Plan(experiment, profile.value, preset, chosen, seed, folder), student_width, student_dimension)
    _require_outputs(place, json)
    remarks = remarks_on(chosen)
    sweep(place / "checkpoints")
    with steps(f"{experiment}: preparing", experiment + ": {}", counted=False, remaining=True) as report_step:
        grid = run(plan, place / "checkpoints", report_step, jobs)
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
    console = wide_console()
    _print(console, report)
    console.print(
        f"report: {place / 'index.html'}   data: {json or place / 'report.json'}",
        soft_wrap=True, highlight=False, markup=False,
    )  # fmt: skip
    return ExitStatus.FAILED if report.violations else ExitStatus.OK


def _require_outputs(place: Path, json: Path | None) -> None:
    """Make sure that all files can be written before any work is done."""
    if json is not None:
        taken = [place, place / "checkpoints", place / "index.html"]
        if json.resolve() in [path.resolve() for path in taken]:
            raise InvalidInput(f"--json: expected a file of its own, saw '{json}', which the report takes")
        require_file(json)
    require_folder(place)
    require_folder(place / "checkpoints")
    for name in ("report.json", "index.html"):
        require_file(place / name, "--out")


_SHOWN = {
    "accuracy": "accuracy",
    "mean_cca": "m_CCA",
    "logit_distance": "d_logit",
    "kl": "KL",
    "direction_r2": "R² of directions",
    "concept_accuracy": "concepts",
}
_CERTAIN = {
    "certified_agreement": "labels certified",
    "agreement": "agree",
    "disagreement_bound": "differ at most",
    "fisher_bound": "Fisher at most",
    "squared_fisher_distance": "Fisher",
    "certified_embeddings": "embeddings certified",
    "near_embeddings": "near",
}
_OF_TEACHERS = {"accuracy": "teacher_accuracy", "concept_accuracy": "teacher_concept_accuracy"}
_NAME = 24  # columns that the name of a loss takes at most
_GAP, _EDGES = 3, 2  # between two columns, and at both ends
_COLOURS = {"confirmed": "green", "refuted": "red", "undecided": "yellow"}


def _print(console: Console, report: Report) -> None:
    from reports.distill.page import certain, vacuous_in_words
    from reports.shared.rendering import number

    plan = report.grid.plan
    preset = plan.preset
    counts = " x ".join(
        f"{count} {word if count == 1 else plural}"
        for count, word, plural in (
            (preset.teachers, "teacher", "teachers"),
            (preset.students, "student", "students"),
            (len(plan.losses), "loss", "losses"),
        )
    )
    title = f"{plan.experiment}, test part: {counts} (profile {plan.profile}, seed {plan.seed}, "
    console.print(f"{title}{report.grid.seconds:.0f} s)", style="italic", highlight=False, markup=False)
    for shown in (_SHOWN, _CERTAIN):
        for part in _tables(report, console.width, shown):
            console.print(part)
    chance = number(1 / _labels(report))
    note = f"mean (geometric for distances and KL) [95 % interval for new teachers and new students]; chance: {chance}"
    console.print(note, highlight=False, markup=False)
    for loss in report.losses:
        if report.without_certificate(loss)[0]:
            _indented(console, "[yellow]certain[/]   ", escape(f"{loss}: {certain(report, loss)}"))
    for judged in report.judged:
        verdict = str(judged.verdict)
        colour, words = _COLOURS[verdict], " ".join(judged.prediction.statement.split())
        _indented(console, f"[{colour}]{verdict:9}[/] ", escape(words))
        _indented(console, " " * 10, f"[dim]{escape(judged.evidence)}[/dim]")
    if report.not_judged:
        _indented(console, "", f"{report.not_judged} predictions speak of losses that were not run")
    for name, lines in report.remarks.items():
        for line in lines:
            _indented(console, "[yellow]remark[/]    ", escape(f"{name}: {line}"))
    applies, vacuous = (sum(getattr(line, key) for line in report.theorems) for key in ("applies", "vacuous"))
    console.print(
        f"theorems on trained pairs: {applies:,} statements apply, {len(report.violations)} violated, "
        f"{vacuous:,} vacuous",
        highlight=False,
    )
    if hollow := vacuous_in_words(report):
        _indented(console, "", escape(hollow))
    for line in report.violations:
        _indented(console, "[red]VIOLATED[/]  ", escape(line))
    training, whole = report.grid.training_core_seconds, report.grid.core_seconds
    cost = f"training: {training:.0f} core-seconds, measuring included {whole:.0f}"
    if report.peer is not None:
        cost += (
            f"; as many networks in the authors' code, wider and trained for longer: {report.peer.core_seconds:,.0f}, "
            f"{report.peer.factor:.0f}x"
        )
    console.print(cost, highlight=False)


def _indented(console: Console, label: str, words: str) -> None:
    """Print a label and words: beside it on a terminal, on one line anywhere else, where lines are searched."""
    if not console.is_terminal:
        console.print(f"{label}{words}", highlight=False, soft_wrap=True)
        return
    line = Table.grid()
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(label, words)
    console.print(line, highlight=False)


def _tables(report: Report, width: int, shown: Mapping[str, str]) -> Iterator[Table]:
    """Return the means by loss, in as many tables of about as many columns as it takes for none to be cut."""
    names = [min(len(name), _NAME) for name in ("teacher", *report.losses)]
    measures = [name for name in shown if any(report.cell(loss, name) for loss in report.losses)]
    columns = {name: _column(report, name) for name in measures}
    widths = {
        name: max(len(line) for cell in (shown[name], *columns[name]) for line in cell.split("\n")) + _GAP
        for name in measures
    }
    count = 1
    while count < len(measures) and any(
        max(names) + sum(widths[name] for name in group) + _EDGES > width for group in _shared_out(measures, count)
    ):
        count += 1
    for group in _shared_out(measures, count):
        part = table()
        part.add_column("loss", overflow="fold", max_width=_NAME, min_width=max(names))
        for name in group:
            part.add_column(shown[name], justify="right", no_wrap=True)
        for label, *cells in zip(("teacher", *report.losses), *(columns[name] for name in group), strict=True):
            part.add_row(escape(label), *(escape(cell).replace("\n", "\n[dim]") for cell in cells))
        yield part


def _shared_out(measures: Sequence[str], count: int) -> list[Sequence[str]]:
    size = -(-len(measures) // count)
    return [measures[start : start + size] for start in range(0, len(measures), size)]


def _column(report: Report, measure: str) -> list[str]:
    """Return a measure's cells: the teacher's, then each loss's."""
    return [
        _cell(report, report.losses[0], _OF_TEACHERS.get(measure, "")),
        *(_cell(report, loss, measure) for loss in report.losses),
    ]


def _labels(report: Report) -> int:
    return int(report.grid.facts["labels"])


def _cell(report: Report, loss: str, measure: str) -> str:
    from reports.shared.rendering import number

    found = report.cell(loss, measure) if measure else None
    if found is None:
        return ""
    low, high = found["low"], found["high"]
    if low is None:
        return number(found["mean"])
    # Three digits, or as many, up to five, as it takes to tell the ends apart.
    size, width = max(abs(low), abs(high)), high - low
    digits = min(max(math.ceil(math.log10(size / width)), 3), 5) if size and width else 4
    return f"{number(found['mean'])}\n[{low:.{digits}g}, {high:.{digits}g}]"
