"""What each proof of T11 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_THREE = ("k >= 3",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "symmetrised_kl": concludes("KLs <= D/2", {"KLs": "lhs*D"}),
    "hellinger": concludes("H2 <= D/16", {"H2": "lhs*D"}),
    "total_variation_by_oscillation": concludes("TV <= (exp(osc/2) - 1)/(exp(osc/2) + 1)", {"TV": "rhs", "osc": "4*s"}),
    "total_variation": concludes("TV <= sqrt(2)/4*dist", {"TV": "lhs*dist"}),
    "renyi_half": concludes("Rhalf <= D/8", {"Rhalf": "lhs*D"}),
    "renyi_three": concludes("R3 <= 3/4*D", {"R3": "lhs*D"}),
    "log_chi_squared": concludes("R2 <= D/2", {"R2": "lhs*D"}),
    "largest_log_ratio": concludes("Rinf <= sqrt(2)*dist", {"Rinf": "sqrt(lhs)*dist"}),
    "floor_symmetrised_kl": concludes("D <= KLs/tau", {"D": "distance", "KLs": "value"}, _THREE),
    "floor_hellinger": concludes("D <= 8*H2/tau", {"D": "distance", "H2": "value/8"}, _THREE),
    "floor_chi_squared": concludes("D <= chi2/tau", {"D": "distance", "chi2": "value"}, _THREE),
    "floor_total_variation": concludes(
        "dist <= sqrt(2)*rmsTV/tau",
        {"dist": "sqrt(d2)", "rmsTV": "sqrt(V2)"},
        _THREE,
        scale="tau*(sqrt(2*V2) + tau*sqrt(d2))",
    ),
    "norm_one": concludes("norm1**2 <= share*D", {"norm1": "sqrt(N)", "D": "S2"}),
    "norm_infinity": concludes("norminf**2 <= (k - 1)/k*D", {"norminf": "sqrt(smaller)", "D": "x**2 + x**2/(k - 1)"}),
    "norm_two_by_one": concludes("D <= norm1**2/2", {"D": "lhs", "norm1": "2*P"}),
}
