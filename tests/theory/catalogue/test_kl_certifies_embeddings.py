"""T16's sides against their definitions, where it is silent, and what it says at a scale that does not fit at once."""

import numpy as np
import pytest

from theory import Model, NotApplicable, Pair, certified_embeddings, embedding_certificates, kl_divergence
from theory.catalogue import examples, theorem
from theory.catalogue.t16_kl_certifies_embeddings import statement as t16
from theory.evidence import Verdict, decide
from theory.statements import evaluate

T16 = theorem("T16")


def random_pair(seed, n=6, k=6, m=2, scale=1.0):
    rng = np.random.default_rng(seed)
    return Pair(*(Model(scale * rng.standard_normal((n, m)), rng.standard_normal((k, m))) for _ in range(2)))


def by_definition(pair, i):
    """Return I_w and r_w of an input, formed and applied."""
    p, q = pair.a.probabilities[i], pair.b.probabilities[i]
    w = np.minimum(p, q)
    sigma = np.diag(w) - np.outer(w, w) / w.sum()
    g, h = pair.a.centred_unembeddings, pair.b.centred_unembeddings
    form = g.T @ sigma @ g
    return form, pair.a.embeddings[i] - np.linalg.pinv(form) @ g.T @ sigma @ h @ pair.b.embeddings[i]


@pytest.mark.parametrize("seed", range(4))
def test_sides_are_those_of_the_definition(seed):
    pair = random_pair(seed)
    parts = [by_definition(pair, i) for i in range(pair.n)]
    form = np.mean([r @ form @ r for form, r in parts])
    assert float(evaluate(T16.main, pair).lhs) == pytest.approx(form, rel=1e-9)
    assert float(evaluate(T16.main, pair).rhs) == pytest.approx(2 * kl_divergence(pair.a, pair.b), rel=1e-12)
    found = evaluate(T16.statement("embedding"), pair)
    assert float(found.lhs) == pytest.approx(np.mean([r @ r for _, r in parts]), rel=1e-9)
    bounds = embedding_certificates(pair.a, pair.b)
    assert float(found.rhs) == pytest.approx(np.mean(bounds.per_input_map), rel=1e-9)
    assert float(evaluate(T16.statement("single_map"), pair).rhs) == pytest.approx(np.mean(bounds.single_map), rel=1e-9)
    share = evaluate(T16.statement("certified_share"), pair).rhs
    assert float(share) == pytest.approx(1 - certified_embeddings(pair.a, pair.b))


def test_the_teacher_s_form_is_a_variance():
    pair = random_pair(5)
    aligned = (
        pair.a.embeddings
        - pair.b.embeddings @ np.linalg.lstsq(pair.a.centred_unembeddings, pair.b.centred_unembeddings, rcond=None)[0].T
    )
    expected = []
    for i in range(pair.n):
        p = pair.a.probabilities[i]
        form = pair.a.centred_unembeddings.T @ (np.diag(p) - np.outer(p, p)) @ pair.a.centred_unembeddings
        expected.append(aligned[i] @ form @ aligned[i])
    assert float(t16.teacher_form(pair)) == pytest.approx(np.mean(expected), rel=1e-10)
    difference = pair.logit_difference
    assert float(t16.largest_range(pair)) == pytest.approx(np.ptp(difference, axis=1).max())


def test_inputs_that_both_models_are_sure_of_count_for_neither_side():
    labels = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    sure, unsure = [[60.0, 10.0]], [[0.1, 0.2]]
    one = Pair(Model(unsure, labels), Model([[0.2, 0.1]], labels))
    both = Pair(Model(unsure + sure, labels), Model([[0.2, 0.1], [90.0, 10.0]], labels))
    for name in ("fisher_form", "embedding", "single_map"):
        alone, beside = (evaluate(T16.statement(name), pair) for pair in (one, both))
        assert float(beside.lhs) == pytest.approx(float(alone.lhs) / 2, rel=1e-12)
        assert float(beside.rhs) == pytest.approx(float(alone.rhs) / 2, rel=1e-12)
        assert decide(T16.statement(name), both).verdict is Verdict.HOLDS
    assert not evaluate(T16.main, Pair(Model(sure, labels), Model(sure, labels))).applies
    assert decide(T16.main, Pair(Model(sure, labels), Model(sure, labels))).verdict is Verdict.NOT_APPLICABLE


def test_the_pentagon_s_loss_is_no_contradiction():
    """KL vanishes and the embeddings differ by one: the bound of each input is far above, and no share is certified."""
    found = evaluate(T16.statement("certified_share"), examples.pentagon(20.0))
    assert (float(found.lhs), float(found.rhs)) == (1.0, 1.0)
    pair = examples.pentagon(20.0)
    assert (embedding_certificates(pair.a, pair.b).single_map > 1.0).all()


def test_matrices_of_too_many_inputs_are_declined(monkeypatch):
    monkeypatch.setattr(t16, "_NUMBERS", 20)
    with pytest.raises(NotApplicable, match="holds 2 x 2 numbers for each of 6 inputs"):
        evaluate(T16.main, random_pair(11))


def test_blocks_change_nothing(monkeypatch):
    whole = evaluate(T16.main, random_pair(12))
    monkeypatch.setattr("theory.measures.embedding_certificates._BLOCK", 24)  # two inputs of six labels in a plane
    parts = evaluate(T16.main, random_pair(12))
    assert (float(parts.lhs), float(parts.rhs)) == (float(whole.lhs), float(whole.rhs))
