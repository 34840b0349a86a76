"""What all pages share: numbers to be read, names that are safe, formulas, and nothing that is not trusted."""

import math
from html.parser import HTMLParser

import numpy as np
import pytest

from reports.shared.rendering import mathml, matrix, number, prose, readable, slug
from theory.catalogue import theorems
from theory.errors import InvalidInput


class _Tags(HTMLParser):
    """The tags and links of a piece of markup."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.links = set(), []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not [name for name, _ in attributes if name.startswith("on")]


def test_formulas_are_formulas_and_nothing_else():
    for latex in (r"\mathrm{<script>x</script>}", r"\text{<img src=x onerror=y>}", r"\href{javascript:y}{x}",
                  r"\style{color:red}{x}", r"\class{a}{x}", "a<b"):  # fmt: skip
        page = _Tags(mathml(latex))
        assert page.tags
        assert all(tag[0] == "m" for tag in page.tags)
        assert page.links == []
    assert "≤" in mathml(r"\le")
    with pytest.raises(InvalidInput, match="expected a formula"):
        mathml("{")
    assert str(prose("costs $\\frac$ <b>")) == "<p>costs <code>$\\frac$</code> &lt;b&gt;</p>"
    assert prose("a\n\n$$x$$").count("<p>") == 2


def test_every_formula_of_the_catalogue_renders():
    for theorem in theorems().values():
        for latex in [s.latex for s in theorem.statements] + [t.statement.latex for t in theorem.twins]:
            assert mathml(latex).startswith("<math"), latex


def test_numbers_are_printed_to_be_read():
    assert [number(x) for x in (None, math.nan, 0.0, math.inf, 1234.5678, 1e-7)] == [
        "–",
        "–",
        "0",
        "∞",
        "1235",
        "1.000e-07",
    ]
    assert matrix(np.arange(14.0).reshape(7, 2)).endswith("… 1 more rows")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1 / 3, "1/3"), (-0.0, "0"), (2.0, "2"), (-7 / 12, "-7/12"), (0.1234567891, "0.123457"), (1e-12, "1e-12")],
)
def test_entries_are_printed_to_be_read(value, text):
    assert readable(value) == text


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a b", "x" * 300, ".hidden", "é", "<script>", "con\n"])
def test_slugs_are_safe_and_different(name):
    assert slug("plain_name-1") == "plain_name-1"
    assert slug(name).isascii()
    assert slug(name).replace("-", "").replace("_", "").isalnum()
    assert len(slug(name)) < 100
    assert slug(name) != slug(name + "?")
