"""repsim: CKA, CCA, SVCCA, PWCCA and dot products in C++. It is built from source, which needs a C++17 compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package, said

PACKAGE = Package("repsim", "repsim", "pip install repsim  (built from source: needs a C++17 compiler)")


def call(function: str, *options: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return the entry [0, 1] of the matrix of similarities that a function of repsim makes of [X, Y]."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import repsim

        table: Any = getattr(repsim, function)([X, Y], *options)
        return float(table[0, 1])

    measure.__name__ = "_".join((function, *options))
    return measure


ADAPTERS = (
    Adapter(
        PACKAGE, "cka([X, Y], 'linear', 'gretton')[0, 1]", call("cka", "linear", "gretton"),
        "Linear CKA with the biased HSIC, columns centred.", similarity=True,
    ),
    Adapter(
        PACKAGE, "cka([X, Y], 'linear', 'song')[0, 1]", call("cka", "linear", "song"),
        "The unbiased HSIC of Song et al. over the root of the product of two biased ones; entries [i, i] are set "
        "to 1.", similarity=True,
        note="The diagonal of the table is 1, but the value for X against a copy of X is below 1.",
    ),
    Adapter(
        PACKAGE, "cka([X, Y], 'rbf', 'gretton')[0, 1]", call("cka", "rbf", "gretton"),
        "CKA with exp(-d^2 / (2 median(d)^2)), the median over pairs of distinct rows, and the biased HSIC.",
        similarity=True,
    ),
    Adapter(
        PACKAGE, "cca([X, Y], 'yanai')[0, 1]", call("cca", "yanai"),
        "Sum of squared canonical correlations over the smaller rank, ranks counted before centring.",
        similarity=True,
    ),
    Adapter(
        PACKAGE, "cca([X, Y], 'pillai')[0, 1]", call("cca", "pillai"),
        "Sum of canonical correlations, not squared, over the smaller rank, ranks counted before centring.",
        similarity=True,
        note="Documented as Pillai's trace, which is the sum of the squares. A zero matrix ends the interpreter, as it "
        "does for 'yanai' and svcca.",
    ),
    Adapter(
        PACKAGE, "svcca([X, Y], 'yanai')[0, 1]", call("svcca", "yanai"),
        "As cca, but of an orthonormal basis of the columns, centred and then cut at 99 % of its own variance.",
        similarity=True,
        note="The docstring says that data is centred and denoised by SVD first. An orthonormal basis is taken first, "
        "which leaves no spectrum to cut by; where the data is centred the value is that of cca, and a shift changes "
        "it.",
    ),
    Adapter(
        PACKAGE, "pwcca([X, Y])[0, 1]", call("pwcca"),
        "Mean of PWCCA(X, Y) and PWCCA(Y, X), columns centred, weights sum_j |<h_i, x_j>|.", similarity=True,
    ),
    Adapter(
        PACKAGE, "dot_product([X, Y])[0, 1]", call("dot_product"), "||X^T Y||_F^2, nothing centred.", similarity=True,
        declared=said("symmetric", "symmetric dot-product similarities", "docstring, Returns"),
    ),
)  # fmt: skip
