"""The command ``logitbounds``: registers the commands, each of which is a folder beside this file.

Exit status: 0 when all held, 1 when something was refuted or failed, 2 for unusable input, with one line on stderr.
"""

from __future__ import annotations

import sys

import typer

from reports.audit.command import audit
from reports.certify.command import certify
from reports.check_certificate.command import check_certificate
from reports.check_metric.command import check_metric
from reports.compare.command import compare
from reports.distill.command import distill
from reports.falsify.command import falsify
from reports.listing.command import listing
from reports.prove.command import prove
from reports.shared.terminal import ExitStatus, complain, interrupted
from reports.verify.command import verify
from theory.errors import InvalidInput

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What closeness in logit distance and in KL guarantees about neural representations, checked by machine.",
)
app.command()(verify)
app.command()(compare)
app.command()(certify)
app.command()(falsify)
app.command()(check_metric)
app.command("list")(listing)
app.command()(distill)
app.command()(audit)
app.command()(prove)
app.command()(check_certificate)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status."""
    try:
        status = app(arguments, standalone_mode=False)
    except InvalidInput as error:
        sys.exit(complain(str(error)))
    except KeyboardInterrupt:
        sys.exit(interrupted())
    except Exception as error:
        # Typer's own complaints about options and arguments carry their message this way.
        if not hasattr(error, "format_message"):
            raise
        sys.exit(complain(error.format_message()))
    sys.exit(status if isinstance(status, int) else ExitStatus.OK)
