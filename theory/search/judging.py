"""The judge of an attack: what a suspect deserves, and when the checks it may cost are used up.

Float64 proposes and a stronger arithmetic disposes: of a statement of the catalogue balls, of a user's claim many
digits (`theory.search.confirmation`). What stands ends the attack. What is cleared gets the score that it deserves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from theory.evidence import Decision, Verdict
from theory.search.arrays import Arrays
from theory.search.confirmation import Symmetries, confirmed, decided, middles, symmetries
from theory.search.evaluators import NOISE, relative_excess
from theory.search.objective import WORST, Objective, Scored, score
from theory.search.outcome import Witness
from theory.search.statement_claims import Assertion

# Checks that may come to nothing: some at once, and one more for so many evaluations. A check costs as much as fifty
# evaluations of a plain claim or more, so that at worst half of the time is lost on noise.
_DOUBTS, _EVALUATIONS_A_DOUBT = 40, 50
_DOUBTS_OF_BATCHES = 400  # and of batches in all, each up to a second: minutes, but an end
_JUST_ABOVE = 1e-6  # relative excess up to which what is not confirmed may be a limit that a climb has to cross
_FEW_BITS = 256  # equality is undecided at any precision, and the highest pairs are often equalities


class Refuted(Exception):
    """A violation has been confirmed."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self.witness = witness


@dataclass(eq=False)
class Judge:
    """Decides about the suspects of one attack.

    Attributes
    ----------
    objective
        What is attacked.
    checks, undecided
        Pairs looked at; and suspects of a statement that could not be cleared.
    of_batches, of_climbs
        Suspects that did not stand, met in batches and one at a time. Neither uses up the other's allowance.
    known
        How a user's claim can be checked; found out with the first suspect.
    """

    objective: Objective
    checks: int = 0
    undecided: int = 0
    of_batches: int = 0
    of_climbs: int = 0
    known: Symmetries | None = field(default=None)

    @property
    def doubts(self) -> int:
        """Suspects that did not stand."""
        return self.of_batches + self.of_climbs

    @property
    def assertion(self) -> Assertion | None:
        """The statement that is attacked, where it is one."""
        function = self.objective.claim.function
        return function if isinstance(function, Assertion) else None

    def rule(self, found: Scored, of_batch: bool) -> Scored:
        """Return a suspect with the score that it deserves after all, and with what is better known of its sides.

        Raises
        ------
        Refuted
            If the violation stands.
        """
        if not self._allowed(of_batch):
            self.pass_over(1)
            if self.assertion is not None:
                return replace(found, score=WORST)
        elif self.assertion is not None:
            cleared = self._decide(found)
            self._doubt(of_batch)
            return cleared
        else:
            witness = self.confirm(found.arrays, found.lhs, found.rhs, found.label)
            if witness is not None:
                raise Refuted(witness)
            self._doubt(of_batch)
        # What is far above and does not stand is noise, to be kept away from; what is just above is a limit that the
        # climb may have to cross.
        return replace(found, score=WORST if relative_excess(found.lhs, found.rhs) > _JUST_ABOVE else 0.0)

    def _allowed(self, of_batch: bool) -> bool:
        if of_batch:
            return self.of_batches <= _DOUBTS_OF_BATCHES
        return self.of_climbs <= _DOUBTS + self.objective.evaluations // _EVALUATIONS_A_DOUBT

    def _doubt(self, of_batch: bool) -> None:
        self.of_batches += of_batch
        self.of_climbs += not of_batch

    def pass_over(self, count: int) -> None:
        """Count suspects of a statement that were not looked at."""
        self.undecided += count if self.assertion is not None else 0

    def confirm(self, arrays: Arrays, lhs: float, rhs: float, label: str) -> Witness | None:
        """Return the violation if it stands; the evaluations this takes are not limited."""
        objective = self.objective
        self.checks += 1
        limited, objective.limited = objective.limited, False
        try:
            if self.known is None and self.assertion is None:
                self.known = symmetries(objective, arrays)
            return confirmed(objective, self.known, arrays, lhs, rhs, label)
        finally:
            objective.limited = limited

    # ------------------------------------------------------------------ statements

    def require(self, arrays: Arrays, label: str) -> None:
        """Decide a statement on a pair in balls, whatever float64 says of it.

        Raises
        ------
        Refuted
            If it is violated.
        """
        _, lhs, rhs = self.objective.answer(arrays, label)
        self._decide(Scored(math.nan, arrays, lhs, rhs, label, self.objective.evaluations), count=False)

    def settle(self) -> None:
        """Decide a statement on its first pair and on the highest one, and correct what rounding inflated.

        The next highest are decided where they seem to exceed by more than sums of rounded terms do.

        Raises
        ------
        Refuted
            If one of them violates it.
        """
        objective = self.objective
        if self.assertion is None:
            return
        if objective.first is not None:
            self._decide(replace(objective.first, label="first pair"), count=False)
        identity = self.assertion.statement.relation == "="
        settled = []
        for i, top in enumerate(objective.tops):
            seems = top.lhs > (0.0 if identity else top.rhs)
            if not seems:
                settled.append(top)
            elif i == 0 or identity or relative_excess(top.lhs, top.rhs) > NOISE:
                settled.append(self._decide(top, _FEW_BITS))
        objective.tops = sorted((top for top in settled if top.score > WORST), key=lambda top: -top.score)

    def _decide(self, found: Scored, most_bits: int | None = None, count: bool = True) -> Scored:
        """Return a pair with the sides that its balls give, and the score of those; `WORST` where they give none."""
        assert self.assertion is not None
        self.checks += 1
        witness, decision = decided(self.assertion, found, most_bits)
        if witness is not None:
            raise Refuted(witness)
        sides = _sides(self.assertion, decision)
        if sides is None:
            self.undecided += count and decision.verdict is Verdict.INCONCLUSIVE
            return replace(found, score=WORST)
        return replace(found, score=score(*sides), lhs=sides[0], rhs=sides[1])


def _sides(assertion: Assertion, decision: Decision) -> tuple[float, float] | None:
    """Return both sides at the middle of their balls, for an identity as it is compared; None where they are unbounded.

    Middles that cross are those of an attained bound, whose balls overlap: they are equal.
    """
    lhs, rhs, _ = middles(assertion, decision)
    return (min(lhs, rhs), rhs) if math.isfinite(lhs + rhs) else None
