"""Plots of pages: the same bytes each time, nothing that reaches beyond them, marks that differ, axes that are read."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from reports.shared.figures import plots
from reports.shared.figures.palette import PAPER, RED
from reports.shared.figures.plots import Sides, inline_svg
from tests.reports.drawings import Drawing

AXIS = Figure().subplots()


def test_the_same_drawing_gives_the_same_bytes_and_other_titles_other_ids():
    def draw(figure):
        figure.subplots().plot([1, 2], [3, 5], marker="o")

    one = inline_svg("one", (3, 2), draw)
    assert inline_svg("one", (3, 2), draw) == one
    assert {mark.shape for mark in Drawing(one).marks} == {
        mark.shape for mark in Drawing(inline_svg("2", (3, 2), draw)).marks
    }
    assert not set(_ids(one)) & set(_ids(inline_svg("two", (3, 2), draw)))


def _ids(svg):
    return [part.partition('"')[0] for part in svg.split(' id="')[1:]]


def test_names_are_words_and_nothing_else():
    name = "<b> & $\\frac{1}{2}$ 漢"

    def draw(figure):
        figure.subplots().set_title(name)

    svg = inline_svg(name, (3, 2), draw)
    assert name in [word.text for word in Drawing(svg).words]
    assert "<style" not in svg
    assert "<script" not in svg
    assert "xlink" not in svg


def test_forty_nine_series_are_drawn_differently():
    looks = [mark.look() for mark in plots.marks([str(i) for i in range(49)]).values()]
    assert len({(look["markeredgecolor"], look["marker"]) for look in looks}) == 49
    assert all(look["markeredgecolor"] != RED and look["marker"] != plots.CROSS["marker"] for look in looks)


@pytest.mark.parametrize("index", range(7))
def test_hollow_marks_show_the_paper(index):
    mark = plots.Mark.of(index)
    assert mark.look(hollow=True)["markerfacecolor"] == PAPER
    assert mark.look()["markerfacecolor"] == mark.colour != PAPER


def test_long_names_are_cut():
    assert len(plots.short("a" * 90)) == 22
    assert plots.short("a" * 90).endswith("…")
    assert plots.short("kl") == "kl"


def test_a_legend_names_every_series_and_has_room():
    names = [f"loss_{i}_" + "m" * (i % 30) for i in range(30)]

    def draw(figure):
        figure.subplots()
        plots.legend(figure, names, [plots.handle("more", color=RED)])

    shown = Drawing(inline_svg("legend", (6, plots.height_of_legend(31)), draw))
    assert {plots.short(name) for name in names} | {"more"} <= {word.text for word in shown.words}
    assert shown.meeting() == shown.off_the_paper() == []


@given(st.lists(st.floats(-300, 300), min_size=1, max_size=5))
@example([0.0, 149.99999999999994])
def test_logarithmic_axes_have_two_to_seven_numbers_that_are_true(exponents):
    values = [10.0**exponent for exponent in exponents]
    low, high = plots.decades(values)
    assert low < min(values)
    assert high > max(values)
    plots.logarithmic(AXIS, "x", (low, high))
    places = AXIS.xaxis.get_major_locator()()
    assert 2 <= len(places) <= 7
    assert all(low / (1 + 1e-8) <= place <= high * (1 + 1e-8) for place in places)  # but for rounding
    words = AXIS.xaxis.get_major_formatter().format_ticks(places)
    assert len(set(words)) == len(words)
    for place, word in zip(places, words, strict=True):
        assert _value(word) == pytest.approx(place)


def _value(words):
    """Return the number that an axis shows as words."""
    factor, _, power = words.rpartition("·")
    if not power.isascii():
        digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
        return float(factor or 1) * 10.0 ** int(power.removeprefix("10").translate(digits))
    return float(words.replace(",", ""))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.12, 0.42), ["0.1", "0.2", "0.5"]),
        ((3.0,), ["2", "5"]),
        ((3e-9,), ["2·10⁻⁹", "5·10⁻⁹"]),
        ((0.9, 300.0), ["1", "10", "100"]),
        ((1e-6, 1e15), ["10⁻⁷", "0.001", "10"]),
    ],
)
def test_axes_by_hand(values, expected):
    plots.logarithmic(AXIS, "y", plots.decades(values))
    places = AXIS.yaxis.get_major_locator()()
    assert AXIS.yaxis.get_major_formatter().format_ticks(places)[: len(expected)] == expected


def test_equal_values_have_a_range_too():
    assert plots.padded([2.0, 2.0]) == pytest.approx((1.998, 2.002))
    assert plots.padded([0.0, 1.0]) == pytest.approx((-0.06, 1.06))


def test_names_of_labels_keep_their_distance_and_stand_at_their_own_points():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((300, 2)) * 0.3  # three labels on top of each other, and one far off
    labels = np.repeat([0, 1, 2, 3], 75)
    points[labels == 3] += 5.0
    found = plots.places_of_names(points, labels)
    gap = 0.09 * np.ptp(points, axis=0).max()
    for label, place in found.items():
        assert (points[labels == label] == place).all(axis=1).any()
        others = [math.dist(place, other) for name, other in found.items() if name != label]
        assert min(others) >= gap
    alone = points[labels == 3]
    nearest = alone[np.linalg.norm(alone - np.median(alone, axis=0), axis=1).argmin()]
    assert np.array_equal(found[3], nearest)


def test_names_without_room_are_placed_all_the_same():
    assert set(plots.places_of_names(np.zeros((4, 2)), np.arange(4))) == {0, 1, 2, 3}


def test_bounds_against_truths_are_hollow_where_vacuous_and_crosses_where_violated():
    sides = [Sides("a", 1.0, 2.0, False), Sides("b", 1.0, 200.0, True)]

    def draw(figure):
        plots.legend(figure, "ab", plots.bounds_against_truths(figure.subplots(), "ab", sides, [(3.0, 1.0)]))

    shown = Drawing(inline_svg("bounds", (5, 4), draw))
    assert sum(mark.hollow for mark in shown.marks) == 2  # one of them in the legend
    assert sum(mark.stroke == RED.lower() for mark in shown.marks) == 2
    assert {"informative", "vacuous", "violated", "bound = truth"} <= {word.text for word in shown.words}
