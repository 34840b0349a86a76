"""The command ``logitbounds verify``."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

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
    _print_trained(console, run)
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


def _print_trained(console: Console, run: VerificationRun) -> None:
    from reports.verify.page import kl_bound_table

    real = table("Trained models: the floor tau, the KL bound and the truth")
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
