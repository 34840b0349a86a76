"""Two saved models side by side: every distance, and every guarantee with its two sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from theory import (
    InvalidInput,
    Model,
    NotApplicable,
    Pair,
    alignment_error,
    chi_squared,
    hellinger,
    identifiability_dissimilarity,
    identifiability_profile,
    jensen_shannon,
    kl_divergence,
    linear_cka,
    llv_distance,
    logit_distance,
    mean_cca,
    procrustes,
    pwcca,
    renyi,
    svcca,
    symmetrised_kl,
    top_label_agreement,
    total_variation,
    volume_dissimilarity,
)
from theory.catalogue import theorems
from theory.evidence import Verdict, decide
from theory.statements import Evaluation, Hypothesis, Statement, as_floats, excess

_SUBSETS = 200_000  # more subsets than this are sampled, and guarantees that enumerate them are not computed
_DRAWS = 20_000
_NUMBERS = 20_000_000  # numbers that a statement running over subsets may hold at once
_ROUNDING = 1e-9  # relative excess of a truth over its bound that rounding can explain
_BALL_ENTRIES = 50_000  # log-probabilities up to which a statement is decided in balls


@dataclass(frozen=True)
class Guarantee:
    """A theorem's statement on one pair.

    Attributes
    ----------
    theorem, statement, latex
        Which one.
    applies
        Whether its hypotheses hold and both sides can be computed.
    reason
        Why not, in words; empty where it applies.
    bound, truth
        The right and the left side; None where not computed or beyond the range of floats.
    vacuous
        Whether the bound is no better than what is known without the theorem; None where nothing is.
    holds
        Whether the truth is below the bound, to rounding; None where it does not apply.
    """

    theorem: str
    statement: str
    latex: str
    applies: bool
    reason: str
    bound: float | None
    truth: float | None
    vacuous: bool | None
    holds: bool | None


def enumerable(pair: Pair, over: str = "labels") -> bool:
    """Whether the (m+1)-subsets of labels are few enough to be enumerated here, with all inputs for each if so said."""
    pivoted = math.comb(pair.k, pair.m + 1) * (pair.m + 1)
    width = pair.n if over == "labels and inputs" else pair.k
    return pivoted <= _SUBSETS and pivoted * pair.m * width <= _NUMBERS


def measures(pair: Pair) -> dict[str, float | str]:
    """Return every distance and dissimilarity of a pair; a string says why one does not exist."""
    a, b = pair.a, pair.b
    subsets: int | Literal["all"] = "all" if enumerable(pair) else _DRAWS
    X, Y = a.embeddings, b.embeddings
    table: Mapping[str, Callable[[], float]] = {
        "logit_distance": lambda: logit_distance(a, b),
        "logit_distance_1": lambda: logit_distance(a, b, 1),
        "logit_distance_inf": lambda: logit_distance(a, b, math.inf),
        "kl_divergence": lambda: kl_divergence(a, b),
        "kl_divergence_reversed": lambda: kl_divergence(b, a),
        "symmetrised_kl": lambda: symmetrised_kl(a, b),
        "hellinger": lambda: hellinger(a, b),
        "total_variation": lambda: total_variation(a, b),
        "jensen_shannon": lambda: jensen_shannon(a, b),
        "chi_squared": lambda: chi_squared(a, b),
        "renyi_2": lambda: renyi(a, b, 2),
        "llv_distance": lambda: llv_distance(a, b),
        "top_label_agreement": lambda: top_label_agreement(a, b),
        "log_min_probability": lambda: float(pair.log_min_probability),
        "diversity_a": lambda: float(a.diversity),
        "diversity_b": lambda: float(b.diversity),
        "alignment_error": lambda: alignment_error(a, b),
        "volume_dissimilarity": lambda: volume_dissimilarity(a, b),
        "identifiability_dissimilarity": lambda: identifiability_dissimilarity(a, b, subsets=subsets),
        "identifiability_dissimilarity_median": lambda: identifiability_dissimilarity(
            a,
            b,
            subsets=subsets,
            statistic="median",
        ),
        "identifiability_tail_share": lambda: _tail_share(pair, subsets),
        "mean_cca": lambda: mean_cca(X, Y),
        "mean_cca_not_centred": lambda: mean_cca(X, Y, centred=False),
        "mean_cca_unembeddings": lambda: mean_cca(a.unembeddings, b.unembeddings),
        "svcca": lambda: svcca(X, Y),
        "pwcca": lambda: pwcca(X, Y),
        "linear_cka": lambda: linear_cka(X, Y),
        "procrustes": lambda: procrustes(X, Y),
    }
    return {name: _measured(compute) for name, compute in table.items()}


def _tail_share(pair: Pair, subsets: int | Literal["all"]) -> float:
    share = identifiability_profile(pair.a, pair.b, subsets=subsets).tail_share
    if share is None:
        raise NotApplicable("every subset of labels is singular")
    return share


def _measured(compute: Callable[[], float]) -> float | str:
    try:
        with np.errstate(all="ignore"):
            value = float(compute())
    except (NotApplicable, InvalidInput, np.linalg.LinAlgError) as error:
        return str(error)
    return value if math.isfinite(value) else "exceeds the range of float64"


def guarantees(pair: Pair) -> list[Guarantee]:
    """Return every inequality of the catalogue with its two sides on this pair."""
    return [
        _guarantee(theorem.identifier, statement, pair)
        for theorem in theorems().values()
        for statement in theorem.statements
        if statement.relation == "<=" and not statement.specimens
    ]


def _guarantee(identifier: str, statement: Statement, pair: Pair) -> Guarantee:
    def declined(reason: str) -> Guarantee:
        return Guarantee(identifier, statement.name, statement.latex, False, reason, None, None, None, None)

    if pair.a.m != pair.b.m and statement.domain.equal_dimensions:
        return declined(f"needs equal dimensions, saw {pair.a.m} and {pair.b.m}")
    if statement.enumerates and not enumerable(pair, statement.enumerates):
        return declined(f"runs over C({pair.k}, {pair.m + 1}) subsets of labels, too many to enumerate")
    try:
        with np.errstate(all="ignore"):
            for hypothesis in statement.hypotheses:
                if not bool(as_floats(hypothesis.margin(pair)) > 0):
                    return declined(_failing(hypothesis))
            truth, bound = (float(as_floats(side(pair))) for side in (statement.lhs, statement.rhs))
            trivial = float(as_floats(statement.trivial(pair))) if statement.trivial is not None else None
    except (NotApplicable, InvalidInput, np.linalg.LinAlgError, MemoryError) as error:
        return declined(str(error))
    if math.isnan(truth) or math.isnan(bound):
        return declined("a side is not a number on this pair")
    holds, doubt = _judged(statement, pair, truth, bound)
    return Guarantee(
        theorem=identifier,
        statement=statement.name,
        latex=statement.latex,
        applies=True,
        reason=doubt if math.isfinite(bound) else "the bound exceeds the range of float64",
        bound=bound if math.isfinite(bound) else None,
        truth=truth,
        vacuous=None if trivial is None else bound >= trivial,
        holds=holds,
    )


def _judged(statement: Statement, pair: Pair, truth: float, bound: float) -> tuple[bool | None, str]:
    """Whether the statement holds on this pair: balls decide where float64 sees a violation beyond rounding."""
    sides = Evaluation(np.asarray(truth), np.asarray(bound), np.asarray(True))
    if not float(excess(statement, pair, sides)) > _ROUNDING:
        return True, ""
    if pair.n * pair.k > _BALL_ENTRIES:
        return None, "float64 sees a violation; the pair is too large to decide it in balls"
    verdict = decide(statement, pair).verdict
    if verdict is Verdict.INCONCLUSIVE:
        return None, "equal to rounding, which balls cannot tell apart"
    return verdict is not Verdict.REFUTED, ""


def _failing(hypothesis: Hypothesis) -> str:
    return f"hypothesis fails: {hypothesis.name}"


def compare(a: Model, b: Model, names: tuple[str, str]) -> dict[str, object]:
    """Return the contents of ``compare``'s JSON.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.
    """
    pair = Pair(a, b)
    found = measures(pair)
    return {
        "schema": "logitbounds/compare/1",
        "a": {"name": names[0], "n": a.n, "k": a.k, "m": a.m},
        "b": {"name": names[1], "n": b.n, "k": b.k, "m": b.m},
        "measures": {name: value if isinstance(value, float) else None for name, value in found.items()},
        "undefined": {name: value for name, value in found.items() if isinstance(value, str)},
        "guarantees": [
            {
                "theorem": g.theorem,
                "statement": g.statement,
                "formula": g.latex,
                "applies": g.applies,
                "reason": g.reason,
                "bound": g.bound,
                "truth": g.truth,
                "vacuous": g.vacuous,
                "holds": g.holds,
            }
            for g in guarantees(pair)
        ],
    }
