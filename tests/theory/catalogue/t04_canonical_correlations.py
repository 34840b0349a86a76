"""What is known of T4."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"the same centring", "sorting", "full-rank embeddings", "equal dimensions"},
)
