"""The page of a verification: one file, no scripts, nothing fetched."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports.shared.rendering import environment
from reports.verify import figures
from reports.verify.run import RealModel, VerificationRun, enclosures, sharp_constant, worst_ratio
from theory.search.survey import REGIMES


def kl_bound_table(real: tuple[RealModel, ...]) -> list[dict[str, Any]]:
    """Return, for each trained pair, tau, the KL bound and the true distance side by side."""
    rows = []
    for model in real:
        bound = next(g for g in model.guarantees if (g.theorem, g.statement) == ("T5", "upper_bound"))
        loss = next(g for g in model.guarantees if (g.theorem, g.statement) == ("T6", "upper_bound"))
        gap = math.log10(bound.bound / bound.truth) if bound.bound and bound.truth else None
        rows.append(
            {
                "name": model.name,
                "teacher_accuracy": model.teacher_accuracy,
                "student_accuracy": model.student_accuracy,
                "log10_tau": float(model.pair.log_min_probability) / math.log(10),
                "kl": loss.truth,
                "bound": bound.bound,
                "truth": bound.truth,
                "orders": gap,
                "vacuous": bound.vacuous,
            }
        )
    return rows


def render(run: VerificationRun) -> str:
    """Return index.html of a verification."""
    return environment(Path(__file__).parent).get_template("page.html").render(
        run=run,
        worst_ratio=worst_ratio,
        enclosures=enclosures,
        failures=run.failures,
        constants={report.theorem.identifier: sharp_constant(report) for report in run.theorems},
        attained=Markup(figures.attained(run)),
        embeddings=Markup(figures.embeddings(run.real)),
        bounds=Markup(figures.bounds_against_truth(run.real)),
        kl_table=kl_bound_table(run.real),
        regimes=len(REGIMES),
        evaluations=sum(s.outcome.evaluations for r in run.theorems for s in r.statements),
        decisions=sum(s.outcome.checks for r in run.theorems for s in r.statements),
        twins=sum(len(r.twins) for r in run.theorems),
        refuted=sum(t.refuted for r in run.theorems for t in r.twins),
    )  # fmt: skip
