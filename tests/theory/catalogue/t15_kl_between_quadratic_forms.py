"""What is known of T15."""

from tests.theory.catalogue.known import Known

KNOWN = Known()
