"""Planted faults are caught by the property that should catch them, and measures without fault are left alone."""

import dataclasses
import math

import numpy as np
import pytest

from tests.theory.conformance import check_the_checks as checks
from tests.theory.conformance import faulty_metrics as faulty
from tests.theory.conformance import known_metrics as known
from tests.theory.conformance.faulty_metrics import FAILS, GAPS, PASSES, PLANTED, TRICKY
from tests.theory.search import plain_witnesses as plain
from theory.claims import PROPERTY_NAMES
from theory.conformance import PropertyVerdict


def test_every_property_has_a_measure_that_fails_it_and_one_that_passes():
    assert set(FAILS) == set(PASSES) == set(PROPERTY_NAMES)


def test_every_property_has_a_planted_fault():
    assert {pair.caught_by for pair in PLANTED.values()} == set(PROPERTY_NAMES)


@pytest.mark.parametrize("name", PROPERTY_NAMES)
@pytest.mark.slow  # up to two seconds of search for each property
def test_a_measure_that_must_fail(name):
    result = checks.result_of(FAILS[name], name)
    assert result.verdict is PropertyVerdict.FAILS, result.message
    assert result.counterexample is not None


@pytest.mark.parametrize("name", PROPERTY_NAMES)
@pytest.mark.slow  # a property holds only after the whole of its search
def test_a_measure_that_must_pass(name):
    result = checks.result_of(PASSES[name], name)
    assert result.verdict is PropertyVerdict.HOLDS, result.message


ENOUGH = 60.0
"""Seconds in which what is there is found on a machine with a dozen processes a core; the search ends with it."""


def planted_faults():
    for name, pair in PLANTED.items():
        marks = [pytest.mark.xfail(reason=GAPS[name], strict=True)] if name in GAPS else []
        yield pytest.param(name, id=f"{name}-{pair.caught_by}", marks=marks)


@pytest.mark.parametrize("name", list(planted_faults()))
def test_a_planted_fault_is_caught(name):
    result = checks.result_of(PLANTED[name].faulty, PLANTED[name].caught_by, budget=ENOUGH)
    assert result.verdict is PropertyVerdict.FAILS, result.message


_CLEAN = sorted({(pair.clean.name, pair.caught_by): pair for pair in PLANTED.values()}.items())


@pytest.mark.parametrize("pair", [pair for _, pair in _CLEAN], ids=["-".join(key) for key, _ in _CLEAN])
@pytest.mark.slow  # a property holds only after the whole of its search
def test_what_is_clean_is_not_failed(pair):
    result = checks.result_of(pair.clean, pair.caught_by)
    assert result.verdict is PropertyVerdict.HOLDS, result.message


@pytest.mark.parametrize("name", TRICKY)
@pytest.mark.slow  # a second and a half for each measure, all of which pass and so are searched to the end
def test_lost_digits_are_no_failure(name):
    assert [str(wrong) for wrong in checks.false_failures(name)] == []


# --------------------------------------------------------------------------- the measures themselves, by hand

X, Y, Z = (plain.embeddings(seed) for seed in (0, 1, 2))
A, B = plain.model(0), plain.model(1)


def value(name, first, second):
    return float(PLANTED[name].faulty(np.array(first), np.array(second)))


def off(name, first, second):
    """How far a faulty measure is from its clean version."""
    return abs(value(name, first, second) - float(PLANTED[name].clean(first, second)))


def test_subtle_faults_hide_where_it_is_said():
    # Fewer columns, rows, or a smaller size, and nothing is to be seen.
    assert off("mean_cca_over_first_width", X, Y) < 1e-12 < 0.1 < off("mean_cca_over_first_width", X, Y[:, :2])
    assert off("asymmetric_only_where_large", 2 * X, Y) == 0 < off("asymmetric_only_where_large", 100 * X, Y)
    assert off("minibatch_cka", X, Y) < 1e-12
    assert off("cka_that_takes_large_means_for_constants", X + 10, Y) < 1e-12
    assert off("cka_that_takes_large_means_for_constants", X + 1e4, Y) > 0.01
    assert off("cka_wrong_for_n_below_p", X, Y) == 0 < off("cka_wrong_for_n_below_p", X[:2] + 3, Y[:2])
    assert off("ridge_cca", X, Y) < 1e-4 < off("ridge_cca", X @ np.diag([1, 1, 1e-4]), Y)
    assert off("cka_with_a_small_denominator_added", X, Y) < 1e-8
    assert off("cka_with_a_small_denominator_added", 1e-3 * X, Y) > 1e-6
    assert off("cka_of_a_sample_of_many", X, Y) == 0
    assert off("negative_only_between_nearly_collinear", X, Y) < 1e-12
    assert value("negative_only_between_nearly_collinear", X, X + 0.02 * Y) < -1e-5
    rng = np.random.default_rng(4)
    many = rng.standard_normal((2, 60, 3))
    assert off("rank_rsa_that_overflows_for_many_rows", X, Y) == 0
    assert abs(value("rank_rsa_that_overflows_for_many_rows", *many)) > 1
    assert value("beyond_one_only_for_opposites", X, Y) < 1 < value("beyond_one_only_for_opposites", X, -X)


def test_reflections_alone_are_told_from_rotations():
    rotation = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    reflection = rotation @ np.diag([1, 1, -1])
    name = "procrustes_over_rotations_only"
    assert value(name, X @ rotation, Y) == pytest.approx(value(name, X, Y))
    assert value(name, X @ reflection, Y) != pytest.approx(value(name, X, Y), rel=1e-3)
    signs = np.eye(3)[[2, 0, 1]] @ np.diag([1, -1, -1])
    assert value("rsa_cityblock", X @ signs, Y) == pytest.approx(value("rsa_cityblock", X, Y))
    assert value("rsa_cityblock", X @ rotation, Y) != pytest.approx(value("rsa_cityblock", X, Y), rel=1e-3)


def test_triangles_that_fail_by_a_power():
    assert value("procrustes_to_the_power_1_05", X, 3 * X) > 1.01 * sum(
        value("procrustes_to_the_power_1_05", *pair) for pair in ((X, 2 * X), (2 * X, 3 * X))
    )
    a, b, c = (plain.binary(logit) for logit in (0.0, 0.1, 0.2))
    power = PLANTED["jensen_shannon_to_the_power_0_6"].faulty
    assert power(a, c) > 1.1 * (power(a, b) + power(b, c))
    halfway = np.hstack([plain.x, plain.z])
    measure = PLANTED["one_minus_mean_cca"].faulty
    assert measure(plain.x, plain.z) > measure(plain.x, halfway) + measure(halfway, plain.z)


def test_faults_of_models_by_hand():
    shifted = known.Model(A.embeddings, A.unembeddings + 1)
    moved = plain.gauge(A, np.diag([1.0, 2, 4]), np.zeros(3))
    for name, other in (("raw_logit_distance", shifted), ("logit_distance_with_weight_decay", moved)):
        assert PLANTED[name].faulty(other, B) != pytest.approx(PLANTED[name].faulty(A, B), rel=1e-5)
    assert PLANTED["raw_logit_distance"].faulty(moved, B) == pytest.approx(PLANTED["raw_logit_distance"].faulty(A, B))
    for name in ("pivoted_logit_distance", "total_variation_of_first_labels"):
        assert plain.largest_change(PLANTED[name].faulty, "label_invariant") > plain.APART
    for name, other in (
        ("zero_for_the_same_top_label", known.Model(3 * A.embeddings, A.unembeddings)),
        ("zero_for_the_same_average", known.Model(A.embeddings[::-1], A.unembeddings)),
        ("logit_distance_of_standardised_logits", known.Model(3 * A.embeddings, A.unembeddings)),
    ):
        assert PLANTED[name].faulty(A, other) == pytest.approx(0, abs=1e-12)
        assert known.total_variation(A, other) > 0.1
    least = int(np.argmin(known.centred_logits(A).mean(axis=0)))
    other = known.Model(A.embeddings, A.unembeddings + 2.0 * (np.arange(A.k) == least)[:, None])
    assert PLANTED["logit_distance_of_every_label_but_the_least"].faulty(A, other) == pytest.approx(0, abs=1e-12)
    assert known.total_variation(A, other) > 0.05


def test_control_lost_by_hand():
    near = known.Model(A.embeddings, A.unembeddings + 1e-9 * B.unembeddings)
    assert 0 < known.logit_distance(A, near) < 1e-7
    assert PLANTED["root_jensen_shannon_and_a_constant"].faulty(A, near) > 0.02
    turned = [known.Model(A.embeddings, known.centred(np.array(A.unembeddings))) for _ in range(2)]
    for sign, other in zip((1, -1), turned, strict=True):
        G = np.array(other.unembeddings)
        G[0] = G[1:].mean(axis=0) + sign * 1e-9
        turned[sign < 0] = known.Model(A.embeddings, G)
    assert 0 < known.logit_distance(*turned) < 1e-7
    assert PLANTED["one_minus_correlation_of_labels"].faulty(*turned) == pytest.approx(2 / A.k, abs=1e-6)
    # p = .55 falls to .5 or .6 for less than any distance.
    at = math.log(0.55 / 0.45)
    pair = (plain.binary(at - 1e-9, 4, -4, size=2.0), plain.binary(at + 1e-9, 4, -4, size=2.0))
    assert PLANTED["total_variation_of_rounded_probabilities"].faulty(*pair) > 0.03
    a, b = plain.pentagons(40.0)
    assert known.kl(a, b) < 1e-6 < 0.01 < PLANTED["kl_with_a_tail"].faulty(a, b)


def test_degenerate_faults_by_hand():
    flat = np.hstack([X[:, :2], np.zeros((plain.N, 1))])
    assert math.isnan(value("cca_with_nan_at_rank_loss", flat, Y))
    assert math.isnan(value("unlike_columns_divided_by_their_norms", flat, Y))
    assert value("procrustes_with_minus_one_for_none", 0 * X, Y) == -1
    assert value("cka_above_its_maximum_for_tiny_input", 1e-100 * X, Y) > 1
    for name, rows in (("procrustes_over_degrees_of_freedom", 1), ("adjusted_r2", plain.P + 1)):
        with pytest.raises(ZeroDivisionError):
            value(name, X[:rows], Y[:rows])
    many = np.vstack([X] * 3), np.vstack([Y] * 3)
    assert off("rsa_in_single_precision_for_many_rows", X, Y) == 0 < off("rsa_in_single_precision_for_many_rows", *many)
    hot = known.Model(1000 * A.embeddings, A.unembeddings)
    for name in ("kl_of_plain_probabilities", "total_variation_by_exponentials"):
        assert not math.isfinite(PLANTED[name].faulty(hot, B))
    few = (known.Model(A.embeddings, A.unembeddings[:3]), known.Model(B.embeddings, B.unembeddings[:3]))
    with pytest.raises(IndexError):
        PLANTED["alignment_by_a_fixed_subset"].faulty(*few)


def test_effects_by_hand():
    for name, layout, changed in (
        ("euclidean_that_centres_in_place", "C", (True, True)),
        ("procrustes_that_changes_its_second_argument", "C", (False, True)),
        ("cka_that_changes_what_is_in_fortran_order", "F", (True, True)),
        ("cka_that_changes_what_is_in_fortran_order", "C", (False, False)),
        ("cka_that_changes_what_is_not_contiguous", "C", (False, False)),
    ):
        first, second = np.array(X, order=layout), np.array(Y, order=layout)
        PLANTED[name].faulty(first, second)
        assert (not np.array_equal(first, X), not np.array_equal(second, Y)) == changed, name
    wide = np.zeros((plain.N, 6))
    wide[:, ::2] = X
    PLANTED["cka_that_changes_what_is_not_contiguous"].faulty(wide[:, ::2], np.array(Y))
    assert not np.array_equal(wide[:, ::2], X)
    in_order = PLANTED["euclidean_in_the_order_of_memory"].faulty
    alike = float(np.linalg.norm(X - Y))
    assert in_order(np.array(X, order="F"), np.array(Y, order="F")) == pytest.approx(alike)
    assert in_order(X, np.array(Y, order="F")) != pytest.approx(alike, rel=1e-3)


def test_the_effects_on_generators_by_hand():
    import random

    np.random.seed(5)  # noqa: NPY002 - the global state is what is at stake
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    PLANTED["cka_that_seeds_the_global_generator"].faulty(X, Y)
    assert not np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    random.seed(5)
    state = random.getstate()
    PLANTED["cka_that_seeds_python"].faulty(X, Y)
    assert random.getstate() == state
    PLANTED["cka_that_seeds_python"].faulty(np.vstack([X] * 6), np.vstack([Y] * 6))
    assert random.getstate() != state


# --------------------------------------------------------------------------- the table of the checks


def test_a_wrong_entry_in_the_table_is_a_disagreement(monkeypatch, capsys):
    right = known.KNOWN["mean_angle"]
    monkeypatch.setitem(checks.KNOWN, "mean_angle", right)
    assert checks.main(["mean_angle", "--budget", "60"]) == 0
    assert "0 disagreements" in capsys.readouterr().out
    wrong = dataclasses.replace(right, expected={**right.expected, "symmetric": PropertyVerdict.FAILS})
    monkeypatch.setitem(checks.KNOWN, "mean_angle", wrong)
    assert checks.main(["mean_angle", "--budget", "60"]) == 1
    assert "mean_angle: symmetric: expected fails, saw holds" in capsys.readouterr().out


def test_an_unknown_measure_is_named(capsys):
    with pytest.raises(SystemExit) as stopped:
        checks.main(["no_such_measure"])
    assert stopped.value.code == 2
    assert "no_such_measure" in capsys.readouterr().err


def test_every_gap_is_a_planted_fault():
    assert set(GAPS) <= set(PLANTED)


def test_faults_have_a_reason_in_their_docstring():
    for name, pair in PLANTED.items():
        assert pair.faulty.function.__doc__, name
        assert pair.faulty.on == pair.clean.on
        assert pair.faulty.similarity == pair.clean.similarity
    assert faulty.PLANTED is PLANTED
