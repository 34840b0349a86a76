"""All proofs of the catalogue: their statuses, that wrong steps are rejected, and that falsehoods have none."""

import pytest

from theory import InvalidInput
from theory.catalogue import theorems
from theory.catalogue.proofs import attempts_at, proofs_of
from theory.proofs.steps import Proof, Status, Step, checked

PROOFS = [(identifier, proof) for identifier in theorems() for proof in proofs_of(identifier)]
ATTEMPTS = [(identifier, proof) for identifier in theorems() for proof in attempts_at(identifier)]
VARIATIONAL = "variational form of singular values"
LEMMAS = {
    **dict.fromkeys(("T1", "T5", "T6", "T7", "T8", "T11", "T13", "T14"), frozenset()),
    **dict.fromkeys(("T2", "T3", "T9", "T15"), frozenset({VARIATIONAL})),
    "T4": {"von Neumann's trace inequality", "Horn's inequality", "Weyl's monotonicity theorem"},
    "T10": {
        "Schur's determinant formula", "the determinant of a product", "the Cauchy-Binet formula",
        "the matrix determinant lemma",
    },
    "T12": {"Minkowski's inequality", "trace and nuclear norm"},
}  # fmt: skip
"""The lemmas of others that a theorem rests on: these, and nothing else, may be cited."""


SHARP_OTHERWISE = {
    "upper_bound_on_a_line",  # the case m = 1 of T2's upper bound, whose proof of sharpness is for every m
    "sharp_for_given_unembeddings",  # an identity: the bound is attained, whatever the unembeddings
}


MANY_LIMITS = {"T5", "T7", "T10", "T11", "T13", "T14", "T15"}
"""Where computer algebra takes longest: limits, signs and an inverse, and a dozen wrong variants of each to refuse."""


def slow_if_many_limits(identifier):
    return [pytest.mark.slow] if identifier in MANY_LIMITS else []  # seconds of computer algebra for a theorem


def distinct_steps():
    """Each obligation once, as proofs share steps, under the name of the first step that has it."""
    seen = set()
    for identifier, proof in PROOFS:
        for step in proof.steps:
            if repr(step.obligation) not in seen:
                seen.add(repr(step.obligation))
                yield pytest.param(
                    step, id=f"{identifier}-{proof.statement}-{step.name}", marks=slow_if_many_limits(identifier)
                )


def named(cases):
    return [
        pytest.param(identifier, proof, id=f"{identifier}-{proof.statement}", marks=slow_if_many_limits(identifier))
        for identifier, proof in cases
    ]


def test_every_theorem_has_a_proof():
    assert {identifier for identifier, _ in PROOFS} == set(theorems())


@pytest.mark.parametrize("identifier", theorems())
def test_every_statement_has_a_proof_and_nothing_else_has(identifier):
    statements = {statement.name for statement in theorems()[identifier].statements}
    assert {proof.statement.partition(":")[0] for proof in proofs_of(identifier)} == statements
    assert statements <= {proof.statement for proof in proofs_of(identifier)}


@pytest.mark.parametrize("identifier", theorems())
def test_what_is_called_sharp_is_proved_sharp_by_a_limit_or_a_value(identifier):
    sharp = {proof.statement: proof for proof in proofs_of(identifier) if proof.statement.endswith(": sharp")}
    for statement in theorems()[identifier].statements:
        if statement.sharp and statement.name not in SHARP_OTHERWISE:
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
    assert proof.claim
    for step, discharge in zip(proof.steps, found.discharges, strict=True):
        assert discharge.detail
        assert step.statement
        assert step.covers
        # What is cited says so, and nothing else is only cited.
        assert (discharge.status is Status.CITED) == (step.obligation.method == "lemma")


@pytest.mark.parametrize("identifier", LEMMAS)
def test_theorems_rest_on_the_lemmas_that_they_are_known_to(identifier):
    steps = [step for proof in proofs_of(identifier) for step in proof.steps]
    assert {step.obligation.name for step in steps if step.obligation.method == "lemma"} == LEMMAS[identifier]


@pytest.mark.parametrize("step", list(distinct_steps()))
def test_every_wrong_step_is_rejected(step):
    variants = list(step.obligation.perturbed())
    assert variants, "a step that cannot be made false proves nothing"
    for change, variant in variants:
        assert variant.discharged().status is Status.NOT_PROVED, change
        assert variant.method == step.obligation.method


@pytest.mark.parametrize("identifier", theorems())
def test_every_false_twin_has_an_attempt(identifier):
    twins = {twin.statement.name for twin in theorems()[identifier].twins}
    attempted = {proof.statement for proof in attempts_at(identifier)}
    assert attempted <= twins
    # Two means of the same errors under other weights: which is larger depends on the errors, and no step can be tried.
    assert twins - attempted <= {"below_d_rep"}


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
