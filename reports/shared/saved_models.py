"""Reading models that users hand in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from theory.errors import InvalidInput, first_line
from theory.models import Model

_NAMES = ("embeddings", "unembeddings")


def load_model(path: Path) -> Model:
    """Read a model from a `.npz` file, a `.safetensors` file or a directory of such shards.

    Parameters
    ----------
    path
        Holds arrays named `embeddings` (n, m) and `unembeddings` (k, m). In a directory, shards are read in the
        order of their names; rows of `embeddings` are concatenated; `unembeddings` are concatenated too unless every
        shard repeats the same array.

    Raises
    ------
    InvalidInput
        If the file is missing, of another kind, truncated, lacks an array or holds one that is no model's. Nothing is
        ever unpickled.
    """
    if path.is_dir():
        shards = sorted(child for child in path.iterdir() if child.suffix in (".npz", ".safetensors"))
        if not shards:
            raise InvalidInput(f"{path}: expected a directory with .npz or .safetensors shards, saw none")
        found = [_arrays(shard, required=False) for shard in shards]
        arrays = {name: _joined(path, name, [part[name] for part in found if name in part]) for name in _NAMES}
    else:
        arrays = _arrays(path, required=True)
    try:
        return Model(**arrays)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def _joined(path: Path, name: str, parts: list[np.ndarray]) -> np.ndarray:
    if not parts:
        raise InvalidInput(f"{path}: expected an array '{name}' in some shard, saw none")
    if any(part.ndim != 2 or part.dtype.kind not in "iuf" for part in parts):
        seen = [f"{part.dtype} {part.shape}" for part in parts]
        raise InvalidInput(f"{path}: expected two-dimensional shards of real numbers for '{name}', saw {seen}")
    if name == "unembeddings" and all(np.array_equal(part, parts[0]) for part in parts):
        return parts[0]
    if len({part.shape[1:] for part in parts}) > 1:
        raise InvalidInput(f"{path}: shards of '{name}' differ in width: {[part.shape for part in parts]}")
    return np.concatenate(parts)


def _arrays(path: Path, required: bool) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise InvalidInput(f"{path}: no such file or directory")
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    if path.suffix not in readers:
        raise InvalidInput(
            f"{path}: expected a .npz or .safetensors file or a directory of them, saw '{path.suffix or path.name}'"
        )
    found = readers[path.suffix](path)
    missing = [name for name in _NAMES if name not in found]
    if required and missing:
        raise InvalidInput(f"{path}: expected arrays 'embeddings' and 'unembeddings', saw {sorted(found) or 'none'}")
    return {name: found[name] for name in _NAMES if name in found}


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        # The stream is ours, so that it is closed whatever the reader thinks of its contents.
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array, not an archive of named ones")
            return {name: archive[name] for name in archive.files if name in _NAMES} | {
                name: np.empty(0) for name in archive.files if name not in _NAMES
            }
    except Exception as error:  # decoders raise what they like: zlib.error, BadZipFile, RuntimeError, ...
        raise InvalidInput(f"{path}: not a readable .npz of plain arrays ({first_line(error)})") from None


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import safe_open

    found: dict[str, np.ndarray] = {}
    try:
        with safe_open(path, framework="numpy") as archive:
            for name in archive.keys():  # noqa: SIM118  (the handle is no mapping)
                found[name] = archive.get_tensor(name) if name in _NAMES else np.empty(0)
    except Exception as error:  # also AttributeError, for number formats NumPy does not have
        raise InvalidInput(f"{path}: not a readable .safetensors file ({first_line(error)})") from None
    return found
