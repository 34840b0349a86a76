"""Two saved models side by side: the library's measures, and every guarantee with both sides or a reason."""

import json

import numpy as np
import pytest

from reports.compare.run import compare, measures
from theory import (
    InvalidInput,
    Model,
    Pair,
    certified_agreement,
    certified_embeddings,
    kl_divergence,
    squared_fisher_distance,
    squared_logit_distance,
)
from theory.catalogue.examples import small_kl
from theory.guarantees import guarantees
from theory.measures.registry import MEASURES

RNG = np.random.default_rng(0)
F, G = RNG.standard_normal((7, 2)), RNG.standard_normal((5, 2))
F2, G2 = F + 0.1 * RNG.standard_normal((7, 2)), G + 0.1 * RNG.standard_normal((5, 2))


def test_measures_are_the_library_s():
    pair = Pair(Model(F, G), Model(F2, G2))
    found = measures(pair)
    assert found["kl_divergence"] == kl_divergence(pair.a, pair.b)
    assert found["logit_distance"] ** 2 == pytest.approx(squared_logit_distance(pair.a, pair.b))
    assert found["renyi_2"] >= found["kl_divergence"] > 0
    assert found["logit_distance_inf"] <= found["logit_distance_1"]


def test_all_that_the_registry_marks_is_compared_and_nothing_else():
    pair = Pair(Model(F, G), Model(F2, G2))
    found = measures(pair)
    names = [
        [name] if measure.kind != "model" or measure.of_both else [f"{name}_a", f"{name}_b"]
        for name, measure in MEASURES.items()
        if measure.compared
    ]
    assert list(found) == [name for group in names for name in group]
    assert (found["diversity_a"], found["diversity_b"]) == (pair.a.diversity, pair.b.diversity)
    assert found["log_min_probability"] == pair.log_min_probability
    assert found["kl_divergence_reversed"] == kl_divergence(pair.b, pair.a)


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


def test_what_is_certain_stands_first_and_everything_is_there():
    pair = Pair(Model(F, G), Model(F2, G2))
    result = compare(pair.a, pair.b, ("a", "b"))
    assert list(result)[3:5] == ["answer", "certificates"]
    found = {one["measure"]: one for one in result["certificates"]}
    assert found["certified_agreement"]["bound"] == certified_agreement(pair.a, pair.b)
    assert found["certified_embeddings"]["bound"] == certified_embeddings(pair.a, pair.b)
    assert found["squared_clipped_distance_1e-2"]["bound"] == 200 * kl_divergence(pair.a, pair.b)
    assert found["squared_fisher_distance"]["truth"] == squared_fisher_distance(pair.a, pair.b)
    names = [(g["theorem"], g["statement"]) for g in result["guarantees"]]
    assert sorted(names) == sorted((g.theorem, g.statement) for g in guarantees(pair))
    worth = [("say" if g["vacuous"] is False else "vacuous") for g in result["guarantees"] if g["vacuous"] is not None]
    assert worth == sorted(worth)
    assert result["vacuous"]["count"] == worth.count("vacuous") > 0
    for one in result["certificates"]:
        if one["bound"] is not None:
            low, high = (one["bound"], one["truth"]) if one["at_least"] else (one["truth"], one["bound"])
            assert low <= high * (1 + 1e-9)


def test_more_inputs_than_matrices_can_be_decomposed_for_are_certified_all_the_same():
    rng = np.random.default_rng(0)
    f, g = rng.standard_normal((20_000, 6)) * 3, rng.standard_normal((20, 6))
    pair = Pair(Model(f, g), Model(f + 0.01 * rng.standard_normal(f.shape), g))
    found = {(g.theorem, g.statement): g for g in guarantees(pair)}
    assert "decomposes 20000 matrices of shape (20, 6)" in found["T16", "single_map"].reason
    assert found["T16", "teacher_only"].applies
    assert 0 < measures(pair)["certified_embeddings"] <= measures(pair)["near_embeddings"] <= 1


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


def test_one_input_can_be_compared():
    one = Model(F[:1], G)
    result = compare(one, one, ("a", "b"))
    assert result["measures"]["llv_distance"] is None
    assert "one input" in result["undefined"]["llv_distance"]


def test_many_inputs_do_not_multiply_the_subsets():
    """15,504 subsets and 10,000 inputs: what holds all inputs for every subset is declined, the rest is computed."""
    rng = np.random.default_rng(0)
    pair = Pair(*(Model(rng.standard_normal((10_000, 4)), rng.standard_normal((20, 4))) for _ in range(2)))
    found = {(g.theorem, g.statement): g for g in guarantees(pair)}
    assert found["T2", "upper_bound"].applies
    assert not found["T12", "by_logit_distance"].applies
