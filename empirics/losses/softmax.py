r"""Losses that compare probabilities: KL at several temperatures, and KL in two parts.

The divergence of softmaxes at temperature T, times T^2 so that its gradient does not fade,

.. math:: T^2\,KL_T = T^2\,KL\big(\mathrm{softmax}(z/T)\,\|\,\mathrm{softmax}(z'/T)\big),
          \qquad \frac{e^{-w/T}}{2k}\|\Delta\|^2 \le T^2\,KL_T \le \frac{e^{w/T}}{2k}\|\Delta\|^2,

lies between multiples of the squared logit distance, w the largest range of either model's logits on the input
(theorem T13 of the catalogue). At T = 1 the factor e^w of trained networks is astronomic and the bound says nothing.

References
----------
G. Hinton, O. Vinyals, J. Dean (2015). "Distilling the knowledge in a neural network". arXiv:1503.02531.
B. Zhao et al. (2022). "Decoupled knowledge distillation". CVPR, arXiv:2203.08679.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from empirics.losses.registry import Logits, Scalar, distillation_loss


@distillation_loss(zero_set="distribution", shift_invariant=True)
def kl(teacher: Logits, student: Logits) -> Scalar:
    """KL(teacher || student) in nats, mean over inputs.

    A training signal: its gradient, student minus teacher probabilities, is exact to rounding, while in float32
    its value loses all digits below about 1e-7. `theory.kl_divergence` measures.
    """
    return functional.kl_div(student.log_softmax(-1), teacher.log_softmax(-1), reduction="batchmean", log_target=True)


@distillation_loss(zero_set="distribution", shift_invariant=True)
def kl_t4(teacher: Logits, student: Logits) -> Scalar:
    """16 KL(teacher || student) of softmaxes at temperature 4, mean over inputs."""
    return heated_kl(teacher, student, 4.0)


@distillation_loss(
    zero_set="distribution",
    shift_invariant=True,
    bounds_logit_distance="d_logit^2 <= 2 k e^(w/1000) loss, w the largest range of either model's logits on an input",
)
def kl_t1000(teacher: Logits, student: Logits) -> Scalar:
    """10^6 KL(teacher || student) of softmaxes at temperature 1000, mean over inputs: nearly `centred_l2` over 2k."""
    return heated_kl(teacher, student, 1000.0)


def heated_kl(teacher: Logits, student: Logits, temperature: float) -> Scalar:
    """T^2 KL(softmax(teacher/T) || softmax(student/T)), mean over inputs.

    In float64 whatever the dtype: the divergence is of order 1/T^2 and its gradient of order 1/T, the probabilities
    from which both are subtracted are of order 1. At T = 1000 float32 would keep no digit of the first.
    """
    hot = (logits.double() / temperature for logits in (teacher, student))
    return (temperature**2 * kl_per_input(*hot).mean()).to(student.dtype)


def kl_per_input(teacher: Logits, student: Logits) -> Float[Tensor, " n"]:
    """KL(softmax(teacher) || softmax(student)) of each input."""
    of_labels = functional.kl_div(student.log_softmax(-1), teacher.log_softmax(-1), reduction="none", log_target=True)
    return of_labels.sum(-1)


@distillation_loss(zero_set="distribution", shift_invariant=True)
def dkd(teacher: Logits, student: Logits) -> Scalar:
    r"""Decoupled KD: KL(teacher || student) of the target against the rest, plus 8 times that within the rest.

    .. math:: \alpha\,TCKD + \beta\,NCKD, \qquad KL = TCKD + (1 - p_t)\,NCKD,

    with :math:`\alpha = 1` and :math:`\beta = 8`, at temperature 1. The published loss reads the target t off hard
    labels; here it is the teacher's top label. NCKD is not weighted by the teacher's doubt 1 - p_t, so a teacher that
    is sure of t still teaches all other labels. Never below KL.

    References
    ----------
    B. Zhao et al. (2022), equations 5 to 7; the weights are those for CIFAR-100 (where the temperature is 4).
    """
    target, rest = decoupled_kl(teacher, student)
    return (target + 8 * rest).mean()


def decoupled_kl(teacher: Logits, student: Logits) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Return TCKD and NCKD of each input: KL(teacher || student) of (p_t, 1 - p_t), and of p given that it is not t.

    t is the teacher's top label, the first one of several.
    """
    n, k = teacher.shape
    is_target = functional.one_hot(teacher.argmax(-1), k).bool()

    def parts(logits: Logits) -> tuple[Float[Tensor, "n 2"], Float[Tensor, "n k-1"]]:
        # The rest's log-probability is a logsumexp: log(1 - p_t) of a sure teacher would be minus infinity.
        rest = logits[~is_target].view(n, k - 1)
        return torch.cat([logits[is_target].view(n, 1), rest.logsumexp(-1, keepdim=True)], dim=-1), rest

    (binary, rest), (student_binary, student_rest) = parts(teacher), parts(student)
    return kl_per_input(binary, student_binary), kl_per_input(rest, student_rest)
