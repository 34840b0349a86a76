"""Quantities of a pair that depend on its logits, from their definitions: plain NumPy, for `theory.catalogue.plain`."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from jaxtyping import Float

from theory.models import Model, Pair

Numbers = Float[np.ndarray, "..."]

_HEAT = 4  # the temperature that stands for all, in T14 and T15


def centred(rows: Numbers) -> Numbers:
    """Return an array less the mean of its rows."""
    return np.asarray(rows - rows.mean(axis=0))


def _log_softmax(logits: Numbers) -> Numbers:
    top = logits.max(axis=1, keepdims=True)
    return np.asarray(logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))


def fits(costs: Numbers, budget: float) -> float:
    """Share of costs, cheapest first, whose sum stays within n times the budget."""
    return float(np.mean(np.cumsum(np.sort(costs)) <= len(costs) * budget))


def least_tail(costs: Numbers, mean: float) -> float:
    """Least over gamma of P(cost <= gamma) + mean/gamma."""
    ordered = np.sort(costs)
    return float(min(1.0, np.min(np.arange(len(costs)) / len(costs) + mean / ordered)))


def _thresholds(p: Numbers) -> dict[str, Numbers]:
    """Least divergences at which another label becomes the top one, from the two largest probabilities."""
    first, second = np.sort(p, axis=1)[:, ::-1][:, :2].T
    mean, roots = (first + second) / 2, (np.sqrt(first) - np.sqrt(second)) ** 2
    return {
        "kl": first * np.log(first / mean) + second * np.log(second / mean),
        "reversed": -np.log(1 - roots),
        "hellinger": 1 - np.sqrt(1 - roots / 2),
        "variation": (first - second) / 2,
        "logit": np.log(first / second) ** 2 / 2,
        "renyi_two": 2 * np.log(1 - first - second + 2 * np.sqrt((first**2 + second**2) / 2)),
        "ratio": np.log(1 + first - second),
        "lead": first - second,
    }


class OfLogits:
    """Quantities of a pair that depend on its logits."""

    def __init__(self, pair: Pair) -> None:
        arrays = (pair.a.embeddings, pair.a.unembeddings, pair.b.embeddings, pair.b.unembeddings)
        self.F, self.G, self.F2, self.G2 = (np.asarray(each, dtype=np.float64) for each in arrays)
        self.n, self.m = self.F.shape
        self.k = len(self.G)
        self.Gc, self.G2c = centred(self.G), centred(self.G2)
        self.z, self.z2 = self.F @ self.G.T, self.F2 @ self.G2.T
        self.u, self.u2 = centred(self.z.T).T, centred(self.z2.T).T
        self.delta = self.u - self.u2
        self.logp, self.logq = _log_softmax(self.z), _log_softmax(self.z2)
        self.p, self.q = np.exp(self.logp), np.exp(self.logq)
        self.t = self.logq - self.logp
        self.D = (self.delta**2).sum(axis=1)
        self.d2 = float(self.D.mean())
        self.KL = (self.p * -self.t).sum(axis=1)
        self.KLr = (self.q * self.t).sum(axis=1)
        self.KLmin = np.minimum(self.KL, self.KLr)
        self.KLs = self.KL + self.KLr
        self.TV = np.abs(self.p - self.q).sum(axis=1) / 2
        self.H2 = 1 - np.sqrt(self.p * self.q).sum(axis=1)
        self.chi2 = (self.p**2 / self.q).sum(axis=1) - 1
        self.tau1, self.tau2 = float(self.p.min()), float(self.q.min())
        self.tau = min(self.tau1, self.tau2)
        self.osc = self.delta.max(axis=1) - self.delta.min(axis=1)
        self.R = float(self.osc.max())
        self.Rhalf = -2 * np.log(1 - self.H2)
        self.R2 = np.log(1 + self.chi2)
        self.R3 = np.log((self.p**3 / self.q**2).sum(axis=1)) / 2
        self.Rinf = (-self.t).max(axis=1)

    @cached_property
    def rmsTV(self) -> float:
        return float(np.sqrt((self.TV**2).mean()))

    @cached_property
    def dist(self) -> float:
        return math.sqrt(self.d2)

    @cached_property
    def _through(self) -> tuple[float, float]:
        middle = self.F @ self.G2c.T  # a model with the first embeddings and the second unembeddings
        parts = (self.u - middle, middle - self.u2)
        return (float(np.sqrt((parts[0] ** 2).sum() / self.n)), float(np.sqrt((parts[1] ** 2).sum() / self.n)))

    @cached_property
    def leg1(self) -> float:
        return self._through[0]

    @cached_property
    def leg2(self) -> float:
        return self._through[1]

    @cached_property
    def raw(self) -> Numbers:
        return np.asarray(((self.z - self.z2) ** 2).sum(axis=1))

    @cached_property
    def pairs2(self) -> Numbers:
        gaps = self.delta[:, :, None] - self.delta[:, None, :]
        return np.asarray((gaps**2).sum(axis=(1, 2)))

    @cached_property
    def trCov(self) -> float:
        return float((centred(self.delta) ** 2).sum() / self.n)

    @cached_property
    def norm1(self) -> Numbers:
        return np.asarray(np.abs(self.delta).sum(axis=1))

    @cached_property
    def norminf(self) -> Numbers:
        return np.asarray(np.abs(self.delta).max(axis=1))

    @cached_property
    def widest(self) -> float:
        return float(max((logits.max(axis=1) - logits.min(axis=1)).max() for logits in (self.u, self.u2)))

    def heated(self, temperature: float) -> OfLogits:
        """The same of the pair at a temperature."""
        return type(self)(Pair(Model(self.F / temperature, self.G), Model(self.F2 / temperature, self.G2)))

    @cached_property
    def KL4(self) -> Numbers:
        return np.asarray(self.heated(4).KL)

    @cached_property
    def KL64(self) -> Numbers:
        return np.asarray(self.heated(64).KL)

    # ----------------------------------------------------------------------- the same after what changes nothing

    def _distance_of(self, first: Numbers, second: Numbers) -> float:
        gap = centred(first.T).T - centred(second.T).T
        return float((gap**2).sum() / self.n)

    @cached_property
    def d2_swapped(self) -> float:
        return self._distance_of(self.z2, self.z)

    @cached_property
    def d2_gauged(self) -> float:
        gauge = np.eye(self.m) + np.tri(self.m)
        return self._distance_of((self.F @ gauge.T) @ (self.G @ np.linalg.inv(gauge)).T, self.z2)

    @cached_property
    def d2_shifted(self) -> float:
        return self._distance_of(self.F @ (self.G + np.arange(self.m) + 1).T, self.z2)

    @cached_property
    def d2_relabelled(self) -> float:
        return self._distance_of(self.z[:, ::-1], self.z2[:, ::-1])

    @cached_property
    def d2_projected(self) -> float:
        return self._distance_of(self.logp, self.logq)

    @cached_property
    def KL_max(self) -> float:
        return float(self.KL.max())

    @cached_property
    def share(self) -> float:
        """The largest ||v||_1^2/||v||_2^2 of k numbers that sum to zero, by the best split."""
        return max(4 * a * (self.k - a) / self.k for a in range(1, self.k))

    # ----------------------------------------------------------------------- settings, and parameters of families

    eps4, eps10, alpha, half_delta, heat = 2.0**-4, 2.0**-10, 0.25, 2.0**-4, _HEAT

    @cached_property
    def r(self) -> float:
        return float(np.linalg.norm(self.G[0]))

    @cached_property
    def decay(self) -> float:
        return math.exp(-0.69 * self.r)

    @cached_property
    def r1(self) -> float:
        return float(self.F[0, 0])

    @cached_property
    def cr(self) -> float:
        return float(self.F[1, 0])

    @cached_property
    def r_unseen(self) -> float:
        return float(self.G[2, 0] - self.G[3, 0])

    # ----------------------------------------------------------------------- forms in t

    @cached_property
    def w(self) -> Numbers:
        return np.asarray(np.minimum(self.p, self.q))

    @cached_property
    def low(self) -> Numbers:
        return np.asarray((self.w * self.t**2).sum(axis=1))

    @cached_property
    def high(self) -> Numbers:
        return np.asarray((np.maximum(self.p, self.q) * self.t**2).sum(axis=1))

    @cached_property
    def form(self) -> Numbers:
        return np.asarray(self.low - (self.w * self.t).sum(axis=1) ** 2 / self.w.sum(axis=1))

    @cached_property
    def form4(self) -> Numbers:
        return self.heated(_HEAT).form * _HEAT**2

    @cached_property
    def tau4x(self) -> Numbers:
        return np.asarray(self.heated(_HEAT).w.min(axis=1))

    def clipped(self, floor: float) -> Numbers:
        """Squared distance of log-probabilities that are raised to a floor."""
        gap = np.log(np.maximum(self.p, floor)) - np.log(np.maximum(self.q, floor))
        return np.asarray((gap**2).sum(axis=1))

    @cached_property
    def clip4(self) -> Numbers:
        return self.clipped(2.0**-4)

    @cached_property
    def clip10(self) -> Numbers:
        return self.clipped(2.0**-10)

    def variance(self, values: Numbers) -> Numbers:
        """Variance under the first model on every input."""
        mean = (self.p * values).sum(axis=1, keepdims=True)
        return np.asarray((self.p * (values - mean) ** 2).sum(axis=1))

    @cached_property
    def Var(self) -> Numbers:
        return self.variance(self.delta)

    # ----------------------------------------------------------------------- top labels

    @cached_property
    def flips(self) -> Numbers:
        return np.asarray((self.z.argmax(axis=1) != self.z2.argmax(axis=1)).astype(float))

    @cached_property
    def margins(self) -> Numbers:
        ordered = np.sort(self.u, axis=1)
        return np.asarray(ordered[:, -1] - ordered[:, -2])

    def band(self, values: Numbers) -> float:
        """5/4 of the upper median."""
        return float(np.sort(values)[len(values) // 2] * 1.25)

    @cached_property
    def gamma_margin(self) -> float:
        return self.band(self.margins)

    @cached_property
    def near_margin(self) -> float:
        return float(np.mean(self.margins <= self.gamma_margin))

    @cached_property
    def thresholds(self) -> dict[str, Numbers]:
        return _thresholds(self.p)

    @cached_property
    def uncertified(self) -> Numbers:
        known = np.maximum(self.thresholds["kl"], _thresholds(self.q)["reversed"])
        return np.asarray((known <= self.KL).astype(float))

    @cached_property
    def fits_kl(self) -> float:
        return fits(self.thresholds["kl"], float(self.KL.mean()))

    @cached_property
    def fits_logit(self) -> float:
        return fits(self.thresholds["logit"], self.d2)

    @cached_property
    def tail_logit(self) -> float:
        return least_tail(self.thresholds["logit"], self.d2)

    @cached_property
    def kappa4(self) -> Numbers:
        return self.heated(_HEAT).thresholds["kl"]

    def __getattr__(self, name: str) -> Numbers:
        """theta_NAME is a flip threshold."""
        if name.startswith("theta_"):
            return self.thresholds[name.removeprefix("theta_")]
        raise AttributeError(name)

    # ----------------------------------------------------------------------- some of the labels

    def chosen(self) -> Numbers:
        """The likelier half of the first model's labels, by input."""
        count, mask = max(1, self.k // 2), np.zeros_like(self.p)
        np.put_along_axis(mask, np.argsort(-self.logp, axis=1, kind="stable")[:, :count], 1.0, axis=1)
        return np.asarray(mask)

    def _coarse(self, mask: Numbers) -> Numbers:
        """KL between distributions in which all labels outside of a part are one."""
        rest, rest2 = ((1 - mask) * self.p).sum(axis=1), ((1 - mask) * self.q).sum(axis=1)
        return np.asarray((mask * self.p * -self.t).sum(axis=1) + rest * np.log(rest / rest2))

    @cached_property
    def coarse(self) -> Numbers:
        return self._coarse(self.chosen())

    @cached_property
    def beyond(self) -> Numbers:
        return self._within(1 - self.chosen())

    @cached_property
    def inside(self) -> Numbers:
        return self._within(self.chosen())

    def _within(self, mask: Numbers) -> Numbers:
        """p(S) KL(p_S || p'_S)."""
        mass, mass2 = (mask * self.p).sum(axis=1), (mask * self.q).sum(axis=1)
        return np.asarray((mask * self.p * -self.t).sum(axis=1) - mass * np.log(mass / mass2))
