"""The page of an experiment: one file, no scripts, nothing fetched."""

from __future__ import annotations

from reports.experiments import Report


def render(report: Report) -> str:
    """Return index.html of an experiment."""
    return "<html></html>"
