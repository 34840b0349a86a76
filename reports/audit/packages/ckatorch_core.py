"""ckatorch: CKA of two torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package, Range, said, tensors

PACKAGE = Package("ckatorch", "ckatorch")
_WORDS = "a float tensor in [0, 1]"


def base(**options: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return `cka_base` with options."""

    def measure(X: np.ndarray, Y: np.ndarray) -> float:
        from ckatorch import cka_base

        return float(cka_base(*tensors(X, Y), **options))

    return measure


def batch(X: np.ndarray, Y: np.ndarray) -> float:
    """Call `cka_batch` on one batch."""
    from ckatorch import cka_batch

    first, second = tensors(X, Y)
    return float(cka_batch(first[None], second[None]))


_DECLARED = said("bounded_by_one", _WORDS, "docstring, Returns")
_RANGE = Range(0.0, 1.0, _WORDS, "docstring, Returns")

ADAPTERS = (
    Adapter(
        PACKAGE, "cka_base(X, Y)", base(), "Linear CKA with the biased HSIC, kernels centred.", similarity=True,
        declared=_DECLARED, range=_RANGE,
    ),
    Adapter(
        PACKAGE, "cka_base(X, Y, unbiased=True)", base(unbiased=True),
        "Linear CKA with the unbiased HSIC (kernels centred by U-centring); negative for unlike inputs.",
        similarity=True, declared=_DECLARED, range=_RANGE,
        note="Below 0 for unlike inputs, as an unbiased estimate must be. With method='hsic' unbiased=True is ignored, "
        "although the docstring says that the method does not influence the output.",
    ),
    Adapter(
        PACKAGE, "cka_batch(X, Y)", batch,
        "The same by the sum of Song et al., as used on minibatches, here on a single batch.", similarity=True,
        declared=_DECLARED, range=_RANGE,
    ),
    Adapter(
        PACKAGE, "cka_base(X, Y, kernel='rbf')", base(kernel="rbf"),
        "CKA with exp(-d^2 / (2 median(d^2))), the median over all n^2 pairs, the n zeros among them.",
        similarity=True, declared=_DECLARED, range=_RANGE,
    ),
)  # fmt: skip
