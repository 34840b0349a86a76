"""Both sides of every theorem on one pair: orders of magnitude by hand, beyond floats too, and what stays undecided."""

import math
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import theory.guarantees
from tests.processes import python
from theory import InvalidInput, Model, Pair
from theory.catalogue import theorem, theorems
from theory.catalogue.examples import small_kl
from theory.guarantees import _log_of_overflowing_bound, guarantees
from theory.statements import Statement, Theorem


def single(first, second):
    """One input, m = 1: the unembeddings are the logits."""
    return Pair(*(Model([[1.0]], np.asarray(logits)[:, None]) for logits in (first, second)))


def found_on(pair):
    return {(g.theorem, g.statement): g for g in guarantees(pair)}


# --------------------------------------------------------------------------- orders of magnitude


def test_a_bound_within_floats_is_compared_as_it_is():
    g = found_on(small_kl())["T5", "upper_bound"]
    assert g.orders == pytest.approx(math.log10(g.bound / g.truth))
    assert 19 < g.orders < 24


def test_an_attained_bound_is_zero_orders_above_the_truth():
    family = theorem("T3").main.sharp[0]
    assert found_on(family.pair(family.parameter))["T3", "upper_bound"].orders == pytest.approx(0.0, abs=1e-3)


def test_the_order_is_known_where_the_bound_overflows():
    # Two coins that differ in the sign of log 3, and a third label of probability e^-2000: KL = log(3)/2 and, the third
    # label's difference being zero, ||Delta||^2 = 2 log(3)^2. So 2 KL / (tau d^2) = e^2000 * 2 / (2 log 3), up to the
    # normalisation of tau, p_3 = e^-2000 / 4 with logits (0, log 3, -2000).
    pair = single([0.0, math.log(3.0), -2000.0], [math.log(3.0), 0.0, -2000.0])
    g = found_on(pair)["T5", "upper_bound"]
    assert g.applies
    assert g.bound is None
    assert g.vacuous
    assert g.orders == pytest.approx((2000.0 + math.log(4.0) - math.log(2 * math.log(3.0))) / math.log(10.0), rel=1e-12)
    # Pinsker's route divides by tau twice.
    pinsker = found_on(pair)["T5", "by_pinsker"]
    expected = (4000.0 + 2 * math.log(4.0) - math.log(4 * math.log(3.0))) / math.log(10.0)
    assert pinsker.orders == pytest.approx(expected, rel=1e-12)


def test_a_bound_that_overflows_for_another_reason_has_no_known_order():
    # chi^2(p || p') = e^3000 or so: no power of tau times anything that is a float.
    pair = single([0.0, 0.0, -1.0], [0.0, -3000.0, -1.0])
    g = found_on(pair)["T11", "floor_chi_squared"]
    assert (g.applies, g.bound, g.orders) == (True, None, None)


def test_identical_models_have_no_orders():
    model = Model([[1.0], [-1.0]], [[1.0], [-1.0], [0.5]])
    assert {g.orders for g in guarantees(Pair(model, model)) if g.truth == 0.0} == {None}


@given(st.integers(0, 10_000), st.floats(200.0, 300.0))
def test_the_detour_through_logarithms_agrees_where_both_ways_are_open(seed, depth):
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((2, 4))
    pair = single([*first, -depth], [*second, -depth])
    for name in ("upper_bound", "by_pinsker"):
        statement = theorem("T5").statement(name)
        assert _log_of_overflowing_bound(statement, pair) == pytest.approx(math.log(statement.rhs(pair)), rel=1e-12)


def test_the_detour_refuses_what_is_no_power_of_tau():
    pair = single([0.0, 1.0, -400.0], [1.0, 0.0, -400.0])
    square_of_log = Statement("x", "", lhs=lambda p: 0.0, envelope=lambda p: p.log_min_probability**2)
    no_tau = Statement("x", "", lhs=lambda p: 0.0, envelope=lambda p: 1.0)
    half_power = Statement("x", "", lhs=lambda p: 0.0, envelope=lambda p: math.exp(-1.5 * p.log_min_probability))
    assert _log_of_overflowing_bound(square_of_log, pair) is None
    assert _log_of_overflowing_bound(no_tau, pair) is None
    assert _log_of_overflowing_bound(half_power, pair) is None  # -2 would be a guess


# --------------------------------------------------------------------------- holding, failing, undecided


def false_catalogue():
    """T8 with a false twin, which falls on its own witness, for its only statement."""
    entry = theorem("T8")
    twin = next(twin for twin in entry.twins if twin.witness is not None)
    false = Theorem("T8", entry.title, entry.source, entry.summary, (twin.statement,), ())
    return MappingProxyType({"T8": false}), twin.witness()


def test_a_false_statement_is_found_false(monkeypatch):
    catalogue, pair = false_catalogue()
    monkeypatch.setattr(theory.guarantees, "theorems", lambda: catalogue)
    (g,) = guarantees(pair)
    assert g.holds is False
    assert g.orders < 0


def test_what_is_too_large_for_balls_is_left_open(monkeypatch):
    catalogue, pair = false_catalogue()
    monkeypatch.setattr(theory.guarantees, "theorems", lambda: catalogue)
    monkeypatch.setattr(theory.guarantees, "_BALL_ENTRIES", pair.n * pair.k - 1)
    (g,) = guarantees(pair)
    assert g.holds is None
    assert "too large" in g.reason


def test_every_inequality_of_the_catalogue_is_listed():
    expected = [
        (t.identifier, s.name)
        for t in theorems().values()
        for s in t.statements
        if s.relation == "<=" and not s.specimens
    ]
    assert [(g.theorem, g.statement) for g in guarantees(small_kl().select_rows(slice(0, 20)))] == expected


def test_batches_and_tensors_are_refused():
    rng = np.random.default_rng(0)
    batch = Model(rng.standard_normal((2, 5, 2)), rng.standard_normal((2, 4, 2)))
    tensors = Model(torch.ones(5, 2), torch.ones(4, 2))
    for model in (batch, tensors):
        with pytest.raises(InvalidInput, match="pair: expected one pair"):
            guarantees(Pair(model, model))


def test_torch_is_not_imported():
    code = "import sys; from theory.guarantees import guarantees; sys.exit('torch' in sys.modules)"
    python(code)
