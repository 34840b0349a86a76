"""Promises about the package as a whole: documentation, imports, floors, and no word of any one machine."""

import importlib
import inspect
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

import empirics
import reports
import theory
from tests.processes import ROOT, python

PACKAGES = (theory, empirics, reports)
MODULES = [
    info.name for package in PACKAGES for info in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}.")
]


@pytest.mark.parametrize("name", ["theory", "empirics", "reports", *MODULES])
def test_every_public_name_is_documented(name):
    module = importlib.import_module(name)
    assert inspect.getdoc(module)
    for attribute, value in vars(module).items():
        ours = getattr(value, "__module__", None) == name and (inspect.isfunction(value) or inspect.isclass(value))
        if ours and not attribute.startswith("_"):
            assert inspect.getdoc(value), f"{name}.{attribute}"
            if inspect.isclass(value):
                for member, method in vars(value).items():
                    if inspect.isfunction(method) and not member.startswith("_"):
                        assert inspect.getdoc(method), f"{name}.{attribute}.{member}"


def test_everything_exported_exists():
    assert sorted(theory.__all__) == list(theory.__all__)
    for name in theory.__all__:
        assert getattr(theory, name) is not None


@pytest.mark.parametrize("name", [n for n in theory.__all__ if inspect.isfunction(getattr(theory, n))])
def test_public_functions_state_what_they_raise(name):
    text = inspect.getdoc(getattr(theory, name))
    assert len(text) > 40
    assert "squared" not in name or "root" not in text.splitlines()[0].lower()


HEAVY = ("torch", "cvxpy", "matplotlib", "sympy", "flint", "scipy", "hypothesis", "sklearn")


def test_importing_theory_loads_nothing_heavy():
    code = f"import sys, theory; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code).stdout.strip() == "[]"


def test_no_path_of_one_machine_and_no_host_of_a_registry():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    bad = re.compile(r"(?<![\w.])/(work|root|home|tmp)/\w|pypi\.org|\.\./shared")
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".html", ".yaml", "") and path.is_file() and path != Path(__file__):
            assert not bad.search(path.read_text(errors="ignore")), name
