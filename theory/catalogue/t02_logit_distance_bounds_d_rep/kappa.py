r"""kappa_n: how large the smallest entry of a sum-zero unit vector of n entries can be, for T2 and what is held against it.

min_j v_j^2 is at most 1/n for n even and (n-1)/(n(n+1)) for n odd, that is 1 - 1/kappa_n; balanced directions reach it.
"""

from __future__ import annotations

import sympy as sp

from theory.proofs.identity import Algebra, Expression, Identity, letters, transpose
from theory.proofs.psd import Consequence, PositiveCoefficients, SumOfSquares
from theory.proofs.steps import Step

_n = sp.Symbol("n", positive=True)


_worst_odd = (_n - 1) / (_n * (_n + 1))  # of the smallest squared entry, n odd


def _even_step() -> Step:
    mu, squares = sp.symbols("mu Q", nonnegative=True)
    return Step(
        "even n: the mean entry",
        r"\min_j v_j^2 = \mu^2 \le \tfrac1n \sum_j v_j^2 = \tfrac1n",
        Consequence(1 / _n - mu**2, premises=((1 / _n, squares - _n * mu**2),), equalities=((1 / _n, 1 - squares),)),
        covers="all n",
    )


def _one_sign_step() -> Step:
    total = sp.Symbol("P", nonnegative=True)
    few = sp.Symbol("b", positive=True)  # how many entries are negative
    z, ones = letters("z 1")
    block = Algebra(
        {z: (few, 1), ones: (few, 1)},
        rules=((transpose(ones) * ones, few), (transpose(ones) * z, total)),
    )
    return Step(
        "entries of one sign",
        r"\textstyle\sum_{v_j < 0} v_j^2 - P^2/b = \sum_{v_j < 0} (|v_j| - P/b)^2,\quad P = \sum_{v_j < 0} |v_j|",
        SumOfSquares(block.square(z) - total**2 / few, ((1, z - ones * total / few),), block),
        covers="all n",
        remark="v has sum zero, so P is also the sum of the a entries that are not negative. For n odd a and b "
        "differ; let a be the larger, else take -v.",
    )


def _both_signs_step() -> Step:
    mu, total, squares, negative = sp.symbols("mu P Q N", nonnegative=True)
    many, few = sp.symbols("a b", positive=True)  # how many entries are of either sign
    return Step(
        "odd n: both signs",
        r"1 - \mu^2 \tfrac{a n}{b} = \Big(Q - a \mu^2\Big) + \Big(N - \tfrac{P^2}{b}\Big)"
        r" + \tfrac1b (P - a \mu)(P + a \mu) \ge 0,\quad n = a + b",
        Consequence(
            1 - mu**2 * many * (many + few) / few,
            premises=(
                (1, squares - many * mu**2),
                (1, negative - total**2 / few),
                ((total + many * mu) / few, total - many * mu),
            ),
            equalities=((1, 1 - squares - negative),),
        ),
        uses=("entries of one sign",),
        covers="all n",
        remark="Q and N are the sums of squares of the a and of the b entries, Q + N = 1; each of the a entries is "
        "at least mu.",
    )


def _worst_split_step() -> Step:
    j, t = sp.symbols("j t", nonnegative=True)
    n_odd = 2 * j + 1
    return Step(
        "odd n: the worst split",
        r"\tfrac{n-1}{n(n+1)} - \tfrac{b}{a n} \ge 0 \text{ for } a \ge \tfrac{n+1}{2},\ b = n - a",
        PositiveCoefficients(
            _worst_odd.subs(_n, n_odd) - (n_odd - (j + 1 + t)) / ((j + 1 + t) * n_odd),
            (j, t),
        ),
        uses=("odd n: both signs",),
        covers="all odd n",
        remark="n = 2 j + 1 and a = j + 1 + t.",
    )


def kappa_steps() -> tuple[Step, ...]:
    """Return 1 - min_j v_j^2 >= 1/kappa_n, with a pivot at the smallest entry."""
    return (
        _even_step(),
        _one_sign_step(),
        _both_signs_step(),
        _worst_split_step(),
        Step(
            "kappa",
            r"1 - \tfrac1n = \tfrac{1}{\kappa_n}\ (n \text{ even}),\quad"
            r" 1 - \tfrac{n-1}{n(n+1)} = \tfrac{1}{\kappa_n}\ (n \text{ odd})",
            Identity(
                sp.Matrix([1 - 1 / _n, 1 - _worst_odd]),
                sp.Matrix([1 / kappa_even(_n), 1 / kappa_odd(_n)]),
            ),
            uses=("even n: the mean entry", "odd n: the worst split"),
            covers="all n",
            remark="So max over pivots of 1 - v_pivot^2 is at least 1/kappa_n.",
        ),
    )


def kappa_even(n: Expression) -> Expression:
    """Return kappa_n for n even."""
    return n / (n - 1)


def kappa_odd(n: Expression) -> Expression:
    """Return kappa_n for n odd."""
    return n * (n + 1) / (n**2 + 1)


def balanced_steps() -> tuple[Step, ...]:
    """Return directions whose smallest entries are as large as can be."""
    small = sp.sqrt((_n - 1) / (_n * (_n + 1)))
    large = small * (_n + 1) / (_n - 1)
    return (
        Step(
            "balanced direction, n odd",
            r"\tfrac{n+1}{2} v_1 = \tfrac{n-1}{2} |v_n|,\quad \tfrac{n+1}{2} v_1^2 + \tfrac{n-1}{2} v_n^2 = 1,\quad"
            r" 1 - v_1^2 = 1/\kappa_n",
            Identity(
                sp.Matrix([
                    (_n + 1) / 2 * small - (_n - 1) / 2 * large, (_n + 1) / 2 * small**2 + (_n - 1) / 2 * large**2,
                    1 - small**2,
                ]),
                sp.Matrix([0, 1, 1 / kappa_odd(_n)]),
            ),
            covers="all odd n",
            remark="(n+1)/2 entries v_1 = sqrt((n-1)/(n(n+1))) and (n-1)/2 entries v_n = -v_1 (n+1)/(n-1), which "
            "are larger: 1 - v_p^2 <= 1/kappa_n for every pivot.",
        ),
        Step(
            "balanced direction, n even",
            r"n \cdot \tfrac1n = 1,\quad 1 - \tfrac1n = 1/\kappa_n",
            Identity(sp.Matrix([_n * (1 / sp.sqrt(_n)) ** 2, 1 - 1 / _n]), sp.Matrix([1, 1 / kappa_even(_n)])),
            covers="all even n",
            remark="Half of the entries are 1/sqrt n, half -1/sqrt n.",
        ),
    )  # fmt: skip
