"""Figures and tables of docs/kl.md: the formulas against plain loops, and the whole on students of a few epochs."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.kl_figures import (
    School,
    agreement,
    certified,
    cooled,
    disagreement_bound,
    information,
    orders_by_floor,
    orders_by_rank,
    quadratic_forms,
    scheduled,
    study,
    sweep,
    table_of_pairs,
    teacher_variance,
)
from empirics.losses.softmax import heated_kl
from empirics.training import Recipe
from theory import Model, Pair
from theory.measures.distances import pointwise_kl_divergence

RNG = np.random.default_rng(4)


def pairs(count=60, spread=1.0):
    for _ in range(count):
        a = Model(2 * RNG.standard_normal((8, 2)), RNG.standard_normal((5, 2)))
        moved = a.embeddings + spread * RNG.standard_normal((8, 2))
        yield Pair(a, Model(moved, a.unembeddings + 0.3 * spread * RNG.standard_normal((5, 2))))


def test_forms_by_hand():
    """p = (3, 1)/4 and p' = (1, 1)/2: w = (1/2, 1/4), t = (log 2/3, log 2)."""
    pair = Pair(Model([[1.0]], [[math.log(3.0)], [0.0]]), Model([[1.0]], [[0.0], [0.0]]))
    lower, upper = quadratic_forms(pair)
    gap = math.log(3.0)
    assert lower[0] == pytest.approx(0.5 * (0.5 * 0.25 / 0.75) * gap**2)
    assert upper[0] == pytest.approx(0.5 * (0.75 * math.log(1.5) ** 2 + 0.5 * math.log(2.0) ** 2))
    assert teacher_variance(pair)[0] == pytest.approx(0.75 * 0.25 * gap**2)
    assert information(pair.a.centred_unembeddings, pair.a.probabilities)[0, 0, 0] == pytest.approx(3 / 16 * gap**2)


def squeezed(forms):
    return all(np.all(forms(p)[0] <= pointwise_kl_divergence(p)) and
               np.all(pointwise_kl_divergence(p) <= forms(p)[1]) for p in pairs())  # fmt: skip


def test_kl_lies_between_its_forms_and_not_between_wrong_ones():
    assert squeezed(quadratic_forms)

    def with_the_teacher_s_weights(pair):
        return teacher_variance(pair) / 2, quadratic_forms(pair)[1]

    assert not squeezed(with_the_teacher_s_weights)


def test_certified_inputs_agree_and_the_mean_bounds_the_rest():
    seen = set()
    for pair in pairs():
        alike = pair.a.top_label == pair.b.top_label
        assert np.all(alike.all(axis=1)[certified(pair)])
        assert 1 - agreement(pair) <= disagreement_bound(pair)
        seen |= set(certified(pair).tolist())
    assert seen == {True, False}


def test_the_floor_and_the_rank_bound_the_logit_distance_at_every_temperature():
    for pair in pairs(20):
        for temperature in (1.0, 4.0):
            assert np.all(orders_by_floor(pair, temperature) >= 0)
            assert np.all(orders_by_rank(pair, temperature) <= orders_by_floor(pair, temperature))
            assert np.all(orders_by_rank(pair, temperature) >= 0)
    assert np.allclose(cooled(pair, 2.0).a.centred_logits, pair.a.centred_logits / 2)


def test_a_schedule_changes_its_temperature_once():
    teacher, student = torch.tensor([[2.0, 0.0, 1.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    loss = scheduled(4.0, 1.0, 2)
    values = [float(loss(teacher, student)) for _ in range(3)]
    hot, cold = (float(heated_kl(teacher, student, t)) for t in (4.0, 1.0))
    assert values == [hot, hot, cold]
    assert hot != cold


SHORT = Recipe(epochs=1, batch_size=None, peak_rate=1e-2)


@pytest.mark.slow  # a dozen networks of an epoch each, and five figures
def test_the_whole_study_on_students_of_an_epoch(tmp_path):
    tables = study(tmp_path, 1, SHORT, SHORT, epochs=(1, 2))
    assert [table.count("\n") for table in tables] == [4, 6, 8]
    figures = sorted(tmp_path.glob("*.png"))
    assert [path.stem for path in figures] == [
        "kl_certified", "kl_embeddings", "kl_forms", "kl_temperatures", "kl_thresholds",
    ]  # fmt: skip
    for path in figures:
        assert path.stat().st_size < 80_000
        with Image.open(path) as image:
            assert len(image.convert("L").getcolors()) > 10  # something is drawn


@pytest.mark.slow  # as above
def test_students_of_a_sweep_share_the_teacher_and_differ():
    taught = sweep(School.of(1, SHORT, SHORT))
    first, second = taught["1"], taught["16"]
    assert np.array_equal(first.seen[0].a.embeddings, second.seen[0].a.embeddings)
    assert not np.array_equal(first.unseen[0].b.embeddings, second.unseen[0].b.embeddings)
    assert "nan" not in table_of_pairs({"a": first.unseen[0]})
