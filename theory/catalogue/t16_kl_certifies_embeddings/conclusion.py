"""What each proof of T16 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_DIVERSE = ("diversity",)
_MASS = ("labels with mass",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "fisher_form": concludes("fisher <= 2*KL", {"fisher": "N"}, _MASS),
    "either_direction": concludes("fisher <= 2*KLmin", {"fisher": "N", "KLmin": "KL_"}, _MASS),
    "smaller_weights": concludes("fisher_product <= 2*KL", {"fisher_product": "N"}, _MASS),
    "embedding": concludes("rw2 <= 2*KL/li", {"rw2": "R", "li": "lambda_"}, _MASS),
    "probe": concludes("rw_probe2 <= 2*KL*dual", {"rw_probe2": "z", "dual": "c2"}, _MASS),
    "single_map": concludes("A <= (sqrt(2*KL/li) + apart)**2", {"A": "D", "KL": "li*s**2/2", "apart": "b"}, _MASS),
    "single_map_probe": concludes(
        "r_probe2 <= (sqrt(2*KL*dual) + apart_probe)**2", {"r_probe2": "D", "KL": "s**2/(2*dual)", "apart_probe": "b"}, _MASS
    ),
    "certified_share": concludes("far <= unbounded", {"far": "distant", "unbounded": "not_certified"}, _DIVERSE),
    "shared_head": concludes(
        "own_image = single_image", {"own_image": "lhs", "single_image": "rhs"}, ("labels with mass in both heads",)
    ),
    "teacher_only": concludes(
        "VarP <= (sqrt((2 + R)*meanKL) + sqrt(VarO))**2", {"VarP": "V_P", "meanKL": "x**2/(2 + R)", "VarO": "z**2"}, _DIVERSE
    ),
}  # fmt: skip
