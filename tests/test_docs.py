"""What the documentation names is there: paths, modules and names of modules, in backticks or behind links."""

import importlib
import re
from pathlib import Path

import pytest

from tests.house import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
TOPS = ("theory", "empirics", "reports", "benchmarks", "tests")
PLACEHOLDER = re.compile(r"NAME|tNN")
"""In place of a name that the reader chooses; what is above it is there."""


def named(text):
    """Return what stands in backticks, cut at spaces; blocks of code are left out."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {word for quoted in re.findall(r"`([^`]+)`", prose) for word in quoted.split()}


def paths(text):
    """Return what looks like a path of the repository, up to a placeholder, and where links lead on this disk."""
    found = {word for word in named(text) if re.match(rf"({'|'.join((*TOPS, 'docs'))})/|[\w.-]+\.md$", word)}
    return {above_placeholders(word) for word in found}


def above_placeholders(path):
    chosen = PLACEHOLDER.search(path)
    return path[: path.rindex("/", 0, chosen.start())] if chosen else path


def links(text):
    return {target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target}


def modules(text):
    """Return what looks like a module of ours, or a name in one."""
    return {word for word in named(text) if re.fullmatch(rf"({'|'.join(TOPS)})(\.\w+)+", word)}


def is_there(name):
    """Whether a dotted name is that of a module, or of something in one."""
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return bool(module) and is_there(module) and hasattr(importlib.import_module(module), attribute)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page):
    text = page.read_text(encoding="utf-8")
    missing = [path for path in paths(text) if not list(ROOT.glob(path.rstrip("/")))]
    missing += [path for path in links(text) if not (page.parent / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_and_names_exist(page):
    assert [name for name in modules(page.read_text(encoding="utf-8")) if not is_there(name)] == []


def test_what_is_not_there_is_found():
    text = (
        "`theory/gone.py docs/*.md` `reports/NAME/page.py` `my/own.py` [x](gone.md) `theory.gone`, `theory.models.Pair`"
    )
    assert paths(text) == {"theory/gone.py", "docs/*.md", "reports"}
    assert links(text) == {"gone.md"}
    assert modules(text) == {"theory.gone", "theory.models.Pair"}
    assert not is_there("theory.gone")
    assert is_there("theory.models.Pair")
    assert not is_there("theory.models.Peer")
    assert not Path(ROOT / "theory/gone.py").exists()
