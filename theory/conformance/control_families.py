r"""Families of pairs along which two models become alike in distribution: candidates for a loss of control.

Every family gives, for a level t in (0, 1), a teacher of the class

.. math:: s_{\min}(G_c) \ge 1, \qquad \lambda_{\min}(\mathrm{Cov}\, f) \ge 1,

and a student of the same dimension, whose distance from it goes to zero with t. What a measure does not control shows
where it stays away from zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from theory.conformance.inputs import generator
from theory.models import Model

Level = Callable[[float], tuple[Model, Model]]


@dataclass(frozen=True)
class Family:
    """Pairs by level.

    Attributes
    ----------
    name
        What the pairs have in common.
    at
        Returns the teacher and the student of a level; a smaller level brings them closer.
    levels
        Those to try, descending.
    """

    name: str
    at: Level
    levels: tuple[float, ...]


_FINE = tuple(10.0 ** -(exponent / 2) for exponent in range(2, 17))  # 1e-1 ... 1e-8
# One over the certainty r: dense where KL leaves zero, and as far as probabilities of exp(-140) and below.
_SCALES = tuple(
    1 / r for r in (1.0, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 50, 65, 80, 100, 140)
)


def in_class(f: np.ndarray, g: np.ndarray) -> Model:
    """Return a teacher, its embeddings and its unembeddings scaled up until it belongs to the class."""
    variance = float(np.linalg.eigvalsh(np.cov(f.T, bias=True).reshape(f.shape[1], -1))[0])
    smallest = float(np.linalg.svd(g - g.mean(axis=0), compute_uv=False)[f.shape[1] - 1])
    # A last bit to spare, so that rounding does not put it outside.
    return Model(f * max(1.0, 1.000001 / math.sqrt(variance)), g * max(1.0, 1.000001 / smallest))


def belongs(teacher: Model) -> bool:
    """Whether a teacher is in the class."""
    f, g = teacher.embeddings, teacher.unembeddings
    if teacher.n <= teacher.m or teacher.k <= teacher.m:
        return False
    variance = float(np.linalg.eigvalsh(np.cov(f.T, bias=True).reshape(teacher.m, -1))[0])
    return variance >= 1 and float(np.linalg.svd(g - g.mean(axis=0), compute_uv=False)[teacher.m - 1]) >= 1


def _gauged(model: Model, matrix: np.ndarray) -> Model:
    return Model(model.embeddings @ matrix, np.linalg.solve(matrix, model.unembeddings.T).T)


def _uneven(rng: np.random.Generator, m: int, condition: float) -> np.ndarray:
    """Return a map with singular values spread over a condition number, in directions of its own."""
    left, _, right = np.linalg.svd(rng.standard_normal((m, m)))
    return np.asarray(left * np.geomspace(1, condition, m) / math.sqrt(condition) @ right)


def _teacher(rng: np.random.Generator, n: int, k: int, m: int, condition: float) -> Model:
    f = rng.standard_normal((n, m)) * np.geomspace(1, condition, m) @ np.linalg.qr(rng.standard_normal((m, m)))[0]
    f = f + rng.standard_normal(m) * float(rng.choice([0.0, 1.0, 5.0]))
    return in_class(f, rng.standard_normal((k, m)))


def _perturbed(model: Model, t: float, rows: np.ndarray, labels: np.ndarray) -> Model:
    """Return a model whose logits are off by about t."""
    reach = max(float(np.abs(model.embeddings).max()), float(np.abs(model.unembeddings).max()), 1.0)
    return Model(model.embeddings + t / reach * rows, model.unembeddings + t / reach * labels)


# Numbers of inputs, labels and dimensions are the smallest that show the effect, and one that is larger; spreads of
# three and far means of five leave room for the class. Integers beside a seed keep the draws of one use from another's.


def _gauge_families(seed: int) -> list[Family]:
    """Nearly equal models in other coordinates: what is not invariant to them sees two different models."""
    found = []
    plans = (
        # name, (n, k, m), condition of the teacher, condition of the student's coordinates
        ("nearly equal", (10, 5, 2), 1.0, None),
        ("nearly equal, one dimension", (8, 3, 1), 1.0, None),
        ("nearly equal, uneven teacher", (12, 6, 3), 100.0, None),
        ("nearly equal, large", (12, 7, 4), 10.0, None),
        ("turned", (10, 5, 2), 3.0, 1.0),
        ("turned, uneven teacher", (12, 6, 3), 100.0, 1.0),
        ("other coordinates", (10, 5, 2), 3.0, 10.0),
        ("other coordinates, many", (16, 8, 4), 10.0, 1e3),
        ("other coordinates, uneven teacher", (24, 6, 3), 1e3, 1e3),
    )
    for index, (name, (n, k, m), condition, coordinates) in enumerate(plans):
        rng = generator(seed, 40, index)
        teacher = _teacher(rng, n, k, m, condition)
        rows, labels = rng.standard_normal((n, m)), rng.standard_normal((k, m))
        matrix = None if coordinates is None else _uneven(rng, m, coordinates)

        def at(
            t: float,
            teacher: Model = teacher,
            rows: np.ndarray = rows,
            labels: np.ndarray = labels,
            matrix: np.ndarray | None = matrix,
        ) -> tuple[Model, Model]:
            student = _perturbed(teacher, t, rows, labels)
            return teacher, student if matrix is None else _gauged(student, matrix)

        found.append(Family(name, at, _FINE))
    found.append(_exchanged(seed))
    for index, factor in enumerate((1e-3, 1e3)):
        rng = generator(seed, 41, index)
        teacher = _teacher(rng, 10, 5, 2, 3.0)
        rows, labels = rng.standard_normal((10, 2)), rng.standard_normal((5, 2))

        def scaled(
            t: float,
            teacher: Model = teacher,
            rows: np.ndarray = rows,
            labels: np.ndarray = labels,
            factor: float = factor,
        ) -> tuple[Model, Model]:
            return teacher, _gauged(_perturbed(teacher, t, rows, labels), factor * np.eye(2))

        found.append(Family(f"scaled by {factor:g}", scaled, _FINE))
    rng = generator(seed, 42)
    teacher = _teacher(rng, 10, 5, 2, 1.0)
    offset = rng.standard_normal(2) * 3

    def moved(t: float) -> tuple[Model, Model]:
        student = _perturbed(teacher, t, np.ones((10, 2)), np.zeros((5, 2)))
        return teacher, Model(student.embeddings, student.unembeddings + offset)

    found.append(Family("unembeddings moved together", moved, _FINE))
    return found


def _exchanged(seed: int) -> Family:
    """The teacher's longest direction becomes the student's shortest."""
    rng = generator(seed, 49)
    teacher = _teacher(rng, 12, 5, 2, 100.0)
    rows, labels = rng.standard_normal((12, 2)), rng.standard_normal((5, 2))
    _, spread, axes = np.linalg.svd(teacher.embeddings - teacher.embeddings.mean(axis=0), full_matrices=False)
    matrix = axes.T / spread**2 * spread.max() ** 2 @ axes
    return Family(
        "directions long and short exchanged",
        lambda t: (teacher, _gauged(_perturbed(teacher, t, rows, labels), matrix)),
        _FINE,
    )


def _degenerate_subsets(seed: int) -> list[Family]:
    """Labels whose unembeddings nearly depend on each other, off by as little as the models are."""
    found = []
    for index, (n, k, m) in enumerate(((8, 3, 1), (10, 4, 2), (10, 5, 2), (12, 6, 3))):
        rng = generator(seed, 43, index)
        base = _teacher(rng, n, k, m, 2.0)
        direction, other = rng.standard_normal((2, m))

        def at(
            t: float, base: Model = base, direction: np.ndarray = direction, other: np.ndarray = other, m: int = m
        ) -> tuple[Model, Model]:
            g, g2 = base.unembeddings.copy(), base.unembeddings.copy()
            # The last label nearly a combination of m others: L of that subset has a singular value of size t.
            middle = g[:m].mean(axis=0)
            g[-1], g2[-1] = middle + t * direction, middle + t * other
            teacher = in_class(base.embeddings, g)
            factor = float(np.linalg.norm(teacher.unembeddings)) / float(np.linalg.norm(g))
            return teacher, Model(teacher.embeddings, g2 * factor)

        found.append(Family(f"a nearly dependent label (m = {m}, k = {k})", at, _FINE))
    for index, (n, k, m) in enumerate(((8, 6, 1), (10, 9, 2))):
        rng = generator(seed, 48, index)
        base = _teacher(rng, n, k, m, 2.0)
        first, second = rng.standard_normal((2, k - m, m))

        def crowded(
            t: float, base: Model = base, first: np.ndarray = first, second: np.ndarray = second, m: int = m
        ) -> tuple[Model, Model]:
            g, g2 = base.unembeddings.copy(), base.unembeddings.copy()
            # All labels but m in one place, to t: most subsets of m + 1 labels are nearly dependent.
            g[m:], g2[m:] = g[m] + t * first, g[m] + t * second
            teacher = in_class(base.embeddings, g)
            factor = float(np.linalg.norm(teacher.unembeddings)) / float(np.linalg.norm(g))
            return teacher, Model(teacher.embeddings, g2 * factor)

        found.append(Family(f"most labels in one place (m = {m}, k = {k})", crowded, _FINE))
    return [*found, _in_the_middle(seed), _tied(seed), *_undecided(seed)]


def _in_the_middle(seed: int) -> Family:
    """A label in the middle of the others, to t, on one side of it and on the other: its logits are reversed."""
    rng = generator(seed, 52)
    base = _teacher(rng, 10, 5, 2, 2.0)
    step = rng.standard_normal(2)

    def at(t: float) -> tuple[Model, Model]:
        g, g2 = base.unembeddings.copy(), base.unembeddings.copy()
        middle = g[:-1].mean(axis=0)
        g[-1], g2[-1] = middle + t * step, middle - t * step
        teacher = in_class(base.embeddings, g)
        factor = float(np.linalg.norm(teacher.unembeddings)) / float(np.linalg.norm(g))
        return teacher, Model(teacher.embeddings, g2 * factor)

    return Family("a label in the middle of the others", at, _FINE)


def _tied(seed: int) -> Family:
    """The two most probable labels of many inputs, nearly tied and exchanged: predictions differ, little else does."""
    rng = generator(seed, 44)
    base = _teacher(rng, 10, 5, 2, 2.0)
    step = rng.standard_normal(2)

    def at(t: float) -> tuple[Model, Model]:
        g = base.unembeddings.copy()
        g[0] = 3 * g[0]
        g[1] = g[0] + t * step
        teacher = in_class(base.embeddings, g)
        exchanged = teacher.unembeddings.copy()
        exchanged[[0, 1]] = exchanged[[1, 0]]
        return teacher, Model(teacher.embeddings, exchanged)

    return Family("two labels nearly tied", at, _FINE)


def _undecided(seed: int) -> list[Family]:
    """Inputs with logits of size t, reversed: what looks at the direction of logits alone sees opposites."""
    found = []
    for index, (n, k, m) in enumerate(((3, 2, 1), (8, 4, 2))):
        rng = generator(seed, 50, index)
        base = _teacher(rng, n, k, m, 1.0)
        f = base.embeddings * 3

        def at(t: float, f: np.ndarray = f, g: np.ndarray = base.unembeddings) -> tuple[Model, Model]:
            small = f.copy()
            small[0] *= t
            teacher = in_class(small, g)
            turned = teacher.embeddings.copy()
            turned[0] *= -1
            return teacher, Model(turned, teacher.unembeddings)

        found.append(Family(f"an undecided input (m = {m})", at, _FINE))
    return found


def _far_inputs(seed: int) -> list[Family]:
    """Teachers far out: large means, large spreads, one input that is farther than all others."""
    rng = generator(seed, 45)
    f, g = rng.standard_normal((10, 2)), rng.standard_normal((5, 2))
    rows, labels = rng.standard_normal((10, 2)), rng.standard_normal((5, 2))

    def far_mean(t: float) -> tuple[Model, Model]:
        teacher = in_class(f * 2 + 1 / math.sqrt(t), g)
        return teacher, _perturbed(teacher, t, rows, labels)

    def far_input(t: float) -> tuple[Model, Model]:
        moved = f.copy() * 2
        moved[0] /= math.sqrt(t)
        teacher = in_class(moved, g)
        return teacher, _perturbed(teacher, t, rows, labels)

    def wide(t: float) -> tuple[Model, Model]:
        teacher = in_class(f * [2.0, 2.0 / math.sqrt(t)], g)
        return teacher, _gauged(_perturbed(teacher, t, rows, labels), np.array([[1.0, 2.0], [0.0, 1.0]]))

    return [
        Family("a far mean", far_mean, _FINE),
        Family("a far input", far_input, _FINE),
        Family("a long direction", wide, _FINE),
    ]


def _barely_told_apart() -> Family:
    """Inputs off by t along one direction, while a label of probability t^3 alone tells another direction apart.

    The rarer the label, the longer the embeddings that it holds in place by KL: what divides by their worst direction
    grows as 1/t.
    """

    def at(t: float) -> tuple[Model, Model]:
        far = math.log(1 / t)
        teacher = in_class(
            np.array([[x, far + y] for x in (1.0, -1.0) for y in (1.0, -1.0)]),
            np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, -3.0]]),
        )
        return teacher, Model(teacher.embeddings + np.array([t, 0.0]), teacher.unembeddings)

    return Family("a rare label, alone to tell a direction apart", at, _FINE)


def _circle(count: int, turns: int = 1) -> np.ndarray:
    angles = 2 * math.pi * turns * np.arange(count) / count
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _one_hot(seed: int) -> list[Family]:
    """Certain predictions: the labels agree, KL goes to zero, and the other logits are free."""
    root = math.sqrt(2)
    pentagon, doubled = _circle(5), _circle(5, 2)
    corners = _circle(4)
    swapped = corners[[0, 2, 1, 3]]
    ends = np.array([[2.0], [4.0], [-2.0], [-4.0]])
    crossed = np.array([[4.0], [2.0], [-4.0], [-2.0]])
    sides = np.array([[0.5], [-0.5]]) * root
    rng = generator(seed, 46)
    clusters = rng.standard_normal((6, 3)) * 0.1 + np.repeat(np.eye(3), 2, axis=0) * 2
    spread = np.repeat(np.eye(3), 2, axis=0) * 2 + rng.standard_normal((6, 3)) * 0.3
    teacher_labels = np.eye(3) * 2

    def pentagons(t: float) -> tuple[Model, Model]:
        return in_class(root * pentagon, pentagon / root / t), Model(root * doubled, doubled / root / t)

    def squares(t: float) -> tuple[Model, Model]:
        return in_class(root * corners, corners / t), Model(root * swapped, swapped / t)

    def pairs_of_ends(t: float) -> tuple[Model, Model]:
        return in_class(ends, sides / t), Model(crossed, sides / t)

    def loose(t: float) -> tuple[Model, Model]:
        # Three labels in three dimensions are one too few for a diverse teacher: a fourth, never predicted.
        teacher = in_class(clusters / 0.3, np.vstack([teacher_labels, -np.ones(3)]) / t)
        return teacher, Model(spread / 0.3, np.vstack([teacher_labels, np.ones(3) * [-1, -2, -0.5]]) / t)

    found = [
        Family("pentagon and pentagram", pentagons, _SCALES),
        Family("a square with two corners exchanged", squares, _SCALES),
        Family("two labels, two certainties exchanged", pairs_of_ends, _SCALES),
        Family("clusters, loosely", loose, _SCALES),
    ]
    for factor in (0.5, 2.0, 3.0):

        def scaled(t: float, factor: float = factor) -> tuple[Model, Model]:
            teacher = in_class(root * pentagon, pentagon / root / t)
            return teacher, Model(teacher.embeddings * factor, teacher.unembeddings)

        found.append(Family(f"the same certainties times {factor:g}", scaled, _SCALES))

    def far_more_certain(t: float) -> tuple[Model, Model]:
        r = min(1 / t, 30.0)  # the embeddings are e^r / r: 4e11, and logits below 1e13, keep their digits
        student = Model(np.array([[1.0], [-1.0]]), np.array([[r / 2], [-r / 2]]))
        return in_class(np.array([[1.0], [-1.0]]) * math.exp(r) / r, np.array([[r / 2], [-r / 2]])), student

    found.append(Family("a teacher far more certain", far_more_certain, _SCALES[2:17]))

    def student_far_more_certain(t: float) -> tuple[Model, Model]:
        # p = L^-2 of the other label against e^-L: KL is L^-2 L, and what takes roots of p keeps a power of L.
        ends = np.array([[1.0], [-1.0]])
        teacher, student = 2 * math.log(1 / t), 1 / t
        return in_class(ends, ends * teacher / 2), Model(ends, ends * student / 2)

    found.append(Family("a student far more certain", student_far_more_certain, _FINE))
    return found


def families(seed: int) -> Mapping[str, tuple[Family, ...]]:
    """Return the families along which logit distance goes to zero, and those along which only KL does."""
    near = (*_gauge_families(seed), *_degenerate_subsets(seed), *_far_inputs(seed), _barely_told_apart())
    return {"logit distance": near, "kl": (*_one_hot(seed), *near)}
