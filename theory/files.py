"""Writing files and folders whole or not at all, and sweeping away what killed runs have left half written.

Whatever is being written has a name like ``.1234-anything``, 1234 the writing process, beside the place where it goes,
and is renamed when it is complete: no reader ever sees half of it, and what a killed run leaves is known by its name.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

_UNFINISHED = re.compile(r"\.(\d+)-.*")
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755  # temporary ones can be read by their owner alone


def write_whole(path: Path, content: str | Callable[[Path], object]) -> None:
    """Write a file under a temporary name and rename it; whatever stood there stays until the new one is complete.

    Parameters
    ----------
    path
        Of the file; folders on the way to it are made. A link leads to what is replaced. A device or a pipe cannot be
        replaced, and is written to.
    content
        Text, or a function that writes to the path it is called with.
    """
    write = content if callable(content) else lambda place: place.write_text(content, encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        write(path)
        return
    path = path.resolve()  # the file a link leads to, not the link
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path.name))
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(_FILE_MODE)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Lend a temporary folder for the block, which becomes the one asked for if the block ends well.

    Parameters
    ----------
    path
        Of the folder; those on the way to it are made. Where it is there already by the end, it stays as it is:
        somebody else has written it meanwhile.
    """
    with scratch_folder(path.parent) as temporary:
        yield temporary
        temporary.chmod(_FOLDER_MODE)
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Lend a folder inside another, made where needed, for the block; it goes with the block at the latest."""
    parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=_prefix(), dir=parent))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep(folder: Path, alive: Callable[[int], bool] | None = None) -> int:
    """Remove what killed runs have left half written in a folder, and return how many files and folders that were.

    Parameters
    ----------
    folder
        It need not exist. Only names like ``.1234-anything``, 1234 the writing process, are looked at.
    alive
        Whether a process is still running, by its number: what such a one is writing is left alone.
    """
    swept = 0
    for child in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = _UNFINISHED.fullmatch(child.name)
        if match and not (alive or _is_alive)(int(match[1])):
            if child.is_dir():
                shutil.rmtree(child, ignore_errors=True)
            else:
                child.unlink(missing_ok=True)
            swept += 1
    return swept


def _prefix(name: str = "") -> str:
    return f".{os.getpid()}-{name}." if name else f".{os.getpid()}-"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
