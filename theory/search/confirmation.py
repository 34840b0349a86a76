"""Whether an apparent violation is one: repetition, perturbed and reordered copies, and a stronger arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from theory.arithmetic import multiprecision as digits
from theory.claims import Claim
from theory.errors import NotApplicable
from theory.evidence import UNKNOWN, Decision, Evidence, Verdict, as_balls, decide
from theory.measures.stand_ins import STAND_INS, made_of_theory
from theory.search.arrays import Arrays, pair_of
from theory.search.evaluators import Malformed
from theory.search.objective import Objective, Scored
from theory.search.outcome import Witness
from theory.search.statement_claims import Assertion, tolerance

_CHECKING = "checking"  # what the tallies call calls for the sake of a check
_REPEATS = 1e-9  # relative change between two identical calls that no summation order explains
_REORDERED = 1e-7  # and between a call and one in another order: beyond it, order matters to the claim
_COPIES = 5  # perturbed copies that keep ties, and as many that do not: the largest of ten spreads, times eight
_UNIT = 4e-16  # rounding of a term, four times 2^-53; those of many terms add up as their root
_SAFETY = 8.0  # the copies sample the error, they do not bound it
_PLAIN = 1e-6  # excess, relative but to sides of one at least, and nudge, where float64 has to do
_BESIDE = 4  # copies that far away, all of which must violate: a hair of noise has one in two, four have one in sixteen
_UNKNOWN = (math.inf, math.inf)  # errors of sides that nothing is known of
_NO_BALLS: tuple[None, tuple[float, float], int] = (None, _UNKNOWN, 0)
# Margin below which many digits may show the rounding of terms of size one: a third of the digits may be lost on the
# way.
_VANISHING = 10.0 ** -(digits.DIGITS * 2 // 3)
_BITS = (128, 256, 512, 1024)  # doubled until the balls are apart; what 300 digits leave undecided is an equality
_CLEAR = 1e-12  # relative excess that a stronger arithmetic must show: constants in the claim are rounded too


@dataclass(frozen=True)
class Symmetries:
    """Which reorderings leave the sides of a claim as they are, and whether it can be evaluated in balls.

    Attributes
    ----------
    inputs, labels
        Whether the order of inputs, and of labels, is immaterial, so that a change shows rounding.
    balls
        Whether the claim is made of functions that accept balls.
    """

    inputs: bool
    labels: bool
    balls: bool


def symmetries(objective: Objective, arrays: Arrays) -> Symmetries:
    """Find out on one pair how a claim can be checked.

    Raises
    ------
    Malformed
        If the claim gives two answers to one question.
    """
    first = objective.answer(arrays, _CHECKING)
    _require_same(first, objective.answer(arrays, _CHECKING))
    rows, labels = _reordered(arrays, inputs=True), _reordered(arrays, inputs=False)
    return Symmetries(
        inputs=_close(first, objective.answer(rows, _CHECKING), _REORDERED),
        labels=_close(first, objective.answer(labels, _CHECKING), _REORDERED),
        balls=made_of_theory(objective.claim.function) and in_balls(objective.claim, arrays) is not None,
    )


def confirmed(
    objective: Objective, known: Symmetries | None, arrays: Arrays, lhs: float, rhs: float, label: str
) -> Witness | None:
    """Return the violation with its errors and evidence, or None where rounding may explain it.

    A statement of the catalogue is decided in balls. A claim's own code is run in many digits, with plain restatements
    of this package's functions; where balls confirm what is found the evidence is theirs. Where its code cannot be run
    in many digits the violation must be plain to see, and stand out from what copies perturbed in the last bit, and
    reordered ones, show.

    Parameters
    ----------
    objective
        The claim.
    known
        How a user's claim can be checked; a statement of the catalogue needs none of this.
    arrays, lhs, rhs, label
        The pair, both sides in float64, and where it was met.

    Raises
    ------
    Malformed
        If the claim gives another answer when asked again.
    """
    evaluation, function = objective.evaluations, objective.claim.function
    if isinstance(function, Assertion):
        return decided(function, Scored(0.0, arrays, lhs, rhs, label, evaluation))[0]
    _require_same(("value", lhs, rhs), objective.answer(arrays, _CHECKING))
    pair, found = pair_of(arrays), (label, evaluation)
    count = digits.needed(pair)
    if count > digits.MOST:
        return None
    checked = _in_digits(objective.claim, arrays, lhs, rhs, count)
    if checked is not None:
        stands, errors = checked
        if not stands:
            return None
        balls = known is not None and known.balls
        evidence, enclosed, reached = _by_balls(objective, arrays, lhs, rhs) if balls else _NO_BALLS
        if evidence is not None and lhs - rhs > sum(enclosed):
            return Witness(pair, lhs, rhs, *enclosed, evidence, *found, reached)
        return Witness(pair, lhs, rhs, *errors, Evidence.FLOAT64, *found, count)
    # With float64 alone a rounded intermediate may be the same for all copies near by: only what is plain to see and
    # stands in the open counts.
    if lhs == int(lhs) and rhs == int(rhs):  # counts, of what may be zero but for rounding
        return None
    if lhs - rhs < _PLAIN * max(1.0, abs(lhs), abs(rhs)) or not _stands_beside(objective, arrays):
        return None
    stands, errors = _under_perturbation(objective, known, arrays, lhs, rhs)
    return Witness(pair, lhs, rhs, *errors, Evidence.FLOAT64, *found) if stands else None


def decided(assertion: Assertion, found: Scored, most_bits: int | None = None) -> tuple[Witness | None, Decision]:
    """Decide a statement of the catalogue on a pair in balls.

    Parameters
    ----------
    assertion
        The statement.
    found
        The pair, with both sides in float64, nan where they are not known.
    most_bits
        Highest precision; by default that of `theory.evidence.decide`.

    Returns
    -------
    witness
        The violation, or None. Its sides are those of float64 where the margin is beyond their errors, and else the
        middles of the balls.
    decision
        What the balls say.
    """
    pair = pair_of(found.arrays)
    try:
        decision = decide(assertion.statement, pair, most_bits)
    except Exception:  # a side that balls have no arithmetic for: nothing is known of it
        decision = Decision(Verdict.INCONCLUSIVE, UNKNOWN, UNKNOWN, _BITS[-1])
    if decision.verdict is not Verdict.REFUTED:
        return None, decision
    evidence = Evidence.EXACT if decision.exact else Evidence.BALL
    digits_reached = int(decision.bits * math.log10(2))
    lhs, rhs, errors = middles(assertion, decision)
    apart = abs(found.lhs - lhs) + errors[0], abs(found.rhs - rhs) + errors[1]
    if found.lhs - found.rhs > sum(apart):
        lhs, rhs, errors = found.lhs, found.rhs, apart
    return Witness(pair, lhs, rhs, *errors, evidence, found.label, found.evaluation, digits_reached), decision


def middles(assertion: Assertion, decision: Decision) -> tuple[float, float, tuple[float, float]]:
    """Return both sides in the middle of their balls, for an identity as they are compared, and the radii.

    Where a discrepancy of an identity is certain and below what float64 can tell, nothing is left to rounding.
    """
    left, right = (sum(ends) / 2 for ends in (decision.lhs, decision.rhs))
    radii = [(high - low) / 2 for low, high in (decision.lhs, decision.rhs)]
    if assertion.statement.relation == "<=":
        return left, right, (radii[0], radii[1])
    gap, least = abs(sum(decision.margin)) / 2, tolerance(abs(left) + abs(right))
    certain = decision.verdict is Verdict.REFUTED and gap <= least
    return gap, 0.0 if certain else least, ((decision.margin[1] - decision.margin[0]) / 2, 0.0)


def _in_digits(
    claim: Claim, arrays: Arrays, lhs: float, rhs: float, count: int
) -> tuple[bool, tuple[float, float]] | None:
    """Return whether many digits show the violation, and the errors of float64; None where they cannot be had."""
    function, pair = claim.function, pair_of(arrays)
    exact = digits.sides(function, pair, STAND_INS, count)
    again = digits.sides(function, pair, STAND_INS, 3 * count // 2) if exact is not None else None
    if exact is None or again is None or mpmath.isnan(exact[0]):
        return None  # a claim that declines here and not in float64 may have caught what NumPy raised
    left, right = again
    # Of sides that vanish even many digits leave nothing but rounding, which other digits make another.
    unsure = 10 * (abs(left - exact[0]) + abs(right - exact[1]))
    # Nor can they hold what is smaller than the rounding of terms of size one, and may read it as zero.
    vanishing = _VANISHING ** (count / digits.DIGITS)
    errors = _distance(left, lhs), _distance(right, rhs)
    clear = left - right > max(_CLEAR * (abs(left) + abs(right)), unsure, vanishing)  # false for nan too
    # A count of what is zero but for rounding falls as it likes in any number of digits, but not with ties as equal.
    tied = digits.sides(function, pair, STAND_INS, count, "equal") if clear and lhs - rhs > sum(errors) else None
    return tied is not None and bool(tied[0] > tied[1]), errors


def _stands_beside(objective: Objective, arrays: Arrays) -> bool:
    """Whether pairs beside this one, without its exact ties, violate the claim too."""
    rng = np.random.default_rng(arrays[0].size + 31 * arrays[1].size)
    for _ in range(_BESIDE):
        f, g, f2, g2 = (
            array + _PLAIN * (np.abs(array) + np.sqrt(np.mean(array * array))) * rng.standard_normal(array.shape)
            for array in arrays
        )
        fate, lhs, rhs = objective.answer((f, g, f2, g2), _CHECKING)
        if fate != "value" or not lhs > rhs:
            return False
    return True


def _distance(many: Any, few: float) -> float:
    apart = abs(many - few)
    return float(mpmath.nstr(apart, 17)) if mpmath.isfinite(apart) else 0.0


def _require_same(first: tuple[str, float, float], second: tuple[str, float, float]) -> None:
    if not _close(first, second, _REPEATS):
        raise Malformed(
            "the claim is not deterministic: the same pair gave "
            f"({first[1]!r}, {first[2]!r}) and then ({second[1]!r}, {second[2]!r})"
        )


def _close(first: tuple[str, float, float], second: tuple[str, float, float], tolerance: float) -> bool:
    if first[0] != second[0]:
        return False
    if first[0] != "value":
        return True
    size = max(abs(first[1]), abs(first[2]), 1e-300) if all(map(math.isfinite, first[1:])) else 1.0
    return all(x == y or abs(x - y) <= tolerance * size for x, y in zip(first[1:], second[1:], strict=True))


def _reordered(arrays: Arrays, inputs: bool, order: np.ndarray | None = None) -> Arrays:
    f, g, f2, g2 = arrays
    if inputs:
        order = np.arange(len(f))[::-1] if order is None else order
        return f[order], g, f2[order], g2
    order = np.arange(len(g))[::-1] if order is None else order
    return f, g[order], f2, g2[order]


def _under_perturbation(
    objective: Objective, known: Symmetries | None, arrays: Arrays, lhs: float, rhs: float
) -> tuple[bool, tuple[float, float]]:
    """Return whether the violation stands on perturbed copies beyond the spread they show, and the error estimates.

    Half of the copies keep equal entries equal: ties are structure, and a violation may live on them.
    """
    rng = np.random.default_rng(arrays[0].size + 17 * arrays[1].size)
    copies = [_perturbed(rng, arrays, ties) for ties in (True, False) for _ in range(_COPIES)]
    if known is not None and known.inputs:
        copies.append(_reordered(copies[0], True, rng.permutation(len(arrays[0]))))
    if known is not None and known.labels:
        copies.append(_reordered(copies[1], False, rng.permutation(len(arrays[1]))))
    terms = arrays[0].size + arrays[1].size
    errors = [_UNIT * math.sqrt(terms) * abs(side) if math.isfinite(side) else 0.0 for side in (lhs, rhs)]
    for copy in copies:
        fate, left, right = objective.answer(copy, _CHECKING)
        if fate != "value" or not left > right:
            return False, _UNKNOWN
        for i, (seen, side) in enumerate(((left, lhs), (right, rhs))):
            errors[i] = max(errors[i], _SAFETY * abs(seen - side))
    return lhs - rhs > sum(errors), (errors[0], errors[1])


def _perturbed(rng: np.random.Generator, arrays: Arrays, ties: bool) -> Arrays:
    joined = np.concatenate([array.ravel() for array in arrays])
    if ties:
        values, where = np.unique(np.abs(joined), return_inverse=True)
        steps = rng.integers(-1, 2, len(values))[where]
    else:
        steps = rng.integers(-1, 2, len(joined))
    joined = joined * (1.0 + 2.0**-52 * steps)
    parts, start = [], 0
    for array in arrays:
        parts.append(joined[start : start + array.size].reshape(array.shape))
        start += array.size
    return parts[0], parts[1], parts[2], parts[3]


def _by_balls(
    objective: Objective, arrays: Arrays, lhs: float, rhs: float
) -> tuple[Evidence | None, tuple[float, float], int]:
    """Return the evidence (None where it holds, or balls do not tell), the errors of the sides and the digits."""
    for bits in _BITS:
        sides = in_balls(objective.claim, arrays, bits)
        if sides is None:
            break
        left, right = sides
        errors, reached = (_apart(left, lhs), _apart(right, rhs)), int(bits * math.log10(2))
        if left > right:
            if not left - right > _CLEAR * (abs(left) + abs(right)):
                return None, errors, reached
            exact = left.is_exact() and right.is_exact()
            return Evidence.EXACT if exact else Evidence.BALL, errors, reached
        if left <= right:
            return None, errors, reached
    return _NO_BALLS


def _apart(ball: Any, few: float) -> float:
    """Bound the distance of a float64 from the number that a ball encloses."""
    return float((ball - few).abs_upper()) if math.isfinite(few) else math.inf


def in_balls(claim: Claim, arrays: Arrays, bits: int = _BITS[0]) -> tuple[Any, Any] | None:
    """Return both sides as balls, or None where the claim cannot be evaluated in them."""
    import flint

    from theory.arithmetic import balls as _balls
    from theory.arithmetic.ball_views import with_balls

    with _balls.precision(bits):
        try:
            answer = with_balls(claim.function, as_balls(pair_of(arrays)))
            sides = [_balls.asarray(side)[()] if _is_ball(side) else side for side in answer]
        except NotApplicable:
            return None
        except (Exception, digits.DigitsLost):  # NumPy and the claim may raise anything when handed balls
            return None
        if len(sides) != 2 or not any(isinstance(side, flint.arb) for side in sides):
            return None
        if not all(isinstance(side, flint.arb) or _constant(claim, arrays, i) for i, side in enumerate(sides)):
            return None
        left, right = (flint.arb(side) for side in sides)
        return None if left.is_nan() or right.is_nan() else (left, right)


def _constant(claim: Claim, arrays: Arrays, side: int) -> bool:
    """Whether a plain number beside a ball is a constant of the claim, the same for another pair."""
    rng = np.random.default_rng(5)
    f, g, f2, g2 = (array + rng.standard_normal(array.shape) for array in arrays)
    try:
        return float(claim(pair_of(arrays))[side]) == float(claim(pair_of((f, g, f2, g2)))[side])
    except Exception:
        return False


def _is_ball(side: Any) -> bool:
    import flint

    return isinstance(side, flint.arb) or (isinstance(side, np.ndarray) and side.dtype == object and side.ndim == 0)
