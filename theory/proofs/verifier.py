"""Check a certificate with fractions alone: nothing is imported that does not come with Python, nothing is trusted.

    python verifier.py FILE        exit status 0: valid, 1: invalid, 2: unreadable

A certificate is about two arrays G (k x m, rows g(y)) and G' (k x m', rows g'(y)): the unembeddings of two models. On
an input with embeddings z = (f, f') the centred logits differ by Delta = T z, T = (Gc, -G'c) with Gc = G minus its
mean row, and every distance here is the mean over inputs of a quadratic form in z:

    d_logit^2 = E z' Q_logit z,  Q_logit = T' T,        left side = E z' Q_left z.

kind "bound" says: left side <= C d_logit^2 for ALL embeddings, and no constant below c will do.
    The first half is a factorisation C Q_logit - Q_left = L D L' with L lower triangular and D >= 0; the second half
    is one input z with z' Q_left z >= c z' Q_logit z, and c >= (1 - 10^-6) C.
kind "counterexample" says: left side <= (claimed constant) d_logit^2 is false. The claimed constant is shown to be at
    most C, and one input z has z' Q_left z >= c z' Q_logit z with c > C.

Left sides, with P = (Gc' Gc)^-1 Gc' and, for a set S of m + 1 labels, L_S the differences of rows of G to the first:

    T2   mean over S of ||f - A_S f'||^2, A_S = L_S^-1 L'_S (rounded entry by entry; see `mean_over_subsets`)
    T3   ||f - A* f'||^2, A* = P G'c
    T4   min over matrices B of E ||u - B u'||^2, u = Gc f, u' = G'c f'; at most its value at B = 1, which is d_logit^2
    T8   (w.f - w'.f')^2, w' = A*' w, for a probe w
    T9   inputs and labels exchanged: the arrays are embeddings F, F' of n inputs, z = (g(y), g'(y)) centred over y;
         sum over y of ||g(y) - B g'(y)||^2, B = pinv(F) F'; not centred, Q_logit = T' T / n, T = (F, -F')
    T10  sum_S ||det(L_S) f - adj(L_S) L'_S f'||^2 / sum_S det(L_S)^2, which is det(L_S)^2 ||f - A_S f'||^2 where A_S is

That these suffice: f - A_S f' = L_S^-1 (L_S f - L'_S f') = L_S^-1 (differences of Delta), and f - A* f' = P Delta.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

SCHEMA = "logitbounds/certificate/1"
TIGHTNESS = Fraction(1, 10**6)  # of the constant: what "cannot be improved" means; docs/certificates.md says so too
LARGEST_FILE = 2_000_000  # characters
ENTRY_DIGITS, OTHER_DIGITS = 24, 4000  # of a numerator or denominator: in the arrays, and elsewhere
MOST_ROWS, MOST_COLUMNS, MOST_SUBSETS = 32, 6, 1000  # at these a check takes up to 40 seconds
_RATIONAL = re.compile(r"(0|-?[1-9][0-9]*)(/[1-9][0-9]*)?", re.ASCII)

Vector = list[Fraction]
Matrix = list[list[Fraction]]


@dataclass(frozen=True)
class CertificateVerdict:
    """What was found: "valid", "invalid" or "unreadable", and why."""

    status: str
    reason: str

    @property
    def exit_status(self) -> int:
        """0 valid, 1 invalid, 2 unreadable."""
        return ("valid", "invalid", "unreadable").index(self.status)


class Invalid(Exception):
    """The certificate does not hold."""


class Unreadable(Exception):
    """It is not a certificate at all."""


def require(condition: bool, reason: str) -> None:
    """Raise `Invalid` with a reason unless a condition holds."""
    if not condition:
        raise Invalid(reason)


# ------------------------------------------------------------------------------------- matrices of fractions


def transposed(a: Matrix) -> Matrix:
    """Return the transpose."""
    return [list(column) for column in zip(*a, strict=True)]


def product(a: Matrix, b: Matrix) -> Matrix:
    """Return a b."""
    columns = transposed(b)
    return [[sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)) for column in columns] for row in a]


def scaled(a: Matrix, factor: Fraction) -> Matrix:
    """Return factor a."""
    return [[factor * x for x in row] for row in a]


def combined(a: Matrix, b: Matrix, factor: Fraction) -> Matrix:
    """Return a + factor b."""
    return [[x + factor * y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


def identity(n: int) -> Matrix:
    """Return the identity matrix."""
    return [[Fraction(i == j) for j in range(n)] for i in range(n)]


def centred(a: Matrix) -> Matrix:
    """Subtract the mean row."""
    mean = [sum(column, Fraction(0)) / len(a) for column in zip(*a, strict=True)]
    return [[x - y for x, y in zip(row, mean, strict=True)] for row in a]


def trace_of_gram(a: Matrix) -> Fraction:
    """Return the sum of squares of the entries."""
    return sum((x * x for row in a for x in row), Fraction(0))


def value(form: Matrix, z: Vector) -> Fraction:
    """Return z' form z."""
    return product([z], product(form, transposed([z])))[0][0]


def inverse(a: Matrix) -> tuple[Matrix, Fraction]:
    """Return the inverse and the determinant, by elimination; raises `Invalid` where it is singular."""
    n, determinant = len(a), Fraction(1)
    rows = [list(row) + unit for row, unit in zip(a, identity(n), strict=True)]
    for i in range(n):
        pivot = next((r for r in range(i, n) if rows[r][i] != 0), None)
        if pivot is None:
            raise Invalid("a matrix that has to be inverted is singular")
        if pivot != i:
            rows[i], rows[pivot], determinant = rows[pivot], rows[i], -determinant
        head = rows[i][i]
        determinant *= head
        rows[i] = [x / head for x in rows[i]]
        for r in range(n):
            if r != i and rows[r][i] != 0:
                factor = rows[r][i]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i], strict=True)]
    return [row[n:] for row in rows], determinant


def ldl(a: Matrix) -> tuple[Matrix, Vector] | None:
    """Factor a = L D L', L unit lower triangular, D >= 0; None if `a` (symmetric) is not positive semidefinite.

    Where a pivot is zero, its column must be zero; L is then zero below the diagonal.
    """
    n = len(a)
    rest, lower, diagonal = [list(row) for row in a], identity(n), []
    for i in range(n):
        pivot = rest[i][i]
        if pivot < 0 or (pivot == 0 and any(rest[r][i] != 0 for r in range(i, n))):
            return None
        diagonal.append(pivot)
        for r in range(i + 1, n) if pivot else ():
            lower[r][i] = rest[r][i] / pivot
            for s in range(i + 1, r + 1):
                rest[r][s] -= lower[r][i] * rest[s][i]
    return lower, diagonal


# ------------------------------------------------------------------------------------- the quadratic forms


def pseudo_inverse(a: Matrix) -> Matrix:
    """Return (a' a)^-1 a', for columns that are independent."""
    return product(inverse(product(transposed(a), a))[0], transposed(a))


def differences(a: Matrix, subset: tuple[int, ...]) -> Matrix:
    """Return L_S: the rows of a subset minus its first row."""
    return [[x - y for x, y in zip(a[j], a[subset[0]], strict=True)] for j in subset[1:]]


def mean_over_subsets(g: Matrix, grid: Fraction) -> Matrix:
    """Return a matrix that differs from mean_S D_S' (L_S L_S')^-1 D_S by at most k grid in operator norm.

    D_S takes differences as L_S does: mean_S ||f - A_S f'||^2 = Delta' (the mean) Delta. The exact mean has
    denominators of ten thousands of digits. So each entry of each term is rounded down to a multiple of `grid`: a
    symmetric change of less than `grid` in each entry, and so of less than k grid in norm.
    """
    k, m = len(g), len(g[0])
    total = [[0] * k for _ in range(k)]
    for subset in itertools.combinations(range(k), m + 1):
        inverted = inverse(differences(g, subset))[0]
        columns = transposed([[-sum(row, Fraction(0)), *row] for row in inverted])
        for i, p in zip(subset, columns, strict=True):
            for j, q in zip(subset, columns, strict=True):
                total[i][j] += math.floor(sum((x * y for x, y in zip(p, q, strict=True)), Fraction(0)) / grid)
    return [[grid * x / math.comb(k, m + 1) for x in row] for row in total]


def determinant(a: Matrix) -> Fraction:
    """Return the determinant, expanded along the first row."""
    if not a:
        return Fraction(1)
    return sum(((-1) ** j * x * determinant(without(a, 0, j)) for j, x in enumerate(a[0]) if x), Fraction(0))


def without(a: Matrix, i: int, j: int) -> Matrix:
    """Return a matrix without row i and column j."""
    return [[x for s, x in enumerate(row) if s != j] for r, row in enumerate(a) if r != i]


def adjugate(a: Matrix) -> Matrix:
    """Return det(a) a^-1 by cofactors, which also a singular matrix has."""
    n = len(a)
    return [[(-1) ** (i + j) * determinant(without(a, i, j)) for i in range(n)] for j in range(n)]


def volume_weighted(g: Matrix) -> Matrix:
    """Return sum_S det^2 D_S' (L_S L_S')^-1 D_S / sum_S det^2, det = det L_S."""
    k, m = len(g), len(g[0])
    total, weights = [[Fraction(0)] * k for _ in range(k)], Fraction(0)
    for subset in itertools.combinations(range(k), m + 1):
        rows = differences(g, subset)
        minors = adjugate(rows)
        weights += product(rows, minors)[0][0] ** 2
        columns = transposed([[-sum(row, Fraction(0)), *row] for row in minors])
        for i, p in zip(subset, columns, strict=True):
            for j, q in zip(subset, columns, strict=True):
                total[i][j] += sum((x * y for x, y in zip(p, q, strict=True)), Fraction(0))
    require(weights > 0, "the unembeddings lie in a hyperplane, so that no subset of labels has a volume")
    return scaled(total, 1 / weights)


@dataclass(frozen=True)
class Problem:
    """What a certificate is about: arrays (rows of labels, or of inputs for T9), probe for T8, grid for T2."""

    theorem: str
    claim: str
    first: Matrix
    second: Matrix
    probe: Vector | None = None
    grid: Fraction | None = None


@dataclass(frozen=True)
class Forms:
    """Quadratic forms in z with low <= Q_left <= high; low = high unless entries were rounded."""

    low: Matrix
    high: Matrix
    logit: Matrix


def forms(problem: Problem) -> Forms:
    """Derive the quadratic forms from the arrays."""
    theorem, first, second = problem.theorem, problem.first, problem.second
    if theorem != "T9":
        first, second = centred(first), centred(second)
    difference = [p + [-x for x in q] for p, q in zip(first, second, strict=True)]  # T
    gram = product(transposed(difference), difference)
    logit = scaled(gram, Fraction(1, len(first) if theorem == "T9" else 1))
    if theorem == "T4":
        return Forms(logit, logit, logit)
    if theorem == "T2":
        if problem.grid is None:
            raise Invalid("grid: T2 needs one")
        middle, slack = mean_over_subsets(problem.first, problem.grid), len(first) * problem.grid
        left = product(transposed(difference), product(middle, difference))
        return Forms(combined(left, gram, -slack), combined(left, gram, slack), logit)
    if theorem == "T10":
        left = product(transposed(difference), product(volume_weighted(problem.first), difference))
        return Forms(left, left, logit)
    if (theorem, problem.claim) == ("T8", "untransported_probe"):
        residual = [[*read(problem), *(-x for x in read(problem))]]  # w.f - w.f'
    else:
        residual = product(pseudo_inverse(first), difference)  # f - A* f', or g - B g'
        if theorem == "T8":
            residual = product([read(problem)], residual)
    left = product(transposed(residual), residual)
    return Forms(left, left, logit)


def read(problem: Problem) -> Vector:
    """Return the probe."""
    if problem.probe is None:
        raise Invalid("probe: T8 needs one")
    return problem.probe


# ------------------------------------------------------------------------------------- false claims


def over_smallest(matrices: Iterator[Matrix], factor: Fraction, constant: Fraction) -> bool:
    """Whether factor / s_min(L)^2 <= constant for every L: constant L' L - factor 1 is positive semidefinite.

    Of no matrix at all there is no smallest singular value, and nothing is shown.
    """
    found = [
        ldl(combined(scaled(product(transposed(a), a), constant), identity(len(a[0])), -factor)) is not None
        for a in matrices
    ]
    return bool(found) and all(found)


def pivoted(a: Matrix) -> Iterator[Matrix]:
    """Yield L_J for every set of m + 1 labels and every pivot in it."""
    for subset in itertools.combinations(range(len(a)), len(a[0]) + 1):
        for pivot in subset:
            yield differences(a, (pivot, *(j for j in subset if j != pivot)))


def probe_norm(problem: Problem) -> Fraction:
    """Return ||P' w||^2."""
    return trace_of_gram(product([read(problem)], pseudo_inverse(centred(problem.first))))


# For each false claim: a formula, and whether its constant is certainly at most C on these arrays (k x m the first).
# s_max(A)^2 is at least ||A||_F^2 / m.
FalseClaim = tuple[str, Callable[[Problem, int, int, Fraction], bool]]
FALSE: dict[tuple[str, str], FalseClaim] = {
    ("T2", "constant_without_kappa"): (
        "m/(k-1) / min_J s_min(L_J)^2",
        lambda p, k, m, c: over_smallest(pivoted(p.first), Fraction(m, k - 1), c),
    ),
    ("T2", "whole_unembeddings"): (
        "2m/(k-1) / s_min(Gc)^2 (k > m + 1)",
        lambda p, k, m, c: k > m + 1 and over_smallest(iter([centred(p.first)]), Fraction(2 * m, k - 1), c),
    ),
    ("T2", "other_model"): (
        "2m/(k-1) / min_J s_min(L'_J)^2",
        lambda p, k, m, c: over_smallest(pivoted(p.second), Fraction(2 * m, k - 1), c),
    ),
    ("T3", "largest_singular_value"): (
        "1 / s_max(Gc)^2 (m >= 2)",
        lambda p, k, m, c: m >= 2 and m <= c * trace_of_gram(centred(p.first)),
    ),
    ("T3", "uncentred_unembeddings"): (
        "1 / s_min(G)^2",
        lambda p, k, m, c: over_smallest(iter([p.first]), Fraction(1), c),
    ),
    ("T3", "other_model"): (
        "1 / s_min(G'c)^2",
        lambda p, k, m, c: over_smallest(iter([centred(p.second)]), Fraction(1), c),
    ),
    ("T3", "five_percent_less"): (
        "19/20 / s_min(Gc)^2 (m >= 2)",
        lambda p, k, m, c: m >= 2 and over_smallest(iter([centred(p.first)]), Fraction(19, 20), c),
    ),
    ("T8", "untransported_probe"): ("||P' w||^2 for w' = w", lambda p, k, m, c: probe_norm(p) <= c),
    ("T8", "largest_singular_value"): (
        "||w||^2 / s_max(Gc)^2 (m >= 2)",
        lambda p, k, m, c: m >= 2 and m * trace_of_gram([read(p)]) <= c * trace_of_gram(centred(p.first)),
    ),
    ("T8", "five_percent_less"): ("19/20 ||P' w||^2", lambda p, k, m, c: Fraction(19, 20) * probe_norm(p) <= c),
    ("T9", "largest_eigenvalue"): (
        "1 / lambda_max(E f f') (m >= 2)",
        lambda p, k, m, c: m >= 2 and m * k <= c * trace_of_gram(p.first),
    ),
    ("T9", "other_model"): (
        "1 / lambda_min(E f' f'')",
        lambda p, k, m, c: over_smallest(iter([p.second]), Fraction(k), c),
    ),
    ("T10", "spectral_norm"): (
        "1 / s_min(Gc)^2 (m >= 2)",
        lambda p, k, m, c: m >= 2 and over_smallest(iter([centred(p.first)]), Fraction(1), c),
    ),
    ("T10", "one_percent_less"): (
        "99/100 ||P||_F^2 (m >= 2)",
        lambda p, k, m, c: m >= 2 and Fraction(99, 100) * trace_of_gram(pseudo_inverse(centred(p.first))) <= c,
    ),
}
# For each theorem: its left side, and the statement of the catalogue whose best constant is certified.
TRUE = {
    "T2": ("mean over S of E||f - A_S f'||^2", "sharp_for_given_unembeddings"),
    "T3": ("E||f - A* f'||^2", "upper_bound"),
    "T4": ("min over B of E||u - B u'||^2", "weighted_loss"),
    "T8": ("E(w.f - w'.f')^2", "squared_error"),
    "T9": ("sum over y of ||gc(y) - B g'c(y)||^2", "all_labels"),
    "T10": ("sum_S E||det(L_S) f - adj(L_S) L'_S f'||^2 / sum_S det(L_S)^2", "upper_bound"),
}


def statement(problem: Problem, constant: Fraction, ratio: Fraction) -> str:
    """Return what a certificate says, in words: of a theorem's statement or of a false claim."""
    left = TRUE[problem.theorem][0]
    given, free = "unembeddings G, G'", "embeddings"
    if problem.theorem == "T9":
        given, free = "embeddings F, F'", "unembeddings"
    about = f"C = {constant} (about {float(constant):.9g})"
    if problem.claim == TRUE[problem.theorem][1]:
        return (
            f"For these {given} and all {free}: {left} <= C d_logit^2 with {about}, and no constant below c = {ratio} "
            "will do."
        )
    if problem.claim == "untransported_probe":
        left = left.replace("w'", "w")
    return (
        f"For these arrays the constant {FALSE[problem.theorem, problem.claim][0]} is at most {about}, and a pair of "
        f"models has {left} = c d_logit^2 with c = {ratio} > C."
    )


# ------------------------------------------------------------------------------------- reading


def parsed(text: str) -> dict[str, Any]:
    """Parse JSON without numbers, repeated keys or depth."""
    if len(text) > LARGEST_FILE:
        raise Unreadable(f"more than {LARGEST_FILE} characters")

    def number(found: str) -> Any:
        raise Unreadable(f"a bare number ({found[:20]}): rationals are strings")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise Unreadable("a key stands twice")
        return dict(pairs)

    try:
        found = json.loads(text, parse_int=number, parse_float=number, parse_constant=number, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {str(error)[:80]}") from None
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return found


def address_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of everything but the address."""
    rest = {key: item for key, item in content.items() if key != "address"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def rational(name: str, text: Any, digits: int = OTHER_DIGITS) -> Fraction:
    """Read "p" or "p/q" in lowest terms."""
    require(isinstance(text, str), f"{name}: expected a rational as a string")
    match = _RATIONAL.fullmatch(text) if len(text) <= 2 * digits + 2 else None
    if match is None or any(len(part.lstrip("-")) > digits for part in text.split("/")):
        raise Invalid(f"{name}: expected p or p/q of at most {digits} digits, saw {text[:40]!r}")
    found = Fraction(text)
    require(str(found) == text, f"{name}: not in lowest terms: {text[:40]!r}")
    return found


def vector(name: str, items: Any, length: int, digits: int = OTHER_DIGITS) -> Vector:
    """Read a list of rationals of a given length."""
    require(isinstance(items, list) and len(items) == length, f"{name}: expected a list of {length}")
    return [rational(name, item, digits) for item in items]


def matrix(name: str, rows: Any) -> Matrix:
    """Read one of the arrays."""
    shaped = isinstance(rows, list) and 2 <= len(rows) <= MOST_ROWS and isinstance(rows[0], list)
    require(shaped, f"{name}: expected 2 to {MOST_ROWS} rows")
    require(1 <= len(rows[0]) <= MOST_COLUMNS, f"{name}: expected 1 to {MOST_COLUMNS} columns")
    return [vector(name, row, len(rows[0]), ENTRY_DIGITS) for row in rows]


def problem_of(content: dict[str, Any]) -> Problem:
    """Read what a certificate is about."""
    theorem, claim, kind = content.get("theorem"), content.get("claim"), content.get("kind")
    require(content.get("schema") == SCHEMA, f"schema: expected {SCHEMA}")
    require(isinstance(theorem, str) and theorem in TRUE, f"theorem: expected one of {', '.join(TRUE)}")
    require(kind in ("bound", "counterexample"), "kind: expected bound or counterexample")
    theorem = str(theorem)
    if kind == "bound":
        require(claim == TRUE[theorem][1], f"claim: expected {TRUE[theorem][1]}")
    else:
        require(isinstance(claim, str) and (theorem, claim) in FALSE, f"claim: no such false claim of {theorem}")
    expected = {"schema", "kind", "theorem", "claim", "statement", "first", "second", "constant", "witness", "ratio"}
    expected |= {"address"} | ({"L", "D"} if kind == "bound" else set())
    expected |= {"T8": {"probe"}, "T2": {"grid"}}.get(theorem, set())
    odd = sorted(expected ^ content.keys())
    require(not odd, f"keys: {', '.join(odd)[:80]} missing or not expected")
    first, second = matrix("first", content["first"]), matrix("second", content["second"])
    require(len(first) == len(second), "second: expected as many rows as in first")
    m, few = len(first[0]), theorem in ("T2", "T10")
    require(len(first) > m or theorem == "T9", "first: expected more labels than dimensions")
    widest = max(math.comb(len(first), columns + 1) for columns in (m, len(second[0])))
    require(not few or widest <= MOST_SUBSETS, f"first: more than {MOST_SUBSETS} subsets of labels")
    probe = vector("probe", content["probe"], m, ENTRY_DIGITS) if "probe" in content else None
    grid = rational("grid", content["grid"], 60) if "grid" in content else None
    require(grid is None or grid > 0, "grid: expected a positive number")
    require(claim != "untransported_probe" or m == len(second[0]), "second: expected as many columns as in first")
    return Problem(theorem, str(claim), first, second, probe, grid)


# ------------------------------------------------------------------------------------- the checks


def check(content: dict[str, Any]) -> str:
    """Check a certificate and return what it establishes; raises `Invalid` otherwise."""
    require(content.get("address") == address_of(content), "address: not the SHA-256 of the content")
    problem = problem_of(content)
    size = len(problem.first[0]) + len(problem.second[0])
    constant, ratio = rational("constant", content["constant"]), rational("ratio", content["ratio"])
    require(constant > 0, "constant: expected a positive number")
    witness = vector("witness", content["witness"], size)
    found = forms(problem)

    if content["kind"] == "bound":
        check_factors(content, combined(scaled(found.logit, constant), found.high, Fraction(-1)))
        require(ratio >= (1 - TIGHTNESS) * constant, "ratio: not within 1e-6 of the constant")
        require(ratio <= constant, "ratio: above the constant")
    else:
        holds = FALSE[problem.theorem, problem.claim][1](problem, len(problem.first), len(problem.first[0]), constant)
        require(holds, "constant: the false claim's constant is not shown to be at most this")
        require(ratio > constant, "ratio: not above the constant")

    if problem.theorem == "T4":  # where u' = 0 every B gives the same, so that the minimum is d_logit^2
        student = product(centred(problem.second), transposed([witness[len(problem.first[0]) :]]))
        require(all(row[0] == 0 for row in student), "witness: T4 needs one on which the second model's logits vanish")
    distance = value(found.logit, witness)
    require(distance > 0, "witness: its logit distance is zero")
    require(value(found.low, witness) == ratio * distance, "ratio: not what the witness attains")
    try:
        words = statement(problem, constant, ratio)
    except OverflowError:
        raise Invalid("constant: beyond the range of floating point") from None
    require(content["statement"] == words, "statement: not what is proved")
    return words


def check_factors(content: dict[str, Any], form: Matrix) -> None:
    """Check L D L' = form, L unit lower triangular (given without its diagonal), D >= 0."""
    n = len(form)
    require(isinstance(content["L"], list) and len(content["L"]) == n, f"L: expected {n} rows")
    rows = [vector("L", row, i) for i, row in enumerate(content["L"])]
    diagonal = vector("D", content["D"], n)
    require(all(d >= 0 for d in diagonal), "D: a negative entry")
    lower = [row + one[i:] for i, (row, one) in enumerate(zip(rows, identity(n), strict=True))]
    idle = any(lower[i][j] != 0 for j in range(n) if diagonal[j] == 0 for i in range(j + 1, n))
    require(not idle, "L: expected zeros below a pivot that is zero")
    scaled_rows = [[x * d for x, d in zip(row, diagonal, strict=True)] for row in lower]
    require(product(scaled_rows, transposed(lower)) == form, "L, D: L D L' is not C Q_logit - Q_left")


def verify(text: str) -> CertificateVerdict:
    """Check the text of a certificate."""
    try:
        return CertificateVerdict("valid", check(parsed(text)))
    except Invalid as reason:
        return CertificateVerdict("invalid", str(reason))
    except Unreadable as reason:
        return CertificateVerdict("unreadable", str(reason))


def verify_file(name: str) -> CertificateVerdict:
    """Check a file; if it is named by an address, it must be its own."""
    try:
        with open(name, encoding="utf-8") as stream:
            text = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        return CertificateVerdict("unreadable", str(error))
    verdict = verify(text)
    stem = re.fullmatch(r"(?:.*[/\\])?([0-9a-f]{64})\.json", name, re.DOTALL)
    if verdict.status == "valid" and stem and stem[1] != json.loads(text)["address"]:
        return CertificateVerdict("invalid", "address: the file is named by another one")
    return verdict


def main(arguments: list[str]) -> int:
    """Check one file and print the verdict."""
    if len(arguments) != 1:
        print("usage: python verifier.py FILE", file=sys.stderr)
        return 2
    verdict = verify_file(arguments[0])
    print(f"{verdict.status}: {verdict.reason}")
    return verdict.exit_status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
