"""What is known of T10."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={
        "Schur's determinant formula",
        "the determinant of a product",
        "the Cauchy-Binet formula",
        "the matrix determinant lemma",
    },
    cited={"volume_average_is_least_squares", "closed_form"},
    needs={"diversity", "regular subsets"},
    untried={
        # Two means of the same errors under other weights: which is larger depends on the errors.
        "below_d_rep",
    },
)
