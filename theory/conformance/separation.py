"""Whether D(a, b) = 0 tells that two models have the same conditional distributions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory.conformance.climbing import climbed
from theory.conformance.inputs import generator, pairs
from theory.conformance.relations import ENOUGH, Case, Relation, in_digits
from theory.conformance.results import Counterexample, PropertyResult, PropertyVerdict
from theory.conformance.subject import NoValue, OutOfTime, Subject, perturbed
from theory.evidence import Evidence
from theory.measures.distances import total_variation
from theory.models import Model

_PAIRS = 40  # with a dozen relatives each: the shapes of the inputs four times over
_APART = 0.01  # total variation of distributions that are not the same by any account
_ZERO = 1e-10  # share of the scale below which many digits are asked
_NEAR = 1e-6  # share of the scale below which a value is asked how far it is from zero by rounding alone
_MARGIN = 4  # multiple of the change seen under rounding, by three samples, that a value above zero must exceed
_LEFT = 0.1  # share of a value that is zero but for rounding which many digits may leave of it
_BARRIER = 1e9  # in units of the scale: above every value, so that climbs turn back
_FEWEST = 6  # pairs tried before the time may run out: the first pair and some of its relatives
_TINY = 1e-300  # in place of a scale of zero

_SEPARATES = Relation("D(a, b) > 0", ("0", "D(a, b)"), lambda D, i: (0.0, abs(D(i["a"], i["b"]))), False, True)


def separates_distributions(subject: Subject) -> PropertyResult:
    """D(a, b) = 0 only if p(y|x) is the same in both models for all labels and inputs.

    |D| is minimised over pairs whose distributions are at least 0.01 apart in total variation.
    """
    name = "separates_distributions"
    if subject.metric.on == "embeddings":
        return PropertyResult(
            name, PropertyVerdict.NOT_APPLICABLE, None, 0, "the measure sees embeddings, not distributions"
        )
    trials, least, silent, cut_off = 0, np.inf, "", False
    apart = _Apart(subject)
    for case in climbed(apart, _cases(subject), lambda lhs, rhs: -rhs):
        if trials >= _FEWEST:
            try:
                subject.check_time()
            except OutOfTime:
                cut_off = True
                break
        a, b = case.inputs["a"], case.inputs["b"]
        assert isinstance(a, Model)
        assert isinstance(b, Model)
        distance = total_variation(a, b)
        if distance < _APART:
            continue
        try:
            value = abs(subject.distance(a, b))
            noise = _spread(subject, a, b, value) if value < _NEAR * subject.scale else 0.0
        except NoValue as error:
            silent = str(error)
            continue
        trials += 1
        least = min(least, value)
        if (
            value == 0
            or value <= _MARGIN * noise
            or (value <= _ZERO * subject.scale and _vanishes(subject, a, b, value))
        ):
            message = f"D(a, b) = {value:.3g} for models whose distributions are {distance:.3g} apart (total variation)"
            values = {"D(a, b)": value, "total_variation(a, b)": float(distance)}
            return PropertyResult(
                name,
                PropertyVerdict.FAILS,
                Evidence.FLOAT64,
                trials,
                message,
                Counterexample("D(a, b) > 0 where p differs", {"a": a, "b": b}, values),
            )
    if not trials:
        return PropertyResult(name, PropertyVerdict.INCONCLUSIVE, None, 0, f"no value on any pair: {silent}")
    message = f"least D among {trials} pairs of different distributions: {least:.3g}"
    if cut_off and trials < ENOUGH:
        return PropertyResult(
            name, PropertyVerdict.INCONCLUSIVE, None, trials, f"{message}; there was no time for more"
        )
    evidence = Evidence.SAMPLED if cut_off or subject.late else Evidence.ATTACKED
    return PropertyResult(name, PropertyVerdict.HOLDS, evidence, trials, message)


def _vanishes(subject: Subject, a: Model, b: Model, value: float) -> bool:
    """Whether many digits make less of a small value: it may be a power of a distance, small but not zero."""
    case = Case(_SEPARATES, {"a": a, "b": b})
    found = in_digits(subject, case)
    return found is not None and bool(abs(found[1]) < _LEFT * value)


def _spread(subject: Subject, a: Model, b: Model, value: float) -> float:
    rng = np.random.default_rng([subject.seed, 6])
    return max(abs(abs(subject.distance(perturbed(rng, a), perturbed(rng, b))) - value) for _ in range(3))


class _Apart(Subject):
    """The measure on pairs with different distributions, and out of reach elsewhere, so that climbs stay away."""

    def __init__(self, subject: Subject) -> None:
        self.__dict__ = subject.__dict__  # one measure, one count of its evaluations

    def distance(self, first: object, second: object) -> float:
        """Return D, or a barrier where the distributions are nearly the same."""
        assert isinstance(first, Model)
        assert isinstance(second, Model)
        apart = float(total_variation(first, second))
        value = super().distance(first, second)
        return value if apart >= 2 * _APART else _BARRIER * max(self.scale, _TINY)


def _cases(subject: Subject) -> Iterator[Case]:
    ends = np.array([[1.0], [-1.0]])  # two labels and opposite inputs: whatever is standardised forgets how certain
    yield Case(_SEPARATES, {"a": Model(ends, ends), "b": Model(3 * ends, ends)})
    # Four labels below a hundredth lose what four others gain: whatever clips or smooths small probabilities is blind.
    rare = np.array([0.96] + 4 * [0.0099] + 4 * [0.0001])
    exchanged = rare[[0, 5, 6, 7, 8, 1, 2, 3, 4]]
    rarely = [Model(ends**2, np.log(shares)[:, None]) for shares in (rare, exchanged)]
    yield Case(_SEPARATES, {"a": rarely[0], "b": rarely[1]})
    for index, (a, b) in enumerate(pairs("models", subject.seed, _PAIRS, equal=True)):
        assert isinstance(a, Model)
        assert isinstance(b, Model)
        for other in (b, *_relatives(a, generator(subject.seed, 7, index))):
            yield Case(_SEPARATES, {"a": a, "b": other})


def _relatives(a: Model, rng: np.random.Generator) -> Iterator[Model]:
    """Yield models that agree with one in something: embeddings, unembeddings, directions, most inputs, sums."""
    f, g = a.embeddings, a.unembeddings
    yield Model(f, rng.standard_normal(g.shape) * (np.std(g) or 1.0))
    yield Model(rng.standard_normal(f.shape) * (np.std(f) or 1.0), g)
    yield Model(3 * f, g)  # the same order of labels: the same predictions, the same standardised logits
    yield Model(f, -g)
    yield Model(f + rng.standard_normal(a.m) * np.std(f), g)
    yield Model(f @ rng.standard_normal((a.m, a.m)), g)
    yield Model(f, g[rng.permutation(a.k)])  # the same probabilities, of other labels
    yield Model(f[rng.permutation(a.n)], g)  # the same distributions, of other inputs
    moved = f.copy()
    moved[rng.integers(a.n)] *= -1
    yield Model(moved, g)  # one input in n
    moved = g.copy()
    moved[rng.integers(a.k)] += rng.standard_normal(a.m)
    yield Model(f, moved)  # one label in k
    centred = g - g.mean(axis=0)
    outside = rng.standard_normal(g.shape) * (np.std(g) or 1.0)
    outside -= outside.mean(axis=0)
    yield Model(f, g + outside - centred @ np.linalg.lstsq(centred, outside, rcond=None)[0])  # off a's span of labels
    swapped = g.copy()
    bottom = np.argsort((f @ g.T).mean(axis=0))[:2]
    swapped[bottom] = swapped[bottom[::-1]]
    yield Model(f, swapped)  # labels that are rarely predicted
