"""What is known of T12."""

from tests.theory.catalogue.known import Known

KNOWN = Known()
