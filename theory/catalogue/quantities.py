"""Quantities that several theorems speak of, as functions of a pair, batched and in any arithmetic."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, is_balls, is_numpy, namespace_of, square
from theory.claims import Domain
from theory.measures.dissimilarities import squared_subset_errors_of, subset_errors
from theory.measures.distances import mean_over_inputs, pointwise_kl_divergence, pointwise_squared_logit_distance
from theory.measures.similarities import PrincipalAngles, principal_angles
from theory.models import Model, Pair, centre_rows, label_subsets
from theory.statements import Hypothesis, Side

DIMENSIONS_MAY_DIFFER = Domain(equal_dimensions=False)


def squared_distance(pair: Pair) -> Array:
    """d_logit^2."""
    return mean_over_inputs(pointwise_squared_logit_distance, pair)


def distance(pair: Pair) -> Array:
    """d_logit."""
    return root(squared_distance(pair))


def root(value: Array) -> Array:
    """Square root with a finite gradient at zero for torch."""
    from theory.arithmetic.arrays import safe_sqrt

    return safe_sqrt(value)


def kl(pair: Pair) -> Array:
    """KL(p || p'), averaged over inputs."""
    return mean_over_inputs(pointwise_kl_divergence, pair)


def tau(pair: Pair) -> Array:
    """Smallest probability in either model."""
    return pair.xp.exp(pair.log_min_probability)


def ratio(pair: Pair, numerator: int, denominator: int) -> Array | float:
    """Return a rational constant in the arithmetic of the pair: rounded for floats, exact to the ball for balls."""
    if is_balls(pair.a.embeddings):
        return pair.xp.asarray(numerator)[()] / denominator
    return numerator / denominator


def rational(numerator: int, denominator: int = 1) -> Side:
    """Return a rational constant as a side."""
    return lambda pair: ratio(pair, numerator, denominator)


# --------------------------------------------------------------------------- unembeddings


def smallest_unembedding_singular_value(model: Model) -> Array:
    """s_min(Gc): the m-th singular value."""
    return model.unembedding_singular_values[..., model.m - 1]


def largest_unembedding_singular_value(model: Model) -> Array:
    """s_max(Gc)."""
    return model.unembedding_singular_values[..., 0]


def squared_pseudo_inverse_norm(model: Model) -> Array:
    """||pinv(Gc)||_F^2."""
    return model.xp.sum(square(model.unembedding_pseudo_inverse), axis=(-2, -1))


def smallest_pivoted_singular_value(model: Model) -> Array:
    """Return min over pivots and subsets J of s_min(L_J)."""
    return model.xp.min(model.pivoted_singular_values[..., -1], axis=(-2, -1))


def largest_pivoted_singular_value(model: Model) -> Array:
    """Return max over pivots and subsets J of s_max(L_J)."""
    return model.xp.max(model.pivoted_singular_values[..., 0], axis=(-2, -1))


def squared_d_rep(pair: Pair) -> Array:
    """Mean over (m+1)-subsets of E||f - A_S f'||^2; one pair of floats goes the way that inputs cost nothing."""
    if is_numpy(pair.a.embeddings) and not pair.batch:
        return np.asarray(np.mean(subset_errors(pair)))
    return pair.xp.mean(squared_subset_errors_of(pair, label_subsets(pair.k, pair.m + 1)), axis=-1)


def squared_embedding_norm(pair: Pair) -> Array:
    """E||f||^2: what the alignment A = 0 achieves without any theorem."""
    return pair.xp.mean(pair.xp.sum(square(pair.a.embeddings), axis=-1), axis=-1)


_RANK = 1e-9  # relative: float64 knows smaller singular values to fewer than seven digits
_SUBSET_RANK = 1e-7  # relative: where L_S^-1 enters squared, as here, smaller ones leave fewer than two digits

DIVERSE = Hypothesis("diversity", r"\operatorname{rank} G_c = m", lambda pair: pair.a.diversity - _RANK)
BOTH_DIVERSE = Hypothesis(
    "both diverse",
    r"\operatorname{rank} G_c = m,\ \operatorname{rank} G'_c = m'",
    lambda pair: pair.xp.minimum(pair.a.diversity, pair.b.diversity) - _RANK,
)


def _subset_regularity(pair: Pair) -> Array:
    values = pair.a.pivoted_singular_values
    return smallest_pivoted_singular_value(pair.a) / pair.xp.max(values[..., 0], axis=(-2, -1)) - _SUBSET_RANK


SUBSETS_REGULAR = Hypothesis("regular subsets", r"\det L_J \ne 0 \text{ for every } (y_0, J)", _subset_regularity)


def at_least(name: str, latex: str, least: int, of: str) -> Hypothesis:
    """Return the hypothesis that k, m or n is at least a number; its margin is halfway between integers."""
    return Hypothesis(name, latex, lambda pair: constant_like(pair, getattr(pair, of) - least + 0.5))


def exactly(name: str, latex: str, value: int, of: str) -> Hypothesis:
    """Return the hypothesis that k or m is a number."""
    return Hypothesis(name, latex, lambda pair: constant_like(pair, 0.5 if getattr(pair, of) == value else -0.5))


def constant_like(pair: Pair, value: float) -> Array:
    """Return a number with the batch shape of a pair."""
    return pair.xp.full_like(pair.a.embeddings[..., 0, 0], value) if not is_balls(pair.a.embeddings) else value


def positive(name: str, latex: str, quantity: Side, above: float = 0.0) -> Hypothesis:
    """Return the hypothesis that a quantity exceeds a number: zero, or the relative size below which rounding is all."""
    return Hypothesis(name, latex, lambda pair: quantity(pair) - above)


# --------------------------------------------------------------------------- what is left without diversity

ANY_RANK = Domain(equal_dimensions=False, diverse=False)


def full_inverse(matrix: Float[Array, "*batch r c"]) -> Float[Array, "*batch c r"]:
    """Return the pseudo-inverse of a matrix of full rank, tall or wide, by its normal equations."""
    xp = namespace_of(matrix)
    if matrix.shape[-2] >= matrix.shape[-1]:
        return xp.linalg.solve(matrix.mT @ matrix, matrix.mT)
    return xp.linalg.solve(matrix @ matrix.mT, matrix).mT


def generic_inverse(model: Model) -> Float[Array, "*batch m k"]:
    """pinv(Gc) where rank Gc = min(m, k - 1), which balls enclose also when diversity fails for want of labels."""
    if model.k > model.m:
        return model.unembedding_pseudo_inverse
    # Gc Gc^T has the kernel 1, which Gc^T kills again: adding it makes the matrix regular and changes nothing.
    labels = model.centred_unembeddings
    filled = labels @ labels.mT + model.xp.asarray(np.ones((model.k, model.k)))
    return model.xp.linalg.solve(filled, labels).mT


def generic_rank(model: Model) -> int:
    """min(m, k - 1), the rank of almost every Gc."""
    return min(model.m, model.k - 1)


def smallest_generic_singular_value(model: Model) -> Array:
    """Singular value number min(m, k - 1) of Gc: 1 / ||pinv(Gc)||."""
    return model.unembedding_singular_values[..., generic_rank(model) - 1]


def generic_residual(pair: Pair) -> Float[Array, "*batch n m"]:
    """f - A* f' with A* = pinv(Gc) G'c formed and applied, at any rank."""
    aligned = generic_inverse(pair.a) @ pair.b.centred_unembeddings
    return pair.a.embeddings - pair.b.embeddings @ aligned.mT


def generic_error(pair: Pair) -> Array:
    """E||f - A* f'||^2 at any rank; without diversity it is no function of Delta."""
    return pair.xp.mean(pair.xp.sum(square(generic_residual(pair)), axis=-1), axis=-1)


def _genericity(pair: Pair) -> Array:
    values = pair.a.unembedding_singular_values
    return values[..., generic_rank(pair.a) - 1] / values[..., 0] - 1e-6


GENERIC = Hypothesis("generic rank", r"\operatorname{rank} G_c = \min(m, k - 1)", _genericity)

FLOOR = 20  # 1/tau for statements with a fixed number in place of the floor


# --------------------------------------------------------------------------- spectra and correlations


def root_spectrum(model: Model, centred: bool, width: int) -> Float[Array, "*batch width"]:
    """Roots of the leading eigenvalues of E[u u^T] (or Cov u), descending, padded with zeros to `width`."""
    xp, logits = model.xp, centre_rows(model.centred_logits) if centred else model.centred_logits
    values = xp.linalg.svdvals(logits) / (math.sqrt(model.n) if not is_balls(logits) else xp.sqrt(model.n))
    missing = width - values.shape[-1]
    if missing <= 0:
        return values[..., :width]
    return xp.concat([values, xp.zeros_like(logits)[..., 0, :missing]], axis=-1)


def spectrum(model: Model, centred: bool, width: int) -> Float[Array, "*batch width"]:
    """Leading eigenvalues of E[u u^T] (or Cov u), descending, padded with zeros."""
    return square(root_spectrum(model, centred, width))


def angles(pair: Pair, centred: bool) -> PrincipalAngles:
    """Principal angles between the embeddings, centred or not."""
    x, y = pair.a.embeddings, pair.b.embeddings
    return principal_angles(centre_rows(x), centre_rows(y)) if centred else principal_angles(x, y)


def one_minus_mean_cca(pair: Pair, centred: bool = False) -> Array:
    """1 - m_CCA over the first model's m directions, accurate near zero: 1 - cos = sin^2 / (1 + cos)."""
    found = angles(pair, centred)
    m = pair.m
    terms = square(found.sines[..., :m]) / (1 + found.cosines[..., :m])
    return pair.xp.mean(terms, axis=-1)


def full_rank_embeddings(centred: bool) -> Hypothesis:
    """Return the hypothesis that both embeddings have full column rank, which balls need to enclose angles."""

    def margin(pair: Pair) -> Array:
        xp = pair.xp
        shares = []
        for model in (pair.a, pair.b):
            if model.n < model.m + int(centred):
                return constant_like(pair, -1.0)
            values = xp.linalg.svdvals(centre_rows(model.embeddings) if centred else model.embeddings)
            top = values[..., 0]
            shares.append(values[..., model.m - 1] / (top if is_balls(top) else xp.where(top > 0, top, 1.0)))
        return xp.minimum(*shares) - 1e-7

    kind = r"\operatorname{Cov}" if centred else r"E"
    return Hypothesis("full-rank embeddings", rf"{kind}[f f^\top],\ {kind}[f' f'^\top] \text{{ regular}}", margin)


def probe(m: int) -> Float[np.ndarray, " m"]:
    """Return a fixed linear probe w = (1, -1/2, 1, -1/2, ...): any w would do, the theorem is linear in it."""
    return np.where(np.arange(m) % 2 == 0, 1.0, -0.5)


def apply(matrix: Array, vector: Float[np.ndarray, " m"]) -> Array:
    """Return matrix @ vector with a NumPy vector, in the arithmetic of the matrix."""
    xp = namespace_of(matrix)
    return (matrix @ xp.asarray(vector[:, None]))[..., 0]
