"""shesha-geometry (imported as `shesha`): CKA, Procrustes and RDM similarities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package, Range, said

PACKAGE = Package("shesha-geometry", "shesha")


def call(function: str, **options: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function of `shesha.sim`."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        import shesha

        return float(getattr(shesha.sim, function)(X, Y, **options))

    measure.__name__ = function
    return measure


def _bounded(low: float, words: str) -> dict[str, Any]:
    return {
        "declared": said("bounded_by_one", words, "docstring, Returns"),
        "range": Range(low, 1.0, words, "docstring, Returns"),
    }


_LINEAR = _bounded(0.0, "CKA similarity score in [0, 1]")

ADAPTERS = (
    Adapter(
        PACKAGE, "sim.cka_linear(X, Y)", call("cka_linear"),
        "||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F + 1e-12), columns centred.", similarity=True,
        range=_LINEAR["range"],
        note="The 1e-12 is added to a quantity of the fourth order in the scale of the data: at a scale of 1e-3 it "
        "moves the fifth digit, at 1e-6 the value is near 0, for X against itself as well.",
        declared=_LINEAR["declared"]
        | said(("invariant_to_orthogonal", "invariant_to_scaling"),
               "CKA is invariant to: Orthogonal transformations; Isotropic scaling", "docstring, Notes"),
    ),
    Adapter(
        PACKAGE, "sim.cka_debiased(X, Y)", call("cka_debiased"),
        "CKA with a sum of products over all entries of the centred kernels, the diagonal included, corrected as if "
        "it had been left out.", similarity=True, **_bounded(0.0, "debiased CKA similarity score in [0, 1]"),
        note="Not the unbiased estimate that the docstring describes, which removes the diagonal: close to the biased "
        "value, and far from that of ckatorch, pytorch-cka and torch-cka.",
    ),
    Adapter(
        PACKAGE, "sim.procrustes_similarity(X, Y)", call("procrustes_similarity"),
        "||X^T Y||_*, one minus half of the squared Procrustes distance, columns centred and both of unit Frobenius "
        "norm; refuses unequal shapes and is nan where a column is constant.", similarity=True,
        **_bounded(0.0, "Procrustes similarity in [0, 1]"),
    ),
    Adapter(
        PACKAGE, "sim.rdm_similarity(X, Y)", call("rdm_similarity"),
        "Spearman correlation of the cosine distances between rows; 0 where a standard deviation is below 1e-12.",
        similarity=True, **_bounded(-1.0, "RDM similarity in [-1, 1]"),
    ),
)  # fmt: skip
