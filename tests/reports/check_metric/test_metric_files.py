"""Files of measures: loaded like those of claims, every unusable one told in a line, and our own measures by name."""

import sys
from pathlib import Path

import numpy as np
import pytest

from reports.check_metric.metric_files import load_metrics, load_target
from reports.falsify.claim_files import load_claims
from theory import InvalidInput, Model
from theory.measures import registry
from theory.measures.registry import METRICS

MEASURES = """
import numpy as np
from theory import claim, metric

@metric(on="embeddings", declares=["symmetric"])
def gap(X, Y):
    return float(np.linalg.norm(X @ X.T - Y @ Y.T))

@metric(on="models", similarity=True)
def alike(a, b):
    return 1.0

@claim
def at_most_two(pair):
    return 1.0, 2.0

def plain(X, Y):
    return 0.0

number = 3
again = gap
"""


def write(folder, name="mine.py", text=MEASURES):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_measures_and_claims_of_one_file_are_told_apart(tmp_path):
    path = write(tmp_path)
    file = load_metrics(path)
    assert list(file.metrics) == ["gap", "alike"]
    assert file.attributes == {"gap": "gap", "alike": "alike"}
    assert (file.metrics["gap"].on, file.metrics["gap"].declares) == ("embeddings", frozenset({"symmetric"}))
    assert (file.metrics["alike"].on, file.metrics["alike"].similarity) == ("models", True)
    assert file.metrics["gap"](np.eye(2), np.zeros((2, 1))) == pytest.approx(2**0.5)
    assert list(load_claims(path).claims) == ["at_most_two"]
    assert load_claims(path).digest == file.digest


def test_a_measure_is_called_by_its_name_or_by_its_attribute(tmp_path):
    text = "from theory import metric\nf = metric(on='models')(lambda a, b: 1)\n" \
           "def make():\n    @metric(on='models')\n    def same(a, b): return 2\n    return same\n" \
           "x, y = make(), make()\n"  # fmt: skip
    path = write(tmp_path, text=text)
    assert list(load_metrics(path).metrics) == ["f", "x", "y"]
    assert load_metrics(path, "x").metrics["x"].name == "x"
    assert list(load_metrics(write(tmp_path), "gap").metrics) == ["gap"]
    assert list(load_metrics(write(tmp_path), "alike").metrics) == ["alike"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nothing", "no measure is called 'nothing'; there are gap, alike"),
        ("plain", 'not marked as a measure: from theory import metric, and write @metric(on="embeddings")'),
        ("at_most_two", "is a claim, not a measure: `logitbounds falsify` attacks it"),
        ("number", "number is no measure, but of type int"),
        ("np", "np is no measure, but of type module"),
    ],
)
def test_what_is_no_measure_is_told_why(tmp_path, name, complaint):
    with pytest.raises(InvalidInput) as caught:
        load_metrics(write(tmp_path), name)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "mine.py"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "complaint"),
    [
        ("x = 1", None, "expected functions marked with @metric, saw none: from theory import metric"),
        ("x = 1", "f", "nothing is called 'f'"),
        ("def f(X, Y): return 1", "f", "f is a function that is not marked"),
        ("def f(:", None, "not valid Python (line 1:"),
        ("1 / 0", None, "raised ZeroDivisionError on line 1"),
        ("raise SystemExit(4)", None, "asked to exit (status 4)"),
        ("from theory import metric\n@metric(on='words')\ndef f(X, Y): pass", None, "raised InvalidInput on line 2"),
        ("from theory import metric\n@metric\ndef f(X, Y): pass", None, "raised TypeError on line 2"),
        ("from theory import metric\n@metric(on='models', declares=['magic'])\ndef f(a, b): pass", None, "'magic'"),
    ],
)
def test_an_unusable_file_is_told_in_one_line(tmp_path, text, name, complaint):
    path, before = write(tmp_path, text=text), list(sys.path)
    with pytest.raises(InvalidInput) as caught:
        load_metrics(path, name)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sys.path == before


def test_measures_import_modules_of_their_own_while_they_run(tmp_path):
    write(tmp_path, "late_helper.py", "VALUE = 7.0\n")
    text = "from theory import metric\n@metric(on='models')\ndef f(a, b):\n    import late_helper\n" \
           "    return late_helper.VALUE\n"  # fmt: skip
    file = load_metrics(write(tmp_path, text=text))
    assert list(file.sources) == ["mine", "late_helper"]
    with file.importable():
        assert file.metrics["f"](None, None) == 7.0


@pytest.mark.parametrize("name", METRICS)
def test_our_own_measures_are_had_by_name_and_asked_for_everything(name):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((9, 2)), rng.standard_normal((9, 2))
    a, b = Model(X, rng.standard_normal((5, 2))), Model(Y, rng.standard_normal((5, 2)))
    file = load_target(name)
    (metric,) = file.metrics.values()
    assert file.built_in
    assert (metric.name, metric.function, metric.declares) == (name, METRICS[name].function, None)
    arguments, selves = ((X, Y), (X, X)) if metric.on == "embeddings" else ((a, b), (a, a))
    assert np.isfinite(float(metric(*arguments)))
    if "zero_on_self" in registry.MEASURES[name].properties:
        assert float(metric(*selves)) == pytest.approx(float(metric.similarity), abs=1e-6)


def test_a_file_wins_over_a_measure_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mean_cca").write_text("")
    with pytest.raises(InvalidInput, match="mean_cca: expected a Python file"):
        load_target("mean_cca")
    assert load_target("hellinger").heading == "hellinger of logitbounds"
    assert load_target(str(write(tmp_path, "hellinger.py"))).heading == "Measures of hellinger.py"


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("mean_ca", "no such file, and no measure of this library; there are mean_cca"),
        ("zzz", f"no such file, and no measure of this library; there are {', '.join(METRICS)}$"),
        ("renyi", "renyi: its parameters are bound in the measures of this library; there are renyi_2"),
        ("diversity", "diversity: a measure of one model, expected one that compares two"),
        ("mean_cca::x", "mean_cca is one measure"),
        ("mean_cca.py", "mean_cca.py: no such file"),
        ("nowhere/mean_cca", "expected a Python file"),
        ("mine.py::", "expected the name of a measure after '::', saw none"),
        ("", "expected a Python file"),
    ],
)
def test_a_target_that_is_neither_is_refused(tmp_path, monkeypatch, target, complaint):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=complaint):
        load_target(target)
