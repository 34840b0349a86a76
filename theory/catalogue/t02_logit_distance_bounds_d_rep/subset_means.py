"""Means over subsets of labels, as forms that permutations of the labels leave alone: steps that T2 and T3 share."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from theory.proofs.identity import (
    InvariantForm,
    Rows,
    SymmetricForms,
    centred_norm,
    gaps,
    inclusion,
    mean_of_squares_over_subsets,
    mean_over_subsets,
    times,
)
from theory.proofs.steps import Step

_k, _m = sp.symbols("k m", positive=True)

PIVOT_SIZES = tuple({_k: k, _m: m} for m in range(1, 4) for k in range(m + 1, 7) if k > 1)
"""Numbers of labels and dimensions at which forms are written out."""


def pivoted_mean() -> tuple[InvariantForm, InvariantForm]:
    """Return the mean over (pivot, J) of sum_j (x_j - x_pivot)^2, and what it equals."""
    return mean_over_subsets(times(1 / (_m + 1), gaps(_m + 1)), _m + 1, _k), times(2 * _m / (_k - 1), centred_norm(_k))


def _centred_mean() -> tuple[InvariantForm, InvariantForm]:
    return mean_over_subsets(centred_norm(_m + 1), _m + 1, _k), times(_m / (_k - 1), centred_norm(_k))


def pivoted_matrix(sizes: Mapping[str, int]) -> Rows:
    """Return the matrix of the mean over (pivot, J) of sum_j (x_j - x_pivot)^2, by enumeration."""
    k, n = sizes["k"], sizes["m"] + 1

    def differences(subset: tuple[int, ...]) -> list[dict[int, Fraction]]:
        return [{i: Fraction(1), pivot: Fraction(-1)} for pivot in subset for i in subset if i != pivot]

    total = mean_of_squares_over_subsets(k, n, differences)
    return tuple(tuple(entry / n for entry in row) for row in total)


def _centred_matrix(sizes: Mapping[str, int]) -> Rows:
    """Return the matrix of mean_S ||H_S x_S||^2, by enumeration."""
    k, n = sizes["k"], sizes["m"] + 1
    return mean_of_squares_over_subsets(
        k, n, lambda subset: [{j: Fraction(int(i == j)) - Fraction(1, n) for j in subset} for i in subset]
    )


def counting_steps() -> tuple[Step, Step]:
    """Return in what share of the subsets a label lies, and a pair of labels."""
    one, two = inclusion(_m + 1, _k)
    return (
        Step(
            "subsets with a label",
            r"\binom{k-1}{m} \big/ \binom{k}{m+1} = \tfrac{m+1}{k}",
            one,
            covers="all k and m",
        ),
        Step(
            "subsets with two labels",
            r"\binom{k-2}{m-1} \big/ \binom{k}{m+1} = \tfrac{m (m+1)}{k (k-1)}",
            two,
            covers="all k and m",
        ),
    )


_COUNTED = ("subsets with a label", "subsets with two labels")


def centred_mean_step() -> Step:
    """Return the mean over subsets of the squared deviations from their means."""
    return Step(
        "mean over subsets",
        r"\operatorname*{mean}_S \|H_S \Delta_S\|^2 = \tfrac{m}{k-1} \|\Delta\|^2"
        r" \text{ for } \textstyle\sum_y \Delta_y = 0",
        SymmetricForms(*_centred_mean(), explicit=_centred_matrix, sizes=PIVOT_SIZES),
        uses=_COUNTED,
        covers="all k and m",
        remark="Double counting: a label lies in C(k-1, m) of the subsets, a pair of labels in C(k-2, m-1).",
    )


def pivoted_mean_step() -> Step:
    """Return the mean over subsets and pivots of the squared differences to the pivot."""
    return Step(
        "mean over subsets and pivots",
        r"\operatorname*{mean}_{y_0, J} \|L_J f - L'_J f'\|^2 = \tfrac{2m}{k-1} \|\Delta\|^2",
        SymmetricForms(*pivoted_mean(), explicit=pivoted_matrix, sizes=PIVOT_SIZES),
        uses=_COUNTED,
        covers="all k and m",
        remark="L_J f - L'_J f' lists the differences of the entries of Delta to that of the pivot.",
    )
