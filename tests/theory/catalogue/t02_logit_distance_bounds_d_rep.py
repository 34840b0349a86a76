"""What is known of T2."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"variational form of singular values"},
    cited={"upper_bound", "upper_bound_on_a_line", "sharp_for_given_unembeddings", "one_subset", "lower_bound"},
    needs={"diversity", "regular subsets"},
    sharp_otherwise={
        "upper_bound_on_a_line",  # the case m = 1 of the upper bound, whose proof of sharpness is for every m
        "sharp_for_given_unembeddings",  # an identity: the bound is attained, whatever the unembeddings
    },
)
