"""Attacks on claims of either kind: a user's function, or a statement of the catalogue with its hypotheses."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from theory.claims import Claim
from theory.evidence import Decision, Evidence, Verdict, decide
from theory.models import Pair
from theory.search.engine import Report, falsify
from theory.search.objective import Budget
from theory.search.outcome import Coverage, Outcome, Witness
from theory.search.statement_claims import RELATIVE, Assertion
from theory.statements import Statement, as_floats

_BITS_PER_DIGIT = math.log2(10)


def attack(claim: Claim, budget: Budget | None = None, seed: int = 0, progress: Report | None = None) -> Outcome:
    """Attack a claim; of a statement of the catalogue say also how far its hypotheses hold.

    Parameters
    ----------
    claim, budget, seed, progress
        As for `theory.search.engine.falsify`. A statement about certain specimens is decided in balls on each of
        them, and on nothing else, whatever the budget.

    Returns
    -------
    Outcome
        With the margin of each hypothesis, the dropped one included, on the pair that pages show first.

    Raises
    ------
    InvalidInput
        If an argument is of the wrong type or out of range.
    """
    assertion = claim.function if isinstance(claim, Claim) and isinstance(claim.function, Assertion) else None
    if assertion is None:
        return falsify(claim, budget, seed, progress)
    outcome = _on_specimens(claim, assertion, seed) if assertion.statement.specimens else falsify(
        claim, budget, seed, progress
    )  # fmt: skip
    shown = outcome.simplest or outcome.worst
    return outcome if shown is None else replace(outcome, hypotheses=_margins(assertion, shown.pair))


def _margins(assertion: Assertion, pair: Pair) -> Mapping[str, float]:
    dropped = () if assertion.dropped is None else (assertion.dropped,)
    found = {}
    for hypothesis in (*dropped, *assertion.statement.hypotheses):
        # A margin may not exist where its hypothesis fails badly: then there is no number to show.
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            found[hypothesis.name] = float(as_floats(hypothesis.margin(pair)))
    return found


def _on_specimens(claim: Claim, assertion: Assertion, seed: int) -> Outcome:
    """Decide a statement in balls on each pair that it is about."""
    started, statement = time.perf_counter(), assertion.statement
    pairs = [family.pair(family.parameter) for family in statement.specimens]
    decisions = [decide(statement, pair) for pair in pairs]
    witnesses = [
        _witness(statement, pair, decision, family.name, number)
        for number, (pair, decision, family) in enumerate(
            zip(pairs, decisions, statement.specimens, strict=True), start=1
        )
    ]
    verdicts = [decision.verdict for decision in decisions]
    seconds = time.perf_counter() - started
    refuted = [w for w, verdict in zip(witnesses, verdicts, strict=True) if verdict is Verdict.REFUTED]
    holds = all(verdict is Verdict.HOLDS for verdict in verdicts)
    worst = max(refuted or witnesses, key=lambda w: w.ratio if w.ratio is not None else math.inf)
    count = f"{len(pairs)} specimens that the statement is about"
    return Outcome(
        name=claim.name, title=claim.title, source=claim.source,
        verdict="refuted" if refuted else "survived" if holds else "inconclusive",
        evidence=Evidence.BALL if refuted else Evidence.SAMPLED,
        worst=worst, simplest=worst if refuted else None, evaluations=len(pairs), not_applicable=0, nans=0,
        exceptions={}, seconds=seconds, total_seconds=seconds,
        strata={w.found_in: Coverage(1, 0, w.ratio) for w in witnesses}, history=(),
        message=(
            f"false on {len(refuted)} of the {count}" if refuted
            else f"holds on all {count}, decided in balls" if holds
            else f"undecided on {sum(v is not Verdict.HOLDS for v in verdicts)} of the {count}"
        ),
        seed=seed,
    )  # fmt: skip


def _witness(statement: Statement, pair: Pair, decision: Decision, name: str, number: int) -> Witness:
    """Return both sides at the middle of their balls; of an identity the discrepancy and its tolerance."""
    lhs, rhs = ((low + high) / 2 for low, high in (decision.lhs, decision.rhs))
    errors = [high - low for low, high in (decision.lhs, decision.rhs)]
    if statement.relation == "=":
        lhs, rhs = abs(lhs - rhs), RELATIVE * (abs(lhs) + abs(rhs))
        errors = [sum(errors), 0.0]
    evidence = Evidence.BALL if decision.verdict is Verdict.REFUTED else None
    return Witness(pair, lhs, rhs, errors[0], errors[1], evidence, name, number, int(decision.bits / _BITS_PER_DIGIT))
