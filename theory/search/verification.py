"""Verifying a theorem: its known answers, its extremal families, and an attack on every statement and false twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from theory.errors import InvalidInput
from theory.search.ascent import Ascent
from theory.search.engine import attacked
from theory.search.outcome import Outcome
from theory.search.plan import Plan
from theory.search.specimens import decided_on
from theory.search.statement_claims import Assertion, claim_on_any_pairs
from theory.statements import ExtremalFamily, FalseTwin, Statement, Theorem, evaluate

SHARP = 0.999
"""Share of a sharp constant that its family must reach: the parameters of families are chosen for this."""


def _plan(shapes: int, pairs: int, ascent: Ascent, climbs: int) -> Plan:
    """Return one round in batches."""
    return Plan(budget=None, rounds=1, shapes=shapes, pairs=pairs, ascent=ascent, climbs=climbs, after=False)


# Sized by time on two cores, of which a statement of the catalogue takes a quarter of a second, two, and a quarter of a
# minute. A look at eight shapes has the three smallest, where constants are attained, and one of each dimension.
PROFILES: Mapping[str, Plan] = {
    "quick": _plan(8, 24, Ascent(steps=60, starts=12, shapes=2), climbs=250),
    "standard": _plan(14, 96, Ascent(steps=250, starts=32, shapes=4), climbs=3_000),
    "deep": _plan(26, 256, Ascent(steps=600, check_every=40, starts=48, shapes=8), climbs=15_000),
}
"""How hard to try, by name."""


@dataclass(frozen=True)
class StatementReport:
    """What became of a statement.

    Attributes
    ----------
    statement
        The statement.
    outcome
        Of the attack on it.
    sharpness
        Share of the constant that each extremal family reaches.
    """

    statement: Statement
    outcome: Outcome
    sharpness: Mapping[str, float]

    @property
    def held(self) -> bool:
        """Whether it survived, with no suspect left undecided, and every extremal family reaches its constant."""
        return self.outcome.verdict == "survived" and all(share >= SHARP for share in self.sharpness.values())


@dataclass(frozen=True)
class TwinReport:
    """What became of a false twin: refuted, one hopes, and by what."""

    twin: FalseTwin
    outcome: Outcome

    @property
    def refuted(self) -> bool:
        """Whether a violation stands."""
        return self.outcome.verdict == "refuted"


@dataclass(frozen=True)
class AnswerReport:
    """A known answer and what was computed."""

    name: str
    expected: str
    got: float
    ok: bool
    source: str


@dataclass(frozen=True)
class TheoremReport:
    """Everything found about a theorem."""

    theorem: Theorem
    statements: tuple[StatementReport, ...]
    twins: tuple[TwinReport, ...]
    answers: tuple[AnswerReport, ...]

    @property
    def held(self) -> bool:
        """Whether every statement held and every known answer was reproduced."""
        return all(report.held for report in self.statements) and all(answer.ok for answer in self.answers)

    @property
    def all_twins_refuted(self) -> bool:
        """Whether every false twin was refuted."""
        return all(report.refuted for report in self.twins)


def verify_theorem(
    theorem: Theorem,
    profile: Plan,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> TheoremReport:
    """Verify a theorem: its statements, its twins and its known answers.

    Parameters
    ----------
    theorem
        An entry of the catalogue.
    profile
        How hard to try; see `PROFILES`.
    seed
        Same seed, same report.
    progress
        Called with a word on what is being done.

    Raises
    ------
    InvalidInput
        If `seed` is not a non-negative integer.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InvalidInput(f"seed: expected a non-negative integer, saw {seed!r}")
    say = progress or (lambda _: None)
    say("known answers")
    answers = tuple(_answer(theorem, i) for i in range(len(theorem.known_answers)))
    statements, twins = [], []
    for statement in theorem.statements:
        say(statement.name)
        statements.append(_statement_report(statement, profile, seed))
    for twin in theorem.twins:
        say(f"false twin {twin.name}")
        twins.append(_twin_report(twin, profile, seed))
    return TheoremReport(theorem, tuple(statements), tuple(twins), answers)


def _answer(theorem: Theorem, index: int) -> AnswerReport:
    answer = theorem.known_answers[index]
    got = float(answer.compute())
    return AnswerReport(answer.name, answer.expected, got, answer.agrees(got), answer.source)


def _statement_report(statement: Statement, profile: Plan, seed: int) -> StatementReport:
    members = {f"extremal {family.name}": family.pair(family.parameter) for family in statement.sharp}
    outcome = attacked(claim_on_any_pairs(statement), profile, seed=seed, starts=members)
    return StatementReport(statement, outcome, {family.name: _reached(statement, family) for family in statement.sharp})


def _reached(statement: Statement, family: ExtremalFamily) -> float:
    """Return the share of the constant that a family reaches."""
    evaluation = evaluate(statement, family.pair(family.parameter))
    if not evaluation.applies.all() or not float(evaluation.rhs) > 0:
        return 0.0
    return float(evaluation.lhs) / float(evaluation.rhs)


def _twin_report(twin: FalseTwin, profile: Plan, seed: int) -> TwinReport:
    """Attack a twin; where that fails, a counterexample that is known by hand decides."""
    claim = claim_on_any_pairs(twin.statement)
    outcome = attacked(claim, profile, seed=seed)
    if outcome.verdict != "refuted" and twin.witness is not None:
        known = decided_on(claim, Assertion(twin.statement), {"known counterexample": twin.witness()}, seed)
        outcome = known if known.verdict == "refuted" else outcome
    return TwinReport(twin, outcome)
