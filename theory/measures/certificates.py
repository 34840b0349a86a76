r"""What closeness in KL certifies, input by input and without any floor on probabilities.

With :math:`p_1 \ge p_2` the two largest probabilities of a model on an input, its *flip threshold* is the least
divergence of a distribution whose top label is another one, or tied: a student below it names the same label. A mean
alone bounds how many inputs can be flipped, since the thresholds of all that are must be paid for. Beside them stand
two distances that KL bounds without a floor: the variance of the logit difference under the first model, and the
distance of logarithms clipped from below.

Notes
-----
Everything is a function of u_(i) - u_(1), the logits in descending order less the largest: with g = u_(1) - u_(2) and
s = p_1 + p_2, the power mean M_a of p_1 and p_2 is s/2 e^L, L = log cosh(a g/2)/a - log cosh(g/2). No nearly equal
numbers are subtracted, save in u_(1) - u_(2) itself, which is formed in twice the precision where it is small.

References
----------
Derived here; the threshold of KL(p || p') is also in arXiv 2606.30265.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from types import MappingProxyType
from typing import Any

import array_api_compat as compat
import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, as_result, indicator, is_balls, namespace_of, safe_sqrt, square
from theory.arithmetic.compensated import compensated_matmul
from theory.errors import InvalidInput
from theory.measures.distances import (
    kl_divergence,
    log_probability_ratio,
    mean_over_inputs,
    pointwise_kl_divergence,
)
from theory.models import Model, Pair

_CANCELLATION = 1e-4  # a gap that keeps this share of its terms' size has lost at most four digits of sixteen
_SLACK = 1e-9  # relative accuracy of divergences and thresholds: certificates give it away, so that none is wrong


# --------------------------------------------------------------------------- logits in descending order


def logit_falls(model: Model) -> Float[Array, "*batch n k"]:
    """u_(i) - u_(1) on each input, u_(1) >= u_(2) >= ... the logits in descending order: zero first.

    u_(2) - u_(1) is accurate relative to its own size, however small.
    """
    xp = model.xp
    ordered = xp.sort(model.centred_logits, axis=-1, descending=True)
    falls = ordered - ordered[..., :1]
    if is_balls(falls):
        return falls
    norm = xp.linalg.vector_norm
    terms = norm(model.embeddings, axis=-1) * norm(model.centred_unembeddings, axis=(-2, -1), keepdims=True)[..., 0]
    lost = _detached(-falls[..., 1] < _CANCELLATION * terms)
    if not lost.any():
        return falls
    inputs = np.flatnonzero(lost.reshape(-1, model.n).any(axis=0))
    exact = _detached(falls).copy()
    exact[..., inputs, :] = _compensated_falls(model.select_rows(inputs))
    if not compat.is_torch_array(falls):
        return exact
    # The value is the compensated one; the gradient is that of the plain formula.
    return xp.asarray(exact, device=compat.device(falls)) + (falls - falls.detach())


def _compensated_falls(model: Model) -> Float[np.ndarray, "*batch n k"]:
    high, low = compensated_matmul(_detached(model.embeddings), _detached(model.unembeddings))
    # A common shift of the labels cancels exactly enough: the products themselves are held in twice the precision.
    top = np.argmax(high + low, axis=-1)[..., None]
    falls = (high - np.take_along_axis(high, top, axis=-1)) + (low - np.take_along_axis(low, top, axis=-1))
    falls = np.flip(np.sort(falls, axis=-1), axis=-1)
    return np.asarray(falls - falls[..., :1])  # the first is zero, or what rounding put above it


def _detached(array: Array) -> np.ndarray:
    return np.asarray(array.detach().cpu() if compat.is_torch_array(array) else array)


def _log_top(falls: Array) -> Array:
    """log p_1."""
    xp = namespace_of(falls)
    return -xp.log1p(xp.sum(xp.exp(falls[..., 1:]), axis=-1))


def _log_share(falls: Array) -> Array:
    """log(1 + p_2/p_1), so that log s = log p_1 + this."""
    xp = namespace_of(falls)
    return xp.log1p(xp.exp(falls[..., 1]))


def _log_two(like: Array) -> Array | float:
    return namespace_of(like).log(like * 0 + 2) if is_balls(like) else math.log(2.0)


def _log_cosh(z: Array) -> Array:
    """Log cosh z for z >= 0, accurate relative to its own size."""
    xp = namespace_of(z)
    if is_balls(z):
        return z + xp.log1p(xp.exp(-2 * z)) - _log_two(z)
    near = z < 1.0
    calm = xp.where(near, z, 0.5)
    return xp.where(near, xp.log1p(2.0 * square(xp.sinh(calm / 2))), z + xp.log1p(xp.exp(-2.0 * z)) - _log_two(z))


def _log_mass(falls: Array, exponent: Array) -> Array:
    """log Z, Z = 1 + s (e^L - 1): the mass left when both top probabilities become s/2 e^L."""
    xp = namespace_of(falls)
    both = _log_share(falls) + exponent
    others = falls[..., 2:]
    if is_balls(falls):
        rest = xp.sum(xp.exp(others), axis=-1) if others.shape[-1] else 0
        return _log_top(falls) + xp.log(xp.exp(both) + rest)
    step = xp.exp(_log_top(falls) + _log_share(falls)) * xp.expm1(exponent)
    near = step > -0.5
    # No exponent is positive: L >= -g/2, and every other logit is at least g below the largest.
    far = _log_top(falls) + both + xp.log1p(xp.sum(xp.exp(others - both[..., None]), axis=-1))
    return xp.where(near, xp.log1p(xp.where(near, step, 0.0)), far)


# --------------------------------------------------------------------------- flip thresholds


def _coin_kl(gap: Array) -> Array:
    """KL of a coin with log-odds g >= 0 from a fair one: log 2 - g/(1 + e^g) - log(1 + e^-g)."""
    xp = namespace_of(gap)
    if is_balls(gap):
        return _log_two(gap) - gap / (1 + xp.exp(gap)) - xp.log1p(xp.exp(-gap))
    near = gap < 1.0
    calm = xp.where(near, gap, 0.5)
    bias = xp.tanh(calm / 2)
    # (g tanh(g/2) + log(1 - tanh(g/2)^2))/2 subtracts half of its first term, no more.
    close = (calm * bias + xp.log1p(-square(bias))) / 2
    tail = xp.exp(-gap)
    return xp.where(near, close, _log_two(gap) - gap * tail / (1.0 + tail) - xp.log1p(tail))


def _kl_threshold(falls: Array) -> Array:
    return namespace_of(falls).exp(_log_top(falls) + _log_share(falls)) * _coin_kl(-falls[..., 1])


def _reversed_kl_threshold(falls: Array) -> Array:
    return -_log_mass(falls, -_log_cosh(-falls[..., 1] / 2))


def _power_mean_exponent(gap: Array, alpha: float) -> Array:
    """L with M_a = s/2 e^L, M_a the power mean of the two largest probabilities."""
    return _log_cosh(gap * alpha / 2) / alpha - _log_cosh(gap / 2)


def _squared_hellinger_threshold(falls: Array) -> Array:
    return -namespace_of(falls).expm1(_log_mass(falls, _power_mean_exponent(-falls[..., 1], 0.5)) / 2)


def top_probability_lead(model: Model) -> Float[Array, "*batch n"]:
    """p_1 - p_2 on each input, in [0, 1]."""
    return _lead_of(logit_falls(model))


def _lead_of(falls: Array) -> Array:
    xp = namespace_of(falls)
    return -xp.exp(_log_top(falls)) * xp.expm1(falls[..., 1])


_THRESHOLDS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "kl": _kl_threshold,
        "reversed_kl": _reversed_kl_threshold,
        "squared_hellinger": _squared_hellinger_threshold,
        "total_variation": lambda falls: _lead_of(falls) / 2,
        "squared_logit": lambda falls: square(falls[..., 1]) / 2,
    }
)


def flip_threshold(model: Model, divergence: str = "kl") -> Float[Array, "*batch n"]:
    r"""Least divergence from the model, on each input, of a distribution whose top label is another one, or tied.

    Parameters
    ----------
    model
        The teacher, with distribution p; p_1 >= p_2 are its two largest probabilities on an input.
    divergence
        The divergence of a student p' from it:

        - ``"kl"``, KL(p || p'): p_1 log(2 p_1/(p_1 + p_2)) + p_2 log(2 p_2/(p_1 + p_2));
        - ``"reversed_kl"``, KL(p' || p): -log(1 - (sqrt p_1 - sqrt p_2)^2);
        - ``"squared_hellinger"``, H^2: 1 - sqrt(1 - (sqrt p_1 - sqrt p_2)^2/2);
        - ``"total_variation"``, TV: (p_1 - p_2)/2;
        - ``"squared_logit"``, ||Delta||^2: log(p_1/p_2)^2/2.

    Returns
    -------
    array
        One value an input, >= 0; zero exactly where two labels tie for the top. All are attained. Accurate to 1e-9
        relative and better, also where p_1 is within rounding of 1, or of p_2.

    Raises
    ------
    InvalidInput
        If `model` is no model or there is no such divergence.

    References
    ----------
    Theorem T14 of the catalogue, derived here; that of KL(p || p') also in arXiv 2606.30265.
    """
    _require_model(model)
    if not isinstance(divergence, str) or divergence not in _THRESHOLDS:
        raise InvalidInput(f"divergence: expected one of {', '.join(_THRESHOLDS)}, saw {divergence!r}")
    return _THRESHOLDS[divergence](logit_falls(model))


def renyi_flip_threshold(model: Model, alpha: float) -> Float[Array, "*batch n"]:
    r"""Least Renyi divergence D_alpha(p || p') of a distribution whose top label is another one, or tied.

    .. math:: \frac{\alpha}{\alpha - 1} \log(1 - p_1 - p_2 + 2 M_\alpha),\qquad
              M_\alpha = \big(\tfrac12 (p_1^\alpha + p_2^\alpha)\big)^{1/\alpha},

    attained where both top labels move to their power mean and all are scaled to sum to one. At order one it is the
    threshold of KL(p || p'), at infinity log(1 + p_1 - p_2), and divided by alpha it tends to that of KL(p' || p) as
    alpha falls to zero.

    Parameters
    ----------
    model
        The teacher.
    alpha
        Order, in (0, inf].

    Returns
    -------
    array
        One value an input, >= 0, in nats. Within 1e-7 of order one, save at one itself, digits are lost.

    Raises
    ------
    InvalidInput
        If `model` is no model or `alpha` is not positive.

    References
    ----------
    Theorem T14 of the catalogue, derived here.
    """
    _require_model(model)
    if isinstance(alpha, bool) or not isinstance(alpha, Real) or not alpha > 0:
        raise InvalidInput(f"alpha: expected a positive number or math.inf, saw {alpha!r}")
    falls, order = logit_falls(model), float(alpha)
    if order == 1.0:
        return _kl_threshold(falls)
    if order == math.inf:
        return namespace_of(falls).log1p(_lead_of(falls))
    return _log_mass(falls, _power_mean_exponent(-falls[..., 1], order)) * order / (order - 1.0)


def _require_model(model: object) -> None:
    if not isinstance(model, Model):
        raise InvalidInput(f"model: expected a Model, saw {type(model).__name__}")


# --------------------------------------------------------------------------- certificates


def pointwise_certified(pair: Pair) -> Float[Array, "*batch n"]:
    """1 on inputs with KL(p || p') below the first model's threshold or the second's reversed one, else 0."""
    threshold = pair.xp.maximum(flip_threshold(pair.a), flip_threshold(pair.b, "reversed_kl"))
    return indicator(threshold - _with_slack(pointwise_kl_divergence(pair)))


def _with_slack(value: Array) -> Array:
    """Enlarge a float by what rounding may have taken from it; a ball knows its own."""
    return value if is_balls(value) else value * (1.0 + _SLACK)


def pointwise_disagreement(pair: Pair) -> Float[Array, "*batch n"]:
    """1 on inputs whose top label is not strictly the same in both models, else 0; a tie is a disagreement."""
    first, second = (indicator(label_leads(model.centred_logits)) for model in (pair.a, pair.b))
    return 1 - pair.xp.sum(first * second, axis=-1)


def label_leads(logits: Float[Array, "*batch n k"]) -> Float[Array, "*batch n k"]:
    """How far each label's logit leads the best of the others: positive for the top label alone."""
    xp = namespace_of(logits)
    if not is_balls(logits):
        ordered = xp.sort(logits, axis=-1)
        return logits - xp.where(logits == ordered[..., -1:], ordered[..., -2:-1], ordered[..., -1:])
    others = [xp.concat([logits[..., :y], logits[..., y + 1 :]], axis=-1) for y in range(logits.shape[-1])]
    return xp.stack([logits[..., y] - xp.max(rest, axis=-1) for y, rest in enumerate(others)], axis=-1)


def certified_agreement(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Share of inputs on which KL(p || p') alone proves that both models name the same top label.

    An input is certified where KL(p || p') < max(kappa(p), rho(p')), kappa the flip threshold of KL for the first model
    and rho that of the reversed KL for the second: no distribution with another top label is that close to either.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; p from `a`, p' from `b`.

    Returns
    -------
    float
        In [0, 1], never above the share of inputs on which the top labels do agree. A float for NumPy input, an array
        or tensor for a batch or for torch.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.

    References
    ----------
    Theorem T14 of the catalogue, derived here.
    """
    return as_result(mean_over_inputs(pointwise_certified, Pair(a, b)))


def affordable_share(costs: Float[Array, "*batch n"], mean: Array | float) -> Float[Array, "*batch"]:
    """Largest share of inputs whose costs, cheapest first, sum to no more than n times the mean.

    Rounding errs on the side of more inputs, and of more than one answer where balls cannot tell.

    Raises
    ------
    InvalidInput
        If the mean is negative or not a number.
    """
    if not is_balls(costs) and not bool((_detached(mean) >= 0).all()):
        raise InvalidInput(f"mean: expected numbers >= 0, saw {mean!r}")
    xp = namespace_of(costs)
    budget = mean * costs.shape[-1]
    spent = _cumulative(xp.sort(costs, axis=-1))
    if getattr(budget, "ndim", 0):
        budget = budget[..., None]
    return 1 - xp.mean(indicator(spent - (budget if is_balls(costs) else _with_slack(budget))), axis=-1)


def _cumulative(values: Array) -> Array:
    return np.cumsum(values, axis=-1) if is_balls(values) else namespace_of(values).cumulative_sum(values, axis=-1)


def disagreement_bound(model: Model, mean: Array | float, divergence: str = "kl") -> Float[Array, "*batch"]:
    """Bound on the share of inputs on which a student names another top label, from its mean divergence alone.

    Each flipped input costs at least its threshold, so the N that are cost at least the N smallest: the bound is the
    largest N/n whose thresholds, sorted ascending, sum to no more than n times the mean.

    Parameters
    ----------
    model
        The teacher.
    mean
        Mean over inputs of the student's divergence from it, >= 0; for a batch, one for each model.
    divergence
        Which one: as for `flip_threshold`.

    Returns
    -------
    float
        In [0, 1]; sharp for every teacher and every number of flips.

    Raises
    ------
    InvalidInput
        If `model` is no model, there is no such divergence, or the mean is negative or not a number.

    References
    ----------
    Theorem T14 of the catalogue, derived here.
    """
    return as_result(affordable_share(flip_threshold(model, divergence), mean))


def disagreement_bound_from_kl(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Bound on the share of inputs on which the top labels differ, from the mean of KL(a || b) alone.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; `a` is the teacher.

    Returns
    -------
    float
        In [0, 1]; `disagreement_bound` of the teacher and its mean KL.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.

    References
    ----------
    Theorem T14 of the catalogue, derived here.
    """
    return disagreement_bound(a, kl_divergence(a, b))


def rms_probability_change(a: Model, b: Model) -> Float[Array, "*batch"]:
    """Root of E (p - p')^2 at the first model's top label: by how much its confidence differs; in [0, 1]."""
    squared = as_result(mean_over_inputs(_squared_probability_change, Pair(a, b)))
    return math.sqrt(squared) if isinstance(squared, float) else safe_sqrt(squared)


def _squared_probability_change(pair: Pair) -> Float[Array, "*batch n"]:
    xp, p, q = pair.xp, pair.a.probabilities, pair.b.probabilities
    if is_balls(p):
        return xp.sum(indicator(label_leads(pair.a.centred_logits)) * square(p - q), axis=-1)
    t = log_probability_ratio(pair)
    near = xp.abs(t) < 1.0
    change = xp.where(near, p * xp.expm1(xp.where(near, t, 0.0)), q - p)
    return xp.sum(xp.where(pair.a.top_label, square(change), 0.0), axis=-1)


# --------------------------------------------------------------------------- two distances that KL bounds


def _under(model: Model, values: Float[Array, "*batch n k"]) -> Float[Array, "*batch n k"]:
    """Subtract the mean under the model's distribution, without cancellation on the label where p is near 1."""
    xp = model.xp
    if not is_balls(values):
        values = values - xp.sum(xp.where(model.top_label, values, 0.0), axis=-1, keepdims=True)
    return values - xp.sum(model.probabilities * values, axis=-1, keepdims=True)


def pointwise_variance(model: Model, values: Float[Array, "*batch n k"]) -> Float[Array, "*batch n"]:
    """Variance over labels of `values` under the model's distribution, on each input."""
    return model.xp.sum(model.probabilities * square(_under(model, values)), axis=-1)


def pointwise_squared_fisher_distance(pair: Pair) -> Float[Array, "*batch n"]:
    """Var_p(Delta) on each input, p the first model's distribution."""
    return pointwise_variance(pair.a, pair.logit_difference)


def squared_fisher_distance(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Squared logit distance in the first model's Fisher geometry, E Var_p(Delta).

    What KL sees of the logit difference: E Var_p(Delta) <= (2 + R) KL(p || p'), R the largest oscillation of Delta on
    any input, without a floor on probabilities.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; p from `a`.

    Returns
    -------
    float
        In [0, inf); zero only if the distributions agree, and exactly for identical models. Not symmetric.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.

    References
    ----------
    Theorem T15 of the catalogue, derived here.
    """
    return as_result(mean_over_inputs(pointwise_squared_fisher_distance, Pair(a, b)))


def fisher_bound(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Bound (2 + R) KL(a || b) on the squared Fisher distance, R the largest range of Delta over labels on any input.

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; p from `a`.

    Returns
    -------
    float
        In [0, inf), never below `squared_fisher_distance`, to rounding.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.

    References
    ----------
    Theorem T15 of the catalogue, derived here.
    """
    pair = Pair(a, b)
    xp, difference = pair.xp, pair.logit_difference
    ranges = xp.max(difference, axis=-1) - xp.min(difference, axis=-1)
    return as_result((2 + xp.max(ranges, axis=-1)) * mean_over_inputs(pointwise_kl_divergence, pair))


def pointwise_squared_clipped_distance(pair: Pair, floor: Array | float) -> Float[Array, "*batch n"]:
    """Sum over labels of (log max(p, floor) - log max(p', floor))^2 on each input."""
    xp, low = pair.xp, _log_of(floor, pair)
    first, second = pair.a.log_probabilities, pair.b.log_probabilities
    clipped = xp.maximum(first, low + 0 * first) - xp.maximum(second, low + 0 * second)
    if not is_balls(first):
        clipped = xp.where((first >= low) & (second >= low), log_probability_ratio(pair), clipped)
    return xp.sum(square(clipped), axis=-1)


def _log_of(floor: Any, pair: Pair) -> Any:
    if is_balls(pair.a.embeddings):
        return pair.xp.log(pair.xp.asarray(floor))
    return math.log(floor)


def squared_clipped_distance(a: Model, b: Model, floor: float) -> Float[Array, "*batch"]:
    r"""Squared distance of log-probabilities clipped from below, E sum_y (log max(p, eps) - log max(p', eps))^2.

    KL bounds it for every floor, with no hypothesis on the models: it is at most (2/eps) KL(p || p').

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels.
    floor
        eps, between 0 and 1: what is less probable counts as this probable.

    Returns
    -------
    float
        In [0, inf); exactly 0 for identical models, and for models that differ on labels below the floor alone.
        Its root is a pseudo-metric.

    Raises
    ------
    InvalidInput
        If `floor` does not lie between 0 and 1 or the models have different inputs or labels.

    References
    ----------
    Theorem T15 of the catalogue, derived here.
    """
    if isinstance(floor, bool) or not isinstance(floor, Real) or not 0 < floor < 1:
        raise InvalidInput(f"floor: expected a number between 0 and 1, saw {floor!r}")
    return as_result(mean_over_inputs(lambda pair: pointwise_squared_clipped_distance(pair, float(floor)), Pair(a, b)))
