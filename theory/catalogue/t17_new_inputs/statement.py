r"""T17: what the inputs that were seen say about new ones, whatever their distribution.

Inputs are exchangeable. The alignment A* depends on the two heads alone, so every score s(x) that is made of both models
(||Delta||, KL, ||f - A* f'||) is exchangeable too.

(a) With j = ceil((n + 1)(1 - alpha)), a new score is at most s_(j), the j-th smallest of n, with probability at least
    1 - alpha. Of N = n + 1 inputs each is the new one equally often, so this is a statement about finite populations:
    the share of inputs that exceed the j-th smallest score of the others is at most alpha. Without ties it is more than
    alpha - 1/N: the promise is not loose.
(b) With j the least rank for which P(Bin(n, 1 - alpha) >= j) <= delta, and n independent draws, a share of at least
    1 - alpha of the population lies at or below s_(j), with confidence 1 - delta.
(c) The interval of Clopper and Pearson holds the share of inputs with a property with confidence 1 - delta.
(d) Groups (documents, patients) are exchangeable where their inputs are not: (a) with a score of the group.

Statements are about the inputs of a pair as the whole population, at alpha = 1/4; (b) with 20 draws and delta = 1/16,
(c) with 4 draws and delta = 1/8. Their probabilities are polynomials in shares of inputs, so that nothing is simulated.

Proof. (a) Of the inputs that exceed, the one with the least score has j others below it that do not exceed: at most
N - j do, and j >= (1 - alpha) N. (b) Call an input low if more than alpha N of the population lie above it. Fewer than
(1 - alpha) N inputs are low, and s_(j) is low just if j draws are: a binomial tail, which grows with the share. (c) The
outcomes x with P(X <= x) <= delta/2 are those up to the largest of them, and have its probability. (d) is (a).

References
----------
V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World" (2005) for (a); S. S. Wilks (1941) for (b);
C. J. Clopper, E. S. Pearson (1934) for (c). That A* leaves scores exchangeable, and the twins, are derived here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from theory.arithmetic.arrays import Array, indicator, is_balls, namespace_of, square, wrapped
from theory.catalogue.quantities import DIVERSE, constant_like, positive, ratio, rational
from theory.catalogue.t08_linear_probes_transfer.statement import disagreement
from theory.claims import Domain
from theory.measures.conformal import clopper_pearson, conformal_rank
from theory.measures.distances import pointwise_squared_logit_distance
from theory.measures.embedding_certificates import residual_after_alignment
from theory.models import Model, Pair
from theory.statements import ExtremalFamily, FalseTwin, Hypothesis, KnownAnswer, Side, Statement, Theorem

Score = Callable[[Pair], Array]

ALPHA = Fraction(1, 4)  # a share that populations of a dozen inputs can have
DELTA = Fraction(1, 16)  # exact in binary: the miss of an interval can then be attained
DRAWS, FEW_DRAWS = 20, 4  # of a statement with confidence; and of one on a share, where 1/16 is (1/2)^4
_APART = 1e-9  # relative gap of scores that balls tell apart at any precision
_SPREAD = 1e-6  # of singular values, and of what an input leaves to the others' fit


def _rank(n: int) -> int:
    """J for n inputs that were seen and one that is new."""
    return math.ceil((n + 1) * (1 - ALPHA))


def logit_score(pair: Pair) -> Array:
    """||Delta||^2 of every input."""
    return pointwise_squared_logit_distance(pair)


def aligned_score(pair: Pair) -> Array:
    """||f - A* f'||^2 of every input, A* from the two heads alone."""
    return pair.xp.sum(square(residual_after_alignment(pair)), axis=-1)


def _at_least(count: Array, least: int | Array) -> Array:
    """1 where a whole number is at least another."""
    return indicator(2 * count - 2 * least + 1)


def _others_below(scores: Array) -> Array:
    """How many of the others each score exceeds, for balls: a ball cannot tell itself from itself."""
    return _count_below(scores[..., :, None], scores[..., None, :])


def _count_below(own: Array, others: Array) -> Array:
    """How many of the others, by row, are below one's own; the diagonal is left out."""
    xp = namespace_of(others)
    apart = np.ones(others.shape[-2:]) - np.eye(others.shape[-1])
    return xp.sum(indicator(own - others) * xp.asarray(apart), axis=-1)


def share_above(scores: Array, rank: int) -> Array:
    """Share of inputs that exceed the score of the given rank among all the others; none if there are too few."""
    xp = namespace_of(scores)
    if is_balls(scores):
        return xp.mean(_at_least(_others_below(scores), rank), axis=-1)
    # To exceed the j-th smallest of the others is to exceed the j-th smallest of all.
    return xp.mean(indicator(scores - xp.sort(scores, axis=-1)[..., rank - 1 : rank]), axis=-1)


def share_low(scores: Array) -> Array:
    """Share of inputs above which more than alpha N of the population lie."""
    xp, allowed = namespace_of(scores), math.floor(ALPHA * scores.shape[-1])
    if is_balls(scores):
        return xp.mean(_at_least(_others_below(-scores), allowed + 1), axis=-1)
    return xp.mean(indicator(xp.sort(scores, axis=-1)[..., -allowed - 1, None] - scores), axis=-1)


def _exceeding(score: Score, rank: Callable[[int], int] = _rank) -> Side:
    return lambda pair: share_above(score(pair), rank(pair.n - 1))


def _unit(pair: Pair) -> Array:
    return constant_like(pair, 1.0)


# --------------------------------------------------------------------------- binomials of a share


def _powers(value: Array, most: int) -> list[Array]:
    """Return the powers from 0: products, since a power of a ball around zero is none."""
    found = [0 * value + 1]
    for _ in range(most):
        found.append(found[-1] * value)
    return found


def binomial(share: Array, n: int) -> list[Array]:
    """P(Bin(n, share) = x), x from 0 to n."""
    up, down = _powers(share, n), _powers(1 - share, n)
    return [math.comb(n, x) * up[x] * down[n - x] for x in range(n + 1)]


def _too_low(rank: Callable[[], int]) -> Side:
    """P(s_(j) is low): that at least j of the draws are."""
    return lambda pair: sum(binomial(share_low(logit_score(pair)), DRAWS)[rank() :])


def _confident_rank() -> int:
    return conformal_rank(DRAWS, ALPHA, DELTA)


def _missed(pair: Pair) -> Array:
    """P(the share of inputs with another top label is outside its interval, or at an end of it)."""
    share = disagreement(pair)
    return _tail_missed(pair, share) + _tail_missed(pair, 1 - share)


def _tail_missed(pair: Pair, share: Array) -> Array:
    """P(F(X) <= delta/2), F the distribution function of the number X of draws with the property."""
    level, total, missed = ratio(pair, DELTA.numerator, DELTA.denominator), 0 * share, 0 * share
    for chance in binomial(share, FEW_DRAWS):
        total = total + chance
        missed = missed + chance * (1 - indicator(wrapped(total - level, pair.a.embeddings)))
    return missed


def _missed_by_normal_approximation(pair: Pair) -> Array:
    """P(|share - x/n| > 2 sqrt(x (n - x) / n^3)): two standard errors, where 1.53 would be in order."""
    share, missed = disagreement(pair), 0.0
    for x, chance in enumerate(binomial(share, FEW_DRAWS)):
        allowed = ratio(pair, 4 * x * (FEW_DRAWS - x), FEW_DRAWS**3)
        beyond = square(share - ratio(pair, x, FEW_DRAWS)) - allowed
        missed = missed + chance * indicator(wrapped(beyond, pair.a.embeddings))
    return missed


# --------------------------------------------------------------------------- groups, and maps that know the inputs


def _by_groups(pair: Pair) -> Array:
    """The larger score of every two consecutive inputs; an input left over is left out, unless it is the only one."""
    scores = logit_score(pair)
    if pair.n == 1:
        return scores
    last = pair.n - pair.n % 2
    return pair.xp.maximum(scores[..., 0:last:2], scores[..., 1:last:2])


def _groups_exceeding(pair: Pair) -> Array:
    scores = _by_groups(pair)
    return share_above(scores, _rank(scores.shape[-1] - 1))


def _documents_exceeding(pair: Pair) -> Array:
    """Share of inputs that exceed the quantile of the other document's: the halves of the inputs are two documents."""
    half, xp = pair.n // 2, pair.xp
    scores = logit_score(pair)
    parts = [scores[..., :half], scores[..., half : 2 * half]]
    above = []
    for own, other in (parts, parts[::-1]):
        below = xp.sum(indicator(own[..., :, None] - other[..., None, :]), axis=-1)
        above.append(xp.mean(_at_least(below, _rank(half)), axis=-1))
    return (above[0] + above[1]) / 2


def _leverages(pair: Pair) -> tuple[Array, Array]:
    """Return the projector H on the columns of F', (..., n, n), and 1 - H_ii."""
    f = pair.b.embeddings
    hat = f @ pair.xp.linalg.solve(f.mT @ f, f.mT)
    return hat, 1 - pair.xp.linalg.diagonal(hat)


def _fitted_exceeding(pair: Pair) -> Array:
    """Share of inputs whose ||f - B f'||^2 exceeds the quantile of the others', B fitted to these by least squares."""
    xp = pair.xp
    hat, left = _leverages(pair)
    residuals = pair.a.embeddings - hat @ pair.a.embeddings
    ahead = residuals / left[..., None]  # of each input, under the fit to all others
    # Under the fit without input i the residual of l is e_l + H_il e_i / (1 - H_ii).
    fitted = residuals[..., None, :, :] + hat[..., :, :, None] * ahead[..., :, None, :]
    below = _count_below(xp.sum(square(ahead), axis=-1)[..., None], xp.sum(square(fitted), axis=-1))
    return xp.mean(_at_least(below, _rank(pair.n - 1)), axis=-1)


def _fits(pair: Pair) -> Array:
    """How far F', and F' without each input, is from rank loss."""
    xp = pair.xp
    if pair.n <= pair.b.m:
        return constant_like(pair, -1.0)
    values = xp.linalg.svdvals(pair.b.embeddings)
    largest = values[..., 0]
    share = values[..., -1] / (largest if is_balls(values) else xp.where(largest > 0, largest, 1.0))
    if not is_balls(values) and not bool((share > _SPREAD).all()):  # a singular batch has no projector to look at
        return share - _SPREAD
    return xp.minimum(share, xp.min(_leverages(pair)[1], axis=-1)) - _SPREAD


def _apart(pair: Pair) -> Array:
    """Least gap between scores, of the largest."""
    xp, ordered = pair.xp, pair.xp.sort(logit_score(pair), axis=-1)
    if pair.n < 2:
        return constant_like(pair, 1.0)
    gap, largest = xp.min(ordered[..., 1:] - ordered[..., :-1], axis=-1), ordered[..., -1]
    return gap / (largest if is_balls(largest) else xp.where(largest > 0, largest, 1.0)) - _APART


# --------------------------------------------------------------------------- pairs


def _spread_out(inputs: float) -> Pair:
    """k = 2, m = 1: the second model's logit is off by 1, 2, 3, ... on its inputs."""
    labels, rows = np.array([[0.5], [-0.5]]), np.arange(1.0, inputs + 1)[:, None]
    return Pair(Model(np.zeros_like(rows), labels), Model(rows, labels))


def _half_flipped(_: float) -> Pair:
    """Two coins, one of which has its other side up in the second model."""
    labels = np.array([[0.5], [-0.5]])
    return Pair(Model(np.array([[1.0], [1.0]]), labels), Model(np.array([[1.0], [-1.0]]), labels))


def _lines() -> Pair:
    """m = 1, n = 4: f' = 1, 2, 3, 4 and f = f' + (1, -1, 1, -1): the fit to three of them misses the fourth."""
    labels, rows = np.array([[0.5], [-0.5]]), np.array([[1.0], [2.0], [3.0], [4.0]])
    return Pair(Model(rows + np.array([[1.0], [-1.0], [1.0], [-1.0]]), labels), Model(rows, labels))


_DISTINCT = Hypothesis("distinct scores", r"s_i \ne s_l", _apart)
_FITTED = positive("regular fits", r"\operatorname{rank} F' = m' \text{ without any one input}", _fits)
_ANY = Domain(equal_dimensions=False)

_NEW = Statement(
    "new_input",
    r"P\big(\|\Delta(x_{\mathrm{new}})\|^2 > s_{(j)}\big) \le \alpha,\quad j = \lceil (n + 1)(1 - \alpha) \rceil",
    lhs=_exceeding(logit_score), constant=rational(1, 4), envelope=_unit, domain=_ANY, differentiable=False,
    sharp=tuple(ExtremalFamily(f"N={n}", "N different scores, alpha N of them whole", _spread_out, n) for n in (4, 8)),
    trivial=_unit,
)  # fmt: skip
_CONFIDENT = Statement(
    "with_confidence",
    r"P\big(F(s_{(j)}) < 1 - \alpha\big) \le \delta,\quad j = \min\{i : P(\mathrm{Bin}(n, 1 - \alpha) \ge i) \le \delta\}",
    lhs=_too_low(_confident_rank), constant=rational(1, 16), envelope=_unit, domain=_ANY, differentiable=False,
    trivial=_unit,
)  # fmt: skip
_INTERVAL = Statement(
    "share",
    r"P\big(\theta \notin (L(X), U(X))\big) \le \delta,\quad \theta \text{ the share of inputs whose top label differs}",
    lhs=_missed, constant=rational(1, 8), envelope=_unit, domain=_ANY, differentiable=False,
    sharp=(ExtremalFamily("theta=1/2, 4 draws", "one of two inputs has another top label", _half_flipped, 1.0),),
    trivial=_unit,
)  # fmt: skip

THEOREM = Theorem(
    identifier="T17",
    title="New inputs",
    source="Vovk et al. 2005, Wilks 1941, Clopper and Pearson 1934; for alignments derived here",
    summary="What held on the inputs seen holds for new ones at a stated rate, whatever the distribution.",
    statements=(
        _NEW,
        replace(
            _NEW, name="not_loose", latex=r"\alpha - \tfrac1N \le P\big(\|\Delta(x_{\mathrm{new}})\|^2 > s_{(j)}\big)",
            lhs=lambda pair: ratio(pair, 1, 4) - ratio(pair, 1, pair.n) + 0.0 * _exceeding(logit_score)(pair),
            constant=rational(1), envelope=_exceeding(logit_score), hypotheses=(_DISTINCT,), sharp=(), trivial=None,
        ),
        replace(
            _NEW, name="after_alignment",
            latex=r"P\big(\|f - A^* f'\|^2(x_{\mathrm{new}}) > s_{(j)}\big) \le \alpha,\quad A^* = G_c^+ G'_c",
            lhs=_exceeding(aligned_score), hypotheses=(DIVERSE,),
        ),
        replace(
            _NEW, name="groups",
            latex=r"P\big(\max_{x \in \mathrm{new\ group}} \|\Delta\|^2 > s_{(j)}\big) \le \alpha,\quad"
            r" s \text{ scores of groups}",
            lhs=_groups_exceeding,
            sharp=(ExtremalFamily("4 groups", "different scores, groups of two", _spread_out, 8),),
        ),
        _CONFIDENT,
        _INTERVAL,
    ),
    twins=(
        FalseTwin(
            replace(_NEW, name="without_the_new_one", sharp=(), lhs=_exceeding(logit_score, lambda n: math.ceil(n * (1 - ALPHA))),
                    latex=r"P\big(\|\Delta(x_{\mathrm{new}})\|^2 > s_{(j)}\big) \le \alpha,\quad j = \lceil n (1 - \alpha) \rceil"),
            "The quantile of the scores seen is no quantile of the new one: it is one of n + 1, not of n.",
        ),
        FalseTwin(
            replace(_NEW, name="fitted_alignment", sharp=(), lhs=_fitted_exceeding, hypotheses=(_FITTED,),
                    domain=Domain(inputs=(3, 12), equal_dimensions=False),
                    latex=r"P\big(\|f - B f'\|^2(x_{\mathrm{new}}) > s_{(j)}\big) \le \alpha,\quad B = \arg\min_B \textstyle\sum_i \|f_i - B f'_i\|^2"),
            "Least squares makes residuals small on the inputs that it was fitted to; on a new one they are larger.",
            _lines,
        ),
        FalseTwin(
            replace(_NEW, name="documents", sharp=(), lhs=_documents_exceeding,
                    latex=r"P\big(\|\Delta(x_{\mathrm{new}})\|^2 > s_{(j)}\big) \le \alpha,\quad x_{\mathrm{new}} \text{ of a new document}"),
            "Inputs of few documents are not exchangeable with those of another: n counts documents.",
            lambda: _spread_out(6),
        ),
        FalseTwin(
            replace(_CONFIDENT, name="marginal_rank_with_confidence", lhs=_too_low(lambda: _rank(DRAWS)),
                    latex=r"P\big(F(s_{(j)}) < 1 - \alpha\big) \le \delta,\quad j = \lceil (n + 1)(1 - \alpha) \rceil"),
            "A promise that holds on average over samples fails on about half of them.",
            lambda: _spread_out(7),
        ),
        FalseTwin(
            replace(_INTERVAL, name="normal_approximation", lhs=_missed_by_normal_approximation, sharp=(),
                    latex=r"P\big(|\theta - X/n| > 2 \sqrt{X (n - X) / n^3}\big) \le \delta"),
            "Where nothing was seen the approximation is sure that there is nothing.",
        ),
    ),
    known_answers=(
        KnownAnswer("rank at n = 19, alpha = 1/10", "18", lambda: float(conformal_rank(19, 0.1)), "by hand: 20 * 9/10"),
        KnownAnswer("rank at n = 9, alpha = 1/10: the largest", "9", lambda: float(conformal_rank(9, 0.1)), "by hand"),
        KnownAnswer("rank at n = 8, alpha = 1/10: beyond the largest", "9", lambda: float(conformal_rank(8, 0.1)), "by hand"),
        KnownAnswer("rank at n = 59, alpha = delta = 1/20: the largest", "59",
                    lambda: float(conformal_rank(59, 0.05, 0.05)), "Wilks 1941: .95^59 = .0485"),
        KnownAnswer("one input fewer is too few", "59", lambda: float(conformal_rank(58, 0.05, 0.05)), "Wilks 1941: .95^58 = .0510"),
        KnownAnswer("none of 20 seen, delta = 1/20: upper end 1 - .025^(1/20)", ".168433",
                    lambda: clopper_pearson(0, 20, 0.05)[1], "by hand"),
        KnownAnswer("none of 4 seen, delta = 1/8: upper end 1 - (1/16)^(1/4)", ".500000",
                    lambda: clopper_pearson(0, 4, 0.125)[1], "by hand"),
        KnownAnswer("4 draws of 3 different scores: P(all below the largest) over all 81 draws = 16/81", ".197531",
                    lambda: float(_enumerated(3, 4, 4)), "by hand"),
        KnownAnswer("the same as a binomial tail", ".197531",
                    lambda: float(binomial(share_low(np.arange(3.0)), 4)[4]), "by hand"),
    ),
)  # fmt: skip


def _enumerated(population: int, draws: int, rank: int) -> Fraction:
    """P(F(s_(rank)) < 1 - alpha) for a population of different scores, over all samples of so many draws."""
    low = [
        Fraction(sorted(sample)[rank - 1] + 1, population) < 1 - ALPHA
        for sample in product(range(population), repeat=draws)
    ]
    return Fraction(sum(low), len(low))


THEOREM = replace(
    THEOREM,
    ablations=(
        THEOREM.ablation_by_twin("the + 1", "without_the_new_one"),
        THEOREM.ablation_by_twin("a map that knows no input", "fitted_alignment"),
        THEOREM.ablation_by_twin("exchangeable inputs", "documents"),
        THEOREM.ablation_by_twin("the confident rank", "marginal_rank_with_confidence"),
    ),
)
