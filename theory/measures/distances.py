"""Distances and divergences between the conditional distributions of two models.

Every function takes two models and averages over inputs; `pointwise_*` functions take a `Pair` and return one
value per input. All are functions of p and p' alone: no gauge, no shift of logits, no relabelling of both
models changes them. Logarithms are natural, so divergences are in nats.

Notes
-----
Nothing here subtracts nearly equal numbers. The log-ratio t = log p' - log p is built from the logit
difference, and KL(p || p') = log E_p exp(d - E_p d), d = u' - u, is evaluated as log1p of a sum of terms
p (e^s - 1 - s), none of which is negative.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import (
    Array,
    as_result,
    is_balls,
    is_numpy,
    namespace_of,
    safe_sqrt,
    square,
    where_decided,
)
from theory.errors import DegenerateInput, InvalidInput
from theory.models import Model, Pair

_SERIES_BELOW = 0.1  # where e^s - 1 - s is summed as a series: eleven terms leave a remainder below 1e-17
_OVERFLOW_GUARD = 30.0  # above this exponent log1p(sum) equals logsumexp to the last bit
_MOMENT_ROWS = 1024  # rows of a block of second moments: half a megabyte at m = 50
_EPS = float(np.finfo(np.float64).eps)
_HOTTEST = 1e100  # a KL divergence at a higher temperature would underflow
_BLOCK = 1 << 22  # entries of an (n, k) block: large inputs are streamed so that memory stays bounded


def _exponential_excess(xp: Any, log_p: Array, s: Array) -> Array:
    """Sum over labels of p (e^s - 1 - s), all terms non-negative; exponents above the guard are clipped."""
    p = xp.exp(log_p)
    if is_balls(s):
        return xp.sum(xp.exp(log_p + s) - p * (1 + s), axis=-1)
    small, large = xp.abs(s) < _SERIES_BELOW, s > 1.0
    x = xp.where(small, s, 0.0)
    series = xp.ones_like(x)
    for order in range(11, 2, -1):
        series = 1.0 + x / order * series
    y = xp.where(small | large, 0.5, s)
    z = xp.where(large, s, 1.0)
    grown = xp.exp(xp.minimum(log_p + z, xp.full_like(z, _OVERFLOW_GUARD)))
    return xp.sum(
        xp.where(small, p * x * x / 2 * series, xp.where(large, grown - p * (1.0 + z), p * (xp.expm1(y) - y))), axis=-1
    )


def _log_mean_exponential(xp: Any, log_p: Array, s: Array) -> Array:
    """log E_p e^s for s with E_p s = 0: non-negative, accurate however small."""
    excess = _exponential_excess(xp, log_p, s)
    if is_balls(s):
        return xp.log(1 + excess)
    exponent = log_p + s
    top = xp.max(exponent, axis=-1, keepdims=True)
    plain = top[..., 0] + xp.log(xp.sum(xp.exp(exponent - top), axis=-1))
    return xp.where(top[..., 0] > _OVERFLOW_GUARD, plain, xp.log1p(excess))


def _centred_under(model: Model, s: Array) -> Array:
    """Subtract E_p s, p the model's distribution, without cancellation on the label where p is near 1."""
    if is_balls(s):
        return s - model.xp.sum(model.probabilities * s, axis=-1, keepdims=True)
    s = s - model.xp.sum(model.xp.where(model.top_label, s, 0.0), axis=-1, keepdims=True)
    return s - model.xp.sum(model.probabilities * s, axis=-1, keepdims=True)


def pointwise_kl_divergence(pair: Pair) -> Float[Array, "*batch n"]:
    """KL(p || p') on each input, p the first model's distribution; in nats, exactly 0 where the models agree."""
    xp = pair.xp
    s = _centred_under(pair.a, -pair.logit_difference)
    return _log_mean_exponential(xp, pair.a.log_probabilities, s)


def pointwise_temperature_kl(pair: Pair, temperature: float) -> Float[Array, "*batch n"]:
    """T^2 KL(p_T || p'_T) on each input, the logits of both models divided by T; in nats."""
    cooled = Model(pair.a.embeddings / temperature, pair.a.unembeddings)
    # The difference is divided, not the arrays: rounding them apart would drown models that nearly agree.
    s = _centred_under(cooled, pair.logit_difference / -temperature)
    return _log_mean_exponential(pair.xp, cooled.log_probabilities, s) * temperature * temperature


def log_probability_ratio(pair: Pair) -> Float[Array, "*batch n k"]:
    """t = log p' - log p on each input and label, accurate relative to its own size."""
    if is_balls(pair.a.embeddings):
        return pair.b.log_probabilities - pair.a.log_probabilities
    s = _centred_under(pair.a, -pair.logit_difference)
    return s - pointwise_kl_divergence(pair)[..., None]


def pointwise_squared_logit_distance(pair: Pair) -> Float[Array, "*batch n"]:
    """||Delta(x)||^2 on each input."""
    return pair.xp.sum(square(pair.logit_difference), axis=-1)


def pointwise_total_variation(pair: Pair) -> Float[Array, "*batch n"]:
    """TV(p, p') = (1/2) sum |p - p'| on each input, in [0, 1]."""
    xp = pair.xp
    p, q = pair.a.probabilities, pair.b.probabilities
    if is_balls(p):
        return xp.sum(xp.abs(p - q), axis=-1) / 2
    t = log_probability_ratio(pair)
    near = xp.abs(t) < 1.0
    return xp.sum(xp.where(near, p * xp.abs(xp.expm1(xp.where(near, t, 0.0))), xp.abs(p - q)), axis=-1) / 2


def pointwise_squared_hellinger(pair: Pair) -> Float[Array, "*batch n"]:
    """H^2(p, p') = 1 - sum sqrt(p p') = (1/2) sum (sqrt p - sqrt p')^2 on each input, in [0, 1]."""
    xp = pair.xp
    half_p, half_q = xp.exp(pair.a.log_probabilities / 2), xp.exp(pair.b.log_probabilities / 2)
    if is_balls(half_p):
        return xp.sum(square(half_p - half_q), axis=-1) / 2
    t = log_probability_ratio(pair)
    near = xp.abs(t) < 1.0
    difference = xp.where(near, half_p * xp.expm1(xp.where(near, t, 0.0) / 2), half_p - half_q)
    return xp.sum(square(difference), axis=-1) / 2


def pointwise_jensen_shannon(pair: Pair) -> Float[Array, "*batch n"]:
    """JS(p, p') = (KL(p || q) + KL(p' || q)) / 2, q = (p + p')/2, on each input; in [0, log 2]."""
    xp = pair.xp
    t = log_probability_ratio(pair)
    total: Array = 0.0
    for log_p, sign in ((pair.a.log_probabilities, 1.0), (pair.b.log_probabilities, -1.0)):
        # log(q / p) = log((1 + e^t) / 2) and, seen from p', the same with -t.
        s = sign * t
        if is_balls(s):
            to_mixture = xp.log((1 + xp.exp(s)) / 2)
        else:
            near = xp.abs(s) < 1.0
            calm = xp.where(near, s, 0.0)
            far = xp.maximum(s, xp.zeros_like(s)) + xp.log1p(xp.exp(-xp.abs(s))) - math.log(2.0)
            to_mixture = xp.where(near, xp.log1p(xp.expm1(calm) / 2), far)
        total = total + _exponential_excess(xp, log_p, to_mixture)
    return total / 2


def pointwise_renyi(pair: Pair, alpha: float) -> Float[Array, "*batch n"]:
    """Renyi divergence D_alpha(p || p') on each input; alpha = 1 is KL, alpha = inf the largest log(p / p')."""
    xp = pair.xp
    if alpha == 1.0:
        return pointwise_kl_divergence(pair)
    t = log_probability_ratio(pair)
    if alpha == math.inf:
        return xp.max(-t, axis=-1)
    if alpha < 0.5:  # skew symmetry: avoids KL minus nearly itself
        return alpha / (1.0 - alpha) * pointwise_renyi(pair.swapped, 1.0 - alpha)
    if is_balls(t):
        return xp.log(xp.sum(xp.exp(pair.a.log_probabilities + (1 - alpha) * t), axis=-1)) / (alpha - 1)
    s = _centred_under(pair.a, (1.0 - alpha) * t)
    return pointwise_kl_divergence(pair) + _log_mean_exponential(xp, pair.a.log_probabilities, s) / (alpha - 1.0)


def pointwise_chi_squared(pair: Pair) -> Float[Array, "*batch n"]:
    """chi^2(p || p') = sum (p - p')^2 / p' on each input; inf where it exceeds the float64 range."""
    xp = pair.xp
    log_p, log_q = pair.a.log_probabilities, pair.b.log_probabilities
    if is_balls(log_p):
        return xp.sum(xp.exp(log_q) * square(1 - xp.exp(log_p - log_q)), axis=-1)
    t = log_probability_ratio(pair)
    near = xp.abs(t) < 1.0
    with np.errstate(over="ignore"):
        far = square(xp.exp(log_p - log_q / 2) - xp.exp(log_q / 2))
        terms = xp.where(near, xp.exp(log_q) * square(xp.expm1(-xp.where(near, t, 0.0))), far)
        return xp.sum(terms, axis=-1)


def mean_over_inputs(pointwise: Any, pair: Pair) -> Float[Array, "*batch"]:
    """Average a `pointwise_*` function over inputs, streaming large NumPy inputs in blocks of rows."""
    xp = pair.xp
    rows = max(1, _BLOCK // pair.k)
    if not is_numpy(pair.a.embeddings) or pair.batch or pair.n <= rows:
        return xp.mean(pointwise(pair), axis=-1)
    sums = [np.sum(pointwise(pair.select_rows(slice(i, i + rows)))) for i in range(0, pair.n, rows)]
    return np.asarray(math.fsum(sums) / pair.n)


def _averaged(pointwise: Any, a: Model, b: Model) -> Array:
    return as_result(mean_over_inputs(pointwise, Pair(a, b)))


# --------------------------------------------------------------------------- logit distance


def _frobenius(array: np.ndarray) -> float:
    """Frobenius norm whose squares do not overflow."""
    largest = float(np.max(np.abs(array)))
    return largest * float(np.linalg.norm(array / largest)) if largest > 0 else 0.0


def _second_moments(f: np.ndarray, f2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return F'F, F2'F2 and F'F2, from blocks of rows that are read once and stay in cache."""
    first, second, mixed = 0.0, 0.0, 0.0
    for start in range(0, len(f), _MOMENT_ROWS):
        x, y = f[start : start + _MOMENT_ROWS], f2[start : start + _MOMENT_ROWS]
        first, second, mixed = first + x.T @ x, second + y.T @ y, mixed + x.T @ y
    return first, second, mixed  # type: ignore[return-value]


def _squared_logit_distance_by_moments(pair: Pair) -> float | None:
    """Evaluate the moment form, or None where cancellation would cost it more than four digits."""
    a, b = pair.a, pair.b
    g, h = a.centred_unembeddings, b.centred_unembeddings
    first, second, mixed = _second_moments(a.embeddings, b.embeddings)
    moments = [(g.T @ g, first), (h.T @ h, second)]
    same, other = (float(np.vdot(labels, inputs)) for labels, inputs in moments)
    cross = float(np.vdot(g.T @ h, mixed))
    value = same - 2.0 * cross + other
    # Against the size of the terms summed: the products of moments may themselves cancel.
    terms = sum(_frobenius(labels) * _frobenius(inputs) for labels, inputs in moments)
    return value / pair.n if value > 1e-4 * terms else None


def squared_logit_distance(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Squared logit distance :math:`E\|u(x) - u'(x)\|_2^2`, u the label-centred logits.

    Parameters
    ----------
    a, b
        Two models over the same n inputs and k labels.

    Returns
    -------
    float
        In [0, inf); exactly 0 for identical arrays. The relative error stays below 1e-9 also for nearly equal
        models, with or without an invertible map between them. A float for NumPy input, an array or tensor
        for a batch or for torch.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.

    Notes
    -----
    Unbatched NumPy models go through second moments, tr(Gc'Gc S_ff) - 2 tr(Gc'G'c S_f'f) + tr(G'c'G'c S_f'f'),
    in O((n + k) m^2) time and O(m^2 + k m) memory. Where that would cancel four digits or more, the direct sum
    over inputs is taken instead (see `Pair.logit_difference`), streamed in blocks of rows.

    References
    ----------
    arXiv 2602.15438, "Logit Distance Bounds Representational Similarity" (2026). The moment form is derived here.
    """
    pair = Pair(a, b)
    if is_numpy(a.embeddings) and not pair.batch:
        value = _squared_logit_distance_by_moments(pair)
        if value is not None:
            return value
    return as_result(mean_over_inputs(pointwise_squared_logit_distance, pair))


def logit_distance(a: Model, b: Model, ord: float = 2) -> Float[Array, "*batch"]:
    r"""Logit distance, the :math:`L^p` distance of label-centred logits over inputs and labels.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels.
    ord
        p >= 1 or ``math.inf``: (E sum_y |Delta_y|^p)^(1/p), the largest |Delta_y(x)| for inf. The theorems
        speak of p = 2, whose square is `squared_logit_distance`.

    Returns
    -------
    float
        In [0, inf). For every `ord` a metric on conditional distributions with full support.

    Raises
    ------
    InvalidInput
        If `ord` is below 1 or the models do not match.
    """
    if isinstance(ord, bool) or not isinstance(ord, Real) or not ord >= 1:
        raise InvalidInput(f"ord: expected a number p >= 1 or math.inf, saw {ord!r}")
    if ord != math.inf:  # whole powers stay whole: those of a ball that contains zero are then balls
        ord = int(ord) if float(ord).is_integer() else float(ord)
    if ord == 2:
        squared = squared_logit_distance(a, b)
        return math.sqrt(squared) if isinstance(squared, float) else safe_sqrt(squared)
    pair = Pair(a, b)
    xp, difference = pair.xp, pair.xp.abs(pair.logit_difference)
    if ord == math.inf:
        return as_result(xp.max(difference, axis=(-2, -1)))
    largest = xp.max(difference, axis=(-2, -1), keepdims=True)
    # Powers of numbers in [0, 1] neither over- nor underflow to harm. Any scale is right, also one that balls doubt.
    scale = where_decided(largest > 0, largest, xp.ones_like(largest))
    mean = xp.mean(xp.sum((difference / scale) ** ord, axis=-1), axis=-1)
    if ord == 1:
        return as_result(mean * scale[..., 0, 0])
    if is_balls(mean):
        return scale[..., 0, 0] * xp.root(mean, ord)
    return as_result(scale[..., 0, 0] * xp.where(mean > 0, xp.where(mean > 0, mean, 1.0) ** (1.0 / ord), 0.0))


# --------------------------------------------------------------------------- divergences


def kl_divergence(a: Model, b: Model) -> Float[Array, "*batch"]:
    """KL(a || b) = E_x sum_y p(y|x) log(p(y|x) / p'(y|x)), p from `a`, p' from `b`.

    Returns
    -------
    float
        In [0, inf), in nats; exactly 0 for identical models. Logits up to 1e4 and beyond do not overflow, and
        the value keeps its relative accuracy down to the smallest floats: no nearly equal terms are subtracted.
        Log-ratios are accurate relative to the largest of their input, so digits are lost only where labels of
        vanishing probability differ by a factor of 1e6 or more than the labels that KL rests on.

    References
    ----------
    S. Kullback, R. A. Leibler, "On information and sufficiency" (1951). The evaluation as log1p of a sum of
    non-negative terms is derived here.
    """
    return _averaged(pointwise_kl_divergence, a, b)


def symmetrised_kl(a: Model, b: Model) -> Float[Array, "*batch"]:
    """KL(a || b) + KL(b || a): the sum (Jeffreys), not the mean; in [0, inf), in nats."""
    return _averaged(lambda pair: pointwise_kl_divergence(pair) + pointwise_kl_divergence(pair.swapped), a, b)


def squared_hellinger(a: Model, b: Model) -> Float[Array, "*batch"]:
    """E_x H^2, H^2 = 1 - sum_y sqrt(p p'); in [0, 1]."""
    return _averaged(pointwise_squared_hellinger, a, b)


def hellinger(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Hellinger distance, the root of E_x H^2 with H^2 = 1 - sum_y sqrt(p p'); a metric, in [0, 1]."""
    squared = squared_hellinger(a, b)
    return math.sqrt(squared) if isinstance(squared, float) else safe_sqrt(squared)


def total_variation(a: Model, b: Model) -> Float[Array, "*batch"]:
    """E_x TV(p, p'), TV = (1/2) sum_y |p - p'|; a metric, in [0, 1]."""
    return _averaged(pointwise_total_variation, a, b)


def jensen_shannon(a: Model, b: Model) -> Float[Array, "*batch"]:
    """E_x JS(p, p'), the divergence (its root is the metric), in nats: in [0, log 2]."""
    return _averaged(pointwise_jensen_shannon, a, b)


def chi_squared(a: Model, b: Model) -> Float[Array, "*batch"]:
    """chi^2(a || b) = E_x sum_y (p - p')^2 / p', p from `a`: the second model divides.

    Returns
    -------
    float
        In [0, inf]; inf where the value exceeds the float64 range, which takes log-ratios above 700. Its
        logarithm, ``renyi(a, b, 2)`` on each input, never overflows.
    """
    return _averaged(pointwise_chi_squared, a, b)


def renyi(a: Model, b: Model, alpha: float) -> Float[Array, "*batch"]:
    """E_x D_alpha(p || p') = E_x log(sum_y p^alpha p'^(1 - alpha)) / (alpha - 1), p from `a`.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels.
    alpha
        Order, in (0, inf]; 1 is KL(a || b), inf the largest log(p / p').

    Returns
    -------
    float
        In [0, inf), in nats, non-decreasing in alpha.

    Raises
    ------
    InvalidInput
        If `alpha` is not positive or the models do not match.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, Real) or not alpha > 0:
        raise InvalidInput(f"alpha: expected a positive number or math.inf, saw {alpha!r}")
    return _averaged(lambda pair: pointwise_renyi(pair, float(alpha)), a, b)


def temperature_kl(a: Model, b: Model, temperature: float) -> Float[Array, "*batch"]:
    """T^2 KL(a_T || b_T), both models' logits divided by the temperature T; in [0, inf), in nats.

    Raises
    ------
    InvalidInput
        If `temperature` is not positive and below 1e100 or the models do not match.

    References
    ----------
    G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network" (2015): the factor T^2.
    """
    if isinstance(temperature, bool) or not isinstance(temperature, Real) or not 0 < float(temperature) < _HOTTEST:
        raise InvalidInput(f"temperature: expected a positive finite number below {_HOTTEST:.0e}, saw {temperature!r}")
    return _averaged(lambda pair: pointwise_temperature_kl(pair, float(temperature)), a, b)


def top_label_agreement(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Share of inputs on which both models give the highest probability to the same label; in [0, 1]."""
    pair = Pair(a, b)
    xp = namespace_of(a.embeddings)
    same = xp.argmax(pair.a.centred_logits, axis=-1) == xp.argmax(pair.b.centred_logits, axis=-1)
    return as_result(xp.mean(xp.astype(same, pair.a.centred_logits.dtype), axis=-1))


def flipped(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Share of inputs on which the models give the highest probability to different labels; in [0, 1]."""
    return 1.0 - top_label_agreement(a, b)


def acceptance_rate(a: Model, b: Model) -> Float[Array, "*batch"]:
    """E_x sum_y min(p, p') = 1 - E_x TV: how often a label drawn from one model passes for the other's; in [0, 1].

    References
    ----------
    Y. Leviathan, M. Kalman, Y. Matias, "Fast inference from transformers via speculative decoding" (2023).
    """
    return 1.0 - total_variation(a, b)


# --------------------------------------------------------------------------- log-likelihood variance


def _deviation(values: Array) -> Array:
    xp = namespace_of(values)
    return safe_sqrt(xp.mean(square(values - xp.mean(values, axis=-1, keepdims=True)), axis=-1))


def _scale(row: Array, pivot: Array) -> Array:
    """Standard deviation of a log-ratio; zero where it is rounding of the log-probabilities."""
    deviation = _deviation(row - pivot)
    if is_balls(row):
        return deviation
    xp = namespace_of(row)
    size = xp.maximum(xp.max(xp.abs(row), axis=-1), xp.max(xp.abs(pivot), axis=-1))
    return xp.where(deviation > 8 * _EPS * size, deviation, 0.0)


def llv_part_of(pair: Pair, pivot: int, others: tuple[int, ...], over: str = "inputs") -> Array:
    """Embedding part (``over="inputs"``) or unembedding part (``over="labels"``) of the LLV distance.

    With psi_j the standard deviation, over inputs, of log p(y_j|x) - log p(y_pivot|x), it is the largest over
    j in `others` of the standard deviations of log p(y_j|x)/psi_j - log p'(y_j|x)/psi'_j and of the same for
    the pivot's log-probability. The unembedding part swaps the roles of inputs and labels.
    """
    xp = pair.xp
    first, second = (m.log_probabilities if over == "labels" else m.log_probabilities.mT for m in (pair.a, pair.b))
    parts = []
    for j in others:
        scales = [_scale(rows[..., j, :], rows[..., pivot, :])[..., None] for rows in (first, second)]
        parts += [_deviation(first[..., row, :] / scales[0] - second[..., row, :] / scales[1]) for row in (j, pivot)]
    return xp.max(xp.stack(parts, axis=-1), axis=-1)


def llv_distance(
    a: Model,
    b: Model,
    pivot: int = 0,
    labels: tuple[int, ...] | None = None,
    pivot_input: int = 0,
    inputs: tuple[int, ...] | None = None,
) -> Float[Array, "*batch"]:
    """Log-likelihood variance distance: the larger of an embedding and an unembedding part.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels.
    pivot, labels
        The pivot label and the m other labels J; by default label 0 and labels 1 to m.
    pivot_input, inputs
        The same on the side of inputs.

    Returns
    -------
    float
        In [0, inf), without unit: log-probabilities are standardised.

    Raises
    ------
    InvalidInput
        If a label or an input does not exist or repeats the pivot.
    DegenerateInput
        If a log-ratio that is divided by does not vary.

    References
    ----------
    arXiv 2506.03784 (2025), Definition 4.4; the parts are those of `llv_part_of`.
    """
    pair = Pair(a, b)
    labels = tuple(range(1, min(pair.m, pair.k - 1) + 1)) if labels is None else tuple(labels)
    if pair.n < 2 and inputs is None:
        raise DegenerateInput("a and b: one input has no log-ratio that varies over inputs")
    inputs = tuple(range(1, min(pair.m, pair.n - 1) + 1)) if inputs is None else tuple(inputs)
    _require_indices("labels", pivot, labels, pair.k)
    _require_indices("inputs", pivot_input, inputs, pair.n)
    xp = pair.xp
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [llv_part_of(pair, pivot, labels), llv_part_of(pair, pivot_input, inputs, over="labels")]
    value = xp.maximum(*parts)
    if not bool(xp.isfinite(value).all()):
        raise DegenerateInput(
            "a or b: a log-ratio between pivot and another label (or input) does not vary, so it cannot be standardised"
        )
    return as_result(value)


def _require_indices(name: str, pivot: int, others: tuple[int, ...], size: int) -> None:
    whole = all(isinstance(j, Integral) and 0 <= j < size for j in (pivot, *others))
    if not others or not whole or pivot in others:
        raise InvalidInput(
            f"{name}: expected indices below {size} other than the pivot, saw pivot {pivot} and {others}"
        )
