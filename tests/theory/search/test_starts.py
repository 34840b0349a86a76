"""Which pairs are remembered and get a turn: no regime, shape or number of inputs crowds out the others."""

import numpy as np
import pytest

from theory import Domain
from theory.search.arrays import sizes_of, within
from theory.search.starts import Start, Starts, at_most_two_of_a_height, best_of_each, in_other_shapes


def arrays(n=2, k=3, m=1, m2=1, seed=0):
    rng = np.random.default_rng(seed)
    f, g, f2, g2 = (rng.standard_normal(shape) for shape in ((n, m), (k, m), (n, m2), (k, m2)))
    return f, g, f2, g2


def start(score, label="a", n=2, climbed=False, **sizes):
    return Start(score, arrays(n=n, **sizes), label, climbed=climbed)


def test_two_of_each_regime_are_kept_and_the_best_of_each_number_of_inputs():
    starts = [start(float(i)) for i in range(5)] + [start(-9.0, n=7), start(2.5, "b")]
    kept = best_of_each(starts)
    assert [(s.score, s.label, s.shape[0]) for s in kept] == [
        (4.0, "a", 2),
        (3.0, "a", 2),
        (2.5, "b", 2),
        (-9.0, "a", 7),
    ]


def test_of_what_was_climbed_to_two_of_a_height_are_enough():
    kept = best_of_each([start(1.0 + 1e-6 * i, climbed=True) for i in range(6)] + [start(0.5, climbed=True)])
    assert [round(s.score, 2) for s in kept] == [1.0, 1.0, 0.5]
    assert len(at_most_two_of_a_height([start(1.0)] * 5 + [start(2.0)])) == 3


def test_a_crowd_is_thinned_out():
    pool = Starts()
    for i in range(151):
        pool.remember(start(float(i)))
    assert [s.score for s in pool.by_shape[1, 3]] == [150.0, 149.0]


def test_places_go_to_the_best_to_shapes_and_to_numbers_of_inputs():
    pool = Starts()
    for i in range(4):
        pool.remember(start(10.0 + i, f"high {i}"))
    low_shape, low_number = start(-5.0, k=5), start(-6.0, n=9)
    pool.remember(low_shape)
    pool.remember(low_number)
    chosen = pool.places(9, methods=6, turn=0, seed=0)
    assert [s.score for s in chosen[:3]] == [13.0, 12.0, 11.0]
    assert low_shape in chosen
    assert low_number in chosen
    assert len(chosen) == len({id(s) for s in chosen})
    low_shape.tried = set("abcdef")
    assert low_shape not in pool.places(9, methods=6, turn=0, seed=0)


def test_those_that_climb_together_have_one_shape():
    pool = Starts()
    for i, n in enumerate((2, 2, 2, 3, 4, 4)):
        pool.remember(start(float(i), f"regime {i}", n=n))
    groups = list(pool.together(2, 2, turn=0, method="ascent"))
    assert [[s.score for s in group] for group in groups] == [[5.0, 4.0], [3.0]]
    assert [[s.score for s in group] for group in pool.together(2, 2, turn=1, method="ascent")] == [
        [5.0, 4.0],
        [2.0, 1.0],
    ]
    for group in groups:
        for one in group:
            one.tried.add("ascent")
    assert [[s.score for s in group] for group in pool.together(2, 2, turn=0, method="ascent")] == [[2.0, 1.0]]
    assert list(Starts().together(2, 2, turn=0, method="ascent")) == []


@pytest.mark.parametrize("domain", [Domain(), Domain(equal_dimensions=False), Domain(diverse=False)])
def test_other_shapes_are_those_of_the_domain(domain):
    seen = set()
    for seed in range(20):
        for moved in in_other_shapes(arrays(n=4, k=4, m=2, m2=2, seed=seed), np.random.default_rng(seed), domain):
            seen.add(sizes_of(moved))
            assert within(domain, moved) or domain.diverse  # a dimension may be added to labels of less
    assert {(5, 4, 2, 2), (3, 4, 2, 2), (4, 5, 2, 2), (4, 3, 2, 2), (4, 4, 3, 3), (4, 4, 1, 1)} <= seen
