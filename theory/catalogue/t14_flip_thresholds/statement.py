r"""T14: what it costs to flip a label: KL certifies top labels, input by input and without any floor.

With p_1 >= p_2 the two largest probabilities of the teacher on x, s = p_1 + p_2 and M_a = ((p_1^a + p_2^a)/2)^(1/a),
the least divergence over all p' whose top label is another one, or tied, is

.. math:: \kappa = \min \mathrm{KL}(p \| p') = p_1 \log\tfrac{2 p_1}s + p_2 \log\tfrac{2 p_2}s,\quad
          \rho = \min \mathrm{KL}(p' \| p) = -\log\big(1 - (\sqrt{p_1} - \sqrt{p_2})^2\big),

.. math:: \min H^2 = 1 - \sqrt{1 - \tfrac12 (\sqrt{p_1} - \sqrt{p_2})^2},\quad
          \min \mathrm{TV} = \tfrac12 (p_1 - p_2),\quad
          \min \|\Delta\|^2 = \tfrac12 \log(p_1/p_2)^2,

.. math:: \min D_\alpha = \tfrac{\alpha}{\alpha - 1} \log(1 - s + 2 M_\alpha),\quad
          \min D_\infty = \log(1 + p_1 - p_2);

all are attained. The ladder of orders joins them: alpha = 1/2 is H^2 = 1 - exp(-D/2), alpha = 1 is kappa, and min D_alpha
over alpha tends to rho as alpha falls to zero. The proof is for every order; the statements are at 1/2, 1, 2 and infinity. So

(a) an input with KL(p || p') < max(kappa(p), rho(p')) is certified: both models name the same top label;
(b) the number N of inputs whose top label differs satisfies sum_{i <= N} threshold_(i) <= n times the mean divergence,
    thresholds sorted ascending. For the logit distance that is never worse than T8's top-label statement at any gamma;
(c) a flip of sign of a probe costs (w.f)^2 <= c_w ||Delta||^2, c_w = ||pinv(Gc)^T w||^2, and likewise
    sum_{i <= N} (w.f)^2_(i) <= c_w n d_logit^2, never worse than T8's sign flips at any gamma;
(d) all of it holds at every temperature, which leaves the order of labels as it is.

Weaker: kappa >= (p_1 - p_2)^2/2, and rho >= kappa, so that kappa serves both directions and both models.

Proof. Let label j be no less probable than the top label under p'. The other labels cost nothing where they are left
alone; on the two, every divergence is convex, and tangent at the tie. The threshold falls as p_j rises, so the runner-up
is the cheapest. The N inputs that are flipped cost no less than the N cheapest.

References
----------
Derived here; kappa is also in arXiv 2606.30265.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from theory.arithmetic.arrays import Array, indicator, is_balls, namespace_of, square, wrapped
from theory.catalogue.quantities import (
    ANY_RANK,
    DIMENSIONS_MAY_DIFFER,
    DIVERSE,
    GENERIC,
    apply,
    generic_inverse,
    kl,
    positive,
    probe,
    rational,
    squared_distance,
)
from theory.catalogue.t08_linear_probes_transfer.statement import probe_values, squared_probe_norm
from theory.claims import Domain
from theory.measures.certificates import (
    affordable_share,
    disagreement_bound,
    flip_threshold,
    logit_falls,
    pointwise_certified,
    pointwise_disagreement,
    renyi_flip_threshold,
    top_probability_lead,
)
from theory.measures.distances import (
    mean_over_inputs,
    pointwise_renyi,
    pointwise_squared_hellinger,
    pointwise_total_variation,
)
from theory.models import Model, Pair
from theory.statements import Ablation, ExtremalFamily, FalseTwin, KnownAnswer, Side, Statement, Theorem

_HEAT = 4  # the temperature that stands for all


def disagreement(pair: Pair) -> Array:
    """Share of inputs whose top label is not strictly the same in both models."""
    return pair.xp.mean(pointwise_disagreement(pair), axis=-1)


def _threshold(divergence: str) -> Side:
    return lambda pair: flip_threshold(pair.a, divergence)


def _renyi_threshold(alpha: float) -> Side:
    return lambda pair: renyi_flip_threshold(pair.a, alpha)


def _cost_of_flips(threshold: Side) -> Side:
    """E[threshold; top labels differ]."""
    return lambda pair: pair.xp.mean(pointwise_disagreement(pair) * threshold(pair), axis=-1)


def _mean(pointwise: Side) -> Side:
    return lambda pair: mean_over_inputs(pointwise, pair)


def _reversed_kl(pair: Pair) -> Array:
    return kl(pair.swapped)


def _heated(pair: Pair) -> Pair:
    return Pair(*(Model(model.embeddings / _HEAT, model.unembeddings) for model in (pair.a, pair.b)))


def _uncertified(pair: Pair) -> Array:
    return 1 - mean_over_inputs(pointwise_certified, pair)


def tail_bound(costs: Array, mean: Array) -> Array:
    """Least over gamma of P(cost <= gamma) + mean/gamma, attained in the limit of gamma just below one of the costs."""
    xp, n = namespace_of(costs), costs.shape[-1]
    spent = wrapped(mean, costs)[..., None] / xp.sort(costs, axis=-1)
    shares = [xp.asarray(i)[()] / n if is_balls(costs) else i / n for i in range(n)]
    terms = [spent[..., i] + share for i, share in enumerate(shares)]
    return xp.min(xp.stack([*terms, xp.ones_like(spent[..., 0])], axis=-1), axis=-1)


# --------------------------------------------------------------------------- probes


def squared_probe_values(pair: Pair) -> Array:
    """(w.f)^2 on every input."""
    return square(probe_values(pair)[0])


def _pointwise_sign_flips(first: Array, second: Array) -> Array:
    signs = indicator(first), indicator(second)
    return signs[0] + signs[1] - 2 * signs[0] * signs[1]


def sign_flips(pair: Pair) -> Array:
    """Share of inputs on which the sign of the probe changes."""
    return pair.xp.mean(_pointwise_sign_flips(*probe_values(pair)), axis=-1)


def _cost_of_sign_flips(pair: Pair) -> Array:
    """E[(w.f)^2; the sign flips]."""
    return pair.xp.mean(_pointwise_sign_flips(*probe_values(pair)) * squared_probe_values(pair), axis=-1)


def _probe_budget(pair: Pair) -> Array:
    """c_w d_logit^2."""
    return squared_probe_norm(pair) * squared_distance(pair)


def _generic_cost_of_sign_flips(pair: Pair) -> Array:
    first = apply(pair.a.embeddings, probe(pair.m))
    aligned = generic_inverse(pair.a) @ pair.b.centred_unembeddings
    second = apply(pair.b.embeddings @ aligned.mT, probe(pair.m))
    return pair.xp.mean(_pointwise_sign_flips(first, second) * square(first), axis=-1)


def _generic_probe_budget(pair: Pair) -> Array:
    norm = pair.xp.sum(square(apply(generic_inverse(pair.a).mT, probe(pair.m))), axis=-1)
    return norm * squared_distance(pair)


# --------------------------------------------------------------------------- what is wrong with the false twins


def _third_label_cost(pair: Pair) -> Array:
    """Threshold of KL with the third probability in place of the second, where there is one."""
    falls, xp = logit_falls(pair.a), pair.xp
    third = falls[..., 2] if pair.k > 2 else falls[..., 1]
    top = 1 / xp.sum(xp.exp(falls), axis=-1)
    other = top * xp.exp(third)
    middle = (top + other) / 2
    threshold = top * xp.log(top / middle) + other * (xp.log(top / middle) + third)
    return xp.mean(pointwise_disagreement(pair) * threshold, axis=-1)


def _any_mean_above_the_mean_threshold(pair: Pair) -> Array:
    """1 where the mean KL is at least the mean threshold, else 0."""
    gap = pair.xp.mean(flip_threshold(pair.a), axis=-1, keepdims=True) - kl(pair)[..., None]
    return 1 - indicator(gap)[..., 0]


def _from_the_dearest(pair: Pair) -> Array:
    """The knapsack filled with the largest thresholds first."""
    xp = pair.xp
    order = xp.sort(flip_threshold(pair.a), axis=-1, descending=True)
    spent = xp.stack([xp.sum(order[..., : i + 1], axis=-1) for i in range(pair.n)], axis=-1)
    return 1 - xp.mean(indicator(spent - kl(pair)[..., None] * pair.n), axis=-1)


# --------------------------------------------------------------------------- extremal families

_TEACHER = np.array([0.5, 0.25, 0.25])


def _single(first: np.ndarray, second: np.ndarray) -> Pair:
    """n = 1, m = 1, with given logits."""
    return Pair(Model([[1.0]], first[:, None]), Model([[1.0]], second[:, None]))


def _just_flipped(alpha: float, teacher: np.ndarray = _TEACHER) -> Callable[[float], Pair]:
    """Both top labels at their power mean of order alpha, the runner-up ahead by eps."""

    def member(eps: float) -> Pair:
        top = teacher[:2]
        if alpha == 0:
            middle = math.sqrt(float(np.prod(top)))
        else:
            middle = float(np.max(top)) if alpha == math.inf else float(np.mean(top**alpha)) ** (1 / alpha)
        student = np.array([middle, middle * (1 + eps), *teacher[2:]])
        return _single(np.log(teacher), np.log(student))

    return member


def _at(alpha: float, words: str) -> tuple[ExtremalFamily, ...]:
    return (ExtremalFamily("k=3", f"p = (1/2, 1/4, 1/4), the top two tied {words}", _just_flipped(alpha), 1e-7),)


def _coins_flipped(gaps: tuple[float, ...], flipped: int) -> Callable[[float], Pair]:
    """Coins with given log-odds, the first of which are brought just beyond a tie."""

    def member(eps: float) -> Pair:
        first = np.array(gaps)[:, None]
        second = np.where(np.arange(len(gaps))[:, None] < flipped, -eps, first)
        labels = np.array([[0.5], [-0.5]])
        return Pair(Model(first, labels), Model(second, labels))

    return member


_COINS = ExtremalFamily(
    "n=4", "the two cheapest of four coins are flipped", _coins_flipped((1.0, 2.0, 3.0, 4.0), 2), 1e-7
)


def _fair(eps: float) -> Pair:
    return _coins_flipped((eps,), 0)(0.0)


_NEARLY_FAIR = ExtremalFamily("k=2", "a coin of log-odds eps", _fair, 2.0**-7)


def _probe_flipped(eps: float) -> Pair:
    """n = 1, m = 2, k = 5: Delta along pinv(Gc)^T w brings w.f = 1 just below zero."""
    unembeddings = np.array([[0.0, 0.0], [4.0, 1.0], [0.0, 1.0], [3.0, 2.0], [1.0, 3.0]])
    direction = np.linalg.pinv(unembeddings - unembeddings.mean(axis=0)).T @ probe(2)
    embeddings = np.array([[1.0, 0.0]])  # w.f = 1
    moved = np.outer(direction, [(1.0 + eps) / float(direction @ direction), 0.0])
    return Pair(Model(embeddings, unembeddings), Model(embeddings, unembeddings - moved))


_NO_TIES = positive(
    "no ties", r"\min_x (p_1 - p_2) > 0", lambda pair: -pair.xp.max(logit_falls(pair.a)[..., 1], axis=-1), 1e-9
)  # fmt: skip
_OFF_BOUNDARY = positive(
    "off the boundary", r"\min_x |w \cdot f| > 0", lambda pair: pair.xp.min(squared_probe_values(pair), axis=-1), 1e-9
)
_ANY = Domain(inputs=(1, 12), equal_dimensions=False)
_SEVERAL = Domain(inputs=(2, 12), equal_dimensions=False)


def _everything(pair: Pair) -> Array:
    return 0.0 * squared_distance(pair) + 1.0


def _flips(name: str, latex: str, threshold: Side, divergence: Side, alpha: float, words: str) -> Statement:
    return Statement(
        name, rf"E[\theta;\ \text{{top labels differ}}] \le {latex}",
        lhs=_cost_of_flips(threshold), envelope=divergence, domain=_ANY, sharp=_at(alpha, words),
        trivial=_mean(threshold),
    )  # fmt: skip


def _share(name: str, latex: str, lhs: Side, envelope: Side, **parts: object) -> Statement:
    settings = {"domain": _SEVERAL, "trivial": _everything, "differentiable": False, **parts}
    return Statement(name, latex, lhs=lhs, envelope=envelope, **settings)  # type: ignore[arg-type]


THEOREM = Theorem(
    identifier="T14",
    title="Flip thresholds: KL certifies top labels",
    source="derived here; the threshold of KL(p || p') also in arXiv 2606.30265",
    summary="An input whose divergence is below its threshold keeps its top label, whatever the smallest probability is.",
    statements=(
        _flips("kl", r"E\,\mathrm{KL}(p \| p'),\ \theta = p_1 \log\tfrac{2 p_1}s + p_2 \log\tfrac{2 p_2}s",
               _threshold("kl"), kl, 1.0, "at their mean"),
        _flips("reversed_kl", r"E\,\mathrm{KL}(p' \| p),\ \theta = -\log(1 - (\sqrt{p_1} - \sqrt{p_2})^2)",
               _threshold("reversed_kl"), _reversed_kl, 0.0, "at their geometric mean"),
        _flips("squared_hellinger", r"E H^2,\ \theta = 1 - \sqrt{1 - \tfrac12 (\sqrt{p_1} - \sqrt{p_2})^2}",
               _threshold("squared_hellinger"), _mean(pointwise_squared_hellinger), 0.5, "at their mean of order 1/2"),
        _flips("total_variation", r"E\,\mathrm{TV},\ \theta = \tfrac12 (p_1 - p_2)",
               _threshold("total_variation"), _mean(pointwise_total_variation), 1.0, "at their mean"),
        _flips("squared_logit", r"d_\mathrm{logit}^2,\ \theta = \tfrac12 \log(p_1/p_2)^2",
               _threshold("squared_logit"), squared_distance, 0.0, "at their geometric mean"),
        _flips("renyi_two", r"E D_2,\ \theta = 2 \log(1 - s + \sqrt{2 (p_1^2 + p_2^2)})",
               _renyi_threshold(2.0), _mean(lambda pair: pointwise_renyi(pair, 2.0)), 2.0, "at their mean of order 2"),
        _flips("largest_log_ratio", r"E \max_y \log\tfrac p{p'},\ \theta = \log(1 + p_1 - p_2)",
               _renyi_threshold(math.inf), _mean(lambda pair: pointwise_renyi(pair, math.inf)), math.inf,
               "at the larger"),
        _share(
            "certified", r"P(\text{top labels differ}) \le P(\mathrm{KL} \ge \max(\kappa(p), \rho(p')))",
            disagreement, _uncertified,
        ),
        _share(
            "from_mean_kl",
            r"P(\text{top labels differ}) \le \tfrac1n \max\{N : \textstyle\sum_{i \le N} \kappa_{(i)} \le n\, E\,\mathrm{KL}\}",
            disagreement, lambda pair: disagreement_bound(pair.a, kl(pair)), sharp=(_COINS,),
        ),
        _share(
            "from_logit_distance",
            r"P(\text{top labels differ}) \le \tfrac1n \max\{N : "
            r"\textstyle\sum_{i \le N} \tfrac12 g_{(i)}^2 \le n\, d_\mathrm{logit}^2\},\ g = \log(p_1/p_2)",
            disagreement, lambda pair: disagreement_bound(pair.a, squared_distance(pair), "squared_logit"),
            sharp=(_COINS,),
        ),
        _share(
            "never_worse_than_a_margin",
            r"\tfrac1n \max\{N : \textstyle\sum_{i \le N} \tfrac12 g_{(i)}^2 \le n\, d_\mathrm{logit}^2\} \le "
            r"\min_\gamma P(\text{margin} \le \gamma) + 2\, d_\mathrm{logit}^2/\gamma^2",
            lambda pair: disagreement_bound(pair.a, squared_distance(pair), "squared_logit"),
            lambda pair: tail_bound(flip_threshold(pair.a, "squared_logit"), squared_distance(pair)),
            hypotheses=(_NO_TIES,), trivial=None,
        ),
        Statement(
            "sign_flips_cost",
            r"E[(w \cdot f)^2;\ \text{sign flips}] \le \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2",
            lhs=_cost_of_sign_flips, envelope=_probe_budget, hypotheses=(DIVERSE,), domain=DIMENSIONS_MAY_DIFFER,
            sharp=(ExtremalFamily("k=5, m=2", "Delta along pinv(Gc)^T w, just enough", _probe_flipped, 1e-7),),
            trivial=lambda pair: pair.xp.mean(squared_probe_values(pair), axis=-1),
        ),
        _share(
            "sign_flips",
            r"P(\text{sign flips}) \le \tfrac1n \max\{N : \textstyle\sum_{i \le N} (w \cdot f)^2_{(i)} \le "
            r"n \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2\}",
            sign_flips, lambda pair: affordable_share(squared_probe_values(pair), _probe_budget(pair)),
            hypotheses=(DIVERSE,), domain=DIMENSIONS_MAY_DIFFER,
        ),
        _share(
            "sign_flips_never_worse_than_a_band",
            r"\tfrac1n \max\{N : \dots\} \le \min_\gamma P(|w \cdot f| \le \gamma) + "
            r"\|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2/\gamma^2",
            lambda pair: affordable_share(squared_probe_values(pair), _probe_budget(pair)),
            lambda pair: tail_bound(squared_probe_values(pair), _probe_budget(pair)),
            hypotheses=(DIVERSE, _OFF_BOUNDARY), domain=DIMENSIONS_MAY_DIFFER, trivial=None,
        ),
        Statement(
            "every_temperature",
            rf"E[\kappa(p_T);\ \text{{top labels differ}}] \le E\,\mathrm{{KL}}(p_T \| p'_T),\ T = {_HEAT}",
            lhs=lambda pair: pair.xp.mean(pointwise_disagreement(pair) * flip_threshold(_heated(pair).a), axis=-1),
            envelope=lambda pair: kl(_heated(pair)), domain=_ANY,
            differentiable=False,  # it is the first statement on other pairs: another climb would find nothing else
            trivial=lambda pair: pair.xp.mean(flip_threshold(_heated(pair).a), axis=-1),
        ),
        Statement(
            "pinsker", r"\tfrac12 E (p_1 - p_2)^2 \le E \kappa",
            lhs=lambda pair: pair.xp.mean(square(top_probability_lead(pair.a)), axis=-1), constant=rational(2),
            envelope=_mean(_threshold("kl")), domain=_ANY,
            sharp=(_NEARLY_FAIR,),
        ),
        Statement(
            "reversed_is_dearer", r"E \kappa \le E \rho",
            lhs=_mean(_threshold("kl")), envelope=_mean(_threshold("reversed_kl")), domain=_ANY,
            sharp=(_NEARLY_FAIR,),
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "reversed_threshold", r"E[\rho(p);\ \text{top labels differ}] \le E\,\mathrm{KL}(p \| p')",
                lhs=_cost_of_flips(_threshold("reversed_kl")), envelope=kl, domain=_ANY,
            ),
            "The threshold of KL(p' || p) is the larger one: a sure teacher is flipped for log 2 in KL(p || p').",
        ),
        FalseTwin(
            Statement(
                "mean_below_the_mean_threshold",
                r"E\,\mathrm{KL} < E \kappa \Rightarrow \text{no top label differs}",
                lhs=disagreement, envelope=_any_mean_above_the_mean_threshold, domain=_SEVERAL, differentiable=False,
            ),
            "A mean can be spent on the cheapest inputs.",
            lambda: _coins_flipped((1.0, 2.0, 3.0, 4.0), 2)(2.0**-20),
        ),
        FalseTwin(
            Statement(
                "from_the_dearest",
                r"P(\text{top labels differ}) \le \tfrac1n \max\{N : \text{the } N \text{ largest } \kappa"
                r" \text{ sum to at most } n\, E\,\mathrm{KL}\}",
                lhs=disagreement, envelope=_from_the_dearest, domain=_SEVERAL, differentiable=False,
            ),
            "The cheapest inputs are flipped first: the knapsack is filled from the smallest threshold.",
            lambda: _coins_flipped((1.0, 2.0, 3.0, 4.0), 2)(2.0**-20),
        ),
        FalseTwin(
            Statement(
                "five_percent_more", r"1.05\, E[\kappa;\ \text{top labels differ}] \le E\,\mathrm{KL}(p \| p')",
                lhs=_cost_of_flips(_threshold("kl")), constant=rational(20, 21), envelope=kl, domain=_ANY,
            ),
            "The threshold is attained by the teacher with its two top labels at their mean.",
            lambda: _just_flipped(1.0)(2.0**-20),
        ),
        FalseTwin(
            Statement(
                "whole_squared_margin",
                r"E[\log(p_1/p_2)^2;\ \text{top labels differ}] \le d_\mathrm{logit}^2",
                lhs=lambda pair: 2 * _cost_of_flips(_threshold("squared_logit"))(pair), envelope=squared_distance,
                domain=_ANY,
            ),
            "The two logits meet halfway: each moves by half of the margin.",
            lambda: _just_flipped(0.0)(2.0**-20),
        ),
        FalseTwin(
            Statement(
                "renyi_two_at_twice_kl", r"E[2 \kappa;\ \text{top labels differ}] \le E D_2(p \| p')",
                lhs=lambda pair: 2 * _cost_of_flips(_threshold("kl"))(pair),
                envelope=_mean(lambda pair: pointwise_renyi(pair, 2.0)), domain=_ANY,
            ),
            "Thresholds of order alpha grow like alpha for nearly fair coins only: none is above log 2 from order one on.",
            lambda: _just_flipped(2.0)(2.0**-20),
        ),
    ),
    known_answers=(),
)  # fmt: skip


def _of_teacher(divergence: str) -> float:
    return float(flip_threshold(_just_flipped(1.0)(0.0).a, divergence)[0])


def _of_order(alpha: float) -> float:
    return float(renyi_flip_threshold(_just_flipped(1.0)(0.0).a, alpha)[0])


_BY_HAND = "by hand, p = (1/2, 1/4, 1/4): "

THEOREM = replace(
    THEOREM,
    known_answers=(
        KnownAnswer("threshold of KL", ".0424747592", lambda: _of_teacher("kl"),
                    _BY_HAND + "(1/2) log(4/3) + (1/4) log(2/3) = (5 log 2 - 3 log 3)/4"),
        KnownAnswer("threshold of the reversed KL", ".0438403147", lambda: _of_teacher("reversed_kl"),
                    _BY_HAND + "-log(1/4 + 1/sqrt 2)"),
        KnownAnswer("threshold of H^2", ".0107814243", lambda: _of_teacher("squared_hellinger"),
                    _BY_HAND + "1 - sqrt(5/8 + sqrt 2/4)"),
        KnownAnswer("threshold of TV", ".1250000000", lambda: _of_teacher("total_variation"), _BY_HAND + "1/8"),
        KnownAnswer("threshold of ||Delta||^2", ".2402265070", lambda: _of_teacher("squared_logit"),
                    _BY_HAND + "(log 2)^2/2"),
        KnownAnswer("threshold of D_2", ".0795361556", lambda: _of_order(2.0), _BY_HAND + "2 log(1/4 + sqrt(5/8))"),
        KnownAnswer("threshold of D_inf", ".2231435513", lambda: _of_order(math.inf), _BY_HAND + "log(5/4)"),
        KnownAnswer("a sure teacher, logits 1000 and 0: KL can flip it for log 2", ".6931471806",
                    lambda: float(flip_threshold(Model([[1.0]], [[1000.0], [0.0]]))[0]), "by hand: p_1 log 2 in the limit"),
        KnownAnswer("the same, reversed: 500 - log 2", "499.3068528194",
                    lambda: float(flip_threshold(Model([[1.0]], [[1000.0], [0.0]]), "reversed_kl")[0]),
                    "by hand: 1 - (sqrt p_1 - sqrt p_2)^2 = 2 sqrt(p_1 p_2) = 2 e^-500 in the limit"),
        KnownAnswer("coins with margins 1, 2, 3, 4 and d^2 = 1.7: half of them at most", ".50",
                    lambda: float(disagreement_bound(_coins_flipped((1.0, 2.0, 3.0, 4.0), 0)(0.0).a, 1.7, "squared_logit")),
                    "by hand: 1/2 + 2 <= 6.8 < 1/2 + 2 + 9/2"),
    ),
    ablations=(
        THEOREM.ablation_by_twin("the direction of KL", "reversed_threshold"),
        THEOREM.ablation_by_twin("sorting", "from_the_dearest"),
        THEOREM.ablation_by_twin("input by input", "mean_below_the_mean_threshold"),
        Ablation(
            "the runner-up",
            Statement(
                "third_label", r"E[\theta(p_1, p_3);\ \text{top labels differ}] \le E\,\mathrm{KL}(p \| p')",
                lhs=_third_label_cost, envelope=kl, domain=Domain(labels=(3, 8), inputs=(1, 12), equal_dimensions=False),
            ),
            "The cheapest flip is to the second most probable label, not to a later one.",
        ),
        Ablation(
            "diversity",
            Statement(
                "sign_flips_at_any_rank",
                r"E[(w \cdot f)^2;\ \text{sign flips}] \le \|(G_c^+)^\top w\|^2\, d_\mathrm{logit}^2,\ k \text{ any}",
                lhs=_generic_cost_of_sign_flips, envelope=_generic_probe_budget, hypotheses=(GENERIC,), domain=ANY_RANK,
            ),
            "With k <= m labels a probe can read what no logit depends on, and its transport loses it.",
        ),
        Ablation(
            "no ties",
            replace(THEOREM.statement("never_worse_than_a_margin"), hypotheses=()),
            "Known to survive: a tie is flipped for nothing, and divides by zero in the bound it is compared with.",
        ),
    ),
)  # fmt: skip
