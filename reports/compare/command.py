"""The command ``logitbounds compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from reports.shared.files import require_file, write_json
from reports.shared.saved_models import load_model
from reports.shared.terminal import ExitStatus, table


def compare(
    first: Annotated[
        Path, typer.Argument(metavar="A", help="A saved model: .npz, .safetensors, or a directory of shards.")
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another, over the same inputs and labels.")],
    json: Annotated[Path | None, typer.Option(help="Write all numbers to this file.")] = None,
) -> int:
    """Compare two saved models: every distance, every guarantee with both sides, and which are vacuous."""
    from reports.compare.run import compare as compared

    if json is not None:
        require_file(json)
    result: Any = compared(load_model(first), load_model(second), (str(first), str(second)))
    _print(Console(), f"{first}  and  {second}", result)
    if json is not None:
        write_json(json, result)
    return ExitStatus.FAILED if any(g["holds"] is False for g in result["guarantees"]) else ExitStatus.OK


def _print(console: Console, title: str, result: Any) -> None:
    from reports.shared.rendering import number

    console.print(f"[bold]{escape(title)}[/bold]")
    for sentence in result["answer"]:
        console.print(escape(sentence))
    _print_certificates(console, result["certificates"])
    _print_guarantees(console, result)
    measures = table("Distances")
    measures.add_column("measure")
    measures.add_column("value", justify="right")
    for name, value in result["measures"].items():
        measures.add_row(name, number(value) if value is not None else f"[dim]{result['undefined'][name]}")
    console.print(measures)


def _print_certificates(console: Console, found: list[dict[str, Any]]) -> None:
    from reports.shared.certificates import Certificate, sides, told

    certain = table("Certified by KL, without a floor on probabilities")
    for heading in ("", "bound", "truth"):
        certain.add_column(heading, justify="right" if heading else "left")
    for one in told(Certificate(**entry) for entry in found):
        certain.add_row(one.words, *sides(one))
    console.print(certain)


def _print_guarantees(console: Console, result: Any) -> None:
    """Print what is violated and what is informative; of the rest, how much there is."""
    from reports.shared.rendering import number

    shown = [g for g in result["guarantees"] if g["applies"] and (g["holds"] is False or g["vacuous"] is False)]
    if shown:
        guarantees = table("Guarantees that say something")
        for heading in ("", "statement", "truth", "bound", "truth/bound", ""):
            guarantees.add_column(heading, justify="left" if heading in ("", "statement") else "right")
        for g in shown:
            ratio = g["truth"] / g["bound"] if g["bound"] else None
            words = ["[red]VIOLATED[/red]"] if g["holds"] is False else []
            words += [f"[dim]{escape(g['reason'])}[/dim]"] if g["reason"] else []
            guarantees.add_row(
                g["theorem"], g["statement"].replace("_", " "), number(g["truth"]), number(g["bound"]), number(ratio),
                ": ".join(words),
            )  # fmt: skip
        console.print(guarantees)
    for line in (result["vacuous"]["words"], result["others"]):
        if line:
            console.print(escape(line))
    console.print("[dim]All of them are in the file that --json names.[/dim]\n")
