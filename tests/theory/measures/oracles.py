"""Slow evaluations of measures from their definitions, independent of the code under test.

`in_many_digits` evaluates the independent definition that belongs to every measure of the registry. The others are
written out once more in mpmath, for the distances that careful evaluation is most at risk of getting wrong: a model is
a pair of arrays (F, G) whose float64 entries are taken as exact numbers, and everything after that is computed in as
many digits as the cancellation of the definition can cost.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath as mp
import numpy as np

from theory.arithmetic import multiprecision
from theory.measures.measure import Measure
from theory.measures.stand_ins import STAND_INS
from theory.models import Model

Arrays = tuple[np.ndarray, np.ndarray]
Row = list[mp.mpf]

GUARD = 60  # digits beyond those that the definitions lose


def rng_pair(
    seed: int, n: int = 5, k: int = 4, m: int = 2, m2: int | None = None, scale: float = 1.0
) -> tuple[Arrays, Arrays]:
    """Draw two unrelated models with standard normal entries; `scale` multiplies the logits."""
    rng = np.random.default_rng(seed)
    m2 = m if m2 is None else m2
    first = rng.standard_normal((n, m)) * scale, rng.standard_normal((k, m))
    second = rng.standard_normal((n, m2)) * scale, rng.standard_normal((k, m2))
    return first, second


def in_many_digits(measure: Measure, things: Sequence[Model | np.ndarray]) -> list[float] | None:
    """Evaluate the independent definition of a measure: its values, or None where it declines or is lost."""

    def computed(lifted: Mapping[str, Any]) -> Sequence[Any]:
        value = measure.oracle(*lifted.values())
        return list(value.reshape(-1)) if isinstance(value, np.ndarray) else [value]

    named = {str(place): thing for place, thing in enumerate(things)}
    found = multiprecision.values(measure.number, computed, named, STAND_INS)
    return None if found is None else [float(mp.nstr(value, 17)) for value in found]  # no cast: these refuse them


def is_written_out(measure: Measure) -> bool:
    """Whether there is a definition in mpmath of a measure."""
    return measure.function.__name__ in globals()


def written_out(measure: Measure) -> Callable[[Arrays, Arrays], Any]:
    """Return the definition in mpmath of a measure of models, with what is bound."""
    definition = globals()[measure.function.__name__]

    def bound(a: Arrays, b: Arrays) -> Any:
        return definition(*(measure.arguments(a, b) if measure.arguments else (a, b)), *measure.parameters.values())

    return bound


# --------------------------------------------------------------------------- exact arrays


def exact(array: np.ndarray) -> list[Row]:
    return [[mp.mpf(float(x)) for x in row] for row in np.asarray(array)]


def _with_enough_digits(function: Callable) -> Callable:
    """Run `function(a, b, ...)` in a precision that survives probabilities as small as those of a and b."""

    @functools.wraps(function)
    def run(a: Arrays, b: Arrays, *args: object, **kwargs: object) -> object:
        reach = max(float(np.ptp(f @ (g - g.mean(0)).T, axis=1).max()) for f, g in (a, b))
        terms = max(float(np.abs(f).max() * np.abs(g).max()) for f, g in (a, b))
        with mp.workdps(GUARD + int(reach / math.log(10)) + int(math.log10(1 + terms))):
            return +function(a, b, *args, **kwargs)

    return run


def logits(model: Arrays) -> list[Row]:
    f, g = exact(model[0]), exact(model[1])
    return [[mp.fdot(x, y) for y in g] for x in f]


def centred_logits(model: Arrays) -> list[Row]:
    return [[u - mp.fsum(row) / len(row) for u in row] for row in logits(model)]


def _log_softmax(rows: list[Row]) -> list[Row]:
    normalisers = [mp.log(mp.fsum(mp.exp(v) for v in row)) for row in rows]
    return [[u - z for u in row] for row, z in zip(rows, normalisers, strict=True)]


def log_probabilities(model: Arrays) -> list[Row]:
    return _log_softmax(logits(model))


def mean(values: Sequence[mp.mpf]) -> mp.mpf:
    return mp.fsum(values) / len(values)


# --------------------------------------------------------------------------- distances between distributions


def _differences(a: Arrays, b: Arrays) -> list[Row]:
    return [
        [u - v for u, v in zip(*rows, strict=True)] for rows in zip(centred_logits(a), centred_logits(b), strict=True)
    ]


@_with_enough_digits
def squared_logit_distance(a: Arrays, b: Arrays) -> mp.mpf:
    return mean([mp.fsum(d**2 for d in row) for row in _differences(a, b)])


@_with_enough_digits
def logit_distance(a: Arrays, b: Arrays, order: float = 2) -> mp.mpf:
    rows = [[abs(d) for d in row] for row in _differences(a, b)]
    if order == math.inf:
        return max(max(row) for row in rows)
    return mean([mp.fsum(d ** mp.mpf(order) for d in row) for row in rows]) ** (1 / mp.mpf(order))


def _averaged(of_rows: Callable[..., mp.mpf]) -> Callable[..., mp.mpf]:
    """Turn a divergence of two rows of log-probabilities into its average over inputs."""

    @_with_enough_digits
    def average(a: Arrays, b: Arrays, *args: float) -> mp.mpf:
        rows = zip(log_probabilities(a), log_probabilities(b), strict=True)
        return mean([of_rows(p, q, *args) for p, q in rows])

    return average


def _kl_of_rows(p: Row, q: Row) -> mp.mpf:
    return mp.fsum(mp.exp(x) * (x - y) for x, y in zip(p, q, strict=True))


def _mixture(p: Row, q: Row) -> Row:
    return [mp.log((mp.exp(x) + mp.exp(y)) / 2) for x, y in zip(p, q, strict=True)]


def _renyi_of_rows(p: Row, q: Row, alpha: float) -> mp.mpf:
    if alpha == math.inf:
        return max(x - y for x, y in zip(p, q, strict=True))
    if alpha == 1:
        return _kl_of_rows(p, q)
    order = mp.mpf(alpha)
    return mp.log(mp.fsum(mp.exp(order * x + (1 - order) * y) for x, y in zip(p, q, strict=True))) / (order - 1)


kl_divergence = _averaged(_kl_of_rows)
symmetrised_kl = _averaged(lambda p, q: _kl_of_rows(p, q) + _kl_of_rows(q, p))
squared_hellinger = _averaged(
    lambda p, q: 1 - mp.fsum(mp.sqrt(mp.exp(x) * mp.exp(y)) for x, y in zip(p, q, strict=True))
)
total_variation = _averaged(lambda p, q: mp.fsum(abs(mp.exp(x) - mp.exp(y)) for x, y in zip(p, q, strict=True)) / 2)
jensen_shannon = _averaged(lambda p, q: (_kl_of_rows(p, _mixture(p, q)) + _kl_of_rows(q, _mixture(p, q))) / 2)
chi_squared = _averaged(
    lambda p, q: mp.fsum((mp.exp(x) - mp.exp(y)) ** 2 / mp.exp(y) for x, y in zip(p, q, strict=True))
)
renyi = _averaged(_renyi_of_rows)


def hellinger(a: Arrays, b: Arrays) -> mp.mpf:
    return mp.sqrt(squared_hellinger(a, b))


@_with_enough_digits
def temperature_kl(a: Arrays, b: Arrays, temperature: float) -> mp.mpf:
    def cooled(model: Arrays) -> list[Row]:
        return _log_softmax([[u / mp.mpf(temperature) for u in row] for row in logits(model)])

    return mp.mpf(temperature) ** 2 * mean([_kl_of_rows(p, q) for p, q in zip(cooled(a), cooled(b), strict=True)])


def top_label_agreement(a: Arrays, b: Arrays) -> float:
    tops = [[max(range(len(row)), key=row.__getitem__) for row in logits(model)] for model in (a, b)]
    return sum(i == j for i, j in zip(*tops, strict=True)) / len(tops[0])


def _deviation(values: Sequence[mp.mpf]) -> mp.mpf:
    centre = mean(values)
    return mp.sqrt(mean([(v - centre) ** 2 for v in values]))


def _llv_part(p: list[Row], q: list[Row], pivot: int, others: Sequence[int]) -> mp.mpf:
    """The part whose standard deviations run along the second index of p[j][x]."""
    worst = mp.mpf(0)
    for j in others:
        psi, psi2 = (_deviation([u - v for u, v in zip(t[j], t[pivot], strict=True)]) for t in (p, q))
        for i in (j, pivot):
            worst = max(worst, _deviation([u / psi - v / psi2 for u, v in zip(p[i], q[i], strict=True)]))
    return worst


@_with_enough_digits
def llv_distance(
    a: Arrays, b: Arrays, pivot: int, labels: Sequence[int], pivot_input: int, inputs: Sequence[int]
) -> mp.mpf:
    by_input = [log_probabilities(model) for model in (a, b)]
    by_label = [[list(column) for column in zip(*rows, strict=True)] for rows in by_input]
    return max(_llv_part(*by_label, pivot, labels), _llv_part(*by_input, pivot_input, inputs))


# --------------------------------------------------------------------------- dissimilarities of representations


def _residual(f: list[Row], f2: list[Row], transform: mp.matrix) -> mp.mpf:
    """E||f - A f'||^2."""
    aligned = [transform * mp.matrix(row) for row in f2]
    return mean(
        [mp.fsum((x - y) ** 2 for x, y in zip(row, other, strict=True)) for row, other in zip(f, aligned, strict=True)]
    )


def _pivoted(g: list[Row], subset: Sequence[int]) -> mp.matrix:
    pivot, *others = subset
    return mp.matrix([[x - y for x, y in zip(g[j], g[pivot], strict=True)] for j in others])


@_with_enough_digits
def squared_subset_error(a: Arrays, b: Arrays, subset: Sequence[int]) -> mp.mpf:
    (f, g), (f2, g2) = (tuple(exact(array) for array in model) for model in (a, b))
    return _residual(f, f2, _pivoted(g, subset) ** -1 * _pivoted(g2, subset))


def subsets_of(model: Arrays) -> list[tuple[int, ...]]:
    return list(itertools.combinations(range(len(model[1])), model[1].shape[1] + 1))


@_with_enough_digits
def squared_identifiability_dissimilarity(a: Arrays, b: Arrays) -> mp.mpf:
    return mean([squared_subset_error(a, b, subset) for subset in subsets_of(a)])


@_with_enough_digits
def squared_volume_dissimilarity(a: Arrays, b: Arrays) -> mp.mpf:
    weights = [mp.det(_pivoted(exact(a[1]), subset)) ** 2 for subset in subsets_of(a)]
    errors = [
        squared_subset_error(a, b, subset) if w else mp.mpf(0) for w, subset in zip(weights, subsets_of(a), strict=True)
    ]
    return mp.fdot(weights, errors) / mp.fsum(weights)


def _centred_columns(rows: list[Row]) -> list[Row]:
    centres = [mean(column) for column in zip(*rows, strict=True)]
    return [[x - c for x, c in zip(row, centres, strict=True)] for row in rows]


@_with_enough_digits
def squared_alignment_error(a: Arrays, b: Arrays) -> mp.mpf:
    g, g2 = (mp.matrix(_centred_columns(exact(model[1]))) for model in (a, b))
    return _residual(exact(a[0]), exact(b[0]), mp.inverse(g.T * g) * (g.T * g2))


# --------------------------------------------------------------------------- similarities of embeddings


def _symmetric_eigenvalues(matrix: mp.matrix) -> list[mp.mpf]:
    return sorted(mp.eigsy(matrix, eigvals_only=True), reverse=True)


def canonical_correlations(X: np.ndarray, Y: np.ndarray, centred: bool = True) -> list[mp.mpf]:
    """Roots of the eigenvalues of C_xx^-1/2 C_xy C_yy^-1 C_yx C_xx^-1/2, for full column rank; zeros appended."""
    with mp.workdps(GUARD):
        rows = [exact(array) for array in (X, Y)]
        x, y = (mp.matrix(_centred_columns(r) if centred else r) for r in rows)
        if x.cols > y.cols:
            x, y = y, x
        whiten = mp.cholesky(x.T * x) ** -1
        cross = whiten * (x.T * y)
        squared = _symmetric_eigenvalues(cross * (y.T * y) ** -1 * cross.T)
        return [mp.sqrt(max(v, mp.mpf(0))) for v in squared] + [mp.mpf(0)] * (y.cols - x.cols)


def _correlation(x: Sequence[mp.mpf], y: Sequence[mp.mpf]) -> mp.mpf:
    x, y = ([v - mean(values) for v in values] for values in (x, y))
    return mp.fdot(x, y) / mp.sqrt(mp.fdot(x, x) * mp.fdot(y, y))


def svd_dissimilarity(X: np.ndarray, Y: np.ndarray) -> mp.mpf:
    with mp.workdps(GUARD):
        columns = [list(zip(*exact(array), strict=True)) for array in (X, Y)]
        cross = mp.matrix([[_correlation(x, y) for y in columns[1]] for x in columns[0]])
        squared = _symmetric_eigenvalues(cross.T * cross)
        return 1 - mp.fsum(mp.sqrt(max(v, mp.mpf(0))) for v in squared) / max(cross.rows, cross.cols)


def linear_cka(X: np.ndarray, Y: np.ndarray) -> mp.mpf:
    """From the n x n Gram matrices and HSIC = tr(K H L H), not from the features."""
    with mp.workdps(GUARD):
        rows = [exact(array) for array in (X, Y)]
        kernels = [[[mp.fdot(x, y) for y in r] for x in r] for r in rows]
        centred = []
        for kernel in kernels:
            by_row = [mean(row) for row in kernel]
            whole = mean(by_row)
            centred.append(
                [v - by_row[i] - by_row[j] + whole for i, row in enumerate(kernel) for j, v in enumerate(row)]
            )
        k, h = centred
        return mp.fdot(k, h) / mp.sqrt(mp.fdot(k, k) * mp.fdot(h, h))


# --------------------------------------------------------------------------- pairs with known answers


def directions(angles: Sequence[float] | np.ndarray) -> np.ndarray:
    """Unit vectors of the plane at the given angles."""
    angles = np.asarray(angles)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def rotation_example() -> tuple[Arrays, Arrays]:
    """Clusters around five label directions; the second model turns labels and inputs in opposite senses."""
    compass = directions(np.pi * np.array([0, 2, 4, 5, 7]) / 4)
    noise = np.random.default_rng(0).normal(0.0, 0.5, size=(500, 2))
    f = 5 * np.repeat(compass, 100, axis=0) + noise
    c = math.sqrt(0.5)
    eighth_turn = np.array([[c, -c], [c, c]])  # anticlockwise, for column vectors
    return (f, 8 * compass), (f @ eighth_turn.T, 8 * compass @ eighth_turn)


def small_kl_example() -> tuple[Arrays, Arrays]:
    """Two unlikely pairs of labels trade places: probabilities hardly move, representations do."""
    sixteenth = np.pi / 16
    g = 5.5 * directions(sixteenth * np.array([0, 1, 2, 3, 10, 16, 20, 26]))
    rng = np.random.default_rng(0)
    centres = np.repeat(sixteenth * np.array([0, 1, 2, 3, 13, 13, 23, 23]), 500)
    angles = centres + rng.uniform(-np.pi / 256, np.pi / 256, size=4000)
    lengths = 2 + np.abs(rng.standard_normal(4000))
    f = lengths[:, None] * directions(angles)
    return (f, g), (f, g[[0, 1, 2, 3, 5, 4, 7, 6]])


def pentagon(r: float) -> tuple[Arrays, Arrays]:
    """Family A: five inputs on five labels of a pentagon; the second model winds around twice."""
    once, twice = (directions(2 * np.pi * turns * np.arange(5) / 5) for turns in (1, 2))
    return (once, r * once), (twice, r * twice)


def square(r: float) -> tuple[Arrays, Arrays]:
    """Family B: each input on its label, at the corners of a square; in the second model two corners are swapped."""
    corners = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    swapped = corners[[0, 2, 1, 3]]
    return (corners, r * corners), (swapped, r * swapped)


def smallest(r: float, c: float) -> tuple[Arrays, Arrays]:
    """Family D: two labels, four inputs, one dimension; log-odds r and c r trade places."""
    g = np.array([[0.5], [-0.5]])
    first, second = np.array([r, c * r, -r, -c * r]), np.array([c * r, r, -c * r, -r])
    return (first[:, None], g), (second[:, None], g)
