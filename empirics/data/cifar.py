"""CIFAR-100 from the binary version of its files."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int, UInt8

from empirics.data.dataset import Concept, Dataset, Part
from empirics.data.files import drawn_evenly, files_in, split_in_two
from theory.errors import InvalidInput, first_line

WHERE = (
    "CIFAR-100 is at https://www.cs.toronto.edu/~kriz/cifar.html: take the binary version, unpack it and name the "
    "folder with its files."
)

_TRAIN, _TEST, _FINE, _COARSE = "train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"
_IMAGE = (3, 32, 32)  # channels, rows, columns
_PIXELS = math.prod(_IMAGE)
_ROW = 2 + _PIXELS  # bytes: coarse label, fine label, red, green and blue plane
_VALIDATION_SHARE = 0.1  # 5,000 of the 50,000 images, 50 of each class: penalties of probes alone are chosen on them


def cifar100(folder: Path, seed: int = 0, limit: int | None = None) -> Dataset:
    """Read CIFAR-100: colour photographs of 32 x 32 pixels, 100 labels; the concept is the superclass, one of 20.

    Parameters
    ----------
    folder
        With train.bin and test.bin, rows of a coarse label, a fine label and 3,072 pixels, a byte each, and with the
        labels' names, a line each, in fine_label_names.txt and coarse_label_names.txt. Files in this layout may have
        other numbers of rows and labels.
    seed
        Determines which tenth of each label's training images is kept for choices, and which images are taken.
    limit
        How many images to take of each of the two files, of each label as equally many as there are; by default all.

    Returns
    -------
    Each channel is normalised to mean 0 and standard deviation 1 over the images that are trained on.

    Raises
    ------
    InvalidInput
        If a file is missing, does not consist of whole rows or has a label without a name, too few labels are trained
        on, or `seed` or `limit` is not usable.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
    """
    folder = Path(folder)
    train, test, *names = files_in(folder, (_TRAIN, _TEST, _FINE, _COARSE), WHERE)
    fine_names, coarse_names = (read_names(path) for path in names)
    rows, held = (_limited(read_rows(path, len(fine_names), len(coarse_names)), limit, seed) for path in (train, test))
    trained_on, for_choices = split_in_two(rows[:, 1], _VALIDATION_SHARE, seed, train)
    mean, deviation = channel_statistics(rows[trained_on, 2:])
    try:
        return Dataset(
            "cifar100",
            _part(rows[trained_on], mean, deviation),
            _part(rows[for_choices], mean, deviation),
            _part(held, mean, deviation),
            (Concept("superclass", coarse_names),),
            _IMAGE,
        )
    except InvalidInput as error:
        raise InvalidInput(f"{folder}: {error}") from None


def read_names(path: Path) -> tuple[str, ...]:
    """Read the names of labels, a line each.

    Raises
    ------
    InvalidInput
        If the file is not text, there are fewer than two names or two are equal.
    """
    try:
        lines = path.read_text(encoding="utf-8").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not a readable text file ({first_line(error)})") from None
    names = tuple(line.strip() for line in lines)
    if len(names) < 2 or len(set(names)) < len(names) or "" in names:
        raise InvalidInput(
            f"{path}: expected the names of two labels or more, a line each and no two equal, "
            f"saw {len(names)} lines, {len(set(names) - {''})} different names"
        )
    return names


def read_rows(path: Path, fine: int, coarse: int) -> UInt8[np.ndarray, "n 3074"]:
    """Read rows of a coarse label, a fine label and pixels.

    Parameters
    ----------
    path
        The file.
    fine, coarse
        Numbers of labels: those in the file are below.

    Raises
    ------
    InvalidInput
        If the file is empty or its size not that of whole rows, or a label is not below its number.
    """
    try:
        contents = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise InvalidInput(f"{path}: not a readable file ({os.strerror(error.errno or 0)})") from None
    if not contents.size or contents.size % _ROW:
        raise InvalidInput(f"{path}: expected a multiple of {_ROW:,} bytes, a row each, saw {contents.size:,} bytes")
    rows = contents.reshape(-1, _ROW)
    for column, name, count in ((0, "coarse", coarse), (1, "fine", fine)):
        wrong = np.flatnonzero(rows[:, column] >= count)
        if len(wrong):
            raise InvalidInput(
                f"{path}: expected {name} labels from 0 to {count - 1}, as many as have names, "
                f"saw {rows[wrong[0], column]} in row {wrong[0]}"
            )
    return rows


def channel_statistics(pixels: UInt8[np.ndarray, "n d"]) -> tuple[Float64[np.ndarray, "3"], Float64[np.ndarray, "3"]]:
    """Mean and standard deviation of each channel; of a constant channel, 1 for the latter.

    Exact up to the last division and root: whole numbers are summed.
    """
    planes = pixels.reshape(-1, 3, _PIXELS // 3)
    values = np.arange(256)
    means, deviations = np.empty(3), np.ones(3)
    for channel in range(3):
        # Row by row: bincount makes eight bytes of each.
        counts = sum(np.bincount(row, minlength=256) for row in planes[:, channel])
        total, first, second = (int((counts * values**power).sum()) for power in (0, 1, 2))
        means[channel] = first / total
        if squared := total * second - first**2:
            deviations[channel] = squared**0.5 / total
    return means, deviations


def _limited(rows: UInt8[np.ndarray, "n d"], limit: int | None, seed: int) -> UInt8[np.ndarray, "r d"]:
    chosen: UInt8[np.ndarray, "r d"] = rows[drawn_evenly(rows[:, 1], limit, seed)]
    return chosen


def _part(
    rows: UInt8[np.ndarray, "n 3074"], mean: Float64[np.ndarray, "3"], deviation: Float64[np.ndarray, "3"]
) -> Part:
    inputs: Float32[np.ndarray, "n d"] = rows[:, 2:].astype(np.float32)
    planes = inputs.reshape(-1, 3, _PIXELS // 3)  # in place: the whole is over 600 MB
    planes -= mean.astype(np.float32)[:, None]
    planes /= deviation.astype(np.float32)[:, None]
    inputs.setflags(write=False)
    labels: Int[np.ndarray, " n"] = rows[:, 1].astype(np.int64)
    return Part(inputs, labels, rows[:, :1].astype(np.int64))
