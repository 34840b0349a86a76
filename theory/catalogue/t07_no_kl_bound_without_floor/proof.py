r"""Proofs of T7: three families in closed form, by exact algebra, and their limits.

The pentagon lives in Q(sqrt 5): with the second coordinate in units of sin(2 pi/5), whose square lies in that field, every
point and inner product does too. The radius r drops out of alignments, since both label matrices carry it.
"""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Identity
from theory.proofs.psd import Consequence
from theory.proofs.scalar import Range, Scalar, Signs
from theory.proofs.steps import Proof, Step

_THEOREM = "T7"

r, t, h = sp.symbols("r t h", positive=True)
a, b, c, x = sp.symbols("a b c x", real=True)

_ROOT = sp.sqrt(5)
_NEAR, _FAR = (_ROOT - 1) / 4, -(_ROOT + 1) / 4  # cos(2 pi/5) and cos(4 pi/5): c1 and c2
_UNIT = (5 + _ROOT) / 8  # sin^2(2 pi/5)
_RATIO = (_ROOT - 1) / 2  # sin(4 pi/5)/sin(2 pi/5)
_COSINES = (sp.Integer(1), _NEAR, _FAR, _FAR, _NEAR)
_SINES = (sp.Integer(0), sp.Integer(1), _RATIO, -_RATIO, sp.Integer(-1))

_FIVE, _FOUR = "k = n = 5, m = 2, every r", "k = n = 4, m = 2, every r"


def _pentagon(turn: int) -> sp.Matrix:
    """Points of the pentagon in the coordinates of this file; doubled angles for turn 2."""
    return sp.ImmutableMatrix([[_COSINES[turn * j % 5], _SINES[turn * j % 5]] for j in range(5)])


def _weights() -> sp.Matrix:
    """The inner product in these coordinates."""
    return sp.diag(1, _UNIT)


_SQUARE = sp.ImmutableMatrix([[1, 0], [0, 1], [-1, 0], [0, -1]])
_SWAPPED = sp.ImmutableMatrix([[0, 1], [1, 0], [-1, 0], [0, -1]])


def _tidy(matrix: sp.Matrix) -> sp.Matrix:
    return matrix.applyfunc(lambda entry: sp.radsimp(sp.expand(entry)))


def _error(first: sp.Matrix, second: sp.Matrix, subset: tuple[int, ...], inner: sp.Matrix) -> tuple[sp.Expr, sp.Expr]:
    """E||f - A_S f'||^2 for models whose labels are proportional to their embeddings, and det(L_S)^2."""
    pivot, *others = subset
    rows, other_rows = (
        sp.ImmutableMatrix([list(points[j, :] - points[pivot, :]) for j in others]) for points in (first, second)
    )
    metric = _tidy(rows * inner)  # L acts on f through the inner product
    alignment = _tidy(metric.adjugate() * _tidy(other_rows * inner) / sp.radsimp(sp.expand(metric.det())))
    moved = _tidy(first.T - alignment * second.T)
    gaps = _tidy(moved.T * inner * moved)
    volume = sp.radsimp(sp.expand(rows.det() ** 2 * inner.det()))
    return sp.radsimp(sp.expand(gaps.trace() / first.rows)), volume


def _errors(first: sp.Matrix, second: sp.Matrix, inner: sp.Matrix) -> list[tuple[sp.Expr, sp.Expr]]:
    return [_error(first, second, subset, inner) for subset in combinations(range(first.rows), 3)]


def _d_rep(first: sp.Matrix, second: sp.Matrix, inner: sp.Matrix) -> sp.Expr:
    found = _errors(first, second, inner)
    return sp.radsimp(sp.expand(sum(error for error, _ in found) / len(found)))


def _d_vol(first: sp.Matrix, second: sp.Matrix, inner: sp.Matrix) -> sp.Expr:
    found = _errors(first, second, inner)
    return sp.radsimp(sp.expand(sum(e * volume for e, volume in found)) / sp.expand(sum(volume for _, volume in found)))


def _divergence(first: sp.Matrix, second: sp.Matrix) -> sp.Expr:
    """KL, averaged over inputs, from the logits of both models: the partitions must agree."""
    total = sp.Integer(0)
    for i in range(first.rows):
        here = [sp.exp(value) for value in first[i, :]]
        total += sum(p * (first[i, j] - second[i, j]) for j, p in enumerate(here)) / sum(here)
    return total / first.rows


# --------------------------------------------------------------------------- pentagon


def _coordinates() -> Step:
    angles = [2 * sp.pi * j / 5 for j in range(5)]
    exact = sp.ImmutableMatrix([[sp.cos(angle), sp.sin(angle) / sp.sin(2 * sp.pi / 5)] for angle in angles])
    return Step(
        "coordinates",
        r"\cos\tfrac{2\pi j}5,\ \sin\tfrac{2\pi j}5 / \sin\tfrac{2\pi}5 \in \mathbb Q(\sqrt5),\ "
        r"\sin^2\tfrac{2\pi}5 = \tfrac{5 + \sqrt5}8",
        Identity(sp.ImmutableMatrix([*_pentagon(1), _UNIT]), sp.ImmutableMatrix([*exact, sp.sin(2 * sp.pi / 5) ** 2])),
        covers=_FIVE,
    )


def _logits() -> Step:
    claimed = [sp.ImmutableMatrix(5, 5, lambda i, j, turn=turn: _COSINES[turn * (i - j) % 5]) for turn in (1, 2)]
    found = [_tidy(_pentagon(turn) * _weights() * _pentagon(turn).T) for turn in (1, 2)]
    return Step(
        "logits",
        r"u_{ij} = r \cos\tfrac{2\pi(i - j)}5,\ u'_{ij} = r \cos\tfrac{4\pi(i - j)}5",
        Identity(sp.ImmutableMatrix([*found[0], *found[1]]), sp.ImmutableMatrix([*claimed[0], *claimed[1]])),
        uses=("coordinates",),
        covers=_FIVE,
        remark="Each row is a permutation of r (1, c1, c1, c2, c2) and sums to zero; 1 is the largest in both models.",
    )


_PARTITION = sp.exp(r) + 2 * sp.exp(_NEAR * r) + 2 * sp.exp(_FAR * r)
_PENTAGON_KL = _ROOT * r * (sp.exp(_NEAR * r) - sp.exp(_FAR * r)) / _PARTITION


def _decays() -> Step:
    value, slow, fast = sp.symbols("KL y q", nonnegative=True)
    rounded = sp.Rational(56, 25)
    return Step(
        "conclusion",
        r"\tfrac{56}{25}\, r\, y - \mathrm{KL} = (\sqrt5\, r\, q - \mathrm{KL}) + r q (\tfrac{56}{25} - \sqrt5)"
        r" + \tfrac{56}{25}\, r\, (y - q),\quad q = e^{-(1 - c_1) r},\ y = e^{-0.69 r}",
        Consequence(
            rounded * r * slow - value,
            ((1, _ROOT * r * fast - value), (r * fast, rounded - _ROOT), (rounded * r, slow - fast)),
        ),
        uses=("upper bound", "the constant", "the exponent"),
        covers=_FIVE,
    )


def _pentagon_kl() -> Proof:
    row = sum(sp.exp(r * u) * r * (u - w) for u, w in zip(_COSINES, (1, _FAR, _NEAR, _NEAR, _FAR), strict=True))
    return Proof(
        _THEOREM,
        "pentagon_kl",
        r"\mathrm{KL} = \frac{\sqrt5\, r (e^{r c_1} - e^{r c_2})}{e^r + 2 e^{r c_1} + 2 e^{r c_2}}"
        r" \le \sqrt5\, r\, e^{-(1 - c_1) r} < 2.24\, r\, e^{-0.69 r}",
        (
            _coordinates(),
            _logits(),
            Step(
                "closed form",
                r"\mathrm{KL} = \sum_j p_j (u_j - u'_j)"
                r" = \frac{\sqrt5\, r (e^{r c_1} - e^{r c_2})}{e^r + 2 e^{r c_1} + 2 e^{r c_2}}",
                Identity(row / _PARTITION, _PENTAGON_KL),
                uses=("logits",),
                covers=_FIVE,
                remark="Rows of both models have the same entries, hence one partition, and it is the same for each input.",
            ),
            Step(
                "upper bound",
                r"\frac{b - c}{a + 2b + 2c} \le \frac ba,\ a, b, c > 0",
                Scalar(b / a, (b - c) / (a + 2 * b + 2 * c), (Range(a, 0), Range(b, 0), Range(c, 0)), Signs()),
                uses=("closed form",),
                covers=_FIVE,
                remark="With a = e^r, b = e^{r c1}, c = e^{r c2}.",
            ),
            Step(
                "the constant",
                r"2.24 \ge \sqrt5",
                Scalar(sp.Rational(56, 25), _ROOT, (), Signs()),
                uses=("upper bound",),
                covers=_FIVE,
            ),
            Step(
                "the exponent",
                r"1 - c_1 = \tfrac{5 - \sqrt5}4 \ge 0.69",
                Scalar(1 - _NEAR, sp.Rational(69, 100), (), Signs()),
                uses=("the constant",),
                covers=_FIVE,
            ),
            Step(
                "limit",
                r"\lim_{r \to \infty} \sqrt5\, r\, e^{-(1 - c_1) r} = 0",
                Limit(_ROOT * r * sp.exp(-(1 - _NEAR) * r), r, sp.oo, sp.Integer(0)),
                uses=("upper bound",),
                covers=_FIVE,
            ),
            _decays(),
        ),
    )


def _pentagon_distance() -> Proof:
    gaps = [(u - w) ** 2 for u, w in zip(_COSINES, (1, _FAR, _NEAR, _NEAR, _FAR), strict=True)]
    return Proof(
        _THEOREM,
        "pentagon_distance",
        r"d_\mathrm{logit}^2 = 5 r^2 \ge 4.99\, r^2",
        (
            _coordinates(),
            _logits(),
            Step(
                "distance",
                r"\|\Delta\|^2 = 4 (c_1 - c_2)^2 r^2 = 5 r^2",
                Value(lambda: r**2 * sum(gaps), 5 * r**2),
                uses=("logits",),
                covers=_FIVE,
            ),
            Step(
                "rounded",
                r"5 r^2 \ge 4.99\, r^2",
                Scalar(5 * x**2, sp.Rational(499, 100) * x**2, (Range(x, 0),), Signs()),
                uses=("distance",),
                covers=_FIVE,
            ),
        ),
    )


def _uncorrelated() -> Step:
    return Step(
        "no correlation",
        r"\sum_i f_i f_i'^\top = 0",
        Identity(lambda: _tidy(_pentagon(1).T * _pentagon(2)), sp.ImmutableMatrix(sp.zeros(2, 2))),
        uses=("coordinates",),
        covers=_FIVE,
        remark="So every canonical correlation is zero, centred or not: f and f' have mean zero.",
    )


def _pentagon_correlations() -> Proof:
    return Proof(
        _THEOREM,
        "pentagon_correlations",
        r"m_\mathrm{CCA} = 0",
        (
            _coordinates(),
            _uncorrelated(),
            Step(
                "rounded",
                r"1 \ge 0.999",
                Scalar(sp.Integer(1), sp.Rational(999, 1000), (), Signs()),
                uses=("no correlation",),
                covers=_FIVE,
                remark="1 - m_CCA is one exactly.",
            ),
        ),
    )


def _pentagon_d_rep() -> Proof:
    return Proof(
        _THEOREM,
        "pentagon_d_rep",
        r"d_\mathrm{rep}^2 = \tfrac72 \ge 3.499",
        (
            _coordinates(),
            Step(
                "all ten subsets",
                r"\tfrac1{10} \sum_S E \|f - A_S f'\|^2 = \tfrac72",
                Value(lambda: _d_rep(_pentagon(1), _pentagon(2), _weights()), sp.Rational(7, 2)),
                uses=("coordinates",),
                covers=_FIVE,
            ),
            Step(
                "rounded",
                r"\tfrac72 \ge 3.499",
                Scalar(sp.Rational(7, 2), sp.Rational(3499, 1000), (), Signs()),
                uses=("all ten subsets",),
                covers=_FIVE,
            ),
        ),
    )


def _pentagon_alignment() -> Proof:
    norm = (_pentagon(1) * _weights() * _pentagon(1).T).trace() / 5
    return Proof(
        _THEOREM,
        "pentagon_d_rep: least squares and volume",
        r"A^* = 0,\ E \|f - A^* f'\|^2 = 1,\ d_\mathrm{vol}^2 = 3",
        (
            _coordinates(),
            _uncorrelated(),
            Step(
                "least squares",
                r"A^* = (G^\top G)^{-1} G^\top G' = 0,\ E \|f - A^* f'\|^2 = E \|f\|^2 = 1",
                Value(lambda: norm, sp.Integer(1)),
                uses=("no correlation",),
                covers=_FIVE,
                remark="G = r F and G' = r F' are centred.",
            ),
            Step(
                "volume",
                r"d_\mathrm{vol}^2 = \frac{\sum_S \det(L_S)^2 E \|f - A_S f'\|^2}{\sum_S \det(L_S)^2} = 3",
                Value(lambda: _d_vol(_pentagon(1), _pentagon(2), _weights()), sp.Integer(3)),
                uses=("coordinates",),
                covers=_FIVE,
            ),
        ),
    )


# --------------------------------------------------------------------------- square and smallest


def _square_logits() -> tuple[sp.Matrix, sp.Matrix]:
    return r * _SQUARE * _SQUARE.T, r * _SWAPPED * _SWAPPED.T


def _square_kl() -> Proof:
    decaying = r * sp.exp(-r) * (1 - sp.exp(-r)) / (1 + sp.exp(-r)) ** 2
    return Proof(
        _THEOREM,
        "square_kl",
        r"\mathrm{KL} = r\,(t - 1)/(t + 1)^2,\ t = e^r",
        (
            Step(
                "partitions",
                r"\sum_j e^{u_{ij}} = \sum_j e^{u'_{ij}} = t + 2 + t^{-1}",
                Identity(
                    sp.ImmutableMatrix([sum(sp.exp(v) for v in u[i, :]) for u in _square_logits() for i in range(4)]),
                    sp.ImmutableMatrix([sp.exp(r) + 2 + sp.exp(-r)] * 8),
                ),
                covers=_FOUR,
            ),
            Step(
                "closed form",
                r"\mathrm{KL} = \tfrac14 \sum_{i, j} p_{ij} (u_{ij} - u'_{ij}) = \frac{r (t - 1)}{(t + 1)^2}",
                Identity(lambda: _divergence(*_square_logits()).subs(r, sp.log(t)), sp.log(t) * (t - 1) / (t + 1) ** 2),
                uses=("partitions",),
                covers=_FOUR,
            ),
            Step(
                "limit",
                r"\lim_{r \to \infty} \mathrm{KL} = 0",
                Limit(decaying, r, sp.oo, sp.Integer(0)),
                uses=("closed form",),
                covers=_FOUR,
            ),
        ),
    )


def _square_distance() -> Proof:
    first, second = _square_logits()
    return Proof(
        _THEOREM,
        "square_distance",
        r"d_\mathrm{logit}^2 = 2 r^2",
        (
            Step(
                "distance",
                r"\tfrac14 \|U - U'\|_F^2 = 2 r^2",
                Value(lambda: sum(gap**2 for gap in first - second) / 4, 2 * r**2),
                covers=_FOUR,
                remark="Every row sums to zero.",
            ),
        ),
    )


def _square_d_rep() -> Proof:
    overlap = _SQUARE.T * _SWAPPED / 2
    return Proof(
        _THEOREM,
        "square_d_rep",
        r"d_\mathrm{rep}^2 = \tfrac32",
        (
            Step(
                "whitened",
                r"F^\top F = F'^\top F' = 2 I",
                Identity(
                    sp.ImmutableMatrix([*(_SQUARE.T * _SQUARE), *(_SWAPPED.T * _SWAPPED)]),
                    sp.ImmutableMatrix([*(2 * sp.eye(2))] * 2),
                ),
                covers=_FOUR,
            ),
            Step(
                "correlations",
                r"R = \tfrac12 F^\top F',\ \operatorname{tr} R R^\top = 1,\ \det R = 0: \rho = (1, 0)",
                Identity(
                    sp.ImmutableMatrix([(overlap * overlap.T).trace(), overlap.det()]),
                    sp.ImmutableMatrix([sp.Integer(1), sp.Integer(0)]),
                ),
                uses=("whitened",),
                covers=_FOUR,
            ),
            Step(
                "all four subsets",
                r"\tfrac14 \sum_S E \|f - A_S f'\|^2 = \tfrac32",
                Value(lambda: _d_rep(_SQUARE, _SWAPPED, sp.eye(2)), sp.Rational(3, 2)),
                covers=_FOUR,
            ),
        ),
    )


def _smallest_kl() -> Proof:
    def sigma(value: sp.Expr) -> sp.Expr:
        return 1 / (1 + sp.exp(-value))

    ratio = 1 + h  # c > 1
    pairs = [(r, ratio * r), (ratio * r, r), (-r, -ratio * r), (-ratio * r, -r)]
    means = [sp.Rational(1, 4) * sigma(u) * (u - w) for u, w in pairs]
    products = [sum(u * w for u, w in pairs), sum(u * u for u, _ in pairs)]
    partition = sp.Function("A")
    remainder = sum(partition(w) - partition(u) for u, w in pairs[:2])
    shifts = sum(sp.log(1 + sp.exp(-w)) - sp.log(1 + sp.exp(-u)) for u, w in pairs[2:])
    covers = "k = 2, m = 1, n = 4, every r and c > 1"
    return Proof(
        _THEOREM,
        "smallest_kl",
        r"\mathrm{KL} = \tfrac{c - 1}2\, r\, (\sigma(cr) - \sigma(r))",
        (
            Step(
                "log-partitions cancel",
                r"\sum_i A(u'_i) - A(u_i) = 0,\ A(u) = \log(1 + e^u)",
                Identity(remainder + sp.simplify(shifts), sp.Integer(0)),
                covers=covers,
                remark="In each couple of inputs both models exchange their logits.",
            ),
            Step(
                "closed form",
                r"\mathrm{KL} = \tfrac14 \sum_i \sigma(u_i)(u_i - u'_i) = \tfrac{c - 1}2\, r\, (\sigma(cr) - \sigma(r))",
                Identity(sum(means), h / 2 * r * (sigma(ratio * r) - sigma(r))),
                uses=("log-partitions cancel",),
                covers=covers,
                remark="u = u_1 - u_0 is the logit of label 1.",
            ),
            Step(
                "limit",
                r"\lim_{r \to \infty} \mathrm{KL} \le \lim_{r \to \infty} \tfrac{c - 1}2\, r\, e^{-r} = 0",
                Limit(h / 2 * r * sp.exp(-r), r, sp.oo, sp.Integer(0), sample={h: sp.Integer(2)}),
                uses=("closed form",),
                covers=covers,
                remark="sigma(cr) - sigma(r) <= 1 - sigma(r) <= e^{-r}.",
            ),
            Step(
                "correlation",
                r"\rho = \frac{2c}{1 + c^2} \text{ for every } r",
                Value(lambda: products[0] / products[1], 2 * ratio / (1 + ratio**2)),
                covers=covers,
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the closed forms of the three families."""
    return (
        _pentagon_kl(),
        _pentagon_distance(),
        _pentagon_correlations(),
        _pentagon_d_rep(),
        _pentagon_alignment(),
        _square_kl(),
        _square_distance(),
        _square_d_rep(),
        _smallest_kl(),
    )


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins: that KL along a family stays above a share of what it bounds."""
    divergence = r * sp.exp(-r) * (1 - sp.exp(-r)) / (1 + sp.exp(-r)) ** 2
    attempts = (
        ("squared_distance", r"d_\mathrm{logit}^2 \le 10^6\, \mathrm{KL}", 2 * r**2, 10**6),
        ("canonical_correlations", r"1 - m_\mathrm{CCA} \le 100\, \mathrm{KL}", sp.Rational(1, 2), 100),
        ("alignment", r"E \|f - A^* f'\|^2 \le 100\, \mathrm{KL}", sp.Rational(1, 2), 100),
        ("volume_dissimilarity", r"d_\mathrm{vol}^2 \le 1000\, \mathrm{KL}", sp.Integer(1), 1000),
    )
    return tuple(
        Proof(
            _THEOREM,
            name,
            claim,
            (
                Step(
                    "along the square",
                    rf"\lim_{{r \to \infty}} \mathrm{{KL}} / (\ldots) = 1/{factor}",
                    Limit(divergence / bounded, r, sp.oo, sp.Rational(1, factor)),
                    covers=_FOUR,
                ),
            ),
        )
        for name, claim, bounded, factor in attempts
    )
