"""How often predictions are right and how far probabilities can be trusted, in float64.

Shares of right answers are scikit-learn's. Its log-loss and its Brier score are not used: they take probabilities, in
which 1 - p is lost where p is within rounding of one, and those of trained networks are.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from theory.arithmetic.arrays import is_numpy
from theory.errors import InvalidInput
from theory.models import Model

BINS = 15
"""The number of bins that the literature reports calibration errors with."""


def require_labels(model: Model, labels: object) -> Int[np.ndarray, " n"]:
    """Return the labels of a model's inputs as integers.

    Raises
    ------
    InvalidInput
        If `labels` are not n integers in [0, k), or the model is a batch or does not hold NumPy arrays.
    """
    if not isinstance(model, Model) or model.batch or not is_numpy(model.embeddings):
        raise InvalidInput(f"model: expected one model of NumPy arrays, saw {model!r}")
    array = np.asarray(labels)
    if array.shape != (model.n,) or array.dtype.kind not in "iu":
        raise InvalidInput(
            f"labels: expected {model.n} integers, one per input, saw shape {array.shape} and dtype {array.dtype}"
        )
    if array.min() < 0 or array.max() >= model.k:
        raise InvalidInput(f"labels: expected labels in [0, {model.k}), saw {array.min()} to {array.max()}")
    return array.astype(np.int64)


def predicted_labels(model: Model) -> Int[np.ndarray, " n"]:
    """Return the label of highest probability on each input: the first, among equals."""
    labels: np.ndarray = np.argmax(model.centred_logits, axis=-1)
    return labels


def accuracy(model: Model, labels: Int[np.ndarray, " n"]) -> float:
    """Return the share of inputs whose label of highest probability, the first among equals, is the true one.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInput
        If the labels are not usable.
    """
    from sklearn.metrics import accuracy_score  # here, because the other numbers do not need scikit-learn

    return float(accuracy_score(require_labels(model, labels), predicted_labels(model)))


def expected_calibration_error(model: Model, labels: Int[np.ndarray, " n"], bins: int = BINS) -> float:
    r"""Expected calibration error of the top label.

    .. math:: \sum_b \frac{n_b}{n}\,\Big|\frac{1}{n_b}\sum_{i \in b} \mathbf 1[\hat y_i = y_i]
              - \frac{1}{n_b}\sum_{i \in b} \hat p_i\Big|,

    the inputs binned by their top probability into the intervals (b/B, (b+1)/B], b = 0 .. B-1, of equal width.

    Parameters
    ----------
    model
        One model of NumPy arrays.
    labels
        The true labels, in [0, k).
    bins
        B, at least one.

    Returns
    -------
    float
        In [0, 1]. An estimate that depends on the bins and is biased upwards where they hold few inputs.

    Raises
    ------
    InvalidInput
        If the labels or the number of bins are not usable.

    References
    ----------
    M. P. Naeini et al. (2015); with 15 bins, C. Guo et al., "On calibration of modern neural networks" (2017).
    """
    labels = require_labels(model, labels)
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise InvalidInput(f"bins: expected a positive integer, saw {bins!r}")
    top = np.max(model.probabilities, axis=-1)
    # Compared with the edges themselves: a probability on an edge belongs below it, whatever top * bins rounds to.
    which = np.clip(np.searchsorted(np.arange(bins + 1) / bins, top, side="left") - 1, 0, bins - 1)
    gaps = np.bincount(which, (predicted_labels(model) == labels) - top, bins)
    return float(np.sum(np.abs(gaps)) / model.n)


def negative_log_likelihood(model: Model, labels: Int[np.ndarray, " n"]) -> float:
    """Mean of -log p(y|x) over inputs, y the true label.

    Returns
    -------
    float
        In [0, inf), in nats. It keeps its digits where p(y|x) is within rounding of one, or below the smallest float.

    Raises
    ------
    InvalidInput
        If the labels are not usable.
    """
    labels = require_labels(model, labels)
    return -float(np.mean(model.log_probabilities[np.arange(model.n), labels]))


def brier_score(model: Model, labels: Int[np.ndarray, " n"]) -> float:
    r"""Brier score: mean over inputs of :math:`\sum_y (p(y|x) - \mathbf 1[y = y_\mathrm{true}])^2`.

    The sum over all labels, as G. W. Brier (1950) defined it, not the half of it that is common for two labels.

    Returns
    -------
    float
        In [0, 2], relatively accurate also near zero.

    Raises
    ------
    InvalidInput
        If the labels are not usable.
    """
    labels = require_labels(model, labels)
    errors = model.probabilities.copy()
    rows = np.arange(model.n)
    errors[rows, labels] = np.expm1(model.log_probabilities[rows, labels])  # p - 1 without cancellation near one
    return float(np.mean(np.sum(errors * errors, axis=-1)))
