"""The benchmark of coverage counts what it says, and finds a promise that is not kept."""

import numpy as np
import pytest

from benchmarks.coverage import ALPHAS, DELTA, SEEN, Row, new_inputs, study, with_confidence
from theory import Model, conformal_rank
from theory.models import Pair


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    f, labels = rng.standard_normal((450, 2)), 3 * rng.standard_normal((5, 2))
    return study(Pair(Model(f, labels), Model(f + 0.2 * rng.standard_normal(f.shape), labels)))


def test_promises_are_kept_and_the_false_one_is_not(rows):
    assert len(rows) == 2 * len(ALPHAS) * 3 + 2
    assert not any(row.short for row in rows if not row.false)
    assert all(row.short for row in rows if row.false)
    assert {row.promised for row in rows} == {0.9, 0.99, 1 - DELTA}


def test_a_lower_rank_is_found_to_fall_short():
    rng, scores = np.random.default_rng(1), np.arange(450.0)
    rank = conformal_rank(SEEN, 0.1)
    assert not Row("", 0.9, *new_inputs(scores, 0.1, rank, rng)).short
    assert Row("", 0.9, *new_inputs(scores, 0.1, rank - 9, rng)).short  # by 9/301, three points
    assert not Row("", 0.95, *with_confidence(scores, 0.1, conformal_rank(SEEN, 0.1, 0.05), rng)).short
    assert Row("", 0.95, *with_confidence(scores, 0.1, rank, rng)).short


def test_a_rank_beyond_the_last_covers_everything():
    assert new_inputs(np.arange(450.0), 0.001, SEEN + 1, np.random.default_rng(0)) == (1.0, 0.0)
