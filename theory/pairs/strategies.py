"""Hypothesis strategies for models and pairs with structure, for the catalogue's tests and for yours.

A few integers and knobs are drawn by Hypothesis and the matrices are built from them: a drawn example costs well
under a millisecond, and it shrinks to the smallest shape with small-integer entries. The knob ``detail`` says how far
from integers the entries are; at its simplest value, 0, every entry is a small integer. Seeds are drawn last, and a
seed means the same whatever the shape and the knobs: a smaller matrix is a corner of the larger one, a smaller bound
brings its entries closer to zero. So a failure that keeps its seed can lose its rows, columns and fractions one by one.

Examples
--------
>>> from hypothesis import given
>>> from theory import kl_divergence, squared_logit_distance
>>> from theory.pairs.strategies import pairs
>>> @given(pairs())
... def test_logit_distance_bounds_kl(pair):
...     bound = squared_logit_distance(pair.a, pair.b) / 4
...     assert kl_divergence(pair.a, pair.b) <= bound * (1 + 1e-9)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float, Int

from theory.arithmetic.arrays import Array
from theory.claims import Domain
from theory.errors import InvalidInput
from theory.models import Model, Pair
from theory.pairs.constructions import (
    ModelArrays,
    Shape,
    conditioned_map,
    floor_scale,
    gauged,
    geometric_spectrum,
    label_orders,
    label_swaps,
    made_diverse,
    near_labels,
    on_regular_polygon,
    orthogonal,
    owners_of,
    small_integers,
    with_spectrum,
)

_SEEDS = st.integers(0, 999)  # small numbers shrink, and are read, better; other knobs make a thousand draws many more
_DETAILS = st.integers(0, 3)  # integers, quarters, sixteenths, all of float64: see `_fractions`
_LOOSENESS = st.integers(0, 10)  # 0: inputs on their labels; else spreads of clusters from 2^-10 to 1/2
_LOWEST_TAU = 1e-300  # see `floor_scale`, also for the width of the margin below 1/k
_BELOW_UNIFORM = 1 - 1e-12  # of 1/k: closer to it, the uniform distribution itself may round below tau


# --------------------------------------------------------------------------- shapes and matrices


@st.composite
def shapes(draw: st.DrawFn, domain: Domain | None = None) -> Shape:
    """Draw sizes of diverse models from a domain, shrinking to the smallest.

    Parameters
    ----------
    domain
        Bounds on m, k and n; the second dimension differs from the first only where the domain lets it.

    Raises
    ------
    InvalidInput
        If no diverse model fits: the domain has no more labels than dimensions.
    """
    domain = _validated(domain)
    least, most = domain.dimensions
    if domain.labels[1] <= least:
        raise InvalidInput(
            f"domain: diverse models of dimension {least} need at least {least + 1} labels, saw {domain.labels}"
        )
    dimensions = st.integers(least, min(most, domain.labels[1] - 1))
    m = draw(dimensions)
    m2 = m if domain.equal_dimensions else draw(dimensions)
    k = draw(st.integers(max(domain.labels[0], max(m, m2) + 1), domain.labels[1]))
    return Shape(n=draw(st.integers(*domain.inputs)), k=k, m=m, m2=m2)


def _validated(domain: Domain | None) -> Domain:
    if domain is None:
        return Domain()
    if not isinstance(domain, Domain):
        raise InvalidInput(f"domain: expected a Domain, saw {type(domain).__name__}")
    return domain


@dataclass(frozen=True)
class _Knobs:
    """What the entries of a model are like: integers up to `bound`, fractions, and powers of two times them."""

    detail: int
    embedding_exponent: int
    unembedding_exponent: int
    bound: int


_EXPONENTS = st.integers(-3, 3)  # of two: norms between 1/8 and 8, within which no measure loses digits
_KNOBS = st.builds(_Knobs, _DETAILS, _EXPONENTS, _EXPONENTS, st.integers(1, 3))


_WIDTH = 16  # columns drawn at least: of up to as many, the first ones do not depend on how many are used


def _stream(seed: int, use: int) -> np.random.Generator:
    """Return a generator of its own for each use of a seed, so that no knob changes what another one drew."""
    return np.random.default_rng([seed, use])


def _integers(seed: int, use: int, rows: int, columns: int, bound: int) -> Float[Array, "rows columns"]:
    """Return integers between -bound and bound."""
    places = _stream(seed, use).random((rows, max(columns, _WIDTH)))[:, :columns]
    return np.floor((2 * bound + 1) * places) - bound


def _fractions(seed: int, use: int, rows: int, columns: int, detail: int) -> Float[Array, "rows columns"]:
    """Return what detail adds to integers: nothing at 0, quarters at 1, sixteenths at 2, all of float64 at 3."""
    if detail == 0:
        return np.zeros((rows, columns))
    noise = _stream(seed, use).standard_normal((rows, max(columns, _WIDTH)))[:, :columns]
    return noise if detail == 3 else np.round(noise * 4**detail) / 4**detail


# Uses of a seed, one stream of numbers each.
_EMBEDDINGS, _EMBEDDING_FRACTIONS, _UNEMBEDDINGS, _UNEMBEDDING_FRACTIONS, _REST = range(5)


def _built_embeddings(seed: int, shape: Shape, m: int, knobs: _Knobs) -> Float[Array, "n m"]:
    whole = _integers(seed, _EMBEDDINGS, shape.n, m, knobs.bound)
    return (whole + _fractions(seed, _EMBEDDING_FRACTIONS, shape.n, m, knobs.detail)) * 2.0**knobs.embedding_exponent


def _built(seed: int, shape: Shape, m: int, knobs: _Knobs) -> ModelArrays:
    """Return a diverse model of dimension m."""
    labels = _integers(seed, _UNEMBEDDINGS, shape.k, m, knobs.bound)
    labels = made_diverse(labels + _fractions(seed, _UNEMBEDDING_FRACTIONS, shape.k, m, knobs.detail))
    return _built_embeddings(seed, shape, m, knobs), labels * 2.0**knobs.unembedding_exponent


def _two_built(draw: st.DrawFn, shape: Shape) -> tuple[ModelArrays, ModelArrays]:
    """Draw two unrelated models; all that makes them simple comes before both seeds."""
    first, second = draw(_KNOBS), draw(_KNOBS)
    return _built(draw(_SEEDS), shape, shape.m, first), _built(draw(_SEEDS), shape, shape.second, second)


def _binary_size(array: Float[Array, "r c"]) -> float:
    """Return the largest power of two that is at most the largest entry; 1 where all are zero."""
    largest = float(np.max(np.abs(array)))
    return 2.0 ** math.floor(math.log2(largest)) if largest > 0 else 1.0


# --------------------------------------------------------------------------- plain models and pairs


@st.composite
def models(draw: st.DrawFn, domain: Domain | None = None) -> Model:
    """Draw a diverse model: integers at the simplest, norms between 1/8 and 8 times that, any fractions."""
    shape = draw(shapes(domain))
    knobs = draw(_KNOBS)
    return Model(*_built(draw(_SEEDS), shape, shape.m, knobs))


@st.composite
def pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw two unrelated diverse models over the same inputs and labels."""
    first, second = _two_built(draw, draw(shapes(domain)))
    return Pair(Model(*first), Model(*second))


@st.composite
def tau_bounded_pairs(draw: st.DrawFn, tau: float | None = None, domain: Domain | None = None) -> Pair:
    """Draw a pair in which every probability of both models is at least `tau`, in float64.

    At the simplest the embeddings are shrunk, where needed, by a power of two; else so that the smallest probability
    of each model is `tau` to rounding.

    Parameters
    ----------
    tau
        The floor, at least 1e-300 and below 1/k for every k of the domain; drawn between 5e-6/k and 1/(2k) where not
        given.
    domain
        Bounds on the shapes.

    Raises
    ------
    InvalidInput
        If `tau` is not between 0 and 1/k for the largest k of the domain.
    """
    domain = _validated(domain)
    most = domain.labels[1]
    if tau is not None and not _LOWEST_TAU <= tau <= _BELOW_UNIFORM / most:
        raise InvalidInput(f"tau: expected a number in (0, 1/{most}) for k up to {most}, saw {tau!r}")
    shape = draw(shapes(domain))
    floor = tau if tau is not None else 0.5 / shape.k * 10.0 ** -draw(st.integers(0, 5))
    close = draw(st.booleans())
    found = []
    for embeddings, unembeddings in _two_built(draw, shape):
        scale = floor_scale(embeddings, unembeddings, floor).item()
        factor = scale if close else min(1.0, 2.0 ** math.floor(math.log2(scale)))
        found.append(Model(factor * embeddings, unembeddings))
    return Pair(*found)


@st.composite
def gauge_related_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a model and its image under a gauge map (A f, A^-T g + c): equal distributions, to rounding.

    At its simplest A is twice the identity and c zero; then a shear of small integers times a power of two with an
    integer c, also exact; then any map of condition number up to 100.
    """
    shape = draw(shapes(domain))
    kind, knobs, seed = draw(st.integers(0, 5)), draw(_KNOBS), draw(_SEEDS)
    f, g = _built(seed, shape, shape.m, knobs)
    return Pair(Model(f, g), Model(*_gauged(_stream(seed, _REST), shape, f, g, kind)))


def _gauged(
    rng: np.random.Generator, shape: Shape, f: Float[Array, "n m"], g: Float[Array, "k m"], kind: int
) -> ModelArrays:
    m = f.shape[-1]
    if kind == 0:
        return 2.0 * f, g / 2.0
    shift = small_integers(rng, shape, 1, m)
    if kind > 1:
        return gauged(f, g, conditioned_map(rng, shape, m, 10.0 ** ((kind - 1) / 2)), shift)
    # Of a shear I + N with N^2 = 0 the inverse is I - N, and a power of two has an exact inverse too.
    shear = np.zeros((m, m))
    shear[0, 1:] = small_integers(rng, shape, 1, m - 1)
    power = 2.0 ** int(rng.integers(-2, 3))
    return power * (f @ (np.eye(m) + shear).T), g @ (np.eye(m) - shear) / power + shift


@st.composite
def nearly_equal_pairs(draw: st.DrawFn, domain: Domain | None = None, up_to_gauge: bool = False) -> Pair:
    """Draw a model and a perturbation of it: relative size 2^-4 down to 2^-40, in one factor or in both.

    Parameters
    ----------
    domain
        Bounds on the shapes; the dimensions are equal.
    up_to_gauge
        Whether the second model is moved by an exact gauge map afterwards: equal models in other coordinates.
    """
    shape = draw(shapes(domain))
    which = draw(st.sampled_from(("unembeddings", "embeddings", "both")))
    size, knobs = 2.0 ** -draw(st.integers(4, 40)), draw(_KNOBS)
    seed, steps = draw(_SEEDS), draw(_SEEDS)
    f, g = _built(seed, shape, shape.m, knobs)
    moved, turned = f, g
    if which != "unembeddings":
        moved = f + size * _binary_size(f) * _integers(steps, _EMBEDDINGS, shape.n, shape.m, 3)
    if which != "embeddings":
        turned = g + size * _binary_size(g) * _integers(steps, _UNEMBEDDINGS, shape.k, shape.m, 3)
    second = _gauged(_stream(seed, _REST), shape, moved, turned, 1) if up_to_gauge else (moved, turned)
    return Pair(Model(f, g), Model(*second))


# --------------------------------------------------------------------------- ranks and spectra


@st.composite
def near_rank_loss_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw unrelated models, one factor of one of which nearly loses a direction; both stay diverse.

    The last column of the unembeddings or of the embeddings, of the first model or of the second, is shrunk by 2^-1
    to 2^-20.
    """
    shape = draw(shapes(domain))
    side = draw(st.integers(0, 1))
    factor = draw(st.sampled_from((1, 0)))
    shrink = 2.0 ** -draw(st.integers(1, 20))
    found = [list(arrays) for arrays in _two_built(draw, shape)]
    weights = np.ones(found[side][factor].shape[-1])
    weights[-1] = shrink
    found[side][factor] = found[side][factor] * weights
    return Pair(Model(*found[0]), Model(*found[1]))


@st.composite
def models_with_spectrum(draw: st.DrawFn, singular_values: tuple[float, ...], domain: Domain | None = None) -> Model:
    """Draw a model whose centred unembeddings have the given singular values, and with them the dimension.

    Parameters
    ----------
    singular_values
        Positive, descending or not; their number is m.
    domain
        Bounds on k and n.

    Raises
    ------
    InvalidInput
        If there are no singular values, one is not positive and finite, or the domain has too few labels for them.
    """
    if not singular_values or not all(0 < value < math.inf for value in singular_values):
        raise InvalidInput(f"singular_values: expected positive finite numbers, saw {singular_values!r}")
    m = len(singular_values)
    shape = draw(shapes(replace(_validated(domain), dimensions=(m, m), diverse=False)))
    knobs = draw(_KNOBS)
    return Model(*_with_spectrum(draw(_SEEDS), shape, np.asarray(singular_values, dtype=np.float64), knobs))


def _with_spectrum(seed: int, shape: Shape, values: Float[Array, " m"], knobs: _Knobs) -> ModelArrays:
    labels = with_spectrum(_stream(seed, _UNEMBEDDINGS), shape, shape.k, values)
    return _built_embeddings(seed, shape, len(values), knobs), labels


@st.composite
def spectrum_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw unrelated models whose centred unembeddings have geometric spectra, from 1 down to 1, 1/2, ..., or 2^-13."""
    shape = draw(shapes(domain))
    ratios = [2.0 ** -draw(st.integers(0, 13)) for _ in range(2)]
    knobs = draw(_KNOBS), draw(_KNOBS)
    first, second = (
        Model(*_with_spectrum(draw(_SEEDS), shape, geometric_spectrum(shape, m, ratio), knob))
        for m, ratio, knob in zip((shape.m, shape.second), ratios, knobs, strict=True)
    )
    return Pair(first, second)


# --------------------------------------------------------------------------- labels and their clusters


def _corners(shape: Shape, columns: int) -> Float[Array, "k columns"]:
    """Return a regular polygon rounded to the smallest integers at which each label that owns inputs is best there.

    Where those would exceed 3, the polygon of radius 3 itself.
    """
    polygon, owners = on_regular_polygon(shape.k, columns), np.unique(owners_of(replace(shape, n=shape.k)))
    for radius in (1, 2, 3):
        labels = np.round(radius * polygon) + 0.0  # the zero turns -0.0 into 0.0
        logits = labels[owners] @ labels.T
        own = logits[np.arange(len(owners)), owners]
        logits[np.arange(len(owners)), owners] = -np.inf
        if np.all(own > logits.max(axis=1)) and Model(labels, labels).diversity > 0.01:
            return labels
    return 3.0 * polygon


def _clusters(
    rng: np.random.Generator, shape: Shape, looseness: int, scale: float, order: Int[Array, " k"]
) -> tuple[ModelArrays, ModelArrays]:
    """Return models of the same regular labels, permuted in the second, with the inputs around the label they have.

    At looseness 0 the labels are integers and the inputs on them; else clusters reach from 2^-10 to half of what
    keeps each input's best label.
    """
    owners, found = owners_of(shape), []
    for m, places in ((shape.m, np.arange(shape.k)), (shape.second, order)):
        labels = (on_regular_polygon(shape.k, m) if looseness else _corners(shape, m))[places]
        spread = 2.0 ** (looseness - 11) if looseness else 0.0
        found.append((near_labels(rng, labels, owners, spread), scale * labels))
    return found[0], found[1]


@st.composite
def clustered_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a pair with inputs around the label that owns them, the same in both models and the best in each.

    Within clusters the models are unrelated; the second may be turned by an orthogonal map, which changes nothing.
    """
    shape = draw(shapes(domain))
    looseness, exponent, turned = draw(_LOOSENESS), draw(_EXPONENTS), draw(st.booleans())
    rng = _stream(draw(_SEEDS), _REST)
    first, (f, g) = _clusters(rng, shape, looseness, 2.0**exponent, np.arange(shape.k))
    turn = orthogonal(rng, shape, shape.second) if turned else np.eye(shape.second)
    return Pair(Model(*first), Model(f @ turn, g @ turn))


@st.composite
def permuted_label_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a model and itself with its labels permuted: two exchanged, or all, with their clusters or without.

    Without, the embeddings are shared; with, each input keeps its best label. The dimensions are equal.
    """
    shape = replace(draw(shapes(domain)), m2=None)
    permutations = label_orders if draw(st.booleans()) else label_swaps
    with_clusters, knobs = draw(st.booleans()), draw(_KNOBS)
    if with_clusters:  # of more choices than the other branch, which is to count as the simpler one
        looseness, rng = draw(_LOOSENESS), _stream(draw(_SEEDS), _REST)
        scale = 2.0**knobs.unembedding_exponent
        first, second = _clusters(rng, shape, looseness, scale, permutations(rng, shape))
        return Pair(Model(*first), Model(*second))
    seed = draw(_SEEDS)
    f, g = _built(seed, shape, shape.m, knobs)
    return Pair(Model(f, g), Model(f, g[permutations(_stream(seed, _REST), shape)]))


@st.composite
def one_hot_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a pair near the one-hot limit: the same top label on every input, all else unrelated, at norms 4 to 128.

    Labels stand on a regular polygon, permuted in the second model together with the inputs they own. The larger the
    norm the smaller is KL and the larger the logit distance. On a line, where only the end labels can be best, only
    these own inputs.
    """
    shape = draw(shapes(domain))
    scale, looseness, permuted = 2.0 ** draw(st.integers(2, 7)), draw(_LOOSENESS), draw(st.booleans())
    rng = _stream(draw(_SEEDS), _REST)
    order = label_orders(rng, shape) if permuted else np.arange(shape.k)
    first, second = _clusters(rng, shape, looseness, scale, order)
    return Pair(Model(*first), Model(*second))


# Fewest choices first: Hypothesis takes a shorter example for simpler, and the first kind's simplest for the simplest.
_KINDS: tuple[Callable[..., st.SearchStrategy[Pair]], ...] = (
    clustered_pairs,
    one_hot_pairs,
    gauge_related_pairs,
    permuted_label_pairs,
    nearly_equal_pairs,
    pairs,
    tau_bounded_pairs,
    spectrum_pairs,
    near_rank_loss_pairs,
)


def any_pairs(domain: Domain | None = None) -> st.SearchStrategy[Pair]:
    """Draw a pair of any kind here; of the kinds that fail, an example shrinks to the one with the fewest knobs."""
    domain = _validated(domain)
    return st.one_of([kind(domain=domain) for kind in _KINDS] + [nearly_equal_pairs(domain=domain, up_to_gauge=True)])


__all__ = [
    "any_pairs",
    "clustered_pairs",
    "gauge_related_pairs",
    "models",
    "models_with_spectrum",
    "near_rank_loss_pairs",
    "nearly_equal_pairs",
    "one_hot_pairs",
    "pairs",
    "permuted_label_pairs",
    "shapes",
    "spectrum_pairs",
    "tau_bounded_pairs",
]
