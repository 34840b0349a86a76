r"""Table of docs/kl_guarantees.md: every guarantee that follows from KL, with a floor on probabilities and without.

``python -m benchmarks.kl_guarantees`` distils students of handwritten digits; ``python -m benchmarks.kl_guarantees
TEACHER.npz STUDENT.npz ...`` takes saved models over the same inputs and labels, each but the first as a student.

What the logit distance bounds, KL bounds through theorem T5, :math:`d_\mathrm{logit}^2 \le 2\,\mathrm{KL}/\tau`,
with tau the smallest probability of any label: the old guarantees. Theorems T14, T15 and T16 need no floor.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from empirics.digits_pairs import digits_pairs
from reports.shared.rendering import number
from reports.shared.saved_models import load_model
from reports.shared.terminal import complain
from theory import InvalidInput, kl_divergence, mean_cca, squared_logit_distance, top_label_agreement
from theory.catalogue import theorems
from theory.catalogue.t08_linear_probes_transfer.statement import margins
from theory.guarantees import Guarantee, guarantees
from theory.measures.embedding_certificates import certified_embeddings, near_embeddings
from theory.models import Pair
from theory.statements import as_floats

_READ_AS_NUMBERS = 6  # decimal orders: larger bounds are written as powers of ten


@dataclass(frozen=True)
class Side:
    """A guarantee on one pair.

    Attributes
    ----------
    log10_bound
        Decimal logarithm of the bound, which may be far beyond floats.
    truth
        What it bounds.
    informative
        Whether it says more than is known without it; None where nothing is known.
    """

    log10_bound: float
    truth: float
    informative: bool | None

    @property
    def orders(self) -> float | None:
        """By how many orders of magnitude the bound exceeds the truth; None for a truth of zero."""
        return self.log10_bound - math.log10(self.truth) if self.truth > 0 else None


Found = Mapping[tuple[str, str], Guarantee]
Rule = Callable[[Pair, Found], Side | None]


@dataclass(frozen=True)
class Line:
    """A guarantee: what it bounds, whether it needs a floor, what it is called, and how it is had of a pair."""

    bounded: str
    old: bool
    name: str
    rule: Rule


def _stated(theorem: str, statement: str) -> Rule:
    """Return a statement of the catalogue as it is."""

    def side(pair: Pair, found: Found) -> Side | None:
        g = found[theorem, statement]
        if not g.applies or g.truth is None:
            return None
        if g.bound is not None:
            log = math.log10(g.bound) if g.bound > 0 else -math.inf
        elif g.orders is not None:
            log = math.log10(g.truth) + g.orders
        else:
            return None
        return Side(log, g.truth, None if g.vacuous is None else not g.vacuous)

    return side


def _through_t5(theorem: str, statement: str) -> Rule:
    """Return a statement linear in d_logit^2, with T5's bound in its place."""

    def side(pair: Pair, found: Found) -> Side | None:
        g, excess = found[theorem, statement], found["T5", "upper_bound"].orders
        if not g.applies or g.truth is None or not g.bound or excess is None:
            return None
        (chosen,) = (one for one in theorems()[theorem].statements if one.name == statement)
        log = math.log10(g.bound) + excess
        trivial = None if chosen.trivial is None else float(as_floats(chosen.trivial(pair)))
        return Side(log, g.truth, None if trivial is None else 10.0 ** min(log, 300.0) < trivial)

    return side


def _top_labels_through_t5(pair: Pair, found: Found) -> Side | None:
    """T8 at the median margin gamma: P(margin <= gamma) + 2 d_logit^2/gamma^2, with T5's bound for the distance."""
    excess, gamma = found["T5", "upper_bound"].orders, float(np.median(margins(pair)))
    distance = squared_logit_distance(pair.a, pair.b)
    if excess is None or not gamma > 0 or not distance > 0:
        return None
    log = math.log10(2 * distance / gamma**2) + excess
    share = float(np.mean(margins(pair) <= gamma))
    log = log if log > 15 else math.log10(share + 10**log)  # beyond sixteen digits the share is lost
    return Side(log, 1 - top_label_agreement(pair.a, pair.b), log < 0)


LINES = (
    Line("d_logit²", True, "T5: 2 KL/τ", _stated("T5", "upper_bound")),
    Line("d_logit²", True, "T5 by Pinsker: KL/τ²", _stated("T5", "by_pinsker")),
    Line("d_logit²", False, "T15(c): floor by rank", _stated("T15", "floor_by_rank")),
    Line("d_logit²", False, "T15(d): floors at temperature 4", _stated("T15", "floor_at_every_temperature")),
    Line("clipped at 1/16", False, "T15(a): 2 KL/ε", _stated("T15", "clipped")),
    Line("clipped at 1/1024", False, "T15(a): 2 KL/ε", _stated("T15", "clipped_low")),
    Line("E Var_p(Δ)", False, "T15(b): (2 + R) KL", _stated("T15", "fisher")),
    Line("E‖f − A*f'‖²", True, "T3 through T5", _through_t5("T3", "upper_bound")),
    Line("E‖f − A*f'‖²", False, "T16, where it speaks", _stated("T16", "single_map")),
    Line("share of far embeddings", False, "T16: not certified", _stated("T16", "certified_share")),
    Line("1 − m_CCA", True, "T4 through T5", _through_t5("T4", "linear")),
    Line("E(w·f − w'·f')²", True, "T8 through T5", _through_t5("T8", "squared_error")),
    Line("E(w·f − w'·f')²", False, "T16, where it speaks", _stated("T16", "single_map_probe")),
    Line("share of other top labels", True, "T8 through T5", _top_labels_through_t5),
    Line("share of other top labels", False, "T14(b): from the mean KL", _stated("T14", "from_mean_kl")),
    Line("share of other top labels", False, "T14(a): not certified", _stated("T14", "certified")),
)  # fmt: skip
"""Every guarantee from KL, by what it bounds; old ones need the floor tau."""


def sides(pair: Pair) -> list[Side | None]:
    """Return every guarantee of `LINES` on a pair; None where it does not apply, or is not computed."""
    found = {(g.theorem, g.statement): g for g in guarantees(pair)}
    return [line.rule(pair, found) for line in LINES]


# --------------------------------------------------------------------------- the table


def power(log10: float) -> str:
    """Return a number, given by its decimal logarithm, to be read."""
    return number(10.0**log10) if log10 < _READ_AS_NUMBERS else f"1e{log10:.0f}"


def cell(side: Side | None) -> str:
    """Return the truth, the bound and the orders between them; bold where the bound says something."""
    if side is None:
        return "does not apply"
    far = "" if side.orders is None else f" ({side.orders:.1f})"
    words = f"{number(side.truth)} ≤ {power(side.log10_bound)}{far}"
    return f"**{words}**" if side.informative else words


def table(pairs: Mapping[str, Pair]) -> str:
    """Return both kinds of guarantees on pairs as a table in Markdown."""
    names = list(pairs)
    columns = [sides(pair) for pair in pairs.values()]
    rows = [
        ["", "", *names],
        ["---"] * (2 + len(names)),
        *(["", words, *(of(pair) for pair in pairs.values())] for words, of in _FACTS),
        *(
            [line.bounded, f"{line.name}{'' if line.old else ' (new)'}", *(cell(column[i]) for column in columns)]
            for i, line in enumerate(LINES)
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


_FACTS: tuple[tuple[str, Callable[[Pair], str]], ...] = (
    ("KL", lambda pair: number(kl_divergence(pair.a, pair.b))),
    ("log10 τ", lambda pair: f"{float(pair.log_min_probability) / math.log(10):.1f}"),
    ("m_CCA", lambda pair: number(mean_cca(pair.a.embeddings, pair.b.embeddings))),
    (
        "embeddings certified, near",
        lambda pair: f"{certified_embeddings(pair.a, pair.b):.3f}, {near_embeddings(pair.a, pair.b):.3f}",
    ),
)


def of_files(paths: Sequence[Path]) -> dict[str, Pair]:
    """Return the pairs of a saved teacher, the first file, with each of the others.

    Raises
    ------
    InvalidInput
        If there is one file alone, or one holds no model over the teacher's inputs and labels.
    """
    if len(paths) < 2:
        raise InvalidInput("files: expected a teacher and at least one student, saw one file")
    teacher, *students = (load_model(path) for path in paths)
    return {path.stem: Pair(teacher, student) for path, student in zip(paths[1:], students, strict=True)}


def of_digits(seed: int) -> dict[str, Pair]:
    """Return students of handwritten digits with their teacher, by loss."""
    return {student.name: student.pair for student in digits_pairs(seed)}


def main(arguments: Iterable[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kl_guarantees", description="Guarantees from KL.")
    parser.add_argument("files", nargs="*", type=Path, help="saved models, a teacher and its students")
    parser.add_argument("--seed", type=int, default=0, help="of the students of digits, where no files are given")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        pairs = of_files(options.files) if options.files else of_digits(options.seed)
    except InvalidInput as error:
        return complain(str(error))
    print(table(pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
