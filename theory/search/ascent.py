"""Ascent along gradients from many starts at once: Adam on log(lhs / rhs).

Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015; the gradients are exact, and the memory short.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from theory.search.arrays import Arrays

_MEMORIES = (0.8, 0.95)  # of gradients and their squares: five and twenty steps, as a climb has but some eighty
_TINY = 1e-8  # added to the root of the second moment, as the authors do, so that a slope of zero is no division by it
_LAST = 0.05  # share of the first step size that the last one has
_ZERO_BLOCK = 1e-3  # what stands for the size of a block that vanishes: equal models must be able to part


@dataclass(frozen=True)
class Ascent:
    """How far and how fast to climb.

    Attributes
    ----------
    steps
        Number of steps.
    rate
        Step size at the start, relative to the size of each array; it falls to a twentieth along a cosine.
    check_every
        After how many steps the climbers are evaluated, hypotheses included.
    starts
        Starts of a climb, all of one shape.
    shapes
        Number of shapes that are climbed in.
    """

    steps: int = 80
    rate: float = 0.08
    check_every: int = 20
    starts: int = 12
    shapes: int = 2


def climb(gradient: Callable[[Arrays], Arrays], starts: Arrays, plan: Ascent) -> Iterator[Arrays]:
    """Yield, now and then and at the end, where the climbers from a batch of starts have got to.

    Parameters
    ----------
    gradient
        From a batch to its gradients with respect to F, G, F', G'; zero where there is none.
    starts
        A batch of pairs of one shape.
    plan
        Steps and rates.

    Notes
    -----
    The variables are F, G and, where the dimensions agree, the differences F' - F and G' - G, each scaled
    by its own size: nearly equal pairs are climbed along the direction of their difference, which is where
    suprema reached in a limit of small differences lie.
    """
    differences = starts[0].shape == starts[2].shape
    leaves = _leaves(starts, differences)
    scales = [_scale(leaf) for leaf in leaves]
    moved = [np.zeros_like(leaf) for leaf in leaves]
    means, squares = ([np.zeros_like(leaf) for leaf in leaves] for _ in range(2))
    for step in range(1, plan.steps + 1):
        rate = plan.rate * (_LAST + (1 - _LAST) * (1 + math.cos(math.pi * step / plan.steps)) / 2)
        here = _assembled([b + s * v for b, s, v in zip(leaves, scales, moved, strict=True)], differences)
        for i, slope in enumerate(_pulled_back(gradient(here), differences)):
            scaled = scales[i] * slope
            means[i] = _MEMORIES[0] * means[i] + (1 - _MEMORIES[0]) * scaled
            squares[i] = _MEMORIES[1] * squares[i] + (1 - _MEMORIES[1]) * scaled * scaled
            mean, square = means[i] / (1 - _MEMORIES[0] ** step), squares[i] / (1 - _MEMORIES[1] ** step)
            moved[i] = moved[i] + rate * mean / (np.sqrt(square) + _TINY)
        if step % plan.check_every == 0 or step == plan.steps:
            yield _assembled([b + s * v for b, s, v in zip(leaves, scales, moved, strict=True)], differences)


def _leaves(arrays: Arrays, differences: bool) -> list[np.ndarray]:
    f, g, f2, g2 = arrays
    return [f, g, f2 - f, g2 - g] if differences else [f, g, f2, g2]


def _assembled(leaves: list[np.ndarray], differences: bool) -> Arrays:
    f, g, third, fourth = leaves
    return (f, g, f + third, g + fourth) if differences else (f, g, third, fourth)


def _pulled_back(gradients: Arrays, differences: bool) -> Arrays:
    first, second, third, fourth = gradients
    return (first + third, second + fourth, third, fourth) if differences else gradients


def _scale(array: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.mean(np.square(array), axis=(-2, -1), keepdims=True))
    return np.where(size > 0, size, _ZERO_BLOCK)
