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

BETWEEN_MODELS = {
    "alignment": ({},),
    "alignment_error": ({},),
    "chi_squared": ({},),
    "hellinger": ({},),
    "identifiability_dissimilarity": ({}, {"statistic": "median"}, {"subsets": 50, "seed": 3}),
    "jensen_shannon": ({},),
    "kl_divergence": ({},),
    "llv_distance": ({}, {"pivot": 1, "labels": (0, 2), "pivot_input": 2, "inputs": (1, 3)}),
    "logit_distance": ({}, {"ord": 1}, {"ord": 3.5}, {"ord": math.inf}),
    "renyi": ({"alpha": 0.25}, {"alpha": 1}, {"alpha": 2}, {"alpha": math.inf}),
    "squared_hellinger": ({},),
    "squared_logit_distance": ({},),
    "symmetrised_kl": ({},),
    "temperature_kl": ({"temperature": 4.0},),
    "top_label_agreement": ({},),
    "total_variation": ({},),
    "volume_dissimilarity": ({},),
}
BETWEEN_EMBEDDINGS = {
    "canonical_correlations": ({}, {"centred": False}),
    "linear_cka": ({},),
    "mean_cca": ({}, {"centred": False}),
    "procrustes": ({}, {"normalised": False}),
    "pwcca": ({},),
    "svcca": ({}, {"threshold": 0.8}),
    "svd_dissimilarity": ({},),
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


def test_it_has_every_public_name_of_theory():
    assert plain.__all__ == theory.__all__
    for name in theory.__all__:
        theirs, ours = getattr(theory, name), getattr(plain, name)
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
    others = {"assert_survives", "claim", "falsify", "identifiability_profile", "metric"}
    assert set(BETWEEN_MODELS) | set(BETWEEN_EMBEDDINGS) | others == {name for name in theory.__all__ if name.islower()}


@pytest.mark.parametrize("name", BETWEEN_MODELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_measures_of_models_agree(name, shape):
    for seed in range(4):
        theirs, ours = both(shape, seed)
        for options in BETWEEN_MODELS[name]:
            if options.get("labels") and (shape[1] < 3 or shape[0] < 4):
                continue
            expected = getattr(theory, name)(theirs.a, theirs.b, **options)
            assert getattr(plain, name)(ours.a, ours.b, **options) == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("name", BETWEEN_EMBEDDINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_measures_of_embeddings_agree(name, shape):
    for seed in range(4):
        _, ours = both(shape, seed)
        x, y = ours.a.embeddings, ours.b.embeddings
        deficient = np.column_stack([x, x[:, 0]])
        for options in BETWEEN_EMBEDDINGS[name]:
            for second in (y, deficient):
                expected = getattr(theory, name)(x, second, **options)
                assert getattr(plain, name)(x, second, **options) == pytest.approx(expected, rel=1e-9, abs=1e-7)


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


@pytest.mark.parametrize("name", ["kl_divergence", "symmetrised_kl", "hellinger", "total_variation", "jensen_shannon",
                                  "chi_squared", "renyi", "squared_logit_distance"])  # fmt: skip
def test_nearly_equal_models_keep_six_digits(name):
    (f, g), _ = rng_pair(0)
    rng = np.random.default_rng(1)
    arrays = (f, g), (f + 1e-8 * rng.standard_normal(f.shape), g)
    options = {"alpha": 2} if name == "renyi" else {}
    expected = getattr(theory, name)(*(theory.Model(*model) for model in arrays), **options)
    assert expected > 0
    found = getattr(plain, name)(*(plain.Model(*model) for model in arrays), **options)
    assert found == pytest.approx(expected, rel=2e-2 if name == "renyi" else 1e-6)


def test_one_hot_models_neither_overflow_nor_disagree():
    arrays = rng_pair(0, scale=400.0)
    for name in ("kl_divergence", "total_variation", "squared_hellinger", "jensen_shannon"):
        expected = getattr(theory, name)(*(theory.Model(*model) for model in arrays))
        assert getattr(plain, name)(*(plain.Model(*model) for model in arrays)) == pytest.approx(expected, rel=1e-9)
    assert plain.chi_squared(*(plain.Model(*model) for model in arrays)) == theory.chi_squared(
        *(theory.Model(*model) for model in arrays)
    )


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


def test_it_imports_numpy_and_the_standard_library_only():
    path = Path(plain.__file__)
    tops = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            tops.add(node.module.split(".")[0])
    assert tops - set(sys.stdlib_module_names) == {"numpy"}
    code = f"import runpy, sys; runpy.run_path({str(path)!r}); sys.exit('theory' in sys.modules)"
    python(code)
