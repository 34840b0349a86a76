"""What there is to be asked for by name: statements, measures, losses and data sets, one line each."""

from __future__ import annotations


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
    """Return every measure that `check-metric` takes by name, with what it is."""
    from theory.measures.registry import MEASURES, METRICS

    return [f"{name}  {MEASURES[name].description}" for name in sorted(METRICS)]


def losses() -> list[str]:
    """Return every distillation loss."""
    from empirics.losses import losses as registered

    return [f"{name}  {loss.title}" for name, loss in sorted(registered().items())]


def datasets() -> list[str]:
    """Return every data set."""
    from empirics.data.registry import DATASETS

    return [f"{name}  {source.title}" for name, source in DATASETS.items()]
