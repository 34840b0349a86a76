"""T15's forms and floors against their definitions."""

import mpmath as mp
import numpy as np
import pytest

from theory import Model, NotApplicable, Pair, kl_divergence
from theory.catalogue import theorem
from theory.catalogue.t15_kl_between_quadratic_forms import statement as t15
from theory.evidence import Verdict, decide
from theory.statements import evaluate

RNG = np.random.default_rng(2)
WIDE = Pair(*(Model(RNG.standard_normal((4, 1)), RNG.standard_normal((6, 1))) for _ in range(2)))  # dim V = 2 of 5
FULL = Pair(*(Model(RNG.standard_normal((4, 3)), RNG.standard_normal((5, 3))) for _ in range(2)))  # all of sum zero


def weights_of(pair):
    return np.minimum(pair.a.probabilities, pair.b.probabilities)


def form_of(w):
    return np.diag(w) - np.outer(w, w) / w.sum()


def direct_floor(pair, basis):
    """The least eigenvalue of Sigma_w on the span of a basis, on each input, from an orthonormal basis."""
    q = np.linalg.qr(basis)[0]
    return np.array([np.linalg.eigvalsh(q.T @ form_of(w) @ q)[0] for w in weights_of(pair)])


@pytest.mark.parametrize("s", [-700.0, -20.0, -1.01, -0.99, -1e-3, -1e-9, 0.0, 1e-9, 0.5, 0.999, 1.0, 3.0, 50.0])
def test_omega_and_its_reverse_have_all_digits(s):
    with mp.workdps(60):
        x = mp.mpf(s)
        omega = (mp.exp(x) - 1 - x) / x**2 if s else mp.mpf(1) / 2
        back = (1 - (1 - x) * mp.exp(x)) / x**2 if s else mp.mpf(1) / 2  # at r = -s
    assert float(t15.omega(np.array(s))) == pytest.approx(float(omega), rel=1e-13)
    if s <= 0:
        assert float(t15.reversed_omega(np.array(-s))) == pytest.approx(float(back), rel=1e-13)


def test_omega_of_a_negative_number_is_no_reversed_omega():
    assert float(t15.omega(np.array(-1.0))) > 1.3 * float(t15.reversed_omega(np.array(1.0)))


@pytest.mark.parametrize("pair", [WIDE, FULL], ids=["wide", "full"])
def test_the_centred_form_is_the_matrix(pair):
    expected = [d @ form_of(w) @ d for w, d in zip(weights_of(pair), pair.logit_difference, strict=True)]
    assert t15.quadratic_form(pair) == pytest.approx(expected, rel=1e-12)


def test_the_floor_on_the_span_of_both_heads():
    basis = np.hstack([WIDE.a.centred_unembeddings, WIDE.b.centred_unembeddings])
    assert 1 / t15.inverse_floor(WIDE, t15.spanning(WIDE)) == pytest.approx(direct_floor(WIDE, basis), rel=1e-9)
    assert t15.spanning(FULL) is None
    whole = np.eye(5)[:, :4] - 0.2
    assert 1 / t15.inverse_floor(FULL, None) == pytest.approx(direct_floor(FULL, whole), rel=1e-9)


def test_the_floor_rises_as_the_span_shrinks_and_is_above_tau():
    one, two = (t15.inverse_floor(WIDE, columns) for columns in (t15.first_head(WIDE), t15.spanning(WIDE)))
    assert (one < two).all()
    assert (two < t15.inverse_floor(WIDE, None)).all()
    assert (t15.inverse_floor(WIDE, None) <= 1 / weights_of(WIDE).min(axis=1) * (1 + 1e-12)).all()


def test_the_floor_keeps_its_digits_where_labels_have_no_mass():
    """w = (1/2, 1/2, e^-200) nearly: v = e_3 - (e_1 + e_2)/2, of squared norm 3/2, has mean -1/2 and form 9 w_3/4."""
    model = Model([[1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0], [-200.0, 0.0]])
    got = float(t15.inverse_floor(Pair(model, model), None)[0])
    assert got == pytest.approx(2 / 3 / float(model.probabilities[0, 2]), rel=1e-12)


def test_the_floor_of_a_shared_head():
    pair = t15.shared(FULL)
    assert np.array_equal(pair.b.unembeddings, FULL.a.unembeddings)
    floor = direct_floor(pair, FULL.a.centred_unembeddings)
    bound = 2 * np.mean(evaluated_kl(pair) / floor)
    statement = theorem("T15").statement("floor_of_a_shared_head")
    assert float(evaluate(statement, FULL).rhs) == pytest.approx(bound, rel=1e-9)


def evaluated_kl(pair):
    return np.array([kl_divergence(pair.a.select_rows([i]), pair.b.select_rows([i])) for i in range(pair.n)])


def test_too_many_eigenvalue_problems_are_declined():
    many = Pair(*(Model(np.ones((900, 1)), np.arange(90.0)[:, None]) for _ in range(2)))
    with pytest.raises(NotApplicable, match="900 eigenvalue problems in 90 dimensions are too many"):
        t15.inverse_floor(many, None)


def test_floors_and_forms_in_batches():
    batch = Pair(
        *(
            Model(*(np.stack([x, x]) for x in (m.embeddings, m.unembeddings)))
            for m in (WIDE.a, WIDE.b)
        )
    )  # fmt: skip
    one, both = (t15.inverse_floor(pair, t15.spanning(pair)) for pair in (WIDE, batch))
    assert both.shape == (2, 4)
    assert both[1] == pytest.approx(one, rel=1e-12)


def test_a_clip_at_another_floor_than_the_constant_is_refuted():
    """The constant belongs to the floor: two labels at 1/1024 violate it with the constant of 1/16."""
    from dataclasses import replace

    low, high = (theorem("T15").statement(name) for name in ("clipped_low", "clipped"))
    family = low.sharp[0]
    pair = family.pair(family.parameter)
    assert decide(low, pair).verdict is Verdict.HOLDS
    assert decide(replace(low, constant=high.constant), pair).verdict is Verdict.REFUTED
