"""A proof is of its statement: a constant one per cent off, a hypothesis dropped or a side changed are told from it."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from reports.prove.run import prove
from theory import InvalidInput
from theory.catalogue import theorem, theorems
from theory.catalogue.entries import conclusions_of
from theory.catalogue.proofs import OTHER, UNTIED, checked_against, checked_proofs, compared, conclusion_of, proofs_of
from theory.catalogue.t08_linear_probes_transfer.statement import flip_band, margins, probe_values
from theory.proofs.conclusion import Conclusion, foundless, read_premises
from theory.proofs.identity import Identity
from theory.proofs.psd import Consequence
from theory.proofs.steps import Proof, Status, Step

STATEMENTS = [
    pytest.param(identifier, statement, id=f"{identifier}-{statement.name}")
    for identifier, known in theorems().items()
    for statement in known.statements
]


def proof_of(identifier, name):
    return next(proof for proof in proofs_of(identifier) if proof.statement == name)


def enlarged(statement, factor=1.01):
    return replace(statement, constant=lambda pair: factor * statement.constant(pair))


@pytest.mark.parametrize(("identifier", "statement"), STATEMENTS)
def test_the_conclusion_is_the_statement_and_one_per_cent_more_is_another(identifier, statement):
    conclusion = conclusions_of(identifier)[statement.name]
    assert compared(statement, conclusion) == ""
    for factor in (1.01, 0.99):
        assert "right side" in compared(enlarged(statement, factor), conclusion)
    left = replace(statement, lhs=lambda pair: 1.01 * statement.lhs(pair))
    assert "left side" in compared(left, conclusion) or float(np.max(statement.lhs(_any_pair(statement)))) == 0


def _any_pair(statement):
    return statement.specimens[0].pair(statement.specimens[0].parameter)


@pytest.mark.parametrize(("identifier", "statement"), STATEMENTS)
def test_the_last_step_concludes_it_and_nothing_one_per_cent_off(identifier, statement):
    proof, conclusion = proof_of(identifier, statement.name), conclusions_of(identifier)[statement.name]
    assert conclusion.untied(proof) == ""
    left, right = conclusion.says.split(conclusion.relation)
    assert replace(conclusion, says=f"{left} {conclusion.relation} 101/100*({right})").untied(proof) != ""


@pytest.mark.parametrize(("identifier", "statement"), STATEMENTS)
def test_the_concluding_step_uses_others(identifier, statement):
    assert foundless(conclusions_of(identifier)[statement.name].concluding(proof_of(identifier, statement.name))) == ""


@pytest.mark.parametrize("identifier", ["T2", "T17"])
def test_every_proof_counts_as_one_of_its_statement(identifier):
    found = checked_proofs(theorem(identifier))
    assert [one.proof.statement for one in found if one.status is not Status.PROVED] == []


@pytest.mark.parametrize(("identifier", "statement"), STATEMENTS)
def test_a_dropped_or_added_hypothesis_is_told(identifier, statement):
    conclusion = conclusions_of(identifier)[statement.name]
    for hypothesis in {each.name for each in statement.hypotheses}:
        fewer = tuple(each for each in statement.hypotheses if each.name != hypothesis)
        assert "supposes" in compared(replace(statement, hypotheses=fewer), conclusion)
    other = theorem("T5").statement("by_pinsker").hypotheses + theorem("T3").main.hypotheses
    if not {each.name for each in other} & {each.name for each in statement.hypotheses}:
        assert "supposes" in compared(replace(statement, hypotheses=(*statement.hypotheses, *other)), conclusion)


def test_every_conclusion_is_one_of_a_statement():
    for identifier in theorems():
        assert set(conclusions_of(identifier)) == {statement.name for statement in theorem(identifier).statements}


def test_a_condition_with_a_number_in_it_is_compared():
    statement = theorem("T5").statement("local_with_first_floor")
    (small,) = statement.hypotheses
    looser = replace(small, margin=lambda pair: small.margin(pair) + 0.01 * float(np.exp(pair.a.log_min_probability)))
    found = compared(replace(statement, hypotheses=(looser,)), conclusions_of("T5")[statement.name])
    assert found.startswith("small KL, first tau holds by")


# --------------------------------------------------------------------------- exploits


def test_true_steps_under_the_name_of_a_false_twin_prove_nothing():
    known, true = theorem("T6"), proof_of("T6", "upper_bound")
    false = known.statement("eighth")
    relabelled = replace(true, statement="eighth", claim=false.latex)
    assert checked_against(true, known.main, conclusion_of(true)).status is Status.PROVED
    assert checked_against(relabelled, false, conclusion_of(relabelled)).problem == UNTIED
    # With the conclusion of the true one it is of another statement; with its own it does not follow.
    borrowed = checked_against(relabelled, false, conclusion_of(true))
    assert borrowed.problem.startswith(OTHER)
    assert borrowed.status is Status.NOT_PROVED
    own = checked_against(relabelled, false, replace(conclusion_of(true), says="KL <= D/8"))
    assert own.problem == "its last step concludes something else"


def test_a_premise_that_is_the_conclusion_is_none():
    kl, d = sp.symbols("KL D", nonnegative=True)
    for factor in (sp.Integer(1), sp.Rational(1, 2)):
        itself = Consequence(d / 8 - kl, ((factor, (d / 8 - kl) / factor),))
        assert itself.discharged().status is Status.NOT_PROVED
        assert itself.discharged().detail == "a premise is the conclusion itself"


def test_premises_of_no_step_conclude_nothing():
    kl, d, rest = sp.symbols("KL D y", nonnegative=True)
    step = Step("conclusion", "", Consequence(d / 8 - kl, ((1, d / 8 - kl - rest), (1, rest))))
    alone = Proof("T6", "eighth", "", (step,))
    assert foundless(step) == "conclusion: its premises come from no step"
    found = checked_against(alone, theorem("T6").statement("eighth"), Conclusion("KL <= D/8"))
    assert found.status is Status.NOT_PROVED
    assert "no step" in found.problem


def test_premises_that_are_read_are_named_and_those_concluded_are_not():
    a, b, c, d = sp.symbols("a b c d", nonnegative=True)
    first = Step("first", "", Consequence(c - a, ((1, c - b), (1, b - a))), uses=())
    second = Step("second", "", Consequence(d - a, ((1, c - a), (1, d - c))), uses=("first",))
    assert read_premises(Proof("T1", "x", "x", (first, second))) == (
        "first: -b + c >= 0", "first: -a + b >= 0", "second: -c + d >= 0",
    )  # fmt: skip


def test_a_reading_that_fits_any_constant_is_none():
    steps = (Step("end", "", Identity(sp.Integer(1), sp.Integer(1))),)
    conclusion = Conclusion("KL <= D/8", reading={"KL": "0", "D": "0"})
    assert "one per cent off" in conclusion.untied(Proof("T6", "x", "x", steps))
    with pytest.raises(InvalidInput, match="says: expected two sides"):
        Conclusion("KL")


def _halved_chebyshev(statement):
    def envelope(pair):
        near = np.mean(np.abs(probe_values(pair)[0]) <= flip_band(pair), axis=-1)
        return (statement.envelope(pair) + near) / 2

    return replace(statement, envelope=envelope)


def _one_and_a_half(statement):
    def envelope(pair):
        lead = margins(pair)
        middle = lead.shape[-1] // 2
        near = np.mean(lead <= np.sort(lead, axis=-1)[..., middle : middle + 1] * 5 / 4, axis=-1)
        return near + (statement.envelope(pair) - near) * 3 / 4

    return replace(statement, envelope=envelope)


FALSE = {"sign_flips": _halved_chebyshev, "top_label": _one_and_a_half}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_statement_in_place_of_a_true_one_is_not_proved(name):
    known = theorem("T8")
    statements = tuple(FALSE[name](each) if each.name == name else each for each in known.statements)
    broken = replace(known, statements=statements)
    found = {one.proof.statement: one for one in checked_proofs(broken)}
    assert found[name].status is Status.NOT_PROVED
    assert found[name].problem.startswith(OTHER)
    assert all(one.status is Status.PROVED for other, one in found.items() if other != name)
    printed = prove("T8", known=broken)
    assert printed.status is Status.NOT_PROVED
    assert printed.failed


# --------------------------------------------------------------------------- premises, spelled out


def _with_premises(proof, premises):
    last = proof.steps[-1]
    return replace(
        proof, steps=(*proof.steps[:-1], replace(last, obligation=replace(last.obligation, premises=premises)))
    )


def test_premises_are_what_the_steps_have_discharged_word_by_word():
    proof = proof_of("T3", "upper_bound")
    assert read_premises(proof) == ()
    first, (_, second) = proof.steps[-1].obligation.premises
    (inside,) = (each for each in second.free_symbols if each.name == "N")
    # One per cent off, with a constant term, or not linear: not what the step says, nor what may be averaged.
    for wrong in (second + inside / 100, second + 1, second * inside):
        assert len(read_premises(_with_premises(proof, (first, (1, wrong))))) == 1
    # Named otherwise, and used from another step.
    swapped = replace(proof, names=dict(zip(proof.names, reversed(proof.names.values()), strict=True)))
    assert len(read_premises(swapped)) == 2
    last = replace(proof.steps[-1], uses=("residual", "projection"))
    assert read_premises(replace(proof, steps=(*proof.steps[:-1], last))) == ("conclusion: N - R*s**2 >= 0",)


def test_a_sum_over_labels_has_weights_that_are_positive():
    proof = proof_of("T15", "lower")
    read = "lower form: -form_gains/2 + gains >= 0"
    assert read not in read_premises(proof)
    (weight,) = (each for each in proof.names[sp.Symbol("gains", real=True)].free_symbols if each.name == "p")
    unsigned = {name: term.subs(weight, sp.Symbol("p", real=True)) for name, term in proof.names.items()}
    assert read in read_premises(replace(proof, names=unsigned))


def test_how_much_is_read_does_not_grow_unnoticed():
    proofs = [proof_of(identifier, each.name) for identifier in theorems() for each in theorem(identifier).statements]
    steps = [step.obligation for proof in proofs for step in proof.steps if isinstance(step.obligation, Consequence)]
    assert sum(len(each.premises) + len(each.equalities) for each in steps) == 356
    assert sum(len(read_premises(proof)) for proof in proofs) <= 311
