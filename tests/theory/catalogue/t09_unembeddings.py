"""What is known of T9."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"variational form of singular values"},
    cited={"all_labels", "mean_over_pivots", "fixed_pivot"},
    needs={"full-rank embeddings", "centring"},
)
