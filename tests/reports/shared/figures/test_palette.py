"""Colours can be told apart, words can be read on either ground, and each colour is said once."""

import pytest

from reports.shared.figures.palette import (
    DARK,
    INK,
    LABELS,
    LIGHT,
    PAPER,
    RED,
    SERIES,
    WORDS,
    contrast,
    css,
    following,
    luminance,
    paint,
)  # fmt: skip


def test_luminance_and_contrast_by_hand():
    assert luminance("#ffffff") == pytest.approx(1.0)
    assert luminance("#000000") == 0.0
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert luminance("#808080") == pytest.approx(0.2159, abs=1e-4)  # the grey that most tables of WCAG 2 give
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the lightest grey for words on white


@pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("below", ["paper", "soft"])
def test_words_can_be_read(ground, word, below):
    assert contrast(ground[word], ground[below]) >= 4.5


def test_series_and_labels_differ_and_none_of_them_says_violated():
    for colours in (SERIES, LABELS):
        assert len(set(colours)) == len(colours)
        assert RED not in colours
        assert PAPER not in colours


def test_every_property_is_said_for_both_grounds():
    assert LIGHT.keys() == DARK.keys()
    sheet = css()
    for ground in (LIGHT, DARK):
        assert all(f"--{name}: {colour};" in sheet for name, colour in ground.items())


def test_ink_and_paper_follow_the_ground_and_colours_do_not():
    assert paint(INK) == f"var(--ink, {INK})"
    assert paint(RED) == RED
    drawing = f"<path style='fill: {PAPER}; stroke: {SERIES[0]}'/>"
    assert following(drawing) == f"<path style='fill: var(--paper, {PAPER}); stroke: {SERIES[0]}'/>"
