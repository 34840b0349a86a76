r"""T7: without a floor on probabilities, no bound in KL exists.

Three exact families in closed form, along which KL -> 0 exponentially in r while the logit distance grows and the
embeddings lose directions for good:

(A) pentagon, m = 2, k = n = 5: f_j = (cos, sin)(2 pi j / 5), g_j = r f_j; the second model has doubled angles.
    Same top labels; E f f'^T = 0, so every correlation is 0; A* = 0; d_rep^2 = 7/2, d_vol^2 = 3, d_logit^2 = 5 r^2;
    KL = sqrt5 r (e^{r c1} - e^{r c2}) / (e^r + 2 e^{r c1} + 2 e^{r c2}), c1 = (sqrt5 - 1)/4, c2 = -(sqrt5 + 1)/4.
(B) square, m = 2, k = 4, labels 1 and 2 swapped together with their inputs: KL = r (t - 1)/(t + 1)^2, t = e^r,
    d_logit^2 = 2 r^2, rho = (1, 0), d_rep^2 = 3/2.
(D) smallest, m = 1, k = 2, n = 4: logit pairs +-{(r, cr), (cr, r)}: rho = 2c/(1 + c^2) for every r,
    KL = ((c - 1)/2) r (sigma(cr) - sigma(r)).

References
----------
arXiv 2506.03784 (2025), Theorem 3.1, for the phenomenon; the families are derived here.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from theory.arithmetic.arrays import Array, square
from theory.catalogue import examples
from theory.catalogue.quantities import (
    full_rank_embeddings,
    kl,
    one_minus_mean_cca,
    ratio,
    rational,
    squared_d_rep,
    squared_distance,
)
from theory.claims import Domain
from theory.measures.dissimilarities import squared_alignment_error_of, squared_volume_dissimilarity_of
from theory.measures.distances import top_label_agreement
from theory.models import Pair
from theory.statements import ExtremalFamily, FalseTwin, KnownAnswer, Statement, Theorem

_SCALES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)  # of the tables; at 40 KL is below 1e-10 on the pentagon


def _members(name: str, member: object) -> tuple[ExtremalFamily, ...]:
    return tuple(ExtremalFamily(f"{name}, r={r:g}", "", member, r) for r in _SCALES)  # type: ignore[arg-type]


_PENTAGON = _members("pentagon", examples.pentagon)
_SQUARE = _members("square", examples.square)
_SMALLEST = _members("smallest", examples.smallest)


def _label_norm(pair: Pair) -> Array:
    """r, the norm of the first unembedding of families A and B."""
    return pair.xp.sqrt(pair.xp.sum(square(pair.a.unembeddings[..., 0, :]), axis=-1))


def _decay(pair: Pair) -> Array:
    r = _label_norm(pair)
    return r * pair.xp.exp(-r * ratio(pair, 69, 100))


def _square_kl(pair: Pair) -> Array:
    """R (t - 1)/(t + 1)^2 with t = e^r, written in e^-r so that it never overflows."""
    r = _label_norm(pair)
    t = pair.xp.exp(-r)
    return r * t * (1 - t) / square(1 + t)


def _smallest_kl(pair: Pair) -> Array:
    xp = pair.xp
    r, cr = (pair.a.embeddings[..., i, 0] for i in (0, 1))
    return (cr - r) / 2 * (1 / (1 + xp.exp(-cr)) - 1 / (1 + xp.exp(-r)))


def _cluster_kl(rho: float) -> float:
    return float(kl(examples.permuted_clusters(rho)))


_RANK = full_rank_embeddings(centred=False)
_SMALL = Domain(dimensions=(1, 3), labels=(2, 6))  # around the shapes of the examples, (2, 5), (2, 4) and (1, 2)


def _twin(name: str, latex: str, why: str, factor: int, family: object, **parts: object) -> FalseTwin:
    settings = {"envelope": kl, "domain": _SMALL, **parts}
    statement = Statement(name, latex, constant=rational(factor), **settings)  # type: ignore[arg-type]
    return FalseTwin(statement, why, family)  # type: ignore[arg-type]


THEOREM = Theorem(
    identifier="T7",
    title="No bound in KL without a floor on probabilities",
    source="arXiv 2506.03784, Theorem 3.1; families derived here",
    summary="KL can vanish while the logit distance grows and every canonical correlation stays zero.",
    statements=(
        Statement(
            "pentagon_kl",
            r"\text{pentagon: } \mathrm{KL} \le \sqrt5\, r\, e^{-(1 - c_1) r} < 2.24\, r\, e^{-0.69 r}",
            lhs=kl, constant=rational(56, 25), envelope=_decay, specimens=_PENTAGON,
        ),
        Statement(
            "pentagon_distance",
            r"\text{pentagon: } d_\mathrm{logit}^2 = 5 r^2 \ge 4.99\, r^2",
            lhs=lambda pair: square(_label_norm(pair)) * ratio(pair, 499, 100), envelope=squared_distance,
            specimens=_PENTAGON,
        ),
        Statement(
            "pentagon_correlations",
            r"\text{pentagon: } 0.999 \le 1 - m_\mathrm{CCA}",
            lhs=rational(999, 1000), envelope=one_minus_mean_cca, specimens=_PENTAGON,
        ),
        Statement(
            "pentagon_d_rep",
            r"\text{pentagon: } 3.499 \le d_\mathrm{rep}^2 = 7/2",
            lhs=rational(3499, 1000), envelope=squared_d_rep, specimens=_PENTAGON,
        ),
        Statement(
            "square_kl",
            r"\text{square: } \mathrm{KL} = r\, (t-1)/(t+1)^2,\ t = e^r",
            lhs=kl, envelope=_square_kl, relation="=", specimens=_SQUARE,
        ),
        Statement(
            "square_distance",
            r"\text{square: } d_\mathrm{logit}^2 = 2 r^2",
            lhs=squared_distance, constant=rational(2), envelope=lambda pair: square(_label_norm(pair)), relation="=",
            specimens=_SQUARE,
        ),
        Statement(
            "square_d_rep",
            r"\text{square: } d_\mathrm{rep}^2 = 3/2",
            lhs=squared_d_rep, envelope=rational(3, 2), relation="=", specimens=_SQUARE,
        ),
        Statement(
            "smallest_kl",
            r"\text{smallest: } \mathrm{KL} = \tfrac{c - 1}{2} r\, (\sigma(cr) - \sigma(r))",
            lhs=kl, envelope=_smallest_kl, relation="=", specimens=_SMALLEST[:5],
        ),
    ),
    twins=(
        _twin("squared_distance", r"d_\mathrm{logit}^2 \le 10^6\, \mathrm{KL}",
              "One-hot models agree in KL however far their small logits are.", 10**6,
              lambda: examples.square(32.0), lhs=squared_distance),
        _twin("canonical_correlations", r"1 - m_\mathrm{CCA} \le 100\, \mathrm{KL}",
              "A direction that only separates excluded labels can be lost at no cost in KL.", 100,
              lambda: examples.square(16.0), lhs=one_minus_mean_cca, hypotheses=(_RANK,)),
        _twin("alignment", r"E\|f - A^* f'\|^2 \le 100\, \mathrm{KL}",
              "The same loss seen by the aligned embeddings.", 100,
              lambda: examples.square(16.0), lhs=squared_alignment_error_of),
        _twin("volume_dissimilarity", r"d_\mathrm{vol}^2 \le 1000\, \mathrm{KL}",
              "No weighting of subsets helps: the loss is in the models.", 1000,
              lambda: examples.square(32.0), lhs=squared_volume_dissimilarity_of),
    ),
    known_answers=(
        KnownAnswer("pentagon KL, r = 10", ".0223", lambda: float(kl(examples.pentagon(10.0))), "derived here"),
        KnownAnswer("pentagon KL, r = 20", "4.45e-5", lambda: float(kl(examples.pentagon(20.0))), "derived here"),
        KnownAnswer("pentagon KL, r = 40", "8.9e-11", lambda: float(kl(examples.pentagon(40.0))), "derived here"),
        KnownAnswer("pentagon d_logit^2 / r^2", "5.000000",
                    lambda: float(squared_distance(examples.pentagon(10.0))) / 100, "derived here"),
        KnownAnswer("pentagon d_rep^2", "3.500000",
                    lambda: float(squared_d_rep(examples.pentagon(10.0))), "derived here"),
        KnownAnswer("pentagon d_vol^2", "3.000000",
                    lambda: float(squared_volume_dissimilarity_of(examples.pentagon(10.0))), "derived here"),
        KnownAnswer("pentagon E||f - A* f'||^2", "1.000000",
                    lambda: float(squared_alignment_error_of(examples.pentagon(10.0))), "derived here"),
        KnownAnswer("pentagon 1 - m_CCA", "1.000000",
                    lambda: float(one_minus_mean_cca(examples.pentagon(10.0))), "derived here"),
        KnownAnswer("pentagon top-label agreement", "1.0", lambda: _agreement(examples.pentagon(10.0)), "derived here"),
        KnownAnswer("pentagon KL closed form, relative difference at r = 10", "0.000000000000",
                    lambda: float(kl(examples.pentagon(10.0))) / _pentagon_kl(10.0) - 1, "derived here"),
        *(KnownAnswer(f"permuted clusters KL, rho = {rho:g}", digits, partial(_cluster_kl, rho), "arXiv 2506.03784, Table 1")
          for rho, digits in ((3.0, ".887"), (8.0, ".069"), (14.0, ".0015"), (18.0, "1e-4"))),
        KnownAnswer("square d_rep^2", "1.500000", lambda: float(squared_d_rep(examples.square(10.0))), "derived here"),
        KnownAnswer("square 1 - m_CCA, rho = (1, 0)", ".500000",
                    lambda: float(one_minus_mean_cca(examples.square(10.0))), "derived here"),
    ),
)  # fmt: skip


def _agreement(pair: Pair) -> float:
    return float(top_label_agreement(pair.a, pair.b))


def _pentagon_kl(r: float) -> float:
    c1, c2 = (math.sqrt(5) - 1) / 4, -(math.sqrt(5) + 1) / 4
    e1, e2 = np.exp(r * (c1 - 1)), np.exp(r * (c2 - 1))
    return float(math.sqrt(5) * r * (e1 - e2) / (1 + 2 * e1 + 2 * e2))
