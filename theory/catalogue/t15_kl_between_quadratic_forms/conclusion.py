"""What each proof of T15 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_THREE = ("k >= 3",)
_SPREAD = ("mass on dim V + 1 labels",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "lower_form": concludes("form <= 2*KL", {"form": "centred"}),
    "best_constant": concludes("form <= low", {"form": "centred", "low": "form"}),
    "lower": concludes("low <= 2*KL", {"low": "form"}),
    "upper": concludes("2*KL <= high", {"high": "form"}),
    "clipped": concludes("clip4 <= 2/eps4*KL", {"clip4": "form", "eps4": "tau"}, _THREE),
    "clipped_low": concludes("clip10 <= 2/eps10*KL", {"clip10": "form", "eps10": "tau"}, _THREE),
    "fisher_below": concludes("(exp(-osc) - 1 + osc)/osc**2*Var <= KL", {"KL": "rhs*Var", "osc": "r"}),
    "fisher_above": concludes("KL <= (exp(osc) - 1 - osc)/osc**2*Var", {"KL": "rhs*Var", "osc": "r"}),
    "fisher_reversed": concludes("(1 - (1 + osc)*exp(-osc))/osc**2*Var <= KLr", {"KLr": "rhs*Var", "osc": "r"}),
    "fisher": concludes("Var <= (2 + R)*KL", {"R": "R + u"}),
    "floor_by_rank": concludes("D <= 2*KL*mu_inverse", {"D": "_D__2", "mu_inverse": "_1_mu"}, _SPREAD),
    "floor_of_a_shared_head": concludes(
        "shared_d2 <= 2*shared_KL*shared_mu_inverse",
        {"shared_d2": "_D__2", "shared_KL": "KL", "shared_mu_inverse": "_1_mu"},
        _SPREAD,
    ),
    "floor_by_rank_never_worse": concludes("mu_inverse_max <= 1/tau", {"mu_inverse_max": "_1_mu"}, _SPREAD),
    "every_temperature": concludes("form4 <= 2*heat**2*KL4", {"form4": "T**2*form", "KL4": "KL", "heat": "T"}),
    "floor_at_every_temperature": concludes(
        "D <= 2*heat**2*KL4/tau4x",
        {"D": "heat**2*distance", "KL4": "value", "tau4x": "tau"},
        _THREE,
        scale="1/heat**2",
    ),
    "squared_hellinger": concludes("low <= 8*H2", {"low": "form"}),
    "renyi_half": concludes("low <= 4*Rhalf", {"low": "form", "Rhalf": "D"}),
    "chi_squared": concludes("low <= chi2", {"low": "smaller", "chi2": "larger"}),
}
