"""Losses that compare logits themselves."""

from __future__ import annotations

from empirics.losses.registry import Logits, Scalar, distillation_loss


@distillation_loss(
    zero_set="logits", shift_invariant=False, bounds_logit_distance="E||Delta||_2 <= k loss: the mean, not its square"
)
def l1(teacher: Logits, student: Logits) -> Scalar:
    """Absolute difference of raw logits, mean over inputs and labels.

    Symmetric. Delta is the difference z - z' of raw logits without its mean over labels, so that per input
    ||Delta||_2 <= ||z - z'||_2 <= ||z - z'||_1.
    """
    return (teacher - student).abs().mean()


@distillation_loss(zero_set="logits", shift_invariant=False, bounds_logit_distance="d_logit^2 <= loss")
def l2(teacher: Logits, student: Logits) -> Scalar:
    """Squared difference of raw logits, summed over labels, mean over inputs.

    Symmetric. At least `centred_l2`: the rest, k times the squared mean difference, pays for a shift that leaves p
    unchanged.
    """
    return (teacher - student).square().sum(-1).mean()


@distillation_loss(zero_set="distribution", shift_invariant=True, bounds_logit_distance="d_logit^2 = loss")
def centred_l2(teacher: Logits, student: Logits) -> Scalar:
    """Squared logit distance: squared difference of label-centred logits, summed over labels, mean over inputs.

    Symmetric. Four times KL(teacher || student) is never more (theorem T6 of the catalogue).
    """
    difference = teacher - student
    return (difference - difference.mean(-1, keepdim=True)).square().sum(-1).mean()
