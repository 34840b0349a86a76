"""Pairs of models with structure, batched: the raw material of the search strata and of the Hypothesis strategies.

Random pairs are all alike: independent, well conditioned, of moderate size. Bounds are attained elsewhere, so each
builder here leaves the centre in one named direction. All take a generator and a `Shape` and vectorise over the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from theory._arrays import Array
from theory.errors import InvalidInput
from theory.models import Model, Pair


@dataclass(frozen=True)
class Shape:
    """Sizes of a batch of pairs.

    Attributes
    ----------
    n, k, m
        Inputs, labels, and dimension of the first model.
    m2
        Dimension of the second model; the first's by default.
    batch
        ``()`` or ``(b,)``.
    """

    n: int
    k: int
    m: int
    m2: int | None = None
    batch: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, least in (("n", 1), ("k", 2), ("m", 1)):
            if getattr(self, name) < least:
                raise InvalidInput(f"{name}: expected at least {least}, saw {getattr(self, name)}")
        if self.m2 is not None and self.m2 < 1:
            raise InvalidInput(f"m2: expected at least 1, saw {self.m2}")
        if self.k < max(self.m, self.second) + 1:
            raise InvalidInput(
                f"k: diverse models of dimensions {self.m} and {self.second} need at least "
                f"{max(self.m, self.second) + 1} labels, saw {self.k}"
            )
        if len(self.batch) > 1 or any(size < 1 for size in self.batch):
            raise InvalidInput(f"batch: expected () or one positive size, saw {self.batch}")

    @property
    def second(self) -> int:
        """Dimension of the second model."""
        return self.m if self.m2 is None else self.m2


def log_uniform(rng: np.random.Generator, shape: Shape, low: float, high: float) -> Float[Array, "*batch 1 1"]:
    """Return one number per pair, uniform in its logarithm, shaped to multiply matrices."""
    return np.exp(rng.uniform(math.log(low), math.log(high), (*shape.batch, 1, 1)))


def gaussian(rng: np.random.Generator, shape: Shape, rows: int, columns: int) -> Float[Array, "*batch rows columns"]:
    """Return independent standard normal entries."""
    return rng.standard_normal((*shape.batch, rows, columns))


def orthogonal(rng: np.random.Generator, shape: Shape, size: int) -> Float[Array, "*batch size size"]:
    """Return orthogonal matrices, Haar distributed."""
    q, r = np.linalg.qr(gaussian(rng, shape, size, size))
    return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


def with_spectrum(
    rng: np.random.Generator, shape: Shape, rows: int, values: Float[Array, "*batch m"]
) -> Float[Array, "*batch rows m"]:
    """Return matrices with sum-zero columns and the given singular values: unembeddings already centred.

    Raises
    ------
    InvalidInput
        If there are fewer than m + 1 rows.
    """
    m = values.shape[-1]
    if rows < m + 1:
        raise InvalidInput(f"rows: a sum-zero matrix of rank {m} needs at least {m + 1} rows, saw {rows}")
    frame = gaussian(rng, shape, rows, m)
    left = np.linalg.qr(frame - frame.mean(axis=-2, keepdims=True))[0]
    return (left * values[..., None, :]) @ orthogonal(rng, shape, m)


def conditioned_map(
    rng: np.random.Generator, shape: Shape, size: int, condition: Float[Array, "*batch 1 1"]
) -> Float[Array, "*batch size size"]:
    """Return invertible maps of a given condition number, with singular values around one."""
    exponents = np.linspace(0.5, -0.5, size) if size > 1 else np.zeros(1)
    values = condition[..., 0] ** exponents
    return (orthogonal(rng, shape, size) * values[..., None, :]) @ orthogonal(rng, shape, size)


def gauged(
    embeddings: Float[Array, "*batch n m"],
    unembeddings: Float[Array, "*batch k m"],
    gauge: Float[Array, "*batch m m"],
) -> tuple[Float[Array, "*batch n m"], Float[Array, "*batch k m"]]:
    """Return (A f, A^-T g), which has the same distribution."""
    moved = np.linalg.solve(np.swapaxes(gauge, -1, -2), np.swapaxes(unembeddings, -1, -2))
    return embeddings @ np.swapaxes(gauge, -1, -2), np.swapaxes(moved, -1, -2)


def small_integers(
    rng: np.random.Generator, shape: Shape, rows: int, columns: int, bound: int = 3
) -> Float[Array, "*batch rows columns"]:
    """Return integer entries between -bound and bound."""
    return rng.integers(-bound, bound + 1, (*shape.batch, rows, columns)).astype(np.float64)


def made_diverse(rows: Float[Array, "*batch k m"]) -> Float[Array, "*batch k m"]:
    """Return the rows, with a staircase added where their centred matrix lacks full column rank.

    The first label stays and label i moves far along e_i, in whole numbers.
    """
    k, m = rows.shape[-2:]
    stairs = np.zeros((k, m))
    stairs[1 : m + 1] = 2 * m * np.ceil(np.max(np.abs(rows)) + 1.0) * np.eye(m)
    values = np.linalg.svd(rows - rows.mean(axis=-2, keepdims=True), compute_uv=False)
    deficient = values[..., m - 1] < 1e-3 * np.maximum(values[..., 0], 1e-3)
    return np.where(deficient[..., None, None], rows + stairs, rows)


def integer_labels(
    rng: np.random.Generator, shape: Shape, columns: int, bound: int = 3
) -> Float[Array, "*batch k columns"]:
    """Return integer unembeddings whose centred matrix has full column rank."""
    return made_diverse(small_integers(rng, shape, shape.k, columns, bound))


def scaled_to_floor(
    embeddings: Float[Array, "*batch n m"], unembeddings: Float[Array, "*batch k m"], tau: Float[Array, "*batch 1 1"]
) -> Float[Array, "*batch n m"]:
    """Return embeddings shrunk, where needed, so that every probability is at least tau.

    A row whose logits span w has probabilities of at least 1/(1 + (k-1) e^w), so w = log((1/tau - 1)/(k - 1))
    is safe; a hair is left for rounding.
    """
    k = unembeddings.shape[-2]
    logits = embeddings @ np.swapaxes(unembeddings, -1, -2)
    spans = np.max(logits.max(axis=-1) - logits.min(axis=-1), axis=-1)[..., None, None]
    allowed = np.log((1 / tau - 1) / (k - 1)) * (1 - 1e-9)
    return embeddings * np.minimum(1.0, allowed / np.maximum(spans, 1e-300))


def near_labels(
    rng: np.random.Generator,
    unembeddings: Float[Array, "*batch k m"],
    owners: Int[Array, " n"],
    spread: Float[Array, "*batch 1 1"],
) -> Float[Array, "*batch n m"]:
    """Return embeddings clustered around the unit direction of the label that owns each input."""
    centred = unembeddings - unembeddings.mean(axis=-2, keepdims=True)
    norms = np.linalg.norm(centred, axis=-1, keepdims=True)
    directions = (centred / np.maximum(norms, 1e-12))[..., owners, :]
    return directions + spread * rng.standard_normal(directions.shape)


def on_regular_polygon(labels: int, dimension: int) -> Float[Array, "labels dimension"]:
    """Return labels spread over the unit sphere (on a line, over an interval).

    Off the line all have norm one, so that each is its own best label: g_i . g_j < 1 = g_i . g_i.
    """
    if dimension == 1:
        return np.linspace(1.0, -1.0, labels)[:, None]
    angles = 2 * math.pi * np.arange(labels) / labels
    waves = [np.cos(angles), np.sin(angles)]
    waves += [np.cos((j + 1) * angles / 2 + 0.3 * j) / math.sqrt(2) for j in range(2, dimension)]
    points = np.stack(waves, axis=-1)
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


def pair_of(f: Array, g: Array, f2: Array, g2: Array) -> Pair:
    """Return the pair of two models given as arrays."""
    return Pair(Model(f, g), Model(f2, g2))
