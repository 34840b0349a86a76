"""The attack on a claim: a budget spent over regimes, shapes and climbers, and the verdict it ends in.

The order of evaluations depends on the seed alone; a time limit only cuts it off. A search goes through rounds. Each
looks at fresh pairs of every regime and shape, and then lets climbers start from the best of them: in every round
half of the places go to the best starts of all, half in turn to each shape, because a claim may fail in one shape
only, where its ratio is not the largest at first. Places are halved after every slice of evaluations, and those that
gained stay (successive halving).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from theory.claims import Claim
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.search.charts import Kind, chart_around
from theory.search.confirmation import Symmetries, confirmed, symmetries
from theory.search.evolution import evolve
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
    quietly,
    score,
    sizes_of,
)
from theory.search.outcome import Answer, Outcome, Witness
from theory.search.quasi_newton import ascend
from theory.search.shrinking import simplest
from theory.search.survey import Labels, survey

Report = Callable[[int, float | None, float], None]
"""Told now and then: evaluations so far, best ratio, share of the budget used."""

_LOWEST = -1e5
_SILENT_REGIMES = 4  # regimes in which a shape may decline before the rest of the lap passes it by
_KEPT = 10  # starts remembered for each shape
_SLOTS = 8
_SLICE = 4  # evaluations of a first slice, for each entry of the pair
_LONGEST = 32 * _SLICE
_TRUST = 0.5  # gain that a climber not tried yet is credited with
_KICKS = (1e-3, 1e-2, 1e-1, 1e-2, 1e-3, 1e-2)  # in coordinates of size one
_CLIMB_TO_WORST = 600
_LARGEST_OF_WORST = 1e4  # norm of an array: beyond it a ratio without bound only gets harder to read
_DOUBTS = 40  # apparent violations that turn out to be rounding, before only larger ones are looked at
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
    doubtful: float = 0.0
    starts: dict[Labels, list[_Start]] = field(default_factory=dict)
    credit: dict[str, float] = field(default_factory=dict)
    applied: set[Labels] = field(default_factory=set)
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
        excess = (lhs - rhs) / (abs(lhs) + abs(rhs))
        # Where rounding has fooled us often, only clearer cases are worth the price of a check.
        if self.doubts >= _DOUBTS and excess < 2.0 * self.doubtful:
            return False
        witness = self._confirmed(arrays, lhs, rhs, label)
        if witness is None:
            self.doubts += 1
            self.doubtful = max(self.doubtful, excess) if self.doubts > _DOUBTS else 0.0
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
                if turn >= 2 and self.objective.budget.seconds is None:
                    raise BudgetSpent
                continue
            self._choose_score(turn)
            self._climb(turn)

    def _look(self, lap: int) -> None:
        """Draw from every regime at every shape; from those that decline, less and less."""
        silent: dict[Labels, int] = {}
        for labels, draws in survey(self.seed, self.objective.claim.domain, lap):
            if labels not in self.applied and silent.get(labels, 0) >= _SILENT_REGIMES * (1 if lap else 3):
                continue
            applied = False
            for name, arrays in draws:
                reached = self.objective.score(arrays, name)
                if reached > _LOWEST:
                    applied = True
                    self._remember(_Start(reached, arrays, name))
            if applied:
                self.applied.add(labels)
            else:
                silent[labels] = silent.get(labels, 0) + 1

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
        if len(kept) > 6 * _KEPT:
            self.starts[m, k] = _best_of_each(kept)

    def _climb(self, turn: int) -> None:
        places = self._places(turn)
        climbers = [climber for climber in (self._begin(s, turn, i) for i, s in enumerate(places)) if climber]
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

    def _places(self, turn: int) -> list[_Start]:
        shapes = sorted(self.starts, key=lambda shape: -max(start.score for start in self.starts[shape]))
        for shape in shapes:
            self.starts[shape] = _best_of_each(self.starts[shape])
        everything = sorted((s for kept in self.starts.values() for s in kept), key=lambda s: -s.score)
        slots = min(_SLOTS * 2**turn, 4 * _SLOTS)
        chosen = [start for start in everything if len(start.tried) < len(_METHODS)][: slots // 3]
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
                    chosen.append(best if group is by_shape or turn % 2 else rest[int(rng.integers(0, len(rest)))])
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

    def _begin(self, start: _Start, turn: int, place: int) -> _Climber | None:
        rng = np.random.default_rng([self.seed, turn, place, 3])
        methods = [m for m in _METHODS if m not in start.tried and (m != "evolution" or turn >= _EVOLUTION_FROM)]
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
            steps = _with_kicks(lambda x: at(chart.at(x)), chart.size, rng)
        return _Climber(start, method, steps, best)

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
            self._remember(_Start(climber.best.score, climber.best.arrays, climber.best.label, set(climber.best.tried)))

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
        climb = _ClimbOn(self, found)
        worst = climb.worst()
        small = simplest(objective, self._witness, (worst, found), self.seed)
        return worst, small

    def _witness(self, arrays: Arrays, lhs: float, rhs: float, label: str) -> Witness | None:
        return self._confirmed(arrays, lhs, rhs, label)

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
        elif self.doubts:
            verdict = "inconclusive" if self._only_doubt() else "survived"
            message = f"{self.doubts} apparent violations are within their rounding errors; no other was found"
        else:
            verdict, message = "survived", "no violation was found"
        if verdict in ("survived", "inconclusive") and objective.best is not None:
            reached, arrays, lhs, rhs = objective.best
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

    def _only_doubt(self) -> bool:
        """Whether the best that is known is an equality to rounding, or nothing."""
        return self.objective.best is None

    def _never_applied(self) -> str:
        objective = self.objective
        if objective.exceptions:
            what, _ = objective.exceptions.most_common(1)[0]
            every = "every" if sum(objective.exceptions.values()) == objective.evaluations else "nearly every"
            return f"the claim raised on {every} one of {objective.evaluations} pairs: {what}"
        if objective.fates["nan"]:
            return f"the claim gave nan or an infinite left side on all of {objective.evaluations} pairs"
        return f"the claim applied to none of {objective.evaluations} pairs"


@dataclass(eq=False)
class _ClimbOn:
    """From a confirmed violation to a worse one."""

    attack: _Attack
    found: Witness

    def worst(self) -> Witness:
        objective = self.attack.objective
        reach: list[tuple[float, Arrays, float, float]] = []

        def seen(arrays: Arrays, lhs: float, rhs: float, label: str) -> bool:
            reach.append((score(lhs, rhs), arrays, lhs, rhs))
            return True

        objective.judge = seen
        stop = objective.evaluations + _CLIMB_TO_WORST
        rng = np.random.default_rng([self.attack.seed, 11])
        start = arrays_of(self.found.pair)
        chart = chart_around(start, "apart")
        first = objective.score(start, "climbing on")
        climbs: Iterator[Generator[None, None, None]] = iter(
            (
                ascend(lambda x: objective.score(chart.at(x), "climbing on"), np.zeros(chart.size)),
                wander(lambda arrays: objective.score(arrays, "climbing on"), start, rng, first),
            )
        )
        for index, steps in enumerate(climbs):
            until = stop - (_CLIMB_TO_WORST // 2 if index == 0 else 0)
            while objective.evaluations < until and next(steps, StopIteration) is not StopIteration:
                pass
        objective.judge = None
        reach.sort(key=lambda item: -item[0])
        # The largest ratios may owe their size to rounding: the worst is the largest that stands.
        for ratio, arrays, lhs, rhs in reach[:1] + reach[len(reach) // 8 : len(reach) // 8 + 1] + reach[len(reach) // 2 : len(reach) // 2 + 1]:
            witness = self.attack._witness(arrays, lhs, rhs, "climbing on")
            if witness is not None and ratio >= score(self.found.lhs, self.found.rhs):
                return witness
        return self.found


def _with_kicks(value: Callable[[np.ndarray], float], size: int, rng: np.random.Generator) -> Generator[None, None, None]:
    """Climb to where no slope leads up, and again from near the best point: there are ridges and walls."""
    top, reached = np.zeros(size), -math.inf

    def remembered(x: np.ndarray) -> float:
        nonlocal top, reached
        there = value(x)
        if there > reached:
            top, reached = x, there
        return there

    yield from ascend(remembered, top)
    for kick in _KICKS:
        yield from ascend(remembered, top + kick * rng.standard_normal(size))


def _in_turn(groups: list[list[_Start]], first: int) -> list[list[_Start]]:
    """Return the groups in order from a given one on."""
    return [groups[(first + i) % len(groups)] for i in range(len(groups))]


def _best_of_each(starts: list[_Start]) -> list[_Start]:
    """Keep the best few starts, at most two from one regime, and the best for each number of inputs."""
    regimes: Counter[str] = Counter()
    numbers: set[int] = set()
    kept = []
    for start in sorted(starts, key=lambda s: -s.score):
        new_number = start.shape[0] not in numbers
        if new_number or (regimes[start.label] < 2 and len(kept) < _KEPT):
            regimes[start.label] += 1
            numbers.add(start.shape[0])
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
    label, other = rng.choice(k, 2, replace=False)
    middle, middle2 = (g[label] + g[other]) / 2, (g2[label] + g2[other]) / 2
    yield f, np.vstack([g, middle]), f2, np.vstack([g2, middle2])
    yield f, np.vstack([g, 2 * g[label] - g[other]]), f2, np.vstack([g2, 2 * g2[label] - g2[other]])
    if k > 2:
        yield f, np.delete(g, label, 0), f2, np.delete(g2, label, 0)
    if m == m2:
        size = 0.1 * float(np.sqrt(np.mean(g * g)))
        new = size * rng.standard_normal((k, 1))
        yield np.hstack([f, np.zeros((n, 1))]), np.hstack([g, new]), np.hstack([f2, np.zeros((n, 1))]), np.hstack([g2, new])  # fmt: skip
        if m > 1:
            yield f[:, :-1], g[:, :-1], f2[:, :-1], g2[:, :-1]


def _rank(evidence: Evidence | None) -> int:
    order = (Evidence.FLOAT64, Evidence.BALL, Evidence.EXACT)
    return order.index(evidence) if evidence in order else len(order)


def _words(witness: Witness) -> str:
    pair = witness.pair
    ratio = f", ratio {witness.ratio:.6g}" if witness.ratio is not None else ""
    return (
        f"lhs {witness.lhs:.6g} exceeds rhs {witness.rhs:.6g}{ratio} at n = {pair.n}, k = {pair.k}, m = {pair.m}"
    )
