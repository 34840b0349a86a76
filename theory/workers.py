"""Other processes: a pool that ends with its parent, a board on which its workers tell how far they are, interrupts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as OutOfTime
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float

from theory.files import scratch_folder
from theory.silence import silence_process

POLL = 0.2
"""Seconds between two looks at what other processes do: often enough for a person who watches, and free of cost."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_ONE_THREAD = dict.fromkeys(_THREADS, "1")  # a process for each core is there already
_SIGNAL = re.compile(r"SIG[A-Z]+")

T = TypeVar("T")
Task: TypeAlias = Callable[[], T]
Spread: TypeAlias = Callable[[Sequence[Task[Any]]], Iterator[tuple[int, Any]]]
"""Runs tasks and yields the number of each and what it returned, in the order in which they end."""


class Lost(Exception):
    """A process died before it answered, or had to be ended."""


class Pool:
    """Processes of one thread each, which end with their parent and leave interrupts to it.

    They begin when they are first needed, and anew where the last ones were lost. As a context manager it waits for
    what is still running, or ends it if the block fails.

    Parameters
    ----------
    count
        Of processes at most.
    silent
        Whether what they print is dropped, below Python too, and where they died is not printed.
    """

    def __init__(self, count: int, silent: bool = False) -> None:
        self._count, self._silent = count, silent
        self._executor: Any = None

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have a function called in another process.

        Parameters
        ----------
        function, arguments
            Any that can be pickled, closures among them.

        Returns
        -------
        Future
            Of what it returns. `result` makes one error of all that may happen to the process.
        """
        with without_interrupts():  # processes begin here
            if self._executor is None:
                self._executor = _executor(self._count, self._silent)
            try:
                future: Future[T] = self._executor.submit(function, *arguments)
            except BrokenProcessPool as error:  # by what was submitted before: told where the answer is asked for
                future = Future()
                future.set_exception(error)
        return future

    def call(self, function: Callable[..., T], *arguments: Any, seconds: float = 600.0) -> T:
        """Return what a function returns in another process, or raise what it raises.

        What kills the process, or never comes back, costs one answer: the next call has new processes.

        Parameters
        ----------
        function, arguments
            As in `submit`.
        seconds
            After which the processes are ended.

        Raises
        ------
        Lost
            If the process died before it answered, or did not answer in time.
        """
        try:
            return result(self.submit(function, *arguments), seconds)
        except Lost:
            self.close(kill=True)
            raise

    def spread(self, tasks: Sequence[Task[T]]) -> Iterator[tuple[int, T]]:
        """Run tasks and yield the number of each and what it returned, in the order in which they end.

        Raises
        ------
        Lost
            If a process died.
        Exception
            What the first failing task raises.
        """
        numbers = {self.submit(task): number for number, task in enumerate(tasks)}
        waiting = set(numbers)
        while waiting:
            over, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in over:
                yield numbers[future], result(future)

    def close(self, kill: bool = False) -> None:
        """End the processes: when they have done what they were given, or at once."""
        if self._executor is None:
            return
        executor, self._executor = self._executor, None
        if kill:
            # First, as those that have hardly begun would complain of what a shutdown takes from under them; and by us,
            # as the executor that is told to kill forgets tasks that its own thread may be about to hand out.
            for process in list(executor._processes or ()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        executor.shutdown(wait=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(kill=kind is not None)


def result(future: Future[T], seconds: float | None = None) -> T:
    """Return what a function has returned in another process, or raise what it has raised.

    Raises
    ------
    Lost
        If its process died before it answered, or did not answer in a number of seconds.
    """
    try:
        return future.result(timeout=seconds)
    except BrokenProcessPool as error:
        signalled = _SIGNAL.search(str(error))
        raise Lost(f"the interpreter died{f' ({signalled[0]})' if signalled else ''}") from None
    except OutOfTime:
        if future.done():  # just now, or it is the function that has raised it
            return future.result()
        raise Lost(f"no answer in {seconds:.0f} s") from None


@contextlib.contextmanager
def spreading(count: int) -> Iterator[Spread]:
    """Lend a way to run tasks in several processes, which end with the block; a single one is this process."""
    if count == 1:
        yield lambda tasks: ((number, task()) for number, task in enumerate(tasks))
        return
    with Pool(count) as pool:
        yield pool.spread


# --------------------------------------------------------------------------- processes


def _executor(count: int, silent: bool) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    _begin_trackers()
    # An empty PYTHONFAULTHANDLER keeps a process that dies from printing where it did.
    environment = _ONE_THREAD | ({"PYTHONFAULTHANDLER": ""} if silent else {})
    return ProcessPoolExecutor(count, initializer=_serve, initargs=(os.getpid(), silent), env=environment)


def _begin_trackers() -> None:
    """Begin the processes that clean up after pools, which would else begin with the first worker."""
    from joblib.externals.loky.backend.resource_tracker import ensure_running

    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    for begin in (resource_tracker.ensure_running, ensure_running):
        begin()
    # Python's own lets interrupts through once it has begun, whatever was before: workers would be born with them.
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(parent: int, silent: bool) -> None:
    """Make this process a worker: interrupts are the parent's to handle, and without the parent there is no work."""
    # A handler of our own and not SIG_IGN, which what a worker starts would inherit; so it would the mask.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if silent:
        silence_process()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL)
        # Nobody would wait for the results, and another run may be at this task by now.
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Put off interrupts to the end of the block; processes that begin in it are born without them.

    An interrupt from the keyboard goes to all processes, but only the parent can say what it means, and workers that
    have hardly begun would print where they were.
    """
    seen: list[int] = []
    main = threading.current_thread() is threading.main_thread()  # the only one in which handlers run
    # The mask is for processes that begin: in this one another thread may still take the signal.
    handler = signal.signal(signal.SIGINT, lambda number, _: seen.append(number)) if main else None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if main:
            signal.signal(signal.SIGINT, handler)
    if seen:
        signal.raise_signal(signal.SIGINT)


# --------------------------------------------------------------------------- how far workers are


@dataclass(frozen=True)
class Board:
    """Numbers that workers write and other processes read: a file, a row for each task, and whether all are to stop.

    Attributes
    ----------
    path
        Of the file, which `posted` makes.
    rows, columns
        How many tasks there are, and how many numbers each of them notes.
    """

    path: Path
    rows: int
    columns: int

    def note(self, row: int, *values: float) -> None:
        """Write the numbers of a task."""
        self._cells[row] = values

    def read(self) -> Float[np.ndarray, "rows columns"]:
        """Return what was noted last, zeros where nothing was."""
        return np.array(self._cells[: self.rows])

    def stop(self) -> None:
        """Ask all who read the board to stop."""
        self._cells[self.rows] = 1.0

    @property
    def stopped(self) -> bool:
        """Whether somebody has asked to."""
        return bool(self._cells[self.rows].any())

    @cached_property
    def _cells(self) -> Any:
        return np.memmap(self.path, dtype=np.float64, mode="r+", shape=(self.rows + 1, self.columns))

    def __reduce__(self) -> Any:
        return Board, (self.path, self.rows, self.columns)  # without the mapping, which would travel as a copy


@contextlib.contextmanager
def posted(folder: Path, rows: int, columns: int) -> Iterator[Board]:
    """Lend a board for the block, kept in a folder meanwhile."""
    with scratch_folder(folder) as place:
        board = Board(place / "board", rows, columns)
        board.path.write_bytes(bytes(8 * (rows + 1) * columns))  # of eight bytes each
        yield board


@contextlib.contextmanager
def repeating(tell: Callable[[], None]) -> Iterator[None]:
    """Call a function every so often, in a thread of its own, as long as the block runs."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(POLL):
            tell()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
