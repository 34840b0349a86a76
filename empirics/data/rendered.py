"""Rendered glyphs with known attributes, some combinations of which are never trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32, Int

from empirics.data.dataset import Concept, Dataset, Part, require_count, require_seed, split_in_three
from theory.errors import InvalidInput

SIDE = 24  # pixels; at 16 a small outlined T is a blot

_VALIDATION_SHARE = 0.15  # 1,800 of the 12,000 images: penalties of probes alone are chosen on them
_TEST_SHARE = 0.25  # 3,000 images: an accuracy of .99 is known to within .2 points (one s.d.)
_HELD_OUT_SHARE = 0.25  # of the number of images in the other parts together
_FEWEST = 240  # twenty of each shape: three for choices, five to be measured on

# Red, green, blue and yellow, apart from each other and brighter in some channel than any ground.
_COLOURS = np.array([[0.95, 0.25, 0.2], [0.15, 0.75, 0.3], [0.3, 0.45, 1.0], [0.95, 0.85, 0.2]], dtype=np.float32)
_RADII = np.array([5.0, 6.5, 8.0], dtype=np.float32)  # of the disc that a glyph fits in, pixels
_CENTRES = np.array([[-3.0, -3.0], [3.0, -3.0], [-3.0, 3.0], [3.0, 3.0]], dtype=np.float32)  # from the middle; y down
_SLANTS = np.array([0.35, 0.0, -0.35], dtype=np.float32)  # pixels to the right per pixel down
_JITTER = 0.5  # pixels, of the position, either way
_RESIZING = 0.05  # relative, of the size, either way
_PEN = 1.4  # pixels, the width of an outline
_GROUND = (0.25, 0.45)  # brightness
_CONTRAST = 0.12  # of the ground's texture, either way
_PERIOD = 4  # pixels, of stripes and dots
_NOISE = 0.04  # standard deviation per pixel and channel

ATTRIBUTES = (
    Concept("colour", ("red", "green", "blue", "yellow")),
    Concept("stroke", ("filled", "outline")),
    Concept("size", ("small", "medium", "large")),
    Concept("position", ("top left", "top right", "bottom left", "bottom right")),
    Concept("slant", ("left", "upright", "right")),
    Concept("texture", ("plain", "stripes", "dots")),
)
"""What varies besides the shape: the number of values of each divides that of shapes, which `excluded` relies on."""

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the outline of a shape in the unit disc, negative inside; x to the right, y down."""


def polygon(*corners: tuple[float, float]) -> Distance:
    """Distance from a polygon: the least one from its edges, with a sign that changes at each edge crossed."""

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        squared = np.full(x.shape, np.inf, dtype=x.dtype)
        inside = np.zeros(x.shape, dtype=bool)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
            ex, ey = bx - ax, by - ay
            wx, wy = x - ax, y - ay
            along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
            squared = np.minimum(squared, (wx - along * ex) ** 2 + (wy - along * ey) ** 2)
            # A ray to the right crosses the edge where its height is between the ends' and it starts left of the edge.
            inside ^= ((ay > y) != (by > y)) & ((ex * wy > ey * wx) == (ey < 0)) if ey else False
        return np.where(inside, -1, 1).astype(x.dtype) * np.sqrt(squared)

    return distance


def disc(centre: tuple[float, float] = (0.0, 0.0), radius: float = 1.0) -> Distance:
    """Distance from a disc."""
    return lambda x, y: np.hypot(x - centre[0], y - centre[1]) - radius


def rectangle(left: float, top: float, right: float, bottom: float) -> Distance:
    """Distance from a rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def union(*parts: Distance) -> Distance:
    """Distance from what is in some part; exact outside."""
    return lambda x, y: np.minimum.reduce([part(x, y) for part in parts])


def difference(whole: Distance, taken: Distance) -> Distance:
    """Distance from what is in the first and not in the second; a lower bound outside."""
    return lambda x, y: np.maximum(whole(x, y), -taken(x, y))


def _on_circle(radii: Sequence[float]) -> list[tuple[float, float]]:
    """Corners at equal angles, the first on top."""
    angles = 2 * np.pi * np.arange(len(radii)) / len(radii)
    return [(float(r * np.sin(a)), float(-r * np.cos(a))) for r, a in zip(radii, angles, strict=True)]


SHAPES = MappingProxyType(
    {
        "disc": disc(radius=0.9),
        "square": rectangle(-0.7, -0.7, 0.7, 0.7),
        "triangle": polygon((0.0, -1.0), (0.87, 0.5), (-0.87, 0.5)),
        "cross": union(rectangle(-0.3, -0.95, 0.3, 0.95), rectangle(-0.95, -0.3, 0.95, 0.3)),
        "star": polygon(*_on_circle(5 * [1.0, 0.42])),
        "diamond": polygon((0.0, -1.0), (0.65, 0.0), (0.0, 1.0), (-0.65, 0.0)),
        "crescent": difference(disc(radius=0.95), disc((0.5, 0.0), 0.75)),
        "arrow": polygon((0.0, -1.0), (0.8, -0.1), (0.3, -0.1), (0.3, 0.95), (-0.3, 0.95), (-0.3, -0.1), (-0.8, -0.1)),
        "L": polygon((-0.65, -0.75), (-0.05, -0.75), (-0.05, 0.15), (0.65, 0.15), (0.65, 0.75), (-0.65, 0.75)),
        "T": polygon(
            (-0.7, -0.7),
            (0.7, -0.7),
            (0.7, -0.12),
            (0.3, -0.12),
            (0.3, 0.95),
            (-0.3, 0.95),
            (-0.3, -0.12),
            (-0.7, -0.12),
        ),
        "bars": union(rectangle(-0.7, -0.7, -0.15, 0.7), rectangle(0.15, -0.7, 0.7, 0.7)),
        "hourglass": polygon((-0.7, -0.7), (0.7, -0.7), (0.15, 0.0), (0.7, 0.7), (-0.7, 0.7), (-0.15, 0.0)),
    }
)
"""The classes, each a shape in the unit disc."""


def excluded(shapes: Int[np.ndarray, " n"], attribute: int) -> Int[np.ndarray, " n"]:
    """Return the value of an attribute that shapes are never trained with; each is that of equally many shapes."""
    return shapes % len(ATTRIBUTES[attribute].values)


def draw_attributes(
    generator: np.random.Generator, count: int, held_out: int, of_held_out: bool
) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, "n c"]]:
    """Draw shapes and attributes, uniform and independent but for the one attribute that is held out.

    Parameters
    ----------
    generator
        Source of randomness.
    count
        n; shapes are as equally many as can be.
    held_out
        Number of the attribute which has, with each shape, one value that is `excluded`.
    of_held_out
        Whether it has this value, or any other, uniformly.

    Returns
    -------
    shapes, attributes
        Shape (n,) and (n, 6).
    """
    shapes = generator.permutation(np.arange(count) % len(SHAPES))
    sizes = [len(concept.values) for concept in ATTRIBUTES]
    attributes = generator.integers(0, sizes, (count, len(sizes)))
    size = sizes[held_out]
    shift = 0 if of_held_out else generator.integers(1, size, count)
    attributes[:, held_out] = (excluded(shapes, held_out) + shift) % size
    return shapes, attributes


def render(
    shapes: Int[np.ndarray, " n"], attributes: Int[np.ndarray, "n c"], generator: np.random.Generator
) -> Float32[np.ndarray, "n d"]:
    """Draw images.

    Parameters
    ----------
    shapes
        Shape (n,), numbers of `SHAPES`.
    attributes
        Shape (n, 6), numbers of the values of `ATTRIBUTES`.
    generator
        Source of the nuisances: place, size and brightness a little off, and noise in every pixel.

    Returns
    -------
    Shape (n, 3 * 24 * 24), from 0 to 1: red, green and blue planes.
    """
    n = len(shapes)
    colour, stroke, size, position, slant, texture = attributes.T
    centres = _CENTRES[position] + generator.uniform(-_JITTER, _JITTER, (n, 2)).astype(np.float32)
    radii = _RADII[size] * generator.uniform(1 - _RESIZING, 1 + _RESIZING, n).astype(np.float32)
    level = generator.uniform(*_GROUND, n).astype(np.float32)
    images = generator.standard_normal((n, 3, SIDE, SIDE), dtype=np.float32)
    images *= _NOISE

    along = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    ground = level[:, None, None] + _textures()[texture]
    coverage = np.empty((n, SIDE, SIDE), dtype=np.float32)
    for number, distance in enumerate(SHAPES.values()):
        rows = np.flatnonzero(shapes == number)
        scale = radii[rows, None, None]
        y = along[:, None] - centres[rows, 1, None, None]
        x = along - centres[rows, 0, None, None] - _SLANTS[slant[rows], None, None] * y
        pixels = distance(*np.broadcast_arrays(x / scale, y / scale)) * scale
        band = np.where(stroke[rows, None, None] == 1, np.abs(pixels + _PEN / 2) - _PEN / 2, pixels)
        coverage[rows] = np.clip(0.5 - band, 0, 1)  # the share of a pixel on the inner side of a straight edge
    for channel in range(3):
        images[:, channel] += ground + coverage * (_COLOURS[colour, channel, None, None] - ground)
    return np.clip(images, 0, 1, out=images).reshape(n, -1)


def _textures() -> Float32[np.ndarray, "3 s s"]:
    """What plain ground, stripes and dots add to the brightness; the mean is the same, so that it does not tell."""
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE)
    stripes = (x + y) % _PERIOD < _PERIOD // 2
    dots = (x % _PERIOD < _PERIOD // 2) & (y % _PERIOD < _PERIOD // 2)
    return _CONTRAST * np.stack([0.0 * stripes, 2.0 * stripes - 1, 2.0 * dots - 0.5]).astype(np.float32).reshape(
        3, SIDE, SIDE
    )


def rendered(seed: int = 0, count: int = 12_000, held_out: str = "colour") -> Dataset:
    """Images of twelve shapes, the classes, with six attributes, the concepts, known because they were drawn so.

    With each shape one value of one attribute never occurs; images where it does are the part `others["held_out"]`, a
    quarter as many as in the other parts together. There, a concept can be read only if it is represented apart from
    the class. Otherwise everything is uniform and independent.

    Parameters
    ----------
    seed
        Determines the images and the split 60/15/25.
    count
        Number of images in the first three parts together; at least 240.
    held_out
        Name of the attribute that has such values: colour, stroke, size, position, slant or texture. Of the stroke,
        every shape is left a single value, so that the class tells it.

    Raises
    ------
    InvalidInput
        If `seed` or `count` is no such integer, or there is no attribute of this name.

    References
    ----------
    "SUB: Benchmarking CBM Generalization via Synthetic Attribute Substitutions" (2025), whose birds have an attribute
    that their species lacks.
    """
    names = [concept.name for concept in ATTRIBUTES]
    if held_out not in names:
        raise InvalidInput(f"held_out: expected one of {', '.join(names)}, saw {held_out!r}")
    # A stream of its own: the split draws from the seed itself.
    generator = np.random.default_rng([require_seed(seed), len(SHAPES)])
    count = require_count("count", count, _FEWEST)
    whole, others = (
        _part(generator, number, names.index(held_out), of_held_out)
        for number, of_held_out in ((count, False), (round(_HELD_OUT_SHARE * count), True))
    )
    train, validation, test = split_in_three(whole, _VALIDATION_SHARE, _TEST_SHARE, seed)
    return Dataset("rendered", train, validation, test, ATTRIBUTES, image=(3, SIDE, SIDE), others={"held_out": others})


def _part(generator: np.random.Generator, count: int, held_out: int, of_held_out: bool) -> Part:
    shapes, attributes = draw_attributes(generator, count, held_out, of_held_out)
    return Part(render(shapes, attributes, generator), shapes, attributes)
