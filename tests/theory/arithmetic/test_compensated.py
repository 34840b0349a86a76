"""Error-free transformations, checked with rationals."""

from fractions import Fraction

import numpy as np
import pytest

from theory.arithmetic.compensated import compensated_matmul, two_product, two_sum

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal(200) * 10.0 ** RNG.integers(-8, 9, 200), RNG.standard_normal(200)


@pytest.mark.parametrize(("transform", "exact"), [(two_sum, lambda a, b: a + b), (two_product, lambda a, b: a * b)])
def test_nothing_is_lost(transform, exact):
    value, error = transform(X, Y)
    for x, y, v, e in zip(X, Y, value, error, strict=True):
        assert Fraction(v) + Fraction(e) == exact(Fraction(x), Fraction(y))


@pytest.mark.parametrize(("n", "k", "m"), [(3, 2, 4), (1, 1, 1), (7, 5, 3)])
def test_products_that_cancel_are_exact_to_the_last_bit(n, k, m):
    """[A, -A] against [B, B + tiny]: the large parts cancel altogether and the tiny one is left."""
    a, b = RNG.standard_normal((n, m)), RNG.standard_normal((k, m))
    tiny = 2.0**-60 * RNG.standard_normal((k, m))
    high, low = compensated_matmul(np.hstack([a, -a, a]), np.hstack([b, b, tiny]))
    assert np.allclose(high + low, a @ tiny.T, rtol=1e-12, atol=0)


def test_batches_and_blocks(monkeypatch):
    left, right = RNG.standard_normal((2, 9, 3)), RNG.standard_normal((2, 4, 3))
    whole = compensated_matmul(left, right)
    monkeypatch.setattr("theory.arithmetic.compensated._BLOCK", 8)
    for one, other in zip(whole, compensated_matmul(left, right), strict=True):
        assert np.array_equal(one, other)
    assert np.allclose(whole[0], left @ np.swapaxes(right, -1, -2), rtol=1e-13)
