"""SciPy: Procrustes disparity, distances between distributions, and RSA put together from its distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports.audit.adapters import AXIOMS, Adapter, Package, mean_over_inputs, padded, said
from theory.models import Model

PACKAGE = Package("scipy", "scipy")


def disparity(X: np.ndarray, Y: np.ndarray) -> float:
    """Call `scipy.spatial.procrustes`, with zero columns added as its documentation says."""
    from scipy.spatial import procrustes

    return float(procrustes(*padded(X, Y))[2])


def jensen_shannon(a: Model, b: Model) -> float:
    """Average `scipy.spatial.distance.jensenshannon` over inputs."""
    from scipy.spatial.distance import jensenshannon

    return mean_over_inputs(jensenshannon, a, b)


def relative_entropy(a: Model, b: Model) -> float:
    """Average `scipy.stats.entropy(p, q)` over inputs."""
    from scipy.stats import entropy

    return mean_over_inputs(entropy, a, b)


def _rsa(X: np.ndarray, Y: np.ndarray, metric: str, correlation: Any) -> float:
    from scipy.spatial.distance import pdist

    return float(correlation(pdist(X, metric), pdist(Y, metric)).statistic)


def rsa_spearman(X: np.ndarray, Y: np.ndarray) -> float:
    """Spearman correlation of Euclidean distances."""
    from scipy.stats import spearmanr

    return _rsa(X, Y, "euclidean", spearmanr)


def rsa_pearson(X: np.ndarray, Y: np.ndarray) -> float:
    """Pearson correlation of Euclidean distances."""
    from scipy.stats import pearsonr

    return _rsa(X, Y, "euclidean", pearsonr)


def rsa_correlation(X: np.ndarray, Y: np.ndarray) -> float:
    """Pearson correlation of correlation distances between rows."""
    from scipy.stats import pearsonr

    return _rsa(X, Y, "correlation", pearsonr)


_FITS = "applies the optimal transform to the second matrix (including scaling/dilation, rotations, and reflections)"

ADAPTERS = (
    Adapter(
        PACKAGE, "spatial.procrustes(X, Y)[2]", disparity,
        "1 - (||X^T Y||_*)^2, the smallest ||X - s Y Q||_F^2 over scales s and orthogonal Q, columns centred and both "
        "of unit Frobenius norm; a square.",
        declared=said("symmetric", "The disparity should not depend on the order of the input matrices", "Notes")
        | said(("invariant_to_orthogonal", "invariant_to_scaling"), _FITS, "docstring")
        | said("invariant_to_translation", "Both sets of points are centered around the origin.", "docstring"),
        note="A square, so that the triangle inequality fails; its root is the full Procrustes distance, a "
        "metric. The docstring says that the disparity scales as the number of points: it does not, both matrices have "
        "unit norm, and repeating all rows leaves it as it is.",
    ),
    Adapter(
        PACKAGE, "spatial.distance.jensenshannon(p, q)", jensen_shannon,
        "Mean over inputs of the root of the Jensen-Shannon divergence in nats.", on="models",
        declared=said(AXIOMS, "the Jensen-Shannon distance (metric) between two probability arrays", "docstring"),
        note="nan for many pairs of nearly equal distributions, where the sum under the root rounds below zero.",
    ),
    Adapter(
        PACKAGE, "stats.entropy(p, q)", relative_entropy, "Mean over inputs of KL(p || q) in nats.", on="models",
    ),
    Adapter(
        PACKAGE, "stats.spearmanr(pdist(X), pdist(Y))", rsa_spearman,
        "Spearman correlation of the n(n-1)/2 Euclidean distances between rows.", similarity=True, composed=True,
    ),
    Adapter(
        PACKAGE, "stats.pearsonr(pdist(X), pdist(Y))", rsa_pearson,
        "Pearson correlation of the n(n-1)/2 Euclidean distances between rows.", similarity=True, composed=True,
    ),
    Adapter(
        PACKAGE, "stats.pearsonr(pdist(X, 'correlation'), pdist(Y, 'correlation'))", rsa_correlation,
        "Pearson correlation of one minus the correlations between rows.", similarity=True, composed=True,
    ),
)  # fmt: skip
