"""What a user hands in: an inequality about pairs of models, or a measure of their likeness."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from theory.errors import InvalidInput
from theory.models import Pair

Sides = tuple[Any, Any]


@dataclass(frozen=True)
class Domain:
    """The shapes and regimes a statement speaks of; all bounds are inclusive.

    Attributes
    ----------
    dimensions
        Range of m, the dimension of the first model.
    labels
        Range of k; never below m + 1 when `diverse`.
    inputs
        Range of n.
    equal_dimensions
        Whether the second model has the dimension of the first.
    diverse
        Whether the centred unembeddings of both models have full column rank.
    """

    dimensions: tuple[int, int] = (1, 4)
    labels: tuple[int, int] = (2, 8)
    inputs: tuple[int, int] = (2, 12)
    equal_dimensions: bool = True
    diverse: bool = True

    def __post_init__(self) -> None:
        for name, least in (("dimensions", 1), ("labels", 2), ("inputs", 1)):
            bounds = getattr(self, name)
            whole = isinstance(bounds, tuple) and len(bounds) == 2 and all(type(bound) is int for bound in bounds)
            if not whole or not least <= bounds[0] <= bounds[1]:
                raise InvalidInput(f"{name}: expected a pair of integers {least} <= low <= high, saw {bounds!r}")
        for name in ("equal_dimensions", "diverse"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidInput(f"{name}: expected True or False, saw {getattr(self, name)!r}")
        if self.diverse and self.labels[1] < self.dimensions[0] + 1:
            raise InvalidInput(
                f"labels: a diverse model of dimension {self.dimensions[0]} needs at least "
                f"{self.dimensions[0] + 1} labels, saw {self.labels!r}"
            )

    def shapes(self) -> list[tuple[int, int]]:
        """Return every (m, k) of the domain, smallest first."""
        return sorted(
            ((m, k) for m in range(self.dimensions[0], self.dimensions[1] + 1)
             for k in range(max(self.labels[0], m + 1 if self.diverse else 2), self.labels[1] + 1)),
            key=lambda shape: (sum(shape), shape),
        )  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """An assertion that ``lhs <= rhs`` for every pair of models of a domain.

    Attributes
    ----------
    function
        Takes a `Pair` and returns ``(lhs, rhs)``; ``(nan, nan)`` or raising `NotApplicable` declines the pair.
    name, title, source
        How reports call it; `title` defaults to the first line of the docstring.
    domain
        The pairs it speaks of.
    """

    function: Callable[[Pair], Sides]
    name: str
    title: str = ""
    source: str = ""
    domain: Domain = field(default_factory=Domain)

    def __call__(self, pair: Pair) -> Sides:
        """Evaluate both sides."""
        return self.function(pair)


@dataclass(frozen=True)
class Metric:
    """A measure of how (un)like two embeddings, or two models, are.

    Attributes
    ----------
    function
        ``f(X, Y)`` of two embeddings of shapes (n, p) and (n, q), or ``f(a, b)`` of two models.
    on
        "embeddings" or "models".
    similarity
        Whether larger means more alike and f(X, X) is the maximum.
    name
        How reports call it.
    declares
        Names of the properties it claims to have (`theory.conformance.PROPERTIES`), or None where it claims nothing.
    """

    function: Callable[[Any, Any], Any]
    on: Literal["embeddings", "models"]
    similarity: bool
    name: str
    declares: frozenset[str] | None = None

    def __call__(self, first: Any, second: Any) -> Any:
        """Evaluate the measure."""
        return self.function(first, second)


@overload
def claim(function: Callable[[Pair], Sides], /) -> Claim: ...
@overload
def claim(
    *, title: str = "", source: str = "", domain: Domain | None = None
) -> Callable[[Callable[[Pair], Sides]], Claim]: ...
def claim(
    function: Callable[[Pair], Sides] | None = None,
    /,
    *,
    title: str = "",
    source: str = "",
    domain: Domain | None = None,
) -> Claim | Callable[[Callable[[Pair], Sides]], Claim]:
    """Mark a function of a pair, returning ``(lhs, rhs)``, as the claim that lhs <= rhs.

    Use bare or with keywords. Plain NumPy is enough; the sides may be floats or zero-dimensional arrays.

    Raises
    ------
    InvalidInput
        If what is decorated is not a function of one argument, or a keyword has the wrong type.

    Examples
    --------
    >>> from theory import claim, logit_distance, alignment_error
    >>> @claim
    ... def too_good(pair):
    ...     return alignment_error(pair.a, pair.b), logit_distance(pair.a, pair.b) / 10
    """
    if domain is not None and not isinstance(domain, Domain):
        raise InvalidInput(f"domain: expected a Domain, saw {type(domain).__name__}")

    for name, text in (("title", title), ("source", source)):
        if not isinstance(text, str):
            raise InvalidInput(f"{name}: expected a string, saw {text!r}")

    def wrap(inner: Callable[[Pair], Sides]) -> Claim:
        _require_arity("claim", inner, 1)
        heading = title or (inspect.getdoc(inner) or "").split("\n")[0]
        return Claim(inner, getattr(inner, "__name__", "claim"), heading, source, domain or Domain())

    return wrap if function is None else wrap(function)


def metric(
    *, on: Literal["embeddings", "models"], similarity: bool = False, declares: Iterable[str] | None = None
) -> Callable[[Callable[[Any, Any], Any]], Metric]:
    """Mark a function of two embeddings, or of two models, as a measure to be validated.

    Parameters
    ----------
    on
        What it compares: embeddings, ``f(X, Y)``, or models, ``f(a, b)``.
    similarity
        Whether larger means more alike and f(X, X) is the maximum.
    declares
        Names of the properties that it claims to have; what it is checked against, if given.

    Raises
    ------
    InvalidInput
        If `on` is neither "embeddings" nor "models", the function does not take two arguments, or a property is not
        one of `theory.conformance.PROPERTIES`.
    """
    if on not in ("embeddings", "models"):
        raise InvalidInput(f"on: expected 'embeddings' or 'models', saw {on!r}")
    if not isinstance(similarity, bool):
        raise InvalidInput(f"similarity: expected True or False, saw {similarity!r}")
    declared = None if declares is None else _known_properties(declares)

    def wrap(inner: Callable[[Any, Any], Any]) -> Metric:
        _require_arity("metric", inner, 2)
        return Metric(inner, on, similarity, getattr(inner, "__name__", "metric"), declared)

    return wrap


PROPERTY_NAMES = (
    "nonnegative",
    "zero_on_self",
    "symmetric",
    "triangle",
    "bounded_by_one",
    "invariant_to_row_order",
    "invariant_to_permutation",
    "invariant_to_orthogonal",
    "invariant_to_scaling",
    "invariant_to_translation",
    "invariant_to_linear",
    "invariant_to_affine",
    "gauge_invariant",
    "label_invariant",
    "separates_distributions",
    "controlled_by_logit_distance",
    "controlled_by_kl",
    "rejects_nan",
    "handles_degenerate",
    "deterministic",
    "pure",
)
"""What a measure can be asked; `theory.conformance` says what each means."""


def _known_properties(declares: Iterable[str]) -> frozenset[str]:
    names = [declares] if isinstance(declares, str) else list(declares)
    for name in names:
        if name not in PROPERTY_NAMES:
            raise InvalidInput(f"declares: expected names among {', '.join(PROPERTY_NAMES)}, saw {name!r}")
    return frozenset(names)


def _require_arity(decorator: str, function: Any, count: int) -> None:
    if not callable(function):
        raise InvalidInput(f"{decorator}: expected a function, saw {type(function).__name__}")
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError as error:
        raise InvalidInput(
            f"{decorator}: expected a function of {count} argument(s), saw {function!r}: {error}"
        ) from None
    except ValueError:  # built-ins without a signature: nothing to check
        return
