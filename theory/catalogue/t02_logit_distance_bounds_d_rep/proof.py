r"""T2: the logit distance bounds d_rep, for all numbers of labels k and dimensions m.

S is a set of n = m + 1 labels, H its centring, Gamma = H G_S, X = pinv(Gamma); D takes differences to a pivot, so that
L = D G_S. Words in these letters hold for all n; means over subsets are forms that permutations leave alone.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t02_logit_distance_bounds_d_rep.kappa import balanced_steps, kappa_steps
from theory.catalogue.t02_logit_distance_bounds_d_rep.subset_means import (
    centred_mean_step,
    counting_steps,
    pivoted_mean_step,
)
from theory.proofs.extremal import Limit
from theory.proofs.identity import (
    Algebra,
    Expression,
    Identity,
    WordIdentity,
    letters,
    transpose,
)
from theory.proofs.matrices import (
    largest_eigenvalue,
    largest_of_the_inverse,
    largest_singular_value,
    smallest_singular_value,
)
from theory.proofs.psd import Consequence, PositiveCoefficients, SumOfSquares
from theory.proofs.steps import Obligation, Proof, Step

_k, _m, _n = sp.symbols("k m n", positive=True)
_s = sp.Symbol("s", positive=True)  # s_min(H_S G_S)
_vp = sp.Symbol("v_p", real=True)  # the entry of v at the pivot

# --------------------------------------------------------------------------- one subset of labels

L, L_inverse, L_other, f, f_other = letters("L L^-1 L' f f'")
D, Gamma, X, H, y = letters("D Gamma X H y")
e, one, v, w = letters("e 1 v w")

_ALIGNED = Algebra(
    {L: (_m, _m), L_inverse: (_m, _m), L_other: (_m, _m), f: (_m, 1), f_other: (_m, 1), D: (_m, _n), y: (_n, 1)},
    rules=((L_inverse * L, 1), (L * L_inverse, 1)),
)
_RESIDUAL = f - L_inverse * L_other * f_other
_SUBSET_SHAPES = {
    L: (_m, _m), L_inverse: (_m, _m), D: (_m, _n), Gamma: (_n, _m), X: (_m, _n), H: (_n, _n), y: (_n, 1),
}  # fmt: skip
_INTO = Algebra(_SUBSET_SHAPES, rules=((D * H, D), (Gamma * X, H)), symmetric=(H,))
_OUT = Algebra(_SUBSET_SHAPES, rules=((D * Gamma, L), (L_inverse * L, 1)), symmetric=(H,))

# Gamma and its pseudo-inverse with the centring of n labels; e is the pivot, 1 the constant vector.
_PIVOT_SHAPES = {
    Gamma: (_n, _m), X: (_m, _n), e: (_n, 1), one: (_n, 1), v: (_n, 1), w: (_m, 1), y: (_n, 1),
}  # fmt: skip
_COORDINATES = (
    (transpose(one) * one, _n),
    (transpose(one) * e, 1),
    (transpose(e) * e, 1),
)
_ONES = Algebra(_PIVOT_SHAPES, _COORDINATES)
_CENTRING = 1 - one * transpose(one) / _n
_q = e - one / _n  # H e
_PIVOT = Algebra(
    _PIVOT_SHAPES,
    (
        *_COORDINATES,
        (X * Gamma, 1),
        (Gamma * X, _CENTRING),
        (transpose(one) * Gamma, 0),
        (X * one, 0),
        (transpose(X) * w, v / _s),  # w is the top left singular vector of X, of singular value 1/s
        (transpose(v) * v, 1),
        (transpose(one) * v, 0),
        (transpose(v) * e, _vp),
    ),
)


def _residual_step() -> Step:
    return Step(
        "residual",
        r"f - A_J f' = L_J^{-1} (L_J f - L'_J f')",
        WordIdentity(f - L_inverse * L_other * f_other, L_inverse * (L * f - L_other * f_other), _ALIGNED),
    )


def _without_a_pivot() -> tuple[Step, Step]:
    return (
        Step(
            "into the pseudo-inverse",
            r"L^{-1} D = L^{-1} D \Gamma X,\quad D H = D,\ \Gamma X = H",
            WordIdentity(L_inverse * D, L_inverse * D * Gamma * X, _INTO),
            remark="Differences do not see constants: D H = D. Gamma has rank m = n - 1 and columns of sum zero, so "
            "its projector Gamma X is the centring H.",
        ),
        Step(
            "out of it",
            r"L^{-1} D \Gamma X = X,\quad D \Gamma = L",
            WordIdentity(L_inverse * D * Gamma * X, X, _OUT),
            uses=("into the pseudo-inverse",),
            remark="So f - A_S f' = L^{-1} D Delta_S = X Delta_S, whatever the pivot.",
        ),
    )


def _subset_bound_steps() -> tuple[Step, ...]:
    return (
        Step(
            "smallest singular value of a subset",
            r"s_{\min}(\Gamma)^2 \|X \Delta_S\|^2 \le \|\Gamma X \Delta_S\|^2 = \|H_S \Delta_S\|^2",
            smallest_singular_value(),
            uses=("out of it",),
        ),
    )


def pivot_steps() -> tuple[Step, ...]:
    """Return max over pivots of 1/s_min(L_J)^2 >= (1 - v_pivot^2)/s_min(H_S G_S)^2."""
    rows = 1 - one * transpose(e)  # differences to the pivot, with a row of zeros for itself
    gram = _CENTRING + _n * _q * _ONES.transposed(_q)
    inverse = X * (1 - _q * _ONES.transposed(_q)) * transpose(X)
    return (
        Step(
            "differences to a pivot",
            r"D^\top D = H + n\, q q^\top,\quad q = H e_{\text{pivot}}",
            WordIdentity(_ONES.square(rows), gram, _ONES),
            covers="all n",
            remark="With a row of zeros for the pivot itself, D = I - 1 e^T.",
        ),
        Step(
            "inverse of the pivoted Gram matrix",
            r"(L^\top L)^{-1} = X (I - q q^\top) X^\top",
            WordIdentity(transpose(Gamma) * gram * Gamma * inverse, sp.Integer(1), _PIVOT_INVERSE),
            uses=("differences to a pivot",),
            covers="all n",
            remark="L^T L = Gamma^T (H + n q q^T) Gamma.",
        ),
        Step(
            "at the top singular vector",
            r"w^\top (L^\top L)^{-1} w = (1 - v_{\text{pivot}}^2) / s^2,\quad X^\top w = v / s",
            WordIdentity(transpose(w) * inverse * w, (1 - _vp**2) / _s**2, _PIVOT),
            uses=("inverse of the pivoted Gram matrix",),
            covers="all n",
            remark="w is the unit vector with |X^T w| = 1/s, s = s_min(Gamma), and v = s X^T w is of length one "
            "and sum zero, as X 1 = 0.",
        ),
        Step(
            "smallest singular value of a pivoted subset",
            r"1/s_{\min}(L_J)^2 \ge w^\top (L_J^\top L_J)^{-1} w \text{ for unit } w",
            largest_of_the_inverse(),
            uses=("at the top singular vector",),
            remark="L^T L = s^2 I + R^T R with s = s_min(L) and w = L^T L z: what is left is"
            " (s^2 |R z|^2 + |R^T R z|^2)/s^2.",
        ),
    )


_PIVOT_INVERSE = Algebra(_PIVOT.shapes, _PIVOT.rules[:7])


# --------------------------------------------------------------------------- the statements


def _conclusion(kappa: Expression) -> Obligation:
    """Return R <= kappa (m/(k-1)) d^2 M from what holds for the subsets, M = 1/min_J s_min(L_J)^2."""
    inverse, most = sp.symbols("t M", nonnegative=True)  # 1/s_min(Gamma)^2 and M
    inside, residual, d = sp.symbols("N_S R_S d2", nonnegative=True)
    known = sp.Symbol("kappa", positive=True)
    return Consequence(
        kappa * most * _m / (_k - 1) * d - residual,
        premises=((1, inverse * inside - residual), (inside, known * most - inverse)),
        equalities=((known * most, _m / (_k - 1) * d - inside),),
    )


def _upper_bound() -> Proof:
    return Proof(
        "T2",
        "upper_bound",
        r"d_\mathrm{rep}^2 \le \tfrac{m}{k-1} \kappa_{m+1}\, d_\mathrm{logit}^2 / \min_J s_{\min}(L_J)^2",
        (
            _residual_step(),
            *_without_a_pivot(),
            *_subset_bound_steps(),
            *counting_steps(),
            centred_mean_step(),
            *pivot_steps(),
            *kappa_steps(),
            Step(
                "conclusion",
                r"\kappa M \tfrac{m}{k-1} d_\mathrm{logit}^2 - d_\mathrm{rep}^2"
                r" = \operatorname*{mean}_S \big[(t_S N_S - R_S) + N_S (\kappa M - t_S)\big] \ge 0",
                _conclusion(sp.Symbol("kappa", positive=True)),
                uses=(
                    "residual", "smallest singular value of a subset", "mean over subsets",
                    "smallest singular value of a pivoted subset", "kappa",
                ),
                covers="all k and m",
                remark="R_S = E|f - A_S f'|^2, N_S = E|H_S Delta_S|^2, t_S = 1/s_min(Gamma_S)^2 and "
                "M = 1/min_J s_min(L_J)^2; the last premise is t_S <= kappa max_pivot 1/s_min(L_J)^2. The equality "
                "holds in the mean over S, in which all terms are linear.",
            ),
        ),
    )  # fmt: skip


# The extremal family on the n = m + 1 labels of one subset: a is a direction of R^m, the rows of U are orthogonal to v.
direction, U = letters("a U")
_r = sp.Symbol("r", positive=True)  # how far the family is stretched
_FAMILY = Algebra(
    {direction: (_m, 1), U: (_m, _n), v: (_n, 1), e: (_n, 1), one: (_n, 1)},
    rules=(
        *_COORDINATES,
        (transpose(v) * v, 1),
        (transpose(one) * v, 0),
        (transpose(v) * e, _vp),
        (transpose(direction) * direction, 1),
        (U * v, 0),
        (U * one, 0),
        (transpose(direction) * U, 0),
        (U * transpose(U), 1 - direction * transpose(direction)),
    ),
)


def stretched_steps() -> tuple[Step, ...]:
    """Return what a teacher with one short direction makes of a bound, k = m + 1."""
    stretched = v * transpose(direction) + _r * transpose(U)
    inverse = direction * transpose(v) + U / _r
    gram = inverse * (1 - _q * _FAMILY.transposed(_q)) * _FAMILY.transposed(inverse)
    return (
        Step(
            "pseudo-inverse",
            r"X = a v^\top + U/r \text{ inverts } \Gamma = v a^\top + r U^\top",
            WordIdentity(inverse * stretched, sp.Integer(1), _FAMILY),
            covers="k = m + 1, all m",
            remark="a is a unit vector of R^m, v a unit vector of sum zero; the rows of U span what is orthogonal "
            "to v and 1, with U U^T the projector orthogonal to a.",
        ),
        Step(
            "d_rep",
            r"\|X v\|^2 = \|v\|^2, \text{ so that } d_\mathrm{rep}^2 = d_\mathrm{logit}^2 \text{ for } \Delta"
            r" \text{ along } v",
            WordIdentity(_FAMILY.square(inverse * v), _FAMILY.square(v), _FAMILY),
            uses=("pseudo-inverse",),
            covers="k = m + 1, all m",
            remark="There is one subset, of all labels; f' = f and G' = G - v b^T give such a Delta.",
        ),
        Step(
            "singular values of pivoted subsets",
            r"1 - v_p^2 + \tfrac{m-1}{r^2} - \operatorname{tr} (L^\top L)^{-1} = \|U q\|^2 / r^2 \ge 0",
            SumOfSquares(
                1 - _vp**2 + (_m - 1) / _r**2 - gram,
                ((1 / _r**2, U * _q),),
                _FAMILY,
            ),
            uses=("pseudo-inverse",),
            covers="k = m + 1, all m",
            remark="(L^T L)^{-1} = X (I - q q^T) X^T as in the upper bound; 1/s_min(L)^2 is at most its trace.",
        ),
    )


def _upper_bound_sharp() -> Proof:
    kappa = sp.Symbol("kappa", positive=True)
    return Proof(
        "T2",
        "upper_bound: sharp",
        r"k = m + 1:\ \text{the constant is reached in the limit } r \to \infty \text{ by } G = v a^\top + r\, U^\top",
        (
            *stretched_steps(),
            *balanced_steps(),
            Step(
                "limit",
                r"d_\mathrm{rep}^2 \min_J s_{\min}(L_J)^2 / d_\mathrm{logit}^2 \ge"
                r" \Big(\tfrac{1}{\kappa_n} + \tfrac{m-1}{r^2}\Big)^{-1} \to \kappa_n = \tfrac{m}{k-1} \kappa_{m+1}",
                Limit(
                    1 / (1 / kappa + (_m - 1) / _r**2), _r, sp.oo, kappa,
                    sample={kappa: sp.Rational(6, 5), _m: sp.Integer(3)},
                ),
                uses=(
                    "d_rep", "singular values of pivoted subsets", "balanced direction, n odd",
                    "balanced direction, n even",
                ),
                covers="k = m + 1, all m",
            ),
        ),
    )  # fmt: skip


def _upper_bound_on_a_line() -> Proof:
    gap, difference = sp.symbols("delta d", positive=True)  # the least gap, and j - i
    extra = sp.Symbol("t", nonnegative=True)  # by how much g_j - g_i exceeds (j - i) delta
    form, d, top = sp.symbols("W d2 lambda", nonnegative=True)
    residual = sp.Symbol("R", nonnegative=True)
    pairs = sp.Symbol("q", positive=True)  # k (k-1) / 2
    return Proof(
        "T2",
        "upper_bound_on_a_line",
        r"m = 1:\ d_\mathrm{rep}^2 \le \tfrac{2 \lambda_{\max}(W)}{k(k-1)}\, d_\mathrm{logit}^2 / \min (g_i - g_j)^2",
        (
            _residual_step(),
            Step(
                "gaps add up",
                r"(g_j - g_i)^2 \ge (j - i)^2 \delta^2,\quad g_1 < \dots < g_k,\ \delta = \min_{i \ne j} |g_i - g_j|",
                PositiveCoefficients(
                    (difference * gap + extra) ** 2 - (difference * gap) ** 2, (difference, gap, extra)
                ),
                covers="all k",
                remark="g_j - g_i is a sum of j - i gaps, each at least delta: (j - i) delta + t with t >= 0.",
            ),
            Step(
                "pairs on the integers",
                r"\tfrac{1}{(g_j - g_i)^2} \le \tfrac{1}{(j-i)^2 \delta^2}",
                PositiveCoefficients(
                    1 / (difference * gap) ** 2 - 1 / (difference * gap + extra) ** 2, (difference, gap, extra)
                ),
                uses=("gaps add up",),
                covers="all k",
                remark="So the sum over pairs of (Delta_i - Delta_j)^2 / (g_i - g_j)^2 is at most Delta^T W Delta / "
                "delta^2, W the Laplacian with weights 1/(i-j)^2.",
            ),
            Step(
                "largest eigenvalue",
                r"\Delta^\top W \Delta \le \lambda_{\max}(W) \|\Delta\|^2",
                largest_eigenvalue(),
                remark="By definition lambda_max(W) I = W + R^T R: what is left is |R Delta|^2.",
            ),
            Step(
                "mean over pairs",
                r"d_\mathrm{rep}^2 = \tfrac{2}{k(k-1)} \sum_{i<j} E \tfrac{(\Delta_i - \Delta_j)^2}{(g_i - g_j)^2}"
                r" \le \tfrac{2}{k(k-1)} \lambda_{\max}(W)\, d_\mathrm{logit}^2 / \delta^2",
                Consequence(
                    top * d / (pairs * gap**2) - residual,
                    premises=((1 / (pairs * gap**2), top * d - form), (1 / pairs, form / gap**2 - pairs * residual)),
                ),
                uses=("residual", "pairs on the integers", "largest eigenvalue"),
                covers="all k",
                remark="q = k(k-1)/2 is the number of pairs.",
            ),
        ),
    )  # fmt: skip


def _upper_bound_on_a_line_sharp() -> Proof:
    top = sp.Symbol("lambda", nonnegative=True)
    lower, difference = sp.symbols("i d", positive=True)
    M, b = letters("W b")
    eigen = Algebra(
        {M: (_k, _k), v: (_k, 1), f: (1, 1), b: (1, 1), Gamma: (_k, 1)},
        rules=((M * v, top * v), (transpose(v) * v, 1)),
        symmetric=(M,),
    )
    moved = Gamma - v * transpose(b)
    return Proof(
        "T2",
        "upper_bound_on_a_line: sharp",
        r"\text{equality for every } k:\ \text{labels at } 0, \dots, k - 1,\ f' = f,\ G'_c = G_c - v b^\top,"
        r"\ W v = \lambda_{\max} v",
        (
            Step(
                "difference",
                r"G_c f - G'_c f = v\,(b \cdot f)",
                WordIdentity(Gamma * f - moved * f, v * transpose(b) * f, eigen),
                covers="m = 1, all k",
            ),
            Step(
                "gaps on the integers",
                r"(g_j - g_i)^2 = (j - i)^2 \delta^2,\quad \delta = 1",
                Identity((lower + difference - lower) ** 2, difference**2),
                covers="all k",
                remark="So the sum over pairs of (Delta_i - Delta_j)^2 / (g_i - g_j)^2 is Delta^T W Delta.",
            ),
            Step(
                "equality",
                r"v^\top W v = \lambda_{\max} \|v\|^2",
                WordIdentity(transpose(v) * M * v, top * transpose(v) * v, eigen),
                uses=("difference", "gaps on the integers"),
                covers="all k",
            ),
        ),
    )


_FORM = Algebra(
    {D: (_m, _k), L: (_m, _m), L_inverse: (_m, _m), y: (_k, 1)},
    rules=((L_inverse * L, 1), (L * L_inverse, 1)),
)


def _quadratic_form_steps() -> tuple[Step, Step]:
    return (
        Step(
            "inverse",
            r"L^{-\top} L^{-1} (L L^\top) = I",
            WordIdentity(transpose(L_inverse) * L_inverse * L * transpose(L), sp.Integer(1), _FORM),
        ),
        Step(
            "quadratic form",
            r"\|L_S^{-1} D_S \Delta\|^2 = \Delta^\top D_S^\top (L_S L_S^\top)^{-1} D_S \Delta",
            WordIdentity(
                _FORM.square(L_inverse * D * y),
                transpose(y) * transpose(D) * transpose(L_inverse) * L_inverse * D * y,
                _FORM,
            ),
            covers="all k and m",
            remark="(L L^T)^{-1} = L^{-T} L^{-1}. The mean over S is Delta^T M_G Delta.",
        ),
    )


def _sharp_for_given_unembeddings() -> Proof:
    top, d, form, residual = sp.symbols("lambda d2 Q R", nonnegative=True)
    form_letter = letters("M_G")[0]
    return Proof(
        "T2",
        "sharp_for_given_unembeddings",
        r"d_\mathrm{rep}^2 = E \Delta^\top M_G \Delta \le \lambda_{\max}(M_G)\, d_\mathrm{logit}^2",
        (
            _residual_step(),
            *_quadratic_form_steps(),
            Step(
                "largest eigenvalue",
                r"\Delta^\top M_G \Delta \le \lambda_{\max}(M_G) \|\Delta\|^2",
                largest_eigenvalue(form_letter, y, top),
                remark="By definition lambda_max(M_G) I = M_G + R^T R: what is left is |R Delta|^2.",
            ),
            Step(
                "conclusion",
                r"\lambda\, d_\mathrm{logit}^2 - d_\mathrm{rep}^2 \ge 0",
                Consequence(top * d - residual, ((1, top * d - form),), ((1, form - residual),)),
                uses=("residual", "inverse", "quadratic form", "largest eigenvalue"),
            ),
        ),
        names={form: transpose(y) * form_letter * y, d: transpose(y) * y},
    )


def _sharp_for_given_unembeddings_sharp() -> Proof:
    top = sp.Symbol("lambda", nonnegative=True)
    M, b = letters("M b")
    eigen = Algebra(
        {M: (_k, _k), v: (_k, 1), f: (_m, 1), b: (_m, 1), Gamma: (_k, _m)},
        rules=((M * v, top * v), (transpose(v) * v, 1)),
        symmetric=(M,),
    )
    moved = Gamma - v * transpose(b)
    return Proof(
        "T2",
        "sharp_for_given_unembeddings: sharp",
        r"\text{equality for every } G:\ f' = f,\ G'_c = G_c - v b^\top,\ M_G v = \lambda_{\max} v",
        (
            Step(
                "difference",
                r"G_c f - G'_c f = v\,(b \cdot f)",
                WordIdentity(Gamma * f - moved * f, v * transpose(b) * f, eigen),
            ),
            Step(
                "equality",
                r"v^\top M_G v = \lambda_{\max} \|v\|^2",
                WordIdentity(transpose(v) * M * v, top * transpose(v) * v, eigen),
                uses=("difference",),
            ),
        ),
    )


def _mean_over_pivots() -> Proof:
    return Proof(
        "T2",
        "mean_over_pivots",
        r"\operatorname*{mean}_{y_0, J} E\|L_J f - L'_J f'\|^2 = \tfrac{2m}{k-1}\, d_\mathrm{logit}^2",
        (*counting_steps(), pivoted_mean_step()),
    )


def _subset_error_by_definition() -> Proof:
    return Proof(
        "T2",
        "subset_error_by_definition",
        r"f - A_S f' = L_S^{-1} \Delta_S,\quad A_S = L_S^{-1} L'_S",
        (_residual_step(),),
    )


def _one_subset() -> Proof:
    low, high, residual, change = sp.symbols("s2 S2 R C", nonnegative=True)
    return Proof(
        "T2",
        "one_subset",
        r"E\|f - A_J f'\|^2 \le E\|L_J f - L'_J f'\|^2 / s_{\min}(L_J)^2",
        (
            _residual_step(),
            Step(
                "smallest singular value",
                r"s_{\min}(L_J)^2 \|z\|^2 \le \|L_J z\|^2,\quad z = f - A_J f'",
                smallest_singular_value(L, _RESIDUAL, _ALIGNED.shapes, low),
            ),
            Step(
                "what L does to the residual",
                r"L_J (f - A_J f') = L_J f - L'_J f'",
                WordIdentity(L * (f - L_inverse * L_other * f_other), L * f - L_other * f_other, _ALIGNED),
                uses=("residual",),
            ),
            Step(
                "conclusion",
                r"E\|L_J f - L'_J f'\|^2 - s_{\min}(L_J)^2\, E\|f - A_J f'\|^2 \ge 0",
                Consequence(
                    change - low * residual,
                    premises=((1, high - low * residual),),
                    equalities=((1, change - high),),
                ),
                uses=("smallest singular value", "what L does to the residual"),
            ),
        ),
        names={
            high: _ALIGNED.square(L * _RESIDUAL),
            residual: _ALIGNED.square(_RESIDUAL),
            change: _ALIGNED.square(L * f - L_other * f_other),
        },
    )


def _lower_bound() -> Proof:
    high, residual, change, d = sp.symbols("S2 R C d2", nonnegative=True)
    return Proof(
        "T2",
        "lower_bound",
        r"\tfrac{2m}{k-1}\, d_\mathrm{logit}^2 / \max_J s_{\max}(L_J)^2 \le d_\mathrm{rep}^2",
        (
            Step(
                "what L does to the residual",
                r"L_J (f - A_J f') = L_J f - L'_J f'",
                WordIdentity(L * (f - L_inverse * L_other * f_other), L * f - L_other * f_other, _ALIGNED),
            ),
            Step(
                "largest singular value",
                r"\|L_J z\|^2 \le s_{\max}(L_J)^2 \|z\|^2,\quad z = f - A_J f'",
                largest_singular_value(L, _RESIDUAL, _ALIGNED.shapes, high),
            ),
            *counting_steps(),
            pivoted_mean_step(),
            Step(
                "conclusion",
                r"\max_J s_{\max}(L_J)^2\, d_\mathrm{rep}^2 - \tfrac{2m}{k-1}\, d_\mathrm{logit}^2 \ge 0",
                Consequence(
                    high * residual - 2 * _m / (_k - 1) * d,
                    premises=((1, high * residual - change),),
                    equalities=((1, change - 2 * _m / (_k - 1) * d),),
                ),
                uses=("what L does to the residual", "largest singular value", "mean over subsets and pivots"),
                covers="all k and m",
                remark="The premise is the mean over pivots and J of the bound for each.",
            ),
        ),
        names={change: _ALIGNED.square(L * _RESIDUAL), residual: _ALIGNED.square(_RESIDUAL)},
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T2."""
    return (
        _upper_bound(),
        _upper_bound_sharp(),
        _upper_bound_on_a_line(),
        _upper_bound_on_a_line_sharp(),
        _sharp_for_given_unembeddings(),
        _sharp_for_given_unembeddings_sharp(),
        _mean_over_pivots(),
        _subset_error_by_definition(),
        _one_subset(),
        _lower_bound(),
    )


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T2."""
    other_inverse = letters("L'^-1")[0]
    two = Algebra(
        {**_ALIGNED.shapes, other_inverse: (_m, _m)},
        (*_ALIGNED.rules, (other_inverse * L_other, 1), (L_other * other_inverse, 1)),
    )
    forward = f - L_inverse * L_other * f_other
    backward = f_other - other_inverse * L * f
    whole, d = sp.symbols("s_G2 d2", nonnegative=True)
    least, residual, inside = sp.symbols("s2 R_S N_S", nonnegative=True)
    change = L * f - L_other * f_other
    return (
        Proof("T2", "constant_without_kappa", r"d_\mathrm{rep}^2 \le \tfrac{m}{k-1} M d_\mathrm{logit}^2", (
            *kappa_steps(), Step("conclusion", r"\kappa = 1", _conclusion(sp.Integer(1))),
        )),
        Proof("T2", "whole_unembeddings", r"d_\mathrm{rep}^2 \le \tfrac{2m}{k-1} d^2 / s_{\min}(G_c)^2", (
            Step("conclusion", r"\text{the same, with } s_{\min}(G_c) \text{ for that of the subset}", Consequence(
                2 * _m / (_k - 1) * d - whole * residual, ((1, inside - least * residual),),
                ((1, 2 * _m / (_k - 1) * d - inside),))),
        )),
        Proof("T2", "other_model", r"f - A_J f' = L_J'^{-1} (L_J f - L'_J f')", (
            Step("residual", r"f - A_J f' = L_J'^{-1} (L_J f - L'_J f')",
                 WordIdentity(forward, other_inverse * change, two)),
        )),
        Proof("T2", "mean_over_subsets", r"d_\mathrm{rep}^2 \operatorname{mean}_J s_J^2 \le \tfrac{2m}{k-1} d^2", (
            Step("conclusion", r"\operatorname{mean} R_J \cdot \operatorname{mean} s_J^2"
                 r" \le \operatorname{mean} (s_J^2 R_J)",
                 _mean_of_products()),
        )),
        Proof("T2", "symmetry", r"\|f - A_S f'\|^2 = \|f' - A'_S f\|^2", (
            Step("norms", r"\|f - A_S f'\|^2 = \|f' - A'_S f\|^2",
                 WordIdentity(two.square(forward), two.square(backward), two)),
        )),
        _triangle_attempt(),
    )  # fmt: skip


def _mean_of_products() -> Obligation:
    """Return Chebyshev's sum inequality for two values, without that they are ordered alike."""
    s, t, a, b = sp.symbols("s t a b", nonnegative=True)
    return PositiveCoefficients((s * a + t * b) / 2 - (s + t) * (a + b) / 4, (s, t, a, b))


def _triangle_attempt() -> Proof:
    """Return the triangle inequality by splitting the residual, as for a difference of images under one map."""
    middle, f_middle = letters("L'' f''")
    three = Algebra(
        {**_ALIGNED.shapes, middle: (_m, _m), f_middle: (_m, 1), (inverse := letters("L''^-1")[0]): (_m, _m)},
        (*_ALIGNED.rules, (inverse * middle, 1), (middle * inverse, 1)),
    )
    first = f - L_inverse * middle * f_middle
    second = f_middle - inverse * L_other * f_other
    step = Step(
        "residuals add up",
        r"f - A_{ab} f' = (f - A_{ac} f'') + (f'' - A_{cb} f')",
        WordIdentity(f - L_inverse * L_other * f_other, first + second, three),
    )
    return Proof(
        "T2", "triangle_inequality", r"d_\mathrm{rep}(a, b) \le d_\mathrm{rep}(a, c) + d_\mathrm{rep}(c, b)", (step,)
    )
