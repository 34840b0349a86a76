from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics.data.dataset import (
    Concept,
    Dataset,
    Part,
    require_count,
    require_seed,
    split_in_three,
    stratified_split,
    thirds,
)
from theory import InvalidInput

LABELS = np.array([0, 1, 1, 0])
CONCEPTS = np.array([[0, 2], [1, 0], [1, 1], [0, 1]])
TWO = (Concept("a", ("no", "yes")), Concept("b", ("x", "y", "z")))


def toy(**changed: object) -> Dataset:
    part = Part(np.arange(12).reshape(4, 3), LABELS, CONCEPTS)
    return Dataset(**{"name": "toy", "train": part, "validation": part, "test": part, "concepts": TWO, **changed})


class TestPart:
    def test_copies_and_freezes(self) -> None:
        inputs, labels, concepts = np.zeros((4, 3), dtype=np.float32), LABELS.copy(), CONCEPTS.copy()
        part = Part(inputs, labels, concepts)
        inputs[0, 0], labels[0], concepts[0] = 7, 7, 7
        assert (part.inputs[0, 0], part.labels[0], part.concepts[0, 0]) == (0, 0, 0)
        for array in (part.inputs, part.labels, part.concepts):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
        with pytest.raises(FrozenInstanceError):
            part.labels = labels  # type: ignore[misc]

    def test_copies_a_view_that_is_read_only(self) -> None:
        base = np.zeros((4, 3), dtype=np.float32)
        view = base[:]
        view.setflags(write=False)
        part = Part(view, LABELS)
        base[0] = 7
        assert part.inputs[0, 0] == 0

    def test_shares_what_nobody_may_write_to(self) -> None:
        inputs = np.zeros((4, 3), dtype=np.float32)
        inputs.setflags(write=False)
        assert Part(inputs, LABELS).inputs is inputs

    def test_kinds_of_numbers(self) -> None:
        part = Part(np.ones((4, 3), dtype=np.int8), LABELS.astype(np.uint8), CONCEPTS.astype(np.int16))
        assert (part.n, part.inputs.dtype, part.labels.dtype, part.concepts.dtype) == (
            4,
            np.float32,
            np.int64,
            np.int64,
        )
        assert Part(np.ones((4, 3)), LABELS).concepts.shape == (4, 0)

    def test_rows(self) -> None:
        part = Part(np.arange(12).reshape(4, 3), LABELS, CONCEPTS).rows(np.array([2, 0]))
        np.testing.assert_array_equal(part.inputs, [[6, 7, 8], [0, 1, 2]])
        np.testing.assert_array_equal(part.labels, [1, 0])
        np.testing.assert_array_equal(part.concepts, [[1, 1], [0, 2]])

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("inputs", np.zeros(4)),
            ("inputs", np.zeros((4, 0))),
            ("inputs", np.zeros((0, 3))),
            ("inputs", np.full((4, 3), np.nan)),
            ("inputs", np.full((4, 3), 1e39)),  # finite only in double precision
            ("inputs", np.zeros((4, 3), dtype=complex)),
            ("inputs", np.full((4, 3), "0")),
            ("labels", np.array([0, 1, 1])),
            ("labels", np.array([0.0, 1.0, 1.0, 0.0])),
            ("labels", np.array([0, 1, -1, 0])),
            ("labels", np.array([True, False, True, False])),
            ("labels", np.zeros((4, 1), dtype=int)),
            ("concepts", np.zeros(4, dtype=int)),
            ("concepts", np.zeros((3, 1), dtype=int)),
            ("concepts", np.zeros((4, 1))),
            ("concepts", np.full((4, 1), -1)),
        ],
    )
    def test_names_the_field_it_refuses(self, field: str, value: np.ndarray) -> None:
        with pytest.raises(InvalidInput, match=rf"^{field}: expected"):
            Part(**{"inputs": np.zeros((4, 3)), "labels": LABELS, "concepts": CONCEPTS, field: value})


class TestDataset:
    def test_knows_its_shape(self) -> None:
        other = Part(np.ones((2, 3)), np.array([1, 1]), np.zeros((2, 2), dtype=int))
        data = toy(others={"far": other}, image=(1, 3, 1))
        assert (data.d, data.k) == (3, 2)
        assert list(data.parts) == ["train", "validation", "test", "far"]
        with pytest.raises(TypeError):
            data.others["near"] = other  # type: ignore[index]

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"train": Part(np.ones((2, 3)), np.array([0, 2]), CONCEPTS[:2])}, "train: expected every label"),
            ({"train": Part(np.ones((2, 3)), np.array([0, 0]), CONCEPTS[:2])}, "train: expected every label"),
            ({"image": (3, 1, 2)}, "image: expected .* of 3 pixels"),
            ({"test": Part(np.ones((4, 4)), LABELS, CONCEPTS)}, "test: expected inputs of the 3 features"),
            ({"validation": Part(np.ones((1, 3)), np.array([2]), CONCEPTS[:1])}, "validation: expected labels"),
            ({"test": Part(np.ones((4, 3)), LABELS)}, "test: expected a column for each of 2 concepts, saw 0"),
            ({"test": Part(np.ones((4, 3)), LABELS, 2 * CONCEPTS)}, "test: expected a from 0 to 1, saw 2"),
            ({"others": {"far": Part(np.ones((1, 1)), np.array([0]))}}, "far: expected inputs"),
        ],
    )
    def test_names_the_part_it_refuses(self, changed: dict[str, object], expected: str) -> None:
        with pytest.raises(InvalidInput, match=expected):
            toy(**changed)

    def test_fingerprint(self) -> None:
        part = Part(np.arange(12).reshape(4, 3), LABELS, CONCEPTS)
        moved = Part(np.arange(12).reshape(4, 3) + np.eye(4, 3), LABELS, CONCEPTS)
        different = [
            toy(),
            toy(name="another"),
            toy(test=moved),
            toy(validation=moved),
            toy(test=Part(part.inputs, 1 - LABELS, CONCEPTS)),
            toy(test=Part(part.inputs, LABELS, CONCEPTS[::-1])),
            toy(image=(1, 1, 3)),
            toy(concepts=(TWO[0], Concept("b", ("x", "y", "other")))),
            toy(others={"far": part}),
            toy(others={"near": part}),
        ]
        assert len({data.fingerprint for data in different}) == len(different)
        assert toy().fingerprint == toy(train=part).fingerprint


class TestSplits:
    @given(
        labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
        share=st.floats(0.01, 0.99),
        seed=st.integers(0, 100),
    )
    def test_stratified_split_is_a_partition(self, labels: list[int], share: float, seed: int) -> None:
        array = np.array(labels)
        rest, chosen = stratified_split(array, share, seed)
        np.testing.assert_array_equal(np.sort(np.concatenate([rest, chosen])), np.arange(len(array)))
        for label in set(labels):
            assert abs((array[chosen] == label).sum() - share * (array == label).sum()) <= 0.5 + 1e-9

    @given(each=st.integers(8, 30), seed=st.integers(0, 2**63 - 1))
    def test_in_three(self, each: int, seed: int) -> None:
        labels = np.repeat(np.arange(3), each)
        whole = Part(np.arange(3 * each)[:, None], labels, np.arange(3 * each)[:, None])
        parts = split_in_three(whole, 0.25, 0.25, seed)
        rows = np.concatenate([part.inputs[:, 0] for part in parts])
        np.testing.assert_array_equal(np.sort(rows), np.arange(3 * each))
        for part in parts:
            np.testing.assert_array_equal(part.labels, labels[part.inputs[:, 0].astype(int)])
            np.testing.assert_array_equal(part.concepts, part.inputs)
            assert np.ptp(np.bincount(part.labels)) == 0
        assert abs(parts[1].n - parts[2].n) <= 3

    @pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
    def test_refuse_a_share(self, share: float) -> None:
        with pytest.raises(InvalidInput, match="share"):
            stratified_split(np.array([0, 1]), share, 0)

    @pytest.mark.parametrize(("validation", "test"), [(0.0, 0.5), (0.5, 0.5), (0.9, 0.2), (float("nan"), 0.2)])
    def test_leave_something_to_train_on(self, validation: float, test: float) -> None:
        with pytest.raises(InvalidInput, match="validation: expected a number between 0 and"):
            split_in_three(Part(np.ones((4, 3)), LABELS), validation, test, 0)


class TestThirds:
    def test_known_answer(self) -> None:
        # The terciles of 0 ... 3 are 1 and 2; what equals one is above it.
        found = thirds(np.array([-5, 0.0, 0.99, 1.0, 1.99, 2.0, 9.0]), np.arange(4.0))
        assert found.tolist() == [0, 0, 0, 1, 1, 2, 2]

    @given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
    def test_rise_with_what_is_measured(self, values: list[float]) -> None:
        measured = np.sort(values)
        found = thirds(measured, measured)
        assert (np.diff(found) >= 0).all()
        assert set(found) <= {0, 1, 2}


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, None, "0"])
def test_unusable_seeds(seed: object) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        require_seed(seed)  # type: ignore[arg-type]


def test_counts() -> None:
    assert require_count("n", np.int32(3), 3, 3) == 3
    for count in (2, 4, 3.0, True, None, "3"):
        with pytest.raises(InvalidInput, match=r"n: expected an integer from 3 to 3, saw"):
            require_count("n", count, 3, 3)  # type: ignore[arg-type]
