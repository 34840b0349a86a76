"""What an audited measure is: a few lines that call a package, its definition in words, and what its docs declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from theory.claims import PROPERTY_NAMES, Metric, metric
from theory.errors import InvalidInput
from theory.models import Model

EXTRA = "pip install 'logitbounds[audit]'"

AXIOMS = ("nonnegative", "zero_on_self", "symmetric", "triangle")
_WEAKER: Mapping[str, tuple[str, ...]] = {
    "invariant_to_affine": ("invariant_to_linear", "invariant_to_translation"),
    "invariant_to_linear": ("invariant_to_orthogonal", "invariant_to_scaling"),
    "invariant_to_orthogonal": ("invariant_to_permutation",),
}
"""What a property of a measure on embeddings has for special cases."""


@dataclass(frozen=True)
class Package:
    """A distribution on PyPI whose measures are audited.

    Attributes
    ----------
    name
        As PyPI calls it.
    module
        As Python imports it.
    install
        The command that installs it.
    """

    name: str
    module: str
    install: str = EXTRA

    @property
    def installed(self) -> bool:
        """Whether it can be imported here; nothing is imported to find out."""
        try:
            return find_spec(self.module) is not None
        except (ImportError, ValueError):
            return False

    @property
    def version(self) -> str | None:
        """Version that is installed, or None."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return None


@dataclass(frozen=True)
class Declaration:
    """What the documentation of a package says of a property.

    Attributes
    ----------
    holds
        Whether the property is said to hold, or said to fail.
    words
        Of the documentation.
    where
        They stand.
    """

    holds: bool
    words: str
    where: str


@dataclass(frozen=True)
class Range:
    """An interval that the documentation says the values lie in."""

    low: float
    high: float
    words: str
    where: str

    def __contains__(self, value: float) -> bool:
        """Return whether a value is in it, up to a rounding of 1e-9."""
        return self.low - 1e-9 <= value <= self.high + 1e-9


@dataclass(frozen=True)
class Adapter:
    """A measure of a package, callable as the measures here are.

    Attributes
    ----------
    package
        That it belongs to.
    name
        Call that it makes, as a user would write it.
    function
        f(X, Y) of two embeddings, (n, p) and (n, q), or f(a, b) of two models. It imports its package when called.
    definition
        One sentence with the formula as it is implemented, read from the installed source.
    on, similarity
        As in `theory.Metric`.
    declared
        Property -> what the package's documentation says of it; empty where it says nothing.
    range
        Of values, if the documentation names one.
    composed
        Whether the measure is put together here from functions of the package, which does not offer it under a name.
    note
        What a user of it should know, found out here.
    single
        Whether the package computes in single precision.
    counts
        Whether the value is made of counts, so that it stays the same to the last bit when the input moves a little.
    """

    package: Package
    name: str
    function: Callable[[Any, Any], float]
    definition: str
    on: Literal["embeddings", "models"] = "embeddings"
    similarity: bool = False
    declared: Mapping[str, Declaration] = field(default_factory=dict)
    range: Range | None = None
    composed: bool = False
    note: str = ""
    single: bool = False
    counts: bool = False

    def __post_init__(self) -> None:
        unknown = sorted(set(self.declared) - set(PROPERTY_NAMES))
        if unknown:
            raise InvalidInput(f"declared: expected names of properties, saw {', '.join(unknown)}")

    @property
    def key(self) -> str:
        """Package and name, which no two adapters share."""
        return f"{self.package.name}: {self.name}"

    @property
    def metric(self) -> Metric:
        """The measure as the checks take it; what it declares is compared elsewhere, for docs also say what fails."""
        made = metric(on=self.on, similarity=self.similarity)(self.function)
        return replace(made, name=self.key)

    def declares(self, name: str) -> Declaration | None:
        """Return what is declared of a property, also as a special case of a stronger one."""
        return self.declared.get(name) or _implied(self.declared, name)


def _implied(declared: Mapping[str, Declaration], name: str) -> Declaration | None:
    strong = (sentence for key, sentence in declared.items() if sentence.holds and name in _closure(key))
    return next(strong, None)


def _closure(name: str) -> set[str]:
    reached, waiting = set[str](), [name]
    while waiting:
        found = waiting.pop()
        if found not in reached:
            reached.add(found)
            waiting += _WEAKER.get(found, ())
    return reached


def said(names: str | Iterable[str], words: str, where: str, holds: bool = True) -> dict[str, Declaration]:
    """Return one sentence of documentation as a declaration of each property that it speaks of."""
    return {name: Declaration(holds, words, where) for name in ([names] if isinstance(names, str) else names)}


# --------------------------------------------------------------------------- inputs as packages want them


def padded(X: Float[np.ndarray, "n p"], Y: Float[np.ndarray, "n q"]) -> tuple[np.ndarray, np.ndarray]:
    """Return both with columns of zeros added to the narrower, for packages that ask for equal shapes."""
    width = max(X.shape[1], Y.shape[1])
    first, second = (np.pad(array, ((0, 0), (0, width - array.shape[1]))) for array in (X, Y))
    return first, second


def tensors(X: Float[np.ndarray, "n p"], Y: Float[np.ndarray, "n q"]) -> tuple[Any, Any]:
    """Return both as torch tensors in float64, on copies of their own."""
    import torch

    first, second = (torch.from_numpy(np.array(array, dtype=np.float64)) for array in (X, Y))
    return first, second


def probabilities(a: Model, b: Model) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "n k"]]:
    """Return the conditional distributions of both models, one row for each input."""
    return np.asarray(a.probabilities), np.asarray(b.probabilities)


def mean_over_inputs(function: Callable[[np.ndarray, np.ndarray], Any], a: Model, b: Model) -> float:
    """Return the mean of a function of two distributions over the inputs."""
    p, q = probabilities(a, b)
    return float(np.mean([float(function(first, second)) for first, second in zip(p, q, strict=True)]))


def least_width(X: np.ndarray, Y: np.ndarray) -> int:
    """Return min(p, q), the number of canonical correlations that packages compute."""
    return int(min(X.shape[1], Y.shape[1]))
