"""Facts on singular values: discharged, their wrong variants rejected, and their letters those of actual matrices."""

import numpy as np
import pytest

from theory.proofs import matrices
from theory.proofs.steps import Status

FACTS = {
    make.__name__: make()
    for make in (
        matrices.smallest_singular_value,
        matrices.largest_singular_value,
        matrices.largest_eigenvalue,
        matrices.largest_of_the_inverse,
        matrices.attained,
        matrices.triangle,
        matrices.trace_by_nuclear_norm,
        matrices.ky_fan,
        matrices.ky_fan_below,
        matrices.monotone_trace,
        matrices.summation_by_parts,
    )
}


@pytest.mark.parametrize("name", FACTS)
def test_each_is_proved_and_no_wrong_variant_is(name):
    assert FACTS[name].discharged().status is Status.PROVED
    variants = list(FACTS[name].perturbed())
    assert len(variants) >= 3
    for change, variant in variants:
        assert variant.discharged().status is Status.NOT_PROVED, change


def test_the_number_that_is_defined_by_a_root_is_the_singular_value():
    """A^T A - s^2 I has a root for s = s_min, by eigenvalues, and none for any larger s: this is what defines it."""
    a = np.random.default_rng(0).standard_normal((5, 3))
    s = np.linalg.svd(a, compute_uv=False)[-1]
    values = np.linalg.eigvalsh(a.T @ a - s**2 * np.eye(3))
    assert values[0] == pytest.approx(0.0, abs=1e-12)
    assert np.linalg.eigvalsh(a.T @ a - 1.001 * s**2 * np.eye(3))[0] < 0


@pytest.mark.parametrize("seed", range(20))
def test_ky_fan_on_matrices(seed):
    """The split t + p^2 - q^2 at the r-th value gives the sum of the r largest, and no contraction of rank r more."""
    rng = np.random.default_rng(seed)
    m, r = 5, int(rng.integers(1, 6))
    values = np.sort(rng.exponential(size=m))[::-1]
    t = values[r - 1]
    split = r * t + np.sum(np.maximum(values - t, 0))
    assert split == pytest.approx(np.sum(values[:r]), rel=1e-13)
    e, f = (x / np.linalg.norm(x, 2) for x in rng.standard_normal((2, m, r)))
    assert np.trace(e.T @ np.diag(values) @ f) <= split + 1e-12
    below = r * values[m - r] - np.sum(np.maximum(values[m - r] - values, 0))
    assert below == pytest.approx(np.sum(values[m - r :]), rel=1e-13)
