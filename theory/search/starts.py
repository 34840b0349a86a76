"""Where climbs start: the pairs that an attack remembers, and which of them get a turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from theory.claims import Domain
from theory.search.arrays import Arrays, Sizes, sizes_of

# Starts remembered for each shape: of each regime the best and a second, lest one lie at a dead end; and those climbed
# to, which are worth more and come from one climb each.
_DRAWN_KEPT, _CLIMBED_KEPT = 2, 8
_CROWD = 150  # starts of a shape before the least are forgotten: some three times what is kept of 26 regimes
_OF_A_HEIGHT = 2  # of those at one height two are enough: they have often reached the same limit or plateau


@dataclass(eq=False)
class Start:
    """A pair to climb from.

    Attributes
    ----------
    score, arrays, label
        The pair, and where it was met.
    tried
        Methods that have climbed from it.
    climbed
        Whether it has been climbed to.
    """

    score: float
    arrays: Arrays
    label: str
    tried: set[str] = field(default_factory=set)
    climbed: bool = False

    @property
    def shape(self) -> Sizes:
        """n, k, m, m2."""
        return sizes_of(self.arrays)


@dataclass(eq=False)
class Starts:
    """The pairs that are remembered, by shape (m, k)."""

    by_shape: dict[tuple[int, int], list[Start]] = field(default_factory=dict)

    def remember(self, start: Start) -> None:
        """Add a start; where there is a crowd, the least are forgotten."""
        _, k, m, _ = start.shape
        kept = self.by_shape.setdefault((m, k), [])
        kept.append(start)
        if len(kept) > _CROWD:
            self.by_shape[m, k] = best_of_each(kept)

    def emptied(self) -> list[Start]:
        """Forget all, and return the best of each kind."""
        old, self.by_shape = self.by_shape, {}
        return [start for starts in old.values() for start in best_of_each(starts)]

    def untried(self, method: str) -> list[Start]:
        """Return the starts that a method has not climbed from."""
        return [s for kept in self.by_shape.values() for s in kept if method not in s.tried]

    def ranked(self) -> list[tuple[int, int]]:
        """Return the shapes, that of the highest start first, and thin out the starts of each."""
        shapes = sorted(self.by_shape, key=lambda shape: -max(start.score for start in self.by_shape[shape]))
        for shape in shapes:
            self.by_shape[shape] = best_of_each(self.by_shape[shape])
        return shapes

    def places(self, slots: int, methods: int, turn: int, seed: int) -> list[Start]:
        """Return the starts that get a place: a third the best of all, a third by shape, a third by number of inputs.

        Parameters
        ----------
        slots
            Number of places.
        methods
            How many there are; a start that all have tried has had its turn.
        turn, seed
            Of the round, in which shapes and numbers of inputs take turns, and of the search.
        """
        shapes = self.ranked()
        everything = sorted((s for kept in self.by_shape.values() for s in kept), key=lambda s: -s.score)
        fresh = [start for start in everything if len(start.tried) < methods]
        chosen = at_most_two_of_a_height(fresh)[: slots // 3]
        numbers = sorted({start.shape[0] for start in everything})
        groups = [[s for s in everything if s.shape[0] == n] for n in numbers]
        by_shape = _in_turn([self.by_shape[shape] for shape in shapes], turn * slots // 3)
        by_inputs = _in_turn(groups, turn * slots // 3)
        rng = np.random.default_rng([seed, turn, 7])
        for group, room in ((by_shape, slots // 3), (by_inputs, slots // 3)):
            for kept in group[:room]:
                rest = [s for s in kept if s not in chosen and len(s.tried) < methods]
                if rest:
                    # The best of the shape; of those with one number of inputs any, lest all climb the same hill.
                    best = min(rest, key=lambda s: (len(s.tried), -s.score))
                    chosen.append(best if group is by_shape else rest[int(rng.integers(0, len(rest)))])
        return chosen

    def highest(self, count: int) -> list[Start]:
        """Return the highest starts."""
        everything = sorted((s for kept in self.by_shape.values() for s in kept), key=lambda s: -s.score)
        return everything[:count]

    def together(self, shapes: int, starts: int, turn: int, method: str) -> Iterator[list[Start]]:
        """Yield groups of starts of one shape, all four sizes, for climbs of many at once.

        The group of the highest start comes first; the places after it are for others in turn.
        """
        groups: dict[Sizes, list[Start]] = {}
        for start in sorted(self.untried(method), key=lambda s: -s.score):
            groups.setdefault(start.shape, []).append(start)
        ordered = list(groups.values())
        first = turn * (shapes - 1)
        for group in [*ordered[:1], *_in_turn(ordered[1:], first)[: shapes - 1]]:
            yield group[:starts]


def best_of_each(starts: list[Start]) -> list[Start]:
    """Keep the best two of each regime, the best few that were climbed to, and the best for each number of inputs."""
    regimes: Counter[str] = Counter()
    heights: Counter[float] = Counter()
    numbers: set[int] = set()
    kept = []
    for start in sorted(starts, key=lambda s: -s.score):
        room = _CLIMBED_KEPT if start.climbed else _DRAWN_KEPT
        key, height = ("climbed" if start.climbed else start.label), _height(start)
        new_number = start.shape[0] not in numbers
        if new_number or (regimes[key] < room and (heights[height] < _OF_A_HEIGHT or not start.climbed)):
            regimes[key] += 1
            heights[height] += 1
            numbers.add(start.shape[0])
            kept.append(start)
    return kept


def at_most_two_of_a_height(starts: list[Start]) -> list[Start]:
    """Leave out starts where two are as high already."""
    heights: Counter[float] = Counter()
    kept = []
    for start in starts:
        heights[_height(start)] += 1
        if heights[_height(start)] <= _OF_A_HEIGHT:
            kept.append(start)
    return kept


def _height(start: Start) -> float:
    return round(start.score, 2)  # a per cent of the ratio


def _in_turn(groups: list[list[Start]], first: int) -> list[list[Start]]:
    """Return the groups in order from a given one on."""
    return [groups[(first + i) % len(groups)] for i in range(len(groups))]


def in_other_shapes(arrays: Arrays, rng: np.random.Generator, domain: Domain) -> Iterator[Arrays]:
    """Yield the pair with an input, a label or a dimension more or fewer, where the domain has such shapes."""
    for moved in _neighbours(arrays, rng):
        n, k, m, m2 = sizes_of(moved)
        fits = domain.inputs[0] <= n <= domain.inputs[1] and domain.labels[0] <= k <= domain.labels[1]
        if fits and (not domain.diverse or k > max(m, m2)):
            yield moved


def _neighbours(arrays: Arrays, rng: np.random.Generator) -> Iterator[Arrays]:
    f, g, f2, g2 = arrays
    n, k, m, m2 = sizes_of(arrays)
    row = int(rng.integers(0, n))
    yield np.vstack([f, f[row]]), g, np.vstack([f2, f2[row]]), g2
    two = [*range(n), row, int(rng.integers(0, n))]
    yield f[two], g, f2[two], g2
    if n > 1:
        yield np.delete(f, row, 0), g, np.delete(f2, row, 0), g2
    if n > 3:
        for count in (2, m + 2):
            few = rng.choice(n, min(count, n), replace=False)
            yield f[few], g, f2[few], g2
    label, other = rng.choice(k, 2, replace=False)
    middle, middle2 = (g[label] + g[other]) / 2, (g2[label] + g2[other]) / 2
    yield f, np.vstack([g, middle]), f2, np.vstack([g2, middle2])
    yield f, np.vstack([g, 2 * g[label] - g[other]]), f2, np.vstack([g2, 2 * g2[label] - g2[other]])
    if k > 2:
        yield f, np.delete(g, label, 0), f2, np.delete(g2, label, 0)
    if m == m2:
        size = 0.1 * float(np.sqrt(np.mean(g * g)))
        new = size * rng.standard_normal((k, 1))
        none = np.zeros((n, 1))
        yield np.hstack([f, none]), np.hstack([g, new]), np.hstack([f2, none]), np.hstack([g2, new])
        if m > 1:
            yield f[:, :-1], g[:, :-1], f2[:, :-1], g2[:, :-1]
