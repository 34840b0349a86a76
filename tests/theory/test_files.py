"""The one writer: whole or not at all, whatever fails, and what the killed leave is swept away."""

import os
import signal
import stat
from pathlib import Path

import pytest

from tests.processes import python
from theory.files import scratch_folder, sweep, whole_folder, write_whole


def names(folder):
    return sorted(child.name for child in folder.iterdir())


@pytest.mark.parametrize("content", ["é", lambda place: place.write_text("é", encoding="utf-8")])
def test_a_file_is_written_and_replaced(tmp_path, content):
    path = tmp_path / "deep" / "file.txt"
    for old in (None, "old"):
        if old:
            path.write_text(old)
        write_whole(path, content)
        assert path.read_bytes() == "é".encode()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert names(path.parent) == ["file.txt"]


def failing(error):
    def write(place):
        place.write_text("half")
        raise error

    return write


@pytest.mark.parametrize(
    ("content", "error"), [(failing(OSError("full")), OSError), (failing(KeyboardInterrupt()), KeyboardInterrupt),
                           (None, TypeError)],
)  # fmt: skip
def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path, content, error):
    path = tmp_path / "file.txt"
    write_whole(path, "old")
    with pytest.raises(error):
        write_whole(path, content)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_a_link_leads_to_what_is_replaced(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file.txt")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file.txt").read_text() == "new"


def test_what_is_no_file_is_written_to():
    reader, writer = os.pipe()
    try:
        write_whole(Path(f"/dev/fd/{writer}"), "{}")
        assert os.read(reader, 10) == b"{}"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    target = tmp_path / "deep" / "folder"
    with whole_folder(target) as place:
        (place / "a").write_text("a")
        assert not target.exists()
    assert names(target) == ["a"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "deep" / "other") as place:
        failing(KeyboardInterrupt())(place / "a")
    assert names(tmp_path / "deep") == ["folder"]


def test_a_folder_that_somebody_else_has_written_stays(tmp_path):
    for text in ("first", "second"):
        with whole_folder(tmp_path / "folder") as place:
            (place / "a").write_text(text)
    assert (tmp_path / "folder" / "a").read_text() == "first"
    assert names(tmp_path) == ["folder"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"), whole_folder(tmp_path / "file"):
        pass


def test_left_overs_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path):
    (tmp_path / f".{os.getpid()}-living").mkdir()
    (tmp_path / ".999999999-dead").mkdir()
    (tmp_path / ".999999999-dead" / "half").write_text("")
    (tmp_path / ".999999999-file").write_text("")
    (tmp_path / ".hidden").mkdir()
    write_whole(tmp_path / "whole.json", "{}")
    assert sweep(tmp_path) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([".hidden", f".{os.getpid()}-living", "whole.json"])
    assert sweep(tmp_path / "nowhere") == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from theory.files import scratch_folder, whole_folder, write_whole

def killed(place):
    place.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
if sys.argv[2] == "file":
    write_whole(folder / "file.txt", killed)
with (whole_folder(folder / "folder") if sys.argv[2] == "folder" else scratch_folder(folder)) as place:
    killed(place / "a")
"""


@pytest.mark.parametrize("kind", ["file", "folder", "scratch"])
def test_what_a_killed_writer_leaves_is_swept(tmp_path, kind):
    write_whole(tmp_path / "file.txt", "old")
    assert python(KILLED, tmp_path, kind, check=False).returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 2
    assert sweep(tmp_path) == 1
    assert names(tmp_path) == ["file.txt"]
    assert (tmp_path / "file.txt").read_text() == "old"


def test_scratch_folders_go_with_the_block(tmp_path):
    with scratch_folder(tmp_path / "deep") as place:
        assert sweep(tmp_path / "deep") == 0  # the writer is alive
        assert names(tmp_path / "deep") == [place.name]
    assert names(tmp_path / "deep") == []
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path / "deep") as place:
        failing(KeyboardInterrupt())(place / "a")
    assert names(tmp_path / "deep") == []
