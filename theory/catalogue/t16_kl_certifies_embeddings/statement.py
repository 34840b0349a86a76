r"""T16: what KL guarantees of embeddings, input by input and without any floor.

With w = min(p, p'), Sigma_w = diag w - w w^T / sum w, I_w = Gc^T Sigma_w Gc and the input's own alignment
A_w = pinv(I_w) Gc^T Sigma_w G'c, the residual r_w = f - A_w f' obeys on every input

.. math:: r_w^\top I_w\, r_w \le 2\,\mathrm{KL},\qquad \|r_w\|^2 \le 2\,\mathrm{KL}/\lambda_{\min}(I_w),\qquad
          (v \cdot r_w)^2 \le 2\,\mathrm{KL}\; v^\top I_w^{-1} v.

The same holds with KL(p' || p), as w does not tell the two apart, and with any smaller weights. For the single map
A* = pinv(Gc) G'c add ||(A_w - A*) f'||, which is zero where the heads have one column space, as a shared head has. From
the teacher alone, with M_p = Gc^T (diag p - p p^T) Gc, R the largest range of Delta and P the projector on col(Gc),

.. math:: E (f - A^* f')^\top M_p (f - A^* f')
          \le \big(\sqrt{(2 + R)\,E\,\mathrm{KL}} + \sqrt{E \operatorname{Var}_p((I - P) u')}\big)^2.

Proof. With t = log p'/p, KL = sum p (e^t - 1 - t), and each term is at least w t^2/2: for t >= 0, w is p and
e^t - 1 - t >= t^2/2; for t < 0, w is p' and the term is p' (e^T (T - 1) + 1), T = -t. Centring under w is a projection,
so Delta^T Sigma_w Delta <= sum w t^2. With Sigma_w = L^T L and B = L Gc, I_w is B^T B and r_w = pinv(B) L Delta, whose image
B r_w is a projection of L Delta. The rest is the definition of an eigenvalue, Cauchy-Schwarz and the triangle inequality.
For the teacher alone, P Delta = Delta + (I - P) u', and KL >= (e^-r - 1 + r) / r^2 Var_p(Delta) >= Var_p(Delta) / (2 + r), r
the range of Delta on the input, as the third derivative of s -> log sum p e^(s d) is at most r times the second in size.
Sharp: small moves of f along the direction that I_w resolves worst, the head shared.

It is a statement about each input and uses the student's probabilities. No function of the mean KL bounds the mean
distance (T7): where I_w is all but singular, as on inputs that both models are sure of, the bound says nothing. Means are taken where it is not: of the other inputs
both sides count as zero.

References
----------
Derived here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from theory.arithmetic.arrays import Array, indicator, is_balls, square, wrapped
from theory.catalogue.quantities import (
    ANY_RANK,
    DIVERSE,
    apply,
    at_least,
    kl,
    probe,
    ratio,
    rational,
    root,
    squared_embedding_norm,
)
from theory.claims import Domain
from theory.errors import NotApplicable
from theory.measures.distances import pointwise_kl_divergence
from theory.measures.embedding_certificates import (
    FisherGeometry,
    certified_embeddings,
    embedding_bounds,
    fisher_geometry,
    log_common_mass,
    residual_after_alignment,
)
from theory.models import Model, Pair
from theory.statements import Ablation, ExtremalFamily, FalseTwin, Hypothesis, KnownAnswer, Side, Statement, Theorem

Weights = Callable[[Pair], Array | None]

_REGULAR = 1e-5  # of singular values of B, I_w = B^T B: floats keep eleven digits of what is divided by them
_NUMBERS = 50_000_000  # held at once, in matrices of inputs: 400 MB
_CERTIFIED = (1, 10)  # of ||f||^2: the share below which an embedding counts as certified


def _common(pair: Pair) -> None:
    """Weights min(p, p'), which are the geometry's own."""


def _product(pair: Pair) -> Array:
    """log p p': below min(p, p')."""
    return pair.a.log_probabilities + pair.b.log_probabilities


def _teacher(pair: Pair) -> Array:
    """log p."""
    return pair.a.log_probabilities


@lru_cache(maxsize=2)  # the hypothesis and both sides ask for that of the pair at hand
def _geometry(pair: Pair, weights: Weights) -> FisherGeometry:
    if pair.n * pair.m**2 > _NUMBERS and not pair.batch:
        raise NotApplicable(f"holds {pair.m} x {pair.m} numbers for each of {pair.n} inputs, too many at once")
    return fisher_geometry(pair, weights(pair))


def _mean(pair: Pair, values: Array) -> Array:
    return pair.xp.mean(values, axis=-1)


def _regularities(geometry: FisherGeometry) -> Array:
    """How far each input's I_w is from singular; positive where the input counts."""
    values = geometry.singular_values
    return values[..., -1] / values[..., 0] - _REGULAR


def _mean_where_regular(pair: Pair, geometry: FisherGeometry, values: Array) -> Array:
    """Mean over all inputs of what is zero where I_w is singular, or nearly so."""
    xp, margins = pair.xp, _regularities(geometry)
    if not is_balls(margins):
        return _mean(pair, xp.where(margins > 0, values, 0.0))
    outside = np.asarray(np.frompyfunc(lambda margin: margin <= 0, 1, 1)(margins), dtype=bool)
    return _mean(pair, xp.where_decided(outside, 0.0, xp.indicator(margins) * values))


def _regularity(weights: Weights) -> Hypothesis:
    """Some input has a regular I_w."""
    return Hypothesis(
        "labels with mass", r"\operatorname{rank} I_w = m",
        lambda pair: pair.xp.max(_regularities(_geometry(pair, weights)), axis=-1),
    )  # fmt: skip


def form_of_residual(weights: Weights) -> Side:
    """E r_w^T I_w r_w."""

    def form(pair: Pair) -> Array:
        geometry = _geometry(pair, weights)
        return _mean_where_regular(pair, geometry, geometry.squared_length)

    return form


def kl_where_regular(weights: Weights) -> Side:
    """E KL over the inputs that count."""
    return lambda pair: _mean_where_regular(pair, _geometry(pair, weights), pointwise_kl_divergence(pair))


def squared_residual(pair: Pair) -> Array:
    """E||f - A_w f'||^2."""
    geometry = _geometry(pair, _common)
    return _mean_where_regular(pair, geometry, pair.xp.sum(square(geometry.residual), axis=-1))


def squared_single_residual(pair: Pair) -> Array:
    """E||f - A* f'||^2."""
    squared = pair.xp.sum(square(residual_after_alignment(pair)), axis=-1)
    return _mean_where_regular(pair, _geometry(pair, _common), squared)


def _cheaper_kl(pair: Pair) -> Array:
    """E min(KL(p || p'), KL(p' || p))."""
    cheaper = pair.xp.minimum(pointwise_kl_divergence(pair), pointwise_kl_divergence(pair.swapped))
    return _mean_where_regular(pair, _geometry(pair, _common), cheaper)


def _embedding_norm(pair: Pair) -> Array:
    """E||f||^2 over the inputs that count: what no map at all achieves."""
    return _mean_where_regular(pair, _geometry(pair, _common), pair.xp.sum(square(pair.a.embeddings), axis=-1))


def _probe_moment(pair: Pair) -> Array:
    """E(v.f)^2 over the inputs that count."""
    return _mean_where_regular(pair, _geometry(pair, _common), square(apply(pair.a.embeddings, probe(pair.m))))


def _over_eigenvalue(index: int) -> Side:
    """E KL/lambda(I_w), lambda an eigenvalue by its place among them, descending."""

    def envelope(pair: Pair) -> Array:
        geometry = _geometry(pair, _common)
        eigenvalue = pair.xp.exp(geometry.log_scale) * square(geometry.singular_values[..., index])
        return _mean_where_regular(pair, geometry, pointwise_kl_divergence(pair) / eigenvalue)

    return envelope


def _dual_length(pair: Pair, geometry: FisherGeometry) -> Array:
    """v^T I_w^-1 v."""
    return geometry.squared_dual_length(pair.xp.asarray(probe(pair.m)))


def _probe_residual(pair: Pair) -> Array:
    geometry = _geometry(pair, _common)
    return _mean_where_regular(pair, geometry, square(apply(geometry.residual, probe(pair.m))))


def _probe_envelope(pair: Pair) -> Array:
    geometry = _geometry(pair, _common)
    return _mean_where_regular(pair, geometry, pointwise_kl_divergence(pair) * _dual_length(pair, geometry))


def _single_bounds(pair: Pair) -> Array:
    """(sqrt(2 KL / lambda_min(I_w)) + ||(A_w - A*) f'||)^2 of every input."""
    geometry = _geometry(pair, _common)
    own = root(2 * pointwise_kl_divergence(pair) / geometry.smallest_eigenvalue)
    return square(own + root(pair.xp.sum(square(residual_after_alignment(pair) - geometry.residual), axis=-1)))


def _single_envelope(pair: Pair) -> Array:
    return _mean_where_regular(pair, _geometry(pair, _common), _single_bounds(pair))


def _single_probe_residual(pair: Pair) -> Array:
    values = square(apply(residual_after_alignment(pair), probe(pair.m)))
    return _mean_where_regular(pair, _geometry(pair, _common), values)


def _single_probe_envelope(pair: Pair) -> Array:
    geometry = _geometry(pair, _common)
    own = root(2 * pointwise_kl_divergence(pair) * _dual_length(pair, geometry))
    apart = pair.xp.abs(apply(residual_after_alignment(pair) - geometry.residual, probe(pair.m)))
    return _mean_where_regular(pair, geometry, square(own + apart))


def _room(pair: Pair) -> Array:
    """A tenth of ||f||^2."""
    return ratio(pair, *_CERTIFIED) * pair.xp.sum(square(pair.a.embeddings), axis=-1)


def share_far(pair: Pair) -> Array:
    """Share of inputs with ||f - A* f'||^2 above a tenth of ||f||^2."""
    return _mean(pair, indicator(pair.xp.sum(square(residual_after_alignment(pair)), axis=-1) - _room(pair)))


def share_not_certified(pair: Pair) -> Array:
    """Share of inputs whose bound is not below a tenth of ||f||^2; where I_w is nearly singular there is none."""
    geometry = _geometry(pair, _common)
    certified = indicator(_room(pair) - _single_bounds(pair))
    return 1 - _mean_where_regular(pair, geometry, certified)


# --------------------------------------------------------------------------- a head in the column space of the teacher's


def _in_column_space(pair: Pair) -> Pair:
    """Return the pair with the student's head G'c replaced by Gc A, A = A*, which is in the column space of Gc."""
    aligned = pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings
    return Pair(pair.a, Model(pair.b.embeddings, pair.a.centred_unembeddings @ aligned))


@lru_cache(maxsize=2)  # as above
def _column_space_geometry(pair: Pair) -> FisherGeometry:
    return _geometry(_in_column_space(pair), _common)


def _own_image(pair: Pair) -> Array:
    """E||A_w f'||^2 for such a student."""
    geometry = _column_space_geometry(pair)
    return _mean_where_regular(pair, geometry, pair.xp.sum(square(pair.a.embeddings - geometry.residual), axis=-1))


def _single_image(pair: Pair) -> Array:
    """E||A f'||^2 for such a student."""
    aligned = pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings
    image = pair.xp.sum(square(pair.b.embeddings @ aligned.mT), axis=-1)
    return _mean_where_regular(pair, _column_space_geometry(pair), image)


def _image_size(pair: Pair) -> Array:
    """Size of what cancels in A_w f' = f - r_w."""
    return (squared_embedding_norm(pair) + _single_image(pair)) / _REGULAR


# --------------------------------------------------------------------------- the teacher's geometry alone


def variance_under_teacher(pair: Pair, values: Array) -> Array:
    """E Var_p(values), without cancellation beside the top label."""
    xp, p = pair.xp, pair.a.probabilities
    if not is_balls(values):
        values = values - xp.sum(xp.where(pair.a.top_label, values, 0.0), axis=-1, keepdims=True)
    centred = values - xp.sum(p * values, axis=-1, keepdims=True)
    return _mean(pair, xp.sum(p * square(centred), axis=-1))


def _inside(pair: Pair) -> Array:
    """P Delta = Gc (f - A* f')."""
    return residual_after_alignment(pair) @ pair.a.centred_unembeddings.mT


def teacher_form(pair: Pair) -> Array:
    """E (f - A* f')^T M_p (f - A* f')."""
    return variance_under_teacher(pair, _inside(pair))


def largest_range(pair: Pair) -> Array:
    """R: the largest range over labels of Delta, over inputs."""
    xp, difference = pair.xp, pair.logit_difference
    return xp.max(xp.max(difference, axis=-1) - xp.min(difference, axis=-1), axis=-1)


def _teacher_envelope(range_counts: bool) -> Side:
    def envelope(pair: Pair) -> Array:
        factor = 2 + largest_range(pair) if range_counts else 2
        outside = variance_under_teacher(pair, pair.logit_difference - _inside(pair))
        first, second = (wrapped(each, pair.a.embeddings) for each in (factor * kl(pair), outside))
        return square(root(first) + root(second))

    return envelope


# --------------------------------------------------------------------------- extremal pairs, twins, ablations


def _moved(direction: str, k: int) -> Callable[[float], Pair]:
    """n = 1, m = 2, a shared head: f moves by eps along the direction that I_p resolves worst, or that v reads best."""
    labels = np.array([[0.0, 0.0], [2.0, 1.0], [0.0, 1.0], [1.0, 2.0], [1.0, -1.0]])[:k]
    embedding = np.array([[0.25, -0.5]])
    exponentials = np.exp(labels @ embedding[0])
    p = exponentials / exponentials.sum()
    form = labels.T @ (np.diag(p) - np.outer(p, p)) @ labels
    step = np.linalg.eigh(form)[1][:, 0] if direction == "weakest" else np.linalg.solve(form, probe(2))

    def member(eps: float) -> Pair:
        moved = embedding + eps * step / np.linalg.norm(step)
        return Pair(Model(embedding, labels), Model(moved, labels))

    return member


def _families(direction: str, words: str) -> tuple[ExtremalFamily, ...]:
    return tuple(ExtremalFamily(f"k={k}, m=2", words, _moved(direction, k), 1e-5) for k in (3, 5))


_WEAKEST = _families("weakest", "one head, f moves by eps along the last eigenvector of I_w")
_READ = _families("read", "one head, f moves by eps along I_w^-1 v")


def _over_mean_form(pair: Pair) -> Array:
    """E KL / lambda_min(E I_w)."""
    geometry, xp = _geometry(pair, _common), pair.xp
    scale = xp.exp(geometry.log_scale)[..., None, None]
    mean = xp.mean(scale * (geometry.factor.mT @ geometry.factor), axis=-3)
    return kl(pair) / xp.linalg.eigvalsh(mean)[..., 0]


def _sure_and_unsure() -> Pair:
    """Two coins: one is fair in both models, one is sure in both, and twice as sure in the second."""
    labels = np.array([[0.5], [-0.5]])
    return Pair(Model(np.array([[0.0], [12.0]]), labels), Model(np.array([[0.0], [24.0]]), labels))


def _generic_residual(pair: Pair) -> Array:
    """E||f - pinv(I_w) Gc^T Sigma_w G'c f'||^2 for I_w of rank min(m, k - 1)."""
    xp = pair.xp
    if pair.k > pair.m:
        return squared_residual(pair)
    geometry = _geometry(pair, _common)
    image = xp.sum(geometry.factor * pair.a.embeddings[..., None, :], axis=-1) - geometry.difference
    # B B^T has the kernel sqrt w, which B^T kills again: adding it makes the matrix regular and changes nothing.
    heights = xp.exp((log_common_mass(pair) - geometry.log_scale[..., None]) / 2)
    filled = geometry.factor @ geometry.factor.mT + heights[..., :, None] * heights[..., None, :]
    aligned = (geometry.factor.mT @ xp.linalg.solve(filled, image[..., None]))[..., 0]
    return _mean(pair, xp.sum(square(pair.a.embeddings - aligned), axis=-1))


def _generic_envelope(pair: Pair) -> Array:
    """E KL / lambda, lambda the eigenvalue number min(m, k - 1) of I_w."""
    if pair.k > pair.m:
        return _over_eigenvalue(-1)(pair)
    geometry = _geometry(pair, _common)
    eigenvalue = pair.xp.exp(geometry.log_scale) * square(geometry.singular_values[..., pair.k - 2])
    return _mean(pair, pointwise_kl_divergence(pair) / eigenvalue)


def _generic_regularity(pair: Pair) -> Array:
    """How far every input's I_w is from a rank below min(m, k - 1)."""
    values = _geometry(pair, _common).singular_values
    return pair.xp.min(values[..., min(pair.m, pair.k - 1) - 1] / values[..., 0], axis=-1) - _REGULAR


MASS = _regularity(_common)
_TEACHER_MASS = _regularity(_teacher)
_COLUMN_MASS = Hypothesis(
    "labels with mass in both heads", r"\operatorname{rank} I_w = m",
    lambda pair: pair.xp.minimum(
        pair.a.diversity - 1e-9, pair.xp.max(_regularities(_column_space_geometry(pair)), axis=-1)
    ),
)  # fmt: skip
_GENERIC_MASS = Hypothesis("generic rank of I_w", r"\operatorname{rank} I_w = \min(m, k - 1)", _generic_regularity)
_ANY = Domain(inputs=(1, 12), equal_dimensions=False)
_WIDE = Domain(labels=(3, 8), inputs=(1, 12), equal_dimensions=False)
_PLANE = Domain(dimensions=(2, 4), inputs=(1, 12), equal_dimensions=False)

_FORM = Statement(
    "fisher_form",
    r"E\, r_w^\top I_w\, r_w \le 2\, E\, \mathrm{KL},\quad r_w = f - A_w f'",
    lhs=form_of_residual(_common), constant=rational(2), envelope=kl_where_regular(_common), hypotheses=(MASS,), domain=_ANY, enumerates="geometries",
    sharp=_WEAKEST,
)  # fmt: skip

THEOREM = Theorem(
    identifier="T16",
    title="What KL guarantees of embeddings, input by input",
    source="derived here",
    summary="Where enough labels have mass in both models, KL bounds how far apart the embeddings of that input are.",
    statements=(
        _FORM,
        Statement(
            "either_direction",
            r"E\, r_w^\top I_w\, r_w \le 2\, E \min\big(\mathrm{KL}(p\|p'), \mathrm{KL}(p'\|p)\big)",
            lhs=form_of_residual(_common), constant=rational(2), envelope=_cheaper_kl, hypotheses=(MASS,), domain=_ANY, enumerates="geometries",
            sharp=_WEAKEST,
        ),
        Statement(
            "smaller_weights",
            r"E\, r_w^\top I_w\, r_w \le 2\, E\, \mathrm{KL},\quad w = p\, p'",
            lhs=form_of_residual(_product), constant=rational(2), envelope=kl_where_regular(_product),
            hypotheses=(_regularity(_product),), domain=_ANY, enumerates="geometries",
        ),
        Statement(
            "embedding",
            r"E\|f - A_w f'\|^2 \le 2\, E\big[\mathrm{KL} / \lambda_{\min}(I_w)\big]",
            lhs=squared_residual, constant=rational(2), envelope=_over_eigenvalue(-1), hypotheses=(MASS,), domain=_ANY, enumerates="geometries",
            sharp=_WEAKEST, trivial=_embedding_norm,
        ),
        Statement(
            "probe",
            r"E\big(v \cdot (f - A_w f')\big)^2 \le 2\, E\big[\mathrm{KL}\; v^\top I_w^{-1} v\big]",
            lhs=_probe_residual, constant=rational(2), envelope=_probe_envelope, hypotheses=(MASS,), domain=_ANY, enumerates="geometries",
            sharp=_READ, trivial=_probe_moment,
        ),
        Statement(
            "single_map",
            r"E\|f - A^* f'\|^2 \le E\big(\sqrt{2\,\mathrm{KL} / \lambda_{\min}(I_w)} + \|(A_w - A^*) f'\|\big)^2",
            lhs=squared_single_residual, envelope=_single_envelope, hypotheses=(MASS,), domain=_ANY, enumerates="geometries", sharp=_WEAKEST,
            trivial=_embedding_norm,
        ),
        Statement(
            "single_map_probe",
            r"E\big(v \cdot (f - A^* f')\big)^2 \le"
            r" E\big(\sqrt{2\,\mathrm{KL}\; v^\top I_w^{-1} v} + |v \cdot (A_w - A^*) f'|\big)^2",
            lhs=_single_probe_residual, envelope=_single_probe_envelope, hypotheses=(MASS,), domain=_ANY, enumerates="geometries", sharp=_READ,
            trivial=_probe_moment,
        ),
        Statement(
            "certified_share",
            r"P\big(\|f - A^* f'\|^2 > \tfrac1{10} \|f\|^2\big) \le P\big(\big(\sqrt{2\,\mathrm{KL} / \lambda_{\min}(I_w)}"
            r" + \|(A_w - A^*) f'\|\big)^2 \ge \tfrac1{10} \|f\|^2\big)",
            lhs=share_far, envelope=share_not_certified, hypotheses=(DIVERSE,), domain=_ANY, enumerates="geometries", differentiable=False,
            trivial=lambda pair: 0.0 * share_far(pair) + 1.0,
        ),
        Statement(
            "shared_head",
            r"G'_c = G_c A \Rightarrow A_w = A:\quad E\|A_w f'\|^2 = E\|A f'\|^2",
            lhs=_own_image, envelope=_single_image, relation="=", hypotheses=(_COLUMN_MASS,), domain=_ANY,
            cancelled=_image_size,
        ),
        Statement(
            "teacher_only",
            r"E (f - A^* f')^\top M_p (f - A^* f') \le"
            r" \big(\sqrt{(2 + R)\, E\, \mathrm{KL}} + \sqrt{E \operatorname{Var}_p((I - P) u')}\big)^2",
            lhs=teacher_form, envelope=_teacher_envelope(True), hypotheses=(DIVERSE,), domain=_ANY, sharp=_WEAKEST,
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "first_probabilities", r"E\, r_p^\top I_p\, r_p \le 2\, E\, \mathrm{KL}",
                lhs=form_of_residual(_teacher), constant=rational(2), envelope=kl_where_regular(_teacher),
                hypotheses=(_TEACHER_MASS,), domain=_ANY,
            ),
            "A label that the second model all but excludes costs KL only the first power of its log-ratio.",
        ),
        FalseTwin(
            replace(_FORM, name="five_percent_less", latex=r"E\, r_w^\top I_w\, r_w \le 1.9\, E\, \mathrm{KL}",
                    constant=rational(19, 10), sharp=()),
            "Two is sharp in the limit of small KL, where random pairs never are.",
        ),
        FalseTwin(
            Statement(
                "mean_over_inputs", r"E\|f - A^* f'\|^2 \le 2\, E\, \mathrm{KL} / \lambda_{\min}(E\, I_w)",
                lhs=squared_single_residual, constant=rational(2), envelope=_over_mean_form, hypotheses=(MASS,),
                domain=Domain(equal_dimensions=False),
            ),
            "Inputs that both models are sure of cost KL nothing and move as they like: T7 forbids every bound on the mean.",
            _sure_and_unsure,
        ),
        FalseTwin(
            Statement(
                "without_the_added_term", r"E\|f - A^* f'\|^2 \le 2\, E\big[\mathrm{KL} / \lambda_{\min}(I_w)\big]",
                lhs=squared_single_residual, constant=rational(2), envelope=_over_eigenvalue(-1), hypotheses=(MASS,),
                domain=_WIDE,
            ),
            "A* weighs all labels alike, also those that neither model gives any mass: with more than m + 1 of them it differs from A_w.",
        ),
        FalseTwin(
            Statement(
                "largest_eigenvalue", r"E\|f - A_w f'\|^2 \le 2\, E\big[\mathrm{KL} / \lambda_{\max}(I_w)\big],\ m \ge 2",
                lhs=squared_residual, constant=rational(2), envelope=_over_eigenvalue(0),
                hypotheses=(MASS, at_least("m >= 2", r"m \ge 2", 2, "m")), domain=_PLANE,
            ),
            "The direction that the labels resolve worst decides, not the best one.",
        ),
        FalseTwin(
            Statement(
                "without_the_range",
                r"E (f - A^* f')^\top M_p (f - A^* f') \le"
                r" \big(\sqrt{2\, E\, \mathrm{KL}} + \sqrt{E \operatorname{Var}_p((I - P) u')}\big)^2",
                lhs=teacher_form, envelope=_teacher_envelope(False), hypotheses=(DIVERSE,), domain=_ANY,
            ),
            "KL grows like the logit difference, the variance like its square: only small differences do without R.",
        ),
    ),
    known_answers=(
        KnownAnswer("fair coin against three to one: r^T I_w r = (log 3)^2/6", ".201158",
                    lambda: float(form_of_residual(_common)(_coin())), "by hand: w = (1/2, 1/4)"),
        KnownAnswer("the same, the bound 2 KL/lambda_min = 6 log(4/3)", "1.726092",
                    lambda: float(embedding_bounds(*_models(_coin()))[0]), "by hand"),
        KnownAnswer("the same, the teacher's form (log 3)^2/4", ".301737",
                    lambda: float(teacher_form(_coin())), "by hand"),
        KnownAnswer("the same, its bound (2 + log 3) log(4/3)/2", ".445708",
                    lambda: float(_teacher_envelope(True)(_coin())), "by hand"),
        KnownAnswer("uniform against (1/2, 1/4, 1/4): r^T I_w r = (log 2)^2/5", ".096091",
                    lambda: float(form_of_residual(_common)(_three())), "by hand: I_w = ((8, -4), (-4, 7))/40"),
        KnownAnswer("the same, the bound (2/3) log(32/27)/lambda_min, lambda_min = (15 - sqrt 65)/80", "1.306085",
                    lambda: float(embedding_bounds(*_models(_three()))[0]), "by hand"),
        KnownAnswer("a model against itself: share of certified embeddings", "1.0",
                    lambda: float(certified_embeddings(_three().b, _three().b)), "by hand: KL = 0"),
    ),
)  # fmt: skip


def _coin() -> Pair:
    """k = 2, m = 1: p = (1/2, 1/2) and p' = (3/4, 1/4)."""
    labels = np.array([[0.5], [-0.5]])
    return Pair(Model(np.zeros((1, 1)), labels), Model(np.array([[math.log(3.0)]]), labels))


def _three() -> Pair:
    """k = 3, m = 2: p uniform and p' = (1/2, 1/4, 1/4), labels at e1, e2 and 0."""
    labels = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    return Pair(Model(np.zeros((1, 2)), labels), Model(np.array([[math.log(2.0), 0.0]]), labels))


def _models(pair: Pair) -> tuple[Model, Model]:
    return pair.a, pair.b


THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "labels with mass",
            Statement(
                "embedding_at_any_rank",
                r"E\|f - I_w^+ G_c^\top \Sigma_w G'_c f'\|^2 \le 2\, E\big[\mathrm{KL} / \lambda_+(I_w)\big],\ k \text{ any}",
                lhs=_generic_residual, constant=rational(2), envelope=_generic_envelope, hypotheses=(_GENERIC_MASS,),
                domain=replace(ANY_RANK, inputs=(1, 12)),
            ),
            "A part of f that no label with mass reads is a part that no KL depends on.",
        ),
        THEOREM.ablation_by_twin("min(p, p') (p for it)", "first_probabilities"),
        THEOREM.ablation_by_twin("each input by itself", "mean_over_inputs"),
        THEOREM.ablation_by_twin("the added term", "without_the_added_term"),
        THEOREM.ablation_by_twin("2 + R", "without_the_range"),
    ),
)  # fmt: skip
