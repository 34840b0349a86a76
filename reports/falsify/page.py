"""The pages of `logitbounds falsify`: a table of all claims and a page for each, without scripts, nothing fetched."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from reports.falsify import drawings
from reports.falsify.run import FalsificationRun, Judged, as_json
from reports.shared.files import write_json
from reports.shared.rendering import environment, number, readable, slug
from reports.shared.versions import versions
from theory.files import write_whole
from theory.models import Model, Pair
from theory.search.outcome import Outcome, Witness
from theory.search.statement_claims import Assertion

_SHOWN = 12  # rows of a matrix that a page shows
_WORDS = {"refuted": "refuted", "survived": "survived", "inconclusive": "inconclusive", "error": "could not be judged"}
_COLOURS = {"refuted": "bad", "survived": "ok", "inconclusive": "unsure", "error": "bad"}


def shape_of(pair: Pair) -> str:
    """Return the sizes of a pair in words."""
    second = "" if pair.a.m == pair.b.m else f" and {pair.b.m}"
    return f"n = {pair.n}, k = {pair.k}, m = {pair.m}{second}"


def verdict_in_words(outcome: Outcome) -> str:
    """Return what the verdict means and what it rests on, in a sentence or two."""
    calls, regimes = f"{outcome.evaluations:,} evaluations", len(outcome.strata)
    if outcome.verdict == "refuted" and outcome.worst is not None:
        means = {
            "exact": "The violation was re-checked in exact arithmetic.",
            "ball": f"Both sides were enclosed in ball arithmetic ({outcome.worst.digits} digits): the enclosures are "
            "apart, the wrong way round.",
            "float64": "The margin exceeds the estimated rounding error of both sides"
            + (f", re-evaluated with {outcome.worst.digits} digits." if outcome.worst.digits > 17 else " in float64."),
        }
        return f"Some pair of models violates it. {means.get(str(outcome.evidence), '')}"
    if outcome.verdict == "survived":
        ratio = outcome.worst.ratio if outcome.worst else None
        best = "" if ratio is None else f"; the closest pair reached lhs / rhs = {number(ratio)}"
        return f"No violation in {calls} over {regimes} regimes and climbers{best}. This is evidence, not a proof."
    if outcome.verdict == "inconclusive":
        return f"In {calls} it was violated, but never by more than the rounding error of its sides."
    return "It could not be judged."


@dataclass(frozen=True, eq=False)
class _Shown:
    """A pair with its sides, as a page shows it."""

    name: str
    heading: str
    witness: Witness
    models: tuple[tuple[str, Model], ...]
    conditions: tuple[tuple[str, str, str], ...]
    picture: Markup


def conditions(pair: Pair) -> tuple[tuple[str, str, str], ...]:
    """Return the usual hypotheses on a pair: name, value, and a word on whether, and by how much, it holds."""
    rows = []
    for name, model in (("a", pair.a), ("b", pair.b)):
        diversity = float(model.diversity)
        words = "diverse" if diversity > max(model.k, model.m) * np.finfo(float).eps else "not diverse"
        if 0 < diversity < 1e-6:
            words += ", barely"
        condition = number(1 / diversity if diversity else math.inf)
        what = f"diversity of {name}: smallest over largest singular value of its centred unembeddings"
        rows.append((what, number(diversity), f"{words}; condition number {condition}"))
    log_tau = float(pair.log_min_probability)
    rows.append(("smallest probability τ in either model", _tau(log_tau), f"log₁₀ τ = {log_tau / math.log(10):.4g}"))
    inputs = pair.n - max(pair.a.m, pair.b.m)
    rows.append(("inputs beyond dimensions, n - m", f"{inputs}", "n > m" if inputs > 0 else "n ≤ m"))
    for name, model in (("a", pair.a), ("b", pair.b)):
        f = np.asarray(model.embeddings)
        values = np.linalg.svd(f - f.mean(axis=0), compute_uv=False)
        rank = int(np.sum(values > max(f.shape) * np.finfo(float).eps * max(values[0], np.max(np.abs(f)))))
        full = "full" if rank == model.m else f"of {model.m}"
        share = number(float(values[model.m - 1] / values[0])) if rank == model.m else "0"
        rows.append((f"rank of the centred embeddings of {name}", f"{rank}", f"{full}; s_m / s_1 = {share}"))
    return tuple(rows)


def _tau(log_tau: float) -> str:
    return number(math.exp(log_tau)) if log_tau > -700 else f"10^{log_tau / math.log(10):.0f}"


def _shown(name: str, heading: str, witness: Witness) -> _Shown:
    pair = witness.pair
    both = (("F, embeddings of a", pair.a.embeddings), ("G, unembeddings of a", pair.a.unembeddings),
            ("F′, embeddings of b", pair.b.embeddings), ("G′, unembeddings of b", pair.b.unembeddings))  # fmt: skip
    return _Shown(name, heading, witness, both, conditions(pair), Markup(drawings.models(pair, name)))


def _witnesses(outcome: Outcome) -> list[_Shown]:
    if outcome.worst is None:
        return []
    if outcome.verdict != "refuted":
        return [_shown("closest", "The pair that came closest", outcome.worst)]
    if outcome.simplest is None or _same(outcome.simplest.pair, outcome.worst.pair):
        return [_shown("violation", "The violation", outcome.worst)]
    found = [_shown("simplest", "The simplest violation", outcome.simplest)]
    return [*found, _shown("worst", "The worst violation", outcome.worst)]


def _same(first: Pair, second: Pair) -> bool:
    return all(
        np.array_equal(getattr(getattr(first, side), name), getattr(getattr(second, side), name))
        for side in ("a", "b")
        for name in ("embeddings", "unembeddings")
    )


def _source_of(judged: Judged) -> str:
    try:
        return inspect.cleandoc("\n" + inspect.getsource(judged.claim.function))
    except (OSError, TypeError):  # made by exec, built in, of the catalogue, or its file has gone
        return ""


def _text_of(judged: Judged, name: str) -> str:
    try:
        return "" if judged.finding is None else (judged.finding / name).read_text(encoding="utf-8")
    except OSError:
        return ""


def _statement(judged: Judged) -> tuple[str, str]:
    """Return the title and what the docstring, or the catalogue, says beyond it."""
    function = judged.claim.function
    if isinstance(function, Assertion):
        return judged.outcome.title, function.why
    described = inspect.getdoc(function) or ""
    title, rest = judged.outcome.title, described
    if described.split("\n")[0].strip() == title.strip():
        rest = "\n".join(described.split("\n")[1:])
    return title, rest


def _environment() -> Any:
    found = environment(Path(__file__).parent)
    found.filters["readable"] = readable
    found.filters["shape"] = shape_of
    found.filters["slug"] = slug
    found.globals.update(words=_WORDS, colours=_COLOURS, most_rows=_SHOWN)
    return found


def render_claim(judged: Judged) -> str:
    """Return the page of one claim."""
    outcome = judged.outcome
    shown = _witnesses(outcome)
    title, rest = _statement(judged)
    history = drawings.history(outcome.history, outcome.evaluations)
    return str(
        _environment().get_template("claim_page.html").render(
            judged=judged, outcome=outcome, title=title, rest=rest, verdict=verdict_in_words(outcome), shown=shown,
            sides=Markup(drawings.sides([(one.name, one.witness) for one in shown])) if shown else "",
            history=Markup(history), source=_source_of(judged), repro=_text_of(judged, "repro.py"),
            example=_text_of(judged, "example.py"),
            strata=sorted(outcome.strata.items(), key=lambda item: -item[1].evaluations),
        )
    )  # fmt: skip


def render_index(run: FalsificationRun) -> str:
    """Return index.html: a table of all claims."""
    counts = {verdict: sum(one.outcome.verdict == verdict for one in run.claims) for verdict in _WORDS}
    return str(
        _environment()
        .get_template("page.html")
        .render(run=run, counts=counts, resumed=sum(one.resumed for one in run.claims), versions=versions())
    )


def write_report(run: FalsificationRun, extra_json: Path | None = None) -> Path:
    """Write the pages and report.json of a run, and its JSON once more where asked to; return the first page."""
    out = run.settings.out
    data = as_json(run)
    write_json(out / "report.json", data)
    if extra_json is not None:
        write_json(extra_json, data)
    for judged in run.claims:
        write_whole(out / "claims" / f"{slug(judged.outcome.name)}.html", render_claim(judged))
    write_whole(out / "index.html", render_index(run))
    return out / "index.html"
