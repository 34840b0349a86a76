"""What is written is whole, and numbers are numbers."""

import json
import math
import os
import re

import pytest

from reports.audit.adapters import Adapter, Range
from reports.audit.json_report import as_json
from reports.audit.page import write_report
from reports.audit.results import Audited, AuditRun
from tests.reports.audit.measured import (
    SCIPY,
    disparity,
)
from theory.claims import PROPERTY_NAMES


def test_the_json_is_whole_and_without_nan(run, tmp_path):
    page = write_report(run, tmp_path, tmp_path / "more" / "copy.json")
    data = json.loads((tmp_path / "report.json").read_text(), parse_constant=lambda word: pytest.fail(word))
    assert json.loads((tmp_path / "more" / "copy.json").read_text()) == data
    assert data["schema"] == "logitbounds/audit/1"
    (measure,) = data["measures"]
    assert measure["properties"]["triangle"]["standing"] == "over-claim"
    assert measure["properties"]["triangle"]["counterexample"]["inputs"]["X"]
    assert measure["range"]["outside"] > 0
    assert measure["planned"] == list(PROPERTY_NAMES)
    assert data["differential"][0]["disagreements"] == ["biased HSIC"]
    assert data["not_installed"] == [{"package": "no-such-package", "install": "pip install no-such-package"}]
    assert "scipy" in data["versions"]
    html = page.read_text()
    assert "over-claim" in html
    for target in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{target}"' in html
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_an_infinite_range_has_no_infinity_in_json():
    found = as_json_of(Range(0.0, math.inf, "Value in range [0, +inf)", "docstring"))
    assert found["range"]["low"] == 0.0
    assert "Infinity" not in json.dumps(found, allow_nan=False, default=str)


def as_json_of(interval):
    from reports.shared.files import jsonable

    audited = Audited(Adapter(SCIPY, "f", disparity, "A.", range=interval), "1", None, why="for the test")
    return jsonable(as_json(AuditRun((audited,), (), (), 1.0, 0)))["measures"][0]
