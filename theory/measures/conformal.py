"""Statements about new inputs, exact for every sample size: conformal ranks, tolerance limits, intervals of shares.

A score of an input that is a function of two fixed models is exchangeable over exchangeable inputs. So a new input's
score lies at or below the j-th smallest of n known ones with probability at least j/(n + 1), whatever its distribution.
Nothing is approximated: ranks come from rational numbers, binomial tails from balls that enclose them, and where balls
cannot tell, from rational numbers again or from the side of caution.

References
----------
V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World" (2005): the rank of a new score.
S. S. Wilks, "Determination of sample sizes for setting tolerance limits" (1941): the rank with confidence.
C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits" (1934): the interval of a share.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from numbers import Integral, Real
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.errors import InvalidInput

_PRECISIONS = (64, 128, 512)  # bits at which a tail is enclosed before it is summed in rationals
_SUMMED = 20_000  # trials up to which a tail is summed in rationals: a second for the largest
_NEWTON_STEPS = 60  # at an end of an interval of shares; a dozen do, since the logarithm of a tail is concave
_OUTWARDS = 2e-13  # relative: an end is moved outwards by so much, and by more until balls agree that it is outside

Level = float | Fraction


def as_fraction(name: str, value: object) -> Fraction:
    """Return a probability strictly between 0 and 1 as the fraction that its decimal says: 0.1 is 1/10.

    Raises
    ------
    InvalidInput
        If it is no number, or not strictly between 0 and 1.
    """
    usable = isinstance(value, Real | Fraction) and not isinstance(value, bool)
    if not usable or not 0 < value < 1:  # type: ignore[operator]
        raise InvalidInput(f"{name}: expected a number strictly between 0 and 1, saw {value!r}")
    # The binary float nearest to .3 is below it, and (n + 1)(1 - alpha) would be above a whole number that it is.
    return value if isinstance(value, Fraction) else Fraction(repr(float(value)))  # type: ignore[arg-type]


def binomial_tail(n: int, j: int, share: Fraction) -> Fraction:
    """P(Bin(n, share) >= j), exact.

    Parameters
    ----------
    n, j
        Numbers of trials and of successes, n >= 0; the tail is 1 for j <= 0 and 0 for j > n.
    share
        Probability of a success, in [0, 1].
    """
    if j <= 0:
        return Fraction(1)
    top, bottom = share.numerator, share.denominator
    if j > n or top == 0:
        return Fraction(0)
    if top == bottom:
        return Fraction(1)
    total, term = 0, top**n  # of bottom^n, from n successes down
    for successes in range(n, j - 1, -1):
        total += term
        # Whole: C(n, s - 1) top^(s - 1) (bottom - top)^(n - s + 1), and top divides what it is divided by.
        term = term * successes * (bottom - top) // ((n - successes + 1) * top)
    return Fraction(total, bottom**n)


def _enclosed_tail(n: int, j: int, share: Fraction) -> Any:
    """Return a ball around P(Bin(n, share) >= j), 1 <= j <= n, at the working precision."""
    from flint import arb, fmpq

    p = arb(fmpq(share.numerator, share.denominator))
    return p.beta_lower(arb(j), arb(n - j + 1), regularized=True)


def _tail_is_at_most(n: int, j: int, share: Fraction, level: Fraction) -> bool:
    """Whether P(Bin(n, share) >= j) <= level, certainly; False also where it cannot be told."""
    if j <= 0 or j > n:
        return j > n
    from flint import fmpq

    from theory.arithmetic.balls import precision

    limit = fmpq(level.numerator, level.denominator)
    for bits in _PRECISIONS:
        with precision(bits):
            tail = _enclosed_tail(n, j, share)
            if tail <= limit:
                return True
            if tail > limit:
                return False
    return n <= _SUMMED and binomial_tail(n, j, share) <= level


@lru_cache(maxsize=1024)
def _rank(n: int, alpha: Fraction, delta: Fraction | None) -> int:
    if delta is None:
        return math.ceil((n + 1) * (1 - alpha))
    low, high = 0, n + 1  # the tail at 0 exceeds delta, that at n + 1 does not
    while high - low > 1:
        middle = (low + high) // 2
        if _tail_is_at_most(n, middle, 1 - alpha, delta):
            high = middle
        else:
            low = middle
    return high


def conformal_rank(n: int, alpha: Level, delta: Level | None = None) -> int:
    """Return the rank j, from 1, of the score below which a new one falls.

    Parameters
    ----------
    n
        Number of scores, at least 1.
    alpha
        Probability, or share of the population, that may lie above; strictly between 0 and 1.
    delta
        None: j = ceil((n + 1)(1 - alpha)), so that P(s_new <= s_(j)) >= 1 - alpha over scores and new one together.
        A number: j is the least with P(Bin(n, 1 - alpha) >= j) <= delta, so that with confidence 1 - delta over the
        scores a share of at least 1 - alpha of the population lies at or below s_(j).

    Returns
    -------
    int
        Between 1 and n + 1; n + 1 says that no score of so few is high enough. With `delta` and over 20,000 scores, a
        tail that equals delta to 500 bits is taken to exceed it: the rank is then one more than the least.

    Raises
    ------
    InvalidInput
        If a number is not one of those.
    """
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise InvalidInput(f"n: expected a positive number of scores, saw {n!r}")
    return _rank(int(n), as_fraction("alpha", alpha), None if delta is None else as_fraction("delta", delta))


def conformal_quantile(scores: Float[np.ndarray, " n"], alpha: Level, delta: Level | None = None) -> float:
    """Return the score that a new input's does not exceed, with probability 1 - alpha or with confidence 1 - delta.

    Parameters
    ----------
    scores
        Of n known inputs, exchangeable with the new one (for `delta`: independent draws from one population); shape
        (n,), n >= 1; +inf is a score as good as any.
    alpha, delta
        As for `conformal_rank`. A float is the fraction that its decimal says: 0.1 is 1/10. Pass a
        `fractions.Fraction` for what no decimal is.

    Returns
    -------
    float
        The j-th smallest score, j from `conformal_rank`; inf where j exceeds n. No distribution is assumed, ties do no
        harm, and the promise is about the score as it is: nothing that was fitted to the same inputs may enter it.

    Raises
    ------
    InvalidInput
        If the scores are not one-dimensional real numbers, one is nan, or a level is not strictly between 0 and 1.

    References
    ----------
    Vovk, Gammerman and Shafer (2005) and Wilks (1941); theorem T17 of the catalogue.
    """
    try:
        values = np.asarray(scores)
    except ValueError:
        raise InvalidInput("scores: expected shape (n,), saw rows of different lengths") from None
    if values.ndim != 1 or values.size == 0 or values.dtype.kind not in "iuf":
        raise InvalidInput(f"scores: expected real numbers of shape (n,), saw shape {values.shape}, {values.dtype}")
    values = values.astype(np.float64)
    if np.isnan(values).any():
        raise InvalidInput(f"scores: expected numbers, saw nan at index {int(np.argmax(np.isnan(values)))}")
    rank = conformal_rank(values.size, alpha, delta)
    return math.inf if rank > values.size else float(np.partition(values, rank - 1)[rank - 1])


def clopper_pearson(count: int, n: int, delta: Level) -> tuple[float, float]:
    """Return an interval that holds the share of a population with confidence 1 - delta, at every sample size.

    Parameters
    ----------
    count, n
        How many of n independent draws have the property.
    delta
        Strictly between 0 and 1; half of it at either end.

    Returns
    -------
    tuple of float
        Ends in [0, 1]: at the lower one `count` or more, at the upper one `count` or fewer have probability delta/2.
        Rounded outwards, by some 1e-12 of their size.

    Raises
    ------
    InvalidInput
        If `count` is not between 0 and n, n is not positive, or `delta` is not strictly between 0 and 1.

    References
    ----------
    Clopper and Pearson (1934); theorem T17 of the catalogue.
    """
    whole = all(isinstance(x, Integral) and not isinstance(x, bool) for x in (count, n))
    if not whole or not 0 <= count <= n or n < 1:
        raise InvalidInput(f"count: expected whole numbers 0 <= count <= n with n >= 1, saw {count!r} of {n!r}")
    return _interval(int(count), int(n), as_fraction("delta", delta) / 2)


@lru_cache(maxsize=1024)
def _interval(count: int, n: int, level: Fraction) -> tuple[float, float]:
    def so_many(share: float) -> tuple[int, int, Fraction]:
        return n, count, Fraction(share)

    def so_few(share: float) -> tuple[int, int, Fraction]:  # seen from those without the property
        return n, n - count, 1 - Fraction(share)

    low = 0.0 if count == 0 else _end(so_many, count / n, 0.0, level)
    high = 1.0 if count == n else _end(so_few, count / n, 1.0, level)
    return low, high


def _end(tail: Callable[[float], tuple[int, int, Fraction]], inside: float, last: float, level: Fraction) -> float:
    """Return the share at which a tail has a given probability, moved away from `inside` until it certainly has less.

    Parameters
    ----------
    tail
        The tail at a share, as arguments of a binomial tail; it falls as the share moves from `inside` to `last`.
    inside, last
        Where the search starts, and the share beyond which there is none.
    level
        The probability.
    """
    found = _newton(tail, inside, last, level)
    step = _OUTWARDS
    while step < 1.0:
        outside = found + math.copysign(step * found, last - inside)
        if not 0.0 < outside < 1.0:
            break
        if _tail_is_at_most(*tail(outside), level):
            return outside
        step *= 4
    return last


def _newton(tail: Callable[[float], tuple[int, int, Fraction]], start: float, last: float, level: Fraction) -> float:
    """Return the share at which a tail has a given probability, in floats, by Newton's method for its logarithm."""
    share, n, j = start, *tail(start)[:2]
    log_slope = math.log(j) + math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1)
    for _ in range(_NEWTON_STEPS):
        p = tail(share)[2]
        value = float(_enclosed_tail(n, j, p).mid())
        chance, rest = float(p), float(1 - p)
        powers = sum(e * math.log(x) for e, x in ((j - 1, chance), (n - j, rest)) if e and x > 0)
        excess = math.log(value) - math.log(level)
        moved = share + math.copysign(excess * value / math.exp(log_slope + powers), (last - start) * excess)
        moved = moved if 0.0 < moved < 1.0 else (share + last) / 2
        if abs(moved - share) <= _OUTWARDS / 4 * share:
            return moved
        share = moved
    return share
