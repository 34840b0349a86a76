"""Gradient ascent on log(lhs / rhs) from many starts at once, in torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.models import Model, Pair
from theory.statements import Statement, evaluate, excess


@dataclass(frozen=True)
class Ascent:
    """How far and how fast to climb.

    Attributes
    ----------
    steps
        Number of steps of Adam.
    rate
        Step size at the start, relative to the size of each array; it falls to a twentieth along a cosine.
    check_every
        After how many steps the climbers are evaluated in NumPy float64, hypotheses included.
    """

    steps: int = 80
    rate: float = 0.08
    check_every: int = 20


def climb(statement: Statement, pair: Pair, plan: Ascent) -> tuple[Pair, np.ndarray]:
    """Return, for each pair of a batch, the best one met on the way up, with its excess.

    Parameters
    ----------
    statement
        An inequality.
    pair
        A batch of NumPy pairs of one shape, the starts.
    plan
        Steps and rates.

    Notes
    -----
    The variables are F, G and, where the dimensions agree, the differences F' - F and G' - G, each scaled
    by its own size: nearly equal pairs are climbed along the direction of their difference, which is where
    suprema reached in a limit of small differences lie.
    """
    import torch

    starts = _leaves(pair)
    scales = [_scale(array) for array in starts]
    variables = [torch.zeros(array.shape, dtype=torch.float64, requires_grad=True) for array in starts]
    base = [torch.tensor(array) for array in starts]
    factors = [torch.tensor(scale) for scale in scales]
    optimiser = torch.optim.Adam(variables, lr=plan.rate, betas=(0.8, 0.95))
    best_pair, best = pair, excess(statement, pair, evaluate(statement, pair))
    for step in range(1, plan.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * (0.05 + 0.475 * (1 + math.cos(math.pi * step / plan.steps)))
        optimiser.zero_grad()
        arrays = [b + f * v for b, f, v in zip(base, factors, variables, strict=True)]
        objective = _log_ratio(statement, _assembled(arrays, pair.a.m == pair.b.m))
        objective.backward()
        for variable in variables:
            variable.grad = torch.nan_to_num(_gradient(variable), nan=0.0, posinf=0.0, neginf=0.0)
        optimiser.step()
        if step % plan.check_every == 0 or step == plan.steps:
            with torch.no_grad():
                current = [(b + f * v).numpy() for b, f, v in zip(base, factors, variables, strict=True)]
            candidate = _usable(current, pair.a.m == pair.b.m)
            if candidate is not None:
                reached = excess(statement, candidate, evaluate(statement, candidate))
                best_pair, best = _better(best_pair, best, candidate, reached)
    return best_pair, best


def _gradient(variable: Any) -> Any:
    import torch

    return variable.grad if variable.grad is not None else torch.zeros_like(variable)


def _leaves(pair: Pair) -> list[np.ndarray]:
    a, b = pair.a, pair.b
    if a.m != b.m:
        return [a.embeddings, a.unembeddings, b.embeddings, b.unembeddings]
    return [a.embeddings, a.unembeddings, b.embeddings - a.embeddings, b.unembeddings - a.unembeddings]


def _scale(array: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.mean(np.square(array), axis=(-2, -1), keepdims=True))
    return np.where(size > 0, size, 1e-3)


def _assembled(arrays: list[Any], differences: bool) -> Pair:
    first, second, third, fourth = arrays
    return Pair(Model(first, second), Model(first + third, second + fourth) if differences else Model(third, fourth))


def _usable(arrays: list[np.ndarray], differences: bool) -> Pair | None:
    if not all(np.isfinite(array).all() for array in arrays):
        return None
    return _assembled(arrays, differences)


def _log_ratio(statement: Statement, pair: Pair) -> Any:
    """Sum over the batch of log lhs - log rhs, where both are positive numbers."""
    import torch

    lhs, rhs = statement.lhs(pair), statement.rhs(pair)
    usable = (lhs > 0) & (rhs > 0) & torch.isfinite(lhs) & torch.isfinite(rhs)
    safe_lhs, safe_rhs = (torch.where(usable, side, torch.ones_like(side)) for side in (lhs, rhs))
    return -(torch.log(safe_lhs) - torch.log(safe_rhs)).sum()


def _better(old: Pair, old_value: np.ndarray, new: Pair, new_value: np.ndarray) -> tuple[Pair, np.ndarray]:
    take = new_value > old_value
    if not take.any():
        return old, old_value

    def chosen(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where(take[:, None, None], y, x)

    models = [
        Model(chosen(p.embeddings, q.embeddings), chosen(p.unembeddings, q.unembeddings))
        for p, q in ((old.a, new.a), (old.b, new.b))
    ]
    return Pair(*models), np.where(take, new_value, old_value)
