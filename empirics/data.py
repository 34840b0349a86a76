"""Labelled data, split once into what is trained on and what is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from theory.errors import InvalidInput

_TEST_SHARE = 0.25  # 449 of the 1,797 digits: an accuracy of .98 is then known to within .7 points (one s.d.)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification data set.

    Parameters
    ----------
    name
        How reports call it.
    train_inputs, test_inputs
        Shapes (n, d) and (n', d), finite, one row per input; held as read-only float32, the precision of training.
    train_labels, test_labels
        Shapes (n,) and (n',), integers from 0 to k - 1; every label occurs in training.

    Raises
    ------
    InvalidInput
        If the shapes do not fit together, an input is not finite, or the labels are not 0 ... k - 1.
    """

    name: str
    train_inputs: Float32[np.ndarray, "n d"]
    train_labels: Int[np.ndarray, " n"]
    test_inputs: Float32[np.ndarray, "n' d"]
    test_labels: Int[np.ndarray, " n'"]

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            inputs = _frozen(getattr(self, f"{part}_inputs"), np.float32)
            labels = np.asarray(getattr(self, f"{part}_labels"))
            if inputs.ndim != 2 or inputs.size == 0:
                raise InvalidInput(f"{part}_inputs: expected shape (n, d), n and d >= 1, saw shape {inputs.shape}")
            if not np.isfinite(inputs).all():
                raise InvalidInput(f"{part}_inputs: expected finite numbers")
            if labels.shape != inputs.shape[:1] or labels.dtype.kind not in "iu":
                raise InvalidInput(
                    f"{part}_labels: expected {len(inputs)} integers, one per row of {part}_inputs, "
                    f"saw shape {labels.shape} and dtype {labels.dtype}"
                )
            object.__setattr__(self, f"{part}_inputs", inputs)
            object.__setattr__(self, f"{part}_labels", _frozen(labels, np.int64))
        if self.test_inputs.shape[1] != self.d:
            raise InvalidInput(
                f"test_inputs: expected the {self.d} columns of train_inputs, saw shape {self.test_inputs.shape}"
            )
        seen = np.unique(self.train_labels)
        if not np.array_equal(seen, np.arange(len(seen))) or len(seen) < 2:
            raise InvalidInput(f"train_labels: expected every label 0 ... k - 1 to occur, k >= 2, saw {seen}")
        if not np.isin(self.test_labels, seen).all():
            raise InvalidInput(
                f"test_labels: expected labels that occur in training, saw {np.unique(self.test_labels)}"
            )

    @property
    def d(self) -> int:
        """Number of features of an input."""
        return int(self.train_inputs.shape[1])

    @property
    def k(self) -> int:
        """Number of labels."""
        return int(self.train_labels.max()) + 1


def _frozen(array: np.ndarray, dtype: type[np.generic]) -> np.ndarray:
    """Copy, so that the caller may go on writing to theirs, and make read-only."""
    copy = np.array(array, dtype=dtype)
    copy.setflags(write=False)
    return copy


def require_seed(seed: int) -> int:
    """Return `seed`, or raise `InvalidInput` unless it is a non-negative integer below 2^63.

    NumPy refuses negative seeds and torch those of 64 bits and more, each with a message of its own.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InvalidInput(f"seed: expected an integer from 0 to 2^63 - 1, saw {seed!r}")
    return int(seed)


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


def digits(seed: int = 0) -> Dataset:
    """Load the 1,797 handwritten digits that come with scikit-learn: 8 x 8 pixels scaled to [0, 1], ten labels.

    Parameters
    ----------
    seed
        Determines which quarter of each label's images is held out for testing.

    Raises
    ------
    InvalidInput
        If `seed` is not a non-negative integer.

    References
    ----------
    E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI (its test part).
    """
    from sklearn.datasets import load_digits  # here, because no other data set needs scikit-learn

    inputs, labels = load_digits(return_X_y=True)
    inputs = inputs / 16.0  # pixels count the inked cells of a 4 x 4 block
    train, test = stratified_split(labels, _TEST_SHARE, seed)
    return Dataset("digits", inputs[train], labels[train], inputs[test], labels[test])
