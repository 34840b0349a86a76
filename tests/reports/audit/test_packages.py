"""Adapters call what they say: each gives the number of its formula, and does what its note says of it."""

import math

import numpy as np
import pytest

import theory
from reports.audit.differential import ask
from tests.reports.audit.measured import (
    ADAPTERS,
    MODELS,
    NARROW,
    X,
    Y,
    disparity,
)
from theory import Model


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
