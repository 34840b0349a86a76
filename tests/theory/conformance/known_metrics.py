"""Measures whose properties are known, in plain NumPy: what the verdicts of `check_metric` are compared with.

Nothing here calls the formulas of `theory`. Each docstring defines the measure and proves what is not obvious; the
verdicts stand beside it, and ``test_known.py`` checks every "fails" of the table on explicit
numbers before it asks `check_metric`.

Facts that the docstrings use
-----------------------------
(one minus cosine)
    1 - cos of an angle is no metric: x, x + z, z with x, z orthogonal of one length are at 0.293, 0.293 and 1.
    sin^2 is none either: angles of 30 degrees give 1/4, 1/4 and 3/4.
(mean of metrics)
    The mean, the root mean square and the maximum over inputs of metrics are metrics (Minkowski).
(gauge)
    A student may be the teacher under (A f, A^-T g): d_logit = KL = 0. What tells X A from X is not controlled.
(T4)
    sum_i lambda_i (1 - rho_i^2) <= d_logit^2, lambda the eigenvalues of Cov(u) = Gc Cov(f) Gc^T, all at least
    s_min(Gc)^2 lambda_min(Cov f) >= 1 on the class. So 1 - rho_m^2 <= d_logit^2, rho_m the least canonical correlation.
    The same without centring: E[u u^T] is no smaller than Cov(u).
(T7)
    The pentagon: f_j at the angle 2 pi j/5, g_j = r f_j, and the same with doubled angles. KL -> 0 as r -> infinity,
    E f = E f' = 0 and E f f'^T = 0. Times sqrt 2, the teacher is in the class.
(fixed n)
    The class has a fixed number n of inputs, so ||Delta(x)||^2 <= n d_logit^2 on every input x.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from theory import Metric, Model, metric
from theory.claims import PROPERTY_NAMES
from theory.conformance.results import PropertyVerdict

EPS = float(np.finfo(np.float64).eps)
ON_MODELS_ONLY = ("label_invariant", "separates_distributions")


@dataclass(frozen=True)
class Known:
    """A measure and the verdict that mathematics gives on each of its properties.

    Attributes
    ----------
    metric
        The measure.
    expected
        Verdicts by property.
    undecided
        Why a property has none, by property.
    """

    metric: Metric
    expected: Mapping[str, PropertyVerdict]
    undecided: Mapping[str, str] = field(default_factory=dict)


KNOWN: dict[str, Known] = {}


def known(
    *,
    on: str,
    fails: str,
    similarity: bool = False,
    not_applicable: str = "",
    undecided: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., float]], Metric]:
    """Enter a measure into the table: what is not named among `fails`, `not_applicable`, `undecided` holds."""

    def enter(function: Callable[..., float]) -> Metric:
        nothing_said = {*not_applicable.split(), *(ON_MODELS_ONLY if on == "embeddings" else ("rejects_nan",))}
        failing, open_questions = set(fails.split()), dict(undecided or {})
        unknown = (failing | nothing_said | set(open_questions)) - set(PROPERTY_NAMES)
        if unknown or failing & nothing_said or (failing | nothing_said) & set(open_questions):
            raise ValueError(f"{function.__name__}: the table names {sorted(unknown)}, or a property twice")
        verdicts = {
            name: PropertyVerdict.FAILS
            if name in failing
            else PropertyVerdict.NOT_APPLICABLE
            if name in nothing_said
            else PropertyVerdict.HOLDS
            for name in PROPERTY_NAMES
            if name not in open_questions
        }
        measure = metric(on=on, similarity=similarity)(function)
        KNOWN[measure.name] = Known(measure, MappingProxyType(verdicts), MappingProxyType(open_questions))
        return measure

    return enter


# --------------------------------------------------------------------------- what several of them share


def checked(X: np.ndarray, Y: np.ndarray, *, same_width: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return copies in double precision of two finite matrices with the same rows."""
    x, y = np.array(X, dtype=np.float64), np.array(Y, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.size or not y.size:
        raise ValueError(f"expected two matrices with the same rows, saw shapes {x.shape} and {y.shape}")
    if same_width and x.shape != y.shape:
        raise ValueError(f"expected two matrices of one shape, saw {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("expected finite entries")
    return x, y


def scaled(x: np.ndarray) -> np.ndarray:
    """Divide by the largest entry, so that no square leaves the range of float64."""
    largest = float(np.abs(x).max())
    return x / largest if largest > 0 else x


def centred(x: np.ndarray) -> np.ndarray:
    """Subtract from each column its mean: twice, since the first mean is rounded as the offset makes it."""
    once = x - x.mean(axis=0)
    return once - once.mean(axis=0)


def unit(x: np.ndarray) -> np.ndarray:
    """Centre, then divide by the Frobenius norm.

    Raises
    ------
    ValueError
        If the spread is rounding of a constant.
    """
    part = centred(scaled(x))
    size = float(np.linalg.norm(part))
    if size <= 8 * EPS * math.sqrt(x.size):
        raise ValueError("expected rows that differ")
    return part / size


def orthonormal(x: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the column space, the columns being independent.

    Raises
    ------
    ValueError
        If they are not, to ten digits.
    """
    sizes = np.abs(x).max(axis=0)
    if not sizes.all() or x.shape[0] < x.shape[1]:
        raise ValueError("expected independent columns")
    basis, triangle = np.linalg.qr(x / sizes)
    values = np.linalg.svd(triangle, compute_uv=False)
    if values[-1] <= 1e-10 * values[0]:
        raise ValueError("expected independent columns")
    return np.asarray(basis)


def spread_basis(x: np.ndarray) -> np.ndarray:
    """`orthonormal`, of the centred columns; a column whose spread is rounding of its mean counts as zero."""
    x = scaled(x)
    part = centred(x)
    flat = np.linalg.norm(part, axis=0) <= 8 * EPS * math.sqrt(len(x)) * np.abs(x).max(axis=0)
    return orthonormal(np.where(flat, 0.0, part))


def column_space(x: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the column space, whatever the rank."""
    sizes = np.abs(x).max(axis=0)
    u, values, _ = np.linalg.svd(x / np.where(sizes > 0, sizes, 1.0), full_matrices=False)
    return np.asarray(u[:, values > 1e-12 * max(values[0], EPS)])


def row_distances(x: np.ndarray) -> np.ndarray:
    """Euclidean distances between rows, shape (n, n)."""
    largest = float(np.abs(x).max()) or 1.0
    return np.asarray(largest * np.linalg.norm((x / largest)[:, None, :] - (x / largest)[None, :, :], axis=-1))


def row_correlations(x: np.ndarray) -> np.ndarray:
    """Pearson correlations between rows, over columns, shape (n, n).

    Raises
    ------
    ValueError
        If a row is constant.
    """
    sizes = np.abs(x).max(axis=1, keepdims=True)
    rows = x / np.where(sizes > 0, sizes, 1.0)
    rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if (norms <= 8 * EPS * math.sqrt(x.shape[1])).any():
        raise ValueError("expected rows whose entries differ")
    return np.asarray((rows / norms) @ (rows / norms).T)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two vectors, in [-1, 1]."""
    return float(np.clip(np.sum(unit(x[:, None]) * unit(y[:, None])), -1.0, 1.0))


# --------------------------------------------------------------------------- of embeddings: CKA and the like


def cka(x: np.ndarray, y: np.ndarray) -> float:
    """Cosine of the centred Gram matrices."""
    x, y = unit(x), unit(y)
    return float(np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


NOT_LINEAR = "invariant_to_linear invariant_to_affine gauge_invariant"
UNCONTROLLED = "controlled_by_logit_distance controlled_by_kl"


@known(on="embeddings", similarity=True, fails=f"triangle {NOT_LINEAR} {UNCONTROLLED}")
def linear_cka(X, Y):
    """||Yc^T Xc||^2 / (||Xc^T Xc|| ||Yc^T Yc||), the cosine of the centred Gram matrices.

    nonnegative, bounded_by_one: Cauchy-Schwarz, and the product of two Gram matrices has trace >= 0.
    triangle: fails; Gram matrices x x^T, x x^T + z z^T, z z^T (one minus cosine).
    invariances: the Gram matrix of Xc is that of Xc Q; it is not that of Xc A. Control fails (gauge).
    """
    return min(cka(*checked(X, Y)), 1.0)


@known(on="embeddings", fails=f"bounded_by_one {NOT_LINEAR} {UNCONTROLLED}")
def angular_cka(X, Y):
    """arccos of linear CKA: an angle between vectors, hence a pseudo-metric (Williams et al. 2021).

    bounded_by_one: fails; orthogonal Gram matrices are at pi/2.
    """
    return math.acos(min(cka(*checked(X, Y)), 1.0))


@known(on="embeddings", fails=f"triangle rejects_nan handles_degenerate {NOT_LINEAR} {UNCONTROLLED}")
def one_minus_cka(X, Y):
    """1 - linear CKA as it is usually typed, with no question asked about the input.

    rejects_nan, handles_degenerate: fail; nan at nan and at 0/0.
    """
    x, y = (np.array(array, dtype=np.float64) for array in (X, Y))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    with np.errstate(all="ignore"):
        return 1 - np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


@known(
    on="embeddings",
    similarity=True,
    fails=f"zero_on_self bounded_by_one invariant_to_scaling {NOT_LINEAR}",
    not_applicable=f"nonnegative triangle {UNCONTROLLED}",
)
def hsic(X, Y):
    """||Yc^T Xc||^2 / n^2, the numerator of CKA.

    zero_on_self: fails; f(X, X) depends on X, so there is no maximum to take a distance from.
    """
    x, y = checked(X, Y)
    x, y = centred(x), centred(y)
    with np.errstate(over="ignore"):
        value = float(np.sum(np.square(x.T @ y / len(x))))
    if not math.isfinite(value):
        raise ValueError("expected a covariance whose square float64 can hold")
    return value


# --------------------------------------------------------------------------- of embeddings: canonical correlations


def correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cosines of the principal angles between two spaces given by orthonormal bases, descending."""
    return np.asarray(np.clip(np.linalg.svd(x.T @ y, compute_uv=False), 0.0, 1.0))


@known(on="embeddings", similarity=True, fails="triangle controlled_by_kl")
def mean_cca(X, Y):
    """Mean of the min(p, q) canonical correlations of the centred columns; needs both of full column rank.

    invariances: the correlations depend on the two column spaces alone, which no affine map changes.
    triangle: fails; with one column it is |cos| (one minus cosine).
    controlled_by_logit_distance: 1 - mean rho <= 1 - rho_m <= d_logit^2 (T4). controlled_by_kl: fails, 0 for ever (T7).
    """
    x, y = checked(X, Y)
    return float(np.mean(correlations(spread_basis(x), spread_basis(y))))


@known(
    on="embeddings",
    similarity=True,
    fails="triangle invariant_to_translation invariant_to_affine controlled_by_kl",
)
def mean_cca_uncentred(X, Y):
    """`mean_cca` of the columns as they are.

    invariant_to_translation, invariant_to_affine: fail; a shift turns a column towards the vector of ones.
    """
    x, y = checked(X, Y)
    return float(np.mean(correlations(orthonormal(scaled(x)), orthonormal(scaled(y)))))


@known(
    on="embeddings",
    similarity=True,
    fails=f"symmetric triangle invariant_to_orthogonal invariant_to_translation {NOT_LINEAR} controlled_by_kl",
)
def pwcca(X, Y):
    """Canonical correlations of the centred columns, weighted by sum_j |<h_i, x_j>| (Morcos et al. 2018).

    h_i = X w_i is the i-th canonical direction of X applied to X as it is, its centred part of norm one; x_j is the
    j-th column of X as it is. Only the first min(p, q) directions count.

    symmetric: fails, the weights come from X alone. triangle: fails; with one column it is `mean_cca`.
    invariant_to_orthogonal: fails; the weight of h is the 1-norm of X^T h, which a rotation of the columns changes.
    invariant_to_permutation, invariant_to_scaling: hold; the 1-norm forgets the order, the weights are normalised.
    invariant_to_translation: fails; h and x_j carry the mean. (In Y nothing but its column space is used.)
    controlled_by_logit_distance: 1 - sum w_i rho_i <= 1 - rho_m <= d_logit^2 (T4). controlled_by_kl: fails (T7).
    """
    x, y = checked(X, Y)
    x = scaled(x)
    qx, qy = spread_basis(x), spread_basis(y)
    u, rho, _ = np.linalg.svd(qx.T @ qy, full_matrices=False)
    coefficients = np.linalg.lstsq(centred(x), qx @ u, rcond=None)[0]
    weights = np.sum(np.abs((x @ coefficients).T @ x), axis=1)
    return float(np.sum(weights * np.clip(rho, 0.0, 1.0)) / np.sum(weights))


# --------------------------------------------------------------------------- of embeddings: shapes


def procrustes(x: np.ndarray, y: np.ndarray) -> float:
    """min over orthogonal Q of ||x - y Q||, the narrower matrix padded with zero columns."""
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(array, ((0, 0), (0, width - array.shape[1]))) for array in (x, y))
    u, _, vh = np.linalg.svd(scaled(y).T @ scaled(x))
    return float(np.linalg.norm(x - y @ (u @ vh)))


@known(on="embeddings", fails=f"bounded_by_one invariant_to_scaling {NOT_LINEAR} {UNCONTROLLED}")
def procrustes_distance(X, Y):
    """min over orthogonal Q of ||Xc - Yc Q||_F.

    triangle: the least distance between two orbits of a group that acts by isometries.
    invariant_to_scaling: fails, and so do all maps that stretch. Control fails (gauge).
    """
    x, y = checked(X, Y)
    return procrustes(centred(x), centred(y))


@known(on="embeddings", fails=f"triangle bounded_by_one invariant_to_scaling {NOT_LINEAR} {UNCONTROLLED}")
def squared_procrustes_distance(X, Y):
    """The square of `procrustes_distance`.

    triangle: fails; X, 2 X, 3 X are at 1, 1 and 4 times ||Xc||^2.
    """
    x, y = checked(X, Y)
    return procrustes(centred(x), centred(y)) ** 2


@known(on="embeddings", fails=f"bounded_by_one {NOT_LINEAR} {UNCONTROLLED}")
def procrustes_angle(X, Y):
    """arccos of the nuclear norm of Xc^T Yc / (||Xc|| ||Yc||): Kendall's geodesic distance of shapes.

    triangle: least angle between two orbits of isometries of the sphere. bounded_by_one: fails, pi/2 when Xc^T Yc = 0.
    """
    x, y = checked(X, Y)
    return math.acos(min(float(np.sum(np.linalg.svd(unit(x).T @ unit(y), compute_uv=False))), 1.0))


@known(
    on="embeddings",
    fails="bounded_by_one invariant_to_permutation invariant_to_orthogonal invariant_to_scaling "
    f"invariant_to_translation rejects_nan {NOT_LINEAR} {UNCONTROLLED}",
)
def euclidean_distance(X, Y):
    """||X - Y||_F, for matrices of one shape.

    rejects_nan: fails, nothing is asked about the entries. handles_degenerate: holds, it divides by nothing.
    """
    if np.shape(X) != np.shape(Y):
        raise ValueError(f"expected matrices of one shape, saw {np.shape(X)} and {np.shape(Y)}")
    with np.errstate(invalid="ignore"):
        return float(np.linalg.norm(np.asarray(X, dtype=np.float64) - np.asarray(Y, dtype=np.float64)))


# --------------------------------------------------------------------------- of embeddings: row by row


def row_cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cosine of each row of x with that of y."""
    unit_rows = []
    for array in (x, y):
        sizes = np.abs(array).max(axis=1, keepdims=True)
        if not sizes.all():
            raise ValueError("expected rows that are not zero")
        unit_rows.append(array / sizes / np.linalg.norm(array / sizes, axis=1, keepdims=True))
    return np.asarray(np.clip(np.sum(unit_rows[0] * unit_rows[1], axis=1), -1.0, 1.0))


ROW_BY_ROW = f"invariant_to_permutation invariant_to_orthogonal invariant_to_translation {NOT_LINEAR} {UNCONTROLLED}"


@known(on="embeddings", similarity=True, fails=f"triangle rejects_nan handles_degenerate {ROW_BY_ROW}")
def mean_cosine(X, Y):
    """Mean over rows of cos(x_i, y_i), with no question asked about the entries.

    triangle: fails (one minus cosine). rejects_nan, handles_degenerate: fail; nan at nan and at a zero row.
    """
    x, y = (np.asarray(array, dtype=np.float64) for array in (X, Y))
    if x.shape != y.shape:
        raise ValueError(f"expected matrices of one shape, saw {x.shape} and {y.shape}")
    with np.errstate(all="ignore"):
        return np.mean(np.sum(x * y, axis=1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)))


@known(on="embeddings", fails=f"bounded_by_one {ROW_BY_ROW}")
def mean_angle(X, Y):
    """Mean over rows of the angle between x_i and y_i, in [0, pi].

    triangle: geodesic distance on the sphere (mean of metrics). invariant_to_scaling: holds, c > 0 turns no row.
    """
    return float(np.mean(np.arccos(row_cosines(*checked(X, Y, same_width=True)))))


# --------------------------------------------------------------------------- of embeddings: relations between rows


@known(on="embeddings", fails=f"bounded_by_one invariant_to_scaling {NOT_LINEAR} {UNCONTROLLED}")
def rsa_euclidean(X, Y):
    """||D_X - D_Y||_F of the matrices of Euclidean distances between rows.

    triangle: a norm of a difference. Distances between rows survive isometries, and no other linear maps.
    """
    x, y = checked(X, Y)
    return float(np.linalg.norm(row_distances(x) - row_distances(y)))


NOT_ORTHOGONAL = f"invariant_to_orthogonal invariant_to_translation {NOT_LINEAR}"


def rdm_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of the upper triangles of 1 - row correlations."""
    if len(x) < 3:
        raise ValueError(f"expected three rows at least, saw {len(x)}")
    above = np.triu_indices(len(x), 1)
    return pearson(1 - row_correlations(x)[above], 1 - row_correlations(y)[above])


@known(on="embeddings", similarity=True, fails=f"triangle {NOT_ORTHOGONAL} {UNCONTROLLED}")
def rsa_correlation(X, Y):
    """Pearson correlation of the matrices 1 - corr(x_i, x_j), corr over the columns of two rows.

    triangle: fails (one minus cosine); with three rows the upper triangles may be any three numbers near one another.
    invariant_to_orthogonal: fails; corr projects out (1, ..., 1), which a rotation moves. A permutation does not.
    invariant_to_translation: fails; X + 1 c^T adds c to every row, and corr(x_i + c, x_j + c) -> 1 as c grows.
    """
    return rdm_correlation(*checked(X, Y))


@known(on="embeddings", fails=f"triangle bounded_by_one {NOT_ORTHOGONAL} {UNCONTROLLED}")
def rsa_correlation_distance(X, Y):
    """1 - `rsa_correlation`, in [0, 2].

    bounded_by_one: fails; the correlation of two upper triangles may be negative.
    """
    return 1 - rdm_correlation(*checked(X, Y))


@known(on="embeddings", fails=f"bounded_by_one {NOT_ORTHOGONAL} {UNCONTROLLED}")
def correlation_matrix_distance(X, Y):
    """||C_X - C_Y||_F of the matrices of correlations between rows.

    triangle: a norm of a difference. bounded_by_one: fails; rows that agree against rows that oppose: 2 sqrt 2.
    """
    x, y = checked(X, Y)
    return float(np.linalg.norm(row_correlations(x) - row_correlations(y)))


NEIGHBOURS = 2


def knn_jaccard_similarity(x: np.ndarray, y: np.ndarray) -> float:
    """Mean over rows of |N_x & N_y| / |N_x | N_y|, N all rows no farther than the second nearest."""
    if len(x) <= NEIGHBOURS:
        raise ValueError(f"expected more than {NEIGHBOURS} rows, saw {len(x)}")
    sets = []
    for array in (x, y):
        distances = row_distances(array)
        np.fill_diagonal(distances, np.inf)
        sets.append(distances <= np.sort(distances, axis=1)[:, NEIGHBOURS - 1 : NEIGHBOURS])
    return float(np.mean(np.sum(sets[0] & sets[1], axis=1) / np.sum(sets[0] | sets[1], axis=1)))


@known(on="embeddings", similarity=True, fails=f"{NOT_LINEAR} {UNCONTROLLED}")
def knn_jaccard(X, Y):
    """Mean Jaccard similarity of the sets of the two nearest rows (with those as near as the second).

    triangle: one minus Jaccard is a metric on sets (mean of metrics).
    invariances: isometries and scaling leave the order of distances. Ties count in, so the order of rows is nothing.
    invariant_to_linear: fails; stretching one axis makes other rows the nearest. Control fails (gauge).
    """
    return knn_jaccard_similarity(*checked(X, Y))


@known(on="embeddings", fails=f"{NOT_LINEAR} {UNCONTROLLED}")
def knn_jaccard_distance(X, Y):
    """1 - `knn_jaccard`."""
    return 1 - knn_jaccard_similarity(*checked(X, Y))


# --------------------------------------------------------------------------- of embeddings: regression


def explained(basis: np.ndarray, target: np.ndarray) -> float:
    """Share of ||target||^2 in the span of an orthonormal basis."""
    size = float(np.linalg.norm(target))
    return min(float(np.linalg.norm(basis.T @ (target / size))) ** 2, 1.0)


@known(on="embeddings", similarity=True, fails=f"symmetric triangle {NOT_LINEAR} controlled_by_kl")
def regression_r2(X, Y):
    """R^2 of the linear regression of Y on X with intercept: ||P Yc||^2 / ||Yc||^2, P the projector on span Xc.

    symmetric: fails; Y of lower rank than X is explained by X and does not explain it.
    triangle: fails; with one column 1 - R^2 is sin^2 (one minus cosine).
    invariant_to_linear: holds in X and fails in Y, whose directions of large variance count more. So for affine, gauge.
    controlled_by_logit_distance: Yc = V T with V of canonical directions leaves V T unexplained by at most
    (1 - rho_m^2) ||Yc||^2, whichever of X and Y is the teacher: 1 - R^2 <= d_logit^2 (T4).
    controlled_by_kl: fails, R^2 = 0 for ever (T7).
    """
    x, y = checked(X, Y)
    return explained(column_space(centred(scaled(x))), unit(y))


@known(
    on="embeddings",
    similarity=True,
    fails=f"symmetric triangle invariant_to_translation {NOT_LINEAR} controlled_by_kl",
)
def regression_r2_no_intercept(X, Y):
    """R^2 of the regression of Y on X without intercept: ||P Y||^2 / ||Y||^2, P the projector on span X.

    invariant_to_translation: fails; the shift is a part of Y to be explained. The rest as for `regression_r2`.
    """
    x, y = checked(X, Y)
    if not y.any():
        raise ValueError("Y: expected an entry that is not zero")
    return explained(column_space(scaled(x)), scaled(y))


@known(
    on="embeddings",
    similarity=True,
    fails=f"symmetric triangle invariant_to_permutation invariant_to_orthogonal {NOT_LINEAR} controlled_by_kl",
)
def probe_r2(X, Y):
    """R^2 of the regression, with intercept, of the first column of X on Y: a concept read off X, probed in Y.

    symmetric: fails; the first column of X may lie in span Y and the first of Y not in span X.
    triangle: fails; with one column each 1 - R^2 is sin^2 (one minus cosine).
    invariant_to_permutation, orthogonal, linear, affine: fail in X, where they move the concept.
    controlled_by_logit_distance: 1 - R^2 <= 1 - rho_m^2 <= d_logit^2 for any direction of X (T4).
    controlled_by_kl: fails, R^2 = 0 for ever (T7).
    """
    x, y = checked(X, Y)
    return explained(column_space(centred(scaled(y))), unit(x[:, :1]))


# --------------------------------------------------------------------------- of models: distributions


def centred_logits(model: Model) -> np.ndarray:
    """u = Gc f, shape (n, k)."""
    return np.asarray(model.embeddings @ centred(np.array(model.unembeddings)).T)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Subtract the largest, then the logarithm of the sum of exponentials."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def log_distributions(a: Model, b: Model) -> tuple[np.ndarray, np.ndarray]:
    """log p and log p', shapes (n, k)."""
    same_inputs_and_labels(a, b)
    return log_softmax(centred_logits(a)), log_softmax(centred_logits(b))


def distributions(a: Model, b: Model) -> tuple[np.ndarray, np.ndarray]:
    """p and p', shapes (n, k)."""
    log_p, log_q = log_distributions(a, b)
    return np.exp(log_p), np.exp(log_q)


def same_inputs_and_labels(a: Model, b: Model) -> None:
    """Raise ValueError unless the models speak of the same inputs and labels."""
    if (a.n, a.k) != (b.n, b.k):
        raise ValueError(f"expected the same inputs and labels, saw {(a.n, a.k)} and {(b.n, b.k)}")


def logit_difference(a: Model, b: Model) -> np.ndarray:
    """Delta = u - u', shape (n, k)."""
    same_inputs_and_labels(a, b)
    return centred_logits(a) - centred_logits(b)


def kl_by_input(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """KL(p || q) = sum p (e^t - 1 - t), t = log(q/p): no term is negative."""
    t = log_q - log_p
    small = np.minimum(t, 1.0)
    terms = np.where(t > 1.0, np.exp(log_q) - np.exp(log_p) * (1 + t), np.exp(log_p) * (np.expm1(small) - small))
    return np.asarray(np.maximum(terms, 0.0).sum(axis=1))


OF_EMBEDDINGS = (
    "invariant_to_permutation invariant_to_orthogonal invariant_to_scaling invariant_to_translation "
    "invariant_to_linear invariant_to_affine"
)
"""A map on f alone, g staying, changes the logits: nothing that depends on p through all of it survives."""


@known(on="models", fails=f"symmetric triangle bounded_by_one {OF_EMBEDDINGS}")
def kl(a, b):
    """Mean over inputs of KL(p || p').

    triangle: fails; near a point KL is half a squared norm. bounded_by_one: fails, it grows like the logits.
    controlled_by_logit_distance: KL <= d_logit^2/4 (T6). controlled_by_kl: it is KL.
    """
    return float(np.mean(kl_by_input(*log_distributions(a, b))))


@known(on="models", fails=f"symmetric triangle bounded_by_one controlled_by_kl {OF_EMBEDDINGS}")
def reverse_kl(a, b):
    """Mean over inputs of KL(p' || p).

    controlled_by_logit_distance: KL(p' || p) <= d_logit^2/4 (T6).
    controlled_by_kl: fails; p = (1 - eps, eps), p' = (1 - h, h) with eps = e^(-1/h), h -> 0:
    KL(p || p') -> 0 like h, and KL(p' || p) = h log(h/eps) + O(h) -> 1.
    """
    log_p, log_q = log_distributions(a, b)
    return float(np.mean(kl_by_input(log_q, log_p)))


@known(on="models", fails=f"triangle bounded_by_one controlled_by_kl {OF_EMBEDDINGS}")
def symmetrised_kl(a, b):
    """Mean over inputs of KL(p || p') + KL(p' || p): its second half is not controlled by the first (`reverse_kl`).

    controlled_by_logit_distance: <= d_logit^2/2 (T11). triangle: fails as for `kl`.
    """
    log_p, log_q = log_distributions(a, b)
    return float(np.mean(kl_by_input(log_p, log_q) + kl_by_input(log_q, log_p)))


def js_by_input(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """(KL(p || r) + KL(q || r)) / 2, r = (p + q)/2, at most log 2."""
    log_r = np.logaddexp(log_p, log_q) - math.log(2)
    return np.asarray(np.minimum((kl_by_input(log_p, log_r) + kl_by_input(log_q, log_r)) / 2, math.log(2)))


@known(on="models", fails=f"triangle {OF_EMBEDDINGS}")
def jensen_shannon(a, b):
    """Mean over inputs of the Jensen-Shannon divergence, in nats.

    bounded_by_one: at most log 2. triangle: fails; (1, 0), (1/2, 1/2), (0, 1) are at .216, .216 and .693.
    Both controls: JS <= log 2 TV <= log 2 sqrt(KL/2), a concave function of the mean (T6 for the logit distance).
    """
    return float(np.mean(js_by_input(*log_distributions(a, b))))


@known(on="models", fails=OF_EMBEDDINGS)
def root_jensen_shannon(a, b):
    """Root of the mean over inputs of JS.

    triangle: sqrt JS is a metric (Endres and Schindelin 2003), this its root mean square (mean of metrics).
    """
    return math.sqrt(np.mean(js_by_input(*log_distributions(a, b))))


@known(on="models", fails=OF_EMBEDDINGS)
def mean_root_jensen_shannon(a, b):
    """Mean over inputs of sqrt JS: a metric as well (mean of metrics), another one than the root of the mean."""
    return float(np.mean(np.sqrt(js_by_input(*log_distributions(a, b)))))


def squared_hellinger_of(p: np.ndarray, q: np.ndarray) -> float:
    """Mean over rows of 1 - sum sqrt(p q) = (1/2) sum (sqrt p - sqrt q)^2."""
    return min(float(np.mean(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2, axis=1)) / 2), 1.0)


@known(on="models", fails=OF_EMBEDDINGS)
def hellinger(a, b):
    """sqrt(mean over inputs of 1 - sum sqrt(p p')), in [0, 1].

    triangle: a Euclidean distance of sqrt p. Both controls: H^2 <= KL/2 and H^2 <= d_logit^2/16 (T11).
    """
    return math.sqrt(squared_hellinger_of(*distributions(a, b)))


@known(on="models", fails=f"triangle {OF_EMBEDDINGS}")
def squared_hellinger(a, b):
    """The square of `hellinger`: (1, 0), (1/2, 1/2), (0, 1) are at .293, .293 and 1."""
    return squared_hellinger_of(*distributions(a, b))


@known(on="models", fails=OF_EMBEDDINGS)
def total_variation(a, b):
    """Mean over inputs of (1/2) sum |p - p'|.

    triangle: a norm of a difference. Both controls: TV <= sqrt(KL/2) (Pinsker), |Delta|/(2 sqrt 2) (T11).
    """
    p, q = distributions(a, b)
    return min(float(np.mean(np.sum(np.abs(p - q), axis=1)) / 2), 1.0)


@known(on="models", fails=OF_EMBEDDINGS)
def worst_total_variation(a, b):
    """Maximum over inputs of the total variation: at most n times the mean, hence controlled too (fixed n)."""
    p, q = distributions(a, b)
    return min(float(np.max(np.sum(np.abs(p - q), axis=1)) / 2), 1.0)


@known(on="models", fails=f"separates_distributions {OF_EMBEDDINGS}")
def marginal_total_variation(a, b):
    """Total variation of the distributions of labels averaged over inputs: at most `total_variation`.

    separates_distributions: fails; (p, 1 - p) on two inputs against (1 - p, p) have one average.
    """
    p, q = distributions(a, b)
    return min(float(np.sum(np.abs(p.mean(axis=0) - q.mean(axis=0))) / 2), 1.0)


@known(on="models", fails=f"symmetric triangle bounded_by_one controlled_by_kl {OF_EMBEDDINGS}")
def chi_squared(a, b):
    """Mean over inputs of sum (p - p')^2 / p'; ValueError where float64 cannot hold it.

    triangle: fails, a squared norm near a point. bounded_by_one: fails.
    controlled_by_logit_distance: chi^2 <= exp(|Delta|^2/2) - 1 on each input (T11), |Delta|^2 <= n d_logit^2 (fixed n).
    controlled_by_kl: fails; p = (1 - eps, eps), p' with twice the logits, p'_2 near eps^2:
    KL is near eps log(1/eps) -> 0, chi^2 near eps^2/eps^2 = 1.
    """
    log_p, log_q = log_distributions(a, b)
    with np.errstate(over="ignore"):
        terms = np.square(np.exp(log_p - log_q / 2) - np.exp(log_q / 2))
        value = float(np.mean(terms.sum(axis=1)))
    if not math.isfinite(value):
        raise ValueError("expected distributions whose chi^2 float64 can hold")
    return value


@known(on="models", fails=f"bounded_by_one controlled_by_kl {OF_EMBEDDINGS}")
def logit_distance(a, b):
    """sqrt(mean over inputs of ||Delta||^2).

    triangle: a norm of a difference. separates: u is a function of p, and p of u. controlled_by_kl: fails (T7).
    """
    delta = logit_difference(a, b)
    return float(np.linalg.norm(delta)) / math.sqrt(len(delta))


@known(on="models", fails=f"triangle bounded_by_one controlled_by_kl {OF_EMBEDDINGS}")
def squared_logit_distance(a, b):
    """The square of `logit_distance`: u, 2 u, 3 u are at 1, 1 and 4 times the mean of |u|^2."""
    delta = logit_difference(a, b)
    return float(np.linalg.norm(delta)) ** 2 / len(delta)


@known(
    on="models",
    fails="separates_distributions bounded_by_one controlled_by_logit_distance controlled_by_kl "
    "invariant_to_permutation invariant_to_orthogonal invariant_to_translation invariant_to_linear invariant_to_affine",
)
def standardised_logit_distance(a, b):
    """Root mean square over inputs of ||z(u) - z(u')||, z(u) = sqrt k u/||u||: logits standardised per input.

    triangle: a Euclidean distance of z. invariant_to_scaling: holds. separates_distributions: fails; u against 5 u.
    controlled_by_logit_distance: fails; where the teacher's logits are h u, the student's -h u: d_logit -> 0 with h,
    ||z - z'||^2 = 4 k on that input. controlled_by_kl: fails with it, since KL <= d_logit^2/4.
    """
    same_inputs_and_labels(a, b)
    standardised = []
    for model in (a, b):
        logits = centred_logits(model)
        sizes = np.abs(logits).max(axis=1, keepdims=True)
        if (sizes <= 64 * EPS * np.abs(model.embeddings).max() * np.abs(model.unembeddings).max()).any():
            raise ValueError("expected logits that differ on every input")
        standardised.append(logits / sizes / np.linalg.norm(logits / sizes, axis=1, keepdims=True))
    return float(np.linalg.norm(standardised[0] - standardised[1])) * math.sqrt(a.k / a.n)


@known(
    on="models",
    fails="separates_distributions controlled_by_logit_distance controlled_by_kl invariant_to_permutation "
    "invariant_to_orthogonal invariant_to_translation invariant_to_linear invariant_to_affine",
)
def top_label_disagreement(a, b):
    """Share of inputs on which the sets of most probable labels differ.

    triangle: a discrete metric of sets (mean of metrics). invariant_to_scaling: holds, c > 0 leaves the largest logit.
    separates_distributions: fails; u against 5 u. Both controls fail: the teacher's logits are h u where the
    student's are -h u, h -> 0.
    """
    same_inputs_and_labels(a, b)
    tops = [logits == logits.max(axis=1, keepdims=True) for logits in (centred_logits(a), centred_logits(b))]
    return float(np.mean((tops[0] != tops[1]).any(axis=1)))


# --------------------------------------------------------------------------- of models: representations


OF_FIRST_MODEL = f"symmetric triangle bounded_by_one gauge_invariant controlled_by_kl {OF_EMBEDDINGS}"


@known(on="models", fails=f"controlled_by_logit_distance {OF_FIRST_MODEL}")
def identifiability_dissimilarity(a, b):
    """d_rep: root of the mean over (m+1)-subsets S of labels of E||f - A_S f'||^2, A_S = L_S^-1 L'_S.

    L_S has rows g(y_j) - g(y_0), y_0 and the y_j the labels of S. ValueError where some L_S is singular.

    symmetric: fails; for m = 1, k = 2 it is |l f - l' f'| / |l|. triangle: fails; there a middle model of large l is
    near both others. gauge_invariant: fails in the first model, whose f it measures, and holds in the second.
    label_invariant: A_S depends on the set S alone. separates: f = A_S f' for all S makes all log-ratios equal.
    controlled_by_logit_distance: fails for k > m + 1. m = 1, g = (0, h, 2), g' = (0, 2 h, 2), f = f': d_logit -> 0
    with h, and A_S = 2 for S = {1, 2} however small h: d_rep^2 >= E f^2/3, while s_min(Gc) > 1.
    controlled_by_kl: fails with it, since KL <= d_logit^2/4; and (T7).
    """
    same_inputs_and_labels(a, b)
    f, g, g2 = a.embeddings, a.unembeddings, b.unembeddings
    if a.k <= a.m:
        raise ValueError(f"expected more labels than the {a.m} dimensions, saw {a.k}")
    total, subsets = 0.0, list(itertools.combinations(range(a.k), a.m + 1))
    for first, *others in subsets:
        pivoted = g[others] - g[first]
        values = np.linalg.svd(pivoted, compute_uv=False)
        if values[-1] <= 1e-12 * max(values[0], EPS * float(np.abs(g).max())):
            raise ValueError(f"expected independent differences of the labels {(first, *others)}")
        with np.errstate(over="ignore", invalid="ignore"):
            aligned = np.linalg.solve(pivoted, g2[others] - g2[first])
            total += float(np.mean(np.sum((f - b.embeddings @ aligned.T) ** 2, axis=1)))
    if not math.isfinite(total):
        raise ValueError("expected alignments whose squares float64 can hold")
    return math.sqrt(total / len(subsets))


@known(on="models", fails=f"separates_distributions {OF_FIRST_MODEL}")
def alignment_residual(a, b):
    """Root of E||f - A* f'||^2, A* = pinv(Gc) G'c. ValueError where Gc has not full column rank.

    controlled_by_logit_distance: f - A* f' = pinv(Gc) Delta: at most d_logit/s_min(Gc) (T3).
    separates_distributions: fails for k > m + 1; f' = f and G'c = Gc + N with Gc^T N = 0 have A* = 1.
    controlled_by_kl: fails; A* = 0 for ever (T7). The rest as for `identifiability_dissimilarity`.
    """
    same_inputs_and_labels(a, b)
    gc, gc2 = centred(np.array(a.unembeddings)), centred(np.array(b.unembeddings))
    size = float(np.abs(a.unembeddings).max())
    u, values, vh = np.linalg.svd(gc, full_matrices=False)
    if a.k <= a.m or values[-1] <= 1e-12 * max(values[0], EPS * size) or values[0] <= 64 * EPS * size:
        raise ValueError("expected unembeddings of full column rank")
    with np.errstate(over="ignore", invalid="ignore"):
        aligned = vh.T @ ((u.T @ gc2) / values[:, None])
        value = float(np.mean(np.sum((a.embeddings - b.embeddings @ aligned.T) ** 2, axis=1)))
    if not math.isfinite(value):
        raise ValueError("expected an alignment whose square float64 can hold")
    return math.sqrt(value)
