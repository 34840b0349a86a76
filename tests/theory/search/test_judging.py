"""The judge: what stands ends the attack, what is cleared gets the score it deserves, and checks are rationed."""

from dataclasses import replace

import numpy as np
import pytest

from theory import Budget, Claim
from theory.catalogue import theorem
from theory.evidence import Evidence
from theory.search.judging import Judge, Refuted
from theory.search.objective import LOWEST, Objective, Scored
from theory.search.statement_claims import claim_of

MAIN = theorem("T6").main
F, G = np.array([[1.0], [-1.0]]), np.array([[0.0], [1.0], [3.0]])
PAIR = (F, G, 0.5 * F, G)


def judge_of(claim, evaluations=10_000):
    return Judge(Objective(claim, Budget(None, evaluations)))


def suspect(lhs, rhs, label="here"):
    return Scored(1.0, PAIR, lhs, rhs, label, 1)


def test_a_violation_of_a_statement_ends_the_attack():
    judge = judge_of(claim_of(theorem("T6").statement("eighth")))
    flat = (np.array([[1e-3], [1e-3]]), G[:2], -np.array([[1e-3], [1e-3]]), G[:2])
    _, lhs, rhs = judge.objective.answer(flat, "here")
    assert lhs > rhs
    with pytest.raises(Refuted) as caught:
        judge.rule(Scored(0.0, flat, lhs, rhs, "here", 7), of_batch=False)
    witness = caught.value.witness
    assert (witness.lhs, witness.rhs, witness.found_in, witness.evaluation) == (lhs, rhs, "here", 7)
    assert witness.evidence is Evidence.BALL
    assert (judge.checks, judge.doubts, judge.undecided) == (1, 0, 0)


def test_a_suspect_that_balls_clear_gets_the_sides_of_its_balls():
    """Float64 is said to have found 2 > 1 on a pair where T6 holds: balls know better."""
    judge = judge_of(claim_of(MAIN))
    cleared = judge.rule(suspect(2.0, 1.0), of_batch=True)
    _, lhs, rhs = judge.objective.answer(PAIR, "here")
    assert (cleared.lhs, cleared.rhs) == pytest.approx((lhs, rhs), rel=1e-12)
    assert cleared.score == pytest.approx(np.log(lhs / rhs), rel=1e-9)
    assert (judge.checks, judge.of_batches, judge.of_climbs, judge.undecided) == (1, 1, 0, 0)


def test_what_has_no_balls_is_undecided():
    def only_in_floats(pair):
        if pair.a.embeddings.dtype == object:
            raise TypeError("no balls here")
        return MAIN.lhs(pair)

    judge = judge_of(claim_of(replace(MAIN, lhs=only_in_floats)))
    assert judge.rule(suspect(2.0, 1.0), of_batch=False).score < LOWEST
    assert judge.undecided == 1
    judge.pass_over(5)
    assert judge.undecided == 6


def test_of_a_user_s_claim_nothing_is_undecided():
    judge = judge_of(Claim(lambda pair: (1.0, 1.0), "equal"))
    judge.pass_over(5)
    assert judge.undecided == 0


@pytest.mark.parametrize(("excess", "reached"), [(1.0, -1e6), (1e-8, 0.0)], ids=["far above", "just above"])
def test_rounding_of_a_user_s_claim_is_kept_away_from_or_crossed(excess, reached):
    """Float64 loses the one that is added to a great number, and with it what makes the right side the larger one."""

    def rounded(pair):
        lost = (pair.a.embeddings[0, 0] + 1e17) - 1e17
        return 1.0 + 2 * excess, 1.0 + 3 * excess * lost

    judge = judge_of(Claim(rounded, "rounded"))
    fate, lhs, rhs = judge.objective.answer(PAIR, "here")
    assert (fate, lhs, rhs) == ("value", 1.0 + 2 * excess, 1.0)
    assert judge.rule(suspect(lhs, rhs), of_batch=False).score == reached
    assert (judge.checks, judge.doubts) == (1, 1)


@pytest.mark.parametrize("of_batch", [True, False])
def test_noise_of_one_kind_uses_up_no_check_of_the_other(of_batch):
    judge = judge_of(claim_of(MAIN))
    judge.of_batches, judge.of_climbs = (10**6, 0) if of_batch else (0, 10**6)
    judge.rule(suspect(2.0, 1.0), of_batch=of_batch)
    assert (judge.checks, judge.undecided) == (0, 1)  # no turn is left for it
    judge.rule(suspect(2.0, 1.0), of_batch=not of_batch)
    assert (judge.checks, judge.undecided) == (1, 1)


def test_checks_of_climbs_grow_with_the_evaluations():
    judge = judge_of(claim_of(MAIN))
    judge.of_climbs = 60
    judge.rule(suspect(2.0, 1.0), of_batch=False)
    assert judge.checks == 0
    judge.objective.evaluations = 2_000
    judge.rule(suspect(2.0, 1.0), of_batch=False)
    assert judge.checks == 1


def test_settling_corrects_what_rounding_inflated():
    judge = judge_of(claim_of(MAIN))
    inflated = Scored(0.0, PAIR, 1.0 + 1e-10, 1.0, "ascent", 5)
    judge.objective.tops = [inflated]
    judge.objective.first = replace(inflated, label="independent")
    judge.settle()
    (settled,) = judge.objective.tops
    assert settled.lhs < settled.rhs
    assert settled.label == "ascent"
    assert judge.checks == 2
    assert judge.doubts == 0  # nothing was suspected


def test_settling_finds_a_violation_that_float64_takes_for_equality():
    """A side against itself, less a unit in the last place."""
    judge = judge_of(claim_of(replace(MAIN, lhs=MAIN.envelope, constant=lambda pair: 1 - 2.0**-52)))
    judge.objective.first = Scored(0.0, PAIR, 1.0, 1.0, "independent", 1)
    with pytest.raises(Refuted) as caught:
        judge.settle()
    assert caught.value.witness.found_in == "first pair"
