"""The catalogue: theorems hold, constants are sharp, twins fall, known answers come out, in floats and in balls."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from theory import Domain, InvalidInput, catalogue
from theory.catalogue import theorem, theorems
from theory.evidence import Verdict, decide
from theory.pairs.constructions import Shape
from theory.pairs.strata import STRATA, draw
from theory.pairs.strategies import any_pairs
from theory.statements import evaluate, excess, unbatched

THEOREMS = list(theorems().values())
STATEMENTS = [(t.identifier, s) for t in THEOREMS for s in t.statements]
TWINS = [(t.identifier, twin) for t in THEOREMS for twin in t.twins]
SHARP = [(i, s, family) for i, s in STATEMENTS for family in s.sharp]
SHARP_IDS = [f"{i}-{s.name}-{f.name}" for i, s, f in SHARP]
ANSWERS = [(t.identifier, answer) for t in THEOREMS for answer in t.known_answers]


def named(items):
    return [f"{identifier}-{getattr(item, 'name', item)}" for identifier, item, *_ in items]


def test_every_folder_holds_the_theorem_of_its_number_in_order():
    folders = sorted(path.name for path in Path(catalogue.__file__).parent.glob("t[0-9][0-9]_*"))
    assert [t.identifier for t in THEOREMS] == [f"T{int(name[1:3])}" for name in folders]


@pytest.mark.parametrize("entry", THEOREMS, ids=lambda t: t.identifier)
def test_every_entry_is_complete(entry):
    assert entry.title
    assert entry.summary.endswith(".")
    assert entry.source
    assert len(entry.twins) >= 3
    assert entry.known_answers
    assert all(twin.why.endswith(".") for twin in entry.twins)
    names = [s.name for s in entry.statements] + [twin.name for twin in entry.twins]
    assert len(names) == len(set(names))


def test_an_unknown_theorem_is_refused():
    with pytest.raises(InvalidInput, match=r"identifier: expected one of T1, .*saw 'T99'"):
        theorem("T99")


@pytest.mark.parametrize(("identifier", "statement"), STATEMENTS, ids=named(STATEMENTS))
def test_statements_hold_on_structured_pairs(identifier, statement):
    """Property test: whatever Hypothesis finds to exceed the bound must hold when decided in balls."""
    if statement.specimens:
        verdicts = [decide(statement, family.pair(family.parameter)).verdict for family in statement.specimens]
        assert all(verdict is Verdict.HOLDS for verdict in verdicts)
        return
    low = statement.domain
    small = Domain(
        dimensions=(low.dimensions[0], min(low.dimensions[1], low.dimensions[0] + 1)),
        labels=(low.labels[0], max(low.labels[0], min(low.labels[1], 5))),
        inputs=(low.inputs[0], max(low.inputs[0], 6)),
        equal_dimensions=low.equal_dimensions,
    )

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(any_pairs(domain=small))
    def check(pair):
        value = float(excess(statement, pair, evaluate(statement, pair)))
        limit = np.log(1e-9) if statement.relation == "=" else 1e-9
        if value > limit:
            decision = decide(statement, pair)
            assert decision.verdict is not Verdict.REFUTED, (value, decision)

    check()


@pytest.mark.parametrize(("identifier", "statement", "family"), SHARP, ids=SHARP_IDS)
def test_sharp_constants_are_reached(identifier, statement, family):
    pair = family.pair(family.parameter)
    evaluation = evaluate(statement, pair)
    assert evaluation.applies
    assert 0.999 <= evaluation.lhs / evaluation.rhs <= 1 + 1e-12
    assert decide(statement, pair).verdict is not Verdict.REFUTED


@pytest.mark.parametrize(("identifier", "statement", "family"), SHARP, ids=SHARP_IDS)
def test_a_constant_five_percent_smaller_is_refuted_in_balls(identifier, statement, family):
    broken = replace(statement, constant=lambda pair: statement.constant(pair) * 19 / 20)
    assert decide(broken, family.pair(family.parameter)).verdict is Verdict.REFUTED


@pytest.mark.parametrize(("identifier", "twin"), TWINS, ids=[f"{i}-{t.name}" for i, t in TWINS])
def test_twins_are_refuted(identifier, twin):
    """A counterexample from the regimes, or the known one, must survive balls."""
    if twin.witness is not None:
        assert decide(twin.statement, twin.witness()).verdict is Verdict.REFUTED
        return
    for m, k in twin.statement.domain.shapes()[:6]:
        for name in STRATA:
            low = twin.statement.domain.inputs[0]
            pair = draw(name, np.random.default_rng([m, k]), Shape(n=max(low, m + 3), k=k, m=m, batch=(16,)))
            found = excess(twin.statement, pair, evaluate(twin.statement, pair))
            limit = np.log(1e-6) if twin.statement.relation == "=" else 1e-6
            if np.max(found) > limit:
                decision = decide(twin.statement, unbatched(pair, int(np.argmax(found))))
                if decision.verdict is Verdict.REFUTED:
                    return
    pytest.fail(f"{identifier} {twin.name}: no regime refutes it")


@pytest.mark.parametrize(("identifier", "answer"), ANSWERS, ids=[f"{i}-{a.name}" for i, a in ANSWERS])
def test_known_answers_are_reproduced(identifier, answer):
    got = float(answer.compute())
    assert answer.agrees(got), f"expected {answer.expected}, got {got!r}"


def test_a_known_answer_that_is_off_by_one_digit_is_not_accepted():
    answer = THEOREMS[0].known_answers[0]
    assert not answer.agrees(float(answer.expected) + 0.1)


@pytest.mark.parametrize(("identifier", "statement"), STATEMENTS, ids=named(STATEMENTS))
def test_both_sides_agree_between_floats_and_balls(identifier, statement):
    """The same formula in two arithmetics: on a well conditioned pair the float must lie at the ball."""
    if statement.specimens:
        pair = statement.specimens[1].pair(statement.specimens[1].parameter)
    else:
        m, k = statement.domain.shapes()[min(2, len(statement.domain.shapes()) - 1)]
        n = max(statement.domain.inputs[0], m + 3)
        batch = draw("floor", np.random.default_rng(1), Shape(n=n, k=k, m=m, batch=(32,)))
        applying = np.flatnonzero(evaluate(statement, batch).applies)
        assert applying.size
        pair = unbatched(batch, int(applying[0]))
    evaluation, decision = evaluate(statement, pair), decide(statement, pair)
    for value, (low, high) in ((evaluation.lhs, decision.lhs), (evaluation.rhs, decision.rhs)):
        assert float(value) == pytest.approx((low + high) / 2, rel=1e-7, abs=1e-12)
