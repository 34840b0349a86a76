"""What each proof of T7 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

CONCLUSIONS: Mapping[str, Conclusion] = {
    "pentagon_kl": concludes("KL <= 56/25*r*decay", {"decay": "y"}),
    "pentagon_distance": concludes("499/100*r**2 <= d2", {"r": "x", "d2": "larger"}),
    "pentagon_correlations": concludes("999/1000 <= cca_lost", {"cca_lost": "larger"}),
    "pentagon_d_rep": concludes("3499/1000 <= drep2", {"drep2": "larger"}),
    "square_kl": concludes(
        "KL = r*exp(-r)*(1 - exp(-r))/(1 + exp(-r))**2", {"KL": "lhs", "r": "log(t)"}, step="closed form"
    ),
    "square_distance": concludes("d2 = 2*r**2", {"d2": "value"}),
    "square_d_rep": concludes("drep2 = 3/2", {"drep2": "value"}),
    "smallest_kl": concludes(
        "KL = (cr - r1)/2*(1/(1 + exp(-cr)) - 1/(1 + exp(-r1)))",
        {"KL": "lhs", "cr": "(h + 1)*r", "r1": "r"},
        step="closed form",
    ),
}
