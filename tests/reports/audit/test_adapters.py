"""Adapters say what they are, and cost no import of what they call."""

import pytest

from reports.audit.adapters import Adapter, said
from reports.audit.packages import all_adapters, all_packages
from reports.audit.untested import UNTESTED
from tests.processes import python
from tests.reports.audit.measured import (
    ADAPTERS,
    SCIPY,
    disparity,
)
from theory import InvalidInput


def test_every_adapter_says_what_it_is():
    assert len(ADAPTERS) == len(all_adapters()) >= 25
    assert len(all_packages()) >= 6
    for adapter in all_adapters():
        assert adapter.definition.endswith("."), adapter.key
        assert all(sentence.words and sentence.where for sentence in adapter.declared.values()), adapter.key
        assert adapter.metric.name == adapter.key
        assert (adapter.metric.on, adapter.metric.similarity) == (adapter.on, adapter.similarity)
    assert not {one.name for one in UNTESTED} & {package.name for package in all_packages()}


def test_an_unknown_property_cannot_be_declared():
    with pytest.raises(InvalidInput, match="declared: expected names of properties, saw commutative"):
        Adapter(SCIPY, "f", disparity, "A.", declared=said("commutative", "it commutes", "docstring"))


def test_listing_the_adapters_imports_none_of_the_packages():
    modules = {package.module for package in all_packages()} | {"torch"}
    code = f"import sys, reports.audit.packages as p; p.all_adapters(); print(sorted(set(sys.modules) & {modules!r}))"
    assert python(code).stdout.strip() == "[]"
