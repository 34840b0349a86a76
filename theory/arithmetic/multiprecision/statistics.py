"""Means, variances, medians and covariances in many digits, with the signatures that NumPy's have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from theory.arithmetic.multiprecision.elementwise import root
from theory.arithmetic.multiprecision.numbers import DigitsLost, as_digits, require_absent, require_float


def mean(x: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """Average over axes.

    Raises
    ------
    DigitsLost
        If `dtype` would drop digits, or `out` is given.
    """
    require_float(dtype)
    require_absent("out", out)
    x = as_digits(x)
    total = np.sum(x, axis=axis, keepdims=keepdims)
    return total / (x.size // max(1, np.size(total)))


def variance(
    x: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """Variance over axes, divided by the number of entries less `ddof`.

    Raises
    ------
    DigitsLost
        If `dtype` would drop digits, or `out` is given.
    """
    require_float(dtype)
    require_absent("out", out)
    x = as_digits(x)
    centred = x - mean(x, axis=axis, keepdims=True)
    total = np.sum(centred * centred, axis=axis, keepdims=keepdims)
    return total / (x.size // max(1, np.size(total)) - ddof)


def standard_deviation(*args: Any, **kwargs: Any) -> Any:
    """Root of the `variance`."""
    return root(variance(*args, **kwargs))


def _median(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    ordered = np.sort(x, axis=axis)
    size = ordered.shape[axis]
    middle = np.take(ordered, [(size - 1) // 2, size // 2], axis=axis)
    return np.sum(middle, axis=axis, keepdims=keepdims) / 2


def _average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return mean(x, axis=axis)
    x, w = as_digits(x), as_digits(weights)
    if axis is not None and w.shape != x.shape:
        raise DigitsLost("weights of one axis")
    return np.sum(x * w, axis=axis) / np.sum(w, axis=axis)


def _covariance(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    x = np.atleast_2d(as_digits(m))
    x = x if rowvar or x.shape[0] == 1 else x.T
    if y is not None:
        other = np.atleast_2d(as_digits(y))
        x = np.concatenate([x, other if rowvar or other.shape[0] == 1 else other.T])
    centred = x - mean(x, axis=1, keepdims=True)
    found = centred @ centred.T / (x.shape[1] - (ddof if ddof is not None else 0 if bias else 1))
    return found if len(found) > 1 else found[0, 0]


def _correlation(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    covariance = np.atleast_2d(_covariance(x, y, rowvar))
    deviations = root(np.diag(covariance))
    return covariance / np.outer(deviations, deviations)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.mean: mean,
        np.var: variance,
        np.std: standard_deviation,
        np.median: _median,
        np.average: _average,
        np.cov: _covariance,
        np.corrcoef: _correlation,
    }
)
"""NumPy's functions, by what computes them in many digits."""
