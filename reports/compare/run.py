"""Two saved models side by side: every distance, and every guarantee with its two sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from reports.shared.versions import schema
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
from theory.guarantees import enumerable, guarantees

_DRAWS = 20_000  # subsets sampled where there are too many to enumerate


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
        "schema": schema("compare", 1),
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
                "orders": g.orders,
            }
            for g in guarantees(pair)
        ],
    }
