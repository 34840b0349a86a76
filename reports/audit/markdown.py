"""The audit as markdown, for docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reports.audit import tables
from reports.audit.adapters import EXTRA
from reports.audit.differential import AGREEMENT, GroupComparison
from reports.audit.results import Audited, AuditRun
from reports.audit.untested import LOOKED_ON, UNTESTED
from theory.claims import PROPERTY_NAMES
from theory.conformance import PropertyVerdict


def markdown(run: AuditRun, command: str) -> str:
    """Return the page.

    Parameters
    ----------
    run
        What was found.
    command
        That made it, to be run again.
    """
    lines = _head(run, command)
    for section in (_overclaims, _ranges, _fatal, _notes, _found, _measures, _differential, _untested, _examples):
        lines += section(run)
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(headings)
    return [_row(head), "|" + " --- |" * len(head), *(_row(row) for row in rows), ""]


def _code(text: str) -> str:
    return f"`{text}`"


def _head(run: AuditRun, command: str) -> list[str]:
    n = tables.counts(run)
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return [
        "# Audit: measures of likeness in other packages",
        "",
        f"Written on {run.date} by `{command}` ({run.platform}, seed {run.seed}, {run.budget:g} s a measure); "
        "write it again rather than edit it.",
        "",
        f"Versions: {versions}.",
        "",
        f"`{EXTRA}` installs the packages; repsim is built from source and installed by itself.",
        "",
        "Every measure of a package is called as its documentation says, through a few lines in "
        "`reports/audit/packages/`, and examined by `check_metric` like any other: axioms, invariances, behaviour on "
        "unusable input, and what logit distance and KL say about it. What is found is set against what the package's "
        "own documentation declares, and only against that.",
        "",
        "- An **over-claim** is a property that the documentation declares and that a counterexample refutes.",
        "- An **under-claim** is an axiom or invariance that held and is not mentioned, where others are. It is no "
        "fault.",
        "- A property that fails and that nobody declared is **no fault** either. Most measures of likeness are no "
        "metrics and were not meant to be; the table says which are.",
        "- “Holds” means that a search found no counterexample. Measures are taken for what they are by default; other "
        "options may behave otherwise. *Composed* measures are put together here from functions of a package that does "
        "not offer them under a name, so that their properties are nobody's declaration.",
        "",
        f"{n['measures']} measures of {n['packages']} packages, {n['examined']} of them examined; {n['planned']} "
        f"properties planned, {n['ran']} run. Of {n['declared']} declared properties {n['overclaims']} failed. "
        f"{n['groups']} names with {n['implementations']} implementations were compared.",
        *(["", "Not installed in this run: " + ", ".join(package.name for package in run.missing) + "."]
          if run.missing else []),
        "",
    ]  # fmt: skip


def _overclaims(run: AuditRun) -> list[str]:
    lines = ["## Declared, and refuted", ""]
    found = tables.overclaims(run)
    if not found:
        return [*lines, "Nothing that is declared was refuted.", ""]
    rows = [
        (
            f"{claim.audited.adapter.package.name} {claim.audited.version}", _code(claim.audited.adapter.name),
            claim.name.replace("_", " "), f"“{claim.words}” ({claim.where})",
            f"[{claim.result.message}](#{claim.anchor})", claim.size,
        )
        for claim in found
    ]  # fmt: skip
    return [*lines, *_table(("package", "measure", "property", "declared", "found", "relative size"), rows)]


def _ranges(run: AuditRun) -> list[str]:
    rows = []
    for audited in run.measures:
        declared, seen = audited.adapter.range, audited.range
        if declared is None or seen is None:
            continue
        rows.append(
            (
                f"{audited.adapter.package.name} {audited.version}", _code(audited.adapter.name),
                f"“{declared.words}” ({declared.where})", f"{seen.low:.4g} to {seen.high:.4g}",
                f"{seen.outside} of {seen.trials}" if seen.outside else "none",
            )
        )  # fmt: skip
    if not rows:
        return []
    return [
        "## Ranges", "", "Values on ordinary input, related and unrelated, against the range that is declared.", "",
        *_table(("package", "measure", "declared", "seen", "outside"), rows),
    ]  # fmt: skip


def _fatal(run: AuditRun) -> list[str]:
    found = tables.kills(run)
    if not found:
        return []
    rows = [
        (f"{audited.adapter.package.name} {audited.version}", _code(audited.adapter.name), message)
        for audited, message in found
    ]
    return [
        "## What ends the interpreter", "", "No exception, but the end of the process. Checks that met it are not "
        "settled.", "", *_table(("package", "measure", "input"), rows),
    ]  # fmt: skip


def _notes(run: AuditRun) -> list[str]:
    noted = [audited for audited in run.measures if audited.adapter.note]
    if not noted:
        return []
    lines = ["## Worth knowing", "", "Seen in these versions; not all of it is against anything declared.", ""]
    lines += [
        f"- {audited.adapter.package.name}, {_code(audited.adapter.name)}: {audited.adapter.note}" for audited in noted
    ]
    return [*lines, ""]


def _found(run: AuditRun) -> list[str]:
    lines = [
        "## Found, against declared",
        "",
        "✓ holds (no counterexample found), ✗ fails, ? not settled, · does not apply; with *d*: as declared (also "
        "where a failure is), *o*: over-claim, *u*: under-claim, *r*: off by less than 1e-5 of the values, "
        "as single precision or the root of rounding may be. For a similarity the axioms are those of its maximum "
        "minus it. *c*: composed here; *s*: computes in single precision.",
        "",
        ", ".join(f"*{tables.SHORT[name]}* {name.replace('_', ' ')}" for name in PROPERTY_NAMES) + ".",
        "",
    ]
    for on in ("embeddings", "models"):
        chosen = [audited for audited in run.measures if audited.adapter.on == on]
        if not chosen:
            continue
        names = tables.columns(on)
        rows = [(_named(audited), *(tables.mark(audited, name) for name in names)) for audited in chosen]
        lines += [f"### Of {on}", "", *_table((on, *(tables.SHORT[name] for name in names)), rows)]
    return lines


def _named(audited: Audited) -> str:
    flags = "".join(f" *{flag}*" for flag, on in (("c", audited.adapter.composed), ("s", audited.adapter.single)) if on)
    return f"{audited.adapter.package.name} {_code(audited.adapter.name)}{flags}"


def _measures(run: AuditRun) -> list[str]:
    lines = [
        "## Definitions, and what was seen",
        "",
        "Definitions are those of the installed source. Only failures that the table above does not explain by "
        "themselves are spelt out: degenerate input, nan, chance, side effects, and what was not settled. Degenerate "
        "input includes scales of 1e-150 and 1e150, which few will meet.",
        "",
    ]
    package = ""
    for audited in run.measures:
        adapter = audited.adapter
        if adapter.package.name != package:
            package = adapter.package.name
            lines += ["", f"### {package} {audited.version}", ""]
        lines.append(f"- {_code(adapter.name)}{' (composed)' if adapter.composed else ''}: {adapter.definition}")
        lines += [f"  - {line}" for line in _details(audited)]
    return [*lines, ""]


def _details(audited: Audited) -> Iterator[str]:
    if audited.found is None:
        yield f"not examined: {audited.why}"
        return
    told: dict[tuple[str, str, bool], list[str]] = {}
    for name, said in audited.adapter.declared.items():
        told.setdefault((said.words, said.where, said.holds), []).append(name.replace("_", " "))
    for (words, where, holds), names in told.items():
        yield f"declares {', '.join(names)}{'' if holds else ' (to fail)'}: “{words}” ({where})"
    if audited.underclaims:
        yield f"holds and is not declared: {', '.join(name.replace('_', ' ') for name in audited.underclaims)}"
    if audited.unfinished:
        yield f"not run, for lack of time: {', '.join(name.replace('_', ' ') for name in audited.unfinished)}"
    for result in tables.failing(audited):
        behaviour = result.name in ("rejects_nan", "handles_degenerate", "deterministic", "pure")
        if behaviour or result.verdict is PropertyVerdict.INCONCLUSIVE:
            yield f"{result.name.replace('_', ' ')}: {result.message}"


def _differential(run: AuditRun) -> list[str]:
    if not run.comparisons:
        return []
    lines = [
        "## One name, several numbers",
        "",
        "The same inputs to all implementations of a name: ordinary ones (correlated, unrelated, off centre, of uneven "
        "scales, unequal widths), and others that are degenerate, tiny, huge or nearly equal. Relative differences are "
        f"|u - v| / max(|u|, |v|). Implementations of one formula agree when they are within {AGREEMENT:g} on ordinary "
        "input.",
        "",
        *_table(
            ("name", "implementations", "formulas", "widest difference, ordinary input", "within one formula"),
            (_summary(comparison) for comparison in run.comparisons),
        ),
    ]
    for comparison in run.comparisons:
        lines += _compared(comparison)
    return lines


def _summary(comparison: GroupComparison) -> tuple[str, ...]:
    widest = comparison.widest
    within = max((spread.difference for spread in comparison.within.values()), default=None)
    formulas = {member.formula for member in comparison.group.members}
    return (
        comparison.group.name, str(len(comparison.group.members)), str(len(formulas)),
        f"{widest.difference:.2g} on “{widest.case}”" if widest else "–",
        "–" if within is None else f"{within:.1e}" + (" (disagree)" if comparison.disagreements else ""),
    )  # fmt: skip


def _compared(comparison: GroupComparison) -> list[str]:
    group = comparison.group
    lines = [f"### {group.name}", "", group.why, ""]
    members = [
        (str(number), member.package.name, _code(member.name), member.formula)
        for number, member in enumerate(group.members, 1)
    ]
    lines += _table(("", "package", "implementation", "formula"), members)
    rows = (
        (f"**{case}**" if case == tables.shown_case(comparison) else case,
         *(row[member.label].seen for member in group.members))
        for case, row in comparison.answers.items()
    )  # fmt: skip
    lines += _table(("input", *(number for number, *_ in members)), rows)
    if comparison.widest is not None:
        lines.append(f"- Furthest apart on ordinary input: {tables.spread_in_words(comparison.widest)}.")
    for formula, spread in comparison.degenerate.items():
        if spread.difference > AGREEMENT:
            lines.append(f"- Off ordinary input, of one formula ({formula}): {tables.spread_in_words(spread)}.")
    if comparison.missing:
        lines.append(f"- Not installed: {', '.join(comparison.missing)}.")
    return [*lines, ""]


def _untested(run: AuditRun) -> list[str]:
    return [
        "## What could not be tested, and why",
        "",
        f"Looked for on {LOOKED_ON} with Python 3.11 and NumPy 2; no package was allowed to replace torch.",
        "",
        *_table(("package", "version", "why"), ((one.name, one.version or "–", one.why) for one in UNTESTED)),
    ]


def _examples(run: AuditRun) -> list[str]:
    found = tables.overclaims(run)
    if not found:
        return []
    lines = [
        "## Counterexamples",
        "",
        "Of the over-claims; those of all failing properties are in the JSON report.",
        "",
    ]
    for number, claim in enumerate(found, 1):
        adapter, example = claim.audited.adapter, claim.result.counterexample
        lines += [
            f'<a id="{claim.anchor}"></a>',
            "",
            f"### {number}. {adapter.package.name}: {claim.name.replace('_', ' ')}",
            "",
            f"{_code(adapter.name)} declares “{claim.words}” ({claim.where}). {claim.result.message}.",
            "",
        ]
        if example is not None:
            lines += [
                f"{example.statement}: {tables.values_in_words(example)}.", "",
                "```python", *tables.expressions(example), "```", "",
            ]  # fmt: skip
    return lines
