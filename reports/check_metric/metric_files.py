"""The measures that are checked: those of a user's file, and those of this library by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reports.shared.user_files import chosen_name, named, parse_target
from theory.claims import Claim, Metric
from theory.errors import InvalidInput
from theory.measures.registry import MEASURES, METRICS
from theory.python_files import UserFile, load_file

HOW_TO_MARK = (
    'from theory import metric, and write @metric(on="embeddings") or @metric(on="models") above it, '
    "with similarity=True where larger means more alike"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class MetricFile(UserFile):
    """A file of measures.

    Attributes
    ----------
    metrics
        By name, in the order of their definition; the names are unique.
    attributes
        Under which attribute of the module each measure is found, by name.
    built_in
        Whether this is no file but a measure of this library; the path is its name then.
    """

    metrics: Mapping[str, Metric]
    attributes: Mapping[str, str]
    built_in: bool = False

    @property
    def heading(self) -> str:
        """What the measures are, for a title."""
        if self.built_in:
            return f"{self.path} of logitbounds"
        return f"Measures of {self.path.name}" if len(self.metrics) > 1 else f"A measure of {self.path.name}"


def load_metrics(path: Path, name: str | None = None) -> MetricFile:
    """Load the measures of a file, or one of them.

    Parameters
    ----------
    path
        A Python file. It is run, so it is trusted as much as the one who runs it. Its folder is importable meanwhile.
    name
        Of the measure, or of the attribute that holds it; by default all measures are loaded.

    Raises
    ------
    InvalidInput
        If there is no such file, it is no Python, it fails to load, or it has no measures or none of that name.
    """
    file, namespace = load_file(path)
    metrics, attributes = named(namespace, Metric)
    if name is not None:
        chosen = chosen_name(metrics, attributes, name)
        if chosen is None:
            raise InvalidInput(f"{file.path}: {_why_not(name, namespace, metrics)}")
        metrics, attributes = {chosen: metrics[chosen]}, {chosen: attributes[chosen]}
    if not metrics:
        raise InvalidInput(f"{file.path}: expected functions marked with @metric, saw none: {HOW_TO_MARK}")
    return MetricFile(**vars(file), metrics=metrics, attributes=attributes)


def _why_not(name: str, namespace: Mapping[str, Any], metrics: Mapping[str, Metric]) -> str:
    """Return why what a name stands for in a file is no measure."""
    known = f"; there are {', '.join(metrics)}" if metrics else ""
    if name not in namespace:
        return f"no measure is called {name!r}{known}" if metrics else f"nothing is called {name!r}"
    value = namespace[name]
    if isinstance(value, Claim):
        return f"{name} is a claim, not a measure: `logitbounds falsify` attacks it{known}"
    if callable(value) and not isinstance(value, type):
        return f"{name} is a function that is not marked as a measure: {HOW_TO_MARK}"
    return f"{name} is no measure, but of type {type(value).__name__}{known}"


# --------------------------------------------------------------------------- measures of this library


def _why_not_ours(word: str) -> str:
    """Return why a word is neither a file nor a measure that can be checked, and what it may have been meant for."""
    if word in MEASURES:
        return f"{word}: a measure of one model, expected one that compares two"
    near = [name for name, measure in MEASURES.items() if measure.function.__name__ == word and name in METRICS]
    if near:
        return f"{word}: its parameters are bound in the measures of this library; there are {', '.join(near)}"
    near = difflib.get_close_matches(word, METRICS, 3, 0.5) or list(METRICS)
    return f"{word}: no such file, and no measure of this library; there are {', '.join(near)}"


def load_target(target: str) -> MetricFile:
    """Load what is to be checked: ``FILE.py[::NAME]``, or a measure of this library by its name.

    A file that is called like such a measure is taken for the file.

    Raises
    ------
    InvalidInput
        If it is neither.
    """
    path, name = parse_target(target, "measure")
    if path.exists() or path.suffix or len(path.parts) != 1:
        return load_metrics(path, name)
    word = str(path)
    if word not in METRICS:
        raise InvalidInput(_why_not_ours(word))
    if name is not None:
        raise InvalidInput(f"{target}: {word} is one measure, expected no '::{name}' after it")
    return MetricFile(
        path=path,
        module="theory",
        sources={},
        packages=frozenset(),
        search_path=(),
        # Asked for everything, as what declares nothing is; to what the registry declares, the tests hold it.
        metrics={word: replace(METRICS[word], declares=None)},
        attributes={word: word},
        built_in=True,
    )
