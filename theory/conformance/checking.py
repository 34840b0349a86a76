"""`check_metric`: a measure is asked every property, and the answers come with counterexamples."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from theory.claims import Metric, metric
from theory.conformance.inputs import large_pairs, pairs
from theory.conformance.properties import PROPERTIES, Property
from theory.conformance.results import Conformance, Counterexample, PropertyResult, PropertyVerdict, Thing
from theory.conformance.subject import EPS, NoValue, Subject
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.models import Model
from theory.silence import quietly

Progress = Callable[[str, int, int], None]
"""Told the name of the property that is done, how many are, and how many were planned."""

_FIRST_LOOK = 12  # pairs of each kind, equal and unequal dimensions: nearly every shape once
_SHORT_LOOK = 4  # pairs that a slow measure is looked at on, at least: two of each kind
_LOOK = 0.03  # share of the time after which a look must do
_ON_DISTANCES = frozenset(
    {"nonnegative", "triangle", "controlled_by_logit_distance", "controlled_by_kl", "separates_distributions"}
)
_SINGLE = 2.0**-24  # unit of rounding of single precision
_NUDGES = 8  # of each size: enough for "nearly all" and "more than half" to mean something
_FINE, _COARSE = 1e-12, 1e-5  # relative: far above the rounding of double precision, and of single precision
_RESOLVED = 8  # roundings that the finest change of a value must exceed for it to be told from none
_AS_ONE = 1e-3  # relative spread of f(X, X) up to which it is one maximum: rounding, also in single precision
_ROUND = 1e-6  # distance from a whole number up to which a maximum is that number
_FEW = 10  # of the smaller shapes
_ENOUGH = 3  # pairs that must agree


def check_metric(
    f: Metric | Callable[[Any, Any], Any],
    *,
    on: Literal["embeddings", "models"] | None = None,
    similarity: bool | None = None,
    declares: Iterable[str] | None = None,
    properties: Iterable[str] | None = None,
    budget: float = 20.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Conformance:
    """Find out which properties a measure has: axioms, invariances, behaviour, and what controls it.

    Parameters
    ----------
    f
        A measure marked with `theory.metric`, or a function of two embeddings, or of two models, with `on` given.
    on, similarity, declares
        As for `theory.metric`; they replace what a marked measure says.
    properties
        Names of those to examine; all by default.
    budget
        Seconds at most, in all. Every property has its share, and passes on what it does not use.
    seed
        Same seed, same inputs; same verdicts unless the time runs out.
    progress
        Told after each property.

    Returns
    -------
    Conformance
        A result for each property that there was time for.

    Raises
    ------
    InvalidInput
        If an argument is not usable, or the measure gives no number on any ordinary input.

    Examples
    --------
    >>> from theory import mean_cca
    >>> from theory.conformance import check_metric
    >>> found = check_metric(mean_cca, on="embeddings", similarity=True, properties=["symmetric", "bounded_by_one"])
    >>> [str(result.verdict) for result in found.properties.values()]
    ['holds', 'holds']
    """
    measure = _as_metric(f, on, similarity, declares)
    planned = _planned(properties)
    _require_limits(budget, seed)
    return _examined(Subject(measure, seed), planned, budget, progress)


def _require_limits(budget: float, seed: int) -> None:
    if not (isinstance(budget, int | float) and 0 < budget < math.inf):
        raise InvalidInput(f"budget: expected a positive, finite number of seconds, saw {budget!r}")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InvalidInput(f"seed: expected a non-negative integer, saw {seed!r}")


def _examined(subject: Subject, planned: list[Property], budget: float, progress: Progress | None) -> Conformance:
    """Ask every property in turn, each within its share of what time is left."""
    began = time.monotonic()
    measure = subject.metric
    results: dict[str, PropertyResult] = {}
    with quietly():
        unequal = _look_at(subject, budget)
        left = sum(check.share for check in planned)
        for number, check in enumerate(planned):
            now = time.monotonic()
            remaining = began + budget - now
            if remaining <= 0:
                break
            with subject.until(now + remaining * check.share / left):
                results[check.name] = _result(subject, check, unequal)
            left -= check.share
            if progress is not None:
                progress(check.name, number + 1, len(planned))
    return Conformance(
        metric=measure.name,
        on=measure.on,
        similarity=measure.similarity,
        declared=measure.declares,
        planned=tuple(check.name for check in planned),
        properties=results,
        seed=subject.seed,
        seconds=time.monotonic() - began,
        evaluations=subject.evaluations,
    )


def _as_metric(
    f: Metric | Callable[[Any, Any], Any],
    on: Literal["embeddings", "models"] | None,
    similarity: bool | None,
    declares: Iterable[str] | None,
) -> Metric:
    if isinstance(f, Metric):
        chosen = metric(
            on=f.on if on is None else on,
            similarity=f.similarity if similarity is None else similarity,
            declares=f.declares if declares is None else declares,
        )(f.function)
        return replace(chosen, name=f.name)
    if on is None:
        raise InvalidInput("on: expected 'embeddings' or 'models' for a function not marked with @metric, saw None")
    return metric(on=on, similarity=False if similarity is None else similarity, declares=declares)(f)


def _planned(properties: Iterable[str] | None) -> list[Property]:
    if properties is None:
        return list(PROPERTIES.values())
    names = [properties] if isinstance(properties, str) else list(properties)
    for name in names:
        if name not in PROPERTIES:
            raise InvalidInput(f"properties: expected names among {', '.join(PROPERTIES)}, saw {name!r}")
    return [check for name, check in PROPERTIES.items() if name in names]


# --------------------------------------------------------------------------- a first look


def _look_at(subject: Subject, budget: float) -> Counterexample | None:
    """Find the maximum, the scale and the precision of a measure; return two inputs whose f(X, X) differ, if any.

    Raises
    ------
    InvalidInput
        If the measure has no value on any ordinary input.
    """
    values: list[float] = []
    why = ""
    ordinary = [
        pair
        for both in zip(
            pairs(subject.metric.on, subject.seed, _FIRST_LOOK),
            pairs(subject.metric.on, subject.seed, _FIRST_LOOK, equal=True),
            strict=True,
        )
        for pair in both
    ]
    began = time.monotonic()
    for number, (X, Y) in enumerate(ordinary):
        if number >= _SHORT_LOOK and values and time.monotonic() - began > _LOOK * budget:
            ordinary = ordinary[:number]  # a slow measure: its time is for its properties
            break
        try:
            values.append(subject.value(X, Y))
        except NoValue as error:
            why = str(error)
    if not values:
        raise InvalidInput(f"metric: expected a number on ordinary input, saw none on {len(ordinary)}: it {why}")
    unequal = _find_maximum(subject, ordinary) if subject.metric.similarity else None
    sizes = values if subject.maximum is None else [subject.maximum - value for value in values]
    subject.least = min(values)
    subject.scale = float(np.median(np.abs(sizes))) or max(map(abs, sizes)) or 1.0
    if (time.monotonic() - began) / subject.evaluations < _LOOK * budget / (2 * _NUDGES):
        subject.precision = _unit_of_rounding(subject)
    return unequal


def _find_maximum(subject: Subject, ordinary: list[tuple[Thing, Thing]]) -> Counterexample | None:
    selves: list[tuple[float, Thing]] = []
    for X, Y in ordinary:
        for thing in (X, Y):
            with contextlib.suppress(NoValue):
                selves.append((subject.value(thing, thing), thing))
    if not selves:
        return None
    low, high = min(selves, key=lambda item: item[0]), max(selves, key=lambda item: item[0])
    if high[0] - low[0] <= _AS_ONE * max(abs(high[0]), abs(low[0])):
        middle = float(np.median([value for value, _ in selves]))
        # What is one but for rounding is one.
        subject.maximum = float(round(middle)) if abs(middle - round(middle)) < _ROUND else middle
        return None
    return Counterexample(
        "f(X, X) = f(Y, Y), the maximum", {"X": low[1], "Y": high[1]}, {"f(X, X)": low[0], "f(Y, Y)": high[0]}
    )


def _unit_of_rounding(subject: Subject) -> float:
    """Return the unit of rounding of single precision if a measure computes in it, else that of double precision.

    In double precision, nudges of some 1e-12 all give values of their own; in single precision nearly all give the
    same, although nudges of some 1e-5 do not. Few counts and ranks change under either. Over many inputs there are so
    many ranks that some do: there, the values must be numbers of single precision as well.
    """
    few = list(pairs(subject.metric.on, subject.seed + 1, _FEW, equal=True))
    many = list(large_pairs(subject.metric.on, subject.seed, _ENOUGH))
    return max(_precision_on(subject, few, False), _precision_on(subject, many, True))


def _precision_on(subject: Subject, drawn: list[tuple[Thing, Thing]], representable: bool) -> float:
    seen = 0
    for X, Y in drawn:
        try:
            fine, coarse = (
                {subject.value(_nudged(X, size * step), _nudged(Y, size * step)) for step in range(1, _NUDGES + 1)}
                for size in (_FINE, _COARSE)
            )
        except NoValue:
            continue
        resolved = (max(coarse) - min(coarse)) * _FINE / _COARSE > _RESOLVED * EPS * max(map(abs, coarse))
        if len(coarse) < _NUDGES - 1 or not resolved:  # a count, saturated, or a small part of a large number
            continue
        if len(fine) > _NUDGES // 2 or (representable and any(float(np.float32(value)) != value for value in coarse)):
            return EPS
        seen += 1
    return _SINGLE if seen >= _ENOUGH else EPS


def _nudged(thing: Any, size: float) -> Any:
    if isinstance(thing, Model):
        return Model(_nudged(thing.embeddings, size), _nudged(thing.unembeddings, size))
    return thing * (1 + size * np.cos(np.arange(thing.size)).reshape(thing.shape))


# --------------------------------------------------------------------------- one property


def _result(subject: Subject, check: Property, unequal: Counterexample | None) -> PropertyResult:
    if subject.metric.similarity and subject.maximum is None:
        if check.name == "zero_on_self" and unequal is not None:
            first, second = unequal.values.values()
            message = f"f(X, X) is not the same for all X: {first:.6g} and {second:.6g}, so neither is the maximum"
            return PropertyResult(check.name, PropertyVerdict.FAILS, Evidence.FLOAT64, _FIRST_LOOK, message, unequal)
        if check.name in _ON_DISTANCES or check.name == "zero_on_self":
            return PropertyResult(
                check.name, PropertyVerdict.NOT_APPLICABLE, None, 0, "there is no maximum, as f(X, X) varies with X"
            )
    return check.check(subject)
