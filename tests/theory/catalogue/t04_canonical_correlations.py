"""What is known of T4."""

from tests.theory.catalogue.known import Known

KNOWN = Known(
    lemmas={"von Neumann's trace inequality", "Horn's inequality", "Weyl's monotonicity theorem"},
    cited={"weighted_loss", "weighted_loss_centred", "weighted_loss_mixed", "with_both_spectra", "envelope", "linear"},
    needs={"the same centring", "sorting", "full-rank embeddings", "equal dimensions"},
)
