r"""T3: the pivot-free alignment, for all numbers of labels, dimensions and inputs.

Everything is pointwise in the input: expectations of both sides follow. P stands for pinv(Gc), of which only P Gc = 1
and the symmetry of Gc P are used.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t02_logit_distance_bounds_d_rep.kappa import balanced_steps, kappa_steps
from theory.catalogue.t02_logit_distance_bounds_d_rep.proof import pivot_steps, stretched_steps
from theory.catalogue.t02_logit_distance_bounds_d_rep.subset_means import (
    PIVOT_SIZES,
    centred_mean_step,
    counting_steps,
    pivoted_matrix,
    pivoted_mean,
)
from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Algebra, Expression, SymmetricForms, WordIdentity, letters
from theory.proofs.matrices import smallest_singular_value
from theory.proofs.psd import Consequence, SumOfSquares
from theory.proofs.steps import Proof, Step

_k, _m, _m_other = sp.symbols("k m m'", positive=True)
_s = sp.Symbol("s", positive=True)  # the smallest singular value of Gc

G, P, G_other, f, f_other, delta, v, w, a = letters("G P G' f f' D v w a")
_T = {letter: sp.Symbol(letter.name + "^T", commutative=False) for letter in (G, P, v, w)}

#: Gc and its pseudo-inverse, embeddings of both models, and any difference of logits.
ALGEBRA = Algebra(
    {
        G: (_k, _m), P: (_m, _k), G_other: (_k, _m_other), f: (_m, 1), f_other: (_m_other, 1), delta: (_k, 1),
    },
    rules=((P * G, 1), (_T[P] * _T[G], G * P)),
)  # fmt: skip

#: ||Delta||^2, ||Gc pinv(Gc) Delta||^2 and ||pinv(Gc) Delta||^2, the squared length of the residual, on one input.
SQUARES = tuple(ALGEBRA.square(each) for each in (delta, G * P * delta, P * delta))

# Gc with its last singular pair: Gc w = s v, Gc^T v = s w, both of length one.
_SINGULAR = Algebra(
    {G: (_k, _m), P: (_m, _k), f: (_m, 1), v: (_k, 1), w: (_m, 1), a: (_m, 1)},
    rules=((P * G, 1), (G * w, _s * v), (_T[G] * v, _s * w), (P * v, w / _s), (_T[v] * v, 1), (_T[w] * w, 1)),
)


def residual_step() -> Step:
    """Return f - A* f' = pinv(Gc) Delta."""
    return Step(
        "residual",
        r"f - A^* f' = G_c^+ \Delta,\quad A^* = G_c^+ G'_c",
        WordIdentity(f - P * G_other * f_other, P * (G * f - G_other * f_other), ALGEBRA),
    )


def projection_step() -> Step:
    """Return ||Gc pinv(Gc) D||^2 <= ||D||^2."""
    return Step(
        "projection",
        r"\|\Delta\|^2 - \|G_c G_c^+ \Delta\|^2 = \|(I - G_c G_c^+) \Delta\|^2 \ge 0",
        SumOfSquares(
            ALGEBRA.square(delta) - ALGEBRA.square(G * P * delta), ((1, delta - G * P * delta),), ALGEBRA
        ),
        remark="G_c G_c^+ is symmetric.",
    )  # fmt: skip


def singular_value_step(squared: Expression = _s**2) -> Step:
    """Return s_min(Gc)^2 ||z||^2 <= ||Gc z||^2, with the symbol of s_min(Gc)^2."""
    return Step(
        "smallest singular value",
        r"s_{\min}(G_c)^2 \|z\|^2 \le \|G_c z\|^2 \text{ for } z = G_c^+ \Delta",
        smallest_singular_value(G, P * delta, ALGEBRA.shapes, squared),
        remark="By definition Gc^T Gc = s_min(Gc)^2 I + R^T R: what is left is |R z|^2.",
    )


def _upper_bound() -> Proof:
    d, inside, residual = sp.symbols("d2 N R", nonnegative=True)  # E|Delta|^2, E|Gc pinv(Gc) Delta|^2, E|f - A* f'|^2
    return Proof(
        "T3",
        "upper_bound",
        r"E\|f - A^* f'\|^2 \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2",
        (
            residual_step(),
            singular_value_step(),
            projection_step(),
            Step(
                "conclusion",
                r"d_\mathrm{logit}^2 - s^2 R = (d_\mathrm{logit}^2 - N) + (N - s^2 R),\quad"
                r" N = E\|G_c G_c^+ \Delta\|^2,\ R = E\|f - A^* f'\|^2",
                Consequence(d - _s**2 * residual, premises=((1, d - inside), (1, inside - _s**2 * residual))),
                uses=("residual", "smallest singular value", "projection"),
            ),
        ),
        names={d: SQUARES[0], inside: SQUARES[1], residual: SQUARES[2]},
    )


def _attained() -> Expression:
    """Return s_min(Gc)^2 E|f - A* f'|^2 / d_logit^2 on five inputs, for a Gc with columns of unequal length."""
    centred = sp.Matrix([[1, 1], [-1, 1], [1, -1], [-1, -1], [0, 0]]) * sp.diag(1, 3)
    direction = sp.Matrix([1, -1, 1, -1, 0]) / 2  # the left singular vector of the smaller singular value, 2
    other = centred - direction * sp.Matrix([[sp.Rational(1, 2), 0]])
    inputs = sp.Matrix([[1, 0], [0, 1], [2, -1], [3, 5], [-1, 1]]).T
    alignment = (centred.T * centred).inv() * centred.T * other
    residual, difference = inputs - alignment * inputs, centred * inputs - other * inputs
    return 4 * (residual.T * residual).trace() / (difference.T * difference).trace()


def _upper_bound_sharp() -> Proof:
    moved = G - v * sp.Symbol("a^T", commutative=False)
    return Proof(
        "T3",
        "upper_bound: sharp",
        r"\text{equality for every } G_c:\ f' = f,\ G'_c = G_c - v a^\top,"
        r"\ v \text{ the last left singular vector}",
        (
            Step(
                "difference",
                r"G_c f - G'_c f = v\,(a \cdot f)",
                WordIdentity(G * f - moved * f, v * sp.Symbol("a^T", commutative=False) * f, _SINGULAR),
            ),
            Step(
                "last singular vector",
                r"G_c^+ v = w / s,\quad G_c w = s v",
                WordIdentity(P * (G * w) / _s, P * v, Algebra(_SINGULAR.shapes, ((G * w, _s * v),))),
                remark="With G_c^+ G_c = I, the left side is w / s.",
            ),
            Step(
                "equality",
                r"s^2 \|G_c^+ v\|^2 = \|v\|^2",
                WordIdentity(_s**2 * _SINGULAR.square(P * v), _SINGULAR.square(v), _SINGULAR),
                uses=("difference", "last singular vector"),
            ),
            Step(
                "a worked example",
                r"s_{\min}(G_c)^2\, E\|f - A^* f'\|^2 / d_\mathrm{logit}^2 = 1",
                Value(_attained, sp.Integer(1)),
                covers="k = 5, m = 2, five inputs",
                uses=("equality",),
            ),
        ),
    )


def _residual_is_the_inverted_difference() -> Proof:
    return Proof("T3", "residual_is_the_inverted_difference", r"f - A^* f' = G_c^+ \Delta", (residual_step(),))


def _never_worse_than_pivoting() -> Proof:
    least, c, s2 = sp.symbols("s_J2 c s2", nonnegative=True)  # min_J s_min(L_J)^2, mean ||L_J x||^2, s_min(Gc)^2
    return Proof(
        "T3",
        "never_worse_than_pivoting",
        r"\min_J s_{\min}(L_J)^2 \le \tfrac{2m}{k-1}\, s_{\min}(G_c)^2",
        (
            Step(
                "mean over pivots",
                r"\operatorname*{mean}_{y_0, J} \|L_J x\|^2 = \tfrac{2m}{k-1} \|G_c x\|^2",
                SymmetricForms(*pivoted_mean(), explicit=pivoted_matrix, sizes=PIVOT_SIZES),
                covers="all k and m",
                remark="An identity in the vector G x of labels; applied to the unit x with |G_c x| = s_min(G_c).",
            ),
            Step(
                "smallest singular value",
                r"\min_J s_{\min}(L_J)^2 \le s_{\min}(L_J)^2 \|x\|^2 \le \|L_J x\|^2",
                smallest_singular_value(),
            ),
            Step(
                "conclusion",
                r"\tfrac{2m}{k-1} s_{\min}(G_c)^2 - \min_J s_{\min}(L_J)^2 \ge 0",
                Consequence(
                    2 * _m / (_k - 1) * s2 - least,
                    premises=((1, c - least),),
                    equalities=((1, 2 * _m / (_k - 1) * s2 - c),),
                ),
                uses=("mean over pivots", "smallest singular value"),
            ),
        ),
    )


def _at_least_kappa(kappa: Expression) -> Consequence:
    """Return min_J s_min(L_J)^2 <= kappa (m/(k-1)) s_min(Gc)^2 from what holds for each set S."""
    least, subset, inside, s2 = sp.symbols("s_J2 t_S N_S s2", nonnegative=True)
    known = sp.Symbol("kappa", positive=True)
    return Consequence(
        kappa * _m / (_k - 1) * s2 - least,
        premises=((1, known * subset - least), (known, inside - subset)),
        equalities=((known, _m / (_k - 1) * s2 - inside),),
    )


def _never_worse_than_kappa(kappa: Expression, statement: str) -> Proof:
    return Proof(
        "T3",
        statement,
        r"\min_J s_{\min}(L_J)^2 \le \tfrac{m}{k-1} \kappa_{m+1}\, s_{\min}(G_c)^2",
        (
            *pivot_steps(),
            *kappa_steps(),
            Step(
                "smallest singular value of a set",
                r"s_{\min}(H_S G_S)^2 \le \|H_S G_S x\|^2,\ \|x\| = 1",
                smallest_singular_value(),
                remark="For one x for all S: the unit vector with |Gc x| = s_min(Gc).",
            ),
            *counting_steps(),
            centred_mean_step(),
            Step(
                "conclusion",
                r"\kappa \tfrac{m}{k-1} s_{\min}(G_c)^2 - \min_J s_{\min}(L_J)^2 = \operatorname*{mean}_S"
                r" \big[(\kappa t_S - \min_J s_{\min}(L_J)^2) + \kappa (N_S - t_S)\big] \ge 0",
                _at_least_kappa(kappa),
                uses=(
                    "smallest singular value of a pivoted subset", "kappa", "smallest singular value of a set",
                    "mean over subsets",
                ),
                covers="all k and m",
                remark="t_S = s_min(H_S G_S)^2 and N_S = |H_S G_S x|^2. The first premise: some pivot of S has "
                "s_min(L_J)^2 <= kappa t_S. The equality holds in the mean over S, for the vector G x of labels.",
            ),
        ),
    )  # fmt: skip


def _never_worse_than_kappa_sharp() -> Proof:
    kappa = sp.Symbol("kappa", positive=True)
    stretch = sp.Symbol("r", positive=True)
    pseudo_inverse, _, singular_values = stretched_steps()
    return Proof(
        "T3",
        "never_worse_than_kappa: sharp",
        r"k = m + 1:\ \text{the constant is reached in the limit } r \to \infty \text{ by } G = v a^\top + r\, U^\top",
        (
            pseudo_inverse,
            singular_values,
            *balanced_steps(),
            Step(
                "limit",
                r"\min_J s_{\min}(L_J)^2 / s_{\min}(G_c)^2 \ge"
                r" \Big(\tfrac{1}{\kappa_n} + \tfrac{m-1}{r^2}\Big)^{-1} \to \kappa_n = \tfrac{m}{k-1} \kappa_{m+1}",
                Limit(
                    1 / (1 / kappa + (_m - 1) / stretch**2), stretch, sp.oo, kappa,
                    sample={kappa: sp.Rational(6, 5), _m: sp.Integer(3)},
                ),
                uses=(
                    "singular values of pivoted subsets", "balanced direction, n odd", "balanced direction, n even",
                ),
                covers="k = m + 1, all m",
                remark="s_min(Gc) = 1, at the direction a, as soon as r is at least one.",
            ),
        ),
    )  # fmt: skip


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T3."""
    return (
        _upper_bound(),
        _upper_bound_sharp(),
        _residual_is_the_inverted_difference(),
        _never_worse_than_pivoting(),
        _never_worse_than_kappa(sp.Symbol("kappa", positive=True), "never_worse_than_kappa"),
        _never_worse_than_kappa_sharp(),
    )


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T3."""
    d, inside, residual = sp.symbols("d2 N R", nonnegative=True)
    top = sp.Symbol("s_max", positive=True)
    other = letters("P'")[0]
    square = {G_other: (_k, _m), f_other: (_m, 1), other: (_m, _k)}  # equal dimensions, so that all of it fits
    two = Algebra({**ALGEBRA.shapes, **square}, (*ALGEBRA.rules, (other * G_other, 1)))
    fifth = sp.Rational(19, 20)
    # P inverts G as it is, and says nothing of the centring.
    centring = letters("H")[0]
    shapes = {**ALGEBRA.shapes, centring: (_k, _k)}
    with_centring = Algebra(shapes, ((P * G, 1), (centring * centring, centring)))
    return (
        Proof("T3", "largest_singular_value", r"R \le d_\mathrm{logit}^2 / s_{\max}(G_c)^2", (
            Step("conclusion", r"d^2 - s_{\max}^2 R = (d^2 - N) + (N - s_{\min}^2 R)",
                 Consequence(d - top**2 * residual, ((1, d - inside), (1, inside - _s**2 * residual)))),
        )),
        Proof("T3", "uncentred_unembeddings", r"R \le d_\mathrm{logit}^2 / s_{\min}(G)^2", (
            Step("residual", r"f - G^+ G' f' = G^+ H (G f - G' f')", WordIdentity(
                f - P * G_other * f_other, P * centring * (G * f - G_other * f_other), with_centring)),
        )),
        Proof("T3", "other_model", r"R \le d_\mathrm{logit}^2 / s_{\min}(G'_c)^2", (
            Step("residual", r"f - A^* f' = G_c'^+ \Delta",
                 WordIdentity(f - P * G_other * f_other, other * (G * f - G_other * f_other), two)),
        )),
        Proof("T3", "unsquared", r"R^{1/2} \le d_\mathrm{logit}^2 / s_{\min}(G_c)^2", (
            Step("conclusion", r"d^2 - s^2 R^{1/2} = (d^2 - N) + (N - s^2 R)", Consequence(
                d - _s**2 * sp.sqrt(residual), ((1, d - inside), (1, inside - _s**2 * residual)))),
        )),
        _never_worse_than_kappa(sp.Integer(1), "pivoting_without_kappa"),
        Proof("T3", "five_percent_less", r"R \le 0.95\, d_\mathrm{logit}^2 / s_{\min}(G_c)^2", (
            Step("projection", r"0.95 \|\Delta\|^2 - \|G_c G_c^+ \Delta\|^2 = \|(I - G_c G_c^+) \Delta\|^2",
                 SumOfSquares(
                fifth * ALGEBRA.square(delta) - ALGEBRA.square(G * P * delta), ((1, delta - G * P * delta),), ALGEBRA)),
        )),
    )  # fmt: skip
