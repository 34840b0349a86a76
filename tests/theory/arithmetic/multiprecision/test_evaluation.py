"""A claim's own NumPy code in many digits: the same values, more digits, and no answer rather than a wrong one."""

import contextlib
import functools
import itertools  # noqa: F401 (what is imported here and not used is used in the expressions)
import math
import operator  # noqa: F401
import struct
from math import erf, hypot
from math import log as natural_log  # noqa: F401

import mpmath as mp
import numpy as np
import pytest
import scipy.special
import torch
from numpy import array as captured_array
from numpy import exp, sqrt, zeros  # noqa: F401
from numpy.linalg import inv, norm, svd  # noqa: F401

from theory import Claim, Domain, Model, NotApplicable, Pair
from theory.arithmetic import multiprecision as digits
from theory.arithmetic.multiprecision import elementwise, statistics
from theory.measures.stand_ins import STAND_INS

RNG = np.random.default_rng(0)
ROWS = RNG.integers(-5, 6, (4, 3)) / 7.0
LABELS = RNG.integers(-5, 6, (5, 3)) / 7.0 + np.vstack([np.eye(3), np.zeros((2, 3))])
PAIR = Pair(
    Model(ROWS, LABELS),
    Model(ROWS + 0.3 * RNG.standard_normal((4, 3)), LABELS + 0.3 * RNG.standard_normal((5, 3))),
)
WEIGHTS = np.array([0.1, 0.2, 0.7])

nan_pair = (math.nan, math.nan)


def sides(claim, pair, *options):
    return digits.sides(claim.function, pair, STAND_INS, *options)


def twice_root(x):
    return np.exp(x) * math.sqrt(2)


def as_floats(x):
    return [float(value) for value in x]


def filled(x):
    made = np.zeros((2, 3))
    made[0] = x[0]
    made[1, 2] = x[1, 2]
    return made


def gaussian_sum(x):
    total = 0.0
    for row in x:
        for value in row:
            total += math.exp(-value * value)
    return total


def in_place(x):
    moved = x.copy()
    moved -= moved.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    moved *= 2
    moved[moved < 0] = 0
    return moved.sum()


class Doubler:
    def __call__(self, x):
        return np.asarray(x, dtype=float) * 2

    @staticmethod
    def tripled(x):
        return np.array(x, dtype=float) * 3


column_sums = functools.partial(np.sum, axis=0)

EXPRESSIONS = """
np.linalg.svd(S)[1][1]
np.linalg.svd(F, full_matrices=False)[1][2]
np.linalg.svd(F, False)[1][0]
np.linalg.svd(F.T, full_matrices=False)[0][0, 0] ** 2
np.linalg.svd(F, compute_uv=False)[0]
np.linalg.svd(np.stack([F, H]), compute_uv=False)[1, 2]
np.linalg.norm((np.linalg.svd(F, full_matrices=False)[0] * np.linalg.svd(F, compute_uv=False)) ** 2)
np.linalg.svdvals(F)[1]
svd(F.T @ H)[1].sum()
np.linalg.solve(S, F[0])[1]
np.linalg.solve(S, F.T)[1, 2]
np.linalg.solve(np.eye(3) * 2, F[0])[1]
np.linalg.solve(np.stack([S, S + np.eye(3)]), np.stack([F.T, H.T]))[1, 1, 1]
np.linalg.inv(S)[1, 2]
inv(S)[0, 1]
np.linalg.pinv(G)[1, 2]
np.linalg.pinv(G.T)[2, 1]
np.linalg.pinv(G - G.mean(0))[1, 2]
np.linalg.pinv(np.stack([F, H]))[1, 0, 0]
np.linalg.eigh(S)[0][1]
np.linalg.eigh(S)[1][0, 0] ** 2
np.linalg.eigvalsh(S)[0]
np.linalg.eigvalsh(np.stack([S, S @ S]))[1, 1]
np.linalg.qr(F)[1][0, 0] ** 2
abs(np.linalg.qr(F)[0].T @ F)[1, 2]
np.linalg.det(S)
np.linalg.det(np.stack([S, 2 * S]))[1]
np.linalg.slogdet(S)[1]
np.linalg.slogdet(-S)[0] * F[0, 0]
np.linalg.norm(F)
np.linalg.norm(F[0])
np.linalg.norm(F[0], 1)
np.linalg.norm(F[0], ord=np.inf)
np.linalg.norm(F[0], -np.inf)
np.linalg.norm(F, 2)
np.linalg.norm(F, -2)
np.linalg.norm(F, 'nuc')
np.linalg.norm(F, 'fro')
np.linalg.norm(F, axis=1)[2]
np.linalg.norm(F, ord=1, axis=0)[2]
np.linalg.norm(F, axis=1, keepdims=True)[2, 0]
np.linalg.norm(np.stack([F, H]), axis=(1, 2))[1]
np.linalg.norm([F[0, 0], F[1, 1]])
norm(F - H, axis=-1).max()
np.linalg.lstsq(F, H, rcond=None)[0][1, 1]
np.linalg.lstsq(G, K, rcond=None)[1][1]
np.linalg.lstsq(G, K, rcond=None)[3][1]
np.linalg.matrix_rank(F) * F[1, 1]
np.linalg.matrix_rank(F[:2]) * F[1, 1]
np.linalg.matrix_rank(np.outer(F[0], F[1])) * F[1, 1]
np.linalg.matrix_rank(F, tol=1e-3) * F[1, 1]
np.linalg.cond(S)
np.linalg.cond(F, 2)
np.linalg.cholesky(S)[1, 0]
np.mean(F)
np.mean(F, axis=0)[1]
np.mean(F, axis=(0, 1))
np.mean(F, axis=1, keepdims=True)[1, 0]
np.mean([F[0, 0], 2.0])
F.mean()
F.mean(1, keepdims=True)[1, 0]
np.var(F)
np.var(F, axis=1, ddof=1)[1]
F.var(0)[1]
np.std(F)
np.std(F, axis=0, ddof=1)[1]
F.std(0, ddof=1)[1]
np.median(F)
np.median(F, axis=0)[1]
np.median(F[0])
np.average(F[0], weights=[0.2, 0.3, 0.5])
np.average(F, axis=0)[1]
np.where(F > 0, F, -1.5).sum()
np.where(F > H, F, H).sum()
np.where(F > 0)[0].sum() * F[0, 0]
np.clip(F, 0, 0.3).sum()
np.clip(F, None, 0.3).sum()
np.clip(F[0, 0], 0.0, 1.0) + F[1, 1]
F.clip(0, 0.2).sum()
np.sort(F)[1, 1]
np.sort(F, axis=None)[5]
np.sort(F[0])[::-1][0]
np.argsort(F[0])[1] * F[0, 0]
np.argmax(F) * F[0, 0]
np.argmax(F, axis=1)[2] * F[0, 0]
F.argmin(1)[2] * F[0, 0]
np.maximum(F, H).sum()
np.maximum(0.0, F).sum()
np.minimum(F, 0.2).sum()
np.maximum(F[0, 0], 0.0) + F[1, 1]
np.max(F)
F.min(1)[0]
np.ptp(F, axis=1)[1]
np.nanmax(F)
np.einsum('ij,kj->ik', F, G)[1, 2]
np.einsum('ij,ij->i', F, H)[1]
np.einsum('ii', S)
np.einsum('ij,jk,lk->il', F, S, G, optimize=True)[1, 2]
np.cumsum(F)[5]
np.cumsum(F, axis=1)[1, 2]
np.cumprod(F[0])[2]
np.outer(F[0], H[0])[1, 1]
np.inner(F, H)[1, 2]
np.dot(F, S)[1, 1]
np.vdot(F, H)
np.matmul(F, S)[1, 1]
np.tensordot(F, G, axes=(1, 1))[1, 2]
np.kron(F[0], H[0])[4]
np.cross(F[0], F[1])[0]
(F @ G.T)[1, 2]
(np.ones(4) / 4 @ F)[1]
np.trace(S)
np.diag(S)[1]
np.diag(F[0])[1, 1]
np.concatenate([F, np.zeros((2, 3))])[3, 1] + F[1, 1]
np.concatenate((F, H), axis=1)[1, 4]
np.stack([F, H])[1, 1, 1]
np.vstack([F, np.zeros(3)])[2, 1]
np.hstack([F, np.ones((4, 1))])[1, 2]
np.column_stack([np.ones(4), F])[1, 2]
np.c_[np.ones(4), F][1, 2]
np.block([[F, H], [H, F]])[5, 4]
np.linspace(0, 1, 5)[2] * F[1, 1]
np.linspace(0, F[1, 1], 5)[2]
np.arange(4) / 3 @ F[:, 0]
np.full((2, 2), F[0, 0]).sum()
np.ones_like(F).sum() * F[1, 1]
np.full_like(F, 0.1).sum() + F[1, 1]
np.zeros_like(F).sum() + F[1, 1]
filled(F).sum()
np.exp(F)[1, 1]
np.expm1(F)[1, 1]
np.log(P)[1, 1]
np.log1p(P)[1, 1]
np.log2(P)[1, 1]
np.sqrt(P)[1, 1]
np.square(F)[1, 1]
np.power(P, 1 / 3)[1, 1]
(P ** 1.5).sum()
(2.0 ** F)[1, 1]
np.abs(F).sum()
np.sign(F)[1, 1] + F[1, 1]
np.logaddexp(F, H)[1, 1]
np.hypot(F, H)[1, 1]
np.tanh(F)[1, 1]
np.cosh(F)[1, 1]
np.arctan(F)[1, 1]
np.arccos(P)[1, 1]
np.arctanh(P)[1, 1]
np.exp(F[1, 1])
np.sqrt(P[1, 1])
np.tanh(F[1, 1])
np.log2(P[1, 1])
exp(F).sum()
sqrt(P).sum()
np.add.reduce(F, axis=0)[1]
np.subtract.outer(F[0], H[0])[1, 2]
np.multiply(F, H).sum()
np.sum(F, axis=0, keepdims=True)[0, 1]
np.sum([F[0, 0], F[1, 1]])
np.prod(P)
np.diff(F, axis=0)[1, 1]
np.unique(F)[2]
np.flip(F)[0, 1]
np.tile(F, 2)[1, 4]
np.repeat(F, 2, axis=0)[3, 1]
np.take_along_axis(F, np.argsort(F, axis=1), axis=1)[1, 1]
np.triu(S, 1).sum()
S[np.triu_indices(3, 1)].sum()
np.apply_along_axis(np.linalg.norm, 1, F)[1]
np.vectorize(math.exp)(F).sum()
F[F > 0].sum()
F[np.arange(4), np.argmax(F, 1)].sum()
F[..., None][1, 1, 0]
(F > 0).mean() * F[1, 1]
np.mean(F.argmax(1) == H.argmax(1)) + F[1, 1]
np.count_nonzero(F > 0) * F[1, 1]
np.all(F > -9) * F[1, 1]
np.isfinite(F).all() * F[1, 1]
np.array_equal(F, F) * F[1, 1]
np.array([F[0, 0], F[1, 1]], dtype=float).sum()
np.array([float(x) for x in F[0]]).sum()
np.asarray(F, dtype=np.float64)[1, 1]
np.ascontiguousarray(F.T)[1, 1]
F.astype(float)[1, 1]
F.astype(int).sum() * F[1, 1]
math.sqrt(P[1, 1])
math.exp(F[1, 1])
math.log(P[1, 1])
math.log1p(P[1, 1])
math.pow(P[1, 1], 0.3)
math.floor(F[1, 1] * 10) * F[0, 0]
math.tanh(F[1, 1])
math.atan2(F[1, 1], F[0, 0])
math.hypot(F[1, 1], F[0, 0])
math.erf(F[1, 1])
math.fsum(F[0])
math.sqrt(2) * F[0, 0]
math.sqrt(np.sum(F ** 2))
math.log(len(F)) * F[0, 0]
np.log(2) * F[0, 0]
np.sqrt(len(F)) * F[0, 0]
natural_log(P[0, 0])
float(F[1, 1])
float(np.sum(F))
np.float64(F.sum())
np.float64(0.1) * F[0, 0]
F[0, 0] * np.float64(0.1)
F[0, 0] / np.int64(3)
np.float32(0.5) * F[0, 0]
np.sum(F).item()
sum(F[0])
sum(x * x for x in F[0])
sum(float(x) for x in F[0])
sum([P[i, j] * math.log(P[i, j]) for i in range(4) for j in range(5)])
sum(F[i] @ H[i] for i in range(4))
sum(map(math.exp, F[0]))
max(np.linalg.norm(F[i] - F[j]) for i in range(4) for j in range(i))
np.mean([np.linalg.norm(F[i] - F[j]) for i in range(4) for j in range(i)])
min(F[0, 0], 1) + F[1, 1]
sorted(F[0])[1]
functools.reduce(operator.add, F[0])
list(itertools.accumulate(F[0]))[2]
gaussian_sum(F)
in_place(F)
twice_root(F).sum()
np.array(as_floats(F[0])).sum()
Doubler()(F).sum()
Doubler.tripled(F).sum()
column_sums(F)[1]
WEIGHTS @ F[0]
(WEIGHTS * F[0]).sum()
zeros(3)[0] + F[0, 0]
np.trace((np.eye(4) - np.ones((4, 4)) / 4) @ F @ F.T)
np.exp(-((F[:, None] - F[None]) ** 2).sum(-1)).sum()
np.linalg.norm(F @ np.linalg.svd(F.T @ H)[0] @ np.linalg.svd(F.T @ H)[2] - H)
PAIR.n * F[0, 0]
PAIR.swapped.a.embeddings[1, 1] + 0 * F[0, 0]
""".strip().splitlines()


def claim_of(function):
    """A claim whose left side is a function of F, G, F', G', the Gram matrix of F plus one, and probabilities."""

    def claimed(pair):
        f, g, f2, g2 = pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings
        gram = f.T @ f + np.eye(3)
        logits = f @ g.T
        probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
        return function(f, g, f2, g2, gram, probabilities), 1.0

    return Claim(claimed, "claimed")


def expression(text):
    return eval(f"lambda F, G, H, K, S, P: {text}", globals())


def value_of(function, count=60):
    found = sides(claim_of(function), PAIR, count)
    assert found is None or found[1] == 1
    return None if found is None else mp.mpf(mp.nstr(found[0], count))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values_are_those_of_numpy_and_digits_are_there(text):
    function = expression(text)
    plain, few = float(claim_of(function)(PAIR)[0]), value_of(function)
    assert few is not None
    assert float(few) == pytest.approx(plain, rel=1e-12, abs=1e-12)
    # In forty digits more, the first sixty stay.
    assert abs(value_of(function, 100) - few) < mp.mpf(10) ** -50 * max(1, abs(few))


# --------------------------------------------------------------------------- values that are known


def one(f, g, f2=None, g2=None):
    f2, g2 = f if f2 is None else f2, g if g2 is None else g2
    return Pair(*(Model(*(np.array(a, dtype=float) for a in arrays)) for arrays in ((f, g), (f2, g2))))


def sides_of(function, pair, count=60):
    with mp.workdps(count):
        return [mp.mpf(mp.nstr(side, count)) for side in sides(Claim(function, "claim"), pair, count)]


SQUARE = one([[1, 1], [0, 1]], [[1, 0], [0, 1], [0, 0]])


@pytest.mark.parametrize(
    ("function", "truth"),
    [
        (lambda f: np.linalg.norm(f), lambda: mp.sqrt(3)),
        (lambda f: np.linalg.svd(f, compute_uv=False)[0], lambda: (1 + mp.sqrt(5)) / 2),
        (lambda f: np.linalg.svd(f)[1][1], lambda: (mp.sqrt(5) - 1) / 2),
        (lambda f: np.linalg.eigvalsh(f @ f.T)[0], lambda: (3 - mp.sqrt(5)) / 2),
        (lambda f: np.linalg.cond(f), lambda: (3 + mp.sqrt(5)) / 2),
        (lambda f: np.linalg.inv(3 * f)[0, 1], lambda: mp.mpf(-1) / 3),
        (lambda f: np.linalg.solve(3 * f, f[:, 1])[1], lambda: mp.mpf(1) / 3),
        (lambda f: np.linalg.pinv(f[:, 1:])[0, 0], lambda: mp.mpf(1) / 2),
        (lambda f: np.linalg.det(f / 3), lambda: mp.mpf(1) / 9),
        (lambda f: np.linalg.slogdet(3 * f)[1], lambda: 2 * mp.log(3)),
        (lambda f: np.linalg.qr(f[:, 1:])[1][0, 0] ** 2, lambda: mp.mpf(2)),
        (lambda f: np.std(f), lambda: mp.sqrt(3) / 4),
        (lambda f: np.exp(f).sum(), lambda: 3 * mp.e + 1),
        (lambda f: np.logaddexp(f, 0 * f)[0, 0], lambda: mp.log(1 + mp.e)),
        (lambda f: math.sqrt(2) * f[0, 0], lambda: mp.sqrt(2)),
        (lambda f: np.arctan(f)[0, 0] * 4, lambda: +mp.pi),
        (lambda f: math.erf(f[0, 0]), lambda: mp.erf(1)),
        (lambda f: f[0, 0] / 3, lambda: mp.mpf(1) / 3),
        (lambda f: f[0, 0] * 0.1, lambda: mp.mpf(0.1)),  # a float is what it is
    ],
)
def test_fifty_digits_are_right(function, truth):
    found = sides_of(lambda pair: (function(pair.a.embeddings), 0.0), SQUARE)[0]
    with mp.workdps(60):
        assert abs(found - truth()) < mp.mpf(10) ** -50


def test_what_cancels_in_floats_is_there():
    pair = one([[1e-20], [1.0]], [[0], [1]])

    def lost(pair):
        return (1 + pair.a.embeddings[0, 0]) - 1, np.log(1 + pair.a.embeddings[0])[0]

    assert lost(pair) == (0.0, 0.0)
    left, right = sides_of(lost, pair)
    with mp.workdps(60):
        assert abs(left - mp.mpf(1e-20)) < mp.mpf(10) ** -55
        assert abs(right - mp.log1p(mp.mpf(1e-20))) < mp.mpf(10) ** -55


def naive_kl(pair):
    f, g, f2, g2 = pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings
    p, q = np.exp(f @ g.T), np.exp(f2 @ g2.T)
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    return np.mean(np.sum(p * (np.log(p) - np.log(q)), axis=1)), float(-np.log(p).max())


def kl_truth(s, t, dps=80):
    """KL of the two-label distributions with logits (0, s) and (0, t), and -log of the larger p."""
    with mp.workdps(dps):
        s, t = mp.mpf(s), mp.mpf(t)
        log_p = -mp.log1p(mp.exp(-s)), -s - mp.log1p(mp.exp(-s))
        log_q = -mp.log1p(mp.exp(-t)), -t - mp.log1p(mp.exp(-t))
        return sum(mp.exp(x) * (x - y) for x, y in zip(log_p, log_q, strict=True)), -log_p[0]


def test_the_naive_kl_near_one_hot_is_right():
    pair = one([[45.0]], [[0], [1]], [[46.0]])
    assert naive_kl(pair)[1] == 0.0  # of its digits in floats there is none
    truth = kl_truth(45, 46)
    assert abs(naive_kl(pair)[0] - float(truth[0])) > 0.1 * float(truth[0])
    found = sides_of(naive_kl, pair, digits.needed(pair))
    assert digits.needed(pair) > 95
    for side, exact in zip(found, truth, strict=True):
        assert abs(side - exact) < mp.mpf(10) ** -50
        assert abs(side - exact) < mp.mpf(10) ** -30 * exact


def test_the_naive_kl_of_nearly_equal_models_is_right():
    pair = one([[1.0]], [[0], [1]], [[1.0 + 2.0**-40]])
    found, truth = sides_of(naive_kl, pair), kl_truth(1.0, 1.0 + 2.0**-40)
    assert abs(naive_kl(pair)[0] - float(truth[0])) > float(truth[0])  # rounding
    assert abs(found[0] - truth[0]) < mp.mpf(10) ** -30 * truth[0]


@pytest.mark.parametrize(
    ("f", "g", "count"),
    [
        ([[1.0]], [[0], [1]], 60),  # logits 1 apart: 2 / log 10 is less than one digit
        ([[100.0]], [[0], [1]], 60 + 102),  # 200 / log 10 = 86.86, and four times 2 for spread and for size
        ([[0.0]], [[0], [1]], 60),
        ([[0.01], [0.0]], [[0], [1]], 60 + 16),
        ([[1.0, 0.0]], [[0, 0], [0, 1], [3, 0]], 60 + 6),  # 6 / log 10 = 2.61 and 8 log10 3 = 3.82
    ],
)
def test_the_digits_that_a_pair_needs(f, g, count):
    assert digits.needed(one(f, g)) == count
    assert digits.needed(one([[0.0] * len(g[0])] * len(f), g, f, g)) == count


def test_no_digits_are_needed_for_nothing():
    zero = one([[0.0]], [[0], [0]])
    assert digits.needed(zero) == digits.DIGITS
    assert digits.needed(one([[1e130]], [[0], [1e-130]])) == digits.DIGITS + 4 * 260 + 4 * 130 + 0
    assert digits.needed(one([[1e4]], [[0], [1]])) > digits.MOST


# --------------------------------------------------------------------------- no answer rather than a wrong one


def packed(x):
    return struct.unpack("d", struct.pack("d", x))[0]


def by_default(x, array=np.array):
    return array(x, dtype=float).sum()


def guarded(x):
    return x if isinstance(x, float) else -1.0


def with_own_import(x):
    import numpy

    made = numpy.zeros(2)
    made[0] = x
    return made.sum()


@pytest.mark.parametrize(
    "function",
    [
        lambda f: f.astype(np.float32).sum(),
        lambda f: f.astype("f4").sum(),
        lambda f: np.asarray(f, dtype=np.float32).sum(),
        lambda f: np.float32(f[0, 0]),
        lambda f: packed(f[0, 0]),
        by_default,
        lambda f: captured_array(f.tolist(), dtype=complex).sum().real,
        lambda f: scipy.special.logsumexp(f),
        lambda f: scipy.special.xlogy(f, f + 3).sum(),
        lambda f: scipy.special.expit(f).sum(),
        lambda f: erf(f[0, 0]),
        lambda f: hypot(f[0, 0], f[0, 1], f[1, 0]),
        lambda f: torch.tensor(f).sum(),
        lambda f: complex(f[0, 0]).real,
        lambda f: with_own_import(f[0, 0]),
        lambda f: np.fft.fft(f[0]).real[0],
        lambda f: np.linalg.eigvals(f[:3]).real[0],
        lambda f: np.interp(0.5, [0, 1], f[0, :2]),
        lambda f: np.fromiter(f[0], dtype=np.float64).sum(),
        lambda f: "1",
        lambda f: f[0],
        lambda f: [f[0, 0]],
    ],
)
def test_where_digits_would_be_lost_there_is_no_answer(function):
    assert sides(Claim(lambda pair: (function(pair.a.embeddings), 1.0), "claim"), PAIR) is None


@pytest.mark.parametrize("form", [str, "{:.17g}".format])
def test_digits_lost_in_a_string_are_no_wrong_answer(form):
    found = sides(Claim(lambda pair: (float(form(pair.a.embeddings[0, 0])), 1.0), "claim"), PAIR)
    assert found is None or float(mp.nstr(found[0], 17)) == pytest.approx(ROWS[0, 0], rel=1e-12)


def test_an_original_function_that_keeps_digits_is_no_loss():
    found = sides_of(lambda pair: (captured_array(pair.a.embeddings).sum(), 0.0), one([[1e-20], [1.0]], [[0], [1]]))
    with mp.workdps(60):
        assert abs(found[0] - 1 - mp.mpf(1e-20)) < mp.mpf(10) ** -55


@pytest.mark.parametrize("answer", [(1.0,), (1.0, 2.0, 3.0), "ab", None, 1.0, ("1", 2.0), (None, 1.0)])
def test_what_is_no_answer_is_none(answer):
    assert sides(Claim(lambda pair: answer, "claim"), PAIR) is None


def test_one_side_may_be_a_plain_number():
    for plain in (2, 0.5, np.float64(0.5), np.int64(2), np.array(0.5)):
        left, right = sides_of(lambda pair, plain=plain: (pair.a.embeddings.sum(), plain), PAIR)
        assert right == float(plain)
        assert float(left) == pytest.approx(ROWS.sum(), abs=1e-14)


def raising(error):
    def claimed(pair):
        raise error

    return claimed


@pytest.mark.parametrize(
    "function",
    [
        raising(NotApplicable("no")),
        lambda pair: nan_pair,
        lambda pair: (math.nan, pair.a.embeddings.sum()),
        lambda pair: (pair.a.embeddings.sum(), math.nan),
        lambda pair: (np.log(pair.a.embeddings - 9).sum(), 1.0),
    ],
)
def test_claims_that_decline_give_nan(function):
    left, right = sides(Claim(function, "claim"), PAIR)
    assert mp.isnan(left)
    assert mp.isnan(right)


@pytest.mark.parametrize(
    "error", [ValueError("no"), ZeroDivisionError(), np.linalg.LinAlgError("no"), RecursionError()]
)
def test_claims_that_raise_give_none(error):
    assert sides(Claim(raising(error), "claim"), PAIR) is None


def test_a_singular_matrix_is_one_in_any_number_of_digits():
    singular = one([[1, 2], [2, 4]], [[1, 0], [0, 1], [0, 0]])

    def solved(pair):
        try:
            return np.linalg.solve(pair.a.embeddings, pair.a.embeddings)[0, 0], 1.0
        except np.linalg.LinAlgError:
            raise NotApplicable("singular") from None

    with pytest.raises(NotApplicable):
        solved(singular)
    assert all(mp.isnan(side) for side in sides(Claim(solved, "claim"), singular))


@pytest.mark.parametrize(
    "function",
    [
        lambda f: np.no_such_function(f),
        lambda f: math.no_such_function(f),
        lambda f: f.no_such_method(),
        lambda f: f[0, 0].no_such_attribute,
        lambda f: no_such_name,  # noqa: F821
        lambda f: np.mean(f, axis="rows"),
        lambda f: np.linalg.norm(f, no_such_option=1),
        lambda f: np.add(f, object()),
        lambda f: np.exp(np.array([object()]) + f),
    ],
)
def test_mistakes_of_the_claim_are_no_mistakes_of_the_arithmetic(function):
    assert sides(Claim(lambda pair: (function(pair.a.embeddings), 1.0), "claim"), PAIR) is None


@pytest.mark.parametrize(("lost", "error"), [("variance", AttributeError), ("root", NameError)])
def test_a_mistake_of_the_arithmetic_is_raised_and_does_not_pass_for_lost_digits(monkeypatch, lost, error):
    """Where our own code lacks a name, the claim cannot be at fault."""
    monkeypatch.delattr(statistics, lost)
    compute = {"variance": lambda f: f.var(), "root": np.std}[lost]
    claim = Claim(lambda pair: (compute(pair.a.embeddings), 1.0), "claim")
    with pytest.raises(error) as caught:
        sides(claim, PAIR)
    assert "not in the claim" in caught.value.__notes__[0]
    with pytest.raises(error):
        digits.values(compute, lambda inputs: [compute(inputs["X"])], {"X": ROWS}, STAND_INS)
    assert "float" not in globals()


def test_values_of_arrays_and_of_models():
    model, table = PAIR.a, {"a": PAIR.a, "X": ROWS}
    found = digits.values(
        twice_root, lambda given: [given["X"].sum(), given["a"].unembeddings.sum(), 2], table, STAND_INS
    )
    assert [float(mp.nstr(value, 17)) for value in found] == pytest.approx([ROWS.sum(), model.unembeddings.sum(), 2])
    for computed in ([math.inf], [math.nan], ["1"], [None]):
        assert digits.values(twice_root, lambda given, computed=computed: computed, table, STAND_INS) is None
    assert (
        digits.values(scipy.special.logsumexp, lambda given: [scipy.special.logsumexp(given["X"])], table, STAND_INS)
        is None
    )


# --------------------------------------------------------------------------- what is lent is given back


def names():
    return {name: id(value) for name, value in globals().items()}


@pytest.mark.parametrize(
    "function",
    [
        lambda pair: (np.sum(pair.a.embeddings), float(1)),
        raising(NotApplicable("no")),
        raising(ValueError("no")),
        raising(KeyboardInterrupt()),
        lambda pair: (by_default(pair.a.embeddings), 1.0),
        lambda pair: (twice_root(pair.a.embeddings).sum(), 1.0),
    ],
)
def test_modules_are_restored(function):
    assert "float" not in globals()
    before = names()
    with contextlib.suppress(KeyboardInterrupt):
        sides(Claim(function, "claim"), PAIR)
    after = names()
    assert after == before
    assert "float" not in after
    assert type(np).__name__ == type(math).__name__ == "module"
    assert math.sqrt(4) == 2
    assert type(float("2")) is float
    assert np.zeros(2).dtype == np.float64


def test_within_the_claim_the_modules_are_lent():
    seen = []

    def looks(pair):
        seen.append((type(np).__name__, type(math).__name__, type(np.zeros(2)).__name__, float is type(1.0)))  # noqa: UP003
        return pair.a.embeddings.sum(), 1.0

    looks(PAIR)
    sides(Claim(looks, "claim"), PAIR)
    looks(PAIR)
    assert seen == [("module", "module", "ndarray", True), ("NumpyView", "MathView", "DigitArray", False), seen[0]]


def test_no_other_code_is_touched():
    seen = []

    def looks(pair):
        seen.append(scipy.special.__dict__.get("np", np))
        seen.append(elementwise.np)
        return pair.a.embeddings.sum(), 1.0

    original = elementwise.np
    sides(Claim(looks, "claim"), PAIR)
    assert seen[1] is original
    assert type(seen[1]).__name__ == "module"


def test_the_arrays_of_the_pair_stay_as_they_are():
    def doubles(pair):
        moved = pair.a.embeddings
        moved.setflags(write=True)
        moved *= 2
        return moved.sum(), 1.0

    before = PAIR.a.embeddings.copy()
    left, _ = sides_of(doubles, PAIR)
    assert float(left) == pytest.approx(2 * ROWS.sum(), abs=1e-14)
    assert np.array_equal(PAIR.a.embeddings, before)
    assert PAIR.a.embeddings.dtype == np.float64


def test_the_precision_of_others_is_not_changed():
    with mp.workdps(33):
        sides(Claim(lambda pair: (pair.a.embeddings.sum(), 1.0), "claim", domain=Domain()), PAIR, 77)
        assert mp.mp.dps == 33
    assert float(mp.mpf(1) / 3) == 1 / 3


# --------------------------------------------------------------------------- options, orders and questions of type


@pytest.mark.parametrize(
    "text",
    [
        "np.clip(F, a_min=0.1, a_max=0.2).sum()",
        "np.clip(F, a_min=0.1, a_max=None).sum()",
        "np.clip(F, min=0.1).sum()",
        "np.mean(F, where=F > 0)",
        "np.std(F, correction=1)",
        "np.var(F, where=F > 0)",
        "np.exp(F.copy(), out=(X := F.copy())) is None or X.sum()",
        "F.any() * F[0, 0]",
        "F.all(0).sum() * F[0, 0]",
        "np.logical_or(F, H).sum() * F[0, 0]",
        "np.linalg.lstsq(F * np.array([1, 1e-5, 1]), H, rcond=1e-3)[0][0, 0]",
        "np.linalg.matrix_rank(F * np.array([1, 1e-5, 1]), rtol=1e-3) * F[0, 0]",
        "np.isclose(np.inf + F, np.inf + F).sum() * F[0, 0]",
        "np.argmax(np.where(F > 0, F, np.nan)) * F[0, 0]",
        "F[0, 0] if F.dtype == float else -F[0, 0]",
        "F[0, 0] if np.issubdtype(F.dtype, np.floating) else -F[0, 0]",
        "F[0, 0] if isinstance(F[0, 0], np.floating) else -F[0, 0]",
    ],
)
def test_values_are_those_of_numpy_or_none(text):
    function = expression(text)
    found = value_of(function)
    assert found is None or float(found) == pytest.approx(float(claim_of(function)(PAIR)[0]), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("text", ["np.maximum(F * np.nan, 0.0).sum()", "np.clip(F * np.nan, 0, 1).sum()"])
def test_an_order_of_nans_has_no_answer(text):
    assert math.isnan(claim_of(expression(text))(PAIR)[0])
    assert sides(claim_of(expression("0 * F[0, 0] + " + text)), PAIR) is None


def test_a_claim_that_catches_everything_declines_at_most():
    def careful(pair):
        try:
            return scipy.special.logsumexp(pair.a.embeddings), 1.0
        except Exception:
            return math.nan, math.nan

    assert not math.isnan(careful(PAIR)[0])
    assert all(mp.isnan(side) for side in sides(Claim(careful, "claim"), PAIR))


@pytest.mark.parametrize(
    "text", ["np.log(P[0, 0])", "np.log1p(P[0, 0])", "np.expm1(F[0, 0])", "np.log(np.exp(F).sum())"]
)
def test_logarithms_of_scalars_have_digits(text):
    found = value_of(expression(text))
    assert found is not None
    assert float(found) == pytest.approx(float(claim_of(expression(text))(PAIR)[0]), rel=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda pair: (pair.a.embeddings > 0).astype(float).mean() + pair.a.embeddings[0, 0],
        lambda pair: np.arange(4, dtype=float) @ pair.a.embeddings[:, 0],
        lambda pair: np.linalg.svd(pair.a.embeddings)[1][0],
        lambda pair: np.cov(pair.a.embeddings.T)[0, 1],
        lambda pair: pair.a.probabilities[0, 0],
        lambda pair: np.sum(pair.a.log_probabilities),
    ],
)
def test_more_that_claims_are_made_of_has_digits(function):
    found = sides(Claim(lambda pair: (function(pair), 1.0), "claim"), PAIR)
    assert found is not None
    assert float(mp.nstr(found[0], 17)) == pytest.approx(float(function(PAIR)), rel=1e-12)


def test_how_many_digits_a_pair_needs():
    plain = one([[1.0], [-1.0]], [[1.0], [0.0]])
    assert digits.needed(plain) == digits.DIGITS + int(2 * 1 / math.log(10))
    # Logits 230 apart: probabilities of 1e-100, whose squares are allowed for.
    assert digits.needed(one([[230.0], [0.0]], [[1.0], [0.0]])) >= digits.DIGITS + 200
    # The smallest and the largest floats of a pair: their quotient is none.
    assert digits.needed(one([[5e-324], [1e10]], [[1.0], [0.0]])) > digits.DIGITS + 4 * 333
    assert digits.needed(one([[1e70], [0.0]], [[1e69], [0.0]])) > digits.MOST
