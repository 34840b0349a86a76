import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
from empirics import checkpoints, training
from empirics.calibration import accuracy
from empirics.data.dataset import Concept, Dataset, Part
from empirics.losses import Loss, loss_named
from empirics.networks import Network, Perceptron, ResidualNetwork, build, evaluate
from empirics.training import Recipe, Trained, distil, one_cycle, train
from theory import InvalidInput, Model, Pair

SMALL = Perceptron((16,), 2)
BRIEF = Recipe(epochs=3, batch_size=64, peak_rate=1e-2, noise=0.1)
ALL = ("kl", "l1", "l2", "centred_l2", "guaranteed_cca")


def toy() -> Dataset:
    """Three well separated clusters in the plane, and whether a point is far out in a third direction."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    inputs = np.array([[0.0, 1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, -1.0, 0.0]])[labels]
    inputs = inputs + 0.1 * rng.standard_normal((300, 3))
    inputs[:, 2] = rng.standard_normal(300)
    whole = Part(inputs, labels, (inputs[:, 2:] > 0).astype(int))
    parts = (whole.rows(np.arange(*ends)) for ends in ((0, 180), (180, 240), (240, 300)))
    return Dataset("toy", *parts, concepts=(Concept("far", ("no", "yes")),))


def model_of(trained: Trained, data: Dataset | None = None, copy: int = 0) -> Model:
    return evaluate(trained.network, torch.tensor((data or toy()).test.inputs))[copy]


def same(first: Network, second: Network) -> bool:
    states = first.state_dict(), second.state_dict()
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


class TestReproducible:
    def test_same_seed_same_network_bit_for_bit(self) -> None:
        first, again, other = (train(toy(), SMALL, BRIEF, [seed]) for seed in (1, 1, 2))
        assert same(first.network, again.network)
        assert not same(first.network, other.network)
        np.testing.assert_array_equal(first.curves.losses, again.curves.losses)

    @pytest.mark.parametrize("name", ALL)
    def test_distillation_is_a_function_of_the_seed(self, name: str) -> None:
        teacher = train(toy(), SMALL, BRIEF, [0]).network
        first, again, other = (distil(teacher, loss_named(name), toy(), SMALL, BRIEF, [seed]) for seed in (1, 1, 2))
        assert same(first.network, again.network)
        assert not same(first.network, other.network)

    def test_side_by_side_is_as_alone(self) -> None:
        # To rounding: a product of stacked matrices may add in another order than one of single matrices.
        both = train(toy(), SMALL, BRIEF, [1, 2])
        for copy, seed in enumerate((1, 2)):
            alone = model_of(train(toy(), SMALL, BRIEF, [seed]))
            np.testing.assert_allclose(model_of(both, copy=copy).embeddings, alone.embeddings, rtol=1e-3, atol=1e-4)

    def test_ignores_the_caller_s_random_state_and_threads(self) -> None:
        threads = torch.get_num_threads()
        try:
            results = []
            for count, seed in ((1, 3), (2, 4)):
                torch.set_num_threads(count)
                torch.manual_seed(seed)
                results.append(train(toy(), SMALL, BRIEF, [0]).network)
        finally:
            torch.set_num_threads(threads)
        assert same(*results)

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
                    train(toy(), SMALL, BRIEF, [0], progress=progress)
            else:
                train(toy(), SMALL, BRIEF, [0], progress=progress)
            assert torch.equal(before, torch.get_rng_state())
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(threads)


class TestResuming:
    @pytest.mark.parametrize("killed_after", [1, 2, 5, 6])
    @pytest.mark.parametrize("kind", ["teacher", "student"])
    def test_goes_on_to_the_identical_result(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_after: int, kind: str
    ) -> None:
        monkeypatch.setattr(training, "_CHECKPOINT_SECONDS", 0.0)
        recipe = replace(BRIEF, epochs=6)
        master = train(toy(), SMALL, BRIEF, [9]).network

        def one(checkpoint: Path | None, progress: object = None) -> Trained:
            if kind == "teacher":
                return train(toy(), SMALL, recipe, [1, 2], concept_weight=1.0, checkpoint=checkpoint, progress=progress)
            return distil(
                master, loss_named("l1"), toy(), SMALL, recipe, [1, 2], checkpoint=checkpoint, progress=progress
            )

        def kill(done: int, _: int) -> None:
            if done == killed_after:
                raise KeyboardInterrupt

        path = tmp_path / "state.safetensors"
        with pytest.raises(KeyboardInterrupt):
            one(path, kill)
        told: list[int] = []
        resumed, straight = one(path, lambda done, _: told.append(done)), one(None)
        assert told == list(range(killed_after + 1, 7))
        assert same(resumed.network, straight.network)
        np.testing.assert_array_equal(resumed.curves.losses, straight.curves.losses)
        np.testing.assert_array_equal(resumed.curves.sightings, straight.curves.sightings)
        assert resumed.core_seconds > 0
        again = one(path)
        assert same(again.network, straight.network)
        assert again.core_seconds == pytest.approx(resumed.core_seconds, rel=0.5)
        assert not again.network.training

    def test_a_truncated_checkpoint_is_refused_by_name(self, tmp_path: Path) -> None:
        path = tmp_path / "state.safetensors"
        train(toy(), SMALL, BRIEF, [1], checkpoint=path)
        whole = path.read_bytes()
        for length in (0, 5, 100, len(whole) - 1):
            path.write_bytes(whole[:length])
            with pytest.raises(InvalidInput, match=r"state\.safetensors.*checkpoint.*remove"):
                train(toy(), SMALL, BRIEF, [1], checkpoint=path)

    @pytest.mark.parametrize("other", [Perceptron((16,), 3), Perceptron((16, 16), 2)])
    def test_a_checkpoint_of_something_else_is_refused(self, tmp_path: Path, other: Perceptron) -> None:
        path = tmp_path / "state.safetensors"
        train(toy(), SMALL, BRIEF, [1], checkpoint=path)
        with pytest.raises(InvalidInput, match="something else"):
            train(toy(), other, BRIEF, [1], checkpoint=path)

    def test_a_checkpoint_of_fewer_copies_is_not_repeated(self, tmp_path: Path) -> None:
        path = tmp_path / "state.safetensors"
        train(toy(), SMALL, BRIEF, [5], checkpoint=path)
        with pytest.raises(InvalidInput, match="something else"):
            train(toy(), SMALL, BRIEF, [5, 6, 7], checkpoint=path)

    def test_nothing_half_written_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "state.safetensors"
        checkpoints.save(path, {"a": torch.ones(3)})

        def broken(tensors: object, name: str) -> None:
            Path(name).write_bytes(b"half")
            raise KeyboardInterrupt

        monkeypatch.setattr(checkpoints, "save_file", broken)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(path, {"a": torch.zeros(3)})
        assert [child.name for child in tmp_path.iterdir()] == ["state.safetensors"]
        assert checkpoints.load(path)["a"].tolist() == [1, 1, 1]  # type: ignore[index]

    def test_no_checkpoint_is_none(self, tmp_path: Path) -> None:
        assert checkpoints.load(tmp_path / "none") is None


class TestLearning:
    def test_teachers_learn(self) -> None:
        trained = train(toy(), SMALL, replace(BRIEF, epochs=30), [0])
        assert accuracy(model_of(trained), toy().test.labels) == 1.0
        assert not trained.network.training
        assert trained.curves.losses[0, -1] < 0.1 < trained.curves.losses[0, 0]

    @pytest.mark.parametrize("name", ALL)
    @pytest.mark.parametrize("noise", [0.0, 0.1])
    @pytest.mark.slow  # trains to an accuracy
    def test_students_learn_without_labels(self, name: str, noise: float) -> None:
        data, recipe = toy(), replace(BRIEF, epochs=60, noise=noise)
        teacher = train(data, SMALL, replace(BRIEF, epochs=30), [0])
        # Labels that are wrong everywhere must make no difference.
        wrong = Part(data.train.inputs, (data.train.labels + 1) % 3, data.train.concepts)
        student = distil(teacher.network, loss_named(name), replace(data, train=wrong), SMALL, recipe, [1])
        assert accuracy(model_of(student), data.test.labels) == 1.0
        assert theory.kl_divergence(model_of(teacher), model_of(student)) < 0.1

    @pytest.mark.parametrize("noise", [0.0, 0.5])
    def test_the_teacher_labels_the_very_inputs_that_the_student_sees(
        self, monkeypatch: pytest.MonkeyPatch, noise: float
    ) -> None:
        seen: list[torch.Tensor] = []
        paid: list[torch.Tensor] = []
        batches = training._batches

        def watched(*arguments: object) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            for rows, batch in batches(*arguments):  # type: ignore[arg-type]
                seen.append(batch[0])
                yield rows, batch

        def spying(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
            paid.append(teacher)
            return (teacher - student).square().mean()

        teacher = train(toy(), SMALL, BRIEF, [0]).network
        monkeypatch.setattr(training, "_batches", watched)
        distil(teacher, Loss(spying, "spying"), toy(), SMALL, replace(BRIEF, noise=noise), [1])
        assert len(paid) == len(seen) == 9
        for batch, logits in zip(seen, paid, strict=True):
            torch.testing.assert_close(logits, teacher(batch[None])[0], rtol=1e-4, atol=1e-4)

    def test_the_teacher_is_not_trained(self) -> None:
        teacher = train(toy(), SMALL, BRIEF, [0]).network
        before = {name: value.clone() for name, value in teacher.state_dict().items()}
        distil(teacher, loss_named("l2"), toy(), SMALL, BRIEF, [1])
        assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())

    def test_dimensions_of_teacher_and_student_may_differ(self) -> None:
        teacher = train(toy(), SMALL, BRIEF, [0])
        student = distil(teacher.network, loss_named("l2"), toy(), replace(SMALL, dimension=1), BRIEF, [1])
        assert Pair(model_of(teacher), model_of(student)).b.m == 1

    def test_concepts_add_their_weighted_mean_cross_entropy(self) -> None:
        # At a vanishing rate read-outs stay zero, so that each concept costs the logarithm of its number of values.
        recipe = Recipe(epochs=1, batch_size=64, peak_rate=1e-30)
        whole = toy()
        doubled = [Part(p.inputs, p.labels, np.c_[p.concepts, p.labels % 2]) for p in list(whole.parts.values())[:3]]
        data = Dataset("two", *doubled, concepts=(Concept("far", ("no", "yes")), Concept("odd", ("a", "b", "c", "d"))))
        bare, weighted = (train(data, SMALL, recipe, [0], concept_weight=w).curves.losses[0, 0] for w in (0.0, 0.7))
        assert weighted - bare == pytest.approx(0.7 * (math.log(2) + math.log(4)) / 2, rel=1e-4)

    def test_wider_students_have_no_correlation_to_draw(self) -> None:
        teacher = train(toy(), SMALL, BRIEF, [0]).network
        wide = distil(teacher, loss_named("l2"), toy(), replace(SMALL, dimension=4), BRIEF, [1])
        assert np.isnan(wide.curves.sightings[:, 1]).all()
        assert np.isfinite(wide.curves.sightings[:, 0]).all()

    def test_concepts_that_labels_do_not_need_are_kept_where_they_are_asked_for(self) -> None:
        def correlation(weight: float) -> float:
            model = model_of(train(toy(), Perceptron((16,), 3), replace(BRIEF, epochs=40), [0], concept_weight=weight))
            target = toy().test.concepts[:, 0] - toy().test.concepts[:, 0].mean()
            design = np.c_[model.embeddings, np.ones(model.n)]
            residual = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
            return float(1 - residual.var() / target.var())

        assert correlation(1.0) > 0.5

    def test_the_loss_of_an_epoch_is_a_mean_over_inputs(self) -> None:
        # At a vanishing rate nothing moves: a ragged last batch must count by its size.
        recipe = Recipe(epochs=1, batch_size=64, peak_rate=1e-30)
        trained = train(toy(), SMALL, recipe, [0])
        model = evaluate(build(SMALL, toy(), [0]), torch.tensor(toy().train.inputs))[0]
        log_p = np.log(np.exp(model.embeddings @ model.unembeddings.T).T / np.exp(
            model.embeddings @ model.unembeddings.T).sum(axis=1)).T  # fmt: skip
        expected = -log_p[np.arange(180), toy().train.labels].mean()
        assert trained.curves.losses[0, 0] == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("size", [None, 1, 7, 180, 1000])
    def test_batch_sizes(self, size: int | None) -> None:
        seen: list[tuple[int, int]] = []
        recipe = replace(BRIEF, epochs=2, batch_size=size)
        train(toy(), SMALL, recipe, [0], progress=lambda *epochs: seen.append(epochs))
        assert seen == [(1, 2), (2, 2)]

    def test_curves(self) -> None:
        master = train(toy(), SMALL, replace(BRIEF, epochs=45), [0, 1])
        assert master.curves.points[[0, -1]].tolist() == [1, 45]
        assert len(master.curves.points) == 20
        assert np.isnan(master.curves.sightings[:, 1]).all()
        assert np.isfinite(master.curves.losses).all()
        teacher = train(toy(), SMALL, replace(BRIEF, epochs=20), [0])
        pupil = distil(teacher.network, loss_named("l2"), toy(), SMALL, replace(BRIEF, epochs=60), [1])
        model, student = (
            evaluate(trained.network, torch.tensor(toy().validation.inputs))[0] for trained in (teacher, pupil)
        )
        assert pupil.curves.sightings[-1, 0, 0] == accuracy(student, toy().validation.labels)
        assert pupil.curves.sightings[-1, 1, 0] == theory.mean_cca(model.embeddings, student.embeddings)

    def test_images_with_augmentation(self) -> None:
        rng = np.random.default_rng(0)
        labels = np.arange(60) % 2
        inputs = rng.standard_normal((60, 64)) + 2 * labels[:, None]
        part = Part(inputs, labels)
        data = Dataset("squares", part, part, part, image=(1, 8, 8))
        recipe = Recipe(epochs=12, batch_size=20, peak_rate=1e-2, mirror=True, shift=1)
        teacher = train(data, ResidualNetwork((8,), 2), recipe, [0])
        student = distil(teacher.network, loss_named("centred_l2"), data, ResidualNetwork((8,), 2), recipe, [1])
        assert accuracy(model_of(student, data), labels) == 1.0


class TestSchedule:
    def test_known_values(self) -> None:
        assert one_cycle(0.0) == pytest.approx(1 / 25)
        assert one_cycle(0.15) == pytest.approx((1 + 1 / 25) / 2)
        assert one_cycle(0.3) == pytest.approx(1.0)
        assert one_cycle(0.65) == pytest.approx((1 + 1e-5) / 2)
        assert one_cycle(1.0) == pytest.approx(1e-5)

    @given(st.floats(0, 1), st.floats(0, 1))
    def test_rises_then_falls(self, first: float, second: float) -> None:
        low, high = sorted((first, second))
        if high <= 0.3:
            assert one_cycle(low) <= one_cycle(high) + 1e-12
        elif low >= 0.3:
            assert one_cycle(low) >= one_cycle(high) - 1e-12
        assert 0 < one_cycle(first) <= 1


class TestBatches:
    @given(n=st.integers(1, 40), size=st.integers(1, 50), epoch=st.integers(0, 5), seed=st.integers(0, 100))
    @settings(max_examples=40, deadline=None)
    def test_an_epoch_is_every_row_once(self, n: int, size: int, epoch: int, seed: int) -> None:
        inputs = torch.arange(n, dtype=torch.float32)[:, None]
        recipe = Recipe(1, size, 1.0)
        parts = list(training._batches(inputs, None, recipe, [seed, seed + 1], epoch))
        for copy in range(2):
            rows = torch.cat([rows[copy] for rows, _ in parts])
            assert sorted(rows.tolist()) == list(range(n))
            assert torch.equal(torch.cat([batch[copy] for _, batch in parts])[:, 0], rows.float())

    def test_epochs_and_seeds_differ_and_repeat(self) -> None:
        inputs = torch.zeros(50, 1)

        def order(seed: int, epoch: int) -> list[int]:
            ((rows, _),) = training._batches(inputs, None, Recipe(1, None, 1.0), [seed], epoch)
            return rows[0].tolist()

        assert order(0, 0) == order(0, 0)
        assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9

    def test_noise_has_its_deviation(self) -> None:
        ((_, batch),) = training._batches(torch.zeros(200, 50), None, Recipe(1, None, 1.0, noise=0.3), [0], 0)
        assert float(batch.std()) == pytest.approx(0.3, rel=0.03)

    def test_images_are_mirrored_left_to_right_half_of_the_time(self) -> None:
        image = torch.arange(6.0).expand(400, 6)  # rows (0 1 2) and (3 4 5)
        ((_, batch),) = training._batches(image, (1, 2, 3), Recipe(1, None, 1.0, mirror=True), [0], 0)
        kinds = {tuple(row) for row in batch[0].tolist()}
        assert kinds == {(0, 1, 2, 3, 4, 5), (2, 1, 0, 5, 4, 3)}
        assert 150 < int((batch[0, :, 0] == 2).sum()) < 250

    def test_images_are_shifted_within_bounds(self) -> None:
        image = torch.zeros(1, 1, 5, 5)
        image[0, 0, 2, 2] = 1
        seen = set()
        for epoch in range(200):
            ((_, batch),) = training._batches(image.flatten(1), (1, 5, 5), Recipe(1, None, 1.0, shift=1), [0], epoch)
            (place,) = batch[0, 0].nonzero()
            seen.add(divmod(int(place), 5))
        assert seen == {(i, j) for i in (1, 2, 3) for j in (1, 2, 3)}


class TestRefuses:
    @pytest.mark.parametrize(
        "bad",
        [
            {"epochs": 0}, {"epochs": -3}, {"epochs": 2.5}, {"epochs": True}, {"batch_size": 0}, {"batch_size": 1.5},
            {"peak_rate": 0.0}, {"peak_rate": math.inf}, {"peak_rate": math.nan}, {"noise": -0.1},
            {"noise": math.nan}, {"shift": -1}, {"shift": 0.5},
        ],
    )  # fmt: skip
    def test_recipes(self, bad: dict[str, object]) -> None:
        with pytest.raises(InvalidInput, match=next(iter(bad))):
            replace(BRIEF, **bad)

    def test_seeds(self) -> None:
        teacher = build(SMALL, toy(), [0])
        with pytest.raises(InvalidInput, match="seed"):
            distil(teacher, loss_named("kl"), toy(), SMALL, BRIEF, [-1])
        with pytest.raises(InvalidInput, match="seed"):
            train(toy(), SMALL, BRIEF, [])

    def test_concepts_that_are_not_there(self) -> None:
        bare = [Part(part.inputs, part.labels) for part in list(toy().parts.values())[:3]]
        with pytest.raises(InvalidInput, match=r"concept_weight.*bare"):
            train(Dataset("bare", *bare), SMALL, BRIEF, [0], concept_weight=0.5)

    def test_divergence(self) -> None:
        # One step leads astray; it is the next epoch that notices, before the network is looked at.
        with pytest.raises(InvalidInput, match=r"diverged in epoch \d+.*finite"):
            train(toy(), SMALL, replace(BRIEF, peak_rate=1e30, batch_size=20), [0])
