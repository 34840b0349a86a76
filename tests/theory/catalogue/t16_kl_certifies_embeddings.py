"""What is known of T16."""

from tests.theory.catalogue.known import Known

KNOWN = Known()
