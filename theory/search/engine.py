"""The attack on a claim: a budget spent over regimes, shapes and climbers, and the verdict it ends in.

The order of evaluations depends on the seed alone; a time limit only cuts it off. A search goes through rounds. Each
looks at fresh pairs of every regime and shape, and then lets climbers start from the best of them: many at once along
gradients, where the claim has them, and then one by one. A third of the places go to the best starts of all, a third in
turn to each shape, and a third to each number of inputs, because a claim may fail in one shape only, where its ratio is
not the largest at first. Places are halved after every slice of evaluations, and those that are highest or gained most
stay (successive halving); at the end the best start gets the long run that an evolution strategy needs. In every other
round many starts of any height have the same time.

A user's claim is asked pair by pair and a statement of the catalogue batch by batch (`theory.search.evaluators`); how
many rounds there are, and how large they are, is said by a plan (`theory.search.plan`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from theory.claims import Claim
from theory.errors import InvalidInput
from theory.measures.stand_ins import made_of_theory
from theory.models import Pair
from theory.search.arrays import arrays_of, taken, within
from theory.search.charts import chart_around
from theory.search.climbers import EVOLUTION_FROM, METHODS, Climber, Climbers
from theory.search.confirmation import in_balls
from theory.search.evaluators import Malformed
from theory.search.gradients import traced
from theory.search.judging import Judge, Refuted
from theory.search.moves import wander
from theory.search.objective import LOWEST, Budget, BudgetSpent, Objective, Scored, score
from theory.search.outcome import Outcome, Witness
from theory.search.plan import FALSIFY, Plan
from theory.search.quasi_newton import ascend
from theory.search.shrinking import simplest
from theory.search.specimens import decided_on, with_margins
from theory.search.starts import Start, Starts, in_other_shapes
from theory.search.statement_claims import Assertion
from theory.search.survey import survey
from theory.search.verdicts import outcome_of
from theory.silence import quietly

Report = Callable[[int, float | None, float], None]
"""Told now and then: evaluations so far, best ratio, share of the budget used."""

# Round in which a user's claim is asked for gradients, which it may not have: torch takes a second to import, in which
# much falls without it. A statement of the catalogue that outlasts the first look has them, and is worth it.
_GRADIENTS_FROM = 1
_SILENT, _ASKED_AGAIN = 40, 4  # batches in which a shape may decline before it is passed by, but for every fourth
_NEVER = 10**9  # what a shape that has applied is set back by: it is never passed by again
_OF_A_BATCH = 8  # highest pairs of a batch that are remembered as starts
_MOSTLY = 0.3  # share of pairs with a negative side from which on ratios are no guide
# Climbs of a first round, two or three for each of the thirds above; later ones have more, as pools grow.
_SLOTS, _MOST_DOUBLINGS = 8, 2
# Evaluations of a first slice for each entry of the pair: one slope by differences, and a line search along it.
_SLICE = 4
_DOUBLINGS = 5  # of slices, after which the last climber left has had time enough to converge
_MOVED = 3  # best pairs that are carried into other shapes, and as many of the results that are climbed from
_LONG = 200  # evaluations for each entry that an evolution strategy needs to converge in as many coordinates
_SCATTERED, _EQUAL = 60, 16  # climbs of every other round, as many as of the halving ones together, and their length
_OTHERS = 3  # every third of them is not by moves
_CLIMB_TO_WORST = 600  # evaluations after a violation: what a climb in a shape of the default domain takes to converge
_ON = "climbing on"
_LARGEST_OF_WORST = 1e4  # norm of an array: beyond it a ratio without bound only gets harder to read


def falsify(claim: Claim, budget: Budget | None = None, seed: int = 0, progress: Report | None = None) -> Outcome:
    """Attack a claim and say what came of it.

    Parameters
    ----------
    claim
        Asserts ``lhs <= rhs`` for every pair of its domain. A statement of the catalogue about certain specimens is
        decided in balls on each of them, and on nothing else, whatever the budget.
    budget
        Ten seconds by default. A violation found in time is still confirmed, climbed and shrunk afterwards.
    seed
        Same seed and evaluations, same outcome.
    progress
        Called now and then.

    Returns
    -------
    Outcome
        "refuted" with the worst and the simplest violation, "survived" with the closest pair, "inconclusive" where
        there are violations within their error bounds only, or "error" for a claim that is none. Of a statement of the
        catalogue it has the margin of each hypothesis, a dropped one included, on the pair that pages show first.

    Raises
    ------
    InvalidInput
        If an argument is of the wrong type or out of range.

    Notes
    -----
    An interrupt (Ctrl-C) ends the search and gives the outcome so far.
    """
    return attacked(claim, FALSIFY, budget, seed, progress)


def attacked(
    claim: Claim,
    plan: Plan,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Report | None = None,
    starts: Mapping[str, Pair] | None = None,
) -> Outcome:
    """Attack a claim as a plan says: what `falsify` and the verification of theorems are made of.

    Parameters
    ----------
    claim, seed, progress
        As for `falsify`.
    plan
        How to go about it.
    budget
        That of the plan by default.
    starts
        Pairs to look at first, by name; a statement of the catalogue is decided on each in balls.

    Returns
    -------
    Outcome
        As for `falsify`.

    Raises
    ------
    InvalidInput
        If an argument is of the wrong type or out of range.
    """
    if not isinstance(claim, Claim):
        raise InvalidInput(f"claim: expected a function marked with @claim, saw {type(claim).__name__}")
    if type(seed) is not int or seed < 0:
        raise InvalidInput(f"seed: expected a non-negative integer, saw {seed!r}")
    assertion = claim.function if isinstance(claim.function, Assertion) else None
    if assertion is not None and assertion.statement.specimens:
        specimens = {family.name: family.pair(family.parameter) for family in assertion.statement.specimens}
        return with_margins(decided_on(claim, assertion, specimens, seed), assertion)
    objective = Objective(claim, budget or plan.budget)
    with quietly():
        outcome = _Attack(objective, plan, seed, progress, starts or {}).run()
    return outcome if assertion is None else with_margins(outcome, assertion)


@dataclass(eq=False)
class _Attack:
    """The state of one attack."""

    objective: Objective
    plan: Plan
    seed: int
    progress: Report | None
    given: Mapping[str, Pair]
    starts: Starts = field(default_factory=Starts)
    silent: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    interrupted: bool = False

    def __post_init__(self) -> None:
        self.judge = Judge(self.objective)
        self.climbers = Climbers(self.objective, self.starts, self.seed)

    def run(self) -> Outcome:
        objective = self.objective
        objective.judge, objective.heartbeat = self.judge, self._tell
        found: Witness | None = None
        malformed = ""
        try:
            self._search()
        except Refuted as refuted:
            found = refuted.witness
        except Malformed as error:
            malformed = str(error)
        except KeyboardInterrupt:
            self.interrupted = True
        seconds = objective.seconds
        worst, small = found, found
        if found is not None and self.plan.after:
            try:
                worst, small = self._worst_and_simplest(found)
            except Malformed as error:
                malformed = str(error)
            except KeyboardInterrupt:
                self.interrupted = True
        return outcome_of(
            objective, self.judge, worst, small, malformed,
            climbed=self.climbers.ran, interrupted=self.interrupted, seconds=seconds, seed=self.seed,
        )  # fmt: skip

    # ------------------------------------------------------------------ searching

    def _search(self) -> None:
        try:
            self._look_at_given()
            for turn in itertools.count() if self.plan.rounds is None else range(self.plan.rounds):
                self._look(turn)
                if self.objective.fates["value"] == 0:
                    continue
                self._choose_score(turn)
                if turn == (_GRADIENTS_FROM if self.judge.assertion is None else 0):
                    self._trace()
                self.climbers.ascend(turn, self.plan.ascent)
                self._climb(turn)
        except BudgetSpent:
            pass
        self.judge.settle()

    def _look_at_given(self) -> None:
        """Look at the pairs that were handed in, and start from them too, where they lie in the domain."""
        objective = self.objective
        for name, pair in self.given.items():
            arrays = arrays_of(pair)
            reached = objective.score(arrays, name)
            if self.judge.assertion is not None:
                self.judge.require(arrays, name)
            if reached > LOWEST and within(objective.claim.domain, arrays):
                self.starts.remember(Start(reached, arrays, name))

    def _look(self, lap: int) -> None:
        """Draw from every regime at every shape; where all decline, less and less."""
        domain, plan = self.objective.claim.domain, self.plan
        for batch in survey(self.seed, domain, lap, plan.shapes, plan.pairs):
            shape = batch.m, batch.k
            if self._declines(("shape", *shape)) or self._declines(("inputs", batch.n)):
                continue
            drawn = batch.whole()
            scores = np.empty(0) if drawn is None else self.objective.scores(drawn, batch.regime)
            if drawn is not None:
                for i in sorted(np.argsort(-scores, kind="stable")[:_OF_A_BATCH]):
                    if scores[i] > LOWEST:
                        # A copy, as a start outlives its batch.
                        f, g, f2, g2 = (block.copy() for block in taken(arrays_of(drawn), int(i)))
                        self.starts.remember(Start(float(scores[i]), (f, g, f2, g2), batch.regime))
            for key in (("shape", *shape), ("inputs", batch.n)):
                self.silent[key] = -_NEVER if (scores > LOWEST).any() else self.silent.get(key, 0) + 1

    def _declines(self, key: tuple[str | int, ...]) -> bool:
        """Whether a shape, or a number of inputs, has declined so often that it is only asked now and then."""
        count = self.silent.get(key, 0)
        if count < _SILENT:
            return False
        self.silent[key] = count + 1
        return count % _ASKED_AGAIN != 0

    def _choose_score(self, turn: int) -> None:
        """Where sides are often negative, or never both positive, ratios say nothing: climb on differences.

        A difference can be taken as it is, or against a power of the logit distance; each gets its turn.
        """
        fates = self.objective.fates
        if fates["ratio"] > 0 and fates["negative"] < _MOSTLY * fates["value"]:
            return
        self.objective.exponent, self.objective.tops = (0, 2, 1)[turn % 3], []
        for start in self.starts.emptied():
            reached = self.objective.score(start.arrays, start.label)
            if reached > LOWEST:
                self.starts.remember(Start(reached, start.arrays, start.label))

    def _trace(self) -> None:
        """Find out whether the claim has gradients: only one made of this package's functions is worth the import."""
        best, claim = self.objective.best, self.objective.claim
        if best is None or self.objective.exponent is not None or not (best.lhs > 0 and best.rhs > 0):
            return
        ours = self.judge.assertion is not None or (
            made_of_theory(claim.function) and in_balls(claim, best.arrays) is not None
        )
        if ours:
            self.climbers.gradient = traced(claim, best.arrays)

    # ------------------------------------------------------------------ climbing

    def _climb(self, turn: int) -> None:
        until = None if self.plan.climbs is None else self.objective.evaluations + self.plan.climbs
        if turn % 2:
            self._scatter(turn, until)
            return
        climbers: list[Climber] = []
        for i, start in enumerate(self._places(turn)):
            climber = self.climbers.begin(start, turn, i)
            climbers += [climber] if climber else []
        length = _SLICE
        while climbers:
            for climber in climbers:
                if self._over(until):
                    return
                self.climbers.advance(climber, length)
            going = sorted((c for c in climbers if not c.done), key=lambda c: -c.best.score)
            if len(climbers) == 1 and length > _SLICE * 2**_DOUBLINGS:
                break
            # A half stay: those who are highest, and those who rose most, wherever they are.
            room = (len(climbers) + 1) // 2 if len(climbers) > 1 else 1
            high, rest = going[: (room + 1) // 2], going[(room + 1) // 2 :]
            climbers = high + sorted(rest, key=lambda c: -c.gained)[: room - len(high)]
            length *= 2
        self._polish(turn)

    def _over(self, until: int | None) -> bool:
        return until is not None and self.objective.evaluations >= until

    def _places(self, turn: int) -> list[Start]:
        slots = _SLOTS * 2 ** min(turn, _MOST_DOUBLINGS)
        return [*self.starts.places(slots, len(METHODS), turn, self.seed), *self._in_other_shapes(turn)]

    def _in_other_shapes(self, turn: int) -> list[Start]:
        """Carry the best pairs into neighbouring shapes."""
        rng = np.random.default_rng([self.seed, turn, 5])
        moved = []
        for start in self.starts.highest(_MOVED):
            for arrays in in_other_shapes(start.arrays, rng, self.objective.claim.domain):
                reached = self.objective.score(arrays, "other shapes")
                if reached > LOWEST:
                    moved.append(Start(reached, arrays, start.label))
        for start in moved:
            self.starts.remember(start)
        return sorted(moved, key=lambda s: -s.score)[:_MOVED]

    def _polish(self, turn: int) -> None:
        """Give the best start that no evolution strategy has had yet the long run that those need."""
        if turn < EVOLUTION_FROM:
            return
        fresh = self.starts.untried("evolution")
        if fresh:
            climber = self.climbers.begin(max(fresh, key=lambda s: s.score), turn, turn // 2, "evolution")
            if climber is not None:
                self.climbers.advance(climber, _LONG)

    def _scatter(self, turn: int, until: int | None) -> None:
        """Give the same time to many starts of any height: those on the right hill may be low on it.

        Small shapes are taken more often, because there a climb is short.
        """
        rng = np.random.default_rng([self.seed, turn, 9])
        by_shape = self.starts.by_shape
        shapes = sorted(shape for shape, kept in by_shape.items() if kept)
        if not shapes:
            return
        weights = np.array([1.0 / (1 + m) / k for m, k in shapes])
        for place in range(_SCATTERED):
            if self._over(until):
                return
            kept = by_shape[shapes[int(rng.choice(len(shapes), p=weights / weights.sum()))]]
            start = kept[int(rng.integers(0, len(kept)))]
            others = place % _OTHERS == 0
            climber = self.climbers.begin(start, turn, place, None if others else "moves")
            if climber is not None:
                # Moves need no slope first, and half of the time does.
                self.climbers.advance(climber, _EQUAL if others else _EQUAL // 2)

    def _tell(self) -> None:
        if self.progress is not None:
            best = self.objective.history[-1].ratio if self.objective.history else None
            self.progress(self.objective.evaluations, best, min(self.objective.spent, 1.0))

    # ------------------------------------------------------------------ after a violation

    def _worst_and_simplest(self, found: Witness) -> tuple[Witness, Witness]:
        objective = self.objective
        objective.limited = False
        objective.exponent = None
        objective.largest = _LARGEST_OF_WORST
        worst = self._worst(found)
        small = simplest(objective, self.judge.confirm, (worst, found), self.seed)
        return max(worst, small, key=lambda witness: score(witness.lhs, witness.rhs)), small

    def _worst(self, found: Witness) -> Witness:
        """Climb on from a violation, and return the largest ratio that stands."""
        objective = self.objective
        objective.judge = notes = _Notes()
        start, rng = arrays_of(found.pair), np.random.default_rng([self.seed, 11])
        chart = chart_around(start, "apart")
        slopes = ascend(lambda x: objective.score(chart.at(x), _ON), np.zeros(chart.size))
        moves = wander(lambda arrays: objective.score(arrays, _ON), start, rng, score(found.lhs, found.rhs))
        for steps in (slopes, moves):
            until = objective.evaluations + _CLIMB_TO_WORST // 2
            while objective.evaluations < until and next(steps, StopIteration) is not StopIteration:
                pass
        objective.judge = None
        met = sorted(notes.met, key=lambda one: -score(one.lhs, one.rhs))
        # The largest may owe their size to rounding: then a lesser one is asked for.
        for one in (met[i] for i in (0, len(met) // 8, len(met) // 2) if i < len(met)):
            higher = score(one.lhs, one.rhs) > score(found.lhs, found.rhs)
            witness = self.judge.confirm(one.arrays, one.lhs, one.rhs, _ON) if higher else None
            if witness is not None:
                return witness
        return found


@dataclass(eq=False)
class _Notes:
    """Takes the judge's place after a violation: writes suspects down, and lets them count as they are."""

    met: list[Scored] = field(default_factory=list)

    def rule(self, found: Scored, of_batch: bool) -> Scored:
        """Write a suspect down."""
        self.met.append(found)
        return found

    def pass_over(self, count: int) -> None:
        """Nothing is asked in batches after a violation."""
