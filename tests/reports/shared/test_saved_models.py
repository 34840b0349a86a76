"""Saved models: read whatever they are kept in, and refused by name where they are not usable."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from reports.shared.saved_models import load_model
from theory import InvalidInput

RNG = np.random.default_rng(0)
F, G = RNG.standard_normal((7, 2)), RNG.standard_normal((5, 2))


def test_a_model_survives_npz_and_safetensors(tmp_path):
    np.savez(tmp_path / "a.npz", embeddings=F, unembeddings=G, extra=np.arange(3))
    save_file({"embeddings": F.astype(np.float32), "unembeddings": G.astype(np.float32)}, tmp_path / "a.safetensors")
    assert np.array_equal(load_model(tmp_path / "a.npz").embeddings, F)
    assert np.array_equal(load_model(tmp_path / "a.safetensors").unembeddings, G.astype(np.float32).astype(float))


def test_shards_are_joined_in_the_order_of_their_names(tmp_path):
    np.savez(tmp_path / "2.npz", embeddings=F[4:], unembeddings=G)
    np.savez(tmp_path / "1.npz", embeddings=F[:4], unembeddings=G)
    (tmp_path / "notes.txt").write_text("not a shard")
    model = load_model(tmp_path)
    assert np.array_equal(model.embeddings, F)
    assert np.array_equal(model.unembeddings, G)


def test_unembeddings_may_be_sharded_too(tmp_path):
    np.savez(tmp_path / "1.npz", embeddings=F, unembeddings=G[:2])
    np.savez(tmp_path / "2.npz", unembeddings=G[2:])
    assert np.array_equal(load_model(tmp_path).unembeddings, G)


def _pickled(path):
    np.savez(path, embeddings=np.array([{"a": 1}], dtype=object), unembeddings=G)


def _truncated(path):
    np.savez(path, embeddings=F, unembeddings=G)
    path.write_bytes(path.read_bytes()[:200])


def _nan(path):
    np.savez(path, embeddings=np.where(F[0, 0] == F, np.nan, F), unembeddings=G)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (_pickled, "not a readable .npz of plain arrays"),
        (_truncated, "not a readable .npz"),
        (_nan, "embeddings: expected finite numbers, saw nan at index"),
        (lambda path: np.savez(path, embeddings=F), "expected arrays 'embeddings' and 'unembeddings'"),
        (lambda path: np.savez(path, embeddings=F, unembeddings=G[:, :1]), "unembeddings: expected as many columns"),
        (lambda path: np.savez(path, embeddings=F, unembeddings=G[:1]), "k >= 2"),
        (lambda path: np.savez(path, embeddings=F.astype(str), unembeddings=G), "embeddings: expected real numbers"),
        (lambda path: None, "no such file"),
        (lambda path: path.write_text("hello"), "not a readable .npz"),
    ],
)
def test_an_unusable_file_is_named(tmp_path, make, complaint):
    path = tmp_path / "model.npz"
    make(path)
    with pytest.raises(InvalidInput, match=complaint) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


def test_a_corrupt_safetensors_file_is_named(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\x08\x00\x00\x00")
    with pytest.raises(InvalidInput, match="not a readable"):
        load_model(path)


def test_another_suffix_and_an_empty_folder_are_refused(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"")
    with pytest.raises(InvalidInput, match="expected a"):
        load_model(tmp_path / "model.pt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="saw none"):
        load_model(tmp_path / "empty")


def test_a_corrupt_compressed_file_is_named(tmp_path):
    path = tmp_path / "model.npz"
    np.savez_compressed(path, embeddings=F, unembeddings=G)
    content = bytearray(path.read_bytes())
    content[120:160] = bytes(40)
    path.write_bytes(bytes(content))
    with pytest.raises(InvalidInput, match=r"not a readable .npz"):
        load_model(path)


def test_shards_that_are_no_matrices_are_named(tmp_path):
    np.savez(tmp_path / "1.npz", embeddings=np.float64(3.0), unembeddings=G)
    np.savez(tmp_path / "2.npz", embeddings=F, unembeddings=G)
    with pytest.raises(InvalidInput, match="two-dimensional shards"):
        load_model(tmp_path)
