"""hyppo: statistics of tests of independence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package, said

PACKAGE = Package("hyppo", "hyppo")


def call(test: str, **options: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return the statistic of a test of `hyppo.independence`."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import hyppo.independence

        return float(getattr(hyppo.independence, test)(**options).statistic(X, Y))

    measure.__name__ = test
    return measure


_FORMULA = "max over a, b of a' S_xy b / ((a' S_xx a)^1/2 (b' S_yy b)^1/2)"

ADAPTERS = (
    Adapter(
        PACKAGE, "independence.RV().statistic(X, Y)", call("RV"),
        "||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F), columns centred: linear CKA.", similarity=True,
        note="The documented formula lacks the root in its denominator; the value has it.",
    ),
    Adapter(
        PACKAGE, "independence.CCA().statistic(X, Y)", call("CCA"),
        "||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F), columns centred, as RV; where p = 1 or q = 1, "
        "sum |X^T Y| / (sum |X^T X| sum |Y^T Y|)^1/2 over entries.", similarity=True,
        declared=said(("invariant_to_affine", "bounded_by_one"), _FORMULA, "docstring, Notes: implied by the formula"),
        note="Documented as the largest correlation of linear combinations, the first canonical correlation; the value "
        "is the RV coefficient, unless p = 1 or q = 1.",
    ),
    Adapter(
        PACKAGE, "independence.Dcorr(bias=True).statistic(X, Y)", call("Dcorr", bias=True),
        "Distance correlation of Euclidean distances, by the biased estimator.", similarity=True,
        note="The value is the root of the documented formula.",
    ),
    Adapter(
        PACKAGE, "independence.Hsic(bias=True).statistic(X, Y)", call("Hsic", bias=True),
        "Distance correlation of 1 - K / max K, K Gaussian kernels whose bandwidth, for both, is the median distance "
        "between rows of X.",
        similarity=True,
        note="Not symmetric, and changed by a rescaling of Y alone: the bandwidth of X is used for Y.",
    ),
)  # fmt: skip
