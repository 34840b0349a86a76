"""Named tensors on disk: whole or not at all, and never pickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from theory.errors import InvalidInput
from theory.files import write_whole


def save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file; whatever stood there stays until the new file is complete."""
    plain = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    write_whole(path, lambda place: save_file(plain, place))


def load(path: Path) -> dict[str, Tensor] | None:
    """Return what `save` wrote, or None if nothing stands there.

    Raises
    ------
    InvalidInput
        If the file cannot be read: truncated, or of another kind.
    """
    if not path.exists():
        return None
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InvalidInput(f"{path}: not a readable checkpoint ({error}); remove it to train anew") from None
