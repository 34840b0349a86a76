"""Covariance-matrix adaptation, for claims with jumps and kinks on which slopes lead nowhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from jaxtyping import Float

_LOWEST = -1e5  # a value below it is none
_NOTHING = 1e9  # the cost of a point without a value, beyond that of any with one
_NARROWINGS = 4  # to widths of 0.3 / 5^3 = 0.002, beyond which a corner is too sharp to climb out of


def evolve(
    value: Callable[[Float[np.ndarray, " d"]], float], size: int, rng: np.random.Generator, width: float = 0.3
) -> Generator[None, None, None]:
    """Run CMA-ES around the origin, handing control back after every generation; ends when it has converged.

    Parameters
    ----------
    value
        Function to be maximised; it is expected to remember the best point it was asked about.
    size
        Number of coordinates.
    rng
        Source of randomness.
    width
        Standard deviation of the first generation.
    """
    import cma

    def normal(*shape: Any) -> np.ndarray:
        return rng.standard_normal(shape)

    # The package would seed NumPy's global generator; a generator of our own is passed instead.
    options = {"verbose": -9, "randn": normal, "seed": math.nan, "tolfun": 1e-11, "tolx": 1e-9}
    for _ in range(_NARROWINGS):
        strategy = cma.CMAEvolutionStrategy(np.zeros(size), width, options)
        valued = 0
        while not strategy.stop():
            points = strategy.ask()
            costs = [_cost(value(np.asarray(point))) for point in points]
            valued += sum(cost < _NOTHING for cost in costs)
            strategy.tell(points, costs)
            yield
        if valued > size:
            return
        # Nearly everything around was declined: the start is in a corner, and the first steps must be smaller.
        width *= 0.2  # a volume of 1 / 5^d: in two dimensions nearly all of the points were outside


def _cost(reached: float) -> float:
    return -reached if reached > _LOWEST else _NOTHING
