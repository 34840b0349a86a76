"""A claim as something to be maximised: what counts as an answer, what is counted, and that claims cannot cheat."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest

from tests.theory.search.naive import arrays
from theory import Budget, Claim, Domain, InvalidInput, NotApplicable
from theory.catalogue import theorem
from theory.pairs.constructions import Shape
from theory.pairs.strata import draw
from theory.search.arrays import arrays_of, each_of, pair_of
from theory.search.evaluators import Malformed
from theory.search.objective import BudgetSpent, Objective, Tally, score
from theory.search.outcome import Coverage
from theory.search.statement_claims import claim_of
from theory.silence import quietly

ONE = Budget(seconds=None, evaluations=1)
MANY = Budget(seconds=None, evaluations=10_000)


def objective(function, budget=MANY, domain=None, **options):
    return Objective(Claim(function, "tried", domain=domain or Domain()), budget, **options)


def constant(lhs, rhs):
    return lambda pair: (lhs, rhs)


# --------------------------------------------------------------------------- budgets


def test_a_budget_is_ten_seconds():
    assert (Budget().seconds, Budget().evaluations) == (10.0, None)
    assert Budget(seconds=3).seconds == 3
    assert Budget(seconds=None, evaluations=1).evaluations == 1


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        ({"seconds": None}, "seconds and evaluations: expected at least one limit, saw none"),
        *(({"seconds": wrong}, "seconds: expected a positive number, saw") for wrong in
          (0, -1.0, math.inf, math.nan, True, "10", 1j)),
        *(({"evaluations": wrong}, "evaluations: expected a positive integer, saw") for wrong in
          (0, -1, 1.0, True, "10", np.int64(3))),
    ],
)  # fmt: skip
def test_budgets_that_are_none_are_refused(limits, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Budget(**limits)


def test_the_budget_of_evaluations_is_exact():
    asked = []
    tried = objective(lambda pair: (asked.append(1), (0.0, 1.0))[1], Budget(seconds=None, evaluations=7))
    for i in range(7):
        assert tried.spent == i / 7
        tried.score(arrays(), "here")
    with pytest.raises(BudgetSpent):
        tried.score(arrays(), "here")
    with pytest.raises(BudgetSpent):
        tried.charge(1)
    assert (len(asked), tried.evaluations, tried.fates["value"]) == (7, 7, 7)
    tried.limited = False
    tried.score(arrays(), "here")
    assert (len(asked), tried.evaluations) == (8, 8)


def test_other_work_is_charged_and_time_counts():
    tried = objective(constant(0.0, 1.0), Budget(seconds=None, evaluations=8))
    tried.charge(4)
    tried.answer(arrays(), "here")
    assert (tried.evaluations, tried.spent) == (5, 5 / 8)
    late = objective(constant(0.0, 1.0), Budget(seconds=1e-9, evaluations=8))
    assert late.seconds > 0
    assert late.spent > 1
    with pytest.raises(BudgetSpent):
        late.answer(arrays(), "here")
    assert late.evaluations == 0


# --------------------------------------------------------------------------- the score


def test_known_scores():
    assert score(2.0, 1.0) == pytest.approx(math.log(2))
    assert score(1.0, 4.0) == pytest.approx(-2 * math.log(2))
    assert score(3.0, 3.0) == 0.0
    assert score(1.0, 0.0) == 1001.0
    assert score(0.0, -3.0) == 1001.0
    assert score(1.0, -3.0) == 1001.0
    assert score(-1.0, -3.0) == 1000.5
    assert score(0.0, 1.0) == -1001.0
    assert score(-1.0, 3.0) == -1001.0
    assert score(-3.0, -1.0) == -1000.5
    assert score(0.0, 0.0) == score(-2.0, -2.0) == -1000.0
    assert score(5e-324, 1e300) > -2000
    assert score(1e300, 5e-324) < 2000


def test_the_score_tells_violation_from_none():
    rng = np.random.default_rng(0)
    for lhs, rhs in rng.standard_normal((300, 2)) * 10.0 ** rng.integers(-12, 13, (300, 2)):
        assert (score(lhs, rhs) > 0) == (lhs > rhs)
        assert (score(lhs, rhs) < 0) == (lhs < rhs)
        larger = lhs + abs(lhs) / 2
        if (larger > 0) == (lhs > 0):
            assert score(larger, rhs) >= score(lhs, rhs)


def test_ratios_are_above_equality_and_equality_above_what_has_none():
    ordered = [score(*sides) for sides in ((1.0, -1.0), (2.0, 1.0), (1.0, 1.0), (0.5, 1.0), (0.0, 0.0), (0.0, 1.0))]
    assert ordered == sorted(ordered, reverse=True)
    assert len(set(ordered)) == 6


# --------------------------------------------------------------------------- counting


def test_every_fate_is_counted():
    answers = iter([(1.0, 2.0), (math.nan, math.nan), (math.nan, 1.0), (1.0, math.nan), (math.inf, 1.0),
                    (math.inf, math.inf), (1.0, -math.inf), (1.0, math.inf), (-math.inf, 1.0), (0.0, 0.0)])  # fmt: skip
    tried = objective(lambda pair: next(answers))
    fates = [tried.answer(arrays(), "here")[0] for _ in range(10)]
    assert fates == ["value", "not applicable", *["nan"] * 5, *["value"] * 3]
    assert tried.fates == {"value": 4, "not applicable": 1, "nan": 5}
    assert tried.tallies["here"].frozen() == Coverage(evaluations=10, not_applicable=6, best=0.5)
    assert tried.evaluations == 10


def test_what_declines_or_raises_is_counted_and_described():
    errors = iter([NotApplicable("no"), ValueError("a\n  b"), ValueError("a b"), KeyError(), ZeroDivisionError()])

    def raising(pair):
        raise next(errors)

    tried = objective(raising)
    for label in ("here", "there", "there", "there", "there"):
        fate, lhs, rhs = tried.answer(arrays(), label)
        assert fate == ("not applicable" if label == "here" else "raised")
        assert math.isnan(lhs)
        assert math.isnan(rhs)
    assert tried.exceptions == {"ValueError: a b": 2, "KeyError": 1, "ZeroDivisionError": 1}
    assert tried.fates == {"not applicable": 1, "raised": 4}
    assert tried.tallies == {"here": Tally(1, 1), "there": Tally(4, 4)}
    always = objective(lambda pair: 1 / 0)
    assert always.score(arrays(), "here") == -1e6
    assert always.best is None


def test_a_long_complaint_is_cut():
    def raising(pair):
        raise ValueError("x" * 500)

    tried = objective(raising)
    tried.answer(arrays(), "here")
    (line,) = tried.exceptions
    assert len(line) < 170


def test_malformed_answers_end_the_attack():
    with pytest.raises(Malformed, match="this one returned None"):
        objective(lambda pair: None).answer(arrays(), "here")


@pytest.mark.parametrize("wild", [1e61, math.inf, math.nan])
def test_what_is_far_out_is_not_looked_at(wild):
    def asked(pair):
        raise AssertionError("the claim was asked")

    f, g, f2, g2 = arrays()
    tried = objective(asked)
    for blocks in ((f * wild, g, f2, g2), (f, g, f2, g2 * wild)):
        assert tried.score(blocks, "here") == -1e6
    assert tried.fates == {"out of reach": 2}
    near = objective(constant(0.0, 1.0), largest=1e4)
    assert near.answer((f * 1e5, g, f2, g2), "here")[0] == "out of reach"
    assert near.answer(arrays(), "here")[0] == "value"


def test_the_heart_beats_every_sixty_fourth_time():
    beats = []
    tried = objective(constant(0.0, 1.0), heartbeat=lambda: beats.append(tried.evaluations))
    for _ in range(130):
        tried.answer(arrays(), "here")
    assert beats == [0, 64, 128]


# --------------------------------------------------------------------------- scores of pairs, and the best of them


def test_the_best_pair_is_kept_with_its_history():
    sides = iter([(1.0, 4.0), (1.0, 8.0), (1.0, 2.0), (0.0, 1.0), (1.0, 1.0)])
    tried = objective(lambda pair: next(sides))
    pairs = [arrays(seed=i) for i in range(5)]
    scores = [tried.score(pair, f"from {i}") for i, pair in enumerate(pairs)]
    assert scores == [score(1, 4), score(1, 8), score(1, 2), -1001.0, 0.0]
    assert tried.best.score == 0.0
    assert tried.best.arrays is pairs[4]
    assert (tried.best.lhs, tried.best.rhs) == (1.0, 1.0)
    assert (tried.best.label, tried.best.evaluation) == ("from 4", 5)
    assert tried.tops == [tried.best]
    assert [(p.evaluations, p.ratio, p.found_in) for p in tried.history] == [
        (1, 0.25, "from 0"), (3, 0.5, "from 2"), (5, 1.0, "from 4")]  # fmt: skip
    assert tried.fates["ratio"] == 4
    assert tried.fates["held"] == 5
    assert tried.fates["negative"] == 0


def test_what_is_outside_the_domain_is_no_best_pair():
    tried = objective(constant(1.0, 2.0))
    assert tried.score(arrays(n=1), "here") == score(1, 2)
    assert tried.best is None
    assert tried.score(arrays(), "here") == score(1, 2)
    assert tried.best is not None


class Noting:
    """A judge that gives every suspect the same score, and writes down what it was asked."""

    def __init__(self, deserved):
        self.deserved, self.asked, self.passed_over = deserved, [], 0

    def rule(self, found, of_batch):
        self.asked.append((found.arrays, found.lhs, found.rhs, found.label, of_batch))
        return replace(found, score=found.score if self.deserved is None else self.deserved)

    def pass_over(self, count):
        self.passed_over += count


def judged(lhs, rhs, deserved, pair, **options):
    """The score of a pair under a judge, and what the judge was asked."""
    judge = Noting(deserved)
    return objective(constant(lhs, rhs), judge=judge, **options).score(pair, "here"), judge.asked


def test_apparent_violations_are_judged():
    pair = arrays()
    reached, asked = judged(2.0, 1.0, None, pair)
    assert reached == pytest.approx(math.log(2))
    assert asked == [(pair, 2.0, 1.0, "here", False)]
    assert judged(2.0, 1.0, -1e6, pair)[0] == -1e6
    assert judged(1 + 1e-7, 1.0, 0.0, pair)[0] == 0.0
    assert judged(1 + 1e-13, 1.0, None, pair) == (0.0, [])  # nothing that rounding would not do
    assert judged(1.0, 1.0, None, pair) == (0.0, [])
    assert judged(1.0, 2.0, None, pair)[1] == []
    assert judged(2.0, 1.0, None, arrays(n=1)) == (-1e6, [])  # outside of the domain
    assert judged(1e-300, 0.0, None, pair)[1] != []


def test_what_the_judge_condemns_is_no_best_pair():
    for deserved, kept in ((-1e6, False), (0.0, True)):
        tried = objective(constant(2.0, 1.0), judge=Noting(deserved))
        tried.score(arrays(), "here")
        assert (tried.best is not None) is kept


def test_differences_are_taken_against_a_power_of_the_logit_distance():
    f, g, f2, g2 = np.array([[1.0]]), np.array([[0.0], [2.0]]), np.array([[0.0]]), np.array([[0.0], [2.0]])
    domain = Domain(inputs=(1, 2))  # the centred logits are (-1, 1) and (0, 0): their distance is the root of two
    found = [objective(constant(-3.0, 1.0), domain=domain, exponent=i).score((f, g, f2, g2), "here") for i in range(3)]
    assert found == pytest.approx([-4.0, -4 / math.sqrt(2), -2.0])
    twice = np.vstack([f, f]), g, np.vstack([f2, f2]), g2  # an average over inputs
    assert objective(constant(-3.0, 1.0), domain=domain, exponent=2).score(twice, "here") == pytest.approx(-2.0)
    equal = objective(constant(1.0, 1.0), domain=domain, exponent=1).score((f, g, f, g), "here")
    assert equal == 0.0


# --------------------------------------------------------------------------- batches


def batch(count=12):
    return draw("independent", np.random.default_rng(1), Shape(n=3, k=4, m=2, batch=(count,)))


def statement(**changes):
    return claim_of(replace(theorem("T6").main, **changes))


def constant_sides(lhs, rhs):
    """A statement whose sides are given functions of the number of a pair, told by its first entry."""

    def side(values):
        return lambda pair: pair.xp.asarray(values)[np.rint(pair.a.embeddings[..., 0, 0]).astype(int)]

    return statement(lhs=side(lhs), envelope=side(rhs), constant=lambda pair: 1.0)


def numbered(count):
    f, g, f2, g2 = (block.copy() for block in arrays_of(batch(count)))
    f[:, 0, 0] = np.arange(count)
    return pair_of((f, g, f2, g2))


def test_a_statement_is_scored_in_a_batch_as_pair_by_pair():
    together, alone = (Objective(statement(), MANY) for _ in range(2))
    scores = together.scores(batch(), "here")
    assert scores == pytest.approx([alone.score(one, "here") for one in each_of(arrays_of(batch()))], rel=1e-9)
    assert together.fates == +alone.fates
    assert together.tallies["here"].evaluations == alone.tallies["here"].evaluations == 12
    assert together.tallies["here"].best == pytest.approx(alone.tallies["here"].best)
    assert together.best.score == pytest.approx(alone.best.score)
    assert together.history[-1].ratio == pytest.approx(alone.history[-1].ratio)


def test_a_user_s_claim_is_asked_for_one_pair_after_the_other():
    asked = []
    tried = objective(lambda pair: (asked.append(pair.batch), (1.0, 2.0))[1], Budget(None, 5))
    with pytest.raises(BudgetSpent):
        tried.scores(batch(), "here")
    assert asked == [()] * 5


def test_a_budget_ends_within_a_batch():
    tried = Objective(statement(), Budget(None, 20))
    assert len(tried.scores(batch(), "here")) == 12
    assert len(tried.scores(batch(), "here")) == 8
    assert tried.evaluations == 20
    with pytest.raises(BudgetSpent):
        tried.scores(batch(), "here")


def test_what_is_far_out_in_a_batch_is_left_out():
    f, g, f2, g2 = (block.copy() for block in arrays_of(batch()))
    f[3], g2[5, 0, 0] = 1e61, math.nan
    tried = Objective(statement(), MANY)
    scores = tried.scores(pair_of((f, g, f2, g2)), "here")
    assert np.flatnonzero(scores < -1e5).tolist() == [3, 5]
    assert tried.fates["out of reach"] == 2
    assert tried.fates["value"] == 10
    assert tried.evaluations == 12


def test_of_a_batch_eight_suspects_are_judged_the_highest_first():
    lhs = np.array([1.0, 30.0, 2.0, 29.0, *range(4, 14), 0.5, 1.0 + 1e-12])
    judge = Noting(-1e6)
    tried = Objective(constant_sides(lhs, np.ones(16)), MANY, judge=judge)
    scores = tried.scores(numbered(16), "here")
    assert [asked[1] for asked in judge.asked] == [30.0, 29.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0]
    assert all(asked[4] for asked in judge.asked)
    assert judge.passed_over == 5
    assert np.flatnonzero(scores > -1e5).tolist() == [0, 14, 15]
    assert scores[0] == scores[15] == 0.0  # equal to rounding
    assert tried.best.lhs == 1.0 + 1e-12  # which balls should see before the one that is equal
    assert tried.tallies["here"].best == 1.0 + 1e-12


def test_what_the_judge_corrects_is_kept_as_corrected():
    class Correcting(Noting):
        def rule(self, found, of_batch):
            return replace(super().rule(found, of_batch), lhs=0.25, rhs=1.0, score=math.log(0.25))

    tried = Objective(constant_sides(np.array([0.1, 5.0, 0.2]), np.ones(3)), MANY, judge=Correcting(None))
    tried.scores(numbered(3), "here")
    assert (tried.best.lhs, tried.best.rhs) == (0.25, 1.0)
    assert tried.tallies["here"].best == 0.25


def test_sides_that_are_nothing_but_rounding_are_no_high_place():
    """Both below the rounding of the terms that cancel in them: neither a suspicion nor an attained bound."""

    def always(value):
        return lambda pair: value + 0.0 * pair.log_min_probability

    tiny = statement(lhs=always(1e-17), envelope=always(0.0), constant=lambda pair: 1.0, cancelled=always(1.0))
    tried = Objective(tiny, MANY)
    assert np.all(tried.scores(batch(), "here") == -1000.0)
    assert tried.score(next(each_of(arrays_of(batch()))), "here") == -1000.0


# --------------------------------------------------------------------------- claims that cheat


def test_the_arrays_are_read_only():
    seen = []

    def writes(pair):
        for array in arrays_of(pair):
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 1.0
            seen.append(array.flags.writeable)
        return 0.0, 1.0

    assert objective(writes).answer(arrays(), "here") == ("value", 0.0, 1.0)
    assert seen == [False] * 4


def test_a_claim_that_writes_all_the_same_spoils_nothing():
    met = []

    def spoils(pair):
        met.append([array.copy() for array in arrays_of(pair)])
        for array in arrays_of(pair):
            array.setflags(write=True)
            array[...] = 1e6
        return 1.0, 2.0

    given = arrays()
    before = [array.copy() for array in given]
    tried = objective(spoils)
    for _ in range(3):
        tried.score(given, "here")
    for blocks in (*met, given, tried.best.arrays):
        assert all(np.array_equal(x, y) for x, y in zip(blocks, before, strict=True))


def test_claims_that_print_or_warn_are_silenced(capsys):
    def talks(pair):
        print("listen")
        warnings.warn("look", UserWarning, stacklevel=1)
        return float(np.log(np.zeros(1))[0]), float(np.float64(1) / np.zeros(1)[0])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quietly():
            fate, lhs, rhs = objective(talks).answer(arrays(), "here")
    assert (fate, lhs, rhs) == ("value", -math.inf, math.inf)
    assert capsys.readouterr() == ("", "")
    print("again")
    assert capsys.readouterr().out == "again\n"
    with pytest.warns(UserWarning, match="again"):
        warnings.warn("again", UserWarning, stacklevel=1)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(np.zeros(1))
