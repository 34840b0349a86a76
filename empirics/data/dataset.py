"""Labelled data in parts: what is trained on, what choices are made on, what is measured on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float32, Int

from theory.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Part:
    """Inputs with what is known of each.

    Parameters
    ----------
    inputs
        Shape (n, d), finite, one row per input; held as read-only float32, the precision of training.
    labels
        Shape (n,), integers from 0 on.
    concepts
        Shape (n, c), integers from 0 on, one column per concept; by default none.

    Raises
    ------
    InvalidInput
        If the shapes do not fit together, an input is not finite, or labels or concepts are not such integers.
    """

    inputs: Float32[np.ndarray, "n d"]
    labels: Int[np.ndarray, " n"]
    concepts: Int[np.ndarray, "n c"] = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))

    def __post_init__(self) -> None:
        inputs = np.asarray(self.inputs)
        if inputs.ndim != 2 or inputs.size == 0:
            raise InvalidInput(f"inputs: expected shape (n, d), n and d >= 1, saw shape {inputs.shape}")
        if inputs.dtype.kind not in "iuf":
            raise InvalidInput(f"inputs: expected real numbers, saw dtype {inputs.dtype}")
        with np.errstate(over="ignore"):  # what overflows float32 is refused below
            inputs = _frozen(inputs, np.float32)
        if not np.isfinite(inputs).all():
            raise InvalidInput("inputs: expected numbers finite in float32")
        n = len(inputs)
        labels = np.asarray(self.labels)
        if labels.shape != (n,) or labels.dtype.kind not in "iu" or labels.min() < 0:
            raise InvalidInput(
                f"labels: expected {n} integers from 0 on, one per row of inputs, saw {_described(labels)}"
            )
        concepts = np.asarray(self.concepts)
        if concepts.size == 0:
            concepts = np.empty((n, 0), dtype=np.int64)
        if concepts.ndim != 2 or len(concepts) != n or concepts.dtype.kind not in "iu" or concepts.min(initial=0) < 0:
            raise InvalidInput(
                f"concepts: expected integers from 0 on, {n} rows like inputs, one column per concept, "
                f"saw {_described(concepts)}"
            )
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "labels", _frozen(labels, np.int64))
        object.__setattr__(self, "concepts", _frozen(concepts, np.int64))

    @property
    def n(self) -> int:
        """Number of inputs."""
        return len(self.inputs)

    def spread(self, count: int) -> Int[np.ndarray, " r"]:
        """Return at most `count` row numbers, evenly spread: parts may be sorted by what they show."""
        return np.linspace(0, self.n - 1, min(count, self.n)).round().astype(np.int64)

    def rows(self, chosen: Int[np.ndarray, " r"]) -> Part:
        """Return the part that consists of these rows."""
        return Part(self.inputs[chosen], self.labels[chosen], self.concepts[chosen])


@dataclass(frozen=True)
class Concept:
    """A property of inputs that a linear probe may be asked to read.

    Attributes
    ----------
    name
        How reports call it.
    values
        What its integers 0, 1, ... stand for.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification data set.

    Parameters
    ----------
    name
        How reports call it.
    train, validation, test
        Networks are trained on the first, choices (of a probe's regularisation) are made on the second, figures are of
        the third.
    concepts
        One for each column of the parts' concepts.
    image
        (channels, height, width) where the d features of an input are the pixels of an image in this order.
    others
        Further parts to be measured on, by name: inputs of another distribution than the test part's.

    Raises
    ------
    InvalidInput
        If the parts do not fit together, some label 0 ... k - 1 does not occur in training, or there are others.
    """

    name: str
    train: Part
    validation: Part
    test: Part
    concepts: tuple[Concept, ...] = ()
    image: tuple[int, int, int] | None = None
    others: Mapping[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", MappingProxyType(dict(self.others)))
        seen = np.unique(self.train.labels)
        if not np.array_equal(seen, np.arange(len(seen))) or len(seen) < 2:
            raise InvalidInput(f"train: expected every label 0 ... k - 1 to occur, k >= 2, saw {_few(seen)}")
        if self.image is not None and math.prod(self.image) != self.d:
            raise InvalidInput(f"image: expected channels, height and width of {self.d} pixels, saw {self.image}")
        for name, part in self.parts.items():
            if part.inputs.shape[1] != self.d:
                raise InvalidInput(
                    f"{name}: expected inputs of the {self.d} features of train, saw {part.inputs.shape[1]}"
                )
            if part.labels.max() >= self.k:
                raise InvalidInput(
                    f"{name}: expected labels that occur in training, saw {_few(np.unique(part.labels))}"
                )
            if part.concepts.shape[1] != len(self.concepts):
                raise InvalidInput(
                    f"{name}: expected a column for each of {len(self.concepts)} concepts, saw {part.concepts.shape[1]}"
                )
            for concept, column in zip(self.concepts, part.concepts.T, strict=True):
                if column.max() >= len(concept.values):
                    raise InvalidInput(
                        f"{name}: expected {concept.name} from 0 to {len(concept.values) - 1}, saw {column.max()}"
                    )

    @property
    def parts(self) -> Mapping[str, Part]:
        """All parts by name, those named in `others` last."""
        return {"train": self.train, "validation": self.validation, "test": self.test, **self.others}

    @property
    def d(self) -> int:
        """Number of features of an input."""
        return int(self.train.inputs.shape[1])

    @property
    def k(self) -> int:
        """Number of labels."""
        return int(self.train.labels.max()) + 1

    @property
    def fingerprint(self) -> str:
        """Hash of everything in it: equal for equal data, whatever it was read from."""
        digest = hashlib.sha256(repr((self.name, self.concepts, self.image)).encode())
        for name, part in self.parts.items():
            digest.update(repr((name, part.inputs.shape, part.concepts.shape)).encode())
            for array in (part.inputs, part.labels, part.concepts):
                digest.update(np.ascontiguousarray(array).reshape(-1).data)
        return digest.hexdigest()


def _frozen(array: np.ndarray, dtype: type[np.generic]) -> np.ndarray:
    """Copy, so that the caller may go on writing to theirs, and make read-only; what nobody may write to is shared."""
    if array.dtype == dtype and array.flags.owndata and array.flags.c_contiguous and not array.flags.writeable:
        return array
    copy = np.array(array, dtype=dtype)
    copy.setflags(write=False)
    return copy


def _described(array: np.ndarray) -> str:
    low = f", least value {array.min()}" if array.size and array.dtype.kind in "iu" else ""
    return f"shape {array.shape} and dtype {array.dtype}{low}"


def _few(labels: np.ndarray) -> str:
    return f"{len(labels)} labels from {labels.min()} to {labels.max()}"


def require_seed(seed: int) -> int:
    """Return `seed`, or raise `InvalidInput` unless it is a non-negative integer below 2^63.

    NumPy refuses negative seeds and torch those of 64 bits and more, each with a message of its own.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InvalidInput(f"seed: expected an integer from 0 to 2^63 - 1, saw {seed!r}")
    return int(seed)


def require_count(name: str, count: int, least: int = 1, most: int | None = None) -> int:
    """Return `count`, or raise `InvalidInput` unless it is an integer from `least` to `most`."""
    integral = isinstance(count, int | np.integer) and not isinstance(count, bool)
    if not integral or count < least or (most is not None and count > most):
        bounds = f"from {least} on" if most is None else f"from {least} to {most}"
        raise InvalidInput(f"{name}: expected an integer {bounds}, saw {count!r}")
    return int(count)


def thirds(measured: Float[np.ndarray, " n"], trained_on: Float[np.ndarray, " n1"]) -> Int[np.ndarray, " n"]:
    """Say of a measured property whether it is in the lowest (0), middle (1) or highest (2) third.

    Parameters
    ----------
    measured
        Shape (n,), finite.
    trained_on
        Shape (n1,): the same property of the training part alone, whose terciles are the cuts, so that nothing that is
        measured on enters them. What equals a cut is in the upper of the two thirds.

    Returns
    -------
    Shape (n,). Unequal thirds where many values are equal.
    """
    cuts = np.quantile(trained_on, [1 / 3, 2 / 3])
    return np.searchsorted(cuts, measured, side="right")


def stratified_split(
    labels: Int[np.ndarray, " n"], share: float, seed: int
) -> tuple[Int[np.ndarray, " n1"], Int[np.ndarray, " n2"]]:
    """Split the rows at random, label by label.

    Parameters
    ----------
    labels
        Shape (n,).
    share
        Fraction of each label's rows, to the nearest row, that goes to the second part; in (0, 1).
    seed
        Determines the split, together with the labels.

    Returns
    -------
    rest, chosen
        Row numbers, ascending; together they are every row once.

    Raises
    ------
    InvalidInput
        If `share` is not in (0, 1) or `seed` is not usable.
    """
    if not 0 < share < 1:
        raise InvalidInput(f"share: expected a number between 0 and 1, saw {share!r}")
    generator = np.random.default_rng(require_seed(seed))
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        chosen[generator.permutation(rows)[: round(share * len(rows))]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def split_in_three(whole: Part, validation: float, test: float, seed: int) -> tuple[Part, Part, Part]:
    """Split a part at random, label by label, into one to train on, one for choices and one to measure on.

    Parameters
    ----------
    whole
        What is split.
    validation, test
        Fractions of the rows for the second and the third; their sum is below 1.
    seed
        Determines the split, together with the labels.

    Raises
    ------
    InvalidInput
        If a fraction is not in (0, 1), or nothing is left to train on, or `seed` is not usable.
    """
    if not 0 < validation < 1 - test:
        raise InvalidInput(f"validation: expected a number between 0 and {1 - test:g}, saw {validation!r}")
    rest, held = stratified_split(whole.labels, test, seed)
    train, chosen = stratified_split(whole.labels[rest], validation / (1 - test), seed)
    return whole.rows(rest[train]), whole.rows(rest[chosen]), whole.rows(held)
