"""What is known of T12."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"Minkowski's inequality", "trace and nuclear norm"},
    cited={"upper_bound", "by_logit_distance"},
)
