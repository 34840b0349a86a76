"""The engine on claims of plain NumPy: false ones of every kind must fall, true ones must stand whatever they round."""

import functools
import math

import numpy as np
import pytest

from theory import Domain, claim, falsify
from theory.search.objective import Budget

NOTHING = math.nan, math.nan


def centred(array):
    return array - array.mean(axis=0)


def factors(pair):
    return pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings


def logits(pair):
    f, g, f2, g2 = factors(pair)
    return f @ centred(g).T, f2 @ centred(g2).T


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def squared_distance(pair):
    u, v = logits(pair)
    return ((u - v) ** 2).sum(axis=1).mean()


def divergences(pair):
    """KL of each input by terms that are not negative: p (e^t - 1 - t), t = log p' - log p."""
    p, q = (log_softmax(z) for z in logits(pair))
    t = q - p
    return (np.exp(p) * np.where(np.abs(t) < 1e-4, t * t / 2 + t**3 / 6, np.expm1(np.minimum(t, 600)) - t)).sum(axis=1)


# --------------------------------------------------------------------------- false


@claim
def kl_below_by_one_per_cent(pair):
    """KL <= 0.99 d^2 / 4: the constant 1/4 is reached as logits vanish, for k = 2 or along two labels."""
    return divergences(pair).mean(), 0.99 * squared_distance(pair) / 4


@claim
def inputs_of_seven_labels(pair):
    """|D|_1 <= 2.6 |D|_2 is true up to k = 6 and false at k = 7, where sqrt(7 - 1/7) = 2.619 is reached."""
    u, v = logits(pair)
    if u.shape[1] > 7:
        return NOTHING
    return np.abs(u - v).sum(axis=1).max(), 2.6 * np.sqrt(((u - v) ** 2).sum(axis=1)).max()


@claim
def predictions_change_late(pair):
    """Share of changed predictions <= 1.8 E |D|^2 / margin^2: labels that meet halfway need |D|^2 = margin^2 / 2."""
    u, v = logits(pair)
    ordered = np.sort(u, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    if margin.min() <= 1e-6:
        return NOTHING
    return (u.argmax(1) != v.argmax(1)).mean(), 1.8 * (((u - v) ** 2).sum(axis=1) / margin**2).mean()


@claim
def small_kl_keeps_correlations(pair):
    """A mean canonical correlation below 0.6 needs KL above 1e-9: false for permuted clusters in a one-hot limit."""
    f, _, f2, _ = factors(pair)
    if f.shape[1] != 2 or len(f) < 4:
        return NOTHING
    bases = [np.linalg.svd(centred(x), full_matrices=False) for x in (f, f2)]
    if min(s[-1] / s[0] for _, s, _ in bases) < 1e-7:
        return NOTHING
    correlations = np.linalg.svd(bases[0][0].T @ bases[1][0], compute_uv=False)
    return max(0.0, 0.6 - correlations.mean()), 1e9 * divergences(pair).mean()


@claim
def similar_whatever_the_gauge(pair):
    """Equal distributions have Procrustes distance below a half: false, embeddings are known up to a linear map."""
    f, _, f2, _ = factors(pair)
    u, v = logits(pair)
    if f.shape[1] < 2 or ((u - v) ** 2).sum() > 1e-12 * (u * u + v * v).sum():
        return NOTHING
    return 1 - np.linalg.norm(f.T @ f2, "nuc") / (np.linalg.norm(f) * np.linalg.norm(f2)), 0.5


@claim
def logits_never_oppose(pair):
    """0 <= E u.u' + 0.2 E |u - u'|^2: the left side is always zero; violated by u' = -u."""
    u, v = logits(pair)
    return 0.0, (u * v).sum() + 0.2 * ((u - v) ** 2).sum()


@claim(domain=Domain(dimensions=(3, 3), labels=(4, 4), inputs=(2, 4)))
def alignment_by_three_per_cent(pair):
    """E|f - A* f'|^2 <= 0.97 d^2 / s_min^2: attained only along the weakest direction of the labels."""
    f, g, f2, g2 = factors(pair)
    s = np.linalg.svd(centred(g), compute_uv=False)
    if s[-1] < 1e-9 * s[0]:
        return NOTHING
    residual = f - f2 @ (np.linalg.pinv(centred(g)) @ centred(g2)).T
    return (residual**2).sum(axis=1).mean(), 0.97 * squared_distance(pair) / s[-1] ** 2


FALSE = {
    kl_below_by_one_per_cent: 2_000,
    inputs_of_seven_labels: 4_000,
    predictions_change_late: 8_000,
    small_kl_keeps_correlations: 15_000,
    similar_whatever_the_gauge: 25_000,
    logits_never_oppose: 8_000,
    alignment_by_three_per_cent: 6_000,
}


@pytest.mark.parametrize("false", FALSE, ids=lambda c: c.name)
def test_false_claims_fall(false):
    outcome = falsify(false, Budget(None, FALSE[false]))
    assert outcome.verdict == "refuted", outcome.message
    assert outcome.worst is not None
    assert outcome.simplest is not None
    for witness in (outcome.worst, outcome.simplest):
        lhs, rhs = false(witness.pair)
        assert (lhs, rhs) == (witness.lhs, witness.rhs)
        assert lhs - rhs > witness.lhs_error + witness.rhs_error
    assert outcome.simplest.pair.n <= outcome.worst.pair.n or outcome.simplest.pair.k <= outcome.worst.pair.k


# --------------------------------------------------------------------------- true


@claim
def naive_kl(pair):
    """KL <= d^2 / 4 by p (log p - log p'), whose terms cancel: noise for nearly equal models and near one-hot."""
    p, q = (log_softmax(z) for z in logits(pair))
    return (np.exp(p) * (p - q)).sum(axis=1).mean(), squared_distance(pair) / 4


@claim
def naive_kl_under_a_floor(pair):
    """d^2 <= 2 KL / tau by the same formula: near one-hot KL is a difference of numbers that round to zero."""
    p, q = (log_softmax(z) for z in logits(pair))
    return squared_distance(pair), 2 * (np.exp(p) * (p - q)).sum(axis=1).mean() / math.exp(min(p.min(), q.min()))


@claim
def two_labels_of_tiny_probability(pair):
    """k = 2: d <= sqrt(E TV^2 / 2) / (tau (1 - tau)): at probabilities of 1e-99 TV loses half, as 1 - p is 1."""
    u, v = logits(pair)
    if u.shape[1] != 2:
        return NOTHING
    p, q = np.exp(log_softmax(u)), np.exp(log_softmax(v))
    tau = min(p.min(), q.min())
    variation = np.abs(p - q).sum(axis=1) / 2
    return math.sqrt(squared_distance(pair)), math.sqrt((variation**2).mean() / 2) / (tau * (1 - tau))


@claim
def equal_by_two_formulas(pair):
    """||u - u'||^2 = |u|^2 - 2 u.u' + |u'|^2, with equality, from a square root of what may round below zero."""
    u, v = logits(pair)
    expanded = (u * u).sum() - 2 * (u * v).sum() + (v * v).sum()
    return math.sqrt(max(expanded, 0.0)), math.sqrt(((u - v) ** 2).sum())


@claim
def entropies(pair):
    """Entropy <= log k, attained by the uniform distribution only, and the constant is rounded."""
    p = log_softmax(logits(pair)[0])
    return -(np.exp(p) * p).sum(axis=1).max(), np.log(float(p.shape[1]))


@claim
def ties_at_the_threshold(pair):
    """Share of changed predictions <= P(margin <= 1) + 2 E |D|^2, with equality at margins of exactly one."""
    u, v = logits(pair)
    ordered = np.sort(u, axis=1)
    changed = (u.argmax(1) != v.argmax(1)).mean()
    return changed, (ordered[:, -1] - ordered[:, -2] <= 1).mean() + 2 * squared_distance(pair)


@claim
def angles(pair):
    """Two ways to an angle, one by arccos near one, agree to a millionth."""
    f, _, f2, _ = factors(pair)
    x, y = f.ravel(), f2.ravel()
    product = np.linalg.norm(x) * np.linalg.norm(y)
    if product == 0:
        return NOTHING
    cosine = np.clip(x @ y / product, -1, 1)
    chord = np.linalg.norm(x / np.linalg.norm(x) - y / np.linalg.norm(y))
    return np.arccos(cosine), 2 * np.arcsin(min(chord / 2, 1.0))


TRUE = (naive_kl, naive_kl_under_a_floor, two_labels_of_tiny_probability, equal_by_two_formulas, entropies,
        ties_at_the_threshold, angles)  # fmt: skip


@functools.cache
def searched(claim, seed):
    return falsify(claim, Budget(None, 4_000), seed)


@pytest.mark.parametrize("true", TRUE, ids=lambda c: c.name)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.slow  # true claims are attacked to the end of the budget
def test_true_claims_stand_whatever_they_round(true, seed):
    outcome = searched(true, seed)
    assert outcome.verdict in ("survived", "inconclusive"), outcome.message
    assert outcome.evaluations >= 4_000
    assert outcome.simplest is None


@pytest.mark.slow  # attacks the true claims, unless the test above has
def test_rounding_does_fool_float64():
    """The true claims above are a test only because float64 alone would call them violated."""
    fooled = [true.name for true in TRUE if "within their rounding errors" in searched(true, 0).message]
    assert {"naive_kl", "naive_kl_under_a_floor", "equal_by_two_formulas"} <= set(fooled)
