"""What is known of T6."""

from tests.theory.catalogue.known import Known

KNOWN = Known()
