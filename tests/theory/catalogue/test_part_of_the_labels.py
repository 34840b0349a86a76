"""T18 against plain loops, in every arithmetic, and what a wrong implementation of it is told by."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from theory import Model, Pair, canonical_correlations
from theory.catalogue import theorem
from theory.catalogue.t18_part_of_the_labels.statement import (
    coarse_divergence,
    divergence_within,
    likeliest,
    set_size,
    unseen,
)
from theory.evidence import Verdict, as_balls, decide
from theory.statements import evaluate

RNG = np.random.default_rng(18)
T18 = theorem("T18")


def pair_of(n=5, k=5, m=2, scale=1.0):
    return Pair(*(Model(scale * RNG.standard_normal((n, m)), RNG.standard_normal((k, m))) for _ in range(2)))


def plainly(p, q, chosen):
    """KL of the distributions with all labels that are not chosen as one, and p(S) KL(p_S || p'_S)."""
    rest = [i for i in range(len(p)) if i not in chosen]
    coarse = sum(p[i] * math.log(p[i] / q[i]) for i in chosen)
    left, right = sum(p[i] for i in rest), sum(q[i] for i in rest)
    mass, other = sum(p[i] for i in chosen), sum(q[i] for i in chosen)
    within = sum(p[i] * math.log((p[i] / mass) / (q[i] / other)) for i in chosen)
    return coarse + left * math.log(left / right), within


def test_divergences_of_parts_are_those_of_plain_loops():
    pair = pair_of(scale=2.0)
    part = likeliest(pair.a, 2)
    values = []
    for p, q in zip(pair.a.probabilities, pair.b.probabilities, strict=True):
        values.append(plainly(p, q, sorted(range(5), key=lambda i, p=p: -p[i])[:2]))
    coarse, within = np.mean(values, axis=0)
    assert float(coarse_divergence(pair, part)) == pytest.approx(coarse, rel=1e-12)
    assert float(divergence_within(pair, part)) == pytest.approx(within, rel=1e-12)


@pytest.mark.parametrize("statement", [s for s in T18.statements if not s.specimens], ids=lambda s: s.name)
def test_floats_batches_tensors_and_balls_agree(statement):
    pairs = [pair_of(n=6, k=5, m=2) for _ in range(3)]
    batch = Pair(*(
        Model(np.stack([m.embeddings for m in models]), np.stack([m.unembeddings for m in models]))
        for models in ([p.a for p in pairs], [p.b for p in pairs])
    ))  # fmt: skip
    sides = evaluate(statement, batch)
    tensors = Pair(*(Model(torch.tensor(m.embeddings), torch.tensor(m.unembeddings)) for m in (batch.a, batch.b)))
    for side, found in ((statement.lhs, sides.lhs), (statement.rhs, sides.rhs)):
        assert np.allclose(np.asarray(side(tensors)), found, rtol=1e-9)
        for one, value in zip(pairs, found, strict=True):
            assert float(side(one)) == pytest.approx(float(value), rel=1e-9)
            assert float(np.asarray(side(as_balls(one)))[()]) == pytest.approx(float(value), rel=1e-9)


def test_divergences_of_parts_survive_extreme_logits():
    """The rest has a probability that float64 cannot hold, and moves: nothing becomes nan, and nothing overflows."""
    pair = Pair(*(Model([[1.0]], np.array(u)[:, None]) for u in ([0.0, -1.0, -900.0], [0.0, -1.0, 900.0])))
    part = likeliest(pair.a, 2)
    assert float(coarse_divergence(pair, part)) == pytest.approx(900.0, rel=2e-3)
    assert float(divergence_within(pair, part)) == pytest.approx(0.0, abs=1e-12)


def test_a_nearly_equal_student_keeps_nine_digits():
    """Probabilities (1/2, 1/3, 1/6) against the same with the last two labels moved by one part in 10^7."""
    logs = np.log([3.0, 2.0, 1.0])
    step = 1e-7
    pair = Pair(*(Model([[1.0]], u[:, None]) for u in (logs, logs + np.array([0.0, step, -step]))))
    part = likeliest(pair.a, 1)
    # The rest grows by (1/3)(e^s - 1) + (1/6)(e^-s - 1) = s/6 to first order: KL = (s/6)^2/2 (1/(1/2) + 1/(1/2)).
    assert float(coarse_divergence(pair, part)) == pytest.approx(2 * (step / 6) ** 2, rel=1e-6)


def test_the_sets_are_all_sets_of_that_size():
    pair = pair_of(k=5, m=2)
    size = set_size(pair)
    assert size == 4
    errors = []
    for chosen in combinations(range(5), size):
        part = Pair(*(Model(m.embeddings, m.unembeddings[list(chosen)]) for m in (pair.a, pair.b)))
        aligned = np.linalg.pinv(part.a.centred_unembeddings) @ part.b.centred_unembeddings
        errors.append(np.mean(np.sum((pair.a.embeddings - pair.b.embeddings @ aligned.T) ** 2, axis=1)))
    assert float(T18.statement("mean_error_over_sets").lhs(pair)) == pytest.approx(np.mean(errors), rel=1e-10)


def test_logits_alone_compare_models_as_their_embeddings_do():
    """A linear map between embeddings, of 12 inputs, with different dimensions of the two models."""
    a, b = Model(RNG.standard_normal((12, 3)), RNG.standard_normal((7, 3))), pair_of(12, 7, 2).b
    from_a, from_b = (Model.from_logits(model.embeddings @ model.unembeddings.T + 7.0) for model in (a, b))
    for centred in (True, False):
        expected = canonical_correlations(a.embeddings, b.embeddings, centred=centred)
        assert np.allclose(canonical_correlations(from_a.embeddings, from_b.embeddings, centred=centred), expected)


def test_nothing_bounds_what_is_not_seen():
    for r in (1.0, 50.0, 600.0):
        pair = unseen(r)
        assert abs(float(coarse_divergence(pair, likeliest(pair.a, 2)))) < 1e-15
        assert float(T18.statement("unseen_divergence").lhs(pair)) > 0.14 * r - 0.1


WRONG = {
    # The label that is left out is among those that the error is measured by.
    "fixed_set": lambda s: replace(s, lhs=theorem("T3").main.lhs),
    "mean_over_sets": lambda s: replace(s, constant=lambda pair: set_size(pair) / (pair.k - 1)),
    "mean_error_over_sets": lambda s: replace(s, lhs=lambda pair: 10 * theorem("T3").main.lhs(pair)),
    # Correlations of probabilities: no linear function of embeddings.
    "correlations_from_logits": lambda s: replace(s, lhs=T18.statement("correlations_from_log_probabilities").lhs),
    # The part that is seen in place of the rest.
    "chain_rule": lambda s: replace(s, envelope=lambda p: 2 * coarse_divergence(p, likeliest(p.a, 2))),
    "coarse": lambda s: replace(s, lhs=lambda p: coarse_divergence(p.swapped, likeliest(p.a, 2))),
    "within_the_top": lambda s: replace(s, lhs=T18.statement("renormalised_top").lhs),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_implementation_is_refuted(name):
    right = T18.statement(name)
    wrong = WRONG[name](right)
    rng = np.random.default_rng(5)
    verdicts = set()
    for _ in range(200):
        scale, step = np.exp(rng.uniform(-2, 2, 2))
        a = Model(scale * rng.standard_normal((5, 2)), rng.standard_normal((5, 2)))
        pair = Pair(a, Model(a.embeddings + step * rng.standard_normal((5, 2)), rng.standard_normal((5, 2))))
        sides = evaluate(wrong, pair)
        if wrong.relation == "=" or float(sides.lhs) > float(sides.rhs):
            verdicts.add(decide(wrong, pair).verdict)
            assert decide(right, pair).verdict is not Verdict.REFUTED
            if Verdict.REFUTED in verdicts:
                return
    pytest.fail(f"nothing refutes the wrong {name}")
