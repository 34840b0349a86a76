"""What the data sets that are read from the user's files have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from empirics.data.dataset import require_count, require_seed, stratified_split
from theory.errors import InvalidInput


def files_in(folder: Path, names: Sequence[str], where: str, endings: Sequence[str] = ("",)) -> list[Path]:
    """Find files in a folder.

    Parameters
    ----------
    folder
        Where they should be.
    names
        What they are called.
    where
        Where to get them, for the message.
    endings
        What may follow a name; of several files with one name, that with the first ending is taken.

    Returns
    -------
    A path for each name.

    Raises
    ------
    InvalidInput
        If there is no such folder, or a file is missing from it: the message says what is expected and where to get it.
    """
    wanted = ", ".join(names) + "".join(f" (or each {ending})" for ending in endings if ending)
    if not folder.is_dir():
        raise InvalidInput(f"{folder}: expected a folder with {wanted}, saw no folder. {where}")
    found = [[path for ending in endings if (path := folder / (name + ending)).is_file()] for name in names]
    missing = [name for name, paths in zip(names, found, strict=True) if not paths]
    if missing:
        raise InvalidInput(f"{folder}: expected a folder with {wanted}, saw no {', '.join(missing)}. {where}")
    return [paths[0] for paths in found]


def drawn_evenly(labels: Int[np.ndarray, " n"], limit: int | None, seed: int) -> Int[np.ndarray, " r"]:
    """Choose rows at random, of each label as equally many as there are.

    Parameters
    ----------
    labels
        Shape (n,).
    limit
        How many rows; all if there are no more, or by default.
    seed
        Determines the choice, together with the labels: for one seed, fewer are among those of more.

    Returns
    -------
    Row numbers, ascending.

    Raises
    ------
    InvalidInput
        If `limit` is not a positive integer, or `seed` is not usable.
    """
    generator = np.random.default_rng(require_seed(seed))
    if limit is None:
        return np.arange(len(labels))
    shuffled = generator.permutation(len(labels))
    shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.unique(labels, return_counts=True)[1]
    ranks = np.concatenate([np.arange(count) for count in counts])  # within the label
    return np.sort(shuffled[np.argsort(ranks, kind="stable")[: require_count("limit", limit)]])


def split_in_two(
    labels: Int[np.ndarray, " n"], share: float, seed: int, source: Path
) -> tuple[Int[np.ndarray, " n1"], Int[np.ndarray, " n2"]]:
    """Split the rows of a file of training data into those to train on and those for choices.

    Parameters and returns are those of `empirics.data.dataset.stratified_split`; `source` is the file. However small
    the share, a row of the most frequent label is for choices.

    Raises
    ------
    InvalidInput
        If no label has two rows.
    """
    most = int(np.unique(labels, return_counts=True)[1].max())  # a label may be any number yet
    if most < 2:
        raise InvalidInput(f"{source}: expected two rows of some label, to train on and for choices, saw one of each")
    return stratified_split(labels, max(share, 1 / most), seed)
