"""Cited lemmas: standard facts, each with its reference and a numerical test, which can only refute it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from theory.errors import InvalidInput
from theory.proofs.steps import Discharge, Method, Status

Instance = Callable[[np.random.Generator], tuple[float, float]]
Matrix = Float[np.ndarray, "rows columns"]

_MARGIN = 1e-9  # of the size of both sides: float64 on matrices this small loses far less
_SEED = 20240229  # any will do: the same draws every time, so that a lemma's test does not come and go


@dataclass(frozen=True)
class Lemma:
    """A standard fact ``left <= factor * right`` (or ``=``), cited: it is never more than `Status.CITED`.

    Attributes
    ----------
    name, reference, statement
        What it is called, where it is proved, and what it says, in LaTeX.
    sides
        Both sides of an instance drawn at random. Some instances must come close to equality, so that a constant that
        is too small is seen.
    relation
        ``"<="``, ``">="`` (only met in perturbations) or ``"="``.
    factor
        The constant in front of the right side, which must not be negative.
    trials
        How many instances the test draws, from a fixed seed.

    Raises
    ------
    InvalidInput
        If a lemma has no reference or fewer than one trial.
    """

    name: str
    reference: str
    statement: str
    sides: Instance
    relation: Literal["<=", ">=", "="] = "<="
    factor: float = 1.0
    trials: int = 64

    def __post_init__(self) -> None:
        if not self.reference:
            raise InvalidInput(f"reference: expected where {self.name} is proved, saw nothing")
        if self.trials < 1:
            raise InvalidInput(f"trials: expected at least one, saw {self.trials}")

    @property
    def method(self) -> Method:
        """Return "lemma"."""
        return "lemma"

    def _violated(self, left: float, right: float) -> bool:
        gap, margin = left - self.factor * right, _MARGIN * (abs(left) + abs(right))
        if not np.isfinite(gap):
            return True
        return {"<=": gap > margin, ">=": gap < -margin, "=": abs(gap) > margin}[self.relation]

    def discharged(self) -> Discharge:
        """Cite it, unless an instance contradicts it."""
        rng = np.random.default_rng(_SEED)
        try:
            with np.errstate(all="ignore"):
                for trial in range(self.trials):
                    left, right = self.sides(rng)
                    if self._violated(left, right):
                        seen = f"{left:.6g} against {self.factor:g} * {right:.6g}"
                        return Discharge(Status.NOT_PROVED, f"instance {trial} contradicts {self.name}: {seen}")
        except Exception as failure:  # an obligation never raises: what cannot be tested is not cited
            return Discharge(Status.NOT_PROVED, f"{self.name} could not be tested: {failure}")
        return Discharge(Status.CITED, f"{self.name} ({self.reference}), tested on {self.trials} instances")

    def perturbed(self) -> Iterator[tuple[str, Lemma]]:
        """Yield the lemma with a constant that is too small, and with the inequality reversed."""
        yield "constant shrunk by a tenth", replace(self, factor=0.9 * self.factor)
        if self.relation == "=":
            yield "constant enlarged by a tenth", replace(self, factor=1.1 * self.factor)
        else:
            yield "inequality reversed", replace(self, relation=">=" if self.relation == "<=" else "<=")


def _gaussian(rng: np.random.Generator, rows: int, columns: int) -> Matrix:
    return rng.standard_normal((rows, columns))


def _cauchy_binet(rng: np.random.Generator) -> tuple[float, float]:
    columns = int(rng.integers(1, 4))
    rows = columns + int(rng.integers(3))
    a, b = _gaussian(rng, rows, columns), _gaussian(rng, rows, columns)
    subsets = _subsets(rows, columns)
    minors = sum(np.linalg.det(a[list(s)]) * np.linalg.det(b[list(s)]) for s in subsets)
    # Minors of both signs cancel: the squares of A are added to both sides, and keep them away from zero.
    volume = float(np.linalg.det(a.T @ a) + np.linalg.det(b.T @ b))
    squares = float(sum(np.linalg.det(x[list(s)]) ** 2 for s in subsets for x in (a, b)))
    return float(np.linalg.det(a.T @ b)) + volume, float(minors) + squares


def _subsets(n: int, size: int) -> list[tuple[int, ...]]:
    if size == 0:
        return [()]
    return [(*head, last) for last in range(n) for head in _subsets(last, size - 1)]


def cauchy_binet() -> Lemma:
    """Return the formula of Cauchy and Binet."""
    return Lemma(
        "the Cauchy-Binet formula",
        "Horn and Johnson, Matrix Analysis, 2nd ed., 0.8.7",
        r"\det(A^\top B) = \sum_S \det A_S \det B_S",
        _cauchy_binet,
        relation="=",
    )
