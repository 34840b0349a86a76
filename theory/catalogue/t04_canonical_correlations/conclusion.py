"""What each proof of T4 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_RANK = ("full-rank embeddings",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "weighted_loss": concludes("loss <= d2", {"d2": "lhs", "loss": "rhs"}, _RANK),
    "weighted_loss_centred": concludes(
        "loss_centred <= trCov", {"trCov": "lhs", "loss_centred": "rhs"}, _RANK, step="weighted loss"
    ),
    "weighted_loss_mixed": concludes("loss_mixed <= d2", {"loss_mixed": "A_j*s_j_s_j_1", "d2": "B_j*s_j_s_j_1"}, _RANK),
    "with_both_spectra": concludes("loss_both <= d2", {"d2": "lhs", "loss_both": "rhs"}, _RANK),
    "envelope": concludes(
        "cca_lost <= staircase/m",
        {"cca_lost": "P/m", "staircase": "F"},
        ("full-rank embeddings", "spectrum"),
        scale="m",
    ),
    "linear": concludes(
        "cca_lost <= d2/(m*lm)", {"cca_lost": "smaller", "d2": "m*lm*larger"}, ("full-rank embeddings", "spectrum")
    ),
}
