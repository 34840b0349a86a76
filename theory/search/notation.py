"""Pairs of models as Python expressions: short where the numbers are, and equal to them to the last bit."""

from __future__ import annotations

import math

import numpy as np

from theory.models import Model, Pair

_LARGEST_DENOMINATOR = 12  # halves to twelfths are plainer than decimals


def entry(value: float) -> str:
    """Return a number as the shortest expression that is equal to it: an integer, a small fraction or its repr."""
    if value == 0 and math.copysign(1.0, value) > 0:
        return "0"
    if value != 0 and abs(value) < 1e6:
        for denominator in range(1, _LARGEST_DENOMINATOR + 1):
            numerator = round(value * denominator)
            if numerator and numerator / denominator == value:
                return f"{numerator}" if denominator == 1 else f"{numerator}/{denominator}"
    return repr(float(value))


def expression(pair: Pair) -> str:
    """Return a pair as a Python expression, compact and equal to it to the last bit."""

    def rows(array: np.ndarray) -> str:
        return "[" + ", ".join("[" + ", ".join(entry(x) for x in row) + "]" for row in array.tolist()) + "]"

    def model(one: Model) -> str:
        return f"Model({rows(one.embeddings)}, {rows(one.unembeddings)})"

    return f"Pair({model(pair.a)}, {model(pair.b)})"
