"""What each proof of T14 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

_DIVERSE = ("diversity",)
_FLIP = {
    "kl": "KL", "reversed_kl": "KLr", "squared_hellinger": "H2", "total_variation": "TV", "squared_logit": "D",
    "renyi_two": "R2", "largest_log_ratio": "Rinf",
}  # fmt: skip
_THETA = {
    "kl": "kl", "reversed_kl": "reversed", "squared_hellinger": "hellinger", "total_variation": "variation",
    "squared_logit": "logit", "renyi_two": "renyi_two", "largest_log_ratio": "ratio",
}  # fmt: skip

CONCLUSIONS: Mapping[str, Conclusion] = {
    name: concludes(f"flips*theta_{_THETA[name]} <= {value}", {f"theta_{_THETA[name]}": "E_theta/flips", value: "E_D"})
    for name, value in _FLIP.items()
} | {
    "certified": concludes("flips <= uncertified", {"flips": "flipped", "uncertified": "not_certified"}),
    "from_mean_kl": concludes("flips <= fits_kl", {"flips": "cheapest", "fits_kl": "budget"}),
    "from_logit_distance": concludes("flips <= fits_logit", {"flips": "cheapest", "fits_logit": "budget"}),
    "never_worse_than_a_margin": concludes(
        "fits_logit <= tail_logit", {"fits_logit": "N", "tail_logit": "budget/theta + i"}, ("no ties",)
    ),
    "sign_flips_cost": concludes(
        "sign_flip*probe**2 <= c2*d2", {"probe": "sqrt(E_theta/sign_flip)", "d2": "E_D/c2"}, _DIVERSE
    ),
    "sign_flips": concludes("sign_flip <= fits_probe", {"sign_flip": "cheapest", "fits_probe": "budget"}, _DIVERSE),
    "sign_flips_never_worse_than_a_band": concludes(
        "fits_probe <= tail_probe",
        {"fits_probe": "N", "tail_probe": "budget/theta + i"},
        ("diversity", "off the boundary"),
    ),
    "every_temperature": concludes("flips*kappa4 <= KL4", {"kappa4": "E_theta/flips", "KL4": "E_D"}),
    "pinsker": concludes("theta_lead**2 <= 2*theta_kl", {"theta_lead": "x - y", "theta_kl": "larger"}, scale="1/2"),
    "reversed_is_dearer": concludes("theta_kl <= theta_reversed", {"theta_kl": "smaller", "theta_reversed": "larger"}),
}
