"""What is known of T2."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"diversity", "regular subsets"},
    sharp_otherwise={
        "upper_bound_on_a_line",  # an identity for every k: the bound is attained, in no limit
        "sharp_for_given_unembeddings",  # an identity: the bound is attained, whatever the unembeddings
    },
)
