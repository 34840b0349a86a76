"""Training: one loop for teachers, who see labels, and for students, who see only a teacher's logits.

Training is in float32, on one thread and from a seed: the same arguments give the same network bit for bit, and
neither torch's random state nor its number of threads is changed for the caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32, Int
from torch import Tensor
from torch.nn import functional

from empirics.data import Dataset, require_seed
from empirics.losses import loss_named
from empirics.networks import Architecture, Network, evaluate
from theory.errors import InvalidInput
from theory.models import Model

Objective: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From a batch's inputs (b, d), labels (b,) and the network's logits (b, k) to the scalar to be minimised."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told the number of epochs done and the number of epochs in all, after each."""


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to train.

    Attributes
    ----------
    epochs
        Passes over the training inputs.
    batch_size
        Inputs per step, or None for all of them.
    peak_rate
        Adam's learning rate at the top of the one-cycle schedule, which starts at 1/25 of it, peaks after 30 % of
        the steps and ends near zero.
    noise
        Standard deviation of the Gaussian noise added to inputs, afresh in every step, in units of the inputs.
    """

    epochs: int
    batch_size: int | None
    peak_rate: float
    noise: float = 0.0

    def __post_init__(self) -> None:
        if type(self.epochs) is not int or self.epochs < 1:
            raise InvalidInput(f"epochs: expected a positive integer, saw {self.epochs!r}")
        if self.batch_size is not None and (type(self.batch_size) is not int or self.batch_size < 1):
            raise InvalidInput(f"batch_size: expected a positive integer or None, saw {self.batch_size!r}")
        if not 0 < self.peak_rate < math.inf:
            raise InvalidInput(f"peak_rate: expected a positive number, saw {self.peak_rate!r}")
        if not 0 <= self.noise < math.inf:
            raise InvalidInput(f"noise: expected a non-negative number, saw {self.noise!r}")


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network and what it is on the test inputs.

    Attributes
    ----------
    network
        In evaluation mode.
    model
        Embeddings (n', m) of the test inputs and unembeddings (k, m), in float64.
    accuracy
        Share of test inputs whose most probable label is theirs.
    """

    network: Network
    model: Model
    accuracy: float


def train(
    dataset: Dataset, architecture: Architecture, recipe: Recipe, seed: int, progress: Progress | None = None
) -> Trained:
    """Train a teacher on the labels, by cross-entropy.

    Parameters
    ----------
    seed
        Determines initialisation, order and noise.
    progress
        Called after every epoch.

    Raises
    ------
    InvalidInput
        If `seed` is not usable or training diverges.
    """
    return _trained(
        dataset, architecture, recipe, seed, lambda _, y, logits: functional.cross_entropy(logits, y), progress
    )


def distil(
    teacher: Network,
    loss: str,
    dataset: Dataset,
    architecture: Architecture,
    recipe: Recipe,
    seed: int,
    progress: Progress | None = None,
) -> Trained:
    """Train a student on the teacher's logits, without labels.

    Parameters
    ----------
    teacher
        In evaluation mode; it labels the very inputs, noise included, that the student sees.
    loss
        Name of a registered distillation loss.
    seed
        Determines initialisation, order and noise. With the teacher's own seed and architecture the student would
        start where the teacher started, hence near its representation: use another.
    progress
        Called after every epoch.

    Raises
    ------
    InvalidInput
        If there is no such loss, `seed` is not usable or training diverges.
    """
    distance = loss_named(loss)

    def objective(inputs: Tensor, _: Tensor, logits: Tensor) -> Tensor:
        with torch.no_grad():
            target = teacher(inputs)
        return distance(target, logits)

    return _trained(dataset, architecture, recipe, seed, objective, progress)


def _trained(
    dataset: Dataset,
    architecture: Architecture,
    recipe: Recipe,
    seed: int,
    objective: Objective,
    progress: Progress | None,
) -> Trained:
    with _reproducible(seed):
        network = architecture.build(dataset.d, dataset.k)
        # torch.tensor copies: the arrays are read-only, which tensors cannot be.
        _minimise(
            network, objective, torch.tensor(dataset.train_inputs), torch.tensor(dataset.train_labels), recipe, progress
        )
        model = evaluate(network, torch.tensor(dataset.test_inputs))
    right = model.top_label[np.arange(model.n), dataset.test_labels]
    return Trained(network, model, float(right.mean()))


def _minimise(
    network: Network,
    objective: Objective,
    inputs: Float32[Tensor, "n d"],
    labels: Int[Tensor, " n"],
    recipe: Recipe,
    progress: Progress | None,
) -> None:
    """Minimise the objective over the network's parameters, in place, and leave it in evaluation mode."""
    n = len(inputs)
    size = recipe.batch_size or n
    optimiser = torch.optim.Adam(network.parameters(), lr=recipe.peak_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.peak_rate, total_steps=recipe.epochs * math.ceil(n / size)
    )
    network.train()
    for epoch in range(recipe.epochs):
        for rows in torch.split(torch.randperm(n), size):
            batch = inputs[rows]
            batch = batch + recipe.noise * torch.randn_like(batch)
            optimiser.zero_grad()
            torch.autograd.backward(objective(batch, labels[rows], network(batch)))
            optimiser.step()
            schedule.step()
        if progress is not None:
            progress(epoch + 1, recipe.epochs)
    network.eval()


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seed torch and hold it to one thread inside the block; restore both after it.

    One thread because sums are reordered when their parts are shared out, and because networks of this size are
    slower on several.
    """
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(require_seed(seed))
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
