"""What is known of T18."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"variational form of singular values"},
    cited={"fixed_set", "mean_error_over_sets"},
    needs={"rank on S", "the set's own s_min", "centring over labels", "weight p(S)"},
)
