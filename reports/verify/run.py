"""The main job: verify the whole catalogue, state it on trained models, and write what was found."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.shared.certificates import Certificate, certificates, of_embeddings, of_labels, of_vacuous, values_of
from reports.shared.versions import schema, versions
from theory.catalogue import theorems
from theory.errors import InvalidInput
from theory.evidence import Evidence
from theory.formal import formal_statements_of_theorem, outdated_statements
from theory.guarantees import Guarantee, Sorted, guarantees, sort_by_use
from theory.models import Pair
from theory.search.outcome import Outcome, Witness
from theory.search.plan import Plan
from theory.search.verification import PROFILES, SHARP, StatementReport, TheoremReport, TwinReport, verify_theorem
from theory.statements import Theorem
from theory.workers import spreading

if TYPE_CHECKING:
    from empirics.digits_pairs import DistilledPair
    from theory.proofs.steps import Checked

SCHEMA = schema("verify", 1)
_PACKAGES = ("torch", "scikit-learn", "python-flint", "mpmath", "sympy", "hypothesis")  # beside NumPy


@dataclass(frozen=True)
class RealModel:
    """A trained pair with what is certain of it, and the guarantees that follow on it."""

    name: str
    pair: Pair
    teacher_accuracy: float
    student_accuracy: float
    values: Mapping[str, float | None]
    guarantees: tuple[Guarantee, ...]

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """What KL certifies, beside the truth."""
        return certificates(self.values, self.values["kl_divergence"], self.pair.k)

    @property
    def sorted(self) -> Sorted:
        """The guarantees, by what they are good for."""
        return sort_by_use(self.guarantees)

    @property
    def answer(self) -> tuple[str, str]:
        """What is certain of top labels and of embeddings, in words."""
        return of_labels(self.values, f"{self.pair.n:,} inputs"), of_embeddings(self.values, self.guarantees)


@dataclass(frozen=True)
class VerificationRun:
    """Everything a verification found.

    Attributes
    ----------
    profile, seed, seconds
        How it was run and how long it took.
    theorems
        One report per theorem, in the order of the catalogue.
    real
        Trained pairs and the two sides of every statement on them.
    versions
        Of this package, Python and what the numbers depend on.
    unproved
        Steps of proofs that were not discharged, and proofs that are of another statement.
    outdated
        Statements that were proved in Coq, and are no longer what was.
    read
        How many premises of each proof are read, not checked: what `proved` trusts, see docs/proofs.md.
    """

    profile: str
    seed: int
    seconds: float
    theorems: tuple[TheoremReport, ...]
    real: tuple[RealModel, ...]
    versions: Mapping[str, str]
    unproved: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    @property
    def failures(self) -> list[str]:
        """What went wrong, one line each; empty when everything held and every twin fell."""
        lines = [f"{step}: not proved" for step in self.unproved]
        lines += [f"{statement}: changed since Coq accepted it (make formal)" for statement in self.outdated]
        for report in self.theorems:
            name = report.theorem.identifier
            lines += [f"{name} {s.statement.name}: {_why_not(s)}" for s in report.statements if not s.held]
            lines += [f"{name} {a.name}: expected {a.expected}, got {a.got:.6g}" for a in report.answers if not a.ok]
            lines += [f"{name} false twin {t.twin.name}: not refuted" for t in report.twins if not t.refuted]
        for model in self.real:
            lines += [
                f"{g.theorem} {g.statement}: violated on {model.name} ({g.truth:.6g} > {g.bound})"
                for g in model.guarantees
                if g.holds is False
            ]
        return lines


def _why_not(report: StatementReport) -> str:
    outcome = report.outcome
    if outcome.verdict == "refuted" and outcome.worst is not None:
        lhs, rhs = enclosures(outcome.worst)
        return f"refuted by {outcome.worst.found_in}: {lhs[0]:.9g} > {rhs[1]:.9g}"
    short = {name: share for name, share in report.sharpness.items() if share < SHARP}
    if outcome.verdict == "survived" and short:
        return "the constant is not attained: " + ", ".join(
            f"{name} reaches {share:.4f}" for name, share in short.items()
        )
    return outcome.message


def enclosures(witness: Witness) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return intervals that hold the true sides of a violation."""
    sides = (witness.lhs, witness.lhs_error), (witness.rhs, witness.rhs_error)
    first, second = ((side - error, side + error) for side, error in sides)
    return first, second


def _verify(theorem: Theorem, profile: Plan, seed: int) -> tuple[str, TheoremReport]:
    import torch

    torch.set_num_threads(1)
    return theorem.identifier, verify_theorem(theorem, profile, seed)


def _prove(identifier: str) -> tuple[str, tuple[Checked, ...]]:
    """Check the proofs of a theorem."""
    from theory.catalogue.proofs import checked_proofs

    return f"proof of {identifier}", checked_proofs(theorems()[identifier])


def _with_proofs(report: TheoremReport, proofs: tuple[Checked, ...]) -> TheoremReport:
    """Raise the evidence for statements that held and have a proof that is theirs, by steps or accepted by Coq."""
    proved = {one.proof.statement for one in proofs if one.status == "proved"}
    formal = formal_statements_of_theorem(report.theorem)
    statements = []
    for each in report.statements:
        evidence, name = each.outcome.evidence, each.statement.name
        if each.held and name in formal:
            evidence = Evidence.FORMAL
        elif each.held and name in proved:
            evidence = Evidence.PROVED
        statements.append(replace(each, outcome=replace(each.outcome, evidence=evidence)))
    return replace(report, statements=tuple(statements))


def _unproved(proofs: tuple[Checked, ...]) -> Iterator[str]:
    for one in proofs:
        if one.problem:
            yield f"{one.proof.theorem} {one.proof.statement} ({one.problem})"
        for step, discharge in zip(one.proof.steps, one.discharges, strict=True):
            if discharge.status == "not proved":
                yield f"{one.proof.theorem} {one.proof.statement}, step {step.name} ({discharge.detail})"


def _read(proofs: tuple[Checked, ...]) -> Iterator[str]:
    for one in proofs:
        if one.status == "proved" and (one.read or one.reading):
            name = f"{one.proof.theorem} {one.proof.statement}"
            yield f"{name}: {len(one.read)} premises and {len(one.reading)} names of the last step read, not checked"


def _distil(seed: int) -> tuple[str, tuple[DistilledPair, ...]]:
    import torch

    from empirics.digits_pairs import digits_pairs

    torch.set_num_threads(1)
    return "digits", digits_pairs(seed, losses=("kl", "l1", "l2"))


def _stated(distilled: tuple[DistilledPair, ...]) -> tuple[RealModel, ...]:
    return tuple(
        RealModel(
            f"digits: {item.name} student", item.pair, item.teacher_accuracy, item.student_accuracy,
            values_of(item.pair), tuple(guarantees(item.pair)),
        )
        for item in distilled
    )  # fmt: skip


def run_verification(
    profile: str = "quick",
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    workers: int | None = None,
    catalogue: Mapping[str, Theorem] | None = None,
) -> VerificationRun:
    """Verify the catalogue and state it on models trained here.

    Parameters
    ----------
    profile
        One of `theory.search.verification.PROFILES`.
    seed
        Same seed, same verdicts, however many workers.
    progress
        Told what has just ended, how many tasks are done and how many there are.
    workers
        Processes; by default the number of cores, at most eight.
    catalogue
        The theorems; by default all of them.

    Returns
    -------
    VerificationRun
        Theorems in the order of the catalogue.

    Raises
    ------
    InvalidInput
        If there is no such profile, or `seed` is not a non-negative integer.
    """
    if profile not in PROFILES:
        raise InvalidInput(f"profile: expected one of {', '.join(PROFILES)}, saw {profile!r}")
    started = time.perf_counter()
    chosen = theorems() if catalogue is None else catalogue
    # Slow theorems first, so that no core idles at the end.
    order = sorted(chosen.values(), key=lambda theorem: -len(theorem.statements) - len(theorem.twins))
    tasks: list[partial[tuple[str, Any]]] = [partial(_distil, seed)]
    tasks += [partial(_verify, theorem, PROFILES[profile], seed) for theorem in order]
    # The proofs are of the catalogue's own theorems, and say nothing of others.
    provable = [] if catalogue is not None else list(chosen)
    tasks += [partial(_prove, identifier) for identifier in provable]
    done: dict[str, Any] = {}
    with spreading(workers or min(8, os.cpu_count() or 1)) as spread:
        for _, (name, result) in spread(tasks):
            done[name] = result
            if progress is not None:
                progress(name, len(done), len(tasks))
    return VerificationRun(
        profile=profile,
        seed=seed,
        seconds=time.perf_counter() - started,
        theorems=tuple(_with_proofs(done[name], done.get(f"proof of {name}", ())) for name in chosen),
        real=_stated(done["digits"]),
        versions=versions(*_PACKAGES),
        unproved=tuple(line for name in provable for line in _unproved(done[f"proof of {name}"])),
        outdated=tuple(f"{name} {each}" for name in provable for each in outdated_statements(chosen[name])),
        read=tuple(line for name in provable for line in _read(done[f"proof of {name}"])),
    )


# --------------------------------------------------------------------------- JSON


def as_json(run: VerificationRun) -> dict[str, object]:
    """Return the contents of report.json."""
    return {
        "schema": SCHEMA,
        "profile": run.profile,
        "seed": run.seed,
        "seconds": round(run.seconds, 3),
        "ok": not run.failures,
        "failures": run.failures,
        "proved_but_read": list(run.read),
        "theorems": [_theorem_json(report, run.real) for report in run.theorems],
        "real_models": [
            {
                "pair": model.name,
                "teacher_accuracy": model.teacher_accuracy,
                "student_accuracy": model.student_accuracy,
                "log10_tau": float(model.pair.log_min_probability) / math.log(10),
                "answer": list(model.answer),
                "certificates": [asdict(one) for one in model.certificates],
                "vacuous": of_vacuous(model.sorted),
            }
            for model in run.real
        ],
        "versions": dict(run.versions),
    }


def sharp_constant(report: TheoremReport) -> float | None:
    """Return the main statement's constant at its first extremal family; None where it is not sharp."""
    main = report.theorem.main
    if not main.sharp:
        return None
    family = main.sharp[0]
    return float(main.constant(family.pair(family.parameter)))


def _theorem_json(report: TheoremReport, real: tuple[RealModel, ...]) -> dict[str, object]:
    identifier = report.theorem.identifier
    main = report.statements[0]
    return {
        "id": identifier,
        "title": report.theorem.title,
        "held": report.held,
        "evidence": evidence_word(main.outcome),
        "worst_ratio": worst_ratio(main.outcome),
        "sharp_constant": sharp_constant(report),
        "twins": [_twin_json(twin) for twin in report.twins],
        "known_answers": [
            {
                "name": a.name,
                "expected": float(a.expected),
                "got": a.got,
                "ok": a.ok,
                "printed": a.expected,
                "source": a.source,
            }
            for a in report.answers
        ],
        "real": _real_json(identifier, real),
        "statements": [_statement_json(statement) for statement in report.statements],
    }


def _real_json(identifier: str, real: tuple[RealModel, ...]) -> list[dict[str, object]]:
    return [
        {
            "pair": model.name,
            "statement": g.statement,
            "lhs": g.truth,
            "rhs": g.bound,
            "vacuous": bool(g.vacuous),
            "orders": g.orders,
            "reason": g.reason,
        }
        for model in real
        for g in model.guarantees
        if g.theorem == identifier and g.applies
    ]


def _statement_json(report: StatementReport) -> dict[str, object]:
    outcome = report.outcome
    return {
        "name": report.statement.name,
        "formula": report.statement.latex,
        "relation": report.statement.relation,
        "held": report.held,
        "evidence": evidence_word(outcome),
        "worst_ratio": worst_ratio(outcome),
        "worst_stratum": outcome.worst.found_in if outcome.worst else "",
        "sharpness": dict(report.sharpness),
        "evaluated": outcome.evaluations,
        "not_applicable": outcome.not_applicable,
        "checked_in_balls": outcome.checks,
        "undecided": outcome.undecided,
        "strata": {name: seen.best for name, seen in outcome.strata.items()},
        **_violation_json(outcome),
    }


def _twin_json(report: TwinReport) -> dict[str, object]:
    return {
        "name": report.twin.name,
        "refuted": report.refuted,
        "formula": report.twin.statement.latex,
        "why": report.twin.why,
        **_violation_json(report.outcome),
    }


def evidence_word(outcome: Outcome) -> str | None:
    """Return how strongly a verdict is known, or None where there is none: the statement applied to nothing."""
    return None if outcome.evidence is None else str(outcome.evidence)


def worst_ratio(outcome: Outcome) -> float | None:
    """Return the largest lhs / rhs that was met, or None where there was none."""
    return None if outcome.worst is None else outcome.worst.ratio


def _violation_json(outcome: Outcome) -> dict[str, object]:
    witness = outcome.worst
    if outcome.verdict != "refuted" or witness is None:
        return {"refutation": None, "found_by": None, "lhs": None, "rhs": None, "counterexample": None}
    lhs, rhs = enclosures(witness)
    return {
        "refutation": str(outcome.evidence),
        "found_by": witness.found_in,
        "lhs": list(lhs),
        "rhs": list(rhs),
        "counterexample": {
            name: {"embeddings": model.embeddings, "unembeddings": model.unembeddings}
            for name, model in (("a", witness.pair.a), ("b", witness.pair.b))
        },
    }
