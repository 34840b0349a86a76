r"""Tables of docs/certificates.md: ``python -m benchmarks.certificates``.

The left sides of T2, T3, T8, T9 and T10 and the squared logit distance are linear in the joint second moment
M = E z z^T of z = (f, f'). Over all data distributions, for given unembeddings, the best constant is therefore

.. math:: \max_{M \succeq 0} \langle Q, M\rangle \ \text{ subject to } \langle R, M\rangle \le 1
          \;=\; \min \{C : C R - Q \succeq 0\}.

The left side of T4's relaxation, min_B E||u - B u'||^2, is concave in M: with Y the part of E f f^T that f' explains
linearly, a semidefinite programme by Schur complement. Here a solver finds these constants a second way, to be held
against those of `theory.proofs.certificates`, which come from eigenvalues and are proved exactly.

References
----------
S. Boyd, L. Vandenberghe, "Convex Optimization" (2004), chapters 4 and 5. The programmes are derived here.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.errors import NotApplicable
from theory.proofs import verifier
from theory.proofs.certificates import Certificate, MatrixLike, certify, problem, rounded, whitened
from theory.proofs.convex import require_cvxpy, solve
from theory.proofs.convex_worst import worst_logit_distance
from theory.proofs.verifier import Matrix, Problem

_SEED, _PAIRS = 2026, 30  # of the table of certified pairs
# (eps, tau, k): either side of 2 eps/tau = 1, where T5 turns from sharp to loose, for two, three and ten labels.
_SETTINGS = (
    (0.001, 0.1, 3), (0.01, 0.1, 3), (0.1, 0.1, 3), (0.1, 0.1, 2), (1.0, 0.1, 2), (0.01, 0.01, 3), (0.1, 0.01, 3),
    (1.0, 0.01, 3), (0.01, 0.01, 10), (0.1, 0.01, 10), (0.1, 0.001, 10), (1.0, 0.001, 10), (0.1, 0.0001, 10),
    (1.0, 1e-6, 10),
)  # fmt: skip


@dataclass(frozen=True)
class BestConstant:
    """The best constant for given arrays, found in two ways.

    Attributes
    ----------
    eigenvalue
        The largest generalised eigenvalue; for T4 it is one, by B = 1 and f' = 0.
    multiplier
        The dual variable of the constraint on the logit distance: the constant C of the bound.
    attained
        The value of the programme at `moment`.
    moment
        The extremal second moment of z = (f, f'), of squared logit distance one.
    """

    eigenvalue: float
    multiplier: float
    attained: float
    moment: Float[np.ndarray, "d d"]


def best_constant(
    theorem: str, first: MatrixLike, second: MatrixLike, probe: Sequence[Any] | None = None
) -> BestConstant:
    """Solve the semidefinite programme for the best constant of a theorem over all data distributions.

    Parameters
    ----------
    theorem, first, second, probe
        As in `theory.proofs.certificates.certify`.

    Raises
    ------
    InvalidInput
        If an argument is not usable, or cvxpy is not installed (the extra ``convex``).
    NotApplicable
        If the theorem says nothing of these arrays.
    DegenerateInput
        If the solver finds no solution.
    """
    posed = problem(theorem, first, second, probe)
    try:
        forms = verifier.forms(posed)
    except verifier.Invalid as reason:
        raise NotApplicable(str(reason)) from None
    if theorem == "T4":
        return _regression(posed, forms.logit)
    found = whitened(forms.high, forms.logit)
    size = found.largest
    # In exactly whitened coordinates, where the squared logit distance is the trace of the moment: raw ones can be so
    # badly conditioned that the solver loses five digits.
    cvxpy = require_cvxpy()
    moment = cvxpy.Variable(found.left.shape, PSD=True)
    bound = cvxpy.trace(moment) <= 1
    programme = cvxpy.Problem(cvxpy.Maximize(cvxpy.trace((found.left / size) @ moment)), [bound])
    solve(programme, tight=True)
    basis = _floats(found.basis) / found.scales[:, None]
    raw = basis.T @ moment.value @ basis
    return BestConstant(size, size * float(bound.dual_value), size * float(programme.value), raw)


def _regression(posed: Problem, logit: Matrix) -> BestConstant:
    """Maximise min_B E||u - B u'||^2 = tr Gc (E f f^T - Y) Gc^T, Y what f' explains of E f f^T."""
    cvxpy = require_cvxpy()
    g, h = (_floats(verifier.centred(array)) for array in (posed.first, posed.second))
    m, size = g.shape[1], g.shape[1] + h.shape[1]
    if np.linalg.matrix_rank(h) < h.shape[1]:
        raise NotApplicable("second: expected independent columns, so that regression on u' is regression on f'")
    scale = float(np.trace(_floats(logit))) or 1.0
    moment, explained = cvxpy.Variable((size, size), PSD=True), cvxpy.Variable((m, m), PSD=True)
    corner = np.zeros((size, m))
    corner[:m] = np.eye(m)
    gram = g.T @ g / scale
    bound = cvxpy.trace((_floats(logit) / scale) @ moment) <= 1
    # The largest E f f^T - Y with [[Y, E f f'^T], [E f' f^T, E f' f'^T]] positive semidefinite is the unexplained part.
    schur = moment - corner @ (corner.T @ moment @ corner - explained) @ corner.T >> 0
    unexplained = cvxpy.trace(gram @ (corner.T @ moment @ corner - explained))
    programme = cvxpy.Problem(cvxpy.Maximize(unexplained), [bound, schur])
    solve(programme, tight=True)
    return BestConstant(1.0, float(bound.dual_value), float(programme.value), moment.value / scale)


def _floats(a: Matrix) -> Float[np.ndarray, "r c"]:
    return np.array([[float(x) for x in row] for row in a])


# --------------------------------------------------------------------------- random arrays


@dataclass(frozen=True)
class Studied:
    """A random pair of arrays, its certificate, and how long things took.

    Attributes
    ----------
    k, m, other
        Labels and the dimensions of both models.
    certificate
        Of the theorem studied.
    eigenvalue, multiplier
        Of `BestConstant`.
    seconds, verified_in
        To find and certify the constant, without the solver, and to verify.
    verdict
        Of the verifier.
    """

    k: int
    m: int
    other: int
    certificate: Certificate
    eigenvalue: float
    multiplier: float
    seconds: float
    verified_in: float
    verdict: verifier.CertificateVerdict


def study(seed: int, count: int, theorem: str = "T2", labels: int = 12, dimensions: int = 4) -> tuple[Studied, ...]:
    """Certify the best constants of `count` random pairs of unembeddings, standard normal on a grid of 2^-10.

    Parameters
    ----------
    seed, count
        The random numbers, and how many pairs.
    theorem
        T2, T3, T4, T9 or T10, or T8 with a random probe.
    labels, dimensions
        The largest k and m; each pair draws m, m' up to `dimensions` and k from m + 1 up to `labels`.
    """
    found = []
    for stream in np.random.default_rng(seed).spawn(count):
        m, other = (int(x) for x in stream.integers(1, dimensions + 1, 2))
        k = int(stream.integers(max(m, other) + 1, labels + 1))
        first, second = (rounded(name, stream.normal(size=(k, d))) for name, d in (("first", m), ("second", other)))
        probe = rounded("probe", stream.normal(size=(1, m)))[0] if theorem == "T8" else None
        started = time.perf_counter()
        certificate = certify(theorem, first, second, probe)
        certified = time.perf_counter()
        verdict = verifier.verify(certificate.text)
        verified = time.perf_counter()
        best = best_constant(theorem, first, second, probe)
        found.append(
            Studied(
                k, m, other, certificate, best.eigenvalue, best.multiplier, certified - started, verified - certified,
                verdict,
            )
        )  # fmt: skip
    return tuple(found)


def table_of_worst_distances(settings: tuple[tuple[float, float, int], ...]) -> str:
    """Return a Markdown table of both bounds against 2 eps / tau, one row for each (eps, tau, k)."""
    lines = ["| eps | tau | k | lower | upper | 2 eps/tau | upper / (2 eps/tau) |", "|---|---|---|---|---|---|---|"]
    for eps, tau, k in settings:
        found = worst_logit_distance(eps, tau, k)
        plain = 2 * eps / tau
        cells = [f"{eps:g}", f"{tau:g}", str(k), *(f"{x:.5g}" for x in (found.lower, found.upper, plain))]
        lines.append(f"| {' | '.join(cells)} | {found.upper / plain:.4f} |")
    return "\n".join(lines)


def table_of_pairs(rows: tuple[Studied, ...]) -> str:
    """Return a Markdown table of certified pairs, one row each."""
    heads = (
        "k", "m", "m'", "C", "about", "gap 1 - c/C", "multiplier/eigenvalue - 1", "certified in s", "verified in s",
        "verdict",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        constant = row.certificate.constant
        cells = [
            row.k, row.m, row.other, constant, f"{float(constant):.6g}", f"{row.certificate.gap:.1e}",
            f"{abs(row.multiplier / row.eigenvalue - 1):.1e}", f"{row.seconds:.2f}", f"{row.verified_in:.2f}",
            row.verdict.status,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print both tables; fewer rows of each if so asked. Exit status 1 when a certificate is not valid."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.certificates", description="Certified constants.")
    parser.add_argument("--rows", type=int, help="rows of each table; all by default")
    rows = parser.parse_args(arguments).rows
    found = study(_SEED, _PAIRS if rows is None else rows)
    print(table_of_pairs(found), table_of_worst_distances(_SETTINGS[:rows]), sep="\n\n")
    return int(any(row.verdict.status != "valid" for row in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
