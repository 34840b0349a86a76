"""Pairs of exact rational entries on which the definitions in Coq and in Python are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from jaxtyping import Float

from theory.catalogue import examples
from theory.catalogue.quantities import probe
from theory.catalogue.t08_linear_probes_transfer.statement import flip_band, margins
from theory.models import Model, Pair
from theory.statements import as_floats

_LARGEST_DENOMINATOR = 10**6
"""Entries are multiples of 1/16 and their thirds: a float64 that is one of them is known by its nearest fraction."""


@dataclass(frozen=True)
class Example:
    """A pair, and values in Coq for the binders of a statement.

    Attributes
    ----------
    pair
        Of NumPy arrays with rational entries.
    values
        By binder; ``first`` and ``second`` are the models of the pair.
    """

    pair: Pair
    values: Mapping[str, str]


def _model(embeddings: Sequence[Sequence[float]], unembeddings: Sequence[Sequence[float]]) -> Model:
    return Model(np.array(embeddings), np.array(unembeddings))


# The columns of the centred unembeddings are orthogonal, so that singular values are roots of rationals.
_TEACHER = _model([[1.0, -0.5], [0.25, 0.75]], [[1.0, 0.5], [-1.0, 0.5], [0.0, -1.0]])
_STUDENT = _model([[0.5, -1.0], [0.5, 0.25]], [[1.0, 0.5], [-0.25, 1.0], [0.0, 0.0]])
_LINE = _model([[1.0]], [[0.5], [-1.0], [0.25]])
_OTHER_LINE = _model([[0.75]], [[1.0], [-0.5], [0.0]])


def rational(value: float | Fraction) -> str:
    """Return a rational number as Coq reads it, in parentheses."""
    fraction = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    return (
        f"({fraction.numerator})" if fraction.denominator == 1 else f"({fraction.numerator} / {fraction.denominator})"
    )


def vector(values: Sequence[float] | Float[np.ndarray, " d"]) -> str:
    """Return a vector of rationals as a function of its index."""
    return f"(vector [{'; '.join(rational(value) for value in values)}])"


def matrix(rows: Sequence[Sequence[Fraction]] | Float[np.ndarray, "r c"]) -> str:
    """Return a matrix of rationals as a function of its two indices."""
    written = "; ".join(f"[{'; '.join(rational(value) for value in row)}]" for row in rows)
    return f"(entries [{written}])"


def model(of: Model) -> str:
    """Return a model as Coq reads it."""
    return f"Model {of.m} {matrix(of.embeddings)} {matrix(of.unembeddings)}"


def _exact(array: Float[np.ndarray, "r c"]) -> flint.fmpq_mat:
    fractions = [[Fraction(float(value)) for value in row] for row in array]
    return flint.fmpq_mat([[flint.fmpq(entry.numerator, entry.denominator) for entry in row] for row in fractions])


def _rows(of: flint.fmpq_mat) -> list[list[Fraction]]:
    return [[Fraction(int(of[i, j].p), int(of[i, j].q)) for j in range(of.ncols())] for i in range(of.nrows())]


def _exactly_centred(unembeddings: Float[np.ndarray, "k m"]) -> flint.fmpq_mat:
    k = len(unembeddings)
    projection = flint.fmpq_mat([[flint.fmpq(k * (i == j) - 1, k) for j in range(k)] for i in range(k)])
    return projection * _exact(unembeddings)


def pseudo_inverse(of: Model) -> str:
    """Return the exact pseudo-inverse of the centred unembeddings, which have full column rank."""
    centred = _exactly_centred(of.unembeddings)
    return matrix(_rows((centred.transpose() * centred).inv() * centred.transpose()))


def _of(pair: Pair, **values: str) -> Example:
    return Example(pair, {"n": str(pair.n), "k": str(pair.k), "a": "first", "b": "second", **values})


def plain() -> Example:
    """Return a teacher and a student, n = 2, k = 3, m = 2."""
    return _of(Pair(_TEACHER, _STUDENT))


def one_input() -> Example:
    """Return a teacher and a student, n = 1, k = 3, m = 2."""
    return _of(_one_input())


def sure() -> Example:
    """Return the same with logits five times as large, so that probabilities fall below 1/16 and 1/1024."""
    pair = _one_input()
    return _of(Pair(*(Model(5.0 * of.embeddings, of.unembeddings) for of in (pair.a, pair.b))))


def through_a_third() -> Example:
    """Return the same with the model between them that T1 goes through."""
    return _of(Pair(_TEACHER, _STUDENT), c="(Model 2 (embedding first) (unembedding second))")


def gauged() -> Example:
    """Return the same with a gauge map A and B = A^-T."""
    gauge = np.array([[2.0, 0.0], [0.75, 2.0]])
    return _of(Pair(_TEACHER, _STUDENT), A=matrix(gauge), B=matrix(_rows(_exact(gauge).transpose().inv())))


def shifted() -> Example:
    """Return the same with a shift of all unembeddings."""
    return _of(Pair(_TEACHER, _STUDENT), c=vector([1.0, 2.0]))


def relabelled() -> Example:
    """Return the same with the labels in reverse order."""
    return _of(Pair(_TEACHER, _STUDENT), rename="(fun y => 2 - y)%nat", back="(fun y => 2 - y)%nat")


def resolved() -> Example:
    """Return the same with the pseudo-inverse P and the least singular value s of Gc."""
    pair = Pair(_TEACHER, _STUDENT)
    centred = _exactly_centred(_TEACHER.unembeddings)
    lengths = _rows(centred.transpose() * centred)
    least = min(lengths[i][i] for i in range(pair.m))
    return _of(pair, P=pseudo_inverse(_TEACHER), s=f"(sqrt {rational(least)})")


def _with_floor(pair: Pair) -> Example:
    """Give tau its value: the least probability."""
    least = {
        name: np.unravel_index(np.argmin(of.probabilities), of.probabilities.shape)
        for name, of in (("first", pair.a), ("second", pair.b))
    }
    owner = "first" if pair.a.log_min_probability <= pair.b.log_min_probability else "second"
    x, y = least[owner]
    return _of(pair, tau=f"(probability {pair.k} {owner} {x} {y})")


def with_floor() -> Example:
    """Return a teacher and a student with their floor."""
    return _with_floor(Pair(_TEACHER, _STUDENT))


def two_labels() -> Example:
    """Return a pair of two labels with its floor."""
    return _with_floor(
        Pair(_model([[1.0], [-0.5]], [[0.5], [-0.25]]), _model([[0.75], [0.25]], [[1.0], [-0.5]])),
    )


def square() -> Example:
    """Return the square of scale 3/2."""
    scale = 1.5
    return _of(examples.square(scale), r=rational(scale))


def _probed(pair: Pair, **values: str) -> Example:
    return _of(pair, P=pseudo_inverse(pair.a), w=vector(probe(pair.m)), **values)


def probed() -> Example:
    """Return a teacher and a student, a probe and the pseudo-inverse; the sign flips on one of two inputs."""
    return _probed(_two_inputs())


def _two_inputs() -> Pair:
    teacher = _model([[0.25, 0.75], [1.0, 0.25]], _TEACHER.unembeddings.tolist())
    student = _model([[0.5, 0.25], [0.5, -1.0]], _STUDENT.unembeddings.tolist())
    return Pair(teacher, student)


def _one_input() -> Pair:
    return Pair(
        _model([[0.25, 0.75]], _TEACHER.unembeddings.tolist()), _model([[0.5, 0.25]], _STUDENT.unembeddings.tolist())
    )


def probed_beyond_a_band() -> Example:
    """Return the same with the band that the catalogue chooses."""
    return _probed(_two_inputs(), gamma=rational(float(flip_band(_two_inputs())[0])))


def with_margin() -> Example:
    """Return the same with the margin that the catalogue chooses: 5/4 of the upper median."""
    found = np.sort(as_floats(margins(_two_inputs())))
    return _of(_two_inputs(), gamma=rational(float(found[len(found) // 2]) * 5 / 4))


def flipped() -> Example:
    """Return a pair of one input on which the top labels differ."""
    return _of(
        Pair(
            _model([[0.25, 0.75]], _TEACHER.unembeddings.tolist()),
            _model([[0.5, 0.5]], [[0.0, 1.0], [-0.25, 1.0], [1.0, 0.5]]),
        )
    )


def flipped_coin() -> Example:
    """Return a pair of one input and two labels, the top one of which differs."""
    return _of(Pair(_model([[0.25]], [[1.0], [-0.5]]), _model([[-0.25]], [[1.0], [-0.5]])))


def _by_input(values: Sequence[str]) -> str:
    cases = " ".join(f"| {x} => {value}" for x, value in enumerate(values[:-1]))
    return f"(fun x => match x with {cases} | _ => {values[-1]} end)"


def _ranges(pair: Pair) -> list[str]:
    tops, bottoms = np.argmax(pair.logit_difference, axis=-1), np.argmin(pair.logit_difference, axis=-1)
    change = f"difference {pair.k} first second"
    return [
        f"({change} {x} {top} - {change} {x} {bottom})"
        for x, (top, bottom) in enumerate(zip(tops, bottoms, strict=True))
    ]


def ranged() -> Example:
    """Return a teacher and a student with the range of Delta on each input."""
    pair = Pair(_TEACHER, _STUDENT)
    return _of(pair, range=_by_input(_ranges(pair)))


def largest_range() -> Example:
    """Return the same with the largest range over inputs."""
    pair = Pair(_TEACHER, _STUDENT)
    largest = int(np.argmax(np.ptp(pair.logit_difference, axis=-1)))
    return _of(pair, range=_ranges(pair)[largest])


def mass_on_a_line() -> Example:
    """Return a pair of two labels, where V is spanned by (1, -1) and mu is half of its form."""
    pair = Pair(_model([[1.0], [-0.5]], [[0.5], [-0.25]]), _model([[0.75], [0.25]], [[1.0], [-0.5]]))
    form = f"weighted_variance 2 (smaller_probability 2 first second x) {vector([1.0, -1.0])}"
    return _of(pair, mu=f"(fun x => {form} / 2)")


def aligned_on_a_line() -> Example:
    """Return a pair of dimension one and three labels, where the alignment of each input is a ratio."""
    return _aligned(Pair(_LINE, _OTHER_LINE))


def aligned_coins() -> Example:
    """Return a pair of dimension one and two labels, likewise."""
    return _aligned(Pair(_model([[1.0]], [[0.5], [-0.25]]), _model([[0.75]], [[1.0], [-0.5]])))


def _aligned(pair: Pair) -> Example:
    one, k = vector([1.0]), pair.k
    weights, direction = f"(smaller_probability {k} first second x)", f"(image {k} first {one})"
    form = f"information {k} first second x {one} {one}"
    aligned = f"weighted_covariance {k} {weights} {direction} (centred_logit {k} second x) / {form}"
    values = {
        "counts": "(fun _ => true)",
        "h": f"(fun x _ => {aligned})",
        "lambda": f"(fun x => {form})",
        "v": one,
        "z": f"(fun x _ => 1 / {form})",
    }
    return _of(pair, **values)
