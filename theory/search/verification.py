"""Verifying a theorem: sampling by regime, attack along gradients, twins to be refuted, answers to be reproduced.

Float64 proposes and balls dispose: whatever looks like a violation is decided again in ball arithmetic, and
only a violation enclosed by balls counts.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from theory.claims import Domain
from theory.errors import InvalidInput
from theory.evidence import Decision, Evidence, Verdict, decide
from theory.models import Model, Pair
from theory.pairs.constructions import Shape
from theory.pairs.strata import STRATA, draw
from theory.search.ascent import Ascent, climb
from theory.statements import ExtremalFamily, FalseTwin, Statement, Theorem, evaluate, excess, unbatched

_IDENTITY_NOISE = math.log(1e-9)  # a relative discrepancy below this is rounding, until balls say otherwise
_ROUNDING = 1e-9  # an excess below this is equality to rounding, unless it is the largest met
_SHARP = 0.999  # share of a sharp constant that its family must reach
_TOPS = 4  # largest excesses kept, so that one inflated by rounding does not hide the next
_FEW_BITS, _MOST_BITS = 256, 1024  # equality is undecided at any precision: most candidates are not worth many bits
_CHECKS_PER_BATCH, _CHECKS = (
    8,
    400,
)  # decisions in balls per batch, and in all, each up to a second


@dataclass(frozen=True)
class Profile:
    """How hard to try.

    Attributes
    ----------
    shapes
        Number of (m, k) shapes per statement, smallest first and then evenly spaced.
    batch
        Pairs per regime and shape.
    starts
        Starts of the ascent per shape; the best pairs met so far.
    ascent
        Steps of the ascent.
    ascent_shapes
        Number of shapes that are climbed.
    """

    shapes: int
    batch: int
    starts: int
    ascent: Ascent
    ascent_shapes: int


PROFILES: Mapping[str, Profile] = {
    "quick": Profile(shapes=8, batch=24, starts=12, ascent=Ascent(steps=80), ascent_shapes=2),
    "standard": Profile(shapes=14, batch=96, starts=32, ascent=Ascent(steps=250), ascent_shapes=4),
    "deep": Profile(shapes=26, batch=256, starts=48, ascent=Ascent(steps=600, check_every=40), ascent_shapes=8),
}


@dataclass(frozen=True)
class Violation:
    """A pair on which balls enclose the violation of a statement."""

    pair: Pair
    decision: Decision
    found_by: str


@dataclass(frozen=True)
class StatementReport:
    """What became of a statement.

    Attributes
    ----------
    statement
        The statement.
    held
        No violation was enclosed, every specimen holds, and every extremal family reaches its constant.
    evidence
        "attacked" where the ascent ran, else "sampled".
    worst_ratio
        Largest lhs/rhs met (for an identity the largest relative discrepancy); None if it never applied.
    worst_stratum
        The regime, "ascent" or the extremal family where it was met.
    sharpness
        Share of the constant that each extremal family reaches.
    evaluated, not_applicable
        Numbers of pairs.
    strata
        Largest ratio by regime.
    violation
        The violation, if there is one.
    checked_in_balls
        Number of pairs decided in balls.
    undecided
        Number of pairs that float64 suspects and balls could not clear; none is left where it held.
    """

    statement: Statement
    held: bool
    evidence: Evidence
    worst_ratio: float | None
    worst_stratum: str
    sharpness: Mapping[str, float]
    evaluated: int
    not_applicable: int
    strata: Mapping[str, float]
    violation: Violation | None
    checked_in_balls: int
    undecided: int


@dataclass(frozen=True)
class TwinReport:
    """What became of a false twin: refuted, one hopes, and by what."""

    twin: FalseTwin
    refuted: bool
    violation: Violation | None
    evaluated: int


@dataclass(frozen=True)
class AnswerReport:
    """A known answer and what was computed."""

    name: str
    expected: str
    got: float
    ok: bool
    source: str


@dataclass(frozen=True)
class TheoremReport:
    """Everything found about a theorem."""

    theorem: Theorem
    statements: tuple[StatementReport, ...]
    twins: tuple[TwinReport, ...]
    answers: tuple[AnswerReport, ...]

    @property
    def held(self) -> bool:
        """Whether every statement held and every known answer was reproduced."""
        return all(report.held for report in self.statements) and all(answer.ok for answer in self.answers)

    @property
    def all_twins_refuted(self) -> bool:
        """Whether every false twin was refuted."""
        return all(report.refuted for report in self.twins)


@dataclass(frozen=True)
class _Top:
    """A candidate: its excess, where it was met, and the pair."""

    excess: float
    where: str
    pair: Pair


@dataclass
class _Track:
    """The state of one statement during a verification."""

    statement: Statement
    tops: list[_Top] = field(default_factory=list)  # the largest excesses, one a batch, largest first
    evaluated: int = 0
    declined: int = 0
    strata: dict[str, float] = field(default_factory=dict)
    starts: dict[tuple[int, int, int, int], list[tuple[float, Pair]]] = field(default_factory=dict)
    violation: Violation | None = None
    checks: int = 0
    undecided: int = 0  # pairs that float64 suspects and balls did not clear
    specimen: Pair | None = None  # the first pair it applied to: small, and decided in balls whatever happens
    attacked: bool = False

    @property
    def threshold(self) -> float:
        """Excess from which a pair is worth a decision in balls."""
        return _IDENTITY_NOISE if self.statement.relation == "=" else _ROUNDING

    def take(self, pair: Pair, stratum: str, keep: int) -> None:
        """Evaluate a batch, remember the best, and decide in balls what looks like a violation."""
        evaluation = evaluate(self.statement, pair)
        found = np.atleast_1d(excess(self.statement, pair, evaluation))
        self.evaluated += found.size
        self.declined += int(found.size - np.count_nonzero(evaluation.applies))
        if not evaluation.applies.any():
            return
        if self.specimen is None:
            self.specimen = unbatched(pair, int(np.flatnonzero(np.atleast_1d(evaluation.applies))[0]))
        self._decide_suspects(found, pair, stratum)
        order = np.argsort(found)[::-1]
        top = float(found[order[0]])
        self.strata[stratum] = max(self.strata.get(stratum, -math.inf), top)
        if len(self.tops) < _TOPS or top > self.tops[-1].excess:
            self.tops.append(_Top(top, stratum, unbatched(pair, int(order[0]))))
            self.tops = sorted(self.tops, key=lambda item: -item.excess)[:_TOPS]
        if keep and self.statement.relation == "<=" and self.statement.differentiable:
            shape = (pair.n, pair.k, pair.a.m, pair.b.m)
            pool = self.starts.setdefault(shape, [])
            pool += [(float(found[i]), unbatched(pair, int(i))) for i in order[:2] if math.isfinite(found[i])]
            pool.sort(key=lambda item: -item[0])
            del pool[keep:]

    def _decide_suspects(self, found: np.ndarray, pair: Pair, stratum: str) -> None:
        """Decide in balls every pair of a batch that seems to exceed the bound, and put its true excess in place.

        What the balls clear as rounding uses up no one else's turn: the budget is a batch's own.
        """
        suspects = [int(i) for i in np.argsort(found)[::-1] if found[i] > self.threshold]
        for turn, index in enumerate(suspects):
            if self.violation is not None:
                return
            if turn >= _CHECKS_PER_BATCH or self.checks >= _CHECKS:
                self.undecided += len(suspects) - turn
                found[suspects[turn:]] = -math.inf
                return
            one = unbatched(pair, index)
            found[index] = self._exact_excess(float(found[index]), self.decide(one, stratum))

    def settle(self) -> None:
        """Decide the first pair and the worst one in balls, and let balls correct a ratio that rounding inflated."""
        if self.specimen is not None:
            self.decide(self.specimen, "first pair")
        self.tops = sorted((self._corrected(top) for top in self.tops), key=lambda top: -top.excess)

    def _corrected(self, top: _Top) -> _Top:
        """Return a candidate with the ratio its balls give, where float64 put it beyond the bound (or apart)."""
        if not top.excess > (0.0 if self.statement.relation == "<=" else -math.inf):
            return top
        decision = self.decide(top.pair, top.where, most_bits=_FEW_BITS)
        return replace(top, excess=self._exact_excess(top.excess, decision))

    def _exact_excess(self, excess: float, decision: Decision) -> float:
        """Return the excess that the balls of both sides give; -inf where they bound nothing."""
        if decision.verdict is Verdict.REFUTED:
            return excess
        lhs, rhs = sum(decision.lhs) / 2, sum(decision.rhs) / 2
        if not math.isfinite(lhs + rhs):
            self.undecided += decision.verdict is Verdict.INCONCLUSIVE
            return -math.inf
        scale = rhs if self.statement.relation == "<=" else abs(lhs) + abs(rhs)
        exact = (lhs if self.statement.relation == "<=" else abs(lhs - rhs)) / scale if scale > 0 else 0.0
        return math.log(exact) if exact > 0 else -math.inf

    def decide(self, pair: Pair, found_by: str, most_bits: int = _MOST_BITS) -> Decision:
        """Decide the statement on one pair in balls, and keep an enclosed violation."""
        self.checks += 1
        decision = decide(self.statement, pair, most_bits)
        if decision.verdict is Verdict.REFUTED and self.violation is None:
            self.violation = Violation(pair, decision, found_by)
        return decision


def shapes_of(domain: Domain, count: int) -> list[tuple[int, int]]:
    """Return `count` shapes (m, k) of a domain: the smallest three, then evenly spaced ones."""
    if count < 1:
        raise InvalidInput(f"count: expected a positive number of shapes, saw {count}")
    every = domain.shapes()
    if len(every) <= count:
        return every
    few = min(3, count)
    rest = every[few:]
    picks = np.unique(np.linspace(0, len(rest) - 1, count - few).round().astype(int))
    return every[:few] + [rest[i] for i in picks]


def _seed(seed: int, *names: object) -> np.random.Generator:
    """Return a generator that depends on what is drawn and not on the order of drawing."""
    return np.random.default_rng([seed, zlib.crc32(repr(names).encode())])


def _draws(statements: list[Statement], profile: Profile, seed: int) -> Iterator[tuple[str, Pair]]:
    """Yield a batch for every regime and every shape some statement asks for."""
    wanted: dict[tuple[int, int, int], None] = {}
    for statement in statements:
        for i, (m, k) in enumerate(shapes_of(statement.domain, profile.shapes)):
            other = m if statement.domain.equal_dimensions or i % 2 == 0 else (m - 1 if m > 1 else m + 1)
            wanted[(m, k, other if k > other else m)] = None
    inputs = sorted({statement.domain.inputs[0] for statement in statements})
    for m, k, m2 in wanted:
        for name in STRATA:
            rng = _seed(seed, name, m, k, m2)
            low = int(rng.choice(inputs))
            # From the least the domain admits to a few more than full rank needs: extremal pairs are small.
            n = int(rng.integers(low, max(low, min(m + 5, 12)) + 1))
            yield name, draw(name, rng, Shape(n=n, k=k, m=m, m2=m2, batch=(profile.batch,)))


def _survey(tracks: list[_Track], twins: list[_Track], profile: Profile, seed: int) -> None:
    open_tracks = [track for track in tracks if not track.statement.specimens]
    everyone = [track.statement for track in (*open_tracks, *twins)]
    for name, pair in _draws(everyone, profile, seed):
        for track in open_tracks:
            if track.violation is None and track.statement.in_domain(pair):
                track.take(pair, name, profile.starts)
        for track in twins:
            if track.violation is None and track.statement.in_domain(pair):
                track.take(pair, name, profile.starts)


def _attack(track: _Track, profile: Profile) -> None:
    """Climb from the best starts of the most promising shapes."""
    ranked = sorted(track.starts.items(), key=lambda item: -item[1][0][0] if item[1] else math.inf)
    for _, pool in ranked[: profile.ascent_shapes]:
        if track.violation is not None or not pool:
            return
        starts = _stacked([pair for _, pair in pool])
        reached, _ = climb(track.statement, starts, profile.ascent)
        track.attacked = True
        track.take(reached, "ascent", 0)


def _stacked(pairs: list[Pair]) -> Pair:
    return Pair(
        *(
            Model(np.stack([m.embeddings for m in models]), np.stack([m.unembeddings for m in models]))
            for models in ([p.a for p in pairs], [p.b for p in pairs])
        )
    )


def _sharpness(track: _Track, family: ExtremalFamily) -> float:
    """Return the share of the constant that a family reaches, and decide the statement on its member."""
    pair = family.pair(family.parameter)
    track.take(pair, f"extremal {family.name}", 0)
    track.decide(pair, f"extremal {family.name}")
    evaluation = evaluate(track.statement, pair)
    if not evaluation.applies.all() or not float(evaluation.rhs) > 0:
        return 0.0
    return float(evaluation.lhs) / float(evaluation.rhs)


def _specimens_hold(track: _Track) -> bool:
    """Decide a statement on every pair it is about."""
    verdicts = []
    for family in track.statement.specimens:
        pair = family.pair(family.parameter)
        track.take(pair, family.name, 0)
        verdicts.append(track.decide(pair, family.name).verdict)
    return all(verdict is Verdict.HOLDS for verdict in verdicts)


def verify_theorem(
    theorem: Theorem,
    profile: Profile,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> TheoremReport:
    """Verify a theorem: its statements, its twins and its known answers.

    Parameters
    ----------
    theorem
        An entry of the catalogue.
    profile
        How hard to try; see `PROFILES`.
    seed
        Same seed, same report.
    progress
        Called with a word on what is being done.

    Raises
    ------
    InvalidInput
        If `seed` is not a non-negative integer.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InvalidInput(f"seed: expected a non-negative integer, saw {seed!r}")
    say = progress or (lambda _: None)
    tracks = [_Track(statement) for statement in theorem.statements]
    twins = [_Track(twin.statement) for twin in theorem.twins]
    say("known answers")
    answers = tuple(_answer(theorem, i) for i in range(len(theorem.known_answers)))
    say("extremal families")
    sharpness = [{family.name: _sharpness(track, family) for family in track.statement.sharp} for track in tracks]
    specimens = [_specimens_hold(track) for track in tracks]
    say("sampling by regime")
    _survey(tracks, twins, profile, seed)
    say("ascent")
    for track in tracks:
        _attack(track, profile)
        track.settle()
    for track, twin in zip(twins, theorem.twins, strict=True):
        _attack(track, profile)
        if track.violation is None and twin.witness is not None:
            track.decide(twin.witness(), "known counterexample")
    return TheoremReport(
        theorem,
        tuple(_statement_report(*parts) for parts in zip(tracks, sharpness, specimens, strict=True)),
        tuple(_twin_report(*parts) for parts in zip(twins, theorem.twins, strict=True)),
        answers,
    )


def _answer(theorem: Theorem, index: int) -> AnswerReport:
    answer = theorem.known_answers[index]
    got = float(answer.compute())
    return AnswerReport(answer.name, answer.expected, got, answer.agrees(got), answer.source)


def _statement_report(track: _Track, sharpness: dict[str, float], specimens: bool) -> StatementReport:
    applied = track.evaluated > track.declined
    reached = all(share >= _SHARP for share in sharpness.values())
    return StatementReport(
        statement=track.statement,
        held=track.violation is None and specimens and reached and applied and track.undecided == 0,
        evidence=Evidence.ATTACKED if track.attacked else Evidence.SAMPLED,
        worst_ratio=math.exp(track.tops[0].excess) if track.tops else None,
        worst_stratum=track.tops[0].where if track.tops else "",
        sharpness=sharpness,
        evaluated=track.evaluated,
        not_applicable=track.declined,
        strata={name: math.exp(value) for name, value in track.strata.items()},
        violation=track.violation,
        checked_in_balls=track.checks,
        undecided=track.undecided,
    )


def _twin_report(track: _Track, twin: FalseTwin) -> TwinReport:
    return TwinReport(twin, track.violation is not None, track.violation, track.evaluated)
