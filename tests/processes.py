"""Other processes: scripts in an interpreter of their own, and watching what runs."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
"""Where the packages lie: scripts run here, so that they import what is tested."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")


def python(script: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; one that fails is an error, unless `check` is false."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=check)


def begun(command: list[object], cwd: Path = ROOT) -> "subprocess.Popen[str]":
    """Begin a command with pipes for its output, in a session to which the keyboard's signals can be sent."""
    return subprocess.Popen(
        [*map(str, command)], cwd=cwd, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Wait for a condition, and return whether it came about."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


def alive(process: int) -> bool:
    """Return whether a process runs, or waits to be buried."""
    return Path("/proc", str(process)).exists()


def children(process: int) -> list[int]:
    """Return the processes that a process has begun."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if fields[1] == str(process):
            found.append(int(entry.parent.name))
    return found
