"""The look at pairs from every regime and shape, the same for every claim of a domain.

How many shapes a look takes in, and how many pairs a batch has, is part of a plan; where from they are drawn is not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from theory.claims import Domain
from theory.errors import InvalidInput
from theory.models import Pair
from theory.pairs import strata
from theory.pairs.constructions import Shape
from theory.search.arrays import Arrays, arrays_of, diversity, each_of, pair_of, stacked

_ENUMERATED, _REPEATED = "enumerated", "repeated inputs"
REGIMES = (*strata.STRATA, _ENUMERATED, _REPEATED)
"""Where pairs come from: the strata, small integers one after the other, and pairs with one or two distinct inputs."""

_FIRST = 3  # smallest shapes that every selection takes in: extremal pairs are small
_MOST = 8  # pairs of a batch, where they are asked one by one: they are doubled with each look until then
_CACHED = 4096  # batches of so few pairs, seven looks at 22 shapes: the claims of a file are shown the same ones
# Larger batches are kept with all that statements compute of them (probabilities, spectra). A look at eight shapes in
# 26 regimes fits, and a hundred pairs take half a megabyte: a hundred megabytes a process. Beyond, they are drawn anew.
_CACHED_WHOLE, _LARGE = 256, 100


@dataclass(frozen=True)
class Batch:
    """Pairs of one shape from one regime, not drawn yet.

    Attributes
    ----------
    seed, domain, lap
        What determines the pairs, with the rest.
    m, k, n
        Dimension, labels and inputs of the first model.
    regime
        Name of the regime.
    count
        How many pairs are drawn. Of enumerated ones those that a diverse domain does not admit are left out.
    """

    seed: int
    domain: Domain
    lap: int
    m: int
    k: int
    n: int
    regime: str
    count: int

    def pairs(self) -> tuple[Arrays, ...]:
        """Return the pairs one by one; the same every time."""
        drawn = _drawn(self)
        return () if drawn is None else tuple(each_of(drawn))

    def whole(self) -> Pair | None:
        """Return the pairs as a batch, which remembers what is computed of it; None where there are none."""
        if _MOST < self.count <= _LARGE:
            return _whole(self)
        drawn = _drawn(self) if self.count <= _MOST else _draw(self)
        return None if drawn is None else pair_of(drawn)


def survey(seed: int, domain: Domain, lap: int, shapes: int | None = None, pairs: int | None = None) -> Iterator[Batch]:
    """Yield one batch for every shape and regime, all shapes before the next regime, smallest shapes first.

    Parameters
    ----------
    seed
        Same seed, same pairs.
    domain
        The shapes to look at.
    lap
        Number of the look, from 0; later ones are more varied in the number of inputs.
    shapes
        How many of the domain's shapes are looked at; by default all.
    pairs
        Of a batch; by default one in the first look, twice as many in the next, and so on to eight.
    """
    chosen = domain.shapes() if shapes is None else shapes_of(domain, shapes)
    names, count = REGIMES, pairs or min(2**lap, _MOST)
    for offset in range(len(names)):
        for index, (m, k) in enumerate(chosen):
            yield _planned(seed, domain, lap, m, k, names[(offset + index) % len(names)], count)


def shapes_of(domain: Domain, count: int) -> list[tuple[int, int]]:
    """Return `count` shapes (m, k) of a domain: the smallest three, then evenly spaced ones.

    Raises
    ------
    InvalidInput
        If `count` is not positive.
    """
    if count < 1:
        raise InvalidInput(f"count: expected a positive number of shapes, saw {count}")
    every = domain.shapes()
    if len(every) <= count:
        return every
    few = min(_FIRST, count)
    rest = every[few:]
    picks = np.unique(np.linspace(0, len(rest) - 1, count - few).round().astype(int))
    return every[:few] + [rest[i] for i in picks]


def survey_of(seed: int, domain: Domain, m: int, k: int) -> list[Arrays]:
    """Return the pairs of the first look at one shape."""
    return [arrays for name in REGIMES for arrays in _planned(seed, domain, 0, m, k, name, 1).pairs()]


@functools.lru_cache(maxsize=_CACHED)
def _planned(seed: int, domain: Domain, lap: int, m: int, k: int, name: str, count: int) -> Batch:
    which, (low, high) = REGIMES.index(name), domain.inputs
    # Few inputs make small problems; some statements need more inputs than dimensions, and some a certain number.
    wanted = (2, m + 2, 3, 2 * m + 3, m + 1, 12, 1)
    n = wanted[(lap + which + m + k) % len(wanted)]
    if lap % 2:
        n = low + (which * 5 + m * 3 + k + lap) % (high - low + 1)
    return Batch(seed, domain, lap, m, k, min(max(n, low), high), name, count)


@functools.lru_cache(maxsize=_CACHED)
def _drawn(batch: Batch) -> Arrays | None:
    return _draw(batch)


@functools.lru_cache(maxsize=_CACHED_WHOLE)
def _whole(batch: Batch) -> Pair | None:
    drawn = _draw(batch)
    return None if drawn is None else pair_of(drawn)


def _draw(batch: Batch) -> Arrays | None:
    domain, lap, m, k, n, name = batch.domain, batch.lap, batch.m, batch.k, batch.n, batch.regime
    rng = np.random.default_rng([batch.seed, lap, m, k, REGIMES.index(name)])
    m2 = m if domain.equal_dimensions else int(rng.integers(domain.dimensions[0], domain.dimensions[1] + 1))
    count = batch.count
    least = max(m, m2) + 1
    if domain.diverse and k < least:
        m2, least = m, m + 1
    if name == _ENUMERATED:
        made = [_enumerated(lap * count + i, n, k, m, m2) for i in range(count)]
        pairs = [arrays for arrays in made if not domain.diverse or _diverse(arrays)]
        return stacked(pairs) if pairs else None
    plain = str(rng.choice(list(strata.STRATA))) if name == _REPEATED else name
    f, g, f2, g2 = arrays_of(strata.draw(plain, rng, Shape(n, max(k, least), m, m2, (count,))))
    drawn = f, g[:, :k], f2, g2[:, :k]
    pairs = list(each_of(drawn))
    if not domain.diverse:
        pairs = [_degenerate(rng, arrays) if i % 2 else arrays for i, arrays in enumerate(pairs)]
    if name == _REPEATED:
        pairs = [_repeated(rng, arrays) for arrays in pairs]
    return stacked(pairs)


def _repeated(rng: np.random.Generator, arrays: Arrays) -> Arrays:
    """Leave one or two distinct inputs, so that what is averaged over inputs is what happens at one."""
    f, g, f2, g2 = arrays
    rows = np.zeros(len(f), dtype=int)
    rows[: int(rng.integers(0, len(f)))] = len(f) - 1
    return f[rows], g, f2[rows], g2


def _diverse(arrays: Arrays) -> bool:
    return all(diversity(labels) > 0 for labels in (arrays[1], arrays[3]))


def _enumerated(index: int, n: int, k: int, m: int, m2: int) -> Arrays:
    """Return the pair of entries -1, 0, 1 with a given number, in an order that jumps about."""
    sizes = ((n, m), (k, m), (n, m2), (k, m2))
    entries = sum(rows * columns for rows, columns in sizes)
    # A multiplier prime to three runs through all pairs before it repeats one.
    total = 3**entries
    code = (index * (2 * total // 5 // 3 * 3 + 1) + total // 7) % total
    digits = []
    for _ in range(entries):
        code, digit = divmod(code, 3)
        digits.append((0.0, 1.0, -1.0)[digit])
    arrays, start = [], 0
    for rows, columns in sizes:
        arrays.append(np.array(digits[start : start + rows * columns]).reshape(rows, columns))
        start += rows * columns
    return arrays[0], arrays[1], arrays[2], arrays[3]


def _degenerate(rng: np.random.Generator, arrays: Arrays) -> Arrays:
    """Let the unembeddings of one model, or of both, lose a direction or repeat a label."""
    moved = list(arrays)
    for block in (1, 3):
        if rng.random() < 0.6:
            labels = moved[block].copy()
            if rng.random() < 0.5 or labels.shape[1] == 1:
                labels[rng.integers(0, len(labels))] = labels[rng.integers(0, len(labels))]
            else:
                labels[:, -1] = labels[:, 0]
            moved[block] = labels
    return moved[0], moved[1], moved[2], moved[3]
