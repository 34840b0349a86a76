"""The first look: pairs from every regime at every shape, the same for every claim of a domain."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from theory.claims import Domain
from theory.models import Pair
from theory.pairs import strata
from theory.pairs.constructions import Shape
from theory.search.objective import Arrays, diversity

_ENUMERATED, _REPEATED = "enumerated", "repeated inputs"
_CACHED = 4096  # batches of a few pairs each: what the claims of a file have in common is drawn once


@dataclass(frozen=True)
class Batch:
    """A few pairs of one shape from one regime, not drawn yet.

    Attributes
    ----------
    seed, domain, lap
        What determines the pairs.
    m, k, n
        Dimension, labels and inputs of the first model.
    regime
        Name of the regime.
    """

    seed: int
    domain: Domain
    lap: int
    m: int
    k: int
    n: int
    regime: str

    def pairs(self) -> tuple[Arrays, ...]:
        """Draw the pairs; the same every time."""
        return _drawn(self)


def survey(seed: int, domain: Domain, lap: int) -> Iterator[Batch]:
    """Yield one batch for every shape and regime, all shapes before the next regime, smallest shapes first.

    Parameters
    ----------
    seed
        Same seed, same pairs.
    domain
        The shapes to look at.
    lap
        Number of the look, from 0; later ones are larger, and more varied in the number of inputs.
    """
    shapes, names = domain.shapes(), _regimes()
    for offset in range(len(names)):
        for index, (m, k) in enumerate(shapes):
            yield _planned(seed, domain, lap, m, k, names[(offset + index) % len(names)])


def survey_of(seed: int, domain: Domain, m: int, k: int) -> list[Arrays]:
    """Return the pairs of the first look at one shape."""
    return [arrays for name in _regimes() for arrays in _planned(seed, domain, 0, m, k, name).pairs()]


@functools.lru_cache(maxsize=_CACHED)
def _planned(seed: int, domain: Domain, lap: int, m: int, k: int, name: str) -> Batch:
    which, (low, high) = _regimes().index(name), domain.inputs
    # Few inputs make small problems; some statements need more inputs than dimensions, and some a certain number.
    wanted = (2, m + 2, 3, 2 * m + 3, m + 1, 12, 1)
    n = wanted[(lap + which + m + k) % len(wanted)]
    if lap % 2:
        n = low + (which * 5 + m * 3 + k + lap) % (high - low + 1)
    return Batch(seed, domain, lap, m, k, min(max(n, low), high), name)


@functools.lru_cache(maxsize=_CACHED)
def _drawn(batch: Batch) -> tuple[Arrays, ...]:
    domain, lap, m, k, n, name = batch.domain, batch.lap, batch.m, batch.k, batch.n, batch.regime
    rng = np.random.default_rng([batch.seed, lap, m, k, _regimes().index(name)])
    m2 = m if domain.equal_dimensions else int(rng.integers(domain.dimensions[0], domain.dimensions[1] + 1))
    count = 2 ** min(lap, 3)
    least = max(m, m2) + 1
    if domain.diverse and k < least:
        m2, least = m, m + 1
    if name == _ENUMERATED:
        pairs = [_enumerated(lap * count + i, n, k, m, m2) for i in range(count)]
        return tuple(arrays for arrays in pairs if not domain.diverse or _diverse(arrays))
    plain = str(rng.choice(list(strata.STRATA))) if name == _REPEATED else name
    drawn = strata.draw(plain, rng, Shape(n, max(k, least), m, m2, (count,)))
    pairs = [_single(drawn, i, k) for i in range(count)]
    if not domain.diverse:
        pairs = [_degenerate(rng, arrays) if i % 2 else arrays for i, arrays in enumerate(pairs)]
    if name == _REPEATED:
        pairs = [_repeated(rng, arrays) for arrays in pairs]
    return tuple(pairs)


def _regimes() -> list[str]:
    return [*strata.STRATA, _ENUMERATED, _REPEATED]


def _repeated(rng: np.random.Generator, arrays: Arrays) -> Arrays:
    """Leave one or two distinct inputs, so that what is averaged over inputs is what happens at one."""
    f, g, f2, g2 = arrays
    rows = np.zeros(len(f), dtype=int)
    rows[: int(rng.integers(0, len(f)))] = len(f) - 1
    return f[rows], g, f2[rows], g2


def _single(pair: Pair, index: int, labels: int) -> Arrays:
    a, b = pair.a, pair.b
    return (
        a.embeddings[index],
        np.ascontiguousarray(a.unembeddings[index][:labels]),
        b.embeddings[index],
        np.ascontiguousarray(b.unembeddings[index][:labels]),
    )


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
