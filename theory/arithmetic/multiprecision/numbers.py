"""Numbers of many digits: one mpmath context, comparisons in which near ties may count as ties, and conversion."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

import mpmath
import numpy as np

Ties = Literal["strict", "equal"]
"""What comparisons make of numbers that agree to nine tenths of the digits: look at the last, or call them equal."""

EPS = float(np.finfo(np.float64).eps)
"""Spacing of float64 at one: the tolerance that NumPy's own defaults (of ranks, of least squares) are made of."""

_OWN_NAMES = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_INVERSES = ("sin", "cos", "tan", "sinh", "cosh", "tanh")

ELEMENTARY: Mapping[str, str] = MappingProxyType(
    {name: name for name in _OWN_NAMES}
    | {f"a{name}": f"a{name}" for name in _INVERSES}
    | {f"arc{name}": f"a{name}" for name in _INVERSES}
)
"""Elementary functions: what NumPy or `math` call them, and what mpmath and flint do."""


class DigitsLost(BaseException):
    """A number of many digits was about to become a float64, or met a function or an option that is not known here.

    No `Exception`, so that a claim's own ``except Exception`` cannot hide it and go on with something else.
    """


@lru_cache(maxsize=1)
def context() -> Any:
    """Return an mpmath context of our own, whose numbers have the methods that NumPy looks for.

    Notes
    -----
    NumPy calls them on the entries of an object array. The context is apart from mpmath's own, whose precision others
    may rely on.
    """
    made = mpmath.MPContext()
    for numpy_name, name in (*ELEMENTARY.items(), ("floor", "floor"), ("ceil", "ceil"), ("rint", "nint"),
                             ("cbrt", "cbrt")):  # fmt: skip
        setattr(made.mpf, numpy_name, _method(getattr(made, name)))
    answers = {"__lt__": False, "__gt__": False, "__ne__": False, "__le__": True, "__ge__": True, "__eq__": True}
    for name, in_a_tie in answers.items():
        setattr(made.mpf, name, _compared(made, getattr(made.mpf, name), in_a_tie))
    made.mpf.log2 = lambda x: made.log(x, 2)
    made.mpf.log10 = lambda x: made.log(x, 10)
    made.mpf.exp2 = lambda x: made.power(2, x)
    made.mpf.square = lambda x: x * x
    made.mpf.conjugate = lambda x: x
    made.mpf.item = lambda x: x
    made.mpf.__float__ = _refuse
    made.ties = "strict"
    return made


def use(count: int, ties: Ties) -> None:
    """Compute in `count` decimal digits from now on, and take near ties for what `ties` says.

    Notes
    -----
    Not undone when a call is over: what is then done with its results is done in the same digits.
    """
    here = context()
    here.dps = count
    here.ties, here.tolerance = ties, here.mpf(10) ** -(9 * count // 10)


def _method(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(x)


def _compared(made: Any, exactly: Callable[[Any, Any], Any], in_a_tie: bool) -> Callable[[Any, Any], Any]:
    base: Any = made.mpf.__mro__[1]
    exactly_less = base.__lt__

    def compare(x: Any, y: Any) -> Any:
        strict = exactly(x, y)
        if made.ties == "strict" or strict is NotImplemented:
            return strict
        close = exactly_less(abs(x - y), made.tolerance * (1 + abs(x)))
        return in_a_tie if close else strict

    return compare


def _refuse(_: Any) -> float:
    raise DigitsLost("a cast to a float64")


# --------------------------------------------------------------------------- conversion


def number(value: Any) -> Any:
    """Return a number, or a zero-dimensional array of one, in many digits; None where it is none."""
    found = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(found, np.floating | np.integer):
        found = found.item()
    here = context()
    return here.mpf(found) if isinstance(found, here.mpf | int | float) else None


def as_digits(values: Any) -> np.ndarray:
    """Return an object array of many digits from anything numeric; floats are taken as exact."""
    mpf = context().mpf
    plain = np.asarray(values, dtype=object)
    lifted = np.empty(plain.shape, dtype=object)
    for index, value in enumerate(plain.flat):
        exact = value.item() if isinstance(value, np.generic) else value
        lifted.flat[index] = exact if isinstance(exact, mpf) else mpf(exact)
    return lifted


def has_nan(x: Any) -> bool:
    """Whether a number, an array or a nested list of either holds a nan."""
    if isinstance(x, list | tuple):
        return any(has_nan(item) for item in x)
    if isinstance(x, np.ndarray):
        return any(value != value for value in x.flat)
    return bool(x != x)


# --------------------------------------------------------------------------- what stands in for the types of floats


class _FloatType(type):
    """The type of the stand-in for `float`, which numbers of many digits are instances of as well."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, builtins.float | context().mpf)

    def __call__(cls, value: Any = 0.0) -> Any:
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.item() if value.ndim == 0 else value.reshape(-1)[0]
        return value if isinstance(value, context().mpf) else builtins.float(value)


class Float(metaclass=_FloatType):
    """Stand in for `float`: keep the digits of a number that has them."""

    dtype = np.dtype(np.float64)  # what NumPy takes it for


class _FloatingType(type):
    """The type of the stand-in for `numpy.floating`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, np.floating | context().mpf)


class Floating(metaclass=_FloatingType):
    """Stand in for `numpy.floating`, to which the entries of an array of floats belong."""

    dtype = np.dtype(np.float64)


def is_float(dtype: Any) -> bool:
    """Whether a dtype is one of float64 or wider, by any of its names."""
    return dtype in (float, Float, np.float64, "float64", "float", "f8", np.longdouble, np.double)


def require_float(dtype: Any) -> None:
    """Refuse a dtype that would drop digits.

    Raises
    ------
    DigitsLost
        If it is neither None, nor `object`, nor a float of at least 64 bits.
    """
    if dtype is not None and dtype is not object and not is_float(dtype):
        raise DigitsLost(f"dtype={dtype}")


def require_absent(name: str, value: Any) -> None:
    """Refuse an option of NumPy's that is not implemented in many digits.

    Raises
    ------
    DigitsLost
        If it is given, that is, not None.
    """
    if value is not None:
        raise DigitsLost(f"{name}=")
