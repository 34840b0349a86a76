"""What the commands say on a terminal: a line for what cannot be used, one style of table, bars where one looks."""

import os
import pty
import re
import subprocess
import sys
import threading

import pytest

from reports.shared.terminal import (
    WIDE,
    ExitStatus,
    complain,
    interrupted,
    require_packages,
    steps,
    table,
    wide_console,
)
from theory.errors import InvalidInput


def test_statuses_are_those_of_the_contract():
    assert [int(status) for status in ExitStatus] == [0, 1, 2, 130]


@pytest.mark.parametrize("message", ["no such file", "two\nlines", "  much \t space  "])
def test_a_complaint_is_one_line(message, capsys):
    assert complain(message) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"logitbounds: {' '.join(message.split())}\n"


def test_nothing_to_complain_of_is_no_line(capsys):
    assert complain("") == 2
    assert capsys.readouterr().err == ""


def test_an_interrupt_says_what_became_of_the_work(capsys):
    assert interrupted() == 130
    assert interrupted("2 of 3 claims are in the report") == 130
    assert capsys.readouterr().err == (
        "logitbounds: interrupted; nothing was written\nlogitbounds: interrupted; 2 of 3 claims are in the report\n"
    )


def test_a_missing_package_is_named_with_the_extra_that_has_it():
    require_packages("json", "numpy")
    with pytest.raises(InvalidInput, match=r"needs no_such_one, no_such_two: pip install 'logitbounds\[audit\]'"):
        require_packages("json", "no_such_one", "no_such_two", extra="audit")


def test_tables_have_a_line_below_the_headings_and_no_frame(capsys):
    found = table("Title")
    found.add_column("name")
    found.add_column("value", justify="right")
    found.add_row("x", "1")
    wide_console().print(found)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Title", "", " name   value", " ────────────", " x          1", ""]


def test_where_there_is_no_terminal_tables_are_as_wide_as_they_need(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    assert wide_console().width == WIDE


def test_a_bar_leaves_no_line_in_a_file(capsys):
    with steps("starting", "{} done") as report:
        report("[T1]", 1, 2)
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""


SHOWN = """
from reports.shared.terminal import steps
with steps("starting", "{} done") as report:
    report("[T1]", 1, 2)
"""


def test_a_bar_shows_steps_by_name_on_a_terminal_and_vanishes():
    """The real thing: a child whose stderr is a terminal."""
    leader, follower = pty.openpty()
    seen = bytearray()

    def read():
        while True:
            try:
                chunk = os.read(leader, 4096)
            except OSError:  # the child has closed its end
                return
            if not chunk:
                return
            seen.extend(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    result = subprocess.run(
        [sys.executable, "-c", SHOWN], stderr=follower, stdout=subprocess.PIPE, env=environment, check=True, timeout=60
    )
    os.close(follower)
    reader.join(timeout=10)
    os.close(leader)
    text = seen.decode()
    assert result.stdout == b""
    assert "[T1] done" in re.sub(r"\x1b\[[0-9;]*m", "", text)  # what looks like markup in a name is no markup
    assert "1/2" in text
    assert text.rstrip().endswith("\x1b[2K")  # the line is erased at the end
