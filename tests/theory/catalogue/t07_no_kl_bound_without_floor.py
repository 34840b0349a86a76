"""What is known of T7."""

from tests.theory.catalogue.known import Known

KNOWN = Known()
