r"""Convex programmes: the best constant over all data as a semidefinite programme, and alignments with duality gaps.

The left sides of T2, T3, T8, T9 and T10 and the squared logit distance are linear in the joint second moment
M = E z z^T of z = (f, f'). Over all data distributions, for given unembeddings, the best constant is therefore

.. math:: \max_{M \succeq 0} \langle Q, M\rangle \ \text{ subject to } \langle R, M\rangle \le 1
          \;=\; \min \{C : C R - Q \succeq 0\}.

The left side of T4's relaxation, min_B E||u - B u'||^2, is concave in M: with Y the part of E f f^T that f' explains
linearly, a semidefinite programme by Schur complement. Solvers give floats; `theory.proofs.certificates` makes exact
statements of them.

References
----------
S. Boyd, L. Vandenberghe, "Convex Optimization" (2004), chapters 4 and 5. The programmes are derived here.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.errors import DegenerateInput, InvalidInput, NotApplicable
from theory.proofs import verifier
from theory.proofs.certificates import Arrays, Certificate, certify, exact, problem, rounded, whitened
from theory.proofs.verifier import Matrix, Problem


@dataclass(frozen=True)
class BestConstant:
    """The best constant for given arrays, found in two ways.

    Attributes
    ----------
    eigenvalue
        The largest generalised eigenvalue; for T4 it is one, by B = 1 and f' = 0.
    multiplier
        The dual variable of the constraint on the logit distance: the constant C of the bound.
    attained
        The value of the programme at `moment`.
    moment
        The extremal second moment of z = (f, f'), of squared logit distance one.
    """

    eigenvalue: float
    multiplier: float
    attained: float
    moment: Float[np.ndarray, "d d"]


def best_constant(theorem: str, first: Arrays, second: Arrays, probe: Sequence[Any] | None = None) -> BestConstant:
    """Solve the semidefinite programme for the best constant of a theorem over all data distributions.

    Parameters
    ----------
    theorem, first, second, probe
        As in `theory.proofs.certificates.certify`.

    Raises
    ------
    InvalidInput
        If an argument is not usable, or cvxpy is not installed (the extra ``convex``).
    NotApplicable
        If the theorem says nothing of these arrays.
    DegenerateInput
        If the solver finds no solution.
    """
    posed = problem(theorem, first, second, probe)
    try:
        forms = verifier.forms(posed)
    except verifier.Invalid as reason:
        raise NotApplicable(str(reason)) from None
    if theorem == "T4":
        return _regression(posed, forms.logit)
    found = whitened(forms.high, forms.logit)
    size = found.largest
    # In exactly whitened coordinates, where the squared logit distance is the trace of the moment: raw ones can be so
    # badly conditioned that the solver loses five digits.
    cvxpy = _cvxpy()
    moment = cvxpy.Variable(found.left.shape, PSD=True)
    bound = cvxpy.trace(moment) <= 1
    programme = cvxpy.Problem(cvxpy.Maximize(cvxpy.trace((found.left / size) @ moment)), [bound])
    _solve(programme, tight=True)
    basis = _floats(found.basis) / found.scales[:, None]
    raw = basis.T @ moment.value @ basis
    return BestConstant(size, size * float(bound.dual_value), size * float(programme.value), raw)


def _regression(posed: Problem, logit: Matrix) -> BestConstant:
    """Maximise min_B E||u - B u'||^2 = tr Gc (E f f^T - Y) Gc^T, Y what f' explains of E f f^T."""
    cvxpy = _cvxpy()
    g, h = (_floats(verifier.centred(array)) for array in (posed.first, posed.second))
    m, size = g.shape[1], g.shape[1] + h.shape[1]
    if np.linalg.matrix_rank(h) < h.shape[1]:
        raise NotApplicable("second: expected independent columns, so that regression on u' is regression on f'")
    scale = float(np.trace(_floats(logit))) or 1.0
    moment, explained = cvxpy.Variable((size, size), PSD=True), cvxpy.Variable((m, m), PSD=True)
    corner = np.zeros((size, m))
    corner[:m] = np.eye(m)
    gram = g.T @ g / scale
    bound = cvxpy.trace((_floats(logit) / scale) @ moment) <= 1
    # The largest E f f^T - Y with [[Y, E f f'^T], [E f' f^T, E f' f'^T]] positive semidefinite is the unexplained part.
    schur = moment - corner @ (corner.T @ moment @ corner - explained) @ corner.T >> 0
    unexplained = cvxpy.trace(gram @ (corner.T @ moment @ corner - explained))
    programme = cvxpy.Problem(cvxpy.Maximize(unexplained), [bound, schur])
    _solve(programme, tight=True)
    return BestConstant(1.0, float(bound.dual_value), float(programme.value), moment.value / scale)


def _floats(a: Matrix) -> Float[np.ndarray, "r c"]:
    return np.array([[float(x) for x in row] for row in a])


def _cvxpy() -> Any:
    try:
        import cvxpy
    except ModuleNotFoundError:
        raise InvalidInput("convex programmes need cvxpy: pip install 'logitbounds[convex]'") from None
    return cvxpy


def _solve(programme: Any, tight: bool = False) -> None:
    """Solve, to tight tolerances if the solver can; what it says is checked elsewhere, so a poor answer is no error."""
    cvxpy = _cvxpy()
    tight_options = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
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


# --------------------------------------------------------------------------- the study of random arrays


@dataclass(frozen=True)
class Studied:
    """A random pair of arrays, its certificate, and how long things took.

    Attributes
    ----------
    k, m, other
        Labels and the dimensions of both models.
    certificate
        Of the theorem studied.
    eigenvalue, multiplier
        Of `BestConstant`.
    seconds, verified_in
        To find and certify the constant, without the solver, and to verify.
    verdict
        Of the verifier.
    """

    k: int
    m: int
    other: int
    certificate: Certificate
    eigenvalue: float
    multiplier: float
    seconds: float
    verified_in: float
    verdict: verifier.Verdict


def study(seed: int, count: int, theorem: str = "T2", labels: int = 12, dimensions: int = 4) -> tuple[Studied, ...]:
    """Certify the best constants of `count` random pairs of unembeddings, standard normal on a grid of 2^-10.

    Parameters
    ----------
    seed, count
        The random numbers, and how many pairs.
    theorem
        T2, T3, T4, T9 or T10, or T8 with a random probe.
    labels, dimensions
        The largest k and m; each pair draws m, m' up to `dimensions` and k from m + 1 up to `labels`.
    """
    found = []
    for stream in np.random.default_rng(seed).spawn(count):
        m, other = (int(x) for x in stream.integers(1, dimensions + 1, 2))
        k = int(stream.integers(max(m, other) + 1, labels + 1))
        first, second = (rounded(name, stream.normal(size=(k, d))) for name, d in (("first", m), ("second", other)))
        probe = rounded("probe", stream.normal(size=(1, m)))[0] if theorem == "T8" else None
        started = time.perf_counter()
        certificate = certify(theorem, first, second, probe)
        certified = time.perf_counter()
        verdict = verifier.verify(certificate.text)
        verified = time.perf_counter()
        best = best_constant(theorem, first, second, probe)
        found.append(
            Studied(
                k, m, other, certificate, best.eigenvalue, best.multiplier, certified - started, verified - certified,
                verdict,
            )
        )  # fmt: skip
    return tuple(found)


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


def minimax_alignment(X: Arrays, Y: Arrays) -> Alignment:
    r"""The alignment of least error on the worst input, :math:`\min_A \max_x \|f(x) - A f'(x)\|_2`.

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


def least_absolute_alignment(X: Arrays, Y: Arrays) -> Alignment:
    r"""The alignment of least mean absolute error, :math:`\min_A E_x \|f(x) - A f'(x)\|_2` (not squared).

    A few wild inputs do not move it as they move least squares. Parameters, errors and references are those of
    `minimax_alignment`.

    Notes
    -----
    The dual: (1/n) sum_x v_x . f with sum_x v_x f'(x)^T = 0 and every ||v_x|| <= 1.
    """
    return _aligned(X, Y, worst=False)


def _aligned(X: Arrays, Y: Arrays, worst: bool) -> Alignment:
    cvxpy = _cvxpy()
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
    _solve(programme)
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
