"""Adversarial cases: after those that are drawn, what an evolution strategy makes of the most promising of them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from theory.conformance.relations import Case
from theory.conformance.results import Thing
from theory.conformance.subject import NoValue, OutOfTime, Subject, arrays_of
from theory.models import Model
from theory.search.evolution import evolve

Gain = Callable[[float, float], float]
"""What is to be made large, of the two sides."""

_STARTS = 3  # climbs of a property: the best of what was drawn, and two more in case it leads nowhere
_LARGEST = 120  # coordinates of a start at most: an evolution strategy needs generations in proportion
_GENERATIONS = 40  # of a climb: what is left by then is gained too slowly for a property's share of the time


def _arrays(inputs: Mapping[str, Thing]) -> list[np.ndarray]:
    return [array for value in inputs.values() for array in arrays_of(value)]


def _moved(inputs: Mapping[str, Thing], x: np.ndarray) -> dict[str, Thing]:
    """Return inputs whose entries have moved, each array in units of its own size."""
    start = 0

    def next_of(array: np.ndarray) -> np.ndarray:
        nonlocal start
        size = float(np.sqrt(np.mean(array * array))) or 1.0
        step, start = x[start : start + array.size], start + array.size
        return np.asarray(array + size * step.reshape(array.shape))

    return {
        name: Model.trusted(next_of(value.embeddings), next_of(value.unembeddings))
        if isinstance(value, Model)
        else next_of(value)
        for name, value in inputs.items()
    }


def climbed(subject: Subject, cases: Iterable[Case], gain: Gain, generations: int = _GENERATIONS) -> Iterator[Case]:
    """Yield cases, then better ones found around the best of them, an improvement at a time.

    Parameters
    ----------
    subject
        The measure.
    cases
        Starts.
    gain
        Of the sides of a case, what is to be made large.
    generations
        Of each of the climbs.
    """
    best: list[tuple[float, int, Case]] = []
    for number, case in enumerate(cases):
        yield case
        value = _gain(subject, case, gain)
        if value > -math.inf and sum(array.size for array in _arrays(case.inputs)) <= _LARGEST:
            heapq.heappush(best, (value, -number, case))
            if len(best) > _STARTS:
                heapq.heappop(best)
    for value, number, case in sorted(best, reverse=True, key=lambda item: item[:2]):
        yield from _climb(subject, case, value, gain, -number, generations)


def _gain(subject: Subject, case: Case, gain: Gain) -> float:
    try:
        lhs, rhs = case.relation.sides(subject.distance if case.relation.of_distance else subject.value, case.inputs)
        value = gain(float(lhs), float(rhs))
    except NoValue:
        return -math.inf
    return value if math.isfinite(value) else -math.inf


def _climb(subject: Subject, case: Case, start: float, gain: Gain, number: int, generations: int) -> Iterator[Case]:
    reached, found = start, case

    def value(x: np.ndarray) -> float:
        nonlocal reached, found
        subject.check_time()
        other = replace(case, inputs=_moved(case.inputs, x))
        height = _gain(subject, other, gain)
        if height > reached:
            reached, found = height, other
        return height

    size = sum(array.size for array in _arrays(case.inputs))
    rng = np.random.default_rng([subject.seed, 9, number])
    shown = start
    steps = evolve(value, size, rng)
    for _ in range(generations):
        try:
            next(steps)
        except (StopIteration, OutOfTime):
            break
        if reached > shown:
            shown = reached
            yield found
    if reached > shown:
        yield found
