"""What each proof of T3 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_DIVERSE = ("diversity",)
_KAPPA = "kappa*m/(k - 1)"

CONCLUSIONS: Mapping[str, Conclusion] = {
    "upper_bound": concludes("A <= d2/sG2", {"A": "R", "sG2": "s**2"}, _DIVERSE, scale="s**2"),
    "residual_is_the_inverted_difference": concludes("A = A_inverted", {"A": "lhs", "A_inverted": "rhs"}, _DIVERSE),
    "never_worse_than_pivoting": concludes("sJ2 <= 2*m/(k - 1)*sG2", {"sJ2": "s_J2", "sG2": "s2"}, _DIVERSE),
    "never_worse_than_kappa": concludes(f"sJ2 <= {_KAPPA}*sG2", {"sJ2": "s_J2", "sG2": "s2"}, _DIVERSE),
}
