"""What is known of T3."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"variational form of singular values"},
    cited={"upper_bound", "never_worse_than_pivoting", "never_worse_than_kappa"},
    needs={"diversity", "centring of s_min", "centring of the map"},
)
