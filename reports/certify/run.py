"""What holds for new inputs, and with what confidence: scores, shares and probes of a pair of models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from reports.certify.probes import Probes, certain_decisions
from theory import InvalidInput, Pair, RankDeficient, clopper_pearson, conformal_quantile, conformal_rank
from theory.arithmetic.arrays import is_numpy
from theory.measures.certificates import pointwise_certified
from theory.measures.conformal import as_fraction
from theory.measures.dissimilarities import require_full_rank
from theory.measures.distances import pointwise_kl_divergence, pointwise_squared_logit_distance
from theory.measures.embedding_certificates import embedding_bounds, residual_after_alignment

_BLOCK = 1 << 22  # entries of an (n, k) block, as for the measures
_SHARE = 0.1  # of ||f||^2, below which an embedding counts as certified

Pointwise = Callable[[Pair], Float[np.ndarray, " n"]]
OfGroup = Literal["worst", "drawn"]


@dataclass(frozen=True)
class Units:
    """What counts as one observation: an input, or a group of inputs.

    Attributes
    ----------
    inputs
        How many inputs there are.
    groups
        Number of the group of every input, from 0; None where inputs stand for themselves.
    drawn
        One input of each group, where a group is seen through that; None where through its worst.
    """

    inputs: int
    groups: Int[np.ndarray, " n"] | None = None
    drawn: Int[np.ndarray, " g"] | None = None

    @property
    def count(self) -> int:
        """How many observations there are."""
        return self.inputs if self.groups is None else int(self.groups.max()) + 1

    @property
    def name(self) -> str:
        """What one of them is called."""
        return "input" if self.groups is None else "group"

    def largest(self, scores: Float[np.ndarray, " n"]) -> Float[np.ndarray, " g"]:
        """Return a score of each."""
        if self.groups is None:
            return scores
        if self.drawn is not None:
            drawn: np.ndarray = scores[self.drawn]
            return drawn
        found = np.full(self.count, -math.inf)
        np.maximum.at(found, self.groups, scores)
        return found

    def any(self, flags: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " g"]:
        """Return which of them have an input with a property."""
        found: np.ndarray = self.largest(flags.astype(np.float64)) > 0
        return found

    def all(self, flags: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " g"]:
        """Return which of them have no input without a property."""
        return ~self.any(~flags)


def units(inputs: int, groups: Int[np.ndarray, " n"] | None, of_group: OfGroup, seed: int) -> Units:
    """Return what counts as one observation.

    Parameters
    ----------
    inputs, groups
        How many inputs there are, and the group of each from 0; None where inputs stand for themselves.
    of_group
        "worst": a group is as its worst input; "drawn": as one of its inputs, drawn uniformly.
    seed
        Of the draws.
    """
    if groups is None or of_group == "worst":
        return Units(inputs, groups)
    order = np.random.default_rng(seed).permutation(inputs)
    _, first = np.unique(groups[order], return_index=True)  # of a random order: a uniform draw of each group
    return Units(inputs, groups, order[first])


@dataclass(frozen=True)
class Score:
    """A score of new inputs.

    Attributes
    ----------
    name, words
        What it is called in the JSON, and in a sentence.
    marginal, conditional
        What a new one does not exceed: with probability 1 - alpha over all that is drawn, and for a share 1 - alpha of
        the population with confidence 1 - delta; inf where nothing bounds it.
    largest
        The largest that was seen.
    """

    name: str
    words: str
    marginal: float
    conditional: float
    largest: float


@dataclass(frozen=True)
class Share:
    """A share of the population.

    Attributes
    ----------
    name, words
        What it is called in the JSON, and of whom it is the share.
    seen
        Of those that were seen.
    low, high
        The interval that holds it with confidence 1 - delta.
    """

    name: str
    words: str
    seen: float
    low: float
    high: float


@dataclass(frozen=True)
class Certified:
    """What holds for new inputs.

    Attributes
    ----------
    names
        What the models are called.
    alpha, delta
        The levels.
    units, of_group
        What counts as one observation, and through which of its inputs a group is seen.
    scores, shares, probes
        What was found.
    undefined
        What has no value, with the reason.
    """

    names: tuple[str, str]
    alpha: Fraction
    delta: Fraction
    units: Units
    of_group: OfGroup
    scores: tuple[Score, ...]
    shares: tuple[Share, ...]
    probes: tuple[Share, ...]
    undefined: Mapping[str, str] = field(default_factory=dict)

    @property
    def ranks(self) -> dict[str, int]:
        """The ranks that the scores are those of, from 1."""
        count = self.units.count
        return {
            "marginal": conformal_rank(count, self.alpha),
            "conditional": conformal_rank(count, self.alpha, self.delta),
        }

    @property
    def needed(self) -> dict[str, int]:
        """The least numbers of observations at which a score can be bounded."""
        marginal = math.ceil(1 / self.alpha) - 1
        return {"marginal": max(1, marginal), "conditional": _fewest(self.alpha, self.delta)}


def _fewest(alpha: Fraction, delta: Fraction) -> int:
    """Least n with (1 - alpha)^n <= delta, up to the rounding of two logarithms."""
    return max(1, math.ceil(math.log(delta) / math.log1p(-alpha) - 1e-9))


def _in_blocks(pair: Pair, pointwise: Pointwise) -> Float[np.ndarray, " n"]:
    rows = max(1, _BLOCK // pair.k)
    return np.concatenate([pointwise(pair.select_rows(slice(i, i + rows))) for i in range(0, pair.n, rows)])


def _distance(pair: Pair) -> Float[np.ndarray, " n"]:
    found: np.ndarray = np.sqrt(pointwise_squared_logit_distance(pair))
    return found


def _error(pair: Pair) -> Float[np.ndarray, " n"]:
    found: np.ndarray = np.linalg.norm(residual_after_alignment(pair), axis=-1)
    return found


def _relative_error(pair: Pair) -> Float[np.ndarray, " n"]:
    error, size = _error(pair), np.linalg.norm(pair.a.embeddings, axis=-1)
    beyond = np.where(error > 0, math.inf, 0.0)
    found: np.ndarray = np.where(size > 0, error / np.where(size > 0, size, 1.0), beyond)
    return found


def _agreement_certified(pair: Pair) -> Bool[np.ndarray, " n"]:
    return np.asarray(pointwise_certified(pair)) > 0


def _flipped(pair: Pair) -> Bool[np.ndarray, " n"]:
    found: np.ndarray = ~(pair.a.top_label & pair.b.top_label).any(axis=-1)
    return found


def _embedding_certified(pair: Pair) -> Bool[np.ndarray, " n"]:
    found: np.ndarray = embedding_bounds(pair.a, pair.b) < _SHARE * np.sum(pair.a.embeddings**2, axis=-1)
    return found


@dataclass(frozen=True)
class _Kind:
    """A score of inputs, or a property that they have or not.

    Attributes
    ----------
    name, words
        What it is called in the JSON, and in a sentence: of a property, what inputs with it have.
    of
        Its value on every input.
    needs_rank
        Whether it needs the first model's unembeddings to have full column rank.
    of_group
        Of a property, what groups have of which it counts; empty for a score.
    any_input
        Whether a group has the property when any of its inputs has it, rather than all.
    """

    name: str
    words: str
    of: Pointwise
    needs_rank: bool = False
    of_group: str = ""
    any_input: bool = False


_SCORES = (
    _Kind("kl_divergence", "KL(A || B)", pointwise_kl_divergence),
    _Kind("logit_distance", "the logit distance", _distance),
    _Kind("alignment_error", "||f - A* f'||", _error, needs_rank=True),
    _Kind("relative_alignment_error", "||f - A* f'|| / ||f||", _relative_error, needs_rank=True),
)
_PROPERTIES = (
    _Kind(
        "flipped", "have another top label in B", _flipped,
        of_group="have an input with another top label in B", any_input=True,
    ),
    _Kind(
        "certified_agreement", "have a top label that KL certifies to be the same in B", _agreement_certified,
        of_group="have all top labels certified by KL to be the same in B",
    ),
    _Kind(
        "certified_embeddings", "have an embedding that KL certifies to a tenth of ||f||^2", _embedding_certified,
        needs_rank=True, of_group="have all embeddings certified by KL to a tenth of ||f||^2",
    ),
)  # fmt: skip


SCORES = tuple(kind.name for kind in _SCORES)
"""Names of the scores."""


def certify(
    pair: Pair,
    alpha: float | Fraction,
    delta: float | Fraction,
    *,
    names: tuple[str, str] = ("A", "B"),
    groups: Int[np.ndarray, " n"] | None = None,
    probes: Probes | None = None,
    of_group: OfGroup = "worst",
    seed: int = 0,
) -> Certified:
    """Return what holds for new inputs from where those of a pair came.

    Parameters
    ----------
    pair
        Models of NumPy arrays that were fitted to other inputs than these.
    alpha, delta
        What may go wrong: the probability, or share of the population, of an input beyond a bound; and the probability
        of inputs for which a statement with confidence fails. Strictly between 0 and 1.
    names
        What the models are called.
    groups
        The group of each input, numbers from 0; inputs of one group need not be independent.
    probes
        Linear probes on the embeddings of the first model.
    of_group, seed
        As for `units`.

    Raises
    ------
    InvalidInput
        If the pair is a batch or of other arrays, a level is not strictly between 0 and 1, or there are probes and the
        unembeddings of the first model do not have full column rank.
    """
    levels = as_fraction("--alpha", alpha), as_fraction("--delta", delta)
    if pair.batch or not is_numpy(pair.a.embeddings):
        raise InvalidInput(f"pair: expected one pair of models of NumPy arrays, saw {pair.a!r}")
    seen, lacking = units(pair.n, groups, of_group, seed), _lacking(pair)
    if probes is not None and lacking:
        raise InvalidInput(f"--probes: {lacking}")
    with np.errstate(over="ignore"):
        scores = tuple(
            _score(kind, seen.largest(_in_blocks(pair, kind.of)), levels)
            for kind in _SCORES
            if not (kind.needs_rank and lacking)
        )
        shares = tuple(
            _share(kind, _in_blocks(pair, kind.of), seen, levels[1])
            for kind in _PROPERTIES
            if not (kind.needs_rank and lacking)
        )
        decided = {} if probes is None else certain_decisions(pair, probes)
    read = tuple(_share(_of_probe(name), sure, seen, levels[1]) for name, sure in decided.items())
    undefined = {kind.name: lacking for kind in (*_SCORES, *_PROPERTIES) if kind.needs_rank and lacking}
    return Certified(names, *levels, seen, of_group, scores, shares, read, undefined)


def _lacking(pair: Pair) -> str:
    try:
        require_full_rank(pair.a, "A")
    except RankDeficient as error:
        return str(error)
    return ""


def _score(kind: _Kind, values: Float[np.ndarray, " g"], levels: tuple[Fraction, Fraction]) -> Score:
    alpha, delta = levels
    both = conformal_quantile(values, alpha), conformal_quantile(values, alpha, delta)
    return Score(kind.name, kind.words, *both, float(values.max()))


def _share(kind: _Kind, has: Bool[np.ndarray, " n"], seen: Units, delta: Fraction) -> Share:
    flags = seen.any(has) if kind.any_input else seen.all(has)
    words = kind.words if seen.groups is None or seen.drawn is not None else kind.of_group
    count = int(np.count_nonzero(flags))
    return Share(kind.name, words, count / seen.count, *clopper_pearson(count, seen.count, delta))


def _of_probe(name: str) -> _Kind:
    decision = "which probe is the largest" if name == "largest" else f"the sign of {name}"
    words = f"have {decision} certain to be the same in B"
    return _Kind(name, words, _flipped, of_group=words.replace("certain", "certain on all their inputs"))
