"""Hypothesis strategies for models and pairs with structure, for the catalogue's tests and for yours.

A few integers and knobs are drawn by Hypothesis and the matrices are built from them: a drawn example costs
microseconds, and it shrinks to the smallest shape with small-integer entries. The knob ``detail`` says how far from
integers the entries are; at its simplest value, 0, every entry is a small integer.

Examples
--------
>>> from hypothesis import given
>>> from theory import kl_divergence, squared_logit_distance
>>> from theory.strategies import pairs
>>> @given(pairs())
... def test_logit_distance_bounds_kl(pair):
...     bound = squared_logit_distance(pair.a, pair.b) / 4
...     assert kl_divergence(pair.a, pair.b) <= bound * (1 + 1e-9)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from theory._arrays import Array
from theory.claims import Domain
from theory.constructions import (
    Shape,
    conditioned_map,
    gauged,
    integer_labels,
    made_diverse,
    near_labels,
    on_regular_polygon,
    orthogonal,
    scaled_to_floor,
    small_integers,
    with_spectrum,
)
from theory.errors import InvalidInput
from theory.models import Model, Pair

_SEEDS = st.integers(0, 999)
_DETAILS = st.integers(0, 3)
_EXPONENTS = st.integers(-3, 3)


@st.composite
def shapes(draw: st.DrawFn, domain: Domain | None = None) -> Shape:
    """Draw sizes from a domain, shrinking to the smallest.

    Parameters
    ----------
    domain
        Bounds on m, k and n; the second dimension differs from the first only where the domain lets it.
    """
    domain = _validated(domain)
    m = draw(st.integers(*domain.dimensions).filter(lambda m: m + 1 <= domain.labels[1] or not domain.diverse))
    m2 = m if domain.equal_dimensions else draw(st.integers(*domain.dimensions).filter(lambda x: x < domain.labels[1]))
    k = draw(st.integers(max(domain.labels[0], max(m, m2) + 1), max(domain.labels[1], max(m, m2) + 1)))
    return Shape(n=draw(st.integers(*domain.inputs)), k=k, m=m, m2=m2)


def _validated(domain: Domain | None) -> Domain:
    if domain is None:
        return Domain()
    if not isinstance(domain, Domain):
        raise InvalidInput(f"domain: expected a Domain, saw {type(domain).__name__}")
    return domain


def _detailed(rng: np.random.Generator, integers: Array, detail: int) -> Array:
    """Return integers plus fractions: none at detail 0, quarters at 1, 1/64ths at 2, all of float64 at 3."""
    if detail == 0:
        return integers
    noise = rng.standard_normal(integers.shape)
    return integers + (noise if detail == 3 else np.round(noise * 4**detail) / 4**detail)


def _drawn_model(draw: st.DrawFn, shape: Shape, m: int) -> tuple[np.random.Generator, Array, Array]:
    """Return a generator, embeddings and diverse unembeddings of dimension m."""
    rng = np.random.default_rng(draw(_SEEDS))
    detail, up, out = draw(_DETAILS), draw(_EXPONENTS), draw(_EXPONENTS)
    embeddings = _detailed(rng, small_integers(rng, shape, shape.n, m), detail)
    unembeddings = made_diverse(_detailed(rng, integer_labels(rng, shape, m), detail))
    return rng, embeddings * 2.0**up, unembeddings * 2.0**out


@st.composite
def models(draw: st.DrawFn, domain: Domain | None = None) -> Model:
    """Draw a diverse model: integers at the simplest, norms between 1/8 and 8 times that, any fractions."""
    shape = draw(shapes(domain))
    _, embeddings, unembeddings = _drawn_model(draw, shape, shape.m)
    return Model(embeddings, unembeddings)


@st.composite
def pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw two unrelated diverse models over the same inputs and labels."""
    shape = draw(shapes(domain))
    return Pair(
        Model(*_drawn_model(draw, shape, shape.m)[1:]),
        Model(*_drawn_model(draw, shape, shape.second)[1:]),
    )


@st.composite
def tau_bounded_pairs(draw: st.DrawFn, tau: float | None = None, domain: Domain | None = None) -> Pair:
    """Draw a pair in which every probability of both models is at least `tau`.

    Parameters
    ----------
    tau
        The floor, below 1/k for every k of the domain; drawn between 1e-6 and 1/(2k) where not given.
    domain
        Bounds on the shapes.

    Raises
    ------
    InvalidInput
        If `tau` is not between 0 and 1/k for the largest k of the domain.
    """
    domain = _validated(domain)
    if tau is not None and not 0 < tau < 1 / domain.labels[1]:
        most = domain.labels[1]
        raise InvalidInput(f"tau: expected a number in (0, 1/{most}) for k up to {most}, saw {tau!r}")
    shape = draw(shapes(domain))
    floor = tau if tau is not None else 0.5 / shape.k * 10.0 ** -draw(st.integers(0, 5))
    found = []
    for m in (shape.m, shape.second):
        _, embeddings, unembeddings = _drawn_model(draw, shape, m)
        found.append(Model(scaled_to_floor(embeddings, unembeddings, np.full((1, 1), floor)), unembeddings))
    return Pair(*found)


@st.composite
def gauge_related_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a model and its image under a gauge map (A f, A^-T g + c): equal distributions, to rounding.

    At its simplest A is twice the identity and c zero, which is exact.
    """
    shape = draw(shapes(domain))
    rng, embeddings, unembeddings = _drawn_model(draw, shape, shape.m)
    exponent = draw(st.integers(0, 4))
    if exponent == 0:
        gauge, shift = 2.0 * np.eye(shape.m), np.zeros(shape.m)
    else:
        gauge = conditioned_map(rng, shape, shape.m, np.full((1, 1), 10.0 ** (exponent / 2)))
        shift = np.round(rng.standard_normal(shape.m))
    moved, turned = gauged(embeddings, unembeddings, gauge)
    return Pair(Model(embeddings, unembeddings), Model(moved, turned + shift))


@st.composite
def nearly_equal_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a model and a perturbation of it: relative size 2^-4 down to 2^-40, in both factors or in one."""
    shape = draw(shapes(domain))
    rng, embeddings, unembeddings = _drawn_model(draw, shape, shape.m)
    size = 2.0 ** -draw(st.integers(4, 40))
    which = draw(st.sampled_from(("unembeddings", "embeddings", "both")))
    steps = [small_integers(rng, shape, *array.shape) for array in (embeddings, unembeddings)]
    moved = embeddings + (size * _size(embeddings) * steps[0] if which != "unembeddings" else 0.0)
    turned = unembeddings + (size * _size(unembeddings) * steps[1] if which != "embeddings" else 0.0)
    return Pair(Model(embeddings, unembeddings), Model(moved, turned))


def _size(array: Array) -> float:
    largest = float(np.max(np.abs(array)))
    return 2.0 ** math.floor(math.log2(largest)) if largest > 0 else 1.0


@st.composite
def near_rank_loss_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a pair whose first model nearly loses a direction, of its embeddings or of its unembeddings.

    The direction is shrunk by 2^-1 to 2^-20; both models stay diverse.
    """
    shape = draw(shapes(domain))
    _, embeddings, unembeddings = _drawn_model(draw, shape, shape.m)
    second = _drawn_model(draw, shape, shape.second)[1:]
    shrink = np.ones(shape.m)
    shrink[-1] = 2.0 ** -draw(st.integers(1, 20))
    if draw(st.booleans()):
        return Pair(Model(embeddings, unembeddings * shrink), Model(*second))
    return Pair(Model(embeddings * shrink, unembeddings), Model(*second))


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
        If there are none, or one is not positive and finite.
    """
    if not singular_values or not all(0 < value < math.inf for value in singular_values):
        raise InvalidInput(f"singular_values: expected positive finite numbers, saw {singular_values!r}")
    domain, m = _validated(domain), len(singular_values)
    k = draw(st.integers(max(domain.labels[0], m + 1), max(domain.labels[1], m + 1)))
    shape = Shape(n=draw(st.integers(*domain.inputs)), k=k, m=m)
    rng = np.random.default_rng(draw(_SEEDS))
    unembeddings = with_spectrum(rng, shape, shape.k, np.asarray(singular_values, dtype=np.float64))
    return Model(_detailed(rng, small_integers(rng, shape, shape.n, m), draw(_DETAILS)), unembeddings)


@st.composite
def clustered_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a pair whose embeddings cluster around the directions of the labels that own the inputs.

    The second model has the first's unembeddings and clusters, both turned by an orthogonal map and loosened.
    """
    shape = draw(shapes(domain))
    rng = np.random.default_rng(draw(_SEEDS))
    owners = np.arange(shape.n) % shape.k
    spread = np.full((1, 1), 2.0 ** -draw(st.integers(1, 10)))
    radius = 2.0 ** draw(st.integers(-1, 5))
    labels = [radius * on_regular_polygon(shape.k, m) for m in (shape.m, shape.second)]
    turn = orthogonal(rng, shape, shape.second)
    first, second = (near_labels(rng, g, owners, spread) for g in labels)
    return Pair(Model(first, labels[0]), Model(second @ turn, labels[1] @ turn))


@st.composite
def permuted_label_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a model and the same model with two of its labels exchanged."""
    shape = draw(shapes(domain))
    _, embeddings, unembeddings = _drawn_model(draw, shape, shape.m)
    i, j = draw(st.lists(st.integers(0, shape.k - 1), min_size=2, max_size=2, unique=True))
    order = np.arange(shape.k)
    order[[i, j]] = [j, i]
    return Pair(Model(embeddings, unembeddings), Model(embeddings, unembeddings[order]))


@st.composite
def one_hot_pairs(draw: st.DrawFn, domain: Domain | None = None) -> Pair:
    """Draw a pair near the one-hot limit: KL small, logit distance large, the same top label on every input.

    Labels stand on a regular polygon, permuted in the second model together with the inputs they own, at norms from
    4 to 128. On a line no order but two leaves every label its own best, so m >= 2 here.

    Raises
    ------
    InvalidInput
        If the domain has no dimension above 1.
    """
    domain = _validated(domain)
    if domain.dimensions[1] < 2:
        raise InvalidInput(f"domain: expected dimensions of 2 or more, saw {domain.dimensions}")
    shape = draw(shapes(replace(domain, dimensions=(max(2, domain.dimensions[0]), domain.dimensions[1]))))
    rng = np.random.default_rng(draw(_SEEDS))
    owners = np.arange(shape.n) % shape.k
    r = 2.0 ** draw(st.integers(2, 7))
    order = np.roll(np.arange(shape.k), draw(st.integers(0, shape.k - 1)))
    if draw(st.booleans()):
        order = rng.permutation(shape.k)
    first, second = on_regular_polygon(shape.k, shape.m), on_regular_polygon(shape.k, shape.second)[order]
    return Pair(Model(first[owners], r * first), Model(second[owners], r * second))


_KINDS: tuple[Callable[..., st.SearchStrategy[Pair]], ...] = (
    pairs,
    nearly_equal_pairs,
    gauge_related_pairs,
    permuted_label_pairs,
    near_rank_loss_pairs,
    tau_bounded_pairs,
    clustered_pairs,
    one_hot_pairs,
)


def any_pairs(domain: Domain | None = None) -> st.SearchStrategy[Pair]:
    """Draw a pair of any kind here that the domain admits, the plainest first."""
    plane = _validated(domain).dimensions[1] >= 2
    return st.one_of([kind(domain=domain) for kind in _KINDS if plane or kind is not one_hot_pairs])


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
    "tau_bounded_pairs",
]
