"""The command ``logitbounds check-certificate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.shared.terminal import ExitStatus
from theory.errors import InvalidInput


def check_certificate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Certificates (.json).")],
) -> int:
    """Re-verify certificates with fractions alone: what `python theory/proofs/verifier.py FILE` does.

    The exit status is 1 if one does not hold, and 2 if one is no certificate.
    """
    from theory.proofs.verifier import verify_file

    status: int = ExitStatus.OK
    for file in files:
        verdict = verify_file(str(file))
        if verdict.status == "unreadable":
            raise InvalidInput(f"{file}: {verdict.reason}")
        name = f"{file}: " if len(files) > 1 else ""
        typer.echo(f"{name}{verdict.status}: {verdict.reason}")
        status = max(status, verdict.exit_status)
    return status
