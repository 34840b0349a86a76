"""Pairs as arrays, one at a time and in batches, and the domains they lie in."""

import math

import numpy as np
import pytest

from theory import Domain
from theory.search.arrays import arrays_of, diversity, each_of, pair_of, sizes_of, stacked, taken, within


def arrays(n=2, k=3, m=1, m2=1, seed=0):
    rng = np.random.default_rng(seed)
    f, g, f2, g2 = (rng.standard_normal(shape) for shape in ((n, m), (k, m), (n, m2), (k, m2)))
    return f, g, f2, g2


def test_a_batch_is_taken_apart_again():
    pairs = [arrays(n=4, k=5, m=2, m2=3, seed=seed) for seed in range(3)]
    batch = stacked(pairs)
    assert sizes_of(batch) == sizes_of(pairs[0]) == (4, 5, 2, 3)
    assert pair_of(batch).batch == (3,)
    for one, again in zip(pairs, each_of(batch), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(one, again, strict=True))
    assert np.array_equal(taken(batch, [2, 0])[3][1], pairs[0][3])
    with pytest.raises(ValueError, match="same shape"):
        stacked([arrays(), arrays(n=3)])


def test_arrays_of_a_pair_and_back():
    given = arrays(n=4, k=5, m=2, m2=3)
    pair = pair_of(given)
    assert sizes_of(given) == (4, 5, 2, 3)
    assert (pair.n, pair.k, pair.a.m, pair.b.m) == (4, 5, 2, 3)
    for ours, theirs in zip(given, arrays_of(pair), strict=True):
        assert np.array_equal(ours, theirs)
        assert not theirs.flags.writeable
        assert not np.shares_memory(ours, theirs)
        assert ours.flags.writeable


def test_known_diversity():
    assert diversity(np.array([[0.0], [3.0]])) == pytest.approx(1.0)
    assert diversity(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])) == pytest.approx(1 / math.sqrt(3))
    assert diversity(np.array([[1.0, 2.0], [2.0, 4.0], [5.0, 10.0]])) < 1e-15
    assert diversity(np.ones((3, 1))) == 0.0
    assert diversity(np.array([[1.0, 0.0], [0.0, 1.0]])) == 0.0  # two labels, two dimensions
    assert diversity(np.array([[math.nan], [1.0]])) == 0.0


@pytest.mark.parametrize(
    ("domain", "shape", "inside"),
    [
        ({}, (2, 3, 1, 1), True),
        ({}, (2, 5, 4, 4), True),
        ({}, (1, 3, 1, 1), False),
        ({}, (13, 3, 1, 1), False),
        ({}, (2, 9, 1, 1), False),
        ({}, (2, 7, 5, 5), False),
        ({}, (2, 4, 1, 2), False),
        ({"equal_dimensions": False}, (2, 4, 1, 2), True),
        ({"equal_dimensions": False}, (2, 7, 1, 5), False),
        ({"equal_dimensions": False}, (2, 2, 1, 2), False),  # the second model cannot be diverse
        ({"equal_dimensions": False, "diverse": False}, (2, 2, 1, 2), True),
        ({}, (2, 2, 2, 2), False),
        ({"diverse": False}, (2, 2, 2, 2), True),
        ({"inputs": (1, 1)}, (1, 2, 1, 1), True),
    ],
)
def test_domains(domain, shape, inside):
    assert within(Domain(**domain), arrays(*shape)) is inside


def test_a_pair_of_equal_labels_is_outside_a_diverse_domain():
    f, g, f2, g2 = arrays()
    for blocks in ((f, np.ones_like(g), f2, g2), (f, g, f2, np.ones_like(g2))):
        assert not within(Domain(), blocks)
        assert within(Domain(diverse=False), blocks)
