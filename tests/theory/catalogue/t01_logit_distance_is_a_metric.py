"""What is known of T1."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"centring"},
)
