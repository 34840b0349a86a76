"""Distillation losses: what a student pays for logits that differ from its teacher's.

All take raw logits and no hard labels. A new loss is a function under `distillation_loss`; everything that trains or
lists losses finds it by its name. `empirics.losses.properties.check_loss` says what is wrong with one, and
`empirics.losses.files` loads those of a user's file.
"""

# Each module registers its losses when it is imported.
from empirics.losses import guaranteed, raw_logits, scale_free, softmax  # noqa: F401
from empirics.losses.registry import (
    Fitted,
    Logits,
    Loss,
    Scalar,
    ZeroSet,
    distillation_loss,
    loss_named,
    losses,
    registering_aside,
)

__all__ = [
    "Fitted",
    "Logits",
    "Loss",
    "Scalar",
    "ZeroSet",
    "distillation_loss",
    "loss_named",
    "losses",
    "registering_aside",
]
