"""Attacks from beginning to end: verdicts on claims of every kind, determinism, interruption and budgets."""

import itertools
import math
import re
import sys
import warnings

import numpy as np
import pytest
import torch

from tests.theory.search.naive import logits, naive_kl, softmax
from theory import (
    Budget,
    Claim,
    Domain,
    InvalidInput,
    NotApplicable,
    falsify,
    kl_divergence,
    logit_distance,
    squared_logit_distance,
)
from theory.evidence import Evidence
from theory.pairs.strata import STRATA
from theory.search.arrays import arrays_of, sizes_of, within

SMALL = Domain(dimensions=(1, 2), labels=(2, 4), inputs=(1, 4))


def attacked(function, evaluations=1500, seed=0, domain=None, **options):
    claim = Claim(function, getattr(function, "__name__", "claim"), domain=domain or Domain())
    return falsify(claim, Budget(seconds=None, evaluations=evaluations), seed, **options)


def everything(outcome):
    """All of an outcome but the time it took."""

    def witness(w):
        return None if w is None else (w.lhs, w.rhs, repr(w.lhs_error), repr(w.rhs_error), w.evidence, w.found_in,
                                       w.evaluation, w.digits, [x.tobytes() for x in arrays_of(w.pair)])  # fmt: skip

    kept = {k: v for k, v in vars(outcome).items() if k not in ("seconds", "total_seconds", "worst", "simplest")}
    return kept, witness(outcome.worst), witness(outcome.simplest)


def assert_consistent(outcome, domain=None):
    """What is true of every outcome."""
    counted = sum(c.evaluations for c in outcome.strata.values())
    useless = sum(c.not_applicable for c in outcome.strata.values())
    assert counted <= outcome.evaluations
    assert outcome.not_applicable + outcome.nans + sum(outcome.exceptions.values()) <= useless
    assert 0 <= outcome.seconds <= outcome.total_seconds
    assert [p.evaluations for p in outcome.history] == sorted(p.evaluations for p in outcome.history)
    assert "\n" not in outcome.message
    assert (outcome.simplest is not None) == (outcome.verdict == "refuted")
    assert (outcome.evidence is None) == (outcome.verdict == "error")
    for witness in (outcome.worst, outcome.simplest):
        if witness is not None:
            assert within(domain or Domain(), arrays_of(witness.pair))
    if outcome.verdict == "refuted":
        assert outcome.message.startswith("false: lhs ")
        for witness in (outcome.worst, outcome.simplest):
            assert witness.lhs - witness.rhs > witness.lhs_error + witness.rhs_error
            assert witness.evidence in (Evidence.FLOAT64, Evidence.BALL, Evidence.EXACT)
    else:
        assert outcome.evidence in (None, Evidence.ATTACKED, Evidence.SAMPLED)


# --------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((lambda pair: (0, 1),), "claim: expected a function marked with @claim, saw function"),
        ((None,), "claim: expected a function marked with @claim, saw NoneType"),
        ((Claim(lambda pair: (0, 1), "x"), None, -1), "seed: expected a non-negative integer, saw -1"),
        ((Claim(lambda pair: (0, 1), "x"), None, 1.0), "seed: expected a non-negative integer, saw 1.0"),
        ((Claim(lambda pair: (0, 1), "x"), None, True), "seed: expected a non-negative integer, saw True"),
    ],
)
def test_unusable_arguments_are_refused(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        falsify(*arguments)


# --------------------------------------------------------------------------- claims that are none


def raises(pair):
    raise ValueError("no good")


def raises_in_two_ways(pair):
    raise KeyError("a") if pair.n % 2 else IndexError("b")


def declines(pair):
    raise NotApplicable("never")


def calls_itself(pair):
    return calls_itself(pair)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (raises, "the claim raised on every one of 400 pairs: ValueError: no good"),
        (raises_in_two_ways, "the claim raised on every one of 400 pairs: "),
        (calls_itself, "the claim raised on every one of 400 pairs: RecursionError"),
        (lambda pair: raises(pair) if pair.n > 2 else (math.nan, math.nan), "the claim raised on nearly every one of"),
        (declines, "the claim applied to none of 400 pairs"),
        (lambda pair: (math.nan, math.nan), "the claim applied to none of 400 pairs"),
        (lambda pair: (math.nan, 1.0), "the claim gave nan or an infinite .*side on all of 400 pairs"),
        (lambda pair: (np.exp(np.float64(1e5)), 1.0), "the claim gave nan or an infinite .*side on all of 400 pairs"),
        (lambda pair: 1.0, r"a claim returns two numbers \(lhs, rhs\); this one returned 1.0"),
        (lambda pair: None, "this one returned None"),
        (lambda pair: "ab", "this one returned 'ab'"),
        (lambda pair: ("1", "2"), "one of them was str: '1'"),
        (lambda pair: (1j, 2.0), "one of them was complex: 1j"),
        (lambda pair: (1.0, np.complex128(2)), "one of them was complex128"),
        (lambda pair: (True, 2.0), "one of them was bool: True"),
        (lambda pair: (np.ones(1), 2.0), r"one of them was an array of shape \(1,\)"),
        (lambda pair: (1.0, 2.0, 3.0), "this one returned"),
    ],
)
def test_what_is_no_claim_is_an_error(function, message):
    outcome = attacked(function, 400)
    assert outcome.verdict == "error"
    assert re.match(f".*{message}", outcome.message), outcome.message
    assert outcome.worst is outcome.simplest is outcome.evidence is None
    assert outcome.evaluations <= 400
    assert_consistent(outcome)


def hidden_counter():
    count = itertools.count()
    return lambda pair: (float(next(count)), 10.5)


def unseeded():
    rng = np.random.default_rng(0)
    return lambda pair: (rng.random(), 0.5)


def unseeded_right_side():
    rng = np.random.default_rng(0)
    return lambda pair: (float(np.abs(pair.a.embeddings).max()), 3 + rng.random())


@pytest.mark.parametrize("made", [hidden_counter, unseeded, unseeded_right_side])
def test_claims_with_a_memory_are_errors(made):
    outcome = attacked(made())
    assert outcome.verdict == "error"
    assert "the claim is not deterministic: the same pair gave" in outcome.message
    assert outcome.worst is outcome.simplest is None


def test_a_malformed_answer_after_a_while_is_an_error():
    def sometimes(pair):
        return (0.0, 1.0) if np.abs(pair.a.embeddings).max() < 3 else (0.0,)

    outcome = attacked(sometimes)
    assert outcome.verdict == "error"
    assert outcome.evaluations > 1


@pytest.mark.parametrize("answer", [np.array(1.0), torch.tensor(1.0), {1.0, 2.0}, {"lhs": 1.0, "rhs": 2.0}], ids=repr)
def test_answers_of_odd_types_are_errors(answer):
    assert attacked(lambda pair: answer, 50).verdict == "error"


def test_a_claim_cannot_end_the_run():
    outcome = attacked(lambda pair: sys.exit(3), 100)
    assert outcome.verdict == "error"
    assert "SystemExit: 3" in outcome.message


# --------------------------------------------------------------------------- claims that hold, and odd ones


def quarter(pair):
    """T6, sharp."""
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 4


def cauchy_schwarz(pair):
    u, v = logits(pair.a), logits(pair.b)
    return abs(float(np.sum(u * v))), float(np.linalg.norm(u) * np.linalg.norm(v))


def pinsker(pair):
    return float(np.mean(np.sum(np.abs(softmax(pair.a) - softmax(pair.b)), axis=1) ** 2)), 2 * naive_kl(pair)


def naive_quarter(pair):
    return naive_kl(pair), float(np.mean(np.sum((logits(pair.a) - logits(pair.b)) ** 2, axis=1))) / 4


def nonnegative(pair):
    return 0.0, naive_kl(pair)


def negative(pair):
    return -naive_kl(pair), 0.0


def correlations(pair):
    x, y = (np.linalg.qr(model.embeddings)[0] for model in (pair.a, pair.b))
    return float(np.linalg.svd(x.T @ y, compute_uv=False)[0]), 1.0


def residual(pair):
    f, f2 = pair.a.embeddings, pair.b.embeddings
    return float(np.linalg.norm(f2 - f @ np.linalg.lstsq(f, f2, rcond=None)[0])), float(np.linalg.norm(f2))


def gram(pair):
    return 0.0, float(np.linalg.eigvalsh(pair.a.embeddings.T @ pair.a.embeddings)[0])


def variance(pair):
    x = pair.a.embeddings[:, 0]
    return 0.0, float(np.mean(x**2) - np.mean(x) ** 2)


@pytest.mark.parametrize(
    "function",
    [quarter, cauchy_schwarz, pinsker, naive_quarter, nonnegative, negative, correlations, residual, gram, variance],
    ids=lambda f: f.__name__,
)
@pytest.mark.slow  # true claims are attacked to the end of the budget
def test_true_claims_survive(function):
    outcome = attacked(function, 2000, 1)
    assert outcome.verdict == "survived", outcome.message
    assert outcome.simplest is None
    assert outcome.worst.evidence is None
    assert math.isnan(outcome.worst.lhs_error)
    assert_consistent(outcome)


@pytest.mark.slow  # attacked to the end of the budget
def test_an_attained_bound_is_climbed_to():
    outcome = attacked(quarter, 3000)
    assert 0.999 < outcome.worst.ratio < 1 + 1e-5
    assert outcome.history[-1].ratio == outcome.worst.ratio
    best = max(coverage.best for coverage in outcome.strata.values() if coverage.best is not None)
    assert outcome.worst.ratio == pytest.approx(best, rel=1e-6)


def raises_half(pair):
    if pair.a.embeddings[0, 0] > 0:
        raise ZeroDivisionError("half")
    return logit_distance(pair.a, pair.b), 1e300


def test_what_raises_on_half_of_the_pairs_is_judged_on_the_other():
    outcome = attacked(raises_half)
    assert outcome.verdict == "survived"
    (line,) = outcome.exceptions
    assert line == "ZeroDivisionError: half"
    assert outcome.message.endswith(f"; {outcome.exceptions[line]} calls raised, such as ZeroDivisionError: half")
    assert 100 < outcome.exceptions[line] < 1400
    assert_consistent(outcome)
    false = attacked(lambda pair: (raises_half(pair)[0], 1.0))
    assert false.verdict == "refuted"
    assert false.simplest.pair.a.embeddings[0, 0] <= 0


def test_overflow_is_no_violation():
    def overflows(pair):
        size = np.exp(300 * np.linalg.norm(pair.a.embeddings))
        return size, size

    outcome = attacked(overflows)
    assert outcome.verdict == "survived"
    assert outcome.nans > 50
    assert outcome.worst.ratio == 1.0


@pytest.mark.parametrize("sides", [(0.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (1.0, 2.0), (1e-320, 1e-310), (-5.0, -5.0)])
def test_constants_that_hold(sides):
    outcome = attacked(lambda pair: sides, 1500, domain=SMALL)
    assert outcome.verdict == "survived"
    assert (outcome.worst.lhs, outcome.worst.rhs) == sides


@pytest.mark.parametrize("sides", [(1.0, math.inf), (-1e7, 0.0), (0.0, 1e9)])
def test_constants_that_hold_by_far(sides):
    assert attacked(lambda pair: sides, 1500, domain=SMALL).verdict == "survived"


@pytest.mark.parametrize("sides", [(2.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, -2.0), (3, 2)])
def test_constants_that_fail(sides):
    outcome = attacked(lambda pair: sides, 300, domain=SMALL)
    assert outcome.verdict == "refuted"
    assert sizes_of(arrays_of(outcome.simplest.pair)) == (1, 2, 1, 1)
    assert_consistent(outcome, SMALL)


def rounding(pair):
    """An equality, but for what is lost when a great number is added and taken away again: always above."""
    side = logit_distance(pair.a, pair.b) + 1
    third = side / side / 3
    return third + abs(((third + 1e13) - 1e13) - third), third


@pytest.mark.parametrize("evaluations", [150, 1200])
def test_rounding_alone_is_inconclusive(evaluations):
    outcome = attacked(rounding, evaluations)
    assert outcome.verdict == "inconclusive"
    assert outcome.evidence is Evidence.SAMPLED  # no climber had anywhere to start
    assert "by no more than rounding" in outcome.message
    assert outcome.simplest is None


def test_every_pair_above_by_the_last_bits_is_inconclusive():
    def barely(pair):
        side = float(np.linalg.norm(logits(pair.a))) + 1
        return side * (1 + 1e-15), side

    assert attacked(barely, 300).verdict == "inconclusive"


def scipy_quarter(pair):
    from scipy.special import log_softmax

    p, q = log_softmax(logits(pair.a), axis=1), log_softmax(logits(pair.b), axis=1)
    return (
        float(np.mean(np.sum(np.exp(p) * (p - q), axis=1))),
        float(np.mean(np.sum((logits(pair.a) - logits(pair.b)) ** 2, axis=1)) / 4),
    )


def scipy_pinsker(pair):
    from scipy.special import rel_entr

    p, q = softmax(pair.a), softmax(pair.b)
    return float(np.mean(np.sum(np.abs(p - q), axis=1) ** 2)), 2 * float(rel_entr(p, q).sum(axis=1).mean())


def torch_pinsker(pair):
    p, q = (torch.softmax(torch.tensor(logits(m)), dim=1) for m in (pair.a, pair.b))
    return ((p - q).abs().sum(dim=1) ** 2).mean(), 2 * (p * (p.log() - q.log())).sum(dim=1).mean()


@pytest.mark.parametrize("function", [scipy_quarter, scipy_pinsker, torch_pinsker], ids=lambda f: f.__name__)
@pytest.mark.parametrize("seed", [2])
@pytest.mark.slow  # true claims are attacked to the end of the budget
def test_true_claims_survive_where_only_float64_can_be_had(function, seed):
    outcome = attacked(function, 6000, seed)
    assert outcome.verdict == "survived", outcome.message


def filled(model):
    made = np.zeros((model.n, model.k))
    for i, j in itertools.product(range(model.n), range(model.k)):
        made[i, j] = model.embeddings[i] @ model.unembeddings[j]
    return made


def quarter_of_filled_arrays(pair):
    """T6 once more, both sides divided by the square of a norm."""
    a, b, size = filled(pair.a), filled(pair.b), np.sum(pair.a.embeddings**2)
    p, q = (np.exp(x - x.max(axis=1, keepdims=True)) for x in (a, b))
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    apart = a - b - (a - b).mean(axis=1, keepdims=True)
    return np.mean(np.sum(p * np.log(p / q), axis=1)) / size, np.mean(np.sum(apart**2, axis=1)) / 4 / size


@pytest.mark.slow  # searches to the end of the budget
def test_balls_that_are_put_into_arrays_of_floats_prove_nothing():
    assert attacked(quarter_of_filled_arrays, 6000).verdict == "survived"


def test_single_precision_is_no_proof():
    def rounded(pair):
        size = np.linalg.norm(pair.a.embeddings)
        return abs(np.linalg.norm(pair.a.embeddings.astype(np.float32)) - size), 1e-9 * size

    assert attacked(rounded, 600).evidence is not Evidence.BALL


def test_a_branch_on_an_equality_is_no_proof():
    def branches(pair):
        x = pair.a.embeddings
        size = np.sum(x * x)
        return (0 * size if np.sqrt(size) ** 2 <= np.trace(x.T @ x) else size), size / 2

    assert attacked(branches, 600).evidence not in (Evidence.BALL, Evidence.EXACT)


# --------------------------------------------------------------------------- claims that fail


def signed(pair):
    u, v = logits(pair.a), logits(pair.b)
    return 0.0, float(np.sum(u * v) / np.linalg.norm(u) / np.linalg.norm(v))


def signed_the_other_way(pair):
    return -float(np.sum(logits(pair.a) * logits(pair.b))), 0.0


def large_entry(pair):
    return float(pair.a.embeddings[0, 0]), 5.0


def disagreement(pair):
    return float(np.mean(logits(pair.a).argmax(axis=1) != logits(pair.b).argmax(axis=1))), 0.9


def disagreement_against_distance(pair):
    apart = float(np.sqrt(np.mean(np.sum((logits(pair.a) - logits(pair.b)) ** 2, axis=1))))
    return disagreement(pair)[0], 0.9 * apart


def accuracy(pair):
    p, q = softmax(pair.a), softmax(pair.b)
    return (p.argmax(axis=1) != q.argmax(axis=1)).astype(float).mean(), np.abs(p - q).sum(axis=1).mean()


def beyond_cauchy_schwarz(pair):
    lhs, rhs = cauchy_schwarz(pair)
    return 1.0001 * lhs, rhs


def beyond_a_quarter(pair):
    lhs, rhs = quarter(pair)
    return 1.0001 * lhs, rhs


def beyond_pinsker(pair):
    lhs, rhs = pinsker(pair)
    return 1.05 * lhs, rhs


def needle(pair):
    return 1.0, 0.5 + 50 * abs(pair.a.embeddings[0, 0] - 0.7315)


def in_torch(pair):
    return torch.tensor(pair.a.embeddings).norm(), torch.tensor(3.0)


def ranks(pair):
    a, b = (np.argsort(np.argsort(logits(m), axis=1), axis=1) for m in (pair.a, pair.b))
    return int(((a - b) ** 2).sum()), 1


FALSE = [signed, signed_the_other_way, large_entry, disagreement, disagreement_against_distance, accuracy,
         beyond_cauchy_schwarz, beyond_a_quarter, beyond_pinsker, needle, in_torch, ranks]  # fmt: skip


@pytest.mark.parametrize("function", FALSE, ids=lambda f: f.__name__)
def test_false_claims_fall(function):
    outcome = attacked(function, 6000)
    assert outcome.verdict == "refuted", outcome.message
    assert outcome.message.startswith("false: ")
    for witness in (outcome.worst, outcome.simplest):
        lhs, rhs = map(float, function(witness.pair))
        assert (lhs, rhs) == (witness.lhs, witness.rhs)
        assert lhs > rhs
    assert_consistent(outcome)
    words = f"at n = {outcome.simplest.pair.n}, k = {outcome.simplest.pair.k}, m = {outcome.simplest.pair.m}"
    assert outcome.message.endswith(words)


def test_the_evidence_is_the_weaker_of_both_witnesses():
    outcome = attacked(lambda pair: (quarter(pair)[0], quarter(pair)[1] / 2))
    assert outcome.evidence is Evidence.BALL
    assert {outcome.worst.evidence, outcome.simplest.evidence} <= {Evidence.BALL, Evidence.EXACT}
    assert attacked(in_torch).evidence is Evidence.FLOAT64


@pytest.mark.parametrize(
    "domain",
    [
        SMALL,
        Domain(dimensions=(1, 1), labels=(2, 2), inputs=(1, 1)),
        Domain(dimensions=(2, 3), labels=(2, 3), diverse=False),
        Domain(dimensions=(1, 3), labels=(2, 5), inputs=(2, 2), equal_dimensions=False),
        Domain(dimensions=(5, 6), labels=(8, 9), inputs=(15, 20)),
    ],
    ids=str,
)
@pytest.mark.slow  # attacked to the end of the budget
def test_claims_are_asked_about_their_domain_only(domain):
    seen = set()

    def asked(pair):
        seen.add(sizes_of(arrays_of(pair)))
        return logit_distance(pair.a, pair.b), 1e300

    assert attacked(asked, 800, domain=domain).verdict == "survived"
    outside = [
        (n, k, m, m2) for n, k, m, m2 in seen
        if not (domain.labels[0] <= k <= domain.labels[1] and domain.inputs[0] <= n <= domain.inputs[1])
        or (domain.equal_dimensions and m != m2)
    ]  # fmt: skip
    assert outside == []
    false = attacked(lambda pair: (logit_distance(pair.a, pair.b), 1.0), 800, domain=domain)
    assert false.verdict == "refuted"
    assert_consistent(false, domain)


def test_sides_at_the_end_of_floats_are_compared():
    assert attacked(lambda pair: (1.5e308, 1e308), 300).verdict == "refuted"


@pytest.mark.parametrize("kind", ["dtype", "except"])
def test_false_claims_fall_whatever_they_ask_of_their_arrays(kind):
    def of_kind(pair):
        x = pair.a.embeddings
        return (np.linalg.svd(x, compute_uv=False)[0] if x.dtype.kind == "f" else 0 * x[0, 0]), 3.0

    def careful(pair):
        try:
            return np.corrcoef(pair.a.embeddings.ravel(), pair.b.embeddings.ravel())[0, 1], 0.9
        except Exception:
            return math.nan, math.nan

    assert attacked(of_kind if kind == "dtype" else careful, 2500).verdict == "refuted"


# --------------------------------------------------------------------------- what claims do besides


def test_claims_may_write_print_and_warn(capsys):
    def rude(pair):
        print("listen")
        warnings.warn("look", UserWarning, stacklevel=1)
        value = float(np.abs(pair.a.embeddings).max())
        for array in arrays_of(pair):
            array.setflags(write=True)
            array[...] = 1e6
        return value + float(np.log(np.zeros(1))[0] == 0), 10.0

    outcome = attacked(rude)
    assert outcome.verdict == "refuted"
    assert 10 < outcome.simplest.lhs < 100
    assert outcome.simplest.lhs == np.abs(outcome.simplest.pair.a.embeddings).max()
    assert capsys.readouterr().out == ""


@pytest.mark.slow  # several searches to the end
def test_one_claim_leaves_no_trace_in_the_next():
    def seeds_and_breaks(pair):
        np.random.seed(0)  # noqa: NPY002
        for array in arrays_of(pair):
            array.setflags(write=True)
            array[...] = math.nan
        return 2.0, 1.0

    before = everything(attacked(beyond_pinsker, 600))
    for other in (seeds_and_breaks, raises, quarter, rounding):
        attacked(other, 300)
        assert everything(attacked(beyond_pinsker, 600)) == before


# --------------------------------------------------------------------------- determinism


@pytest.mark.parametrize("function", [quarter, beyond_a_quarter, signed, raises_half, raises], ids=lambda f: f.__name__)
@pytest.mark.slow  # every search is made twice
def test_the_same_seed_gives_the_same_outcome(function):
    assert everything(attacked(function, 600, 5)) == everything(attacked(function, 600, 5))


@pytest.mark.slow  # several searches to the end
def test_another_seed_gives_another_search():
    for function in (quarter, beyond_a_quarter):
        one, other = attacked(function, 500, 0), attacked(function, 500, 1)
        assert one.verdict == other.verdict
        assert (one.seed, other.seed) == (0, 1)
        assert everything(one) != everything(other)
        assert everything(one)[1] != everything(other)[1]


def test_a_smaller_budget_is_the_same_search_cut_off():
    asked = []

    def noted(pair):
        asked.append(b"".join(x.tobytes() for x in arrays_of(pair)))
        return quarter(pair)

    attacked(noted, 1500)
    long = asked[:]
    asked.clear()
    attacked(noted, 700)
    assert len(long) > len(asked) > 600
    assert long[: len(asked)] == asked


# --------------------------------------------------------------------------- budgets, progress, interruption


@pytest.mark.parametrize("evaluations", [1, 2, 63, 64, 65, 500])
def test_the_budget_of_evaluations_is_kept(evaluations):
    calls = []

    def counted(pair):
        calls.append(1)
        return float(np.tanh(np.linalg.norm(pair.a.embeddings))), 2.0

    outcome = attacked(counted, evaluations)
    assert outcome.evaluations == evaluations == len(calls)
    assert outcome.verdict == "survived"
    assert sum(c.evaluations for c in outcome.strata.values()) == evaluations


@pytest.mark.slow  # attacked to the end of the budget
def test_a_gradient_is_charged():
    outcome = attacked(quarter, 3000)
    assert 3000 <= outcome.evaluations < 3010
    assert sum(c.evaluations for c in outcome.strata.values()) <= outcome.evaluations


def test_a_budget_of_seconds_ends_the_search_too():
    outcome = falsify(Claim(quarter, "quarter"), Budget(seconds=0.05))
    assert outcome.verdict == "survived"
    assert outcome.evaluations > 0


def test_every_regime_is_looked_at():
    outcome = attacked(lambda pair: (0.0, 1.0), 800)
    assert {*STRATA, "enumerated", "repeated inputs"} <= set(outcome.strata)


def test_progress_is_told_during_the_search():
    told = []
    attacked(quarter, 1000, progress=lambda *arguments: told.append(arguments))
    counts, ratios, shares = zip(*told, strict=True)
    assert counts[0] == 0
    assert ratios[0] is None
    assert len(told) >= 10
    assert list(counts) == sorted(counts)
    known = [ratio for ratio in ratios if ratio is not None]
    assert known == sorted(known)
    assert all(0 <= share <= 1 for share in shares)
    assert list(shares) == sorted(shares)


def test_progress_is_told_while_shrinking():
    told = []
    outcome = attacked(beyond_pinsker, 3000, progress=lambda *arguments: told.append(arguments))
    assert outcome.verdict == "refuted"
    assert told[-1][0] > outcome.worst.evaluation
    assert told[-1][0] > outcome.strata["shrinking"].evaluations
    assert outcome.evaluations - told[-1][0] < 130


def interrupting_at(count):
    def progress(evaluations, ratio, share):
        if evaluations >= count:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("count", [0, 64, 300])
def test_an_interrupt_gives_the_outcome_so_far(count):
    outcome = attacked(cauchy_schwarz, 5000, progress=interrupting_at(count))
    assert outcome.message.startswith("interrupted; so far: ")
    assert count <= outcome.evaluations < count + 130
    assert outcome.verdict == ("survived" if count else "error")
    if count:
        assert outcome.worst is not None


def test_an_interrupt_while_shrinking_keeps_the_violation():
    whole = attacked(beyond_pinsker, 3000)
    found = whole.evaluations - whole.strata["shrinking"].evaluations
    outcome = attacked(beyond_pinsker, 3000, progress=interrupting_at(found + 100))
    assert outcome.verdict == "refuted"
    assert outcome.message.startswith("interrupted; so far: false: lhs ")
    assert outcome.simplest is outcome.worst
    assert outcome.worst.lhs > outcome.worst.rhs
    assert outcome.evaluations < whole.evaluations


def test_an_interrupt_by_the_claim_itself():
    count = itertools.count()

    def interrupts(pair):
        if next(count) == 200:
            raise KeyboardInterrupt
        return 0.0, 1.0

    outcome = attacked(interrupts, 1000)
    assert outcome.message == "interrupted; so far: no violation was found"
    assert outcome.verdict == "survived"


def test_an_error_of_the_progress_bar_is_not_swallowed():
    def broken(*_):
        raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"):
        attacked(quarter, 100, progress=broken)
