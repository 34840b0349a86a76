import sys
import warnings

import numpy as np
import pytest

from tests.processes import python
from theory.silence import quietly


@pytest.mark.parametrize("errors_too", [False, True])
def test_what_python_prints_and_complains_of_is_dropped(capsys, errors_too):
    with quietly(errors_too):
        print("out")
        print("err", file=sys.stderr)
        warnings.warn("mine", stacklevel=1)  # an error everywhere else in this suite
        assert np.isinf(np.float64(1.0) / np.zeros(1)).all()
    assert capsys.readouterr() == ("", "" if errors_too else "err\n")


def test_everything_is_heard_again_afterwards(capsys):
    with pytest.raises(ZeroDivisionError), quietly(errors_too=True):
        raise ZeroDivisionError
    print("out")
    with pytest.raises(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)
    assert capsys.readouterr().out == "out\n"


def test_what_keeps_the_stream_or_closes_it_does_no_harm(capsys):
    with quietly():
        kept = sys.stdout
    kept.write("later")
    kept.close()
    with quietly():
        print("again")
    assert capsys.readouterr().out == ""


def test_a_process_is_silenced_below_python_too():
    script = "import os; from theory.silence import silence_process; silence_process(); print('a', flush=True); "
    script += "[os.write(stream, b'below') for stream in (1, 2)]; os.system('echo child')"
    done = python(script)
    assert (done.stdout, done.stderr) == ("", "")
