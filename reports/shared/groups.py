"""Reading which inputs belong together: one identifier an input, in a text file or a NumPy array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int

from theory.errors import InvalidInput


def load_groups(path: Path, inputs: int) -> Int[np.ndarray, " n"]:
    """Read the group of every input.

    Parameters
    ----------
    path
        A `.npy` file with whole numbers or strings of shape (n,), or a text file with one identifier a line.
    inputs
        How many inputs there are.

    Returns
    -------
    array
        Numbers from 0, in the order in which the groups first occur.

    Raises
    ------
    InvalidInput
        If the file is missing or unreadable, does not say one group for every input, or leaves one empty. Nothing is
        ever unpickled.
    """
    if not path.is_file():
        raise InvalidInput(f"{path}: no such file")
    names = _array(path) if path.suffix == ".npy" else _lines(path)
    if len(names) != inputs:
        raise InvalidInput(f"{path}: expected the group of each of {inputs} inputs, saw {len(names)}")
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names])


def _array(path: Path) -> list[object]:
    try:
        with path.open("rb") as stream:
            found = np.load(stream, allow_pickle=False)
    except Exception as error:  # decoders raise what they like
        raise InvalidInput(f"{path}: not a readable .npy file ({(str(error).splitlines() or ['?'])[0]})") from None
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in "iuSU":
        seen = f"shape {found.shape} and dtype {found.dtype}" if isinstance(found, np.ndarray) else "an archive"
        raise InvalidInput(f"{path}: expected whole numbers or strings of shape (n,), saw {seen}")
    return list(found.tolist())


def _lines(path: Path) -> list[object]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not a readable text file ({type(error).__name__})") from None
    names = [line.strip() for line in lines]
    if "" in names:
        raise InvalidInput(f"{path}: expected one identifier a line, saw none on line {names.index('') + 1}")
    return list(names)
