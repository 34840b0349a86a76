"""The properties, by name: what each says, in which family it stands, and the check that looks for a counterexample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from theory.claims import PROPERTY_NAMES
from theory.conformance import axioms, control, hygiene, invariances, separation, triangle
from theory.conformance.results import PropertyResult
from theory.conformance.subject import Subject

Check = Callable[[Subject], PropertyResult]


@dataclass(frozen=True)
class Property:
    """Something that a measure may have.

    Attributes
    ----------
    name
        In JSON, in test ids and in what measures declare.
    family
        "axioms", "invariances", "distributions" or "behaviour".
    check
        Looks for a counterexample; its docstring is the definition.
    share
        Of the time for the examination.
    """

    name: str
    family: str
    check: Check
    share: float

    @property
    def definition(self) -> str:
        """What it says, in mathematics."""
        return (self.check.__doc__ or "").strip()


# Shares of the time, in units of what a look at drawn pairs takes: ascents cost most, and behaviour is seen at once.
_FAMILIES: tuple[tuple[str, float, tuple[Check, ...]], ...] = (
    ("axioms", 1.0, (axioms.nonnegative, axioms.zero_on_self, axioms.symmetric)),
    ("axioms", 4.0, (triangle.triangle,)),
    ("axioms", 1.0, (axioms.bounded_by_one,)),
    (
        "invariances",
        0.7,
        (
            invariances.invariant_to_row_order,
            invariances.invariant_to_permutation,
            invariances.invariant_to_orthogonal,
            invariances.invariant_to_scaling,
            invariances.invariant_to_translation,
            invariances.invariant_to_linear,
            invariances.invariant_to_affine,
            invariances.gauge_invariant,
            invariances.label_invariant,
        ),
    ),
    ("distributions", 1.5, (separation.separates_distributions,)),
    ("distributions", 3.0, (control.controlled_by_logit_distance, control.controlled_by_kl)),
    ("behaviour", 0.3, (hygiene.rejects_nan, hygiene.handles_degenerate, hygiene.deterministic, hygiene.pure)),
)

PROPERTIES: Mapping[str, Property] = MappingProxyType(
    {
        check.__name__: Property(check.__name__, family, check, share)
        for family, share, group in _FAMILIES
        for check in group
    }
)
"""Every property, by name, in the order of reports."""

assert tuple(PROPERTIES) == PROPERTY_NAMES
