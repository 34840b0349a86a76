"""Named regimes of pairs, log-scaled, from which searches draw.

Each regime is one way for pairs to be unlike random ones; together they cover the places where bounds are attained or
false twins fail. The builders of `theory.pairs.constructions` do the work; here their knobs are drawn, one of each per
pair of a batch, without loops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from theory.errors import InvalidInput
from theory.models import Pair
from theory.pairs import constructions as made
from theory.pairs.constructions import Shape, either, log_uniform

Draw = Callable[[np.random.Generator, Shape], Pair]


@dataclass(frozen=True)
class Stratum:
    """A regime.

    Attributes
    ----------
    name, description
        What it is.
    draw
        Draws a batch.
    """

    name: str
    description: str
    draw: Draw


def _nearly_equal(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.nearly_equal(rng, shape, log_uniform(rng, shape, 1e-9, 0.3))


def _gauge_related(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.nearly_equal(rng, shape, log_uniform(rng, shape, 1e-9, 0.5), log_uniform(rng, shape, 1.0, 1e3))


def _shared_embeddings(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.one_factor_apart(rng, shape, log_uniform(rng, shape, 1e-3, 3.0), "unembeddings")


def _shared_unembeddings(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.one_factor_apart(rng, shape, log_uniform(rng, shape, 1e-3, 3.0), "embeddings")


def _spectral_gaps(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.with_gaps(rng, shape, log_uniform(rng, shape, 1e-4, 1.0), log_uniform(rng, shape, 1e-4, 1.0))


def _weak_direction(rng: np.random.Generator, shape: Shape) -> Pair:
    ratio, step = log_uniform(rng, shape, 1e-3, 1.0), log_uniform(rng, shape, 1e-3, 1.0)
    return made.rank_one_apart(rng, shape, ratio, step, rng.integers(0, shape.m, shape.batch))


def _outside(rng: np.random.Generator, shape: Shape) -> Pair:
    ratio, step = log_uniform(rng, shape, 0.1, 1.0), log_uniform(rng, shape, 1e-3, 1.0)
    # At k = m + 1 there is no outside; the bottom direction comes closest.
    return made.rank_one_apart(rng, shape, ratio, step, shape.m if shape.k > shape.m + 1 else shape.m - 1)


def _near_rank_loss(rng: np.random.Generator, shape: Shape) -> Pair:
    ratio, where = log_uniform(rng, shape, 1e-6, 1.0), rng.integers(0, 4, (*shape.batch, 1, 1))
    f, g, f2, g2 = (np.where(where == i, ratio, 1.0) for i in range(4))
    return made.near_rank_loss(rng, shape, (f, g, f2, g2))


def _extreme_norms(rng: np.random.Generator, shape: Shape) -> Pair:
    sizes = log_uniform(rng, shape, 1e-3, 1e3), log_uniform(rng, shape, 1e-3, 1e3)
    return made.of_norms(rng, shape, sizes, (log_uniform(rng, shape, 1e-3, 1e3), log_uniform(rng, shape, 1e-3, 1e3)))


def _uniform_limit(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.of_norms(rng, shape, (log_uniform(rng, shape, 1e-6, 0.1), log_uniform(rng, shape, 1e-6, 0.1)))


def _floor(rng: np.random.Generator, shape: Shape) -> Pair:
    tau = log_uniform(rng, shape, 1e-4, 0.9 / shape.k)
    closeness = either(rng, shape, 1.0, log_uniform(rng, shape, 0.1, 1.0))
    return made.above_floor(rng, shape, tau, log_uniform(rng, shape, 1e-4, 3.0), closeness)


def _one_hot(rng: np.random.Generator, shape: Shape) -> Pair:
    scale, spread = log_uniform(rng, shape, 3.0, 200.0), log_uniform(rng, shape, 1e-4, 0.5)
    return made.clustered(rng, shape, scale, spread, made.label_orders(rng, shape), regular=True)


def _clusters(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.clustered(rng, shape, log_uniform(rng, shape, 0.3, 30.0), log_uniform(rng, shape, 1e-3, 0.99))


def _permuted_clusters(rng: np.random.Generator, shape: Shape) -> Pair:
    orders, swaps = made.label_orders(rng, shape), made.label_swaps(rng, shape)
    order = either(rng, shape, 0.0, 1.0)[..., 0] < 0.5
    scale, spread = log_uniform(rng, shape, 0.3, 100.0), log_uniform(rng, shape, 1e-3, 0.99)
    return made.clustered(rng, shape, scale, spread, np.where(order, orders, swaps))


def _swapped_labels(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.swapped(rng, shape, log_uniform(rng, shape, 0.03, 100.0))


def _merged_labels(rng: np.random.Generator, shape: Shape) -> Pair:
    beyond = log_uniform(rng, shape, 1e-4, 0.3)
    part = 0.5 + either(rng, shape, beyond, either(rng, shape, beyond, -beyond))
    spread = either(rng, shape, 1.0, log_uniform(rng, shape, 1e-6, 0.1))
    return made.at_boundary(rng, shape, log_uniform(rng, shape, 0.3, 10.0), part, spread)


def _attenuated(rng: np.random.Generator, shape: Shape) -> Pair:
    keep, noise = log_uniform(rng, shape, 1e-3, 1.0), log_uniform(rng, shape, 1e-5, 1e-2)
    return made.attenuated(rng, shape, keep, either(rng, shape, 0.0, 1.0), noise)


def _large_means(rng: np.random.Generator, shape: Shape) -> Pair:
    ratio, eps = log_uniform(rng, shape, 10.0, 1e3), log_uniform(rng, shape, 0.1, 3.0)
    return made.of_large_means(rng, shape, ratio, eps, log_uniform(rng, shape, 1.0, 100.0))


def _opposite(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.opposite(rng, shape, log_uniform(rng, shape, 1e-3, 30.0))


def _signs(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.of_signs(rng, shape, log_uniform(rng, shape, 1e-2, 1.0))


def _few_labels_move(rng: np.random.Generator, shape: Shape) -> Pair:
    return made.few_labels_apart(rng, shape, log_uniform(rng, shape, 1e-4, 1.0), log_uniform(rng, shape, 1e-4, 3.0))


def _union(rng: np.random.Generator, shape: Shape) -> Pair:
    one, other = rng.choice(len(_PLAIN), 2, replace=False)
    return Pair(_PLAIN[int(one)].draw(rng, shape).a, _PLAIN[int(other)].draw(rng, shape).b)


_PLAIN = (
    Stratum("independent", "two independent Gaussian models", made.independent),
    Stratum("nearly equal", "both factors perturbed by 1e-9 to 0.3", _nearly_equal),
    Stratum("gauge related", "both factors perturbed, then an ill-conditioned map and a shift", _gauge_related),
    Stratum("shared embeddings", "only the unembeddings differ", _shared_embeddings),
    Stratum("shared unembeddings", "only the embeddings differ", _shared_unembeddings),
    Stratum("spectral gaps", "unembeddings with geometric spectra, gaps up to 1e4", _spectral_gaps),
    Stratum("weak direction", "labels moved along one of their singular directions", _weak_direction),
    Stratum("outside", "labels moved orthogonally to their column space", _outside),
    Stratum("near rank loss", "one factor of one model nearly loses a direction", _near_rank_loss),
    Stratum("extreme norms", "logits, and embeddings against unembeddings, from 1e-3 to 1e3", _extreme_norms),
    Stratum("uniform limit", "logits from 1e-6 to 0.1", _uniform_limit),
    Stratum("floor", "every probability above a floor, often just", _floor),
    Stratum("one-hot", "clusters at permuted regular labels, norms from 3 to 200", _one_hot),
    Stratum("clusters", "inputs near their labels, unrelated within clusters", _clusters),
    Stratum("permuted clusters", "labels permuted or two exchanged, each with its cluster", _permuted_clusters),
    Stratum("swapped labels", "two labels exchanged, embeddings shared", _swapped_labels),
    Stratum(
        "merged labels",
        "the two likeliest labels of an input brought together, just beyond a tie or short of it",
        _merged_labels,
    ),
    Stratum("attenuated", "one direction of the student damped, with or without amends", _attenuated),
    Stratum("large means", "means 10 to 1000 times as large as spreads", _large_means),
    Stratum("opposite", "opposite logits", _opposite),
    Stratum("signs", "embeddings of signs around a mean", _signs),
    Stratum("small integers", "entries between -3 and 3", made.of_integers),
    Stratum("few labels move", "signs and zeros move the labels, near the uniform distribution", _few_labels_move),
)

STRATA: Mapping[str, Stratum] = MappingProxyType(
    {
        **{stratum.name: stratum for stratum in _PLAIN},
        "union": Stratum("union", "one model from each of two regimes", _union),
    }
)
"""Every regime, by name."""


def draw(name: str, rng: np.random.Generator, shape: Shape) -> Pair:
    """Draw a batch of pairs from a named regime.

    Parameters
    ----------
    name
        A key of `STRATA`.
    rng
        Source of randomness; the same state gives the same pairs.
    shape
        Sizes, with the batch.

    Returns
    -------
    Pair
        Finite and diverse in both models, down to a ratio of singular values of about 1e-7 of the centred labels.

    Raises
    ------
    InvalidInput
        If there is no such regime, or `rng` or `shape` is of another type.
    """
    if name not in STRATA:
        raise InvalidInput(f"name: expected one of {', '.join(STRATA)}, saw {name!r}")
    for argument, value, kind in (("rng", rng, np.random.Generator), ("shape", shape, Shape)):
        if not isinstance(value, kind):
            raise InvalidInput(f"{argument}: expected a {kind.__name__}, saw {type(value).__name__}")
    return STRATA[name].draw(rng, shape)
