"""Training: one loop for teachers, who see labels, and for students, who see only a teacher's logits.

Training is in float32, on one thread and from seeds: the same arguments give the same networks bit for bit, whether
trained in one go or resumed, and neither torch's random state nor its number of threads is changed for the caller. A
GPU is used where there is one; its results differ from the processor's by rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int
from torch import Tensor
from torch.nn import functional

from empirics import checkpoints
from empirics.calibration import accuracy
from empirics.data.dataset import Dataset, Part, require_seed
from empirics.losses import Loss
from empirics.networks import Architecture, Network, build, evaluate
from theory.errors import InvalidInput
from theory.measures.similarities import mean_cca
from theory.models import Model

BatchLoss: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor], list[Tensor]]
"""From rows (copies, b), inputs (copies, b, d), embeddings (copies, b, m) and logits (copies, b, k) of a batch to one
scalar for each copy, to be minimised."""

Watch: TypeAlias = Callable[[Network], Float64[np.ndarray, "2 copies"]]
"""From the network to its accuracies and its m_CCA with the teacher, nan for teachers."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told the number of epochs done and the number of epochs in all, after each."""

_WARM_UP = 0.3  # share of the steps in which the rate rises
_START, _END = 1 / 25, 1e-5  # the first and the last rate, in units of the peak
_SIGHTINGS = 20  # points of a curve
_WATCHED = 1000  # validation inputs that curves are of
_CHECKPOINT_SECONDS = 20.0  # lost at most when a run is killed; writing takes milliseconds


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to train, and how inputs are varied.

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
    mirror
        Whether images are mirrored left to right, each with probability one half.
    shift
        Pixels by which images are shifted at most, along both axes, all of a batch alike.
    """

    epochs: int
    batch_size: int | None
    peak_rate: float
    noise: float = 0.0
    mirror: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        if type(self.epochs) is not int or self.epochs < 1:
            raise InvalidInput(f"epochs: expected a positive integer, saw {self.epochs!r}")
        if self.batch_size is not None and (type(self.batch_size) is not int or self.batch_size < 1):
            raise InvalidInput(f"batch_size: expected a positive integer or None, saw {self.batch_size!r}")
        if not 0 < self.peak_rate < math.inf:
            raise InvalidInput(f"peak_rate: expected a positive number, saw {self.peak_rate!r}")
        if not 0 <= self.noise < math.inf:
            raise InvalidInput(f"noise: expected a non-negative number, saw {self.noise!r}")
        if type(self.shift) is not int or self.shift < 0:
            raise InvalidInput(f"shift: expected a non-negative integer, saw {self.shift!r}")

    @property
    def varies(self) -> bool:
        """Whether a network sees other inputs than those of the data set."""
        return bool(self.noise or self.mirror or self.shift)


@dataclass(frozen=True, eq=False)
class Curves:
    """How training went.

    Attributes
    ----------
    losses
        Shape (copies, epochs): mean training loss of each epoch.
    points
        Shape (p,): the numbers of epochs after which the networks were looked at, about twenty.
    sightings
        Shape (p, 2, copies): accuracy on (at most a thousand) validation inputs and, for students, m_CCA with the
        teacher there, else nan.
    """

    losses: Float64[np.ndarray, "copies epochs"]
    points: Int[np.ndarray, " p"]
    sightings: Float64[np.ndarray, "p 2 copies"]

    @classmethod
    def blank(cls, copies: int, epochs: int) -> Curves:
        """Return curves to be filled in."""
        points = np.unique(np.linspace(1, epochs, min(epochs, _SIGHTINGS)).round().astype(np.int64))
        return cls(np.full((copies, epochs), np.nan), points, np.full((len(points), 2, copies), np.nan))


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks that were trained side by side.

    Attributes
    ----------
    network
        In evaluation mode.
    curves
        How it went.
    core_seconds
        Processor time, over all runs where it was resumed.
    """

    network: Network
    curves: Curves
    core_seconds: float


def device() -> torch.device:
    """Return where networks are trained."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(
    dataset: Dataset,
    architecture: Architecture,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    concept_weight: float = 0.0,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train teachers on the labels, by cross-entropy.

    Parameters
    ----------
    seeds
        One for each teacher: determines its initialisation, order of batches and noise.
    concept_weight
        If positive, linear read-outs of the data set's concepts from the embedding are trained along, and this is the
        weight of their mean cross-entropy against that of the labels. They are not part of the model.
    checkpoint
        Where the state is kept between runs; the caller names it after all that determines the result.
    progress
        Called after every epoch.

    Raises
    ------
    InvalidInput
        If a seed is not usable, the checkpoint cannot be read, or training diverges.
    """
    with _one_thread():
        network = build(architecture, dataset, seeds)
        labels = _tensor(dataset.train.labels)
        readouts = _Readouts(dataset, architecture.dimension, len(seeds)) if concept_weight > 0 else None

        def objective(rows: Tensor, _: Tensor, embeddings: Tensor, logits: Tensor) -> list[Tensor]:
            values = [functional.cross_entropy(own, labels[r]) for own, r in zip(logits, rows, strict=True)]
            if readouts is not None:
                values = [v + concept_weight * c for v, c in zip(values, readouts(rows, embeddings), strict=True)]
            return values

        modules = {"network": network} | ({"readouts": readouts} if readouts is not None else {})
        watch = _watch(dataset.validation, None)
        return _minimise(modules, objective, dataset, recipe, seeds, watch, checkpoint, progress)


def distil(
    teacher: Network,
    loss: Loss,
    dataset: Dataset,
    architecture: Architecture,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train students on one teacher's logits, without labels.

    Parameters
    ----------
    teacher
        A single copy; it labels the very inputs, noise included, that the students see.
    loss
        What a student pays.
    seeds
        One for each student: determines its initialisation, order of batches and noise, whatever the loss, so that
        students of one seed differ by their loss alone. With the teacher's own seed and architecture a student would
        start where the teacher started, hence near its representation: use others.
    checkpoint, progress
        As for `train`.

    Raises
    ------
    InvalidInput
        If a seed is not usable, the checkpoint cannot be read, or training diverges.
    """
    with _one_thread():
        network = build(architecture, dataset, seeds)
        inputs = _tensor(dataset.train.inputs)
        known = _logits(teacher, inputs)
        distance = loss.fitted(known)

        def objective(rows: Tensor, batch: Tensor, _: Tensor, logits: Tensor) -> list[Tensor]:
            targets = known[rows] if not recipe.varies else _logits(teacher, batch.flatten(0, 1)).view_as(logits)
            return [distance(target, own) for target, own in zip(targets, logits, strict=True)]

        watch = _watch(dataset.validation, teacher)
        return _minimise({"network": network}, objective, dataset, recipe, seeds, watch, checkpoint, progress)


def _minimise(
    modules: Mapping[str, torch.nn.Module],
    objective: BatchLoss,
    dataset: Dataset,
    recipe: Recipe,
    seeds: Sequence[int],
    watch: Watch,
    checkpoint: Path | None,
    progress: Progress | None,
) -> Trained:
    """Minimise every copy's objective over its own parameters, in place."""
    network = modules["network"]
    assert isinstance(network, Network)
    inputs = _tensor(dataset.train.inputs)
    parameters = {
        f"{name}.{key}": value
        for name, module in modules.items()
        for key, value in module.to(device()).named_parameters()
    }
    optimiser = torch.optim.Adam(parameters.values(), lr=torch.tensor(recipe.peak_rate), fused=True)
    steps = math.ceil(len(inputs) / (recipe.batch_size or len(inputs)))
    curves = Curves.blank(len(seeds), recipe.epochs)
    done, spent = _restore(checkpoint, parameters, optimiser, curves)
    began, written = time.process_time() - spent, time.monotonic()
    for epoch in range(done, recipe.epochs):
        total = np.zeros(len(seeds))
        for step, (rows, batch) in enumerate(_batches(inputs, dataset.image, recipe, seeds, epoch)):
            rate = recipe.peak_rate * one_cycle((epoch * steps + step) / (recipe.epochs * steps))
            optimiser.param_groups[0]["lr"].fill_(rate)
            embeddings = network.encoder(batch)
            values = torch.stack(objective(rows, batch, embeddings, network.logits(embeddings)))
            optimiser.zero_grad()
            torch.autograd.backward(values.sum())  # copies share no parameter: each gets the gradient of its own
            optimiser.step()
            total += values.detach().double().cpu().numpy() * rows.shape[1]
        if not np.isfinite(total).all():
            raise InvalidInput(f"training diverged in epoch {epoch + 1}: its loss is not finite")
        curves.losses[:, epoch] = total / len(inputs)
        if epoch + 1 in curves.points:
            curves.sightings[curves.points == epoch + 1] = watch(network)
        last = epoch + 1 == recipe.epochs
        if checkpoint is not None and (last or time.monotonic() - written > _CHECKPOINT_SECONDS):
            _save(checkpoint, parameters, optimiser, curves, epoch + 1, time.process_time() - began)
            written = time.monotonic()
        if progress is not None:
            progress(epoch + 1, recipe.epochs)
    network.requires_grad_(False).eval()
    return Trained(network, curves, time.process_time() - began)


def one_cycle(progress: float) -> float:
    """Return the learning rate in units of its peak, half a cosine up from 1/25 and half a cosine down to 1e-5.

    Parameters
    ----------
    progress
        Share of the steps that are done, in [0, 1].

    References
    ----------
    L. N. Smith, N. Topin (2017), arXiv 1708.07120.
    """
    if progress < _WARM_UP:
        low, position = _START, 1 - progress / _WARM_UP
    else:
        low, position = _END, (progress - _WARM_UP) / (1 - _WARM_UP)
    return low + (1 - low) * (1 + math.cos(math.pi * position)) / 2


def _batches(
    inputs: Float32[Tensor, "n d"],
    image: tuple[int, int, int] | None,
    recipe: Recipe,
    seeds: Sequence[int],
    epoch: int,
) -> Iterator[tuple[Int[Tensor, "copies b"], Float32[Tensor, "copies b d"]]]:
    """Yield an epoch's batches, one row of them for each seed.

    All that is random in an epoch follows from the seed and its number: nothing of it has to be kept in checkpoints.
    """
    generators = [torch.Generator().manual_seed(_mixed(seed, epoch)) for seed in seeds]
    orders = torch.stack([torch.randperm(len(inputs), generator=generator) for generator in generators])
    for rows in orders.split(recipe.batch_size or len(inputs), dim=1):
        batch = [
            _varied(inputs[own], image, recipe, g) for own, g in zip(rows.to(inputs.device), generators, strict=True)
        ]
        yield rows.to(inputs.device), torch.stack(batch)


def _mixed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([require_seed(seed), epoch]).generate_state(1, np.uint64)[0] >> 1)


def _varied(
    batch: Float32[Tensor, "b d"], image: tuple[int, int, int] | None, recipe: Recipe, generator: torch.Generator
) -> Float32[Tensor, "b d"]:
    """Return inputs mirrored, shifted and noisy as the recipe has it."""
    if (recipe.mirror or recipe.shift) and image is not None:
        images = batch.unflatten(-1, image)
        if recipe.mirror:
            chosen = torch.rand(len(batch), generator=generator) < 0.5
            images = torch.where(chosen.to(batch.device)[:, None, None, None], images.flip(-1), images)
        if recipe.shift:
            down, right = (
                int(i) - recipe.shift for i in torch.randint(2 * recipe.shift + 1, (2,), generator=generator)
            )
            height, width = image[1:]
            padded = functional.pad(images, (recipe.shift,) * 4)
            top, left = recipe.shift + down, recipe.shift + right
            images = padded[..., top : top + height, left : left + width]
        batch = images.flatten(1)
    if recipe.noise:
        batch = batch + recipe.noise * torch.randn(batch.shape, generator=generator).to(batch.device)
    return batch


class _Readouts(torch.nn.Module):
    """Linear read-outs of concepts from the embeddings, for each copy its own."""

    def __init__(self, dataset: Dataset, dimension: int, copies: int) -> None:
        super().__init__()
        if not dataset.concepts:
            raise InvalidInput(f"concept_weight: expected 0, because {dataset.name} has no concepts")
        self.targets = _tensor(dataset.train.concepts)
        self.sizes = [len(concept.values) for concept in dataset.concepts]
        self.weights = torch.nn.Parameter(torch.zeros(copies, dimension, sum(self.sizes)))
        self.biases = torch.nn.Parameter(torch.zeros(copies, 1, sum(self.sizes)))

    def forward(self, rows: Tensor, embeddings: Tensor) -> list[Tensor]:
        """Return for each copy the mean cross-entropy of all concepts."""
        scores = torch.baddbmm(self.biases, embeddings, self.weights)
        means = []
        for own, chosen in zip(scores, rows, strict=True):
            parts = zip(own.split(self.sizes, dim=-1), self.targets[chosen].T, strict=True)
            means.append(torch.stack([functional.cross_entropy(part, target) for part, target in parts]).mean())
        return means


def _watch(part: Part, teacher: Network | None) -> Watch:
    chosen = part.spread(_WATCHED)
    inputs, labels = _tensor(part.inputs[chosen]), part.labels[chosen]
    reference = None if teacher is None else evaluate(teacher, inputs)[0]

    def look(network: Network) -> Float64[np.ndarray, "2 copies"]:
        models = evaluate(network, inputs)
        return np.array(
            [[accuracy(m, labels) for m in models], [_correlation(reference, m) for m in models]], dtype=np.float64
        )

    return look


def _correlation(teacher: Model | None, student: Model) -> float:
    if teacher is None or student.m > teacher.m:  # by convention it would be low, whatever the student
        return math.nan
    try:
        return float(mean_cca(teacher.embeddings, student.embeddings))
    except InvalidInput:  # embeddings that are constant, as before the first steps they may be
        return math.nan


@torch.no_grad()
def _logits(network: Network, inputs: Float32[Tensor, "n d"]) -> Float32[Tensor, "n k"]:
    """Return the logits of a single copy."""
    parts: list[Tensor] = [network(part[None])[0] for part in inputs.split(4096)]
    return torch.cat(parts)


def _tensor(array: np.ndarray) -> Tensor:
    """Return a copy where networks are trained: the arrays are read-only, which tensors cannot be."""
    return torch.tensor(array).to(device())


def _save(
    path: Path,
    parameters: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
    curves: Curves,
    epochs: int,
    core_seconds: float,
) -> None:
    moments = {
        f"{key}.{name}": value
        for name, parameter in parameters.items()
        for key, value in optimiser.state[parameter].items()
    }
    progress = {"epochs": torch.tensor(epochs), "core_seconds": torch.tensor(core_seconds, dtype=torch.float64)}
    curve = {"losses": torch.tensor(curves.losses), "sightings": torch.tensor(curves.sightings)}
    checkpoints.save(path, {**parameters, **moments, **progress, **curve})


def _restore(
    path: Path | None, parameters: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, curves: Curves
) -> tuple[int, float]:
    """Put back what `_save` kept, if anything; return the epochs done and the processor time they took."""
    kept = None if path is None else checkpoints.load(path)
    if kept is None:
        return 0, 0.0
    try:
        with torch.no_grad():
            for name, parameter in parameters.items():
                if kept[name].shape != parameter.shape:  # copy_ would repeat what is smaller
                    raise ValueError(f"{name} of shape {tuple(kept[name].shape)}")
                parameter.copy_(kept[name])
                optimiser.state[parameter] = {
                    key: kept[f"{key}.{name}"].to(device() if key != "step" else "cpu")
                    for key in ("step", "exp_avg", "exp_avg_sq")
                }
        curves.losses[...], curves.sightings[...] = kept["losses"].numpy(), kept["sightings"].numpy()
        return int(kept["epochs"]), float(kept["core_seconds"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise InvalidInput(f"{path}: a checkpoint of something else ({error}); remove it to train anew") from None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hold torch to one thread inside the block.

    Sums are reordered when their parts are shared out, and networks of this size are slower on several.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
