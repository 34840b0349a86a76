"""Reports as JSON, and the places that output goes to, looked at before any work is done."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from theory.errors import InvalidInput
from theory.files import write_whole


def jsonable(value: Any) -> Any:
    """Return plain lists, floats and strings; numbers that JSON has no word for become None."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def write_json(path: Path, value: Any) -> None:
    """Write JSON without NaN or Infinity, whole or not at all."""
    write_whole(path, json.dumps(jsonable(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def require_folder(path: Path) -> None:
    """Make the folder that output goes to before any work is done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{path}: not a folder that can be written to ({error.strerror})") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise InvalidInput(f"{path}: not a folder that can be written to (permission denied)")


def require_file(path: Path, option: str = "--json") -> None:
    """Make sure that a file can be written before any work is done."""
    if path.is_dir() or not path.name:
        raise InvalidInput(f"{option}: expected the name of a file, saw the folder '{path}'")
    require_folder(path.parent)
