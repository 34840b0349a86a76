"""Climbers: they find tops, stop at walls, do not mind jumps where they should not, and repeat themselves exactly."""

import math

import numpy as np
import pytest
import torch

from tests.theory.search.naive import arrays
from theory import Claim, NotApplicable, kl_divergence, squared_logit_distance
from theory.search.arrays import pair_of
from theory.search.charts import chart_around
from theory.search.evolution import evolve
from theory.search.gradients import traced
from theory.search.moves import MOVES, wander
from theory.search.quasi_newton import ascend, ascend_with_kicks
from theory.silence import quietly

TOP = np.array([1.0, -2.0, 0.5])
CURVATURE = np.diag([1.0, 10.0, 100.0])
NOWHERE = -1e6


def bowl(x):
    return -float((x - TOP) @ CURVATURE @ (x - TOP))


def roof(x):
    return -float(np.abs(x).max())


def pyramid(x):
    return -float(np.abs(x - TOP).sum())


def walled(x):
    """A slope that ends where there is nothing."""
    return float(x[0] - (x[1:] ** 2).sum()) if x[0] <= 1 else NOWHERE


class Remembered:
    """A function that knows where it was highest, and everything it was asked."""

    def __init__(self, function):
        self.function, self.top, self.at, self.asked = function, -math.inf, None, []

    def __call__(self, x):
        there = self.function(x)
        self.asked.append(there)
        if there > self.top:
            self.top, self.at = there, x
        return there


def climb(steps, most=5000):
    count = sum(1 for _, _ in zip(steps, range(most), strict=False))
    assert count < most, "does not end"
    return count


# --------------------------------------------------------------------------- quasi-Newton


@pytest.mark.parametrize(
    "slope", [None, lambda x: -2 * CURVATURE @ (x - TOP), lambda x: None], ids=["differences", "gradient", "declines"]
)
def test_the_top_of_a_bowl(slope):
    value = Remembered(bowl)
    assert climb(ascend(value, np.zeros(3), slope)) < 40
    assert value.top > -1e-9
    assert np.allclose(value.at, TOP, atol=1e-5)
    assert len(value.asked) < (60 if slope and slope(TOP) is not None else 200)


@pytest.mark.parametrize(
    ("function", "start", "top"),
    [
        (roof, [2.0, -1.5, 0.3], 0.0),
        (roof, [0.3, 0.2, 0.1, 0.05], 0.0),
        (pyramid, [0.0, 0.3, 0.1], 0.0),
        (lambda x: -float(np.linalg.norm(x - 1)), [-1.0, 1.3, 2.0], 0.0),
        (lambda x: -abs(x[0]) - (x[1] - 1) ** 2, [-1.0, 2.2], 0.0),
        (lambda x: min(x[0] + 2 * x[1], x[1] - x[0], 1 - 3 * x[1]), [-1.0, 2.2], 1 / 3),  # at (-1/9, 2/9)
    ],
)
def test_the_top_of_what_has_kinks(function, start, top):
    value = Remembered(function)
    climb(ascend(value, np.array(start)))
    assert top - 1e-5 < value.top <= top + 1e-12


def test_an_exact_tie_does_not_end_a_climb_with_kicks():
    """A step that ends where two slopes meet sees none of them; kicked aside, the climb goes on."""
    start = np.array([1.0, 0.7, -0.4])
    bare, kicked = Remembered(roof), Remembered(lambda x: roof(start + x))
    climb(ascend(bare, start))
    climb(ascend_with_kicks(kicked, 3, np.random.default_rng(0)))
    assert bare.top < -0.1
    assert kicked.top > -1e-3


def test_a_climb_stops_at_a_wall():
    value = Remembered(walled)
    climb(ascend(value, np.array([0.0, 0.3])))
    assert 0.99 < value.top <= 1.0
    assert value.at[0] <= 1.0


@pytest.mark.parametrize("nothing", [NOWHERE, math.nan, -math.inf])
def test_from_nowhere_there_is_no_climb(nothing):
    value = Remembered(lambda x: nothing)
    assert climb(ascend(value, np.zeros(2))) == 0
    assert len(value.asked) == 5  # both directions of both coordinates


def test_a_plain_is_left_at_once():
    value = Remembered(lambda x: 7.0)
    assert climb(ascend(value, np.zeros(4))) == 0
    assert len(value.asked) == 5


def test_slopes_are_taken_on_the_side_that_has_values():
    value = Remembered(lambda x: float(-x[0]) if x[0] <= 1.0 else NOWHERE)
    next(ascend(value, np.array([1.0])))  # at the wall, where only a step back has a value
    assert value.at[0] < 0.8


def test_a_climb_never_returns_below_where_it_was():
    value = Remembered(lambda x: bowl(x) + 5 * math.cos(3 * x[0]))
    heights = [value.top for _ in ascend(value, np.array([3.0, 1.0, -1.0]))]
    assert heights == sorted(heights)
    assert len(set(heights)) == len(heights)


def test_the_climb_is_the_same_every_time():
    first, again = Remembered(bowl), Remembered(bowl)
    for value in (first, again):
        climb(ascend(value, np.array([0.1, 0.2, 0.3])))
    assert first.asked == again.asked


# --------------------------------------------------------------------------- evolution


@pytest.mark.parametrize(
    ("function", "top", "near"),
    [(bowl, 0.0, 1e-8), (pyramid, 0.0, 1e-6), (lambda x: roof(x - TOP), 0.0, 1e-6), (walled, 1.0, 1e-6)],
)
def test_evolution_finds_tops_without_slopes(function, top, near):
    value = Remembered(function)
    climb(evolve(value, 3, np.random.default_rng(0)))
    assert top - near < value.top <= top


def test_evolution_climbs_stairs():
    value = Remembered(lambda x: math.floor(4 * roof(x - TOP)) / 4)
    climb(evolve(value, 3, np.random.default_rng(0)))
    assert value(np.zeros(3)) == -2
    assert value.top == -0.25  # the top itself is a point


def test_evolution_narrows_in_a_corner():
    value = Remembered(lambda x: -float(np.linalg.norm(x - 0.01)) if np.linalg.norm(x - 0.01) < 0.05 else NOWHERE)
    climb(evolve(value, 3, np.random.default_rng(0)))
    assert value.top > -1e-6


def test_evolution_gives_up_where_there_is_nothing():
    value = Remembered(lambda x: NOWHERE)
    assert climb(evolve(value, 2, np.random.default_rng(0))) < 20


def test_evolution_has_one_coordinate_too():
    value = Remembered(lambda x: -((x[0] - 0.3) ** 2))
    climb(evolve(value, 1, np.random.default_rng(0)))
    assert value.at == pytest.approx([0.3], abs=1e-5)


def test_evolution_leaves_the_global_generator_alone():
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()  # noqa: NPY002
    asked = []
    for seed in (0, 0, 1):
        value = Remembered(bowl)
        climb(evolve(value, 3, np.random.default_rng(seed)))
        asked.append(value.asked)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert asked[0] == asked[1] != asked[2]


def test_what_others_draw_does_not_matter_to_evolution():
    asked = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        value = Remembered(bowl)
        for _ in evolve(value, 3, np.random.default_rng(0)):
            np.random.standard_normal(seed)  # noqa: NPY002
        asked.append(value.asked)
    assert asked[0] == asked[1]


# --------------------------------------------------------------------------- moves


@pytest.mark.parametrize("shape", [(2, 3, 2, 2), (1, 2, 1, 1), (3, 5, 2, 3)])
@pytest.mark.parametrize("move", MOVES, ids=lambda m: m.__name__)
def test_moves_keep_shapes_and_what_they_are_given(move, shape):
    start = arrays(*shape)
    before = [array.copy() for array in start]
    rng, moved_once = np.random.default_rng(0), False
    for _ in range(40):
        moved = list(start)
        move(rng, moved, 0.5)
        assert [x.shape for x in moved] == [x.shape for x in start]
        assert all(np.isfinite(x).all() for x in moved)
        assert all(np.array_equal(x, y) for x, y in zip(start, before, strict=True))
        moved_once |= any(not np.array_equal(x, y) for x, y in zip(moved, start, strict=True))
    needs_one_shape = {"_scale_difference", "_share"}
    needs_two_inputs = {"_exchange_rows"}
    assert moved_once or (move.__name__ in needs_one_shape and shape[2] != shape[3]) or (
        move.__name__ in needs_two_inputs and shape[0] == 1
    )  # fmt: skip


def logits(f, g):
    return f @ (g - g.mean(axis=0)).T


def test_known_moves():
    by_name = {move.__name__: move for move in MOVES}
    start = arrays()
    for seed in range(20):
        moved = list(start)
        by_name["_regauge"](np.random.default_rng(seed), moved, 0.5)
        for i in (0, 2):  # the distributions stay
            assert np.allclose(logits(moved[i], moved[i + 1]), logits(start[i], start[i + 1]), atol=1e-12)
        assert not all(np.allclose(x, y) for x, y in zip(moved, start, strict=True))
        moved = list(start)
        by_name["_share"](np.random.default_rng(seed), moved, 0.5)
        assert np.array_equal(abs(moved[2]), abs(moved[0])) or np.array_equal(abs(moved[3]), abs(moved[1]))
        moved = list(start)
        by_name["_scale_difference"](np.random.default_rng(seed), moved, 0.5)
        ratios = np.concatenate([((moved[i + 2] - start[i]) / (start[i + 2] - start[i])).ravel() for i in (0, 1)])
        assert len(set(np.round(ratios, 9)) - {1.0}) == 1
        moved = list(start)
        by_name["_shift_entry"](np.random.default_rng(seed), moved, 0.5)
        assert sum(int((x != y).sum()) for x, y in zip(moved, start, strict=True)) == 1
        moved = list(start)
        by_name["_exchange_rows"](np.random.default_rng(seed), moved, 0.5)
        assert [sorted(x.ravel()) for x in moved] == [sorted(x.ravel()) for x in start]


def test_wandering_reaches_the_edge_of_a_threshold():
    """The value jumps to nothing beyond norm 5: the best is just before."""

    def norm_until_five(pair):
        size = float(np.linalg.norm(pair[0]))
        return size if size <= 5.0 else 0.0

    start = arrays()
    value = Remembered(norm_until_five)
    steps = climb(wander(value, start, np.random.default_rng(0), norm_until_five(start)))
    assert 4.98 < value.top <= 5.0
    assert steps > 120  # not before it has tried in vain for long
    assert len(value.asked) < 5000


def test_wandering_sets_entries_equal():
    """The number of ties is the value: no slope, no small step finds them."""

    def ties(pair):
        entries = np.concatenate([block.ravel() for block in pair])
        return float(np.sum(entries == 0) + len(entries) - len(np.unique(entries)))

    start = arrays()
    value = Remembered(ties)
    climb(wander(value, start, np.random.default_rng(0), ties(start)))
    assert ties(start) == 0
    assert value.top >= 8


def test_wandering_ends_after_patience():
    value = Remembered(lambda pair: 0.0)
    assert climb(wander(value, arrays(), np.random.default_rng(0), 0.0)) == 120
    value = Remembered(lambda pair: NOWHERE)
    assert climb(wander(value, arrays(), np.random.default_rng(0), 0.0)) == 120
    assert len(value.asked) == 120


def test_wandering_is_decided_by_the_seed_and_leaves_the_start_alone():
    def value_of(pair):
        return -float(sum(np.sum(block**2) for block in pair))

    start = arrays()
    before = [array.copy() for array in start]
    asked = []
    for seed in (0, 0, 1):
        value = Remembered(value_of)
        climb(wander(value, start, np.random.default_rng(seed), value_of(start)))
        asked.append(value.asked)
        assert value.top > value_of(start)
        assert all(np.array_equal(x, y) for x, y in zip(start, before, strict=True))
    assert asked[0] == asked[1] != asked[2]


def test_wandering_survives_matrices_that_cannot_be_decomposed():
    start = tuple(array * 1e200 for array in arrays())
    with quietly():
        assert climb(wander(lambda pair: 0.0, start, np.random.default_rng(0), 0.0)) == 120


# --------------------------------------------------------------------------- gradients


def quarter(pair):
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 4


def log_ratio(function, pair):
    lhs, rhs = map(float, function(pair_of(pair)))
    return math.log(lhs / rhs)


def test_traced_gradients_are_those_of_finite_differences():
    start = arrays()
    gradient = traced(Claim(quarter, "quarter"), start)
    for at in (start, arrays(seed=1)):
        found = gradient.of_pair(at)
        assert [x.shape for x in found] == [x.shape for x in at]
        for block in range(4):
            for entry in range(at[block].size):
                ends = []
                for sign in (1, -1):
                    moved = [array.copy() for array in at]
                    moved[block].flat[entry] += sign * 1e-5
                    ends.append(log_ratio(quarter, moved))
                assert found[block].flat[entry] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-7)


def test_a_known_gradient():
    """At n = m = 1 and k = 2, with d = g_2 - g_1, the square is (f d - f' d')^2 / 2, and its log has slope 2 d / 2."""
    pair = np.array([[3.0]]), np.array([[0.0], [1.0]]), np.array([[1.0]]), np.array([[0.0], [1.0]])
    gradient = traced(Claim(lambda pair: (squared_logit_distance(pair.a, pair.b), 1.0), "square"), pair)
    found = gradient.of_pair(pair)
    assert found[0] == pytest.approx(np.array([[1.0]]))
    assert found[2] == pytest.approx(np.array([[-1.0]]))
    assert found[1].ravel() == pytest.approx([-3.0, 3.0])


def test_gradients_make_a_climb_cheaper():
    start = arrays(seed=3)
    gradient, chart = traced(Claim(quarter, "quarter"), start), chart_around(start, "apart")
    tops, costs = [], []
    for slope in (None, lambda x: chart.pulled_back(x, gradient.of_pair(chart.at(x)))):
        value = Remembered(lambda x: log_ratio(quarter, chart.at(x)))
        for _ in zip(range(25), ascend(value, np.zeros(chart.size), slope), strict=False):
            pass
        tops.append(value.top)
        costs.append(len(value.asked))
    assert tops[1] == pytest.approx(tops[0], abs=0.1)
    assert max(tops) <= 0
    assert costs[1] < costs[0] / 4


def opaque(pair):
    return float(np.linalg.norm(pair.a.embeddings)), 1.0


def other_in_torch(pair):
    size = squared_logit_distance(pair.a, pair.b)
    return (2 * size if isinstance(size, torch.Tensor) else size), 1.0


def negative(pair):
    return -squared_logit_distance(pair.a, pair.b), 1.0


def constant(pair):
    return 1.0, 2.0


@pytest.mark.parametrize("function", [opaque, other_in_torch, negative, constant])
def test_what_cannot_be_traced_has_no_gradient(function):
    assert traced(Claim(function, "function"), arrays()) is None


def test_gradients_end_where_the_claim_declines_or_is_nothing():
    def positive_only(pair):
        size = squared_logit_distance(pair.a, pair.b)
        if not size > 1e-3:
            raise NotApplicable
        return size, 1.0

    start = arrays()
    gradient = traced(Claim(positive_only, "positive"), start)
    assert gradient.of_pair(start) is not None
    assert gradient.of_pair((start[0], start[1], start[0], start[1])) is None
    always = traced(Claim(lambda pair: (squared_logit_distance(pair.a, pair.b), 1.0), "square"), start)
    assert always.of_pair((start[0], start[1], start[0], start[1])) is None  # log 0
    assert always.of_pair((start[0] * math.nan, *start[1:])) is None
