"""The decorators by which users hand in claims and metrics."""

import numpy as np
import pytest

from theory import Claim, Domain, InvalidInput, Metric, Model, Pair, claim, metric

PAIR = Pair(Model([[1.0]], [[0.0], [1.0]]), Model([[2.0]], [[0.0], [1.0]]))


def test_a_bare_claim():
    @claim
    def bound(pair):
        """Bounds nothing.

        More words.
        """
        return float(pair.a.embeddings[0, 0]), np.float64(2.0)

    assert isinstance(bound, Claim)
    assert bound.name == "bound"
    assert bound.title == "Bounds nothing."
    assert bound.domain == Domain()
    assert bound(PAIR) == (1.0, 2.0)


def test_a_claim_with_keywords():
    domain = Domain(dimensions=(2, 3))

    @claim(title="Mine", source="me, 2026", domain=domain)
    def bound(pair):
        return 0.0, 1.0

    assert (bound.title, bound.source, bound.domain) == ("Mine", "me, 2026", domain)


def test_metrics():
    @metric(on="embeddings", similarity=True)
    def likeness(X, Y):
        return 1.0

    assert isinstance(likeness, Metric)
    assert (likeness.on, likeness.similarity, likeness.name) == ("embeddings", True, "likeness")
    assert likeness(PAIR.a.embeddings, PAIR.b.embeddings) == 1.0


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: claim(3), "claim: expected a function, saw int"),
        (lambda: claim(lambda: (0, 1)), "claim: expected a function of 1 argument"),
        (lambda: claim(domain="small"), "domain: expected a Domain, saw str"),
        (lambda: metric(on="labels"), "on: expected 'embeddings' or 'models', saw 'labels'"),
        (lambda: metric(on="models", similarity="yes"), "similarity: expected True or False"),
        (lambda: metric(on="models")(lambda a: 0.0), "metric: expected a function of 2 argument"),
    ],
)
def test_what_is_no_claim_is_refused(make, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        make()


def test_a_builtin_without_a_signature_is_taken():
    assert metric(on="embeddings")(max).name == "max"


def test_the_default_domain():
    domain = Domain()
    shapes = domain.shapes()
    assert shapes[0] == (1, 2)
    assert len(shapes) == 7 + 6 + 5 + 4
    assert all(m + 1 <= k <= 8 and 1 <= m <= 4 for m, k in shapes)
    assert (2, 2) in Domain(diverse=False).shapes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"dimensions": (0, 2)}, "dimensions: expected a pair of integers 1 <= low <= high"),
        ({"dimensions": (3, 2)}, "dimensions"),
        ({"labels": (1, 4)}, "labels: expected a pair of integers 2 <= low"),
        ({"inputs": (0, 4)}, "inputs"),
        ({"inputs": 4}, "inputs"),
        ({"inputs": (1.0, 4.0)}, "inputs"),
        ({"equal_dimensions": "no"}, "equal_dimensions: expected True or False"),
        ({"dimensions": (4, 4), "labels": (2, 4)}, "labels: a diverse model of dimension 4 needs at least 5"),
    ],
)
def test_domains_that_hold_nothing_are_refused(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Domain(**arguments)
