import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empirics.data.dataset import Dataset, Part
from empirics.data.rendered import (
    ATTRIBUTES,
    SHAPES,
    SIDE,
    difference,
    disc,
    draw_attributes,
    excluded,
    polygon,
    rectangle,
    render,
    rendered,
    union,
)
from theory import InvalidInput

NAMES = [concept.name for concept in ATTRIBUTES]
SIZES = [len(concept.values) for concept in ATTRIBUTES]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return rendered(0, 6000)


def at(distance, x: float, y: float) -> float:
    return float(distance(np.array([float(x)]), np.array([float(y)]))[0])


class TestDistances:
    @pytest.mark.parametrize(
        ("shape", "x", "y", "expected"),
        [
            (disc(), 0, 0, -1.0),
            (disc((1.0, 0.0), 0.5), 1, 2, 1.5),
            (rectangle(-1, -1, 1, 1), 0, 0.75, -0.25),
            (rectangle(-1, -1, 1, 1), 3, 0, 2.0),
            (rectangle(-1, -1, 1, 1), 4, 5, 5.0),  # from the corner (1, 1): 3, 4, 5
            (rectangle(-1, -1, 1, 1), 2, -1, 1.0),  # at the height of corners
            (polygon((0, 0), (4, 0), (0, 3)), 1, 1, -1.0),  # the centre of the circle in a 3-4-5 triangle
            (polygon((0, 0), (0, 3), (4, 0)), 1, 1, -1.0),  # whichever way round
            (polygon((0, 0), (4, 0), (0, 3)), 4, 3, 12 / 5),  # the height on the longest side
            (polygon((0, 0), (2, 0), (2, 2), (1, 1), (0, 2)), 1, 1.5, np.sqrt(0.125)),  # in the notch
            (union(rectangle(0, 0, 1, 1), rectangle(3, 0, 4, 1)), 1.75, 0.5, 0.75),
            (difference(disc(), disc((0.0, 0.0), 0.5)), 0, 0, 0.5),
        ],
    )
    def test_known_answers(self, shape, x: float, y: float, expected: float) -> None:
        assert at(shape, x, y) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("name", SHAPES)
    @given(radius=st.floats(1.001, 3), angle=st.floats(0, 7))
    @settings(max_examples=30, deadline=None)
    def test_shapes_fit_in_the_unit_disc(self, name: str, radius: float, angle: float) -> None:
        assert at(SHAPES[name], radius * np.cos(angle), radius * np.sin(angle)) > 0

    @pytest.mark.parametrize("name", SHAPES)
    @given(ends=st.tuples(*4 * [st.floats(-1.5, 1.5)]))
    @settings(max_examples=30, deadline=None)
    def test_a_step_changes_a_distance_by_no_more_than_its_length(self, name: str, ends: tuple[float, ...]) -> None:
        x, y, x2, y2 = ends
        assert abs(at(SHAPES[name], x, y) - at(SHAPES[name], x2, y2)) <= np.hypot(x - x2, y - y2) + 1e-12

    def test_no_two_shapes_agree(self) -> None:
        grid = np.linspace(-1, 1, 41)
        masks = [shape(*np.meshgrid(grid, grid)) < 0 for shape in SHAPES.values()]
        overlaps = [(a & b).sum() / (a | b).sum() for a, b in itertools.combinations(masks, 2)]
        assert len(SHAPES) == 12
        assert max(overlaps) < 0.85


def image(shape: str, **values: str) -> np.ndarray:
    """A single image, noise and all, as (3, height, width)."""
    chosen = {
        "colour": "red", "stroke": "filled", "size": "large", "position": "top left", "slant": "upright",
        "texture": "plain",
    } | values  # fmt: skip
    attributes = np.array([[concept.values.index(chosen[concept.name]) for concept in ATTRIBUTES]])
    drawn = render(np.array([list(SHAPES).index(shape)]), attributes, np.random.default_rng(0))
    return drawn.reshape(3, SIDE, SIDE)


def redness(pixels: np.ndarray) -> np.ndarray:
    """What is red rather than grey; noise aside, 0 on the ground and .7 on the glyph."""
    return pixels[0] - (pixels[1] + pixels[2]) / 2


class TestImages:
    def test_position(self) -> None:
        for name, signs in {"top left": (-1, -1), "bottom right": (1, 1), "top right": (-1, 1)}.items():
            ink = redness(image("square", position=name)).clip(0)
            centre = [(ink.sum(axis=axis) * np.arange(SIDE)).sum() / ink.sum() - 11.5 for axis in (1, 0)]
            np.testing.assert_allclose(centre, 3 * np.array(signs), atol=1.2)

    @pytest.mark.parametrize(("size", "radius"), [("small", 5.0), ("medium", 6.5), ("large", 8.0)])
    def test_size(self, size: str, radius: float) -> None:
        area = (redness(image("disc", size=size)) > 0.35).sum()
        assert area == pytest.approx(np.pi * (0.9 * radius) ** 2, rel=0.15)

    def test_stroke(self) -> None:
        filled, outline = (redness(image("square", stroke=stroke)) > 0.35 for stroke in ("filled", "outline"))
        assert not (outline & ~filled).any()
        middle = slice(7, 11)
        assert filled[middle, middle].all()
        assert not outline[middle, middle].any()

    @pytest.mark.parametrize(("slant", "sign"), [("left", -1), ("upright", 0), ("right", 1)])
    def test_slant(self, slant: str, sign: int) -> None:
        ink = redness(image("square", slant=slant)) > 0.35
        rows = np.flatnonzero(ink.any(axis=1))
        tops, bottoms = (np.flatnonzero(ink[row]).mean() for row in (rows[1], rows[-2]))
        assert (tops - bottoms) / (rows[-2] - rows[1]) == pytest.approx(0.35 * sign, abs=0.1)

    def test_texture(self) -> None:
        plain, stripes, dots = (image("disc", texture=t, position="top left")[2, 12:, 12:] for t in NAMES_OF_TEXTURES)
        assert plain.std() < 0.1
        for shift in (1, 2, 3):  # stripes are the same along a diagonal
            np.testing.assert_allclose(stripes[5 + shift, 8 - shift], stripes[5, 8], atol=0.2)
        assert (stripes > np.median(plain)).mean() == pytest.approx(1 / 2, abs=0.15)
        assert (dots > dots.mean() + 0.1).mean() == pytest.approx(1 / 4, abs=0.1)

    @pytest.mark.parametrize("colour", ATTRIBUTES[0].values)
    def test_colour(self, colour: str) -> None:
        red, green, blue = image("disc", colour=colour)[:, 7:11, 7:11].mean(axis=(1, 2))
        seen = {"red": red > 2 * max(green, blue), "green": green > 2 * max(red, blue)}
        seen |= {"blue": blue > 2 * max(red, green), "yellow": min(red, green) > 2 * blue}
        assert [name for name, is_seen in seen.items() if is_seen] == [colour]

    @given(seed=st.integers(0, 2**32))
    @settings(max_examples=10, deadline=None)
    def test_are_brightnesses(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        images = render(*draw_attributes(generator, 13, 0, False), generator)
        assert images.shape == (13, 3 * SIDE * SIDE)
        assert images.dtype == np.float32
        assert (images.min() >= 0, images.max() <= 1) == (True, True)


NAMES_OF_TEXTURES = ATTRIBUTES[NAMES.index("texture")].values


class TestDesign:
    @given(seed=st.integers(0, 2**32), held_out=st.integers(0, 5), count=st.integers(12, 300))
    @settings(max_examples=30, deadline=None)
    def test_combinations_are_held_out(self, seed: int, held_out: int, count: int) -> None:
        generator = np.random.default_rng(seed)
        for of_held_out in (False, True):
            shapes, attributes = draw_attributes(generator, count, held_out, of_held_out)
            assert ((attributes[:, held_out] == excluded(shapes, held_out)) == of_held_out).all()
            assert np.ptp(np.bincount(shapes, minlength=12)) <= 1
            assert (attributes.max(axis=0) < SIZES).all()

    def test_pairs_never_trained_on(self, data: Dataset) -> None:
        trained, held_out = (
            {pair for part in parts for pair in zip(part.labels, part.concepts[:, 0], strict=True)}
            for parts in ((data.train, data.validation, data.test), (data.others["held_out"],))
        )
        assert (len(trained), len(held_out)) == (36, 12)
        assert not trained & held_out

    def test_attributes_are_uniform_and_independent(self, data: Dataset) -> None:
        columns = np.column_stack([data.train.labels, data.train.concepts])
        sizes = [12, *SIZES]
        for column, size in zip(columns.T, sizes, strict=True):
            np.testing.assert_allclose(np.bincount(column) / len(column), 1 / size, atol=4 * 0.5 / np.sqrt(len(column)))
        for a, b in itertools.combinations(range(7), 2):
            joint = np.zeros((sizes[a], sizes[b]))
            np.add.at(joint, (columns[:, a], columns[:, b]), 1 / len(columns))
            product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
            information = (joint[joint > 0] * np.log(joint[joint > 0] / product[joint > 0])).sum()
            # The plug-in estimate is off by (degrees of freedom)/2n. Of four colours a shape has three.
            expected = np.log(4 / 3) if (a, b) == (0, 1) else 0.0
            bias = (sizes[a] - 1) * (sizes[b] - 1) / (2 * len(columns))
            assert information == pytest.approx(expected, abs=4 * bias + 1e-3)

    @pytest.mark.parametrize("held_out", NAMES)
    def test_any_attribute_may_be_held_out(self, held_out: str) -> None:
        data = rendered(1, 240, held_out)
        column = NAMES.index(held_out)
        for name, part in data.parts.items():
            assert ((part.concepts[:, column] == excluded(part.labels, column)) == (name == "held_out")).all()

    def test_parts(self, data: Dataset) -> None:
        assert {name: part.n for name, part in data.parts.items()} == {
            "train": 3600, "validation": 900, "test": 1500, "held_out": 1500,
        }  # fmt: skip
        assert (data.k, data.image, data.concepts) == (12, (3, SIDE, SIDE), ATTRIBUTES)

    def test_is_a_function_of_the_seed(self) -> None:
        prints = [rendered(seed, 240).fingerprint for seed in (0, 0, 1)]
        assert prints[0] == prints[1] != prints[2]

    def test_fewest(self) -> None:
        data = rendered(0, 240)
        assert [part.n for part in data.parts.values()] == [144, 36, 60, 60]
        assert all(len(np.unique(part.labels)) == 12 for part in data.parts.values())

    @pytest.mark.parametrize("count", [239, 0, -5, 1000.0, True])
    def test_refuses_a_count(self, count: object) -> None:
        with pytest.raises(InvalidInput, match="count: expected an integer from 240 on"):
            rendered(0, count)  # type: ignore[arg-type]

    @pytest.mark.parametrize("held_out", ["shape", "", None, 0, "color"])
    def test_refuses_an_attribute(self, held_out: object) -> None:
        with pytest.raises(InvalidInput, match="held_out: expected one of colour, stroke, size, position, slant, "):
            rendered(0, 240, held_out)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def accuracies(data: Dataset) -> dict[str, tuple[float, float]]:
    def with_bias(part: Part) -> np.ndarray:
        return np.column_stack([part.inputs, np.ones(part.n)]).astype(np.float64)

    def columns(part: Part) -> list[np.ndarray]:
        return [part.labels, *part.concepts.T]

    trained_on = with_bias(data.train)
    targets = [np.eye(column.max() + 1)[column] for column in columns(data.train)]
    gram = trained_on.T @ trained_on + 10 * np.eye(trained_on.shape[1])
    weights = np.linalg.solve(gram, trained_on.T @ np.hstack(targets))
    parts = np.split(weights, np.cumsum([target.shape[1] for target in targets])[:-1], axis=1)
    found = {}
    for name, weight, *seen in zip(
        ["shape", *NAMES], parts, columns(data.test), columns(data.others["held_out"]), strict=True
    ):
        found[name] = tuple(
            float(((with_bias(part) @ weight).argmax(axis=1) == column).mean())
            for part, column in zip((data.test, data.others["held_out"]), seen, strict=True)
        )
    return found


class TestVisibility:
    """A linear classifier of pixels, ridge regression on indicators, reads everything above chance."""

    @pytest.mark.parametrize(
        ("name", "least"),
        [
            ("shape", 0.5), ("colour", 0.9), ("stroke", 0.65), ("size", 0.6), ("position", 0.85), ("slant", 0.5),
            ("texture", 0.99),
        ],
    )  # fmt: skip
    def test_is_read(self, accuracies: dict[str, tuple[float, float]], name: str, least: float) -> None:
        assert accuracies[name][0] > least

    @pytest.mark.parametrize("name", NAMES)
    def test_attributes_are_read_where_the_combination_is_new(
        self, accuracies: dict[str, tuple[float, float]], name: str
    ) -> None:
        assert accuracies[name][1] > 1 / SIZES[NAMES.index(name)] + 0.1
