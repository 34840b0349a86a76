"""Small drawings: places by hand, ticks that are round, and words that are only words."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.shared.figures import svg
from reports.shared.figures.palette import BLUE


def test_an_axis_maps_values_to_places():
    axis = svg.Axis(1.0, 3.0, 100.0, 0.0)
    assert [axis(value) for value in (1, 2, 3)] == [100.0, 50.0, 0.0]
    assert [svg.Axis(0.01, 100.0, 0.0, 8.0, log=True)(value) for value in (0.01, 1.0, 10.0)] == pytest.approx([0, 4, 6])


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_ticks_lie_within_and_say_their_value(low, width):
    axis = svg.Axis(low, low + width, 0.0, 1.0)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 7
    for value, words in ticks:
        assert low - 1e-6 * width <= value <= low + width * (1 + 1e-6)
        assert float(words) == pytest.approx(value, rel=1e-5, abs=1e-9)


@given(st.integers(-300, 290), st.integers(1, 17))
def test_powers_of_ten_are_marked_few_enough_to_be_read(first, count):
    ticks = svg.Axis(10.0**first, 10.0 ** (first + count), 0.0, 1.0, log=True).ticks()
    assert 1 < len(ticks) <= 7
    assert ticks[0][0] == 10.0**first


@pytest.mark.parametrize(
    ("exponent", "words"), [(0, "1"), (-3, "0.001"), (4, "10,000"), (5, "10⁵"), (-12, "10⁻¹²"), (308, "10³⁰⁸")]
)
def test_powers_of_ten_in_words(exponent, words):
    assert svg.power_of_ten(exponent) == words


def test_steps_go_across_before_they_go_up():
    assert "d='M0,0H1V2H3V4'" in svg.path([(0, 0), (1, 2), (3, 4)], steps=True)
    assert "d='M0,0L1,2L3,4'" in svg.path([(0, 0), (1, 2), (3, 4)])


def test_what_a_user_writes_is_words():
    name = "<script>&'\""
    drawn = svg.picture(10, 20, name, [svg.text(1, 2, name)])
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == name
    assert [element.text for element in root] == [name, name]


def test_seven_markers_differ():
    assert len({svg.marker(0, 0, shape, BLUE) for shape in range(14)}) == 7
    assert svg.marker(0, 0, 3, BLUE) == svg.marker(0, 0, 10, BLUE)
