"""The data sets by name, as commands and configurations ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from empirics.data import cifar, features, idx
from empirics.data.dataset import Dataset
from empirics.data.digits import digits
from empirics.data.rendered import rendered
from empirics.data.spirals import spirals, spirals_extrapolation, spirals_few_labels, spirals_interpolation
from theory.errors import InvalidInput


@dataclass(frozen=True)
class Option:
    """What a source may be told.

    Attributes
    ----------
    default
        Its value if nothing is said.
    meaning
        What it is, in a few words.
    """

    default: Any
    meaning: str


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Attributes
    ----------
    name
        How it is asked for.
    title
        What it is, in a few words.
    read
        Called as ``read(seed=..., **options)``, and with ``folder=...`` too if it needs one.
    where
        Where to get the data, if it is read from a folder or a file of the user's; empty if it is made here or comes
        with a package.
    options
        What else `read` takes, by name.
    """

    name: str
    title: str
    read: Callable[..., Dataset]
    where: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    @property
    def needs_folder(self) -> bool:
        """Whether the data are read from a folder or a file of the user's."""
        return bool(self.where)

    def load(self, seed: int = 0, folder: Path | None = None, **options: Any) -> Dataset:
        """Make or read the data set.

        Parameters
        ----------
        seed
            Determines what is drawn at random: a split at least.
        folder
            Where the data are, if the source needs to be told; for `features` it is a file.
        **options
            By name; those left out have their defaults.

        Raises
        ------
        InvalidInput
            If a folder is missing or not needed, an option is not known, or the data set refuses its arguments.
        """
        if self.needs_folder and folder is None:
            raise InvalidInput(f"--data-dir: expected where the data of '{self.name}' are, saw nothing. {self.where}")
        if not self.needs_folder and folder is not None:
            raise InvalidInput(f"--data-dir: expected nothing, as '{self.name}' reads no files, saw '{folder}'")
        unknown = sorted(options.keys() - self.options.keys())
        if unknown:
            known = ", ".join(sorted(self.options)) or "none"
            raise InvalidInput(f"options: those of '{self.name}' are {known}, saw {', '.join(unknown)}")
        where = {} if folder is None else {"folder": Path(folder)}
        return self.read(seed=seed, **where, **options)


_RADII = Option(1000, "points per arm, from 10 on")
_LIMIT = Option(None, "images to take for training and choices, and for measuring; all by default")

_SOURCES = (
    Source("spirals", "7 labels on 28 spiral arms of the plane", spirals, options={"radii": _RADII}),
    Source(
        "spirals-interpolation",
        "the spirals without a ring, which is measured on",
        spirals_interpolation,
        options={"radii": _RADII},
    ),
    Source(
        "spirals-extrapolation",
        "a ring of the spirals; what is inside and outside is measured on",
        spirals_extrapolation,
        options={"radii": _RADII},
    ),
    Source(
        "spirals-few-labels",
        "the spirals with few points to train on",
        spirals_few_labels,
        options={"radii": _RADII, "per_label": Option(70, "points of each label to train on")},
    ),
    Source("digits", "1,797 handwritten digits, 8 x 8", digits),
    Source(
        "rendered",
        "12 shapes with 6 known attributes, 24 x 24 in colour; combinations never trained on are measured on",
        rendered,
        options={
            "count": Option(12_000, "images to train on, choose on and measure on together, from 240 on"),
            "held_out": Option("colour", "the attribute of which each shape is trained without one value"),
        },
    ),
    Source(
        "cifar100",
        "CIFAR-100, photographs of 32 x 32 in colour, with superclasses",
        cifar.cifar100,
        cifar.WHERE,
        {"limit": _LIMIT},
    ),
    Source(
        "fashion-mnist",
        "Fashion-MNIST, 70,000 pictures of clothes, 28 x 28",
        idx.fashion_mnist,
        idx.WHERE_FASHION_MNIST,
        {"limit": _LIMIT},
    ),
    Source(
        "idx",
        "any images in the layout of MNIST",
        idx.idx,
        idx.WHERE,
        {"limit": _LIMIT},
    ),
    Source("features", "features that a frozen network made, in a file of arrays", features.features, features.WHERE),
)

DATASETS: Mapping[str, Source] = MappingProxyType({source.name: source for source in _SOURCES})
"""The sources by name."""


def dataset_named(name: str, seed: int = 0, folder: Path | None = None, **options: Any) -> Dataset:
    """Make or read the data set of this name.

    Parameters
    ----------
    name
        One of `DATASETS`.
    seed, folder, **options
        See `Source.load`.

    Raises
    ------
    InvalidInput
        If there is none of this name (the message lists them), or `Source.load` refuses what it is given.
    """
    if name not in DATASETS:
        raise InvalidInput(f"data set: expected one of {', '.join(sorted(DATASETS))}, saw {name!r}")
    return DATASETS[name].load(seed, folder, **options)
