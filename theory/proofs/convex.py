r"""Convex programmes: alignments of least error in norms that are not least squares, with duality gaps.

Solvers give floats. Each alignment comes with its error rounded up and with the value of a dual solution that satisfies
its equations exactly, so that both ends are statements about every linear map whatever the solver did.

References
----------
S. Boyd, L. Vandenberghe, "Convex Optimization" (2004), chapters 4 and 5. The programmes are derived here.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.errors import DegenerateInput, InvalidInput, NotApplicable
from theory.proofs import verifier
from theory.proofs.certificates import MatrixLike, exact
from theory.proofs.verifier import Matrix

# Clarabel's own tolerances are 1e-8. Tighter ones only narrow the gap between a programme and its certificate; where
# they are out of reach the solver's own are taken.
_TIGHT = 1e-10


def require_cvxpy() -> Any:
    """Return cvxpy, or say how to install it.

    Raises
    ------
    InvalidInput
        If it is not installed (the extra ``convex``).
    """
    try:
        import cvxpy
    except ModuleNotFoundError:
        raise InvalidInput("convex programmes need cvxpy: pip install 'logitbounds[convex]'") from None
    return cvxpy


def solve(programme: Any, tight: bool = False) -> None:
    """Solve, to tight tolerances if the solver can; what it says is checked elsewhere, so a poor answer is no error.

    Parameters
    ----------
    programme
        A ``cvxpy.Problem``; its variables are set.
    tight
        Ask for tolerances of `_TIGHT` before those of the solver.

    Raises
    ------
    DegenerateInput
        If the solver finds no solution.
    """
    cvxpy = require_cvxpy()
    tight_options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), _TIGHT)
    for options in (tight_options, {}) if tight else ({},):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Solution may be inaccurate")
                programme.solve(solver=cvxpy.CLARABEL, **options)
        except cvxpy.error.SolverError as error:
            raise DegenerateInput(f"first: the programme could not be solved ({error})") from None
        if programme.status == cvxpy.OPTIMAL:
            return
    if programme.status != cvxpy.OPTIMAL_INACCURATE:
        raise DegenerateInput(f"first: the programme could not be solved ({programme.status})")


# --------------------------------------------------------------------------- alignments


@dataclass(frozen=True)
class Alignment:
    """A linear alignment f' -> A f' of least error in some norm, with evidence that there is none better.

    Attributes
    ----------
    matrix
        A, exactly the rationals that its floats are.
    value
        Its error, an upper bound on the least one (exact arithmetic, roots rounded up).
    lower_bound
        No linear map has a smaller error: the value of a dual solution that satisfies its constraints exactly.
    """

    matrix: Float[np.ndarray, "p q"]
    value: float
    lower_bound: float

    @property
    def gap(self) -> float:
        """Error of the alignment minus the lower bound."""
        return self.value - self.lower_bound


def minimax_alignment(X: MatrixLike, Y: MatrixLike) -> Alignment:
    r"""The alignment of least error on the worst input, :math:`\min_A \max_x \|f(x) - A f'(x)\|_2`.

    For users (docs/certificates.md): the map itself, where `theory.measures.variants` has its error alone.

    Parameters
    ----------
    X, Y
        Embeddings f (n, p) and f' (n, q) of the same inputs; Y of full column rank.

    Raises
    ------
    InvalidInput
        If an array is not usable, or cvxpy is not installed (the extra ``convex``).
    NotApplicable
        If the columns of Y are dependent.
    DegenerateInput
        If the solver finds no solution.

    Notes
    -----
    The dual: for vectors v_x with sum_x v_x f'(x)^T = 0 and sum_x ||v_x|| <= 1, every A has
    max_x ||f - A f'|| >= sum_x v_x . (f - A f') = sum_x v_x . f. The solver's v is projected onto the equations in
    exact arithmetic and divided by a rational no less than sum_x ||v_x||.

    References
    ----------
    Derived here.
    """
    return _aligned(X, Y, worst=True)


def least_absolute_alignment(X: MatrixLike, Y: MatrixLike) -> Alignment:
    r"""The alignment of least mean absolute error, :math:`\min_A E_x \|f(x) - A f'(x)\|_2` (not squared).

    For users (docs/certificates.md). A few wild inputs do not move it as they move least squares. Parameters, errors
    and references are those of `minimax_alignment`.

    Notes
    -----
    The dual: (1/n) sum_x v_x . f with sum_x v_x f'(x)^T = 0 and every ||v_x|| <= 1.
    """
    return _aligned(X, Y, worst=False)


def _aligned(X: MatrixLike, Y: MatrixLike, worst: bool) -> Alignment:
    cvxpy = require_cvxpy()
    f, student = exact("X", X), exact("Y", Y)
    if len(f) != len(student):
        raise InvalidInput(f"X and Y: expected the same number of rows, saw {len(f)} and {len(student)}")
    try:
        onto = verifier.product(student, verifier.pseudo_inverse(student))
    except verifier.Invalid:
        raise NotApplicable("Y: its columns are linearly dependent, so that the alignment is not unique") from None
    n, x = len(f), _floats(f)
    size = float(np.max(np.linalg.norm(x, axis=1))) or 1.0
    basis, triangle = np.linalg.qr(_floats(student) / (float(np.max(np.abs(_floats(student)))) or 1.0))
    unit = float(np.max(np.abs(_floats(student)))) or 1.0
    matrix, slack = cvxpy.Variable((basis.shape[1], x.shape[1])), cvxpy.Variable(x.shape)
    errors = cvxpy.norm(slack, 2, axis=1)
    equation = slack == x / size - math.sqrt(n) * basis @ matrix
    programme = cvxpy.Problem(cvxpy.Minimize(cvxpy.max(errors) if worst else cvxpy.sum(errors) / n), [equation])
    solve(programme)
    found = np.linalg.solve(triangle, matrix.value).T * (math.sqrt(n) * size / unit)
    value = _upper_error(f, student, exact("A", found), worst)
    # Signs of multipliers differ between solvers; the better of both is a bound in any case.
    duals = [exact("dual", sign * np.asarray(equation.dual_value)) for sign in (1.0, -1.0)]
    lower = max(_lower_bound(f, onto, dual, worst) for dual in duals)
    return Alignment(found, _up(value), max(0.0, -_up(-lower)))


def _up(x: Fraction) -> float:
    """Round up to a float."""
    near = float(x)
    return near if Fraction(near) >= x else math.nextafter(near, math.inf)


def _norm_above(row: Sequence[Fraction]) -> Fraction:
    """Return a rational at least the Euclidean norm, too large by at most 2^-80 relative."""
    square = sum((x * x for x in row), Fraction(0))
    if not square:
        return Fraction(0)
    bits = 160 + max(0, square.denominator.bit_length() - square.numerator.bit_length())
    return Fraction(math.isqrt(square.numerator * 4**bits // square.denominator) + 1, 2**bits)


def _upper_error(f: Matrix, student: Matrix, a: Matrix, worst: bool) -> Fraction:
    residual = verifier.combined(f, verifier.product(student, verifier.transposed(a)), Fraction(-1))
    norms = [_norm_above(row) for row in residual]
    return max(norms) if worst else sum(norms, Fraction(0)) / len(f)


def _lower_bound(f: Matrix, onto: Matrix, dual: Matrix, worst: bool) -> Fraction:
    v = verifier.combined(dual, verifier.product(onto, dual), Fraction(-1))  # now sum_x v_x f'(x)^T = 0
    norms = [_norm_above(row) for row in v]
    size = sum(norms, Fraction(0)) if worst else len(f) * max(norms)
    paired = sum((p * q for r, s in zip(v, f, strict=True) for p, q in zip(r, s, strict=True)), Fraction(0))
    return paired / size if size else Fraction(0)


def _floats(a: Matrix) -> Float[np.ndarray, "r c"]:
    return np.array([[float(x) for x in row] for row in a])
