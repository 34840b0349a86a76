import numpy as np
import pytest
import torch

from empirics.data.dataset import Dataset, Part
from empirics.networks import Architecture, Perceptron, ResidualNetwork, build, evaluate
from theory import InvalidInput

PIXELS = (2, 8, 6)


def toy(d: int = 4, k: int = 6, image: tuple[int, int, int] | None = None) -> Dataset:
    rng = np.random.default_rng(0)
    part = Part(rng.standard_normal((12, d)), np.arange(12) % k)
    return Dataset("toy", part, part, part, image=image)


def images() -> Dataset:
    return toy(96, 3, PIXELS)


SHAPES = [
    (Perceptron((), 2), toy()),
    (Perceptron((7,), 2), toy()),
    (Perceptron((7, 5), 3), toy()),
    (ResidualNetwork((8,), 2), images()),
    (ResidualNetwork((8, 16), 3, stride=1), images()),
]


@pytest.mark.parametrize(("architecture", "data"), SHAPES)
class TestEveryArchitecture:
    def test_logits_are_bilinear(self, architecture: Architecture, data: Dataset) -> None:
        network = build(architecture, data, [1, 2])
        models = evaluate(network, torch.tensor(data.test.inputs))
        logits = network(torch.tensor(data.test.inputs).expand(2, -1, -1)).detach().numpy()
        for own, model in zip(logits, models, strict=True):
            assert (model.n, model.k, model.m) == (12, data.k, architecture.dimension)
            assert model.embeddings.dtype == model.unembeddings.dtype == np.float64
            np.testing.assert_allclose(own, model.embeddings @ model.unembeddings.T, rtol=1e-5, atol=1e-5)

    def test_a_copy_starts_from_its_seed_whatever_stands_beside_it(
        self, architecture: Architecture, data: Dataset
    ) -> None:
        inputs = torch.tensor(data.test.inputs)
        first, second = evaluate(build(architecture, data, [1, 2]), inputs)
        for seed, model in ((1, first), (2, second)):
            alone = evaluate(build(architecture, data, [seed]), inputs)[0]
            np.testing.assert_allclose(alone.embeddings, model.embeddings, rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(alone.unembeddings, model.unembeddings)
        assert not np.allclose(first.embeddings, second.embeddings)
        assert not np.allclose(first.unembeddings, second.unembeddings)

    def test_an_input_is_embedded_alone_as_in_company(self, architecture: Architecture, data: Dataset) -> None:
        # Normalising by batches would fail this: the model would not be a function of one input.
        network = build(architecture, data, [3])
        inputs = torch.tensor(data.test.inputs)
        whole, alone = evaluate(network, inputs)[0], evaluate(network, inputs[4:5])[0]
        np.testing.assert_allclose(whole.embeddings[4:5], alone.embeddings, rtol=1e-4, atol=1e-5)

    def test_many_inputs_are_embedded_in_parts(
        self, architecture: Architecture, data: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network, inputs = build(architecture, data, [3]), torch.tensor(data.test.inputs)
        whole = evaluate(network, inputs)[0]
        monkeypatch.setattr("empirics.networks._ROWS", 5)
        np.testing.assert_allclose(evaluate(network, inputs)[0].embeddings, whole.embeddings, rtol=1e-4, atol=1e-5)

    def test_copies_share_no_gradient(self, architecture: Architecture, data: Dataset) -> None:
        network = build(architecture, data, [1, 2])
        network(torch.tensor(data.test.inputs).expand(2, -1, -1))[0].square().sum().backward()
        assert network.unembeddings.grad is not None
        assert network.unembeddings.grad[0].abs().sum() > 0
        assert network.unembeddings.grad[1].abs().sum() == 0

    def test_embedding_is_not_rectified(self, architecture: Architecture, data: Dataset) -> None:
        assert (evaluate(build(architecture, data, [1]), torch.randn(500, data.d))[0].embeddings < 0).any()

    def test_building_leaves_the_random_state_alone(self, architecture: Architecture, data: Dataset) -> None:
        before = torch.get_rng_state()
        build(architecture, data, [1])
        assert torch.equal(before, torch.get_rng_state())


def test_a_known_perceptron() -> None:
    # f(x) = W2 relu(W1 x + b1) + b2 by hand: hidden (relu(1), relu(-1)) = (1, 0), embedding 3 * 1 + 0.5.
    network = build(Perceptron((2,), 1), toy(1, 2), [0])
    with torch.no_grad():
        network.encoder.weights[0].copy_(torch.tensor([[[1.0, -1.0]]]))
        network.encoder.biases[0].zero_()
        network.encoder.weights[1].copy_(torch.tensor([[[3.0], [5.0]]]))
        network.encoder.biases[1].fill_(0.5)
        network.unembeddings.copy_(torch.tensor([[[2.0], [-1.0]]]))
    # At -1 the other unit answers: embedding 5 * 1 + 0.5. Inputs themselves are not rectified.
    assert network(torch.tensor([[[1.0], [-1.0]]])).tolist() == [[[7.0, -3.5], [11.0, -5.5]]]


def test_a_known_residual_network() -> None:
    # With all convolutions zero but the first, which passes channel 0 on as its constant, the blocks are identities:
    # features are the mean of relu(0.5), and the embedding is the sum of eight of them.
    network = build(ResidualNetwork((8,), 1, stride=1), toy(4, 2, (1, 2, 2)), [0])
    encoder = network.encoder.copies[0]
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.zero_()
        encoder.stem.bias.fill_(0.5)
        encoder.embed.weight.fill_(1.0)
    assert encoder(torch.randn(3, 4)).tolist() == [[4.0]] * 3


def test_parameters_are_single_precision_whatever_the_default() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        network = build(Perceptron((3,), 2), toy(), [0])
    finally:
        torch.set_default_dtype(torch.float32)
    assert {parameter.dtype for name, parameter in network.named_parameters()} == {torch.float32}
    usual = build(Perceptron((3,), 2), toy(), [0]).state_dict()
    assert all(torch.equal(value, usual[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Perceptron((0,), 2), "hidden"),
        (lambda: Perceptron([4], 2), "hidden"),
        (lambda: Perceptron((1.5,), 2), "hidden"),
        (lambda: Perceptron((4,), 0), "dimension"),
        (lambda: ResidualNetwork((), 2), "widths"),
        (lambda: ResidualNetwork((12,), 2), "widths"),
        (lambda: ResidualNetwork((8,), 2, stride=0), "stride"),
        (lambda: build(ResidualNetwork((8,), 2), toy(), [0]), "images.*toy"),
        (lambda: build(Perceptron((4,), 2), toy(), []), "seeds"),
        (lambda: build(Perceptron((4,), 2), toy(), [-1]), "seed"),
    ],
)
def test_refuses(make: object, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        make()  # type: ignore[operator]


def test_a_diverged_network_is_refused() -> None:
    network = build(Perceptron((4,), 2), toy(), [0])
    with torch.no_grad():
        network.encoder.biases[0].fill_(float("inf"))
    with pytest.raises(InvalidInput, match="finite"):
        evaluate(network, torch.tensor(toy().test.inputs))
