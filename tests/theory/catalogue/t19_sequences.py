"""What is known of T19."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"all prefixes", "prefixes of the first model", "the threshold at every position", "no tie"},
)
