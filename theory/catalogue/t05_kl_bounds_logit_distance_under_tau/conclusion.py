"""What each proof of T5 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_THREE = ("k >= 3",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "upper_bound": concludes("D <= 2/tau*KL", {"D": "distance", "KL": "value"}, _THREE),
    "upper_bound_binary": concludes("D <= KL/(tau*(1 - tau))", {"D": "lhs", "KL": "tau*(1 - tau)*rhs"}, ("k = 2",)),
    "by_pinsker": concludes("D <= KL/tau**2", {"D": "smaller*KL"}, scale="1/KL"),
    "local_with_first_floor": concludes(
        "D <= E*KL/tau1",
        {"D": "distance", "KL": "value", "tau1": "tau"},
        ("small KL, first tau",),
        margins={"small KL, first tau": "tau1/E - KL_max"},
    ),
    "local_with_second_floor": concludes(
        "D <= KL/(tau2*(1 - 2/E))",
        {"D": "distance", "KL": "value", "tau2": "tau"},
        ("small KL, second tau",),
        margins={"small KL, second tau": "tau2*(1 - 2/E) - KL_max"},
    ),
}
