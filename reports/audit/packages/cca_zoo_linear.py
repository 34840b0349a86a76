"""cca-zoo: CCA of two views as a generalised eigenproblem."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package, least_width

PACKAGE = Package("cca-zoo", "cca_zoo")


def correlations(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Correlations of the min(p, q) pairs of latent scores."""
    from cca_zoo.linear import CCA

    scores: Any = CCA(n_components=least_width(X, Y)).fit([X, Y]).transform([X, Y])
    return np.array([np.corrcoef(u, v)[0, 1] for u, v in zip(scores[0].T, scores[1].T, strict=True)])


def score(X: np.ndarray, Y: np.ndarray) -> float:
    """Call `CCA(min(p, q)).fit([X, Y]).score([X, Y])`."""
    from cca_zoo.linear import CCA

    return float(CCA(n_components=least_width(X, Y)).fit([X, Y]).score([X, Y]))


ADAPTERS = (
    Adapter(
        PACKAGE, "linear.CCA(min(p, q)).fit([X, Y]).score([X, Y])", score,
        "Mean correlation of the min(p, q) pairs of latent scores, columns centred; within-view covariances are "
        "shifted so that their condition number is at most 1e6.", similarity=True,
    ),
)  # fmt: skip
