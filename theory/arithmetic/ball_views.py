"""Running a user's own NumPy code on balls: views of NumPy, `math` and `float` that keep the digits of a ball.

A claim that is made of this package's functions can be evaluated in balls (`theory.arithmetic.balls`) as it is, up to
what its own lines do with the results: ``math.sqrt`` and ``float`` would drop the radius. For the time of the call its
modules see views that apply a ball's own method, or refuse.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import flint
import numpy as np

from theory.arithmetic.multiprecision.lending import Views, lent
from theory.arithmetic.multiprecision.numbers import ELEMENTARY, DigitsLost

_METHODS = {**ELEMENTARY, "fabs": "__abs__", "pow": "__pow__"}
_BINARY = frozenset({"__pow__"})
_FLOATS = frozenset({"float64", "longdouble", "double"})
_CONVERTERS = frozenset({"array", "asarray", "asanyarray", "ascontiguousarray"})
_CREATORS = frozenset({"zeros", "ones", "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like"})


def with_balls(function: Callable[[Any], Any], pair: Any) -> Any:
    """Return what a claim's function answers to a pair of balls, whose digits nothing in its own modules may drop.

    Raises
    ------
    DigitsLost
        If a ball meets a function or an option that no enclosure is known for.
    Exception
        Whatever the function raises.
    """
    with lent(function, BALL_VIEWS):
        return function(pair)


class BallNumpy(ModuleType):
    """A view of NumPy that neither drops the digits of a ball nor misses its functions."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        if name in _FLOATS:
            return _kept
        if name in _METHODS:
            return _of_balls(value, _METHODS[name])
        if name in _CONVERTERS:
            return _kept_in_arrays(value)
        if name in _CREATORS:
            return lambda *args, **kwargs: _kept_in_creations(value(*args, **kwargs))
        return value


class BallMath(ModuleType):
    """A view of `math` that applies to balls, and refuses where it cannot."""

    def __getattr__(self, name: str) -> Any:
        original = getattr(math, name)
        return _of_balls(original, _METHODS.get(name)) if callable(original) else original


def _is_ball(x: Any) -> bool:
    return isinstance(x, flint.arb) or (isinstance(x, np.ndarray) and x.dtype == object)


def _of_balls(original: Callable[..., Any], method: str | None) -> Callable[..., Any]:
    """Let a function apply to balls by their own method, and refuse them where they have none."""

    @wraps(original)
    def apply(*args: Any, **kwargs: Any) -> Any:
        if not any(_is_ball(arg) for arg in args):
            return original(*args, **kwargs)
        if method is None or kwargs or len(args) != (2 if method in _BINARY else 1):
            raise DigitsLost(f"{original.__name__} of a ball")
        first, rest = args[0], args[1:]
        if not isinstance(first, np.ndarray):
            return getattr(flint.arb(first), method)(*rest)
        values = np.empty(first.shape, dtype=object)
        for index, value in enumerate(first.flat):
            values.flat[index] = getattr(flint.arb(value), method)(*rest)
        return values[()] if not values.shape else values

    return apply


def _kept(value: Any = 0.0) -> Any:
    """Stand in for `float`: hand a ball back as it is."""
    if isinstance(value, np.ndarray) and value.dtype == object and value.size == 1:
        value = value.reshape(-1)[0]
    return value if isinstance(value, flint.arb) else builtins.float(value)


def _kept_in_creations(made: Any) -> Any:
    return made.astype(object) if made.dtype.kind == "f" else made


def _kept_in_arrays(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def convert(values: Any, *args: Any, **kwargs: Any) -> Any:
        entries = np.asarray(values, dtype=object)
        if any(isinstance(value, flint.arb) for value in entries.flat):
            dtype = args[0] if args else kwargs.get("dtype")
            if dtype not in (None, float, _kept, np.float64, object):
                raise DigitsLost(f"dtype={dtype}")
            return entries.copy()
        if args and args[0] is _kept:
            args = (float, *args[1:])
        if kwargs.get("dtype") is _kept:
            kwargs["dtype"] = float
        return original(values, *args, **kwargs)

    return convert


BALL_VIEWS = Views(BallNumpy("numpy"), BallMath("math"), _kept)
"""What a module is lent in balls."""
