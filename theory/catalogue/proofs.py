"""Which proofs there are, by theorem, and whether each is of the statement whose name it has.

A proof is tied to its statement at three points: the hypotheses have the same names, both sides of its conclusion have
the values of the statement's sides on ordinary pairs of models, and its last step concludes just that
(`theory.proofs.conclusion`). The values are of `theory.catalogue.plain`, not of the statement's own functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import sympy as sp

from theory.catalogue.entries import conclusions_of, proof_module
from theory.catalogue.plain import Quantities
from theory.models import Model, Pair
from theory.proofs.conclusion import Conclusion, foundless, parsed, read_premises
from theory.proofs.steps import Checked, Proof, checked
from theory.statements import Statement, Theorem, as_floats

UNTIED = "proof not tied to its statement"
OTHER = "the proof is of another statement"

_AGREEMENT = 1e-6  # relative: float64 keeps ten digits of every side on pairs this tame, and one per cent is 1e-2
_ROUNDING = 1e-13  # absolute: what is left of a sum of numbers of size one that cancel
_LEAST = 3  # pairs on which the sides are compared, at least
_INPUTS = (13, 8)  # 13 inputs are the prefixes of up to two of three tokens
_SPREADS = ((1.0, 0.05), (0.6, 0.02), (1.0, 1.0))  # size of logits' factors, and how far the models are apart


def proofs_of(identifier: str) -> tuple[Proof, ...]:
    """Return the proofs of a theorem's statements; none where nobody has written one down.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    module = proof_module(identifier)
    return () if module is None else tuple(module.proofs())


def attempts_at(identifier: str) -> tuple[Proof, ...]:
    """Return attempts at a theorem's false twins, none of which may be accepted.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    module = proof_module(identifier)
    return () if module is None else tuple(module.false())


def conclusion_of(proof: Proof) -> Conclusion | None:
    """Return what a proof concludes, as data, or nothing where nobody has written that down."""
    return conclusions_of(proof.theorem).get(proof.statement)


def checked_proofs(known: Theorem, only: str | None = None) -> tuple[Checked, ...]:
    """Check the proofs of a theorem against its statements; or those of one statement.

    This decides what is called proved, in every report: a statement is if the proof of its name has the status.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    statements = {each.name: each for each in known.statements}
    return tuple(
        checked_against(proof, statements.get(proof.statement.partition(":")[0]), conclusion_of(proof))
        for proof in proofs_of(known.identifier)
        if only in (None, proof.statement)
    )


def checked_against(proof: Proof, statement: Statement | None, conclusion: Conclusion | None) -> Checked:
    """Discharge every step of a proof, and hold it against the statement it is said to be of.

    Proofs with a colon in their name, of sharpness and the like, are of no statement of the catalogue's: their claim is
    their own.
    """
    found = checked(proof)
    found = replace(found, read=read_premises(proof))
    if ":" in proof.statement:
        return found
    if statement is None or conclusion is None:
        return replace(found, problem=UNTIED)
    return replace(found, problem=difference(proof, statement, conclusion), reading=_reading(conclusion))


def _reading(conclusion: Conclusion) -> tuple[str, ...]:
    return tuple(f"{name} is read as {text}" for name, text in conclusion.reading.items() if name != text)


def difference(proof: Proof, statement: Statement, conclusion: Conclusion) -> str:
    """Return in which way a proof is not one of a statement; nothing where it is."""
    unfounded = foundless(conclusion.concluding(proof))
    if unfounded:
        return unfounded
    untied = conclusion.untied(proof)
    if untied:
        return untied
    other = compared(statement, conclusion)
    return f"{OTHER}: {other}" if other else ""


def compared(statement: Statement, conclusion: Conclusion) -> str:
    """Return in what a statement differs from a conclusion: relation, hypotheses, a side or a condition; or nothing.

    Parameters
    ----------
    statement
        Of the catalogue; its own functions give the values of its sides.
    conclusion
        Of a proof; `theory.catalogue.plain` gives the values of its names.
    """
    if statement.relation != conclusion.relation:
        return f"it concludes {conclusion.relation}, the statement says {statement.relation}"
    names = {hypothesis.name for hypothesis in statement.hypotheses}
    if names != set(conclusion.hypotheses):
        mine, others = (", ".join(sorted(each)) or "nothing" for each in (conclusion.hypotheses, names))
        return f"it supposes {mine}, the statement {others}"
    seen = 0
    for pair in _pairs(statement):
        with np.errstate(all="ignore"):
            if not bool(np.all(statement.applies(pair))):
                continue
            quantities = Quantities(pair)
            sides = (statement.lhs(pair), statement.rhs(pair))
            for name, side, mine in zip(("left", "right"), sides, conclusion.sides, strict=True):
                theirs, own = float(as_floats(side)), _value(mine, quantities)
                if not _agree(own, theirs):
                    return f"its {name} side is {own:.9g}, the statement's {theirs:.9g}"
            for hypothesis in statement.hypotheses:
                if hypothesis.name in conclusion.margins:
                    theirs = float(as_floats(hypothesis.margin(pair)))
                    own = _value(parsed(conclusion.margins[hypothesis.name]), quantities)
                    if not _agree(own, theirs):
                        return f"{hypothesis.name} holds by {own:.9g}, in the statement by {theirs:.9g}"
        seen += 1
    return "" if seen >= min(_LEAST, len(statement.specimens) or _LEAST) else "no pairs were found to compare them on"


def _agree(own: float, theirs: float) -> bool:
    return abs(theirs - own) <= _AGREEMENT * (abs(theirs) + abs(own)) + _ROUNDING


def _value(expression: sp.Expr, quantities: Quantities) -> float:
    """Return the mean over inputs of a side, with the quantities' values for its names."""
    symbols = sorted(expression.free_symbols, key=str)
    values = [getattr(quantities, symbol.name) for symbol in symbols]
    return float(np.mean(sp.lambdify(symbols, expression, "numpy")(*values)))


def _pairs(statement: Statement) -> Iterator[Pair]:
    """Yield pairs of all shapes of the domain up to six labels, near each other and far, or the statement's specimens."""
    if statement.specimens:
        yield from (family.pair(family.parameter) for family in statement.specimens)
        return
    domain, rng = statement.domain, np.random.default_rng(0)
    for m in range(domain.dimensions[0], min(domain.dimensions[1], 3) + 1):
        for k in range(max(domain.labels[0], m + 1), min(domain.labels[1], 6) + 1):
            for n in _INPUTS:
                for size, apart in _SPREADS:
                    yield _drawn(rng, n, k, m, size, apart)


def _drawn(rng: np.random.Generator, n: int, k: int, m: int, size: float, apart: float) -> Pair:
    """Return a pair whose models differ by noise."""
    first = [size * rng.standard_normal(shape) for shape in ((n, m), (k, m))]
    second = [each + apart * size * rng.standard_normal(each.shape) for each in first]
    return Pair(Model(*first), Model(*second))
