"""The page of certificates for new inputs: one file, no scripts, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from reports.certify.run import Certified
from reports.certify.words import assumed, percent, statements
from reports.shared.rendering import at_least, at_most, environment


def render(found: Certified) -> str:
    """Return index.html."""
    return environment(Path(__file__).parent).get_template("page.html").render(
        found=found,
        statements=statements(found),
        assumed=assumed(found),
        at_least=at_least,
        at_most=at_most,
        sure=percent(1 - found.alpha),
        confident=percent(1 - found.delta),
    )  # fmt: skip
