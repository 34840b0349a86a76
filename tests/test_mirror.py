"""Tests lie where what they test lies, and no room is without."""

import pytest

from tests.house import FLOORS, ROOT, modules

TESTS = ROOT / "tests"
ABOVE = {("theory", "catalogue"), ("reports", "audit")}
"""Rooms whose folders are entries of one kind, a theorem each or a package, and are tested together from above."""


def rooms():
    """Return the folders in which modules lie, from the root."""
    found = {path.parent.relative_to(ROOT) for path in modules().values() if path.name != "__init__.py"}
    return sorted(one for one in found if one.parts[:-1] not in ABOVE)


@pytest.mark.parametrize("room", rooms(), ids=str)
def test_every_room_has_tests(room):
    assert list((TESTS / room).glob("test_*.py"))


def test_tests_lie_in_rooms():
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert [str(one) for one in folders if not (ROOT / one).is_dir()] == []


def test_entries_are_folders_of_one_kind():
    for room in ABOVE:
        assert room[0] in FLOORS
        assert list((TESTS.joinpath(*room)).glob("test_*.py"))
