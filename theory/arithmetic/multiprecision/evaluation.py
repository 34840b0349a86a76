"""Evaluating a user's function in many digits: how many a pair needs, both sides of a claim, values of a measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from theory.arithmetic import plain_models, plain_theory
from theory.arithmetic.multiprecision.arrays import lifted
from theory.arithmetic.multiprecision.lending import StandIns, lent
from theory.arithmetic.multiprecision.numbers import DigitsLost, Ties, context, number, use
from theory.arithmetic.multiprecision.views import DIGIT_VIEWS
from theory.errors import NotApplicable

DIGITS = 60
"""Decimal digits in which claims are re-checked, and which are kept beyond those that a pair may cost."""

MOST = 3000
"""Digits beyond which a pair is too far out to be re-checked: one evaluation would take seconds."""

# A quotient of entries, and an entry itself, may come to this power in what a claim computes, ...
_POWER_OF_ENTRIES = 4
# ... and a probability to this one.
_POWER_OF_PROBABILITIES = 2

# Far above MOST, and no more than an integer can be made of: logarithms may be infinite.
_BEYOND = 1e6

_HERE = Path(__file__).resolve().parent
_STAND_IN = (vars(plain_theory), vars(plain_models))  # lent with the modules of every function


@runtime_checkable
class ModelArrays(Protocol):
    """A model: embeddings of shape (n, m) and unembeddings of shape (k, m), arrays of NumPy."""

    @property
    def embeddings(self) -> Any:
        """Rows f(x)."""

    @property
    def unembeddings(self) -> Any:
        """Rows g(y)."""


class PairOfModels(Protocol):
    """Two models over the same inputs and labels, without a batch axis."""

    @property
    def a(self) -> ModelArrays:
        """The first."""

    @property
    def b(self) -> ModelArrays:
        """The second."""


def needed(pair: PairOfModels) -> int:
    """Return how many digits see everything that a claim may make of a pair.

    Parameters
    ----------
    pair
        Unbatched, of NumPy arrays.

    Notes
    -----
    With logits 230 apart a probability is 1 - 1e-100, which 60 digits take for 1, without any sign of it: the sides
    of a claim may then agree in 60 and 90 digits and be wrong by a factor of two. Squares of probabilities and
    quotients of entries up to the fourth power are allowed for.
    """
    reach, logarithms = 0.0, [0.0]
    for model in (pair.a, pair.b):
        logits = model.embeddings @ (model.unembeddings - model.unembeddings.mean(axis=0)).T
        reach = max(reach, float(np.ptp(logits, axis=1).max()))
        for array in (model.embeddings, model.unembeddings):
            logarithms += [math.log10(size) for size in np.abs(array[array != 0]).tolist()]
    spread, farthest = max(logarithms) - min(logarithms), max(map(abs, logarithms))
    probabilities = _POWER_OF_PROBABILITIES * reach / math.log(10)
    return DIGITS + int(min(probabilities + _POWER_OF_ENTRIES * spread + _POWER_OF_ENTRIES * farthest, _BEYOND))


def sides(
    function: Callable[[Any], Any], pair: PairOfModels, stand_ins: StandIns, count: int = DIGITS, ties: Ties = "strict"
) -> tuple[Any, Any] | None:
    """Return both sides of a claim on a pair in many digits, or None where its code cannot be run in them.

    Parameters
    ----------
    function
        Of any claim: takes a pair, returns its two sides.
    pair
        Its floats are taken as exact.
    stand_ins
        What the modules of the function see in place of this package.
    count
        Decimal digits.
    ties
        What comparisons make of numbers that agree to nine tenths of the digits: "strict" looks at the last digit,
        "equal" takes them for equal. A count that depends on it is a count of rounding.

    Raises
    ------
    AttributeError, NameError
        If it is the arithmetic itself that is broken, not the claim that it cannot run.

    Notes
    -----
    Both sides are mpmath numbers, both nan where the claim declines. Nothing is rigorous here: it is the claim's own
    algorithm with rounding forty orders of magnitude smaller.
    """
    use(count, ties)
    nan = context().nan
    with lent(function, DIGIT_VIEWS, stand_ins, _STAND_IN):
        many = plain_theory.Pair(_model_in_digits(pair.a), _model_in_digits(pair.b))
        try:
            answer = function(many)
        except (NotApplicable, plain_theory.NotApplicable):
            return nan, nan
        except (Exception, DigitsLost) as error:  # whatever the claim raises at numbers it was not written for
            _raise_if_ours(error)
            return None
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return None
    found = [number(side) for side in answer]
    if None in found:
        return None
    if any(context().isnan(side) for side in found):
        return nan, nan
    return found[0], found[1]


def values(
    function: Callable[..., Any],
    compute: Callable[[Mapping[str, Any]], Sequence[Any]],
    inputs: Mapping[str, np.ndarray | ModelArrays],
    stand_ins: StandIns,
    count: int = DIGITS,
    ties: Ties = "strict",
) -> list[Any] | None:
    """Return numbers computed from arrays and models with a user's function, in many digits; None where they are lost.

    Parameters
    ----------
    function
        The user's: the modules it lives in are lent arithmetic in many digits.
    compute
        Called with the inputs in many digits; it calls the function, or what stands in for it, and returns finite
        numbers.
    inputs
        Unbatched models and arrays of NumPy, whose floats are taken as exact.
    stand_ins, count, ties
        As for `sides`.

    Raises
    ------
    AttributeError, NameError
        As for `sides`.
    """
    use(count, ties)
    with lent(function, DIGIT_VIEWS, stand_ins, _STAND_IN):
        many = {
            name: _model_in_digits(value) if isinstance(value, ModelArrays) else lifted(value)
            for name, value in inputs.items()
        }
        try:
            found = [number(value) for value in compute(many)]
        except (Exception, DigitsLost) as error:
            _raise_if_ours(error)
            return None
    return None if any(value is None or not context().isfinite(value) for value in found) else found


def _model_in_digits(model: ModelArrays) -> plain_theory.Model:
    return plain_theory.Model(lifted(model.embeddings), lifted(model.unembeddings))


def _raise_if_ours(error: BaseException) -> None:
    """Raise an error again that the arithmetic in many digits made, and that nothing a claim does could have made.

    Most errors come from either side: of an unknown option, or of shapes that do not fit, NumPy complains in the code
    that called it, which is ours. But a name or an attribute that our own code lacks is our mistake, and must not pass
    for a claim that cannot be run. What a view does not find is what the claim has asked for.
    """
    if not isinstance(error, AttributeError | NameError):
        return
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or step.tb_frame.f_code.co_name == "__getattr__":
        return
    if Path(step.tb_frame.f_code.co_filename).resolve().parent == _HERE:
        error.add_note("a mistake in the arithmetic of many digits, not in the claim")
        raise error
