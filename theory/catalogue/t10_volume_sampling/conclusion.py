"""What each proof of T10 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_DIVERSE = ("diversity",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "upper_bound": concludes("dvol2 <= P2*d2", {"dvol2": "V"}, _DIVERSE),
    "above_the_alignment_error": concludes("A <= dvol2", {"dvol2": "V"}, _DIVERSE),
    "volume_average_is_least_squares": concludes(
        "volume_average = least_squares", {"volume_average": "lhs", "least_squares": "rhs"},
        ("diversity", "regular subsets"), step="quotient",
    ),
    "closed_form": concludes(
        "dvol2 = inside_outside", {"dvol2": "lhs", "inside_outside": "rhs"}, ("diversity", "regular subsets")
    ),
}  # fmt: skip
