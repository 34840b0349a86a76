"""Named tensors on disk: whole or not at all, and never pickled."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from theory.errors import InvalidInput


def save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file; whatever stood there stays until the new file is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{os.getpid()}-{path.name}.")
    os.close(handle)
    try:
        save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, temporary)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
