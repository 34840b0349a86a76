"""A plain stand-in for the package `theory`: NumPy only, one model pair at a time, every measure by its definition.

A violation is evaluated a second time by formulas that share no code with those that found it: in many digits, when it
is confirmed (`theory.arithmetic.multiprecision`), and in float64 by the `repro.py` of a finding, which carries the text
of this module and of `plain_models` and serves this one under the name ``theory``; so these two import NumPy and each
other alone. Nothing here is batched, differentiable or careful beyond the obvious; the docstrings of `theory` say what
each function is.

This is also the independent definition, the oracle, of every measure of `theory.measures.registry`: it gets in under
the name and signature of its function, and by that name in `__all__`. One that is lacking is never computed by other
means. A claim that calls it is refused in many digits, so that float64 and perturbed copies have to decide; and the
`repro.py` of such a claim says that its file could not be loaded, and exits 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic.plain_models import (
    EPS,
    Budget,
    Claim,
    DegenerateInput,
    Domain,
    InvalidInput,
    Metric,
    Model,
    NotApplicable,
    Pair,
    RankDeficient,
    Refuted,
    SingularSubset,
    assert_survives,
    centred_rows,
    claim,
    falsify,
    finite_matrix,
    label_subsets,
    metric,
)

_DUST = 4 * EPS  # what centring leaves of an entry that a column shares with all others: its mean is rounded
_CONSTANT = 8 * EPS  # relative spread that the rounding of a few operations gives to what does not vary
_SERIES = 1e-2  # |t| below which five terms of e^t - 1 - t, off by 4e-14 of it, beat a difference that cancels
_HOTTEST = 1e100  # a KL divergence at a higher temperature would underflow
_HALVINGS = 50  # of an interval of shares, down to the precision of float64
_TAIL = 0.01  # the share of subsets, those of the largest errors, that a profile calls its tail

# --------------------------------------------------------------------------- measures of one model


def log_min_probability(model: Model) -> float:
    """Log of the smallest probability of any label on any input."""
    return float(model.log_min_probability)


def diversity(model: Model) -> float:
    """s_m(Gc) / s_1(Gc)."""
    return float(model.diversity)


# --------------------------------------------------------------------------- distances between distributions


def _log_probabilities(a: Model, b: Model) -> tuple[Any, Any, Any]:
    """Return log p, log p' and t = log p' - log p."""
    Pair(a, b)
    return a.log_probabilities, b.log_probabilities, b.log_probabilities - a.log_probabilities


def _kl_rows(log_p: Any, t: Any) -> Any:
    """Sum p (e^t - 1 - t), which is KL because both distributions sum to one, and has no negative term."""
    p, near = np.exp(log_p), np.clip(t, -1.0, 1.0)
    series = near * near / 2 * (1 + near / 3 * (1 + near / 4 * (1 + near / 5 * (1 + near / 6))))
    excess = np.where(np.abs(near) < _SERIES, series, np.expm1(near) - near)
    return np.where(np.abs(t) < 1.0, p * excess, np.exp(log_p + t) - p - p * t).sum(axis=1)


def squared_logit_distance(a: Model, b: Model) -> float:
    """E||u - u'||^2."""
    return float((Pair(a, b).logit_difference ** 2).sum(axis=1).mean())


def logit_distance(a: Model, b: Model, ord: float = 2) -> float:
    """(E sum_y |Delta_y|^p)^(1/p), the largest |Delta_y| for p = inf."""
    if not ord >= 1:
        raise InvalidInput(f"ord: expected a number p >= 1 or math.inf, saw {ord!r}")
    difference = np.abs(Pair(a, b).logit_difference)
    largest = float(difference.max())
    if ord == math.inf or largest == 0:
        return largest
    return float(largest * ((difference / largest) ** ord).sum(axis=1).mean() ** (1 / ord))


def kl_divergence(a: Model, b: Model) -> float:
    """E sum_y p log(p / p')."""
    log_p, _, t = _log_probabilities(a, b)
    return float(_kl_rows(log_p, t).mean())


def symmetrised_kl(a: Model, b: Model) -> float:
    """KL(a || b) + KL(b || a)."""
    return kl_divergence(a, b) + kl_divergence(b, a)


def squared_hellinger(a: Model, b: Model) -> float:
    """E (1/2) sum_y (sqrt p - sqrt p')^2."""
    log_p, log_q, t = _log_probabilities(a, b)
    far = np.exp(log_p / 2) - np.exp(log_q / 2)
    near = np.exp(log_p / 2) * np.expm1(np.clip(t, -1.0, 1.0) / 2)
    return float((np.where(np.abs(t) < 1.0, near, far) ** 2).sum(axis=1).mean() / 2)


def hellinger(a: Model, b: Model) -> float:
    """Root of the mean squared Hellinger distance."""
    return math.sqrt(squared_hellinger(a, b))


def total_variation(a: Model, b: Model) -> float:
    """E (1/2) sum_y |p - p'|."""
    log_p, log_q, t = _log_probabilities(a, b)
    near = np.exp(log_p) * np.expm1(np.clip(t, -1.0, 1.0))
    return float(np.abs(np.where(np.abs(t) < 1.0, near, np.exp(log_q) - np.exp(log_p))).sum(axis=1).mean() / 2)


def jensen_shannon(a: Model, b: Model) -> float:
    """E (KL(p || q) + KL(p' || q)) / 2, q = (p + p') / 2."""
    log_p, log_q, t = _log_probabilities(a, b)
    rows = 0.0
    for log_r, s in ((log_p, t), (log_q, -t)):
        near = np.log1p(np.expm1(np.clip(s, -1.0, 1.0)) / 2)
        rows = rows + _kl_rows(log_r, np.where(np.abs(s) < 1.0, near, np.logaddexp(0.0, s) - math.log(2.0)))
    return float(np.mean(rows) / 2)


def chi_squared(a: Model, b: Model) -> float:
    """E sum_y (p - p')^2 / p'."""
    log_p, log_q, t = _log_probabilities(a, b)
    near = np.exp(log_q / 2) * np.expm1(np.clip(-t, -1.0, 1.0))
    with np.errstate(over="ignore"):
        far = np.exp(log_p - log_q / 2) - np.exp(log_q / 2)
        return float((np.where(np.abs(t) < 1.0, near, far) ** 2).sum(axis=1).mean())


def renyi(a: Model, b: Model, alpha: float) -> float:
    """E log(sum_y p^alpha p'^(1 - alpha)) / (alpha - 1)."""
    if not alpha > 0:
        raise InvalidInput(f"alpha: expected a positive number or math.inf, saw {alpha!r}")
    if alpha == 1:
        return kl_divergence(a, b)
    log_p, _, t = _log_probabilities(a, b)
    if alpha == math.inf:
        return float((-t).max(axis=1).mean())
    s = (1 - alpha) * t
    top = (log_p + s).max(axis=1, keepdims=True)
    plain = top[:, 0] + np.log(np.exp(log_p + s - top).sum(axis=1))
    careful = np.log1p((np.exp(log_p) * np.expm1(np.clip(s, -1.0, 1.0))).sum(axis=1))
    return float(np.where(np.abs(s).max(axis=1) < 1.0, careful, plain).mean() / (alpha - 1))


def temperature_kl(a: Model, b: Model, temperature: float) -> float:
    """T^2 KL of both models with their logits divided by T."""
    if not 0 < temperature < _HOTTEST:
        raise InvalidInput(f"temperature: expected a positive finite number, saw {temperature!r}")
    cooled = [Model(model.embeddings / temperature, model.unembeddings) for model in (a, b)]
    return float(temperature**2 * kl_divergence(*cooled))


def top_label_agreement(a: Model, b: Model) -> float:
    """Share of inputs on which both models prefer the same label."""
    Pair(a, b)
    return float(np.mean(np.argmax(a.centred_logits, axis=1) == np.argmax(b.centred_logits, axis=1)))


# --------------------------------------------------------------------------- what closeness in KL certifies


def flipped(a: Model, b: Model) -> float:
    """Share of inputs on which the models prefer different labels."""
    return 1.0 - top_label_agreement(a, b)


def acceptance_rate(a: Model, b: Model) -> float:
    """E sum_y min(p, p')."""
    Pair(a, b)
    return float(np.minimum(a.probabilities, b.probabilities).sum(axis=1).mean())


def rms_probability_change(a: Model, b: Model) -> float:
    """Root of E (p - p')^2 at the first model's top label."""
    Pair(a, b)
    change = np.where(a.top_label, a.probabilities - b.probabilities, 0.0).sum(axis=1)
    return float(np.sqrt((change**2).mean()))


def flip_threshold(model: Model, divergence: str = "kl") -> Any:
    """Least divergence of a distribution whose top label is another one, from the two largest probabilities."""
    ordered = np.sort(model.log_probabilities, axis=1)
    first, second = ordered[:, -1], ordered[:, -2]
    p, q = np.exp(first), np.exp(second)
    others, root = np.exp(ordered[:, :-2]).sum(axis=1), np.exp((first + second) / 2)
    if divergence == "kl":
        mean = np.logaddexp(first, second) - math.log(2.0)
        return p * (first - mean) + q * (second - mean)
    if divergence == "reversed_kl":
        return -np.log(others + 2 * root)  # 1 - (sqrt p_1 - sqrt p_2)^2
    if divergence == "squared_hellinger":
        return 1 - np.sqrt(1 - (np.exp(first / 2) - np.exp(second / 2)) ** 2 / 2)
    if divergence == "total_variation":
        return (p - q) / 2
    if divergence == "squared_logit":
        return (first - second) ** 2 / 2
    raise InvalidInput(f"divergence: expected a divergence with a flip threshold, saw {divergence!r}")


def certified_agreement(a: Model, b: Model) -> float:
    """Share of inputs with KL(p || p') below the flip threshold of p, or that of p' for the other direction."""
    log_p, _, t = _log_probabilities(a, b)
    return float(np.mean(_kl_rows(log_p, t) < np.maximum(flip_threshold(a), flip_threshold(b, "reversed_kl"))))


def disagreement_bound(model: Model, mean: Any, divergence: str = "kl") -> float:
    """Largest share of inputs whose thresholds, cheapest first, sum to no more than n times the mean."""
    if not mean >= 0:
        raise InvalidInput(f"mean: expected a number >= 0, saw {mean!r}")
    spent, count = 0.0, 0
    for cost in np.sort(flip_threshold(model, divergence)):
        spent = spent + cost
        if spent > model.n * mean:
            break
        count += 1
    return count / model.n


def disagreement_bound_from_kl(a: Model, b: Model) -> float:
    """Largest share of inputs that the mean of KL(a || b) can have flipped."""
    return disagreement_bound(a, kl_divergence(a, b))


def squared_fisher_distance(a: Model, b: Model) -> float:
    """E Var_p(Delta) = E sum_{i<j} p_i p_j (Delta_i - Delta_j)^2."""
    difference, p = Pair(a, b).logit_difference, a.probabilities
    apart = (difference[:, :, None] - difference[:, None, :]) ** 2
    return float((p[:, :, None] * p[:, None, :] * apart).sum(axis=(1, 2)).mean() / 2)


def fisher_bound(a: Model, b: Model) -> float:
    """(2 + R) KL(a || b), R the largest range of Delta on any input."""
    difference = Pair(a, b).logit_difference
    return float((2 + (difference.max(axis=1) - difference.min(axis=1)).max()) * kl_divergence(a, b))


def squared_clipped_distance(a: Model, b: Model, floor: float) -> float:
    """E sum_y (log max(p, floor) - log max(p', floor))^2."""
    if not 0 < floor < 1:
        raise InvalidInput(f"floor: expected a number between 0 and 1, saw {floor!r}")
    log_p, log_q, _ = _log_probabilities(a, b)
    clipped = np.maximum(log_p, math.log(floor)) - np.maximum(log_q, math.log(floor))
    return float((clipped**2).sum(axis=1).mean())


@dataclass(frozen=True)
class EmbeddingCertificates:
    """What KL guarantees of each input's embedding."""

    per_input_map: Any
    map_difference: Any
    single_map: Any
    smallest_eigenvalue: Any


def _geometries(a: Model, b: Model) -> list[tuple[Any, Any, Any]]:
    """Return for each input the singular values and right vectors of B, B^T B = I_w, and (A_w - A*) f'."""
    _require_full_rank(a)
    pair = Pair(a, b)
    weights = np.exp(np.minimum(a.log_probabilities, b.log_probabilities))
    found = []
    for w, difference in zip(weights, pair.logit_difference, strict=True):
        share = w / w.sum()
        factor = np.sqrt(w)[:, None] * (a.centred_unembeddings - share @ a.centred_unembeddings)
        left, values, right = np.linalg.svd(factor, full_matrices=False)
        coordinates = left.T @ (np.sqrt(w) * (difference - share @ difference))
        own = (coordinates / np.where(values > 0, values, 1.0)) @ right
        found.append((values, right, a.unembedding_pseudo_inverse @ difference - own))
    return found


def embedding_certificates(a: Model, b: Model) -> EmbeddingCertificates:
    """2 KL / lambda_min(I_w), ||(A_w - A*) f'||^2, the square of the sum of their roots, and lambda_min(I_w)."""
    geometries = _geometries(a, b)
    log_p, _, t = _log_probabilities(a, b)
    regular = np.array([bool(values[-1] > EPS * values[0]) for values, _, _ in geometries])
    least = np.array([values[-1] for values, _, _ in geometries])
    apart = np.array([(difference**2).sum() for _, _, difference in geometries])
    own = np.where(regular, np.sqrt(2 * _kl_rows(log_p, t)) / np.where(regular, least, 1.0), math.inf)
    return EmbeddingCertificates(own**2, apart, (own + np.sqrt(apart)) ** 2, np.where(regular, least**2, 0.0))


def embedding_bounds(a: Model, b: Model) -> Any:
    """Bound ||f - A* f'||^2 by (sqrt(2 KL / lambda_min(I_w)) + ||(A_w - A*) f'||)^2."""
    return embedding_certificates(a, b).single_map


def certified_embeddings(a: Model, b: Model) -> float:
    """Share of inputs whose bound is below a tenth of ||f||^2."""
    return float(np.mean(embedding_bounds(a, b) < (a.embeddings**2).sum(axis=1) / 10))


def near_embeddings(a: Model, b: Model) -> float:
    """Share of inputs with ||f - A* f'||^2 at most a tenth of ||f||^2."""
    _require_full_rank(a)
    residual = Pair(a, b).logit_difference @ a.unembedding_pseudo_inverse.T
    return float(np.mean((residual**2).sum(axis=1) <= (a.embeddings**2).sum(axis=1) / 10))


def probe_bounds(a: Model, b: Model, probes: Any) -> Any:
    """Bound (v.(f - A* f'))^2 by (sqrt(2 KL v^T I_w^-1 v) + |v.(A_w - A*) f'|)^2, for each input and probe v."""
    probes = np.asarray(probes)
    if probes.ndim not in (2, 3) or probes.shape[-1] != a.m or (probes.ndim == 3 and len(probes) != a.n):
        raise InvalidInput(f"probes: expected shape (c, {a.m}) or ({a.n}, c, {a.m}), saw shape {probes.shape}")
    log_p, _, t = _log_probabilities(a, b)
    found = []
    for i, (kl, (values, right, difference)) in enumerate(zip(_kl_rows(log_p, t), _geometries(a, b), strict=True)):
        rows = probes[i] if probes.ndim == 3 else probes
        regular = bool(values[-1] > EPS * values[0])
        dual = ((rows @ right.T / (values if regular else 1.0)) ** 2).sum(axis=1)
        bound = (np.sqrt(2 * kl * dual) + np.abs(rows @ difference)) ** 2
        found.append(bound if regular else np.full(len(rows), math.inf))
    return np.array(found)


# --------------------------------------------------------------------------- log-likelihood variance


def _llv_part(first: Any, second: Any, pivot: int, others: tuple[int, ...]) -> float:
    """Return the largest standard deviation, along rows, of the difference of standardised log-probabilities."""
    parts = []
    for j in others:
        scales = []
        for rows in (first, second):
            deviation = float(np.std(rows[j] - rows[pivot]))
            size = float(np.max(np.abs(rows[[j, pivot]])))
            if deviation <= _CONSTANT * size:
                raise DegenerateInput("a or b: a log-ratio does not vary, so it cannot be standardised")
            scales.append(deviation)
        parts += [float(np.std(first[row] / scales[0] - second[row] / scales[1])) for row in (j, pivot)]
    return max(parts)


def llv_distance(
    a: Model,
    b: Model,
    pivot: int = 0,
    labels: tuple[int, ...] | None = None,
    pivot_input: int = 0,
    inputs: tuple[int, ...] | None = None,
) -> float:
    """Log-likelihood variance distance: the larger of an embedding and an unembedding part."""
    pair = Pair(a, b)
    if pair.n < 2 and inputs is None:
        raise DegenerateInput("a and b: one input has no log-ratio that varies over inputs")
    labels = tuple(range(1, min(pair.m, pair.k - 1) + 1)) if labels is None else tuple(labels)
    inputs = tuple(range(1, min(pair.m, pair.n - 1) + 1)) if inputs is None else tuple(inputs)
    p, q = a.log_probabilities, b.log_probabilities
    return max(_llv_part(p.T, q.T, pivot, labels), _llv_part(p, q, pivot_input, inputs))


# --------------------------------------------------------------------------- dissimilarities that invert a model


def _require_full_rank(model: Model) -> None:
    if not model.diversity > max(model.k, model.m) * EPS:
        raise RankDeficient("a: its centred unembeddings do not span all dimensions (diversity fails)")


def alignment(a: Model, b: Model) -> Any:
    """A* = pinv(Gc) G'c."""
    Pair(a, b)
    _require_full_rank(a)
    return a.unembedding_pseudo_inverse @ b.centred_unembeddings


def alignment_error(a: Model, b: Model) -> float:
    """Root of E||f - A* f'||^2, where f - A* f' = pinv(Gc) Delta."""
    _require_full_rank(a)
    residual = Pair(a, b).logit_difference @ a.unembedding_pseudo_inverse.T
    return float(np.sqrt((residual**2).sum(axis=1).mean()))


def volume_dissimilarity(a: Model, b: Model) -> float:
    """Root of E||pinv(Gc) Delta||^2 + ||pinv(Gc)||_F^2 E||(I - P) Delta||^2."""
    _require_full_rank(a)
    difference, inverse = Pair(a, b).logit_difference, a.unembedding_pseudo_inverse
    inside = difference @ inverse.T
    outside = difference - inside @ a.centred_unembeddings.T
    value = (inside**2).sum(axis=1).mean() + (inverse**2).sum() * (outside**2).sum(axis=1).mean()
    return float(np.sqrt(value))


def _drawn_subsets(k: int, size: int, subsets: Any, seed: int) -> list[tuple[int, ...]]:
    if size > k:
        raise NotApplicable(f"{k} labels hold no subset of m + 1 = {size}: diversity needs k >= m + 1")
    if isinstance(subsets, str) and subsets == "all":
        return label_subsets(k, size)
    if isinstance(subsets, str) or subsets < 1:
        raise InvalidInput(f"subsets: expected 'all' or a positive number of draws, saw {subsets!r}")
    keys = np.random.default_rng(seed).random((int(subsets), k), dtype=np.float32)
    return [tuple(int(j) for j in row) for row in np.sort(np.argsort(keys, axis=1)[:, :size], axis=1)]


def _subset_errors(a: Model, b: Model, subsets: list[tuple[int, ...]]) -> tuple[Any, Any]:
    """Return E||f - A_S f'||^2 for each subset, nan where L_S is singular, and the condition number of each L_S."""
    Pair(a, b)
    errors, conditions = [], []
    for pivot, *others in subsets:
        left = a.unembeddings[others] - a.unembeddings[pivot]
        right = b.unembeddings[others] - b.unembeddings[pivot]
        values = np.linalg.svd(left, compute_uv=False)
        size = float(np.max(np.abs(a.unembeddings[[pivot, *others]])))
        if values[-1] <= a.m * EPS * max(values[0], size):
            errors.append(math.nan)
            conditions.append(math.inf)
            continue
        aligned = b.embeddings @ np.linalg.solve(left, right).T
        errors.append(float(((a.embeddings - aligned) ** 2).sum(axis=1).mean()))
        conditions.append(float(values[0] / values[-1]))
    return np.array(errors), np.array(conditions)


def identifiability_dissimilarity(
    a: Model, b: Model, subsets: Any = "all", seed: int = 0, statistic: str = "mean"
) -> float:
    """Root of the mean (or median) over (m+1)-subsets S of labels of E||f - A_S f'||^2, A_S = L_S^-1 L'_S."""
    if statistic not in ("mean", "median"):
        raise InvalidInput(f"statistic: expected 'mean' or 'median', saw {statistic!r}")
    chosen = _drawn_subsets(a.k, a.m + 1, subsets, seed)
    errors = _subset_errors(a, b, chosen)[0]
    singular = np.isnan(errors)
    value = float(np.mean(errors)) if statistic == "mean" else float(np.median(np.where(singular, math.inf, errors)))
    if not math.isfinite(value) and singular.any():
        raise SingularSubset(chosen[int(np.argmax(singular))])
    return math.sqrt(value)


@dataclass(frozen=True)
class IdentifiabilityProfile:
    """How E||f - A_S f'||^2 is spread over subsets of labels."""

    mean: float | None
    median: float | None
    standard_error: float | None
    tail_share: float | None
    smallest: float | None
    largest: float | None
    worst_condition_number: float
    worst_subset: tuple[int, ...]
    evaluated: int
    singular: int
    exhaustive: bool


def identifiability_profile(a: Model, b: Model, subsets: Any = "all", seed: int = 0) -> IdentifiabilityProfile:
    """Return the spread of E||f - A_S f'||^2 over subsets."""
    chosen = _drawn_subsets(a.k, a.m + 1, subsets, seed)
    errors, conditions = _subset_errors(a, b, chosen)
    regular = np.sort(errors[~np.isnan(errors)])
    whole, total = regular.size == errors.size, float(regular.sum())
    median = float(np.median(np.where(np.isnan(errors), math.inf, errors)))
    spread = float(np.std(regular, ddof=1) / math.sqrt(regular.size)) if regular.size > 1 else math.inf
    top = float(regular[-max(1, math.ceil(_TAIL * regular.size)) :].sum())
    return IdentifiabilityProfile(
        mean=total / regular.size if whole else None,
        median=median if math.isfinite(median) else None,
        standard_error=(0.0 if isinstance(subsets, str) else spread) if whole else None,
        tail_share=(top / total if total > 0 else _TAIL) if regular.size else None,
        smallest=float(regular[0]) if regular.size else None,
        largest=float(regular[-1]) if regular.size else None,
        worst_condition_number=float(conditions.max()),
        worst_subset=chosen[int(np.argmax(conditions))],
        evaluated=errors.size,
        singular=errors.size - regular.size,
        exhaustive=isinstance(subsets, str),
    )


def identifiability_tail_share(a: Model, b: Model, subsets: Any = "all", seed: int = 0) -> float:
    """Share of the sum of E||f - A_S f'||^2 that the largest 1 % of subsets carry."""
    share = identifiability_profile(a, b, subsets, seed).tail_share
    if share is None:
        raise NotApplicable("every subset of labels is singular")
    return share


# --------------------------------------------------------------------------- measures that are this package's own


def _squared_whitened(a: Model, b: Model) -> Any:
    """E[r^T Cov(f)^-1 r] / m, r = pinv(Gc) Delta."""
    _require_full_rank(a)
    if a.n <= a.m:
        raise DegenerateInput(f"a: {a.n} inputs leave the covariance of {a.m} dimensions singular")
    centred = centred_rows(a.embeddings)
    size = np.where(np.abs(centred).max(axis=0) > 0, np.abs(centred).max(axis=0), 1.0)
    _, values, axes = np.linalg.svd(centred / size, full_matrices=False)
    if values[-1] <= _CONSTANT * a.n * (values[0] + np.abs(a.embeddings).max() / size.min()):
        raise DegenerateInput("a: the covariance of its embeddings is singular to rounding")
    residual = Pair(a, b).logit_difference @ a.unembedding_pseudo_inverse.T
    # Cov = axes^T diag(values^2) axes / n in these units: the factors n of it and of the mean over inputs cancel.
    return ((residual / size @ axes.T / values) ** 2).sum() / a.m


def whitened_logit_distance(a: Model, b: Model) -> float:
    """Root of E[r^T Cov(f)^-1 r] / m: the error of the alignment in standard deviations of f."""
    return float(np.sqrt(_squared_whitened(a, b)))


def symmetrised_whitened_logit_distance(a: Model, b: Model) -> float:
    """Root of the mean of the squared whitened logit distances in both directions."""
    return float(np.sqrt((_squared_whitened(a, b) + _squared_whitened(b, a)) / 2))


def guaranteed_mean_cca(a: Model, b: Model) -> float:
    """One minus the largest mean of 1 - rho_i that a sum of 1 - rho_i^2 of m d_w^2 allows."""
    if a.m != b.m:
        raise NotApplicable(f"b: expected dimension {a.m}, that of a, saw {b.m}")
    total = a.m * _squared_whitened(a, b)
    parts = [min(max(total - direction, 0.0), 1.0) for direction in range(a.m)]
    return float(1 - sum(part / (1 + math.sqrt(1 - part)) for part in parts) / a.m)


# --------------------------------------------------------------------------- similarities of embeddings


def _embeddings(X: Any, Y: Any) -> tuple[Any, Any]:
    x, y = finite_matrix("X", X, 1), finite_matrix("Y", Y, 1)
    if len(x) != len(y):
        raise InvalidInput(f"Y: expected the rows of X, saw shapes {x.shape} and {y.shape}")
    return x, y


def _centred_columns(array: Any) -> Any:
    """Centre columns; those that are constant to rounding become zero."""
    centred = centred_rows(centred_rows(array))
    return np.where(np.abs(centred).max(axis=0) <= _DUST * np.abs(array).max(axis=0), 0.0, centred)


def _spread(name: str, array: Any) -> Any:
    centred, size = _centred_columns(array), float(np.abs(array).max())
    if size == 0 or np.linalg.norm(centred / size) <= _CONSTANT * len(array) ** 0.5:
        raise DegenerateInput(f"{name}: all its rows are equal, to rounding, so it has no spread to compare")
    return centred


def _basis(array: Any) -> Any:
    """Return an orthonormal basis of the column space."""
    size = np.abs(array).max(axis=0)
    u, values, _ = np.linalg.svd(array / np.where(size > 0, size, 1.0), full_matrices=False)
    return u[:, values > max(array.shape) * EPS * values[0]]


def _cosines(x: Any, y: Any) -> Any:
    """Return the cosines of the principal angles between column spaces, as many as the wider has columns."""
    cosines = np.zeros(max(x.shape[1], y.shape[1]))
    product = _basis(x).T @ _basis(y)
    if product.size:
        found = np.clip(np.linalg.svd(product, compute_uv=False), 0.0, 1.0)
        cosines[: len(found)] = found
    return cosines


def canonical_correlations(X: Any, Y: Any, centred: bool = True) -> Any:
    """Canonical correlations, max(p, q) of them, descending."""
    x, y = _embeddings(X, Y)
    return _cosines(_centred_columns(x), _centred_columns(y)) if centred else _cosines(x, y)


def mean_cca(X: Any, Y: Any, centred: bool = True) -> float:
    """Mean of the max(p, q) canonical correlations."""
    return float(np.mean(canonical_correlations(X, Y, centred)))


def _leading(array: Any, threshold: float) -> Any:
    """Project on the fewest principal components that hold `threshold` of the variance."""
    u, values, _ = np.linalg.svd(array, full_matrices=False)
    share = np.cumsum((values / values[0]) ** 2)
    kept = int(np.searchsorted(share, threshold * share[-1] * (1 - _DUST))) + 1
    return u[:, :kept] * values[:kept]


def svcca(X: Any, Y: Any, threshold: float = 0.99) -> float:
    """Mean canonical correlation between leading principal components."""
    if not 0 < threshold <= 1:
        raise InvalidInput(f"threshold: expected a number in (0, 1], saw {threshold!r}")
    x, y = _embeddings(X, Y)
    x, y = _leading(_spread("X", x), threshold), _leading(_spread("Y", y), threshold)
    return float(np.mean(_cosines(x, y)[: min(x.shape[1], y.shape[1])]))


def pwcca(X: Any, Y: Any) -> float:
    """Canonical correlations weighted by sum_j |<h_i, x_j>| over the columns of X."""
    x, y = _embeddings(X, Y)
    x, y = _spread("X", x), _spread("Y", y)
    basis = _basis(x)
    u, cosines, _ = np.linalg.svd(basis.T @ _basis(y), full_matrices=False)
    weights = np.abs((basis @ u).T @ x).sum(axis=1)
    return float((weights * np.clip(cosines, 0.0, 1.0)).sum() / weights.sum())


def _unit(array: Any) -> Any:
    array = array / np.abs(array).max()
    return array / np.linalg.norm(array)


def linear_cka(X: Any, Y: Any) -> float:
    """||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F), columns centred."""
    x, y = _embeddings(X, Y)
    x, y = _unit(_spread("X", x)), _unit(_spread("Y", y))
    return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def procrustes(X: Any, Y: Any, normalised: bool = True) -> float:
    """Minimum over orthogonal Q of ||X - Y Q||_F, columns centred, scaled to unit norm where `normalised`."""
    x, y = _embeddings(X, Y)
    if normalised:
        x, y = _unit(_spread("X", x)), _unit(_spread("Y", y))
    else:
        x, y = _centred_columns(x), _centred_columns(y)
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    u, _, vh = np.linalg.svd(x.T @ y)
    return float(np.linalg.norm(x - y @ vh.T @ u.T))


def _standardised(name: str, array: Any) -> Any:
    size = np.abs(array).max(axis=0)
    centred = centred_rows(centred_rows(array / np.where(size > 0, size, 1.0)))
    deviation = np.sqrt((centred**2).mean(axis=0))
    if (deviation <= _CONSTANT).any():
        raise DegenerateInput(f"{name}: a column is constant to rounding, so it cannot be standardised")
    return centred / deviation


def svd_dissimilarity(X: Any, Y: Any) -> float:
    """One minus the mean singular value of the cross-correlation matrix of the columns."""
    x, y = _embeddings(X, Y)
    cross = _standardised("X", x).T @ _standardised("Y", y) / len(x)
    value = 1 - float(np.linalg.svd(cross, compute_uv=False).sum()) / max(cross.shape)
    return float(min(max(value, 0.0), 1.0))


# --------------------------------------------------------------------------- statements about new inputs, of scores


def _as_fraction(name: str, value: Any) -> Fraction:
    if isinstance(value, bool) or not 0 < value < 1:
        raise InvalidInput(f"{name}: expected a number strictly between 0 and 1, saw {value!r}")
    return value if isinstance(value, Fraction) else Fraction(str(value))


def _binomial_tail(n: int, j: int, share: Fraction) -> Fraction:
    """P(Bin(n, share) >= j)."""
    return sum((math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(j, n + 1)), Fraction(0))


def conformal_rank(n: int, alpha: Any, delta: Any = None) -> int:
    """ceil((n + 1)(1 - alpha)); or the least j with P(Bin(n, 1 - alpha) >= j) <= delta."""
    if n < 1:
        raise InvalidInput(f"n: expected a positive number of scores, saw {n!r}")
    share = 1 - _as_fraction("alpha", alpha)
    if delta is None:
        return math.ceil((n + 1) * share)
    level, rank, tail = _as_fraction("delta", delta), n + 1, Fraction(0)
    while rank > 0:
        tail += math.comb(n, rank - 1) * share ** (rank - 1) * (1 - share) ** (n - rank + 1)
        if tail > level:
            break
        rank -= 1
    return rank


def conformal_quantile(scores: Any, alpha: Any, delta: Any = None) -> Any:
    """Return the score of rank `conformal_rank`; inf where there are not as many."""
    values = np.asarray(scores)
    if values.ndim != 1 or len(values) == 0:
        raise InvalidInput(f"scores: expected shape (n,), saw shape {values.shape}")
    rank = conformal_rank(len(values), alpha, delta)
    return math.inf if rank > len(values) else np.sort(values)[rank - 1]


def clopper_pearson(count: int, n: int, delta: Any) -> tuple[float, float]:
    """Shares at which `count` or more, and `count` or fewer, of n have probability delta/2."""
    if not 0 <= count <= n or n < 1:
        raise InvalidInput(f"count: expected 0 <= count <= n with n >= 1, saw {count!r} of {n!r}")
    level = _as_fraction("delta", delta) / 2

    def end(successes: int) -> float:
        low, high = Fraction(0), Fraction(1)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if _binomial_tail(n, successes, middle) < level else (low, middle)
        return float(low)

    return (end(count) if count > 0 else 0.0), (1.0 - end(n - count) if count < n else 1.0)


__all__ = [
    "Budget",
    "Claim",
    "DegenerateInput",
    "Domain",
    "EmbeddingCertificates",
    "IdentifiabilityProfile",
    "InvalidInput",
    "Metric",
    "Model",
    "NotApplicable",
    "Pair",
    "RankDeficient",
    "Refuted",
    "SingularSubset",
    "acceptance_rate",
    "alignment",
    "alignment_error",
    "assert_survives",
    "canonical_correlations",
    "certified_agreement",
    "certified_embeddings",
    "chi_squared",
    "claim",
    "clopper_pearson",
    "conformal_quantile",
    "conformal_rank",
    "disagreement_bound",
    "disagreement_bound_from_kl",
    "diversity",
    "embedding_bounds",
    "embedding_certificates",
    "falsify",
    "fisher_bound",
    "flip_threshold",
    "flipped",
    "guaranteed_mean_cca",
    "hellinger",
    "identifiability_dissimilarity",
    "identifiability_profile",
    "identifiability_tail_share",
    "jensen_shannon",
    "kl_divergence",
    "linear_cka",
    "llv_distance",
    "log_min_probability",
    "logit_distance",
    "mean_cca",
    "metric",
    "near_embeddings",
    "probe_bounds",
    "procrustes",
    "pwcca",
    "renyi",
    "rms_probability_change",
    "squared_clipped_distance",
    "squared_fisher_distance",
    "squared_hellinger",
    "squared_logit_distance",
    "svcca",
    "svd_dissimilarity",
    "symmetrised_kl",
    "symmetrised_whitened_logit_distance",
    "temperature_kl",
    "top_label_agreement",
    "total_variation",
    "volume_dissimilarity",
    "whitened_logit_distance",
]
