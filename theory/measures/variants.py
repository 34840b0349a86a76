r"""Measures that nobody has yet, each with what logit distance guarantees of it.

With :math:`\Delta` the difference of centred logits, A* = pinv(Gc) G'c and r = f - A* f' = pinv(Gc) Delta, all are made
of the error r of the pivot-free alignment. Their properties are examined by `theory.conformance`; a table is in
``docs/variants.md``.

References
----------
All derived here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, as_real_array, as_result, is_balls, is_numpy, safe_sqrt, square
from theory.errors import DegenerateInput, InvalidInput, NotApplicable
from theory.measures.dissimilarities import require_full_rank
from theory.models import Model, Pair, centre_rows

_EPS = float(np.finfo(np.float64).eps)


def whitened_logit_distance(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Whitened logit distance: the error of the alignment of b to a, in standard deviations of a's embeddings.

    .. math:: d_w^2 = \tfrac1m\, E\big[r^\top \mathrm{Cov}(f)^{-1} r\big]
              = \tfrac1m\, E\big[\Delta^\top \mathrm{Cov}(u)^+ \Delta\big], \qquad r = G_c^+ \Delta .

    It depends on the two conditional distributions alone, has no units, and bounds canonical correlations without any
    constant of the models: for centred correlations

    .. math:: 1 - m_\mathrm{CCA} \le \tfrac1m \sum_i (1 - \rho_i^2) \le d_w^2 \le d_\mathrm{logit}^2 / (m \lambda_m),

    :math:`\lambda_m` the smallest non-zero eigenvalue of Cov(u).

    Parameters
    ----------
    a, b
        Two models over the same inputs and labels; `a` sets the units, so it is not symmetric.

    Returns
    -------
    float
        In [0, inf). Zero only if the projection of Delta on the column space of Gc vanishes.

    Raises
    ------
    RankDeficient
        If the centred unembeddings of `a` do not have full column rank.
    DegenerateInput
        If the covariance of the embeddings of `a` is singular to rounding.

    Notes
    -----
    Proof of the bound. In whitened coordinates z of f, sum_i (1 - rho_i^2) is the least E||z - B f' - c||^2 over B and
    c, and r is one such error. The eigenvalues of Cov(u)^+ are at most 1/lambda_m.

    References
    ----------
    Derived here.
    """
    return as_result(safe_sqrt(squared_whitened_logit_distance_of(Pair(a, b))))


def squared_whitened_logit_distance_of(pair: Pair) -> Float[Array, "*batch"]:
    """Return the square of the whitened logit distance of the second model from the first."""
    if is_balls(pair.a.embeddings):
        raise InvalidInput("a: expected arrays of float64, saw balls")
    require_full_rank(pair.a, "a")
    xp = pair.xp
    centred = centre_rows(pair.a.embeddings)
    if pair.n <= pair.m:
        raise DegenerateInput(f"a: {pair.n} inputs leave the covariance of {pair.m} dimensions singular")
    # Columns of one size: the distance does not see their scales, and rank is not to be judged by them.
    size = xp.max(xp.abs(centred), axis=-2, keepdims=True)
    size = xp.where(size > 0, size, 1.0)
    _, r = xp.linalg.qr(centred / size)
    values = xp.linalg.svdvals(r)
    offset = xp.max(xp.abs(pair.a.embeddings), axis=(-2, -1)) / xp.min(size[..., 0, :], axis=-1)
    if bool((values[..., -1] <= 8 * pair.n * _EPS * (values[..., 0] + offset)).any()):
        raise DegenerateInput("a: the covariance of its embeddings is singular to rounding")
    error = pair.logit_difference @ pair.a.unembedding_pseudo_inverse.mT / size
    whitened = xp.linalg.solve(r.mT, error.mT)
    # Cov = r^T r / n; the factors n of the covariance and of the mean over inputs cancel.
    return xp.sum(square(whitened), axis=(-2, -1)) / pair.m


def symmetrised_whitened_logit_distance(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""Root of the mean of the squared whitened logit distances in both directions.

    A scale-free, symmetric counterpart of the identifiability dissimilarity.

    Returns
    -------
    float
        In [0, inf); zero if and only if p = p' for diverse models of one dimension.

    Raises
    ------
    RankDeficient, DegenerateInput
        As `whitened_logit_distance`, of either model.

    Notes
    -----
    With P and P' the projectors on the column spaces of Gc and G'c: both directions vanish only if u = P u' and
    u' = P' u, so that neither is longer than the other, and a projection that does not shorten moves nothing: u = u'.

    References
    ----------
    Derived here.
    """
    pair = Pair(a, b)
    there = squared_whitened_logit_distance_of(pair)
    back = squared_whitened_logit_distance_of(pair.swapped)
    return as_result(safe_sqrt((there + back) / 2))


def guaranteed_mean_cca(a: Model, b: Model) -> Float[Array, "*batch"]:
    r"""The mean canonical correlation that the logits of two models guarantee, whatever their embeddings.

    .. math:: 1 - \frac{\lfloor s\rfloor + 1 - \sqrt{1 - (s - \lfloor s\rfloor)}}{m}, \qquad s = m\, d_w^2,

    the sharp envelope of sum_i (1 - rho_i) under sum_i (1 - rho_i^2) <= s, with the whitened logit distance d_w; zero
    where s >= m. A similarity: one where the distributions agree, and never above `mean_cca` (centred).

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    RankDeficient, DegenerateInput
        As `whitened_logit_distance`.
    NotApplicable
        If the models differ in dimension, so that the missing correlations are a matter of convention.

    References
    ----------
    Derived here; the envelope is that of theorem T4 of the catalogue.
    """
    pair = Pair(a, b)
    if pair.b.m != pair.m:
        raise NotApplicable(f"b: expected dimension {pair.m}, that of a, saw {pair.b.m}")
    xp = pair.xp
    lost: Any = 0.0
    s = pair.m * squared_whitened_logit_distance_of(pair)
    for direction in range(pair.m):
        part = xp.clip(xp.asarray(s) - direction, 0.0, 1.0)
        lost = lost + part / (1 + xp.sqrt(1 - part))  # 1 - sqrt(1 - part) without cancellation
    return as_result(1 - lost / pair.m)


def minimax_alignment_error(X: Float[np.ndarray, "n p"], Y: Float[np.ndarray, "n q"]) -> float:
    r"""The least error on the worst input of a linear alignment: :math:`\min_A \max_x \|f(x) - A f'(x)\|_2`.

    A second-order cone programme, solved to about eight digits. Averages forgive a model that fails on a few inputs;
    this does not.

    Parameters
    ----------
    X, Y
        Embeddings f and f' of the same inputs.

    Returns
    -------
    float
        In [0, max ||f(x)||], in the units of X. Not symmetric.

    Raises
    ------
    InvalidInput
        If an array is not usable, or cvxpy is not installed (the extra ``convex``).
    DegenerateInput
        If the solver finds no solution.

    Notes
    -----
    For two models, A* is one of the maps: the error is at most max_x ||pinv(Gc) Delta(x)||, hence at most
    sqrt(n) d_logit / s_min(Gc).

    References
    ----------
    Derived here.
    """
    x = as_real_array("X", X, ("n", "p"), (1, 1))
    y = as_real_array("Y", Y, ("n", "q"), (1, 1))
    if not (is_numpy(x) and is_numpy(y)) or x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise InvalidInput(
            f"X and Y: expected NumPy arrays with the same rows, saw shapes {tuple(x.shape)} and {tuple(y.shape)}"
        )
    cvxpy = _cvxpy()
    size = float(np.max(np.linalg.norm(x / (np.max(np.abs(x)) or 1.0), axis=1))) * float(np.max(np.abs(x)))
    if size == 0:
        return 0.0
    # Columns of one size, then orthonormal coordinates: the programme is the same, and well conditioned.
    lengths = np.max(np.abs(y), axis=0)
    u, values, _ = np.linalg.svd(y / np.where(lengths > 0, lengths, 1.0), full_matrices=False)
    basis = u[:, values > max(y.shape) * _EPS * max(values[0], 1e-300)] * math.sqrt(len(y))
    if not basis.shape[1]:
        return size
    return size * _least_worst_error(cvxpy, x / size, basis)


def _least_worst_error(cvxpy: Any, x: Float[np.ndarray, "n p"], basis: Float[np.ndarray, "n r"]) -> float:
    """Return the largest norm of a row of x - basis @ matrix, for the matrix for which it is least."""
    matrix, worst = cvxpy.Variable((basis.shape[1], x.shape[1])), cvxpy.Variable()
    errors = cvxpy.pnorm(x - basis @ matrix, 2, axis=1)
    programme: Any = cvxpy.Problem(cvxpy.Minimize(worst), [errors <= worst])
    try:
        programme.solve(solver=cvxpy.CLARABEL)
    except cvxpy.error.SolverError as error:
        raise DegenerateInput(f"X and Y: the alignment could not be solved ({error})") from None
    if matrix.value is None:
        raise DegenerateInput(f"X and Y: the alignment could not be solved ({programme.status})")
    return float(np.max(np.linalg.norm(x - basis @ matrix.value, axis=1)))


def _cvxpy() -> Any:
    try:
        import cvxpy
    except ModuleNotFoundError:
        raise InvalidInput("this measure needs cvxpy: pip install 'logitbounds[convex]'") from None
    return cvxpy
