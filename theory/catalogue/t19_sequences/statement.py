r"""T19: sequences, token by token: autoregressive models, drawn with all their prefixes as inputs.

A model over k tokens and L positions has one input for every prefix: 1 + k + ... + k^(L-1) of them, rows in the order
of their lengths and, of one length, in lexicographic order. P and P' are the distributions of whole sequences, p and p'
those of the next token.

- The chain rule: KL(P || P') is the sum over positions of E KL(p || p'), prefixes drawn from the *first* model.
- TV(P, P') is at most the sum over positions of E TV(p, p'), prefixes drawn from either model, and at most
  sqrt(KL(P || P')/2). Both are sharp.
- Speculative sampling takes a token y that the second model has drawn with probability min(1, p(y)/p'(y)): hence with
  probability 1 - TV(p, p') in all, exactly. A whole sequence passes with probability 1 - TV(P, P') at most.
- Greedy output: if at every position of the first model's greedy path KL(p || p') is below the least KL at which the top
  label can change, kappa(p) = p_1 log(2 p_1/(p_1 + p_2)) + p_2 log(2 p_2/(p_1 + p_2)), then the second model's greedy
  output is the same. So if they differ, KL/kappa reaches one somewhere on the path. Sharp.

Proof. log P is a sum along the sequence. P p - P' p' = P (p - p') + (P - P') p', summed over the last token. Pinsker for
the third. p' min(1, p/p') = min(p, p'), which sums to 1 - TV; a product of minima is at most the minimum of the products.
For kappa: with q_y >= q_1 and M = (p_1 + p_y)/2, Gibbs' inequality with M in place of both probabilities gives
KL >= kappa(p_1, p_y) + (p_1 - p_y)(q_y - q_1)/(2M); and kappa falls in p_y. As long as the top labels agree, both
models go on from the same prefix.

References
----------
arXiv 2211.17192 (2023) and arXiv 2302.01318 (2023) for speculative sampling. T. M. Cover, J. A. Thomas, "Elements of
Information Theory" (2006), Theorem 2.5.3, for the chain rule. The rest is derived here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from theory.arithmetic.arrays import Array, indicator, is_balls, namespace_of, square
from theory.catalogue.quantities import constant_like, positive, ratio, rational
from theory.catalogue.t18_part_of_the_labels.statement import excess_of, likeliest
from theory.claims import Domain
from theory.measures.certificates import flip_threshold
from theory.measures.distances import (
    log_probability_ratio,
    mean_over_inputs,
    pointwise_kl_divergence,
    pointwise_total_variation,
)
from theory.models import Model, Pair
from theory.statements import Ablation, ExtremalFamily, FalseTwin, Hypothesis, KnownAnswer, Statement, Theorem, without

_CALM = 1.0  # log-ratios below it are expanded around zero
_FAR = 1e6  # beyond every logit that counts: a label moved by it is out of the running

# --------------------------------------------------------------------------- the tree of prefixes


def positions(n: int, k: int) -> int:
    """Return the largest L with 1 + k + ... + k^(L-1) <= n; inputs beyond that tree are not looked at."""
    length, rows = 0, 0
    while rows + k**length <= n:
        rows, length = rows + k**length, length + 1
    return length


def _tree_rows(pair: Pair) -> int:
    return sum(pair.k**length for length in range(positions(pair.n, pair.k)))


def totals(steps: Float[Array, "*batch n k"]) -> list[Float[Array, "*batch prefixes"]]:
    """Return, for each length from 0 to L, the sums of what each token adds along every prefix of that length."""
    n, k = steps.shape[-2:]
    start, found = 0, [0.0 * steps[..., :1, 0]]
    for length in range(positions(n, k)):
        level = steps[..., start : start + k**length, :]
        start += k**length
        found.append((found[-1][..., None] + level).reshape((*level.shape[:-2], k ** (length + 1))))
    return found


def prefix_weights(model: Model) -> Float[Array, "*batch rows"]:
    """Return the probability of every prefix that is an input of the tree."""
    xp = model.xp
    return xp.exp(xp.concat(totals(model.log_probabilities)[:-1], axis=-1))


def over_prefixes(pair: Pair, values: Float[Array, "*batch n"], by: Model) -> Array:
    """Return the sum over positions of the expectation over prefixes, drawn from a model, of a value for each."""
    return pair.xp.sum(prefix_weights(by) * values[..., : _tree_rows(pair)], axis=-1)


def _sequences(pair: Pair) -> tuple[Array, Array]:
    """Return log P and log(P'/P) of every sequence."""
    return totals(pair.a.log_probabilities)[-1], totals(log_probability_ratio(pair))[-1]


def sequence_divergence(pair: Pair) -> Array:
    """KL(P || P') from its definition, over all sequences."""
    return pair.xp.sum(excess_of(pair, *_sequences(pair)), axis=-1)


def sequence_variation(pair: Pair) -> Array:
    """TV(P, P') from its definition, over all sequences."""
    xp, (log_p, t) = pair.xp, _sequences(pair)
    if is_balls(t):
        return xp.sum(xp.abs(xp.exp(log_p + t) - xp.exp(log_p)), axis=-1) / 2
    near, p = xp.abs(t) < _CALM, xp.exp(log_p)
    moved = xp.where(near, p * xp.abs(xp.expm1(xp.where(near, t, 0.0))), xp.abs(xp.exp(log_p + t) - p))
    return xp.sum(moved, axis=-1) / 2


def _summed_divergence(by: Callable[[Pair], Model]) -> Callable[[Pair], Array]:
    return lambda pair: over_prefixes(pair, pointwise_kl_divergence(pair), by(pair))


def _summed_variation(pair: Pair) -> Array:
    return over_prefixes(pair, pointwise_total_variation(pair), pair.a)


def _size(pair: Pair) -> Array:
    """Size of what cancels in divergences: E over sequences of |log P'/P|."""
    log_p, t = _sequences(pair)
    return pair.xp.sum(pair.xp.exp(log_p) * pair.xp.abs(t), axis=-1)


# --------------------------------------------------------------------------- speculative sampling


def acceptance(pair: Pair) -> Array:
    """E over inputs of the probability sum_y p'(y) min(1, p(y)/p'(y)) that a token of the second model is taken."""
    xp, t = pair.xp, log_probability_ratio(pair)
    taken = xp.exp(xp.minimum(-t, xp.zeros_like(t)))
    return xp.mean(xp.sum(pair.b.probabilities * taken, axis=-1), axis=-1)


def _rejected(pair: Pair) -> Array:
    """1 - E TV(p, p')."""
    return 1 - mean_over_inputs(pointwise_total_variation, pair)


def _one(pair: Pair) -> Array:
    return 0.0 * acceptance(pair) + 1


def _smaller(log_p: Array, t: Array) -> Array:
    """log min(p, p')."""
    xp = namespace_of(t)
    return log_p + xp.minimum(t, xp.zeros_like(t))


def whole_acceptance(pair: Pair) -> Array:
    """Return the probability that every token of a sequence of the second model is taken."""
    xp = pair.xp
    return xp.sum(xp.exp(totals(_smaller(pair.a.log_probabilities, log_probability_ratio(pair)))[-1]), axis=-1)


def _overlap(pair: Pair) -> Array:
    """1 - TV(P, P') = sum min(P, P')."""
    return pair.xp.sum(pair.xp.exp(_smaller(*_sequences(pair))), axis=-1)


# --------------------------------------------------------------------------- greedy output


def _greedy_path(pair: Pair) -> Float[Array, "*batch rows"]:
    """Return 1 for the prefixes that the first model's greedy output goes through and 0 for all others."""
    steps = totals(likeliest(pair.a, 1))
    # On the path every step taken counts one: as many as the prefix is long.
    on = [1 - pair.xp.clip(length - taken, 0.0, 1.0) for length, taken in enumerate(steps[:-1])]
    return pair.xp.concat(on, axis=-1)


def _lead(model: Model, label: Float[Array, "*batch n k"]) -> Float[Array, "*batch n"]:
    """Return the logit of a label on each input less the largest of the others."""
    xp = model.xp
    others = xp.max(model.centred_logits - _FAR * label, axis=-1)
    return xp.sum(model.centred_logits * label, axis=-1) - others


def _flipped(pair: Pair) -> Float[Array, "*batch n"]:
    """Return 1 where the second model has another top label, an interval where a ball cannot tell."""
    behind = -_lead(pair.b, likeliest(pair.a, 1))
    return indicator(behind)


def greedy_outputs_differ(pair: Pair) -> Array:
    """1 where the greedy outputs differ: at some prefix of the first model's path the second goes elsewhere."""
    return pair.xp.max(_greedy_path(pair) * _flipped(pair)[..., : _tree_rows(pair)], axis=-1)


def _shares(pair: Pair) -> Array:
    """KL over kappa at the prefixes of the greedy path, zero at all others."""
    path, rows = _greedy_path(pair), _tree_rows(pair)
    off_path = 1 - path  # where kappa may be zero, and does not matter
    return path * pointwise_kl_divergence(pair)[..., :rows] / (flip_threshold(pair.a)[..., :rows] + off_path)


def _largest_share(pair: Pair) -> Array:
    return pair.xp.max(_shares(pair), axis=-1)


def _share_of_means(pair: Pair) -> Array:
    path, rows = _greedy_path(pair), _tree_rows(pair)
    spent, needed = pointwise_kl_divergence(pair)[..., :rows], flip_threshold(pair.a)[..., :rows]
    return pair.xp.sum(path * spent, axis=-1) / pair.xp.sum(path * needed, axis=-1)


def _least_lead(pair: Pair) -> Array:
    path = _greedy_path(pair)
    lead = _lead(pair.a, likeliest(pair.a, 1))[..., : _tree_rows(pair)]
    return pair.xp.min(path * lead + (1 - path) * _FAR, axis=-1)


def modes_differ(pair: Pair) -> Array:
    """1 where the likeliest sequence of the first model is not that of the second; told from float64."""
    log_p, t = _sequences(pair)
    first = np.argmax(np.asarray(log_p, dtype=np.float64), axis=-1)
    second = np.argmax(np.asarray(log_p + t, dtype=np.float64), axis=-1)
    return pair.xp.asarray(np.asarray(first != second, dtype=np.float64))


# --------------------------------------------------------------------------- families


def autoregressive(rows: list[list[float]], others: list[list[float]]) -> Pair:
    """Return two models from the probabilities of the next token after every prefix, in proportion; no zeros."""
    models = []
    for table in (rows, others):
        logs = np.log(np.array(table))
        k = logs.shape[1]
        models.append(Model(logs[:, 1:] - logs[:, :1], np.eye(k)[:, 1:]))
    return Pair(*models)


_EVEN = [1.0, 1.0]


def _last_position(_: float) -> Pair:
    """The models differ after the first token only: what is lost at one position is lost."""
    return autoregressive([[3.0, 1.0], _EVEN, _EVEN], [[3.0, 1.0], [3.0, 1.0], [1.0, 2.0]])


def _nearly_even(eps: float) -> Pair:
    """Even coins against coins of 1 + eps to 1 - eps at the first position."""
    return autoregressive([_EVEN, _EVEN, _EVEN], [[1 + eps, 1 - eps], _EVEN, _EVEN])


def _just_flipped(eps: float) -> Pair:
    """The two likeliest tokens of the first position meet in the middle, and a little beyond."""
    first = [0.5, 0.3, 0.2]
    return autoregressive([first, *[[3.0, 2.0, 1.0]] * 3], [[0.4 - eps, 0.4 + eps, 0.2], *[[3.0, 2.0, 1.0]] * 3])


def _by_hand() -> Pair:
    """P = (3, 3, 1, 1)/8 and P' = (3, 1, 2, 2)/8."""
    return autoregressive([[3.0, 1.0], _EVEN, _EVEN], [_EVEN, [3.0, 1.0], _EVEN])


def _sure_and_unsure() -> Pair:
    """The first position is sure, and has KL to spare for the second, which flips."""
    sure = [98.0, 1.0, 1.0]
    return autoregressive([sure, *[[5.0, 4.0, 1.0]] * 3], [sure, *[[4.0, 5.0, 1.0]] * 3])


def _other_branch() -> Pair:
    """All differs off the greedy path, where the likeliest sequence is."""
    after = [[1.0, 1.0, 1.0], [9.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    return autoregressive([[4.0, 3.0, 3.0], [12.0, 11.0, 11.0], *after[1:]],
                          [[4.0, 3.0, 3.0], [12.0, 11.0, 11.0], [1.0, 9.0, 1.0], after[2]])  # fmt: skip


def _is_a_tree(pair: Pair) -> Array:
    return constant_like(pair, 0.5 if _tree_rows(pair) == pair.n else -0.5)


_TREE = Hypothesis("all prefixes", r"n = 1 + k + \dots + k^{L-1}", _is_a_tree)
_NO_TIE = positive("no tie", r"p_1 > p_2 \text{ on the greedy path}", _least_lead, 1e-9)
_TREES = Domain(dimensions=(1, 2), labels=(3, 3), inputs=(13, 13))
"""Three tokens and three positions: 13 prefixes and 27 sequences."""
_SEVERAL = Hypothesis("L >= 2", r"L \ge 2", lambda pair: constant_like(pair, positions(pair.n, pair.k) - 1.5))


def _length(pair: Pair) -> Array | float:
    return ratio(pair, 1, positions(pair.n, pair.k))


THEOREM = Theorem(
    identifier="T19",
    title="Sequences, token by token",
    source="derived here; chain rule and speculative sampling as cited",
    summary="What KL says of the next token adds up along a sequence, and decides what sampling and greedy output keep.",
    statements=(
        Statement(
            "chain_rule",
            r"\mathrm{KL}(P \| P') = \sum_{t=1}^L E_{y_{<t} \sim P}\, \mathrm{KL}(p \| p')",
            lhs=sequence_divergence, envelope=_summed_divergence(lambda pair: pair.a), relation="=",
            hypotheses=(_TREE,), domain=_TREES, cancelled=_size,
        ),
        Statement(
            "variations_add_up",
            r"\mathrm{TV}(P, P') \le \sum_{t=1}^L E_{y_{<t} \sim P}\, \mathrm{TV}(p, p')",
            lhs=sequence_variation, envelope=_summed_variation, hypotheses=(_TREE,), domain=_TREES, trivial=_one,
            sharp=(ExtremalFamily("k=2, L=2", "the models differ at the last position only", _last_position, 1.0),),
        ),
        Statement(
            "variation_by_divergence",
            r"\mathrm{TV}(P, P')^2 \le \tfrac12 \mathrm{KL}(P \| P')",
            lhs=lambda pair: square(sequence_variation(pair)), constant=rational(1, 2), envelope=sequence_divergence,
            hypotheses=(_TREE,), domain=_TREES, cancelled=_size, trivial=_one,
            sharp=(ExtremalFamily("k=2, L=2", "even coins, one of them nearly even in the other model", _nearly_even, 0.01),),
        ),
        Statement(
            "acceptance",
            r"E \textstyle\sum_y p'_y \min(1, p_y/p'_y) = 1 - E\, \mathrm{TV}(p, p')",
            lhs=acceptance, envelope=_rejected, relation="=", domain=_TREES, cancelled=_one,
        ),
        Statement(
            "whole_sequences_pass",
            r"\textstyle\sum_y \prod_t \min(p, p') \le 1 - \mathrm{TV}(P, P')",
            lhs=whole_acceptance, envelope=_overlap, hypotheses=(_TREE,), domain=_TREES, trivial=_one,
            sharp=(ExtremalFamily("k=2, L=2", "the models differ at the last position only", _last_position, 1.0),),
        ),
        Statement(
            "greedy_output",
            r"1[\text{greedy outputs differ}] \le \max_{t} \mathrm{KL}(p \| p')/\kappa(p) \text{ on the greedy path}",
            lhs=greedy_outputs_differ, envelope=_largest_share, hypotheses=(_TREE, _NO_TIE), domain=_TREES,
            differentiable=False,
            sharp=(ExtremalFamily("k=3, L=2", "the two likeliest first tokens just exchanged", _just_flipped, 1e-6),),
        ),
    ),
    twins=(
        FalseTwin(
            Statement(
                "student_prefixes",
                r"\mathrm{KL}(P \| P') = \sum_{t=1}^L E_{y_{<t} \sim P'}\, \mathrm{KL}(p \| p')",
                lhs=sequence_divergence, envelope=_summed_divergence(lambda pair: pair.b), relation="=",
                hypotheses=(_TREE,), domain=_TREES, cancelled=_size,
            ),
            "KL(P || P') is an expectation under P: what happens after prefixes that the teacher does not write is nothing.",
        ),
        FalseTwin(
            Statement(
                "mean_of_variations",
                r"\mathrm{TV}(P, P') = \tfrac1L \sum_{t=1}^L E_{y_{<t} \sim P}\, \mathrm{TV}(p, p')",
                lhs=sequence_variation, constant=_length, envelope=_summed_variation, relation="=",
                hypotheses=(_TREE, _SEVERAL), domain=_TREES,
            ),
            "Total variation does not average over positions: differences at one of them are those of the whole.",
        ),
        FalseTwin(
            Statement(
                "whole_sequences_pass_exactly",
                r"\textstyle\sum_y \prod_t \min(p, p') = 1 - \mathrm{TV}(P, P')",
                lhs=whole_acceptance, envelope=_overlap, relation="=", hypotheses=(_TREE,), domain=_TREES, cancelled=_one,
            ),
            "A token is taken or not before the next is seen: gains and losses at different positions do not make amends.",
        ),
        FalseTwin(
            Statement(
                "mean_below_the_mean_threshold",
                r"1[\text{greedy outputs differ}] \le \textstyle\sum_t \mathrm{KL}(p \| p') / \sum_t \kappa(p)"
                r" \text{ on the greedy path}",
                lhs=greedy_outputs_differ, envelope=_share_of_means, hypotheses=(_TREE, _NO_TIE), domain=_TREES,
                differentiable=False,
            ),
            "A sure token has KL to spare, and the unsure ones do not.",
            _sure_and_unsure,
        ),
        FalseTwin(
            Statement(
                "likeliest_sequence",
                r"1[\text{likeliest sequences differ}] \le \max_{t} \mathrm{KL}(p \| p')/\kappa(p) \text{ on the greedy path}",
                lhs=modes_differ, envelope=_largest_share, hypotheses=(_TREE, _NO_TIE), domain=_TREES, differentiable=False,
            ),
            "The likeliest sequence may leave the greedy path at once, and nothing is known there.",
            _other_branch,
        ),
    ),
    known_answers=(
        KnownAnswer("P = (3, 3, 1, 1)/8, P' = (3, 1, 2, 2)/8: KL = 3/8 log 3 - 1/4 log 2", ".238693",
                    lambda: float(sequence_divergence(_by_hand())), "by hand"),
        KnownAnswer("by positions: (3/4) log(3/2) - (1/4) log 2, and 3/4 of (1/2) log(4/3)", ".238693",
                    lambda: float(_summed_divergence(lambda pair: pair.a)(_by_hand())), "by hand"),
        KnownAnswer("with the student's prefixes 1/2 of (1/2) log(4/3)", ".202733",
                    lambda: float(_summed_divergence(lambda pair: pair.b)(_by_hand())), "by hand"),
        KnownAnswer("its TV: (0 + 2 + 1 + 1)/16", ".250000", lambda: float(sequence_variation(_by_hand())), "by hand"),
        KnownAnswer("sum of E TV: 1/4 and 3/4 of 1/4", ".437500", lambda: float(_summed_variation(_by_hand())), "by hand"),
        KnownAnswer("tokens taken, at the three prefixes 3/4, 3/4 and 1", ".833333",
                    lambda: float(acceptance(_by_hand())), "by hand"),
        KnownAnswer("sequences that pass: 1/2 of 3/4, and 1/4", ".625000",
                    lambda: float(whole_acceptance(_by_hand())), "by hand"),
        KnownAnswer("kappa(3/4, 1/4) = (3/4) log(3/2) - (1/4) log 2", ".130812",
                    lambda: float(flip_threshold(_by_hand().a)[0]), "by hand"),
    ),
)  # fmt: skip

THEOREM = replace(
    THEOREM,
    ablations=(
        Ablation(
            "all prefixes",
            replace(without(THEOREM.main, "all prefixes"), domain=replace(_TREES, labels=(2, 3), inputs=(1, 12))),
            "Known to survive: inputs beyond the last whole level of the tree are not looked at.",
        ),
        THEOREM.ablation_by_twin("prefixes of the first model", "student_prefixes"),
        THEOREM.ablation_by_twin("the threshold at every position", "mean_below_the_mean_threshold"),
        Ablation(
            "no tie",
            without(THEOREM.statement("greedy_output"), "no tie"),
            "Known to survive: at a tie the threshold is zero, and nothing is certified.",
        ),
    ),
)  # fmt: skip
