"""Worked pairs of the literature and of this project, whose every number is known.

References
----------
arXiv 2602.15438 (2026) for the rotation and the small-KL example and arXiv 2506.03784 (2025) for the permuted
clusters, rebuilt from their description; the exact families (pentagon, square, smallest) are derived here.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array
from theory.models import Model, Pair

_ROTATION_ANGLES = np.array([0.0, math.pi / 2, math.pi, 5 * math.pi / 4, 7 * math.pi / 4])  # of the rotation example


def on_circle(angles: Float[np.ndarray, " n"], radius: float | Float[np.ndarray, " n"] = 1.0) -> Float[Array, "n 2"]:
    """Return points of the plane at the given angles and radii."""
    return np.asarray(radius)[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _rotated(points: Float[np.ndarray, "n 2"], angle: float) -> Float[Array, "n 2"]:
    c, s = math.cos(angle), math.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


def rotation() -> Pair:
    """Return two models whose f and g are each related by a rotation, and whose predictions never agree.

    k = 5, m = 2. Unembeddings of norm 8 at angles 0, 90, 180, 225 and 315 degrees; 100 inputs around 5 times
    each direction. In the second model g turns by -45 degrees, f by +45: linear alignment of f and of g
    separately says nothing about the distributions.
    """
    unembeddings = on_circle(_ROTATION_ANGLES, 8.0)
    centres = np.repeat(on_circle(_ROTATION_ANGLES, 5.0), 100, axis=0)
    embeddings = centres + np.random.default_rng(0).normal(0.0, 0.5, size=centres.shape)
    quarter = math.pi / 4
    return Pair(Model(embeddings, unembeddings), Model(_rotated(embeddings, quarter), _rotated(unembeddings, -quarter)))


def small_kl() -> Pair:
    """Return two models with KL below 0.005 and squared logit distance above 600.

    k = 8, m = 2, the same embeddings; unembeddings of norm 5.5 at multiples of pi/16, the second model with
    labels 5, 6 and labels 7, 8 (counted from 1) exchanged.
    """
    unembeddings = on_circle(math.pi / 16 * np.array([0, 1, 2, 3, 10, 16, 20, 26]), 5.5)
    rng = np.random.default_rng(0)
    centres = np.repeat(math.pi / 16 * np.array([0, 1, 2, 3, 13, 13, 23, 23]), 500)
    angles = centres + rng.uniform(-math.pi / 256, math.pi / 256, size=centres.shape)
    embeddings = on_circle(angles, 2.0 + np.abs(rng.standard_normal(centres.shape)))
    return Pair(Model(embeddings, unembeddings), Model(embeddings, unembeddings[[0, 1, 2, 3, 5, 4, 7, 6]]))


def pentagon(r: float) -> Pair:
    """Return family A: m = 2, k = n = 5, angles doubled in the second model; KL -> 0 as r grows, d^2 = 5 r^2."""
    angles = 2 * math.pi / 5 * np.arange(5)
    return Pair(*(Model(on_circle(turn * angles), on_circle(turn * angles, r)) for turn in (1, 2)))


_SQUARE = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])  # +-e1, +-e2 in order


def square(r: float) -> Pair:
    """Return family B: m = 2, k = 4, unembeddings r times +-e1, +-e2, labels 1 and 2 swapped in the second model.

    Inputs lie at e1, e2 in the first model, and each keeps its label in the second.
    """
    first = _SQUARE
    second = _SQUARE[[1, 0, 2, 3]]
    return Pair(Model(first, r * first), Model(second, r * second))


def smallest(r: float, c: float = 3.0) -> Pair:
    """Return family D: m = 1, k = 2, n = 4, logit pairs (r, cr), (cr, r) and their negatives."""
    unembeddings = np.array([[0.5], [-0.5]])
    first, second = np.array([[r], [c * r], [-r], [-c * r]]), np.array([[c * r], [r], [-c * r], [-r]])
    return Pair(Model(first, unembeddings), Model(second, unembeddings))


CLUSTER_ORDER = (5, 0, 2, 4, 6, 1, 3)  # of the table: no two neighbours stay neighbours


def permuted_clusters(rho: float) -> Pair:
    """Return seven clusters on a circle, permuted together with their labels in the second model: KL -> 0 as rho grows.

    k = 7, m = 2. Unembeddings of norm rho at multiples of 360/7 degrees; 1,000 inputs around twice each direction,
    with variance 0.002 in each coordinate. The second model permutes labels and clusters by `CLUSTER_ORDER`. The spread
    of the clusters is not printed with the table: this one reproduces its digits.

    References
    ----------
    arXiv 2506.03784 (2025), Table 1.
    """
    angles = 2 * math.pi / 7 * np.arange(7)
    order = list(CLUSTER_ORDER)
    noise = math.sqrt(0.002) * np.random.default_rng(0).standard_normal((7, 1000, 2))
    clusters = on_circle(angles, 2.0)[:, None, :] + noise
    labels = on_circle(angles, rho)
    return Pair(Model(clusters.reshape(-1, 2), labels), Model(clusters[order].reshape(-1, 2), labels[order]))


def shifted_teacher(shift: Float[np.ndarray, " m"]) -> Pair:
    """Return a teacher and the student f' = f + c with the same unembeddings: every subset error is |c|^2."""
    rng = np.random.default_rng(0)
    embeddings, unembeddings = rng.standard_normal((20, len(shift))), rng.standard_normal((len(shift) + 3, len(shift)))
    return Pair(Model(embeddings, unembeddings), Model(embeddings + shift, unembeddings))
