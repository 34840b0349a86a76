"""Each property asked in plain NumPy, on inputs written down: what guards the tables that `check_metric` is held to.

`refutes(name, property)` looks at the counterexample that the docstring of a known measure gives; `survives` at a few
plain draws. Neither uses `theory.conformance`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from tests.theory.conformance import known_metrics as known
from theory import Metric, Model

TOLERANCE = 1e-6
APART = 1e-3
N, P = 12, 3

x, z = np.array([[1.0, -1, 1, -1]]).T, np.array([[1.0, 1, -1, -1]]).T


def embeddings(seed: int, columns: int = P) -> np.ndarray:
    """Rows in general position with a mean."""
    rng = np.random.default_rng([seed, columns])
    return rng.standard_normal((N, columns)) + 0.5 * rng.standard_normal(columns)


def model(seed: int, k: int = 6) -> Model:
    """A model in general position."""
    return Model(embeddings(seed), np.random.default_rng([seed, 99]).standard_normal((k, P)))


def draws(measure: Metric, count: int = 4) -> Iterator[tuple]:
    """Triples of things that the measure compares."""
    for seed in range(count):
        make = model if measure.on == "models" else embeddings
        yield make(3 * seed), make(3 * seed + 1), make(3 * seed + 2)


def binary(*logits: float, size: float = 1.0) -> Model:
    """A model of two labels: log p_1/p_0 on each input."""
    return Model(np.array([logits]).T / size, np.array([[-size / 2], [size / 2]]))


def gauge(a: Model, matrix: np.ndarray, shift: np.ndarray) -> Model:
    """(A f, A^-T g + c), A acting from the right on rows."""
    return Model(a.embeddings @ matrix, np.linalg.solve(matrix, a.unembeddings.T).T + shift)


# --------------------------------------------------------------------------- maps


def _maps() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    rng = np.random.default_rng(5)
    rotation, linear = np.linalg.qr(rng.standard_normal((P, P)))[0], rng.standard_normal((P, P)) @ np.diag([1, 10, 0.1])
    shift = 3 * rng.standard_normal(P)
    return {
        "invariant_to_permutation": lambda X: X[:, [1, 2, 0]],
        "invariant_to_orthogonal": lambda X: X @ rotation,
        "invariant_to_scaling": lambda X: 7 * X,
        "invariant_to_translation": lambda X: X + shift,
        "invariant_to_linear": lambda X: X @ linear,
        "invariant_to_affine": lambda X: X @ linear + shift,
        "gauge_invariant": lambda X: X @ linear,
    }


MAPS = _maps()


def mapped(thing, name: str):
    """The thing after a map on its embeddings, or after a gauge transformation."""
    if not isinstance(thing, Model):
        return MAPS[name](thing)
    if name == "gauge_invariant":
        return gauge(thing, np.array([[1.0, 2, 0], [0, 3, 1], [1, 0, -1]]), np.array([1.0, -2, 4]))
    return Model(MAPS[name](thing.embeddings), thing.unembeddings)


def reordered(thing, order: np.ndarray):
    """The thing, its inputs permuted."""
    return Model(thing.embeddings[order], thing.unembeddings) if isinstance(thing, Model) else thing[order]


def relabelled(thing: Model) -> Model:
    """The model, its labels permuted."""
    return Model(thing.embeddings, np.roll(thing.unembeddings[::-1], 2, axis=0))


def largest_change(measure: Metric, name: str) -> float:
    """Largest change of the measure under a transformation, over the draws."""
    changes, order = [], np.random.default_rng(2).permutation(N)
    for X, Y, _ in draws(measure):
        here = float(measure(X, Y))
        if name == "symmetric":
            changes.append(float(measure(Y, X)) - here)
        elif name == "invariant_to_row_order":
            changes.append(float(measure(reordered(X, order), reordered(Y, order))) - here)
        elif name == "label_invariant":
            changes.append(float(measure(relabelled(X), relabelled(Y))) - here)
        else:
            changes += [float(measure(mapped(X, name), Y)) - here, float(measure(X, mapped(Y, name))) - here]
    return float(np.max(np.abs(changes)))


# --------------------------------------------------------------------------- the axioms


def distance(measure: Metric, X, Y) -> float:
    """D: the measure, or one minus it (every similarity of the table with a maximum has the maximum one)."""
    value = float(measure(X, Y))
    return 1 - value if measure.similarity else value


def _correlated_rows(v: np.ndarray) -> np.ndarray:
    """Three rows whose pairwise correlations are a tenth of v."""
    gram = np.eye(3)
    gram[np.triu_indices(3, 1)] = 0.1 * v
    basis = np.linalg.qr(np.column_stack([np.ones(4), np.eye(4)[:, :3]]))[0][:, 1:]
    return np.linalg.cholesky(gram + np.triu(gram, 1).T) @ basis.T


def _turned(degrees: float) -> np.ndarray:
    return math.cos(math.radians(degrees)) * x + math.sin(math.radians(degrees)) * z


_SUM = (x, np.hstack([x, z]), z)
_SINES = (x, _turned(30), _turned(60))
_ROWS = (np.array([[1.0, 0]]), np.array([[1.0, 1]]), np.array([[0.0, 1]]))
_V, _W = np.array([1.0, -1, 0]) / math.sqrt(2), np.array([1.0, 1, -2]) / math.sqrt(6)
_RDMS = (_correlated_rows(_V), _correlated_rows(_V + _W), _correlated_rows(_W))
_SMALL = (binary(0.0), binary(0.1), binary(0.2))
_HOT = (binary(-50.0), binary(0.0), binary(50.0))
_MIDDLE = (binary(1.0), binary(2.0, size=100), binary(3.0))

TRIPLES = {
    "linear_cka": _SUM,
    "one_minus_cka": _SUM,
    "mean_cca": _SUM,
    "mean_cca_uncentred": _SUM,
    "pwcca": _SUM,
    "squared_procrustes_distance": (x, 2 * x, 3 * x),
    "mean_cosine": _ROWS,
    "rsa_correlation": _RDMS,
    "rsa_correlation_distance": _RDMS,
    "regression_r2": _SINES,
    "regression_r2_no_intercept": _SINES,
    "probe_r2": _SINES,
    "kl": _SMALL,
    "reverse_kl": _SMALL,
    "symmetrised_kl": _SMALL,
    "jensen_shannon": _HOT,
    "squared_hellinger": _HOT,
    "chi_squared": _SMALL,
    "squared_logit_distance": _SMALL,
    "identifiability_dissimilarity": _MIDDLE,
    "alignment_residual": _MIDDLE,
}
"""X, Y, Z with D(X, Z) > D(X, Y) + D(Y, Z)."""

BEYOND_ONE = {
    "angular_cka": (x, z),
    "procrustes_angle": (x, z),
    "mean_angle": (x, -x),
    "rsa_correlation_distance": (_correlated_rows(_V), _correlated_rows(-_V)),
    "correlation_matrix_distance": (np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 2], [4, 3]])),
    "standardised_logit_distance": (binary(1.0), binary(-1.0)),
}
"""|f| > 1; the others exceed one when their arguments grow."""


def exceeds_one(name: str) -> bool:
    """Whether |f| > 1 somewhere."""
    measure = known.KNOWN[name].metric
    if name in BEYOND_ONE:
        return abs(float(measure(*BEYOND_ONE[name]))) > 1
    if measure.on == "models":
        return abs(float(measure(binary(10.0, -10.0), binary(-10.0, 10.0)))) > 1
    return abs(float(measure(5 * embeddings(0), embeddings(1)))) > 1


# --------------------------------------------------------------------------- distributions


def _off_the_span() -> tuple[Model, Model]:
    a = model(3)
    basis = np.linalg.qr(np.column_stack([np.ones(6), a.unembeddings, np.eye(6)[:, :2]]))[0][:, -1:]
    return a, Model(a.embeddings, a.unembeddings + basis @ np.ones((1, P)))


def not_separated(name: str) -> tuple[Model, Model]:
    """Return models of different distributions at D = 0."""
    if name == "alignment_residual":
        return _off_the_span()
    if name == "marginal_total_variation":
        return binary(1.0, -1.0), binary(-1.0, 1.0)
    a = model(3)
    return a, Model(5 * a.embeddings, a.unembeddings)


def in_class(a: Model) -> bool:
    """Whether s_min(Gc) >= 1 and lambda_min(Cov f) >= 1, to rounding."""
    spread = np.linalg.svd(known.centred(np.array(a.embeddings)), compute_uv=False)[-1] ** 2 / a.n
    unembedded = np.linalg.svd(known.centred(np.array(a.unembeddings)), compute_uv=False)[-1]
    return bool(spread >= 1 - 1e-9 and unembedded >= 1 - 1e-9)


def polygon(count: int, turns: int) -> np.ndarray:
    """The corners of a star polygon on the unit circle."""
    angles = 2 * math.pi * turns * np.arange(count) / count
    return np.column_stack([np.cos(angles), np.sin(angles)])


def pentagons(r: float) -> tuple[Model, Model]:
    """T7: labels agree, representations are uncorrelated."""
    first, second = polygon(5, 1), polygon(5, 2)
    return Model(math.sqrt(2) * first, r * first), Model(math.sqrt(2) * second, r * second)


def stretched_gauge(_: float) -> tuple[Model, Model]:
    """The same distributions in a gauge that turns, stretches and shears."""
    rng = np.random.default_rng(8)
    a = Model(5 * rng.standard_normal((N, P)), 5 * rng.standard_normal((6, P)))
    return a, gauge(a, np.linalg.qr(rng.standard_normal((P, P)))[0] @ np.diag([5.0, 1, 0.2]), np.ones(P))


def nearly_equal_labels(h: float) -> tuple[Model, Model]:
    """Two labels h apart in the teacher and 2 h in the student."""
    f = np.array([[2.0], [-2], [1], [-3]])
    return Model(f, np.array([[0.0], [h], [2]])), Model(f, np.array([[0.0], [2 * h], [2]]))


def reversed_input(h: float) -> tuple[Model, Model]:
    """One input h away from the tie of two labels, on either side of it."""
    return binary(h, 4, -4, size=2.0), binary(-h, 4, -4, size=2.0)


def far_more_certain(h: float) -> tuple[Model, Model]:
    """Teacher (1 - e^(-1/h), e^(-1/h)) on one input and the other way round on the second, student (1 - h, h)."""
    return binary(-1 / h, 1 / h, size=2.0), binary(math.log(h / (1 - h)), -math.log(h / (1 - h)), size=2.0)


def doubled_logits(h: float) -> tuple[Model, Model]:
    """Teacher (1 - h, h), the student with twice the logits."""
    logit = math.log(h / (1 - h))
    return binary(logit, -logit, size=2.0), binary(2 * logit, -2 * logit, size=2.0)


def loss_of_control(name: str, prop: str) -> tuple[Callable[[float], tuple[Model, Model]], tuple[float, ...]]:
    """Return a family, and its levels from far to near, along which D does not go to zero."""
    if name == "identifiability_dissimilarity":
        return nearly_equal_labels, (1e-2, 1e-5, 1e-8)
    if name in ("standardised_logit_distance", "top_label_disagreement"):
        return reversed_input, (1e-2, 1e-5, 1e-8)
    if name in ("reverse_kl", "symmetrised_kl"):
        return far_more_certain, (1e-2, 1e-5, 1e-8)
    if name == "chi_squared":
        return doubled_logits, (1e-2, 1e-5, 1e-8)
    if (
        "controlled_by_logit_distance" in known.UNCONTROLLED
        and known.KNOWN[name].expected["controlled_by_logit_distance"] is known.PropertyVerdict.FAILS
    ):
        return stretched_gauge, (1.0,)
    assert prop == "controlled_by_kl"
    return pentagons, (10.0, 20.0, 40.0)


# --------------------------------------------------------------------------- bad input


def accepts(measure: Metric, bad: float, place: int) -> bool:
    """Whether the measure returns something for an entry that is not finite."""
    things = [embeddings(0), embeddings(1)]
    things[place][2, 1] = bad
    try:
        measure(*things)
    except ValueError:
        return False
    return True


def degenerate(measure: Metric) -> Iterator[tuple]:
    """Yield pairs with something missing: rank, rows, spread, size."""
    if measure.on == "models":
        a = model(1)
        f, g = a.embeddings, a.unembeddings
        for f2, g2 in (
            (0 * f, g),
            (f, 0 * g),
            (f[:1], g),
            (f, np.vstack([g[:3], g[:3]])),
            (f, g[:2]),
            (f, 400 * g),
            (np.ones_like(f), g),
            (1e-150 * f, g),
        ):
            b = Model(f2, g2)
            yield b, b
            yield b, Model(2 * f2[::-1], g2)
        return
    X, Y = embeddings(0), embeddings(1)
    for Z in (0 * X, np.ones_like(X), X[:, :1] @ np.ones((1, P)), np.hstack([X[:, :2], np.zeros((N, 1))])):
        yield Z, Z
        yield Z, Y
        yield X, Z
    for size in (1e-150, 1e150):
        yield size * X, size * Y
        yield size * X, Y
    for rows in (1, 2, 3):
        yield X[:rows], Y[:rows]
    yield np.vstack([X[:3]] * 4), Y
