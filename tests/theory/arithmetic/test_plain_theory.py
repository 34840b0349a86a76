"""The stand-in that repro scripts carry: the same names as `theory`, the same numbers, and NumPy alone."""

import ast
import dataclasses
import inspect
import math
import sys
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

import theory
import theory.arithmetic.plain_theory as plain
from tests.processes import python
from tests.theory.measures.oracles import rng_pair
from theory.arithmetic import plain_models
from theory.measures.registry import MEASURES

RESTATED = [name for name, measure in MEASURES.items() if measure.oracle is not None]
OPTIONS = {  # beyond those that the registry binds
    "identifiability_dissimilarity": ({"subsets": 50, "seed": 3},),
    "llv_distance": ({"pivot": 1, "labels": (0, 2), "pivot_input": 2, "inputs": (1, 3)},),
    "logit_distance": ({"ord": 3.5},),
    "procrustes": ({"normalised": False},),
    "renyi_2": ({"alpha": 0.25}, {"alpha": 1}, {"alpha": math.inf}),
    "svcca": ({"threshold": 0.8},),
}
SHAPES = [  # n, k, m, m2, size of the logits
    (6, 5, 2, 2, 1.0), (9, 4, 3, 2, 1.0), (7, 8, 2, 4, 0.1), (5, 3, 1, 1, 8.0), (12, 6, 3, 3, 30.0),
]  # fmt: skip


def both(shape, seed):
    """The same random pair for the library and for the stand-in."""
    n, k, m, m2, scale = shape
    arrays = rng_pair(seed, n, k, m, m2, scale)
    return [Pair(*(Model(*model) for model in arrays)) for Model, Pair in ((theory.Model, theory.Pair), PLAIN)]


PLAIN = (plain.Model, plain.Pair)


FUNCTIONS = {measure.function.__name__: measure.function for measure in MEASURES.values()}


def test_it_has_every_public_name_of_theory_and_every_measure_but_no_others():
    assert plain.__all__ == sorted(plain.__all__)
    assert set(theory.__all__) - set(FUNCTIONS) <= set(plain.__all__) <= set(theory.__all__) | set(FUNCTIONS)
    for name in plain.__all__:
        theirs, ours = FUNCTIONS.get(name) or getattr(theory, name), getattr(plain, name)
        assert inspect.isclass(theirs) == inspect.isclass(ours)
        if dataclasses.is_dataclass(theirs):
            assert [f.name for f in dataclasses.fields(theirs)] == [f.name for f in dataclasses.fields(ours)]
            # `trusted` is for the search, which hands no claim a class.
            theirs_has = {name for name in vars(theirs) if name[0] != "_"} - {"trusted"}
            assert theirs_has <= {*dir(ours), *(f.name for f in dataclasses.fields(ours))}
        elif inspect.isfunction(theirs):
            assert list(inspect.signature(theirs).parameters) == list(inspect.signature(ours).parameters)
        else:
            assert [base.__name__ for base in theirs.__mro__] == [base.__name__ for base in ours.__mro__]


def outcome(function, *things, **options):
    """The value, or the name of what declines the input."""
    try:
        return function(*things, **options)
    except (theory.NotApplicable, plain.NotApplicable) as error:
        return type(error).__name__


@pytest.mark.parametrize("name", RESTATED)
@pytest.mark.parametrize("shape", SHAPES)
def test_measures_agree_and_decline_alike(name, shape):
    measure = MEASURES[name]
    for seed in range(4):
        pairs = both(shape, seed)
        for swapped in (False, True):
            theirs, ours = (
                measure.things(pair.swapped if swapped else pair)[: 1 if measure.kind == "model" else 2]
                for pair in pairs
            )
            cases = [(theirs, ours)]
            if measure.kind == "embeddings":
                cases += [((theirs[0], deficient(theirs[0])), (ours[0], deficient(ours[0])))]
            for first, second in cases:
                expected, found = outcome(measure.whole, *first), outcome(measure.oracle, *second)
                if isinstance(expected, str) or isinstance(found, str):
                    assert found == expected
                elif measure.errs == "above":  # by as much as rounding may have taken, which is all where it must be
                    assert (np.asarray(expected) >= np.asarray(found) * (1 - 1e-6)).all()
                else:
                    assert found == pytest.approx(expected, rel=1e-9, abs=1e-7 if len(cases) > 1 else 1e-13)


def deficient(embedding):
    return np.column_stack([embedding, embedding[:, 0]])


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_measures_agree_whatever_the_options(name, shape):
    measure = MEASURES[name]
    theirs, ours = (measure.things(pair) for pair in both(shape, 0))
    for options in OPTIONS[name]:
        if options.get("labels") and (shape[1] < 3 or shape[0] < 4):
            continue
        expected = measure.function(*theirs, **options)
        found = getattr(plain, measure.function.__name__)(*ours, **options)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("divergence", ["kl", "reversed_kl", "squared_hellinger", "total_variation", "squared_logit"])
def test_thresholds_agree(divergence, shape):
    theirs, ours = both(shape, 0)
    expected = theory.flip_threshold(theirs.a, divergence)
    assert plain.flip_threshold(ours.a, divergence) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    found = [t.disagreement_bound(pair.a, 0.01, divergence) for t, pair in ((theory, theirs), (plain, ours))]
    assert found[0] == pytest.approx(found[1])


def test_certificates_of_embeddings_agree_part_by_part():
    theirs, ours = both(SHAPES[0], 1)
    found = [t.embedding_certificates(pair.a, pair.b) for t, pair in ((theory, theirs), (plain, ours))]
    for field in dataclasses.fields(found[0]):
        assert getattr(found[1], field.name) == pytest.approx(getattr(found[0], field.name), rel=1e-6), field.name
    for probes in (np.eye(2), np.ones((theirs.n, 3, 2)) * np.arange(1, 4)[:, None]):
        one, other = (t.probe_bounds(pair.a, pair.b, probes) for t, pair in ((theory, theirs), (plain, ours)))
        assert other == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("dimension", [None, 3])
def test_models_of_logits_agree(rank, dimension):
    rng = np.random.default_rng(rank)
    logits = rng.standard_normal((8, rank)) @ rng.standard_normal((rank, 4)) + 5.0
    one, other = (t.Model.from_logits(logits, dimension) for t in (theory, plain))
    assert (one.n, one.k, one.m) == (other.n, other.k, other.m)
    assert other.centred_logits == pytest.approx(one.centred_logits, rel=1e-9, abs=1e-12)
    for model in (one, other):
        assert model.unembedding_singular_values == pytest.approx(np.ones(model.m))
        assert model.unembeddings.sum(axis=0) == pytest.approx(np.zeros(model.m), abs=1e-12)
    for t in (theory, plain):
        with pytest.raises(t.InvalidInput, match="dimension"):
            t.Model.from_logits(logits, rank - 1)


@pytest.mark.parametrize("delta", [None, 0.05])
@pytest.mark.parametrize("n", [1, 10, 59, 60, 199])
def test_statements_about_new_inputs_agree(n, delta):
    scores = np.random.default_rng(n).standard_normal(n)
    for alpha in (0.05, 0.1, 0.5):
        assert plain.conformal_rank(n, alpha, delta) == theory.conformal_rank(n, alpha, delta)
        assert plain.conformal_quantile(scores, alpha, delta) == theory.conformal_quantile(scores, alpha, delta)
    for count in {0, n // 3, n}:
        assert plain.clopper_pearson(count, n, 0.05) == pytest.approx(theory.clopper_pearson(count, n, 0.05), rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_alignment_agrees(shape):
    theirs, ours = both(shape, 0)
    assert plain.alignment(ours.a, ours.b) == pytest.approx(theory.alignment(theirs.a, theirs.b), rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_attributes_of_models_and_pairs_agree(shape):
    theirs, ours = both(shape, 7)
    for one, other in ((theirs.a, ours.a), (theirs.b, ours.b), (theirs, ours)):
        properties = [n for n, v in vars(type(one)).items() if isinstance(v, property | cached_property) and n != "xp"]
        assert len(properties) > 5
        for name in set(properties) - {"swapped"}:
            assert np.allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-12), name
    assert np.array_equal(ours.swapped.a.embeddings, theirs.b.embeddings)
    turn = np.eye(shape[2]) + np.triu(np.ones((shape[2], shape[2])), 1)
    assert np.allclose(ours.a.gauged(turn, np.ones(shape[2])).unembeddings,
                       theirs.a.gauged(turn, np.ones(shape[2])).unembeddings)  # fmt: skip
    assert ours.select_rows(slice(0, 2)).n == 2


@pytest.mark.parametrize("options", [{}, {"subsets": 40, "seed": 1}])
def test_the_identifiability_profile_agrees(options):
    theirs, ours = both(SHAPES[0], 3)
    expected = dataclasses.asdict(theory.identifiability_profile(theirs.a, theirs.b, **options))
    found = dataclasses.asdict(plain.identifiability_profile(ours.a, ours.b, **options))
    expected.pop("worst_condition_number"), found.pop("worst_condition_number")  # theirs is a lower estimate
    expected.pop("worst_subset"), found.pop("worst_subset")
    assert found == pytest.approx(expected)


# Those that tell distributions apart and nothing else: theirs is the trouble with nearly equal and with certain models.
DISTRIBUTIONS = [
    name for name in RESTATED if MEASURES[name].properties >= {"separates_distributions", "gauge_invariant"}
]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_nearly_equal_models_keep_six_digits(name):
    (f, g), _ = rng_pair(0)
    rng = np.random.default_rng(1)
    arrays = (f, g), (f + 1e-8 * rng.standard_normal(f.shape), g)
    expected = MEASURES[name].number(*(theory.Model(*model) for model in arrays))
    assert expected > 0
    found = MEASURES[name].number_by_oracle(*(plain.Model(*model) for model in arrays))
    assert found == pytest.approx(expected, rel=2e-2 if name == "renyi_2" else 1e-6)  # a difference of two ones


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_one_hot_models_neither_overflow_nor_disagree(name):
    arrays = rng_pair(0, scale=400.0)
    expected = MEASURES[name].number(*(theory.Model(*model) for model in arrays))
    found = MEASURES[name].number_by_oracle(*(plain.Model(*model) for model in arrays))
    assert found == pytest.approx(expected, rel=1e-9)


DEGENERATE = {
    "RankDeficient": lambda t: t.alignment_error(*[t.Model([[1.0, 2.0]], np.ones((4, 2)))] * 2),
    "SingularSubset": lambda t: t.identifiability_dissimilarity(
        *[t.Model([[1.0, 2.0]], [[0, 0], [1, 1], [2, 2], [0, 1]])] * 2
    ),
    "DegenerateInput": lambda t: t.linear_cka(np.ones((4, 2)), np.eye(4, 2)),
    "NotApplicable": lambda t: t.identifiability_dissimilarity(*[t.Model([[1.0, 2.0]], [[0, 0], [1, 1]])] * 2),
    "InvalidInput": lambda t: t.Model([[1.0, math.nan]], [[0, 0], [1, 1]]),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_what_has_no_answer_is_declined_alike(name):
    for module in (theory, plain):
        with pytest.raises(getattr(module, name)) as caught:
            DEGENERATE[name](module)
        assert type(caught.value).__name__ == name


def test_a_claim_may_be_marked_bare_or_with_keywords():
    @plain.claim
    def bare(pair):
        """First line.

        More.
        """
        return 1.0, 2.0

    @plain.claim(title="t", source="s", domain=plain.Domain(labels=(3, 5)))
    def dressed(pair):
        return pair.n, pair.k

    pair = plain.Pair(*(plain.Model(*model) for model in rng_pair(0)))
    assert (bare.name, bare.title, bare(pair)) == ("bare", "First line.", (1.0, 2.0))
    assert (dressed.title, dressed.source, dressed(pair)) == ("t", "s", (5, 4))
    assert dressed.domain.shapes() == theory.Domain(labels=(3, 5)).shapes()


def test_arrays_cannot_be_written_to():
    model = plain.Model(*rng_pair(0)[0])
    with pytest.raises(ValueError, match="read-only"):
        model.embeddings[0, 0] = 1.0


@pytest.mark.parametrize(("module", "besides"), [(plain_models, set()), (plain, {plain_models.__name__})])
def test_it_imports_numpy_and_the_standard_library_only(module, besides):
    tops = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            tops.add(node.module if node.module in besides else node.module.split(".")[0])
    assert tops - set(sys.stdlib_module_names) == {"numpy"} | besides


def test_what_the_others_are_made_of_needs_no_package():
    code = f"import runpy, sys; runpy.run_path({plain_models.__file__!r}); sys.exit('theory' in sys.modules)"
    python(code)
