"""What KL guarantees of embeddings, input by input: bounds on ||f - A* f'|| that need no floor on probabilities.

With w = min(p, p') and Sigma_w = diag w - w w^T / sum w, the form I_w = Gc^T Sigma_w Gc says which directions of the
embedding the labels that both models believe in can tell apart. In it the alignment A_w = pinv(I_w) Gc^T Sigma_w G'c of
one input leaves r_w = f - A_w f' with r_w^T I_w r_w <= 2 KL(p || p'). See theorem T16 of the catalogue.

Notes
-----
I_w = B^T B for B with rows sqrt(w_y) (g_y - mean_w g). Its eigenvalues span as many orders as probabilities do, so it
is never formed in floats: singular values of B keep twice the digits, and rows are taken from the label that both
models believe in most, beside which the weighted mean would cancel. Where rounding hides the smallest singular value,
the bound is inf; nothing here is nan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import array_api_compat as compat
import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import (
    Array,
    as_real_array,
    as_result,
    indicator,
    is_balls,
    is_numpy,
    namespace_of,
    safe_sqrt,
    square,
    wrapped,
)
from theory.errors import InvalidInput
from theory.measures.dissimilarities import require_full_rank
from theory.measures.distances import pointwise_kl_divergence
from theory.models import Model, Pair

_BLOCK = 1 << 21  # entries of an (n, k, m) block: some 16 MB, of which a handful live at once
_EPS = float(np.finfo(np.float64).eps)
_ROUNDING = 8.0  # times k + m and the unit of rounding: more than a decomposition of such a matrix was seen to lose
_SPARE = 1e-6  # relative: what rounding may not decide before the bound itself is computed
_CERTIFIED = 0.1  # share of ||f||^2 below which an embedding counts as certified


def log_common_mass(pair: Pair) -> Float[Array, "*batch n k"]:
    """log w = log min(p, p') of every label on every input."""
    return pair.xp.minimum(pair.a.log_probabilities, pair.b.log_probabilities)


def _rows_in_a_block(pair: Pair) -> int:
    """How many inputs go into a block; all of them where there is but one."""
    rows = max(1, _BLOCK // (pair.k * pair.m))
    return pair.n if not is_numpy(pair.a.embeddings) or pair.batch else min(rows, pair.n)


@dataclass(frozen=True, eq=False)
class FisherGeometry:
    """The geometry that weights of the labels give to the first model's embeddings, input by input.

    Attributes
    ----------
    pair
        Two models.
    log_weights
        Logarithms of the weights w, shape (..., n, k).
    """

    pair: Pair
    log_weights: Float[Array, "*batch n k"]

    @property
    def xp(self) -> Any:
        """The array namespace."""
        return namespace_of(self.log_weights)

    @cached_property
    def log_scale(self) -> Float[Array, "*batch n"]:
        """Logarithm of the largest weight of each input."""
        return self.xp.max(self.log_weights, axis=-1)

    @cached_property
    def _relative(self) -> Array:
        """Weights in units of the input's largest."""
        return self.xp.exp(self.log_weights - self.log_scale[..., None])

    @cached_property
    def _top(self) -> Array:
        """1 at the label of largest weight, by which rows are shifted lest the mean cancel; floats alone."""
        labels = self.xp.arange(self.pair.k, device=compat.device(self.log_weights))
        top = self.xp.argmax(self.log_weights, axis=-1, keepdims=True)
        return self.xp.astype(labels == top, self.log_weights.dtype)

    @cached_property
    def factor(self) -> Float[Array, "*batch n k m"]:
        """B: sqrt(w_y) (g_y - mean_w g) as rows, over the root of the largest weight; B^T B is I_w over that weight."""
        xp, weights, labels = self.xp, self._relative, self.pair.a.centred_unembeddings
        rows = xp.broadcast_to(labels[..., None, :, :], (*weights.shape, self.pair.m))
        if not is_balls(weights):
            rows = rows - (self._top @ labels)[..., None, :]
        total = xp.sum(weights, axis=-1)[..., None, None]
        mean = xp.sum(weights[..., None] * rows, axis=-2, keepdims=True) / total
        return self._roots[..., None] * (rows - mean)

    @cached_property
    def difference(self) -> Float[Array, "*batch n k"]:
        """y: sqrt(w) (Delta - mean_w Delta), over the root of the largest weight."""
        xp, weights, difference = self.xp, self._relative, self.pair.logit_difference
        if not is_balls(weights):
            difference = difference - xp.sum(self._top * difference, axis=-1, keepdims=True)
        mean = xp.sum(weights * difference, axis=-1, keepdims=True) / xp.sum(weights, axis=-1, keepdims=True)
        return self._roots * (difference - mean)

    @cached_property
    def _roots(self) -> Array:
        return self.xp.exp((self.log_weights - self.log_scale[..., None]) / 2)

    @cached_property
    def _decomposed(self) -> tuple[Array, Array, Array]:
        """U^T y, the singular values, descending, and the right singular vectors as rows; in blocks of inputs."""
        rows = _rows_in_a_block(self.pair)
        if rows < self.pair.n:
            blocks = [slice(i, i + rows) for i in range(0, self.pair.n, rows)]
            parts = [FisherGeometry(self.pair.select_rows(at), self.log_weights[at])._decomposed for at in blocks]
            first, second, third = (np.concatenate(part) for part in zip(*parts, strict=True))
            return first, second, third
        left, values, right = self.xp.linalg.svd(self.factor, full_matrices=False)
        return (left.mT @ self.difference[..., None])[..., 0], values, right

    @cached_property
    def _gram(self) -> Array:
        """B^T B, for balls."""
        return self.factor.mT @ self.factor

    @cached_property
    def _projected(self) -> Array:
        """B^T y, for balls."""
        return (self.factor.mT @ self.difference[..., None])[..., 0]

    @cached_property
    def residual(self) -> Float[Array, "*batch n m"]:
        """r_w = f - A_w f', from Delta: accurate relative to its own size where I_w is regular."""
        if is_balls(self.log_weights):
            return self.xp.linalg.solve(self._gram, self._projected[..., None])[..., 0]
        coordinates, values, right = self._decomposed
        usable = values > 0
        scaled = self.xp.where(usable, coordinates / self.xp.where(usable, values, 1.0), 0.0)
        return (scaled[..., None, :] @ right)[..., 0, :]

    @cached_property
    def squared_length(self) -> Float[Array, "*batch n"]:
        """r_w^T I_w r_w."""
        if is_balls(self.log_weights):
            return self.xp.exp(self.log_scale) * self.xp.sum(self._projected * self.residual, axis=-1)
        return self.xp.exp(self.log_scale) * self.xp.sum(square(self._decomposed[0]), axis=-1)

    @cached_property
    def singular_values(self) -> Float[Array, "*batch n m"]:
        """Singular values of B, descending; those of a B with fewer rows than columns are padded with zeros."""
        values = self.xp.linalg.svdvals(self.factor) if is_balls(self.log_weights) else self._decomposed[1]
        missing = self.pair.m - values.shape[-1]
        if missing <= 0:
            return values
        return self.xp.concat([values, self.xp.zeros_like(self.factor[..., 0, :missing])], axis=-1)

    @property
    def smallest_eigenvalue(self) -> Float[Array, "*batch n"]:
        """lambda_min(I_w), as computed; see `reliable_root` for one that rounding has not raised."""
        return self.xp.exp(self.log_scale) * square(self.singular_values[..., -1])

    @property
    def right(self) -> Float[Array, "*batch n m m"]:
        """Right singular vectors of B as rows, in the order of its singular values; floats alone."""
        return self._decomposed[2]

    def squared_dual_length(self, probe: Float[Array, "*n m"]) -> Float[Array, "*batch n"]:
        """v^T I_w^-1 v, as computed, for I_w regular and a probe of all inputs or one of each."""
        column = probe[..., :, None]
        if is_balls(self.log_weights):
            shape = (*self.log_scale.shape, self.pair.m, 1)
            solved = self.xp.linalg.solve(self._gram, self.xp.broadcast_to(column, shape))
            return self.xp.sum(solved[..., 0] * probe, axis=-1) / self.xp.exp(self.log_scale)
        _, values, right = self._decomposed
        return self.xp.sum(square((right @ column)[..., 0] / values), axis=-1) / self.xp.exp(self.log_scale)

    @cached_property
    def lost(self) -> float:
        """Share of the largest singular value that any other may have been moved by in rounding; none of balls."""
        return 0.0 if is_balls(self.log_weights) else _ROUNDING * (self.pair.k + self.pair.m) * _EPS


def fisher_geometry(pair: Pair, log_weights: Float[Array, "*batch n k"] | None = None) -> FisherGeometry:
    """Return the geometry of the first model's embeddings under weights of the labels.

    Parameters
    ----------
    pair
        Two models.
    log_weights
        Logarithms of the weights w; by default of min(p, p'), for which the theorem holds, as for any smaller ones.
    """
    return FisherGeometry(pair, log_common_mass(pair) if log_weights is None else log_weights)


def residual_after_alignment(pair: Pair) -> Float[Array, "*batch n m"]:
    """f - A* f' = pinv(Gc) Delta on each input."""
    return pair.logit_difference @ pair.a.unembedding_pseudo_inverse.mT


@dataclass(frozen=True)
class EmbeddingCertificates:
    """Bounds on squared distances of embeddings, one of each for every input, in the units of the first model's.

    Attributes
    ----------
    per_input_map
        2 KL / lambda_min(I_w): bounds ||f - A_w f'||^2, where each input has its own alignment A_w.
    map_difference
        ||(A_w - A*) f'||^2: what it costs to use the one alignment A*; zero where the two heads have one column space.
    single_map
        The square of the sum of their roots: bounds ||f - A* f'||^2.
    smallest_eigenvalue
        lambda_min(I_w), lowered by what rounding may have added; zero where that may be all there is.
    """

    per_input_map: Float[Array, "*batch n"]
    map_difference: Float[Array, "*batch n"]
    single_map: Float[Array, "*batch n"]
    smallest_eigenvalue: Float[Array, "*batch n"]


def pointwise_embedding_certificates(pair: Pair) -> EmbeddingCertificates:
    """Return the certificates of every input at once, without the rank check; see `embedding_certificates`."""
    xp, geometry = pair.xp, fisher_geometry(pair)
    values = geometry.singular_values
    largest, least = values[..., 0], values[..., -1] - geometry.lost * values[..., 0]
    root = _quotient(pair, geometry, least, safe_sqrt(2 * pointwise_kl_divergence(pair)))
    difference = residual_after_alignment(pair) - geometry.residual
    apart = _length(pair, difference)
    # The residual itself is known to this share of its size and of its bound, and to nothing where I_w is singular.
    doubt = geometry.lost * _ratio(pair, largest, least)
    whole = root * (1 + doubt) + apart + doubt * _length(pair, geometry.residual)
    if is_balls(values):
        eigenvalue = geometry.smallest_eigenvalue
    else:
        eigenvalue = xp.exp(geometry.log_scale) * square(xp.where(least > 0, least, 0.0))
        whole = xp.where(least > 0, whole, xp.inf)
    return EmbeddingCertificates(square(root), square(apart), square(whole), eigenvalue)


def _length(pair: Pair, vectors: Array) -> Array:
    return safe_sqrt(pair.xp.sum(square(vectors), axis=-1))


def _ratio(pair: Pair, largest: Array, least: Array) -> Array:
    """largest / least, and zero where there is no least: what it multiplies is replaced there."""
    if is_balls(least):
        return largest / least
    positive = least > 0
    return pair.xp.where(positive, largest / pair.xp.where(positive, least, 1.0), 0.0)


def _over_mass(pair: Pair, geometry: FisherGeometry, root: Array) -> Array:
    """Divide sqrt(2 KL) by the root of the largest weight: inf beyond floats, and zero where KL is."""
    if is_balls(root):
        return root / pair.xp.exp(geometry.log_scale / 2)
    return pair.xp.where(root > 0, root * pair.xp.exp(-geometry.log_scale / 2), 0.0)


def _quotient(pair: Pair, geometry: FisherGeometry, least: Array, root: Array) -> Array:
    """sqrt(2 KL / lambda_min(I_w)); inf where lambda_min may be zero."""
    scaled = _over_mass(pair, geometry, root)
    if is_balls(least):
        return scaled / least
    positive = least > 0
    return pair.xp.where(positive, scaled / pair.xp.where(positive, least, 1.0), pair.xp.inf)


def _in_blocks(pair: Pair, of: Callable[[Pair, slice], list[Array]]) -> list[Array]:
    """Return what a function says of every input, one block of inputs after another where they are many."""
    rows = _rows_in_a_block(pair)
    if rows == pair.n:
        return of(pair, slice(None))
    blocks = [slice(i, i + rows) for i in range(0, pair.n, rows)]
    parts = [of(pair.select_rows(block), block) for block in blocks]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def embedding_certificates(a: Model, b: Model) -> EmbeddingCertificates:
    r"""Return the parts of `embedding_bounds`: the bound for each input's own alignment, and the price of a single one.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; `a` is the teacher, whose embeddings set the units.

    Returns
    -------
    EmbeddingCertificates
        Four arrays of one value an input, in [0, inf]; never nan.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    InvalidInput
        If the models have different inputs or labels.

    References
    ----------
    Derived here; theorem T16 of the catalogue.
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")

    def of(part: Pair, _: slice) -> list[Array]:
        with np.errstate(over="ignore"):
            found = pointwise_embedding_certificates(part)
        return [found.per_input_map, found.map_difference, found.single_map, found.smallest_eigenvalue]

    return EmbeddingCertificates(*_in_blocks(pair, of))


def embedding_bounds(a: Model, b: Model) -> Float[Array, "*batch n"]:
    r"""Return for every input a bound on :math:`\|f - A^* f'\|^2` that follows from its KL.

    .. math:: \|f - A^* f'\|^2 \le \Big(\sqrt{2\,\mathrm{KL} / \lambda_{\min}(I_w)} + \|(A_w - A^*) f'\|\Big)^2

    A* = pinv(Gc) G'c is the one alignment of all inputs; I_w and A_w are the input's own, from w = min(p, p').

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; `a` is the teacher, p is its distribution, and its embeddings set
        the units.

    Returns
    -------
    array
        One value an input, in [0, inf], squared; inf where too few labels have mass in both models to tell all
        directions of the embedding apart, or rounding hides that they have; never nan.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    InvalidInput
        If the models have different inputs or labels.

    See Also
    --------
    embedding_certificates : the two parts, of which the first alone bounds ||f - A_w f'||^2.

    References
    ----------
    Derived here; theorem T16 of the catalogue. It is a statement about each input: no mean KL bounds the mean (T7).
    """
    return embedding_certificates(a, b).single_map


def _room(pair: Pair) -> Float[Array, "*batch n"]:
    """Return how far from f an aligned embedding may be, squared, to count as certified, or as near."""
    return _CERTIFIED * pair.xp.sum(square(pair.a.embeddings), axis=-1)


def certified_embeddings(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Share of inputs whose embedding KL certifies: whose `embedding_bounds` is below a tenth of ||f||^2; in [0, 1].

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    InvalidInput
        If the models have different inputs or labels.
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")
    if is_numpy(a.embeddings) and not pair.batch:
        worth = np.flatnonzero(_may_be_certified(pair))
        here = pair.select_rows(worth) if worth.size else None
        return 0.0 if here is None else float(np.sum(_room(here) > embedding_bounds(here.a, here.b)) / pair.n)
    xp, room = pair.xp, _room(pair) - embedding_bounds(a, b)
    return as_result(wrapped(xp.mean(indicator(room), axis=-1), a.embeddings))


def _may_be_certified(pair: Pair) -> np.ndarray:
    """Whether an input passes what costs little: its distance is small, and so is 2 KL over the mean eigenvalue.

    The mean eigenvalue of I_w is no smaller than the least; sum w ||g_c||^2 is no smaller than its trace.
    """
    near = np.sum(square(residual_after_alignment(pair)), axis=-1) <= _room(pair)
    mass = np.exp(log_common_mass(pair)) @ np.sum(square(pair.a.centred_unembeddings), axis=-1)
    return np.asarray(near & (2 * pair.m * pointwise_kl_divergence(pair) <= _room(pair) * mass * (1 + _SPARE)))


def near_embeddings(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Share of inputs with ||f - A* f'||^2 at most a tenth of ||f||^2: the truth of `certified_embeddings`; in [0, 1].

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    InvalidInput
        If the models have different inputs or labels.
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")
    xp, beyond = pair.xp, pair.xp.sum(square(residual_after_alignment(pair)), axis=-1) - _room(pair)
    return as_result(wrapped(1.0 - xp.mean(indicator(beyond), axis=-1), a.embeddings))


def probe_bounds(a: Model, b: Model, probes: Float[Array, "*n c m"]) -> Float[Array, "*batch n c"]:
    r"""Return for every input and probe v a bound on :math:`(v \cdot (f - A^* f'))^2` that follows from its KL.

    .. math:: \Big(\sqrt{2\,\mathrm{KL}\; v^\top I_w^{-1} v} + |v \cdot (A_w - A^*) f'|\Big)^2

    What the probe v reads in the teacher, v' = A*^T v reads in the student, up to the root of this.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels.
    probes
        Shape (c, m), one probe a row, on the embeddings of `a`; or (n, c, m), the input's own probes, for models that
        are no batch.

    Returns
    -------
    array
        In [0, inf], squared; inf where the whole embedding has no bound, smaller where the probe reads directions
        that the labels with mass tell apart well.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    InvalidInput
        If the probes are not finite numbers of such a shape, or the models do not match.

    References
    ----------
    Derived here; theorem T16 of the catalogue.
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")
    if is_balls(a.embeddings) and not is_balls(probes):
        probes = pair.xp.asarray(probes)
    directions = as_real_array("probes", probes, ("c", "m"), (1, 1))
    own = directions.ndim > 2
    if directions.shape[-1] != pair.m or (own and (pair.batch or directions.shape[0] != pair.n)):
        raise InvalidInput(
            f"probes: expected shape (c, {pair.m}) or ({pair.n}, c, {pair.m}), saw shape {tuple(directions.shape)}"
        )

    def of(part: Pair, rows: slice) -> list[Array]:
        here = directions[rows] if own else directions
        with np.errstate(over="ignore"):
            geometry = fisher_geometry(part)
            root = _over_mass(part, geometry, safe_sqrt(2 * pointwise_kl_divergence(part)))
            columns = [_probe_bound(part, geometry, root, here[..., i, :]) for i in range(here.shape[-2])]
        return [part.xp.stack(columns, axis=-1)]

    return _in_blocks(pair, of)[0]


def _probe_bound(pair: Pair, geometry: FisherGeometry, root: Array, probe: Array) -> Array:
    """Return the bound of one probe, (m,) or (n, m); `root` is sqrt(2 KL), over the root of the largest weight."""
    xp, column = pair.xp, probe[..., :, None]
    difference = residual_after_alignment(pair) - geometry.residual
    apart = xp.abs((difference[..., None, :] @ column)[..., 0, 0])
    if is_balls(root):
        scale = xp.exp(geometry.log_scale / 2)
        return square(root * scale * safe_sqrt(geometry.squared_dual_length(probe)) + apart)
    values, right = geometry.singular_values, geometry.right
    least = values - geometry.lost * values[..., :1]
    read = xp.abs((right @ column)[..., 0]) + geometry.lost * _length(pair, probe)[..., None]
    dual = _length(pair, read / xp.where(least > 0, least, 1.0))
    doubt = geometry.lost * _ratio(pair, values[..., 0], least[..., -1])
    whole = root * dual * (1 + doubt) + apart + doubt * _length(pair, geometry.residual) * _length(pair, probe)
    return square(xp.where(least[..., -1] > 0, whole, xp.inf))
