r"""T6: the converse, KL <= d_logit^2 / 4, pointwise and without any hypothesis.

Proof. KL(p || p') = int_0^1 (1 - s) Var_{p_s}(Delta) ds along the exponential path from p to p', with logits
u - s Delta; the covariance of a categorical distribution has norm at most 1/2, so the variance of Delta is at most
||Delta||^2 / 2. Sharp: two labels of probability one half that move apart by little.

References
----------
Derived here.
"""

from __future__ import annotations

from theory.arithmetic.arrays import Array
from theory.catalogue import examples
from theory.catalogue.quantities import distance, kl, rational, squared_distance
from theory.claims import Domain
from theory.measures.distances import mean_over_inputs, pointwise_kl_divergence
from theory.models import Model, Pair
from theory.statements import ExtremalFamily, FalseTwin, KnownAnswer, Statement, Theorem


def coin(eps: float) -> Pair:
    """n = 1, m = 1, k = 2: logits +-eps/2 against -+eps/2."""
    return Pair(Model([[1.0]], [[eps / 2], [-eps / 2]]), Model([[1.0]], [[-eps / 2], [eps / 2]]))


def _worst_case_without_floor(pair: Pair) -> Array:
    """log(1/tau'): KL cannot exceed it whatever p is."""
    return -pair.b.log_min_probability


def _symmetrised(pair: Pair) -> Array:
    return mean_over_inputs(lambda p: pointwise_kl_divergence(p) + pointwise_kl_divergence(p.swapped), pair)


_ANY = Domain(inputs=(1, 12), equal_dimensions=False)  # a single input will do


def _twin(name: str, latex: str, why: str, numerator: int, denominator: int, **parts: object) -> FalseTwin:
    settings = {"lhs": kl, "envelope": squared_distance, "domain": _ANY, **parts}
    return FalseTwin(Statement(name, latex, constant=rational(numerator, denominator), **settings), why)  # type: ignore[arg-type]


THEOREM = Theorem(
    identifier="T6",
    title="Logit distance bounds KL",
    source="derived here",
    summary="Closeness in logit distance implies closeness in KL, with no condition at all.",
    statements=(
        Statement(
            "upper_bound",
            r"\mathrm{KL} \le \tfrac14 d_\mathrm{logit}^2",
            lhs=kl,
            constant=rational(1, 4),
            envelope=squared_distance,
            domain=_ANY,
            sharp=(ExtremalFamily("k=2", "logits +-eps/2 against -+eps/2", coin, 2.0**-7),),
            trivial=_worst_case_without_floor,
        ),
    ),
    twins=(
        _twin("eighth", r"\mathrm{KL} \le \tfrac18 d_\mathrm{logit}^2",
              "The softmax covariance has norm one half, not one quarter.", 1, 8),
        _twin("five_percent_less", r"\mathrm{KL} \le 0.95 \cdot \tfrac14 d_\mathrm{logit}^2",
              "One quarter is sharp, in the limit of equal coins.", 19, 80),
        _twin("unsquared", r"\mathrm{KL} \le \tfrac14 d_\mathrm{logit}",
              "Squared and unsquared confused: false for distant models.", 1, 4, envelope=distance),
        _twin("symmetrised", r"\mathrm{KL}(p \| p') + \mathrm{KL}(p' \| p) \le \tfrac14 d_\mathrm{logit}^2",
              "Both directions together cost twice as much.", 1, 4, lhs=_symmetrised),
    ),
    known_answers=(
        KnownAnswer("pentagon r = 10: KL / (d^2/4)", "1.7816e-4",
                    lambda: float(kl(examples.pentagon(10.0)) / squared_distance(examples.pentagon(10.0)) * 4),
                    "derived here from the closed forms"),
        KnownAnswer("coin, logits (1/2, -1/2) against (-1/2, 1/2): tanh(1/2)", ".46211716",
                    lambda: float(kl(coin(1.0))), "by hand"),
        KnownAnswer("coin, d^2 of the same", "2.0", lambda: float(squared_distance(coin(1.0))), "by hand"),
    ),
)  # fmt: skip
