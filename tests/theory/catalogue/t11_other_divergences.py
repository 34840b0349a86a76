"""What is known of T11."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"tau (Hellinger)", "tau (chi squared)", "k >= 3 (Hellinger)", "sum zero (norm infinity)"},
)
