r"""Pairs of models with structure, batched: the raw material of the search strata and of the Hypothesis strategies.

Random pairs are all alike: independent, well conditioned, of moderate size. Bounds are attained elsewhere, so each
builder here leaves the centre in one named direction. All take a generator and a `Shape` and vectorise over the
batch. A knob is a number, or one number per pair of the batch in an array of shape (\*batch, 1, 1).

Where the second model derives from the first but has another dimension, surplus columns are cut and missing ones are
filled with noise a tenth as large: it stays close to the first, and diverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from theory.arithmetic.arrays import Array
from theory.errors import InvalidInput
from theory.models import Model, Pair

Knob: TypeAlias = float | Float[Array, "*batch 1 1"]
"""A number for every pair, or one number per pair."""

ModelArrays: TypeAlias = tuple[Float[Array, "*batch n m"], Float[Array, "*batch k m"]]
"""Embeddings and unembeddings of a model."""

_PADDING = 0.1  # of the size of the rest: far above rounding, and small beside what both models have
_DELICATE = 1e-3  # below this ratio of singular values integer labels are adjusted: simple examples are robust
_TINY = float(np.finfo(np.float64).tiny)
_FLOOR_STEPS = 4  # log tau is then met to 2e-14 relative, from 1e-300 up to 1/k; three steps leave 3e-9


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

    Raises
    ------
    InvalidInput
        If a size is not a positive integer, or the labels are too few for diverse models of these dimensions.
    """

    n: int
    k: int
    m: int
    m2: int | None = None
    batch: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, least in (("n", 1), ("k", 2), ("m", 1), ("m2", 1)):
            size = getattr(self, name)
            if name == "m2" and size is None:
                continue
            if not _is_whole(size):
                raise InvalidInput(f"{name}: expected an integer, saw {size!r}")
            if size < least:
                raise InvalidInput(f"{name}: expected at least {least}, saw {size}")
        if self.k < max(self.m, self.second) + 1:
            raise InvalidInput(
                f"k: diverse models of dimensions {self.m} and {self.second} need at least "
                f"{max(self.m, self.second) + 1} labels, saw {self.k}"
            )
        whole = isinstance(self.batch, tuple) and all(_is_whole(size) for size in self.batch)
        if not whole or len(self.batch) > 1 or any(size < 1 for size in self.batch):
            raise InvalidInput(f"batch: expected () or one positive size, saw {self.batch!r}")

    @property
    def second(self) -> int:
        """Dimension of the second model."""
        return self.m if self.m2 is None else self.m2


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _require(name: str, knob: Knob, low: float, high: float = math.inf) -> None:
    """Refuse a knob outside a closed range, or not finite."""
    values = np.asarray(knob, dtype=np.float64)
    fits = np.isfinite(values) & (values >= low) & (values <= high)
    if not fits.all():
        limits = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise InvalidInput(f"{name}: expected finite numbers {limits}, saw {float(values[~fits][0])!r}")


def _spread_over(shape: Shape, knob: Knob) -> Float[Array, "*batch 1 1"]:
    return np.broadcast_to(np.asarray(knob, dtype=np.float64), (*shape.batch, 1, 1))


def _transposed(array: Float[Array, "*batch r c"]) -> Float[Array, "*batch c r"]:
    return np.swapaxes(array, -1, -2)


def _centred(rows: Float[Array, "*batch r c"]) -> Float[Array, "*batch r c"]:
    return rows - rows.mean(axis=-2, keepdims=True)


def _norms(rows: Float[Array, "*batch r c"]) -> Float[Array, "*batch r 1"]:
    return np.sqrt(np.sum(rows * rows, axis=-1, keepdims=True))


def _mean_square(array: Float[Array, "*batch r c"]) -> Float[Array, "*batch 1 1"]:
    return np.mean(array * array, axis=(-2, -1), keepdims=True)


# --------------------------------------------------------------------------- numbers and matrices


def log_uniform(rng: np.random.Generator, shape: Shape, low: float, high: float) -> Float[Array, "*batch 1 1"]:
    """Return one number per pair, uniform in its logarithm, shaped to multiply matrices.

    Raises
    ------
    InvalidInput
        Unless 0 < low <= high.
    """
    if not 0 < low <= high < math.inf:
        raise InvalidInput(f"low and high: expected 0 < low <= high, saw {low!r} and {high!r}")
    return np.exp(rng.uniform(math.log(low), math.log(high), (*shape.batch, 1, 1)))


def either(rng: np.random.Generator, shape: Shape, one: Knob, other: Knob) -> Float[Array, "*batch 1 1"]:
    """Return, for each pair, one of two knobs with equal chances."""
    return np.where(rng.random((*shape.batch, 1, 1)) < 0.5, one, other)


def gaussian(rng: np.random.Generator, shape: Shape, rows: int, columns: int) -> Float[Array, "*batch rows columns"]:
    """Return independent standard normal entries."""
    return rng.standard_normal((*shape.batch, rows, columns))


def orthogonal(rng: np.random.Generator, shape: Shape, size: int) -> Float[Array, "*batch size size"]:
    """Return orthogonal matrices, Haar distributed."""
    q, r = np.linalg.qr(gaussian(rng, shape, size, size))
    # The signs of R's diagonal are a habit of the algorithm; moved into Q they leave it uniform.
    return q * np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)[..., None, :]


def geometric_spectrum(shape: Shape, size: int, ratio: Knob) -> Float[Array, "*batch size"]:
    """Return singular values from 1 down to `ratio` in geometric progression; a single one is 1.

    Raises
    ------
    InvalidInput
        Unless 0 < ratio <= 1.
    """
    _require("ratio", ratio, _TINY, 1.0)
    return _spread_over(shape, ratio)[..., 0] ** np.linspace(0.0, 1.0, size)


def with_spectrum(
    rng: np.random.Generator, shape: Shape, rows: int, values: Float[Array, "*batch m"]
) -> Float[Array, "*batch rows m"]:
    """Return matrices with sum-zero columns and the given singular values: unembeddings already centred.

    Raises
    ------
    InvalidInput
        If there are fewer than m + 1 rows, or a singular value is negative or not finite.
    """
    m = values.shape[-1]
    _require("values", values, 0.0)
    if rows < m + 1:
        raise InvalidInput(f"rows: a sum-zero matrix of rank {m} needs at least {m + 1} rows, saw {rows}")
    left = np.linalg.qr(_centred(gaussian(rng, shape, rows, m)))[0]
    return (left * values[..., None, :]) @ orthogonal(rng, shape, m)


def with_smallest(array: Float[Array, "*batch r c"], ratio: Knob) -> Float[Array, "*batch r c"]:
    """Return the array with its smallest centred singular value lowered to `ratio` times the largest.

    The mean row stays. Where the value is lower already nothing changes; a single direction is scaled by `ratio`.

    Raises
    ------
    InvalidInput
        Unless 0 <= ratio <= 1.
    """
    _require("ratio", ratio, 0.0, 1.0)
    u, s, vt = np.linalg.svd(_centred(array), full_matrices=False)
    least, most = s[..., -1:, None], s[..., :1, None]
    return array - np.maximum(least - ratio * most, 0.0) * (u[..., :, -1:] * vt[..., -1:, :])


def conditioned_map(
    rng: np.random.Generator, shape: Shape, size: int, condition: Knob
) -> Float[Array, "*batch size size"]:
    """Return invertible maps of a given condition number, with singular values around one.

    Raises
    ------
    InvalidInput
        If a condition number is below 1.
    """
    _require("condition", condition, 1.0)
    exponents = np.linspace(0.5, -0.5, size) if size > 1 else np.zeros(1)
    values = _spread_over(shape, condition)[..., 0] ** exponents
    return (orthogonal(rng, shape, size) * values[..., None, :]) @ orthogonal(rng, shape, size)


def gauged(
    embeddings: Float[Array, "*batch n m"],
    unembeddings: Float[Array, "*batch k m"],
    gauge: Float[Array, "*batch m m"],
    shift: Knob | Float[Array, "*batch 1 m"] = 0.0,
) -> ModelArrays:
    """Return (A f, A^-T g + c), which has the same distribution."""
    moved = np.linalg.solve(_transposed(gauge), _transposed(unembeddings))
    return embeddings @ _transposed(gauge), _transposed(moved) + shift


def perturbed(rng: np.random.Generator, array: Float[Array, "*batch r c"], eps: Knob) -> Float[Array, "*batch r c"]:
    """Return the array plus Gaussian noise of `eps` times its root mean square entry.

    Raises
    ------
    InvalidInput
        If `eps` is negative.
    """
    _require("eps", eps, 0.0)
    return array + eps * np.sqrt(_mean_square(array)) * rng.standard_normal(array.shape)


def in_second_dimension(
    rng: np.random.Generator, shape: Shape, array: Float[Array, "*batch r m"]
) -> Float[Array, "*batch r m2"]:
    """Return a factor of the first model in the second's dimension: itself, cut, or padded with small noise."""
    missing = shape.second - shape.m
    if missing <= 0:
        return array[..., : shape.second]
    size = _PADDING * np.sqrt(_mean_square(array))
    return np.concatenate([array, size * rng.standard_normal((*array.shape[:-1], missing))], axis=-1)


# --------------------------------------------------------------------------- integers


def small_integers(
    rng: np.random.Generator, shape: Shape, rows: int, columns: int, bound: int = 3
) -> Float[Array, "*batch rows columns"]:
    """Return integer entries between -bound and bound.

    Raises
    ------
    InvalidInput
        If `bound` is not a positive integer.
    """
    if not _is_whole(bound) or bound < 1:
        raise InvalidInput(f"bound: expected a positive integer, saw {bound!r}")
    return rng.integers(-bound, bound + 1, (*shape.batch, rows, columns)).astype(np.float64)


def made_diverse(rows: Float[Array, "*batch k m"]) -> Float[Array, "*batch k m"]:
    """Return unembeddings whose centred matrix has full column rank, changed only where it had not, to rounding.

    Where the smallest singular value is below a thousandth of the largest, labels 1 to m become label 0 moved along
    one axis each, as far as the largest entry (in whole numbers, at least 1) and towards zero: their differences are
    then orthogonal, integers stay integers, and no entry outgrows that largest one.

    Raises
    ------
    InvalidInput
        If there are fewer than m + 1 rows.
    """
    k, m = rows.shape[-2:]
    if k < m + 1:
        raise InvalidInput(f"rows: {m} dimensions need at least {m + 1} labels, saw shape {rows.shape}")
    values = np.linalg.svd(_centred(rows), compute_uv=False)
    deficient = values[..., m - 1] <= _DELICATE * values[..., 0]
    reach = np.ceil(np.maximum(np.max(np.abs(rows), axis=(-2, -1), keepdims=True), 1.0))
    first = rows[..., :1, :]
    steps = np.where(first > 0, -reach, reach) * np.eye(m)
    adjusted = np.concatenate([first, first + steps, rows[..., m + 1 :, :]], axis=-2)
    return np.where(deficient[..., None, None], adjusted, rows)


def integer_labels(
    rng: np.random.Generator, shape: Shape, columns: int, bound: int = 3
) -> Float[Array, "*batch k columns"]:
    """Return unembeddings of integers between -bound and bound whose centred matrix has full column rank."""
    return made_diverse(small_integers(rng, shape, shape.k, columns, bound))


# --------------------------------------------------------------------------- sizes of logits


def logit_scale(
    embeddings: Float[Array, "*batch n m"], unembeddings: Float[Array, "*batch k m"], size: Knob
) -> Float[Array, "*batch 1 1"]:
    """Return the number s for which the largest label-centred logit of (s f, g) has absolute value `size`.

    Where all logits are zero every s would do; it is 1.

    Raises
    ------
    InvalidInput
        If `size` is not positive.
    """
    _require("size", size, _TINY)
    logits = embeddings @ _transposed(_centred(unembeddings))
    largest = np.max(np.abs(logits), axis=(-2, -1), keepdims=True)
    return np.where(largest > 0, size / np.where(largest > 0, largest, 1.0), 1.0)


def floor_scale(
    embeddings: Float[Array, "*batch n m"], unembeddings: Float[Array, "*batch k m"], tau: Knob
) -> Float[Array, "*batch 1 1"]:
    """Return the largest number s, to rounding, such that (s f, g) gives every label a probability of at least tau.

    The floor holds in float64, not to rounding. Where the logits do not vary over labels every s would do; it is 1.

    Raises
    ------
    InvalidInput
        Unless 1e-300 <= tau <= (1 - 1e-12)/k: closer to 1/k, the uniform distribution itself may round below tau.

    Notes
    -----
    h(s) = max over x of log sum_j exp(s (u_j - min u)) is -log of the smallest probability: convex, increasing, and
    log k at 0. A row whose logits span w has h between max(s w, log k) and log(1 + (k-1) e^(s w)), which brackets
    the root of h(s) = -log tau; then the chord gives better lower ends and Newton's tangent better upper ends.
    """
    k = unembeddings.shape[-2]
    _require("tau", tau, 1e-300, (1 - 1e-12) / k)
    logits = embeddings @ _transposed(_centred(unembeddings))
    above = logits - logits.min(axis=-1, keepdims=True)
    spans = above.max(axis=(-2, -1), keepdims=True)
    varies = spans > 0
    spans = np.where(varies, spans, 1.0)
    log_tau = np.log(np.asarray(tau, dtype=np.float64))
    goal = -log_tau - 1e-14 * (1.0 - log_tau)  # a hair for rounding
    low, high = np.log(np.expm1(goal) / (k - 1)) / spans, goal / spans
    for _ in range(_FLOOR_STEPS):
        (h_low, _), (h_high, slope) = _floor_curve(above, low), _floor_curve(above, high)
        gap = np.where(h_high > h_low, h_high - h_low, 1.0)
        low = low + (high - low) * np.clip((goal - h_low) / gap, 0.0, 1.0)
        high = np.maximum(high - np.maximum(h_high - goal, 0.0) / np.where(slope > 0, slope, 1.0), low)
    scale = np.where(varies, low, 1.0)
    kept = Model(scale * embeddings, unembeddings).log_min_probability
    return np.where(np.asarray(kept)[..., None, None] >= log_tau, scale, scale / 2)


def _floor_curve(above: Array, scale: Array) -> tuple[Array, Array]:
    """Return h and its slope, both (*batch, 1, 1)."""
    terms = np.exp(scale * above)
    sums = terms.sum(axis=-1, keepdims=True)
    slopes = np.sum(terms * above, axis=-1, keepdims=True) / sums
    worst = np.argmax(sums, axis=-2)[..., None]
    return np.log(np.take_along_axis(sums, worst, axis=-2)), np.take_along_axis(slopes, worst, axis=-2)


# --------------------------------------------------------------------------- labels and their clusters


def owning_labels(shape: Shape) -> Int[np.ndarray, " owning"]:
    """Return the labels that own inputs in `clustered`: all, but the first and the last where a model is a line.

    On a line only its two ends can be the best label of anything, and those are where the two stand.
    """
    return np.array([0, shape.k - 1]) if min(shape.m, shape.second) == 1 else np.arange(shape.k)


def owners_of(shape: Shape) -> Int[np.ndarray, " n"]:
    """Return the label that owns each input: the owning ones in turn."""
    return np.resize(owning_labels(shape), shape.n)


def scattered_labels(rng: np.random.Generator, shape: Shape, columns: int) -> Float[Array, "*batch k columns"]:
    """Return labels at random on the unit sphere; on a line the first at 1, the last at -1, the others between."""
    if columns == 1:
        inner = rng.uniform(-0.9, 0.9, (*shape.batch, shape.k - 2, 1))
        end = np.ones((*shape.batch, 1, 1))
        return np.concatenate([end, inner, -end], axis=-2)
    points = gaussian(rng, shape, shape.k, columns)
    return points / _norms(points)


def on_regular_polygon(labels: int, dimension: int) -> Float[Array, "labels dimension"]:
    """Return labels at the corners of a regular polygon, with its harmonics where there are more dimensions.

    All have norm one, so that each is its own best label: g_i . g_j < 1 = g_i . g_i. On a line they run evenly from
    1 to -1.

    Raises
    ------
    InvalidInput
        If there are fewer than `dimension` + 1 labels.
    """
    if labels < dimension + 1:
        raise InvalidInput(f"labels: {dimension} dimensions need at least {dimension + 1} labels, saw {labels}")
    if dimension == 1:
        return np.linspace(1.0, -1.0, labels)[:, None]
    angles = 2 * math.pi * np.arange(labels) / labels
    waves = [wave(j * angles) for j in range(1, dimension // 2 + 2) for wave in (np.cos, np.sin)][:dimension]
    points = np.stack(waves, axis=-1)
    return points / _norms(points)


def near_labels(
    rng: np.random.Generator,
    labels: Float[Array, "*batch k m"],
    owners: Int[Array, " n"],
    spread: Knob,
) -> Float[Array, "*batch n m"]:
    """Return embeddings around the label that owns each, off by at most `spread` times half its nearest distance.

    For labels of equal norm each input keeps its owner as best label: with d = g_y - g_j,
    d . (g_y + e) >= |d|^2/2 - |d||e| > 0 where |e| < |d|/2.

    Raises
    ------
    InvalidInput
        Unless 0 <= spread <= 0.999.
    """
    _require("spread", spread, 0.0, 0.999)
    gaps = labels[..., owners, None, :] - labels[..., None, :, :]
    squared = np.sum(gaps * gaps, axis=-1)
    squared[..., np.arange(len(owners)), owners] = np.inf
    room = np.sqrt(squared.min(axis=-1, keepdims=True)) / 2
    centres = labels[..., owners, :]
    noise = rng.standard_normal(centres.shape)
    length = rng.random((*centres.shape[:-1], 1))
    return centres + spread * room * length * noise / _norms(noise)


def label_orders(rng: np.random.Generator, shape: Shape) -> Int[Array, "*batch k"]:
    """Return random orders of the labels: owners change places among themselves, and so do the others."""
    owning = owning_labels(shape)
    order = np.tile(np.arange(shape.k), (*shape.batch, 1))
    for places in (owning, np.setdiff1d(np.arange(shape.k), owning)):
        order[..., places] = rng.permuted(order[..., places], axis=-1)
    return order


def label_swaps(rng: np.random.Generator, shape: Shape) -> Int[Array, "*batch k"]:
    """Return orders that exchange two labels, both of them owners."""
    owning, labels = owning_labels(shape), np.arange(shape.k)
    place = rng.integers(0, len(owning), (*shape.batch, 1))
    one = owning[place]
    other = owning[(place + rng.integers(1, len(owning), (*shape.batch, 1))) % len(owning)]
    return np.where(labels == one, other, np.where(labels == other, one, labels))


def reordered(labels: Float[Array, "*batch k m"], order: Int[Array, "*batch k"]) -> Float[Array, "*batch k m"]:
    """Return the rows of each batch element in its own order."""
    return np.take_along_axis(labels, order[..., None], axis=-2)


# --------------------------------------------------------------------------- pairs


def pair_of(
    f: Float[Array, "*batch n m"],
    g: Float[Array, "*batch k m"],
    f2: Float[Array, "*batch n m2"],
    g2: Float[Array, "*batch k m2"],
) -> Pair:
    """Return the pair of two models given as arrays."""
    return Pair(Model(f, g), Model(f2, g2))


def gaussian_model(
    rng: np.random.Generator, shape: Shape, columns: int, low: float = 0.3, high: float = 3.0
) -> ModelArrays:
    """Return Gaussian factors, each times a number log-uniform between `low` and `high`."""
    return (
        log_uniform(rng, shape, low, high) * gaussian(rng, shape, shape.n, columns),
        log_uniform(rng, shape, low, high) * gaussian(rng, shape, shape.k, columns),
    )


def _twins(rng: np.random.Generator, shape: Shape) -> tuple[ModelArrays, ModelArrays]:
    """Return a Gaussian model, and itself in the second dimension."""
    first = gaussian_model(rng, shape, shape.m)
    return first, (in_second_dimension(rng, shape, first[0]), in_second_dimension(rng, shape, first[1]))


def independent(rng: np.random.Generator, shape: Shape) -> Pair:
    """Return two independent Gaussian models."""
    return pair_of(*gaussian_model(rng, shape, shape.m), *gaussian_model(rng, shape, shape.second))


def of_integers(rng: np.random.Generator, shape: Shape, bound: int = 3) -> Pair:
    """Return two independent models of integers between -bound and bound, both diverse."""
    first, second = (
        (small_integers(rng, shape, shape.n, m, bound), integer_labels(rng, shape, m, bound))
        for m in (shape.m, shape.second)
    )
    return pair_of(*first, *second)


def nearly_equal(rng: np.random.Generator, shape: Shape, eps: Knob, condition: Knob | None = None) -> Pair:
    """Return a model and itself with both factors perturbed by `eps`, relative.

    With `condition` the second is then moved by a gauge map of that condition number and a random shift, so that
    distributions stay as close as they were while the arrays part.
    """
    first, (f, g) = _twins(rng, shape)
    f, g = perturbed(rng, f, eps), perturbed(rng, g, eps)
    if condition is None:
        return pair_of(*first, f, g)
    gauge = conditioned_map(rng, shape, shape.second, condition)
    return pair_of(*first, *gauged(f, g, gauge, gaussian(rng, shape, 1, shape.second)))


def one_factor_apart(
    rng: np.random.Generator, shape: Shape, eps: Knob, factor: Literal["embeddings", "unembeddings"]
) -> Pair:
    """Return two models of which only one factor differs, by `eps` relative; well above 1 it is independent.

    Raises
    ------
    InvalidInput
        If `factor` is neither "embeddings" nor "unembeddings".
    """
    if factor not in ("embeddings", "unembeddings"):
        raise InvalidInput(f"factor: expected 'embeddings' or 'unembeddings', saw {factor!r}")
    first, (f, g) = _twins(rng, shape)
    f, g = (perturbed(rng, f, eps), g) if factor == "embeddings" else (f, perturbed(rng, g, eps))
    return pair_of(*first, f, g)


def with_gaps(rng: np.random.Generator, shape: Shape, first: Knob, second: Knob) -> Pair:
    """Return independent models whose centred unembeddings have geometric spectra from 1 to the given ratios."""
    models = [
        (gaussian(rng, shape, shape.n, m), with_spectrum(rng, shape, shape.k, geometric_spectrum(shape, m, ratio)))
        for m, ratio in ((shape.m, first), (shape.second, second))
    ]
    return pair_of(*models[0], *models[1])


def near_rank_loss(rng: np.random.Generator, shape: Shape, ratios: tuple[Knob, Knob, Knob, Knob]) -> Pair:
    """Return independent models with the smallest singular values lowered to the given shares of the largest.

    The ratios are for the centred F, G, F', G' in this order; 1 leaves a factor as it is.
    """
    factors = (*gaussian_model(rng, shape, shape.m), *gaussian_model(rng, shape, shape.second))
    f, g, f2, g2 = (with_smallest(factor, ratio) for factor, ratio in zip(factors, ratios, strict=True))
    return pair_of(f, g, f2, g2)


def of_norms(
    rng: np.random.Generator, shape: Shape, sizes: tuple[Knob, Knob], balances: tuple[Knob, Knob] = (1.0, 1.0)
) -> Pair:
    """Return independent models with logits of the given sizes, embeddings and unembeddings unequal by `balances`.

    A balance b multiplies the embeddings and divides the unembeddings, which leaves the distribution as it is.
    """
    models = []
    for m, size, balance in zip((shape.m, shape.second), sizes, balances, strict=True):
        _require("balances", balance, _TINY)
        f, g = gaussian(rng, shape, shape.n, m), gaussian(rng, shape, shape.k, m)
        models.append((balance * logit_scale(f, g, size) * f, g / balance))
    return pair_of(*models[0], *models[1])


def above_floor(rng: np.random.Generator, shape: Shape, tau: Knob, eps: Knob, closeness: Knob = 1.0) -> Pair:
    """Return two models, `eps` apart before scaling, in which every probability of both is at least `tau`.

    At `closeness` 1 the smallest probability of each is tau to rounding; below, the embeddings are that much shorter.

    Raises
    ------
    InvalidInput
        Unless 1e-300 <= tau < 1/k (see `floor_scale`) and 0 < closeness <= 1.
    """
    _require("closeness", closeness, _TINY, 1.0)
    first, (f, g) = _twins(rng, shape)
    models = [first, (perturbed(rng, f, eps), perturbed(rng, g, eps))]
    scaled = [(closeness * floor_scale(f, g, tau) * f, g) for f, g in models]
    return pair_of(*scaled[0], *scaled[1])


def clustered(
    rng: np.random.Generator,
    shape: Shape,
    scale: Knob,
    spread: Knob,
    order: Int[Array, "*batch k"] | None = None,
    regular: bool = False,
) -> Pair:
    """Return models whose inputs lie near the label that owns them, the same label in both and the best in each.

    Both models hold the same labels, at random places or `regular` ones, at norm `scale`. With `order` the second has
    them permuted, and each cluster moves with its label. Within clusters the two models are unrelated: the closer
    to one-hot, the less of this, or of the order, is left in the distributions.

    Parameters
    ----------
    rng, shape
        As everywhere.
    scale
        Norm of the unembeddings (on a line, of the longest); embeddings have norms around one.
    spread
        Size of the clusters, between 0 and 0.999 of what keeps each input's best label.
    order
        See `label_orders` and `label_swaps`.
    regular
        Whether labels stand on a regular polygon (see `on_regular_polygon`), in the plane as far apart as can be.
    """
    _require("scale", scale, _TINY)

    def labels(columns: int) -> Float[Array, "*batch k columns"]:
        if regular:
            return np.broadcast_to(on_regular_polygon(shape.k, columns), (*shape.batch, shape.k, columns))
        return scattered_labels(rng, shape, columns)

    first = labels(shape.m)
    second = first if shape.second == shape.m else labels(shape.second)
    second = second if order is None else reordered(second, order)
    owners = owners_of(shape)
    return pair_of(
        near_labels(rng, first, owners, spread), scale * first,
        near_labels(rng, second, owners, spread), scale * second,
    )  # fmt: skip


def swapped(rng: np.random.Generator, shape: Shape, size: Knob) -> Pair:
    """Return a model with logits of the given size, and itself with two labels exchanged but no cluster moved."""
    first, (f, g) = _twins(rng, shape)
    scale = logit_scale(*first, size)
    return pair_of(scale * first[0], first[1], scale * f, reordered(g, label_swaps(rng, shape)))


def at_boundary(rng: np.random.Generator, shape: Shape, size: Knob, part: Knob, spread: Knob) -> Pair:
    """Return a model, and itself with the two likeliest labels of the first input brought together.

    The labels go `part` of the way to each other's place: at a half they meet, and a hair beyond it the prediction
    changes, for the least logit distance that does it. The other inputs differ from the first by `spread` times its
    size.

    Raises
    ------
    InvalidInput
        If a knob is negative or not finite.
    """
    _require("part", part, 0.0)
    _require("spread", spread, 0.0)
    first, (f, g) = _twins(rng, shape)
    at = np.sqrt(_mean_square(f[..., :1, :]))
    inputs = f[..., :1, :] + spread * at * rng.standard_normal(f.shape)
    inputs[..., 0, :] = f[..., 0, :]
    likeliest = np.argsort(-(inputs[..., :1, :] @ _transposed(g))[..., 0, :], axis=-1)
    one, other, labels = likeliest[..., :1], likeliest[..., 1:2], np.arange(shape.k)
    exchanged = reordered(g, np.where(labels == one, other, np.where(labels == other, one, labels)))
    scale = logit_scale(inputs, g, size)
    teacher = inputs if shape.second == shape.m else first[0]
    return pair_of(scale * teacher, first[1], scale * inputs, g + _spread_over(shape, part) * (exchanged - g))


def attenuated(rng: np.random.Generator, shape: Shape, keep: Knob, compensation: Knob = 0.0, noise: Knob = 0.0) -> Pair:
    """Return a model and a student in which one direction of the embeddings is shrunk to `keep`, then noise added.

    The unembeddings make up for `compensation` of the loss (in the logarithm): at 1 and without noise the
    distribution is the teacher's. The noise is relative to the embeddings before they shrink.

    Raises
    ------
    InvalidInput
        Unless 0 < keep <= 1, 0 <= compensation <= 1 and noise >= 0.
    """
    _require("keep", keep, _TINY, 1.0)
    _require("compensation", compensation, 0.0, 1.0)
    _require("noise", noise, 0.0)
    first, (f, g) = _twins(rng, shape)
    turn = orthogonal(rng, shape, shape.second)
    weights, makeup = np.ones((2, *shape.batch, 1, shape.second))
    weights[..., -1:], makeup[..., -1:] = keep, _spread_over(shape, keep) ** -np.asarray(compensation)
    dust = noise * np.sqrt(_mean_square(f)) * rng.standard_normal(f.shape)
    return pair_of(*first, (f @ turn) * weights + dust, (g @ turn) * makeup)


def of_large_means(rng: np.random.Generator, shape: Shape, ratio: Knob, eps: Knob, offset: Knob = 0.0) -> Pair:
    """Return models of equal unembeddings whose embeddings have a common mean, `ratio` times as large as their spread.

    Before the mean is added, the second model's embeddings are the first's perturbed by `eps`. The unembeddings carry
    a mean of norm `offset`, half as large in the second model, which changes no probability.

    Raises
    ------
    InvalidInput
        If `ratio` is not positive, or `eps` or `offset` is negative.
    """
    _require("ratio", ratio, _TINY)
    _require("offset", offset, 0.0)
    (f, g), (f2, g2) = _twins(rng, shape)
    f, f2 = _centred(f), _centred(perturbed(rng, f2, eps))
    mean, aside = (row / _norms(row) for row in (gaussian(rng, shape, 1, shape.m), gaussian(rng, shape, 1, shape.m)))
    # Means of norm one and spreads of 1/ratio, rather than the reverse: the logits stay moderate.
    spread = _norms(f).max(axis=-2, keepdims=True) * ratio
    f, f2 = (part / np.where(spread > 0, spread, 1.0) for part in (f, f2))
    mean2, aside2 = (in_second_dimension(rng, shape, row) for row in (mean, aside))
    return pair_of(f + mean, g + offset * aside, f2 + mean2, g2 + 0.5 * offset * aside2)


def rank_one_apart(
    rng: np.random.Generator, shape: Shape, ratio: Knob, step: Knob, direction: int | Int[Array, "*batch"]
) -> Pair:
    """Return models with the same embeddings and G'c = Gc - step v a^T, v a singular direction of Gc or outside it.

    These are the pairs at which the bounds by singular values of the unembeddings are attained.

    Parameters
    ----------
    rng, shape
        As everywhere.
    ratio
        Gc has singular values in geometric progression from 1 to this.
    step
        Size of the difference; a is standard normal.
    direction
        For each pair, the index of the left singular vector v: 0 is the top one, m - 1 the bottom one, and m a
        random unit vector orthogonal to the columns of Gc (and summing to zero).

    Raises
    ------
    InvalidInput
        If a direction is not between 0 and m, or is m though k = m + 1 leaves nothing outside.
    """
    last = shape.m if shape.k > shape.m + 1 else shape.m - 1
    _require("direction", np.asarray(direction, dtype=np.float64), 0, last)
    _require("step", step, 0.0)
    g = with_spectrum(rng, shape, shape.k, geometric_spectrum(shape, shape.m, ratio))
    basis = np.linalg.svd(g, full_matrices=False)[0]
    if shape.k > shape.m + 1:
        outside = _centred(gaussian(rng, shape, shape.k, 1))
        outside = outside - basis @ (_transposed(basis) @ outside)
        length = np.sqrt(np.sum(outside * outside, axis=-2, keepdims=True))
        basis = np.concatenate([basis, outside / length], axis=-1)
    index = np.broadcast_to(np.asarray(direction)[..., None, None], (*shape.batch, shape.k, 1))
    v = np.take_along_axis(basis, index, axis=-1)
    f = gaussian(rng, shape, shape.n, shape.m)
    moved = g - step * v @ gaussian(rng, shape, 1, shape.m)
    return pair_of(f, g, in_second_dimension(rng, shape, f), in_second_dimension(rng, shape, moved))


def opposite(rng: np.random.Generator, shape: Shape, size: Knob) -> Pair:
    """Return a model with largest logit `size` and the model with the opposite logits."""
    f, g = gaussian(rng, shape, shape.n, shape.m), gaussian(rng, shape, shape.k, shape.m)
    f = logit_scale(f, g, size) * f
    return pair_of(f, g, -in_second_dimension(rng, shape, f), in_second_dimension(rng, shape, g))


def of_signs(rng: np.random.Generator, shape: Shape, scale: Knob) -> Pair:
    """Return models with embeddings 1 +- `scale`, signs independent, over integer labels (shared, if they can be).

    Centred and non-centred correlations of such embeddings differ as much as they can.
    """
    _require("scale", scale, 0.0)
    f, f2 = (1.0 + scale * np.sign(gaussian(rng, shape, shape.n, m)) for m in (shape.m, shape.second))
    g = integer_labels(rng, shape, shape.m, 2)
    g2 = g if shape.second == shape.m else integer_labels(rng, shape, shape.second, 2)
    return pair_of(f, g, f2, g2)


def few_labels_apart(rng: np.random.Generator, shape: Shape, size: Knob, step: Knob) -> Pair:
    """Return models with the same embeddings, scaled by `size`, in which signs and zeros move the labels along a row.

    Each label moves by `step` times -1, 0 or 1 times one common random vector: label 0 by 1 and label 1 not, for
    if all moved alike the distribution would stay.
    """
    _require("size", size, 0.0)
    _require("step", step, 0.0)
    f, g = gaussian_model(rng, shape, shape.m)
    f = size * f
    signs = rng.integers(-1, 2, (*shape.batch, shape.k, 1)).astype(np.float64)
    signs[..., 0, :] = 1.0
    signs[..., 1, :] = np.minimum(signs[..., 1, :], 0.0)
    moved = g + step * signs @ gaussian(rng, shape, 1, shape.m)
    return pair_of(f, g, in_second_dimension(rng, shape, f), in_second_dimension(rng, shape, moved))
