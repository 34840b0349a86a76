"""statsmodels: canonical correlations by two singular value decompositions."""

from __future__ import annotations

import numpy as np

from reports.audit.adapters import Adapter, Package

PACKAGE = Package("statsmodels", "statsmodels")


def correlations(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Canonical correlations of `CanCorr(X, Y)`."""
    from statsmodels.multivariate.cancorr import CanCorr

    return np.asarray(CanCorr(X, Y).cancorr)


def mean_correlation(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean of `correlations`."""
    return float(np.mean(correlations(X, Y)))


def pillai(X: np.ndarray, Y: np.ndarray) -> float:
    """Pillai's trace as `CanCorr(X, Y).corr_test()` reports it."""
    from statsmodels.multivariate.cancorr import CanCorr

    return float(CanCorr(X, Y).corr_test().stats_mv.loc["Pillai's trace", "Value"])


ADAPTERS = (
    Adapter(
        PACKAGE, "multivariate.cancorr.CanCorr(X, Y).cancorr.mean()", mean_correlation,
        "Mean of the min(p, q) canonical correlations, columns centred; refuses a matrix with a singular value of at "
        "most 1e-8, an absolute tolerance.", similarity=True, composed=True,
    ),
)  # fmt: skip
