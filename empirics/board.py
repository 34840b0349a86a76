"""How far workers are: a file of numbers that they write and one process reads."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np

_SECONDS = 0.2  # between two readings


@dataclass(frozen=True)
class Board:
    """Epochs done by each task.

    Attributes
    ----------
    path
        The file, of one 8-byte integer for each task.
    tasks
        Their number.
    """

    path: Path
    tasks: int

    def note(self, task: int, done: int, of: int) -> None:
        """Write that a task has done so many epochs; `done` and `of` are those of `empirics.training.Progress`."""
        cells = np.memmap(self.path, dtype=np.int64, mode="r+", shape=(self.tasks,))
        cells[task] = done

    def read(self) -> list[int]:
        """Return the epochs done by each task."""
        return [int(cell) for cell in np.memmap(self.path, dtype=np.int64, mode="r", shape=(self.tasks,))]


def attend(parent: int) -> None:
    """Make this process a worker, which ends with its parent.

    Nobody would wait for its results then, and another run may be at its task by now.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Put off interrupts to the end of the block; processes that begin in it are never interrupted.

    An interrupt from the keyboard goes to all processes, but only the parent can say what it means, and workers that
    have hardly begun would print where they were.
    """
    if threading.current_thread() is not threading.main_thread():  # which interrupts do not reach
        yield
        return
    resource_tracker.ensure_running()  # it would let interrupts through again when it begins
    seen: list[int] = []
    # The mask is for processes that begin: in this one another thread may still take the signal.
    handler = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
    if seen:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def following(folder: Path, epochs: Sequence[int], progress: Callable[[str, int, int], None] | None) -> Iterator[Board]:
    """Lend a board for the block, and tell `progress` what stands on it all the while.

    Parameters
    ----------
    folder
        Where the board is kept meanwhile.
    epochs
        Of each task.
    progress
        Told how many tasks are through, and epochs done and in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{os.getpid()}-", dir=folder) as place:
        board = Board(Path(place) / "board", len(epochs))
        board.path.write_bytes(bytes(8 * len(epochs)))
        over = threading.Event()

        def tell() -> None:
            done = board.read()
            through = sum(own == of for own, of in zip(done, epochs, strict=True))
            if progress is not None:
                progress(f"{through} of {len(epochs)} tasks trained", sum(done), sum(epochs))

        def follow() -> None:
            while not over.wait(_SECONDS):
                tell()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield board
        finally:
            over.set()
            thread.join()
