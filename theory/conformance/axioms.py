"""The axioms of a metric that speak of one or two inputs: sign, self, symmetry, and the bound by one.

D is the measure itself or, for a similarity, its maximum minus the measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from theory.conformance.climbing import climbed
from theory.conformance.inputs import generator, pairs, relatives
from theory.conformance.relations import Case, Relation, examined
from theory.conformance.results import PropertyResult
from theory.conformance.subject import Subject
from theory.evidence import Evidence

_PAIRS = 60  # every shape of the inputs four times or more: in several kinds and relations
_FEW, _MANY = 15, 30  # generations: a distance has its minimum, zero, at once

_NONNEGATIVE = Relation("0 <= D(X, Y)", ("0", "D(X, Y)"), lambda D, i: (0.0, D(i["X"], i["Y"])), False, True)
_ZERO = Relation("D(X, X) = 0", ("D(X, X)", "0"), lambda D, i: (D(i["X"], i["X"]), 0.0), True, True)
_SYMMETRIC = Relation("f(X, Y) = f(Y, X)", ("f(X, Y)", "f(Y, X)"), lambda f, i: (f(i["X"], i["Y"]), f(i["Y"], i["X"])))
_AT_MOST_ONE = Relation("f(X, Y) <= 1", ("f(X, Y)", "1"), lambda f, i: (f(i["X"], i["Y"]), 1.0), False)
_AT_LEAST_MINUS_ONE = Relation("-f(X, Y) <= 1", ("-f(X, Y)", "1"), lambda f, i: (-f(i["X"], i["Y"]), 1.0), False)


def _cases(subject: Subject, relation: Relation, count: int = _PAIRS) -> Iterator[Case]:
    for index, (X, Y) in enumerate(pairs(subject.metric.on, subject.seed, count)):
        yield Case(relation, {"X": X, "Y": Y})
        rng = generator(subject.seed, 10, index)
        yield from (Case(relation, {"X": X, "Y": other}) for other in relatives(X, rng, index))


def nonnegative(subject: Subject) -> PropertyResult:
    """D(X, Y) >= 0 for all X and Y. D is minimised."""
    cases = _cases(subject, _NONNEGATIVE)
    return examined(subject, "nonnegative", climbed(subject, cases, lambda lhs, rhs: -rhs, _FEW), Evidence.ATTACKED)


def zero_on_self(subject: Subject) -> PropertyResult:
    """D(X, X) = 0 for all X: of a similarity, f(X, X) is the same for all X, and the maximum."""
    cases = (Case(_ZERO, {"X": thing}) for X, Y in pairs(subject.metric.on, subject.seed, _PAIRS) for thing in (X, Y))
    return examined(subject, "zero_on_self", cases)


def symmetric(subject: Subject) -> PropertyResult:
    """f(X, Y) = f(Y, X) for all X and Y, also of unequal dimension."""
    return examined(subject, "symmetric", _cases(subject, _SYMMETRIC))


def bounded_by_one(subject: Subject) -> PropertyResult:
    """-1 <= f(X, Y) <= 1 for all X and Y. f is maximised, and minimised."""
    searches = (
        climbed(subject, _cases(subject, relation), lambda lhs, rhs: lhs, generations)
        for relation, generations in ((_AT_MOST_ONE, _MANY), (_AT_LEAST_MINUS_ONE, _FEW))
    )
    return examined(subject, "bounded_by_one", chain.from_iterable(searches), Evidence.ATTACKED)
