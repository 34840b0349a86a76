"""The audit: adapters call what they say, declared is set against found, faults and dead processes are seen."""

import json
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

import theory
from reports.audit import tables
from reports.audit.adapters import Adapter, Declaration, Package, Range, padded, said
from reports.audit.differential import AGREEMENT, Answer, Case, ask, embedding_cases, model_cases, summarised
from reports.audit.groups import all_groups
from reports.audit.json_report import as_json
from reports.audit.markdown import markdown
from reports.audit.members import OURS, Group, Member
from reports.audit.packages import all_adapters, all_packages
from reports.audit.page import write_report
from reports.audit.results import Audited, AuditRun, standing
from reports.audit.run import compare, examine, run_audit
from reports.audit.untested import UNTESTED
from tests.processes import python
from tests.reports.commands import command
from theory import InvalidInput, Model
from theory.claims import PROPERTY_NAMES
from theory.conformance import Conformance, Counterexample, PropertyResult, PropertyVerdict
from theory.conformance.inputs import model_pairs
from theory.workers import Pool

RNG = np.random.default_rng(7)
X = RNG.standard_normal((30, 4))
Y = X @ RNG.standard_normal((4, 4)) / 2 + RNG.standard_normal((30, 4))
NARROW = X @ RNG.standard_normal((4, 2)) + RNG.standard_normal((30, 2))
MODELS = next(model_pairs(3, 1))
ADAPTERS = {adapter.key: adapter for adapter in all_adapters()}
SCIPY = Package("scipy", "scipy")
NOWHERE = Package("no-such-package", "no_such_module_anywhere", "pip install no-such-package")

HOLDS, FAILS = PropertyVerdict.HOLDS, PropertyVerdict.FAILS
UNSETTLED, BESIDE = PropertyVerdict.INCONCLUSIVE, PropertyVerdict.NOT_APPLICABLE


def disparity(first, second):
    """SciPy's disparity by its formula."""
    first, second = (array - array.mean(axis=0) for array in padded(first, second))
    first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    return 1 - np.linalg.norm(first.T @ second, "nuc") ** 2


def dies_of_zeros(first, second):
    """A distance that takes the process with it on a zero matrix."""
    if not np.any(first) or not np.any(second):
        os.abort()
    return float(abs(first.sum() - second.sum()))


def uncentred_cka(first, second):
    """CKA with the centring forgotten: the planted fault."""
    cross = np.linalg.norm(first.T @ second) ** 2
    return cross / (np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second))


# --------------------------------------------------------------------------- adapters


def test_every_adapter_says_what_it_is():
    assert len(ADAPTERS) == len(all_adapters()) >= 25
    assert len(all_packages()) >= 6
    for adapter in all_adapters():
        assert adapter.definition.endswith("."), adapter.key
        assert all(sentence.words and sentence.where for sentence in adapter.declared.values()), adapter.key
        assert adapter.metric.name == adapter.key
        assert (adapter.metric.on, adapter.metric.similarity) == (adapter.on, adapter.similarity)
    assert not {one.name for one in UNTESTED} & {package.name for package in all_packages()}


def test_an_unknown_property_cannot_be_declared():
    with pytest.raises(InvalidInput, match="declared: expected names of properties, saw commutative"):
        Adapter(SCIPY, "f", disparity, "A.", declared=said("commutative", "it commutes", "docstring"))


def test_listing_the_adapters_imports_none_of_the_packages():
    modules = {package.module for package in all_packages()} | {"torch"}
    code = f"import sys, reports.audit.packages as p; p.all_adapters(); print(sorted(set(sys.modules) & {modules!r}))"
    assert python(code).stdout.strip() == "[]"


@pytest.mark.parametrize(("first", "second"), [(X, Y), (X, NARROW), (X + 50, Y * 1e-3)])
def test_scipy_procrustes_is_the_formula(first, second):
    value = ADAPTERS["scipy: spatial.procrustes(X, Y)[2]"].function(first, second)
    assert value == pytest.approx(disparity(first, second), abs=1e-12)


def test_scipy_distributions_agree_with_ours():
    a, b = MODELS
    assert ADAPTERS["scipy: stats.entropy(p, q)"].function(a, b) == pytest.approx(theory.kl_divergence(a, b))
    value = ADAPTERS["scipy: spatial.distance.jensenshannon(p, q)"].function(a, b)
    rows = [Model(a.embeddings[[i]], a.unembeddings) for i in range(a.n)]
    others = [Model(b.embeddings[[i]], b.unembeddings) for i in range(b.n)]
    roots = [math.sqrt(theory.jensen_shannon(*pair)) for pair in zip(rows, others, strict=True)]
    assert value == pytest.approx(np.mean(roots))


def test_scipy_rsa_is_a_correlation_of_distances():
    upper = np.triu_indices(len(X), 1)
    distances = [np.linalg.norm(array[:, None] - array[None], axis=-1)[upper] for array in (X, Y)]
    value = ADAPTERS["scipy: stats.pearsonr(pdist(X), pdist(Y))"].function(X, Y)
    assert value == pytest.approx(np.corrcoef(*distances)[0, 1])
    ranks = [np.argsort(np.argsort(row)) for row in distances]
    value = ADAPTERS["scipy: stats.spearmanr(pdist(X), pdist(Y))"].function(X, Y)
    assert value == pytest.approx(np.corrcoef(*ranks)[0, 1])


def test_scikit_learn_agrees_with_ours():
    kernels = ADAPTERS["scikit-learn: preprocessing.KernelCenterer on linear kernels: cosine"]
    assert kernels.function(X, NARROW) == pytest.approx(theory.linear_cka(X, NARROW), rel=1e-12)
    cca = ADAPTERS["scikit-learn: cross_decomposition.CCA(min(p, q)).fit_transform(X, Y)"]
    expected = np.mean(theory.canonical_correlations(X, NARROW)[:2])
    assert cca.function(X, NARROW) == pytest.approx(expected, rel=1e-4)


def test_scikit_learn_regression_and_neighbours_are_the_formulas():
    r2 = ADAPTERS["scikit-learn: metrics.r2_score(Y, LinearRegression().fit(X, Y).predict(X))"]
    first, second = X - X.mean(axis=0), Y - Y.mean(axis=0)
    residual = second - first @ np.linalg.lstsq(first, second, rcond=None)[0]
    expected = 1 - np.linalg.norm(residual) ** 2 / np.linalg.norm(second) ** 2
    assert r2.function(X, Y) == pytest.approx(expected)
    sets = []
    for array in (X, Y):
        distances = np.linalg.norm(array[:, None] - array[None], axis=-1) + np.diag(np.full(len(array), np.inf))
        sets.append([set(row) for row in np.argsort(distances, axis=1)[:, :5]])
    jaccard = np.mean([len(a & b) / len(a | b) for a, b in zip(*sets, strict=True)])
    value = ADAPTERS["scikit-learn: neighbors.NearestNeighbors(5): |N & N'| / |N | N'|"].function(X, Y)
    assert value == pytest.approx(jaccard)


REFERENCES = {
    "statsmodels: multivariate.cancorr.CanCorr(X, Y).cancorr.mean()": theory.mean_cca,
    "cca-zoo: linear.CCA(min(p, q)).fit([X, Y]).score([X, Y])": theory.mean_cca,
    "repsim: cka([X, Y], 'linear', 'gretton')[0, 1]": theory.linear_cka,
    "repsim: cca([X, Y], 'pillai')[0, 1]": theory.mean_cca,
    "repsim: pwcca([X, Y])[0, 1]": lambda a, b: (theory.pwcca(a, b) + theory.pwcca(b, a)) / 2,
    "rsatoolbox: rdm.compare(..., 'cosine_cov')": theory.linear_cka,
    "ckatorch: cka_base(X, Y)": theory.linear_cka,
    "shesha-geometry: sim.cka_linear(X, Y)": theory.linear_cka,
    "shesha-geometry: sim.procrustes_similarity(X, Y)": lambda a, b: 1 - theory.procrustes(a, b) ** 2 / 2,
    "repralign: metrics.linear_cka(X, Y)": theory.linear_cka,
    "nngeom: representations.linear_cka(X, Y)": theory.linear_cka,
    "nngeom: representations.svcca(X, Y)": theory.svcca,
    "nngeom: representations.procrustes_distance(X, Y)": theory.procrustes,
    "qc-procrustes: orthogonal(X, Y, translate=True, scale=True).error": lambda a, b: theory.procrustes(a, b) ** 2,
    "torchmetrics: functional.shape.procrustes_disparity(X, Y)": disparity,
    "hyppo: independence.RV().statistic(X, Y)": theory.linear_cka,
    "hyppo: independence.CCA().statistic(X, Y)": theory.linear_cka,
    "gensim: matutils.kullback_leibler(p, q)": theory.kl_divergence,
    "gensim: matutils.jensen_shannon(p, q)": theory.jensen_shannon,
    "torchmetrics: functional.regression.kl_divergence(p, q)": theory.kl_divergence,
    "torchmetrics: functional.regression.jensen_shannon_divergence(p, q)": theory.jensen_shannon,
}


@pytest.mark.parametrize("key", [key for key in ADAPTERS if not key.startswith(("scipy", "scikit-learn"))])
def test_an_adapter_of_the_extra_gives_its_number(key):
    adapter = ADAPTERS[key]
    pytest.importorskip(adapter.package.module, reason=f"{adapter.package.name} is not installed (extra 'audit')")
    first, second = (X, Y) if adapter.on == "embeddings" else MODELS
    answer = ask(adapter.function, first, second)
    assert answer.value is not None, answer.seen
    if key in REFERENCES:
        assert answer.value == pytest.approx(float(REFERENCES[key](first, second)), rel=1e-9)


def test_the_references_are_of_adapters_that_exist():
    assert set(REFERENCES) <= set(ADAPTERS)


# --------------------------------------------------------------------------- what the notes say


def test_repeating_all_rows_leaves_the_disparity_as_it_is():
    function = ADAPTERS["scipy: spatial.procrustes(X, Y)[2]"].function
    assert function(np.tile(X, (5, 1)), np.tile(Y, (5, 1))) == pytest.approx(function(X, Y))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_scipy_jensenshannon_is_nan_near_equality():
    from scipy.spatial.distance import jensenshannon

    p = np.full(5, 0.2)
    near = [p * (1 + 1e-9 * np.random.default_rng(seed).standard_normal(5)) for seed in range(50)]
    assert any(math.isnan(jensenshannon(p, q / q.sum())) for q in near)


def test_hyppo_cca_is_the_rv_coefficient():
    pytest.importorskip("hyppo", reason="hyppo is not installed (extra 'audit')")
    cca = ADAPTERS["hyppo: independence.CCA().statistic(X, Y)"].function
    assert cca(X, Y) == pytest.approx(theory.linear_cka(X, Y))
    assert abs(cca(X, Y) - theory.canonical_correlations(X, Y)[0]) > 0.05


def test_hyppo_hsic_uses_one_bandwidth_for_both():
    pytest.importorskip("hyppo", reason="hyppo is not installed (extra 'audit')")
    hsic = ADAPTERS["hyppo: independence.Hsic(bias=True).statistic(X, Y)"].function
    assert abs(hsic(X, 10 * Y) - hsic(10 * Y, X)) > 1e-3
    assert abs(hsic(X, 10 * Y) - hsic(X, Y)) > 1e-3


def test_pot_rounds_directions_to_integers_with_the_data():
    pytest.importorskip("ot", reason="POT is not installed (extra 'audit')")
    sliced = ADAPTERS["POT: sliced_wasserstein_distance(X, Y, seed=0)"].function
    whole = np.arange(12).reshape(4, 3)
    assert sliced(whole, whole + 5) == 0
    assert sliced(whole * 1.0, whole + 5.0) > 1


def test_nngeom_svcca_gives_zeros_a_value():
    pytest.importorskip("nngeom", reason="nngeom is not installed (extra 'audit')")
    assert 0 < ADAPTERS["nngeom: representations.svcca(X, Y)"].function(np.zeros_like(X), Y) < 1


def test_repsim_orthonormalises_before_it_denoises():
    pytest.importorskip("repsim", reason="repsim is not installed (it is built from source)")
    svcca, cca = (ADAPTERS[f"repsim: {name}([X, Y], 'yanai')[0, 1]"].function for name in ("svcca", "cca"))
    centred = X - X.mean(axis=0)
    uneven = centred * np.geomspace(1, 1e-3, 4)
    assert svcca(uneven, Y) == pytest.approx(cca(uneven, Y))
    assert abs(svcca(X + 100, Y) - svcca(X, Y)) > 1e-3


# --------------------------------------------------------------------------- declared and found


def _declaring(**declared):
    return Adapter(
        SCIPY, "f", disparity, "A.",
        declared={name: Declaration(holds, "words", "docstring") for name, holds in declared.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "name", "verdict", "expected"),
    [
        ({"triangle": True}, "triangle", FAILS, "over-claim"),
        ({"triangle": True}, "triangle", HOLDS, "as declared"),
        ({"triangle": True}, "triangle", UNSETTLED, "not settled"),
        ({"symmetric": False}, "symmetric", FAILS, "as declared"),
        ({"symmetric": False}, "symmetric", HOLDS, "better than declared"),
        ({"triangle": True}, "symmetric", HOLDS, "under-claim"),
        ({"triangle": True}, "symmetric", FAILS, ""),
        ({"triangle": True}, "symmetric", UNSETTLED, ""),
        ({"triangle": True}, "deterministic", HOLDS, ""),
        ({"triangle": False}, "symmetric", HOLDS, ""),
        ({}, "triangle", FAILS, ""),
        ({}, "triangle", HOLDS, ""),
        ({"triangle": True}, "triangle", BESIDE, ""),
        ({"invariant_to_affine": True}, "invariant_to_permutation", FAILS, "over-claim"),
        ({"invariant_to_affine": True}, "invariant_to_translation", HOLDS, "as declared"),
        ({"invariant_to_orthogonal": True}, "invariant_to_linear", FAILS, ""),
        ({"invariant_to_affine": False}, "invariant_to_permutation", HOLDS, ""),
    ],
)
def test_how_found_stands_to_declared(declared, name, verdict, expected):
    assert standing(_declaring(**declared), name, verdict) == expected


def test_nothing_is_a_claim_of_a_measure_that_was_not_examined():
    audited = Audited(_declaring(triangle=True), "1.0", None, why="it does not import")
    assert (audited.overclaims, audited.underclaims, audited.out_of_range) == ((), (), False)


def _audited(adapter, verdicts, scale=1.0):
    results = {
        name: PropertyResult(name, verdict, None, 1, "made up", Counterexample("u = v", {}, values))
        for name, (verdict, values) in verdicts.items()
    }
    found = Conformance("f", "embeddings", False, None, PROPERTY_NAMES, results, 0, 0.0, 1)
    return Audited(adapter, "1.0", found, scale=scale)


def test_a_violation_of_the_size_of_rounding_is_no_overclaim():
    adapter = _declaring(triangle=True, zero_on_self=True, symmetric=True)
    values = {
        "zero_on_self": (FAILS, {"D(X, X)": -3e-7}),
        "triangle": (FAILS, {"D(X, Z)": 0.5, "D(X, Y) + D(Y, Z)": 0.4}),
        "symmetric": (FAILS, {"f(X, Y)": "raised ValueError"}),
    }
    audited = _audited(adapter, values)
    assert audited.standing("zero_on_self") == "within rounding"
    assert audited.size("triangle") == pytest.approx(0.1)
    assert audited.overclaims == ("symmetric", "triangle")
    assert [tables.mark(audited, name) for name in values] == ["✗r", "✗o", "✗o"]
    beyond = _audited(_declaring(bounded_by_one=True), {"bounded_by_one": (FAILS, {"f(X, Y)": 1 + 1e-7})})
    assert beyond.size("bounded_by_one") == pytest.approx(1e-7)
    # What is small beside one measure's values is large beside another's.
    assert "zero_on_self" in _audited(adapter, values, scale=1e-7).overclaims


def test_an_overclaim_counts_once_with_its_special_cases():
    audited = _audited(
        _declaring(invariant_to_affine=True),
        {name: (FAILS, {"u": 1.0, "v": 2.0}) for name in ("invariant_to_linear", "invariant_to_affine")},
    )
    assert audited.standing("invariant_to_linear") == "over-claim"
    assert audited.overclaims == ("invariant_to_affine",)


def test_properties_that_time_ran_out_for_are_named():
    audited = _audited(_declaring(), {"symmetric": (HOLDS, {})})
    assert set(audited.unfinished) == set(PROPERTY_NAMES) - {"symmetric"}


# --------------------------------------------------------------------------- processes of their own


@pytest.mark.slow  # a process for every property
def test_a_measure_that_kills_the_interpreter_is_told_from_its_other_properties():
    adapter = Adapter(SCIPY, "dies_of_zeros", dies_of_zeros, "A.")
    with Pool(1, silent=True) as room:
        audited = examine(adapter, 8.0, 0, room)
    assert audited.found is not None
    assert audited.found["handles_degenerate"].verdict is FAILS
    assert audited.found["handles_degenerate"].message == "X of zeros: the interpreter died (SIGABRT)"
    assert audited.found["symmetric"].verdict is HOLDS
    assert set(audited.found.ran) == set(PROPERTY_NAMES)


# --------------------------------------------------------------------------- differential runs


def _group(function, formula="biased HSIC"):
    return Group(
        "Linear CKA", "embeddings",
        (Member(OURS, "linear_cka", theory.linear_cka, "biased HSIC"), Member(OURS, "planted", function, formula)),
        "One formula.",
    )  # fmt: skip


def _compared(group, cases=None):
    with Pool(1, silent=True) as room:
        return compare(group, cases or embedding_cases(0), room)


def test_a_wrong_implementation_is_found():
    found = _compared(_group(uncentred_cka))
    assert found.disagreements == ("biased HSIC",)
    spread = found.within["biased HSIC"]
    assert spread.case == "off centre by 100"
    assert spread.difference > 0.3


def test_a_right_implementation_is_not():
    found = _compared(_group(lambda first, second: theory.linear_cka(second, first)))
    assert found.disagreements == ()
    assert found.within["biased HSIC"].difference < 1e-12


def test_other_formulas_may_differ():
    found = _compared(_group(uncentred_cka, "nothing centred"))
    assert found.disagreements == ()
    assert found.widest.difference > AGREEMENT


def test_a_death_in_a_comparison_is_an_answer():
    group = _group(dies_of_zeros, "none")
    found = _compared(group, [case for case in embedding_cases(0) if case.name in ("correlated, 40 x 6", "zeros")])
    label = group.members[1].label
    assert found.answers["zeros"][label].seen == "the interpreter died (SIGABRT)"
    assert found.answers["correlated, 40 x 6"][label].value is not None


def test_nan_and_exceptions_are_answers_without_a_value():
    assert ask(lambda a, b: float("nan"), X, Y).seen == "nan"
    assert ask(lambda a, b: float("-inf"), X, Y).seen == "-inf"
    assert ask(lambda a, b: 1 / 0, X, Y).seen == "ZeroDivisionError"
    assert ask(lambda a, b: 0.25, X, Y).value == 0.25


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0.0), (1e-30, 0.0), (1e-15, 1.0), (0.5, 1.0)])
def test_what_is_taken_for_zero_does_not_differ_from_zero(value, expected):
    group = _group(lambda first, second: value)
    answers = {"one": {member.label: Answer(u, "") for member, u in zip(group.members, (0.0, value), strict=True)}}
    assert summarised(group, [Case("one", X, Y)], answers).widest.difference == expected


def test_every_group_compares_implementations_and_says_why():
    names = [group.name for group in all_groups()]
    assert len(set(names)) == len(names)
    for group in all_groups():
        labels = [member.label for member in group.members]
        assert len(set(labels)) == len(labels) >= 2, group.name
        assert group.why.endswith("."), group.name


def test_cases_depend_on_the_seed_alone():
    for cases in (embedding_cases, model_cases):
        one, same, other = cases(1), cases(1), cases(2)
        assert [case.name for case in one] == [case.name for case in other]
        first, again, different = ([_entries(case.first) for case in found] for found in (one, same, other))
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not np.array_equal(first[0], different[0])


def _entries(thing):
    return thing.embeddings if isinstance(thing, Model) else thing


# --------------------------------------------------------------------------- a run, and what is written


@pytest.fixture(scope="module")
def run():
    """A real run: SciPy's disparity with a planted over-claim and a planted range, and a planted group."""
    adapters = [
        Adapter(
            SCIPY, "spatial.procrustes | planted", ADAPTERS["scipy: spatial.procrustes(X, Y)[2]"].function,
            "A square.", declared=said("triangle", "a metric, it is said", "a made-up docstring"),
            range=Range(0.0, 0.01, "tiny", "a made-up docstring"),
        ),
        Adapter(NOWHERE, "f(X, Y)", disparity, "A."),
    ]  # fmt: skip
    return run_audit(60.0, 0, adapters=adapters, compared=[_group(uncentred_cka)])


def test_a_planted_overclaim_is_found_with_its_counterexample(run):
    (audited,) = run.measures
    assert audited.overclaims == ("triangle",)
    assert audited.version is not None
    assert audited.range.outside > 0
    assert audited.range.worst[2] > 0.01
    example = audited.found["triangle"].counterexample
    space = {"np": np}
    exec("\n".join(tables.expressions(example)), space)
    A, B, C = (space[name] for name in "XYZ")
    assert disparity(A, C) > disparity(A, B) + disparity(B, C)
    assert audited.size("triangle") > 0.01
    assert [package.name for package in run.missing] == ["no-such-package"]


def test_the_markdown_links_what_it_refutes(run):
    text = markdown(run, "logitbounds audit --markdown audit.md")
    assert "`logitbounds audit --markdown audit.md`" in text
    assert "“a metric, it is said” (a made-up docstring)" in text
    links = re.findall(r"\]\(#(counterexample-\d+)\)", text)
    assert links == ["counterexample-1"]
    assert '<a id="counterexample-1"></a>' in text
    assert "Not installed in this run: no-such-package." in text
    assert "(disagree)" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.count("|") - line.count("\\|") >= 3 for line in rows)
    assert "spatial.procrustes \\| planted" in text  # a bar in a name does not end its cell


def test_the_json_is_whole_and_without_nan(run, tmp_path):
    page = write_report(run, tmp_path, tmp_path / "more" / "copy.json")
    data = json.loads((tmp_path / "report.json").read_text(), parse_constant=lambda word: pytest.fail(word))
    assert json.loads((tmp_path / "more" / "copy.json").read_text()) == data
    assert data["schema"] == "logitbounds/audit/1"
    (measure,) = data["measures"]
    assert measure["properties"]["triangle"]["standing"] == "over-claim"
    assert measure["properties"]["triangle"]["counterexample"]["inputs"]["X"]
    assert measure["range"]["outside"] > 0
    assert measure["planned"] == list(PROPERTY_NAMES)
    assert data["differential"][0]["disagreements"] == ["biased HSIC"]
    assert data["not_installed"] == [{"package": "no-such-package", "install": "pip install no-such-package"}]
    assert "scipy" in data["versions"]
    html = page.read_text()
    assert "over-claim" in html
    for target in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{target}"' in html
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_an_infinite_range_has_no_infinity_in_json():
    found = as_json_of(Range(0.0, math.inf, "Value in range [0, +inf)", "docstring"))
    assert found["range"]["low"] == 0.0
    assert "Infinity" not in json.dumps(found, allow_nan=False, default=str)


def as_json_of(interval):
    from reports.shared.files import jsonable

    audited = Audited(Adapter(SCIPY, "f", disparity, "A.", range=interval), "1", None, why="for the test")
    return jsonable(as_json(AuditRun((audited,), (), (), 1.0, 0)))["measures"][0]


@pytest.mark.slow  # audits twice
def test_a_seed_gives_the_same_verdicts():
    adapter = ADAPTERS["scipy: spatial.procrustes(X, Y)[2]"]
    runs = [run_audit(60.0, 3, adapters=[adapter], compared=[]) for _ in range(2)]
    first, second = (
        {name: result.message for name, result in run.measures[0].found.properties.items()} for run in runs
    )
    assert first == second


def test_each_property_has_a_short_name_and_a_column():
    assert set(tables.SHORT) == set(PROPERTY_NAMES)
    assert len(set(tables.SHORT.values())) == len(PROPERTY_NAMES)
    assert set(tables.columns("embeddings")) | set(tables.columns("models")) == set(PROPERTY_NAMES)


def test_small_violations_are_called_small():
    assert tables.size_in_words(3e-8).startswith("3.0e-08 (of the size of single precision")
    assert tables.size_in_words(0.2) == "2.0e-01"
    assert tables.size_in_words(None) == ""


# --------------------------------------------------------------------------- unusable input, and the command


def test_what_is_not_installed_is_a_message():
    with pytest.raises(InvalidInput, match=r"nothing to audit is installed \(no-such-package\).*logitbounds\[audit\]"):
        run_audit(1.0, adapters=[Adapter(NOWHERE, "f", disparity, "A.")])
    with pytest.raises(InvalidInput, match=r"pip install no-such-package"):
        run_audit(1.0, only="no-such-package", adapters=[Adapter(NOWHERE, "f", disparity, "A.")])
    with pytest.raises(InvalidInput, match=r"--only: expected one of scipy, .*, saw 'sciPie'"):
        run_audit(1.0, only="sciPie")


@pytest.mark.slow  # six measures have a second each
def test_the_command_writes_all_it_says(tmp_path):
    page = tmp_path / "docs" / "page.md"
    result = command(
        "audit",
        "--only", "scipy", "--budget", "1", "--out", tmp_path / "out", "--json", tmp_path / "copy.json",
        "--markdown", page,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "6 measures of 1 packages" in result.stdout
    assert (tmp_path / "out" / "index.html").exists()
    data = json.loads((tmp_path / "copy.json").read_text())
    assert data == json.loads((tmp_path / "out" / "report.json").read_text())
    assert {one["package"] for one in data["measures"]} == {"scipy"}
    assert f"logitbounds audit --budget 1 --seed 0 --only scipy --markdown {page}" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--budget", "0"), "--budget: expected a positive number, saw 0.0"),
        (("--budget", "inf"), "--budget"),
        (("--seed", "-1"), "--seed"),
        (("--only", "nothing"), "--only: expected one of scipy"),
        (("--json", "/"), "--json: expected the name of a file"),
        (("--markdown", "/"), "--markdown: expected the name of a file"),
    ],
)
def test_unusable_input_is_one_line(arguments, complaint, tmp_path):
    result = command("audit", *arguments, "--out", tmp_path)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


# --------------------------------------------------------------------------- the committed page


def test_the_committed_page_names_every_measure_and_every_group():
    text = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8").replace("\\|", "|")
    for adapter in all_adapters():
        assert f"`{adapter.name}`" in text, adapter.key
        assert adapter.definition in text, adapter.key
    for group in all_groups():
        assert f"### {group.name}" in text
        assert group.why in text, group.name
    for adapter in all_adapters():
        assert adapter.note in text, adapter.key
    for one in UNTESTED:
        assert one.why in text, one.name
