"""Dissimilarities between representations: how far two embeddings are from linearly equivalent.

Those that read the unembeddings too (`identifiability_dissimilarity`, `volume_dissimilarity`,
`alignment_error`) take two models and invert the first; they scale with its embeddings. Those of the field
that compare embeddings alone are in `theory.measures.similarities`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from theory.arithmetic.arrays import (
    Array,
    as_result,
    is_balls,
    is_numpy,
    namespace_of,
    safe_sqrt,
    square,
    where_decided,
    wrapped,
)
from theory.arithmetic.compensated import compensated_matmul
from theory.errors import InvalidInput, NotApplicable, RankDeficient, SingularSubset
from theory.models import Model, Pair, label_subsets, pivoted

_BATCH_BYTES = 4 << 20  # one array of a batch of subsets; four or so live at once, best within the cache
_PROBES = 2
_EPS = float(np.finfo(np.float64).eps)
_SUSPECT = 1e10  # estimated condition number from which a subset's singular values are computed
_KEEPS = 1e-4  # see theory.models: share of its terms' size below which a difference is recomputed


def require_full_rank(model: Model, name: str) -> None:
    """Raise `RankDeficient` unless Gc has full column rank, to rounding."""
    threshold = max(model.k, model.m) * _EPS
    if not bool((wrapped(model.diversity, model.embeddings)[None] > threshold).all()):
        raise RankDeficient(
            f"{name}: its {model.k} centred unembeddings do not span all {model.m} dimensions "
            "(diversity fails), so the alignment of embeddings is not unique"
        )


# --------------------------------------------------------------------------- least-squares alignment


def alignment(a: Model, b: Model) -> Float[Array, "*batch m m2"]:
    """A* = pinv(Gc) G'c, the least-squares, pivot-free alignment with f ~ A* f'.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")
    return pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings


def squared_alignment_error_of(pair: Pair) -> Float[Array, "*batch"]:
    """E||f - A* f'||^2 = E||pinv(Gc) Delta||^2, without the rank check."""
    xp = pair.xp
    residual = pair.logit_difference @ pair.a.unembedding_pseudo_inverse.mT
    return xp.mean(xp.sum(square(residual), axis=-1), axis=-1)


def alignment_error(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Root of :math:`E\|f - A^* f'\|^2`, :math:`A^* = \mathrm{pinv}(G_c)\,G'_c`.

    Returns
    -------
    float
        In [0, inf), in the units of the first model's embeddings. Not symmetric: `a` is inverted.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.

    References
    ----------
    Derived here: f - A* f' = pinv(Gc) Delta, hence at most d_logit / s_min(Gc).
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")
    return _root(pair, squared_alignment_error_of(pair))


# --------------------------------------------------------------------------- volume sampling


def squared_volume_dissimilarity_of(pair: Pair) -> Float[Array, "*batch"]:
    """d_vol^2 in closed form, without the rank check."""
    xp, inverse, difference = pair.xp, pair.a.unembedding_pseudo_inverse, pair.logit_difference
    inside = difference @ inverse.mT
    outside = difference - inside @ pair.a.centred_unembeddings.mT
    squared_norm = xp.sum(square(inverse), axis=(-2, -1))
    aligned, rest = (xp.mean(xp.sum(square(part), axis=-1), axis=-1) for part in (inside, outside))
    return aligned + squared_norm * rest


def volume_dissimilarity(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Volume dissimilarity: the identifiability dissimilarity with subsets weighted by squared volume.

    .. math:: d_\mathrm{vol}^2 = \frac{\sum_S \det(L_S)^2\, E\|f - A_S f'\|^2}{\sum_S \det(L_S)^2}
              = E\|G_c^+ \Delta\|^2 + \|G_c^+\|_F^2\, E\|(I - P)\Delta\|^2,

    P the projector on the column space of Gc. The closed form on the right costs one SVD and has no heavy tail.

    Returns
    -------
    float
        In [0, inf), in the units of the first model's embeddings; between `alignment_error` and
        ``||pinv(Gc)||_F d_logit``. Not symmetric: `a` is inverted.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank. Singular subsets do no harm.

    References
    ----------
    Derived here, by Cramer's rule and Cauchy-Binet; see theorem T10 of the catalogue.
    """
    pair = Pair(a, b)
    require_full_rank(a, "a")
    return _root(pair, squared_volume_dissimilarity_of(pair))


# --------------------------------------------------------------------------- identifiability dissimilarity


def squared_subset_errors_of(pair: Pair, subsets: Int[np.ndarray, "s m+1"]) -> Float[Array, "*batch s"]:
    """E||f - A_S f'||^2 = E||L_S^-1 Delta_S||^2 for each subset, nan where L_S is singular to rounding.

    The plain form, for small models, batches, gradients and balls.
    """
    xp, labels = pair.xp, pair.a.unembeddings
    # Labels with a common offset are known, and differ, only to the rounding of that offset.
    size = xp.max(xp.abs(labels)[..., subsets, :], axis=(-2, -1))
    solved = solve_regular(pivoted(labels, subsets), pivoted(pair.logit_difference.mT, subsets), size)
    return xp.sum(square(solved), axis=(-2, -1)) / pair.n


def solve_regular(
    left: Float[Array, "*batch m m"], right: Float[Array, "*batch m r"], size: Float[Array, "*batch"] | None = None
) -> Float[Array, "*batch m r"]:
    """Solve many square systems; those singular to rounding give nan instead of spoiling the batch.

    Rounding is relative to the largest singular value or, where larger, to the `size` of what `left` was made from.
    """
    xp, m = namespace_of(left), left.shape[-1]
    if is_balls(left):
        return xp.linalg.solve(left, right)
    values = xp.linalg.svdvals(left)
    largest = values[..., 0] if size is None else xp.maximum(values[..., 0], size)
    regular = (values[..., -1] > m * _EPS * largest)[..., None, None]
    safe = xp.where(regular, left, xp.eye(m, dtype=left.dtype))
    return xp.where(regular, xp.linalg.solve(safe, right), math.nan)


@dataclass(frozen=True)
class _Compressed:
    """The pair, reduced so that E||f - A_S f'||^2 = (||L_S^-1 K_S||_F^2 + floor) / n for every subset S.

    With any reference A0, f - A_S f' = e - L_S^-1 H_S f', e = f - A0 f', H = G' - G A0. The QR factor
    of [F', E] = Q [[R11, R12], [0, R22]] gives K = G R12^T - H R11^T and floor = ||R22||_F^2. A reference
    close to the true alignment keeps the digits of nearly equivalent models. Z is noise: ||L_S^-1 Z_S|| estimates
    the conditioning of L_S from below at the cost of two columns.
    """

    rows: np.ndarray  # [G, K, Z] side by side, (k, m + r + 2): one gather fetches all a subset needs
    sizes: np.ndarray  # of each label's unembedding before any shift: what its rounding is relative to
    m: int
    floor: float
    n: int

    @property
    def logits(self) -> np.ndarray:
        """K, of r = min(n, m') columns."""
        return self.rows[:, self.m : -_PROBES]


def _compress(pair: Pair) -> _Compressed:
    f, f2, g, g2 = pair.a.embeddings, pair.b.embeddings, pair.a.unembeddings, pair.b.unembeddings
    shifted = g - g[:1]

    def from_first(rows: Array) -> Array:
        return rows - rows[:1]

    # Reference 0 is free; reference I is exact subtraction for nearly equal arrays; A* needs compensation. The size of
    # the terms of each is that before the first row is subtracted, which may cancel in its turn.
    candidates = [(f, from_first(g2), from_first(g2))]
    if pair.a.m == pair.b.m:
        candidates.append((f - f2, from_first(g2 - g), g2 - g))

    def size(candidate: tuple[np.ndarray, np.ndarray, np.ndarray]) -> float:
        e, _, h = candidate
        return float(np.linalg.norm(shifted) * np.linalg.norm(e) + np.linalg.norm(h) * np.linalg.norm(f2))

    best = min(candidates, key=size)
    e, h, _ = best
    sizes = np.max(np.abs(g), axis=-1)
    reduced = _reduce(shifted, e, h, f2, sizes)
    # Compared with the size of the terms, as in Pair.logit_difference: K and the floor together are Delta.
    kept = math.hypot(float(np.linalg.norm(reduced.logits)), math.sqrt(reduced.floor) * float(np.linalg.norm(shifted)))
    if kept >= _KEEPS * size(best):
        return reduced
    reference = np.linalg.lstsq(shifted, from_first(g2), rcond=None)[0]
    high, low = compensated_matmul(np.hstack([f, -f2]), np.hstack([np.eye(pair.m), reference]))
    e = high + low
    high, low = compensated_matmul(np.hstack([g2, -g]), np.hstack([np.eye(pair.b.m), reference.T]))
    return _reduce(shifted, e, from_first(high) + from_first(low), f2, sizes)


def _reduce(g: np.ndarray, e: np.ndarray, h: np.ndarray, f2: np.ndarray, sizes: np.ndarray) -> _Compressed:
    n, m2 = f2.shape
    r: Any = np.linalg.qr(np.hstack([f2, e]), mode="r")
    split = min(n, m2)
    top, floor = r[:split, m2:], float(np.sum(r[split:, m2:] ** 2))
    probe = np.random.default_rng(20260217).standard_normal((len(g), _PROBES))
    rows = np.hstack([g, g @ top.T - h @ r[:split, :m2].T, probe])
    return _Compressed(rows, sizes, g.shape[1], floor, n)


def _subset_batches(k: int, size: int, count: int | None, seed: int, width: int) -> Iterator[Int[np.ndarray, "b size"]]:
    """Yield all subsets, or `count` uniform independent draws, in batches bounded in memory."""
    per_batch = max(1, min(_BATCH_BYTES // (8 * size * max(size, width)), _BATCH_BYTES // (8 * k)))
    if count is None:
        subsets = label_subsets(k, size)
        for start in range(0, len(subsets), per_batch):
            yield subsets[start : start + per_batch]
        return
    rng = np.random.default_rng(seed)
    for start in range(0, count, per_batch):
        keys = rng.random((min(per_batch, count - start), k), dtype=np.float32)
        # The labels of the smallest keys: uniform over subsets, without a loop over draws.
        yield np.sort(np.argpartition(keys, size - 1, axis=-1)[:, :size], axis=-1)


@dataclass(frozen=True)
class _SubsetBatch:
    errors: np.ndarray  # E||f - A_S f'||^2, nan where singular
    conditions: np.ndarray  # condition number of L_S: a lower estimate, exact where it is large
    subsets: np.ndarray


def _solve_batch(small: _Compressed, subsets: np.ndarray) -> _SubsetBatch:
    gathered = np.take(small.rows, subsets, axis=0)
    gathered = gathered[:, 1:] - gathered[:, :1]
    m = small.m
    inverted, right = gathered[..., :m], gathered[..., m:]
    sizes = np.max(small.sizes[subsets], axis=-1)

    def is_singular(values: np.ndarray, size: np.ndarray) -> Any:
        return values[:, -1] <= m * _EPS * np.maximum(values[:, 0], size)

    try:
        solved = np.linalg.solve(inverted, right)
    except np.linalg.LinAlgError:  # an exact zero pivot: keep the batch, single out the culprits below
        exact = is_singular(np.linalg.svd(inverted, compute_uv=False), sizes)
        solved = np.full_like(right, math.inf)
        solved[~exact] = np.linalg.solve(inverted[~exact], right[~exact])
    with np.errstate(invalid="ignore", over="ignore"):
        gain = np.max(
            np.linalg.norm(solved[..., -_PROBES:], axis=1) / np.linalg.norm(right[..., -_PROBES:], axis=1), axis=-1
        )
        conditions = gain * np.linalg.norm(inverted, axis=(-2, -1))
        logits = solved[..., :-_PROBES]
        errors = (np.einsum("sij,sij->s", logits, logits) + small.floor) / small.n
        suspects = np.flatnonzero(~((conditions < _SUSPECT) & (gain * sizes < _SUSPECT)))
    if suspects.size:
        values = np.linalg.svd(inverted[suspects], compute_uv=False)
        singular = is_singular(values, sizes[suspects])
        conditions[suspects] = np.where(singular, math.inf, values[:, 0] / np.where(singular, 1.0, values[:, -1]))
        errors[suspects[singular]] = math.nan
    return _SubsetBatch(errors, conditions, subsets)


def subset_errors(pair: Pair) -> Float[np.ndarray, " s"]:
    """E||f - A_S f'||^2 for every subset of one NumPy pair, nan where singular; memory does not grow with n."""
    return _all_batches(pair, None, 0)[0]


@dataclass(frozen=True)
class IdentifiabilityProfile:
    """How the identifiability dissimilarity is spread over subsets of labels.

    Attributes
    ----------
    mean, median
        Mean and median over regular subsets of E||f - A_S f'||^2 (squared). The mean is None when some
        subset is singular, the median None when half of them or more are.
    standard_error
        Of the mean, for sampled subsets; 0 when all were enumerated, None when the mean is.
    tail_share
        Share of the sum carried by the largest 1 % of subsets (at least one): 0.01 when all are equal, near 1
        when the mean rests on a handful and cannot be trusted as a Monte-Carlo estimate.
    smallest, largest
        Extremes of E||f - A_S f'||^2 over regular subsets.
    worst_condition_number
        Largest condition number of L_S met (inf when one is singular), a lower estimate below 1e10.
    worst_subset
        The subset it belongs to.
    evaluated, singular
        Numbers of subsets evaluated, and of those whose alignment does not exist.
    exhaustive
        Whether every subset was enumerated.
    """

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


def _subset_count(subsets: object) -> int | None:
    if isinstance(subsets, str) and subsets == "all":
        return None
    if isinstance(subsets, int | np.integer) and not isinstance(subsets, bool) and subsets >= 1:
        return int(subsets)
    raise InvalidInput(f"subsets: expected 'all' or a positive number of draws, saw {subsets!r}")


def _require_seed(seed: object) -> int:
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0:
        return int(seed)
    raise InvalidInput(f"seed: expected a non-negative integer, saw {seed!r}")


def _all_batches(pair: Pair, count: int | None, seed: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], int]:
    """Return the errors, condition numbers, the worst subset, and the number of singular ones."""
    if pair.k < pair.m + 1:
        raise NotApplicable(f"a: {pair.k} labels hold no subset of m + 1 = {pair.m + 1}: diversity needs k >= m + 1")
    small = _compress(pair)
    errors, conditions = [], []
    worst: tuple[float, tuple[int, ...]] = (-1.0, ())
    for subsets in _subset_batches(pair.k, pair.m + 1, count, seed, small.rows.shape[-1]):
        batch = _solve_batch(small, subsets)
        errors.append(batch.errors)
        conditions.append(batch.conditions)
        i = int(np.argmax(batch.conditions))
        if batch.conditions[i] > worst[0]:
            worst = (float(batch.conditions[i]), tuple(int(j) for j in subsets[i]))
    flat = np.concatenate(errors)
    return flat, np.concatenate(conditions), worst[1], int(np.isnan(flat).sum())


def identifiability_profile(
    a: Model, b: Model, subsets: int | Literal["all"] = "all", seed: int = 0
) -> IdentifiabilityProfile:
    """Return the spread of E||f - A_S f'||^2 over subsets; unlike the mean, never undefined.

    Parameters
    ----------
    a, b, subsets, seed
        As for `identifiability_dissimilarity`; unbatched NumPy models.

    Raises
    ------
    InvalidInput
        If an argument is not usable, or all subsets are asked for and there are over two million.
    NotApplicable
        If there are fewer than m + 1 labels.
    """
    pair = Pair(a, b)
    if not is_numpy(a.embeddings) or pair.batch:
        raise InvalidInput("a: expected an unbatched model of NumPy arrays, saw " + repr(a))
    count = _subset_count(subsets)
    errors, conditions, worst, singular = _all_batches(pair, count, _require_seed(seed))
    regular = np.sort(errors[~np.isnan(errors)])
    total = float(np.sum(regular))
    top = regular[-max(1, math.ceil(0.01 * regular.size)) :]
    spread = float(np.std(regular, ddof=1) / math.sqrt(regular.size)) if regular.size > 1 else math.inf
    whole = singular == 0
    return IdentifiabilityProfile(
        mean=total / regular.size if whole else None,
        median=_median_with_singular(errors),
        standard_error=(0.0 if count is None else spread) if whole else None,
        tail_share=(float(np.sum(top)) / total if total > 0 else 0.01) if regular.size else None,
        smallest=float(regular[0]) if regular.size else None,
        largest=float(regular[-1]) if regular.size else None,
        worst_condition_number=float(np.max(conditions)),
        worst_subset=worst,
        evaluated=errors.size,
        singular=singular,
        exhaustive=count is None,
    )


def identifiability_tail_share(a: Model, b: Model, subsets: int | Literal["all"] = "all", seed: int = 0) -> float:
    """Share of the sum of E||f - A_S f'||^2 over regular subsets that the largest 1 % of them carry; in (0, 1].

    Parameters
    ----------
    a, b, subsets, seed
        As for `identifiability_profile`, whose `tail_share` it is.

    Raises
    ------
    NotApplicable
        If every subset is singular, or there are fewer than m + 1 labels.
    """
    share = identifiability_profile(a, b, subsets, seed).tail_share
    if share is None:
        raise NotApplicable("every subset of labels is singular")
    return share


def _median_with_singular(errors: np.ndarray) -> float | None:
    """Median with singular subsets counted as larger than any number; None when it falls among them."""
    value = float(np.median(np.where(np.isnan(errors), math.inf, errors)))
    return value if math.isfinite(value) else None


def identifiability_dissimilarity(
    a: Model,
    b: Model,
    subsets: int | Literal["all"] = "all",
    seed: int = 0,
    statistic: Literal["mean", "median"] = "mean",
) -> Float[Array, "*batch"]:
    r"""Identifiability dissimilarity d_rep: root mean over label subsets of :math:`E\|f - A_S f'\|^2`.

    For a subset S of m + 1 labels with pivot y0, L_S has rows g(y) - g(y0) and A_S = L_S^-1 L'_S, which does
    not depend on the pivot. If the two models had the same distribution every A_S would map f' to f.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; `a` is inverted and sets the units.
    subsets
        "all" enumerates every subset (at most two million); an integer draws that many uniformly and
        independently, an unbiased estimate of the mean of squares.
    seed
        Of the draws.
    statistic
        "mean", or "median" over subsets, which heavy tails do not move.

    Returns
    -------
    float
        Root of the mean (or median) of the squared errors, in [0, inf). Not symmetric and no metric. For
        nearly equivalent models the relative error stays below 1e-10, times the conditioning of the subsets.

    Raises
    ------
    SingularSubset
        If a subset met has linearly dependent differences, so that the mean does not exist (the median still
        may); `identifiability_profile` tells how many.
    InvalidInput
        If an argument is not usable.
    NotApplicable
        If there are fewer than m + 1 labels.

    See Also
    --------
    identifiability_profile : tail share, conditioning and the other ways in which a mean can mislead.

    References
    ----------
    arXiv 2602.15438 (2026), whose mean over (pivot, J) is this mean over subsets.
    """
    pair = Pair(a, b)
    count, seed = _subset_count(subsets), _require_seed(seed)
    if statistic not in ("mean", "median"):
        raise InvalidInput(f"statistic: expected 'mean' or 'median', saw {statistic!r}")
    if is_numpy(a.embeddings) and not pair.batch:
        return _one_dissimilarity(pair, count, seed, statistic)
    return _batched_dissimilarity(pair, count, seed, statistic)


def _one_dissimilarity(pair: Pair, count: int | None, seed: int, statistic: str) -> float:
    errors = _all_batches(pair, count, seed)[0]
    if statistic == "median":
        median = _median_with_singular(errors)
        if median is None and not np.isnan(errors).any():
            return math.inf
        if median is None:
            raise SingularSubset(_first_singular(pair, count, seed, np.isnan(errors)))
        return math.sqrt(median)
    if np.isnan(errors).any():
        raise SingularSubset(_first_singular(pair, count, seed, np.isnan(errors)))
    return math.sqrt(math.fsum(errors) / errors.size)


def _batched_dissimilarity(pair: Pair, count: int | None, seed: int, statistic: str) -> Array:
    xp = pair.xp
    parts = [
        squared_subset_errors_of(pair, subsets) for subsets in _subset_batches(pair.k, pair.m + 1, count, seed, pair.n)
    ]
    errors = xp.concat(parts, axis=-1)
    singular = xp.isnan(errors)
    if statistic == "mean":
        value = xp.mean(errors, axis=-1)
    else:  # singular subsets count as larger than any number
        ordered = xp.sort(where_decided(singular, math.inf, errors), axis=-1)
        half = ordered.shape[-1] // 2
        value = (ordered[..., half] + ordered[..., (ordered.shape[-1] - 1) // 2]) / 2
    value = wrapped(value, errors)
    undefined = ~xp.isfinite(value) & singular.any(-1)
    if bool(undefined.any()):
        first = singular[undefined][0] if pair.batch else singular
        raise SingularSubset(_first_singular(pair, count, seed, first))
    return safe_sqrt(value)


def _first_singular(pair: Pair, count: int | None, seed: int, singular: Array) -> tuple[int, ...]:
    position = int(np.flatnonzero(np.asarray(singular))[0])
    width = pair.m + min(pair.n, pair.b.m) + _PROBES if is_numpy(pair.a.embeddings) and not pair.batch else pair.n
    for subsets in _subset_batches(pair.k, pair.m + 1, count, seed, width):
        if position < len(subsets):
            return tuple(int(j) for j in subsets[position])
        position -= len(subsets)
    raise AssertionError("the position of a subset lies beyond the last")


def _root(pair: Pair, squared: Array) -> Array:
    value = as_result(wrapped(squared, pair.a.embeddings))
    return math.sqrt(value) if isinstance(value, float) else safe_sqrt(value)
