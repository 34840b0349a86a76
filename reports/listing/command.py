"""The command ``logitbounds list``."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from reports.shared.terminal import ExitStatus, require_packages


class Listing(enum.StrEnum):
    """What `list` can list."""

    claims = "claims"
    metrics = "metrics"
    losses = "losses"
    datasets = "datasets"


def listing(what: Annotated[Listing, typer.Argument(help="What to list.")] = Listing.claims) -> int:
    """List the statements of the catalogue, the measures, the distillation losses or the datasets."""
    from reports.listing import run

    if what in (Listing.losses, Listing.datasets):
        require_packages("torch", "sklearn")
    lines = {
        Listing.claims: run.claims,
        Listing.metrics: run.metrics,
        Listing.losses: run.losses,
        Listing.datasets: run.datasets,
    }
    for line in lines[what]():
        typer.echo(line)
    return ExitStatus.OK
