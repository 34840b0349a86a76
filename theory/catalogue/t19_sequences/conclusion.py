"""What each proof of T19 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_TREE = ("all prefixes",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "chain_rule": concludes("seqKL = prefixKL", {"seqKL": "lhs", "prefixKL": "rhs"}, _TREE),
    "variations_add_up": concludes("seqTV <= prefixTV", {"seqTV": "lhs", "prefixTV": "rhs"}, _TREE),
    "variation_by_divergence": concludes(
        "seqTV**2 <= seqKL/2", {"seqTV": "lhs/2", "seqKL": "KL"}, _TREE
    ),
    "acceptance": concludes("accepted = 1 - TV", {"accepted": "lhs", "TV": "D"}),
    "whole_sequences_pass": concludes("whole_pass <= 1 - seqTV", {"whole_pass": "lhs", "seqTV": "D"}, _TREE),
    "greedy_output": concludes("greedy_differ <= greedy_share", {"greedy_differ": "1", "greedy_share": "T"}, ("all prefixes", "no tie")),
}  # fmt: skip
