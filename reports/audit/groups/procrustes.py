"""Procrustes: distance, square, disparity and similarity."""

from __future__ import annotations

import theory
from reports.audit.members import Group, adapted, ours

_SQUARED, _ROOT = "squared distance", "distance"

GROUPS = (
    Group(
        "Procrustes", "embeddings",
        (
            ours("procrustes", theory.procrustes, _ROOT),
            adapted("nngeom: representations.procrustes_distance(X, Y)", _ROOT),
            ours("procrustes^2", lambda X, Y: float(theory.procrustes(X, Y)) ** 2, _SQUARED),
            adapted("qc-procrustes: orthogonal(X, Y, translate=True, scale=True).error", _SQUARED),
            adapted("qc-procrustes: rotational(X, Y, translate=True, scale=True).error", "squared, det Q = 1"),
            adapted("scipy: spatial.procrustes(X, Y)[2]", "1 - t^2"),
            adapted("torchmetrics: functional.shape.procrustes_disparity(X, Y)", "1 - t^2"),
            adapted("shesha-geometry: sim.procrustes_similarity(X, Y)", "t, a similarity"),
        ),
        "All are functions of t = ||X^T Y||_*, columns centred and norms one: the distance is (2 - 2t)^1/2, its "
        "square 2 - 2t, the disparity with a free scale 1 - t^2, the similarity t. Nobody's is wrong, and they "
        "must not be put into one table.",
    ),
)  # fmt: skip
