"""Arrows run downwards only, nobody reaches into another's drawers, and the drawing of the house can fail."""

import pytest

from tests import house

FILES = house.modules()
IMPORTS = house.imports(FILES)

THEORY = (
    "errors", "silence", "files", "workers", "python_files", "arithmetic", "models", "claims", "statements", "measures",
    "pairs", "strategies", "evidence", "proofs", "catalogue", "formal", "guarantees", "search", "conformance",
)  # fmt: skip
"""From the ground up."""
EMPIRICS = (
    "checkpoints", "calibration", "data", "losses", "networks", "training", "presets", "digits_pairs", "statistics",
    "predictions", "probes", "measures", "experiment",
)  # fmt: skip
SHARED = "shared"
LONGEST, LARGEST = 60, 800  # lines of a function that fit a screen and a half, and of a file that one can still survey


def height(floor: str, order: tuple[str, ...], module: str) -> int:
    name = house.room(module).partition(".")[2]
    assert name in order, f"{floor}/{name} has no place in the order of the rooms: give it one in {__name__}"
    return order.index(name)


@pytest.mark.parametrize("floor", house.FLOORS)
def test_a_floor_imports_only_those_below(floor):
    allowed = house.FLOORS[: house.FLOORS.index(floor) + 1]
    for one in IMPORTS:
        if one.module.partition(".")[0] == floor:
            assert one.target.partition(".")[0] in allowed, one


@pytest.mark.parametrize(("floor", "order"), [("theory", THEORY), ("empirics", EMPIRICS)])
def test_a_room_imports_only_those_below(floor, order):
    for one in IMPORTS:
        if one.module.startswith(f"{floor}.") and one.target.startswith(f"{floor}."):
            assert height(floor, order, one.target) <= height(floor, order, one.module), one


def test_a_command_imports_no_other_command():
    for one in IMPORTS:
        own, other = house.room(one.module), house.room(one.target)
        if other.startswith("reports.") and own != other and own != "reports.cli":
            assert other == f"reports.{SHARED}", one


def test_there_is_no_circle():
    assert house.circle(IMPORTS) == []


def test_no_module_imports_the_package_it_lies_in():
    assert house.own_package(IMPORTS, FILES) == []


def test_nobody_imports_private_names():
    assert house.private(IMPORTS) == []


def test_functions_fit_a_screen_and_files_can_be_surveyed():
    assert [one for one in house.functions(FILES) if one[0] > LONGEST] == []
    assert [one for one in house.sizes(FILES) if one[0] > LARGEST] == []


class TestTheDrawingCanFail:
    """A house with one fault of each kind."""

    @pytest.fixture
    def drawn(self, tmp_path):
        texts = {
            "theory/__init__.py": "",
            "theory/errors.py": "",
            "theory/models.py": "from theory.errors import _drawer\n",
            "theory/search/__init__.py": "",
            "theory/search/one.py": "def late():\n    from theory.search import two\n    return two\n",
            "theory/search/two.py": "import theory\nimport theory.search.one\n",
            "empirics/__init__.py": "",
            "reports/__init__.py": "",
        }
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        files = house.modules(tmp_path)
        return files, house.imports(files)

    def test_a_circle_also_one_through_a_function(self, drawn):
        assert set(house.circle(drawn[1])) == {"theory.search.one", "theory.search.two"}

    def test_the_own_package(self, drawn):
        files, found = drawn
        imports = [(one.module, one.target) for one in house.own_package(found, files)]
        assert imports == [("theory.search.two", "theory")]

    def test_a_private_name(self, drawn):
        assert [one.name for one in house.private(drawn[1])] == ["_drawer"]

    def test_arrows_and_sizes(self, drawn):
        files, found = drawn
        assert house.arrows(found) == {"theory.models": {"theory.errors"}, "theory.search": {"theory"}}
        assert house.functions(files)[0] == (3, "theory.search.one.late")
        assert house.sizes(files)[0] == (3, "theory.search.one")
