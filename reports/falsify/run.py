"""Attacks on the claims of a file: in parallel, resumed where an earlier run left off, and written down one by one."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import theory
from reports.falsify.catalogue_claims import CatalogueClaims, Selection, load_theorems
from reports.falsify.claim_files import ClaimFile, load_claims
from reports.falsify.findings import write_finding
from reports.shared.files import write_json
from reports.shared.outcomes import claim_json, restored, stored
from reports.shared.versions import schema, version, versions
from theory.claims import Claim
from theory.errors import InvalidInput
from theory.files import sweep
from theory.search.outcome import Outcome
from theory.search.statement_claims import Assertion
from theory.silence import quietly
from theory.workers import POLL, Board, Lost, Pool, posted, result, without_interrupts

SCHEMA = schema("falsify", 1)
Attack = Callable[..., Outcome]
"""Called as ``attack(claim, seconds, evaluations, seed, progress)``; see `attack_with_the_engine`."""

_PATIENCE = 15.0  # seconds that workers have to finish after an interrupt


@dataclass(frozen=True)
class Settings:
    """How claims are attacked.

    Attributes
    ----------
    out
        Folder for findings and results.
    seconds, evaluations
        Budget of each claim; None for no such limit.
    seed
        Of the searches.
    jobs
        Processes at most; one claim, or one process, is attacked in this one.
    """

    out: Path
    seconds: float | None = 10.0
    evaluations: int | None = None
    seed: int = 0
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.seconds is not None and not (0 < self.seconds < math.inf):
            raise InvalidInput(f"budget: expected a positive, finite number of seconds, saw {self.seconds}")
        for name, least in (("evaluations", 1), ("seed", 0), ("jobs", 1)):
            value = getattr(self, name)
            if name == "evaluations" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InvalidInput(f"{name}: expected an integer of at least {least}, saw {value!r}")
        if self.seconds is None and self.evaluations is None:
            raise InvalidInput("budget: expected seconds or evaluations, saw neither")


@dataclass(frozen=True)
class Update:
    """News of the attack on one claim.

    Attributes
    ----------
    name
        Of the claim.
    evaluations, ratio, fraction
        How many so far, the best ratio (None before there is one), and the share of the budget that is used.
    outcome
        When the attack is over.
    """

    name: str
    evaluations: int
    ratio: float | None
    fraction: float
    outcome: Outcome | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """A claim and what became of it.

    Attributes
    ----------
    claim, outcome
        What was attacked, and the result.
    resumed
        Whether the result is that of an earlier run on the same sources with the same settings.
    finding
        Folder of the refutation, where there is one.
    """

    claim: Claim
    outcome: Outcome
    resumed: bool
    finding: Path | None

    @property
    def why(self) -> str:
        """What the catalogue says of a dropped hypothesis."""
        function = self.claim.function
        return function.why if isinstance(function, Assertion) and function.hypothesis else ""


@dataclass(frozen=True, eq=False)
class FalsificationRun:
    """Everything that became of the claims of a file.

    Attributes
    ----------
    file, settings
        What was attacked, and how.
    claims
        Those judged, in the order of the file.
    seconds
        Duration of the run.
    interrupted
        Whether it was ended from outside.
    """

    file: ClaimFile
    settings: Settings
    claims: tuple[Judged, ...]
    seconds: float
    interrupted: bool

    @property
    def failed(self) -> bool:
        """Whether some claim was refuted, which is no failure of a weakened theorem, or could not be evaluated."""
        bad = ("error",) if self.file.drops else ("refuted", "error")
        return any(judged.outcome.verdict in bad for judged in self.claims)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the claims that an interrupted run did not get to."""
        judged = {one.outcome.name for one in self.claims}
        return tuple(name for name in self.file.claims if name not in judged)


def attack_with_the_engine(
    claim: Claim,
    seconds: float | None,
    evaluations: int | None,
    seed: int,
    progress: Callable[[int, float | None, float], None],
) -> Outcome:
    """Attack a claim with `theory.falsify`."""
    from theory.search.engine import falsify
    from theory.search.objective import Budget

    return falsify(claim, Budget(seconds=seconds, evaluations=evaluations), seed, progress)


def run_falsification(
    file: ClaimFile,
    settings: Settings,
    report: Callable[[Update], None] | None = None,
    attack: Attack = attack_with_the_engine,
) -> FalsificationRun:
    """Attack every claim of a file, or load what an earlier run has found with the same sources and settings.

    Parameters
    ----------
    file
        The claims. Workers load them again from the file, so it must not change meanwhile.
    settings
        Budget, seed, folder and number of processes.
    report
        Told how each claim is getting on.
    attack
        What attacks a claim.

    Returns
    -------
    FalsificationRun
        Also where the user interrupts it: then with what is known so far.

    Raises
    ------
    InvalidInput
        If the folder cannot be written to.
    """
    started = time.perf_counter()
    desk = _Desk(file, settings, report)
    todo = desk.resume()
    interrupted = False
    with file.importable():
        if len(todo) > 1 and settings.jobs > 1:
            interrupted = _attack_in_pool(desk, todo, attack)
        else:
            interrupted = _attack_here(desk, todo, attack)
    claims = tuple(desk.judged[name] for name in file.claims if name in desk.judged)
    return FalsificationRun(file, settings, claims, time.perf_counter() - started, interrupted)


def is_interrupted(outcome: Outcome) -> bool:
    """Whether an attack was ended by the user, so that its outcome is not the one its settings stand for."""
    return outcome.message.startswith("interrupted")


# --------------------------------------------------------------------------- what is known, on disk and here


@functools.cache
def _code_digest() -> str:
    """SHA-256 of the library's own text: results of other code are not resumed from."""
    found = hashlib.sha256()
    for path in sorted(Path(theory.__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


class _Desk:
    """Where outcomes come in and are written down."""

    def __init__(self, file: ClaimFile, settings: Settings, report: Callable[[Update], None] | None) -> None:
        self.file, self.settings = file, settings
        self.report = report or (lambda update: None)
        self.judged: dict[str, Judged] = {}
        self.findings, self.results = settings.out / "findings", settings.out / "results"
        for folder in (settings.out, self.findings, self.results):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                sweep(folder)
            except OSError as error:
                raise InvalidInput(f"{folder}: not a folder that can be written to ({error.strerror})") from None

    def result_path(self, name: str) -> Path:
        """Where the result of a claim with these sources and settings is kept."""
        settings = self.settings
        key = [self.file.digest, name, settings.seconds, settings.evaluations, settings.seed, version(), _code_digest()]
        return self.results / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]}.json"

    def resume(self) -> list[str]:
        """Take what earlier runs have found, and return the names of the claims that are left."""
        left = []
        for name in self.file.claims:
            try:
                outcome = restored(json.loads(self.result_path(name).read_text(encoding="utf-8")))
            except (OSError, ValueError):  # none, or none that can be read: InvalidInput is a ValueError
                left.append(name)
            else:
                self.take(name, outcome, resumed=True)
        return left

    def take(self, name: str, outcome: Outcome, resumed: bool = False) -> None:
        """Write an outcome down."""
        self.judged[name] = Judged(self.file.claims[name], outcome, resumed, None)
        if outcome.verdict == "refuted":
            finding = write_finding(self.findings, self.file, outcome)
            self.judged[name] = Judged(self.file.claims[name], outcome, resumed, finding)
        if not resumed and outcome.verdict != "error" and not is_interrupted(outcome):
            write_json(self.result_path(name), stored(outcome))
        ratio = outcome.worst.ratio if outcome.worst else None
        self.report(Update(name, outcome.evaluations, ratio, 1.0, outcome))


# --------------------------------------------------------------------------- one attack


def _attacked(
    attack: Attack, claim: Claim, settings: Settings, progress: Callable[[int, float | None, float], None]
) -> Outcome:
    """Attack a claim; whatever goes wrong becomes the outcome, save an interrupt."""
    started = time.perf_counter()
    try:
        # Claims warn of overflows and print, thousands of times.
        with quietly():
            return attack(claim, settings.seconds, settings.evaluations, settings.seed, progress)
    except Exception as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return _failure(claim, settings, f"the search failed: {line}", time.perf_counter() - started)


def _failure(claim: Claim, settings: Settings, message: str, seconds: float) -> Outcome:
    return Outcome(
        name=claim.name,
        title=claim.title,
        source=claim.source,
        verdict="error",
        evidence=None,
        worst=None,
        simplest=None,
        evaluations=0,
        not_applicable=0,
        nans=0,
        exceptions={},
        seconds=seconds,
        total_seconds=seconds,
        strata={},
        history=(),
        message=message,
        seed=settings.seed,
    )


def _attack_here(desk: _Desk, names: Sequence[str], attack: Attack) -> bool:
    """Attack claims one after the other in this process; return whether the user interrupted."""
    for name in names:

        def progress(evaluations: int, ratio: float | None, fraction: float, name: str = name) -> None:
            desk.report(Update(name, evaluations, ratio, fraction))

        try:
            outcome = _attacked(attack, desk.file.claims[name], desk.settings, progress)
            desk.take(name, outcome)
        except KeyboardInterrupt:
            return True
        if is_interrupted(outcome):
            return True
    return False


# --------------------------------------------------------------------------- many processes


@dataclass(frozen=True)
class _Task:
    """Attack one claim; a row of the board has evaluations, the best ratio (nan for none) and the budget's share."""

    source: Selection | Path
    digest: str
    name: str
    settings: Settings
    board: Board
    row: int


@functools.lru_cache(maxsize=1)
def _loaded(source: Selection | Path, digest: str) -> ClaimFile:
    with quietly():  # the parent has shown what it prints
        file = load_claims(source) if isinstance(source, Path) else load_theorems(source)
    if file.digest != digest:
        raise InvalidInput(f"{file.path}: changed while its claims were being attacked; run it again")
    return file


def _work(task: _Task, attack: Attack) -> dict[str, object] | None:
    """Attack one claim in a worker and return its outcome as JSON, or None where there was no time to begin."""
    board = task.board
    if board.stopped:
        return None
    file = _loaded(task.source, task.digest)

    def progress(evaluations: int, ratio: float | None, fraction: float) -> None:
        board.note(task.row, evaluations, math.nan if ratio is None else ratio, fraction)
        if board.stopped:
            raise KeyboardInterrupt

    with file.importable():
        try:
            return stored(_attacked(attack, file.claims[task.name], task.settings, progress))
        except KeyboardInterrupt:
            return None


def _attack_in_pool(desk: _Desk, names: Sequence[str], attack: Attack) -> bool:
    """Attack claims in several processes; return whether the user interrupted."""
    with posted(desk.settings.out, len(names), 3) as board:
        interrupted, broken = _one_pool(desk, names, names, attack, board)
        # A claim has brought its process down, and the pool with it. Each one that was left is tried alone.
        for name in () if interrupted else broken:
            interrupted, again = _one_pool(desk, [name], names, attack, board)
            if again:
                message = "its process ended abruptly while the claim was evaluated"
                desk.take(name, _failure(desk.file.claims[name], desk.settings, message, 0.0))
            if interrupted:
                break
        return interrupted


def _one_pool(
    desk: _Desk, names: Sequence[str], rows: Sequence[str], attack: Attack, board: Board
) -> tuple[bool, list[str]]:
    """Attack claims in a pool; return whether the user interrupted, and the claims left when the pool broke."""
    pool = Pool(min(desk.settings.jobs, len(names)))
    waiting: dict[Future[Any], str] = {}
    broken: list[str] = []
    stopped_at: float | None = None
    try:
        source = desk.file.selection if isinstance(desk.file, CatalogueClaims) else desk.file.path
        with without_interrupts():  # until all that began is known
            for name in names:
                task = _Task(source, desk.file.digest, name, desk.settings, board, rows.index(name))
                waiting[pool.submit(_work, task, attack)] = name
        while waiting and (stopped_at is None or time.monotonic() < stopped_at + _PATIENCE):
            try:
                wait(list(waiting), timeout=POLL, return_when=FIRST_COMPLETED)
                for future in [future for future in waiting if future.done()]:
                    _collect(desk, future, waiting[future], broken)
                    del waiting[future]
                if stopped_at is None:
                    _tell(desk, board, {name: rows.index(name) for name in waiting.values()})
            except KeyboardInterrupt:
                if stopped_at is not None:  # a second time: at once
                    break
                stopped_at = time.monotonic()
                board.stop()
                for future in waiting:
                    future.cancel()
    finally:
        pool.close(kill=bool(waiting))
    return stopped_at is not None, broken


def _tell(desk: _Desk, board: Board, rows: Mapping[str, int]) -> None:
    """Report how claims are getting on."""
    noted = board.read()
    for name, row in rows.items():
        evaluations, ratio, fraction = (float(value) for value in noted[row])
        if evaluations:
            desk.report(Update(name, int(evaluations), None if math.isnan(ratio) else ratio, fraction))


def _collect(desk: _Desk, future: Future[Any], name: str, broken: list[str]) -> None:
    if future.cancelled():
        return
    try:
        found = result(future)
    except Lost:
        broken.append(name)
    else:
        if found is not None:
            desk.take(name, restored(found))


# --------------------------------------------------------------------------- JSON


def as_json(run: FalsificationRun) -> dict[str, object]:
    """Return the contents of report.json; `jsonable` turns what JSON has no word for to null."""
    return {
        "schema": SCHEMA,
        "file": run.file.path.name,
        "budget": {"seconds": run.settings.seconds, "evaluations": run.settings.evaluations},
        "seed": run.settings.seed,
        "seconds": round(run.seconds, 3),
        "interrupted": run.interrupted,
        "left_out": list(run.left_out),
        "claims": [
            claim_json(judged.outcome)
            | {"resumed": judged.resumed, "finding": judged.finding and f"findings/{judged.finding.name}"}
            | ({"hypothesis": run.file.hypothesis_of(judged.outcome.name)} if run.file.drops else {})
            for judged in run.claims
        ],
        "versions": versions(),
    }
