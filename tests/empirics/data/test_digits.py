import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from empirics.data.dataset import Dataset
from empirics.data.digits import concepts_of, digits
from empirics.data.measured import aspect_ratio, enclosed_loops, ink, slant
from theory import InvalidInput


def drawn(*lines: str) -> np.ndarray:
    """An image of one's own hand: # is ink."""
    return np.array([[character == "#" for character in line] for line in lines])[None]


LOOPS = {
    "ring": (1, drawn("###", "#.#", "###")),
    "ring at a corner": (1, drawn("###..", "#.#..", "###..", ".....")),
    "eight": (2, drawn("####", "#..#", "####", "#..#", "####")),
    "two rings": (2, drawn("###.###", "#.#.#.#", "###.###")),
    "dot in a ring": (1, drawn("#####", "#...#", "#.#.#", "#...#", "#####")),
    "ring in a ring": (
        2, drawn("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######")
    ),
    "horseshoe": (0, drawn("###", "#..", "###")),
    "ring without a corner": (1, drawn(".##", "#.#", "###")),  # ink holds together at corners
    "diamond": (1, drawn(".#.", "#.#", ".#.")),
    "blank": (0, drawn("....", "....")),
    "full": (0, drawn("####", "####")),
    "line to the edge": (0, drawn("..#..", "..#..", "..#..")),
    "three": (3, drawn("#######", "#.#.#.#", "#######")),
}  # fmt: skip


class TestLoops:
    @pytest.mark.parametrize("name", LOOPS)
    def test_known_answers(self, name: str) -> None:
        expected, image = LOOPS[name]
        assert enclosed_loops(image).tolist() == [expected]

    def test_counts_image_by_image(self) -> None:
        ring = drawn("###", "#.#", "###")
        images = np.concatenate([ring, ~ring, ring, ring & False])
        assert enclosed_loops(images).tolist() == [1, 0, 1, 0]

    @given(image=arrays.arrays(bool, (5, 6)))
    @settings(max_examples=50, deadline=None)
    def test_do_not_depend_on_where_and_how_it_lies(self, image: np.ndarray) -> None:
        found = enclosed_loops(image[None])[0]
        assert enclosed_loops(image.T[None])[0] == enclosed_loops(image[None, ::-1])[0] == found
        assert enclosed_loops(np.pad(image, 2)[None])[0] == found
        assert enclosed_loops(image.repeat(2, axis=0).repeat(2, axis=1)[None])[0] == found


class TestMoments:
    def test_ink(self) -> None:
        np.testing.assert_allclose(ink(np.array([[[0.0, 1.0], [0.5, 0.5]], [[0, 0], [0, 0]]])), [0.5, 0.0])

    def test_slant_of_lines(self) -> None:
        # y = 0 ... n - 1 with variance v = (n^2 - 1)/12 and that of a pixel's own height: v/(v + 1/12) = 1 - 1/n^2.
        n = 9
        falling = np.eye(n)[None]  # from the top left to the bottom right: leans left
        expected = 1 - 1 / n**2
        np.testing.assert_allclose(slant(falling), -expected)
        np.testing.assert_allclose(slant(falling[:, :, ::-1]), expected)
        upright = np.zeros((1, n, n))
        upright[:, :, 4] = 1
        np.testing.assert_allclose(slant(upright), 0, atol=1e-12)

    def test_aspect_ratio_of_boxes(self) -> None:
        # A box of pixels that are squares is as wide and high as it looks, wherever it lies.
        image = np.zeros((1, 9, 9))
        image[:, 2:4, 1:7] = 0.3
        np.testing.assert_allclose(aspect_ratio(image), 3)
        np.testing.assert_allclose(aspect_ratio(image.transpose(0, 2, 1)), 1 / 3)

    def test_blank_paper(self) -> None:
        blank = np.zeros((2, 3, 3))
        assert slant(blank).tolist() == [0, 0]
        assert aspect_ratio(blank).tolist() == [1, 1]

    @given(
        image=arrays.arrays(np.float64, (6, 7), elements=st.floats(0, 1, width=16)),
        shift=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    )
    @settings(max_examples=50, deadline=None)
    def test_symmetries(self, image: np.ndarray, shift: tuple[int, int]) -> None:
        image = image + 0.01
        moved = np.pad(image, ((shift[0], 3 - shift[0]), (shift[1], 3 - shift[1])))
        for measure in (slant, aspect_ratio):
            np.testing.assert_allclose(measure(moved[None]), measure(image[None]), atol=1e-9)
            np.testing.assert_allclose(measure(image[None] / 2), measure(image[None]), atol=1e-9)
        np.testing.assert_allclose(slant(image[None, :, ::-1]), -slant(image[None]), atol=1e-9)
        np.testing.assert_allclose(aspect_ratio(image.T[None]), 1 / aspect_ratio(image[None]), rtol=1e-9)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits(0)


class TestDigits:
    def test_shapes_and_scale(self, data: Dataset) -> None:
        assert (data.name, data.d, data.k, data.image) == ("digits", 64, 10, (1, 8, 8))
        assert {name: part.n for name, part in data.parts.items()} == {"train": 1078, "validation": 269, "test": 450}
        everything = np.concatenate([part.inputs for part in data.parts.values()])
        assert (everything.min(), everything.max()) == (0.0, 1.0)

    def test_is_stratified(self) -> None:
        data = digits(3)
        counts = np.stack([np.bincount(part.labels) for part in data.parts.values()])
        assert (abs(counts[2] - 0.25 * counts.sum(axis=0)) <= 0.5).all()
        assert (abs(counts[1] - 0.15 * counts.sum(axis=0)) <= 0.7).all()  # rounded twice

    def test_parts_are_disjoint(self, data: Dataset) -> None:
        rows = [{row.tobytes() for row in part.inputs} for part in data.parts.values()]  # no two images are equal
        assert sum(map(len, rows)) == len(set.union(*rows)) == 1797

    def test_is_a_function_of_the_seed(self, data: Dataset) -> None:
        assert digits(0).fingerprint == data.fingerprint != digits(1).fingerprint

    def test_leaves_the_global_random_state_alone(self) -> None:
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        digits(0)
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002

    def test_refuses_a_seed(self) -> None:
        with pytest.raises(InvalidInput, match="seed"):
            digits(-1)


class TestConcepts:
    def test_names(self, data: Dataset) -> None:
        assert {concept.name: concept.values for concept in data.concepts} == {
            "loops": ("none", "one", "two or more"),
            "slant": ("left", "upright", "right"),
            "ink": ("light", "medium", "heavy"),
            "aspect ratio": ("narrow", "medium", "wide"),
        }

    def test_most_digits_have_the_loops_they_ought_to(self, data: Dataset) -> None:
        ought = {0: 1, 1: 0, 2: 0, 3: 0, 5: 0, 6: 1, 7: 0, 8: 2, 9: 1}
        for digit, expected in ought.items():
            found = data.train.concepts[data.train.labels == digit, 0]
            assert np.bincount(found, minlength=3).argmax() == expected

    def test_thirds_of_training(self, data: Dataset) -> None:
        for column in data.train.concepts.T[1:]:
            np.testing.assert_allclose(np.bincount(column) / data.train.n, 1 / 3, atol=0.02)

    def test_cuts_are_those_of_training(self, data: Dataset) -> None:
        for part in data.parts.values():
            images = part.inputs.reshape(-1, 8, 8)
            for column, measure in ((1, slant), (2, ink), (3, aspect_ratio)):
                cuts = np.quantile(measure(data.train.inputs.reshape(-1, 8, 8)), [1 / 3, 2 / 3])
                expected = sum((measure(images) >= cut).astype(int) for cut in cuts)
                np.testing.assert_array_equal(part.concepts[:, column], expected)

    def test_what_is_held_out_changes_no_cut(self, data: Dataset) -> None:
        found = concepts_of(data.test.inputs[:5], data.train.inputs)
        np.testing.assert_array_equal(found, data.test.concepts[:5])

    def test_known_answer(self) -> None:
        # Upright, left and right strokes; each is its own third.
        stroke = np.zeros((3, 8, 8), dtype=np.float32)
        for y in range(8):
            stroke[0, y, 4] = stroke[1, y, y] = stroke[2, y, 7 - y] = 1
        stroke[1] *= 0.75
        stroke[2] *= 0.5
        found = concepts_of(stroke.reshape(3, 64), stroke.reshape(3, 64))
        assert found[:, 1].tolist() == [1, 0, 2]
        assert found[:, 2].tolist() == [2, 1, 0]
        assert found[:, 0].tolist() == [0, 0, 0]
        assert math.isclose(float(ink(stroke)[0]), 1 / 8)
