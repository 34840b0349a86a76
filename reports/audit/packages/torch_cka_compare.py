"""torch-cka (imported as `torch_cka`): CKA of the layers of two networks, here of one identity layer each."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports.audit.adapters import Adapter, Package

PACKAGE = Package("torch-cka", "torch_cka")


def of_identities(X: np.ndarray, Y: np.ndarray) -> float:
    """Compare two networks that return their input, on one batch with all rows."""
    import torch
    from torch_cka import CKA

    batches: list[Any] = []
    for array in (X, Y):
        data = torch.utils.data.TensorDataset(torch.from_numpy(np.array(array, dtype=np.float32)))
        own = torch.Generator()  # or the loader would draw from the global one
        batches.append(torch.utils.data.DataLoader(data, batch_size=len(array), generator=own))
    networks = (torch.nn.Sequential(torch.nn.Identity()) for _ in range(2))
    cka = CKA(*networks, model1_layers=["0"], model2_layers=["0"], device="cpu")
    cka.compare(*batches)
    return float(cka.export()["CKA"][0, 0])


ADAPTERS = (
    Adapter(
        PACKAGE, "CKA(model1, model2).compare(loader1, loader2)", of_identities,
        "Linear CKA with the unbiased HSIC, in single precision: tensors in double precision are refused.",
        similarity=True, single=True,
    ),
)  # fmt: skip
