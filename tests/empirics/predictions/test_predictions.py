import hashlib
import math
from dataclasses import FrozenInstanceError
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empirics.predictions import (
    Ruling,
    grid_of,
    judge,
    load_registration,
    registered_experiments,
    summary,
)
from empirics.statistics import interval, paired_difference
from theory import InvalidInput

EXPERIMENTS = ("cifar100", "digits", "rendered", "spirals")
LOSSES = {"kl", "l1", "l2", "centred_l2", "guaranteed_cca", "standardised"}
MEASURES = {
    "accuracy", "agreement", "kl", "logit_distance", "mean_cca", "log_min_probability", "concept_accuracy",
    "direction_r2", "negative_log_likelihood",
}  # fmt: skip
WORDS = 'id = "it"\nstatement = "It holds."\nwhy = "A guess."\nmeasure = "score"\n'
SPREAD = np.array([[-1.0, 0.0, 1.0], [0.5, -0.5, 0.0], [0.0, 0.5, -0.5]]) / 100  # mean 0, interval about -+ .005


def loaded(tmp_path, *tables):
    path = tmp_path / "own.toml"
    path.write_text("\n".join(f"[[prediction]]\n{table}" for table in tables))
    return load_registration(path).predictions


def one(tmp_path, form):
    return loaded(tmp_path, WORDS + form)[0]


def rows_of(grids, split="test", measure="score", **columns):
    return [
        {"teacher_seed": t, "student_seed": 10 + s, "loss": loss, "split": split, measure: value}
        | {name: values[t, s] for name, values in columns.items()}
        for loss, grid in grids.items()
        for (t, s), value in np.ndenumerate(np.asarray(grid))
    ]


def judged(prediction, grids, **columns):
    rows = rows_of(grids, **columns)
    return judge(prediction, lambda loss, measure, split: grid_of(rows, loss, measure, split))


# --------------------------------------------------------------------------- what is registered


def test_every_experiment_is_registered():
    assert registered_experiments() == EXPERIMENTS


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_registered_predictions_are_about_what_is_measured(experiment):
    registration = load_registration(experiment)
    file = resources.files("empirics.predictions") / f"{experiment}.toml"
    content = file.read_bytes()
    assert registration.experiment == experiment
    assert registration.sha256 == hashlib.sha256(content).hexdigest()
    with resources.as_file(file) as path:
        assert load_registration(path) == registration
    assert 6 <= len(registration.predictions) <= 13
    for prediction in registration.predictions:
        assert prediction.measure in MEASURES
        assert prediction.split in ("train", "test")
        assert set(prediction.losses) | set(prediction.references) <= LOSSES | {"teacher"}
        if "teacher" in prediction.losses + prediction.references:
            assert prediction.measure in ("accuracy", "concept_accuracy")  # the measures recorded of teachers


def test_the_registered_files_are_not_changed():
    # The proof that predictions came first is the history of these files: a change would undo it.
    digests = {experiment: load_registration(experiment).sha256[:8] for experiment in EXPERIMENTS}
    assert digests == {"cifar100": "233f9652", "digits": "fcb76e5b", "rendered": "65791443", "spirals": "38e164ad"}


def test_frozen():
    with pytest.raises(FrozenInstanceError):
        load_registration("digits").predictions[0].margin = 0.0


# --------------------------------------------------------------------------- verdicts

FORMS = {
    'loss = "a"\nbelow = 0.5': {"confirmed": 0.45, "refuted": 0.55, "undecided": 0.5},
    'loss = "a"\nabove = 0.5': {"confirmed": 0.55, "refuted": 0.45, "undecided": 0.5},
    'loss = "a"\nabove = 0.5\nscale = "log"': {"confirmed": 0.55, "refuted": 0.45, "undecided": 0.5},
    'larger = "a"\nsmaller = "b"\nby = 0.1': {"confirmed": 0.45, "refuted": 0.35, "undecided": 0.4},
    'larger = "a"\nsmaller = "b"\nby = -0.1': {"confirmed": 0.25, "refuted": 0.15, "undecided": 0.2},
    'larger = "a"\nsmaller = "b"\nfactor = 2.0': {"confirmed": 0.7, "refuted": 0.5, "undecided": 0.6},
    'loss = "a"\nof = "b"\nwithin = 0.1': {"confirmed": 0.25, "refuted": 0.45, "undecided": 0.4},
    'loss = "a"\nwithin = 0.1\nof = "teacher"': {"confirmed": 0.42, "refuted": 0.05, "undecided": 0.3},
    'larger = "teacher"\nsmaller = "a"\nby = 0.1': {"confirmed": 0.25, "refuted": 0.35, "undecided": 0.3},
}


@pytest.mark.parametrize(("form", "verdict"), [(form, verdict) for form in FORMS for verdict in FORMS[form]])
def test_verdicts_of_every_form(tmp_path, form, verdict):
    # Loss a has the mean given and the teacher .4, loss b .3; the intervals reach about half a point each way.
    prediction = one(tmp_path, form)
    grids = {"a": FORMS[form][verdict] + SPREAD, "b": np.full((3, 3), 0.3)}
    found = judged(prediction, grids, teacher_score=np.full((3, 3), 0.4))
    assert found.verdict == verdict
    assert found.interval is not None
    assert found.interval.ends is not None
    assert found.evidence.endswith(f"predicted {prediction.in_words}")


def test_judged_by_the_interval_of_the_mean(tmp_path):
    prediction = one(tmp_path, 'loss = "a"\nbelow = 0.5')
    found = judged(prediction, {"a": 0.3 + SPREAD})
    assert found.interval == interval(0.3 + SPREAD)
    assert found.evidence.startswith("a: 0.3 [0.29")
    ratio = judged(one(tmp_path, 'larger = "a"\nsmaller = "b"\nfactor = 2'), {"a": 0.3 + SPREAD, "b": 0.1 + SPREAD.T})
    assert ratio.interval == paired_difference(0.3 + SPREAD, 0.1 + SPREAD.T, "log")
    assert ratio.evidence.startswith("a / b: 3.")


def test_a_mean_on_the_right_side_is_not_enough(tmp_path):
    values = 0.4 + np.array([[-0.3], [0.0], [0.3]]) + SPREAD
    found = judged(one(tmp_path, 'loss = "a"\nbelow = 0.5'), {"a": values})
    assert values.mean() < 0.5
    assert found.verdict is Ruling.UNDECIDED


def test_pairs_count_not_the_spread_between_teachers(tmp_path):
    teachers = np.array([[0.1], [0.5], [0.9]])
    found = judged(
        one(tmp_path, 'larger = "a"\nsmaller = "b"\nby = 0.05'),
        {"a": teachers + 0.1 + SPREAD, "b": np.broadcast_to(teachers, (3, 3))},
    )
    assert found.verdict is Ruling.CONFIRMED


@pytest.mark.parametrize(("value", "below", "within"), [(0.5, "refuted", "confirmed"), (0.25, "confirmed", "refuted")])
def test_intervals_of_one_point_are_decided_at_the_margin(tmp_path, value, below, within):
    grids = {"a": np.full((2, 2), value), "b": np.full((2, 2), 0.75)}
    assert judged(one(tmp_path, 'loss = "a"\nbelow = 0.5'), grids).verdict == below
    assert judged(one(tmp_path, 'loss = "a"\nwithin = 0.25\nof = "b"'), grids).verdict == within


def test_a_list_is_a_conjunction(tmp_path):
    prediction = one(tmp_path, 'loss = ["a", "b"]\nabove = 0.5')
    assert prediction.comparisons == (("a", None), ("b", None))
    high, low, near = 0.6 + SPREAD, 0.4 + SPREAD, 0.5 + SPREAD
    cases = {"confirmed": (high, high), "refuted": (near, low), "undecided": (high, near)}
    for verdict, (a, b) in cases.items():
        found = judged(prediction, {"a": a, "b": b})
        assert found.verdict == verdict
        assert len(found.parts) == 2
    assert judged(prediction, {"a": high}).verdict is Ruling.UNDECIDED
    assert judged(prediction, {"a": low}).verdict is Ruling.REFUTED
    pairs = one(tmp_path, 'larger = ["a", "b"]\nsmaller = ["c", "d"]\nby = 0')
    assert pairs.comparisons == (("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"))


@pytest.mark.parametrize("form", FORMS)
def test_not_run_is_undecided(tmp_path, form):
    found = judged(one(tmp_path, form), {"c": SPREAD})
    assert found.verdict is Ruling.UNDECIDED
    assert "not run" in found.evidence
    assert found.interval is None


def test_one_teacher_decides_nothing(tmp_path):
    found = judged(one(tmp_path, 'loss = "a"\nbelow = 0.5'), {"a": np.full((1, 3), 0.1)})
    assert found.verdict is Ruling.UNDECIDED
    assert "one teacher" in found.evidence


def test_no_ratio_of_zeros(tmp_path):
    found = judged(
        one(tmp_path, 'larger = "a"\nsmaller = "b"\nfactor = 2'), {"a": np.ones((2, 2)), "b": np.zeros((2, 2))}
    )
    assert found.verdict is Ruling.UNDECIDED
    assert "not positive" in found.evidence


@given(mean=st.floats(-1, 1), margin=st.floats(-1, 1))
@settings(max_examples=50, deadline=None)
def test_below_and_above_never_agree(tmp_path_factory, mean, margin):
    folder = tmp_path_factory.mktemp("own")
    found = [judged(one(folder, f'loss = "a"\n{kind} = {margin}'), {"a": mean + SPREAD}) for kind in ("below", "above")]
    below, above = (each.verdict for each in found)
    opposite = {
        Ruling.CONFIRMED: Ruling.REFUTED,
        Ruling.REFUTED: Ruling.CONFIRMED,
    }
    assert above == opposite.get(below, Ruling.UNDECIDED)


# --------------------------------------------------------------------------- files that are refused

GOOD = WORDS + 'loss = "a"\nbelow = 0.5\n'


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (GOOD + "belo = 1", r"own.toml, prediction 1 \(it\): belo: unknown key"),
        (WORDS + 'loss = "a"', r"prediction 1 \(it\): expected one of below, above, by, factor, within, saw none"),
        (GOOD + "above = 0.1", "expected one of below.*saw below and above"),
        (GOOD.replace('why = "A guess."\n', ""), "why: expected with 'below', saw none"),
        (GOOD.replace('id = "it"\n', ""), "own.toml, prediction 1: id: expected with 'below'"),
        (WORDS + "below = 0.5", "loss: expected with 'below', saw none"),
        (GOOD + 'of = "b"', "of: not expected with 'below'"),
        (WORDS + 'larger = "a"\nby = 1', "smaller: expected with 'by'"),
        (WORDS + 'larger = "a"\nsmaller = "a"\nby = 1', "smaller: expected another loss than 'a'"),
        (WORDS + 'loss = "teacher"\nbelow = 1', "loss: expected the name of a loss, saw 'teacher'"),
        (WORDS + "loss = []\nbelow = 1", r"loss: expected one loss or several different ones, saw \[\]"),
        (WORDS + 'loss = ["a", "a"]\nbelow = 1', "loss: expected one loss or several"),
        (WORDS + "loss = 3\nbelow = 1", "loss: expected words, saw 3"),
        (GOOD.replace("0.5", '"0.5"'), "below: expected a finite number, saw '0.5'"),
        (GOOD.replace("0.5", "nan"), "below: expected a finite number, saw nan"),
        (GOOD.replace("0.5", "true"), "below: expected a finite number, saw True"),
        (WORDS + 'larger = "a"\nsmaller = "b"\nfactor = 0', "factor: expected a positive number"),
        (WORDS + 'loss = "a"\nof = "b"\nwithin = -0.1', "within: expected a positive number"),
        (WORDS + 'larger = "a"\nsmaller = "b"\nby = 1\nscale = "log"', "scale: expected 'linear' with 'by'"),
        (GOOD + 'scale = "cubic"', "scale: expected 'linear' with 'below', saw 'cubic'"),
        (GOOD.replace('"It holds."', '" "'), "statement: expected words"),
        (GOOD + 'split = ""', "split: expected words"),
    ],
)
def test_what_a_prediction_may_not_say(tmp_path, table, message):
    with pytest.raises(InvalidInput, match=message):
        loaded(tmp_path, table)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[[prediction", "own.toml: expected TOML"),
        ("title = 'x'\n[[prediction]]\n" + GOOD, r"own.toml: expected nothing but \[\[prediction\]\], saw 'title'"),
        ("", "own.toml: expected one"),
        ("prediction = 3", "own.toml: expected one"),
        (2 * ("[[prediction]]\n" + GOOD), "own.toml: id: expected each once, saw it again"),
    ],
)
def test_what_a_file_may_not_say(tmp_path, content, message):
    path = tmp_path / "own.toml"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=message):
        load_registration(path)


def test_there_must_be_a_file(tmp_path):
    with pytest.raises(InvalidInput, match=r"experiment: expected one of cifar100, digits.*saw 'imagenet'"):
        load_registration("imagenet")
    with pytest.raises(InvalidInput, match="experiment: expected a file"):
        load_registration(tmp_path / "none.toml")


# --------------------------------------------------------------------------- rows


def test_grids_are_sorted_by_seed():
    grid = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(grid_of(rows_of({"a": grid})[::-1], "a", "score", "test"), grid)
    assert grid_of(rows_of({"a": grid}), "a", "score", "train") is None
    assert grid_of(rows_of({"a": grid}), "b", "score", "test") is None
    assert grid_of(rows_of({"a": grid}), "a", "other", "test") is None
    assert grid_of([], "a", "score", "test") is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "high"])
def test_incomplete_grids_are_none(value):
    rows = rows_of({"a": np.ones((2, 2)), "b": np.ones((2, 2))})
    rows[1]["score"] = value
    assert grid_of(rows, "a", "score", "test") is None
    assert grid_of(rows, "b", "score", "test") is not None
    assert grid_of(rows[:1] + rows[2:], "a", "score", "test") is None


def test_grids_of_other_seeds_are_not_paired():
    # Both losses have two teachers, but not the same two: entry by entry they would be compared wrongly.
    rows = rows_of({"a": np.ones((2, 2)), "b": np.ones((2, 2))})
    for row in rows[4:]:
        row["teacher_seed"] += 1
    assert grid_of(rows, "a", "score", "test") is None
    assert grid_of(rows, "b", "score", "test") is None


def test_rows_that_are_refused():
    rows = rows_of({"a": np.ones((2, 2))})
    with pytest.raises(InvalidInput, match=r"rows: expected one of loss a on test for seeds \(0, 10\), saw two"):
        grid_of([*rows, rows[0]], "a", "score", "test")
    with pytest.raises(InvalidInput, match="rows: expected split in every row"):
        grid_of([{key: value for key, value in rows[0].items() if key != "split"}], "a", "score", "test")


def test_summary():
    accuracy = np.array([[0.99, 1.0, 1.0], [0.97, 1.0, 0.99], [1.0, 1.0, 1.0]])
    kl = np.exp(SPREAD * 100)
    rows = rows_of({"b": accuracy, "a": accuracy}, measure="accuracy", kl=kl, logit_distance=kl - kl)
    entries = summary(rows, ["accuracy", "kl", "logit_distance", "absent"])
    assert [(entry["loss"], entry["measure"]) for entry in entries] == [
        (loss, measure) for loss in "ba" for measure in ("accuracy", "kl", "logit_distance")
    ]
    first, second, third = entries[:3]
    expected = interval(kl, "log")
    assert second == {
        "loss": "b", "split": "test", "measure": "kl",
        "mean": expected.mean, "low": expected.low, "high": expected.high, "scale": "log",
    }  # fmt: skip
    assert first["high"] == 1.0  # no accuracy beyond 1
    assert first["low"] == interval(accuracy).low
    assert (third["mean"], third["low"], third["scale"]) == (0.0, 0.0, "linear")  # zeros have no logarithm


def test_summary_of_values_rounded_beyond_their_bounds():
    entries = summary(rows_of({"a": [[1 + 2e-16, 1.0], [1.0, 1.0]]}, measure="mean_cca"), ["mean_cca"])
    assert entries[0]["high"] <= 1 + 3e-16


def test_summary_of_one_teacher_has_no_ends():
    entries = summary(rows_of({"a": [[0.5, 0.6]]}), ["score"])
    assert entries == [
        {"loss": "a", "split": "test", "measure": "score", "mean": 0.55, "low": None, "high": None, "scale": "linear"}
    ]
