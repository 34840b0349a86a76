r"""T8: a linear probe on one model transfers to the other, at a price the logit distance bounds.

With w' = A*^T w, A* = pinv(Gc) G'c, and c_w = ||pinv(Gc)^T w||^2:

- E(w.f - w'.f')^2 <= c_w d_logit^2, sharp;
- 1 - R^2 <= c_w tr Cov(Delta) / Var(w.f), with an intercept refitted;
- sign flips <= P(|w.f| <= gamma) + c_w d_logit^2 / gamma^2 for every gamma > 0;
- top-1 disagreement <= P(margin <= gamma) + 2 d_logit^2 / gamma^2.

Proof. w.f - w'.f' = w.(f - A* f') = (pinv(Gc)^T w).Delta and Cauchy-Schwarz; variances likewise. A flip outside
the band |w.f| <= gamma moves the value by more than gamma: Chebyshev. A changed top label with margin above gamma
moves the difference of two logits by more than gamma, and (Delta_i - Delta_j)^2 <= 2 ||Delta||^2.

References
----------
Derived here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, indicator, namespace_of, square
from theory.catalogue import examples
from theory.catalogue.quantities import (
    ANY_RANK,
    DIMENSIONS_MAY_DIFFER,
    DIVERSE,
    GENERIC,
    apply,
    at_least,
    generic_inverse,
    generic_residual,
    largest_unembedding_singular_value,
    positive,
    probe,
    rational,
    squared_distance,
)
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import moved_along
from theory.claims import Domain
from theory.measures.certificates import label_leads, pointwise_disagreement
from theory.models import Model, Pair, centre_rows
from theory.statements import Ablation, ExtremalFamily, FalseTwin, KnownAnswer, Side, Statement, Theorem, without


def squared_probe_norm(pair: Pair) -> Array:
    """c_w = ||pinv(Gc)^T w||^2."""
    return pair.xp.sum(square(apply(pair.a.unembedding_pseudo_inverse.mT, probe(pair.m))), axis=-1)


def probe_values(pair: Pair) -> tuple[Array, Array]:
    """Return w.f and w'.f' on every input, w' = A*^T w."""
    aligned = pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings
    w = probe(pair.m)
    transported = apply(aligned.mT, w)
    return apply(pair.a.embeddings, w), (pair.b.embeddings @ transported[..., :, None])[..., 0]


def probe_error(pair: Pair) -> Array:
    """E(w.f - w'.f')^2."""
    first, second = probe_values(pair)
    return pair.xp.mean(square(first - second), axis=-1)


def probe_second_moment(pair: Pair) -> Array:
    """E(w.f)^2: the error of the probe that is identically zero."""
    return pair.xp.mean(square(probe_values(pair)[0]), axis=-1)


def probe_variance(pair: Pair) -> Array:
    """Var(w.f)."""
    first = probe_values(pair)[0]
    return pair.xp.mean(square(first - pair.xp.mean(first, axis=-1, keepdims=True)), axis=-1)


def unexplained_share(pair: Pair) -> Array:
    """1 - R^2 of w.f predicted by w'.f' plus an intercept."""
    first, second = probe_values(pair)
    gap = first - second
    residual = gap - pair.xp.mean(gap, axis=-1, keepdims=True)
    return pair.xp.mean(square(residual), axis=-1) / probe_variance(pair)


def difference_variance(pair: Pair) -> Array:
    """tr Cov(Delta)."""
    return pair.xp.mean(pair.xp.sum(square(centre_rows(pair.logit_difference)), axis=-1), axis=-1)


def _typical(values: Array) -> Array:
    """A gamma that is rarely one of the values, 5/4 of their upper median, shape (..., 1)."""
    middle = values.shape[-1] // 2
    return namespace_of(values).sort(values, axis=-1)[..., middle : middle + 1] * 5 / 4


def sign_flips(pair: Pair) -> Array:
    """Share of inputs on which the sign of the probe changes."""
    first, second = (indicator(values) for values in probe_values(pair))
    return pair.xp.mean(first + second - 2 * first * second, axis=-1)


def flip_band(pair: Pair) -> Array:
    """gamma for sign flips."""
    return _typical(pair.xp.abs(probe_values(pair)[0]))


def _within(values: Array, gamma: Array) -> Array:
    xp = namespace_of(values)
    return 1 - xp.mean(indicator(values - gamma), axis=-1)


def _flip_bound(pair: Pair) -> Array:
    gamma = flip_band(pair)
    near = _within(pair.xp.abs(probe_values(pair)[0]), gamma)
    return near + squared_probe_norm(pair) * squared_distance(pair) / square(gamma)[..., 0]


def disagreement(pair: Pair) -> Array:
    """Share of inputs whose top label is not strictly the same in both models."""
    return pair.xp.mean(pointwise_disagreement(pair), axis=-1)


def margins(pair: Pair) -> Array:
    """The first model's lead of the top label over the second best."""
    return pair.xp.max(label_leads(pair.a.centred_logits), axis=-1)


def _disagreement_bound(constant: int) -> Side:
    def bound(pair: Pair) -> Array:
        lead = margins(pair)
        gamma = _typical(lead)
        return _within(lead, gamma) + constant * squared_distance(pair) / square(gamma)[..., 0]

    return bound


def _probe_bound(pair: Pair) -> Array:
    return squared_probe_norm(pair) * squared_distance(pair)


def _share_bound(pair: Pair) -> Array:
    return squared_probe_norm(pair) * difference_variance(pair) / probe_variance(pair)


def _share_bound_second_moment(pair: Pair) -> Array:
    return squared_probe_norm(pair) * difference_variance(pair) / probe_second_moment(pair)


def _untransported_error(pair: Pair) -> Array:
    w = probe(pair.m)
    return pair.xp.mean(square(apply(pair.a.embeddings, w) - apply(pair.b.embeddings, w)), axis=-1)


def _largest_singular_bound(pair: Pair) -> Array:
    w = float(np.sum(probe(pair.m) ** 2))
    return squared_distance(pair) * w / square(largest_unembedding_singular_value(pair.a))


def _size(pair: Pair) -> Array:
    return probe_second_moment(pair) / pair.a.diversity


def _generic_probe_error(pair: Pair) -> Array:
    """E(w.(f - A* f'))^2 at any rank."""
    return pair.xp.mean(square(apply(generic_residual(pair), probe(pair.m))), axis=-1)


def _generic_probe_bound(pair: Pair) -> Array:
    norm = pair.xp.sum(square(apply(generic_inverse(pair.a).mT, probe(pair.m))), axis=-1)
    return norm * squared_distance(pair)


def _member(_: float) -> Pair:
    unembeddings = np.array([[0.0, 0.0], [4.0, 1.0], [0.0, 1.0], [3.0, 2.0], [1.0, 3.0]])
    direction = np.linalg.pinv(unembeddings - unembeddings.mean(axis=0)).T @ probe(2)
    return moved_along(unembeddings, direction / np.linalg.norm(direction))


# Relative sizes of 1e-9: of what is smaller float64 knows fewer than seven digits.
_VARIES = positive(
    "probe varies",
    r"\operatorname{Var}(w \cdot f) > 0",
    lambda pair: probe_variance(pair) / (probe_second_moment(pair) + 1e-300),
    1e-9,
)
_MARGIN = positive("margins", r"\gamma > 0", lambda pair: _typical(margins(pair))[..., 0], 1e-9)
_BAND = positive("band", r"\gamma > 0", lambda pair: flip_band(pair)[..., 0], 1e-9)
_PLANE = Domain(dimensions=(2, 4))  # on a line all singular values are one

THEOREM = Theorem(
    identifier="T8",
    title="Linear probes transfer",
    source="derived here",
    summary="What a linear probe reads in one model, a transported probe reads in the other.",
    statements=(
        Statement(
            "squared_error",
            r"E(w \cdot f - w' \cdot f')^2 \le \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2",
            lhs=probe_error, envelope=_probe_bound, hypotheses=(DIVERSE,), domain=DIMENSIONS_MAY_DIFFER,
            sharp=(ExtremalFamily("k=5, m=2", "f' = f, Delta along pinv(Gc)^T w", _member, 1.0),),
            cancelled=_size, trivial=probe_second_moment,
        ),
        Statement(
            "unexplained_variance",
            r"1 - R^2 \le \|(G_c^+)^\top w\|^2\, \frac{\operatorname{tr}\operatorname{Cov}(\Delta)}{\operatorname{Var}(w \cdot f)}",
            lhs=unexplained_share, envelope=_share_bound, hypotheses=(DIVERSE, _VARIES), domain=DIMENSIONS_MAY_DIFFER,
            cancelled=lambda pair: _size(pair) / probe_variance(pair),
            trivial=lambda pair: 0.0 * probe_variance(pair) + 1.0,
        ),
        Statement(
            "sign_flips",
            r"P(\operatorname{sign} \text{ flips}) \le P(|w \cdot f| \le \gamma) + "
            r"\|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2 / \gamma^2",
            lhs=sign_flips, envelope=_flip_bound, hypotheses=(DIVERSE, _BAND), domain=DIMENSIONS_MAY_DIFFER,
            trivial=lambda pair: 0.0 * probe_variance(pair) + 1.0, differentiable=False,
        ),
        Statement(
            "top_label",
            r"P(\text{top labels differ}) \le P(\text{margin} \le \gamma) + 2\, d_\mathrm{logit}^2 / \gamma^2",
            lhs=disagreement, envelope=_disagreement_bound(2), hypotheses=(_MARGIN,), domain=DIMENSIONS_MAY_DIFFER,
            trivial=lambda pair: 0.0 * probe_variance(pair) + 1.0, differentiable=False,
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "second_moment_for_variance",
                r"1 - R^2 \le \|(G_c^+)^\top w\|^2\, \operatorname{tr}\operatorname{Cov}(\Delta) / E(w \cdot f)^2",
                lhs=unexplained_share, envelope=_share_bound_second_moment, hypotheses=(DIVERSE, _VARIES),
            ),
            "R^2 is about variance: a large mean makes the second moment large and explains nothing.",
        ),
        FalseTwin(
            Statement(
                "untransported_probe",
                r"E(w \cdot f - w \cdot f')^2 \le \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2",
                lhs=_untransported_error, envelope=_probe_bound, hypotheses=(DIVERSE,),
            ),
            "Equal distributions only fix embeddings up to a linear map: the probe must move with it.",
        ),
        FalseTwin(
            Statement(
                "largest_singular_value",
                r"E(w \cdot f - w' \cdot f')^2 \le \|w\|^2 d_\mathrm{logit}^2 / s_{\max}(G_c)^2,\ m \ge 2",
                lhs=probe_error, envelope=_largest_singular_bound,
                hypotheses=(DIVERSE, at_least("m >= 2", r"m \ge 2", 2, "m")), domain=_PLANE, cancelled=_size,
            ),
            "The probe may read the direction that the unembeddings resolve worst.",
        ),
        FalseTwin(
            Statement(
                "five_percent_less",
                r"E(w \cdot f - w' \cdot f')^2 \le 0.95\, \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2",
                lhs=probe_error, constant=rational(19, 20), envelope=_probe_bound, hypotheses=(DIVERSE,), cancelled=_size,
            ),
            "The constant is sharp for every Gc and w.",
        ),
        FalseTwin(
            Statement(
                "top_label_constant_one",
                r"P(\text{top labels differ}) \le P(\text{margin} \le \gamma) + d_\mathrm{logit}^2 / \gamma^2",
                lhs=disagreement, envelope=_disagreement_bound(1), hypotheses=(_MARGIN,), differentiable=False,
                domain=Domain(inputs=(3, 12)),
            ),
            "Two logits of opposite sign move: the difference of two coordinates costs a factor two.",
            lambda: _flips_beyond_the_band(),
        ),
    ),
    known_answers=(
        KnownAnswer("rotation example, top-1 disagreement", "1.0",
                    lambda: float(disagreement(examples.rotation())), "arXiv 2602.15438"),
        KnownAnswer("student = teacher + (3, 4), w = (1, -1/2): E(w.c)^2 = 1", "1.000000",
                    lambda: float(probe_error(examples.shifted_teacher(np.array([3.0, 4.0])))), "by hand"),
        KnownAnswer("the same, unexplained share after an intercept", "0.000000",
                    lambda: float(unexplained_share(examples.shifted_teacher(np.array([3.0, 4.0])))), "by hand"),
    ),
)  # fmt: skip


def _flips_beyond_the_band() -> Pair:
    """n = 3 coins of margins 1/32, 1 and 41/32, all just flipped: gamma = 5/4, and 1 > 2/3 + d^2/gamma^2 = 0.956."""
    labels = np.array([[0.5], [-0.5]])
    first, second = np.array([[1 / 32], [1.0], [41 / 32]]), np.full((3, 1), -1 / 64)
    return Pair(Model(first, labels), Model(second, labels))


THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "diversity",
            Statement(
                "squared_error_at_any_rank",
                r"E(w \cdot f - w' \cdot f')^2 \le \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2,\ k \text{ any}",
                lhs=_generic_probe_error, envelope=_generic_probe_bound, hypotheses=(GENERIC,), domain=ANY_RANK,
            ),
            "With k <= m labels a probe can read what no logit depends on, and no other model need have it.",
        ),
        THEOREM.ablation_by_twin("variance (second moment for it)", "second_moment_for_variance"),
        THEOREM.ablation_by_twin("transport of the probe", "untransported_probe"),
        Ablation(
            "probe varies",
            without(THEOREM.statement("unexplained_variance"), "probe varies"),
            "Known to survive: without it both sides are divided by zero; it gives 1 - R^2 a meaning.",
        ),
    ),
)  # fmt: skip
