"""What the figures of an experiment show, before it is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from reports.distill import figure_data as data
from reports.distill.run import Report


def test_a_linear_image_of_the_teacher_is_mapped_onto_it() -> None:
    rng = np.random.default_rng(0)
    teacher = rng.standard_normal((50, 3))
    fitted, explained = data.affine_image(teacher @ rng.standard_normal((3, 3)) + 5, teacher)
    np.testing.assert_allclose(fitted, teacher, atol=1e-9)
    assert explained == pytest.approx(1)
    _, lost = data.affine_image(teacher[:, :1], teacher)
    assert 0.2 < lost < 0.6


def test_the_plane_of_two_components_keeps_what_varies_most() -> None:
    points = np.random.default_rng(0).standard_normal((40, 4)) * [5.0, 0.1, 3.0, 0.2] + 7
    shown = data.principal_plane(points)(points)
    np.testing.assert_allclose(np.abs(shown), np.abs(points - points.mean(axis=0))[:, [0, 2]], atol=0.5)
    line = data.principal_plane(points[:, :1])(points[:, :1])
    assert np.array_equal(line, np.column_stack([points[:, 0], np.zeros(40)]))
    assert data.principal_plane(points[:, :2])(points[:, :2]) is not None


@pytest.mark.parametrize("bounded", data.BOUNDED, ids=lambda bounded: bounded.theorem)
class TestLines:
    def test_no_student_is_above_its_teacher_s(self, report: Report, bounded: data.Bounded) -> None:
        slopes = data.slopes(report, bounded)
        assert set(slopes) == {0, 1}
        for row in report.grid.rows:
            if row["split"] == "test":
                assert row[bounded.measure] <= slopes[row["teacher_seed"]] * row["logit_distance"] * (1 + 1e-9)

    def test_are_the_same_whichever_student_they_are_computed_from(self, report: Report, bounded: data.Bounded) -> None:
        backwards = replace(report, grid=replace(report.grid, students=report.grid.students[::-1]))
        assert data.slopes(backwards, bounded) == pytest.approx(data.slopes(report, bounded))


def test_curves_end_above_the_bottom_and_a_perfect_one_leaves_a_range() -> None:
    epochs = np.arange(6.0)
    late = np.full((6, 2), 0.9)
    assert data.bottom_of_curves([(epochs, late)]) == pytest.approx(0.9 - 0.08 * 0.1)
    assert data.bottom_of_curves([(epochs, np.vstack([np.zeros((2, 2)), late[2:]]))]) == pytest.approx(0.892)
    assert data.bottom_of_curves([(epochs, np.ones((6, 2)))]) == 0.99
