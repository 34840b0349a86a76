"""Scalar inequalities: true ones are proved by each argument, false ones and those beyond it are not."""

import pytest
import sympy as sp
from flint import arb

from theory.errors import InvalidInput
from theory.proofs.scalar import (
    Balls,
    DerivativeChain,
    Range,
    Scalar,
    Signs,
    enclose,
    nonnegative,
    over_labels,
    refuted,
    smooth,
)
from theory.proofs.steps import Status

t, s, u = sp.symbols("t s u", real=True)
UP, DOWN, UNIT = Range(t, 0), Range(t, -sp.oo, 0), Range(t, 0, 1)
HALF = sp.Rational(1, 2)

TRUE = {
    "exponential above its parabola": Scalar(sp.exp(t) - 1 - t, t**2 / 2, (UP,), DerivativeChain(t)),
    "a chain towards minus infinity": Scalar(1 + t**2 / 2, sp.exp(t) - t, (DOWN,), DerivativeChain(t)),
    "a chain with a weight": Scalar(
        (sp.exp(t) - 1) ** 2, t**2, (UP,), DerivativeChain(t, (sp.Integer(1),) * 3 + (sp.exp(-t),))
    ),
    "tanh below its argument": Scalar(t, sp.tanh(t), (UP,), DerivativeChain(t)),
    "a parameter": Scalar(sp.exp(s * t), 1 + s * t, (UP, Range(s, 0, 5)), DerivativeChain(t)),
    "an end that depends on another variable": Scalar(s, t, (UNIT, Range(s, t, 2)), Signs()),
    "concave between its ends": Scalar(s * (1 - s), t * (1 - t), (Range(t, 0, HALF), Range(s, t, 1 - t)), Signs()),
    "a square on the whole line": Scalar(t**2 + s**2, 2 * s * t, (Range(t), Range(s)), Signs()),
    "balls between two zeros": Scalar(sp.exp(-t) - 1 + t, t**2 / sp.E, (UNIT,), Balls((0, 1))),
    "balls with a zero inside": Scalar(sp.cosh(t), 1 + t**2 / 2, (Range(t, -1, 2),), Balls((0,))),
    "balls and a tail": Scalar(sp.exp(t) - 1 - t, t**2 / 2, (UP,), Balls((0,), 2)),
    "balls in two variables": Scalar(
        sp.exp(t) - 1 - t, s * t**2 / 2, (Range(t, -1, 1), Range(s, 0, sp.Rational(1, 10))), Balls((0,))
    ),
    "balls with a logarithm and a root": Scalar(t, 2 * sp.log(1 + t) / sp.sqrt(4), (Range(t, 1, 3),), Balls()),
    "numbers": Scalar(sp.Rational(56, 25), sp.sqrt(5), (), Signs()),
}

FALSE = {
    "past the sharp constant": Scalar(sp.exp(t) - 1 - t, t**2 * sp.Rational(501, 1000), (UP,), DerivativeChain(t)),
    "beyond its range": Scalar(sp.exp(t) - 1 - t, t**2 / 2, (DOWN,), DerivativeChain(t)),
    "the wrong way": Scalar(sp.tanh(t), t, (UP,), DerivativeChain(t)),
    "signs that differ": Scalar(s, t, (UNIT, Range(s, 0, 1)), Signs()),
    "a pole beyond which all is negative": Scalar(1 / (1 - t), sp.Integer(0), (UP,), DerivativeChain(t)),
    "balls, slightly too much": Scalar(
        sp.exp(-t) - 1 + t, t**2 * sp.Rational(3679, 10000), (UNIT,), Balls((sp.Integer(0), sp.Integer(1)))
    ),
    "balls around a zero of the wrong sign": Scalar(t**3, sp.Integer(0), (Range(t, -1, 1),), Balls((0,))),
    "balls, negative inside": Scalar(t**2, sp.Rational(1, 2), (UNIT,), Balls()),
    "a tail that falls": Scalar(sp.Integer(10), t, (UP,), Balls((), 2)),
    "a number that is not exact": Scalar(sp.Float(0.5), HALF, (), Signs()),
    "an end that is not exact": Scalar(t, sp.Integer(0), (Range(t, sp.Float(0.5), 1),), Signs()),
    "a number": Scalar(sp.Rational(22, 10), sp.sqrt(5), (), Signs()),
}

UNDECIDED = {
    "a zero that is not named": Scalar(sp.exp(t) - 1 - t, t**2 / 2, (UNIT,), Balls()),
    "a zero of high order": Scalar(t**6, sp.Integer(0), (UNIT,), Balls((0,))),
    "an unbounded range without a tail": Scalar(sp.exp(t), t, (UP,), Balls()),
    "an irrational end": Scalar(t, sp.Integer(0), (Range(t, 1, sp.E),), Balls()),
    "three variables": Scalar(t + s + u + 1, sp.Integer(0), (UNIT, Range(s, 0, 1), Range(u, 0, 1)), Balls()),
    "a function balls do not know": Scalar(sp.gamma(t), sp.Integer(0), (Range(t, 1, 2),), Balls()),
    "a sum of both signs": Scalar(t**2 - t + 1, sp.Integer(0), (UP,), Signs()),
    "a chain that does not end": Scalar(2 + sp.sin(t), sp.Integer(0), (UP,), DerivativeChain(t)),
    "a weight of no sign": Scalar(sp.exp(t) - 1, t, (UP,), DerivativeChain(t, (t - 1,))),
    "a variable that is not there": Scalar(sp.exp(t) - 1, t, (UP,), DerivativeChain(s)),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_inequality_is_proved(name):
    assert TRUE[name].discharged().status is Status.PROVED


@pytest.mark.parametrize("name", TRUE)
@pytest.mark.slow  # computer algebra refuses a dozen variants of each step
def test_no_perturbation_is_accepted_and_each_has_a_counterexample(name):
    perturbations = list(TRUE[name].perturbed())
    assert perturbations
    for what, scalar in perturbations:
        assert refuted(scalar.gap, scalar.ranges), what
        assert scalar.discharged().status is Status.NOT_PROVED, what


@pytest.mark.parametrize("name", FALSE)
def test_a_false_inequality_is_not_proved(name):
    assert FALSE[name].discharged().status is Status.NOT_PROVED


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_is_beyond_the_argument_is_not_proved(name):
    assert UNDECIDED[name].discharged().status is Status.NOT_PROVED


def test_perturbations_change_the_constant_the_direction_and_the_range():
    kinds = " ".join(what for what, _ in TRUE["exponential above its parabola"].perturbed())
    assert all(word in kinds for word in ("times", "lowered", "reversed", "widened"))


def test_a_range_without_a_variable_or_with_two_is_refused():
    with pytest.raises(InvalidInput, match="saw none for s"):
        Scalar(t + s, sp.Integer(0), (UP,), Signs())
    with pytest.raises(InvalidInput, match="one range for each variable"):
        Scalar(t, sp.Integer(0), (UP, UNIT), Signs())


def test_a_symbol_that_is_declared_positive_is_refused():
    positive = sp.Symbol("x", positive=True)
    with pytest.raises(InvalidInput, match="declared real and no more"):
        Scalar(positive, sp.Integer(0), (Range(positive, -1, 1),), Signs())


def test_ranges_read_as_intervals():
    assert str(UNIT) == "0 <= t <= 1"


def test_the_method_is_scalar():
    assert TRUE["numbers"].method == "scalar"


def test_enclosures_contain_the_value_at_a_point():
    x = sp.Rational(3, 7)
    expression = sp.exp(t) + sp.log(2 + t) * sp.tanh(t) - sp.sqrt(t) / (1 + t) ** 2 + sp.pi * t ** sp.Rational(1, 3)
    expression = expression + sp.E * sp.sinh(t) - sp.cosh(t) + sp.sin(t) * sp.cos(t)
    value = enclose(expression, {t: arb(3) / 7})
    assert abs(float(value) - float(expression.subs(t, x))) < 1e-12
    wide = enclose(expression, {t: arb(3) / 7 + arb(0, 0.125)})
    assert wide.contains(value)


def test_an_enclosure_of_an_unknown_symbol_or_function_is_refused():
    with pytest.raises(InvalidInput, match="expected sums, products, powers"):
        enclose(sp.gamma(t), {t: arb(1)})
    with pytest.raises(InvalidInput, match="saw s"):
        enclose(s + t, {t: arb(1)})


def test_a_sum_over_labels_is_linear_in_the_moments():
    k, total, squares, c = sp.symbols("k S1 S2 c")
    found = over_labels((t - c) ** 2, {sp.Integer(1): k, t: total, t**2: squares})
    assert sp.expand(found - (squares - 2 * c * total + k * c**2)) == 0
    assert over_labels(c**2, {sp.Integer(1): k}) == k * c**2
    numbers = [3, 1, -5, 2]
    at = {k: 4, total: sum(numbers), squares: sum(v * v for v in numbers), c: 7}
    assert found.subs(at) == sum((v - 7) ** 2 for v in numbers)


def test_a_monomial_without_its_sum_is_refused():
    with pytest.raises(InvalidInput, match="sum over labels of t"):
        over_labels(t**3, {t: sp.Symbol("S1")})


def test_signs_are_those_of_terms():
    y = sp.Symbol("y", positive=True)
    assert nonnegative(y**2 + y)
    assert nonnegative(y**2 - 2 * y + 1)
    assert not nonnegative(y**2 - y)


def test_smooth_is_what_cannot_jump():
    y = sp.Symbol("y", positive=True)
    assert smooth(sp.exp(y) / (1 + y) + sp.log(1 + y) * sp.sqrt(y) - y**3)
    assert not smooth(1 / (1 - y))
    assert not smooth(sp.log(y - 1))
    assert not smooth(sp.sqrt(y - 1))
    assert not smooth(sp.floor(y))


def test_a_refutation_needs_a_point_of_the_range():
    assert refuted(t - HALF, (UNIT,))
    assert not refuted(t + HALF, (UNIT,))
    assert refuted(1 - t, (UP,))
    assert refuted(t + 1, (DOWN,))
    assert refuted(t, (Range(t),))
    assert not refuted(sp.log(t - 5), (UNIT,))
