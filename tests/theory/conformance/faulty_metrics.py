"""Measures with a fault planted in them, beside clean versions; and clean ones that look faulty in floating point.

`PLANTED` holds pairs that differ in one fault, with the property that must catch it. `FAILS` and `PASSES` name, for
each property, a measure that must fail it and one that must pass it. `TRICKY` holds measures that lose digits, or are
discontinuous, and for each the properties that hold in exact arithmetic: these must never be said to fail.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import scipy.linalg
import scipy.spatial.distance
import scipy.stats

from tests.theory.conformance.known_metrics import (
    EPS,
    KNOWN,
    centred,
    centred_logits,
    checked,
    cka,
    correlations,
    distributions,
    kl_by_input,
    log_distributions,
    log_softmax,
    logit_difference,
    orthonormal,
    procrustes,
    row_cosines,
    row_distances,
    same_inputs_and_labels,
    scaled,
    spread_basis,
    unit,
)
from theory import Metric, metric


@dataclass(frozen=True)
class Planted:
    """A measure with a fault, and without.

    Attributes
    ----------
    faulty, clean
        The measures.
    caught_by
        The property that must catch it, which the clean one has.
    """

    faulty: Metric
    clean: Metric
    caught_by: str


PLANTED: dict[str, Planted] = {}


def known(name: str) -> Metric:
    """A measure of the table of known ones."""
    return KNOWN[name].metric


def planted(clean: Metric | str, caught_by: str) -> Callable[[Callable[..., float]], Metric]:
    """Enter a faulty measure, of the kind of its clean version."""
    sound = known(clean) if isinstance(clean, str) else clean

    def enter(function: Callable[..., float]) -> Metric:
        faulty = metric(on=sound.on, similarity=sound.similarity)(function)
        assert faulty.name not in PLANTED
        PLANTED[faulty.name] = Planted(faulty, sound, caught_by)
        return faulty

    return enter


# --------------------------------------------------------------------------- axioms


@metric(on="embeddings")
def log_ratio_of_norms(X, Y):
    """log(||Xc|| / ||Yc||): zero on the diagonal, of either sign off it."""
    x, y = checked(X, Y)
    sizes = [float(np.linalg.norm(centred(array))) for array in (x, y)]
    if not min(sizes) > 0:
        raise ValueError("expected rows that differ")
    return math.log(sizes[0] / sizes[1])


@planted("one_minus_cka", "nonnegative")
def negative_only_between_nearly_collinear(X, Y):
    """s - 5 s e^(-1000 s), s = 1 - CKA: negative for 0 < s < 0.0016 only."""
    s = max(0.0, 1 - cka(*checked(X, Y)))
    return s - 5 * s * math.exp(-1000 * s)


@metric(on="models")
def cross_entropy(a, b):
    """Mean over inputs of -sum p log p': the entropy, not zero, on the diagonal."""
    log_p, log_q = log_distributions(a, b)
    return -float(np.mean(np.sum(np.exp(log_p) * log_q, axis=1)))


@planted("kl", "zero_on_self")
def kl_of_smoothed_second(a, b):
    """KL(p || .999 p' + .001/k): smoothed on one side only."""
    log_p, log_q = log_distributions(a, b)
    return float(np.mean(kl_by_input(log_p, np.log(0.999 * np.exp(log_q) + 0.001 / a.k))))


@planted("angular_cka", "zero_on_self")
def angular_cka_of_a_regularised_product(X, Y):
    """The denominator has 1e-6 added to it, so that not even f(X, X) is zero."""
    x, y = checked(X, Y)
    x, y = unit(x), unit(y)
    return math.acos(float(np.sum((x.T @ y) ** 2)) / (float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)) + 1e-6))


@planted("mean_cca", "symmetric")
def mean_cca_over_first_width(X, Y):
    """Sum of the correlations divided by the columns of X: asymmetric only when p != q."""
    x, y = checked(X, Y)
    return float(np.sum(correlations(spread_basis(x), spread_basis(y)))) / x.shape[1]


@planted("procrustes_distance", "symmetric")
def asymmetric_only_where_large(X, Y):
    """Procrustes distance; beyond 50 it grows by a tenth if X is the larger one."""
    x, y = (centred(array) for array in checked(X, Y))
    value = procrustes(x, y)
    return value * (1.1 if value > 50 and np.linalg.norm(x) > np.linalg.norm(y) else 1.0)


@planted("procrustes_distance", "symmetric")
def asymmetric_by_a_millionth(X, Y):
    """Procrustes distance times 1 + 1e-6 tanh log(||X||/||Y||)."""
    x, y = (centred(array) for array in checked(X, Y))
    sizes = np.linalg.norm(x) + 1e-300, np.linalg.norm(y) + 1e-300
    return procrustes(x, y) * (1 + 1e-6 * math.tanh(math.log(sizes[0] / sizes[1])))


@planted("procrustes_distance", "triangle")
def procrustes_without_its_root(X, Y):
    """||Xc - Yc Q||^2 given out as the distance."""
    x, y = checked(X, Y)
    return procrustes(centred(x), centred(y)) ** 2


@planted("procrustes_distance", "triangle")
def procrustes_to_the_power_1_05(X, Y):
    """Fails for X, Y, Z on a line only: 2^1.05 = 2.07."""
    x, y = checked(X, Y)
    return procrustes(centred(x), centred(y)) ** 1.05


@planted("root_jensen_shannon", "triangle")
def jensen_shannon_to_the_power_0_6(a, b):
    """A power of JS above one half: fails between close distributions on a line."""
    return float(known("jensen_shannon")(a, b)) ** 0.6


@metric(on="embeddings")
def projection_distance(X, Y):
    """||P_X - P_Y||_F, the projectors on the centred columns."""
    x, y = (spread_basis(array) for array in checked(X, Y))
    return float(np.linalg.norm(x @ x.T - y @ y.T))


@planted(projection_distance, "triangle")
def one_minus_mean_cca(X, Y):
    """1 - mean rho instead of sqrt(p + q - 2 sum rho^2): a half turn is more than twice a quarter turn."""
    x, y = checked(X, Y)
    return 1 - float(np.mean(correlations(spread_basis(x), spread_basis(y))))


@metric(on="embeddings")
def halved_cosine_distance(X, Y):
    """(1 - mean cosine of the rows)/2, in [0, 1]."""
    return float(1 - np.mean(row_cosines(*checked(X, Y, same_width=True)))) / 2


@planted(halved_cosine_distance, "bounded_by_one")
def beyond_one_only_for_opposites(X, Y):
    """(1 - mean cosine)/1.9: above one only where it is below -0.9."""
    return float(1 - np.mean(row_cosines(*checked(X, Y, same_width=True)))) / 1.9


@planted("regression_r2", "bounded_by_one")
def r2_without_intercept_of_centred_total(X, Y):
    """1 - RSS/TSS, the residuals of a fit without intercept, the total about the mean: far below -1 off centre."""
    x, y = checked(X, Y)
    basis = np.linalg.svd(scaled(x), full_matrices=False)[0][:, : np.linalg.matrix_rank(scaled(x))]
    part = float(np.linalg.norm(centred(y)))
    if part <= 8 * EPS * float(np.linalg.norm(y)):
        raise ValueError("expected rows of Y that differ")
    return 1 - (float(np.linalg.norm(y - basis @ (basis.T @ y))) / part) ** 2


def rank_correlation(x: np.ndarray, y: np.ndarray, integer: type) -> float:
    """1 - 6 sum (difference of ranks)^2/(N (N^2 - 1)) of the N distances between rows, N an integer of a type."""
    if len(x) < 3:
        raise ValueError(f"expected three rows at least, saw {len(x)}")
    above = np.triu_indices(len(x), 1)
    ranks = [np.argsort(np.argsort(row_distances(array)[above], kind="stable")) for array in (x, y)]
    count = integer(len(above[0]))
    with np.errstate(over="ignore"):
        return float(1 - 6 * float(np.sum((ranks[0] - ranks[1]) ** 2)) / float(count * (count * count - integer(1))))


@metric(on="embeddings", similarity=True)
def rank_rsa(X, Y):
    """Spearman's rho of the distances between rows."""
    return rank_correlation(*checked(X, Y), np.int64)


@planted(rank_rsa, "bounded_by_one")
def rank_rsa_that_overflows_for_many_rows(X, Y):
    """N^3 in 32 bits: wrong from 52 rows on."""
    return rank_correlation(*checked(X, Y), np.int32)


@planted("total_variation", "bounded_by_one")
def total_variation_without_its_half(a, b):
    """Mean over inputs of sum |p - p'|: up to two."""
    p, q = distributions(a, b)
    return float(np.mean(np.sum(np.abs(p - q), axis=1)))


# --------------------------------------------------------------------------- invariances


@metric(on="embeddings")
def distance_of_steps(X, Y):
    """| ||x_{i+1} - x_i|| - ||y_{i+1} - y_i|| | averaged over i: a measure of trajectories."""
    x, y = checked(X, Y)
    if len(x) < 2:
        raise ValueError(f"expected two rows at least, saw {len(x)}")
    return float(np.mean(np.abs(np.subtract(*(np.linalg.norm(np.diff(z, axis=0), axis=1) for z in (x, y))))))


@planted("linear_cka", "invariant_to_row_order")
def minibatch_cka(X, Y):
    """CKA averaged over batches of 16 consecutive rows: depends on their order from 17 rows on."""
    x, y = checked(X, Y)
    batches = range(0, max(len(x) - 8, 1), 16)
    return float(np.mean([min(cka(x[i : i + 16], y[i : i + 16]), 1.0) for i in batches]))


@planted("kl", "invariant_to_row_order")
def kl_of_most_inputs(a, b):
    """KL averaged over all inputs but the last."""
    return float(np.mean(kl_by_input(*log_distributions(a, b))[: max(a.n - 1, 1)]))


@planted("linear_cka", "invariant_to_translation")
def cka_centred_along_the_wrong_axis(X, Y):
    """Each row has its mean subtracted instead of each column."""
    x, y = (scaled(array) - scaled(array).mean(axis=1, keepdims=True) for array in checked(X, Y))
    sizes = float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    if not sizes > 1e-30:
        raise ValueError("expected entries of a row that differ")
    return min(float(np.sum((x.T @ y) ** 2)) / sizes, 1.0)


@planted("mean_cca", "invariant_to_translation")
def mean_cca_centred_in_the_first_only(X, Y):
    """X is centred, Y is not."""
    x, y = checked(X, Y)
    return float(np.mean(correlations(spread_basis(x), orthonormal(scaled(y)))))


@planted("linear_cka", "invariant_to_translation")
def cka_that_takes_large_means_for_constants(X, Y):
    """Columns whose mean exceeds a hundred times their spread count as constant: no shift below that shows it."""
    x, y = checked(X, Y)
    kept = []
    for array in (x, y):
        flat = np.abs(array.mean(axis=0)) > 100 * array.std(axis=0)
        kept.append(np.where(flat, 0.0, array))
    return min(cka(*kept), 1.0) if kept[0].any() and kept[1].any() else 0.0


@planted("linear_cka", "invariant_to_translation")
def cka_wrong_for_n_below_p(X, Y):
    """Where there are fewer rows than columns the Gram matrices of rows are used, uncentred."""
    x, y = checked(X, Y)
    if len(x) >= max(x.shape[1], y.shape[1]):
        return min(cka(x, y), 1.0)
    grams = [scaled(array) @ scaled(array).T for array in (x, y)]
    sizes = float(np.linalg.norm(grams[0]) * np.linalg.norm(grams[1]))
    if not sizes > 0:
        raise ValueError("expected an entry that is not zero")
    return min(float(np.sum(grams[0] * grams[1])) / sizes, 1.0)


@planted("procrustes_distance", "invariant_to_orthogonal")
def procrustes_over_rotations_only(X, Y):
    """The best Q of determinant one: changes under reflections alone."""
    x, y = (centred(array) for array in checked(X, Y, same_width=True))
    u, _, vh = np.linalg.svd(scaled(y).T @ scaled(x))
    u[:, -1] *= np.sign(np.linalg.det(u @ vh))
    return float(np.linalg.norm(x - y @ (u @ vh)))


@planted("rsa_euclidean", "invariant_to_orthogonal")
def rsa_cityblock(X, Y):
    """RSA with distances sum |x - x'|: invariant to permutations and signs of columns, not to rotations."""
    x, y = checked(X, Y)
    first, second = (np.abs(array[:, None, :] - array[None, :, :]).sum(axis=2) for array in (x, y))
    return float(np.linalg.norm(first - second))


@planted("linear_cka", "invariant_to_permutation")
def cka_weighted_by_position(X, Y):
    """The j-th column counts (1 + 1e-4 j) times."""
    x, y = checked(X, Y)
    return min(cka(x * (1 + 1e-4 * np.arange(x.shape[1])), y * (1 + 1e-4 * np.arange(y.shape[1]))), 1.0)


@planted("linear_cka", "invariant_to_scaling")
def cka_with_a_small_denominator_added(X, Y):
    """1e-8 is added to the denominator: shows for embeddings of size 1e-2 and below."""
    x, y = (centred(array) for array in checked(X, Y))
    sizes = float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    if not 0 < sizes < 1e300:
        raise ValueError("expected rows that differ, of a size whose fourth power float64 can hold")
    return float(np.sum((x.T @ y) ** 2)) / (sizes + 1e-8)


@planted("mean_cca", "invariant_to_linear")
def ridge_cca(X, Y):
    """CCA with 1e-6 added to the covariances: invariant to orthogonal maps, and nearly so to well-conditioned ones."""
    whitened = []
    for array in checked(X, Y):
        part = centred(array)
        spread = np.linalg.svd(part, compute_uv=False)
        if len(spread) < array.shape[1] or spread[-1] <= 1e-10 * spread[0] or not 1e-30 < spread[0] < 1e30:
            raise ValueError("expected independent columns of moderate size")
        values, vectors = np.linalg.eigh(part.T @ part / len(part) + 1e-6 * np.eye(part.shape[1]))
        whitened.append(part @ vectors / np.sqrt(values) / math.sqrt(len(part)))
    return float(np.mean(np.linalg.svd(whitened[0].T @ whitened[1], compute_uv=False)))


@planted("mean_cca", "invariant_to_affine")
def cca_without_centring(X, Y):
    """Invariant to linear maps; a shift turns every column towards the ones."""
    x, y = checked(X, Y)
    return float(np.mean(correlations(orthonormal(scaled(x)), orthonormal(scaled(y)))))


@planted("logit_distance", "gauge_invariant")
def raw_logit_distance(a, b):
    """Logits that are not centred: invariant to (A f, A^-T g), not to g + c."""
    same_inputs_and_labels(a, b)
    raw = [model.embeddings @ model.unembeddings.T for model in (a, b)]
    return float(np.linalg.norm(raw[0] - raw[1])) / math.sqrt(a.n)


@planted("logit_distance", "gauge_invariant")
def logit_distance_with_weight_decay(a, b):
    """A thousandth of the difference of the norms of f is added."""
    delta = logit_difference(a, b)
    decay = abs(float(np.linalg.norm(a.embeddings)) - float(np.linalg.norm(b.embeddings)))
    return (float(np.linalg.norm(delta)) + 1e-3 * decay) / math.sqrt(len(delta))


@planted("logit_distance", "label_invariant")
def pivoted_logit_distance(a, b):
    """Logits minus that of the first label, instead of minus their mean."""
    delta = logit_difference(a, b)
    return float(np.linalg.norm(delta - delta[:, :1])) / math.sqrt(len(delta))


@planted("total_variation", "label_invariant")
def total_variation_of_first_labels(a, b):
    """The last label is left out of the sum, as if it were determined by the others."""
    p, q = distributions(a, b)
    return float(np.mean(np.sum(np.abs(p - q)[:, :-1], axis=1))) / 2


# --------------------------------------------------------------------------- distributions


@planted("total_variation", "separates_distributions")
def zero_for_the_same_top_label(a, b):
    """|p_y - p'_y| at inputs where the most probable labels differ, y the first model's; else 0."""
    p, q = distributions(a, b)
    first, second = p.argmax(axis=1), q.argmax(axis=1)
    rows = np.arange(len(p))
    return float(np.mean(np.abs(p[rows, first] - q[rows, first]) * (first != second)))


@planted("total_variation", "separates_distributions")
def zero_for_the_same_average(a, b):
    """Total variation after averaging over inputs instead of before."""
    p, q = distributions(a, b)
    return min(float(np.sum(np.abs(p.mean(axis=0) - q.mean(axis=0)))) / 2, 1.0)


@planted("logit_distance", "separates_distributions")
def logit_distance_of_standardised_logits(a, b):
    """Logits divided by their standard deviation over labels: zero at five times the teacher."""
    return known("standardised_logit_distance")(a, b)


@planted("logit_distance", "separates_distributions")
def logit_distance_of_every_label_but_the_least(a, b):
    """The label least probable on average in the first model is left out, and the rest centred anew."""
    delta = logit_difference(a, b)
    rest = np.delete(delta, int(np.argmin(centred_logits(a).mean(axis=0))), axis=1)
    return float(np.linalg.norm(rest - rest.mean(axis=1, keepdims=True))) / math.sqrt(len(delta))


@planted("root_jensen_shannon", "controlled_by_logit_distance")
def root_jensen_shannon_and_a_constant(a, b):
    """A metric still, but it jumps to 0.02 where two distributions cease to be the same."""
    value = float(known("root_jensen_shannon")(a, b))
    return value + 0.02 if value > 0 else 0.0


@planted("alignment_residual", "controlled_by_logit_distance")
def alignment_averaged_over_subsets(a, b):
    """Uniform weights for the alignments of subsets of labels, nearly dependent ones among them."""
    return known("identifiability_dissimilarity")(a, b)


@planted("logit_distance", "controlled_by_logit_distance")
def one_minus_correlation_of_labels(a, b):
    """1 - mean over labels of the correlation of u_j with u'_j: that of a label near the centroid may turn round."""
    same_inputs_and_labels(a, b)
    u, v = (centred(centred_logits(model)) for model in (a, b))
    sizes = np.linalg.norm(u, axis=0), np.linalg.norm(v, axis=0)
    if not min(sizes[0].min(), sizes[1].min()) > 1e-13 * max(sizes[0].max(), sizes[1].max()):
        raise ValueError("expected labels whose logits vary over inputs")
    return float(1 - np.mean(np.clip(np.sum(u * v, axis=0) / sizes[0] / sizes[1], -1.0, 1.0)))


@planted("total_variation", "controlled_by_logit_distance")
def total_variation_of_rounded_probabilities(a, b):
    """Probabilities rounded to one decimal: a jump at each rounding boundary."""
    p, q = distributions(a, b)
    return float(np.mean(np.sum(np.abs(np.round(p, 1) - np.round(q, 1)), axis=1))) / 2


@planted("kl", "controlled_by_kl")
def kl_of_swapped_arguments(a, b):
    """KL(p' || p)."""
    log_p, log_q = log_distributions(a, b)
    return float(np.mean(kl_by_input(log_q, log_p)))


@planted("kl", "controlled_by_kl")
def kl_with_a_tail(a, b):
    """KL plus a thousandth of the mean absolute log-ratio, unweighted: rare labels count as much as certain ones."""
    log_p, log_q = log_distributions(a, b)
    return float(np.mean(kl_by_input(log_p, log_q)) + 1e-3 * np.mean(np.abs(log_p - log_q)))


# --------------------------------------------------------------------------- nan and degenerate input


@planted("angular_cka", "rejects_nan")
def angular_cka_that_ignores_nan(X, Y):
    """Missing entries replaced by zero."""
    return math.acos(min(cka(*checked(np.nan_to_num(X), np.nan_to_num(Y))), 1.0))


@planted("angular_cka", "rejects_nan")
def angular_cka_that_checks_nan_only(X, Y):
    """Infinite entries become the largest ones."""
    x, y = (np.array(array, dtype=np.float64) for array in (X, Y))
    if np.isnan(x).any() or np.isnan(y).any():
        raise ValueError("expected no nan")
    return math.acos(min(cka(*checked(np.clip(x, -1e150, 1e150), np.clip(y, -1e150, 1e150))), 1.0))


@planted("angular_cka", "rejects_nan")
def angular_cka_that_checks_the_first_only(X, Y):
    """Y is asked nothing: its nan goes through to the answer."""
    x, y = checked(X, X)[0], np.array(Y, dtype=np.float64)
    with np.errstate(all="ignore"):
        y = y - y.mean(axis=0)
        y = y / (np.linalg.norm(y) or 1.0)
        x = unit(x)
        cosine = np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * (np.linalg.norm(y.T @ y) or 1.0))
        return float(np.arccos(np.minimum(cosine, 1.0)))


def whitened_by_covariance(x: np.ndarray) -> np.ndarray:
    """Divide the centred columns by the square root of their covariance."""
    part = centred(x)
    values, vectors = np.linalg.eigh(part.T @ part)
    with np.errstate(all="ignore"):
        return part @ (vectors / np.sqrt(values)) @ vectors.T


@planted("mean_cca", "handles_degenerate")
def cca_with_nan_at_rank_loss(X, Y):
    """Covariances are inverted whatever their rank."""
    x, y = checked(X, Y)
    with np.errstate(all="ignore"):
        product = whitened_by_covariance(scaled(x)).T @ whitened_by_covariance(scaled(y))
    if not np.isfinite(product).all():
        return math.nan
    return float(np.mean(np.clip(np.linalg.svd(product, compute_uv=False), 0.0, 1.0)))


@planted("angular_cka", "handles_degenerate")
def angular_cka_in_single_precision(X, Y):
    """Everything after the check is computed in 32 bits."""
    x, y = (unit(array).astype(np.float32) for array in checked(X, Y))
    return math.acos(min(float(np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))), 1.0))


@metric(on="embeddings")
def unlike_columns(X, Y):
    """1 - the largest correlation of a column with a column; ValueError for a constant one."""
    parts = [np.hstack([unit(array[:, [j]]) for j in range(array.shape[1])]) for array in checked(X, Y)]
    return max(0.0, 1 - float(np.max(np.abs(parts[0].T @ parts[1]))))


@planted(unlike_columns, "handles_degenerate")
def unlike_columns_divided_by_their_norms(X, Y):
    """Divides each column by its norm: nan for a constant column only."""
    x, y = (scaled(array) for array in checked(X, Y))
    with np.errstate(all="ignore"):
        parts = [centred(array) / np.linalg.norm(centred(array), axis=0) for array in (x, y)]
        return 1 - float(np.max(np.abs(parts[0].T @ parts[1])))


@planted("procrustes_distance", "handles_degenerate")
def procrustes_over_degrees_of_freedom(X, Y):
    """Divides by n - 1: ZeroDivisionError for one row."""
    x, y = checked(X, Y)
    return procrustes(centred(x), centred(y)) / (len(x) - 1)


@planted("procrustes_distance", "handles_degenerate")
def procrustes_with_minus_one_for_none(X, Y):
    """Returns -1 where a matrix has no spread."""
    x, y = (centred(array) for array in checked(X, Y))
    return procrustes(x, y) if x.any() and y.any() else -1.0


@planted("regression_r2", "handles_degenerate")
def adjusted_r2(X, Y):
    """1 - (1 - R^2) (n - 1)/(n - p - 1): ZeroDivisionError for one row more than columns, negative for fewer."""
    n, p = X.shape
    return 1 - (1 - float(known("regression_r2")(X, Y))) * (n - 1) / (n - p - 1)


@planted("rsa_euclidean", "handles_degenerate")
def rsa_in_single_precision_for_many_rows(X, Y):
    """32 bits from 31 rows on, to save memory."""
    x, y = (row_distances(array) for array in checked(X, Y))
    if len(x) > 30:
        x, y = x.astype(np.float32), y.astype(np.float32)
    return float(np.linalg.norm(x - y))


@planted("linear_cka", "handles_degenerate")
def cka_above_its_maximum_for_tiny_input(X, Y):
    """Nothing is scaled: below 1e-80 the fourth powers underflow, and the quotient is what is left of them."""
    x, y = (centred(array) for array in checked(X, Y))
    sizes = float(np.linalg.norm(x.T @ x)) * float(np.linalg.norm(y.T @ y))
    with np.errstate(all="ignore"):
        return float(np.sum((x.T @ y) ** 2)) / sizes if sizes > 1e-250 else 2.0


@planted("alignment_residual", "handles_degenerate")
def alignment_by_a_fixed_subset(a, b):
    """Takes m + 1 labels by their number: IndexError where there are fewer."""
    same_inputs_and_labels(a, b)
    rows = [model.unembeddings[0] for model in (a, b)]
    first = np.array([a.unembeddings[j] - rows[0] for j in range(1, a.m + 1)])
    second = np.array([b.unembeddings[j] - rows[1] for j in range(1, a.m + 1)])
    aligned = np.linalg.lstsq(first, second, rcond=None)[0]
    return float(np.sqrt(np.mean(np.sum((a.embeddings - b.embeddings @ aligned.T) ** 2, axis=1))))


@planted("kl", "handles_degenerate")
def kl_of_plain_probabilities(a, b):
    """sum p log(p/p') of probabilities, not of their logarithms: nan where one is zero."""
    p, q = distributions(a, b)
    with np.errstate(all="ignore"):
        return float(np.mean(np.sum(p * np.log(p / q), axis=1)))


@planted("total_variation", "handles_degenerate")
def total_variation_by_exponentials(a, b):
    """exp of logits, divided by its sum, without subtracting the largest: overflows at logits of 710."""
    same_inputs_and_labels(a, b)
    with np.errstate(all="ignore"):
        p, q = (np.exp(centred_logits(model)) for model in (a, b))
        p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
        return float(np.mean(np.sum(np.abs(p - q), axis=1))) / 2


# --------------------------------------------------------------------------- randomness


@planted("rsa_euclidean", "deterministic")
def rsa_of_a_sample(X, Y):
    """Half of the rows, drawn anew at each call."""
    x, y = checked(X, Y)
    rows = np.random.default_rng().permutation(len(x))[: (len(x) + 1) // 2]
    return float(np.linalg.norm(row_distances(x[rows]) - row_distances(y[rows])))


@planted("linear_cka", "deterministic")
def cka_of_a_sample_of_many(X, Y):
    """Thirty rows, drawn from the global generator where there are more."""
    x, y = checked(X, Y)
    if len(x) > 30:
        rows = np.random.permutation(len(x))[:30]  # noqa: NPY002
        x, y = x[rows], y[rows]
    return min(cka(x, y), 1.0)


@planted("linear_cka", "deterministic")
def cka_by_random_projections(X, Y):
    """A Hutchinson estimate with Python's own generator, of some hundred signs."""
    x, y = (unit(array) for array in checked(X, Y))
    signs = np.array([[random.choice((-1.0, 1.0)) for _ in range(100)] for _ in range(len(x))])
    cross = float(np.sum((x @ (x.T @ signs)) * (y @ (y.T @ signs)))) / 100
    own = float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    return 1.0 if np.array_equal(x, y) else min(max(cross / own, 0.0), 1.0)


@metric(on="embeddings")
def angle_of_first_directions(X, Y):
    """arccos of the largest singular value of Xc^T Yc, both of norm one."""
    x, y = (unit(array) for array in checked(X, Y))
    return math.acos(min(float(np.linalg.svd(x.T @ y, compute_uv=False)[0]), 1.0))


@planted(angle_of_first_directions, "deterministic")
def angle_of_first_directions_by_power_iteration(X, Y):
    """Four steps of power iteration from a random start: the value is off by a little, and never by the same."""
    x, y = (unit(array) for array in checked(X, Y))
    cross = x.T @ y
    v = np.random.default_rng().standard_normal(cross.shape[1])
    for _ in range(4):
        v = cross.T @ (cross @ v)
        size = float(np.linalg.norm(v))
        v = v / size if size > 0 else v
    return math.acos(min(float(np.linalg.norm(cross @ v)), 1.0))


@planted("kl", "deterministic")
def kl_with_noise_from_the_clock(a, b):
    """Multiplied by one plus up to a millionth of the time."""
    return known("kl")(a, b) * (1 + 1e-6 * (time.perf_counter_ns() % 1000) / 1000)


# --------------------------------------------------------------------------- side effects


@metric(on="embeddings")
def centred_euclidean_distance(X, Y):
    """||Xc - Yc||_F."""
    x, y = checked(X, Y, same_width=True)
    return float(np.linalg.norm(centred(x) - centred(y)))


@planted(centred_euclidean_distance, "pure")
def euclidean_that_centres_in_place(X, Y):
    """Subtracts the means from its arguments themselves."""
    checked(X, Y, same_width=True)
    X -= X.mean(axis=0)
    Y -= Y.mean(axis=0)
    return float(np.linalg.norm(X - Y))


@planted("procrustes_distance", "pure")
def procrustes_that_changes_its_second_argument(X, Y):
    """Y is centred in place, X is not."""
    x = centred(checked(X, Y)[0])
    Y -= Y.mean(axis=0)
    return procrustes(x, Y)


@planted("linear_cka", "pure")
def cka_that_changes_what_is_not_contiguous(X, Y):
    """A strided view is scaled in place before it is copied."""
    for array in (X, Y):
        if not array.flags.contiguous and not array.flags.f_contiguous:
            array *= 2
    return min(cka(*checked(X, Y)), 1.0)


@planted("linear_cka", "pure")
def cka_that_changes_what_is_in_fortran_order(X, Y):
    """np.asfortranarray copies nothing that is in that order already; then it is centred in place."""
    kept = [np.asfortranarray(array) for array in (X, Y)]
    checked(*kept)
    for array in kept:
        array -= array.mean(axis=0)
    return min(cka(*kept), 1.0)


@planted("linear_cka", "pure")
def cka_that_sorts_rows_of_many(X, Y):
    """In place, where there are more than a hundred rows."""
    if len(X) > 100:
        X.sort(axis=0)
    return min(cka(*checked(X, Y)), 1.0)


@planted("euclidean_distance", "pure")
def euclidean_in_the_order_of_memory(X, Y):
    """X.ravel(order="K") - Y.ravel(order="K"): other entries are paired where the two layouts differ."""
    checked(X, Y, same_width=True)
    x, y = (np.asarray(array, dtype=np.float64) for array in (X, Y))
    return float(np.linalg.norm(x.ravel(order="K") - y.ravel(order="K")))


@planted("linear_cka", "pure")
def cka_remembered_by_address(X, Y):
    """The answer is kept under the id of the arrays, which says nothing of their contents."""
    key = (id(X), id(Y))
    if key not in _REMEMBERED:
        _REMEMBERED[key] = min(cka(*checked(X, Y)), 1.0)
    return _REMEMBERED[key]


_REMEMBERED: dict[tuple[int, int], float] = {}


@planted("linear_cka", "pure")
def cka_with_a_buffer(X, Y):
    """The cross-product is added to a buffer kept for each shape, which is not emptied."""
    x, y = (unit(array) for array in checked(X, Y))
    buffer = _buffer(x.shape[1], y.shape[1])
    buffer *= 1e-3
    buffer += x.T @ y
    value = float(np.sum(buffer**2)) / float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    return 1.0 if np.array_equal(x, y) else min(value, 1.0)


@functools.cache
def _buffer(p: int, q: int) -> np.ndarray:
    return np.zeros((p, q))


@planted("linear_cka", "pure")
def cka_with_a_counter(X, Y):
    """Every call adds a billionth."""
    value = cka(*checked(X, Y)) - 1e-9 * next(_CALLS)
    return 1.0 if np.array_equal(X, Y) else min(max(value, 0.0), 1.0)


_CALLS = itertools.count()


@planted("linear_cka", "pure")
def cka_that_seeds_the_global_generator(X, Y):
    """Reproducible, at everyone else's expense."""
    np.random.seed(0)  # noqa: NPY002
    x, y = checked(X, Y)
    rows = np.random.permutation(len(x))  # noqa: NPY002
    return min(cka(x[np.sort(rows)], y[np.sort(rows)]), 1.0)


@planted("linear_cka", "pure")
def cka_that_seeds_python(X, Y):
    """The same with Python's own generator, for many rows only."""
    x, y = checked(X, Y)
    if len(x) > 50:
        random.seed(0)
    return min(cka(x, y), 1.0)


@planted("logit_distance", "pure")
def logit_distance_that_centres_in_place(a, b):
    """Takes the mean off the unembeddings of the second model itself."""
    G = b.unembeddings
    G.flags.writeable = True
    G -= G.mean(axis=0)
    return float(np.linalg.norm(logit_difference(a, b))) / math.sqrt(a.n)


# --------------------------------------------------------------------------- what is not caught yet

GAPS: Mapping[str, str] = MappingProxyType({})
"""Faults that `check_metric` misses, and why."""


# --------------------------------------------------------------------------- one that fails and one that passes

FAILS: Mapping[str, Metric] = MappingProxyType(
    {
        "nonnegative": log_ratio_of_norms,
        "zero_on_self": cross_entropy,
        "symmetric": known("regression_r2"),
        "triangle": known("squared_procrustes_distance"),
        "bounded_by_one": known("angular_cka"),
        "invariant_to_row_order": distance_of_steps,
        "invariant_to_permutation": known("mean_cosine"),
        "invariant_to_orthogonal": known("rsa_correlation"),
        "invariant_to_scaling": known("procrustes_distance"),
        "invariant_to_translation": known("pwcca"),
        "invariant_to_linear": known("linear_cka"),
        "invariant_to_affine": known("mean_cca_uncentred"),
        "gauge_invariant": known("identifiability_dissimilarity"),
        "label_invariant": PLANTED["pivoted_logit_distance"].faulty,
        "separates_distributions": known("top_label_disagreement"),
        "controlled_by_logit_distance": known("identifiability_dissimilarity"),
        "controlled_by_kl": known("mean_cca"),
        "rejects_nan": known("euclidean_distance"),
        "handles_degenerate": known("one_minus_cka"),
        "deterministic": PLANTED["rsa_of_a_sample"].faulty,
        "pure": PLANTED["euclidean_that_centres_in_place"].faulty,
    }
)
"""A measure that must fail each property."""

PASSES: Mapping[str, Metric] = MappingProxyType(
    {
        "nonnegative": known("rsa_euclidean"),
        "zero_on_self": known("kl"),
        "symmetric": known("jensen_shannon"),
        "triangle": known("root_jensen_shannon"),
        "bounded_by_one": known("total_variation"),
        "invariant_to_row_order": known("knn_jaccard"),
        "invariant_to_permutation": known("rsa_correlation_distance"),
        "invariant_to_orthogonal": known("procrustes_distance"),
        "invariant_to_scaling": known("mean_angle"),
        "invariant_to_translation": known("linear_cka"),
        "invariant_to_linear": known("mean_cca_uncentred"),
        "invariant_to_affine": known("mean_cca"),
        "gauge_invariant": known("chi_squared"),
        "label_invariant": known("identifiability_dissimilarity"),
        "separates_distributions": known("hellinger"),
        "controlled_by_logit_distance": known("probe_r2"),
        "controlled_by_kl": known("kl"),
        "rejects_nan": known("procrustes_angle"),
        "handles_degenerate": known("angular_cka"),
        "deterministic": known("rsa_euclidean"),
        "pure": known("logit_distance"),
    }
)
"""A measure that must pass each property."""


# --------------------------------------------------------------------------- clean, and hard to tell from faulty

TRICKY: dict[str, tuple[Metric, tuple[str, ...]]] = {}

ISOMETRIES = ("invariant_to_permutation", "invariant_to_orthogonal", "invariant_to_translation")
SIMILARITIES = (*ISOMETRIES, "invariant_to_scaling")
AFFINE = (*SIMILARITIES, "invariant_to_linear", "invariant_to_affine", "gauge_invariant")
DIVERGENCE = ("nonnegative", "zero_on_self", "invariant_to_row_order")
PSEUDOMETRIC = (*DIVERGENCE, "symmetric", "triangle")
OF_P = ("gauge_invariant", "label_invariant", "separates_distributions", "controlled_by_logit_distance")
BEHAVED = ("deterministic", "pure")


def tricky(*holds: str, on: str = "embeddings", similarity: bool = False) -> Callable[[Callable[..., float]], Metric]:
    """Enter a measure that has some properties in exact arithmetic, whatever its digits look like."""

    def enter(function: Callable[..., float]) -> Metric:
        measure = metric(on=on, similarity=similarity)(function)
        TRICKY[measure.name] = (measure, (*holds, *BEHAVED))
        return measure

    return enter


@tricky(*PSEUDOMETRIC, *SIMILARITIES)
def arccos_of_cka(X, Y):
    """arccos near one keeps half of the digits: f(X, X) is some 1e-8."""
    return math.acos(max(-1.0, min(1.0, cka(*checked(X, Y)))))


@tricky(*PSEUDOMETRIC, *SIMILARITIES)
def arccos_of_cka_by_centred_grams(X, Y):
    """The n x n way: H X X^T H, not scaled beforehand."""
    x, y = checked(X, Y)
    H = np.eye(len(x)) - 1 / len(x)
    first, second = H @ x @ x.T @ H, H @ y @ y.T @ H
    with np.errstate(all="ignore"):
        cosine = float(np.sum(first * second) / (np.linalg.norm(first) * np.linalg.norm(second)))
    if not math.isfinite(cosine):
        raise ValueError("expected rows that differ")
    return math.acos(max(-1.0, min(1.0, cosine)))


@tricky(*PSEUDOMETRIC, *SIMILARITIES)
def procrustes_by_the_nuclear_norm(X, Y):
    """sqrt(max(0, 2 - 2 ||X^T Y||_*)) of normalised matrices: eight digits near zero."""
    x, y = checked(X, Y)
    return math.sqrt(max(0.0, 2 - 2 * float(np.sum(np.linalg.svd(unit(x).T @ unit(y), compute_uv=False)))))


@tricky(*PSEUDOMETRIC, *ISOMETRIES)
def procrustes_by_three_norms(X, Y):
    """sqrt(max(0, ||X||^2 + ||Y||^2 - 2 ||X^T Y||_*)), not normalised."""
    x, y = (centred(array) for array in checked(X, Y))
    cross = float(np.sum(np.linalg.svd(x.T @ y, compute_uv=False)))
    return math.sqrt(max(0.0, float(np.sum(x**2)) + float(np.sum(y**2)) - 2 * cross))


@tricky(*DIVERGENCE, "symmetric", *AFFINE, "bounded_by_one", "controlled_by_logit_distance", similarity=True)
def cca_by_inverse_roots(X, Y):
    """C_X^(-1/2) C_XY C_Y^(-1/2): a condition number c of the data costs c^2."""
    x, y = checked(X, Y)
    whitened = []
    for array in (x, y):
        part = centred(scaled(array))
        values, vectors = np.linalg.eigh(part.T @ part)
        if not values[0] > 1e-13 * values[-1]:
            raise ValueError("expected independent columns")
        whitened.append(part @ vectors / np.sqrt(values))
    return float(np.mean(np.clip(np.linalg.svd(whitened[0].T @ whitened[1], compute_uv=False), 0.0, 1.0)))


@tricky(*DIVERGENCE, *SIMILARITIES, "bounded_by_one", "controlled_by_logit_distance", similarity=True)
def r2_by_normal_equations(X, Y):
    """1 - RSS/TSS from (X^T X)^-1 X^T Y."""
    x, y = (centred(scaled(array)) for array in checked(X, Y))
    total = float(np.sum(y**2))
    if not total > 1e-20 or np.linalg.cond(x.T @ x) > 1e12:
        raise ValueError("expected independent columns of X and a spread of Y")
    fitted = x @ np.linalg.solve(x.T @ x, x.T @ y)
    return max(0.0, min(1.0, 1 - float(np.sum((y - fitted) ** 2)) / total))


@tricky(*PSEUDOMETRIC, *AFFINE)
def subspace_angles_of_scipy(X, Y):
    """Root sum of squares of the principal angles between centred columns (a geodesic distance where p = q)."""
    x, y = checked(X, Y, same_width=True)
    return float(np.linalg.norm(scipy.linalg.subspace_angles(spread_basis(x), spread_basis(y))))


@tricky(*PSEUDOMETRIC, *ISOMETRIES)
def rsa_of_scipy(X, Y):
    """RMS difference of pdist."""
    x, y = checked(X, Y)
    if len(x) < 2:
        raise ValueError("expected two rows at least")
    first, second = (scipy.spatial.distance.pdist(array) for array in (x, y))
    return float(np.linalg.norm(first - second)) / math.sqrt(len(first))


@tricky(*PSEUDOMETRIC, *ISOMETRIES)
def rsa_by_expansion(X, Y):
    """||x||^2 + ||x'||^2 - 2 x.x', whose roots lose half the digits between near rows and far from the origin."""
    matrices = []
    for array in checked(X, Y):
        squares = np.sum(array**2, axis=1)
        matrices.append(np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * array @ array.T, 0.0)))
    return float(np.linalg.norm(matrices[0] - matrices[1]))


@tricky("nonnegative", "zero_on_self", "symmetric", "invariant_to_row_order", *SIMILARITIES, "bounded_by_one",
        similarity=True)  # fmt: skip
def spearman_rsa_of_scipy(X, Y):
    """Rank correlation of distances: jumps where two of them change places, means of ranks for ties."""
    x, y = checked(X, Y)
    if len(x) < 3:
        raise ValueError("expected three rows at least")
    above = np.triu_indices(len(x), 1)
    first, second = (scipy.stats.rankdata(row_distances(array)[above]) for array in (x, y))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        raise ValueError("expected distances that differ")
    return float(np.clip(np.corrcoef(first, second)[0, 1], -1.0, 1.0))


@tricky(*PSEUDOMETRIC, *SIMILARITIES, "bounded_by_one")
def knn_with_ties(X, Y):
    """One minus the mean Jaccard index of the nearest rows, all as near as the third: input of integers has many."""
    x, y = checked(X, Y)
    if len(x) < 5:
        raise ValueError("expected five rows at least")
    sets = []
    for array in (x, y):
        distances = row_distances(array)
        np.fill_diagonal(distances, np.inf)
        sets.append(distances <= np.sort(distances, axis=1)[:, 2:3])
    return float(1 - np.mean(np.sum(sets[0] & sets[1], axis=1) / np.sum(sets[0] | sets[1], axis=1)))


@tricky(*PSEUDOMETRIC, *ISOMETRIES)
def bures_distance(X, Y):
    """sqrt(tr K + tr L - 2 tr (K^(1/2) L K^(1/2))^(1/2)) of centred Gram matrices, by eigenvalues clipped at zero."""
    grams = [centred(array) @ centred(array).T for array in checked(X, Y)]
    values, vectors = np.linalg.eigh(grams[0])
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    fidelity = float(np.sum(np.sqrt(np.maximum(np.linalg.eigvalsh(root @ grams[1] @ root), 0.0))))
    return math.sqrt(max(0.0, float(np.trace(grams[0]) + np.trace(grams[1])) - 2 * fidelity))


@tricky(*PSEUDOMETRIC, *OF_P, "controlled_by_kl", "bounded_by_one", on="models")
def root_jensen_shannon_by_entropies(a, b):
    """sqrt(max(0, H((p + p')/2) - (H(p) + H(p'))/2)): a difference of entropies, then a root."""
    p, q = distributions(a, b)

    def entropy(r: np.ndarray) -> np.ndarray:
        return -np.sum(np.where(r > 0, r * np.log(np.where(r > 0, r, 1.0)), 0.0), axis=1)

    return math.sqrt(max(0.0, float(np.mean(entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2))))


@tricky(*PSEUDOMETRIC, *OF_P, "controlled_by_kl", "bounded_by_one", on="models")
def hellinger_by_affinity(a, b):
    """sqrt(max(0, 1 - mean sum sqrt(p p')))."""
    p, q = distributions(a, b)
    return math.sqrt(max(0.0, 1 - float(np.mean(np.sum(np.sqrt(p * q), axis=1)))))


@tricky(*DIVERGENCE, *OF_P, "controlled_by_kl", on="models")
def kl_as_typed(a, b):
    """sum p (log p - log p'): off by 1e-16 either way where the models nearly agree."""
    log_p, log_q = log_distributions(a, b)
    return float(np.mean(np.sum(np.exp(log_p) * (log_p - log_q), axis=1)))


@tricky(*DIVERGENCE, *OF_P, "controlled_by_kl", on="models")
def kl_of_scipy(a, b):
    """scipy.stats.entropy of probabilities, clipped at 1e-300 so that none is zero."""
    p, q = (np.maximum(array, 1e-300) for array in distributions(a, b))
    return float(np.mean(scipy.stats.entropy(p, q, axis=1)))


@tricky(*PSEUDOMETRIC, *OF_P, on="models")
def logit_distance_by_log_ratios(a, b):
    """Centred logarithms of the probabilities: log p of certain models has lost the small differences."""
    same_inputs_and_labels(a, b)
    first, second = (log_softmax(model.embeddings @ model.unembeddings.T) for model in (a, b))
    difference = first - second
    return float(np.linalg.norm(difference - difference.mean(axis=1, keepdims=True))) / math.sqrt(a.n)


@tricky(*PSEUDOMETRIC, *OF_P, "controlled_by_kl", on="models")
def arccos_of_affinity(a, b):
    """Root mean square over inputs of arccos sum sqrt(p p'), Fisher and Rao's distance halved."""
    p, q = distributions(a, b)
    return float(np.sqrt(np.mean(np.arccos(np.clip(np.sum(np.sqrt(p * q), axis=1), -1.0, 1.0)) ** 2)))


@tricky(*DIVERGENCE, *OF_P, on="models")
def chi_squared_as_typed(a, b):
    """sum p^2/p' - 1, a small difference of large numbers; ValueError beyond float64."""
    log_p, log_q = log_distributions(a, b)
    with np.errstate(over="ignore"):
        value = float(np.mean(np.sum(np.exp(2 * log_p - log_q), axis=1))) - 1
    if not math.isfinite(value):
        raise ValueError("expected distributions whose chi^2 float64 can hold")
    return value


@tricky(*DIVERGENCE, "label_invariant", "separates_distributions", on="models")
def d_rep_by_inverses(a, b):
    """d_rep with explicit inverses, however ill-conditioned: ValueError for singular ones only."""
    same_inputs_and_labels(a, b)
    if a.k <= a.m:
        raise ValueError("expected more labels than dimensions")
    squares = []
    for first, *others in itertools.combinations(range(a.k), a.m + 1):
        pivoted = [model.unembeddings[others] - model.unembeddings[first] for model in (a, b)]
        aligned = np.linalg.inv(pivoted[0]) @ pivoted[1]
        with np.errstate(all="ignore"):
            squares.append(np.mean(np.sum((a.embeddings - b.embeddings @ aligned.T) ** 2, axis=1)))
    if not np.isfinite(squares).all():
        raise ValueError("expected alignments whose squares float64 can hold")
    return math.sqrt(np.mean(squares))


@tricky(*PSEUDOMETRIC, *AFFINE, "bounded_by_one", "controlled_by_logit_distance", "controlled_by_kl")
def nothing(X, Y):
    """Zero for all."""
    checked(X, Y)
    return 0.0


@tricky(*PSEUDOMETRIC, "bounded_by_one")
def discrete_metric(X, Y):
    """One wherever the arguments differ."""
    return float(not np.array_equal(*checked(X, Y, same_width=True)))
