"""Proofs run and written down: as text, as JSON and as a page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial

import numpy as np

from reports.shared.versions import schema, version
from theory.catalogue import theorem, theorems
from theory.catalogue.proofs import attempts_at, checked_proofs, conclusion_of, proofs_of
from theory.errors import InvalidInput
from theory.formal import FormalProof, formal_statements
from theory.proofs import verifier
from theory.proofs.certificates import Certificate, certify, counterexample, rounded
from theory.proofs.steps import Checked, Obligation, Status, checked
from theory.statements import Theorem
from theory.workers import spreading

SCHEMA = schema("proofs", 1)
_LONGEST = 1500  # characters of a part of an obligation that are shown


@dataclass(frozen=True)
class TheoremProved:
    """What became of the proofs of one theorem.

    Attributes
    ----------
    identifier, title
        Of the theorem.
    proofs
        Of its statements.
    attempts
        At its false twins.
    without
        Names of its false twins of which no proof was attempted.
    seconds
        Taken.
    formal
        What is proved in Coq, by the names of its statements.
    """

    identifier: str
    title: str
    proofs: tuple[Checked, ...]
    attempts: tuple[Checked, ...]
    without: tuple[str, ...]
    seconds: float
    formal: Mapping[str, FormalProof] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """That of the weakest proof."""
        found = {proof.status for proof in self.proofs} or {Status.NOT_PROVED}
        return next(status for status in (Status.NOT_PROVED, Status.CITED, Status.PROVED) if status in found)

    @property
    def failed(self) -> bool:
        """Whether a proof did not go through, or the attempt at a false twin did."""
        return self.status is Status.NOT_PROVED or any(one.status is not Status.NOT_PROVED for one in self.attempts)


def chosen(name: str) -> tuple[str, str | None]:
    """Split ``T5`` or ``T5::statement``, where the statement may be a false twin.

    Raises
    ------
    InvalidInput
        If there is no such theorem or statement.
    """
    identifier, _, statement = name.partition("::")
    known = theorem(identifier.upper())
    if not statement:
        return known.identifier, None
    names = [proof.statement for proof in (*proofs_of(known.identifier), *attempts_at(known.identifier))]
    twins = [twin.statement.name for twin in known.twins]
    if statement not in (*names, *twins):
        raise InvalidInput(f"{name}: expected a statement of {known.identifier} among {', '.join([*names, *twins])}")
    return known.identifier, statement


def prove(identifier: str, statement: str | None = None, known: Theorem | None = None) -> TheoremProved:
    """Check the proofs of a theorem, and the attempts at its false twins; or those of one statement of it.

    Parameters
    ----------
    identifier, statement
        Which; by default all statements.
    known
        What the proofs are held against; by default the theorem as the catalogue has it.

    Raises
    ------
    InvalidInput
        If there is no such theorem.
    """
    began = time.perf_counter()
    known = theorem(identifier) if known is None else known
    attempts = [proof for proof in attempts_at(identifier) if statement in (None, proof.statement)]
    tried = {proof.statement for proof in attempts_at(identifier)}
    without = [
        twin.statement.name for twin in known.twins
        if twin.statement.name not in tried and statement in (None, twin.statement.name)
    ]  # fmt: skip
    return TheoremProved(
        identifier,
        known.title,
        checked_proofs(known, statement),
        tuple(checked(proof) for proof in attempts),
        tuple(without),
        time.perf_counter() - began,
        {name: proof for name, proof in formal_statements(identifier).items() if statement in (None, name)},
    )


def prove_all(report: Callable[[str, int, int], None] | None = None) -> tuple[TheoremProved, ...]:
    """Check the proofs of the whole catalogue, on all cores.

    Parameters
    ----------
    report
        Told which theorem is done, how many are, and how many there are.
    """
    names = list(theorems())
    done = []
    with spreading(os.cpu_count() or 1) as spread:
        for _, found in spread([partial(prove, name) for name in names]):
            done.append(found)
            if report is not None:
                report(found.identifier, len(done), len(names))
    return tuple(sorted(done, key=lambda found: names.index(found.identifier)))


def certificates(found: TheoremProved, pairs: int = 3, seed: int = 0) -> Iterator[Certificate]:
    """Yield certificates: best constants for random unembeddings, and a counterexample to each quadratic false twin.

    Parameters
    ----------
    found
        The theorem.
    pairs, seed
        How many pairs of unembeddings, and which.
    """
    if found.identifier not in verifier.TRUE:
        return
    if found.proofs:
        for stream in np.random.default_rng(seed).spawn(pairs):
            m, other = (int(x) for x in stream.integers(1, 4, 2))
            k = int(stream.integers(max(m, other) + 1, 9))
            first, second = (rounded(name, stream.normal(size=(k, d))) for name, d in (("first", m), ("second", other)))
            probe = rounded("probe", stream.normal(size=(1, m)))[0] if found.identifier == "T8" else None
            yield certify(found.identifier, first, second, probe)
    named = {attempt.proof.statement for attempt in found.attempts} | set(found.without)
    for theorem_, twin in verifier.FALSE:
        if theorem_ == found.identifier and twin in named:
            refuted = counterexample(theorem_, twin)
            if refuted is not None:
                yield refuted


def as_text(found: TheoremProved) -> str:
    """Return the proofs of a theorem as a person would write them down, with the status of each step.

    Of an attempt at a false twin beside proofs of statements, only where it fails.
    """
    lines = [f"{found.identifier}. {found.title}", ""]
    for one in found.proofs:
        lines += [
            f"Proof of {one.proof.statement}: {one.status}",
            f"  {claim(one)}",
            *(f"  {line}" for line in tie(one)),
            "",
            *_steps(one),
            "",
        ]
    for formal in found.formal.values():
        lines += [f"Formal proof of {formal.statement}: {accepted_by(formal)}", ""]
        lines += [f"  {line}" if line else "" for line in formal.definition.splitlines()] + [""]
    for one in found.attempts:
        lines += [f"Attempt at the false twin {one.proof.statement}: {one.status}", f"  {one.proof.claim}"]
        lines += [*_steps(one, failing=bool(found.proofs)), ""]
    lines += [f"False twin {twin}: not proved; no proof of it was attempted." for twin in found.without]
    return "\n".join(lines).rstrip() + "\n"


def claim(one: Checked) -> str:
    """Return what is proved, in LaTeX: that of the catalogue's statement, where the proof is tied to one."""
    if one.problem or ":" in one.proof.statement:
        return one.proof.claim
    return next(
        (each.latex for each in theorem(one.proof.theorem).statements if each.name == one.proof.statement),
        one.proof.claim,
    )


def concludes(one: Checked) -> str:
    """Return the conclusion as it was compared with the statement; nothing for proofs that are of no statement."""
    found = conclusion_of(one.proof)
    return found.says if found is not None else ""


def tie(one: Checked) -> Iterator[str]:
    """Yield what ties a proof to its statement, and how much of it is read."""
    if one.problem:
        yield f"not proved: {one.problem}"
    if concludes(one):
        yield f"Concludes, averaged over inputs: {concludes(one)}"
    if one.reading:
        yield f"Read, not checked, in the last step: {'; '.join(one.reading)}"
    if one.read:
        yield f"Read, not checked: {len(one.read)} premise(s) in other letters than the step they come from"


def accepted_by(formal: FormalProof) -> str:
    """Return in words which proof has been accepted, and by what."""
    sharp = f", {formal.sharp} that no smaller constant will do" if formal.sharp else ""
    return f"accepted by Coq {formal.coq} as {formal.proof}{sharp}; axioms: those of the real numbers"


def _steps(one: Checked, failing: bool = False) -> Iterator[str]:
    """Yield the steps of a proof, or those that fail."""
    for number, (step, discharge) in enumerate(zip(one.proof.steps, one.discharges, strict=True), 1):
        if failing and discharge.status is not Status.NOT_PROVED:
            continue
        rests = f" [from {', '.join(step.uses)}]" if step.uses else ""
        yield f"  {number}. {step.name}{rests}: {step.statement}"
        yield f"     {step.obligation.method}, {discharge.status} ({step.covers}): {discharge.detail}"
        if step.remark:
            yield f"     {step.remark}"


def obligation_text(obligation: Obligation) -> str:
    """Return what a machine has checked, as it stands: the reader's judgement is that the step follows from it."""
    lines = [type(obligation).__name__]
    for part in fields(obligation):  # type: ignore[arg-type]
        value = getattr(obligation, part.name)
        text = "computed when it is checked" if callable(value) and not hasattr(value, "free_symbols") else str(value)
        lines.append(f"  {part.name}: {text if len(text) <= _LONGEST else text[:_LONGEST] + ' ...'}")
    return "\n".join(lines)


def as_json(found: tuple[TheoremProved, ...]) -> dict[str, object]:
    """Return everything as JSON."""
    return {
        "schema": SCHEMA,
        "version": version(),
        "theorems": [
            {
                "id": one.identifier,
                "title": one.title,
                "status": str(one.status),
                "seconds": one.seconds,
                "proofs": [_proof_json(proof) for proof in one.proofs],
                "formal": [asdict(formal) for formal in one.formal.values()],
                "twins": [
                    *(_proof_json(proof) for proof in one.attempts),
                    *({"statement": twin, "status": str(Status.NOT_PROVED), "steps": []} for twin in one.without),
                ],
            }
            for one in found
        ],
    }


def _proof_json(one: Checked) -> dict[str, object]:
    return {
        "statement": one.proof.statement,
        "claim": claim(one),
        "status": str(one.status),
        "problem": one.problem,
        "concludes": concludes(one),
        "read_in_the_last_step": list(one.reading),
        "read_premises": list(one.read),
        "steps": [
            {
                "name": step.name,
                "statement": step.statement,
                "method": step.obligation.method,
                "uses": list(step.uses),
                "covers": step.covers,
                "remark": step.remark,
                "obligation": obligation_text(step.obligation),
                "status": str(discharge.status),
                "detail": discharge.detail,
            }
            for step, discharge in zip(one.proof.steps, one.discharges, strict=True)
        ],
    }
