"""What a registration says of a measure, and what follows from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from theory.arithmetic import plain_theory
from theory.claims import Metric, metric
from theory.errors import InvalidInput
from theory.models import Pair

Kind = Literal["embeddings", "models", "model"]
"""What a measure is of: two embeddings, two models, or one model."""

Gauge = Literal["all", "second", "none"]
"""Which of its arguments may be given in other coordinates, (A f, A^-T g + c) for (f, g), without moving the value."""

_REDUCTIONS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"mean": lambda values: values.mean(), "least": lambda values: values.min(), "largest": lambda values: values.max()}
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Measure:
    """A measure, and all that is known of it by declaration.

    Attributes
    ----------
    name
        By which it is asked for: that of its function unless a parameter is bound.
    function
        The public function.
    kind
        Two embeddings, two models, or one model.
    similarity
        Whether larger means more alike and f(X, X) is the maximum.
    has
        Names of the properties it has (`theory.claims.PROPERTY_NAMES`), save those that `gauge` and `proved` imply.
    gauge
        Which arguments may be given in other coordinates.
    proved
        Bounds that the catalogue or a docstring proves, by the property "controlled_by_..." that follows from them.
    parameters
        Keywords that are bound.
    arguments
        What the function is called with, made of the two things compared; its docstring says how. By default they
        themselves.
    shape
        Of the value: "" for a number, "n" for one value an input, "r" for one a direction.
    reduced_by
        Which number stands for a value of several where one is asked for: "mean", "least" or "largest".
    over_subsets
        Whether it enumerates subsets of labels, and takes `subsets` to draw them instead.
    errs
        "above" where floats give more than the definition by what rounding may have taken, so that a bound stays one:
        how much more is for its tests to say. Empty where they give the definition, to rounding.
    compared
        Whether ``logitbounds compare`` prints it.
    of_both
        For a measure of one model: how those of two make one number. By default each stands for itself.
    no_oracle
        Why there is no independent definition in `plain_theory`; empty where there must be one.
    """

    name: str
    function: Callable[..., Any]
    kind: Kind
    similarity: bool = False
    has: frozenset[str] = frozenset()
    gauge: Gauge = "none"
    proved: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    arguments: Callable[[Any, Any], tuple[Any, Any]] | None = None
    shape: Literal["", "n", "r"] = ""
    reduced_by: str = "mean"
    over_subsets: bool = False
    errs: Literal["", "above"] = ""
    compared: bool = False
    of_both: Callable[..., float] | None = None
    no_oracle: str = ""

    @property
    def description(self) -> str:
        """The first line of the function's documentation, and what was bound."""
        line = (inspect.getdoc(self.function) or "").split("\n")[0].rstrip(".")
        bound = [f"{name} = {value}" for name, value in self.parameters.items()]
        bound += [(inspect.getdoc(self.arguments) or "").lower().rstrip(".")] if self.arguments else []
        bound += [f"the {self.reduced_by} of them"] if self.shape else []
        return "; ".join([line, *bound])

    @cached_property
    def oracle(self) -> Callable[..., Any] | None:
        """The independent definition, with the same parameters bound; None where there is none."""
        plain = getattr(plain_theory, self.function.__name__, None)
        return None if plain is None else self._bound(plain)

    @cached_property
    def whole(self) -> Callable[..., Any]:
        """The function with what is bound, of a value of any shape."""
        return self._bound(self.function)

    @cached_property
    def number(self) -> Callable[..., Any]:
        """The function with what is bound, reduced to a number; the public function itself where nothing is bound."""
        return self._reduced(self.whole)

    @cached_property
    def number_by_oracle(self) -> Callable[..., Any] | None:
        """The same of the independent definition."""
        return None if self.oracle is None else self._reduced(self.oracle)

    @cached_property
    def metric(self) -> Metric:
        """The measure as what `check_metric` examines.

        Raises
        ------
        InvalidInput
            If it is of one model.
        """
        if self.kind == "model":
            raise InvalidInput(f"{self.name}: a measure of one model compares nothing: there is no property to check")
        marked = metric(on=self.kind, similarity=self.similarity, declares=self.properties)(self.number)
        return replace(marked, name=self.name)

    @property
    def properties(self) -> frozenset[str]:
        """Every property it has."""
        return self.has | set(self.proved) | ({"gauge_invariant"} if self.gauge == "all" else set())

    def things(self, pair: Pair) -> tuple[Any, Any]:
        """Return what is compared of a pair of models."""
        return (pair.a.embeddings, pair.b.embeddings) if self.kind == "embeddings" else (pair.a, pair.b)

    def _bound(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not self.parameters and self.arguments is None:
            return function

        def bound(*things: Any, **options: Any) -> Any:
            chosen = things if self.arguments is None else self.arguments(*things)
            return function(*chosen, **self.parameters, **options)

        return self._presented(bound, function)

    def _reduced(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not self.shape:
            return function

        def reduced(*things: Any, **options: Any) -> Any:
            return _REDUCTIONS[self.reduced_by](function(*things, **options))

        return self._presented(reduced, function)

    def _presented(self, wrapper: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a wrapper the name of the measure, its documentation, and the source and signature to be shown."""
        names = {"embeddings": ("X", "Y"), "models": ("a", "b"), "model": ("model",)}[self.kind]
        wrapper.__name__ = wrapper.__qualname__ = self.name
        wrapper.__doc__ = self.description
        wrapper.__wrapped__ = function
        wrapper.__signature__ = inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        )
        return wrapper  # type: ignore[no-any-return]
