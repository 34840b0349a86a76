"""What audits of tests measure with, and on what: a formula, one that is wrong, one that kills, and plain inputs."""

import os

import numpy as np

import theory
from reports.audit.adapters import Adapter, Declaration, Package, padded
from reports.audit.members import OURS, Group, Member
from reports.audit.packages import all_adapters
from theory.conformance import PropertyVerdict
from theory.conformance.inputs import model_pairs

RNG = np.random.default_rng(7)
X = RNG.standard_normal((30, 4))
Y = X @ RNG.standard_normal((4, 4)) / 2 + RNG.standard_normal((30, 4))
NARROW = X @ RNG.standard_normal((4, 2)) + RNG.standard_normal((30, 2))
MODELS = next(model_pairs(3, 1))
ADAPTERS = {adapter.key: adapter for adapter in all_adapters()}
SCIPY = Package("scipy", "scipy")
NOWHERE = Package("no-such-package", "no_such_module_anywhere", "pip install no-such-package")

HOLDS, FAILS = PropertyVerdict.HOLDS, PropertyVerdict.FAILS
UNSETTLED, BESIDE = PropertyVerdict.INCONCLUSIVE, PropertyVerdict.NOT_APPLICABLE


def disparity(first, second):
    """SciPy's disparity by its formula."""
    first, second = (array - array.mean(axis=0) for array in padded(first, second))
    first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    return 1 - np.linalg.norm(first.T @ second, "nuc") ** 2


def dies_of_zeros(first, second):
    """A distance that takes the process with it on a zero matrix."""
    if not np.any(first) or not np.any(second):
        os.abort()
    return float(abs(first.sum() - second.sum()))


def uncentred_cka(first, second):
    """CKA with the centring forgotten: the planted fault."""
    cross = np.linalg.norm(first.T @ second) ** 2
    return cross / (np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second))


def group_with(function, formula="biased HSIC"):
    """Return our CKA beside another function that is said to be it."""
    return Group(
        "Linear CKA", "embeddings",
        (Member(OURS, "linear_cka", theory.linear_cka, "biased HSIC"), Member(OURS, "planted", function, formula)),
        "One formula.",
    )  # fmt: skip


def declaring(**declared):
    """Return an adapter that declares what holds and what does not."""
    return Adapter(
        SCIPY, "f", disparity, "A.",
        declared={name: Declaration(holds, "words", "docstring") for name, holds in declared.items()},
    )  # fmt: skip
