"""Colours: words can be read on every ground, and what differs by colour can be told apart from its paper."""

import itertools
import re

import pytest

from reports.shared.figures import palette

WORDS = ("ink", "muted", "ok", "bad", "unsure")  # what text is set in
GROUNDS = {"light": palette.LIGHT, "dark": palette.DARK}


def luminance(colour):
    """The relative luminance of a colour, 0 for black to 1 for white, as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    # The inverse of the transfer function of sRGB, and the weights of its primaries.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    """The contrast of two colours, 1 to 21, as WCAG 2 defines it."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)  # 0.05: stray light of a screen


def test_contrasts_known_by_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(
        4.48, abs=0.01
    )  # the grey that just fails, of the literature


@pytest.mark.parametrize("ground", GROUNDS)
def test_words_can_be_read(ground):
    colours = GROUNDS[ground]
    for word, paper in itertools.product(WORDS, ("paper", "soft")):
        assert contrast(colours[word], colours[paper]) >= 4.5, (word, paper)  # WCAG 2, AA, of text


def test_both_grounds_name_the_same_properties_and_the_style_sheet_all_of_them():
    assert set(palette.LIGHT) == set(palette.DARK)
    named = re.findall(r"--(\w+): (#\w{6});", palette.css())
    assert named == [*palette.LIGHT.items(), *palette.DARK.items()]


def test_ink_and_greys_follow_the_ground_and_series_do_not():
    assert palette.paint(palette.INK) == "var(--ink, #1a1a1a)"
    assert all(palette.paint(colour) == colour for colour in palette.SERIES if colour != palette.INK)
    assert len(set(palette.SERIES)) == len(palette.SERIES)
    assert len(set(palette.LABELS)) == len(palette.LABELS) == 10
    assert palette.following(f"stroke: {palette.GREY}; fill: {palette.BLUE}") == (
        f"stroke: var(--muted, {palette.GREY}); fill: {palette.BLUE}"
    )
