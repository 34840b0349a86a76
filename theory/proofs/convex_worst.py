r"""The worst squared logit distance of two distributions over k labels that are close in KL and bounded below.

.. math:: W(\varepsilon, \tau, k) = \sup\{\|\Delta\|^2 : \mathrm{KL}(p\,\|\,p') \le \varepsilon,\
          p, p' \ge \tau,\ \textstyle\sum p = \sum p' = 1\} \le 2\varepsilon/\tau .

From below by explicit pairs of at most three levels. From above by weak duality: with t = log(p'/p), for any
multipliers lambda >= 0, mu, nu and any c, since ||Delta||^2 <= sum_i (t_i - c)^2,

.. math:: W \le \lambda\varepsilon - \mu - \nu + k \max_{\tau \le p, q \le 1 - (k-1)\tau}
          \Big[(\log\tfrac{q}{p} - c)^2 - \lambda\, p\log\tfrac{p}{q} + \mu p + \nu q\Big].

The multipliers come from a convex programme on a grid and may be as poor as they like; the maximum over two variables
is enclosed by branch and bound in ball arithmetic.

References
----------
Derived here.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq
from jaxtyping import Float

from theory.errors import DegenerateInput, InvalidInput
from theory.proofs.convex import require_cvxpy, solve

_ROUNDS = 4  # of multipliers, each with the last one's worst points as further constraints
_BOXES = 4000  # beyond which a bound is taken as it stands
_ENOUGH = 1e-4  # relative excess of the enclosed maximum over the best value seen at which to stop
_OVERLAP = 1e-14  # of neighbouring boxes: their centres, below 16 in size, are rounded by less


@dataclass(frozen=True)
class WorstDistance:
    """Bounds on the worst squared logit distance.

    Attributes
    ----------
    lower, upper
        Both rigorous.
    p, q
        Two distributions that attain `lower`, exactly.
    multipliers
        lambda, mu, nu and c, which prove `upper`; none where 2 eps / tau is better.
    """

    lower: float
    upper: float
    p: tuple[Fraction, ...]
    q: tuple[Fraction, ...]
    multipliers: tuple[float, float, float, float] | None


def worst_logit_distance(eps: float, tau: float, k: int) -> WorstDistance:
    """Bound the largest ||Delta||^2 at KL(p || p') <= eps and p, p' >= tau, for one input and k labels.

    Parameters
    ----------
    eps
        Bound on the KL divergence in nats, in (0, 100].
    tau
        Bound on all probabilities, in [1e-6, 1/k).
    k
        Number of labels, from 2 to 32.

    Raises
    ------
    InvalidInput
        If an argument is out of range, or cvxpy is not installed (the extra ``convex``).

    Notes
    -----
    For 2 eps / tau below about 0.1 the branch and bound runs out of boxes, and 2 eps / tau is returned; for k >= 3 it
    is then nearly attained.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 2 <= k <= 32:
        raise InvalidInput(f"k: expected a whole number from 2 to 32, saw {k!r}")
    if not 1e-6 <= tau < 1 / k:
        raise InvalidInput(f"tau: expected a number in [1e-6, 1/k) with k = {k}, saw {tau!r}")
    if not 0 < eps <= 100:
        raise InvalidInput(f"eps: expected a number in (0, 100], saw {eps!r}")
    lower, p, q = _best_pair(eps, tau, k)
    upper, multipliers = math.nextafter(2 * eps / tau, math.inf), None
    for found, value in _duals(eps, tau, k):
        if value < upper:
            upper, multipliers = value, found
    return WorstDistance(lower, upper, p, q, multipliers)


# --------------------------------------------------------------------------- from below


def _best_pair(eps: float, tau: float, k: int) -> tuple[float, tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Search pairs with n labels at p = tau, others at q = tau, and a rest of equal labels."""
    best: tuple[float, int, int, float, float] = (0.0, 1, 0, tau, tau)
    centre, width = np.pi / 4, np.pi / 4
    for n in range(k):
        for others in range(k - n):
            if n + others == 0:
                continue
            middle, half = centre, width
            for _ in range(4):
                angles = np.clip(np.linspace(middle - half, middle + half, 33), 0.0, np.pi / 2)
                values, u, v = _along(angles, n, others, eps, tau, k)
                at = int(np.argmax(values))
                best = max(best, (float(values[at]), n, others, float(u[at]), float(v[at])))
                middle, half = float(angles[at]), half / 10
    _, n, others, u_best, v_best = best
    for shrink in (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4):
        up, down = (Fraction(tau + (x - tau) * (1 - shrink)) for x in (u_best, v_best))
        p, q = _levels(n, others, up, down, Fraction(tau), k)
        value = _feasible_value(p, q, eps, tau)
        if value is not None:
            return value, p, q
    flat = tuple([Fraction(1, k)] * k)
    return 0.0, flat, flat


def _levels(
    n: int, others: int, u: Fraction, v: Fraction, tau: Fraction, k: int
) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    rest = k - n - others
    p = [tau] * n + [v] * others + [(1 - n * tau - others * v) / rest] * rest
    q = [u] * n + [tau] * others + [(1 - n * u - others * tau) / rest] * rest
    return tuple(p), tuple(q)


def _along(
    angles: Float[np.ndarray, " a"], n: int, others: int, eps: float, tau: float, k: int
) -> tuple[Float[np.ndarray, " a"], Float[np.ndarray, " a"], Float[np.ndarray, " a"]]:
    """Go as far as KL <= eps and the floor allow, log u and log v leaving log tau in directions given by angles."""
    rest = k - n - others
    low, high = np.zeros_like(angles), np.full_like(angles, 2 * math.log(1 / tau))
    a, b = np.cos(angles) * (n > 0), np.sin(angles) * (others > 0)

    def at(s: Float[np.ndarray, " a"]) -> tuple[Any, ...]:
        u, v = tau * np.exp(s * a), tau * np.exp(s * b)
        p, q = (1 - n * tau - others * v) / rest, (1 - n * u - others * tau) / rest
        fits = (p >= tau) & (q >= tau)
        t = np.log(np.where(fits, q, 1.0) / np.where(fits, p, 1.0))
        kl = -n * tau * s * a + others * v * s * b - rest * p * t
        mean = (n * s * a - others * s * b + rest * t) / k
        value = n * (s * a - mean) ** 2 + others * (s * b + mean) ** 2 + rest * (t - mean) ** 2
        return fits & (kl <= eps), value, u, v

    for _ in range(60):
        s = (low + high) / 2
        good = at(s)[0]
        low, high = np.where(good, s, low), np.where(good, high, s)
    good, value, u, v = at(low)
    return np.where(good, value, 0.0), u, v


def _feasible_value(p: tuple[Fraction, ...], q: tuple[Fraction, ...], eps: float, tau: float) -> float | None:
    """Return a lower bound on ||Delta||^2, or None unless the pair certainly satisfies the constraints."""
    if min(*p, *q) < Fraction(tau) or sum(p) != 1 or sum(q) != 1:
        return None
    first, second = ([arb(fmpq(x.numerator, x.denominator)) for x in each] for each in (p, q))
    t = [(b / a).log() for a, b in zip(first, second, strict=True)]
    kl = -sum((a * x for a, x in zip(first, t, strict=True)), arb(0))
    if not kl <= arb(eps):
        return None
    mean = sum(t, arb(0)) / len(t)
    value = sum(((x - mean) ** 2 for x in t), arb(0))
    return max(0.0, math.nextafter(float(value.lower()), -math.inf))


# --------------------------------------------------------------------------- from above


def _duals(eps: float, tau: float, k: int) -> list[tuple[tuple[float, float, float, float], float]]:
    """Return multipliers with the bounds they prove."""
    points = _grid(eps, tau, k)
    found = []
    for _ in range(_ROUNDS):
        try:
            multipliers = _multipliers(eps, k, points, 2 * eps / tau)
        except DegenerateInput:
            break
        highest, where = _enclosed_maximum(multipliers, tau, k, (2 * eps / tau) / k)
        lam, mu, nu, _ = (arb(x) for x in multipliers)
        bound = lam * arb(eps) - mu - nu + k * arb(highest)
        found.append((multipliers, math.nextafter(float(bound.upper()), math.inf)))
        points = np.vstack([points, where])
    return found


def _grid(eps: float, tau: float, k: int) -> Float[np.ndarray, "r 2"]:
    """Points (log p, log q), denser near the diagonal and near the floor."""
    low, high = math.log(tau), math.log(1 - (k - 1) * tau)
    levels = low + (high - low) * np.linspace(0, 1, 49) ** 1.5
    nearest = min(0.1, 0.05 * math.sqrt(2 * eps / tau) / (high - low))  # the worst t is of the size of the root
    reach = (high - low) * np.concatenate([[0.0], np.geomspace(nearest, 1.0, 64)])
    steps = np.concatenate([-reach[:0:-1], reach])
    x, t = (each.ravel() for each in np.meshgrid(levels, steps))
    pairs = np.vstack([np.column_stack([x, x + t]), np.column_stack([x + t, x])])
    inside = np.all((pairs >= low - 1e-12) & (pairs <= high + 1e-12), axis=1)
    return pairs[inside]


def _multipliers(
    eps: float, k: int, points: Float[np.ndarray, "r 2"], scale: float
) -> tuple[float, float, float, float]:
    """Minimise the bound with the maximum taken over points only: convex in lambda, mu, nu and c."""
    cvxpy = require_cvxpy()
    x, y = points[:, 0], points[:, 1]
    t, root = y - x, math.sqrt(scale)
    # mu = lambda + mu', nu = nu' - lambda: the cost is then p (e^t - 1 - t) >= 0, and mu', nu' are small.
    cost = np.exp(x) * (np.expm1(t) - t) / eps
    lam, mu, nu, c, top = (cvxpy.Variable() for _ in range(5))  # in units of scale, and of its root
    terms = (t / root) ** 2 - 2 * (t / root) * c - lam * cost + mu * np.exp(x) + nu * np.exp(y)
    bound = lam - mu - nu + k * (cvxpy.square(c) + top)
    size = np.maximum(1.0, cost)  # rows of order one
    rows = cvxpy.multiply(1 / size, terms) <= top / size
    solve(cvxpy.Problem(cvxpy.Minimize(bound), [rows, lam >= 0]))
    weight = max(float(lam.value), 0.0) * scale / eps
    return weight, weight + float(mu.value) * scale, float(nu.value) * scale - weight, float(c.value) * root


def _enclosed_maximum(
    multipliers: tuple[float, float, float, float], tau: float, k: int, scale: float
) -> tuple[float, Float[np.ndarray, "s 2"]]:
    """Enclose the maximum over labels by branch and bound; also return the best points seen."""
    lam, mu, nu, c = (arb(x) for x in multipliers)
    # A slightly larger square: its maximum is no smaller.
    low, high = math.log(tau) - 1e-12, math.log(1 - (k - 1) * tau) + 1e-12

    def value(x: Any, y: Any) -> Any:
        p = x.exp()
        return (y - x - c) ** 2 + p * (lam * (y - x) + mu) + nu * y.exp()

    def upper(box: tuple[float, float, float, float]) -> tuple[float, float]:
        mx, my, rx, ry = box
        x, y, at_x, at_y = arb(mx, rx), arb(my, ry), arb(mx), arb(my)
        p, t = x.exp(), y - x
        slope_x = -2 * (t - c) + p * (lam * (t - 1) + mu)
        slope_y = 2 * (t - c) + lam * p + nu * y.exp()
        here = value(at_x, at_y)
        by_slopes = here + slope_x * arb(0, rx) + slope_y * arb(0, ry)
        return min(_above(by_slopes), _above(value(x, y))), float(here.lower())

    half = (high - low) / 2
    start = ((low + high) / 2, (low + high) / 2, half + _OVERLAP, half + _OVERLAP)
    first, best = upper(start)
    heap = [(-first, start)]
    seen = [(best, start)]
    for _ in range(_BOXES):
        if -heap[0][0] <= best + _ENOUGH * max(scale, abs(best)):
            break
        _, (mx, my, rx, ry) = heapq.heappop(heap)
        along_x = rx >= ry
        for sign in (-1, 1):
            child = (
                (mx + sign * rx / 2, my, rx / 2 + _OVERLAP, ry)
                if along_x
                else (mx, my + sign * ry / 2, rx, ry / 2 + _OVERLAP)
            )
            bound, here = upper(child)
            best = max(best, here)
            seen.append((here, child))
            heapq.heappush(heap, (-bound, child))
    top = sorted(seen, reverse=True)[:20]
    corners = np.clip([[box[0], box[1]] for _, box in top], low + 1e-12, high - 1e-12)
    return -heap[0][0], corners


def _above(ball: Any) -> float:
    found = float(ball.upper())
    return math.nextafter(found, math.inf) if math.isfinite(found) else math.inf
