"""What each proof of T8 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_DIVERSE = ("diversity",)

CONCLUSIONS: Mapping[str, Conclusion] = {
    "squared_error": concludes("probe_gap2 <= c2*d2", {"probe_gap2": "e", "c2": "a**2"}, _DIVERSE),
    "unexplained_variance": concludes(
        "gap_var/probe_var <= c2*trCov/probe_var",
        {"gap_var": "V", "probe_var": "V_w", "trCov": "V_D", "c2": "a**2"},
        ("diversity", "probe varies"),
    ),
    "sign_flips": concludes(
        "sign_flip <= near_probe + c2*d2/gamma_probe**2",
        {"sign_flip": "p_flip", "near_probe": "p_near", "gamma_probe": "gamma", "c2": "a**2"},
        ("diversity", "band"),
    ),
    "top_label": concludes(
        "flips <= near_margin + 2*d2/gamma_margin**2",
        {"flips": "p_flip", "near_margin": "p_near", "gamma_margin": "gamma"},
        ("margins",),
    ),
}
