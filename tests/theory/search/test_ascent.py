"""Adam from many starts at once: known steps, a known summit, and climbs that never lose what they had."""

import numpy as np
import pytest

from theory import Budget, Claim, squared_logit_distance
from theory.catalogue import theorems
from theory.pairs.constructions import Shape
from theory.pairs.strata import draw
from theory.search.arrays import arrays_of, pair_of
from theory.search.ascent import Ascent, climb
from theory.search.climbers import Climbers
from theory.search.gradients import traced
from theory.search.objective import Objective
from theory.search.starts import Start, Starts
from theory.search.statement_claims import claim_of
from theory.statements import evaluate, excess

CATALOGUE = theorems()


def starts(m2=None, count=8, n=4, k=4, m=2):
    return arrays_of(draw("independent", np.random.default_rng(0), Shape(n=n, k=k, m=m, m2=m2, batch=(count,))))


def exceeds(statement, arrays):
    pair = pair_of(arrays)
    return excess(statement, pair, evaluate(statement, pair))


def gradient_of(statement):
    return traced(claim_of(statement), tuple(block[0] for block in starts()))


@pytest.mark.parametrize(("name", "m2", "rise"), [("T3", None, 0.0), ("T6", 3, 0.0)])
def test_ascent_climbs(name, m2, rise):
    statement = CATALOGUE[name].main
    before = exceeds(statement, starts(m2))
    *_, reached = climb(gradient_of(statement).of_batch, starts(m2), Ascent(steps=120))
    after = exceeds(statement, reached)
    assert np.median(after - before) > rise
    assert after.max() > before.max()
    if m2 is None:
        assert after.max() > -1e-3  # T3 is attained


def test_the_first_step_is_known():
    """Adam's first step is the rate times the sign of the slope, in units of each block, whatever the slope's size."""
    blocks = tuple(np.full((1, rows, 1), value) for rows, value in ((2, 2.0), (3, 4.0), (2, 3.0), (3, 4.0)))
    plan = Ascent(steps=1, rate=0.1)
    slopes = tuple(np.full(block.shape, slope) for block, slope in zip(blocks, (1e-4, -5.0, 1e3, 0.0), strict=True))
    (reached,) = climb(lambda batch: slopes, blocks, plan)
    rate = 0.1 * 0.05  # the last step of the cosine, as there is only one
    # Of the blocks F, G, F' - F = 1, G' - G = 0 the sizes are 2, 4, 1 and a thousandth; the slopes of F and F' add up.
    assert reached[0] == pytest.approx(np.full((1, 2, 1), 2.0 + 2.0 * rate), abs=1e-7)
    assert reached[1] == pytest.approx(np.full((1, 3, 1), 4.0 - 4.0 * rate), abs=1e-7)
    assert reached[2] == pytest.approx(reached[0] + 1.0 + rate, abs=1e-7)
    assert np.array_equal(reached[3], reached[1])


def test_it_says_where_it_has_got_to_now_and_then():
    seen = list(climb(lambda batch: tuple(np.ones_like(b) for b in batch), starts(), Ascent(steps=50, check_every=20)))
    assert len(seen) == 3
    assert all(block.shape == first.shape for block, first in zip(seen[-1], starts(), strict=True))


def test_a_batch_has_the_gradients_of_its_pairs():
    gradient = gradient_of(CATALOGUE["T3"].main)
    together = gradient.of_batch(starts())
    for i in range(8):
        alone = gradient.of_pair(tuple(block[i] for block in starts()))
        assert all(np.allclose(whole[i], part) for whole, part in zip(together, alone, strict=True))


def test_a_user_s_claim_made_of_our_functions_ascends_too():
    """Pair by pair, and charged for each: the distance over a constant grows without a bound."""
    claim = Claim(lambda pair: (squared_logit_distance(pair.a, pair.b), 1e9), "distance")
    first = tuple(block[0] for block in starts())
    objective = Objective(claim, Budget(None, 10_000))
    pool = Starts()
    pool.remember(Start(objective.score(first, "given"), first, "given"))
    climbers = Climbers(objective, pool, seed=0, gradient=traced(claim, first))
    before = objective.evaluations
    climbers.ascend(0, Ascent(steps=30, check_every=10, starts=4, shapes=1))
    assert climbers.ran
    assert objective.evaluations == before + 4 * 30 + 3
    assert objective.best.label == "ascent"
    assert max(start.score for start in pool.highest(1)) > 1.0 + objective.score(first, "given")


def test_what_is_not_differentiable_does_not_ascend():
    first = tuple(block[0] for block in starts())
    assert traced(claim_of(CATALOGUE["T8"].statement("top_label")), first) is None
    identity = next(s for s in CATALOGUE["T1"].statements if s.relation == "=")
    assert traced(claim_of(identity), first) is None
