"""pytorch-cka (imported as `cka`): CKA of extracted features."""

from __future__ import annotations

import numpy as np

from reports.audit.adapters import Adapter, Package, tensors

PACKAGE = Package("pytorch-cka", "cka")


def from_features(X: np.ndarray, Y: np.ndarray) -> float:
    """Call `cka.cka_from_features`."""
    from cka import cka_from_features

    return float(cka_from_features(*tensors(X, Y))[0, 0])


ADAPTERS = (
    Adapter(
        PACKAGE, "cka_from_features(X, Y)", from_features,
        "Linear CKA with the unbiased HSIC, values below 0 set to 0 and above 1 to 1; refuses n <= 3.",
        similarity=True,
        note="The data is not centred first, so that an offset that is large beside the spread costs the value its "
        "digits.",
    ),
)  # fmt: skip
