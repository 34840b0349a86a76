"""Divergences between conditional distributions, averaged over inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import theory
from reports.audit.members import Group, adapted, ours
from theory.measures.distances import pointwise_jensen_shannon, pointwise_squared_hellinger
from theory.models import Model


def _mean_root(pointwise: Callable[[Any], Any]) -> Callable[[Model, Model], float]:
    return lambda a, b: float(np.mean(np.sqrt(np.maximum(pointwise(theory.Pair(a, b)), 0.0))))


GROUPS = (
    Group(
        "Jensen-Shannon", "models",
        (
            ours("jensen_shannon", theory.jensen_shannon, "divergence"),
            adapted("torchmetrics: functional.regression.jensen_shannon_divergence(p, q)", "divergence"),
            adapted("gensim: matutils.jensen_shannon(p, q)", "divergence"),
            adapted("scipy: spatial.distance.jensenshannon(p, q)", "mean of roots"),
            ours("mean over inputs of the root", _mean_root(pointwise_jensen_shannon), "mean of roots"),
        ),
        "SciPy's is the distance, the root of the divergence, and says so; gensim's docstring says distance and "
        "the value is the divergence; torchmetrics's is the divergence and says so.",
    ),
    Group(
        "KL divergence", "models",
        (
            ours("kl_divergence", theory.kl_divergence, "KL(p || q)"),
            adapted("scipy: stats.entropy(p, q)", "KL(p || q)"),
            adapted("gensim: matutils.kullback_leibler(p, q)", "KL(p || q)"),
            adapted("torchmetrics: functional.regression.kl_divergence(p, q)", "KL(p || q)"),
        ),
        "One formula. The packages are given probabilities, not logits: where these round to 0 or 1 nothing that "
        "is computed from them can be right, and near p = q the sum of p log(p/q) cancels.",
    ),
    Group(
        "Hellinger distance", "models",
        (
            ours("hellinger", theory.hellinger, "root of the mean"),
            ours("mean over inputs of the root", _mean_root(pointwise_squared_hellinger), "mean of roots"),
            adapted("gensim: matutils.hellinger(p, q)", "mean of roots"),
        ),
        "Of one pair of distributions they are the same; averaged over inputs, the root of a mean is at least "
        "the mean of the roots.",
    ),
)  # fmt: skip
