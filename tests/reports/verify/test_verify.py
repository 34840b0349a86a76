"""Files, comparison, the page and the JSON: whole or not at all, no NaN, and every door validated."""

import json
import math
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from reports.compare.run import compare, measures
from reports.shared.files import jsonable
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


@pytest.mark.slow  # verifies two theorems and trains on digits
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


@pytest.mark.slow  # verifies two theorems and trains on digits
def test_counterexamples_in_the_json_can_be_rebuilt(run):
    entry = as_json(run)["theorems"][1]
    twin = next(t for t in entry["twins"] if t["name"] == "eighth")
    models = [Model(**{k: np.asarray(v) for k, v in twin["counterexample"][name].items()}) for name in "ab"]
    assert kl_divergence(*models) > squared_logit_distance(*models) / 8
    assert twin["lhs"][0] > twin["rhs"][1]


@pytest.mark.slow  # verifies two theorems and trains on digits
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


@pytest.mark.slow  # verifies two theorems and trains on digits
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


@pytest.mark.slow  # verifies two theorems and trains on digits
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


def test_many_inputs_do_not_multiply_the_subsets():
    """15,504 subsets and 10,000 inputs: what holds all inputs for every subset is declined, the rest is computed."""
    rng = np.random.default_rng(0)
    pair = Pair(*(Model(rng.standard_normal((10_000, 4)), rng.standard_normal((20, 4))) for _ in range(2)))
    found = {(g.theorem, g.statement): g for g in guarantees(pair)}
    assert found["T2", "upper_bound"].applies
    assert not found["T12", "by_logit_distance"].applies
