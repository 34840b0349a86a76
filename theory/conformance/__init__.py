"""Property checks for measures of likeness: which axioms and invariances hold, and what controls the measure.

`check_metric` examines one measure, `parametrize_with_checks` makes a pytest case of each of its properties.
"""

from theory.conformance.checking import check_metric
from theory.conformance.properties import PROPERTIES, Property
from theory.conformance.pytest_cases import PropertyFails, parametrize_with_checks
from theory.conformance.results import Conformance, Counterexample, PropertyResult, PropertyVerdict, Step

__all__ = [
    "PROPERTIES",
    "Conformance",
    "Counterexample",
    "Property",
    "PropertyFails",
    "PropertyResult",
    "PropertyVerdict",
    "Step",
    "check_metric",
    "parametrize_with_checks",
]
