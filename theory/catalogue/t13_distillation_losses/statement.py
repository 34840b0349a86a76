r"""T13: distillation losses, seen from the logit distance.

With KL_T the divergence at temperature T, w the largest oscillation max_y u - min_y u of the logits of either model
on any input, and Z the raw logits F G^T:

- e^{-w/T} d_logit^2/(2k) <= T^2 KL_T <= e^{w/T} d_logit^2/(2k): at high temperature KL is the *centred* squared error;
- T^2 KL_T <= d_logit^2/4 at every temperature;
- d_logit^2 <= E||Z - Z'||^2: the raw squared error is larger, by a penalty on shifts that p does not see.

Losses on logits standardised per input (standardised-logit KD, and NormKD, which divides by the deviation) vanish
at student = 5 teacher + 7, whose distribution is another: they cannot bound the logit distance.

Proof. T^2 KL_T = int_0^1 (1 - s) Var_{p_s}(Delta) ds with p_s of logits between u/T and u'/T; every probability of
p_s is within a factor e^{+-w/T} of 1/k, hence its variance within that factor of the uniform one, ||Delta||^2/k.

References
----------
G. Hinton et al. (2015) and later work on logit matching for the limit. The two-sided form is derived here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, namespace_of, square
from theory.catalogue.quantities import ratio, rational, squared_distance
from theory.claims import Domain
from theory.measures.distances import mean_over_inputs, pointwise_kl_divergence, temperature_kl
from theory.models import Model, Pair, centre_labels
from theory.statements import ExtremalFamily, FalseTwin, Hypothesis, KnownAnswer, Side, Statement, Theorem


def _heated(pair: Pair, temperature: int) -> Pair:
    return Pair(*(Model(model.embeddings / temperature, model.unembeddings) for model in (pair.a, pair.b)))


def heated_kl(temperature: int) -> Side:
    """T^2 KL_T."""
    return lambda pair: temperature**2 * mean_over_inputs(pointwise_kl_divergence, _heated(pair, temperature))


def oscillation(pair: Pair) -> Array:
    """w: the largest max_y u - min_y u over inputs and models."""
    xp = pair.xp
    spans = [xp.max(m.centred_logits, axis=-1) - xp.min(m.centred_logits, axis=-1) for m in (pair.a, pair.b)]
    return xp.max(xp.maximum(*spans), axis=-1)


def _above(temperature: int) -> Side:
    return lambda pair: pair.xp.exp(oscillation(pair) / temperature) * squared_distance(pair)


def _below(temperature: int, side: Side = squared_distance) -> Side:
    return lambda pair: pair.xp.exp(-oscillation(pair) / temperature) * side(pair) * _half_share(pair)


def _half_share(pair: Pair) -> Array | float:
    """1/(2k)."""
    return ratio(pair, 1, 2 * pair.k)


def raw_squared_error(pair: Pair) -> Array:
    """E||Z - Z'||^2 with Z = F G^T, not centred."""
    gap = pair.a.embeddings @ pair.a.unembeddings.mT - pair.b.embeddings @ pair.b.unembeddings.mT
    return pair.xp.mean(pair.xp.sum(square(gap), axis=-1), axis=-1)


def standardised(logits: Array) -> Array:
    """Logits with mean 0 and deviation 1 over labels."""
    xp = namespace_of(logits)
    centred = centre_labels(logits)
    return centred / xp.sqrt(xp.mean(square(centred), axis=-1, keepdims=True))


def standardised_kd(pair: Pair) -> Array:
    """KL between softmaxes of standardised logits: zero whenever the student's logits are a line in the teacher's."""
    labels = pair.xp.asarray(np.eye(pair.k))
    heads = [Model(standardised(m.centred_logits), _spread(labels, m)) for m in (pair.a, pair.b)]
    return mean_over_inputs(pointwise_kl_divergence, Pair(*heads))


def _spread(labels: Array, model: Model) -> Array:
    """Identity unembeddings with the batch axis of a model, so that logits themselves serve as embeddings."""
    return model.xp.broadcast_to(labels, (*model.batch, model.k, model.k)) if model.batch else labels


def _affine_student(scale: float) -> Pair:
    """The student 5 teacher + 7, with teacher logits of the given scale: its last column of G is the shift."""
    embeddings = scale * np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]])
    unembeddings = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [2.0, -1.0]])
    shifted = np.column_stack([5 * embeddings, np.full(3, 7.0)])
    return Pair(Model(embeddings, unembeddings), Model(shifted, np.column_stack([unembeddings, np.ones(4)])))


def _small_logits(eps: float) -> Pair:
    embeddings = eps * np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]])
    unembeddings = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [2.0, -1.0]])
    return Pair(Model(embeddings, unembeddings), Model(embeddings[::-1], unembeddings))


def _centred_already(_: float) -> Pair:
    return Pair(Model([[1.0]], [[1.0], [-1.0], [0.0]]), Model([[2.0]], [[0.0], [-1.0], [1.0]]))


def _varying(pair: Pair) -> Array:
    """Smallest deviation over labels on any input, relative to the largest logit."""
    xp, shares = pair.xp, []
    for model in (pair.a, pair.b):
        deviation = xp.sqrt(xp.mean(square(model.centred_logits), axis=-1))
        shares.append(xp.min(deviation, axis=-1) / xp.max(xp.abs(model.centred_logits), axis=(-2, -1)))
    return xp.minimum(*shares)


_ANY = Domain(inputs=(1, 12), equal_dimensions=False)  # a single input will do
# As in T12, standardising divides by deviations: below 1e-6 of the logits that leaves fewer than ten digits.
_VARY = Hypothesis(
    "logits vary", r"\operatorname{sd}_y u(x), \operatorname{sd}_y u'(x) > 0", lambda pair: _varying(pair) - 1e-6
)
# 2^-14 is small beside the temperatures, and its square far above rounding.
_LIMIT = (ExtremalFamily("k=4", "logits of size eps: every temperature is high", _small_logits, 2.0**-14),)

THEOREM = Theorem(
    identifier="T13",
    title="Distillation losses and the logit distance",
    source="limit: Hinton et al. 2015; two-sided form derived here",
    summary="High-temperature KL is the centred squared logit error; standardised losses see only its direction.",
    statements=(
        *(
            Statement(
                f"temperature_{temperature}_above",
                rf"T^2 \mathrm{{KL}}_T \le \tfrac{{1}}{{2k}} e^{{w/T}} d_\mathrm{{logit}}^2,\ T = {temperature}",
                lhs=heated_kl(temperature), constant=_half_share, envelope=_above(temperature), domain=_ANY, sharp=_LIMIT,
            )
            for temperature in (1, 4, 64)
        ),
        *(
            Statement(
                f"temperature_{temperature}_below",
                rf"\tfrac{{1}}{{2k}} e^{{-w/T}} d_\mathrm{{logit}}^2 \le T^2 \mathrm{{KL}}_T,\ T = {temperature}",
                lhs=_below(temperature), envelope=heated_kl(temperature), domain=_ANY, sharp=_LIMIT,
            )
            for temperature in (1, 4, 64)
        ),
        Statement(
            "every_temperature", r"T^2 \mathrm{KL}_T \le \tfrac14 d_\mathrm{logit}^2,\ T = 4",
            lhs=heated_kl(4), constant=rational(1, 4), envelope=squared_distance, domain=_ANY,
        ),
        Statement(
            "raw_error", r"d_\mathrm{logit}^2 \le E\|Z - Z'\|^2",
            lhs=squared_distance, envelope=raw_squared_error, domain=_ANY,
            sharp=(ExtremalFamily("k=3", "logits that sum to zero", _centred_already, 1.0),),
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "raw_error_in_the_limit",
                r"\tfrac{1}{2k} e^{-w/T} E\|Z - Z'\|^2 \le T^2 \mathrm{KL}_T,\ T = 64",
                lhs=_below(64, raw_squared_error), envelope=heated_kl(64), domain=_ANY,
            ),
            "The limit of high temperature is the centred error: softmax does not see a common shift of logits.",
        ),
        FalseTwin(
            Statement(
                "without_the_limit", r"\tfrac{1}{2k} d_\mathrm{logit}^2 \le T^2 \mathrm{KL}_T,\ T = 4",
                lhs=lambda pair: _half_share(pair) * squared_distance(pair), envelope=heated_kl(4), domain=_ANY,
            ),
            "At a finite temperature one-hot models agree in KL at any logit distance.",
        ),
        FalseTwin(
            Statement(
                "hotter_is_larger", r"\mathrm{KL}_1 \le T^2 \mathrm{KL}_T,\ T = 4",
                lhs=heated_kl(1), envelope=heated_kl(4), domain=_ANY,
            ),
            "The factor T^2 does not make the loss monotone in the temperature.",
        ),
        FalseTwin(
            Statement(
                "standardised_kd", r"d_\mathrm{logit}^2 \le 10^4\, \mathrm{KL}(\text{standardised logits})",
                lhs=squared_distance, constant=rational(10**4), envelope=standardised_kd, hypotheses=(_VARY,),
                domain=Domain(labels=(3, 8), equal_dimensions=False),
            ),
            "Standardised logits are blind to the scale of the student: it can be 5 teacher + 7 at no loss.",
            lambda: _affine_student(1.0),
        ),
    ),
    known_answers=(
        KnownAnswer("student = 5 teacher + 7, standardised loss", "0.000000000000",
                    lambda: float(standardised_kd(_affine_student(1.0))), "by hand"),
        KnownAnswer("student = 5 teacher + 7, d^2 / E||u||^2 = 16", "16.000000",
                    lambda: _mean_square_ratio(_affine_student(1.0)), "by hand"),
        KnownAnswer("T^2 KL_T / (d^2/2k) at T = 10^6", "1.00000",
                    lambda: _high_temperature_ratio(1e6), "Hinton et al. 2015"),
    ),
)  # fmt: skip


def _mean_square_ratio(pair: Pair) -> float:
    return float(squared_distance(pair)) / float(np.mean(np.sum(pair.a.centred_logits**2, axis=-1)))


def _high_temperature_ratio(temperature: float) -> float:
    pair = _small_logits(1.0)
    return float(temperature_kl(pair.a, pair.b, temperature)) / (float(squared_distance(pair)) / (2 * pair.k))


THEOREM = replace(
    THEOREM,
    ablations=(
        THEOREM.ablation_by_twin("centring", "raw_error_in_the_limit"),
        THEOREM.ablation_by_twin("high temperature", "without_the_limit"),
        THEOREM.ablation_by_twin("the scale of logits", "standardised_kd"),
    ),
)
