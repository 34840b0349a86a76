"""The simplest counterexample: the smallest shape that has one, and numbers that a person can check."""

import math

import numpy as np
import pytest

from theory import Budget, Claim, Domain, claim, falsify, kl_divergence, logit_distance, squared_logit_distance
from theory.catalogue import theorem
from theory.evidence import Evidence, Verdict, decide
from theory.search.arrays import arrays_of, pair_of, sizes_of, within
from theory.search.objective import Objective
from theory.search.outcome import Witness
from theory.search.shrinking import cost, simplest
from theory.search.statement_claims import claim_of

MINIMAL = {  # n, k, m and m' of the least shape in which the twin can fail
    # The least number of inputs, two labels and one dimension: nothing is smaller.
    ("T1", "squared_triangle"): (2, 2, 1, 1),
    ("T1", "uncentred_log_probabilities"): (2, 2, 1, 1),
    ("T1", "one_model_relabelled"): (2, 2, 1, 1),
    ("T2", "constant_without_kappa"): (2, 2, 1, 1),
    ("T3", "uncentred_unembeddings"): (2, 2, 1, 1),
    ("T3", "unsquared"): (2, 2, 1, 1),
    ("T5", "binary_without_factor"): (1, 2, 1, 1),
    ("T5", "first_floor_only"): (1, 2, 1, 1),
    ("T6", "eighth"): (1, 2, 1, 1),
    ("T6", "five_percent_less"): (1, 2, 1, 1),
    ("T6", "unsquared"): (1, 2, 1, 1),
    ("T7", "squared_distance"): (2, 2, 1, 1),
    ("T8", "second_moment_for_variance"): (2, 2, 1, 1),
    ("T8", "five_percent_less"): (2, 2, 1, 1),
    ("T9", "without_centring"): (2, 2, 1, 1),
    ("T9", "fixed_pivot_as_a_sum"): (2, 2, 1, 1),
    ("T11", "hellinger_half"): (1, 2, 1, 1),
    ("T11", "norm_two_by_half_of_one"): (1, 2, 1, 1),
    ("T13", "raw_error_in_the_limit"): (1, 2, 1, 1),
    ("T13", "without_the_limit"): (1, 2, 1, 1),
    ("T4", "centred_correlations_only"): (4, 2, 1, 1),  # stated for four inputs or more
    ("T12", "half_of_the_logit_form"): (3, 2, 1, 1),  # for three or more
    ("T12", "without_the_pivot"): (3, 2, 1, 1),
    ("T11", "norm_infinity_half"): (1, 3, 1, 1),  # for three labels or more
    # One dimension has one singular value: the largest is the smallest.
    ("T3", "largest_singular_value"): (2, 3, 2, 2),
    ("T8", "largest_singular_value"): (2, 3, 2, 2),
    ("T9", "largest_eigenvalue"): (2, 3, 2, 2),
    # Two labels have one subset, and one difference: averages over them are what is averaged.
    ("T2", "mean_over_subsets"): (2, 3, 1, 1),
    ("T10", "absolute_weights"): (2, 3, 1, 1),
    ("T10", "one_fixed_pivot"): (2, 3, 1, 1),
    # Two inputs span all of two dimensions, and every correlation is 1.
    ("T4", "reversed_pairing"): (3, 3, 2, 2),
    # One input has no average to put outside.
    ("T11", "chi_squared_outside_the_mean"): (2, 2, 1, 1),
}


def arrays(f, g, f2, g2):
    return tuple(np.array(block, dtype=float) for block in (f, g, f2, g2))


@pytest.mark.parametrize(("identifier", "name"), MINIMAL, ids=lambda x: x)
@pytest.mark.slow  # every false twin is attacked and shrunk
def test_false_twins_fail_in_the_least_shape_and_in_small_whole_numbers(identifier, name):
    twin = next(t for t in theorem(identifier).twins if t.name == name)
    outcome = falsify(claim_of(twin.statement), Budget(seconds=None, evaluations=4000))
    small = outcome.simplest
    blocks = arrays_of(small.pair)
    assert sizes_of(blocks) == MINIMAL[identifier, name]
    assert all(abs(x) <= 9 and x == round(x) for block in blocks for x in block.flat)
    assert within(twin.statement.domain, blocks)
    assert small.evidence in (Evidence.BALL, Evidence.EXACT)
    assert decide(twin.statement, small.pair).verdict is Verdict.REFUTED
    lhs, rhs = claim_of(twin.statement)(small.pair)
    assert (float(lhs), float(rhs)) == (small.lhs, small.rhs)
    assert small.lhs - small.rhs > small.lhs_error + small.rhs_error


def test_no_violation_is_worse_than_the_worst():
    twin = next(t for t in theorem("T1").twins if t.name == "squared_triangle")
    outcome = falsify(claim_of(twin.statement), Budget(seconds=None, evaluations=4000))
    assert outcome.simplest.ratio <= outcome.worst.ratio


def test_at_least_twelve_twins_are_looked_at():
    assert len(MINIMAL) >= 12
    assert all(name in {t.name for t in theorem(identifier).twins} for identifier, name in MINIMAL)


# --------------------------------------------------------------------------- what is simple


ZERO = ([[0]], [[0], [0]], [[0]], [[0], [0]])


def test_known_costs():
    assert cost(arrays(*ZERO)) == 0.0
    assert cost(arrays([[1]], [[0], [0]], [[0]], [[0], [0]])) == pytest.approx(1.05)
    assert cost(arrays([[-1]], [[0], [0]], [[0]], [[0], [0]])) == pytest.approx(1.1)
    assert cost(arrays([[1]], [[0], [0]], [[1]], [[0], [0]])) == pytest.approx(1.05)  # shared: counted once
    assert cost(arrays([[1]], [[0], [0]], [[2]], [[0], [0]])) == pytest.approx(1.05 + 1.1)
    assert cost(arrays([[100]], [[0], [0]], [[0]], [[0], [0]])) == pytest.approx(4.0)
    assert cost(arrays([[0.5]], [[0], [0]], [[0]], [[0], [0]])) == pytest.approx(3 + math.log10(2))
    assert cost(arrays([[0.75]], [[0], [0]], [[0]], [[0], [0]])) == pytest.approx(3 + math.log10(12))


def test_shapes_that_differ_share_nothing():
    shared = arrays([[1]], [[0], [1], [0]], [[1]], [[0], [1], [0]])
    wider = arrays([[1]], [[0], [1], [0]], [[1, 0]], [[0, 0], [1, 0], [0, 0]])
    assert cost(shared) == pytest.approx(2.1)
    assert cost(wider) == pytest.approx(4.2)


def test_costs_are_ordered_as_a_person_would():
    whole, broken = (0, 1, 2, 3, 9, 10, 12, 50, 99, 1000), (1 / 2, 1 / 3, 5 / 12)
    for entries in (whole, broken, (9, *broken, 0.1234), (*whole, math.pi)):
        costs = [cost(arrays([[x]], [[0], [0]], [[0]], [[0], [0]])) for x in entries]
        assert costs == sorted(costs)
        assert len(set(costs)) == len(costs)
        for x, plus in zip(entries, costs, strict=True):
            minus = cost(arrays([[-x]], [[0], [0]], [[0]], [[0], [0]]))
            assert minus == pytest.approx(plus + (0.05 if x else 0.0))


def test_fewer_decimals_are_cheaper():
    costs = [cost(arrays([[x]], [[0], [0]], [[0]], [[0], [0]])) for x in (0.05, 0.123, 0.1234, 0.12345678)]
    assert costs == sorted(costs)
    assert len(set(costs)) == 4


# --------------------------------------------------------------------------- user's claims


def least(function, evaluations=2000, **domain):
    attacked = Claim(function, "claim", domain=Domain(**domain))
    outcome = falsify(attacked, Budget(seconds=None, evaluations=evaluations))
    assert outcome.verdict == "refuted"
    small = outcome.simplest
    lhs, rhs = map(float, function(small.pair))
    assert (lhs, rhs) == (small.lhs, small.rhs)
    assert lhs - rhs > small.lhs_error + small.rhs_error
    assert small.found_in in {"shrinking", outcome.worst.found_in, *outcome.strata}
    blocks = arrays_of(small.pair)
    assert within(attacked.domain, blocks)
    return sizes_of(blocks), blocks


def test_a_norm_needs_no_shape():
    sizes, blocks = least(lambda pair: (float(np.linalg.norm(pair.a.embeddings)), 3.0))
    assert sizes == (2, 2, 1, 1)
    assert 9 < np.sum(blocks[0] ** 2) <= 50
    assert np.array_equal(blocks[0], np.rint(blocks[0]))
    f, g, f2, g2 = blocks
    assert not f2.any() or np.array_equal(f, f2)  # nothing else matters but diversity
    assert np.array_equal(g, g2)
    assert np.sum(g**2) == 1


def test_inputs_labels_and_second_dimensions_that_are_needed_stay():
    assert least(lambda pair: (float(pair.n), 4.5))[0] == (5, 2, 1, 1)
    assert least(lambda pair: (float(pair.k), 4.5))[0] == (2, 5, 1, 1)
    assert least(lambda pair: (float(pair.b.m), pair.a.m + 0.5), equal_dimensions=False)[0] == (2, 3, 1, 2)


def test_dimensions_that_are_needed_stay_and_nothing_else():
    assert least(lambda pair: (float(pair.m), 1.5))[0] == (2, 3, 2, 2)


def test_four_inputs_are_enough():
    """Four zeros: exp(0) + ... = 4 > 3; three entries give no more than 3."""
    assert least(lambda pair: (float(np.exp(-(pair.a.embeddings**2)).sum()), 3.0))[0] == (4, 2, 1, 1)


@pytest.mark.parametrize(
    ("domain", "sizes"),
    [
        ({}, (2, 2, 1, 1)),
        ({"dimensions": (2, 4), "inputs": (3, 12)}, (3, 3, 2, 2)),
        ({"labels": (4, 6), "inputs": (1, 1)}, (1, 4, 1, 1)),
        ({"dimensions": (2, 3), "labels": (2, 4), "diverse": False}, (2, 2, 2, 2)),
        ({"dimensions": (3, 3), "labels": (5, 5), "inputs": (4, 4)}, (4, 5, 3, 3)),
    ],
)
@pytest.mark.slow  # attacks and shrinks in five domains
def test_the_domain_is_respected(domain, sizes):
    found, blocks = least(
        lambda pair: (kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 8), **domain
    )
    assert found == sizes
    assert all(abs(x) <= 99 for block in blocks for x in block.flat)


def test_large_numbers_are_kept_where_they_are_needed():
    sizes, blocks = least(lambda pair: (logit_distance(pair.a, pair.b), 30.0))
    assert sizes == (2, 2, 1, 1)
    assert all(abs(x) <= 99 and x == round(x) for block in blocks for x in block.flat)


@pytest.mark.slow  # attacks twice
def test_the_same_seed_gives_the_same_example():
    @claim
    def tenth(pair):
        return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 10

    found = [falsify(tenth, Budget(seconds=None, evaluations=900), seed).simplest for seed in (0, 0, 1)]
    same = [
        all(np.array_equal(x, y) for x, y in zip(arrays_of(found[0].pair), arrays_of(w.pair), strict=True))
        for w in found
    ]
    assert same[:2] == [True, True]
    assert all(sizes_of(arrays_of(w.pair)) == (2, 2, 1, 1) for w in found)


# --------------------------------------------------------------------------- the shrinker alone


def shrunk(function, start, confirms=lambda arrays: True, domain=None):
    tried = Objective(Claim(function, "claim", domain=domain or Domain()), Budget(seconds=None, evaluations=1))
    tried.limited = False

    def witness(blocks, lhs, rhs, label):
        return Witness(as_pair(blocks), lhs, rhs, 0.0, 0.0, Evidence.FLOAT64, label, 1) if confirms(blocks) else None

    fate, lhs, rhs = tried.answer(start, "start")
    assert fate == "value"
    assert lhs > rhs
    first = witness(start, lhs, rhs, "start") or Witness(as_pair(start), lhs, rhs, 0.0, 0.0, None, "start", 1)
    return simplest(tried, witness, (first,), 0), first


def as_pair(blocks):
    return pair_of(blocks)


def wide(seed=0, n=6, k=5, m=3):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(shape) for shape in ((n, m), (k, m), (n, m), (k, m)))


def positive(pair):
    return 1.0, 0.0


def test_a_claim_that_always_fails_fails_at_nearly_nothing():
    small, _ = shrunk(positive, wide())
    assert sizes_of(arrays_of(small.pair)) == (2, 2, 1, 1)
    assert cost(arrays_of(small.pair)) <= 1.1


def test_what_is_not_confirmed_is_not_shown():
    small, first = shrunk(positive, wide(), confirms=lambda blocks: False)
    assert small is first
    small, _ = shrunk(positive, wide(), confirms=lambda blocks: len(blocks[0]) >= 4)
    assert len(small.pair.a.embeddings) >= 4


def test_a_simplest_example_keeps_a_margin():
    """Violated by any |f| > 1, but shown with a relative excess of a thousandth."""

    def size(pair):
        return float(np.abs(pair.a.embeddings).max()), 1.0

    small, _ = shrunk(size, wide())
    assert small.lhs >= 1.002
    assert small.lhs == 2.0


def test_an_answer_that_is_malformed_ends_the_shrinking():
    asked = []

    def breaks(pair):
        asked.append(1)
        return (2.0, 1.0) if len(asked) < 40 else None

    small, first = shrunk(breaks, wide())
    assert small is first or small.lhs == 2.0
    assert len(asked) == 40
