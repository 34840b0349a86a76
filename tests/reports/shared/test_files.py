"""Reports as JSON, and the places that output goes to."""

import json
import math

import numpy as np
import pytest

from reports.shared.files import jsonable, require_file, require_folder, write_json
from theory import InvalidInput


def test_json_has_no_word_for_nan_and_infinity():
    assert jsonable({"x": (math.nan, np.inf, np.float64(2.5)), "y": np.array([[1, 2]])}) == {
        "x": [None, None, 2.5],
        "y": [[1, 2]],
    }


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_no_other(tmp_path):
    path = tmp_path / "report.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [child.name for child in tmp_path.iterdir()] == ["report.json"]


def test_places_that_cannot_be_written_to_are_refused_before_any_work(tmp_path):
    require_folder(tmp_path / "deep" / "er")
    require_file(tmp_path / "new" / "report.json")
    assert sorted(child.name for child in tmp_path.iterdir()) == ["deep", "new"]
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidInput, match="taken: not a folder that can be written to"):
        require_folder(tmp_path / "taken")
    with pytest.raises(InvalidInput, match="--page: expected the name of a file, saw the folder"):
        require_file(tmp_path, "--page")
