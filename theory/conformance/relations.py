"""Equalities and inequalities between values of a measure, tried on cases and confirmed before they count as broken."""

from __future__ import annotations

import enum
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from theory.arithmetic import multiprecision as digits
from theory.conformance.inputs import embeddings_of
from theory.conformance.results import Counterexample, PropertyResult, PropertyVerdict, Thing
from theory.conformance.subject import EPS, NoValue, OutOfTime, Subject, perturbed_together, shaken_together
from theory.evidence import Evidence
from theory.measures.stand_ins import STAND_INS
from theory.models import Model

_PROBES = 4  # perturbed evaluations at most: the largest of four changes is rarely below half of what is usual
_AMPLIFIED = 30.0  # an algorithm rounds more often than its input does
_NEAR_ZERO = 1e-6  # values below this share of the scale may be square roots of rounding,
_ROOT_OF_ROUNDING = 1e-7  # and differ by this share of it
_PLAIN = 1e-8  # relative excess up to which float64 alone is not believed,
_OPEN = 1e-6  # and up to which it leaves the question open
_TRUSTED = 10.0  # multiple of the rounding that is estimated which float64 alone must exceed
_FOURTH_ROOT = 3e-3  # share of the scale up to which values may be made of nothing but rounding
_NEIGHBOURS = 3  # an odd number, of whom the majority decides
_NEARBY = 1e-7  # relative distance of neighbours: beyond all rounding, and within what a real violation survives
ENOUGH = 12  # inputs that must have been tried where the time runs out
_DISMISSED, _LIKE = 3, 10.0  # violations that did not stand, after which no more like them are looked into
_MANY_ROWS = 24  # more than these take too long in many digits
_CONSTANTS = ("0", "1")  # sides that need no value
_KEPT = 0.3  # share of a violation that a simpler one must have
_LAST_BITS = 16  # roundings, of a value's own size, that are never a violation
_DUST = 1e-14  # share of the scale that is none either: what is left of terms of that size that cancel
_HALF = 0.5  # share of an excess that many digits must show as well
_BUILT = 1e-11  # relative excess in digits that inputs built in float64, such as rotations, may owe to their last bits
_TINY = 1e-300  # in place of a size of zero
_ALIKE = 1e-4  # relative difference below which values are told apart by their difference, not by six digits each
_SINGLE_STEPS = 1e3  # units of single precision that its rounding may come to in a whole computation


@dataclass(frozen=True)
class Relation:
    """What a property says of some inputs.

    Attributes
    ----------
    statement
        In symbols.
    names
        Expressions for the left- and the right-hand side.
    sides
        Called with the measure (or the distance view of it) and the inputs; the same in every arithmetic.
    equality
        Whether the sides are equal, or else the left one is at most the right one.
    of_distance
        Whether it speaks of D, not of f.
    """

    statement: str
    names: tuple[str, str]
    sides: Callable[[Callable[[Any, Any], Any], Mapping[str, Any]], tuple[Any, Any]]
    equality: bool = True
    of_distance: bool = False


@dataclass(frozen=True)
class Case:
    """A relation and inputs to try it on.

    Attributes
    ----------
    relation, inputs
        What is said of what.
    notes
        What else was done to the inputs, for the counterexample.
    """

    relation: Relation
    inputs: Mapping[str, Thing]
    notes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Trial:
    """A case tried.

    Attributes
    ----------
    lhs, rhs
        The sides.
    excess
        By how much the relation is broken; at most zero where it holds.
    rounding
        How large an excess rounding may explain.
    """

    lhs: float
    rhs: float
    excess: float
    rounding: float

    @property
    def broken(self) -> bool:
        """Whether rounding does not explain the excess."""
        return self.excess > self.rounding


def tried(subject: Subject, case: Case) -> Trial:
    """Evaluate both sides of a case, and what rounding may explain where they disagree.

    Raises
    ------
    NoValue
        If the measure has no value there.
    """
    lhs, rhs = _sides(subject, case.relation, case.inputs)
    excess = _excess(case.relation, lhs, rhs)
    size = max(abs(lhs), abs(rhs))
    least = _LAST_BITS * EPS * size + _DUST * subject.scale
    if excess <= least:
        return Trial(lhs, rhs, excess, least)
    rng = np.random.default_rng([subject.seed, 5])
    spread = 0.0
    for _ in range(_PROBES):
        near = perturbed_together(rng, case.inputs)
        try:
            other = _sides(subject, case.relation, near)
        except NoValue:
            return Trial(lhs, rhs, excess, math.inf)
        spread = max(spread, abs(_excess(case.relation, *other) - excess))
        if least + _AMPLIFIED * spread >= excess:  # explained: no more of them are needed
            break
    near_zero = _ROOT_OF_ROUNDING * subject.scale if size < _NEAR_ZERO * subject.scale else 0.0
    return Trial(lhs, rhs, excess, least + _AMPLIFIED * spread + near_zero)


def _sides(subject: Subject, relation: Relation, inputs: Mapping[str, Thing]) -> tuple[float, float]:
    lhs, rhs = relation.sides(subject.distance if relation.of_distance else subject.value, inputs)
    return float(lhs), float(rhs)


def _excess(relation: Relation, lhs: Any, rhs: Any) -> Any:
    return abs(lhs - rhs) if relation.equality else lhs - rhs


def in_digits(subject: Subject, case: Case) -> tuple[Any, Any] | None:
    """Return both sides in many digits, or None where they cannot be had."""
    if max(len(embeddings_of(value)) for value in case.inputs.values()) > _MANY_ROWS:
        return None
    function = subject.metric.function
    stand_in = STAND_INS.of(function)
    maximum = subject.maximum

    def measure(first: Any, second: Any) -> Any:
        value = stand_in(first, second)
        value = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
        return maximum - value if case.relation.of_distance and subject.metric.similarity else value

    found = digits.values(function, lambda inputs: case.relation.sides(measure, inputs), case.inputs, STAND_INS)
    return None if found is None else (found[0], found[1])


def confirmed(subject: Subject, case: Case, trial: Trial) -> bool | None:
    """Whether many digits show the violation as well; None where they cannot be had."""
    found = in_digits(subject, case)
    if found is None:
        return None
    excess = _excess(case.relation, *found)
    return bool(excess > _HALF * trial.excess and excess > _BUILT * (abs(found[0]) + abs(found[1])))


# --------------------------------------------------------------------------- simpler counterexamples


def _simpler(inputs: Mapping[str, Thing]) -> Iterable[dict[str, Thing]]:
    """Return simpler inputs: fewer rows, then rounder entries."""
    things = _things(inputs)
    n = len(embeddings_of(next(iter(things.values()))))
    widest = max(embeddings_of(value).shape[1] for value in things.values())
    for row in range(n if n > widest + 2 else 0):
        keep = np.arange(n) != row
        yield {
            **inputs,
            **{
                name: Model(value.embeddings[keep], value.unembeddings) if isinstance(value, Model) else value[keep]
                for name, value in things.items()
            },
        }
    for decimals in (0, 1, 2):
        yield {
            **inputs,
            **{
                name: Model(np.round(value.embeddings, decimals), np.round(value.unembeddings, decimals))
                if isinstance(value, Model)
                else np.round(value, decimals)
                for name, value in things.items()
            },
        }


def _things(inputs: Mapping[str, Thing]) -> dict[str, Thing]:
    """Return the inputs without the maps and shifts that are applied to them."""
    return {name: value for name, value in inputs.items() if isinstance(value, Model) or _is_embedding(inputs, value)}


def _is_embedding(inputs: Mapping[str, Thing], value: Any) -> bool:
    """Whether an array has a row for each input, as opposed to a map or a shift."""
    first = next(iter(inputs.values()))
    return isinstance(value, np.ndarray) and value.ndim == 2 and len(value) == len(embeddings_of(first))


def simplified(subject: Subject, case: Case, trial: Trial) -> tuple[Case, Trial]:
    """Return a case with fewer rows and rounder entries that breaks the relation by a similar share."""
    if case.notes:  # they speak of the inputs as they are
        return case, trial
    share = trial.excess / max(abs(trial.lhs), abs(trial.rhs), _TINY)
    improved = True
    while improved:
        improved = False
        for inputs in _simpler(case.inputs):
            if all(np.array_equal(embeddings_of(inputs[n]), embeddings_of(case.inputs[n])) for n in inputs):
                continue
            other = replace(case, inputs=inputs)
            try:
                subject.check_time()
                found = tried(subject, other)
            except (NoValue, OutOfTime):
                continue
            size = max(abs(found.lhs), abs(found.rhs), _TINY)
            if found.broken and found.excess > _KEPT * share * size:
                case, trial, improved = other, found, True
                break
    return case, trial


# --------------------------------------------------------------------------- a property of many cases


def examined(
    subject: Subject, name: str, cases: Iterable[Case], evidence: Evidence = Evidence.SAMPLED, least: int = 6
) -> PropertyResult:
    """Try a relation on case after case until one breaks it for certain.

    Parameters
    ----------
    subject
        The measure.
    name
        Of the property.
    cases
        In the order in which they are tried.
    evidence
        What it is worth that none breaks.
    least
        Cases tried before the time may run out; six are those of three pairs.
    """
    seen = _Seen()
    for case in cases:
        if seen.trials + seen.silent >= least:
            try:
                subject.check_time()
            except OutOfTime:
                seen.cut_off = True
                break
        try:
            trial = tried(subject, case)
        except NoValue as error:
            seen.silent, seen.reason = seen.silent + 1, str(error)
            continue
        seen.trials += 1
        if not trial.broken:
            continue
        if seen.dismissed >= _DISMISSED and trial.excess <= _LIKE * seen.worst:
            seen.rulings[_Ruling.DENIED] += 1
            continue
        simple, simple_trial = simplified(subject, case, trial)
        ruling = _ruling(subject, simple, simple_trial)
        if ruling is _Ruling.STANDS:
            return broken(subject, name, simple, simple_trial, seen.trials)
        seen.rulings[ruling] += 1
        seen.worst = max(seen.worst, trial.excess)
        if ruling is _Ruling.TIED and not seen.tie:
            names = simple.relation.names
            seen.tie = f"{_shown(names[0], simple_trial.lhs)}, {_shown(names[1], simple_trial.rhs)}"
    return _survived(subject, name, seen, evidence)


@dataclass
class _Seen:
    """What became of the cases so far."""

    trials: int = 0
    silent: int = 0
    worst: float = 0.0
    reason: str = ""
    tie: str = ""
    cut_off: bool = False
    rulings: Counter[_Ruling] = field(default_factory=Counter)

    @property
    def dismissed(self) -> int:
        """How many violations did not stand."""
        return self.rulings.total()


def _survived(subject: Subject, name: str, seen: _Seen, evidence: Evidence) -> PropertyResult:
    """Return the result for a relation that no case breaks for certain."""

    def undecided(message: str) -> PropertyResult:
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, seen.trials, message)

    if not seen.trials:
        return undecided(f"no value on any of {seen.silent} inputs: {seen.reason}")
    if seen.cut_off and seen.trials < ENOUGH:
        return undecided(f"no counterexample, but there was time for {seen.trials} inputs only")
    if seen.rulings[_Ruling.UNSURE]:
        return undecided(
            f"off by up to {seen.worst:.1e} on some of {seen.trials} inputs: more than rounding explains, too little "
            "to be believed in float64 alone (a solver that stops short, a root of rounding, a lower precision?)"
        )
    message = f"no counterexample among {seen.trials}"
    if seen.silent:
        message += f"; no value on {seen.silent} ({seen.reason})"
    if seen.tie:
        message += f"; except on ties, where an order of equals decides: {_spelt(subject, seen.tie)}"
    elif seen.worst > _PLAIN * subject.scale:
        message += f"; float64 is off by up to {seen.worst:.1e}, which many digits deny"
    if 2 * seen.rulings[_Ruling.DENIED] > seen.trials:
        return undecided(message)
    # What was cut off, be it within an ascent that found nothing, was drawn, and not attacked to the end.
    kept = Evidence.SAMPLED if seen.cut_off or subject.late else evidence
    return PropertyResult(name, PropertyVerdict.HOLDS, kept, seen.trials, message)


class _Ruling(enum.Enum):
    """What becomes of a violation that float64 shows."""

    STANDS = enum.auto()
    DENIED = enum.auto()
    TIED = enum.auto()
    UNSURE = enum.auto()


def _ruling(subject: Subject, case: Case, trial: Trial) -> _Ruling:
    """Ask many digits; where they cannot be had, only what is plain to see counts."""
    size = max(abs(trial.lhs), abs(trial.rhs), subject.scale)
    if trial.excess > _PLAIN * size and not _in_the_open(subject, case, trial):
        return _Ruling.TIED
    found = confirmed(subject, case, trial)
    if found is not None:
        return _Ruling.STANDS if found else _Ruling.DENIED
    values = max(abs(trial.lhs), abs(trial.rhs))
    if trial.excess <= _PLAIN * size:
        return _Ruling.DENIED
    if subject.precision > EPS:  # known for what it is
        return _Ruling.STANDS
    # Solvers stop at eight digits or so; what is estimated by four samples may be larger; and roots of rounding, of
    # eigenvalues that vanish but for it, are as large as its fourth root when a root is taken of them again.
    small = trial.excess <= max(_OPEN * size, _TRUSTED * trial.rounding)
    return _Ruling.UNSURE if small or values <= _FOURTH_ROOT * subject.scale else _Ruling.STANDS


def _in_the_open(subject: Subject, case: Case, trial: Trial) -> bool:
    """Whether inputs near by break the relation as well: on a tie, an order of equals is nobody's fault."""
    rng = np.random.default_rng([subject.seed, 8])
    things = {
        name: value
        for name, value in case.inputs.items()
        if isinstance(value, Model) or _is_embedding(case.inputs, value)
    }
    stands = 0
    for _ in range(_NEIGHBOURS):
        near = {**case.inputs, **shaken_together(rng, things, _NEARBY)}
        try:
            excess = _excess(case.relation, *_sides(subject, case.relation, near))
        except NoValue:
            continue
        stands += excess > _KEPT * trial.excess
    return 2 * stands > _NEIGHBOURS


def broken(subject: Subject, name: str, case: Case, trial: Trial, trials: int) -> PropertyResult:
    """Return the result for a relation that a case breaks."""
    relation = case.relation
    lhs, rhs = (_spelt(subject, name) for name in relation.names)
    sign = "!=" if relation.equality else ">"
    how = "confirmed in many digits" if confirmed(subject, case, trial) else f"rounding explains {trial.rounding:.1e}"
    message = f"{_shown(lhs, trial.lhs)} {sign} {_shown(rhs, trial.rhs, last=True)}; {how}"
    if relation.equality and trial.excess < _ALIKE * max(abs(trial.lhs), abs(trial.rhs)):
        message = f"{lhs} and {rhs} differ by {trial.excess:.2e} at {trial.lhs:.6g}; {how}"
    if subject.precision > EPS and trial.excess < _SINGLE_STEPS * subject.precision * max(
        subject.scale, abs(trial.lhs)
    ):
        message += "; the measure computes in single precision"
    sides = {lhs: trial.lhs, rhs: trial.rhs}
    values: dict[str, float | str] = {key: value for key, value in sides.items() if key not in _CONSTANTS}
    values |= case.notes or {}
    return PropertyResult(
        name,
        PropertyVerdict.FAILS,
        Evidence.FLOAT64,
        trials,
        message,
        Counterexample(
            _spelt(subject, relation.statement),
            {_spelt(subject, key): value for key, value in case.inputs.items()},
            values,
        ),
    )


def _spelt(subject: Subject, text: str) -> str:
    """Return text with the letters of models, a, b and c, in place of those of embeddings."""
    if subject.metric.on == "embeddings":
        return text
    for letter, other in zip("XYZ", "abc", strict=True):
        text = re.sub(rf"\b{letter}\b", other, text)
    return text


def _shown(expression: str, value: float, last: bool = False) -> str:
    """Return an expression and its value; a constant as it is."""
    if expression in _CONSTANTS:
        return expression
    return f"{value:.6g} = {expression}" if last else f"{expression} = {value:.6g}"
