"""repralign: linear CKA and neighbourhood overlap of torch tensors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.audit.adapters import Adapter, Package, tensors

PACKAGE = Package("repralign", "repralign")


def call(function: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function of `repralign.metrics`."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import repralign.metrics

        return float(getattr(repralign.metrics, function)(*tensors(X, Y)))

    measure.__name__ = function
    return measure


ADAPTERS = (
    Adapter(
        PACKAGE, "metrics.linear_cka(X, Y)", call("linear_cka"),
        "||X^T Y||_F^2 / max(||X^T X||_F ||Y^T Y||_F, 1e-12), columns centred.", similarity=True,
    ),
    Adapter(
        PACKAGE, "metrics.cknna(X, Y)", call("cknna"),
        "Mean over rows of the share of the five nearest neighbours in common; no kernel and no centring, in spite of "
        "the name, as its docstring says.", similarity=True, counts=True,
        note="A nan among the entries goes unnoticed: it gives a number.",
    ),
)  # fmt: skip
