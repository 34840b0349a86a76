"""What each proof of T9 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_RANK = ("full-rank embeddings",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "all_labels": concludes("label_errors <= d2/lf", {"label_errors": "R", "lf": "lambda_"}, _RANK, scale="lambda_"),
    "mean_over_pivots": concludes(
        "pair_errors <= 2/(k - 1)*d2/lf", {"pair_errors": "R_0", "lf": "lambda_", "k": "l + 1"}, _RANK, scale="lambda_"
    ),
    "fixed_pivot": concludes(
        "pivot_errors/k <= d2/lf", {"pivot_errors": "R_0", "lf": "lambda_"}, _RANK, scale="lambda_"
    ),
}
