import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empirics.data.dataset import Dataset, Part
from empirics.data.spirals import (
    angles,
    arms,
    spirals,
    spirals_extrapolation,
    spirals_few_labels,
    spirals_interpolation,
)
from theory import InvalidInput

VARIANTS = (spirals, spirals_interpolation, spirals_extrapolation, spirals_few_labels)


def radii_of(part: Part) -> np.ndarray:
    return np.linalg.norm(part.inputs, axis=1)


def rows_of(part: Part) -> set[bytes]:
    return {row.tobytes() for row in part.inputs}


class TestGeometry:
    @pytest.mark.parametrize(
        ("radius", "arm", "offset", "degrees"),
        [
            (0.0, 0, 0.0, 0.0),
            (10.0, 0, 0.0, 180 / 7),  # 0.2 pi/7 * 5 = pi/7
            (2.0, 7, 0.0, 36 / 7 + 90),  # 0.2 pi/7, and a quarter turn for seven arms
            (7.0, 14, 0.0, 18 + 180),
            (0.0, 1, 0.0, 90 / 7),  # arms are 2 pi/28 apart
            (0.0, 0, 0.75, 135 / 28),
            (0.0, 0, -0.75, -135 / 28),
        ],
    )
    def test_angles(self, radius: float, arm: int, offset: float, degrees: float) -> None:
        found = angles(np.array(radius), np.array(arm), np.array(offset))
        assert math.degrees(found) == pytest.approx(degrees, abs=1e-12)

    def test_radii_and_counts(self) -> None:
        drawn = arms(3, 1000)
        assert drawn.points.shape == (28_000, 2)
        np.testing.assert_allclose(np.linalg.norm(drawn.points, axis=1), drawn.radii, rtol=1e-12)
        for start in range(0, 28_000, 1000):
            np.testing.assert_allclose(drawn.radii[start : start + 1000], 1 + 9 * np.arange(1000) / 999, atol=1e-9)
        np.testing.assert_array_equal(np.bincount(drawn.blocks), 4 * [7000])
        np.testing.assert_array_equal(np.bincount(drawn.labels), 7 * [4000])

    def test_labels_of_the_arms(self) -> None:
        blocks = []
        for seed in range(5):
            by_arm = arms(seed, 10).labels.reshape(28, 10)
            assert (by_arm == by_arm[:, :1]).all()
            blocks += list(by_arm[:, 0].reshape(4, 7))
        assert all(block[0] == 0 and sorted(block) == list(range(7)) for block in blocks)
        assert len({tuple(block) for block in blocks}) > 10

    @given(seed=st.integers(0, 2**63 - 1), radii=st.integers(10, 40))
    @settings(max_examples=25, deadline=None)
    def test_arms_keep_apart(self, seed: int, radii: int) -> None:
        # Turned back by the twist, the points of arm a are within three quarters of half the distance to the next.
        drawn = arms(seed, radii)
        turned = np.arctan2(drawn.points[:, 1], drawn.points[:, 0]) - 0.1 * np.pi / 7 * drawn.radii
        offsets = (turned / (np.pi / 28) - 2 * np.repeat(np.arange(28), radii) + 28) % 56 - 28
        assert abs(offsets).max() <= 0.75 + 1e-9
        assert abs(offsets).max() > 0.5

    def test_offsets_are_uniform(self) -> None:
        drawn = arms(0, 1000)
        turned = np.arctan2(drawn.points[:, 1], drawn.points[:, 0]) - 0.1 * np.pi / 7 * drawn.radii
        offsets = np.sort((turned / (np.pi / 28) + 1) % 2 - 1)
        expected = 1.5 * (np.arange(28_000) + 0.5) / 28_000 - 0.75
        assert abs(offsets - expected).max() < 1.5 * 1.63 / math.sqrt(28_000)  # Kolmogorov-Smirnov at 1 per cent


class TestParts:
    def test_sizes(self) -> None:
        data = spirals(0)
        assert (data.d, data.k, data.image) == (2, 7, None)
        assert [part.n for part in data.parts.values()] == [14_000, 7_000, 7_000]
        for part, each in zip(data.parts.values(), (2000, 1000, 1000), strict=True):
            np.testing.assert_array_equal(np.bincount(part.labels), 7 * [each])
        assert len(set.union(*map(rows_of, data.parts.values()))) == 28_000

    def test_interpolation(self) -> None:
        # Of radii 1 + 9 i / 999, those strictly between 4 (i = 333) and 7 (i = 666) are 332.
        data = spirals_interpolation(0)
        assert data.others["between"].n == 28 * 332
        assert sum(part.n for part in (data.train, data.validation, data.test)) == 28 * 668
        for part in (data.train, data.validation, data.test):
            radii = radii_of(part)
            assert ((radii < 4 + 1e-5) | (radii > 7 - 1e-5)).all()
            assert (radii < 5).any()
            assert (radii > 6).any()
        between = radii_of(data.others["between"])
        assert (between.min() > 4, between.max() < 7) == (True, True)

    def test_extrapolation(self) -> None:
        # r < 3 are i < 222, r > 7 are i > 666.
        data = spirals_extrapolation(0)
        assert {name: part.n for name, part in data.others.items()} == {"inside": 28 * 222, "outside": 28 * 333}
        assert sum(part.n for part in (data.train, data.validation, data.test)) == 28 * 445
        for part in (data.train, data.validation, data.test):
            assert (radii_of(part).min() > 3 - 1e-5, radii_of(part).max() < 7 + 1e-5) == (True, True)
        assert radii_of(data.others["inside"]).max() < 3
        assert radii_of(data.others["outside"]).min() > 7

    @pytest.mark.parametrize("variant", [spirals_interpolation, spirals_extrapolation])
    def test_variants_are_the_points_of_the_whole(self, variant) -> None:
        whole, part = spirals(4, 50), variant(4, 50)
        assert set.union(*map(rows_of, whole.parts.values())) == set.union(*map(rows_of, part.parts.values()))

    @pytest.mark.parametrize("per_label", [1, 70, 700, 2000])
    def test_few_labels(self, per_label: int) -> None:
        whole, few = spirals(1), spirals_few_labels(1, per_label=per_label)
        np.testing.assert_array_equal(np.bincount(few.train.labels), 7 * [per_label])
        assert rows_of(few.train) <= rows_of(whole.train)
        np.testing.assert_array_equal(few.test.inputs, whole.test.inputs)
        np.testing.assert_array_equal(few.validation.inputs, whole.validation.inputs)

    def test_fewer_labels_are_among_more(self) -> None:
        assert rows_of(spirals_few_labels(2, 100, 7).train) < rows_of(spirals_few_labels(2, 100, 70).train)


@pytest.mark.parametrize("variant", VARIANTS)
class TestEveryVariant:
    def test_concepts(self, variant) -> None:
        data = variant(0, 400)
        assert [concept.name for concept in data.concepts] == ["block", "radius"]
        for part in data.parts.values():
            radii, (block, third) = radii_of(part), part.concepts.T
            for value in range(3):
                chosen = radii[third == value]
                lower = radii[third < value]
                assert not lower.size or not chosen.size or lower.max() < chosen.min() + 1e-6
            turned = np.arctan2(part.inputs[:, 1], part.inputs[:, 0]) - 0.1 * np.pi / 7 * radii
            np.testing.assert_array_equal(((turned + np.pi / 28) // (np.pi / 2)).astype(int) % 4, block)
        shares = np.bincount(data.train.concepts[:, 1]) / data.train.n
        np.testing.assert_allclose(shares, 1 / 3, atol=0.08)

    @given(seed=st.integers(0, 2**63 - 1), radii=st.integers(40, 60))
    @settings(max_examples=10, deadline=None)
    def test_is_a_function_of_the_seed(self, variant, seed: int, radii: int) -> None:
        first, again, other = variant(seed, radii), variant(seed, radii), variant((seed + 1) % 2**63, radii)
        assert isinstance(first, Dataset)
        assert first.fingerprint == again.fingerprint != other.fingerprint
        parts = [rows_of(part) for part in first.parts.values()]
        assert len(set.union(*parts)) == sum(map(len, parts)) == sum(part.n for part in first.parts.values())

    def test_fewest_radii(self, variant) -> None:
        options = {"per_label": 2} if variant is spirals_few_labels else {}
        assert all(part.n for part in variant(0, 10, **options).parts.values())

    @pytest.mark.parametrize("radii", [9, 0, -1, 10.0, True, "10", None])
    def test_refuses_radii(self, variant, radii: object) -> None:
        with pytest.raises(InvalidInput, match=r"radii: expected an integer from 10 on"):
            variant(0, radii)

    def test_refuses_a_seed(self, variant) -> None:
        with pytest.raises(InvalidInput, match="seed"):
            variant(-1)


@pytest.mark.parametrize("per_label", [0, 2001, 1.5])
def test_few_labels_refuses_more_than_there_are(per_label: object) -> None:
    with pytest.raises(InvalidInput, match=r"per_label: expected an integer from 1 to 2000, saw"):
        spirals_few_labels(0, per_label=per_label)  # type: ignore[arg-type]
