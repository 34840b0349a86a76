"""What each proof of T12 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

CONCLUSIONS: Mapping[str, Conclusion] = {
    "upper_bound": concludes("dsvd <= 2*llv**2", {"dsvd": "lhs", "llv": "e"}, ("log-ratios vary",)),
    "by_logit_distance": concludes(
        "dsvd_mean <= 4/(k - 1)*d2/psi**2", {"dsvd_mean": "lhs/psi**2", "d2": "S2"}, ("all log-ratios vary",)
    ),
}
