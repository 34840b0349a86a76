"""Invariances: one argument is transformed, the second one and then the first, and the value must stay.

Reordering the inputs, or the labels, is done to both arguments together. The map that transforms a model acts on its
embeddings alone, save a gauge transformation, which leaves its conditional distributions as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theory.conformance import inputs as made
from theory.conformance.inputs import MAPS, generator, pairs
from theory.conformance.relations import Case, Relation, examined
from theory.conformance.results import PropertyResult, PropertyVerdict, Thing
from theory.conformance.subject import Subject
from theory.models import Model

_PAIRS = 36  # several laps of the kinds of every map, of which there are four to eight, over all shapes
_WIDE = 8  # two of each shape


def _relation(changed: str, second: bool, change: Any) -> Relation:
    """Return f(X, T Y) = f(X, Y), or the same of the first argument."""
    before = "f(X, Y)"
    after = f"f(X, {changed.format('Y')})" if second else f"f({changed.format('X')}, Y)"

    def sides(f: Any, i: Any) -> tuple[Any, Any]:
        first, other = (i["X"], change(i["Y"], i)) if second else (change(i["X"], i), i["Y"])
        return f(first, other), f(i["X"], i["Y"])

    return Relation(f"{after} = {before}", (after, before), sides)


def _both(name: str, subject: Subject, made_of: Any, changed: str, change: Any) -> PropertyResult:
    """Examine an invariance; `made_of(rng, thing, index)` draws what transforms a thing, by name."""
    second, first = (_relation(changed, is_second, change) for is_second in (True, False))

    def cases() -> Iterator[Case]:
        for index, (X, Y) in enumerate(_pairs(subject)):
            for number, (relation, thing) in enumerate(((second, Y), (first, X))):
                rng = generator(subject.seed, 4, index, number)
                yield Case(relation, {"X": X, "Y": Y, **made_of(rng, thing, index)})

    return examined(subject, name, cases())


def _pairs(subject: Subject) -> Iterator[tuple[Thing, Thing]]:
    """Yield ordinary pairs, things with themselves, and embeddings of more dimensions than inputs."""
    for index, (X, Y) in enumerate(pairs(subject.metric.on, subject.seed, _PAIRS)):
        yield X, Y
        if index % 4 == 3:
            yield X, X
    if subject.metric.on == "embeddings":
        yield from made.wide_pairs(subject.seed, _WIDE)


def _map(group: str) -> Any:
    def draw(rng: np.random.Generator, thing: Thing, index: int) -> dict[str, np.ndarray]:
        return {"A": MAPS[group](rng, made.embeddings_of(thing).shape[1], index)}

    return draw


def invariant_to_permutation(subject: Subject) -> PropertyResult:
    """f(X, Y P) = f(X, Y) for permutations P of the columns (the units), and the same for X."""
    return _both("invariant_to_permutation", subject, _map("permutation"), "{} A", lambda Y, i: made.mapped(Y, i["A"]))


def invariant_to_orthogonal(subject: Subject) -> PropertyResult:
    """f(X, Y Q) = f(X, Y) for orthogonal Q, reflections among them, and the same for X."""
    return _both("invariant_to_orthogonal", subject, _map("orthogonal"), "{} A", lambda Y, i: made.mapped(Y, i["A"]))


def invariant_to_scaling(subject: Subject) -> PropertyResult:
    """f(X, c Y) = f(X, Y) for all c > 0, from 1e-6 to 1e6, and the same for X."""
    return _both("invariant_to_scaling", subject, _map("scaling"), "{} A", lambda Y, i: made.mapped(Y, i["A"]))


def invariant_to_linear(subject: Subject) -> PropertyResult:
    """f(X, Y A) = f(X, Y) for invertible A, with condition numbers up to 1e4, and the same for X."""
    return _both("invariant_to_linear", subject, _map("linear"), "{} A", lambda Y, i: made.mapped(Y, i["A"]))


def _shift(rng: np.random.Generator, thing: Thing, index: int) -> dict[str, np.ndarray]:
    return {"c": made.shift(rng, made.embeddings_of(thing), index)}


def invariant_to_translation(subject: Subject) -> PropertyResult:
    """f(X, Y + 1 c^T) = f(X, Y) for all c, up to a million times the spread, and the same for X."""
    return _both("invariant_to_translation", subject, _shift, "{} + c", lambda Y, i: made.shifted(Y, i["c"]))


def invariant_to_affine(subject: Subject) -> PropertyResult:
    """f(X, Y A + 1 c^T) = f(X, Y) for invertible A and all c, and the same for X."""

    def draw(rng: np.random.Generator, thing: Thing, index: int) -> dict[str, np.ndarray]:
        p = made.embeddings_of(thing).shape[1]
        matrix = np.eye(p) if index % 3 == 0 else MAPS["linear"](rng, p, index)
        offset = made.shift(rng, made.embeddings_of(thing), index)
        return {"A": matrix, "c": np.zeros(p) if index % 3 == 1 else offset}

    return _both(
        "invariant_to_affine", subject, draw, "{} A + c", lambda Y, i: made.shifted(made.mapped(Y, i["A"]), i["c"])
    )


def gauge_invariant(subject: Subject) -> PropertyResult:
    """f(a, b) is the same for (A f, A^-T g + c) in place of (f, g), for b and then for a.

    A measure on embeddings sees A f alone: then this is its invariance to linear maps.
    """
    if subject.metric.on == "embeddings":

        def linear(rng: np.random.Generator, thing: Thing, index: int) -> dict[str, np.ndarray]:
            return {"A": made.gauge(rng, made.embeddings_of(thing).shape[1], index)[0]}

        return _both("gauge_invariant", subject, linear, "{} A", lambda Y, i: made.mapped(Y, i["A"]))

    def draw(rng: np.random.Generator, thing: Thing, index: int) -> dict[str, np.ndarray]:
        assert isinstance(thing, Model)
        matrix, inverse = made.gauge(rng, thing.m, index)
        offset = made.shift(rng, thing.unembeddings, index % 3)
        if index % 3 == 0:  # each part of the group by itself, then both
            matrix = inverse = np.eye(thing.m)
        return {"A": matrix, "B": inverse, "c": np.zeros(thing.m) if index % 3 == 1 else offset}

    return _both(
        "gauge_invariant", subject, draw, "({0}: f A, g A^-T + c)",
        lambda Y, i: made.gauged(Y, i["A"], i["B"], i["c"]),
    )  # fmt: skip


def _together(name: str, subject: Subject, change: Any, count: Any, noun: str) -> PropertyResult:
    """Examine what happens when both arguments are reordered alike."""

    def cases() -> Iterator[Case]:
        for index, (X, Y) in enumerate(pairs(subject.metric.on, subject.seed, _PAIRS)):
            size = count(X)
            rng = generator(subject.seed, 5, index)
            order = (np.arange(size)[::-1], np.roll(np.arange(size), 1), rng.permutation(size))[index % 3]
            statement = f"f(X, Y) is the same with the {noun} of both in another order"
            relation = Relation(
                statement,
                ("f(P X, P Y)", "f(X, Y)"),
                _reordered(change, order),
            )
            yield Case(relation, {"X": X, "Y": Y}, {"order": str(order.tolist())})

    return examined(subject, name, cases())


def _reordered(change: Any, order: np.ndarray) -> Any:
    return lambda f, i: (f(change(i["X"], order), change(i["Y"], order)), f(i["X"], i["Y"]))


def invariant_to_row_order(subject: Subject) -> PropertyResult:
    """f is the same when the inputs (rows) of both arguments are reordered alike."""
    return _together(
        "invariant_to_row_order", subject, made.rows_reordered, lambda X: len(made.embeddings_of(X)), "inputs"
    )


def label_invariant(subject: Subject) -> PropertyResult:
    """f is the same when the labels of both models are reordered alike; embeddings have none."""
    if subject.metric.on == "embeddings":
        return PropertyResult(
            "label_invariant", PropertyVerdict.NOT_APPLICABLE, None, 0, "the measure sees embeddings, not labels"
        )
    return _together("label_invariant", subject, made.relabelled, lambda a: a.k, "labels")
