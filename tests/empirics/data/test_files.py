from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics.data.files import drawn_evenly, files_in, split_in_two
from theory import InvalidInput

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=40).map(np.array)


class TestDrawnEvenly:
    def test_known_answer(self) -> None:
        # One of label 7 is all there is; of the others two each.
        labels = np.array([3, 3, 3, 3, 5, 5, 5, 7])
        for seed in range(5):
            rows = drawn_evenly(labels, 5, seed)
            assert sorted(labels[rows]) == [3, 3, 5, 5, 7]
        assert len({tuple(drawn_evenly(labels, 5, seed)) for seed in range(20)}) > 5

    @given(labels=LABELS, limit=st.integers(1, 50), seed=st.integers(0, 2**63 - 1))
    def test_as_even_as_can_be(self, labels: np.ndarray, limit: int, seed: int) -> None:
        rows = drawn_evenly(labels, limit, seed)
        assert len(set(rows)) == len(rows) == min(limit, len(labels))
        assert (np.diff(rows) > 0).all()
        there, drawn = np.bincount(labels), np.bincount(labels[rows], minlength=labels.max() + 1)
        # A label that has some left was drawn from no less often than any other, but for the last round.
        assert not (drawn < there).any() or drawn[drawn < there].min() >= drawn.max() - 1
        assert set(rows) <= set(drawn_evenly(labels, limit + 1, seed))

    def test_all_by_default(self) -> None:
        np.testing.assert_array_equal(drawn_evenly(np.array([1, 0, 1]), None, 0), [0, 1, 2])


class TestSplitInTwo:
    @given(labels=LABELS, share=st.floats(0.01, 0.9), seed=st.integers(0, 100))
    def test_something_for_both(self, labels: np.ndarray, share: float, seed: int) -> None:
        if np.bincount(labels).max() < 2:
            with pytest.raises(InvalidInput, match=r"a\.bin: expected two rows of some label"):
                split_in_two(labels, share, seed, Path("a.bin"))
            return
        rest, chosen = split_in_two(labels, share, seed, Path("a.bin"))
        np.testing.assert_array_equal(np.sort(np.concatenate([rest, chosen])), np.arange(len(labels)))
        assert len(chosen) > 0


class TestFilesIn:
    def test_takes_the_first_ending(self, tmp_path: Path) -> None:
        for name in ("a", "a.gz", "b.gz"):
            (tmp_path / name).touch()
        assert files_in(tmp_path, ("b", "a"), "", ("", ".gz")) == [tmp_path / "b.gz", tmp_path / "a"]

    def test_says_what_is_missing_and_where_to_get_it(self, tmp_path: Path) -> None:
        (tmp_path / "b").touch()
        (tmp_path / "c").mkdir()
        with pytest.raises(InvalidInput, match=r"expected a folder with a, b, c, saw no a, c. Ask."):
            files_in(tmp_path, ("a", "b", "c"), "Ask.")

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        with pytest.raises(InvalidInput, match=r"a: expected a folder with a \(or each .gz\), saw no folder. Ask."):
            files_in(tmp_path / "a", ("a",), "Ask.", ("", ".gz"))
