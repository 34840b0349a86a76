"""Neighbours of rows, dependence between them, and transport from one set to the other."""

from __future__ import annotations

import numpy as np

from reports.audit.members import Group, Member, adapted
from reports.audit.packages import hyppo_independence, scikit_learn, scipy_functions


def _wasserstein_nd(X: np.ndarray, Y: np.ndarray) -> float:
    from scipy.stats import wasserstein_distance_nd

    return float(wasserstein_distance_nd(X, Y))


GROUPS = (
    Group(
        "Overlap of five nearest neighbours", "embeddings",
        (
            Member(scikit_learn.PACKAGE, "neighbors.NearestNeighbors(5): |N & N'| / 5",
                   scikit_learn.neighbour_overlap, "share in common"),
            adapted("repralign: metrics.cknna(X, Y)", "share in common"),
            adapted("scikit-learn: neighbors.NearestNeighbors(5): |N & N'| / |N | N'|", "Jaccard index"),
        ),
        "Share in common and Jaccard index differ by their denominators. Where distances tie (repeated rows, "
        "zeros) the neighbours are whichever come first.",
    ),
    Group(
        "Distance correlation", "embeddings",
        (
            adapted("dcor: distance_correlation(X, Y)", "root"),
            adapted("hyppo: independence.Dcorr(bias=True).statistic(X, Y)", "root"),
            adapted("dcor: u_distance_correlation_sqr(X, Y)", "unbiased square"),
            Member(hyppo_independence.PACKAGE, "independence.Dcorr().statistic(X, Y)",
                   hyppo_independence.call("Dcorr"), "unbiased square"),
        ),
        "The biased statistics are roots, the unbiased ones squares, in both packages. hyppo's documented "
        "formula for the biased one is without the root: its value is the square root of what is written.",
    ),
    Group(
        "Wasserstein-1 between rows", "embeddings",
        (
            Member(scipy_functions.PACKAGE, "stats.wasserstein_distance_nd(X, Y)", _wasserstein_nd,
                   "linear programming"),
            adapted("POT: emd2([], [], dist(X, Y, 'euclidean'))", "network simplex"),
        ),
        "One number by two algorithms.",
    ),
)  # fmt: skip
