"""Quasi-Newton ascent on differences of values, for claims that offer no gradient.

BFGS with a bisection for the weak Wolfe conditions, which converges on the kinks of minima and maxima as well
(Lewis and Overton, "Nonsmooth optimization via quasi-Newton methods", Math. Program. 141, 2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

import numpy as np
from jaxtyping import Float

Value = Callable[[Float[np.ndarray, " d"]], float]
Slope = Callable[[Float[np.ndarray, " d"]], Float[np.ndarray, " d"] | None]

_STEP = 1e-6  # of a forward difference, in coordinates of size one: some way above the root of 2^-53, for noisy sides
_SUFFICIENT, _CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions, as Nocedal and Wright give them for BFGS
_STEEPEST = 1e5  # a jump, not a slope
_TRIALS = 12  # points of a line search: bisection to 1/4000 of a step, where a kink is as good as met
_FIRST = 0.3  # length of the first step, in the same coordinates: a good part of the way to anywhere
_KICKS = (1e-3, 1e-2, 1e-1, 1e-2, 1e-3, 1e-2)  # off a ridge, over a wall, and to another hill
_LOWEST = -1e5  # below it, there is no value


def ascend(value: Value, x: Float[np.ndarray, " d"], gradient: Slope | None = None) -> Generator[None, None, None]:
    """Climb from a point, handing control back after every iteration; ends where no step leads up.

    Parameters
    ----------
    value
        Function to be maximised; it is expected to remember the best point it was asked about.
    x
        Start.
    gradient
        Its gradient, where there is one; it may decline with None. Else it is taken from differences.
    """
    here = value(x)
    slope = _slope(value, gradient, x, here)
    inverse: np.ndarray | None = None
    while here > _LOWEST:
        direction = slope if inverse is None else inverse @ slope
        length, rise = float(np.linalg.norm(direction)), float(direction @ slope)
        if not (rise > 0 and math.isfinite(rise)):
            if inverse is None:
                return
            inverse = None
            continue
        first = _FIRST / length if inverse is None else min(1.0, 2.0 / length)
        step, there = _wolfe(value, x, here, direction, rise, first)
        if step == 0.0:
            if inverse is None:
                return
            inverse = None
            continue
        moved = step * direction
        x = x + moved
        new_slope = _slope(value, gradient, x, there)
        inverse = _updated(inverse, moved, slope - new_slope)
        gained, here, slope = there - here, there, new_slope
        yield
        if gained < 1e-10 * max(1.0, abs(here)):
            return


def ascend_with_kicks(
    value: Value, size: int, rng: np.random.Generator, gradient: Slope | None = None
) -> Generator[None, None, None]:
    """Climb from the origin to where no slope leads up, and again from near the best point: there are ridges and walls.

    Parameters
    ----------
    value
        Function to be maximised.
    size
        Number of coordinates.
    rng
        Source of randomness.
    gradient
        As for `ascend`.
    """
    top, reached = np.zeros(size), -math.inf

    def remembered(x: np.ndarray) -> float:
        nonlocal top, reached
        there = value(x)
        if there > reached:
            top, reached = x, there
        return there

    yield from ascend(remembered, top, gradient)
    for kick in _KICKS:
        yield from ascend(remembered, top + kick * rng.standard_normal(size), gradient)


def _slope(value: Value, gradient: Slope | None, x: np.ndarray, here: float) -> np.ndarray:
    known = gradient(x) if gradient is not None else None
    return _gradient(value, x, here) if known is None else np.clip(known, -_STEEPEST, _STEEPEST)


def _gradient(value: Value, x: np.ndarray, here: float) -> np.ndarray:
    slope = np.zeros(len(x))
    for i in range(len(x)):
        for sign in (1.0, -1.0):
            y = x.copy()
            y[i] += sign * _STEP
            there = value(y)
            if there > _LOWEST:
                slope[i] = sign * (there - here) / _STEP
                break
    return np.clip(slope, -_STEEPEST, _STEEPEST)


def _wolfe(
    value: Value, x: np.ndarray, here: float, direction: np.ndarray, rise: float, step: float
) -> tuple[float, float]:
    """Return a step that satisfies the weak Wolfe conditions, or the best ascending one, with its value."""
    low, high, best = 0.0, math.inf, (0.0, here)
    nudge = _STEP / float(np.linalg.norm(direction))
    for _ in range(_TRIALS):
        y = x + step * direction
        there = value(y)
        if there < here + _SUFFICIENT * step * rise:
            high = step
        else:
            if there > best[1]:
                best = step, there
            if (value(y + nudge * direction) - there) / nudge <= _CURVATURE * rise:
                break
            low = step
        step = (low + high) / 2 if high < math.inf else 2.5 * low
    return best


def _updated(inverse: np.ndarray | None, moved: np.ndarray, change: np.ndarray) -> np.ndarray | None:
    curvature = float(moved @ change)
    if not curvature > 1e-12 * float(np.linalg.norm(moved)) * float(np.linalg.norm(change)):
        return inverse
    if inverse is None:
        inverse = np.eye(len(moved)) * curvature / float(change @ change)
    shift = inverse @ change
    scale = (1 + float(change @ shift) / curvature) / curvature
    return inverse + scale * np.outer(moved, moved) - (np.outer(moved, shift) + np.outer(shift, moved)) / curvature
