"""What the catalogue says, as claims: the engine attacks a theorem, whole or weakened, as it does a user's bound.

A statement is written for batches and any arithmetic, a claim for one pair. The sides stay those of the statement, so
that they can still be enclosed in balls, and a refutation of a statement of the catalogue is a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.claims import Claim, Sides
from theory.errors import InvalidInput, NotApplicable
from theory.models import Pair
from theory.statements import Ablation, Hypothesis, Statement, Theorem, drops
from theory.statements import without as without_hypothesis

# What rounding may leave of an identity, relative to its sides (seven digits of sixteen are lost in ill-conditioned
# regimes) and to the terms that cancel in them (which lose three).
_RELATIVE, _CANCELLED = 1e-9, 1e-13


@dataclass(frozen=True)
class Assertion:
    """A statement as a function of one pair of NumPy arrays, or of balls.

    Attributes
    ----------
    statement
        What is asserted, without the hypothesis that was dropped.
    why
        A word on it for reports.
    hypothesis
        The name of what was dropped; empty for a statement as it stands.
    dropped
        The condition that was dropped, where it is one that can be measured.
    """

    statement: Statement
    why: str = ""
    hypothesis: str = ""
    dropped: Hypothesis | None = None

    def __call__(self, pair: Pair) -> Sides:
        """Return ``(lhs, rhs)``; for an identity the discrepancy and what rounding may leave of it.

        Raises
        ------
        NotApplicable
            If a hypothesis fails, to the precision of the arithmetic, or a side does not exist.
        theory.arithmetic.balls.Undecidable
            If balls cannot tell whether a hypothesis holds.
        """
        with np.errstate(all="ignore"):
            for hypothesis in self.statement.hypotheses:
                _require(hypothesis.name, hypothesis.margin(pair))
            try:
                lhs, rhs = self.statement.lhs(pair), self.statement.rhs(pair)
            except np.linalg.LinAlgError as error:
                raise NotApplicable(f"a side does not exist: {error}") from None
            return self.compared(pair, lhs, rhs)

    def compared(self, pair: Pair, lhs: Any, rhs: Any) -> Sides:
        """Return the sides that are compared, of one pair or of each of a batch, from those of the statement.

        For an inequality they are the same; for an identity the discrepancy and what rounding may leave of it.
        """
        if self.statement.relation == "<=":
            return lhs, rhs
        xp, size = pair.xp, _size(self.statement, pair)
        return xp.abs(xp.asarray(lhs - rhs)), tolerance(xp.abs(lhs) + xp.abs(rhs)) + _CANCELLED * size


def tolerance(size: Any) -> Any:
    r"""Return what rounding may leave of an identity whose sides have \|lhs\| + \|rhs\| for their size."""
    return _RELATIVE * size


def _require(name: str, margin: Any) -> None:
    value = margin[()] if isinstance(margin, np.ndarray) else margin
    if value > 0:
        return
    if not value <= 0 and not isinstance(value, float | np.floating):
        from theory.arithmetic.balls import Undecidable

        raise Undecidable(f"hypothesis {name}: the ball of its margin contains zero")
    raise NotApplicable(f"hypothesis fails: {name}")  # nan included


def _size(statement: Statement, pair: Pair) -> Any:
    return 0.0 if statement.cancelled is None else statement.cancelled(pair)


def claim_of(statement: Statement, without: str | None = None) -> Claim:
    r"""Return the claim that a statement of the catalogue makes.

    Parameters
    ----------
    statement
        For ``"="`` the claim is \|lhs - rhs\| <= 1e-9 (\|lhs\| + \|rhs\|), and 1e-13 of the terms that cancel.
    without
        A hypothesis to be left out.

    Returns
    -------
    Claim
        Of the statement's name and domain. It takes one unbatched pair, and declines it where a hypothesis fails.

    Raises
    ------
    InvalidInput
        If the statement has no hypothesis of that name, or is about certain specimens only.
    """
    if statement.specimens:
        raise InvalidInput(
            f"statement: expected one about every pair of a domain, saw {statement.name}, "
            f"which is about {len(statement.specimens)} specimens"
        )
    if without is None:
        return claim_on_any_pairs(statement)
    kept = without_hypothesis(statement, without)
    assertion = Assertion(kept, hypothesis=without, dropped=_hypothesis(without, statement))
    return _claim(f"{statement.name} without {without}", assertion, "")


def claim_on_any_pairs(statement: Statement) -> Claim:
    """Return the claim of a statement, also of one about certain specimens, which `theory.falsify` decides on those."""
    return _claim(statement.name, Assertion(statement), "")


def claims_of(theorem: Theorem) -> dict[str, Claim]:
    """Return the claims of a theorem's own statements by name, such as "T5 upper_bound".

    Those about certain specimens are among them: `theory.falsify` decides them on those.
    """
    found = {}
    for statement in theorem.statements:
        name = f"{theorem.identifier} {statement.name}"
        found[name] = _claim(name, Assertion(statement, theorem.summary), theorem.source)
    return found


def claims_without(theorem: Theorem) -> dict[str, Claim]:
    """Return the claims of a theorem with each hypothesis dropped in turn by name, such as "T5 without tau"."""
    return {ablation_name(theorem, ablation): claim_without(theorem, ablation) for ablation in drops(theorem)}


def ablation_name(theorem: Theorem, ablation: Ablation) -> str:
    """Return what reports call a weakened theorem."""
    return f"{theorem.identifier} without {ablation.hypothesis}"


def claim_without(theorem: Theorem, ablation: Ablation) -> Claim:
    """Return the claim of a weakened theorem."""
    dropped = _hypothesis(ablation.hypothesis, *theorem.statements)
    assertion = Assertion(ablation.statement, ablation.why, ablation.hypothesis, dropped)
    return _claim(ablation_name(theorem, ablation), assertion, theorem.source)


def _hypothesis(name: str, *statements: Statement) -> Hypothesis | None:
    found = (each for statement in statements for each in statement.hypotheses if each.name == name)
    return next(found, None)


def _claim(name: str, assertion: Assertion, source: str) -> Claim:
    statement = assertion.statement
    return Claim(assertion, name, f"${statement.latex}$", source, statement.domain)
