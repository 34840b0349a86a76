"""Verdicts: what was found, how strongly, and the re-check in ball arithmetic that refutations must survive."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from theory.errors import NotApplicable
from theory.models import Model, Pair
from theory.statements import Statement

UNKNOWN = (float("-inf"), float("inf"))
"""The enclosure of a side that nothing is known of."""

_PRECISIONS = (128, 256, 512, 1024)  # bits, raised until the balls of both sides are apart


class Evidence(enum.StrEnum):
    """How strong a verdict is, strongest first; the first six support, the last three refute."""

    FORMAL = "formal"  # the kernel of a proof assistant accepts exactly this statement
    PROVED = "proved"  # every step discharged exactly, the proof tied to its statement: docs/proofs.md
    CERTIFIED = "certified"  # ball arithmetic on a stated box
    CONVEX = "convex"  # dual certificate, rationalised
    ATTACKED = "attacked"  # optimisers failed
    SAMPLED = "sampled"
    EXACT = "exact"  # rational or algebraic refutation
    BALL = "ball"  # balls enclose the violation
    FLOAT64 = "float64"  # margin above the error bound


class Verdict(enum.StrEnum):
    """What the balls say of a statement on one pair."""

    HOLDS = "holds"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Decision:
    """A statement decided on one pair.

    Attributes
    ----------
    verdict
        "refuted" only if the balls of the two sides are disjoint the wrong way round and every hypothesis is
        certain; "inconclusive" if they overlap at the highest precision.
    lhs, rhs
        Enclosures of the sides, as (lower, upper) float64.
    bits
        Precision at which it was decided.
    margin
        Enclosure of lhs - rhs, which may be far smaller than float64 can tell from the sides.
    exact
        Whether both balls have no radius.
    """

    verdict: Verdict
    lhs: tuple[float, float]
    rhs: tuple[float, float]
    bits: int
    margin: tuple[float, float] = UNKNOWN
    exact: bool = False


def as_balls(pair: Pair) -> Pair:
    """Return the same pair with exact balls for entries."""
    from theory.arithmetic import balls as _balls

    return Pair(*(Model(_balls.asarray(m.embeddings), _balls.asarray(m.unembeddings)) for m in (pair.a, pair.b)))


def decide(statement: Statement, pair: Pair, most_bits: int | None = None) -> Decision:
    """Decide a statement on one unbatched pair in ball arithmetic, raising the precision until it is clear.

    Parameters
    ----------
    statement
        What is asserted.
    pair
        Unbatched, of NumPy arrays, whose floats are taken as exact.
    most_bits
        Highest precision tried, 1024 by default; what is still undecided there is inconclusive.

    Notes
    -----
    For an identity, overlapping balls at the last precision count as holding: equality is never provable by
    enclosure, but the relative width of the overlap is below 1e-30.
    """
    from theory.arithmetic import balls as _balls

    decision, most = None, _PRECISIONS[-1] if most_bits is None else max(most_bits, _PRECISIONS[0])
    for bits in (bits for bits in _PRECISIONS if bits <= most):
        try:
            with _balls.precision(bits):
                decision = _decide_once(statement, as_balls(pair), bits)
        except NotApplicable:
            return Decision(Verdict.NOT_APPLICABLE, UNKNOWN, UNKNOWN, bits)
        except _balls.Undecidable:
            return Decision(Verdict.INCONCLUSIVE, UNKNOWN, UNKNOWN, bits)
        if decision.verdict is not Verdict.INCONCLUSIVE:
            return decision
    assert decision is not None
    return decision


def _decide_once(statement: Statement, pair: Pair, bits: int) -> Decision:
    from theory.arithmetic import balls as _balls

    for hypothesis in statement.hypotheses:
        margin = _balls.asarray(hypothesis.margin(pair))[()]
        if margin <= 0:
            return Decision(Verdict.NOT_APPLICABLE, UNKNOWN, UNKNOWN, bits)
        if not margin > 0:
            return Decision(Verdict.INCONCLUSIVE, UNKNOWN, UNKNOWN, bits)
    lhs, rhs = (_balls.asarray(side(pair))[()] for side in (statement.lhs, statement.rhs))
    enclosures = (_balls.to_float(lhs), _balls.to_float(rhs))
    if lhs.is_nan() or rhs.is_nan():
        return Decision(Verdict.INCONCLUSIVE, *enclosures, bits)
    if statement.relation == "=":
        tight = (lhs - rhs).abs_upper() <= (lhs.abs_upper() + rhs.abs_upper()) * 1e-30
        verdict = Verdict.REFUTED if not lhs.overlaps(rhs) else Verdict.HOLDS if tight else Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.REFUTED if lhs > rhs else Verdict.HOLDS if lhs <= rhs else Verdict.INCONCLUSIVE
    exact = bool(lhs.is_exact() and rhs.is_exact())
    return Decision(verdict, *enclosures, bits, _balls.to_float(lhs - rhs), exact)
