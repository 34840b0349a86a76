"""Accuracy, calibration, likelihood and Brier score: numbers worked out by hand, one-hot models, and doors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from empirics.calibration import accuracy, brier_score, expected_calibration_error, negative_log_likelihood
from theory import InvalidInput, Model


def with_probabilities(rows):
    """A model whose probabilities are given: embeddings are the logs, unembeddings the identity."""
    rows = np.log(np.asarray(rows, dtype=float))
    return Model(rows, np.eye(rows.shape[1]))


def coins(tops):
    return with_probabilities([[p, 1 - p] for p in tops])


def test_accuracy_by_hand():
    # The first label wins a tie; predicted 0, 1, 0, 1.
    model = coins([0.9, 0.2, 0.5, 0.4])
    assert accuracy(model, [0, 1, 0, 1]) == 1.0
    assert accuracy(model, [0, 1, 1, 0]) == 0.5
    assert accuracy(model, [1, 0, 1, 0]) == 0.0


def test_calibration_error_by_hand():
    # Bins (8/15, 9/15] and (12/15, 13/15]: .55 and .59 share the first; .85 sits in the second.
    model = coins([0.55, 0.59, 0.85, 0.85])
    labels = [0, 1, 0, 1]
    # |1/2 - .57| * 2/4 + |1/2 - .85| * 2/4
    assert expected_calibration_error(model, labels) == pytest.approx(0.5 * 0.07 + 0.5 * 0.35)


def test_errors_of_opposite_sign_cancel_within_a_bin_only():
    # Confidence .7 and accuracy 1 in one bin, .9 and accuracy 1/2 in another: nothing cancels between them.
    model = coins([0.7, 0.7, 0.9, 0.9])
    assert expected_calibration_error(model, [0, 0, 0, 1]) == pytest.approx(0.5 * 0.3 + 0.5 * 0.4)
    # One bin for all of them: (3 - 3.2) / 4.
    assert expected_calibration_error(model, [0, 0, 0, 1], bins=1) == pytest.approx(0.05)


def test_an_edge_belongs_to_the_bin_below():
    # p = 1/2 exactly: with two bins it is in (0, 1/2], away from .75; were it above, the errors would cancel.
    model = coins([0.5, 0.75])
    assert expected_calibration_error(model, [0, 1], bins=2) == pytest.approx((0.5 + 0.75) / 2)


def test_a_perfect_one_hot_model_has_no_error():
    model = Model([[800.0], [-800.0]], [[1.0], [-1.0]])
    for score in (expected_calibration_error, negative_log_likelihood, brier_score):
        assert score(model, [0, 1]) == 0.0
    assert expected_calibration_error(model, [1, 0]) == 1.0
    assert brier_score(model, [1, 0]) == 2.0
    assert negative_log_likelihood(model, [1, 0]) == 1600.0  # p is no float, its logarithm is


def test_likelihood_and_brier_score_by_hand():
    model = with_probabilities([[0.5, 0.25, 0.25], [0.1, 0.6, 0.3]])
    assert negative_log_likelihood(model, [0, 2]) == pytest.approx(-(math.log(0.5) + math.log(0.3)) / 2)
    assert brier_score(model, [0, 2]) == pytest.approx(((0.25 + 0.0625 + 0.0625) + (0.01 + 0.36 + 0.49)) / 2)


def test_digits_near_one_hot_are_kept():
    # p = 1 - e^-40 to first order: 1 - p is far below the rounding of p.
    model = Model([[20.0]], [[1.0], [-1.0]])
    assert negative_log_likelihood(model, [0]) == pytest.approx(math.exp(-40.0), rel=1e-12, abs=0)
    assert brier_score(model, [0]) == pytest.approx(2 * math.exp(-80.0), rel=1e-12, abs=0)


@given(st.integers(0, 10_000))
def test_they_agree_with_plain_definitions(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 30)), int(rng.integers(2, 6))
    model = Model(rng.standard_normal((n, 3)), rng.standard_normal((k, 3)))
    labels = rng.integers(k, size=n)
    p = model.probabilities
    assert negative_log_likelihood(model, labels) == pytest.approx(log_loss(labels, p, labels=range(k)))
    assert brier_score(model, labels) == pytest.approx(np.mean(np.sum((p - np.eye(k)[labels]) ** 2, axis=1)))
    total = 0.0
    for b in range(15):
        inside = (p.max(axis=1) > b / 15) & (p.max(axis=1) <= (b + 1) / 15)
        if inside.any():
            right = np.mean(p.argmax(axis=1)[inside] == labels[inside])
            total += inside.mean() * abs(right - p.max(axis=1)[inside].mean())
    assert expected_calibration_error(model, labels) == pytest.approx(total)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0], "labels: expected 2 integers"),
        ([0.0, 1.0], "labels: expected 2 integers"),
        ([0, 3], r"labels: expected labels in \[0, 3\), saw 0 to 3"),
        ([-1, 0], r"labels: expected labels in \[0, 3\), saw -1 to 0"),
    ],
)
@pytest.mark.parametrize("score", [accuracy, expected_calibration_error, negative_log_likelihood, brier_score])
def test_labels_are_checked(score, labels, message):
    with pytest.raises(InvalidInput, match=message):
        score(Model(np.ones((2, 1)), np.ones((3, 1))), labels)


def test_bins_and_models_are_checked():
    model = Model(np.ones((2, 1)), np.ones((3, 1)))
    for bins in (0, True, 1.5):
        with pytest.raises(InvalidInput, match="bins: expected a positive integer"):
            expected_calibration_error(model, [0, 1], bins=bins)
    for wrong in (Model(np.ones((2, 2, 1)), np.ones((2, 3, 1))), Model(torch.ones(2, 1), torch.ones(3, 1)), "model"):
        with pytest.raises(InvalidInput, match="model: expected one model of NumPy arrays"):
            brier_score(wrong, [0, 1])
