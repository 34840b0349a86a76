"""What each proof of T17 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_DIVERSE = ("diversity",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "new_input": concludes("exceed <= alpha", {"exceed": "E/N"}, scale="N"),
    "not_loose": concludes("alpha - 1/n <= exceed", {"exceed": "E/N", "n": "N"}, ("distinct scores",), scale="N"),
    "after_alignment": concludes("exceed_aligned <= alpha", {"exceed_aligned": "E/N"}, _DIVERSE, scale="N"),
    "groups": concludes("exceed_groups <= alpha", {"exceed_groups": "E/N"}, scale="N"),
    "with_confidence": concludes("too_low <= 1/16", {"too_low": "T_pi"}),
    "share": concludes("missed <= 2*half_delta", {"missed": "F_low + F_high", "half_delta": "delta_2"}),
}
