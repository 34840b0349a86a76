r"""T10: volume sampling, for all numbers of labels and dimensions.

W = (1 | G) has a column of ones beside the unembeddings, K = W^T W. A function y of the labels is fitted exactly on a
subset S of m + 1 labels by x = W_S^{-1} y_S, and by least squares on all by c, with the rest r = y - W c. Replacing
column i of W by y, written W_i, turns both into determinants (Cramer), whose products Cauchy and Binet sum over S.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import sympy as sp

from theory.proofs.extremal import Value
from theory.proofs.identity import (
    Algebra,
    Expression,
    Identity,
    WordIdentity,
    letters,
    transpose,
)
from theory.proofs.lemma import Lemma, cauchy_binet
from theory.proofs.psd import Consequence, SumOfSquares
from theory.proofs.steps import Proof, Step

_k, _m, _n = sp.symbols("k m n", positive=True)
_xi, _rho, _kappa = sp.symbols("x_i rho kappa_i", real=True)  # coefficient i, |r|^2, entry (i, i) of K^-1
_ci = sp.Symbol("c_i", real=True, nonzero=True)

W, W_S, K, K_inverse, x, c, e, r, y = letters("W W_S K K^-1 x c e r y")
G, P, Q, beta, delta, one, mean, intercept, slopes = letters("G P Q beta D 1 mu e_0 E")
G_other, f, f_other = letters("G' f f'")


_SUBSET = Algebra({W_S: (_n, _n), x: (_n, 1), e: (_n, 1)}, rules=((transpose(e) * x, _xi), (transpose(e) * e, 1)))
_WHOLE = Algebra(
    {W: (_k, _n), c: (_n, 1), e: (_n, 1), r: (_k, 1), K: (_n, _n), K_inverse: (_n, _n)},
    rules=(
        (transpose(W) * r, 0),
        (transpose(r) * r, _rho),
        (transpose(e) * e, 1),
        (transpose(e) * c, _ci),
        (K * K_inverse, 1),
        (transpose(e) * K_inverse * e, _kappa),
    ),
    symmetric=(K, K_inverse),
)
# Gc = G - 1 mu^T, whose columns have sum zero; Q = (Gc^T Gc)^-1, pinv(Gc) = Q Gc^T. E and e_0 pick slopes and intercept.
_CENTRED = Algebra(
    {
        G: (_k, _m), Q: (_m, _m), beta: (_m, 1), r: (_k, 1), delta: (_k, 1), one: (_k, 1), mean: (_m, 1),
        intercept: (_n, 1), slopes: (_n, _m),
    },
    rules=(
        (Q * transpose(G) * G, 1),
        (transpose(G) * r, 0),
        (transpose(one) * one, _k),
        (transpose(one) * G, 0),
        (transpose(one) * r, 0),
        (transpose(slopes) * slopes, 1),
        (transpose(slopes) * intercept, 0),
        (transpose(intercept) * intercept, 1),
    ),
    symmetric=(Q,),
)  # fmt: skip
_SLOPES = Algebra(
    {K_inverse: (_n, _n), Q: (_m, _m), slopes: (_n, _m), c: (_n, 1), beta: (_m, 1)},
    rules=((transpose(slopes) * c, beta), (transpose(slopes) * K_inverse * slopes, Q)),
    symmetric=(K_inverse, Q),
)
_t = sp.Symbol("t", positive=True)  # the length of a vector
_NORMS = Algebra({P: (_m, _k), y: (_k, 1)}, rules=((transpose(y) * y, _t**2),))


# --------------------------------------------------------------------------- determinants, cited


def _square_matrix(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a matrix whose determinant is not small against its entries."""
    return rng.standard_normal((size, size)) + 3.0 * np.eye(size)


def _product(rng: np.random.Generator) -> tuple[float, float]:
    size = int(rng.integers(1, 5))
    a, b = _square_matrix(rng, size), _square_matrix(rng, size)
    return float(np.linalg.det(a @ b)), float(np.linalg.det(a) * np.linalg.det(b))


def determinant_of_a_product() -> Lemma:
    """Return that determinants multiply."""
    return Lemma(
        "the determinant of a product",
        "Horn and Johnson, Matrix Analysis, 2nd ed., 0.3.5",
        r"\det(A B) = \det A \det B",
        _product,
        relation="=",
    )


def _rank_one(rng: np.random.Generator) -> tuple[float, float]:
    size = int(rng.integers(1, 5))
    a, u, v = _square_matrix(rng, size), rng.standard_normal(size), rng.standard_normal(size)
    return float(np.linalg.det(a + np.outer(u, v))), float(np.linalg.det(a) * (1 + v @ np.linalg.solve(a, u)))


def matrix_determinant_lemma() -> Lemma:
    """Return the determinant of a matrix changed by one of rank one."""
    return Lemma(
        "the matrix determinant lemma",
        "Horn and Johnson, Matrix Analysis, 2nd ed., 0.8.5.11 (Cauchy's formula)",
        r"\det(A + u v^\top) = (1 + v^\top A^{-1} u) \det A",
        _rank_one,
        relation="=",
    )


def _schur(rng: np.random.Generator) -> tuple[float, float]:
    size = int(rng.integers(1, 4))
    pivot, labels = rng.standard_normal(size), _square_matrix(rng, size)
    whole = np.block([[np.ones((1, 1)), pivot[None, :]], [np.ones((size, 1)), labels]])
    return float(np.linalg.det(whole)), float(np.linalg.det(labels - pivot))


def schur_complement() -> Lemma:
    """Return Schur's formula for a block of one entry: subtracting the first row leaves the determinant."""
    return Lemma(
        "Schur's determinant formula",
        "Horn and Johnson, Matrix Analysis, 2nd ed., 0.8.5.1",
        r"\det\begin{pmatrix} 1 & g_0^\top \\ \mathbf 1 & G_J \end{pmatrix} = \det(G_J - \mathbf 1 g_0^\top) = \det L_J",
        _schur,
        relation="=",
    )


# --------------------------------------------------------------------------- the same, written out at small sizes


def _bordered(k: int, m: int) -> tuple[Expression, Expression]:
    """Return W = (1 | G) and y in symbols."""
    unembeddings = sp.Matrix(k, m, lambda i, j: sp.Symbol(f"g{i}{j}"))
    return sp.Matrix.hstack(sp.ones(k, 1), unembeddings), sp.Matrix(k, 1, lambda i, _: sp.Symbol(f"y{i}"))


def _replaced(matrix: Expression, column: int, vector: Expression) -> Expression:
    changed = matrix.copy()
    changed[:, column] = vector
    return changed


def _sums_over_subsets(k: int, m: int) -> Expression:
    whole, values = _bordered(k, m)
    entries = []
    for i in range(1, m + 1):
        total = 0
        for subset in combinations(range(k), m + 1):
            part, fitted = whole[list(subset), :], values[list(subset), :]
            total += part.det(method="berkowitz") * _replaced(part, i, fitted).det(method="berkowitz")
        entries.append(total)
    return sp.Matrix(entries)


def _normal_equations(k: int, m: int) -> Expression:
    whole, values = _bordered(k, m)
    return sp.Matrix([
        (whole.T * _replaced(whole, i, values)).det(method="berkowitz") for i in range(1, m + 1)
    ])  # fmt: skip


# --------------------------------------------------------------------------- steps


def _cramer_steps() -> tuple[Step, ...]:
    replaced = W_S + (W_S * x - W_S * e) * transpose(e)
    return (
        Step(
            "subset with a column of ones",
            r"\det W_S = \pm \det L_S,\quad W_S = (\mathbf 1 \mid G_S)",
            schur_complement(),
            remark="Differences to the pivot remove the intercept: the slopes of x = W_S^{-1} y_S are "
            "L_S^{-1} (y_j - y_pivot)_j, which is row by row A_S for y the columns of G', and f - A_S f' for y = Delta.",
        ),
        Step(
            "a replaced column",
            r"W_{S,i} = W_S (I + (x - e_i) e_i^\top),\quad W_S x = y_S",
            WordIdentity(replaced, W_S * (1 + (x - e) * transpose(e)), _SUBSET),
        ),
        Step("determinants multiply", r"\det(A B) = \det A \det B", determinant_of_a_product()),
        Step(
            "determinant of a change of rank one",
            r"\det(A + u v^\top) = (1 + v^\top A^{-1} u) \det A",
            matrix_determinant_lemma(),
        ),
        Step(
            "Cramer's rule",
            r"1 + e_i^\top (x - e_i) = x_i, \text{ so that } \det W_{S,i} = x_i \det W_S",
            WordIdentity(1 + transpose(e) * (x - e), _xi, _SUBSET),
            uses=("a replaced column", "determinants multiply", "determinant of a change of rank one"),
        ),
        Step(
            "Cauchy-Binet",
            r"\textstyle\sum_S \det A_S \det B_S = \det(A^\top B)",
            cauchy_binet(),
        ),
    )


def _least_squares_step() -> Step:
    return Step(
        "least squares",
        r"c_{\text{slopes}} = \beta = G_c^+ H y,\quad H y = G_c \beta + r",
        WordIdentity(Q * transpose(G) * (G * beta + r), beta, _CENTRED),
        remark="The normal equations W^T r = 0 say that r has sum zero and is orthogonal to the columns of G.",
    )


def _average_steps() -> tuple[Step, ...]:
    replaced = W + (W * c + r - W * e) * transpose(e)
    return (
        *_cramer_steps(),
        Step(
            "normal equations",
            r"W^\top W_i = W^\top W\, (I + (c - e_i) e_i^\top)",
            WordIdentity(
                transpose(W) * replaced, transpose(W) * W * (1 + (c - e) * transpose(e)), _WHOLE
            ),
            uses=("Cramer's rule",),
            remark="So det(W^T W_i) = c_i det(W^T W), as for the subsets.",
        ),
        _least_squares_step(),
    )  # fmt: skip


def _volume_average() -> Proof:
    total = sp.Symbol("V", positive=True)  # sum_S det(W_S)^2 = det(W^T W)
    return Proof(
        "T10",
        "volume_average_is_least_squares",
        r"\sum_S \det(L_S)^2 A_S \big/ \sum_S \det(L_S)^2 = A^*",
        (
            *_average_steps(),
            Step(
                "quotient",
                r"\sum_S \det(W_S)^2 x_i \big/ \sum_S \det(W_S)^2 = \det(W^\top W_i) / \det(W^\top W) = c_i",
                Identity(total * (1 + (_ci - 1)) / total, _ci),
                uses=("Cauchy-Binet", "normal equations", "least squares", "subset with a column of ones"),
                covers="all k and m",
                remark="det(W_S)^2 x_i = det W_S det W_{S,i}, and det(W^T W_i) = det(W^T W) (1 + e_i.(c - e_i)). For y the columns of G' the slopes are A_S and A*.",
            ),
            Step(
                "written out",
                r"\textstyle\sum_S \det W_S \det W_{S,i} = \det(W^\top W_i)",
                Identity(lambda: _sums_over_subsets(4, 2), lambda: _normal_equations(4, 2)),
                covers="k = 4, m = 2, all entries symbols",
            ),
        ),
    )


def _replaced_column_steps() -> tuple[Step, ...]:
    change = 1 + (c - e) * transpose(e)
    back = 1 - (c - e) * transpose(e) / _ci
    solution = back * K_inverse * e / _ci
    gram = _WHOLE.transposed(change) * K * change
    replaced = W * change + r * transpose(e)
    return (
        Step(
            "Gram matrix of a replaced column",
            r"W_i^\top W_i = N^\top W^\top W N + |r|^2 e_i e_i^\top,\quad N = I + (c - e_i) e_i^\top",
            WordIdentity(
                _WHOLE.square(replaced),
                _WHOLE.transposed(change) * transpose(W) * W * change + _rho * e * transpose(e),
                _WHOLE,
            ),
            uses=("Cramer's rule",),
        ),
        Step(
            "its inverse",
            r"M z = e_i \text{ for } M = N^\top K N,\ z = N^{-1} K^{-1} e_i / c_i",
            WordIdentity(gram * solution, e, _WHOLE),
            uses=("Gram matrix of a replaced column",),
            remark="For c_i different from zero; both sides of the next step but one are polynomials in c_i.",
        ),
        Step(
            "its entry",
            r"e_i^\top M^{-1} e_i = e_i^\top z = (K^{-1})_{ii} / c_i^2",
            WordIdentity(transpose(e) * solution, _kappa / _ci**2, _WHOLE),
            uses=("its inverse",),
        ),
        Step(
            "determinant of a replaced column",
            r"\det(W_i^\top W_i) / \det K = c_i^2 \Big(1 + |r|^2 \tfrac{(K^{-1})_{ii}}{c_i^2}\Big)"
            r" = c_i^2 + |r|^2 (K^{-1})_{ii}",
            Identity(_ci**2 * (1 + _rho * _kappa / _ci**2), _ci**2 + _rho * _kappa),
            uses=("its entry", "determinants multiply", "determinant of a change of rank one"),
            remark="det N = c_i, as in Cramer's rule.",
        ),
    )


def _inverse_gram_steps() -> tuple[Step, ...]:
    bordered = one * transpose(intercept) + (G + one * transpose(mean)) * transpose(slopes)
    block = slopes * Q - intercept * transpose(mean) * Q
    return (
        Step(
            "block of the inverse",
            r"K Z = E,\quad Z = E Q - e_0 \mu^\top Q,\quad Q = (G_c^\top G_c)^{-1}",
            WordIdentity(_CENTRED.square(bordered) * block, slopes, _CENTRED),
            remark="W = 1 e_0^T + (Gc + 1 mu^T) E^T, with mu the mean unembedding; E picks the slopes, e_0 the intercept.",
        ),
        Step(
            "entries of the inverse",
            r"E^\top K^{-1} E = E^\top Z = Q",
            WordIdentity(transpose(slopes) * block, Q, _CENTRED),
            uses=("block of the inverse",),
        ),
        Step(
            "their sum",
            r"\|G_c^+\|_F^2 = \operatorname{tr} Q,\quad G_c^+ = Q G_c^\top",
            WordIdentity(_CENTRED.square(Q * transpose(G)), Q, _CENTRED, trace=True),
            uses=("entries of the inverse",),
        ),
    )


def _closed_form() -> Proof:
    return Proof(
        "T10",
        "closed_form",
        r"\sum_S \det(L_S)^2 E\|f - A_S f'\|^2 \big/ \sum_S \det(L_S)^2"
        r" = E\|G_c^+ \Delta\|^2 + \|G_c^+\|_F^2\, E\|(I - P) \Delta\|^2",
        (
            *_cramer_steps(),
            *_replaced_column_steps(),
            *_inverse_gram_steps(),
            _least_squares_step(),
            Step(
                "sum over slopes",
                r"\textstyle\sum_{i \ge 1} \big(c_i^2 + |r|^2 (K^{-1})_{ii}\big) = |\beta|^2 + |r|^2 \operatorname{tr} Q",
                WordIdentity(
                    _SLOPES.square(transpose(slopes) * c) + _rho * transpose(slopes) * K_inverse * slopes,
                    _SLOPES.square(beta) + _rho * Q,
                    _SLOPES,
                    trace=True,
                ),
                uses=(
                    "Cauchy-Binet", "determinant of a replaced column", "their sum", "least squares",
                    "subset with a column of ones",
                ),
                covers="all k and m",
                remark="By Cauchy-Binet, det(W_i^T W_i) is the sum over S of det(W_S)^2 x_i^2. With y = Delta, x has the "
                "slopes f - A_S f', beta is pinv(Gc) Delta and r = (I - P) Delta.",
            ),
        ),
    )  # fmt: skip


def _frobenius_step() -> Step:
    return Step(
        "Frobenius norm",
        r"\|G_c^+\|_F^2 \|y\|^2 - \|G_c^+ y\|^2 = \big\|\, \|y\|\, G_c^+ - G_c^+ y y^\top / \|y\|\,\big\|_F^2 \ge 0",
        SumOfSquares(
            _t**2 * _NORMS.square(P) - _NORMS.square(P * y), ((1, _t * P - P * y * transpose(y) / _t),), _NORMS
        ),
        remark="For y = P Delta, the part of Delta in the column space, of which G_c^+ y = G_c^+ Delta.",
    )


def _outside() -> Expression:
    """Return d_vol^2 / (||pinv(Gc)||_F^2 d_logit^2) from its definition over subsets, Delta outside the column space."""
    labels = sp.Matrix([[1, 0], [-1, 0], [0, 2], [0, -2]])
    inputs = sp.Matrix([[1, 0], [0, 1], [2, -1]]).T
    other = labels - sp.Matrix([1, 1, -1, -1]) / 2 * sp.Matrix([[1, sp.Rational(1, 2)]])
    total = weights = sp.Integer(0)
    for pivot, *chosen in combinations(range(4), 3):
        here, there = (sp.Matrix([g[j, :] - g[pivot, :] for j in chosen]) for g in (labels, other))
        residual = inputs - here.inv() * there * inputs
        weights += here.det() ** 2
        total += here.det() ** 2 * (residual.T * residual).trace()
    difference = (labels - other) * inputs
    return total / weights / ((labels.T * labels).inv().trace() * (difference.T * difference).trace())


# d_logit^2, d_vol^2, E|pinv(Gc) Delta|^2, E|(I - P) Delta|^2, E|P Delta|^2, |pinv(Gc)|_F^2
_d, _volume, _aligned, _rest, _inside, _frobenius = sp.symbols("d2 V A R N P2", nonnegative=True)
_DEFINITION = _volume - _aligned - _frobenius * _rest  # zero: the closed form of d_vol^2
_PROJECTION = Algebra(
    {G: (_k, _m), P: (_m, _k), delta: (_k, 1)},
    rules=((P * G, 1), (transpose(P) * transpose(G), G * P)),
)
_OUTSIDE = delta - G * P * delta  # (I - P) Delta


def _pythagoras_step() -> Step:
    return Step(
        "inside and outside",
        r"\|\Delta\|^2 = \|P \Delta\|^2 + \|(I - P) \Delta\|^2,\quad P = G_c G_c^+",
        WordIdentity(
            _PROJECTION.square(delta), _PROJECTION.square(G * P * delta) + _PROJECTION.square(_OUTSIDE), _PROJECTION
        ),
    )


def _upper_bound() -> Proof:
    return Proof(
        "T10",
        "upper_bound",
        r"d_\mathrm{vol}^2 \le \|G_c^+\|_F^2\, d_\mathrm{logit}^2",
        (
            _pythagoras_step(),
            Step(
                "inside alone counts",
                r"G_c^+ P \Delta = G_c^+ \Delta",
                WordIdentity(P * G * P * delta, P * delta, _PROJECTION),
            ),
            _frobenius_step(),
            Step(
                "conclusion",
                r"\|G_c^+\|_F^2\, d_\mathrm{logit}^2 - d_\mathrm{vol}^2"
                r" = \|G_c^+\|_F^2\, E\|P \Delta\|^2 - E\|G_c^+ \Delta\|^2 \ge 0",
                Consequence(
                    _frobenius * _d - _volume,
                    premises=((1, _frobenius * _inside - _aligned),),
                    equalities=((-1, _DEFINITION), (_frobenius, _d - _inside - _rest)),
                ),
                uses=("inside and outside", "inside alone counts", "Frobenius norm"),
                covers="all k and m",
                remark="d_vol^2 is E|pinv(Gc) Delta|^2 + |pinv(Gc)|_F^2 E|(I - P) Delta|^2, its closed form.",
            ),
        ),
    )


def _upper_bound_sharp() -> Proof:
    orthogonal = Algebra({G: (_k, _m), P: (_m, _k), delta: (_k, 1)}, rules=((P * delta, 0),))
    return Proof(
        "T10",
        "upper_bound: sharp",
        r"\text{equality for } \Delta \text{ orthogonal to the columns of } G_c",
        (
            Step(
                "nothing inside",
                r"G_c^+ \Delta = 0 \Rightarrow \|(I - P) \Delta\|^2 = \|\Delta\|^2",
                WordIdentity(orthogonal.square(_OUTSIDE), orthogonal.square(delta), orthogonal),
            ),
            Step(
                "a worked example",
                r"d_\mathrm{vol}^2 / (\|G_c^+\|_F^2\, d_\mathrm{logit}^2) = 1",
                Value(_outside, sp.Integer(1)),
                uses=("nothing inside",),
                covers="k = 4, m = 2, three inputs, summed over subsets",
            ),
        ),
    )


def _above_the_alignment_error() -> Proof:
    return Proof(
        "T10",
        "above_the_alignment_error",
        r"E\|f - A^* f'\|^2 \le d_\mathrm{vol}^2",
        (
            Step(
                "residual",
                r"f - A^* f' = G_c^+ \Delta",
                _residual(),
            ),
            Step(
                "conclusion",
                r"d_\mathrm{vol}^2 - E\|f - A^* f'\|^2 = \|G_c^+\|_F^2\, E\|(I - P) \Delta\|^2 \ge 0",
                Consequence(_volume - _aligned, premises=((_frobenius, _rest),), equalities=((1, _DEFINITION),)),
                uses=("residual",),
                covers="all k and m",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T10."""
    return (
        _upper_bound(),
        _upper_bound_sharp(),
        _above_the_alignment_error(),
        _volume_average(),
        _closed_form(),
    )


def _residual() -> WordIdentity:
    models = Algebra(
        {G: (_k, _m), P: (_m, _k), G_other: (_k, sp.Symbol("m'")), f: (_m, 1), f_other: (sp.Symbol("m'"), 1)},
        rules=((P * G, 1),),
    )
    return WordIdentity(f - P * G_other * f_other, P * (G * f - G_other * f_other), models)


# --------------------------------------------------------------------------- false twins


def _average_on_a_line(weight: str) -> Expression:
    """Return the weighted mean of A_S at k = 3, m = 1, for labels at 0, 1 and 3."""
    labels, other = (sp.Integer(0), sp.Integer(1), sp.Integer(3)), sp.symbols("h0 h1 h2")
    total = weights = sp.Integer(0)
    for i, j in combinations(range(3), 2):
        if weight == "fixed pivot" and i != 0:
            continue
        gap = labels[j] - labels[i]
        factor = {"absolute": abs(gap), "uniform": sp.Integer(1), "fixed pivot": gap**2}[weight]
        weights += factor
        total += factor * (other[j] - other[i]) / gap
    return total / weights


def _least_squares_on_a_line() -> Expression:
    labels, other = sp.Matrix([0, 1, 3]), sp.Matrix(sp.symbols("h0 h1 h2"))
    centred = labels - sp.ones(3, 1) * sp.Rational(4, 3)
    return (centred.T * other)[0] / (centred.T * centred)[0]


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T10."""
    d, aligned, rest, inside, frobenius = sp.symbols("d2 A R N P2", nonnegative=True)
    spectral = sp.Symbol("s", positive=True)

    def averaged(statement: str, weight: str) -> Proof:
        return Proof("T10", statement, r"\text{weighted mean of } A_S = A^*", (
            Step("k = 3, m = 1", r"\text{labels at } 0, 1, 3",
                 Identity(lambda: _average_on_a_line(weight), _least_squares_on_a_line)),
        ))  # fmt: skip

    return (
        averaged("absolute_weights", "absolute"),
        averaged("uniform_weights", "uniform"),
        averaged("one_fixed_pivot", "fixed pivot"),
        Proof("T10", "spectral_norm", r"d_\mathrm{vol}^2 \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2", (
            Step("conclusion", r"\text{from } \|G_c^+ P \Delta\|^2 \le \|P \Delta\|^2 / s^2", Consequence(
                d / spectral**2 - aligned - frobenius * rest,
                ((1, inside / spectral**2 - aligned), (1, rest)), ((1 / spectral**2, d - inside - rest),))),
        )),
        Proof("T10", "one_percent_less", r"d_\mathrm{vol}^2 \le 0.99 \|G_c^+\|_F^2\, d_\mathrm{logit}^2", (
            Step("conclusion", r"0.99 \|G_c^+\|_F^2 d^2 - d_\mathrm{vol}^2 \ge 0", Consequence(
                sp.Rational(99, 100) * frobenius * d - aligned - frobenius * rest,
                ((1, frobenius * inside - aligned),), ((frobenius, d - inside - rest),))),
        )),
    )  # fmt: skip
