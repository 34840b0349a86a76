"""A real run of the audit, which several modules look at."""

import pytest

from reports.audit.adapters import Adapter, Range, said
from reports.audit.run import run_audit
from tests.reports.audit.measured import (
    ADAPTERS,
    NOWHERE,
    SCIPY,
    disparity,
    group_with,
    uncentred_cka,
)


@pytest.fixture(scope="session")
def run():
    """A real run: SciPy's disparity with a planted over-claim and a planted range, and a planted group."""
    adapters = [
        Adapter(
            SCIPY, "spatial.procrustes | planted", ADAPTERS["scipy: spatial.procrustes(X, Y)[2]"].function,
            "A square.", declared=said("triangle", "a metric, it is said", "a made-up docstring"),
            range=Range(0.0, 0.01, "tiny", "a made-up docstring"),
        ),
        Adapter(NOWHERE, "f(X, Y)", disparity, "A."),
    ]  # fmt: skip
    return run_audit(60.0, 0, adapters=adapters, compared=[group_with(uncentred_cka)])
