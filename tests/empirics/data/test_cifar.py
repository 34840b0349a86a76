from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empirics.data.cifar import cifar100, read_names, read_rows
from empirics.data.registry import dataset_named
from theory import InvalidInput

FINE, COARSE = 5, 2


def rows(count: int, seed: int = 0) -> np.ndarray:
    """Rows of every label in turn; odd fine labels are of the second superclass."""
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 256, (count, 3074), dtype=np.uint8)
    table[:, 1] = np.arange(count) % FINE
    table[:, 0] = table[:, 1] % COARSE
    return table


def write(folder: Path, train: np.ndarray | None = None, test: np.ndarray | None = None) -> Path:
    (rows(60) if train is None else train).tofile(folder / "train.bin")
    (rows(15, 1) if test is None else test).tofile(folder / "test.bin")
    (folder / "fine_label_names.txt").write_text("apple\naquarium_fish\nbaby\nbear\nbeaver\n\n")
    (folder / "coarse_label_names.txt").write_text("even\nodd\n")
    return folder


class TestReading:
    def test_parts(self, tmp_path: Path) -> None:
        data = cifar100(write(tmp_path))
        assert (data.name, data.k, data.d, data.image) == ("cifar100", 5, 3072, (3, 32, 32))
        assert {name: part.n for name, part in data.parts.items()} == {"train": 55, "validation": 5, "test": 15}
        (concept,) = data.concepts
        assert (concept.name, concept.values) == ("superclass", ("even", "odd"))
        for part in data.parts.values():
            np.testing.assert_array_equal(part.concepts[:, 0], part.labels % 2)
        np.testing.assert_array_equal(np.bincount(data.train.labels), 5 * [11])

    def test_normalised_by_what_is_trained_on(self, tmp_path: Path) -> None:
        train = rows(60)
        train[:, 2 : 2 + 1024] //= 4  # a dark red plane
        test = rows(15, 1)
        data = cifar100(write(tmp_path, train, test))
        planes = data.train.inputs.astype(np.float64).reshape(-1, 3, 1024)
        np.testing.assert_allclose(planes.mean(axis=(0, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(planes.std(axis=(0, 2)), 1, atol=1e-5)
        # The same map, straight lines of a slope of their own, takes the test file's bytes to the test part.
        for channel in range(3):
            columns = slice(1024 * channel, 1024 * (channel + 1))
            raw, seen = test[:, 2:][:, columns].ravel().astype(float), data.test.inputs[:, columns].ravel()
            slope, intercept = np.polyfit(raw, seen, 1)
            np.testing.assert_allclose(slope * raw + intercept, seen, atol=1e-5)
            assert slope == pytest.approx((4 if channel == 0 else 1) / 73.9, rel=0.03)  # 256/sqrt 12

    def test_known_answer(self, tmp_path: Path) -> None:
        # Two values a channel, equally often: normalised to -1 and 1; a constant channel to 0. Red, green, blue planes.
        table = rows(20)
        table[:, 2:] = 0
        table[:, 2 + np.arange(0, 1024, 2)] = 10
        table[:, 2 + 1024 + np.arange(512)] = 255
        data = cifar100(write(tmp_path, table, table))
        red, green, blue = data.test.inputs[3].reshape(3, 32, 32)
        np.testing.assert_allclose(red, np.tile([1, -1], (32, 16)), rtol=1e-6)
        np.testing.assert_allclose(green, np.repeat([1, -1], 16)[:, None] * np.ones(32), rtol=1e-6)
        np.testing.assert_array_equal(blue, 0)

    @given(per_label=st.integers(3, 9), limit=st.none() | st.integers(10, 60), seed=st.integers(0, 2**63 - 1))
    @settings(max_examples=15, deadline=None)
    def test_every_image_is_in_one_part(
        self, tmp_path_factory: pytest.TempPathFactory, per_label: int, limit: int | None, seed: int
    ) -> None:
        train = rows(FINE * per_label, 2)
        train[:, 2:5] = np.arange(len(train))[:, None]  # what tells the images apart
        folder = write(tmp_path_factory.mktemp("cifar"), train)
        data = cifar100(folder, seed, limit)
        assert data.train.n + data.validation.n == min(len(train), limit or len(train))
        assert data.test.n == min(15, limit or 15)
        pixels = np.concatenate([data.train.inputs, data.validation.inputs])[:, 0]
        assert len(np.unique(pixels)) == len(pixels)
        assert np.ptp(np.bincount(np.concatenate([data.train.labels, data.validation.labels]))) <= 1
        assert data.fingerprint == cifar100(folder, seed, limit).fingerprint

    def test_by_name(self, tmp_path: Path) -> None:
        found = dataset_named("cifar100", 2, write(tmp_path), limit=30)
        assert found.fingerprint == cifar100(tmp_path, 2, 30).fingerprint


class TestRefusals:
    def test_no_folder(self, tmp_path: Path) -> None:
        expected = r"nowhere: expected a folder with train.bin, .*, saw no folder.*cs.toronto.edu.*binary version"
        with pytest.raises(InvalidInput, match=expected):
            cifar100(tmp_path / "nowhere")

    @pytest.mark.parametrize("name", ["train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"])
    def test_a_missing_file(self, tmp_path: Path, name: str) -> None:
        (write(tmp_path) / name).unlink()
        with pytest.raises(InvalidInput, match=rf"saw no {name}. CIFAR-100 is at https"):
            cifar100(tmp_path)

    @pytest.mark.parametrize("name", ["train.bin", "test.bin"])
    @pytest.mark.parametrize("size", [0, 1, 3073, 3075, 5 * 3074 - 1])
    def test_a_size_that_is_not_of_whole_rows(self, tmp_path: Path, name: str, size: int) -> None:
        (write(tmp_path) / name).write_bytes(bytes(size))
        with pytest.raises(InvalidInput, match=rf"{name}: expected a multiple of 3,074 bytes, .* saw {size:,} "):
            cifar100(tmp_path)

    @pytest.mark.parametrize(("column", "value", "name"), [(0, 2, "coarse"), (0, 255, "coarse"), (1, 5, "fine")])
    @pytest.mark.parametrize("file", ["train", "test"])
    def test_labels_without_names(self, tmp_path: Path, file: str, column: int, value: int, name: str) -> None:
        table = rows(30)
        table[17, column] = value
        with pytest.raises(InvalidInput, match=rf"{file}.bin: expected {name} labels from 0 .* saw {value} in row 17"):
            cifar100(write(tmp_path, **{file: table}))

    @pytest.mark.parametrize(
        ("contents", "seen"),
        [
            (b"", "0 lines"),
            (b"\n\n", "0 lines"),
            (b"one\n", "1 lines"),
            (b"a\nb\na\n", "2 different"),
            (b"a\n\nb", "3 lines, 2"),
        ],
    )
    def test_names(self, tmp_path: Path, contents: bytes, seen: str) -> None:
        path = tmp_path / "names.txt"
        path.write_bytes(contents)
        with pytest.raises(InvalidInput, match=rf"names.txt: expected the names of two labels or more.*{seen}"):
            read_names(path)

    def test_names_that_are_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(InvalidInput, match=r"names.txt: not a readable text file"):
            read_names(path)

    def test_a_label_that_is_not_trained_on(self, tmp_path: Path) -> None:
        table = rows(60)
        table = table[table[:, 1] != 2]
        with pytest.raises(InvalidInput, match=rf"{tmp_path.name}: train: expected every label"):
            cifar100(write(tmp_path, table))

    def test_too_few_for_choices(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"train.bin: expected two rows of some label"):
            cifar100(write(tmp_path, rows(5)))

    def test_rows_of_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="not a readable file"):
            read_rows(tmp_path, 5, 2)

    @pytest.mark.parametrize("limit", [0, -1, 2.5, True, "all"])
    def test_limits(self, tmp_path: Path, limit: object) -> None:
        with pytest.raises(InvalidInput, match="limit: expected an integer from 1 on"):
            cifar100(write(tmp_path), limit=limit)  # type: ignore[arg-type]

    def test_seeds(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="seed"):
            cifar100(write(tmp_path), -1)
