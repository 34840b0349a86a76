"""What is known of T5."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    needs={"tau", "tau of a", "tau of b", "k >= 3", "k = 2"},
)
