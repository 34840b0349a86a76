"""What is certain of a pair, in words: numbers worked out by hand, what is hidden, and what must be said plainly."""

import math

import numpy as np
import pytest

from reports.shared import certificates as words
from reports.shared.certificates import Certificate, certificates, told
from theory import Model, Pair, certified_agreement, kl_divergence
from theory.catalogue.examples import small_kl
from theory.guarantees import Guarantee, sort_by_use

VALUES = {
    "certified_agreement": 0.75, "flipped": 0.125, "disagreement_bound": 0.25, "squared_fisher_distance": 0.5,
    "fisher_bound": 1.2, "squared_clipped_distance_1e-2": 3.0, "squared_clipped_distance_1e-4": 20.0,
    "squared_clipped_distance_1e-6": 40.0, "certified_embeddings": 0.5, "near_embeddings": 0.9375, "mean_cca": 0.875,
}  # fmt: skip


def guarantee(theorem="T3", *, applies=True, vacuous=False, holds=True, orders=1.0, statement="upper_bound"):
    return Guarantee(theorem, statement, "x", applies, "", 1.0, 0.5, vacuous, holds, orders)


def by_measure(values, kl, labels):
    return {one.measure: one for one in certificates(values, kl, labels)}


def test_bounds_from_kl():
    found = by_measure(VALUES, 0.3, 10)
    assert found["certified_agreement"] == Certificate(
        "certified_agreement", "inputs with the same top label", True, 0.75, 0.875, False
    )
    assert (found["flipped"].bound, found["flipped"].truth) == (0.25, 0.125)
    # (2 + R) KL = 1.2 at KL = .3: R = 2, and no variance of values in a range of 2 exceeds 1.
    assert found["squared_fisher_distance"].vacuous
    assert not by_measure(VALUES | {"fisher_bound": 3.0}, 0.3, 10)["squared_fisher_distance"].vacuous  # R^2/4 = 16
    for floor in ("1e-2", "1e-4", "1e-6"):
        one = found[f"squared_clipped_distance_{floor}"]
        assert one.bound == pytest.approx(0.6 / float(floor))
        assert one.vacuous == (one.bound >= 10 * math.log(float(floor)) ** 2)  # k logarithms between log eps and 0
    assert (found["certified_embeddings"].bound, found["certified_embeddings"].truth) == (0.5, 0.9375)


def test_vacuous_bounds_are_not_told_and_that_nothing_is_certified_is():
    none = VALUES | {"certified_agreement": 0.0, "certified_embeddings": 0.0, "disagreement_bound": 1.0}
    assert [one.measure for one in told(certificates(none, 30.0, 10))] == [
        "certified_agreement",
        "certified_embeddings",
    ]
    lacking = VALUES | {"certified_embeddings": None, "near_embeddings": None}
    assert "certified_embeddings" not in [one.measure for one in told(certificates(lacking, 0.3, 10))]


def test_the_labels_in_words():
    assert words.of_labels(VALUES, "16 inputs") == (
        "KL certifies the top label of 75 % of 16 inputs (87.5 % agree); its mean alone lets at most 25 % differ."
    )
    line = words.of_labels(VALUES | {"disagreement_bound": 1.0}, "16 inputs")
    assert line.endswith("its mean alone says nothing of how many differ.")


def test_nothing_certifies_an_embedding_only_where_nothing_does():
    lost = VALUES | {"certified_embeddings": 0.05, "near_embeddings": 0.1}
    plain = "nothing certifies this embedding"
    assert plain in words.of_embeddings(lost, [guarantee(vacuous=True), guarantee("T8")])  # T8 speaks of a probe
    assert plain in words.of_embeddings(lost, [guarantee(applies=False)])
    assert plain in words.of_embeddings(lost, [])
    assert plain not in words.of_embeddings(lost, [guarantee("T2", vacuous=True), guarantee("T4")])
    assert plain not in words.of_embeddings(VALUES, [guarantee(vacuous=True)])
    assert words.of_embeddings(VALUES, [guarantee("T4"), guarantee("T4"), guarantee("T3")]) == (
        "KL certifies the embedding of 50 % of inputs (93.75 % are near); its mean canonical correlation is 0.875. "
        "T4, T3 bound it by the logit distance."
    )
    undefined = VALUES | {"certified_embeddings": None, "near_embeddings": None}
    assert words.of_embeddings(undefined, [], "a: of rank one").startswith(
        "But nothing certifies this embedding: a: of rank one, and every bound"
    )


def test_the_measures_of_a_pair_and_none_where_there_is_none():
    pair = small_kl()
    found = words.values_of(pair)
    assert found["certified_agreement"] == certified_agreement(pair.a, pair.b)
    assert found["kl_divergence"] == kl_divergence(pair.a, pair.b)
    flat = Pair(*(Model(np.eye(3, 4), np.eye(3, 4)) for _ in "ab"))
    assert words.values_of(flat)["certified_embeddings"] is None
    assert words.values_of(flat)["certified_agreement"] is not None


def test_both_sides_to_be_read():
    assert words.sides(Certificate("certified_agreement", "", True, 0.5, None, False)) == ("≥ 50 %", "–")
    assert words.sides(Certificate("flipped", "", False, 0.25, 0.125, False)) == ("≤ 25 %", "12.5 %")
    # Rounded to the side on which a bound stays one.
    assert words.sides(Certificate("flipped", "", False, 0.371111, 0.371111, False)) == ("≤ 37.12 %", "37.11 %")
    assert words.sides(Certificate("certified_agreement", "", True, 0.86666, 0.86666, False))[0] == "≥ 86.66 %"
    assert words.sides(Certificate("squared_fisher_distance", "", False, 3.0, 0.5, False)) == ("≤ 3", "0.5")


def test_what_is_vacuous_is_one_line():
    found = sort_by_use(
        [
            guarantee(vacuous=True, orders=0.4), guarantee("T5", vacuous=True, orders=91.9, statement="by_pinsker"),
            guarantee("T6", vacuous=None, orders=2.0), guarantee("T7", applies=False), guarantee("T9"),
            guarantee("T10", holds=False),
        ]
    )  # fmt: skip
    assert words.of_vacuous(found) == (
        "2 guarantees are vacuous, no better than what is known without, too large by 0.4 to 92 orders of magnitude "
        "(T5 by pinsker the most)."
    )
    assert words.of_others(found) == (
        "1 more inequality holds, of sides that nothing is known of without, loose by 2.0 orders of magnitude; "
        "1 does not apply."
    )
    assert [g.theorem for g in found.all] == ["T10", "T9", "T6", "T3", "T5", "T7"]
    assert words.of_vacuous(sort_by_use([guarantee()])) == words.of_others(sort_by_use([guarantee()])) == ""
    unknown = sort_by_use([guarantee(vacuous=True, orders=None)])
    assert words.of_vacuous(unknown) == "1 guarantee is vacuous, no better than what is known without."
