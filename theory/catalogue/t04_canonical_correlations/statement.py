r"""T4: the logit distance bounds what canonical correlations lose.

.. math:: \sum_i \lambda_i (1 - \rho_i^2) \le d_\mathrm{logit}^2,\qquad
          \sum_i \big[(\sqrt{\lambda_i} - \sqrt{\lambda'_i})^2
          + 2\sqrt{\lambda_i\lambda'_i}\,(1 - \rho_i)\big] \le d_\mathrm{logit}^2,

lambda the eigenvalues of E[u u^T] (or Cov u) and rho the canonical correlations, both descending, both centred or
both not. With s = d_logit^2 / lambda_m <= m: 1 - m_CCA <= (floor(s) + 1 - sqrt(1 - frac(s))) / m, a sharp envelope.

Proof. d_logit^2 >= min_B E||u - B u'||^2 = tr C - tr(C R R^T), C the second moment of u and R the matrix of
correlations of whitened variables; von Neumann's trace inequality pairs eigenvalues in order. The second form
keeps the cross term and uses Horn's inequality. The envelope maximises sum (1 - rho_i) under
sum (1 - rho_i^2) <= s: the extreme points lose whole directions, and one in part.

Two things are easily got wrong: mixing non-centred eigenvalues with centred correlations (false; a published
bound plot does it) and pairing in another order. Centred eigenvalues with non-centred correlations look like a twin
and are true: Cov u <= E[u u^T], so by Weyl each centred eigenvalue is at most its non-centred one.

References
----------
arXiv 2602.15438 (2026), Theorem F.1, for the first form. The second form and the envelope are derived here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, square
from theory.catalogue import examples
from theory.catalogue.quantities import (
    angles,
    full_rank_embeddings,
    one_minus_mean_cca,
    positive,
    ratio,
    root_spectrum,
    spectrum,
    squared_distance,
)
from theory.claims import Domain
from theory.measures.similarities import canonical_correlations, mean_cca
from theory.models import Model, Pair, centre_rows
from theory.statements import Ablation, ExtremalFamily, FalseTwin, KnownAnswer, Side, Statement, Theorem, without


def _lost(pair: Pair, centred_eigenvalues: bool, centred_correlations: bool) -> Array:
    """sum_i lambda_i (1 - rho_i^2) over the first model's m directions."""
    eigenvalues = spectrum(pair.a, centred_eigenvalues, pair.m)
    return pair.xp.sum(eigenvalues * square(angles(pair, centred_correlations).sines[..., : pair.m]), axis=-1)


def _lost_with_scales(pair: Pair, centred_eigenvalues: bool, centred_correlations: bool) -> Array:
    """sum_i (sqrt l - sqrt l')^2 + 2 sqrt(l l') (1 - rho), with 1 - rho = sin^2 / (1 + rho)."""
    width = max(pair.a.m, pair.b.m)
    first, second = (root_spectrum(model, centred_eigenvalues, width) for model in (pair.a, pair.b))
    found = angles(pair, centred_correlations)
    loss = square(found.sines) / (1 + found.cosines)
    return pair.xp.sum(square(first - second) + 2 * first * second * loss, axis=-1)


def _total(pair: Pair) -> Array:
    """E||u||^2, which bounds the loss without any theorem and sets the scale of rounding."""
    return pair.xp.mean(pair.xp.sum(square(pair.a.centred_logits), axis=-1), axis=-1)


def _one(pair: Pair) -> Array:
    return 0.0 * _total(pair) + 1.0


def _smallest_eigenvalue(pair: Pair, centred: bool = False) -> Array:
    return spectrum(pair.a, centred, pair.m)[..., -1]


def envelope(pair: Pair) -> Array:
    """(floor(s) + 1 - sqrt(1 - frac(s))) / m, as a sum over directions of 1 - sqrt(1 - clip(s - i, 0, 1))."""
    xp = pair.xp
    s = squared_distance(pair) / _smallest_eigenvalue(pair)
    losses = []
    for i in range(pair.m):
        part = xp.clip(s - i, 0.0, 1.0)
        losses.append(part / (1 + xp.sqrt(1 - part)))  # 1 - sqrt(1 - x) without cancellation
    return xp.mean(xp.stack(losses, axis=-1), axis=-1)


def _over_smallest(pair: Pair) -> Array:
    return squared_distance(pair) / (pair.m * _smallest_eigenvalue(pair))


def _over_largest(pair: Pair) -> Array:
    return squared_distance(pair) / (pair.m * spectrum(pair.a, False, pair.m)[..., 0])


def _centred_squared_distance(pair: Pair) -> Array:
    moved = centre_rows(pair.logit_difference)
    return pair.xp.mean(pair.xp.sum(square(moved), axis=-1), axis=-1)


def _reversed_pairing(pair: Pair) -> Array:
    eigenvalues = pair.xp.flip(spectrum(pair.a, False, pair.m), axis=-1)
    return pair.xp.sum(eigenvalues * square(angles(pair, False).sines[..., : pair.m]), axis=-1)


def _twice_linear(pair: Pair) -> Array:
    found = angles(pair, False)
    loss = square(found.sines[..., : pair.m]) / (1 + found.cosines[..., : pair.m])
    return 2 * pair.xp.sum(spectrum(pair.a, False, pair.m) * loss, axis=-1)


# --------------------------------------------------------------------------- extremal families


def _regression(c: float) -> Pair:
    """m = 1: u = (y + e) v and u' = y v with e of size c orthogonal to y: the best B is 1, so all is lost in e."""
    y, e = np.array([[1.0], [-1.0], [1.0], [-1.0]]), c * np.array([[1.0], [1.0], [-1.0], [-1.0]])
    labels = np.array([[0.5], [-0.5]])
    return Pair(Model(y + e, labels), Model(y, labels))


def _two_directions(c: float) -> Pair:
    """m = 2: equal eigenvalues, the first direction kept in part, the second lost altogether: 1 < s < 2."""
    labels = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    y = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    e = c * np.array([1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    lost = np.sqrt(1 + c * c) * np.array([1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0])
    gone = 1e-6 * np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0])  # uncorrelated with everything
    return Pair(Model(np.column_stack([y + e, lost]), labels), Model(np.column_stack([y, gone]), labels))


def _mixed_signs(eps: float) -> Pair:
    """u = (1 + eps a) v and u' = (1 + eps b) v with uncorrelated signs: d^2 = 2 eps^2, centred rho = 0."""
    a, b = np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([[1.0], [-1.0], [1.0], [-1.0]])
    labels = np.array([[0.5], [-0.5]])
    return Pair(Model(1 + eps * a, labels), Model(1 + eps * b, labels))


_RANK = full_rank_embeddings(centred=False)
_CENTRED_RANK = full_rank_embeddings(centred=True)
# An eigenvalue of 1e-12 of the total is a singular value of 1e-6: of smaller ones ten digits are lost.
_SPREAD = positive("spectrum", r"\lambda_m > 0", lambda pair: _smallest_eigenvalue(pair) / _total(pair), 1e-12)
_SEVERAL = positive("m >= 2", r"m \ge 2", lambda pair: 0.0 * _total(pair) + (pair.m - 1.5))
_PLANE = Domain(dimensions=(2, 4))  # on a line all singular values are one
# Both families attain the bound at any member; halfway is as good as any.
_LINE_FAMILY = ExtremalFamily("m=1", "u = (y + e) v, u' = y v, e orthogonal to y", _regression, 0.5)
_PLANE_FAMILY = ExtremalFamily("m=2", "one direction kept in part, one lost", _two_directions, 0.5)


def _sides(centred_eigenvalues: bool, centred_correlations: bool) -> Side:
    return lambda pair: _lost(pair, centred_eigenvalues, centred_correlations)


def _scaled_sides(centred_eigenvalues: bool, centred_correlations: bool) -> Side:
    return lambda pair: _lost_with_scales(pair, centred_eigenvalues, centred_correlations)


THEOREM = Theorem(
    identifier="T4",
    title="Logit distance bounds the loss of canonical correlations",
    source="arXiv 2602.15438, Theorem F.1; stronger forms derived here",
    summary="What a student's logits lose, weighted by the teacher's spectrum, is at most the squared logit distance.",
    statements=(
        Statement(
            "weighted_loss",
            r"\sum_i \lambda_i (1 - \rho_i^2) \le d_\mathrm{logit}^2",
            lhs=_sides(False, False),
            envelope=squared_distance,
            hypotheses=(_RANK,),
            domain=Domain(equal_dimensions=False),
            sharp=(_LINE_FAMILY, _PLANE_FAMILY),
            cancelled=_total,
            trivial=_total,
        ),
        Statement(
            "weighted_loss_centred",
            r"\sum_i \lambda_i^{c} (1 - (\rho_i^{c})^2) \le \operatorname{tr} \operatorname{Cov}(\Delta) \le d_\mathrm{logit}^2",
            lhs=_sides(True, True),
            envelope=_centred_squared_distance,
            hypotheses=(_CENTRED_RANK,),
            domain=Domain(inputs=(4, 12)),
            cancelled=_total,
            trivial=_total,
        ),
        Statement(
            "weighted_loss_mixed",
            r"\sum_i \lambda_i^{c} (1 - \rho_i^2) \le d_\mathrm{logit}^2",
            lhs=_sides(True, False),
            envelope=squared_distance,
            hypotheses=(_RANK,),
            cancelled=_total,
            trivial=_total,
        ),
        Statement(
            "with_both_spectra",
            r"\sum_i (\sqrt{\lambda_i} - \sqrt{\lambda'_i})^2 + 2\sqrt{\lambda_i\lambda'_i}(1 - \rho_i)"
            r" \le d_\mathrm{logit}^2",
            lhs=_scaled_sides(False, False),
            envelope=squared_distance,
            hypotheses=(_RANK,),
            sharp=(_LINE_FAMILY,),
            cancelled=_total,
        ),
        Statement(
            "envelope",
            r"1 - m_\mathrm{CCA} \le \tfrac{1}{m}\big(\lfloor s \rfloor + 1 - \sqrt{1 - \{s\}}\big),"
            r"\ s = d_\mathrm{logit}^2/\lambda_m \le m",
            lhs=one_minus_mean_cca,
            envelope=envelope,
            hypotheses=(_RANK, _SPREAD),
            sharp=(_LINE_FAMILY, _PLANE_FAMILY),
            cancelled=_one,
            trivial=_one,
        ),
        Statement(
            "linear",
            r"1 - m_\mathrm{CCA} \le d_\mathrm{logit}^2 / (m \lambda_m)",
            lhs=one_minus_mean_cca,
            envelope=_over_smallest,
            hypotheses=(_RANK, _SPREAD),
            cancelled=_one,
            trivial=_one,
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "centred_correlations_only",
                r"\sum_i \lambda_i (1 - (\rho_i^{c})^2) \le d_\mathrm{logit}^2",
                lhs=_sides(False, True), envelope=squared_distance, hypotheses=(_CENTRED_RANK,),
                domain=Domain(inputs=(4, 12)), cancelled=_total,
            ),
            "Non-centred eigenvalues weigh the mean, which centred correlations cannot see.",
            lambda: _mixed_signs(0.125),
        ),
        FalseTwin(
            Statement(
                "reversed_pairing",
                r"\sum_i \lambda_{m+1-i} (1 - \rho_i^2) \le d_\mathrm{logit}^2,\ m \ge 2",
                lhs=_reversed_pairing, envelope=squared_distance, hypotheses=(_RANK, _SEVERAL), domain=_PLANE,
                cancelled=_total,
            ),
            "Von Neumann pairs the largest eigenvalue with the largest correlation; any other order is not a bound.",
        ),
        FalseTwin(
            Statement(
                "largest_eigenvalue",
                r"1 - m_\mathrm{CCA} \le d_\mathrm{logit}^2 / (m \lambda_1),\ m \ge 2",
                lhs=one_minus_mean_cca, envelope=_over_largest, hypotheses=(_RANK, _SEVERAL), domain=_PLANE,
            ),
            "A direction that carries little of the logits can be lost at little cost.",
        ),
        FalseTwin(
            Statement(
                "linear_loss",
                r"2 \sum_i \lambda_i (1 - \rho_i) \le d_\mathrm{logit}^2",
                lhs=_twice_linear, envelope=squared_distance, hypotheses=(_RANK,), cancelled=_total,
            ),
            "2 (1 - rho) exceeds 1 - rho^2 by (1 - rho)^2; only with both spectra is the linear loss a bound.",
        ),
        FalseTwin(
            Statement(
                "without_dividing_by_m",
                r"1 - m_\mathrm{CCA} \le d_\mathrm{logit}^2 / (m^2 \lambda_m),\ m \ge 2",
                lhs=one_minus_mean_cca, constant=lambda pair: ratio(pair, 1, pair.m), envelope=_over_smallest,
                hypotheses=(_RANK, _SPREAD, _SEVERAL), domain=_PLANE,
            ),
            "One direction lost costs 1/m of the mean, and d^2 = lambda_m pays for it.",
        ),
        FalseTwin(
            Statement(
                "both_spectra_centred_correlations",
                r"\sum_i (\sqrt{\lambda_i} - \sqrt{\lambda'_i})^2 + 2\sqrt{\lambda_i\lambda'_i}(1 - \rho_i^{c})"
                r" \le d_\mathrm{logit}^2",
                lhs=_scaled_sides(False, True), envelope=squared_distance, hypotheses=(_CENTRED_RANK,),
                domain=Domain(inputs=(4, 12)), cancelled=_total,
            ),
            "The same mixture of centred and non-centred as above.",
            lambda: _mixed_signs(0.125),
        ),
    ),
    known_answers=(
        KnownAnswer("rotation example, m_CCA of f", "1.000000",
                    lambda: _mean(examples.rotation(), "embeddings"), "arXiv 2602.15438"),
        KnownAnswer("rotation example, m_CCA of g", "1.000000",
                    lambda: _mean(examples.rotation(), "unembeddings"), "arXiv 2602.15438"),
        KnownAnswer("small-KL example, m_CCA of g", ".674",
                    lambda: _mean(examples.small_kl(), "unembeddings"), "arXiv 2602.15438"),
        KnownAnswer("signs example, lhs of the mixture at eps = 1/8: 1 + eps^2, times ||v||^2 = 1/2", ".5078125",
                    lambda: float(_lost(_mixed_signs(0.125), False, True)), "by hand"),
        KnownAnswer("signs example, d^2 at eps = 1/8: 2 eps^2 times 1/2", ".015625",
                    lambda: float(squared_distance(_mixed_signs(0.125))), "by hand"),
        KnownAnswer("smallest family, rho = 2c/(1+c^2) at c = 3", ".600000",
                    lambda: _first_correlation(examples.smallest(2.0, 3.0)), "derived here"),
    ),
)  # fmt: skip


def _mean(pair: Pair, part: str) -> float:
    return float(mean_cca(getattr(pair.a, part), getattr(pair.b, part)))


def _first_correlation(pair: Pair) -> float:
    return float(canonical_correlations(pair.a.embeddings, pair.b.embeddings, centred=False)[0])


_UNEQUAL = Domain(equal_dimensions=False)

THEOREM = replace(
    THEOREM,
    ablations=(
        THEOREM.ablation_by_twin("the same centring", "centred_correlations_only"),
        THEOREM.ablation_by_twin("the same centring (both spectra)", "both_spectra_centred_correlations"),
        THEOREM.ablation_by_twin("sorting", "reversed_pairing"),
        Ablation(
            "full-rank embeddings",
            without(THEOREM.main, "full-rank embeddings"),
            "Known to survive: a direction that f lacks has eigenvalue zero, one that f' lacks correlation zero. "
            "Only balls need it, to enclose angles.",
        ),
        Ablation(
            "spectrum",
            without(THEOREM.statement("linear"), "spectrum"),
            "Known to survive: full-rank embeddings and diversity imply it; it only keeps the right side clear of rounding.",
        ),
        Ablation(
            "equal dimensions",
            replace(THEOREM.statement("with_both_spectra"), domain=_UNEQUAL),
            "Known to survive: with zeros for the missing directions Horn's inequality is about the wider model.",
        ),
        Ablation(
            "equal dimensions (envelope)",
            replace(THEOREM.statement("envelope"), domain=_UNEQUAL),
            "Known to survive: a student of fewer dimensions loses whole directions, and d_logit pays lambda_m for each.",
        ),
    ),
)
