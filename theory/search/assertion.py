"""A claim in a test suite: attacked whenever the tests run, and failing with a counterexample that can be pasted."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from theory.claims import Claim, Sides, claim
from theory.models import Pair
from theory.search.engine import falsify
from theory.search.notation import expression
from theory.search.objective import Budget
from theory.search.outcome import Outcome, Witness


class Refuted(AssertionError):
    """A claim that was to survive did not.

    Attributes
    ----------
    outcome
        Of the attack, with the simplest and the worst counterexample.
    """

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message)
        self.outcome = outcome


def assert_survives(
    claim: Claim | Callable[[Pair], Sides],
    budget: float | None = 2.0,
    seed: int = 0,
    evaluations: int | None = None,
) -> None:
    """Attack a claim and raise unless it survives: an assertion for a test suite.

    Parameters
    ----------
    claim
        A function of a pair marked with `claim`, or a plain one that returns ``(lhs, rhs)``.
    budget
        Seconds of searching; None for no such limit.
    seed
        Of the search.
    evaluations
        Calls of the claim at most. With this limit and ``budget=None`` the test is the same on every machine.

    Raises
    ------
    Refuted
        An `AssertionError`, if a pair violates the claim. The message says both sides and the evidence in one line and
        then gives the simplest counterexample as a call of the claim; `outcome` has everything.
    AssertionError
        If the claim could not be judged: it raised, gave nan, never applied, or is not deterministic.
    InvalidInput
        If an argument is of the wrong type or out of range.

    Warns
    -----
    UserWarning
        If the attack is inconclusive: every pair looked at violates the claim, but by no more than rounding. Such a
        claim passes, as an equality would, and nothing has been found out about it.

    Examples
    --------
    >>> from theory import assert_survives, kl_divergence, squared_logit_distance
    >>> def quarter(pair):
    ...     return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 4
    >>> assert_survives(quarter, budget=None, evaluations=500)
    """
    __tracebackhide__ = True
    wrapped = claim if isinstance(claim, Claim) else _wrapped(claim)
    outcome = falsify(wrapped, Budget(seconds=budget, evaluations=evaluations), seed)
    shown = outcome.simplest or outcome.worst
    if outcome.verdict == "refuted" and shown is not None:
        raise Refuted(_message(outcome, shown), outcome)
    if outcome.verdict == "error":
        raise AssertionError(f"{outcome.name} could not be judged: {outcome.message}")
    if outcome.verdict == "inconclusive":
        warnings.warn(f"{outcome.name} is inconclusive: {outcome.message}", UserWarning, stacklevel=2)


_wrapped = claim  # the parameter of `assert_survives` hides the decorator


def _message(outcome: Outcome, witness: Witness) -> str:
    pair = witness.pair
    ratio = f", ratio {witness.ratio:.6g}" if witness.ratio is not None else ""
    dimensions = f"{pair.a.m}" if pair.a.m == pair.b.m else f"{pair.a.m} and {pair.b.m}"
    name = outcome.name if outcome.name.isidentifier() else "claim"
    return (
        f"{outcome.name} is refuted: lhs {witness.lhs:.6g} > rhs {witness.rhs:.6g}{ratio}, "
        f"evidence {witness.evidence or outcome.evidence}, n = {pair.n}, k = {pair.k}, m = {dimensions}, "
        f"{outcome.evaluations} evaluations\n"
        f"{name}({expression(pair)})"
    )
