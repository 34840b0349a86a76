"""One pytest case for each property of each measure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from theory.claims import Metric
from theory.conformance.checking import check_metric
from theory.conformance.properties import PROPERTIES
from theory.conformance.results import Conformance, PropertyResult, PropertyVerdict
from theory.errors import InvalidInput


class PropertyFails(AssertionError):
    """A property was expected of a measure, and there is a counterexample.

    Attributes
    ----------
    result
        With the counterexample.
    """

    def __init__(self, metric: str, result: PropertyResult) -> None:
        lines = [f"{metric}: {result.name} {result.verdict}: {result.message}"]
        if result.counterexample is not None:
            lines.append(f"expected {result.counterexample.statement}")
            lines += [f"{name} = {value!r}" for name, value in result.counterexample.inputs.items()]
            lines += [f"{name} = {value}" for name, value in result.counterexample.values.items()]
        super().__init__("\n".join(lines))
        self.result = result


@dataclass
class _Examination:
    """A measure that is examined once, when the first of its cases is run."""

    metric: Metric
    options: Mapping[str, Any]
    names: tuple[str, ...]

    @functools.cached_property
    def found(self) -> Conformance:
        return check_metric(self.metric, properties=self.names, **self.options)


@dataclass
class Check:
    """A case: call it, and it raises `PropertyFails` where the property does.

    Attributes
    ----------
    metric, name
        What is asked of what.
    """

    metric: Metric
    name: str
    _examination: _Examination = field(repr=False)

    def __call__(self) -> None:
        """Raise unless the property holds; a property that says nothing about the measure passes.

        Raises
        ------
        PropertyFails
            If it fails, or could not be decided, or there was no time for it.
        """
        result = self._examination.found.properties.get(self.name)
        if result is None:
            result = PropertyResult(self.name, PropertyVerdict.INCONCLUSIVE, None, 0, "there was no time for it")
        if result.verdict in (PropertyVerdict.FAILS, PropertyVerdict.INCONCLUSIVE):
            raise PropertyFails(self.metric.name, result)

    def __str__(self) -> str:
        return f"{self.metric.name}-{self.name}"


def parametrize_with_checks(
    metrics: Sequence[Metric],
    *,
    properties: Iterable[str] | None = None,
    expected_failures: Mapping[str, str] | Callable[[Metric], Mapping[str, str]] | None = None,
    budget: float = 20.0,
    seed: int = 0,
) -> Callable[[Callable[..., Any]], Any]:
    """Parametrise a pytest function over the properties of measures; it takes one argument, ``check``, and calls it.

    Parameters
    ----------
    metrics
        Measures marked with `theory.metric`.
    properties
        Names of the properties to ask; by default those that the measure declares, or all where it declares none.
    expected_failures
        Reasons by property, or a function that returns them for a measure. They are strict: where such a property does
        not fail, the case does.
    budget, seed
        As for `check_metric`, which runs once for each measure, when the first of its cases does.

    Raises
    ------
    InvalidInput
        If a measure is not marked, or a property is not known.

    Examples
    --------
    >>> from theory import metric
    >>> from theory.conformance import parametrize_with_checks
    >>> @metric(on="embeddings")
    ... def distance(X, Y):
    ...     return ((X - Y) ** 2).sum() ** 0.5
    >>> @parametrize_with_checks([distance], properties=["symmetric", "triangle"])
    ... def test_distance(check):
    ...     check()
    """
    import pytest

    cases = []
    chosen = None if properties is None else [properties] if isinstance(properties, str) else list(properties)
    if isinstance(metrics, Metric) or not all(isinstance(measure, Metric) for measure in metrics):
        raise InvalidInput(f"metrics: expected a list of functions marked with @metric, saw {metrics!r}")
    for measure in metrics:
        expected = dict(expected_failures(measure) if callable(expected_failures) else expected_failures or {})
        names = chosen if chosen is not None else sorted({*(measure.declares or PROPERTIES), *expected})
        for where, given in (("expected_failures", list(expected)), ("properties", names)):
            unknown = [name for name in given if name not in PROPERTIES]
            if unknown:
                raise InvalidInput(f"{where}: expected names among {', '.join(PROPERTIES)}, saw {unknown[0]!r}")
        planned = tuple(name for name in PROPERTIES if name in names)
        examination = _Examination(measure, {"budget": budget, "seed": seed}, planned)
        for name in planned:
            reason = expected.get(name)
            marks = () if reason is None else (pytest.mark.xfail(reason=reason, strict=True, raises=PropertyFails),)
            cases.append(pytest.param(Check(measure, name, examination), id=f"{measure.name}-{name}", marks=marks))
    return pytest.mark.parametrize("check", cases)
