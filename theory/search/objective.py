"""A claim as something to be maximised: evaluated safely, counted, and given a score that climbers can follow."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from jaxtyping import Float

from theory.claims import Claim
from theory.errors import InvalidInput
from theory.models import Pair
from theory.search.arrays import Arrays, arrays_of, each_of, pair_of, taken, within
from theory.search.evaluators import Answers, Evaluator, Fate, evaluator_of, relative_excess
from theory.search.outcome import Coverage, Progress

LOWEST = -1e5
"""A score above it is one of two numbers; below it there is none, and no climber need go there."""
WORST = -1e6
"""The score of what cannot be compared."""

_HUGE = 1e60  # entries beyond are of no use to anybody, and their squares overflow in the claims themselves
_LEAST_RATIO = -900.0  # logarithm below that of any ratio of normal floats (-1416), for a range scores can share
_APART = 1e3  # beyond the logarithm of nearly every ratio: where the scores of sides without a ratio begin
_EQUAL = 1e-9  # relative excess up to which sides that raise no suspicion are equal, rather than nothing but rounding
_BEAT = 64  # evaluations between two words on the progress: many a second, and no cost
_SPARE = 4  # highest pairs kept where balls can correct them, so that one inflated by rounding does not hide the next
_CHECKS_OF_A_BATCH = 8  # suspects of a batch that are judged: noise fills a batch, and violations most often too


class BudgetSpent(Exception):
    """The time or the number of evaluations is used up."""


@dataclass(frozen=True)
class Budget:
    """What an attack may cost; whichever limit is met first ends it.

    Attributes
    ----------
    seconds
        Wall time of the search for a violation; a violation found in time is still confirmed and shrunk.
    evaluations
        Calls of the claim. With this limit alone an attack is reproducible to the last evaluation; with a time
        limit it is the same search, cut off at a moment that depends on the machine.

    Raises
    ------
    InvalidInput
        If a limit is not positive and finite, or there is none.
    """

    seconds: float | None = 10.0
    evaluations: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.evaluations is None:
            raise InvalidInput("seconds and evaluations: expected at least one limit, saw none")
        if self.seconds is not None and not (
            isinstance(self.seconds, int | float) and 0 < self.seconds < math.inf and self.seconds is not True
        ):
            raise InvalidInput(f"seconds: expected a positive number, saw {self.seconds!r}")
        if self.evaluations is not None and not (type(self.evaluations) is int and self.evaluations >= 1):
            raise InvalidInput(f"evaluations: expected a positive integer, saw {self.evaluations!r}")


class Judge(Protocol):
    """Decides about apparent violations."""

    def rule(self, found: Scored, of_batch: bool) -> Scored:
        """Return a pair of the domain with the score that it deserves; a violation that stands does not return.

        Of a batch only so many are brought up, and the judge looks at each; of a climb's suspects it may pass by some.
        """

    def pass_over(self, count: int) -> None:
        """Be told of suspects of a batch that there was no turn for."""


def score(lhs: float, rhs: float) -> float:
    """Return a number that grows with the violation: log(lhs / rhs) where both are positive.

    Elsewhere the sign still tells violation from none: a positive lhs against rhs <= 0 is past every ratio, and
    lhs <= 0 < rhs is before every one.
    """
    if lhs > 0 and rhs > 0:
        return max(math.log(lhs) - math.log(rhs), _LEAST_RATIO)  # also where rhs is infinite
    if lhs > rhs:
        return _APART + relative_excess(lhs, rhs)
    if lhs < rhs:
        return -_APART + relative_excess(lhs, rhs)
    return -_APART  # 0 <= 0: held with nothing to climb on


@dataclass
class Tally:
    """Counts of one regime or climber.

    Attributes
    ----------
    evaluations, useless
        Calls, and how many of them gave no pair of numbers.
    best
        Best ratio.
    """

    evaluations: int = 0
    useless: int = 0
    best: float | None = None

    def raise_to(self, ratio: float) -> None:
        """Take note of a ratio."""
        if self.best is None or ratio > self.best:
            self.best = ratio

    def frozen(self) -> Coverage:
        """Return the counts as plain data."""
        return Coverage(self.evaluations, self.useless, self.best)


@dataclass(frozen=True)
class Scored:
    """A pair of the domain with its score, both sides, where it was met and after how many evaluations."""

    score: float
    arrays: Arrays
    lhs: float
    rhs: float
    label: str
    evaluation: int


@dataclass
class Objective:
    """A claim under attack: every evaluation goes through here and is counted.

    Attributes
    ----------
    claim, budget
        What is attacked, and what that may cost; None where whoever searches ends by himself.
    evaluations, fates, exceptions, tallies, history
        What has happened so far.
    tops
        The pair of the best score so far, within the domain, and of a statement the next best too.
    first
        The first pair that a statement applied to.
    started
        Moment at which the clock was started.
    limited
        Whether the budget is enforced.
    exponent
        None where lhs / rhs is a ratio of positive numbers. Where the sides are of either sign, the power of the
        logit distance that lhs - rhs is divided by, so that a climb cannot get to zero by shrinking everything.
    largest
        Size beyond which arrays are not looked at.
    judge
        Asked about every apparent violation.
    heartbeat
        Called now and then.
    """

    claim: Claim
    budget: Budget | None
    evaluations: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    exceptions: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, Tally] = field(default_factory=dict)
    history: list[Progress] = field(default_factory=list)
    tops: list[Scored] = field(default_factory=list)
    first: Scored | None = None
    started: float = field(default_factory=time.perf_counter)
    limited: bool = True
    exponent: int | None = None
    largest: float = _HUGE
    judge: Judge | None = None
    heartbeat: Callable[[], None] | None = None
    evaluator: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.evaluator = evaluator_of(self.claim)

    @property
    def seconds(self) -> float:
        """Since the attack began."""
        return time.perf_counter() - self.started

    @property
    def spent(self) -> float:
        """Share of the budget that is used up."""
        shares = [0.0]
        if self.budget is not None and self.budget.seconds is not None:
            shares.append(self.seconds / self.budget.seconds)
        if self.budget is not None and self.budget.evaluations is not None:
            shares.append(self.evaluations / self.budget.evaluations)
        return max(shares)

    @property
    def best(self) -> Scored | None:
        """The pair of the best score so far."""
        return self.tops[0] if self.tops else None

    def charge(self, evaluations: int) -> None:
        """Count what was spent on a claim in another way than by asking it.

        Raises
        ------
        BudgetSpent
            If the budget is used up.
        """
        if self.limited and self.spent >= 1:
            raise BudgetSpent
        self.evaluations += evaluations

    # ------------------------------------------------------------------ a pair

    def answer(self, arrays: Arrays, label: str) -> tuple[Fate, float, float]:
        """Evaluate the claim on a fresh copy of a pair.

        Raises
        ------
        BudgetSpent
            Before evaluating, if the budget is used up.
        Malformed
            If the answer is not two numbers.
        """
        if self.limited and self.spent >= 1:
            raise BudgetSpent
        if self.evaluations % _BEAT == 0 and self.heartbeat is not None:
            self.heartbeat()
        tally = self._tally(label)
        self.evaluations += 1
        tally.evaluations += 1
        in_reach = all(np.vdot(array, array) < self.largest * self.largest for array in arrays)  # nor nan
        fate: Fate = "out of reach"
        lhs = rhs = math.nan
        if in_reach:
            answer = self.evaluator.answer(arrays)
            fate, lhs, rhs = answer.fate, answer.lhs, answer.rhs
            if fate == "raised":
                self.exceptions[answer.raised] += 1
        self.fates[fate] += 1
        if fate != "value":
            tally.useless += 1
        elif rhs > 0:
            tally.raise_to(lhs / rhs)
        return fate, lhs, rhs

    def _tally(self, label: str) -> Tally:
        tally = self.tallies.get(label)
        if tally is None:
            tally = self.tallies[label] = Tally()
        return tally

    def score(self, arrays: Arrays, label: str) -> float:
        """Evaluate and return the score, keeping the best pair of the domain."""
        fate, lhs, rhs = self.answer(arrays, label)
        if fate != "value":
            return WORST
        if lhs < 0 or rhs < 0:
            self.fates["negative"] += 1
        elif lhs > 0 and rhs > 0:
            self.fates["ratio"] += 1
        found = Scored(self._score(arrays, lhs, rhs), arrays, lhs, rhs, label, self.evaluations)
        if lhs <= rhs:
            self.fates["held"] += 1
        elif not self.evaluator.suspects(arrays, lhs, rhs):
            found = replace(found, score=_unsuspected(lhs, rhs))
        elif self.judge is not None:
            if not within(self.claim.domain, arrays):
                return WORST
            found = self.judge.rule(found, of_batch=False)
        self._keep(found)
        return found.score

    def _score(self, arrays: Arrays, lhs: float, rhs: float) -> float:
        return score(lhs, rhs) if self.exponent is None else _difference(arrays, lhs, rhs, self.exponent)

    def _keep(self, found: Scored) -> None:
        """Keep a pair of the domain if it is among the highest."""
        room = _SPARE if self.evaluator.at_once else 1
        if found.score <= LOWEST or (len(self.tops) >= room and not self._height(found) > self._height(self.tops[-1])):
            return
        if not within(self.claim.domain, found.arrays):
            return
        if (self.best is None or found.score > self.best.score) and found.rhs > 0:
            self.history.append(Progress(self.evaluations, found.lhs / found.rhs, found.label))
        self.tops = sorted([*self.tops, found], key=self._height, reverse=True)[:room]

    def _height(self, one: Scored) -> tuple[float, float]:
        """Return what pairs are ranked by: where equal to rounding, those of a statement by what balls should see."""
        return one.score, relative_excess(one.lhs, one.rhs) if self.evaluator.at_once else 0.0

    # ------------------------------------------------------------------ a batch

    def scores(self, batch: Pair, label: str) -> Float[np.ndarray, " b"]:
        """Evaluate a batch, a pair at a time if need be, and return the scores, keeping the best pair of the domain.

        Where the budget ends within the batch its rest is left out.

        Raises
        ------
        BudgetSpent
            If the budget is used up.
        """
        arrays = arrays_of(batch)
        if not self.evaluator.at_once:
            return np.array([self.score(one, label) for one in each_of(arrays)])
        if self.limited and self.spent >= 1:
            raise BudgetSpent
        if self.heartbeat is not None:
            self.heartbeat()
        count = len(arrays[0])
        if self.limited and self.budget is not None and self.budget.evaluations is not None:
            count = min(count, self.budget.evaluations - self.evaluations)
        seen = self._in_reach(taken(arrays, slice(count)))
        if len(seen) < len(arrays[0]):
            batch = pair_of(taken(arrays, seen))
        reached = np.full(count, WORST)
        if len(seen):
            answers = self.evaluator.answers(batch)
            self._count(answers, label, count)
            with np.errstate(all="ignore"):
                reached[seen] = self._scored(taken(arrays, seen), answers, label)
        return reached

    def _in_reach(self, arrays: Arrays) -> np.ndarray:
        """Return the numbers of the pairs that are not too far out, nor nan."""
        with np.errstate(all="ignore"):
            sizes = [np.sum(block * block, axis=(-2, -1)) for block in arrays]
        return np.flatnonzero(np.all([size < self.largest * self.largest for size in sizes], axis=0))

    def _count(self, answers: Answers, label: str, evaluations: int) -> None:
        lhs, rhs, valued = answers.lhs, answers.rhs, answers.valued
        tally, values = self._tally(label), int(valued.sum())
        self.evaluations += evaluations
        tally.evaluations += evaluations
        tally.useless += evaluations - values
        self.fates["value"] += values
        self.fates["not applicable"] += len(valued) - values
        self.fates["out of reach"] += evaluations - len(valued)
        # Comparisons with the nan of what has no value are false.
        self.fates["negative"] += int(((lhs < 0) | (rhs < 0)).sum())
        self.fates["ratio"] += int(((lhs > 0) & (rhs > 0)).sum())
        self.fates["held"] += int((lhs <= rhs).sum())

    def _scored(self, arrays: Arrays, answers: Answers, label: str) -> Float[np.ndarray, " b"]:
        """Return the scores of a batch, suspects judged, and keep the highest and the first."""
        lhs, rhs = answers.lhs.copy(), answers.rhs.copy()
        reached = np.full(len(lhs), WORST)
        positive = (lhs > 0) & (rhs > 0) if self.exponent is None else np.zeros(len(lhs), dtype=bool)
        reached[positive] = np.maximum(np.log(lhs[positive]) - np.log(rhs[positive]), _LEAST_RATIO)
        for other in np.flatnonzero(answers.valued & ~positive):
            reached[other] = self._score(taken(arrays, other), float(lhs[other]), float(rhs[other]))
        for above in np.flatnonzero((lhs > rhs) & ~answers.suspect):
            reached[above] = _unsuspected(float(lhs[above]), float(rhs[above]))

        def found(i: int) -> Scored:
            return Scored(float(reached[i]), taken(arrays, i), float(lhs[i]), float(rhs[i]), label, self.evaluations)

        if self.first is None and answers.valued.any():
            self.first = found(int(np.argmax(answers.valued)))
        suspects = [int(i) for i in np.flatnonzero(answers.suspect)]
        for i, one in zip(suspects, self._judged([found(i) for i in suspects]), strict=True):
            reached[i], lhs[i], rhs[i] = one.score, one.lhs, one.rhs
        ratios = (lhs / rhs)[(reached > LOWEST) & (rhs > 0)]
        if len(ratios):
            self._tally(label).raise_to(float(ratios.max()))
        # The highest speaks for its batch.
        self._keep(max((found(int(i)) for i in np.flatnonzero(reached == reached.max())), key=self._height))
        return reached

    def _judged(self, suspects: list[Scored]) -> list[Scored]:
        """Let the judge put suspects right. The turns are the batch's own: noise elsewhere uses up none of them."""
        if self.judge is None:
            return suspects
        judged, turns = {}, 0
        for i in sorted(range(len(suspects)), key=lambda i: -suspects[i].score):
            inside = within(self.claim.domain, suspects[i].arrays)
            turns += inside
            turn = inside and turns <= _CHECKS_OF_A_BATCH
            try:
                judged[i] = self.judge.rule(suspects[i], of_batch=True) if turn else replace(suspects[i], score=WORST)
            except Exception:  # it stands, and what is next is not the score
                if suspects[i].rhs > 0:
                    self._tally(suspects[i].label).raise_to(suspects[i].lhs / suspects[i].rhs)
                raise
        if turns > _CHECKS_OF_A_BATCH:
            self.judge.pass_over(turns - _CHECKS_OF_A_BATCH)
        return [judged[i] for i in range(len(suspects))]


def _unsuspected(lhs: float, rhs: float) -> float:
    """Return the score of sides that are equal to rounding, or so small that rounding is all there is of them."""
    return 0.0 if relative_excess(lhs, rhs) <= _EQUAL else -_APART


def _difference(arrays: Arrays, lhs: float, rhs: float, exponent: int) -> float:
    f, g, f2, g2 = arrays
    apart = f @ (g - g.mean(axis=0)).T - f2 @ (g2 - g2.mean(axis=0)).T
    size = math.sqrt(float(np.vdot(apart, apart)) / len(f)) ** exponent
    return (lhs - rhs) / max(size, 1e-300)  # no division by zero, for equal models
