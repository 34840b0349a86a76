"""What each statement that is proved in Coq says there: its sides and hypotheses, by their names in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from theory.formal import pairs
from theory.formal.pairs import Example

SIZES = ("(0 < n)%nat", "(0 < k)%nat")
SEVERAL_LABELS = ("(0 < n)%nat", "(2 <= k)%nat")


@dataclass(frozen=True)
class Counterpart:
    """How a statement of the catalogue is said in Coq.

    Attributes
    ----------
    theorem, statement
        Of the catalogue.
    proof
        What is proved of it, in the file named after the theorem.
    binders
        What it is about, universally quantified.
    conditions
        Beside the sizes and what stands for the hypotheses of the catalogue.
    example
        Values for the binders, and the pair of the catalogue that they are: both sides are pinned there.
    fixed
        Binders for each value of which the constant is sharp.
    sharp
        Conditions on the fixed binders under which the constant is proved sharp; None where that is not proved.
    sharp_proof
        Where it is proved.
    sizes
        Conditions on numbers of inputs and labels.
    said
        Sides that are said otherwise here than in the other statements.
    """

    theorem: str
    statement: str
    proof: str
    example: Callable[[], Example]
    binders: str = "(n k : nat) (a b : model)"
    conditions: tuple[str, ...] = ()
    fixed: str = ""
    sharp: tuple[str, ...] | None = None
    sharp_proof: str = ""
    sizes: tuple[str, ...] = SIZES
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_proof(self) -> str:
        """Name of the proof, with its file."""
        return f"{self.theorem}.{self.proof}"

    @property
    def full_sharp_proof(self) -> str:
        """Name of the proof that the constant is sharp, with its file; empty where there is none."""
        return f"{self.theorem}.{self.sharp_proof}" if self.sharp_proof else ""

    @property
    def definition(self) -> str:
        """Its name in Coq."""
        return f"{self.theorem}_{self.statement}"


_DISTANCE = "squared_logit_distance n k a b"
_KL = "kl_divergence n k a b"
_REVERSED_KL = "kl_divergence n k b a"
_ONE_KL = "kl k (probability k a x) (probability k b x)"
_T1, _T3 = "t01_logit_distance_is_a_metric", "t03_pivot_free_alignment"
_T5, _T7 = "t05_kl_bounds_logit_distance_under_tau", "t07_no_kl_bound_without_floor"
_T8, _T14 = "t08_linear_probes_transfer", "t14_flip_thresholds"
_T15, _T16 = "t15_kl_between_quadratic_forms", "t16_kl_certifies_embeddings"
_T15_SMALLER = f"{_T15}._mean(pointwise={_T15}._weighted(weights={_T15}.smaller_weights))"
_T15_LARGER = f"{_T15}._mean(pointwise={_T15}._weighted(weights={_T15}.larger_weights))"
_T15_FORM = f"{_T15}._mean(pointwise={_T15}.quadratic_form)"
_PROBE_BUDGET = f"squared_probe_norm k P w a * {_DISTANCE}"

SIDES: Mapping[str, str] = MappingProxyType(
    {
        "quantities.distance": "logit_distance n k a b",
        "quantities.squared_distance": _DISTANCE,
        "quantities.kl": _KL,
        f"{_T1}._path": "logit_distance n k a c + logit_distance n k c b",
        f"{_T1}.<squared_distance, swapped>": "squared_logit_distance n k b a",
        f"{_T1}._gauged": "squared_logit_distance n k (gauged A B a) b",
        f"{_T1}._shifted": "squared_logit_distance n k (shifted c a) b",
        f"{_T1}.<squared_distance, Pair, _reversed, a, b>": (
            "squared_logit_distance n k (relabelled rename a) (relabelled rename b)"
        ),
        f"{_T1}._pair_form": "pair_form n k a b",
        f"{_T1}._projection_form": "projection_form n k a b",
        "measures.dissimilarities.squared_alignment_error_of": "squared_alignment_error n k P a b",
        f"{_T3}.error_by_definition": "squared_alignment_error n k P a b",
        f"{_T3}._over_smallest": f"{_DISTANCE} / s ^ 2",
        f"{_T5}._over_tau": f"{_KL} / tau",
        f"{_T5}.<_over_tau, tau>": f"{_KL} / tau / (1 - tau)",
        f"{_T5}._over_tau_squared": f"{_KL} / tau ^ 2",
        f"{_T7}._square_kl": "r * exp (- r) * (1 - exp (- r)) / (1 + exp (- r)) ^ 2",
        f"{_T7}.<square, _label_norm>": "r ^ 2",
        f"{_T8}.probe_error": "probe_error n k P w a b",
        f"{_T8}._probe_bound": _PROBE_BUDGET,
        f"{_T8}.unexplained_share": "unexplained_share n k P w a b",
        f"{_T8}._share_bound": (
            "squared_probe_norm k P w a * difference_variance n k a b / variance_over_inputs n (probe_value w a)"
        ),
        f"{_T8}.sign_flips": "sign_flips n k P w a b",
        f"{_T8}._flip_bound": f"probe_within n w a gamma + {_PROBE_BUDGET} / gamma ^ 2",
        f"{_T8}.disagreement": "disagreement n k a b",
        f"{_T8}._disagreement_bound(constant=2)": f"margin_within n k a gamma + 2 * {_DISTANCE} / gamma ^ 2",
        f"{_T14}._cost_of_flips(threshold={_T14}._threshold(divergence='kl'))": "cost_of_flips n k kl_threshold a b",
        f"{_T14}._cost_of_flips(threshold={_T14}._threshold(divergence='reversed_kl'))": (
            "cost_of_flips n k reversed_kl_threshold a b"
        ),
        f"{_T14}._cost_of_flips(threshold={_T14}._threshold(divergence='squared_logit'))": (
            "cost_of_flips n k squared_logit_threshold a b"
        ),
        f"{_T14}._cost_of_flips(threshold={_T14}._threshold(divergence='total_variation'))": (
            "cost_of_flips n k total_variation_threshold a b"
        ),
        f"{_T14}._reversed_kl": _REVERSED_KL,
        f"{_T14}._mean(pointwise=measures.distances.pointwise_total_variation)": "mean_total_variation n k a b",
        f"{_T14}.disagreement": "disagreement n k a b",
        f"{_T14}._uncertified": "uncertified n k a b",
        f"{_T14}._cost_of_sign_flips": "cost_of_sign_flips n k P w a b",
        f"{_T14}._probe_budget": _PROBE_BUDGET,
        _T15_FORM: "overlap_form n k a b",
        _T15_SMALLER: "smaller_form n k a b",
        _T15_LARGER: "larger_form n k a b",
        f"{_T15}.<kl>": f"2 * {_KL}",
        f"{_T15}._mean(pointwise={_T15}._clipped(floor=0.0625))": "squared_clipped_distance n k (1 / 16) a b",
        f"{_T15}._mean(pointwise={_T15}._clipped(floor=0.0009765625))": "squared_clipped_distance n k (1 / 1024) a b",
        f"{_T15}._mean(pointwise={_T15}._fisher_below)": (
            "mean n (fun x => omega (- range x) * variance k (probability k a x) (difference k a b x))"
        ),
        f"{_T15}._mean(pointwise={_T15}._fisher_above)": (
            "mean n (fun x => omega (range x) * variance k (probability k a x) (difference k a b x))"
        ),
        f"{_T15}._mean(pointwise=measures.certificates.pointwise_squared_fisher_distance)": (
            "squared_fisher_distance n k a b"
        ),
        f"{_T15}._two_and_oscillation": f"(2 + range) * {_KL}",
        f"{_T15}._over_rank_floor(columns={_T15}.spanning)": f"mean n (fun x => {_ONE_KL} / mu x)",
        f"{_T15}._squared_by_heat(side={_T15_FORM})": "4 ^ 2 * overlap_form n k (heated 4 a) (heated 4 b)",
        f"{_T15}._squared_by_heat(side=quantities.kl)": "4 ^ 2 * kl_divergence n k (heated 4 a) (heated 4 b)",
        f"{_T16}.form_of_residual(weights={_T16}._common)": "form_of_residual n k counts h a b",
        f"{_T16}.kl_where_regular(weights={_T16}._common)": f"mean_where n counts (fun x => {_ONE_KL})",
        f"{_T16}._cheaper_kl": (
            f"mean_where n counts (fun x =>\n    Rmin ({_ONE_KL}) (kl k (probability k b x) (probability k a x)))"
        ),
        f"{_T16}.squared_residual": "squared_own_residual n counts h a",
        f"{_T16}._over_eigenvalue(index=-1)": f"mean_where n counts (fun x => {_ONE_KL} / lambda x)",
        f"{_T16}._probe_residual": "own_probe_residual n counts h v a",
        f"{_T16}._probe_envelope": f"mean_where n counts (fun x => {_ONE_KL} * dot (dimension a) v (z x))",
    }
)
"""What the sides are in Coq, by the names that `theory.formal.naming` gives them."""

HYPOTHESES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("T3", "diversity"): "pseudo_inverse k a P",
        ("T5", "k >= 3"): "(3 <= k)%nat",
        ("T5", "k = 2"): "k = 2%nat",
        ("T8", "diversity"): "pseudo_inverse k a P",
        ("T8", "probe varies"): "0 < variance_over_inputs n (probe_value w a)",
        ("T8", "band"): "0 < gamma",
        ("T8", "margins"): "0 < gamma",
        ("T14", "diversity"): "pseudo_inverse k a P",
        ("T15", "k >= 3"): "(3 <= k)%nat",
        ("T15", "mass on dim V + 1 labels"): (
            "(forall x, (x < n)%nat -> 0 < mu x /\\ forall u v, mu x * squared_norm k (spanned k a b u v)\n"
            "     <= weighted_variance k (smaller_probability k a b x) (spanned k a b u v))"
        ),
        ("T16", "labels with mass"): "(forall x, (x < n)%nat -> counts x = true -> own_alignment k a b x (h x))",
    }
)
"""What stands for a hypothesis of the catalogue, by theorem and name."""

_FLOORS = ("0 < tau", "floor n k a tau", "floor n k b tau")
_PROBED = "(n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R)"
_WITH_RANGES = "(n k : nat) (a b : model) (range : nat -> R)"
_RANGES = ("(forall x, (x < n)%nat -> range_at_most k (difference k a b x) (range x))",)
_ALIGNED = "(n k : nat) (a b : model) (counts : nat -> bool) (h : nat -> nat -> R)"


def _t1(statement: str, proof: str, example: Callable[[], Example], more: str = "", *conditions: str) -> Counterpart:
    return Counterpart("T1", statement, proof, example, f"(n k : nat) (a b : model){more}", conditions)


def _t7(statement: str, proof: str) -> Counterpart:
    said = {name: side.replace("n k a b", "4 4 (square_model r) (exchanged_square r)") for name, side in SIDES.items()}
    return Counterpart("T7", statement, proof, pairs.square, "(r : R)", ("0 < r",), sizes=(), said=said)


def _t14(
    statement: str, proof: str, sharp_proof: str = "", example: Callable[[], Example] = pairs.flipped
) -> Counterpart:
    sharp = () if sharp_proof else None
    return Counterpart("T14", statement, proof, example, sharp=sharp, sharp_proof=sharp_proof, sizes=SEVERAL_LABELS)


COUNTERPARTS: tuple[Counterpart, ...] = (
    _t1("triangle", "triangle", pairs.through_a_third, " (c : model)"),
    _t1("symmetry", "symmetry", pairs.plain),
    _t1("gauge", "gauge", pairs.gauged, " (A B : nat -> nat -> R)", "inverse_transposes (dimension a) A B"),
    _t1("shift", "shift", pairs.shifted, " (c : nat -> R)"),
    _t1("relabelling", "relabelling", pairs.relabelled, " (rename back : nat -> nat)", "permutation k rename back"),
    _t1("pair_form", "pairs_of_labels", pairs.plain),
    _t1("projection_form", "projection", pairs.plain),
    Counterpart(
        "T3", "upper_bound", "pivot_free_alignment", pairs.resolved,
        "(n k : nat) (a b : model) (P : nat -> nat -> R) (s : R)", ("0 < s", "resolves k a s"),
        sharp=(), sharp_proof="pivot_free_constant_is_sharp",
    ),
    Counterpart(
        "T3", "residual_is_the_inverted_difference", "residual_is_the_inverted_difference", pairs.resolved,
        "(n k : nat) (a b : model) (P : nat -> nat -> R)",
        said={"measures.dissimilarities.squared_alignment_error_of": (
            "mean n (fun x => squared_norm (dimension a) (applied k P (difference k a b x)))"
        )},
    ),
    Counterpart(
        "T5", "upper_bound", "kl_bounds_distance", pairs.with_floor, "(n : nat) (a b : model)", _FLOORS,
        "(k : nat) (tau : R)", ("(3 <= k)%nat", "0 < tau", "INR k * tau < 1"), "two_over_tau_is_sharp",
    ),
    Counterpart(
        "T5", "upper_bound_binary", "binary_kl_bounds_distance", pairs.two_labels, "(n : nat) (a b : model)", _FLOORS,
        "(k : nat) (tau : R)", ("k = 2%nat", "0 < tau", "INR k * tau < 1"), "binary_constant_is_sharp",
    ),
    Counterpart(
        "T5", "by_pinsker", "kl_bounds_distance_by_pinsker", pairs.with_floor,
        "(n k : nat) (a b : model) (tau : R)", _FLOORS, sizes=SEVERAL_LABELS,
    ),
    Counterpart(
        "T6", "upper_bound", "logit_distance_bounds_kl", pairs.plain, sharp=(), sharp_proof="quarter_is_sharp"
    ),
    _t7("square_kl", "kl_of_the_square"),
    _t7("square_distance", "distance_of_the_square"),
    Counterpart("T8", "squared_error", "probes_transfer", pairs.probed, _PROBED,
                sharp=(), sharp_proof="probe_constant_is_sharp"),
    Counterpart("T8", "unexplained_variance", "unexplained_variance", pairs.probed, _PROBED),
    Counterpart("T8", "sign_flips", "flips_of_sign", pairs.probed_beyond_a_band, f"{_PROBED} (gamma : R)"),
    Counterpart("T8", "top_label", "changes_of_top_label", pairs.with_margin, "(n k : nat) (a b : model) (gamma : R)"),
    _t14("kl", "flips_cost_kl", "kl_threshold_is_sharp", pairs.flipped),
    _t14("reversed_kl", "flips_cost_reversed_kl", "reversed_kl_threshold_is_sharp"),
    _t14("squared_logit", "flips_cost_squared_logit", "squared_logit_threshold_is_sharp"),
    _t14("total_variation", "flips_cost_total_variation"),
    _t14("certified", "certified_inputs_keep_their_label"),
    Counterpart("T14", "sign_flips_cost", "flips_of_sign_cost", pairs.probed, _PROBED),
    Counterpart("T15", "lower_form", "kl_at_least_overlap", pairs.one_input),
    Counterpart("T15", "best_constant", "overlap_at_most_smaller", pairs.one_input),
    Counterpart("T15", "lower", "kl_at_least_smaller", pairs.one_input),
    Counterpart("T15", "upper", "kl_at_most_larger", pairs.one_input),
    Counterpart("T15", "clipped", "clipped_distance", pairs.sure, "(n : nat) (a b : model)", fixed="(k : nat)",
                sharp=("(3 <= k < 16)%nat",), sharp_proof="clipped_constant_is_sharp"),
    Counterpart("T15", "clipped_low", "clipped_distance_low", pairs.sure, "(n : nat) (a b : model)", fixed="(k : nat)",
                sharp=("(3 <= k < 1024)%nat",), sharp_proof="clipped_constant_is_sharp_low"),
    Counterpart("T15", "fisher_below", "fisher_lower", pairs.ranged, _WITH_RANGES, _RANGES),
    Counterpart("T15", "fisher_above", "fisher_upper", pairs.ranged, _WITH_RANGES, _RANGES),
    Counterpart("T15", "fisher", "fisher_distance", pairs.largest_range, "(n k : nat) (a b : model) (range : R)",
                ("(forall x, (x < n)%nat -> range_at_most k (difference k a b x) range)",)),
    Counterpart("T15", "floor_by_rank", "floor_by_rank", pairs.mass_on_a_line,
                "(n k : nat) (a b : model) (mu : nat -> R)"),
    Counterpart("T15", "every_temperature", "every_temperature", pairs.one_input),
    Counterpart("T16", "fisher_form", "form_of_residual_by_kl", pairs.aligned_on_a_line, _ALIGNED),
    Counterpart("T16", "either_direction", "form_of_residual_by_either_kl", pairs.aligned_coins, _ALIGNED),
    Counterpart("T16", "embedding", "embedding_by_kl", pairs.aligned_coins, f"{_ALIGNED} (lambda : nat -> R)",
                ("(forall x, (x < n)%nat -> counts x = true -> 0 < lambda x /\\ forall v,\n"
                 "     lambda x * squared_norm (dimension a) v <= information k a b x v v)",)),
    Counterpart("T16", "probe", "probe_by_kl", pairs.aligned_coins,
                f"{_ALIGNED} (v : nat -> R) (z : nat -> nat -> R)",
                ("(forall x, (x < n)%nat -> counts x = true -> forall u,\n"
                 "     information k a b x u (z x) = dot (dimension a) v u)",)),
)  # fmt: skip
