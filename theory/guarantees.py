"""The two sides of every theorem on one pair of models: what is guaranteed, what is true, how far apart they are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from theory.arithmetic.arrays import is_numpy
from theory.catalogue import theorems
from theory.errors import InvalidInput, NotApplicable
from theory.evidence import Verdict, decide
from theory.models import Model, Pair
from theory.statements import Evaluation, Hypothesis, Statement, as_floats, excess

_SUBSETS = 200_000  # statements that enumerate more subsets than this are not computed
_NUMBERS = 20_000_000  # numbers that a statement running over subsets may hold at once
_ROUNDING = 1e-9  # relative excess of a truth over its bound that rounding can explain
_GEOMETRY_NUMBERS = 2_000_000  # numbers of k x m matrices, one an input: a second of decompositions
_BALL_ENTRIES = 200_000  # log-probabilities up to which a statement is decided in balls: 10 s for the slowest
_FULL_PRECISION = 50_000  # and up to which at the highest precision, which multiplies the time by five
_LARGE_BITS = 256  # for larger pairs: one doubling of the first look, and the rest is called undecided
_FLOORS = (-64.0, -128.0, -192.0)  # log tau: small enough for 1 - tau to be 1, large enough for tau^-2 to be a float
_SAME_POWER = 1e-9  # relative difference of two slopes that are one


@dataclass(frozen=True)
class Guarantee:
    """A theorem's statement on one pair.

    Attributes
    ----------
    theorem, statement, latex
        Which one.
    applies
        Whether its hypotheses hold and both sides can be computed.
    reason
        Why not, in words; empty where it applies.
    bound, truth
        The right and the left side; None where not computed or beyond the range of floats.
    vacuous
        Whether the bound is no better than what is known without the theorem; None where nothing is.
    holds
        Whether the truth is below the bound, to rounding; None where it does not apply or could not be decided.
    orders
        log10(bound / truth): by how many orders of magnitude the bound exceeds the truth, 0 where it is attained. Known
        also for bounds beyond the range of floats that overflow through the smallest probability alone; None
        where a side is not positive or not known.
    """

    theorem: str
    statement: str
    latex: str
    applies: bool
    reason: str
    bound: float | None
    truth: float | None
    vacuous: bool | None
    holds: bool | None
    orders: float | None = None


def enumerable(pair: Pair, over: str = "labels") -> bool:
    """Whether what a statement runs over is little enough to be computed here; see `Statement.enumerates`."""
    if over == "geometries":
        return pair.n * pair.k * pair.m <= _GEOMETRY_NUMBERS
    pivoted = math.comb(pair.k, pair.m + 1) * (pair.m + 1)
    width = pair.n if over == "labels and inputs" else pair.k
    return pivoted <= _SUBSETS and pivoted * pair.m * width <= _NUMBERS


def guarantees(pair: Pair) -> list[Guarantee]:
    """Return every inequality of the catalogue with its two sides on this pair.

    Parameters
    ----------
    pair
        One pair of NumPy models; n = 5,000 inputs with k = 100 labels in m = 50 dimensions take a few seconds.

    Raises
    ------
    InvalidInput
        If the pair is a batch or does not hold NumPy arrays.
    """
    if pair.batch or not is_numpy(pair.a.embeddings):
        raise InvalidInput(f"pair: expected one pair of models of NumPy arrays, saw {pair.a!r}")
    return [
        _guarantee(theorem.identifier, statement, pair)
        for theorem in theorems().values()
        for statement in theorem.statements
        if statement.relation == "<=" and not statement.specimens
    ]


def _guarantee(identifier: str, statement: Statement, pair: Pair) -> Guarantee:
    def declined(reason: str) -> Guarantee:
        return Guarantee(identifier, statement.name, statement.latex, False, reason, None, None, None, None)

    if pair.a.m != pair.b.m and statement.domain.equal_dimensions:
        return declined(f"needs equal dimensions, saw {pair.a.m} and {pair.b.m}")
    if statement.enumerates and not enumerable(pair, statement.enumerates):
        return declined(_too_many(pair, statement.enumerates))
    try:
        # Of too few inputs a mean over none is taken: nan, as what follows says.
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            for hypothesis in statement.hypotheses:
                if not bool(as_floats(hypothesis.margin(pair)) > 0):
                    return declined(_failing(hypothesis))
            truth, bound = (float(as_floats(side(pair))) for side in (statement.lhs, statement.rhs))
            trivial = float(as_floats(statement.trivial(pair))) if statement.trivial is not None else None
            orders = _orders(statement, pair, truth, bound)
    except (NotApplicable, InvalidInput, np.linalg.LinAlgError, MemoryError) as error:
        return declined(str(error))
    if math.isnan(truth) or math.isnan(bound):
        return declined("a side is not a number on this pair")
    holds, doubt = _judged(statement, pair, truth, bound)
    return Guarantee(
        theorem=identifier,
        statement=statement.name,
        latex=statement.latex,
        applies=True,
        reason=doubt if math.isfinite(bound) else "the bound exceeds the range of float64",
        bound=bound if math.isfinite(bound) else None,
        truth=truth,
        vacuous=None if trivial is None else bound >= trivial,
        holds=holds,
        orders=orders,
    )


def _too_many(pair: Pair, over: str) -> str:
    if over == "geometries":
        return f"decomposes {pair.n} matrices of shape ({pair.k}, {pair.m}), too many"
    return f"runs over C({pair.k}, {pair.m + 1}) subsets of labels, too many to enumerate"


def _failing(hypothesis: Hypothesis) -> str:
    return f"hypothesis fails: {hypothesis.name}"


def _judged(statement: Statement, pair: Pair, truth: float, bound: float) -> tuple[bool | None, str]:
    """Whether the statement holds on this pair: balls decide where float64 sees a violation beyond rounding."""
    sides = Evaluation(np.asarray(truth), np.asarray(bound), np.asarray(True))
    if not float(excess(statement, pair, sides)) > _ROUNDING:
        return True, ""
    if pair.n * pair.k > _BALL_ENTRIES:
        return None, "float64 sees a violation; the pair is too large to decide it in balls"
    exact = {} if pair.n * pair.k <= _FULL_PRECISION else {"most_bits": _LARGE_BITS}
    verdict = decide(statement, pair, **exact).verdict
    if verdict is Verdict.INCONCLUSIVE:
        return None, "equal to rounding, which balls cannot tell apart"
    return verdict is not Verdict.REFUTED, ""


# --------------------------------------------------------------------------- what is worth saying


@dataclass(frozen=True)
class Sorted:
    """Guarantees by what they are good for, each in the order of the catalogue.

    Attributes
    ----------
    violated
        Those that do not hold.
    informative
        Those whose bound is better than what is known without the theorem.
    unjudged
        Those that hold, and of which nothing is known without the theorem.
    vacuous
        Those that say no more than is known anyway.
    declined
        Those that do not apply.
    """

    violated: tuple[Guarantee, ...]
    informative: tuple[Guarantee, ...]
    unjudged: tuple[Guarantee, ...]
    vacuous: tuple[Guarantee, ...]
    declined: tuple[Guarantee, ...]

    @property
    def all(self) -> tuple[Guarantee, ...]:
        """Every one, the most telling first."""
        return (*self.violated, *self.informative, *self.unjudged, *self.vacuous, *self.declined)


def sort_by_use(found: Iterable[Guarantee]) -> Sorted:
    """Sort guarantees by what they are good for."""
    groups: dict[str, list[Guarantee]] = {field.name: [] for field in fields(Sorted)}
    for g in found:
        groups[_use(g)].append(g)
    return Sorted(**{name: tuple(group) for name, group in groups.items()})


def _use(g: Guarantee) -> str:
    if not g.applies:
        return "declined"
    if g.holds is False:
        return "violated"
    return "unjudged" if g.vacuous is None else "vacuous" if g.vacuous else "informative"


def orders_of(found: Iterable[Guarantee]) -> tuple[float, float] | None:
    """Return by how many orders of magnitude bounds exceed truths, at least and at most; None where it is not known."""
    known = [g.orders for g in found if g.orders is not None]
    return (min(known), max(known)) if known else None


GEOMETRIC = frozenset({"T2", "T3", "T4", "T10"})
"""Theorems that bound how far an alignment leaves all embeddings apart, or how little they correlate."""

_HARDLY_ANY = 0.1  # share of inputs below which certificates of single embeddings say nothing of the representation


def embedding_is_certified(found: Iterable[Guarantee], certified_share: float | None) -> bool:
    """Whether anything certifies a representation: a theorem on all of it, or KL on a tenth of the inputs or more.

    Parameters
    ----------
    found
        Every guarantee on the pair.
    certified_share
        The measure ``certified_embeddings``; None where it does not exist.
    """
    if certified_share is not None and certified_share >= _HARDLY_ANY:
        return True
    return any(g.applies and g.vacuous is False and g.theorem in GEOMETRIC for g in found)


# --------------------------------------------------------------------------- how far the bound is from the truth


def _orders(statement: Statement, pair: Pair, truth: float, bound: float) -> float | None:
    """log10(bound / truth); through logarithms of the smallest probability where the bound overflows."""
    if not (0 < truth < math.inf and bound > 0):
        return None
    log_bound = math.log(bound) if bound < math.inf else _log_of_overflowing_bound(statement, pair)
    return None if log_bound is None else (log_bound - math.log(truth)) / math.log(10.0)


def _log_of_overflowing_bound(statement: Statement, pair: Pair) -> float | None:
    """Natural logarithm of a right side that is a power of tau times what float64 can hold; None where it is not.

    Every tau is put in place of the pair's own at three values at which nothing overflows. If log(bound) is a straight
    line through the three, it is so down to the true log tau, because 1 - tau, the only other way in which tau
    enters, is 1 already; a side that overflows for another reason does so at all three.
    """
    low = float(pair.log_min_probability)
    if not low < min(_FLOORS):
        return None
    logs = [math.log(value) for value in (_rhs_at(statement, pair, floor) for floor in _FLOORS) if 0 < value < math.inf]
    if len(logs) < len(_FLOORS):
        return None
    slopes = [(logs[i + 1] - logs[i]) / (_FLOORS[i + 1] - _FLOORS[i]) for i in range(2)]
    # A whole power: the rounding of a slope must not be multiplied by a log tau of minus thousands.
    power = round(slopes[0])
    if power >= 0 or max(abs(slope - power) for slope in slopes) > _SAME_POWER:
        return None
    return logs[-1] + power * (low - _FLOORS[-1])


def _rhs_at(statement: Statement, pair: Pair, log_tau: float) -> float:
    """Return the right side with log tau of both models replaced: it is nothing but a cached number of theirs."""
    a, b = (Model.trusted(model.embeddings, model.unembeddings) for model in (pair.a, pair.b))
    for model in (a, b):
        vars(model)["log_min_probability"] = np.asarray(log_tau)
    return float(as_floats(statement.rhs(Pair.trusted(a, b))))
