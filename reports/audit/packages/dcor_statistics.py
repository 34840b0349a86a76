"""dcor: distance correlation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.audit.adapters import Adapter, Package, said

PACKAGE = Package("dcor", "dcor")


def call(function: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function of dcor."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import dcor

        return float(getattr(dcor, function)(X, Y))

    measure.__name__ = function
    return measure


ADAPTERS = (
    Adapter(
        PACKAGE, "distance_correlation(X, Y)", call("distance_correlation"),
        "(<A, B> / (||A|| ||B||))^1/2, A and B the doubly centred matrices of Euclidean distances.", similarity=True,
    ),
    Adapter(
        PACKAGE, "u_distance_correlation_sqr(X, Y)", call("u_distance_correlation_sqr"),
        "<A, B> / (||A|| ||B||), A and B the U-centred matrices of Euclidean distances; may be negative, as its "
        "docstring shows.", similarity=True,
    ),
    Adapter(
        PACKAGE, "distance_correlation_af_inv(X, Y)", call("distance_correlation_af_inv"),
        "Distance correlation after both are whitened by the inverse root of their covariance.", similarity=True,
        declared=said("invariant_to_affine", "Affinely invariant distance correlation.", "docstring")
        | said("handles_degenerate", "undefined when the covariance matrix of x or y is singular", "docstring, Warning",
               holds=False),
    ),
)  # fmt: skip
