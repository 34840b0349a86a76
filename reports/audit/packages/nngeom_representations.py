"""nngeom: CKA, SVCCA and Procrustes distance of representations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.audit.adapters import Adapter, Package, said

PACKAGE = Package("nngeom", "nngeom")


def call(function: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function of `nngeom.representations`."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import nngeom.representations

        return float(getattr(nngeom.representations, function)(X, Y))

    measure.__name__ = function
    return measure


ADAPTERS = (
    Adapter(
        PACKAGE, "representations.linear_cka(X, Y)", call("linear_cka"),
        "||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F), columns centred; 0 where a norm is below 1e-12.", similarity=True,
        declared=said(("zero_on_self", "invariant_to_orthogonal", "invariant_to_scaling"),
                      "1.0 = identical geometry up to rotation/scale", "docstring"),
    ),
    Adapter(
        PACKAGE, "representations.rbf_cka(X, Y)", call("rbf_cka"),
        "CKA with exp(-d^2 / m), m the median of the squared distances that are not 0, and the biased HSIC.",
        similarity=True,
        note="A row's distance to itself counts for the median where rounding makes it positive, so that rotations and "
        "shifts move the value in the fifth digit, on few rows more.",
    ),
    Adapter(
        PACKAGE, "representations.svcca(X, Y)", call("svcca"),
        "Mean canonical correlation of the leading principal components that hold 99 % of each variance.",
        similarity=True,
        note="A zero matrix is given an arbitrary basis, and a value like any other.",
    ),
    Adapter(
        PACKAGE, "representations.procrustes_distance(X, Y)", call("procrustes_distance"),
        "(2 - 2 ||X^T Y||_*)^1/2, columns centred and both of unit Frobenius norm; refuses unequal shapes; 0 where a "
        "norm is below 1e-12.",
        declared=said(("zero_on_self", "invariant_to_orthogonal"), "0 means X and Y differ only by rotation",
                      "docstring"),
        note="Described as in [0, ~1]: it goes up to the root of 2. Computed from 2 - 2t, it is of the size 1e-8 where "
        "it should be 0.",
    ),
)  # fmt: skip
