"""POT (imported as `ot`): transport between the rows of two embeddings, in any order."""

from __future__ import annotations

import numpy as np

from reports.audit.adapters import Adapter, Package

PACKAGE = Package("POT", "ot")


def _of_one_width(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Refuse unequal widths as a ValueError, where POT has exceptions of several kinds."""
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X and Y: expected equal widths, saw {X.shape[1]} and {Y.shape[1]}")
    return X, Y


def wasserstein(X: np.ndarray, Y: np.ndarray) -> float:
    """Wasserstein-1 distance between the uniform distributions on the rows."""
    import ot

    return float(ot.emd2([], [], ot.dist(*_of_one_width(X, Y), metric="euclidean")))


def sliced(X: np.ndarray, Y: np.ndarray) -> float:
    """Sliced Wasserstein distance at its defaults."""
    import ot

    return float(ot.sliced_wasserstein_distance(*_of_one_width(X, Y)))


def sliced_seeded(X: np.ndarray, Y: np.ndarray) -> float:
    """Sliced Wasserstein distance with a seed."""
    import ot

    return float(ot.sliced_wasserstein_distance(*_of_one_width(X, Y), seed=0))


def gromov(X: np.ndarray, Y: np.ndarray) -> float:
    """Gromov-Wasserstein loss between the matrices of Euclidean distances."""
    import ot

    costs = (ot.dist(array, array, metric="euclidean") for array in (X, Y))
    return float(ot.gromov.gromov_wasserstein2(*costs))


ADAPTERS = (
    Adapter(
        PACKAGE, "emd2([], [], dist(X, Y, 'euclidean'))", wasserstein,
        "Wasserstein-1 distance between the uniform distributions on the rows, by network simplex; "
        "widths must agree.", composed=True,
        note="A nan among the entries makes the problem infeasible, of which it warns, and the value 0.",
    ),
    Adapter(
        PACKAGE, "sliced_wasserstein_distance(X, Y)", sliced,
        "(Mean of W_2^2 over 50 random directions)^1/2, directions drawn anew at every call; widths must agree.",
    ),
    Adapter(
        PACKAGE, "sliced_wasserstein_distance(X, Y, seed=0)", sliced_seeded, "The same with the same 50 directions.",
        note="Directions take the type of the data: of integers they are rounded to 0, and so is the distance.",
    ),
    Adapter(
        PACKAGE, "gromov.gromov_wasserstein2(dist(X, X), dist(Y, Y))", gromov,
        "Local minimum, reached by conditional gradient from the product coupling, of the sum of "
        "(C1_ik - C2_jl)^2 T_ij T_kl over couplings T of the rows.", composed=True,
    ),
)  # fmt: skip
