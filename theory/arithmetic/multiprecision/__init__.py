"""Running a claim's own NumPy code in many digits, to tell its mathematics from its rounding.

A claim is an opaque Python function: near one-hot limits or for nearly equal models its float64 answer may be wrong
without any sign of it, as when log p is exactly 0 while KL is 1e-20. Here the same code is run on arrays of mpmath
numbers, with plain restatements in place of this package's functions, as a table that is handed in says
(`lending.StandIns`; `theory.measures.stand_ins` makes it). The arrays are a subclass of `numpy.ndarray` that takes
part in NumPy's dispatch, so that functions such as ``numpy.linalg.svd`` find an implementation in many digits; and for
the time of the call the modules the claim lives in see a `numpy`, a `math` and a `float` that keep the digits where the
originals would drop them. Where a digit would still be dropped (a cast of many digits to a float64), or an option is
not known here, the attempt is given up: there is no answer rather than a wrong one.

- `numbers`: the mpmath context, comparison with ties, conversion
- `elementwise`, `statistics`, `linear_algebra`: NumPy's functions in many digits, and tables of them
- `arrays`: the array that dispatches to these tables
- `views`: what a module sees in place of NumPy and `math`
- `lending`: which modules are the user's, lending them views, and undoing it
- `evaluation`: sides of a claim, values of a measure
"""

from theory.arithmetic.multiprecision.evaluation import DIGITS, MOST, needed, sides, values
from theory.arithmetic.multiprecision.lending import StandIns
from theory.arithmetic.multiprecision.numbers import DigitsLost, Ties

__all__ = ["DIGITS", "MOST", "DigitsLost", "StandIns", "Ties", "needed", "sides", "values"]
