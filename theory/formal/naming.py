"""Names of the functions that a catalogue is made of: by what is told apart a side of one statement from another's."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any


def described(function: Callable[..., Any]) -> str:
    """Return what a side of a statement is called: its place in the catalogue, its name, and what it was made with.

    A function that another one has made is told by its maker and by the values that it has kept, a nameless one by the
    names that it speaks of: ``quantities.rational(denominator=1, numerator=2)``,
    ``t01_logit_distance_is_a_metric.<squared_distance, swapped>``.

    Parameters
    ----------
    function
        Any; one that is not written in Python is told by its name alone.
    """
    module = function.__module__.removeprefix("theory.catalogue.").removeprefix("theory.").removesuffix(".statement")
    name = f"{module}.{function.__qualname__.partition('.<locals>')[0]}"
    if not isinstance(function, FunctionType):
        return name
    if function.__closure__:
        kept = zip(function.__code__.co_freevars, function.__closure__, strict=True)
        return f"{name}({', '.join(f'{variable}={_value(cell.cell_contents)}' for variable, cell in kept)})"
    return name.replace("<lambda>", f"<{', '.join(function.__code__.co_names)}>")


def _value(kept: object) -> str:
    return described(kept) if callable(kept) else repr(kept)
