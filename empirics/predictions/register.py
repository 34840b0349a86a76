"""Reading registered predictions: what a file may say, and no more.

A prediction is about the mean of one measure over new teachers and new students, and takes one of three forms::

    [[prediction]]
    id = "kl_loses_directions"           # unique in its file
    statement = "..."                    # in words
    why = "..."                          # the theorem or the guess behind it
    measure = "mean_cca"
    split = "test"                       # the default
    loss = "kl"                          # one loss or a list: the prediction is then made of each
    below = 0.95                         # or above; with scale = "log" of the geometric mean

    larger = ["l1", "l2"]                # instead of loss: paired on teachers and student seeds, each with each
    smaller = "kl"
    by = 0.05                            # larger - smaller >= by; or factor = 5.0: larger / smaller >= factor

    loss = ["l1", "l2"]                  # equivalence
    within = 0.01                        # |loss - of| <= within
    of = "teacher"

"teacher" stands for the teacher's own value of the measure. A negative `by`, or a `factor` below 1, says that `larger`
is not much behind.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from empirics.statistics import Scale
from theory.errors import InvalidInput

Kind: TypeAlias = Literal["below", "above", "by", "factor", "within"]

TEACHER = "teacher"
"""What the other side of a comparison is called if it is the teacher itself."""

_COMMON = frozenset({"id", "statement", "why", "measure"})
_OPTIONAL = frozenset({"split", "scale"})
_KINDS: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        "below": frozenset({"loss"}),
        "above": frozenset({"loss"}),
        "by": frozenset({"larger", "smaller"}),
        "factor": frozenset({"larger", "smaller"}),
        "within": frozenset({"loss", "of"}),
    }
)
_KNOWN = _COMMON | _OPTIONAL | frozenset(_KINDS) | frozenset().union(*_KINDS.values())


@dataclass(frozen=True)
class Prediction:
    """What was said beforehand of the mean of a measure.

    Attributes
    ----------
    identifier, statement, why
        As in the file: `id`, and words.
    measure, split
        Which values.
    kind
        "below" or "above" a threshold; larger than another loss "by" a difference or by a "factor"; "within" a
        difference of another loss.
    losses
        `loss` or `larger`.
    references
        `smaller` or `of`, which may be "teacher"; empty for thresholds.
    margin
        The threshold, difference or factor.
    scale
        "log" for factors and for thresholds of geometric means.
    """

    identifier: str
    statement: str
    why: str
    measure: str
    split: str
    kind: Kind
    losses: tuple[str, ...]
    references: tuple[str, ...]
    margin: float
    scale: Scale

    @property
    def comparisons(self) -> tuple[tuple[str, str | None], ...]:
        """Each loss with each reference, or with None: the prediction is that all of them hold."""
        return tuple((loss, reference) for loss in self.losses for reference in self.references or (None,))

    @property
    def predicted(self) -> tuple[float, float]:
        """Where the mean, difference or ratio is predicted to lie, as the ends of an interval."""
        if self.kind == "below":
            return -math.inf, self.margin
        return (-self.margin, self.margin) if self.kind == "within" else (self.margin, math.inf)

    @property
    def in_words(self) -> str:
        """The predicted region, for a report."""
        margin = f"{self.margin:g}"
        return {
            "below": f"below {margin}",
            "above": f"above {margin}",
            "by": f"a difference of at least {margin}",
            "factor": f"a ratio of at least {margin}",
            "within": f"a difference within {margin}",
        }[self.kind]


@dataclass(frozen=True)
class Registration:
    """The predictions of an experiment and what identifies the file they come from.

    Attributes
    ----------
    experiment
        Name of the file without its ending.
    sha256
        Of the file's bytes, so that a report can show which predictions it judged.
    predictions
        In the order of the file.
    """

    experiment: str
    sha256: str
    predictions: tuple[Prediction, ...]


def registered_experiments() -> tuple[str, ...]:
    """Return the names of the experiments with predictions in this package, sorted."""
    return tuple(
        sorted(
            Path(entry.name).stem for entry in resources.files(__package__).iterdir() if entry.name.endswith(".toml")
        )
    )


def load_registration(experiment: str | Path) -> Registration:
    """Read the predictions of an experiment.

    Parameters
    ----------
    experiment
        Name of one of `registered_experiments`, or the path of a file of one's own.

    Raises
    ------
    InvalidInput
        If there is none or it is not as the docstring of the module says; the message names the file, the prediction
        and the key.
    """
    if isinstance(experiment, Path):
        if not experiment.is_file():
            raise InvalidInput(f"experiment: expected a file of predictions, saw {str(experiment)!r}")
        name, content = experiment.stem, experiment.read_bytes()
    else:
        if experiment not in registered_experiments():
            expected = ", ".join(registered_experiments())
            raise InvalidInput(f"experiment: expected one of {expected}, or a path, saw {experiment!r}")
        name, content = experiment, (resources.files(__package__) / f"{experiment}.toml").read_bytes()
    return Registration(name, hashlib.sha256(content).hexdigest(), _parse(f"{name}.toml", content))


def _parse(file: str, content: bytes) -> tuple[Prediction, ...]:
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: expected TOML, saw {error}") from error
    tables = document.pop("prediction", None)
    if document:
        raise InvalidInput(f"{file}: expected nothing but [[prediction]], saw {', '.join(map(repr, document))}")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise InvalidInput(f"{file}: expected one [[prediction]] at least")
    predictions = tuple(_prediction(f"{file}, prediction {i}", table) for i, table in enumerate(tables, 1))
    names = [prediction.identifier for prediction in predictions]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise InvalidInput(f"{file}: id: expected each once, saw {', '.join(sorted(repeated))} again")
    return predictions


def _prediction(where: str, table: Mapping[str, Any]) -> Prediction:
    where = f"{where} ({table['id']})" if isinstance(table.get("id"), str) else where
    if unknown := sorted(set(table) - _KNOWN):
        raise InvalidInput(f"{where}: {unknown[0]}: unknown key, expected some of {', '.join(sorted(_KNOWN))}")
    kinds = [kind for kind in _KINDS if kind in table]
    if len(kinds) != 1:
        raise InvalidInput(f"{where}: expected one of {', '.join(_KINDS)}, saw {' and '.join(kinds) or 'none'}")
    kind = kinds[0]
    required = _COMMON | _KINDS[kind]
    if missing := sorted(required - set(table)):
        raise InvalidInput(f"{where}: {missing[0]}: expected with '{kind}', saw none")
    if surplus := sorted(set(table) - required - _OPTIONAL - {kind}):
        raise InvalidInput(f"{where}: {surplus[0]}: not expected with '{kind}'")
    words = {key: _text(where, key, table[key]) for key in _COMMON}
    losses = _names(where, "larger" if "larger" in table else "loss", table)
    other = "smaller" if "smaller" in table else "of" if "of" in table else None
    references = () if other is None else _names(where, other, table)
    if both := set(losses) & set(references):
        raise InvalidInput(f"{where}: {other}: expected another loss than {sorted(both)[0]!r}")
    if kind in ("below", "above", "within") and TEACHER in losses:
        raise InvalidInput(f"{where}: loss: expected the name of a loss, saw {TEACHER!r}")
    return Prediction(
        identifier=words["id"],
        statement=words["statement"],
        why=words["why"],
        measure=words["measure"],
        split=_text(where, "split", table.get("split", "test")),
        kind=kind,
        losses=losses,
        references=references,
        margin=_margin(where, kind, table[kind]),
        scale=_scale(where, kind, table.get("scale")),
    )


def _text(where: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{where}: {key}: expected words, saw {value!r}")
    return value


def _names(where: str, key: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    value = table[key]
    names = value if isinstance(value, list) else [value]
    if not names or len(set(map(repr, names))) < len(names):
        raise InvalidInput(f"{where}: {key}: expected one loss or several different ones, saw {value!r}")
    return tuple(_text(where, key, name) for name in names)


def _margin(where: str, kind: Kind, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(f"{where}: {kind}: expected a finite number, saw {value!r}")
    if kind in ("factor", "within") and not value > 0:
        raise InvalidInput(f"{where}: {kind}: expected a positive number, saw {value!r}")
    return float(value)


def _scale(where: str, kind: Kind, value: object) -> Scale:
    implied: Scale = "log" if kind == "factor" else "linear"
    if value is None or value == implied:
        return implied
    if value == "log" and kind in ("below", "above"):
        return "log"
    raise InvalidInput(f"{where}: scale: expected {implied!r} with '{kind}', saw {value!r}")
