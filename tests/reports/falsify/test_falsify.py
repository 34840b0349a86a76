"""Attacks on files of claims: the runner, its JSON and pages, resuming, interrupts, and the command."""

import json
import math
import signal
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from reports.falsify import drawings
from reports.falsify.claim_files import load_claims
from reports.falsify.page import conditions, render_claim, render_index, verdict_in_words, write_report
from reports.falsify.run import Settings, as_json, run_falsification
from reports.shared.files import jsonable
from reports.shared.outcomes import claim_json, restored, stored
from tests.reports.attacks import never, patient, random_search
from tests.reports.commands import PROGRAM, command
from theory import InvalidInput, Model, Pair
from theory.evidence import Evidence
from theory.search.outcome import Coverage, Outcome, Progress, Witness

CLAIMS = r'''
"""Three claims."""
from theory import claim, hellinger, kl_divergence, squared_logit_distance
print("loading")

@claim(source="A <b>book</b>")
def eighth(pair):
    r"""KL is at most $d^2/8$ <script>alert(1)</script>.

    More about it, with $\mathrm{<img>}$ and :math:`x < y`.
    """
    print("noise")
    return kl_divergence(pair.a, pair.b), squared_logit_distance(pair.a, pair.b) / 8

@claim
def at_most_one(pair):
    return hellinger(pair.a, pair.b), 1.0

@claim
def tiny(pair):
    """KL is tiny."""
    return kl_divergence(pair.a, pair.b), 1e-6
'''
KEYS = {"name", "verdict", "evidence", "lhs", "rhs", "ratio", "evaluations", "not_applicable", "seconds", "strata",
        "counterexample", "simplest", "message", "total_seconds", "digits", "errors", "history"}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "mine.py"
    path.write_text(CLAIMS)
    return load_claims(path)


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    return run_falsification(file, Settings(tmp_path_factory.mktemp("out")), attack=random_search)


def settings(out, **options):
    return Settings(out, **options)


def by_name(run):
    return {judged.outcome.name: judged for judged in run.claims}


def as_text(value):
    return json.dumps(jsonable(value), allow_nan=False, sort_keys=True)


def odd_outcome():
    """An outcome with every number that JSON has no word for."""
    pair = Pair(Model([[1 / 3, -0.0]], [[1e-300, 1], [2, 3]]), Model([[1, 2]], [[0.1, 0.2], [0.3, 1e100]]))
    violation = Witness(pair, math.inf, math.nan, math.inf, 0.0, Evidence.EXACT, "x", 3, 77)
    return Outcome(
        name="odd", title="t", source="s", verdict="refuted", evidence=Evidence.EXACT, worst=violation, simplest=None,
        evaluations=np.int64(7), not_applicable=1, nans=2, exceptions={"ValueError: x": 3}, seconds=np.float64(0.25),
        total_seconds=1.0, strata={"x": Coverage(7, 1, None), "y": Coverage(1, 0, math.inf)},
        history=(Progress(1, -math.inf, "x"), Progress(2, 0.5, "y")), message="m", seed=4,
        hypotheses={"diversity": math.nan, "tau": -1.0},
    )  # fmt: skip


# --------------------------------------------------------------------------- JSON


def test_the_json_has_the_contract_s_keys(run):
    data = json.loads(as_text(as_json(run)))
    assert data["schema"] == "logitbounds/falsify/1"
    assert [claim["name"] for claim in data["claims"]] == ["eighth", "at_most_one", "tiny"]
    for claim in data["claims"]:
        assert set(claim) >= KEYS
        assert claim["verdict"] in ("refuted", "survived")
        assert claim["ratio"] == claim["lhs"] / claim["rhs"]
        assert (claim["counterexample"] is None) == (claim["simplest"] is None) == (claim["verdict"] == "survived")
        assert all(set(seen) == {"evaluations", "not_applicable", "best"} for seen in claim["strata"].values())


def test_counterexamples_can_be_rebuilt_from_the_json(run):
    claims = {claim["name"]: claim for claim in json.loads(as_text(as_json(run)))["claims"]}
    for name in ("eighth", "tiny"):
        worst, simplest = (
            Pair(*(Model(**claims[name][which][side]) for side in "ab")) for which in ("counterexample", "simplest")
        )
        assert by_name(run)[name].claim(worst) == (claims[name]["lhs"], claims[name]["rhs"])
        lhs, rhs = by_name(run)[name].claim(simplest)
        assert lhs > rhs
    closest = Pair(*(Model(**claims["at_most_one"]["closest"][side]) for side in "ab"))
    assert by_name(run)["at_most_one"].claim(closest)[0] == claims["at_most_one"]["lhs"]


def test_outcomes_survive_storage_to_the_last_bit(run):
    for outcome in (*(judged.outcome for judged in run.claims), odd_outcome()):
        text = as_text(stored(outcome))
        again = restored(json.loads(text))
        assert as_text(claim_json(again)) == as_text(claim_json(outcome))
        assert as_text(stored(again)) == text
        assert isinstance(again.evidence, Evidence)
    worst = restored(json.loads(as_text(stored(odd_outcome())))).worst
    assert worst.lhs == math.inf
    assert math.isnan(worst.rhs)
    assert math.copysign(1, worst.pair.a.embeddings[0, 1]) == -1


def test_what_is_no_outcome_is_refused():
    good = json.loads(as_text(stored(odd_outcome())))
    for bad in (None, [], {}, {**good, "schema": "other/1"}, {**good, "worst": {"pair": 1}},
                {**good, "evidence": "hope"},
                {k: v for k, v in good.items() if k != "strata"}, {**good, "history": [1]}):  # fmt: skip
        with pytest.raises(InvalidInput, match="not a stored outcome"):
            restored(bad)


# --------------------------------------------------------------------------- the runner


def test_a_rerun_attacks_nothing_again(file, run):
    again = run_falsification(file, run.settings, attack=never)
    assert all(judged.resumed for judged in again.claims)
    assert not any(judged.resumed for judged in run.claims)
    keys = ("seconds", "resumed")
    for one, other in zip(as_json(run)["claims"], as_json(again)["claims"], strict=True):
        assert as_text({k: v for k, v in one.items() if k not in keys}) == as_text(
            {k: v for k, v in other.items() if k not in keys}
        )
    assert len(list((run.settings.out / "findings").iterdir())) == 2


def test_another_seed_budget_or_source_is_attacked_anew(file, run, tmp_path):
    for change in ({"seed": 1}, {"seconds": 9.0}, {"evaluations": 50}):
        again = run_falsification(file, replace(run.settings, **change), attack=random_search)
        assert not any(judged.resumed for judged in again.claims)
    other = tmp_path / "mine.py"
    other.write_text(CLAIMS + "\n# changed\n")
    again = run_falsification(load_claims(other), run.settings, attack=random_search)
    assert not any(judged.resumed for judged in again.claims)


def test_one_claim_of_a_file_resumes_from_a_run_of_all(file, run):
    again = run_falsification(load_claims(file.path, "tiny"), run.settings, attack=never)
    assert [judged.resumed for judged in again.claims] == [True]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "logitbounds/outcome/1"}', "\x00"])
def test_a_damaged_result_is_found_again(file, tmp_path, damage):
    file = load_claims(file.path, "tiny")
    run_falsification(file, settings(tmp_path), attack=random_search)
    (result,) = (tmp_path / "results").iterdir()
    whole = json.loads(result.read_text())
    result.write_text(damage)
    again = run_falsification(file, settings(tmp_path), attack=random_search)
    assert not again.claims[0].resumed
    mended = json.loads(result.read_text())
    assert mended["worst"] == whole["worst"]


def test_a_finding_lost_is_written_again(file, tmp_path):
    file = load_claims(file.path, "tiny")
    first = run_falsification(file, settings(tmp_path), attack=random_search).claims[0].finding
    (first / "repro.py").rename(tmp_path / "repro.py")
    for path in first.iterdir():
        path.unlink()
    first.rmdir()
    again = run_falsification(file, settings(tmp_path), attack=never).claims[0]
    assert again.finding == first
    assert (first / "repro.py").read_text() == (tmp_path / "repro.py").read_text()


@pytest.mark.slow  # two workers start
def test_processes_find_what_one_process_finds(file, run, tmp_path):
    news = []
    parallel = run_falsification(file, settings(tmp_path, jobs=2), news.append, attack=random_search)
    for one, other in zip(run.claims, parallel.claims, strict=True):
        assert as_text(claim_json(replace(one.outcome, seconds=0, total_seconds=0))) == as_text(
            claim_json(replace(other.outcome, seconds=0, total_seconds=0))
        )
    assert {update.name for update in news if update.outcome is not None} == set(file.claims)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["findings", "results"]


DEADLY = """
import os
from theory import claim, kl_divergence
@claim
def deadly(pair): os._exit(7)
@claim
def raising(pair): raise RuntimeError("no\\nway")
@claim
def tiny(pair): return kl_divergence(pair.a, pair.b), 1e-6
"""


@pytest.mark.slow  # workers start, and die
def test_a_claim_that_kills_its_process_costs_no_other_claim(tmp_path):
    path = tmp_path / "deadly.py"
    path.write_text(DEADLY)
    run = run_falsification(load_claims(path), settings(tmp_path / "out", jobs=2), attack=random_search)
    found = {judged.outcome.name: judged.outcome for judged in run.claims}
    assert found["deadly"].verdict == "error"
    assert "ended abruptly" in found["deadly"].message
    assert found["raising"].verdict == "error"
    assert found["raising"].message == "the search failed: RuntimeError: no way"
    assert found["tiny"].verdict == "refuted"
    assert run.failed
    # Errors are tried again: what was missing then may be there now.
    assert len(list((tmp_path / "out" / "results").iterdir())) == 1


@pytest.mark.slow  # two workers start
def test_a_file_that_changes_meanwhile_is_told(file, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CLAIMS)
    loaded = load_claims(path)
    path.write_text(CLAIMS + "\n")
    with pytest.raises(InvalidInput, match="changed while its claims were being attacked"):
        run_falsification(loaded, settings(tmp_path / "out", jobs=2), attack=random_search)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])  # two workers start
def test_an_interrupt_gives_the_results_so_far(file, tmp_path, jobs):
    seen = []

    def report(update):
        seen.append(update)
        if len(seen) == 5:
            signal.raise_signal(signal.SIGINT)

    started = time.monotonic()
    run = run_falsification(file, settings(tmp_path, seconds=60.0, jobs=jobs), report, attack=patient)
    assert time.monotonic() - started < 20
    assert run.interrupted
    assert run.left_out
    assert {judged.outcome.name for judged in run.claims} | set(run.left_out) == set(file.claims)
    assert all(judged.outcome.message.startswith("interrupted") for judged in run.claims)
    assert list((tmp_path / "results").iterdir()) == []
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    page = render_index(run)
    assert "Interrupted" in page
    assert json.loads(as_text(as_json(run)))["interrupted"] is True
    again = run_falsification(file, settings(tmp_path, seconds=60.0, jobs=jobs), attack=random_search)
    assert len(again.claims) == 3
    assert not again.interrupted


WAITING = """
import sys
from pathlib import Path
from reports.falsify.claim_files import load_claims
from reports.falsify.run import Settings, run_falsification
from tests.reports.attacks import patient
def report(update):
    if update.outcome is None:
        print(update.name, flush=True)
settings = Settings(Path(sys.argv[2]), seconds=120.0, jobs=2)
run_falsification(load_claims(Path(sys.argv[1])), settings, report, patient)
"""


def _children(process):
    """Numbers of the processes that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if fields[1] == str(process):
            found.append(int(entry.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.slow  # workers start, and go
def test_a_run_that_is_killed_takes_its_workers_along_and_can_be_run_again(file, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, file.path, tmp_path / "out"],
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], text=True,
    )  # fmt: skip
    seen = {process.stdout.readline() for _ in range(4)}
    workers = _children(process.pid)
    process.kill()
    process.communicate()
    assert "loading\n" in seen
    assert len(workers) >= 2
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    run = run_falsification(file, settings(tmp_path / "out"), attack=random_search)
    assert len(run.claims) == 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["findings", "results"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"seconds": 0.0}, "budget: expected a positive"),
        ({"seconds": math.nan}, "budget"),
        ({"seconds": math.inf}, "budget"),
        ({"seconds": None}, "expected seconds or evaluations"),
        ({"evaluations": 0}, "evaluations: expected an integer of at least 1, saw 0"),
        ({"seed": -1}, "seed"),
        ({"jobs": 0}, "jobs"),
        ({"jobs": True}, "jobs"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path, options, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        Settings(tmp_path, **options)


def test_a_folder_that_is_a_file_is_refused(file, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidInput, match="not a folder that can be written to"):
        run_falsification(file, settings(tmp_path / "taken"), attack=never)


# --------------------------------------------------------------------------- pages


class _Checker(HTMLParser):
    """Collects tags, links and text, and whether every tag is closed."""

    VOID = frozenset({"meta", "br", "img", "circle", "line", "rect", "polygon", "path"})

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.text, self.open = [], [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_report_is_whole_and_its_links_lead_somewhere(run, tmp_path):
    extra = tmp_path / "deep" / "extra.json"
    index = write_report(run, extra)
    assert extra.read_text() == (run.settings.out / "report.json").read_text()
    pages = [index, *sorted((run.settings.out / "claims").iterdir())]
    assert len(pages) == 4
    for page in pages:
        checked = _Checker(page.read_text())
        assert checked.open == []
        assert "script" not in checked.tags
        assert "img" not in checked.tags
        for link in checked.links:
            assert (page.parent / link).exists(), link
    assert set(_Checker(index.read_text()).links) == {
        "claims/eighth.html", "claims/at_most_one.html", "claims/tiny.html"
    }  # fmt: skip


def test_a_refuted_claim_s_page_says_everything(run):
    page = _Checker(render_claim(by_name(run)["eighth"]))
    for words in ("Refuted (float64)", "KL is at most", "<script>alert(1)</script>", "A <b>book</b>", "More about it",
                  "The simplest violation", "The worst violation", "diversity of a", "smallest probability τ", "n > m",
                  "rank of the centred embeddings of b", "small integers", "repro.py", "@example", "the claim declined",
                  "def eighth(pair):"):  # fmt: skip
        assert words in page.text, words
    assert page.tags.count("svg") == 4
    assert page.tags.count("details") == 3
    assert page.tags.count("math") == 3
    assert "b" not in page.tags


def test_a_survivor_s_page_shows_what_came_closest(run):
    page = _Checker(render_claim(by_name(run)["at_most_one"]))
    assert "The pair that came closest" in page.text
    assert "This is evidence, not a proof" in page.text
    assert "repro.py" not in page.text


def test_odd_outcomes_have_pages_too(run):
    base = by_name(run)["tiny"]
    for outcome in (
        odd_outcome(),
        replace(odd_outcome(), worst=None, verdict="error", evidence=None, history=(), strata={}),
        replace(odd_outcome(), verdict="inconclusive", evidence=None, simplest=base.outcome.simplest),
        replace(base.outcome, simplest=base.outcome.worst, evidence=Evidence.BALL),
        replace(base.outcome, simplest=None, evidence=Evidence.EXACT, name="../<i>odd</i>"),
    ):
        page = _Checker(render_claim(replace(base, outcome=outcome, finding=None)))
        assert page.open == []
        assert "nan" not in page.text.split("The search")[0].lower() or outcome.name == "odd"
        assert verdict_in_words(outcome)
        assert "i" not in page.tags
        index = _Checker(render_index(replace(run, claims=(replace(base, outcome=outcome, finding=None),))))
        assert all(link.count("/") == 1 and ".." not in link for link in index.links)


def test_conditions_say_by_how_much_they_hold():
    flat = Model([[1.0, 1.0], [1.0, 1.0]], [[1, 1], [2, 2], [3, 3]])
    good = Model([[800.0], [0.0]], [[1], [0], [-1]])
    found = {name: (value, words) for name, value, words in conditions(Pair(flat, good))}
    assert "not diverse" in next(words for name, (_, words) in found.items() if "diversity of a" in name)
    assert found["inputs beyond dimensions, n - m"] == ("0", "n ≤ m")
    assert found["rank of the centred embeddings of a"][0] == "0"
    assert found["rank of the centred embeddings of b"][1].startswith("full")
    assert found["smallest probability τ in either model"][0].startswith("10^-")


def random_pair(n, k, m, m2, scale=1.0):
    rng = np.random.default_rng(0)
    first = Model(rng.standard_normal((n, m)), scale * rng.standard_normal((k, m)))
    return Pair(first, Model(rng.standard_normal((n, m2)), rng.standard_normal((k, m2))))


@pytest.mark.parametrize("pair", [
    random_pair(1, 2, 1, 1), random_pair(30, 12, 1, 2), random_pair(5, 4, 2, 3, 1e9), random_pair(3, 9, 4, 4, 1e-9),
    Pair(Model([[0.0]], [[0.0], [0.0]]), Model([[0.0, 0, 0]], np.zeros((2, 3)))),
])  # fmt: skip
def test_every_shape_of_pair_can_be_drawn(pair):
    picture = drawings.models(pair, "one")
    assert _Checker(picture).open == []
    assert "nan" not in picture
    assert "inf" not in picture
    assert picture.count("<circle") >= 2 * pair.n


@pytest.mark.parametrize("ratios", [
    [0.5], [1e-9, 1.0, 1e9], [-1.0, 0.2, 1.5], [0.0, 0.0], [math.inf, 2.0], [1.0], [1e-300, 1e300],
    [0.1 * i for i in range(40)],
])  # fmt: skip
def test_every_history_can_be_drawn(ratios):
    steps = [Progress(3**i if i < 30 else 3**30 + i, ratio, f"regime {i % 9}") for i, ratio in enumerate(ratios)]
    picture = drawings.history(steps, 10)
    assert _Checker(picture).open == []
    assert "nan" not in picture
    assert "inf" not in picture.replace("infinity", "")
    assert drawings.history([], 10) == ""
    assert drawings.history([Progress(1, math.inf, "x")], 10) == ""


# --------------------------------------------------------------------------- the command


@pytest.mark.slow  # three claims are attacked for a second each
def test_the_command_refutes_prints_and_writes(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CLAIMS)
    target = tmp_path / "deep" / "all.json"
    options = ("--budget", 1, "--jobs", 2, "--out", tmp_path / "out")
    result = command("falsify", path, "--json", target, *options)
    assert result.returncode == 1, result.stderr
    claims = {claim["name"]: claim for claim in json.loads(target.read_text())["claims"]}
    assert {name: claim["verdict"] for name, claim in claims.items()} == {
        "eighth": "refuted", "at_most_one": "survived", "tiny": "refuted"
    }  # fmt: skip
    calls = [line for line in result.stdout.splitlines() if line.startswith(("eighth(Pair(", "tiny(Pair("))]
    assert len(calls) == 2
    file = load_claims(path)
    for call in calls:
        lhs, rhs = eval(call, {**file.claims, "Pair": Pair, "Model": Model})
        assert lhs > rhs
    assert (tmp_path / "out" / "index.html").exists()
    for finding in (tmp_path / "out" / "findings").iterdir():
        assert subprocess.run([sys.executable, finding / "repro.py"], capture_output=True, check=False).returncode == 1
    again = command("falsify", f"{path}::at_most_one", *options)
    assert again.returncode == 0
    assert "1 from an earlier run" in again.stdout


@pytest.mark.slow  # waits until the command is at work
def test_control_c_writes_what_is_known(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CLAIMS)
    process = subprocess.Popen(
        [PROGRAM, "falsify", f"{path}::at_most_one", "--budget", "60", "--out", tmp_path / "out"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "interrupted; 1 of 1 claims are in the report" in errors
    assert "Traceback" not in errors
    (claim,) = json.loads((tmp_path / "out" / "report.json").read_text())["claims"]
    assert claim["verdict"] == "survived"
    assert claim["message"].startswith("interrupted")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere.py",), "nowhere.py: no such file"),
        (("mine.py::nothing",), "no claim is called 'nothing'; there are eighth, at_most_one, tiny"),
        (("mine.py", "--budget", "0"), "--budget: expected a positive number, saw 0.0"),
        (("mine.py", "--budget", "nan"), "--budget"),
        (("mine.py", "--budget", "inf"), "--budget"),
        (("mine.py", "--evaluations", "-1"), "--evaluations"),
        (("mine.py", "--jobs", "0"), "--jobs"),
        (("mine.py", "--seed", "-1"), "--seed"),
        (("mine.py", "--out", "mine.py"), "not a folder"),
        (("mine.py", "--json", "."), "--json: expected the name of a file"),
        (("mine.py", "--json", "mine.py/x.json"), "not a folder"),
        ((), "Missing argument"),
    ],
)
def test_unusable_input_is_one_line_and_status_two(tmp_path, arguments, complaint):
    (tmp_path / "mine.py").write_text(CLAIMS)
    result = command("falsify", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("logitbounds: ")
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr
    assert not (tmp_path / "runs" / "falsify" / "results").exists()
