"""Coordinates in which pairs are climbed: blocks with a logarithmic scale each, so that limits lie within reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from theory.search.arrays import Arrays

Kind = Literal["free", "apart", "one factor", "gauge"]

_VANISHED = 1e-3  # unit of a block that is zero, and has no size of its own
_FARTHEST = 200.0  # logarithm of a scale, beyond which float64 has nothing to say


@dataclass(frozen=True)
class Chart:
    """A smooth map from vectors to pairs, around a pair at the origin.

    Attributes
    ----------
    blocks
        F, G and either F', G' or the differences F' - F, G' - G.
    units
        Size of each block, by which its coordinates are multiplied; zero where a block stays as it is.
    differences
        Whether the last two blocks are differences: nearly equal pairs are then climbed along the direction in
        which they differ, and a difference of zero is a tie that persists.
    """

    blocks: Arrays
    units: tuple[float, float, float, float]
    differences: bool

    @property
    def size(self) -> int:
        """Number of coordinates: one scale for each moving block, and its entries."""
        return sum(1 + int(block.size) for block, unit in zip(self.blocks, self.units, strict=True) if unit)

    def at(self, x: Float[np.ndarray, " d"]) -> Arrays:
        """Return the pair at a point."""
        moved, start = [], 0
        for block, unit in zip(self.blocks, self.units, strict=True):
            if not unit:
                moved.append(block)
                continue
            stop = start + 1 + block.size
            scale = np.exp(min(max(x[start], -_FARTHEST), _FARTHEST))
            moved.append(scale * (block + unit * x[start + 1 : stop].reshape(block.shape)))
            start = stop
        f, g, third, fourth = moved
        return (f, g, f + third, g + fourth) if self.differences else (f, g, third, fourth)

    def pulled_back(self, x: Float[np.ndarray, " d"], gradients: Arrays) -> Float[np.ndarray, " d"]:
        """Return the gradient in coordinates at a point, from the gradients with respect to the four factors."""
        first, second, third, fourth = gradients
        if self.differences:
            first, second = first + third, second + fourth
        parts, start = [], 0
        for block, unit, slope in zip(self.blocks, self.units, (first, second, third, fourth), strict=True):
            if unit:
                stop = start + 1 + block.size
                scale = np.exp(min(max(x[start], -_FARTHEST), _FARTHEST))
                moved = scale * (block + unit * x[start + 1 : stop].reshape(block.shape))
                parts += [[float(np.vdot(slope, moved))], (scale * unit * slope).ravel()]
                start = stop
        return np.concatenate(parts)


@dataclass(frozen=True)
class GaugeChart:
    """The pairs with the same two distributions: (A f, A^-T g) and (A' f', A'^-T g') for all invertible A and A'.

    Attributes
    ----------
    arrays
        The pair at the origin.
    """

    arrays: Arrays

    @property
    def size(self) -> int:
        """Number of coordinates: the entries of A - 1 and A' - 1."""
        return int(self.arrays[0].shape[1] ** 2 + self.arrays[2].shape[1] ** 2)

    def at(self, x: Float[np.ndarray, " d"]) -> Arrays:
        """Return the pair at a point; at a singular A it is the pair at the origin."""
        f, g, f2, g2 = self.arrays
        first = f.shape[1] ** 2
        maps = [np.eye(b.shape[1]) + part.reshape(b.shape[1], -1) for b, part in ((f, x[:first]), (f2, x[first:]))]
        try:
            moved, moved2 = np.linalg.solve(maps[0].T, g.T).T, np.linalg.solve(maps[1].T, g2.T).T
        except np.linalg.LinAlgError:
            return self.arrays
        return f @ maps[0].T, moved, f2 @ maps[1].T, moved2


def chart_around(arrays: Arrays, kind: Kind) -> Chart | GaugeChart:
    """Return coordinates around a pair.

    Parameters
    ----------
    arrays
        The pair at the origin.
    kind
        "gauge" moves neither distribution, only the coordinates of both models; "free" moves all four factors;
        "apart" moves the first model and the differences; "one factor" moves the first model and the larger of the
        two differences, the other factor being shared from then on. The latter two need models of one dimension
        and fall back to "free".
    """
    f, g, f2, g2 = arrays
    if kind == "gauge":
        return GaugeChart(arrays)
    if kind == "free" or f.shape != f2.shape:
        return Chart(arrays, tuple(_size(block) or _VANISHED for block in arrays), False)  # type: ignore[arg-type]
    rows, labels = f2 - f, g2 - g
    units = [_size(f) or _VANISHED, _size(g) or _VANISHED, _size(rows), _size(labels)]
    if kind == "one factor":
        less = 2 if units[2] * units[1] < units[3] * units[0] else 3
        units[less] = 0.0
        rows, labels = (rows * 0, labels) if less == 2 else (rows, labels * 0)
    if not any(units[2:]):  # equal models: let the labels part
        units[3] = units[1]
    return Chart((f, g, rows, labels), tuple(units), True)  # type: ignore[arg-type]


def _size(block: np.ndarray) -> float:
    return float(np.sqrt(np.mean(block * block)))
