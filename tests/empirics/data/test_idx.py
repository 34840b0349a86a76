import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from empirics.data.idx import fashion_mnist, idx, read_idx
from empirics.data.registry import dataset_named
from theory import InvalidInput

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def header(*shape: int, kind: int = 0x08) -> bytes:
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def encoded(array: np.ndarray) -> bytes:
    return header(*array.shape) + array.astype(np.uint8).tobytes()


def contents(train: int = 40, test: int = 10, labels: int = 4, height: int = 3, width: int = 5) -> dict[str, bytes]:
    generator = np.random.default_rng(0)
    made = []
    for count in (train, test):
        images = generator.integers(0, 256, (count, height, width))
        made += [encoded(images), encoded(np.arange(count) % labels)]
    return dict(zip(NAMES, made, strict=True))


def write(folder: Path, zipped: bool = False, **changed: bytes) -> Path:
    for name, data in contents().items():
        data = changed.get(name.replace("-", "_"), data)
        (folder / f"{name}.gz").write_bytes(gzip.compress(data)) if zipped else (folder / name).write_bytes(data)
    return folder


class TestReading:
    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_known_answer(self, tmp_path: Path, suffix: str) -> None:
        data = b"\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x03\x00\x01\x02\xfd\xfe\xff"
        path = tmp_path / f"images{suffix}"
        path.write_bytes(gzip.compress(data) if suffix else data)
        np.testing.assert_array_equal(read_idx(path, 3), [[[0, 1, 2], [253, 254, 255]]])

    @given(array=arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4, max_side=6)), zipped=st.booleans())
    @settings(max_examples=40, deadline=None)
    def test_round_trip(self, tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, zipped: bool) -> None:
        path = tmp_path_factory.mktemp("idx") / ("a.gz" if zipped else "a")
        path.write_bytes(gzip.compress(encoded(array)) if zipped else encoded(array))
        np.testing.assert_array_equal(read_idx(path, array.ndim), array)

    def test_more_than_a_piece(self, tmp_path: Path) -> None:
        array = np.arange(3_000_000).astype(np.uint8).reshape(3000, 1000)
        path = tmp_path / "a.gz"
        path.write_bytes(gzip.compress(encoded(array), 1))
        np.testing.assert_array_equal(read_idx(path, 2), array)

    @pytest.mark.parametrize("zipped", [False, True])
    def test_parts(self, tmp_path: Path, zipped: bool) -> None:
        data = idx(write(tmp_path, zipped))
        assert (data.name, data.k, data.d, data.image, data.concepts) == ("idx", 4, 15, (1, 3, 5), ())
        assert {name: part.n for name, part in data.parts.items()} == {"train": 36, "validation": 4, "test": 10}
        raw = np.frombuffer(contents()[NAMES[2]][16:], dtype=np.uint8).reshape(10, 15)
        np.testing.assert_allclose(data.test.inputs, raw / 255, rtol=1e-6)
        np.testing.assert_array_equal(data.test.labels, np.arange(10) % 4)

    def test_zipped_or_not_is_the_same(self, tmp_path: Path) -> None:
        folders = [tmp_path / "plain", tmp_path / "zipped"]
        for zipped, folder in enumerate(folders):
            folder.mkdir()
            write(folder, bool(zipped))
        (folders[0] / f"{NAMES[0]}.gz").write_bytes(b"what is not zipped comes first")
        assert idx(folders[0], 1).fingerprint == idx(folders[1], 1).fingerprint

    @given(limit=st.integers(8, 60), seed=st.integers(0, 2**63 - 1))
    @settings(max_examples=15, deadline=None)
    def test_limit(self, tmp_path_factory: pytest.TempPathFactory, limit: int, seed: int) -> None:
        folder = write(tmp_path_factory.mktemp("idx"))
        data = idx(folder, seed, limit)
        assert (data.train.n + data.validation.n, data.test.n) == (min(limit, 40), min(limit, 10))
        assert np.ptp(np.bincount(np.concatenate([data.train.labels, data.validation.labels]))) <= 1
        images = {row.tobytes() for part in (data.train, data.validation) for row in part.inputs}
        assert len(images) == min(limit, 40)
        assert data.fingerprint == idx(folder, seed, limit).fingerprint

    def test_by_name(self, tmp_path: Path) -> None:
        write(tmp_path)
        clothes = dataset_named("fashion-mnist", 2, tmp_path, limit=30)
        assert clothes.name == "fashion-mnist"
        assert clothes.fingerprint == fashion_mnist(tmp_path, 2, 30).fingerprint
        mine = dataset_named("idx", 2, tmp_path, limit=30)
        assert mine.name == "idx"
        np.testing.assert_array_equal(mine.train.inputs, clothes.train.inputs)


class TestFiles:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", "expected an IDX file, starting 00 00 08, saw nothing"),
            (b"\0\0\x08", "expected an IDX file, .* saw 00 00 08"),
            (b"\x08\x03\0\0" + bytes(30), "expected an IDX file, .* saw 08 03 00 00"),
            (b"\x89PNG" + bytes(30), "expected an IDX file, .* saw 89 50 4e 47"),
            (b"\0\0\x0a\x03" + bytes(30), "expected an IDX file, .* saw 00 00 0a 03"),
            (header(1, 1, 1, kind=0x0D) + bytes(4), "expected numbers of type unsigned byte .08., saw float"),
            (header(1, 1, 1, kind=0x09) + bytes(1), "expected numbers of type unsigned byte .08., saw signed byte"),
            (header(3) + bytes(3), "expected 3 dimensions, saw 1"),
            (header(1, 1, 1, 1) + bytes(1), "expected 3 dimensions, saw 4"),
            (header(2, 1, 1)[:4], "expected 3 dimensions of 4 bytes, saw the end of the file"),
            (header(2, 1, 1)[:15], "expected 3 dimensions of 4 bytes, saw the end of the file"),
            (header(2, 0, 1), r"expected dimensions from 1 on, saw \(2, 0, 1\)"),
            (header(2, 1, 3), r"expected 6 bytes after the header of shape \(2, 1, 3\), saw fewer"),
            (header(2, 1, 3) + bytes(5), r"expected 6 bytes after the header of shape \(2, 1, 3\), saw fewer"),
            (header(2, 1, 3) + bytes(7), r"expected 6 bytes after the header of shape \(2, 1, 3\), saw more"),
            (
                header(2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(9),
                "expected 79,228,162,458,924,105,385,300,197,375 ",
            ),
        ],
    )
    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_refuses(self, tmp_path: Path, data: bytes, expected: str, suffix: str) -> None:
        path = tmp_path / f"images{suffix}"
        path.write_bytes(gzip.compress(data) if suffix else data)
        with pytest.raises(InvalidInput, match=f"images{suffix}: {expected}"):
            read_idx(path, 3)

    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_allocates_nothing_that_is_only_promised(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"images{suffix}"
        data = header(60_000, 1000, 1000) + bytes(100_000)
        path.write_bytes(gzip.compress(data) if suffix else data)
        tracemalloc.start()
        try:
            with pytest.raises(InvalidInput, match="expected 60,000,000,000 bytes"):
                read_idx(path, 3)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("cut", [0, 1, 9, 10, 15, -9, -8, -4, -1])
    def test_refuses_gzip_that_is_cut_off(self, tmp_path: Path, cut: int) -> None:
        path = tmp_path / "images.gz"
        whole = gzip.compress(encoded(np.random.default_rng(0).integers(0, 256, (4, 5, 6))))
        path.write_bytes(whole[:cut])
        with pytest.raises(InvalidInput, match=r"images\.gz: "):
            read_idx(path, 3)

    @given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
    @settings(max_examples=60, deadline=None)
    def test_a_changed_byte_of_gzip_is_seen(
        self, tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
    ) -> None:
        # Not in the header, which has the time and such: gzip checks what it has unpacked.
        array = np.random.default_rng(0).integers(0, 20, (4, 5, 6)).astype(np.uint8)
        whole = bytearray(gzip.compress(encoded(array)))
        whole[10 + position % (len(whole) - 10)] ^= flip
        path = tmp_path_factory.mktemp("idx") / "images.gz"
        path.write_bytes(whole)
        try:
            found = read_idx(path, 3)
        except InvalidInput as error:
            assert "images.gz: " in str(error)  # noqa: PT017  (nothing changed, or refused)
        else:
            np.testing.assert_array_equal(found, array)

    def test_refuses_what_is_not_zipped_but_called_so(self, tmp_path: Path) -> None:
        path = tmp_path / "images.gz"
        path.write_bytes(encoded(np.zeros((2, 2, 2))))
        with pytest.raises(InvalidInput, match=r"images.gz: not a readable file of gzip \(Not a gzipped file"):
            read_idx(path, 3)

    def test_refuses_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"not a readable file \(Is a directory\)"):
            read_idx(tmp_path, 3)


class TestRefusals:
    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"nowhere: expected a folder with train-images-idx3-.*\.gz\).*MNIST"):
            idx(tmp_path / "nowhere")
        with pytest.raises(InvalidInput, match=r"saw no folder. .*dataset-fashion-mnist.*https://github.com/zalando"):
            fashion_mnist(tmp_path / "nowhere")

    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_file(self, tmp_path: Path, name: str) -> None:
        (write(tmp_path, zipped=True) / f"{name}.gz").unlink()
        with pytest.raises(InvalidInput, match=rf"{tmp_path.name}: expected .* saw no {name}\. "):
            idx(tmp_path)

    @pytest.mark.parametrize("which", ["train", "t10k"])
    @pytest.mark.parametrize("count", [1, 39, 41])
    def test_labels_for_other_images(self, tmp_path: Path, which: str, count: int) -> None:
        labels = encoded(np.arange(count) % 4)
        with pytest.raises(InvalidInput, match=rf"{which}-labels.*: expected a label for each of .* saw {count}"):
            idx(write(tmp_path, **{f"{which}_labels_idx1_ubyte": labels}))

    def test_images_of_another_shape(self, tmp_path: Path) -> None:
        images = encoded(np.zeros((10, 5, 3)))
        with pytest.raises(InvalidInput, match=r"t10k-images.*: expected images of shape \(3, 5\) .* saw \(5, 3\)"):
            idx(write(tmp_path, t10k_images_idx3_ubyte=images))

    def test_labels_that_do_not_start_from_0(self, tmp_path: Path) -> None:
        labels = encoded(1 + np.arange(40) % 4)
        with pytest.raises(InvalidInput, match=rf"{tmp_path.name}: train: expected every label 0"):
            idx(write(tmp_path, train_labels_idx1_ubyte=labels))

    def test_labels_that_are_not_trained_on(self, tmp_path: Path) -> None:
        labels = encoded(np.arange(10) % 5)
        with pytest.raises(InvalidInput, match=rf"{tmp_path.name}: test: expected labels that occur in training"):
            idx(write(tmp_path, t10k_labels_idx1_ubyte=labels))

    def test_too_few_for_choices(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"train-labels-idx1-ubyte: expected two rows of some label"):
            idx(write(tmp_path), limit=4)

    @pytest.mark.parametrize("limit", [0, 1.5, False])
    def test_limits(self, tmp_path: Path, limit: object) -> None:
        with pytest.raises(InvalidInput, match="limit"):
            idx(write(tmp_path), limit=limit)  # type: ignore[arg-type]
