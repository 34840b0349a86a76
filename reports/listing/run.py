"""What there is to be asked for by name: statements, measures, losses and data sets, one line each."""

from __future__ import annotations

import theory

_NOT_MEASURES = frozenset({"alignment", "assert_survives", "claim", "falsify", "metric", "identifiability_profile"})


def claims() -> list[str]:
    """Return every theorem of the catalogue, followed by its statements and false twins."""
    from theory.catalogue import theorems

    lines = []
    for theorem in theorems().values():
        lines.append(f"{theorem.identifier}  {theorem.title}")
        lines += [f"    {statement.name}" for statement in theorem.statements]
        lines += [f"    {twin.name}  (false twin)" for twin in theorem.twins]
    return lines


def metrics() -> list[str]:
    """Return every measure of this library, with the first line of its documentation."""
    names = sorted(
        name
        for name in theory.__all__
        if callable(getattr(theory, name)) and name.islower() and name not in _NOT_MEASURES
    )
    return [f"{name}  {(getattr(theory, name).__doc__ or '').splitlines()[0]}" for name in names]


def losses() -> list[str]:
    """Return every distillation loss."""
    from empirics.losses import losses as registered

    return [f"{name}  {loss.title}" for name, loss in sorted(registered().items())]


def datasets() -> list[str]:
    """Return every data set."""
    from empirics.data.registry import DATASETS

    return [f"{name}  {source.title}" for name, source in DATASETS.items()]
