"""Two saved models side by side: every distance, and every guarantee with its two sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Literal

import numpy as np

from reports.shared.certificates import certificates, of_embeddings, of_labels, of_others, of_vacuous
from reports.shared.versions import schema
from theory import InvalidInput, Model, NotApplicable, Pair
from theory.guarantees import Guarantee, enumerable, guarantees, orders_of, sort_by_use
from theory.measures.measure import Measure
from theory.measures.registry import MEASURES

_DRAWS = 20_000  # subsets drawn where there are too many to enumerate: seconds of time


def measures(pair: Pair) -> dict[str, float | str]:
    """Return every distance and dissimilarity of a pair; a string says why one does not exist."""
    subsets: int | Literal["all"] = "all" if enumerable(pair) else _DRAWS
    return {
        name: _measured(compute)
        for measure in MEASURES.values()
        if measure.compared
        for name, compute in _computations(measure, pair, {"subsets": subsets} if measure.over_subsets else {})
    }


def _computations(
    measure: Measure, pair: Pair, options: Mapping[str, object]
) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield what a measure says of a pair, by name: a measure of one model speaks of each, unless it joins them."""
    first, second = measure.things(pair)
    join = measure.of_both
    if measure.kind != "model":
        yield measure.name, lambda: measure.number(first, second, **options)
    elif join is not None:
        yield measure.name, lambda: join(measure.number(first, **options), measure.number(second, **options))
    else:
        yield f"{measure.name}_a", lambda: measure.number(first, **options)
        yield f"{measure.name}_b", lambda: measure.number(second, **options)


def _measured(compute: Callable[[], float]) -> float | str:
    try:
        with np.errstate(all="ignore"):
            value = float(compute())
    except (NotApplicable, InvalidInput, np.linalg.LinAlgError) as error:
        return str(error)
    return value if math.isfinite(value) else "exceeds the range of float64"


def compare(a: Model, b: Model, names: tuple[str, str]) -> dict[str, object]:
    """Return the contents of ``compare``'s JSON: what is certain first, what says nothing last.

    Raises
    ------
    InvalidInput
        If the models have different inputs or labels.
    """
    pair = Pair(a, b)
    found = measures(pair)
    values = {name: value if isinstance(value, float) else None for name, value in found.items()}
    reasons = {name: value for name, value in found.items() if isinstance(value, str)}
    sides = sort_by_use(guarantees(pair))
    range_of = orders_of(sides.vacuous)
    return {
        "schema": schema("compare", 1),
        "a": {"name": names[0], "n": a.n, "k": a.k, "m": a.m},
        "b": {"name": names[1], "n": b.n, "k": b.k, "m": b.m},
        "answer": [
            of_labels(values, f"{a.n:,} inputs"),
            of_embeddings(values, sides.all, reasons.get("certified_embeddings", "")),
        ],
        "certificates": [asdict(one) for one in certificates(values, values["kl_divergence"], a.k)],
        "measures": values,
        "undefined": reasons,
        "vacuous": {
            "count": len(sides.vacuous),
            "least_orders": None if range_of is None else range_of[0],
            "most_orders": None if range_of is None else range_of[1],
            "words": of_vacuous(sides),
        },
        "others": of_others(sides),
        "guarantees": [_guarantee(g) for g in sides.all],
    }


def _guarantee(g: Guarantee) -> dict[str, object]:
    return {
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
