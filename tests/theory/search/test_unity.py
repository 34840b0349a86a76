"""One engine: what one command finds the other finds, and both lean on one judge, which can be told from wrong ones.

The statements are planted: constants a little too small. Where it says that one way of climbing alone found them, that
was measured when `verify` had gradients only and `falsify` all but these.
"""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from theory import Budget, Domain, assert_survives, falsify
from theory.catalogue import theorem
from theory.evidence import Decision, Evidence, Verdict
from theory.search import judging
from theory.search.arrays import pair_of
from theory.search.outcome import Witness
from theory.search.statement_claims import claim_of, claims_of, claims_without
from theory.search.verification import PROFILES, verify_theorem


def planted(identifier, name, factor, **changes):
    """A statement whose constant is too small by a factor, without the families that would give it away."""
    statement = theorem(identifier).statement(name)
    right = statement.constant
    return replace(statement, constant=lambda pair: right(pair) * factor, sharp=(), **changes)


def verified(statement, seed=0):
    whole = replace(theorem("T6"), statements=(statement,), twins=(), known_answers=())
    return verify_theorem(whole, PROFILES["quick"], seed).statements[0]


# --------------------------------------------------------------------------- what one finds the other finds

LARGE = Domain(dimensions=(4, 4), labels=(8, 8), inputs=(8, 12))


@pytest.mark.parametrize(("identifier", "name"), [("T6", "upper_bound"), ("T4", "envelope")])
def test_falsify_finds_what_only_the_ascent_along_gradients_found(identifier, name):
    """One shape, large: climbs one at a time spent 4,000 evaluations below 93 per cent of the bound."""
    outcome = falsify(claim_of(planted(identifier, name, 0.99, domain=LARGE)), Budget(None, 1500))
    assert outcome.verdict == "refuted"
    assert outcome.evidence in (Evidence.BALL, Evidence.EXACT)
    assert "ascent" in outcome.strata
    found = [name for name, seen in outcome.strata.items() if (seen.best or 0) > 1]
    assert "ascent" in found


@pytest.mark.parametrize("seed", [0, 1])
def test_verify_finds_what_only_climbs_one_at_a_time_found(seed):
    """Regimes and gradients ended at 98.7 and 96.7 per cent of it; moves and BFGS go past."""
    report = verified(planted("T5", "local_with_first_floor", 0.855), seed)
    assert not report.held
    assert report.outcome.verdict == "refuted"
    assert " from " in report.outcome.worst.found_in  # a climb from one start


def test_both_end_in_the_same_kind_of_outcome():
    eighth = theorem("T6").statement("eighth")
    report = verified(eighth)
    attacked = falsify(claim_of(eighth), Budget(None, 2000))
    for outcome in (report.outcome, attacked):
        assert outcome.verdict == "refuted"
        assert isinstance(outcome.worst, Witness)
        assert outcome.worst.lhs - outcome.worst.rhs > outcome.worst.lhs_error + outcome.worst.rhs_error


def test_the_public_falsify_decides_specimens_and_states_hypotheses():
    outcome = falsify(claims_of(theorem("T7"))["T7 pentagon_kl"], Budget(seconds=1.0))
    assert outcome.verdict == "survived"
    assert "specimens that the statement is about" in outcome.message
    assert_survives(claims_of(theorem("T7"))["T7 pentagon_kl"])
    weakened = falsify(claims_without(theorem("T9"))["T9 without full-rank embeddings"], Budget(None, 2000))
    assert weakened.verdict == "refuted"
    assert weakened.hypotheses["full-rank embeddings"] == -1.0
    assert weakened.hypotheses["generic rank"] > 0


def test_a_plain_claim_is_attacked_without_torch():
    code = (
        "import sys, numpy as np; from theory import Budget, claim, falsify\n"
        "@claim\n"
        "def plain(pair):\n"
        "    return np.linalg.norm(pair.a.embeddings), 1e9\n"
        "outcome = falsify(plain, Budget(None, 6000)); print(outcome.verdict, 'torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["survived", "False"]


# --------------------------------------------------------------------------- a wrong judge is caught


def noisy():
    """A variance by a formula that loses its digits to a large offset, against the variance: an equality."""
    offset = 2.0**30

    def rounded(pair):
        x = pair.a.embeddings[..., 0] + offset
        return pair.xp.mean(x * x, axis=-1) - pair.xp.mean(x, axis=-1) * pair.xp.mean(x, axis=-1)

    def exact(pair):
        x = pair.a.embeddings[..., 0]
        centred = x - pair.xp.mean(x, axis=-1, keepdims=True)
        return pair.xp.mean(centred * centred, axis=-1)

    # The second side is larger by a hundredth, which balls see at once and float64 does not.
    return replace(
        theorem("T6").main, lhs=rounded, envelope=exact, constant=lambda pair: 1.01, sharp=(),
        domain=Domain(dimensions=(1, 1), labels=(2, 3)),
    )  # fmt: skip


def believes_everything(assertion, found, most_bits=None):
    decision = Decision(Verdict.REFUTED, (found.lhs, found.lhs), (found.rhs, found.rhs), 128)
    witness = Witness(pair_of(found.arrays), found.lhs, found.rhs, 0.0, 0.0, Evidence.BALL, found.label, 1)
    return (witness if found.lhs > found.rhs else None), decision


def believes_nothing(assertion, found, most_bits=None):
    least = min(found.lhs, found.rhs)
    return None, Decision(Verdict.HOLDS, (least, least), (found.rhs, found.rhs), 128)


def rightly_judged():
    """What both commands must say of a twin, and must not say of noise."""
    twin = theorem("T6").statement("eighth")
    return {
        "verify refutes a twin": verified(twin).outcome.verdict == "refuted",
        "falsify refutes a twin": falsify(claim_of(twin), Budget(None, 600)).verdict == "refuted",
        "verify spares noise": verified(noisy()).outcome.verdict != "refuted",
        "falsify spares noise": falsify(claim_of(noisy()), Budget(None, 600)).verdict != "refuted",
    }


def test_the_judge_is_right():
    assert all(rightly_judged().values())


@pytest.mark.parametrize(
    ("wrong", "fooled"), [(believes_everything, "spares noise"), (believes_nothing, "refutes a twin")]
)
def test_a_wrong_judge_is_caught_in_both_commands(monkeypatch, wrong, fooled):
    monkeypatch.setattr(judging, "decided", wrong)
    judged = rightly_judged()
    assert {name for name, right in judged.items() if not right} == {f"verify {fooled}", f"falsify {fooled}"}


def test_noise_is_what_the_judge_has_to_deal_with():
    """The statement above is a test only because float64 alone would call it violated."""
    outcome = falsify(claim_of(noisy()), Budget(None, 600))
    assert outcome.checks > 10
    assert np.isfinite(outcome.worst.lhs)
