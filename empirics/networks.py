"""Networks with a bilinear head: logits f(x) . g(y), f an encoder and g the rows of a matrix without bias.

A bias would be one more column of G against a constant coordinate of f; without it (f, G) is the whole model. Several
copies of an architecture, started from different seeds, are held side by side and trained together: for small layers
one product of stacked matrices takes little longer than one of single matrices.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn import functional

from empirics.data.dataset import Dataset, require_seed
from theory.errors import InvalidInput
from theory.models import Model

_ROWS = 4096  # inputs that are embedded at a time, which bounds the memory that activations take


class Network(nn.Module):
    """Independent softmax models p(y|x) = softmax_y(f(x) . g(y)) side by side.

    Parameters
    ----------
    encoder
        f, from inputs (copies, n, d) to embeddings (copies, n, m).
    unembeddings
        G, shape (copies, k, m).
    """

    def __init__(self, encoder: nn.Module, unembeddings: Float32[Tensor, "copies k m"]) -> None:
        super().__init__()
        self.encoder = encoder
        self.unembeddings = nn.Parameter(unembeddings)

    @property
    def copies(self) -> int:
        """Number of models."""
        return len(self.unembeddings)

    def forward(self, inputs: Float32[Tensor, "copies n d"]) -> Float32[Tensor, "copies n k"]:
        """Return the raw logits of each model on its own inputs."""
        return self.logits(self.encoder(inputs))

    def logits(self, embeddings: Float32[Tensor, "copies n m"]) -> Float32[Tensor, "copies n k"]:
        """Return the raw logits that embeddings have under each model's unembeddings."""
        return torch.bmm(embeddings, self.unembeddings.mT)


class Architecture(Protocol):
    """What can be built for a data set: one encoder a seed."""

    @property
    def dimension(self) -> int:
        """m, the dimension of the embedding."""
        ...

    def encoder(self, dataset: Dataset, seeds: Sequence[int]) -> nn.Module:
        """Return encoders of the inputs side by side, each initialised from its seed."""
        ...


@dataclass(frozen=True)
class Perceptron:
    """A multilayer perceptron with rectified hidden layers and a linear embedding.

    On frozen features, (2048,) hidden units of 768 features are the head of the paper's experiment on birds.

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
        _require_widths("hidden", self.hidden)
        _require_widths("dimension", (self.dimension,))

    def encoder(self, dataset: Dataset, seeds: Sequence[int]) -> nn.Module:
        """Return perceptrons side by side."""
        widths = (dataset.d, *self.hidden, self.dimension)

        def one() -> list[nn.Linear]:
            return [nn.Linear(wide, narrow) for wide, narrow in itertools.pairwise(widths)]

        return _StackedPerceptrons(_started(one, seeds))


@dataclass(frozen=True)
class ResidualNetwork:
    """A small residual convolutional network on images, with a linear embedding of the pooled features.

    A convolution with stride, then for each width a residual block of two convolutions, the image halved before every
    block but the first. Groups are normalised, not batches: the network stays one function of one input, the same in
    training and after it.

    Attributes
    ----------
    widths
        Channels of the blocks, multiples of eight.
    dimension
        m, the dimension of the embedding.
    stride
        Of the first convolution; 2 makes everything after it four times cheaper.
    """

    widths: tuple[int, ...]
    dimension: int
    stride: int = 2

    def __post_init__(self) -> None:
        _require_widths("widths", self.widths)
        _require_widths("dimension and stride", (self.dimension, self.stride))
        if not self.widths or any(width % 8 for width in self.widths):
            raise InvalidInput(f"widths: expected at least one, each a multiple of 8, saw {self.widths}")

    def encoder(self, dataset: Dataset, seeds: Sequence[int]) -> nn.Module:
        """Return convolutional encoders side by side.

        Raises
        ------
        InvalidInput
            If the inputs are not images.
        """
        image = dataset.image
        if image is None:
            raise InvalidInput(f"dataset: expected images for a convolutional network, saw {dataset.name}")
        return _Copies(_started(lambda: _ResidualEncoder(self, image), seeds))


def build(architecture: Architecture, dataset: Dataset, seeds: Sequence[int]) -> Network:
    """Return untrained models of an architecture side by side.

    Parameters
    ----------
    architecture
        Of all of them.
    dataset
        Has the inputs and the number of labels.
    seeds
        One for each model: it starts the same alone and in any company.

    Raises
    ------
    InvalidInput
        If there is no seed, or one is not usable.
    """
    if not seeds:
        raise InvalidInput("seeds: expected at least one, saw none")
    encoder = architecture.encoder(dataset, seeds)
    # Rows N(0, I), not uniform in a box of side 2 / sqrt(m) as by default in torch: a student has to reach its
    # teacher's logits, and from rows half as long its embeddings must grow twice as far (on digits, L2 students lose a
    # point of accuracy).
    heads = _started(lambda: torch.randn(dataset.k, architecture.dimension), [seed ^ 1 << 62 for seed in seeds])
    return Network(encoder, torch.stack(heads))


@torch.no_grad()
def evaluate(network: Network, inputs: Float[Tensor, "n d"]) -> tuple[Model, ...]:
    """Return the models that `network` holds, on these inputs: embeddings (n, m) and unembeddings (k, m) in float64.

    Raises
    ------
    InvalidInput
        If a network is not finite there: training has diverged.
    """
    parts = [network.encoder(part.expand(network.copies, -1, -1)) for part in inputs.split(_ROWS)]
    embeddings = torch.cat(parts, dim=1).double().cpu().numpy()
    return tuple(
        Model(own, rows) for own, rows in zip(embeddings, network.unembeddings.double().cpu().numpy(), strict=True)
    )


class _StackedPerceptrons(nn.Module):
    """Perceptrons of one shape, each layer's matrices stacked."""

    def __init__(self, copies: list[list[nn.Linear]]) -> None:
        super().__init__()
        layers = list(zip(*copies, strict=True))
        self.weights = nn.ParameterList(torch.stack([layer.weight.detach().T for layer in same]) for same in layers)
        self.biases = nn.ParameterList(torch.stack([layer.bias.detach()[None] for layer in same]) for same in layers)

    def forward(self, inputs: Float32[Tensor, "copies n d"]) -> Float32[Tensor, "copies n m"]:
        hidden = inputs
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            # The embedding is not rectified: it must reach every direction of its space.
            hidden = torch.baddbmm(bias, functional.relu(hidden) if depth else hidden, weight)
        return hidden


class _Copies(nn.Module):
    """Encoders side by side that have nothing to gain from being stacked."""

    def __init__(self, copies: list[nn.Module]) -> None:
        super().__init__()
        self.copies = nn.ModuleList(copies)

    def forward(self, inputs: Float32[Tensor, "copies n d"]) -> Float32[Tensor, "copies n m"]:
        return torch.stack([encoder(own) for encoder, own in zip(self.copies, inputs, strict=True)])


class _ResidualEncoder(nn.Module):
    def __init__(self, shape: ResidualNetwork, image: tuple[int, int, int]) -> None:
        super().__init__()
        self.image = image
        first = shape.widths[0]
        self.stem = nn.Conv2d(image[0], first, 3, stride=shape.stride, padding=1)
        self.blocks = nn.Sequential(
            *(
                _Block(before, width, 1 if depth == 0 else 2)
                for depth, (before, width) in enumerate(itertools.pairwise((first, *shape.widths)))
            )
        )
        self.embed = nn.Linear(shape.widths[-1], shape.dimension)

    def forward(self, inputs: Float32[Tensor, "n d"]) -> Float32[Tensor, "n m"]:
        images = inputs.unflatten(-1, self.image).contiguous(memory_format=torch.channels_last)
        features = self.blocks(self.stem(images))
        embeddings: Tensor = self.embed(functional.relu(features).mean(dim=(-2, -1)))
        return embeddings


class _Block(nn.Module):
    """x + two convolutions of the rectified, normalised x."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.GroupNorm(before // 8, before), nn.GroupNorm(width // 8, width)
        self.first = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        same = before == width and stride == 1
        self.skip = nn.Identity() if same else nn.Conv2d(before, width, 1, stride=stride, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        hidden = functional.relu(self.first_norm(images))
        changed: Tensor = self.second(functional.relu(self.second_norm(self.first(hidden))))
        kept: Tensor = self.skip(images)
        return kept + changed


T = TypeVar("T")


def _started(make: Callable[[], T], seeds: Sequence[int]) -> list[T]:
    """Return what `make` makes with torch's random state set by each seed, and leave that state as it was."""
    made, default = [], torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)  # whatever it is in the caller's program: draws depend on it
    try:
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(require_seed(seed))
                made.append(make())
    finally:
        torch.set_default_dtype(default)
    return made


def _require_widths(name: str, widths: tuple[int, ...]) -> None:
    if not isinstance(widths, tuple) or not all(type(width) is int and width >= 1 for width in widths):
        raise InvalidInput(f"{name}: expected positive integers, saw {widths!r}")
