"""What is measured of one trained student against its teacher: numbers where they exist, reasons where they do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from empirics.calibration import (
    accuracy,
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    require_labels,
)
from empirics.probes import Probe, fit_probe, guaranteed_probe_accuracy, transferred_probe
from theory.errors import DegenerateInput, InvalidInput, NotApplicable
from theory.measures.dissimilarities import (
    IdentifiabilityProfile,
    alignment_error,
    identifiability_profile,
    require_full_rank,
    volume_dissimilarity,
)
from theory.measures.distances import kl_divergence, logit_distance, top_label_agreement
from theory.measures.registry import CERTIFYING
from theory.measures.registry import MEASURES as REGISTERED
from theory.measures.similarities import mean_cca
from theory.measures.variants import guaranteed_mean_cca, whitened_logit_distance
from theory.models import Model, Pair, centre_rows

DRAWS = 20_000
"""Subsets of labels drawn where there are more than this; else every one is taken. At k = 100 and m = 50 they take
three seconds; from draw to draw the median over them varies by one per cent, the mean by factors (see its tail share).
"""

_SEED = 0  # of the draws: the same subsets for every pair of one shape, so that students are compared on equal terms
_EPS = float(np.finfo(np.float64).eps)

MEASURES = (
    "accuracy",
    "teacher_accuracy",
    "agreement",
    "kl",
    "kl_reversed",
    "logit_distance",
    "whitened_logit_distance",
    "identifiability_dissimilarity",
    "identifiability_dissimilarity_median",
    "identifiability_tail_share",
    "volume_dissimilarity",
    "alignment_error",
    "mean_cca",
    "mean_cca_bound",
    "guaranteed_mean_cca",
    *CERTIFYING,
    "log_min_probability",
    "expected_calibration_error",
    "negative_log_likelihood",
    "brier_score",
)
"""The names of what `measure` returns."""


@dataclass(frozen=True)
class Measured:
    """Numbers by name, and why those that are None do not exist.

    Attributes
    ----------
    values
        A finite float, or None.
    reasons
        One sentence for each None and for nothing else.
    """

    values: Mapping[str, float | None]
    reasons: Mapping[str, str]


def _collected(table: Mapping[str, Callable[[], float]]) -> Measured:
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name, compute in table.items():
        values[name] = None
        try:
            with np.errstate(all="ignore"):
                value = float(compute())
        except (NotApplicable, np.linalg.LinAlgError) as error:
            reasons[name] = _in_roles(str(error))
            continue
        if math.isfinite(value):
            values[name] = value
        else:
            reasons[name] = "exceeds the range of float64"
    return Measured(values, reasons)


def _in_roles(reason: str) -> str:
    """Name the models of a reason by what they are here: the library calls them a and b."""
    for argument, role in (("a: ", "teacher: "), ("b: ", "student: ")):
        if reason.startswith(argument):
            return role + reason.removeprefix(argument)
    return reason


def measure(teacher: Model, student: Model, labels: Int[np.ndarray, " n"]) -> Measured:
    r"""Return every measure of `MEASURES` of a student against its teacher on one set of inputs.

    Parameters
    ----------
    teacher, student
        Two models over the same inputs and labels, of NumPy arrays; their dimensions may differ.
    labels
        The true labels, in [0, k).

    Returns
    -------
    Measured
        - ``accuracy``, ``teacher_accuracy``, ``agreement``: shares in [0, 1], the last of inputs with one top label;
        - ``kl``, ``kl_reversed``: KL(teacher || student) and the other way round, in nats;
        - ``logit_distance``: not squared;
        - ``whitened_logit_distance``: in standard deviations of the teacher's embeddings;
        - ``identifiability_dissimilarity``, its ``_median``, ``volume_dissimilarity``, ``alignment_error``: not
          squared, in the units of the teacher's embeddings, which is the model that is inverted;
        - ``identifiability_tail_share``: share of the sum that the largest 1 % of subsets carry;
        - ``mean_cca``: of centred embeddings, over the teacher's dimensions; None for students that have more, whose
          correlations are zero in part by convention and not for what they lack;
        - ``mean_cca_bound``, ``guaranteed_mean_cca``: what the logit distance, and the whitened one, guarantee of it;
        - those of `CERTIFYING`: see `theory.measures.registry`; the teacher is the first model;
        - ``log_min_probability``: log tau, natural, tau the smallest probability of either model;
        - ``expected_calibration_error``, ``negative_log_likelihood``, ``brier_score``: of the student.

    Raises
    ------
    InvalidInput
        If the models do not match, are batches or no NumPy arrays, or the labels are not usable.
    """
    labels = require_labels(teacher, labels)
    require_labels(student, labels)
    pair = Pair(teacher, student)
    profile = _once(lambda: _profile(teacher, student))
    return _collected(
        {
            "accuracy": lambda: accuracy(student, labels),
            "teacher_accuracy": lambda: accuracy(teacher, labels),
            "agreement": lambda: top_label_agreement(teacher, student),
            "kl": lambda: kl_divergence(teacher, student),
            "kl_reversed": lambda: kl_divergence(student, teacher),
            "logit_distance": lambda: logit_distance(teacher, student),
            "whitened_logit_distance": lambda: whitened_logit_distance(teacher, student),
            "identifiability_dissimilarity": lambda: _root_mean(profile()),
            "identifiability_dissimilarity_median": lambda: _root_median(profile()),
            "identifiability_tail_share": lambda: _tail_share(profile()),
            "volume_dissimilarity": lambda: volume_dissimilarity(teacher, student),
            "alignment_error": lambda: alignment_error(teacher, student),
            "mean_cca": lambda: _mean_cca(teacher, student),
            "mean_cca_bound": lambda: mean_cca_bound(teacher, student),
            "guaranteed_mean_cca": lambda: guaranteed_mean_cca(teacher, student),
            **{name: partial(REGISTERED[name].number, teacher, student) for name in CERTIFYING},
            "log_min_probability": lambda: float(pair.log_min_probability),
            "expected_calibration_error": lambda: expected_calibration_error(student, labels),
            "negative_log_likelihood": lambda: negative_log_likelihood(student, labels),
            "brier_score": lambda: brier_score(student, labels),
        }
    )


# --------------------------------------------------------------------------- one profile, three numbers


def _once(compute: Callable[[], IdentifiabilityProfile]) -> Callable[[], IdentifiabilityProfile]:
    """Return a function that computes on its first call and remembers."""
    found: list[IdentifiabilityProfile] = []

    def remembered() -> IdentifiabilityProfile:
        if not found:
            found.append(compute())
        return found[0]

    return remembered


def _profile(teacher: Model, student: Model) -> IdentifiabilityProfile:
    few = math.comb(teacher.k, teacher.m + 1) <= DRAWS
    subsets: int | Literal["all"] = "all" if few else DRAWS
    return identifiability_profile(teacher, student, subsets=subsets, seed=_SEED)


def _root_mean(profile: IdentifiabilityProfile) -> float:
    if profile.mean is None:
        raise NotApplicable(_singular(profile))
    return math.sqrt(profile.mean)


def _root_median(profile: IdentifiabilityProfile) -> float:
    if profile.median is None:
        raise NotApplicable(_singular(profile))
    return math.sqrt(profile.median)


def _tail_share(profile: IdentifiabilityProfile) -> float:
    if profile.tail_share is None:
        raise NotApplicable(_singular(profile))
    return profile.tail_share


def _singular(profile: IdentifiabilityProfile) -> str:
    return (
        f"{profile.singular} of {profile.evaluated} subsets of labels have linearly dependent unembedding differences, "
        f"such as {profile.worst_subset}"
    )


# --------------------------------------------------------------------------- the bound of theorem T4, centred


def _mean_cca(teacher: Model, student: Model) -> float:
    if student.m > teacher.m:
        raise NotApplicable(f"student: expected a dimension of at most {teacher.m}, the teacher's, saw {student.m}")
    return float(mean_cca(teacher.embeddings, student.embeddings))


def mean_cca_bound(teacher: Model, student: Model) -> float:
    r"""Lower bound of the mean canonical correlation (centred) by the logit distance: theorem T4.

    .. math:: 1 - \frac{\lfloor s\rfloor + 1 - \sqrt{1 - (s - \lfloor s\rfloor)}}{m},\qquad
              s = d_\mathrm{logit}^2 / \lambda_m,

    :math:`\lambda_m` the smallest of the m eigenvalues of Cov(u), u the teacher's centred logits; zero where s >= m.
    Eigenvalues and correlations are both centred: T4 centred has tr Cov(Delta) on its right side, which is at most
    d_logit^2. Eigenvalues of E[u u^T] beside centred correlations would not be a bound.

    Returns
    -------
    float
        In [0, 1]; at most `theory.measures.variants.guaranteed_mean_cca`, which does not go through the smallest
        eigenvalue.

    Raises
    ------
    RankDeficient
        If the teacher's centred unembeddings do not have full column rank.
    DegenerateInput
        If the covariance of the teacher's embeddings is singular to rounding.
    NotApplicable
        If the student is wider than the teacher: correlations that the teacher has no directions for are zero by
        convention, and nothing can keep them from it. A narrower one pays for the directions that it lacks.
    """
    if student.m > teacher.m:
        raise NotApplicable(f"student: expected a dimension of at most {teacher.m}, the teacher's, saw {student.m}")
    require_full_rank(teacher, "teacher")
    if teacher.n <= teacher.m:
        raise DegenerateInput(f"teacher: {teacher.n} inputs leave the covariance of {teacher.m} dimensions singular")
    centred = centre_rows(teacher.embeddings)
    # Cov(u) = Gc Cov(f) Gc^T, and f = Q R with orthonormal Q: the singular values of R Gc^T are those of u.
    roots = np.linalg.svd(np.linalg.qr(centred, mode="r") @ teacher.centred_unembeddings.T, compute_uv=False)
    smallest = float(roots[teacher.m - 1])
    if not smallest > 8 * teacher.n * _EPS * float(roots[0]):
        raise DegenerateInput("teacher: the covariance of its logits has a zero eigenvalue in their span, to rounding")
    s = logit_distance(teacher, student) ** 2 / (smallest * smallest / teacher.n)
    lost = np.clip(s - np.arange(teacher.m), 0.0, 1.0)
    return float(1.0 - np.mean(lost / (1.0 + np.sqrt(1.0 - lost))))  # 1 - sqrt(1 - x) without cancellation


# --------------------------------------------------------------------------- concepts


@dataclass(frozen=True, eq=False)
class Splits:
    """A model's embeddings on three sets of inputs, the last with its unembeddings.

    Parameters
    ----------
    train, validation
        Embeddings, shapes (n, m) and (v, m).
    test
        The model on the test inputs.

    Raises
    ------
    InvalidInput
        If the widths differ.
    """

    train: Float[np.ndarray, "n m"]
    validation: Float[np.ndarray, "v m"]
    test: Model

    def __post_init__(self) -> None:
        for name, array in (("train", self.train), ("validation", self.validation)):
            if np.ndim(array) != 2 or np.shape(array)[1] != self.test.m:
                raise InvalidInput(
                    f"{name}: expected {self.test.m} columns, those of test, saw shape {np.shape(array)}"
                )


@dataclass(frozen=True, eq=False)
class Concepts:
    """Integer concepts of the inputs of three splits: one column each.

    Parameters
    ----------
    train, validation, test
        Shapes (n, c), (v, c) and (t, c), c >= 1.

    Raises
    ------
    InvalidInput
        If they are not integers with equally many columns.
    """

    train: Int[np.ndarray, "n c"]
    validation: Int[np.ndarray, "v c"]
    test: Int[np.ndarray, "t c"]

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            array = np.asarray(getattr(self, name))
            if array.ndim != 2 or array.shape[1] < 1 or array.dtype.kind not in "iub":
                raise InvalidInput(
                    f"{name}: expected integers of shape (n, c), saw shape {array.shape} and dtype {array.dtype}"
                )
            object.__setattr__(self, name, array.astype(np.int64))
        widths = {part.shape[1] for part in (self.train, self.validation, self.test)}
        if len(widths) > 1:
            raise InvalidInput(
                f"validation and test: expected the {self.train.shape[1]} columns of train, saw {widths}"
            )

    @property
    def count(self) -> int:
        """Number of concepts."""
        return int(self.train.shape[1])


def fit_concept_probes(model: Splits, concepts: Concepts) -> tuple[Probe, ...]:
    """Fit one probe per concept to a model's embeddings: on a teacher once, for all of its students.

    Raises
    ------
    InvalidInput
        If the rows of embeddings and concepts do not match.
    """
    return tuple(
        fit_probe(model.train, concepts.train[:, j], model.validation, concepts.validation[:, j])
        for j in range(concepts.count)
    )


@dataclass(frozen=True)
class ConceptMeasures:
    """What linear probes read on the test inputs.

    Attributes
    ----------
    mean
        Means over concepts, by the names of `CONCEPT_MEASURES`; reasons for those that are None.
    each
        The same per concept, in their order; None where the mean is None.
    """

    mean: Measured
    each: Mapping[str, tuple[float, ...] | None]


CONCEPT_MEASURES = (
    "concept_accuracy",
    "concept_f1",
    "teacher_concept_accuracy",
    "teacher_concept_f1",
    "transferred_concept_accuracy",
    "guaranteed_concept_accuracy",
)
"""The names of what `concept_measures` returns."""


def concept_measures(
    teacher_probes: tuple[Probe, ...], teacher: Model, student: Splits, concepts: Concepts
) -> ConceptMeasures:
    """Return what linear probes read of each concept on the test inputs: from the student, and from its teacher.

    Parameters
    ----------
    teacher_probes
        One per concept, from `fit_concept_probes` on the teacher.
    teacher
        The teacher on the test inputs.
    student
        The student; probes are fitted to its training embeddings.
    concepts
        Of the inputs of the three splits.

    Returns
    -------
    ConceptMeasures
        All in [0, 1].

        - ``concept_accuracy``, ``concept_f1`` (macro): of probes fitted to the student;
        - ``teacher_concept_accuracy``, ``teacher_concept_f1``: of the teacher's probes;
        - ``transferred_concept_accuracy``: of the teacher's probes moved to the student by A*, without its labels;
        - ``guaranteed_concept_accuracy``: what the logits alone guarantee of the latter.

    Raises
    ------
    InvalidInput
        If the number of probes is not that of concepts, or the rows do not match.
    """
    from sklearn.metrics import accuracy_score, f1_score

    _require_concepts(teacher_probes, teacher, student, concepts)
    truth = concepts.test.T
    macro_f1 = partial(f1_score, average="macro", zero_division=0)  # a class never predicted, or never there, is zero
    said = [probe.predict(student.test.embeddings) for probe in fit_concept_probes(student, concepts)]
    teacher_said = [probe.predict(teacher.embeddings) for probe in teacher_probes]
    of_teachers = list(zip(teacher_probes, truth, strict=True))
    columns: dict[str, Callable[[], list[float]]] = {
        "concept_accuracy": lambda: list(map(accuracy_score, truth, said)),
        "concept_f1": lambda: list(map(macro_f1, truth, said)),
        "teacher_concept_accuracy": lambda: list(map(accuracy_score, truth, teacher_said)),
        "teacher_concept_f1": lambda: list(map(macro_f1, truth, teacher_said)),
        "transferred_concept_accuracy": lambda: [
            accuracy_score(y, transferred_probe(probe, teacher, student.test).predict(student.test.embeddings))
            for probe, y in of_teachers
        ],
        "guaranteed_concept_accuracy": lambda: [
            guaranteed_probe_accuracy(probe, teacher, student.test, y) for probe, y in of_teachers
        ],
    }
    each: dict[str, tuple[float, ...] | None] = dict.fromkeys(columns)

    def mean_of(name: str) -> float:
        found = tuple(columns[name]())
        each[name] = found
        return math.fsum(found) / len(found)

    return ConceptMeasures(_collected({name: partial(mean_of, name) for name in columns}), each)


def _require_concepts(teacher_probes: tuple[Probe, ...], teacher: Model, student: Splits, concepts: Concepts) -> None:
    if len(teacher_probes) != concepts.count:
        raise InvalidInput(f"teacher_probes: expected {concepts.count}, one per concept, saw {len(teacher_probes)}")
    if len(concepts.test) != student.test.n:
        raise InvalidInput(f"concepts.test: expected {student.test.n} rows, those of student, saw {len(concepts.test)}")
    Pair(teacher, student.test)  # refuses models that do not match
