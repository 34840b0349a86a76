"""Lending a user's modules another NumPy, `math` and `float` for the time of a call, and taking them back.

A function finds NumPy through the globals of the module it is written in. For the time of a call these names, and those
of the functions it calls, are bound to views of the same modules in another arithmetic. Modules of this package, of the
standard library and installed ones are left alone.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from theory.arithmetic.multiprecision.numbers import ELEMENTARY, DigitsLost

# The folder of the whole package, however deep in it this module lies.
_PACKAGE = Path(__file__).resolve().parents[__name__.count(".") - 1]

# What is also recognised where it was imported by itself (`from numpy import exp`).
_BY_THEMSELVES = (
    *ELEMENTARY, "fabs", "pow", "floor", "ceil", "array", "asarray", "zeros", "ones", "eye", "full", "empty",
)  # fmt: skip

Namespace = dict[str, Any]


@dataclass(frozen=True)
class Views:
    """What a module sees in place of `numpy`, `math` and `float`.

    Attributes
    ----------
    numpy, math
        Modules whose attributes are looked up as those of the originals would be.
    float
        Called as the original would be.
    """

    numpy: ModuleType
    math: ModuleType
    float: Any


@dataclass(frozen=True)
class StandIns:
    """What a module sees in place of a package whose functions are written for floats.

    Attributes
    ----------
    package, module
        Name of the package, and the module that is served in its place. A name that this module lacks is refused.
    restated
        Functions and classes of the package, and what stands in for each.
    refused
        Whether a function has no stand-in and must not be called on numbers of many digits. Whatever is neither
        restated nor refused is left as it is.
    """

    package: str
    module: ModuleType
    restated: Mapping[Any, Any]
    refused: Callable[[Any], bool]

    @cached_property
    def _by_identity(self) -> dict[int, Any]:
        return {id(original): stand_in for original, stand_in in self.restated.items()}

    def of(self, value: Any) -> Any:
        """Return what stands in for something; itself where nothing does.

        A function that is refused has a stand-in that raises `DigitsLost` when it is called, so that what calls it has
        no answer in many digits, rather than one from floats.
        """
        if id(value) in self._by_identity:
            return self._by_identity[id(value)]
        if isinstance(value, ModuleType):
            return _PackageView(self.package, self.module) if value.__name__ == self.package else value
        return _refusal(value.__name__) if isinstance(value, FunctionType) and self.refused(value) else value


class _PackageView(ModuleType):
    """A view of the module that stands in for a package, which refuses what that module lacks."""

    def __init__(self, package: str, module: ModuleType) -> None:
        super().__init__(package)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__["_module"]
        if name.startswith("__") or hasattr(module, name):
            return getattr(module, name)
        raise DigitsLost(_unknown(name))


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise DigitsLost(_unknown(name))

    return refuse


def _unknown(name: str) -> str:
    return f"{name}: there is no plain restatement of it that could be evaluated in many digits"


@contextlib.contextmanager
def lent(
    function: Callable[..., Any],
    views: Views,
    stand_ins: StandIns | None = None,
    others: Iterable[Namespace] = (),
) -> Iterator[None]:
    """Lend the modules a function lives in another NumPy, `math` and `float`, and take them back.

    Parameters
    ----------
    function
        A user's function, whose own modules are found by `namespaces`.
    views
        What they see.
    stand_ins
        What they see in place of a package's functions.
    others
        Further globals that are lent the same.
    """
    swaps = {id(np): views.numpy, id(math): views.math, id(float): views.float}
    for original, view in ((np, views.numpy), (math, views.math)):
        for name in _BY_THEMSELVES:
            if hasattr(original, name):
                swaps[id(getattr(original, name))] = getattr(view, name)
    undo: list[tuple[Namespace, str, Any]] = []
    missing = object()
    try:
        for namespace in [*namespaces(function), *others]:
            for name, value in list(namespace.items()):
                instead = swaps.get(id(value), value)
                if instead is value and stand_ins is not None:
                    instead = stand_ins.of(value)
                if instead is not value:
                    undo.append((namespace, name, value))
                    namespace[name] = instead
            if "float" not in namespace:
                undo.append((namespace, "float", missing))
                namespace["float"] = views.float
        yield
    finally:
        for namespace, name, value in reversed(undo):
            if value is missing:
                namespace.pop(name, None)
            else:
                namespace[name] = value


def namespaces(function: Callable[..., Any]) -> list[Namespace]:
    """Return the globals of a user's own code: its module, and the modules beside it.

    Parameters
    ----------
    function
        Where to begin: followed through closures, and through the functions and modules that its globals name.
    """
    found: dict[int, Namespace] = {}
    seen: set[int] = set()
    queue: list[Any] = [function]
    while queue:
        item = queue.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        inner = getattr(item, "__func__", item)
        namespace = getattr(inner, "__globals__", None)
        if namespace is None and isinstance(item, ModuleType):
            namespace = vars(item)
        if namespace is None or not is_users(namespace):
            if not hasattr(item, "__closure__"):
                continue
            namespace = None
        if namespace is not None and id(namespace) not in found:
            found[id(namespace)] = namespace
            queue += [v for v in namespace.values() if isinstance(v, ModuleType | FunctionType)]
        for cell in getattr(inner, "__closure__", None) or ():
            with contextlib.suppress(ValueError):
                queue.append(cell.cell_contents)
    return list(found.values())


def is_users(namespace: Mapping[str, Any]) -> bool:
    """Whether the globals of a module are a user's own: not of the standard library, installed, or of this package."""
    name, file = str(namespace.get("__name__", "")), namespace.get("__file__")
    if file is None:
        return name not in sys.builtin_module_names and name.split(".")[0] not in sys.stdlib_module_names
    path = Path(file).resolve()
    if path.is_relative_to(_PACKAGE):
        return False
    outside = ("site-packages", "dist-packages")
    return name.split(".")[0] not in sys.stdlib_module_names and not any(part in outside for part in path.parts)
