"""What is certain of a pair of models, in words and in the order in which it is worth saying.

First what KL certifies without any floor on probabilities, each bound beside the truth; then the guarantees that say
more than is known without them; of those that do not, how many there are and by how many orders of magnitude.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.shared.rendering import at_least, at_most, number
from theory.errors import NotApplicable
from theory.guarantees import GEOMETRIC, Guarantee, Sorted, embedding_is_certified, orders_of
from theory.measures.registry import CERTIFYING
from theory.measures.registry import MEASURES as REGISTERED
from theory.models import Pair

_FLOORS = ("1e-2", "1e-4", "1e-6")  # of the clipped distances, as they end the names of their measures

Values = Mapping[str, float | None]


@dataclass(frozen=True)
class Certificate:
    """One thing that closeness in KL makes certain.

    Attributes
    ----------
    measure
        The measure that is bounded, or that counts what is certified.
    words
        What it is, for a table.
    at_least
        Whether the truth lies above the bound, and not below it.
    bound, truth
        What is certain, and what is the case; None where it does not exist.
    vacuous
        Whether the bound is no better than what is known anyway; None where there is none.
    """

    measure: str
    words: str
    at_least: bool
    bound: float | None
    truth: float | None
    vacuous: bool | None


def certificates(values: Values, kl: float | None, labels: int) -> tuple[Certificate, ...]:
    """Return what KL certifies, for tables and JSON.

    Parameters
    ----------
    values
        Measures by name; None for those that do not exist. Of one pair, or means over pairs.
    kl
        KL(a || b), the mean over inputs.
    labels
        Number of labels k.
    """
    flipped = values["flipped"]
    agree = None if flipped is None else 1.0 - flipped
    at_most = [
        ("flipped", "inputs with another top label, from the mean KL alone", values["disagreement_bound"], 1.0),
        (
            "squared_fisher_distance", "Fisher distance E Var_p(Δ), bound (2 + R) KL",
            values["fisher_bound"], _largest_variance(values["fisher_bound"], kl),
        ),
        *(
            (
                f"squared_clipped_distance_{floor}", f"squared distance clipped at {floor}, bound 2 KL/{floor}",
                None if kl is None else 2 * kl / float(floor), labels * math.log(float(floor)) ** 2,
            )
            for floor in _FLOORS
        ),
    ]  # fmt: skip
    return (
        _counted("certified_agreement", "inputs with the same top label", values, agree),
        *(_bounded(name, words, bound, values[name], trivial) for name, words, bound, trivial in at_most),
        _counted(
            "certified_embeddings", "inputs with near embeddings, after A*", values,
            values["near_embeddings"],
        ),
    )  # fmt: skip


def _counted(name: str, words: str, values: Values, truth: float | None) -> Certificate:
    bound = values[name]
    return Certificate(name, words, True, bound, truth, None if bound is None else bound == 0)


def _bounded(name: str, words: str, bound: float | None, truth: float | None, trivial: float | None) -> Certificate:
    known = None if bound is None or trivial is None else bound >= trivial
    return Certificate(name, words, False, bound, truth, known)


def _largest_variance(bound: float | None, kl: float | None) -> float | None:
    """R^2/4, which no variance of values with range R exceeds (Popoviciu); R from the bound (2 + R) KL."""
    if bound is None or not kl:
        return None
    return (bound / kl - 2) ** 2 / 4


def sides(one: Certificate) -> tuple[str, str]:
    """Return bound and truth to be read, shares in per cent."""
    share = one.at_least or one.measure == "flipped"
    truth = percent(one.truth) if share else number(one.truth)
    if one.bound is None:
        return "–", truth
    words = at_least if one.at_least else at_most
    return f"{'≥' if one.at_least else '≤'} {f'{words(100 * one.bound)} %' if share else words(one.bound)}", truth


def told(found: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return the certificates that a table shows: all but vacuous bounds; that no embedding is certified is news."""
    return tuple(one for one in found if one.bound is not None and (one.at_least or not one.vacuous))


def values_of(pair: Pair) -> dict[str, float | None]:
    """Return the measures that certificates are made of, KL, and the mean canonical correlation; None where undefined.

    Parameters
    ----------
    pair
        One pair of NumPy models.
    """
    found: dict[str, float | None] = {}
    for name in (*CERTIFYING, "kl_divergence", "mean_cca"):
        try:
            found[name] = float(REGISTERED[name].number(*REGISTERED[name].things(pair)))
        except NotApplicable:
            found[name] = None
    return found


# --------------------------------------------------------------------------- in words


def percent(share: float | None) -> str:
    """Return a share in per cent with four digits."""
    return "–" if share is None else f"{100 * share:.4g} %"


def _certain(share: float | None) -> str:
    return "–" if share is None else f"{at_least(100 * share)} %"


def of_labels(values: Values, inputs: str) -> str:
    """Say of how many inputs KL certifies the top label."""
    flipped, bound = values["flipped"], values["disagreement_bound"]
    agree = None if flipped is None else 1 - flipped
    line = (
        f"KL certifies the top label of {_certain(values['certified_agreement'])} of {inputs} ({percent(agree)} agree)"
    )
    mean = (
        "says nothing of how many differ"
        if bound is None or bound >= 1
        else f"lets at most {at_most(100 * bound)} % differ"
    )
    return f"{line}; its mean alone {mean}."


def of_embeddings(values: Values, found: Sequence[Guarantee], reason: str = "") -> str:
    """Say whether anything certifies the second model's embedding, and what.

    Parameters
    ----------
    values
        Measures by name; ``mean_cca`` is told where it is there.
    found
        Every guarantee on the pair.
    reason
        Why ``certified_embeddings`` does not exist, where it does not.
    """
    share, near = values["certified_embeddings"], values["near_embeddings"]
    cca = values.get("mean_cca")
    kept = "" if cca is None else f"; its mean canonical correlation is {cca:.4g}"
    theorems = [g.theorem for g in found if g.theorem in GEOMETRIC and g.applies and g.vacuous is False]
    by_logits = f" {', '.join(dict.fromkeys(theorems))} bound it by the logit distance." if theorems else ""
    if not embedding_is_certified(found, share):
        why = reason if share is None else f"KL certifies {_certain(share)} of inputs ({percent(near)} are near)"
        return (
            f"But nothing certifies this embedding: {why}, and every bound on alignment and canonical correlations is "
            f"vacuous or does not apply{kept}."
        )
    if share is None:
        return f"KL certifies no embedding: {reason}.{by_logits}"
    return f"KL certifies the embedding of {_certain(share)} of inputs ({percent(near)} are near){kept}.{by_logits}"


def of_vacuous(found: Sorted) -> str:
    """Say in one line how many guarantees are vacuous and how far off they are; empty where none is."""
    if not found.vacuous:
        return ""
    range_of = orders_of(found.vacuous)
    farthest = max((g for g in found.vacuous if g.orders is not None), key=lambda g: g.orders or 0.0, default=None)
    far = (
        ""
        if range_of is None or farthest is None
        else f", too large by {magnitudes(*range_of)} ({named(farthest)} the most)"
    )
    count = len(found.vacuous)
    return f"{count} guarantee{'s are' if count > 1 else ' is'} vacuous, no better than what is known without{far}."


def of_others(found: Sorted) -> str:
    """Say how many inequalities have nothing to be compared with, and how many do not apply."""
    parts = []
    if found.unjudged:
        range_of = orders_of(found.unjudged)
        far = f", loose by {magnitudes(*range_of)}" if range_of else ""
        count = len(found.unjudged)
        hold = "inequality holds" if count == 1 else "inequalities hold"
        parts.append(f"{count} more {hold}, of sides that nothing is known of without{far}")
    if found.declined:
        count = len(found.declined)
        parts.append(f"{count} do{'es' if count == 1 else ''} not apply")
    return f"{'; '.join(parts)}." if parts else ""


def magnitudes(least: float, most: float) -> str:
    """Return a range of orders of magnitude in words."""
    low, high = (f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in (max(least, 0.0), max(most, 0.0)))
    if low == "0.0":
        return f"up to {high} orders of magnitude"
    return f"{high} orders of magnitude" if low == high else f"{low} to {high} orders of magnitude"


def named(g: Guarantee) -> str:
    """Return the name of a guarantee to be read."""
    return f"{g.theorem} {g.statement.replace('_', ' ')}"
