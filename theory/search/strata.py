"""Named regimes of pairs, log-scaled, from which searches draw.

Each regime is one way for pairs to be unlike random ones; together they cover the places where bounds are attained
or false twins fail. Everything is drawn per pair of a batch, without loops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from theory._arrays import Array
from theory.constructions import (
    Shape,
    conditioned_map,
    gauged,
    gaussian,
    integer_labels,
    log_uniform,
    near_labels,
    on_regular_polygon,
    orthogonal,
    pair_of,
    scaled_to_floor,
    small_integers,
    with_spectrum,
)
from theory.errors import InvalidInput
from theory.models import Pair

Builder = Callable[[np.random.Generator, Shape], Pair]


@dataclass(frozen=True)
class Stratum:
    """A regime.

    Attributes
    ----------
    name, description
        What it is.
    build
        Draws a batch.
    """

    name: str
    description: str
    build: Builder


def _model(rng: np.random.Generator, shape: Shape, m: int) -> tuple[Array, Array]:
    """Return a plain random model with log-scaled norms."""
    f = log_uniform(rng, shape, 0.3, 3.0) * gaussian(rng, shape, shape.n, m)
    g = log_uniform(rng, shape, 0.3, 3.0) * gaussian(rng, shape, shape.k, m)
    return f, g


def _second_embeddings(rng: np.random.Generator, shape: Shape, first: Array) -> Array:
    """Return the first embeddings in the second's dimension: cut, or padded with small noise."""
    if shape.second == shape.m:
        return first.copy()
    if shape.second < shape.m:
        return first[..., : shape.second]
    extra = 0.1 * rng.standard_normal((*first.shape[:-1], shape.second - shape.m))
    return np.concatenate([first, extra], axis=-1)


def _relative_noise(rng: np.random.Generator, array: Array, size: Array) -> Array:
    scale = np.sqrt(np.mean(array * array, axis=(-2, -1), keepdims=True))
    return array + size * scale * rng.standard_normal(array.shape)


def _independent(rng: np.random.Generator, shape: Shape) -> Pair:
    return pair_of(*_model(rng, shape, shape.m), *_model(rng, shape, shape.second))


def _nearly_equal(rng: np.random.Generator, shape: Shape) -> Pair:
    f, g = _model(rng, shape, shape.m)
    eps = log_uniform(rng, shape, 1e-7, 0.3)
    f2, g2 = _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, g)
    return pair_of(f, g, _relative_noise(rng, f2, eps), _relative_noise(rng, g2, eps))


def _gauge_related(rng: np.random.Generator, shape: Shape) -> Pair:
    f, g = _model(rng, shape, shape.m)
    f2, g2 = _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, g)
    gauge = conditioned_map(rng, shape, shape.second, log_uniform(rng, shape, 1.0, 1e3))
    eps = log_uniform(rng, shape, 1e-5, 0.5)
    f2, g2 = gauged(_relative_noise(rng, f2, eps), _relative_noise(rng, g2, eps), gauge)
    return pair_of(f, g, f2, g2 + gaussian(rng, shape, 1, shape.second))


def _shared_embeddings(rng: np.random.Generator, shape: Shape) -> Pair:
    f, g = _model(rng, shape, shape.m)
    g2 = _relative_noise(rng, _second_embeddings(rng, shape, g), log_uniform(rng, shape, 1e-3, 3.0))
    return pair_of(f, g, _second_embeddings(rng, shape, f), g2)


def _shared_unembeddings(rng: np.random.Generator, shape: Shape) -> Pair:
    f, g = _model(rng, shape, shape.m)
    f2 = _relative_noise(rng, _second_embeddings(rng, shape, f), log_uniform(rng, shape, 1e-3, 3.0))
    return pair_of(f, g, f2, _second_embeddings(rng, shape, g))


def _unembedding_spectra(rng: np.random.Generator, shape: Shape) -> Pair:
    """Geometric spectra with gaps up to 1e4 in both unembeddings, in either order against the embeddings."""
    arrays: list[Array] = []
    for m in (shape.m, shape.second):
        gap = log_uniform(rng, shape, 1e-4, 1.0)[..., 0]
        values = gap ** np.linspace(0.0, 1.0, m)
        g = with_spectrum(rng, shape, shape.k, values * np.ones((*shape.batch, m)))
        arrays += [gaussian(rng, shape, shape.n, m) * log_uniform(rng, shape, 0.1, 10.0), g]
    return pair_of(*arrays)


def _weak_direction(rng: np.random.Generator, shape: Shape) -> Pair:
    """Delta along the weakest, or strongest, direction of the first unembeddings: G'c = Gc - v a^T."""
    f = gaussian(rng, shape, shape.n, shape.m)
    gap = log_uniform(rng, shape, 1e-3, 1.0)[..., 0]
    g = with_spectrum(rng, shape, shape.k, gap ** np.linspace(0.0, 1.0, shape.m) * np.ones((*shape.batch, shape.m)))
    u = np.linalg.svd(g, full_matrices=False)[0]
    which = rng.integers(0, shape.m, shape.batch)
    v = np.take_along_axis(u, np.broadcast_to(np.asarray(which)[..., None, None], (*shape.batch, shape.k, 1)), axis=-1)
    step = log_uniform(rng, shape, 1e-3, 1.0) * v @ gaussian(rng, shape, 1, shape.m)
    moved = g - step
    return pair_of(f, g, _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, moved))


def _outside_column_space(rng: np.random.Generator, shape: Shape) -> Pair:
    """Delta orthogonal to the column space of Gc where there is room for it, along one pair of labels otherwise."""
    f, g = _model(rng, shape, shape.m)
    centred = g - g.mean(axis=-2, keepdims=True)
    direction = gaussian(rng, shape, shape.k, 1)
    direction = direction - direction.mean(axis=-2, keepdims=True)
    basis = np.linalg.qr(centred)[0]
    rest = direction - basis @ (np.swapaxes(basis, -1, -2) @ direction)
    v = rest if shape.k > shape.m + 1 else direction
    moved = g - log_uniform(rng, shape, 1e-3, 1.0) * v @ gaussian(rng, shape, 1, shape.m)
    return pair_of(f, g, _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, moved))


def _near_rank_loss(rng: np.random.Generator, shape: Shape) -> Pair:
    """One embedding direction nearly lost in one model, and another nearly lost in the labels."""
    arrays = [*_model(rng, shape, shape.m), *_model(rng, shape, shape.second)]
    for i, size in ((0, shape.m), (2, shape.second)):
        shrink = np.ones((*shape.batch, 1, size))
        shrink[..., -1:] = log_uniform(rng, shape, 1e-5, 1.0)
        arrays[i] = (arrays[i] @ orthogonal(rng, shape, size)) * shrink
    return pair_of(*arrays)


def _extreme_norms(rng: np.random.Generator, shape: Shape) -> Pair:
    f, g = _model(rng, shape, shape.m)
    f2, g2 = _model(rng, shape, shape.second)
    up = log_uniform(rng, shape, 1e-3, 1e3)
    return pair_of(f * up, g, f2 * log_uniform(rng, shape, 1e-3, 1e3), g2)


def _floor(rng: np.random.Generator, shape: Shape) -> Pair:
    """Every probability above a floor in both models, nearly equal models with small differences included."""
    f, g = _model(rng, shape, shape.m)
    tau = log_uniform(rng, shape, 1e-4, 0.9 / shape.k)
    eps = log_uniform(rng, shape, 1e-4, 1.0)
    f = scaled_to_floor(3.0 * f, g, tau)
    f2 = _relative_noise(rng, _second_embeddings(rng, shape, f), eps)
    g2 = _relative_noise(rng, _second_embeddings(rng, shape, g), eps)
    return pair_of(f, g, scaled_to_floor(f2, g2, tau), g2)


def _one_hot(rng: np.random.Generator, shape: Shape) -> Pair:
    """Clusters at regular labels, permuted in the second model together with their labels, at growing norms."""
    owners = np.arange(shape.n) % shape.k
    r = log_uniform(rng, shape, 2.0, 60.0)
    spread = log_uniform(rng, shape, 1e-4, 0.2)
    order = rng.permutation(shape.k)
    first = on_regular_polygon(shape.k, shape.m) * np.ones((*shape.batch, 1, 1))
    second = on_regular_polygon(shape.k, shape.second)[order] * np.ones((*shape.batch, 1, 1))
    f, f2 = near_labels(rng, first, owners, spread), near_labels(rng, second, owners, spread)
    return pair_of(f, r * first, f2, r * second)


def _swapped_labels(rng: np.random.Generator, shape: Shape) -> Pair:
    """Two labels exchanged in the second model, with the same embeddings or with their clusters."""
    f, g = _model(rng, shape, shape.m)
    g2 = _second_embeddings(rng, shape, g)
    order = np.arange(shape.k)
    order[[0, 1]] = [1, 0]
    return pair_of(f * log_uniform(rng, shape, 0.1, 30.0), g, _second_embeddings(rng, shape, f), g2[..., order, :])


def _attenuated(rng: np.random.Generator, shape: Shape) -> Pair:
    """The second model keeps one direction of the first's embeddings only in part."""
    f, g = _model(rng, shape, shape.m)
    f2, g2 = _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, g)
    keep = np.ones((*shape.batch, 1, shape.second))
    keep[..., -1:] = log_uniform(rng, shape, 1e-3, 1.0)
    turn = orthogonal(rng, shape, shape.second)
    damped = (f2 @ turn) * keep + 1e-3 * gaussian(rng, shape, shape.n, shape.second)
    return pair_of(f, g, damped, g2 @ turn)


def _large_means(rng: np.random.Generator, shape: Shape) -> Pair:
    """Means far larger than spreads, in the embeddings and in the unembeddings."""
    f, g = _model(rng, shape, shape.m)
    f2, g2 = _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, g)
    small = log_uniform(rng, shape, 1e-2, 1.0)
    mean = gaussian(rng, shape, 1, shape.m)
    f2 = small * _relative_noise(rng, f2, log_uniform(rng, shape, 0.1, 3.0)) + _second_embeddings(rng, shape, mean)
    offset = log_uniform(rng, shape, 1.0, 100.0) * gaussian(rng, shape, 1, shape.m)
    return pair_of(small * f + mean, g + offset, f2, g2 + 0.5 * _second_embeddings(rng, shape, offset))


def _sign_patterns(rng: np.random.Generator, shape: Shape) -> Pair:
    """Embeddings of signs: centred and non-centred correlations differ as much as they can."""
    scale = log_uniform(rng, shape, 1e-2, 1.0)
    f = 1.0 + scale * np.sign(gaussian(rng, shape, shape.n, shape.m))
    f2 = 1.0 + scale * np.sign(gaussian(rng, shape, shape.n, shape.second))
    g = integer_labels(rng, shape, shape.m, 2)
    return pair_of(f, g, f2, integer_labels(rng, shape, shape.second, 2) if shape.second != shape.m else g)


def _small_integers(rng: np.random.Generator, shape: Shape) -> Pair:
    return pair_of(
        small_integers(rng, shape, shape.n, shape.m), integer_labels(rng, shape, shape.m),
        small_integers(rng, shape, shape.n, shape.second), integer_labels(rng, shape, shape.second),
    )  # fmt: skip


def _equal_labels_moved(rng: np.random.Generator, shape: Shape) -> Pair:
    """Few labels carry the difference: signs and zeros move them, at all sizes, from a near-uniform base."""
    f, g = _model(rng, shape, shape.m)
    v = rng.integers(-1, 2, (*shape.batch, shape.k, 1)).astype(np.float64)
    v[..., 0, :] = 1.0
    moved = g + log_uniform(rng, shape, 1e-4, 3.0) * v @ gaussian(rng, shape, 1, shape.m)
    f = f * log_uniform(rng, shape, 1e-4, 1.0)
    return pair_of(f, g, _second_embeddings(rng, shape, f), _second_embeddings(rng, shape, moved))


def _union(rng: np.random.Generator, shape: Shape) -> Pair:
    """The first model of one regime against the second of another."""
    one, other = rng.choice(len(_PLAIN), 2, replace=False)
    return Pair(_PLAIN[int(one)][2](rng, shape).a, _PLAIN[int(other)][2](rng, shape).b)


_PLAIN: tuple[tuple[str, str, Builder], ...] = (
    ("independent", "two independent Gaussian models", _independent),
    ("nearly equal", "both factors perturbed by 1e-7 to 0.3", _nearly_equal),
    ("gauge related", "an ill-conditioned map and a shift, then a perturbation", _gauge_related),
    ("shared embeddings", "only the unembeddings differ", _shared_embeddings),
    ("shared unembeddings", "only the embeddings differ", _shared_unembeddings),
    ("spectral gaps", "unembeddings with geometric spectra", _unembedding_spectra),
    ("weak direction", "logit difference along one singular direction of the labels", _weak_direction),
    ("outside", "logit difference orthogonal to the labels' column space", _outside_column_space),
    ("near rank loss", "an embedding direction nearly lost in each model", _near_rank_loss),
    ("extreme norms", "norms from 1e-3 to 1e3", _extreme_norms),
    ("floor", "every probability above a floor", _floor),
    ("one-hot", "tight permuted clusters at growing norms", _one_hot),
    ("swapped labels", "two labels exchanged", _swapped_labels),
    ("attenuated", "one direction of the student damped", _attenuated),
    ("large means", "means far larger than spreads", _large_means),
    ("signs", "embeddings of signs around a mean", _sign_patterns),
    ("small integers", "entries between -3 and 3", _small_integers),
    ("few labels move", "signs and zeros move the labels", _equal_labels_moved),
)

STRATA: Mapping[str, Stratum] = MappingProxyType(
    {
        **{name: Stratum(name, description, build) for name, description, build in _PLAIN},
        "union": Stratum("union", "one model from each of two regimes", _union),
    }
)


def draw(name: str, rng: np.random.Generator, shape: Shape) -> Pair:
    """Draw a batch of pairs from a named regime.

    Parameters
    ----------
    name
        A key of `STRATA`.
    rng
        Source of randomness; the same state gives the same pairs.
    shape
        Sizes, with the batch.

    Raises
    ------
    InvalidInput
        If there is no such regime.
    """
    if name not in STRATA:
        raise InvalidInput(f"name: expected one of {', '.join(STRATA)}, saw {name!r}")
    return STRATA[name].build(rng, shape)
