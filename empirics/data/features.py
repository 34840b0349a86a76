"""Features that some frozen network made of its inputs, from a file of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from empirics.data.dataset import Concept, Dataset, Part, require_seed
from empirics.data.files import split_in_two
from theory.errors import InvalidInput, first_line

WHERE = (
    "It is a .npz or .safetensors file with the arrays train_inputs (n, d), train_labels (n,), test_inputs and "
    "test_labels, and perhaps train_concepts (n, c) and others."
)

_KINDS = ("inputs", "labels", "concepts")
_NEEDED = ("train", "test")
_VALIDATION = "validation"
_VALIDATION_SHARE = 0.15  # as for digits: files may be as small
_MOST_VALUES = 10_000  # of a concept, as each gets a name; an identifier in a column of concepts is a mistake


def features(folder: Path, seed: int = 0) -> Dataset:
    """Read inputs that are features already, so that a small network on top of them is all that is trained.

    Parameters
    ----------
    folder
        A .npz or .safetensors file. Its arrays are called by a part's name and `inputs`, `labels` or `concepts`, such
        as train_inputs (n, d) of real numbers, train_labels (n,) and train_concepts (n, c) of integers from 0 on. The
        parts train and test are needed; without validation, a part of train is taken for it; parts of other names are
        `others`. Concepts are those of all parts or of none.
    seed
        Determines which of train's inputs are taken for choices, where the file has no validation part.

    Returns
    -------
    Concepts are called "concept 0", "concept 1", ... and their values "0", "1", ...

    Raises
    ------
    InvalidInput
        If the file is missing, of another kind or not readable, or an array is missing, not what its name says or has
        another name. Nothing is ever unpickled.
    """
    path = Path(folder)
    parts = _parts(path, _arrays(path))
    require_seed(seed)
    if _VALIDATION not in parts:
        whole = parts["train"]
        rest, chosen = split_in_two(whole.labels, _VALIDATION_SHARE, seed, path)
        parts |= {"train": whole.rows(rest), _VALIDATION: whole.rows(chosen)}
    width = parts["train"].concepts.shape[1]
    # Values that only some other part has are values too: they have no example in training.
    most = np.max([part.concepts.max(axis=0) for part in parts.values() if part.concepts.shape[1] == width], axis=0)
    concepts = tuple(
        Concept(f"concept {number}", tuple(str(value) for value in range(int(largest) + 1)))
        for number, largest in enumerate(most)
    )
    first = (parts.pop("train"), parts.pop(_VALIDATION), parts.pop("test"))
    try:
        return Dataset("features", first[0], first[1], first[2], concepts, others=parts)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def _parts(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Part]:
    names = {array: array.rpartition("_") for array in arrays}
    strange = sorted(array for array, (part, _, kind) in names.items() if not part or kind not in _KINDS)
    if strange:
        raise InvalidInput(
            f"{path}: expected arrays called train_inputs, train_labels, train_concepts or so by another part, "
            f"saw {', '.join(strange)}"
        )
    found = sorted({part for part, _, _ in names.values()} | set(_NEEDED))
    missing = [f"{part}_{kind}" for part in found for kind in ("inputs", "labels") if f"{part}_{kind}" not in arrays]
    if missing:
        raise InvalidInput(
            f"{path}: expected arrays {', '.join(missing)} too, saw {', '.join(sorted(arrays)) or 'none'}"
        )
    return {part: _part(path, part, arrays) for part in found}


def _part(path: Path, name: str, arrays: Mapping[str, np.ndarray]) -> Part:
    given = {kind: arrays[f"{name}_{kind}"] for kind in _KINDS if f"{name}_{kind}" in arrays}
    try:
        part = Part(**given)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {name}_{error}") from None  # which starts with the kind of the array
    if (largest := part.concepts.max(initial=0)) >= _MOST_VALUES:
        raise InvalidInput(f"{path}: {name}_concepts: expected integers below {_MOST_VALUES:,}, saw {largest}")
    return part


def _arrays(path: Path) -> dict[str, np.ndarray]:
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    if path.suffix not in readers or path.is_dir():
        seen = "a folder" if path.is_dir() else f"'{path.suffix or path.name}'"
        raise InvalidInput(f"{path}: expected a .npz or .safetensors file, saw {seen}. {WHERE}")
    if not path.is_file():
        raise InvalidInput(f"{path}: no such file. {WHERE}")
    try:
        return readers[path.suffix](path)
    except Exception as error:  # decoders raise what they like: zlib.error, BadZipFile, AttributeError, ...
        raise InvalidInput(f"{path}: not a readable {path.suffix} of plain arrays ({first_line(error)})") from None


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    # The stream is ours, so that it is closed whatever the reader thinks of its contents.
    with path.open("rb") as stream:
        archive = np.load(stream, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("a single array, not an archive of named ones")
        return {name: archive[name] for name in archive.files}


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as archive:
        return {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118  (the handle is no mapping)
