"""The benchmarks run, and what they are compared with computes the same numbers."""

import numpy as np
import pytest

from benchmarks import straightforward
from benchmarks.run import arrays, correlated, main
from theory import Model, canonical_correlations, squared_logit_distance
from theory.dissimilarities import squared_subset_errors_of
from theory.models import Pair


def test_the_quick_run_prints_its_ratios(capsys):
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "d_logit" in printed
    assert ">= 200x" in printed
    assert "canonical correlations" in printed


def test_peers_agree_with_ours():
    f, g, f2, g2 = arrays(30, 6, 3)
    pair = Pair(Model(f, g), Model(f2, g2))
    assert squared_logit_distance(pair.a, pair.b) == pytest.approx(straightforward.squared_logit_distance(f, g, f2, g2))
    subset = np.array([4, 0, 2, 5])
    ours = squared_subset_errors_of(pair, np.sort(subset)[None])[0]
    assert straightforward.subset_error(f, g, f2, g2, subset) == pytest.approx(ours)
    assert straightforward.subset_error_vectorised(f, g, f2, g2, subset) == pytest.approx(ours)


def test_chosen_correlations_are_known():
    x, y, rho = correlated(200, 4)
    assert np.allclose(canonical_correlations(x, y), rho, atol=1e-12)
    assert np.allclose(np.sort(straightforward.canonical_correlations(x, y))[::-1], rho, atol=1e-2)
