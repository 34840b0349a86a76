"""Embeddings and models on which measures are tried, from small to large, and maps far from the identity.

The functions that transform inputs take arrays and models of any arithmetic, so that the same expression is evaluated
in float64 and in many digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from theory.conformance.results import Thing
from theory.models import Model
from theory.pairs.constructions import Shape
from theory.pairs.strata import STRATA, draw

# n, p, q: small ones first, so that counterexamples are small where they can be.
_EMBEDDING_SHAPES = (
    (6, 2, 2), (8, 2, 3), (8, 3, 2), (10, 3, 3), (12, 4, 4), (12, 1, 1), (12, 2, 5), (16, 5, 3), (16, 4, 4),
    (24, 6, 6), (40, 3, 8), (40, 6, 6), (80, 5, 5),
)  # fmt: skip
# n, k, m and the second model's m.
_MODEL_SHAPES = (
    (4, 3, 1, 1), (5, 3, 2, 2), (6, 4, 2, 2), (6, 5, 3, 3), (8, 5, 3, 2), (8, 6, 2, 3), (10, 8, 4, 4), (12, 8, 2, 2),
    (20, 10, 4, 4), (40, 7, 3, 3),
)  # fmt: skip
# n, p, q with fewer inputs than dimensions, in both or in one.
_WIDE_SHAPES = ((4, 6, 6), (5, 8, 8), (3, 5, 5), (5, 8, 3))
_MANY = 300  # inputs: enough for a measure that draws a sample of many to do so
_DRAWS = 200  # of an embedding until it is an ordinary one: small integers are not, now and then
_WORST_CONDITION = 1e3  # of ordinary embeddings: degenerate ones have a property of their own


# --------------------------------------------------------------------------- transformations, in any arithmetic


def _with_embeddings(thing: Any, embeddings: Any) -> Any:
    return type(thing)(embeddings, thing.unembeddings) if hasattr(thing, "embeddings") else embeddings


def embeddings_of(thing: Any) -> Any:
    """Return the embeddings of a model, or the embedding itself."""
    return thing.embeddings if hasattr(thing, "embeddings") else thing


def rows_reordered(thing: Any, order: Int[np.ndarray, " n"]) -> Any:
    """Return a thing with its inputs in another order."""
    return _with_embeddings(thing, embeddings_of(thing)[order])


def mapped(thing: Any, matrix: Float[Any, "m m2"]) -> Any:
    """Return a thing whose embeddings are multiplied from the right."""
    return _with_embeddings(thing, embeddings_of(thing) @ matrix)


def shifted(thing: Any, shift: Float[Any, " m"]) -> Any:
    """Return a thing with the same vector added to all embeddings."""
    return _with_embeddings(thing, embeddings_of(thing) + shift)


def gauged(model: Any, matrix: Any, inverse: Any, shift: Any) -> Any:
    """Return (f A, g A^-T + c), which has the same conditional distributions."""
    return type(model)(model.embeddings @ matrix, model.unembeddings @ inverse.T + shift)


def relabelled(model: Any, order: Int[np.ndarray, " k"]) -> Any:
    """Return a model with its labels in another order."""
    return type(model)(model.embeddings, model.unembeddings[order])


# --------------------------------------------------------------------------- ordinary inputs


def generator(seed: int, *use: int) -> np.random.Generator:
    """Return a generator of its own for each use of a seed."""
    return np.random.default_rng([seed, *use])


def _is_ordinary(array: np.ndarray) -> bool:
    """Whether all directions of an embedding carry something beside its mean."""
    values = np.linalg.svd(array - array.mean(axis=0), compute_uv=False)
    return bool(len(array) > array.shape[1] and values[-1] * _WORST_CONDITION > values[0])


def embedding(rng: np.random.Generator, n: int, p: int, kind: int = 1) -> Float[np.ndarray, "n p"]:
    """Draw an embedding of full rank: of small integers (0), normal (1), off centre and uneven (2), heavy tails (3)."""
    for _ in range(_DRAWS):
        if kind == 0:
            found = rng.integers(-4, 5, (n, p)).astype(np.float64)
        elif kind == 3:
            found = rng.standard_t(2.5, (n, p))
        else:
            found = rng.standard_normal((n, p))
        if kind == 2:
            spread, mean = np.exp(rng.uniform(-1.5, 1.5, p)), 3 * rng.standard_normal(p)
            found = found * spread @ _rotation(rng, p) + mean
        if _is_ordinary(found):
            return found
    return rng.standard_normal((n, p))


def related(rng: np.random.Generator, X: Float[np.ndarray, "n p"], q: int, noise: float) -> Float[np.ndarray, "n q"]:
    """Draw an embedding that is a linear image of another one, up to noise."""
    image = X @ rng.standard_normal((X.shape[1], q)) / np.sqrt(X.shape[1])
    return np.asarray(image + noise * np.std(X) * rng.standard_normal(image.shape) + rng.standard_normal(q))


def embedding_pairs(seed: int, count: int, *, equal: bool = False) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw pairs of embeddings, unrelated, related and nearly equivalent, small ones first and in every lap larger.

    Parameters
    ----------
    seed, count
        Of the draws.
    equal
        Whether both have the same number of columns.
    """
    for index in range(count):
        rng = generator(seed, 1, index)
        n, p, q = _EMBEDDING_SHAPES[index % len(_EMBEDDING_SHAPES)]
        q = p if equal else q
        kind = (index // 2) % 4
        X = embedding(rng, n, p, kind)
        relation = index % 3
        Y = embedding(rng, n, q, kind) if relation == 0 else related(rng, X, q, (1.0, 0.05)[relation - 1])
        if index >= len(_EMBEDDING_SHAPES):  # one may be much larger than the other
            X, Y = X * 10.0 ** rng.integers(-3, 4), Y * 10.0 ** rng.integers(-3, 4)
        yield X, Y


def model_pairs(seed: int, count: int, *, equal: bool = False) -> Iterator[tuple[Model, Model]]:
    """Draw pairs of models from all regimes of the search, small ones first."""
    names = list(STRATA)
    for index in range(count):
        n, k, m, m2 = _MODEL_SHAPES[index % len(_MODEL_SHAPES)]
        shape = Shape(n=n, k=k, m=m, m2=m if equal else m2)
        rng = generator(seed, 2, index)
        pair = draw("independent" if index < 3 else names[(7 * index) % len(names)], rng, shape)
        yield pair.a, pair.b


def pairs(on: str, seed: int, count: int, *, equal: bool = False) -> Iterator[tuple[Thing, Thing]]:
    """Draw pairs of what a measure compares."""
    yield from (
        embedding_pairs(seed, count, equal=equal) if on == "embeddings" else model_pairs(seed, count, equal=equal)
    )


def relatives(X: Thing, rng: np.random.Generator, index: int) -> Iterator[Thing]:
    """Yield one or two things near another, or far from it in a way of their own: noise, a mirror image, a far mean."""
    noise = 10.0 ** -(index % 4)
    if isinstance(X, Model):
        f, g = X.embeddings, X.unembeddings
        size = float(np.std(f)) or 1.0
        yield Model(f + noise * size * rng.standard_normal(f.shape), g)
        yield (Model(f, -g), Model(10 * f, g), Model(f * 0.1, g), Model(f + 10 * size, g))[index % 4]
        return
    size, p = float(np.std(X)) or 1.0, X.shape[1]
    near = X + noise * size * rng.standard_normal(X.shape)
    yield near if index % 2 else near @ orthogonal(rng, p, 2 + index % 2)
    far = 10.0 ** (1 + index % 2) * size
    yield (-X, X + far, embedding(rng, *X.shape) * size + far * rng.standard_normal(p), 100 * X)[index % 4]


def large_pairs(on: str, seed: int, count: int) -> Iterator[tuple[Thing, Thing]]:
    """Draw pairs over more inputs than usual: a measure may treat many in another way."""
    for index in range(count):
        rng = generator(seed, 12, index)
        X = embedding(rng, _MANY, 4)
        Y = related(rng, X, 4, 0.3)
        if on == "embeddings":
            yield X, Y
        else:
            g = rng.standard_normal((6, 4))
            yield Model(X, g), Model(Y, g)


def wide_pairs(seed: int, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw pairs of embeddings with fewer inputs than dimensions."""
    for index in range(count):
        rng = generator(seed, 11, index)
        n, p, q = _WIDE_SHAPES[index % len(_WIDE_SHAPES)]
        yield rng.standard_normal((n, p)), rng.standard_normal((n, q))


# --------------------------------------------------------------------------- maps far from the identity


def _rotation(rng: np.random.Generator, p: int) -> Float[np.ndarray, "p p"]:
    q, r = np.linalg.qr(rng.standard_normal((p, p)))
    return np.asarray(q * np.sign(np.diagonal(r)))


def orthogonal(rng: np.random.Generator, p: int, index: int) -> Float[np.ndarray, "p p"]:
    """Draw an orthogonal map: a reflection of one column, a permutation, a rotation, or any."""
    if index % 4 == 0:
        signs = np.ones(p)
        signs[rng.integers(p)] = -1
        return np.diag(signs)
    if index % 4 == 1:
        return np.eye(p)[rng.permutation(p)]
    q = _rotation(rng, p)
    if (np.linalg.det(q) > 0) != (index % 4 == 2):  # a rotation, then a reflection in a general direction
        q[:, 0] = -q[:, 0]
    return q


def permutation(rng: np.random.Generator, p: int, index: int) -> Float[np.ndarray, "p p"]:
    """Draw a permutation that is not the identity, where there is one."""
    order = rng.permutation(p)
    return np.eye(p)[order if (order != np.arange(p)).any() else np.roll(order, 1)]


def scaling(rng: np.random.Generator, p: int, index: int) -> Float[np.ndarray, "p p"]:
    """Draw a positive multiple of the identity, between 1/1000 and 1000 at first and further out later."""
    exponent = (1, -1, 0.5, 3, -3, 6, -6, -0.2)[index % 8] if index < 8 else rng.uniform(-4, 4)
    return np.eye(p) * 10.0**exponent


def linear(rng: np.random.Generator, p: int, index: int) -> Float[np.ndarray, "p p"]:
    """Draw an invertible map: those of the smaller groups, shears, uneven scalings, ill-conditioned maps."""
    kind = (0, 5, 1, 2, 3, 4)[index % 6]  # far from the identity soon
    if kind == 0:
        return np.diag(2.0 ** rng.integers(-3, 4, p)) if p > 1 else np.array([[-2.0]])
    if kind == 1:
        return np.asarray(np.eye(p) + np.triu(rng.integers(-2, 3, (p, p)), 1))
    if kind == 2:
        return orthogonal(rng, p, index // 6)
    if kind == 3:
        return np.asarray(rng.standard_normal((p, p)) + 2 * np.eye(p))
    if kind == 4:
        return scaling(rng, p, index // 6)
    condition = 10.0 ** rng.uniform(2, 4)
    return np.asarray(_rotation(rng, p) * np.geomspace(1, condition, p) @ _rotation(rng, p))


def gauge(rng: np.random.Generator, p: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw an invertible map whose inverse is exact in float64, and that inverse."""
    lower, upper = np.eye(p), np.eye(p)
    for i in range(p):
        for j in range(i):
            lower[i, j], upper[j, i] = rng.integers(-2, 3, 2)
    scales = 2.0 ** (rng.integers(-2, 3, p) if index % 3 else rng.integers(-5, 6, p))
    # Of unit triangular integers the inverse is of integers: rounding makes it exact.
    lower_inverse, upper_inverse = np.round(np.linalg.inv(lower)), np.round(np.linalg.inv(upper))
    inverse = (upper_inverse / scales) @ lower_inverse
    return lower * scales @ upper, inverse


def shift(rng: np.random.Generator, X: Any, index: int) -> Float[np.ndarray, " p"]:
    """Draw a shift of the size of the spread, or of up to a million times that."""
    spread = float(np.std(X)) or 1.0
    size = (1.0, 1e3, 1e6, 10.0)[index % 4]
    return np.asarray(np.round(size * rng.standard_normal(X.shape[1]), 3) * 2.0 ** np.round(np.log2(spread)))


Map = Callable[[np.random.Generator, int, int], np.ndarray]
MAPS: Mapping[str, Map] = {
    "permutation": permutation,
    "orthogonal": orthogonal,
    "scaling": scaling,
    "linear": linear,
}
"""Groups of linear maps, by the property that speaks of them."""
