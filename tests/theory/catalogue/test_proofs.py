"""All proofs of the catalogue: their statuses, that wrong steps are rejected, and that falsehoods have none."""

import pytest

from theory import InvalidInput
from theory.catalogue import theorems
from theory.catalogue.proofs import attempts_at, proofs_of, proved_theorems
from theory.proofs.steps import Proof, Status, Step, checked

PROOFS = [(identifier, proof) for identifier in theorems() for proof in proofs_of(identifier)]
ATTEMPTS = [(identifier, proof) for identifier in theorems() for proof in attempts_at(identifier)]
STEPS = [
    pytest.param(step, id=f"{identifier}-{proof.statement}-{step.name}")
    for identifier, proof in PROOFS
    for step in proof.steps
]
CITED = {"T2", "T3", "T4", "T9", "T10", "T12"}  # some step rests on a named lemma


def test_every_theorem_has_a_proof():
    assert set(proved_theorems()) == set(theorems())


@pytest.mark.parametrize(
    ("identifier", "proof"), [pytest.param(*case, id=f"{case[0]}-{case[1].statement}") for case in PROOFS]
)
def test_every_proof_goes_through(identifier, proof):
    found = checked(proof)
    failing = [
        (step.name, discharge.detail)
        for step, discharge in zip(proof.steps, found.discharges, strict=True)
        if discharge.status is Status.NOT_PROVED
    ]
    assert failing == []
    assert proof.theorem == identifier
    for step, discharge in zip(proof.steps, found.discharges, strict=True):
        assert discharge.detail
        # What is cited says so, and nothing else is only cited.
        assert (discharge.status is Status.CITED) == (step.obligation.method == "lemma")


@pytest.mark.parametrize("identifier", theorems())
def test_theorems_rest_on_lemmas_where_they_are_known_to(identifier):
    lemmas = {step.obligation.method for proof in proofs_of(identifier) for step in proof.steps} & {"lemma"}
    assert bool(lemmas) == (identifier in CITED)


@pytest.mark.parametrize("step", STEPS)
def test_every_wrong_step_is_rejected(step):
    variants = list(step.obligation.perturbed())
    assert variants, "a step that cannot be made false proves nothing"
    for change, variant in variants:
        assert variant.discharged().status is Status.NOT_PROVED, change
        assert variant.method == step.obligation.method


@pytest.mark.parametrize(
    ("identifier", "proof"), [pytest.param(*case, id=f"{case[0]}-{case[1].statement}") for case in ATTEMPTS]
)
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
