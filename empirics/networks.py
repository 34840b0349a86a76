"""Networks with a bilinear head: logits f(x) . g(y), f an encoder and g the rows of a matrix without bias.

A bias would be one more column of G against a constant coordinate of f; without it (f, G) is the whole model.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from theory.errors import InvalidInput
from theory.models import Model


class Network(nn.Module):
    """A softmax model p(y|x) = softmax_y(f(x) . g(y)).

    Parameters
    ----------
    encoder
        f, from inputs (n, d) to embeddings (n, m).
    dimension
        m.
    labels
        k.
    """

    def __init__(self, encoder: nn.Module, dimension: int, labels: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(dimension, labels, bias=False, dtype=torch.float32)
        # Rows N(0, I), not uniform in a box of side 2 / sqrt(m) as by default: a student has to reach its teacher's
        # logits, and from rows half as long its embeddings must grow twice as far (on digits, L2 students lose a
        # point of accuracy).
        nn.init.normal_(self.head.weight)

    def forward(self, inputs: Float32[Tensor, "n d"]) -> Float32[Tensor, "n k"]:
        """Return the raw logits."""
        logits: Tensor = self.head(self.encoder(inputs))
        return logits


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron with rectified hidden layers and a linear embedding.

    Attributes
    ----------
    hidden
        Widths of the hidden layers, from the input on.
    dimension
        m, the dimension of the embedding.
    """

    hidden: tuple[int, ...]
    dimension: int

    def __post_init__(self) -> None:
        for name, widths in (("hidden", self.hidden), ("dimension", (self.dimension,))):
            if not isinstance(widths, tuple) or not all(type(width) is int and width >= 1 for width in widths):
                raise InvalidInput(f"{name}: expected positive integers, saw {getattr(self, name)!r}")

    def build(self, features: int, labels: int) -> Network:
        """Return a network on `features` inputs, initialised from torch's global random state."""
        layers: list[nn.Module] = []
        for wide, narrow in itertools.pairwise((features, *self.hidden)):
            layers += [nn.Linear(wide, narrow, dtype=torch.float32), nn.ReLU()]
        # Not rectified: the embedding must reach every direction of the plane.
        layers.append(nn.Linear((features, *self.hidden)[-1], self.dimension, dtype=torch.float32))
        return Network(nn.Sequential(*layers), self.dimension, labels)


@torch.no_grad()
def evaluate(network: Network, inputs: Float[Tensor, "n d"]) -> Model:
    """Return the model that `network` is on these inputs: embeddings (n, m) and unembeddings (k, m) in float64.

    Raises
    ------
    InvalidInput
        If the network is not finite there: training has diverged.
    """
    return Model(network.encoder(inputs).double().numpy(), network.head.weight.double().numpy())
