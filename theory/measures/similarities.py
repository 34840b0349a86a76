"""Measures of the field that compare two embeddings of the same inputs, row by row.

Most names stand for several definitions in the literature and in code; every docstring says which one it is.
All take X of shape (n, p) and Y of shape (n, q), or with a leading batch axis, and do not change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import array_api_compat as compat
import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import (
    Array,
    as_real_array,
    as_result,
    is_balls,
    is_numpy,
    namespace_of,
    safe_sqrt,
    square,
)
from theory.errors import DegenerateInput, InvalidInput
from theory.models import centre_rows

_EPS = float(np.finfo(np.float64).eps)
_QR_ROWS = 500  # rows of a block of a QR factorisation


def _validated(X: Array, Y: Array) -> tuple[Array, Array]:
    x, y = as_real_array("X", X, ("n", "p"), (1, 1)), as_real_array("Y", Y, ("n", "q"), (1, 1))
    if is_numpy(x) != is_numpy(y) or is_balls(x) != is_balls(y):
        raise InvalidInput("X and Y: expected both NumPy arrays or both torch tensors, saw one of each")
    if x.shape[:-1] != y.shape[:-1]:
        raise InvalidInput(f"Y: expected the rows of X, saw shapes {tuple(x.shape)} and {tuple(y.shape)}")
    return x, y


def _squared_norm(array: Array) -> Array:
    return namespace_of(array).sum(square(array), axis=(-2, -1))


def _require_spread(name: str, original: Array, centred: Array) -> None:
    """Refuse a representation whose spread is rounding of a constant."""
    xp = namespace_of(original)
    size = xp.max(xp.abs(original), axis=(-2, -1), keepdims=True)
    if is_balls(original):  # the later division decides
        return
    safe = xp.where(size > 0, size, 1.0)
    flat = xp.sqrt(_squared_norm(centred / safe)) <= 8 * _EPS * original.shape[-2] ** 0.5
    if bool(flat.any()):
        raise DegenerateInput(f"{name}: all its rows are equal, to rounding, so it has no spread to compare")


# --------------------------------------------------------------------------- canonical correlations


@dataclass(frozen=True)
class PrincipalAngles:
    """Cosines and sines of the principal angles between two column spaces, most alike first.

    Attributes
    ----------
    cosines
        Descending, in [0, 1], shape (..., max(p, q)), padded with zeros for missing directions.
    sines
        Ascending, in [0, 1], accurate also where the cosine is within rounding of 1.
    """

    cosines: Array
    sines: Array


def _orthonormal(array: Array, rows: int | None = None) -> tuple[Array, Array]:
    """Return an orthonormal basis Q of the column space, and which of Q's columns are real (others are zero).

    `rows` is the number of rows whose rounding `array` carries, where it was made from more than it has.
    """
    xp = namespace_of(array)
    # Columns of one size: correlations ignore their scales, and rank is not to be judged by them.
    size = xp.max(xp.abs(array), axis=-2, keepdims=True)
    q, r = xp.linalg.qr(array / xp.where(size > 0, size, 1.0))
    diagonal = xp.abs(xp.linalg.diagonal(r))
    tolerance = max(rows or array.shape[-2], array.shape[-1]) * _EPS
    safely_full = array.shape[-2] >= array.shape[-1] and bool(
        (xp.min(diagonal, axis=-1) > 1e3 * tolerance * xp.max(diagonal, axis=-1)).all()
    )
    if safely_full:  # the common case, and the one with a well-defined gradient
        return q, diagonal > 0
    u, values, _ = xp.linalg.svd(r, full_matrices=False)
    real = values > tolerance * values[..., :1]
    return (q @ u) * xp.where(real, 1.0, 0.0)[..., None, :], real


def principal_angles(X: Float[Array, "*batch n p"], Y: Float[Array, "*batch n q"]) -> PrincipalAngles:
    """Return the principal angles between the column spaces of X and Y (nothing is centred).

    Notes
    -----
    QR, then SVD of the product of bases; rank is found by SVD of the triangular factor, so rank-deficient
    representations have exactly as many angles as directions. Sines come from the part of Y's basis outside
    X's (Bjorck and Golub 1973), so that 1 - cos^2 does not drown in rounding near 1.
    """
    x, y = _validated(X, Y)
    xp = namespace_of(x)
    if is_balls(x):
        cosines = xp.canonical_correlations(x, y)
        return PrincipalAngles(cosines, xp.sqrt(1 - square(cosines)))
    rows = x.shape[-2]
    x, y = _compact(x, y)
    (qx, _), (qy, real) = _orthonormal(x, rows), _orthonormal(y, rows)
    product = qx.mT @ qy
    width = max(x.shape[-1], y.shape[-1])
    outside = qy - qx @ product
    # A column that is not there has no angle with anything: a row of its own gives it sine one.
    absent = xp.where(real, 0.0, 1.0)[..., :, None] * xp.eye(real.shape[-1], dtype=x.dtype)
    values = xp.flip(xp.clip(xp.linalg.svdvals(xp.concat([outside, absent], axis=-2)), 0.0, 1.0), axis=-1)
    return PrincipalAngles(_cosines(product, width), _padded(values, width, 1.0))


def _compact(x: Array, y: Array) -> tuple[Array, Array]:
    """Rotate many rows of unbatched NumPy arrays into few: all angles between columns stay.

    The triangular factor of [x, y], by QR of blocks of rows that stay in cache, carries both at once.
    """
    width = x.shape[-1] + y.shape[-1]
    if not is_numpy(x) or x.ndim > 2 or len(x) <= _QR_ROWS + width:
        return x, y
    both = np.hstack([x, y])
    triangle: Array = np.empty((0, width))
    for start in range(0, len(both), _QR_ROWS):
        triangle = np.linalg.qr(np.vstack([triangle, both[start : start + _QR_ROWS]]), mode="r")
    return triangle[:, : x.shape[-1]], triangle[:, x.shape[-1] :]


def _cosines(product: Array, width: int) -> Array:
    """Return the singular values of a product of orthonormal bases, padded with zeros."""
    xp = namespace_of(product)
    return _padded(xp.clip(xp.linalg.svdvals(product), 0.0, 1.0), width, 0.0)


def _padded(values: Array, width: int, fill: float) -> Array:
    xp = namespace_of(values)
    missing = width - values.shape[-1]
    if missing <= 0:
        return values[..., :width]
    return xp.concat([values, xp.full((*values.shape[:-1], missing), fill, dtype=values.dtype)], axis=-1)


def canonical_correlations(
    X: Float[Array, "*batch n p"], Y: Float[Array, "*batch n q"], centred: bool = True
) -> Float[Array, "*batch r"]:
    """Canonical correlations rho_1 >= ... >= rho_r, r = max(p, q), padded with zeros.

    Parameters
    ----------
    X, Y
        Embeddings of the same n inputs.
    centred
        Whether column means are removed first. Both kinds are used in the theory; the choice is part of the
        name: theorem T4 needs the kind that its eigenvalues have.

    Returns
    -------
    array
        In [0, 1], exact to rounding also for rank-deficient X or Y, whose missing directions correlate 0.

    Raises
    ------
    InvalidInput
        If an array is not real, finite and two-dimensional (plus batch), or the rows differ in number.

    References
    ----------
    H. Hotelling (1936); by QR and SVD as in A. Bjorck, G. H. Golub (1973).
    """
    x, y = _validated(X, Y)
    if centred:
        x, y = _centred_without_dust(x), _centred_without_dust(y)
    if is_balls(x):
        return namespace_of(x).canonical_correlations(x, y)
    rows = x.shape[-2]
    x, y = _compact(x, y)
    (qx, _), (qy, _) = _orthonormal(x, rows), _orthonormal(y, rows)
    return _cosines(qx.mT @ qy, max(x.shape[-1], y.shape[-1]))


def _centred_without_dust(array: Array) -> Array:
    """Centre rows; columns that are constant to rounding become exactly zero, not rounding noise."""
    if is_balls(array):
        return centre_rows(array)
    xp = namespace_of(array)
    centred = centre_rows(array)
    scale = xp.max(xp.abs(array), axis=-2, keepdims=True)
    dust = xp.max(xp.abs(centred), axis=-2, keepdims=True) <= 4 * _EPS * scale
    return xp.where(dust, 0.0, centred) if bool(dust.any()) else centred


def mean_cca(
    X: Float[Array, "*batch n p"], Y: Float[Array, "*batch n q"], centred: bool = True
) -> Float[Array, "*batch"]:
    """m_CCA: the mean of the max(p, q) canonical correlations; a similarity in [0, 1].

    Raises
    ------
    InvalidInput
        As `canonical_correlations`.
    """
    rho = canonical_correlations(X, Y, centred)
    return as_result(namespace_of(rho).mean(rho, axis=-1))


def _leading(array: Array, threshold: float) -> Array:
    """Project unbatched centred data on the fewest principal components holding `threshold` of the variance."""
    xp = namespace_of(array)
    u, values, _ = xp.linalg.svd(array, full_matrices=False)
    spectrum = np.asarray(values.detach() if hasattr(values, "detach") else values)
    share = np.cumsum((spectrum / spectrum[0]) ** 2)
    kept = int(np.searchsorted(share, threshold * share[-1] * (1 - 4 * _EPS))) + 1
    return u[:, :kept] * values[:kept]


def svcca(X: Float[Array, "n p"], Y: Float[Array, "n q"], threshold: float = 0.99) -> Float[Array, ""]:
    """SVCCA: mean canonical correlation between leading principal components.

    The variant: columns centred; the fewest components with at least `threshold` of the variance kept in
    each; the mean over min(kept X, kept Y) correlations, as in Raghu et al. (2017).

    Returns
    -------
    float
        A similarity in [0, 1].

    Raises
    ------
    InvalidInput
        If `threshold` is not in (0, 1] or an array is not usable.
    DegenerateInput
        If all rows of X or of Y are equal.
    """
    if not isinstance(threshold, Real) or not 0 < threshold <= 1:
        raise InvalidInput(f"threshold: expected a number in (0, 1], saw {threshold!r}")
    x, y = _unbatched("svcca", X, Y)
    x, y = _leading(_spread("X", x), threshold), _leading(_spread("Y", y), threshold)
    least = min(x.shape[-1], y.shape[-1])
    cosines = principal_angles(x, y).cosines[:least]
    return as_result(namespace_of(cosines).mean(cosines))


def pwcca(X: Float[Array, "n p"], Y: Float[Array, "n q"]) -> Float[Array, ""]:
    """PWCCA: canonical correlations weighted by how much of X their directions carry.

    The variant of Morcos, Raghu and Bengio (2018): columns centred, weight of direction h_i is
    sum_j |<h_i, x_j>| over the columns x_j of X. Not symmetric: X gives the weights.

    Returns
    -------
    float
        A similarity in [0, 1].

    Raises
    ------
    InvalidInput
        If an array is not usable.
    DegenerateInput
        If all rows of X or of Y are equal.
    """
    x, y = _unbatched("pwcca", X, Y)
    x, y = _spread("X", x), _spread("Y", y)
    xp = namespace_of(x)
    (qx, real_x), (qy, real_y) = _orthonormal(x), _orthonormal(y)
    qx, qy = qx[:, real_x], qy[:, real_y]  # a direction that is not there must not mix with one that is
    u, cosines, _ = xp.linalg.svd(qx.mT @ qy, full_matrices=False)
    weights = xp.sum(xp.abs((qx @ u).mT @ x), axis=-1)
    return as_result(xp.sum(weights * xp.clip(cosines, 0.0, 1.0)) / xp.sum(weights))


def _unbatched(name: str, X: Array, Y: Array) -> tuple[Array, Array]:
    x, y = _validated(X, Y)
    if x.ndim != 2:
        raise InvalidInput(f"X: {name} expects shape (n, p) without a batch axis, saw shape {tuple(x.shape)}")
    return x, y


def _spread(name: str, array: Array) -> Array:
    """Centre rows and insist that something is left."""
    centred = _centred_without_dust(array)
    _require_spread(name, array, centred)
    return centred


# --------------------------------------------------------------------------- kernels and alignments


def linear_cka(X: Float[Array, "*batch n p"], Y: Float[Array, "*batch n q"]) -> Float[Array, "*batch"]:
    """Linear CKA, the biased (HSIC_0) variant: ||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F), columns centred.

    Returns
    -------
    float
        A similarity in [0, 1]; its arccos is a metric.

    Raises
    ------
    InvalidInput
        If an array is not usable.
    DegenerateInput
        If all rows of X or of Y are equal.

    References
    ----------
    S. Kornblith et al. (2019).
    """
    x, y = _validated(X, Y)
    x, y = _unit(_spread("X", x)), _unit(_spread("Y", y))
    within_x, within_y = _squared_norm(x.mT @ x), _squared_norm(y.mT @ y)
    return as_result(_squared_norm(x.mT @ y) / (safe_sqrt(within_x) * safe_sqrt(within_y)))


def _unit(array: Array) -> Array:
    """Scale to unit Frobenius norm, in two steps so that squares neither over- nor underflow."""
    xp = namespace_of(array)
    array = array / xp.max(xp.abs(array), axis=(-2, -1), keepdims=True)
    return array / safe_sqrt(_squared_norm(array))[..., None, None]


def procrustes(
    X: Float[Array, "*batch n p"], Y: Float[Array, "*batch n q"], normalised: bool = True
) -> Float[Array, "*batch"]:
    """Orthogonal Procrustes distance: min over orthogonal Q of ||X - Y Q||_F, columns centred; not squared.

    Parameters
    ----------
    X, Y
        Embeddings of the same inputs; the narrower is padded with zero columns.
    normalised
        Whether both are scaled to unit Frobenius norm first, which makes it a metric on shapes in [0, sqrt 2].

    Returns
    -------
    float
        A distance; reflections are allowed.

    Raises
    ------
    InvalidInput
        If an array is not usable.
    DegenerateInput
        If `normalised` and all rows of X or of Y are equal.
    """
    x, y = _validated(X, Y)
    x, y = (
        (_unit(_spread("X", x)), _unit(_spread("Y", y)))
        if normalised
        else (_centred_without_dust(x), _centred_without_dust(y))
    )
    xp = namespace_of(x)
    width = max(x.shape[-1], y.shape[-1])
    x, y = _padded(x, width, 0.0), _padded(y, width, 0.0)
    # At the best Q the gradient in Q vanishes: none flows through it, so equal singular values do not spoil any.
    cross = x.mT @ y
    u, _, vh = xp.linalg.svd(cross.detach() if compat.is_torch_array(cross) else cross)
    # The residual itself, not ||X||^2 + ||Y||^2 - 2 ||X^T Y||_*, which loses half the digits near zero.
    return as_result(safe_sqrt(_squared_norm(x - y @ (vh.mT @ u.mT))))


def svd_dissimilarity(X: Float[Array, "*batch n p"], Y: Float[Array, "*batch n q"]) -> Float[Array, "*batch"]:
    """d_SVD = 1 - m_SVD: one minus the mean singular value of the cross-correlation matrix of the columns.

    Each column is standardised over inputs; the mean runs over max(p, q) singular values, missing ones zero.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInput
        If an array is not usable.
    DegenerateInput
        If a column is constant to rounding.

    References
    ----------
    arXiv 2506.03784, "When Does Closeness in Distribution Imply Representational Similarity?" (2025),
    Definition 4.5, there applied to L_J f and L'_J f'.
    """
    x, y = _validated(X, Y)
    value = 1 - _mean_cross_singular_value(_standardised("X", x), _standardised("Y", y))
    return value if is_balls(x) else as_result(namespace_of(x).clip(value, 0.0, 1.0))  # the mean can round above 1


def _mean_cross_singular_value(x: Array, y: Array) -> Array:
    xp = namespace_of(x)
    values = xp.linalg.svdvals(x.mT @ y / x.shape[-2])
    return xp.sum(values, axis=-1) / max(x.shape[-1], y.shape[-1])


def _standardised(name: str, array: Array) -> Array:
    xp = namespace_of(array)
    if is_balls(array):
        centred = centre_rows(array)
        return centred / xp.sqrt(xp.mean(square(centred), axis=-2, keepdims=True))
    size = xp.max(xp.abs(array), axis=-2, keepdims=True)
    centred = centre_rows(array / xp.where(size > 0, size, 1.0))
    deviation = xp.sqrt(xp.mean(square(centred), axis=-2, keepdims=True))
    constant = deviation <= 8 * _EPS
    if bool(constant.any()):
        column = int(np.argwhere(np.asarray(constant.cpu() if hasattr(constant, "cpu") else constant))[0][-1])
        raise DegenerateInput(f"{name}: column {column} is constant to rounding, so it cannot be standardised")
    return centred / deviation
