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


def _spectrum(rng: np.random.Generator, size: int) -> Float[np.ndarray, " size"]:
    """Return descending positive numbers."""
    return np.sort(rng.exponential(size=size))[::-1]


def _size(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 6))


def _tight(rng: np.random.Generator) -> bool:
    """Whether this instance is to be one of equality."""
    return bool(rng.random() < 0.5)


def _singular(matrix: Matrix) -> Float[np.ndarray, " size"]:
    return np.linalg.svd(matrix, compute_uv=False)


def _von_neumann(rng: np.random.Generator) -> tuple[float, float]:
    n = _size(rng)
    if _tight(rng):
        a, b = np.diag(_spectrum(rng, n)), np.diag(_spectrum(rng, n))
    else:
        a, b = _gaussian(rng, n, n), _gaussian(rng, n, n)
    return float(np.trace(a @ b)), float(_singular(a) @ _singular(b))


def von_neumann() -> Lemma:
    """Return von Neumann's trace inequality."""
    return Lemma(
        "von Neumann's trace inequality",
        "J. von Neumann 1937; Horn and Johnson, Matrix Analysis, 2nd ed., Theorem 7.4.1.1",
        r"\operatorname{tr}(A B) \le \sum_i \sigma_i(A)\,\sigma_i(B)",
        _von_neumann,
    )


def _horn(rng: np.random.Generator) -> tuple[float, float]:
    n = _size(rng)
    factors = [np.diag(_spectrum(rng, n)) if tight else _gaussian(rng, n, n) for tight in [_tight(rng)] * 3]
    a, b, c = factors
    return float(np.sum(_singular(a @ b @ c))), float(np.sum(_singular(a) * _singular(b) * _singular(c)))


def horn() -> Lemma:
    """Return Horn's inequality for singular values of a product (two factors, hence any number)."""
    return Lemma(
        "Horn's inequality",
        "A. Horn 1950; Horn and Johnson, Topics in Matrix Analysis, Theorem 3.3.14",
        r"\sum_i \sigma_i(A B C) \le \sum_i \sigma_i(A)\,\sigma_i(B)\,\sigma_i(C)",
        _horn,
    )


def _nuclear(rng: np.random.Generator) -> tuple[float, float]:
    n = _size(rng)
    a = _gaussian(rng, n, n)
    if _tight(rng):
        a = a @ a.T
    return float(np.trace(a)), float(np.sum(_singular(a)))


def trace_by_nuclear_norm() -> Lemma:
    """Return that a trace is at most the sum of singular values (von Neumann against the identity)."""
    return Lemma(
        "trace and nuclear norm",
        "Horn and Johnson, Matrix Analysis, 2nd ed., Theorem 7.4.1.1 with B the identity",
        r"\operatorname{tr} A \le \sum_i \sigma_i(A)",
        _nuclear,
    )


def _weyl(rng: np.random.Generator) -> tuple[float, float]:
    n = _size(rng)
    a, b = _gaussian(rng, n, n), np.zeros((n, n)) if _tight(rng) else _gaussian(rng, n, 1)
    i, smaller = int(rng.integers(n)), a @ a.T
    return float(np.linalg.eigvalsh(smaller)[i]), float(np.linalg.eigvalsh(smaller + b @ b.T)[i])


def weyl() -> Lemma:
    """Return Weyl's monotonicity of eigenvalues."""
    return Lemma(
        "Weyl's monotonicity theorem",
        "H. Weyl 1912; Horn and Johnson, Matrix Analysis, 2nd ed., Corollary 4.3.12",
        r"0 \preceq A \preceq B \Rightarrow \lambda_i(A) \le \lambda_i(B)",
        _weyl,
    )


def _smallest_singular(rng: np.random.Generator) -> tuple[float, float]:
    columns = _size(rng)
    a = _gaussian(rng, columns + int(rng.integers(3)), columns)
    _, values, right = np.linalg.svd(a, full_matrices=False)
    x = right[-1] if _tight(rng) else rng.standard_normal(columns)
    return float(values[-1] ** 2 * (x @ x)), float(np.sum((a @ x) ** 2))


def smallest_singular_value() -> Lemma:
    """Return the variational form of the smallest singular value."""
    return Lemma(
        "variational form of singular values",
        "Horn and Johnson, Matrix Analysis, 2nd ed., Theorem 4.2.2 (Rayleigh)",
        r"s_{\min}(A)^2 \|x\|^2 \le \|A x\|^2",
        _smallest_singular,
    )


def _largest_singular(rng: np.random.Generator) -> tuple[float, float]:
    columns = _size(rng)
    a = _gaussian(rng, columns + int(rng.integers(3)), columns)
    _, values, right = np.linalg.svd(a, full_matrices=False)
    x = right[0] if _tight(rng) else rng.standard_normal(columns)
    return float(np.sum((a @ x) ** 2)), float(values[0] ** 2 * (x @ x))


def largest_singular_value() -> Lemma:
    """Return the variational form of the largest singular value."""
    return Lemma(
        "variational form of singular values",
        "Horn and Johnson, Matrix Analysis, 2nd ed., Theorem 4.2.2 (Rayleigh)",
        r"\|A x\|^2 \le s_{\max}(A)^2 \|x\|^2",
        _largest_singular,
    )


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


def _minkowski(rng: np.random.Generator) -> tuple[float, float]:
    x, y = rng.standard_normal((2, _size(rng)))
    y = x * abs(rng.standard_normal()) if _tight(rng) else y
    return float(np.linalg.norm(x + y)), float(np.linalg.norm(x) + np.linalg.norm(y))


def minkowski() -> Lemma:
    """Return the triangle inequality of Euclidean norms and of root mean squares."""
    return Lemma(
        "Minkowski's inequality",
        "Hardy, Littlewood and Polya, Inequalities, Theorem 25",
        r"\|x + y\| \le \|x\| + \|y\|",
        _minkowski,
    )
