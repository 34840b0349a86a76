"""Linear probes on the teacher's embeddings, and which of their decisions the student cannot but share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from theory import InvalidInput, Pair, probe_bounds
from theory.measures.distances import pointwise_squared_logit_distance

_BLOCK = 1 << 20  # numbers in the differences between a block's probes: 8 MB
_SLACK = 1e-9  # relative: more than rounding adds to either side


@dataclass(frozen=True)
class Probes:
    """Linear probes: probe i reads weights_i . f + bias_i.

    Attributes
    ----------
    weights
        Shape (c, m).
    bias
        Shape (c,).
    """

    weights: Float[np.ndarray, "c m"]
    bias: Float[np.ndarray, " c"]

    @property
    def decisions(self) -> int:
        """How many decisions there are: a sign of each, and which of several is the largest."""
        return len(self.weights) + (len(self.weights) > 1)


def load_probes(path: Path, m: int) -> Probes:
    """Read `weights` (c, m) and `bias` (c,) from a `.npz` file; nothing is ever unpickled.

    Raises
    ------
    InvalidInput
        If the file is missing or unreadable, or its arrays are not finite numbers of these shapes.
    """
    if not path.is_file():
        raise InvalidInput(f"{path}: no such file")
    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array, not an archive of named ones")
            found = {name: archive[name] for name in archive.files if name in ("weights", "bias")}
    except Exception as error:  # decoders raise what they like
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidInput(f"{path}: not a readable .npz of plain arrays ({line})") from None
    for name, axes in (("weights", 2), ("bias", 1)):
        if name not in found:
            raise InvalidInput(
                f"{path}: expected arrays 'weights' (c, m) and 'bias' (c,), saw {sorted(found) or 'none'}"
            )
        if found[name].dtype.kind not in "iuf" or found[name].ndim != axes or not np.isfinite(found[name]).all():
            shape = "(c, m)" if axes == 2 else "(c,)"
            raise InvalidInput(f"{path}: {name}: expected finite numbers of shape {shape}, saw {_seen(found[name])}")
    weights, bias = (found[name].astype(np.float64) for name in ("weights", "bias"))
    if weights.shape[1] != m or len(weights) == 0:
        raise InvalidInput(f"{path}: weights: expected shape (c, {m}), the teacher's dimension, saw {weights.shape}")
    if len(bias) != len(weights):
        raise InvalidInput(f"{path}: bias: expected one number for each of {len(weights)} probes, saw {len(bias)}")
    return Probes(weights, bias)


def _seen(array: np.ndarray) -> str:
    return f"shape {array.shape}, {array.dtype}"


def certain_decisions(pair: Pair, probes: Probes) -> dict[str, Bool[np.ndarray, " n"]]:
    """Return for each probe, and for the largest of several, on which inputs the decision is certain.

    What probe v reads in the teacher, A*^T v reads in the student up to ||pinv(Gc)^T v|| ||Delta|| (T8) and up to the
    bound from KL (T16): a value further from zero than the smaller of these has one sign in both. So has the lead of
    the largest of several probes over each of the others, which is a probe too.

    Parameters
    ----------
    pair
        NumPy models; the unembeddings of the first have full column rank.
    probes
        On the embeddings of the first.

    Raises
    ------
    RankDeficient
        If they have not.
    """
    count = len(probes.weights)
    rows = max(1, _BLOCK // (count * pair.m))
    parts = [_certain(pair.select_rows(slice(i, i + rows)), probes) for i in range(0, pair.n, rows)]
    names = [f"probe {i}" for i in range(count)] + (["largest"] if count > 1 else [])
    return dict(zip(names, np.concatenate(parts).T, strict=True))


def _certain(pair: Pair, probes: Probes) -> Bool[np.ndarray, "n c1"]:
    values = pair.a.embeddings @ probes.weights.T + probes.bias
    single: np.ndarray = np.abs(values) > _uncertainty(
        pair, np.broadcast_to(probes.weights, (pair.n, *probes.weights.shape))
    )
    if len(probes.weights) == 1:
        return single
    top = np.argmax(values, axis=1)
    lead = np.take_along_axis(values, top[:, None], axis=1) - values
    ahead = lead > _uncertainty(pair, probes.weights[top][:, None, :] - probes.weights)
    ahead[np.arange(pair.n), top] = True
    return np.concatenate([single, ahead.all(axis=1)[:, None]], axis=1)


def _uncertainty(pair: Pair, directions: Float[np.ndarray, "n c m"]) -> Float[np.ndarray, "n c"]:
    """How far apart both models' readings of each direction can be."""
    inverse = pair.a.unembedding_pseudo_inverse
    squared = np.einsum("nci,ij,ncj->nc", directions, inverse @ inverse.T, directions)
    by_distance = np.maximum(squared, 0.0) * pointwise_squared_logit_distance(pair)[:, None]
    by_kl = probe_bounds(pair.a, pair.b, directions)
    found: np.ndarray = np.sqrt(np.minimum(by_distance, by_kl)) * (1 + _SLACK)
    return found
