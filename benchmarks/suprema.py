"""Sharp constants found from scratch by the engine: ``python -m benchmarks.suprema``.

Every row attacks a true statement, lhs <= constant * envelope, on pairs of the shapes named; nothing tells the engine
where the constant is approached. The pair that comes closest shows how much of the constant was found. Its ratio is
computed anew in sixty digits where the claim can be, so that no share owes its nines to rounding. Exit status 1 when
less than 99.5 % of a sharp constant is found. Three suprema are open: their rows measure against the best ratio known,
which many starts of sequential quadratic programming on lambda_max(M_G) with min_J s_min(L_J) >= 1 found.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported, which reads it once
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import dataclasses
import functools
import itertools
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from theory.arithmetic import multiprecision as digits
from theory.catalogue import theorem
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import kappa, line_constant, sharp_form
from theory.claims import Claim
from theory.measures.stand_ins import STAND_INS
from theory.models import Model
from theory.search.arrays import arrays_of
from theory.search.engine import falsify
from theory.search.objective import Budget

ENOUGH = 0.995
_NOTHING = math.nan, math.nan

# --------------------------------------------------------------------------- both sides, without the constant


def centred(g):
    """Subtract the mean row."""
    return g - g.mean(axis=0)


def logits_of(pair):
    """Label-centred logits of both models."""
    f, g, f2, g2 = arrays_of(pair)
    return f @ centred(g).T, f2 @ centred(g2).T


def difference_of(pair):
    """Delta = u - u'."""
    u, u2 = logits_of(pair)
    return u - u2


def squared_distance(difference):
    """d_logit^2."""
    return (difference**2).sum(axis=1).mean()


def log_softmax(u):
    """Log-probabilities of centred logits."""
    u = u - u.max(axis=1, keepdims=True)
    return u - np.log(np.exp(u).sum(axis=1, keepdims=True))


def kl_of(log_p, apart):
    """KL(p || p') from log p and u' - u as the mean of sum p (e^t - 1 - t), t = log p' - log p: no term is negative."""
    p = np.exp(log_p)
    apart = apart - (p * apart).sum(axis=1, keepdims=True)
    t = apart - np.log1p((p * np.expm1(apart)).sum(axis=1, keepdims=True))
    near = np.abs(t) < 1e-4
    terms = np.where(near, t * t / 2 * (1 + t / 3 * (1 + t / 4)), np.expm1(t) - t)
    return (p * terms).sum(axis=1).mean()


def distance_against_kl(pair):
    """d_logit^2 against KL / tau; for two labels against KL / (tau (1 - tau))."""
    u, u2 = logits_of(pair)
    log_p = log_softmax(u)
    tau = np.exp(min(log_p.min(), log_softmax(u2).min()))
    kl = kl_of(log_p, u2 - u)
    return squared_distance(u - u2), kl / tau / (1 - tau) if pair.k == 2 else kl / tau


def kl_against_distance(pair):
    """KL against d_logit^2."""
    u, u2 = logits_of(pair)
    return kl_of(log_softmax(u), u2 - u), squared_distance(u - u2)


@functools.cache
def orders(k, m):
    """Every subset of m + 1 labels with each of its labels first in turn; m + 1 rows for a subset."""
    subsets = itertools.combinations(range(k), m + 1)
    return np.array([(s[i], *s[:i], *s[i + 1 :]) for s in subsets for i in range(m + 1)])


def d_rep_against_distance(pair):
    """d_rep^2 = mean_S E||L_S^-1 Delta_S||^2 against d_logit^2 / min_J s_min(L_J)^2."""
    g, apart = pair.a.unembeddings, difference_of(pair)
    rows = orders(*g.shape)
    pivoted = g[rows[:, 1:]] - g[rows[:, :1]]
    values = np.linalg.svd(pivoted, compute_uv=False)
    least = values[:, -1].min()
    if not least > 1e-7 * values[:, 0].max():
        return _NOTHING
    once = rows[:: g.shape[1] + 1]
    errors = np.linalg.solve(pivoted[:: g.shape[1] + 1], apart.T[once[:, 1:]] - apart.T[once[:, :1]])
    return (errors**2).sum(axis=(1, 2)).mean() / len(apart), squared_distance(apart) / least**2


def alignment_against_distance(pair):
    """E||f - A* f'||^2 = E||pinv(Gc) Delta||^2 against d_logit^2 / s_min(Gc)^2."""
    apart = difference_of(pair)
    left, values, _ = np.linalg.svd(centred(pair.a.unembeddings), full_matrices=False)
    if not values[-1] > 1e-9 * values[0]:
        return _NOTHING
    return squared_distance(apart @ left / values), squared_distance(apart) / values[-1] ** 2


def deviation(columns):
    """Standard deviation of each column."""
    return np.sqrt((centred(columns) ** 2).mean(axis=0))


def d_svd_against_llv(pair):
    """d_SVD of the logits of labels 1 to m over label 0 against eps^2, the embedding part of the LLV distance."""
    m, logits, log_p = pair.m, logits_of(pair), []
    standardised = []
    for u in logits:
        ratios = u[:, 1 : m + 1] - u[:, :1]
        psi = deviation(ratios)
        if not psi.min() > 1e-6 * np.sqrt((u**2).sum(axis=1).mean()):
            return _NOTHING
        standardised.append(centred(ratios) / psi)
        scaled = log_softmax(u)
        log_p.append(np.concatenate([scaled[:, 1 : m + 1] / psi, scaled[:, :1] / psi], axis=1))
    cross = standardised[0].T @ standardised[1] / pair.n
    dissimilarity = 1 - np.linalg.svd(cross, compute_uv=False).mean()
    return dissimilarity, deviation(log_p[0] - log_p[1]).max() ** 2


# --------------------------------------------------------------------------- rows


@dataclass(frozen=True)
class Row:
    """A statement of the catalogue at some shapes.

    `sides` are its sides in plain NumPy; `known` is the best ratio known where the constant may not be sharp.
    """

    name: str
    identifier: str
    statement: str
    dimensions: tuple[int, int]
    labels: tuple[int, int]
    constant: float
    sides: Callable
    known: float | None = None

    @property
    def target(self):
        """What the ratio found is measured against."""
        return self.known or self.constant


def rep_constant(m, k):
    """(m/(k-1)) kappa_{m+1}."""
    return float(m * kappa(m + 1) / (k - 1))


ROWS = (
    *(Row(f"T5 k={k}", "T5", "upper_bound", (1, 4), (k, k), 2.0, distance_against_kl) for k in (3, 10)),
    Row("T5 k=2", "T5", "upper_bound_binary", (1, 1), (2, 2), 1.0, distance_against_kl),
    Row("T6", "T6", "upper_bound", (1, 4), (2, 8), 0.25, kl_against_distance),
    *(Row(f"T2 m={k - 1} k={k}", "T2", "upper_bound", (k - 1, k - 1), (k, k), rep_constant(k - 1, k),
          d_rep_against_distance) for k in (2, 3, 4, 5)),
    *(Row(f"T2 m=1 k={k} (line)", "T2", "upper_bound_on_a_line", (1, 1), (k, k), float(line_constant(k)),
          d_rep_against_distance) for k in (3, 4, 5, 6)),
    Row("T3", "T3", "upper_bound", (2, 4), (3, 8), 1.0, alignment_against_distance),
    Row("T12", "T12", "upper_bound", (1, 4), (2, 6), 2.0, d_svd_against_llv),
    *(Row(f"T2 m={m} k={k} (open)", "T2", "upper_bound", (m, m), (k, k), rep_constant(m, k), d_rep_against_distance,
          known) for m, k, known in ((2, 4, 0.788897), (2, 5, 0.445242), (3, 5, 0.883974))),
)  # fmt: skip


def statement_of(row):
    """Return the statement of the catalogue."""
    return next(s for s in theorem(row.identifier).statements if s.name == row.statement)


def claim_of(row, catalogue=False):
    """Return the claim lhs <= constant * envelope, in plain NumPy or from the catalogue's own functions."""
    statement = statement_of(row)

    def plain(pair):
        lhs, envelope = row.sides(pair)
        return lhs, row.constant * envelope

    def stated(pair):
        return (statement.lhs(pair), statement.rhs(pair)) if statement.applies(pair) else _NOTHING

    domain = dataclasses.replace(statement.domain, dimensions=row.dimensions, labels=row.labels)
    return Claim(stated if catalogue else plain, row.name, domain=domain)


@dataclass(frozen=True)
class Found:
    """What the engine made of a row: the best lhs / envelope, its share of the target, and where it is reached."""

    row: str
    constant: float
    known: float | None
    ratio: float
    share: float
    digits: int
    verdict: str
    evaluations: int
    seconds: float
    found_in: str
    witness: dict


def share_of(claim, witness):
    """Return lhs / rhs and the digits it was computed in."""
    with np.errstate(all="ignore"):
        many = digits.sides(claim.function, witness.pair, STAND_INS)
    if many is None or not many[1] > 0:
        return witness.ratio or math.nan, 16
    return float(mpmath.nstr(many[0] / many[1], 17)), digits.DIGITS


def search(row, options):
    """Attack a row and say how close it came."""
    claim = claim_of(row, options.catalogue)
    outcome = falsify(claim, Budget(options.budget), options.seed)
    ratio, count, arrays = math.nan, 16, {}
    if outcome.worst is not None:
        share, count = share_of(claim, outcome.worst)
        ratio = share * row.constant
        names = ("embeddings", "unembeddings", "embeddings of b", "unembeddings of b")
        arrays = {name: a.tolist() for name, a in zip(names, arrays_of(outcome.worst.pair), strict=True)}
    where = outcome.history[-1].found_in if outcome.history else ""
    return Found(row.name, row.constant, row.known, ratio, ratio / row.target, count, outcome.verdict,
                 outcome.evaluations, outcome.seconds, where, arrays)  # fmt: skip


def missed(found):
    """Whether too little of a sharp constant was found; an open row misses no target."""
    return found.known is None and not found.share >= ENOUGH


def remark(found):
    """Return what a reader should know of a row."""
    words = [] if found.verdict == "survived" else [found.verdict]
    words += [f"{found.digits} digits only"] if found.digits < digits.DIGITS else []
    words += ["weak"] if not found.share >= ENOUGH else []
    words += ["open"] if found.known is not None else []
    words += ["beats known"] if found.known is not None and found.share > 1.001 else []
    return ", ".join(words)


def print_table(console, found, budget):
    """Print a line for each row."""
    table = Table(title=f"Suprema of lhs / envelope from scratch, {budget:g} s each", title_justify="left")
    for heading in ("row", "constant", "known", "found", "share", "evaluations", "seconds", "found in", ""):
        left = heading in ("row", "found in", "")
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for f in found:
        known = "" if f.known is None else f"{f.known:g}"
        table.add_row(f.row, f"{f.constant:.6g}", known, f"{f.ratio:.6g}", f"{100 * f.share:.4f} %",
                      f"{f.evaluations:,}", f"{f.seconds:.1f}", f.found_in, remark(f))  # fmt: skip
    console.print(table)


def print_witness(console, found):
    """Print all that a ratio of T2 depends on: the labels and how the logits differ; raw arrays are in the JSON."""
    f, g, f2, g2 = (np.array(array) for array in found.witness.values())
    rows = orders(*g.shape)
    least = np.linalg.svd(g[rows[:, 1:]] - g[rows[:, :1]], compute_uv=False)[:, -1].min()
    _, weights, directions = np.linalg.svd(f @ centred(g).T - f2 @ centred(g2).T)
    best = np.linalg.eigvalsh(sharp_form(Model(f, g)))[-1] * least**2
    console.print(f"{found.row}: {found.ratio:.8g}; the largest for these labels is {best:.8g}", highlight=False)
    for what, array in (
        ("centred unembeddings, at min_J s_min(L_J) = 1", centred(g) / least),
        (f"logit difference, {100 * weights[0] ** 2 / (weights**2).sum():.4f} % of it along", directions[0]),
    ):
        console.print(f"  {what}:\n    {np.array2string(array, precision=6, prefix='    ')}", highlight=False)


def main(arguments=None):
    """Search the rows and print them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for each row (default 30)")
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose name contains this, such as 'T2 m=1'")
    parser.add_argument("--catalogue", action="store_true", help="attack the catalogue's statements, not plain NumPy")
    parser.add_argument("--seed", type=int, default=0, help="of the searches (default 0)")
    parser.add_argument("--json", type=Path, help="write every row there, with its witness")
    options = parser.parse_args(arguments)
    rows = [row for row in ROWS if options.only in row.name]
    if not rows:
        parser.error(f"--only: expected part of one of {', '.join(row.name for row in ROWS)}")
    progress = track(rows, "suprema", console=Console(stderr=True), transient=True)
    found = [search(row, options) for row in progress]
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(f) for f in found], indent=1), encoding="utf-8")
    console = Console(width=140)
    print_table(console, found, options.budget)
    for row in found:
        if row.known is not None and row.witness:
            print_witness(console, row)
    return int(any(missed(row) for row in found))


if __name__ == "__main__":
    sys.exit(main())
