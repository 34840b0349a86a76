"""Analytic gradients, by torch, of claims that are made of this package's functions."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.claims import Claim
from theory.errors import NotApplicable
from theory.models import Model, Pair
from theory.search.arrays import Arrays, each_of, pair_of, stacked
from theory.search.evaluators import two_numbers
from theory.search.statement_claims import Assertion

_AGREEMENT = 1e-6  # of the traced and the plain log-ratio: half the digits, which another formula would not share


@dataclass(frozen=True)
class Gradient:
    """The gradients of log lhs - log rhs with respect to the four factors.

    Attributes
    ----------
    of_pair
        From one pair; None where there are none.
    of_batch
        From a batch, zero where there are none.
    at_once
        Whether a batch costs little more than a pair.
    """

    of_pair: Callable[[Arrays], Arrays | None]
    of_batch: Callable[[Arrays], Arrays]
    at_once: bool


def traced(claim: Claim, arrays: Arrays) -> Gradient | None:
    """Return the gradient of a claim's log-ratio, or None where it cannot be traced.

    Parameters
    ----------
    claim
        A statement of the catalogue that is an inequality and differentiable, or a user's claim; torch is imported to
        try the latter.
    arrays
        A pair on which both sides are positive; there the traced sides of a user's claim must agree with the plain.
    """
    if importlib.util.find_spec("torch") is None:
        return None
    if isinstance(claim.function, Assertion):
        return _of_statement(claim.function)
    lhs, rhs = two_numbers(claim(pair_of(arrays)))
    try:
        value, gradients = _value_and_gradients(claim, arrays)
    except Exception:  # whatever a claim raises when handed tensors it was not written for
        return None
    if gradients is None or not (lhs > 0 and rhs > 0) or abs(value - math.log(lhs / rhs)) > _AGREEMENT:
        return None

    def of_pair(at: Arrays) -> Arrays | None:
        try:
            return _value_and_gradients(claim, at)[1]
        except Exception:
            return None

    def of_batch(batch: Arrays) -> Arrays:
        return stacked([of_pair(one) or _zeros(one) for one in each_of(batch)])

    return Gradient(of_pair, of_batch, at_once=False)


def _value_and_gradients(claim: Claim, arrays: Arrays) -> tuple[float, Arrays | None]:
    import torch

    leaves = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
    try:
        lhs, rhs = claim(Pair(Model(leaves[0], leaves[1]), Model(leaves[2], leaves[3])))
    except NotApplicable:
        return math.nan, None
    value = torch.log(torch.as_tensor(lhs)) - torch.log(torch.as_tensor(rhs))
    if not value.requires_grad or not bool(torch.isfinite(value)):
        return math.nan, None
    value.backward()  # type: ignore[no-untyped-call]
    found = _gradients(leaves)
    if not all(np.isfinite(part).all() for part in found):
        return math.nan, None
    return float(value.detach()), found


def _of_statement(assertion: Assertion) -> Gradient | None:
    statement = assertion.statement
    if statement.relation != "<=" or not statement.differentiable:
        return None

    def of_batch(batch: Arrays) -> Arrays:
        import torch

        leaves = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in batch]
        pair = Pair(Model(leaves[0], leaves[1]), Model(leaves[2], leaves[3]))
        try:
            lhs, rhs = (
                torch.as_tensor(side, dtype=torch.float64) for side in (statement.lhs(pair), statement.rhs(pair))
            )
        except (NotApplicable, RuntimeError):  # a decomposition that fails for one pair fails for all
            return _zeros(batch)
        usable = (lhs > 0) & (rhs > 0) & torch.isfinite(lhs) & torch.isfinite(rhs)
        first, second = (torch.where(usable, side, torch.ones_like(side)) for side in (lhs, rhs))
        value = (torch.log(first) - torch.log(second)).sum()
        if not value.requires_grad:
            return _zeros(batch)
        value.backward()  # type: ignore[no-untyped-call]
        f, g, f2, g2 = (np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0) for part in _gradients(leaves))
        return f, g, f2, g2

    def of_pair(at: Arrays) -> Arrays | None:
        f, g, f2, g2 = of_batch(at)
        return (f, g, f2, g2) if any(part.any() for part in (f, g, f2, g2)) else None

    return Gradient(of_pair, of_batch, at_once=True)


def _gradients(leaves: list[Any]) -> Arrays:
    f, g, f2, g2 = (np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves)
    return f, g, f2, g2


def _zeros(arrays: Arrays) -> Arrays:
    f, g, f2, g2 = (np.zeros_like(block) for block in arrays)
    return f, g, f2, g2
