"""Certificates: what is found is verified, whatever is changed is refused, and nothing but Python is needed to tell."""

import copy
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from theory.catalogue.t02_logit_distance_bounds_d_rep.statement import sharp_form
from theory.errors import InvalidInput, NotApplicable
from theory.models import Model, Pair
from theory.proofs import verifier
from theory.proofs.certificates import certify, counterexample, exact, problem, refute, rounded, save, simplest_between

VERIFIER = Path(verifier.__file__)
THEOREMS = tuple(verifier.TRUE)
TRIANGLE = [[0, 0], [3, 1], [1, 4], [2, -1]]
OTHER = [[1, 2], [0, 1], [5, 1], [2, 2]]


def _random(seed, k, m, other):
    rng = np.random.default_rng(seed)
    return rounded("first", rng.normal(size=(k, m))), rounded("second", rng.normal(size=(k, other)))


def _probe(theorem, m):
    return list(range(1, m + 1)) if theorem == "T8" else None


def _addressed(content):
    return json.dumps({**content, "address": verifier.address_of(content)})


@pytest.mark.parametrize("theorem", THEOREMS)
@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 2, 2), (4, 2, 1), (5, 1, 3), (7, 3, 3)])
def test_what_is_certified_is_verified(theorem, shape):
    first, second = _random(sum(shape), *shape)
    certificate = certify(theorem, first, second, _probe(theorem, shape[1]))
    assert verifier.verify(certificate.text).status == "valid"
    assert 0 <= certificate.gap < 1e-6


@pytest.mark.slow  # exact arithmetic on every subset of five of twelve labels
def test_twelve_labels_in_four_dimensions():
    certificate = certify("T2", *_random(12, 12, 4, 4))
    assert verifier.verify(certificate.text).status == "valid"
    assert 0 <= certificate.gap < 1e-6


def test_constants_worked_out_by_hand():
    # G = (0, 1): Gc = (-1/2, 1/2), so s_min^2 = 1/2 and every one of these left sides is (Delta_1 - Delta_0)^2.
    for theorem in ("T2", "T3", "T10"):
        certificate = certify(theorem, [[0], [1]], [[0], [3]])
        assert float(certificate.constant) == pytest.approx(2, rel=1e-6)
    # F = (1, 1), two inputs: E f^2 = 1.
    assert certify("T9", [[1], [1]], [[2], [0]]).constant == pytest.approx(1, rel=1e-6)
    assert certify("T4", TRIANGLE, OTHER).constant == 1


@pytest.mark.parametrize("theorem", THEOREMS)
def test_no_altered_leaf_is_accepted(theorem):
    content = dict(certify(theorem, TRIANGLE, OTHER, _probe(theorem, 2)).content)
    altered = 0
    for path, value in _leaves(content):
        for other in _alterations(value):
            changed = _with(content, path, other)
            assert verifier.verify(json.dumps(changed)).status != "valid", (path, other)
            # With an address of its own it is still no certificate; only T4's constant is one for all arrays, so that a
            # change of them leaves it true.
            if path != ("address",) and (theorem != "T4" or path[0] not in ("first", "second", "witness")):
                verdict = verifier.verify(_addressed(changed))
                assert verdict.status != "valid", (path, value, other)
                assert verdict.reason
            altered += 1
    assert altered > 40


@pytest.mark.parametrize("theorem", ["T2", "T8"])
def test_no_key_may_be_missing_or_added_or_renamed(theorem):
    content = dict(certify(theorem, TRIANGLE, OTHER, _probe(theorem, 2)).content)
    for key in content:
        rest = {name: value for name, value in content.items() if name != key}
        assert verifier.verify(json.dumps(rest)).status == "invalid"
        assert verifier.verify(_addressed(rest | {key + "x": content[key]})).status == "invalid"
    assert verifier.verify(_addressed(content | {"more": "1"})).status == "invalid"
    assert verifier.verify(json.dumps(content)).status == "valid"


def test_a_smaller_constant_is_refused_with_any_factors():
    content = dict(certify("T3", TRIANGLE, OTHER).content)
    smaller = Fraction(content["constant"]) * (1 - Fraction(1, 10**5))
    forms = verifier.forms(problem("T3", TRIANGLE, OTHER))
    form = verifier.combined(verifier.scaled(forms.logit, smaller), forms.high, Fraction(-1))
    assert verifier.ldl(form) is None
    assert verifier.verify(_addressed(content | {"constant": str(smaller)})).status == "invalid"


@pytest.mark.parametrize(("theorem", "claim"), sorted(verifier.FALSE))
def test_every_quadratic_false_claim_has_an_exact_witness(theorem, claim):
    found = counterexample(theorem, claim)
    assert found is not None
    assert found.ratio > found.constant
    assert verifier.verify(found.text).status == "valid"
    # A constant that the claim does not make is not refuted by it.
    lower = dict(found.content) | {"constant": str(found.constant / 2)}
    assert verifier.verify(_addressed(lower)).status == "invalid"


def test_false_claims_that_happen_to_hold_are_not_refuted():
    # k = m + 1 = 2 labels far apart in the first model, near in the second: 1/s_min(G'c)^2 is larger than needed.
    assert refute("T3", "other_model", [[0], [9]], [[0], [1]]) is None


def test_the_form_of_t2_is_that_of_the_catalogue():
    first, second = _random(3, 6, 2, 2)
    forms = verifier.forms(problem("T2", first, second))
    g, h = (np.array(each, dtype=float) for each in (first, second))
    z = np.random.default_rng(0).normal(size=4)
    pair = Pair(Model(z[None, :2], g), Model(z[None, 2:], h))
    delta = pair.logit_difference[0]
    expected = delta @ sharp_form(pair.a) @ delta
    exact_z = [Fraction(float(x)) for x in z]
    low, high = (float(verifier.value(form, exact_z)) for form in (forms.low, forms.high))
    assert low <= expected * (1 + 1e-12)
    assert high >= expected * (1 - 1e-12)
    assert high - low < 1e-6 * expected
    assert float(verifier.value(forms.logit, exact_z)) == pytest.approx(delta @ delta)


def test_volumes_and_their_closed_form_agree_exactly():
    # mean by squared volume = P' P + ||P||_F^2 (1 - Gc P), also where a subset is singular (labels 0, 1, 2 on a line).
    g = exact("g", [[0, 0], [1, 0], [2, 0], [0, 1], [3, 5]])
    centred = verifier.centred(g)
    p = verifier.pseudo_inverse(centred)
    outside = verifier.combined(verifier.identity(5), verifier.product(centred, p), Fraction(-1))
    closed = verifier.combined(verifier.product(verifier.transposed(p), p), outside, verifier.trace_of_gram(p))
    flat = [[Fraction(1, 5)] * 5 for _ in range(5)]  # the constant vector, on which no Delta has a component
    corrected = verifier.combined(closed, flat, -verifier.trace_of_gram(p))
    assert verifier.volume_weighted(g) == corrected


def test_only_the_standard_library_is_imported(tmp_path):
    path = save(certify("T2", TRIANGLE, OTHER), tmp_path)
    run = [sys.executable, "-I", "-S", str(VERIFIER)]
    done = subprocess.run([*run, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("valid: For these unembeddings")
    seen = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-I", "-S", "-c", seen, str(VERIFIER)], capture_output=True, text=True)
    roots = {name.partition(".")[0] for name in listed.stdout.split()} - {"__main__", "__mp_main__"}
    assert roots <= set(sys.stdlib_module_names)


def test_exit_statuses(tmp_path, capsys):
    path = save(certify("T3", TRIANGLE, OTHER), tmp_path)
    assert path.stem == json.loads(path.read_text())["address"]
    assert verifier.main([str(path)]) == 0
    renamed = path.with_name("0" * 64 + ".json")
    path.rename(renamed)
    assert verifier.main([str(renamed)]) == 1
    assert verifier.main([str(tmp_path / "nothing.json")]) == 2
    (tmp_path / "half.json").write_text(renamed.read_text()[:100])
    assert verifier.main([str(tmp_path / "half.json")]) == 2
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    assert verifier.main([str(tmp_path / "bytes.json")]) == 2
    assert verifier.main([]) == 2
    assert "valid" in capsys.readouterr().out


ABSURD = {
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "long": '"' + "1" * 3_000_000 + '"',
    "number": '{"schema": 1}',
    "exponent": '{"schema": 1e999999999}',
    "nan": '{"schema": NaN}',
    "infinity": '{"schema": -Infinity}',
    "digits": '{"schema": ' + "9" * 100_000 + "}",
    "twice": '{"schema": "a", "schema": "a"}',
    "list": "[]",
    "empty": "",
    "null": "null",
}


@pytest.mark.parametrize("text", ABSURD.values(), ids=ABSURD.keys())
def test_absurd_texts_are_unreadable(text):
    assert verifier.verify(text).status == "unreadable"


NO_RATIONALS = [
    "1e9",
    "1e999999999",
    "0x10",
    "1/0",
    "2/4",
    "-0",
    "+1",
    " 1",
    "1.5",
    "nan",
    "inf",
    "1_0",
    "",
    "٣",
    "9" * 9000,
]


@pytest.mark.parametrize("bad", [*NO_RATIONALS, None, True, [], {}, ["1"]], ids=lambda bad: repr(bad)[:12])
def test_what_is_no_rational_is_invalid_wherever_it_stands(bad):
    content = dict(certify("T3", TRIANGLE, OTHER).content)
    for path in (("constant",), ("ratio",), ("first", 0, 0), ("witness", 1), ("L", 2, 1), ("D", 0)):
        assert verifier.verify(_addressed(_with(content, path, bad))).status == "invalid"


def test_shapes_beyond_reason_are_invalid_at_once():
    content = dict(certify("T2", TRIANGLE, OTHER).content)
    for rows in ([["1"]] * 33, [["1"] * 7] * 8, [["1"] * 6] * 32, [], [[]], [["1"]], "11", [["1"], ["1", "2"]]):
        assert verifier.verify(_addressed(content | {"first": rows, "second": rows})).status == "invalid"
    for key in content:
        for value in (None, True, "x", [], {}, [[]], ["1"]):
            assert verifier.verify(_addressed(content | {key: value})).status != "valid" or key == "address"


def test_degenerate_arrays_have_no_certificate():
    on_a_line = [[0, 0], [1, 1], [2, 2], [3, 5]]
    with pytest.raises(NotApplicable, match="singular"):
        certify("T2", on_a_line, OTHER)
    assert certify("T10", on_a_line, OTHER).gap < 1e-6  # needs full rank only
    with pytest.raises(NotApplicable):
        certify("T3", [[0, 0], [1, 1], [2, 2]], [[1, 0], [0, 1], [0, 0]])
    with pytest.raises(NotApplicable):
        certify("T4", [[1], [1]], [[2], [2]])


def test_wrong_arguments_are_named():
    with pytest.raises(InvalidInput, match="theorem"):
        certify("T5", TRIANGLE, OTHER)
    with pytest.raises(InvalidInput, match="probe"):
        certify("T8", TRIANGLE, OTHER)
    with pytest.raises(InvalidInput, match="probe"):
        certify("T3", TRIANGLE, OTHER, [1, 2])
    with pytest.raises(InvalidInput, match="second"):
        certify("T3", TRIANGLE, OTHER[:3])
    with pytest.raises(InvalidInput, match="first"):
        certify("T3", [[float("nan")], [1.0]], [[0], [1]])
    with pytest.raises(InvalidInput, match="digits"):
        certify("T3", [[1e-300], [1.0]], [[0], [1]])
    with pytest.raises(InvalidInput, match="claim"):
        refute("T3", "no_such_claim", TRIANGLE, OTHER)


def test_simplest_between_is_the_simplest():
    rng = np.random.default_rng(0)
    for _ in range(50):
        low, high = sorted(Fraction(int(x), 997) for x in rng.integers(1, 3000, 2))
        found = simplest_between(low, high)
        assert low <= found <= high
        smaller = [d for d in range(1, found.denominator) if -(-low * d // 1) <= high * d]
        assert not smaller


def test_ldl_of_singular_and_indefinite_matrices():
    one, two = Fraction(1), Fraction(2)
    factors = verifier.ldl([[one, two], [two, Fraction(4)]])
    assert factors == ([[one, Fraction(0)], [two, one]], [one, Fraction(0)])
    assert verifier.ldl([[Fraction(0), one], [one, Fraction(0)]]) is None
    assert verifier.ldl([[one, two], [two, one]]) is None


def fractions(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


@pytest.mark.parametrize(
    "rows",
    [[[1]], [[0]], [[2, -1], [-1, 2]], [[1, 1], [1, 1]], [[0, 0], [0, 1]], [[1, 1, 1], [1, 1, 1], [1, 1, 2]]],
)
def test_a_positive_semidefinite_matrix_is_what_its_factors_multiply_to(rows):
    lower, diagonal = verifier.ldl(fractions(rows))
    assert all(pivot >= 0 for pivot in diagonal)
    weighted = [[entry * pivot for entry, pivot in zip(row, diagonal, strict=True)] for row in lower]
    assert verifier.product(weighted, verifier.transposed(lower)) == rows
    below = [
        [entry - abs(entry) - 1 if i == j == 0 else entry for j, entry in enumerate(row)] for i, row in enumerate(rows)
    ]
    assert verifier.ldl(fractions(below)) is None


@pytest.mark.parametrize("rows", [[[-1]], [[1, 2], [2, 1]], [[0, 1], [1, 5]], [[1, 1, 0], [1, 1, 1], [0, 1, 9]]])
def test_a_form_that_takes_negative_values_has_no_factors(rows):
    assert verifier.ldl(fractions(rows)) is None


def test_elimination_agrees_with_eigenvalues():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        size = int(rng.integers(1, 5))
        factor = rng.integers(-3, 4, size=(size, int(rng.integers(1, size + 1))))
        matrix = factor @ factor.T - int(rng.integers(0, 2)) * np.eye(size, dtype=int)
        expected = bool(np.linalg.eigvalsh(matrix).min() > -1e-9)
        seen.add(expected)
        assert (verifier.ldl(fractions(matrix.tolist())) is not None) == expected
    assert seen == {True, False}


def test_a_matrix_off_by_very_little_is_seen():
    one, tiny = Fraction(1), Fraction(1, 10**40)
    assert verifier.ldl([[one, one], [one, one]]) is not None
    assert verifier.ldl([[one, one], [one, one - tiny]]) is None


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _alterations(value):
    try:
        x = Fraction(value)
    except ValueError:
        return [value + "x", value[:-1], value.swapcase(), ""]
    return [str(x + 1), str(-x - 1), str(x + Fraction(1, 10**6)), str(x * 2 + 3)]


def _with(content, path, value):
    changed = copy.deepcopy(content)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return changed
