"""Models p(y|x) = softmax_y(f(x) . g(y)) as pairs of arrays, and pairs of models to be compared.

A model is its embeddings F (rows f(x_i)) and unembeddings G (rows g(y)). Expectations over inputs are
uniform over rows. Everything that depends on p alone is reached through the label-centred logits
``u(x) = Gc f(x)``, ``Gc = G - mean row``, which are the centred log-ratios of p.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import array_api_compat as compat
import numpy as np
from jaxtyping import Bool, Float, Int

from theory.arithmetic.arrays import Array, as_real_array, is_balls, is_numpy, namespace_of
from theory.arithmetic.compensated import compensated_matmul
from theory.errors import InvalidInput, NotApplicable

# A difference that keeps this share of its terms' size has lost at most four digits of sixteen.
_CANCELLATION = 1e-4
_LARGEST = 1e140  # its square is 1e280: sums of 1e28 of them, and ratios of two, stay floats
_EPS = float(np.finfo(np.float64).eps)
_ENUMERABLE = 2_000_000  # (m+1)-subsets of labels that are enumerated rather than sampled


def centre_labels(logits: Float[Array, "*batch n k"]) -> Float[Array, "*batch n k"]:
    """Subtract from each row its mean over labels."""
    xp = namespace_of(logits)
    return logits - xp.mean(logits, axis=-1, keepdims=True)


def centre_rows(array: Float[Array, "*batch n m"]) -> Float[Array, "*batch n m"]:
    """Subtract from each column its mean over rows."""
    xp = namespace_of(array)
    centred = array - xp.mean(array, axis=-2, keepdims=True)
    # Twice: the rounding of the first mean is as large as a common offset of the rows makes it.
    return centred if is_balls(array) else centred - xp.mean(centred, axis=-2, keepdims=True)


def label_subsets(k: int, size: int) -> Int[np.ndarray, "s size"]:
    """Return every subset of `size` labels out of `k`, each in ascending order, in lexicographic order.

    Raises
    ------
    InvalidInput
        If there are more than two million.
    NotApplicable
        If `size` exceeds `k`: fewer than m + 1 labels cannot determine an m-dimensional alignment.
    """
    if size > k:
        raise NotApplicable(f"{k} labels hold no subset of m + 1 = {size}: diversity needs k >= m + 1")
    count = math.comb(k, size)
    if count > _ENUMERABLE:
        raise InvalidInput(
            f"subsets: expected at most {_ENUMERABLE} subsets to enumerate, saw C({k}, {size}) = {count:.3g}; "
            "pass subsets=20000 to sample them without bias"
        )
    return np.array(list(itertools.combinations(range(k), size)))


def pivoted(rows: Float[Array, "*batch k d"], subsets: Int[np.ndarray, "*s m+1"]) -> Float[Array, "*batch *s m d"]:
    """Return, for each subset, its rows minus that of the pivot, which is the subset's first label."""
    return rows[..., subsets[..., 1:], :] - rows[..., subsets[..., :1], :]


@dataclass(frozen=True, eq=False)
class Model:
    """A softmax model with a bilinear logit.

    Parameters
    ----------
    embeddings
        F, shape (n, m) with n >= 1 and m >= 1, or (batch, n, m): one row f(x) per input.
    unembeddings
        G, shape (k, m) with k >= 2, or (batch, k, m): one row g(y) per label.

    Raises
    ------
    InvalidInput
        If an array is not real and finite or has the wrong shape; the message names the argument.

    Notes
    -----
    Arrays are held as float64. NumPy arrays are copied and made read-only; torch tensors keep their gradient
    graph. A leading batch axis makes every function of this package act on each model of the batch.
    """

    embeddings: Float[Array, "*batch n m"]
    unembeddings: Float[Array, "*batch k m"]

    def __post_init__(self) -> None:
        embeddings = as_real_array("embeddings", self.embeddings, ("n", "m"), (1, 1))
        unembeddings = as_real_array("unembeddings", self.unembeddings, ("k", "m"), (2, 1))
        if is_numpy(embeddings) != is_numpy(unembeddings) or is_balls(embeddings) != is_balls(unembeddings):
            raise InvalidInput(
                "embeddings and unembeddings: expected both NumPy arrays or both torch tensors, saw one of each"
            )
        if embeddings.shape[-1] != unembeddings.shape[-1]:
            raise InvalidInput(
                "unembeddings: expected as many columns as embeddings have "
                f"({embeddings.shape[-1]}), saw shape {tuple(unembeddings.shape)}"
            )
        if embeddings.shape[:-2] != unembeddings.shape[:-2]:
            raise InvalidInput(
                "unembeddings: expected the batch axis of embeddings, "
                f"saw shapes {tuple(embeddings.shape)} and {tuple(unembeddings.shape)}"
            )
        if not is_balls(embeddings):
            sizes = [_extent(_detached(array)) for array in (embeddings, unembeddings)]
            if not max(*sizes, embeddings.shape[-1] * sizes[0] * sizes[1]) < _LARGEST:
                raise InvalidInput(
                    f"embeddings and unembeddings: expected entries and logits below {_LARGEST:.0e}, whose squares "
                    f"float64 can hold, saw entries up to {sizes[0]:.3g} and {sizes[1]:.3g}"
                )
        object.__setattr__(self, "embeddings", embeddings)
        object.__setattr__(self, "unembeddings", unembeddings)

    @classmethod
    def trusted(cls, embeddings: np.ndarray, unembeddings: np.ndarray) -> Model:
        """Return a model around float64 arrays already known to be valid, which are made read-only, not copied.

        For searches that build many thousands of models of arrays they have made themselves.
        """
        model = object.__new__(cls)
        for name, array in (("embeddings", embeddings), ("unembeddings", unembeddings)):
            array.flags.writeable = False
            object.__setattr__(model, name, array)
        return model

    @classmethod
    def from_logits(cls, logits: Float[Array, "*batch n k"], dimension: int | None = None) -> Model:
        r"""Return a model whose centred logits are given: embeddings and unembeddings by singular value decomposition.

        With u = W S V^T the centred logits, unembeddings are V (k, m), whose columns are orthonormal and sum to zero,
        and embeddings u V (n, m): the coordinates of u in that basis, so that \|f\| = \|u\| and s_min(Gc) = 1.
        Embeddings of any other model with these logits are an invertible linear map of these, where the logits have
        the rank of its dimension.

        Parameters
        ----------
        logits
            Shape (n, k) or (batch, n, k), k >= 2, up to a number added to each row: log-probabilities will do.
        dimension
            m, at most k - 1; by default the rank of the centred logits, the largest of a batch, and at least 1.
            A larger one keeps directions in which the logits have nothing but rounding, or nothing.

        Raises
        ------
        InvalidInput
            If the logits are not real and finite or of another shape, or `dimension` is not a whole number from 1 to
            k - 1, or below the rank: such a model has other logits.

        Notes
        -----
        The rank is the number of singular values above max(n, k) eps s_1, eps the rounding of the type that the logits
        came in: float32 logits do not have full rank for their rounding. Logits that are noisier than their type,
        of a network that ran in half precision say, do: they are kept as they are, with m = min(n, k - 1). If the
        dimension is known, say so: what lies beyond it is then taken for noise and left out, as long as it is below
        sqrt(eps) s_1, half of the digits. Gradients of torch tensors flow through the embeddings, V held fixed.
        """
        eps = _rounding_of(logits)
        array = as_real_array("logits", logits, ("n", "k"), (1, 2))
        if is_balls(array):
            raise InvalidInput("logits: expected an array of numbers or a torch tensor, saw balls")
        if not _extent(_detached(array)) < _LARGEST:
            raise InvalidInput(f"logits: expected entries below {_LARGEST:.0e}, whose squares float64 can hold")
        # Twice, as for rows: the rounding of the first mean is as large as a common offset of a row makes it.
        centred = centre_labels(centre_labels(array))
        n, k = centred.shape[-2:]
        values, directions = _right_singular(_detached(centred))
        share = values / np.where(values[..., :1] > 0, values[..., :1], 1.0)
        rank, least = (int(np.max(np.sum(share > noise, axis=-1))) for noise in (max(n, k) * eps, math.sqrt(eps)))
        chosen = max(1, rank) if dimension is None else _dimension(dimension, k, least)
        basis = _completed(directions, np.sum(share > max(n, k) * eps, axis=-1), chosen)
        unembeddings = namespace_of(centred).asarray(basis, device=compat.device(centred))
        return cls(centred @ unembeddings, unembeddings)

    def __repr__(self) -> str:
        batch = f", batch={self.batch[0]}" if self.batch else ""
        return f"Model(n={self.n}, k={self.k}, m={self.m}{batch})"

    @property
    def n(self) -> int:
        """Number of inputs."""
        return int(self.embeddings.shape[-2])

    @property
    def k(self) -> int:
        """Number of labels."""
        return int(self.unembeddings.shape[-2])

    @property
    def m(self) -> int:
        """Dimension of the representation."""
        return int(self.embeddings.shape[-1])

    @property
    def batch(self) -> tuple[int, ...]:
        """Shape of the leading batch axis: ``()`` or ``(batch,)``."""
        return tuple(self.embeddings.shape[:-2])

    @property
    def xp(self) -> Any:
        """The array namespace of this model's arithmetic."""
        return namespace_of(self.embeddings)

    @cached_property
    def centred_unembeddings(self) -> Float[Array, "*batch k m"]:
        """Gc: unembeddings minus their mean over labels."""
        return centre_rows(self.unembeddings)

    @cached_property
    def centred_logits(self) -> Float[Array, "*batch n k"]:
        """u(x) = Gc f(x), which sums to zero over labels and depends on p alone."""
        return self.embeddings @ self.centred_unembeddings.mT

    @cached_property
    def top_label(self) -> Bool[Array, "*batch n k"]:
        """One true entry per input: the label of highest probability (the first, among equals)."""
        xp = self.xp
        labels = xp.arange(self.k, device=compat.device(self.centred_logits))
        return labels == xp.argmax(self.centred_logits, axis=-1, keepdims=True)

    @cached_property
    def log_probabilities(self) -> Float[Array, "*batch n k"]:
        """log p(y|x), accurate to rounding also where p is within rounding of 1."""
        xp = self.xp
        shifted = self.centred_logits - xp.max(self.centred_logits, axis=-1, keepdims=True)
        if is_balls(shifted):
            return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
        # log1p over the labels other than the top one: log p = -log1p(rest) keeps its digits near one-hot.
        rest = xp.sum(xp.where(self.top_label, 0.0, xp.exp(shifted)), axis=-1, keepdims=True)
        return shifted - xp.log1p(rest)

    @cached_property
    def probabilities(self) -> Float[Array, "*batch n k"]:
        """p(y|x)."""
        return self.xp.exp(self.log_probabilities)

    @cached_property
    def log_min_probability(self) -> Float[Array, "*batch"]:
        """log tau, tau the smallest probability of any label on any input."""
        return self.xp.min(self.log_probabilities, axis=(-2, -1))

    @cached_property
    def unembedding_singular_values(self) -> Float[Array, "*batch r"]:
        """Singular values of Gc, descending, r = min(k, m)."""
        return self.xp.linalg.svdvals(self.centred_unembeddings)

    @cached_property
    def unembedding_pseudo_inverse(self) -> Float[Array, "*batch m k"]:
        """pinv(Gc)."""
        return self.xp.linalg.pinv(self.centred_unembeddings)

    @cached_property
    def diversity(self) -> Float[Array, "*batch"]:
        """s_m(Gc) / s_1(Gc), between 0 and 1: zero exactly when Gc is rank-deficient (always when k <= m)."""
        xp, values = self.xp, self.unembedding_singular_values
        if self.k <= self.m:
            return 0.0 * values[..., 0]
        tiny = np.finfo(np.float64).tiny
        return values[..., self.m - 1] / xp.maximum(values[..., 0], xp.full_like(values[..., 0], tiny))

    @cached_property
    def pivoted_singular_values(self) -> Float[Array, "*batch s m+1 m"]:
        """Singular values, descending, of L_J for every (m+1)-subset of labels and every pivot in it.

        Raises
        ------
        InvalidInput
            If there are too many subsets to enumerate.
        NotApplicable
            If there are fewer than m + 1 labels.
        """
        subsets = label_subsets(self.k, self.m + 1)
        orders = np.array([[i, *(j for j in range(self.m + 1) if j != i)] for i in range(self.m + 1)])
        return self.xp.linalg.svdvals(pivoted(self.unembeddings, subsets[:, orders]))

    def select_rows(self, rows: slice | Int[np.ndarray, " r"]) -> Model:
        """Return the model restricted to some of the inputs."""
        return Model(self.embeddings[..., rows, :], self.unembeddings)

    def gauged(self, transform: Float[Array, "m m"], shift: Float[Array, " m"] | None = None) -> Model:
        """Return the model (A f, A^-T g + c), which has the same conditional distribution.

        Parameters
        ----------
        transform
            A, an invertible (m, m) matrix.
        shift
            c, a vector added to every unembedding.

        Raises
        ------
        InvalidInput
            If `transform` is not an (m, m) matrix or is singular.
        """
        if tuple(transform.shape) != (self.m, self.m):
            raise InvalidInput(f"transform: expected shape {(self.m, self.m)}, saw {tuple(transform.shape)}")
        if not is_balls(transform) and not np.linalg.svd(_detached(transform), compute_uv=False)[-1] > 0:
            raise InvalidInput("transform: expected an invertible matrix, saw a singular one")
        unembeddings = self.xp.linalg.solve(transform.mT, self.unembeddings.mT).mT
        return Model(self.embeddings @ transform.mT, unembeddings if shift is None else unembeddings + shift)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two models over the same inputs and labels; their dimensions may differ.

    Parameters
    ----------
    a, b
        The models. Where a quantity is asymmetric, `a` is the teacher: the one that is inverted in d_rep,
        and the first argument of a KL divergence.

    Raises
    ------
    InvalidInput
        If the numbers of inputs or labels, the batch axes or the kinds of array differ.
    """

    a: Model
    b: Model

    def __post_init__(self) -> None:
        for name, model in (("a", self.a), ("b", self.b)):
            if not isinstance(model, Model):
                raise InvalidInput(f"{name}: expected a Model, saw {type(model).__name__}")
        if self.a.n != self.b.n:
            raise InvalidInput(
                f"b.embeddings: expected the {self.a.n} rows (inputs) of a, saw shape {tuple(self.b.embeddings.shape)}"
            )
        if self.a.k != self.b.k:
            raise InvalidInput(
                f"b.unembeddings: expected the {self.a.k} rows (labels) of a, "
                f"saw shape {tuple(self.b.unembeddings.shape)}"
            )
        if self.a.batch != self.b.batch:
            raise InvalidInput(f"b: expected the batch axis {self.a.batch} of a, saw {self.b.batch}")
        first, second = self.a.embeddings, self.b.embeddings
        if is_numpy(first) != is_numpy(second) or is_balls(first) != is_balls(second):
            raise InvalidInput(
                "a and b: expected both models to hold NumPy arrays or both torch tensors, saw one of each"
            )

    @classmethod
    def trusted(cls, a: Model, b: Model) -> Pair:
        """Return a pair of models already known to share their inputs, labels and kind of array."""
        pair = object.__new__(cls)
        object.__setattr__(pair, "a", a)
        object.__setattr__(pair, "b", b)
        return pair

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
        """Shape of the leading batch axis: ``()`` or ``(batch,)``."""
        return self.a.batch

    @property
    def xp(self) -> Any:
        """The array namespace of this pair's arithmetic."""
        return self.a.xp

    @property
    def swapped(self) -> Pair:
        """The pair (b, a)."""
        return Pair(self.b, self.a)

    def select_rows(self, rows: slice | Int[np.ndarray, " r"]) -> Pair:
        """Return the pair restricted to some of the inputs."""
        return Pair(self.a.select_rows(rows), self.b.select_rows(rows))

    @cached_property
    def logit_difference(self) -> Float[Array, "*batch n k"]:
        """Delta(x) = u(x) - u'(x), accurate relative to its own size also for nearly equal models.

        Three forms of the same sum are tried in order of cost: u - u'; (F - F') Gc^T + F' (Gc - G'c)^T, whose
        differences are exact when the arrays nearly agree; and a compensated product in twice the working
        precision, for models that agree only up to an invertible map.
        """
        a, b, xp = self.a, self.b, self.xp
        difference = a.centred_logits - b.centred_logits
        if is_balls(difference):
            return difference
        # Per input, because an average may rest on inputs whose own difference is small; and against the size of
        # the terms summed, because f . g itself may cancel.
        terms = _row_norms(a.embeddings) * _frobenius(a.centred_unembeddings)
        terms = terms + _row_norms(b.embeddings) * _frobenius(b.centred_unembeddings)
        lost = _row_norms(difference) < _CANCELLATION * terms
        if a.m == b.m and bool(lost.any()):
            rows, columns = a.embeddings - b.embeddings, a.unembeddings - b.unembeddings
            stepped = rows @ a.centred_unembeddings.mT + b.embeddings @ centre_rows(columns).mT
            terms = _row_norms(rows) * _frobenius(a.centred_unembeddings) + _row_norms(b.embeddings) * _frobenius(
                columns
            )
            difference = xp.where(lost[..., None], stepped, difference)
            lost = lost & (_row_norms(stepped) < _CANCELLATION * terms)
        if not bool(lost.any()):
            return difference
        inputs = np.flatnonzero(_detached(lost).reshape(-1, self.n).any(axis=0))
        exact = _detached(difference).copy()
        exact[..., inputs, :] = _compensated_logit_difference(self.select_rows(inputs))
        # The value is the compensated one; the gradient, where there is one, is that of the plain formula.
        exact = xp.asarray(exact, device=compat.device(difference))
        return difference + (exact - (difference.detach() if compat.is_torch_array(difference) else difference))

    @cached_property
    def log_min_probability(self) -> Float[Array, "*batch"]:
        """log tau, tau the smallest probability in either model."""
        return self.xp.minimum(self.a.log_min_probability, self.b.log_min_probability)


def _rounding_of(array: Any) -> float:
    """Return the spacing of numbers at one of the type that an array came in; float64's for whatever is no float."""
    if compat.is_torch_array(array):
        import torch

        return max(float(torch.finfo(array.dtype).eps), _EPS) if array.dtype.is_floating_point else _EPS
    dtype = getattr(array, "dtype", None)
    floating = isinstance(dtype, np.dtype) and dtype.kind == "f"
    return max(float(np.finfo(dtype).eps), _EPS) if floating else _EPS


def _right_singular(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return singular values, descending, and right singular vectors as columns; at most k - 1, centring takes one."""
    _, values, rows = np.linalg.svd(centred, full_matrices=False)
    most = min(centred.shape[-2], centred.shape[-1] - 1)
    return values[..., :most], np.swapaxes(rows[..., :most, :], -1, -2)


def _completed(directions: np.ndarray, ranks: np.ndarray, count: int) -> Float[np.ndarray, "*batch k m"]:
    """Return the first `count` directions of labels, those beyond the rank replaced by others that sum to zero.

    Of singular value zero is the constant vector too, and any mixture with it: no direction for an unembedding.
    """
    k, every = directions.shape[-2], directions.reshape(-1, *directions.shape[-2:])
    found = np.empty((len(every), k, count))
    for out, own, rank in zip(found, every, np.atleast_1d(ranks), strict=True):
        kept = own[:, : min(int(rank), count)]
        missing = count - kept.shape[1]
        out[:, : kept.shape[1]] = kept
        if missing:
            filling = np.random.default_rng(0).standard_normal((k, missing))  # in general position, the same every time
            whole = np.linalg.qr(np.column_stack([np.ones(k), kept, filling]))[0]
            out[:, kept.shape[1] :] = whole[:, 1 + kept.shape[1] :]
    return found.reshape(*directions.shape[:-2], k, count)


def _dimension(dimension: int, k: int, least: int) -> int:
    if isinstance(dimension, bool) or not isinstance(dimension, Integral) or not 1 <= dimension <= k - 1:
        raise InvalidInput(f"dimension: expected a whole number from 1 to k - 1 = {k - 1}, saw {dimension!r}")
    if dimension < least:
        raise InvalidInput(
            f"dimension: expected at least {least}, the rank of the centred logits beyond noise, saw {dimension}"
        )
    return int(dimension)


def _frobenius(array: Array) -> Array:
    return namespace_of(array).linalg.vector_norm(array, axis=(-2, -1), keepdims=True)[..., 0]


def _row_norms(array: Array) -> Array:
    return namespace_of(array).linalg.vector_norm(array, axis=-1)


def _extent(array: np.ndarray) -> float:
    """Largest absolute value, without an array of absolute values."""
    return max(float(array.max()), -float(array.min()))


def _detached(array: Array) -> np.ndarray:
    return np.asarray(array.detach().cpu() if compat.is_torch_array(array) else array)


def _compensated_logit_difference(pair: Pair) -> Float[Array, "*batch n k"]:
    left, right = [], []
    for model, sign in ((pair.a, 1.0), (pair.b, -1.0)):
        embeddings, unembeddings = sign * _detached(model.embeddings), _detached(model.unembeddings)
        shift = unembeddings[..., :1, :]
        # Any shift of the labels cancels; this one is subtracted exactly, as a high and a low part.
        high = unembeddings - shift
        shadow = high - unembeddings
        low = (unembeddings - (high - shadow)) - (shift + shadow)
        left += [embeddings, embeddings]
        right += [high, low]
    high, low = compensated_matmul(np.concatenate(left, axis=-1), np.concatenate(right, axis=-1))
    centred = centre_labels(high)
    return centred + centre_labels(low)
