r"""T3: the pivot-free alignment A* = pinv(Gc) G'c is within d_logit / s_min(Gc).

.. math:: E\|f - A^* f'\|^2 \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2,

sharp for every Gc, and never worse than T2, in its 2m form nor in that with kappa, since

.. math:: \min_J s_{\min}(L_J)^2 \le \tfrac{m}{k-1} \kappa_{m+1}\, s_{\min}(G_c)^2 \le \tfrac{2m}{k-1}\, s_{\min}(G_c)^2 .

Proof. f - A* f' = pinv(Gc) (u - u') = pinv(Gc) Delta, and ||pinv(Gc)|| = 1/s_min(Gc). Equality when Delta is
along the last left singular vector v of Gc: f' = f, G'c = Gc - v a^T. For the comparison, average
||L_J x||^2 over (pivot, J) for the unit x with ||Gc x|| = s_min(Gc): the identity in T2 gives (2m/(k-1)) s_min(Gc)^2.
For kappa, take for each S the pivot with s_min(L_J)^2 <= kappa_{m+1} s_min(H_S G_S)^2 <= kappa_{m+1} ||H_S G_S x||^2,
as in T2, and average over S: mean_S ||H_S G_S x||^2 = (m/(k-1)) s_min(Gc)^2.

References
----------
Derived here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, square
from theory.catalogue import examples
from theory.catalogue.quantities import (
    ANY_RANK,
    BOTH_DIVERSE,
    DIMENSIONS_MAY_DIFFER,
    DIVERSE,
    GENERIC,
    at_least,
    full_inverse,
    generic_error,
    largest_unembedding_singular_value,
    ratio,
    rational,
    root,
    smallest_generic_singular_value,
    smallest_pivoted_singular_value,
    smallest_unembedding_singular_value,
    squared_distance,
    squared_embedding_norm,
)
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import THEOREM as UPPER_BOUND_ON_D_REP
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import constant as kappa_constant
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import moved_along
from theory.claims import Domain
from theory.measures.dissimilarities import alignment_error, squared_alignment_error_of
from theory.models import Pair
from theory.statements import Ablation, ExtremalFamily, FalseTwin, Hypothesis, KnownAnswer, Statement, Theorem


def error_by_definition(pair: Pair) -> Array:
    """E||f - A* f'||^2 with A* = pinv(Gc) G'c formed and applied."""
    aligned = pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings
    residual = pair.a.embeddings - pair.b.embeddings @ aligned.mT
    return pair.xp.mean(pair.xp.sum(square(residual), axis=-1), axis=-1)


def _error_size(pair: Pair) -> Array:
    """Size of what cancels in f - A* f'."""
    return squared_embedding_norm(pair) / pair.a.diversity


def _over_smallest(pair: Pair) -> Array:
    return squared_distance(pair) / square(smallest_unembedding_singular_value(pair.a))


def _over_largest(pair: Pair) -> Array:
    return squared_distance(pair) / square(largest_unembedding_singular_value(pair.a))


def _over_other(pair: Pair) -> Array:
    return squared_distance(pair) / square(smallest_unembedding_singular_value(pair.b))


def _over_uncentred(pair: Pair) -> Array:
    values = pair.xp.linalg.svdvals(pair.a.unembeddings)
    return squared_distance(pair) / square(values[..., pair.m - 1])


def _uncentred_alignment_error(pair: Pair) -> Array:
    """E||f - pinv(G) G' f'||^2: the least-squares map of the unembeddings as they are."""
    aligned = full_inverse(pair.a.unembeddings) @ pair.b.unembeddings
    residual = pair.a.embeddings - pair.b.embeddings @ aligned.mT
    return pair.xp.mean(pair.xp.sum(square(residual), axis=-1), axis=-1)


def _over_generic(pair: Pair) -> Array:
    return squared_distance(pair) / square(smallest_generic_singular_value(pair.a))


def _uncentred_regularity(pair: Pair) -> Array:
    values = pair.xp.linalg.svdvals(pair.a.unembeddings)
    return values[..., pair.m - 1] / values[..., 0] - 1e-6


def _member(_: float) -> Pair:
    unembeddings = np.array([[0.0, 0.0], [4.0, 1.0], [0.0, 1.0], [3.0, 2.0], [1.0, 3.0]])
    left = np.linalg.svd(unembeddings - unembeddings.mean(axis=0))[0]
    return moved_along(unembeddings, left[:, 1])


_SEVERAL = at_least("m >= 2", r"m \ge 2", 2, "m")
_PLANE = Domain(dimensions=(2, 4))  # on a line all singular values are one

THEOREM = Theorem(
    identifier="T3",
    title="The pivot-free alignment",
    source="derived here",
    summary="One least-squares map, built from the unembeddings alone, aligns the embeddings of close models.",
    statements=(
        Statement(
            "upper_bound",
            r"E\|f - A^* f'\|^2 \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2",
            lhs=squared_alignment_error_of,
            envelope=_over_smallest,
            hypotheses=(DIVERSE,),
            domain=DIMENSIONS_MAY_DIFFER,
            sharp=(ExtremalFamily("k=5, m=2", "f' = f, G'c = Gc - v a^T, v the last left singular vector", _member, 1.0),),
            trivial=squared_embedding_norm,
        ),
        Statement(
            "residual_is_the_inverted_difference",
            r"f - A^* f' = G_c^+ \Delta",
            lhs=error_by_definition,
            envelope=squared_alignment_error_of,
            relation="=",
            hypotheses=(DIVERSE,),
            domain=DIMENSIONS_MAY_DIFFER,
            cancelled=_error_size,
        ),
        Statement(
            "never_worse_than_pivoting",
            r"\min_J s_{\min}(L_J)^2 \le \tfrac{2m}{k-1}\, s_{\min}(G_c)^2",
            lhs=lambda pair: square(smallest_pivoted_singular_value(pair.a)),
            constant=lambda pair: ratio(pair, 2 * pair.m, pair.k - 1),
            envelope=lambda pair: square(smallest_unembedding_singular_value(pair.a)),
            hypotheses=(DIVERSE,),
            domain=Domain(labels=(2, 7)),
            enumerates="labels",
        ),
        Statement(
            "never_worse_than_kappa",
            r"\min_J s_{\min}(L_J)^2 \le \tfrac{m}{k-1} \kappa_{m+1}\, s_{\min}(G_c)^2",
            lhs=lambda pair: square(smallest_pivoted_singular_value(pair.a)),
            constant=kappa_constant,
            envelope=lambda pair: square(smallest_unembedding_singular_value(pair.a)),
            hypotheses=(DIVERSE,),
            domain=Domain(labels=(2, 7)),
            sharp=UPPER_BOUND_ON_D_REP.main.sharp,
            enumerates="labels",
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "largest_singular_value",
                r"E\|f - A^* f'\|^2 \le d_\mathrm{logit}^2 / s_{\max}(G_c)^2,\ m \ge 2",
                lhs=squared_alignment_error_of, envelope=_over_largest, hypotheses=(DIVERSE, _SEVERAL), domain=_PLANE,
            ),
            "The weakest direction of the unembeddings decides, not the strongest.",
        ),
        FalseTwin(
            Statement(
                "uncentred_unembeddings",
                r"E\|f - A^* f'\|^2 \le d_\mathrm{logit}^2 / s_{\min}(G)^2",
                lhs=squared_alignment_error_of, envelope=_over_uncentred, hypotheses=(DIVERSE,),
            ),
            "A common offset of all labels enlarges s_min(G) and leaves the distribution, hence the bound, alone.",
        ),
        FalseTwin(
            Statement(
                "other_model",
                r"E\|f - A^* f'\|^2 \le d_\mathrm{logit}^2 / s_{\min}(G'_c)^2",
                lhs=squared_alignment_error_of, envelope=_over_other, hypotheses=(BOTH_DIVERSE,),
            ),
            "The first model is inverted, so its unembeddings decide.",
        ),
        FalseTwin(
            Statement(
                "unsquared",
                r"(E\|f - A^* f'\|^2)^{1/2} \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2",
                lhs=lambda pair: root(squared_alignment_error_of(pair)), envelope=_over_smallest, hypotheses=(DIVERSE,),
            ),
            "Squared and unsquared confused: false as soon as the bound is below one.",
        ),
        FalseTwin(
            Statement(
                "pivoting_without_kappa",
                r"\min_J s_{\min}(L_J)^2 \le \tfrac{m}{k-1}\, s_{\min}(G_c)^2",
                lhs=lambda pair: square(smallest_pivoted_singular_value(pair.a)),
                constant=lambda pair: ratio(pair, pair.m, pair.k - 1),
                envelope=lambda pair: square(smallest_unembedding_singular_value(pair.a)), hypotheses=(DIVERSE,),
                domain=Domain(labels=(2, 7)), enumerates="labels",
            ),
            "Differences to a pivot see more than the centred labels do: kappa_{m+1} is by how much.",
        ),
        FalseTwin(
            Statement(
                "five_percent_less",
                r"E\|f - A^* f'\|^2 \le 0.95\, d_\mathrm{logit}^2 / s_{\min}(G_c)^2,\ m \ge 2",
                lhs=squared_alignment_error_of, constant=rational(19, 20), envelope=_over_smallest,
                hypotheses=(DIVERSE, _SEVERAL), domain=_PLANE,
            ),
            "The constant is sharp for every Gc.",
        ),
    ),
    known_answers=(
        KnownAnswer("pentagon, E||f - A* f'||^2 = 1 as A* = 0", "1.000000",
                    lambda: _squared(examples.pentagon(10.0)), "derived here"),
        KnownAnswer("student = teacher + (3, 4): |c|^2", "25.000000",
                    lambda: _squared(examples.shifted_teacher(np.array([3.0, 4.0]))), "by hand"),
    ),
)  # fmt: skip


def _squared(pair: Pair) -> float:
    return float(alignment_error(pair.a, pair.b)) ** 2


THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "diversity",
            Statement(
                "upper_bound_at_any_rank",
                r"E\|f - G_c^+ G'_c f'\|^2 \le d_\mathrm{logit}^2 / s_+(G_c)^2,\ k \text{ any}",
                lhs=generic_error, envelope=_over_generic, hypotheses=(GENERIC,), domain=ANY_RANK,
            ),
            "With k <= m labels part of f is orthogonal to every label difference: no logit depends on it, no map finds it.",
        ),
        THEOREM.ablation_by_twin("centring of s_min", "uncentred_unembeddings"),
        Ablation(
            "centring of the map",
            Statement(
                "uncentred_alignment",
                r"E\|f - G^+ G' f'\|^2 \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2",
                lhs=_uncentred_alignment_error, envelope=_over_smallest,
                hypotheses=(DIVERSE, Hypothesis("G of full rank", r"\operatorname{rank} G = m", _uncentred_regularity)),
                domain=DIMENSIONS_MAY_DIFFER,
            ),
            "An offset of all labels of one model changes the map and not the distribution.",
        ),
    ),
)  # fmt: skip
