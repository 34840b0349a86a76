r"""T9: the logit distance bounds the alignment of unembeddings, for all numbers of labels, dimensions and inputs.

F has the inputs as rows, Q stands for pinv(F): only Q F = 1 and the symmetry of F Q are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from theory.proofs.identity import (
    Algebra,
    Expression,
    InvariantForm,
    Rows,
    SymmetricForms,
    WordIdentity,
    centred_norm,
    gaps,
    letters,
    mean_of_squares_over_subsets,
    times,
    transpose,
)
from theory.proofs.matrices import smallest_singular_value
from theory.proofs.psd import Consequence, SumOfSquares, TwoEigenspaces
from theory.proofs.steps import Proof, Step

_k, _m, _m_other, _n = sp.symbols("k m m' n", positive=True)
_d, _inside, _error, _pivoted = sp.symbols("d2 N R R_0", nonnegative=True)
_lambda = sp.Symbol("lambda", positive=True)

F, Q, F_other, G, G_other, Y, rest, ones = letters("F Q F' G G' Y e_rest 1")


_INPUTS = Algebra(
    {F: (_n, _m), Q: (_m, _n), F_other: (_n, _m_other), G: (_k, _m), G_other: (_k, _m_other), Y: (_n, _k)},
    rules=((Q * F, 1), (transpose(Q) * transpose(F), F * Q)),
)
#: Traces of these words: n d_logit^2, and the squared norms of F pinv(F) Y and of the errors pinv(F) Y.
_NAMES = {
    _d: _INPUTS.square(Y) / _n,
    _inside: _INPUTS.square(F * Q * Y),
    _error: _INPUTS.square(Q * Y),
}
# The errors of all labels but the pivot, in one coordinate: that of the pivot is minus their sum.
_l = sp.Symbol("l", positive=True)  # k - 1
_ERRORS = Algebra({rest: (_l, 1), ones: (_l, 1)}, rules=((transpose(ones) * ones, _l),))


def _all_labels_steps() -> tuple[Step, ...]:
    return (
        Step(
            "alignment",
            r"G_c^\top - B\, G_c'^\top = F^+ (F G_c^\top - F' G_c'^\top),\quad B = F^+ F'",
            WordIdentity(
                transpose(G) - Q * F_other * transpose(G_other),
                Q * (F * transpose(G) - F_other * transpose(G_other)),
                _INPUTS,
            ),
            remark="The matrix in brackets has the differences of logits Delta, one row for each input.",
        ),
        Step(
            "smallest singular value",
            r"s_{\min}(F)^2 \|F^+ Y\|^2 \le \|F F^+ Y\|^2,\quad s_{\min}(F)^2 = n \lambda_{\min}",
            smallest_singular_value(F, Q * Y, _INPUTS.shapes, _n * _lambda),
            remark="For each column of Y, that is for each label.",
        ),
        Step(
            "projection",
            r"\|Y\|^2 - \|F F^+ Y\|^2 = \|(I - F F^+) Y\|^2 \ge 0",
            SumOfSquares(_INPUTS.square(Y) - _INPUTS.square(F * Q * Y), ((1, Y - F * Q * Y),), _INPUTS),
            remark="F F^+ is symmetric; norms are Frobenius norms.",
        ),
        Step(
            "all labels",
            r"d_\mathrm{logit}^2 - \lambda_{\min} \textstyle\sum_y \|g_c(y) - B g'_c(y)\|^2 \ge 0",
            Consequence(
                _d - _lambda * _error,
                premises=((1 / _n, _n * _d - _inside), (1 / _n, _inside - _n * _lambda * _error)),
            ),
            uses=("alignment", "smallest singular value", "projection"),
            remark="||Y||^2 = n d_logit^2.",
        ),
    )


def _pair_mean() -> tuple[InvariantForm, InvariantForm]:
    """Return the mean over ordered pairs of labels of (x_i - x_j)^2, and what it equals."""
    return times(1 / (_k * (_k - 1)), gaps(_k)), times(2 / (_k - 1), centred_norm(_k))


def _pair_matrix(sizes: Mapping[str, int]) -> Rows:
    return mean_of_squares_over_subsets(
        sizes["k"], 2, lambda pair: [{pair[0]: Fraction(1), pair[1]: Fraction(-1)}]
    )  # fmt: skip


def _excess(coefficient: Expression) -> Expression:
    """Return coefficient * sum_y e_y^2 - sum_y (e_y - e_0)^2 with e_0 = -1^T rest."""
    pivot = -transpose(ones) * rest
    return coefficient * (_ERRORS.square(rest) + _ERRORS.square(pivot)) - _ERRORS.square(rest - ones * pivot)


def _all_labels() -> Proof:
    return Proof(
        "T9",
        "all_labels",
        r"\sum_y \|g_c(y) - B g'_c(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}(E[f f^\top])",
        _all_labels_steps(),
        _NAMES,
    )


def _mean_over_pivots() -> Proof:
    return Proof(
        "T9",
        "mean_over_pivots",
        r"\operatorname*{mean}_{y \ne y_0} \|g_0(y) - B g'_0(y)\|^2 \le \tfrac{2 d_\mathrm{logit}^2}{(k-1) \lambda_{\min}}",
        (
            *_all_labels_steps(),
            Step(
                "mean over pairs",
                r"\operatorname*{mean}_{i \ne j} (e_i - e_j)^2 = \tfrac{2}{k-1} \textstyle\sum_i (e_i - \bar e)^2",
                SymmetricForms(*_pair_mean(), explicit=_pair_matrix, sizes=tuple({_k: k} for k in range(2, 8))),
                covers="all k",
                remark="For each coordinate of the errors g(y) - B g'(y), whose mean over labels is what centring "
                "takes off.",
            ),
            Step(
                "conclusion",
                r"\tfrac{2}{k-1} d_\mathrm{logit}^2 - \lambda_{\min} \operatorname*{mean}_{y \ne y_0} \|\cdot\|^2 \ge 0",
                Consequence(
                    2 / _l * _d - _lambda * _pivoted,
                    premises=((2 / _l, _d - _lambda * _error),),
                    equalities=((_lambda, 2 / _l * _error - _pivoted),),
                ),
                uses=("all labels", "mean over pairs"),
                covers="all k >= 2",
                remark="l = k - 1 > 0.",
            ),
        ),
        _NAMES,
    )


def _fixed_pivot() -> Proof:
    return Proof(
        "T9",
        "fixed_pivot",
        r"\tfrac1k \sum_y \|g_0(y) - B g'_0(y)\|^2 \le d_\mathrm{logit}^2 / \lambda_{\min}",
        (
            *_all_labels_steps(),
            Step(
                "one pivot",
                r"k \textstyle\sum_y e_y^2 - \sum_y (e_y - e_0)^2"
                r" = (k - 1) \sum_{y \ne 0} e_y^2 - \big(\sum_{y \ne 0} e_y\big)^2",
                WordIdentity(
                    _excess(_l + 1),
                    _l * _ERRORS.square(rest) - _ERRORS.square(transpose(ones) * rest),
                    _ERRORS,
                ),
                covers="all k >= 2",
                remark="The errors have sum zero, so that of the pivot is minus the sum of the others.",
            ),
            Step(
                "eigenvalues",
                r"(k - 1) I - J \succeq 0 \text{ on the } k - 1 \text{ labels besides the pivot}",
                TwoEigenspaces(_l, sp.Integer(-1), _l),
                uses=("one pivot",),
                covers="all k >= 2",
                remark="In symbols, with l = k - 1: eigenvalues l and l - l = 0.",
            ),
            Step(
                "conclusion",
                r"d_\mathrm{logit}^2 - \tfrac{\lambda_{\min}}{k} \textstyle\sum_y \|g_0(y) - B g'_0(y)\|^2 \ge 0",
                Consequence(
                    _d - _lambda * _pivoted / _k,
                    premises=((1, _d - _lambda * _error), (_lambda / _k, _k * _error - _pivoted)),
                ),
                uses=("all labels", "eigenvalues"),
                covers="all k >= 2",
            ),
        ),
        _NAMES,
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T9."""
    return (
        _all_labels(),
        _mean_over_pivots(),
        _fixed_pivot(),
    )


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T9."""
    other = letters("Q'")[0]
    square = {F_other: (_n, _m), G_other: (_k, _m), other: (_m, _n)}  # equal dimensions, so that all of it fits
    two = Algebra({**_INPUTS.shapes, **square}, (*_INPUTS.rules, (other * F_other, 1)))
    centring = letters("H")[0]
    centred = Algebra({**_INPUTS.shapes, centring: (_k, _k)}, _INPUTS.rules, symmetric=(centring,))
    largest = sp.Symbol("lambda_max", positive=True)
    difference = F * transpose(G) - F_other * transpose(G_other)
    aligned = transpose(G) - Q * F_other * transpose(G_other)
    return (
        Proof("T9", "largest_eigenvalue", r"R \le d_\mathrm{logit}^2 / \lambda_{\max}", (
            Step("conclusion", r"d^2 - \lambda_{\max} R = (d^2 - N/n) + (N/n - \lambda_{\min} R)", Consequence(
                _d - largest * _error, ((1 / _n, _n * _d - _inside), (1 / _n, _inside - _n * _lambda * _error)))),
        )),
        Proof("T9", "without_centring", r"G^\top - B G'^\top = F^+ \Delta", (
            Step("alignment", r"G^\top - B G'^\top = F^+ (F G^\top - F' G'^\top) H",
                 WordIdentity(aligned, Q * difference * centring, centred)),
        )),
        Proof("T9", "other_model", r"G_c^\top - B G_c'^\top = F'^+ \Delta", (
            Step("alignment", r"G_c^\top - B G_c'^\top = F'^+ \Delta", WordIdentity(aligned, other * difference, two)),
        )),
        Proof("T9", "fixed_pivot_as_a_sum", r"\sum_y (e_y - e_0)^2 \le \sum_y e_y^2", (
            Step("one pivot", r"\sum_y e_y^2 - \sum_y (e_y - e_0)^2 \ge 0", SumOfSquares(
                _excess(sp.Integer(1)), ((1, rest - ones * transpose(ones) * rest / _l),), _ERRORS)),
        )),
    )  # fmt: skip
