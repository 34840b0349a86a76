"""The command ``logitbounds verify``."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from reports.shared.files import require_folder, write_json
from reports.shared.terminal import ExitStatus, require_packages, steps, table
from theory.files import write_whole

if TYPE_CHECKING:
    from reports.verify.run import VerificationRun

# What the other columns of the table of theorems take at their widest, and the least of a title that says something.
_OTHERS, _LEAST_TITLE = 68, 18


class ProfileName(enum.StrEnum):
    """How hard `verify` tries."""

    quick = "quick"
    standard = "standard"
    deep = "deep"


def verify(
    profile: Annotated[ProfileName, typer.Option(help="How hard to try.")] = ProfileName.quick,
    out: Annotated[Path, typer.Option(help="Folder for index.html and report.json.")] = Path("runs/verify"),
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Same seed, same verdicts.")] = 0,
) -> int:
    """Verify the whole theory: attack every theorem, refute every false twin, state all on trained models."""
    require_packages("torch", "sklearn", "matplotlib")
    require_folder(out)
    from reports.verify.page import render
    from reports.verify.run import as_json, run_verification

    with steps("verifying", "{} done") as report:
        run = run_verification(profile.value, seed, report)
    write_json(out / "report.json", as_json(run))
    write_whole(out / "index.html", render(run))
    console = Console()
    _print(console, run)
    console.print(f"report: {out / 'index.html'}   data: {out / 'report.json'}", soft_wrap=True, highlight=False)
    return ExitStatus.FAILED if run.failures else ExitStatus.OK


def _print(console: Console, run: VerificationRun) -> None:
    _print_theorems(console, run)
    print_trained(console, run)
    for line in run.failures:
        console.print(f"[red]FAILED[/red] {line}", highlight=False, soft_wrap=True)


def _print_theorems(console: Console, run: VerificationRun) -> None:
    from reports.shared.rendering import number
    from reports.verify.run import evidence_word, sharp_constant, worst_ratio

    theorems = table(f"Theorems (profile {run.profile}, seed {run.seed}, {run.seconds:.1f} s)")
    for heading in ("", "theorem", "held", "evidence"):
        # The title gives way on a narrow terminal: the numbers are what the table is for.
        width = max(_LEAST_TITLE, console.width - _OTHERS) if heading == "theorem" else None
        theorems.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=width)
    for heading in ("worst", "sharp", "twins", "known"):
        theorems.add_column(heading, justify="right", no_wrap=True)
    for report in run.theorems:
        main = report.statements[0]
        theorems.add_row(
            report.theorem.identifier, report.theorem.title, "[green]held" if report.held else "[red]FAILED",
            evidence_word(main.outcome) or "", number(worst_ratio(main.outcome)), number(sharp_constant(report)),
            f"{sum(t.refuted for t in report.twins)}/{len(report.twins)}",
            f"{sum(a.ok for a in report.answers)}/{len(report.answers)}",
        )  # fmt: skip
    console.print(theorems)


def print_trained(console: Console, run: VerificationRun) -> None:
    """Print what is certain of trained models first, and of what is not how far off it is."""
    from reports.shared.certificates import of_vacuous
    from reports.shared.rendering import number
    from reports.verify.page import certain_table, kl_bound_table

    rows = kl_bound_table(run.real)
    names = [row["name"].removeprefix("digits: ").removesuffix(" student") for row in rows]
    real = table("Trained models, students of one teacher of digits: what KL certifies, and the truth")
    real.add_column("")
    for name in names:
        real.add_column(name, justify="right")
        real.add_column("truth", justify="right", style="dim")
    for words, cells in certain_table(run.real):
        real.add_row(words, *(word for bound, truth in cells for word in (bound or "vacuous", truth)))
    bounds = [_powers(row["orders"], row["truth"]) for row in rows]
    old = [
        word
        for row, bound in zip(rows, bounds, strict=True)
        for word in (f"[yellow]{bound}[/yellow]" if row["vacuous"] else bound, number(row["truth"]))
    ]
    real.add_row("d_logit² by the floor τ, bound 2 KL/τ (T5)", *old)
    console.print(real)
    for name, row, model in zip(names, rows, run.real, strict=True):
        off = "" if row["orders"] is None else f" T5 is off by {row['orders']:.0f} orders of magnitude."
        line = f"{' '.join(model.answer)}{off} {of_vacuous(model.sorted)}"
        console.print(f"[bold]{name}[/bold] (accuracy {row['student_accuracy']:.3f}): {escape(line)}", highlight=False)


def _powers(orders: float | None, truth: float) -> str:
    """Return a bound by its orders above the truth: it may be beyond floats."""
    return "–" if orders is None else f"≤ 1e{orders + math.log10(truth):.0f}"
