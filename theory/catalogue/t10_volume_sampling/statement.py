r"""T10: weighted by squared volume, the subset alignments average to the least-squares one.

.. math:: \frac{\sum_S \det(L_S)^2 A_S}{\sum_S \det(L_S)^2} = A^*,\qquad
          d_\mathrm{vol}^2 = E\|G_c^+\Delta\|^2 + \|G_c^+\|_F^2\, E\|(I - P)\Delta\|^2,

P the projector on the column space of Gc. So E||f - A* f'||^2 <= d_vol^2 <= ||pinv(Gc)||_F^2 d_logit^2. Only
rank Gc = m is needed; no enumeration, no heavy tail.

Proof. Cramer's rule writes det(L_S) A_S through minors; Cauchy-Binet sums products of minors over subsets, giving
the normal equations of least squares. The same sums of squares give the closed form.

References
----------
Derived here; volume sampling for subset regression is in M. Derezinski, M. Warmuth (2017).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, square
from theory.catalogue import examples
from theory.catalogue.quantities import (
    ANY_RANK,
    DIMENSIONS_MAY_DIFFER,
    DIVERSE,
    GENERIC,
    SUBSETS_REGULAR,
    at_least,
    generic_error,
    generic_inverse,
    largest_unembedding_singular_value,
    rational,
    smallest_unembedding_singular_value,
    squared_d_rep,
    squared_distance,
    squared_embedding_norm,
    squared_pseudo_inverse_norm,
)
from theory.claims import Domain
from theory.measures.dissimilarities import (
    solve_regular,
    squared_alignment_error_of,
    squared_subset_errors_of,
    squared_volume_dissimilarity_of,
    volume_dissimilarity,
)
from theory.models import Model, Pair, label_subsets, pivoted
from theory.statements import Ablation, ExtremalFamily, FalseTwin, KnownAnswer, Side, Statement, Theorem


def _subsets(pair: Pair, fixed_pivot: bool = False) -> np.ndarray:
    subsets = label_subsets(pair.k, pair.m + 1)
    return subsets[subsets[:, 0] == 0] if fixed_pivot else subsets


def _volumes(pair: Pair, subsets: np.ndarray) -> Float[Array, "*batch s"]:
    """|det L_S|, signed, for each subset."""
    return pair.xp.linalg.det(pivoted(pair.a.unembeddings, subsets))


def _functional(rows: int, columns: int) -> np.ndarray:
    """Return a fixed generic linear functional of a matrix: an identity of matrices is tested through it."""
    i, j = np.ogrid[1 : rows + 1, 1 : columns + 1]
    return np.asarray((1.0 + 0.5 * i) / 2.0 ** (j % 3) - 0.25 * i * j)


def _read(pair: Pair, matrix: Array) -> Array:
    return pair.xp.sum(matrix * pair.xp.asarray(_functional(pair.m, pair.b.m)), axis=(-2, -1))


def _least_squares(pair: Pair) -> Array:
    return _read(pair, pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings)


def _averaged_alignment(weight: str, fixed_pivot: bool = False) -> Side:
    def side(pair: Pair) -> Array:
        xp, subsets = pair.xp, _subsets(pair, fixed_pivot)
        aligned = solve_regular(pivoted(pair.a.unembeddings, subsets), pivoted(pair.b.unembeddings, subsets))
        volumes = _volumes(pair, subsets)
        weights = {"squared": square(volumes), "absolute": xp.abs(volumes), "uniform": 0.0 * volumes + 1.0}[weight]
        total = xp.sum(weights[..., None, None] * aligned, axis=-3)
        return _read(pair, total) / xp.sum(weights, axis=-1)

    return side


def _volume_mean(pair: Pair) -> Array:
    subsets = _subsets(pair)
    weights = square(_volumes(pair, subsets))
    return pair.xp.sum(weights * squared_subset_errors_of(pair, subsets), axis=-1) / pair.xp.sum(weights, axis=-1)


def _adjugate(xp: object, matrices: Array) -> Float[Array, "*batch m m"]:
    """det(L) L^-1 by cofactors, which exists for singular matrices too."""
    m = matrices.shape[-1]
    if m == 1:
        return matrices * 0.0 + 1.0
    rows = []
    for i in range(m):
        kept = [np.delete(np.arange(m), j) for j in range(m)]
        cofactors = [
            (-1.0) ** (i + j) * xp.linalg.det(matrices[..., kept[j], :][..., :, kept[i]])  # type: ignore[attr-defined]
            for j in range(m)
        ]
        rows.append(xp.stack(cofactors, axis=-1))  # type: ignore[attr-defined]
    return xp.stack(rows, axis=-2)  # type: ignore[attr-defined]


def _averaged_without_division(pair: Pair) -> Array:
    """sum_S det(L_S) adj(L_S) L'_S / sum_S det(L_S)^2: a singular subset has weight zero."""
    xp, subsets = pair.xp, _subsets(pair)
    inverted, volumes = pivoted(pair.a.unembeddings, subsets), _volumes(pair, subsets)
    weighted = volumes[..., None, None] * (_adjugate(xp, inverted) @ pivoted(pair.b.unembeddings, subsets))
    return _read(pair, xp.sum(weighted, axis=-3)) / xp.sum(square(volumes), axis=-1)


def _generic_frobenius_bound(pair: Pair) -> Array:
    return pair.xp.sum(square(generic_inverse(pair.a)), axis=(-2, -1)) * squared_distance(pair)


def _generic_volume(pair: Pair) -> Array:
    """E||pinv(Gc) Delta||^2 + ||pinv(Gc)||_F^2 E||(I - P) Delta||^2 at any rank."""
    xp, inverse, difference = pair.xp, generic_inverse(pair.a), pair.logit_difference
    inside = difference @ inverse.mT
    outside = difference - inside @ pair.a.centred_unembeddings.mT
    aligned, rest = (xp.mean(xp.sum(square(part), axis=-1), axis=-1) for part in (inside, outside))
    return aligned + xp.sum(square(inverse), axis=(-2, -1)) * rest


def _frobenius_bound(pair: Pair) -> Array:
    return squared_pseudo_inverse_norm(pair.a) * squared_distance(pair)


def _spectral_bound(pair: Pair) -> Array:
    return squared_distance(pair) / square(smallest_unembedding_singular_value(pair.a))


def _size(pair: Pair) -> Array:
    """Size of alignments before they cancel: ||G'c|| ||pinv Gc||, with the spread of subsets on top."""
    xp = pair.xp
    top = largest_unembedding_singular_value(pair.a) / smallest_unembedding_singular_value(pair.a)
    norm = xp.sqrt(xp.sum(square(pair.b.centred_unembeddings), axis=(-2, -1)))
    return 1e4 * norm * top * top / smallest_unembedding_singular_value(pair.a)


def _outside(_: float) -> Pair:
    """Delta orthogonal to the column space of Gc: the whole of d_vol is the second term."""
    unembeddings = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    embeddings = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]])
    v = np.array([0.5, 0.5, -0.5, -0.5])
    return Pair(Model(embeddings, unembeddings), Model(embeddings, unembeddings - np.outer(v, [1.0, 0.5])))


_SMALL = Domain(
    dimensions=(1, 3), labels=(2, 6)
)  # sides run over all subsets of labels, and volumes of many are costly in balls
_REGULAR = (DIVERSE, SUBSETS_REGULAR)
_PLANE = at_least("m >= 2", r"m \ge 2", 2, "m")

THEOREM = Theorem(
    identifier="T10",
    title="Volume sampling: a closed-form variant of the identifiability dissimilarity",
    source="derived here",
    summary="Squared volumes are the weights under which subset alignments average to least squares.",
    statements=(
        Statement(
            "closed_form",
            r"\sum_S \det(L_S)^2 E\|f - A_S f'\|^2 \big/ \sum_S \det(L_S)^2 = d_\mathrm{vol}^2",
            lhs=_volume_mean, envelope=squared_volume_dissimilarity_of, relation="=", hypotheses=_REGULAR,
            domain=Domain(dimensions=(1, 3), labels=(2, 6), equal_dimensions=False), enumerates="labels and inputs",
        ),
        Statement(
            "upper_bound",
            r"d_\mathrm{vol}^2 \le \|G_c^+\|_F^2\, d_\mathrm{logit}^2",
            lhs=squared_volume_dissimilarity_of, envelope=_frobenius_bound, hypotheses=(DIVERSE,),
            domain=DIMENSIONS_MAY_DIFFER,
            sharp=(ExtremalFamily("k=4, m=2", "Delta orthogonal to the column space of Gc", _outside, 1.0),),
            trivial=squared_embedding_norm,
        ),
        Statement(
            "above_the_alignment_error",
            r"E\|f - A^* f'\|^2 \le d_\mathrm{vol}^2",
            lhs=squared_alignment_error_of, envelope=squared_volume_dissimilarity_of, hypotheses=(DIVERSE,),
            domain=DIMENSIONS_MAY_DIFFER,
        ),
        Statement(
            "volume_average_is_least_squares",
            r"\sum_S \det(L_S)^2 A_S \big/ \sum_S \det(L_S)^2 = A^*",
            lhs=_averaged_alignment("squared"), envelope=_least_squares, relation="=", hypotheses=_REGULAR,
            domain=Domain(dimensions=(1, 3), labels=(2, 6), equal_dimensions=False), cancelled=_size,
            enumerates="labels and inputs",
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "absolute_weights", r"\sum_S |\det L_S|\, A_S \big/ \sum_S |\det L_S| = A^*",
                lhs=_averaged_alignment("absolute"), envelope=_least_squares, relation="=", hypotheses=_REGULAR,
                domain=_SMALL, cancelled=_size,
            ),
            "Cauchy-Binet needs the square of the volume.",
        ),
        FalseTwin(
            Statement(
                "uniform_weights", r"\operatorname{mean}_S A_S = A^*",
                lhs=_averaged_alignment("uniform"), envelope=_least_squares, relation="=", hypotheses=_REGULAR,
                domain=_SMALL, cancelled=_size,
            ),
            "The plain mean of alignments is dominated by nearly singular subsets.",
        ),
        FalseTwin(
            Statement(
                "one_fixed_pivot",
                r"\sum_{S \ni y_0} \det(L_S)^2 A_S \big/ \sum_{S \ni y_0} \det(L_S)^2 = A^*",
                lhs=_averaged_alignment("squared", fixed_pivot=True), envelope=_least_squares, relation="=",
                hypotheses=_REGULAR, domain=_SMALL, cancelled=_size,
            ),
            "Subsets through one label average to the regression through that label, not through the mean.",
        ),
        FalseTwin(
            Statement(
                "spectral_norm", r"d_\mathrm{vol}^2 \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2,\ m \ge 2",
                lhs=squared_volume_dissimilarity_of, envelope=_spectral_bound, hypotheses=(DIVERSE, _PLANE),
                domain=Domain(dimensions=(2, 4)),
            ),
            "What lies outside the column space of Gc is charged in every direction.",
        ),
        FalseTwin(
            Statement(
                "below_d_rep", r"d_\mathrm{vol}^2 \le d_\mathrm{rep}^2",
                lhs=squared_volume_dissimilarity_of, envelope=squared_d_rep, hypotheses=_REGULAR, domain=_SMALL,
            ),
            "Usually so, since volumes favour regular subsets, but errors can sit on the largest ones.",
        ),
        FalseTwin(
            Statement(
                "one_percent_less", r"d_\mathrm{vol}^2 \le 0.99\, \|G_c^+\|_F^2\, d_\mathrm{logit}^2",
                lhs=squared_volume_dissimilarity_of, constant=rational(99, 100), envelope=_frobenius_bound,
                hypotheses=(DIVERSE, _PLANE), domain=Domain(dimensions=(2, 4)),
            ),
            "Attained by logit differences orthogonal to the column space of Gc.",
        ),
    ),
    known_answers=(
        KnownAnswer("pentagon d_vol^2", "3.000000",
                    lambda: float(volume_dissimilarity(*_models(examples.pentagon(10.0)))) ** 2, "derived here"),
        KnownAnswer("student = teacher + (3, 4): |c|^2", "25.000000",
                    lambda: float(volume_dissimilarity(*_models(examples.shifted_teacher(np.array([3.0, 4.0]))))) ** 2,
                    "by hand"),
    ),
)  # fmt: skip


def _models(pair: Pair) -> tuple[Model, Model]:
    return pair.a, pair.b


THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "diversity",
            Statement(
                "upper_bound_at_any_rank",
                r"E\|f - A^* f'\|^2 \le \|G_c^+\|_F^2\, d_\mathrm{logit}^2,\ k \text{ any}",
                lhs=generic_error, envelope=_generic_frobenius_bound, hypotheses=(GENERIC,), domain=ANY_RANK,
            ),
            "With k <= m labels f - A* f' is no longer pinv(Gc) Delta: part of f is invisible to every logit.",
        ),
        Ablation(
            "diversity (in terms of Delta)",
            Statement(
                "closed_form_at_any_rank",
                r"E\|G_c^+\Delta\|^2 + \|G_c^+\|_F^2 E\|(I - P)\Delta\|^2 \le \|G_c^+\|_F^2\, d_\mathrm{logit}^2,"
                r"\ k \text{ any}",
                lhs=_generic_volume, envelope=_generic_frobenius_bound, hypotheses=(GENERIC,), domain=ANY_RANK,
            ),
            "Known to survive: as an inequality about Delta it needs no rank; only then it is not about embeddings.",
        ),
        Ablation(
            "regular subsets",
            Statement(
                "volume_average_without_division",
                r"\sum_S \det(L_S) \operatorname{adj}(L_S) L'_S \big/ \sum_S \det(L_S)^2 = A^*",
                lhs=_averaged_without_division, envelope=_least_squares, relation="=", hypotheses=(DIVERSE,),
                domain=Domain(dimensions=(1, 3), labels=(2, 6), equal_dimensions=False), cancelled=_size,
            ),
            "Known to survive: det(L) L^-1 is the adjugate, and a singular subset has weight zero.",
        ),
    ),
)  # fmt: skip
