"""What is certified for new inputs: numbers by hand, groups, probes, and coverage where the population is known."""

import math
from fractions import Fraction

import numpy as np
import pytest

from reports.certify.probes import Probes, certain_decisions
from reports.certify.run import certify, units
from reports.certify.words import as_json, assumed, percent, statements
from reports.shared.rendering import at_least, at_most
from theory import InvalidInput, Model, Pair, clopper_pearson, conformal_quantile
from theory.catalogue import examples

LABELS = np.array([[0.5], [-0.5]])


def shifted(gaps, embeddings=None):
    """Coins with one head: f = 1 unless it is said, and f' = f + gap."""
    gaps = np.asarray(gaps, dtype=float)[:, None]
    first = np.ones_like(gaps) if embeddings is None else np.asarray(embeddings, dtype=float)[:, None]
    return Pair(Model(first, LABELS), Model(first + gaps, LABELS))


def score(found, name):
    return next(each for each in found.scores if each.name == name)


def share(found, name):
    return next(each for each in found.shares if each.name == name)


def test_scores_are_the_order_statistics_by_hand():
    """Gaps 1, ..., 19: ||f - A* f'|| is the gap; rank 18 of 19 at alpha = 1/10; ||Delta|| is gap / sqrt 2."""
    found = certify(shifted(np.arange(1.0, 20.0)), 0.1, 0.5)
    assert found.ranks == {"marginal": 18, "conditional": 18}  # P(Bin(19, .9) >= 18) = .42, of at least 17 it is .71
    error = score(found, "alignment_error")
    assert (error.marginal, error.conditional, error.largest) == pytest.approx((18.0, 18.0, 19.0))
    assert score(found, "relative_alignment_error").marginal == pytest.approx(18.0)
    assert score(found, "logit_distance").marginal == pytest.approx(18.0 / math.sqrt(2))


def test_shares_are_counted_and_have_their_intervals():
    found = certify(shifted([-2.0] * 3 + [0.0] * 7), 0.1, 0.05)
    flipped = share(found, "flipped")
    assert flipped.seen == 0.3
    assert (flipped.low, flipped.high) == clopper_pearson(3, 10, 0.05)
    assert share(found, "certified_agreement").seen == 0.7  # KL = 0 on the others
    assert share(found, "certified_embeddings").seen == 0.7  # KL = 0 certifies, and a flip of two does not


def test_too_few_inputs_bound_nothing_and_say_how_many_are_needed():
    found = certify(shifted(np.arange(8.0)), 0.1, 0.05)
    assert score(found, "kl_divergence").marginal == math.inf
    assert found.needed == {"marginal": 9, "conditional": 29}  # .9^29 = .047
    lines = statements(found)
    assert (
        "Nothing bounds KL(A || B) of a new input with probability 90 %: that needs 9 inputs, and there are 8." in lines
    )
    data = as_json(found)
    assert data["undefined"]["kl_divergence.marginal"] == "that needs 9 inputs, and there are 8"


def test_a_bound_that_is_infinite_for_want_of_a_norm_says_so():
    found = certify(shifted([1.0] * 20, [0.0] * 20), 0.1, 0.5)
    assert score(found, "relative_alignment_error").marginal == math.inf
    assert (
        "too many of the 20 inputs have no finite value"
        in as_json(found)["undefined"]["relative_alignment_error.marginal"]
    )


def test_the_worst_of_a_group_and_one_of_it():
    gaps = np.array([1.0, 5.0, 2.0, 3.0, -9.0, 4.0])
    groups = np.array([0, 0, 1, 1, 2, 2])
    worst = certify(shifted(gaps), 0.5, 0.5, groups=groups)
    assert worst.units.count == 3
    assert score(worst, "alignment_error").largest == pytest.approx(9.0)
    assert score(worst, "alignment_error").marginal == pytest.approx(conformal_quantile([5.0, 3.0, 9.0], 0.5))
    assert share(worst, "flipped").seen == pytest.approx(1 / 3)
    drawn = units(6, groups, "drawn", 0)
    assert groups[drawn.drawn].tolist() == [0, 1, 2]
    seen = np.array([units(6, groups, "drawn", seed).drawn for seed in range(200)])
    assert set(seen.ravel().tolist()) == set(range(6))
    assert np.mean(seen[:, 0] == 0) == pytest.approx(0.5, abs=0.15)  # a uniform draw: four standard errors
    assert certify(shifted(gaps), 0.5, 0.5, groups=groups, of_group="drawn", seed=3).units.count == 3


def test_a_group_is_certified_only_as_a_whole():
    pair = shifted([0.0, 0.0, 0.0, 5.0])
    assert share(certify(pair, 0.5, 0.5), "certified_embeddings").seen == 0.75
    whole = certify(pair, 0.5, 0.5, groups=np.array([0, 0, 1, 1]))
    assert share(whole, "certified_embeddings").seen == 0.5


def test_a_head_without_full_rank_has_no_alignment_and_says_why():
    flat = Model(np.ones((9, 2)), np.outer([1.0, 2.0, 3.0], [1.0, 1.0]))
    other = Model(np.ones((9, 2)), np.eye(3, 2))
    found = certify(Pair(flat, other), 0.1, 0.5)
    assert [each.name for each in found.scores] == ["kl_divergence", "logit_distance"]
    data = as_json(found)
    assert data["scores"]["alignment_error"] == {"marginal": None, "conditional": None}
    assert data["shares"]["certified_embeddings"] is None
    assert "do not span" in data["undefined"]["alignment_error"]
    with pytest.raises(InvalidInput, match="--probes: A: its 3 centred"):
        certify(Pair(flat, other), 0.1, 0.5, probes=Probes(np.ones((1, 2)), np.zeros(1)))


@pytest.mark.parametrize(
    ("alpha", "delta", "complaint"),
    [
        (0.0, 0.5, "--alpha: expected a number strictly between 0 and 1, saw 0.0"),
        (0.5, 1.0, "--delta: expected"),
        (math.nan, 0.5, "--alpha: expected"),
    ],
)
def test_levels_are_checked(alpha, delta, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        certify(shifted([1.0]), alpha, delta)


def test_a_batch_is_refused():
    model = Model(np.ones((2, 3, 1)), np.stack([LABELS, LABELS]))
    with pytest.raises(InvalidInput, match="pair: expected one pair"):
        certify(Pair(model, model), 0.1, 0.1)


# --------------------------------------------------------------------------- probes


def transported(pair, probes):
    """Values of probes on both models: v.f + b, and v.A* f' + b."""
    aligned = pair.b.embeddings @ (pair.a.unembedding_pseudo_inverse @ pair.b.centred_unembeddings).T
    return (f @ probes.weights.T + probes.bias for f in (pair.a.embeddings, aligned))


def random_pair(seed, noise, n=60):
    rng = np.random.default_rng(seed)
    f, g = rng.standard_normal((n, 3)), 2 * rng.standard_normal((6, 3))
    other = Model(f + noise * rng.standard_normal(f.shape), g + noise * rng.standard_normal(g.shape))
    return Pair(Model(f, g), other), Probes(rng.standard_normal((4, 3)), 0.3 * rng.standard_normal(4))


@pytest.mark.parametrize("noise", [1e-3, 0.03, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_certain_decisions_are_those_of_both_models(seed, noise):
    pair, probes = random_pair(seed, noise)
    first, second = transported(pair, probes)
    found = certain_decisions(pair, probes)
    assert list(found) == ["probe 0", "probe 1", "probe 2", "probe 3", "largest"]
    for i in range(4):
        assert (np.sign(first) == np.sign(second))[:, i][found[f"probe {i}"]].all()
    assert (first.argmax(axis=1) == second.argmax(axis=1))[found["largest"]].all()
    if noise < 0.1:
        assert all(np.mean(sure) > 0.5 for sure in found.values())


def test_some_decisions_that_are_not_certain_do_change():
    changed = 0
    for seed in range(5):
        pair, probes = random_pair(seed, 0.3)
        first, second = transported(pair, probes)
        changed += np.count_nonzero(np.sign(first) != np.sign(second))
    assert changed > 0


def test_a_probe_by_hand():
    """One head: |w' f' - w f| is the gap; ||pinv(Gc)^T|| ||Delta|| = sqrt 2 gap/sqrt 2, and so certain below f = 1."""
    found = certain_decisions(shifted([0.5, 0.99, 1.01, -3.0]), Probes(np.array([[1.0]]), np.zeros(1)))
    assert found["probe 0"].tolist() == [True, True, False, False]


def test_blocks_of_inputs_change_nothing(monkeypatch):
    pair, probes = random_pair(0, 0.03)
    whole = certain_decisions(pair, probes)
    monkeypatch.setattr("reports.certify.probes._BLOCK", 36)  # three inputs of four probes in space
    monkeypatch.setattr("reports.certify.run._BLOCK", 12)
    parts = certain_decisions(pair, probes)
    assert all(np.array_equal(parts[name], whole[name]) for name in whole)


# --------------------------------------------------------------------------- words


def test_numbers_in_sentences_are_rounded_to_the_side_of_truth():
    assert at_most(0.12341) == "0.1235"
    assert at_least(99.99999) == "99.99"
    assert at_most(1e-9) == "1.001e-9"  # the float is above the decimal
    assert (at_most(0.0), at_least(0.0), at_most(math.inf)) == ("0", "0", "∞")
    assert float(at_most(math.pi)) >= math.pi >= float(at_least(math.pi))
    assert percent(1 - Fraction(1, 1000)) == "99.9 %"


def test_what_is_assumed_is_said_for_groups_too():
    pair, groups = shifted(np.arange(6.0)), np.array([0, 0, 1, 1, 2, 2])
    assert "groups that were seen" in assumed(certify(pair, 0.5, 0.5, groups=groups))[0]
    assert "worst input" in assumed(certify(pair, 0.5, 0.5, groups=groups))[-1]
    assert "drawn at random" in assumed(certify(pair, 0.5, 0.5, groups=groups, of_group="drawn"))[-1]
    assert len(assumed(certify(pair, 0.5, 0.5))) == 3


def test_a_model_whose_kl_vanishes_is_not_certified():
    pair = examples.pentagon(40.0)
    assert share(certify(pair, 0.5, 0.5), "certified_embeddings").seen == 0.0


# --------------------------------------------------------------------------- coverage


def heavy_population(rng, size):
    """Models of one head whose students are off by gaps without a mean."""
    f = rng.standard_normal((size, 2))
    return f, f + np.exp(2 * rng.standard_normal((size, 1))) * rng.standard_normal((size, 2)) / 10


@pytest.mark.slow  # two hundred samples of a population
def test_coverage_on_heavy_tails():
    """Of 200 samples, the marginal promise on average and the conditional one on all but a share delta."""
    rng, labels = np.random.default_rng(0), np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [1.0, 1.0]])
    f, f2 = heavy_population(rng, 5_000)
    errors, alpha, delta = np.linalg.norm(f - f2, axis=1), 0.1, 0.05
    below, kept = [], 0
    for _ in range(200):
        rows = rng.choice(len(f), 150)
        found = score(certify(Pair(Model(f[rows], labels), Model(f2[rows], labels)), alpha, delta), "alignment_error")
        below.append(np.mean(errors <= found.marginal))
        kept += np.mean(errors <= found.conditional) >= 1 - alpha
    # Three standard errors: .0245 / sqrt 200 for a share that varies like the rank's, sqrt(.05 .95 / 200) for a count.
    assert np.mean(below) >= 1 - alpha - 0.0052
    assert kept / 200 >= 1 - delta - 0.0463


@pytest.mark.slow  # two hundred samples of clustered inputs, twice
def test_coverage_on_clustered_inputs():
    """Thirty documents of twenty inputs: taken for 600 inputs the promise with confidence fails, by groups it holds."""
    rng, labels, alpha, delta, trials = np.random.default_rng(1), np.array([[0.5], [-0.5]]), 0.1, 0.05, 200

    def documents(count):
        levels = np.exp(1.5 * rng.standard_normal((count, 1)))
        return levels * rng.exponential(size=(count, 20))

    population = documents(2_000)
    groups, kept = np.repeat(np.arange(30), 20), {"inputs": 0, "groups": 0}
    for _ in range(trials):
        gaps = documents(30).ravel()[:, None]
        pair = Pair(Model(np.ones_like(gaps), labels), Model(1 + gaps, labels))
        alone = score(certify(pair, alpha, delta), "alignment_error").conditional
        worst = score(certify(pair, alpha, delta, groups=groups), "alignment_error").conditional
        kept["inputs"] += np.mean(population <= alone) >= 1 - alpha
        kept["groups"] += np.mean(population.max(axis=1) <= worst) >= 1 - alpha
    assert kept["groups"] / trials >= 1 - delta - 0.0463  # three standard errors of 200 trials
    assert kept["inputs"] / trials < 0.85
