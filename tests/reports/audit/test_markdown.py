"""The page for a repository links what it refutes, and the one of this repository is up to date."""

import re
from pathlib import Path

from reports.audit.groups import all_groups
from reports.audit.markdown import markdown
from reports.audit.packages import all_adapters
from reports.audit.untested import UNTESTED


def test_the_markdown_links_what_it_refutes(run):
    text = markdown(run, "logitbounds audit --markdown audit.md")
    assert "`logitbounds audit --markdown audit.md`" in text
    assert "“a metric, it is said” (a made-up docstring)" in text
    links = re.findall(r"\]\(#(counterexample-\d+)\)", text)
    assert links == ["counterexample-1"]
    assert '<a id="counterexample-1"></a>' in text
    assert "Not installed in this run: no-such-package." in text
    assert "(disagree)" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.count("|") - line.count("\\|") >= 3 for line in rows)
    assert "spatial.procrustes \\| planted" in text  # a bar in a name does not end its cell


def test_the_committed_page_names_every_measure_and_every_group():
    text = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8").replace("\\|", "|")
    for adapter in all_adapters():
        assert f"`{adapter.name}`" in text, adapter.key
        assert adapter.definition in text, adapter.key
    for group in all_groups():
        assert f"### {group.name}" in text
        assert group.why in text, group.name
    for adapter in all_adapters():
        assert adapter.note in text, adapter.key
    for one in UNTESTED:
        assert one.why in text, one.name
