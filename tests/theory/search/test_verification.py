"""The verification of theorems, and the meta-tests: a wrong constant, a true twin or a wrong answer must be seen."""

from dataclasses import replace

import numpy as np
import pytest

from theory import InvalidInput
from theory.catalogue import theorems
from theory.evidence import Evidence
from theory.search.ascent import Ascent
from theory.search.plan import Plan
from theory.search.verification import PROFILES, verify_theorem
from theory.statements import FalseTwin, KnownAnswer

TINY = Plan(
    budget=None, rounds=1, shapes=2, pairs=8, ascent=Ascent(steps=20, starts=4, shapes=1), climbs=100, after=False
)
BY_ARITHMETIC = (Evidence.BALL, Evidence.EXACT)
CATALOGUE = theorems()
SHARP = [
    (identifier, i)
    for identifier, theorem in CATALOGUE.items()
    for i, statement in enumerate(theorem.statements)
    if statement.sharp
]
SHARP_IDS = [f"{i}-{CATALOGUE[i].statements[j].name}" for i, j in SHARP]


def alone(theorem, index, **changes):
    """The theorem with one statement only, changed."""
    statement = replace(theorem.statements[index], **changes)
    return replace(theorem, statements=(statement,), twins=(), known_answers=())


def test_a_theorem_is_verified_with_its_twins_and_answers():
    report = verify_theorem(CATALOGUE["T6"], PROFILES["quick"])
    assert report.held
    assert report.all_twins_refuted
    main = report.statements[0].outcome
    assert main.evidence is Evidence.ATTACKED
    assert 0.9999 < main.worst.ratio <= 1.0
    assert main.evaluations > 1000
    assert all(twin.outcome.evidence in BY_ARITHMETIC for twin in report.twins)


def test_the_same_seed_gives_the_same_report():
    first, second = (verify_theorem(CATALOGUE["T5"], TINY, seed=3) for _ in range(2))
    for one, other in zip(first.statements, second.statements, strict=True):
        assert one.outcome.worst.ratio == other.outcome.worst.ratio
        assert one.outcome.strata == other.outcome.strata
    for one, other in zip(first.twins, second.twins, strict=True):
        assert one.refuted == other.refuted
        assert np.array_equal(one.outcome.worst.pair.a.embeddings, other.outcome.worst.pair.a.embeddings)


@pytest.mark.parametrize(("identifier", "index"), SHARP, ids=SHARP_IDS)
def test_a_constant_five_percent_too_small_fails_the_theorem(identifier, index):
    theorem = CATALOGUE[identifier]
    right = theorem.statements[index].constant
    broken = alone(theorem, index, constant=lambda pair: right(pair) * 19 / 20)
    report = verify_theorem(broken, TINY)
    assert not report.held
    assert report.statements[0].outcome.evidence in BY_ARITHMETIC


@pytest.mark.parametrize(("identifier", "index"), SHARP, ids=SHARP_IDS)
def test_a_constant_five_percent_too_large_is_not_sharp(identifier, index):
    theorem = CATALOGUE[identifier]
    right = theorem.statements[index].constant
    loose = alone(theorem, index, constant=lambda pair: right(pair) * 21 / 20)
    report = verify_theorem(loose, TINY)
    assert not report.held
    assert report.statements[0].outcome.verdict == "survived"
    assert max(report.statements[0].sharpness.values()) < 0.999


@pytest.mark.parametrize(
    ("identifier", "index"), [pair for pair in SHARP if CATALOGUE[pair[0]].statements[pair[1]].differentiable]
)
def test_search_alone_finds_a_constant_ten_percent_too_small(identifier, index):
    """Without the extremal families: regimes and ascent must find the violation by themselves."""
    theorem = CATALOGUE[identifier]
    right = theorem.statements[index].constant
    broken = alone(theorem, index, constant=lambda pair: right(pair) * 9 / 10, sharp=())
    report = verify_theorem(broken, PROFILES["quick"])
    assert not report.held
    assert report.statements[0].outcome.worst.found_in != "first pair"


def test_a_wrong_identity_fails():
    theorem = CATALOGUE["T1"]
    right = theorem.statements[5].envelope
    broken = alone(theorem, 5, envelope=lambda pair: right(pair) * (1 + 2.0**-20))
    assert not verify_theorem(broken, TINY).held


def test_a_true_twin_is_not_refuted():
    theorem = CATALOGUE["T6"]
    twin = FalseTwin(replace(theorem.main, name="true_after_all"), "Nothing was changed.")
    report = verify_theorem(replace(theorem, twins=(twin,)), TINY)
    assert report.held
    assert not report.all_twins_refuted


def test_a_wrong_known_answer_fails():
    theorem = CATALOGUE["T6"]
    answer = KnownAnswer("wrong", "3.0", lambda: 2.9)
    report = verify_theorem(replace(theorem, known_answers=(answer,)), TINY)
    assert not report.held
    assert not report.answers[0].ok


def test_a_statement_that_never_applies_does_not_hold():
    theorem = CATALOGUE["T5"]
    nowhere = replace(theorem.statements[0].hypotheses[0], margin=lambda pair: -1.0 - 0.0 * pair.log_min_probability)
    report = verify_theorem(alone(theorem, 0, hypotheses=(nowhere,), sharp=()), TINY)
    assert not report.held
    outcome = report.statements[0].outcome
    assert outcome.worst is None
    assert outcome.not_applicable == outcome.evaluations


def test_rounding_is_not_a_violation():
    """Equal models, shifted labels: both sides are rounding noise, and balls say that the bound holds."""
    theorem = CATALOGUE["T11"]
    index = next(i for i, s in enumerate(theorem.statements) if s.name == "norm_infinity")
    assert verify_theorem(alone(theorem, index), PROFILES["quick"]).held


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(InvalidInput, match="seed: expected a non-negative integer"):
        verify_theorem(CATALOGUE["T6"], TINY, seed=seed)


def test_a_violation_too_small_for_float64_is_seen_in_balls():
    """An identity that is wrong by 1e-20, relatively: float64 sees two equal sides."""
    statement = CATALOGUE["T1"].statements[5]
    right = statement.envelope

    def wrong(pair):
        return right(pair) + right(pair) * 2.0**-66

    report = verify_theorem(alone(CATALOGUE["T1"], 5, envelope=wrong), TINY)
    assert not report.held
    outcome = report.statements[0].outcome
    assert outcome.worst.found_in == "first pair"
    assert outcome.worst.lhs > outcome.worst.rhs == 0.0


def test_what_balls_cannot_clear_is_counted_and_does_not_hold():
    """A side that has no balls: float64 suspects it, and nothing can clear it."""
    theorem = CATALOGUE["T6"]
    right = theorem.main.envelope

    def only_in_floats(pair):
        if pair.a.embeddings.dtype == object:
            raise TypeError("no balls here")
        return 1.001 * right(pair)

    report = verify_theorem(alone(theorem, 0, lhs=only_in_floats, constant=lambda pair: 1.0, sharp=()), TINY)
    outcome = report.statements[0].outcome
    assert not report.held
    assert outcome.verdict == "inconclusive"
    assert outcome.undecided > 100
    assert "balls could not clear them" in outcome.message


# --------------------------------------------------------------------------- what hostile statements taught


def test_rounding_elsewhere_does_not_use_up_the_turn_of_a_violation():
    """Noise of a variance with a huge offset fills every regime, and the bound fails by 20 % for four labels only."""
    offset = 2.0**30

    def variance(pair):
        x = pair.a.embeddings[..., 0] + offset
        return pair.xp.mean(x * x, axis=-1) - pair.xp.mean(x, axis=-1) * pair.xp.mean(x, axis=-1)

    def true_variance(pair):
        x = pair.a.embeddings[..., 0]
        centred = x - pair.xp.mean(x, axis=-1, keepdims=True)
        factor = 5 / 6 if pair.k == 4 else 2.0
        return pair.xp.mean(centred * centred, axis=-1) * factor

    theorem = CATALOGUE["T6"]
    hidden = replace(theorem.main, lhs=variance, envelope=true_variance, constant=lambda pair: 1.0, sharp=())
    report = verify_theorem(replace(theorem, statements=(hidden,), twins=(), known_answers=()), PROFILES["quick"])
    assert not report.held
    assert report.statements[0].outcome.verdict == "refuted"
    assert report.statements[0].outcome.worst.pair.k == 4


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sides_that_are_not_positive_are_judged_too(sign):
    """0 <= 4 max Delta^2 - d^2 and -4 max Delta^2 <= -d^2 are false for many labels, and there is no ratio to climb."""

    def largest(pair):
        return 4 * pair.xp.max(pair.logit_difference * pair.logit_difference, axis=(-2, -1))

    def squared(pair):
        return pair.xp.mean(pair.xp.sum(pair.logit_difference * pair.logit_difference, axis=-1), axis=-1)

    theorem = CATALOGUE["T6"]
    sides = {
        1.0: (lambda pair: 0.0 * squared(pair), lambda pair: largest(pair) / 4 - squared(pair)),
        -1.0: (lambda pair: -1.0 * largest(pair) / 4, lambda pair: -1.0 * squared(pair)),
    }[sign]
    false = replace(theorem.main, lhs=sides[0], envelope=sides[1], constant=lambda pair: 1.0, sharp=())
    report = verify_theorem(replace(theorem, statements=(false,), twins=(), known_answers=()), TINY)
    assert report.statements[0].outcome.verdict == "refuted"


@pytest.mark.parametrize("seed", [3, 6])
@pytest.mark.slow  # verifies a theorem for each seed
def test_other_seeds_hold_as_well(seed):
    report = verify_theorem(CATALOGUE["T13"], TINY, seed=seed)
    assert report.held
    assert report.all_twins_refuted
