r"""Proofs of T17, for all numbers of inputs and all levels, save where numbers are those of the statement.

Nothing here is about logits: a score is any function of an input and of two models that are fixed. In a finite
population of N exchangeable inputs each is the new one equally often, and the others are those that were seen.
"""

from __future__ import annotations

from itertools import product
from math import comb

import sympy as sp

from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Algebra, Identity, WordIdentity, letters
from theory.proofs.psd import Consequence
from theory.proofs.scalar import Range, Scalar, Signs
from theory.proofs.steps import Proof, Step

_ANY = "all numbers of inputs and all alpha"
_DRAWS, _RANK = 20, 19  # those of the statement: P(Bin(20, 3/4) >= 19) = .0243, and at least 18 has .0913
_ALPHA, _DELTA = sp.Rational(1, 4), sp.Rational(1, 16)

_above, _below = sp.symbols("E b", nonnegative=True)  # inputs that exceed; others below the least of these
_inputs, _rank = sp.symbols("N j", positive=True)
_level = sp.Symbol("alpha", positive=True)
_exact, _rounding = sp.symbols("N(1-alpha) rounding", real=True)
_share = sp.Symbol("pi", real=True)
_k, _m, _m_other = sp.symbols("k m m'", positive=True)


def _tail(share: sp.Expr, draws: int = _DRAWS, rank: int = _RANK) -> sp.Expr:
    """P(Bin(draws, share) >= rank)."""
    return sum(
        (sp.Integer(comb(draws, x)) * share**x * (1 - share) ** (draws - x) for x in range(rank, draws + 1)),
        sp.Integer(0),
    )


# --------------------------------------------------------------------------- (a) and (d): one new input


def _counting_steps(what: str) -> tuple[Step, ...]:
    return (
        Step(
            "the rank",
            r"j = \lceil N (1 - \alpha) \rceil \ge N (1 - \alpha),\quad N = n + 1",
            Scalar(_exact + _rounding, _exact, (Range(_exact), Range(_rounding, 0, 1)), Signs()),
            covers=_ANY,
            remark="A number rounded up is no smaller.",
        ),
        Step(
            "few exceed",
            rf"\#\{{i : s_i > s_{{(j)}} \text{{ of the others}}\}} \le \alpha N \quad \text{{for scores of {what}}}",
            Consequence(
                _level * _inputs - _above,
                ((1, _inputs - _above - _below), (1, _below - _rank), (1, _rank - _inputs * (1 - _level))),
            ),
            uses=("the rank",),
            covers=_ANY,
            remark="Take the one with the least score among the E that exceed. At least j others are below it (b >= j),"
            " and none of these exceeds, or it would have been taken (N - E >= b).",
        ),
    )


def _exceeding(scores: tuple[int, ...], rank: int) -> sp.Expr:
    """Share of inputs that exceed the score of the rank among all the others, from the definition."""
    found = 0
    for i, own in enumerate(scores):
        others = sorted(scores[:i] + scores[i + 1 :])
        found += rank <= len(others) and own > others[rank - 1]
    return sp.Rational(found, len(scores))


def _sharp(statement: str, inputs: int, what: str) -> Proof:
    rank = -(-inputs * 3 // 4)
    return Proof(
        "T17",
        f"{statement}: sharp",
        r"\text{equality for different scores if } \alpha N \text{ is whole}",
        (
            Step(
                "different scores",
                r"N - j = \alpha N",
                Identity(_inputs - _inputs * (1 - _level), _level * _inputs),
                covers=_ANY,
                remark="The i-th smallest of N different scores exceeds i - 1 others: those with i > j exceed.",
            ),
            Step(
                f"{inputs} {what}",
                r"\text{share that exceeds, counted} = \alpha",
                Value(lambda: _exceeding(tuple(range(inputs)), rank), _ALPHA),
                uses=("different scores",),
                covers=f"N = {inputs}, alpha = 1/4",
            ),
        ),
    )


def _new_input() -> Proof:
    return Proof("T17", "new_input", r"P(s_{\mathrm{new}} > s_{(j)}) \le \alpha", _counting_steps("inputs"))


def _groups() -> Proof:
    return Proof("T17", "groups", r"P(s_{\mathrm{new\ group}} > s_{(j)}) \le \alpha", _counting_steps("groups"))


def _after_alignment() -> Proof:
    G, P, G_other, f, f_other = letters("G P G' f f'")
    algebra = Algebra(
        {G: (_k, _m), P: (_m, _k), G_other: (_k, _m_other), f: (_m, 1), f_other: (_m_other, 1)}, rules=((P * G, 1),)
    )
    return Proof(
        "T17",
        "after_alignment",
        r"P(\|f - A^* f'\|^2 > s_{(j)}) \le \alpha",
        (
            Step(
                "a score of one input",
                r"f - A^* f' = G_c^+ (G_c f - G'_c f')",
                WordIdentity(f - P * G_other * f_other, P * (G * f - G_other * f_other), algebra),
                covers="all k and m",
                remark="The heads are fixed, and of inputs only the one in question occurs: its score is exchangeable.",
            ),
            *_counting_steps("inputs"),
        ),
    )


def _not_loose() -> Proof:
    return Proof(
        "T17",
        "not_loose",
        r"P(s_{\mathrm{new}} > s_{(j)}) \ge \alpha - \tfrac1N \text{ for different scores}",
        (
            Step(
                "rounding",
                r"j = \lceil N (1 - \alpha) \rceil \le N (1 - \alpha) + 1",
                Scalar(_exact + 1, _exact + _rounding, (Range(_exact), Range(_rounding, 0, 1)), Signs()),
                covers=_ANY,
                remark="Rounding up adds less than one.",
            ),
            Step(
                "as many as can",
                r"E - (\alpha N - 1) = 1 - (j - N (1 - \alpha)) \ge 0,\quad E = N - j",
                Consequence(
                    _above - (_level * _inputs - 1),
                    ((1, 1 - _rank + _inputs * (1 - _level)),),
                    ((1, _above - _inputs + _rank),),
                ),
                uses=("rounding",),
                covers=_ANY,
                remark="The i-th smallest exceeds i - 1 others, so those with i > j do.",
            ),
        ),
    )


# --------------------------------------------------------------------------- (b): with confidence


def _low_samples(population: int, draws: int, rank: int, low: int) -> sp.Expr:
    """Share of all samples of so many draws whose score of the rank is among the `low` lowest of the population."""
    samples = [sorted(sample)[rank - 1] < low for sample in product(range(population), repeat=draws)]
    return sp.Rational(sum(samples), len(samples))


def _confidence_steps(rank: int, statement: str) -> tuple[Step, ...]:
    at_most, few = sp.symbols("T_pi T", nonnegative=True)
    tail, coefficient = _tail(_share, rank=rank), rank * comb(_DRAWS, rank)
    slope = coefficient * _share ** (rank - 1) * (1 - _share) ** (_DRAWS - rank)
    limit = _tail(1 - _ALPHA, rank=rank)
    return (
        Step(
            "few are low",
            r"\#\text{low} < (1 - \alpha) N",
            Consequence(
                _inputs * (1 - _level) - _below, ((1, _inputs - _below - _above), (1, _above - _level * _inputs))
            ),
            covers=_ANY,
            remark="b inputs are low. Above the highest of them E > alpha N inputs lie, none of them low.",
        ),
        Step(
            "a low score of the rank",
            r"P(s_{(j)} \text{ is low}) = P(\mathrm{Bin}(n, \pi) \ge j),\quad \pi \text{ the share of low inputs}",
            Value(lambda: _low_samples(4, 3, 2, 3), _tail(sp.Rational(3, 4), 3, 2)),
            covers="written out for N = 4, n = 3, j = 2: all 64 samples",
            remark="Whoever is below a low input is low: s_(j) is low just if at least j draws are.",
        ),
        Step(
            "slope of a binomial tail",
            r"\tfrac{d}{d\pi} P(\mathrm{Bin}(n, \pi) \ge j) = j \tbinom nj \pi^{j-1} (1 - \pi)^{n-j}",
            Identity(sp.expand(sp.diff(tail, _share)), sp.expand(slope)),
            covers=f"n = {_DRAWS}, j = {rank}",
        ),
        Step(
            "the tail grows",
            r"j \tbinom nj \pi^{j-1} (1 - \pi)^{n-j} \ge 0,\ 0 \le \pi \le 1",
            Scalar(slope, sp.Integer(0), (Range(_share, 0, 1),), Signs()),
            uses=("slope of a binomial tail",),
            covers=f"n = {_DRAWS}, j = {rank}",
        ),
        Step(
            "at the largest share",
            rf"P(\mathrm{{Bin}}(n, 1 - \alpha) \ge j) = {sp.latex(sp.Rational(limit))} \le \delta",
            Consequence(_DELTA - at_most, ((1, few - at_most), (_DELTA - limit, sp.Integer(1))), ((1, limit - few),)),
            uses=("few are low", "a low score of the rank", "the tail grows"),
            covers=f"n = {_DRAWS}, j = {rank}, alpha = 1/4, delta = 1/16",
            remark=f"T_pi is the tail at pi < 1 - alpha, T that at 1 - alpha, of {statement}.",
        ),
    )


def _with_confidence() -> Proof:
    return Proof(
        "T17",
        "with_confidence",
        r"P(F(s_{(j)}) < 1 - \alpha) \le \delta",
        _confidence_steps(_RANK, "the rank 19"),
    )


def _with_confidence_sharp() -> Proof:
    size = sp.Symbol("q", positive=True)
    return Proof(
        "T17",
        "with_confidence: sharp",
        r"\sup P(F(s_{(j)}) < 1 - \alpha) = P(\mathrm{Bin}(n, 1 - \alpha) \ge j)",
        (
            Step(
                "large populations",
                r"\lim_{q \to \infty} P(\mathrm{Bin}(n, \pi) \ge j) / P(\mathrm{Bin}(n, \tfrac34) \ge j) = 1,"
                r"\ \pi = (3 q - 1)/(4 q)",
                Limit(
                    _tail((3 * size - 1) / (4 * size)) / _tail(1 - _ALPHA), size, sp.oo, sp.Integer(1)
                ),
                covers="n = 20, j = 19, alpha = 1/4",
                remark="Of N = 4 q different scores 3 q - 1 are low. So no smaller rank will do where its tail exceeds delta.",
            ),
        ),
    )  # fmt: skip


# --------------------------------------------------------------------------- (c): shares


def _share_proof() -> Proof:
    half, low, high = sp.symbols("delta/2 F_low F_high", nonnegative=True)
    return Proof(
        "T17",
        "share",
        r"P(\theta \notin (L(X), U(X))) \le \delta",
        (
            Step(
                "where the interval misses",
                r"\theta \ge U(x) \Leftrightarrow P_\theta(X \le x) \le \delta/2:\quad"
                r" \tfrac{d}{d\theta} P_\theta(X \le x) = -(x + 1) \tbinom n{x+1} \theta^x (1 - \theta)^{n-x-1} \le 0",
                Identity(
                    sp.expand(sp.diff(1 - _tail(_share, 4, 2), _share)), sp.expand(-12 * _share * (1 - _share) ** 2)
                ),
                covers="written out for n = 4, x = 1",
                remark="U(x) is where P_theta(X <= x) = delta/2; it falls as theta grows. L is the same from the other end.",
            ),
            Step(
                "nested outcomes",
                r"P(\theta \ge U(X)) = P(X \le x_0) \le \delta/2,\quad x_0 = \max\{x : P(X \le x) \le \delta/2\}",
                Consequence(2 * half - low - high, ((1, half - low), (1, half - high))),
                uses=("where the interval misses",),
                covers="all n, theta and delta",
                remark="The outcomes that miss on one side are those up to x_0, and have its probability; or none does.",
            ),
        ),
    )


def _share_sharp() -> Proof:
    half = sp.Rational(1, 2)
    return Proof(
        "T17",
        "share: sharp",
        r"\text{equality at } \theta = \tfrac12,\ n = 4,\ \delta = \tfrac18",
        (
            Step(
                "none or all of four coins",
                r"P(X = 0) + P(X = 4) = \tfrac1{16} + \tfrac1{16} = \delta",
                Value(lambda: _tail(half, 4, 4) + 1 - _tail(half, 4, 1), 2 * _DELTA),
                covers="n = 4, delta = 1/8",
                remark="P(X <= 0) is delta/2 exactly, P(X <= 1) is 5/16.",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T17."""
    return (
        _new_input(),
        _sharp("new_input", 8, "inputs"),
        _not_loose(),
        _after_alignment(),
        _sharp("after_alignment", 8, "inputs"),
        _groups(),
        _sharp("groups", 4, "groups"),
        _with_confidence(),
        _with_confidence_sharp(),
        _share_proof(),
        _share_sharp(),
    )


# --------------------------------------------------------------------------- false twins


def _refitted() -> Step:
    """The residual of an input under a map that was fitted to the others is not that under the map fitted to all."""
    own, ahead, inverse = letters("e a K")  # f' of the input, its residual, (F'^T F')^-1
    algebra = Algebra({own: (_m_other, 1), ahead: (1, 1), inverse: (_m_other, _m_other)}, symmetric=(inverse, ahead))
    leverage = sp.Symbol("e^T", commutative=False) * inverse * own
    return Step(
        "fitted to all or to the others",
        r"e_i = (1 - h_{ii})\, e_i^{(-i)} = e_i^{(-i)}",
        WordIdentity(ahead - leverage * ahead, ahead, algebra),
        remark="It would have to hold for the scores to be exchangeable.",
    )


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T17."""
    other = sp.Symbol("b'", nonnegative=True)  # inputs of the other document below the least that exceeds
    missed = sp.Rational(7, 8) ** 4  # P(X = 0): the interval of nothing seen is a point, and misses 1/8
    return (
        Proof("T17", "without_the_new_one", r"j = \lceil n (1 - \alpha) \rceil", (
            Step("few exceed", r"\alpha N - E \ge 0 \text{ from } j \ge (N - 1)(1 - \alpha)", Consequence(
                _level * _inputs - _above,
                ((1, _inputs - _above - _below), (1, _below - _rank), (1, _rank - (_inputs - 1) * (1 - _level))))),
        )),
        Proof("T17", "fitted_alignment", r"\|f - B f'\|^2,\ B \text{ fitted to the inputs seen}", (_refitted(),)),
        Proof("T17", "documents", r"j \text{ from the inputs of the other document alone}", (
            Step("few exceed", r"\alpha N - E \ge 0 \text{ from } b' \ge j \ge (1 - \alpha) N/2", Consequence(
                _level * _inputs - _above,
                ((1, _inputs - _above - other), (1, other - _rank), (1, _rank - _inputs / 2 * (1 - _level))))),
        )),
        Proof("T17", "marginal_rank_with_confidence", r"j = \lceil (n + 1)(1 - \alpha) \rceil = 16",
              _confidence_steps(16, "the rank 16")),
        Proof("T17", "normal_approximation", r"P(|\theta - X/n| > 2 \sqrt{X (n - X)/n^3}) \le \delta", (
            Step("nothing seen", r"P(X = 0) \le \delta,\ \theta = \tfrac18,\ n = 4", Consequence(
                2 * _DELTA - missed, ((2 * _DELTA - missed, sp.Integer(1)),))),
        )),
    )  # fmt: skip
