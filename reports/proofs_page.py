"""The page of proofs: one file, no scripts, nothing fetched."""

from __future__ import annotations

from reports.proofs import TheoremProved
from reports.rendering import environment


def render(found: tuple[TheoremProved, ...]) -> str:
    """Return index.html of proofs."""
    return environment().get_template("proofs.html").render(
        theorems=found,
        colours={"proved": "ok", "cited": "unsure", "not proved": "bad"},
        steps=sum(len(proof.discharges) for one in found for proof in one.proofs),
    )  # fmt: skip
