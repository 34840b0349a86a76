"""What is known of T13."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"centring"},
)
