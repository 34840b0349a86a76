r"""Certificates: the best constant for given unembeddings between two exact rationals, and false claims refuted.

For unembeddings G and G' every left side of T2, T3, T8 and T10 is E z^T Q z, z = (f, f'), and d_logit^2 is E z^T R z.
The best constant over all data distributions is the largest generalised eigenvalue of (Q, R). It is found in floating
point, rounded up to a rational C of small denominator such that C R - Q = L D L^T exactly with D >= 0, and attacked by
a rational z. What is written down is checked by `theory.proofs.verifier`, with fractions alone.

References
----------
Derived here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from theory.errors import InvalidInput, NotApplicable
from theory.files import write_whole
from theory.proofs import verifier
from theory.proofs.verifier import Forms, Matrix, Problem, Vector

_BELOW, _ABOVE = Fraction(1, 10**9), Fraction(3, 10**7)  # where the constant is sought around the eigenvalue, relative
_WITNESS_BITS = 40  # of its entries: rounding it to 30 already leaves the ratio as it is to 1e-16
_GRID_BITS = 34  # of the largest entry: rounding then costs less than 1e-8 of the constant
MatrixLike = Sequence[Sequence[Any]] | Float[np.ndarray, "k m"]
"""Rows of integers, fractions or floats."""


@dataclass(frozen=True)
class Certificate:
    """A statement about given arrays with everything needed to check it.

    Attributes
    ----------
    content
        What is written: strings, and lists of strings.
    """

    content: Mapping[str, Any]

    @property
    def address(self) -> str:
        """SHA-256 of the content."""
        return str(self.content["address"])

    @property
    def file_name(self) -> str:
        """The address, as the name of a file."""
        return f"{self.address}.json"

    @property
    def constant(self) -> Fraction:
        """The constant C: an upper bound on the best one, or on the one falsely claimed."""
        return Fraction(self.content["constant"])

    @property
    def ratio(self) -> Fraction:
        """What the witness attains."""
        return Fraction(self.content["ratio"])

    @property
    def gap(self) -> float:
        """1 - c/C: zero if the constant is attained, negative for a counterexample."""
        return float(1 - self.ratio / self.constant)

    @property
    def text(self) -> str:
        """JSON to be written."""
        return json.dumps(self.content, ensure_ascii=True, indent=1) + "\n"


def save(certificate: Certificate, folder: Path) -> Path:
    """Write a certificate under its address, whole or not at all, and return where."""
    path = folder / certificate.file_name
    write_whole(path, certificate.text)
    return path


# --------------------------------------------------------------------------- rational numbers


def exact(name: str, array: MatrixLike) -> Matrix:
    """Return the rationals that floats are.

    Raises
    ------
    InvalidInput
        If it is not a matrix of finite numbers.
    """
    try:
        rows = [[Fraction(x if isinstance(x, Fraction | int | str) else float(x)) for x in row] for row in array]
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{name}: expected rows of finite numbers ({error})") from None
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise InvalidInput(f"{name}: expected rows of one length, saw {[len(row) for row in rows]}")
    return rows


def rounded(name: str, array: MatrixLike, bits: int = 10) -> Matrix:
    """Round to multiples of 2^-bits, so that exact arithmetic stays small."""
    return [[Fraction(round(x * 2**bits), 2**bits) for x in row] for row in exact(name, array)]


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """Return the rational of least denominator in [low, high], 0 < low <= high, by continued fractions.

    Examples
    --------
    >>> simplest_between(Fraction(31, 100), Fraction(34, 100))
    Fraction(1, 3)
    """
    whole = math.floor(low)
    if whole == low or whole + 1 <= high:
        return Fraction(whole if whole == low else whole + 1)
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))


# --------------------------------------------------------------------------- eigenvalues


@dataclass(frozen=True)
class Whitened:
    """Forms in coordinates y in which d_logit^2 is |y|^2, with its null directions left out.

    Attributes
    ----------
    left
        The left side as a form in y, in floating point.
    basis
        Rows: the z that belongs to each coordinate; exact.
    scales
        By which a row is to be divided: z = sum_i (y_i / scales_i) basis_i.
    """

    left: Float[np.ndarray, "r r"]
    basis: Matrix
    scales: Float[np.ndarray, " r"]

    @property
    def largest(self) -> float:
        """The largest generalised eigenvalue."""
        return float(np.linalg.eigvalsh(self.left)[-1])

    def witness(self, bits: int) -> Vector:
        """Return a z near the top eigenvector, its entries of a given number of bits."""
        top = np.linalg.eigh(self.left)[1][:, -1] / self.scales
        z = [sum((Fraction(float(t)) * x for t, x in zip(top, column, strict=True)), Fraction(0))
             for column in zip(*self.basis, strict=True)]  # fmt: skip
        scale = 2**bits / max(abs(x) for x in z)
        whole = [round(x * scale) for x in z]
        return [Fraction(x, 2**bits) for x in whole]


def whitened(left: Matrix, logit: Matrix) -> Whitened:
    """Whiten exactly: logit = L D L^T, and where D = 0 a column of the arrays depends on earlier ones.

    Both forms are forms in Delta = T z, so leaving out dependent columns of T leaves the values attained as they are.
    """
    factors = verifier.ldl(logit)
    if factors is None:
        raise InvalidInput("logit: expected a positive semidefinite form")
    diagonal = factors[1]
    kept = [i for i, d in enumerate(diagonal) if d > 0]
    if not kept:
        raise NotApplicable("both models have the same probabilities whatever the embeddings")
    lower = [[factors[0][i][j] for j in kept] for i in kept]
    inverted = verifier.inverse(lower)[0]
    moved = verifier.product(inverted, [[left[i][j] for j in kept] for i in kept])
    moved = verifier.product(moved, verifier.transposed(inverted))
    # Square roots of rationals beyond the range of floats do not occur: entries of the arrays are of bounded size.
    scales = np.array([math.sqrt(diagonal[i]) for i in kept])
    form = np.array([[float(x) for x in row] for row in moved]) / np.outer(scales, scales)
    basis = [[Fraction(0)] * len(left) for _ in kept]
    for row, entries in zip(basis, inverted, strict=True):
        for i, x in zip(kept, entries, strict=True):
            row[i] = x
    return Whitened((form + form.T) / 2, basis, scales)


# --------------------------------------------------------------------------- certificates


def problem(
    theorem: str, first: MatrixLike, second: MatrixLike, probe: Sequence[Any] | None = None, claim: str | None = None
) -> Problem:
    """Return what a certificate is about, exactly.

    Parameters
    ----------
    theorem
        T2, T3, T4, T8, T9 or T10.
    first, second
        Unembeddings of both models, rows of labels; for T9 embeddings, rows of inputs.
    probe
        w, for T8.
    claim
        A false claim; by default the theorem's own.

    Raises
    ------
    InvalidInput
        If the theorem is another, the arrays do not match, or numbers or shapes are larger than the verifier takes.
    """
    if theorem not in verifier.TRUE:
        raise InvalidInput(f"theorem: expected one of {', '.join(verifier.TRUE)}, saw {theorem!r}")
    g, h = exact("first", first), exact("second", second)
    w = None if probe is None else exact("probe", [list(probe)])[0]
    if (w is None) == (theorem == "T8"):
        raise InvalidInput(f"probe: expected one for T8 and for no other theorem, saw {probe!r} for {theorem}")
    posed = Problem(theorem, claim or verifier.TRUE[theorem][1], g, h, w, Fraction(1) if theorem == "T2" else None)
    try:  # by the verifier's own rules for shapes and sizes
        numbers = {"constant": "1", "witness": [], "ratio": "1", "statement": "", "address": ""}
        verifier.problem_of(_described(posed) | numbers | ({} if claim else {"L": [], "D": []}))
    except verifier.Invalid as reason:
        raise InvalidInput(str(reason)) from None
    if theorem != "T2":
        return posed
    grid = Fraction(2) ** (math.floor(math.log2(_largest_entry(posed))) - _GRID_BITS)
    return Problem(theorem, posed.claim, g, h, w, grid)


def certify(theorem: str, first: MatrixLike, second: MatrixLike, probe: Sequence[Any] | None = None) -> Certificate:
    """Certify the best constant of a theorem for given arrays, over all data distributions.

    The parameters are those of `problem`.

    Returns
    -------
    Certificate
        Its constant is valid for all data, and a witness attains all but a millionth of it.

    Raises
    ------
    InvalidInput
        As `problem`.
    NotApplicable
        If the theorem says nothing of these arrays (dependent columns, singular subsets), or they are so badly
        conditioned that no constant was found.
    """
    posed = problem(theorem, first, second, probe)
    forms = _forms(posed)
    upper = whitened(forms.high, forms.logit)
    if not upper.largest > 0:
        raise NotApplicable("the left side vanishes whatever the embeddings")
    eigenvalue = Fraction(upper.largest)
    witness = _teacher_only(posed) if theorem == "T4" else None
    for wider in (1, 2, 3):
        constant = simplest_between(eigenvalue * (1 - _BELOW / wider), eigenvalue * (1 + _ABOVE))
        for candidate in (constant, simplest_between(eigenvalue * (1 + wider * _BELOW), eigenvalue * (1 + _ABOVE))):
            form = verifier.combined(verifier.scaled(forms.logit, candidate), forms.high, Fraction(-1))
            factors = verifier.ldl(form)
            z = witness or upper.witness(_WITNESS_BITS * wider)
            ratio = verifier.value(forms.low, z) / verifier.value(forms.logit, z)
            if factors is not None and candidate * (1 - verifier.TIGHTNESS) <= ratio <= candidate:
                lower = [row[:i] for i, row in enumerate(factors[0])]
                extra = {"L": [_strings(row) for row in lower], "D": _strings(factors[1])}
                return _certificate(posed, candidate, z, ratio, extra)
    raise NotApplicable("first: too badly conditioned, no constant within a millionth of a witness was found")


def refute(
    theorem: str, claim: str, first: MatrixLike, second: MatrixLike, probe: Sequence[Any] | None = None
) -> Certificate | None:
    """Refute a false claim on given arrays by an exact input that violates it.

    Parameters
    ----------
    theorem, first, second, probe
        As in `problem`.
    claim
        The name of the false claim, one of `verifier.FALSE`.

    Returns
    -------
    Certificate or None
        None if the claim happens to hold for these arrays and all data.

    Raises
    ------
    InvalidInput, NotApplicable
        As `certify`.
    """
    posed = problem(theorem, first, second, probe, claim)
    forms = _forms(posed)
    z = whitened(forms.low, forms.logit).witness(_WITNESS_BITS)
    ratio = verifier.value(forms.low, z) / verifier.value(forms.logit, z)

    def holds(constant: Fraction) -> bool:
        shape = len(posed.first), len(posed.first[0])
        return verifier.FALSE[theorem, claim][1](posed, *shape, constant)

    low, high = Fraction(0), ratio * Fraction(999999, 1000000)
    if not holds(high):
        return None
    while high - low > high / 1000:
        middle = simplest_between((2 * low + high) / 3 + high / 2**20, (low + 2 * high) / 3)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return _certificate(posed, high, z, ratio, {})


def counterexample(theorem: str, claim: str) -> Certificate | None:
    """Look for small integer arrays on which a false claim fails, in a fixed order; None if none of 500 does."""
    for first, second, probe in _small_arrays(theorem):
        try:
            found = refute(theorem, claim, first, second, probe)
        except (NotApplicable, InvalidInput):
            continue
        if found is not None:
            return found
    return None


def _small_arrays(theorem: str) -> Iterator[tuple[MatrixLike, MatrixLike, list[int] | None]]:
    for seed in range(500):
        rng = np.random.default_rng(seed)
        m = 1 + seed % 2
        k = 2 * m + 1 + seed % 3
        first, second = rng.integers(-4, 5, (k, m)), rng.integers(-4, 5, (k, m))
        yield first, second, [2, -1][:m] if theorem == "T8" else None


def _forms(posed: Problem) -> Forms:
    try:
        return verifier.forms(posed)
    except verifier.Invalid as reason:
        raise NotApplicable(str(reason)) from None


def _largest_entry(posed: Problem) -> float:
    """Return a rough scale of the mean over subsets, from a coarse grid that is refined until it shows something."""
    for bits in range(0, 200, 20):
        try:
            mean = verifier.mean_over_subsets(posed.first, Fraction(1, 2**bits))
        except verifier.Invalid as reason:
            raise NotApplicable(str(reason)) from None
        largest = max(float(row[i]) for i, row in enumerate(mean))
        if largest >= 2.0 ** (4 - bits):
            return largest
    raise NotApplicable("first: too large, the left side is below 2^-180 d_logit^2")


def _teacher_only(posed: Problem) -> Vector:
    """Return an input with f' = 0 and centred logits of the first model that are not zero."""
    columns = verifier.transposed(verifier.centred(posed.first))
    which = next((i for i, column in enumerate(columns) if any(column)), None)
    if which is None:
        raise NotApplicable("first: all labels have one unembedding")
    return [Fraction(i == which) for i in range(len(columns) + len(posed.second[0]))]


def _strings(values: Vector) -> list[str]:
    return [str(x) for x in values]


def _described(posed: Problem) -> dict[str, Any]:
    own = posed.claim == verifier.TRUE[posed.theorem][1]
    content: dict[str, Any] = {
        "schema": verifier.SCHEMA,
        "kind": "bound" if own else "counterexample",
        "theorem": posed.theorem,
        "claim": posed.claim,
        "first": [_strings(row) for row in posed.first],
        "second": [_strings(row) for row in posed.second],
    }
    if posed.probe is not None:
        content["probe"] = _strings(posed.probe)
    if posed.grid is not None:
        content["grid"] = str(posed.grid)
    return content


def _certificate(
    posed: Problem, constant: Fraction, witness: Vector, ratio: Fraction, extra: Mapping[str, Any]
) -> Certificate:
    content = _described(posed) | {
        "statement": verifier.statement(posed, constant, ratio),
        "constant": str(constant),
        "witness": _strings(witness),
        "ratio": str(ratio),
        **extra,
    }
    content["address"] = verifier.address_of(content)
    return Certificate(content)
