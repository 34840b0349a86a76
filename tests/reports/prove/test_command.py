"""The commands `prove` and `check-certificate`: what they print and write, and with which status they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reports.prove import run as proofs
from reports.prove.page import Enclosure, render, worst_picture
from tests.reports.commands import command
from theory.proofs import verifier
from theory.proofs.steps import Status

VERIFIER = Path(verifier.__file__)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("proofs")
    status, output, _ = command("prove", "T3", "--out", path)
    assert status == 0
    assert "certificates: " in output
    return path


def test_a_proof_reads_step_by_step():
    status, output, _ = command("prove", "T6")
    assert status == 0
    assert output.startswith("T6. Logit distance bounds KL")
    assert "Proof of upper_bound: proved" in output
    assert "1. log-partition" in output
    assert "[from " in output
    assert "Attempt at the false twin" in output
    # Of attempts beside proofs, only where they fail.
    assert "not proved (" in output
    assert output.count("1. log-partition") == 1


def test_the_formal_statement_stands_beside_the_steps():
    status, output, _ = command("prove", "T6")
    assert status == 0
    assert "Formal proof of upper_bound: accepted by Coq" in output
    assert "T6.logit_distance_bounds_kl" in output
    assert "    <= c * squared_logit_distance n k a b." in output
    status, output, _ = command("prove", "T6::eighth")
    assert "Formal proof" not in output


def test_one_statement_or_one_false_twin_can_be_asked_for():
    status, output, _ = command("prove", "t6::upper_bound")
    assert status == 0
    assert "Attempt" not in output
    status, output, _ = command("prove", "T6::eighth")
    assert status == 1
    assert "Attempt at the false twin eighth: not proved" in output
    assert "1. log-partition" in output


def test_report_page_and_certificates_are_written(folder):
    report = json.loads((folder / "report.json").read_text())
    (theorem,) = report["theorems"]
    assert theorem["id"] == "T3"
    assert theorem["status"] in ("proved", "cited")
    assert all(step["status"] != "not proved" for proof in theorem["proofs"] for step in proof["steps"])
    assert all(twin["status"] == "not proved" for twin in theorem["twins"])
    assert all(
        "lhs: " in step["obligation"]
        for proof in theorem["proofs"]
        for step in proof["steps"]
        if step["method"] == "identity"
    )
    formal = {entry["statement"]: entry for entry in theorem["formal"]}
    assert formal["upper_bound"]["definition"].startswith("(** T3, upper bound *)")
    page = (folder / "index.html").read_text()
    assert "Formal proof of upper bound" in page
    assert "<math" in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert sorted(path.suffix for path in folder.iterdir()) == ["", ".html", ".json"]


def test_certificates_are_valid_here_and_with_nothing_but_python(folder):
    found = sorted((folder / "certificates").iterdir())
    kinds = {json.loads(path.read_text())["kind"] for path in found}
    assert kinds == {"bound", "counterexample"}
    for path in found:
        status, output, _ = command("check-certificate", path)
        assert status == 0
        assert output.startswith("valid: ")
    alone = [sys.executable, "-I", "-S", str(VERIFIER), str(found[0])]
    assert subprocess.run(alone, capture_output=True, text=True, check=False).returncode == 0


def test_a_certificate_that_was_tampered_with_is_invalid(folder, tmp_path):
    path = min((folder / "certificates").iterdir())
    content = json.loads(path.read_text())
    content["constant"] = "1/7"
    (tmp_path / "tampered.json").write_text(json.dumps(content))
    status, output, _ = command("check-certificate", tmp_path / "tampered.json")
    assert status == 1
    assert output.startswith("invalid: address")
    content["address"] = verifier.address_of(content)
    (tmp_path / "again.json").write_text(json.dumps(content))
    assert command("check-certificate", tmp_path / "again.json").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prove",), "expected a theorem or --all, saw neither"),
        (("prove", "T5", "--all"), "saw both"),
        (("prove", "T99"), "expected one of T1"),
        (("prove", "T5::nothing"), "expected a statement of T5 among"),
        (("check-certificate", "nowhere.json"), "nowhere.json: "),
    ],
)
def test_unusable_input_is_told_in_a_line(arguments, message):
    status, printed, told = command(*arguments)
    assert status == 2
    assert printed == ""
    assert message in told
    assert told.count("\n") == 1


def test_the_status_of_a_theorem_is_that_of_its_weakest_step():
    found = proofs.prove("T6")
    assert found.status is Status.PROVED
    assert not found.failed
    nothing = proofs.TheoremProved("T6", "nothing", (), (), (), 0.0)
    assert nothing.status is Status.NOT_PROVED
    assert nothing.failed
    accepted = proofs.TheoremProved("T6", "a false twin that goes through", found.proofs, found.proofs, (), 0.0)
    assert accepted.failed
    assert "goes through" in render((accepted,))


@pytest.mark.slow  # convex programmes along a curve
def test_the_worst_distance_is_drawn_under_the_bound():
    enclosed = (Enclosure(0.01, 0.1, 0.17, 0.18), Enclosure(1.0, 0.1, 7.6, 8.0))
    assert enclosed[1].bound == 20
    assert enclosed[0].lower < enclosed[0].middle < enclosed[0].upper
    picture = worst_picture(enclosed)
    assert picture.count("<rect") + picture.count("<circle") == len(enclosed)
    assert "2 KL/tau, tau = 0.1" in picture
    assert picture in render((proofs.prove("T5"),), enclosed)
