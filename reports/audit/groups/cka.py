"""CKA: linear, without bias, and with a Gaussian kernel."""

from __future__ import annotations

import theory
from reports.audit.members import Group, Member, adapted, ours
from reports.audit.packages import ckatorch_core, repsim_core

_BIASED, _UNBIASED = "biased HSIC", "unbiased HSIC"

GROUPS = (
    Group(
        "Linear CKA", "embeddings",
        (
            ours("linear_cka", theory.linear_cka, _BIASED),
            adapted("scikit-learn: preprocessing.KernelCenterer on linear kernels: cosine", _BIASED),
            adapted("repsim: cka([X, Y], 'linear', 'gretton')[0, 1]", _BIASED),
            adapted("ckatorch: cka_base(X, Y)", _BIASED),
            Member(ckatorch_core.PACKAGE, "cka_base(X, Y, method='hsic')", ckatorch_core.base(method="hsic"),
                   _BIASED),
            adapted("rsatoolbox: rdm.compare(..., 'cosine_cov')", _BIASED),
            adapted("repralign: metrics.linear_cka(X, Y)", _BIASED),
            adapted("nngeom: representations.linear_cka(X, Y)", _BIASED),
            adapted("hyppo: independence.RV().statistic(X, Y)", _BIASED),
            adapted("shesha-geometry: sim.cka_linear(X, Y)", "biased HSIC, + 1e-12 below"),
        ),
        "One formula. Constants against division by zero show on small input: shesha adds 1e-12 to the "
        "denominator, which is of the fourth order in the scale of the data; repralign lets it not fall below "
        "1e-12, repsim lets no HSIC fall below 1e-12, and nngeom returns 0 where a norm is below 1e-12.",
    ),
    Group(
        "Unbiased (debiased) linear CKA", "embeddings",
        (
            adapted("ckatorch: cka_base(X, Y, unbiased=True)", _UNBIASED),
            adapted("ckatorch: cka_batch(X, Y)", _UNBIASED),
            adapted("pytorch-cka: cka_from_features(X, Y)", "unbiased HSIC, cut to [0, 1]"),
            adapted("torch-cka: CKA(model1, model2).compare(loader1, loader2)", "unbiased HSIC, single precision"),
            Member(
                ckatorch_core.PACKAGE, "cka_base(X, Y, unbiased=True, method='hsic')",
                ckatorch_core.base(unbiased=True, method="hsic"), _BIASED,
            ),
            adapted("shesha-geometry: sim.cka_debiased(X, Y)", "diagonal kept"),
            adapted("repsim: cka([X, Y], 'linear', 'song')[0, 1]", "unbiased over biased"),
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
            adapted("repsim: cka([X, Y], 'rbf', 'gretton')[0, 1]", "2 median(d)^2"),
            Member(
                repsim_core.PACKAGE, "cka([X, Y], 'rbf_mean', 'gretton')[0, 1]",
                repsim_core.call("cka", "rbf_mean", "gretton"), "mean(d^2)",
            ),
            adapted("ckatorch: cka_base(X, Y, kernel='rbf')", "2 median(d^2) with the diagonal"),
            adapted("nngeom: representations.rbf_cka(X, Y)", "median(d^2)"),
        ),
        "The bandwidth is a choice and each makes another: the kernel is exp(-d^2 / s) with s as written.",
    ),
)  # fmt: skip
