"""Points of the plane on interleaved spiral arms, and variants that are tested elsewhere than they are trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from empirics.data.dataset import (
    Concept,
    Dataset,
    Part,
    require_count,
    require_seed,
    split_in_three,
    thirds,
)

BLOCKS = 4  # quarter turns of the pattern, each with an arm of every label
LABELS = 7  # of the paper's experiment
ARMS = BLOCKS * LABELS
INNERMOST, OUTERMOST = (
    1.0,
    10.0,
)  # radii: the middles of arms are .22 apart at the inner one, and would meet at the centre

# Points cost nothing: a quarter, 7,000 of 28,000, tells accuracies of .999 to within .04 points (one s.d.).
_VALIDATION_SHARE = 0.25
_TEST_SHARE = 0.25
_TWIST = 0.2 * np.pi / LABELS / 2  # radians per unit of radius: two arms' distance from the centre to the rim
_HALF_WIDTH = 0.75  # of half the distance between arms, so that a quarter of the plane is left free between them
_FEWEST_RADII = 10  # one at each integer: fewer would leave the regions of the variants empty

_CONCEPTS = (
    Concept("block", tuple(str(block) for block in range(BLOCKS))),
    Concept("radius", ("inner third", "middle third", "outer third")),
)


@dataclass(frozen=True, eq=False)
class Arms:
    """Points on the arms, arm by arm from the centre outwards.

    Attributes
    ----------
    points
        Shape (n, 2).
    labels, blocks
        Shape (n,): what is to be learned, and which quarter turn of the pattern the point's arm belongs to.
    radii
        Shape (n,): distances from the centre.
    """

    points: Float[np.ndarray, "n 2"]
    labels: Int[np.ndarray, " n"]
    blocks: Int[np.ndarray, " n"]
    radii: Float[np.ndarray, " n"]


def angles(
    radii: Float[np.ndarray, "..."], arms: Int[np.ndarray, "..."], offsets: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    r"""Angle of points in radians: $\frac{0.2\pi}{7}\frac r2 + \frac{2\pi}{28}a + \frac{\pi}{28}s$.

    Parameters
    ----------
    radii
        r, distances from the centre.
    arms
        a, numbers of the arms, 0 to 27.
    offsets
        s, distances from the arm's middle in units of half the distance between arms, at which the next one begins.
    """
    return np.asarray(_TWIST * radii + (2 * arms + offsets) * np.pi / ARMS)


def arms(seed: int = 0, radii: int = 1000) -> Arms:
    """Draw the points: each of 28 arms has one at each radius, off its middle by a uniform random angle.

    Parameters
    ----------
    seed
        Determines the labels of the arms and the offsets.
    radii
        How many radii from 1 to 10, equally spaced; at least 10.

    Raises
    ------
    InvalidInput
        If `seed` or `radii` is no such integer.
    """
    # A stream of its own: the splits draw from the seed itself.
    generator = np.random.default_rng([require_seed(seed), LABELS])
    count = require_count("radii", radii, _FEWEST_RADII)
    labels = np.concatenate([[0, *(1 + generator.permutation(LABELS - 1))] for _ in range(BLOCKS)])
    # Rounded, so that a point meant to lie on the border of a region does: 4 and 7 are among 1,000 radii.
    radius = np.tile(np.round(np.linspace(INNERMOST, OUTERMOST, count), 9), ARMS)
    arm = np.repeat(np.arange(ARMS), count)
    angle = angles(radius, arm, generator.uniform(-_HALF_WIDTH, _HALF_WIDTH, ARMS * count))
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Arms(points, labels[arm], arm // LABELS, radius)


def spirals(seed: int = 0, radii: int = 1000) -> Dataset:
    """Seven labels on 28 interleaved spiral arms, split 50/25/25.

    The arms come in four blocks of seven; in each block the first has label 0 and the others have the labels 1 to 6 in
    random order. The concepts, the block and the third of the radius, say where a point lies; no label tells them, and
    neither is linear in the inputs.

    Parameters
    ----------
    seed
        Determines the points and the split.
    radii
        Points per arm, at radii equally spaced from 1 to 10; at least 10.

    Raises
    ------
    InvalidInput
        If `seed` or `radii` is no such integer.

    References
    ----------
    The synthetic experiment (m = 2, k = 7) of arXiv 2602.15438, "Logit Distance Bounds Representational Similarity"
    (2026).
    """
    drawn = arms(seed, radii)
    return _in_regions("spirals", drawn, seed, np.ones(len(drawn.radii), dtype=bool), {})


def spirals_interpolation(seed: int = 0, radii: int = 1000) -> Dataset:
    """The spirals without the ring 4 < r < 7, which is the part `others["between"]`.

    Parameters and errors are those of `spirals`.
    """
    drawn = arms(seed, radii)
    between = (drawn.radii > 4) & (drawn.radii < 7)
    return _in_regions("spirals-interpolation", drawn, seed, ~between, {"between": between})


def spirals_extrapolation(seed: int = 0, radii: int = 1000) -> Dataset:
    """The ring 3 <= r <= 7 of the spirals; the rest are `others`, "inside" and "outside".

    Parameters and errors are those of `spirals`.
    """
    drawn = arms(seed, radii)
    inside, outside = drawn.radii < 3, drawn.radii > 7
    return _in_regions(
        "spirals-extrapolation", drawn, seed, ~(inside | outside), {"inside": inside, "outside": outside}
    )


def spirals_few_labels(seed: int = 0, radii: int = 1000, per_label: int = 70) -> Dataset:
    """The spirals with few points to train on; those for choices and for measuring are the same as of `spirals`.

    Parameters
    ----------
    seed, radii
        As for `spirals`.
    per_label
        Points of each label to train on, chosen at random: for one seed, fewer are among those of more.

    Raises
    ------
    InvalidInput
        If an argument is no such integer, or `per_label` is more than there are.
    """
    whole = spirals(seed, radii)
    most = int(np.bincount(whole.train.labels).min())
    count = require_count("per_label", per_label, 1, most)
    generator = np.random.default_rng([require_seed(seed), LABELS, LABELS])
    shuffled = [generator.permutation(np.flatnonzero(whole.train.labels == label)) for label in range(whole.k)]
    chosen = np.sort(np.concatenate([rows[:count] for rows in shuffled]))
    return Dataset(
        f"spirals-few-labels-{count}", whole.train.rows(chosen), whole.validation, whole.test, whole.concepts
    )


def _in_regions(
    name: str, drawn: Arms, seed: int, inner: Bool[np.ndarray, " n"], others: Mapping[str, Bool[np.ndarray, " n"]]
) -> Dataset:
    """Split the points of one region in three; the others are parts of their own."""
    # Of the region that is trained on, so that the training points fall into thirds in every variant. The radii are
    # the same whatever the seed, so that cuts between them tell nothing of the points that are held out.
    concepts = np.stack([drawn.blocks, thirds(drawn.radii, drawn.radii[inner])], axis=1)
    whole = Part(drawn.points, drawn.labels, concepts)
    train, validation, test = split_in_three(whole.rows(np.flatnonzero(inner)), _VALIDATION_SHARE, _TEST_SHARE, seed)
    parts = {other: whole.rows(np.flatnonzero(mask)) for other, mask in others.items()}
    return Dataset(name, train, validation, test, _CONCEPTS, others=parts)
