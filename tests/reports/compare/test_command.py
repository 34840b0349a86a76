"""The command `compare`: what it prints and writes, and with which status it ends."""

import json

import numpy as np
import pytest

from empirics.digits_pairs import digits_pairs
from tests.reports.commands import status
from theory.catalogue import examples

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


def test_compare_prints_and_writes(models, tmp_path, capsys):
    target = tmp_path / "out" / "compare.json"
    assert status("compare", *models, "--json", target) == 0
    printed = capsys.readouterr().out
    assert "logit_distance" in printed
    assert "upper bound" in printed
    data = json.loads(target.read_text())
    assert data["schema"] == "logitbounds/compare/1"
    assert data["measures"]["kl_divergence"] > 0
    assert {"theorem", "statement", "applies", "reason", "bound", "truth", "vacuous"} <= set(data["guarantees"][0])


def saved(folder, pair):
    paths = []
    for name, model in (("a", pair.a), ("b", pair.b)):
        paths.append(folder / f"{name}.npz")
        np.savez(paths[-1], embeddings=model.embeddings, unembeddings=model.unembeddings)
    return paths


def test_what_is_certain_is_printed_first_and_what_is_vacuous_in_one_line(tmp_path, capsys):
    assert status("compare", *saved(tmp_path, examples.pentagon(12.0)), "--json", tmp_path / "found.json") == 0
    printed = " ".join(capsys.readouterr().out.split())
    places = [
        printed.index(words)
        for words in (
            "KL certifies the top label of 100 % of 5 inputs", "nothing certifies this embedding", "Certified by KL",
            "Guarantees that say something", "guarantees are vacuous", "Distances", "logit_distance",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    guarantees = json.loads((tmp_path / "found.json").read_text())["guarantees"]
    (t5,) = [g for g in guarantees if (g["theorem"], g["statement"]) == ("T5", "upper_bound")]
    assert t5["vacuous"]
    assert "T5 upper bound" not in printed.partition("guarantees are vacuous")[0]


def test_a_close_pair_is_certified(models, capsys):
    assert status("compare", *models) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "nothing certifies this embedding" not in printed
    assert "bound it by the logit distance" in printed


@pytest.mark.slow  # trains a teacher and two students, to the end
def test_a_kl_student_is_told_that_nothing_certifies_it_and_an_l2_student_is_not(tmp_path, capsys):
    for student in digits_pairs(losses=("kl", "l2")):
        assert status("compare", *saved(tmp_path, student.pair)) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert ("nothing certifies this embedding" in printed) == (student.name == "kl")
        assert "Certified by KL" in printed


def test_mismatched_models_are_refused_by_name(models, tmp_path, capsys):
    np.savez(tmp_path / "short.npz", embeddings=np.ones((3, 2)), unembeddings=np.eye(5, 2))
    assert status("compare", models[0], tmp_path / "short.npz") == 2
    assert "b.embeddings: expected the 9 rows (inputs) of a" in capsys.readouterr().err


def test_what_does_not_exist_says_why(models, capsys):
    """The distance of log-likelihood variances needs two inputs."""
    one = models[0].with_name("one.npz")
    arrays = np.load(models[0])
    np.savez(one, embeddings=arrays["embeddings"][:1], unembeddings=arrays["unembeddings"])
    assert status("compare", one, one) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(" llv_distance")]
    assert "one input" in line
