"""The measure under examination: called on copies, its answers sifted, its rounding estimated."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.claims import Metric
from theory.conformance.results import Thing
from theory.errors import InvalidInput, NotApplicable
from theory.models import Model

EPS = float(np.finfo(np.float64).eps)  # spacing of float64 at one
_PROBES = 4  # perturbed evaluations: the largest of four changes is rarely below half of what is usual
_AMPLIFIED = 30.0  # an algorithm rounds more often than a perturbed input does
_UNSEEN = (
    1e-13  # share of the scale that rounding may come to where no perturbation shows it: sums of some hundred terms
)
_MESSAGE = 160  # characters of an exception that are told: two lines of a terminal
_REFUSALS = (ValueError, NotApplicable)  # numpy.linalg.LinAlgError is a ValueError


class NoValue(Exception):
    """The measure gave no finite number.

    Attributes
    ----------
    refused
        Whether it said so by an exception that is meant for that.
    """

    def __init__(self, reason: str, refused: bool) -> None:
        super().__init__(reason)
        self.refused = refused


class OutOfTime(Exception):
    """The time for the examination is over."""


def arrays_of(thing: Thing) -> list[np.ndarray]:
    """Return the arrays that a thing is made of."""
    return [thing.embeddings, thing.unembeddings] if isinstance(thing, Model) else [thing]


def copied(thing: Thing) -> Thing:
    """Return a copy that its receiver may write to."""
    if not isinstance(thing, Model):
        return np.array(thing, order="C")
    model = Model.trusted(np.array(thing.embeddings), np.array(thing.unembeddings))
    model.embeddings.flags.writeable = model.unembeddings.flags.writeable = True
    return model


def number(value: Any) -> float:
    """Return what a measure returned as a float.

    Raises
    ------
    InvalidInput
        If it is no real number.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if isinstance(value, complex | np.complexfloating) or not isinstance(value, int | float | np.number | np.bool_):
        shape = f" of shape {value.shape}" if isinstance(value, np.ndarray) else ""
        raise InvalidInput(f"metric: expected a real number, saw {type(value).__name__}{shape}")
    return float(value)


def perturbed(rng: np.random.Generator, thing: Thing) -> Thing:
    """Return a copy whose entries are off by up to two units in the last place."""
    return perturbed_together(rng, {"": thing})[""]


def perturbed_together(rng: np.random.Generator, things: Mapping[str, Thing]) -> dict[str, Thing]:
    """Return copies whose entries are off in the last places, arrays of one shape by the same factors.

    What is equal stays equal: a relation may speak of an input and itself.
    """
    factors: dict[tuple[int, ...], np.ndarray] = {}

    def moved(array: np.ndarray) -> np.ndarray:
        if array.shape not in factors:
            factors[array.shape] = 1 + EPS * rng.integers(-2, 3, array.shape)
        return np.asarray(array * factors[array.shape])

    return {name: _changed(thing, moved) for name, thing in things.items()}


def shaken_together(rng: np.random.Generator, things: Mapping[str, Thing], size: float) -> dict[str, Thing]:
    """Return copies with noise of a size relative to each array's own, the same in arrays of one shape.

    Ties within an array are broken, what is equal or in proportion stays so.
    """
    noise: dict[tuple[int, ...], np.ndarray] = {}

    def moved(array: np.ndarray) -> np.ndarray:
        if array.shape not in noise:
            noise[array.shape] = rng.standard_normal(array.shape)
        return np.asarray(array + size * float(np.sqrt(np.mean(array * array))) * noise[array.shape])

    return {name: _changed(thing, moved) for name, thing in things.items()}


def _changed(thing: Thing, change: Callable[[np.ndarray], np.ndarray]) -> Thing:
    if isinstance(thing, Model):
        return Model.trusted(change(thing.embeddings), change(thing.unembeddings))
    return change(thing)


@dataclass
class Subject:
    """A measure and what is known of it so far.

    Attributes
    ----------
    metric
        The measure.
    seed
        Of everything drawn for it.
    maximum
        For a similarity, the common value of f(X, X) where there is one; else None.
    scale
        Median of |D| over ordinary inputs: what "small" is compared with.
    least
        Smallest value on ordinary inputs: a distance that is negative on degenerate ones alone is at fault.
    precision
        Unit of rounding that its answers show: that of float64, or a larger one.
    evaluations
        How often it was called.
    deadline
        When the property being examined must come to an end (`time.monotonic`).
    """

    metric: Metric
    seed: int = 0
    maximum: float | None = None
    scale: float = 1.0
    least: float = -math.inf
    precision: float = EPS
    evaluations: int = 0
    deadline: float = math.inf

    def value(self, first: Thing, second: Thing) -> float:
        """Return f(X, Y).

        Raises
        ------
        NoValue
            If it raises, or returns nan or an infinity.
        """
        return self.answer(copied(first), copied(second))

    def answer(self, first: Thing, second: Thing) -> float:
        """Return f(X, Y) without a copy, as `value` does."""
        self.evaluations += 1
        try:
            answer = self.metric(first, second)
        except (Exception, SystemExit) as error:
            raise NoValue(f"raised {_described(error)}", isinstance(error, _REFUSALS)) from None
        try:
            value = number(answer)
        except InvalidInput as error:
            raise NoValue(f"returned no number ({error})", False) from None
        if not math.isfinite(value):
            raise NoValue(f"returned {value}", False)
        return value

    def distance(self, first: Thing, second: Thing) -> float:
        """Return D(X, Y): the measure, or its maximum minus the measure."""
        value = self.value(first, second)
        return value if not self.metric.similarity else self.maximal - value

    @property
    def maximal(self) -> float:
        """The maximum of a similarity, where it is known to exist."""
        assert self.maximum is not None
        return self.maximum

    def noise(self, first: Thing, second: Thing) -> float:
        """Return how far f(X, Y) moves when the entries move by their rounding."""
        rng = np.random.default_rng([self.seed, 77])
        try:
            here = self.value(first, second)
            return max(abs(self.value(perturbed(rng, first), perturbed(rng, second)) - here) for _ in range(_PROBES))
        except NoValue:
            return math.inf  # beside this input there is no value: nothing that depends on one can be trusted

    def rounding(self, *pairs: tuple[Thing, Thing]) -> float:
        """Return how large a difference of values at these arguments rounding may explain."""
        return _AMPLIFIED * sum(self.noise(*pair) for pair in pairs) + _UNSEEN * self.scale

    @property
    def late(self) -> bool:
        """Whether the property's time is over."""
        return time.monotonic() > self.deadline

    def check_time(self) -> None:
        """Raise `OutOfTime` once the property's time is over."""
        if self.late:
            raise OutOfTime

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Let `check_time` raise from a moment on, if that is earlier than what is set."""
        before, self.deadline = self.deadline, min(self.deadline, deadline)
        try:
            yield
        finally:
            self.deadline = before


def _described(error: BaseException) -> str:
    message = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if message else ''}{message[:_MESSAGE]}"
