"""What stands in for this package's public names where a user's code is run in many digits.

`theory.arithmetic.plain_theory` restates the package in plain NumPy, whose functions keep the digits; the functions of
the package itself are written for float64, tensors and balls. The table here says which restatement goes with which
name: every one of `plain_theory`, by the module that defines it, and every measure of the registry with what is bound.
A measure that has no restatement is refused, and so is a search: a claim that calls one has no sides in many digits,
never sides that are partly float64.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from theory import claims, errors, models
from theory.arithmetic import plain_theory
from theory.arithmetic.multiprecision.lending import StandIns, namespaces
from theory.measures import conformal
from theory.measures.measure import Measure
from theory.measures.registry import MEASURES

_PACKAGE = __name__.partition(".")[0]
_SEARCH = f"{_PACKAGE}.search"
_ATTACKS = frozenset({"assert_survives", "attacked", "falsify"})  # what starts a search; its helpers may keep digits
# Where names come from that every claim uses, whether or not it computes with functions of this package.
_WITHOUT_FORMULAS = frozenset(room.__name__ for room in (claims, models, errors))


def stand_ins(measures: Iterable[Measure]) -> StandIns:
    """Return the table of restatements.

    Parameters
    ----------
    measures
        Their functions must not be run on numbers of many digits as they are: those that have no independent definition
        are refused.
    """
    known = list(measures)
    defining = {module.__name__ for module in (errors, models, claims, conformal)}
    defining |= {one.function.__module__ for one in known}
    restated = {
        getattr(sys.modules[module], name): getattr(plain_theory, name)
        for name in plain_theory.__all__
        for module in defining
        if getattr(getattr(sys.modules[module], name, None), "__module__", None) == module
    }
    restated |= {one.number: one.number_by_oracle for one in known if one.number_by_oracle is not None}
    lacking = {function for one in known for function in (one.function, one.number) if function not in restated}

    def refused(function: Any) -> bool:
        return function in lacking or (function.__name__ in _ATTACKS and _defined_in(function, _SEARCH))

    return StandIns(_PACKAGE, plain_theory, restated, refused)


STAND_INS = stand_ins(MEASURES.values())
"""The table for all measures of the registry."""


def made_of_theory(function: Callable[..., Any]) -> bool:
    """Whether a user's code calls functions of this package, whose comparisons and casts keep balls honest."""
    names = [function, *(value for namespace in namespaces(function) for value in namespace.values())]
    return any(
        _defined_in(value, _PACKAGE) and not _defined_in(value, _SEARCH) and _module_of(value) not in _WITHOUT_FORMULAS
        for value in names
    )


def _module_of(value: Any) -> str:
    """Return the name of the module that defines something, or of the module that it is."""
    found = getattr(value, "__module__", None) or getattr(value, "__name__", "")
    return found if isinstance(found, str) else ""


def _defined_in(value: Any, package: str) -> bool:
    module = _module_of(value)
    return module == package or module.startswith(f"{package}.")
