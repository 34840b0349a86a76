"""What was declared against what was found."""

import pytest

from reports.audit import tables
from reports.audit.results import Audited, standing
from tests.reports.audit.measured import (
    BESIDE,
    FAILS,
    HOLDS,
    UNSETTLED,
    declaring,
)
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, Counterexample, PropertyResult


@pytest.mark.parametrize(
    ("declared", "name", "verdict", "expected"),
    [
        ({"triangle": True}, "triangle", FAILS, "over-claim"),
        ({"triangle": True}, "triangle", HOLDS, "as declared"),
        ({"triangle": True}, "triangle", UNSETTLED, "not settled"),
        ({"symmetric": False}, "symmetric", FAILS, "as declared"),
        ({"symmetric": False}, "symmetric", HOLDS, "better than declared"),
        ({"triangle": True}, "symmetric", HOLDS, "under-claim"),
        ({"triangle": True}, "symmetric", FAILS, ""),
        ({"triangle": True}, "symmetric", UNSETTLED, ""),
        ({"triangle": True}, "deterministic", HOLDS, ""),
        ({"triangle": False}, "symmetric", HOLDS, ""),
        ({}, "triangle", FAILS, ""),
        ({}, "triangle", HOLDS, ""),
        ({"triangle": True}, "triangle", BESIDE, ""),
        ({"invariant_to_affine": True}, "invariant_to_permutation", FAILS, "over-claim"),
        ({"invariant_to_affine": True}, "invariant_to_translation", HOLDS, "as declared"),
        ({"invariant_to_orthogonal": True}, "invariant_to_linear", FAILS, ""),
        ({"invariant_to_affine": False}, "invariant_to_permutation", HOLDS, ""),
    ],
)
def test_how_found_stands_to_declared(declared, name, verdict, expected):
    assert standing(declaring(**declared), name, verdict) == expected


def test_nothing_is_a_claim_of_a_measure_that_was_not_examined():
    audited = Audited(declaring(triangle=True), "1.0", None, why="it does not import")
    assert (audited.overclaims, audited.underclaims, audited.out_of_range) == ((), (), False)


def _audited(adapter, verdicts, scale=1.0):
    results = {
        name: PropertyResult(name, verdict, None, 1, "made up", Counterexample("u = v", {}, values))
        for name, (verdict, values) in verdicts.items()
    }
    found = Conformance("f", "embeddings", False, None, PROPERTY_NAMES, results, 0, 0.0, 1)
    return Audited(adapter, "1.0", found, scale=scale)


def test_a_violation_of_the_size_of_rounding_is_no_overclaim():
    adapter = declaring(triangle=True, zero_on_self=True, symmetric=True)
    values = {
        "zero_on_self": (FAILS, {"D(X, X)": -3e-7}),
        "triangle": (FAILS, {"D(X, Z)": 0.5, "D(X, Y) + D(Y, Z)": 0.4}),
        "symmetric": (FAILS, {"f(X, Y)": "raised ValueError"}),
    }
    audited = _audited(adapter, values)
    assert audited.standing("zero_on_self") == "within rounding"
    assert audited.size("triangle") == pytest.approx(0.1)
    assert audited.overclaims == ("symmetric", "triangle")
    assert [tables.mark(audited, name) for name in values] == ["✗r", "✗o", "✗o"]
    beyond = _audited(declaring(bounded_by_one=True), {"bounded_by_one": (FAILS, {"f(X, Y)": 1 + 1e-7})})
    assert beyond.size("bounded_by_one") == pytest.approx(1e-7)
    # What is small beside one measure's values is large beside another's.
    assert "zero_on_self" in _audited(adapter, values, scale=1e-7).overclaims


def test_an_overclaim_counts_once_with_its_special_cases():
    audited = _audited(
        declaring(invariant_to_affine=True),
        {name: (FAILS, {"u": 1.0, "v": 2.0}) for name in ("invariant_to_linear", "invariant_to_affine")},
    )
    assert audited.standing("invariant_to_linear") == "over-claim"
    assert audited.overclaims == ("invariant_to_affine",)


def test_properties_that_time_ran_out_for_are_named():
    audited = _audited(declaring(), {"symmetric": (HOLDS, {})})
    assert set(audited.unfinished) == set(PROPERTY_NAMES) - {"symmetric"}
