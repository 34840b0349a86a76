"""What the commands say on a terminal, and with what status they end: the same words and the same style for all."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import typer

from theory.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

WIDE = 110
"""Columns that a table takes with all it has to say: the widest row of `falsify` with the sides of the violation."""


class ExitStatus(enum.IntEnum):
    """What a command ends with."""

    OK = 0  # all held, or survived
    FAILED = 1  # something was refuted or failed
    UNUSABLE = 2  # what was handed in cannot be used, as one line on stderr says
    INTERRUPTED = 130  # 128 + 2, the number of SIGINT: what shells expect


# --------------------------------------------------------------------------- lines on stderr


def complain(message: str) -> ExitStatus:
    """Print why input cannot be used, on one line of stderr, and return the status for it."""
    line = " ".join(message.split())
    if line:  # Typer has already said what there was to say where there is none
        typer.echo(f"logitbounds: {line}", err=True)
    return ExitStatus.UNUSABLE


def interrupted(outcome: str = "nothing was written") -> ExitStatus:
    """Print that the user interrupted, and what became of the work, on stderr; return the status for it.

    A command that is interrupted says so itself: Typer would end with the same status, and say nothing.
    """
    typer.echo(f"logitbounds: interrupted; {outcome}", err=True)
    return ExitStatus.INTERRUPTED


def require_packages(*modules: str, extra: str = "verify") -> None:
    """Make sure that optional packages are there; nothing is imported to find out.

    Parameters
    ----------
    modules
        As Python imports them.
    extra
        Of this package, which installs them.

    Raises
    ------
    InvalidInput
        If one is missing; the message names the extra.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise InvalidInput(f"this command needs {', '.join(missing)}: pip install 'logitbounds[{extra}]'")


# --------------------------------------------------------------------------- tables


def wide_console() -> Console:
    """Return a console for tables with much to say, in which nothing is cut where stdout is a file or a pipe."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


def table(title: str | None = None, **options: Any) -> Table:
    """Return an empty table in the style of all commands: a line below the headings, and none beside the rows.

    Parameters
    ----------
    title
        Above it, with rich's markup.
    options
        Of `rich.table.Table`.
    """
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, **options)


# --------------------------------------------------------------------------- progress


@contextlib.contextmanager
def progress(*, counted: bool = True, remaining: bool = False) -> Iterator[Progress]:
    """Show bars on stderr while work is done, if that is a terminal, and leave nothing of them.

    Parameters
    ----------
    counted
        Whether the number of steps is shown beside the bar.
    remaining
        Whether the time that is left is shown too.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
    columns += [MofNCompleteColumn()] if counted else []
    columns += [TimeElapsedColumn()]
    columns += [TextColumn("left:"), TimeRemainingColumn()] if remaining else []
    console = Console(stderr=True)
    # Where stderr is a file or a pipe even a bar that vanishes would leave an empty line.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield bars


@contextlib.contextmanager
def steps(
    first: str, words: str = "{}", *, counted: bool = True, remaining: bool = False
) -> Iterator[Callable[[str, int, int], None]]:
    """Show one bar for work that is done in steps.

    Parameters
    ----------
    first
        What is shown until the first step is told.
    words
        What is shown of a step: its name stands for ``{}``.
    counted, remaining
        See `progress`.

    Yields
    ------
    Callable
        To be told the name of a step, how many are done, and how many there are.
    """
    from rich.markup import escape

    with progress(counted=counted, remaining=remaining) as bars:
        task = bars.add_task(escape(first), total=None)

        def tell(name: str, done: int, total: int) -> None:
            bars.update(task, description=escape(words.replace("{}", name)), completed=done, total=total)

        yield tell
