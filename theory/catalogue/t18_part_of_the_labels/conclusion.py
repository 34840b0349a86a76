"""What each proof of T18 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

CONCLUSIONS: Mapping[str, Conclusion] = {
    "fixed_set": concludes(
        "part_error <= part_moved/part_s2",
        {"part_error": "R", "part_moved": "d2", "part_s2": "sigma**2"},
        ("rank on S",),
        scale="sigma**2",
    ),
    "mean_over_sets": concludes("set_moved = (size - 1)/(k - 1)*d2", {"set_moved": "lhs", "d2": "1", "size": "s"}),
    "mean_error_over_sets": concludes(
        "set_error <= (size - 1)/(k - 1)*d2/set_s2",
        {"set_error": "R_S", "size": "s", "set_s2": "1/M"},
        ("rank on every S",),
    ),
    "correlations_from_logits": concludes(
        "cca_lost_logits = cca_lost", {"cca_lost_logits": "lhs", "cca_lost": "rhs"}, ("full-rank embeddings", "both diverse")
    ),
    "weighted_loss_from_logits": concludes(
        "loss_centred_logits = loss_centred",
        {"loss_centred_logits": "lhs", "loss_centred": "rhs"},
        ("full-rank embeddings", "both diverse"),
        step="one projector",
    ),
    "chain_rule": concludes("KL = coarse + beyond", {"KL": "lhs + C", "coarse": "C + P*b", "beyond": "W_R"}),
    "coarse": concludes("coarse <= KL", {"coarse": "C"}),
    "within_the_top": concludes("inside <= KL", {"inside": "W_S"}),
    "unseen_divergence": concludes("KL = r_unseen*(1 - exp(-r_unseen))/(2*E + 1 + exp(-r_unseen))", {"KL": "value", "r_unseen": "r"}),
    "nothing_is_seen": concludes("coarse <= KL/1000000000", {"KL": "x", "coarse": "smaller"}),
}  # fmt: skip
