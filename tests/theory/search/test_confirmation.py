"""Whether an apparent violation is one: what rounding explains is not confirmed, what mathematics violates is."""

import itertools
import math
import struct

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from flint import arb

from tests.theory.search.naive import naive_kl, softmax
from theory import Budget, Claim, Domain, NotApplicable, kl_divergence, squared_logit_distance
from theory.evidence import Evidence
from theory.search.arrays import pair_of
from theory.search.confirmation import Symmetries, confirmed, in_balls, symmetries
from theory.search.evaluators import Malformed
from theory.search.objective import Objective

DOMAIN = Domain(inputs=(1, 12))


def arrays(f, g, f2=None, g2=None):
    f2, g2 = f if f2 is None else f2, g if g2 is None else g2
    return tuple(np.array(block, dtype=float) for block in (f, g, f2, g2))


def drawn(n=3, k=4, m=2, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(shape) for shape in ((n, m), (k, m), (n, m), (k, m)))


def objective(function):
    return Objective(Claim(function, "claim", domain=DOMAIN), Budget(seconds=None, evaluations=10_000))


def judged(function, pair):
    """The float64 sides and what becomes of them."""
    tried = objective(function)
    fate, lhs, rhs = tried.answer(pair, "here")
    assert fate == "value"
    return lhs, rhs, confirmed(tried, symmetries(tried, pair), pair, lhs, rhs, "here")


def scipy_kl(pair):
    return float(scipy.special.rel_entr(softmax(pair.a), softmax(pair.b)).sum(axis=1).mean())


def square(pair):
    a, b = ((m.embeddings @ (m.unembeddings - m.unembeddings.mean(axis=0)).T) for m in (pair.a, pair.b))
    return np.mean(np.sum((a - b) ** 2, axis=1))


def naive_quarter(pair):
    return naive_kl(pair), square(pair) / 4


def naive_nonnegative(pair):
    return 0.0, naive_kl(pair)


def naive_pinsker(pair):
    return np.mean(np.sum(np.abs(softmax(pair.a) - softmax(pair.b)), axis=1) ** 2), 2 * naive_kl(pair)


def naive_tenth(pair):
    return naive_kl(pair), square(pair) / 10


# --------------------------------------------------------------------------- how a claim can be checked


def of_first_input(pair):
    return abs(pair.a.embeddings[0, 0]), 1.0


def of_first_label(pair):
    return abs(pair.a.unembeddings[0, 0]), 1.0


def of_theory(pair):
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 8


def of_scipy(pair):
    return scipy_kl(pair), square(pair) / 10


@pytest.mark.parametrize(
    ("function", "known"),
    [
        (of_theory, Symmetries(inputs=True, labels=True, balls=True)),
        (naive_tenth, Symmetries(inputs=True, labels=True, balls=True)),
        (of_scipy, Symmetries(inputs=True, labels=True, balls=False)),
        (lambda pair: (float(np.linalg.norm(pair.a.embeddings, 2)), 1.0), Symmetries(True, True, False)),
        (of_first_input, Symmetries(inputs=False, labels=True, balls=True)),
        (of_first_label, Symmetries(inputs=True, labels=False, balls=True)),
        (lambda pair: (1.0, 2.0), Symmetries(True, True, False)),
    ],
)
def test_symmetries_are_found_out(function, known):
    found = symmetries(objective(function), drawn())
    assert (found.inputs, found.labels) == (known.inputs, known.labels)
    if function is not naive_tenth:  # of NumPy functions some happen to accept balls
        assert found.balls == known.balls


def test_a_claim_that_declines_is_symmetric():
    def declines(pair):
        raise NotApplicable

    assert symmetries(objective(declines), drawn()) == Symmetries(True, True, False)


def counter():
    count = itertools.count()
    return lambda pair: (1.0 + next(count), 0.5)


def sometimes():
    count = itertools.count()

    def declines(pair):
        if next(count) % 2:
            raise NotApplicable
        return 1.0, 0.5

    return declines


def unseeded():
    rng = np.random.default_rng(0)
    return lambda pair: (1.0, rng.random() / 2)


@pytest.mark.parametrize("made", [counter, sometimes, unseeded])
def test_two_answers_to_one_question_are_malformed(made):
    with pytest.raises(Malformed, match=r"the claim is not deterministic: the same pair gave \(.*\) and then \(.*\)"):
        symmetries(objective(made()), drawn())
    tried = objective(made())
    _, lhs, rhs = tried.answer(drawn(), "here")
    with pytest.raises(Malformed, match="not deterministic"):
        confirmed(tried, Symmetries(False, False, False), drawn(), lhs, rhs, "here")


def test_rounding_that_differs_from_call_to_call_is_no_other_answer():
    signs = itertools.cycle((1, -1))

    def jitters(pair):
        return 2.0 * (1 + 1e-15 * next(signs)), 1.0

    assert symmetries(objective(jitters), drawn()) == Symmetries(True, True, False)


# --------------------------------------------------------------------------- genuine violations


def test_theory_s_functions_are_decided_in_balls():
    pair = arrays([[0.0]], [[1], [0]], [[1.0]])
    lhs, rhs, witness = judged(of_theory, pair)
    assert (witness.lhs, witness.rhs) == (lhs, rhs)
    assert (witness.evidence, witness.digits, witness.found_in) == (Evidence.BALL, 38, "here")
    assert witness.evaluation == 1 + 4  # as many as had been made
    # log(cosh(1/2)) = .1201 and 1/16
    assert lhs == pytest.approx(math.log(math.cosh(0.5)), rel=1e-12)
    assert rhs == pytest.approx(1 / 16)
    with mp.workdps(40):
        assert witness.lhs_error >= abs(mp.log(mp.cosh(mp.mpf(1) / 2)) - lhs)
    assert witness.lhs_error < 1e-15
    assert witness.margin > 0
    assert all(np.array_equal(x, y) for x, y in zip(pair, blocks(witness), strict=True))


def blocks(witness):
    a, b = witness.pair.a, witness.pair.b
    return a.embeddings, a.unembeddings, b.embeddings, b.unembeddings


def test_rational_sides_are_exact():
    pair = arrays([[2.0]], [[0], [1]], [[0.0]])  # labels 0 and 1, f = 2: squared distance 2^2 / 2
    lhs, rhs, witness = judged(lambda pair: (squared_logit_distance(pair.a, pair.b), 1), pair)
    assert (lhs, rhs) == (2.0, 1.0)
    assert witness.evidence is Evidence.EXACT
    assert witness.lhs_error == witness.rhs_error == 0.0


def test_opaque_claims_are_run_in_many_digits():
    def spectral(pair):
        return np.linalg.svd(pair.a.embeddings, compute_uv=False)[0], 1.5

    pair = arrays([[1, 1], [0, 1]], [[0, 0], [1, 0], [0, 1]])
    lhs, rhs, witness = judged(spectral, pair)
    assert (witness.evidence, witness.digits) == (Evidence.FLOAT64, 60)
    with mp.workdps(40):
        golden = (1 + mp.sqrt(5)) / 2
        assert abs(mp.mpf(witness.lhs_error) - abs(golden - lhs)) < 1e-25
    assert witness.rhs_error == 0.0
    assert (lhs, rhs) == (pytest.approx(1.618, abs=1e-3), 1.5)


def of_struct(pair):
    return struct.unpack("d", struct.pack("d", naive_kl(pair)))[0], square(pair) / 10


@pytest.mark.parametrize("constants", [(2.0, 1.0), (3, 2), (0.0, -1.0)])
def test_constants_are_compared_as_such(constants):
    _, _, witness = judged(lambda pair: constants, drawn())
    assert (witness.lhs, witness.rhs) == constants
    assert witness.evidence is not None


@pytest.mark.parametrize("function", [of_scipy, of_struct])
def test_what_has_no_digits_must_stand_out_from_perturbed_copies(function):
    lhs, rhs, witness = judged(function, arrays([[0.0]], [[1], [0]], [[1.0]]))
    assert (witness.evidence, witness.digits) == (Evidence.FLOAT64, 16)
    assert 0 < witness.lhs_error < 1e-13
    assert 0 < witness.rhs_error < 1e-13
    assert lhs > rhs


def test_a_violation_may_be_near_one_hot_and_between_nearly_equal_models():
    """Where the naive code is right, or wrong by less than the violation."""
    for pair in (arrays([[8.0]], [[0], [1]], [[9.0]]), arrays([[1.0]], [[0], [1]], [[1.0 + 2.0**-12]])):
        _, _, witness = judged(lambda pair: (naive_kl(pair), square(pair) / 1e4), pair)
        assert witness.evidence is not None
    _, _, witness = judged(naive_tenth, arrays([[1.0]], [[0], [1]], [[1.0 + 2.0**-10]]))
    assert witness is not None


def test_discontinuous_violations_stand():
    def disagreement(pair):
        a, b = (m.embeddings @ m.unembeddings.T for m in (pair.a, pair.b))
        return float(np.mean(a.argmax(axis=1) != b.argmax(axis=1))), 0.9

    pair = arrays([[1.0], [2.0]], [[0], [1]], [[-1.0], [-2.0]])
    assert judged(disagreement, pair)[2].lhs == 1.0


def test_infinite_right_sides_and_signed_sides():
    def correlation(pair):
        return 0.0, float(np.sum(pair.a.embeddings * pair.b.embeddings))

    lhs, rhs, witness = judged(correlation, arrays([[1.0]], [[0], [1]], [[-1.0]]))
    assert (lhs, rhs) == (0.0, -1.0)
    assert witness.ratio is None
    assert witness.margin == 1.0


# --------------------------------------------------------------------------- what rounding explains


def one_hot(s):
    return arrays([[float(s)]], [[0], [1]], [[s + 1.0]])


def nearly_equal(power, seed):
    f, g, _, _ = drawn(seed=seed)
    rng = np.random.default_rng([seed, power])
    return f, g, f + 2.0**-power * rng.standard_normal(f.shape), g


HARD = [one_hot(s) for s in range(20, 60)]
HARD += [nearly_equal(power, seed) for power in range(16, 40) for seed in range(4)]


@pytest.mark.parametrize("function", [naive_quarter, naive_nonnegative, naive_pinsker], ids=lambda f: f.__name__)
def test_true_claims_computed_naively_are_not_confirmed(function):
    apparent = 0
    for pair in HARD:
        with np.errstate(all="ignore"):
            lhs, rhs = map(float, function(pair_of(pair)))
            if math.isfinite(lhs) and math.isfinite(rhs) and lhs > rhs:
                apparent += 1
                assert judged(function, pair)[2] is None
    assert apparent >= 8


def test_false_claims_are_confirmed_on_those_pairs_where_they_fail():
    def half_pinsker(pair):
        return np.mean(np.sum(np.abs(softmax(pair.a) - softmax(pair.b)), axis=1) ** 2), naive_kl(pair)

    pairs = [nearly_equal(power, seed) for power in range(4, 12) for seed in range(3)]
    found = [judged(half_pinsker, pair) for pair in pairs]
    with mp.workdps(60):
        violated = sum(lhs > rhs for lhs, rhs, _ in found)
    assert violated >= 8
    assert sum(witness is not None for _, _, witness in found) == violated


def test_theory_s_functions_hold_in_balls_whatever_rounding_says():
    def moved(pair):
        side = kl_divergence(pair.a, pair.b)
        return (side + 1e10) - 1e10 + 0.0, side

    raised = 0
    for seed in range(20):
        lhs, rhs = map(float, moved(pair_of(drawn(seed=seed))))
        if lhs > rhs:
            raised += 1
            assert in_balls(Claim(moved, "moved"), drawn(seed=seed)) is not None
            assert judged(moved, drawn(seed=seed))[2] is None
    assert raised > 3


def test_a_violation_of_rounding_s_size_is_none_in_any_arithmetic():
    for function in (of_theory, naive_tenth, of_scipy):

        def barely(pair, function=function):
            side = function(pair)[0]
            return side * (1 + 4e-16), side

        assert judged(barely, arrays([[0.0]], [[1], [0]], [[1.0]]))[2] is None


def test_sides_that_vanish_are_rounding():
    def defect(pair):
        gram = pair.a.embeddings.T @ pair.a.embeddings
        return abs(np.linalg.norm(np.linalg.inv(gram) @ gram) - math.sqrt(2)), 0.0

    def defect_in_scipy(pair):
        gram = pair.a.embeddings.T @ pair.a.embeddings
        return float(np.abs(scipy.linalg.inv(gram) @ gram - np.eye(2)).max()), 0.0

    met = 0
    for function in (defect, defect_in_scipy):
        for seed in range(6):
            lhs, _, witness = judged(function, drawn(seed=seed))
            met += lhs > 0
            assert witness is None
    assert met > 4


def test_an_exact_tie_is_a_violation_where_it_is_one():
    """Equal inputs are inputs: a claim that is false for them alone is false."""

    def tied(pair):
        return float(pair.a.embeddings[0, 0] == pair.a.embeddings[1, 0]), 0.5

    lhs, rhs, witness = judged(tied, arrays([[1.0], [1.0]], [[0], [1]]))
    assert (lhs, rhs) == (1.0, 0.5)
    assert witness is not None


def test_pairs_too_far_out_for_digits_are_not_confirmed():
    def large(pair):
        return np.linalg.svd(pair.a.embeddings, compute_uv=False)[0], 1.0

    assert judged(large, arrays([[10.0]], [[0], [1]]))[2] is not None
    assert judged(large, arrays([[1e5]], [[0], [1]]))[2] is None


# --------------------------------------------------------------------------- balls


def test_both_sides_in_balls():
    pair = arrays([[0.0]], [[1], [0]], [[1.0]])
    left, right = in_balls(Claim(of_theory, "claim"), pair)
    assert isinstance(left, arb)
    assert isinstance(right, arb)
    assert left.contains(arb("0.1201145069582775")) or abs(float(left.mid()) - math.log(math.cosh(0.5))) < 1e-15
    assert float(left.rad()) < 1e-30
    finer = in_balls(Claim(of_theory, "claim"), pair, 512)[0]
    assert finer.rad() < left.rad()
    assert left.contains(finer)


def test_plain_constants_beside_a_ball():
    pair = drawn()
    for constant in (0, 3, 0.0, 1.0):
        claim = Claim(lambda pair, c=constant: (kl_divergence(pair.a, pair.b), c), "claim")
        left, right = in_balls(claim, pair)
        assert left > 0
        assert right == constant
    lost = Claim(lambda pair: (kl_divergence(pair.a, pair.b), packed(pair.a.embeddings[0, 0])), "claim")
    assert in_balls(lost, pair) is None


def packed(x):
    return struct.unpack("d", struct.pack("d", float(str(x)[1:8]) if isinstance(x, arb) else x))[0]


def raises(pair):
    raise ValueError


@pytest.mark.parametrize(
    "function",
    [
        of_scipy,
        lambda pair: (1.0, 2.0),
        lambda pair: (np.linalg.svd(pair.a.embeddings, compute_uv=False)[0], 1.0),
        lambda pair: (kl_divergence(pair.a, pair.b),),
        lambda pair: (kl_divergence(pair.a, pair.b), 1, 2),
        lambda pair: (kl_divergence(pair.a, pair.b) * math.nan, 1),
        lambda pair: None,
        raises,
        sometimes(),
    ],
)
def test_what_cannot_be_evaluated_in_balls(function):
    assert in_balls(Claim(function, "claim"), drawn()) is None


def test_the_precision_of_balls_is_restored():
    from flint import ctx

    before = ctx.prec
    in_balls(Claim(of_theory, "claim"), drawn(), 700)
    in_balls(Claim(raises, "claim"), drawn(), 700)
    assert ctx.prec == before


# --------------------------------------------------------------------------- each guard has something to hold


PLAIN = arrays([[0.3, -1.2], [0.7, 0.4]], [[1.0, 0.2], [-0.6, 0.9], [0.1, -0.8]], [[0.1, -1.0], [0.6, 0.2]])


def violated(function):
    """What confirmation says of a plain pair that violates in float64: else nothing would be tested."""
    lhs, rhs, witness = judged(function, PLAIN)
    assert lhs > rhs
    return witness


def test_what_only_rounding_leaves_is_not_confirmed():
    """In any number of digits the root of a rounding error is above zero: in more digits it is another."""

    def noisy(pair):
        p = np.exp(pair.a.embeddings @ pair.a.unembeddings.T)
        p = p / p.sum(axis=1, keepdims=True)
        return np.sqrt(np.abs(p.sum(axis=1) - 1)).max(), 0 * p.max()

    tried = 0
    for seed in range(20):
        lhs, rhs, witness = judged(noisy, drawn(seed=seed))
        if lhs > rhs:
            tried += 1
            assert witness is None
    assert tried >= 5


def test_what_no_number_of_digits_holds_beside_one_is_not_confirmed():
    """1 + 2e-200 is one in sixty digits and in ninety."""

    def frozen(pair):
        size = 1 + 0 * pair.a.embeddings.sum()
        return 1e-200 * size, (size + 2e-200) - size

    assert violated(frozen) is None


def test_single_precision_is_plain_or_nothing():
    """Without many digits an excess of a float32's rounding does not count, and a plain one does."""

    def rounded(pair):
        size = np.linalg.norm(pair.a.embeddings) ** 2
        up = np.nextafter(np.float32(size), np.float32(np.inf))
        return float(up), float(size)

    def wrong(pair):
        size = np.float32(np.linalg.norm(pair.a.embeddings))
        return 1.01 * float(size), float(size)

    assert violated(rounded) is None
    witness = violated(wrong)
    assert witness is not None
    assert (witness.evidence, witness.digits) == (Evidence.FLOAT64, 16)


def test_counts_without_many_digits_do_not_count():
    """Every copy near by rounds alike: 1 + 1e-20 f is one for all of them."""

    def frozen(pair):
        np.float32(pair.a.embeddings[0, 0])  # leaves no digits to check with
        return float(np.sum(1 + 1e-20 * pair.a.embeddings == 1)), 0.0

    assert violated(frozen) is None


def test_sides_that_float64_gets_wrong_show_nothing():
    """A violation there is, but not the one that the float64 sides show."""

    def coarse(pair):
        size = 1.2 + 0 * pair.a.embeddings.sum()
        wrong = (1e16 + size) - 1e16  # 2 in float64
        return 1.1 * wrong, wrong

    assert violated(coarse) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.slow  # confirms in many arithmetics
def test_counts_of_rounding_are_not_confirmed(sign):
    """Rows of probabilities sum to one, whatever the last digit says, and zero eigenvalues have no sign."""

    def above(pair):
        p = np.exp(pair.a.embeddings @ pair.a.unembeddings.T)
        p = p / p.sum(axis=1, keepdims=True)
        return float(np.mean(sign * (p.sum(axis=1) - 1) > 0)), 0.0

    def negative(pair):
        g = pair.a.unembeddings - pair.a.unembeddings.mean(axis=0)
        return float(np.sum(sign * np.linalg.eigvalsh(g @ g.T)[:1] < 0)) / 3, 0.1

    tried = 0
    for seed, claimed in itertools.product(range(30), (above, negative)):
        lhs, rhs, witness = judged(claimed, drawn(seed=seed))
        if lhs > rhs:
            tried += 1
            assert witness is None
    assert tried >= 5
