"""What is known of T9."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"full-rank embeddings", "centring"},
)
