"""The page of a verification: one file, no scripts, nothing fetched."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from latex2mathml.converter import convert
from markupsafe import Markup

from reports import figures
from reports.verification import RealModel, VerificationRun, sharp_constant
from theory.search.strata import STRATA

_TEMPLATES = Path(__file__).parent / "templates"
_ROWS = 6  # rows of a counterexample's matrices that a page shows


def mathml(latex: str) -> str:
    """Return a formula as MathML, which browsers render without help."""
    return str(convert(latex))


def number(value: float | None) -> str:
    """Return a number with four significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞"
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.3e}"


def matrix(array: np.ndarray) -> str:
    """Return the first rows of a matrix as text."""
    rows = ["  ".join(f"{entry: .4g}" for entry in row) for row in array[:_ROWS]]
    return "\n".join(rows + ([f"… {len(array) - _ROWS} more rows"] if len(array) > _ROWS else []))


def environment() -> jinja2.Environment:
    """Return the template environment, escaping everything that is not marked safe."""
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    found = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["number"] = number
    found.filters["matrix"] = matrix
    found.filters["mathml"] = lambda latex: Markup(mathml(latex))
    return found


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
    return environment().get_template("verify.html").render(
        run=run,
        failures=run.failures,
        constants={report.theorem.identifier: sharp_constant(report) for report in run.theorems},
        attained=Markup(figures.attained(run)),
        embeddings=Markup(figures.embeddings(run.real)),
        bounds=Markup(figures.bounds_against_truth(run.real)),
        kl_table=kl_bound_table(run.real),
        regimes=len(STRATA),
        evaluations=sum(s.evaluated for r in run.theorems for s in r.statements),
        decisions=sum(s.checked_in_balls for r in run.theorems for s in r.statements),
        twins=sum(len(r.twins) for r in run.theorems),
        refuted=sum(t.refuted for r in run.theorems for t in r.twins),
    )  # fmt: skip
