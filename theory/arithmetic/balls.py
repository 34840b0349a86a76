"""Ball arithmetic behind the array-API names that the formulas of this package use.

An array here is a NumPy object array of ``flint.arb``: every number is a midpoint and a radius, and every
operation encloses the exact result. A formula evaluated on exact inputs therefore yields an interval that is
proved to contain the true value, and an inequality between disjoint intervals is a proof.

Notes
-----
Where a result cannot be enclosed (a singular matrix, a division by a ball around zero) it is nan, the ball
that contains everything, so that comparisons with it decide nothing. Eigenvalues of symmetric matrices, and through
them singular values, are enclosed by perturbation bounds (Weyl, Ostrowski) around an approximate
eigendecomposition, which holds for multiple eigenvalues too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeAlias

import mpmath
import numpy as np
from flint import arb, arb_mat, ctx

Balls: TypeAlias = Any
Axis: TypeAlias = int | tuple[int, ...] | None

_ZERO, _ONE = arb(0), arb(1)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work with `bits` bits of midpoint inside the context."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def asarray(values: Any, **_: Any) -> Balls:
    """Return exact balls (radius zero) for floats; balls pass through."""
    if isinstance(values, arb):
        return _wrap(values)
    source = np.asarray(values)
    if source.dtype == object:
        return source
    out = np.empty(source.shape, dtype=object)
    for index in np.ndindex(source.shape):
        out[index] = arb(float(source[index]))
    return out


def all_balls(array: np.ndarray) -> bool:
    """Whether every entry is a ball."""
    return all(isinstance(x, arb) for x in array.flat)


def _wrap(value: Any) -> Balls:
    """Keep zero-dimensional results as arrays: NumPy unwraps objects."""
    if isinstance(value, np.ndarray):
        return value
    out = np.empty((), dtype=object)
    out[()] = value
    return out


def _elementwise(function: Callable[..., Any], what: str) -> Callable[..., Balls]:
    """Lift a function of one ball to arrays."""
    lifted = np.frompyfunc(function, 1, 1)

    def over_array(x: Balls) -> Balls:
        return _wrap(lifted(asarray(x)))

    over_array.__doc__ = f"Enclose {what}, entry by entry."
    return over_array


exp = _elementwise(lambda x: x.exp(), "e^x")
expm1 = _elementwise(lambda x: x.expm1(), "e^x - 1")
log = _elementwise(lambda x: x.log(), "log x")
log1p = _elementwise(lambda x: x.log1p(), "log(1 + x)")
tanh = _elementwise(lambda x: x.tanh(), "tanh x")
abs = _elementwise(lambda x: x if x >= 0 else (-x if x <= 0 else _hull(_ZERO, x.abs_upper())), "|x|")
# The square root of a non-negative quantity whose ball straddles zero: cut the ball, not the root.
sqrt = _elementwise(lambda x: x if x.is_nan() else x.nonnegative_part().sqrt(), "the root of a non-negative x")


def root(x: Balls, degree: float) -> Balls:
    """Enclose the root of the given degree of a non-negative quantity."""
    exponent = 1 / arb(degree)

    def of(value: arb) -> arb:
        if value > 0 or value.is_nan():
            return value**exponent
        upper = value.nonnegative_part().upper()
        return _hull(_ZERO, upper**exponent) if upper > 0 else _ZERO

    return _elementwise(of, "the root of x")(x)


def _hull(x: arb, y: arb) -> arb:
    return x.union(y)


def _binary(function: Callable[[arb, arb], arb], what: str) -> Callable[..., Balls]:
    """Lift a function of two balls to arrays."""
    lifted = np.frompyfunc(function, 2, 1)

    def over_arrays(x: Balls, y: Balls) -> Balls:
        return _wrap(lifted(asarray(x), asarray(y)))

    over_arrays.__doc__ = f"Enclose {what}, entry by entry."
    return over_arrays


maximum = _binary(lambda x, y: x.max(y), "the larger of two")
minimum = _binary(lambda x, y: x.min(y), "the smaller of two")


def _reduced(function: Callable[[list[arb]], arb], what: str) -> Callable[..., Balls]:
    """Lift a function of a list of balls to axes of an array."""

    def reduce(x: Balls, axis: Axis = None, keepdims: bool = False) -> Balls:
        x = asarray(x)
        axes = (
            tuple(range(x.ndim))
            if axis is None
            else tuple(a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis))
        )
        rest = [a for a in range(x.ndim) if a not in axes]
        moved = np.transpose(x, (*rest, *axes)).reshape(*(x.shape[a] for a in rest), -1)
        out = np.empty(moved.shape[:-1], dtype=object)
        for index in np.ndindex(out.shape):
            out[index] = function(list(moved[index]))
        return np.expand_dims(out, axes) if keepdims else out

    reduce.__doc__ = f"Enclose {what} over the given axes."
    return reduce


def _largest(values: list[arb]) -> arb:
    best = values[0]
    for value in values[1:]:
        best = best.max(value)
    return best


def _smallest(values: list[arb]) -> arb:
    best = values[0]
    for value in values[1:]:
        best = best.min(value)
    return best


def _total(values: list[arb]) -> arb:
    total = _ZERO
    for value in values:
        total = total + value
    return total


sum = _reduced(_total, "the sum")
mean = _reduced(lambda values: _total(values) / len(values), "the mean")
max = _reduced(_largest, "the largest")
min = _reduced(_smallest, "the smallest")


def where_decided(condition: Any, x: Any, y: Any) -> Balls:
    """Choose by a condition that is no comparison of balls, such as `isnan`, and so is certain."""
    return np.where(np.asarray(condition, dtype=bool), asarray(x), asarray(y))


class Undecidable(Exception):
    """A formula chooses by comparing balls, which may overlap: no enclosure follows."""


def where(condition: Any, x: Any, y: Any) -> Balls:
    """Refuse to choose: a comparison of balls is false both for "no" and for "cannot tell".

    Raises
    ------
    Undecidable
        Always. `maximum`, `minimum`, `clip`, `abs` and `indicator` enclose both answers instead.
    """
    raise Undecidable("where() on balls: use maximum, minimum, clip, abs or indicator, which enclose both answers")


def indicator(x: Balls) -> Balls:
    """1 where x > 0, 0 where x <= 0, and the interval [0, 1] where the ball cannot tell."""
    return _elementwise(lambda v: _ONE if v > 0 else (_ZERO if v <= 0 else _hull(_ZERO, _ONE)), "whether x > 0")(x)


def clip(x: Balls, low: float, high: float) -> Balls:
    """Restrict to [low, high]."""
    return minimum(maximum(x, low), high)


def isnan(x: Balls) -> Any:
    """Whether a ball encloses nothing definite."""
    return np.asarray(np.frompyfunc(lambda v: v.is_nan(), 1, 1)(asarray(x)), dtype=bool)


def isfinite(x: Balls) -> Any:
    """Whether a ball is bounded."""
    return np.asarray(np.frompyfunc(lambda v: v.is_finite(), 1, 1)(asarray(x)), dtype=bool)


def sort(x: Balls, axis: int = -1, descending: bool = False) -> Balls:
    """Enclose the order statistics: the i-th smallest value lies between the i-th lower and upper ends."""
    moved = np.moveaxis(asarray(x), axis, -1)
    out = np.empty(moved.shape, dtype=object)
    for index in np.ndindex(moved.shape[:-1]):
        out[index] = _enclosed_order(list(moved[index]), descending)
    return np.moveaxis(out, -1, axis)


def _enclosed_order(values: list[arb], descending: bool) -> list[arb]:
    if any(value.is_nan() for value in values):
        return [arb.nan()] * len(values)
    lower = sorted((value.lower() for value in values), key=_Exact)
    upper = sorted((value.upper() for value in values), key=_Exact)
    ordered = [_hull(a, b) for a, b in zip(lower, upper, strict=True)]
    return ordered[::-1] if descending else ordered


class _Exact:
    """A total order on exact balls, for `sorted`."""

    def __init__(self, value: arb) -> None:
        self.value = value

    def __lt__(self, other: _Exact) -> bool:
        return bool(self.value < other.value)


def eye(m: int, **_: Any) -> Balls:
    """Identity matrix."""
    return asarray(np.eye(m))


def zeros_like(x: Balls, **_: Any) -> Balls:
    """Zeros of the same shape."""
    return asarray(np.zeros(np.shape(x)))


def ones_like(x: Balls, **_: Any) -> Balls:
    """Ones of the same shape."""
    return asarray(np.ones(np.shape(x)))


def full_like(x: Balls, value: float, **_: Any) -> Balls:
    """A constant of the same shape."""
    return asarray(np.full(np.shape(x), value))


def full(shape: tuple[int, ...], value: float, **_: Any) -> Balls:
    """A constant."""
    return asarray(np.full(shape, value))


concat = np.concatenate
stack = np.stack
flip = np.flip
broadcast_to = np.broadcast_to


# --------------------------------------------------------------------------- linear algebra


def _over_matrices(function: Callable[..., Balls], *arrays: Balls) -> Balls:
    """Apply a function of matrices over the leading axes."""
    batch = np.broadcast_shapes(*(array.shape[:-2] for array in arrays))
    spread = [np.broadcast_to(array, (*batch, *array.shape[-2:])) for array in arrays]
    results = [function(*(array[index] for array in spread)) for index in np.ndindex(batch)]
    out = np.empty((*batch, *results[0].shape), dtype=object)
    for index, result in zip(np.ndindex(batch), results, strict=True):
        out[index] = result
    return out


def _to_flint(matrix: Balls) -> arb_mat:
    return arb_mat([list(row) for row in matrix])


def _from_flint(matrix: arb_mat) -> Balls:
    out = np.empty((matrix.nrows(), matrix.ncols()), dtype=object)
    for i, row in enumerate(matrix.tolist()):
        for j, value in enumerate(row):
            out[i, j] = value
    return out


def _nans(shape: Sequence[int]) -> Balls:
    out = np.empty(tuple(shape), dtype=object)
    out.fill(arb.nan())
    return out


def _solve(left: Balls, right: Balls) -> Balls:
    try:
        return _from_flint(_to_flint(left).solve(_to_flint(right)))
    except ZeroDivisionError:
        return _nans(right.shape)


def vector_norm(x: Balls, axis: Axis = None, keepdims: bool = False) -> Balls:
    """Euclidean norm over the given axes."""
    return sqrt(sum(x * x, axis=axis, keepdims=keepdims))


def _symmetric_eigenvalues(matrix: Balls) -> Balls:
    """Enclose the eigenvalues of a symmetric matrix, descending."""
    size = len(matrix)
    if not isfinite(matrix).all():
        return _nans((size,))
    if size == 1:
        return matrix[0].copy()
    with mpmath.workprec(ctx.prec):
        middle = mpmath.matrix([[_to_mpf(matrix[i, j] + matrix[j, i]) / 2 for j in range(size)] for i in range(size)])
        values, vectors = mpmath.eigsy(middle)
        # Exact balls at the approximations: V need not be orthogonal, nor D right, for what follows.
        v = np.array([[_to_arb(vectors[i, j]) for j in range(size)] for i in range(size)], dtype=object)
        d = np.array([_to_arb(values[j]) for j in range(size)], dtype=object)
    residual = vector_norm(matrix - (v * d) @ v.T)[()]  # Weyl: moves each eigenvalue by at most its norm
    defect = vector_norm(v.T @ v - eye(size))[()]  # Ostrowski: scales each by a factor within 1 +- defect
    spread = _hull(-residual.upper(), residual.upper())
    factor = 1 + _hull(-defect.upper(), defect.upper())
    order = _enclosed_order(list(d), descending=True)
    return np.array([value * factor + spread for value in order], dtype=object)


def _to_mpf(value: arb) -> Any:
    mantissa, exponent = value.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def _to_arb(value: Any) -> arb:
    sign, mantissa, exponent, _ = value._mpf_
    return arb(-int(mantissa) if sign else int(mantissa)) * arb(2) ** int(exponent)


def _gram(matrix: Balls) -> Balls:
    return matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T


def _singular_values(matrix: Balls) -> Balls:
    return sqrt(_symmetric_eigenvalues(_gram(matrix)))


def _pseudo_inverse(matrix: Balls) -> Balls:
    if matrix.shape[0] >= matrix.shape[1]:
        return _solve(matrix.T @ matrix, matrix.T)
    return _pseudo_inverse(matrix.T).T


def _determinant(matrix: Balls) -> Balls:
    return _wrap(_to_flint(matrix).det())


def canonical_correlations(x: Balls, y: Balls) -> Balls:
    """Enclose the cosines between full-rank column spaces, descending, padded with zeros to the wider."""
    if x.shape[-1] < y.shape[-1]:
        x, y = y, x
    return _over_matrices(_correlations, x, y)


def _correlations(x: Balls, y: Balls) -> Balls:
    width, count = x.shape[1], y.shape[1]
    if x.shape[0] < width:
        return _nans((width,))
    # cos^2 are the eigenvalues of Wy^T (X^T Y)^T (X^T X)^-1 (X^T Y) Wy with Wy Wy^T = (Y^T Y)^-1.
    cross = x.T @ y
    middle = cross.T @ _solve(x.T @ x, cross)
    factor = _cholesky(y.T @ y)
    whitened = _solve(factor, middle)
    squared = _symmetric_eigenvalues(_symmetrised(_solve(factor, whitened.T)))
    return np.concatenate([sqrt(clip(squared, 0.0, 1.0)), asarray(np.zeros(width - count))])


def _symmetrised(matrix: Balls) -> Balls:
    return (matrix + matrix.T) / 2


def _cholesky(matrix: Balls) -> Balls:
    size = len(matrix)
    lower = asarray(np.zeros((size, size)))
    for j in range(size):
        pivot = matrix[j, j] - _total([lower[j, i] * lower[j, i] for i in range(j)])
        lower[j, j] = pivot.sqrt() if pivot > 0 else arb.nan()
        for i in range(j + 1, size):
            lower[i, j] = (matrix[i, j] - _total([lower[i, h] * lower[j, h] for h in range(j)])) / lower[j, j]
    return lower


linalg = SimpleNamespace(
    solve=lambda left, right: _over_matrices(_solve, left, right),
    svdvals=lambda x: _over_matrices(_singular_values, x),
    eigvalsh=lambda x: np.flip(_over_matrices(_symmetric_eigenvalues, x), axis=-1),
    pinv=lambda x: _over_matrices(_pseudo_inverse, x),
    det=lambda x: _over_matrices(_determinant, x),
    vector_norm=vector_norm,
    diagonal=lambda x: np.diagonal(x, axis1=-2, axis2=-1),
)


def to_float(value: Balls) -> tuple[float, float]:
    """Return float64 numbers that enclose the ball from below and from above."""
    item: Any = value[()] if isinstance(value, np.ndarray) else value
    if item.is_nan() or not item.is_finite():
        return -math.inf, math.inf
    lower, upper = float(item.lower()), float(item.upper())
    return math.nextafter(lower, -math.inf), math.nextafter(upper, math.inf)
