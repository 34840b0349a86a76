"""The command: exit statuses, one clear line for unusable input, and files that are there when it says so."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import reports
from tests.reports.commands import command, installed


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("compare", "nowhere.npz", "nowhere.npz"), "nowhere.npz: no such file"),
        (("compare", "only-one.npz"), "Missing argument 'B'"),
        (("verify", "--profile", "heroic"), "heroic"),
        (("verify", "--seed", "-1"), "--seed"),
        (("verify", "--seed", "many"), "--seed"),
        (("prove-everything",), "No such command"),
        (("list", "planets"), "planets"),
    ],
)
def test_unusable_input_is_one_line_and_status_two(arguments, complaint, tmp_path):
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("logitbounds: ")
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_a_folder_that_is_a_file_is_refused_before_any_work(tmp_path):
    (tmp_path / "taken").write_text("")
    result = command("verify", "--out", tmp_path / "taken")
    assert result.returncode == 2
    assert "not a folder" in result.stderr


FOLDERS = sorted(path.parent.name for path in Path(reports.__file__).parent.glob("*/command.py"))


def test_help_names_every_command():
    result = installed("--help")
    assert result.returncode == 0
    called = {"listing": "list"} | {name: name.replace("_", "-") for name in FOLDERS if name != "listing"}
    assert {"verify", "list", "check-metric"} <= set(called.values())
    assert all(re.search(rf"^\W+{name}\s", result.stdout, re.MULTILINE) for name in called.values())


def test_help_loads_no_more_than_it_prints():
    """What a command works with is imported when it runs: asking for help must not take longer for every new one."""
    heavy = [
        "torch",
        "scipy",
        "sklearn",
        "matplotlib",
        "sympy",
        "flint",
        "cvxpy",
        "hypothesis",
        "joblib",
        "jinja2",
        "latex2mathml",
        "safetensors",
    ]
    code = f"import sys, reports.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_command_reaches_into_another(folder):
    found = set()
    for path in (Path(reports.__file__).parent / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found |= {module.split(".")[1] for module in modules if module.startswith("reports.")}
    assert found - {folder, "shared"} == set()
