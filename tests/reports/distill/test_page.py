"""The page of an experiment and its figures: every loss in each of them, no number without its interval."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics.experiment import Grid, Plan, Student, run
from empirics.losses.files import parse_losses
from empirics.networks import Perceptron
from empirics.presets import Preset
from empirics.training import Recipe
from reports.distill import figures
from reports.distill.page import cell, comparison_rows, main_table, render, sentences, split_tables, theorem_rows
from reports.distill.run import Report, remarks_on, report_on
from theory.guarantees import Guarantee

MINE = '''
def my_own_loss(teacher, student):
    """Of <mine> & nobody else's."""
    return (teacher.softmax(-1) - student.softmax(-1)).square().sum()
'''
EPOCHS = Recipe(4, 128, 2e-2)
NET = Perceptron((8,), 2)
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
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    place = tmp_path_factory.mktemp("page")
    (place / "my_losses.py").write_text(MINE)
    losses = parse_losses(f"kl,{place / 'my_losses.py'}::my_own_loss")
    preset = Preset("digits", NET, NET, EPOCHS, EPOCHS, teachers=2, students=2, predictions="digits")
    grid = run(Plan("digits", "tiny", preset, losses), place / "checkpoints", workers=1)
    return report_on(grid, "logitbounds distill digits --losses 'a<b'", remarks_on(losses))


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def part_of(report: Report, losses: int, seeds: int) -> Report:
    """Return the report on the first losses and seeds of the grid."""
    grid = report.grid
    plan = replace(
        grid.plan,
        losses=grid.plan.losses[:losses],
        preset=replace(grid.plan.preset, teachers=seeds, students=seeds),
    )
    names = [loss.name for loss in plan.losses]
    students = tuple(s for s in grid.students if s.loss in names and max(s.seed, s.teacher_seed) < seeds)
    return report_on(replace(grid, plan=plan, teachers=grid.teachers[:seeds], students=students), report.command)


def changed(report: Report, change: Any) -> Report:
    """Return the report on the grid after something has been done to every student."""
    return report_on(replace(report.grid, students=tuple(map(change, report.grid.students))), report.command)


class Page(HTMLParser):
    """Collects tags with their attributes, and the words of each table and each picture."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.inside: list[list[str]] = []
        self.blocks: dict[str, list[list[str]]] = {"table": [], "svg": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.blocks:
            self.blocks[tag].append([])
            self.inside.append(self.blocks[tag][-1])

    def handle_endtag(self, tag: str) -> None:
        if tag in self.blocks:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        for block in self.inside:
            block.append(data)


class TestPage:
    def test_every_loss_is_in_every_figure(self, report: Report, page: str) -> None:
        pictures = [" ".join(words) for words in Page(page).blocks["svg"]]
        assert len(pictures) == len(DRAWINGS)
        for words in pictures:
            assert all(loss in words for loss in report.losses), words[:80]

    def test_every_loss_is_in_every_table_of_losses(self, report: Report, page: str) -> None:
        tables = [[word.strip() for word in words] for words in Page(page).blocks["table"]]
        of_losses = [words for words in tables if "kl" in words]
        assert len(of_losses) >= 5
        for words in of_losses:
            assert "my_own_loss" in words

    def test_nothing_is_fetched_and_nothing_runs(self, page: str) -> None:
        for tag, attributes in Page(page).tags:
            assert tag not in ("script", "link", "img", "iframe", "object", "embed")
            for name, value in attributes.items():
                if name.startswith("xmlns"):
                    continue
                assert name not in ("src", "href", "xlink:href", "onload", "onclick")
                assert "http" not in (value or ""), (tag, name, value)
        assert "@import" not in page
        assert set(re.findall(r"url\((.)", page)) <= {"#"}

    def test_ids_are_used_once(self, page: str) -> None:
        ids = [attributes["id"] for _, attributes in Page(page).tags if "id" in attributes]
        assert len(set(ids)) == len(ids)

    def test_numbers_are_numbers(self, page: str) -> None:
        text = re.sub(r"<[^>]*>", " ", page)
        assert not re.search(r"\b(nan|inf|None|NaN)\b", text)
        assert not re.search(r"=['\"][^'\"]*\b(nan|inf|None)\b", page)

    def test_text_of_the_user_s_is_escaped(self, page: str) -> None:
        assert "Of &lt;mine&gt; &amp; nobody" in page
        assert "<mine>" not in page
        assert "a&lt;b" in page

    def test_remarks_stand_in_the_row_of_the_loss(self, report: Report, page: str) -> None:
        (remark, *_) = report.remarks["my_own_loss"]
        rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
        assert any("<td>my_own_loss<br>" in row and remark.split(":")[0] in row for row in rows)

    def test_every_prediction_has_a_verdict_and_its_interval(self, report: Report, page: str) -> None:
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
        for judged in report.judged:
            assert f"{judged.verdict}" in text
            for part in judged.parts:
                assert part.evidence.replace("&", "&amp;") in text
        assert report.registration is not None
        assert report.registration.sha256 in page

    def test_same_grid_same_page(self, report: Report, page: str) -> None:
        assert render(report) == page

    def test_is_small(self, page: str) -> None:
        assert len(page.encode()) < 400_000


class TestTables:
    def test_teacher_first_then_losses_as_asked_for(self, report: Report) -> None:
        assert [name for name, *_ in main_table(report)["rows"]] == ["teacher", *report.losses]
        assert main_table(report)["chance"][0] == "0.1"

    def test_no_mean_without_an_interval(self, report: Report) -> None:
        cells = [entry for table in split_tables(report) for _, row in table["rows"] for entry in row]
        cells += [entry for _, row, _ in main_table(report)["rows"] for entry in row]
        cells += [row["cell"] for row in comparison_rows(report)]
        assert len(cells) > 100
        assert all(entry.ends.startswith("[") or entry.mean == "–" for entry in cells)

    def test_the_first_loss_is_compared_with_none(self, report: Report) -> None:
        first, *others = sentences(report)
        assert not first.against
        assert all(said.against for said in others)

    def test_theorems_have_a_cell_for_every_loss(self, report: Report) -> None:
        for row in theorem_rows(report):
            assert set(row["cells"]) == set(report.losses)

    @pytest.mark.parametrize(
        ("numbers", "shown"),
        [
            ((0.64736, 0.48767, 0.80703), "0.65 [0.49, 0.81]"),
            ((0.99982, 0.99977, 0.99987), "0.99982 [0.99977, 0.99987]"),
            ((-232.7, -274.8, -190.7), "-233 [-275, -191]"),
            ((0.5, 0.5, 0.5), "0.5 [0.5, 0.5]"),
            ((0.0, 0.0, 0.0), "0 [0, 0]"),
            ((0.25, None, None), "0.25 [no interval]"),
            ((3e7, 1e7, 5e7), "3.00e+07 [1.00e+07, 5.00e+07]"),
        ],
    )
    def test_digits_are_those_the_interval_leaves(self, numbers: tuple[float, Any, Any], shown: str) -> None:
        assert str(cell(*numbers)) == shown

    def test_ratios_keep_three_digits(self) -> None:
        assert str(cell(33.24, 25.06, 44.1, "log")) == "33.2 [25.1, 44.1]"
        assert str(cell(1234.5, 1000.2, 1600.0, "log")) == "1,234 [1,000, 1,600]"

    @given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.sampled_from(["linear", "log"]))
    def test_ends_never_read_the_wrong_way_round(self, low: float, width: float, scale: str) -> None:
        words = cell(low + width / 2, low, low + width, scale).ends.strip("[]").split(", ")
        first, last = (float(word.replace(",", "")) for word in words)
        assert first <= last


class TestFigures:
    @pytest.mark.parametrize("name", DRAWINGS)
    def test_stay_on_their_paper(self, report: Report, name: str) -> None:
        drawn = DRAWINGS[name](report)
        width, height = (float(side) for side in re.search(r"viewBox='0 0 (\S+) (\S+)'", drawn).groups())  # type: ignore[union-attr]
        outside = re.sub(r"<g clip-path.*?</g>|<g transform.*?</g>", "", drawn)
        for attribute, most in (("x", width), ("y", height), ("x1", width), ("x2", width), ("y1", height)):
            places = [float(value) for value in re.findall(rf" {attribute}='(-?[\d.]+)'", outside)]
            assert all(-0.01 <= at <= most for at in places), attribute

    def test_losses_are_drawn_differently(self) -> None:
        found = {(style.colour, style.shape) for style in map(figures.Style.of, range(49))}
        assert len(found) == 49

    def test_hollow_marks_are_hollow(self) -> None:
        for i in range(7):
            assert "fill='#ffffff'" in figures.Style.of(i).mark(0, 0, hollow=True)
            assert "fill='#ffffff'" not in figures.Style.of(i).mark(0, 0)

    def test_a_linear_image_of_the_teacher_is_mapped_onto_it(self) -> None:
        rng = np.random.default_rng(0)
        teacher = rng.standard_normal((50, 3))
        fitted, explained = figures._mapped(teacher @ rng.standard_normal((3, 3)) + 5, teacher)
        np.testing.assert_allclose(fitted, teacher, atol=1e-9)
        assert explained == pytest.approx(1)
        _, lost = figures._mapped(teacher[:, :1], teacher)
        assert 0.2 < lost < 0.6

    def test_no_student_is_above_its_teacher_s_line(self, report: Report) -> None:
        for bounded in figures._BOUNDED:
            slopes = figures._slopes(report, bounded)
            assert set(slopes) == {0, 1}
            for row in report.grid.rows:
                if row["split"] == "test":
                    assert row[bounded.measure] <= slopes[row["teacher_seed"]] * row["logit_distance"] * (1 + 1e-9)

    def test_a_line_is_the_same_whichever_student_it_is_computed_from(self, report: Report) -> None:
        backwards = replace(report, grid=replace(report.grid, students=report.grid.students[::-1]))
        for bounded in figures._BOUNDED:
            assert figures._slopes(backwards, bounded) == pytest.approx(figures._slopes(report, bounded))

    @given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
    def test_names_keep_their_distance(self, places: list[float]) -> None:
        moved = figures._apart(places, 14, 0, 300)
        assert all(b - a >= 14 - 1e-9 for a, b in zip(sorted(moved), sorted(moved)[1:], strict=False))
        assert max(moved) <= 300
        order = sorted(range(len(places)), key=lambda i: places[i])
        assert [moved[i] for i in order] == sorted(moved)

    def test_long_names_are_cut(self) -> None:
        assert len(figures.short("a" * 90)) == 22
        assert figures.short("kl") == "kl"


def violating(student: Student) -> Student:
    first, *others = student.guarantees
    return replace(student, guarantees=(replace(first, applies=True, truth=2.0, bound=1.0, holds=False), *others))


class TestViolations:
    def test_are_shown_in_words_in_the_table_and_in_red(self, report: Report, page: str) -> None:
        broken = changed(report, lambda s: violating(s) if (s.loss, s.seed) == ("my_own_loss", 1) else s)
        shown = render(broken)
        assert "2 theorems violated" in shown
        assert "violated by my_own_loss, teacher 1, student 1" in shown
        assert "2 VIOLATED" in shown
        assert "No theorem is violated" not in shown
        drawn = figures.bounds_against_truth(broken)
        assert drawn.count(figures._RED) == 2 * (2 + 1)  # two crosses and the key's, of two strokes each
        assert figures._RED not in figures.bounds_against_truth(report)
        assert "violated" not in figures.bounds_against_truth(report)
        assert "No theorem is violated" in page
        assert "VIOLATED" not in page

    def test_vacuous_ones_are_hollow(self, report: Report) -> None:
        def with_all(vacuous: bool) -> str:
            def change(student: Student) -> Student:
                told: tuple[Guarantee, ...] = tuple(replace(g, vacuous=vacuous) for g in student.guarantees)
                return replace(student, guarantees=told)

            return figures.bounds_against_truth(changed(report, change))

        assert with_all(True).count("fill='#ffffff'") > with_all(False).count("fill='#ffffff'") == 1


class TestOtherGrids:
    def test_one_of_each_makes_no_claim(self, report: Report) -> None:
        shown = render(part_of(report, 2, 1))
        assert "no interval" in shown
        assert "no claim is made" in shown
        assert "<strong>+" not in shown
        assert not re.search(r"\bnan\b", re.sub(r"<[^>]*>", " ", shown))

    def test_one_loss_is_compared_with_nothing(self, report: Report) -> None:
        assert "nothing to compare" in render(part_of(report, 1, 2))

    @pytest.mark.parametrize(("teacher", "student"), [(2, 1), (2, 3), (1, 2), (4, 3)])
    def test_other_dimensions(self, report: Report, teacher: int, student: int) -> None:
        rng = np.random.default_rng(0)
        n = len(report.grid.teachers[0].predicted)
        teachers = tuple(replace(t, embeddings=rng.standard_normal((n, teacher))) for t in report.grid.teachers)
        students = tuple(replace(s, embeddings=rng.standard_normal((n, student))) for s in report.grid.students)
        other = replace(report, grid=replace(report.grid, teachers=teachers, students=students))
        drawn = figures.embeddings(other)
        assert drawn.count("<rect") == (5 if teacher <= 2 else 3)
        assert ("in the two principal components of the teacher" in render(other)) == (teacher == 4)

    def test_what_was_not_measured_says_why_and_leaves_no_empty_figure(self, report: Report) -> None:
        def without(student: Student) -> Student:
            rows = tuple(row | {"mean_cca": None, "logit_distance": None} for row in student.rows)
            reasons = {split: {**why, "mean_cca": "it <was> lost"} for split, why in student.reasons.items()}
            unknown = tuple(replace(g, applies=False, reason="not here", bound=None, truth=None, orders=None,
                                    holds=None, vacuous=None) for g in student.guarantees)  # fmt: skip
            return replace(student, rows=rows, reasons=reasons, guarantees=unknown)

        bare = changed(report, without)
        shown = render(bare)
        assert "it &lt;was&gt; lost" in shown
        assert "does not apply: not here" in shown
        for name in ("correlation against KL", "distances", "bounds", "orders"):
            assert DRAWINGS[name](bare) == ""
        assert len(Page(shown).blocks["svg"]) == 3

    def test_without_concepts_directions_are_read(self, report: Report) -> None:
        facts = dict(report.grid.facts) | {"concepts": {}}
        plain: Grid = replace(
            report.grid, facts=facts, students=tuple(replace(s, concepts={}) for s in report.grid.students)
        )
        drawn = figures.probes(replace(report, grid=plain))
        assert "R² of the teacher" in drawn
        assert "chance" not in drawn
        assert "moved by A*" not in drawn
        assert render(replace(report, grid=plain))
