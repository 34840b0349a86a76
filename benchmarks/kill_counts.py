"""Count the false claims that three attackers refute in equal time: ``python -m benchmarks.kill_counts FILE.py ...``.

Ours is `falsify`; the others are Hypothesis as one would first use it for this, and uniform random draws. A claim is
expected false where its name contains "false" or starts with F, else true. Exit status 1 when ours refutes a true
claim or falls over.

A violation that Hypothesis or the random draws see counts once our confirmation accepts it, lest rounding be a kill.
It does not count against them either: while an alarm is checked their clock stands still, and after a false one they
go on, up to twenty of them.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported, which reads it once
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import contextlib
import itertools
import json
import math
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, seed, settings, target
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.extra.numpy import arrays
from rich.console import Console
from rich.progress import track
from rich.table import Table

from reports.falsify.claim_files import load_claims
from theory.claims import Claim
from theory.search.arrays import within
from theory.search.confirmation import confirmed, symmetries
from theory.search.engine import falsify
from theory.search.evaluators import Malformed
from theory.search.objective import Budget, BudgetSpent, Objective
from theory.silence import quietly

_FALSE_ALARMS = 20  # after so many an attacker gives up
_EXAMPLES = 2_000  # of a round of Hypothesis; from a thousand on it climbs and draws in turn


@dataclass(frozen=True)
class Attack:
    """What an attacker did to a claim: `reported` is a violation seen, `killed` one that stands.

    `error` says how it fell over, where it did.
    """

    killed: bool
    reported: bool
    false_alarms: int
    seconds: float
    evaluations: int
    error: str = ""


@dataclass(frozen=True)
class Fight:
    """A claim and what each attacker did to it."""

    file: str
    claim: str
    expected_false: bool
    attacks: dict[str, Attack]


class _Over(BaseException):
    """The attack is over; no Exception, which Hypothesis would take for a failure of the test."""


class Trial:
    """A claim under attack by somebody else: counts evaluations and time, and checks alarms off the clock."""

    def __init__(self, claim, budget):
        self.objective = Objective(claim, Budget(budget))
        self.killed, self.false_alarms, self.seconds = False, 0, None

    def require_time(self):
        """End the attack when its time is up."""
        if self.objective.spent >= 1:
            raise _Over

    def look(self, pair):
        """Return both sides, or None where the claim declines; end the attack on a violation that stands."""
        try:
            fate, lhs, rhs = self.objective.answer(pair, "")
            if fate != "value":
                return None
            if lhs > rhs * (1 + 1e-7) + 1e-10 and within(self.objective.claim.domain, pair):
                self._check(pair, lhs, rhs)
        except (BudgetSpent, Malformed):
            raise _Over from None
        return lhs, rhs

    def _check(self, pair, lhs, rhs):
        objective = self.objective
        self.seconds = objective.seconds
        evaluations, objective.limited = objective.evaluations, False
        self.killed = confirmed(objective, symmetries(objective, pair), pair, lhs, rhs, "") is not None
        objective.evaluations, objective.limited = evaluations, True
        objective.started += objective.seconds - self.seconds
        self.false_alarms += not self.killed
        if self.killed or self.false_alarms >= _FALSE_ALARMS:
            raise _Over

    def result(self):
        """Return what came of it."""
        seconds = self.seconds if self.killed else self.objective.seconds
        reported = self.killed or self.false_alarms > 0
        return Attack(self.killed, reported, self.false_alarms, seconds, self.objective.evaluations)


def by_ours(claim, budget, seed_):
    """Attack with the engine; its time includes the confirmation."""
    try:
        outcome = falsify(claim, Budget(budget), seed_)
    except Exception as error:  # not to lose the other claims; it is printed
        return Attack(False, False, 0, math.nan, 0, f"{type(error).__name__}: {error}")
    killed = outcome.verdict == "refuted"
    return Attack(killed, killed, 0, outcome.seconds, outcome.evaluations)


@st.composite
def array_pairs(draw, domain):
    """Draw F, G, F', G' without any structure."""
    most = domain.labels[1] - 1
    m = draw(st.integers(domain.dimensions[0], min(domain.dimensions[1], most)))
    m2 = m if domain.equal_dimensions else draw(st.integers(domain.dimensions[0], min(domain.dimensions[1], most)))
    k = draw(st.integers(max(domain.labels[0], max(m, m2) + 1), domain.labels[1]))
    n = draw(st.integers(*domain.inputs))
    elements = st.floats(-10, 10)
    return tuple(draw(arrays(float, shape, elements=elements)) for shape in ((n, m), (k, m), (n, m2), (k, m2)))


def by_hypothesis(claim, budget, seed_):
    """Attack with `given` and `target`, round after round until the time is up."""
    trial = Trial(claim, budget)

    def attempt(pair):
        trial.require_time()
        assume(within(claim.domain, pair))
        sides = trial.look(pair)
        assume(sides is not None)
        if min(sides) > 0 and max(sides) < math.inf:
            target(math.log(sides[0]) - math.log(sides[1]))

    attempt = settings(
        max_examples=_EXAMPLES, deadline=None, database=None, phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )(given(array_pairs(claim.domain))(attempt))  # fmt: skip
    with contextlib.suppress(_Over), quietly():
        for turn in itertools.count():
            trial.require_time()
            with contextlib.suppress(HypothesisException):  # no example fits, or too few
                seed(1000 * seed_ + turn)(attempt)()
    return trial.result()


def random_pair(rng, domain):
    """Draw uniform entries; the second model is unrelated, or the first and noise of any size from 1e-6 to 1."""
    most = min(domain.dimensions[1], domain.labels[1] - 1)
    m = rng.integers(domain.dimensions[0], most + 1)
    m2 = m if domain.equal_dimensions else rng.integers(domain.dimensions[0], most + 1)
    k = rng.integers(max(domain.labels[0], max(m, m2) + 1), domain.labels[1] + 1)
    n = rng.integers(domain.inputs[0], domain.inputs[1] + 1)
    first, second = ([rng.uniform(-3, 3, (rows, columns)) for rows in (n, k)] for columns in (m, m2))
    if m == m2 and rng.random() < 0.5:
        size = 10.0 ** rng.uniform(-6, 0)
        second = [array + size * noise for array, noise in zip(first, second, strict=True)]
    return (*first, *second)


def by_random_draws(claim, budget, seed_):
    """Attack with uniform draws until the time is up."""
    trial, rng = Trial(claim, budget), np.random.default_rng(seed_)
    with contextlib.suppress(_Over), quietly():
        while True:
            trial.look(random_pair(rng, claim.domain))
    return trial.result()


ATTACKERS = {"ours": by_ours, "Hypothesis": by_hypothesis, "random draws": by_random_draws}


def warm_up():
    """Let every attacker import and cache what it needs the first time, before its time is measured."""
    for attack in ATTACKERS.values():
        attack(Claim(lambda pair: (1.0, 2.0 + pair.n), "warm-up"), 0.1, 0)


def fights(path, options, console):
    """Attack the claims of a file, each with every attacker."""
    file, found = load_claims(path), []
    wanted = {"false": (True,), "true": (False,), None: (True, False)}[options.only]
    chosen = {name: claim for name, claim in file.claims.items() if expected_false(name) in wanted}
    with file.importable():
        for name, claim in track(chosen.items(), path.name, len(chosen), console=console, transient=True):
            attacks = {who: attack(claim, options.budget, options.seed) for who, attack in ATTACKERS.items()}
            found.append(Fight(path.name, name, expected_false(name), attacks))
    return found


def expected_false(name):
    """Whether a claim is meant to be refuted."""
    return name.startswith("F") or "false" in name


def table_of(title, found):
    """Return the attackers side by side."""
    table = Table(title=title, title_justify="left")
    for heading in ("attacker", "false claims killed", "median s", "worst s", "median evaluations",
                    "false alarms on", "true claims reported violated"):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "attacker" else "right")
    false = [fight for fight in found if fight.expected_false]
    true = [fight for fight in found if not fight.expected_false]
    for who in ATTACKERS:
        kills = [fight.attacks[who] for fight in false if fight.attacks[who].killed]
        seconds = [kill.seconds for kill in kills]
        table.add_row(
            who,
            f"{len(kills)} of {len(false)}" if false else "",
            f"{statistics.median(seconds):.3f}" if kills else "",
            f"{max(seconds):.2f}" if kills else "",
            f"{statistics.median(kill.evaluations for kill in kills):.0f}" if kills else "",
            str(sum(fight.attacks[who].false_alarms > 0 for fight in found)),
            f"{len(wolves(found, who))} of {len(true)}" if true else "",
        )
    return table


def wolves(found, who):
    """Return the true claims that an attacker reported violated, by name."""
    return [fight.claim for fight in found if not fight.expected_false and fight.attacks[who].reported]


def killers(fight):
    """Return who refuted a claim."""
    return [who for who, attack in fight.attacks.items() if attack.killed]


def print_names(console, heading, names):
    """Print a list of names, if there are any."""
    if names:
        console.print(f"{heading} ({len(names)}): {', '.join(names)}", highlight=False, markup=False)


def report(console, title, found):
    """Print the table of some fights and the claims behind its differences."""
    console.print(table_of(title, found))
    false = [fight for fight in found if fight.expected_false]
    errors = [f"{f.claim}: {f.attacks['ours'].error}" for f in found if f.attacks["ours"].error]
    print_names(console, "Ours fell over", errors)
    print_names(console, "Only ours kills", [fight.claim for fight in false if killers(fight) == ["ours"]])
    print_names(
        console,
        "Ours does not kill",
        [f"{f.claim} (killed by {', '.join(killers(f)) or 'none'})" for f in false if not f.attacks["ours"].killed],
    )
    for who in ATTACKERS:
        print_names(console, f"True, and reported violated by {who}", wolves(found, who))
        stand = [f.claim for f in found if not f.expected_false and f.attacks[who].killed and who != "ours"]
        print_names(console, "  of which our confirmation agrees with", stand)


def main(arguments=None):
    """Print a table for each file and one for all; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.py", help="claims, as for logitbounds falsify")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds for each attacker and claim (default 2)")
    parser.add_argument("--only", choices=("false", "true"), help="attack only the claims expected to be so")
    parser.add_argument("--seed", type=int, default=0, help="of every attacker (default 0)")
    parser.add_argument("--json", type=Path, help="write every attack there")
    options = parser.parse_args(arguments)
    console, found = Console(width=140), []
    warm_up()
    for path in options.files:
        of_file = fights(path, options, Console(stderr=True))
        report(console, f"{path.name}: {options.budget:g} s for each attacker and claim, single thread", of_file)
        found += of_file
        if options.json:
            options.json.write_text(json.dumps([asdict(fight) for fight in found], indent=1), encoding="utf-8")
    if len(options.files) > 1:
        console.print(table_of("All files", found))
    return int(bool(wolves(found, "ours")) or any(fight.attacks["ours"].error for fight in found))


if __name__ == "__main__":
    sys.exit(main())
