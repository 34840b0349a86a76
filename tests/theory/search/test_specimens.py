"""Statements decided on given pairs, and the margins of their hypotheses there."""

from dataclasses import replace

import numpy as np
import pytest

from theory import Model, Pair
from theory.catalogue import examples, theorem
from theory.evidence import Evidence
from theory.search.specimens import decided_on, with_margins
from theory.search.statement_claims import Assertion, claim_of, claim_on_any_pairs

MAIN = theorem("T6").main


def decided(statement, pairs):
    return decided_on(claim_on_any_pairs(statement), Assertion(statement), pairs)


def test_the_worst_of_the_violations_is_shown():
    """KL <= d^2 / 4 turned round fails on every pentagon: by 125 / .0223 at r = 10."""
    turned = replace(MAIN, lhs=MAIN.rhs, envelope=MAIN.lhs, constant=lambda pair: 1.0)
    outcome = decided(turned, {f"r = {r}": examples.pentagon(r) for r in (1.0, 10.0)})
    assert outcome.verdict == "refuted"
    assert outcome.evidence is Evidence.BALL
    assert outcome.worst is outcome.simplest
    assert outcome.worst.found_in == "r = 10.0"
    assert outcome.worst.ratio == pytest.approx(125 / 0.02227, rel=1e-3)
    assert (outcome.evaluations, outcome.checks, outcome.undecided) == (2, 2, 0)
    assert set(outcome.strata) == {"r = 1.0", "r = 10.0"}


def test_what_holds_and_what_does_not_apply():
    assert decided(MAIN, {"pentagon": examples.pentagon(1.0)}).verdict == "survived"
    binary = Pair(Model([[1.0]], [[0.0], [1.0]]), Model([[0.0]], [[0.0], [1.0]]))
    outcome = decided(theorem("T5").main, {"binary": binary})  # it speaks of three labels or more
    assert outcome.verdict == "inconclusive"
    assert outcome.undecided == 1
    assert "undecided on 1 of the 1" in outcome.message


def test_margins_are_those_of_the_pair_that_is_shown():
    claim = claim_of(theorem("T3").main)
    pair = Pair(*(Model(np.eye(2), np.vstack([np.eye(2), [[0.0, 0.0]]])) for _ in range(2)))
    outcome = decided_on(claim, claim.function, {"equal": pair})
    margins = with_margins(outcome, claim.function).hypotheses
    # Gc of the simplex with a corner at zero has squared singular values 1 and 1/3.
    assert margins["diversity"] == pytest.approx(1 / np.sqrt(3), abs=1e-6)
    assert with_margins(replace(outcome, worst=None), claim.function).hypotheses == {}
