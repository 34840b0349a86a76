"""What is known of T3."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"diversity", "centring of s_min", "centring of the map"},
)
