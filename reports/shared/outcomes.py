"""Outcomes of attacks as JSON: what other programs read, and what a later run resumes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reports.shared.versions import schema
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.models import Model, Pair
from theory.search.outcome import Coverage, Outcome, Progress, Witness

STORED = schema("outcome", 1)


def pair_json(pair: Pair) -> dict[str, object]:
    """Return the arrays of a pair as nested lists."""
    return {
        name: {"embeddings": model.embeddings.tolist(), "unembeddings": model.unembeddings.tolist()}
        for name, model in (("a", pair.a), ("b", pair.b))
    }


def claim_json(outcome: Outcome) -> dict[str, object]:
    """Return what `logitbounds falsify --json` says of one claim; numbers may be nan, which `jsonable` turns to null.

    Sides and ratio are those of the worst violation, or, where there is none, of the pair that came closest, whose
    arrays are then under "closest".
    """
    witness, refuted = outcome.worst, outcome.verdict == "refuted"
    simplest = outcome.simplest or witness
    return {
        "name": outcome.name,
        "verdict": outcome.verdict,
        "evidence": None if outcome.evidence is None else str(outcome.evidence),
        "lhs": witness and witness.lhs,
        "rhs": witness and witness.rhs,
        "ratio": witness and witness.ratio,
        "evaluations": outcome.evaluations,
        "not_applicable": outcome.not_applicable,
        "seconds": outcome.seconds,
        "strata": {
            name: {"evaluations": seen.evaluations, "not_applicable": seen.not_applicable, "best": seen.best}
            for name, seen in outcome.strata.items()
        },
        "counterexample": pair_json(witness.pair) if refuted and witness else None,
        "simplest": pair_json(simplest.pair) if refuted and simplest else None,
        "message": outcome.message,
        "title": outcome.title,
        "source": outcome.source,
        "seed": outcome.seed,
        "total_seconds": outcome.total_seconds,
        "nans": outcome.nans,
        "errors": dict(outcome.exceptions),
        "lhs_error": witness and witness.lhs_error,
        "rhs_error": witness and witness.rhs_error,
        "found_in": witness and witness.found_in,
        "digits": witness and witness.digits,
        "simplest_sides": _sides_json(simplest) if refuted and simplest else None,
        "closest": pair_json(witness.pair) if witness and not refuted else None,
        "hypotheses": dict(outcome.hypotheses),
        "history": [
            {"evaluations": step.evaluations, "ratio": step.ratio, "found_in": step.found_in}
            for step in outcome.history
        ],
    }


def _sides_json(witness: Witness) -> dict[str, object]:
    return {
        "lhs": witness.lhs,
        "rhs": witness.rhs,
        "ratio": witness.ratio,
        "lhs_error": witness.lhs_error,
        "rhs_error": witness.rhs_error,
        "digits": witness.digits,
    }


# --------------------------------------------------------------------------- stored whole


def stored(outcome: Outcome) -> dict[str, object]:
    """Return all of an outcome as JSON, from which `restored` makes it again to the last bit."""
    return {
        "schema": STORED,
        "name": outcome.name,
        "title": outcome.title,
        "source": outcome.source,
        "verdict": outcome.verdict,
        "evidence": None if outcome.evidence is None else str(outcome.evidence),
        "worst": _stored_witness(outcome.worst),
        "simplest": _stored_witness(outcome.simplest),
        "evaluations": outcome.evaluations,
        "not_applicable": outcome.not_applicable,
        "nans": outcome.nans,
        "exceptions": dict(outcome.exceptions),
        "seconds": outcome.seconds,
        "total_seconds": outcome.total_seconds,
        "strata": {
            name: [seen.evaluations, seen.not_applicable, _stored_float(seen.best)]
            for name, seen in outcome.strata.items()
        },
        "history": [[step.evaluations, _stored_float(step.ratio), step.found_in] for step in outcome.history],
        "message": outcome.message,
        "seed": outcome.seed,
        "checks": outcome.checks,
        "undecided": outcome.undecided,
        "hypotheses": {name: _stored_float(margin) for name, margin in outcome.hypotheses.items()},
    }


def restored(data: Any) -> Outcome:
    """Return the outcome that `stored` has put down.

    Raises
    ------
    InvalidInput
        If it is nothing of the kind.
    """
    try:
        if data["schema"] != STORED:
            raise ValueError(f"schema {data['schema']!r}")
        return Outcome(
            name=data["name"],
            title=data["title"],
            source=data["source"],
            verdict=data["verdict"],
            evidence=None if data["evidence"] is None else Evidence(data["evidence"]),
            worst=_restored_witness(data["worst"]),
            simplest=_restored_witness(data["simplest"]),
            evaluations=data["evaluations"],
            not_applicable=data["not_applicable"],
            nans=data["nans"],
            exceptions=dict(data["exceptions"]),
            seconds=data["seconds"],
            total_seconds=data["total_seconds"],
            strata={
                name: Coverage(seen[0], seen[1], _restored_float(seen[2])) for name, seen in data["strata"].items()
            },
            history=tuple(Progress(step[0], float(step[1]), step[2]) for step in data["history"]),
            message=data["message"],
            seed=data["seed"],
            checks=data["checks"],
            undecided=data["undecided"],
            hypotheses={name: float(margin) for name, margin in data["hypotheses"].items()},
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"not a stored outcome ({type(error).__name__}: {error})") from None


def _stored_float(value: float | None) -> float | str | None:
    """Return a float that JSON has a word for, or its name."""
    return None if value is None else float(value) if math.isfinite(value) else str(float(value))


def _restored_float(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _stored_witness(witness: Witness | None) -> dict[str, object] | None:
    if witness is None:
        return None
    numbers = ("lhs", "rhs", "lhs_error", "rhs_error")
    return {
        "pair": pair_json(witness.pair),
        **{name: _stored_float(getattr(witness, name)) for name in numbers},
        "evidence": None if witness.evidence is None else str(witness.evidence),
        "found_in": witness.found_in,
        "evaluation": witness.evaluation,
        "digits": witness.digits,
    }


def _restored_witness(data: Mapping[str, Any] | None) -> Witness | None:
    if data is None:
        return None
    return Witness(
        pair=Pair(*(Model(**data["pair"][name]) for name in ("a", "b"))),
        lhs=float(data["lhs"]),
        rhs=float(data["rhs"]),
        lhs_error=float(data["lhs_error"]),
        rhs_error=float(data["rhs_error"]),
        evidence=None if data["evidence"] is None else Evidence(data["evidence"]),
        found_in=data["found_in"],
        evaluation=data["evaluation"],
        digits=data["digits"],
    )
