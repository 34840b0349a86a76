"""The benchmarks run, and what they are compared with computes the same numbers."""

import json

import numpy as np
import pytest

from benchmarks import kill_counts, straightforward, suprema
from benchmarks.run import arrays, correlated, main
from theory import Model, canonical_correlations, squared_logit_distance
from theory.claims import Domain
from theory.measures.dissimilarities import squared_subset_errors_of
from theory.models import Pair
from theory.search.arrays import within


@pytest.mark.slow  # every row is timed several times
def test_the_quick_run_prints_its_ratios(capsys):
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "d_logit" in printed
    assert ">= 200x" in printed
    assert "canonical correlations" in printed


def test_peers_agree_with_ours():
    f, g, f2, g2 = arrays(30, 6, 3)
    pair = Pair(Model(f, g), Model(f2, g2))
    assert squared_logit_distance(pair.a, pair.b) == pytest.approx(straightforward.squared_logit_distance(f, g, f2, g2))
    subset = np.array([4, 0, 2, 5])
    ours = squared_subset_errors_of(pair, np.sort(subset)[None])[0]
    assert straightforward.subset_error(f, g, f2, g2, subset) == pytest.approx(ours)
    assert straightforward.subset_error_vectorised(f, g, f2, g2, subset) == pytest.approx(ours)


def test_chosen_correlations_are_known():
    x, y, rho = correlated(200, 4)
    assert np.allclose(canonical_correlations(x, y), rho, atol=1e-12)
    assert np.allclose(np.sort(straightforward.canonical_correlations(x, y))[::-1], rho, atol=1e-2)


CLAIMS = """
import numpy as np
from theory import claim, kl_divergence, squared_logit_distance

@claim
def false_thousandth(pair):
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 1000

@claim
def true_quarter(pair):
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 4

@claim
def true_to_rounding(pair):
    x = np.abs(pair.a.embeddings).sum()
    return 1e9 * abs(x / 7 * 7 - x), 0.0 * x
"""


@pytest.mark.slow  # every attacker has a second for every claim, of which a busy machine leaves enough
def test_kill_counts_compare_attackers_at_equal_time(tmp_path, capsys):
    file, found = tmp_path / "some.py", tmp_path / "found.json"
    file.write_text(CLAIMS)
    assert kill_counts.main([str(file), "--budget", "1", "--json", str(found)]) == 0
    printed = capsys.readouterr().out
    assert "1 of 1" in printed
    assert "fell over" not in printed
    assert "True, and reported violated by random draws (1): true_to_rounding" in printed
    fights = {fight["claim"]: fight["attacks"] for fight in json.loads(found.read_text())}
    assert fights["false_thousandth"]["ours"]["killed"]
    assert fights["false_thousandth"]["random draws"]["killed"]
    assert not any(attack["reported"] for attack in fights["true_quarter"].values())
    rounding = fights["true_to_rounding"]["random draws"]
    assert rounding["false_alarms"] == 20
    assert not rounding["killed"]


def test_only_one_kind_of_claim_is_attacked(tmp_path, capsys):
    file = tmp_path / "some.py"
    file.write_text(CLAIMS)
    assert kill_counts.main([str(file), "--budget", "0.05", "--only", "true"]) == 0
    assert "killed by" not in capsys.readouterr().out
    assert kill_counts.expected_false("F51_KL")
    assert kill_counts.expected_false("false_one")
    assert not kill_counts.expected_false("T31_KL")


def test_random_pairs_lie_in_the_domain():
    rng = np.random.default_rng(0)
    domain = Domain(dimensions=(2, 5), labels=(3, 4), inputs=(1, 3), equal_dimensions=False)
    pairs = [kill_counts.random_pair(rng, domain) for _ in range(50)]
    assert all(within(domain, pair) for pair in pairs)
    assert {pair[2].shape[1] for pair in pairs} == {2, 3}


@pytest.mark.parametrize("row", suprema.ROWS, ids=lambda row: row.name)
def test_sides_of_suprema_are_those_of_the_catalogue(row):
    plain, stated = suprema.claim_of(row), suprema.claim_of(row, catalogue=True)
    rng = np.random.default_rng(3)
    m, k = max(plain.domain.shapes(), key=sum)
    pair = Pair(*(Model(rng.standard_normal((5, m)), rng.standard_normal((k, m))) for _ in range(2)))
    assert np.allclose(plain(pair), stated(pair), rtol=1e-9, atol=0)


def test_suprema_print_the_share_and_the_witness(tmp_path, capsys):
    found = tmp_path / "found.json"
    assert suprema.main(["--budget", "1", "--only", "T2 m=1 k=2", "--json", str(found)]) == 0
    assert suprema.main(["--budget", "1", "--only", "m=2 k=4"]) == 0
    printed = capsys.readouterr().out
    assert "T2 m=1 k=2" in printed
    assert "centred unembeddings" in printed
    assert [row["digits"] for row in json.loads(found.read_text())] == [60]
    assert suprema.main(["--budget", "0.05", "--only", "T2 m=4", "--catalogue"]) == 1
    assert "weak" in capsys.readouterr().out
