"""Figures of an experiment as they stand in a page: whole, legible, and the same loss the same in each of them."""

from dataclasses import replace

import pytest

from empirics.experiment import Student
from reports.distill import figures
from reports.distill.run import Report, report_on
from reports.shared.figures.palette import RED
from reports.shared.figures.plots import marks
from tests.reports.distill.grids import changed, of_dimensions, violating, without_concepts
from tests.reports.drawings import Drawing

DRAWINGS = {
    "embeddings": figures.embeddings,
    "correlation against KL": figures.correlation_against_kl,
    "distances": figures.distances,
    "bounds": figures.bounds_against_truth,
    "probes": figures.probes,
    "training": figures.training,
    "orders": figures.orders,
}


@pytest.fixture(scope="module")
def drawn(report: Report) -> dict[str, Drawing]:
    return {name: Drawing(draw(report)) for name, draw in DRAWINGS.items()}


@pytest.fixture(scope="module")
def crowd(report: Report) -> Report:
    """Return the report as if there were eight losses with names that are too long to be shown."""
    names = {loss: [f"{loss}_{i}_of_an_uncommonly_long_name" for i in range(4)] for loss in report.losses}
    losses = tuple(replace(loss, name=name) for loss in report.grid.plan.losses for name in names[loss.name])
    students = tuple(
        replace(student, loss=name, rows=tuple(row | {"loss": name} for row in student.rows))
        for student in report.grid.students
        for name in names[student.loss]
    )
    grid = replace(report.grid, plan=replace(report.grid.plan, losses=losses), students=students)
    return report_on(grid, report.command)


@pytest.mark.parametrize("name", DRAWINGS)
class TestEachOfThem:
    def test_stays_on_its_paper(self, drawn: dict[str, Drawing], name: str) -> None:
        assert drawn[name].off_the_paper() == []

    def test_words_keep_their_distance(self, drawn: dict[str, Drawing], name: str) -> None:
        assert len(drawn[name].words) > 10
        assert drawn[name].meeting() == []

    def test_so_they_do_when_names_are_many_and_long(self, crowd: Report, name: str) -> None:
        other = Drawing(DRAWINGS[name](crowd))
        assert sum(word.text.endswith("…") for word in other.words) >= 8
        assert other.meeting() == other.off_the_paper() == []


@pytest.mark.parametrize("name", sorted(set(DRAWINGS) - {"embeddings"}))  # whose colours are those of labels
def test_a_loss_has_its_own_colour_and_shape(report: Report, drawn: dict[str, Drawing], name: str) -> None:
    shapes = {}
    for loss, mark in marks(report.losses).items():
        own = [one for one in drawn[name].marks if one.stroke == mark.colour.lower()]
        assert len(own) > 1, loss  # one of them is the legend's, or a concept's
        shapes[loss] = {one.shape for one in own}
    assert not set.intersection(*shapes.values())


class TestBounds:
    def test_violations_are_crosses_in_red_each_by_itself(self, report: Report, drawn: dict[str, Drawing]) -> None:
        broken = changed(report, lambda s: violating(s) if (s.loss, s.seed) == ("my_own_loss", 1) else s)
        shown = Drawing(figures.bounds_against_truth(broken))
        crosses = [mark for mark in shown.marks if mark.stroke == RED.lower()]
        assert len(crosses) == 2 + 1  # the legend's
        assert {mark.shape for mark in crosses}.isdisjoint(mark.shape for mark in shown.marks if mark not in crosses)
        assert "violated" in [word.text for word in shown.words]
        assert all(mark.stroke != RED.lower() for mark in drawn["bounds"].marks)
        assert "violated" not in [word.text for word in drawn["bounds"].words]

    def test_vacuous_ones_are_hollow(self, report: Report) -> None:
        def hollow(vacuous: bool) -> int:
            def change(student: Student) -> Student:
                return replace(student, guarantees=tuple(replace(g, vacuous=vacuous) for g in student.guarantees))

            shown = Drawing(figures.bounds_against_truth(changed(report, change)))
            return sum(mark.hollow for mark in shown.marks)

        assert hollow(False) == 1  # the legend's
        assert hollow(True) > 50


class TestOtherGrids:
    @pytest.mark.parametrize(("teacher", "student"), [(2, 1), (2, 3), (1, 2), (4, 3)])
    def test_of_other_dimensions(self, report: Report, teacher: int, student: int) -> None:
        other = of_dimensions(report, teacher, student)
        shown = Drawing(figures.embeddings(other))
        words = [word.text for word in shown.words]
        assert sum(word.startswith("accuracy ") for word in words) == 3
        assert sum(word.startswith("mapped, R² ") for word in words) == (2 if teacher <= 2 else 0)
        assert shown.meeting() == shown.off_the_paper() == []

    def test_what_was_not_measured_leaves_no_empty_figure(self, report: Report) -> None:
        def without(student: Student) -> Student:
            rows = tuple(row | {"mean_cca": None, "logit_distance": None} for row in student.rows)
            unknown = tuple(replace(g, applies=False, reason="not here", bound=None, truth=None, orders=None,
                                    holds=None, vacuous=None) for g in student.guarantees)  # fmt: skip
            return replace(student, rows=rows, guarantees=unknown)

        bare = changed(report, without)
        for name in ("correlation against KL", "distances", "bounds", "orders"):
            assert DRAWINGS[name](bare) == ""

    def test_without_concepts_directions_are_read(self, report: Report) -> None:
        words = " ".join(word.text for word in Drawing(figures.probes(without_concepts(report))).words)
        assert "R² of the teacher" in words
        assert "chance" not in words
        assert "moved by A*" not in words
