"""torchmetrics: Procrustes disparity, KL and Jensen-Shannon divergence of torch tensors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.audit.adapters import Adapter, Package, padded, probabilities, said, tensors
from theory.models import Model

PACKAGE = Package("torchmetrics", "torchmetrics")


def disparity(X: np.ndarray, Y: np.ndarray) -> float:
    """Call `procrustes_disparity` on one pair of point clouds."""
    from torchmetrics.functional.shape import procrustes_disparity

    first, second = tensors(*padded(X, Y))
    return float(procrustes_disparity(first[None], second[None])[0])


def divergence(function: str) -> Callable[[Model, Model], float]:
    """Return a divergence between conditional distributions, averaged over inputs by the package."""

    def measure(a: Model, b: Model) -> float:
        import torchmetrics.functional.regression

        return float(getattr(torchmetrics.functional.regression, function)(*tensors(*probabilities(a, b))))

    measure.__name__ = function
    return measure


ADAPTERS = (
    Adapter(
        PACKAGE, "functional.shape.procrustes_disparity(X, Y)", disparity,
        "1 - (||X^T Y||_*)^2, as SciPy's disparity, in batches.",
        note="Where the SVD fails, as for nan, it warns and returns 0, the value of a perfect fit.",
    ),
    Adapter(
        PACKAGE, "functional.regression.kl_divergence(p, q)", divergence("kl_divergence"),
        "Mean over inputs of sum p log(p / q), rows normalised first.", on="models",
        declared=said("symmetric", "the KL divergence is a non-symmetrical metric", "docstring", holds=False),
    ),
    Adapter(
        PACKAGE, "functional.regression.jensen_shannon_divergence(p, q)", divergence("jensen_shannon_divergence"),
        "Mean over inputs of (KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2.", on="models",
        declared=said("symmetric", "a symmetrical metric i.e. D_JS(P||Q) = D_JS(Q||P)", "docstring"),
    ),
)  # fmt: skip
