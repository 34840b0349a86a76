"""`check_metric` as a program: arguments, budgets, seeds, declarations, and what it says of measures that fail it."""

import math

import numpy as np
import pytest

from theory import InvalidInput, logit_distance, mean_cca, metric
from theory.claims import PROPERTY_NAMES
from theory.conformance import PROPERTIES, PropertyVerdict, check_metric
from theory.conformance.climbing import climbed
from theory.conformance.relations import ENOUGH, Case, Relation, examined
from theory.conformance.subject import Subject
from theory.evidence import Evidence


def euclidean(X, Y):
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        raise ValueError("X and Y: expected finite entries")
    return float(np.linalg.norm(X - Y))


def cosine(X, Y):
    return float(np.vdot(X, Y) / np.sqrt(np.vdot(X, X) * np.vdot(Y, Y)))


def product(X, Y):
    return float(np.vdot(X, Y))


ONE_SIDED = [name for name in PROPERTIES if name.startswith("invariant_to") and "row" not in name]


def test_every_property_has_a_definition_and_a_family():
    assert tuple(PROPERTIES) == PROPERTY_NAMES
    for name, found in PROPERTIES.items():
        assert found.name == name
        assert len(found.definition) > 40
        assert found.family in ("axioms", "invariances", "distributions", "behaviour")


def test_a_euclidean_distance_by_hand():
    found = check_metric(euclidean, on="embeddings", budget=30)
    verdicts = {name: str(result.verdict) for name, result in found.properties.items()}
    assert verdicts == {
        **dict.fromkeys(("nonnegative", "zero_on_self", "symmetric", "triangle"), "holds"),
        "bounded_by_one": "fails",
        "invariant_to_row_order": "holds",
        # One argument alone is transformed.
        **dict.fromkeys(
            [name for name in PROPERTIES if name.startswith("invariant_to") and "row" not in name], "fails"
        ),
        "gauge_invariant": "fails",
        **dict.fromkeys(("label_invariant", "separates_distributions"), "not_applicable"),
        **dict.fromkeys(("controlled_by_logit_distance", "controlled_by_kl"), "fails"),
        **dict.fromkeys(("rejects_nan", "handles_degenerate", "deterministic", "pure"), "holds"),
    }
    assert found.ran == found.planned == PROPERTY_NAMES
    assert found.failed
    assert found.evaluations > 1000
    assert found["triangle"].evidence is Evidence.ATTACKED
    assert found["symmetric"].evidence is Evidence.SAMPLED


def test_counterexamples_can_be_checked_by_hand():
    found = check_metric(euclidean, on="embeddings", properties=["invariant_to_linear", "invariant_to_translation"])
    linear = found["invariant_to_linear"].counterexample
    X, Y, A = (linear.inputs[name] for name in "XYA")
    changed = (X, Y @ A) if "f(X, Y A)" in linear.statement else (X @ A, Y)
    values = list(linear.values.values())
    assert values == [pytest.approx(euclidean(*changed)), pytest.approx(euclidean(X, Y))]
    assert len(X) <= 6
    moved = found["invariant_to_translation"].counterexample
    assert moved.inputs["c"].shape == (moved.inputs["Y"].shape[1],)


def test_a_similarity_is_seen_through_its_maximum():
    found = check_metric(
        cosine, on="embeddings", similarity=True, properties=["nonnegative", "zero_on_self", "triangle"], budget=20
    )
    assert found["nonnegative"].verdict is PropertyVerdict.HOLDS
    assert found["zero_on_self"].verdict is PropertyVerdict.HOLDS
    assert found["triangle"].verdict is PropertyVerdict.FAILS  # 1 - cos is a squared distance


def test_a_similarity_without_a_maximum_has_no_distance():
    found = check_metric(
        product, on="embeddings", similarity=True, properties=["zero_on_self", "triangle", "nonnegative", "symmetric"]
    )
    selves = found["zero_on_self"]
    assert selves.verdict is PropertyVerdict.FAILS
    X, Y = selves.counterexample.inputs["X"], selves.counterexample.inputs["Y"]
    assert product(X, X) != pytest.approx(product(Y, Y))
    assert found["triangle"].verdict is PropertyVerdict.NOT_APPLICABLE
    assert found["nonnegative"].verdict is PropertyVerdict.NOT_APPLICABLE
    assert found["symmetric"].verdict is PropertyVerdict.HOLDS


def test_declarations_decide_what_counts_as_a_failure():
    names = ["symmetric", "triangle", "bounded_by_one"]
    honest = metric(on="embeddings", declares=["symmetric"])(euclidean)
    found = check_metric(honest, properties=names)
    assert not found.failed
    assert found.underclaims == ("triangle",)
    over = check_metric(honest, declares=["symmetric", "bounded_by_one"], properties=names)
    assert over.overclaims == ("bounded_by_one",)
    assert over.failed
    assert check_metric(euclidean, on="embeddings", properties=["symmetric"]).failed is False


def test_the_same_seed_gives_the_same_answers():
    def run(seed):
        found = check_metric(cosine, on="embeddings", similarity=True, properties=["triangle", "symmetric"], seed=seed)
        return [(result.verdict, result.trials, result.message) for result in found.properties.values()]

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_time_that_runs_out_is_told():
    def slow(X, Y):
        total = 0.0
        for _ in range(200_000):
            total += 1.0
        return euclidean(X, Y) + total * 0

    found = check_metric(slow, on="embeddings", budget=0.5)
    assert len(found.ran) < len(found.planned)
    assert found.failed
    assert found.seconds < 20


def test_progress_names_what_is_done():
    seen = []
    check_metric(euclidean, on="embeddings", properties=["pure", "symmetric"], progress=lambda *what: seen.append(what))
    assert seen == [("symmetric", 1, 2), ("pure", 2, 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "on: expected 'embeddings' or 'models'"),
        ({"on": "labels"}, "on: expected"),
        ({"on": "embeddings", "properties": ["triangel"]}, "properties: expected names among"),
        ({"on": "embeddings", "declares": ["round"]}, "declares: expected names among"),
        ({"on": "embeddings", "budget": 0}, "budget: expected a positive"),
        ({"on": "embeddings", "budget": math.nan}, "budget: expected a positive"),
        ({"on": "embeddings", "seed": -1}, "seed: expected a non-negative integer"),
        ({"on": "embeddings", "similarity": "yes"}, "similarity: expected"),
    ],
)
def test_unusable_arguments_are_refused_by_name(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        check_metric(euclidean, **arguments)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda X, Y: X - Y, "saw ndarray of shape"),
        (lambda X, Y: "near", "saw str"),
        (lambda X, Y: 1j, "saw complex"),
        (lambda X, Y: None, "saw NoneType"),
        (lambda X, Y: math.nan, "returned nan"),
        (lambda X, Y: X @ np.ones(99), "raised ValueError"),
    ],
)
def test_a_measure_without_numbers_is_refused(answer, message):
    with pytest.raises(InvalidInput, match=message):
        check_metric(answer, on="embeddings")


def test_what_a_measure_prints_and_warns_of_stays_inside(capsys):
    def talkative(X, Y):
        print("comparing")
        np.log(np.zeros(1))
        return euclidean(X, Y)

    check_metric(talkative, on="embeddings", properties=["symmetric"])
    assert capsys.readouterr().out == ""


def test_arrays_of_one_entry_and_tensors_are_numbers():
    torch = pytest.importorskip("torch", reason="tensors need torch")
    for wrapped in (lambda v: np.array([[v]]), lambda v: np.float32(v), lambda v: torch.tensor(v), lambda v: v):
        found = check_metric(lambda X, Y, w=wrapped: w(euclidean(X, Y)), on="embeddings", properties=["nonnegative"])
        assert found["nonnegative"].verdict is PropertyVerdict.HOLDS


def test_ranks_of_many_distances_are_not_taken_for_single_precision():
    upper = {}

    def ranks(X):
        i, j = upper.setdefault(len(X), np.triu_indices(len(X), 1))
        return np.argsort(np.argsort(np.linalg.norm(X[i] - X[j], axis=1))).astype(float)

    def spearman(X, Y):
        if len(X) < 3:
            raise ValueError("X: expected three rows or more")
        return np.corrcoef(ranks(X), ranks(Y))[0, 1]

    found = check_metric(spearman, on="embeddings", similarity=True, properties=["handles_degenerate"])
    assert found["handles_degenerate"].verdict is PropertyVerdict.HOLDS


def test_an_order_of_equals_is_nobodys_fault_and_is_told():
    def ranks(X):
        return np.argsort(np.argsort(X[:, 0], kind="stable"), kind="stable").astype(float)

    def spearman(X, Y):
        return float(np.corrcoef(ranks(X), ranks(Y))[0, 1])

    subject = Subject(metric(on="embeddings", similarity=True)(spearman), maximum=1.0)
    X, Y = np.array([[0.0], [0.0], [2.0], [3.0]]), np.array([[-2.0], [-1.0], [0.0], [0.0]])
    order = np.array([3, 2, 1, 0])
    reordered = Relation(
        "f is the same in another order",
        ("f(P X, P Y)", "f(X, Y)"),
        lambda f, i: (f(i["X"][order], i["Y"][order]), f(i["X"], i["Y"])),
    )
    assert spearman(X[order], Y[order]) != spearman(X, Y)
    found = examined(subject, "invariant_to_row_order", [Case(reordered, {"X": X, "Y": Y}, {"order": "reversed"})])
    assert found.verdict is PropertyVerdict.HOLDS
    assert "except on ties" in found.message
    # Without a tie it is a fault.
    turned = Relation(
        "f(-X, Y) = f(X, Y)", ("f(-X, Y)", "f(X, Y)"), lambda f, i: (f(-i["X"], i["Y"]), f(i["X"], i["Y"]))
    )
    assert examined(subject, "sign", [Case(turned, {"X": X, "Y": Y})]).verdict is PropertyVerdict.FAILS


def test_float64_alone_claims_little():
    def off_by(error):
        def measure(X, Y):
            opaque = np.asarray(X, dtype=np.float32)  # digits are lost on the way
            return euclidean(X, Y) + error * (X[0, 0] > Y[0, 0]) + 0.0 * float(opaque[0, 0])

        return check_metric(measure, on="embeddings", properties=["symmetric"])["symmetric"].verdict

    assert off_by(1e-10) is PropertyVerdict.INCONCLUSIVE  # rounding, on every input
    assert off_by(3e-7) is PropertyVerdict.INCONCLUSIVE
    assert off_by(1e-2) is PropertyVerdict.FAILS


def test_what_is_cut_off_is_not_called_attacked():
    def slow(X, Y):
        return euclidean(X, Y) + 0.0 * sum(range(60_000))

    found = check_metric(slow, on="embeddings", properties=["nonnegative", "triangle", "symmetric"], budget=1.5)
    for result in found.properties.values():
        assert result.evidence is not Evidence.ATTACKED
        assert result.verdict is not PropertyVerdict.FAILS
        if result.trials < 12:
            assert result.verdict is PropertyVerdict.INCONCLUSIVE


def test_control_is_undecided_where_families_were_left_out():
    def slow_cca(X, Y):
        return mean_cca(X, Y) + 0.0 * sum(range(400_000))

    found = check_metric(
        slow_cca, on="embeddings", similarity=True, properties=["controlled_by_logit_distance"], budget=0.8
    )
    result = found["controlled_by_logit_distance"]
    assert result.verdict is PropertyVerdict.INCONCLUSIVE
    assert "there was no time for" in result.message


def test_jumps_are_closed_in_on():
    def binned(a, b):
        first, second = (np.floor(10 * model.probabilities.max(axis=1)) for model in (a, b))
        return float(np.mean(first != second))

    result = check_metric(binned, on="models", properties=["controlled_by_logit_distance"], budget=60)[
        "controlled_by_logit_distance"
    ]
    assert result.verdict is PropertyVerdict.FAILS
    assert result.message.startswith("two sides of a jump")
    assert result.counterexample.sequence[-1].distance < 1e-6


@pytest.mark.slow  # all families are climbed
def test_a_measure_that_no_single_family_catches_is_caught_over_all():
    def takes_turns(a, b):
        distance = logit_distance(a, b)
        decade = math.floor(math.log10(distance)) if distance > 0 else 0
        return 1.0 if (a.n % 4 == 2) == (decade % 2 == 0) else distance

    result = check_metric(takes_turns, on="models", properties=["controlled_by_logit_distance"], budget=60)[
        "controlled_by_logit_distance"
    ]
    assert result.verdict is PropertyVerdict.FAILS
    assert result.message.startswith("the largest values seen")


def test_freezing_an_argument_is_an_effect():
    def freezing(X, Y):
        Y.flags.writeable = False
        return euclidean(X, Y)

    result = check_metric(freezing, on="embeddings", properties=["pure"])["pure"]
    assert result.verdict is PropertyVerdict.FAILS
    assert "second argument can be written to" in result.message


@pytest.mark.slow  # control is searched to the end
def test_a_power_of_a_distance_is_small_and_not_zero():
    def eighth_power(a, b):
        return logit_distance(a, b) ** 8

    result = check_metric(eighth_power, on="models", properties=["separates_distributions"], budget=60)
    assert result["separates_distributions"].verdict is PropertyVerdict.HOLDS


def test_an_ascent_that_runs_out_of_time_and_has_found_nothing_is_no_attack():
    class LateAfterTheDraws(Subject):
        """The time is over once all drawn cases have been tried."""

        @property
        def late(self):
            return all_drawn

    subject = LateAfterTheDraws(metric(on="embeddings")(euclidean))
    X, Y = np.eye(3), 2 * np.eye(3)

    def cases():
        nonlocal all_drawn
        yield from [Case(nonnegative, {"X": X, "Y": Y})] * ENOUGH
        all_drawn = True

    all_drawn = False
    nonnegative = Relation("0 <= f(X, Y)", ("0", "f(X, Y)"), lambda f, i: (0.0, f(i["X"], i["Y"])), False)
    result = examined(subject, "nonnegative", climbed(subject, cases(), lambda lhs, rhs: -rhs), Evidence.ATTACKED)
    assert result.verdict is PropertyVerdict.HOLDS
    assert result.evidence is Evidence.SAMPLED
