"""Climbs of an attack: which method climbs from a start, one pair at a time or many at once, and what it gained."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np

from theory.search.arrays import Arrays, pair_of, stacked, taken
from theory.search.ascent import Ascent, climb
from theory.search.charts import Chart, GaugeChart, Kind, chart_around
from theory.search.evolution import evolve
from theory.search.gradients import Gradient
from theory.search.moves import wander
from theory.search.objective import LOWEST, Objective
from theory.search.quasi_newton import Slope, ascend_with_kicks
from theory.search.starts import Start, Starts

METHODS: tuple[str, ...] = ("apart", "moves", "one factor", "free", "gauge", "evolution")
"""Ways to climb from one start: moves, an evolution strategy, and the charts that BFGS climbs in."""

ASCENT = "ascent"
"""The climb from many starts at once, where there are gradients."""

EVOLUTION_FROM = 1
"""Round from which evolution strategies take part: their package is slow to import."""

_TRACED = 4  # evaluations that a call for gradients is charged with, which takes about as long
_TRUST = 0.5  # gain that a method not tried yet is credited with: half of the most that counts
_MOST_GAIN = 1.0  # of a climb, in logarithms: beyond a factor of e the size of a gain says nothing of the next one
_LEARNING = 0.1  # weight of the last climb in a method's credit, so that some ten are remembered
_LEAST_CREDIT = 0.15  # of a method that never gained: nothing is given up, as hills differ


@dataclass(eq=False)
class Climber:
    """A climb in progress."""

    start: Start
    method: str
    steps: Generator[None, None, None]
    best: Start
    done: bool = False
    gained: float = 0.0


@dataclass(eq=False)
class Climbers:
    """Begins climbs and keeps account of them.

    Attributes
    ----------
    objective, starts
        What is climbed on, and where what is reached is remembered.
    seed
        Of the search.
    gradient
        Of the claim, once it is known to have one.
    credit
        What each method has gained lately.
    ran
        Whether any climb has begun.
    """

    objective: Objective
    starts: Starts
    seed: int
    gradient: Gradient | None = None
    credit: dict[str, float] = field(default_factory=dict)
    ran: bool = False

    def begin(self, start: Start, turn: int, place: int, wanted: str | None = None) -> Climber | None:
        """Begin a climb by a method that has not been tried from a start, or return None where all have.

        Parameters
        ----------
        start
            Where from.
        turn, place
            Of the round, and of the climb in it.
        wanted
            The method, if it has not been tried; by default one is drawn.
        """
        rng = np.random.default_rng([self.seed, turn, place, 3])
        methods = [m for m in METHODS if m not in start.tried and (m != "evolution" or turn >= EVOLUTION_FROM)]
        if wanted in methods:
            methods = [wanted]
        if not methods:
            return None
        self.ran = True
        # What has gained most per evaluation is chosen most.
        weights = np.array([_LEAST_CREDIT + self.credit.get(m, _TRUST) for m in methods])
        method = methods[int(rng.choice(len(methods), p=weights / weights.sum()))]
        start.tried.add(method)
        best = Start(start.score, start.arrays, start.label, {method})
        label = f"{method} from {start.label.split(' from ')[-1]}"

        def at(arrays: Arrays) -> float:
            reached = self.objective.score(arrays, label)
            if reached > best.score:
                best.score, best.arrays = reached, arrays
            return reached

        if method == "moves":
            return Climber(start, method, wander(at, start.arrays, rng, start.score), best)
        kind: Kind = "apart" if method == "evolution" else method  # type: ignore[assignment]
        if method == "evolution" and place % 2:
            kind = "one factor"
        chart = chart_around(start.arrays, kind)
        if method == "evolution":
            steps = evolve(lambda x: at(chart.at(x)), chart.size, rng)
        else:
            steps = ascend_with_kicks(lambda x: at(chart.at(x)), chart.size, rng, self._slope(chart))
        return Climber(start, method, steps, best)

    def _slope(self, chart: Chart | GaugeChart) -> Slope | None:
        gradient = self.gradient
        if gradient is None or self.objective.exponent is not None or not isinstance(chart, Chart):
            return None

        def slope(x: np.ndarray) -> np.ndarray | None:
            self.objective.charge(_TRACED)
            gradients = gradient.of_pair(chart.at(x))
            return None if gradients is None else chart.pulled_back(x, gradients)

        return slope

    def advance(self, climber: Climber, length: int) -> None:
        """Let a climb go on for so many evaluations for each entry of its pair, and remember what it reached."""
        size = sum(array.size for array in climber.start.arrays)
        until = self.objective.evaluations + length * size
        before = climber.best.score
        while self.objective.evaluations < until:
            if next(climber.steps, StopIteration) is StopIteration:
                climber.done = True
                break
        climber.gained = min(climber.best.score - before, _MOST_GAIN)
        old = self.credit.get(climber.method, _TRUST)
        self.credit[climber.method] = old + _LEARNING * (climber.gained - old)
        if climber.best.score > before or climber.done:
            self.starts.remember(replace(climber.best, tried=set(climber.best.tried), climbed=True))

    def ascend(self, turn: int, plan: Ascent) -> None:
        """Climb along gradients from the best starts of some shapes, all of a shape at once."""
        gradient = self.gradient
        if gradient is None or self.objective.exponent is not None:
            return

        def charged(batch: Arrays) -> Arrays:
            self.objective.charge(_TRACED if gradient.at_once else _TRACED * len(batch[0]))
            return gradient.of_batch(batch)

        # Where a batch is no cheaper than its pairs, fewer start.
        count = plan.starts if gradient.at_once else max(plan.starts // _TRACED, 1)
        for group in list(self.starts.together(plan.shapes, count, turn, ASCENT)):
            self.ran = True
            best = [Start(start.score, start.arrays, start.label, {ASCENT}, climbed=True) for start in group]
            for start in group:
                start.tried.add(ASCENT)
            for reached in climb(charged, stacked([start.arrays for start in group]), plan):
                scores = self.objective.scores(pair_of(reached), ASCENT)
                for i, (top, height) in enumerate(zip(best, scores, strict=False)):
                    if height > max(top.score, LOWEST):
                        top.score, top.arrays = float(height), taken(reached, i)
            for top, start in zip(best, group, strict=True):
                if top.score > start.score:
                    self.starts.remember(top)
