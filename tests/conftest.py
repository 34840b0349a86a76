"""What holds for the whole suite."""

import os
import signal

# One worker a core: threads of a worker's own would only fight the others for it. Read when torch and BLAS are loaded.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that runs the suite in the background has it ignore interrupts, and so would every command that it starts and
# interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
