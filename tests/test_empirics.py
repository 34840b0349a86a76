import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
from empirics import losses as losses_module
from empirics.data import Dataset, digits, require_seed, stratified_split
from empirics.distillation import PLANE, STUDENT, TEACHER, digits_pairs
from empirics.losses import Loss, distillation_loss, loss_named, losses
from empirics.networks import Architecture, evaluate
from empirics.training import Recipe, distil, train
from theory import InvalidInput, Model, Pair

ALL = ("kl", "l1", "l2", "centred_l2")


def logits(n: int, k: int, seed: int, scale: float = 1.0) -> torch.Tensor:
    return torch.tensor(scale * np.random.default_rng(seed).standard_normal((n, k)))


# --------------------------------------------------------------------------- losses


class TestLossValues:
    # p = (1/2, 1/4, 1/4) and (1/4, 1/2, 1/4) on the first input, equal distributions on the second.
    teacher = torch.log(torch.tensor([[2.0, 1.0, 1.0], [1.0, 1.0, 2.0]], dtype=torch.float64))
    student = torch.log(torch.tensor([[1.0, 2.0, 1.0], [3.0, 3.0, 6.0]], dtype=torch.float64))

    def test_kl(self) -> None:
        # First input: 1/2 log 2 + 1/4 log 1/2 = (log 2)/4; second: 0.
        assert float(losses()["kl"](self.teacher, self.student)) == pytest.approx(np.log(2) / 8, rel=1e-14)

    def test_l1(self) -> None:
        # |difference| sums to 2 log 2 on the first input and 3 log 3 on the second, over six entries.
        expected = (2 * np.log(2) + 3 * np.log(3)) / 6
        assert float(losses()["l1"](self.teacher, self.student)) == pytest.approx(expected, rel=1e-14)

    def test_l2(self) -> None:
        expected = (2 * np.log(2) ** 2 + 3 * np.log(3) ** 2) / 2
        assert float(losses()["l2"](self.teacher, self.student)) == pytest.approx(expected, rel=1e-14)

    def test_centred_l2(self) -> None:
        # The first difference has mean zero already; the second is a shift.
        assert float(losses()["centred_l2"](self.teacher, self.student)) == pytest.approx(np.log(2) ** 2, rel=1e-14)

    def test_direction_of_kl(self) -> None:
        # p = (1/2, 1/2), q = (1/8, 7/8): KL(p || q) = log(4/sqrt 7), KL(q || p) = log 2 + log(1/8)/8 + 7/8 log(7/8).
        p = torch.log(torch.tensor([[1.0, 1.0]], dtype=torch.float64))
        q = torch.log(torch.tensor([[1.0, 7.0]], dtype=torch.float64))
        forward, backward = np.log(4 / np.sqrt(7)), np.log(2) - np.log(8) / 8 + 7 / 8 * np.log(7 / 8)
        assert abs(forward - backward) > 0.05
        assert float(losses()["kl"](p, q)) == pytest.approx(forward, rel=1e-14)
        assert float(losses()["kl"](q, p)) == pytest.approx(backward, rel=1e-14)

    @pytest.mark.parametrize("seed", range(5))
    def test_agree_with_the_theory(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        a, b = (Model(rng.standard_normal((9, 2)), rng.standard_normal((5, 2))) for _ in range(2))
        z, w = (torch.tensor(model.embeddings @ model.unembeddings.T) for model in (a, b))
        assert float(losses()["kl"](z, w)) == pytest.approx(theory.kl_divergence(a, b), rel=1e-12)
        assert float(losses()["centred_l2"](z, w)) == pytest.approx(theory.squared_logit_distance(a, b), rel=1e-12)


@pytest.mark.parametrize("name", ALL)
class TestEveryLoss:
    @given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
    @settings(max_examples=25, deadline=None)
    def test_nonnegative_and_zero_on_equal_logits(self, name: str, n: int, k: int, seed: int) -> None:
        z, w = logits(n, k, seed), logits(n, k, seed + 1)
        assert float(losses()[name](z, w)) > 0
        assert float(losses()[name](z, z)) == 0

    @given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
    @settings(max_examples=25, deadline=None)
    def test_shifts_of_logits(self, name: str, n: int, k: int, seed: int) -> None:
        # A shift of every label's logit, different for each input, leaves p unchanged.
        z, w, shift = logits(n, k, seed), logits(n, k, seed + 1), 10 + logits(n, 1, seed + 2)
        loss = losses()[name]
        base = float(loss(z, w))
        for shifted in (loss(z + shift, w), loss(z, w - shift)):
            if name in ("kl", "centred_l2"):
                assert float(shifted) == pytest.approx(base, rel=1e-9, abs=1e-12)
            else:
                assert abs(float(shifted) - base) > 1

    @pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
    def test_gradient(self, name: str, scale: float) -> None:
        z, w = logits(4, 5, 0, scale), logits(4, 5, 1, scale).requires_grad_()
        assert torch.autograd.gradcheck(lambda student: losses()[name](z, student), (w,), eps=1e-6 * scale)

    @pytest.mark.parametrize("scale", [1e-4, 1.0, 1e2, 1e4])
    def test_single_precision(self, name: str, scale: float) -> None:
        z, w = logits(64, 10, 0, scale).float(), logits(64, 10, 1, scale).float().requires_grad_()
        value = losses()[name](z, w)
        value.backward()
        exact_w = w.detach().double().requires_grad_()
        exact = losses()[name](z.double(), exact_w)
        exact.backward()
        # The rounding of a KL is that of the log-probabilities it subtracts, about 1e-7, however small it is.
        assert value.item() == pytest.approx(exact.item(), rel=1e-5, abs=1e-6)
        assert w.grad is not None
        assert exact_w.grad is not None
        # Subtracting equal logits rounds each by 6e-8 of its size; softmax turns that into relative error.
        tolerance = 1e-6 * max(1.0, scale) * float(exact_w.grad.abs().max())
        torch.testing.assert_close(w.grad.double(), exact_w.grad, rtol=0, atol=max(tolerance, 1e-8))

    def test_extreme_logits_stay_finite(self, name: str) -> None:
        z, w = torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([[-1e4, 1e4, 0.0]], requires_grad=True)
        value = losses()[name](z, w)
        value.backward()
        assert bool(torch.isfinite(value))
        assert bool(torch.isfinite(w.grad).all())
        expected = {"kl": 2e4, "l1": 4e4 / 3, "l2": 8e8, "centred_l2": 8e8}[name]
        assert value.item() == pytest.approx(expected, rel=1e-6)

    def test_independent_of_batch_size(self, name: str) -> None:
        z, w = logits(12, 5, 0), logits(12, 5, 1)
        loss = losses()[name]
        whole = float(loss(z, w))
        assert float(loss(torch.cat([z, z]), torch.cat([w, w]))) == pytest.approx(whole, rel=1e-14)
        parts = [float(loss(a, b)) for a, b in zip(z.split(4), w.split(4), strict=True)]
        assert np.mean(parts) == pytest.approx(whole, rel=1e-14)

    def test_refuses_to_broadcast(self, name: str) -> None:
        with pytest.raises(InvalidInput, match=r"student.*\(4, 5\).*\(1, 5\)"):
            losses()[name](logits(4, 5, 0), logits(1, 5, 0))


@given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_l2_is_centred_l2_plus_a_gauge_penalty(n: int, k: int, seed: int) -> None:
    z, w = logits(n, k, seed), logits(n, k, seed + 1)
    penalty = k * float((z - w).mean(-1).square().mean())
    assert float(losses()["l2"](z, w)) == pytest.approx(float(losses()["centred_l2"](z, w)) + penalty, rel=1e-12)


@given(n=st.integers(1, 6), k=st.integers(2, 8), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_kl_is_at_most_a_quarter_of_centred_l2(n: int, k: int, seed: int) -> None:
    z, w = logits(n, k, seed, 3.0), logits(n, k, seed + 1, 3.0)
    assert float(losses()["kl"](z, w)) <= float(losses()["centred_l2"](z, w)) / 4


class TestRegistry:
    def test_has_the_losses_with_titles(self) -> None:
        assert set(ALL) <= set(losses())
        assert all(isinstance(loss, Loss) and loss.name == name and loss.title for name, loss in losses().items())

    def test_is_read_only(self) -> None:
        with pytest.raises(TypeError):
            losses()["kl"] = losses()["l1"]  # type: ignore[index]
        with pytest.raises(FrozenInstanceError):
            losses()["kl"].name = "other"  # type: ignore[misc]

    def test_registers_by_decorator(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(losses_module, "_REGISTRY", dict(losses()))

        @distillation_loss
        def largest(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
            """Largest absolute difference.

            More.
            """
            return (teacher - student).abs().max()

        assert losses()["largest"] is largest is loss_named("largest")
        assert largest.title == "Largest absolute difference."
        with pytest.raises(InvalidInput, match=r"largest.*registered already"):
            distillation_loss(largest.function)

    def test_unknown_name_lists_the_known(self) -> None:
        with pytest.raises(InvalidInput, match=r"centred_l2, kl, l1, l2.*'l3'"):
            loss_named("l3")


# --------------------------------------------------------------------------- data


class TestDigits:
    def test_shapes_and_scale(self) -> None:
        data = digits(0)
        assert (data.d, data.k) == (64, 10)
        assert len(data.train_inputs) + len(data.test_inputs) == 1797
        assert data.train_inputs.dtype == data.test_inputs.dtype == np.float32
        assert data.train_labels.dtype == data.test_labels.dtype == np.int64
        everything = np.concatenate([data.train_inputs, data.test_inputs])
        assert (everything.min(), everything.max()) == (0.0, 1.0)

    def test_is_stratified(self) -> None:
        data = digits(3)
        train_counts, test_counts = np.bincount(data.train_labels), np.bincount(data.test_labels)
        assert (abs(test_counts - 0.25 * (train_counts + test_counts)) <= 0.5).all()

    def test_parts_are_disjoint(self) -> None:
        data = digits(0)
        train_rows, test_rows = (
            {row.tobytes() for row in part} for part in (data.train_inputs, data.test_inputs)
        )  # no two of the images are equal
        assert len(train_rows) + len(test_rows) == 1797
        assert not train_rows & test_rows

    def test_is_a_function_of_the_seed(self) -> None:
        first, again, other = digits(5), digits(5), digits(6)
        np.testing.assert_array_equal(first.train_inputs, again.train_inputs)
        np.testing.assert_array_equal(first.test_labels, again.test_labels)
        assert not np.array_equal(first.test_inputs, other.test_inputs)

    def test_leaves_the_global_random_state_alone(self) -> None:
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        digits(0)
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 100),
)
def test_stratified_split_is_a_partition(labels: list[int], share: float, seed: int) -> None:
    array = np.array(labels)
    rest, chosen = stratified_split(array, share, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([rest, chosen])), np.arange(len(array)))
    for label in set(labels):
        assert abs((array[chosen] == label).sum() - share * (array == label).sum()) <= 0.5 + 1e-9


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_stratified_split_refuses_a_share(share: float) -> None:
    with pytest.raises(InvalidInput, match="share"):
        stratified_split(np.array([0, 1]), share, 0)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, None, "0"])
def test_unusable_seeds(seed: object) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        require_seed(seed)  # type: ignore[arg-type]


FIELDS = {
    "train_inputs": np.zeros((4, 3)),
    "train_labels": np.array([0, 1, 1, 0]),
    "test_inputs": np.zeros((2, 3)),
    "test_labels": np.array([1, 0]),
}


class TestDataset:
    def test_copies_and_freezes(self) -> None:
        inputs = np.zeros((4, 3))
        data = Dataset("toy", **{**FIELDS, "train_inputs": inputs})
        inputs[0, 0] = 7
        assert data.train_inputs[0, 0] == 0
        with pytest.raises(ValueError, match="read-only"):
            data.train_inputs[0, 0] = 1
        with pytest.raises(ValueError, match="read-only"):
            data.test_labels[0] = 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("train_inputs", np.zeros(4)),
            ("train_inputs", np.zeros((4, 0))),
            ("train_inputs", np.full((4, 3), np.nan)),
            ("test_inputs", np.zeros((0, 3))),
            ("test_inputs", np.zeros((2, 4))),
            ("train_labels", np.array([0, 1, 1])),
            ("train_labels", np.array([0.0, 1.0, 1.0, 0.0])),
            ("train_labels", np.array([0, 2, 2, 0])),
            ("train_labels", np.zeros(4, dtype=int)),
            ("test_labels", np.array([0, 2])),
        ],
    )
    def test_names_the_field_it_refuses(self, field: str, value: np.ndarray) -> None:
        with pytest.raises(InvalidInput, match=field):
            Dataset("toy", **{**FIELDS, field: value})


# --------------------------------------------------------------------------- networks


class TestNetworks:
    @pytest.mark.parametrize("hidden", [(), (7,), (7, 5)])
    def test_logits_are_bilinear(self, hidden: tuple[int, ...]) -> None:
        network = Architecture(hidden, 2).build(4, 6)
        inputs = torch.randn(9, 4)
        model = evaluate(network, inputs)
        assert (model.n, model.k, model.m) == (9, 6, 2)
        assert model.embeddings.dtype == model.unembeddings.dtype == np.float64
        np.testing.assert_allclose(
            network(inputs).detach().numpy(), model.embeddings @ model.unembeddings.T, rtol=1e-5, atol=1e-6
        )

    def test_embedding_is_not_rectified(self) -> None:
        embeddings = evaluate(PLANE.build(4, 6), torch.randn(500, 4)).embeddings
        assert (embeddings < 0).any()

    def test_parameters_are_single_precision_whatever_the_default(self) -> None:
        torch.set_default_dtype(torch.float64)
        try:
            network = PLANE.build(4, 6)
        finally:
            torch.set_default_dtype(torch.float32)
        assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}

    @pytest.mark.parametrize("bad", [{"hidden": (0,)}, {"hidden": [4]}, {"hidden": (1.5,)}, {"dimension": 0}])
    def test_refuses_widths(self, bad: dict[str, object]) -> None:
        with pytest.raises(InvalidInput, match=next(iter(bad))):
            replace(PLANE, **bad)


# --------------------------------------------------------------------------- training

SMALL = Architecture((16,), 2)
BRIEF = Recipe(epochs=3, batch_size=64, peak_rate=1e-2, noise=0.1)


def toy() -> Dataset:
    """Three well separated clusters in the plane."""
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 3
    inputs = np.array([[0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])[labels] + 0.1 * rng.standard_normal((240, 2))
    return Dataset("toy", inputs[:180], labels[:180], inputs[180:], labels[180:])


class TestTraining:
    def test_same_seed_same_network_bit_for_bit(self) -> None:
        data = toy()
        first, again, other = (train(data, SMALL, BRIEF, seed) for seed in (1, 1, 2))
        for name, value in first.network.state_dict().items():
            assert torch.equal(value, again.network.state_dict()[name])
        np.testing.assert_array_equal(first.model.embeddings, again.model.embeddings)
        assert not np.array_equal(first.model.embeddings, other.model.embeddings)

    @pytest.mark.parametrize("name", ALL)
    def test_distillation_is_a_function_of_the_seed(self, name: str) -> None:
        data = toy()
        teacher = train(data, SMALL, BRIEF, 0).network
        first, again, other = (distil(teacher, name, data, SMALL, BRIEF, seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.model.embeddings, again.model.embeddings)
        np.testing.assert_array_equal(first.model.unembeddings, again.model.unembeddings)
        assert not np.array_equal(first.model.embeddings, other.model.embeddings)

    def test_ignores_the_caller_s_random_state_and_threads(self) -> None:
        data = toy()
        threads = torch.get_num_threads()
        try:
            results = []
            for count, seed in ((1, 3), (2, 4)):
                torch.set_num_threads(count)
                torch.manual_seed(seed)
                results.append(train(data, SMALL, BRIEF, 0).model.embeddings)
        finally:
            torch.set_num_threads(threads)
        np.testing.assert_array_equal(*results)

    @pytest.mark.parametrize("fails", [False, True])
    def test_restores_the_caller_s_random_state_and_threads(self, fails: bool) -> None:
        def progress(done: int, total: int) -> None:
            assert torch.get_num_threads() == 1
            if fails:
                raise KeyboardInterrupt

        threads = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            before = torch.get_rng_state()
            if fails:
                with pytest.raises(KeyboardInterrupt):
                    train(toy(), SMALL, BRIEF, 0, progress)
            else:
                train(toy(), SMALL, BRIEF, 0, progress)
            assert torch.equal(before, torch.get_rng_state())
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(threads)

    def test_learns_and_reports_the_accuracy_of_the_model(self) -> None:
        data = toy()
        trained = train(data, SMALL, replace(BRIEF, epochs=30), 0)
        top = (trained.model.embeddings @ trained.model.unembeddings.T).argmax(axis=1)
        assert trained.accuracy == (top == data.test_labels).mean() == 1.0
        assert not trained.network.training

    @pytest.mark.parametrize("name", ALL)
    def test_students_learn_without_labels(self, name: str) -> None:
        data, recipe = toy(), replace(BRIEF, epochs=60)
        teacher = train(data, SMALL, replace(BRIEF, epochs=30), 0)
        # Labels that are wrong everywhere must make no difference.
        blind = replace(data, train_labels=(data.train_labels + 1) % 3)
        student = distil(teacher.network, name, blind, SMALL, recipe, 1)
        assert student.accuracy == 1.0
        assert theory.kl_divergence(teacher.model, student.model) < 0.1

    def test_the_teacher_is_not_trained(self) -> None:
        data = toy()
        teacher = train(data, SMALL, BRIEF, 0).network
        before = {name: value.clone() for name, value in teacher.state_dict().items()}
        distil(teacher, "l2", data, SMALL, BRIEF, 1)
        assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())

    def test_dimensions_of_teacher_and_student_may_differ(self) -> None:
        data = toy()
        teacher = train(data, SMALL, BRIEF, 0)
        student = distil(teacher.network, "l2", data, replace(SMALL, dimension=1), BRIEF, 1)
        assert (Pair(teacher.model, student.model).a.m, student.model.m) == (2, 1)

    @pytest.mark.parametrize("size", [None, 1, 7, 180, 1000])
    def test_batch_sizes(self, size: int | None) -> None:
        seen: list[tuple[int, int]] = []
        train(toy(), SMALL, replace(BRIEF, epochs=2, batch_size=size), 0, lambda *epochs: seen.append(epochs))
        assert seen == [(1, 2), (2, 2)]

    def test_one_full_batch_step(self) -> None:
        train(toy(), SMALL, Recipe(epochs=1, batch_size=None, peak_rate=1e-2), 0)

    @pytest.mark.parametrize(
        "bad",
        [
            {"epochs": 0}, {"epochs": -3}, {"epochs": 2.5}, {"epochs": True}, {"batch_size": 0}, {"batch_size": 1.5},
            {"peak_rate": 0.0}, {"peak_rate": float("inf")}, {"peak_rate": float("nan")}, {"noise": -0.1},
            {"noise": float("nan")},
        ],
    )  # fmt: skip
    def test_refuses_recipes(self, bad: dict[str, object]) -> None:
        with pytest.raises(InvalidInput, match=next(iter(bad))):
            replace(BRIEF, **bad)

    def test_refuses_unknown_losses_and_bad_seeds_before_training(self) -> None:
        data = toy()
        teacher = SMALL.build(2, 3)
        with pytest.raises(InvalidInput, match=r"loss.*'mse'"):
            distil(teacher, "mse", data, SMALL, BRIEF, 0)
        with pytest.raises(InvalidInput, match="seed"):
            distil(teacher, "kl", data, SMALL, BRIEF, -1)
        with pytest.raises(InvalidInput, match="seed"):
            train(data, SMALL, BRIEF, -1)

    def test_divergence_is_an_error(self) -> None:
        with pytest.raises(InvalidInput, match="finite"):
            train(toy(), SMALL, replace(BRIEF, peak_rate=1e30), 0)


# --------------------------------------------------------------------------- digits


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


class TestDigitsPairs:
    def test_shapes_and_accuracies(self, run: tuple) -> None:
        pairs, _ = run
        assert [name for name, *_ in pairs] == ["kl", "l1", "l2"]
        for _, pair, teacher_accuracy, student_accuracy in pairs:
            assert pair.a is pairs[0].pair.a
            assert (pair.a.m, pair.b.m, pair.k, pair.n) == (2, 2, 10, len(digits(0).test_labels))
            assert teacher_accuracy > 0.93
            assert student_accuracy > 0.85

    def test_progress(self, run: tuple) -> None:
        _, told = run
        assert told[0] == ("teacher", 1, 40)
        assert told[39:41] == [("teacher", 40, 40), ("kl", 1, 60)]
        assert told[-1] == ("l2", 60, 60)
        assert len(told) == 40 + 3 * 60

    def test_small_kl_without_similarity(self, run: tuple) -> None:
        by_name = {item.name: item.pair for item in run[0]}
        distance = {name: theory.squared_logit_distance(pair.a, pair.b) for name, pair in by_name.items()}
        likeness = {name: theory.mean_cca(pair.a.embeddings, pair.b.embeddings) for name, pair in by_name.items()}
        for logit_loss in ("l1", "l2"):
            assert distance["kl"] > 20 * distance[logit_loss]
            assert likeness["kl"] < 0.9 < 0.99 < likeness[logit_loss]

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
