"""The files in which users write distillation losses, and how a loss is called on the command line.

A specification is the name of a loss of this library or ``my_losses.py::mine``; what ``mine`` stands for in the file
is a function of (teacher logits, student logits) or what `distillation_loss` made of one. The specification that a
loss carries has the file's absolute path, so that another process finds it again.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from empirics.losses.registry import Loss, loss_named, losses, registering_aside, title_of, unchanged
from empirics.losses.sources import fingerprint_of_sources
from theory.errors import InvalidInput
from theory.python_files import UserFile, load_file

HOW_TO_MARK = "from empirics.losses import distillation_loss, and write @distillation_loss above a function"


@dataclass(frozen=True)
class LossOfFile(Loss):
    """A loss of a user's file, which another process finds by its `spec`: a file's functions are no module's."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Travel as what finds the loss again."""
        return restored, (self.spec, self.fingerprint)


def restored(spec: str, fingerprint: str) -> Loss:
    """Find a loss of a file again, in another process.

    Raises
    ------
    InvalidInput
        If there is no such loss any more, or its source has changed.
    """
    return unchanged(load_loss(spec), fingerprint)


def parse_losses(text: str) -> tuple[Loss, ...]:
    """Find the losses of a list such as ``kl,l1,my_losses.py::mine``.

    Parameters
    ----------
    text
        Specifications, separated by commas. A file without a name stands for all its decorated losses.

    Raises
    ------
    InvalidInput
        If there is nothing between two commas, a loss is unknown, two have one name, or a file does not load.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise InvalidInput(f"losses: expected names separated by commas, saw {text!r}")
    found: dict[str, Loss] = {}
    for loss in (loss for word in words for loss in _losses_of(word)):
        if loss.name in found:
            other = found[loss.name].spec
            twice = "it is listed twice" if other == loss.spec else f"it is {other} and {loss.spec}: rename one"
            raise InvalidInput(f"losses: expected every name once, saw {loss.name!r} again; {twice}")
        found[loss.name] = loss
    return tuple(found.values())


def loss_from_spec(spec: str) -> Loss:
    """Find one loss: by name in the registry, or in the file where it is ``FILE.py::NAME``.

    Raises
    ------
    InvalidInput
        If there is no such loss; files fail as in `load_loss`.
    """
    return load_loss(spec) if _names_a_file(spec) else _registered(spec)


def load_loss(target: str) -> Loss:
    """Load a loss of a user's file.

    Parameters
    ----------
    target
        ``FILE.py::NAME``, NAME that of a function, marked as a loss or not; ``FILE.py`` if it has one decorated loss.
        The file is run, so it is trusted as much as the one who runs it. Modules beside it can be imported meanwhile,
        at the top of the file rather than inside its functions.

    Returns
    -------
    Loss
        Not in the registry, so that a file may be loaded again when it has changed. Its `spec` finds it from any
        folder, its `fingerprint` covers the file and the modules beside it that it imports.

    Raises
    ------
    InvalidInput
        If there is no such file, it is no Python, it fails to load, NAME is no function of two arguments, or it is the
        name of a loss of this library. The message is one line and begins with the file.
    """
    file, separator, name = target.partition("::")
    if separator and not name:
        raise InvalidInput(f"{target}: expected the name of a loss after '::', saw none")
    if not separator:
        found = load_losses(file)
        if len(found) > 1:
            raise InvalidInput(f"{file}: expected '::NAME' after it, one of {', '.join(loss.name for loss in found)}")
        return found[0]
    own, namespace = _run(Path(file))
    path, decorated = own.path, _decorated(namespace)
    attribute = name if name in namespace else next((a for a, loss in decorated.items() if loss.name == name), None)
    if attribute is None or attribute.startswith("__"):
        known = f"; there are {', '.join(loss.name for loss in decorated.values())}" if decorated else ""
        raise InvalidInput(f"{path}: no loss is called {name!r}{known}")
    return _of_file(own, attribute, namespace[attribute])


def load_losses(file: str | Path) -> tuple[Loss, ...]:
    """Load all decorated losses of a user's file, in the order of their definition.

    Raises
    ------
    InvalidInput
        As `load_loss`, or if there are none.
    """
    own, namespace = _run(Path(file))
    path, decorated = own.path, _decorated(namespace)
    if not decorated:
        raise InvalidInput(f"{path}: expected losses, or '::NAME' of a function after it, saw none: {HOW_TO_MARK}")
    found = tuple(_of_file(own, attribute, loss) for attribute, loss in decorated.items())
    names = [loss.name for loss in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"{path}: expected every loss to have a name of its own, saw {twice!r} again")
    return found


def _losses_of(word: str) -> tuple[Loss, ...]:
    if _names_a_file(word) and "::" not in word:
        return load_losses(word)
    return (loss_from_spec(word),)


def _names_a_file(spec: str) -> bool:
    return "::" in spec or spec.endswith(".py") or Path(spec).name != spec


def _registered(name: str) -> Loss:
    if name in losses():
        return loss_named(name)
    near = difflib.get_close_matches(name, losses(), 1, 0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InvalidInput(
        f"losses: no loss is called {name!r}; {hint}there are {', '.join(sorted(losses()))} and FILE.py::NAME"
    )


def _decorated(namespace: Mapping[str, Any]) -> dict[str, Loss]:
    """Return the losses of a file by attribute, each once; those of this library that it imports are not its own."""
    found: dict[str, Loss] = {}
    for attribute, value in namespace.items():
        if isinstance(value, Loss) and not value.built_in and not any(value is loss for loss in found.values()):
            found[attribute] = value
    return found


def _of_file(file: UserFile, attribute: str, value: object) -> Loss:
    """Return the loss that an attribute of a file stands for."""
    path = file.path
    spec, fingerprint = f"{path}::{attribute}", fingerprint_of_sources(file.sources, file.packages)
    if isinstance(value, Loss):
        if value.built_in:
            raise InvalidInput(f"{path}: {attribute} is {value.name!r} of this library: ask for it by that name")
        declared = {field.name: getattr(value, field.name) for field in fields(value)}
        loss = LossOfFile(**declared | {"spec": spec, "fingerprint": fingerprint})
    elif not callable(value) or isinstance(value, type):
        kind = "a class" if isinstance(value, type) else f"of type {type(value).__name__}"
        raise InvalidInput(f"{path}: expected {attribute} to be a function of (teacher, student), saw it is {kind}")
    elif inspect.iscoroutinefunction(value) or inspect.isgeneratorfunction(value):
        raise InvalidInput(f"{path}: expected {attribute} to return a tensor, saw a coroutine or a generator")
    else:
        try:
            loss = LossOfFile(value, attribute, title_of(value), spec=spec, fingerprint=fingerprint)
        except InvalidInput as error:
            raise InvalidInput(f"{path}: {error}") from None
    if loss.name in losses():
        raise InvalidInput(f"{path}: {loss.name!r} is the name of a loss of this library: choose another")
    return loss


def _run(path: Path) -> tuple[UserFile, Mapping[str, Any]]:
    with registering_aside():
        return load_file(path)
