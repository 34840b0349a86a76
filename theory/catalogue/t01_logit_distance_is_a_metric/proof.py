r"""T1: the logit distance is a metric. Every step is an identity, for all numbers of labels and dimensions.

Logits are vectors of k labels, stacked over the inputs where an expectation is meant: with weights 1/n the expectation
is an inner product, and identities between words hold for it as for any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import sympy as sp

from theory.proofs.identity import (
    Algebra,
    Identity,
    SymmetricForms,
    WordIdentity,
    centred_norm,
    gaps,
    letters,
    mean_of_squares_over_subsets,
    times,
)
from theory.proofs.psd import Consequence, SumOfSquares
from theory.proofs.steps import Proof, Step

_k, _m = sp.symbols("k m", positive=True)
_a, _b = sp.symbols("a b", positive=True)  # ||x|| and ||y||
_s = sp.Symbol("s", real=True)  # <x, y>
_c2 = sp.Symbol("c2", nonnegative=True)  # ||x + y||^2
_N = sp.Symbol("N", positive=True)  # all coordinates, labels and inputs together

G, f, A, A_inverse, one, shift, relabel, z, u, u_other = letters("G f A A^-1 1 c Pi z u u'")
x, y = letters("x y")

_LOGITS = Algebra(
    {
        G: (_k, _m), f: (_m, 1), A: (_m, _m), A_inverse: (_m, _m), one: (_k, 1), shift: (_m, 1), relabel: (_k, _k),
        z: (_k, 1), u: (_k, 1), u_other: (_k, 1),
    },
    rules=(
        (A_inverse * A, 1),
        (sp.Symbol("1^T", commutative=False) * one, _k),
        (sp.Symbol("Pi^T", commutative=False) * relabel, 1),
        (relabel * one, one),  # a permutation leaves the constant vector, and so does its inverse
        (sp.Symbol("1^T", commutative=False) * relabel, sp.Symbol("1^T", commutative=False)),
    ),
)  # fmt: skip
_VECTORS = Algebra(
    {x: (_N, 1), y: (_N, 1)},
    rules=(
        (sp.Symbol("x^T", commutative=False) * x, _a**2),
        (sp.Symbol("y^T", commutative=False) * y, _b**2),
        (sp.Symbol("x^T", commutative=False) * y, _s),
    ),
)
_CENTRING = 1 - one * _LOGITS.transposed(one) / _k


def _squared_difference(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    return _LOGITS.square(left - right)


def _triangle() -> Proof:
    return Proof(
        "T1",
        "triangle",
        r"d_\mathrm{logit}(a, b) \le d_\mathrm{logit}(a, c) + d_\mathrm{logit}(c, b),"
        r"\ \text{and } d_\mathrm{logit} = 0 \text{ only if } p = p'",
        (
            Step(
                "u determines p",
                r"e^{u_i} / \textstyle\sum_j e^{u_j} = p_i \text{ for } u_i = \log p_i - c",
                _softmax_of_centred(),
                covers="all k",
                remark="So u is an injective function of p, and equal logits mean equal distributions.",
            ),
            Step(
                "Cauchy-Schwarz",
                r"2ab\,(ab - \langle x, y\rangle) = \|b x - a y\|^2 \ge 0,\quad a = \|x\|,\ b = \|y\|",
                SumOfSquares(2 * _a * _b * (_a * _b - _s), ((1, _b * x - _a * y),), _VECTORS),
                remark="x and y are the differences of centred logits from a to c and from c to b, over all inputs; "
                "where one of them is zero the triangle inequality is an equality.",
            ),
            Step(
                "length of a sum",
                r"(a + b)^2 - \|x + y\|^2 = 2\,(ab - \langle x, y\rangle)",
                WordIdentity((_a + _b) ** 2 - _VECTORS.square(x + y), 2 * (_a * _b - _s), _VECTORS),
            ),
            Step(
                "triangle",
                r"\|x + y\|^2 \le (\|x\| + \|y\|)^2",
                Consequence(
                    (_a + _b) ** 2 - _c2,
                    premises=((1 / (_a * _b), 2 * _a * _b * (_a * _b - _s)),),
                    equalities=((1, (_a + _b) ** 2 - _c2 - 2 * (_a * _b - _s)),),
                ),
                uses=("Cauchy-Schwarz", "length of a sum"),
            ),
        ),
    )


def _softmax_of_centred() -> Identity:
    p, c, others = sp.symbols("p c q", positive=True)  # p_i, the mean of log p, and the sum of the other p_j
    return Identity(
        (sp.exp(sp.log(p) - c) / (sp.exp(sp.log(p) - c) + others * sp.exp(-c))).subs(others, 1 - p),
        p,
    )


def _pair_matrix(sizes: Mapping[str, int]) -> tuple[tuple[Fraction, ...], ...]:
    """Return the matrix of (1/2k) sum_ij (x_i - x_j)^2."""
    k = sizes["k"]
    pairs = [{i: Fraction(1), j: Fraction(-1)} for i, j in product(range(k), repeat=2) if i != j]
    total = mean_of_squares_over_subsets(k, k, lambda _: pairs)
    return tuple(tuple(entry / (2 * k) for entry in row) for row in total)


def _symmetry() -> Proof:
    return Proof(
        "T1",
        "symmetry",
        r"\|u - u'\|^2 = \|u' - u\|^2",
        (
            Step(
                "sign",
                r"\|u - u'\|^2 = \|u' - u\|^2",
                WordIdentity(_squared_difference(u, u_other), _squared_difference(u_other, u), _LOGITS),
            ),
        ),
    )


def _gauge() -> Proof:
    return Proof(
        "T1",
        "gauge",
        r"(A f, A^{-\top} g) \text{ has the logits of } (f, g)",
        (
            Step(
                "logits",
                r"H\,(G A^{-1})(A f) = H G f",
                WordIdentity(_CENTRING * G * A_inverse * A * f, _CENTRING * G * f, _LOGITS),
                remark="The rows of G A^{-1} are A^{-T} g. Centred logits are all that the distance sees.",
            ),
        ),
    )


def _shift() -> Proof:
    return Proof(
        "T1",
        "shift",
        r"(f, g + c) \text{ has the centred logits of } (f, g)",
        (
            Step(
                "centring removes constants",
                r"H\,(G + \mathbf 1 c^\top) f = H G f,\quad H = I - \mathbf 1 \mathbf 1^\top/k",
                WordIdentity(_CENTRING * (G + one * _LOGITS.transposed(shift)) * f, _CENTRING * G * f, _LOGITS),
            ),
        ),
    )


def _relabelling() -> Proof:
    return Proof(
        "T1",
        "relabelling",
        r"d_\mathrm{logit}(a \circ \pi, b \circ \pi) = d_\mathrm{logit}(a, b)",
        (
            Step(
                "centring commutes",
                r"H \Pi = \Pi H",
                WordIdentity(_CENTRING * relabel, relabel * _CENTRING, _LOGITS),
            ),
            Step(
                "norm",
                r"\|\Pi u - \Pi u'\|^2 = \|u - u'\|^2",
                WordIdentity(
                    _squared_difference(relabel * u, relabel * u_other), _squared_difference(u, u_other), _LOGITS
                ),
                uses=("centring commutes",),
            ),
        ),
    )


def _pair_form() -> Proof:
    return Proof(
        "T1",
        "pair_form",
        r"\|H \Delta\|^2 = \tfrac{1}{2k} \sum_{ij} (\Delta_i - \Delta_j)^2",
        (
            Step(
                "coefficients",
                r"\tfrac{1}{2k}\big(2k \textstyle\sum \Delta_i^2 - 2 (\sum \Delta_i)^2\big)"
                r" = \sum \Delta_i^2 - \tfrac1k (\sum \Delta_i)^2",
                SymmetricForms(
                    times(1 / (2 * _k), gaps(_k)),
                    centred_norm(_k),
                    explicit=_pair_matrix,
                    sizes=tuple({_k: k} for k in range(2, 7)),
                ),
                covers="all k",
            ),
        ),
    )


def _projection_form() -> Proof:
    return Proof(
        "T1",
        "projection_form",
        r"\|H z\|^2 = \min_c \|z - c \mathbf 1\|^2,\quad z = \log p - \log p'",
        (
            Step(
                "logits are log-probabilities up to a constant",
                r"H (G f - c \mathbf 1) = H G f,\ c = \log \textstyle\sum_y e^{g(y) \cdot f}",
                WordIdentity(_CENTRING * (G * f - _s * one), _CENTRING * G * f, _LOGITS),
                remark="log p = G f - c 1, so H (log p - log p') is Delta.",
            ),
            Step(
                "no constant does better",
                r"\|z - c \mathbf 1\|^2 - \|H z\|^2 = \|(I - H) z - c \mathbf 1\|^2 \ge 0",
                SumOfSquares(
                    _LOGITS.square(z - _s * one) - _LOGITS.square(_CENTRING * z),
                    ((1, (1 - _CENTRING) * z - _s * one),),
                    _LOGITS,
                ),
                uses=("logits are log-probabilities up to a constant",),
            ),
            Step(
                "the mean attains it",
                r"z - \bar z \mathbf 1 = H z",
                WordIdentity(z - one * (_LOGITS.transposed(one) * z) / _k, _CENTRING * z, _LOGITS),
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T1."""
    return (
        _triangle(),
        _symmetry(),
        _gauge(),
        _shift(),
        _relabelling(),
        _pair_form(),
        _projection_form(),
    )


def _attempt(statement: str, claim: str, step: Step) -> Proof:
    return Proof("T1", statement, claim, (step,))


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T1."""
    norms = _VECTORS.square(x) + _VECTORS.square(y)
    transposed_gauge = _CENTRING * G * _LOGITS.transposed(A_inverse) * A * f
    return (
        _attempt(
            "squared_triangle", r"\|x + y\|^2 \le \|x\|^2 + \|y\|^2",
            Step("square", r"\|x\|^2 + \|y\|^2 - \|x + y\|^2 = \|x - y\|^2",
                 SumOfSquares(norms - _VECTORS.square(x + y), ((1, x - y),), _VECTORS)),
        ),
        _attempt(
            "raw_logits", r"(G + \mathbf 1 c^\top) f = G f",
            Step("logits", r"(G + \mathbf 1 c^\top) f = G f",
                 WordIdentity((G + one * _LOGITS.transposed(shift)) * f, G * f, _LOGITS)),
        ),
        _attempt(
            "gauge_without_transpose", r"H (G A^{-\top}) (A f) = H G f",
            Step("logits", r"H (G A^{-\top}) (A f) = H G f",
                 WordIdentity(transposed_gauge, _CENTRING * G * f, _LOGITS)),
        ),
        _attempt(
            "uncentred_log_probabilities", r"\|z\|^2 \le \|H z\|^2",
            Step("square", r"\|H z\|^2 - \|z\|^2 = \|(I - H) z\|^2",
                 SumOfSquares(_LOGITS.square(_CENTRING * z) - _LOGITS.square(z), ((1, (1 - _CENTRING) * z),), _LOGITS)),
        ),
        _attempt(
            "one_model_relabelled", r"\|\Pi u - u'\|^2 = \|u - u'\|^2",
            Step("norm", r"\|\Pi u - u'\|^2 = \|u - u'\|^2",
                 WordIdentity(_squared_difference(relabel * u, u_other), _squared_difference(u, u_other), _LOGITS)),
        ),
    )  # fmt: skip
