"""rsatoolbox: representational dissimilarity matrices and ways to compare them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.audit.adapters import AXIOMS, Adapter, Package, said

PACKAGE = Package("rsatoolbox", "rsatoolbox")


def call(dissimilarity: str, method: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return `compare(calc_rdm(X), calc_rdm(Y), method)` as a function of X and Y."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        from rsatoolbox.data import Dataset
        from rsatoolbox.rdm import calc_rdm, compare

        first, second = (calc_rdm(Dataset(array), method=dissimilarity) for array in (X, Y))
        value: Any = compare(first, second, method=method)
        return float(value[0, 0])

    measure.__name__ = f"{method}_of_{dissimilarity}"
    return measure


_SQUARED = "RDMs of squared Euclidean distances over p"

ADAPTERS = (
    Adapter(
        PACKAGE, "rdm.compare(..., 'corr')", call("euclidean", "corr"), f"Pearson correlation of {_SQUARED}.",
        similarity=True,
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'spearman')", call("euclidean", "spearman"), f"Spearman correlation of {_SQUARED}.",
        similarity=True,
        note="Squared distances are computed as |x|^2 + |y|^2 - 2 x.y of data as it is: an offset that is large beside "
        "the spread costs them their digits, and ranks change. So in all RDMs of this kind.",
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'rho-a')", call("euclidean", "rho-a"),
        f"12 sum of products of centred ranks over N^3 - N, N = n(n-1)/2, of {_SQUARED}.", similarity=True,
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'cosine')", call("euclidean", "cosine"), f"Cosine of {_SQUARED}.", similarity=True,
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'cosine_cov')", call("euclidean", "cosine_cov"),
        f"Cosine of {_SQUARED} whitened by the covariance of their entries under independent noise: linear CKA.",
        similarity=True,
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'bures')", call("euclidean", "bures"),
        f"tr (A^1/2 B A^1/2)^1/2 / (tr A tr B)^1/2, A and B the centred kernels of {_SQUARED}.", similarity=True,
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'bures_metric')", call("euclidean", "bures_metric"),
        f"tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2, A and B the centred kernels of {_SQUARED}; a square.",
        declared=said(AXIOMS, "distances based on bures similarity, which is a metric", "rdm.compare, method"),
        note="The docstring of compare_bures_metric says squared, that of compare says metric; the value is "
        "the square.",
    ),
    Adapter(
        PACKAGE, "rdm.compare(..., 'corr') of 'correlation' RDMs", call("correlation", "corr"),
        "Pearson correlation of one minus the correlations between rows.", similarity=True,
    ),
)  # fmt: skip
