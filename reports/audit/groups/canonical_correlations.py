"""Canonical correlations: the first, their mean, the sum of their squares, SVCCA and PWCCA."""

from __future__ import annotations

import numpy as np

import theory
from reports.audit.members import Group, Member, adapted, ours
from reports.audit.packages import cca_zoo_linear, repsim_core, scikit_learn, statsmodels_cancorr

_RHO, _LEAST = "largest correlation", "mean over min(p, q)"


def _first(X: np.ndarray, Y: np.ndarray) -> float:
    return float(theory.canonical_correlations(X, Y)[0])


def _mean_of_least(X: np.ndarray, Y: np.ndarray) -> float:
    return float(np.mean(np.asarray(theory.canonical_correlations(X, Y))[: min(X.shape[1], Y.shape[1])]))


def _pillai(X: np.ndarray, Y: np.ndarray) -> float:
    return float(np.sum(np.asarray(theory.canonical_correlations(X, Y)) ** 2))


GROUPS = (
    Group(
        "First canonical correlation", "embeddings",
        (
            ours("canonical_correlations[0]", _first, _RHO),
            Member(statsmodels_cancorr.PACKAGE, "CanCorr(X, Y).cancorr[0]",
                   lambda X, Y: statsmodels_cancorr.correlations(X, Y)[0], _RHO),
            Member(cca_zoo_linear.PACKAGE, "linear.CCA: largest correlation of scores",
                   lambda X, Y: np.max(cca_zoo_linear.correlations(X, Y)), _RHO),
            Member(scikit_learn.PACKAGE, "cross_decomposition.CCA: largest correlation of scores",
                   lambda X, Y: np.max(scikit_learn.correlations(X, Y)), "power iterations"),
            adapted("hyppo: independence.CCA().statistic(X, Y)", "RV coefficient"),
        ),
        "hyppo documents the maximum over directions of the correlation, which is the first canonical "
        "correlation, and computes tr(S_xy S_yx) / (tr S_xx^2 tr S_yy^2)^1/2, the value of its RV and of linear "
        "CKA. scikit-learn stops its iterations at a tolerance.",
    ),
    Group(
        "Mean canonical correlation", "embeddings",
        (
            ours("mean_cca", theory.mean_cca, "mean over max(p, q)"),
            ours("canonical_correlations: mean of the first min(p, q)", _mean_of_least, _LEAST),
            adapted("statsmodels: multivariate.cancorr.CanCorr(X, Y).cancorr.mean()", _LEAST),
            adapted("cca-zoo: linear.CCA(min(p, q)).fit([X, Y]).score([X, Y])", _LEAST),
            adapted("repsim: cca([X, Y], 'pillai')[0, 1]", _LEAST),
            adapted("scikit-learn: cross_decomposition.CCA(min(p, q)).fit_transform(X, Y)", "power iterations"),
            adapted("repsim: cca([X, Y], 'yanai')[0, 1]", "mean of squares"),
        ),
        "The mean is taken over min(p, q) correlations by most and over max(p, q), missing ones zero, by "
        "mean_cca here; repsim's default 'yanai' is a mean of squares. They differ most where p and q do. On "
        "input of low rank some refuse, some count the rank, some regularise.",
    ),
    Group(
        "Pillai's trace", "embeddings",
        (
            ours("sum of canonical_correlations^2", _pillai, "sum of squares"),
            Member(statsmodels_cancorr.PACKAGE, "CanCorr(X, Y).corr_test(): Pillai's trace",
                   statsmodels_cancorr.pillai, "sum of squares"),
            adapted("repsim: cca([X, Y], 'pillai')[0, 1]", "mean, not squared"),
        ),
        "Pillai's trace is the sum of the squared canonical correlations. repsim's 'pillai', described as "
        "Pillai's trace statistic, is the mean of the correlations themselves.",
    ),
    Group(
        "SVCCA at 99 % of the variance", "embeddings",
        (
            ours("svcca", theory.svcca, "mean, of principal components"),
            adapted("nngeom: representations.svcca(X, Y)", "mean, of principal components"),
            Member(repsim_core.PACKAGE, "svcca([X, Y], 'pillai')[0, 1]", repsim_core.call("svcca", "pillai"),
                   "mean, of an orthonormal basis"),
            adapted("repsim: svcca([X, Y], 'yanai')[0, 1]", "mean of squares, of an orthonormal basis"),
        ),
        "SVCCA drops the directions of least variance before CCA. repsim replaces the columns by an orthonormal "
        "basis first, in which all directions have the same variance, so that nothing of the spectrum is left to "
        "cut by, and centres afterwards, so that a shift of the data changes what is cut. Its documentation says "
        "that each representation is centred and denoised first.",
    ),
    Group(
        "PWCCA", "embeddings",
        (
            ours("pwcca", theory.pwcca, "weights of X"),
            ours("mean of pwcca(X, Y) and pwcca(Y, X)",
                  lambda X, Y: (float(theory.pwcca(X, Y)) + float(theory.pwcca(Y, X))) / 2, "both directions"),
            adapted("repsim: pwcca([X, Y])[0, 1]", "both directions"),
        ),
        "Morcos et al. weigh by one of the two; repsim averages both directions, which makes it symmetric.",
    ),
)  # fmt: skip
