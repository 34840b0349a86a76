"""How a measure behaves as a program: on unusable and degenerate input, when asked again, and towards its arguments."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from theory.conformance import random_states
from theory.conformance.inputs import embedding, generator, large_pairs, pairs, related
from theory.conformance.results import Counterexample, PropertyResult, PropertyVerdict, Thing
from theory.conformance.subject import EPS, NoValue, Subject, arrays_of, copied, number
from theory.evidence import Evidence
from theory.models import Model

_VAST = ("vast", "certain")  # input on which the true distance may be beyond the largest double
_SINGLE = 1e-3  # relative error that single precision excuses, also after a square root
_ABOVE_MAXIMUM = 1e-6  # that a similarity may exceed its maximum by: a root of what rounding leaves, and more
_BELOW_ZERO = 1e-9  # share of the scale that a distance may be below zero by: rounding of a difference
_SAME = 1e-12  # relative change that is none: a sum may be taken in another order
_SMALL = 1e-3  # share of the scale that stands for the size of smaller values
_LAID_OUT = 1e4  # units of rounding by which another layout in memory may move a value, a sum in another order
_LOOSE = 1e-6  # relative change that another layout is always allowed
_SHOWN = 60  # characters of an answer that is no number
_ASKED = 10  # ordinary pairs that are asked again, nearly all shapes; and of those that are looked at for effects
_WATCHED = 8  # fewer, as each is asked a dozen times
_CALLS = 4  # of the same arguments, each after another seed


def _failure(
    name: str, trials: int, message: str, inputs: dict[str, Thing], values: dict[str, float | str], statement: str
) -> PropertyResult:
    return PropertyResult(
        name, PropertyVerdict.FAILS, Evidence.EXACT, trials, message, Counterexample(statement, inputs, values)
    )


def _success(name: str, trials: int, message: str) -> PropertyResult:
    return PropertyResult(name, PropertyVerdict.HOLDS, Evidence.SAMPLED, trials, message)


def _seen(answer: Callable[[], float]) -> tuple[str, float | None, bool]:
    """Return what a call came to: a description, the value if it is finite, and whether it is acceptable."""
    try:
        value = answer()
    except NoValue as error:
        return str(error), None, error.refused
    return f"returned {value:.6g}", value, True


# --------------------------------------------------------------------------- nan


def rejects_nan(subject: Subject) -> PropertyResult:
    """An entry that is nan or infinite, in either argument, raises an exception.

    A number would be made of nothing, and a nan goes unnoticed until it has spoilt an average. Models refuse such
    entries at the door, so that a measure on models never sees one.
    """
    name = "rejects_nan"
    if subject.metric.on == "models":
        return PropertyResult(name, PropertyVerdict.NOT_APPLICABLE, None, 0, "models refuse nan and infinite entries")
    rng, trials = generator(subject.seed, 20), 0
    for bad in (np.nan, np.inf, -np.inf):
        for which in (0, 1):
            for several in (False, True):
                X = embedding(rng, 12, 3)
                things = [X, related(rng, X, 3, 0.5)]
                if several:
                    things[which][3] = bad
                else:
                    things[which][int(rng.integers(12)), int(rng.integers(3))] = bad
                trials += 1
                subject.evaluations += 1
                try:
                    answer = subject.metric(copied(things[0]), copied(things[1]))
                except (Exception, SystemExit):
                    continue
                where = "X" if which == 0 else "Y"
                message = f"returned {_shown(answer)} for {where} with {'a row' if several else 'an entry'} of {bad}"
                return _failure(
                    name, trials, message, {"X": things[0], "Y": things[1]}, {"f(X, Y)": _shown(answer)},
                    "nan and infinite entries raise an exception",
                )  # fmt: skip
    return _success(name, trials, f"raised on each of {trials} inputs with nan or infinite entries")


def _shown(answer: Any) -> str:
    try:
        return repr(number(answer))
    except Exception:
        return repr(answer)[:_SHOWN]


# --------------------------------------------------------------------------- degenerate input

Degenerate = tuple[str, Thing, Thing]


def handles_degenerate(subject: Subject) -> PropertyResult:
    """On degenerate input the measure returns a finite number in its range, or raises a ValueError or NotApplicable.

    Constant, repeated, missing, dependent, huge and tiny rows and columns are legal and happen. An answer of nan, an
    infinity, a negative distance, a similarity above its maximum, or an exception that means something else (such as
    ZeroDivisionError or IndexError) is a fault. So is single precision, which loses what double precision would keep.
    """
    name, trials = "handles_degenerate", 0
    cases = _degenerate_embeddings if subject.metric.on == "embeddings" else _degenerate_models
    refused = []
    for label, first, second in cases(subject.seed):
        for X, Y in ((first, second), (second, first)):
            trials += 1
            seen, value, acceptable = _seen(lambda X=X, Y=Y: subject.value(X, Y))  # type: ignore[misc]
            if acceptable and value is not None:
                acceptable, seen = _in_range(subject, value, seen)
            if not acceptable and not (
                seen == "returned inf" and label.startswith(_VAST) and not subject.metric.similarity
            ):
                return _failure(
                    name, trials, f"{label}: {seen}", {"X": X, "Y": Y}, {"f(X, Y)": seen},
                    "degenerate input gives a finite number within the range of f, or a ValueError",
                )  # fmt: skip
            if value is None:
                refused.append(label)
            elif label == "float32":
                _, expected, _ = _seen(lambda X=X, Y=Y: subject.value(_doubles(X), _doubles(Y)))  # type: ignore[misc]
                if expected is not None and abs(value - expected) > _SINGLE * max(abs(expected), subject.scale):
                    return _failure(
                        name, trials, f"{label}: {seen}, but {expected:.6g} for the same in double precision",
                        {"X": X, "Y": Y}, {"f(X, Y)": value, "in double precision": expected},
                        "the type of the entries does not matter",
                    )  # fmt: skip
    if subject.precision > EPS:
        X, Y = next(iter(pairs(subject.metric.on, subject.seed, 1)))
        return _failure(
            name, trials, "the value stays the same to the last bit when the entries move by 1e-12, but not by 1e-5",
            {"X": X, "Y": Y}, {"unit of rounding": subject.precision}, "f computes in double precision",
        )  # fmt: skip
    told = f"; refused {len(refused)} ({', '.join(dict.fromkeys(refused))})" if refused else ""
    return _success(name, trials, f"{trials} degenerate inputs{told}")


def _doubles(thing: Thing) -> Thing:
    return thing if isinstance(thing, Model) else thing.astype(np.float64)


def _in_range(subject: Subject, value: float, seen: str) -> tuple[bool, str]:
    if subject.metric.similarity:
        if subject.maximum is None or value <= subject.maximum + _ABOVE_MAXIMUM * max(1.0, abs(subject.maximum)):
            return True, seen
        return False, f"{seen}, above its maximum {subject.maximum:.6g}"
    if subject.least >= 0 > value + _BELOW_ZERO * subject.scale:
        return False, f"{seen}, although it is not negative on ordinary input"
    return True, seen


def _degenerate_embeddings(seed: int) -> Iterator[Degenerate]:
    rng = generator(seed, 21)
    X = embedding(rng, 12, 3)
    Y = related(rng, X, 3, 0.5)
    zero, constant = np.zeros((12, 3)), np.tile(rng.standard_normal(3), (12, 1))
    yield "Y of zeros", X, zero
    yield "both of zeros", zero, zero.copy()
    yield "all rows of Y equal", X, constant
    flat = Y.copy()
    flat[:, 1] = 2.5
    yield "a constant column", X, flat
    flat[:, 1] = 0.0
    yield "a column of zeros", X, flat
    flat[:, 1] = 0.1  # whose mean is not exactly 0.1
    yield "a constant column with rounding", X, flat
    yield "a repeated column", X, Y[:, [0, 1, 1]]
    yield "Y of rank one", X, np.outer(rng.standard_normal(12), rng.standard_normal(3))
    yield "both of rank one", np.outer(X[:, 0], np.ones(3)), np.outer(X[:, 0], np.arange(1.0, 4))
    nearly = Y.copy()
    nearly[:, 2] = nearly[:, 0] + 1e-13 * nearly[:, 2]
    yield "nearly dependent columns", X, nearly
    yield "all rows equal but one", X, np.vstack([constant[:-1], Y[-1:]])
    yield "repeated rows", np.repeat(X[:4], 3, axis=0), np.repeat(Y[:4], 3, axis=0)
    yield "a row of zeros", np.vstack([X[:-1], zero[:1]]), np.vstack([Y[:-1], zero[:1]])
    yield "n < p", rng.standard_normal((3, 6)), rng.standard_normal((3, 6))
    yield "n = p + 1", rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    yield "n = p", rng.standard_normal((4, 4)), rng.standard_normal((4, 4))
    yield "one row", rng.standard_normal((1, 3)), rng.standard_normal((1, 3))
    yield "two rows", rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    yield "one column", X[:, :1], Y[:, :1]
    yield "opposite", X, -X
    yield "the same", X, X.copy()
    for word, factor in (("minute", 1e-150), ("vast", 1e150)):
        yield f"{word} Y (times {factor:g})", X, Y * factor
        yield f"{word} X and Y (times {factor:g})", X * factor, Y * factor
    yield "columns of sizes 1e-8 and 1e8", X * [1e-8, 1, 1e8], Y
    yield "columns shifted by 1e12", X + 1e12, Y
    single = X.astype(np.float32), Y.astype(np.float32)
    yield "float32", *single


def _degenerate_models(seed: int) -> Iterator[Degenerate]:
    rng = generator(seed, 22)
    f, g = rng.standard_normal((8, 2)), rng.standard_normal((5, 2))
    f2, g2 = f + 0.3 * rng.standard_normal((8, 2)), g + 0.3 * rng.standard_normal((5, 2))
    a = Model(f, g)
    yield "embeddings of zeros", a, Model(np.zeros((8, 2)), g2)
    yield "unembeddings of zeros", a, Model(f2, np.zeros((5, 2)))
    yield "all unembeddings equal", a, Model(f2, np.tile(g2[:1], (5, 1)))
    yield "all inputs equal", a, Model(np.tile(f2[:1], (8, 1)), g2)
    yield "two equal labels", a, Model(f2, g2[[0, 1, 2, 3, 3]])
    yield "unembeddings of rank one", a, Model(f2, np.outer(np.arange(5.0), [1.0, 2.0]))
    yield "embeddings of rank one", a, Model(np.outer(np.arange(8.0), [1.0, 2.0]), g2)
    yield (
        "k <= m",
        Model(rng.standard_normal((8, 4)), rng.standard_normal((3, 4))),
        Model(rng.standard_normal((8, 4)), rng.standard_normal((3, 4))),
    )
    yield "two labels", Model(f[:, :1], g[:2, :1]), Model(f2[:, :1], g2[:2, :1])
    yield "one input", Model(f[:1], g), Model(f2[:1], g2)
    yield "the same", a, Model(f, g)
    yield "unequal dimensions", a, Model(rng.standard_normal((8, 3)), rng.standard_normal((5, 3)))
    for word, factor in (("uncertain", 1e-100), ("uncertain", 1e-8), ("certain", 1e2), ("certain", 1e4)):
        yield f"{word} models (logits times {factor:g})", Model(f, g * factor), Model(f2, g2 * factor)
        yield f"{word} b (logits times {factor:g})", a, Model(f2, g2 * factor)
    yield "certain of opposites", Model(f, g * 1e3), Model(-f, g * 1e3)
    yield "unembeddings shifted by 1e8", a, Model(f2, g2 + 1e8)


# --------------------------------------------------------------------------- asked again


def deterministic(subject: Subject) -> PropertyResult:
    """The same arguments give the same value, whatever the global random state and whatever was asked between."""
    name, trials = "deterministic", 0
    for X, Y in _small_and_large(subject, _ASKED):
        values: list[float] = []
        for round_ in range(_CALLS):
            with random_states.kept(), contextlib.suppress(NoValue):
                random_states.seed_all(round_)
                values.append(subject.value(X, Y))
        if not values:
            continue
        trials += 1
        if max(values) - min(values) > _SAME * max(abs(values[0]), _SMALL * subject.scale):
            return _failure(
                name, trials, f"f(X, Y) = {values[0]!r}, then {next(v for v in values if v != values[0])!r}",
                {"X": X, "Y": Y}, {f"call {i + 1}": v for i, v in enumerate(values)},
                "f(X, Y) is the same when asked again",
            )  # fmt: skip
    if not trials:
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, 0, "no value on any input")
    return _success(name, trials, f"the same in four calls on each of {trials} inputs")


def _small_and_large(subject: Subject, count: int) -> Iterator[tuple[Thing, Thing]]:
    yield from pairs(subject.metric.on, subject.seed, count)
    yield from large_pairs(subject.metric.on, subject.seed, 1)


# --------------------------------------------------------------------------- side effects


def pure(subject: Subject) -> PropertyResult:
    """The measure changes nothing and depends on the values of its arguments alone.

    Its arguments are as they were; copies that lie otherwise in memory, or that may not be written to, give the same
    value; an array whose contents have changed gives the value of the new ones; and the global random generators are
    left as they were by a measure whose value does not depend on them.
    """
    name, trials = "pure", 0
    for X, Y in _small_and_large(subject, _WATCHED):
        try:
            expected = subject.value(X, Y)
        except NoValue:
            continue
        trials += 1
        fault = _effect(subject, X, Y, expected)
        if fault is not None:
            message, values = fault
            return _failure(name, trials, message, {"X": X, "Y": Y}, values, "f has no effect and no memory")
    if not trials:
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, 0, "no value on any input")
    return _success(name, trials, f"no effect, and no dependence on memory, on {trials} inputs")


_LAYOUTS = (
    ("contiguous", "contiguous"), ("Fortran", "Fortran"), ("contiguous", "Fortran"), ("strided", "strided"),
    ("contiguous", "strided"), ("read-only", "read-only"),
)  # fmt: skip


def _effect(subject: Subject, X: Thing, Y: Thing, expected: float) -> tuple[str, dict[str, float | str]] | None:
    """Return what else than the values of the arguments was changed or mattered."""
    exactly = _SAME * max(abs(expected), _SMALL * subject.scale)
    # A sum in another order, of a part in single precision even, is no dependence on memory.
    unit = max(_LAID_OUT * subject.precision, _LOOSE)
    tolerance = unit * max(abs(expected), subject.scale) + subject.rounding((X, Y))
    for layouts in _LAYOUTS:
        first, second = (_laid_out(thing, layout) for thing, layout in zip((X, Y), layouts, strict=True))
        label = layouts[0] if layouts[0] == layouts[1] else " and ".join(layouts)
        value, seen, fault = _called(subject, first, second, label)
        if fault is not None:
            return fault
        if value is None:
            return f"{label} arguments: {seen}", {"f(X, Y)": expected, label: seen}
        if abs(value - expected) > (exactly if label == "contiguous" else tolerance):
            return (
                f"f(X, Y) = {expected!r}, but {value!r} for {label} copies",
                {"f(X, Y)": expected, f"f of {label} copies": value},
            )
    both = _laid_out(X, "contiguous")
    _, _, fault = _called(subject, both, both, "the same array twice")
    return fault or _memory(subject, X, Y, expected, tolerance) or _reach(subject, X, Y, expected)


def _called(
    subject: Subject, first: Thing, second: Thing, label: str
) -> tuple[float | None, str, tuple[str, dict[str, float | str]] | None]:
    """Return the value at arguments that are looked at before and after, what was seen, and what became of them."""
    things = [(which, array) for which, thing in (("first", first), ("second", second)) for array in arrays_of(thing)]
    before = [(array.copy(), array.flags.writeable) for _, array in things]
    seen, value, _ = _seen(lambda: subject.answer(first, second))
    for (old, writeable), (which, new) in zip(before, things, strict=True):
        if old.shape != new.shape or not np.array_equal(old, new):
            return value, seen, (f"changes its {which} argument ({label})", {"f(X, Y)": seen})
        if new.flags.writeable != writeable:
            return value, seen, (f"changes whether its {which} argument can be written to", {"f(X, Y)": seen})
    return value, seen, None


def _reach(subject: Subject, X: Thing, Y: Thing, expected: float) -> tuple[str, dict[str, float | str]] | None:
    """Return whether the global generators are touched by a measure whose value does not depend on them."""
    with random_states.kept():
        random_states.seed_all(987_654_321)  # which no measure sets by itself
        before = random_states.state_of_all()
        value = _seen(lambda: subject.value(X, Y))[1]
        touched = random_states.state_of_all() != before
    if touched and value == expected:
        return "changes the state of a global random generator", {"f(X, Y)": expected}
    return None


def _memory(
    subject: Subject, X: Thing, Y: Thing, expected: float, tolerance: float
) -> tuple[str, dict[str, float | str]] | None:
    """Return what a measure remembers of an array that has other contents now."""
    if isinstance(X, Model) or isinstance(Y, Model):
        return None
    first, second = np.array(X), np.array(Y)
    shown = _seen(lambda: subject.answer(first, second))
    second[...] = np.roll(second, 1, axis=0) * 1.5 + 0.25
    first[...] = first[::-1] * 0.5
    stale = _seen(lambda: subject.answer(first, second))
    fresh = _seen(lambda: subject.value(first, second))
    again = _seen(lambda: subject.value(X, Y))
    if stale[1] is not None and fresh[1] is not None and abs(stale[1] - fresh[1]) > tolerance:
        return (
            f"{stale[1]:.6g} for an array with new contents, {fresh[1]:.6g} for a copy of it",
            {"array": stale[1], "copy": fresh[1]},
        )
    if again[1] is not None and shown[1] is not None and abs(again[1] - expected) > tolerance:
        return f"f(X, Y) = {expected:.6g} at first and {again[1]:.6g} later", {"first": expected, "later": again[1]}
    return None


def _laid_out(thing: Thing, layout: str) -> Thing:
    if isinstance(thing, Model):
        made = Model.trusted(*(_array_laid_out(array, layout) for array in arrays_of(thing)))
        if layout != "read-only":
            for array in arrays_of(made):
                array.flags.writeable = True
        return made
    return _array_laid_out(thing, layout)


def _array_laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    if layout == "Fortran":
        return np.array(array, order="F")
    if layout == "strided":
        wide = np.zeros((2 * array.shape[0], 3 * array.shape[1]))
        wide[::2, 1::3] = array
        return wide[::2, 1::3]
    found = np.array(array, order="C")
    if layout == "read-only":
        found.flags.writeable = False
    return found
