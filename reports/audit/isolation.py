"""A process of its own for code of others: what kills it, or never comes back, costs one answer and not the run."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as OutOfTime
from concurrent.futures.process import BrokenProcessPool
from typing import Any

_SIGNAL = re.compile(r"SIG[A-Z]+")


class Lost(Exception):
    """The process died, or had to be ended."""


class Cell:
    """Calls functions in another process, and starts a new one where the last was lost."""

    def __init__(self) -> None:
        self._executor: Any = None

    def call(self, function: Callable[..., Any], *arguments: Any, seconds: float = 600.0) -> Any:
        """Return what a function returns, or raise what it raises.

        Parameters
        ----------
        function, arguments
            Any that can be pickled, closures among them.
        seconds
            After which the process is ended.

        Raises
        ------
        Lost
            If the process died before it answered, or did not answer in time.
        """
        if self._executor is None:
            from joblib.externals.loky import ProcessPoolExecutor

            # An empty PYTHONFAULTHANDLER keeps a process that dies from printing where it did.
            environment = {"OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": ""}
            self._executor = ProcessPoolExecutor(max_workers=1, env=environment, initializer=_silenced)
        try:
            return self._executor.submit(function, *arguments).result(timeout=seconds)
        except BrokenProcessPool as error:
            self.close()
            signal = _SIGNAL.search(str(error))
            raise Lost(f"the interpreter died{f' ({signal[0]})' if signal else ''}") from None
        except OutOfTime:
            self.close()
            raise Lost(f"no answer in {seconds:.0f} s") from None

    def close(self) -> None:
        """End the process."""
        if self._executor is not None:
            executor, self._executor = self._executor, None
            executor.shutdown(wait=True, kill_workers=True)


def _silenced() -> None:
    """Drop what is printed below Python too: LAPACK complains of nan on standard output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


@contextlib.contextmanager
def cell() -> Iterator[Cell]:
    """Return a cell that is closed at the end."""
    made = Cell()
    try:
        yield made
    finally:
        made.close()


def crash(*_: Any) -> float:
    """Die as a measure does that writes where it may not: for tests."""
    os.abort()
