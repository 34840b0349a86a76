"""The command: exit statuses, one clear line for unusable input, and files that are there when it says so."""

import json

import numpy as np
import pytest

from tests.reports.commands import command, installed
from theory.catalogue import theorems

RNG = np.random.default_rng(0)


@pytest.fixture
def models(tmp_path):
    paths = []
    for i, noise in enumerate((0.0, 0.1)):
        path = tmp_path / f"{i}.npz"
        rng = np.random.default_rng(1)
        f, g = rng.standard_normal((9, 2)), rng.standard_normal((5, 2))
        np.savez(path, embeddings=f + noise * RNG.standard_normal(f.shape), unembeddings=g)
        paths.append(path)
    return paths


def test_compare_prints_and_writes(models, tmp_path):
    target = tmp_path / "out" / "compare.json"
    result = installed("compare", *models, "--json", target)
    assert result.returncode == 0, result.stderr
    assert "logit_distance" in result.stdout
    assert "upper bound" in result.stdout
    data = json.loads(target.read_text())
    assert data["measures"]["kl_divergence"] > 0
    assert {"theorem", "statement", "applies", "reason", "bound", "truth", "vacuous"} <= set(data["guarantees"][0])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("compare", "nowhere.npz", "nowhere.npz"), "nowhere.npz: no such file"),
        (("compare", "only-one.npz"), "Missing argument 'B'"),
        (("verify", "--profile", "heroic"), "heroic"),
        (("verify", "--seed", "-1"), "--seed"),
        (("verify", "--seed", "many"), "--seed"),
        (("prove-everything",), "No such command"),
        (("list", "planets"), "planets"),
    ],
)
def test_unusable_input_is_one_line_and_status_two(arguments, complaint, tmp_path):
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("logitbounds: ")
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_mismatched_models_are_refused_by_name(models, tmp_path):
    np.savez(tmp_path / "short.npz", embeddings=np.ones((3, 2)), unembeddings=np.eye(5, 2))
    result = command("compare", models[0], tmp_path / "short.npz")
    assert result.returncode == 2
    assert "b.embeddings: expected the 9 rows (inputs) of a" in result.stderr


def test_a_folder_that_is_a_file_is_refused_before_any_work(tmp_path):
    (tmp_path / "taken").write_text("")
    result = command("verify", "--out", tmp_path / "taken")
    assert result.returncode == 2
    assert "not a folder" in result.stderr


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("claims", next(reversed(theorems()))),
        ("metrics", "kl_divergence"),
        ("losses", "centred_l2"),
        ("datasets", "digits"),
    ],
)
def test_lists(what, expected):
    result = command("list", what)
    assert result.returncode == 0
    assert expected in result.stdout


def test_help_names_every_command():
    result = installed("--help")
    assert result.returncode == 0
    assert all(name in result.stdout for name in ("verify", "falsify", "compare", "list"))
