"""Files, comparison, the page and the JSON: whole or not at all, no NaN, and every door validated."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from reports.shared.certificates import percent
from reports.shared.files import jsonable
from reports.shared.rendering import at_least
from reports.verify.command import print_trained
from reports.verify.page import certain_table, kl_bound_table, render
from reports.verify.run import VerificationRun, as_json, run_verification
from theory import (
    InvalidInput,
    Model,
    certified_agreement,
    kl_divergence,
    squared_logit_distance,
    top_label_agreement,
)
from theory.catalogue import theorems
from theory.search.verification import PROFILES, verify_theorem
from theory.statements import Hypothesis

RNG = np.random.default_rng(0)
F, G = RNG.standard_normal((7, 2)), RNG.standard_normal((5, 2))
F2, G2 = F + 0.1 * RNG.standard_normal((7, 2)), G + 0.1 * RNG.standard_normal((5, 2))


@pytest.fixture(scope="module")
def run():
    """A real run of two theorems, with the models trained on digits."""
    chosen = {name: theorems()[name] for name in ("T5", "T6")}
    return run_verification("quick", 0, workers=2, catalogue=chosen)


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
        assert entry["evidence"] == "formal"
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


@pytest.mark.slow  # verifies two theorems and trains on digits
def test_what_is_certain_of_trained_models_is_said_first_and_nothing_of_the_kl_student_s_embedding(run):
    kl, l1, l2 = run.real
    plain = "nothing certifies this embedding"
    assert [plain in " ".join(model.answer) for model in (kl, l1, l2)] == [True, False, False]
    rows = dict(certain_table(run.real))
    bound, truth = rows["inputs with the same top label"][0]
    assert bound == f"≥ {at_least(100 * certified_agreement(kl.pair.a, kl.pair.b))} %"
    assert truth == percent(top_label_agreement(kl.pair.a, kl.pair.b))
    assert all(bound for bound, _ in rows["Fisher distance E Var_p(Δ), bound (2 + R) KL"])
    assert rows["inputs with near embeddings, after A*"][0][0] == "≥ 0 %"
    assert "squared distance clipped at 1e-6, bound 2 KL/1e-6" not in rows  # vacuous on all three
    page = render(run)
    places = [
        page.index(words) for words in ("What is certain", plain, "same top label", "bound 2 KL/τ", "vacuous, no")
    ]
    assert places == sorted(places)
    entry = as_json(run)["real_models"][0]
    assert plain in " ".join(entry["answer"])
    assert "orders of magnitude" in entry["vacuous"]
    assert {one["measure"] for one in entry["certificates"]} > {"certified_agreement", "certified_embeddings"}
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry


@pytest.mark.slow  # verifies two theorems and trains on digits
def test_the_terminal_says_it_too(run, capsys):
    print_trained(Console(width=200), run)
    printed = capsys.readouterr().out
    assert printed.index("inputs with the same top label") < printed.index("d_logit² by the floor τ")
    assert printed.count("nothing certifies this embedding") == 1
    orders = kl_bound_table(run.real)[0]["orders"]
    assert f"T5 is off by {orders:.0f} orders of magnitude" in printed


def test_a_statement_that_coq_no_longer_vouches_for_is_a_failure():
    run = VerificationRun("quick", 0, 0.0, (), (), {}, outdated=("T6 upper_bound",))
    assert run.failures == ["T6 upper_bound: changed since Coq accepted it (make formal)"]


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
    report, main = run.theorems[0], run.theorems[0].statements[0]
    undecided = replace(
        main, outcome=replace(main.outcome, verdict="inconclusive", message="2 pairs seem to violate it")
    )
    broken = replace(report, statements=(undecided, *report.statements[1:]))
    failed = replace(run, theorems=(broken, *run.theorems[1:]))
    assert isinstance(failed, VerificationRun)
    assert "T5 upper_bound: 2 pairs seem to violate it" in failed.failures
    assert "1 failure." in render(failed)


def test_a_profile_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="profile: expected one of quick"):
        run_verification("heroic")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"constant": lambda pair: 0.24, "sharp": ()}, "refuted by "),
        ({"constant": lambda pair: 0.26}, "the constant is not attained: "),
        ({"hypotheses": (Hypothesis("never", "0 > 1", lambda pair: -1.0 + 0.0 * pair.log_min_probability),)},
         "the claim applied to none of "),
    ],
    ids=["refuted", "loose", "empty"],
)  # fmt: skip
def test_a_statement_that_failed_says_why(changes, why):
    theorem = theorems()["T6"]
    broken = replace(theorem, statements=(replace(theorem.main, **changes),), twins=(), known_answers=())
    run = VerificationRun("quick", 0, 1.0, (verify_theorem(broken, PROFILES["quick"]),), (), {})
    (line,) = run.failures
    assert line.startswith(f"T6 upper_bound: {why}")
    entry = as_json(run)["theorems"][0]
    assert entry["held"] is entry["statements"][0]["held"] is False
    assert json.loads(json.dumps(jsonable(as_json(run)), allow_nan=False))
    if why == "refuted by ":
        assert entry["statements"][0]["lhs"][0] > entry["statements"][0]["rhs"][1]
        assert entry["statements"][0]["refutation"] in ("ball", "exact")
