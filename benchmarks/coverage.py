"""Promised and seen coverage of `certify` on students of digits: ``python -m benchmarks.coverage``.

A teacher and its students are trained once; only their test inputs, which neither has seen, are used. For a new one
they are split at random into 300 that are seen and the rest, which is new: what is counted is the share of new ones at
or below the bound. For statements with confidence they are the population, of which 300 are drawn with replacement:
what is counted is how often the statement holds of it. Exit status 1 if one falls short by more than three standard
errors.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported, which reads it once

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np

from theory import clopper_pearson, conformal_rank
from theory.measures.distances import pointwise_kl_divergence
from theory.measures.embedding_certificates import embedding_bounds, residual_after_alignment

SPLITS, SEEN, DELTA = 200, 300, 0.05  # 299 inputs are needed at alpha = .01 with confidence .95
ALPHAS = (0.1, 0.01)
_ERRORS = 3


@dataclass(frozen=True)
class Row:
    """What was promised and what was seen, as shares; `error` is one standard error of what was seen."""

    what: str
    promised: float
    seen: float
    error: float
    false: bool = False

    @property
    def short(self):
        """Whether less was seen than promised, beyond three standard errors."""
        return self.seen < self.promised - _ERRORS * self.error


def new_inputs(scores, alpha, rank, rng):
    """Return the mean share of new inputs at or below the score of the rank, over splits, and its standard error."""
    shares = []
    for _ in range(SPLITS):
        order = rng.permutation(scores)
        limit = np.sort(order[:SEEN])[rank - 1] if rank <= SEEN else math.inf
        shares.append(np.mean(order[SEEN:] <= limit))
    return float(np.mean(shares)), float(np.std(shares) / math.sqrt(SPLITS))


def with_confidence(scores, alpha, rank, rng):
    """Return how often a share 1 - alpha of the population lies at or below the score of the rank of a sample."""
    limits = np.sort(rng.choice(scores, (SPLITS, SEEN)), axis=1)[:, rank - 1]
    return _often([np.mean(scores <= limit) >= 1 - alpha for limit in limits])


def of_intervals(flags, rng):
    """Return how often the interval of Clopper and Pearson holds the share of the population."""
    intervals = (clopper_pearson(int(count), SEEN, DELTA) for count in rng.binomial(SEEN, np.mean(flags), SPLITS))
    return _often([low <= np.mean(flags) <= high for low, high in intervals])


def _often(held):
    share = float(np.mean(held))
    return share, math.sqrt(max(share * (1 - share), 1 / SPLITS) / SPLITS)


def study(pair, seed=0):
    """Return the rows of one pair of models over the same inputs, more than 300 of them."""
    rng, rows = np.random.default_rng(seed), []
    scores = {
        "KL": pointwise_kl_divergence(pair),
        "f - A* f'": np.linalg.norm(residual_after_alignment(pair), axis=1),
    }
    for name, values in scores.items():
        for alpha in ALPHAS:
            rank, sure = conformal_rank(SEEN, alpha), conformal_rank(SEEN, alpha, DELTA)
            rows.append(Row(f"{name}, new input, alpha = {alpha}", 1 - alpha, *new_inputs(values, alpha, rank, rng)))
            promised = f"{name}, confidence, alpha = {alpha}"
            rows.append(Row(promised, 1 - DELTA, *with_confidence(values, alpha, sure, rng)))
            twin = f"{name}, the rank for a new input taken with confidence, alpha = {alpha}"
            rows.append(Row(twin, 1 - DELTA, *with_confidence(values, alpha, rank, rng), false=True))
    flipped = ~(pair.a.top_label & pair.b.top_label).any(axis=1)
    certified = embedding_bounds(pair.a, pair.b) < 0.1 * np.sum(pair.a.embeddings**2, axis=1)
    for name, flags in (("share flipped", flipped), ("share of certified embeddings", certified)):
        rows.append(Row(f"{name} ({np.mean(flags):.3f})", 1 - DELTA, *of_intervals(flags, rng)))
    return rows


def main(arguments=None):
    """Train, count and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description="Promised and seen coverage.")
    parser.add_argument("--losses", default="kl,l2", help="of the students, separated by commas")
    options = parser.parse_args(arguments)
    from empirics.digits_pairs import digits_pairs

    short = False
    print("| student | what | promised | seen | s.e. |\n|---|---|---|---|---|")
    for name, pair, *_ in digits_pairs(losses=tuple(options.losses.split(","))):
        for row in study(pair):
            short |= row.short and not row.false
            what = f"*false*: {row.what}" if row.false else row.what
            print(f"| {name} | {what} | {row.promised:.3g} | {row.seen:.4f} | {row.error:.4f} |")
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
