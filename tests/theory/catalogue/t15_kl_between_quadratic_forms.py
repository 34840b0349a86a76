"""What is known of T15."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"variational form of singular values"},
    cited={"floor_by_rank", "floor_of_a_shared_head", "floor_by_rank_never_worse"},
)
