"""What holds for the whole suite."""

import signal

# A shell that runs the suite in the background has it ignore interrupts, and so would every command that it starts and
# interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
