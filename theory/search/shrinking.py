"""From a violation to the simplest one: fewest inputs, labels and dimensions first, then the plainest numbers.

Every smaller shape is tried by restricting the violation to it and by small integers at random, and the violation is
rid of inputs and labels one at a time; in shapes that are smaller still pairs are drawn from all regimes, and the best
of them climbs for a while. In the smallest shape that violates, whole arrays are replaced by small integers if that is
possible, and else made plainer entry by entry.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theory.claims import Domain
from theory.search.arrays import Arrays, Sizes, arrays_of, sizes_of, within
from theory.search.charts import chart_around
from theory.search.evaluators import Malformed, relative_excess
from theory.search.moves import wander
from theory.search.objective import LOWEST, WORST, Objective, score
from theory.search.outcome import Witness
from theory.search.quasi_newton import ascend
from theory.search.survey import survey_of

Confirm = Callable[[Arrays, float, float, str], Witness | None]

_LABEL = "shrinking"
_LEAST_EXCESS, _SHARE = 1e-3, 0.3  # a simplest violation keeps this relative excess, or this share of the worst's
_SMALLEST = 1e-9  # sides below it may be rounding, and make no example that a person would trust
_SHAPES, _CLIMB, _NUMBERS = 6000, 260, 3000  # evaluations: on all shapes, on one climb, on the numbers
_BOUNDS = (1, 2, 3, 5)  # of whole numbers tried at random, the plainest first; beyond five a person needs a pencil
_RESTRICTIONS = 3  # of the violation to a smaller shape, at random: where many succeed one of three does
_TRIES, _CHECKED = 160, 4  # small-integer pairs of each bound, and how many of the plainest are confirmed
_WHOLE = (9, 20, 50, 99)  # largest whole numbers that arrays are scaled to: of one digit, and of two
_GRIDS = (1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01, 1e-3, 1e-4)  # that entries are rounded to, coarse to fine
_DENOMINATOR = 12  # of fractions that are plainer than decimals: halves to twelfths, those of clocks and rulers


def simplest(objective: Objective, confirm: Confirm, candidates: Collection[Witness], seed: int) -> Witness:
    """Return the simplest violation that was found and confirmed.

    Parameters
    ----------
    objective
        The claim, with its limits lifted.
    confirm
        Says whether a violation stands.
    candidates
        Confirmed violations to begin with, the worst first.
    seed
        Same seed, same result.
    """
    worst = next(iter(candidates))
    least = max(min(_LEAST_EXCESS, _SHARE * relative_excess(worst.lhs, worst.rhs)), 1e-9)
    shrinker = _Shrinker(objective, confirm, least, seed, np.random.default_rng([seed, 13]))
    best = min(candidates, key=lambda witness: _size(sizes_of(arrays_of(witness.pair))))
    for stage in (shrinker.smaller, shrinker.plainer):
        try:
            arrays = stage(arrays_of(best.pair))
        except Malformed:
            return best
        arrays = (arrays[0] + 0.0, arrays[1] + 0.0, arrays[2] + 0.0, arrays[3] + 0.0)  # no negative zeros
        fate, lhs, rhs = objective.answer(arrays, _LABEL)
        witness = confirm(arrays, lhs, rhs, _LABEL) if fate == "value" and lhs > rhs else None
        best = witness or best
    return best


def _size(sizes: Sizes) -> tuple[int, int]:
    """Return what makes a shape large: its entries, and the sum of its sizes."""
    n, k, m, m2 = sizes
    return (n + k) * (m + m2), n + k + m


def cost(arrays: Arrays) -> float:
    """Return how hard a pair is to read: zeros are free, a factor shared by both models counts once."""
    f, g, f2, g2 = arrays
    total = sum(_entry_cost(x) for block in (f, g) for x in block.flat)
    for first, second in ((f, f2), (g, g2)):
        same = first.shape == second.shape
        total += sum(
            0.0 if same and x == y else _entry_cost(x)
            for x, y in zip(second.flat, first.flat if same else itertools.repeat(math.nan), strict=False)
        )
    return total


def _entry_cost(x: float) -> float:
    size = abs(x)
    sign = 0.05 if x < 0 else 0.0
    if size == int(size):
        return 0.0 if size == 0 else sign + (1.0 + size / 20 if size < 10 else 2.0 + math.log10(size))
    fraction = Fraction(size).limit_denominator(_DENOMINATOR)
    if float(fraction) == size:
        return sign + 3.0 + math.log10(fraction.numerator * fraction.denominator)
    return sign + 4.0 + min(len(repr(float(size))), 12)


@dataclass
class _Shrinker:
    """The violation test, and the ways to smaller pairs that pass it."""

    objective: Objective
    confirm: Confirm
    least: float
    seed: int
    rng: np.random.Generator

    @property
    def domain(self) -> Domain:
        return self.objective.claim.domain

    def violates(self, arrays: Arrays) -> bool:
        """Whether a pair of the domain violates the claim with the margin asked for."""
        fate, lhs, rhs = self.objective.answer(arrays, _LABEL)
        if fate != "value" or relative_excess(lhs, rhs) < self.least or max(abs(lhs), abs(rhs)) < _SMALLEST:
            return False
        return within(self.domain, arrays)

    def stands(self, arrays: Arrays) -> bool:
        """Whether a violation is confirmed."""
        fate, lhs, rhs = self.objective.answer(arrays, _LABEL)
        return fate == "value" and lhs > rhs and self.confirm(arrays, lhs, rhs, _LABEL) is not None

    def reached(self, arrays: Arrays) -> float:
        """Return the relative excess, a score for climbing; far below where there is none."""
        fate, lhs, rhs = self.objective.answer(arrays, _LABEL)
        if fate != "value":
            return WORST
        return score(lhs, rhs)

    # ------------------------------------------------------------------ shapes

    def smaller(self, arrays: Arrays) -> Arrays:
        """Return a violation in the smallest shape that has one for all that was found.

        First every smaller shape is looked at with what costs little; then those smaller still are climbed in.
        """
        for sizes in self._shapes_below(sizes_of(arrays), every=True):
            found = self._at_hand(arrays, sizes)
            if found is not None:
                arrays = found
                break
        arrays = self._one_by_one(arrays)
        until = self.objective.evaluations + _SHAPES
        for sizes in self._shapes_below(sizes_of(arrays), every=False):
            if self.objective.evaluations > until:
                break
            found = self._climbed_in(arrays, sizes)
            if found is not None:
                return found
        return arrays

    def _one_by_one(self, arrays: Arrays) -> Arrays:
        """Leave out inputs and labels one at a time, as long as a violation remains."""
        going = True
        while going:
            going = False
            f, g, f2, g2 = arrays
            fewer = itertools.chain(
                ((np.delete(f, i, 0), g, np.delete(f2, i, 0), g2) for i in range(len(f) if len(f) > 1 else 0)),
                ((f, np.delete(g, i, 0), f2, np.delete(g2, i, 0)) for i in range(len(g) if len(g) > 2 else 0)),
            )
            for candidate in fewer:
                if self.violates(candidate) and self.stands(candidate):
                    arrays, going = candidate, True
                    break
        return arrays

    def _shapes_below(self, sizes: Sizes, every: bool) -> list[Sizes]:
        """Return the smaller shapes, smallest first, with every number of inputs or with those that often matter."""
        n, _, m, m2 = sizes
        low, smaller = self.domain.inputs[0], []
        for m_new, k_new in self.domain.shapes():
            numbers = range(low, n + 1) if every else {low, low + 1, m_new + 1, m_new + 2, 2 * m_new + 1, n - 1, n}
            second = m_new if m == m2 else min(m2, max(1, k_new - 1))
            smaller += [(n_new, k_new, m_new, second) for n_new in numbers if low <= n_new <= n]
        return sorted((s for s in smaller if _size(s) < _size(sizes)), key=_size)

    def _at_hand(self, arrays: Arrays, sizes: Sizes) -> Arrays | None:
        """Restrict the violation to a shape, or find whole numbers that violate."""
        candidates = [
            *(_restricted(arrays, sizes, self.rng) for _ in range(_RESTRICTIONS)),
            *(_integers(self.rng, sizes, bound) for bound in (1, 1, 2, 3)),
        ]
        for candidate in candidates:
            if candidate is not None and self.violates(candidate) and self.stands(candidate):
                return candidate
        return None

    def _climbed_in(self, arrays: Arrays, sizes: Sizes) -> Arrays | None:
        scored = []
        for candidate in self._candidates(arrays, sizes):
            reached = self.reached(candidate)
            if reached > LOWEST:
                if reached > 0 and self.violates(candidate) and self.stands(candidate):
                    return candidate
                scored.append((reached, candidate))
        scored.sort(key=lambda item: -item[0])
        for (reached, candidate), method in zip(scored[:2], ("slopes", "moves"), strict=False):
            found = self._climbed(candidate, reached, method)
            if found is not None and self.stands(found):
                return found
        return None

    def _candidates(self, arrays: Arrays, sizes: Sizes) -> Iterator[Arrays]:
        for _ in range(6):
            restricted = _restricted(arrays, sizes, self.rng)
            if restricted is not None:
                yield restricted
        for bound in (1, 2, 3):
            for _ in range(8):
                yield _integers(self.rng, sizes, bound)
        n, k, m, m2 = sizes
        for arrays_drawn in survey_of(self.seed, self.domain, m, k):
            if sizes_of(arrays_drawn)[3] == m2 and len(arrays_drawn[0]) >= n:
                f, g, f2, g2 = arrays_drawn
                yield f[:n], g, f2[:n], g2

    def _climbed(self, arrays: Arrays, reached: float, method: str) -> Arrays | None:
        """Climb from a pair until it violates, or give up."""
        until = self.objective.evaluations + _CLIMB
        found: list[Arrays] = []

        def at(candidate: Arrays) -> float:
            there = self.reached(candidate)
            if there > 0 and not found and self.violates(candidate):
                found.append(candidate)
            return there

        chart = chart_around(arrays, "apart")
        steps = (
            ascend(lambda x: at(chart.at(x)), np.zeros(chart.size))
            if method == "slopes"
            else wander(at, arrays, self.rng, reached)
        )
        while not found and self.objective.evaluations < until and next(steps, StopIteration) is not StopIteration:
            pass
        return found[0] if found else None

    # ------------------------------------------------------------------ numbers

    def plainer(self, arrays: Arrays) -> Arrays:
        """Return a violation of the same shape in the plainest numbers that were found."""
        until = self.objective.evaluations + _NUMBERS
        best = self._from_integers(sizes_of(arrays))
        if best is None:
            best = arrays
            for candidate in itertools.chain(_normalised(arrays), _rounded(arrays)):
                if cost(candidate) < cost(best) and self.violates(candidate):
                    best = candidate
            if any(_entry_cost(x) > 4 for block in best for x in block.flat):
                best = self._whole(arrays) or best
        return self._entry_by_entry(best, until)

    def _from_integers(self, sizes: Sizes) -> Arrays | None:
        for bound in _BOUNDS:
            tried = (_integers(self.rng, sizes, bound) for _ in range(_TRIES))
            found = [arrays for arrays in tried if self.violates(arrays)]
            for arrays in sorted(found, key=cost)[:_CHECKED]:
                if self.stands(arrays):
                    return arrays
        return None

    def _whole(self, arrays: Arrays) -> Arrays | None:
        """Return whole numbers near multiples of the arrays, moved by ones until they violate."""
        for most in _WHOLE:
            scaled = [np.rint(block * (most / max(np.abs(block).max(), 1e-300))) for block in arrays]
            shared = most / max(max(np.abs(block).max() for block in (arrays[i], arrays[i + 2])) for i in (0, 1))
            together = [np.rint(block * shared) for block in arrays]
            for blocks in (together, scaled):
                found = self._by_ones((blocks[0], blocks[1], blocks[2], blocks[3]), most)
                if found is not None:
                    return found
        return None

    def _by_ones(self, arrays: Arrays, most: int) -> Arrays | None:
        reached = self.reached(arrays)
        places = [(block, entry) for block in range(4) for entry in range(arrays[block].size)]
        for _ in range(4):
            if reached > 0 and self.violates(arrays):
                return arrays
            before = reached
            for index in self.rng.permutation(len(places)):
                block, entry = places[int(index)]
                for step in (1.0, -1.0):
                    moved = _with_entry(arrays, block, entry, arrays[block].flat[entry] + step)
                    there = self.reached(moved) if abs(moved[block].flat[entry]) <= most else WORST
                    if there > reached:
                        arrays, reached = moved, there
                        break
            if reached == before:
                break
        return arrays if reached > 0 and self.violates(arrays) else None

    def _entry_by_entry(self, arrays: Arrays, until: int) -> Arrays:
        changed = True
        while changed and self.objective.evaluations < until:
            changed = False
            for candidate in _with_less(arrays):
                if self.objective.evaluations >= until:
                    break
                if cost(candidate) < cost(arrays) - 1e-9 and self.violates(candidate):
                    arrays, changed = candidate, True
                    break
            for block in range(4):
                for entry in range(arrays[block].size):
                    for plain in _plainer_numbers(arrays, block, entry):
                        if self.objective.evaluations >= until:
                            return arrays
                        moved = _with_entry(arrays, block, entry, plain)
                        if cost(moved) < cost(arrays) - 1e-9 and self.violates(moved):
                            arrays, changed = moved, True
                            break
        return arrays


def _with_entry(arrays: Arrays, block: int, entry: int, value: float) -> Arrays:
    moved = list(arrays)
    moved[block] = arrays[block].copy()
    moved[block].flat[entry] = value
    return moved[0], moved[1], moved[2], moved[3]


def _with_less(arrays: Arrays) -> Iterator[Arrays]:
    """Yield simplifications of whole factors: shared ones, and labels counted from one of them."""
    f, g, f2, g2 = arrays
    if f.shape == f2.shape:
        yield f, g, f, g2
        yield f, g, f2, g
    yield f, g - g[-1], f2, g2 - g2[-1]
    yield f, g - g[-1], f2, g2
    yield f, g, f2, g2 - g2[-1]
    yield f, g, f2, np.zeros_like(g2)
    yield f, g, np.zeros_like(f2), g2
    for row in range(1, len(f)):
        same, same2 = f.copy(), f2.copy()
        same[row], same2[row] = f[0], f2[0]
        yield same, g, same2, g2


def _plainer_numbers(arrays: Arrays, block: int, entry: int) -> Iterator[float]:
    """Yield numbers that might stand in for an entry, the plainest first."""
    x = float(arrays[block].flat[entry])
    near = float(np.rint(x))
    options = [0.0, 1.0, -1.0, 2.0, -2.0, near, near - math.copysign(1.0, x), math.trunc(x / 2)]
    if abs(x) > 10:
        options += [10.0 * round(x / 10), 5.0 * round(x / 5)]
    if block >= 2 and arrays[block].shape == arrays[block - 2].shape:
        options.append(float(arrays[block - 2].flat[entry]))
    options += [round(x * 2) / 2, round(x * 4) / 4, round(x, 1), round(x, 2)]
    options += [float(f"{x:.{digits}g}") for digits in (1, 2, 3)]
    seen = {x}
    for option in options:
        if option not in seen:
            seen.add(option)
            yield float(option) + 0.0


def _normalised(arrays: Arrays) -> Iterator[Arrays]:
    """Yield gauges in which a model's labels are a basis, which many claims do not tell apart."""
    f, g, f2, g2 = arrays
    first, second = _with_basis_labels(f, g), _with_basis_labels(f2, g2)
    if first is not None:
        yield (*first, f2, g2)
    if first is not None and second is not None:
        yield (*first, *second)
    if second is not None:
        yield (f, g, *second)


def _with_basis_labels(f: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    m = g.shape[1]
    if len(g) < m + 1:
        return None
    differences = g[:m] - g[-1]
    if np.linalg.cond(differences) > 1e6:
        return None
    moved = np.linalg.solve(differences.T, (g - g[-1]).T).T
    moved[:m], moved[-1] = np.eye(m), 0.0
    return f @ differences.T, moved


def _rounded(arrays: Arrays) -> Iterator[Arrays]:
    for variant in (arrays, *_normalised(arrays)):
        for grid in _GRIDS:
            f, g, f2, g2 = (grid * np.rint(block / grid) + 0.0 for block in variant)
            yield f, g, f2, g2


def _restricted(arrays: Arrays, sizes: Sizes, rng: np.random.Generator) -> Arrays | None:
    """Return some inputs, labels and directions of a pair, or None where it has fewer."""
    n, k, m, m2 = sizes
    if any(new > old for new, old in zip(sizes, sizes_of(arrays), strict=True)):
        return None
    f, g, f2, g2 = arrays
    rows = np.sort(rng.choice(len(f), n, replace=False))
    labels = np.sort(rng.choice(len(g), k, replace=False))
    first, second = _fewer_directions(f, g, m, rng), _fewer_directions(f2, g2, m2, rng)
    return first[0][rows], first[1][labels], second[0][rows], second[1][labels]


def _fewer_directions(f: np.ndarray, g: np.ndarray, m: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if m == f.shape[1]:
        return f, g
    if rng.random() < 0.5:
        columns = np.sort(rng.choice(f.shape[1], m, replace=False))
        return f[:, columns], g[:, columns]
    vt = np.linalg.svd(g - g.mean(axis=0), full_matrices=False)[2][:m]
    return f @ vt.T, g @ vt.T


def _integers(rng: np.random.Generator, sizes: Sizes, bound: int) -> Arrays:
    """Return small whole numbers: unrelated, with a factor shared, or with rows exchanged or signs turned."""
    n, k, m, m2 = sizes
    f, g, f2, g2 = (
        rng.integers(-bound, bound + 1, shape).astype(float) for shape in ((n, m), (k, m), (n, m2), (k, m2))
    )
    if m != m2:
        return f, g, f2, g2
    kind = int(rng.integers(0, 7))
    if kind == 1:
        f2 = f
    elif kind == 2:
        g2 = g
    elif kind == 3:
        f2, g2 = f, g[rng.permutation(k)]
    elif kind == 4:
        f2, g2 = f[rng.permutation(n)], g
    elif kind == 5:
        f2, g2 = f, -g
    elif kind == 6:
        f2, g2 = f, g.copy()
        g2[rng.integers(0, k)] = rng.integers(-bound, bound + 1, m)
    return f, g, f2, g2
