"""The command ``logitbounds prove``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from reports.shared.files import require_folder, write_json
from reports.shared.terminal import ExitStatus, steps, table
from theory.errors import InvalidInput
from theory.files import write_whole

if TYPE_CHECKING:
    from reports.prove.run import TheoremProved

_COLOURS = {"proved": "green", "cited": "yellow", "not proved": "red"}


def prove(
    name: Annotated[
        str | None,
        typer.Argument(metavar="THEOREM[::STATEMENT]", help="A theorem (T5), or a statement or false twin of it."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Check the proofs of the whole catalogue.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for index.html, report.json and certificates.  [default: nothing is written]"),
    ] = None,
) -> int:
    """Check a proof step by step, and print it as a person would write it.

    Every step is discharged in exact arithmetic or rests on a cited lemma; none is proved because it was sampled. A
    false twin has no proof: asked for one, the answer is that it is not proved, and the exit status is 1.
    """
    from reports.prove import run as proofs

    if (name is None) != everything:
        raise InvalidInput(f"prove: expected a theorem or --all, saw {'neither' if name is None else 'both'}")
    if out is not None:
        require_folder(out)
    if name is None:
        found = _all()
        _print_table(found)
    else:
        found = (proofs.prove(*proofs.chosen(name)),)
        typer.echo(proofs.as_text(found[0]), nl=False)
    if out is not None:
        _write(found, out)
    return ExitStatus.FAILED if any(one.failed for one in found) else ExitStatus.OK


def _all() -> tuple[TheoremProved, ...]:
    """Check all proofs, with a bar on stderr."""
    from reports.prove.run import prove_all

    with steps("proving", "{} done") as report:
        return prove_all(report)


def _print_table(found: tuple[TheoremProved, ...]) -> None:
    console = Console()
    proofs = table("Proofs")
    for heading in ("", "theorem", "status"):
        # The title gives way on a narrow terminal, as in the table of a verification.
        width = max(18, console.width - 62) if heading == "theorem" else None
        proofs.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=width)
    for heading in ("steps", "cited", "twins without", "s"):
        proofs.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        discharges = [discharge for proof in one.proofs for discharge in proof.discharges]
        unproved = len(one.without) + sum(str(attempt.status) == "not proved" for attempt in one.attempts)
        proofs.add_row(
            one.identifier, one.title, f"[{_COLOURS[str(one.status)]}]{one.status}", str(len(discharges)),
            str(sum(str(discharge.status) == "cited" for discharge in discharges)),
            f"{unproved}/{len(one.without) + len(one.attempts)}", f"{one.seconds:.1f}",
        )  # fmt: skip
    console.print(proofs)
    for one in found:
        for proof in one.proofs:
            if proof.problem:
                line = f"{one.identifier} {proof.proof.statement}: {proof.problem}"
                console.print(f"[red]NOT PROVED[/red] {line}", highlight=False, soft_wrap=True)
            for step, discharge in zip(proof.proof.steps, proof.discharges, strict=True):
                if str(discharge.status) == "not proved":
                    line = f"{one.identifier} {proof.proof.statement}, step {step.name}: {discharge.detail}"
                    console.print(f"[red]NOT PROVED[/red] {line}", highlight=False, soft_wrap=True)


def _write(found: tuple[TheoremProved, ...], out: Path) -> None:
    from reports.prove.page import enclosures, render
    from reports.prove.run import as_json, certificates
    from theory.proofs.certificates import save

    folder = out / "certificates"
    saved = [save(certificate, folder) for one in found for certificate in certificates(one)]
    write_json(out / "report.json", as_json(found))
    wanted = any(one.identifier == "T5" for one in found) and find_spec("cvxpy") is not None
    write_whole(out / "index.html", render(found, enclosures() if wanted else ()))
    kept = f"   certificates: {len(saved)} in {folder}" if saved else ""
    typer.echo(f"report: {out / 'index.html'}   data: {out / 'report.json'}{kept}")
