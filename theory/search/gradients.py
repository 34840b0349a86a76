"""Analytic gradients of claims whose functions accept torch tensors."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable

import numpy as np

from theory.claims import Claim
from theory.errors import NotApplicable
from theory.search.objective import Arrays

Gradient = Callable[[Arrays], Arrays | None]
"""From a pair to the gradients of log lhs - log rhs with respect to its four factors; None where there are none."""

_AGREEMENT = 1e-6


def traced(claim: Claim, arrays: Arrays) -> Gradient | None:
    """Return the gradient of a claim's log-ratio, or None where it cannot be traced.

    Parameters
    ----------
    claim
        Any claim; torch is imported to try it.
    arrays
        A pair on which both sides are positive, where the traced sides must agree with the plain ones.
    """
    if importlib.util.find_spec("torch") is None:
        return None
    from theory.search.objective import pair_of, two_numbers

    lhs, rhs = two_numbers(claim(pair_of(arrays)))
    try:
        value, gradients = _value_and_gradients(claim, arrays)
    except Exception:  # whatever a claim raises when handed tensors it was not written for
        return None
    if gradients is None or not (lhs > 0 and rhs > 0) or abs(value - math.log(lhs / rhs)) > _AGREEMENT:
        return None

    def gradient(at: Arrays) -> Arrays | None:
        try:
            return _value_and_gradients(claim, at)[1]
        except Exception:
            return None

    return gradient


def _value_and_gradients(claim: Claim, arrays: Arrays) -> tuple[float, Arrays | None]:
    import torch

    from theory.models import Model, Pair

    leaves = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
    try:
        lhs, rhs = claim(Pair(Model(leaves[0], leaves[1]), Model(leaves[2], leaves[3])))
    except NotApplicable:
        return math.nan, None
    value = torch.log(torch.as_tensor(lhs)) - torch.log(torch.as_tensor(rhs))
    if not value.requires_grad or not bool(torch.isfinite(value)):
        return math.nan, None
    value.backward()  # type: ignore[no-untyped-call]
    found = [
        np.zeros(a.shape) if leaf.grad is None else leaf.grad.numpy() for a, leaf in zip(arrays, leaves, strict=True)
    ]
    if not all(np.isfinite(part).all() for part in found):
        return math.nan, None
    return float(value.detach()), (found[0], found[1], found[2], found[3])
