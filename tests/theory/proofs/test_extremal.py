"""Limits and exact values: right ones are proved, wrong or inexact ones are not."""

import pytest
import sympy as sp

from theory.errors import InvalidInput
from theory.proofs.extremal import Limit, Value
from theory.proofs.steps import Status

x, tau = sp.symbols("x tau", positive=True)
ZERO, ONE, TWO = map(sp.Integer, (0, 1, 2))

TRUE = {
    "coins": Limit(2 * sp.tanh(x / 2) / x, x, ZERO, ONE),
    "a parameter": Limit(
        tau * x**2 / sp.log(1 - tau + tau * sp.cosh(x)), x, ZERO, TWO, sample={tau: sp.Rational(1, 9)}
    ),
    "at infinity": Limit(x * sp.exp(-x), x, sp.oo, ZERO),
    "from below": Limit(sp.sqrt(1 - x), x, ONE, ZERO, side="-"),
    "a constant": Limit(sp.Integer(3), x, ZERO, sp.Integer(3)),
    "an exact value": Value(lambda: sum(sp.cos(2 * sp.pi * j / 5) ** 2 for j in range(5)), sp.Rational(5, 2)),
    "a closed form": Value(lambda: (x**2 - 1) / (x - 1), x + 1),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_right_limit_is_proved_and_no_wrong_one(name):
    assert TRUE[name].discharged().status is Status.PROVED
    assert TRUE[name].method == "extremal"
    perturbations = list(TRUE[name].perturbed())
    assert len(perturbations) >= 2
    for what, wrong in perturbations:
        assert wrong.discharged().status is Status.NOT_PROVED, what


def test_a_limit_that_does_not_exist_is_not_proved():
    assert Limit(sp.sin(1 / x), x, ZERO, ZERO).discharged().status is Status.NOT_PROVED
    assert Limit(sp.Function("f")(x), x, ZERO, ONE).discharged().status is Status.NOT_PROVED


def test_evaluation_far_along_the_family_contradicts_a_wrong_limit():
    assert not Limit(sp.tanh(x), x, ZERO, ZERO).contradicted()
    assert Limit(sp.tanh(x), x, ZERO, ONE).contradicted()
    assert Limit(sp.tanh(x), x, sp.oo, ZERO).contradicted()
    assert Limit(sp.sqrt(1 - x), x, ONE, ONE, side="-").contradicted()


def test_a_symbol_without_a_sample_is_refused():
    with pytest.raises(InvalidInput, match="saw none for tau"):
        Limit(tau * x, x, ZERO, ZERO)


def test_floats_are_not_exact():
    half = sp.Rational(1, 2)
    assert Value(lambda: sp.Float(0.5), half).discharged().status is Status.NOT_PROVED
    assert Value(lambda: half, sp.Float(0.5)).discharged().status is Status.NOT_PROVED
    assert Limit(0.5 * x, x, ZERO, ZERO).discharged().status is Status.NOT_PROVED


def test_a_computation_that_fails_is_not_proved():
    assert Value(lambda: 1 / 0, ONE).discharged().status is Status.NOT_PROVED
