r"""T1: the logit distance is a metric on conditional distributions with full support.

.. math:: d_\mathrm{logit}^2 = E\|u - u'\|^2 = \tfrac{1}{2k}\,E\sum_{ij}(\Delta_i - \Delta_j)^2
          = \min_c E\|\log p - \log p' - c(x)\mathbf 1\|^2,

u = Gc f the label-centred logits, Delta = u - u'. It does not change under gauge maps (A f, A^-T g), shifts of
all unembeddings, or a relabelling of both models.

Proof. u is the centred log-ratio of p, an injective function of p; the L^2 distance of images under an
injective map is a metric. The second form expands the square; the third is the projection orthogonal to 1.

References
----------
arXiv 2602.15438 (2026), definition of the logit distance; the three forms are standard, checked here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, square
from theory.catalogue import examples
from theory.catalogue.quantities import DIMENSIONS_MAY_DIFFER, distance, squared_distance
from theory.measures.distances import squared_logit_distance
from theory.models import Model, Pair, centre_labels
from theory.statements import FalseTwin, KnownAnswer, Statement, Theorem


def _through(pair: Pair) -> tuple[Pair, Pair]:
    """Return (a, c) and (c, b) with c the third model (F, G')."""
    third = Model(pair.a.embeddings, pair.b.unembeddings)
    return Pair(pair.a, third), Pair(third, pair.b)


def _path(pair: Pair) -> Array:
    first, second = _through(pair)
    return distance(first) + distance(second)


def _squared_path(pair: Pair) -> Array:
    first, second = _through(pair)
    return squared_distance(first) + squared_distance(second)


def _gauge(pair: Pair) -> Array:
    """Return a fixed well-conditioned map that is not orthogonal, with exactly representable entries."""
    matrix = 2.0 * np.eye(pair.m) + 0.75 * np.tri(pair.m, k=-1)
    return pair.xp.asarray(matrix)


def _gauged(pair: Pair) -> Array:
    return squared_distance(Pair(pair.a.gauged(_gauge(pair)), pair.b))


def _gauged_without_transpose(pair: Pair) -> Array:
    gauge = _gauge(pair)
    wrong = pair.xp.linalg.solve(gauge, pair.a.unembeddings.mT).mT  # A^-1 g; the gauge is A^-T g
    return squared_distance(Pair(Model(pair.a.embeddings @ gauge.mT, wrong), pair.b))


def _shifted(pair: Pair) -> Array:
    shift = pair.xp.asarray(np.arange(1.0, pair.m + 1.0))
    return squared_distance(Pair(Model(pair.a.embeddings, pair.a.unembeddings + shift), pair.b))


def _reversed(model: Model) -> Model:
    return Model(model.embeddings, model.xp.flip(model.unembeddings, axis=-2))


def _difference_of_raw_logits(pair: Pair) -> Array:
    return pair.a.embeddings @ pair.a.unembeddings.mT - pair.b.embeddings @ pair.b.unembeddings.mT


def _mean_square(pair: Pair, values: Array) -> Array:
    return pair.xp.mean(pair.xp.sum(square(values), axis=-1), axis=-1)


def _pair_form(pair: Pair) -> Array:
    d = _difference_of_raw_logits(pair)
    gaps = square(d[..., :, None] - d[..., None, :])
    return pair.xp.mean(pair.xp.sum(gaps, axis=(-2, -1)), axis=-1) / (2 * pair.k)


def _projection_form(pair: Pair) -> Array:
    return _mean_square(pair, centre_labels(pair.a.log_probabilities - pair.b.log_probabilities))


def _uncentred_log_probabilities(pair: Pair) -> Array:
    return _mean_square(pair, pair.a.log_probabilities - pair.b.log_probabilities)


def _raw(pair: Pair) -> Array:
    return _mean_square(pair, _difference_of_raw_logits(pair))


def _raw_shifted(pair: Pair) -> Array:
    shift = pair.xp.asarray(np.arange(1.0, pair.m + 1.0))
    return _raw(Pair(Model(pair.a.embeddings, pair.a.unembeddings + shift), pair.b))


def _logit_size(pair: Pair) -> Array:
    """Return the size of what cancels in a difference of logits."""
    return _mean_square(pair, pair.a.embeddings @ pair.a.unembeddings.mT) + _mean_square(
        pair, pair.b.embeddings @ pair.b.unembeddings.mT
    )


def _identity(name: str, latex: str, side: object) -> Statement:
    return Statement(
        name, latex, lhs=squared_distance, envelope=side, relation="=",  # type: ignore[arg-type]
        domain=DIMENSIONS_MAY_DIFFER, cancelled=_logit_size,
    )  # fmt: skip


THEOREM = Theorem(
    identifier="T1",
    title="Logit distance is a metric on conditional distributions",
    source="arXiv 2602.15438; forms and invariances checked here",
    summary="The L2 distance of label-centred logits is a metric that only the distributions can change.",
    statements=(
        Statement(
            "triangle",
            r"d_\mathrm{logit}(a, b) \le d_\mathrm{logit}(a, c) + d_\mathrm{logit}(c, b)",
            lhs=distance,
            envelope=_path,
        ),
        _identity(
            "symmetry", r"d_\mathrm{logit}(a, b) = d_\mathrm{logit}(b, a)", lambda pair: squared_distance(pair.swapped)
        ),
        _identity("gauge", r"d_\mathrm{logit}((A f, A^{-\top} g), b) = d_\mathrm{logit}(a, b)", _gauged),
        _identity("shift", r"d_\mathrm{logit}((f, g + c), b) = d_\mathrm{logit}(a, b)", _shifted),
        _identity(
            "relabelling",
            r"d_\mathrm{logit}(a \circ \pi, b \circ \pi) = d_\mathrm{logit}(a, b)",
            lambda pair: squared_distance(Pair(_reversed(pair.a), _reversed(pair.b))),
        ),
        _identity(
            "pair_form",
            r"d_\mathrm{logit}^2 = \tfrac{1}{2k} E \sum_{ij} (\Delta_i - \Delta_j)^2",
            _pair_form,
        ),
        _identity(
            "projection_form",
            r"d_\mathrm{logit}^2 = \min_c E \|\log p - \log p' - c(x)\mathbf{1}\|^2",
            _projection_form,
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "squared_triangle",
                r"d_\mathrm{logit}^2(a, b) \le d_\mathrm{logit}^2(a, c) + d_\mathrm{logit}^2(c, b)",
                lhs=squared_distance,
                envelope=_squared_path,
            ),
            "The square of a metric is not one: a midpoint halves the distance and quarters its square.",
        ),
        FalseTwin(
            Statement(
                "raw_logits",
                r"E\|F G^\top - F' G'^\top\|^2 \text{ is unchanged by } g \mapsto g + c",
                lhs=_raw,
                envelope=_raw_shifted,
                relation="=",
            ),
            "Raw logits are no function of p: shifting all unembeddings moves them and leaves p alone.",
        ),
        FalseTwin(
            Statement(
                "gauge_without_transpose",
                r"d_\mathrm{logit}((A f, A^{-1} g), b) = d_\mathrm{logit}(a, b)",
                lhs=squared_distance,
                envelope=_gauged_without_transpose,
                relation="=",
                domain=DIMENSIONS_MAY_DIFFER,
            ),
            "The gauge acts on g by the inverse transpose; without the transpose it changes p.",
        ),
        FalseTwin(
            Statement(
                "uncentred_log_probabilities",
                r"E\|\log p - \log p'\|^2 \le d_\mathrm{logit}^2",
                lhs=_uncentred_log_probabilities,
                envelope=squared_distance,
            ),
            "Centring is a projection: without it the norm is larger, not smaller.",
        ),
        FalseTwin(
            Statement(
                "one_model_relabelled",
                r"d_\mathrm{logit}(a \circ \pi, b) = d_\mathrm{logit}(a, b)",
                lhs=squared_distance,
                envelope=lambda pair: squared_distance(Pair(_reversed(pair.a), pair.b)),
                relation="=",
            ),
            "Labels are shared: renaming them in one model only changes what is compared.",
        ),
    ),
    known_answers=(
        KnownAnswer(
            "rotation example, squared distance", "8084.2",
            lambda: float(squared_logit_distance(*_models(examples.rotation()))), "arXiv 2602.15438",
        ),
        KnownAnswer(
            "small-KL example, squared distance", "672.6",
            lambda: float(squared_logit_distance(*_models(examples.small_kl()))), "arXiv 2602.15438",
        ),
        KnownAnswer(
            "one logit off by 3 among k = 3, squared distance 9 (1 - 1/3)", "6.0",
            lambda: float(squared_logit_distance(
                Model([[1.0]], [[3.0], [0.0], [0.0]]), Model([[1.0]], [[0.0], [0.0], [0.0]])
            )),
            "by hand",
        ),
    ),
)  # fmt: skip


def _models(pair: Pair) -> tuple[Model, Model]:
    return pair.a, pair.b


THEOREM = replace(
    THEOREM,
    ablations=(
        THEOREM.ablation_by_twin("centring", "raw_logits"),
        THEOREM.ablation_by_twin("the inverse transpose", "gauge_without_transpose"),
        THEOREM.ablation_by_twin("relabelling both models", "one_model_relabelled"),
    ),
)
