"""Models, distances, theorems and the search for counterexamples: the mathematics of `logitbounds`.

Importing this package loads NumPy and nothing heavier; torch, where used at all, is looked up when a tensor is
handed in, and the modules that need more (`theory.pairs.strategies`, `theory.catalogue`, `theory.search`) are
imported by name. The search itself (`falsify`, `Budget`, `assert_survives`, `Refuted`) can be had from here too: it is
imported when one of these names is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from theory.claims import Claim, Domain, Metric, claim, metric
from theory.errors import DegenerateInput, InvalidInput, NotApplicable, RankDeficient, SingularSubset
from theory.measures.certificates import (
    certified_agreement,
    disagreement_bound,
    flip_threshold,
    squared_clipped_distance,
    squared_fisher_distance,
)
from theory.measures.conformal import clopper_pearson, conformal_quantile, conformal_rank
from theory.measures.dissimilarities import (
    IdentifiabilityProfile,
    alignment,
    alignment_error,
    identifiability_dissimilarity,
    identifiability_profile,
    volume_dissimilarity,
)
from theory.measures.distances import (
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
from theory.measures.embedding_certificates import (
    EmbeddingCertificates,
    certified_embeddings,
    embedding_bounds,
    embedding_certificates,
    probe_bounds,
)
from theory.measures.similarities import (
    canonical_correlations,
    linear_cka,
    mean_cca,
    procrustes,
    pwcca,
    svcca,
    svd_dissimilarity,
)
from theory.models import Model, Pair

if TYPE_CHECKING:
    from theory.search.assertion import Refuted, assert_survives
    from theory.search.engine import falsify
    from theory.search.objective import Budget
else:
    _LATE = {
        "Budget": "theory.search.objective",
        "Refuted": "theory.search.assertion",
        "assert_survives": "theory.search.assertion",
        "falsify": "theory.search.engine",
    }

    def __getattr__(name: str) -> object:
        """Import what belongs to the search when it is first asked for."""
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = getattr(import_module(_LATE[name]), name)
        return globals()[name]

    def __dir__() -> list[str]:
        """Name what is there, loaded or not."""
        return sorted({*globals(), *_LATE})


__all__ = [
    "Budget",
    "Claim",
    "DegenerateInput",
    "Domain",
    "EmbeddingCertificates",
    "IdentifiabilityProfile",
    "InvalidInput",
    "Metric",
    "Model",
    "NotApplicable",
    "Pair",
    "RankDeficient",
    "Refuted",
    "SingularSubset",
    "alignment",
    "alignment_error",
    "assert_survives",
    "canonical_correlations",
    "certified_agreement",
    "certified_embeddings",
    "chi_squared",
    "claim",
    "clopper_pearson",
    "conformal_quantile",
    "conformal_rank",
    "disagreement_bound",
    "embedding_bounds",
    "embedding_certificates",
    "falsify",
    "flip_threshold",
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
    "probe_bounds",
    "procrustes",
    "pwcca",
    "renyi",
    "squared_clipped_distance",
    "squared_fisher_distance",
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
