"""THE registry of measures: every measure of this package once, with all that commands, searches and tests ask of it.

A registration names the function, says what it compares and whether larger means more alike, which properties it has
(every property that holds, and none that fails: the tests hold it to both), what a change of coordinates does to it,
and whether ``logitbounds compare`` prints it. Its independent definition, the oracle, is the function of the same name
in `theory.arithmetic.plain_theory`. Nothing else has a list of measures: ``list metrics`` and ``check-metric``,
``compare``, the stand-ins for many digits and the oracles of the tests read this table.

A function with a parameter that has to be chosen is registered with the parameter bound, once for each choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from theory.claims import Metric
from theory.measures import variants
from theory.measures.certificates import (
    certified_agreement,
    disagreement_bound_from_kl,
    fisher_bound,
    flip_threshold,
    rms_probability_change,
    squared_clipped_distance,
    squared_fisher_distance,
)
from theory.measures.dissimilarities import (
    alignment_error,
    identifiability_dissimilarity,
    identifiability_tail_share,
    volume_dissimilarity,
)
from theory.measures.distances import (
    acceptance_rate,
    chi_squared,
    flipped,
    hellinger,
    jensen_shannon,
    kl_divergence,
    llv_distance,
    logit_distance,
    renyi,
    squared_hellinger,
    squared_logit_distance,
    symmetrised_kl,
    temperature_kl,
    top_label_agreement,
    total_variation,
)
from theory.measures.embedding_certificates import certified_embeddings, embedding_bounds, near_embeddings
from theory.measures.measure import Kind, Measure
from theory.measures.of_one_model import diversity, log_min_probability
from theory.measures.similarities import (
    canonical_correlations,
    linear_cka,
    mean_cca,
    procrustes,
    pwcca,
    svcca,
    svd_dissimilarity,
)

# --------------------------------------------------------------------------- what registrations have in common

_WITHOUT_ORDER = ("handles_degenerate", "deterministic", "pure", "zero_on_self", "nonnegative")
_SOUND = (*_WITHOUT_ORDER, "invariant_to_row_order")
_ON_EMBEDDINGS = (*_SOUND, "rejects_nan")
_ORTHOGONAL = ("invariant_to_permutation", "invariant_to_orthogonal")
_SIMILITUDES = (*_ORTHOGONAL, "invariant_to_scaling", "invariant_to_translation")
_LINEAR = (*_ORTHOGONAL, "invariant_to_scaling", "invariant_to_linear")
_AFFINE = (*_LINEAR, "invariant_to_translation", "invariant_to_affine")
_ON_MODELS = (*_SOUND, "label_invariant")
_ON_DISTRIBUTIONS = (*_ON_MODELS, "separates_distributions")
# Of a model and itself they need not be one: a tied top label has no threshold, an embedding near zero no room.
_CERTIFIED_SHARE = (
    "handles_degenerate", "deterministic", "pure", "invariant_to_row_order", "label_invariant", "bounded_by_one",
)  # fmt: skip
_BY_LOGITS = "controlled_by_logit_distance"


def _measure(kind: Kind, function: Callable[..., Any], *has: str, name: str = "", **rest: Any) -> Measure:
    return Measure(name=name or function.__name__, function=function, kind=kind, has=frozenset(has), **rest)


def _of_embeddings(function: Callable[..., Any], *has: str, **rest: Any) -> Measure:
    return _measure("embeddings", function, *_ON_EMBEDDINGS, *has, **rest)


def _of_models(function: Callable[..., Any], *has: str, **rest: Any) -> Measure:
    return _measure("models", function, *has, **rest)


def _of_distributions(function: Callable[..., Any], *has: str, **rest: Any) -> Measure:
    return _measure("models", function, *has, gauge="all", **rest)


def _proved(by_logit_distance: str, by_kl: str = "") -> dict[str, str]:
    """Return what the catalogue or a docstring proves of D, for the logit distance d and, where KL will do, for KL."""
    return {"controlled_by_logit_distance": by_logit_distance} | ({"controlled_by_kl": by_kl} if by_kl else {})


def _exchanged(a: Any, b: Any) -> tuple[Any, Any]:
    """With the models exchanged."""
    return b, a


def _unembeddings(a: Any, b: Any) -> tuple[Any, Any]:
    """Of the unembeddings."""
    return a.unembeddings, b.unembeddings


# --------------------------------------------------------------------------- the table

# A probability of one in a hundred still shows in a mean over labels, one of 1e-4 in a thousand inputs, and one of 1e-6
# nowhere but in a logarithm. No distance sees what lies below its floor; separating is examined on distributions that
# are a hundredth apart, and only below the first floor can they be so.
_FLOORS = {"1e-2": (), "1e-4": ("separates_distributions",), "1e-6": ("separates_distributions",)}

_TABLE = (
    _of_distributions(
        logit_distance, *_ON_DISTRIBUTIONS, "symmetric", "triangle", proved=_proved("it is d"), compared=True
    ),
    _of_distributions(
        logit_distance, *_ON_DISTRIBUTIONS, "symmetric", "triangle", name="logit_distance_1", parameters={"ord": 1},
        proved=_proved("f <= sqrt(k) d"), compared=True,
    ),
    _of_distributions(
        logit_distance, *_ON_DISTRIBUTIONS, "symmetric", "triangle", name="logit_distance_inf",
        parameters={"ord": math.inf}, proved=_proved("f <= sqrt(n) d"), compared=True,
    ),
    _of_distributions(squared_logit_distance, *_ON_DISTRIBUTIONS, "symmetric", proved=_proved("it is d^2")),
    _of_distributions(
        kl_divergence, *_ON_DISTRIBUTIONS, proved=_proved("KL <= d^2/4 (T6)", "it is KL"), compared=True
    ),
    _of_distributions(
        kl_divergence, *_ON_DISTRIBUTIONS, name="kl_divergence_reversed", arguments=_exchanged,
        proved=_proved("KL <= d^2/4 (T6)"), compared=True,
    ),
    _of_distributions(
        symmetrised_kl, *_ON_DISTRIBUTIONS, "symmetric", proved=_proved("KL + KL' <= d^2/2 (T11)"), compared=True
    ),
    _of_distributions(
        hellinger, *_ON_DISTRIBUTIONS, "symmetric", "triangle", "bounded_by_one",
        proved=_proved("H <= d/4 (T11)", "H^2 <= KL/2"), compared=True,
    ),
    _of_distributions(
        squared_hellinger, *_ON_DISTRIBUTIONS, "symmetric", "bounded_by_one",
        proved=_proved("H^2 <= d^2/16 (T11)", "H^2 <= KL/2"),
    ),
    _of_distributions(
        total_variation, *_ON_DISTRIBUTIONS, "symmetric", "triangle", "bounded_by_one",
        proved=_proved("TV <= d/(2 sqrt 2) (T11)", "TV <= sqrt(KL/2) (Pinsker)"), compared=True,
    ),
    _of_distributions(
        jensen_shannon, *_ON_DISTRIBUTIONS, "symmetric", "bounded_by_one",
        proved=_proved(
            "JS <= TV log 2 <= d log 2/(2 sqrt 2) (T11)", "JS <= TV log 2 <= log 2 sqrt(KL/2) (Pinsker)"
        ),
        compared=True,
    ),
    _of_distributions(chi_squared, *_ON_DISTRIBUTIONS, _BY_LOGITS, compared=True),
    _of_distributions(
        renyi, *_ON_DISTRIBUTIONS, name="renyi_2", parameters={"alpha": 2},
        proved=_proved("D_2 <= D_inf <= sqrt(2) d"), compared=True,
    ),
    _of_distributions(  # at the temperature of Hinton et al.'s students that is most used
        temperature_kl, *_ON_DISTRIBUTIONS, name="temperature_kl_4", parameters={"temperature": 4.0},
        proved=_proved("T^2 KL_T <= d^2/4 (T6)"),
    ),
    _of_distributions(  # the pivots are the first label and the first input; two labels and two inputs do not separate
        llv_distance, *_WITHOUT_ORDER, "triangle", compared=True
    ),
    _of_distributions(
        top_label_agreement, *_ON_MODELS, "symmetric", "triangle", "bounded_by_one", "invariant_to_scaling",
        similarity=True, compared=True,
    ),
    _of_distributions(
        flipped, *_ON_MODELS, "symmetric", "triangle", "bounded_by_one", "invariant_to_scaling", compared=True
    ),
    _of_distributions(certified_agreement, *_CERTIFIED_SHARE, similarity=True, compared=True),
    _of_distributions(
        disagreement_bound_from_kl, *_ON_MODELS, "bounded_by_one", name="disagreement_bound", compared=True
    ),
    _of_distributions(
        acceptance_rate, *_ON_DISTRIBUTIONS, "symmetric", "triangle", "bounded_by_one", similarity=True,
        proved=_proved("1 - f <= d/(2 sqrt 2) (T11)", "1 - f <= sqrt(KL/2) (Pinsker)"), compared=True,
    ),
    _of_distributions(
        rms_probability_change, *_ON_MODELS, "bounded_by_one",
        proved=_proved("f^2 <= E TV <= d/(2 sqrt 2) (T11)", "f <= sqrt(KL/2) (Pinsker)"), compared=True,
    ),
    _of_distributions(squared_fisher_distance, *_ON_DISTRIBUTIONS, proved=_proved("f <= d^2/2"), compared=True),
    _of_distributions(fisher_bound, *_ON_DISTRIBUTIONS, _BY_LOGITS, compared=True),
    *(
        _of_distributions(
            squared_clipped_distance, *_ON_MODELS, "symmetric", *separates, name=f"squared_clipped_distance_{floor}",
            parameters={"floor": float(floor)}, proved=_proved("f <= (2/eps) d^2/4 (T15, T6)", "f <= (2/eps) KL (T15)"),
            compared=True,
        )
        for floor, separates in _FLOORS.items()
    ),
    _of_models(near_embeddings, *_ON_MODELS, "bounded_by_one", similarity=True, gauge="second", compared=True),
    _of_models(certified_embeddings, *_CERTIFIED_SHARE, similarity=True, gauge="second", compared=True),
    _of_models(
        embedding_bounds, *_ON_MODELS, "separates_distributions", gauge="second", shape="n", errs="above"
    ),
    _measure("model", flip_threshold, gauge="all", shape="n"),
    _measure("model", log_min_probability, gauge="all", compared=True, of_both=min),
    _measure("model", diversity, compared=True),
    _of_models(
        alignment_error, *_ON_MODELS, gauge="second", proved=_proved("alignment_error <= d (T3)"), compared=True
    ),
    _of_models(
        volume_dissimilarity, *_ON_MODELS, "separates_distributions", gauge="second",
        proved=_proved("volume_dissimilarity <= sqrt(m) d (T10)"), compared=True,
    ),
    _of_models(
        identifiability_dissimilarity, *_ON_MODELS, "separates_distributions", gauge="second", over_subsets=True,
        compared=True,
    ),
    _of_models(
        identifiability_dissimilarity, *_ON_MODELS, name="identifiability_dissimilarity_median",
        parameters={"statistic": "median"}, gauge="second", over_subsets=True, compared=True,
    ),
    _of_models(  # a share of a sum: of equal models .01, and never zero, so that it separates for want of a zero
        identifiability_tail_share, "handles_degenerate", "deterministic", "pure", "invariant_to_row_order",
        "label_invariant", "nonnegative", "bounded_by_one", "separates_distributions", gauge="second",
        over_subsets=True, compared=True,
    ),
    _of_embeddings(
        mean_cca, "symmetric", "bounded_by_one", *_AFFINE, similarity=True, gauge="all",
        proved=_proved("1 - m_CCA <= d^2/m (T4)"), compared=True,
    ),
    _of_embeddings(
        mean_cca, "symmetric", "bounded_by_one", *_LINEAR, _BY_LOGITS, name="mean_cca_not_centred",
        parameters={"centred": False}, similarity=True, gauge="all", compared=True,
    ),
    _of_models(
        mean_cca, *_ON_MODELS, "symmetric", "bounded_by_one", *_AFFINE, name="mean_cca_unembeddings",
        arguments=_unembeddings, similarity=True, gauge="all", proved=_proved("1 - f <= d^2/m (T9)"), compared=True,
    ),
    _of_embeddings(
        canonical_correlations, "symmetric", "bounded_by_one", *_AFFINE, similarity=True, gauge="all", shape="r",
        reduced_by="least", proved=_proved("1 - rho_m <= d^2 (T4)"),
    ),
    _of_embeddings(svcca, "symmetric", "bounded_by_one", *_SIMILITUDES, similarity=True, compared=True),
    _of_embeddings(
        pwcca, "bounded_by_one", "invariant_to_permutation", "invariant_to_scaling", "invariant_to_translation",
        _BY_LOGITS, similarity=True, gauge="second", compared=True,
    ),
    _of_embeddings(linear_cka, "symmetric", "bounded_by_one", *_SIMILITUDES, similarity=True, compared=True),
    _of_embeddings(procrustes, "symmetric", "triangle", *_SIMILITUDES, compared=True),
    _of_embeddings(
        svd_dissimilarity, "symmetric", "bounded_by_one", "invariant_to_permutation", "invariant_to_scaling",
        "invariant_to_translation",
    ),
    _of_models(
        variants.whitened_logit_distance, *_ON_MODELS, gauge="all", proved=_proved("d_w <= d/sqrt(m)"),
    ),
    _of_distributions(
        variants.symmetrised_whitened_logit_distance, *_ON_DISTRIBUTIONS, "symmetric", _BY_LOGITS
    ),
    _of_models(
        variants.guaranteed_mean_cca, *_ON_MODELS, "bounded_by_one", similarity=True, gauge="all",
        proved=_proved("1 - f <= d_w^2 <= d^2/m"),
    ),
    _of_embeddings(
        variants.minimax_alignment_error, *_ORTHOGONAL, gauge="second", proved=_proved("f <= sqrt(n) d"),
        no_oracle="a convex programme, whose solver has eight digits; its tests work out values by hand",
    ),
)  # fmt: skip

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _TABLE})
"""Every measure by name, in the order in which ``compare`` prints them."""

CERTIFYING = (
    "certified_agreement", "flipped", "disagreement_bound", "squared_fisher_distance", "fisher_bound",
    *(f"squared_clipped_distance_{floor}" for floor in _FLOORS), "certified_embeddings", "near_embeddings",
    "acceptance_rate", "rms_probability_change",
)  # fmt: skip
"""What closeness in KL certifies, beside what it certifies it of, and how much a second model's answers change."""

METRICS: Mapping[str, Metric] = MappingProxyType(
    {measure.name: measure.metric for measure in _TABLE if measure.kind != "model"}
)
"""Those that compare two things: what ``list metrics`` prints and ``check-metric`` takes."""

NOT_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "alignment": "a linear map; what it leaves over is alignment_error",
        "embedding_certificates": "a record; its bound for the one alignment of all inputs is embedding_bounds",
        "identifiability_profile": "a record; its mean, its median and its tail share are measures",
        "logit_falls": "logits in descending order less the largest: what flip_threshold is made of",
        "principal_angles": "a record of cosines and sines; the cosines are canonical_correlations",
        "probe_bounds": "bounds for probes that have to be given, one for each input and probe",
        "top_probability_lead": "p_1 - p_2, which is twice the flip threshold of total variation",
    }
)
"""Public functions of two models or embeddings, or of one model, that are not registered, and why."""

_BY_FUNCTION = MappingProxyType({measure.number: measure for measure in _TABLE})


def registered(function: Callable[..., Any]) -> Measure | None:
    """Return the measure that a function computes, with everything bound; None for functions of others."""
    return _BY_FUNCTION.get(function)
