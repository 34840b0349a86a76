"""What is known of T18."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"rank on S", "the set's own s_min", "centring over labels", "weight p(S)"},
)
