"""Exact algebra: true identities are accepted, false ones rejected, and what cannot be decided is not proved."""

from fractions import Fraction

import pytest
import sympy as sp

from theory import InvalidInput
from theory.proofs.identity import (
    Algebra,
    Identity,
    InvariantForm,
    SymmetricForms,
    WordIdentity,
    centred_norm,
    combination,
    gaps,
    inclusion,
    is_invariant,
    is_zero,
    letters,
    mean_of_squares_over_subsets,
    mean_over_subsets,
    times,
)
from theory.proofs.steps import Status

a, b, k, n, m = sp.symbols("a b k n m", positive=True)
G, P, x, H = letters("G P x H")
GT, PT, xt = (sp.Symbol(f"{name}^T", commutative=False) for name in "GPx")
MATRICES = Algebra({G: (k, m), P: (m, k), x: (k, 1)}, rules=((P * G, 1),))


def proved(obligation):
    return obligation.discharged().status is Status.PROVED


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [
        ((a + b) ** 2, a**2 + 2 * a * b + b**2),
        (1 / a + 1 / b, (a + b) / (a * b)),
        (sp.exp(sp.log(a) - b) * sp.exp(b), a),
        (sp.sqrt(a) * sp.sqrt(a), a),
        (sp.Matrix([a - a, b]), sp.Matrix([0, b])),
        (lambda: (a + 1) ** 3, a**3 + 3 * a**2 + 3 * a + 1),
    ],
)
def test_identities(lhs, rhs):
    assert proved(Identity(lhs, rhs))


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [
        ((a + b) ** 2, a**2 + b**2),
        (sp.Matrix([1, 2]), sp.Matrix([1, 3])),
        (sp.Matrix([1, 2]), sp.Matrix([1])),
        (sp.Float(0.1) + sp.Float(0.2), sp.Float(0.3)),  # a rounding is no proof, either way
        (sp.nan, sp.nan),
        (lambda: 1 / 0, a),
        (sp.Function("u")(a), sp.Function("w")(a)),
    ],
)
def test_false_or_undecided_identities(lhs, rhs):
    assert not proved(Identity(lhs, rhs))


def test_a_rounded_zero_is_no_zero():
    assert not is_zero(sp.Float(1e-30))
    assert is_zero(a - a)
    assert not proved(Identity(sp.Float(0.5) * a, sp.Float(0.5) * a))
    assert not proved(WordIdentity(sp.Float(0.5) * G, sp.Float(0.5) * G, MATRICES))


@pytest.mark.parametrize("side", [a, sp.Integer(0), sp.Matrix([0, a])])
def test_perturbed_identities_are_rejected(side):
    variants = list(Identity(side, side).perturbed())
    assert variants
    assert not any(proved(variant) for _, variant in variants)


def test_words_do_not_commute():
    square = Algebra({G: (k, k), P: (k, k)})
    assert not proved(WordIdentity(G * P, P * G, square))
    assert proved(WordIdentity(G * P, P * G, square, trace=True))
    assert proved(WordIdentity((G + P) ** 2, G**2 + G * P + P * G + P**2, square))


def test_rules_hold_for_transposes():
    assert proved(WordIdentity(P * G, sp.Integer(1), MATRICES))
    assert proved(WordIdentity(GT * PT, sp.Integer(1), MATRICES))
    assert not proved(WordIdentity(G * P, sp.Integer(1), MATRICES))
    assert proved(WordIdentity(G * P * G * P, G * P, MATRICES))


def test_transposes():
    assert MATRICES.transposed(a * G * P * x) == a * xt * PT * GT
    assert MATRICES.transposed(MATRICES.transposed(G * P + a)) == G * P + a
    symmetric = Algebra({H: (k, k), x: (k, 1)}, rules=((H * H, H),), symmetric=(H,))
    assert proved(WordIdentity(symmetric.square(H * x), xt * H * x, symmetric))


def test_a_rule_that_says_a_product_is_symmetric_ends():
    projector = Algebra({G: (k, m), P: (m, k)}, rules=((P * G, 1), (PT * GT, G * P)))
    assert proved(WordIdentity(projector.square(G * P), G * P, projector))


def test_the_trace_of_what_is_left_is_its_size():
    assert proved(WordIdentity(G * P, m, MATRICES, trace=True))
    assert not proved(WordIdentity(G * P, k, MATRICES, trace=True))


def test_rules_without_end_are_not_proved():
    endless = Algebra({G: (k, k), P: (k, k)}, rules=((G, P), (P, G)))
    found = WordIdentity(G, sp.Integer(0), endless).discharged()
    assert found.status is Status.NOT_PROVED
    assert "do not come to an end" in found.detail


@pytest.mark.parametrize(("lhs", "rhs"), [(G * x, G * x), (G, P), (G + 1, G + 1 + P), (xt * x, G)])
def test_matrices_that_do_not_fit_are_not_proved(lhs, rhs):
    found = WordIdentity(lhs + G * G, rhs, MATRICES).discharged()
    assert found.status is Status.NOT_PROVED


def test_the_trace_of_a_matrix_that_is_not_square_is_not_proved():
    assert not proved(WordIdentity(G, G + 0 * P + G, MATRICES, trace=True))


def test_perturbed_words_are_rejected():
    identity = WordIdentity(G * P * G + 2 * G, 3 * G, MATRICES)
    assert proved(identity)
    names = [name for name, variant in identity.perturbed() if not proved(variant)]
    assert len(names) == len(list(identity.perturbed())) == 4


def test_terms_that_vanish_are_not_changed():
    nothing = Algebra({G: (k, m), x: (k, 1)}, rules=((xt * G, 0),))
    assert all("x^T" not in name for name, _ in WordIdentity(xt * G, 2 * xt * G, nothing).perturbed())


def test_algebras_that_contradict_themselves_are_refused():
    with pytest.raises(InvalidInput, match="rules: expected a word on the left"):
        Algebra({G: (k, k)}, rules=((G + 1, 1),))
    with pytest.raises(InvalidInput, match=r"rules: expected .* of one shape"):
        Algebra({G: (k, m), P: (m, k)}, rules=((P * G, P),))
    with pytest.raises(InvalidInput, match="letter: expected one of G"):
        Algebra({G: (k, k)}).shape(x)
    with pytest.raises(InvalidInput, match="names: expected no name ending"):
        letters("G G^T")
    with pytest.raises(InvalidInput, match="expected products of letters"):
        combination(sp.exp(G))


def test_forms_that_permutations_leave_alone():
    assert proved(SymmetricForms(times(1 / (2 * k), gaps(k)), centred_norm(k)))
    assert not proved(SymmetricForms(gaps(k), centred_norm(k)))
    # On vectors of sum zero the squared sum is nothing, elsewhere it is not.
    norm = InvariantForm(sp.Integer(1), sp.Integer(0))
    assert proved(SymmetricForms(centred_norm(k), norm, sum_zero=True))
    assert not proved(SymmetricForms(centred_norm(k), norm))


def _difference_of_first_two(sizes):
    return mean_of_squares_over_subsets(sizes["k"], sizes["k"], lambda _: [{0: Fraction(1), 1: Fraction(-1)}])


def _pairs(sizes):
    return mean_of_squares_over_subsets(sizes["k"], 2, lambda pair: [{pair[0]: Fraction(1), pair[1]: Fraction(-1)}])


def test_forms_are_compared_with_their_definition():
    mean = mean_over_subsets(times(sp.Rational(1, 2), gaps(2)), sp.Integer(2), k)
    right, sizes = times(2 / (k - 1), centred_norm(k)), tuple({k: size} for size in range(2, 6))
    good = SymmetricForms(mean, right, explicit=_pairs, sizes=sizes)
    assert proved(good)
    assert not any(proved(variant) for _, variant in good.perturbed())
    assert len(list(good.perturbed())) == 4
    asymmetric = SymmetricForms(mean, right, explicit=_difference_of_first_two, sizes=({k: 3},)).discharged()
    assert "changes under a permutation" in asymmetric.detail
    other = SymmetricForms(times(2, mean), times(2, right), explicit=_pairs, sizes=sizes).discharged()
    assert "other coefficients" in other.detail
    assert not proved(SymmetricForms(mean, right, sizes=sizes))


def test_inclusion_probabilities():
    one, two = inclusion(n, k)
    assert proved(one)
    assert proved(two)
    assert not proved(Identity(one.lhs, n / (k + 1)))


def test_invariance_needs_both_generators():
    cyclic = tuple(tuple(Fraction(int((j - i) % 4 in (1, 3))) for j in range(4)) for i in range(4))
    assert not is_invariant(cyclic)
    assert is_invariant(tuple(tuple(Fraction(1 + int(i == j)) for j in range(4)) for i in range(4)))
