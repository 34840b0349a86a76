"""The command ``logitbounds audit``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from reports.shared.files import require_file, require_folder
from reports.shared.terminal import ExitStatus, interrupted, steps
from theory.errors import InvalidInput
from theory.files import write_whole

if TYPE_CHECKING:
    from reports.audit.results import AuditRun


def audit(
    out: Annotated[Path, typer.Option(help="Folder for index.html and report.json.")] = Path("runs/audit"),
    budget: Annotated[float, typer.Option(help="Seconds for each measure.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of everything drawn.")] = 0,
    only: Annotated[str | None, typer.Option(metavar="PACKAGE", help="Audit one package.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all results to this file too.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the page as markdown to this file.")] = None,
) -> int:
    """Audit the measures of other packages: what they declare against what is found, and one name against another.

    Packages that are not installed are named and left out; `pip install 'logitbounds[audit]'` installs them. What is
    found is about others' measures, so that the exit status is 0 whatever it is.
    """
    if not 0 < budget < float("inf"):
        raise InvalidInput(f"--budget: expected a positive number, saw {budget}")
    for option, file in (("--json", json), ("--markdown", markdown)):
        if file is not None:
            require_file(file, option)
    require_folder(out)
    from reports.audit.markdown import markdown as as_markdown
    from reports.audit.page import write_report
    from reports.audit.run import run_audit

    # A measure that kills its process leaves semaphores behind, of which Python would warn when all is done.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    try:
        with steps("audit") as tell:
            run = run_audit(budget, seed, only, tell)
    except KeyboardInterrupt:
        return interrupted()
    page = write_report(run, out, json)
    if markdown is not None:
        write_whole(markdown, as_markdown(run, command_of(budget, seed, only, markdown)))
    console = Console()
    _print(console, run)
    told = f"   markdown: {markdown}" if markdown is not None else ""
    console.print(f"report: {page}   data: {json or out / 'report.json'}{told}", soft_wrap=True, highlight=False)
    return ExitStatus.OK


def command_of(budget: float, seed: int, only: str | None, markdown: Path) -> str:
    """Return the command that writes a markdown page again."""
    chosen = f" --only {only}" if only is not None else ""
    return f"logitbounds audit --budget {budget:g} --seed {seed}{chosen} --markdown {markdown.as_posix()}"


def _print(console: Console, run: AuditRun) -> None:
    from reports.audit import tables

    n = tables.counts(run)
    console.print(
        f"{n['measures']} measures of {n['packages']} packages, {n['examined']} examined: {n['ran']} of {n['planned']} "
        f"properties run; {n['overclaims']} of {n['declared']} declared properties failed ({run.seconds:.0f} s)",
        soft_wrap=True, highlight=False,
    )  # fmt: skip
    for claim in tables.overclaims(run):
        console.print(
            f"[red]over-claim[/red] {escape(claim.audited.adapter.key)}: {claim.name}: {escape(claim.result.message)}",
            soft_wrap=True, highlight=False,
        )  # fmt: skip
    for audited in run.measures:
        if audited.out_of_range and audited.range is not None and audited.adapter.range is not None:
            declared, seen = audited.adapter.range, audited.range
            console.print(
                f"[red]out of range[/red] {escape(audited.adapter.key)}: from {seen.low:.4g} to {seen.high:.4g}, "
                f"declared {escape(tables.range_in_words(declared.low, declared.high))}",
                soft_wrap=True, highlight=False,
            )  # fmt: skip
        if audited.unfinished:
            console.print(
                f"[yellow]not run[/yellow] {escape(audited.adapter.key)}: {', '.join(audited.unfinished)} "
                "(a longer --budget would do)",
                soft_wrap=True, highlight=False,
            )  # fmt: skip
        if audited.found is None:
            console.print(
                f"[yellow]not examined[/yellow] {escape(audited.adapter.key)}: {escape(audited.why)}",
                soft_wrap=True, highlight=False,
            )  # fmt: skip
    for audited, message in tables.kills(run):
        console.print(
            f"[red]ends the interpreter[/red] {escape(audited.adapter.key)}: {escape(message)}",
            soft_wrap=True, highlight=False,
        )  # fmt: skip
    for comparison in run.comparisons:
        for formula in comparison.disagreements:
            console.print(
                f"[red]disagree[/red] {escape(comparison.group.name)}, {escape(formula)}: "
                f"{escape(tables.spread_in_words(comparison.within[formula]))}",
                soft_wrap=True, highlight=False,
            )  # fmt: skip
    for package in run.missing:
        console.print(f"[dim]not installed: {package.name}: {escape(package.install)}", soft_wrap=True, highlight=False)
