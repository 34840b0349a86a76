"""Images in IDX files, the format of MNIST and its successors."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Int, UInt8

from empirics.data.dataset import Dataset, Part
from empirics.data.files import drawn_evenly, files_in, split_in_two
from theory.errors import InvalidInput, first_line

WHERE = "Any data set in the layout of MNIST will do, such as Fashion-MNIST, Kuzushiji-MNIST or MNIST itself."
WHERE_FASHION_MNIST = (
    "Fashion-MNIST is in the Debian package dataset-fashion-mnist, under share/datasets/fashion-mnist, and at "
    "https://github.com/zalandoresearch/fashion-mnist."
)

_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
# The third byte of a file, by the format's definition.
_TYPES = {0x08: "unsigned byte", 0x09: "signed byte", 0x0B: "short", 0x0C: "int", 0x0D: "float", 0x0E: "double"}
_UNSIGNED_BYTE = 0x08  # the one kind of pixels that is read
_CHUNK = 1 << 20  # bytes: a mebibyte at a time
_VALIDATION_SHARE = 0.1  # 6,000 of the 60,000 images of MNIST: penalties of probes alone are chosen on them


def idx(folder: Path, seed: int = 0, limit: int | None = None) -> Dataset:
    """Read a data set in the layout of MNIST; pixels are scaled to [0, 1].

    Parameters
    ----------
    folder
        With train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each
        as it is or gzipped as .gz. Labels are numbered from 0.
    seed
        Determines which tenth of each label's training images is kept for choices, and which images are taken.
    limit
        How many images to take of each of the two sets, of each label as equally many as there are; by default all.

    Raises
    ------
    InvalidInput
        If a file is missing, corrupt, truncated or not what its name says, images and labels do not fit together, too
        few labels are trained on, or `seed` or `limit` is not usable.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits" (1998), with the file format.
    """
    return _named("idx", WHERE, folder, seed, limit)


def fashion_mnist(folder: Path, seed: int = 0, limit: int | None = None) -> Dataset:
    """Read Fashion-MNIST: 70,000 pictures of clothes, 28 x 28 pixels, ten labels.

    Parameters and errors are those of `idx`.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms"
    (2017).
    """
    return _named("fashion-mnist", WHERE_FASHION_MNIST, folder, seed, limit)


def _named(name: str, where: str, folder: Path, seed: int, limit: int | None) -> Dataset:
    folder = Path(folder)
    paths = files_in(folder, _FILES, where, ("", ".gz"))
    images, labels = _limited(*read_pair(paths[0], paths[1]), limit, seed)
    test_images, test_labels = _limited(*read_pair(paths[2], paths[3]), limit, seed)
    if images.shape[1:] != test_images.shape[1:]:
        raise InvalidInput(
            f"{paths[2]}: expected images of shape {images.shape[1:]} as in {paths[0].name}, "
            f"saw {test_images.shape[1:]}"
        )
    trained_on, for_choices = split_in_two(labels, _VALIDATION_SHARE, seed, paths[1])
    height, width = images.shape[1:]
    try:
        return Dataset(
            name,
            _part(images[trained_on], labels[trained_on]),
            _part(images[for_choices], labels[for_choices]),
            _part(test_images, test_labels),
            image=(1, height, width),
        )
    except InvalidInput as error:
        raise InvalidInput(f"{folder}: {error}") from None


def read_pair(images: Path, labels: Path) -> tuple[UInt8[np.ndarray, "n h w"], Int[np.ndarray, " n"]]:
    """Read images and their labels.

    Raises
    ------
    InvalidInput
        If a file is not what it should be or there is not one label per image.
    """
    pixels, numbers = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(numbers):
        raise InvalidInput(
            f"{labels}: expected a label for each of {len(pixels)} images in {images.name}, saw {len(numbers)}"
        )
    return pixels, numbers.astype(np.int64)


def read_idx(path: Path, dimensions: int) -> UInt8[np.ndarray, "..."]:
    """Read an array of unsigned bytes.

    The file has two zero bytes, a byte for the type of number and one for the number of dimensions, each dimension in
    four bytes, the highest first, and then the numbers. Nothing is allocated because the header says so.

    Parameters
    ----------
    path
        Gzipped if it is called .gz.
    dimensions
        How many are expected.

    Raises
    ------
    InvalidInput
        If the file cannot be read or decompressed, is no IDX file of unsigned bytes of so many dimensions, a dimension
        is zero, or it holds fewer or more numbers than its header says.
    """
    zipped = path.suffix == ".gz"
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            shape = _header(path, stream, dimensions)
            size = math.prod(shape)
            contents = _read(stream, size + 1)  # one more: what follows is seen, and gzip checks its sum at the end
    except (OSError, EOFError, zlib.error) as error:  # what gzip raises for files that are cut off or corrupt
        raise InvalidInput(f"{path}: not a readable file{' of gzip' if zipped else ''} ({_reason(error)})") from None
    if len(contents) != size:
        seen = "more" if len(contents) > size else "fewer"
        raise InvalidInput(f"{path}: expected {size:,} bytes after the header of shape {shape}, saw {seen}")
    return np.frombuffer(contents, dtype=np.uint8).reshape(shape)


def _header(path: Path, stream: BinaryIO | gzip.GzipFile, dimensions: int) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES:
        raise InvalidInput(f"{path}: expected an IDX file, starting 00 00 08, saw {start.hex(' ') or 'nothing'}")
    if start[2] != _UNSIGNED_BYTE:
        raise InvalidInput(f"{path}: expected numbers of type unsigned byte (08), saw {_TYPES[start[2]]}")
    if start[3] != dimensions:
        raise InvalidInput(f"{path}: expected {dimensions} dimensions, saw {start[3]}")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise InvalidInput(f"{path}: expected {dimensions} dimensions of 4 bytes, saw the end of the file")
    shape = struct.unpack(f">{dimensions}I", sizes)
    if 0 in shape:
        raise InvalidInput(f"{path}: expected dimensions from 1 on, saw {shape}")
    return shape


def _read(stream: BinaryIO | gzip.GzipFile, most: int) -> bytearray:
    """Read to the end, or so many bytes, piece by piece: a single read would allocate them all beforehand."""
    contents = bytearray()
    while len(contents) < most and (piece := stream.read(min(_CHUNK, most - len(contents)))):
        contents += piece
    return contents


def _reason(error: BaseException) -> str:
    errno = getattr(error, "errno", None)
    return os.strerror(errno) if errno else first_line(error)


def _limited(
    images: UInt8[np.ndarray, "n h w"], labels: Int[np.ndarray, " n"], limit: int | None, seed: int
) -> tuple[UInt8[np.ndarray, "r h w"], Int[np.ndarray, " r"]]:
    chosen = drawn_evenly(labels, limit, seed)
    return images[chosen], labels[chosen]


def _part(images: UInt8[np.ndarray, "n h w"], labels: Int[np.ndarray, " n"]) -> Part:
    inputs = images.reshape(len(images), -1).astype(np.float32)
    inputs /= 255
    inputs.setflags(write=False)
    return Part(inputs, labels)
