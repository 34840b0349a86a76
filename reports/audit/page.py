"""The page of the audit, with every counterexample: one file, no scripts, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from reports.audit import tables
from reports.audit.differential import AGREEMENT
from reports.audit.json_report import as_json
from reports.audit.results import AuditRun
from reports.audit.untested import LOOKED_ON, UNTESTED
from reports.shared.files import write_json
from reports.shared.rendering import environment, slug
from theory.claims import PROPERTY_NAMES
from theory.files import write_whole

_COLOURS = {"✓": "ok", "✗": "muted", "?": "unsure", "·": "muted"}


def render(run: AuditRun) -> str:
    """Return index.html."""
    made = environment(Path(__file__).parent)
    made.filters["slug"] = slug
    made.filters["words"] = lambda name: name.replace("_", " ")
    made.filters["marked"] = lambda audited, name: tables.mark(audited, name)
    made.filters["colour"] = lambda cell: "bad" if cell.endswith("o") else _COLOURS.get(cell[:1], "")
    return made.get_template("page.html").render(
        **tables.as_context(run), tables=tables, short=tables.SHORT, names=PROPERTY_NAMES, untested=UNTESTED,
        looked_on=LOOKED_ON, agreement=AGREEMENT,
    )  # fmt: skip


def write_report(run: AuditRun, out: Path, extra_json: Path | None = None) -> Path:
    """Write the page and report.json, and the JSON once more where asked to; return the page."""
    data = as_json(run)
    write_json(out / "report.json", data)
    if extra_json is not None:
        write_json(extra_json, data)
    write_whole(out / "index.html", render(run))
    return out / "index.html"
