"""Falsehoods that a checker of proofs might let through: each was, or nearly was, accepted once."""

from fractions import Fraction

import pytest
import sympy as sp

from theory import InvalidInput
from theory.proofs import verifier
from theory.proofs.identity import Algebra, Identity, WordIdentity, letters
from theory.proofs.psd import PositiveCoefficients, SumOfSquares
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs
from theory.proofs.steps import Status

t = sp.Symbol("t", real=True)
n, k = sp.symbols("n k", positive=True)
H, v = letters("H v")
SQUARE = Algebra({H: (n, n), v: (n, 1)}, symmetric=(H,))


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [(t, 0), (sp.exp(t), 1), (sp.exp(t) - 1 - t, t**2 / 2)],
    ids=["line", "exponential", "twin of T5"],
)
def test_a_chain_needs_an_end_to_begin_at(larger, smaller):
    assert Scalar(larger, smaller, (Range(t),), DerivativeChain(t)).discharged().status is Status.NOT_PROVED


@pytest.mark.parametrize(
    "expression",
    [
        sp.sign(t) - sp.Rational(1, 2),
        sp.Heaviside(t) - sp.Rational(1, 2),
        sp.Piecewise((-1, t <= 0), (1, True)),
        sp.KroneckerDelta(t, 0) * -1,
        -(sp.Integer(0) ** t),
    ],
    ids=["sign", "step", "pieces", "delta", "power of zero"],
)
def test_what_jumps_at_an_end_does_not_hold_there_by_continuity(expression):
    assert Scalar(expression, 0, (Range(t, 0, 1),), Signs()).discharged().status is Status.NOT_PROVED


def test_imaginary_squares_are_no_squares():
    negative = -SQUARE.transposed(v) * v
    assert SumOfSquares(negative, ((1, sp.I * v),), SQUARE).discharged().status is Status.NOT_PROVED
    q = sp.Symbol("q")  # of which nothing is known
    assert SumOfSquares(q**2 * SQUARE.square(v), ((1, q * v),), SQUARE).discharged().status is Status.NOT_PROVED


def test_a_multiple_of_the_identity_counts_once_a_row_in_a_trace():
    # tr (1 - H)^2 is n - 2 tr H + tr H^2; with 1 in place of n it is negative for H = 1, n = 2.
    assert SumOfSquares(n - 2 * H + H * H, ((1, 1 - H),), SQUARE).discharged().status is Status.PROVED
    assert SumOfSquares(1 - 2 * H + H * H, ((1, 1 - H),), SQUARE).discharged().status is Status.NOT_PROVED
    wrong = WordIdentity((1 - H) ** 2, 1 - 2 * H + H * H, SQUARE, trace=True)
    assert wrong.discharged().status is Status.NOT_PROVED


def test_symmetric_matrices_are_square():
    with pytest.raises(InvalidInput, match="symmetric: expected square matrices"):
        Algebra({v: (n, 1)}, symmetric=(v,))


def test_matrices_of_other_shapes_differ():
    assert Identity(sp.zeros(2, 3), sp.zeros(3, 2)).discharged().status is Status.NOT_PROVED
    assert Identity(sp.Matrix(0, 0, []), sp.Matrix(0, 0, [])).discharged().status is Status.NOT_PROVED
    assert Identity(lambda: sp.eye(2), sp.eye(2)).discharged().status is Status.PROVED


def test_infinities_are_no_coefficients():
    assert PositiveCoefficients(sp.oo, (n,)).discharged().status is Status.NOT_PROVED


def test_of_no_subset_there_is_no_smallest_singular_value():
    # Three labels in three dimensions: no subset of m' + 1 labels, so the false claim has no constant there.
    flat = [[Fraction(int(i == j)) for j in range(3)] for i in range(3)]
    assert list(verifier.pivoted(flat)) == []
    assert not verifier.over_smallest(verifier.pivoted(flat), Fraction(1), Fraction(10**9))
