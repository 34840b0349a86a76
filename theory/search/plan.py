"""How an attack spends what it may: how much is looked at, what climbs, and what follows a violation."""

from __future__ import annotations

from dataclasses import dataclass

from theory.search.ascent import Ascent
from theory.search.objective import Budget


@dataclass(frozen=True)
class Plan:
    """How an attack goes about it.

    Attributes
    ----------
    budget
        Where nobody says otherwise; None where the rounds are the limit.
    rounds
        Looks, each with the climbs that follow; None for as many as the budget allows.
    shapes, pairs
        Of a look, as for `theory.search.survey.survey`.
    ascent
        The joint ascent along gradients that every round begins with, where the claim has them.
    climbs
        Evaluations of a round's climbs, one pair at a time; None where they end by themselves.
    after
        Whether a violation is climbed on from, to the worst one, and shrunk to the simplest.
    """

    budget: Budget | None
    rounds: int | None
    shapes: int | None
    pairs: int | None
    ascent: Ascent
    climbs: int | None
    after: bool


FALSIFY = Plan(
    budget=Budget(),
    rounds=None,
    shapes=None,
    pairs=None,
    # A sixth of what the climbs of a round take, on the hills of two shapes.
    ascent=Ascent(steps=60, starts=12, shapes=2),
    climbs=None,
    after=True,
)
"""For one claim and a budget: a little of everything, again and again."""
