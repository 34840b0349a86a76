"""Cited lemmas: none is more than cited, and a constant that is too small is seen."""

from dataclasses import replace

import pytest

from theory.catalogue.t10_volume_sampling import proof
from theory.errors import InvalidInput
from theory.proofs import lemma
from theory.proofs.steps import Status

LEMMAS = {
    make.__name__: make()
    for make in (
        lemma.cauchy_binet,
        proof.determinant_of_a_product,
        proof.matrix_determinant_lemma,
        proof.schur_complement,
    )
}


@pytest.mark.parametrize("name", LEMMAS)
def test_a_lemma_is_cited_with_its_reference_and_never_proved(name):
    found = LEMMAS[name].discharged()
    assert found.status is Status.CITED
    assert LEMMAS[name].reference in found.detail
    assert LEMMAS[name].method == "lemma"


@pytest.mark.parametrize("name", LEMMAS)
def test_a_wrong_constant_or_direction_is_seen(name):
    perturbations = list(LEMMAS[name].perturbed())
    assert len(perturbations) == 2
    for what, wrong in perturbations:
        found = wrong.discharged()
        assert found.status is Status.NOT_PROVED, what
        assert "contradicts" in found.detail


@pytest.mark.parametrize("name", LEMMAS)
def test_the_test_is_reproducible(name):
    shrunk = replace(LEMMAS[name], factor=0.9)
    assert shrunk.discharged() == shrunk.discharged()


def test_a_lemma_that_cannot_be_tested_is_not_cited():
    def fails(_rng):
        raise ArithmeticError("no instance")

    found = replace(lemma.cauchy_binet(), sides=fails).discharged()
    assert found.status is Status.NOT_PROVED
    assert "no instance" in found.detail


def test_nan_contradicts():
    assert replace(lemma.cauchy_binet(), sides=lambda _: (float("nan"), 1.0)).discharged().status is Status.NOT_PROVED


def test_a_reference_and_a_trial_are_needed():
    with pytest.raises(InvalidInput, match="reference: expected where"):
        replace(lemma.cauchy_binet(), reference="")
    with pytest.raises(InvalidInput, match="trials: expected at least one, saw 0"):
        replace(lemma.cauchy_binet(), trials=0)
