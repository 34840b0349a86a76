"""Constants by semidefinite programmes against eigenvalues and certificates."""

import numpy as np
import pytest

from benchmarks.certificates import best_constant, main, study, table_of_worst_distances
from theory.errors import NotApplicable


@pytest.mark.parametrize("theorem", ["T2", "T3", "T4", "T8", "T9", "T10"])
def test_programme_eigenvalue_and_certificate_agree(theorem):
    for row in study(7, 5, theorem, labels=7, dimensions=3):
        assert row.verdict.status == "valid"
        assert 0 <= row.certificate.gap < 1e-6
        assert row.multiplier == pytest.approx(row.eigenvalue, rel=1e-6)
        assert float(row.certificate.constant) == pytest.approx(row.eigenvalue, rel=1e-6)


@pytest.mark.slow  # thirty convex programmes, rationalised
def test_thirty_random_pairs_are_certified_and_verified():
    rows = study(11, 30, labels=8, dimensions=4)
    assert len(rows) == 30
    assert {row.verdict.status for row in rows} == {"valid"}
    assert max(row.certificate.gap for row in rows) < 1e-6
    assert max(abs(row.multiplier / row.eigenvalue - 1) for row in rows) < 1e-6


def test_the_extremal_second_moment_attains_the_constant():
    first, second = [[0, 0], [3, 1], [1, 4], [2, -1], [0, 3], [5, 5]], [[1], [0], [2], [-1], [1], [3]]
    best = best_constant("T3", first, second)
    g, h = (np.array(a, dtype=float) - np.mean(a, axis=0) for a in (first, second))
    difference = np.hstack([g, -h])
    residual = np.linalg.pinv(g) @ difference
    assert np.trace(difference.T @ difference @ best.moment) == pytest.approx(1, rel=1e-6)
    assert np.trace(residual.T @ residual @ best.moment) == pytest.approx(best.eigenvalue, rel=1e-6)
    assert np.linalg.eigvalsh(best.moment)[0] > -1e-8 * np.trace(best.moment)
    # T3's best constant for all G' is 1/s_min(Gc)^2; for this G' it is attained, as f' = 0 is allowed.
    assert best.eigenvalue == pytest.approx(1 / np.linalg.svd(g)[1][-1] ** 2, rel=1e-9)


def test_null_directions_are_left_out():
    # k = m + 1 = 2: the logits see one combination of f and f' only.
    best = best_constant("T2", [[0], [1]], [[0], [3]])
    assert best.eigenvalue == pytest.approx(2)
    assert best.multiplier == pytest.approx(2, rel=1e-6)
    with pytest.raises(NotApplicable):
        best_constant("T3", [[1], [1]], [[1], [2]])


def test_the_table_has_a_row_for_each_setting():
    lines = table_of_worst_distances(((1.0, 0.1, 3),)).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| 1 | 0.1 | 3 |")


def test_both_tables_are_printed(capsys):
    assert main(["--rows", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| 5 | 3 | 2 | 30009/44 | 682.023 | 1.9e-07 |")
    assert lines[2].endswith("| valid |")
    assert lines[6] == "| 0.001 | 0.1 | 3 | 0.019054 | 0.02 | 0.02 | 1.0000 |"
    assert len(lines) == 7
