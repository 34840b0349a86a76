"""Statements of the catalogue on given pairs: decided in balls on each, and how far their hypotheses hold there."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from theory.claims import Claim
from theory.evidence import Evidence, Verdict
from theory.models import Pair
from theory.search.arrays import arrays_of
from theory.search.confirmation import decided, middles
from theory.search.objective import Scored
from theory.search.outcome import Coverage, Outcome, Witness
from theory.search.statement_claims import Assertion
from theory.statements import as_floats


def decided_on(claim: Claim, assertion: Assertion, pairs: Mapping[str, Pair], seed: int = 0) -> Outcome:
    """Decide a statement on each of some pairs, and on nothing else.

    Parameters
    ----------
    claim, assertion
        The statement.
    pairs
        By name: the specimens that the statement is about, or counterexamples that are known.
    seed
        What the outcome says of a search; there is none.

    Returns
    -------
    Outcome
        "survived" where it holds on every pair, "refuted" with the worst where it fails on one, else "inconclusive".
    """
    started = time.perf_counter()
    witnesses: list[Witness] = []
    verdicts: list[Verdict] = []
    for number, (name, pair) in enumerate(pairs.items(), start=1):
        witness, decision = decided(assertion, Scored(math.nan, arrays_of(pair), math.nan, math.nan, name, number))
        lhs, rhs, errors = middles(assertion, decision)
        digits = int(decision.bits * math.log10(2))
        witnesses.append(witness or Witness(pair, lhs, rhs, *errors, None, name, number, digits))
        verdicts.append(decision.verdict)
    seconds = time.perf_counter() - started
    refuted = [witness for witness in witnesses if witness.evidence is not None]
    holds = all(verdict is Verdict.HOLDS for verdict in verdicts)
    worst = max(refuted or witnesses, key=lambda w: w.ratio if w.ratio is not None else math.inf)
    count = f"{len(pairs)} specimens that the statement is about"
    undecided = sum(verdict not in (Verdict.HOLDS, Verdict.REFUTED) for verdict in verdicts)
    return Outcome(
        name=claim.name, title=claim.title, source=claim.source,
        verdict="refuted" if refuted else "survived" if holds else "inconclusive",
        evidence=worst.evidence if refuted else Evidence.SAMPLED,
        worst=worst, simplest=worst if refuted else None, evaluations=len(pairs), not_applicable=0, nans=0,
        exceptions={}, seconds=seconds, total_seconds=seconds,
        strata={w.found_in: Coverage(1, 0, w.ratio) for w in witnesses}, history=(),
        message=(
            f"false on {len(refuted)} of the {count}" if refuted
            else f"holds on all {count}, decided in balls" if holds
            else f"undecided on {undecided} of the {count}"
        ),
        seed=seed, checks=len(pairs), undecided=undecided,
    )  # fmt: skip


def with_margins(outcome: Outcome, assertion: Assertion) -> Outcome:
    """Return an outcome with the margin of each hypothesis, the dropped one included, on the pair it shows first."""
    shown = outcome.simplest or outcome.worst
    if shown is None:
        return outcome
    dropped = () if assertion.dropped is None else (assertion.dropped,)
    found = {}
    for hypothesis in (*dropped, *assertion.statement.hypotheses):
        # A margin may not exist where its hypothesis fails badly: then there is no number to show.
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            found[hypothesis.name] = float(as_floats(hypothesis.margin(shown.pair)))
    return replace(outcome, hypotheses=found)
