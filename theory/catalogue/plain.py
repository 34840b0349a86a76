"""Quantities that conclusions of proofs speak of, from their definitions: plain NumPy, apart from the catalogue's sides.

A name in a conclusion is an attribute here. What belongs to one input is an array of one value an input; the sides of a
conclusion are averaged over inputs as wholes, which keeps an inequality that holds on every input. Nothing here is
batched, fast, or careful with rounding: it is compared with a statement's sides on a few ordinary pairs.
"""

from __future__ import annotations

import math
from functools import cached_property
from itertools import combinations, product

import numpy as np

from theory.catalogue.plain_logits import Numbers, OfLogits, centred, fits, least_tail
from theory.models import Model, Pair

_PROBE = (1.0, -0.5)  # of the fixed probe w = (1, -1/2, 1, ...)


class OfHeads(OfLogits):
    """Quantities in which embeddings and unembeddings count by themselves."""

    @cached_property
    def P(self) -> Numbers:
        return np.asarray(np.linalg.pinv(self.Gc))

    @cached_property
    def residual(self) -> Numbers:
        return np.asarray(self.F - self.F2 @ (self.P @ self.G2c).T)

    @cached_property
    def A(self) -> Numbers:
        return np.asarray((self.residual**2).sum(axis=1))

    @cached_property
    def sG2(self) -> float:
        return float(np.linalg.svd(self.Gc, compute_uv=False)[self.m - 1] ** 2)

    @cached_property
    def P2(self) -> float:
        return float((self.P**2).sum())

    @cached_property
    def A_inverted(self) -> Numbers:
        return np.asarray(((self.delta @ self.P.T) ** 2).sum(axis=1))

    @cached_property
    def drep2_inverted(self) -> float:
        total = []
        for pivot, *others in combinations(range(self.k), self.m + 1):
            moved = self.delta[:, others] - self.delta[:, [pivot]]
            total.append((np.linalg.solve(self.G[others] - self.G[pivot], moved.T) ** 2).sum() / self.n)
        return float(np.mean(total))

    @cached_property
    def staircase(self) -> float:
        """floor(s) + 1 - sqrt(1 - frac(s)), s = d2/lambda_m: m where s exceeds it."""
        s = min(self.d2 / self.lm, float(self.m))
        return s if s == self.m else math.floor(s) + 1 - math.sqrt(1 - s + math.floor(s))

    @cached_property
    def _from_logits(self) -> OfHeads:
        parts = []
        for logits, labels in ((self.u, self.G), (self.u2, self.G2)):
            basis = np.linalg.svd(logits, full_matrices=False)[2][: labels.shape[1]].T
            parts.append(Model(logits @ basis, labels))
        return type(self)(Pair(*parts))

    @cached_property
    def cca_lost_logits(self) -> float:
        return self._from_logits.cca_lost

    @cached_property
    def loss_centred_logits(self) -> float:
        rho = self._from_logits._correlations(True)[: self.m]
        return float((self._spectrum(self.u, True, self.m) * (1 - rho**2)).sum())

    # ----------------------------------------------------------------------- subsets of labels

    @cached_property
    def _subsets(self) -> list[tuple[Numbers, Numbers, Numbers]]:
        """L_S, L'_S and E||L_S f - L'_S f'||^2 by input, for every pivot of every (m+1)-subset."""
        found = []
        for subset in combinations(range(self.k), self.m + 1):
            for pivot in subset:
                others = [j for j in subset if j != pivot]
                left, right = self.G[others] - self.G[pivot], self.G2[others] - self.G2[pivot]
                moved = self.delta[:, others] - self.delta[:, [pivot]]
                found.append((left, right, (moved**2).sum(axis=1)))
        return found

    def _subset_errors(self) -> list[tuple[float, float]]:
        """det(L_S)^2 and E||f - A_S f'||^2 by the definition of A_S, once for each set."""
        found = []
        for left, right, _ in self._subsets[:: self.m + 1]:
            error = self.F - self.F2 @ np.linalg.solve(left, right).T
            found.append((float(np.linalg.det(left) ** 2), float((error**2).sum() / self.n)))
        return found

    @cached_property
    def drep2(self) -> float:
        return float(np.mean([error for _, error in self._subset_errors()]))

    @cached_property
    def dvol2(self) -> float:
        weights, errors = np.array(self._subset_errors()).T
        return float(weights @ errors / weights.sum())

    @cached_property
    def inside_outside(self) -> Numbers:
        part = self.delta @ self.P.T
        rest = self.delta - part @ self.Gc.T
        return np.asarray((part**2).sum(axis=1) + self.P2 * (rest**2).sum(axis=1))

    @cached_property
    def sJ2(self) -> float:
        return float(min(np.linalg.svd(left, compute_uv=False)[-1] ** 2 for left, _, _ in self._subsets))

    @cached_property
    def SJ2(self) -> float:
        return float(max(np.linalg.svd(left, compute_uv=False)[0] ** 2 for left, _, _ in self._subsets))

    @cached_property
    def moved2(self) -> float:
        return float(np.mean([moved.mean() for _, _, moved in self._subsets]))

    @cached_property
    def first_error(self) -> float:
        return self._subset_errors()[0][1]

    @cached_property
    def first_moved(self) -> float:
        return float(self._subsets[0][2].mean())

    @cached_property
    def first_s2(self) -> float:
        return float(np.linalg.svd(self._subsets[0][0], compute_uv=False)[-1] ** 2)

    @cached_property
    def kappa(self) -> float:
        n = self.m + 1
        return float(n / (n - 1) if n % 2 == 0 else n * (n + 1) / (n * n + 1))

    @cached_property
    def line(self) -> float:
        """lambda_max of the Laplacian on k integers with weights 1/(i - j)^2."""
        weights = np.array([[1 / (i - j) ** 2 if i != j else 0.0 for j in range(self.k)] for i in range(self.k)])
        return float(np.linalg.eigvalsh(np.diag(weights.sum(axis=1)) - weights)[-1])

    @cached_property
    def top_form(self) -> float:
        """lambda_max(M_G), M_G = mean_S D_S^T (L_S L_S^T)^-1 D_S."""
        total, sets = np.zeros((self.k, self.k)), list(combinations(range(self.k), self.m + 1))
        for pivot, *others in sets:
            d = np.eye(self.k)[others] - np.eye(self.k)[pivot]
            total += d.T @ np.linalg.inv((d @ self.G) @ (d @ self.G).T) @ d
        return float(np.linalg.eigvalsh(total / len(sets))[-1])

    def _read(self, matrix: Numbers) -> float:
        """The functional through which T10 compares matrices."""
        i, j = np.ogrid[1 : matrix.shape[0] + 1, 1 : matrix.shape[1] + 1]
        return float((matrix * ((1.0 + 0.5 * i) / 2.0 ** (j % 3) - 0.25 * i * j)).sum())

    @cached_property
    def volume_average(self) -> float:
        sets = [(left, right) for left, right, _ in self._subsets[:: self.m + 1]]
        weights = [np.linalg.det(left) ** 2 for left, _ in sets]
        total = sum(w * np.linalg.solve(left, right) for w, (left, right) in zip(weights, sets, strict=True))
        return self._read(np.asarray(total)) / float(sum(weights))

    @cached_property
    def least_squares(self) -> float:
        return self._read(self.P @ self.G2c)

    # ----------------------------------------------------------------------- sets of labels of other sizes

    @cached_property
    def size(self) -> int:
        return int((self.m + 1 + self.k) // 2)

    def _on(self, labels: tuple[int, ...]) -> tuple[Numbers, Numbers]:
        """H_S G_S and H_S Delta_S, an input a row."""
        chosen = list(labels)
        return centred(self.G[chosen]), centred(self.delta[:, chosen].T).T

    @cached_property
    def _sets(self) -> list[tuple[Numbers, Numbers]]:
        return [self._on(labels) for labels in combinations(range(self.k), self.size)]

    @cached_property
    def set_moved(self) -> float:
        return float(np.mean([(moved**2).sum(axis=1).mean() for _, moved in self._sets]))

    @cached_property
    def set_error(self) -> float:
        return float(np.mean([((x @ np.linalg.pinv(g).T) ** 2).sum(axis=1).mean() for g, x in self._sets]))

    @cached_property
    def set_s2(self) -> float:
        return float(min(np.linalg.svd(g, compute_uv=False)[-1] ** 2 for g, _ in self._sets))

    @cached_property
    def _part(self) -> tuple[Numbers, Numbers]:
        return self._on(tuple(range(max(self.m + 1, self.k - 1))))

    @cached_property
    def part_moved(self) -> Numbers:
        return np.asarray((self._part[1] ** 2).sum(axis=1))

    @cached_property
    def part_error(self) -> Numbers:
        return np.asarray(((self._part[1] @ np.linalg.pinv(self._part[0]).T) ** 2).sum(axis=1))

    @cached_property
    def part_s2(self) -> float:
        return float(np.linalg.svd(self._part[0], compute_uv=False)[-1] ** 2)

    # ----------------------------------------------------------------------- unembeddings, correlations

    @cached_property
    def lf(self) -> float:
        return float(np.linalg.eigvalsh(self.F.T @ self.F / self.n)[0])

    @cached_property
    def _errors(self) -> Numbers:
        return np.asarray(self.G - self.G2 @ (np.linalg.pinv(self.F) @ self.F2).T)

    @cached_property
    def label_errors(self) -> float:
        return float((centred(self._errors) ** 2).sum())

    @cached_property
    def pair_errors(self) -> float:
        gaps = self._errors[:, None] - self._errors[None]
        return float((gaps**2).sum() / (self.k * (self.k - 1)))

    @cached_property
    def pivot_errors(self) -> float:
        return float(((self._errors - self._errors[0]) ** 2).sum())

    def _correlations(self, about_mean: bool) -> Numbers:
        f, f2 = (centred(each) if about_mean else each for each in (self.F, self.F2))
        values = np.linalg.svd(np.linalg.qr(f)[0].T @ np.linalg.qr(f2)[0], compute_uv=False)
        return np.concatenate([values, np.zeros(max(0, max(self.m, self.F2.shape[1]) - len(values)))])

    def _spectrum(self, logits: Numbers, about_mean: bool, width: int) -> Numbers:
        rows = centred(logits) if about_mean else logits
        values = np.linalg.eigvalsh(rows.T @ rows / self.n)[::-1].clip(0)
        return np.concatenate([values, np.zeros(width)])[:width]

    def _loss(self, centred_spectrum: bool, centred_correlations: bool) -> float:
        rho = self._correlations(centred_correlations)[: self.m]
        return float((self._spectrum(self.u, centred_spectrum, self.m) * (1 - rho**2)).sum())

    @cached_property
    def loss(self) -> float:
        return self._loss(False, False)

    @cached_property
    def loss_centred(self) -> float:
        return self._loss(True, True)

    @cached_property
    def loss_mixed(self) -> float:
        return self._loss(True, False)

    @cached_property
    def loss_both(self) -> float:
        width = max(self.m, self.F2.shape[1])
        x, y = (np.sqrt(self._spectrum(each, False, width)) for each in (self.u, self.u2))
        return float(((x - y) ** 2 + 2 * x * y * (1 - self._correlations(False)[:width])).sum())

    @cached_property
    def lm(self) -> float:
        return float(self._spectrum(self.u, False, self.m)[-1])

    @cached_property
    def cca_lost(self) -> float:
        return float(1 - self._correlations(False)[: self.m].mean())

    # ----------------------------------------------------------------------- probes

    @cached_property
    def _w(self) -> Numbers:
        return np.resize(np.array(_PROBE), self.m)

    @cached_property
    def c2(self) -> float:
        return float(((self.P.T @ self._w) ** 2).sum())

    @cached_property
    def probe(self) -> Numbers:
        return np.asarray(self.F @ self._w)

    @cached_property
    def probe2(self) -> Numbers:
        return np.asarray(self.F2 @ (self.P @ self.G2c).T @ self._w)

    @cached_property
    def probe_gap2(self) -> Numbers:
        return np.asarray((self.probe - self.probe2) ** 2)

    @cached_property
    def probe_var(self) -> float:
        return float(self.probe.var())

    @cached_property
    def gap_var(self) -> float:
        return float((self.probe - self.probe2).var())

    @cached_property
    def sign_flip(self) -> Numbers:
        return np.asarray(((self.probe > 0) != (self.probe2 > 0)).astype(float))

    @cached_property
    def gamma_probe(self) -> float:
        return self.band(np.abs(self.probe))

    @cached_property
    def near_probe(self) -> float:
        return float(np.mean(np.abs(self.probe) <= self.gamma_probe))

    @cached_property
    def fits_probe(self) -> float:
        return fits(self.probe**2, self.c2 * self.d2)

    @cached_property
    def tail_probe(self) -> float:
        return least_tail(self.probe**2, self.c2 * self.d2)

    # ----------------------------------------------------------------------- log-ratio variance, d_SVD

    def _svd_lost(self, order: tuple[int, ...]) -> float:
        """d_SVD of pivoted logits, the pivot first."""
        parts = []
        for logits in (self.u, self.u2):
            rows = centred(logits[:, list(order[1:])] - logits[:, [order[0]]])
            parts.append(rows / rows.std(axis=0))
        return float(1 - np.linalg.svd(parts[0].T @ parts[1] / self.n, compute_uv=False).mean())

    @cached_property
    def dsvd(self) -> float:
        return self._svd_lost(tuple(range(self.m + 1)))

    @cached_property
    def dsvd_mean(self) -> float:
        orders = [
            (pivot, *(j for j in subset if j != pivot))
            for subset in combinations(range(self.k), self.m + 1)
            for pivot in subset
        ]
        return float(np.mean([self._svd_lost(order) for order in orders]))

    @cached_property
    def llv(self) -> float:
        largest = 0.0
        for j in range(1, self.m + 1):
            scales = [(log[:, j] - log[:, 0]).std() for log in (self.logp, self.logq)]
            for label in (j, 0):
                gap = self.logp[:, label] / scales[0] - self.logq[:, label] / scales[1]
                largest = max(largest, float(gap.std()))
        return largest

    @cached_property
    def psi(self) -> float:
        sums = [
            (self.u[:, i] - self.u[:, j]).std() + (self.u2[:, i] - self.u2[:, j]).std()
            for i, j in combinations(range(self.k), 2)
        ]
        return float(min(sums))


class Quantities(OfHeads):
    """All quantities of a pair by name: its logits', its heads', and those in the geometry of each input or of a tree."""

    def _fisher(self, weights: Numbers, heads: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
        """r_w by input and I_w by input."""
        residuals, forms = [], []
        for x in range(self.n):
            w = weights[x]
            sigma = np.diag(w) - np.outer(w, w) / w.sum()
            form = heads[0].T @ sigma @ heads[0]
            alignment = np.linalg.pinv(form) @ heads[0].T @ sigma @ heads[1]
            residuals.append(self.F[x] - alignment @ self.F2[x])
            forms.append(form)
        return np.array(residuals), np.array(forms)

    @cached_property
    def _geometry(self) -> tuple[Numbers, Numbers]:
        return self._fisher(self.w, (self.Gc, self.G2c))

    @cached_property
    def fisher(self) -> Numbers:
        r, forms = self._geometry
        return np.asarray(np.einsum("xi,xij,xj->x", r, forms, r))

    @cached_property
    def fisher_product(self) -> Numbers:
        r, forms = self._fisher(self.p * self.q, (self.Gc, self.G2c))
        return np.asarray(np.einsum("xi,xij,xj->x", r, forms, r))

    @cached_property
    def rw2(self) -> Numbers:
        return np.asarray((self._geometry[0] ** 2).sum(axis=1))

    @cached_property
    def li(self) -> Numbers:
        return np.asarray([np.linalg.eigvalsh(form)[0] for form in self._geometry[1]])

    @cached_property
    def rw_probe2(self) -> Numbers:
        return np.asarray((self._geometry[0] @ self._w) ** 2)

    @cached_property
    def dual(self) -> Numbers:
        return np.asarray([self._w @ np.linalg.solve(form, self._w) for form in self._geometry[1]])

    @cached_property
    def apart(self) -> Numbers:
        return np.asarray(np.linalg.norm(self.residual - self._geometry[0], axis=1))

    @cached_property
    def apart_probe(self) -> Numbers:
        return np.asarray(np.abs((self.residual - self._geometry[0]) @ self._w))

    @cached_property
    def r_probe2(self) -> Numbers:
        return np.asarray((self.residual @ self._w) ** 2)

    @cached_property
    def far(self) -> Numbers:
        """Whether ||f - A* f'||^2 exceeds a tenth of ||f||^2."""
        return np.asarray((0.1 * (self.F**2).sum(axis=1) < self.A).astype(float))

    @cached_property
    def unbounded(self) -> Numbers:
        """Whether its bound is a tenth of ||f||^2 or more."""
        with np.errstate(all="ignore"):
            bound = (np.sqrt(2 * self.KL / np.maximum(self.li, 0)) + self.apart) ** 2
        return np.asarray((~(bound < 0.1 * (self.F**2).sum(axis=1))).astype(float))

    @cached_property
    def own_image(self) -> Numbers:
        head = self.Gc @ (self.P @ self.G2c)
        changed = type(self)(Pair(Model(self.F, self.G), Model(self.F2, head)))
        r, _ = changed._geometry
        return np.asarray(((self.F - r) ** 2).sum(axis=1))

    @cached_property
    def single_image(self) -> Numbers:
        return np.asarray(((self.F2 @ (self.P @ self.G2c).T) ** 2).sum(axis=1))

    @cached_property
    def VarP(self) -> float:
        return float(self.variance(self.residual @ self.Gc.T).mean())

    @cached_property
    def VarO(self) -> float:
        return float(self.variance(self.delta - self.residual @ self.Gc.T).mean())

    @cached_property
    def meanKL(self) -> float:
        return float(self.KL.mean())

    def _inverse_floor(self, columns: Numbers) -> Numbers:
        """1/mu by input: mu the least eigenvalue of Sigma_w on the span of the columns."""
        left, values, _ = np.linalg.svd(columns, full_matrices=False)
        basis = left[:, values > 1e-9 * values[0]]  # relative: the rank of ordinary matrices
        found = []
        for w in self.w:
            sigma = np.diag(w) - np.outer(w, w) / w.sum()
            found.append(1 / np.linalg.eigvalsh(basis.T @ sigma @ basis)[0])
        return np.array(found)

    @cached_property
    def mu_inverse(self) -> Numbers:
        return self._inverse_floor(np.hstack([self.Gc, self.G2c]))

    @cached_property
    def mu_inverse_max(self) -> float:
        return float(self.mu_inverse.max())

    @cached_property
    def _one_head(self) -> Quantities:
        return type(self)(Pair(Model(self.F, self.G), Model(self.F2, self.G)))

    @cached_property
    def shared_d2(self) -> float:
        return self._one_head.d2

    @cached_property
    def shared_KL(self) -> Numbers:
        return np.asarray(self._one_head.KL)

    @cached_property
    def shared_mu_inverse(self) -> Numbers:
        return self._one_head._inverse_floor(self.Gc)

    # ----------------------------------------------------------------------- new inputs

    def _rank(self, count: int) -> int:
        return math.ceil((count + 1) * 3 / 4)  # (n + 1)(1 - alpha), alpha = 1/4

    def _above(self, scores: Numbers) -> float:
        """Share of inputs above the score of that rank among the others."""
        rank = self._rank(len(scores) - 1)
        beyond = [sum(other < own for other in scores) >= rank for own in scores]
        return float(np.mean(beyond))

    @cached_property
    def exceed(self) -> float:
        return self._above(self.D)

    @cached_property
    def exceed_aligned(self) -> float:
        return self._above(self.A)

    @cached_property
    def exceed_groups(self) -> float:
        last = self.n - self.n % 2
        return self._above(np.maximum(self.D[0:last:2], self.D[1:last:2]))

    def _binomial(self, draws: int, share: float) -> Numbers:
        return np.array([math.comb(draws, x) * share**x * (1 - share) ** (draws - x) for x in range(draws + 1)])

    @cached_property
    def too_low(self) -> float:
        allowed, draws = math.floor(self.n / 4), 20
        share = float(np.mean([sum(other > own for other in self.D) > allowed for own in self.D]))
        tails = [self._binomial(draws, 0.75)[j:].sum() for j in range(draws + 1)]
        rank = next(j for j in range(1, draws + 1) if tails[j] <= 1 / 16)
        return float(self._binomial(draws, share)[rank:].sum())

    @cached_property
    def missed(self) -> float:
        share = float(self.flips.mean())
        total = 0.0
        for each in (share, 1 - share):
            chances = self._binomial(4, each)
            total += float(chances[np.cumsum(chances) <= 1 / 16].sum())
        return total

    # ----------------------------------------------------------------------- a tree of prefixes

    @cached_property
    def _tree(self) -> list[tuple[int, ...]]:
        """Prefixes in the order of inputs: by length, then as numbers."""
        found: list[tuple[int, ...]] = []
        length = 0
        while len(found) + self.k**length <= self.n:
            found += list(product(range(self.k), repeat=length))
            length += 1
        return found

    def _along(self, logs: Numbers, word: tuple[int, ...]) -> float:
        rows = {prefix: x for x, prefix in enumerate(self._tree)}
        return float(sum(logs[rows[word[:i]], token] for i, token in enumerate(word)))

    @cached_property
    def _words(self) -> list[tuple[int, ...]]:
        return list(product(range(self.k), repeat=len(self._tree[-1]) + 1))

    @cached_property
    def _sequences(self) -> tuple[Numbers, Numbers]:
        first, second = ([math.exp(self._along(log, word)) for word in self._words] for log in (self.logp, self.logq))
        return np.array(first), np.array(second)

    @cached_property
    def seqKL(self) -> float:
        first, second = self._sequences
        return float((first * np.log(first / second)).sum())

    @cached_property
    def seqTV(self) -> float:
        first, second = self._sequences
        return float(np.abs(first - second).sum() / 2)

    @cached_property
    def whole_pass(self) -> float:
        smaller = np.minimum(self.logp, self.logq)
        return float(sum(math.exp(self._along(smaller, word)) for word in self._words))

    def _over_prefixes(self, values: Numbers) -> float:
        return float(sum(math.exp(self._along(self.logp, y)) * values[x] for x, y in enumerate(self._tree)))

    @cached_property
    def prefixKL(self) -> float:
        return self._over_prefixes(self.KL)

    @cached_property
    def prefixTV(self) -> float:
        return self._over_prefixes(self.TV)

    @cached_property
    def accepted(self) -> Numbers:
        return np.asarray((self.q * np.minimum(1, self.p / self.q)).sum(axis=1))

    @cached_property
    def _path(self) -> list[int]:
        rows: dict[tuple[int, ...], int] = {prefix: x for x, prefix in enumerate(self._tree)}
        word: tuple[int, ...] = ()
        found = []
        while word in rows:
            found.append(rows[word])
            word = (*word, int(self.z[rows[word]].argmax()))
        return found

    @cached_property
    def greedy_differ(self) -> float:
        return float(max(self.flips[x] for x in self._path))

    @cached_property
    def greedy_share(self) -> float:
        return float(max(self.KL[x] / self.thresholds["kl"][x] for x in self._path))
