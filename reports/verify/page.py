"""The page of a verification: one file, no scripts, nothing fetched."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports.shared.certificates import of_vacuous, sides, told
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
        rows.append(
            {
                "name": model.name,
                "teacher_accuracy": model.teacher_accuracy,
                "student_accuracy": model.student_accuracy,
                "log10_tau": float(model.pair.log_min_probability) / math.log(10),
                "kl": loss.truth,
                "bound": bound.bound,
                "truth": bound.truth,
                "orders": bound.orders,
                "vacuous": bound.vacuous,
            }
        )
    return rows


def certain_table(real: tuple[RealModel, ...]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what KL certifies of each trained pair (columns): bound and truth, leaving out what is vacuous on all."""
    columns = [model.certificates for model in real]
    shown = {one.measure for column in columns for one in told(column)}
    return [
        (
            row[0].words,
            [
                sides(one) if one in told(column) else ("", sides(one)[1])
                for one, column in zip(row, columns, strict=True)
            ],
        )
        for row in zip(*columns, strict=True)
        if row[0].measure in shown
    ]


def off_by(orders: float | None) -> str:
    """Return by how much a bound is too large, in words."""
    return "" if orders is None else f"too large by {orders:.0f} orders of magnitude"


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
        certain=certain_table(run.real),
        off_by=off_by,
        vacuous={model.name: of_vacuous(model.sorted) for model in run.real},
        regimes=len(REGIMES),
        evaluations=sum(s.outcome.evaluations for r in run.theorems for s in r.statements),
        decisions=sum(s.outcome.checks for r in run.theorems for s in r.statements),
        twins=sum(len(r.twins) for r in run.theorems),
        refuted=sum(t.refuted for r in run.theorems for t in r.twins),
    )  # fmt: skip
