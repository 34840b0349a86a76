"""Structured moves on pairs: scalings, ties, single entries. They reach exact structure and do not mind jumps."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator

import numpy as np

from theory.search.arrays import Arrays

Move = Callable[[np.random.Generator, list[np.ndarray], float], None]

# Widths, in units of the logarithm of a factor or of the size of an array: a factor of e^3 = 20 is a jump, half the
# digits of float64 are too fine to matter, and 0.4 changes a digit.
_WIDEST, _NARROWEST, _FIRST = 3.0, 1e-7, 0.4
_DOUBLINGS, _BISECTIONS = 8, 8  # of a step that leads up: to 256 times its length, and to where it ends within 1/256
_PATIENCE, _GAIN = 120, 1e-7  # moves without a gain worth the name: on a plateau others had better try
# Factors that are scaled together: one of F, G, F', G', or one kind, or those that gauges scale the opposite way.
_BLOCKS = ((0,), (1,), (2,), (3,), (0, 2), (1, 3), (0, 3), (2, 1))


def _one(rng: np.random.Generator, items: int) -> int:
    return int(rng.integers(0, items))


def _scale_block(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Multiply one factor, or the same factor of both models."""
    factor = np.exp(width * rng.standard_normal())
    for block in _BLOCKS[_one(rng, len(_BLOCKS))]:
        a[block] = a[block] * factor


def _scale_difference(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Bring the second model nearer to the first, or farther away, in one factor or both."""
    if a[0].shape != a[2].shape:
        return
    factor = np.exp(width * rng.standard_normal())
    which = _one(rng, 3)
    for first in (0, 1):
        if which in (first, 2):
            a[first + 2] = a[first] + factor * (a[first + 2] - a[first])


def _scale_row(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Multiply one row (an input or a label), in one model or both."""
    factor, first = np.exp(width * rng.standard_normal()), _one(rng, 2)
    row, where = _one(rng, len(a[first])), _one(rng, 3)
    for block in (first, first + 2):
        if where == 2 or block == first + 2 * where:
            a[block] = a[block].copy()
            a[block][row] *= factor


def _shift_row(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Add noise to one row (an input or a label), in one model or, if they have one dimension, the same in both."""
    first, where = _one(rng, 2), _one(rng, 3)
    row = _one(rng, len(a[first]))
    both = where == 2 and a[first].shape == a[first + 2].shape
    blocks = (first, first + 2) if both else (first + 2 * (where % 2),)
    step = width * np.sqrt(np.mean(a[blocks[0]] ** 2)) * rng.standard_normal(a[blocks[0]].shape[1])
    for block in blocks:
        a[block] = a[block].copy()
        a[block][row] += step


def _shift_entry(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Add noise to one entry."""
    block = _one(rng, 4)
    size = np.sqrt(np.mean(a[block] * a[block]))
    a[block] = a[block].copy()
    a[block].flat[_one(rng, a[block].size)] += width * size * rng.standard_normal()


def _tie_entry(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Set one entry to zero, to its neighbour's value, to its counterpart's, or to its negative."""
    block = _one(rng, 4)
    entry, other = _one(rng, a[block].size), _one(rng, a[block].size)
    counterpart = a[(block + 2) % 4]
    choices = [0.0, a[block].flat[other], -a[block].flat[entry]]
    if counterpart.shape == a[block].shape:
        choices.append(counterpart.flat[entry])
    a[block] = a[block].copy()
    a[block].flat[entry] = choices[_one(rng, len(choices))]


def _scale_direction(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Multiply one singular value of a factor, or of both models' factor along their own directions."""
    factor, first, where = np.exp(width * rng.standard_normal()), _one(rng, 2), _one(rng, 3)
    for block in (first, first + 2):
        if where == 2 or block == first + 2 * where:
            mean = a[block].mean(axis=0) * _one(rng, 2)
            u, s, vt = np.linalg.svd(a[block] - mean, full_matrices=False)
            s[_one(rng, len(s))] *= factor
            a[block] = mean + (u * s) @ vt


def _regauge(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Stretch one direction of the embeddings of a model, and its unembeddings the other way: the same distribution."""
    block, factor = 2 * _one(rng, 2), float(np.exp(width * rng.standard_normal()))
    direction = rng.standard_normal((a[block].shape[1],))
    direction = direction / np.linalg.norm(direction)
    a[block] = a[block] + (factor - 1) * np.outer(a[block] @ direction, direction)
    a[block + 1] = a[block + 1] + (1 / factor - 1) * np.outer(a[block + 1] @ direction, direction)


def _repeat_row(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Make one input, or one label, a copy of another, in both models or one."""
    first, where = _one(rng, 2), _one(rng, 3)
    row, other = _one(rng, len(a[first])), _one(rng, len(a[first]))
    for block in (first, first + 2):
        if where == 2 or block == first + 2 * where:
            a[block] = a[block].copy()
            a[block][row] = a[block][other]


def _exchange_rows(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Exchange two rows of the second model."""
    block = 2 + _one(rng, 2)
    row, other = _one(rng, len(a[block])), _one(rng, len(a[block]))
    a[block] = a[block].copy()
    a[block][[row, other]] = a[block][[other, row]]


def _share(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Give the second model a factor of the first, or its negative."""
    first = _one(rng, 2)
    if a[first].shape == a[first + 2].shape:
        a[first + 2] = a[first] * (1.0 if rng.random() < 0.7 else -1.0)


def _shift_all(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Add noise to everything."""
    for block in range(4):
        size = np.sqrt(np.mean(a[block] * a[block]))
        a[block] = a[block] + 0.3 * width * size * rng.standard_normal(a[block].shape)


def _shift_mean(rng: np.random.Generator, a: list[np.ndarray], width: float) -> None:
    """Move the mean of one factor."""
    block = _one(rng, 4)
    size = np.sqrt(np.mean(a[block] * a[block]))
    a[block] = a[block] + width * size * rng.standard_normal(a[block].shape[1])


MOVES: tuple[Move, ...] = (
    _scale_block,
    _scale_difference,
    _scale_row,
    _shift_row,
    _shift_entry,
    _tie_entry,
    _scale_direction,
    _regauge,
    _repeat_row,
    _exchange_rows,
    _share,
    _shift_all,
    _shift_mean,
)
"""Every move, from coarse to fine."""


def wander(
    value: Callable[[Arrays], float], arrays: Arrays, rng: np.random.Generator, reached: float
) -> Generator[None, None, None]:
    """Try moves one at a time and keep those that lead up; ends when none has for long.

    Each move has its own width, doubled after a success and narrowed after a failure, and is tried the more often
    the more it has helped. Moves that change nothing are kept too: plateaus are walked across. A move that is kept
    is followed as far as it goes.

    Parameters
    ----------
    value
        Function to be maximised; it is expected to remember the best pair it was asked about.
    arrays, reached
        Start, and its value.
    rng
        Source of randomness.
    """
    widths = np.full(len(MOVES), _FIRST)
    credit = np.ones(len(MOVES))
    idle = 0
    while idle < _PATIENCE:
        which = int(rng.choice(len(MOVES), p=credit / credit.sum()))
        moved = list(arrays)
        with contextlib.suppress(np.linalg.LinAlgError):  # of arrays too far out for a decomposition: nothing moves
            MOVES[which](rng, moved, float(widths[which]))
        step = [new - old for new, old in zip(moved, arrays, strict=True)]
        there, before = value(_along(arrays, step, 1.0)), reached
        idle += 1
        if there < reached or not any(part.any() for part in step):
            credit[which] = max(0.97 * credit[which], 0.3)
            widths[which] *= 0.85
            if widths[which] < _NARROWEST:
                widths[which] = _FIRST
            yield
            continue
        if there > reached:
            credit[which] = min(credit[which] + 0.5, 6.0)
            widths[which] = min(2.0 * widths[which], _WIDEST)
        length, reached = _as_far_as_it_goes(lambda t, a=arrays, s=step: value(_along(a, s, t)), there)  # type: ignore[misc]
        arrays = _along(arrays, step, length)
        if reached > before + _GAIN:
            idle = 0
        yield


def _along(arrays: Arrays, step: list[np.ndarray], length: float) -> Arrays:
    f, g, f2, g2 = (array + length * part for array, part in zip(arrays, step, strict=True))
    return f, g, f2, g2


def _as_far_as_it_goes(value: Callable[[float], float], reached: float) -> tuple[float, float]:
    """Return how far to go along a step that does not lead down at length one, and the value there.

    The step is doubled while that does not lead down, and then the place where it begins to is closed in on: counts
    and thresholds are at their most violated just before they jump.
    """
    good, bad = 1.0, math.inf
    for _ in range(_DOUBLINGS):
        there = value(2.0 * good)
        if there < reached:
            bad = 2.0 * good
            break
        good, reached = 2.0 * good, there
    if bad < math.inf:
        for _ in range(_BISECTIONS):
            middle = (good + bad) / 2
            there = value(middle)
            if there < reached:
                bad = middle
            else:
                good, reached = middle, there
    return good, reached
