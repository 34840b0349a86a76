"""A claim as something to be maximised: evaluated safely, counted, and given a score that climbers can follow."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from theory.claims import Claim, Domain
from theory.errors import InvalidInput, NotApplicable
from theory.models import Model, Pair
from theory.search.outcome import Coverage, Progress

Arrays: TypeAlias = tuple[
    Float[np.ndarray, "n m"], Float[np.ndarray, "k m"], Float[np.ndarray, "n m2"], Float[np.ndarray, "k m2"]
]
"""F, G, F', G'."""

Sizes: TypeAlias = tuple[int, int, int, int]
"""n, k, m, m2."""

Fate = Literal["value", "not applicable", "nan", "raised", "out of reach"]

_HUGE = 1e60  # entries beyond are of no use to anybody, and their squares overflow in the claims themselves
_WORST = -1e6  # score of what cannot be compared
_NOISE = 1e-12  # relative excess below which no violation is claimed: sides are sums of hundreds of rounded terms
_LEAST_RATIO = -900.0
_JUST_ABOVE = 1e-6
_BEAT = 64
_LEAST_DIVERSE = 1e-8  # s_m / s_1 of centred unembeddings below which a pair is outside a diverse domain


class BudgetSpent(Exception):
    """The time or the number of evaluations is used up."""


class Malformed(Exception):
    """The claim is not a deterministic function of a pair with two numbers for an answer."""


@dataclass(frozen=True)
class Budget:
    """What an attack may cost; whichever limit is met first ends it.

    Attributes
    ----------
    seconds
        Wall time of the search for a violation; a violation found in time is still confirmed and shrunk.
    evaluations
        Calls of the claim. With this limit alone an attack is reproducible to the last evaluation; with a time
        limit it is the same search, cut off at a moment that depends on the machine.

    Raises
    ------
    InvalidInput
        If a limit is not positive and finite, or there is none.
    """

    seconds: float | None = 10.0
    evaluations: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.evaluations is None:
            raise InvalidInput("seconds and evaluations: expected at least one limit, saw none")
        if self.seconds is not None and not (
            isinstance(self.seconds, int | float) and 0 < self.seconds < math.inf and self.seconds is not True
        ):
            raise InvalidInput(f"seconds: expected a positive number, saw {self.seconds!r}")
        if self.evaluations is not None and not (type(self.evaluations) is int and self.evaluations >= 1):
            raise InvalidInput(f"evaluations: expected a positive integer, saw {self.evaluations!r}")


def arrays_of(pair: Pair) -> Arrays:
    """Return F, G, F', G' of an unbatched pair of NumPy arrays."""
    return pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings


def pair_of(arrays: Arrays) -> Pair:
    """Return the pair with copies of the given arrays."""
    f, g, f2, g2 = arrays
    return Pair.trusted(Model.trusted(f.copy(), g.copy()), Model.trusted(f2.copy(), g2.copy()))


def sizes_of(arrays: Arrays) -> Sizes:
    """Return n, k, m, m2."""
    f, g, f2, _ = arrays
    return f.shape[0], g.shape[0], f.shape[1], f2.shape[1]


def within(domain: Domain, arrays: Arrays) -> bool:
    """Whether a pair lies in a domain, to the precision to which diversity can be told."""
    n, k, m, m2 = sizes_of(arrays)
    ranges = ((m, domain.dimensions), (m2, domain.dimensions), (k, domain.labels), (n, domain.inputs))
    if any(not low <= size <= high for size, (low, high) in ranges) or (domain.equal_dimensions and m != m2):
        return False
    return not domain.diverse or all(diversity(labels) > _LEAST_DIVERSE for labels in (arrays[1], arrays[3]))


def diversity(unembeddings: Float[np.ndarray, "k m"]) -> float:
    """Return s_m(Gc) / s_1(Gc), zero where Gc has no m singular values or vanishes."""
    k, m = unembeddings.shape
    try:
        values = np.linalg.svd(unembeddings - unembeddings.mean(axis=0), compute_uv=False)
    except np.linalg.LinAlgError:  # so far out that nothing can be said
        return 0.0
    return float(values[m - 1] / values[0]) if k > m and values[0] > 0 else 0.0


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
    return text if len(text) <= 60 else text[:57] + "..."


def _is_vector(answer: Any) -> bool:
    return getattr(answer, "ndim", 0) == 1


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


def relative_excess(lhs: float, rhs: float) -> float:
    """Return (lhs - rhs) / (|lhs| + |rhs|), between -1 and 1: zero for equal sides, also where the sum overflows."""
    size = max(abs(lhs), abs(rhs))
    if lhs == rhs or size == math.inf:
        return 0.0 if lhs == rhs else math.copysign(1.0, lhs - rhs)
    lhs, rhs = lhs / size, rhs / size
    return (lhs - rhs) / (abs(lhs) + abs(rhs))


def score(lhs: float, rhs: float) -> float:
    """Return a number that grows with the violation: log(lhs / rhs) where both are positive.

    Elsewhere the sign still tells violation from none: a positive lhs against rhs <= 0 is past every ratio, and
    lhs <= 0 < rhs is before every one.
    """
    if lhs > 0 and rhs > 0:
        return max(math.log(lhs) - math.log(rhs), _LEAST_RATIO)  # also where rhs is infinite
    if lhs > rhs:
        return 1e3 + relative_excess(lhs, rhs)
    if lhs < rhs:
        return -1e3 + relative_excess(lhs, rhs)
    return -1e3  # 0 <= 0: held with nothing to climb on


@dataclass
class Tally:
    """Counts of one regime or climber.

    Attributes
    ----------
    evaluations, useless
        Calls, and how many of them gave no pair of numbers.
    best
        Best ratio.
    """

    evaluations: int = 0
    useless: int = 0
    best: float | None = None

    def frozen(self) -> Coverage:
        """Return the counts as plain data."""
        return Coverage(self.evaluations, self.useless, self.best)


@dataclass
class Objective:
    """A claim under attack: every evaluation goes through here and is counted.

    Attributes
    ----------
    claim, budget
        What is attacked, and what that may cost.
    evaluations, fates, exceptions, tallies, history
        What has happened so far.
    best
        The pair of the best score so far, with the score and both sides, within the domain.
    started
        Moment at which the clock was started.
    limited
        Whether the budget is enforced.
    exponent
        None where lhs / rhs is a ratio of positive numbers. Where the sides are of either sign, the power of the
        logit distance that lhs - rhs is divided by, so that a climb cannot get to zero by shrinking everything.
    largest
        Size beyond which arrays are not looked at.
    judge
        Asked about every apparent violation; False says that rounding may explain it.
    heartbeat
        Called now and then.
    """

    claim: Claim
    budget: Budget
    evaluations: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    exceptions: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, Tally] = field(default_factory=dict)
    history: list[Progress] = field(default_factory=list)
    best: tuple[float, Arrays, float, float] | None = None
    started: float = field(default_factory=time.perf_counter)
    limited: bool = True
    exponent: int | None = None
    largest: float = _HUGE
    judge: Callable[[Arrays, float, float, str], bool] | None = None
    heartbeat: Callable[[], None] | None = None

    @property
    def seconds(self) -> float:
        """Since the attack began."""
        return time.perf_counter() - self.started

    @property
    def spent(self) -> float:
        """Share of the budget that is used up."""
        shares = [0.0]
        if self.budget.seconds is not None:
            shares.append(self.seconds / self.budget.seconds)
        if self.budget.evaluations is not None:
            shares.append(self.evaluations / self.budget.evaluations)
        return max(shares)

    def charge(self, evaluations: int) -> None:
        """Count what was spent on a claim in another way than by asking it.

        Raises
        ------
        BudgetSpent
            If the budget is used up.
        """
        if self.limited and self.spent >= 1:
            raise BudgetSpent
        self.evaluations += evaluations

    def answer(self, arrays: Arrays, label: str) -> tuple[Fate, float, float]:
        """Evaluate the claim on a fresh copy of a pair.

        Raises
        ------
        BudgetSpent
            Before evaluating, if the budget is used up.
        Malformed
            If the answer is not two numbers.
        """
        if self.limited and self.spent >= 1:
            raise BudgetSpent
        if self.evaluations % _BEAT == 0 and self.heartbeat is not None:
            self.heartbeat()
        tally = self.tallies.get(label)
        if tally is None:
            tally = self.tallies[label] = Tally()
        self.evaluations += 1
        tally.evaluations += 1
        in_reach = all(np.vdot(array, array) < self.largest * self.largest for array in arrays)  # nor nan
        fate: Fate
        fate, lhs, rhs = self._answer(arrays) if in_reach else ("out of reach", math.nan, math.nan)
        self.fates[fate] += 1
        if fate != "value":
            tally.useless += 1
        elif rhs > 0 and (tally.best is None or lhs / rhs > tally.best):
            tally.best = lhs / rhs
        return fate, lhs, rhs

    def _answer(self, arrays: Arrays) -> tuple[Fate, float, float]:
        nothing = math.nan, math.nan
        try:
            answer = self.claim(pair_of(arrays))
        except NotApplicable:
            return "not applicable", *nothing
        except (Exception, SystemExit) as error:  # a claim may not end the run either
            self.exceptions[_one_line(error)] += 1
            return "raised", *nothing
        lhs, rhs = two_numbers(answer)
        if math.isnan(lhs) and math.isnan(rhs):
            return "not applicable", *nothing
        # An infinite right side bounds everything; an infinite left side is overflow, not a violation.
        if math.isnan(lhs) or math.isnan(rhs) or lhs == math.inf or rhs == -math.inf:
            return "nan", *nothing
        return "value", lhs, rhs

    def score(self, arrays: Arrays, label: str) -> float:
        """Evaluate and return the score, keeping the best pair of the domain."""
        fate, lhs, rhs = self.answer(arrays, label)
        if fate != "value":
            return _WORST
        if lhs < 0 or rhs < 0:
            self.fates["negative"] += 1
        elif lhs > 0 and rhs > 0:
            self.fates["ratio"] += 1
        reached = score(lhs, rhs) if self.exponent is None else _difference(arrays, lhs, rhs, self.exponent)
        if lhs <= rhs:
            self.fates["held"] += 1
        else:
            excess = relative_excess(lhs, rhs)
            if excess <= _NOISE:
                reached = 0.0
            elif self.judge is not None:
                if not within(self.claim.domain, arrays):
                    return _WORST
                if not self.judge(arrays, lhs, rhs, label):
                    # What is far above and does not stand is noise, to be kept away from; what is just above is a
                    # limit that the climb may have to cross.
                    if excess > _JUST_ABOVE:
                        return _WORST
                    reached = 0.0
        if (self.best is None or reached > self.best[0]) and within(self.claim.domain, arrays):
            self.best = reached, arrays, lhs, rhs
            if rhs > 0:
                self.history.append(Progress(self.evaluations, lhs / rhs, label))
        return reached


def _difference(arrays: Arrays, lhs: float, rhs: float, exponent: int) -> float:
    f, g, f2, g2 = arrays
    apart = f @ (g - g.mean(axis=0)).T - f2 @ (g2 - g2.mean(axis=0)).T
    size = math.sqrt(float(np.vdot(apart, apart)) / len(f)) ** exponent
    return (lhs - rhs) / max(size, 1e-300)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:150]}" if text else type(error).__name__
