r"""Linear probes on embeddings, free of scale, and what logit distance guarantees of them.

A model is known only up to an invertible linear map of its embeddings, so what is read from embeddings must not depend
on one: features are whitened before a probe is fitted, and its ridge penalty acts on the whitened features.

The guarantee extends theorem T8 of the catalogue to several classes and intercepts. Let a probe on the first model have
scores :math:`s(x) = W f(x) + b` and let the *transferred* probe on the second be :math:`s'(x) = W A^* f'(x) + b`,
:math:`A^* = G_c^+ G'_c`. With :math:`W_c` the weights minus their mean over classes and the margin :math:`\mu(x)` the
largest minus the second largest of s(x), for every :math:`\gamma > 0`

.. math:: P(\arg\max s \ne \arg\max s') \le P(\mu < \gamma) + \frac{2}{\gamma^2}\, E\|W_c G_c^+ \Delta\|^2,

.. math:: P(\arg\max s' = y) \ge P(\arg\max s = y,\ \mu \ge \gamma) - \frac{2}{\gamma^2}\, E\|W_c G_c^+ \Delta\|^2.

Proof. f - A* f' = pinv(Gc) Delta (theorem T3), so s - s' = W pinv(Gc) Delta, and subtracting its mean over classes
leaves e = Wc pinv(Gc) Delta and every difference of two classes as it is. On an input where s prefers i and s' prefers
j, s'_j >= s'_i and s_i - s_j >= margin, so e_i - e_j = (s_i - s_j) - (s'_i - s'_j) >= margin. With
(e_i - e_j)^2 <= 2 ||e||^2, a change of class at a margin of at least gamma has 2 ||e||^2 >= gamma^2, whose
probability is at most 2 E||e||^2 / gamma^2 by Markov's inequality. The first bound adds the inputs of smaller margin;
the second keeps, of those that s gets right, all of larger margin but the ones that may have changed. It is never
weaker than the accuracy of s minus the first bound: inputs of small margin that s gets wrong are not subtracted.

Both are attained, for every share of inputs that change: two classes, all margins gamma, e = 0 on the inputs that stay
and e = (gamma/2, -gamma/2) on those that change. The factor 2 is the price of a difference of two coordinates.

References
----------
Derived here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from theory.arithmetic.arrays import as_real_array, is_numpy
from theory.errors import DegenerateInput, InvalidInput
from theory.measures.dissimilarities import alignment, require_full_rank
from theory.models import Model, Pair, centre_rows

STRENGTHS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Ridge penalties tried, from the strongest: each fit starts from the last. The objective is the mean log-loss plus
strength/2 times the squared weights of the whitened features."""

_EPS = float(np.finfo(np.float64).eps)
_DIRECTION = 1e-10  # relative singular value below which a direction of the embeddings is not one
_TOLERANCE = 1e-5  # largest entry of the gradient at which a fit ends; accuracies no longer move at ten times as much
_STEPS = 300  # of L-BFGS for each penalty; digits take 10 to 120, the weakest penalty the most


@dataclass(frozen=True, eq=False)
class Probe:
    """An affine map from embeddings to one score per class.

    Parameters
    ----------
    weights
        W, shape (c, m), in the units of the raw embeddings: scores are W f + b.
    intercepts
        b, shape (c,).
    classes
        The labels the rows of W stand for, ascending integers, shape (c,).
    strength
        The ridge penalty it was fitted with; 0 where it was not fitted.

    Raises
    ------
    InvalidInput
        If the shapes do not fit, a number is not finite, or the classes are not ascending integers.
    """

    weights: Float[np.ndarray, "c m"]
    intercepts: Float[np.ndarray, " c"]
    classes: Int[np.ndarray, " c"]
    strength: float = 0.0

    def __post_init__(self) -> None:
        weights = _matrix("weights", self.weights, ("c", "m"))
        intercepts, classes = np.asarray(self.intercepts, dtype=np.float64), np.asarray(self.classes)
        if intercepts.shape != weights.shape[:1] or not np.isfinite(intercepts).all():
            raise InvalidInput(f"intercepts: expected {len(weights)} finite numbers, saw shape {intercepts.shape}")
        if classes.shape != weights.shape[:1] or classes.dtype.kind not in "iu" or (np.diff(classes) <= 0).any():
            raise InvalidInput(f"classes: expected {len(weights)} ascending integers, saw {classes!r}")
        for name, array in (("weights", weights), ("intercepts", intercepts), ("classes", classes)):
            object.__setattr__(self, name, array)

    @property
    def centred_weights(self) -> Float[np.ndarray, "c m"]:
        """Wc: weights minus their mean over classes, on which alone the predictions depend."""
        centred: np.ndarray = self.weights - self.weights.mean(axis=0)
        return centred

    def scores(self, X: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n c"]:
        """Return W f + b for each row f of X.

        Raises
        ------
        InvalidInput
            If X is not a finite array of m columns.
        """
        x = _matrix("X", X, ("n", "m"))
        if x.shape[1] != self.weights.shape[1]:
            raise InvalidInput(f"X: expected {self.weights.shape[1]} columns, those of the weights, saw {x.shape[1]}")
        scores: np.ndarray = x @ self.weights.T + self.intercepts
        return scores

    def predict(self, X: Float[np.ndarray, "n m"]) -> Int[np.ndarray, " n"]:
        """Return the class of the highest score on each row of X: the first, among equals.

        Raises
        ------
        InvalidInput
            As `scores`.
        """
        predicted: np.ndarray = self.classes[np.argmax(self.scores(X), axis=1)]
        return predicted


def _matrix(name: str, value: object, axes: tuple[str, str]) -> Float[np.ndarray, "n m"]:
    array = as_real_array(name, value, axes, (1, 1))
    if not is_numpy(array) or array.ndim != 2:
        raise InvalidInput(f"{name}: expected a NumPy array of shape ({', '.join(axes)}), saw shape {array.shape}")
    result: np.ndarray = array
    return result


def _classes(name: str, value: object, n: int) -> Int[np.ndarray, " n"]:
    array = np.asarray(value)
    if array.shape != (n,) or array.dtype.kind not in "iub":
        raise InvalidInput(f"{name}: expected {n} integers, one per row, saw shape {array.shape}, dtype {array.dtype}")
    return array.astype(np.int64)


# --------------------------------------------------------------------------- fitting


@dataclass(frozen=True, eq=False)
class _Whitening:
    """z = T (x - mean), of covariance I on the rows it was made from; directions that are rounding are left out."""

    mean: Float[np.ndarray, " m"]
    transform: Float[np.ndarray, "r m"]

    def __call__(self, x: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n r"]:
        z: np.ndarray = (x - self.mean) @ self.transform.T
        return z


def _whitening(x: Float[np.ndarray, "n m"]) -> _Whitening:
    centred, size = centre_rows(x), np.max(np.abs(x), axis=0)
    spread = np.max(np.abs(centred), axis=0)
    varies = spread > 8 * _EPS * size  # other columns are constant to rounding
    unit = np.where(varies, spread, 1.0)
    # Columns of one size: rank is not to be judged by their units.
    triangle = np.linalg.qr(np.where(varies, centred / unit, 0.0), mode="r")
    _, values, vh = np.linalg.svd(triangle, full_matrices=False)
    # A column that varies little about a large offset carries the rounding of the offset.
    noise = 8 * _EPS * np.sqrt(len(x)) * float(np.max(np.where(varies, size / unit, 0.0)))
    kept = values > max(_DIRECTION * values[0], noise)
    rotated = vh[kept] * np.where(varies, 1.0 / unit, 0.0)
    return _Whitening(x.mean(axis=0), rotated * (np.sqrt(len(x)) / values[kept])[:, None])


def fit_probe(
    train_X: Float[np.ndarray, "n m"],
    train_y: Int[np.ndarray, " n"],
    validation_X: Float[np.ndarray, "v m"],
    validation_y: Int[np.ndarray, " v"],
) -> Probe:
    """Fit a linear probe: multinomial logistic regression on whitened embeddings.

    Parameters
    ----------
    train_X, train_y
        Embeddings and integer classes the weights are fitted to; constant and dependent columns do no harm.
    validation_X, validation_y
        Those on which the ridge penalty is chosen from `STRENGTHS`, by the mean log-loss: it is smooth, so that ties
        of accuracies are not decided by rounding. Inputs of classes that training never saw count for none.

    Returns
    -------
    Probe
        One row of weights per class seen in training, in the units of the raw embeddings. Deterministic; the same
        function of the inputs, to rounding, whatever invertible affine map is applied to the embeddings.

    Raises
    ------
    InvalidInput
        If an argument is not usable, the widths differ, or scikit-learn is missing (the extra ``verify``).

    Notes
    -----
    Whitened features make the problem well conditioned: L-BFGS needs 10 to 50 steps a penalty. All inputs
    are used: 15,000 of them in 50 dimensions and 20 classes take about a second on one core.
    """
    x, x_validation = (
        _matrix(name, v, ("n", "m")) for name, v in (("train_X", train_X), ("validation_X", validation_X))
    )
    y, y_validation = _classes("train_y", train_y, len(x)), _classes("validation_y", validation_y, len(x_validation))
    if x.shape[1] != x_validation.shape[1]:
        raise InvalidInput(
            f"validation_X: expected {x.shape[1]} columns, those of train_X, saw {x_validation.shape[1]}"
        )
    classes, targets = np.unique(y, return_inverse=True)
    whitening = _whitening(x)
    if len(classes) == 1 or not len(whitening.transform):  # nothing to tell apart, or nothing to tell it by
        shares = np.log(np.bincount(targets) / len(y))
        return Probe(np.zeros((len(classes), x.shape[1])), shares, classes)
    seen = np.isin(y_validation, classes)
    z_validation, targets_validation = whitening(x_validation[seen]), np.searchsorted(classes, y_validation[seen])
    fits = _path(whitening(x), targets, len(classes))
    losses = [_log_loss(z_validation @ weights.T + b, targets_validation) for _, weights, b in fits]
    strength, weights, b = fits[int(np.argmin(losses))]
    raw = weights @ whitening.transform
    return Probe(raw, b - raw @ whitening.mean, classes, strength)


def _path(z: np.ndarray, targets: np.ndarray, c: int) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Fit every strength, each from where the last ended: (strength, weights (c, r), intercepts (c,))."""
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError:
        raise InvalidInput("probes need scikit-learn: pip install 'logitbounds[verify]'") from None
    regression = LogisticRegression(tol=_TOLERANCE, max_iter=_STEPS, warm_start=True)
    fits = []
    for strength in STRENGTHS:
        regression.set_params(C=1.0 / (strength * len(z)))
        with warnings.catch_warnings():
            # On classes that a plane separates the loss falls for ever as the penalty vanishes; the boundary stands.
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(z, targets)
        weights, b = regression.coef_.copy(), regression.intercept_.copy()
        if c == 2:  # one row for the difference of two classes: half of it for each
            weights, b = np.vstack([-weights, weights]) / 2, np.concatenate([-b, b]) / 2
        fits.append((strength, weights, b))
    return fits


def _log_loss(scores: np.ndarray, targets: np.ndarray) -> float:
    if not len(targets):
        return 0.0
    shifted = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(len(targets)), targets]))


# --------------------------------------------------------------------------- reading the teacher's representation


def direction_r2(
    train_teacher: Float[np.ndarray, "n m"],
    train_student: Float[np.ndarray, "n p"],
    test_teacher: Float[np.ndarray, "t m"],
    test_student: Float[np.ndarray, "t p"],
) -> float:
    r"""What a linear probe on the student reads of the teacher's representation, on inputs it was not fitted to.

    .. math:: 1 - \tfrac1m\, E_\mathrm{test}\big[r^\top \mathrm{Cov}_\mathrm{test}(f)^{-1} r\big],

    r = f - B f' - c, B and c the least-squares read-out of f from f' on the training inputs: the mean of R^2 over the
    whitened directions of the teacher's embeddings, in any orthonormal basis of them, principal directions included.

    Returns
    -------
    float
        In (-inf, 1]. It is not cut off at zero: a negative value says that the read-out is worse than the mean, and
        cutting off each direction would make the mean depend on the basis. Invertible affine maps of either model do
        not change it. Where test inputs are the training inputs it is the mean of the squared canonical
        correlations (centred, over m) and hence at least ``1 - d_w^2``, d_w the whitened logit distance.

    Raises
    ------
    InvalidInput
        If an array is not usable, or their rows or columns do not match.
    DegenerateInput
        If the covariance of the teacher's test embeddings is singular to rounding.

    References
    ----------
    Derived here.
    """
    arrays = {
        "train_teacher": train_teacher, "train_student": train_student,
        "test_teacher": test_teacher, "test_student": test_student,
    }  # fmt: skip
    f, student, f_test, student_test = (_matrix(name, array, ("n", "m")) for name, array in arrays.items())
    for part, first, second in (("train", f, student), ("test", f_test, student_test)):
        if len(first) != len(second):
            raise InvalidInput(f"{part}_student: expected the {len(first)} rows of {part}_teacher, saw {len(second)}")
    for who, first, second in (("teacher", f, f_test), ("student", student, student_test)):
        if first.shape[1] != second.shape[1]:
            raise InvalidInput(
                f"test_{who}: expected the {first.shape[1]} columns of train_{who}, saw {second.shape[1]}"
            )
    scale = _whitening(f_test)
    m = f.shape[1]
    if len(scale.transform) < m:
        raise DegenerateInput("test_teacher: the covariance of its embeddings is singular to rounding")
    features = _whitening(student)
    # Orthonormal features: the least-squares read-out is a mean of products.
    z, mean = features(student), f.mean(axis=0)
    readout = z.T @ (f - mean) / len(f)
    residual = (f_test - mean - features(student_test) @ readout) @ scale.transform.T
    return float(1.0 - np.mean(np.sum(residual * residual, axis=1)) / m)


# --------------------------------------------------------------------------- probes that transfer


def transferred_probe(probe: Probe, teacher: Model, student: Model) -> Probe:
    """Return the probe W A* f' + b on the student's embeddings, A* = pinv(Gc) G'c: no label of a concept is needed.

    Parameters
    ----------
    probe
        A probe on the teacher's embeddings.
    teacher, student
        Two models over the same inputs and labels, unbatched, of NumPy arrays; their dimensions may differ.

    Raises
    ------
    RankDeficient
        If the teacher's centred unembeddings do not have full column rank, so that A* is one of many.
    InvalidInput
        If the probe is not one of the teacher's dimension, or the models do not match.
    """
    _require_probe(probe, teacher, student)
    return replace(probe, weights=probe.weights @ alignment(teacher, student))


def _require_probe(probe: Probe, teacher: Model, student: Model) -> Pair:
    pair = Pair(teacher, student)
    if pair.batch or not is_numpy(teacher.embeddings):
        raise InvalidInput(f"teacher: expected one model of NumPy arrays, saw {teacher!r}")
    if probe.weights.shape[1] != teacher.m:
        raise InvalidInput(f"probe: expected weights of {teacher.m} columns, saw shape {probe.weights.shape}")
    return pair


def squared_score_shift(probe: Probe, teacher: Model, student: Model) -> float:
    """E||Wc pinv(Gc) Delta||^2: by how much the scores of the transferred probe differ, centred over classes.

    Raises
    ------
    RankDeficient, InvalidInput
        As `transferred_probe`.
    """
    pair = _require_probe(probe, teacher, student)
    require_full_rank(teacher, "teacher")
    shift = pair.logit_difference @ (probe.centred_weights @ teacher.unembedding_pseudo_inverse).T
    return float(np.mean(np.sum(shift * shift, axis=1)))


def _margins(scores: Float[np.ndarray, "n c"]) -> Float[np.ndarray, " n"]:
    if scores.shape[1] == 1:  # one class cannot lose its lead
        return np.full(len(scores), np.inf)
    top = np.partition(scores, -2, axis=1)
    margins: np.ndarray = top[:, -1] - top[:, -2]
    return margins


def _largest_kept(margins: Float[np.ndarray, " r"], n: int, moment: float) -> float:
    """Return max over gamma > 0 of P(margin >= gamma) - moment / gamma^2, zero at least (gamma to infinity).

    Between two margins the first term is constant and the second best at the upper one: gamma runs over margins alone.
    """
    ordered = np.sort(margins[margins > 0])[::-1]
    if not len(ordered):
        return 0.0
    with np.errstate(over="ignore"):  # a margin whose square underflows guarantees nothing
        price = np.divide(moment, ordered * ordered, out=np.full(len(ordered), np.inf), where=ordered * ordered > 0)
    return max(0.0, float(np.max(np.arange(1, len(ordered) + 1) / n - price)))


def guaranteed_probe_accuracy(probe: Probe, teacher: Model, student: Model, labels: Int[np.ndarray, " n"]) -> float:
    """Accuracy that the logits of two models guarantee the transferred probe, whatever the student's embeddings.

    The greatest over gamma > 0 of P(probe right, margin >= gamma) - 2 E||Wc pinv(Gc) Delta||^2 / gamma^2 (see the
    module), and zero at least. It holds for the transferred probe, hence for the best linear probe on the student; not
    for one fitted by another objective, which may be worse. With the probe's own predictions for labels it is one minus
    the first bound of the module, on the share of inputs on which the two probes disagree.

    Returns
    -------
    float
        In [0, 1], at most the accuracy of the probe on the teacher.

    Raises
    ------
    RankDeficient, InvalidInput
        As `transferred_probe`, or if `labels` are not n integers.
    """
    moment = 2 * squared_score_shift(probe, teacher, student)
    scores = probe.scores(teacher.embeddings)
    right = probe.classes[np.argmax(scores, axis=1)] == _classes("labels", labels, teacher.n)
    return _largest_kept(_margins(scores)[right], teacher.n, moment)
