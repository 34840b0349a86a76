"""What has been proved in Coq: kept in a small file beside the proofs, believed only while it fits the catalogue."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from theory.catalogue import theorem as theorem_of
from theory.errors import InvalidInput
from theory.files import write_whole
from theory.formal.counterparts import COUNTERPARTS, Counterpart
from theory.formal.statements import DIGITS, FormalStatement, formal_statement
from theory.statements import Theorem

HERE = Path(__file__).parent
RECORD = HERE / "record.json"
SCHEMA = "logitbounds/formal/1"


@dataclass(frozen=True)
class FormalProof:
    """A statement of the catalogue that a kernel has accepted.

    Attributes
    ----------
    theorem, statement
        Of the catalogue.
    definition
        The statement in Coq.
    proof, sharp
        Names of what is proved: of the statement, and that no smaller constant will do (empty where it is not proved).
    axioms
        What both rest on.
    coq
        The version of the proof assistant.
    """

    theorem: str
    statement: str
    definition: str
    proof: str
    sharp: str
    axioms: tuple[str, ...]
    coq: str


def formal_statements(identifier: str) -> Mapping[str, FormalProof]:
    """Return the statements of a theorem that are proved in Coq exactly as the catalogue has them, by name.

    Parameters
    ----------
    identifier
        "T1", "T2", ...

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    return formal_statements_of_theorem(theorem_of(identifier))


def formal_statements_of_theorem(theorem: Theorem) -> Mapping[str, FormalProof]:
    """Return what is proved in Coq of a theorem as it is handed in, by the names of its statements."""
    record = read()
    if not record or record["sources"] != sources_digest():
        return {}
    found = {}
    for entry in record["statements"]:
        if entry["theorem"] == theorem.identifier:
            counterpart = _counterpart(entry["theorem"], entry["statement"])
            current = None if counterpart is None else _current(theorem, counterpart)
            if current is not None and _agrees(entry, current):
                found[entry["statement"]] = _proof(entry, current, record)
    return found


def outdated_statements(theorem: Theorem) -> tuple[str, ...]:
    """Return the statements of a theorem that are recorded as proved in Coq, and have changed since."""
    recorded = [entry["statement"] for entry in read().get("statements", ()) if entry["theorem"] == theorem.identifier]
    current = formal_statements_of_theorem(theorem)
    return tuple(name for name in recorded if name not in current)


# --------------------------------------------------------------------------- the file


def read(path: Path = RECORD) -> dict[str, Any]:
    """Return the record; empty where there is none.

    Raises
    ------
    InvalidInput
        If it is none of ours.
    """
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("schema") != SCHEMA:
        raise InvalidInput(f"{path}: expected schema {SCHEMA}, saw {content.get('schema')!r}")
    return dict(content)


def write(
    statements: Sequence[FormalStatement], coq: str, axioms: Mapping[str, Sequence[str]], path: Path = RECORD
) -> None:
    """Record what has been proved.

    Parameters
    ----------
    statements
        All of them.
    coq
        The version of the proof assistant.
    axioms
        What each proof rests on, by its name.
    path
        Of the file.
    """
    entries = [
        {
            "theorem": each.counterpart.theorem,
            "statement": each.counterpart.statement,
            "proof": each.counterpart.full_proof,
            "sharp": each.counterpart.full_sharp_proof,
            "digest": statement_digest(each),
            "values": list(each.values),
        }
        for each in statements
    ]
    content = {
        "schema": SCHEMA,
        "coq": coq,
        "axioms": sorted({axiom for found in axioms.values() for axiom in found}),
        "sources": sources_digest(),
        "statements": entries,
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")


@cache
def sources_digest(folder: Path = HERE) -> str:
    """Return the hash of all definitions and proofs written by hand."""
    found = hashlib.sha256()
    for path in sorted(folder.glob("*.v")):
        found.update(f"{path.name}\n".encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()


def statement_digest(statement: FormalStatement) -> str:
    """Return the hash of a statement and of its example, without the values that Python finds."""
    parts = (statement.definition, statement.models, *statement.sides)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


# --------------------------------------------------------------------------- what is believed


def _counterpart(theorem: str, statement: str) -> Counterpart | None:
    return next((each for each in COUNTERPARTS if (each.theorem, each.statement) == (theorem, statement)), None)


def _current(theorem: Theorem, counterpart: Counterpart) -> FormalStatement | None:
    """Return a statement as it stands; None where it can no longer be said in Coq."""
    try:
        return formal_statement(theorem, counterpart)
    except InvalidInput:
        return None


def _agrees(entry: Mapping[str, Any], current: FormalStatement) -> bool:
    """Whether a statement is still the recorded one, and its sides have the values that were compared."""
    tolerance = 10.0**-DIGITS
    return entry["digest"] == statement_digest(current) and all(
        math.isclose(then, now, rel_tol=0.0, abs_tol=tolerance)
        for then, now in zip(entry["values"], current.values, strict=True)
    )


def _proof(entry: Mapping[str, Any], current: FormalStatement, record: Mapping[str, Any]) -> FormalProof:
    return FormalProof(
        entry["theorem"], entry["statement"], current.definition, entry["proof"], entry["sharp"],
        tuple(record["axioms"]), record["coq"],
    )  # fmt: skip
