"""Representational similarity analysis: correlations between matrices of dissimilarities."""

from __future__ import annotations

from reports.audit.members import Group, Member, adapted
from reports.audit.packages import shesha_sim

GROUPS = (
    Group(
        "RSA: Spearman, Euclidean distances", "embeddings",
        (
            adapted("scipy: stats.spearmanr(pdist(X), pdist(Y))", "ranks"),
            adapted("rsatoolbox: rdm.compare(..., 'spearman')", "ranks"),
            Member(shesha_sim.PACKAGE, "sim.rdm_similarity(X, Y, metric='euclidean')",
                   shesha_sim.call("rdm_similarity", metric="euclidean"), "ranks"),
            adapted("rsatoolbox: rdm.compare(..., 'rho-a')", "ranks, no correction for ties"),
            adapted("shesha-geometry: sim.rdm_similarity(X, Y)", "ranks, cosine distances (default)"),
        ),
        "Ranks do not see whether distances are squared. shesha's default is the cosine distance.",
    ),
    Group(
        "RSA: Pearson, Euclidean distances", "embeddings",
        (
            adapted("scipy: stats.pearsonr(pdist(X), pdist(Y))", "distances"),
            Member(shesha_sim.PACKAGE, "sim.rdm_similarity(X, Y, metric='euclidean', method='pearson')",
                   shesha_sim.call("rdm_similarity", metric="euclidean", method="pearson"), "distances"),
            adapted("rsatoolbox: rdm.compare(..., 'corr')", "squared distances"),
        ),
        "rsatoolbox's 'euclidean' RDM holds squared distances over p, as its documentation of the RDM says; a "
        "Pearson correlation sees the square.",
    ),
    Group(
        "RSA: Pearson, correlation distances", "embeddings",
        (
            adapted("scipy: stats.pearsonr(pdist(X, 'correlation'), pdist(Y, 'correlation'))", "one formula"),
            adapted("rsatoolbox: rdm.compare(..., 'corr') of 'correlation' RDMs", "one formula"),
            Member(shesha_sim.PACKAGE, "sim.rdm_similarity(X, Y, metric='correlation', method='pearson')",
                   shesha_sim.call("rdm_similarity", metric="correlation", method="pearson"), "one formula"),
        ),
        "One formula.",
    ),
)  # fmt: skip
