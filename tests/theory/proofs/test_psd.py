"""Non-negative forms: accepted when they are, rejected when not, and whatever is changed is seen."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from theory import InvalidInput
from theory.proofs.identity import Algebra, letters
from theory.proofs.psd import (
    Consequence,
    PositiveCoefficients,
    Psd,
    SumOfSquares,
    TwoEigenspaces,
)
from theory.proofs.steps import Status

k, s = sp.symbols("k s", positive=True)
a, b, c = sp.symbols("a b c", nonnegative=True)
free = sp.Symbol("z", real=True)
x, P = letters("x P")
PROJECTOR = Algebra({x: (k, 1), P: (k, k)}, rules=((P * P, P),), symmetric=(P,))


def proved(obligation):
    return obligation.discharged().status is Status.PROVED


def rejected(obligation):
    variants = list(obligation.perturbed())
    return bool(variants) and not any(proved(variant) for _, variant in variants)


def exact(rows):
    return tuple(tuple(Fraction(entry) for entry in row) for row in rows)


@pytest.mark.parametrize(
    "rows",
    [[[1]], [[0]], [[2, -1], [-1, 2]], [[1, 1], [1, 1]], [[0, 0], [0, 1]], [[1, 1, 1], [1, 1, 1], [1, 1, 2]]],
)
def test_positive_semidefinite(rows):
    assert proved(Psd(exact(rows)))
    assert rejected(Psd(exact(rows)))


@pytest.mark.parametrize("rows", [[[-1]], [[1, 2], [2, 1]], [[0, 1], [1, 5]], [[1, 1, 0], [1, 1, 1], [0, 1, 9]]])
def test_not_positive_semidefinite(rows):
    assert not proved(Psd(exact(rows)))


def test_elimination_agrees_with_eigenvalues():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        size = int(rng.integers(1, 5))
        factor = rng.integers(-3, 4, size=(size, int(rng.integers(1, size + 1))))
        matrix = factor @ factor.T - int(rng.integers(0, 2)) * np.eye(size, dtype=int)
        expected = bool(np.linalg.eigvalsh(matrix).min() > -1e-9)
        seen.add(expected)
        assert proved(Psd(exact(matrix.tolist()))) == expected
    assert seen == {True, False}


def test_a_matrix_off_by_very_little_is_seen():
    tiny = Fraction(1, 10**40)
    assert proved(Psd(exact([[1, 1], [1, 1]])))
    assert not proved(Psd(((Fraction(1), Fraction(1)), (Fraction(1), 1 - tiny))))


def test_bad_matrices_are_refused():
    with pytest.raises(InvalidInput, match="matrix: expected a square matrix"):
        Psd(exact([[1, 2]]))
    with pytest.raises(InvalidInput, match="matrix: expected symmetry"):
        Psd(exact([[1, 2], [3, 1]]))
    with pytest.raises(InvalidInput, match="matrix: expected fractions"):
        Psd(((1.0,),))


def test_two_eigenspaces():
    centring = TwoEigenspaces(sp.Integer(1), -1 / k, k)
    assert proved(centring)
    assert rejected(centring)
    assert proved(TwoEigenspaces(k - 2, sp.Integer(0), k, least=2))
    assert not proved(TwoEigenspaces(k - 2, sp.Integer(0), k, least=1))
    assert not proved(TwoEigenspaces(sp.Integer(1), -2 / k, k))
    assert not proved(TwoEigenspaces(a, sp.Integer(0), k))  # an unknown symbol


def test_positive_coefficients():
    good = PositiveCoefficients((a + b) ** 2 / (1 + a) - a**2 / (1 + a), (a, b))
    assert proved(good)
    assert rejected(good)
    assert proved(PositiveCoefficients(sp.Integer(0), (a,)))
    assert proved(PositiveCoefficients(a / (-1 - b) * -1, (a, b)))
    assert not proved(PositiveCoefficients((a - b) ** 2, (a, b)))  # true, and beyond the method
    assert not proved(PositiveCoefficients(a - 1, (a,)))
    assert not proved(PositiveCoefficients(a * c, (a,)))
    assert not proved(PositiveCoefficients(sp.exp(a), (a,)))
    assert not proved(PositiveCoefficients(sp.sqrt(a) / sp.Float(2.0), (a,)))


def test_sums_of_squares():
    projected = PROJECTOR.square(x) - PROJECTOR.square(P * x)
    good = SumOfSquares(projected, ((1, x - P * x),), PROJECTOR)
    assert proved(good)
    assert rejected(good)
    assert not proved(SumOfSquares(-projected, ((-1, x - P * x),), PROJECTOR))
    assert not proved(SumOfSquares(free * PROJECTOR.square(x), ((free, x),), PROJECTOR))
    assert proved(SumOfSquares(s * PROJECTOR.square(x), ((s, x),), PROJECTOR))
    assert not proved(SumOfSquares(projected, ((1, x + P * x),), PROJECTOR))
    assert not proved(SumOfSquares(projected, ((1, x * P),), PROJECTOR))
    assert not proved(SumOfSquares(sp.Float(0.5) * PROJECTOR.square(x), ((sp.Float(0.5), x),), PROJECTOR))
    assert not proved(SumOfSquares(sp.exp(x), ((1, x),), PROJECTOR))


def test_consequences():
    good = Consequence(a + b - c, ((1, a - c), (2, b / 2)))
    assert proved(good)
    assert rejected(good)
    assert not proved(Consequence(c - a, ((-1, a - c),)))
    assert not proved(Consequence(free * a, ((free, a),)))
    assert proved(Consequence(a - b, ((1, a - c),), ((-1, b - c),)))
    assert not proved(Consequence(sp.Float(0.5) * a, ((sp.Float(0.5), a),)))
    assert not list(Consequence(a - b, (), ((1, a - b),)).perturbed())
