"""Non-negative forms: accepted when they are, rejected when not, and whatever is changed is seen."""

import sympy as sp

from theory.proofs.identity import Algebra, letters
from theory.proofs.psd import (
    Consequence,
    PositiveCoefficients,
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
