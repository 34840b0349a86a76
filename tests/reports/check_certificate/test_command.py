"""The command `check-certificate`: a line for each file, and the status of the worst."""

import json
from fractions import Fraction

import pytest

from tests.reports.commands import status
from theory.proofs.certificates import certify, rounded, save


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """A certificate of T3's constant for unembeddings with small whole entries."""
    first = rounded("first", [[0, 0], [1, 0], [0, 1]])
    second = rounded("second", [[0, 0], [2, 0], [0, 3]])
    return save(certify("T3", first, second), tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tampered(valid, tmp_path):
    content = json.loads(valid.read_text())
    content["constant"] = str(Fraction(content["constant"]) / 2)
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps(content))
    return path


def test_one_file_is_a_line_without_its_name(valid, capsys):
    assert status("check-certificate", valid) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("valid: ")


def test_of_several_each_is_named_and_the_worst_decides(valid, tampered, capsys):
    assert status("check-certificate", valid, tampered, valid) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [str(valid), "valid"], [str(tampered), "invalid"], [str(valid), "valid"],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", "valid"])
def test_what_is_no_certificate_is_unusable(text, tmp_path, capsys):
    path = tmp_path / "other.json"
    path.write_text(text)
    assert status("check-certificate", path) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"logitbounds: {path}: ")
    assert printed.err.count("\n") == 1
