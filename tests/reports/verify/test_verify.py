"""Files, comparison, the page and the JSON: whole or not at all, no NaN, and every door validated."""

import json
import math
import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from reports.compare.run import compare, measures
from reports.shared.files import jsonable, load_model, write_json, write_whole
from reports.shared.rendering import mathml, matrix, number
from reports.verify.page import kl_bound_table, render
from reports.verify.run import VerificationRun, as_json, run_verification
from theory import InvalidInput, Model, Pair, kl_divergence, squared_logit_distance
from theory.catalogue import theorems
from theory.catalogue.examples import small_kl
from theory.guarantees import guarantees

RNG = np.random.default_rng(0)
F, G = RNG.standard_normal((7, 2)), RNG.standard_normal((5, 2))
F2, G2 = F + 0.1 * RNG.standard_normal((7, 2)), G + 0.1 * RNG.standard_normal((5, 2))


@pytest.fixture(scope="module")
def run():
    """A real run of two theorems, with the models trained on digits."""
    chosen = {name: theorems()[name] for name in ("T5", "T6")}
    return run_verification("quick", 0, workers=2, catalogue=chosen)


# --------------------------------------------------------------------------- files


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


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "report.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    with pytest.raises(TypeError):
        write_whole(path, None)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [child.name for child in tmp_path.iterdir()] == ["report.json"]


def test_what_is_no_file_is_written_to():
    reader, writer = os.pipe()
    try:
        write_whole(Path(f"/dev/fd/{writer}"), "{}")
        assert os.read(reader, 10) == b"{}"
    finally:
        os.close(reader)
        os.close(writer)


def test_json_has_no_word_for_nan_and_infinity():
    assert jsonable({"x": (math.nan, np.inf, np.float64(2.5)), "y": np.array([[1, 2]])}) == {
        "x": [None, None, 2.5],
        "y": [[1, 2]],
    }


# --------------------------------------------------------------------------- comparison


def test_measures_are_the_library_s():
    pair = Pair(Model(F, G), Model(F2, G2))
    found = measures(pair)
    assert found["kl_divergence"] == kl_divergence(pair.a, pair.b)
    assert found["logit_distance"] ** 2 == pytest.approx(squared_logit_distance(pair.a, pair.b))
    assert found["renyi_2"] >= found["kl_divergence"] > 0
    assert found["logit_distance_inf"] <= found["logit_distance_1"]


def test_every_guarantee_holds_and_says_why_it_does_not_apply():
    for g in guarantees(Pair(Model(F, G), Model(F2, G2))):
        assert g.holds is not False
        assert g.applies or g.reason


def test_the_kl_bound_is_vacuous_on_the_small_kl_example():
    found = {(g.theorem, g.statement): g for g in guarantees(small_kl())}
    bound = found["T5", "upper_bound"]
    assert bound.vacuous
    assert bound.bound > 1e19 * bound.truth
    assert found["T3", "upper_bound"].holds is not False


def test_a_model_without_diversity_is_told_so():
    flat = Model(RNG.standard_normal((6, 4)), RNG.standard_normal((3, 4)))
    result = compare(flat, flat, ("a", "b"))
    assert result["measures"]["volume_dissimilarity"] is None
    assert "diversity fails" in result["undefined"]["volume_dissimilarity"]
    declined = {g["statement"]: g["reason"] for g in result["guarantees"] if not g["applies"]}
    assert any("diversity" in reason for reason in declined.values())
    json.dumps(result, allow_nan=False)


def test_too_many_subsets_are_sampled_and_their_guarantees_declined():
    rng = np.random.default_rng(1)
    pair = Pair(*(Model(rng.standard_normal((40, 10)), rng.standard_normal((30, 10))) for _ in range(2)))
    assert isinstance(measures(pair)["identifiability_dissimilarity"], float)
    upper = next(g for g in guarantees(pair) if (g.theorem, g.statement) == ("T2", "upper_bound"))
    assert not upper.applies
    assert "subsets" in upper.reason


def test_identical_models_compare():
    result = compare(Model(F, G), Model(F, G), ("a", "a"))
    assert result["measures"]["kl_divergence"] == 0.0
    assert all(g["holds"] is not False for g in result["guarantees"])


def test_models_of_different_inputs_are_refused():
    with pytest.raises(InvalidInput, match="expected the 7 rows"):
        compare(Model(F, G), Model(F[:5], G), ("a", "b"))


# --------------------------------------------------------------------------- verification run, JSON and page


def test_the_json_has_the_contract_s_shape(run):
    data = json.loads(json.dumps(jsonable(as_json(run)), allow_nan=False))
    assert data["schema"].startswith("logitbounds/verify/")
    assert {"profile", "seed", "seconds", "theorems", "versions"} <= set(data)
    for entry in data["theorems"]:
        assert {
            "id",
            "title",
            "held",
            "evidence",
            "worst_ratio",
            "sharp_constant",
            "twins",
            "known_answers",
            "real",
        } <= set(entry)
        assert entry["held"] is True
        assert entry["evidence"] in ("proved", "attacked", "sampled")
        assert all(twin["refuted"] for twin in entry["twins"])
        assert all(answer["ok"] and isinstance(answer["expected"], float) for answer in entry["known_answers"])
        assert entry["real"]
        assert all(isinstance(row["vacuous"], bool) for row in entry["real"])
    assert data["theorems"][0]["sharp_constant"] == 2.0
    assert data["theorems"][1]["sharp_constant"] == 0.25


def test_counterexamples_in_the_json_can_be_rebuilt(run):
    entry = as_json(run)["theorems"][1]
    twin = next(t for t in entry["twins"] if t["name"] == "eighth")
    models = [Model(**{k: np.asarray(v) for k, v in twin["counterexample"][name].items()}) for name in "ab"]
    assert kl_divergence(*models) > squared_logit_distance(*models) / 8
    assert twin["lhs"][0] > twin["rhs"][1]


def test_trained_models_show_what_the_paper_says(run):
    """A student distilled by KL predicts like its teacher and is far from it in logits; logit students are not."""
    rows = {row["name"]: row for row in kl_bound_table(run.real)}
    assert all(row["student_accuracy"] > 0.9 and row["vacuous"] for row in rows.values())
    kl, l2 = rows["digits: kl student"], rows["digits: l2 student"]
    assert kl["truth"] > 20 * l2["truth"]
    assert run.failures == []


class _Checker(HTMLParser):
    """Collects tags and whatever would be fetched."""

    def __init__(self):
        super().__init__()
        self.tags, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href") and value and value[0] != "#"]


def test_the_page_is_self_contained(run):
    checker = _Checker()
    page = render(run)
    checker.feed(page)
    assert checker.fetched == []
    assert "script" not in checker.tags
    assert checker.tags.count("svg") == 3
    assert "math" in checker.tags
    for theorem in run.theorems:
        assert f'id="{theorem.theorem.identifier}"' in page


def test_the_page_of_a_failure_says_so(run):
    report = run.theorems[0]
    broken = replace(report, statements=(replace(report.statements[0], held=False), *report.statements[1:]))
    failed = replace(run, theorems=(broken, *run.theorems[1:]))
    assert isinstance(failed, VerificationRun)
    assert any("T5 upper_bound" in line for line in failed.failures)
    assert "1 failure." in render(failed)


def test_every_formula_of_the_catalogue_renders():
    for theorem in theorems().values():
        for latex in [s.latex for s in theorem.statements] + [t.statement.latex for t in theorem.twins]:
            assert mathml(latex).startswith("<math"), latex


def test_numbers_are_printed_to_be_read():
    assert [number(x) for x in (None, math.nan, 0.0, math.inf, 1234.5678, 1e-7)] == [
        "–",
        "–",
        "0",
        "∞",
        "1235",
        "1.000e-07",
    ]
    assert matrix(np.arange(14.0).reshape(7, 2)).endswith("… 1 more rows")


def test_a_profile_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="profile: expected one of quick"):
        run_verification("heroic")


def test_one_input_can_be_compared():
    one = Model(F[:1], G)
    result = compare(one, one, ("a", "b"))
    assert result["measures"]["llv_distance"] is None
    assert "one input" in result["undefined"]["llv_distance"]


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


def test_many_inputs_do_not_multiply_the_subsets():
    """15,504 subsets and 10,000 inputs: what holds all inputs for every subset is declined, the rest is computed."""
    rng = np.random.default_rng(0)
    pair = Pair(*(Model(rng.standard_normal((10_000, 4)), rng.standard_normal((20, 4))) for _ in range(2)))
    found = {(g.theorem, g.statement): g for g in guarantees(pair)}
    assert found["T2", "upper_bound"].applies
    assert not found["T12", "by_logit_distance"].applies
