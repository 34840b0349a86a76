r"""Facts on singular values, discharged for matrices of any size from what defines the numbers.

s_min(A)^2 is the largest s^2 for which A^T A - s^2 I is positive semidefinite, that is has a root: A^T A = s^2 I +
R^T R. s_max(A)^2 is the smallest s^2 with s^2 I = A^T A + R^T R. Since s^2 is extreme, R is singular: there is a unit
vector x with R x = 0, at which the number is attained. From there on everything is a sum of squares. Sums of singular
values follow Ky Fan: split at the r-th of them, T = t I + T_+ - T_-, with roots p of T_+ and q of T_-.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.proofs.identity import Algebra, Expression, Identity, Letter, Shape, WordIdentity, letters, transpose
from theory.proofs.psd import SumOfSquares

_rows, _columns, _rank = sp.symbols("N m r", positive=True)
_s, _a, _b = sp.symbols("s a b", positive=True)  # a singular value, and the lengths of two vectors
_t = sp.Symbol("t", nonnegative=True)  # the r-th singular value
_inner = sp.Symbol("x.y", real=True)

A, M, R, x, y, z = letters("A M R x y z")
U, V, T = letters("U V T")
E, F, J_E, J_F, K_E, K_F, h, p, q = letters("E F J_E J_F K_E K_F h p q")

_SHAPES = {A: (_rows, _columns), M: (_columns, _columns), R: (_columns, _columns), x: (_columns, 1), z: (_columns, 1)}
_LEAST = Algebra(_SHAPES, ((transpose(A) * A, _s**2 + transpose(R) * R),))
_LARGEST = Algebra(_SHAPES, ((transpose(A) * A, _s**2 - transpose(R) * R),))


# --------------------------------------------------------------------------- extreme singular values


def smallest_singular_value(
    matrix: Letter = A,
    vector: Expression = x,
    shapes: Mapping[Letter, Shape] | None = None,
    squared: Expression = _s**2,
) -> SumOfSquares:
    """Return s_min(A)^2 ||x||^2 <= ||A x||^2: the difference is ||R x||^2, with A^T A = s^2 I + R^T R.

    Parameters
    ----------
    matrix, vector, shapes
        For A and x, of which x may be a word or a matrix, and the shapes of their letters.
    squared
        The symbol of s_min(A)^2.
    """
    known = dict(_SHAPES if shapes is None else shapes)
    columns = known[matrix][1]
    algebra = Algebra(known | {R: (columns, columns)}, ((transpose(matrix) * matrix, squared + transpose(R) * R),))
    difference = algebra.square(matrix * vector) - squared * algebra.square(vector)
    return SumOfSquares(difference, ((1, R * vector),), algebra)


def largest_singular_value(
    matrix: Letter = A,
    vector: Expression = x,
    shapes: Mapping[Letter, Shape] | None = None,
    squared: Expression = _s**2,
) -> SumOfSquares:
    """Return ||A x||^2 <= s_max(A)^2 ||x||^2: the difference is ||R x||^2, with s^2 I = A^T A + R^T R.

    Parameters
    ----------
    matrix, vector, shapes, squared
        As for the smallest.
    """
    known = dict(_SHAPES if shapes is None else shapes)
    columns = known[matrix][1]
    algebra = Algebra(known | {R: (columns, columns)}, ((transpose(matrix) * matrix, squared - transpose(R) * R),))
    difference = squared * algebra.square(vector) - algebra.square(matrix * vector)
    return SumOfSquares(difference, ((1, R * vector),), algebra)


def largest_eigenvalue(form: Letter = M, vector: Letter = x, largest: Expression = _s) -> SumOfSquares:
    """Return x^T M x <= lambda_max(M) ||x||^2 for symmetric M: lambda I = M + R^T R.

    Parameters
    ----------
    form, vector, largest
        For M, x and lambda_max(M).
    """
    algebra = Algebra(
        {form: (_columns, _columns), R: (_columns, _columns), vector: (_columns, 1)},
        ((form, largest - transpose(R) * R),),
        symmetric=(form,),
    )
    difference = largest * algebra.square(vector) - transpose(vector) * form * vector
    return SumOfSquares(difference, ((1, R * vector),), algebra)


def attained() -> WordIdentity:
    """Return that s_max(A) is attained: ||A x||^2 = s^2 ||x||^2 where R x = 0."""
    there = Algebra(_SHAPES, (*_LARGEST.rules, (R * x, 0)))
    return WordIdentity(there.square(A * x), _s**2 * there.square(x), there)


def largest_of_the_inverse() -> SumOfSquares:
    r"""Return w^T (A^T A)^-1 w <= ||w||^2 / s_min(A)^2.

    With w = A^T A z the difference is (s^2 ||R z||^2 + ||R^T R z||^2) / s^2.
    """
    image = transpose(A) * A * z
    difference = _LEAST.square(image) / _s**2 - _LEAST.transposed(image) * z
    return SumOfSquares(difference, ((1, R * z), (1 / _s**2, transpose(R) * R * z)), _LEAST)


def triangle() -> SumOfSquares:
    """Return ||x + y||^2 <= (||x|| + ||y||)^2: the difference is ||b x - a y||^2 / (a b), a and b the lengths.

    Where one of the vectors is zero both sides are the same.
    """
    vectors = Algebra(
        {x: (_columns, 1), y: (_columns, 1)},
        ((transpose(x) * x, _a**2), (transpose(y) * y, _b**2), (transpose(x) * y, _inner)),
    )
    return SumOfSquares((_a + _b) ** 2 - vectors.square(x + y), ((1 / (_a * _b), _b * x - _a * y),), vectors)


# --------------------------------------------------------------------------- sums of singular values


def trace_by_nuclear_norm() -> SumOfSquares:
    """Return tr(C) <= the sum of singular values, for C = U T^2 V^T with orthonormal columns and T symmetric.

    tr T^2 - tr C is half of ||(U - V) T||^2. A trace is that of the transpose, so C stands beside C^T.
    """
    algebra = Algebra(
        {U: (_columns, _rank), V: (_columns, _rank), T: (_rank, _rank)},
        ((transpose(U) * U, 1), (transpose(V) * V, 1)),
        symmetric=(T,),
    )
    product = U * T * T * transpose(V)
    return SumOfSquares(
        T * T - (product + algebra.transposed(product)) / 2, ((sp.Rational(1, 2), (U - V) * T),), algebra
    )


def ky_fan() -> SumOfSquares:
    """Return tr(T E F^T) <= the sum of the r largest singular values, E and F of r columns and of norm at most one.

    T = h^2 is the diagonal matrix of singular values, t the r-th of them; h^2 = t + p^2 - q^2, and r t + tr p^2 is the
    sum of the r largest. Of norm at most one: E^T E + K^T K = 1 and E E^T + J^T J = 1, the same for F.
    """
    square_ = (_columns, _columns)
    algebra = Algebra(
        {
            E: (_columns, _rank), F: (_columns, _rank), K_E: (_rank, _rank), K_F: (_rank, _rank), J_E: square_,
            J_F: square_, h: square_, p: square_, q: square_,
        },
        (
            (h * h, _t + p * p - q * q),
            *((transpose(k_) * k_, 1 - transpose(e) * e) for k_, e in ((K_E, E), (K_F, F))),
            *((transpose(j) * j, 1 - e * transpose(e)) for j, e in ((J_E, E), (J_F, F))),
        ),
        symmetric=(h, p, q),
    )  # fmt: skip
    cross = transpose(E) * h * h * F
    half = sp.Rational(1, 2)
    return SumOfSquares(
        _rank * _t + p * p - (cross + algebra.transposed(cross)) / 2,
        (
            (half, h * E - h * F), (_t / 2, K_E), (_t / 2, K_F), (half, J_E * p), (half, J_F * p), (half, q * E),
            (half, q * F),
        ),
        algebra,
    )  # fmt: skip


def ky_fan_below() -> SumOfSquares:
    """Return tr(E^T M E) >= the sum of the r smallest eigenvalues, E with r orthonormal columns.

    M = t + p^2 - q^2 with t the r-th from below: r t - tr q^2 is that sum, and E E^T + J^T J = 1.
    """
    square_ = (_columns, _columns)
    algebra = Algebra(
        {E: (_columns, _rank), J_E: square_, M: square_, p: square_, q: square_},
        ((M, _t + p * p - q * q), (transpose(E) * E, 1), (transpose(J_E) * J_E, 1 - E * transpose(E))),
        symmetric=(M, p, q),
    )
    return SumOfSquares(transpose(E) * M * E - _rank * _t + q * q, ((1, p * E), (1, J_E * q)), algebra)


def monotone_trace() -> SumOfSquares:
    """Return tr(E^T A E) <= tr(E^T (A + R^T R) E), the difference being ||R E||^2."""
    algebra = Algebra(
        {E: (_columns, _rank), M: (_columns, _columns), R: (_columns, _columns)}, symmetric=(M,)
    )  # fmt: skip
    larger = M + transpose(R) * R
    return SumOfSquares(transpose(E) * (larger - M) * E, ((1, R * E),), algebra)


def summation_by_parts() -> Identity:
    """Return the step of sum_{j <= n} s_j a_j = sum_{j <= n} (s_j - s_{j+1}) A_j + s_{n+1} A_n, A_j = a_1 + ... + a_j.

    By induction over n: both sides are zero for n = 0, and both grow by s_{n+1} a_{n+1}.
    """
    now, following, total, added = sp.symbols("s_n+1 s_n+2 A_n a_n+1", real=True)
    grown: Expression = (now - following) * (total + added) + following * (total + added) - now * total
    return Identity(grown, now * added)
