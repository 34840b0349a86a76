r"""Proofs of T16, for all numbers of labels and dimensions; pointwise in the input, save where it says otherwise.

With Sigma_w = L^T L, so that L x is x centred under w and weighted by sqrt w, B stands for L Gc, y for L Delta and Q for
(B^T B)^-1 = I_w^-1. Of these only Q B^T B = 1 and the symmetry of Q are used.
"""

from __future__ import annotations

import sympy as sp

from theory.catalogue.t05_kl_bounds_logit_distance_under_tau.proof import label_sum, swap
from theory.proofs.extremal import Limit
from theory.proofs.identity import Algebra, Identity, WordIdentity, letters
from theory.proofs.matrices import smallest_singular_value
from theory.proofs.psd import Consequence, SumOfSquares
from theory.proofs.scalar import DerivativeChain, Range, Scalar, Signs, over_labels
from theory.proofs.steps import Proof, Step

_ALL = "all k and m"
_CONSTANT = sp.Integer(2)
_MEAN = "The mean over inputs of both sides follows."

t, T, p, q, w, v, s, r = sp.symbols("t T p q w v s r", real=True)
_mass, _first, _second = sp.symbols("W S1 S2", positive=True)
# KL, sum w t^2, Delta^T Sigma_w Delta, r_w^T I_w r_w, ||r_w||^2, and twice KL
_kl, _squares, _centred, _form, _length = sp.symbols("KL S V N R", nonnegative=True)
_least = sp.Symbol("lambda", positive=True)
_dual, _read = sp.symbols("c2 z", nonnegative=True)  # v^T I_w^-1 v, (v . r_w)^2
_a, _b = sp.symbols("a b", positive=True)  # lengths of two vectors, not zero
_product = sp.Symbol("x.z", real=True)

B, B_other, Q, f, f_other, y, A_single, A, probe = letters("B B' Q f f' y A* A v")
x, z = letters("x z")
_k, _m, _m_other = sp.symbols("k m m'", positive=True)


def _transpose(letter: sp.Expr) -> sp.Expr:
    return sp.Symbol(letter.name + "^T", commutative=False)


ALGEBRA = Algebra(
    {
        B: (_k, _m), B_other: (_k, _m_other), Q: (_m, _m), f: (_m, 1), f_other: (_m_other, 1), y: (_k, 1),
        A_single: (_m, _m_other), A: (_m, _m_other), probe: (_m, 1),
    },
    rules=((Q * _transpose(B) * B, 1),),
    symmetric=(Q,),
)  # fmt: skip
_TWO = Algebra(
    {x: (_m, 1), z: (_m, 1)},
    rules=((_transpose(x) * x, _a**2), (_transpose(z) * z, _b**2), (_transpose(x) * z, _product)),
)


# --------------------------------------------------------------------------- KL and the weighted squares


def _scalar_steps(factor: sp.Expr = _CONSTANT) -> tuple[Step, ...]:
    return (
        Step(
            "where the second probability is larger",
            rf"e^t - 1 - t \ge t^2/{sp.latex(factor)},\ t \ge 0",
            Scalar(sp.exp(t) - 1 - t, t**2 / factor, (Range(t, 0),), DerivativeChain(t)),
            covers=_ALL,
        ),
        Step(
            "where the first probability is larger",
            rf"e^T (T - 1) + 1 \ge T^2/{sp.latex(factor)},\ T \ge 0",
            Scalar(sp.exp(T) * (T - 1) + 1, T**2 / factor, (Range(T, 0),), DerivativeChain(T)),
            covers=_ALL,
        ),
        Step(
            "weights below both",
            r"p\,a \ge w\,a,\ 0 \le w \le p,\ a \ge 0",
            Scalar(p * s, w * s, (Range(p, 0, 1), Range(w, 0, p), Range(s, 0)), Signs()),
            uses=("where the second probability is larger", "where the first probability is larger"),
            covers=_ALL,
            remark="With a = t^2/2, for p where t >= 0 and for p' where t < 0: a term of KL is at least w t^2/2.",
        ),
    )


def _centring() -> Step:
    term = w * (v - _first / _mass) ** 2
    return Step(
        "centring is a projection",
        r"\Delta^\top \Sigma_w \Delta = \sum_y w_y t_y^2 - \big(\sum_y w_y t_y\big)^2 / \sum_y w_y \le \sum_y w_y t_y^2",
        Identity(
            over_labels(sp.expand(term), {w: _mass, w * v: _first, w * v**2: _second}), _second - _first**2 / _mass
        ),
        covers=_ALL,
        remark="Delta is minus t and a constant, which centring under w removes. A square is not negative.",
    )


def _residual() -> Step:
    return Step(
        "normal equations",
        r"r_w = f - A_w f' = Q B^\top y,\quad y = B f - B' f',\ A_w = Q B^\top B'",
        WordIdentity(
            f - Q * _transpose(B) * B_other * f_other, Q * _transpose(B) * (B * f - B_other * f_other), ALGEBRA
        ),
        covers=_ALL,
        remark="B' is L G'c, so that y is L Delta.",
    )


def _projection() -> Step:
    image = B * Q * _transpose(B) * y
    return Step(
        "projection",
        r"\|y\|^2 - \|B r_w\|^2 = \|y - B r_w\|^2 \ge 0,\quad \|B r_w\|^2 = r_w^\top I_w r_w",
        SumOfSquares(ALGEBRA.square(y) - ALGEBRA.square(image), ((1, y - image),), ALGEBRA),
        uses=("normal equations",),
        covers=_ALL,
    )


def _form_steps(factor: sp.Expr = _CONSTANT, before: tuple[Step, ...] = ()) -> tuple[Step, ...]:
    """r_w^T I_w r_w <= 2 KL, from the scalar inequalities with t^2/factor."""
    return (
        label_sum(),
        swap(),
        *before,
        *_scalar_steps(factor),
        _centring(),
        _residual(),
        _projection(),
        Step(
            "the form of the residual",
            rf"{sp.latex(factor)}\,\mathrm{{KL}} - r_w^\top I_w r_w \ge 0",
            Consequence(
                factor * _kl - _form,
                ((factor, _kl - _squares / factor), (1, _squares - _centred), (1, _centred - _form)),
            ),
            uses=("sum over labels", "the term seen from p'", "weights below both", "centring is a projection", "projection"),
            covers=_ALL,
            remark=_MEAN,
        ),
    )  # fmt: skip


def _fisher_form(factor: sp.Expr = _CONSTANT, statement: str = "fisher_form") -> Proof:
    claim = rf"r_w^\top I_w\, r_w \le {sp.latex(factor)}\,\mathrm{{KL}}"
    return Proof("T16", statement, claim, _form_steps(factor))


def _either_direction() -> Proof:
    other = sp.Symbol("KL'", nonnegative=True)
    return Proof(
        "T16",
        "either_direction",
        r"r_w^\top I_w\, r_w \le 2 \min\big(\mathrm{KL}(p\|p'), \mathrm{KL}(p'\|p)\big)",
        (
            *_form_steps(),
            Step(
                "the other direction",
                r"2\,\mathrm{KL}(p'\|p) - r_w^\top I_w r_w \ge 0",
                Consequence(
                    2 * other - _form,
                    ((2, other - _squares / 2), (1, _squares - _centred), (1, _centred - _form)),
                ),
                uses=("weights below both", "centring is a projection", "projection"),
                covers=_ALL,
                remark="With p and p' exchanged t changes its sign, and w and t^2 do not change at all.",
            ),
        ),
    )


def _smaller_weights() -> Proof:
    smaller = Step(
        "the product is below both",
        r"p \ge p\,p',\ p, p' \in [0, 1]",
        Scalar(p, p * q, (Range(p, 0, 1), Range(q, 0, 1)), Signs()),
        covers=_ALL,
        remark="And likewise for p'. Of w nothing else is used than that it is below both.",
    )
    return Proof(
        "T16",
        "smaller_weights",
        r"r_w^\top I_w\, r_w \le 2\,\mathrm{KL},\quad w = p\,p'",
        _form_steps(before=(smaller,)),
    )


# --------------------------------------------------------------------------- from the form to lengths


def _eigenvalue() -> Step:
    return Step(
        "least eigenvalue",
        r"\lambda_{\min}(I_w) \|r_w\|^2 \le \|B r_w\|^2,\quad \lambda_{\min}(I_w) = s_{\min}(B)^2",
        smallest_singular_value(),
        remark="By definition B^T B = lambda_min I + R^T R: what is left is |R r_w|^2.",
    )


def _embedding_steps() -> tuple[Step, ...]:
    return (
        *_form_steps(),
        _eigenvalue(),
        Step(
            "length of the residual",
            r"2\,\mathrm{KL} / \lambda_{\min} - \|r_w\|^2 \ge 0",
            Consequence(2 * _kl / _least - _length, ((1 / _least, 2 * _kl - _form), (1 / _least, _form - _least * _length))),
            uses=("the form of the residual", "least eigenvalue"),
            covers=_ALL,
            remark=_MEAN,
        ),
    )  # fmt: skip


def _embedding() -> Proof:
    return Proof("T16", "embedding", r"\|f - A_w f'\|^2 \le 2\,\mathrm{KL}/\lambda_{\min}(I_w)", _embedding_steps())


def _probe_steps() -> tuple[Step, ...]:
    return (
        *_form_steps(),
        Step(
            "what a probe reads",
            r"v \cdot r_w = (B Q v) \cdot (B r_w),\quad \|B Q v\|^2 = v^\top I_w^{-1} v",
            WordIdentity(
                _transpose(probe) * Q * _transpose(B) * y,
                ALGEBRA.transposed(B * Q * probe) * B * Q * _transpose(B) * y,
                ALGEBRA,
            ),
            uses=("normal equations",),
            covers=_ALL,
        ),
        Step(
            "its norm",
            r"(B Q v)^\top (B Q v) = v^\top Q v",
            WordIdentity(ALGEBRA.square(B * Q * probe), _transpose(probe) * Q * probe, ALGEBRA),
            covers=_ALL,
        ),
        Step(
            "Cauchy-Schwarz",
            r"\|x\|^2 \|z\|^2 - (x \cdot z)^2 = \big\| \|x\|\, z - (x \cdot z)\, x/\|x\| \big\|^2 \ge 0,"
            r"\quad x = B Q v,\ z = B r_w",
            SumOfSquares(_a**2 * _b**2 - _product**2, ((1, _a * z - _product * x / _a),), _TWO),
            uses=("what a probe reads", "its norm"),
            remark="B Q v is zero only if v is.",
        ),
        Step(
            "bound on what is read",
            r"2\,\mathrm{KL}\; v^\top I_w^{-1} v - (v \cdot r_w)^2 \ge 0",
            Consequence(2 * _kl * _dual - _read, ((_dual, 2 * _kl - _form), (1, _dual * _form - _read))),
            uses=("the form of the residual", "Cauchy-Schwarz"),
            covers=_ALL,
            remark=_MEAN,
        ),
    )


def _probe() -> Proof:
    return Proof("T16", "probe", r"(v \cdot (f - A_w f'))^2 \le 2\,\mathrm{KL}\; v^\top I_w^{-1} v", _probe_steps())


def _triangle_steps(last: str) -> tuple[Step, ...]:
    bound = sp.Symbol("s", nonnegative=True)  # the root of the bound on a^2
    whole = sp.Symbol("D", nonnegative=True)  # ||x + z||^2
    return (
        Step(
            "two maps",
            r"f - A^* f' = (f - A_w f') + (A_w - A^*) f'",
            WordIdentity(
                f - A_single * f_other, (f - Q * _transpose(B) * B_other * f_other)
                + (Q * _transpose(B) * B_other - A_single) * f_other, ALGEBRA,
            ),
            covers=_ALL,
        ),
        Step(
            "triangle inequality",
            r"(\|x\| + \|z\|)^2 - \|x + z\|^2 = \big\| \|z\|\, x - \|x\|\, z \big\|^2 / (\|x\| \|z\|) \ge 0",
            SumOfSquares((_a + _b) ** 2 - _TWO.square(x + z), ((1 / (_a * _b), _b * x - _a * z),), _TWO),
            uses=("two maps",),
            remark="It is plain where x or z is zero. For a probe x and z are numbers.",
        ),
        Step(
            "conclusion",
            r"(\sqrt{\text{bound}} + \|z\|)^2 - \|x + z\|^2 \ge 0",
            Consequence(
                (bound + _b) ** 2 - whole,
                ((bound + _a + 2 * _b, bound - _a), (1, (_a + _b) ** 2 - whole)),
            ),
            uses=(last, "triangle inequality"),
            covers=_ALL,
            remark=_MEAN,
        ),
    )  # fmt: skip


def _single_map() -> Proof:
    return Proof(
        "T16",
        "single_map",
        r"\|f - A^* f'\| \le \sqrt{2\,\mathrm{KL}/\lambda_{\min}(I_w)} + \|(A_w - A^*) f'\|",
        (*_embedding_steps(), *_triangle_steps("length of the residual")),
    )


def _single_map_probe() -> Proof:
    return Proof(
        "T16",
        "single_map_probe",
        r"|v \cdot (f - A^* f')| \le \sqrt{2\,\mathrm{KL}\; v^\top I_w^{-1} v} + |v \cdot (A_w - A^*) f'|",
        (*_probe_steps(), *_triangle_steps("bound on what is read")),
    )


def _certified_share() -> Proof:
    bound, room, distance = sp.symbols("U c D", nonnegative=True)  # the bound, ||f||^2/10, ||f - A* f'||^2
    missed, distant, others = sp.symbols("not_certified distant others", nonnegative=True)
    return Proof(
        "T16",
        "certified_share",
        r"P(D > c) \le P(U \ge c),\quad D = \|f - A^* f'\|^2 \le U",
        (
            *_single_map().steps,
            Step(
                "who is far is not certified",
                r"D > c \Rightarrow U \ge D > c",
                Consequence(bound - room, ((1, bound - distance), (1, distance - room))),
                uses=("conclusion",),
                covers=_ALL,
            ),
            Step(
                "one set of inputs is part of the other",
                r"\text{far} \le \text{not certified}",
                Consequence(missed - distant, ((1, others),), ((1, missed - distant - others),)),
                uses=("who is far is not certified",),
                covers=_ALL,
                remark="So what is far is not certified, and others may not be either; inputs without a bound are among them.",
            ),
        ),
    )


def _shared_head() -> Proof:
    return Proof(
        "T16",
        "shared_head",
        r"G'_c = G_c A \Rightarrow A_w = A",
        (
            Step(
                "the map is found again",
                r"A_w = Q B^\top B' = Q B^\top B A = A",
                WordIdentity(Q * _transpose(B) * (B * A), A, ALGEBRA),
                covers=_ALL,
                remark="B' = L G'c = L Gc A = B A, whatever the weights; A* = pinv(Gc) Gc A = A likewise.",
            ),
        ),
    )


# --------------------------------------------------------------------------- the teacher's geometry alone


def _remainder_steps(last: Step) -> tuple[Step, ...]:
    partition = sp.Function("Z")
    one, two, three = (sp.diff(partition(s), s, order) / partition(s) for order in (1, 2, 3))
    first, second, third = sp.symbols("m1 m2 m3", real=True)
    variance = sp.Function("h")
    return (
        Step(
            "third derivative of the log-partition",
            r"\phi = \log Z,\ Z(s) = \sum_y p_y e^{s d_y}:\quad \phi''' = Z'''/Z - 3 Z' Z''/Z^2 + 2 (Z'/Z)^3",
            Identity(sp.diff(sp.log(partition(s)), s, 3), three - 3 * one * two + 2 * one**3),
            covers=_ALL,
            remark="Z'/Z, Z''/Z and Z'''/Z are the moments of d under p_s, proportional to p e^(s d).",
        ),
        Step(
            "it is a third central moment",
            r"E(d - m_1)^3 = m_3 - 3 m_1 m_2 + 2 m_1^3",
            Identity(
                over_labels(sp.expand(w * (v - first) ** 3), {w: 1, w * v: first, w * v**2: second, w * v**3: third}),
                third - 3 * first * second + 2 * first**3,
            ),
            uses=("third derivative of the log-partition",),
            covers=_ALL,
            remark="w are the probabilities p_s.",
        ),
        Step(
            "no deviation exceeds the range",
            r"r\,x^2 + x^3 \ge 0,\ x \ge -r",
            Scalar(r * v**2 + v**3, 0, (Range(r, 0), Range(v, -r)), Signs()),
            uses=("it is a third central moment",),
            covers=_ALL,
            remark="With x = d - m_1 under p_s: r phi'' + phi''' >= 0.",
        ),
        Step(
            "a variance that cannot fall fast",
            r"(e^{r s} \phi'')' = e^{r s} (r \phi'' + \phi''') \ge 0,\ \text{so}\ \phi''(s) \ge e^{-r s} \phi''(0)",
            Identity(
                sp.diff(sp.exp(r * s) * variance(s), s),
                sp.exp(r * s) * (r * variance(s) + sp.diff(variance(s), s)),
            ),
            uses=("no deviation exceeds the range",),
            covers=_ALL,
            remark="phi''(0) is Var_p(Delta).",
        ),
        Step(
            "integral remainder",
            r"\int_0^1 (1 - s)\, e^{-r s}\, ds = (e^{-r} - 1 + r)/r^2",
            Identity(
                sp.integrate((1 - s) * sp.exp(-_a * s), (s, 0, 1)), (sp.exp(-_a) - 1 + _a) / _a**2
            ),
            uses=("a variance that cannot fall fast",),
            covers=_ALL,
            remark="a is r > 0. KL(p||p') = phi(1) - phi'(0) = int (1 - s) phi''(s) ds with d = u' - u, by Taylor's theorem.",
        ),
        last,
    )  # fmt: skip


def _range_step() -> Step:
    return Step(
        "by the range alone",
        r"(2 + r)(e^{-r} - 1 + r) \ge r^2,\ r \ge 0",
        Scalar((2 + r) * (sp.exp(-r) - 1 + r), r**2, (Range(r, 0),), DerivativeChain(r)),
        uses=("integral remainder",),
        covers=_ALL,
        remark="So Var_p(Delta) <= (2 + r) KL, and r is at most R on every input.",
    )


def _teacher_only() -> Proof:
    inside, sides = sp.symbols("V_P V_D", nonnegative=True)
    mean_kl, factor = sp.symbols("KL F", nonnegative=True)  # F = 2 + R
    root, rest = sp.symbols("x z", nonnegative=True)  # roots of F KL and of V_o
    P, G, G_other = letters("P G G'")
    both = Algebra(
        {P: (_m, _k), G: (_k, _m), G_other: (_k, _m_other), f: (_m, 1), f_other: (_m_other, 1)}, ((P * G, 1),)
    )
    difference = G * f - G_other * f_other
    return Proof(
        "T16",
        "teacher_only",
        r"E \operatorname{Var}_p(G_c (f - A^* f')) \le"
        r" \big(\sqrt{(2 + R)\, E\,\mathrm{KL}} + \sqrt{E \operatorname{Var}_p((I - P) u')}\big)^2",
        (
            *_remainder_steps(_range_step()),
            Step(
                "inside the column space",
                r"G_c (f - A^* f') = \Delta + (I - P) u',\quad P = G_c G_c^+",
                WordIdentity(
                    G * (f - P * G_other * f_other), difference + (G_other * f_other - G * P * G_other * f_other), both
                ),
                covers=_ALL,
            ),
            Step(
                "triangle inequality",
                r"(\|x\| + \|z\|)^2 - \|x + z\|^2 = \big\| \|z\|\, x - \|x\|\, z \big\|^2 / (\|x\| \|z\|) \ge 0",
                SumOfSquares((_a + _b) ** 2 - _TWO.square(x + z), ((1 / (_a * _b), _b * x - _a * z),), _TWO),
                uses=("inside the column space",),
                remark="x and z are Delta and (I - P) u', centred under p and weighted by sqrt p, of all inputs as one"
                " vector: their squared lengths are n times the mean variances.",
            ),
            Step(
                "conclusion",
                r"(\sqrt{F\, E\,\mathrm{KL}} + \sqrt{V_o})^2 - V_P \ge 0,\quad F = 2 + R",
                Consequence(
                    (root + rest) ** 2 - inside,
                    (
                        (1 + 2 * rest / (root + _a), factor * mean_kl - sides),
                        (1, (_a + rest) ** 2 - inside),
                    ),
                    ((1 + 2 * rest / (root + _a), root**2 - factor * mean_kl), (1 + 2 * rest / (root + _a), sides - _a**2)),
                ),
                uses=("by the range alone", "triangle inequality"),
                covers=_ALL,
                remark="a is the root of V_D = E Var_p(Delta), z that of V_o: (x + z)^2 - (a + z)^2 ="
                " (x^2 - a^2)(1 + 2 z/(x + a)).",
            ),
        ),
    )  # fmt: skip


# --------------------------------------------------------------------------- sharpness, false twins


_eps = sp.Symbol("epsilon", positive=True)


def _sharp(statement: str, claim: str) -> Proof:
    """A fair coin that moves by eps: k = 2, m = 1, one head, so that I_w is a number and A_w is A*."""
    second = 1 / (1 + sp.exp(_eps))  # min(p, p') of the label that loses; that of the other is 1/2
    fisher = second / 2 / (second + sp.Rational(1, 2))
    divergence = sp.log((2 + sp.exp(_eps) + sp.exp(-_eps)) / 4) / 2
    steps = (
        Step(
            "form of a coin",
            r"\Sigma_w = \tfrac{w_1 w_2}{w_1 + w_2} \begin{pmatrix} 1 & -1 \\ -1 & 1 \end{pmatrix}",
            Identity(
                sp.Matrix([[_a, 0], [0, _b]]) - sp.Matrix([_a, _b]) * sp.Matrix([[_a, _b]]) / (_a + _b),
                _a * _b / (_a + _b) * sp.Matrix([[1, -1], [-1, 1]]),
            ),
            covers="k = 2, m = 1",
            remark="With labels at 1/2 and -1/2, I_w is w_1 w_2/(w_1 + w_2), and r_w = f - f' = -eps.",
        ),
        Step(
            "a fair coin moves by eps",
            r"\lim_{\varepsilon \to 0} \varepsilon^2 I_w / (2\,\mathrm{KL}) = 1",
            Limit(_eps**2 * fisher / (2 * divergence), _eps, sp.Integer(0), sp.Integer(1)),
            uses=("form of a coin",),
            covers="k = 2, m = 1",
            remark="All bounds of one input agree where I_w is a number.",
        ),
    )
    return Proof("T16", f"{statement}: sharp", claim, steps)


def _teacher_only_sharp() -> Proof:
    divergence = sp.log((2 + sp.exp(_eps) + sp.exp(-_eps)) / 4) / 2
    return Proof(
        "T16",
        "teacher_only: sharp",
        r"\sup = 1",
        (
            Step(
                "a fair coin moves by eps",
                r"\lim_{\varepsilon \to 0} \tfrac{\varepsilon^2}4 / ((2 + \varepsilon)\,\mathrm{KL}) = 1",
                Limit(_eps**2 / 4 / ((2 + _eps) * divergence), _eps, sp.Integer(0), sp.Integer(1)),
                covers="k = 2, m = 1",
                remark="The variance of the fair coin is 1/4, and R is eps; one head leaves nothing outside.",
            ),
        ),
    )


def proofs() -> tuple[Proof, ...]:
    """Return the proofs of T16."""
    return (
        _fisher_form(),
        _sharp("fisher_form", r"\sup r_w^\top I_w r_w / \mathrm{KL} = 2"),
        _either_direction(),
        _sharp("either_direction", r"\sup r_w^\top I_w r_w / \min(\mathrm{KL}, \mathrm{KL}') = 2"),
        _smaller_weights(),
        _embedding(),
        _sharp("embedding", r"\sup \lambda_{\min}(I_w) \|r_w\|^2 / \mathrm{KL} = 2"),
        _probe(),
        _sharp("probe", r"\sup (v \cdot r_w)^2 / (\mathrm{KL}\; v^\top I_w^{-1} v) = 2"),
        _single_map(),
        _sharp("single_map", r"\sup = 1,\ A_w = A^*"),
        _single_map_probe(),
        _sharp("single_map_probe", r"\sup = 1,\ A_w = A^*"),
        _certified_share(),
        _shared_head(),
        _teacher_only(),
        _teacher_only_sharp(),
    )


def _attempt(statement: str, claim: str, *steps: Step) -> Proof:
    return Proof("T16", statement, claim, steps)


def false() -> tuple[Proof, ...]:
    """Return what one would try for the false twins of T16."""
    first, second = sp.symbols("KL_1 KL_2", nonnegative=True)
    one, two, top = sp.symbols("lambda_1 lambda_2 lambda_max", positive=True)
    here, there = sp.symbols("R_1 R_2", nonnegative=True)
    return (
        _attempt(
            "first_probabilities", r"r_p^\top I_p r_p \le 2\,\mathrm{KL}", label_sum(),
            Step("both signs of the log-ratio", r"e^t - 1 - t \ge \tfrac12 t^2,\ t \le 0",
                 Scalar(sp.exp(t) - 1 - t, t**2 / 2, (Range(t, -sp.oo, 0),), DerivativeChain(t))),
        ),
        _fisher_form(sp.Rational(19, 10), "five_percent_less"),
        _attempt(
            "mean_over_inputs", r"E\|f - A^* f'\|^2 \le 2\, E\,\mathrm{KL} / \lambda_{\min}(E I_w)",
            Step("two inputs", r"\lambda_i R_i \le 2\,\mathrm{KL}_i \Rightarrow"
                 r" \tfrac{\lambda_1 + \lambda_2}2 (R_1 + R_2) \le 2 (\mathrm{KL}_1 + \mathrm{KL}_2)",
                 Consequence(2 * (first + second) - (one + two) / 2 * (here + there),
                             ((1, 2 * first - one * here), (1, 2 * second - two * there)))),
        ),
        _attempt(
            "without_the_added_term", r"\|f - A^* f'\|^2 \le 2\,\mathrm{KL}/\lambda_{\min}(I_w)",
            Step("one map for the other", r"f - A^* f' = Q B^\top y",
                 WordIdentity(f - A_single * f_other, Q * _transpose(B) * (B * f - B_other * f_other), ALGEBRA)),
        ),
        _attempt(
            "largest_eigenvalue", r"\|r_w\|^2 \le 2\,\mathrm{KL}/\lambda_{\max}(I_w)",
            Step("length", r"2\,\mathrm{KL} - \lambda_{\max} \|r_w\|^2 \ge 0 \text{ from } r_w^\top I_w r_w - \lambda_{\min} \|r_w\|^2 \ge 0",
                 Consequence(2 * _kl - top * _length, ((1, 2 * _kl - _form), (1, _form - _least * _length)))),
        ),
        _attempt(
            "without_the_range", r"\operatorname{Var}_p(\Delta) \le 2\,\mathrm{KL}",
            Step("without the range", r"2 (e^{-r} - 1 + r) \ge r^2,\ r \ge 0",
                 Scalar(2 * (sp.exp(-r) - 1 + r), r**2, (Range(r, 0),), DerivativeChain(r))),
        ),
    )  # fmt: skip
