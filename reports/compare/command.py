"""The command ``logitbounds compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

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

    measures = table(title)
    measures.add_column("measure")
    measures.add_column("value", justify="right")
    for name, value in result["measures"].items():
        measures.add_row(name, number(value) if value is not None else f"[dim]{result['undefined'][name]}")
    console.print(measures)
    guarantees = table("Guarantees")
    for heading in ("", "statement", "truth", "bound", ""):
        guarantees.add_column(heading, justify="right" if heading in ("truth", "bound") else "left")
    for g in result["guarantees"]:
        words = ["[red]VIOLATED[/red]"] if g["holds"] is False else ["[yellow]vacuous[/yellow]"] if g["vacuous"] else []
        words += [f"[dim]{g['reason']}[/dim]"] if g["reason"] else []
        guarantees.add_row(
            g["theorem"], g["statement"].replace("_", " "), number(g["truth"]), number(g["bound"]), ": ".join(words)
        )
    console.print(guarantees)
