"""Implementations of one name on the same inputs: how far apart their numbers are, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

import theory
from reports.audit import packages
from reports.audit.adapters import Adapter, Package
from reports.audit.packages import (
    cca_zoo_linear,
    ckatorch_core,
    hyppo_independence,
    repsim_core,
    scikit_learn,
    scipy_functions,
    shesha_sim,
    statsmodels_cancorr,
)  # fmt: skip
from theory.models import Model
from theory.pairs.constructions import Shape
from theory.pairs.strata import draw
from theory.silence import quietly

_NOTHING = 1e-16
OURS = Package("logitbounds", "theory")
AGREEMENT = 1e-6
"""Relative difference between implementations of one formula that rounding explains on ordinary input."""


@dataclass(frozen=True)
class Member:
    """One implementation in a group.

    Attributes
    ----------
    package, name
        Where it is from, and the call.
    function
        Of two embeddings or models.
    formula
        What it computes, in a few words; members of one formula must agree to rounding.
    """

    package: Package
    name: str
    function: Callable[[Any, Any], Any]
    formula: str

    @property
    def label(self) -> str:
        """Package and name."""
        return f"{self.package.name}: {self.name}"


@dataclass(frozen=True)
class Group:
    """Implementations that go by one name.

    Attributes
    ----------
    name
        Of the measure.
    on
        What it compares.
    members
        The implementations.
    why
        The differences between their formulas, in words; what was read in the installed sources.
    """

    name: str
    on: Literal["embeddings", "models"]
    members: tuple[Member, ...]
    why: str


@dataclass(frozen=True)
class Answer:
    """What a member said on an input: a finite number, or what happened instead."""

    value: float | None
    seen: str


@dataclass(frozen=True)
class Spread:
    """The largest relative difference, |u - v| / max(|u|, |v|), between two members on one input.

    Two values below 1e-16 are both taken for zero.
    """

    difference: float
    case: str
    first: str
    second: str
    values: tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """A group on all inputs.

    Attributes
    ----------
    group
        As it was run: without members whose package is not installed.
    answers
        Case -> member's label -> what it said.
    widest
        Over members of any formula, on ordinary inputs; None if there are no two numbers to compare.
    within
        Formula -> the widest over its members, on ordinary inputs.
    degenerate
        Formula -> the widest over its members on the other inputs, if any two gave numbers.
    missing
        Packages that are not installed.
    """

    group: Group
    answers: Mapping[str, Mapping[str, Answer]]
    widest: Spread | None
    within: Mapping[str, Spread]
    degenerate: Mapping[str, Spread]
    missing: tuple[str, ...] = ()

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Formulas whose implementations are further apart on ordinary input than rounding explains."""
        return tuple(formula for formula, spread in self.within.items() if spread.difference > AGREEMENT)


@dataclass(frozen=True)
class Case:
    """An input of the differential runs, and whether every implementation ought to manage it."""

    name: str
    first: Any
    second: Any
    ordinary: bool = True


# --------------------------------------------------------------------------- inputs


def embedding_cases(seed: int) -> tuple[Case, ...]:
    """Return pairs of embeddings: ordinary and correlated, off centre, uneven, wide, of low rank, tiny and huge."""
    rng = np.random.default_rng([seed, 41])
    X = rng.standard_normal((40, 6))
    Y = X @ rng.standard_normal((6, 6)) / 2 + rng.standard_normal((40, 6))
    Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    wide, repeated, constant = rng.standard_normal((8, 20)), X.copy(), X.copy()
    repeated[:, 5] = repeated[:, 0]
    constant[:, 3] = 2.0
    narrow = X @ rng.standard_normal((6, 3)) + rng.standard_normal((40, 3))
    return (
        Case("correlated, 40 x 6", X, Y),
        Case("unrelated, 40 x 6", X, rng.standard_normal((40, 6))),
        Case("off centre by 100", X + 100.0, Y),
        Case("columns of scales 1 to 1000", X * np.geomspace(1, 1e3, 6), Y),
        Case("6 and 3 columns", X, narrow),
        Case("one a rotation of the other", X, X @ Q, False),
        Case("n = 200", *(lambda A: (A, np.tanh(A @ Q)))(rng.standard_normal((200, 6)))),
        Case("scales 1e-3", X * 1e-3, Y * 1e-3),
        Case("scale 1e-6", X * 1e-6, Y * 1e-6, False),
        Case("scale 1e6", X * 1e6, Y * 1e6, False),
        Case("off centre by 1e6", X + 1e6, Y, False),
        Case("n = 8 < p = 20", wide, rng.standard_normal((8, 20)), False),
        Case("a repeated column", repeated, Y, False),
        Case("a constant column", constant, Y, False),
        Case("four rows, two columns", X[:4, :2], Y[:4, :2], False),
        Case("zeros", np.zeros((40, 6)), Y, False),
    )


def model_cases(seed: int) -> tuple[Case, ...]:
    """Return pairs of models: ordinary, sharp, nearly equal, and with probabilities that underflow."""

    def pair(number: int, scale: float = 1.0) -> tuple[Model, Model]:
        found = draw("independent", np.random.default_rng([seed, 42, number]), Shape(n=30, k=6, m=3, m2=3))
        return tuple(Model(one.embeddings * scale, one.unembeddings) for one in (found.a, found.b))  # type: ignore[return-value]

    a, b = pair(1)
    near = Model(a.embeddings * (1 + 1e-4), a.unembeddings)
    nearer = Model(a.embeddings * (1 + 1e-7), a.unembeddings)
    return (
        Case("independent", a, b),
        Case("independent, 30 x 6", *pair(2)),
        Case("nearly uniform", *pair(3, 0.01)),
        Case("apart by 1e-4", a, near, False),
        Case("apart by 1e-7", a, nearer, False),
        Case("equal", a, a, False),
        Case("sharp: logits times 30", *pair(4, 30.0), False),
        Case("probabilities that underflow: logits times 1000", *pair(5, 1000.0), False),
    )


# --------------------------------------------------------------------------- groups


def _ours(name: str, function: Callable[[Any, Any], Any], formula: str) -> Member:
    return Member(OURS, name, function, formula)


def _adapted(key: str, formula: str) -> Member:
    found = _by_key()[key]
    return Member(found.package, found.name, found.function, formula)


_ADAPTERS: dict[str, Adapter] = {}


def _by_key() -> Mapping[str, Adapter]:
    if not _ADAPTERS:
        _ADAPTERS.update({adapter.key: adapter for adapter in packages.all_adapters()})
    return _ADAPTERS


def _first(X: np.ndarray, Y: np.ndarray) -> float:
    return float(theory.canonical_correlations(X, Y)[0])


def _mean_of_least(X: np.ndarray, Y: np.ndarray) -> float:
    return float(np.mean(np.asarray(theory.canonical_correlations(X, Y))[: min(X.shape[1], Y.shape[1])]))


def _pillai(X: np.ndarray, Y: np.ndarray) -> float:
    return float(np.sum(np.asarray(theory.canonical_correlations(X, Y)) ** 2))


def _mean_root(pointwise: Callable[[Any], Any]) -> Callable[[Model, Model], float]:
    return lambda a, b: float(np.mean(np.sqrt(np.maximum(pointwise(theory.Pair(a, b)), 0.0))))


def _wasserstein_nd(X: np.ndarray, Y: np.ndarray) -> float:
    from scipy.stats import wasserstein_distance_nd

    return float(wasserstein_distance_nd(X, Y))


def groups() -> tuple[Group, ...]:
    """Return the groups: every name for which there are two implementations."""
    from theory.measures.distances import pointwise_jensen_shannon, pointwise_squared_hellinger

    biased, unbiased = "biased HSIC", "unbiased HSIC"
    rho, least = "largest correlation", "mean over min(p, q)"
    squared, root = "squared distance", "distance"
    return (
        Group(
            "Linear CKA", "embeddings",
            (
                _ours("linear_cka", theory.linear_cka, biased),
                _adapted("scikit-learn: preprocessing.KernelCenterer on linear kernels: cosine", biased),
                _adapted("repsim: cka([X, Y], 'linear', 'gretton')[0, 1]", biased),
                _adapted("ckatorch: cka_base(X, Y)", biased),
                Member(ckatorch_core.PACKAGE, "cka_base(X, Y, method='hsic')", ckatorch_core.base(method="hsic"),
                       biased),
                _adapted("rsatoolbox: rdm.compare(..., 'cosine_cov')", biased),
                _adapted("repralign: metrics.linear_cka(X, Y)", biased),
                _adapted("nngeom: representations.linear_cka(X, Y)", biased),
                _adapted("hyppo: independence.RV().statistic(X, Y)", biased),
                _adapted("shesha-geometry: sim.cka_linear(X, Y)", "biased HSIC, + 1e-12 below"),
            ),
            "One formula. Constants against division by zero show on small input: shesha adds 1e-12 to the "
            "denominator, which is of the fourth order in the scale of the data; repralign lets it not fall below "
            "1e-12, repsim lets no HSIC fall below 1e-12, and nngeom returns 0 where a norm is below 1e-12.",
        ),
        Group(
            "Unbiased (debiased) linear CKA", "embeddings",
            (
                _adapted("ckatorch: cka_base(X, Y, unbiased=True)", unbiased),
                _adapted("ckatorch: cka_batch(X, Y)", unbiased),
                _adapted("pytorch-cka: cka_from_features(X, Y)", "unbiased HSIC, cut to [0, 1]"),
                _adapted("torch-cka: CKA(model1, model2).compare(loader1, loader2)", "unbiased HSIC, single precision"),
                Member(
                    ckatorch_core.PACKAGE, "cka_base(X, Y, unbiased=True, method='hsic')",
                    ckatorch_core.base(unbiased=True, method="hsic"), biased,
                ),
                _adapted("shesha-geometry: sim.cka_debiased(X, Y)", "diagonal kept"),
                _adapted("repsim: cka([X, Y], 'linear', 'song')[0, 1]", "unbiased over biased"),
                Member(
                    repsim_core.PACKAGE, "cka([X, Y], 'linear', 'lange')[0, 1]",
                    repsim_core.call("cka", "linear", "lange"), "Lange et al. over biased",
                ),
            ),
            "The unbiased estimator leaves the diagonals of the kernels out. ckatorch does so with the default "
            "method; with method='hsic' it ignores unbiased=True and returns the biased value, although its "
            "docstring says that the method does not influence the output. shesha centres the kernels, then sums "
            "over all entries, the diagonal too, so that its value is close to the biased one. repsim divides the "
            "unbiased estimate (song), or that of Lange et al., by the root of two biased ones, so that CKA(X, X) < "
            "1 off the diagonal of its table, where 1 is written. pytorch-cka agrees where the value is not "
            "negative; torch-cka agrees to single precision while the data is centred. None of pytorch-cka, torch- "
            "cka and ckatorch's cka_batch centres the data, so that digits cancel where its mean is large.",
        ),
        Group(
            "CKA with a Gaussian kernel", "embeddings",
            (
                _adapted("repsim: cka([X, Y], 'rbf', 'gretton')[0, 1]", "2 median(d)^2"),
                Member(
                    repsim_core.PACKAGE, "cka([X, Y], 'rbf_mean', 'gretton')[0, 1]",
                    repsim_core.call("cka", "rbf_mean", "gretton"), "mean(d^2)",
                ),
                _adapted("ckatorch: cka_base(X, Y, kernel='rbf')", "2 median(d^2) with the diagonal"),
                _adapted("nngeom: representations.rbf_cka(X, Y)", "median(d^2)"),
            ),
            "The bandwidth is a choice and each makes another: the kernel is exp(-d^2 / s) with s as written.",
        ),
        Group(
            "First canonical correlation", "embeddings",
            (
                _ours("canonical_correlations[0]", _first, rho),
                Member(statsmodels_cancorr.PACKAGE, "CanCorr(X, Y).cancorr[0]",
                       lambda X, Y: statsmodels_cancorr.correlations(X, Y)[0], rho),
                Member(cca_zoo_linear.PACKAGE, "linear.CCA: largest correlation of scores",
                       lambda X, Y: np.max(cca_zoo_linear.correlations(X, Y)), rho),
                Member(scikit_learn.PACKAGE, "cross_decomposition.CCA: largest correlation of scores",
                       lambda X, Y: np.max(scikit_learn.correlations(X, Y)), "power iterations"),
                _adapted("hyppo: independence.CCA().statistic(X, Y)", "RV coefficient"),
            ),
            "hyppo documents the maximum over directions of the correlation, which is the first canonical "
            "correlation, and computes tr(S_xy S_yx) / (tr S_xx^2 tr S_yy^2)^1/2, the value of its RV and of linear "
            "CKA. scikit-learn stops its iterations at a tolerance.",
        ),
        Group(
            "Mean canonical correlation", "embeddings",
            (
                _ours("mean_cca", theory.mean_cca, "mean over max(p, q)"),
                _ours("canonical_correlations: mean of the first min(p, q)", _mean_of_least, least),
                _adapted("statsmodels: multivariate.cancorr.CanCorr(X, Y).cancorr.mean()", least),
                _adapted("cca-zoo: linear.CCA(min(p, q)).fit([X, Y]).score([X, Y])", least),
                _adapted("repsim: cca([X, Y], 'pillai')[0, 1]", least),
                _adapted("scikit-learn: cross_decomposition.CCA(min(p, q)).fit_transform(X, Y)", "power iterations"),
                _adapted("repsim: cca([X, Y], 'yanai')[0, 1]", "mean of squares"),
            ),
            "The mean is taken over min(p, q) correlations by most and over max(p, q), missing ones zero, by "
            "mean_cca here; repsim's default 'yanai' is a mean of squares. They differ most where p and q do. On "
            "input of low rank some refuse, some count the rank, some regularise.",
        ),
        Group(
            "Pillai's trace", "embeddings",
            (
                _ours("sum of canonical_correlations^2", _pillai, "sum of squares"),
                Member(statsmodels_cancorr.PACKAGE, "CanCorr(X, Y).corr_test(): Pillai's trace",
                       statsmodels_cancorr.pillai, "sum of squares"),
                _adapted("repsim: cca([X, Y], 'pillai')[0, 1]", "mean, not squared"),
            ),
            "Pillai's trace is the sum of the squared canonical correlations. repsim's 'pillai', described as "
            "Pillai's trace statistic, is the mean of the correlations themselves.",
        ),
        Group(
            "SVCCA at 99 % of the variance", "embeddings",
            (
                _ours("svcca", theory.svcca, "mean, of principal components"),
                _adapted("nngeom: representations.svcca(X, Y)", "mean, of principal components"),
                Member(repsim_core.PACKAGE, "svcca([X, Y], 'pillai')[0, 1]", repsim_core.call("svcca", "pillai"),
                       "mean, of an orthonormal basis"),
                _adapted("repsim: svcca([X, Y], 'yanai')[0, 1]", "mean of squares, of an orthonormal basis"),
            ),
            "SVCCA drops the directions of least variance before CCA. repsim replaces the columns by an orthonormal "
            "basis first, in which all directions have the same variance, so that nothing of the spectrum is left to "
            "cut by, and centres afterwards, so that a shift of the data changes what is cut. Its documentation says "
            "that each representation is centred and denoised first.",
        ),
        Group(
            "PWCCA", "embeddings",
            (
                _ours("pwcca", theory.pwcca, "weights of X"),
                _ours("mean of pwcca(X, Y) and pwcca(Y, X)",
                      lambda X, Y: (float(theory.pwcca(X, Y)) + float(theory.pwcca(Y, X))) / 2, "both directions"),
                _adapted("repsim: pwcca([X, Y])[0, 1]", "both directions"),
            ),
            "Morcos et al. weigh by one of the two; repsim averages both directions, which makes it symmetric.",
        ),
        Group(
            "Procrustes", "embeddings",
            (
                _ours("procrustes", theory.procrustes, root),
                _adapted("nngeom: representations.procrustes_distance(X, Y)", root),
                _ours("procrustes^2", lambda X, Y: float(theory.procrustes(X, Y)) ** 2, squared),
                _adapted("qc-procrustes: orthogonal(X, Y, translate=True, scale=True).error", squared),
                _adapted("qc-procrustes: rotational(X, Y, translate=True, scale=True).error", "squared, det Q = 1"),
                _adapted("scipy: spatial.procrustes(X, Y)[2]", "1 - t^2"),
                _adapted("torchmetrics: functional.shape.procrustes_disparity(X, Y)", "1 - t^2"),
                _adapted("shesha-geometry: sim.procrustes_similarity(X, Y)", "t, a similarity"),
            ),
            "All are functions of t = ||X^T Y||_*, columns centred and norms one: the distance is (2 - 2t)^1/2, its "
            "square 2 - 2t, the disparity with a free scale 1 - t^2, the similarity t. Nobody's is wrong, and they "
            "must not be put into one table.",
        ),
        Group(
            "RSA: Spearman, Euclidean distances", "embeddings",
            (
                _adapted("scipy: stats.spearmanr(pdist(X), pdist(Y))", "ranks"),
                _adapted("rsatoolbox: rdm.compare(..., 'spearman')", "ranks"),
                Member(shesha_sim.PACKAGE, "sim.rdm_similarity(X, Y, metric='euclidean')",
                       shesha_sim.call("rdm_similarity", metric="euclidean"), "ranks"),
                _adapted("rsatoolbox: rdm.compare(..., 'rho-a')", "ranks, no correction for ties"),
                _adapted("shesha-geometry: sim.rdm_similarity(X, Y)", "ranks, cosine distances (default)"),
            ),
            "Ranks do not see whether distances are squared. shesha's default is the cosine distance.",
        ),
        Group(
            "RSA: Pearson, Euclidean distances", "embeddings",
            (
                _adapted("scipy: stats.pearsonr(pdist(X), pdist(Y))", "distances"),
                Member(shesha_sim.PACKAGE, "sim.rdm_similarity(X, Y, metric='euclidean', method='pearson')",
                       shesha_sim.call("rdm_similarity", metric="euclidean", method="pearson"), "distances"),
                _adapted("rsatoolbox: rdm.compare(..., 'corr')", "squared distances"),
            ),
            "rsatoolbox's 'euclidean' RDM holds squared distances over p, as its documentation of the RDM says; a "
            "Pearson correlation sees the square.",
        ),
        Group(
            "RSA: Pearson, correlation distances", "embeddings",
            (
                _adapted("scipy: stats.pearsonr(pdist(X, 'correlation'), pdist(Y, 'correlation'))", "one formula"),
                _adapted("rsatoolbox: rdm.compare(..., 'corr') of 'correlation' RDMs", "one formula"),
                Member(shesha_sim.PACKAGE, "sim.rdm_similarity(X, Y, metric='correlation', method='pearson')",
                       shesha_sim.call("rdm_similarity", metric="correlation", method="pearson"), "one formula"),
            ),
            "One formula.",
        ),
        Group(
            "Overlap of five nearest neighbours", "embeddings",
            (
                Member(scikit_learn.PACKAGE, "neighbors.NearestNeighbors(5): |N & N'| / 5",
                       scikit_learn.neighbour_overlap, "share in common"),
                _adapted("repralign: metrics.cknna(X, Y)", "share in common"),
                _adapted("scikit-learn: neighbors.NearestNeighbors(5): |N & N'| / |N | N'|", "Jaccard index"),
            ),
            "Share in common and Jaccard index differ by their denominators. Where distances tie (repeated rows, "
            "zeros) the neighbours are whichever come first.",
        ),
        Group(
            "Distance correlation", "embeddings",
            (
                _adapted("dcor: distance_correlation(X, Y)", "root"),
                _adapted("hyppo: independence.Dcorr(bias=True).statistic(X, Y)", "root"),
                _adapted("dcor: u_distance_correlation_sqr(X, Y)", "unbiased square"),
                Member(hyppo_independence.PACKAGE, "independence.Dcorr().statistic(X, Y)",
                       hyppo_independence.call("Dcorr"), "unbiased square"),
            ),
            "The biased statistics are roots, the unbiased ones squares, in both packages. hyppo's documented "
            "formula for the biased one is without the root: its value is the square root of what is written.",
        ),
        Group(
            "Wasserstein-1 between rows", "embeddings",
            (
                Member(scipy_functions.PACKAGE, "stats.wasserstein_distance_nd(X, Y)", _wasserstein_nd,
                       "linear programming"),
                _adapted("POT: emd2([], [], dist(X, Y, 'euclidean'))", "network simplex"),
            ),
            "One number by two algorithms.",
        ),
        Group(
            "Jensen-Shannon", "models",
            (
                _ours("jensen_shannon", theory.jensen_shannon, "divergence"),
                _adapted("torchmetrics: functional.regression.jensen_shannon_divergence(p, q)", "divergence"),
                _adapted("gensim: matutils.jensen_shannon(p, q)", "divergence"),
                _adapted("scipy: spatial.distance.jensenshannon(p, q)", "mean of roots"),
                _ours("mean over inputs of the root", _mean_root(pointwise_jensen_shannon), "mean of roots"),
            ),
            "SciPy's is the distance, the root of the divergence, and says so; gensim's docstring says distance and "
            "the value is the divergence; torchmetrics's is the divergence and says so.",
        ),
        Group(
            "KL divergence", "models",
            (
                _ours("kl_divergence", theory.kl_divergence, "KL(p || q)"),
                _adapted("scipy: stats.entropy(p, q)", "KL(p || q)"),
                _adapted("gensim: matutils.kullback_leibler(p, q)", "KL(p || q)"),
                _adapted("torchmetrics: functional.regression.kl_divergence(p, q)", "KL(p || q)"),
            ),
            "One formula. The packages are given probabilities, not logits: where these round to 0 or 1 nothing that "
            "is computed from them can be right, and near p = q the sum of p log(p/q) cancels.",
        ),
        Group(
            "Hellinger distance", "models",
            (
                _ours("hellinger", theory.hellinger, "root of the mean"),
                _ours("mean over inputs of the root", _mean_root(pointwise_squared_hellinger), "mean of roots"),
                _adapted("gensim: matutils.hellinger(p, q)", "mean of roots"),
            ),
            "Of one pair of distributions they are the same; averaged over inputs, the root of a mean is at least "
            "the mean of the roots.",
        ),
    )  # fmt: skip


# --------------------------------------------------------------------------- running


def summarised(group: Group, cases: Sequence[Case], answers: Mapping[str, Mapping[str, Answer]]) -> Comparison:
    """Return how far apart the answers of a group are, on ordinary input and on the rest.

    Parameters
    ----------
    group
        Whose members are kept if they gave an answer.
    cases
        The inputs.
    answers
        By case and member.
    """
    asked = {label for row in answers.values() for label in row}
    members = tuple(member for member in group.members if member.label in asked)
    missing = {member.package.name for member in group.members if member.label not in asked}
    ordinary = [case.name for case in cases if case.ordinary]
    other = [case.name for case in cases if not case.ordinary]
    formulas: dict[str, list[str]] = {}
    for member in members:
        formulas.setdefault(member.formula, []).append(member.label)
    within = {formula: _widest(answers, ordinary, names) for formula, names in formulas.items()}
    degenerate = {formula: _widest(answers, other, names) for formula, names in formulas.items()}
    return Comparison(
        Group(group.name, group.on, members, group.why),
        answers,
        _widest(answers, ordinary, [member.label for member in members]),
        {formula: spread for formula, spread in within.items() if spread},
        {formula: spread for formula, spread in degenerate.items() if spread},
        tuple(sorted(missing)),
    )


def ask(function: Callable[[Any, Any], Any], first: Any, second: Any) -> Answer:
    """Call a measure on copies and return its value, or what happened instead."""
    copies = [
        Model(np.array(x.embeddings), np.array(x.unembeddings)) if isinstance(x, Model) else np.array(x)
        for x in (first, second)
    ]
    try:
        with quietly(errors_too=True):
            value = float(function(*copies))
    except Exception as error:  # whatever a package raises is what it says
        return Answer(None, type(error).__name__)
    return Answer(value, f"{value:.6g}") if math.isfinite(value) else Answer(None, str(value))


def _widest(answers: Mapping[str, Mapping[str, Answer]], cases: Sequence[str], labels: Sequence[str]) -> Spread | None:
    found: Spread | None = None
    for case in cases:
        for first, second in combinations(labels, 2):
            u, v = answers[case][first].value, answers[case][second].value
            if u is None or v is None:
                continue
            size = max(abs(u), abs(v))
            difference = abs(u - v) / size if size > _NOTHING else 0.0
            if found is None or difference > found.difference * (1 + 1e-9):  # the first of equals
                found = Spread(difference, case, first, second, (u, v))
    return found
