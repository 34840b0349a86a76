"""The first half of the plain stand-in for `theory`: models and pairs, claims, and the errors they raise.

`theory.arithmetic.plain_theory`, which has the measures, gives these names on with its own; what is said there of the
stand-in holds here. NumPy alone is imported.
"""

from __future__ import annotations

import inspect
import itertools
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

EPS = float(np.finfo(np.float64).eps)
"""Spacing of float64 at one."""

_HALF = EPS**0.5  # share of the largest singular value below which a direction has lost half of its digits
_ENUMERABLE = 2_000_000  # subsets of labels that are enumerated, as many as `theory` does, and not sampled

# --------------------------------------------------------------------------- errors


class InvalidInput(ValueError):
    """An argument is not what it must be."""


class NotApplicable(Exception):
    """The hypotheses of a statement fail on this pair."""


class RankDeficient(NotApplicable):
    """The centred unembeddings do not have full column rank."""


class SingularSubset(NotApplicable):
    """Some subset of labels has linearly dependent unembedding differences."""

    def __init__(self, subset: tuple[int, ...]) -> None:
        super().__init__(f"the unembedding differences of the label subset {subset} are linearly dependent to rounding")
        self.subset = subset


class DegenerateInput(NotApplicable):
    """A representation has no spread where the measure divides by it."""


# --------------------------------------------------------------------------- models and pairs


def finite_matrix(name: str, value: Any, least: int) -> Any:
    """Return a read-only copy of a finite matrix of at least so many rows."""
    array = np.array(value, dtype=np.float64)
    if array.ndim != 2 or len(array) < least or array.shape[1] < 1 or not np.isfinite(array).all():
        raise InvalidInput(f"{name}: expected a finite matrix of at least {least} rows, saw shape {array.shape}")
    array.setflags(write=False)
    return array


def centred_rows(rows: Any) -> Any:
    """Return rows minus their mean."""
    return rows - rows.mean(axis=0)


def label_subsets(k: int, size: int) -> list[tuple[int, ...]]:
    """Return all subsets of k labels of a size."""
    if size > k:
        raise NotApplicable(f"{k} labels hold no subset of m + 1 = {size}: diversity needs k >= m + 1")
    if math.comb(k, size) > _ENUMERABLE:
        raise InvalidInput(f"subsets: expected at most {_ENUMERABLE} to enumerate, saw C({k}, {size})")
    return list(itertools.combinations(range(k), size))


@dataclass(frozen=True, eq=False)
class Model:
    """p(y|x) = softmax_y(f(x) . g(y)): rows f(x) of `embeddings`, rows g(y) of `unembeddings`."""

    embeddings: Any
    unembeddings: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "embeddings", finite_matrix("embeddings", self.embeddings, 1))
        object.__setattr__(self, "unembeddings", finite_matrix("unembeddings", self.unembeddings, 2))
        if self.embeddings.shape[1] != self.unembeddings.shape[1]:
            raise InvalidInput(
                f"unembeddings: expected {self.embeddings.shape[1]} columns, saw {self.unembeddings.shape[1]}"
            )

    @classmethod
    def from_logits(cls, logits: Any, dimension: int | None = None) -> Model:
        """Return the model (u V, V) of centred logits u, the columns of V orthonormal and of sum zero."""
        rows = finite_matrix("logits", logits, 1)
        k = rows.shape[1]
        centred = centred_rows(centred_rows(rows.T)).T  # twice: the rounding of the first mean is as large as the mean
        _, values, right = np.linalg.svd(centred, full_matrices=False)
        rank, least = (
            int(sum(bool(v > noise * values[0]) for v in values)) for noise in (max(rows.shape) * EPS, _HALF)
        )
        m = max(1, rank) if dimension is None else dimension
        if k < 2 or not max(1, least) <= m <= k - 1:
            raise InvalidInput(f"dimension: expected a whole number from {max(1, least)} to {k - 1}, saw {m!r}")
        basis = right[: min(m, rank)]
        rest = np.eye(k) - 1.0 / k - basis.T @ basis  # what is orthogonal to it, and of sum zero
        unembeddings = np.concatenate([basis.T, np.linalg.svd(rest)[0][:, : m - len(basis)]], axis=1)
        return cls(centred @ unembeddings, unembeddings)

    def __repr__(self) -> str:
        return f"Model(n={self.n}, k={self.k}, m={self.m})"

    @property
    def n(self) -> int:
        """Number of inputs."""
        return len(self.embeddings)

    @property
    def k(self) -> int:
        """Number of labels."""
        return len(self.unembeddings)

    @property
    def m(self) -> int:
        """Dimension."""
        return int(self.embeddings.shape[1])

    @property
    def batch(self) -> tuple[int, ...]:
        """No batch axis here."""
        return ()

    @property
    def xp(self) -> Any:
        """The array namespace."""
        return np

    @cached_property
    def centred_unembeddings(self) -> Any:
        """Gc = G minus its mean row."""
        return centred_rows(self.unembeddings)

    @cached_property
    def centred_logits(self) -> Any:
        """u(x) = Gc f(x)."""
        return self.embeddings @ self.centred_unembeddings.T

    @cached_property
    def top_label(self) -> Any:
        """One true entry per input: the label of highest probability (the first, among equals)."""
        return np.arange(self.k) == np.argmax(self.centred_logits, axis=1)[:, None]

    @cached_property
    def log_probabilities(self) -> Any:
        """log p(y|x)."""
        shifted = self.centred_logits - self.centred_logits.max(axis=1, keepdims=True)
        rest = np.where(self.top_label, 0.0, np.exp(shifted)).sum(axis=1, keepdims=True)
        return shifted - np.log1p(rest)

    @cached_property
    def probabilities(self) -> Any:
        """p(y|x)."""
        return np.exp(self.log_probabilities)

    @cached_property
    def log_min_probability(self) -> Any:
        """log tau, tau the smallest probability of any label on any input."""
        return self.log_probabilities.min()

    @cached_property
    def unembedding_singular_values(self) -> Any:
        """Singular values of Gc, descending."""
        return np.linalg.svd(self.centred_unembeddings, compute_uv=False)

    @cached_property
    def unembedding_pseudo_inverse(self) -> Any:
        """pinv(Gc)."""
        return np.linalg.pinv(self.centred_unembeddings)

    @cached_property
    def diversity(self) -> Any:
        """s_m(Gc) / s_1(Gc)."""
        values = self.unembedding_singular_values
        return values[self.m - 1] / max(values[0], np.finfo(np.float64).tiny) if self.k > self.m else 0.0

    @cached_property
    def pivoted_singular_values(self) -> Any:
        """Singular values of L_J for every (m+1)-subset of labels and every pivot in it."""
        g, found = self.unembeddings, []
        for subset in label_subsets(self.k, self.m + 1):
            rows = [g[[j for j in subset if j != pivot]] - g[pivot] for pivot in subset]
            found.append([np.linalg.svd(row, compute_uv=False) for row in rows])
        return np.array(found)

    def select_rows(self, rows: Any) -> Model:
        """Return the model restricted to some of the inputs."""
        return Model(self.embeddings[rows], self.unembeddings)

    def gauged(self, transform: Any, shift: Any = None) -> Model:
        """Return the model (A f, A^-T g + c)."""
        unembeddings = np.linalg.solve(np.asarray(transform).T, self.unembeddings.T).T
        return Model(self.embeddings @ np.asarray(transform).T, unembeddings + (0.0 if shift is None else shift))


@dataclass(frozen=True, eq=False)
class Pair:
    """Two models over the same inputs and labels."""

    a: Model
    b: Model

    def __post_init__(self) -> None:
        if (self.a.n, self.a.k) != (self.b.n, self.b.k):
            raise InvalidInput(f"b: expected the inputs and labels of a, saw {self.a!r} and {self.b!r}")

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.a.n

    @property
    def k(self) -> int:
        """Number of labels."""
        return self.a.k

    @property
    def m(self) -> int:
        """Dimension of the first model."""
        return self.a.m

    @property
    def batch(self) -> tuple[int, ...]:
        """No batch axis here."""
        return ()

    @property
    def xp(self) -> Any:
        """The array namespace."""
        return np

    @property
    def swapped(self) -> Pair:
        """The pair (b, a)."""
        return Pair(self.b, self.a)

    def select_rows(self, rows: Any) -> Pair:
        """Return the pair restricted to some of the inputs."""
        return Pair(self.a.select_rows(rows), self.b.select_rows(rows))

    @cached_property
    def logit_difference(self) -> Any:
        """Delta(x) = u(x) - u'(x)."""
        return self.a.centred_logits - self.b.centred_logits

    @cached_property
    def log_min_probability(self) -> Any:
        """log tau of both models."""
        return min(self.a.log_min_probability, self.b.log_min_probability)


# --------------------------------------------------------------------------- claims and metrics


@dataclass(frozen=True)
class Domain:
    """The shapes and regimes a statement speaks of."""

    dimensions: tuple[int, int] = (1, 4)
    labels: tuple[int, int] = (2, 8)
    inputs: tuple[int, int] = (2, 12)
    equal_dimensions: bool = True
    diverse: bool = True

    def shapes(self) -> list[tuple[int, int]]:
        """Return every (m, k) of the domain, smallest first."""
        found = []
        for m in range(self.dimensions[0], self.dimensions[1] + 1):
            least = max(self.labels[0], m + 1 if self.diverse else 2)
            found += [(m, k) for k in range(least, self.labels[1] + 1)]
        return sorted(found, key=lambda shape: (sum(shape), shape))


@dataclass(frozen=True)
class Claim:
    """An assertion that lhs <= rhs for every pair of models."""

    function: Any
    name: str
    title: str = ""
    source: str = ""
    domain: Domain = field(default_factory=Domain)

    def __call__(self, pair: Pair) -> Any:
        """Evaluate both sides."""
        return self.function(pair)


@dataclass(frozen=True)
class Metric:
    """A measure of how (un)like two embeddings, or two models, are."""

    function: Any
    on: str
    similarity: bool
    name: str
    declares: Any = None

    def __call__(self, first: Any, second: Any) -> Any:
        """Evaluate the measure."""
        return self.function(first, second)


def claim(function: Any = None, /, *, title: str = "", source: str = "", domain: Domain | None = None) -> Any:
    """Mark a function of a pair, returning (lhs, rhs), as the claim that lhs <= rhs; bare or with keywords."""

    def wrap(inner: Any) -> Claim:
        heading = title or (inspect.getdoc(inner) or "").split("\n")[0]
        return Claim(inner, getattr(inner, "__name__", "claim"), heading, source, domain or Domain())

    return wrap if function is None else wrap(function)


def metric(*, on: str, similarity: bool = False, declares: Any = None) -> Any:
    """Mark a function of two embeddings, or of two models, as a measure."""
    return lambda inner: Metric(inner, on, similarity, getattr(inner, "__name__", "metric"), declares)


# --------------------------------------------------------------------------- what a script has no use for


@dataclass(frozen=True)
class Budget:
    """What an attack may cost."""

    seconds: float | None = 10.0
    evaluations: int | None = None


class Refuted(AssertionError):
    """A claim that was to survive did not."""


def falsify(claim: Any, budget: Any = None, seed: int = 0, progress: Any = None) -> Any:
    """Refuse: the search is no part of the stand-in."""
    raise NotImplementedError("falsify: a reproduction evaluates what was found, it does not search")


def assert_survives(claim: Any, budget: Any = 2.0, seed: int = 0, evaluations: Any = None) -> None:
    """Refuse: the search is no part of the stand-in."""
    raise NotImplementedError("assert_survives: a reproduction evaluates what was found, it does not search")
