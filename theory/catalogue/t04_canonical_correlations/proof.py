r"""Proofs of T4: the best linear prediction of one model's logits from the other's, and two trace inequalities.

The rows of U and U' are u(x)/sqrt n and u'(x)/sqrt n, with thin singular value decompositions U = W S V^T and
U' = W' S' V'^T, so that S^2 holds the eigenvalues lambda and R = W^T W' has the canonical correlations as its singular
values: the columns of U span what F does. Words in these matrices are compared, whatever their sizes. Von Neumann's
and Horn's trace inequalities follow from Ky Fan's, a sum of squares, by summation by parts.
"""

from __future__ import annotations

import sympy as sp

from theory.proofs.extremal import Limit, Value
from theory.proofs.identity import Algebra, Identity, WordIdentity, letters
from theory.proofs.matrices import (
    ky_fan,
    ky_fan_below,
    monotone_trace,
    summation_by_parts,
)
from theory.proofs.psd import Consequence, PositiveCoefficients
from theory.proofs.scalar import Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_THEOREM = "T4"
_ALL = "all k, m and n"

W, S, V, W2, S2, V2 = letters("W S V W2 S2 V2")
_n, _k, _r, _r2 = sp.symbols("n k r r2", positive=True)
_ALGEBRA_SHAPES = {W: (_n, _r), S: (_r, _r), V: (_k, _r), W2: (_n, _r2), S2: (_r2, _r2), V2: (_k, _r2)}
_ONE = sp.Integer(1)


def _algebra() -> Algebra:
    """Thin singular value decompositions of both models' logits: orthonormal columns, symmetric diagonal factors."""
    bare = Algebra(_ALGEBRA_SHAPES, (), (S, S2))
    orthonormal = tuple((bare.square(letter), _ONE) for letter in (W, V, W2, V2))
    return Algebra(_ALGEBRA_SHAPES, orthonormal, (S, S2))


lam, lam2, rho, a, b, d, e, m = sp.symbols("lambda lambda2 rho a b d e m", real=True)


# --------------------------------------------------------------------------- the two trace inequalities


def _prediction_steps() -> tuple[Step, ...]:
    algebra = _algebra()
    first = W * S * algebra.transposed(V)
    second = W2 * S2 * algebra.transposed(V2)
    projector = W2 * algebra.transposed(W2)
    residual = algebra.square(first - projector * first)
    overlap = algebra.transposed(W) * W2
    return (
        Step(
            "best prediction",
            r"\|U - U'\|_F^2 = \|U - QU\|_F^2 + \|QU - U'\|_F^2,\ Q = W' W'^\top",
            WordIdentity(
                algebra.square(first - second), residual + algebra.square(projector * first - second), algebra
            ),
            covers=_ALL,
            remark="As matrices, hence for their traces. Q projects on the columns of U': d_logit^2 is at least the"
            " error of the best linear prediction of u from u'.",
        ),
        Step(
            "what the prediction leaves",
            r"\|U - QU\|_F^2 = \operatorname{tr} S^2 - \operatorname{tr}(S^2 R R^\top),\ R = W^\top W'",
            WordIdentity(residual, S * S - S * S * overlap * algebra.transposed(overlap), algebra, trace=True),
            uses=("best prediction",),
            covers=_ALL,
        ),
        Step(
            "Ky Fan",
            r"\operatorname{tr}(I_j^\top R R^\top I_j) \le \sum_{i \le j} \rho_i^2,"
            r"\quad I_j \text{ the first } j \text{ columns of } I",
            ky_fan(),
            covers=_ALL,
            remark="R R^T = A T A^T with T = diag(rho^2), and E = F = A^T I_j has orthonormal columns.",
        ),
        _by_parts(r"\sum_i s_i a_i = \sum_j (s_j - s_{j+1}) A_j,\quad A_j = \sum_{i \le j} a_i,\ s_{m+1} = 0"),
        Step(
            "von Neumann",
            r"\operatorname{tr}(S^2 R R^\top) = \sum_j (\lambda_j - \lambda_{j+1}) A_j"
            r" \le \sum_j (\lambda_j - \lambda_{j+1}) B_j = \sum_i \lambda_i \rho_i^2",
            _term_by_parts(),
            uses=("what the prediction leaves", "Ky Fan", "summation by parts"),
            covers=_ALL,
            remark="For one j, with A_j = tr(I_j^T R R^T I_j) and B_j the sum of the first j of rho^2; lambda and rho^2,"
            " the eigenvalues of S^2 and R R^T, are both descending.",
        ),
    )


def _by_parts(latex: str) -> Step:
    return Step(
        "summation by parts",
        latex,
        summation_by_parts(),
        covers=_ALL,
        remark="By induction over the number of terms: checked is that both sides grow by the same.",
    )


def _term_by_parts() -> Consequence:
    """One term of a sum by parts: a difference of descending numbers times what Ky Fan says of partial sums."""
    difference, low, high = sp.symbols("s_j-s_j+1 A_j B_j", nonnegative=True)
    return Consequence(difference * high - difference * low, ((difference, high - low),))


def _term() -> Identity:
    return Identity(lam - lam * rho**2, lam * (1 - rho**2))


def _weighted(statement: str, claim: str, *further: Step) -> Proof:
    return Proof(
        _THEOREM,
        statement,
        claim,
        (
            *_prediction_steps(),
            Step(
                "weighted loss",
                r"\sum_i \lambda_i (1 - \rho_i^2) \le d_\mathrm{logit}^2",
                _term(),
                uses=("what the prediction leaves", "von Neumann"),
                covers=_ALL,
                remark="Term by term. With lambda and rho of variables centred over inputs the same holds for"
                " tr Cov(Delta) in place of d_logit^2. Directions that a model lacks have lambda, or rho, zero.",
            ),
            *further,
        ),
    )


def _variance() -> Step:
    weight, v, mean, square = sp.symbols("w v mean square", real=True)
    moments = {weight: sp.Integer(1), weight * v: mean, weight * v**2: square}
    return Step(
        "variance and second moment",
        r"E (X - E X)^2 = E X^2 - (E X)^2 \le E X^2",
        Identity(over_labels(sp.expand(weight * (v - mean) ** 2), moments), square - mean**2),
        covers=_ALL,
        remark="For each coordinate: tr Cov(Delta) <= d_logit^2. For X = v.u, any v: Cov(u) <= E[u u^T].",
    )


def _mixed() -> Proof:
    return _weighted(
        "weighted_loss_mixed",
        r"\sum_i \lambda_i^c (1 - \rho_i^2) \le d_\mathrm{logit}^2",
        _variance(),
        Step(
            "Ky Fan, from below",
            r"\operatorname{tr}(E^\top \operatorname{Cov}(u)\, E) \ge \sum_{i > j} \lambda_i^c,\quad E^\top E = I",
            ky_fan_below(),
            covers=_ALL,
            remark="For E the eigenvectors of E[u u^T] beyond the first j.",
        ),
        Step(
            "a larger form",
            r"\operatorname{tr}(E^\top \operatorname{Cov}(u)\, E) \le \operatorname{tr}(E^\top E[u u^\top] E)"
            r" = \sum_{i > j} \lambda_i",
            monotone_trace(),
            uses=("variance and second moment",),
            covers=_ALL,
            remark="E[u u^T] - Cov(u) is the square of the mean.",
        ),
        Step(
            "conclusion",
            r"\sum_i \lambda_i^c (1 - \rho_i^2) = \sum_j (\rho_j^2 - \rho_{j+1}^2) \sum_{i > j} \lambda_i^c"
            r" \le \sum_i \lambda_i (1 - \rho_i^2)",
            _term_by_parts(),
            uses=("weighted loss", "Ky Fan, from below", "a larger form", "summation by parts"),
            covers=_ALL,
            remark="Summation by parts with 1 - rho_i^2, which is ascending: for one j, with A_j and B_j the sums of"
            " lambda^c and of lambda beyond j.",
        ),
    )  # fmt: skip


def _trace_steps() -> tuple[Step, ...]:
    algebra = _algebra()
    first = W * S * algebra.transposed(V)
    second = W2 * S2 * algebra.transposed(V2)
    cross = algebra.transposed(first) * second
    return (
        Step(
            "expansion",
            r"\|U - U'\|_F^2 = \operatorname{tr} S^2 + \operatorname{tr} S'^2 - 2 \operatorname{tr}(U^\top U')",
            WordIdentity(
                algebra.square(first - second),
                S * S + S2 * S2 - cross - algebra.transposed(cross),
                algebra,
                trace=True,
            ),
            covers=_ALL,
            remark="A trace is that of the transpose.",
        ),
        Step(
            "cross term",
            r"\operatorname{tr}(U^\top U') = \operatorname{tr}(S R S' V'^\top V)",
            WordIdentity(
                cross,
                S * algebra.transposed(W) * W2 * S2 * algebra.transposed(V2) * V,
                algebra,
                trace=True,
            ),
            uses=("expansion",),
            covers=_ALL,
        ),
    )


def _with_both_spectra() -> Proof:
    x, y = sp.symbols("x y", real=True)
    return Proof(
        _THEOREM,
        "with_both_spectra",
        r"\sum_i (\sqrt{\lambda_i} - \sqrt{\lambda'_i})^2 + 2 \sqrt{\lambda_i \lambda'_i} (1 - \rho_i)"
        r" \le d_\mathrm{logit}^2",
        (
            *_trace_steps(),
            Step(
                "Ky Fan",
                r"\operatorname{tr}(I_j I_j^\top R I_l I_l^\top Q) \le \sum_{i \le \min(j, l)} \rho_i,"
                r"\quad Q = V'^\top V,\ I_j \text{ the first } j \text{ columns of } I",
                ky_fan(),
                uses=("cross term",),
                covers=_ALL,
                remark="R = A T B^T with T = diag(rho). For l <= j take E = B^T I_l and F = A^T I_j I_j^T Q^T I_l, for"
                " l > j the other way round: products of matrices of norm at most one, with min(j, l) columns.",
            ),
            _by_parts(
                r"s = \sum_j (s_j - s_{j+1}) I_j I_j^\top \text{ for diagonal } s, \text{ and the same for the sums}"
            ),
            Step(
                "Horn",
                r"\operatorname{tr}(S R S' Q) \le \sum_{j, l} (s_j - s_{j+1})(s'_l - s'_{l+1})"
                r" \sum_{i \le \min(j, l)} \rho_i = \sum_i \sqrt{\lambda_i}\, \rho_i \sqrt{\lambda'_i}",
                _term_by_parts(),
                uses=("Ky Fan", "summation by parts"),
                covers=_ALL,
                remark="For one pair (j, l), with the product of both differences, which is not negative. A term i counts"
                " where i <= j and i <= l: the differences from i on sum to s_i and s'_i, the roots of lambda.",
            ),
            Step(
                "conclusion",
                r"\lambda + \lambda' - 2 \sqrt{\lambda \lambda'}\, \rho"
                r" = (\sqrt\lambda - \sqrt{\lambda'})^2 + 2 \sqrt{\lambda \lambda'} (1 - \rho)",
                Identity(x**2 + y**2 - 2 * x * y * rho, (x - y) ** 2 + 2 * x * y * (1 - rho)),
                uses=("expansion", "Horn"),
                covers=_ALL,
                remark="With x and y the roots of lambda and lambda', term by term.",
            ),
        ),
    )  # fmt: skip


# --------------------------------------------------------------------------- the mean correlation


def _smallest_eigenvalue() -> Step:
    return Step(
        "smallest eigenvalue",
        r"\lambda_m (1 - \rho_i^2) \le \lambda_i (1 - \rho_i^2)",
        Scalar(lam * (1 - rho**2), lam2 * (1 - rho**2), (Range(lam2, 0), Range(lam, lam2), Range(rho, 0, 1)), Signs()),
        uses=("weighted loss",),
        covers=_ALL,
        remark="So sum_i (1 - rho_i^2) <= s = d_logit^2/lambda_m.",
    )


def _linear() -> Proof:
    return _weighted(
        "linear",
        r"1 - m_\mathrm{CCA} \le d_\mathrm{logit}^2/(m \lambda_m)",
        _smallest_eigenvalue(),
        Step(
            "conclusion",
            r"1 - \rho \le 1 - \rho^2,\ 0 \le \rho \le 1",
            Scalar(1 - rho**2, 1 - rho, (Range(rho, 0, 1),), Signs()),
            uses=("smallest eigenvalue",),
            covers=_ALL,
            remark="The mean over the m directions.",
        ),
    )


def _envelope() -> Proof:
    unit = (Range(a, 0, 1), Range(b, 0, 1))
    whole, part, losses = sp.symbols("F F_x P", nonnegative=True)
    return _weighted(
        "envelope",
        r"1 - m_\mathrm{CCA} \le \tfrac1m (\lfloor s \rfloor + 1 - \sqrt{1 - \{s\}}),\ s = d_\mathrm{logit}^2/\lambda_m",
        _smallest_eigenvalue(),
        Step(
            "the root is reached",
            r"a + b \ge a^2 + b^2 \ge 1",
            Scalar(a + b, a**2 + b**2, unit, Signs()),
            covers=_ALL,
            remark="phi(x) = 1 - sqrt(1 - x) is the loss 1 - rho at x = 1 - rho^2; a = sqrt(1 - x), b = sqrt(1 - y)."
            " Where x + y <= 1, a^2 + b^2 >= 1, and so a + b - 1 >= 0.",
        ),
        Step(
            "losses that fit into one direction",
            r"(a + b - 1)^2 \ge a^2 + b^2 - 1",
            Scalar((a + b - 1) ** 2, a**2 + b**2 - 1, unit, Signs()),
            uses=("the root is reached",),
            covers=_ALL,
            remark="The difference is 2 (1 - a)(1 - b); roots give phi(x) + phi(y) <= phi(x + y) where x + y <= 1.",
        ),
        Step(
            "losses that do not",
            r"(a + b)^2 \ge a^2 + b^2",
            Scalar((a + b) ** 2, a**2 + b**2, unit, Signs()),
            covers=_ALL,
            remark="Roots give phi(x) + phi(y) <= 1 + phi(x + y - 1) where x + y >= 1.",
        ),
        Step(
            "conclusion",
            r"\phi(x) + \phi(y) = 1 - (a + b - 1):\ F(s) + \phi(x) \le F(s + x),\ F(s) = \lfloor s \rfloor + \phi(\{s\})",
            Identity((1 - a) + (1 - b), 1 - (a + b - 1)),
            uses=("smallest eigenvalue", "losses that fit into one direction", "losses that do not"),
            covers=_ALL,
            remark="For every s >= 0 and 0 <= x <= 1, by the two cases with y = {s}.",
        ),
        Step(
            "summed over directions",
            r"F(s) - \sum_i \phi(x_i) = \big(F(s) - F(\textstyle\sum x_i)\big) + \big(F(\sum x_i) - \sum_i \phi(x_i)\big)",
            Consequence(whole - losses, ((1, whole - part), (1, part - losses))),
            uses=("smallest eigenvalue", "conclusion"),
            covers=_ALL,
            remark="By induction over the m directions sum phi(x_i) <= F(sum x_i); and F increases.",
        ),
    )


# --------------------------------------------------------------------------- sharpness


_c = sp.Symbol("c", positive=True)
_LAMBDA, _RHO = 1 + _c**2, 1 / sp.sqrt(1 + _c**2)  # u = (y + e) v, u' = y v, e of size c and orthogonal to y


def _attained(statement: str, latex: str, computed: sp.Expr, value: sp.Expr) -> Proof:
    return Proof(
        _THEOREM,
        f"{statement}: sharp",
        r"\text{equality for } u = (y + e)\,v,\ u' = y\,v,\ e \perp y",
        (
            Step(
                "equality",
                latex,
                Value(lambda: computed, value),
                covers="m = 1, all k, every size c of e",
                remark="y and v of norm one: lambda = 1 + c^2, lambda' = 1, rho = 1/sqrt(1 + c^2), d_logit^2 = c^2.",
            ),
        ),
    )


def _sharp_envelope() -> Proof:
    lost, part, gone = sp.symbols("j q g", positive=True)
    share = _c**2 / (1 + _c**2)  # q: what the direction that is kept in part loses of its square
    return Proof(
        _THEOREM,
        "envelope: sharp",
        r"\text{equality in the limit: } j \text{ directions lost, one kept in part, the others kept}",
        (
            Step(
                "a direction kept in part",
                r"1 - \rho = 1 - \sqrt{1 - q},\ q = \frac{c^2}{1 + c^2}",
                Value(lambda: 1 - sp.sqrt(1 - share), 1 - _RHO),
                covers="every 0 < q < 1",
                remark="It costs c^2 of lambda = 1 + c^2, hence q of s.",
            ),
            Step(
                "lost directions",
                r"s = j (1 + g^2/\lambda) + q \to j + q,\ g \to 0",
                Limit(
                    lost * (1 + gone**2 / _LAMBDA) + part,
                    gone,
                    sp.Integer(0),
                    lost + part,
                    sample={lost: sp.Integer(2), part: sp.Rational(1, 3), _c: sp.Integer(1)},
                ),
                covers="all m and k >= m + 1, every j + 1 <= m",
                remark="In j directions the student has variables of size g, uncorrelated with all else: rho = 0.",
            ),
            Step(
                "the envelope there",
                r"j + 1 - \sqrt{1 - q - j g^2/\lambda} \to j + (1 - \rho)",
                Limit(
                    lost + 1 - sp.sqrt(1 - share - lost * gone**2 / _LAMBDA),
                    gone,
                    sp.Integer(0),
                    lost + 1 - _RHO,
                    sample={lost: sp.Integer(2), _c: sp.Integer(1)},
                ),
                uses=("a direction kept in part", "lost directions"),
                covers="all m and k >= m + 1, every j + 1 <= m",
                remark="Which is what the student loses: m (1 - m_CCA) = j + 1 - rho.",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return a proof of each statement, and of sharpness."""
    squared = r"d_\mathrm{logit}^2"
    centred = r"\sum_i \lambda_i^c (1 - (\rho_i^c)^2) \le \operatorname{tr} \operatorname{Cov}(\Delta)"
    return (
        _weighted("weighted_loss", rf"\sum_i \lambda_i (1 - \rho_i^2) \le {squared}"),
        _weighted("weighted_loss_centred", rf"{centred} \le {squared}", _variance()),
        _mixed(),
        _with_both_spectra(),
        _envelope(),
        _linear(),
        _attained("weighted_loss", r"\lambda (1 - \rho^2) = c^2", _LAMBDA * (1 - _RHO**2), _c**2),
        _attained(
            "with_both_spectra",
            r"(\sqrt\lambda - 1)^2 + 2 \sqrt\lambda\, (1 - \rho) = c^2",
            (sp.sqrt(_LAMBDA) - 1) ** 2 + 2 * sp.sqrt(_LAMBDA) * (1 - _RHO),
            _c**2,
        ),
        _sharp_envelope(),
    )


def _reversed_pairing() -> Step:
    """Return von Neumann's inequality for diagonal matrices with values paired in the wrong order, which is false."""
    low, more, low2, more2 = sp.symbols("sigma_2 s tau_2 t", nonnegative=True)
    high, high2 = low + more, low2 + more2
    wrong = PositiveCoefficients(high * low2 + low * high2 - high * high2 - low * low2, (low, more, low2, more2))
    latex = r"\sigma_1 \tau_1 + \sigma_2 \tau_2 \le \sigma_1 \tau_2 + \sigma_2 \tau_1"
    return Step("reversed pairing", latex, wrong, covers=_ALL)


def _signs(left: sp.Expr, latex: str) -> Step:
    """u = (1 + e a) v, u' = (1 + e b) v with uncorrelated signs a and b: d^2 = 2 e^2, centred correlation zero."""
    return Step(
        "uncorrelated signs", latex, Scalar(2 * e**2, left, (Range(e, 0),), Signs()), covers="m = 1, n = 4, all k"
    )


def false() -> tuple[Proof, ...]:
    """Return the proofs one would attempt of false twins."""
    line, unit = (Range(lam2, 0), Range(lam, lam2)), Range(rho, 0, 1)
    return (
        Proof(
            _THEOREM,
            "centred_correlations_only",
            r"\sum_i \lambda_i (1 - (\rho_i^c)^2) \le d_\mathrm{logit}^2",
            (_signs(1 + e**2, r"2 \varepsilon^2 \ge 1 + \varepsilon^2"),),
        ),
        Proof(
            _THEOREM,
            "reversed_pairing",
            r"\sum_i \lambda_{m+1-i} (1 - \rho_i^2) \le d_\mathrm{logit}^2",
            (
                *_prediction_steps()[:2],
                _reversed_pairing(),
            ),
        ),
        _weighted(
            "largest_eigenvalue",
            r"1 - m_\mathrm{CCA} \le d_\mathrm{logit}^2/(m \lambda_1)",
            Step(
                "largest for smallest",
                r"\lambda_m \ge \lambda_1",
                Scalar(lam2, lam, line, Signs()),
                covers=_ALL,
            ),
        ),
        _weighted(
            "linear_loss",
            r"2 \sum_i \lambda_i (1 - \rho_i) \le d_\mathrm{logit}^2",
            Step(
                "twice the linear loss",
                r"1 - \rho^2 \ge 2 (1 - \rho)",
                Scalar(1 - rho**2, 2 * (1 - rho), (unit,), Signs()),
                covers=_ALL,
            ),
        ),
        _weighted(
            "without_dividing_by_m",
            r"1 - m_\mathrm{CCA} \le d_\mathrm{logit}^2/(m^2 \lambda_m)",
            Step(
                "once more by m",
                r"\frac{d}{m^2} \ge \frac{d}{m},\ m \ge 2",
                Scalar(d / m**2, d / m, (Range(m, 2), Range(d, 0)), Signs()),
                covers=_ALL,
            ),
        ),
        Proof(
            _THEOREM,
            "both_spectra_centred_correlations",
            r"\sum_i (\sqrt{\lambda_i} - \sqrt{\lambda'_i})^2 + 2 \sqrt{\lambda_i \lambda'_i} (1 - \rho_i^c)"
            r" \le d_\mathrm{logit}^2",
            (_signs(2 * (1 + e**2), r"2 \varepsilon^2 \ge 2 (1 + \varepsilon^2)"),),
        ),
    )
