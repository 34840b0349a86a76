"""The command `certify`, end to end on saved models: what it prints and writes, and what it refuses."""

import json

import numpy as np
import pytest

from tests.reports.commands import command


@pytest.fixture
def saved(tmp_path):
    rng = np.random.default_rng(0)
    f, g = rng.standard_normal((120, 2)), 2 * rng.standard_normal((5, 2))
    np.savez(tmp_path / "a.npz", embeddings=f, unembeddings=g)
    np.savez(tmp_path / "b.npz", embeddings=f + 0.03 * rng.standard_normal(f.shape), unembeddings=g)
    np.savez(tmp_path / "probes.npz", weights=rng.standard_normal((2, 2)), bias=np.zeros(2))
    (tmp_path / "groups.txt").write_text("\n".join(str(i // 4) for i in range(120)))
    return tmp_path


LEVELS = ("--alpha", "0.1", "--delta", "0.05")


def test_everything_in_one_call(saved):
    done = command(
        "certify", "a.npz", "b.npz", *LEVELS, "--groups", "groups.txt", "--probes", "probes.npz",
        "--json", "found/certify.json", "--out", "page", cwd=saved,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "With probability at least 90 %, KL(A || B) of every input of a new group is at most" in done.stdout
    assert "With confidence 95 %, between" in done.stdout
    assert "What is assumed" in done.stdout
    text = (saved / "found" / "certify.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    data = json.loads(text)
    assert data["schema"] == "logitbounds/certify/1"
    assert (data["alpha"], data["delta"], data["inputs"], data["groups"]) == (0.1, 0.05, 120, 30)
    assert {"kl_divergence", "logit_distance", "alignment_error"} <= set(data["scores"])
    assert all(set(levels) == {"marginal", "conditional"} for levels in data["scores"].values())
    assert all(0 <= low <= high <= 1 for low, high in data["shares"].values())
    assert [probe["name"] for probe in data["probes"]] == ["probe 0", "probe 1", "largest"]
    assert all(p["interval"][0] <= p["certified"] <= p["interval"][1] for p in data["probes"])
    assert all(line in done.stdout for line in data["statements"] + data["assumed"])
    assert json.loads((saved / "page" / "report.json").read_text()) == data
    page = (saved / "page" / "index.html").read_text()
    assert "<script" not in page
    assert "30 groups" in page
    assert "certified embeddings" in page


def test_inputs_by_themselves_and_drawn_ones(saved):
    done = command("certify", "a.npz", "b.npz", *LEVELS, "--json", "alone.json", cwd=saved)
    assert done.returncode == 0
    alone = json.loads((saved / "alone.json").read_text())
    assert (alone["groups"], alone["of_group"], alone["probes"]) == (None, None, [])
    for seed in (1, 1, 2):
        done = command(
            "certify", "a.npz", "b.npz", *LEVELS, "--groups", "groups.txt", "--of-group", "drawn",
            "--seed", seed, "--json", f"{seed}.json", cwd=saved,
        )  # fmt: skip
        assert done.returncode == 0
    one, two = (json.loads((saved / f"{seed}.json").read_text()) for seed in (1, 2))
    assert one["of_group"] == "drawn"
    assert one["scores"] != two["scores"]


def test_a_bound_that_does_not_exist_is_null_with_a_reason(saved):
    levels = ("--alpha", "0.001", "--delta", "0.05")
    assert command("certify", "a.npz", "b.npz", *levels, "--json", "x.json", cwd=saved).returncode == 0
    data = json.loads((saved / "x.json").read_text())
    assert data["scores"]["kl_divergence"] == {"marginal": None, "conditional": None}
    assert data["undefined"]["kl_divergence.marginal"] == "that needs 999 inputs, and there are 120"


def _probes(path, **arrays):
    np.savez(path / "bad.npz", **arrays)
    return ("--probes", "bad.npz")


def _groups(path, text):
    (path / "bad.txt").write_text(text)
    return ("--groups", "bad.txt")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (lambda path: ("--alpha", "1.5"), "--alpha: expected a number strictly between 0 and 1, saw 1.5"),
        (lambda path: ("--delta", "nan"), "--delta: expected"),
        (lambda path: ("--delta", "much"), "--delta"),
        (lambda path: ("--seed", "-1"), "--seed"),
        (lambda path: ("--of-group", "drawn"), "--of-group: expected --groups with it"),
        (lambda path: ("--of-group", "best"), "best"),
        (lambda path: ("--groups", "nowhere.txt"), "nowhere.txt: no such file"),
        (lambda path: _groups(path, "a\nb\n"), "expected the group of each of 120 inputs, saw 2"),
        (lambda path: ("--probes", "nowhere.npz"), "nowhere.npz: no such file"),
        (lambda path: ("--probes", "groups.txt"), "not a readable .npz"),
        (lambda path: _probes(path, weights=np.ones((2, 2))), "expected arrays 'weights' (c, m) and 'bias' (c,)"),
        (lambda path: _probes(path, weights=np.ones((2, 3)), bias=np.ones(2)), "weights: expected shape (c, 2)"),
        (lambda path: _probes(path, weights=np.ones(2), bias=np.ones(2)), "weights: expected finite numbers"),
        (lambda path: _probes(path, weights=np.full((1, 2), np.nan), bias=np.ones(1)), "weights: expected finite"),
        (
            lambda path: _probes(path, weights=np.ones((2, 2)), bias=np.ones(3)),
            "for each of 2 probes, saw 3",
        ),
        (lambda path: _probes(path, weights=np.ones((0, 2)), bias=np.ones(0)), "weights: expected shape (c, 2)"),
        (lambda path: ("--json", "."), "--json: expected the name of a file"),
        (lambda path: ("--out", "groups.txt"), "not a folder"),
    ],
)
def test_unusable_input_is_one_line_and_status_two(saved, options, complaint):
    done = command("certify", "a.npz", "b.npz", *LEVELS, *options(saved), cwd=saved)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("a.npz", "nowhere.npz", *LEVELS), "nowhere.npz: no such file"),
        (("a.npz", "short.npz", *LEVELS), "b.embeddings: expected the 120 rows"),
        (("a.npz", "b.npz", "--alpha", "0.1"), "--delta"),
        (("a.npz", *LEVELS), "Missing argument 'B'"),
    ],
)
def test_unusable_models_are_named(saved, arguments, complaint):
    np.savez(saved / "short.npz", embeddings=np.ones((3, 2)), unembeddings=np.eye(5, 2))
    done = command("certify", *arguments, cwd=saved)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
