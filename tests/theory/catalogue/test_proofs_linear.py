"""What the proofs of linear algebra assume of their letters is true of matrices."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from theory.catalogue import theorems
from theory.catalogue.proofs import proofs_of
from theory.catalogue.t02_logit_distance_bounds_d_rep import kappa as t02_kappa
from theory.catalogue.t02_logit_distance_bounds_d_rep import proof as t02
from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import balanced_direction, kappa
from theory.catalogue.t03_pivot_free_alignment import proof as t03
from theory.catalogue.t08_linear_probes_transfer import proof as t08
from theory.catalogue.t09_unembeddings import proof as t09
from theory.catalogue.t10_volume_sampling import proof as t10
from theory.proofs.identity import WordIdentity, combination
from theory.proofs.psd import SumOfSquares

# --------------------------------------------------------------------------- the rules are true of matrices


def value_of(expression, algebra, matrices, numbers):
    """Evaluate a sum of words on matrices; a number stands for itself times an identity matrix."""
    total = 0.0
    for word, coefficient in combination(expression).items():
        product = float(sp.sympify(coefficient).subs(numbers))
        for letter in word:
            plain = letter.name.removesuffix("^T")
            matrix = matrices[plain] if letter.name == plain else matrices[plain].T
            product = product * matrix if np.isscalar(product) else product @ matrix
        total = _added(total, product)
    return total


def _added(total, product):
    """Add matrices, or a number times the identity; zero fits any shape."""
    if np.isscalar(total) and np.isscalar(product):
        return total + product
    if np.isscalar(total):
        return _added(product, total)
    if np.isscalar(product):
        return total if product == 0.0 else total + product * np.eye(*total.shape)
    return total + product


def assert_equal_matrices(left, right):
    gap = _added(left, -right)
    assert np.abs(gap).max() < 1e-9


def _whole(rng):
    k, n = 6, 3
    w = np.column_stack([np.ones(k), rng.standard_normal((k, n - 1))])
    y = rng.standard_normal((k, 1))
    inverse = np.linalg.inv(w.T @ w)
    c = inverse @ w.T @ y
    r, e = y - w @ c, np.eye(n)[:, 1:2]
    matrices = {"W": w, "c": c, "e": e, "r": r, "K": w.T @ w, "K^-1": inverse}
    numbers = {t10._ci: c[1, 0], t10._rho: (r.T @ r)[0, 0], t10._kappa: inverse[1, 1]}
    return t10._WHOLE, matrices, numbers


def _centred(rng):
    k, m = 6, 2
    whole = np.column_stack([np.ones(k), rng.standard_normal((k, m))])
    mean = whole[:, 1:].mean(axis=0)[:, None]
    g = whole[:, 1:] - mean.T
    y = rng.standard_normal((k, 1))
    c = np.linalg.lstsq(whole, y, rcond=None)[0]
    matrices = {
        "G": g, "Q": np.linalg.inv(g.T @ g), "beta": c[1:], "r": y - whole @ c, "D": y, "1": np.ones((k, 1)),
        "mu": mean, "e_0": np.eye(m + 1)[:, :1], "E": np.eye(m + 1)[:, 1:],
    }  # fmt: skip
    return t10._CENTRED, matrices, {t10._k: k}


def _pivot(rng):
    n = 4
    gamma = rng.standard_normal((n, n - 1))
    gamma = gamma - gamma.mean(axis=0)
    left, values, right = np.linalg.svd(gamma, full_matrices=False)
    v = left[:, -1:]
    matrices = {
        "Gamma": gamma, "X": np.linalg.pinv(gamma), "e": np.eye(n)[:, 2:3], "1": np.ones((n, 1)), "v": v,
        "w": right[-1:].T, "y": rng.standard_normal((n, 1)),
    }  # fmt: skip
    return t02._PIVOT, matrices, {t02._n: n, t02._s: values[-1], t02._vp: v[2, 0]}


def _alignment(rng):
    g = rng.standard_normal((5, 2))
    return t03.ALGEBRA, {"G": g, "P": np.linalg.pinv(g)}, {}


def _singular(rng):
    g = rng.standard_normal((5, 2))
    left, values, right = np.linalg.svd(g, full_matrices=False)
    matrices = {"G": g, "P": np.linalg.pinv(g), "v": left[:, -1:], "w": right[-1:].T}
    return t03._SINGULAR, matrices, {t03._s: values[-1]}


def _inputs(rng):
    f = rng.standard_normal((7, 3))
    return t09._INPUTS, {"F": f, "Q": np.linalg.pinv(f)}, {}


def _probes(rng):
    g = rng.standard_normal((5, 2))
    return t08._PROBES, {"G": g, "P": np.linalg.pinv(g)}, {}


@pytest.mark.parametrize("instance", [_whole, _centred, _pivot, _alignment, _singular, _inputs, _probes])
def test_rules_are_true_of_matrices(instance):
    algebra, matrices, numbers = instance(np.random.default_rng(3))
    assert algebra.rules
    for left, right in algebra.rules:
        assert_equal_matrices(value_of(left, algebra, matrices, numbers), value_of(right, algebra, matrices, numbers))


@pytest.mark.parametrize(("identifier", "instance"), [("T10", _whole), ("T10", _centred), ("T2", _pivot)])
def test_identities_of_words_are_true_of_matrices(identifier, instance):
    algebra, matrices, numbers = instance(np.random.default_rng(4))
    tested = 0
    for proof in proofs_of(identifier):
        for step in proof.steps:
            obligation = step.obligation
            if isinstance(obligation, WordIdentity) and obligation.algebra is algebra and not obligation.trace:
                assert_equal_matrices(
                    value_of(obligation.lhs, algebra, matrices, numbers),
                    value_of(obligation.rhs, algebra, matrices, numbers),
                )
                tested += 1
    assert tested >= 1


# --------------------------------------------------------------------------- constants


def test_kappa_is_that_of_the_catalogue():
    for n in range(2, 12):
        formula = t02_kappa.kappa_even(sp.Integer(n)) if n % 2 == 0 else t02_kappa.kappa_odd(sp.Integer(n))
        assert Fraction(int(formula.p), int(formula.q)) == kappa(n)
        assert 1 - balanced_direction(n).min(initial=1.0, where=balanced_direction(n) > 0) ** 2 == pytest.approx(
            1 / float(kappa(n))
        )


def test_every_inequality_between_squares_has_squares():
    squares = [
        step.obligation
        for identifier in theorems()
        for proof in proofs_of(identifier)
        for step in proof.steps
        if isinstance(step.obligation, SumOfSquares)
    ]
    assert len(squares) >= 10
    assert all(each.squares for each in squares)
