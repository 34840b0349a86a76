"""scikit-learn: CCA by power iterations, R^2 of a linear regression, neighbours and a centred kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package, least_width, said

PACKAGE = Package("scikit-learn", "sklearn")
_NEIGHBOURS = 5  # as in repralign's cknna, with which the overlap is compared


def correlations(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Correlations of the min(p, q) pairs of scores of `sklearn.cross_decomposition.CCA`."""
    from sklearn.cross_decomposition import CCA

    scores: Any = CCA(n_components=least_width(X, Y)).fit_transform(X, Y)
    return np.array([np.corrcoef(u, v)[0, 1] for u, v in zip(scores[0].T, scores[1].T, strict=True)])


def mean_correlation(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean of `correlations`."""
    return float(np.mean(correlations(X, Y)))


def r2(X: np.ndarray, Y: np.ndarray) -> float:
    """R^2 of the regression of Y on X, on the inputs it was fitted to."""
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import r2_score

    return float(r2_score(Y, LinearRegression().fit(X, Y).predict(X), multioutput="variance_weighted"))


def _neighbours(X: np.ndarray) -> list[set[int]]:
    from sklearn.neighbors import NearestNeighbors

    return [set(row) for row in NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(X).kneighbors(return_distance=False)]


def neighbour_overlap(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean over rows of the share of neighbours in common, |N & N'| / k."""
    both = zip(_neighbours(X), _neighbours(Y), strict=True)
    return float(np.mean([len(first & second) / _NEIGHBOURS for first, second in both]))


def neighbour_jaccard(X: np.ndarray, Y: np.ndarray) -> float:
    """Mean over rows of |N & N'| / |N | N'|."""
    both = zip(_neighbours(X), _neighbours(Y), strict=True)
    return float(np.mean([len(first & second) / len(first | second) for first, second in both]))


def centred_kernels(X: np.ndarray, Y: np.ndarray) -> float:
    """Cosine between the linear kernels after `KernelCenterer`."""
    from sklearn.metrics.pairwise import linear_kernel
    from sklearn.preprocessing import KernelCenterer

    K, L = (KernelCenterer().fit_transform(linear_kernel(array)) for array in (X, Y))
    return float(np.sum(K * L) / (np.linalg.norm(K) * np.linalg.norm(L)))


ADAPTERS = (
    Adapter(
        PACKAGE, "cross_decomposition.CCA(min(p, q)).fit_transform(X, Y)", mean_correlation,
        "Mean of the correlations of the min(p, q) pairs of scores, found one after the other by power iterations "
        "that stop at a tolerance of 1e-6 or after 500 steps.", similarity=True, composed=True,
    ),
    Adapter(
        PACKAGE, "metrics.r2_score(Y, LinearRegression().fit(X, Y).predict(X))", r2,
        "1 - ||Y - P Y||_F^2 / ||Y||_F^2, columns centred and P the projection on the columns of X "
        "(multioutput='variance_weighted').", similarity=True, composed=True,
        declared=said("symmetric", "This is not a symmetric function.", "r2_score, Notes", holds=False)
        | said("handles_degenerate", "not well-defined for single samples and will return a NaN value",
               "r2_score, Notes", holds=False),
    ),
    Adapter(
        PACKAGE, "neighbors.NearestNeighbors(5): |N & N'| / |N | N'|", neighbour_jaccard,
        "Mean over rows of the Jaccard index of the sets of five nearest neighbours.", similarity=True, composed=True,
        counts=True,
    ),
    Adapter(
        PACKAGE, "preprocessing.KernelCenterer on linear kernels: cosine", centred_kernels,
        "<HKH, HLH> / (||HKH|| ||HLH||), K = X X^T and L = Y Y^T: linear CKA.", similarity=True, composed=True,
    ),
)  # fmt: skip
