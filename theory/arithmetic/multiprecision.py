"""Running a claim's own NumPy code in many digits, to tell its mathematics from its rounding.

A claim is an opaque Python function: near one-hot limits or for nearly equal models its float64 answer may be wrong
without any sign of it, as when log p is exactly 0 while KL is 1e-20. Here the same code is run on arrays of mpmath
numbers, with the plain restatements of `theory.arithmetic.plain_theory` in place of this package's functions. The
arrays are a subclass of `numpy.ndarray` that takes part in NumPy's dispatch, so that functions such as
``numpy.linalg.svd`` find an implementation in many digits; and for the time of the call the modules the claim lives in
see a `numpy`, a `math` and a `float` that keep the digits where the originals would drop them. Where a digit would
still be dropped (a cast of many digits to a float64), or an option is not known here, the attempt is given up: there is
no answer rather than a wrong one.
"""

from __future__ import annotations

import builtins
import contextlib
import math
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Literal

import flint
import mpmath
import numpy as np

from theory.arithmetic import plain_theory
from theory.claims import Claim
from theory.errors import NotApplicable
from theory.models import Model, Pair

DIGITS = 60
"""Decimal digits in which claims are re-checked, and which are kept beyond those that a pair may cost."""

MOST = 3000
"""Digits beyond which a pair is too far out to be re-checked."""

Ties = Literal["strict", "equal"]

_PACKAGE = Path(__file__).resolve().parent.parent


def needed(pair: Pair) -> int:
    """Return how many digits see everything that a claim may make of a pair.

    Parameters
    ----------
    pair
        Unbatched, of NumPy arrays.

    Notes
    -----
    With logits 230 apart a probability is 1 - 1e-100, which 60 digits take for 1, without any sign of it: the sides
    of a claim may then agree in 60 and 90 digits and be wrong by a factor of two. Squares of probabilities and
    quotients of entries up to the fourth power are allowed for.
    """
    reach, logarithms = 0.0, [0.0]
    for model in (pair.a, pair.b):
        logits = model.embeddings @ (model.unembeddings - model.unembeddings.mean(axis=0)).T
        reach = max(reach, float(np.ptp(logits, axis=1).max()))
        for array in (model.embeddings, model.unembeddings):
            logarithms += [math.log10(size) for size in np.abs(array[array != 0]).tolist()]
    spread, farthest = max(logarithms) - min(logarithms), max(map(abs, logarithms))
    return DIGITS + int(min(2 * reach / math.log(10) + 4 * spread + 4 * farthest, 1e6))


class DigitsLost(BaseException):
    """A number of many digits was about to become a float64, or met a function or an option that is not known here.

    No `Exception`, so that a claim's own ``except Exception`` cannot hide it and go on with something else.
    """


def sides(claim: Claim, pair: Pair, count: int = DIGITS, ties: Ties = "strict") -> tuple[Any, Any] | None:
    """Return both sides of a claim on a pair in many digits, or None where its code cannot be run in them.

    Parameters
    ----------
    claim
        Any claim.
    pair
        Unbatched, of NumPy arrays, whose floats are taken as exact.
    count
        Decimal digits.
    ties
        What comparisons make of numbers that agree to nine tenths of the digits: "strict" looks at the last digit,
        "equal" takes them for equal. A count that depends on it is a count of rounding.

    Notes
    -----
    Both sides are mpmath numbers, both nan where the claim declines. Nothing is rigorous here: it is the claim's own
    algorithm with rounding forty orders of magnitude smaller.
    """

    def answered() -> Any:
        models = [
            plain_theory.Model(_lifted(model.embeddings), _lifted(model.unembeddings)) for model in (pair.a, pair.b)
        ]
        return claim(plain_theory.Pair(*models))  # type: ignore[arg-type]

    context = _context()
    try:
        answer = _run(claim.function, answered, count, ties)
    except (NotApplicable, plain_theory.NotApplicable):
        return context.nan, context.nan
    except (Exception, DigitsLost):  # whatever NumPy or the claim raises when handed numbers it was not written for
        return None
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return None
    found = [_number(side) for side in answer]
    if None in found:
        return None
    if any(context.isnan(side) for side in found):
        return context.nan, context.nan
    return found[0], found[1]


def values(
    function: Callable[..., Any],
    compute: Callable[[Mapping[str, Any]], Sequence[Any]],
    inputs: Mapping[str, np.ndarray | Model],
    count: int = DIGITS,
    ties: Ties = "strict",
) -> list[Any] | None:
    """Return numbers computed from arrays and models with a user's function, in many digits; None where they are lost.

    Parameters
    ----------
    function
        The user's: the modules it lives in are lent arithmetic in many digits.
    compute
        Called with the inputs in many digits; it calls the function and returns finite numbers.
    inputs
        Unbatched models and arrays of NumPy, whose floats are taken as exact.
    count, ties
        As for `sides`.
    """

    def computed() -> Any:
        return compute(
            {
                name: plain_theory.Model(_lifted(value.embeddings), _lifted(value.unembeddings))
                if isinstance(value, Model)
                else _lifted(value)
                for name, value in inputs.items()
            }
        )

    try:
        found = [_number(value) for value in _run(function, computed, count, ties)]
    except (Exception, DigitsLost):
        return None
    return None if any(value is None or not mpmath.isfinite(value) for value in found) else found


def stand_in(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what evaluates a function in many digits: a plain restatement of this package's, or a user's own."""
    found: Callable[..., Any] = _plain_names().get(id(function), function)
    return found


def _run(function: Callable[..., Any], call: Callable[[], Any], count: int, ties: Ties) -> Any:
    """Call something while the modules of a function are lent arithmetic in many digits."""
    context = _context()
    context.dps = count
    context.ties, context.tolerance = ties, context.mpf(10) ** -(9 * count // 10)
    with _lent(function, _Numpy("numpy"), _Math("math"), _float, _plain_names()):
        return call()


def _number(value: Any) -> Any:
    """Return a number of many digits, or None where it is none."""
    context = _context()
    found = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(found, np.floating | np.integer):
        found = found.item()
    return context.mpf(found) if isinstance(found, context.mpf | int | float) else None


@lru_cache(maxsize=1)
def _context() -> Any:
    """Return an mpmath context of our own, whose numbers have the methods that NumPy looks for."""
    context = mpmath.MPContext()
    for name in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"):
        setattr(context.mpf, name, _method(getattr(context, name)))
    for numpy_name, name in (
        ("arctan", "atan"), ("arcsin", "asin"), ("arccos", "acos"), ("arctanh", "atanh"), ("arcsinh", "asinh"),
        ("arccosh", "acosh"), ("floor", "floor"), ("ceil", "ceil"), ("rint", "nint"), ("cbrt", "cbrt"),
    ):  # fmt: skip
        setattr(context.mpf, numpy_name, _method(getattr(context, name)))
    answers = {"__lt__": False, "__gt__": False, "__ne__": False, "__le__": True, "__ge__": True, "__eq__": True}
    for name, in_a_tie in answers.items():
        setattr(context.mpf, name, _compared(context, getattr(context.mpf, name), in_a_tie))
    context.mpf.log2 = lambda x: context.log(x, 2)
    context.mpf.log10 = lambda x: context.log(x, 10)
    context.mpf.exp2 = lambda x: context.power(2, x)
    context.mpf.square = lambda x: x * x
    context.mpf.conjugate = lambda x: x
    context.mpf.item = lambda x: x
    context.mpf.__float__ = _refuse
    return context


def _method(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(x)


def _compared(context: Any, exactly: Callable[[Any, Any], Any], in_a_tie: bool) -> Callable[[Any, Any], Any]:
    def compare(x: Any, y: Any) -> Any:
        strict = exactly(x, y)
        if context.ties == "strict" or strict is NotImplemented:
            return strict
        apart = abs(x - y)
        close = exactly_less(apart, context.tolerance * (1 + abs(x)))
        return in_a_tie if close else strict

    base: Any = context.mpf.__mro__[1]
    exactly_less = base.__lt__
    return compare


def _refuse(_: Any) -> float:
    raise DigitsLost


# --------------------------------------------------------------------------- arrays


class DigitArray(np.ndarray):
    """An object array of mpmath numbers for which NumPy's functions keep the digits."""

    @property
    def dtype(self) -> Any:
        """What a claim that asks is told: it is written for floats."""
        return np.dtype(np.float64)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None and not all(isinstance(o, DigitArray) for o in out):
            raise DigitsLost
        _require_float(kwargs.pop("dtype", None))
        if kwargs.pop("where", True) is not True:
            raise DigitsLost("where=")
        plain = [_plain(x) for x in inputs]
        if ufunc in _LOGICAL:  # of objects NumPy would return one of them, not whether they are zero
            return getattr(ufunc, method)(*[np.asarray(x) != 0 for x in plain], **kwargs)
        if ufunc in _ORDERING and any(_has_nan(x) for x in plain):
            raise DigitsLost("nan in an order")
        special = _UFUNCS.get(ufunc)
        known = special is not None and method == "__call__"
        result = _rich(special(*plain) if known else getattr(ufunc, method)(*plain, **kwargs))  # type: ignore[misc]
        if out is None:
            return result
        out[0].view(np.ndarray)[...] = result
        return out[0]

    def __array_function__(self, function: Any, types_: Any, args: Any, kwargs: Any) -> Any:
        known = _FUNCTIONS.get(function)
        if function in _ORDERED and any(_has_nan(x) for x in args):
            raise DigitsLost("nan in an order")
        if known is not None:
            return _rich(known(*[_plain_deep(x) for x in args], **{k: _plain_deep(v) for k, v in kwargs.items()}))
        if getattr(function, "__module__", "").startswith("numpy.linalg"):
            raise DigitsLost(function.__name__)
        return _rich(function(*[_plain_deep(x) for x in args], **{k: _plain_deep(v) for k, v in kwargs.items()}))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep the digits where float64 is asked for, and refuse where fewer are."""
        return self.copy() if _is_float(dtype) else self.view(np.ndarray).astype(dtype, *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """Average in many digits."""
        return _rich(_mean(self, *args, **kwargs))

    def var(self, *args: Any, **kwargs: Any) -> Any:
        """Variance in many digits."""
        return _rich(_var(self, *args, **kwargs))

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """Standard deviation in many digits."""
        return _rich(_std(self, *args, **kwargs))

    def tobytes(self, *_: Any, **__: Any) -> bytes:
        """Refuse: the bytes of a number of many digits are not those of a float."""
        raise DigitsLost

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
        raise DigitsLost


def _lifted(values: Any) -> Any:
    """Return an array of many digits from anything numeric; floats are taken as exact."""
    mpf = _context().mpf
    plain = np.asarray(values, dtype=object)
    lifted = np.empty(plain.shape, dtype=object)
    for index, value in enumerate(plain.flat):
        lifted.flat[index] = value if isinstance(value, mpf) else mpf(_exact(value))
    return lifted.view(DigitArray)


def _exact(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _plain(x: Any) -> Any:
    """Return an ordinary object array (floats lifted) that NumPy's own loops may work on."""
    if isinstance(x, DigitArray):
        return x.view(np.ndarray)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return _lifted(x).view(np.ndarray)
    if isinstance(x, float | np.floating):
        return _context().mpf(float(x))
    return x


def _plain_deep(x: Any) -> Any:
    if isinstance(x, list | tuple) and any(_holds_digits(item) for item in x):
        return type(x)(_plain_deep(item) for item in x)
    return _plain(x)


def _holds_digits(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(_holds_digits(item) for item in x)
    return isinstance(x, DigitArray | _context().mpf)


def _rich(x: Any) -> Any:
    if isinstance(x, np.ndarray) and x.dtype == object:
        return _lifted(x) if x.size and not _all_digits(x) and _numeric(x) else x.view(DigitArray)
    if isinstance(x, tuple):
        return tuple(_rich(item) for item in x)
    return x


def _all_digits(x: np.ndarray) -> bool:
    mpf = _context().mpf
    return all(isinstance(value, mpf) for value in x.flat)


def _numeric(x: np.ndarray) -> bool:
    mpf = _context().mpf
    return all(isinstance(value, mpf | int | float) and not isinstance(value, bool) for value in x.flat)


def _map(function: Callable[[Any], Any], dtype: Any = object) -> Callable[[Any], Any]:
    def mapped(x: Any) -> Any:
        lifted = _lifted(x)
        values = np.empty(lifted.shape, dtype=dtype)
        for index, value in enumerate(lifted.flat):
            values.flat[index] = function(value)
        return values if values.shape else values[()]

    return mapped


def _log(x: Any) -> Any:
    return _context().ninf if x == 0 else _context().log(x) if x > 0 else _context().nan


def _sqrt(x: Any) -> Any:
    return _context().sqrt(x) if x >= 0 else _context().nan


_root = _map(_sqrt)


def _require_float(dtype: Any) -> None:
    if dtype is not None and dtype is not object and not _is_float(dtype):
        raise DigitsLost


def _has_nan(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(_has_nan(item) for item in x)
    if isinstance(x, np.ndarray):
        return any(value != value for value in x.flat)
    return bool(x != x)


def _mean(x: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    _require_float(dtype)
    if out is not None:
        raise DigitsLost("out=")
    x = np.asarray(_lifted(x).view(np.ndarray))
    total = np.sum(x, axis=axis, keepdims=keepdims)
    return total / (x.size // max(1, np.size(total)))


def _var(x: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False) -> Any:
    _require_float(dtype)
    if out is not None:
        raise DigitsLost("out=")
    x = np.asarray(_lifted(x).view(np.ndarray))
    centred = x - _mean(x, axis=axis, keepdims=True)
    total = np.sum(centred * centred, axis=axis, keepdims=keepdims)
    return total / (x.size // max(1, np.size(total)) - ddof)


def _std(*args: Any, **kwargs: Any) -> Any:
    return _root(_var(*args, **kwargs))


def _median(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    ordered = np.sort(x, axis=axis)
    size = ordered.shape[axis]
    middle = np.take(ordered, [(size - 1) // 2, size // 2], axis=axis)
    return np.sum(middle, axis=axis, keepdims=keepdims) / 2


def _where(condition: Any, *choices: Any) -> Any:
    condition = np.asarray(condition, dtype=bool)
    if not choices:
        return np.where(condition)
    x, y = (_lifted(choice).view(np.ndarray) for choice in choices)
    return np.where(condition, x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    x = _lifted(x).view(np.ndarray)
    x = x if low is None else np.maximum(x, _lifted(low).view(np.ndarray))
    return x if high is None else np.minimum(x, _lifted(high).view(np.ndarray))


# --------------------------------------------------------------------------- matrices


def _over_stack(function: Callable[..., Any], outputs: int = 1) -> Callable[..., Any]:
    """Lift a function of matrices to stacks of them along leading axes."""

    @wraps(function)
    def run(*arrays: Any, **kwargs: Any) -> Any:
        # Iterations compare with their own tolerances, and would not end if ties were taken for equal.
        ties, _context().ties = _context().ties, "strict"
        try:
            return stacked(*arrays, **kwargs)
        finally:
            _context().ties = ties

    def stacked(*arrays: Any, **kwargs: Any) -> Any:
        plain = [_lifted(array).view(np.ndarray) for array in arrays]
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
    return _context().matrix(array.tolist())


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
            [_array(_context().lu_solve(_matrix(a), _matrix(columns[:, [j]]))) for j in range(columns.shape[1])], axis=1
        )
    except ZeroDivisionError:
        raise np.linalg.LinAlgError("Singular matrix") from None
    return solved if b.ndim == 2 else solved[:, 0]


@_over_stack
def _inverse(a: np.ndarray) -> np.ndarray:
    return np.asarray(_solve(a, _eye(len(a))))


def _eye(size: int) -> np.ndarray:
    return np.asarray(_lifted(np.eye(size)).view(np.ndarray))


@_over_stack
def _determinant(a: np.ndarray) -> Any:
    return _context().det(_matrix(a))


def _svd_of_one(a: np.ndarray, full_matrices: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, columns = a.shape
    if rows < columns:
        u, s, vt = _svd_of_one(a.T, full_matrices)
        return vt.T, s, u.T
    u, s, vt = _context().svd_r(_matrix(a), full_matrices=full_matrices)
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
    values, vectors = _context().eigsy(_matrix(symmetric))
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
    q, r = _context().qr(_matrix(a), mode="skinny")
    return _array(q), _array(r)


@_over_stack
def _pinv(a: np.ndarray, rcond: Any = None, hermitian: bool = False, rtol: Any = None) -> np.ndarray:
    u, s, vt = _svd_of_one(a, False)
    cut = float(1e-15 if rcond is None and rtol is None else rcond if rtol is None else rtol) * s[0]
    inverse = np.array([1 / value if value > cut else 0 * value for value in s], dtype=object)
    return np.asarray((vt.T * inverse) @ u.T)


@_over_stack
def _cholesky(a: np.ndarray) -> np.ndarray:
    return _array(_context().cholesky(_matrix(a)))


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = _lifted(a).view(np.ndarray), _lifted(b).view(np.ndarray)
    cut = 2.0**-52 * max(a.shape) if rcond is None else rcond if rcond >= 0 else 2.0**-52
    solved, s = _pinv(a, rcond=cut) @ b, _singular_values(a)
    rank, residual = int(sum(value > cut * s[0] for value in s)), b - a @ solved
    squares = np.sum(residual * residual, axis=0)
    return solved, squares if rank == a.shape[1] < a.shape[0] else squares[:0], rank, s


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _lifted(x).view(np.ndarray)
    if axis is None and ord in (None, "fro"):
        total = np.sum(x * x)
        return _root(np.reshape(total, (1,) * x.ndim) if keepdims else total)
    if axis is None and x.ndim == 2:
        if ord in (2, "nuc", -2):
            s = _singular_values(x)
            return s[0] if ord == 2 else s[-1] if ord == -2 else np.sum(s)
        raise DigitsLost(ord)
    if isinstance(axis, tuple) and ord in (None, "fro"):
        return _root(np.sum(x * x, axis=axis, keepdims=keepdims))
    if isinstance(axis, tuple):
        raise DigitsLost(ord)
    size = abs(x)
    if ord in (None, 2):
        return _root(np.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if ord in (math.inf, -math.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    raise DigitsLost(ord)


def _matrix_rank(a: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> int:
    s = _singular_values(a)
    cut = tol if tol is not None else s[0] * (max(np.shape(a)) * 2.0**-52 if rtol is None else rtol)
    return int(sum(1 for value in s if value > cut))


def _cond(a: Any, p: Any = None) -> Any:
    if p not in (None, 2):
        raise DigitsLost(p)
    s = _singular_values(a)
    return s[0] / s[-1] if s[-1] > 0 else _context().inf


def _slogdet(a: Any) -> Any:
    value = _determinant(a)
    sign = _map(lambda x: _context().mpf(1 if x > 0 else -1 if x < 0 else 0))(value)
    return sign, _map(lambda x: _log(abs(x)))(value)


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    a, b = _lifted(a).view(np.ndarray), _lifted(b).view(np.ndarray)
    if equal_nan or any(_context().isinf(x) for x in (*a.flat, *b.flat)):
        raise DigitsLost("isclose of what is not finite")
    return abs(a - b) <= atol + rtol * abs(b)


def _created_like(function: Callable[..., Any]) -> Callable[..., Any]:
    def create(x: Any, *value: Any, dtype: Any = None) -> Any:
        _require_float(dtype)
        return _lifted(function(np.shape(x), *value))

    return create


def _average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return _mean(x, axis=axis)
    x, w = _lifted(x).view(np.ndarray), _lifted(weights).view(np.ndarray)
    if axis is not None and w.shape != x.shape:
        raise DigitsLost("weights")
    return np.sum(x * w, axis=axis) / np.sum(w, axis=axis)


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    x = np.atleast_2d(_lifted(m).view(np.ndarray))
    x = x if rowvar or x.shape[0] == 1 else x.T
    if y is not None:
        other = np.atleast_2d(_lifted(y).view(np.ndarray))
        x = np.concatenate([x, other if rowvar or other.shape[0] == 1 else other.T])
    centred = x - _mean(x, axis=1, keepdims=True)
    found = centred @ centred.T / (x.shape[1] - (ddof if ddof is not None else 0 if bias else 1))
    return found if len(found) > 1 else found[0, 0]


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    covariance = np.atleast_2d(_cov(x, y, rowvar))
    deviations = _root(np.diag(covariance))
    return covariance / np.outer(deviations, deviations)


def _named(name: str) -> Callable[[Any], Any]:
    return lambda x: getattr(_context(), name)(x)


_UFUNCS: dict[Any, Callable[..., Any]] = {
    np.isnan: _map(lambda x: _context().isnan(x), bool),
    np.isfinite: _map(lambda x: not (_context().isnan(x) or _context().isinf(x)), bool),
    np.isinf: _map(lambda x: _context().isinf(x), bool),
    np.log: _map(_log),
    np.sqrt: _root,
    np.hypot: lambda x, y: _root(x * x + y * y),
    np.logaddexp: lambda x, y: _map(_log)(
        _map(lambda v: _context().exp(v))(x) + _map(lambda v: _context().exp(v))(y)
    ),
    np.sign: _map(lambda x: _context().mpf(1 if x > 0 else -1 if x < 0 else 0)),
    **{
        ufunc: _map(_named(name))
        for ufunc, name in (
            (np.exp, "exp"), (np.expm1, "expm1"), (np.log1p, "log1p"), (np.sin, "sin"), (np.cos, "cos"),
            (np.tan, "tan"), (np.sinh, "sinh"), (np.cosh, "cosh"), (np.tanh, "tanh"), (np.arctan, "atan"),
            (np.arcsin, "asin"), (np.arccos, "acos"), (np.arctanh, "atanh"),
        )
    },
}  # fmt: skip

_LOGICAL = frozenset({np.logical_and, np.logical_or, np.logical_not, np.logical_xor})
_ORDERING = frozenset({np.maximum, np.minimum, np.fmax, np.fmin, np.sign})
_ORDERED = frozenset(
    {np.sort, np.argsort, np.argmax, np.argmin, np.max, np.min, np.clip, np.median, np.partition, np.searchsorted}
)

_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.mean: _mean, np.var: _var, np.std: _std, np.median: _median, np.where: _where, np.clip: _clip,
    np.average: _average, np.isclose: _isclose, np.allclose: lambda a, b, **k: bool(np.all(_isclose(a, b, **k))),
    np.linalg.solve: _solve, np.linalg.inv: _inverse, np.linalg.det: _determinant, np.linalg.svd: _svd,
    np.linalg.eigh: _eigh, np.linalg.eigvalsh: _eigvalsh, np.linalg.qr: _over_stack(_qr_of_one, outputs=2),
    np.linalg.pinv: _pinv, np.linalg.cholesky: _cholesky, np.linalg.lstsq: _lstsq, np.linalg.norm: _norm,
    np.linalg.matrix_rank: _matrix_rank, np.linalg.cond: _cond, np.linalg.slogdet: _slogdet,
    np.linalg.svdvals: _singular_values,
    np.zeros_like: _created_like(np.zeros), np.ones_like: _created_like(np.ones),
    np.full_like: _created_like(np.full),
    np.cov: _cov, np.corrcoef: _corrcoef,
    np.any: lambda x, *a, **k: np.any(np.asarray(x) != 0, *a, **k),
    np.all: lambda x, *a, **k: np.all(np.asarray(x) != 0, *a, **k),
    np.nan_to_num: _map(lambda x: _context().mpf(0) if _context().isnan(x) else x),
}  # fmt: skip


# --------------------------------------------------------------------------- what the claim's modules see


def _is_float(dtype: Any) -> bool:
    return dtype in (float, _float, np.float64, "float64", "float", "f8", np.longdouble, np.double)


class _FloatType(type):
    """The type of the stand-in for `float`, which numbers of many digits are instances of as well."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, builtins.float | _context().mpf)

    def __call__(cls, value: Any = 0.0) -> Any:
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.item() if value.ndim == 0 else value.reshape(-1)[0]
        return value if isinstance(value, _context().mpf) else builtins.float(value)


class _float(metaclass=_FloatType):  # noqa: N801
    """Stand in for `float`: keep the digits of a number that has them."""

    dtype = np.dtype(np.float64)  # what NumPy takes it for


class _FloatingType(type):
    """The type of the stand-in for `numpy.floating`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, np.floating | _context().mpf)


class _floating(metaclass=_FloatingType):  # noqa: N801
    """Stand in for `numpy.floating`, to which the entries of an array of floats belong."""

    dtype = np.dtype(np.float64)


def _creator(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that makes float arrays make arrays that can hold many digits."""

    @wraps(function)
    def create(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        if isinstance(made, np.ndarray) and made.dtype.kind == "f" and made.dtype.itemsize < 8:
            raise DigitsLost
        return _lifted(made) if isinstance(made, np.ndarray) and made.dtype.kind == "f" else made

    return create


def _converter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a conversion to an array of floats keep the digits."""

    @wraps(function)
    def convert(values: Any, *args: Any, **kwargs: Any) -> Any:
        dtype = args[0] if args else kwargs.get("dtype")
        if isinstance(values, DigitArray) or _holds_digits(values):
            if dtype is not None and not _is_float(dtype) and dtype is not object:
                return np.asarray(values).astype(dtype)
            return _lifted(values) if not isinstance(values, DigitArray) else values.copy()
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
        parts = [np.atleast_1d(_plain(item)) for item in (items if isinstance(items, tuple) else (items,))]
        if any(part.dtype.kind not in "iufO" for part in parts):  # slices and directives
            raise DigitsLost
        if self.columns:
            parts = [part[:, None] if part.ndim == 1 else part for part in parts]
        return _rich(np.concatenate([part.astype(object) for part in parts], axis=-1 if self.columns else 0))


class _Numpy(types.ModuleType):
    """A view of NumPy in which arrays of floats keep their digits."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        if name in ("float64", "longdouble", "double"):
            return _float
        if name in ("array", "asarray", "asanyarray", "ascontiguousarray", "asarray_chkfinite"):
            return _converter(value)
        if name in ("zeros", "ones", "full", "eye", "identity", "empty", "linspace", "arange"):
            return _creator(value)
        if name == "floating":
            return _floating
        if name in ("c_", "r_"):
            return _Joined(name == "c_")
        if name == "finfo":  # of whatever a claim asks: its tolerances are meant for float64
            return lambda _: np.finfo(np.float64)
        return value


class _Math(types.ModuleType):
    """A view of `math` that accepts numbers of many digits."""

    def __getattr__(self, name: str) -> Any:
        original = getattr(math, name)
        context = _context()
        names = {"fabs": abs, "floor": lambda x: int(context.floor(x)), "ceil": lambda x: int(context.ceil(x)),
                 "log2": lambda x: context.log(x, 2), "log10": context.log10, "pow": context.power,
                 "isfinite": lambda x: not (context.isnan(x) or context.isinf(x)),
                 "fsum": lambda x: sum(x, context.mpf(0)), "dist": None, "prod": None}  # fmt: skip
        many = names.get(name, getattr(context, name, None))
        if not callable(original) or many is None:
            return original

        @wraps(original)
        def either(*args: Any) -> Any:
            plain = [arg.item() if isinstance(arg, np.ndarray) and arg.ndim == 0 else arg for arg in args]
            if any(_holds_digits(arg) for arg in plain):
                return many(*plain)
            # A constant such as sqrt(2) is meant exactly, whatever it is rounded to.
            if (
                name in ("sqrt", "exp", "log")
                and all(isinstance(arg, int | float) for arg in plain)
                and len(plain) == 1
            ):
                value = original(*plain)
                return context.mpf(many(plain[0])) if math.isfinite(value) else value
            return original(*args)

        return either


class _BallNumpy(types.ModuleType):
    """A view of NumPy that neither drops the digits of a ball nor misses its functions."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        if name in ("float64", "longdouble", "double"):
            return _kept
        if name in _BALL_METHODS:
            return _of_balls(value, _BALL_METHODS[name])
        if name in ("array", "asarray", "asanyarray", "ascontiguousarray"):
            return _kept_in_arrays(value)
        if name in ("zeros", "ones", "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like"):
            return lambda *args, **kwargs: _kept_in_creations(value(*args, **kwargs))
        return value


def _kept_in_creations(made: Any) -> Any:
    return made.astype(object) if made.dtype.kind == "f" else made


class _BallMath(types.ModuleType):
    """A view of `math` that applies to balls, and refuses where it cannot."""

    def __getattr__(self, name: str) -> Any:
        original = getattr(math, name)
        return _of_balls(original, _BALL_METHODS.get(name)) if callable(original) else original


_BALL_METHODS = {
    "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt", "cosh": "cosh", "sinh": "sinh",
    "tanh": "tanh", "cos": "cos", "sin": "sin", "tan": "tan", "acos": "acos", "asin": "asin", "atan": "atan",
    "arccos": "acos", "arcsin": "asin", "arctan": "atan", "acosh": "acosh", "asinh": "asinh", "atanh": "atanh",
    "arccosh": "acosh", "arcsinh": "asinh", "arctanh": "atanh", "fabs": "__abs__", "pow": "__pow__",
}  # fmt: skip


def _is_ball(x: Any) -> bool:
    return isinstance(x, flint.arb) or (isinstance(x, np.ndarray) and x.dtype == object)


def _of_balls(original: Callable[..., Any], method: str | None) -> Callable[..., Any]:
    """Let a function apply to balls by their own method, and refuse them where they have none."""

    @wraps(original)
    def apply(*args: Any, **kwargs: Any) -> Any:
        if not any(_is_ball(arg) for arg in args):
            return original(*args, **kwargs)
        if method is None or kwargs or len(args) != (2 if method == "__pow__" else 1):
            raise DigitsLost
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


def _kept_in_arrays(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def convert(values: Any, *args: Any, **kwargs: Any) -> Any:
        plain = np.asarray(values, dtype=object)
        if any(isinstance(value, flint.arb) for value in plain.flat):
            dtype = args[0] if args else kwargs.get("dtype")
            if dtype not in (None, float, _kept, np.float64, object):
                raise DigitsLost
            return plain.copy()
        if args and args[0] is _kept:
            args = (float, *args[1:])
        if kwargs.get("dtype") is _kept:
            kwargs["dtype"] = float
        return original(values, *args, **kwargs)

    return convert


def made_of_theory(claim: Claim) -> bool:
    """Whether a claim's code calls functions of this package, whose comparisons and casts keep balls honest."""
    names = [claim.function, *(value for namespace in _namespaces(claim.function) for value in namespace.values())]
    modules = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in names}
    own = {"theory.claims", "theory.models", "theory.errors", "theory.search.assertion", "theory.search.objective"}
    return any(isinstance(m, str) and m.split(".")[0] == "theory" and m not in own for m in modules)


def with_balls(claim: Claim, pair: Pair) -> Any:
    """Return what a claim answers to a pair of balls, whose digits no function of its own modules may drop."""
    with _lent(claim.function, _BallNumpy("numpy"), _BallMath("math"), _kept):
        return claim(pair)


def _plain_names() -> dict[int, Any]:
    """Return, by identity, what stands in for each public name of this package."""
    import theory

    return {id(theory): plain_theory} | {
        id(getattr(theory, name)): getattr(plain_theory, name) for name in theory.__all__
    }


@contextlib.contextmanager
def _lent(
    function: Callable[..., Any],
    numpy_view: Any,
    math_view: Any,
    float_view: Any,
    others: dict[int, Any] | None = None,
) -> Iterator[None]:
    """Lend the modules a function lives in another NumPy, `math` and `float`, and take them back.

    Where `others` are lent too, by identity, the module that they come from is lent the same.
    """
    swaps = {id(np): numpy_view, id(math): math_view, id(float): float_view, **(others or {})}
    for original, view in ((np, numpy_view), (math, math_view)):
        for name in (*_BALL_METHODS, "array", "asarray", "zeros", "ones", "eye", "full", "empty", "floor", "ceil"):
            if hasattr(original, name):
                swaps[id(getattr(original, name))] = getattr(view, name)
    undo: list[tuple[dict[str, Any], str, Any]] = []
    missing = object()
    try:
        for namespace in [*_namespaces(function), *([vars(plain_theory)] if others else [])]:
            for name, value in list(namespace.items()):
                if id(value) in swaps:
                    undo.append((namespace, name, value))
                    namespace[name] = swaps[id(value)]
            if "float" not in namespace:
                undo.append((namespace, "float", missing))
                namespace["float"] = float_view
        yield
    finally:
        for namespace, name, value in reversed(undo):
            if value is missing:
                namespace.pop(name, None)
            else:
                namespace[name] = value


def _namespaces(function: Callable[..., Any]) -> list[dict[str, Any]]:
    """Return the globals of a user's own code: its module, and the modules beside it."""
    found: dict[int, dict[str, Any]] = {}
    seen: set[int] = set()
    queue: list[Any] = [function]
    while queue:
        item = queue.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        inner = getattr(item, "__func__", item)
        namespace = getattr(inner, "__globals__", None)
        if namespace is None and isinstance(item, types.ModuleType):
            namespace = vars(item)
        if namespace is None or not _is_users(namespace):
            if not hasattr(item, "__closure__"):
                continue
            namespace = None
        if namespace is not None and id(namespace) not in found:
            found[id(namespace)] = namespace
            queue += [v for v in namespace.values() if isinstance(v, types.ModuleType | types.FunctionType)]
        for cell in getattr(inner, "__closure__", None) or ():
            with contextlib.suppress(ValueError):
                queue.append(cell.cell_contents)
    return list(found.values())


def _is_users(namespace: dict[str, Any]) -> bool:
    """Whether a module is the user's own: not of the standard library, nor installed, nor of this package."""
    name, file = str(namespace.get("__name__", "")), namespace.get("__file__")
    if file is None:
        return name not in sys.builtin_module_names and name.split(".")[0] not in sys.stdlib_module_names
    path = Path(file).resolve()
    if path.is_relative_to(_PACKAGE):
        return False
    outside = ("site-packages", "dist-packages")
    return name.split(".")[0] not in sys.stdlib_module_names and not any(part in outside for part in path.parts)
