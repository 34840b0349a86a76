"""What measures are tried on: sizes, ranks, maps and their inverses, and the families along which models meet."""

import numpy as np
import pytest

from theory import kl_divergence, logit_distance
from theory.conformance import inputs as made
from theory.conformance.control_families import belongs, families, in_class
from theory.conformance.inputs import MAPS, embedding_pairs, generator, model_pairs

FAMILIES = families(0)


def test_ordinary_embeddings_are_of_full_rank_and_grow():
    drawn = list(embedding_pairs(0, 60))
    assert len(drawn[0][0]) == min(len(X) for X, _ in drawn)
    assert max(len(X) for X, _ in drawn) > 50
    assert {X.shape[1] == Y.shape[1] for X, Y in drawn} == {True, False}
    for X, Y in drawn:
        assert X.dtype == Y.dtype == np.float64
        assert len(X) == len(Y) > max(X.shape[1], Y.shape[1])
        assert np.linalg.matrix_rank(X - X.mean(axis=0)) == X.shape[1]
    assert all(X.shape == Y.shape for X, Y in embedding_pairs(0, 30, equal=True))


def test_the_same_seed_draws_the_same():
    for drawn, others in (
        (embedding_pairs(1, 5), embedding_pairs(1, 5)),
        (embedding_pairs(1, 5), embedding_pairs(1, 9)),
    ):
        for (X, Y), (X2, Y2) in zip(drawn, others, strict=False):
            assert np.array_equal(X, X2)
            assert np.array_equal(Y, Y2)
    a, b = next(iter(model_pairs(1, 1)))
    c, d = next(iter(model_pairs(1, 1)))
    assert np.array_equal(a.embeddings, c.embeddings)
    assert np.array_equal(b.unembeddings, d.unembeddings)


def test_models_come_from_many_regimes():
    drawn = list(model_pairs(0, 40))
    assert {a.m == b.m for a, b in drawn} == {True, False}
    assert max(a.k for a, _ in drawn) > 2 * (2 + 1)  # subsets without one label are in the majority
    assert all(a.m == b.m for a, b in model_pairs(0, 20, equal=True))


@pytest.mark.parametrize("index", range(24))
@pytest.mark.parametrize("p", [1, 2, 4])
def test_maps_are_in_their_groups(p, index):
    rng = generator(0, index)
    permutation, orthogonal, scaling, linear = (MAPS[name](rng, p, index) for name in MAPS)
    assert np.array_equal(np.sort(permutation, axis=0)[-1], np.ones(p))
    assert p == 1 or not np.array_equal(permutation, np.eye(p))
    assert np.allclose(orthogonal @ orthogonal.T, np.eye(p), atol=1e-14)
    assert np.array_equal(scaling, np.eye(p) * scaling[0, 0])
    assert scaling[0, 0] > 0
    assert np.linalg.svd(linear, compute_uv=False)[-1] > 0
    matrix, inverse = made.gauge(rng, p, index)
    assert np.array_equal(matrix @ inverse, np.eye(p))  # to the last bit


def test_reflections_in_general_directions_are_among_the_maps():
    signs = {round(float(np.linalg.det(made.orthogonal(generator(0, i), 3, i)))) for i in range(2, 40, 4)}
    assert signs | {round(float(np.linalg.det(made.orthogonal(generator(0, i), 3, i)))) for i in range(3, 40, 4)} == {
        -1,
        1,
    }


def test_shifts_reach_a_million_spreads():
    X = np.arange(6.0).reshape(3, 2)
    sizes = [np.abs(made.shift(generator(0, i), X, i)).max() / np.std(X) for i in range(4)]
    assert 0.1 < min(sizes) < 10
    assert max(sizes) > 1e5


def test_transformations_by_hand():
    (a, _), *_ = model_pairs(2, 1)
    order = np.arange(a.n)[::-1]
    assert np.array_equal(made.rows_reordered(a, order).embeddings, a.embeddings[::-1])
    assert np.array_equal(made.shifted(a, np.ones(a.m)).embeddings, a.embeddings + 1)
    assert np.array_equal(made.mapped(a, 2 * np.eye(a.m)).embeddings, 2 * a.embeddings)
    assert np.array_equal(made.mapped(a, 2 * np.eye(a.m)).unembeddings, a.unembeddings)
    assert np.array_equal(made.relabelled(a, np.arange(a.k)[::-1]).unembeddings, a.unembeddings[::-1])
    matrix, inverse = made.gauge(generator(3), a.m, 1)
    assert logit_distance(made.gauged(a, matrix, inverse, np.ones(a.m)), a) < 1e-12


@pytest.mark.parametrize("key", FAMILIES)
def test_teachers_belong_to_the_class_and_models_meet(key):
    distance = kl_divergence if key == "kl" else logit_distance
    for family in FAMILIES[key]:
        seen = []
        for level in family.levels:
            teacher, student = family.at(level)
            if belongs(teacher):  # the first levels of some are outside
                assert teacher.m == student.m
                seen.append(distance(teacher, student))
        assert len(seen) >= 10, family.name
        assert min(seen) < 1e-6, family.name
        assert seen[-1] == min(seen), family.name


def test_a_teacher_is_scaled_up_into_the_class_and_not_down():
    small = in_class(np.array([[0.1], [-0.1]]), np.array([[0.1], [-0.1]]))
    assert belongs(small)
    assert np.var(small.embeddings) == pytest.approx(1, rel=1e-5)
    large = in_class(np.array([[9.0], [-9.0]]), np.array([[9.0], [-9.0]]))
    assert np.array_equal(large.embeddings, [[9.0], [-9.0]])
    assert not belongs(type(small)(small.embeddings * 0.5, small.unembeddings))
    assert not belongs(type(small)(small.embeddings, small.unembeddings * 0.5))


def test_names_of_families_tell_them_apart():
    for found in FAMILIES.values():
        assert len({family.name for family in found}) == len(found)
