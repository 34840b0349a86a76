"""Other processes: they answer, die alone or with their parent, tell how far they are, and leave interrupts to it."""

import math
import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from tests.processes import alive, begun, needs_proc, python, until
from theory.workers import Board, Lost, Pool, posted, repeating, result, spreading, without_interrupts

# --------------------------------------------------------------------------- pools


def test_a_dead_process_costs_one_answer():
    with Pool(1, silent=True) as pool:
        assert pool.call(math.sqrt, 9.0) == 3.0
        with pytest.raises(Lost, match=r"the interpreter died \(SIGABRT\)"):
            pool.call(os.abort)
        assert pool.call(math.sqrt, 16.0) == 4.0
        with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
            pool.call(math.sqrt, -1.0)


def test_what_never_comes_back_is_ended_and_what_complains_of_the_time_is_not():
    def late():
        raise TimeoutError("its own")

    with Pool(1) as pool:
        with pytest.raises(TimeoutError, match="its own"):
            pool.call(late, seconds=60.0)
        first = pool.call(os.getpid)
        with pytest.raises(Lost, match="no answer in 0 s"):
            pool.call(time.sleep, 60.0, seconds=0.2)
        assert pool.call(os.getpid) != first
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)


def test_all_that_was_given_to_a_pool_that_broke_is_lost_and_told_so():
    with Pool(2, silent=True) as pool:
        futures = [pool.submit(os.abort)]
        assert until(futures[0].done)
        futures.append(pool.submit(math.sqrt, 9.0))
        for future in futures:
            with pytest.raises(Lost, match="the interpreter died"):
                result(future)


def test_workers_have_one_thread_each():
    with Pool(1) as pool:
        assert pool.call(os.getenv, "OMP_NUM_THREADS") == "1"


def test_a_silent_pool_says_nothing_below_python_either():
    script = "import os\nfrom theory.workers import Pool\n"
    script += "def talk():\n    print('loud')\n    os.system('echo louder >&2')\n"
    script += "with Pool(1, silent={}) as pool:\n    pool.call(talk)\n"
    for silent in (True, False):
        done = python(script.format(silent))
        assert (done.stdout + done.stderr == "") is silent


@pytest.mark.parametrize("count", [1, 2])
def test_tasks_come_back_with_their_numbers(count):
    with spreading(count) as spread:
        assert sorted(spread([partial(pow, base, 2) for base in range(5)])) == [(i, i * i) for i in range(5)]
        assert list(spread([])) == []
        assert (dict(spread([os.getpid]))[0] == os.getpid()) is (count == 1)


def test_tasks_come_back_as_they_end(tmp_path):
    def wait():
        while not (tmp_path / "go").exists():
            time.sleep(0.01)

    with spreading(2) as spread:
        ended = spread([wait, partial(time.sleep, 0.0)])
        assert next(ended)[0] == 1
        (tmp_path / "go").touch()
        assert next(ended)[0] == 0


@pytest.mark.parametrize("count", [1, 2])
def test_the_first_failure_is_raised_and_nothing_waited_for(count):
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"), spreading(count) as spread:
        list(spread([partial(math.sqrt, -1.0), partial(time.sleep, 60.0)]))
    assert time.monotonic() - started < 30


def test_a_task_that_kills_its_process_is_told():
    with pytest.raises(Lost, match="the interpreter died"), spreading(2) as spread:
        list(spread([partial(os.kill, 0, 0), partial(os._exit, 3)]))


# --------------------------------------------------------------------------- parents and interrupts

PARENT = """
import os, sys, time
from pathlib import Path
from theory.workers import Pool

def work(seconds):
    Path(sys.argv[1], str(os.getpid())).write_text("")
    time.sleep(seconds)

with Pool(2) as pool:
    futures = [pool.submit(work, seconds) for seconds in (0.5, 120.0)]
    try:
        print("begun", flush=True)  # here: the interrupt may come with the last letter
        [future.result() for future in futures]
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        raise SystemExit(3)
"""


def start(folder):
    folder.mkdir()
    return begun([sys.executable, "-c", PARENT.replace("sys.argv[1]", repr(str(folder)))])


def workers(folder):
    return [path.name for path in folder.iterdir() if alive(path.name)]


@needs_proc
def test_workers_go_with_a_parent_that_is_killed_busy_or_idle(tmp_path):
    process = start(tmp_path / "workers")
    assert until(lambda: len(workers(tmp_path / "workers")) == 2)
    process.kill()
    process.communicate()
    assert until(lambda: not workers(tmp_path / "workers"), 15)


@needs_proc
@pytest.mark.parametrize("hardly_begun", [True, False])
def test_an_interrupt_from_the_keyboard_is_the_parents_to_handle(tmp_path, hardly_begun):
    process = start(tmp_path / "workers")
    assert process.stdout.readline() == "begun\n"
    assert hardly_begun or until(lambda: len(workers(tmp_path / "workers")) == 2)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == ("interrupted\n", "")
    assert process.returncode == 3
    assert not workers(tmp_path / "workers")


def test_workers_are_born_without_interrupts_in_any_thread():
    script = """
import signal, sys
from concurrent.futures import ThreadPoolExecutor
from theory.workers import Pool, without_interrupts
from theory import workers

def blocked():
    with without_interrupts():
        workers._begin_trackers()
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])

with ThreadPoolExecutor(1) as threads:
    print(threads.submit(blocked).result() if sys.argv[1] == "thread" else blocked())
print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
    for where in ("main", "thread"):
        assert python(script, where).stdout.split() == ["True", "False"]


def test_what_a_worker_starts_can_be_interrupted():
    def interrupted():
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with child:
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            return child.wait(30)

    with Pool(1) as pool:
        assert pool.call(interrupted) == -signal.SIGINT


def test_interrupts_are_put_off_to_the_end_of_a_block():
    reached = []

    def interrupted():
        signal.raise_signal(signal.SIGINT)
        reached.append(True)

    with pytest.raises(KeyboardInterrupt), without_interrupts(), without_interrupts():
        interrupted()
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with without_interrupts():
        pass


# --------------------------------------------------------------------------- boards


def test_a_board_is_read_by_another_process_and_written_there(tmp_path):
    def theirs(board):
        board.note(1, 3.0, math.inf)
        board.stop()
        return board.read()

    with posted(tmp_path / "new", 3, 2) as board, Pool(1) as pool:
        board.note(0, 1.0, math.nan)
        assert not board.stopped
        expected = [[1.0, math.nan], [3.0, math.inf], [0.0, 0.0]]
        assert np.array_equal(pool.call(theirs, board), expected, equal_nan=True)
        assert np.array_equal(board.read(), expected, equal_nan=True)
        assert board.stopped
        with pytest.raises(ValueError, match="broadcast"):
            board.note(0, 1.0, 2.0, 3.0)
    assert list((tmp_path / "new").iterdir()) == []


def test_what_is_read_stays_as_it_was_and_a_board_travels_by_name(tmp_path):
    with posted(tmp_path, 1, 1) as board:
        before = board.read()
        board.note(0, 5.0)
        assert before == 0.0
        assert len(pickle.dumps(board)) < 1000
        again = pickle.loads(pickle.dumps(board))
        assert again == board == Board(board.path, 1, 1)
        assert again.read() == 5.0


def test_functions_are_called_again_and_again_while_a_block_runs():
    told = []
    with repeating(lambda: told.append(1)):
        assert until(lambda: len(told) >= 2)
    after = len(told)
    time.sleep(0.5)
    assert len(told) == after
