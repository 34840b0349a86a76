"""Checks of measures: JSON, page, the pytest file that pins properties down, interrupts, and the command."""

import ast
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from reports.check_metric.metric_files import MetricFile, load_metrics, load_target
from reports.check_metric.page import kind_of, mark_of, picture, render, summary, write_report
from reports.check_metric.run import MARKER, ConformanceRun, as_json, pytest_file, require_overwritable, run_checks
from reports.shared.files import jsonable
from tests.reports.commands import PROGRAM, command, installed
from theory import InvalidInput, Metric, Model
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, Counterexample, PropertyResult, PropertyVerdict, Step
from theory.evidence import Evidence

MEASURES = r'''
"""Measures."""
import numpy as np
from theory import claim, metric

@metric(on="embeddings", declares=["symmetric", "triangle", "invariant_to_linear"])
def gap(X, Y):
    r"""The norm of $XX^T - YY^T$ <script>alert(1)</script>.

    Of Gram matrices.

    Returns
    -------
    float
        Some number.
    """
    print("noise")
    return float(np.linalg.norm(X @ X.T - Y @ Y.T))

@metric(on="embeddings", similarity=True, declares=["deterministic"])
def constant(X, Y):
    return 1.0

@metric(on="embeddings")
def nowhere(X, Y):
    return float("nan")

@metric(on="embeddings")
def leaves(X, Y):
    raise SystemExit(0)

@metric(on="embeddings")
def slow(X, Y):
    import time
    time.sleep(0.02)
    return float(np.linalg.norm(X @ X.T - Y @ Y.T))

@claim
def at_most_two(pair):
    return 1.0, 2.0
'''
KEYS = {"schema", "metric", "planned", "ran", "properties", "not_run", "on", "similarity", "declared", "overclaims",
        "underclaims", "failed", "seed", "seconds", "evaluations"}  # fmt: skip
NAUGHTY = "<i>odd</i> '\"\\ & {{ 7 * 7 }} [red]x[/red]\nnext line"


def model(seed=0, n=3, k=4, m=2):
    rng = np.random.default_rng(seed)
    return Model(rng.standard_normal((n, m)), rng.standard_normal((k, m)))


def result(name, verdict, message="seen", counterexample=None, evidence=None, trials=7):
    return PropertyResult(name, PropertyVerdict(verdict), evidence, trials, message, counterexample)


def step(distance, value):
    return Step(model(1), model(2), distance, value)


X = np.array([[1.0, -0.0], [math.nan, 2.5], [math.inf, -math.inf]])
FAILING = {
    "symmetric": Counterexample(
        "f(X, Y) = f(Y, X)",
        {"X": X, "Y": np.ones((20, 14), dtype=np.float32), "c": np.array([1.0, 1 / 3]), "t": np.array(2.0)},
        {"f(X, Y)": np.float64(1 / 3), "f(Y, X)": math.nan, "seen": NAUGHTY},
    ),
    "controlled_by_kl": Counterexample(
        "D(a, b) -> 0 as KL -> 0",
        {"a": model(1), "b": model(2)},
        {"constant": 0.5},
        (step(1e-2, 0.75), step(np.float64(1e-5), 0.5), step(0.0, math.nan), step(1e-12, 0.5)),
    ),
    "rejects_nan": Counterexample("raises"),
}


def by_hand(**changes):
    """A result with everything in it that is hard to print."""
    given = [
        result("nonnegative", "holds", evidence=Evidence.ATTACKED, trials=np.int64(60)),
        result("symmetric", "fails", NAUGHTY, FAILING["symmetric"], Evidence.FLOAT64),
        result("triangle", "inconclusive", "a margin of 1e-17\nis rounding: " + "long " * 40),
        result("label_invariant", "not_applicable", "embeddings have no labels", trials=0),
        result("controlled_by_kl", "fails", "D stays above 0.5 while KL falls " + "and falls " * 20,
               FAILING["controlled_by_kl"], Evidence.EXACT),
        result("rejects_nan", "fails", "returned nan", FAILING["rejects_nan"], Evidence.EXACT),
        result("pure", "holds", evidence=Evidence.SAMPLED),
    ]  # fmt: skip
    options = {
        "metric": "odd", "on": "embeddings", "similarity": False, "declared": None,
        "planned": tuple(one.name for one in given), "properties": {one.name: one for one in given}, "seed": 3,
        "seconds": 1.23456, "evaluations": 1234,
    }  # fmt: skip
    return Conformance(**(options | changes))


def a_run(found, *, unusable=None, path="/somewhere/my 'odd' \"file\".py", sources=("mine",)):
    """A run of results made by hand."""
    results = {one.metric: one for one in found}
    metrics = {
        name: Metric(lambda X, Y: 0.0, "embeddings", False, name) for name in [*results, *(unusable or {})]
    }  # fmt: skip
    file = MetricFile(
        path=Path(path), module="mine", sources=dict.fromkeys(sources, ""), packages=frozenset(), search_path=(),
        metrics=metrics, attributes={name: name for name in metrics},
    )  # fmt: skip
    return ConformanceRun(file, results, unusable or {}, 20.0, 3)


def through_json(value):
    return json.loads(json.dumps(jsonable(value), allow_nan=False))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("measures") / "mine.py"
    path.write_text(MEASURES)
    return path


@pytest.fixture(scope="module")
def run(file):
    return run_checks(load_metrics(file, "gap"), budget=20.0, seed=1)


# --------------------------------------------------------------------------- JSON


def test_the_json_of_one_measure_is_the_contract_s_object():
    data = through_json(as_json(a_run([by_hand()])))
    assert set(data) >= KEYS
    assert data["schema"] == "logitbounds/check-metric/1"
    assert (data["metric"], data["planned"], data["ran"], data["not_run"]) == ("odd", 7, 7, [])
    assert (data["declared"], data["overclaims"], data["underclaims"], data["failed"]) == (None, [], [], True)
    assert list(data["properties"]) == ["nonnegative", "symmetric", "triangle", "label_invariant",
                                        "controlled_by_kl", "rejects_nan", "pure"]  # fmt: skip
    for entry in data["properties"].values():
        assert set(entry) == {"verdict", "evidence", "trials", "counterexample", "message"}
        assert (entry["counterexample"] is not None) == (entry["verdict"] == "fails")
    assert data["properties"]["nonnegative"] == {
        "verdict": "holds", "evidence": "attacked", "trials": 60, "counterexample": None, "message": "seen"
    }  # fmt: skip
    assert data["properties"]["label_invariant"]["verdict"] == "not_applicable"
    assert data["properties"]["triangle"]["evidence"] is None


def test_counterexamples_can_be_rebuilt_from_the_json():
    properties = through_json(as_json(a_run([by_hand()])))["properties"]
    found = properties["symmetric"]["counterexample"]
    assert found["statement"] == "f(X, Y) = f(Y, X)"
    assert found["values"] == {"f(X, Y)": 1 / 3, "f(Y, X)": "nan", "seen": NAUGHTY}
    assert found["inputs"]["X"] == [[1.0, -0.0], [None, 2.5], [None, None]]
    assert math.copysign(1, found["inputs"]["X"][0][1]) == -1
    rebuilt = np.array(found["inputs"]["X"], dtype=float)
    for row, column, value in found["not_finite"]["X"]:
        rebuilt[row, column] = float(value)
    np.testing.assert_array_equal(rebuilt, X)
    assert (found["inputs"]["c"], found["inputs"]["t"]) == ([1.0, 1 / 3], 2.0)
    assert found["sequence"] == []
    control = properties["controlled_by_kl"]["counterexample"]
    assert [(one["distance"], one["value"]) for one in control["sequence"]] == [
        (1e-2, 0.75), (1e-5, 0.5), (0.0, None), (1e-12, 0.5)
    ]  # fmt: skip
    for data, expected in ((control["inputs"]["a"], model(1)), (control["sequence"][0]["student"], model(2))):
        again = Model(**data)
        np.testing.assert_array_equal(again.embeddings, expected.embeddings)
        np.testing.assert_array_equal(again.unembeddings, expected.unembeddings)


def test_what_was_not_checked_and_what_was_declared_is_in_the_json():
    found = by_hand(
        planned=(*by_hand().planned, "deterministic"), declared=frozenset({"symmetric", "pure", "deterministic"})
    )
    data = through_json(as_json(a_run([found])))
    assert (data["planned"], data["ran"], data["not_run"]) == (8, 7, ["deterministic"])
    assert data["declared"] == ["symmetric", "pure", "deterministic"]
    assert (data["overclaims"], data["underclaims"], data["failed"]) == (["symmetric"], ["nonnegative"], True)


def test_several_measures_make_a_list():
    honest = by_hand(metric="honest", declared=frozenset({"pure"}))
    both = a_run([honest, by_hand(metric="other", declared=frozenset())], unusable={"third": "metric: no number"})
    data = through_json(as_json(both))
    assert data["schema"] == "logitbounds/check-metrics/1"
    assert [one["metric"] for one in data["metrics"]] == ["honest", "other"]
    assert all(set(one) >= KEYS and one["schema"] == "logitbounds/check-metric/1" for one in data["metrics"])
    assert data["unusable"] == {"third": "metric: no number"}
    assert data["failed"] is False
    assert not both.failed
    assert a_run([honest, by_hand()]).failed


def test_the_json_of_a_real_measure_says_what_is_true(run):
    data = through_json(as_json(run))
    assert tuple(data["properties"]) == PROPERTY_NAMES
    assert data["planned"] == data["ran"] == 21
    verdicts = {name: entry["verdict"] for name, entry in data["properties"].items()}
    assert verdicts["symmetric"] == verdicts["triangle"] == verdicts["invariant_to_orthogonal"] == "holds"
    assert verdicts["invariant_to_linear"] == verdicts["controlled_by_kl"] == "fails"
    assert verdicts["label_invariant"] == "not_applicable"
    assert data["overclaims"] == ["invariant_to_linear"]
    gap = run.file.metrics["gap"]
    steps = data["properties"]["controlled_by_kl"]["counterexample"]["sequence"]
    assert min(one["distance"] for one in steps) < 1e-6
    for one in steps:
        teacher, student = Model(**one["teacher"]), Model(**one["student"])
        assert gap(teacher.embeddings, student.embeddings) == pytest.approx(one["value"])


# --------------------------------------------------------------------------- the page


class _Checker(HTMLParser):
    """Collects tags, links, anchors and text, and whether every tag is closed."""

    VOID = frozenset({"meta", "br", "img", "circle", "line", "rect", "polygon", "path"})

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.ids, self.text, self.open = [], [], [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        self.ids += [value for name, value in attrs if name == "id"]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked(page):
    found = _Checker(page)
    assert found.open == []
    assert not {"script", "img", "link", "iframe"} & set(found.tags)
    assert len(set(found.ids)) == len(found.ids)
    assert {f"#{anchor}" for anchor in found.ids} >= set(found.links)
    return found


def test_the_page_says_everything_of_a_real_measure(run):
    page = checked(render(run))
    above, _, below = page.text.partition("The measure as it is written")
    assert "Of Gram matrices." in above
    assert "Some number." not in above
    assert "Some number." in below
    for words in ("A distance of embeddings", "1 over-claim:", "invariant_to_linear is declared and fails", "Axioms",
                  "Invariances", "Behaviour as a program", "Planned 21, ran 21", "Under-claims", "Counterexamples",
                  "<script>alert(1)</script>", "def gap(X, Y):", "f(X, Y) = f(Y, X) for all X and Y", "seed 1",
                  "logit distance of a and b", "a, unembeddings"):  # fmt: skip
        assert words in page.text, words
    assert page.tags.count("math") == 1
    assert page.tags.count("svg") == 2
    failing = run.results["gap"].of_verdict(PropertyVerdict.FAILS)
    assert set(page.ids) == {"gap", *(f"gap-{name}" for name in failing)}
    assert set(page.links) == {f"#gap-{name}" for name in failing}
    assert all(name in page.text for name in PROPERTY_NAMES)


def test_text_of_the_user_is_text():
    odd = "<b>&odd{{ 1 }}"
    page = checked(render(a_run([by_hand(metric=odd), by_hand()], unusable={"<u>": "<s>why</s>"}, path="/x/<em>.py")))
    assert not {"i", "b", "u", "s"} & set(page.tags)
    assert page.tags.count("em") == 4  # our own
    for words in (odd, "<i>odd</i> '\"\\ & {{ 7 * 7 }}", "<s>why</s>", "not checked", "Measures of <em>.py"):
        assert words in page.text, words


def test_matrices_are_readable_and_long_ones_are_cut():
    page = checked(render(a_run([by_hand()])))
    assert page.tags.count("table") == 1 + (1 + 4) + (1 + 1 + 4)  # properties; values, inputs; and the sequence
    for words in ("X (3 × 2)", "nan", "-inf", "Y (20 × 14, float32)", "and 8 more rows and 4 more columns",
                  "c (2 entries)", "1/3", "t (a number)", "0.3333333333333333", "The last of these pairs"):  # fmt: skip
        assert words in page.text, words


def test_a_run_that_was_cut_short_and_one_without_fault_say_so():
    cut = by_hand(planned=(*by_hand().planned, "deterministic"))
    assert "There was no time for deterministic." in checked(render(a_run([cut]))).text
    good = by_hand(planned=("pure",), properties={"pure": result("pure", "holds")})
    page = checked(render(a_run([good])))
    assert "No property was seen to fail. 1 holds. Planned 1, ran 1." in " ".join(page.text.split())
    assert "Counterexamples" not in page.text
    declared = by_hand(declared=frozenset({"pure"}))
    assert "Nothing that is declared was seen to fail." in checked(render(a_run([declared]))).text


def test_marks_and_words():
    found = by_hand(declared=frozenset({"symmetric", "pure"}))
    assert [mark_of(found, name) for name in ("symmetric", "nonnegative", "pure", "triangle")] == [
        "over-claim", "under-claim", "declared", ""
    ]  # fmt: skip
    assert mark_of(by_hand(), "nonnegative") == ""
    assert summary(found) == "2 hold, 3 fail, 1 inconclusive, 1 not applicable"
    assert kind_of(by_hand(similarity=True, on="models")) == "a similarity of models"


@pytest.mark.parametrize("points", [
    [(1e-2, 1.0), (1e-9, 1.0)], [(1.0, 1.0)], [(1e-300, 1e-300), (1e300, 1e300)], [(9e307, 1e308)],
    [(1e-9, 0.0), (1e-3, 5.0), (math.nan, 1.0), (1.0, math.inf), (1.0, -1.0)], [(1e-307, 1e-307)],
    [(5e-324, 1.0), (1, 1), (1, 1.7e308)],
])  # fmt: skip
def test_every_sequence_can_be_drawn(points):
    drawn = picture([step(*point) for point in points], "distance <d>", "measure")
    page = _Checker(drawn)
    assert page.open == []
    assert "distance <d>" in page.text
    assert "least: " in page.text
    assert "nan" not in drawn
    assert "inf" not in drawn
    good = [p for p in points if all(1e-307 <= x <= 1e308 for x in p)]
    assert drawn.count("<circle") == len(good)
    places = [float(x) for x in re.findall(r"(?:cx|cy|x1|x2|y1|y2)='([-0-9.]+)'", drawn)]
    assert all(0 <= place <= 620 for place in places)


def test_a_sequence_without_positive_numbers_is_not_drawn():
    assert picture([], "d", "f") == ""
    assert picture([step(0.0, 1.0), step(1.0, math.nan)], "d", "f") == ""


def test_the_report_is_written_whole(tmp_path):
    out, extra = tmp_path / "deep" / "out", tmp_path / "other" / "all.json"
    page = write_report(a_run([by_hand()]), out, extra)
    assert page == out / "index.html"
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "report.json"]
    assert extra.read_text() == (out / "report.json").read_text()
    assert json.loads(extra.read_text())["metric"] == "odd"


# --------------------------------------------------------------------------- the pytest file


def pinned(text):
    """Return the keywords of each test's decorator, by the name of the test."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            (decorator,) = node.decorator_list
            found[node.name] = {
                keyword.arg: ast.literal_eval(keyword.value)
                for keyword in decorator.keywords
                if keyword.arg in ("properties", "expected_failures")
            }
    return found


def test_the_pytest_file_lists_what_holds_and_what_fails(tmp_path):
    text = pytest_file(a_run([by_hand()]), tmp_path / "test_it.py")
    assert text.startswith(MARKER)
    (case,) = pinned(text).values()
    assert case["properties"] == ["nonnegative", "symmetric", "controlled_by_kl", "rejects_nan", "pure"]
    assert case["expected_failures"] == {
        "symmetric": " ".join(NAUGHTY.split()),
        "controlled_by_kl": " ".join(by_hand()["controlled_by_kl"].message.split()),
        "rejects_nan": "returned nan",
    }
    assert "# Left out: triangle, inconclusive: a margin of 1e-17 is rounding" in text
    assert "# Left out: label_invariant, not applicable: embeddings have no labels" in text
    assert "BUDGET, SEED = 20.0, 3\n" in text
    assert max(len(line) for line in text.splitlines()) <= 120
    assert text.endswith("check()\n")


def test_odd_names_and_messages_stay_literals(tmp_path):
    names = ["a b", "a-b", "a_b", "x'); import os  # \"", "ﬀ é", "9"]
    cut = by_hand(metric=names[0], planned=(*by_hand().planned, "deterministic"))
    odd = a_run([cut, *(by_hand(metric=name) for name in names[1:])], unusable={"gone": "why\n\x00\u2028import os"})
    text = pytest_file(odd, tmp_path / "test_it.py")
    assert list(pinned(text)) == ["test_a_b", "test_a_b_", "test_a_b__", "test_x_import_os_", "test__", "test_9"]
    subscripts = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Subscript)]
    assert [ast.literal_eval(node.slice) for node in subscripts] == names
    assert "# Left out: deterministic, for which there was no time" in text
    assert "# gone could not be checked: why \\x00 import os" in text
    assert [node.names[0].name for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)] == [
        "Path", "load_metrics", "parametrize_with_checks"
    ]  # fmt: skip
    only_good = by_hand(planned=("pure",), properties={"pure": result("pure", "holds")})
    assert pinned(pytest_file(a_run([only_good]), tmp_path / "t.py"))["test_odd"]["expected_failures"] == {}


def run_pytest(path, *options, cwd):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", path, *options], capture_output=True, text=True,
        cwd=cwd, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.slow  # examines a measure and runs pytest on the file, twice
def test_the_pytest_file_passes_moves_with_the_measure_and_notices_a_change(tmp_path):
    source = tmp_path / "before" / "code" / "my measures.py"
    source.parent.mkdir(parents=True)
    (source.parent / "late_part.py").write_text("import numpy as np\ndef gram(X):\n    return X @ X.T\n")
    text = MEASURES.partition("@metric(on")[0] + (
        "@metric(on='embeddings')\ndef gap(X, Y):\n    from late_part import gram\n"
        "    return float(np.linalg.norm(gram(X) - gram(Y)))\n"
    )
    source.write_text(text)
    test = tmp_path / "before" / "tests" / "test_gap.py"
    test.parent.mkdir()
    test.write_text(pytest_file(run_checks(load_metrics(source), budget=20.0), test))
    (tmp_path / "before").rename(tmp_path / "after")
    test = tmp_path / "after" / "tests" / "test_gap.py"
    result = run_pytest(test, "-q", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"\d+ passed, \d+ xfailed", result.stdout)
    (tmp_path / "after" / "code" / "my measures.py").write_text(
        text.replace("gram(X) - gram(Y)", "gram(X) - 1.01 * gram(Y)")
    )
    result = run_pytest(test, "-q", "-k", "symmetric or zero_on_self or bounded_by_one", cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "gap-symmetric" in result.stdout
    assert "gap-zero_on_self" in result.stdout
    assert "2 failed" in result.stdout
    assert "1 xfailed" in result.stdout


@pytest.mark.slow  # examines a measure and runs pytest on the file
def test_a_measure_of_this_library_is_pinned_down_by_name(tmp_path):
    test = tmp_path / "test_procrustes.py"
    test.write_text(pytest_file(run_checks(load_target("procrustes")), test))
    assert "load_metrics" not in test.read_text()
    result = run_pytest(test, "-q", "-k", "symmetric or bounded_by_one or scaling", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout
    assert "1 xfailed" in result.stdout


def test_only_its_own_files_are_written_over(tmp_path):
    ours, other, empty = (tmp_path / name for name in ("test_ours.py", "test_other.py", "test_empty.py"))
    ours.write_text(pytest_file(a_run([by_hand()]), ours))
    require_overwritable(ours)
    require_overwritable(tmp_path / "test_new.py")
    other.write_text("# my own\n" + ours.read_text())
    empty.write_text("")
    for path in (other, empty):
        with pytest.raises(InvalidInput, match="is there already and was not written by this option; it is kept"):
            require_overwritable(path)
    with pytest.raises(InvalidInput, match="expected the name of a Python file"):
        require_overwritable(tmp_path / "test_new.txt")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(InvalidInput, match="is not a file"):
        require_overwritable(tmp_path / "folder.py")


# --------------------------------------------------------------------------- the runner


@pytest.mark.slow  # examines three measures
def test_a_measure_that_cannot_be_checked_leaves_the_others_alone(file):
    loaded = load_metrics(file)
    told = []
    kept = {name: loaded.metrics[name] for name in ("nowhere", "leaves", "constant")}
    several = MetricFile(**{**vars(loaded), "metrics": kept})
    run = run_checks(several, budget=10.0, report=lambda *news: told.append(news))
    assert list(run.results) == ["constant"]
    assert "it returned nan" in run.unusable["nowhere"]
    assert "it raised SystemExit: 0" in run.unusable["leaves"]
    assert {name for name, *_ in told} == {"constant"}
    assert told[-1] == ("constant", "pure", 21, 21)
    with pytest.raises(InvalidInput, match="nowhere: metric: expected a number on ordinary input"):
        run_checks(load_metrics(file, "nowhere"), budget=1.0)


# --------------------------------------------------------------------------- the command


@pytest.mark.slow  # examines two measures
def test_the_command_prints_a_card_and_writes(file, tmp_path):
    target, test = tmp_path / "deep" / "all.json", tmp_path / "tests" / "test_gap.py"
    result = command(
        "check-metric",
        f"{file}::gap",
        "--budget",
        20,
        "--seed",
        1,
        "--json",
        target,
        "--write-test",
        test,
        cwd=tmp_path,
    )
    assert result.returncode == 1, result.stderr
    assert result.stderr == ""
    assert "noise" not in result.stdout
    for words in ("gap, a distance of embeddings", "planned 21, ran 21: ", "over-claims invariant_to_linear",
                  "under-claims", "report: runs/check-metric/index.html"):  # fmt: skip
        assert words in result.stdout, words
    assert all(re.search(rf"^ {name} ", result.stdout, re.MULTILINE) for name in PROPERTY_NAMES)
    assert re.search(r"invariant_to_linear +fails +over-claim +float64", result.stdout)
    out = tmp_path / "runs" / "check-metric"
    assert target.read_text() == (out / "report.json").read_text()
    assert json.loads(target.read_text())["metric"] == "gap"
    checked((out / "index.html").read_text())
    assert set(pinned(test.read_text())) == {"test_gap"}
    again = command("check-metric", "procrustes", "--write-test", test, "--out", tmp_path / "out", cwd=tmp_path)
    assert again.returncode == 1  # it is not bounded by one, and declares nothing
    assert set(pinned(test.read_text())) == {"test_procrustes"}


ODD_MESSAGES = r"""
import numpy as np
from theory import metric

@metric(on="embeddings", declares=["pure"])
def f(X, Y):
    "caf\udce9"
    if len(X) < 2:
        raise OSError("caf\udce9 \x1b[31m \u202e")
    return float(np.abs(X).sum())
"""


@pytest.mark.slow  # examines a measure, in a process of its own
def test_what_cannot_be_printed_is_escaped(tmp_path):
    path, test = tmp_path / "mine.py", tmp_path / "test_f.py"
    path.write_text(ODD_MESSAGES)
    result = installed("check-metric", path, "--out", tmp_path / "out", "--write-test", test, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    data = json.loads((tmp_path / "out" / "report.json").read_text())
    assert r"OSError: caf\udce9 \x1b[31m \u202e" in data["properties"]["handles_degenerate"]["message"]
    assert r"caf\udce9" in checked((tmp_path / "out" / "index.html").read_text()).text
    assert "\x1b" not in result.stdout + test.read_text()
    assert "handles_degenerate" in pinned(test.read_text())["test_f"]["expected_failures"]


@pytest.mark.slow  # examines a measure
def test_a_measure_that_keeps_what_it_declares_passes(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MEASURES.replace(', "invariant_to_linear"', ""))
    result = command("check-metric", f"{path}::gap", "--out", tmp_path / "out", cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert "over-claims" not in result.stdout


@pytest.mark.slow  # examines three measures
def test_one_measure_of_a_file_needs_no_name_and_several_are_checked_in_turn(tmp_path):
    path = tmp_path / "one.py"
    one = MEASURES.partition("@metric(on")[0] + "@metric(on='models')\ndef none(a, b):\n    return 0.0\n"
    path.write_text(one)
    result = command("check-metric", path, "--out", tmp_path / "out", cwd=tmp_path)
    assert result.returncode == 1, result.stderr  # it does not tell distributions apart
    assert json.loads((tmp_path / "out" / "report.json").read_text())["metric"] == "none"
    path.write_text(one + "@metric(on='models')\ndef bad(a, b):\n    raise OSError('[red]no[/red]')\n")
    result = command("check-metric", path, "--out", tmp_path / "out", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "raised OSError: [red]no[/red]" in result.stderr
    assert "not checked bad" in result.stdout
    data = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [found["metric"] for found in data["metrics"]] == ["none"]
    assert list(data["unusable"]) == ["bad"]


def test_a_budget_that_is_too_small_fails_and_says_what_was_left_out(file, tmp_path):
    result = command("check-metric", f"{file}::constant", "--budget", "1e-9", "--out", tmp_path / "out", cwd=tmp_path)
    assert result.returncode == 1
    assert "planned 21, ran 0" in result.stdout
    assert "no time for nonnegative, zero_on_self" in result.stdout
    data = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (data["planned"], data["ran"]) == (21, 0)
    assert tuple(data["not_run"]) == PROPERTY_NAMES


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere.py",), "nowhere.py: no such file"),
        (("mine.py::nothing",), "no measure is called 'nothing'; there are gap, constant"),
        (("mine.py::np",), "np is no measure"),
        (("mine.py::at_most_two",), "is a claim, not a measure"),
        (("plain.py::f",), "f is a function that is not marked as a measure: from theory import metric"),
        (("plain.py",), "expected functions marked with @metric"),
        (("mine.py::nowhere",), "nowhere: metric: expected a number on ordinary input"),
        (("mean_ca",), "no such file, and no measure of this library; there are mean_cca"),
        (("mine.py::gap", "--budget", "0"), "--budget: expected a positive number, saw 0.0"),
        (("mine.py::gap", "--budget", "nan"), "--budget"),
        (("mine.py::gap", "--budget", "inf"), "--budget"),
        (("mine.py::gap", "--seed", "-1"), "--seed"),
        (("mine.py::gap", "--out", "mine.py"), "not a folder"),
        (("mine.py::gap", "--json", "."), "--json: expected the name of a file"),
        (("mine.py::gap", "--json", "mine.py/x.json"), "not a folder"),
        (("mine.py::gap", "--write-test", "mine.py"), "was not written by this option; it is kept"),
        (("mine.py::gap", "--write-test", "tests"), "expected the name of a Python file"),
        (("mine.py::gap", "--write-test", "mine.py/test_x.py"), "not a folder"),
        (("mine.py::gap", "--write-test", "x.py", "--json", "x.py"), "expected two files"),
        ((), "Missing argument"),
    ],
)
def test_unusable_input_is_one_line_and_status_two(tmp_path, arguments, complaint):
    (tmp_path / "mine.py").write_text(MEASURES)
    (tmp_path / "plain.py").write_text("def f(X, Y):\n    return 0.0\n")
    result = command("check-metric", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("logitbounds: ")
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr
    assert result.stdout == ""
    assert (tmp_path / "mine.py").read_text() == MEASURES
    assert not (tmp_path / "runs" / "check-metric" / "report.json").exists()


@pytest.mark.slow  # waits until the command is at work
def test_control_c_writes_nothing(file, tmp_path):
    process = subprocess.Popen(
        [PROGRAM, "check-metric", f"{file}::slow", "--budget", "60", "--out", tmp_path / "out", "--json",
         tmp_path / "all.json", "--write-test", tmp_path / "test_it.py"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert errors == "logitbounds: interrupted; nothing was written\n"
    assert printed == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
