"""Probes: free of scale, what they read of a teacher by hand, and the accuracy that logits guarantee, attained."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score as accuracy

from empirics.probes import (
    Probe,
    direction_r2,
    fit_probe,
    guaranteed_probe_accuracy,
    squared_score_shift,
    transferred_probe,
)
from theory import (
    DegenerateInput,
    InvalidInput,
    Model,
    RankDeficient,
    canonical_correlations,
    squared_logit_distance,
)
from theory.measures.variants import whitened_logit_distance
from theory.pairs.strategies import any_pairs, nearly_equal_pairs


def clusters(n, m, c, seed, spread=1.5):
    rng = np.random.default_rng(seed)
    centres = spread * np.random.default_rng(99).standard_normal((c, m))
    y = rng.integers(c, size=n)
    return centres[y] + rng.standard_normal((n, m)), y


TRAIN, TRAIN_Y = clusters(1500, 5, 4, 0)
VALID, VALID_Y = clusters(500, 5, 4, 1)
TEST, TEST_Y = clusters(1000, 5, 4, 2)


def predictions(change=lambda X: X):
    return fit_probe(change(TRAIN), TRAIN_Y, change(VALID), VALID_Y).predict(change(TEST))


# --------------------------------------------------------------------------- fitting


def test_a_probe_reaches_the_best_possible_accuracy():
    centres = 1.5 * np.random.default_rng(99).standard_normal((4, 5))
    nearest = np.argmin(((TEST[:, None] - centres) ** 2).sum(axis=2), axis=1)
    assert accuracy(predictions(), TEST_Y) > accuracy(nearest, TEST_Y) - 0.01 > 0.85


@pytest.mark.parametrize("factor", [2.0**-7, 2.0**20, 2.0**-200])
def test_powers_of_two_change_no_prediction(factor):
    """They change no digit either, so equality is exact."""
    assert np.array_equal(predictions(lambda X: X * factor), predictions())


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X * 0.01,
        lambda X: X * 1e6,
        lambda X: X + 1e4,
        lambda X: X @ np.random.default_rng(5).standard_normal((5, 5)) - 3.0,
        lambda X: X * np.array([1e-8, 1e-3, 1.0, 1e4, 1e9]),
        lambda X: np.hstack([X, np.full((len(X), 1), 0.1)]),  # a constant column
        lambda X: np.hstack([X, 0.1 + 1e-17 * np.sign(X[:, :1])]),  # one that is constant to rounding
        lambda X: np.hstack([X, X[:, :2] - 2 * X[:, 1:3]]),  # dependent columns
    ],
)
def test_affine_maps_change_predictions_by_rounding_only(change):
    """An unscaled probe with a fixed penalty fails here: at a hundredth of the size it sees nothing."""
    assert np.mean(predictions(change) != predictions()) <= 0.002


def test_scores_are_in_the_units_of_the_embeddings():
    small = fit_probe(TRAIN / 128, TRAIN_Y, VALID / 128, VALID_Y)
    plain = fit_probe(TRAIN, TRAIN_Y, VALID, VALID_Y)
    assert np.allclose(small.weights, 128 * plain.weights)
    assert np.allclose(small.scores(TEST / 128), plain.scores(TEST))


def test_it_is_deterministic():
    first, second = (fit_probe(TRAIN, TRAIN_Y, VALID, VALID_Y) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)


def test_the_penalty_is_chosen_on_the_validation_part():
    # Twenty labels without meaning: the strongest penalty loses least. Clear ones: a weak one does.
    rng = np.random.default_rng(0)
    noise = fit_probe(TRAIN[:60], rng.integers(2, size=60), VALID, rng.integers(2, size=len(VALID)))
    assert noise.strength == 0.1
    assert fit_probe(TRAIN, TRAIN_Y, VALID, VALID_Y).strength < 0.1


def test_two_classes_keep_their_names_and_their_boundary():
    # Classes -3 and 7 on a line, symmetric about 5.
    X = np.linspace(-1, 1, 40)[:, None] + 5
    y = np.where(X[:, 0] > 5, 7, -3)
    probe = fit_probe(X, y, X, y)
    assert list(probe.classes) == [-3, 7]
    assert list(probe.predict(np.array([[4.9], [5.1]]))) == [-3, 7]
    assert probe.scores(np.array([[5.0]]))[0] == pytest.approx([0.0, 0.0], abs=1e-2)


def test_what_cannot_be_told_apart_is_predicted_by_frequency():
    constant = np.full((10, 2), 3.0)
    assert set(fit_probe(constant, [0] * 4 + [1] * 6, constant, [0] * 10).predict(constant)) == {1}
    one = fit_probe(TRAIN[:5], [2] * 5, VALID[:5], [2] * 5)
    assert set(one.predict(TEST)) == {2}


def test_classes_that_training_never_saw_do_not_stop_it():
    assert list(fit_probe(TRAIN, TRAIN_Y, VALID, np.where(VALID_Y == 3, 9, VALID_Y)).classes) == [0, 1, 2, 3]
    assert list(fit_probe(TRAIN, TRAIN_Y, VALID, VALID_Y + 50).classes) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((TRAIN[:, :1], TRAIN_Y, VALID, VALID_Y), "validation_X: expected 1 columns"),
        ((TRAIN, TRAIN_Y[:5], VALID, VALID_Y), "train_y: expected 1500 integers"),
        ((TRAIN, TRAIN_Y, VALID, VALID_Y + 0.5), "validation_y: expected 500 integers"),
        ((TRAIN * math.nan, TRAIN_Y, VALID, VALID_Y), "train_X: expected finite"),
        ((torch.ones(3, 2), [0, 1, 0], VALID, VALID_Y), "train_X: expected a NumPy array"),
        ((TRAIN[None], TRAIN_Y, VALID, VALID_Y), "train_X: expected a NumPy array"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        fit_probe(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 1)), np.ones(3), [0, 1]), "intercepts: expected 2"),
        ((np.ones((2, 1)), [0.0, math.inf], [0, 1]), "intercepts: expected 2"),
        ((np.ones((2, 1)), np.ones(2), [1, 0]), "classes: expected 2 ascending"),
        ((np.ones((2, 1)), np.ones(2), [0.0, 1.0]), "classes: expected 2 ascending"),
    ],
)
def test_a_probe_is_checked(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        Probe(*arguments)


def test_a_probe_reads_only_its_own_width():
    with pytest.raises(InvalidInput, match="X: expected 1 columns"):
        Probe(np.ones((2, 1)), np.ones(2), [0, 1]).predict(np.ones((3, 2)))


# --------------------------------------------------------------------------- reading the teacher's representation

SQUARE = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


def test_a_student_of_one_direction_of_two_reads_half():
    assert direction_r2(SQUARE, SQUARE[:, :1], SQUARE, SQUARE[:, :1]) == pytest.approx(0.5)
    # However small the direction that it lacks.
    thin = SQUARE * [1.0, 1e-3]
    assert direction_r2(thin, thin[:, :1], thin, thin[:, :1]) == pytest.approx(0.5)


def test_a_constant_student_reads_nothing_and_a_twisted_one_everything():
    assert direction_r2(SQUARE, np.ones((4, 1)), SQUARE, np.ones((4, 1))) == pytest.approx(0.0)
    twisted = SQUARE @ [[2.0, 1.0], [1.0, 3.0]] + 7
    assert direction_r2(SQUARE, twisted, SQUARE, twisted) == pytest.approx(1.0)


def test_a_read_out_that_fails_on_new_inputs_is_worse_than_the_mean():
    line = np.array([[1.0], [-1.0]])
    # Fitted f = f', met by f = -f': r = 2 f, and 1 - 4.
    assert direction_r2(line, line, line, -line) == pytest.approx(-3.0)


@given(st.integers(0, 10_000))
def test_on_its_own_inputs_it_is_the_mean_squared_canonical_correlation(seed):
    rng = np.random.default_rng(seed)
    m, p = rng.integers(1, 4, size=2)
    f, student = rng.standard_normal((20, m)), rng.standard_normal((20, p))
    rho = canonical_correlations(f, student)
    value = direction_r2(f, student, f, student)
    assert value == pytest.approx(np.sum(rho**2) / m)
    twist = lambda X, seed: X @ np.random.default_rng(seed).standard_normal((X.shape[1],) * 2) + 2  # noqa: E731
    test, student_test = rng.standard_normal((15, m)), rng.standard_normal((15, p))
    plain = direction_r2(f, student, test, student_test)
    changed = direction_r2(twist(f, 1), twist(student, 2), twist(test, 1), twist(student_test, 2))
    assert changed == pytest.approx(plain, rel=1e-6, abs=1e-6)


def test_the_whitened_logit_distance_bounds_what_is_lost():
    rng = np.random.default_rng(4)
    f, g = rng.standard_normal((50, 3)), rng.standard_normal((6, 3))
    a, b = Model(f, g), Model(f + 0.1 * rng.standard_normal(f.shape), g)
    read = direction_r2(a.embeddings, b.embeddings, a.embeddings, b.embeddings)
    assert 1 - whitened_logit_distance(a, b) ** 2 <= read < 1


def test_read_outs_are_checked():
    with pytest.raises(InvalidInput, match="train_student: expected the 4 rows"):
        direction_r2(SQUARE, SQUARE[:3], SQUARE, SQUARE)
    with pytest.raises(InvalidInput, match="test_teacher: expected the 2 columns"):
        direction_r2(SQUARE, SQUARE, SQUARE[:, :1], SQUARE)
    with pytest.raises(DegenerateInput, match="test_teacher: the covariance"):
        direction_r2(SQUARE, SQUARE, SQUARE[:2], SQUARE[:2])


# --------------------------------------------------------------------------- transfer


def disagreement(probe, a, b):
    moved = transferred_probe(probe, a, b)
    return float(np.mean(probe.predict(a.embeddings) != moved.predict(b.embeddings)))


def disagreement_bound(probe, a, b):
    """The guaranteed agreement with the probe's own predictions, turned round: the first bound of the module."""
    return 1.0 - guaranteed_probe_accuracy(probe, a, b, probe.predict(a.embeddings))


LABELS = np.array([[0.5], [-0.5]])  # Gc with pinv (1, -1): f = u_1 - u_2
COIN = Probe([[0.5], [-0.5]], [0.0, 0.0], [0, 1])  # scores (f/2, -f/2), margin |f|


def flipped(share):
    """Ten inputs of margin 1: of a share of them the student keeps nothing but a hair on the other side."""
    f = np.ones((10, 1))
    student = f.copy()
    student[: round(10 * share)] = -1e-9
    return Model(f, LABELS), Model(student, LABELS)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_bound_on_disagreement_is_attained(share):
    # e = (1/2, -1/2) on the share that changes: 2 E||e||^2 / 1 = share.
    a, b = flipped(share)
    assert 2 * squared_score_shift(COIN, a, b) == pytest.approx(share)
    assert disagreement(COIN, a, b) == share
    assert disagreement_bound(COIN, a, b) == pytest.approx(share)
    assert guaranteed_probe_accuracy(COIN, a, b, np.zeros(10, dtype=int)) == pytest.approx(1 - share)


def test_half_the_price_is_too_little():
    """The false twin with E||e||^2 for 2 E||e||^2: at gamma = 1 no margin is smaller, and the bound would be 1/4."""
    a, b = flipped(0.5)
    twin = np.mean(np.abs(a.embeddings) < 1) + squared_score_shift(COIN, a, b)
    assert disagreement(COIN, a, b) > twin + 0.2


def test_margins_at_gamma_are_paid_for_once():
    """P(margin < gamma), not <=: at gamma = 1, the one margin there is, the weaker form would be 1 + share."""
    a, b = flipped(0.1)
    assert disagreement_bound(COIN, a, b) < 0.11


def test_inputs_that_the_probe_gets_wrong_cost_the_guarantee_nothing():
    # Two inputs of margin 4, right; one of margin .01, wrong. Shift 0.1 everywhere: e = (.05, -.05), 2 E||e||^2 = .01.
    a = Model([[4.0], [4.0], [0.01]], LABELS)
    b = Model([[4.1], [4.1], [0.11]], LABELS)
    labels = [0, 0, 1]
    assert guaranteed_probe_accuracy(COIN, a, b, labels) == pytest.approx(2 / 3 - 0.01 / 16)
    # Subtracting the bound on disagreement from the accuracy would give 2/3 - 1/3.
    assert 2 / 3 - disagreement_bound(COIN, a, b) < 0.34


def test_an_equal_distribution_transfers_everything():
    rng = np.random.default_rng(1)
    a = Model(TEST, rng.standard_normal((7, 5)))
    b = a.gauged(rng.standard_normal((5, 5)), rng.standard_normal(5))
    probe = fit_probe(TRAIN, TRAIN_Y, VALID, VALID_Y)
    assert disagreement(probe, a, b) == 0.0
    assert guaranteed_probe_accuracy(probe, a, b, TEST_Y) == pytest.approx(
        accuracy(probe.predict(TEST), TEST_Y), abs=2e-3
    )


def test_a_transferred_probe_is_not_the_same_probe():
    """Without A* the guarantee is false: the student is the teacher turned round, and p is the same."""
    a = Model(np.ones((3, 1)), LABELS)
    b = a.gauged(np.array([[-1.0]]))
    assert disagreement_bound(COIN, a, b) == 0.0
    assert np.mean(COIN.predict(a.embeddings) != COIN.predict(b.embeddings)) == 1.0


@given(any_pairs() | nearly_equal_pairs(), st.integers(0, 10_000), st.integers(1, 4), st.floats(-2.0, 2.0))
def test_the_guarantees_hold(pair, seed, c, log_scale):
    a, b = pair.a, pair.b
    rng = np.random.default_rng(seed)
    probe = Probe(10.0**log_scale * rng.standard_normal((c, a.m)), rng.standard_normal(c), np.arange(c))
    labels = rng.integers(c, size=a.n)
    try:
        moved = transferred_probe(probe, a, b)
    except RankDeficient:
        return
    slack = 1e-9
    changed = np.mean(probe.predict(a.embeddings) != moved.predict(b.embeddings))
    # Where the two models agree to rounding, so do the scores, and ties are broken by rounding.
    tied = np.mean(np.diff(np.sort(probe.scores(a.embeddings), axis=1)[:, -2:], axis=1) < 1e-6) if c > 1 else 0.0
    assert changed <= disagreement_bound(probe, a, b) + slack + tied
    right = accuracy(moved.predict(b.embeddings), labels)
    guaranteed = guaranteed_probe_accuracy(probe, a, b, labels)
    assert guaranteed <= right + slack + tied
    assert guaranteed <= accuracy(probe.predict(a.embeddings), labels) + slack
    assert guaranteed >= accuracy(probe.predict(a.embeddings), labels) - disagreement_bound(probe, a, b) - slack
    moved_by = np.linalg.norm(probe.centred_weights @ a.unembedding_pseudo_inverse, 2) ** 2
    assert squared_score_shift(probe, a, b) <= moved_by * squared_logit_distance(a, b) * (1 + 1e-6) + slack


def test_a_narrower_student_has_a_transferred_probe():
    rng = np.random.default_rng(2)
    a, b = (Model(rng.standard_normal((9, m)), rng.standard_normal((6, m))) for m in (3, 2))
    probe = Probe(rng.standard_normal((4, 3)), np.zeros(4), np.arange(4))
    assert transferred_probe(probe, a, b).weights.shape == (4, 2)
    assert 0 <= disagreement_bound(probe, a, b) <= 1


def test_a_teacher_without_diversity_guarantees_nothing():
    flat = Model(np.ones((4, 2)), np.ones((3, 2)))
    probe = Probe(np.ones((2, 2)), np.zeros(2), [0, 1])
    for ask in (transferred_probe, squared_score_shift, disagreement_bound):
        with pytest.raises(RankDeficient, match="diversity fails"):
            ask(probe, flat, flat)


def test_transfers_are_checked():
    a, _ = flipped(0.5)
    with pytest.raises(InvalidInput, match="probe: expected weights of 1 columns"):
        transferred_probe(Probe(np.ones((2, 2)), np.zeros(2), [0, 1]), a, a)
    with pytest.raises(InvalidInput, match="labels: expected 10 integers"):
        guaranteed_probe_accuracy(COIN, a, a, [0])
    batch = Model(np.ones((2, 3, 1)), np.ones((2, 2, 1)))
    with pytest.raises(InvalidInput, match="teacher: expected one model of NumPy arrays"):
        transferred_probe(COIN, batch, batch)
