"""Products that survive cancellation, by error-free transformations.

References
----------
T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005): algorithms
TwoSum, TwoProduct (Dekker, Veltkamp) and Dot2, whose result is as if computed in twice the precision.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_SPLITTER = 2.0**27 + 1.0  # Veltkamp: splits a 53-bit significand into halves whose products are exact
_BLOCK = 1 << 18  # output entries per row block, so that the dozen temporaries stay in cache


def two_sum(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(s, e)`` with ``s = fl(x + y)`` and ``s + e = x + y`` exactly (barring overflow)."""
    s = x + y
    shadow = s - x
    return s, (x - (s - shadow)) + (y - shadow)


def two_product(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(p, e)`` with ``p = fl(x y)`` and ``p + e = x y`` exactly (barring over- and underflow)."""
    p = x * y
    big_x, big_y = _SPLITTER * x, _SPLITTER * y
    high_x, high_y = big_x - (big_x - x), big_y - (big_y - y)
    low_x, low_y = x - high_x, y - high_y
    return p, low_x * low_y - (((p - high_x * high_y) - low_x * high_y) - high_x * low_y)


def compensated_matmul(
    left: Float[np.ndarray, "*batch n m"], right: Float[np.ndarray, "*batch k m"]
) -> tuple[Float[np.ndarray, "*batch n k"], Float[np.ndarray, "*batch n k"]]:
    """Compute ``left @ right^T`` as an unevaluated sum ``high + low`` in twice the working precision.

    Parameters
    ----------
    left, right
        Arrays of shapes (..., n, m) and (..., k, m).

    Returns
    -------
    high, low
        Two arrays of shape (..., n, k). The error of ``high + low`` is about ``m^2 2^-106 |left| |right|^T``,
        so a sum that cancels eight digits still has full float64 accuracy.
    """
    n, k = left.shape[-2], right.shape[-2]
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    high, low = np.zeros((*batch, n, k)), np.zeros((*batch, n, k))
    rows = max(1, _BLOCK // max(1, k * int(np.prod(batch))))
    for start in range(0, n, rows):
        block = slice(start, start + rows)
        s, c = high[..., block, :], low[..., block, :]
        for j in range(left.shape[-1]):
            product, product_error = two_product(left[..., block, j, None], right[..., None, :, j])
            total, sum_error = two_sum(s, product)
            s[...] = total
            c += product_error + sum_error
    return high, low
