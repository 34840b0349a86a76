"""The page of an experiment: every loss in each figure and table of it, no number without its interval."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics.experiment import Student
from reports.distill.page import (
    caption_of_embeddings,
    cell,
    certain,
    certain_rows,
    comparison_rows,
    main_table,
    render,
    sentences,
    split_tables,
    theorem_rows,
    vacuous_in_words,
)
from reports.distill.run import Report
from tests.reports.distill.grids import changed, of_dimensions, part_of, violating, without_concepts


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
        assert len(pictures) == 7  # as many as there are functions that draw one
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
                assert name not in ("src", "xlink:href", "srcset")
                assert not name.startswith("on"), (tag, name)
                assert name != "href" or (value or "").startswith("#"), (tag, value)
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


class TestWhatIsCertain:
    def test_the_table_has_each_bound_beside_the_truth(self, report: Report) -> None:
        rows = dict(certain_rows(report))
        names = list(rows)
        assert names[:2] == ["same top label, certified", "agreement"]
        assert names.index("near embeddings, certified") + 1 == names.index("near embeddings")
        assert all(len(cells) == len(report.losses) for cells in rows.values())
        assert names[-1].startswith("T5")
        assert all("orders of magnitude" in str(entry) for entry in rows[names[-1]])
        # Geometric means: that of 2 KL/eps is 2/eps times that of KL, interval and all.
        kl = report.cell("kl", "kl")
        assert kl is not None
        bound = rows["clipped at 1e-2 at most, 2 KL/1e-2"][0]
        assert str(bound) == str(cell(*(200 * kl[end] for end in ("mean", "low", "high")), kl["scale"]))

    def test_an_embedding_is_certified_by_a_theorem_or_on_a_tenth_of_the_inputs(self, report: Report) -> None:
        def of(share: float, vacuous: bool, report: Report = report) -> Report:
            def student(s: Student) -> Student:
                rows = tuple(row | {"certified_embeddings": share} for row in s.rows)
                found = tuple(replace(g, vacuous=vacuous) if g.applies else g for g in s.guarantees)
                return replace(s, rows=rows, guarantees=found)

            return changed(report, student)

        plain = "nothing certifies this embedding"
        lost = of(0.01, vacuous=True)
        assert lost.without_certificate("kl") == (4, 4)
        assert plain in certain(lost, "kl")
        assert f"kl</strong> students: {certain(lost, 'kl')}" in render(lost)
        for kept in (of(0.5, vacuous=True), of(0.01, vacuous=False)):
            assert kept.without_certificate("kl") == (0, 4)
            assert plain not in certain(kept, "kl")
            assert plain not in render(kept)
        some = changed(lost, lambda s: replace(s, rows=tuple(row | {"certified_embeddings": s.seed} for row in s.rows)))
        assert certain(some, "kl").endswith(f"{plain} on 2 of 4 pairs")

    def test_what_is_vacuous_everywhere_is_folded_away_with_its_orders(self, report: Report) -> None:
        hollow = [row["name"] for row in theorem_rows(report) if row["vacuous"]]
        assert "T5 by pinsker" in hollow
        assert f"{len(hollow)} statements are vacuous on every pair, too large by" in vacuous_in_words(report)
        orders = [line.orders for line in report.theorems if (line.theorem, line.statement) == ("T5", "by_pinsker")]
        assert f"up to {max(o for o in orders if o is not None):.1f} orders of magnitude" in vacuous_in_words(report)
        page = render(report)
        assert (
            page.index("Statement by statement")
            < page.index(vacuous_in_words(report))
            < page.index("<td>T5 by pinsker<")
        )
        nothing = replace(report, theorems=tuple(replace(line, vacuous=0) for line in report.theorems))
        assert vacuous_in_words(nothing) == ""


class TestViolations:
    def test_are_shown_in_words_in_the_table(self, report: Report, page: str) -> None:
        broken = changed(report, lambda s: violating(s) if (s.loss, s.seed) == ("my_own_loss", 1) else s)
        shown = render(broken)
        assert "2 theorems violated" in shown
        assert "violated by my_own_loss, teacher 1, student 1" in shown
        assert "2 VIOLATED" in shown
        assert "No theorem is violated" not in shown
        assert "No theorem is violated" in page
        assert "VIOLATED" not in page


class TestOtherGrids:
    def test_one_of_each_makes_no_claim(self, report: Report) -> None:
        shown = render(part_of(report, 2, 1))
        assert "no interval" in shown
        assert "no claim is made" in shown
        assert "<strong>+" not in shown
        assert not re.search(r"\bnan\b", re.sub(r"<[^>]*>", " ", shown))

    def test_one_loss_is_compared_with_nothing(self, report: Report) -> None:
        assert "nothing to compare" in render(part_of(report, 1, 2))

    @pytest.mark.parametrize("teacher", [1, 2, 3])
    def test_it_is_said_in_which_plane_embeddings_are_seen(self, report: Report, teacher: int) -> None:
        caption = caption_of_embeddings(of_dimensions(report, teacher, 2))
        assert ("in the two principal components of the teacher's 3 dimensions" in caption) == (teacher == 3)

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
        assert len(Page(shown).blocks["svg"]) == 3  # embeddings, probes and training

    def test_without_concepts_there_is_a_page(self, report: Report) -> None:
        shown = render(without_concepts(report))
        assert "R² of directions" in shown
        assert "concepts, teacher's probe" not in shown
