"""What each proof of T13 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

CONCLUSIONS: Mapping[str, Conclusion] = (
    {
        f"temperature_{t}_above": concludes(
            f"{t**2}*KL{'' if t == 1 else t} <= 1/(2*k)*exp(widest/{t})*d2",
            {("KL" if t == 1 else f"KL{t}"): f"lhs/k*exp(widest/{t})*d2/{t**2}"},
        )
        for t in (1, 4, 64)
    }
    | {
        f"temperature_{t}_below": concludes(
            f"1/(2*k)*exp(-widest/{t})*d2 <= {t**2}*KL{'' if t == 1 else t}",
            {("KL" if t == 1 else f"KL{t}"): f"lhs/k*exp(-widest/{t})*d2/{t**2}"},
        )
        for t in (1, 4, 64)
    }
    | {
        "every_temperature": concludes("heat**2*KL4 <= D/4", {"KL4": "lhs*D/heat**2"}),
        "raw_error": concludes("D <= raw", {"D": "lhs", "raw": "rhs"}),
    }
)
