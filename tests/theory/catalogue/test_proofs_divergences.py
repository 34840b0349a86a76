"""Proofs of T4 to T7 and T11 to T13: their statuses, their twins, and no perturbation of any step accepted."""

import pytest

from theory.catalogue import theorem
from theory.catalogue.t04_canonical_correlations import proof as t04
from theory.catalogue.t05_kl_bounds_logit_distance_under_tau import proof as t05
from theory.catalogue.t06_logit_distance_bounds_kl import proof as t06
from theory.catalogue.t07_no_kl_bound_without_floor import proof as t07
from theory.catalogue.t11_other_divergences import proof as t11
from theory.catalogue.t12_llv_bounds_d_svd import proof as t12
from theory.catalogue.t13_distillation_losses import proof as t13
from theory.proofs.steps import Status, checked

MODULES = {
    "T4": t04,
    "T5": t05,
    "T6": t06,
    "T7": t07,
    "T11": t11,
    "T12": t12,
    "T13": t13,
}
PROOFS = {f"{name}-{proof.statement}": proof for name, module in MODULES.items() for proof in module.proofs()}
TWINS = {f"{name}-{proof.statement}": proof for name, module in MODULES.items() for proof in module.false()}
CITED = {
    "T4": {"von Neumann's trace inequality", "Horn's inequality", "Weyl's monotonicity theorem"},
    "T12": {"Minkowski's inequality", "trace and nuclear norm"},
}


@pytest.mark.parametrize("name", PROOFS)
def test_every_step_is_proved_or_one_of_the_lemmas_allowed(name):
    proof = PROOFS[name]
    found = checked(proof)
    for step, discharge in zip(proof.steps, found.discharges, strict=True):
        if step.obligation.method == "lemma":
            assert discharge.status is Status.CITED, discharge.detail
            assert step.obligation.name in CITED[proof.theorem]
        else:
            assert discharge.status is Status.PROVED, f"{step.name}: {discharge.detail}"


@pytest.mark.parametrize("name", MODULES)
def test_every_statement_of_the_catalogue_has_a_proof(name):
    statements = {statement.name for statement in theorem(name).statements}
    proved = {proof.statement for proof in MODULES[name].proofs()}
    assert statements <= proved
    assert {proof.partition(":")[0] for proof in proved} <= statements


@pytest.mark.parametrize("name", [name for name in MODULES if name != "T7"])
def test_what_the_catalogue_calls_sharp_is_proved_sharp_by_a_limit_or_a_value(name):
    for statement in theorem(name).statements:
        if statement.sharp:
            proof = PROOFS[f"{name}-{statement.name}: sharp"]
            assert any(step.obligation.method == "extremal" for step in proof.steps)
            assert checked(proof).status is Status.PROVED


@pytest.mark.parametrize("name", TWINS)
def test_a_false_twin_is_not_proved(name):
    assert checked(TWINS[name]).status is Status.NOT_PROVED


@pytest.mark.parametrize("name", MODULES)
def test_every_false_twin_has_an_attempt(name):
    assert {twin.name for twin in theorem(name).twins} == {proof.statement for proof in MODULES[name].false()}


@pytest.mark.parametrize("name", MODULES)
def test_no_perturbation_of_any_step_is_accepted(name):
    seen = set()
    for proof in MODULES[name].proofs():
        for step in proof.steps:
            if repr(step.obligation) in seen:
                continue  # proofs share steps
            seen.add(repr(step.obligation))
            perturbations = list(step.obligation.perturbed())
            assert perturbations, f"{proof.statement}, {step.name}"
            for what, wrong in perturbations:
                assert wrong.discharged().status is Status.NOT_PROVED, f"{proof.statement}, {step.name}: {what}"


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_reads_as_one(name):
    proof = PROOFS[name]
    assert proof.claim
    assert all(step.statement and step.covers for step in proof.steps)
