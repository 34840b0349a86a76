r"""Proofs of T18: least squares on some of the labels, column spaces, and the chain rule of KL.

Gamma = H_S G_S, for which P stands with P Gamma = 1. Means over sets are forms that permutations leave alone. Sums over
labels are linear, so that what is said of one label holds for every number of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.catalogue.t03_pivot_free_alignment.proof import (
    SQUARES,
    projection_step,
    residual_step,
    singular_value_step,
)
from theory.proofs.extremal import Value
from theory.proofs.identity import (
    Algebra,
    Identity,
    InvariantForm,
    Rows,
    SymmetricForms,
    WordIdentity,
    centred_norm,
    inclusion,
    letters,
    mean_of_squares_over_subsets,
    mean_over_subsets,
    times,
)
from theory.proofs.psd import Consequence
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T18"
_ALL = "all k and m"

_k, _s = sp.symbols("k s", positive=True)
_SIZES = tuple({_k: k, _s: s} for k in range(2, 7) for s in range(2, k + 1))
_low = sp.Symbol("sigma", positive=True)  # s_min(H_S G_S)

t, p, a, b, x = sp.symbols("t p a b x", real=True)
_KL, _INSIDE, _OUTSIDE = sp.symbols("KL W_S W_R", nonnegative=True)  # W: p(S) KL(p_S || p'_S), and the same for R
_COARSE, _MASS = sp.symbols("C P", nonnegative=True)

# --------------------------------------------------------------------------- (a) a set of labels


def _set_steps() -> tuple[Step, ...]:
    """The steps of T3 for the labels of S."""
    only = "Gamma = H_S G_S in place of Gc: the labels of S are all there are, and Delta_S is centred on S."
    latex = (
        r"f - A_S f' = \Gamma^+ H_S \Delta_S,\quad \Gamma = H_S G_S,\ A_S = \Gamma^+ H_S G'_S",
        r"s_{\min}(\Gamma)^2 \|z\|^2 \le \|\Gamma z\|^2 \text{ for } z = \Gamma^+ H_S \Delta_S",
        r"\|\Gamma \Gamma^+ H_S \Delta_S\|^2 \le \|H_S \Delta_S\|^2",
    )
    steps = (residual_step(), singular_value_step(_low**2), projection_step())
    return tuple(replace(step, statement=words, remark=only) for step, words in zip(steps, latex, strict=True))


def _fixed_set(share: sp.Expr, statement: str) -> Proof:
    d, inside, residual = sp.symbols("d2 N R", nonnegative=True)
    return Proof(
        _THEOREM,
        statement,
        r"E\|f - A_S f'\|^2 \le E\|H_S \Delta_S\|^2 / s_{\min}(H_S G_S)^2",
        (
            *_set_steps(),
            Step(
                "conclusion",
                r"E\|H_S \Delta_S\|^2 - s_{\min}(\Gamma)^2\, E\|f - A_S f'\|^2 \ge 0",
                Consequence(share * d - _low**2 * residual, ((1, d - inside), (1, inside - _low**2 * residual))),
                uses=("residual", "smallest singular value", "projection"),
            ),
        ),
        names={d: SQUARES[0], inside: SQUARES[1], residual: SQUARES[2]},
    )


def _attained() -> sp.Expr:
    """Return s_min(Gamma)^2 E|f - A_S f'|^2 / E|H_S Delta_S|^2 for five labels of six, whatever the sixth does."""
    labels = sp.Matrix([[1, 3], [-1, 3], [1, -3], [-1, -3], [0, 0], [7, -2]])
    direction = sp.Matrix([1, -1, 1, -1, 0]) / 2  # the left singular vector of the smaller singular value, 2
    part = labels[:5, :]
    other = part - direction * sp.Matrix([[sp.Rational(1, 2), 0]])
    inputs = sp.Matrix([[1, 0], [0, 1], [2, -1], [3, 5], [-1, 1]]).T
    centring = sp.eye(5) - sp.ones(5, 5) / 5
    gamma = centring * part
    alignment = (gamma.T * gamma).inv() * gamma.T * centring * other
    residual, difference = inputs - alignment * inputs, centring * (part - other) * inputs
    return 4 * (residual.T * residual).trace() / (difference.T * difference).trace()


def _fixed_set_sharp() -> Proof:
    G, P, f, v, w, row = letters("Gamma P f v w a^t")
    m = sp.Symbol("m", positive=True)
    singular = Algebra(
        {G: (_s, m), P: (m, _s), f: (m, 1), v: (_s, 1), w: (m, 1), row: (1, m)},
        rules=((P * G, 1), (P * v, w / _low)),
    )
    return Proof(
        _THEOREM,
        "fixed_set: sharp",
        r"\text{equality for every } S \text{ and } G:\ f' = f,\ H_S G'_S = \Gamma - v a^\top",
        (
            Step(
                "difference",
                r"H_S \Delta_S = v\,(a \cdot f)",
                WordIdentity(G * f - (G - v * row) * f, v * row * f, singular),
            ),
            Step(
                "residual",
                r"f - A_S f = \Gamma^+ v\,(a \cdot f) = (w/\sigma)(a \cdot f)",
                WordIdentity(f - P * (G - v * row) * f, w * row * f / _low, singular),
                uses=("difference",),
                remark="v and w are the last singular vectors of Gamma, of length one: Gamma^+ v = w/sigma.",
            ),
            Step(
                "a worked example",
                r"s_{\min}(\Gamma)^2\, E\|f - A_S f'\|^2 / E\|H_S \Delta_S\|^2 = 1",
                Value(_attained, sp.Integer(1)),
                uses=("residual",),
                covers="k = 6, |S| = 5, m = 2, five inputs",
            ),
        ),
    )


def _centred_matrix(sizes: Mapping[str, int]) -> Rows:
    """Return the matrix of mean_S ||H_S x_S||^2, by enumeration."""
    k, s = sizes["k"], sizes["s"]
    return mean_of_squares_over_subsets(
        k, s, lambda subset: [{j: Fraction(int(i == j)) - Fraction(1, s) for j in subset} for i in subset]
    )


def _mean_form() -> InvariantForm:
    return mean_over_subsets(centred_norm(_s), _s, _k)


def _mean_steps(share: sp.Expr) -> tuple[Step, ...]:
    one, two = inclusion(_s, _k)
    return (
        Step("sets with a label", r"\binom{k-1}{s-1} \big/ \binom{k}{s} = \tfrac{s}{k}", one, covers="all k and s"),
        Step(
            "sets with two labels",
            r"\binom{k-2}{s-2} \big/ \binom{k}{s} = \tfrac{s (s-1)}{k (k-1)}",
            two,
            covers="all k and s",
        ),
        Step(
            "mean over sets",
            r"\operatorname*{mean}_{|S| = s} \|H_S \Delta_S\|^2 = \tfrac{s-1}{k-1} \|\Delta\|^2",
            SymmetricForms(_mean_form(), times(share, centred_norm(_k)), explicit=_centred_matrix, sizes=_SIZES),
            uses=("sets with a label", "sets with two labels"),
            covers="all k and s",
            remark="Double counting; s = m + 1 and s = k are the means of T2 and T3.",
        ),
    )


_SHARE = (_s - 1) / (_k - 1)


def _mean_over_sets(share: sp.Expr, statement: str) -> Proof:
    claim = r"\operatorname*{mean}_{|S| = s} \|H_S \Delta_S\|^2 = \tfrac{s-1}{k-1} \|\Delta\|^2"
    return Proof(_THEOREM, statement, claim, _mean_steps(share))


def _mean_error_over_sets() -> Proof:
    d, inside, residual, inverse, most = sp.symbols("d2 N_S R_S t_S M", nonnegative=True)
    return Proof(
        _THEOREM,
        "mean_error_over_sets",
        r"\operatorname*{mean}_{|S| = s} E\|f - A_S f'\|^2 \le \tfrac{s-1}{k-1} d^2 / \min_S s_{\min}(H_S G_S)^2",
        (
            *_set_steps(),
            *_mean_steps(_SHARE),
            Step(
                "conclusion",
                r"M \tfrac{s-1}{k-1} d_\mathrm{logit}^2 - R = \operatorname*{mean}_S \big[(t_S N_S - R_S)"
                r" + N_S (M - t_S)\big] \ge 0",
                Consequence(
                    most * _SHARE * d - residual,
                    ((1, inverse * inside - residual), (inside, most - inverse)),
                    ((most, _SHARE * d - inside),),
                ),
                uses=("residual", "smallest singular value", "projection", "mean over sets"),
                covers="all k, m and s",
                remark="R_S = E|f - A_S f'|^2, N_S = E|H_S Delta_S|^2, t_S = 1/s_min(H_S G_S)^2 and M the largest of "
                "these. The equality holds in the mean over S, in which all terms are linear.",
            ),
        ),
    )


# --------------------------------------------------------------------------- (b) logits alone

_n, _m = sp.symbols("n m", positive=True)
F, Gt, V, X, B, B_inverse, M, H = letters("F Gc^t V X B B^-1 M H")
_B_T, _B_INVERSE_T, _X_T, _V_T = (sp.Symbol(letter.name + "^T", commutative=False) for letter in (B, B_inverse, X, V))
_LOGITS = Algebra({F: (_n, _m), Gt: (_m, _k), V: (_k, _m), H: (_n, _n)})
_SPACES = Algebra(
    {X: (_n, _m), B: (_m, _m), B_inverse: (_m, _m), M: (_m, _m)},
    rules=((B * B_inverse, 1), (B_inverse * B, 1), (M * _X_T * X, 1)),
    symmetric=(M,),
)
_W, _S = letters("W S")
_DECOMPOSED = Algebra(
    {_W: (_n, _m), _S: (_m, _m), V: (_k, _m)}, rules=((_V_T * V, 1),), symmetric=(_S,)
)  # fmt: skip


def _logit_steps() -> tuple[Step, ...]:
    return (
        Step(
            "a linear map",
            r"u V = F\,(G_c^\top V)",
            WordIdentity(F * Gt * V, F * (Gt * V), _LOGITS),
            remark="u = F Gc^T, whatever the embeddings and unembeddings.",
        ),
        Step(
            "right singular vectors",
            r"u V = W S,\quad u = W S V^\top",
            WordIdentity(_W * _S * _V_T * V, _W * _S, _DECOMPOSED),
            uses=("a linear map",),
            remark="So u V has the rank of u, which is m where F and Gc have rank m, and B = Gc^T V is invertible.",
        ),
        Step(
            "inverse of the Gram matrix",
            r"(B^{-1} M B^{-\top}) (XB)^\top (XB) = I,\quad M = (X^\top X)^{-1}",
            WordIdentity(B_inverse * M * _B_INVERSE_T * _B_T * _X_T * X * B, sp.Integer(1), _SPACES),
            covers="all n and m",
        ),
        Step(
            "one projector",
            r"XB\, (B^{-1} M B^{-\top})\, (XB)^\top = X M X^\top",
            WordIdentity(X * B * B_inverse * M * _B_INVERSE_T * _B_T * _X_T, X * M * _X_T, _SPACES),
            uses=("right singular vectors", "inverse of the Gram matrix"),
            covers="all n and m",
            remark="The projector on the columns does not change under X -> X B. Squared canonical correlations are "
            "the eigenvalues of the product of both models' projectors.",
        ),
    )


def _correlations_from_logits() -> Proof:
    return Proof(_THEOREM, "correlations_from_logits", r"\rho(u V, u' V') = \rho(f, f')", _logit_steps())


def _weighted_loss_from_logits() -> Proof:
    return Proof(
        _THEOREM,
        "weighted_loss_from_logits",
        r"\sum_i \lambda_i^c (1 - \rho_i^c(u V, u' V')^2) = \sum_i \lambda_i^c (1 - \rho_i^c(f, f')^2)",
        (
            *_logit_steps(),
            Step(
                "centring over inputs",
                r"H\, u V = (H F)(G_c^\top V)",
                WordIdentity(H * (F * Gt) * V, (H * F) * (Gt * V), _LOGITS),
                uses=("one projector",),
                remark="Centred over inputs the same map relates both, so the correlations agree term by term. lambda "
                "are eigenvalues of Cov(u), which is of the logits on both sides.",
            ),
        ),
    )


# --------------------------------------------------------------------------- (c) the likeliest labels


def chain_rule_steps() -> tuple[Step, ...]:
    """Return KL = KL(coarse) + p(R) KL(p_R || p'_R), R all labels that count as one."""
    given = sp.Symbol("d", real=True)
    return (
        Step(
            "one label of many",
            r"p \log\tfrac{p}{p'} = p \Big[\log\tfrac{p(R)}{p'(R)} + \log\tfrac{p/p(R)}{p'/p'(R)}\Big]",
            Identity(p * (a - x), p * ((t - b) + ((a - t) - (x - b)))),
            covers=_ALL,
            remark="a, x, t and b are the logarithms of p, p', p(R) and p'(R).",
        ),
        Step(
            "chain rule",
            r"\sum_{y \in R} p \log\tfrac{p}{p'} = p(R) \log\tfrac{p(R)}{p'(R)} + p(R)\,\mathrm{KL}(p_R \| p'_R)",
            Identity(over_labels(sp.expand(p * (b + given)), {p: _MASS, p * given: _OUTSIDE}), _MASS * b + _OUTSIDE),
            uses=("one label of many",),
            covers=_ALL,
            remark="b stands for log p(R)/p'(R), d for the log-ratio given R, and W_R for the sum of p d, which is "
            "p(R) KL(p_R || p'_R). With the terms of the labels in S: KL = KL(coarse) + W_R.",
        ),
    )


def gibbs_steps() -> tuple[Step, ...]:
    """Return that no divergence is negative."""
    return (
        Step(
            "exponential above its tangent",
            r"e^t \ge 1 + t,\ t \ge 0",
            Scalar(sp.exp(t), 1 + t, (Range(t, 0),), DerivativeChain(t)),
            covers=_ALL,
        ),
        Step(
            "exponential above its tangent, to the left",
            r"e^t \ge 1 + t,\ t \le 0",
            Scalar(sp.exp(t), 1 + t, (Range(t, -sp.oo, 0),), DerivativeChain(t)),
            covers=_ALL,
        ),
        Step(
            "Gibbs",
            r"\textstyle\sum_y p_y (e^{t_y} - 1 - t_y) = \mathrm{KL} \ge 0,\ t = \log p'/p",
            Identity(
                over_labels(sp.expand(p * (a / p - 1 - t)), {a: 1, p: 1, p * t: -_KL}),
                _KL,
            ),
            uses=("exponential above its tangent", "exponential above its tangent, to the left"),
            covers=_ALL,
            remark="a = p e^t = p'; no term is negative. It holds of p_R and p'_R, and of coarse distributions, too.",
        ),
    )  # fmt: skip


def _below(statement: str, claim: str, kept: sp.Expr, left_out: sp.Expr, weight: sp.Expr, remark: str) -> Proof:
    return Proof(
        _THEOREM,
        statement,
        claim,
        (
            *chain_rule_steps(),
            *gibbs_steps(),
            Step(
                "conclusion",
                r"\mathrm{KL} - \text{kept} = \text{left out} \ge 0",
                Consequence(_KL - weight * kept, ((1, left_out),), ((1, _KL - kept - left_out),)),
                uses=("chain rule", "Gibbs"),
                covers=_ALL,
                remark=remark,
            ),
        ),
    )


def _coarse() -> Proof:
    return _below(
        "coarse", r"\mathrm{KL}(\text{coarse}) \le \mathrm{KL}", _COARSE, _OUTSIDE, sp.Integer(1),
        "What is left out is p(R) KL(p_R || p'_R). Pointwise, so S may depend on the input.",
    )  # fmt: skip


def _within(weight: sp.Expr, statement: str) -> Proof:
    return _below(
        statement, r"E\,p(S)\,\mathrm{KL}(p_S \| p'_S) \le \mathrm{KL}", _INSIDE, _COARSE, weight,
        "The chain rule with S in place of R: what is left out is the KL between distributions in which S is one label.",
    )  # fmt: skip


def _divergence(first: tuple[int, ...], second: tuple[int, ...]) -> sp.Expr:
    """Return sum p log p/p' for two distributions given in sixteenths."""
    return sum(sp.Rational(i, 16) * sp.log(sp.Rational(i, j)) for i, j in zip(first, second, strict=True))


def _coarse_sharp() -> Proof:
    return Proof(
        _THEOREM,
        "coarse: sharp",
        r"\text{equality where labels outside of } S \text{ keep their proportions}",
        (
            Step(
                "a worked example",
                r"\mathrm{KL}(\text{coarse}) / \mathrm{KL} = 1,\ p = (8, 6, 2)/16,\ p' = (12, 3, 1)/16",
                Value(lambda: _divergence((8, 8), (12, 4)) / _divergence((8, 6, 2), (12, 3, 1)), sp.Integer(1)),
                covers="k = 3, S the first label",
            ),
        ),
    )


def _within_sharp() -> Proof:
    def share() -> sp.Expr:
        inside = sp.Rational(12, 16) * (
            sp.Rational(2, 3) * sp.log(sp.Integer(2)) + sp.Rational(1, 3) * sp.log(sp.Rational(1, 2))
        )
        return inside / _divergence((8, 4, 3, 1), (4, 8, 3, 1))

    return Proof(
        _THEOREM,
        "within_the_top: sharp",
        r"\text{equality where labels outside of } S \text{ keep their probabilities}",
        (
            Step(
                "a worked example",
                r"p(S)\,\mathrm{KL}(p_S \| p'_S) / \mathrm{KL} = 1,\ p = (8, 4, 3, 1)/16,\ p' = (4, 8, 3, 1)/16",
                Value(share, sp.Integer(1)),
                covers="k = 4, S the first two labels",
            ),
        ),
    )


_r = sp.Symbol("r", positive=True)
_HALF = _r / 2


def _unseen_step() -> Step:
    partition = 2 * sp.exp(_HALF + 1) + sp.exp(_HALF) + sp.exp(-_HALF)
    first = [sp.exp(_HALF + 1), sp.exp(_HALF + 1), sp.exp(_HALF), sp.exp(-_HALF)]
    log_ratios = [sp.Integer(0), sp.Integer(0), _r, -_r]  # both partitions are the same sum
    divergence = sp.Add(*(weight / partition * ratio for weight, ratio in zip(first, log_ratios, strict=True)))
    return Step(
        "divergence",
        r"\mathrm{KL} = \frac{r\,(1 - e^{-r})}{2 e + 1 + e^{-r}}",
        Value(lambda: divergence, _r * (1 - sp.exp(-_r)) / (2 * sp.E + 1 + sp.exp(-_r))),
        covers="k = 4, every r > 0",
        remark="Logits (r/2 + 1, r/2 + 1, r/2, -r/2), the last two exchanged in the second model. It grows without "
        "bound with r.",
    )


def _unseen_divergence() -> Proof:
    claim = r"\mathrm{KL} = r (1 - e^{-r})/(2 e + 1 + e^{-r})"
    return Proof(_THEOREM, "unseen_divergence", claim, (_unseen_step(),))


def _nothing_is_seen() -> Proof:
    mass, other = sp.exp(_HALF) + sp.exp(-_HALF), sp.exp(-_HALF) + sp.exp(_HALF)
    return Proof(
        _THEOREM,
        "nothing_is_seen",
        r"\mathrm{KL}(\text{coarse}) = 0 \le 10^{-9} \mathrm{KL}",
        (
            Step(
                "what is seen does not change",
                r"p(R) = p'(R),\ p_y = p'_y \text{ for } y \in S",
                Identity(mass / (2 * sp.exp(_HALF + 1) + mass), mass / (2 * sp.exp(_HALF + 1) + other)),
                covers="k = 4, every r > 0",
                remark="Both partitions are the same sum; so every log-ratio that is seen is zero, and KL(coarse) with it.",
            ),
            *gibbs_steps(),
            Step(
                "rounded",
                r"10^{-9} x \ge 0,\ x \ge 0",
                Scalar(x / 10**9, sp.Integer(0), (Range(x, 0),), Signs()),
                uses=("what is seen does not change", "Gibbs"),
                covers="k = 4, every r > 0",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T18."""
    return (
        _fixed_set(sp.Integer(1), "fixed_set"),
        _fixed_set_sharp(),
        _mean_over_sets(_SHARE, "mean_over_sets"),
        _mean_error_over_sets(),
        _correlations_from_logits(),
        _weighted_loss_from_logits(),
        Proof(_THEOREM, "chain_rule", r"\mathrm{KL} = \mathrm{KL}(\text{coarse}) + p(R)\,\mathrm{KL}(p_R \| p'_R)",
              chain_rule_steps()),
        _coarse(),
        _coarse_sharp(),
        _within(sp.Integer(1), "within_the_top"),
        _within_sharp(),
        _unseen_divergence(),
        _nothing_is_seen(),
    )  # fmt: skip


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T18."""
    d, inside, residual, whole = sp.symbols("d2 N R s_G2", nonnegative=True)
    z, one = letters("z 1^t")
    with_partition = Algebra({**_LOGITS.shapes, z: (_n, 1), one: (1, _k)})
    return (
        _within(1 / _MASS, "renormalised_top"),
        Proof(_THEOREM, "bounded_by_the_top", r"\mathrm{KL} \le 1000\,\mathrm{KL}(\text{coarse})", (
            *chain_rule_steps(),
            Step("conclusion", r"1000\,\mathrm{KL}(\text{coarse}) - \mathrm{KL} \ge 0", Consequence(
                1000 * _COARSE - _KL, ((999, _COARSE), (1, _OUTSIDE)), ((1, _KL - _COARSE - _OUTSIDE),))),
        )),
        _mean_over_sets(_s / _k, "share_of_labels"),
        Proof(_THEOREM, "all_labels_for_some", r"R \le E\|H_S \Delta_S\|^2 / s_{\min}(G_c)^2", (
            *_set_steps(),
            Step("conclusion", r"\text{the same, with } s_{\min}(G_c) \text{ for that of } \Gamma", Consequence(
                d - whole * residual, ((1, d - inside), (1, inside - _low**2 * residual)))),
        )),
        Proof(_THEOREM, "correlations_from_log_probabilities", r"(\log p)\, V = F\,(G^\top V)", (
            Step("a linear map", r"(F G^\top - \zeta 1^\top) V = F\,(G^\top V)", WordIdentity(
                (F * Gt - z * one) * V, F * (Gt * V), with_partition)),
        )),
        _fixed_set(sp.Rational(19, 20), "five_percent_less"),
    )  # fmt: skip
