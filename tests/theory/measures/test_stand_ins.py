"""The table of restatements: every public name is in it or refused, and a claim never computes partly in float64."""

import inspect
import itertools
import math

import mpmath as mp
import numpy as np
import pytest

import theory
from tests.theory.measures.oracles import rng_pair
from theory import kl_divergence, logit_distance
from theory.arithmetic import multiprecision as digits
from theory.arithmetic import plain_theory
from theory.arithmetic.multiprecision.numbers import DigitsLost
from theory.measures import variants
from theory.measures.measure import Measure
from theory.measures.registry import MEASURES
from theory.measures.stand_ins import STAND_INS, made_of_theory, stand_ins
from theory.search.arrays import arrays_of

PAIR = theory.Pair(*(theory.Model(*model) for model in rng_pair(0)))


def of_the_search(value):
    return value.__module__.startswith("theory.search")


@pytest.mark.parametrize("name", theory.__all__)
def test_every_public_name_is_restated_or_refused(name):
    value = getattr(theory, name)
    if name in plain_theory.__all__ and not of_the_search(value):
        assert STAND_INS.of(value) is getattr(plain_theory, name)
    elif inspect.isfunction(value):
        with pytest.raises(DigitsLost, match=value.__name__):
            STAND_INS.of(value)()
    else:  # a budget and an exception compute nothing
        assert STAND_INS.of(value) is value


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_restated_or_refused(name):
    measure = MEASURES[name]
    stand_in = STAND_INS.of(measure.number)
    assert stand_in is not measure.number
    if measure.oracle is not None:
        assert stand_in is measure.number_by_oracle
    else:
        with pytest.raises(DigitsLost, match=name):
            stand_in(*measure.things(PAIR))


def new_measure(a, b):
    """A public measure that was added, and not restated."""
    return float(np.sum((np.asarray(a.embeddings) - np.asarray(b.embeddings)) ** 2))


def sides(function, table=STAND_INS):
    return digits.sides(function, PAIR, table)


def hidden(pair):
    try:
        return new_measure(pair.a, pair.b), 1.0
    except Exception:
        return 2.0, 1.0


def with_a_variant(pair):
    try:
        return variant(pair.a.embeddings, pair.b.embeddings), 1.0
    except Exception:
        return 2.0, 1.0


variant = variants.minimax_alignment_error  # of a solver, which has no more digits than it has


def of_a_name_that_the_stand_in_lacks(pair):
    try:
        return theory.new_measure(pair.a, pair.b), 1.0
    except AttributeError:
        return 2.0, 1.0


def that_searches(pair):
    try:
        search(lambda inner: (1.0, 2.0), budget=0.1)
    except Exception:
        return 2.0, 1.0
    return 1.0, 1.0


search = theory.assert_survives


def test_a_measure_without_a_restatement_is_refused_even_where_the_claim_would_hide_it():
    assert sides(hidden) is not None  # a function of the user's own
    assert sides(hidden, stand_ins([Measure(name="new", function=new_measure, kind="models")])) is None
    assert hidden.__globals__["new_measure"] is new_measure


@pytest.mark.parametrize("function", [with_a_variant, of_a_name_that_the_stand_in_lacks, that_searches])
def test_what_has_no_digits_has_no_answer_rather_than_another(function):
    assert sides(function) is None


def test_a_function_that_is_not_public_and_keeps_the_digits_is_left_alone():
    assert STAND_INS.of(arrays_of) is arrays_of
    found = sides(lambda pair: (sum(array.sum() for array in arrays_of(pair)), 1.0))
    assert float(mp.nstr(found[0], 17)) == pytest.approx(sum(array.sum() for array in arrays_of(PAIR)), rel=1e-12)


def test_public_names_are_restated_however_they_are_reached():
    wanted = sides(lambda pair: (plain_theory.kl_divergence(pair.a, pair.b), 1.0))[0]
    assert float(mp.nstr(wanted, 17)) == pytest.approx(theory.kl_divergence(PAIR.a, PAIR.b), rel=1e-12)
    by_name = sides(lambda pair: (kl_divergence(pair.a, pair.b), logit_distance(pair.a, pair.b)))
    by_package = sides(lambda pair: (theory.kl_divergence(pair.a, pair.b), theory.logit_distance(pair.a, pair.b)))
    assert by_name[0] == by_package[0] == wanted
    assert by_name[1] == by_package[1]


def test_of_what_a_claim_is_made(tmp_path):
    def module_of(text):
        namespace = {"__name__": f"claims_{next(counter)}", "__file__": str(tmp_path / "claims.py")}
        exec(text + "\ndef f(pair):\n    return 1.0, 2.0\n", namespace)
        return namespace["f"]

    counter = itertools.count()
    for text in ("import theory", "from theory import hellinger", "from theory.measures import distances"):
        assert made_of_theory(module_of(text))
    plain = ("import numpy as np", "from theory import claim, metric, Domain, Model, Pair, NotApplicable",
             "from theory import Budget, Refuted, assert_survives, falsify", "import math")  # fmt: skip
    for text in plain:
        assert not made_of_theory(module_of(text))
    assert made_of_theory(theory.hellinger)
    assert not made_of_theory(math.sqrt)
