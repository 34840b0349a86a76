import pickle
from dataclasses import replace

import numpy as np
import pytest

import theory
from empirics.data.digits import digits
from empirics.digits_pairs import digits_pairs
from empirics.presets import STUDENT, TEACHER
from theory import InvalidInput


@pytest.fixture(scope="module")
def run() -> tuple:
    told: list[tuple[str, int, int]] = []
    pairs = digits_pairs(
        0,
        lambda *call: told.append(call),
        losses=("kl", "l1", "l2"),
        teacher=replace(TEACHER, epochs=40),
        student=replace(STUDENT, epochs=60),
    )
    return pairs, told


trains = pytest.mark.slow  # a teacher and three students, until they can read


class TestDigitsPairs:
    @trains
    def test_shapes_and_accuracies(self, run: tuple) -> None:
        pairs, _ = run
        assert [name for name, *_ in pairs] == ["kl", "l1", "l2"]
        for _, pair, teacher_accuracy, student_accuracy in pairs:
            assert pair.a is pairs[0].pair.a
            assert (pair.a.m, pair.b.m, pair.k, pair.n) == (2, 2, 10, digits(0).test.n)
            assert teacher_accuracy > 0.93
            assert student_accuracy > 0.85

    @trains
    def test_progress(self, run: tuple) -> None:
        _, told = run
        assert told[0] == ("teacher", 1, 40)
        assert told[39:41] == [("teacher", 40, 40), ("kl", 1, 60)]
        assert told[-1] == ("l2", 60, 60)
        assert len(told) == 40 + 3 * 60

    @trains
    def test_small_kl_without_similarity(self, run: tuple) -> None:
        by_name = {item.name: item.pair for item in run[0]}
        distance = {name: theory.squared_logit_distance(pair.a, pair.b) for name, pair in by_name.items()}
        likeness = {name: theory.mean_cca(pair.a.embeddings, pair.b.embeddings) for name, pair in by_name.items()}
        for logit_loss in ("l1", "l2"):
            assert distance["kl"] > 20 * distance[logit_loss]
            assert likeness["kl"] < 0.9 < 0.99 < likeness[logit_loss]

    @trains
    def test_travels_between_processes(self, run: tuple) -> None:
        name, pair, *accuracies = pickle.loads(pickle.dumps(run[0][0]))
        assert (name, *accuracies) == (run[0][0].name, *run[0][0][2:])
        np.testing.assert_array_equal(pair.b.embeddings, run[0][0].pair.b.embeddings)

    def test_is_a_function_of_the_seed(self) -> None:
        brief = {"teacher": replace(TEACHER, epochs=2), "student": replace(STUDENT, epochs=2), "losses": ("kl",)}
        (first,), (again,), (other,) = (digits_pairs(seed, **brief) for seed in (1, 1, 2))
        for side in ("a", "b"):
            model, same, different = (getattr(item.pair, side) for item in (first, again, other))
            np.testing.assert_array_equal(model.embeddings, same.embeddings)
            np.testing.assert_array_equal(model.unembeddings, same.unembeddings)
            assert not np.array_equal(model.unembeddings, different.unembeddings)

    def test_refuses_before_training(self) -> None:
        with pytest.raises(InvalidInput, match="seed"):
            digits_pairs(-1)
