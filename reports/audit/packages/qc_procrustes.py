"""qc-procrustes (imported as `procrustes`): errors of the best transformation of a kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.audit.adapters import Adapter, Package, said

PACKAGE = Package("qc-procrustes", "procrustes")


def call(function: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return the error of a kind of Procrustes problem, both arrays centred and of unit norm."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import procrustes

        return float(getattr(procrustes, function)(X, Y, translate=True, scale=True).error)

    measure.__name__ = function
    return measure


_CENTRED = said("invariant_to_translation", "both arrays are centered at origin", "docstring, translate") | said(
    "invariant_to_scaling", "both arrays are normalized with respect to the Frobenius norm", "docstring, scale"
)

ADAPTERS = (
    Adapter(
        PACKAGE, "orthogonal(X, Y, translate=True, scale=True).error", call("orthogonal"),
        "min ||X Q - Y||_F^2 over orthogonal Q, columns centred, both of unit Frobenius norm, the narrower padded; a "
        "square.",
        declared=_CENTRED | said("invariant_to_orthogonal", "find the orthogonal transformation matrix Q that makes "
                                 "AQ as close as possible to B", "docstring"),
    ),
    Adapter(
        PACKAGE, "rotational(X, Y, translate=True, scale=True).error", call("rotational"),
        "The same over rotations, det Q = 1.", declared=_CENTRED,
    ),
)  # fmt: skip
