"""One spelling for three arithmetics: NumPy float64, torch float64 (with gradients) and balls.

The formulas of this package are written once against the array API standard. `namespace_of` finds the
functions that go with an array; torch is looked up only when a tensor is handed in, balls only when an
array of them is.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import array_api_compat as compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

from theory.errors import InvalidInput

Array: TypeAlias = Any
"""A NumPy array, a torch tensor, or a NumPy object array of ``flint.arb`` balls."""


def is_balls(array: Array) -> bool:
    """Whether `array` is an array of balls, the only object arrays that ever get past validation."""
    return isinstance(array, np.ndarray) and array.dtype == object


def namespace_of(*arrays: Array) -> Any:
    """Return the array-API namespace that `arrays` share."""
    # Asked some dozen times for every value of every measure: what nearly all arrays are is told without a search.
    if all(type(array) is np.ndarray and array.dtype.char != "O" for array in arrays):
        return numpy_namespace
    if any(is_balls(array) for array in arrays):
        from theory.arithmetic import balls as _balls

        return _balls
    return compat.array_namespace(*arrays)


def is_numpy(array: Array) -> bool:
    """Whether `array` is a NumPy array of floats (not of balls)."""
    return isinstance(array, np.ndarray) and array.dtype != object


def _described(value: object) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None:
        return type(value).__name__
    return f"shape {tuple(shape)} and dtype {dtype}"


def _as_numpy(name: str, value: object, axes: str) -> Array:
    if isinstance(value, np.ma.MaskedArray):
        raise InvalidInput(f"{name}: expected an array of shape {axes}, saw a masked array; fill it first")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{name}: expected an array of shape {axes}, saw a ragged {type(value).__name__}") from error
    if array.dtype.kind not in "iuf":
        raise InvalidInput(f"{name}: expected real numbers of shape {axes}, saw {_described(array)}")
    # A copy of our own: the caller may go on writing to theirs, and cached quantities must stay true.
    with np.errstate(over="ignore"):  # wider floats out of range become inf, which is refused by name
        array = np.array(array, dtype=np.float64, order="C")
    array.setflags(write=False)
    return array


def _as_torch(name: str, value: Any, axes: str) -> Array:
    import torch

    if value.dtype.is_complex or value.dtype == torch.bool or value.layout != torch.strided:
        raise InvalidInput(f"{name}: expected dense real numbers of shape {axes}, saw {_described(value)}")
    return value.to(torch.float64)


def _is_made_of_balls(value: Any) -> bool:
    if not is_balls(value):
        return False
    from theory.arithmetic import balls as _balls

    return _balls.all_balls(value)


def as_real_array(name: str, value: object, axes: tuple[str, ...], minimum: tuple[int, ...]) -> Array:
    """Validate `value` as a float64 array with the given trailing axes and at most one leading batch axis.

    Parameters
    ----------
    name
        What the argument is called, for the error.
    value
        Anything `numpy.asarray` understands, a torch tensor (whose gradient graph is kept), or an array of balls
        (which is handed back).
    axes
        Names of the trailing axes, e.g. ``("n", "m")``.
    minimum
        Smallest admissible length of each.

    Raises
    ------
    InvalidInput
        If `value` is not numeric, has another number of axes, is too short along one, or is not finite.
    """
    expected = f"({', '.join(axes)})"
    array: Array = value
    if not _is_made_of_balls(value):
        array = _as_torch(name, value, expected) if compat.is_torch_array(value) else _as_numpy(name, value, expected)
    if array.ndim not in (len(axes), len(axes) + 1):
        raise InvalidInput(
            f"{name}: expected shape {expected} or (batch, {', '.join(axes)}), saw shape {tuple(array.shape)}"
        )
    for axis, length, least in zip(axes, array.shape[-len(axes) :], minimum, strict=True):
        if length < least:
            raise InvalidInput(
                f"{name}: expected shape {expected} with {axis} >= {least}, saw shape {tuple(array.shape)}"
            )
    if array.ndim > len(axes) and array.shape[0] == 0:
        raise InvalidInput(f"{name}: expected at least one element in the batch, saw shape {tuple(array.shape)}")
    if is_balls(array):  # unbounded ones are an answer, which decides nothing
        return array
    finite = namespace_of(array).isfinite(array)
    if not bool(finite.all()):
        worst = tuple(int(i) for i in np.argwhere(~np.asarray(finite.cpu() if hasattr(finite, "cpu") else finite))[0])
        raise InvalidInput(
            f"{name}: expected finite numbers, saw {float(array[worst])} at index {worst} (shape {tuple(array.shape)})"
        )
    return array


def as_result(value: Array) -> Array:
    """Hand a scalar NumPy result back as a float; batches and tensors pass through."""
    return (
        float(value)
        if isinstance(value, np.ndarray | np.generic) and value.ndim == 0 and not is_balls(value)
        else value
    )


def wrapped(value: Array, like: Array) -> Array:
    """Hand back as an array a zero-dimensional result of balls, which NumPy unwraps; others pass through."""
    return namespace_of(like).asarray(value) if is_balls(like) else value


def where_decided(condition: Array, x: Array | float, y: Array) -> Array:
    """Choose by a condition that is certain in every arithmetic; a comparison of balls is not."""
    xp = namespace_of(y)
    return xp.where_decided(condition, x, y) if is_balls(y) else xp.where(condition, x, y)


def indicator(x: Array) -> Array:
    """1 where x > 0, else 0; the interval [0, 1] where a ball cannot tell."""
    xp = namespace_of(x)
    return xp.indicator(x) if is_balls(x) else xp.astype(x > 0, x.dtype)


def square(value: Array) -> Array:
    """Return value * value: unlike ``**`` it is exact for balls that contain zero, which powers of arb are not."""
    return value * value


def safe_sqrt(value: Array) -> Array:
    """Square root of a non-negative array whose gradient at zero is zero instead of nan."""
    xp = namespace_of(value)
    if compat.is_torch_array(value):
        zero = value == 0
        return xp.where(zero, 0.0, xp.sqrt(xp.where(zero, 1.0, value)))  # nan stays nan
    return xp.sqrt(value)
