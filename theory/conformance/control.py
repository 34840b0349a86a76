r"""Whether closeness in distribution forces a measure to zero: the question that theorems T2 to T10 answer for theirs.

Over teachers a with :math:`s_{\min}(G_c) \ge 1` and :math:`\lambda_{\min}(\mathrm{Cov} f) \ge 1` and students b of the
teacher's dimension, both over the same inputs, whose number is fixed: does d(a, b) -> 0 force D(a, b) -> 0, uniformly?
D is the measure, or the maximum of a similarity minus the measure, of a and b in this order. A measure on embeddings
sees those of both. Of a wider student nothing is asked, because what its further directions count for is a convention.

It fails with a sequence of pairs along which d falls below 1e-6 while D stays above a constant. Where no sequence is
found, the modulus is reported: the exponent nearest to the slope of the largest values seen, among simple ones, and the
smallest C with D <= C d^exponent on all pairs seen.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from theory.conformance.control_families import belongs, families
from theory.conformance.inputs import generator
from theory.conformance.results import Counterexample, PropertyResult, PropertyVerdict, Step, Thing
from theory.conformance.subject import NoValue, OutOfTime, Subject
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.measures.distances import kl_divergence, logit_distance
from theory.measures.registry import registered
from theory.models import Model
from theory.search.charts import chart_around
from theory.search.evolution import evolve

_CLOSE = 1e-6  # below which a distance counts as gone
_BEGINNING = 1e-2  # the sequence starts where the distance is below this
_STEADY = 0.8  # share of D that must be left at the end of a sequence
_SLOWING = 0.25  # with less than this left D is on its way to zero
_SMALL = 1e-3  # share of the scale that counts as something
_FEWEST = 4  # steps of a sequence that show a tendency
_LEVELS = tuple(10.0**-exponent for exponent in range(2, 8))  # from the beginning to beyond what is close
_GENERATIONS = 18  # of the ascent at each level: it starts from what ascent found at the level before
_LARGEST = 40  # entries of a teacher's embeddings that ascent may start from: each costs coordinates
_NEARER = 0.1  # share of the difference that is kept from one level to the next, as the levels are apart
_PENALTY = 10  # on log D for each factor e by which the distance is beyond its level: any exponent up to ten loses
_STEP = 0.1  # of the ascent at first, in its chart: within the family it starts from
_PATHS = 6  # of teachers, with and without shared labels
_HALVINGS = 34  # of a path of length one: pieces of 6e-11, whose ends are close
_PATH_SHAPES = ((6, 4, 2), (6, 5, 2), (8, 3, 1), (12, 6, 3))  # n, k, m: one, two and three dimensions
_SPREADS = 3, 2  # of the embeddings and the unembeddings of a path, so that most of it is in the class
_EXPONENTS = (0.25, 1 / 3, 0.5, 2 / 3, 1.0, 1.5, 2.0, 3.0, 4.0)  # those that theorems have, and their neighbours
_NEAR = 0.1  # distance below which a modulus is looked at: large ones are no matter of "D -> 0"
_GONE = 1e-12  # share of the scale below which D is rounding
_FLATTEST = 1e-3  # slope that stands for all smaller ones, whose logarithm may not exist
_DECADES = 3  # of distances that a slope needs
_TOLD = 8  # steps of a sequence that are shown


@dataclass(frozen=True)
class _Closeness:
    """A distance between distributions that may or may not control a measure."""

    key: str
    symbol: str
    of: Callable[[Model, Model], float]


_LOGIT = _Closeness("logit distance", "logit_distance(a, b)", lambda a, b: float(logit_distance(a, b)))
_KL = _Closeness("kl", "kl_divergence(a, b)", lambda a, b: float(kl_divergence(a, b)))


def controlled_by_logit_distance(subject: Subject) -> PropertyResult:
    """D(a, b) -> 0 as d_logit(a, b) -> 0, uniformly over the class."""
    return _controlled(subject, "controlled_by_logit_distance", _LOGIT)


def controlled_by_kl(subject: Subject) -> PropertyResult:
    """D(a, b) -> 0 as KL(a || b) -> 0, uniformly over the class."""
    return _controlled(subject, "controlled_by_kl", _KL)


def _things(subject: Subject, a: Model, b: Model) -> tuple[Thing, Thing]:
    return (a, b) if subject.metric.on == "models" else (a.embeddings, b.embeddings)


def _step(subject: Subject, closeness: _Closeness, a: Model, b: Model) -> Step:
    """Return the distance and the measure of a pair.

    Raises
    ------
    NoValue
        If the measure has none.
    """
    return Step(a, b, closeness.of(a, b), abs(subject.distance(*_things(subject, a, b))))


@dataclass(frozen=True)
class _Walked:
    """What the families of pairs say, each walked towards distance zero.

    Attributes
    ----------
    steps
        All pairs seen.
    lost
        The family along which D stays, and its sequence; the walk ends there.
    slow
        The first along which D falls too slowly to tell.
    silent
        Why the measure had no value, where it had none.
    untried
        Families for which there was no time.
    """

    steps: list[Step]
    lost: tuple[str, list[Step]] | None
    slow: tuple[str, list[Step]] | None
    silent: str
    untried: int


def _walk(subject: Subject, closeness: _Closeness) -> _Walked:
    steps: list[Step] = []
    slow: tuple[str, list[Step]] | None = None
    silent, untried = "", 0
    for family in families(subject.seed)[closeness.key]:
        try:
            subject.check_time()
        except OutOfTime:
            untried += 1
            continue
        ladder = []
        for level in family.levels:
            a, b = family.at(level)
            if not belongs(a):
                continue
            try:
                ladder.append(_step(subject, closeness, a, b))
            except NoValue as error:
                silent = str(error)
        steps += ladder
        sequence = _descending(ladder)
        kept = _kept(subject, sequence)
        if kept is True:
            return _Walked(steps, (family.name, sequence), slow, silent, untried)
        if kept is None:
            slow = slow or (family.name, sequence)
    return _Walked(steps, None, slow, silent, untried)


def _searched(subject: Subject, closeness: _Closeness, steps: list[Step]) -> Iterator[tuple[str, list[Step]]]:
    """Yield what each search finds, from what was seen so far: its name and its sequence."""
    yield "pairs found by ascent", _descending(list(_climbs(subject, closeness, steps)))
    for number in range(_PATHS):
        yield "two sides of a jump", _descending(list(_bisected(subject, closeness, number)))


def _controlled(subject: Subject, name: str, closeness: _Closeness) -> PropertyResult:
    walked = _walk(subject, closeness)
    steps, slow = walked.steps, walked.slow
    if walked.lost is not None:
        return _lost(name, closeness, *walked.lost, len(steps))
    if walked.untried:
        why = f"there was no time for {walked.untried} families of pairs; none of the others keeps D from zero"
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, len(steps), why)
    for found, sequence in _searched(subject, closeness, steps):
        steps += sequence
        if _kept(subject, sequence) is True:
            return _lost(name, closeness, found, sequence, len(steps))
    largest = _persisting(steps)
    kept = _kept(subject, largest)
    if kept is True:
        return _lost(name, closeness, "the largest values seen", largest, len(steps))
    if kept is None:
        slow = slow or ("the largest values seen", largest)
    if not any(step.distance < _CLOSE for step in steps):
        why = f"no value on pairs nearer than {_CLOSE:g}: {walked.silent}" if walked.silent else "no near pairs"
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, len(steps), why)
    if slow is not None:
        found, sequence = slow
        message = (
            f"{found}: D falls from {sequence[0].value:.3g} only to {sequence[-1].value:.3g} "
            f"while {closeness.symbol} falls to {sequence[-1].distance:.1e}"
        )
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, len(steps), message)
    return _held(subject, name, closeness, steps)


def _held(subject: Subject, name: str, closeness: _Closeness, steps: list[Step]) -> PropertyResult:
    message = _modulus(subject, closeness, steps)
    known = registered(subject.metric.function)
    if known is not None and name in known.proved:
        message += f"; proved: {known.proved[name]}"
    # Where the time ran out, the families were tried, and the ascents cut off.
    evidence = Evidence.SAMPLED if subject.late else Evidence.ATTACKED
    return PropertyResult(name, PropertyVerdict.HOLDS, evidence, len(steps), message)


def _descending(ladder: Sequence[Step]) -> list[Step]:
    """Return the steps below the beginning, each nearer than all before it."""
    found: list[Step] = []
    for step in sorted(ladder, key=lambda step: -step.distance):
        if step.distance <= _BEGINNING and (not found or step.distance < found[-1].distance):
            found.append(step)
    return found


def _persisting(steps: Sequence[Step]) -> list[Step]:
    """Return the steps, of all families, whose values are about as large as the largest at the nearest distances."""
    near = max((step.value for step in steps if 0 < step.distance < _CLOSE), default=0.0)
    return _descending([step for step in steps if step.distance > 0 and step.value >= _STEADY * near])


def _kept(subject: Subject, sequence: Sequence[Step]) -> bool | None:
    """Whether D stays above a constant along a sequence that comes close; None if it falls too slowly to tell."""
    if len(sequence) < _FEWEST or sequence[-1].distance >= _CLOSE:
        return False
    first, last = sequence[0].value, min(step.value for step in sequence[len(sequence) // 2 :])
    if min(step.value for step in sequence) <= _SMALL * subject.scale:
        return False
    if last >= _STEADY * first:
        return True
    return None if last >= _SLOWING * first else False


def _lost(name: str, closeness: _Closeness, family: str, sequence: Sequence[Step], trials: int) -> PropertyResult:
    shown = _thinned(sequence)
    constant = min(step.value for step in shown)
    last = shown[-1]
    message = f"{family}: D stays above {constant:.3g} while {closeness.symbol} falls to {last.distance:.1e}"
    counterexample = Counterexample(
        f"D(a, b) -> 0 as {closeness.symbol} -> 0",
        {"a": last.teacher, "b": last.student},
        {"D(a, b)": last.value, closeness.symbol: last.distance, "constant": constant},
        shown,
    )
    return PropertyResult(name, PropertyVerdict.FAILS, Evidence.FLOAT64, trials, message, counterexample)


def _thinned(sequence: Sequence[Step], most: int = _TOLD) -> tuple[Step, ...]:
    """Return a few steps of a sequence, the last among them."""
    picked = np.unique(np.linspace(0, len(sequence) - 1, min(most, len(sequence))).round().astype(int))
    return tuple(sequence[i] for i in picked)


# --------------------------------------------------------------------------- the worst at each distance


def _climbs(subject: Subject, closeness: _Closeness, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield, for each of several distances, the pair with the largest D that ascent finds at most that far apart."""
    previous: Step | None = None
    for number, level in enumerate(_LEVELS):
        near = [step for step in steps if step.distance <= level and step.teacher.n * step.teacher.m <= _LARGEST]
        starts = sorted(near, key=lambda step: -step.value)[:1]
        if previous is not None:
            with contextlib.suppress(NoValue, InvalidInput):
                starts.append(_step(subject, closeness, *_closer(previous, _NEARER)))
        best = max((s for s in starts if s.distance <= level), key=lambda step: step.value, default=None)
        if best is None:
            continue
        previous = _climb(subject, closeness, best, level, number)
        yield previous


def _closer(step: Step, share: float) -> tuple[Model, Model]:
    """Return a pair whose factors differ by a share of what they did."""
    a, b = step.teacher, step.student
    return a, Model(
        a.embeddings + share * (b.embeddings - a.embeddings), a.unembeddings + share * (b.unembeddings - a.unembeddings)
    )


def _climb(subject: Subject, closeness: _Closeness, start: Step, level: float, number: int) -> Step:
    a, b = start.teacher, start.student
    chart = chart_around((a.embeddings, a.unembeddings, b.embeddings, b.unembeddings), "apart")
    best = start

    def value(x: np.ndarray) -> float:
        nonlocal best
        subject.check_time()
        f, g, f2, g2 = chart.at(x)
        try:
            teacher = Model(f, g)
            if not belongs(teacher):
                return -math.inf
            step = _step(subject, closeness, teacher, Model(f2, g2))
        except (NoValue, InvalidInput, np.linalg.LinAlgError):
            return -math.inf
        if step.value <= 0 or step.distance <= 0:
            return -math.inf
        if step.distance <= level and step.value > best.value:
            best = step
        return math.log(step.value) - _PENALTY * max(0.0, math.log(step.distance / level))

    steps = evolve(value, chart.size, np.random.default_rng([subject.seed, 47, number]), _STEP)
    for _ in range(_GENERATIONS):
        try:
            next(steps)
        except (StopIteration, OutOfTime):
            break
    return best


def _bisected(subject: Subject, closeness: _Closeness, number: int) -> Iterator[Step]:
    """Yield the ends of ever shorter pieces of a path of teachers, of both halves the one across which D is larger.

    Where D jumps, the piece closes in on the jump.
    """
    rng = generator(subject.seed, 51, number)
    n, k, m = _PATH_SHAPES[number % len(_PATH_SHAPES)]
    spread, length = _SPREADS
    ends = [(spread * rng.standard_normal((n, m)), length * rng.standard_normal((k, m))) for _ in range(2)]
    if number % 2:
        ends[1] = (ends[1][0], ends[0][1])  # labels shared

    def at(t: float) -> Model:
        (f, g), (f2, g2) = ends
        return Model(f + t * (f2 - f), g + t * (g2 - g))

    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        try:
            subject.check_time()
        except OutOfTime:
            return
        middle, halves = (low + high) / 2, []
        for start, end in ((low, middle), (middle, high)):
            with contextlib.suppress(NoValue):
                teacher = at(start)
                if belongs(teacher):
                    halves.append((_step(subject, closeness, teacher, at(end)), start, end))
        if not halves:
            return
        step, low, high = max(halves, key=lambda half: half[0].value)
        yield step


# --------------------------------------------------------------------------- how fast it goes to zero


def _modulus(subject: Subject, closeness: _Closeness, steps: Sequence[Step]) -> str:
    """Return the best exponent and constant of D <= C d^exponent that the pairs seen allow."""
    near = [step for step in steps if 0 < step.distance <= _NEAR and step.value > _GONE * subject.scale]
    if not near:
        return "D is zero on all pairs nearer than 0.1"
    logs = np.array([(math.log10(step.distance), math.log10(step.value)) for step in near])
    bins = np.floor(logs[:, 0])
    tops = np.array([logs[bins == b][np.argmax(logs[bins == b, 1])] for b in np.unique(bins)])
    if len(tops) < _DECADES:
        return "too few near pairs for an exponent"
    slope = float(np.polyfit(tops[:, 0], tops[:, 1], 1)[0])
    exponent = min(_EXPONENTS, key=lambda candidate: abs(math.log(candidate / max(slope, _FLATTEST))))
    constant = max(step.value / step.distance**exponent for step in near)
    bound = f"D <= {constant:.3g} {closeness.symbol}^{exponent:.3g}"
    return f"{bound} on all {len(near)} pairs nearer than 0.1 (slope {slope:.2f})"
