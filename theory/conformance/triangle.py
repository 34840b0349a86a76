"""The triangle inequality: D(X, Z) <= D(X, Y) + D(Y, Z).

Draws do not break it where constructions do: on lines and at midpoints a power of a metric above one is too large;
between near points every squared distance is, whatever the geometry, since lengths add along a short line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from theory.conformance.climbing import climbed
from theory.conformance.inputs import generator, pairs
from theory.conformance.relations import Case, Relation, examined
from theory.conformance.results import PropertyResult, Thing
from theory.conformance.subject import Subject
from theory.evidence import Evidence
from theory.models import Model

_PAIRS = 40  # of a dozen triples each: the shapes of the inputs three times over
_STEPS = (1.0, 0.1, 1e-2, 1e-3)  # lengths of lines; below the last, differences drown in rounding

_TRIANGLE = Relation(
    "D(X, Z) <= D(X, Y) + D(Y, Z)",
    ("D(X, Z)", "D(X, Y) + D(Y, Z)"),
    lambda D, i: (D(i["X"], i["Z"]), D(i["X"], i["Y"]) + D(i["Y"], i["Z"])),
    False,
    True,
)


def triangle(subject: Subject) -> PropertyResult:
    """D(X, Z) <= D(X, Y) + D(Y, Z) for all X, Y and Z. The ratio of the sides is maximised."""
    # At least twenty: the triples of the first two pairs, lines, midpoints and detours among them.
    return examined(subject, "triangle", climbed(subject, _cases(subject), _ratio), Evidence.ATTACKED, least=20)


def _ratio(lhs: float, rhs: float) -> float:
    return math.log(lhs / rhs) if lhs > 0 and rhs > 0 else -math.inf


def _cases(subject: Subject) -> Iterator[Case]:
    for index, (X, Z) in enumerate(pairs(subject.metric.on, subject.seed, _PAIRS, equal=True)):
        rng = generator(subject.seed, 3, index)
        for Y, end in (*_between(X, Z, rng), *_detours(X, Z, rng), *_short_lines(X, rng, index)):
            yield Case(_TRIANGLE, {"X": X, "Y": Y, "Z": end})


def _mixed(X: Thing, Z: Thing, t: float, which: int = 2) -> Thing:
    """Return (1 - t) X + t Z; of models, in one factor (0, 1) or in both (2)."""
    if not isinstance(X, Model) or not isinstance(Z, Model):
        return np.asarray((1 - t) * np.asarray(X) + t * np.asarray(Z))
    f, g = X.embeddings, X.unembeddings
    if which in (0, 2):
        f = (1 - t) * f + t * Z.embeddings
    if which in (1, 2):
        g = (1 - t) * g + t * Z.unembeddings
    return Model(f, g)


def _between(X: Thing, Z: Thing, rng: np.random.Generator) -> Iterator[tuple[Thing, Thing]]:
    """Yield midpoints, and points between on the way; for models also where one factor is shared."""
    for t in (0.5, float(rng.uniform(0.05, 0.95))):
        yield _mixed(X, Z, t), Z
    if isinstance(X, Model) and isinstance(Z, Model):
        for end in (Model(X.embeddings, Z.unembeddings), Model(Z.embeddings, X.unembeddings)):
            yield _mixed(X, end, 0.5), end


def _detours(X: Thing, Z: Thing, rng: np.random.Generator) -> Iterator[tuple[Thing, Thing]]:
    """Yield third points that are not on the way: a mirror image, columns of both, fewer columns, far ones."""
    yield _scaled(X, -1.0), Z
    yield _scaled(X, float(rng.choice([1e-2, 0.3, 3.0, 1e2]))), Z
    yield _scaled(X, 2.0), _scaled(X, 4.0)
    if isinstance(X, Model) or isinstance(Z, Model):
        yield _mixed(X, Z, 1.0, int(rng.integers(2))), Z
        return
    yield np.hstack([X, Z]), Z
    yield X[:, : max(1, X.shape[1] // 2)], Z
    yield np.hstack([X[:, :1], Z[:, 1:]]), Z
    yield X * np.where(rng.random(X.shape[1]) < 0.5, 0.1, 1.0), Z


def _scaled(X: Thing, factor: float) -> Thing:
    return Model(X.embeddings * factor, X.unembeddings) if isinstance(X, Model) else X * factor


def _short_lines(X: Thing, rng: np.random.Generator, index: int) -> Iterator[tuple[Thing, Thing]]:
    """Yield X + dE and X + 2 dE for directions E that are dense, or of one row, column or entry."""
    for length in _STEPS:
        if isinstance(X, Model):
            which = int(rng.integers(2))
            base = (X.embeddings, X.unembeddings)[which]
            step = length * _direction(rng, base, index)
            near, far = (
                Model(X.embeddings + c * step, X.unembeddings)
                if which == 0
                else Model(X.embeddings, X.unembeddings + c * step)
                for c in (1, 2)
            )
            yield near, far
        else:
            step = length * _direction(rng, X, index)
            yield X + step, X + 2 * step


def _direction(rng: np.random.Generator, X: np.ndarray, index: int) -> np.ndarray:
    direction = rng.standard_normal(X.shape) * (np.std(X) or 1.0)
    kind = index % 4
    if kind == 1:
        direction[np.arange(len(X)) != rng.integers(len(X))] = 0
    if kind == 2:
        direction[:, np.arange(X.shape[1]) != rng.integers(X.shape[1])] = 0
    if kind == 3:
        keep = rng.integers(X.size)
        direction.flat[np.arange(X.size) != keep] = 0
    return direction
