"""What each proof of T1 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

CONCLUSIONS: Mapping[str, Conclusion] = {
    "triangle": concludes(
        "dist <= leg1 + leg2", {"dist": "sqrt(c2)", "leg1": "a", "leg2": "b"}, scale="a + b + sqrt(c2)"
    ),
    "symmetry": concludes("d2 = d2_swapped", {"d2": "lhs", "d2_swapped": "rhs"}),
    "gauge": concludes("d2 = d2_gauged", {"d2_gauged": "lhs", "d2": "rhs"}),
    "shift": concludes("d2 = d2_shifted", {"d2_shifted": "lhs", "d2": "rhs"}),
    "relabelling": concludes("d2 = d2_relabelled", {"d2_relabelled": "lhs", "d2": "rhs"}),
    "pair_form": concludes("D = pairs2/(2*k)", {"pairs2": "2*k", "D": "rhs"}),
    "projection_form": concludes("d2 = d2_projected", {"d2_projected": "lhs", "d2": "rhs"}),
}
