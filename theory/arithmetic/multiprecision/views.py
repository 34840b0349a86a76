"""What a module sees in place of NumPy and `math` while it is lent many digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np

from theory.arithmetic.multiprecision.arrays import DigitArray, holds_digits, lifted, plain, rich
from theory.arithmetic.multiprecision.lending import Views
from theory.arithmetic.multiprecision.numbers import DigitsLost, Float, Floating, context, is_float

_FLOAT64_BYTES = 8  # whatever is shorter has lost digits of float64 already
_FLOATS = frozenset({"float64", "longdouble", "double"})
_CONVERTERS = frozenset({"array", "asarray", "asanyarray", "ascontiguousarray", "asarray_chkfinite"})
_CREATORS = frozenset({"zeros", "ones", "full", "eye", "identity", "empty", "linspace", "arange"})


class NumpyView(ModuleType):
    """A view of NumPy in which arrays of floats keep their digits."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        if name in _FLOATS:
            return Float
        if name == "floating":
            return Floating
        if name in _CONVERTERS:
            return _converter(value)
        if name in _CREATORS:
            return _creator(value)
        if name in ("c_", "r_"):
            return _Joined(name == "c_")
        if name == "finfo":  # of whatever a claim asks: its tolerances are meant for float64
            return lambda _: np.finfo(np.float64)
        return value


def _creator(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that makes float arrays make arrays that can hold many digits."""

    @wraps(function)
    def create(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        if isinstance(made, np.ndarray) and made.dtype.kind == "f" and made.dtype.itemsize < _FLOAT64_BYTES:
            raise DigitsLost(f"an array of {made.dtype}")
        return lifted(made) if isinstance(made, np.ndarray) and made.dtype.kind == "f" else made

    return create


def _converter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a conversion to an array of floats keep the digits."""

    @wraps(function)
    def convert(values: Any, *args: Any, **kwargs: Any) -> Any:
        dtype = args[0] if args else kwargs.get("dtype")
        if isinstance(values, DigitArray) or holds_digits(values):
            if dtype is not None and not is_float(dtype) and dtype is not object:
                return np.asarray(values).astype(dtype)
            return values.copy() if isinstance(values, DigitArray) else lifted(values)
        return function(values, *args, **kwargs)

    return convert


@dataclass(frozen=True)
class _Joined:
    """Stand in for `numpy.c_` and `numpy.r_` of arrays, which would cast what they join.

    Attributes
    ----------
    columns
        Whether vectors are columns and the last axis is the one that grows.
    """

    columns: bool

    def __getitem__(self, items: Any) -> Any:
        parts = [np.atleast_1d(plain(item)) for item in (items if isinstance(items, tuple) else (items,))]
        if any(part.dtype.kind not in "iufO" for part in parts):
            raise DigitsLost("a slice or a directive in c_ or r_")
        if self.columns:
            parts = [part[:, None] if part.ndim == 1 else part for part in parts]
        return rich(np.concatenate([part.astype(object) for part in parts], axis=-1 if self.columns else 0))


class MathView(ModuleType):
    """A view of `math` that accepts numbers of many digits."""

    def __getattr__(self, name: str) -> Any:
        original = getattr(math, name)
        many = _MATH[name]() if name in _MATH else getattr(context(), name, None)
        return original if many is None or not callable(original) else _either(name, original, many)


_MATH: dict[str, Callable[[], Any]] = {
    "fabs": lambda: abs,
    "floor": lambda: lambda x: int(context().floor(x)),
    "ceil": lambda: lambda x: int(context().ceil(x)),
    "log2": lambda: lambda x: context().log(x, 2),
    "log10": lambda: context().log10,
    "pow": lambda: context().power,
    "isfinite": lambda: lambda x: not (context().isnan(x) or context().isinf(x)),
    "fsum": lambda: lambda x: sum(x, context().mpf(0)),
    "dist": lambda: None,  # `math`'s own works on numbers of many digits, or refuses them
    "prod": lambda: None,
}
_CONSTANTS = frozenset({"sqrt", "exp", "log"})


def _either(name: str, original: Callable[..., Any], many: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is `many` of numbers of many digits, and of others what `math` has."""

    @wraps(original)
    def apply(*args: Any) -> Any:
        values = [arg.item() if isinstance(arg, np.ndarray) and arg.ndim == 0 else arg for arg in args]
        if any(holds_digits(value) for value in values):
            return many(*values)
        # A constant such as sqrt(2) is meant exactly, whatever it is rounded to.
        if name in _CONSTANTS and len(values) == 1 and isinstance(values[0], int | float):
            rounded = original(*values)
            return context().mpf(many(values[0])) if math.isfinite(rounded) else rounded
        return original(*args)

    return apply


DIGIT_VIEWS = Views(NumpyView("numpy"), MathView("math"), Float)
"""What a module is lent in many digits."""
