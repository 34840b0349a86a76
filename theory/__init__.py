"""Models, distances, theorems and the search for counterexamples: the mathematics of `logitbounds`.

Importing this package loads NumPy and nothing heavier; torch, where used at all, is looked up when a tensor is
handed in, and the modules that need more (`theory.strategies`, `theory.catalogue`, `theory.search`) are
imported by name.
"""

from theory.claims import Claim, Domain, Metric, claim, metric
from theory.dissimilarities import (
    IdentifiabilityProfile,
    alignment,
    alignment_error,
    identifiability_dissimilarity,
    identifiability_profile,
    volume_dissimilarity,
)
from theory.distances import (
    chi_squared,
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
from theory.errors import DegenerateInput, InvalidInput, NotApplicable, RankDeficient, SingularSubset
from theory.models import Model, Pair
from theory.similarities import (
    canonical_correlations,
    linear_cka,
    mean_cca,
    procrustes,
    pwcca,
    svcca,
    svd_dissimilarity,
)

__all__ = [
    "Claim",
    "DegenerateInput",
    "Domain",
    "IdentifiabilityProfile",
    "InvalidInput",
    "Metric",
    "Model",
    "NotApplicable",
    "Pair",
    "RankDeficient",
    "SingularSubset",
    "alignment",
    "alignment_error",
    "canonical_correlations",
    "chi_squared",
    "claim",
    "hellinger",
    "identifiability_dissimilarity",
    "identifiability_profile",
    "jensen_shannon",
    "kl_divergence",
    "linear_cka",
    "llv_distance",
    "logit_distance",
    "mean_cca",
    "metric",
    "procrustes",
    "pwcca",
    "renyi",
    "squared_hellinger",
    "squared_logit_distance",
    "svcca",
    "svd_dissimilarity",
    "symmetrised_kl",
    "temperature_kl",
    "top_label_agreement",
    "total_variation",
    "volume_dissimilarity",
]
