"""The command `list`: every name that can be asked for, one line each."""

import pytest

from empirics.data.registry import DATASETS
from empirics.losses import losses
from reports.check_metric.metric_files import load_target
from reports.cli import main
from reports.listing import run
from theory.catalogue import theorems
from theory.measures.registry import METRICS


def listed(capsys, *arguments):
    """Return what the command prints."""
    with pytest.raises(SystemExit) as ended:
        main(["list", *arguments])
    printed = capsys.readouterr()
    assert ended.value.code == 0
    assert printed.err == ""
    return printed.out.splitlines()


def test_claims_are_listed_where_nothing_is_said(capsys):
    lines = listed(capsys)
    assert lines == listed(capsys, "claims") == run.claims()
    heads = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert heads == list(theorems())


def test_every_statement_and_every_false_twin_is_listed_under_its_theorem():
    lines = run.claims()
    for theorem in theorems().values():
        start = lines.index(f"{theorem.identifier}  {theorem.title}")
        names = [statement.name for statement in theorem.statements]
        twins = [f"{twin.name}  (false twin)" for twin in theorem.twins]
        assert [line.strip() for line in lines[start + 1 : start + 1 + len(names) + len(twins)]] == names + twins


@pytest.mark.parametrize(("what", "expected"), [("losses", losses()), ("datasets", DATASETS)])
def test_losses_and_data_sets_are_those_registered(what, expected, capsys):
    lines = listed(capsys, what)
    assert sorted(line.split("  ")[0] for line in lines) == sorted(expected)
    assert all(line.split("  ", 1)[1] for line in lines)


def test_metrics_are_those_that_can_be_checked_each_with_what_it_is(capsys):
    lines = dict(line.split("  ", 1) for line in listed(capsys, "metrics"))
    assert list(lines) == sorted(METRICS)
    for name in lines:
        assert list(load_target(name).metrics) == [name]
    assert lines["kl_divergence"].startswith("KL(a || b) = ")
    assert lines["renyi_2"].endswith("; alpha = 2")
