"""What a theorem is made of: statements with two sides, hypotheses, extremal families, twins, known answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from theory.arithmetic.arrays import Array
from theory.claims import Domain
from theory.errors import InvalidInput
from theory.models import Model, Pair

Side = Callable[[Pair], Array]


@dataclass(frozen=True)
class Hypothesis:
    """A condition on a pair, with the amount by which it holds.

    Attributes
    ----------
    name
        A short name, unique within a statement, by which it can be dropped.
    latex
        The condition.
    margin
        Positive where it holds; its size says by how much. nan counts as failing.
    """

    name: str
    latex: str
    margin: Side


@dataclass(frozen=True)
class ExtremalFamily:
    """Pairs that approach a statement's constant.

    Attributes
    ----------
    name, description
        What the family is.
    pair
        The member at a parameter.
    parameter
        A value at which at least 99.9 % of the constant is reached.
    """

    name: str
    description: str
    pair: Callable[[float], Pair]
    parameter: float


def one(pair: Pair) -> float:
    """Return the constant of a statement that has none."""
    return 1.0


@dataclass(frozen=True)
class Statement:
    """An assertion ``lhs <= constant * envelope`` (or equality) about every pair that meets the hypotheses.

    Attributes
    ----------
    name, latex
        Identifier and formula.
    lhs, envelope
        Both sides as functions of a pair, batched over a leading axis; the right side without its constant.
    constant
        As a function of the pair, through shapes or tau. Kept apart so that its sharpness can be tested.
    relation
        ``"<="`` or ``"="``.
    hypotheses
        Conditions on the pair; where one fails the statement says nothing.
    domain
        Shapes it is tested on.
    sharp
        Families that approach the constant; none when it is not claimed to be sharp.
    cancelled
        Size of the terms that cancel inside a side, if larger than the sides: float64 cannot tell the sides
        apart below its rounding. It only steers the search; verdicts come from balls.
    trivial
        What the hypotheses alone already bound the left side by; a right side above it is vacuous.
    differentiable
        Whether ascent along gradients makes sense.
    specimens
        Where the statement is about certain pairs only, those pairs; it is then tested on nothing else.
    enumerates
        "labels" if a side runs over all (m+1)-subsets of labels, whose number explodes with k, and "labels and
        inputs" if it holds all inputs for each; "geometries" if it holds a k x m matrix for every input.
    """

    name: str
    latex: str
    lhs: Side
    envelope: Side
    constant: Callable[[Pair], Array | float] = one
    relation: Literal["<=", "="] = "<="
    hypotheses: tuple[Hypothesis, ...] = ()
    domain: Domain = field(default_factory=Domain)
    sharp: tuple[ExtremalFamily, ...] = ()
    cancelled: Side | None = None
    trivial: Side | None = None
    differentiable: bool = True
    specimens: tuple[ExtremalFamily, ...] = ()
    enumerates: Literal["", "labels", "labels and inputs", "geometries"] = ""

    def rhs(self, pair: Pair) -> Array:
        """Return the right side, constant included."""
        return self.constant(pair) * self.envelope(pair)

    def applies(self, pair: Pair) -> Bool[np.ndarray, "*batch"]:
        """Whether every hypothesis holds, for each pair of the batch."""
        holds = np.ones(pair.batch, dtype=bool)
        for hypothesis in self.hypotheses:
            holds = holds & (as_floats(hypothesis.margin(pair)) > 0)
        return holds

    def in_domain(self, pair: Pair) -> bool:
        """Whether the shapes of the pair are those the statement speaks of (there is no upper limit)."""
        domain = self.domain
        labels = max(domain.labels[0], pair.m + 1) if domain.diverse else domain.labels[0]
        return (
            pair.m >= domain.dimensions[0]
            and pair.k >= labels
            and pair.n >= domain.inputs[0]
            and (pair.b.m == pair.m or not domain.equal_dimensions)
        )


@dataclass(frozen=True)
class FalseTwin:
    """A statement that looks like the theorem and is false.

    Attributes
    ----------
    statement
        The false assertion.
    why
        What was changed, and why it matters.
    witness
        A counterexample, where one is known by hand; the search must find one where there is none.
    """

    statement: Statement
    why: str
    witness: Callable[[], Pair] | None = None

    @property
    def name(self) -> str:
        """Name of the false statement."""
        return self.statement.name


@dataclass(frozen=True)
class Ablation:
    """A theorem with one of its hypotheses dropped and everything else kept.

    Attributes
    ----------
    hypothesis
        The name of what is dropped, unique within the theorem. A hypothesis in the wide sense: a condition on the pair,
        or a part of the construction without which one might hope to do (centring, sorting, the floor tau).
    statement
        What is left, worded so that it says something where the hypothesis fails.
    why
        What the hypothesis is for or, where the statement is known to survive without it, why it was there.
    """

    hypothesis: str
    statement: Statement
    why: str


@dataclass(frozen=True)
class KnownAnswer:
    """A number that a correct implementation reproduces to the digits printed.

    Attributes
    ----------
    name
        What it is.
    expected
        The number as printed in its source; half a unit of its last digit is the tolerance.
    compute
        The computation.
    source
        Where the number stands.
    """

    name: str
    expected: str
    compute: Callable[[], float]
    source: str = ""

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit, and a hair for the binary rounding of the decimal."""
        mantissa, _, exponent = self.expected.lower().partition("e")
        digits = len(mantissa.partition(".")[2])
        return 0.5000001 * 10.0 ** (int(exponent or 0) - digits)

    def agrees(self, got: float) -> bool:
        """Whether `got` rounds to the printed digits."""
        return abs(got - float(self.expected)) <= self.tolerance


@dataclass(frozen=True)
class Theorem:
    """An entry of the catalogue.

    Attributes
    ----------
    identifier, title, source
        "T1", "T2", ... as its folder is numbered, a title, and where it is proved.
    statements
        The main statement first, then corollaries and parts.
    twins
        At least three statements that look like it and are false.
    known_answers
        Numbers it must reproduce.
    summary
        One sentence in words.
    ablations
        The theorem without each of its hypotheses; `drops` adds those of the main statement that are not listed.
    """

    identifier: str
    title: str
    source: str
    summary: str
    statements: tuple[Statement, ...]
    twins: tuple[FalseTwin, ...]
    known_answers: tuple[KnownAnswer, ...] = ()
    ablations: tuple[Ablation, ...] = ()

    @property
    def main(self) -> Statement:
        """The statement the theorem is named for."""
        return self.statements[0]

    def statement(self, name: str) -> Statement:
        """Return a statement, or that of a false twin, by its name.

        Raises
        ------
        InvalidInput
            If there is none of that name.
        """
        named = {each.name: each for each in (*self.statements, *(twin.statement for twin in self.twins))}
        if name not in named:
            raise InvalidInput(f"name: expected a statement of {self.identifier} ({', '.join(named)}), saw {name!r}")
        return named[name]

    def ablation_by_twin(self, hypothesis: str, name: str) -> Ablation:
        """Return a false twin as what is left of the theorem without a hypothesis.

        Raises
        ------
        InvalidInput
            If there is no twin of that name.
        """
        for twin in self.twins:
            if twin.name == name:
                return Ablation(hypothesis, twin.statement, twin.why)
        names = ", ".join(twin.name for twin in self.twins)
        raise InvalidInput(f"name: expected a false twin of {self.identifier} ({names}), saw {name!r}")


def without(statement: Statement, hypothesis: str) -> Statement:
    """Return a statement with one hypothesis left out and everything else kept.

    Raises
    ------
    InvalidInput
        If it has no hypothesis of that name.
    """
    names = [each.name for each in statement.hypotheses]
    if hypothesis not in names:
        known = ", ".join(names) or "it has none"
        raise InvalidInput(f"without: expected a hypothesis of {statement.name} ({known}), saw {hypothesis!r}")
    return replace(statement, hypotheses=tuple(each for each in statement.hypotheses if each.name != hypothesis))


def drops(theorem: Theorem) -> tuple[Ablation, ...]:
    """Return a theorem without each of its hypotheses in turn.

    Those its entry lists come first, then one for every other hypothesis of the main statement, left out as it is:
    such a statement speaks of more pairs only where its sides still exist on them.
    """
    listed = {ablation.hypothesis for ablation in theorem.ablations}
    others = tuple(
        Ablation(
            hypothesis.name,
            without(theorem.main, hypothesis.name),
            "Left out as it is; where the sides need it, the statement is silent as before.",
        )
        for hypothesis in theorem.main.hypotheses
        if hypothesis.name not in listed
    )
    return theorem.ablations + others


@dataclass(frozen=True)
class Evaluation:
    """Both sides on each pair of a batch, as float64 NumPy arrays.

    Attributes
    ----------
    lhs, rhs
        The sides; nan where the statement does not apply.
    applies
        Whether the hypotheses hold and both sides are numbers.
    """

    lhs: Float[np.ndarray, "*batch"]
    rhs: Float[np.ndarray, "*batch"]
    applies: Bool[np.ndarray, "*batch"]


def as_floats(value: Array) -> Float[np.ndarray, "..."]:
    """Return float64 midpoints of anything a side may return."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return np.asarray(value, dtype=np.float64)


def evaluate(statement: Statement, pair: Pair) -> Evaluation:
    """Evaluate a statement on a pair or a batch of pairs of NumPy arrays, in float64."""
    with np.errstate(all="ignore"):
        applies = statement.applies(pair)
        if not applies.any():
            nothing = np.full(pair.batch, np.nan)
            return Evaluation(nothing, nothing, applies)
        usable = pair if applies.all() else _with_substitutes(pair, applies)
        lhs = np.broadcast_to(as_floats(statement.lhs(usable)), pair.batch)
        rhs = np.broadcast_to(as_floats(statement.rhs(usable)), pair.batch)
        # An infinite right side (tau that underflows) bounds everything; an infinite left side is overflow.
        applies = applies & np.isfinite(lhs) & ~np.isnan(rhs)
        return Evaluation(np.where(applies, lhs, np.nan), np.where(applies, rhs, np.nan), applies)


def _with_substitutes(pair: Pair, applies: Bool[np.ndarray, " b"]) -> Pair:
    """Replace the pairs a statement does not speak of by one it does: LAPACK refuses a batch for one bad matrix."""
    chosen = np.where(applies, np.arange(applies.size), int(np.flatnonzero(applies)[0]))
    return Pair(*(Model(model.embeddings[chosen], model.unembeddings[chosen]) for model in (pair.a, pair.b)))


def excess(statement: Statement, pair: Pair, evaluation: Evaluation) -> Float[np.ndarray, "*batch"]:
    """Return how far each pair exceeds the statement: log(lhs / rhs), or the log of the relative discrepancy.

    Positive (for ``"="``: above log 1e-9) proposes a violation; -inf where rounding could explain one, or
    the statement does not apply.
    """
    lhs, rhs = evaluation.lhs, evaluation.rhs
    with np.errstate(all="ignore"):
        floor = 1e-14 * as_floats(statement.cancelled(pair)) if statement.cancelled is not None else np.zeros(lhs.shape)
        if statement.relation == "=":
            gap = np.abs(lhs - rhs)
            ratio = np.where(gap > 100 * floor, gap / (np.abs(lhs) + np.abs(rhs)), 0.0)
            return np.where(evaluation.applies & (ratio > 0), np.log(ratio), -np.inf)
        # With a side at zero or below there is no ratio: a violation counts by its difference, anything else is far.
        gap = lhs - rhs
        signed = np.where(gap > 100 * floor, gap / (np.abs(lhs) + np.abs(rhs)), -np.inf)
        ratio = np.where((lhs > floor) & (rhs > 0), np.log(np.maximum(lhs / rhs, 1e-300)), -np.inf)
        return np.where(evaluation.applies, np.where((lhs > 0) & (rhs > 0), ratio, signed), -np.inf)


def unbatched(pair: Pair, index: int) -> Pair:
    """Return one pair of a batch."""
    if not pair.batch:
        return pair
    return Pair(
        Model(pair.a.embeddings[index], pair.a.unembeddings[index]),
        Model(pair.b.embeddings[index], pair.b.unembeddings[index]),
    )
