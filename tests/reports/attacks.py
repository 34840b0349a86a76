"""Small real attacks on claims, for tests of what is made of their outcomes."""

import math
import time

import numpy as np

from theory import Model, NotApplicable, Pair
from theory.evidence import Evidence
from theory.search.outcome import Coverage, Outcome, Progress, Witness


def draw(rng, n, k, m):
    return Pair(*(Model(rng.integers(-3, 4, (n, m)) / 3, np.vstack([np.zeros((1, m)), np.eye(k - 1, m)]) +
                        rng.integers(-1, 2, (k, m))) for _ in range(2)))  # fmt: skip


def witness(claim, pair, evaluation=1, evidence=Evidence.FLOAT64):
    lhs, rhs = map(float, claim(pair))
    return Witness(pair, lhs, rhs, 1e-16, 1e-16, evidence if lhs > rhs else None, "small integers", evaluation)


def random_search(claim, seconds, evaluations, seed, progress):
    """Refute with the first violation among small pairs; the simplest is the one with the fewest entries."""
    rng, started = np.random.default_rng(seed), time.perf_counter()
    violations, closest, declined, history, count = [], None, 0, [], 0
    for count in range(1, (evaluations or 200) + 1):
        m = int(rng.integers(1, 4))
        pair = draw(rng, int(rng.integers(1, 5)), int(rng.integers(m + 1, 6)), m)
        try:
            found = witness(claim, pair, count)
        except NotApplicable:
            declined += 1
            continue
        if found.margin > 1e-12:
            violations.append(found)
        if found.ratio is not None and (closest is None or found.ratio > closest.ratio):
            closest = found
            history.append(Progress(count, found.ratio, found.found_in))
        progress(count, closest and closest.ratio, count / (evaluations or 200))
    seconds = time.perf_counter() - started
    worst = max(violations, key=lambda w: w.ratio or math.inf, default=None)
    return Outcome(
        name=claim.name, title=claim.title, source=claim.source, verdict="refuted" if worst else "survived",
        evidence=Evidence.FLOAT64 if worst else Evidence.SAMPLED, worst=worst or closest,
        simplest=min(violations, key=lambda w: w.pair.n * w.pair.k * w.pair.m, default=None), evaluations=count,
        not_applicable=declined, nans=0, exceptions={}, seconds=seconds, total_seconds=seconds,
        strata={"small integers": Coverage(count, declined, closest and closest.ratio)}, history=tuple(history),
        message="refuted" if worst else "no violation", seed=seed,
    )  # fmt: skip


def patient(claim, seconds, evaluations, seed, progress):
    """Go on until the budget or the user ends it, as the engine does."""
    outcome = random_search(claim, seconds, 5, seed, lambda *_: None)
    try:
        for i in range(int((seconds or 10) / 0.01)):
            time.sleep(0.01)
            progress(i + 1, 0.5, 0.01 * i / (seconds or 10))
    except KeyboardInterrupt:
        return Outcome(**{**vars(outcome), "message": f"interrupted; so far: {outcome.message}"})
    return outcome


def never(claim, seconds, evaluations, seed, progress):
    """What must not be called."""
    raise AssertionError(f"{claim.name} was attacked although its result is known")
