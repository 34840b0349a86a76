"""All proofs of the catalogue: their statuses, that wrong steps are rejected, and that falsehoods have none."""

import pytest

from tests.theory.catalogue.known import Known, known
from theory import InvalidInput
from theory.catalogue import theorems
from theory.catalogue.proofs import attempts_at, proofs_of
from theory.proofs.extremal import Limit, Value
from theory.proofs.scalar import Scalar
from theory.proofs.steps import Proof, Status, Step, checked

PROOFS = [(identifier, proof) for identifier in theorems() for proof in proofs_of(identifier)]
ATTEMPTS = [(identifier, proof) for identifier in theorems() for proof in attempts_at(identifier)]
KNOWN = known()
UNKNOWN = Known()
"""Of a theorem of which nothing is known beside what the catalogue says: no exception is made for it."""

CALCULUS = (Limit, Scalar, Value)


def slow_if_calculus(*steps):
    found = any(isinstance(step.obligation, CALCULUS) for step in steps)
    return [pytest.mark.slow] if found else []  # computer algebra: limits and signs, and a dozen wrong variants of each


def distinct_steps():
    """Each obligation once, as proofs share steps, under the name of the first step that has it."""
    seen = set()
    for identifier, proof in PROOFS:
        for step in proof.steps:
            if repr(step.obligation) not in seen:
                seen.add(repr(step.obligation))
                yield pytest.param(step, id=f"{identifier}-{proof.statement}-{step.name}", marks=slow_if_calculus(step))


def named(cases):
    return [
        pytest.param(identifier, proof, id=f"{identifier}-{proof.statement}", marks=slow_if_calculus(*proof.steps))
        for identifier, proof in cases
    ]


@pytest.mark.parametrize("identifier", KNOWN)
def test_what_is_known_is_known_of_a_theorem_that_has_proofs(identifier):
    statements = {proof.statement for proof in proofs_of(identifier)}
    assert statements
    assert KNOWN[identifier].cited <= statements


PROVED = sorted({identifier for identifier, _ in PROOFS}, key=list(theorems()).index)
"""Theorems of which somebody has written a proof down."""


@pytest.mark.parametrize("identifier", PROVED)
def test_every_statement_has_a_proof_and_nothing_else_has(identifier):
    statements = {statement.name for statement in theorems()[identifier].statements}
    assert {proof.statement.partition(":")[0] for proof in proofs_of(identifier)} == statements
    assert statements <= {proof.statement for proof in proofs_of(identifier)}


@pytest.mark.parametrize("identifier", PROVED)
def test_what_is_called_sharp_is_proved_sharp_by_a_limit_or_a_value(identifier):
    sharp = {proof.statement: proof for proof in proofs_of(identifier) if proof.statement.endswith(": sharp")}
    otherwise = KNOWN.get(identifier, UNKNOWN).sharp_otherwise
    for statement in theorems()[identifier].statements:
        if statement.sharp and statement.name not in otherwise:
            methods = {step.obligation.method for step in sharp[f"{statement.name}: sharp"].steps}
            assert "extremal" in methods, statement.name


@pytest.mark.parametrize(("identifier", "proof"), named(PROOFS))
def test_every_proof_goes_through(identifier, proof):
    found = checked(proof)
    failing = [
        (step.name, discharge.detail)
        for step, discharge in zip(proof.steps, found.discharges, strict=True)
        if discharge.status is Status.NOT_PROVED
    ]
    assert failing == []
    assert proof.theorem == identifier
    cites = any(step.obligation.method == "lemma" for step in proof.steps)
    assert found.status is (Status.CITED if cites else Status.PROVED)
    assert proof.claim
    for step, discharge in zip(proof.steps, found.discharges, strict=True):
        assert discharge.detail
        assert step.statement
        assert step.covers
        # What is cited says so, and nothing else is only cited.
        assert (discharge.status is Status.CITED) == (step.obligation.method == "lemma")


@pytest.mark.parametrize("identifier", KNOWN)
def test_theorems_rest_on_the_lemmas_that_they_are_known_to(identifier):
    citations = [
        (proof.statement, step.obligation.name)
        for proof in proofs_of(identifier)
        for step in proof.steps
        if step.obligation.method == "lemma"
    ]
    assert {lemma for _, lemma in citations} == KNOWN[identifier].lemmas
    assert {statement for statement, _ in citations} == KNOWN[identifier].cited


@pytest.mark.parametrize("step", list(distinct_steps()))
def test_every_wrong_step_is_rejected(step):
    variants = list(step.obligation.perturbed())
    assert variants, "a step that cannot be made false proves nothing"
    for change, variant in variants:
        assert variant.discharged().status is Status.NOT_PROVED, change
        assert variant.method == step.obligation.method


@pytest.mark.parametrize("identifier", PROVED)
def test_every_false_twin_has_an_attempt(identifier):
    twins = {twin.statement.name for twin in theorems()[identifier].twins}
    attempted = {proof.statement for proof in attempts_at(identifier)}
    assert attempted <= twins
    assert twins - attempted <= KNOWN.get(identifier, UNKNOWN).untried


@pytest.mark.parametrize(("identifier", "proof"), named(ATTEMPTS))
def test_no_false_twin_is_proved(identifier, proof):
    names = {twin.statement.name for twin in theorems()[identifier].twins}
    assert proof.statement in names
    assert checked(proof).status is Status.NOT_PROVED


def test_statements_of_proofs_are_those_of_the_catalogue():
    for identifier, proof in PROOFS:
        names = {statement.name for statement in theorems()[identifier].statements}
        assert proof.statement.split(":")[0] in names, (identifier, proof.statement)


def test_proofs_that_contradict_themselves_are_refused():
    (_, proof), *_ = PROOFS
    step = proof.steps[0]
    with pytest.raises(InvalidInput, match="expected at least one step"):
        Proof("T1", "x", "x", ())
    with pytest.raises(InvalidInput, match="expected earlier steps"):
        Proof("T1", "x", "x", (Step("first", "1 = 1", step.obligation, uses=("second",)),))
    with pytest.raises(InvalidInput, match="saw 'first' twice"):
        Proof("T1", "x", "x", (Step("first", "", step.obligation), Step("first", "", step.obligation)))
    with pytest.raises(InvalidInput, match="expected one of T1"):
        proofs_of("T99")
