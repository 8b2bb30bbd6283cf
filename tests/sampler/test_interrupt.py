"""Who takes care of Ctrl-C, and who leaves it as it is."""

import signal
import subprocess
import sys
import threading

import pytest

from qemlib.sampler._interrupt import Interruptible

pytestmark = pytest.mark.usefixtures("ctrl_c")


def test_the_first_is_noted_and_the_second_interrupts():
    with Interruptible() as stop:
        assert not stop.asked
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_there_before_is_there_again():
    with Interruptible() as stop:
        assert signal.getsignal(signal.SIGINT) == stop._note
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def handler(number, frame):
    """Somebody else's."""


@pytest.mark.parametrize("others", [signal.SIG_IGN, signal.SIG_DFL, handler])
def test_what_others_have_chosen_stays(others):
    signal.signal(signal.SIGINT, others)
    with Interruptible() as stop:
        assert signal.getsignal(signal.SIGINT) is others
        if others is not signal.SIG_DFL:  # that would end this process
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is others
    assert not stop.asked


def test_other_threads_leave_it_alone():
    seen = []

    def elsewhere():
        with Interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


RUN = """
import signal, sys
import numpy as np
import qemlib as qem
from qemlib.sampler import kernels

x = np.linspace(-25.0, 25.0, 101)
zero = np.zeros_like(x)
model = qem.LangevinModel(1.0, 0.5, x, zero, zero + 0.02, zero + 0.05)
advance = kernels.advance

def interrupted(*arguments):
    advance(*arguments)
    signal.raise_signal(signal.SIGINT)

kernels.advance = interrupted
for handler in (signal.SIG_IGN, signal.default_int_handler):
    signal.signal(signal.SIGINT, handler)
    print(qem.sample(model, 200_000_000, progress=False).partial)
"""


def test_a_run_in_the_background_goes_on_to_its_end_and_one_in_a_terminal_does_not():
    """A job started by nohup, or with & by a script, inherits a SIGINT that is ignored."""
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr
