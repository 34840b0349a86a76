"""Keeping to ourselves what others' code prints and complains of."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import warnings
from collections.abc import Iterator
from typing import TextIO

import numpy as np


@contextlib.contextmanager
def quietly(errors_too: bool = False) -> Iterator[None]:
    """Silence standard output, warnings and floating-point complaints of what runs in the block, in Python.

    Parameters
    ----------
    errors_too
        Whether standard error is silenced as well: not where progress is shown there meanwhile.
    """
    nowhere = _nowhere()
    if nowhere.closed:  # by what was told to write there
        _nowhere.cache_clear()
        nowhere = _nowhere()
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere) if errors_too else contextlib.nullcontext(),
    ):
        warnings.simplefilter("ignore")
        yield


def silence_process() -> None:
    """Drop all that this process prints from now on, below Python too: LAPACK complains of nan on standard output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # standard output and standard error
        os.dup2(nowhere, stream)
    os.close(nowhere)


@functools.cache
def _nowhere() -> TextIO:
    """Open the null device once: whoever keeps the stream beyond a block, as loggers do, may go on writing to it."""
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (it is closed at the very end)
    atexit.register(nowhere.close)
    return nowhere
