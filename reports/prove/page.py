"""The page of proofs: one file, no scripts, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from reports.prove.run import TheoremProved, accepted_by, claim, obligation_text, tie
from reports.shared.figures import svg
from reports.shared.figures.palette import BLUE, VERMILION
from reports.shared.rendering import environment
from theory.proofs.convex_worst import worst_logit_distance

SETTINGS = tuple((10.0**exponent, tau, 3) for tau in (0.1, 0.001) for exponent in (-3, -2.5, -2, -1.5, -1, -0.5, 0))
"""KL, floor and number of labels at which the worst logit distance is enclosed."""


@dataclass(frozen=True)
class Enclosure:
    """The worst squared logit distance between bounds, at given KL and floor tau."""

    kl: float
    tau: float
    lower: float
    upper: float

    @property
    def bound(self) -> float:
        """2 KL/tau, theorem T5."""
        return 2 * self.kl / self.tau

    @property
    def middle(self) -> float:
        """Between the bounds."""
        return math.sqrt(self.lower * self.upper)


def render(found: tuple[TheoremProved, ...], worst: Sequence[Enclosure] = ()) -> str:
    """Return index.html of proofs.

    Parameters
    ----------
    found
        The theorems.
    worst
        Enclosures of the worst logit distance, for a picture beside T5; none, no picture.
    """
    return environment(Path(__file__).parent).get_template("page.html").render(
        theorems=found,
        colours={"proved": "ok", "cited": "unsure", "not proved": "bad"},
        checked=obligation_text,
        claim=claim,
        tie=tie,
        accepted=accepted_by,
        steps=sum(len(proof.discharges) for one in found for proof in one.proofs),
        worst=Markup(worst_picture(worst)) if worst else "",
    )  # fmt: skip


def enclosures() -> tuple[Enclosure, ...]:
    """Enclose the worst logit distance at some KL and floors, which takes some seconds and needs cvxpy.

    Raises
    ------
    InvalidInput
        If cvxpy is not installed.
    """
    found = []
    for kl, tau, labels in SETTINGS:
        worst = worst_logit_distance(kl, tau, labels)
        found.append(Enclosure(kl, tau, worst.lower, worst.upper))
    return tuple(found)


def worst_picture(worst: Sequence[Enclosure]) -> str:
    """Draw the enclosures against KL on logarithmic axes, beside the bound 2 KL/tau of T5."""
    width, height = 620.0, 360.0
    ends = [value for one in worst for value in (one.lower, one.upper, one.bound)]
    x = svg.Axis(min(one.kl for one in worst) / 1.3, max(one.kl for one in worst) * 1.3, 70, width - 150, log=True)
    y = svg.Axis(min(ends) / 2, max(ends) * 2, height - 44, 14, log=True)
    parts = svg.Frame(x, y).draw("KL", "squared logit distance")
    for shape, (tau, colour) in enumerate(zip(sorted({one.tau for one in worst}), (VERMILION, BLUE), strict=False)):
        series = sorted((one for one in worst if one.tau == tau), key=lambda one: one.kl)
        first, last = series[0], series[-1]
        parts.append(svg.line(x(first.kl), y(first.bound), x(last.kl), y(last.bound), colour, 1.2, "5 3"))
        parts.append(svg.text(x.end + 6, y(last.bound) + 4, f"2 KL/tau, tau = {tau:g}", 10, "start"))
        for one in series:
            parts.append(svg.line(x(one.kl), y(one.lower), x(one.kl), y(one.upper), colour, 2))
            parts.append(svg.marker(x(one.kl), y(one.middle), shape, colour, 3.5))
        parts.append(svg.text(x.end + 6, y(last.middle) + 4, f"worst, tau = {tau:g}", 10, "start"))
    return svg.picture(width, height, "The worst squared logit distance at given KL and floor", parts)
