"""The verdicts of `check_metric` on measures with known properties; before it, the table is tested by hand."""

import functools
import math

import numpy as np
import pytest

from tests.theory.conformance import check_the_checks as checks
from tests.theory.conformance.known_metrics import EPS, KNOWN, PROPERTY_NAMES
from tests.theory.search import plain_witnesses as plain
from theory.conformance import PropertyVerdict

SAID = [(name, prop) for name, entry in KNOWN.items() for prop in entry.expected]


def said(verdict, *among):
    """Cases of one verdict, with ids to select by."""
    return [
        pytest.param(name, prop, id=f"{name}-{prop}")
        for name, prop in SAID
        if KNOWN[name].expected[prop] is verdict and (not among or prop in among)
    ]


def test_the_table_speaks_of_every_property_of_twenty_measures_or_more():
    assert len(KNOWN) >= 20
    for name, entry in KNOWN.items():
        assert set(entry.expected) | set(entry.undecided) == set(PROPERTY_NAMES), name
        assert entry.metric.function.__doc__, name


# --------------------------------------------------------------------------- the table itself

INVARIANCES = [name for name in PROPERTY_NAMES if "invariant" in name]


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.FAILS, "symmetric", *INVARIANCES))
def test_what_is_said_to_vary_does(name, prop):
    assert plain.largest_change(KNOWN[name].metric, prop) > plain.APART


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.HOLDS, "symmetric", *INVARIANCES))
def test_what_is_said_to_stay_does(name, prop):
    assert plain.largest_change(KNOWN[name].metric, prop) < plain.TOLERANCE


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.FAILS, "triangle"))
def test_a_triangle_said_to_fail_fails(name, prop):
    measure, (X, Y, Z) = KNOWN[name].metric, plain.TRIPLES[name]
    detour = plain.distance(measure, X, Y) + plain.distance(measure, Y, Z)
    assert plain.distance(measure, X, Z) > 1.01 * detour


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.HOLDS, "nonnegative", "zero_on_self", "triangle"))
def test_an_axiom_said_to_hold_holds_on_plain_draws(name, prop):
    measure = KNOWN[name].metric
    triples = [*plain.draws(measure), *((plain._SMALL, plain._HOT) if measure.on == "models" else (plain._SINES,))]
    for X, Y, Z in triples:
        if name in ("mean_cosine", "rsa_correlation", "rsa_correlation_distance", "correlation_matrix_distance"):
            X, Y, Z = (np.hstack([thing, thing**2, thing**3 - 1]) for thing in (X, Y, Z))
        if name == "standardised_logit_distance":
            X, Y, Z = (plain.model(seed) for seed in (4, 5, 6))
        D = functools.partial(plain.distance, measure)
        if prop == "zero_on_self":
            assert abs(D(X, X)) < 1e-7
        elif prop == "nonnegative":
            assert D(X, Y) >= -4 * EPS
        else:
            assert D(X, Z) <= D(X, Y) + D(Y, Z) + 1e-7


def test_the_maximum_said_to_be_missing_is():
    measure = KNOWN["hsic"].metric
    assert measure(plain.x, plain.x) != pytest.approx(measure(2 * plain.x, 2 * plain.x))


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.FAILS, "bounded_by_one"))
def test_a_bound_said_to_fail_fails(name, prop):
    assert plain.exceeds_one(name)


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.HOLDS, "bounded_by_one"))
def test_a_bound_said_to_hold_holds_on_plain_draws(name, prop):
    measure = KNOWN[name].metric
    for X, Y, Z in plain.draws(measure):
        assert max(abs(float(measure(X, Y))), abs(float(measure(X, Z))), abs(float(measure(X, X)))) <= 1 + 4 * EPS


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.FAILS, "separates_distributions"))
def test_models_said_not_to_be_separated_are_not(name, prop):
    a, b = plain.not_separated(name)
    assert KNOWN["total_variation"].metric(a, b) > 0.1
    assert KNOWN[name].metric(a, b) < 1e-12


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.HOLDS, "separates_distributions"))
def test_models_said_to_be_separated_are(name, prop):
    for other in ("marginal_total_variation", "standardised_logit_distance", "alignment_residual"):
        assert KNOWN[name].metric(*plain.not_separated(other)) > plain.APART


@pytest.mark.parametrize(
    ("name", "prop"), said(PropertyVerdict.FAILS, "controlled_by_logit_distance", "controlled_by_kl")
)
def test_control_said_to_be_lost_is(name, prop):
    measure, (family, levels) = KNOWN[name].metric, plain.loss_of_control(name, prop)
    near = {"controlled_by_logit_distance": "logit_distance", "controlled_by_kl": "kl"}[prop]
    ladder = []
    for level in levels:
        a, b = family(level)
        assert plain.in_class(a)
        assert a.m == b.m
        things = (a, b) if measure.on == "models" else (a.embeddings, b.embeddings)
        ladder.append((KNOWN[near].metric(a, b), plain.distance(measure, *things)))
    assert [step[0] for step in ladder] == sorted((step[0] for step in ladder), reverse=True)
    assert ladder[-1][0] < 1e-6
    assert min(step[1] for step in ladder) > 0.05


@pytest.mark.parametrize(
    ("name", "prop"), said(PropertyVerdict.HOLDS, "controlled_by_logit_distance", "controlled_by_kl")
)
def test_control_said_to_be_kept_is_along_what_costs_others_theirs(name, prop):
    measure = KNOWN[name].metric
    families = [(plain.stretched_gauge, 1.0), (plain.nearly_equal_labels, 1e-8), (plain.reversed_input, 1e-8)]
    if prop == "controlled_by_kl":
        families += [(plain.pentagons, 40.0), (plain.far_more_certain, 1e-8), (plain.doubled_logits, 1e-8)]
    for family, level in families:
        a, b = family(level)
        things = (a, b) if measure.on == "models" else (a.embeddings, b.embeddings)
        assert abs(plain.distance(measure, *things)) < 1e-3


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.HOLDS, "rejects_nan"))
def test_nan_said_to_be_rejected_is(name, prop):
    measure = KNOWN[name].metric
    assert not any(plain.accepts(measure, bad, place) for bad in (math.nan, math.inf, -math.inf) for place in (0, 1))


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.FAILS, "rejects_nan"))
def test_nan_said_to_pass_does(name, prop):
    assert plain.accepts(KNOWN[name].metric, math.nan, 0)


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.HOLDS, "handles_degenerate"))
def test_degenerate_input_gives_a_number_or_a_value_error(name, prop):
    measure, numbers = KNOWN[name].metric, 0
    for X, Y in plain.degenerate(measure):
        try:
            value = measure(X, Y)
        except ValueError:
            continue
        numbers += 1
        assert math.isfinite(value)
    assert numbers


@pytest.mark.parametrize(("name", "prop"), said(PropertyVerdict.FAILS, "handles_degenerate"))
def test_degenerate_input_said_to_be_too_much_is(name, prop):
    measure = KNOWN[name].metric
    assert any(not math.isfinite(measure(X, Y)) for X, Y in plain.degenerate(measure))


# --------------------------------------------------------------------------- what check_metric finds


@pytest.mark.parametrize(("name", "prop"), [pytest.param(*case, id="-".join(case)) for case in SAID])
@pytest.mark.slow  # every property of every known measure, two seconds each
def test_verdict(name, prop):
    result = checks.result_of(KNOWN[name].metric, prop)
    assert result.verdict is KNOWN[name].expected[prop], result.message
