"""The command `audit`: what it writes, and what it refuses."""

import json

import pytest

from tests.reports.commands import command


@pytest.mark.slow  # six measures have a second each
def test_the_command_writes_all_it_says(tmp_path):
    page = tmp_path / "docs" / "page.md"
    result = command(
        "audit",
        "--only", "scipy", "--budget", "1", "--out", tmp_path / "out", "--json", tmp_path / "copy.json",
        "--markdown", page,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "6 measures of 1 packages" in result.stdout
    assert (tmp_path / "out" / "index.html").exists()
    data = json.loads((tmp_path / "copy.json").read_text())
    assert data == json.loads((tmp_path / "out" / "report.json").read_text())
    assert {one["package"] for one in data["measures"]} == {"scipy"}
    assert f"logitbounds audit --budget 1 --seed 0 --only scipy --markdown {page}" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--budget", "0"), "--budget: expected a positive number, saw 0.0"),
        (("--budget", "inf"), "--budget"),
        (("--seed", "-1"), "--seed"),
        (("--only", "nothing"), "--only: expected one of scipy"),
        (("--json", "/"), "--json: expected the name of a file"),
        (("--markdown", "/"), "--markdown: expected the name of a file"),
    ],
)
def test_unusable_input_is_one_line(arguments, complaint, tmp_path):
    result = command("audit", *arguments, "--out", tmp_path)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
