"""Which inputs belong together: read from text and arrays, and refused by name."""

import numpy as np
import pytest

from reports.shared.groups import load_groups
from theory import InvalidInput


def test_groups_are_numbered_as_they_first_occur(tmp_path):
    (tmp_path / "g.txt").write_text("b\na \nb\n c\n")
    assert load_groups(tmp_path / "g.txt", 4).tolist() == [0, 1, 0, 2]
    np.save(tmp_path / "g.npy", np.array([7, 7, -1]))
    assert load_groups(tmp_path / "g.npy", 3).tolist() == [0, 0, 1]
    np.save(tmp_path / "s.npy", np.array(["x", "y", "x"]))
    assert load_groups(tmp_path / "s.npy", 3).tolist() == [0, 1, 0]


def _pickled(path):
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "make", "complaint"),
    [
        ("g.txt", lambda path: None, "no such file"),
        ("g.txt", lambda path: path.write_text("a\nb"), "expected the group of each of 3 inputs, saw 2"),
        ("g.txt", lambda path: path.write_text("a\n\nb"), "saw none on line 2"),
        ("g.txt", lambda path: path.write_bytes(b"\xff\xfe\x00"), "not a readable text file"),
        ("g.npy", lambda path: path.write_text("hello"), "not a readable .npy file"),
        ("g.npy", _pickled, "not a readable .npy file"),
        ("g.npy", lambda path: np.save(path, np.ones(3)), "expected whole numbers or strings"),
        ("g.npy", lambda path: np.save(path, np.ones((3, 1), int)), r"saw shape \(3, 1\)"),
    ],
)
def test_unusable_files_are_named(tmp_path, name, make, complaint):
    make(tmp_path / name)
    with pytest.raises(InvalidInput, match=complaint) as refused:
        load_groups(tmp_path / name, 3)
    assert str(tmp_path / name) in str(refused.value)
