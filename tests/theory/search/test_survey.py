"""The first look: every regime at every shape, the same for the same seed, and never outside of the domain."""

from collections import Counter

import numpy as np
import pytest

from theory import Domain, InvalidInput
from theory.pairs.strata import STRATA
from theory.search.arrays import arrays_of, diversity, each_of, sizes_of, within
from theory.search.survey import REGIMES, Batch, shapes_of, survey, survey_of

DOMAINS = {
    "default": Domain(),
    "not diverse": Domain(diverse=False),
    "unequal": Domain(equal_dimensions=False),
    "unequal, not diverse": Domain(equal_dimensions=False, diverse=False),
    "one shape": Domain(dimensions=(1, 1), labels=(2, 2), inputs=(1, 1)),
    "one input": Domain(inputs=(1, 1)),
    "few labels": Domain(dimensions=(2, 4), labels=(2, 3), diverse=False),
    "few labels, unequal": Domain(dimensions=(1, 4), labels=(2, 3), equal_dimensions=False),
    "large": Domain(dimensions=(6, 7), labels=(9, 10), inputs=(20, 25)),
}
BY_NAME = pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)


def few(seed, domain, lap, m, k, n, regime):
    """The batch of a look at a user's claim: one pair, then two, four and eight."""
    return Batch(seed, domain, lap, m, k, n, regime, min(2**lap, 8))


def same(first, second):
    return all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


@BY_NAME
@pytest.mark.parametrize("lap", [0, 1, 2, 7])
def test_every_regime_and_shape_is_met_once_in_a_lap(domain, lap):
    batches = list(survey(0, domain, lap))
    met = Counter((b.regime, b.m, b.k) for b in batches)
    assert set(met) == {(name, m, k) for name in REGIMES for m, k in domain.shapes()}
    assert set(met.values()) == {1}
    assert all(b.lap == lap and b.domain == domain for b in batches)


def test_every_shape_comes_before_the_next_regime_the_smallest_first():
    domain = Domain()
    shapes = domain.shapes()
    batches = list(survey(0, domain, 0))
    for start in range(0, len(batches), len(shapes)):
        assert [(b.m, b.k) for b in batches[start : start + len(shapes)]] == shapes
    first = batches[: len(shapes)]
    assert len({b.regime for b in first}) == len(shapes)  # not one regime after another


@BY_NAME
@pytest.mark.parametrize("lap", [0, 2])
def test_pairs_lie_in_the_domain(domain, lap):
    for batch in survey(1, domain, lap):
        for arrays in batch.pairs():
            n, k, m, m2 = sizes_of(arrays)
            assert (n, k, m) == (batch.n, batch.k, batch.m)
            assert arrays[2].shape == (n, m2)
            assert arrays[3].shape == (k, m2)
            assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in arrays)
            if batch.regime == "enumerated" and domain.diverse:
                assert min(diversity(arrays[1]), diversity(arrays[3])) > 0
            else:
                assert within(domain, arrays), batch


@pytest.mark.parametrize("name", ["default", "not diverse", "unequal"])
def test_the_numbers_of_inputs_vary_over_the_range(name):
    domain = DOMAINS[name]
    numbers = {batch.n for lap in range(6) for batch in survey(0, domain, lap)}
    assert numbers == set(range(domain.inputs[0], domain.inputs[1] + 1))


def test_unequal_dimensions_are_drawn_and_ties_where_they_are_allowed():
    pairs = [a for batch in survey(0, DOMAINS["unequal"], 1) for a in batch.pairs()]
    seconds = {(sizes_of(a)[2], sizes_of(a)[3]) for a in pairs}
    assert {(1, 2), (2, 1), (1, 3), (3, 1), (2, 2), (4, 4)} <= seconds
    assert all(sizes_of(a)[2] == sizes_of(a)[3] for batch in survey(0, Domain(), 1) for a in batch.pairs())
    loose = [a for batch in survey(0, DOMAINS["not diverse"], 1) for a in batch.pairs()]
    flat = [a for a in loose if min(diversity(a[1]), diversity(a[3])) < 1e-8]
    assert 0.1 < len(flat) / len(loose) < 0.9
    assert any(len(np.unique(a[1], axis=0)) < len(a[1]) for a in flat)


@BY_NAME
def test_the_same_seed_draws_the_same_pairs(domain):
    drawn = {}
    for seed in (3, 3, 4):
        pairs = [arrays for batch in survey(seed, domain, 1) for arrays in batch.pairs()]
        if seed in drawn:
            assert len(pairs) == len(drawn[seed])
            assert all(same(x, y) for x, y in zip(pairs, drawn[seed], strict=True))
        drawn[seed] = pairs
    kinds = [b.regime for b in survey(3, domain, 1)]
    others = sum(
        not all(same(x, y) for x, y in zip(b.pairs(), c.pairs(), strict=True))
        for b, c in zip(survey(3, domain, 1), survey(4, domain, 1), strict=True)
        if b.regime != "enumerated"
    )
    assert others >= 0.9 * sum(kind != "enumerated" for kind in kinds)


def test_a_batch_is_decided_by_what_it_says():
    batch = few(0, Domain(), 2, 2, 4, 3, "independent")
    again = few(0, Domain(), 2, 2, 4, 3, "independent")
    assert batch == again
    assert len(batch.pairs()) == 4
    assert all(same(x, y) for x, y in zip(batch.pairs(), again.pairs(), strict=True))
    assert [len(few(0, Domain(), lap, 2, 4, 3, "independent").pairs()) for lap in range(6)] == [1, 2, 4, 8, 8, 8]
    for other in (
        few(1, Domain(), 2, 2, 4, 3, "independent"),
        few(0, Domain(), 3, 2, 4, 3, "independent"),
        few(0, Domain(), 2, 2, 4, 3, "opposite"),
    ):
        assert not any(same(x, y) for x in batch.pairs() for y in other.pairs())


def test_laps_bring_fresh_pairs():
    seen = [arrays for lap in range(4) for arrays in few(0, Domain(), lap, 2, 4, 3, "independent").pairs()]
    assert len({a[0].tobytes() for a in seen}) == len(seen) == 15


def test_enumeration_does_not_repeat():
    domain = Domain(dimensions=(1, 1), labels=(2, 2), inputs=(1, 1), diverse=False)
    seen = [arrays for lap in range(60) for arrays in few(0, domain, lap, 1, 2, 1, "enumerated").pairs()]
    codes = {tuple(np.concatenate([block.ravel() for block in arrays])) for arrays in seen}
    assert len(codes) == len(seen) == 1 + 2 + 4 + 57 * 8
    assert {entry for code in codes for entry in code} == {-1.0, 0.0, 1.0}
    assert {(len(a[0]), len(a[1])) for a in seen} == {(1, 2)}


def test_enumeration_jumps_about():
    """Every entry takes all three values early on: pairs that follow each other are unlike."""
    domain = Domain(inputs=(2, 2), diverse=False)
    seen = [a for lap in range(5) for a in few(0, domain, lap, 2, 3, 2, "enumerated").pairs()]
    entries = np.array([np.concatenate([block.ravel() for block in arrays]) for arrays in seen])
    assert all(set(column) == {-1.0, 0.0, 1.0} for column in entries.T)


def test_enumerated_pairs_of_a_diverse_domain_are_diverse():
    drawn = [a for lap in range(4) for a in few(0, Domain(), lap, 2, 3, 2, "enumerated").pairs()]
    assert 0 < len(drawn) < 15
    assert all(min(diversity(a[1]), diversity(a[3])) > 0 for a in drawn)


def test_repeated_inputs_are_few():
    for lap in range(3):
        for arrays in few(0, Domain(), lap, 2, 4, 9, "repeated inputs").pairs():
            together = np.hstack([arrays[0], arrays[2]])
            assert len(np.unique(together, axis=0)) <= 2
            assert len(together) == 9


@pytest.mark.parametrize("name", ["default", "unequal", "not diverse"])
def test_the_look_at_one_shape_is_that_of_the_first_lap(name):
    domain = DOMAINS[name]
    pairs = survey_of(5, domain, 2, 4)
    expected = [a for b in survey(5, domain, 0) if (b.m, b.k) == (2, 4) for a in b.pairs()]
    assert len(pairs) == len(expected) >= len(REGIMES) - 1
    unmatched = [a for a in pairs if not any(same(a, b) for b in expected if sizes_of(a) == sizes_of(b))]
    assert unmatched == []


# --------------------------------------------------------------------------- batches, and plans of other sizes


def test_the_regimes_are_the_strata_and_two_more():
    assert set(REGIMES) == {*STRATA, "enumerated", "repeated inputs"}
    assert len(REGIMES) == len(set(REGIMES))


def test_shapes_start_small_and_spread_out():
    domain = Domain()
    assert shapes_of(domain, 3) == [(1, 2), (1, 3), (1, 4)]
    assert shapes_of(domain, 6)[-1] == domain.shapes()[-1]
    assert shapes_of(domain, 1000) == domain.shapes()


def test_no_shape_is_refused():
    with pytest.raises(InvalidInput, match="count"):
        shapes_of(Domain(), 0)


@BY_NAME
def test_a_plan_says_how_many_shapes_and_pairs(domain):
    batches = list(survey(0, domain, 0, shapes=4, pairs=24))
    chosen = shapes_of(domain, 4)
    assert Counter((b.m, b.k) for b in batches) == dict.fromkeys(chosen, len(REGIMES))
    for batch in batches:
        whole = batch.whole()
        if batch.regime != "enumerated":
            assert whole.batch == (24,)
        if whole is not None:
            assert (whole.n, whole.k, whole.m) == (batch.n, batch.k, batch.m)
            assert all(within(domain, arrays) for arrays in each_of(arrays_of(whole)) if batch.regime != "enumerated")


@pytest.mark.parametrize("count", [1, 8, 24, 200])
def test_a_batch_holds_its_pairs(count):
    """Whether it is kept or drawn anew, and asked for as a whole or one by one."""
    batch = Batch(0, Domain(), 1, 2, 4, 3, "independent", count)
    assert all(same(x, y) for x, y in zip(batch.pairs(), each_of(arrays_of(batch.whole())), strict=True))
    assert same(arrays_of(batch.whole()), arrays_of(batch.whole()))
    assert (batch.whole() is batch.whole()) == (count == 24)  # what is computed of a large batch is computed once
