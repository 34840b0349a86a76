"""NumPy's functions of single entries, and those that choose between entries, in many digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from theory.arithmetic.multiprecision.numbers import ELEMENTARY, DigitsLost, as_digits, context, require_float


def mapped(function: Callable[[Any], Any], dtype: Any = object) -> Callable[[Any], Any]:
    """Lift a function of one number to arrays, whose entries become numbers of many digits first."""

    def over_array(x: Any) -> Any:
        lifted = as_digits(x)
        values = np.empty(lifted.shape, dtype=dtype)
        for index, value in enumerate(lifted.flat):
            values.flat[index] = function(value)
        return values if values.shape else values[()]

    return over_array


def _named(name: str) -> Callable[[Any], Any]:
    """Lift a function of mpmath's."""
    return mapped(lambda x: getattr(context(), name)(x))


def log(x: Any) -> Any:
    """Return log x, entry by entry; as NumPy does, minus infinity at zero and nan below."""
    here = context()
    return mapped(lambda value: here.ninf if value == 0 else here.log(value) if value > 0 else here.nan)(x)


def root(x: Any) -> Any:
    """Return the square root of x, entry by entry; as NumPy does, nan below zero."""
    here = context()
    return mapped(lambda value: here.sqrt(value) if value >= 0 else here.nan)(x)


def sign(x: Any) -> Any:
    """Return -1, 0 or 1, entry by entry."""
    here = context()
    return mapped(lambda value: here.mpf(1 if value > 0 else -1 if value < 0 else 0))(x)


_exp = _named("exp")

UFUNCS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {getattr(np, name): _named(many) for name, many in ELEMENTARY.items()}
    | {
        np.log: log,
        np.sqrt: root,
        np.sign: sign,
        np.isnan: mapped(lambda x: context().isnan(x), bool),
        np.isfinite: mapped(lambda x: not (context().isnan(x) or context().isinf(x)), bool),
        np.isinf: mapped(lambda x: context().isinf(x), bool),
        np.hypot: lambda x, y: root(x * x + y * y),
        np.logaddexp: lambda x, y: log(_exp(x) + _exp(y)),
    }
)
"""Ufuncs for which NumPy's own loops over objects find no method, or one that answers otherwise than for floats."""

LOGICAL = frozenset({np.logical_and, np.logical_or, np.logical_not, np.logical_xor})
"""Ufuncs that of objects would return one of them, not whether they are zero."""

ORDERING = frozenset({np.maximum, np.minimum, np.fmax, np.fmin, np.sign})
"""Ufuncs that decide by an order, in which objects and floats disagree on where a nan stands."""

ORDERED = frozenset(
    {np.sort, np.argsort, np.argmax, np.argmin, np.max, np.min, np.clip, np.median, np.partition, np.searchsorted}
)
"""The same of functions that are no ufuncs."""


def _where(condition: Any, *choices: Any) -> Any:
    condition = np.asarray(condition, dtype=bool)
    if not choices:
        return np.where(condition)
    x, y = (as_digits(choice) for choice in choices)
    return np.where(condition, x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    x = as_digits(x)
    x = x if low is None else np.maximum(x, as_digits(low))
    return x if high is None else np.minimum(x, as_digits(high))


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Compare as `numpy.isclose` does, whose default tolerances these are."""
    a, b = as_digits(a), as_digits(b)
    if equal_nan or any(context().isinf(x) for x in (*a.flat, *b.flat)):
        raise DigitsLost("isclose of what is not finite")
    return abs(a - b) <= atol + rtol * abs(b)


def _created_like(function: Callable[..., Any]) -> Callable[..., Any]:
    def create(x: Any, *value: Any, dtype: Any = None) -> Any:
        require_float(dtype)
        return as_digits(function(np.shape(x), *value))

    return create


FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.where: _where,
        np.clip: _clip,
        np.isclose: _isclose,
        np.allclose: lambda a, b, **k: bool(np.all(_isclose(a, b, **k))),
        np.any: lambda x, *a, **k: np.any(np.asarray(x) != 0, *a, **k),
        np.all: lambda x, *a, **k: np.all(np.asarray(x) != 0, *a, **k),
        np.nan_to_num: mapped(lambda x: context().mpf(0) if context().isnan(x) else x),
        np.zeros_like: _created_like(np.zeros),
        np.ones_like: _created_like(np.ones),
        np.full_like: _created_like(np.full),
    }
)
"""NumPy's functions that are no ufuncs, by what computes them in many digits."""
