"""Small builders shared by the tests."""

import numpy as np
import torch

import theory.arithmetic.balls as balls
from theory import Model

ARITHMETICS = ("numpy", "batch", "torch", "torch batch", "balls")


def in_arithmetic(arithmetic, *arrays):
    """The same arrays as a NumPy array, a batch of two, a tensor, a batch of tensors or balls."""
    if arithmetic == "balls":
        return [balls.asarray(np.asarray(x)) for x in arrays]
    if "batch" in arithmetic:
        arrays = [np.stack([x, 2 * x]) for x in arrays]
    return [torch.tensor(x) for x in arrays] if "torch" in arithmetic else list(arrays)


def models(arithmetic, a, b):
    """Two models, given as pairs of arrays, in an arithmetic."""
    f, g, f2, g2 = in_arithmetic(arithmetic, *a, *b)
    return Model(f, g), Model(f2, g2)


def first_float(value):
    """The float of a result in any arithmetic: of a batch, its first element."""
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    item = np.asarray(value).reshape(-1)[0]
    return float(item)
