"""The command ``logitbounds certify``."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reports.shared.files import require_file, require_folder, write_json
from reports.shared.groups import load_groups
from reports.shared.saved_models import load_model
from reports.shared.terminal import ExitStatus, table, wide_console
from theory.errors import InvalidInput
from theory.files import write_whole

if TYPE_CHECKING:
    from reports.certify.run import Certified


class OfGroup(enum.StrEnum):
    """Through which of its inputs a group is seen."""

    WORST = "worst"
    DRAWN = "drawn"


def certify(
    first: Annotated[
        Path, typer.Argument(metavar="A", help="The teacher: .npz, .safetensors, or a directory of shards.")
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="The student, over the same inputs and labels.")],
    alpha: Annotated[float, typer.Option(help="Probability, or share of inputs, that may lie beyond a bound.")],
    delta: Annotated[float, typer.Option(help="Probability that a statement made with confidence fails.")],
    groups: Annotated[
        Path | None, typer.Option(help="One identifier an input (text or .npy): inputs of a group are dependent.")
    ] = None,
    of_group: Annotated[OfGroup, typer.Option(help="A group counts as its worst input, or as one drawn.")] = (
        OfGroup.WORST
    ),
    probes: Annotated[
        Path | None, typer.Option(help="Linear probes on A's embeddings: .npz with weights (c, m) and bias (c,).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws from groups.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for index.html and report.json.")] = None,
) -> int:
    """Say what holds for new inputs from where these came, and with what confidence, whatever their distribution.

    How large KL and the logit difference get, how far embeddings are after alignment, what share keeps its top label,
    and on what share each probe's decision is certain. The inputs must not be those that either model was fitted to.
    """
    from reports.certify.probes import load_probes
    from reports.certify.run import certify as certified
    from reports.certify.words import as_json
    from theory.models import Pair

    if json is not None:
        require_file(json)
    if out is not None:
        require_folder(out)
    if groups is None and of_group is OfGroup.DRAWN:
        raise InvalidInput("--of-group: expected --groups with it, saw none")
    pair = Pair(load_model(first), load_model(second))
    found = certified(
        pair, alpha, delta, names=(str(first), str(second)),
        groups=None if groups is None else load_groups(groups, pair.n),
        probes=None if probes is None else load_probes(probes, pair.m),
        of_group=of_group.value, seed=seed,
    )  # fmt: skip
    _print(found)
    if json is not None:
        write_json(json, as_json(found))
    if out is not None:
        from reports.certify.page import render

        write_json(out / "report.json", as_json(found))
        write_whole(out / "index.html", render(found))
        typer.echo(f"report: {out / 'index.html'}   data: {out / 'report.json'}")
    return ExitStatus.OK


def _print(found: Certified) -> None:
    from reports.certify.words import assumed, percent, statements
    from reports.shared.rendering import at_most, number

    console = wide_console()
    for heading, lines in (("What holds", statements(found)), ("What is assumed", assumed(found))):
        console.print(f"[bold]{heading}")
        for line in lines:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    scores = table(f"{found.units.count} {found.units.name}s")
    scores.add_column("score")
    for kind in (f"new one, {percent(1 - found.alpha)}", f"confidence {percent(1 - found.delta)}", "largest seen"):
        scores.add_column(kind, justify="right")
    for score in found.scores:
        scores.add_row(score.name, at_most(score.marginal), at_most(score.conditional), number(score.largest))
    console.print(scores)
    for name, reason in found.undefined.items():
        console.print(f"{name}: {reason}", markup=False, highlight=False, soft_wrap=True)
