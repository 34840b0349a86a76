"""What is known of T8."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"diversity", "variance (second moment for it)"},
)
