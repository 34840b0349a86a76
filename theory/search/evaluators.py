"""The two ways to ask what a claim says of pairs: a user's function pair by pair, a statement batch by batch.

Both give the two sides of each pair with its fate, and both say of sides whether lhs exceeds rhs by more than float64
usually loses; all else, counting, scores, judging, is the same for both.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from jaxtyping import Bool, Float

from theory.claims import Claim
from theory.errors import NotApplicable
from theory.models import Pair
from theory.search.arrays import Arrays, each_of, pair_of
from theory.search.statement_claims import Assertion
from theory.statements import Evaluation, evaluate, excess

Fate = Literal["value", "not applicable", "nan", "raised", "out of reach"]

NOISE = 1e-12
"""Relative excess below which no violation of a user's claim is suspected: its sides are sums of hundreds of rounded
terms, 2^-53 each, and a few digits more are often lost."""

# Excess, log(lhs / rhs), from which a pair is worth a decision in balls, a second each at worst: below it lies what
# attained bounds show in ill-conditioned regimes by the dozen. The largest are decided whatever their size.
_ROUNDING = 1e-9
_IDENTITY_ROUNDING = math.log(1e-9)  # the same for an identity, whose excess is the log of its relative discrepancy


class Malformed(Exception):
    """The claim is not a deterministic function of a pair with two numbers for an answer."""


@dataclass(frozen=True)
class Answer:
    """What a claim says of one pair: both sides, nan without a value, and what it raised, in a line."""

    fate: Fate
    lhs: float = math.nan
    rhs: float = math.nan
    raised: str = ""


@dataclass(frozen=True)
class Answers:
    """What a claim says of each pair of a batch.

    Attributes
    ----------
    lhs, rhs
        The sides, nan where there is no value.
    valued
        Where there is one; elsewhere the hypotheses fail, or a side does not exist.
    suspect
        Where lhs exceeds rhs by more than float64 usually loses.
    """

    lhs: Float[np.ndarray, " b"]
    rhs: Float[np.ndarray, " b"]
    valued: Bool[np.ndarray, " b"]
    suspect: Bool[np.ndarray, " b"]


class Evaluator(Protocol):
    """Asks a claim about pairs."""

    at_once: bool
    """Whether a batch costs little more than a pair."""

    def answer(self, arrays: Arrays) -> Answer:
        """Ask about one pair."""

    def answers(self, batch: Pair) -> Answers:
        """Ask about a batch; only where it can be had at once."""

    def suspects(self, arrays: Arrays, lhs: float, rhs: float) -> bool:
        """Whether lhs > rhs on a pair is more than float64 usually loses."""


def evaluator_of(claim: Claim) -> Evaluator:
    """Return the way to ask a claim: batches where it is a statement of the catalogue, pair by pair elsewhere."""
    function = claim.function
    return BatchByBatch(function) if isinstance(function, Assertion) else PairByPair(claim)


@dataclass(frozen=True)
class PairByPair:
    """Asks a user's function, a black box, which may raise, write to its arrays or return anything."""

    claim: Claim
    at_once = False

    def answer(self, arrays: Arrays) -> Answer:
        """Ask about a fresh copy of a pair.

        Raises
        ------
        Malformed
            If the answer is not two numbers.
        """
        try:
            answer = self.claim(pair_of(arrays))
        except NotApplicable:
            return Answer("not applicable")
        except (Exception, SystemExit) as error:  # a claim may not end the run either
            return Answer("raised", raised=_one_line(error))
        lhs, rhs = two_numbers(answer)
        if math.isnan(lhs) and math.isnan(rhs):
            return Answer("not applicable")
        # An infinite right side bounds everything; an infinite left side is overflow, not a violation.
        if math.isnan(lhs) or math.isnan(rhs) or lhs == math.inf or rhs == -math.inf:
            return Answer("nan")
        return Answer("value", lhs, rhs)

    def answers(self, batch: Pair) -> Answers:
        """Not to be had: the first violation of a user's claim ends the questions."""
        raise NotImplementedError("a user's function is asked pair by pair")

    def suspects(self, arrays: Arrays, lhs: float, rhs: float) -> bool:
        """Whether the relative excess is beyond the noise of sums."""
        return relative_excess(lhs, rhs) > NOISE


@dataclass(frozen=True)
class BatchByBatch:
    """Asks a statement of the catalogue, which acts on every pair of a batch."""

    assertion: Assertion
    at_once = True

    def answer(self, arrays: Arrays) -> Answer:
        """Ask about one pair."""
        pair = pair_of(arrays)
        try:
            evaluation = evaluate(self.assertion.statement, pair)
            lhs, rhs = (float(side) for side in self._sides(pair, evaluation))
        except (NotApplicable, np.linalg.LinAlgError):  # far out, where a decomposition fails
            return Answer("not applicable")
        except Exception as error:
            return Answer("raised", raised=_one_line(error))
        if not evaluation.applies:
            return Answer("not applicable")
        return Answer("nan") if math.isnan(lhs) or math.isnan(rhs) else Answer("value", lhs, rhs)

    def answers(self, batch: Pair) -> Answers:
        """Ask about every pair of a batch at once, and one by one where one of them breaks the whole."""
        try:
            evaluation = evaluate(self.assertion.statement, batch)
            lhs, rhs = self._sides(batch, evaluation)
        except Exception:
            return self._one_by_one(batch)
        suspect = np.zeros(lhs.shape, dtype=bool)
        if (lhs > rhs).any():
            suspect = (lhs > rhs) & self._beyond_rounding(batch, evaluation)
        # Where the size of what cancels is no number, nothing can be compared, though both sides are there.
        valued = evaluation.applies & ~np.isnan(lhs) & ~np.isnan(rhs)
        return Answers(np.where(valued, lhs, np.nan), np.where(valued, rhs, np.nan), valued, suspect & valued)

    def suspects(self, arrays: Arrays, lhs: float, rhs: float) -> bool:
        """Whether the excess is beyond rounding, also that of terms that cancel."""
        pair = pair_of(arrays)
        return bool(self._beyond_rounding(pair, evaluate(self.assertion.statement, pair)))

    def _sides(self, pair: Pair, evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            return self.assertion.compared(pair, evaluation.lhs, evaluation.rhs)

    def _beyond_rounding(self, pair: Pair, evaluation: Evaluation) -> Bool[np.ndarray, "*batch"]:
        statement = self.assertion.statement
        least = _ROUNDING if statement.relation == "<=" else _IDENTITY_ROUNDING
        return excess(statement, pair, evaluation) > least

    def _one_by_one(self, batch: Pair) -> Answers:
        arrays = (batch.a.embeddings, batch.a.unembeddings, batch.b.embeddings, batch.b.unembeddings)
        pairs = list(each_of(arrays))
        found = [self.answer(one) for one in pairs]
        suspect = [a.lhs > a.rhs and self.suspects(one, a.lhs, a.rhs) for one, a in zip(pairs, found, strict=True)]
        lhs, rhs = (np.array([getattr(a, side) for a in found]) for side in ("lhs", "rhs"))
        return Answers(lhs, rhs, np.array([a.fate == "value" for a in found]), np.array(suspect))


# --------------------------------------------------------------------------- what counts as an answer


def two_numbers(answer: Any) -> tuple[float, float]:
    """Return the two sides of a claim's answer.

    Raises
    ------
    Malformed
        If it is anything but two real numbers.
    """
    if (
        isinstance(answer, str | bytes)
        or not (isinstance(answer, tuple | list) or _is_vector(answer))
        or len(answer) != 2
    ):
        raise Malformed(f"a claim returns two numbers (lhs, rhs); this one returned {_short(answer)}")
    return number(answer[0]), number(answer[1])


def number(value: Any) -> float:
    """Return a side as a float.

    Raises
    ------
    Malformed
        If it is not one real number: a float, an integer or a zero-dimensional array or tensor.
    """
    if isinstance(value, float | int | np.floating | np.integer) and not isinstance(value, bool):
        return _float(value)
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    kind = getattr(dtype, "kind", "f")  # of tensors only the name of the type is known
    if shape == () and kind in "iufO" and not any(word in str(dtype) for word in ("None", "complex", "bool")):
        with contextlib.suppress(TypeError, ValueError):
            return _float(value)
    described = f"an array of shape {tuple(shape)}" if shape is not None and shape != () else f"{type(value).__name__}"
    raise Malformed(f"a claim returns two numbers (lhs, rhs); one of them was {described}: {_short(value)}")


def relative_excess(lhs: float, rhs: float) -> float:
    """Return (lhs - rhs) / (|lhs| + |rhs|), between -1 and 1: zero for equal sides, also where the sum overflows."""
    size = max(abs(lhs), abs(rhs))
    if lhs == rhs or size == math.inf:
        return 0.0 if lhs == rhs else math.copysign(1.0, lhs - rhs)
    lhs, rhs = lhs / size, rhs / size
    return (lhs - rhs) / (abs(lhs) + abs(rhs))


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _short(value: object) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:
        return "(no repr)"
    return text if len(text) <= 60 else text[:57] + "..."  # a line of a message has room for no more


def _is_vector(answer: Any) -> bool:
    return getattr(answer, "ndim", 0) == 1


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    # Enough of a complaint to know it by.
    return f"{type(error).__name__}: {text[:150]}" if text else type(error).__name__
