"""T19 against models written out sequence by sequence, in every arithmetic, and what a wrong one is told by."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from theory import Model, Pair, flip_threshold
from theory.catalogue import theorem
from theory.catalogue.t19_sequences.statement import (
    acceptance,
    autoregressive,
    greedy_outputs_differ,
    modes_differ,
    over_prefixes,
    positions,
    prefix_weights,
    sequence_divergence,
    sequence_variation,
    whole_acceptance,
)
from theory.evidence import Verdict, as_balls, decide
from theory.measures.distances import pointwise_kl_divergence
from theory.statements import evaluate

T19 = theorem("T19")
TOKENS, LENGTH = 3, 3


def prefixes():
    """All prefixes in the order of the rows: by length, then lexicographic."""
    return [word for length in range(LENGTH) for word in product(range(TOKENS), repeat=length)]


def tables(seed, scale=1.5):
    """Two models as dictionaries from prefixes to probabilities of the next token."""
    rng = np.random.default_rng(seed)
    first = {prefix: rng.dirichlet(np.ones(TOKENS)) for prefix in prefixes()}
    second = {}
    for prefix, row in first.items():
        moved = row * np.exp(scale * rng.standard_normal(TOKENS))
        second[prefix] = moved / moved.sum()
    return first, second


def as_pair(first, second):
    return autoregressive(*([list(table[prefix]) for prefix in prefixes()] for table in (first, second)))


def probability(table, word):
    return math.prod(table[word[:i]][token] for i, token in enumerate(word))


def words():
    return list(product(range(TOKENS), repeat=LENGTH))


def greedy(table):
    word = ()
    while len(word) < LENGTH:
        word = (*word, int(np.argmax(table[word])))
    return word


def test_the_tree_has_a_row_for_every_prefix():
    assert [positions(n, 3) for n in (1, 3, 4, 12, 13, 39, 40)] == [1, 1, 2, 2, 3, 3, 4]
    assert positions(7, 2) == 3


def test_sums_are_those_of_plain_loops_over_sequences():
    first, second = tables(1)
    pair = as_pair(first, second)
    p, q = ([probability(table, word) for word in words()] for table in (first, second))
    assert float(sequence_divergence(pair)) == pytest.approx(
        sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)), rel=1e-12
    )
    assert float(sequence_variation(pair)) == pytest.approx(
        sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2, rel=1e-12
    )
    passing = sum(math.prod(min(first[w[:i]][t], second[w[:i]][t]) for i, t in enumerate(w)) for w in words())
    assert float(whole_acceptance(pair)) == pytest.approx(passing, rel=1e-12)
    assert np.allclose(prefix_weights(pair.a), [probability(first, prefix) for prefix in prefixes()])
    by_hand = sum(
        probability(first, w) * sum(a * math.log(a / b) for a, b in zip(first[w], second[w], strict=True))
        for w in prefixes()
    )
    assert float(over_prefixes(pair, pointwise_kl_divergence(pair), pair.a)) == pytest.approx(by_hand, rel=1e-12)


def test_greedy_outputs_are_followed_token_by_token():
    outcomes = set()
    for seed in range(40):
        first, second = tables(seed, 0.7)
        differ = greedy(first) != greedy(second)
        assert float(greedy_outputs_differ(as_pair(first, second))) == float(differ)
        likeliest = [max(words(), key=lambda w, t=table: probability(t, w)) for table in (first, second)]
        assert float(modes_differ(as_pair(first, second))) == float(likeliest[0] != likeliest[1])
        outcomes.add(differ)
    assert outcomes == {True, False}


def test_speculative_sampling_by_simulation():
    """Draw from the second model, take with probability min(1, p/p'): the share taken is 1 - TV, to five deviations."""
    first, second = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.5, 0.3])
    pair = autoregressive([list(first)], [list(second)])
    exact = 1 - 0.4
    assert float(acceptance(pair)) == pytest.approx(exact, rel=1e-14)
    rng, draws = np.random.default_rng(0), 200_000
    tokens = rng.choice(3, size=draws, p=second)
    taken = rng.random(draws) < np.minimum(1, first / second)[tokens]
    assert abs(taken.mean() - exact) < 5 * math.sqrt(exact * (1 - exact) / draws)


def test_the_threshold_is_the_least_divergence_to_a_tie():
    """Against a grid of all distributions on three labels whose top label is another one or tied."""
    p = np.array([0.5, 0.3, 0.2])
    pair = autoregressive([list(p)], [list(p)])
    steps = np.arange(1, 400)
    a, b = np.meshgrid(steps, steps)
    q = np.stack([a, b, 400 - a - b])[:, a + b < 400] / 400
    q = q[:, np.max(q[1:], axis=0) >= q[0]]
    least = np.min(np.sum(p[:, None] * np.log(p[:, None] / q), axis=0))
    kappa = float(flip_threshold(pair.a)[0])
    assert kappa == pytest.approx(0.5 * math.log(1.25) + 0.3 * math.log(0.75), rel=1e-14)
    assert kappa - 1e-15 <= least <= kappa + 1e-4  # the tie (0.4, 0.4, 0.2) is on the grid


@pytest.mark.parametrize("statement", T19.statements, ids=lambda s: s.name)
def test_floats_batches_tensors_and_balls_agree(statement):
    pairs = [as_pair(*tables(seed)) for seed in range(3)]
    batch = Pair(*(
        Model(np.stack([m.embeddings for m in models]), np.stack([m.unembeddings for m in models]))
        for models in ([p.a for p in pairs], [p.b for p in pairs])
    ))  # fmt: skip
    sides = evaluate(statement, batch)
    assert sides.applies.all()
    tensors = Pair(*(Model(torch.tensor(m.embeddings), torch.tensor(m.unembeddings)) for m in (batch.a, batch.b)))
    for side, found in ((statement.lhs, sides.lhs), (statement.rhs, sides.rhs)):
        assert np.allclose(np.asarray(side(tensors)), found, rtol=1e-9)
        for one, value in zip(pairs, found, strict=True):
            assert float(side(one)) == pytest.approx(float(value), rel=1e-9)
            assert float(np.asarray(side(as_balls(one)))[()]) == pytest.approx(float(value), rel=1e-9)


def test_inputs_that_are_no_tree_are_declined():
    pair = as_pair(*tables(0)).select_rows(slice(0, 12))
    assert not evaluate(T19.main, pair).applies
    assert decide(T19.main, pair).verdict is Verdict.NOT_APPLICABLE


def _columns_first(pair):
    """The rows of the second level in the order of the last token first: a prefix is taken for its mirror image."""
    order = [0, 1, 2, 3, *(4 + 3 * j + i for i in range(3) for j in range(3))]
    return sequence_divergence(pair.select_rows(np.array(order)))


WRONG = {
    "chain_rule": lambda s: replace(s, lhs=_columns_first),
    "variations_add_up": lambda s: replace(s, constant=lambda pair: 1 / 3),
    "variation_by_divergence": lambda s: replace(s, envelope=lambda p: s.envelope(p) / 2),
    "acceptance": lambda s: replace(s, lhs=lambda p: acceptance(p.swapped) ** 2),
    "whole_sequences_pass": lambda s: replace(s, lhs=lambda p: acceptance(p)),
    "greedy_output": lambda s: replace(s, envelope=lambda p: s.envelope(p) / 2),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_implementation_is_refuted(name):
    right = T19.statement(name)
    wrong = WRONG[name](right)
    for seed in range(200):
        pair = as_pair(*tables(seed, 0.5))
        sides = evaluate(wrong, pair)
        assert decide(right, pair).verdict is not Verdict.REFUTED
        suspect = wrong.relation == "=" or float(sides.lhs) > float(sides.rhs)
        if suspect and decide(wrong, pair).verdict is Verdict.REFUTED:
            return
    pytest.fail(f"nothing refutes the wrong {name}")
