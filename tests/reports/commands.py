"""The command line, run in this process or as the program that is installed."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from reports.cli import main

PROGRAM = Path(sys.executable).parent / "logitbounds"


class Ended(NamedTuple):
    """How a command ended: its status, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments, cwd=None):
    """Run ``logitbounds`` in this process, which spares half a second of imports; return its status and its words."""
    printed, told = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or "."),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(told),
    ):
        code = status(*arguments)
    return Ended(code, printed.getvalue(), told.getvalue())


def status(*arguments):
    """Run ``logitbounds`` in this process, which prints as it does; return its status."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def installed(*arguments, cwd=None):
    """Run ``logitbounds`` as a user would: for what a process of its own does, such as encoding what it prints."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)
