"""What is known of T16."""

from tests.theory.catalogue.known import Known

KNOWN = Known(lemmas={"variational form of singular values"}, cited={"embedding", "single_map", "certified_share"})
