r"""Losses that divide the logits of each input by their spread: they cannot tell a z + c from z.

With s(z) the standard deviation over labels (dividing by k) and T = 2, both are of the divergence

.. math:: KL\Big(\mathrm{softmax}\frac{z}{T s(z)}\,\Big\|\,\mathrm{softmax}\frac{z'}{T s(z')}\Big),

which vanishes at z' = 5 z + 7, another distribution: neither bounds the logit distance (theorem T13 of the catalogue).
It is computed in float64, since s(z)^2 may multiply its rounding.

References
----------
S. Sun et al. (2024). "Logit standardization in knowledge distillation". CVPR, arXiv:2403.01427.
Z. Chi et al. (2023). "NormKD: normalized logits for knowledge distillation". arXiv:2308.00520.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from empirics.losses.registry import Logits, Scalar, distillation_loss
from empirics.losses.softmax import kl_per_input

TEMPERATURE = 2.0  # T above, that of the references
_FLOOR = 1e-4  # added to deviations in quadrature: constant logits have no direction, and the root no slope at zero


@distillation_loss(zero_set="scale", shift_invariant=True)
def standardised(teacher: Logits, student: Logits) -> Scalar:
    """4 KL(teacher || student) of z-scores at temperature 2: logit standardisation."""
    weight = TEMPERATURE**2
    return (weight * standardised_kl(teacher, student)).mean().to(student.dtype)


@distillation_loss(zero_set="scale", shift_invariant=True)
def normkd(teacher: Logits, student: Logits) -> Scalar:
    """T^2 KL(teacher || student) at temperature T = 2 s(z), of each model and input its own: NormKD.

    The factor is the teacher's T^2, so a student gains nothing by small logits.
    """
    weight = (TEMPERATURE * spread(teacher.double())).square().squeeze(-1)
    return (weight * standardised_kl(teacher, student)).mean().to(student.dtype)


def standardised_kl(teacher: Logits, student: Logits) -> Float[Tensor, " n"]:
    """KL(teacher || student) of softmaxes of z/(2 s(z)), of each input, in float64."""
    scores = (logits.double() / (TEMPERATURE * spread(logits.double())) for logits in (teacher, student))
    return kl_per_input(*scores)


def spread(logits: Logits) -> Float[Tensor, "n 1"]:
    """Standard deviation over labels, smoothed at zero."""
    return (logits.var(-1, correction=0, keepdim=True) + _FLOOR**2).sqrt()
