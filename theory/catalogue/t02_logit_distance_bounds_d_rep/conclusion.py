"""What each proof of T2 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_REGULAR = ("regular subsets",)
_KAPPA = "kappa*m/(k - 1)"

CONCLUSIONS: Mapping[str, Conclusion] = {
    "upper_bound": concludes(f"drep2 <= {_KAPPA}*d2/sJ2", {"drep2": "R_S", "sJ2": "1/M"}, _REGULAR),
    "upper_bound_on_a_line": concludes(
        "drep2 <= 2*line/(k*(k - 1))*d2/sJ2",
        {"drep2": "R", "line": "lambda_", "sJ2": "delta**2", "k": "(1 + sqrt(1 + 8*q))/2"},
        ("line", *_REGULAR),
    ),
    "sharp_for_given_unembeddings": concludes("drep2 <= top_form*d2", {"drep2": "R", "top_form": "lambda_"}, _REGULAR),
    "mean_over_pivots": concludes("moved2 = 2*m/(k - 1)*d2", {"moved2": "lhs", "d2": "1"}),
    "subset_error_by_definition": concludes(
        "drep2 = drep2_inverted", {"drep2": "lhs", "drep2_inverted": "rhs"}, _REGULAR
    ),
    "one_subset": concludes(
        "first_error <= first_moved/first_s2",
        {"first_error": "R", "first_moved": "C", "first_s2": "s2"},
        _REGULAR,
        scale="s2",
    ),
    "lower_bound": concludes("2*m/(k - 1)*d2/SJ2 <= drep2", {"SJ2": "S2", "drep2": "R"}, _REGULAR, scale="S2"),
}
