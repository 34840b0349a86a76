"""The verdict that an attack ends in, and how strongly it is known."""

from __future__ import annotations

import math

from theory.evidence import Evidence
from theory.search.arrays import pair_of
from theory.search.judging import Judge
from theory.search.objective import Objective
from theory.search.outcome import Answer, Outcome, Witness


def outcome_of(
    objective: Objective, judge: Judge, worst: Witness | None, small: Witness | None, malformed: str, *,
    climbed: bool, interrupted: bool, seconds: float, seed: int,
) -> Outcome:  # fmt: skip
    """Return what came of an attack.

    Parameters
    ----------
    objective, judge
        Everything that was evaluated, and decided.
    worst, small
        The violations that stand, or None.
    malformed
        Why the claim is none; empty where it is one.
    climbed, interrupted
        Whether climbers ran, and whether the user ended them.
    seconds, seed
        Of the search.
    """
    claim = objective.claim
    answer, evidence, message = _verdict(objective, judge, worst, small, malformed, climbed)
    if answer == "error":
        worst = small = None
    elif answer != "refuted" and objective.best is not None:
        best = objective.best
        worst = Witness(pair_of(best.arrays), best.lhs, best.rhs, math.nan, math.nan, None, best.label, best.evaluation)
    if interrupted:
        message = f"interrupted; so far: {message}"
    if objective.exceptions and answer != "error":
        count = sum(objective.exceptions.values())
        message += f"; {count} calls raised, such as {objective.exceptions.most_common(1)[0][0]}"
    return Outcome(
        name=claim.name, title=claim.title, source=claim.source, verdict=answer, evidence=evidence, worst=worst,
        simplest=small, evaluations=objective.evaluations, not_applicable=objective.fates["not applicable"],
        nans=objective.fates["nan"], exceptions=dict(objective.exceptions), seconds=seconds,
        total_seconds=objective.seconds, strata={k: t.frozen() for k, t in objective.tallies.items()},
        history=tuple(objective.history), message=message, seed=seed, checks=judge.checks, undecided=judge.undecided,
    )  # fmt: skip


def _verdict(
    objective: Objective, judge: Judge, worst: Witness | None, small: Witness | None, malformed: str, climbed: bool
) -> tuple[Answer, Evidence | None, str]:
    if malformed:
        return "error", None, malformed
    if worst is not None:
        evidence = min((worst.evidence, small.evidence if small else None), key=_rank)
        return "refuted", evidence, "false: " + _words(small or worst)
    if objective.fates["value"] == 0:
        return "error", None, _never_applied(objective)
    tried = Evidence.ATTACKED if climbed else Evidence.SAMPLED
    if judge.undecided:
        return "inconclusive", tried, f"{judge.undecided} pairs seem to violate it, and balls could not clear them"
    if not objective.fates["held"]:  # rounding blurs a bound that is attained, but not on every pair
        return "inconclusive", tried, "lhs exceeds rhs wherever the claim applies, by no more than rounding"
    if judge.doubts:
        return (
            "survived", tried,
            f"{judge.doubts} apparent violations are within their rounding errors; no other was found",
        )  # fmt: skip
    return "survived", tried, "no violation was found"


def _never_applied(objective: Objective) -> str:
    if objective.exceptions:
        what, _ = objective.exceptions.most_common(1)[0]
        every = "every" if sum(objective.exceptions.values()) == objective.evaluations else "nearly every"
        return f"the claim raised on {every} one of {objective.evaluations} pairs: {what}"
    if objective.fates["nan"]:
        return f"the claim gave nan or an infinite side on all of {objective.evaluations} pairs"
    return f"the claim applied to none of {objective.evaluations} pairs"


def _rank(evidence: Evidence | None) -> int:
    order = (Evidence.FLOAT64, Evidence.BALL, Evidence.EXACT)
    return order.index(evidence) if evidence in order else len(order)


def _words(witness: Witness) -> str:
    pair = witness.pair
    ratio = f", ratio {witness.ratio:.6g}" if witness.ratio is not None else ""
    return f"lhs {witness.lhs:.6g} exceeds rhs {witness.rhs:.6g}{ratio} at n = {pair.n}, k = {pair.k}, m = {pair.m}"
