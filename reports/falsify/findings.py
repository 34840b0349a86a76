"""Findings: refutations on disk, each a folder that is there whole or not at all.

A folder is named after the claim and the SHA-256 of the claim's name and sources and of the arrays of its two
violations. It is written under a name that begins with a dot and renamed when it is complete, so a run that is killed
leaves whole findings, and at most folders that the next run sweeps away.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import math
from functools import cache
from pathlib import Path
from types import ModuleType

import jinja2
import numpy as np

from reports.falsify.catalogue_claims import CatalogueClaims
from reports.falsify.claim_files import ClaimFile
from reports.shared.files import jsonable
from reports.shared.outcomes import claim_json
from reports.shared.rendering import slug
from reports.shared.versions import schema, version
from theory.arithmetic import plain_models, plain_theory
from theory.errors import InvalidInput
from theory.files import whole_folder
from theory.models import Pair
from theory.search.notation import expression
from theory.search.outcome import Outcome, Witness

SCHEMA = schema("finding", 1)
_TEMPLATES = Path(__file__).parent
_STAND_IN = {"theory": plain_theory, plain_models.__name__: plain_models}
"""What a script serves in place of `theory`, by the name under which it is imported there."""


# --------------------------------------------------------------------------- numbers to read


def literal(array: np.ndarray, indent: int = 0) -> str:
    """Return a matrix as nested lists of round-trip floats, one row a line."""
    if len(array) == 1:
        return repr(array.tolist())
    separator = ",\n" + " " * (indent + 1)
    return "[" + separator.join(repr(row) for row in array.tolist()) + "]"


def text_literal(text: str) -> str:
    """Return source text as a Python literal that can be read: a raw one where that is possible."""
    for quotes in ("'''", '"""'):
        raw = f"r{quotes}{text}{quotes}"
        with contextlib.suppress(SyntaxError, ValueError):
            if "\r" not in text and ast.literal_eval(raw) == text:
                return raw
    return "(\n" + "\n".join(f"    {line!r}" for line in text.splitlines(keepends=True) or [""]) + "\n)"


# --------------------------------------------------------------------------- the texts of a finding


@cache
def _template(name: str) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    # No escaping: these are Python, and every value is a literal by the time it gets here.
    environment = jinja2.Environment(
        loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters["literal"] = literal
    return environment.get_template(name)


def _violations(outcome: Outcome) -> tuple[Witness, Witness]:
    """Return the simplest and the worst violation."""
    if outcome.verdict != "refuted" or outcome.worst is None:
        raise InvalidInput(f"outcome: expected a refuted claim with its violation, saw {outcome.verdict!r}")
    return outcome.simplest or outcome.worst, outcome.worst


def repro_script(file: ClaimFile, outcome: Outcome) -> str:
    """Return a script that evaluates both violations with NumPy alone and exits 1 while either stands.

    Parameters
    ----------
    file
        Where the claim is made; its text and those of its own modules become part of the script. For a statement of
        the catalogue these are the modules of `theory` themselves, which NumPy alone can run.
    outcome
        Of a refuted claim.

    Raises
    ------
    InvalidInput
        If the claim is not refuted.
    """
    simplest, worst = _violations(outcome)
    recorded = [
        (repr(name), f"({', '.join(_float(x) for x in (w.lhs, w.lhs_error, w.rhs, w.rhs_error))})")
        for name, w in (("simplest", simplest), ("worst", worst))
    ]
    catalogue = isinstance(file, CatalogueClaims)
    texts = file.texts_of(outcome.name)
    return _template("repro.py.txt").render(
        version=version(),
        claim=repr(outcome.name),
        title=repr(outcome.title) if catalogue else "",
        catalogue=catalogue,
        module=repr(file.module_of(outcome.name)),
        attribute=repr(file.attributes[outcome.name]),
        pairs=[("SIMPLEST", simplest.pair), ("WORST", worst.pair)],
        recorded=recorded,
        packages=repr(sorted(file.packages)),
        sources=[(repr(name), text_literal(text)) for name, text in texts.items()],
        stand_in=[]
        if catalogue
        else [(repr(name), text_literal(_text_of(module))) for name, module in _STAND_IN.items()],
    )


def _text_of(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _float(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else f"float({str(float(value))!r})"


def example_script(file: ClaimFile, outcome: Outcome) -> str:
    """Return a pytest module that fails while the violation stands.

    Parameters
    ----------
    file
        Where the claim is made; it is loaded from there when the test runs.
    outcome
        Of a refuted claim.

    Raises
    ------
    InvalidInput
        If the claim is not refuted.
    """
    simplest, worst = _violations(outcome)
    domain = file.claims[outcome.name].domain
    relative = [abs(w.margin) / (abs(w.lhs) + abs(w.rhs)) for w in (simplest, worst) if w.lhs or w.rhs]
    return _template("example.py.txt").render(
        path=repr(str(file.path)),
        catalogue=isinstance(file, CatalogueClaims),
        source=file.source_of(outcome.name) if isinstance(file, CatalogueClaims) else "",
        attribute=repr(file.attributes[outcome.name]),
        domain=repr(domain),
        explicit_only=domain.labels[1] <= domain.dimensions[0],
        slack=repr(min([1e-9, *(x / 2 for x in relative if math.isfinite(x))])),
        simplest=expression(simplest.pair),
        worst=expression(worst.pair),
    )


# --------------------------------------------------------------------------- the folder


def finding_name(file: ClaimFile, outcome: Outcome) -> str:
    """Return the name of a finding's folder, which depends on what was found and not on when or how."""
    found = hashlib.sha256(f"{outcome.name}\0{file.digest}\0".encode())
    for witness in _violations(outcome):
        for array in _arrays(witness.pair).values():
            found.update(f"{array.shape}".encode())
            found.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return f"{slug(outcome.name)}-{found.hexdigest()[:16]}"


def _arrays(pair: Pair) -> dict[str, np.ndarray]:
    return {
        f"{side}_{name}": np.asarray(getattr(model, name))
        for side, model in (("a", pair.a), ("b", pair.b))
        for name in ("embeddings", "unembeddings")
    }


def write_finding(folder: Path, file: ClaimFile, outcome: Outcome) -> Path:
    """Write a finding, unless it is there, and return its folder.

    Parameters
    ----------
    folder
        Of all findings.
    file, outcome
        A refuted claim.

    Raises
    ------
    InvalidInput
        If the claim is not refuted.
    """
    target = folder / finding_name(file, outcome)
    if target.is_dir():
        return target
    simplest, worst = _violations(outcome)
    with whole_folder(target) as temporary:
        record = {
            "schema": SCHEMA,
            "claim": claim_json(outcome),
            "file": file.path.name,
            "sources": file.digest,
            "logitbounds": version(),
        }
        texts = {
            "finding.json": json.dumps(jsonable(record), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
            "repro.py": repro_script(file, outcome),
            "example.py": example_script(file, outcome),
        }
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
        arrays = _arrays(simplest.pair) | {f"worst_{name}": array for name, array in _arrays(worst.pair).items()}
        np.savez(temporary / "pair.npz", allow_pickle=False, **arrays)
    return target
