"""Distillation losses: what a student pays for logits that differ from its teacher's.

All take raw logits at temperature 1 and no hard labels. A new loss is a function under `distillation_loss`;
everything that trains or lists losses finds it by its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from theory.errors import InvalidInput

Logits: TypeAlias = Float[Tensor, "n k"]
Scalar: TypeAlias = Float[Tensor, ""]


@dataclass(frozen=True)
class Loss:
    """A loss between a teacher's and a student's logits on the same inputs.

    Attributes
    ----------
    function
        Takes the teacher's and the student's logits, both (n, k), in this order; returns a scalar that does not
        grow with n.
    name, title
        How commands and reports call it.
    """

    function: Callable[[Logits, Logits], Scalar]
    name: str
    title: str

    def __call__(self, teacher: Logits, student: Logits) -> Scalar:
        """Evaluate the loss.

        Raises
        ------
        InvalidInput
            If the shapes differ: broadcasting would compare every input with every other.
        """
        if teacher.shape != student.shape:
            raise InvalidInput(
                f"student: expected logits of the teacher's shape {tuple(teacher.shape)}, saw {tuple(student.shape)}"
            )
        return self.function(teacher, student)


_REGISTRY: dict[str, Loss] = {}


def distillation_loss(function: Callable[[Logits, Logits], Scalar]) -> Loss:
    """Register a function of (teacher logits, student logits) as a loss under the function's name.

    The first line of its docstring becomes the title.

    Raises
    ------
    InvalidInput
        If the name is taken.
    """
    name = function.__name__
    if name in _REGISTRY:
        raise InvalidInput(f"{name}: a loss of this name is registered already")
    _REGISTRY[name] = Loss(function, name, (inspect.getdoc(function) or "").split("\n")[0])
    return _REGISTRY[name]


def losses() -> Mapping[str, Loss]:
    """Return every registered loss by name, read-only."""
    return MappingProxyType(_REGISTRY)


def loss_named(name: str) -> Loss:
    """Return the loss registered under `name`.

    Raises
    ------
    InvalidInput
        If there is none; the message lists those there are.
    """
    if name not in _REGISTRY:
        raise InvalidInput(f"loss: expected one of {', '.join(sorted(_REGISTRY))}, saw {name!r}")
    return _REGISTRY[name]


@distillation_loss
def kl(teacher: Logits, student: Logits) -> Scalar:
    """KL(teacher || student) in nats, mean over inputs.

    A training signal: its gradient, student minus teacher probabilities, is exact to rounding, while in float32
    its value loses all digits below about 1e-7. `theory.kl_divergence` measures.
    """
    return functional.kl_div(student.log_softmax(-1), teacher.log_softmax(-1), reduction="batchmean", log_target=True)


@distillation_loss
def l1(teacher: Logits, student: Logits) -> Scalar:
    """Absolute difference of raw logits, mean over inputs and labels."""
    return (teacher - student).abs().mean()


@distillation_loss
def l2(teacher: Logits, student: Logits) -> Scalar:
    """Squared difference of raw logits, summed over labels, mean over inputs.

    At least `centred_l2`: the rest, k times the squared mean difference, pays for a shift that leaves p unchanged.
    """
    return (teacher - student).square().sum(-1).mean()


@distillation_loss
def centred_l2(teacher: Logits, student: Logits) -> Scalar:
    """Squared logit distance: squared difference of label-centred logits, summed over labels, mean over inputs."""
    difference = teacher - student
    return (difference - difference.mean(-1, keepdim=True)).square().sum(-1).mean()
