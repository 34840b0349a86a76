"""``make formal``: write the statements from the catalogue, let Coq check the proofs, and record what it has accepted.

``python -m theory.formal.build`` builds in a folder of its own, prints every theorem with what it rests on, and lets
``coqchk``, a checker apart from the compiler, go through all of it again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from theory.errors import InvalidInput
from theory.files import write_whole
from theory.formal import record
from theory.formal.statements import FormalStatement, examples_file, formal_statements_of, statements_file

AXIOMS = (
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)
"""Those of Coq's real numbers: nothing else may be assumed."""

TOOLS = ("coqc", "coqchk", "coq_makefile", "make")
TO_INSTALL = "Coq 8.16 or newer with coquelicot and interval (Debian: coq libcoq-coquelicot libcoq-interval make)"
FOLDER = Path("runs/formal")
BASE = ("Sums", "Softmax", "Scalars", "Kl", "Evaluation")
"""Files beside those of the theorems."""

_HEADING = re.compile(r"^(Axioms:|Closed under the global context)", re.MULTILINE)


class Refused(Exception):
    """Coq does not accept what it was given; the message says where."""


def missing_tools() -> tuple[str, ...]:
    """Return which of the programs that a build needs are not there."""
    return tuple(tool for tool in TOOLS if shutil.which(tool) is None)


def write_sources(folder: Path, statements: Sequence[FormalStatement]) -> None:
    """Put everything that is compiled into a folder.

    What has not changed is left alone, so that it is not compiled again.
    """
    names = tuple(dict.fromkeys(each.counterpart.theorem for each in statements))
    of = {name: [each for each in statements if each.counterpart.theorem == name] for name in names}
    files = {f"{name}.v": (record.HERE / f"{name}.v").read_text(encoding="utf-8") for name in (*BASE, *names)}
    files["Statements.v"] = statements_file(statements)
    files |= {f"Examples{name}.v": examples_file(each) for name, each in of.items()}
    project = ["-Q . Formal", "-arg -w -arg -ambiguous-paths", *sorted(files)]
    files["_CoqProject"] = "\n".join(project) + "\n"
    files["Theorems.v"] = theorems_file(statements)  # compiled last, for what it prints
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)


def theorems_file(statements: Sequence[FormalStatement]) -> str:
    """Return Theorems.v: each proof is of exactly its statement, and says what it rests on."""
    lines = ["(** Written by `make formal`: every theorem is of its statement. *)", ""]
    lines += [
        f"From Formal Require Statements {' '.join(dict.fromkeys(each.counterpart.theorem for each in statements))}."
    ]
    for statement, proof in claims(statements).items():
        lines += ["", f"Definition {statement} : Statements.{statement} := {proof}.", f"Print Assumptions {statement}."]
    return "\n".join(lines) + "\n"


def claims(statements: Sequence[FormalStatement]) -> dict[str, str]:
    """Return the names of all propositions with those of their proofs."""
    found = {}
    for counterpart in (each.counterpart for each in statements):
        found[counterpart.definition] = counterpart.full_proof
        if counterpart.sharp_proof:
            found[f"{counterpart.definition}_sharp"] = counterpart.full_sharp_proof
    return found


def build(folder: Path, statements: Sequence[FormalStatement], jobs: int) -> Mapping[str, tuple[str, ...]]:
    """Compile everything, and return the axioms that each theorem rests on, by its name.

    Raises
    ------
    InvalidInput
        If Coq is not there.
    Refused
        If it does not accept something, or something rests on more than the axioms of the real numbers.
    """
    if missing := missing_tools():
        raise InvalidInput(f"{', '.join(missing)} not found: install {TO_INSTALL}")
    write_sources(folder, statements)
    _run(folder, "coq_makefile", "-f", "_CoqProject", "-o", "Makefile")
    _run(folder, "make", "--no-print-directory", f"-j{jobs}")
    printed = _run(folder, "coqc", "-w", "-ambiguous-paths", "-Q", ".", "Formal", "Theorems.v")
    axioms = axioms_in(printed, tuple(claims(statements)))
    check_axioms({axiom for found in axioms.values() for axiom in found})
    checked = _run(folder, "coqchk", "-silent", "-o", "-Q", ".", "Formal", "Formal.Theorems")
    check_axioms(set(re.findall(r"^ {4}(\S+)$", checked.partition("* Axioms:")[2].partition("\n* ")[0], re.MULTILINE)))
    return axioms


def axioms_in(output: str, theorems: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what `Print Assumptions` says of each theorem, in their order.

    Raises
    ------
    Refused
        If it does not speak of every theorem.
    """
    parts = _HEADING.split(output)[1:]
    found = [
        tuple(sorted(re.findall(r"^(\S+)(?: :|$)", body, re.MULTILINE))) if heading == "Axioms:" else ()
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    ]
    if len(found) != len(theorems):
        raise Refused(f"{len(theorems)} theorems were asked for what they rest on, {len(found)} answered")
    return dict(zip(theorems, found, strict=True))


def check_axioms(found: set[str]) -> None:
    """Make sure that nothing is assumed beside the axioms of the real numbers.

    Raises
    ------
    Refused
        If something else is.
    """
    unknown = {axiom for axiom in found if not any(axiom == known or axiom.endswith(f".{known}") for known in AXIOMS)}
    if unknown:
        raise Refused(f"more is assumed than the axioms of the real numbers: {', '.join(sorted(unknown))}")


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"{command[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def coq_version() -> str:
    """Return the version of Coq."""
    return subprocess.run(["coqc", "-print-version"], capture_output=True, text=True, check=True).stdout.split()[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build and record; return an exit status: 0 accepted, 1 refused, 2 Coq is missing."""
    parser = argparse.ArgumentParser(prog="python -m theory.formal.build", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="where to build  [default: %(default)s]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many files are compiled at once")
    parser.add_argument("--record", type=Path, default=record.RECORD, help="where to record  [default: in the package]")
    chosen = parser.parse_args(arguments)
    try:
        statements = formal_statements_of()
        axioms = build(chosen.out, statements, chosen.jobs)
    except InvalidInput as error:
        print(f"formal: {error}", file=sys.stderr)
        return 2
    except Refused as error:
        print(f"formal: refused. {error}", file=sys.stderr)
        return 1
    for each in statements:
        sharp = f" (sharp: {each.counterpart.full_sharp_proof})" if each.counterpart.full_sharp_proof else ""
        print(f"{each.counterpart.theorem} {each.counterpart.statement}: {each.counterpart.full_proof}{sharp}")
    print("axioms: " + ", ".join(sorted({axiom for found in axioms.values() for axiom in found})))
    print(f"{len(axioms)} theorems, no other axiom; coqchk has gone through all of them")
    record.write(statements, coq_version(), axioms, chosen.record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
