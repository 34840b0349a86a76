"""Statements in Coq are written from the catalogue: its constants, its hypotheses, the names of its sides."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from theory.catalogue import theorem
from theory.catalogue.quantities import rational, squared_distance
from theory.errors import InvalidInput
from theory.formal.counterparts import COUNTERPARTS, HYPOTHESES, SIDES
from theory.formal.naming import described
from theory.formal.pairs import matrix, model, pseudo_inverse
from theory.formal.pairs import rational as written
from theory.formal.statements import constant_of, examples_file, formal_statement, formal_statements_of, statements_file
from theory.models import Model

BY_NAME = {each.definition: each for each in COUNTERPARTS}


def test_a_side_is_told_by_place_and_name():
    assert described(squared_distance) == "quantities.squared_distance"


def test_a_side_that_was_made_is_told_by_what_it_was_made_with():
    assert described(rational(1, 4)) == "quantities.rational(denominator=4, numerator=1)"


def test_a_nameless_side_is_told_by_the_names_it_speaks_of():
    symmetry = theorem("T1").statement("symmetry")
    assert described(symmetry.envelope) == "t01_logit_distance_is_a_metric.<squared_distance, swapped>"


def test_t6_as_it_is_written():
    assert formal_statement(theorem("T6"), BY_NAME["T6_upper_bound"]).definition == (
        "(** T6, upper bound *)\n"
        "Definition T6_upper_bound_with (c : R) : Prop :=\n"
        "  forall (n k : nat) (a b : model),\n"
        "  (0 < n)%nat -> (0 < k)%nat ->\n"
        "  kl_divergence n k a b\n"
        "  <= c * squared_logit_distance n k a b.\n\n"
        "Definition T6_upper_bound : Prop := T6_upper_bound_with (1 / 4).\n\n"
        "(** No smaller constant will do. *)\n"
        "Definition T6_upper_bound_sharp : Prop :=\n"
        "  forall c, T6_upper_bound_with c -> 1 / 4 <= c.\n"
    )


def test_hypotheses_of_the_catalogue_are_premises():
    written_down = formal_statement(theorem("T5"), BY_NAME["T5_upper_bound"]).definition
    assert "(3 <= k)%nat ->" in written_down
    assert "floor n k a tau -> floor n k b tau ->" in written_down


def test_values_on_the_example_are_those_of_the_catalogue():
    counterpart = BY_NAME["T6_upper_bound"]
    found = formal_statement(theorem("T6"), counterpart)
    pair, main = counterpart.example().pair, theorem("T6").main
    assert found.values == (float(main.lhs(pair)), float(main.envelope(pair)))
    assert found.sides == ("kl_divergence 2 3 first second", "squared_logit_distance 2 3 first second")
    assert f"({round(Fraction(found.values[0]) * 10**10)} / 10 ^ 10)" in found.examples


def test_each_statement_holds_on_its_example():
    for counterpart in COUNTERPARTS:
        statement = theorem(counterpart.theorem).statement(counterpart.statement)
        pair = counterpart.example().pair
        left, right = float(statement.lhs(pair)), float(statement.rhs(pair))
        slack = 1e-12 * (abs(left) + abs(right))
        assert left <= right + slack
        assert statement.relation == "<=" or left >= right - slack


def test_sides_say_something_on_their_examples():
    """A side that is zero, or one that is its neighbour, would pin nothing."""
    for each in formal_statements_of():
        assert min(each.values) > 1e-3, each.counterpart.definition


def test_every_side_and_hypothesis_is_needed():
    used, said = set(), set()
    for counterpart in COUNTERPARTS:
        statement = theorem(counterpart.theorem).statement(counterpart.statement)
        used |= {described(side) for side in (statement.lhs, statement.envelope)}
        said |= {(counterpart.theorem, hypothesis.name) for hypothesis in statement.hypotheses}
    assert set(SIDES) == used
    assert set(HYPOTHESES) == said


def test_files_hold_every_statement_once():
    statements = formal_statements_of()
    text = statements_file(statements) + examples_file(statements)
    for name in BY_NAME:
        assert text.count(f"Definition {name} : Prop") == 1
        assert text.count(f"Module {name}.") == 1


class TestWhatCannotBeSaid:
    def test_an_irrational_constant(self):
        known = theorem("T6")
        moved = replace(known.main, constant=lambda pair: np.sqrt(2.0))
        with pytest.raises(InvalidInput, match="T6_upper_bound: expected a rational constant, saw"):
            constant_of(moved, BY_NAME["T6_upper_bound"])

    def test_a_side_without_a_name(self):
        known = theorem("T6")
        moved = replace(known, statements=(replace(known.main, lhs=np.sum),))
        with pytest.raises(InvalidInput, match="expected sides that have a name in Coq, saw numpy"):
            formal_statement(moved, BY_NAME["T6_upper_bound"])

    def test_a_hypothesis_without_a_name(self):
        known = theorem("T6")
        moved = replace(known, statements=(replace(known.main, hypotheses=theorem("T3").main.hypotheses),))
        with pytest.raises(InvalidInput, match="expected hypotheses that have a name in Coq, saw 'diversity'"):
            formal_statement(moved, BY_NAME["T6_upper_bound"])


class TestWriting:
    @pytest.mark.parametrize(("value", "text"), [(0.25, "(1 / 4)"), (-1.0, "(-1)"), (2 / 3, "(2 / 3)")])
    def test_rationals(self, value, text):
        assert written(value) == text

    def test_models(self):
        assert model(Model([[0.5]], [[1.0], [-2.0]])) == "Model 1 (entries [[(1 / 2)]]) (entries [[(1)]; [(-2)]])"

    def test_pseudo_inverse_is_exact(self):
        assert pseudo_inverse(Model([[1.0]], [[0.5], [-0.5], [0.0]])) == matrix([[1.0, -1.0, 0.0]])
