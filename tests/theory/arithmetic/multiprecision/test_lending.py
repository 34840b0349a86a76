"""Whose modules are lent another arithmetic, what they see, and that all of it is given back."""

import importlib
import math
import pkgutil
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import scipy.special

import theory
from theory.arithmetic import plain_theory
from theory.arithmetic.multiprecision.lending import StandIns, Views, is_users, lent, namespaces
from theory.arithmetic.multiprecision.numbers import DigitsLost
from theory.measures.distances import hellinger, kl_divergence

VIEWS = Views(ModuleType("other numpy"), ModuleType("other math"), lambda value: ("kept", value))
VIEWS.numpy.__getattr__ = lambda name: f"numpy.{name}"
VIEWS.math.__getattr__ = lambda name: f"math.{name}"
MODULES = [info.name for info in pkgutil.walk_packages(theory.__path__, "theory.")]


def written(tmp_path, monkeypatch, **texts):
    """Modules of a user, by name; imported anew."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    modules = [importlib.import_module(name) for name in texts]
    for name in texts:
        del sys.modules[name]  # for good: put back after the test, it would stand in the way of others of its name
    return modules


@pytest.mark.parametrize("name", ["theory", *MODULES])
def test_no_module_of_this_package_is_taken_for_a_users(name):
    assert not is_users(vars(importlib.import_module(name)))


def test_whose_modules_are_whose(tmp_path, monkeypatch):
    (claims,) = written(tmp_path, monkeypatch, claims_of_mine="import numpy as np\n")
    assert is_users(vars(claims))
    assert is_users({"__name__": "__main__"})
    for module in (np, np.linalg, scipy.special, math, sys, pkgutil):
        assert not is_users(vars(module))


def test_a_claim_of_this_package_is_lent_nothing():
    quantities = importlib.import_module("theory.catalogue.quantities")
    assert namespaces(quantities.kl) == []
    with lent(quantities.kl, VIEWS):
        assert all(value is not VIEWS.numpy for value in vars(quantities).values())
        assert "float" not in vars(quantities)


def test_the_modules_beside_a_users_are_lent_too_and_given_back(tmp_path, monkeypatch):
    texts = {
        "beside_mine": "from numpy import exp\nimport math\n\ndef e(x):\n    return exp(x)\n",
        "mine": "import numpy as np\nimport beside_mine\nimport scipy\nfloat_type = float\n\ndef f(x):\n    return x\n",
    }
    beside, mine = written(tmp_path, monkeypatch, **texts)
    before = [dict(vars(module)) for module in (beside, mine)]
    assert {id(space) for space in namespaces(mine.f)} == {id(vars(beside)), id(vars(mine))}

    def broken_off():
        with lent(mine.f, VIEWS):
            assert (mine.np, mine.float_type, mine.float) == (VIEWS.numpy, VIEWS.float, VIEWS.float)
            assert (beside.exp, beside.math) == ("numpy.exp", VIEWS.math)
            assert mine.scipy is sys.modules["scipy"]
            raise KeyError

    with pytest.raises(KeyError):
        broken_off()
    for module, names in zip((beside, mine), before, strict=True):
        assert vars(module).keys() == names.keys()
        assert all(value is names[name] for name, value in vars(module).items())


def test_closures_and_methods_are_followed(tmp_path, monkeypatch):
    (mine,) = written(tmp_path, monkeypatch, mine_again="class C:\n    def method(self):\n        return 1\n")
    method = mine.C().method

    def around():
        return method()

    assert any(space is vars(mine) for space in namespaces(around))
    assert namespaces(SimpleNamespace()) == []


def test_what_stands_in_is_found_by_identity():
    table = StandIns("theory", plain_theory, {kl_divergence: plain_theory.kl_divergence}, lambda f: f is hellinger)
    assert table.of(kl_divergence) is plain_theory.kl_divergence
    array, unhashable = np.zeros(3), [1.0]
    for value in (array, unhashable, math, theory.measures.distances, "kl_divergence", theory.renyi):
        assert table.of(value) is value
    with pytest.raises(DigitsLost, match="hellinger: there is no plain restatement"):
        table.of(hellinger)(1, b=2)


def test_the_package_is_served_by_its_stand_in_which_refuses_what_it_lacks():
    table = StandIns("theory", plain_theory, {}, lambda f: False)
    served = table.of(theory)
    assert served.kl_divergence is plain_theory.kl_divergence
    assert served.__name__ == "theory"
    with pytest.raises(DigitsLost, match="measures: there is no plain restatement"):
        _ = served.measures
    assert not hasattr(served, "__version__")
