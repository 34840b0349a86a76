"""Running a Python file of the user's: how claims, measures and losses are loaded, and complained of in one line."""

from __future__ import annotations

import re
import sys
import tokenize
import traceback
from pathlib import Path
from types import ModuleType

from theory.errors import InvalidInput

OURS = frozenset({"theory", "empirics", "reports"})
"""Packages that a user's file must not hide."""


def read_source(path: Path) -> str:
    """Return the text of a Python file.

    Raises
    ------
    InvalidInput
        If there is no such file, it is not called .py, or it cannot be decoded.
    """
    if path.suffix != ".py":
        raise InvalidInput(f"{path}: expected a Python file (.py), saw '{path.suffix or path.name}'")
    if not path.is_file():
        raise InvalidInput(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
    try:
        with tokenize.open(path) as stream:  # in the encoding that the file declares
            return stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise InvalidInput(f"{path}: not readable as Python source ({error})") from None


def module_name(path: Path) -> str:
    """Name a module after its file, unless that would hide a module that is there already."""
    name = re.sub(r"\W", "_", path.stem)
    return f"{name}_file" if name in sys.modules or name in sys.stdlib_module_names or name in OURS else name


def execute(path: Path, text: str, module: ModuleType) -> None:
    """Run the text of a file in a module's namespace.

    Raises
    ------
    InvalidInput
        If it is no Python, raises, or asks to exit; the message has the line. Interrupts pass.
    """
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)
    except KeyboardInterrupt:
        raise
    except SyntaxError as error:
        place = f"{Path(error.filename).name}, line" if error.filename not in (None, str(path)) else "line"
        raise InvalidInput(f"{path}: not valid Python ({place} {error.lineno}: {error.msg})") from None
    except SystemExit as error:
        raise InvalidInput(f"{path}: asked to exit (status {error.code}) while it was loaded") from None
    except BaseException as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        where = f" on line {lines[-1]}" if lines else ""
        message = " ".join(str(error).split())
        raise InvalidInput(
            f"{path}: raised {type(error).__name__}{where} while it was loaded{': ' if message else ''}{message}"
        ) from None
