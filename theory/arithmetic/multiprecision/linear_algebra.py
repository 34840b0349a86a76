"""Linear algebra in many digits: NumPy's functions of matrices, and of stacks of them, by mpmath's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

import numpy as np

from theory.arithmetic.multiprecision.elementwise import log, root, sign
from theory.arithmetic.multiprecision.numbers import EPS, DigitsLost, as_digits, context

_PINV_CUT = 1e-15  # NumPy's default: singular values below this share of the largest count as zero


def _over_stack(function: Callable[..., Any], outputs: int = 1) -> Callable[..., Any]:
    """Lift a function of matrices to stacks of them along leading axes."""

    @wraps(function)
    def run(*arrays: Any, **kwargs: Any) -> Any:
        # Iterations compare with their own tolerances, and would not end if ties were taken for equal.
        ties, context().ties = context().ties, "strict"
        try:
            return stacked(*arrays, **kwargs)
        finally:
            context().ties = ties

    def stacked(*arrays: Any, **kwargs: Any) -> Any:
        plain = [as_digits(array) for array in arrays]
        lead = plain[0].shape[:-2]
        if not lead:
            return function(*plain, **kwargs)
        stacks = [array.reshape(-1, *array.shape[len(lead) :]) for array in plain]
        parts = [function(*items, **kwargs) for items in zip(*stacks, strict=True)]
        if outputs == 1:
            return np.array(parts, dtype=object).reshape(*lead, *np.shape(parts[0]))
        return tuple(
            np.array(column, dtype=object).reshape(*lead, *np.shape(column[0])) for column in zip(*parts, strict=True)
        )

    return run


def _matrix(array: np.ndarray) -> Any:
    return context().matrix(array.tolist())


def _array(matrix: Any) -> np.ndarray:
    values = np.empty((matrix.rows, matrix.cols), dtype=object)
    for i in range(matrix.rows):
        for j in range(matrix.cols):
            values[i, j] = matrix[i, j]
    return values


@_over_stack
def _solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    columns = b if b.ndim == 2 else b[:, None]
    try:
        solved = np.concatenate(
            [_array(context().lu_solve(_matrix(a), _matrix(columns[:, [j]]))) for j in range(columns.shape[1])], axis=1
        )
    except ZeroDivisionError:
        raise np.linalg.LinAlgError("Singular matrix") from None
    return solved if b.ndim == 2 else solved[:, 0]


@_over_stack
def _inverse(a: np.ndarray) -> np.ndarray:
    return np.asarray(_solve(a, _eye(len(a))))


def _eye(size: int) -> np.ndarray:
    return as_digits(np.eye(size))


@_over_stack
def _determinant(a: np.ndarray) -> Any:
    return context().det(_matrix(a))


def _svd_of_one(a: np.ndarray, full_matrices: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, columns = a.shape
    if rows < columns:
        u, s, vt = _svd_of_one(a.T, full_matrices)
        return vt.T, s, u.T
    u, s, vt = context().svd_r(_matrix(a), full_matrices=full_matrices)
    values = _array(s).ravel()
    order = sorted(range(len(values)), key=lambda i: -values[i])
    left = [*order, *range(columns, u.cols)]
    return _array(u)[:, left], values[order], _array(vt)[order]


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if compute_uv:
        return _over_stack(_svd_of_one, outputs=3)(a, full_matrices=full_matrices)
    return _singular_values(a)


@_over_stack
def _singular_values(a: np.ndarray) -> np.ndarray:
    return _svd_of_one(a, False)[1]


def _eigh_of_one(a: np.ndarray, UPLO: str = "L") -> tuple[np.ndarray, np.ndarray]:
    lower = np.tril(a) if UPLO == "L" else np.triu(a).T
    symmetric = lower + np.tril(lower, -1).T
    values, vectors = context().eigsy(_matrix(symmetric))
    flat = _array(values).ravel()
    order = sorted(range(len(flat)), key=lambda i: flat[i])
    return flat[order], _array(vectors)[:, order]


_eigh = _over_stack(_eigh_of_one, outputs=2)


@_over_stack
def _eigvalsh(a: np.ndarray, UPLO: str = "L") -> np.ndarray:
    return _eigh_of_one(a, UPLO)[0]


def _qr_of_one(a: np.ndarray, mode: str = "reduced") -> tuple[np.ndarray, np.ndarray]:
    if mode != "reduced" or a.shape[0] < a.shape[1]:
        raise DigitsLost(mode)
    q, r = context().qr(_matrix(a), mode="skinny")
    return _array(q), _array(r)


@_over_stack
def _pinv(a: np.ndarray, rcond: Any = None, hermitian: bool = False, rtol: Any = None) -> np.ndarray:
    u, s, vt = _svd_of_one(a, False)
    cut = float(_PINV_CUT if rcond is None and rtol is None else rcond if rtol is None else rtol) * s[0]
    inverse = np.array([1 / value if value > cut else 0 * value for value in s], dtype=object)
    return np.asarray((vt.T * inverse) @ u.T)


@_over_stack
def _cholesky(a: np.ndarray) -> np.ndarray:
    return _array(context().cholesky(_matrix(a)))


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = as_digits(a), as_digits(b)
    cut = EPS * max(a.shape) if rcond is None else rcond if rcond >= 0 else EPS
    solved, s = _pinv(a, rcond=cut) @ b, _singular_values(a)
    rank, residual = int(sum(value > cut * s[0] for value in s)), b - a @ solved
    squares = np.sum(residual * residual, axis=0)
    return solved, squares if rank == a.shape[1] < a.shape[0] else squares[:0], rank, s


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = as_digits(x)
    if axis is None and ord in (None, "fro"):
        total = np.sum(x * x)
        return root(np.reshape(total, (1,) * x.ndim) if keepdims else total)
    if axis is None and x.ndim == 2:
        if ord in (2, "nuc", -2):
            s = _singular_values(x)
            return s[0] if ord == 2 else s[-1] if ord == -2 else np.sum(s)
        raise DigitsLost(ord)
    if isinstance(axis, tuple) and ord in (None, "fro"):
        return root(np.sum(x * x, axis=axis, keepdims=keepdims))
    if isinstance(axis, tuple):
        raise DigitsLost(ord)
    size = abs(x)
    if ord in (None, 2):
        return root(np.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if ord in (math.inf, -math.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    raise DigitsLost(ord)


def _matrix_rank(a: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> int:
    s = _singular_values(a)
    cut = tol if tol is not None else s[0] * (max(np.shape(a)) * EPS if rtol is None else rtol)
    return int(sum(1 for value in s if value > cut))


def _cond(a: Any, p: Any = None) -> Any:
    if p not in (None, 2):
        raise DigitsLost(p)
    s = _singular_values(a)
    return s[0] / s[-1] if s[-1] > 0 else context().inf


def _slogdet(a: Any) -> Any:
    value = _determinant(a)
    return sign(value), log(abs(value))


FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.linalg.solve: _solve,
        np.linalg.inv: _inverse,
        np.linalg.det: _determinant,
        np.linalg.slogdet: _slogdet,
        np.linalg.svd: _svd,
        np.linalg.svdvals: _singular_values,
        np.linalg.eigh: _eigh,
        np.linalg.eigvalsh: _eigvalsh,
        np.linalg.qr: _over_stack(_qr_of_one, outputs=2),
        np.linalg.cholesky: _cholesky,
        np.linalg.pinv: _pinv,
        np.linalg.lstsq: _lstsq,
        np.linalg.norm: _norm,
        np.linalg.matrix_rank: _matrix_rank,
        np.linalg.cond: _cond,
    }
)
"""NumPy's functions, by what computes them in many digits. Those of `numpy.linalg` that are not here are refused."""
