"""What each proof concludes, statement by statement: names are those of `theory.catalogue.plain`.

An entry says the inequality, what the concluding step calls its quantities, and under which hypotheses it is proved.
It is not taken from the statement: both are compared with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from theory.proofs.conclusion import Conclusion

_RANK = ("full-rank embeddings",)
_REGULAR = ("regular subsets",)
_DIVERSE = ("diversity",)
_THREE = ("k >= 3",)
_MASS = ("labels with mass",)
_SPREAD = ("mass on dim V + 1 labels",)
_TREE = ("all prefixes",)


def _c(
    says: str,
    reading: Mapping[str, str] | None = None,
    hypotheses: tuple[str, ...] = (),
    *,
    scale: str = "1",
    step: str = "",
    margins: Mapping[str, str] | None = None,
) -> Conclusion:
    return Conclusion(says, step, reading or {}, scale, hypotheses, margins or {})


_T1 = {
    "triangle": _c("dist <= leg1 + leg2", {"dist": "sqrt(c2)", "leg1": "a", "leg2": "b"}, scale="a + b + sqrt(c2)"),
    "symmetry": _c("d2 = d2_swapped", {"d2": "lhs", "d2_swapped": "rhs"}),
    "gauge": _c("d2 = d2_gauged", {"d2_gauged": "lhs", "d2": "rhs"}),
    "shift": _c("d2 = d2_shifted", {"d2_shifted": "lhs", "d2": "rhs"}),
    "relabelling": _c("d2 = d2_relabelled", {"d2_relabelled": "lhs", "d2": "rhs"}),
    "pair_form": _c("D = pairs2/(2*k)", {"pairs2": "2*k", "D": "rhs"}),
    "projection_form": _c("d2 = d2_projected", {"d2_projected": "lhs", "d2": "rhs"}),
}

_KAPPA = "kappa*m/(k - 1)"
_T2 = {
    "upper_bound": _c(f"drep2 <= {_KAPPA}*d2/sJ2", {"drep2": "R_S", "sJ2": "1/M"}, _REGULAR),
    "upper_bound_on_a_line": _c(
        "drep2 <= 2*line/(k*(k - 1))*d2/sJ2",
        {"drep2": "R", "line": "lambda_", "sJ2": "delta**2", "k": "(1 + sqrt(1 + 8*q))/2"},
        ("line", *_REGULAR),
    ),
    "sharp_for_given_unembeddings": _c("drep2 <= top_form*d2", {"drep2": "R", "top_form": "lambda_"}, _REGULAR),
    "mean_over_pivots": _c("moved2 = 2*m/(k - 1)*d2", {"moved2": "lhs", "d2": "1"}),
    "subset_error_by_definition": _c("drep2 = drep2_inverted", {"drep2": "lhs", "drep2_inverted": "rhs"}, _REGULAR),
    "one_subset": _c(
        "first_error <= first_moved/first_s2",
        {"first_error": "R", "first_moved": "C", "first_s2": "s2"},
        _REGULAR,
        scale="s2",
    ),
    "lower_bound": _c("2*m/(k - 1)*d2/SJ2 <= drep2", {"SJ2": "S2", "drep2": "R"}, _REGULAR, scale="S2"),
}

_T3 = {
    "upper_bound": _c("A <= d2/sG2", {"A": "R", "sG2": "s**2"}, _DIVERSE, scale="s**2"),
    "residual_is_the_inverted_difference": _c("A = A_inverted", {"A": "lhs", "A_inverted": "rhs"}, _DIVERSE),
    "never_worse_than_pivoting": _c("sJ2 <= 2*m/(k - 1)*sG2", {"sJ2": "s_J2", "sG2": "s2"}, _DIVERSE),
    "never_worse_than_kappa": _c(f"sJ2 <= {_KAPPA}*sG2", {"sJ2": "s_J2", "sG2": "s2"}, _DIVERSE),
}

_T4 = {
    "weighted_loss": _c("loss <= d2", {"d2": "lhs", "loss": "rhs"}, _RANK),
    "weighted_loss_centred": _c(
        "loss_centred <= trCov", {"trCov": "lhs", "loss_centred": "rhs"}, _RANK, step="weighted loss"
    ),
    "weighted_loss_mixed": _c("loss_mixed <= d2", {"loss_mixed": "A_j*s_j_s_j_1", "d2": "B_j*s_j_s_j_1"}, _RANK),
    "with_both_spectra": _c("loss_both <= d2", {"d2": "lhs", "loss_both": "rhs"}, _RANK),
    "envelope": _c(
        "cca_lost <= staircase/m",
        {"cca_lost": "P/m", "staircase": "F"},
        ("full-rank embeddings", "spectrum"),
        scale="m",
    ),
    "linear": _c(
        "cca_lost <= d2/(m*lm)", {"cca_lost": "smaller", "d2": "m*lm*larger"}, ("full-rank embeddings", "spectrum")
    ),
}

_T5 = {
    "upper_bound": _c("D <= 2/tau*KL", {"D": "distance", "KL": "value"}, _THREE),
    "upper_bound_binary": _c("D <= KL/(tau*(1 - tau))", {"D": "lhs", "KL": "tau*(1 - tau)*rhs"}, ("k = 2",)),
    "by_pinsker": _c("D <= KL/tau**2", {"D": "smaller*KL"}, scale="1/KL"),
    "local_with_first_floor": _c(
        "D <= E*KL/tau1",
        {"D": "distance", "KL": "value", "tau1": "tau"},
        ("small KL, first tau",),
        margins={"small KL, first tau": "tau1/E - KL_max"},
    ),
    "local_with_second_floor": _c(
        "D <= KL/(tau2*(1 - 2/E))",
        {"D": "distance", "KL": "value", "tau2": "tau"},
        ("small KL, second tau",),
        margins={"small KL, second tau": "tau2*(1 - 2/E) - KL_max"},
    ),
}

_T6 = {"upper_bound": _c("KL <= D/4", {"KL": "lhs*D"})}

_T7 = {
    "pentagon_kl": _c("KL <= 56/25*r*decay", {"decay": "y"}),
    "pentagon_distance": _c("499/100*r**2 <= d2", {"r": "x", "d2": "larger"}),
    "pentagon_correlations": _c("999/1000 <= cca_lost", {"cca_lost": "larger"}),
    "pentagon_d_rep": _c("3499/1000 <= drep2", {"drep2": "larger"}),
    "square_kl": _c("KL = r*exp(-r)*(1 - exp(-r))/(1 + exp(-r))**2", {"KL": "lhs", "r": "log(t)"}, step="closed form"),
    "square_distance": _c("d2 = 2*r**2", {"d2": "value"}),
    "square_d_rep": _c("drep2 = 3/2", {"drep2": "value"}),
    "smallest_kl": _c(
        "KL = (cr - r1)/2*(1/(1 + exp(-cr)) - 1/(1 + exp(-r1)))",
        {"KL": "lhs", "cr": "(h + 1)*r", "r1": "r"},
        step="closed form",
    ),
}

_T8 = {
    "squared_error": _c("probe_gap2 <= c2*d2", {"probe_gap2": "e", "c2": "a**2"}, _DIVERSE),
    "unexplained_variance": _c(
        "gap_var/probe_var <= c2*trCov/probe_var",
        {"gap_var": "V", "probe_var": "V_w", "trCov": "V_D", "c2": "a**2"},
        ("diversity", "probe varies"),
    ),
    "sign_flips": _c(
        "sign_flip <= near_probe + c2*d2/gamma_probe**2",
        {"sign_flip": "p_flip", "near_probe": "p_near", "gamma_probe": "gamma", "c2": "a**2"},
        ("diversity", "band"),
    ),
    "top_label": _c(
        "flips <= near_margin + 2*d2/gamma_margin**2",
        {"flips": "p_flip", "near_margin": "p_near", "gamma_margin": "gamma"},
        ("margins",),
    ),
}

_T9 = {
    "all_labels": _c("label_errors <= d2/lf", {"label_errors": "R", "lf": "lambda_"}, _RANK, scale="lambda_"),
    "mean_over_pivots": _c(
        "pair_errors <= 2/(k - 1)*d2/lf", {"pair_errors": "R_0", "lf": "lambda_", "k": "l + 1"}, _RANK, scale="lambda_"
    ),
    "fixed_pivot": _c("pivot_errors/k <= d2/lf", {"pivot_errors": "R_0", "lf": "lambda_"}, _RANK, scale="lambda_"),
}

_T10 = {
    "upper_bound": _c("dvol2 <= P2*d2", {"dvol2": "V"}, _DIVERSE),
    "above_the_alignment_error": _c("A <= dvol2", {"dvol2": "V"}, _DIVERSE),
    "volume_average_is_least_squares": _c(
        "volume_average = least_squares", {"volume_average": "lhs", "least_squares": "rhs"},
        ("diversity", "regular subsets"), step="quotient",
    ),
    "closed_form": _c(
        "dvol2 = inside_outside", {"dvol2": "lhs", "inside_outside": "rhs"}, ("diversity", "regular subsets")
    ),
}  # fmt: skip

_T11 = {
    "symmetrised_kl": _c("KLs <= D/2", {"KLs": "lhs*D"}),
    "hellinger": _c("H2 <= D/16", {"H2": "lhs*D"}),
    "total_variation_by_oscillation": _c("TV <= (exp(osc/2) - 1)/(exp(osc/2) + 1)", {"TV": "rhs", "osc": "4*s"}),
    "total_variation": _c("TV <= sqrt(2)/4*dist", {"TV": "lhs*dist"}),
    "renyi_half": _c("Rhalf <= D/8", {"Rhalf": "lhs*D"}),
    "renyi_three": _c("R3 <= 3/4*D", {"R3": "lhs*D"}),
    "log_chi_squared": _c("R2 <= D/2", {"R2": "lhs*D"}),
    "largest_log_ratio": _c("Rinf <= sqrt(2)*dist", {"Rinf": "sqrt(lhs)*dist"}),
    "floor_symmetrised_kl": _c("D <= KLs/tau", {"D": "distance", "KLs": "value"}, _THREE),
    "floor_hellinger": _c("D <= 8*H2/tau", {"D": "distance", "H2": "value/8"}, _THREE),
    "floor_chi_squared": _c("D <= chi2/tau", {"D": "distance", "chi2": "value"}, _THREE),
    "floor_total_variation": _c(
        "dist <= sqrt(2)*rmsTV/tau",
        {"dist": "sqrt(d2)", "rmsTV": "sqrt(V2)"},
        _THREE,
        scale="tau*(sqrt(2*V2) + tau*sqrt(d2))",
    ),
    "norm_one": _c("norm1**2 <= share*D", {"norm1": "sqrt(N)", "D": "S2"}),
    "norm_infinity": _c("norminf**2 <= (k - 1)/k*D", {"norminf": "sqrt(smaller)", "D": "x**2 + x**2/(k - 1)"}),
    "norm_two_by_one": _c("D <= norm1**2/2", {"D": "lhs", "norm1": "2*P"}),
}

_T12 = {
    "upper_bound": _c("dsvd <= 2*llv**2", {"dsvd": "lhs", "llv": "e"}, ("log-ratios vary",)),
    "by_logit_distance": _c(
        "dsvd_mean <= 4/(k - 1)*d2/psi**2", {"dsvd_mean": "lhs/psi**2", "d2": "S2"}, ("all log-ratios vary",)
    ),
}

_T13 = (
    {
        f"temperature_{t}_above": _c(
            f"{t**2}*KL{'' if t == 1 else t} <= 1/(2*k)*exp(widest/{t})*d2",
            {("KL" if t == 1 else f"KL{t}"): f"lhs/k*exp(widest/{t})*d2/{t**2}"},
        )
        for t in (1, 4, 64)
    }
    | {
        f"temperature_{t}_below": _c(
            f"1/(2*k)*exp(-widest/{t})*d2 <= {t**2}*KL{'' if t == 1 else t}",
            {("KL" if t == 1 else f"KL{t}"): f"lhs/k*exp(-widest/{t})*d2/{t**2}"},
        )
        for t in (1, 4, 64)
    }
    | {
        "every_temperature": _c("heat**2*KL4 <= D/4", {"KL4": "lhs*D/heat**2"}),
        "raw_error": _c("D <= raw", {"D": "lhs", "raw": "rhs"}),
    }
)

_FLIP = {
    "kl": "KL", "reversed_kl": "KLr", "squared_hellinger": "H2", "total_variation": "TV", "squared_logit": "D",
    "renyi_two": "R2", "largest_log_ratio": "Rinf",
}  # fmt: skip
_THETA = {
    "kl": "kl", "reversed_kl": "reversed", "squared_hellinger": "hellinger", "total_variation": "variation",
    "squared_logit": "logit", "renyi_two": "renyi_two", "largest_log_ratio": "ratio",
}  # fmt: skip
_T14 = {
    name: _c(f"flips*theta_{_THETA[name]} <= {value}", {f"theta_{_THETA[name]}": "E_theta/flips", value: "E_D"})
    for name, value in _FLIP.items()
} | {
    "certified": _c("flips <= uncertified", {"flips": "flipped", "uncertified": "not_certified"}),
    "from_mean_kl": _c("flips <= fits_kl", {"flips": "cheapest", "fits_kl": "budget"}),
    "from_logit_distance": _c("flips <= fits_logit", {"flips": "cheapest", "fits_logit": "budget"}),
    "never_worse_than_a_margin": _c(
        "fits_logit <= tail_logit", {"fits_logit": "N", "tail_logit": "budget/theta + i"}, ("no ties",)
    ),
    "sign_flips_cost": _c(
        "sign_flip*probe**2 <= c2*d2", {"probe": "sqrt(E_theta/sign_flip)", "d2": "E_D/c2"}, _DIVERSE
    ),
    "sign_flips": _c("sign_flip <= fits_probe", {"sign_flip": "cheapest", "fits_probe": "budget"}, _DIVERSE),
    "sign_flips_never_worse_than_a_band": _c(
        "fits_probe <= tail_probe",
        {"fits_probe": "N", "tail_probe": "budget/theta + i"},
        ("diversity", "off the boundary"),
    ),
    "every_temperature": _c("flips*kappa4 <= KL4", {"kappa4": "E_theta/flips", "KL4": "E_D"}),
    "pinsker": _c("theta_lead**2 <= 2*theta_kl", {"theta_lead": "x - y", "theta_kl": "larger"}, scale="1/2"),
    "reversed_is_dearer": _c("theta_kl <= theta_reversed", {"theta_kl": "smaller", "theta_reversed": "larger"}),
}

_T15 = {
    "lower_form": _c("form <= 2*KL", {"form": "centred"}),
    "best_constant": _c("form <= low", {"form": "centred", "low": "form"}),
    "lower": _c("low <= 2*KL", {"low": "form"}),
    "upper": _c("2*KL <= high", {"high": "form"}),
    "clipped": _c("clip4 <= 2/eps4*KL", {"clip4": "form", "eps4": "tau"}, _THREE),
    "clipped_low": _c("clip10 <= 2/eps10*KL", {"clip10": "form", "eps10": "tau"}, _THREE),
    "fisher_below": _c("(exp(-osc) - 1 + osc)/osc**2*Var <= KL", {"KL": "rhs*Var", "osc": "r"}),
    "fisher_above": _c("KL <= (exp(osc) - 1 - osc)/osc**2*Var", {"KL": "rhs*Var", "osc": "r"}),
    "fisher_reversed": _c("(1 - (1 + osc)*exp(-osc))/osc**2*Var <= KLr", {"KLr": "rhs*Var", "osc": "r"}),
    "fisher": _c("Var <= (2 + R)*KL", {"R": "R + u"}),
    "floor_by_rank": _c("D <= 2*KL*mu_inverse", {"D": "_D__2", "mu_inverse": "_1_mu"}, _SPREAD),
    "floor_of_a_shared_head": _c(
        "shared_d2 <= 2*shared_KL*shared_mu_inverse",
        {"shared_d2": "_D__2", "shared_KL": "KL", "shared_mu_inverse": "_1_mu"},
        _SPREAD,
    ),
    "floor_by_rank_never_worse": _c("mu_inverse_max <= 1/tau", {"mu_inverse_max": "_1_mu"}, _SPREAD),
    "every_temperature": _c("form4 <= 2*heat**2*KL4", {"form4": "T**2*form", "KL4": "KL", "heat": "T"}),
    "floor_at_every_temperature": _c(
        "D <= 2*heat**2*KL4/tau4x",
        {"D": "heat**2*distance", "KL4": "value", "tau4x": "tau"},
        _THREE,
        scale="1/heat**2",
    ),
    "squared_hellinger": _c("low <= 8*H2", {"low": "form"}),
    "renyi_half": _c("low <= 4*Rhalf", {"low": "form", "Rhalf": "D"}),
    "chi_squared": _c("low <= chi2", {"low": "smaller", "chi2": "larger"}),
}

_T16 = {
    "fisher_form": _c("fisher <= 2*KL", {"fisher": "N"}, _MASS),
    "either_direction": _c("fisher <= 2*KLmin", {"fisher": "N", "KLmin": "KL_"}, _MASS),
    "smaller_weights": _c("fisher_product <= 2*KL", {"fisher_product": "N"}, _MASS),
    "embedding": _c("rw2 <= 2*KL/li", {"rw2": "R", "li": "lambda_"}, _MASS),
    "probe": _c("rw_probe2 <= 2*KL*dual", {"rw_probe2": "z", "dual": "c2"}, _MASS),
    "single_map": _c("A <= (sqrt(2*KL/li) + apart)**2", {"A": "D", "KL": "li*s**2/2", "apart": "b"}, _MASS),
    "single_map_probe": _c(
        "r_probe2 <= (sqrt(2*KL*dual) + apart_probe)**2", {"r_probe2": "D", "KL": "s**2/(2*dual)", "apart_probe": "b"}, _MASS
    ),
    "certified_share": _c("far <= unbounded", {"far": "distant", "unbounded": "not_certified"}, _DIVERSE),
    "shared_head": _c(
        "own_image = single_image", {"own_image": "lhs", "single_image": "rhs"}, ("labels with mass in both heads",)
    ),
    "teacher_only": _c(
        "VarP <= (sqrt((2 + R)*meanKL) + sqrt(VarO))**2", {"VarP": "V_P", "meanKL": "x**2/(2 + R)", "VarO": "z**2"}, _DIVERSE
    ),
}  # fmt: skip

_T17 = {
    "new_input": _c("exceed <= alpha", {"exceed": "E/N"}, scale="N"),
    "not_loose": _c("alpha - 1/n <= exceed", {"exceed": "E/N", "n": "N"}, ("distinct scores",), scale="N"),
    "after_alignment": _c("exceed_aligned <= alpha", {"exceed_aligned": "E/N"}, _DIVERSE, scale="N"),
    "groups": _c("exceed_groups <= alpha", {"exceed_groups": "E/N"}, scale="N"),
    "with_confidence": _c("too_low <= 1/16", {"too_low": "T_pi"}),
    "share": _c("missed <= 2*half_delta", {"missed": "F_low + F_high", "half_delta": "delta_2"}),
}

_T18 = {
    "fixed_set": _c(
        "part_error <= part_moved/part_s2",
        {"part_error": "R", "part_moved": "d2", "part_s2": "sigma**2"},
        ("rank on S",),
        scale="sigma**2",
    ),
    "mean_over_sets": _c("set_moved = (size - 1)/(k - 1)*d2", {"set_moved": "lhs", "d2": "1", "size": "s"}),
    "mean_error_over_sets": _c(
        "set_error <= (size - 1)/(k - 1)*d2/set_s2",
        {"set_error": "R_S", "size": "s", "set_s2": "1/M"},
        ("rank on every S",),
    ),
    "correlations_from_logits": _c(
        "cca_lost_logits = cca_lost", {"cca_lost_logits": "lhs", "cca_lost": "rhs"}, ("full-rank embeddings", "both diverse")
    ),
    "weighted_loss_from_logits": _c(
        "loss_centred_logits = loss_centred",
        {"loss_centred_logits": "lhs", "loss_centred": "rhs"},
        ("full-rank embeddings", "both diverse"),
        step="one projector",
    ),
    "chain_rule": _c("KL = coarse + beyond", {"KL": "lhs + C", "coarse": "C + P*b", "beyond": "W_R"}),
    "coarse": _c("coarse <= KL", {"coarse": "C"}),
    "within_the_top": _c("inside <= KL", {"inside": "W_S"}),
    "unseen_divergence": _c("KL = r_unseen*(1 - exp(-r_unseen))/(2*E + 1 + exp(-r_unseen))", {"KL": "value", "r_unseen": "r"}),
    "nothing_is_seen": _c("coarse <= KL/1000000000", {"KL": "x", "coarse": "smaller"}),
}  # fmt: skip

_T19 = {
    "chain_rule": _c("seqKL = prefixKL", {"seqKL": "lhs", "prefixKL": "rhs"}, _TREE),
    "variations_add_up": _c("seqTV <= prefixTV", {"seqTV": "lhs", "prefixTV": "rhs"}, _TREE),
    "variation_by_divergence": _c(
        "seqTV**2 <= seqKL/2", {"seqTV": "lhs/2", "seqKL": "KL"}, _TREE
    ),
    "acceptance": _c("accepted = 1 - TV", {"accepted": "lhs", "TV": "D"}),
    "whole_sequences_pass": _c("whole_pass <= 1 - seqTV", {"whole_pass": "lhs", "seqTV": "D"}, _TREE),
    "greedy_output": _c("greedy_differ <= greedy_share", {"greedy_differ": "1", "greedy_share": "T"}, ("all prefixes", "no tie")),
}  # fmt: skip

CONCLUSIONS: Mapping[str, Mapping[str, Conclusion]] = MappingProxyType(
    {
        "T1": _T1, "T2": _T2, "T3": _T3, "T4": _T4, "T5": _T5, "T6": _T6, "T7": _T7, "T8": _T8, "T9": _T9, "T10": _T10,
        "T11": _T11, "T12": _T12, "T13": _T13, "T14": _T14, "T15": _T15, "T16": _T16, "T17": _T17, "T18": _T18,
        "T19": _T19,
    }
)  # fmt: skip
