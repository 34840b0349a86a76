"""What a report says of itself: one form of schema everywhere, and versions that are those installed."""

import platform
import re
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
import pytest

from reports.shared.versions import schema, version, versions
from tests.processes import ROOT
from theory.formal import record
from theory.proofs import verifier


def test_a_schema_names_the_package_the_kind_and_its_number():
    assert schema("check-metric", 2) == "logitbounds/check-metric/2"


BELOW = {Path(verifier.__file__): verifier.SCHEMA, Path(record.__file__): record.SCHEMA}
"""Files of theory that say what they are by themselves: it imports nothing of the reports."""


@pytest.mark.parametrize("spelled", BELOW.values())
def test_schemas_of_theory_are_spelled_as_all_others_are(spelled):
    name, number = spelled.split("/")[1:]
    assert schema(name, int(number)) == spelled


@pytest.mark.parametrize("package", ["theory", "empirics", "reports"])
def test_no_schema_is_written_out_by_hand(package):
    by_hand = re.compile(r"""["']logitbounds[./][a-z-]+/\d""")
    files = {path for path in (ROOT / package).rglob("*.py") if by_hand.search(path.read_text(encoding="utf-8"))}
    assert files == (set(BELOW) if package == "theory" else set())


def test_versions_are_those_installed():
    found = versions("sympy", "no-such-distribution")
    assert list(found) == ["python", "logitbounds", "numpy", "sympy", "no-such-distribution"]
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["sympy"] == installed("sympy")
    assert found["no-such-distribution"] == "not installed"
    assert found["logitbounds"] == version()


def test_without_an_installation_the_version_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert version() == "unknown"
    assert versions()["numpy"] == "not installed"
