"""The measures of this package, marked with what they claim to have.

What is declared is what `check_metric` is held to in the tests: every property that holds, and none that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from theory.claims import Metric, metric
from theory.measures import variants
from theory.measures.dissimilarities import alignment_error, identifiability_dissimilarity, volume_dissimilarity
from theory.measures.distances import (
    chi_squared,
    hellinger,
    jensen_shannon,
    kl_divergence,
    logit_distance,
    squared_logit_distance,
    symmetrised_kl,
    total_variation,
)
from theory.measures.similarities import linear_cka, mean_cca, procrustes, pwcca, svcca, svd_dissimilarity

_SOUND = ("handles_degenerate", "deterministic", "pure", "invariant_to_row_order", "zero_on_self", "nonnegative")
_ON_EMBEDDINGS = (*_SOUND, "rejects_nan")
_ORTHOGONAL = ("invariant_to_permutation", "invariant_to_orthogonal")
_SIMILITUDES = (*_ORTHOGONAL, "invariant_to_scaling", "invariant_to_translation")
_AFFINE = (*_SIMILITUDES, "invariant_to_linear", "invariant_to_affine", "gauge_invariant")
_ON_MODELS = (*_SOUND, "label_invariant")
_ON_DISTRIBUTIONS = (*_ON_MODELS, "gauge_invariant", "separates_distributions")
_BY_LOGITS = ("controlled_by_logit_distance",)
_BY_BOTH = ("controlled_by_logit_distance", "controlled_by_kl")


def _embeddings(function: Callable[..., Any], *declares: str, similarity: bool = False) -> Metric:
    return _marked(function, "embeddings", similarity, (*_ON_EMBEDDINGS, *declares))


def _models(function: Callable[..., Any], *declares: str, similarity: bool = False) -> Metric:
    return _marked(function, "models", similarity, declares)


def _marked(
    function: Callable[..., Any], on: Literal["embeddings", "models"], similarity: bool, declares: tuple[str, ...]
) -> Metric:
    return metric(on=on, similarity=similarity, declares=declares)(function)


def median_identifiability_dissimilarity(a: Any, b: Any) -> Any:
    """Root of the median over label subsets of E||f - A_S f'||^2, which single subsets do not move."""
    return identifiability_dissimilarity(a, b, statistic="median")


MEASURES: Mapping[str, Metric] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            _embeddings(mean_cca, "symmetric", "bounded_by_one", *_AFFINE, *_BY_LOGITS, similarity=True),
            _embeddings(svcca, "symmetric", "bounded_by_one", *_SIMILITUDES, similarity=True),
            _embeddings(
                pwcca, "bounded_by_one", "invariant_to_permutation", "invariant_to_scaling", "invariant_to_translation",
                *_BY_LOGITS, similarity=True,
            ),
            _embeddings(linear_cka, "symmetric", "bounded_by_one", *_SIMILITUDES, similarity=True),
            _embeddings(procrustes, "symmetric", "triangle", *_SIMILITUDES),
            _embeddings(
                svd_dissimilarity, "symmetric", "bounded_by_one", "invariant_to_permutation", "invariant_to_scaling",
                "invariant_to_translation",
            ),
            _embeddings(variants.minimax_alignment_error, *_ORTHOGONAL, *_BY_LOGITS),
            _models(logit_distance, *_ON_DISTRIBUTIONS, "symmetric", "triangle", *_BY_LOGITS),
            _models(squared_logit_distance, *_ON_DISTRIBUTIONS, "symmetric", *_BY_LOGITS),
            _models(kl_divergence, *_ON_DISTRIBUTIONS, *_BY_BOTH),
            _models(symmetrised_kl, *_ON_DISTRIBUTIONS, "symmetric", *_BY_LOGITS),
            _models(hellinger, *_ON_DISTRIBUTIONS, "symmetric", "triangle", "bounded_by_one", *_BY_BOTH),
            _models(total_variation, *_ON_DISTRIBUTIONS, "symmetric", "triangle", "bounded_by_one", *_BY_BOTH),
            _models(jensen_shannon, *_ON_DISTRIBUTIONS, "symmetric", "bounded_by_one", *_BY_BOTH),
            _models(chi_squared, *_ON_DISTRIBUTIONS, *_BY_LOGITS),
            _models(identifiability_dissimilarity, *_ON_MODELS, "separates_distributions"),
            _models(median_identifiability_dissimilarity, *_ON_MODELS),
            _models(volume_dissimilarity, *_ON_MODELS, "separates_distributions", *_BY_LOGITS),
            _models(alignment_error, *_ON_MODELS, *_BY_LOGITS),
            _models(variants.whitened_logit_distance, *_ON_MODELS, "gauge_invariant", *_BY_LOGITS),
            _models(variants.symmetrised_whitened_logit_distance, *_ON_DISTRIBUTIONS, "symmetric", *_BY_LOGITS),
            _models(
                variants.guaranteed_mean_cca, *_ON_MODELS, "gauge_invariant", "bounded_by_one", *_BY_LOGITS,
                similarity=True,
            ),
        )
    }
)  # fmt: skip
"""Measures by name."""
