"""An array of many digits that takes part in NumPy's dispatch, so that NumPy's functions keep its digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from theory.arithmetic.multiprecision import elementwise, linear_algebra, statistics
from theory.arithmetic.multiprecision.numbers import DigitsLost, as_digits, context, has_nan, is_float, require_float

_FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {**elementwise.FUNCTIONS, **statistics.FUNCTIONS, **linear_algebra.FUNCTIONS}
)


class DigitArray(np.ndarray):
    """An object array of mpmath numbers for which NumPy's functions keep the digits."""

    @property
    def dtype(self) -> Any:
        """What a claim that asks is told: it is written for floats."""
        return np.dtype(np.float64)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None and not all(isinstance(o, DigitArray) for o in out):
            raise DigitsLost("out=")
        require_float(kwargs.pop("dtype", None))
        if kwargs.pop("where", True) is not True:
            raise DigitsLost("where=")
        operands = [plain(x) for x in inputs]
        if ufunc in elementwise.LOGICAL:
            return getattr(ufunc, method)(*[np.asarray(x) != 0 for x in operands], **kwargs)
        if ufunc in elementwise.ORDERING and any(has_nan(x) for x in operands):
            raise DigitsLost("nan in an order")
        special = elementwise.UFUNCS.get(ufunc) if method == "__call__" else None
        result = rich(getattr(ufunc, method)(*operands, **kwargs) if special is None else special(*operands))
        if out is None:
            return result
        out[0].view(np.ndarray)[...] = result
        return out[0]

    def __array_function__(self, function: Any, types_: Any, args: Any, kwargs: Any) -> Any:
        if function in elementwise.ORDERED and any(has_nan(x) for x in args):
            raise DigitsLost("nan in an order")
        known = _FUNCTIONS.get(function)
        if known is None and getattr(function, "__module__", "").startswith("numpy.linalg"):
            raise DigitsLost(function.__name__)
        compute = function if known is None else known
        return rich(compute(*[_plain_deep(x) for x in args], **{k: _plain_deep(v) for k, v in kwargs.items()}))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep the digits where float64 is asked for, and refuse where fewer are."""
        return self.copy() if is_float(dtype) else self.view(np.ndarray).astype(dtype, *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """Average in many digits."""
        return rich(statistics.mean(self, *args, **kwargs))

    def var(self, *args: Any, **kwargs: Any) -> Any:
        """Variance in many digits."""
        return rich(statistics.variance(self, *args, **kwargs))

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """Standard deviation in many digits."""
        return rich(statistics.standard_deviation(self, *args, **kwargs))

    def tobytes(self, *_: Any, **__: Any) -> bytes:
        """Refuse: the bytes of a number of many digits are not those of a float."""
        raise DigitsLost("tobytes")

    def any(self, *args: Any, **kwargs: Any) -> Any:
        """Whether some entry is not zero."""
        return (self.view(np.ndarray) != 0).any(*args, **kwargs)

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """Whether no entry is zero."""
        return (self.view(np.ndarray) != 0).all(*args, **kwargs)

    def item(self, *args: Any) -> Any:
        """Return one number, in many digits."""
        return self.view(np.ndarray).item(*args)

    def tolist(self) -> Any:
        """Return nested lists of numbers in many digits."""
        return self.view(np.ndarray).tolist()

    def __float__(self) -> float:
        raise DigitsLost("a cast to a float64")


def lifted(values: Any) -> Any:
    """Return a `DigitArray` from anything numeric; floats are taken as exact."""
    return as_digits(values).view(DigitArray)


def plain(x: Any) -> Any:
    """Return an ordinary object array, or a number of many digits, that NumPy's own loops may work on.

    What is neither an array nor a number of floats passes through.
    """
    if isinstance(x, DigitArray):
        return x.view(np.ndarray)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return as_digits(x)
    if isinstance(x, float | np.floating):
        return context().mpf(float(x))
    return x


def rich(x: Any) -> Any:
    """Return a `DigitArray` for an object array, lifted where its entries are numbers; what is no array as it is."""
    if isinstance(x, np.ndarray) and x.dtype == object:
        return lifted(x) if x.size and not _all_digits(x) and _numeric(x) else x.view(DigitArray)
    if isinstance(x, tuple):
        return tuple(rich(item) for item in x)
    return x


def holds_digits(x: Any) -> bool:
    """Whether something, or an entry of a nested list, has many digits."""
    if isinstance(x, list | tuple):
        return any(holds_digits(item) for item in x)
    return isinstance(x, DigitArray | context().mpf)


def _plain_deep(x: Any) -> Any:
    if isinstance(x, list | tuple) and any(holds_digits(item) for item in x):
        return type(x)(_plain_deep(item) for item in x)
    return plain(x)


def _all_digits(x: np.ndarray) -> bool:
    mpf = context().mpf
    return all(isinstance(value, mpf) for value in x.flat)


def _numeric(x: np.ndarray) -> bool:
    mpf = context().mpf
    return all(isinstance(value, mpf | int | float) and not isinstance(value, bool) for value in x.flat)
