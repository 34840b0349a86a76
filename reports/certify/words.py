"""What was certified, in plain words and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from reports.certify.run import SCORES, Certified, Score
from reports.shared.rendering import at_least, at_most
from reports.shared.versions import schema, versions

SCHEMA = schema("certify", 1)


def percent(share: float | Fraction) -> str:
    """Return a share in per cent, as short as it is exact."""
    return f"{float(100 * share):.10g} %"


def statements(found: Certified) -> list[str]:
    """Return what holds, in plain words."""
    return [line for score in found.scores for line in _of_score(found, score)] + [
        f"With confidence {percent(1 - found.delta)}, between {at_least(100 * share.low)} % and "
        f"{at_most(100 * share.high)} % of all {_plural(found)} {share.words} (seen: {100 * share.seen:.4g} % of "
        f"{found.units.count})."
        for share in (*found.shares, *found.probes)
    ]


def _seen_as(found: Certified) -> str:
    return "input" if found.units.groups is None else found.of_group


def _plural(found: Certified) -> str:
    return {"input": "inputs", "worst": "groups", "drawn": "drawn inputs"}[_seen_as(found)]


def _of_score(found: Certified, score: Score) -> Iterator[str]:
    one, everywhere = {
        "input": ("of a new input", ""),
        "worst": ("of every input of a new group", " on all their inputs"),
        "drawn": ("of an input drawn from a new group", ""),
    }[_seen_as(found)]
    sure, confident = percent(1 - found.alpha), percent(1 - found.delta)
    if math.isfinite(score.marginal):
        yield f"With probability at least {sure}, {score.words} {one} is at most {at_most(score.marginal)}."
    else:
        yield f"Nothing bounds {score.words} {one} with probability {sure}: {why(found, 'marginal')}."
    share = f"at least {sure} of all {_plural(found)}{everywhere}"
    if math.isfinite(score.conditional):
        yield f"With confidence {confident}, {score.words} is at most {at_most(score.conditional)} for {share}."
    else:
        yield f"Nothing bounds {score.words} for {share} with confidence {confident}: {why(found, 'conditional')}."


def why(found: Certified, kind: str) -> str:
    """Return why scores have no bound of a kind, "marginal" or "conditional"."""
    if found.ranks[kind] > found.units.count:
        return f"that needs {found.needed[kind]} {found.units.name}s, and there are {found.units.count}"
    return f"too many of the {found.units.count} {found.units.name}s have no finite value"


def assumed(found: Certified) -> list[str]:
    """Return what the statements rest on."""
    one = f"{found.units.name}s"
    lines = [
        f"The {one} that were seen and the new ones are exchangeable; for statements with confidence, and for shares, "
        f"independent draws of {one} from one population.",
        "Neither model was fitted to these inputs, nor chosen by them; A* is made of the two heads alone.",
        "Each statement holds by itself. All that are made with confidence hold together with confidence at least "
        "1 - c delta, c their number.",
    ]
    if found.units.groups is not None and found.of_group == "worst":
        lines.append("A group counts as its worst input, so that new groups have sizes like those seen.")
    if found.units.groups is not None and found.of_group == "drawn":
        lines.append("A group counts as one of its inputs, drawn at random; other draws give other numbers.")
    return lines


def as_json(found: Certified) -> dict[str, object]:
    """Return everything as JSON."""
    undefined = dict(found.undefined)
    for score in found.scores:
        for kind, value in (("marginal", score.marginal), ("conditional", score.conditional)):
            if not math.isfinite(value):
                undefined[f"{score.name}.{kind}"] = why(found, kind)
    return {
        "schema": SCHEMA,
        "a": found.names[0],
        "b": found.names[1],
        "alpha": float(found.alpha),
        "delta": float(found.delta),
        "inputs": found.units.inputs,
        "groups": None if found.units.groups is None else found.units.count,
        "of_group": None if found.units.groups is None else found.of_group,
        "ranks": found.ranks,
        "scores": {
            **{s.name: {"marginal": s.marginal, "conditional": s.conditional} for s in found.scores},
            **{name: {"marginal": None, "conditional": None} for name in found.undefined if name in SCORES},
        },
        "shares": {
            **{share.name: [share.low, share.high] for share in found.shares},
            **{name: None for name in found.undefined if name not in SCORES},
        },
        "seen": {share.name: share.seen for share in found.shares},
        "probes": [{"name": p.name, "certified": p.seen, "interval": [p.low, p.high]} for p in found.probes],
        "undefined": undefined,
        "statements": statements(found),
        "assumed": assumed(found),
        "versions": versions(),
    }
