"""Short names and sizes in words."""

from reports.audit import tables
from theory.claims import PROPERTY_NAMES


def test_each_property_has_a_short_name_and_a_column():
    assert set(tables.SHORT) == set(PROPERTY_NAMES)
    assert len(set(tables.SHORT.values())) == len(PROPERTY_NAMES)
    assert set(tables.columns("embeddings")) | set(tables.columns("models")) == set(PROPERTY_NAMES)


def test_small_violations_are_called_small():
    assert tables.size_in_words(3e-8).startswith("3.0e-08 (of the size of single precision")
    assert tables.size_in_words(0.2) == "2.0e-01"
    assert tables.size_in_words(None) == ""
