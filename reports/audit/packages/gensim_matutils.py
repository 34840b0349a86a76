"""gensim: distances between distributions."""

from __future__ import annotations

import math
from collections.abc import Callable

from reports.audit.adapters import Adapter, Package, Range, mean_over_inputs, said
from theory.models import Model

PACKAGE = Package("gensim", "gensim")


def call(function: str) -> Callable[[Model, Model], float]:
    """Return a function of `gensim.matutils`, averaged over inputs."""

    def measure(a: Model, b: Model) -> float:
        from gensim import matutils

        return mean_over_inputs(getattr(matutils, function), a, b)

    measure.__name__ = function
    return measure


ADAPTERS = (
    Adapter(
        PACKAGE, "matutils.kullback_leibler(p, q)", call("kullback_leibler"), "Mean over inputs of KL(p || q) in nats.",
        on="models", declared=said("nonnegative", "Value in range [0, +inf)", "docstring, Returns"),
        range=Range(0.0, math.inf, "Value in range [0, +inf)", "docstring, Returns"),
    ),
    Adapter(
        PACKAGE, "matutils.jensen_shannon(p, q)", call("jensen_shannon"),
        "Mean over inputs of (KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2: the divergence, without a root, although "
        "the docstring calls it a distance.", on="models",
        declared=said("symmetric", 'This is a symmetric and finite "version" of kullback_leibler', "docstring, Notes"),
    ),
    Adapter(
        PACKAGE, "matutils.hellinger(p, q)", call("hellinger"),
        "Mean over inputs of (sum (p^1/2 - q^1/2)^2 / 2)^1/2.", on="models",
        declared=said("bounded_by_one", "Value in range [0, 1]", "docstring, Returns"),
        range=Range(0.0, 1.0, "Value in range [0, 1]", "docstring, Returns"),
    ),
)  # fmt: skip
