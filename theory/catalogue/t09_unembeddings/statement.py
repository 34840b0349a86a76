r"""T9: the logit distance bounds how far the unembeddings are from linearly equivalent.

With B = pinv(F) F' (m x m') and lambda_min the smallest eigenvalue of E[f f^T]:

- sum_y ||g_c(y) - B g'_c(y)||^2 <= d_logit^2 / lambda_min;
- averaged over ordered pairs of labels, ||g_0(y) - B g'_0(y)||^2 <= 2 d_logit^2 / ((k-1) lambda_min);
- for one fixed pivot, (1/k) sum_y ||g_0(y) - B g'_0(y)||^2 <= d_logit^2 / lambda_min.

Proof. pinv(F) (F Gc^T - F' G'c^T) = Gc^T - B G'c^T and ||pinv(F)||^2 = 1/(n lambda_min). Averages over pivots are
identities for sum-zero vectors; for a fixed pivot, sum_y ||e_y - e_0||^2 = sum ||e_y||^2 + k ||e_0||^2 and, e_0
being minus the sum of the others, the whole is at most k sum ||e_y||^2.

References
----------
Derived here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, square
from theory.catalogue.quantities import at_least, ratio, squared_distance
from theory.claims import Domain
from theory.models import Model, Pair, centre_rows
from theory.statements import Ablation, FalseTwin, Hypothesis, KnownAnswer, Side, Statement, Theorem


def _aligned_differences(pair: Pair, centred: bool = True) -> Array:
    """g(y) - B g'(y), one row per label."""
    transport = pair.xp.linalg.pinv(pair.a.embeddings) @ pair.b.embeddings
    if centred:
        return pair.a.centred_unembeddings - pair.b.centred_unembeddings @ transport.mT
    return pair.a.unembeddings - pair.b.unembeddings @ transport.mT


def unembedding_error(pair: Pair) -> Array:
    """sum_y ||g_c(y) - B g'_c(y)||^2."""
    return pair.xp.sum(square(_aligned_differences(pair)), axis=(-2, -1))


def _uncentred_error(pair: Pair) -> Array:
    return pair.xp.sum(square(_aligned_differences(pair, centred=False)), axis=(-2, -1))


def _mean_over_label_pairs(pair: Pair) -> Array:
    """Mean over ordered pairs of labels of ||e_i - e_j||^2, by sum_ij ||e_i - e_j||^2 = 2k sum ||e_i - mean||^2."""
    e = centre_rows(_aligned_differences(pair, centred=False))
    return 2 * pair.xp.sum(square(e), axis=(-2, -1)) / (pair.k - 1)


def _fixed_pivot_sum(pair: Pair) -> Array:
    e = _aligned_differences(pair, centred=False)
    return pair.xp.sum(square(e - e[..., :1, :]), axis=(-2, -1))


def _eigenvalue(model: Model, which: int) -> Array:
    """Eigenvalue number `which` (0 is the largest) of E[f f^T]."""
    return square(model.xp.linalg.svdvals(model.embeddings)[..., which]) / model.n


def _over_smallest(pair: Pair) -> Array:
    return squared_distance(pair) / _eigenvalue(pair.a, pair.m - 1)


def _over_largest(pair: Pair) -> Array:
    return squared_distance(pair) / _eigenvalue(pair.a, 0)


def _over_other(pair: Pair) -> Array:
    return squared_distance(pair) / _eigenvalue(pair.b, pair.b.m - 1)


def _size(pair: Pair) -> Array:
    """Size of what cancels: the unembeddings, magnified by the conditioning of F."""
    values = pair.xp.linalg.svdvals(pair.a.embeddings)
    total = pair.xp.sum(square(pair.a.unembeddings), axis=(-2, -1)) + _transported(pair)
    return total * values[..., 0] / values[..., min(pair.m, pair.n) - 1]


def _transported(pair: Pair) -> Array:
    transport = pair.xp.linalg.pinv(pair.a.embeddings) @ pair.b.embeddings
    return pair.xp.sum(square(pair.b.unembeddings @ transport.mT), axis=(-2, -1))


def _squared_unembedding_norm(pair: Pair) -> Array:
    """sum_y ||g_c(y)||^2: what B = 0 achieves."""
    return pair.xp.sum(square(pair.a.centred_unembeddings), axis=(-2, -1))


def _over_smallest_at_any_rank(pair: Pair) -> Array:
    return squared_distance(pair) / _eigenvalue(pair.a, min(pair.m, pair.n) - 1)


def _generic_share(pair: Pair) -> Array:
    values = pair.xp.linalg.svdvals(pair.a.embeddings)
    return values[..., min(pair.m, pair.n) - 1] / values[..., 0] - 1e-6


def _share(model: Model) -> Array:
    if model.n < model.m:
        return 0.0 * model.embeddings[..., 0, 0] - 1.0
    values = model.xp.linalg.svdvals(model.embeddings)
    return values[..., model.m - 1] / values[..., 0] - 1e-9


_RANK = Hypothesis("full-rank embeddings", r"\lambda_{\min}(E[f f^\top]) > 0", lambda pair: _share(pair.a))
_OTHER_RANK = Hypothesis("full-rank embeddings of b", r"\lambda_{\min}(E[f' f'^\top]) > 0", lambda pair: _share(pair.b))
_UNEQUAL = Domain(equal_dimensions=False, inputs=(1, 12))  # a single input will do


def _twin(name: str, latex: str, why: str, lhs: Side, envelope: Side, *more: Hypothesis) -> FalseTwin:
    return FalseTwin(
        Statement(name, latex, lhs=lhs, envelope=envelope, hypotheses=(_RANK, *more), cancelled=_size), why
    )


THEOREM = Theorem(
    identifier="T9",
    title="Logit distance bounds the alignment of unembeddings",
    source="derived here",
    summary="The unembeddings of close models agree up to one linear map, as far as the inputs excite it.",
    statements=(
        Statement(
            "all_labels",
            r"\sum_y \|g_c(y) - B g'_c(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}(E[f f^\top])",
            lhs=unembedding_error, envelope=_over_smallest, hypotheses=(_RANK,), domain=_UNEQUAL, cancelled=_size,
            trivial=_squared_unembedding_norm,
        ),
        Statement(
            "mean_over_pivots",
            r"\operatorname*{mean}_{y \ne y_0} \|g_0(y) - B g'_0(y)\|^2 \le \frac{2\, d_\mathrm{logit}^2}{(k-1)\lambda_{\min}}",
            lhs=_mean_over_label_pairs, constant=lambda pair: ratio(pair, 2, pair.k - 1), envelope=_over_smallest,
            hypotheses=(_RANK,), domain=_UNEQUAL, cancelled=_size,
            trivial=lambda pair: 2 * _squared_unembedding_norm(pair) / (pair.k - 1),
        ),
        Statement(
            "fixed_pivot",
            r"\tfrac1k \sum_y \|g_0(y) - B g'_0(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}",
            lhs=lambda pair: _fixed_pivot_sum(pair) / pair.k, envelope=_over_smallest, hypotheses=(_RANK,),
            domain=_UNEQUAL, cancelled=_size, trivial=_squared_unembedding_norm,
        ),
    ),
    twins=(
        _twin("largest_eigenvalue",
              r"\sum_y \|g_c(y) - B g'_c(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\max},\ m \ge 2",
              "Directions that inputs hardly excite leave the unembeddings free there.",
              unembedding_error, _over_largest, at_least("m >= 2", r"m \ge 2", 2, "m")),
        _twin("without_centring",
              r"\sum_y \|g(y) - B g'(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}",
              "A shift of all unembeddings changes the left side and not the distribution.",
              _uncentred_error, _over_smallest),
        _twin("other_model",
              r"\sum_y \|g_c(y) - B g'_c(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}(E[f' f'^\top])",
              "B inverts the first model's embeddings; the second's spectrum says nothing about them.",
              unembedding_error, _over_other, _OTHER_RANK),
        _twin("fixed_pivot_as_a_sum",
              r"\sum_y \|g_0(y) - B g'_0(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}",
              "An error at the pivot is counted once for every label.",
              _fixed_pivot_sum, _over_smallest),
    ),
    known_answers=(
        KnownAnswer("f = f' = (1), g = (3, 0, 0) against 0: sum = 6 = d^2 / lambda", "6.000000",
                    lambda: float(unembedding_error(_one_label_moved())), "by hand"),
        KnownAnswer("the same, largest over pivots: fixed pivot 0, sum / k", "6.000000",
                    lambda: float(_fixed_pivot_sum(_one_label_moved())) / 3, "by hand"),
    ),
)  # fmt: skip


def _one_label_moved() -> Pair:
    one_input = np.ones((1, 1))
    return Pair(Model(one_input, [[3.0], [0.0], [0.0]]), Model(one_input, [[0.0], [0.0], [0.0]]))


THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "full-rank embeddings",
            Statement(
                "all_labels_at_any_rank",
                r"\sum_y \|g_c(y) - B g'_c(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_+(E[f f^\top]),\ n \text{ any}",
                lhs=unembedding_error, envelope=_over_smallest_at_any_rank,
                hypotheses=(
                    Hypothesis("generic rank", r"\operatorname{rank} F = \min(n, m)", _generic_share),
                ),
                domain=_UNEQUAL, cancelled=_size,
            ),
            "With n < m inputs, what g has across all of them enters no logit.",
        ),
        THEOREM.ablation_by_twin("centring", "without_centring"),
    ),
)  # fmt: skip
