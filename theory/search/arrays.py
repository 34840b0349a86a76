"""Pairs of models as their four arrays, one at a time or a batch with a leading axis: what climbers move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from theory.claims import Domain
from theory.models import Model, Pair

Arrays: TypeAlias = tuple[
    Float[np.ndarray, "*batch n m"],
    Float[np.ndarray, "*batch k m"],
    Float[np.ndarray, "*batch n m2"],
    Float[np.ndarray, "*batch k m2"],
]
"""F, G, F', G'."""

Sizes: TypeAlias = tuple[int, int, int, int]
"""n, k, m, m2."""

# s_m / s_1 of centred unembeddings below which a pair is outside a diverse domain: the square root of what float64
# resolves, as half of the digits of an inverse are lost there.
_LEAST_DIVERSE = 1e-8


def arrays_of(pair: Pair) -> Arrays:
    """Return F, G, F', G' of a pair of NumPy arrays, or of a batch of them."""
    return pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings


def pair_of(arrays: Arrays) -> Pair:
    """Return the pair, or batch of pairs, with copies of the given arrays."""
    f, g, f2, g2 = arrays
    return Pair.trusted(Model.trusted(f.copy(), g.copy()), Model.trusted(f2.copy(), g2.copy()))


def sizes_of(arrays: Arrays) -> Sizes:
    """Return n, k, m, m2."""
    f, g, f2, _ = arrays
    return f.shape[-2], g.shape[-2], f.shape[-1], f2.shape[-1]


def stacked(pairs: Sequence[Arrays]) -> Arrays:
    """Return pairs of one shape as a batch."""
    f, g, f2, g2 = (np.stack(blocks) for blocks in zip(*pairs, strict=True))
    return f, g, f2, g2


def taken(batch: Arrays, index: int | np.integer | slice | np.ndarray) -> Arrays:
    """Return one pair of a batch, or a batch of some of them."""
    f, g, f2, g2 = (block[index] for block in batch)
    return f, g, f2, g2


def each_of(batch: Arrays) -> Iterator[Arrays]:
    """Yield the pairs of a batch."""
    for i in range(len(batch[0])):
        yield taken(batch, i)


def within(domain: Domain, arrays: Arrays) -> bool:
    """Whether a pair lies in a domain, to the precision to which diversity can be told."""
    n, k, m, m2 = sizes_of(arrays)
    ranges = ((m, domain.dimensions), (m2, domain.dimensions), (k, domain.labels), (n, domain.inputs))
    if any(not low <= size <= high for size, (low, high) in ranges) or (domain.equal_dimensions and m != m2):
        return False
    return not domain.diverse or all(diversity(labels) > _LEAST_DIVERSE for labels in (arrays[1], arrays[3]))


def diversity(unembeddings: Float[np.ndarray, "k m"]) -> float:
    """Return s_m(Gc) / s_1(Gc), zero where Gc has no m singular values or vanishes."""
    k, m = unembeddings.shape
    try:
        values = np.linalg.svd(unembeddings - unembeddings.mean(axis=0), compute_uv=False)
    except np.linalg.LinAlgError:  # so far out that nothing can be said
        return 0.0
    return float(values[m - 1] / values[0]) if k > m and values[0] > 0 else 0.0
