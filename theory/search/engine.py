"""The attack on a claim: a budget spent over regimes, shapes and climbers, and the verdict it ends in.

The order of evaluations depends on the seed alone; a time limit only cuts it off. A search goes through rounds. Each
looks at fresh pairs of every regime and shape, and then lets climbers start from the best of them: a third of the
places go to the best starts of all, a third in turn to each shape, and a third to each number of inputs, because a
claim may fail in one shape only, where its ratio is not the largest at first. Places are halved after every slice of
evaluations, and those that are highest or gained most stay (successive halving); at the end the best start gets the
long run that an evolution strategy needs. In every other round many starts of any height have the same time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from theory.claims import Claim
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.search.charts import Chart, GaugeChart, Kind, chart_around
from theory.search.confirmation import Symmetries, confirmed, in_balls, symmetries
from theory.search.evolution import evolve
from theory.search.gradients import Gradient, traced
from theory.search.moves import wander
from theory.search.objective import (
    Arrays,
    Budget,
    BudgetSpent,
    Malformed,
    Objective,
    Sizes,
    arrays_of,
    pair_of,
    score,
    sizes_of,
)
from theory.search.outcome import Answer, Outcome, Witness
from theory.search.quasi_newton import Slope, ascend, ascend_with_kicks
from theory.search.shrinking import simplest
from theory.search.survey import survey
from theory.silence import quietly

Report = Callable[[int, float | None, float], None]
"""Told now and then: evaluations so far, best ratio, share of the budget used."""

_LOWEST = -1e5
_SILENT, _ASKED_AGAIN = 40, 4  # batches in which a shape may decline before it is passed by, but for every fourth
_NEVER = 10**9
_DRAWN_KEPT, _CLIMBED_KEPT = 2, 8  # starts remembered for each shape: of each regime, and reached by climbing
_CROWD = 150  # starts of a shape before the least are forgotten
_SLOTS = 8
_SLICE = 4  # evaluations of a first slice, for each entry of the pair
_TRACED = 4  # evaluations that a gradient is charged with
_LONG = 200
_EQUAL, _SCATTERED = 16, 60
_LONGEST = 32 * _SLICE
_TRUST = 0.5  # gain that a climber not tried yet is credited with
_CLIMB_TO_WORST = 600
_ON = "climbing on"
_LARGEST_OF_WORST = 1e4  # norm of an array: beyond it a ratio without bound only gets harder to read
_DOUBTS, _EVALUATIONS_A_DOUBT = 40, 50  # checks that may come to nothing: some at once, and so many more over time
_METHODS: tuple[str, ...] = ("apart", "moves", "one factor", "free", "gauge", "evolution")
_EVOLUTION_FROM = 1  # round from which evolution strategies take part: their package is slow to import


class _Refuted(Exception):
    """A violation has been confirmed."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self.witness = witness


@dataclass(eq=False)
class _Start:
    """A pair to climb from."""

    score: float
    arrays: Arrays
    label: str
    tried: set[str] = field(default_factory=set)
    climbed: bool = False

    @property
    def shape(self) -> Sizes:
        return sizes_of(self.arrays)


@dataclass(eq=False)
class _Climber:
    """A climb in progress."""

    start: _Start
    method: str
    steps: Generator[None, None, None]
    best: _Start
    done: bool = False
    gained: float = 0.0


def falsify(claim: Claim, budget: Budget | None = None, seed: int = 0, progress: Report | None = None) -> Outcome:
    """Attack a claim and say what came of it.

    Parameters
    ----------
    claim
        Asserts ``lhs <= rhs`` for every pair of its domain.
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
        there are violations within their error bounds only, or "error" for a claim that is none.

    Raises
    ------
    InvalidInput
        If an argument is of the wrong type or out of range.

    Notes
    -----
    An interrupt (Ctrl-C) ends the search and gives the outcome so far.
    """
    if not isinstance(claim, Claim):
        raise InvalidInput(f"claim: expected a function marked with @claim, saw {type(claim).__name__}")
    if type(seed) is not int or seed < 0:
        raise InvalidInput(f"seed: expected a non-negative integer, saw {seed!r}")
    objective = Objective(claim, budget or Budget())
    attack = _Attack(objective, seed, progress)
    with quietly():
        return attack.run()


@dataclass(eq=False)
class _Attack:
    """The state of one attack."""

    objective: Objective
    seed: int
    progress: Report | None
    known: Symmetries | None = None
    doubts: int = 0
    starts: dict[tuple[int, int], list[_Start]] = field(default_factory=dict)
    gradient: Gradient | None = None
    credit: dict[str, float] = field(default_factory=dict)
    silent: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    interrupted: bool = False

    def run(self) -> Outcome:
        objective = self.objective
        objective.judge, objective.heartbeat = self._judge, self._tell
        found: Witness | None = None
        malformed = ""
        try:
            self._search()
        except _Refuted as refuted:
            found = refuted.witness
        except Malformed as error:
            malformed = str(error)
        except BudgetSpent:
            pass
        except KeyboardInterrupt:
            self.interrupted = True
        seconds = objective.seconds
        worst, small = found, found
        if found is not None:
            try:
                worst, small = self._worst_and_simplest(found)
            except Malformed as error:
                malformed = str(error)
            except KeyboardInterrupt:
                self.interrupted = True
        return self._outcome(worst, small, malformed, seconds)

    # ------------------------------------------------------------------ judging

    def _judge(self, arrays: Arrays, lhs: float, rhs: float, label: str) -> bool:
        # Where rounding fools us often, only so many of its fruits are worth the price of a check.
        if self.doubts > _DOUBTS + self.objective.evaluations // _EVALUATIONS_A_DOUBT:
            return False
        witness = self._confirmed(arrays, lhs, rhs, label)
        if witness is None:
            self.doubts += 1
            return False
        raise _Refuted(witness)

    def _confirmed(self, arrays: Arrays, lhs: float, rhs: float, label: str) -> Witness | None:
        limited, self.objective.limited = self.objective.limited, False
        try:
            if self.known is None:
                self.known = symmetries(self.objective, arrays)
            return confirmed(self.objective, self.known, arrays, lhs, rhs, label)
        finally:
            self.objective.limited = limited

    # ------------------------------------------------------------------ searching

    def _search(self) -> None:
        for turn in range(1_000_000):
            self._look(turn)
            if self.objective.fates["value"] == 0:
                continue
            self._choose_score(turn)
            if turn == 1:
                self._trace()
            self._climb(turn)

    def _look(self, lap: int) -> None:
        """Draw from every regime at every shape; where all decline, less and less."""
        for batch in survey(self.seed, self.objective.claim.domain, lap):
            shape = batch.m, batch.k
            if self._declines(("shape", *shape)) or self._declines(("inputs", batch.n)):
                continue
            applied = False
            for arrays in batch.pairs():
                reached = self.objective.score(arrays, batch.regime)
                if reached > _LOWEST:
                    applied = True
                    self._remember(_Start(reached, arrays, batch.regime))
            for key in (("shape", *shape), ("inputs", batch.n)):
                self.silent[key] = -_NEVER if applied else self.silent.get(key, 0) + 1

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
        if fates["ratio"] > 0 and fates["negative"] < 0.3 * fates["value"]:
            return
        self.objective.exponent, self.objective.best = (0, 2, 1)[turn % 3], None
        old, self.starts = self.starts, {}
        for starts in old.values():
            for start in _best_of_each(starts):
                reached = self.objective.score(start.arrays, start.label)
                if reached > _LOWEST:
                    self._remember(_Start(reached, start.arrays, start.label))

    def _remember(self, start: _Start) -> None:
        _, k, m, _ = start.shape
        kept = self.starts.setdefault((m, k), [])
        kept.append(start)
        if len(kept) > _CROWD:
            self.starts[m, k] = _best_of_each(kept)

    def _climb(self, turn: int) -> None:
        if turn % 2:
            self._scatter(turn)
            return
        climbers = [
            climber for climber in (self._begin(s, turn, i) for i, s in enumerate(self._places(turn))) if climber
        ]
        length = _SLICE
        while climbers:
            for climber in climbers:
                self._advance(climber, length)
            going = sorted((c for c in climbers if not c.done), key=lambda c: -c.best.score)
            if len(climbers) == 1 and length > _LONGEST:
                break
            # A half stay: those who are highest, and those who rose most, wherever they are.
            room = (len(climbers) + 1) // 2 if len(climbers) > 1 else 1
            high, rest = going[: (room + 1) // 2], going[(room + 1) // 2 :]
            climbers = high + sorted(rest, key=lambda c: -c.gained)[: room - len(high)]
            length *= 2
        self._polish(turn)

    def _polish(self, turn: int) -> None:
        """Give the best start that no evolution strategy has had yet the long run that those need."""
        if turn < _EVOLUTION_FROM:
            return
        fresh = [s for kept in self.starts.values() for s in kept if "evolution" not in s.tried]
        if fresh:
            climber = self._begin(max(fresh, key=lambda s: s.score), turn, turn // 2, "evolution")
            if climber is not None:
                self._advance(climber, _LONG)

    def _scatter(self, turn: int) -> None:
        """Give the same time to many starts of any height: those on the right hill may be low on it.

        Small shapes are taken more often, because there a climb is short.
        """
        rng = np.random.default_rng([self.seed, turn, 9])
        shapes = sorted(shape for shape, kept in self.starts.items() if kept)
        if not shapes:
            return
        weights = np.array([1.0 / (1 + m) / k for m, k in shapes])
        for place in range(_SCATTERED):
            kept = self.starts[shapes[int(rng.choice(len(shapes), p=weights / weights.sum()))]]
            start = kept[int(rng.integers(0, len(kept)))]
            others = place % 3 == 0
            climber = self._begin(start, turn, place, None if others else "moves")
            if climber is not None:
                self._advance(climber, _EQUAL if others else _EQUAL // 2)

    def _places(self, turn: int) -> list[_Start]:
        shapes = sorted(self.starts, key=lambda shape: -max(start.score for start in self.starts[shape]))
        for shape in shapes:
            self.starts[shape] = _best_of_each(self.starts[shape])
        everything = sorted((s for kept in self.starts.values() for s in kept), key=lambda s: -s.score)
        slots = min(_SLOTS * 2**turn, 4 * _SLOTS)
        fresh = [start for start in everything if len(start.tried) < len(_METHODS)]
        chosen = _at_most_two_of_a_height(fresh)[: slots // 3]
        numbers = sorted({start.shape[0] for start in everything})
        groups = [[s for s in everything if s.shape[0] == n] for n in numbers]
        by_shape = _in_turn([self.starts[shape] for shape in shapes], turn * slots // 3)
        by_inputs = _in_turn(groups, turn * slots // 3)
        rng = np.random.default_rng([self.seed, turn, 7])
        for group, room in ((by_shape, slots // 3), (by_inputs, slots // 3)):
            for kept in group[:room]:
                rest = [s for s in kept if s not in chosen and len(s.tried) < len(_METHODS)]
                if rest:
                    # The best of the shape; of those with one number of inputs any, lest all climb the same hill.
                    best = min(rest, key=lambda s: (len(s.tried), -s.score))
                    chosen.append(best if group is by_shape else rest[int(rng.integers(0, len(rest)))])
        chosen += self._in_other_shapes(turn, everything[:3])
        return chosen

    def _in_other_shapes(self, turn: int, best: list[_Start]) -> list[_Start]:
        """Carry the best pairs into neighbouring shapes."""
        rng = np.random.default_rng([self.seed, turn, 5])
        moved = []
        for start in best:
            for arrays in _neighbours(start.arrays, rng):
                n, k, m, m2 = sizes_of(arrays)
                domain = self.objective.claim.domain
                fits = domain.inputs[0] <= n <= domain.inputs[1] and domain.labels[0] <= k <= domain.labels[1]
                if fits and (not domain.diverse or k > max(m, m2)):
                    reached = self.objective.score(arrays, "other shapes")
                    if reached > _LOWEST:
                        moved.append(_Start(reached, arrays, start.label))
        for start in moved:
            self._remember(start)
        return sorted(moved, key=lambda s: -s.score)[:3]

    def _begin(self, start: _Start, turn: int, place: int, wanted: str | None = None) -> _Climber | None:
        rng = np.random.default_rng([self.seed, turn, place, 3])
        methods = [m for m in _METHODS if m not in start.tried and (m != "evolution" or turn >= _EVOLUTION_FROM)]
        if wanted in methods:
            methods = [wanted]
        if not methods:
            return None
        # What has gained most per evaluation is chosen most, but nothing is given up.
        weights = np.array([0.15 + self.credit.get(m, _TRUST) for m in methods])
        method = methods[int(rng.choice(len(methods), p=weights / weights.sum()))]
        start.tried.add(method)
        best = _Start(start.score, start.arrays, start.label, {method})
        label = f"{method} from {start.label.split(' from ')[-1]}"

        def at(arrays: Arrays) -> float:
            reached = self.objective.score(arrays, label)
            if reached > best.score:
                best.score, best.arrays = reached, arrays
            return reached

        if method == "moves":
            return _Climber(start, method, wander(at, start.arrays, rng, start.score), best)
        kind: Kind = "apart" if method == "evolution" else method  # type: ignore[assignment]
        if method == "evolution" and place % 2:
            kind = "one factor"
        chart = chart_around(start.arrays, kind)
        if method == "evolution":
            steps = evolve(lambda x: at(chart.at(x)), chart.size, rng)
        else:
            steps = ascend_with_kicks(lambda x: at(chart.at(x)), chart.size, rng, self._slope(chart))
        return _Climber(start, method, steps, best)

    def _slope(self, chart: Chart | GaugeChart) -> Slope | None:
        gradient = self.gradient
        if gradient is None or self.objective.exponent is not None or not isinstance(chart, Chart):
            return None

        def slope(x: np.ndarray) -> np.ndarray | None:
            self.objective.charge(_TRACED)
            gradients = gradient(chart.at(x))
            return None if gradients is None else chart.pulled_back(x, gradients)

        return slope

    def _trace(self) -> None:
        """Find out whether the claim has gradients: only one made of this package's functions is worth the import."""
        best = self.objective.best
        if best is None or self.objective.exponent is not None or not (best[2] > 0 and best[3] > 0):
            return
        if in_balls(self.objective.claim, best[1]) is not None:
            self.gradient = traced(self.objective.claim, best[1])

    def _advance(self, climber: _Climber, length: int) -> None:
        size = sum(array.size for array in climber.start.arrays)
        until = self.objective.evaluations + length * size
        before = climber.best.score
        while self.objective.evaluations < until:
            if next(climber.steps, StopIteration) is StopIteration:
                climber.done = True
                break
        climber.gained = min(climber.best.score - before, 1.0)
        old = self.credit.get(climber.method, _TRUST)
        self.credit[climber.method] = old + 0.1 * (climber.gained - old)
        if climber.best.score > before or climber.done:
            self._remember(replace(climber.best, tried=set(climber.best.tried), climbed=True))

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
        small = simplest(objective, self._confirmed, (worst, found), self.seed)
        return max(worst, small, key=lambda witness: score(witness.lhs, witness.rhs)), small

    def _worst(self, found: Witness) -> Witness:
        """Climb on from a violation, and return the largest ratio that stands."""
        objective = self.objective
        met: list[tuple[float, Arrays, float, float]] = []

        def note(arrays: Arrays, lhs: float, rhs: float, label: str) -> bool:
            met.append((score(lhs, rhs), arrays, lhs, rhs))
            return True

        objective.judge = note
        start, rng = arrays_of(found.pair), np.random.default_rng([self.seed, 11])
        chart = chart_around(start, "apart")
        slopes = ascend(lambda x: objective.score(chart.at(x), _ON), np.zeros(chart.size))
        moves = wander(lambda arrays: objective.score(arrays, _ON), start, rng, score(found.lhs, found.rhs))
        for steps in (slopes, moves):
            until = objective.evaluations + _CLIMB_TO_WORST // 2
            while objective.evaluations < until and next(steps, StopIteration) is not StopIteration:
                pass
        objective.judge = None
        met.sort(key=lambda item: -item[0])
        # The largest may owe their size to rounding: then a lesser one is asked for.
        for reached, arrays, lhs, rhs in (met[i] for i in (0, len(met) // 8, len(met) // 2) if i < len(met)):
            witness = self._confirmed(arrays, lhs, rhs, _ON) if reached > score(found.lhs, found.rhs) else None
            if witness is not None:
                return witness
        return found

    # ------------------------------------------------------------------ the outcome

    def _outcome(self, worst: Witness | None, small: Witness | None, malformed: str, seconds: float) -> Outcome:
        objective, claim = self.objective, self.objective.claim
        verdict: Answer
        evidence: Evidence | None = Evidence.ATTACKED
        if malformed:
            verdict, evidence, worst, small, message = "error", None, None, None, malformed
        elif worst is not None:
            verdict, evidence = "refuted", min((worst.evidence, small.evidence if small else None), key=_rank)
            message = "false: " + _words(small or worst)
        elif objective.fates["value"] == 0:
            verdict, evidence, message = "error", None, self._never_applied()
        elif not objective.fates["held"]:  # rounding blurs a bound that is attained, but not on every pair
            verdict, message = "inconclusive", "lhs exceeds rhs wherever the claim applies, by no more than rounding"
        elif self.doubts:
            verdict = "survived"
            message = f"{self.doubts} apparent violations are within their rounding errors; no other was found"
        else:
            verdict, message = "survived", "no violation was found"
        if verdict in ("survived", "inconclusive") and objective.best is not None:
            _, arrays, lhs, rhs = objective.best
            worst = Witness(pair_of(arrays), lhs, rhs, math.nan, math.nan, None, "", objective.evaluations)
        if self.interrupted:
            message = f"interrupted; so far: {message}"
        if objective.exceptions and verdict != "error":
            count = sum(objective.exceptions.values())
            message += f"; {count} calls raised, such as {objective.exceptions.most_common(1)[0][0]}"
        return Outcome(
            name=claim.name, title=claim.title, source=claim.source, verdict=verdict, evidence=evidence, worst=worst,
            simplest=small, evaluations=objective.evaluations, not_applicable=objective.fates["not applicable"],
            nans=objective.fates["nan"], exceptions=dict(objective.exceptions), seconds=seconds,
            total_seconds=objective.seconds, strata={k: t.frozen() for k, t in objective.tallies.items()},
            history=tuple(objective.history), message=message, seed=self.seed,
        )  # fmt: skip

    def _never_applied(self) -> str:
        objective = self.objective
        if objective.exceptions:
            what, _ = objective.exceptions.most_common(1)[0]
            every = "every" if sum(objective.exceptions.values()) == objective.evaluations else "nearly every"
            return f"the claim raised on {every} one of {objective.evaluations} pairs: {what}"
        if objective.fates["nan"]:
            return f"the claim gave nan or an infinite side on all of {objective.evaluations} pairs"
        return f"the claim applied to none of {objective.evaluations} pairs"


def _in_turn(groups: list[list[_Start]], first: int) -> list[list[_Start]]:
    """Return the groups in order from a given one on."""
    return [groups[(first + i) % len(groups)] for i in range(len(groups))]


def _best_of_each(starts: list[_Start]) -> list[_Start]:
    """Keep the best two of each regime, the best few that were climbed to, and the best for each number of inputs.

    Of those at one height two are enough: they have often reached the same limit, an attained bound or a plateau.
    """
    regimes: Counter[str] = Counter()
    heights: Counter[float] = Counter()
    numbers: set[int] = set()
    kept = []
    for start in sorted(starts, key=lambda s: -s.score):
        room = _CLIMBED_KEPT if start.climbed else _DRAWN_KEPT
        key, height = ("climbed" if start.climbed else start.label), round(start.score, 2)
        new_number = start.shape[0] not in numbers
        if new_number or (regimes[key] < room and (heights[height] < 2 or not start.climbed)):
            regimes[key] += 1
            heights[height] += 1
            numbers.add(start.shape[0])
            kept.append(start)
    return kept


def _at_most_two_of_a_height(starts: list[_Start]) -> list[_Start]:
    heights: Counter[float] = Counter()
    kept = []
    for start in starts:
        heights[round(start.score, 2)] += 1
        if heights[round(start.score, 2)] <= 2:
            kept.append(start)
    return kept


def _neighbours(arrays: Arrays, rng: np.random.Generator) -> Iterator[Arrays]:
    """Yield the pair with an input, a label or a dimension more or fewer."""
    f, g, f2, g2 = arrays
    n, k, m, m2 = sizes_of(arrays)
    row = int(rng.integers(0, n))
    yield np.vstack([f, f[row]]), g, np.vstack([f2, f2[row]]), g2
    two = [*range(n), row, int(rng.integers(0, n))]
    yield f[two], g, f2[two], g2
    if n > 1:
        yield np.delete(f, row, 0), g, np.delete(f2, row, 0), g2
    if n > 3:
        for count in (2, m + 2):
            few = rng.choice(n, min(count, n), replace=False)
            yield f[few], g, f2[few], g2
    label, other = rng.choice(k, 2, replace=False)
    middle, middle2 = (g[label] + g[other]) / 2, (g2[label] + g2[other]) / 2
    yield f, np.vstack([g, middle]), f2, np.vstack([g2, middle2])
    yield f, np.vstack([g, 2 * g[label] - g[other]]), f2, np.vstack([g2, 2 * g2[label] - g2[other]])
    if k > 2:
        yield f, np.delete(g, label, 0), f2, np.delete(g2, label, 0)
    if m == m2:
        size = 0.1 * float(np.sqrt(np.mean(g * g)))
        new = size * rng.standard_normal((k, 1))
        none = np.zeros((n, 1))
        yield np.hstack([f, none]), np.hstack([g, new]), np.hstack([f2, none]), np.hstack([g2, new])
        if m > 1:
            yield f[:, :-1], g[:, :-1], f2[:, :-1], g2[:, :-1]


def _rank(evidence: Evidence | None) -> int:
    order = (Evidence.FLOAT64, Evidence.BALL, Evidence.EXACT)
    return order.index(evidence) if evidence in order else len(order)


def _words(witness: Witness) -> str:
    pair = witness.pair
    ratio = f", ratio {witness.ratio:.6g}" if witness.ratio is not None else ""
    return f"lhs {witness.lhs:.6g} exceeds rhs {witness.rhs:.6g}{ratio} at n = {pair.n}, k = {pair.k}, m = {pair.m}"
