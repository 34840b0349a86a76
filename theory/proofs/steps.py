"""What a proof is made of: steps, each with an obligation that is discharged in exact arithmetic or cites a lemma."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from theory.errors import InvalidInput

Method = Literal["identity", "scalar", "psd", "extremal", "lemma"]


class Status(enum.StrEnum):
    """What is known of a step, or of a proof: that of its weakest step."""

    PROVED = "proved"  # discharged in exact arithmetic
    CITED = "cited"  # a standard fact, with its reference, tested numerically
    NOT_PROVED = "not proved"


@dataclass(frozen=True)
class Discharge:
    """What became of an obligation.

    Attributes
    ----------
    status
        Whether it was discharged.
    detail
        How, or what is missing, in a line.
    """

    status: Status
    detail: str


class Obligation(Protocol):
    """Something a machine can decide, or a fact that is cited.

    Attributes
    ----------
    method
        Its kind.
    """

    @property
    def method(self) -> Method:
        """Return its kind."""
        ...

    def discharged(self) -> Discharge:
        """Decide it. An obligation that is false, or beyond the method, is not proved; it never raises."""
        ...

    def perturbed(self) -> Iterator[tuple[str, Obligation]]:
        """Yield false obligations close to this one, with what was changed: none of them may be accepted."""
        ...


@dataclass(frozen=True)
class Step:
    """A step of a proof.

    Attributes
    ----------
    name
        By which later steps refer to it.
    statement
        What it says, in LaTeX.
    obligation
        What has to be discharged for it.
    uses
        Names of earlier steps that it rests on.
    covers
        For which sizes it is discharged: "all k and m", "k <= 8", ...
    remark
        How the statement follows from what is checked, where that is not plain.
    """

    name: str
    statement: str
    obligation: Obligation
    uses: tuple[str, ...] = ()
    covers: str = "all sizes"
    remark: str = ""


@dataclass(frozen=True)
class Proof:
    """A proof of one statement of the catalogue.

    Attributes
    ----------
    theorem
        Its identifier: "T5".
    statement
        Name of the statement in the catalogue, or of a false twin that cannot be proved.
    claim
        What is proved, in LaTeX.
    steps
        In order; the last one concludes.
    names
        What symbols of conclusions stand for in the letters of steps, for one input or one label: the symbol is the
        mean, or the sum, of that over inputs or labels.

    Raises
    ------
    InvalidInput
        If there is no step, two have one name, or one uses what comes later.
    """

    theorem: str
    statement: str
    claim: str
    steps: tuple[Step, ...]
    names: Mapping[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.steps:
            raise InvalidInput(f"steps: expected at least one step in the proof of {self.theorem}, saw none")
        known: set[str] = set()
        for step in self.steps:
            missing = [name for name in step.uses if name not in known]
            if missing:
                raise InvalidInput(
                    f"uses: expected earlier steps of {self.theorem}, saw {missing[0]!r} in {step.name!r}"
                )
            if step.name in known:
                raise InvalidInput(f"steps: expected names of their own in {self.theorem}, saw {step.name!r} twice")
            known.add(step.name)


@dataclass(frozen=True)
class Checked:
    """A proof and what became of its steps.

    Attributes
    ----------
    proof, discharges
        The proof, and one discharge for each of its steps.
    problem
        Why it is no proof of the statement whose name it has; nothing where it is.
    read
        Premises that are read off a step, not checked to be what it concludes.
    reading
        What the quantities of the conclusion are called in the step that concludes, which is read as well.
    """

    proof: Proof
    discharges: tuple[Discharge, ...]
    problem: str = ""
    read: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The status of the weakest step; not proved if it is of another statement."""
        if self.problem:
            return Status.NOT_PROVED
        found = {discharge.status for discharge in self.discharges}
        return next(status for status in (Status.NOT_PROVED, Status.CITED, Status.PROVED) if status in found)


def checked(proof: Proof) -> Checked:
    """Discharge every step of a proof."""
    return Checked(proof, tuple(step.obligation.discharged() for step in proof.steps))
