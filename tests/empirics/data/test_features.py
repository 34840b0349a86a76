import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from empirics.data.features import features
from empirics.data.registry import dataset_named
from theory import InvalidInput


def part(name: str, n: int, k: int = 3, concepts: tuple[int, ...] = (), seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng([seed, n])
    arrays = {f"{name}_inputs": generator.standard_normal((n, 7)), f"{name}_labels": np.arange(n) % k}
    if concepts:
        arrays[f"{name}_concepts"] = np.stack([np.arange(n) % size for size in concepts], axis=1)
    return arrays


def both(**changed: object) -> dict[str, object]:
    return {**part("train", 30), **part("test", 9), **changed}


def write(path: Path, arrays: dict[str, object]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    return path


@pytest.fixture(params=[".npz", ".safetensors"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"birds{request.param}"


class TestReading:
    def test_what_is_needed(self, path: Path) -> None:
        arrays = both()
        data = features(write(path, arrays))
        assert (data.name, data.d, data.k, data.image, data.concepts) == ("features", 7, 3, None, ())
        # Of 10 rows of each label, .15 are to the nearest row 2 (1.5 is rounded to even).
        assert {name: part.n for name, part in data.parts.items()} == {"train": 24, "validation": 6, "test": 9}
        np.testing.assert_array_equal(data.test.inputs, arrays["test_inputs"].astype(np.float32))
        np.testing.assert_array_equal(data.test.labels, arrays["test_labels"])

    def test_everything(self, path: Path) -> None:
        arrays = {
            **part("train", 30, concepts=(2, 3)), **part("validation", 6, concepts=(2, 3)),
            **part("test", 9, concepts=(2, 4)), **part("held_out", 5, concepts=(1, 1)),
        }  # fmt: skip
        data = features(write(path, arrays))
        assert {name: part.n for name, part in data.parts.items()} == {
            "train": 30, "validation": 6, "test": 9, "held_out": 5,
        }  # fmt: skip
        assert [concept.name for concept in data.concepts] == ["concept 0", "concept 1"]
        assert [concept.values for concept in data.concepts] == [("0", "1"), ("0", "1", "2", "3")]
        np.testing.assert_array_equal(data.others["held_out"].inputs, arrays["held_out_inputs"].astype(np.float32))
        assert data.fingerprint == features(path, 5).fingerprint  # nothing is left to chance

    def test_formats_agree(self, tmp_path: Path) -> None:
        arrays = both()
        first, second = (features(write(tmp_path / f"a{suffix}", arrays), 3) for suffix in (".npz", ".safetensors"))
        assert first.fingerprint == second.fingerprint

    def test_half_precision(self, path: Path) -> None:
        arrays = both()
        arrays |= {name: array.astype(np.float16) for name, array in arrays.items() if name.endswith("inputs")}
        np.testing.assert_array_equal(features(write(path, arrays)).test.inputs, arrays["test_inputs"])

    @given(n=st.integers(6, 40), seed=st.integers(0, 2**63 - 1), concepts=st.sampled_from([(), (2,), (3, 4)]))
    @settings(max_examples=15, deadline=None)
    def test_every_row_is_in_one_part(
        self, tmp_path_factory: pytest.TempPathFactory, n: int, seed: int, concepts: tuple[int, ...]
    ) -> None:
        arrays = {**part("train", n, 3, concepts), **part("test", 4, 3, concepts)}
        data = features(write(tmp_path_factory.mktemp("features") / "a.npz", arrays), seed)
        rows = np.concatenate([data.train.inputs, data.validation.inputs])
        expected = arrays["train_inputs"].astype(np.float32)
        np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], expected[np.argsort(expected[:, 0])])
        for there in (data.train, data.validation):
            for inputs, label, values in zip(there.inputs, there.labels, there.concepts, strict=True):
                row = int(np.flatnonzero((expected == inputs).all(axis=1))[0])
                assert label == row % 3
                assert list(values) == [row % size for size in concepts]

    def test_by_name(self, path: Path) -> None:
        write(path, both())
        assert dataset_named("features", 4, path).fingerprint == features(path, 4).fingerprint


class TestRefusals:
    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"train_inputs": np.zeros(30)}, r"train_inputs: expected shape \(n, d\).* saw shape \(30,\)"),
            ({"train_inputs": np.full((30, 7), np.nan)}, "train_inputs: expected numbers finite"),
            ({"test_inputs": np.full((9, 7), 1e300)}, "test_inputs: expected numbers finite in float32"),
            ({"test_inputs": np.zeros((9, 7), dtype=bool)}, "test_inputs: expected real numbers, saw dtype bool"),
            ({"test_inputs": np.zeros((9, 8))}, "test: expected inputs of the 7 features of train, saw 8"),
            ({"test_inputs": np.zeros((0, 7))}, r"test_inputs: expected shape"),
            ({"train_labels": np.zeros(29, dtype=int)}, "train_labels: expected 30 integers"),
            ({"train_labels": np.zeros(30)}, "train_labels: expected 30 integers .* dtype float64"),
            ({"train_labels": np.zeros(30, dtype=int)}, "train: expected every label"),
            ({"train_labels": np.arange(30) % 3 - 1}, "train_labels: expected 30 integers from 0 on.* least value -1"),
            ({"test_labels": np.full(9, 3)}, "test: expected labels that occur in training"),
            ({"train_concepts": np.zeros((30, 1), dtype=int)}, "test: expected a column for each of 1 concepts, saw 0"),
            ({"test_concepts": np.zeros((9, 1), dtype=int)}, "test: expected a column for each of 0 concepts, saw 1"),
            ({"train_concepts": np.zeros((30, 2))}, "train_concepts: expected integers from 0 on"),
            ({"train_concepts": np.zeros(30, dtype=int)}, "train_concepts: expected integers from 0 on"),
            ({"embeddings": np.zeros(3)}, r"expected arrays called train_inputs, .* saw embeddings"),
            (
                {"train_concept": np.zeros(3), "_labels": np.zeros(3)},
                "expected arrays called .* saw _labels, train_concept",
            ),
            ({"train_labels": np.arange(30) * 10**15}, "expected two rows of some label"),
            ({"train_labels": np.arange(30) % 3 * 10**15}, "train: expected every label"),
            (
                {"train_concepts": np.full((30, 1), 10**15), "test_concepts": np.zeros((9, 1), dtype=int)},
                "train_concepts: expected integers below 10,000, saw 1000000000000000",
            ),
            ({"held_out_labels": np.zeros(3, dtype=int)}, "expected arrays held_out_inputs too, saw held_out_labels"),
            ({"other_concepts": np.zeros((3, 1))}, "expected arrays other_inputs, other_labels too"),
        ],
    )
    def test_arrays_are_named(self, path: Path, changed: dict[str, np.ndarray], expected: str) -> None:
        with pytest.raises(InvalidInput, match=rf"{path.name}: {expected}"):
            features(write(path, both(**changed)))

    @pytest.mark.parametrize("missing", ["train_inputs", "train_labels", "test_inputs", "test_labels"])
    def test_an_array_is_missing(self, path: Path, missing: str) -> None:
        arrays = both()
        del arrays[missing]
        with pytest.raises(InvalidInput, match=rf"{path.name}: expected arrays {missing} too, saw te"):
            features(write(path, arrays))

    def test_one_row_of_each_label(self, path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"expected two rows of some label"):
            features(write(path, {**part("train", 3), **part("test", 3)}))

    def test_no_file(self, path: Path) -> None:
        with pytest.raises(InvalidInput, match=rf"{path.name}: no such file. .*train_inputs"):
            features(path)

    @pytest.mark.parametrize("name", ["birds", "birds.npy", "birds.pt"])
    def test_another_kind_of_file(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        with pytest.raises(InvalidInput, match=r"expected a .npz or .safetensors file, saw '.*train_inputs"):
            features(tmp_path / name)

    def test_a_folder(self, path: Path) -> None:
        path.mkdir()
        with pytest.raises(InvalidInput, match=r"expected a .npz or .safetensors file, saw a folder"):
            features(path)

    @pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
    def test_truncated(self, path: Path, share: float) -> None:
        whole = write(path, both()).read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InvalidInput, match=rf"{path.name}: not a readable {path.suffix} of plain arrays"):
            features(path)

    def test_a_header_that_promises_too_much(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.npz"
        header = io.BytesIO()
        description = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**9)}
        np.lib.format.write_array_header_1_0(header, description)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train_inputs.npy", header.getvalue() + bytes(64))
        with pytest.raises(InvalidInput, match="not a readable"):
            features(path)

    def test_a_safetensors_header_that_promises_too_much(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.safetensors"
        path.write_bytes(struct.pack("<Q", 2**60) + b"{}")
        with pytest.raises(InvalidInput, match="not a readable"):
            features(path)

    def test_nothing_is_unpickled(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.npz"
        np.savez(path, **both(train_concepts=np.array([{}], dtype=object)))
        with pytest.raises(InvalidInput, match=r"not a readable .npz of plain arrays .*allow_pickle"):
            features(path)

    def test_a_single_array(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.npz"
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
        with pytest.raises(InvalidInput, match="a single array"):
            features(path)

    def test_seeds(self, path: Path) -> None:
        with pytest.raises(InvalidInput, match="seed"):
            features(write(path, both()), -1)
