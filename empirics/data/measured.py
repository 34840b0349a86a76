"""Properties of drawn characters, measured on their images: what a probe may be asked to read where nobody said."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

_PIXEL = 1 / 12  # variance of a uniform square of side 1: what a single pixel is wide and high


def enclosed_loops(inked: Bool[np.ndarray, "n h w"]) -> Int[np.ndarray, " n"]:
    """Count the pieces of blank paper that ink encloses: one of a 0, two of an 8.

    Parameters
    ----------
    inked
        Shape (n, height, width). Ink that touches at a corner holds together, so that blank paper there does not.

    Returns
    -------
    Shape (n,).
    """
    from scipy.ndimage import label  # comes with scikit-learn, which other data sets do without

    # A margin joins everything that is open to the edge into one piece, which is not enclosed.
    blank = np.pad(~inked, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    edges = np.zeros((3, 3, 3), dtype=bool)
    edges[1, [0, 1, 1, 1, 2], [1, 0, 1, 2, 1]] = True  # within an image, across an edge of two pixels
    pieces, _ = label(blank, edges)
    _, first = np.unique(pieces[blank], return_index=True)
    of_image = np.nonzero(blank)[0][first]
    return np.bincount(of_image, minlength=len(inked)) - 1


def ink(images: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Return the mean darkness, where 0 is blank."""
    return np.asarray(images.mean(axis=(1, 2), dtype=np.float64))


def slant(images: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    r"""Return how far the ink leans to the right: the regression of x on height, $-\mu_{11}/\mu_{02}$ with y down.

    The tangent of the angle of a slanted line, nearly (a line has a width), and 0 of a blank image.
    """
    xy, _, yy = _central_moments(images)
    return np.asarray(-xy / yy)


def aspect_ratio(images: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    r"""Return width by height, each a standard deviation of the ink: $\sqrt{\mu_{20}/\mu_{02}}$; 1 of a blank image."""
    _, xx, yy = _central_moments(images)
    return np.asarray(np.sqrt(xx / yy))


def _central_moments(
    images: Float[np.ndarray, "n h w"],
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Covariance of x and y under the ink, variance of x and of y; pixels are squares, so that no variance is zero."""
    _, height, width = images.shape
    total = images.sum(axis=(1, 2), dtype=np.float64)[:, None, None]
    weights = np.divide(images, total, out=np.zeros(images.shape), where=total > 0)
    x, y = np.arange(width)[None, None, :], np.arange(height)[None, :, None]
    x = x - (weights * x).sum(axis=(1, 2), keepdims=True)
    y = y - (weights * y).sum(axis=(1, 2), keepdims=True)
    xy, xx, yy = ((weights * product).sum(axis=(1, 2)) for product in (x * y, x * x, y * y))
    return xy, xx + _PIXEL, yy + _PIXEL
