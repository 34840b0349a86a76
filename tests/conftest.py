"""What holds for the whole suite."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

# One worker a core: threads of a worker's own would only fight the others for it. Read when torch and BLAS are loaded.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that runs the suite in the background has it ignore interrupts, and so would every command that it starts and
# interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file of text into the test's own folder, in folders of its own where its name says so."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
