"""The table of guarantees from KL: known answers far beyond floats, what is bold, and files from the command line."""

import math

import numpy as np
import pytest

from benchmarks.kl_guarantees import LINES, Side, cell, main, power, sides
from theory import Model, Pair, kl_divergence
from theory.catalogue.examples import pentagon


def by_name(pair):
    return {(line.bounded, line.name): side for line, side in zip(LINES, sides(pair), strict=True)}


def test_a_bound_beyond_floats_is_told_by_its_logarithm():
    """Logits of size 1000 on a pentagon: tau is e^-1809, and the squared logit distance 5 r^2."""
    pair = pentagon(1000.0)
    far = pair.select_rows(slice(0, 5))
    log_tau = float(far.log_min_probability) / math.log(10)
    assert log_tau == pytest.approx(-1000 * (1 - math.cos(4 * math.pi / 5)) / math.log(10), rel=1e-9)
    found = by_name(far)
    t5 = found["d_logit²", "T5: 2 KL/τ"]
    assert t5.truth == pytest.approx(5e6)
    assert t5.log10_bound == pytest.approx(math.log10(2 * kl_divergence(far.a, far.b)) - log_tau, rel=1e-9)
    assert not t5.informative
    t3 = found["E‖f − A*f'‖²", "T3 through T5"]
    # s_min(Gc)^2 = 5 r^2/2, and nothing of the teacher is kept: a residual of one.
    assert t3.truth == pytest.approx(1.0)
    assert t3.log10_bound == pytest.approx(t5.log10_bound - math.log10(2.5e6), abs=1e-6)
    assert not t3.informative


def near():
    rng = np.random.default_rng(0)
    f, g = rng.standard_normal((30, 2)), rng.standard_normal((5, 2))
    return Pair(Model(f, g), Model(f + 0.01 * rng.standard_normal(f.shape), g))


def test_new_guarantees_say_something_of_a_near_pair_and_all_sides_hold():
    pair = near()
    found = by_name(pair)
    for side in found.values():
        if side is not None and side.truth > 0:
            assert side.orders > -1e-9
    assert found["share of far embeddings", "T16: not certified"].informative
    fisher = found["E Var_p(Δ)", "T15(b): (2 + R) KL"]
    ranges = np.ptp(pair.logit_difference, axis=1)
    assert 10**fisher.log10_bound == pytest.approx((2 + ranges.max()) * kl_divergence(pair.a, pair.b))
    # A floor that is not small: T8 through T5 has its share of margins below gamma.
    labels = found["share of other top labels", "T8 through T5"]
    assert labels.log10_bound > math.log10(0.5)


def test_bold_is_what_says_something():
    assert cell(Side(2.0, 10.0, True)) == "**10 ≤ 100 (1.0)**"
    assert cell(Side(95.95, 10.0, False)) == "10 ≤ 1e96 (94.9)" or cell(Side(95.95, 10.0, False)) == "10 ≤ 1e96 (95.0)"
    assert cell(Side(0.0, 0.0, None)) == "0 ≤ 1"
    assert cell(None) == "does not apply"
    assert power(1283.4) == "1e1283"


def test_saved_models_are_columns(tmp_path, capsys):
    pair = near()
    for name, model in (("teacher", pair.a), ("one", pair.b), ("other", pair.a)):
        np.savez(tmp_path / f"{name}.npz", embeddings=model.embeddings, unembeddings=model.unembeddings)
    assert main([str(tmp_path / f"{name}.npz") for name in ("teacher", "one", "other")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "|  |  | one | other |"
    assert {line.count("|") for line in lines} == {5}
    assert len(lines) == 6 + len(LINES)
    assert "**" in next(line for line in lines if "T14(a)" in line)


def test_a_teacher_alone_and_unequal_inputs_are_refused(tmp_path, capsys):
    pair = near()
    for name, rows in (("a", slice(None)), ("b", slice(0, 7))):
        model = pair.a.select_rows(rows)
        np.savez(tmp_path / f"{name}.npz", embeddings=model.embeddings, unembeddings=model.unembeddings)
    assert main([str(tmp_path / "a.npz")]) == 2
    assert "expected a teacher and at least one student" in capsys.readouterr().err
    assert main([str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]) == 2
    assert "expected the 30 rows" in capsys.readouterr().err
