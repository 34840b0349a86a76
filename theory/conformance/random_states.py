"""The random generators that all of a process shares: NumPy's, Python's, and torch's where it is loaded."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator

import numpy as np

# The legacy global state of NumPy is what is at stake here.
# ruff: noqa: NPY002


def seed_all(seed: int) -> None:
    """Seed every shared generator."""
    np.random.seed(seed)
    random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def state_of_all() -> str:
    """Return the states of all shared generators, to be compared."""
    torch = sys.modules.get("torch")
    tensor = "" if torch is None else torch.get_rng_state().numpy().tobytes().hex()
    return repr((np.random.get_state(legacy=False), random.getstate())) + tensor


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Put all shared generators back afterwards."""
    numpy_state, python_state, torch = np.random.get_state(), random.getstate(), sys.modules.get("torch")
    torch_state = None if torch is None else torch.get_rng_state()
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        if torch is not None:
            torch.set_rng_state(torch_state)
