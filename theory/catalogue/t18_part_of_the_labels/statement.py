r"""T18: what part of the labels says, and what the logits alone say.

- (a) For a fixed set S of s labels with rank H_S G_S = m, H_S the centring of S and A_S = pinv(H_S G_S) H_S G'_S:

  .. math:: E\|f - A_S f'\|^2 \le E\|H_S \Delta_S\|^2 / s_{\min}(H_S G_S)^2,\qquad
            \operatorname*{mean}_{|S| = s} \|H_S \Delta_S\|^2 = \tfrac{s-1}{k-1} \|\Delta\|^2 .

  So the mean over S of E||f - A_S f'||^2 is at most ((s-1)/(k-1)) d_logit^2 / min_S s_min(H_S G_S)^2: the bound of T2
  without its pivots at s = m + 1, and T3 at s = k.
- (b) Centred logits alone determine embeddings up to a linear map: with V any k x m matrix such that u V has rank m,
  the right singular vectors say, canonical correlations of u V and u' V' are those of f and f', centred or not, and so
  are both sides of T4. `Model.from_logits` makes a model of them.
- (c) For the K likeliest labels S and all others R as one: KL(coarse) <= KL and p(S) KL(p_S || p'_S) <= KL, p_S the
  distribution given S. What is left out is p(R) KL(p_R || p'_R), for which nothing that is seen of S is a bound.

Proof. (a) is T3 for the labels of S; the mean is double counting. (b) u V = f (Gc^T V) and Gc^T V is invertible;
canonical correlations depend on column spaces alone. (c) KL = KL(coarse) + p(R) KL(p_R || p'_R), and no divergence is
negative. All of (c) is pointwise, so S may be another set on each input, chosen in any way.

References
----------
(c) is the chain rule of the relative entropy: T. M. Cover, J. A. Thomas, "Elements of Information Theory" (2006), Theorem
2.5.3. The rest is derived here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import array_api_compat as compat
import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, is_balls, square
from theory.catalogue import examples
from theory.catalogue.quantities import (
    ANY_RANK,
    GENERIC,
    angles,
    full_rank_embeddings,
    generic_error,
    kl,
    one_minus_mean_cca,
    ratio,
    rational,
    smallest_generic_singular_value,
    smallest_unembedding_singular_value,
    spectrum,
    squared_distance,
    squared_embedding_norm,
)
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import moved_along
from theory.claims import Domain
from theory.measures.dissimilarities import squared_alignment_error_of
from theory.measures.distances import log_probability_ratio
from theory.models import Model, Pair, centre_labels, centre_rows, label_subsets
from theory.statements import (
    Ablation,
    ExtremalFamily,
    FalseTwin,
    Hypothesis,
    KnownAnswer,
    Statement,
    Theorem,
    as_floats,
)

_HIDDEN = -1e300  # in place of the log-probability of a label that does not count: e to it is zero
_GUARD = 30.0  # exponents beyond it belong to branches that are not taken
_CALM = 1.0  # log-ratios below it are expanded around zero
_UNSEEN = 1_000_000_000

# --------------------------------------------------------------------------- (a) a set of labels


def restricted(pair: Pair, size: int) -> Pair:
    """Return the pair with its first labels alone; the embeddings are as they were."""
    return Pair(*(Model(model.embeddings, model.unembeddings[..., :size, :]) for model in (pair.a, pair.b)))


def _part(pair: Pair) -> Pair:
    """S: all labels but the last, m + 1 at least."""
    return restricted(pair, max(pair.m + 1, pair.k - 1))


def _part_error(pair: Pair) -> Array:
    return squared_alignment_error_of(_part(pair))


def _over_part(pair: Pair) -> Array:
    part = _part(pair)
    return squared_distance(part) / square(smallest_unembedding_singular_value(part.a))


def _over_all_labels(pair: Pair) -> Array:
    return squared_distance(_part(pair)) / square(smallest_unembedding_singular_value(pair.a))


def _over_generic_part(pair: Pair) -> Array:
    part = _part(pair)
    return squared_distance(part) / square(smallest_generic_singular_value(part.a))


def set_size(pair: Pair) -> int:
    """Return s for the means over all sets of s labels: half-way between m + 1 and k."""
    return (pair.m + 1 + pair.k) // 2


def _sets(pair: Pair) -> np.ndarray:
    return label_subsets(pair.k, set_size(pair))


def _centred_on_sets(pair: Pair) -> Float[Array, "*batch n s size"]:
    """H_S Delta_S on every input, for every set S."""
    return centre_labels(pair.logit_difference[..., _sets(pair)])


def _mean_over_sets(pair: Pair) -> Array:
    return pair.xp.mean(pair.xp.sum(square(_centred_on_sets(pair)), axis=-1), axis=(-2, -1))


def _set_constant(pair: Pair) -> Array | float:
    return ratio(pair, set_size(pair) - 1, pair.k - 1)


def _set_unembeddings(pair: Pair) -> Float[Array, "*batch s size m"]:
    return centre_rows(pair.a.unembeddings[..., _sets(pair), :])


def _set_error(pair: Pair) -> Array:
    """Mean over S of E||f - A_S f'||^2, from f - A_S f' = pinv(H_S G_S) H_S Delta_S."""
    xp = pair.xp
    moved = _centred_on_sets(pair)[..., None]
    inverse = xp.linalg.pinv(_set_unembeddings(pair))[..., None, :, :, :]
    return xp.mean(xp.sum(square((inverse @ moved)[..., 0]), axis=-1), axis=(-2, -1))


def _over_sets(pair: Pair) -> Array:
    values = pair.xp.linalg.svdvals(_set_unembeddings(pair))[..., -1]
    return squared_distance(pair) / square(pair.xp.min(values, axis=-1))


def _regular_sets(pair: Pair) -> Array:
    values, xp = pair.xp.linalg.svdvals(_set_unembeddings(pair)), pair.xp
    return xp.min(values[..., -1], axis=-1) / xp.max(values[..., 0], axis=-1) - 1e-7


# --------------------------------------------------------------------------- (b) logits alone


def _spanning(model: Model, logits: Float[Array, "*batch n k"]) -> Float[Array, "*batch n m"]:
    """Return logits V, V the leading right singular vectors in float64: any V of which u V has rank m would do."""
    rows = np.linalg.svd(as_floats(logits), full_matrices=False)[2][..., : model.m, :]
    basis = np.ascontiguousarray(np.swapaxes(rows, -1, -2))
    return logits @ model.xp.asarray(basis, device=compat.device(logits) if not is_balls(logits) else None)


def _from_logits(pair: Pair) -> Pair:
    """Return the pair with embeddings made of centred logits; the unembeddings do not matter for correlations."""
    a, b = pair.a, pair.b
    return Pair(*(Model(_spanning(model, model.centred_logits), model.unembeddings) for model in (a, b)))


def _from_log_probabilities(pair: Pair) -> Pair:
    a, b = pair.a, pair.b
    return Pair(*(Model(_spanning(model, model.log_probabilities), model.unembeddings) for model in (a, b)))


def _lost(pair: Pair, embeddings: Pair) -> Array:
    """sum_i lambda_i (1 - rho_i^2), centred, lambda of the logits of one pair and rho of the embeddings of another."""
    sines = angles(embeddings, True).sines[..., : pair.m]
    return pair.xp.sum(spectrum(pair.a, True, pair.m) * square(sines), axis=-1)


def _correlation_size(pair: Pair, centred: bool = False) -> Array:
    """What rounding is multiplied by where a model nearly loses a direction."""
    shares = []
    for model in (pair.a, pair.b):
        values = pair.xp.linalg.svdvals(centre_rows(model.embeddings) if centred else model.embeddings)
        shares.append(model.diversity * values[..., model.m - 1] / values[..., 0])
    return 1e3 / pair.xp.minimum(*shares)  # a few hundred roundings, of QR and SVD


def _logit_size(pair: Pair) -> Array:
    return spectrum(pair.a, True, 1)[..., 0] * _correlation_size(pair, centred=True)


# --------------------------------------------------------------------------- (c) the likeliest labels


def likeliest(model: Model, count: int) -> Float[Array, "*batch n k"]:
    """Return 1 for the labels of highest probability on each input and 0 for all others.

    They are told from float64, also in balls: which set is taken there does not matter, as long as it is a set.
    """
    order = np.argsort(-as_floats(model.log_probabilities), axis=-1, kind="stable")[..., :count]
    chosen = np.zeros(model.log_probabilities.shape)
    np.put_along_axis(chosen, order, 1.0, axis=-1)
    if is_balls(model.embeddings):
        return model.xp.asarray(chosen)
    return model.xp.asarray(chosen, device=compat.device(model.embeddings))


def _seen(pair: Pair) -> Float[Array, "*batch n k"]:
    """S: the likelier half of the teacher's labels."""
    return likeliest(pair.a, max(1, pair.k // 2))


def excess_of(pair: Pair, log_p: Array, s: Array) -> Array:
    """Return p (e^s - 1 - s) for every log p and log-ratio s; sums of it are divergences where sum p e^s = sum p."""
    xp = pair.xp
    if is_balls(s):
        return xp.exp(log_p + s) - xp.exp(log_p) * (1 + s)
    near, p = xp.abs(s) < _CALM, xp.exp(log_p)
    calm = xp.where(near, s, 0.0)
    far = xp.exp(xp.minimum(log_p + s, xp.full_like(s, _GUARD))) - p * (1 + s)
    return xp.where(near, p * (xp.expm1(calm) - calm), far)


def _log_mass(pair: Pair, part: Array, log_p: Array) -> Array:
    """Log p(S) on each input."""
    xp = pair.xp
    if is_balls(log_p):
        return xp.log(xp.sum(part * xp.exp(log_p), axis=-1))
    inside = xp.where(part > 0, log_p, _HIDDEN)
    top = xp.max(inside, axis=-1, keepdims=True)
    return top[..., 0] + xp.log(xp.sum(xp.exp(inside - top), axis=-1))


def _log_mass_ratio(pair: Pair, part: Array) -> Array:
    """log(p'(S) / p(S)) on each input, accurate also where it is small."""
    xp, log_p, log_q = pair.xp, pair.a.log_probabilities, pair.b.log_probabilities
    mass = _log_mass(pair, part, log_p)
    plain = _log_mass(pair, part, log_q) - mass
    if is_balls(plain):
        return plain
    given, given_q = (xp.where(part > 0, log - mass[..., None], _HIDDEN) for log in (log_p, log_q))
    t = log_probability_ratio(pair)
    near = xp.abs(t) < _CALM
    far = xp.exp(xp.minimum(given_q, xp.full_like(t, _GUARD))) - xp.exp(given)
    change = xp.sum(xp.where(near, xp.exp(given) * xp.expm1(xp.where(near, t, 0.0)), far), axis=-1)
    # Where the ratio is far from one the logarithms are; the bound keeps the branch not taken finite.
    return xp.where(xp.abs(plain) > 0.5, plain, xp.log1p(xp.maximum(change, xp.full_like(change, -0.9))))


def coarse_divergence(pair: Pair, part: Float[Array, "*batch n k"]) -> Array:
    """KL between the distributions in which all labels outside of a part are one."""
    log_p = pair.a.log_probabilities
    labels = pair.xp.sum(part * excess_of(pair, log_p, log_probability_ratio(pair)), axis=-1)
    others = excess_of(pair, _log_mass(pair, 1 - part, log_p), _log_mass_ratio(pair, 1 - part))
    return pair.xp.mean(labels + others, axis=-1)


def divergence_within(pair: Pair, part: Float[Array, "*batch n k"]) -> Array:
    """p(S) KL(p_S || p'_S), p_S the distribution given that the label is in S, averaged over inputs."""
    log_ratio = log_probability_ratio(pair) - _log_mass_ratio(pair, part)[..., None]
    return pair.xp.mean(pair.xp.sum(part * excess_of(pair, pair.a.log_probabilities, log_ratio), axis=-1), axis=-1)


def _renormalised(pair: Pair) -> Array:
    """KL(p_S || p'_S), averaged over inputs."""
    xp, part = pair.xp, _seen(pair)
    log_ratio = log_probability_ratio(pair) - _log_mass_ratio(pair, part)[..., None]
    given = pair.a.log_probabilities - _log_mass(pair, part, pair.a.log_probabilities)[..., None]
    if not is_balls(given):
        given = xp.where(part > 0, given, _HIDDEN)
    return xp.mean(xp.sum(part * excess_of(pair, given, log_ratio), axis=-1), axis=-1)


def _ratio_size(pair: Pair) -> Array:
    """Size of what cancels in divergences: E sum p |log p'/p|, and a few roundings more for masses."""
    sizes = pair.xp.sum(pair.a.probabilities * pair.xp.abs(log_probability_ratio(pair)), axis=-1)
    return 10 * pair.xp.mean(sizes, axis=-1)


def _unseen_kl(pair: Pair) -> Array:
    """R (1 - t)/(2 e^d + 1 + t) with t = e^-r, for logits (r/2 + d, r/2 + d, r/2, -r/2) and the last two exchanged."""
    xp, logits = pair.xp, pair.a.unembeddings[..., 0]
    r, lead = logits[..., 2] - logits[..., 3], logits[..., 0] - logits[..., 2]
    t = xp.exp(-r)
    return r * (1 - t) / (2 * xp.exp(lead) + 1 + t)


# --------------------------------------------------------------------------- families


def single(first: list[float], second: list[float]) -> Pair:
    """Return two models with one input, whose logits these are."""
    return Pair(*(Model([[1.0]], np.array(logits)[:, None]) for logits in (first, second)))


def unseen(r: float) -> Pair:
    """Return labels seen, with equal probabilities in both models, and two more that are exchanged: KL ~ r/(2e + 1)."""
    top = r / 2 + 1
    return single([top, top, r / 2, -r / 2], [top, top, -r / 2, r / 2])


def _fixed_set_member(_: float) -> Pair:
    labels = np.array([[0.0, 0.0], [4.0, 1.0], [0.0, 1.0], [3.0, 2.0], [1.0, 3.0]])
    left = np.linalg.svd(labels - labels.mean(axis=0))[0]
    pair = moved_along(labels, left[:, 1])
    further = (np.array([[7.0, -2.0]]), np.array([[-1.0, 3.0]]))  # whatever the last label does
    return Pair(
        *(
            Model(model.embeddings, np.vstack([model.unembeddings, label]))
            for model, label in zip((pair.a, pair.b), further, strict=True)
        )
    )


def _coarse_member(_: float) -> Pair:
    """One label is seen, and moves; the others keep their proportions."""
    return single([2.0, 1.0, 0.5], [3.0, 1.0, 0.5])


def _within_member(_: float) -> Pair:
    """Two labels are seen, and exchanged; the others keep their probabilities."""
    return single([3.0, 2.0, 0.5, 0.0], [2.0, 3.0, 0.5, 0.0])


def _by_hand() -> Pair:
    """p = (8, 4, 2, 2)/16 and p' = (4, 8, 1, 3)/16."""
    return single(*([math.log(x) for x in weights] for weights in ((8, 4, 2, 2), (4, 8, 1, 3))))


def _labels_by_hand() -> Pair:
    """m = 1: labels (0, 1, 2) and (0, 1, 3), and a fourth that is not looked at."""
    return Pair(Model([[1.0]], [[0.0], [1.0], [2.0], [9.0]]), Model([[1.0]], [[0.0], [1.0], [3.0], [-5.0]]))


_RANK = full_rank_embeddings(centred=False)
_CENTRED_RANK = full_rank_embeddings(centred=True)
_DIVERSE_BOTH = Hypothesis(
    "both diverse", r"\operatorname{rank} G_c = m,\ \operatorname{rank} G'_c = m'",
    lambda pair: pair.xp.minimum(pair.a.diversity, pair.b.diversity) - 1e-6,
)  # fmt: skip
_PART_RANK = Hypothesis("rank on S", r"\operatorname{rank} H_S G_S = m", lambda pair: _part(pair).a.diversity - 1e-9)
_SETS_RANK = Hypothesis("rank on every S", r"\operatorname{rank} H_S G_S = m \text{ for every } S", _regular_sets)
# Shapes shared by all statements, so that pairs are drawn once; five labels have two that are seen and three that are not.
_LABELS = Domain(dimensions=(1, 2), labels=(3, 5), equal_dimensions=False)
_INPUTS = replace(_LABELS, inputs=(4, 12))  # m + 1, for centred embeddings of full rank
_UNSEEN_FAMILY = tuple(ExtremalFamily(f"exchanged outside, r={r:g}", "", unseen, r) for r in (1.0, 10.0, 100.0, 600.0))

THEOREM = Theorem(
    identifier="T18",
    title="Part of the labels, and logits only",
    source="derived here; (c) is the chain rule of KL",
    summary="Some of the labels align embeddings too, logits alone compare them, and the top labels see KL from below.",
    statements=(
        Statement(
            "fixed_set",
            r"E\|f - A_S f'\|^2 \le E\|H_S \Delta_S\|^2 / s_{\min}(H_S G_S)^2",
            lhs=_part_error,
            envelope=_over_part,
            hypotheses=(_PART_RANK,),
            domain=_LABELS,
            sharp=(ExtremalFamily(
                "k=6, |S|=5, m=2", "on S: f' = f, G' = G - v a^T, v the last left singular vector", _fixed_set_member, 1.0,
            ),),
            trivial=squared_embedding_norm,
        ),
        Statement(
            "mean_over_sets",
            r"\operatorname*{mean}_{|S| = s} E\|H_S \Delta_S\|^2 = \tfrac{s-1}{k-1}\, d_\mathrm{logit}^2",
            lhs=_mean_over_sets, constant=_set_constant, envelope=squared_distance, relation="=",
            domain=_LABELS, enumerates="labels",
        ),
        Statement(
            "mean_error_over_sets",
            r"\operatorname*{mean}_{|S| = s} E\|f - A_S f'\|^2"
            r" \le \tfrac{s-1}{k-1}\, d_\mathrm{logit}^2 / \min_S s_{\min}(H_S G_S)^2",
            lhs=_set_error, constant=_set_constant, envelope=_over_sets, hypotheses=(_SETS_RANK,), domain=_LABELS,
            trivial=squared_embedding_norm, enumerates="labels and inputs",
        ),
        Statement(
            "correlations_from_logits",
            r"1 - m_\mathrm{CCA}(u V, u' V') = 1 - m_\mathrm{CCA}(f, f')",
            lhs=lambda pair: one_minus_mean_cca(_from_logits(pair)), envelope=one_minus_mean_cca, relation="=",
            hypotheses=(_RANK, _DIVERSE_BOTH), domain=_INPUTS, cancelled=_correlation_size,
        ),
        Statement(
            "weighted_loss_from_logits",
            r"\sum_i \lambda_i^c (1 - \rho_i^c(u V, u' V')^2) = \sum_i \lambda_i^c (1 - \rho_i^c(f, f')^2)",
            lhs=lambda pair: _lost(pair, _from_logits(pair)), envelope=lambda pair: _lost(pair, pair), relation="=",
            hypotheses=(_CENTRED_RANK, _DIVERSE_BOTH), domain=_INPUTS, cancelled=_logit_size,
        ),
        Statement(
            "chain_rule",
            r"\mathrm{KL} = \mathrm{KL}(\text{coarse}) + E\, p(R)\, \mathrm{KL}(p_R \| p'_R)",
            lhs=kl, relation="=", domain=_LABELS, cancelled=_ratio_size,
            envelope=lambda pair: coarse_divergence(pair, _seen(pair)) + divergence_within(pair, 1 - _seen(pair)),
        ),
        Statement(
            "coarse",
            r"\mathrm{KL}(\text{coarse}) \le \mathrm{KL}",
            lhs=lambda pair: coarse_divergence(pair, _seen(pair)), envelope=kl, domain=_LABELS, cancelled=_ratio_size,
            sharp=(ExtremalFamily("k=3", "the labels that are not seen keep their proportions", _coarse_member, 1.0),),
        ),
        Statement(
            "within_the_top",
            r"E\, p(S)\, \mathrm{KL}(p_S \| p'_S) \le \mathrm{KL}",
            lhs=lambda pair: divergence_within(pair, _seen(pair)), envelope=kl, domain=_LABELS, cancelled=_ratio_size,
            sharp=(ExtremalFamily("k=4", "the labels that are seen are exchanged, the others stay", _within_member, 1.0),),
        ),
        Statement(
            "unseen_divergence",
            r"\text{exchanged outside: } \mathrm{KL} = \frac{r\,(1 - e^{-r})}{2 e + 1 + e^{-r}} \to \infty",
            lhs=kl, envelope=_unseen_kl, relation="=", specimens=_UNSEEN_FAMILY,
        ),
        Statement(
            "nothing_is_seen",
            r"\text{exchanged outside: } \mathrm{KL}(\text{coarse}) = 0 \le 10^{-9}\, \mathrm{KL}",
            lhs=lambda pair: coarse_divergence(pair, _seen(pair)), constant=rational(1, _UNSEEN), envelope=kl,
            specimens=_UNSEEN_FAMILY,
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "renormalised_top",
                r"E\, \mathrm{KL}(p_S \| p'_S) \le \mathrm{KL}",
                lhs=_renormalised, envelope=kl, domain=_LABELS, cancelled=_ratio_size,
            ),
            "Renormalised, what happens on S counts as if S had all the mass: the weight p(S) is needed.",
            partial(_within_member, 1.0),
        ),
        FalseTwin(
            Statement(
                "bounded_by_the_top",
                r"\mathrm{KL} \le 1000\, \mathrm{KL}(\text{coarse})",
                lhs=kl, constant=rational(1000), domain=_LABELS,
                envelope=lambda pair: coarse_divergence(pair, _seen(pair)),
            ),
            "Labels that are not seen can be exchanged among themselves: KL grows with their log-ratio, and nothing is seen.",
            partial(unseen, 10.0),
        ),
        FalseTwin(
            Statement(
                "share_of_labels",
                r"\operatorname*{mean}_{|S| = s} E\|H_S \Delta_S\|^2 = \tfrac{s}{k}\, d_\mathrm{logit}^2",
                lhs=_mean_over_sets, constant=lambda pair: ratio(pair, set_size(pair), pair.k), envelope=squared_distance,
                relation="=", domain=replace(_LABELS, labels=(4, 5)), enumerates="labels",
            ),
            "Centring on S costs one direction of s, as centring on all labels costs one of k.",
        ),
        FalseTwin(
            Statement(
                "all_labels_for_some",
                r"E\|f - A_S f'\|^2 \le E\|H_S \Delta_S\|^2 / s_{\min}(G_c)^2",
                lhs=_part_error, envelope=_over_all_labels, hypotheses=(_PART_RANK,),
                domain=replace(_LABELS, labels=(4, 5)),
            ),
            "Labels that are left out may be those that a direction of the embeddings is seen by.",
        ),
        FalseTwin(
            Statement(
                "correlations_from_log_probabilities",
                r"1 - m_\mathrm{CCA}(\log p\, V, \log p'\, V') = 1 - m_\mathrm{CCA}(f, f')",
                lhs=lambda pair: one_minus_mean_cca(_from_log_probabilities(pair)), envelope=one_minus_mean_cca,
                relation="=", hypotheses=(_RANK, _DIVERSE_BOTH), domain=_INPUTS, cancelled=_correlation_size,
            ),
            "Log-probabilities carry the log-partition, a direction that no embedding has, until they are centred.",
        ),
        FalseTwin(
            Statement(
                "five_percent_less",
                r"E\|f - A_S f'\|^2 \le 0.95\, E\|H_S \Delta_S\|^2 / s_{\min}(H_S G_S)^2",
                lhs=_part_error, constant=rational(19, 20), envelope=_over_part, hypotheses=(_PART_RANK,),
                domain=replace(_LABELS, dimensions=(2, 2), labels=(4, 5)),
            ),
            "The constant is sharp for every set of labels.",
        ),
    ),
    known_answers=(
        KnownAnswer("labels (0, 1, 2) and (0, 1, 3), f = f' = 1: A_S = 3/2, squared error", ".250000",
                    lambda: float(_part_error(_labels_by_hand())), "by hand"),
        KnownAnswer("its bound: Delta_S = (1, 1, -2)/3 of square 2/3, over s_min^2 = 2", ".333333",
                    lambda: float(_over_part(_labels_by_hand())), "by hand"),
        KnownAnswer("Delta = (1, -1, 0, 0), three labels of four: mean of 2, 2, 2/3, 2/3", "1.333333",
                    lambda: float(_mean_over_sets(single([1.0, -1.0, 0.0, 0.0], [0.0] * 4))), "by hand"),
        KnownAnswer("p = (8, 4, 2, 2)/16, p' = (4, 8, 1, 3)/16: KL = log(2)/4 + log(4/3)/8", ".209247",
                    lambda: float(kl(_by_hand())), "by hand"),
        KnownAnswer("its coarse part, 1/4 left out on both sides: log(2)/4", ".173287",
                    lambda: float(coarse_divergence(_by_hand(), _seen(_by_hand()))), "by hand"),
        KnownAnswer("given the top two, (2, 1)/3 and (1, 2)/3: 3/4 of log(2)/3", ".173287",
                    lambda: float(divergence_within(_by_hand(), _seen(_by_hand()))), "by hand"),
        KnownAnswer("the same, renormalised: log(2)/3", ".231049", lambda: float(_renormalised(_by_hand())), "by hand"),
        KnownAnswer("smallest family at c = 3, from logits: 1 - 2c/(1 + c^2)", ".400000",
                    lambda: float(one_minus_mean_cca(_from_logits(examples.smallest(2.0, 3.0)))), "derived here"),
        KnownAnswer("pentagon, from logits: every correlation is zero", "1.000000",
                    lambda: float(one_minus_mean_cca(_from_logits(examples.pentagon(3.0)))), "derived here"),
        KnownAnswer("exchanged outside at r = 10: 10 (1 - e^-10)/(2e + 1 + e^-10)", "1.55354",
                    lambda: float(kl(unseen(10.0))), "by hand"),
    ),
)  # fmt: skip

THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "rank on S",
            Statement(
                "set_of_any_rank",
                r"E\|f - A_S f'\|^2 \le E\|H_S \Delta_S\|^2 / s_+(H_S G_S)^2,\ |S| \text{ any}",
                lhs=lambda pair: generic_error(_part(pair)), envelope=_over_generic_part,
                hypotheses=(Hypothesis(
                    "generic rank on S", r"\operatorname{rank} H_S G_S = \min(m, |S| - 1)",
                    lambda pair: GENERIC.margin(_part(pair)),
                ),),
                domain=ANY_RANK,
            ),
            "With m labels or fewer a direction of the embeddings is orthogonal to all differences of labels that are seen.",
        ),
        THEOREM.ablation_by_twin("the set's own s_min", "all_labels_for_some"),
        THEOREM.ablation_by_twin("centring over labels", "correlations_from_log_probabilities"),
        THEOREM.ablation_by_twin("weight p(S)", "renormalised_top"),
    ),
)  # fmt: skip
